import { Buffer } from 'node:buffer';
import { describe, expect, test } from '@jest/globals';
import { createPrng } from '../../../../broker/core/base/prng.ts';
import { buildBatch } from '../../../../broker/core/record/builder.ts';
import { crc32c } from '../../../../broker/io/crc32c.ts';
import { ownBytes } from '../../../../broker/server/logs/append-bytes.ts';
import type { TimestampedOffset } from '../../../../broker/server/logs/partition-log.ts';
import { LogWorld, makeBatch, spec, textsOf } from '../../../support/logs/log-world.ts';

const one = spec('orders');

function opened(options: ConstructorParameters<typeof LogWorld>[1] = {}): LogWorld {
  const world = new LogWorld(1, options);
  world.start();
  return world;
}

describe('an append', () => {
  test('is accepted at once, then written, then durable', () => {
    const world = opened();
    const log = world.createOne(one);
    const seen: string[] = [];
    log.setListener({
      onProgress: (written, durable) => seen.push(`written ${written} durable ${durable}`),
      onState: () => undefined,
    });
    expect(world.append(log, { values: ['a', 'b'] })).toBe(2);
    expect([log.logEndOffset, log.writtenOffset, log.durableOffset]).toEqual([2, 0, 0]);
    world.time.settle();
    expect(seen).toEqual(['written 2 durable 0', 'written 2 durable 2']);
  });

  test('in a lazy log is durable only after a checkpoint', () => {
    const world = opened();
    const log = world.createOne(spec('lazy', { syncMode: 'lazy' }));
    world.append(log, { values: ['a'] });
    world.time.settle();
    expect([log.writtenOffset, log.durableOffset]).toEqual([1, 0]);
    world.time.advance(6000);
    expect(log.durableOffset).toBe(1);
  });

  test('in a lazy log is durable after flush.messages records', () => {
    const world = opened();
    const log = world.createOne(spec('lazy', { syncMode: 'lazy', flushMessages: 3 }));
    world.append(log, { values: ['a', 'b'] });
    world.time.settle();
    expect([log.writtenOffset, log.durableOffset]).toEqual([2, 0]);
    world.append(log, { values: ['c'] });
    world.time.settle();
    expect([log.writtenOffset, log.durableOffset]).toEqual([3, 3]);
  });

  test('in a lazy log is durable after flush.ms, counted from the first record that waits', () => {
    const world = opened();
    const log = world.createOne(spec('lazy', { syncMode: 'lazy', flushMs: 1000 }));
    world.append(log, { values: ['a'] });
    world.time.settle();
    world.time.advance(900);
    world.append(log, { values: ['b'] });
    world.time.settle();
    expect([log.writtenOffset, log.durableOffset]).toEqual([2, 0]);
    world.time.advance(150);
    expect(log.durableOffset).toBe(2);
    world.append(log, { values: ['c'] });
    world.time.advance(900);
    expect(log.durableOffset).toBe(2);
    world.time.advance(200);
    expect(log.durableOffset).toBe(3);
  });

  test('to a log that becomes strict is synced without a further append', () => {
    const world = opened();
    const lazy = spec('lazy', { syncMode: 'lazy' });
    const log = world.createOne(lazy);
    world.append(log, { values: ['a'] });
    world.time.settle();
    log.configure({ ...lazy.config, syncMode: 'always' });
    world.time.settle();
    expect(log.durableOffset).toBe(1);
  });

  test('of many batches at once shares one write and one sync', () => {
    const world = opened();
    const log = world.createOne(one);
    world.append(log, { values: ['first'] });
    world.time.settle();
    const before = new Map(world.disk.operationCounts);
    for (let i = 0; i < 50; i++) world.append(log, { values: [`v${i}`] });
    world.time.settle();
    const count = (name: string): number => (world.disk.operationCounts.get(name) ?? 0) - (before.get(name) ?? 0);
    // The first goes alone, since nothing was under way; all others together.
    expect(count('write')).toBe(2);
    expect(count('sync')).toBeLessThanOrEqual(2);
    expect(log.durableOffset).toBe(51);
  });

  test('that does not begin at the log end is a bug', () => {
    const world = opened();
    const log = world.createOne(one);
    expect(() => log.append(makeBatch(1, { values: ['x'] }), { nowMs: 0 })).toThrow('batches follow the log end');
  });

  test('keeps a small view without its large buffer', () => {
    const world = opened();
    const log = world.createOne(one);
    const bytes = makeBatch(0, { values: ['kept'] });
    const large = Buffer.alloc(100_000);
    bytes.copy(large, 500);
    log.append(large.subarray(500, 500 + bytes.length), { nowMs: 0 });
    world.time.settle();
    large.fill(0);
    expect(world.readAll(log)).toEqual([{ offset: 0, text: 'kept' }]);
  });

  test('keeps no memory but its own, or at most as much again', () => {
    const large = Buffer.alloc(100_000);
    const kept = (length: number): number => ownBytes(large.subarray(500, 500 + length)).buffer.byteLength;
    expect([70, 30_000, 49_999].map(kept)).toEqual([70, 30_000, 49_999]);
    expect(kept(50_000)).toBe(100_000);
  });
});

