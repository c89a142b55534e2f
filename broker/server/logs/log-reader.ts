import type { Buffer } from 'node:buffer';
import { selectBatches } from '../../core/log/select.ts';
import type { DiskFailure } from '../../ports/disk.ts';
import { runTask } from '../task.ts';
import { loadPiece } from './cold-piece.ts';
import { failureOf } from './disk-tasks.ts';
import type { LogBody } from './log-body.ts';
import type { LogDone, LogFailure, LogReadOptions, LogReadResult } from './partition-log.ts';
import type { Segment } from './segment.ts';
import type { SegmentList } from './segment-list.ts';
import type { LogTail } from './tail-cache.ts';

/** Bytes of one read from disk at most, unless a single batch is larger. */
const COLD_READ_MAX = 4 * 1024 * 1024;

/** A refused read is logged once in this time for each log. */
const TELL_INTERVAL_MS = 10_000;

const NO_CHUNKS: readonly Uint8Array[] = [];

/** What reading needs of a log. */
export interface ReadableLog {
  readonly body: LogBody;
  /** Why nothing can be read now; null while it can. */
  readonly failure: () => LogFailure | null;
  /** True when the log was cut since it had these segments. */
  readonly hasChanged: (segments: SegmentList) => boolean;
  /** The batches are not what was written. */
  readonly damaged: (reason: string) => void;
}

/** Reads whole batches from the one that holds `fetchOffset` on: from memory, else from disk. */
export function readLog(log: ReadableLog, options: LogReadOptions, done: LogDone<LogReadResult>): void {
  const { body } = log;
  const { fetchOffset, endOffset } = options;
  if (fetchOffset < body.logStartOffset || fetchOffset > body.logEndOffset) {
    done({ kind: 'out-of-range' }, undefined);
    return;
  }
  if (fetchOffset >= endOffset) {
    done(null, emptyRead(fetchOffset));
    return;
  }
  const cached = readTail(body.tail, options);
  if (cached !== null) {
    body.context.counters.cacheReads += 1;
    done(null, cached);
    return;
  }
  const { segments } = body;
  readCold(body, segments, options, (failure, result) => {
    if (failure?.kind === 'damaged' && !log.hasChanged(segments)) log.damaged(failure.reason);
    // The segment may have been deleted, or the log cut, while the read was under way.
    const changed = log.failure() ?? (fetchOffset < body.logStartOffset ? { kind: 'out-of-range' as const } : null);
    if (changed !== null) done(changed, undefined);
    else done(failure, result);
  });
}

/** An answer without batches. */
function emptyRead(fetchOffset: number): LogReadResult {
  return { firstOffset: fetchOffset, chunks: NO_CHUNKS, sizeInBytes: 0, endOffset: fetchOffset };
}

/** Reads from the cached end of a log; null when the offset is not cached. */
function readTail(tail: LogTail, options: LogReadOptions): LogReadResult | null {
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

/**
 * Reads batches from a segment's file. `options.endOffset` is at most the log's written offset. Each batch is checked
 * before it is given (D7): CRC, place in the log, epoch. What is not what was written is `damaged`.
 */
function readCold(body: LogBody, segments: SegmentList, options: LogReadOptions, done: LogDone<LogReadResult>): void {
  body.context.counters.coldReads += 1;
  readSegment(body, segments, segments.at(options.fetchOffset), { options, done });
}

interface Wanted {
  readonly options: LogReadOptions;
  readonly done: LogDone<LogReadResult>;
}

function readSegment(body: LogBody, segments: SegmentList, segment: Segment, wanted: Wanted): void {
  const { options, done } = wanted;
  const wantBytes = Math.min(options.maxBytes, COLD_READ_MAX);
  const batchBytesMax = options.minOneBatch ? Number.POSITIVE_INFINITY : options.maxBytes;
  const request = { segment, offset: options.fetchOffset, wantBytes, batchBytesMax };
  runTask(
    loadPiece(body, request, () => {
      body.rebuildIndexes(segment, () => undefined);
    }),
    (error, loaded) => {
      if (segment.removed && loaded?.kind !== 'piece') {
        // Its files went meanwhile: another segment has the records now.
        readSegment(body, segments, segments.at(options.fetchOffset), wanted);
        return;
      }
      const next = loaded?.kind === 'absent' ? segments.after(segment) : null;
      if (next !== null) readSegment(body, segments, next, wanted);
      else if (loaded === undefined) done({ kind: 'disk', failure: tellOf(body, failureOf(error)) }, undefined);
      else if (loaded.kind === 'piece') done(null, pick(loaded.bytes, options));
      else if (loaded.kind === 'too-large' || loaded.kind === 'absent') done(null, emptyRead(options.fetchOffset));
      else done({ kind: 'damaged', reason: damageAt(segment, loaded) }, undefined);
    },
  );
}

/** Counts a refused read and says so, but not for every client that comes again. */
function tellOf(body: LogBody, failure: DiskFailure): DiskFailure {
  const { clock, counters, log } = body.context;
  counters.readErrors += 1;
  if (clock.monotonicMs() - body.readErrorToldMs >= TELL_INTERVAL_MS) {
    body.readErrorToldMs = clock.monotonicMs();
    log.error(
      { log: body.name, path: failure.path, code: failure.code },
      'the disk refused a read: clients get KAFKA_STORAGE_ERROR for this partition, the others go on',
    );
  }
  return failure;
}

/** Says where a segment is not what was written. */
export function damageAt(segment: Segment, bad: { readonly position: number; readonly reason: string }): string {
  return `${bad.reason} at byte ${bad.position} of ${segment.path('log')}`;
}

function pick(bytes: Buffer, options: LogReadOptions): LogReadResult {
  const selection = selectBatches(bytes, options);
  if (selection.kind !== 'found' || selection.end === selection.start) return emptyRead(options.fetchOffset);
  const { start, end, firstOffset, endOffset } = selection;
  return { firstOffset, chunks: [bytes.subarray(start, end)], sizeInBytes: end - start, endOffset };
}
