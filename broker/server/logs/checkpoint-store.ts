import type { Buffer } from 'node:buffer';
import {
  CHECKPOINT_SIZE_MAX,
  decodeOffsetCheckpoint,
  encodeOffsetCheckpoint,
  type OffsetLine,
} from '../../core/log/checkpoints.ts';
import {
  LOG_START_CHECKPOINT,
  logDirectoryName,
  RECOVERY_POINT_CHECKPOINT,
  REPLICATION_CHECKPOINT,
} from '../../core/log/file-names.ts';
import type { Disk } from '../../ports/disk.ts';
import { step, type Task } from '../task.ts';
import { readIfExists, writeAside } from './disk-tasks.ts';

/** What the checkpoints say of one log; 0 where they say nothing. */
export interface LogMarks {
  readonly recoveryPoint: number;
  readonly highWatermark: number;
  readonly logStartOffset: number;
}

/** A log's line in the three checkpoints. */
export interface MarkedLog {
  readonly topic: string;
  readonly partition: number;
  readonly marks: LogMarks;
}

const NOBODY: ReadonlySet<string> = new Set();
const NO_MARKS: LogMarks = { recoveryPoint: 0, highWatermark: 0, logStartOffset: 0 };

const FILES = [
  [LOG_START_CHECKPOINT, 'logStartOffset'],
  [RECOVERY_POINT_CHECKPOINT, 'recoveryPoint'],
  [REPLICATION_CHECKPOINT, 'highWatermark'],
] as const;

/** The node's offset checkpoints (D7, D9) in Kafka's files, each replaced atomically and synced. */
export class CheckpointStore {
  readonly #disk: Disk;
  readonly #directory: string;
  /** What the files hold: text by file name. */
  readonly #written = new Map<string, Buffer>();
  /** A file was replaced and its directory not synced since. */
  #unsynced = false;
  /** Logs that a file names, by directory name. */
  #named = new Set<string>();
  /** Logs that the files may name once the call under way is over. */
  #coming: ReadonlySet<string> = NOBODY;

  constructor(disk: Disk, directory: string) {
    this.#disk = disk;
    this.#directory = directory;
  }

  /**
   * Reads all three; gives a look-up by directory name. A malformed recovery point or watermark counts as missing (more
   * is read again); a malformed log start is null: what was deleted would come back.
   */
  *load(): Task<((directoryName: string) => LogMarks) | null> {
    const lines = new Map<string, ReadonlyMap<string, number>>();
    for (const [name] of FILES) {
      const bytes = yield* readIfExists(this.#disk, `${this.#directory}/${name}`, CHECKPOINT_SIZE_MAX);
      const decoded = bytes === null ? [] : decodeOffsetCheckpoint(bytes);
      if (decoded === null && name === LOG_START_CHECKPOINT) return null;
      const byName = (decoded ?? []).map((line): [string, number] => [
        logDirectoryName(line.topic, line.partition),
        line.offset,
      ]);
      lines.set(name, new Map(byName));
      for (const [directoryName] of byName) this.#named.add(directoryName);
    }
    return (directoryName) => {
      const at = (file: string): number => lines.get(file)?.get(directoryName) ?? 0;
      return {
        recoveryPoint: at(RECOVERY_POINT_CHECKPOINT),
        highWatermark: at(REPLICATION_CHECKPOINT),
        logStartOffset: at(LOG_START_CHECKPOINT),
      };
    };
  }

  /** True when a file names, or is about to name, a log of this directory name: maybe an older one that was deleted. */
  names(directoryName: string): boolean {
    return this.#named.has(directoryName) || this.#coming.has(directoryName);
  }

  /** Writes what differs from the files; durable at the end. */
  *write(logs: readonly MarkedLog[]): Task<void> {
    const names = new Set(logs.map((log) => logDirectoryName(log.topic, log.partition)));
    this.#coming = names;
    for (const [name, field] of FILES) {
      const lines: OffsetLine[] = [];
      for (const { topic, partition, marks } of logs) {
        if (marks[field] > NO_MARKS[field]) lines.push({ topic, partition, offset: marks[field] });
      }
      const bytes = encodeOffsetCheckpoint(lines);
      const before = this.#written.get(name);
      if (before === undefined ? lines.length === 0 && this.#named.size === 0 : before.equals(bytes)) continue;
      yield* writeAside(this.#disk, `${this.#directory}/${name}`, bytes);
      this.#written.set(name, bytes);
      this.#unsynced = true;
    }
    // Also after an earlier call that a full disk ended half-way.
    if (this.#unsynced) {
      yield* step<void>((done) => this.#disk.syncDirectory(this.#directory, done));
      this.#unsynced = false;
      this.#named = names;
    }
    this.#coming = NOBODY;
  }
}