describe('a read', () => {
  test('begins with the batch that holds the offset and gives whole batches within the bound', () => {
    const world = opened();
    const log = world.createOne(one);
    for (const values of [
      ['a', 'b'],
      ['c', 'd'],
      ['e', 'f'],
    ])
      world.append(log, { values });
    world.time.settle();
    const read = (fetchOffset: number, maxBytes: number, endOffset: number, minOneBatch = true): string[] =>
      textsOf(
        world.wait<{ chunks: readonly Uint8Array[] }>((done) =>
          log.read({ fetchOffset, maxBytes, minOneBatch, endOffset }, done),
        ).chunks,
      ).map((record) => record.text);
    expect(read(1, 10_000, 100)).toEqual(['a', 'b', 'c', 'd', 'e', 'f']);
    expect(read(3, 10_000, 4)).toEqual(['c', 'd']);
    expect(read(3, 10_000, 3)).toEqual([]);
    expect(read(2, 1, 100)).toEqual(['c', 'd']);
    expect(read(2, 1, 100, false)).toEqual([]);
    expect(read(6, 10_000, 100)).toEqual([]);
  });

  test('outside the log is out of range', () => {
    const world = opened();
    const log = world.createOne(one);
    world.append(log, { values: ['a', 'b'] });
    world.time.settle();
    world.wait<number>((done) => log.deleteRecordsBefore(1, done));
    for (const fetchOffset of [0, 3]) {
      const outcome = world.attempt((done) =>
        log.read({ fetchOffset, maxBytes: 100, minOneBatch: true, endOffset: 9 }, done),
      );
      expect(outcome.failure).toEqual({ kind: 'out-of-range' });
    }
  });

  test('never gives what was not written yet', () => {
    const world = opened();
    const log = world.createOne(one);
    world.append(log, { values: ['a'] });
    let chunks: readonly Uint8Array[] | null = null;
    log.read({ fetchOffset: 0, maxBytes: 100, minOneBatch: true, endOffset: 9 }, (_failure, result) => {
      chunks = result?.chunks ?? null;
    });
    expect(chunks).toEqual([]);
  });

  test.each([
    ['from the cache', {}],
    ['from disk', { tailCacheBytes: 0, indexCacheBytes: 0, openFilesMax: 1 }],
  ])('%s finds every offset over many segments', (_where, options) => {
    const world = opened(options);
    const log = world.createOne(spec('many', { segmentBytes: 5000, indexIntervalBytes: 300 }));
    for (let i = 0; i < 300; i++) world.append(log, { values: [`v${i}`.padEnd(60, '.')] });
    world.time.settle();
    for (let offset = 0; offset < 300; offset += 7) {
      const found = world.readAll(log, offset, 700);
      expect(found).toHaveLength(300 - offset);
      expect(found[0]?.text.startsWith(`v${offset}.`)).toBe(true);
    }
    const { cacheReads, coldReads } = world.opened.manager.stats();
    expect('tailCacheBytes' in options ? cacheReads : coldReads).toBe(0);
  });

  test('of a batch larger than asked reads it whole when it is the first', () => {
    const world = opened({ tailCacheBytes: 0 });
    const log = world.createOne(one);
    world.append(log, { values: ['x'.repeat(300_000)] });
    world.append(log, { values: ['y'] });
    world.time.settle();
    expect(world.readAll(log, 0, 100).map((record) => record.text.length)).toEqual([300_000, 1]);
  });

  test('from disk after a restart uses indexes that were flushed', () => {
    const world = opened();
    const wanted = spec('indexed', { segmentBytes: 60_000, indexIntervalBytes: 200 });
    const log = world.createOne(wanted);
    for (let i = 0; i < 500; i++) world.append(log, { values: [`v${i}`.padEnd(100, '.')] });
    world.time.settle();
    world.shutdown();
    world.start();
    const before = world.opened.manager.stats().coldReads;
    const [first] = world.readAll(world.log(wanted), 333, 100);
    expect(first?.text.startsWith('v333.')).toBe(true);
    expect(world.opened.manager.stats().coldReads).toBeGreaterThan(before);
    expect(world.disk.peek('/data/indexed-0/00000000000000000000.index')?.length).toBeGreaterThan(80);
  });
});

