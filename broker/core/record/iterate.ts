import type { Buffer } from 'node:buffer';
import * as batch from './batch.ts';
import type { RecordHeader } from './builder.ts';
import { frameBatch } from './check.ts';
import { RecordCursor } from './cursor.ts';

/** A record as an object, for coordinators and tools; never on the way of client data. Bytes are views. */
export interface ReadRecord {
  readonly offset: number;
  readonly timestamp: number;
  readonly key: Buffer | null;
  readonly value: Buffer | null;
  readonly headers: readonly RecordHeader[];
}

/** Puts `cursor` before the first record of the uncompressed batch at `pos`, which `checkBatch` has passed. */
export function openRecords(cursor: RecordCursor, buf: Buffer, pos: number): RecordCursor {
  return cursor.reset(buf, pos + batch.HEADER_SIZE, pos + batch.sizeInBytes(buf, pos));
}

/** Time of a record in ms, from the batch at `pos` and the record's own delta (see `RecordCursor.timestampDelta`). */
export function recordTimestamp(buf: Buffer, pos: number, timestampDelta: number): number {
  if (batch.isLogAppendTime(buf, pos)) return batch.maxTimestamp(buf, pos);
  return batch.baseTimestamp(buf, pos) + timestampDelta;
}

function readHeaders(cursor: RecordCursor): RecordHeader[] {
  const headers: RecordHeader[] = [];
  while (cursor.nextHeader()) {
    const key = cursor.buf.toString('utf8', cursor.headerKeyStart, cursor.headerKeyEnd);
    const start = cursor.headerValueStart;
    headers.push({ key, value: start < 0 ? null : cursor.buf.subarray(start, cursor.headerValueEnd) });
  }
  return headers;
}

/**
 * The records of the batch at `pos`, which `checkBatch` has passed; `payload` is the decompressed bytes when the batch
 * is compressed. Null when they are malformed or their number is not the header's.
 */
export function readRecords(buf: Buffer, pos: number, payload: Uint8Array | null = null): ReadRecord[] | null {
  const cursor = new RecordCursor();
  if (payload === null) openRecords(cursor, buf, pos);
  else cursor.reset(batch.bufferOf(payload), 0, payload.length);
  const base = batch.baseOffset(buf, pos);
  const records: ReadRecord[] = [];
  while (cursor.next()) {
    const { keyStart, valueStart } = cursor;
    records.push({
      offset: base + cursor.offsetDelta,
      timestamp: recordTimestamp(buf, pos, cursor.timestampDelta),
      key: keyStart < 0 ? null : cursor.buf.subarray(keyStart, cursor.keyEnd),
      value: valueStart < 0 ? null : cursor.buf.subarray(valueStart, cursor.valueEnd),
      headers: readHeaders(cursor),
    });
  }
  return cursor.problem === '' && records.length === batch.recordCount(buf, pos) ? records : null;
}

/**
 * Calls `visit` with the position and size of each whole batch in `buf[start, end)` until it returns false. Gives the
 * position behind the last batch visited: short of `end` when the rest is cut off, malformed, or was not wanted.
 */
export function forEachBatch(
  buf: Buffer,
  start: number,
  end: number,
  visit: (pos: number, sizeInBytes: number) => boolean,
): number {
  let pos = start;
  while (pos < end) {
    const size = frameBatch(buf, pos, end);
    if (typeof size === 'string') break;
    const more = visit(pos, size);
    pos += size;
    if (!more) break;
  }
  return pos;
}
