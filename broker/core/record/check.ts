import type { Buffer } from 'node:buffer';
import type { Crc32c } from '../base/checksum.ts';
import * as batch from './batch.ts';

/**
 * What is wrong with a batch, apart from the rules for clients:
 * `incomplete` the buffer ends before the batch does (a torn tail, or a view that was cut);
 * `length` the length field is smaller than a header; `magic` not format v2; `checksum` the CRC does not match;
 * `fields` header fields that no writer produces, or that exceed ±2^53 (B5).
 */
export type BatchFault = 'incomplete' | 'length' | 'magic' | 'checksum' | 'fields';

/** Bytes from which length and magic can be read. */
export const SIZE_UP_TO_MAGIC = 17;

/**
 * Finds the size of the batch at `pos` from its first 17 bytes without reading the rest, for a walk over `buf[pos, end)`.
 * Gives the size in bytes (≥ 61) or the fault; a batch that ends behind `end` is `incomplete`.
 */
export function frameBatch(buf: Buffer, pos: number, end: number): number | BatchFault {
  if (end - pos < SIZE_UP_TO_MAGIC) return 'incomplete';
  const size = batch.sizeInBytes(buf, pos);
  if (size < batch.HEADER_SIZE) return 'length';
  if (batch.magic(buf, pos) !== batch.MAGIC) return 'magic';
  return size > end - pos ? 'incomplete' : size;
}

/** True when the header's numbers are exact and can come from a correct writer, whether or not it was compacted since. */
export function hasSoundFields(buf: Buffer, pos: number): boolean {
  const lastOffsetDelta = batch.lastOffsetDelta(buf, pos);
  const recordCount = batch.recordCount(buf, pos);
  return (
    batch.baseOffset(buf, pos) >= 0 &&
    Number.isSafeInteger(batch.nextOffset(buf, pos)) &&
    lastOffsetDelta >= 0 &&
    recordCount >= 0 &&
    recordCount - 1 <= lastOffsetDelta &&
    !Number.isNaN(batch.baseTimestamp(buf, pos)) &&
    !Number.isNaN(batch.maxTimestamp(buf, pos)) &&
    !Number.isNaN(batch.producerId(buf, pos))
  );
}

/**
 * Checks the batch at `pos` of `buf[pos, end)` as recovery and followers do: framing, CRC, sound header. Null when it is
 * whole and sound, else the fault. Behind a null every accessor of batch.ts is exact.
 */
export function checkBatch(buf: Buffer, pos: number, end: number, crc32c: Crc32c): BatchFault | null {
  const size = frameBatch(buf, pos, end);
  if (typeof size === 'string') return size;
  if (batch.computeCrc(buf, pos, crc32c) !== batch.crc(buf, pos)) return 'checksum';
  return hasSoundFields(buf, pos) ? null : 'fields';
}
