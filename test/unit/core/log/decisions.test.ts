import { Buffer } from 'node:buffer';
import { describe, expect, test } from '@jest/globals';
import { DEFAULT_LOG_CONFIG } from '../../../../broker/core/log/config.ts';
import { EpochCache } from '../../../../broker/core/log/epoch-cache.ts';
import {
  BEYOND_END,
  judgeEnd,
  segmentIndexAt,
  walkChunk,
  type WalkState,
} from '../../../../broker/core/log/recovery.ts';
import { segmentsToDelete } from '../../../../broker/core/log/retention.ts';
import { jitterPartOf, type RollInput, shouldRoll } from '../../../../broker/core/log/roll.ts';
import { selectBatches } from '../../../../broker/core/log/select.ts';
import { crc32c } from '../../../../broker/io/crc32c.ts';
import { makeBatch } from '../../../support/logs/log-world.ts';

describe('a roll', () => {
  const config = { ...DEFAULT_LOG_CONFIG, segmentBytes: 1000, segmentMs: 500, segmentIndexBytes: 80 };
  const input: RollInput = {
    baseOffset: 0,
    sizeInBytes: 900,
    indexBytes: 0,
    timeIndexBytes: 0,
    firstTimestampMs: 100,
    createdMs: 0,
    jitterPart: 0,
    appendBytes: 100,
    appendLastOffset: 10,
    appendMaxTimestampMs: 600,
    nowMs: 0,
  };

  test.each<[string, Partial<RollInput>, boolean]>([
    ['while all fits', {}, false],
    ['before the segment grows too large', { appendBytes: 101 }, true],
    ['never of an empty segment', { sizeInBytes: 0, appendBytes: 5000, appendLastOffset: 2 ** 40 }, false],
    ['when the records span too long', { appendMaxTimestampMs: 601 }, true],
    ['by the clock when records have no time', { firstTimestampMs: -1, nowMs: 501 }, true],
    ['not by the clock when they have', { nowMs: 10_000 }, false],
    ['when offsets leave the int32', { appendLastOffset: 2 ** 31 }, true],
    ['when the offset index is full', { indexBytes: 80 }, true],
    ['when the time index is full', { timeIndexBytes: 72 }, true],
  ])('%s', (_when, change, expected) => {
    expect(shouldRoll({ ...input, ...change }, config)).toBe(expected);
  });

  test('earlier by its own part of the jitter, never more than segment.ms', () => {
    const rolls = (appendMaxTimestampMs: number, jitterPart: number, segmentJitterMs: number): boolean =>
      shouldRoll({ ...input, appendMaxTimestampMs, jitterPart }, { ...config, segmentJitterMs });
    // segment.ms is 500 and the first record's time 100: half of the jitter of 200 makes it 400.
    expect([rolls(500, 0.5, 200), rolls(501, 0.5, 200)]).toEqual([false, true]);
    expect([rolls(500, 0, 200), rolls(600, 0, 200), rolls(601, 0, 200)]).toEqual([false, false, true]);
    expect(rolls(102, 0.999, 1_000_000)).toBe(true);
    expect(rolls(101, 0.999, 1_000_000)).toBe(false);
  });

  test('with jitter that is the same after a restart and spread over logs', () => {
    expect(jitterPartOf('/data/t-0', 77)).toBe(jitterPartOf('/data/t-0', 77));
    const parts = Array.from({ length: 1000 }, (_, index) => jitterPartOf(`/data/t-${index}`, 0));
    for (let tenth = 0; tenth < 10; tenth++) {
      const count = parts.filter((part) => Math.floor(part * 10) === tenth).length;
      expect(count).toBeGreaterThan(60);
      expect(count).toBeLessThan(140);
    }
  });
});

describe('retention', () => {
  const segments = [0, 10, 20, 30].map((baseOffset) => ({
    baseOffset,
    endOffset: baseOffset + 10,
    sizeInBytes: 100,
    largestTimestampMs: baseOffset * 10,
  }));
  const bounds = { logStartOffset: 0, deletableEnd: 40, nowMs: 1000 };
  const keep = { ...DEFAULT_LOG_CONFIG, retentionMs: -1, retentionBytes: -1 };

  test.each([
    ['keeps all without limits', bounds, keep, 0],
    ['deletes what is too old', bounds, { ...keep, retentionMs: 850 }, 2],
    ['stops at the first that is young enough', bounds, { ...keep, retentionMs: 899 }, 2],
    ['deletes as many as make the log small enough', bounds, { ...keep, retentionBytes: 250 }, 1],
    ['keeps the log at least as large as asked', bounds, { ...keep, retentionBytes: 300 }, 1],
    ['deletes nothing at or above the high watermark', { ...bounds, deletableEnd: 19 }, { ...keep, retentionMs: 0 }, 1],
    ['deletes what lies below the log start', { ...bounds, logStartOffset: 25 }, keep, 2],
    [
      'deletes by log start only without the delete policy',
      { ...bounds, logStartOffset: 15 },
      { ...keep, retentionMs: 0, deletePolicy: false },
      1,
    ],
    ['may delete all', bounds, { ...keep, retentionMs: 0 }, 4],
  ])('%s', (_what, where, config, count) => {
    expect(segmentsToDelete(segments, where, config)).toBe(count);
  });

  test('never deletes an empty last segment, nor one of unknown age', () => {
    const empty = { baseOffset: 40, endOffset: 40, sizeInBytes: 0, largestTimestampMs: -1 };
    expect(segmentsToDelete([empty], { ...bounds, logStartOffset: 40 }, { ...keep, retentionMs: 0 })).toBe(0);
    const ageless = segments.map((segment) => ({ ...segment, largestTimestampMs: -1 }));
    expect(segmentsToDelete(ageless, bounds, { ...keep, retentionMs: 0 })).toBe(0);
  });
});

