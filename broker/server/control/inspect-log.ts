import type { Crc32c } from '../../core/base/checksum.ts';
import { MetadataImage } from '../../core/metadata/image.ts';
import { decodeRecords } from '../../core/metadata/records.ts';
import type { Entry, LogPlace, ReplicaKey } from '../../core/raft/types.ts';
import type { DirectoryEntry, Disk } from '../../ports/disk.ts';
import { readIfExists } from '../logs/disk-tasks.ts';
import { step, type Task } from '../task.ts';
import { scanFrames } from './frames.ts';
import { readLogFiles, snapshotName } from './log-files.ts';
import { CHECKPOINT_BYTES_MAX, decodeCheckpoint } from './raft-checkpoint.ts';
import { checkpointName, readRaftFiles, type RaftFiles } from './raft-files.ts';
import { scanRaftFrames } from './raft-frames.ts';
import { newestSlot, type RaftSlot, STATE_FILE, STATE_FILE_BYTES_MAX } from './raft-state-file.ts';
import { decodeSnapshot } from './snapshot-file.ts';

/** Where a metadata log lies. */
export interface InspectDeps {
  readonly disk: Disk;
  readonly crc32c: Crc32c;
  /** Directory of the files. */
  readonly directory: string;
}

/** The state that a log begins with. */
export interface InspectedSnapshot {
  readonly place: LogPlace;
  /** Unknown in a log of release 0.1.0, which had one controller. */
  readonly voters: readonly ReplicaKey[] | null;
  readonly offset: number;
  readonly payload: Uint8Array;
}

/** A metadata log as its files tell it, good or bad. */
export interface InspectedLog {
  /** `raft`, `local` (release 0.1.0), or nothing. */
  readonly format: 'raft' | 'local' | 'none';
  /** Null in a log of release 0.1.0, and when it is damaged. */
  readonly slot: RaftSlot | null;
  /** Null before the first, and when it is damaged. */
  readonly snapshot: InspectedSnapshot | null;
  /** Behind the snapshot, in order. On a voter among others the last ones may not be committed. */
  readonly entries: readonly Entry[];
  /** Number of the last good frame; 0 without. */
  readonly lastFrame: number;
  /** A sentence for everything that is not as it was written. */
  readonly problems: readonly string[];
}

const SEGMENT_BYTES_MAX = 1024 * 1024 * 1024;

/**
 * Reads what a directory of the metadata log holds, without a change to it: recovery without its judgement. Takes as much
 * memory as the node itself: the snapshot, and what follows it.
 */
export function* inspectLog(deps: InspectDeps): Task<InspectedLog> {
  const listing = yield* step<readonly DirectoryEntry[]>((done) => deps.disk.list(deps.directory, done));
  const names = listing.map(({ name }) => name);
  const files = readRaftFiles(names);
  const isRaft = files.hasState || files.checkpoints.length > 0;
  return isRaft ? yield* inspectRaft(deps, files) : yield* inspectLocal(deps, names);
}

function* inspectRaft({ disk, crc32c, directory }: InspectDeps, files: RaftFiles): Task<InspectedLog> {
  const problems: string[] = [];
  const state = yield* readIfExists(disk, `${directory}/${STATE_FILE}`, STATE_FILE_BYTES_MAX);
  const slot = state === null ? null : newestSlot(state, crc32c);
  if (slot === null) problems.push(`${STATE_FILE} is damaged: term and vote are not known`);
  let snapshot: InspectedSnapshot | null = null;
  for (const index of files.checkpoints.toReversed()) {
    const name = checkpointName(index);
    const bytes = yield* readIfExists(disk, `${directory}/${name}`, CHECKPOINT_BYTES_MAX);
    snapshot = bytes === null ? null : decodeCheckpoint(bytes, crc32c);
    if (snapshot !== null) break;
    problems.push(`${name} is damaged`);
  }
  if (slot !== null && (snapshot?.place.index ?? -1) < slot.checkpointIndex)
    problems.push(`the snapshot at ${slot.checkpointIndex} is lost`);
  const log = new Replay(slot?.firstFrame ?? files.segments[0]?.firstFrame ?? 1);
  for (const { name, firstFrame } of files.segments) {
    if (firstFrame < log.firstFrame) continue;
    if (firstFrame !== log.lastFrame + 1) problems.push(`frames ${log.lastFrame + 1} to ${firstFrame - 1} are lost`);
    if (firstFrame !== log.lastFrame + 1) break;
    const file = yield* step<Uint8Array>((done) => disk.readFile(`${directory}/${name}`, SEGMENT_BYTES_MAX, done));
    const { frames, ends } = scanRaftFrames(file, firstFrame, crc32c);
    for (const frame of frames) log.take(frame);
    const end = ends.at(-1) ?? 0;
    if (end < file.length)
      problems.push(`${name} ends at byte ${end}; ${file.length - end} bytes behind it are no frame`);
  }
  if (slot !== null && log.lastFrame < slot.lastFrame)
    problems.push(`frames ${log.lastFrame + 1} to ${slot.lastFrame} were written and are not there`);
  const { lastFrame, entries } = log;
  const first = (snapshot?.place.index ?? 0) + 1;
  const behind = entries.filter(({ index }) => index >= first);
  const gap = behind[0] !== undefined && behind[0].index > first;
  if (gap) problems.push(`entries ${first} to ${(behind[0]?.index ?? 0) - 1} are lost`);
  return { format: 'raft', slot, snapshot, entries: gap ? [] : behind, lastFrame, problems };
}

