import { describe, expect, test } from '@jest/globals';
import { AcquireMode } from '../../../../broker/core/share/acquisition.ts';
import { Bench, batches, RULES } from './bench.ts';

const RELEASE = 2;
const ACCEPT = 1;

describe('acquisition of what nobody gets', () => {
  test('is written where it moves the start, and else not', () => {
    const bench = new Bench(batches(0, 2, 3));
    const how = { memberId: 'a', mode: AcquireMode.batchOptimized, recordsMax: 100, batchSize: 100 };
    const take = (fetchOffset: number, bounds: readonly number[], withheld: readonly number[]) =>
      bench.step({ kind: 'acquire', request: { ...how, fetchOffset, bounds, withheld }, rules: RULES });
    take(0, [0, 1, 2, 3], [0, 1]);
    expect(bench.writes.map(({ startOffset }) => startOffset)).toEqual([2]);
    take(4, [4, 5], [4, 5]);
    expect(bench.describe()).toBe('start 2 end 6: [2,4) acquired x1 by a; [4,6) archived x0');
    expect(bench.writes).toHaveLength(1);
  });

  test('passes over what came back, where it was handed out before anybody knew', () => {
    const bench = new Bench(batches(0, 2, 2));
    bench.fetch('a');
    bench.release('a');
    const how = { memberId: 'b', mode: AcquireMode.batchOptimized, recordsMax: 100, batchSize: 100 };
    const request = { ...how, fetchOffset: 0, bounds: [0, 1, 2, 3], withheld: [2, 3] };
    bench.step({ kind: 'acquire', request, rules: RULES });
    expect(bench.describe()).toBe('start 0 end 4: [0,2) acquired x2 by b; [2,4) archived x1');
  });
});

describe('batch_optimized acquisition', () => {
  test('takes whole batches, so that the last one may pass the limit', () => {
    const bench = new Bench(batches(0, 10, 5));
    expect(bench.fetch('a', { max: 15 })).toEqual(['0-19 x1']);
    expect(bench.fetch('b', { max: 5 })).toEqual(['20-29 x1']);
  });

  test('cuts ranges at the first batch boundary after BatchSize records', () => {
    const bench = new Bench(batches(0, 4, 6));
    expect(bench.fetch('a', { max: 24, batchSize: 6 })).toEqual(['0-7 x1', '8-15 x1', '16-23 x1']);
  });

  test('joins what came back up to BatchSize records and no further', () => {
    const bench = new Bench(batches(0, 4, 3));
    bench.fetch('a', { batchSize: 4 });
    bench.release('a');
    expect(bench.fetch('b', { batchSize: 8 })).toEqual(['0-7 x2', '8-11 x2']);
  });

  test('gives each record to one member until it comes back', () => {
    const bench = new Bench(batches(0, 5, 2));
    expect(bench.fetch('a', { max: 5 })).toEqual(['0-4 x1']);
    expect(bench.fetch('b')).toEqual(['5-9 x1']);
    expect(bench.fetch('c')).toEqual([]);
  });

  test('never takes records below the start, though their batch is read', () => {
    const bench = new Bench(batches(0, 10, 2), { state: { startOffset: 5, stateBatches: [] } });
    expect(bench.fetch('a')).toEqual(['5-19 x1']);
  });

  test('stops at the lock limit but ends on a batch boundary', () => {
    const bench = new Bench(batches(0, 90, 5));
    expect(bench.fetch('a')).toEqual(['0-269 x1']);
    expect(bench.partition.fetchOffset(RULES, bench.nowMs)).toBe(-1);
  });

  test('counts the span: finished records behind an unfinished one still hold locks', () => {
    const bench = new Bench(batches(0, 100, 4));
    bench.fetch('a');
    expect(bench.acknowledge('a', [1, 199, ACCEPT])).toBe(0);
    expect(bench.fetch('a')).toEqual([]);
    expect(bench.acknowledge('a', [0, 0, ACCEPT])).toBe(0);
    expect(bench.fetch('a')).toEqual(['200-399 x1']);
  });

  test('hands out released records at capacity, and nothing beyond them', () => {
    const bench = new Bench(batches(0, 100, 4));
    bench.fetch('a');
    bench.acknowledge('a', [50, 59, RELEASE]);
    expect(bench.fetch('b')).toEqual(['50-59 x2']);
    expect(bench.fetch('b')).toEqual([]);
  });

  test('joins neighbours of one delivery count and keeps others apart', () => {
    const bench = new Bench(batches(0, 10, 2));
    bench.fetch('a');
    bench.acknowledge('a', [3, 5, RELEASE], [8, 9, RELEASE]);
    expect(bench.fetch('b', { max: 3 })).toEqual(['3-5 x2']);
    bench.acknowledge('b', [3, 5, RELEASE]);
    bench.acknowledge('a', [6, 7, RELEASE]);
    expect(bench.fetch('c')).toEqual(['3-5 x3', '6-9 x2']);
  });

  test('takes nothing when no record is wanted', () => {
    expect(new Bench(batches(0, 10, 1)).fetch('a', { max: 0 })).toEqual([]);
  });
});

