import { assert } from '../../core/base/assert.ts';
import type { Crc32c } from '../../core/base/checksum.ts';
import { RaftLog } from '../../core/raft/log.ts';
import { type Entry, type HardState, isSame, type LogPlace, type ReplicaKey } from '../../core/raft/types.ts';
import type { DirectoryEntry, Disk, DiskFile } from '../../ports/disk.ts';
import { readIfExists, removeIfExists, replaceFile } from '../logs/disk-tasks.ts';
import { step, type Task } from '../task.ts';
import { MetadataDamageError } from './raft-blocks.ts';
import { CHECKPOINT_BYTES_MAX, decodeCheckpoint, type StoredCheckpoint, writeCheckpoint } from './raft-checkpoint.ts';
import { checkpointName, readRaftFiles, type RaftFiles, roundsName, type SegmentName } from './raft-files.ts';
import { scanRaftFrames, type ScannedFrame } from './raft-frames.ts';
import { convertLegacyLog } from './raft-legacy.ts';
import {
  encodeStateFile,
  FIRST_ROUND,
  newestSlot,
  type RaftSlot,
  STATE_FILE,
  STATE_FILE_BYTES_MAX,
  writeSlot,
} from './raft-state-file.ts';

/** What recovery works with. */
export interface RaftRecoveryDeps {
  readonly disk: Disk;
  readonly crc32c: Crc32c;
  /** Directory of the files. */
  readonly directory: string;
  /** This node and its disk. */
  readonly self: ReplicaKey;
}

/** A segment, and where the log ended after its last frame. */
export interface Segment extends SegmentName {
  lastIndex: number;
}

/** What is on the disk, and where writing goes on. */
export interface RecoveredRaft {
  readonly slot: RaftSlot;
  readonly stateFile: DiskFile;
  readonly log: RaftLog;
  readonly entries: readonly Entry[];
  readonly checkpoint: StoredCheckpoint;
  readonly segments: readonly Segment[];
  /** Where the last segment goes on, bytes. */
  readonly endPosition: number;
  readonly bytesSinceSnapshot: number;
  readonly damage: string | null;
  /** Bytes that were cut away behind the last good frame. */
  readonly cutBytes: number;
}

/** A segment is read up to this size; writing begins another one long before. */
const SEGMENT_BYTES_MAX = 256 * 1024 * 1024;

/**
 * Reads what a life before has left; null for a disk that holds no log. What no sync covered is cut, what a sync covered and is
 * not there is damage (V10): kept in the hard state from then on, fatal (`MetadataDamageError`, nothing changed) for a lone
 * voter, which nobody could bring back what it lost.
 */
export function* recoverRaft(deps: RaftRecoveryDeps): Task<RecoveredRaft | null> {
  const { disk, directory, crc32c } = deps;
  let files = yield* listFiles(deps);
  // Entries that an earlier life made and did not live to sync would otherwise hold what this one tells.
  yield* step<void>((done) => disk.syncDirectory(directory, done));
  let converted = 0;
  if (!files.hasState && files.legacy.length > 0) {
    converted = yield* convertLegacyLog(deps, files);
    files = yield* listFiles(deps);
  }
  if (!files.hasState) {
    if (files.segments.length + files.checkpoints.length === 0) return null;
    throw new MetadataDamageError(`${directory} holds a metadata log, but no ${STATE_FILE}: its vote is not known`);
  }
  const stateFile = yield* openSynced(disk, `${directory}/${STATE_FILE}`);
  const state = yield* step<Uint8Array>((done) => disk.readFile(stateFile.path, STATE_FILE_BYTES_MAX, done));
  const slot = newestSlot(state, crc32c);
  if (slot === null) throw new MetadataDamageError(`${stateFile.path} is damaged: the vote in it is lost`);
  // The replica's very first state has no checkpoint yet: nothing was told.
  if (slot.round === FIRST_ROUND && files.checkpoints.length === 0) return null;
  const checkpoint = yield* newestCheckpoint(deps, files, slot);
  const scan = yield* scanSegments(deps, files.segments, slot);
  const verdict = judge({ slot, scan, checkpoint, self: deps.self });
  const settled = yield* settle(deps, { files, slot, scan, verdict, stateFile });
  return { ...settled, stateFile, damage: verdict.damage, cutBytes: scan.cutBytes + converted };
}