/** What frames make of a log: each may cut what earlier ones have written. */
class Replay {
  readonly firstFrame: number;
  lastFrame: number;
  entries: Entry[] = [];

  constructor(firstFrame: number) {
    this.firstFrame = firstFrame;
    this.lastFrame = firstFrame - 1;
  }

  take(frame: { readonly number: number; readonly fromIndex: number; readonly entries: readonly Entry[] }): void {
    const from = this.entries[0]?.index ?? frame.fromIndex;
    this.entries.length = Math.min(this.entries.length, Math.max(0, frame.fromIndex - from));
    for (const entry of frame.entries) this.entries.push(entry);
    this.lastFrame = frame.number;
  }
}

function* inspectLocal({ disk, crc32c, directory }: InspectDeps, names: readonly string[]): Task<InspectedLog> {
  const files = readLogFiles(names);
  const problems: string[] = [];
  let snapshot: InspectedSnapshot | null = null;
  const index = files.snapshotIndexes.at(-1);
  if (index !== undefined) {
    const name = snapshotName(index);
    const bytes = yield* step<Uint8Array>((done) => disk.readFile(`${directory}/${name}`, CHECKPOINT_BYTES_MAX, done));
    const decoded = decodeSnapshot(bytes, crc32c);
    if (typeof decoded === 'string') problems.push(`${name} can't be used: ${decoded}`);
    else snapshot = { ...decoded, place: decoded, voters: null };
  }
  const entries: Entry[] = [];
  const covered = snapshot?.place.index ?? 0;
  let next = -1;
  for (const { name, firstIndex } of files.segments) {
    if (next !== -1 && firstIndex !== next) problems.push(`entries ${next} to ${firstIndex - 1} are lost`);
    const file = yield* step<Uint8Array>((done) => disk.readFile(`${directory}/${name}`, SEGMENT_BYTES_MAX, done));
    const { frames, endPosition, tail } = scanFrames(file, firstIndex, crc32c);
    next = firstIndex;
    for (const frame of frames) {
      for (const { index: at, payload } of frame.entries) {
        next = at + 1;
        if (at > covered) entries.push({ index: at, term: frame.term, body: { kind: 'batch', payload } });
      }
    }
    if (tail !== 'none') problems.push(`${name} is ${tail} at byte ${endPosition}`);
  }
  const format = index === undefined && files.segments.length === 0 ? 'none' : 'local';
  return { format, slot: null, snapshot, entries, lastFrame: 0, problems };
}

/** The metadata at the end of a log. Throws `UnknownMetadataError` for what a newer release wrote. */
export function imageOf({ snapshot, entries }: InspectedLog): MetadataImage {
  const image = new MetadataImage();
  if (snapshot !== null && snapshot.offset >= 0) image.restore(decodeRecords(snapshot.payload), snapshot.offset);
  for (const { body } of entries) {
    if (body.kind === 'batch') image.apply(decodeRecords(body.payload), image.offset + 1);
  }
  return image;
}

/** Who votes at the end of a log; null when that is not written in it. */
export function votersOf({ snapshot, entries }: InspectedLog): readonly ReplicaKey[] | null {
  for (const { body } of entries.toReversed()) if (body.kind === 'voters') return body.voters;
  return snapshot?.voters ?? null;
}

/** Where a log ends; index and term 0 for an empty one. */
export function endOf({ snapshot, entries }: InspectedLog): LogPlace {
  return entries.at(-1) ?? snapshot?.place ?? { index: 0, term: 0 };
}
