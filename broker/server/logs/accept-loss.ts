import type { Crc32c } from '../../core/base/checksum.ts';
import {
  asideDirectoryName,
  CLEAN_SHUTDOWN,
  logDirectoryName,
  MANIFEST,
  parseSegmentFileName,
  segmentFileName,
  SPARSE_CHECKPOINT,
} from '../../core/log/file-names.ts';
import { decodeManifest, encodeManifest, MANIFEST_SIZE_MAX, type ManifestEntry } from '../../core/log/manifest.ts';
import { decodeSparseEnd, type LogMarks } from '../../core/log/marks.ts';
import { segmentIndexAt, type WalkState, walkChunk } from '../../core/log/recovery.ts';
import * as batch from '../../core/record/batch.ts';
import type { DirectoryEntry, Disk, DiskFile } from '../../ports/disk.ts';
import { step, type Task } from '../task.ts';
import { NO_LOG_BUGS } from '../../core/log/planted-bugs.ts';
import { CheckpointStore } from './checkpoint-store.ts';
import { faultCode, readIfExists, removeIfExists, replaceFile } from './disk-tasks.ts';
import { removeJournal, replayJournal } from './journal-replay.ts';
import { GAPS_ANYWHERE } from './sparse-mark.ts';

const READ_BYTES = 1024 * 1024;
const SMALL_FILE_MAX = 4096;

/** The data directory of a node that is stopped. */
export interface StoppedDirectory {
  readonly disk: Disk;
  readonly crc32c: Crc32c;
  readonly directory: string;
}

/** What letting a damaged log go on would give up. Offsets are half-open. */
export interface Loss {
  readonly topic: string;
  readonly partition: number;
  /** Where the log begins, and up to where it is what was written. */
  readonly startOffset: number;
  readonly goodEndOffset: number;
  /** The end that is known to have been durable; there may have been more. */
  readonly knownEndOffset: number;
  /** '' when nothing is lost, else what is wrong and where. */
  readonly reason: string;
  /** Segment files of which something is given up, by base offset. */
  readonly bases: readonly number[];
  /** Bytes in them from the damage on. */
  readonly sizeInBytes: number;
  /** What says where the cleaner has been is not what was written: batches that are missing are not noticed. */
  readonly isMarkSpoiled: boolean;
  /** The log that was set aside (D7) has more than what was fetched again in its place: that one goes on. */
  readonly isAside: boolean;
}

interface Listed {
  readonly entries: readonly ManifestEntry[];
  readonly entry: ManifestEntry;
  readonly store: CheckpointStore;
  readonly marksAt: (directoryName: string) => LogMarks;
  /** The directory of a damaged log whose place another one has taken, which is not whole yet; null without one. */
  readonly aside: string | null;
}

function* look(at: StoppedDirectory, topic: string, partition: number): Task<Listed | string> {
  const path = `${at.directory}/${MANIFEST}`;
  const bytes = yield* readIfExists(at.disk, path, MANIFEST_SIZE_MAX);
  const entries = bytes === null ? null : decodeManifest(bytes, at.crc32c);
  if (entries === null) return `${path} is ${bytes === null ? 'missing' : 'not what was written'}`;
  const entry = entries.find((one) => one.topic === topic && one.partition === partition);
  if (entry === undefined) return `${at.directory} has no log of ${topic}-${partition}`;
  const aside = asideDirectoryName(entry.topicId, partition);
  const isAside = ((yield* listNames(at.disk, at.directory)) ?? []).includes(aside);
  if (!entry.damaged && !isAside) return `${topic}-${partition} is not damaged: there is nothing to accept`;
  const store = new CheckpointStore(at.disk, at.directory, at.crc32c);
  const marks = yield* store.load();
  if (marks.problem !== null) return `the checkpoints of the logs are ${marks.problem}`;
  return { entries, entry, store, marksAt: marks.at, aside: isAside ? aside : null };
}

/**
 * Reads a damaged log and says what it has lost; a sentence when there is no such log. Where one is kept aside and what took its
 * place is not whole, the one that has more is meant (D8). Nothing is changed.
 */
