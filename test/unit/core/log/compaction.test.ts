import { Buffer } from 'node:buffer';
import { describe, expect, test } from '@jest/globals';
import { fc } from '../../../support/properties.ts';
import {
  BatchFilter,
  type CleaningRound,
  emptyBatch,
  RecordCopy,
  RecordSieve,
  rewriteHeader,
} from '../../../../broker/core/log/compaction-filter.ts';
import { KeyCollector, type WorkLimit } from '../../../../broker/core/log/compaction-keys.ts';
import { MAP_SLOT_BYTES, OffsetMap } from '../../../../broker/core/log/compaction-map.ts';
import {
  type CleanableSegment,
  type CleanBounds,
  filthiest,
  groupSegments,
  judgeCleanable,
} from '../../../../broker/core/log/compaction-plan.ts';
import { TransactionScan, TransactionWalk } from '../../../../broker/core/log/compaction-transactions.ts';
import { DEFAULT_LOG_CONFIG } from '../../../../broker/core/log/config.ts';
import { type HashSecret, KeyHasher } from '../../../../broker/core/log/key-hash.ts';
import { NO_CLEANER_BUGS } from '../../../../broker/core/log/planted-bugs.ts';
import * as batch from '../../../../broker/core/record/batch.ts';
import { type BatchOptions, buildBatch, buildTransactionMarker } from '../../../../broker/core/record/builder.ts';
import { checkBatch } from '../../../../broker/core/record/check.ts';
import { CONTROL } from '../../../../broker/core/record/control.ts';
import { readRecords } from '../../../../broker/core/record/iterate.ts';
import { crc32c } from '../../../../broker/io/crc32c.ts';

const SECRET: HashSecret = [1, 2, 3, 4];
/** The smallest piece of work. */
const LEAST: WorkLimit = { records: 1, bytes: 1 };

describe('the hash of a key', () => {
  // From the test vectors of the reference implementation: input 0, 1, 2 … under the key 0 to 7.
  test.each([
    [0, '218d1f59b9b83cc8'],
    [1, 'be552412f8387315'],
    [3, 'ce0f1a45f7060679'],
    [7, 'ff202728b07bc684'],
    [15, '217d0bcb4e81c902'],
  ])('of %i bytes is HalfSipHash-2-4', (length, expected) => {
    const buf = Buffer.from(Array.from({ length: length + 2 }, (_, i) => i - 1));
    const hasher = new KeyHasher([0x03020100, 0x07060504, 0x03020100, 0x07060504]);
    hasher.begin(buf, 1, length + 1);
    expect(hasher.run(100)).toBe(true);
    const words = Buffer.alloc(16);
    for (const [i, word] of hasher.words.entries()) words.writeUInt32LE(word, i * 4);
    expect(words.toString('hex')).toBe(`${expected}${expected}`);
  });

  test('is the same in any steps, none of which takes in more than it may', () => {
    const buf = Buffer.from(Array.from({ length: 1001 }, (_, i) => i & 0xff));
    const hasher = new KeyHasher([1, 2, 3, 4]);
    hasher.begin(buf, 0, buf.length);
    hasher.run(buf.length);
    const whole = [...hasher.words];
    for (const bytesMax of [0, 1, 4, 100, 997]) {
      hasher.begin(buf, 0, buf.length);
      let steps = 1;
      for (; !hasher.run(bytesMax); steps += 1);
      expect([...hasher.words]).toEqual(whole);
      expect(steps * (bytesMax + 12)).toBeGreaterThanOrEqual(buf.length);
    }
  });
});

