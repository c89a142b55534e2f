import { Buffer } from 'node:buffer';
import zlib from 'node:zlib';
import { compressFrameSync, decompressFrameSync } from 'lz4-napi';
import { compressSync as snappySync, uncompressSync as unsnappySync } from 'snappy';
import * as batch from '../../../broker/core/record/batch.ts';
import { buildCompressedBatch, encodeRecords, type NewRecord } from '../../../broker/core/record/builder.ts';
import type { Codec } from '../../../broker/core/record/validate.ts';
import { crc32c } from '../../../broker/io/crc32c.ts';

/** The codecs by their names in settings. */
export const CODECS: readonly (readonly [string, Codec])[] = [
  ['uncompressed', 0],
  ['gzip', 1],
  ['snappy', 2],
  ['lz4', 3],
  ['zstd', 4],
];

const XERIAL = Buffer.from('82534e41505059000000000100000001', 'hex');

/** Snappy as the Java client frames it: blocks of 32 KiB. */
export function xerial(bytes: Uint8Array): Buffer {
  const parts: Buffer[] = [XERIAL];
  for (let at = 0; at < bytes.length; at += 32_768) {
    const block = snappySync(bytes.subarray(at, at + 32_768));
    const length = Buffer.alloc(4);
    length.writeInt32BE(block.length);
    parts.push(length, block);
  }
  return Buffer.concat(parts);
}

function unxerial(bytes: Buffer): Buffer {
  const parts: Buffer[] = [];
  for (let at = XERIAL.length; at < bytes.length; ) {
    const end = at + 4 + bytes.readInt32BE(at);
    parts.push(Buffer.from(unsnappySync(bytes.subarray(at + 4, end))));
    at = end;
  }
  return Buffer.concat(parts);
}

/** Each codec as clients send it. */
export const PACK: Readonly<Record<Codec, (bytes: Uint8Array) => Buffer>> = {
  0: (bytes) => Buffer.from(bytes),
  1: (bytes) => zlib.gzipSync(bytes),
  2: xerial,
  3: (bytes) => compressFrameSync(Buffer.from(bytes)),
  4: (bytes) => zlib.zstdCompressSync(bytes),
};

/** Each codec as a broker stores it. */
export const UNPACK: Readonly<Record<Codec, (bytes: Buffer) => Buffer>> = {
  0: (bytes) => bytes,
  1: (bytes) => zlib.gunzipSync(bytes),
  2: (bytes) =>
    bytes.subarray(0, 8).equals(XERIAL.subarray(0, 8)) ? unxerial(bytes) : Buffer.from(unsnappySync(bytes)),
  3: (bytes) => decompressFrameSync(bytes),
  4: (bytes) => zlib.zstdDecompressSync(bytes),
};

/** A record with text key and value. */
export function record(key: string | null, value: string, timestamp: number): NewRecord {
  return { key: key === null ? null : Buffer.from(key), value: Buffer.from(value), timestamp };
}

/** What a batch says of itself besides its records. */
export interface Shape {
  readonly codec: Codec;
  readonly producerId?: number;
  readonly producerEpoch?: number;
  readonly baseSequence?: number;
  /** In place of the compressed records. */
  readonly payload?: Buffer;
}

/** A batch as a client sends it. */
export function batchOf(records: readonly NewRecord[], { codec, payload, ...producer }: Shape): Buffer {
  const encoded = encodeRecords(records, 0);
  return buildCompressedBatch(encoded, payload ?? PACK[codec](encoded.bytes), { codec, ...producer }, crc32c);
}

/** The batch after a change of its bytes, sealed again. */
export function changed(bytes: Buffer, change: (bytes: Buffer) => void): Buffer {
  change(bytes);
  bytes.writeUInt32BE(batch.computeCrc(bytes, 0, crc32c), 17);
  return bytes;
}
