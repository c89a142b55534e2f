import { decodeEpochCheckpoint, encodeEpochCheckpoint } from '../../core/log/checkpoints.ts';
import type { LogConfig } from '../../core/log/config.ts';
import { EpochCache, type EpochEntry } from '../../core/log/epoch-cache.ts';
import {
  EPOCH_CHECKPOINT,
  parseSegmentFileName,
  SEALED_EPOCHS,
  segmentFileName,
  SPARSE_CHECKPOINT,
  swapBases,
} from '../../core/log/file-names.ts';
import { decodeSealedEpochs } from '../../core/log/marks.ts';
import { OFFSET_ENTRY_SIZE, IndexTail, TIME_ENTRY_SIZE } from '../../core/log/offset-index.ts';
import { decodeProducerSnapshot, SNAPSHOT_SIZE_MAX } from '../../core/log/producer-snapshot.ts';
import { type ProducerEntry, ProducerStates } from '../../core/log/producer-state.ts';
import { BEYOND_END, isSuspect, judgeEnd, segmentIndexAt, type WalkState } from '../../core/log/recovery.ts';
import * as batch from '../../core/record/batch.ts';
import type { DirectoryEntry } from '../../ports/disk.ts';
import { step, type Task } from '../task.ts';
import {
  failureOf,
  faultCode,
  inParallel,
  readIfExists,
  removeIfExists,
  removeLogFiles,
  removeSegmentFiles,
  withFile,
} from './disk-tasks.ts';
import { cutIndexes, flushIndexes, indexFileBytes, loadLargestTimestamp } from './index-files.ts';
import { isDiskFull } from '../disk-failure.ts';
import type { LogContext } from './log-context.ts';
import { Segment } from './segment.ts';
import { SegmentList } from './segment-list.ts';
import { settleSwaps } from './segment-swap.ts';
import { beginWalk, readHeader, walkSegment } from './segment-walk.ts';
import { GAPS_ANYWHERE, readSparseEnd, renewSparseEnd } from './sparse-mark.ts';
import { isSuspectAs, noteSuspect } from './suspect-mark.ts';

/** Largest epoch checkpoint that is read, bytes. */
const EPOCHS_SIZE_MAX = 16 * 1024 * 1024;
/** Operations of one log's load that run at once. */
const PARALLEL = 4;

/** How a log is to be loaded. Offsets that no checkpoint names are 0. */
export interface LoadRequest {
  readonly context: LogContext;
  readonly directory: string;
  readonly config: LogConfig;
  readonly recoveryPoint: number;
  readonly highWatermark: number;
  readonly logStartOffset: number;
  /** The last stop was clean: the recovery point is the log's end and nothing is read again. */
  readonly clean: boolean;
  /** Why it was found damaged before, '' otherwise: such a log is kept as it is (D7). */
  readonly knownDamage: string;
  /** The log is cut at this offset; infinite for a start. */
  readonly endOffsetMax: number;
}

/** A log as found, or as it was left after cutting. */
export interface LoadedLog {
  readonly segments: SegmentList;
  readonly epochs: EpochCache;
  readonly producers: ProducerStates;
  readonly endOffset: number;
  /** Offsets of the producer snapshots on disk, rising. */
  readonly snapshots: readonly number[];
  /** The epoch checkpoint holds these epochs already. */
  readonly epochsSaved: boolean;
  /** The disk is full: what recovery made anew could not be written. The log is to be loaded again before an append. */
  readonly unsaved: boolean;
  /** '' or why the log must not be served (D7). */
  readonly damage: string;
  /** '' or what was cut off its end. */
  readonly cut: string;
  /** What was cut may have counted: it was there, and bad (D8). */
  readonly isSuspect: boolean;
  /** Gaps between its batches end at or below this; 0 for a log that was never cleaned. */
  readonly sparseEnd: number;
}

/** What the directory has. */
interface Found {
  readonly bases: readonly number[];
  readonly sizes: ReadonlyMap<number, number>;
  readonly snapshots: readonly number[];
  readonly names: ReadonlySet<string>;
  readonly sparseEnd: number;
  /** '' or what is wrong with what the cleaner left. */
  readonly damage: string;
}