describe('an offset map', () => {
  test('holds the last offset of each key, as a plain map does, until it is full', () => {
    const actions = fc.array(fc.tuple(fc.integer({ min: 0, max: 60 }), fc.boolean()), { maxLength: 200 });
    fc.assert(
      fc.property(actions, fc.integer({ min: 2, max: 50 }), (steps, slots) => {
        const map = new OffsetMap({ bytesMax: slots * MAP_SLOT_BYTES, keysExpected: 1000, loadFactor: 0.9 }, SECRET);
        const model = new Map<string, number>();
        for (const [offset, [key, isPut]] of steps.entries()) {
          const text = `key-${key}`;
          const buf = Buffer.from(`..${text}`);
          map.seek(buf, 2, buf.length);
          expect(map.hash(100)).toBe(true);
          if (isPut) {
            const taken = map.put(offset);
            expect(taken).toBe(model.has(text) || model.size < map.keysMax);
            if (taken) model.set(text, offset);
          }
          expect(map.get()).toBe(model.get(text) ?? -1);
          expect(map.size).toBe(model.size);
        }
      }),
    );
  });

  test('takes no more memory than it may, nor than its keys can need', () => {
    const bounded = new OffsetMap({ bytesMax: 24_000, keysExpected: 1e9, loadFactor: 0.9 }, SECRET);
    expect(bounded.sizeInBytes).toBe(24_000);
    expect(bounded.keysMax).toBe(900);
    const small = new OffsetMap({ bytesMax: 128_000_000, keysExpected: 10, loadFactor: 0.5 }, SECRET);
    expect(small.sizeInBytes).toBeLessThan(30 * MAP_SLOT_BYTES);
    expect(small.keysMax).toBeGreaterThanOrEqual(10);
  });
});

function segment(baseOffset: number, fields: Partial<CleanableSegment> = {}): CleanableSegment {
  return {
    baseOffset,
    endOffset: baseOffset + 10,
    sizeInBytes: 100,
    indexBytes: 8,
    timeIndexBytes: 12,
    largestTimestampMs: baseOffset,
    firstTimestampMs: baseOffset,
    ...fields,
  };
}

describe('what can be cleaned', () => {
  const segments = [0, 10, 20, 30].map((base) => segment(base));
  const config = { ...DEFAULT_LOG_CONFIG, compactPolicy: true };
  const bounds: CleanBounds = { firstDirtyOffset: 20, logStartOffset: 0, cleanableEnd: 40, nowMs: 1000 };
  const judge = (change: Partial<CleanBounds>, settings: Partial<typeof config> = {}) =>
    judgeCleanable(segments, { ...bounds, ...change }, { ...config, ...settings });

  test('is due when its dirty part is larger than min.cleanable.dirty.ratio, not when it is as large', () => {
    expect(judge({})).toMatchObject({ endOffset: 40, segmentCount: 4, dirtyBytes: 200, dirtyRatio: 0.5, isDue: false });
    expect(judge({}, { minCleanableDirtyRatio: 0.49 }).isDue).toBe(true);
    expect(judge({ firstDirtyOffset: 10 })).toMatchObject({ dirtyRatio: 0.75, isDue: true });
    expect(judge({ firstDirtyOffset: 40 }, { minCleanableDirtyRatio: 0 }).isDue).toBe(false);
  });

  test('ends with the last segment that lies wholly below the bound (D13)', () => {
    expect(judge({ cleanableEnd: 39 })).toMatchObject({ endOffset: 30, segmentCount: 3 });
    expect(judge({ cleanableEnd: 9 })).toMatchObject({ endOffset: 20, segmentCount: 0, dirtyBytes: 0, isDue: false });
  });

  test('ends before the first dirty segment with a record younger than min.compaction.lag.ms', () => {
    expect(judge({}, { minCompactionLagMs: 970 })).toMatchObject({ endOffset: 40 });
    expect(judge({}, { minCompactionLagMs: 971 })).toMatchObject({ endOffset: 30 });
    // What is clean was old enough once.
    expect(judge({}, { minCompactionLagMs: 5000 })).toMatchObject({ endOffset: 20, isDue: false });
  });

  test('is overdue when a record has been dirty for max.compaction.lag.ms, whatever the ratio', () => {
    const settings = { minCleanableDirtyRatio: 1 };
    expect(judge({}, { ...settings, maxCompactionLagMs: 980 })).toMatchObject({ overdueMs: 0, isDue: false });
    expect(judge({}, { ...settings, maxCompactionLagMs: 979 })).toMatchObject({ overdueMs: 1, isDue: true });
  });

  test('begins where the log does when that was deleted, and at the front when the checkpoint is lost', () => {
    expect(judge({ firstDirtyOffset: 5, logStartOffset: 12 }).firstDirtyOffset).toBe(12);
    expect(judge({ firstDirtyOffset: 0 })).toMatchObject({ firstDirtyOffset: 0, dirtyRatio: 1 });
  });

  test('the dirtiest that is due comes first', () => {
    const named = [judge({ firstDirtyOffset: 10 }), judge({ firstDirtyOffset: 0 }), judge({})].map(
      (cleanable, name) => ({
        name,
        cleanable,
      }),
    );
    expect(filthiest(named)?.name).toBe(1);
    expect(filthiest(named.slice(2))).toBeNull();
  });

  test('neighbours are merged as far as one segment and its indexes hold them', () => {
    const groups = (change: Partial<typeof config>, list = segments): readonly number[] =>
      groupSegments(list, { ...config, ...change });
    expect(groups({ segmentBytes: 250 })).toEqual([2, 2]);
    expect(groups({ segmentBytes: 50 })).toEqual([1, 1, 1, 1]);
    expect(groups({ segmentIndexBytes: 36 })).toEqual([3, 1]);
    const far = [segment(0), segment(2 ** 31 - 9), segment(2 ** 31 + 1)];
    expect(groups({}, far)).toEqual([1, 2]);
  });
});