describe('bytes between two offsets', () => {
  test('are those of the batches while they are cached', () => {
    const world = opened();
    const log = world.createOne(one);
    const sizes = [1, 2, 3].map((i) => makeBatch(0, { values: ['x'.repeat(i)] }).length);
    for (const i of [1, 2, 3]) world.append(log, { values: ['x'.repeat(i)] });
    expect(log.bytesBetween(1, 3)).toBe((sizes[1] ?? 0) + (sizes[2] ?? 0));
    expect(log.bytesBetween(2, 2)).toBe(0);
  });

  test('are at most over-estimated when they are not', () => {
    const world = opened({ tailCacheBytes: 0 });
    const log = world.createOne(one);
    for (let i = 0; i < 4; i++) world.append(log, { values: ['x'] });
    expect(log.bytesBetween(1, 4)).toBeGreaterThanOrEqual(3 * makeBatch(0, { values: ['x'] }).length);
  });
});

describe('records by time', () => {
  function timed(world: LogWorld): ReturnType<LogWorld['createOne']> {
    const log = world.createOne(spec('timed', { segmentBytes: 2000, indexIntervalBytes: 100, retentionMs: -1 }));
    for (let i = 0; i < 60; i++) world.append(log, { values: [`v${i}`, `w${i}`], timestamp: 1000 + i * 10 });
    world.time.settle();
    return log;
  }

  test.each([
    [0, 0],
    [1000, 0],
    [1001, 2],
    [1305, 62],
    [1590, 118],
  ])('the first at or after %i is offset %i', (timestampMs, offset) => {
    const world = opened();
    const log = timed(world);
    const found = world.wait<{ offset: number } | null>((done) => log.offsetForTimestamp(timestampMs, done));
    expect(found?.offset).toBe(offset);
  });

  test('the same is found after a restart, clean or not', () => {
    for (const clean of [true, false]) {
      const world = opened();
      timed(world);
      if (clean) world.shutdown();
      else world.stopDead({ keepPageCache: false });
      world.start();
      const [log] = world.opened.manager.all();
      const found = world.wait<unknown>((done) => log?.offsetForTimestamp(1305, done));
      expect(found).toEqual({ offset: 62, timestampMs: 1310, leaderEpoch: 0 });
    }
  });

  test('past the largest there is none, and the largest is found by itself', () => {
    const world = opened();
    const log = timed(world);
    expect(world.wait((done) => log.offsetForTimestamp(1591, done))).toBeNull();
    expect(world.wait((done) => log.maxTimestampOffset(log.logEndOffset, done))).toEqual({
      offset: 118,
      timestampMs: 1590,
      leaderEpoch: 0,
    });
  });

  test('below the log start is not found', () => {
    const world = opened();
    const log = timed(world);
    world.wait<number>((done) => log.deleteRecordsBefore(5, done));
    const found = world.wait<{ offset: number } | null>((done) => log.offsetForTimestamp(0, done));
    expect(found?.offset).toBe(5);
  });

  /** Batches of records with these times, the records below `start` deleted; what is the largest time, and where. */
  function largestLeft(
    batches: readonly (readonly number[])[],
    start: number,
    segmentBytes: number,
  ): readonly unknown[] {
    const wanted = spec('cut', { segmentBytes, indexIntervalBytes: 0, retentionMs: -1 });
    const world = opened();
    const log = world.createOne(wanted);
    for (const times of batches) {
      const [timestamp = 0] = times;
      const records = times.map((time) => ({ key: null, value: Buffer.from('v'), timestamp: time }));
      const place = { baseOffset: log.logEndOffset, leaderEpoch: 0, timestamp };
      log.append(buildBatch(records, place, crc32c), { nowMs: world.time.wallMs() });
    }
    world.time.settle();
    log.setHighWatermark(log.logEndOffset);
    world.wait<number>((done) => log.deleteRecordsBefore(start, done));
    const before = world.wait<TimestampedOffset | null>((done) => log.maxTimestampOffset(log.logEndOffset, done));
    world.shutdown();
    world.start();
    const after = world.wait<TimestampedOffset | null>((done) =>
      world.log(wanted).maxTimestampOffset(log.logEndOffset, done),
    );
    return [before, after].map((found) => found && [found.offset, found.timestampMs]);
  }

  const each = (...times: number[]): number[][] => times.map((time) => [time]);

  test.each([
    ['a larger one in another batch', each(100, 200, 5000, 300, 400), 3, [4, 400]],
    ['a larger one, and the next largest is not the last', each(100, 5000, 300, 900, 400, 900, 20), 2, [3, 900]],
    ['a larger one of the same batch', [[100, 5000, 300, 900, 400]], 2, [3, 900]],
    [
      'a larger one of the same batch, and a later batch has the largest',
      [
        [100, 5000, 300],
        [200, 800, 800],
      ],
      2,
      [4, 800],
    ],
    ['a smaller one', each(100, 200, 5000, 300, 400), 1, [2, 5000]],
    ['all that are as late but one', each(700, 700, 700, 300), 2, [2, 700]],
    ['everything', each(100, 200, 5000), 3, null],
  ])('the largest is that of the records which are left: %s was deleted', (_what, batches, start, right) => {
    for (const segmentBytes of [1_000_000, 220, 150, 1])
      expect([segmentBytes, ...largestLeft(batches, start, segmentBytes)]).toEqual([segmentBytes, right, right]);
  });

  test('the largest is found in any order of times, wherever the log begins', () => {
    const prng = createPrng(4);
    for (let round = 0; round < 60; round++) {
      const batches = Array.from({ length: 1 + prng.below(8) }, () =>
        Array.from({ length: 1 + prng.below(4) }, () => 100 + prng.below(20)),
      );
      const times = batches.flat();
      const start = prng.below(times.length + 1);
      const left = times.slice(start);
      const largest = Math.max(...left);
      const right = left.length === 0 ? null : [start + left.indexOf(largest), largest];
      const found = largestLeft(batches, start, prng.below(2) === 0 ? 1_000_000 : 200);
      expect([round, ...found]).toEqual([round, right, right]);
    }
  });
});
