import { Buffer } from 'node:buffer';
import {
  type IndexBounds,
  type IndexTail,
  OFFSET_ENTRY_SIZE,
  soundOffsetEntries,
  soundTimeEntries,
  TIME_ENTRY_SIZE,
  type TimeEntry,
  timeEntry,
} from '../../core/log/offset-index.ts';
import { bufferOf } from '../../core/record/batch.ts';
import { step, type Task } from '../task.ts';
import { timeEntryHolds } from './cold-piece.ts';
import { faultCode, readIfExists, withFile, writeAside } from './disk-tasks.ts';
import type { LogContext } from './log-context.ts';
import type { Segment } from './segment.ts';

/** Largest index file that is read, bytes: the largest `segment.index.bytes`. */
const INDEX_SIZE_MAX = 0x7fff_ffff;
const EMPTY = Buffer.alloc(0);

/** Appends the entries that the segment's index files lack. The files are cut to what the index holds. */
export function* flushIndexes(context: LogContext, segment: Segment, options: { readonly sync: boolean }): Task<void> {
  if (segment.removed) return;
  yield* flushIndex(context, segment.path('index'), segment.index, options);
  yield* flushIndex(context, segment.path('timeindex'), segment.timeIndex, options);
}

function* flushIndex(
  context: LogContext,
  path: string,
  tail: IndexTail,
  options: { readonly sync: boolean },
): Task<void> {
  yield* withFile(context.files, path, { create: true }, function* (file) {
    const { entries } = tail;
    if (entries.length > 0) yield* step<void>((done) => file.write(tail.flushedBytes, [entries], done));
    tail.dropFlushed(entries.length);
    if (options.sync) yield* step<void>((done) => file.sync(done));
  });
}

/** Replaces both index files by the segment's entries, which are all in memory; durable at the end. */
export function* replaceIndexes(context: LogContext, segment: Segment): Task<void> {
  for (const [kind, tail] of [['index', segment.index] as const, ['timeindex', segment.timeIndex] as const]) {
    const { entries } = tail;
    yield* writeAside(context.disk, segment.path(kind), entries);
    // Whoever holds the old file reads it to its end; nobody gets it any more.
    context.files.forget(segment.path(kind));
    context.indexes.forget(segment.path(kind));
    tail.dropFlushed(entries.length);
  }
  yield* step<void>((done) => context.disk.syncDirectory(segment.directory, done));
}

/** Cuts both index files to what the segment's indexes hold before them, after recovery dropped entries. */
export function* cutIndexes(context: LogContext, segment: Segment): Task<void> {
  for (const [kind, tail] of [['index', segment.index] as const, ['timeindex', segment.timeIndex] as const]) {
    context.indexes.forget(segment.path(kind));
    yield* withFile(context.files, segment.path(kind), { create: true }, function* (file) {
      yield* step<void>((done) => file.truncate(tail.flushedBytes, done));
    });
  }
}

/** The entries of both index files that can be true; empty when a file is missing. */
export function* readSoundIndexes(
  context: LogContext,
  segment: Segment,
  bounds: IndexBounds,
): Task<{ readonly index: Buffer; readonly timeIndex: Buffer }> {
  const index = bufferOf((yield* readIfExists(context.disk, segment.path('index'), INDEX_SIZE_MAX)) ?? EMPTY);
  const time = bufferOf((yield* readIfExists(context.disk, segment.path('timeindex'), INDEX_SIZE_MAX)) ?? EMPTY);
  return {
    index: index.subarray(0, soundOffsetEntries(index, bounds) * OFFSET_ENTRY_SIZE),
    timeIndex: time.subarray(0, soundTimeEntries(time, bounds) * TIME_ENTRY_SIZE),
  };
}

/** Whole entries in an index file; 0 when it is missing. */
export function* indexFileBytes(context: LogContext, path: string, entrySize: number): Task<number> {
  try {
    const size = yield* step<number>((done) => context.disk.fileSize(path, done));
    return size - (size % entrySize);
  } catch (error) {
    if (faultCode(error) === 'ENOENT') return 0;
    throw error;
  }
}

/** The last entry of a segment's time index: the segment's largest timestamp. Null when there is none. */
export function* lastTimeEntry(context: LogContext, segment: Segment): Task<TimeEntry | null> {
  const bytes = yield* indexFileBytes(context, segment.path('timeindex'), TIME_ENTRY_SIZE);
  if (bytes === 0) return null;
  const last = yield* withFile(context.files, segment.path('timeindex'), { create: false }, (file) =>
    step<Uint8Array>((done) => file.read(bytes - TIME_ENTRY_SIZE, TIME_ENTRY_SIZE, done)),
  );
  return last.length < TIME_ENTRY_SIZE ? null : timeEntry(bufferOf(last), 0, segment.baseOffset);
}

/**
 * Learns the largest timestamp of a segment from its time index. False when the index contradicts the batches: then nothing
 * is learnt.
 */
export function* loadLargestTimestamp(context: LogContext, segment: Segment): Task<boolean> {
  if (!segment.timestampUnknown) return true;
  const entry = yield* lastTimeEntry(context, segment);
  if (entry !== null && !(yield* timeEntryHolds(context, segment, entry, segment.writtenBytes))) return false;
  segment.setLargestTimestamp(entry?.timestampMs ?? -1, entry?.lastOffset ?? -1);
  return true;
}