/**
 * Loads the log of one directory. After an unclean stop it walks from the last producer snapshot below the recovery
 * point (everything derived was synced with it), cuts a torn end and syncs what is left; a damaged log is not touched.
 */
export function* loadLog(request: LoadRequest): Task<LoadedLog> {
  if (request.knownDamage !== '') return damaged(request, request.knownDamage);
  const found = yield* survey(request);
  if (found === null) return damaged(request, 'its directory is missing');
  const asFound = yield* loadFound(request, found);
  // What an earlier start cut is missed until it is in sync again.
  const loaded = { ...asFound, isSuspect: asFound.isSuspect || isSuspectAs(found.names) };
  if (found.sparseEnd !== GAPS_ANYWHERE || loaded.damage !== '') return loaded;
  yield* renewSparseEnd(request.context, request.directory, loaded.endOffset);
  return { ...loaded, sparseEnd: loaded.endOffset };
}

function* loadFound(request: LoadRequest, found: Found): Task<LoadedLog> {
  const { bases } = found;
  if (found.damage !== '') return damaged(request, found.damage);
  const first = bases[0];
  if (first === undefined) {
    const missing = judgeEnd(request.logStartOffset, request) === 'damaged';
    if (missing) return damaged(request, 'its segments are missing');
    return yield* emptied(request, found);
  }
  if (first > request.logStartOffset) {
    if (judgeEnd(request.logStartOffset, request) === 'torn') return yield* startOver(request, found);
    return damaged(request, `its segments begin at ${first}, its log start is ${request.logStartOffset}`);
  }
  const epochs = yield* readEpochs(request);
  if (request.clean && epochs !== null) {
    const loaded = yield* loadClean(request, found, epochs);
    if (loaded !== null) return loaded;
  }
  return yield* recover(request, found, epochs?.entries ?? null);
}

/** No record is there: all were deleted and nothing was appended since, or never any. Producers are still remembered. */
function* emptied(request: LoadRequest, found: Found): Task<LoadedLog> {
  const offset = request.logStartOffset;
  const empty = emptyLog(request, '');
  if (offset > request.recoveryPoint || !found.snapshots.includes(offset)) return empty;
  const snapshot = yield* readSnapshot(request, offset);
  if (snapshot === null) return empty;
  empty.producers.restore(snapshot);
  return { ...empty, snapshots: [offset] };
}

/** Nothing readable was durable: the log begins anew at its log start. */
function* startOver(request: LoadRequest, found: Found): Task<LoadedLog> {
  const empty = yield* emptied(request, found);
  const kept = empty.snapshots.map((offset) => segmentFileName(offset, 'snapshot'));
  yield* removeLogFiles(request.context, request.directory, kept);
  return { ...empty, cut: `nothing was durable: it begins anew at ${request.logStartOffset}` };
}

function damaged(request: LoadRequest, reason: string): LoadedLog {
  return emptyLog(request, reason);
}

function emptyLog(request: LoadRequest, damage: string): LoadedLog {
  const base = request.logStartOffset;
  return {
    segments: new SegmentList([newSegment(request, base)]),
    epochs: new EpochCache(),
    producers: new ProducerStates(),
    endOffset: base,
    snapshots: [],
    epochsSaved: false,
    unsaved: false,
    damage,
    cut: '',
    isSuspect: false,
    sparseEnd: 0,
  };
}

function newSegment(request: LoadRequest, baseOffset: number, found: Pick<Found, 'sparseEnd'> | null = null): Segment {
  const segment = new Segment(request.directory, baseOffset, request.context.clock.wallMs());
  segment.isSparse = found !== null && baseOffset < found.sparseEnd;
  return segment;
}

