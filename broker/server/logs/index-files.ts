import { Buffer } from 'node:buffer';
import {
  type IndexBounds,
  type IndexTail,
  OFFSET_ENTRY_SIZE,
  soundOffsetEntries,
  soundTimeEntries,
  TIME_ENTRY_SIZE,
  timeEntry,
} from '../../core/log/offset-index.ts';
import { bufferOf } from '../../core/record/batch.ts';
import { step, type Task } from '../task.ts';
import { faultCode, readIfExists, withFile } from './disk-tasks.ts';
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

/** Learns the largest timestamp of a segment from the last entry of its time index. */
export function* loadLargestTimestamp(context: LogContext, segment: Segment): Task<void> {
  if (!segment.timestampUnknown) return;
  const bytes = yield* indexFileBytes(context, segment.path('timeindex'), TIME_ENTRY_SIZE);
  if (bytes === 0) {
    segment.setLargestTimestamp(-1, -1);
    return;
  }
  const last = yield* withFile(context.files, segment.path('timeindex'), { create: false }, (file) =>
    step<Uint8Array>((done) => file.read(bytes - TIME_ENTRY_SIZE, TIME_ENTRY_SIZE, done)),
  );
  if (last.length < TIME_ENTRY_SIZE) segment.setLargestTimestamp(-1, -1);
  else {
    const entry = timeEntry(bufferOf(last), 0, segment.baseOffset);
    segment.setLargestTimestamp(entry.timestampMs, entry.lastOffset);
  }
}
