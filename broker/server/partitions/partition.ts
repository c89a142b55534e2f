import type { BrokerId, LeaderEpoch, TopicId } from '../../core/base/ids.ts';
import type { FollowerFetch } from '../../core/replica/follower-progress.ts';

/** Outcome of offering a batch to a partition's leader. `baseOffset` is −1 unless `errorCode` is NONE. */
export interface AppendOutcome {
  readonly errorCode: number;
  readonly errorMessage: string | null;
  readonly baseOffset: number;
  /** Offset after the last appended record; wait for the high watermark to reach it. */
  readonly endOffset: number;
  /** LogAppendTime of the batch, −1 under CreateTime. */
  readonly logAppendTimeMs: number;
  /** −1 for what is not even a batch. */
  readonly logStartOffset: number;
  /** Per-record reasons of a refused batch. */
  readonly recordErrors: readonly { readonly batchIndex: number; readonly message: string }[];
}

/** Whole batches read from a partition; `chunks` are views of log bytes and must not be changed. */
export interface ReadOutcome {
  readonly errorCode: number;
  readonly chunks: readonly Uint8Array[];
  readonly sizeInBytes: number;
  /** Offset after the last batch in `chunks`; equals the asked offset when there is none. */
  readonly nextOffset: number;
  readonly highWatermark: number;
  readonly lastStableOffset: number;
  readonly logStartOffset: number;
  /** For who reads what is committed: transactions that were aborted, with records in `chunks`. Absent: none. */
  readonly abortedTransactions?: readonly { readonly producerId: number; readonly firstOffset: number }[];
}

/** A record found by its time; all −1 when there is none. */
export interface TimestampOutcome {
  readonly errorCode: number;
  readonly offset: number;
  readonly timestampMs: number;
  readonly leaderEpoch: number;
}

/**
 * Where a reader's world ends: 0 read_uncommitted, at the high watermark; 1 read_committed, at the last stable offset;
 * `replica`, a follower, which reads all that its leader has written.
 */
export type IsolationLevel = 0 | 1 | 'replica';

/** Options of a read by a consumer, a share group, a coordinator or a follower. */
export interface ReadOptions {
  readonly fetchOffset: number;
  readonly maxBytes: number;
  /** Gives the first batch even when it is larger than `maxBytes`. */
  readonly minOneBatch: boolean;
  readonly isolationLevel: IsolationLevel;
  /** −1: not checked (KIP-320). */
  readonly currentLeaderEpoch: number;
}

/**
 * One partition as its leader serves it on this node. Consumers never see past the high watermark; under
 * `weir.durability=fsync` the high watermark counts synced offsets only (D2).
 */