/** Lists the directory and removes what is left over: temporary files and, at a start, segments below the log start. */
function* survey(request: LoadRequest): Task<Found | null> {
  const { disk } = request.context;
  let entries: readonly DirectoryEntry[];
  try {
    entries = yield* step<readonly DirectoryEntry[]>((done) => disk.list(request.directory, done));
  } catch (error) {
    if (faultCode(error) === 'ENOENT') return null;
    throw error;
  }
  const names = entries.map((entry) => entry.name);
  const damage = yield* settleCleaner(request, names);
  if (names.some((name) => name.endsWith('.swap')))
    entries = yield* step<readonly DirectoryEntry[]>((done) => disk.list(request.directory, done));
  const all: number[] = [];
  const snapshots: number[] = [];
  for (const { name } of entries) {
    const parsed = parseSegmentFileName(name);
    if (parsed?.kind === 'log') all.push(parsed.baseOffset);
    if (parsed?.kind === 'snapshot') snapshots.push(parsed.baseOffset);
    if (name.endsWith('.tmp')) yield* removeIfExists(disk, `${request.directory}/${name}`);
  }
  // Names have equal length, so that the listing's order is that of the offsets.
  // While the node runs the log start may not be synced yet, and retention sees to them (I6).
  const isStart = request.endOffsetMax === Number.POSITIVE_INFINITY;
  const keptFrom = isStart && all.length > 0 ? firstKept(all, snapshots, request) : 0;
  // What vouches for the rest may stand in the page cache only, left by a process that died.
  if (keptFrom > 0) yield* step<void>((done) => disk.syncDirectory(request.directory, done));
  for (const base of all.slice(0, keptFrom)) yield* removeSegmentFiles(request.context, request.directory, base);
  const bases = all.slice(keptFrom);
  const sizes = new Map<number, number>();
  yield* inParallel(bases, PARALLEL, function* (base) {
    const path = `${request.directory}/${segmentFileName(base, 'log')}`;
    sizes.set(base, yield* step<number>((done) => disk.fileSize(path, done)));
  });
  const sparseEnd = names.includes(SPARSE_CHECKPOINT) ? yield* readSparseEnd(request.context, request.directory) : 0;
  return { bases, sizes, snapshots, names: new Set(entries.map((entry) => entry.name)), sparseEnd, damage };
}

/** Finishes or discards what the cleaner was about when the node stopped. */
function settleCleaner(request: LoadRequest, names: readonly string[]): Task<string> {
  const parsed = names.map(parseSegmentFileName);
  const bases = parsed.flatMap((file) => (file?.kind === 'log' ? [file.baseOffset] : []));
  return settleSwaps(request.context, { directory: request.directory, names, swaps: swapBases(names), bases });
}

/**
 * Index of the first segment that a start keeps: the one of the log start, or an earlier one when no producer snapshot
 * between it and the log start vouches for the producers of what lies before (I10).
 */
function firstKept(bases: readonly number[], snapshots: readonly number[], request: LoadRequest): number {
  const atStart = segmentIndexAt(bases, request.logStartOffset);
  const vouching = snapshots.findLast((offset) => offset <= Math.min(request.recoveryPoint, request.logStartOffset));
  for (let index = atStart; index >= 0; index--) {
    const base = bases[index] ?? 0;
    if (base === 0 || base <= (vouching ?? -1)) return index;
  }
  return atStart;
}

/** Leader epochs as a checkpoint has them. */
interface StoredEpochs {
  readonly entries: readonly EpochEntry[];
  /** Both files say the same: nothing is to be written. */
  readonly saved: boolean;
}

/** Our own file, which has a checksum; where it is missing (an older release) or spoiled, Kafka's. */
function* readEpochs(request: LoadRequest): Task<StoredEpochs | null> {
  const { disk, crc32c } = request.context;
  const sealed = yield* readIfExists(disk, `${request.directory}/${SEALED_EPOCHS}`, EPOCHS_SIZE_MAX);
  const plain = yield* readIfExists(disk, `${request.directory}/${EPOCH_CHECKPOINT}`, EPOCHS_SIZE_MAX);
  const entries = sealed === null ? null : decodeSealedEpochs(sealed, crc32c);
  if (entries !== null) return { entries, saved: plain !== null && encodeEpochCheckpoint(entries).equals(plain) };
  const unsealed = plain === null ? null : decodeEpochCheckpoint(plain);
  return unsealed === null ? null : { entries: unsealed, saved: false };
}

