import { Buffer } from 'node:buffer';
import { gzipSync } from 'node:zlib';
import { expect, test } from '@jest/globals';
import { DEFAULT_CLEANER_CONFIG } from '../../../../broker/core/log/cleaner-config.ts';
import * as batch from '../../../../broker/core/record/batch.ts';
import {
  buildBatch,
  buildCompressedBatch,
  buildTransactionMarker,
  encodeRecords,
  type NewRecord,
} from '../../../../broker/core/record/builder.ts';
import { CONTROL } from '../../../../broker/core/record/control.ts';
import { crc32c } from '../../../../broker/io/crc32c.ts';
import type { PartitionLog } from '../../../../broker/server/logs/partition-log.ts';
import { LogWorld, spec } from '../../../support/logs/log-world.ts';

/** Between two looks at the clock: what `WORK_PER_LOOK` allows, and once more for a batch that is written anew. */
const BATCHES_MAX = 2 * 256;
const BYTES_MAX = 2 * 256 * 1024;

const TABLE = spec('table', {
  segmentBytes: 4_000_000,
  retentionMs: -1,
  deletePolicy: false,
  compactPolicy: true,
  minCleanableDirtyRatio: 0,
});

const values = (count: number, size: number): NewRecord[] =>
  Array.from({ length: count }, (_, i) => ({ key: Buffer.from(`k${i}`), value: Buffer.alloc(size, 'v') }));

interface Place {
  readonly baseOffset: number;
  readonly leaderEpoch: number;
}

function markers(place: Place): Buffer[] {
  return Array.from({ length: 2000 }, (_, i) => {
    const fields = { type: CONTROL.commit, producerId: 1, producerEpoch: 0, coordinatorEpoch: 0, timestamp: 1 };
    const bytes = buildTransactionMarker(fields, crc32c);
    batch.assignOffset(bytes, 0, { ...place, baseOffset: place.baseOffset + i });
    return bytes;
  });
}

/** One value is superseded right away, so that the batch is written anew. */
function plain(place: Place): Buffer[] {
  const records = [{ key: Buffer.from('k0'), value: Buffer.from('old') }, ...values(8, 400_000)];
  return [buildBatch(records, { ...place, timestamp: 1 }, crc32c)];
}

function small(place: Place): Buffer[] {
  return Array.from({ length: 3000 }, (_, i) =>
    buildBatch(values(1, 10), { ...place, baseOffset: place.baseOffset + i, timestamp: 1 }, crc32c),
  );
}

/** What can't be compressed further, with a tombstone: it gets a delete horizon. */
function compressed(place: Place): Buffer[] {
  const noise = Buffer.from(
    Array.from({ length: 1_500_000 }, (_, i) => (Math.imul(i ^ (i >>> 7), 0x9e3779b1) >>> 13) & 0xff),
  );
  const records = encodeRecords(
    [
      { key: Buffer.from('a'), value: noise },
      { key: Buffer.from('b'), value: null },
    ],
    1,
  );
  return [buildCompressedBatch(records, gzipSync(records.bytes), { ...place, codec: 1 }, crc32c)];
}

/** Most batches and bytes that were summed up between two looks at the clock while the log was cleaned. */
function busiest(world: LogWorld): { batches: number; bytes: number; summedBytes: number } {
  const busiest = { batches: 0, bytes: 0, summedBytes: 0 };
  const since = { batches: 0, bytes: 0 };
  const { time } = world;
  const monotonicMs = time.monotonicMs.bind(time);
  time.monotonicMs = () => {
    since.batches = 0;
    since.bytes = 0;
    return monotonicMs();
  };
  world.crc32cForServer = (bytes, start, end, before) => {
    since.batches += 1;
    since.bytes += end - start;
    busiest.summedBytes += end - start;
    busiest.batches = Math.max(busiest.batches, since.batches);
    busiest.bytes = Math.max(busiest.bytes, since.bytes);
    return crc32c(bytes, start, end, before);
  };
  world.opened.manager.clean();
  time.settle();
  return busiest;
}

function append(world: LogWorld, log: PartitionLog, bytes: Buffer): void {
  if (log.append(bytes, { nowMs: world.time.wallMs() }) === null) throw new Error('an append was refused');
}

test.each([
  ['batches that have no keys', markers],
  ['small batches', small],
  ['a large batch', plain],
  ['a large compressed batch', compressed],
])('the cleaner looks at the clock after little work with %s', (_what, make) => {
  const cleaner = { ...DEFAULT_CLEANER_CONFIG, backoffMs: 1e9, ioBufferBytes: 16_000_000 };
  const world = new LogWorld(1, { cleaner: () => cleaner });
  world.start();
  const log = world.createOne(TABLE);
  for (const bytes of make({ baseOffset: 0, leaderEpoch: 0 })) append(world, log, bytes);
  // So large that it begins a segment.
  const last = { baseOffset: log.logEndOffset, leaderEpoch: 0, timestamp: 1 };
  append(world, log, buildBatch(values(1, TABLE.config.segmentBytes), last, crc32c));
  world.time.settle();
  log.setHighWatermark(log.logEndOffset);
  const sizeBefore = log.sizeInBytes;
  const { batches, bytes, summedBytes } = busiest(world);
  expect(world.opened.manager.stats().cleaner.cleanedCount).toBe(1);
  expect(summedBytes).toBeGreaterThan(sizeBefore - TABLE.config.segmentBytes);
  expect(batches).toBeLessThanOrEqual(BATCHES_MAX);
  expect(bytes).toBeLessThanOrEqual(BYTES_MAX);
});
