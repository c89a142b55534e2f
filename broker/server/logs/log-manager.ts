import type { LogConfig } from '../../core/log/config.ts';
import type { Crc32c } from '../../ports/checksum.ts';
import type { Clock, Timers } from '../../ports/clock.ts';
import type { Compression } from '../../ports/compression.ts';
import type { Disk, DiskFailure } from '../../ports/disk.ts';
import type { Log } from '../../ports/log.ts';
import type { Task } from '../task.ts';
import type { LogManager } from './partition-log.ts';

/** What the logs of a node need. */
export interface LogManagerDeps {
  readonly disk: Disk;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly compression: Compression;
  readonly crc32c: Crc32c;
  readonly log: Log;
  /** The node's one data directory (D11); made when missing. */
  readonly directory: string;
  /** Settings of a log until `configure` tells better. */
  readonly defaultConfig: LogConfig;
  /** A write or sync failed: the process must end (D11). Nothing is acknowledged after it. */
  readonly onFatal: (failure: DiskFailure) => void;
  readonly options?: Partial<LogManagerOptions>;
}

/** Bounds and intervals. */
export interface LogManagerOptions {
  /** Bytes of recently appended batches kept for readers, over all logs. */
  readonly tailCacheBytes: number;
  /** Files kept open over all logs, those in use aside. */
  readonly openFilesMax: number;
  readonly checkpointIntervalMs: number;
  readonly retentionCheckIntervalMs: number;
  /** Appended bytes of a log between two producer snapshots: what an unclean start has to read again. */
  readonly snapshotIntervalBytes: number;
  /** Index files kept in memory, bytes over all logs. */
  readonly indexCacheBytes: number;
}

/** The opened data directory. */
export interface OpenedLogs {
  readonly manager: LogManager;
  /** Broker epoch of the clean-shutdown proof, −1 when the last stop was not clean. The proof is gone by now. */
  readonly previousBrokerEpoch: number;
  /** Damaged logs, for the report to the controller (D4 d). */
  readonly damaged: readonly { readonly topic: string; readonly partition: number; readonly reason: string }[];
}

/**
 * Opens the data directory: reads the manifest, recovers every log (D7), removes what is not listed. Throws `DiskFault`
 * when the disk refuses and `CorruptDataDirectory` when the manifest is missing beside logs or unreadable.
 */
export declare function openLogManager(deps: LogManagerDeps): Task<OpenedLogs>;