/** Writes a replica's first state, durable when done: these voters, none for one that observes (V11). */
export function* formRaft(deps: RaftRecoveryDeps, voters: readonly ReplicaKey[]): Task<RecoveredRaft> {
  const { disk, crc32c, directory, self } = deps;
  const slot: RaftSlot = {
    round: FIRST_ROUND,
    hardState: { term: 0, votedFor: null, damagedUpTo: 0, damagedTerm: 0 },
    firstFrame: 1,
    lastFrame: 0,
    lastFrameCrc: 0,
    lastIndex: 0,
    isPending: false,
    isLone: isLoneVoter(voters, self),
    checkpointIndex: 0,
  };
  // First: a state of the first round without a checkpoint is one that was never told.
  yield* replaceFile(disk, directory, STATE_FILE, encodeStateFile(slot, crc32c));
  yield* writeCheckpoint(deps, { place: { index: 0, term: 0 }, voters, offset: -1, payload: new Uint8Array() });
  const recovered = yield* recoverRaft(deps);
  assert(recovered !== null, 'what was formed is there');
  return recovered;
}

function* listFiles({ disk, directory }: RaftRecoveryDeps): Task<RaftFiles> {
  const listing = yield* step<readonly DirectoryEntry[]>((done) => disk.list(directory, done));
  return readRaftFiles(listing.map(({ name }) => name));
}

/** What was read from a file of an earlier process may not be on the platter yet; from here on it is. */
function* openSynced(disk: Disk, path: string): Task<DiskFile> {
  const file = yield* step<DiskFile>((done) => disk.open(path, { create: false }, done));
  yield* step<void>((done) => file.sync(done));
  return file;
}

/** The newest checkpoint; a sentence when it is not there or not what was written. */
function* newestCheckpoint(
  { disk, directory, crc32c }: RaftRecoveryDeps,
  files: RaftFiles,
  slot: RaftSlot,
): Task<StoredCheckpoint | string> {
  const index = files.checkpoints.at(-1) ?? -1;
  if (index < slot.checkpointIndex) return `the checkpoint of the metadata at ${slot.checkpointIndex} is not there`;
  const path = `${directory}/${checkpointName(index)}`;
  const bytes = yield* readIfExists(disk, path, CHECKPOINT_BYTES_MAX);
  const checkpoint = bytes === null ? null : decodeCheckpoint(bytes, crc32c);
  if (checkpoint === null || checkpoint.place.index !== index) return `${path} is damaged`;
  return checkpoint;
}

interface Scan {
  readonly segments: Segment[];
  /** The log as the frames tell it: `entries` follow `baseIndex`. */
  baseIndex: number;
  entries: Entry[];
  lastFrame: number;
  lastFrameCrc: number;
  hardState: HardState;
  /** Of the last segment that has a good frame. */
  endPosition: number;
  cutBytes: number;
  /** Where the first bad byte is, for sentences. */
  badAt: string;
}

/** Replays frames until one is missing or bad. */
function* scanSegments(deps: RaftRecoveryDeps, names: readonly SegmentName[], slot: RaftSlot): Task<Scan> {
  const { disk, directory, crc32c } = deps;
  const scan: Scan = {
    segments: [],
    baseIndex: 0,
    entries: [],
    lastFrame: slot.firstFrame - 1,
    lastFrameCrc: 0,
    hardState: slot.hardState,
    endPosition: 0,
    cutBytes: 0,
    badAt: '',
  };
  for (const { name, firstFrame } of names) {
    if (firstFrame < slot.firstFrame) continue;
    const path = `${directory}/${name}`;
    if (scan.badAt !== '' || firstFrame !== scan.lastFrame + 1) {
      scan.badAt ||= `${directory}/${roundsName(scan.lastFrame + 1)} is not there`;
      scan.cutBytes += yield* step<number>((done) => disk.fileSize(path, done));
      continue;
    }
    const file = yield* step<Uint8Array>((done) => disk.readFile(path, SEGMENT_BYTES_MAX, done));
    const segment = { name, firstFrame, lastIndex: 0 };
    let end = 0;
    const { frames, ends } = scanRaftFrames(file, firstFrame, crc32c);
    for (const [position, frame] of frames.entries()) {
      if (!replay(scan, segment, frame, slot)) break;
      end = ends[position] ?? end;
    }
    if (end > 0) {
      scan.segments.push(segment);
      scan.endPosition = end;
    }
    if (end === file.length) continue;
    scan.badAt = `${path} is damaged at byte ${end}`;
    scan.cutBytes += file.length - end;
  }
  if (scan.badAt === '') scan.badAt = `${directory}/${roundsName(scan.lastFrame + 1)} is not there`;
  if (scan.lastFrame > slot.lastFrame + 1) {
    throw new MetadataDamageError(`${directory}/${STATE_FILE} is older than the log beside it: the vote in it is lost`);
  }
  return scan;
}

