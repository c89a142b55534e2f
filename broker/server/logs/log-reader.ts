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
/** Bytes of a piece that is read ahead. */
const PIECE_BYTES = 1024 * 1024;

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
  const answer: LogDone<LogReadResult> = (failure, result) => {
    if (failure?.kind === 'damaged' && !log.hasChanged(segments)) log.damaged(failure.reason);
    // The segment may have been deleted, or the log cut, while the read was under way.
    const isOutside = fetchOffset < body.logStartOffset || fetchOffset > body.logEndOffset;
    const changed = log.failure() ?? (isOutside ? { kind: 'out-of-range' as const } : null);
    if (changed !== null) done(changed, undefined);
    // What is left of a log that was cut is read when the reader comes again.
    else if (failure !== null && log.hasChanged(segments)) done(null, emptyRead(fetchOffset));
    else done(failure, result);
  };
  readCold({ log, isAhead: false, segments, options, done: answer });
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

/** What a cold read ended with, once it is known. */
interface Wanted {
  readonly log: ReadableLog;
  /** Nobody asked yet. */
  readonly isAhead: boolean;
  readonly segments: SegmentList;
  readonly options: LogReadOptions;
  readonly done: LogDone<LogReadResult>;
}

/**
 * Reads batches that are not at the cached end: from the pieces in memory, else from a segment's file. `options.endOffset`
 * is at most the log's written offset. Each batch was checked when its piece was read (D7): CRC, place in the log, epoch.
 */
function readCold(wanted: Wanted, hasWaited = false): void {
  const { log, options, done } = wanted;
  const { body } = log;
  const held = readHeld(log, options);
  const waiting = body.cold.loading.get(held.endOffset);
  const isWorthIt = held.sizeInBytes === 0 || (!hasWaited && held.sizeInBytes < options.maxBytes / 2);
  if (waiting !== undefined && isWorthIt && held.endOffset < options.endOffset) {
    // What it wants is on its way, asked for by another or ahead.
    waiting.push(() => readCold(wanted, true));
    return;
  }
  // A piece that is there and gives nothing holds a batch that does not fit.
  if (held.sizeInBytes > 0 || body.cold.holds(options.fetchOffset)) {
    body.context.counters.aheadReads += 1;
    done(null, held);
    return;
  }
  body.context.counters.coldReads += 1;
  load(wanted, wanted.segments.at(options.fetchOffset), body.cold.endsAt(options.fetchOffset));
}

/** Reads from the pieces in memory, and sees to it that the next one is read before somebody asks. */
function readHeld(log: ReadableLog, options: LogReadOptions): LogReadResult {
  const { body } = log;
  const nowMs = body.context.clock.monotonicMs();
  const chunks: Buffer[] = [];
  let { fetchOffset, maxBytes: left } = options;
  let firstOffset = fetchOffset;
  for (let piece = body.cold.find(fetchOffset, nowMs); piece !== null; piece = body.cold.find(fetchOffset, nowMs)) {
    const minOneBatch = options.minOneBatch && chunks.length === 0;
    const selection = selectBatches(piece.bytes, { ...options, fetchOffset, maxBytes: left, minOneBatch });
    if (selection.kind !== 'found' || selection.end === selection.start) break;
    if (chunks.length === 0) firstOffset = selection.firstOffset;
    chunks.push(piece.bytes.subarray(selection.start, selection.end));
    left -= selection.end - selection.start;
    fetchOffset = selection.endOffset;
    if (piece.isSequential) readAhead(log, piece);
    if (fetchOffset < piece.endOffset || left <= 0) break;
  }
  return { firstOffset, chunks, sizeInBytes: options.maxBytes - left, endOffset: fetchOffset };
}

