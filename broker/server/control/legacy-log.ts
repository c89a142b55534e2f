import type { Crc32c } from '../../core/base/checksum.ts';
import type { DirectoryEntry, Disk, DiskFile } from '../../ports/disk.ts';
import { step, type Task } from '../task.ts';
import { readMark } from './durable-mark.ts';
import { scanFrames, type Frame } from './frames.ts';
import { readLogFiles, segmentsUpTo, snapshotName, type LogFiles, type SegmentFile } from './log-files.ts';
import { MetadataDamageError } from './raft-blocks.ts';
import { decodeSnapshot, type Snapshot } from './snapshot-file.ts';

/** Largest file of the metadata log that is read; a larger one is refused before anything is allocated. */
const FILE_BYTES_MAX = 1024 * 1024 * 1024;

/** Where the log is read from. */
interface ReadDeps {
  readonly disk: Disk;
  readonly directory: string;
  readonly crc32c: Crc32c;
}

/**
 * Reads the metadata log of release 0.1.0: newest snapshot, then every entry after it. A torn last frame was never answered for
 * and is cut; anything else that is missing or bad is damage (`MetadataDamageError`).
 */
export function* readLegacyLog(deps: ReadDeps): Task<{ readonly snapshot: Snapshot | null; readonly scan: Scan }> {
  const { disk, directory } = deps;
  const listing = yield* step<readonly DirectoryEntry[]>((done) => disk.list(directory, done));
  const files = readLogFiles(listing.map(({ name }) => name));
  for (const name of files.unfinished) yield* step<void>((done) => disk.remove(`${directory}/${name}`, done));
  const snapshot = yield* newestSnapshot(deps, files);
  const segments = yield* removeObsolete(deps, files, snapshot);
  const markedIndex = yield* readMark(disk, directory, deps.crc32c);
  const scan = yield* readSegments(deps, segments, { covered: snapshot?.index ?? 0, markedIndex });
  return { snapshot, scan };
}

function* newestSnapshot({ disk, directory, crc32c }: ReadDeps, files: LogFiles): Task<Snapshot | null> {
  const index = files.snapshotIndexes.at(-1);
  if (index === undefined) return null;
  const path = `${directory}/${snapshotName(index)}`;
  const bytes = yield* step<Uint8Array>((done) => disk.readFile(path, FILE_BYTES_MAX, done));
  const snapshot = decodeSnapshot(bytes, crc32c);
  if (typeof snapshot === 'string')
    throw new MetadataDamageError(`the metadata snapshot ${path} can't be used: ${snapshot}`);
  if (snapshot.index !== index)
    throw new MetadataDamageError(`the metadata snapshot ${path} is one of index ${snapshot.index}`);
  return snapshot;
}

/** Finishes what the writer of the newest snapshot may not have: older files go. */
function* removeObsolete(
  { disk, directory }: ReadDeps,
  files: LogFiles,
  snapshot: Snapshot | null,
): Task<readonly SegmentFile[]> {
  if (snapshot === null) return files.segments;
  const segments = segmentsUpTo(files.segments, snapshot.index);
  const older = files.snapshotIndexes.filter((index) => index < snapshot.index).map(snapshotName);
  for (const name of [...segments.map((segment) => segment.name), ...older]) {
    yield* step<void>((done) => disk.remove(`${directory}/${name}`, done));
  }
  return files.segments.filter((segment) => !segments.includes(segment));
}

interface Scan {
  /** Entries behind the snapshot. */
  readonly frames: Frame[];
  lastIndex: number;
  term: number;
  cutBytes: number;
}

/** What is known of the log besides its segments. */
interface Known {
  /** Index of the snapshot; 0 without one. */
  readonly covered: number;
  /** Everything up to here was synced. */
  readonly markedIndex: number;
}

function* readSegments(deps: ReadDeps, segments: readonly SegmentFile[], known: Known): Task<Scan> {
  const { covered, markedIndex } = known;
  const first = segments[0];
  if (first !== undefined && first.firstIndex > covered + 1) {
    throw new MetadataDamageError(
      `the metadata log has lost the entries from ${covered + 1} to ${first.firstIndex - 1}`,
    );
  }
  const scan: Scan = {
    frames: [],
    lastIndex: (first?.firstIndex ?? covered + 1) - 1,
    term: 0,
    cutBytes: 0,
  };
  for (const [position, segment] of segments.entries()) {
    yield* readSegment(deps, segment, { scan, known, isLast: position === segments.length - 1 });
  }
  if (scan.lastIndex < covered && segments.length > 0) {
    throw new MetadataDamageError(`the metadata log ends at ${scan.lastIndex}, before its snapshot of ${covered}`);
  }
  if (scan.lastIndex < markedIndex) {
    throw new MetadataDamageError(
      `the metadata log ends at ${scan.lastIndex}, entries up to ${markedIndex} were synced`,
    );
  }
  return scan;
}

function* readSegment(
  { disk, directory, crc32c }: ReadDeps,
  segment: SegmentFile,
  { scan, known, isLast }: { readonly scan: Scan; readonly known: Known; readonly isLast: boolean },
): Task<void> {
  const path = `${directory}/${segment.name}`;
  if (segment.firstIndex !== scan.lastIndex + 1) {
    throw new MetadataDamageError(
      `the metadata log has lost the entries from ${scan.lastIndex + 1} to ${segment.firstIndex - 1}`,
    );
  }
  const file = yield* step<Uint8Array>((done) => disk.readFile(path, FILE_BYTES_MAX, done));
  const { frames, endPosition, tail } = scanFrames(file, segment.firstIndex, crc32c);
  if (tail === 'damaged' || (tail === 'torn' && !isLast)) {
    throw new MetadataDamageError(`${path} is damaged at byte ${endPosition}, before entries that were committed`);
  }
  const lastIndex = frames.at(-1)?.entries.at(-1)?.index ?? scan.lastIndex;
  if (tail === 'torn' && lastIndex < known.markedIndex) {
    // A write that was never acknowledged ends like this too; this one was: cutting it would lose what was promised (V10).
    const lost = `entries ${lastIndex + 1} to ${known.markedIndex} were synced and are not what was written`;
    throw new MetadataDamageError(`${path} is damaged at byte ${endPosition}: ${lost}`);
  }
  // The last round may have been written and not synced when the process died: from here on it counts.
  if (tail === 'torn' || isLast) yield* keepUpTo(disk, path, { endPosition, fileSize: file.length });
  scan.cutBytes += file.length - endPosition;
  for (const frame of frames) {
    if (frame.term < scan.term)
      throw new MetadataDamageError(`${path} goes back from term ${scan.term} to ${frame.term}`);
    scan.term = frame.term;
    for (const entry of frame.entries) {
      scan.lastIndex = entry.index;
    }
    scan.frames.push({ ...frame, entries: frame.entries.filter(({ index }) => index > known.covered) });
  }
}

/** Cuts what lies behind the last good frame and makes the rest durable. */
function* keepUpTo(
  disk: Disk,
  path: string,
  { endPosition, fileSize }: { readonly endPosition: number; readonly fileSize: number },
): Task<void> {
  const file = yield* step<DiskFile>((done) => disk.open(path, { create: false }, done));
  if (endPosition < fileSize) yield* step<void>((done) => file.truncate(endPosition, done));
  yield* step<void>((done) => file.sync(done));
  yield* step<void>((done) => file.close(done));
}
