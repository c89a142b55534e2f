import { CLEANED_SUFFIX, segmentFileName, SWAP_SUFFIX } from '../../core/log/file-names.ts';
import { OFFSET_ENTRY_SIZE, offsetEntry } from '../../core/log/offset-index.ts';
import type { WalkState } from '../../core/log/recovery.ts';
import * as batch from '../../core/record/batch.ts';
import { step, type Task } from '../task.ts';
import { inParallel, readIfExists, removeForgotten, removeIfExists, waitFor } from './disk-tasks.ts';
import type { FileLease } from './file-cache.ts';
import type { LogBody } from './log-body.ts';
import type { LogContext } from './log-context.ts';
import { Segment } from './segment.ts';
import { readHeader, walkSegment } from './segment-walk.ts';

const INDEX_KINDS = ['index', 'timeindex'] as const;
/** Files of a segment that a merge removes; the producers' snapshots stay valid and are dropped with the next one. */
const MERGED_KINDS = ['log', 'index', 'timeindex', 'txnindex'] as const;
const INDEX_SIZE_MAX = 0x7fff_ffff;
const PARALLEL = 4;

/*
 * How a cleaned segment takes the place of old ones, so that a crash leaves the log as it was or as it will be (D13):
 *
 *   .cleaned files synced → their indexes `.swap`, directory sync → log `.swap`, directory sync: decided
 *   → other old segments removed, indexes in place, directory sync → log in place, directory sync
 *
 * The log's `.swap` is there from the decision to the end: a start that finds one goes on from there, one that does not
 * removes whatever else is left over. Each step waits for the sync of the one before, since entries of a directory reach
 * the disk in any order; removals and the indexes' new names may, for a start does all of them again.
 */

/**
 * Puts `cleaned` in the place of `group`, neighbours in the log. False, with nothing changed, when they are part of it no
 * more. Readers under way keep the files that they have; later ones are led to the new segment.
 */
export function* swapSegments(body: LogBody, group: readonly Segment[], cleaned: Segment): Task<boolean> {
  const { context, directory, segments } = body;
  // Below the recovery point that is written down the journal writes nothing again: it would be to places of before.
  if (context.journal.holds(body.writer)) yield* waitFor((done) => context.checkpoint(done));
  const at = segments.all.indexOf(group[0] ?? cleaned);
  const isCurrent = at >= 0 && group.every((segment, i) => segments.all[at + i] === segment);
  if (!isCurrent) return false;
  for (const kind of INDEX_KINDS) yield* renameTo(context, cleaned, kind, SWAP_SUFFIX);
  yield* step<void>((done) => context.disk.syncDirectory(directory, done));
  yield* renameTo(context, cleaned, 'log', SWAP_SUFFIX);
  yield* step<void>((done) => context.disk.syncDirectory(directory, done));
  // From here on in one turn: whoever looks finds the new segment, under the name that it has now.
  cleaned.suffix = SWAP_SUFFIX;
  segments.replace(group, cleaned);
  for (const segment of group) {
    segment.removed = true;
    for (const kind of MERGED_KINDS) forget(context, segment.path(kind));
  }
  body.tail.dropBelow(cleaned.endOffset);
  for (const segment of group) {
    if (segment.baseOffset !== cleaned.baseOffset) yield* removeMerged(context, directory, segment.baseOffset);
  }
  yield* putInPlace(context, directory, cleaned);
  return true;
}

/** The last steps, for a segment whose log is `.swap` and durable, and whose old neighbours were removed. */
function* putInPlace(context: LogContext, directory: string, segment: Segment): Task<void> {
  // A reader that asks for an index while its name changes finds none, and walks.
  for (const kind of INDEX_KINDS) yield* renameTo(context, segment, kind, '');
  yield* step<void>((done) => context.disk.syncDirectory(directory, done));
  const path = segment.path('log');
  // Held open meanwhile: a reader shares this file in place of looking for a name that is just changing.
  const lease = yield* step<FileLease>((done) => context.files.acquire(path, { create: false }, done));
  try {
    yield* renameTo(context, segment, 'log', '');
    for (const kind of ['log', ...INDEX_KINDS] as const) forget(context, segment.path(kind));
    segment.suffix = '';
    // A reader that still had the old segment may have opened its file before the name went to the new one.
    for (const kind of ['log', ...INDEX_KINDS] as const) forget(context, segment.path(kind));
  } finally {
    lease.release();
  }
  yield* step<void>((done) => context.disk.syncDirectory(directory, done));
}

function* renameTo(
  context: LogContext,
  segment: Segment,
  kind: 'log' | 'index' | 'timeindex',
  suffix: string,
): Task<void> {
  const to = `${segment.directory}/${segmentFileName(segment.baseOffset, kind)}${suffix}`;
  yield* step<void>((done) => context.disk.rename(segment.path(kind), to, done));
}

function forget(context: LogContext, path: string): void {
  context.files.forget(path);
  context.indexes.forget(path);
}

function* removeMerged(context: LogContext, directory: string, baseOffset: number): Task<void> {
  for (const kind of MERGED_KINDS) {
    const path = `${directory}/${segmentFileName(baseOffset, kind)}`;
    yield* removeForgotten(context, path);
  }
}

/** What a start finds of the cleaner's work in a log's directory. */
export interface LeftOver {
  readonly directory: string;
  /** Names of all files. */
  readonly names: readonly string[];
  /** Base offsets of the segments whose `.swap` is there, rising. */
  readonly swaps: readonly number[];
  /** Base offsets of the segments in place, rising. */
  readonly bases: readonly number[];
}

