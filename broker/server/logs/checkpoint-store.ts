import type { Buffer } from 'node:buffer';
import {
  CHECKPOINT_SIZE_MAX,
  decodeOffsetCheckpoint,
  encodeOffsetCheckpoint,
  type OffsetLine,
} from '../../core/log/checkpoints.ts';
import {
  CLEANER_CHECKPOINT,
  LOG_START_CHECKPOINT,
  logDirectoryName,
  MARKS,
  RECOVERY_POINT_CHECKPOINT,
  REPLICATION_CHECKPOINT,
} from '../../core/log/file-names.ts';
import { decodeMarks, encodeMarks, type LogMarks, type MarkedLog, otherMarksVersion } from '../../core/log/marks.ts';
import { TRY_NEWER_RELEASE } from '../../core/base/format.ts';
import type { Crc32c } from '../../core/base/checksum.ts';
import type { Disk } from '../../ports/disk.ts';
import { step, type Task } from '../task.ts';
import { readIfExists, writeAside } from './disk-tasks.ts';

/** What a start finds in the checkpoints. */
export interface StoredMarks {
  readonly at: (directoryName: string) => LogMarks;
  /** Files that are not what was written, by path; their contents are known from others. */
  readonly spoiled: readonly string[];
  /** Why the marks are not known, null when they are. */
  readonly problem: string | null;
}

const NOBODY: ReadonlySet<string> = new Set();
/** Of a log without a checkpoint. */
export const NO_MARKS: LogMarks = { recoveryPoint: 0, highWatermark: 0, logStartOffset: 0, firstDirtyOffset: 0 };

const FILES = [
  [LOG_START_CHECKPOINT, 'logStartOffset'],
  [RECOVERY_POINT_CHECKPOINT, 'recoveryPoint'],
  [REPLICATION_CHECKPOINT, 'highWatermark'],
  [CLEANER_CHECKPOINT, 'firstDirtyOffset'],
] as const;

function vouchedBy({ recoveryPoint, highWatermark, firstDirtyOffset }: LogMarks): number {
  return Math.max(recoveryPoint, highWatermark, firstDirtyOffset);
}

/** The node's offset checkpoints (D7, D9) in Kafka's files, each replaced atomically and synced. */
export class CheckpointStore {
  readonly #disk: Disk;
  readonly #directory: string;
  readonly #crc32c: Crc32c;
  /** What the files hold: text by file name. */
  readonly #written = new Map<string, Buffer>();
  /** Files that were there at the start. */
  readonly #found = new Set<string>();
  /** A file was replaced and its directory not synced since. */
  #unsynced = false;
  /** Logs that a file names, by directory name. */
  #named = new Set<string>();
  /** Logs that the files may name once the call under way is over. */
  #coming: ReadonlySet<string> = NOBODY;
  /** The largest offset up to which a file says, or may say by now, that a log is there, by directory name. */
  #vouched = new Map<string, number>();

  constructor(disk: Disk, directory: string, crc32c: Crc32c) {
    this.#disk = disk;
    this.#crc32c = crc32c;
    this.#directory = directory;
  }

