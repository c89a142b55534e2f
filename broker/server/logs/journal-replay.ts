import { Buffer } from 'node:buffer';
import type { Crc32c } from '../../core/base/checksum.ts';
import { BALLAST, JOURNAL, logDirectoryName, segmentFileName } from '../../core/log/file-names.ts';
import { journalHalves, journalNeededEnd, readJournal, type SegmentReplay } from '../../core/log/journal.ts';
import type { ManifestEntry } from '../../core/log/manifest.ts';
import type { LogMarks } from '../../core/log/marks.ts';
import type { PlantedLogBugs } from '../../core/log/planted-bugs.ts';
import type { Disk, DiskFile } from '../../ports/disk.ts';
import { isDiskFull } from '../disk-failure.ts';
import { step, type Task } from '../task.ts';
import { failureOf, faultCode, inParallel, removeIfExists } from './disk-tasks.ts';

/** Segments written at once. */
const PARALLEL = 8;
/** Pieces of one vectored write. */
const CHUNKS_MAX = 1024;

/** What the replay works with. */
export interface ReplayDeps {
  readonly disk: Disk;
  readonly crc32c: Crc32c;
  readonly directory: string;
  readonly bugs: PlantedLogBugs;
}

/** What was done. */
export interface Replayed {
  /** Why the journal can't be believed; nothing was done then. */
  readonly problem: string | null;
  readonly segmentCount: number;
  readonly sizeInBytes: number;
}

/**
 * After an unclean stop, before anything else looks at a log: writes again what was acknowledged because the journal has it
 * (D10), and syncs it, so that the journal is not needed any more. What lies below a recovery point is in the segments.
 * Running it twice does the same as once.
 */
export function* replayJournal(
  deps: ReplayDeps,
  entries: readonly ManifestEntry[],
  marksAt: (directoryName: string) => LogMarks,
): Task<Replayed> {
  const file = yield* readNeeded(deps);
  const none = { problem: null, segmentCount: 0, sizeInBytes: 0 };
  if (file === null || deps.bugs.journal === 'not-replayed') return none;
  const names = new Map(
    entries.map(({ topic, topicId, partition }) => [`${topicId}-${partition}`, logDirectoryName(topic, partition)]),
  );
  const nameOf = (log: { readonly topicId: string; readonly partition: number }): string | undefined =>
    names.get(`${log.topicId}-${log.partition}`);
  const { problem, segments } = readJournal(file, deps.crc32c, ({ log, endOffset }) => {
    const name = nameOf(log);
    return name !== undefined && endOffset > marksAt(name).recoveryPoint;
  });
  if (problem !== null) return { ...none, problem };
  let sizeInBytes = 0;
  const touched = new Set<string>();
  yield* inParallel(segments, PARALLEL, function* (segment) {
    const directory = `${deps.directory}/${nameOf(segment.log) ?? ''}`;
    sizeInBytes += yield* makingRoom(deps, () => replaySegment(deps.disk, directory, segment));
    touched.add(directory);
  });
  yield* inParallel([...touched], PARALLEL, function* (directory) {
    // One that is missing is the damage that the load will find.
    yield* unless(
      'ENOENT',
      step<void>((done) => deps.disk.syncDirectory(directory, done)),
    );
  });
  return { problem, segmentCount: segments.length, sizeInBytes };
}

/** What of the journal says something; the rest, which is not read, as zeros. Null when there is no journal. */
function* readNeeded({ disk, directory, crc32c }: ReplayDeps): Task<Buffer | null> {
  const file = yield* unless(
    'ENOENT',
    step<DiskFile>((done) => disk.open(`${directory}/${JOURNAL}`, { create: false }, done)),
  );
  if (file === undefined) return null;
  try {
    const sizeInBytes = yield* step<number>((done) => file.size(done));
    const buf = Buffer.alloc(sizeInBytes);
    const isWhole = sizeInBytes % 2 === 0;
    for (const bounds of isWhole ? journalHalves(sizeInBytes) : [{ start: 0, end: sizeInBytes }]) {
      let at = bounds.start;
      for (let end = journalNeededEnd(buf, bounds, crc32c); end > at; end = journalNeededEnd(buf, bounds, crc32c)) {
        const bytes = yield* step<Uint8Array>((done) => file.read(at, end - at, done));
        buf.set(bytes, at);
        at = end;
      }
    }
    return buf;
  } finally {
    file.close(() => undefined);
  }
}

/** Removes the journal after a start has used it; durable before anything is appended. */
export function* removeJournal(disk: Disk, directory: string): Task<void> {
  yield* removeIfExists(disk, `${directory}/${JOURNAL}`);
  yield* step<void>((done) => disk.syncDirectory(directory, done));
}

function* replaySegment(disk: Disk, directory: string, { segmentBase, runs }: SegmentReplay): Task<number> {
  const path = `${directory}/${segmentFileName(segmentBase, 'log')}`;
  const file = yield* unless(
    'ENOENT',
    step<DiskFile>((done) => disk.open(path, { create: runs[0]?.position === 0 }, done)),
  );
  if (file === undefined) return 0;
  let written = 0;
  try {
    let size = yield* step<number>((done) => file.size(done));
    for (const { position, endPosition, chunks } of runs) {
      // What was before it is missing: the load says so, nothing is made up.
      if (position > size) break;
      const pieces = chunks.length > CHUNKS_MAX ? [Buffer.concat(chunks)] : chunks;
      yield* step<void>((done) => file.write(position, pieces, done));
      size = Math.max(size, endPosition);
      written += endPosition - position;
    }
    yield* step<void>((done) => file.sync(done));
  } finally {
    file.close(() => undefined);
  }
  return written;
}

/** On a full disk the ballast goes for what was acknowledged. */
function* makingRoom<T>({ disk, directory }: ReplayDeps, task: () => Task<T>): Task<T> {
  try {
    return yield* task();
  } catch (error) {
    if (!isDiskFull(failureOf(error))) throw error;
    yield* removeIfExists(disk, `${directory}/${BALLAST}`);
    return yield* task();
  }
}

/** The result of a task; undefined when it failed with this code. */
function* unless<T>(code: string, task: Task<T>): Task<T | undefined> {
  try {
    return yield* task;
  } catch (error) {
    if (faultCode(error) !== code) throw error;
    return undefined;
  }
}
