import { TRY_NEWER_RELEASE } from '../../core/base/format.ts';
import { topicId as toTopicId } from '../../core/base/ids.ts';
import { decodeCleanShutdown } from '../../core/log/checkpoints.ts';
import {
  ASIDE_SUFFIX,
  asideDirectoryName,
  CLEAN_SHUTDOWN,
  DELETED_SUFFIX,
  JOURNAL,
  isLogDirectoryName,
  logDirectoryName,
  MANIFEST,
} from '../../core/log/file-names.ts';
import {
  decodeManifest,
  MANIFEST_SIZE_MAX,
  type ManifestEntry,
  otherManifestVersion,
} from '../../core/log/manifest.ts';
import { NO_LOG_BUGS } from '../../core/log/planted-bugs.ts';
import type { LogMarks } from '../../core/log/marks.ts';
import type { DirectoryEntry, Disk } from '../../ports/disk.ts';
import { step, type Task } from '../task.ts';
import { readBrokerEpoch } from '../broker-epoch.ts';
import { CountingDisk } from './counting-disk.ts';
import { failureOf, faultCode, inParallel, readIfExists, removeIfExists } from './disk-tasks.ts';
import { isDiskFull } from '../disk-failure.ts';
import { removeJournal, type Replayed, replayJournal } from './journal-replay.ts';
import { DirectoryLogManager, type LogManagerDeps, PARALLEL_LOGS } from './directory-logs.ts';
import type { LogManager } from './partition-log.ts';

export type { LogManagerDeps } from './directory-logs.ts';
export type { LogManagerOptions } from './log-options.ts';

/** Bytes of the clean-shutdown proof that are read at most. */
const PROOF_SIZE_MAX = 4096;

/** The opened data directory. */
export interface OpenedLogs {
  readonly manager: LogManager;
  /** Broker epoch of the clean-shutdown proof, −1 when the last stop was not clean. The proof is gone by now. */
  readonly previousBrokerEpoch: number;
  /** What the broker-epoch file says, −1 without one (D4 c). */
  readonly lastUnfencedEpoch: number;
  /** Damaged logs, for the report to the controller (D4 d). */
  readonly damaged: readonly { readonly topic: string; readonly partition: number; readonly reason: string }[];
}

/** The data directory cannot be what a node left behind: it is not touched, the node does not start. */
export class CorruptDataDirectory extends Error {
  readonly code = 'CORRUPT_DATA_DIRECTORY';
}

/** The disk has no room for what the journal has of the logs: nothing is lost, the node does not start. */
export class NoRoomForJournal extends Error {
  readonly code = 'NO_ROOM_FOR_JOURNAL';
}

/**
 * Opens the data directory: reads the manifest, recovers every log (D7), removes what is not listed. Throws `DiskFault`
 * when the disk refuses, `NoRoomForJournal` when it is full, and `CorruptDataDirectory` when the manifest is missing beside
 * logs or unreadable.
 */
export function* openLogManager(deps: LogManagerDeps): Task<OpenedLogs> {
  const { clock, directory } = deps;
  const disk = new CountingDisk(deps.disk);
  const startMs = clock.monotonicMs();
  yield* step<void>((done) => disk.makeDirectory(directory, done));
  const manager = new DirectoryLogManager({ ...deps, disk });
  const entries = yield* step<readonly DirectoryEntry[]>((done) => disk.list(directory, done));
  const listed = yield* readManifest({ ...deps, disk }, entries);
  if (listed === null) {
    yield* syncAncestors(disk, directory);
    yield* manager.writeManifest([]);
  }
  const proof = yield* readIfExists(disk, `${directory}/${CLEAN_SHUTDOWN}`, PROOF_SIZE_MAX);
  const brokerEpoch = proof === null ? null : decodeCleanShutdown(proof);
  const lastUnfencedEpoch = yield* readBrokerEpoch({ ...deps, disk });
  const names = new Set(
    (listed ?? []).flatMap(({ topic, topicId, partition }) => [
      logDirectoryName(topic, partition),
      asideDirectoryName(topicId, partition),
    ]),
  );
  for (const { name } of entries) {
    const isLog = isLogDirectoryName(name) || name.endsWith(ASIDE_SUFFIX);
    if ((isLog && !names.has(name)) || name.endsWith(DELETED_SUFFIX)) yield* removeTree(disk, `${directory}/${name}`);
    else if (name.endsWith(ASIDE_SUFFIX)) manager.aside.found(name);
  }
  // A process that died may have left a checkpoint in the page cache only: what it gives up is deleted next.
  if (brokerEpoch === null) yield* step<void>((done) => disk.syncDirectory(directory, done));
  yield* loadAll({ ...deps, disk }, manager, listed ?? [], brokerEpoch !== null);
  // Everything that it held is in the segments, and they are synced.
  if (entries.some(({ name }) => name === JOURNAL)) yield* removeJournal(disk, directory);
  if (proof !== null) {
    // Gone for good before anything is appended: it would vouch for what comes now.
    yield* removeIfExists(disk, `${directory}/${CLEAN_SHUTDOWN}`);
    yield* step<void>((done) => disk.syncDirectory(directory, done));
  }
  manager.counters.recoveryMs = Math.round(clock.monotonicMs() - startMs);
  manager.counters.recoveryReadBytes = disk.readBytes;
  const { recoveryMs: tookMs, recoveryReadBytes: readBytes } = manager.counters;
  const figures = { logs: manager.all().length, tookMs, readBytes, clean: brokerEpoch !== null };
  deps.log.info(figures, `recovered ${figures.logs} logs in ${tookMs} ms, ${readBytes} bytes read`);
  manager.start();
  const damaged = manager
    .all()
    .filter((log) => log.state === 'damaged')
    .map(({ topic, partition, stateReason }) => ({ topic, partition, reason: stateReason }));
  return { manager, previousBrokerEpoch: brokerEpoch ?? -1, lastUnfencedEpoch, damaged };
}

