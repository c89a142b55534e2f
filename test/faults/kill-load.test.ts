import { describe, expect, it } from '@jest/globals';
import { judgeByPartition } from './history.ts';
import { mustFindSecondOwner, shortestWorkMs } from './second-owner.ts';
import { writtenHistory, type WrittenLines } from './kill-load.ts';

const PARTITIONS = 3;
const RECORDS = 30;
const at = (record: number) => `${record % PARTITIONS} ${Math.floor(record / PARTITIONS)}`;
const records = Array.from({ length: RECORDS }, (_, record) => record);

/** What the clients write in a run without a fault: record after record, over the partitions by turns. */
const CLEAN: WrittenLines = {
  partitions: PARTITIONS,
  lockMs: 1000,
  crashes: [],
  producer: [...records.map((record) => `A ${at(record)} ${record} ${record}`), `N ${RECORDS}`],
  members: new Map([
    [
      'a',
      records.flatMap((record) => [
        `Q ${record} ${at(record)} ${record}`,
        `K accepted ${record + 1} ${record + 2} ${at(record)}`,
      ]),
    ],
  ]),
  consumer: [
    ...records.map((record) => `G ${at(record)} ${record}`),
    ...['C 0', 'C 1'].flatMap((kind) => [0, 1, 2].map((partition) => `${kind} ${partition} 10`)),
  ],
  scan: records.map((record) => `R ${at(record)} ${record}`),
  committedAtEnd: [0, 1, 2].map((partition) => ({ partition, offset: 10 })),
};

const judged = (spoiled: Partial<WrittenLines>) => {
  const history = writtenHistory({ ...CLEAN, ...spoiled });
  return judgeByPartition(history).map(({ rule, record }) => `${rule}: ${record}`);
};
const without = (lines: readonly string[], line: string) => {
  const left = lines.filter((one) => one !== line);
  expect(left).toHaveLength(lines.length - 1);
  return left;
};
const instead = (lines: readonly string[], line: string, other: string) => [...without(lines, line), other];

describe('what the clients of a load have written', () => {
  it('is judged partition by partition, and counted', () => {
    expect(judged({})).toEqual([]);
    const { acknowledgedCount, acquiredCount, readCount } = writtenHistory(CLEAN);
    expect([acknowledgedCount, acquiredCount, readCount]).toEqual([RECORDS, RECORDS, RECORDS]);
  });

  it.each<[string, Partial<WrittenLines>, readonly string[]]>([
    [
      'a record that is lost',
      { scan: without(CLEAN.scan, 'R 2 9 29') },
      ['acknowledged record is lost: 2:9 29', 'record out of thin air: 2:9 ?', 'record out of thin air: 2:9 ?'],
    ],
    [
      'a record that is also in another partition',
      { scan: [...CLEAN.scan, 'R 1 10 3'] },
      ['record out of thin air: 1:10 3', 'record is never accepted: 1:10 3'],
    ],
    ['a record that is stored twice', { scan: [...CLEAN.scan, 'R 0 10 3'] }, ['record is stored twice: 0:10 3']],
    [
      'a record that a member was handed and nobody stored',
      { members: new Map([...CLEAN.members, ['b', ['Q 5000 1 3 99']]]) },
      ['record out of thin air: 1:3 10', 'accepted record is delivered again: 1:3 10'],
    ],
    [
      'a record that two members were at work on at once',
      {
        members: new Map([
          ['a', (CLEAN.members.get('a') ?? []).map((line) => line.replace('K accepted 5 6', 'K accepted 105 106'))],
          ['b', ['Q 44 1 1 4', 'K released 64 65 1 1']],
        ]),
      },
      ['record has two owners: 1:1 4'],
    ],
    [
      'a record that the group was handed and nobody stored',
      { consumer: ['G 0 0 0', 'G 0 1 99', ...CLEAN.consumer.slice(1).filter((line) => line !== 'G 0 1 3')] },
      ['record out of thin air: 0:1 3'],
    ],
    [
      'a record that the group skipped',
      { consumer: without(CLEAN.consumer, 'G 1 4 13') },
      ['record is skipped: 1:4 13'],
    ],
    [
      'a group that begins anew where it committed nothing',
      { consumer: [...CLEAN.consumer, 'G 2 3 11'] },
      ['reading begins where nothing was committed: 2:3 11'],
    ],
    [
      'a commit that is lost',
      { committedAtEnd: [{ partition: 0, offset: 9 }, ...CLEAN.committedAtEnd.slice(1)] },
      ['committed offset is lost: 0:9'],
    ],
    [
      'a record that nobody finished',
      { members: new Map([['a', without(CLEAN.members.get('a') ?? [], 'K accepted 5 6 1 1')]]) },
      ['record is never accepted: 1:1 4'],
    ],
  ])('names %s', (_name, spoiled, sentences) => {
    // A duplicate is never delivered in these lines.
    const found = judged(spoiled).filter((one) => !one.startsWith('record is never accepted: 0:10'));
    expect(found).toEqual(sentences);
  });

  it('holds records for a while, so that a second owner of one is found', () => {
    const held = (CLEAN.members.get('a') ?? []).map((line) =>
      line.replace(/^K accepted (\d+)/, (_, ms) => `K accepted ${Number(ms) + 20}`),
    );
    const at = [{ fromMs: 3, untilMs: 6 }];
    const members = new Map([['a', held]]);
    expect(shortestWorkMs(writtenHistory({ ...CLEAN, members }).of(0))).toBe(21);
    expect(shortestWorkMs(writtenHistory(CLEAN).of(0))).toBe(1);
    expect(() => mustFindSecondOwner(writtenHistory({ ...CLEAN, members, crashes: at }).of(0))).not.toThrow();
    expect(() => mustFindSecondOwner(writtenHistory({ ...CLEAN, crashes: at }).of(0))).toThrow('nobody was at work');
    expect(() =>
      mustFindSecondOwner(writtenHistory({ ...CLEAN, members, crashes: at }).of(0), [{ fromMs: 4, untilMs: 5 }]),
    ).toThrow('nobody was at work');
  });

  it('is not judged when a record failed or the producer did not end', () => {
    expect(() => judged({ producer: [...CLEAN.producer, 'F 7 timeout'] })).toThrow('1 records failed');
    expect(() => judged({ producer: without(CLEAN.producer, `N ${RECORDS}`) })).toThrow('has not ended cleanly');
    expect(judged({ producer: instead(CLEAN.producer, 'A 0 1 3 3', 'A 0 1 6 3') })).toEqual([
      'acknowledged record is lost: 0:1 6',
    ]);
  });
});