function* readSnapshot(request: LoadRequest, offset: number): Task<ProducerEntry[] | null> {
  const { context, directory } = request;
  const path = `${directory}/${segmentFileName(offset, 'snapshot')}`;
  const bytes = yield* readIfExists(context.disk, path, SNAPSHOT_SIZE_MAX);
  return bytes === null ? null : decodeProducerSnapshot(bytes, context.crc32c, context.clock.monotonicMs());
}

/** Nothing is read but the ends of the last segment's indexes. Null when something does not fit: then it is recovered. */
function* loadClean(request: LoadRequest, found: Found, stored: StoredEpochs): Task<LoadedLog | null> {
  const { context, recoveryPoint: endOffset } = request;
  const base = found.bases.at(-1) ?? 0;
  const size = found.sizes.get(base) ?? 0;
  if (endOffset < base || endOffset < request.highWatermark || size === 0 || endOffset === base) return null;
  if (!found.snapshots.includes(endOffset) || missesIndexes(found, found.bases)) return null;
  const snapshot = yield* readSnapshot(request, endOffset);
  if (snapshot === null) return null;
  const active = newSegment(request, base, found);
  active.loadSealed(size, endOffset);
  const first = yield* readHeader(context, active, 0, size);
  active.firstTimestampMs = first === null ? -1 : batch.maxTimestamp(first, 0);
  active.index = new IndexTail(
    OFFSET_ENTRY_SIZE,
    yield* indexFileBytes(context, active.path('index'), OFFSET_ENTRY_SIZE),
  );
  const timeBytes = yield* indexFileBytes(context, active.path('timeindex'), TIME_ENTRY_SIZE);
  active.timeIndex = new IndexTail(TIME_ENTRY_SIZE, timeBytes);
  if (!(yield* loadLargestTimestamp(context, active))) return null;
  const producers = new ProducerStates();
  producers.restore(snapshot);
  const epochs = new EpochCache();
  epochs.load(stored.entries);
  const segments = new SegmentList([...(yield* loadSealed(request, found, found.bases.length - 1)), active]);
  return {
    segments,
    epochs,
    producers,
    endOffset,
    snapshots: found.snapshots,
    epochsSaved: stored.saved,
    unsaved: false,
    damage: '',
    cut: '',
    isSuspect: false,
    sparseEnd: found.sparseEnd,
  };
}

function missesIndexes(found: Found, bases: readonly number[]): boolean {
  return bases.some(
    (base) =>
      (found.sizes.get(base) ?? 0) > 0 &&
      !(found.names.has(segmentFileName(base, 'index')) && found.names.has(segmentFileName(base, 'timeindex'))),
  );
}

/** The first `count` segments as found; nothing is read. */
function* loadSealed(request: LoadRequest, found: Found, count: number): Task<Segment[]> {
  const sealed = found.bases.slice(0, count).map((base, i) => {
    const segment = newSegment(request, base, found);
    segment.loadSealed(found.sizes.get(base) ?? 0, found.bases[i + 1] ?? base);
    return segment;
  });
  yield* inParallel(sealed, PARALLEL, function* (segment) {
    segment.index.flushedBytes = yield* indexFileBytes(request.context, segment.path('index'), OFFSET_ENTRY_SIZE);
    segment.timeIndex.flushedBytes = yield* indexFileBytes(request.context, segment.path('timeindex'), TIME_ENTRY_SIZE);
  });
  return sealed;
}

/** The state of a recovery that walks from segment to segment. */
interface Recovery {
  readonly request: LoadRequest;
  readonly found: Found;
  readonly epochs: EpochCache;
  readonly producers: ProducerStates;
  /** The producers were restored up to here. */
  readonly producersFrom: number;
  /** What is derived besides is believed up to here. */
  readonly snapshotOffset: number;
}

