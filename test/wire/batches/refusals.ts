import { Buffer } from 'node:buffer';
import zlib from 'node:zlib';
import { compressFrameSync } from 'lz4-napi';
import { compressSync as snappySync } from 'snappy';
import { writeInt64 } from '../../../broker/core/base/int64.ts';
import { encodeRecords } from '../../../broker/core/record/builder.ts';
import type { Codec } from '../../../broker/core/record/validate.ts';
import { batchOf, changed, PACK, record, xerial } from './samples.ts';

/** One odd batch, and what a broker makes of it. */
export interface OddBatch {
  readonly name: string;
  readonly configs: Readonly<Record<string, string>>;
  readonly version?: number;
  readonly bytes: (nowMs: number) => Buffer;
  /** The error, with the indexes of records refused one by one; NONE: it is stored. */
  readonly expect: string;
  /** The topic has a setting that Apache Kafka 4.3 does not know. */
  readonly isOfKafka44?: boolean;
  /** Where Apache Kafka answers something else: what, and why Weir does not. */
  readonly kafka?: { readonly expect: string; readonly why: string };
}

const FULL = { 'cleanup.policy': 'compact' };
const HOUR_MS = 3_600_000;

const three = (nowMs: number) => [
  record('a', 'one', nowMs - 2),
  record('b', 'two', nowMs - 1),
  record('c', 'three', nowMs),
];
const plainOf = (nowMs: number): Buffer => encodeRecords(three(nowMs), 0).bytes;
const UNREADABLE = {
  expect: 'UNKNOWN_SERVER_ERROR',
  why: 'Kafka lets the failure of its codec through; what the producer sent is an invalid record',
};
const BELIEVED = { why: 'by default Weir keeps compressed records unseen (weir.validate.compressed=header)' };

const names = ['', 'gzip', 'snappy', 'lz4', 'zstd'];
const codecs = [1, 2, 3, 4] as const;

/** Records that are not what the batch announces. */
const unreadable = (codec: Codec): readonly OddBatch[] => [
  {
    name: `${names[codec]}: the payload is cut off`,
    configs: FULL,
    bytes: (now) => batchOf(three(now), { codec, payload: PACK[codec](plainOf(now)).subarray(0, -6) }),
    expect: 'INVALID_RECORD',
    kafka: UNREADABLE,
  },
  {
    name: `${names[codec]}: the payload is noise`,
    configs: FULL,
    bytes: (now) => batchOf(three(now), { codec, payload: Buffer.from('this is no stream of any codec') }),
    expect: 'INVALID_RECORD',
    kafka: UNREADABLE,
  },
  {
    name: `${names[codec]}: the payload is noise and nobody looks`,
    configs: {},
    bytes: (now) => batchOf(three(now), { codec, payload: Buffer.from('this is no stream of any codec') }),
    expect: 'NONE',
    kafka: { expect: 'UNKNOWN_SERVER_ERROR', ...BELIEVED },
  },
  {
    name: `${names[codec]}: the payload is empty`,
    configs: FULL,
    bytes: (now) => batchOf(three(now), { codec, payload: Buffer.alloc(0) }),
    expect: 'INVALID_RECORD',
    ...(codec === 4 ? {} : { kafka: UNREADABLE }),
  },
  {
    name: `${names[codec]}: fewer records than announced`,
    configs: FULL,
    bytes: (now) =>
      changed(batchOf(three(now), { codec }), (bytes) => {
        bytes.writeInt32BE(4, 23);
        bytes.writeInt32BE(5, 57);
      }),
    expect: 'INVALID_RECORD',
  },
  {
    name: `${names[codec]}: more records than announced`,
    configs: FULL,
    bytes: (now) =>
      changed(batchOf(three(now), { codec }), (bytes) => {
        bytes.writeInt32BE(1, 23);
        bytes.writeInt32BE(2, 57);
      }),
    expect: 'INVALID_RECORD',
  },
];