describe('transactions', () => {
  test('of a range are aborted, committed or undecided; what is undecided ends the range', () => {
    const scan = new TransactionScan();
    scan.onData(1, 0);
    scan.onData(2, 5);
    scan.onMarker(1, CONTROL.abort, 10);
    scan.onData(1, 11);
    scan.onMarker(1, CONTROL.commit, 15);
    scan.onMarker(9, CONTROL.abort, 16);
    expect([0, 9, 11].map((offset) => scan.isAborted(1, offset))).toEqual([true, true, false]);
    expect(scan.isAborted(2, 5)).toBe(false);
    expect(scan.isPlain).toBe(false);
    expect(scan.decidedEnd(20)).toBe(5);
    scan.onMarker(2, 77, 17);
    expect(scan.decidedEnd(20)).toBe(5);
    scan.onMarker(2, CONTROL.commit, 18);
    expect(scan.decidedEnd(20)).toBe(20);
  });

  test('keep their marker until no batch of theirs is left, and one of an unknown type for ever', () => {
    const walk = new TransactionWalk(new TransactionScan());
    walk.onData(1, 0);
    expect(walk.onMarker(1, CONTROL.commit)).toBe(false);
    expect(walk.onMarker(1, CONTROL.commit)).toBe(true);
    expect(walk.onMarker(2, CONTROL.abort)).toBe(true);
    expect(walk.onMarker(3, 77)).toBe(false);
    expect(walk.onMarker(3, null)).toBe(true);
  });
});

/** `key=value`, or `key` alone for a tombstone; `-` for a record without a key. */
function data(baseOffset: number, texts: readonly string[], options: BatchOptions = {}): Buffer {
  const records = texts.map((text, i) => {
    const [key = '', value] = text.split('=');
    const timestamp = 1000 + i;
    return {
      key: key === '-' ? null : Buffer.from(key),
      value: value === undefined ? null : Buffer.from(value),
      timestamp,
    };
  });
  return buildBatch(records, { baseOffset, leaderEpoch: 3, timestamp: 1000, ...options }, crc32c);
}

function marker(baseOffset: number, producerId: number, type: 0 | 1): Buffer {
  const fields = { type, producerId, producerEpoch: 0, coordinatorEpoch: 0, timestamp: 1000 };
  const bytes = buildTransactionMarker(fields, crc32c);
  batch.assignOffset(bytes, 0, { baseOffset, leaderEpoch: 3 });
  return bytes;
}

const DELETE_RETENTION_MS = 500;