/** Makes a new data directory itself durable, with the parents that may have been made for it. */
function* syncAncestors(disk: Disk, directory: string): Task<void> {
  const parts = directory.split('/');
  for (let count = parts.length - 1; count > 0; count--) {
    const ancestor = parts.slice(0, count).join('/');
    try {
      yield* step<void>((done) => disk.syncDirectory(ancestor === '' ? '/' : ancestor, done));
    } catch (error) {
      // One that this process may not open existed before it.
      if (!['EACCES', 'EPERM', 'EINVAL'].includes(faultCode(error))) throw error;
      return;
    }
  }
}

/** The listed logs; null in a new directory. */
function* readManifest(
  deps: LogManagerDeps,
  entries: readonly DirectoryEntry[],
): Task<readonly ManifestEntry[] | null> {
  const { disk, directory, crc32c } = deps;
  const bytes = yield* readIfExists(disk, `${directory}/${MANIFEST}`, MANIFEST_SIZE_MAX);
  if (bytes === null) {
    const log = entries.find(({ name }) => isLogDirectoryName(name));
    if (log === undefined) return null;
    throw new CorruptDataDirectory(`${directory} has a log (${log.name}) but no ${MANIFEST}`);
  }
  const listed = decodeManifest(bytes, crc32c);
  if (listed === null) {
    const version = otherManifestVersion(bytes, crc32c);
    const why = version === null ? 'it is not what was written' : unknownVersion(version);
    throw new CorruptDataDirectory(`${directory}/${MANIFEST} is unreadable: ${why}`);
  }
  return listed;
}

function unknownVersion(version: string): string {
  return `its version ${version} is not known to this release; ${TRY_NEWER_RELEASE}`;
}

function* loadAll(
  deps: LogManagerDeps,
  manager: DirectoryLogManager,
  listed: readonly ManifestEntry[],
  clean: boolean,
): Task<void> {
  const marks = yield* manager.store.load();
  if (marks.problem !== null) throw new CorruptDataDirectory(`the checkpoints of the logs are ${marks.problem}`);
  for (const path of marks.spoiled) {
    deps.log.warn({ path }, 'a checkpoint is not what was written; what it said is known and is written anew');
  }
  if (!clean) yield* replay(deps, manager, listed, marks.at);
  let newlyDamaged = false;
  yield* inParallel(listed, PARALLEL_LOGS, function* (entry) {
    const { topic, partition, damaged } = entry;
    const spec = { topic, topicId: toTopicId(entry.topicId), partition, config: deps.defaultConfig };
    const log = yield* manager.load(spec, marks.at(logDirectoryName(topic, partition)), { clean, damaged });
    if (log.state === 'damaged' && !damaged) newlyDamaged = true;
  });
  if (newlyDamaged) yield* manager.writeManifest(manager.all());
}

/** Writes again what the journal has of the logs. */
function* replay(
  deps: LogManagerDeps,
  manager: DirectoryLogManager,
  listed: readonly ManifestEntry[],
  marksAt: (directoryName: string) => LogMarks,
): Task<void> {
  const path = `${deps.directory}/${JOURNAL}`;
  let replayed: Replayed;
  try {
    replayed = yield* replayJournal({ ...deps, bugs: deps.bugs ?? NO_LOG_BUGS }, listed, marksAt);
  } catch (error) {
    if (!isDiskFull(failureOf(error))) throw error;
    throw new NoRoomForJournal(
      `the disk is full: ${path} has acknowledged records that no log has yet. Nothing is lost; make room and start again`,
      { cause: error },
    );
  }
  const { problem, segmentCount, sizeInBytes } = replayed;
  if (problem !== null) {
    throw new CorruptDataDirectory(
      `${path} can't be used: ${problem}. It may hold acknowledged records that no log has yet: restore it; or move it ` +
        'away, which gives up those of the last seconds, and start again',
    );
  }
  manager.counters.journalReplayedBytes = sizeInBytes;
  if (segmentCount > 0) deps.log.info({ segmentCount, sizeInBytes }, 'wrote again what the journal had of the logs');
}

/** Removes a directory of files, which the manifest does not list. */
function* removeTree(disk: Disk, path: string): Task<void> {
  const entries = yield* step<readonly DirectoryEntry[]>((done) => disk.list(path, done));
  for (const { name } of entries) yield* removeIfExists(disk, `${path}/${name}`);
  yield* removeIfExists(disk, path);
}