/** Records that a rule of the topic refuses. */
const againstRules = (codec: Codec): readonly OddBatch[] => [
  {
    name: `${names[codec]}: a record without a key in a compacted topic`,
    configs: FULL,
    bytes: (now) => batchOf([record('a', '1', now), record(null, '2', now), record(null, '3', now)], { codec }),
    expect: 'INVALID_RECORD 1,2',
  },
  {
    name: `${names[codec]}: an inner record is older than the bound, the first and the last are not`,
    configs: { 'message.timestamp.before.max.ms': '60000' },
    bytes: (now) => batchOf([record('a', '1', now), record('b', '2', now - HOUR_MS), record('c', '3', now)], { codec }),
    expect: 'INVALID_TIMESTAMP 1',
  },
  {
    name: `${names[codec]}: an inner record is ahead of the bound, the header says it is not`,
    configs: { 'message.timestamp.after.max.ms': '60000' },
    bytes: (now) =>
      changed(batchOf([record('a', '1', now), record('b', '2', now + HOUR_MS)], { codec }), (bytes) =>
        writeInt64(bytes, 35, now),
      ),
    expect: 'INVALID_TIMESTAMP 1',
  },
  {
    name: `${names[codec]}: a record two hours ahead`,
    configs: {},
    bytes: (now) => batchOf([record('a', '1', now), record('b', '2', now + 2 * HOUR_MS)], { codec }),
    expect: 'INVALID_TIMESTAMP',
    kafka: { expect: 'INVALID_TIMESTAMP 1', why: 'judged by the header, which names no record' },
  },
];

/** Batches that a rule of the topic refuses, or does not. */
const againstLimits = (codec: Codec): readonly OddBatch[] => [
  {
    name: `${names[codec]}: old records under LogAppendTime`,
    configs: { 'message.timestamp.type': 'LogAppendTime', 'message.timestamp.before.max.ms': '60000' },
    bytes: (now) => batchOf([record('a', '1', now - HOUR_MS), record('b', '2', now + 2 * HOUR_MS)], { codec }),
    expect: 'NONE',
  },
  {
    name: `${names[codec]}: the producer sets LogAppendTime`,
    configs: {},
    bytes: (now) => changed(batchOf(three(now), { codec }), (bytes) => bytes.writeUInt16BE(codec | 8, 21)),
    expect: 'INVALID_TIMESTAMP',
    kafka: {
      expect: 'NONE',
      why: 'Kafka clears the flag; a producer that sets it means something that will not happen',
    },
  },
  {
    name: `${names[codec]}: a record is over max.decompressed.message.bytes`,
    configs: { 'max.decompressed.message.bytes': '100' },
    bytes: (now) => batchOf([record('a', 'x', now), record('b', 'x'.repeat(200), now)], { codec }),
    expect: 'INVALID_RECORD',
    isOfKafka44: true,
  },
  {
    name: `${names[codec]}: decompressed it is over max.message.bytes`,
    configs: { 'compression.type': 'uncompressed', 'max.message.bytes': '2000' },
    bytes: (now) => batchOf([record('a', 'x'.repeat(10_000), now)], { codec }),
    expect: 'MESSAGE_TOO_LARGE',
  },
  {
    name: `${names[codec]}: a large batch becomes small, and still was too large`,
    configs: { 'compression.type': names[codec] ?? '', 'max.message.bytes': '2000' },
    bytes: (now) => batchOf([record('a', 'x'.repeat(10_000), now)], { codec: 0 }),
    expect: 'MESSAGE_TOO_LARGE',
  },
  {
    name: `${names[codec]}: inner offsets with a gap`,
    configs: FULL,
    bytes: (now) => {
      const plain = plainOf(now);
      // The offset delta of the second record: its length, attributes and time delta come before it.
      const second = 1 + (plain.readUInt8(0) >>> 1);
      plain.writeUInt8(4, second + 3);
      return batchOf(three(now), { codec, payload: PACK[codec](plain) });
    },
    expect: 'INVALID_RECORD',
    kafka: {
      expect: 'UNKNOWN_SERVER_ERROR',
      why: 'Kafka tries to renumber them and fails at it',
    },
  },
];