/**
 * Finishes or discards what the cleaner left behind. Gives '' or what is wrong with a segment that was decided: it was
 * synced before, so that this is damage, and nothing is touched.
 */
export function* settleSwaps(context: LogContext, found: LeftOver): Task<string> {
  const { directory, names, swaps, bases } = found;
  const ends = new Map<number, number>();
  const spoiled: number[] = [];
  for (const base of swaps) {
    const begin = yield* walkBegin(context, found, base);
    const end = yield* endOfSwap(context, found, base, begin ?? { position: 0, expectedOffset: base });
    if (end === null) return `${segmentFileName(base, 'log')}${SWAP_SUFFIX} is not what the cleaner wrote`;
    ends.set(base, end);
    if (begin === null) spoiled.push(base);
  }
  const discarded = names.filter((name) => isLeftOver(name, swaps));
  yield* inParallel(discarded, PARALLEL, (name) => removeIfExists(context.disk, `${directory}/${name}`));
  // The page cache of a process that died may hold a decision that a power cut still takes back.
  if (ends.size > 0) yield* step<void>((done) => context.disk.syncDirectory(directory, done));
  for (const [base, end] of ends) {
    for (const merged of bases.filter((other) => other > base && other < end)) {
      yield* removeMerged(context, directory, merged);
    }
    if (spoiled.includes(base)) yield* dropIndex(context, directory, base);
    for (const kind of [...INDEX_KINDS, 'log'] as const) {
      const name = segmentFileName(base, kind);
      if (kind === 'index' && spoiled.includes(base)) continue;
      if (kind === 'log') yield* step<void>((done) => context.disk.syncDirectory(directory, done));
      if (!names.includes(`${name}${SWAP_SUFFIX}`)) continue;
      forget(context, `${directory}/${name}`);
      yield* step<void>((done) =>
        context.disk.rename(`${directory}/${name}${SWAP_SUFFIX}`, `${directory}/${name}`, done),
      );
    }
    yield* step<void>((done) => context.disk.syncDirectory(directory, done));
    context.log.info({ directory, baseOffset: base, endOffset: end }, 'finished the swap of a cleaned segment');
  }
  return '';
}

function swapIndexName(baseOffset: number): string {
  return `${segmentFileName(baseOffset, 'index')}${SWAP_SUFFIX}`;
}

/** True for a file of the cleaner that belongs to no decided swap. */
function isLeftOver(name: string, swaps: readonly number[]): boolean {
  if (name.endsWith(CLEANED_SUFFIX)) return true;
  return name.endsWith(SWAP_SUFFIX) && !swaps.some((base) => name.startsWith(String(base).padStart(20, '0')));
}

/** Removes an index that contradicts its segment, and the old segment's: the load that follows makes it anew. */
function* dropIndex(context: LogContext, directory: string, base: number): Task<void> {
  const name = segmentFileName(base, 'index');
  for (const path of [`${directory}/${name}`, `${directory}/${name}${SWAP_SUFFIX}`]) {
    forget(context, path);
    yield* removeIfExists(context.disk, path);
  }
  context.log.warn({ directory, index: name }, 'the index of a cleaned segment is not what was written: made anew');
}

interface WalkBegin {
  readonly position: number;
  readonly expectedOffset: number;
}

/** Where the last entry of the index of a `.swap` leads to; null when that contradicts the batches. */
function* walkBegin(context: LogContext, found: LeftOver, base: number): Task<WalkBegin | null> {
  const { directory, names } = found;
  const segment = new Segment(directory, base, 0, SWAP_SUFFIX);
  const fileSize = yield* step<number>((done) => context.disk.fileSize(segment.path('log'), done));
  const name = swapIndexName(base);
  const path = names.includes(name) ? `${directory}/${name}` : `${directory}/${segmentFileName(base, 'index')}`;
  const index = batch.bufferOf((yield* readIfExists(context.disk, path, INDEX_SIZE_MAX)) ?? new Uint8Array(0));
  const slots = Math.floor(index.length / OFFSET_ENTRY_SIZE);
  if (slots === 0) return { position: 0, expectedOffset: base };
  const { position, lastOffset } = offsetEntry(index, slots - 1, base);
  const header = position < 0 ? null : yield* readHeader(context, segment, position, fileSize);
  if (header === null || batch.lastOffset(header, 0) !== lastOffset) return null;
  return { position, expectedOffset: batch.baseOffset(header, 0) };
}

/**
 * Offset after the last batch of a `.swap`; null when its bytes are not what the cleaner wrote, or end where no segment
 * did. Its neighbours go for it: so its batches are checked.
 */
function* endOfSwap(context: LogContext, found: LeftOver, base: number, begin: WalkBegin): Task<number | null> {
  const { directory, bases } = found;
  const segment = new Segment(directory, base, 0, SWAP_SUFFIX);
  const path = segment.path('log');
  const fileSize = yield* step<number>((done) => context.disk.fileSize(path, done));
  const gaps = { endOffsetMax: Number.POSITIVE_INFINITY, sparseEnd: Number.POSITIVE_INFINITY };
  const state: WalkState = { ...begin, ...gaps, latestEpoch: -1, fault: '' };
  yield* walkSegment(context, segment, state, { fileSize, indexIntervalBytes: fileSize, derived: null });
  context.files.forget(path);
  const end = state.expectedOffset;
  if (state.fault !== '' || end === base) return null;
  // The segment after it begins at its end, or is to be made by the first append.
  return bases.includes(end) || end > Math.max(base, bases.at(-1) ?? base) ? end : null;
}