export function* inspectLoss(at: StoppedDirectory, topic: string, partition: number): Task<Loss | string> {
  const listed = yield* look(at, topic, partition);
  if (typeof listed === 'string') return listed;
  const name = logDirectoryName(topic, partition);
  const here = yield* inspectDirectory(at, listed, name);
  if (listed.aside === null) return here.loss;
  const aside = yield* inspectDirectory(at, listed, listed.aside);
  const knownEndOffset = Math.max(
    ...[here, aside].map(({ loss }) => Math.max(loss.knownEndOffset, loss.goodEndOffset)),
  );
  const isAside = hasMore(aside, here);
  const { loss } = isAside ? aside : here;
  // What was known of its end went when another one took its place.
  const reason = loss.reason === '' ? `the log ends at offset ${loss.goodEndOffset}` : loss.reason;
  return { ...loss, knownEndOffset, reason, isAside };
}

interface Inspected {
  readonly loss: Loss;
  /** −1 without a batch. */
  readonly latestEpoch: number;
}

function hasMore(one: Inspected, other: Inspected): boolean {
  if (one.latestEpoch !== other.latestEpoch) return one.latestEpoch > other.latestEpoch;
  return one.loss.goodEndOffset > other.loss.goodEndOffset;
}

function* inspectDirectory(at: StoppedDirectory, listed: Listed, name: string): Task<Inspected> {
  const { topic, partition } = listed.entry;
  const directory = `${at.directory}/${name}`;
  const marks = listed.marksAt(logDirectoryName(topic, partition));
  const names = (yield* listNames(at.disk, directory)) ?? [];
  const all = names.flatMap((file) => {
    const parsed = parseSegmentFileName(file);
    return parsed?.kind === 'log' ? [parsed.baseOffset] : [];
  });
  const bases = all.slice(all.length === 0 ? 0 : segmentIndexAt(all, marks.logStartOffset));
  const sparse = names.includes(SPARSE_CHECKPOINT)
    ? yield* readIfExists(at.disk, `${directory}/${SPARSE_CHECKPOINT}`, SMALL_FILE_MAX)
    : null;
  const sparseEnd = sparse === null ? 0 : (decodeSparseEnd(sparse, at.crc32c) ?? GAPS_ANYWHERE);
  const knownEndOffset = Math.max(marks.recoveryPoint, marks.highWatermark, marks.logStartOffset);
  const walked = yield* walk(at, directory, bases, sparseEnd);
  // Where it began is known of the log in its place.
  const startOffset = name === listed.aside ? Math.max(marks.logStartOffset, bases[0] ?? 0) : marks.logStartOffset;
  const goodEndOffset = Math.max(walked.endOffset, startOffset);
  const isShort = walked.endOffset < knownEndOffset;
  const reason = walked.fault === '' && isShort ? `the log ends at offset ${walked.endOffset}` : walked.fault;
  const given = walked.fault === '' ? [] : bases.slice(bases.indexOf(walked.base));
  let sizeInBytes = 0;
  for (const base of given) {
    const size = yield* step<number>((done) => at.disk.fileSize(`${directory}/${segmentFileName(base, 'log')}`, done));
    sizeInBytes += base === walked.base ? size - walked.position : size;
  }
  const isMarkSpoiled = sparseEnd === GAPS_ANYWHERE;
  const place = { topic, partition, startOffset, goodEndOffset, knownEndOffset };
  const loss = { ...place, reason, bases: given, sizeInBytes, isMarkSpoiled, isAside: false };
  return { loss, latestEpoch: walked.latestEpoch };
}

interface Walked {
  readonly endOffset: number;
  readonly fault: string;
  /** Segment and place of the fault. */
  readonly base: number;
  readonly position: number;
  readonly latestEpoch: number;
}

