import { describe, expect, test } from '@jest/globals';
import { judgeShareHistory, type ShareEvent } from './share-history.ts';

const LOCK_MS = 1_000;

describe('the checker of share histories', () => {
  const produced: ShareEvent = { kind: 'produced', start: 0, end: 3 };
  const delivery = (memberId: string, atMs: number, deliveryCount = 1, start = 0, end = 3): ShareEvent => ({
    kind: 'delivered',
    atMs,
    member: memberId,
    ranges: [{ start, end, deliveryCount }],
    lockMs: LOCK_MS,
    limit: 3,
  });
  const sent = (ticket: number, memberId: string, type: number, start = 0, end = 3, atMs = 5): ShareEvent => ({
    kind: 'sent',
    atMs,
    ticket,
    member: memberId,
    verdicts: [{ start, end, type }],
  });
  const answered = (ticket: number, errorCode = 0): ShareEvent => ({ kind: 'answered', ticket, errorCode });

  test('finds nothing in a good history', () => {
    const events = [produced, delivery('a', 1), sent(1, 'a', 2, 0, 1), sent(2, 'a', 1, 1, 3), answered(1), answered(2)];
    const rest = [delivery('b', 6, 2, 0, 1), sent(3, 'b', 1, 0, 1, 7), answered(3), { kind: 'drained' } as const];
    expect(judgeShareHistory([...events, ...rest])).toEqual([]);
  });

  const spoiled: [string, string, ShareEvent[]][] = [
    ['a double owner', 'S1: record 0', [produced, delivery('a', 1), delivery('b', 500, 2)]],
    ['a count that stands still', 'S2: record 0', [produced, delivery('a', 1), delivery('b', 1_001, 1)]],
    ['a delivery past the limit', 'S2: record 0', [produced, delivery('a', 1, 4)]],
    [
      'an accepted record that returns',
      'S3: record 2',
      [produced, delivery('a', 1), sent(1, 'a', 1, 2), answered(1), { kind: 'leader-changed' }, delivery('b', 9, 1, 2)],
    ],
    [
      'a lost record',
      'S6: record 1',
      [
        produced,
        delivery('a', 1),
        sent(1, 'a', 1, 0, 1),
        answered(1),
        sent(2, 'a', 1, 2),
        answered(2),
        { kind: 'drained' },
      ],
    ],
    ['a success for who does not own', 'S8: record 0', [produced, delivery('a', 1), sent(1, 'b', 1), answered(1)]],
    [
      'a success after the lock',
      'S8: record 0',
      [produced, delivery('a', 1), sent(1, 'a', 1, 0, 3, 2_000), answered(1)],
    ],
    ['a record out of thin air', 'L2: record 3', [produced, delivery('a', 1, 1, 3, 4)]],
    [
      'ranges out of order',
      'S13: record 0',
      [
        produced,
        {
          kind: 'delivered',
          atMs: 1,
          member: 'a',
          ranges: [
            { start: 1, end: 3, deliveryCount: 1 },
            { start: 0, end: 1, deliveryCount: 1 },
          ],
          lockMs: 1,
          limit: 3,
        },
      ],
    ],
  ];
  test.each(spoiled)('names the record of %s', (_, finding, events) => {
    expect(judgeShareHistory(events)[0]).toContain(finding);
  });
});
