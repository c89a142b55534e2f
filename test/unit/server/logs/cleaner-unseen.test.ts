import { Buffer } from 'node:buffer';
import { gunzipSync, gzipSync } from 'node:zlib';
import { describe, expect, test } from '@jest/globals';
import { type CleanerConfig, DEFAULT_CLEANER_CONFIG } from '../../../../broker/core/log/cleaner-config.ts';
import * as batch from '../../../../broker/core/record/batch.ts';
import {
  buildBatch,
  buildCompressedBatch,
  encodeRecords,
  type NewRecord,
} from '../../../../broker/core/record/builder.ts';
import { readRecords } from '../../../../broker/core/record/iterate.ts';
import { crc32c } from '../../../../broker/io/crc32c.ts';
import type { CleanerStats } from '../../../../broker/server/logs/cleaner.ts';
import type { LogSpec, PartitionLog } from '../../../../broker/server/logs/partition-log.ts';
import { LogWorld, spec } from '../../../support/logs/log-world.ts';

const RETENTION_MS = 60_000;
const LARGE_BYTES = 10_000;

const tableOf = (topic: string): LogSpec =>
  spec(topic, {
    segmentBytes: 2000,
    retentionMs: -1,
    deletePolicy: false,
    compactPolicy: true,
    minCleanableDirtyRatio: 0,
    deleteRetentionMs: RETENTION_MS,
  });

function build(change: Partial<CleanerConfig> = {}): LogWorld {
  const world = new LogWorld(1, { cleaner: () => ({ ...DEFAULT_CLEANER_CONFIG, backoffMs: 1e9, ...change }) });
  world.start();
  return world;
}

/** `key=value`, or `key` alone for a tombstone. */
function recordOf(text: string): NewRecord {
  const [key = '', value] = text.split('=');
  return { key: Buffer.from(key), value: value === undefined ? null : Buffer.from(value) };
}

function append(
  world: LogWorld,
  log: PartitionLog,
  make: (place: { baseOffset: number; leaderEpoch: number }) => Buffer,
): void {
  const nowMs = Math.floor(world.time.wallMs());
  if (log.append(make({ baseOffset: log.logEndOffset, leaderEpoch: 0 }), { nowMs }) === null)
    throw new Error('refused');
}

function write(world: LogWorld, log: PartitionLog, ...texts: readonly string[]): void {
  append(world, log, (place) => buildBatch(texts.map(recordOf), { ...place, timestamp: 1 }, crc32c));
}

/** The same records compressed; `spoil` may change the compressed form. */
function writeCompressed(
  world: LogWorld,
  log: PartitionLog,
  texts: readonly string[],
  spoil: (payload: Buffer) => Buffer = (payload) => payload,
): void {
  const encoded = encodeRecords(texts.map(recordOf), 1);
  append(world, log, (place) =>
    buildCompressedBatch(encoded, spoil(gzipSync(encoded.bytes)), { ...place, codec: 1 }, crc32c),
  );
}

/** Begins a segment, and lets all that was appended be cleaned. */
function seal(world: LogWorld, log: PartitionLog): void {
  write(world, log, `end=${'e'.repeat(log.sizeInBytes === 0 ? 10 : 2500)}`);
  world.time.settle();
  log.setHighWatermark(log.logEndOffset);
}

function clean(world: LogWorld): CleanerStats {
  world.opened.manager.clean();
  world.time.advance(5000);
  return world.opened.manager.stats().cleaner;
}

/** What a reader finds, `offset key=value`; a batch that can't be decompressed by its offsets. */
function recordsIn(world: LogWorld, log: PartitionLog): string[] {
  const { chunks } = world.wait<{ chunks: readonly Uint8Array[] }>((done) =>
    log.read({ fetchOffset: 0, maxBytes: 1e6, minOneBatch: true, endOffset: log.logEndOffset - 1 }, done),
  );
  return chunks.flatMap((chunk) => {
    const buf = batch.bufferOf(chunk);
    const found: string[] = [];
    for (let pos = 0; pos < buf.length; pos += batch.sizeInBytes(buf, pos)) found.push(...textsAt(buf, pos));
    return found;
  });
}