function* walk(at: StoppedDirectory, directory: string, bases: readonly number[], sparseEnd: number): Task<Walked> {
  const endOffsetMax = Number.POSITIVE_INFINITY;
  let state: WalkState = {
    position: 0,
    expectedOffset: bases[0] ?? 0,
    latestEpoch: -1,
    endOffsetMax,
    sparseEnd,
    fault: '',
  };
  for (const base of bases) {
    const path = `${directory}/${segmentFileName(base, 'log')}`;
    if (base !== state.expectedOffset) {
      const fault = `offsets ${state.expectedOffset} to ${base - 1} are missing before ${path}`;
      return { ...ended(state), fault, base, position: 0 };
    }
    state = { ...state, position: 0 };
    yield* walkFile(at, path, state);
    if (state.fault !== '') {
      const fault = `${state.fault} at byte ${state.position} of ${path}`;
      return { ...ended(state), fault, base, position: state.position };
    }
  }
  return { ...ended(state), fault: '', base: -1, position: 0 };
}

function ended({ expectedOffset, latestEpoch }: WalkState): Pick<Walked, 'endOffset' | 'latestEpoch'> {
  return { endOffset: expectedOffset, latestEpoch };
}

function* walkFile(at: StoppedDirectory, path: string, state: WalkState): Task<void> {
  const fileSize = yield* step<number>((done) => at.disk.fileSize(path, done));
  const file = yield* step<DiskFile>((done) => at.disk.open(path, { create: false }, done));
  let needBytes = batch.HEADER_SIZE;
  while (needBytes > 0 && state.position < fileSize) {
    const filePosition = state.position;
    const length = Math.min(fileSize - filePosition, Math.max(needBytes, READ_BYTES));
    const bytes = yield* step<Uint8Array>((done) => file.read(filePosition, length, done));
    const chunk = { buf: batch.bufferOf(bytes), filePosition, fileSize };
    needBytes = walkChunk(state, chunk, at.crc32c, () => undefined);
  }
  file.close(() => undefined);
}

/**
 * Gives up what `inspectLoss` named and nothing else: the segments from the damage on are kept in a directory of their own,
 * which is returned ('' when nothing is given up); the node's next start checks the log from its front, cuts it at the
 * damage and goes on from there. Of a log that was set aside and the one in its place the other one is kept in a directory of its own,
 * too. Each step is durable before the next, so that a crash leaves the log damaged or let go.
 */
export function* acceptLoss(at: StoppedDirectory, loss: Loss): Task<string> {
  const { disk, directory } = at;
  const listed = yield* look(at, loss.topic, loss.partition);
  if (typeof listed === 'string') throw new Error(listed);
  yield* useUpJournal(at, listed);
  const name = logDirectoryName(loss.topic, loss.partition);
  if (loss.isAside && listed.aside !== null) yield* putBack(at, listed, listed.aside, loss);
  const kept = loss.bases.length === 0 ? '' : yield* keepAside(at, name, loss.bases);
  if ((yield* listNames(disk, `${directory}/${name}`)) === null) {
    yield* step<void>((done) => disk.makeDirectory(`${directory}/${name}`, done));
    yield* step<void>((done) => disk.syncDirectory(directory, done));
  }
  if (loss.reason !== '') yield* lowerMarks(listed, loss);
  // It would let the start believe what it is to check.
  yield* removeIfExists(disk, `${directory}/${CLEAN_SHUTDOWN}`);
  yield* list(at, listed, false);
  // Last: as long as it is there the other one is not trusted.
  if (!loss.isAside && listed.aside !== null) yield* keepWhole(at, listed.aside, name);
  return kept;
}

function* list(at: StoppedDirectory, { entries, entry }: Listed, damaged: boolean): Task<void> {
  const listed = entries.map((one) => (one === entry ? { ...one, damaged } : one));
  yield* replaceFile(at.disk, at.directory, MANIFEST, encodeManifest(listed, at.crc32c));
}

