import { Buffer } from 'node:buffer';
import { crc32 } from 'node:zlib';
import * as batch from '../../../broker/core/record/batch.ts';
import { type BatchOptions, buildBatch, type NewRecord } from '../../../broker/core/record/builder.ts';
import { crc32c } from '../../../broker/io/crc32c.ts';

/** Time of the first record of the prepared topics, ms: long ago, so that a broker's own clock can be told from it. */
export const T0 = 1_000_000_000_000;

/** `count` small records, one ms apart. */
export function numbered(count: number, at = T0): NewRecord[] {
  return Array.from({ length: count }, (_, index) => ({
    key: Buffer.from(`key-${index}`),
    value: Buffer.from(`value-${index}`),
    timestamp: at + index,
  }));
}

/** A right batch of format version 2. */
export function batchOf(records: readonly NewRecord[], options: BatchOptions = {}): Buffer {
  return buildBatch(records, { timestamp: T0, ...options }, crc32c);
}

/** A batch of `count` numbered records. */
export function batchOfCount(count: number, options: BatchOptions = {}): Buffer {
  return batchOf(numbered(count), options);
}

/** What may be wrong with a batch; positions are those of the format. */
export interface Spoil {
  readonly length?: number;
  readonly magic?: number;
  readonly attributes?: number;
  readonly lastOffsetDelta?: number;
  readonly baseTimestamp?: bigint;
  readonly maxTimestamp?: bigint;
  readonly producerId?: bigint;
  readonly recordCount?: number;
  readonly baseOffset?: bigint;
  /** Written over the CRC; left out, the CRC is that of the spoiled bytes. */
  readonly crc?: number;
}

/** A copy of a batch with some header fields written over and, unless it is spoiled too, a CRC that fits. */
export function spoiled(good: Buffer, spoil: Spoil): Buffer {
  const buf = Buffer.from(good);
  if (spoil.attributes !== undefined) buf.writeInt16BE(spoil.attributes, 21);
  if (spoil.lastOffsetDelta !== undefined) buf.writeInt32BE(spoil.lastOffsetDelta, 23);
  if (spoil.baseTimestamp !== undefined) buf.writeBigInt64BE(spoil.baseTimestamp, 27);
  if (spoil.maxTimestamp !== undefined) buf.writeBigInt64BE(spoil.maxTimestamp, 35);
  if (spoil.producerId !== undefined) buf.writeBigInt64BE(spoil.producerId, 43);
  if (spoil.recordCount !== undefined) buf.writeInt32BE(spoil.recordCount, 57);
  buf.writeUInt32BE(spoil.crc ?? batch.computeCrc(buf, 0, crc32c), 17);
  if (spoil.baseOffset !== undefined) buf.writeBigInt64BE(spoil.baseOffset, 0);
  if (spoil.magic !== undefined) buf.writeInt8(spoil.magic, 16);
  if (spoil.length !== undefined) buf.writeInt32BE(spoil.length, 8);
  return buf;
}

/** One message of the formats before version 2: offset, size, CRC-32, magic, attributes, time (version 1), key and value. */
export function oldMessage(magic: 0 | 1, value: string, attributes = 0): Buffer {
  const key = Buffer.from('key');
  const body = Buffer.from(value);
  const time = Buffer.alloc(magic === 1 ? 8 : 0);
  if (magic === 1) time.writeBigInt64BE(BigInt(T0));
  const sized = (bytes: Buffer): Buffer => {
    const size = Buffer.alloc(4);
    size.writeInt32BE(bytes.length);
    return Buffer.concat([size, bytes]);
  };
  const covered = Buffer.concat([Buffer.from([magic, attributes]), time, sized(key), sized(body)]);
  const checksum = Buffer.alloc(4);
  checksum.writeUInt32BE(crc32(covered));
  return Buffer.concat([Buffer.alloc(8), sized(Buffer.concat([checksum, covered]))]);
}
