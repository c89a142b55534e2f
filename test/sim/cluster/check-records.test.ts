import { describe, expect, it } from '@jest/globals';
import type { Observation, Seen, TopicFacts } from '../history.ts';
import { checkRecords } from './check-records.ts';

const TOPICS = new Map<string, TopicFacts>([['t', { durability: 'fsync', retentionMs: null, isCompacted: false }]]);
const NONE = new Set<string>();
const READ = { lost: NONE, unread: NONE, weakProducers: NONE };
const IT = new Set(['t-0']);
const T = { topic: 't', partition: 0 } as const;

function place(offset: number) {
  return { ...T, offset };
}

/** A record that was sent, acknowledged at its offset, and found there. */
function record(value: string, offset: number): Observation[] {
  return [
    { kind: 'sent', atMs: 1, value, key: null, producer: 'p', sequence: offset },
    { kind: 'acknowledged', atMs: 2, value, place: place(offset) },
    { kind: 'scanned', atMs: 9, value, place: place(offset) },
  ];
}

function bounds(endOffset: number): Observation {
  return { kind: 'scan-bounds', atMs: 10, ...T, startOffset: 0, endOffset };
}

/** An answer with batches of one record each, from an offset on, of these epochs. */
function fetched(
  [leaderEpoch, highWatermark]: readonly [number, number],
  from: number,
  epochs: readonly number[],
  reader = 'r',
): Seen<'fetched'> {
  const batches = epochs.map((epoch, index) => ({ from: from + index, to: from + index + 1, epoch }));
  return { kind: 'fetched', atMs: 3, reader, ...T, leaderEpoch, highWatermark, logStartOffset: 0, batches };
}

function ended(epoch: number, endOffset: number): Observation {
  return { kind: 'epoch-end', atMs: 11, ...T, epoch, endOffset };
}

const LOG: readonly Observation[] = [...record('a', 0), ...record('b', 1), ...record('c', 2), bounds(3)];
const TOLD: readonly Observation[] = [
  fetched([0, 1], 0, [0]),
  fetched([0, 2], 1, [0]),
  // A new leader may not know yet how far the last one was, and another reader hears of it earlier.
  fetched([2, 1], 1, []),
  fetched([2, 3], 0, [0, 0, 2], 'last'),
  fetched([2, 3], 2, [2]),
  ended(0, 2),
  ended(2, 3),
];

function problems(...history: readonly Observation[]): string[] {
  return checkRecords([...LOG, ...history], TOPICS, READ);
}

describe('the checker of a cluster’s records', () => {
  it('takes what may be', () => {
    expect(problems(...TOLD)).toEqual([]);
  });

  it('names a record that was lost (L1), but not one that went with the last disk, nor without a last look', () => {
    const lost = [...record('a', 0), ...record('b', 1).slice(0, 2), bounds(1)];
    expect(checkRecords(lost, TOPICS, READ)).toEqual(['L1: b was acknowledged at t-0@1, where nothing is']);
    expect(checkRecords(lost, TOPICS, { ...READ, lost: IT })).toEqual([]);
    expect(checkRecords(lost.slice(0, -1), TOPICS, { ...READ, unread: IT })).toEqual([]);
    expect(checkRecords(lost, TOPICS, { ...READ, weakProducers: new Set(['p']) })).toEqual([]);
    const read: Observation = { kind: 'read', atMs: 3, value: 'b', place: place(1) };
    expect(checkRecords([...lost.filter(({ kind }) => kind !== 'acknowledged'), read], TOPICS, READ)).toEqual([
      'L1: b was read at t-0@1, where nothing is',
    ]);
  });

  it('names a stranger (L2), a copy (L3) and a gap (L4)', () => {
    const stranger: Observation = { kind: 'read', atMs: 3, value: 'z', place: place(0) };
    expect(problems(stranger)[0]).toBe('L2: t-0@0 holds z, which nobody sent');
    const copy: Observation = { kind: 'scanned', atMs: 9, value: 'a', place: place(3) };
    expect(checkRecords([...LOG.slice(0, -1), copy, bounds(4)], TOPICS, READ)[0]).toMatch(/^L3: a .* at t-0@0 and/);
    expect(checkRecords([...LOG.slice(0, -1), bounds(4)], TOPICS, READ)).toEqual([
      'L4: t-0 has 3 records between 0 and 4',
    ]);
  });

  it('names a high watermark and a start that go back in an epoch, and what is given out too early (L5)', () => {
    expect(problems(fetched([1, 3], 0, []), fetched([1, 2], 0, []))).toEqual([
      'L5: the high watermark of t-0 in epoch 1 goes back from 3 to 2',
    ]);
    const later = { ...fetched([1, 3], 0, []), logStartOffset: 2 };
    expect(problems(later, fetched([1, 3], 0, []))).toEqual(['L5: the start of t-0 in epoch 1 goes back from 2 to 0']);
    expect(problems(fetched([1, 2], 1, [1, 1]))).toEqual(['L5: r is given t-0 in epoch 1 up to 3, above 2']);
  });

  it('names records whose epochs go back, change, or come from the future, and an end that is none (L6)', () => {
    expect(problems(fetched([2, 3], 0, [1, 2, 1]))).toEqual(['L6: t-0@2 is of epoch 1, behind one of 2']);
    expect(problems(fetched([2, 3], 0, [1]), fetched([2, 3], 0, [2], 'other'))).toEqual([
      'L6: t-0@0 is of epoch 1, and of 2',
    ]);
    expect(problems(fetched([2, 3], 0, [3]))).toEqual(['L6: t-0@0 is of epoch 3, its leader was of 2']);
    expect(problems(fetched([2, 3], 0, [0, 0, 2]), ended(0, 3))).toEqual([
      'L6: epoch 0 of t-0 is said to end at 3, the next begins at 2',
    ]);
  });
});
