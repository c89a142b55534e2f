import type { TopicId } from '../../core/base/ids.ts';
import type { LogConfig } from '../../core/log/config.ts';
import type { ProducerClaim, ProducerVerdict } from '../../core/log/producer-state.ts';
import type { DiskFailure } from '../../ports/disk.ts';
import type { Space } from './space-watch.ts';

import type { CleanerStats } from './cleaner.ts';

/**
 * What a log can still do. `open`: everything. `read-only`: the disk was full (D11), reads and deletions go on, appends
 * are refused until `LogManager.resumeWrites`. `damaged`: bytes below the durable mark are bad (D7), nothing is served.
 * `deleted`: gone.
 */
export type LogState = 'open' | 'read-only' | 'damaged' | 'deleted';

/** Why an operation on a log gave nothing. */
export type LogFailure =
  /** The asked offset lies below the log start or above the log end. */
  | { readonly kind: 'out-of-range' }
  /** The bytes on disk are not what was written; KAFKA_STORAGE_ERROR to a client. */
  | { readonly kind: 'damaged'; readonly reason: string }
  /** The log was deleted while the operation ran. */
  | { readonly kind: 'deleted' }
  /** The log takes no writes now (`state` tells why). */
  | { readonly kind: 'not-writable' }
  /** The system refused a read. Failed writes and syncs never come here: they end the process (D11). */
  | { readonly kind: 'disk'; readonly failure: DiskFailure };

/** Completion of an operation on a log: exactly one of the two is given. Always a loop input or the same turn. */
export type LogDone<T> = (failure: LogFailure | null, value: T | undefined) => void;

/** Circumstances of an append. */
export interface AppendMeta {
  /** Wall time of this loop turn, ms: decides rolls by time. */
  readonly nowMs: number;
}

/** Circumstances of an append of what a leader has. */
export interface FetchedMeta extends AppendMeta {
  /** Batches that the leader's cleaner took may be missing below it; −1: none are. */
  readonly gapEnd: number;
}

/** What to read. Offsets are absolute, sizes in bytes. */
export interface LogReadOptions {
  readonly fetchOffset: number;
  /** Upper bound of the answer; whole batches only. The log may answer with less (at most 4 MiB from disk at once). */
  readonly maxBytes: number;
  /** Gives the first batch even when it is larger than `maxBytes`. */
  readonly minOneBatch: boolean;
  /** Exclusive bound: no batch that reaches beyond it is given. Capped at `writtenOffset`. */
  readonly endOffset: number;
}

/** Whole batches in order; `chunks` are views that must not be changed. The first may begin below `fetchOffset`. */
export interface LogReadResult {
  /** Base offset of the first batch; `fetchOffset` when there is none. */
  readonly firstOffset: number;
  readonly chunks: readonly Uint8Array[];
  readonly sizeInBytes: number;
  /** Offset after the last batch; `fetchOffset` when there is none. */
  readonly endOffset: number;
}

/** A record found by its time. */
export interface TimestampedOffset {
  readonly offset: number;
  readonly timestampMs: number;
  /** Leader epoch of its batch, −1 when unknown. */
  readonly leaderEpoch: number;
}

/** Called by the log from the event loop; each must be short. */
export interface LogListener {
  /** Either offset moved. `durable` ≤ `written` ≤ `logEndOffset`. */
  onProgress(writtenOffset: number, durableOffset: number): void;
  /** The state left `open`: what was accepted above `writtenOffset` is gone, and its offsets with it. */
  onState(state: LogState, reason: string): void;
}

/**
 * The log of one partition replica. Appends are accepted synchronously, written by one vectored write at a time and
 * made durable by group commit; reads are served from a bounded tail cache, else from disk. Nothing here knows leaders,
 * high watermarks (but for the checkpoint) or clients.
 */
export interface PartitionLog {
  readonly topic: string;
  readonly topicId: TopicId;
  readonly partition: number;
  readonly state: LogState;
  /** Why the state is not `open`; '' when it is. */
  readonly stateReason: string;
  /** A start cut off its end, where bytes were bad: something that counted may be gone, which others have (D8). */
  readonly isSuspect: boolean;
  /** First offset that may be read. */
  readonly logStartOffset: number;
  /** The log start that is synced: it begins no earlier after a loss of power. */
  readonly durableStartOffset: number;
  /** Offset after the last accepted record: where the next append begins. */
  readonly logEndOffset: number;
  /** Everything below is in the page cache. */
  readonly writtenOffset: number;
  /** Everything below survives power loss (D1). */
  readonly durableOffset: number;
  /** The high watermark that the last run left (≤ the recovered end); `setHighWatermark` moves what is checkpointed. */
  readonly highWatermark: number;
  /** Bytes of all segments, accepted ones included. */
  readonly sizeInBytes: number;
  /** Bytes accepted and not written yet: the caller's measure for back-pressure (B1). */
  readonly pendingBytes: number;
  /** Epoch of the last batch, −1 in a log without any. */
  readonly latestEpoch: number;

  /** The one listener; null stops the calls. */
  setListener(listener: LogListener | null): void;
  /** New settings; they count from the next append or retention pass on. */
  configure(config: LogConfig): void;
  /** Told by the partition layer for the replication-offset checkpoint; the checkpoint never passes `durableOffset`. */
  setHighWatermark(offset: number): void;