function* recover(request: LoadRequest, found: Found, entries: readonly EpochEntry[] | null): Task<LoadedLog> {
  const recovery = yield* beginRecovery(request, found, entries);
  // Indexes of sealed segments that vanished are made again from the batches: the walk begins there at the latest.
  const unindexed = found.bases.findIndex((base) => missesIndexes(found, [base]));
  const snapshotIndex = segmentIndexAt(found.bases, recovery.snapshotOffset);
  const startIndex = unindexed < 0 ? snapshotIndex : Math.min(unindexed, snapshotIndex);
  const sealed = yield* loadSealed(request, found, startIndex);
  const { walked, state } = yield* walkFrom(recovery, startIndex);
  const endOffset = state.expectedOffset;
  // What was deleted can't be missing: a removed segment may be back when the removal of its successors came through.
  const reached = state.fault === '' ? Math.max(endOffset, request.logStartOffset) : endOffset;
  if (state.fault !== BEYOND_END && judgeEnd(reached, request) === 'damaged') {
    const place = `byte ${state.position} of ${walked.at(-1)?.path('log') ?? request.directory}`;
    const reason = `${state.fault === '' ? 'the log ends' : state.fault} at offset ${endOffset}, ${place}`;
    const mark = Math.max(request.recoveryPoint, request.highWatermark);
    return damaged(request, `${reason}, below its durable mark ${mark}`);
  }
  // What the log start stood on was never synced (DeleteRecords in a `replicated` log), or was deleted.
  if (endOffset < request.logStartOffset) {
    const begun = yield* startOver(request, found);
    // The cut and the log start lie inside of one batch, which goes as a whole.
    return state.fault === BEYOND_END ? { ...begun, cut: BEYOND_END } : begun;
  }
  if (isSuspect(state)) yield* noteSuspect(request.context.disk, request.directory);
  const { snapshots, unsaved } = yield* settle(recovery, walked, state);
  return {
    segments: new SegmentList([...sealed, ...walked]),
    epochs: recovery.epochs,
    producers: recovery.producers,
    endOffset,
    snapshots,
    epochsSaved: false,
    unsaved,
    damage: '',
    cut: state.fault === '' ? '' : `cut at offset ${endOffset}: ${state.fault}`,
    isSuspect: isSuspect(state),
    sparseEnd: found.sparseEnd,
  };
}

/**
 * Finds the latest sound snapshot at or below the recovery point: the walk begins there. Without epochs it begins at the
 * front, since they follow from the batches alone; the producers are believed all the same.
 */
function* beginRecovery(request: LoadRequest, found: Found, entries: readonly EpochEntry[] | null): Task<Recovery> {
  const epochs = new EpochCache();
  const producers = new ProducerStates();
  const bound = Math.min(request.recoveryPoint, request.endOffsetMax);
  const first = found.bases[0] ?? 0;
  const usable = found.snapshots.filter((offset) => offset <= bound && offset >= first).toReversed();
  for (const producersFrom of usable) {
    const snapshot = yield* readSnapshot(request, producersFrom);
    if (snapshot === null) continue;
    if (entries !== null) epochs.load(entries);
    producers.restore(snapshot);
    return { request, found, epochs, producers, producersFrom, snapshotOffset: entries === null ? 0 : producersFrom };
  }
  return { request, found, epochs, producers, producersFrom: 0, snapshotOffset: 0 };
}