/** One cleaning of batches, as the server drives it. */
function clean(
  batches: readonly Buffer[],
  change: Partial<CleaningRound> & { readonly keepLast?: boolean } = {},
): Buffer[] {
  const map = new OffsetMap({ bytesMax: 24_000, keysExpected: 100, loadFactor: 0.9 }, SECRET);
  const scan = new TransactionScan();
  for (const one of batches) {
    const producerId = batch.producerId(one, 0);
    if (batch.isControl(one, 0)) {
      const [record] = readRecords(one, 0) ?? [];
      scan.onMarker(producerId, record?.key?.readInt16BE(2) ?? null, batch.baseOffset(one, 0));
    } else if (batch.isTransactional(one, 0)) scan.onData(producerId, batch.baseOffset(one, 0));
  }
  const collector = new KeyCollector(map, 0);
  for (const one of batches) {
    const isAborted = scan.isAborted(batch.producerId(one, 0), batch.baseOffset(one, 0));
    if (batch.isControl(one, 0) || isAborted || batch.baseOffset(one, 0) >= (change.mapEnd ?? 1e9)) continue;
    collector.begin({ buf: one, pos: 0 }, { buf: one, start: batch.HEADER_SIZE, end: one.length });
    expect(collector.run({ records: 1000, bytes: 1e6 })).toBe('done');
  }
  const filter = new BatchFilter({
    map,
    mapEnd: 1e9,
    scan,
    producers: new Map(),
    nowMs: 5000,
    deleteRetentionMs: DELETE_RETENTION_MS,
    bugs: NO_CLEANER_BUGS,
    ...change,
  });
  const sieve = new RecordSieve(filter);
  return batches.flatMap((buf, i) => {
    const isLast = change.keepLast === true && i === batches.length - 1;
    return written(filter, sieve, { buf, isLast });
  });
}

function written(filter: BatchFilter, sieve: RecordSieve, { buf, isLast }: { buf: Buffer; isLast: boolean }): Buffer[] {
  let fate = filter.judge(buf, 0, isLast);
  const isControl = fate === 'horizon';
  if (fate === 'sieve' || isControl) {
    sieve.begin({ buf, pos: 0, isLast }, { buf, start: batch.HEADER_SIZE, end: buf.length });
    while (sieve.run(LEAST) === 'more');
    if (!isControl) fate = sieve.fate();
  }
  switch (fate) {
    case 'copy':
      return [buf];
    case 'drop':
      return [];
    case 'empty':
      return [emptyBatch(buf, 0, crc32c)];
    case 'sieve':
    case 'horizon': {
      const kept = sieve.kept();
      const horizonMs = fate === 'horizon' ? filter.round.nowMs + DELETE_RETENTION_MS : -1;
      const shiftMs = horizonMs < 0 ? 0 : batch.baseTimestamp(buf, 0) - horizonMs;
      const copy = new RecordCopy(kept, { shiftMs, room: batch.HEADER_SIZE });
      while (copy.run(LEAST));
      const out = copy.bytes();
      rewriteHeader({ buf, pos: 0 }, out, kept, horizonMs);
      batch.assignCrc(out, 0, batch.computeCrc(out, 0, crc32c));
      return [out];
    }
  }
}

function show(batches: readonly Buffer[]): string[] {
  return batches.flatMap((buf) => {
    expect(checkBatch(buf, 0, buf.length, crc32c)).toBeNull();
    const records = readRecords(buf, 0) ?? [];
    if (records.length === 0) return [`${batch.baseOffset(buf, 0)}-${batch.lastOffset(buf, 0)} empty`];
    return records.map(({ offset, key, value, timestamp }) => {
      const text = batch.isControl(buf, 0) ? 'marker' : `${String(key)}${value === null ? '' : `=${String(value)}`}`;
      return `${offset} ${text} at ${timestamp}`;
    });
  });
}