  /**
   * Takes contiguous, validated v2 batches whose base offsets begin at `logEndOffset` and whose leader epochs are set.
   * The bytes must not change afterwards. Gives the new log end, or null when the log is not `open`.
   */
  append(batches: Uint8Array, meta: AppendMeta): number | null;
  /**
   * Takes whole batches of the leader, checked (core/replica), with their offsets and epochs; the bytes must not change
   * afterwards. Gives the new log end, in the same call unless gaps have to be allowed for first.
   */
  appendFetched(batches: Uint8Array, meta: FetchedMeta, done: LogDone<number>): void;
  /** Whether an idempotent producer's batch fits its sequence. To be asked right before `append`; changes nothing. */
  checkProducer(claim: ProducerClaim): ProducerVerdict;
  /** Whole batches from the one that holds `fetchOffset` on. May complete in the same call when they are cached. */
  read(options: LogReadOptions, done: LogDone<LogReadResult>): void;
  /** Bytes between the two offsets, not below the truth by more than one index interval; for min-bytes accounting. */
  bytesBetween(startOffset: number, endOffset: number): number;
  /** First record with a timestamp ≥ `timestampMs` at or above the log start; null when there is none. */
  offsetForTimestamp(timestampMs: number, done: LogDone<TimestampedOffset | null>): void;
  /** The first record that has the largest timestamp of what is written below `endOffset`; null when there is none. */
  maxTimestampOffset(endOffset: number, done: LogDone<TimestampedOffset | null>): void;
  /** Leader epoch of the batch that holds `offset`; −1 when it is not known (core/log/epoch-cache). */
  epochAt(offset: number): number;
  /** Largest known epoch ≤ `epoch` and where it ends (KIP-101); −1/−1 when there is none. */
  endOffsetForEpoch(epoch: number): { readonly leaderEpoch: number; readonly endOffset: number };
  /** Cuts everything at or above `offset`; synced before `done` (D6). No append may come in between. */
  truncateTo(offset: number, done: LogDone<void>): void;
  /** Drops everything and begins again at `offset` (a follower below its leader's log start); synced before `done`. */
  truncateFullyAndStartAt(offset: number, done: LogDone<void>): void;
  /** Moves the log start up to `offset` (≤ `logEndOffset`); its checkpoint is synced before `done` (D9). Gives the new start. */
  deleteRecordsBefore(offset: number, done: LogDone<number>): void;
}

/** A log to be made. */
export interface LogSpec {
  readonly topic: string;
  readonly topicId: TopicId;
  readonly partition: number;
  readonly config: LogConfig;
}

/** All logs of the node's one data directory. */
export interface LogManager {
  /** Less than `weir.disk.min.free` is left (D11): client records should get NOT_ENOUGH_REPLICAS, all else goes on. */
  readonly isLowOnSpace: boolean;
  /** Why records can't be taken, one sentence each; none mostly. */
  troubles(): readonly string[];
  /** Sorted by topic, then partition. */
  all(): readonly PartitionLog[];
  get(topicId: TopicId, partition: number): PartitionLog | null;
  /** Makes logs (those that exist get the settings and are given); listed durably before `done` (D9). Files come with the first append. */
  create(specs: readonly LogSpec[], done: (logs: readonly PartitionLog[]) => void): void;
  /** Forgets logs durably, then removes their files at leisure. Unknown ones are no error. */
  delete(ids: readonly { readonly topicId: TopicId; readonly partition: number }[], done: () => void): void;
  /**
   * Sets a damaged log aside and makes an empty one in its place; only where others have its records (D7). Nothing is done to a
   * log that is not damaged. The new one is incomplete until it is trusted.
   */
  replaceDamaged(spec: LogSpec, done: () => void): void;
  /** A log is damaged, or took a damaged one's place and was not trusted since (D7): it must not be taken for what was acknowledged. */
  isIncomplete(id: { readonly topicId: TopicId; readonly partition: number }): boolean;
  /** A log has everything that counts: it is suspect no more, and what was set aside for it is removed. */
  trust(id: { readonly topicId: TopicId; readonly partition: number }): void;
  /** Writes all checkpoints now; `done` after they are synced. */
  checkpoint(done: () => void): void;
  /** Deletes segments past retention; also runs by itself every `retentionCheckIntervalMs`. */
  runRetention(): void;
  /** Looks for logs to compact now; also runs by itself every `log.cleaner.backoff.ms`. */
  clean(): void;
  /** Lets read-only logs take appends again; done by itself within seconds once the disk has room. */
  resumeWrites(): void;
  /** Writes and syncs everything and leaves the clean-shutdown proof. No call may follow. */
  shutdown(brokerEpoch: number, done: () => void): void;
  /** Called with each log that is found damaged in use (D7). */
  onDamage(listener: (log: PartitionLog) => void): void;
  /** Plain numbers for the metrics page. */
  stats(): LogManagerStats;
}

/** Figures of the node's logs, as plain numbers. */
export interface LogManagerStats {
  readonly space: Space;
  /** Bytes kept for what frees room. */
  readonly ballastBytes: number;
  readonly isLowOnSpace: boolean;
  readonly logCount: number;
  readonly damagedCount: number;
  readonly readOnlyCount: number;
  readonly sizeInBytes: number;
  readonly pendingBytes: number;
  readonly tailCacheBytes: number;
  readonly appendedBytes: number;
  readonly cacheReads: number;
  readonly coldCacheBytes: number;
  readonly coldReads: number;
  readonly readErrors: number;
  readonly aheadReads: number;
  readonly readsAhead: number;
  readonly indexesRebuilt: number;
  /** Syncs of the journal, writes of logs that they made durable, bytes of it; bytes that the start wrote again from it. */
  readonly journalRounds: number;
  readonly journalWrites: number;
  readonly journalBytes: number;
  readonly journalReplayedBytes: number;
  /** What the start took and read of the data directory. */
  readonly recoveryMs: number;
  readonly recoveryReadBytes: number;
  /** Milliseconds for which the oldest unfinished write or sync has been under way; 0 when there is none (F5). */
  readonly oldestUnfinishedMs: number;
  readonly cleaner: CleanerStats;
}
