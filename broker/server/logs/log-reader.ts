import type { Buffer } from 'node:buffer';
import { lookupOffset, offsetEntry } from '../../core/log/offset-index.ts';
import { selectBatches } from '../../core/log/select.ts';
import { bufferOf } from '../../core/record/batch.ts';
import type { DiskDone } from '../../ports/disk.ts';
import type { LogContext } from './log-context.ts';
import type { LogDone, LogReadOptions, LogReadResult } from './partition-log.ts';
import type { Segment } from './segment.ts';
import type { SegmentList } from './segment-list.ts';
import type { LogTail } from './tail-cache.ts';

/** Bytes of one read from disk at most, unless a single batch is larger. */
const COLD_READ_MAX = 4 * 1024 * 1024;
/** Read beyond what was asked, since the index points up to one interval before the wanted batch. */
const LOOKUP_SLACK = 8 * 1024;

const NO_CHUNKS: readonly Uint8Array[] = [];

/** An answer without batches. */
export function emptyRead(fetchOffset: number): LogReadResult {
  return { firstOffset: fetchOffset, chunks: NO_CHUNKS, sizeInBytes: 0, endOffset: fetchOffset };
}

/** Reads from the cached end of a log; null when the offset is not cached. */
export function readTail(tail: LogTail, options: LogReadOptions): LogReadResult | null {
  let index = tail.find(options.fetchOffset);
  if (index < 0) return null;
  const chunks: Buffer[] = [];
  let { fetchOffset } = options;
  let firstOffset = fetchOffset;
  let left = options.maxBytes;
  for (let chunk = tail.chunkAt(index); chunk !== null && left > 0; chunk = tail.chunkAt(index)) {
    const minOneBatch = options.minOneBatch && chunks.length === 0;
    const selection = selectBatches(chunk.bytes, { ...options, fetchOffset, maxBytes: left, minOneBatch });
    if (selection.kind !== 'found' || selection.end === selection.start) break;
    if (chunks.length === 0) firstOffset = selection.firstOffset;
    chunks.push(chunk.bytes.subarray(selection.start, selection.end));
    left -= selection.end - selection.start;
    fetchOffset = selection.endOffset;
    if (fetchOffset < chunk.endOffset) break;
    index += 1;
  }
  return { firstOffset, chunks, sizeInBytes: options.maxBytes - left, endOffset: fetchOffset };
}

/** Finds where to begin looking for `offset`: the position of a batch at or before it, at most one interval away. */
export function locate(context: LogContext, segment: Segment, offset: number, done: DiskDone<number>): void {
  const relative = offset - segment.baseOffset;
  const fresh = segment.index.entries;
  const slot = lookupOffset(fresh, relative);
  if (slot >= 0 || segment.index.flushedBytes === 0) {
    done(null, slot < 0 ? 0 : offsetEntry(fresh, slot, segment.baseOffset).position);
    return;
  }
  const isEnough = (buf: Buffer): boolean => buf.length >= 8 && buf.readInt32BE(buf.length - 8) > relative;
  context.indexes.load(segment.path('index'), segment.index.flushedBytes, isEnough, (failure, buf) => {
    if (buf === undefined) {
      done(failure, undefined);
      return;
    }
    const found = lookupOffset(buf, relative);
    const position = found < 0 ? 0 : offsetEntry(buf, found, segment.baseOffset).position;
    // An index that points past the data is of no use: begin at the front.
    done(null, position < segment.writtenBytes ? position : 0);
  });
}

/** Reads batches from a segment's file. `options.endOffset` is at most the log's written offset. */
export function readCold(
  context: LogContext,
  segments: SegmentList,
  options: LogReadOptions,
  done: LogDone<LogReadResult>,
): void {
  const segment = segments.at(options.fetchOffset);
  context.counters.coldReads += 1;
  locate(context, segment, options.fetchOffset, (locateFailure, position) => {
    if (position === undefined) {
      done(locateFailure === null ? null : { kind: 'disk', failure: locateFailure }, undefined);
      return;
    }
    context.files.acquire(segment.path('log'), { create: false }, (failure, lease) => {
      if (lease === undefined) {
        done(failure === null ? null : { kind: 'disk', failure }, undefined);
        return;
      }
      const read: ColdRead = { segment, options, file: lease.file };
      readFrom(read, position, 0, (readFailure, result) => {
        lease.release();
        done(readFailure, result);
      });
    });
  });
}

interface ColdRead {
  readonly segment: Segment;
  readonly options: LogReadOptions;
  readonly file: { read(position: number, length: number, done: DiskDone<Uint8Array>): void };
}

function readFrom(cold: ColdRead, position: number, needBytes: number, done: LogDone<LogReadResult>): void {
  const { segment, options } = cold;
  const left = segment.writtenBytes - position;
  if (left <= 0 || needBytes > left) {
    done({ kind: 'damaged', reason: `offset ${options.fetchOffset} is not in ${segment.path('log')}` }, undefined);
    return;
  }
  const wanted = Math.min(options.maxBytes, COLD_READ_MAX) + LOOKUP_SLACK;
  cold.file.read(position, Math.min(left, Math.max(needBytes, wanted)), (failure, bytes) => {
    if (bytes === undefined) {
      done(failure === null ? null : { kind: 'disk', failure }, undefined);
      return;
    }
    const buf = bufferOf(bytes);
    const selection = selectBatches(buf, options);
    if (selection.kind === 'damaged' || buf.length < Math.min(left, needBytes)) {
      done({ kind: 'damaged', reason: `no batch at ${position} or after in ${segment.path('log')}` }, undefined);
    } else if (selection.kind === 'more') {
      readFrom(cold, position + selection.skipBytes, selection.needBytes, done);
    } else {
      const { start, end, firstOffset, endOffset } = selection;
      const chunks = end > start ? [buf.subarray(start, end)] : NO_CHUNKS;
      done(null, { firstOffset, chunks, sizeInBytes: end - start, endOffset });
    }
  });
}