describe('one piece of work', () => {
  const limit: WorkLimit = { records: 8, bytes: 1000 };
  const records = Array.from({ length: 20 }, (_, i) => `${i}`.padEnd(5000, 'k'));
  const long = data(0, [...records.map((key) => `${key}=1`), ...records]);
  const many = data(
    0,
    Array.from({ length: 200 }, (_, i) => `${i}`),
  );
  const rangeOf = (buf: Buffer) => ({ buf, start: batch.HEADER_SIZE, end: buf.length });

  test.each([
    ['takes in few keys', many, 200 / limit.records],
    ['takes in few bytes of long keys', long, (40 * 5000) / (limit.bytes + 12)],
  ])('%s', (_what, buf, leastSteps) => {
    const map = new OffsetMap({ bytesMax: 24_000, keysExpected: 1000, loadFactor: 0.9 }, SECRET);
    const collector = new KeyCollector(map, 0);
    collector.begin({ buf, pos: 0 }, rangeOf(buf));
    let steps = 1;
    for (; collector.run(limit) === 'more'; steps += 1);
    expect(steps).toBeGreaterThanOrEqual(leastSteps);
    const common = { mapEnd: 1e9, scan: new TransactionScan(), producers: new Map(), nowMs: 0, deleteRetentionMs: 0 };
    const sieve = new RecordSieve(new BatchFilter({ ...common, map, bugs: NO_CLEANER_BUGS }));
    sieve.begin({ buf, pos: 0, isLast: false }, rangeOf(buf));
    for (steps = 1; sieve.run(limit) === 'more'; steps += 1);
    expect(steps).toBeGreaterThanOrEqual(leastSteps);
    expect(sieve.kept().count).toBe(map.size);
  });

  test.each([0, -5])('copies few records, and few bytes of long ones, when their times move by %i ms', (shiftMs) => {
    for (const buf of [long, many]) {
      const whole = { ...rangeOf(buf), ranges: [batch.HEADER_SIZE, buf.length], count: batch.recordCount(buf, 0) };
      const copy = new RecordCopy({ ...whole, maxTimestamp: 0 }, { shiftMs, room: 0 });
      for (let before = 0; copy.run(limit); before = copy.bytes().length) {
        // The last of several may begin below the limit; the front of a record comes with its time.
        expect(copy.bytes().length - before).toBeLessThanOrEqual(2 * limit.bytes + 20);
      }
      expect(copy.bytes().length).toBeGreaterThan(0.99 * (buf.length - batch.HEADER_SIZE));
    }
  });
});