describe('record_limit acquisition', () => {
  const mode = AcquireMode.recordLimit;

  test('takes no record more than asked for, in one range, and goes on in the middle of the batch', () => {
    const bench = new Bench(batches(0, 10, 2));
    expect(bench.fetch('a', { max: 7, mode, batchSize: 2 })).toEqual(['0-6 x1']);
    expect(bench.fetch('b', { max: 7, mode })).toEqual(['7-13 x1']);
    expect(bench.fetch('c', { max: 7, mode })).toEqual(['14-19 x1']);
  });

  test('takes part of a released batch', () => {
    const bench = new Bench(batches(0, 10, 1));
    bench.fetch('a');
    bench.release('a');
    expect(bench.fetch('b', { max: 4, mode })).toEqual(['0-3 x2']);
    expect(bench.fetch('c', { max: 100, mode })).toEqual(['4-9 x2']);
  });
});

describe('holes in the log', () => {
  test('a batch that was compacted away before its first delivery is passed over', () => {
    const bench = new Bench([[10, 14]], { state: { startOffset: 0, stateBatches: [] } });
    expect(bench.fetch('a')).toEqual(['10-14 x1']);
    expect(bench.partition.startOffset).toBe(10);
  });

  test('released records that were compacted away meanwhile are archived', () => {
    const bench = new Bench(batches(0, 5, 3));
    bench.fetch('a');
    bench.release('a');
    bench.log = batches(10, 5, 1);
    expect(bench.fetch('b')).toEqual(['10-14 x2']);
    expect(bench.partition.startOffset).toBe(10);
  });

  test('a hole inside a read lies within the range, for the client to call a gap', () => {
    const bench = new Bench([
      [0, 4],
      [8, 9],
    ]);
    expect(bench.fetch('a')).toEqual(['0-9 x1']);
    expect(bench.acknowledge('a', [0, 9, 1, 1, 1, 1, 1, 0, 0, 0, 1, 1])).toBe(0);
    expect(bench.partition.startOffset).toBe(10);
  });

  test('records held by a member stay with it when the log lost them', () => {
    const bench = new Bench(batches(0, 5, 2));
    bench.fetch('a', { max: 5 });
    bench.log = batches(5, 5, 1);
    expect(bench.fetchAt('b', 0)).toEqual(['5-9 x1']);
    expect(bench.acknowledge('a', [0, 4, ACCEPT])).toBe(0);
  });
});

/** Sizes of the deliveries of one batch that is always given back, until `times` were made. */
function alwaysReleased(limit: number, size: number, times: number): number[] {
  const bench = new Bench(batches(0, size, 1));
  bench.rules = { ...RULES, deliveryCountLimit: limit, recordLocksMax: 10_000 };
  const sizes: number[] = [];
  for (let round = 0; round < times; round += 1) {
    const ranges = bench.fetch('a', { max: size });
    let count = 0;
    for (const range of ranges) {
      const [first = 0, last = 0] = (range.split(' ')[0] ?? '').split('-').map(Number);
      count += last - first + 1;
    }
    sizes.push(count);
    bench.release('a');
  }
  return sizes;
}

describe('isolation of poison records', () => {
  test('a batch that always comes back is delivered in halves and at last record by record', () => {
    expect(alwaysReleased(5, 100, 8)).toEqual([100, 100, 100, 50, 1, 1, 1, 1]);
    expect(alwaysReleased(10, 500, 11)).toEqual([500, 500, 500, 500, 500, 250, 125, 62, 31, 1, 1]);
  });

  test('with a limit of two there is none', () => {
    expect(alwaysReleased(2, 100, 2)).toEqual([100, 100]);
  });

  test('no record is delivered more often than the limit', () => {
    const bench = new Bench(batches(0, 8, 1));
    const counts = new Array<number>(8).fill(0);
    for (let round = 0; round < 60; round += 1) {
      for (const range of bench.fetch('a')) {
        const [first = 0, last = 0] = (range.split(' ')[0] ?? '').split('-').map(Number);
        for (let offset = first; offset <= last; offset += 1) counts[offset] = (counts[offset] ?? 0) + 1;
      }
      bench.release('a');
    }
    expect(counts).toEqual(new Array(8).fill(5));
    expect(bench.partition.startOffset).toBe(8);
  });

  test('a throttled unit is delivered alone', () => {
    const bench = new Bench(batches(0, 4, 1));
    for (let round = 0; round < 3; round += 1) {
      bench.fetch('a');
      bench.release('a');
    }
    bench.log = batches(0, 4, 2);
    expect(bench.fetch('a')).toEqual(['0-1 x4']);
    expect(bench.fetch('b')).toEqual(['2-3 x4']);
    expect(bench.fetch('c')).toEqual(['4-7 x1']);
  });

  test('untroubled units before it come together, and end the delivery', () => {
    const bench = new Bench(batches(0, 4, 3));
    for (const member of ['a', 'b']) bench.fetch(member, { max: 4 });
    for (let round = 0; round < 3; round += 1) {
      bench.fetch('c', { max: 4 });
      bench.release('c');
    }
    bench.release('a');
    bench.release('b');
    expect(bench.fetch('d')).toEqual(['0-7 x2']);
    expect(bench.fetch('d')).toEqual(['8-9 x4']);
  });

  test('an untroubled unit before it ends the delivery instead', () => {
    const bench = new Bench(batches(0, 4, 2));
    bench.fetch('a', { max: 4 });
    for (let round = 0; round < 3; round += 1) {
      bench.fetch('b', { max: 4 });
      bench.release('b');
    }
    bench.release('a');
    expect(bench.fetch('c')).toEqual(['0-3 x2']);
    expect(bench.fetch('c')).toEqual(['4-5 x4']);
  });
});