/** Reads the piece after `before`, unless it is there, is cached at the end of the log, or there is no room. */
function readAhead(log: ReadableLog, before: { readonly endOffset: number }): void {
  const { body } = log;
  const { cold, context, writer, tail } = body;
  const offset = before.endOffset;
  if (offset >= Math.min(writer.writtenOffset, tail.startOffset) || cold.loading.has(offset)) return;
  if (cold.holds(offset) || !cold.cache.reserve(PIECE_BYTES)) return;
  const options = { fetchOffset: offset, maxBytes: PIECE_BYTES, minOneBatch: false, endOffset: writer.writtenOffset };
  const done = (): void => cold.cache.unreserve(PIECE_BYTES);
  context.counters.readsAhead += 1;
  load({ log, isAhead: true, segments: body.segments, options, done }, body.segments.at(offset), true);
}

/** Reads a piece from its segment and keeps it. Whoever asks for the same meanwhile waits for it. */
function load(wanted: Wanted, segment: Segment, isSequential: boolean): void {
  const { log, isAhead, segments, options, done } = wanted;
  const { body } = log;
  const { cold, context } = body;
  const { fetchOffset } = options;
  const { generation } = cold;
  if (!cold.loading.has(fetchOffset)) cold.loading.set(fetchOffset, []);
  const least = isSequential ? PIECE_BYTES : 0;
  const wantBytes = Math.max(least, Math.min(options.maxBytes, COLD_READ_MAX));
  const batchBytesMax = options.minOneBatch ? Number.POSITIVE_INFINITY : options.maxBytes;
  const request = { segment, offset: fetchOffset, wantBytes, batchBytesMax };
  runTask(
    loadPiece(body, request, () => {
      body.rebuildIndexes(segment, () => undefined);
    }),
    (error, loaded) => {
      // Its files went meanwhile, or the offset lies in the gap at its end: another segment has the records.
      const next = loaded?.kind === 'absent' ? segments.after(segment) : null;
      const isGone = segment.removed && loaded?.kind !== 'piece';
      if (isGone || next !== null) {
        load(wanted, isGone ? segments.at(fetchOffset) : (next ?? segment), isSequential);
        return;
      }
      const isKept = loaded?.kind === 'piece' && cold.generation === generation && !segment.removed;
      if (isKept) cold.add(loaded, { fetchOffset, isSequential, nowMs: context.clock.monotonicMs() });
      if (loaded === undefined) done(refusal(wanted, failureOf(error)), undefined);
      else if (loaded.kind === 'piece') done(null, pick(loaded.bytes, options));
      else if (loaded.kind === 'too-large' || loaded.kind === 'absent') done(null, emptyRead(fetchOffset));
      else done({ kind: 'damaged', reason: damageAt(segment, loaded) }, undefined);
      const waiting = cold.loading.get(fetchOffset) ?? [];
      cold.loading.delete(fetchOffset);
      for (const again of waiting) again();
      // One at a time is ahead of the reader; a short one, at the end of a segment, is not enough.
      const isShort = isKept && loaded.bytes.length < PIECE_BYTES / 2;
      if (isKept && isSequential && (!isAhead || isShort)) readAhead(log, loaded);
    },
  );
}

/** Counts a refused read and says so, but not for every client that comes again. */
function refusal({ log: readable, segments }: Wanted, failure: DiskFailure): LogFailure {
  // The files went with their topic, or with what was cut off: the disk refused nothing.
  if (readable.failure()?.kind === 'deleted') return { kind: 'deleted' };
  if (readable.hasChanged(segments)) return { kind: 'disk', failure };
  const { body } = readable;
  const { clock, counters, log } = body.context;
  counters.readErrors += 1;
  if (clock.monotonicMs() - body.readErrorToldMs >= TELL_INTERVAL_MS) {
    body.readErrorToldMs = clock.monotonicMs();
    log.error(
      { log: body.name, path: failure.path, code: failure.code },
      'the disk refused a read: clients get KAFKA_STORAGE_ERROR for this partition, the others go on',
    );
  }
  return { kind: 'disk', failure };
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
