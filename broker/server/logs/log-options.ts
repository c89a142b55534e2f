import { type CleanerConfig, DEFAULT_CLEANER_CONFIG } from '../../core/log/cleaner-config.ts';
import type { HashSecret } from '../../core/log/key-hash.ts';
import { type CleanerBugs, NO_CLEANER_BUGS } from '../../core/log/planted-bugs.ts';
import type { JournalOptions } from './journal.ts';

/** Bounds and intervals. */
export interface LogManagerOptions extends JournalOptions {
  /** Bytes of recently appended batches kept for readers, over all logs. */
  readonly tailCacheBytes: number;
  /** Pieces of older segments kept for readers, those read ahead included, bytes over all logs. */
  readonly coldCacheBytes: number;
  /** Segment and index files open at once over all logs, at most. */
  readonly openFilesMax: number;
  readonly checkpointIntervalMs: number;
  readonly retentionCheckIntervalMs: number;
  /** `producer.id.expiration.check.interval.ms`. */
  readonly producerCheckIntervalMs: number;
  /** Appended bytes of a log between two producer snapshots: what an unclean start has to read again. */
  readonly snapshotIntervalBytes: number;
  /** Index files kept in memory, bytes over all logs. */
  readonly indexCacheBytes: number;
  /** `weir.disk.min.free` (D11): bytes, or −1 for what fits the disk. */
  readonly minFree: () => number;
  /** False: the wall clock does not tell how old records are; none is deleted for its age meanwhile (F6). */
  readonly isClockTrusted: () => boolean;
  /** Settings of the log cleaner, asked anew whenever it begins something. */
  readonly cleaner: () => CleanerConfig;
  /** Keys the hashes of one cleaning; unpredictable in production. */
  readonly hashSecret: () => HashSecret;
  /** What a test breaks on purpose in the cleaner; nobody else hands it in. */
  readonly cleanerBugs: CleanerBugs;
}

/** What holds unless told otherwise. */
export const DEFAULT_OPTIONS: LogManagerOptions = {
  tailCacheBytes: 32 * 1024 * 1024,
  coldCacheBytes: 32 * 1024 * 1024,
  openFilesMax: 512,
  checkpointIntervalMs: 5000,
  retentionCheckIntervalMs: 300_000,
  producerCheckIntervalMs: 600_000,
  snapshotIntervalBytes: 16 * 1024 * 1024,
  indexCacheBytes: 16 * 1024 * 1024,
  minFree: () => -1,
  isClockTrusted: () => true,
  cleaner: () => DEFAULT_CLEANER_CONFIG,
  hashSecret: () => [1, 2, 3, 4],
  cleanerBugs: NO_CLEANER_BUGS,
  journalBytes: 64 * 1024 * 1024,
  journalRoomFactor: 8,
  directSyncsMax: 8,
  journalSession: () => [1, 2],
};