function* walkFrom(
  recovery: Recovery,
  startIndex: number,
): Task<{ readonly walked: Segment[]; readonly state: WalkState }> {
  const { request, found, epochs, producers, producersFrom, snapshotOffset } = recovery;
  const { context, config } = request;
  const walked: Segment[] = [];
  const firstBase = found.bases[startIndex] ?? 0;
  const { endOffsetMax } = request;
  const limits = { endOffsetMax, sparseEnd: found.sparseEnd };
  let state: WalkState = { position: 0, expectedOffset: firstBase, latestEpoch: -1, ...limits, fault: '' };
  for (const base of found.bases.slice(startIndex)) {
    if (state.fault === '') state.fault = faultBefore(base, state, walked.length === 0);
    if (state.fault !== '') break;
    const segment = newSegment(request, base, found);
    const fileSize = found.sizes.get(base) ?? 0;
    const offset = missesIndexes(found, [base]) ? base : Math.max(base, snapshotOffset);
    const { latestEpoch } = state;
    state = yield* beginWalk(context, segment, { offset, fileSize, ...limits });
    state.latestEpoch = latestEpoch;
    if (walked.length === 0) {
      state.latestEpoch = state.expectedOffset > 0 ? epochs.epochAt(state.expectedOffset - 1) : -1;
      epochs.truncateFromEnd(Math.max(state.expectedOffset, snapshotOffset));
    }
    const derived = { epochs, producers, derivedFrom: snapshotOffset, producersFrom };
    yield* walkSegment(context, segment, state, { fileSize, indexIntervalBytes: config.indexIntervalBytes, derived });
    walked.push(segment);
  }
  return { walked, state };
}

/** What is wrong with a segment that begins at `base`, before it is looked into. */
function faultBefore(base: number, state: WalkState, isFirst: boolean): string {
  if (base > state.endOffsetMax || (!isFirst && base === state.endOffsetMax)) return BEYOND_END;
  return base === state.expectedOffset ? '' : `offset ${base} where ${state.expectedOffset} was due`;
}

/** Cuts what lies behind the walk, writes the indexes anew and syncs, so that everything kept is durable. */
function* settle(
  recovery: Recovery,
  walked: readonly Segment[],
  state: WalkState,
): Task<{ readonly snapshots: readonly number[]; readonly unsaved: boolean }> {
  const { request, found } = recovery;
  const { context, directory } = request;
  const kept = new Set(walked.map((segment) => segment.baseOffset));
  const last = walked.at(-1);
  for (const base of found.bases) {
    if (last !== undefined && base > last.baseOffset && !kept.has(base)) {
      yield* removeSegmentFiles(context, directory, base);
    }
  }
  const endOffset = state.expectedOffset;
  // Below the recovery point everything was synced before, the directory too unless the last file is empty.
  const isWhole = state.fault === '' && endOffset <= request.recoveryPoint && (last?.sizeInBytes ?? 0) > 0;
  const isDurable = isWhole || (context.bugs.cutsUnsynced && state.fault === BEYOND_END);
  for (const offset of found.snapshots) {
    if (offset > endOffset) yield* removeIfExists(context.disk, `${directory}/${segmentFileName(offset, 'snapshot')}`);
  }
  let unsaved = false;
  const save = function* (segment: Segment): Task<void> {
    if (!(yield* saveIndexes(context, segment, { sync: segment !== last }))) unsaved = true;
    yield* withFile(context.files, segment.path('log'), { create: false }, function* (file) {
      if ((found.sizes.get(segment.baseOffset) ?? 0) !== segment.sizeInBytes) {
        yield* step<void>((done) => file.truncate(segment.sizeInBytes, done));
      }
      if (!isDurable) yield* step<void>((done) => file.sync(done));
    });
  };
  for (const segment of walked) if (segment !== last) yield* save(segment);
  // A follower waits for this at each cut: what does not depend on each other is synced at once.
  const ends: (() => Task<void>)[] = [];
  if (last !== undefined) ends.push(() => save(last));
  if (!isDurable) ends.push(() => step<void>((done) => context.disk.syncDirectory(directory, done)));
  yield* inParallel(ends, ends.length, (end) => end());
  return { snapshots: found.snapshots.filter((offset) => offset <= endOffset), unsaved };
}

/** Writes the indexes that were made anew; false when the disk is full (D11): the log can be read all the same. */
function* saveIndexes(context: LogContext, segment: Segment, options: { readonly sync: boolean }): Task<boolean> {
  segment.addTimeEntry();
  try {
    yield* cutIndexes(context, segment);
    yield* flushIndexes(context, segment, options);
    return true;
  } catch (error) {
    if (isDiskFull(failureOf(error))) return false;
    throw error;
  }
}