describe('leader epochs', () => {
  function cache(...entries: readonly (readonly [number, number])[]): EpochCache {
    const made = new EpochCache();
    for (const [epoch, startOffset] of entries) made.assign(epoch, startOffset);
    return made;
  }

  test.each([
    [-1, -1, -1],
    [0, 0, 10],
    [2, 2, 30],
    [3, 2, 30],
    [5, 5, 99],
    [6, -1, -1],
  ])('epoch %i ends as epoch %i at %i', (asked, leaderEpoch, endOffset) => {
    expect(cache([0, 0], [2, 10], [5, 30]).endOffsetFor(asked, 99)).toEqual({ leaderEpoch, endOffset });
  });

  test('below the first known one the asked epoch ends where the first begins', () => {
    expect(cache([4, 20]).endOffsetFor(2, 99)).toEqual({ leaderEpoch: 2, endOffset: 20 });
  });

  test('a repeated epoch changes nothing; a falling one is a bug', () => {
    const epochs = cache([0, 0], [2, 10]);
    const { version } = epochs;
    epochs.assign(2, 15);
    expect(epochs.version).toBe(version);
    expect(() => epochs.assign(1, 20)).toThrow('never fall');
  });

  test('an epoch without a record is replaced by its successor', () => {
    expect(cache([0, 0], [1, 10], [2, 10]).entries).toEqual([
      { epoch: 0, startOffset: 0 },
      { epoch: 2, startOffset: 10 },
    ]);
  });

  test('are cut at either end', () => {
    const end = cache([0, 0], [2, 10], [5, 30]);
    end.truncateFromEnd(10);
    expect(end.entries).toEqual([{ epoch: 0, startOffset: 0 }]);
    const start = cache([0, 0], [2, 10], [5, 30]);
    start.truncateFromStart(15);
    expect(start.entries).toEqual([
      { epoch: 2, startOffset: 15 },
      { epoch: 5, startOffset: 30 },
    ]);
    expect([start.epochAt(14), start.epochAt(29), start.epochAt(30)]).toEqual([-1, 2, 5]);
  });
});