  /**
   * Reads the marks: from our own file, which has a checksum; where that is missing (an older release) or not what was
   * written, from Kafka's four. `problem`: neither can be believed; with less than the true marks a damaged log would be
   * taken for a torn one, and what was deleted would come back.
   */
  *load(): Task<StoredMarks> {
    const sealed = yield* readIfExists(this.#disk, `${this.#directory}/${MARKS}`, CHECKPOINT_SIZE_MAX);
    const marked = sealed === null ? null : decodeMarks(sealed, this.#crc32c);
    const byName = new Map<string, LogMarks>();
    const at = (directoryName: string): LogMarks => byName.get(directoryName) ?? NO_MARKS;
    const unreadable: string[] = [];
    for (const [name, field] of FILES) {
      const bytes = yield* readIfExists(this.#disk, `${this.#directory}/${name}`, CHECKPOINT_SIZE_MAX);
      if (bytes !== null) this.#found.add(name);
      const decoded = bytes === null ? [] : decodeOffsetCheckpoint(bytes);
      // A log that counts as never cleaned is only cleaned again.
      if (decoded === null && name !== CLEANER_CHECKPOINT) unreadable.push(`${this.#directory}/${name}`);
      for (const { topic, partition, offset } of decoded ?? []) {
        const directoryName = logDirectoryName(topic, partition);
        this.#named.add(directoryName);
        if (marked === null) byName.set(directoryName, { ...at(directoryName), [field]: offset });
      }
    }
    for (const { topic, partition, marks } of marked ?? []) {
      this.#named.add(logDirectoryName(topic, partition));
      byName.set(logDirectoryName(topic, partition), marks);
    }
    for (const [directoryName, marks] of byName) this.#vouched.set(directoryName, vouchedBy(marks));
    const version = sealed === null || marked !== null ? null : otherMarksVersion(sealed, this.#crc32c);
    if (version !== null) {
      const problem = `of a newer release: version ${version} of ${MARKS} is not known; ${TRY_NEWER_RELEASE}`;
      return { at, spoiled: [], problem };
    }
    const spoiled = [...(marked === null && sealed !== null ? [`${this.#directory}/${MARKS}`] : []), ...unreadable];
    const problem = marked === null && unreadable.length > 0 ? `not what was written: ${spoiled.join(', ')}` : null;
    return { at, spoiled, problem };
  }

  /** True when a file names, or is about to name, a log of this directory name: maybe an older one that was deleted. */
  names(directoryName: string): boolean {
    return this.#named.has(directoryName) || this.#coming.has(directoryName);
  }

  /** Whether a file says, or is about to say, that a log reaches beyond an offset: a start takes what is missing then for damage. */
  vouchesBeyond(directoryName: string, offset: number): boolean {
    return (this.#vouched.get(directoryName) ?? 0) > offset;
  }

  /** Writes what differs from the files; durable at the end. */
  *write(logs: readonly MarkedLog[]): Task<void> {
    const vouched = new Map(
      logs.map(({ topic, partition, marks }) => [logDirectoryName(topic, partition), vouchedBy(marks)]),
    );
    const names = new Set(vouched.keys());
    this.#coming = names;
    for (const [name, offset] of vouched) this.#vouched.set(name, Math.max(offset, this.#vouched.get(name) ?? 0));
    for (const [name, field] of FILES) {
      const lines: OffsetLine[] = [];
      for (const { topic, partition, marks } of logs) {
        if (marks[field] > NO_MARKS[field]) lines.push({ topic, partition, offset: marks[field] });
      }
      const bytes = encodeOffsetCheckpoint(lines);
      const before = this.#written.get(name);
      // A node without compacted logs never gets the cleaner's file.
      const namesNobody = this.#named.size === 0 || (name === CLEANER_CHECKPOINT && !this.#found.has(name));
      if (before === undefined ? lines.length === 0 && namesNobody : before.equals(bytes)) continue;
      yield* this.#replace(name, bytes);
    }
    const sealed = encodeMarks(logs, this.#crc32c);
    const hasNews = this.#written.get(MARKS)?.equals(sealed) !== true;
    if (hasNews && (logs.length > 0 || this.#named.size > 0)) yield* this.#replace(MARKS, sealed);
    // Also after an earlier call that a full disk ended half-way.
    if (this.#unsynced) {
      yield* step<void>((done) => this.#disk.syncDirectory(this.#directory, done));
      this.#unsynced = false;
      this.#named = names;
    }
    this.#coming = NOBODY;
    this.#vouched = vouched;
  }

  *#replace(name: string, bytes: Buffer): Task<void> {
    yield* writeAside(this.#disk, `${this.#directory}/${name}`, bytes);
    this.#written.set(name, bytes);
    this.#unsynced = true;
  }
}
