import { Buffer } from 'node:buffer';
import type { Crc32c } from '../base/checksum.ts';
import * as batch from './batch.ts';
import { type ControlType, encodeControlKey, encodeControlValue } from './control.ts';
import { varintSize, writeVarint } from './cursor.ts';

/** A header of a record; keys are text, values any bytes or null. */
export interface RecordHeader {
  readonly key: string;
  readonly value: Uint8Array | null;
}

/** A record to write. `timestamp` is in ms; left out, the batch's `timestamp` holds. */
export interface NewRecord {
  readonly key: Uint8Array | null;
  readonly value: Uint8Array | null;
  readonly headers?: readonly RecordHeader[];
  readonly timestamp?: number;
}

/** Records laid out one after the other, ready to be compressed or to be put into a batch as they are. */
export interface EncodedRecords {
  readonly bytes: Buffer;
  readonly recordCount: number;
  readonly baseTimestamp: number;
  readonly maxTimestamp: number;
}

/** Header fields of a batch to build; what is left out means "not set" (−1, or 0 for the base offset). */
export interface BatchOptions {
  readonly baseOffset?: number;
  readonly leaderEpoch?: number;
  readonly producerId?: number;
  readonly producerEpoch?: number;
  readonly baseSequence?: number;
  readonly transactional?: boolean;
  readonly control?: boolean;
}

function bytesSize(length: number): number {
  return length < 0 ? 1 : varintSize(length) + length;
}

function bodySize(record: NewRecord, deltas: { offset: number; timestamp: number }): number {
  const headers = record.headers ?? [];
  let size = 1 + varintSize(deltas.timestamp) + varintSize(deltas.offset) + varintSize(headers.length);
  size += bytesSize(record.key === null ? -1 : record.key.length);
  size += bytesSize(record.value === null ? -1 : record.value.length);
  for (const header of headers) {
    size += bytesSize(Buffer.byteLength(header.key)) + bytesSize(header.value === null ? -1 : header.value.length);
  }
  return size;
}

function writeBytes(buf: Buffer, pos: number, bytes: Uint8Array | null): number {
  if (bytes === null) return writeVarint(buf, pos, -1);
  const start = writeVarint(buf, pos, bytes.length);
  buf.set(bytes, start);
  return start + bytes.length;
}

function writeBody(buf: Buffer, pos: number, record: NewRecord, deltas: { offset: number; timestamp: number }): number {
  let at = pos + 1; // attributes, 0 already
  at = writeVarint(buf, at, deltas.timestamp);
  at = writeVarint(buf, at, deltas.offset);
  at = writeBytes(buf, at, record.key);
  at = writeBytes(buf, at, record.value);
  const headers = record.headers ?? [];
  at = writeVarint(buf, at, headers.length);
  for (const header of headers) {
    at = writeBytes(buf, at, Buffer.from(header.key));
    at = writeBytes(buf, at, header.value);
  }
  return at;
}

/** Lays out at least one record, with `prefix` zero bytes before them. */
function layOut(records: readonly NewRecord[], timestamp: number, prefix: number): EncodedRecords {
  const baseTimestamp = records[0]?.timestamp ?? timestamp;
  let maxTimestamp = baseTimestamp;
  let size = prefix;
  const bodySizes = records.map((record, offset) => {
    const at = record.timestamp ?? timestamp;
    if (at > maxTimestamp) maxTimestamp = at;
    const body = bodySize(record, { offset, timestamp: at - baseTimestamp });
    size += varintSize(body) + body;
    return body;
  });
  const bytes = Buffer.alloc(size);
  let pos = prefix;
  records.forEach((record, offset) => {
    const delta = (record.timestamp ?? timestamp) - baseTimestamp;
    pos = writeVarint(bytes, pos, bodySizes[offset] ?? 0);
    pos = writeBody(bytes, pos, record, { offset, timestamp: delta });
  });
  return { bytes, recordCount: records.length, baseTimestamp, maxTimestamp };
}

function seal(
  buf: Buffer,
  records: Omit<EncodedRecords, 'bytes'>,
  codec: number,
  options: BatchOptions,
  crc32c: Crc32c,
): Buffer {
  const flags =
    (options.transactional === true ? batch.ATTRIBUTE.transactional : 0) |
    (options.control === true ? batch.ATTRIBUTE.control : 0);
  const header = {
    baseOffset: options.baseOffset ?? 0,
    leaderEpoch: options.leaderEpoch ?? -1,
    attributes: codec | flags,
    lastOffsetDelta: records.recordCount - 1,
    baseTimestamp: records.baseTimestamp,
    maxTimestamp: records.maxTimestamp,
    producerId: options.producerId ?? batch.NO_PRODUCER_ID,
    producerEpoch: options.producerEpoch ?? -1,
    baseSequence: options.baseSequence ?? -1,
    recordCount: records.recordCount,
  };
  batch.writeHeader(buf, 0, buf.length, header, crc32c);
  return buf;
}

/** Lays out one or more records, for a codec to compress. `timestamp` (ms) holds for records without their own. */
export function encodeRecords(records: readonly NewRecord[], timestamp: number): EncodedRecords {
  return layOut(records, timestamp, 0);
}

/** Builds an uncompressed batch of one or more records. `timestamp` (ms) holds for records without their own. */
export function buildBatch(
  records: readonly NewRecord[],
  options: BatchOptions & { readonly timestamp: number },
  crc32c: Crc32c,
): Buffer {
  const encoded = layOut(records, options.timestamp, batch.HEADER_SIZE);
  return seal(encoded.bytes, encoded, 0, options, crc32c);
}

/** Builds a batch of encoded records whose compressed form is `payload`; `codec` is the attributes' number (1–4). */
export function buildCompressedBatch(
  records: EncodedRecords,
  payload: Uint8Array,
  options: BatchOptions & { readonly codec: number },
  crc32c: Crc32c,
): Buffer {
  const buf = Buffer.alloc(batch.HEADER_SIZE + payload.length);
  buf.set(payload, batch.HEADER_SIZE);
  return seal(buf, records, options.codec, options, crc32c);
}

/** Builds the batch that marks the end of a producer's transaction in one partition (KIP-98). */
export function buildTransactionMarker(
  marker: {
    readonly type: ControlType;
    readonly producerId: number;
    readonly producerEpoch: number;
    readonly coordinatorEpoch: number;
    readonly timestamp: number;
  },
  crc32c: Crc32c,
): Buffer {
  const { producerId, producerEpoch, timestamp } = marker;
  const record = { key: encodeControlKey(marker.type), value: encodeControlValue(marker.coordinatorEpoch) };
  return buildBatch([record], { timestamp, producerId, producerEpoch, transactional: true, control: true }, crc32c);
}