describe('a walk over a segment', () => {
  const batches = [0, 1, 2].map((i) => makeBatch(i, { values: [`v${i}`], leaderEpoch: i }));
  const whole = Buffer.concat(batches);
  const begin = (): WalkState => ({
    position: 0,
    expectedOffset: 0,
    latestEpoch: -1,
    sparseEnd: 0,
    endOffsetMax: Number.POSITIVE_INFINITY,
    fault: '',
  });

  function walk(buf: Buffer, state = begin()): { readonly state: WalkState; readonly seen: readonly number[] } {
    const seen: number[] = [];
    walkChunk(state, { buf, filePosition: 0, fileSize: buf.length }, crc32c, (_buf, pos) => seen.push(pos));
    return { state, seen };
  }

  test('sees every batch of a sound file', () => {
    const { state, seen } = walk(whole);
    expect(seen).toHaveLength(3);
    expect(state).toMatchObject({ position: whole.length, expectedOffset: 3, latestEpoch: 2, fault: '' });
  });

  test('ends before the batch in which any byte is changed, wherever it is', () => {
    const size = batches[0]?.length ?? 0;
    for (let at = 0; at < whole.length; at++) {
      const spoiled = Buffer.from(whole);
      spoiled[at] = (spoiled[at] ?? 0) ^ 0x80;
      const { state } = walk(spoiled);
      const index = Math.floor(at / size);
      // The leader epoch is not covered by the CRC; raised, it makes a later batch fall behind.
      const isEpoch = at % size >= 12 && at % size < 16;
      if (!isEpoch) expect([at, state.expectedOffset]).toEqual([at, index]);
    }
  });

  test('ends at any cut', () => {
    for (let size = 0; size < whole.length; size++) {
      const { state } = walk(whole.subarray(0, size));
      const kept = Math.floor(size / (batches[0]?.length ?? 1));
      expect([state.expectedOffset, state.fault === '']).toEqual([kept, size % (batches[0]?.length ?? 1) === 0]);
    }
  });

  test('notices a gap, a falling epoch, zeros and a length out of all bounds', () => {
    const gap = Buffer.concat([batches[0] ?? Buffer.alloc(0), batches[2] ?? Buffer.alloc(0)]);
    expect(walk(gap).state.fault).toBe('offset 2 where 1 was due');
    const falling = Buffer.concat([
      makeBatch(0, { values: ['a'], leaderEpoch: 5 }),
      makeBatch(1, { values: ['b'], leaderEpoch: 4 }),
    ]);
    expect(walk(falling).state.fault).toBe('epoch 4 after 5');
    expect(walk(Buffer.concat([whole, Buffer.alloc(200)])).state).toMatchObject({
      expectedOffset: 3,
      fault: 'a batch of 12 bytes',
    });
    const huge = Buffer.from(whole);
    huge.writeInt32BE(0x7fff_ff00, 8);
    expect(walk(huge).state.fault).toContain('a batch of');
  });

  test('ends before a batch that reaches beyond the wanted end', () => {
    expect(walk(whole, { ...begin(), endOffsetMax: 2 }).state).toMatchObject({ expectedOffset: 2, fault: BEYOND_END });
  });

  test('asks for more when a chunk ends inside a batch', () => {
    const state = begin();
    const size = batches[0]?.length ?? 0;
    const need = walkChunk(
      state,
      { buf: whole.subarray(0, size + 65), filePosition: 0, fileSize: whole.length },
      crc32c,
      () => undefined,
    );
    expect([state.position, need]).toEqual([size, size]);
  });

  test('is torn at or above both marks, damaged below either', () => {
    expect(judgeEnd(10, { recoveryPoint: 10, highWatermark: 10 })).toBe('torn');
    expect(judgeEnd(9, { recoveryPoint: 10, highWatermark: 0 })).toBe('damaged');
    expect(judgeEnd(9, { recoveryPoint: 0, highWatermark: 10 })).toBe('damaged');
  });

  test('finds the segment that holds an offset', () => {
    expect([0, 9, 10, 19, 99].map((offset) => segmentIndexAt([0, 10, 20], offset))).toEqual([0, 0, 1, 1, 2]);
    expect(segmentIndexAt([5, 10], 2)).toBe(0);
  });
});

describe('a choice of batches', () => {
  const batches = [['a', 'b'], ['c'], ['d']].reduce<Buffer[]>((made, values) => {
    const offset = made.length === 0 ? 0 : made.length + 1;
    return [...made, makeBatch(offset, { values })];
  }, []);
  const whole = Buffer.concat(batches);
  const query = { fetchOffset: 0, maxBytes: 10_000, minOneBatch: false, endOffset: 100 };

  test('is whole batches from the wanted one to the bounds', () => {
    expect(selectBatches(whole, query)).toMatchObject({ kind: 'found', start: 0, end: whole.length, endOffset: 4 });
    const first = batches[0]?.length ?? 0;
    expect(selectBatches(whole, { ...query, fetchOffset: 1, endOffset: 3 })).toMatchObject({
      start: 0,
      firstOffset: 0,
      endOffset: 3,
    });
    expect(selectBatches(whole, { ...query, fetchOffset: 2, maxBytes: 10 })).toMatchObject({
      start: first,
      end: first,
    });
    expect(selectBatches(whole, { ...query, fetchOffset: 2, maxBytes: 10, minOneBatch: true })).toMatchObject({
      firstOffset: 2,
      endOffset: 3,
    });
  });

  test('of a piece that is cut off says what is missing', () => {
    const [first = 0, second = 0] = batches.map((each) => each.length);
    expect(selectBatches(whole.subarray(0, first + 10), { ...query, fetchOffset: 2 })).toEqual({
      kind: 'more',
      skipBytes: first,
      needBytes: 61,
    });
    expect(selectBatches(whole.subarray(0, first + 65), { ...query, fetchOffset: 2 })).toEqual({
      kind: 'more',
      skipBytes: first,
      needBytes: second,
    });
    expect(selectBatches(whole.subarray(0, 65), { ...query, fetchOffset: 3 })).toEqual({
      kind: 'more',
      skipBytes: first,
      needBytes: 61,
    });
    expect(selectBatches(whole.subarray(0, 65), { ...query, maxBytes: 1 })).toMatchObject({
      kind: 'found',
      start: 0,
      end: 0,
    });
  });

  test('of bytes that are no batches is damaged', () => {
    expect(selectBatches(Buffer.alloc(200), query)).toEqual({ kind: 'damaged' });
  });
});
