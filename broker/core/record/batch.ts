import { Buffer } from 'node:buffer';
import type { Crc32c } from '../base/checksum.ts';
import { readInt64, writeInt64 } from '../base/int64.ts';

/** Size in bytes of a batch header, magic 2; the records (maybe compressed) follow it. */
export const HEADER_SIZE = 61;
/** Size in bytes of the base offset and the length field, which the length does not count. */
export const LENGTH_OVERHEAD = 12;
/** The only batch format that Weir keeps: version 2, KIP-98. */
export const MAGIC = 2;
/** Where the CRC begins to cover the batch: from the attributes to the end (not base offset, length, leader epoch). */
export const CRC_START = 21;
/** The batch's `producerId`, `producerEpoch` and `baseSequence` when no idempotent producer wrote it. */
export const NO_PRODUCER_ID = -1;
/** `timestamp` of a record that has none. */
export const NO_TIMESTAMP = -1;
/** Sequence numbers wrap to 0 after this one. */
export const SEQUENCE_MAX = 0x7fff_ffff;

/** Bits of the attributes field. Bits 0–2 hold the compression codec. */
export const ATTRIBUTE = {
  codecMask: 0x07,
  logAppendTime: 0x08,
  transactional: 0x10,
  control: 0x20,
  deleteHorizon: 0x40,
} as const;

const AT = {
  length: 8,
  leaderEpoch: 12,
  magic: 16,
  crc: 17,
  attributes: 21,
  lastOffsetDelta: 23,
  baseTimestamp: 27,
  maxTimestamp: 35,
  producerId: 43,
  producerEpoch: 51,
  baseSequence: 53,
  recordCount: 57,
} as const;

// All accessors read the batch that begins at `pos`; 61 bytes must be there. int64 fields are exact or NaN (B5):
// `checkBatch` refuses a batch with an unsafe one, so that behind it every accessor is exact.