/** Takes a frame; false when it can't be the one that was written there. */
function replay(scan: Scan, segment: Segment, frame: ScannedFrame, slot: RaftSlot): boolean {
  if (frame.number === slot.lastFrame && frame.crc !== slot.lastFrameCrc) return false;
  const isFirst = scan.lastFrame < slot.firstFrame;
  if (isFirst) scan.baseIndex = frame.fromIndex - 1;
  const kept = frame.fromIndex - 1 - scan.baseIndex;
  if (kept > scan.entries.length) return false;
  scan.entries.length = Math.max(0, kept);
  if (kept < 0) scan.baseIndex = frame.fromIndex - 1;
  for (const entry of frame.entries) scan.entries.push(entry);
  scan.lastFrame = frame.number;
  scan.lastFrameCrc = frame.crc;
  segment.lastIndex = frame.fromIndex + frame.entries.length - 1;
  // The round of the last frame counts even if the state file lost its slot.
  if (frame.number > slot.lastFrame) scan.hardState = frame.hardState;
  return true;
}

/** What recovery makes of what it found. */
interface Verdict {
  readonly hardState: HardState;
  /** Null when it is lost: then nothing of the log can be used. */
  readonly checkpoint: StoredCheckpoint | null;
  readonly entries: readonly Entry[];
  /** The frames found are not those of this log: another begins. */
  readonly beginsAnew: boolean;
  readonly damage: string | null;
}

function judge(found: {
  readonly slot: RaftSlot;
  readonly scan: Scan;
  readonly checkpoint: StoredCheckpoint | string;
  readonly self: ReplicaKey;
}): Verdict {
  const { slot, scan, checkpoint } = found;
  if (typeof checkpoint === 'string') {
    if (slot.isLone) throw new MetadataDamageError(`${checkpoint}, and nobody else has the metadata`);
    return lost(found, checkpoint);
  }
  const { place } = checkpoint;
  const isShort = scan.lastFrame < slot.lastFrame;
  // Frames are missing, but the checkpoint stands for all that they made.
  const behind = isShort && slot.lastIndex <= place.index ? null : entriesBehind(scan, place);
  if (scan.segments.length > 0 && scan.baseIndex > place.index) {
    const gap = `the metadata log has lost the entries from ${place.index + 1} to ${scan.baseIndex}`;
    if (slot.isLone) throw new MetadataDamageError(gap);
    return lost(found, gap);
  }
  const verdict = { hardState: scan.hardState, checkpoint, entries: behind ?? [], beginsAnew: behind === null };
  if (!isShort || slot.lastIndex <= place.index) return { ...verdict, damage: standing(scan.hardState) };
  const isLast = slot.isPending && scan.lastFrame === slot.lastFrame - 1;
  // It may never have been synced, and then nobody was told; a lone voter has nobody to ask (V10).
  if (slot.isLone && isLast) return { ...verdict, damage: null };
  const sentence = `${scan.badAt}: the log ends at ${place.index + verdict.entries.length}, it was written up to ${slot.lastIndex}`;
  if (slot.isLone) throw new MetadataDamageError(sentence);
  return { ...verdict, hardState: damaged(found), damage: sentence };
}

/** What an earlier life has said and is still so. */
function standing({ damagedUpTo }: HardState): string | null {
  return damagedUpTo === 0 ? null : `the log once lost something, and no leader has brought it to ${damagedUpTo} since`;
}

function damaged({ slot, scan }: { readonly slot: RaftSlot; readonly scan: Scan }): HardState {
  const damagedUpTo = Math.max(scan.hardState.damagedUpTo, slot.lastIndex, 1);
  // What was written had at most the term of that time.
  const damagedTerm = Math.max(scan.hardState.damagedTerm, scan.hardState.term);
  return { ...scan.hardState, damagedUpTo, damagedTerm };
}