/** What was set aside takes its place again, and is listed as damaged, as it was. */
function* putBack(at: StoppedDirectory, listed: Listed, aside: string, loss: Loss): Task<void> {
  const { disk, directory } = at;
  const name = logDirectoryName(listed.entry.topic, listed.entry.partition);
  yield* list(at, listed, true);
  // What is known is of the other one, which may begin elsewhere.
  yield* lowerMarks(listed, loss);
  if ((yield* listNames(disk, `${directory}/${name}`)) !== null) yield* keepWhole(at, name, name);
  yield* step<void>((done) => disk.rename(`${directory}/${aside}`, `${directory}/${name}`, done));
  yield* step<void>((done) => disk.syncDirectory(directory, done));
}

/** Keeps a whole directory under the name of what the log gave up. */
function* keepWhole(at: StoppedDirectory, from: string, name: string): Task<void> {
  const { disk, directory } = at;
  const kept = yield* freeName(at, name);
  yield* step<void>((done) => disk.rename(`${directory}/${from}`, `${directory}/${kept}`, done));
  yield* step<void>((done) => disk.syncDirectory(directory, done));
}

function* freeName({ disk, directory }: StoppedDirectory, name: string): Task<string> {
  const taken = new Set(yield* listNames(disk, directory));
  let kept = `${name}.kept`;
  for (let count = 2; taken.has(kept); count += 1) kept = `${name}.${count}.kept`;
  return kept;
}

/**
 * After an unclean stop the journal may have what the logs lack. It goes by the marks as they are: with those that are lowered
 * below, a start would write old bytes to places that retention or the cleaner gave to others (I14).
 */
function* useUpJournal(at: StoppedDirectory, { entries, marksAt }: Listed): Task<void> {
  const { problem } = yield* replayJournal({ ...at, bugs: NO_LOG_BUGS }, entries, marksAt);
  if (problem !== null) throw new Error(`the journal of ${at.directory} can't be used: ${problem}`);
  yield* removeJournal(at.disk, at.directory);
}

/** Nothing of the log counts as durable any more; where nothing is left, it goes on behind the offsets that are known. */
function* lowerMarks(listed: Listed, loss: Loss): Task<void> {
  const isEmpty = loss.goodEndOffset <= loss.startOffset;
  const lowered = {
    recoveryPoint: 0,
    highWatermark: 0,
    firstDirtyOffset: 0,
    logStartOffset: isEmpty ? loss.knownEndOffset : loss.startOffset,
  };
  yield* listed.store.write(
    listed.entries.map((entry) => ({
      topic: entry.topic,
      partition: entry.partition,
      marks: entry === listed.entry ? lowered : listed.marksAt(logDirectoryName(entry.topic, entry.partition)),
    })),
  );
}

function* keepAside(at: StoppedDirectory, name: string, bases: readonly number[]): Task<string> {
  const { disk, directory } = at;
  const kept = yield* freeName(at, name);
  yield* step<void>((done) => disk.makeDirectory(`${directory}/${kept}`, done));
  for (const base of bases) {
    const file = segmentFileName(base, 'log');
    yield* copyFile(disk, `${directory}/${name}/${file}`, `${directory}/${kept}/${file}`);
  }
  yield* step<void>((done) => disk.syncDirectory(`${directory}/${kept}`, done));
  yield* step<void>((done) => disk.syncDirectory(directory, done));
  return `${directory}/${kept}`;
}

function* copyFile(disk: Disk, from: string, to: string): Task<void> {
  const source = yield* step<DiskFile>((done) => disk.open(from, { create: false }, done));
  const target = yield* step<DiskFile>((done) => disk.open(to, { create: true }, done));
  for (let position = 0; ; ) {
    const at = position;
    const bytes = yield* step<Uint8Array>((done) => source.read(at, READ_BYTES, done));
    if (bytes.length === 0) break;
    yield* step<void>((done) => target.write(at, [bytes], done));
    position += bytes.length;
  }
  yield* step<void>((done) => target.sync(done));
  source.close(() => undefined);
  target.close(() => undefined);
}

function* listNames(disk: Disk, path: string): Task<string[] | null> {
  try {
    return (yield* step<readonly DirectoryEntry[]>((done) => disk.list(path, done))).map(({ name }) => name);
  } catch (error) {
    if (faultCode(error) === 'ENOENT') return null;
    throw error;
  }
}