function textsAt(buf: Buffer, pos: number): string[] {
  let plain: Buffer | null = null;
  if (batch.compressionCodec(buf, pos) !== 0) {
    try {
      plain = gunzipSync(buf.subarray(pos + batch.HEADER_SIZE, pos + batch.sizeInBytes(buf, pos)));
    } catch {
      return [`${batch.baseOffset(buf, pos)}-${batch.lastOffset(buf, pos)} unreadable`];
    }
  }
  return (readRecords(buf, pos, plain) ?? []).map(({ offset, key, value }) => {
    const text = value?.toString().slice(0, 4);
    return `${offset} ${String(key)}${text === undefined ? '' : `=${text}`}`;
  });
}

const torn = (payload: Buffer): Buffer => payload.subarray(0, payload.length - 9);
const UNSEEN = expect.stringContaining('cannot be looked into: they are kept as they are');

describe('a batch of a compacted log that cannot be looked into', () => {
  test.each([
    ['inflates to too much', undefined, ['1 a=2', '2 b=2', '3 c=2']],
    ['cannot be decompressed', torn, ['1-3 unreadable']],
  ])('because it %s is kept, nothing that it hides comes back, and the rest is cleaned', (_why, spoil, kept) => {
    const table = tableOf('table');
    const world = build();
    world.plainBytesMax = LARGE_BYTES;
    const warnings: string[] = [];
    world.onWarning = (message) => warnings.push(message);
    const log = world.createOne(table);
    write(world, log, 'a=1');
    writeCompressed(world, log, ['a=2', 'b=2', `c=2${'.'.repeat(LARGE_BYTES)}`], spoil);
    write(world, log, 'a', 'b=3', 'd=3');
    write(world, log, 'd');
    seal(world, log);
    expect(clean(world)).toMatchObject({ cleanedCount: 1, uncleanableCount: 0 });
    const after = [...kept.map((text) => text.slice(0, 14)), '4 a', '5 b=3', '7 d'];
    const read = () => recordsIn(world, log).map((text) => text.replace(/\.+$/, ''));
    expect(read()).toEqual(after);
    expect(warnings).toEqual([UNSEEN]);
    // Without its tombstone the value of `a` that the batch may hold would be the last one again.
    world.time.advance(2 * RETENTION_MS);
    seal(world, log);
    expect(clean(world)).toMatchObject({ cleanedCount: 2, uncleanableCount: 0 });
    expect(read().slice(0, after.length)).toEqual(after);
  });

  test('lets tombstones go that stand before it', () => {
    const world = build();
    world.plainBytesMax = LARGE_BYTES;
    const log = world.createOne(tableOf('table'));
    write(world, log, 'a=1', 'x=1');
    write(world, log, 'a', 'y=1');
    writeCompressed(world, log, [`c=2${'.'.repeat(LARGE_BYTES)}`]);
    for (let i = 0; i < 2; i++) {
      seal(world, log);
      clean(world);
      world.time.advance(2 * RETENTION_MS);
    }
    expect(recordsIn(world, log).slice(0, 3)).toEqual(['1 x=1', '3 y=1', '4 c=2...']);
  });

  test('whose records are no records ends the cleaning of its log, loudly, and nothing is written again', () => {
    const world = build();
    const errors: string[] = [];
    world.onError = (message) => errors.push(message);
    const log = world.createOne(tableOf('table'));
    write(world, log, 'a=1');
    write(world, log, 'a=2');
    writeCompressed(world, log, ['b=2'], () => gzipSync(Buffer.from('no records at all')));
    seal(world, log);
    expect(clean(world)).toMatchObject({ cleanedCount: 0, uncleanableCount: 1 });
    expect(errors).toEqual([expect.stringContaining('is not compacted any more')]);
    expect(recordsIn(world, log)).toEqual(['0 a=1', '1 a=2']);
  });
});

test('two cleanings hold the plain records of one batch at a time, until its new form is there', () => {
  const world = build({ threads: 2 });
  const tables = ['one', 'two'].map(tableOf);
  const logs = world.create(...tables);
  for (const log of logs) {
    for (let i = 0; i < 5; i++) writeCompressed(world, log, ['a=1', `b${i}=1`]);
    seal(world, log);
  }
  const events: string[] = [];
  world.onCodec = (what) => events.push(what);
  expect(clean(world)).toMatchObject({ cleanedCount: 2, uncleanableCount: 0 });
  for (const log of logs) expect(recordsIn(world, log)).toHaveLength(6);
  // Each batch is looked into twice; four of each log lose a record.
  expect(events.filter((what) => what === 'decompress')).toHaveLength(20);
  expect(events.join(' ').match(/decompress compress compressed/g)).toHaveLength(8);
});