/** Batches that a client library would not send, or that a topic's rules refuse. */
export const ODD_BATCHES: readonly OddBatch[] = [
  ...codecs.flatMap((codec) => [...unreadable(codec), ...againstRules(codec), ...againstLimits(codec)]),
  {
    name: 'zstd in Produce 6',
    configs: {},
    version: 6,
    bytes: (now) => batchOf(three(now), { codec: 4 }),
    expect: 'UNSUPPORTED_COMPRESSION_TYPE',
  },
  {
    name: 'zstd in Produce 7',
    configs: {},
    version: 7,
    bytes: (now) => batchOf(three(now), { codec: 4 }),
    expect: 'NONE',
  },
  {
    name: 'gzip: two members',
    configs: FULL,
    bytes: (now) => {
      const plain = plainOf(now);
      const payload = Buffer.concat([zlib.gzipSync(plain.subarray(0, 9)), zlib.gzipSync(plain.subarray(9))]);
      return batchOf(three(now), { codec: 1, payload });
    },
    expect: 'NONE',
  },
  {
    name: 'gzip: a wrong checksum',
    configs: FULL,
    bytes: (now) => {
      const payload = zlib.gzipSync(plainOf(now));
      payload.writeUInt8(payload.readUInt8(payload.length - 6) ^ 1, payload.length - 6);
      return batchOf(three(now), { codec: 1, payload });
    },
    expect: 'INVALID_RECORD',
    kafka: UNREADABLE,
  },
  {
    name: 'zstd: two frames',
    configs: FULL,
    bytes: (now) => {
      const plain = plainOf(now);
      const payload = Buffer.concat([
        zlib.zstdCompressSync(plain.subarray(0, 9)),
        zlib.zstdCompressSync(plain.subarray(9)),
      ]);
      return batchOf(three(now), { codec: 4, payload });
    },
    expect: 'NONE',
  },
  {
    name: 'zstd: bytes behind the frame',
    configs: FULL,
    bytes: (now) =>
      batchOf(three(now), {
        codec: 4,
        payload: Buffer.concat([zlib.zstdCompressSync(plainOf(now)), Buffer.from('more')]),
      }),
    expect: 'INVALID_RECORD',
    kafka: UNREADABLE,
  },
  {
    name: 'snappy without framing',
    configs: FULL,
    bytes: (now) => batchOf(three(now), { codec: 2, payload: snappySync(plainOf(now)) }),
    expect: 'NONE',
  },
  {
    name: 'snappy in blocks',
    configs: FULL,
    bytes: (now) => {
      const many = [record('a', 'x'.repeat(100_000), now)];
      return batchOf(many, { codec: 2, payload: xerial(encodeRecords(many, 0).bytes) });
    },
    expect: 'NONE',
  },
  {
    name: 'lz4: checksums of blocks and content',
    configs: FULL,
    bytes: (now) =>
      batchOf(three(now), {
        codec: 3,
        payload: compressFrameSync(plainOf(now), { blockChecksums: true, contentChecksum: true }),
      }),
    expect: 'NONE',
  },
  {
    name: 'lz4: a wrong checksum of a block',
    configs: FULL,
    bytes: (now) => {
      const payload = compressFrameSync(plainOf(now), { blockChecksums: true });
      payload.writeUInt8(payload.readUInt8(payload.length - 5) ^ 1, payload.length - 5);
      return batchOf(three(now), { codec: 3, payload });
    },
    expect: 'INVALID_RECORD',
    kafka: UNREADABLE,
  },
  {
    name: 'lz4: blocks that need the ones before',
    configs: FULL,
    bytes: (now) => {
      const payload = compressFrameSync(plainOf(now));
      // The header's checksum for linked blocks of 64 KiB.
      payload.writeUInt8(0x40, 4);
      payload.writeUInt8(0xc0, 6);
      return batchOf(three(now), { codec: 3, payload });
    },
    expect: 'INVALID_RECORD',
    kafka: UNREADABLE,
  },
];