/** A view of the same bytes with Buffer's accessors; nothing is copied. */
export function bufferOf(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
/** Offset of the first record the batch was written with (compaction may have removed it since). */
export function baseOffset(buf: Buffer, pos: number): number {
  return readInt64(buf, pos);
}
/** The length field: bytes that follow it, ≥ 49 in a valid batch. */
export function batchLength(buf: Buffer, pos: number): number {
  return buf.readInt32BE(pos + AT.length);
}
/** Whole size in bytes, header included. */
export function sizeInBytes(buf: Buffer, pos: number): number {
  return LENGTH_OVERHEAD + batchLength(buf, pos);
}
/** Epoch of the leader that appended the batch, −1 when unknown (as a client sends it). */
export function partitionLeaderEpoch(buf: Buffer, pos: number): number {
  return buf.readInt32BE(pos + AT.leaderEpoch);
}
/** Version of the format; 2 in everything that is stored. */
export function magic(buf: Buffer, pos: number): number {
  return buf.readInt8(pos + AT.magic);
}
/** CRC-32C from the attributes to the end, as an unsigned number. */
export function crc(buf: Buffer, pos: number): number {
  return buf.readUInt32BE(pos + AT.crc);
}
/** The attributes field, see `ATTRIBUTE`. */
export function attributes(buf: Buffer, pos: number): number {
  return buf.readUInt16BE(pos + AT.attributes);
}
/** Compression codec, 0–7; 5 to 7 are not assigned. */
export function compressionCodec(buf: Buffer, pos: number): number {
  return attributes(buf, pos) & ATTRIBUTE.codecMask;
}
/** True when every record's time is the batch's max timestamp (`message.timestamp.type=LogAppendTime`). */
export function isLogAppendTime(buf: Buffer, pos: number): boolean {
  return (attributes(buf, pos) & ATTRIBUTE.logAppendTime) !== 0;
}
/** True for a batch of a transaction, its markers included. */
export function isTransactional(buf: Buffer, pos: number): boolean {
  return (attributes(buf, pos) & ATTRIBUTE.transactional) !== 0;
}
/** True for a batch of control records (commit, abort, …), which consumers never see. */
export function isControl(buf: Buffer, pos: number): boolean {
  return (attributes(buf, pos) & ATTRIBUTE.control) !== 0;
}
/** True when the base timestamp holds the delete horizon (KIP-534) in place of the first record's time. */
export function hasDeleteHorizon(buf: Buffer, pos: number): boolean {
  return (attributes(buf, pos) & ATTRIBUTE.deleteHorizon) !== 0;
}
/** Distance from the base offset to the last offset that the batch was written with, ≥ 0. */
export function lastOffsetDelta(buf: Buffer, pos: number): number {
  return buf.readInt32BE(pos + AT.lastOffsetDelta);
}
/** Last offset that the batch stands for. */
export function lastOffset(buf: Buffer, pos: number): number {
  return baseOffset(buf, pos) + lastOffsetDelta(buf, pos);
}
/** Offset that the next batch of the log has to begin at or after. */
export function nextOffset(buf: Buffer, pos: number): number {
  return lastOffset(buf, pos) + 1;
}
/** Base of the records' timestamp deltas, in ms; the delete horizon when `hasDeleteHorizon`. */
export function baseTimestamp(buf: Buffer, pos: number): number {
  return readInt64(buf, pos + AT.baseTimestamp);
}
/** Largest timestamp of the batch in ms, or the append time when `isLogAppendTime`. */
export function maxTimestamp(buf: Buffer, pos: number): number {
  return readInt64(buf, pos + AT.maxTimestamp);
}
/** Id of the idempotent producer, or −1. */
export function producerId(buf: Buffer, pos: number): number {
  return readInt64(buf, pos + AT.producerId);
}
/** Epoch of the idempotent producer, or −1. */
export function producerEpoch(buf: Buffer, pos: number): number {
  return buf.readInt16BE(pos + AT.producerEpoch);
}
/** Sequence number of the first record, or −1. */
export function baseSequence(buf: Buffer, pos: number): number {
  return buf.readInt32BE(pos + AT.baseSequence);
}
/** Sequence number of the last record (wraps after 2^31 − 1), or −1. */
export function lastSequence(buf: Buffer, pos: number): number {
  const first = baseSequence(buf, pos);
  if (first < 0) return first;
  const last = first + lastOffsetDelta(buf, pos);
  return last > SEQUENCE_MAX ? last - SEQUENCE_MAX - 1 : last;
}
/** Number of records in the batch now, ≥ 0; below `lastOffsetDelta + 1` after compaction. */
export function recordCount(buf: Buffer, pos: number): number {
  return buf.readInt32BE(pos + AT.recordCount);
}

/** Gives an appended batch its place: base offset and leader epoch, in place; neither is covered by the CRC. */
export function assignOffset(buf: Buffer, pos: number, place: { baseOffset: number; leaderEpoch: number }): void {
  writeInt64(buf, pos, place.baseOffset);
  buf.writeInt32BE(place.leaderEpoch, pos + AT.leaderEpoch);
}

/** CRC-32C of the batch's covered bytes, computed. `crc32c` is handed in: cores hold no native code. */
export function computeCrc(buf: Buffer, pos: number, crc32c: Crc32c): number {
  return crc32c(buf, pos + CRC_START, pos + sizeInBytes(buf, pos));
}

/** Writes the CRC of the batch's covered bytes, `buf[pos + CRC_START, end)`, computed by the caller. */
export function assignCrc(buf: Buffer, pos: number, value: number): void {
  buf.writeUInt32BE(value, pos + AT.crc);
}

/** Sets the timestamp type and the max timestamp (ms), then the CRC, unless both already hold. */
export function assignMaxTimestamp(
  buf: Buffer,
  pos: number,
  time: { maxTimestamp: number; logAppendTime: boolean },
  crc32c: Crc32c,
): void {
  const before = attributes(buf, pos);
  const after = time.logAppendTime ? before | ATTRIBUTE.logAppendTime : before & ~ATTRIBUTE.logAppendTime;
  if (before === after && maxTimestamp(buf, pos) === time.maxTimestamp) return;
  buf.writeUInt16BE(after, pos + AT.attributes);
  writeInt64(buf, pos + AT.maxTimestamp, time.maxTimestamp);
  buf.writeUInt32BE(computeCrc(buf, pos, crc32c), pos + AT.crc);
}

/**
 * A copy of the batch at `pos` with other record bytes: the same header but for length, codec, the two times and the
 * CRC. `payload` is the same records in the form of `codec`.
 */
export function replaceRecords(
  buf: Buffer,
  pos: number,
  change: {
    readonly payload: Uint8Array;
    readonly codec: number;
    readonly maxTimestamp: number;
    readonly logAppendTime: boolean;
  },
  crc32c: Crc32c,
): Buffer {
  const copy = Buffer.alloc(HEADER_SIZE + change.payload.length);
  buf.copy(copy, 0, pos, pos + HEADER_SIZE);
  copy.set(change.payload, HEADER_SIZE);
  const kept = attributes(buf, pos) & ~(ATTRIBUTE.codecMask | ATTRIBUTE.logAppendTime);
  copy.writeInt32BE(copy.length - LENGTH_OVERHEAD, AT.length);
  copy.writeUInt16BE(kept | change.codec | (change.logAppendTime ? ATTRIBUTE.logAppendTime : 0), AT.attributes);
  writeInt64(copy, AT.maxTimestamp, change.maxTimestamp);
  copy.writeUInt32BE(computeCrc(copy, 0, crc32c), AT.crc);
  return copy;
}

/** The fields of a header to write; `batchLength` and the CRC come from the bytes. */
export interface BatchHeader {
  readonly baseOffset: number;
  readonly leaderEpoch: number;
  readonly attributes: number;
  readonly lastOffsetDelta: number;
  readonly baseTimestamp: number;
  readonly maxTimestamp: number;
  readonly producerId: number;
  readonly producerEpoch: number;
  readonly baseSequence: number;
  readonly recordCount: number;
}

/** Writes the header of the batch in `buf[pos, end)`, whose records are there already, and seals it with its CRC. */
export function writeHeader(buf: Buffer, pos: number, end: number, header: BatchHeader, crc32c: Crc32c): void {
  writeInt64(buf, pos, header.baseOffset);
  buf.writeInt32BE(end - pos - LENGTH_OVERHEAD, pos + AT.length);
  buf.writeInt32BE(header.leaderEpoch, pos + AT.leaderEpoch);
  buf.writeInt8(MAGIC, pos + AT.magic);
  buf.writeUInt16BE(header.attributes, pos + AT.attributes);
  buf.writeInt32BE(header.lastOffsetDelta, pos + AT.lastOffsetDelta);
  writeInt64(buf, pos + AT.baseTimestamp, header.baseTimestamp);
  writeInt64(buf, pos + AT.maxTimestamp, header.maxTimestamp);
  writeInt64(buf, pos + AT.producerId, header.producerId);
  buf.writeInt16BE(header.producerEpoch, pos + AT.producerEpoch);
  buf.writeInt32BE(header.baseSequence, pos + AT.baseSequence);
  buf.writeInt32BE(header.recordCount, pos + AT.recordCount);
  buf.writeUInt32BE(crc32c(buf, pos + CRC_START, end), pos + AT.crc);
}