describe('a cleaning', () => {
  test('keeps the last record of each key with its offset, time, epoch and headers, and drops batches that lose all', () => {
    const before = [data(0, ['a=1', 'b=1', 'c=1']), data(3, ['a=2']), data(4, ['a=3', 'b=2'])];
    const after = clean(before);
    expect(show(after)).toEqual(['2 c=1 at 1002', '4 a=3 at 1000', '5 b=2 at 1001']);
    expect(
      after.map((one) => [batch.baseOffset(one, 0), batch.lastOffset(one, 0), batch.partitionLeaderEpoch(one, 0)]),
    ).toEqual([
      [0, 2, 3],
      [4, 5, 3],
    ]);
    // Nothing of the second batch is superseded: the very same bytes stay.
    expect(after[1]).toBe(before[2]);
  });

  test('drops records without a key, which no later one can supersede', () => {
    expect(show(clean([data(0, ['-=1', 'a=1'])]))).toEqual(['1 a=1 at 1001']);
  });

  test('leaves what the map does not cover as it is, and begins no horizon in a batch that it covers in part', () => {
    const batches = [data(0, ['a=1', 'b=1']), data(2, ['a', 'd']), data(4, ['c', 'b'])];
    const after = clean(batches, { mapEnd: 3 });
    expect(show(after)).toEqual(['1 b=1 at 1001', '2 a at 1000', '3 d at 1001', '4 c at 1000', '5 b at 1001']);
    expect(after.map((one) => batch.hasDeleteHorizon(one, 0))).toEqual([false, false, false]);
  });

  test('gives tombstones a horizon, keeps them with their times until then, and drops them after', () => {
    const first = clean([data(0, ['a=1', 'b=1']), data(2, ['a', 'c=1'])]);
    expect(show(first)).toEqual(['1 b=1 at 1001', '2 a at 1000', '3 c=1 at 1001']);
    expect(batch.hasDeleteHorizon(first[1] ?? Buffer.alloc(0), 0)).toBe(true);
    expect(batch.baseTimestamp(first[1] ?? Buffer.alloc(0), 0)).toBe(5500);
    const second = clean(first, { nowMs: 5499 });
    expect(second).toEqual(first);
    expect(show(clean(second, { nowMs: 5500 }))).toEqual(['1 b=1 at 1001', '3 c=1 at 1001']);
  });

  test('drops aborted data at once, its marker when that is gone and its horizon is over', () => {
    const transactional = { producerId: 7, producerEpoch: 0, baseSequence: 0, transactional: true };
    const batches = [data(0, ['a=1']), data(1, ['a=2', 'b=1'], transactional), marker(3, 7, CONTROL.abort)];
    const first = clean(batches);
    expect(show(first)).toEqual(['0 a=1 at 1000', '3 marker at 1000']);
    expect(batch.hasDeleteHorizon(first[1] ?? Buffer.alloc(0), 0)).toBe(false);
    const second = clean(first);
    expect(batch.hasDeleteHorizon(second[1] ?? Buffer.alloc(0), 0)).toBe(true);
    expect(show(second)).toEqual(['0 a=1 at 1000', '3 marker at 1000']);
    expect(show(clean(second, { nowMs: 5499 }))).toHaveLength(2);
    expect(show(clean(second, { nowMs: 5500 }))).toEqual(['0 a=1 at 1000']);
  });

  test('keeps the marker of committed data as long as there is any', () => {
    const transactional = { producerId: 7, producerEpoch: 0, baseSequence: 0, transactional: true };
    const batches = [data(0, ['a=1'], transactional), marker(1, 7, CONTROL.commit)];
    const once = clean(batches);
    expect(show(clean(once, { nowMs: 1e6 }))).toEqual(['0 a=1 at 1000', '1 marker at 1000']);
  });

  test('keeps the last batch of a live producer and the last of the segment, emptied', () => {
    const producer = { producerId: 7, producerEpoch: 2, baseSequence: 40 };
    const batches = [data(0, ['a=1', 'b=1'], producer), data(2, ['a=2', 'b=2', 'c']), data(5, ['c=1'])];
    const producers = new Map([[7, { lastDataOffset: 1, epoch: 2 }]]);
    const after = clean([...batches, data(6, ['c=2'])].slice(0, 3), { producers });
    expect(show(after)).toEqual(['0-1 empty', '2 a=2 at 1000', '3 b=2 at 1001', '5 c=1 at 1000']);
    const [emptied = Buffer.alloc(0)] = after;
    expect(batch.lastSequence(emptied, 0)).toBe(41);
    expect([batch.producerId(emptied, 0), batch.producerEpoch(emptied, 0)]).toEqual([7, 2]);
    // A second cleaning keeps it as it is, and drops it once nobody remembers the producer.
    expect(clean(after, { producers })[0]).toBe(emptied);
    expect(show(clean(after))[0]).toBe('2 a=2 at 1000');
    const ended = clean([data(0, ['a=1']), data(1, ['a=2']), data(2, ['-=x'])], { keepLast: true });
    expect(show(ended)).toEqual(['1 a=2 at 1000', '2-2 empty']);
  });

  test("keeps the append time of a batch, whatever becomes of its records' own times", () => {
    const stamped = data(0, ['a=1', 'b']);
    batch.assignMaxTimestamp(stamped, 0, { maxTimestamp: 4000, logAppendTime: true }, crc32c);
    const after = clean([stamped, data(2, ['a=2'])]);
    expect(show(after)).toEqual(['1 b at 4000', '2 a=2 at 1000']);
  });

  test('sets the largest time to that of the records that stay', () => {
    const [after = Buffer.alloc(0)] = clean([data(0, ['a=1', 'b=1', 'c=1']), data(3, ['c=2'])]);
    expect(batch.maxTimestamp(after, 0)).toBe(1001);
  });

  test('ends at malformed records in place of writing them again', () => {
    const bad = data(0, ['a=1', 'b=1']);
    const filter = new BatchFilter({
      map: new OffsetMap({ bytesMax: 24_000, keysExpected: 100, loadFactor: 0.9 }, SECRET),
      mapEnd: 10,
      scan: new TransactionScan(),
      producers: new Map(),
      nowMs: 0,
      deleteRetentionMs: 0,
      bugs: NO_CLEANER_BUGS,
    });
    const sieve = new RecordSieve(filter);
    sieve.begin({ buf: bad, pos: 0, isLast: false }, { buf: bad, start: batch.HEADER_SIZE, end: bad.length - 3 });
    let state = sieve.run(LEAST);
    while (state === 'more') state = sieve.run(LEAST);
    expect(state).toBe('malformed');
  });
});