export interface Partition {
  readonly topicId: TopicId;
  readonly topicName: string;
  readonly index: number;
  readonly leader: BrokerId | -1;
  readonly leaderEpoch: LeaderEpoch;
  readonly logStartOffset: number;
  readonly logEndOffset: number;
  readonly highWatermark: number;
  readonly lastStableOffset: number;
  /**
   * The high watermark has not come to where the log ended at the election: more may be committed than it shows, and where
   * committed records end is not known.
   */
  readonly isBehindStart: boolean;
  readonly sizeInBytes: number;
  /** NONE, or the code that a client gets for any request now (NOT_LEADER_OR_FOLLOWER, KAFKA_STORAGE_ERROR …). */
  status(currentLeaderEpoch: number): number;
  /** Validates a client's batch, assigns offsets and queues the write. Synchronous: effects become durable later. */
  appendClientBatch(
    records: Uint8Array,
    options: { readonly apiVersion: number; readonly requiredAcks: number },
    done: (outcome: AppendOutcome) => void,
  ): void;
  /** Appends a batch that this node built itself (coordinators); base offset and leader epoch are patched in place. */
  appendInternalBatch(batch: Uint8Array): AppendOutcome;
  /** Calls `done` once the high watermark reached `offset`, or with an error when leadership or the log is lost. */
  awaitCommitted(offset: number, done: (errorCode: number) => void): void;
  /**
   * As `awaitCommitted`, for acks=all: NOT_ENOUGH_REPLICAS_AFTER_APPEND when fewer than `min.insync.replicas` are in sync
   * before the high watermark has come so far. What was appended may still be committed.
   */
  awaitInSync(offset: number, done: (errorCode: number) => void): void;
  /** Calls `done` once the leader itself has the offset as its durability asks (acks=1). */
  awaitLocal(offset: number, done: (errorCode: number) => void): void;
  read(options: ReadOptions, done: (outcome: ReadOutcome) => void): void;
  /** Bytes readable from `fetchOffset` up to the isolation bound, for min-bytes accounting; an estimate from above is fine. */
  availableBytes(fetchOffset: number, isolationLevel: IsolationLevel): number;
  /** First record below the high watermark whose timestamp is ≥ `timestampMs`; offset −1 when there is none. */
  offsetForTimestamp(timestampMs: number, done: (outcome: TimestampOutcome) => void): void;
  /** The first record that has the largest timestamp (ListOffsets −3); offset −1 in an empty log. */
  offsetOfMaxTimestamp(done: (outcome: TimestampOutcome) => void): void;
  /** End offset of the largest epoch ≤ `epoch` (OffsetForLeaderEpoch); −1/−1 when unknown. */
  endOffsetForEpoch(epoch: number): { readonly leaderEpoch: number; readonly endOffset: number };
  /** Leader epoch of the batch that holds `offset`; −1 when it is not known. */
  epochOf(offset: number): number;
  /**
   * Moves the log start; −1 means to the high watermark. Answers after the new start is synced (D9), and no live replica has
   * anything below it.
   */
  deleteRecords(
    offset: number,
    done: (outcome: { readonly errorCode: number; readonly lowWatermark: number }) => void,
  ): void;
  /** Listeners run in the same loop turn as the change; each returns nothing and must be short. */
  onHighWatermark(listener: () => void): () => void;
  /** A deletion of records waits: followers should tell soon where their logs begin. */
  readonly isDeleting: boolean;
  /**
   * A follower asks for what comes after `fetchOffset`, and so tells what it has; who it is, its leader epoch and its last
   * epoch were checked. NONE, or the code that it gets.
   */
  onFollowerFetch(fetch: FollowerFetch): number;
  /**
   * The replica from which a consumer of this rack better reads what comes at `fetchOffset` (KIP-392); −1: from this one. Only
   * a live follower that has it is named, the one furthest on.
   */
  preferredReplica(rackId: string, fetchOffset: number): BrokerId | -1;
  /** What this follower reads goes through `leader.replication.throttled.rate`: it is not in sync, and nobody waits for it. */
  throttles(follower: BrokerId): boolean;
  /** Listeners run in the turn in which more is there for followers to read, or the log's start moved. */
  onAppend(listener: () => void): () => void;
  /** Called once when this leadership ends (metadata change, deletion, storage failure). */
  onResign(listener: () => void): () => void;
}

/** What a read for consumers needs of a partition, led or followed. */
export type ReadablePartition = Pick<
  Partition,
  | 'topicName'
  | 'leader'
  | 'leaderEpoch'
  | 'logStartOffset'
  | 'logEndOffset'
  | 'highWatermark'
  | 'lastStableOffset'
  | 'status'
  | 'availableBytes'
  | 'endOffsetForEpoch'
  | 'read'
  | 'onHighWatermark'
  | 'onResign'
>;

/** The partitions this node hosts. */
export interface Partitions {
  byId(topicId: TopicId, index: number): Partition | null;
  byName(topicName: string, index: number): Partition | null;
  /** One that is followed here, for consumers that asked for it (KIP-392). */
  followed(topicId: TopicId, index: number): ReadablePartition | null;
  /** Sorted by topic name, then index. */
  all(): readonly Partition[];
  /** Called when this node becomes leader of a partition and may serve it. */
  onLead(listener: (partition: Partition) => void): void;
  /** How many of those that this node leads, or should, have a damaged log (D7). */
  readonly damagedCount: number;
}