function lost(found: { readonly slot: RaftSlot; readonly scan: Scan }, damage: string): Verdict {
  return { hardState: damaged(found), checkpoint: null, entries: [], beginsAnew: true, damage };
}

/** Entries behind a checkpoint; null when the frames are not those of a log that goes on from there. */
function entriesBehind(scan: Scan, place: LogPlace): readonly Entry[] | null {
  const count = place.index - scan.baseIndex;
  if (scan.entries.length === 0 && count >= 0) return count === 0 || scan.segments.length === 0 ? [] : null;
  if (count < 0) return null;
  if (count > 0 && scan.entries[count - 1]?.term !== place.term) return null;
  return scan.entries.slice(count);
}

/** Makes the verdict durable before anybody hears of it, then clears away what has no meaning any more. */
function* settle(
  deps: RaftRecoveryDeps,
  found: {
    readonly files: RaftFiles;
    readonly slot: RaftSlot;
    readonly scan: Scan;
    readonly verdict: Verdict;
    readonly stateFile: DiskFile;
  },
): Task<Omit<RecoveredRaft, 'stateFile' | 'damage' | 'cutBytes'>> {
  const { disk, directory, crc32c, self } = deps;
  const { files, scan, verdict, stateFile } = found;
  const segments = verdict.beginsAnew ? [] : scan.segments;
  const last = segments.at(-1);
  // The last round may have been written and not synced when the process died: from here on it counts.
  const file = last === undefined ? null : yield* openSynced(disk, `${directory}/${last.name}`);
  const log = verdict.checkpoint === null ? null : new RaftLog(verdict.checkpoint.meta, verdict.entries);
  const slot: RaftSlot = {
    round: found.slot.round + 1,
    hardState: verdict.hardState,
    firstFrame: verdict.beginsAnew ? scan.lastFrame + 1 : found.slot.firstFrame,
    lastFrame: scan.lastFrame,
    lastFrameCrc: scan.lastFrameCrc,
    lastIndex: log?.lastIndex ?? 0,
    isPending: false,
    isLone: log !== null && isLoneVoter(log.votersAt(log.lastIndex).voters, self),
    checkpointIndex: log?.snapshot.place.index ?? 0,
  };
  yield* writeSlot(stateFile, slot, crc32c);
  yield* step<void>((done) => stateFile.sync(done));
  if (file !== null) {
    yield* step<void>((done) => file.truncate(scan.endPosition, done));
    yield* step<void>((done) => file.sync(done));
    file.close(() => undefined);
  }
  const stored = verdict.checkpoint ?? (yield* beginEmpty(deps));
  const kept = new Set([checkpointName(stored.place.index), ...segments.map(({ name }) => name)]);
  const names = [
    ...files.checkpoints.map(checkpointName),
    ...files.segments.map(({ name }) => name),
    ...files.legacy,
    ...files.unfinished,
  ];
  for (const name of names) if (!kept.has(name)) yield* removeIfExists(disk, `${directory}/${name}`);
  yield* step<void>((done) => disk.syncDirectory(directory, done));
  let bytesSinceSnapshot = 0;
  for (const { body } of verdict.entries) if (body.kind === 'batch') bytesSinceSnapshot += body.payload.length;
  return {
    slot,
    log: log ?? new RaftLog(stored.meta),
    entries: verdict.entries,
    checkpoint: stored,
    segments,
    endPosition: segments.length === 0 ? 0 : scan.endPosition,
    bytesSinceSnapshot,
  };
}

/** In the place of a checkpoint that is lost: a replica that knows nobody, until a leader brings it everything. */
function* beginEmpty(deps: RaftRecoveryDeps): Task<StoredCheckpoint> {
  return yield* writeCheckpoint(deps, {
    place: { index: 0, term: 0 },
    voters: [],
    offset: -1,
    payload: new Uint8Array(),
  });
}

/** True when the voters are this replica alone. */
export function isLoneVoter(voters: readonly ReplicaKey[], self: ReplicaKey): boolean {
  return voters.length === 1 && isSame(voters[0] ?? null, self);
}
