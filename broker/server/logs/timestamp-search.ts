import type { Buffer } from 'node:buffer';
import { lookupTime, timeEntry, TIME_ENTRY_SIZE } from '../../core/log/offset-index.ts';
import * as batch from '../../core/record/batch.ts';
import { frameBatch } from '../../core/record/check.ts';
import { RecordCursor } from '../../core/record/cursor.ts';
import { recordTimestamp } from '../../core/record/iterate.ts';
import type { CompressionCodec } from '../../ports/compression.ts';
import { step, type Task } from '../task.ts';
import { withFile } from './disk-tasks.ts';
import { loadLargestTimestamp } from './index-files.ts';
import type { LogBody } from './log-body.ts';
import { locate } from './log-reader.ts';
import type { TimestampedOffset } from './partition-log.ts';
import type { Segment } from './segment.ts';

const READ_BYTES = 64 * 1024;
/** Most that the records of one batch may inflate to when one of them is looked for, bytes. */
const PAYLOAD_SIZE_MAX = 256 * 1024 * 1024;

/** The first record at or above the log start with a timestamp ≥ `timestampMs`; null when there is none. */
export function* searchTimestamp(body: LogBody, timestampMs: number): Task<TimestampedOffset | null> {
  for (const segment of [...body.segments.all]) {
    if (segment.endOffset <= body.logStartOffset && segment !== body.segments.active) continue;
    yield* loadLargestTimestamp(body.context, segment);
    if (segment.maxTimestampMs < timestampMs || segment.writtenBytes === 0) continue;
    const found = yield* searchSegment(body, segment, timestampMs);
    if (found !== null) return found;
  }
  return null;
}

/** The first record that has the log's largest timestamp; null in an empty log. */
export function* searchMaxTimestamp(body: LogBody): Task<TimestampedOffset | null> {
  let largest = -1;
  for (const segment of [...body.segments.all]) {
    yield* loadLargestTimestamp(body.context, segment);
    largest = Math.max(largest, segment.maxTimestampMs);
  }
  return largest < 0 ? null : yield* searchTimestamp(body, largest);
}

function* searchSegment(body: LogBody, segment: Segment, timestampMs: number): Task<TimestampedOffset | null> {
  const { context } = body;
  const startOffset = Math.max(body.logStartOffset, yield* lowerBound(body, segment, timestampMs));
  let position = yield* step<number>((done) => locate(context, segment, startOffset, done));
  return yield* withFile(context.files, segment.path('log'), { create: false }, function* (file) {
    let needBytes = READ_BYTES;
    while (position < segment.writtenBytes) {
      const length = Math.min(segment.writtenBytes - position, Math.max(READ_BYTES, needBytes));
      const at = position;
      const buf = batch.bufferOf(yield* step<Uint8Array>((done) => file.read(at, length, done)));
      const { pos, needMore } = findBatch(buf, timestampMs, body.logStartOffset);
      position += pos;
      if (needMore === 0) {
        const found = yield* searchBatch(body, buf, pos, timestampMs);
        if (found !== null) return found;
        position += batch.sizeInBytes(buf, pos);
      } else if (pos === 0 && needMore <= length) {
        return null; // damaged bytes: there is no batch to be found
      }
      needBytes = needMore;
    }
    return null;
  });
}

/** An offset before which no record of the segment is late enough. */
function* lowerBound(body: LogBody, segment: Segment, timestampMs: number): Task<number> {
  const fresh = segment.timeIndex.entries;
  const slot = lookupTime(fresh, timestampMs);
  if (slot >= 0) return timeEntry(fresh, slot, segment.baseOffset).lastOffset;
  const { flushedBytes } = segment.timeIndex;
  if (flushedBytes < TIME_ENTRY_SIZE) return segment.baseOffset;
  const buf = yield* step<Buffer>((done) =>
    body.context.indexes.load(segment.path('timeindex'), flushedBytes, () => false, done),
  );
  const flushed = lookupTime(buf, timestampMs);
  return flushed < 0 ? segment.baseOffset : timeEntry(buf, flushed, segment.baseOffset).lastOffset;
}

/** Position of the first batch that can hold the record; `needMore` is 0 when it is whole, else bytes needed from there. */
function findBatch(buf: Buffer, timestampMs: number, logStartOffset: number): { pos: number; needMore: number } {
  let pos = 0;
  for (;;) {
    const size = frameBatch(buf, pos, buf.length);
    if (typeof size === 'string') {
      const known = size === 'incomplete' && buf.length - pos >= batch.HEADER_SIZE;
      return { pos, needMore: known ? batch.sizeInBytes(buf, pos) : batch.HEADER_SIZE };
    }
    const wanted = batch.maxTimestamp(buf, pos) >= timestampMs && batch.nextOffset(buf, pos) > logStartOffset;
    if (wanted) return { pos, needMore: 0 };
    pos += size;
  }
}

function* searchBatch(body: LogBody, buf: Buffer, pos: number, timestampMs: number): Task<TimestampedOffset | null> {
  const end = pos + batch.sizeInBytes(buf, pos);
  const codec = batch.compressionCodec(buf, pos);
  const cursor = new RecordCursor();
  if (codec === 0) cursor.reset(buf, pos + batch.HEADER_SIZE, end);
  else {
    const compressed = buf.subarray(pos + batch.HEADER_SIZE, end);
    const payload = yield* step<Uint8Array | null>((done) =>
      // The batch passed validation when it was appended: its codec is one of the five.
      body.context.compression.decompress(codec as CompressionCodec, compressed, PAYLOAD_SIZE_MAX, (bytes) =>
        done(null, bytes),
      ),
    );
    if (payload === null) return null;
    cursor.reset(batch.bufferOf(payload), 0, payload.length);
  }
  const leaderEpoch = batch.partitionLeaderEpoch(buf, pos);
  while (cursor.next()) {
    const offset = batch.baseOffset(buf, pos) + cursor.offsetDelta;
    const recordMs = recordTimestamp(buf, pos, cursor.timestampDelta);
    if (recordMs >= timestampMs && offset >= body.logStartOffset) return { offset, timestampMs: recordMs, leaderEpoch };
  }
  return null;
}
