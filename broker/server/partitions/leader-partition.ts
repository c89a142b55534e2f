import type { Buffer } from 'node:buffer';
import { assert } from '../../core/base/assert.ts';
import type { BrokerId, LeaderEpoch, TopicId } from '../../core/base/ids.ts';
import { RECOVERY_BATCH_SIZE_MAX } from '../../core/log/recovery.ts';
import type { PartitionView, TopicView } from '../../core/metadata/view.ts';
import { ErrorCode } from '../../core/protocol/errors.ts';
import * as batch from '../../core/record/batch.ts';
import type { ProducedVerdict } from '../../core/record/produced-batch.ts';
import type { ProduceRules } from '../../core/record/validate.ts';
import type { FollowerFetch } from '../../core/replica/follower-progress.ts';
import type { LeaderReplica } from '../../core/replica/leader.ts';
import type { Clock } from '../../ports/clock.ts';
import type { LogFailure, LogListener, LogState, PartitionLog } from '../logs/partition-log.ts';
import type { AppendQueue } from './append-queue.ts';
import { type LeaderCluster, LeaderReplication } from './leader-replication.ts';
import { judgeProducer } from './judge-producer.ts';
import { codeOf } from './log-codes.ts';
import { OffsetWaiters } from './offset-waiters.ts';
import type {
  AppendOutcome,
  IsolationLevel,
  Partition,
  ReadOptions,
  ReadOutcome,
  TimestampOutcome,
} from './partition.ts';
import type { TopicRules } from './topic-rules.ts';

const NO_CHUNKS: readonly Uint8Array[] = [];
const NOT_FOUND: TimestampOutcome = { errorCode: ErrorCode.NONE, offset: -1, timestampMs: -1, leaderEpoch: -1 };

/** One leadership of one partition on this node: it begins with an election and ends with `resign`. */
export class LeaderPartition implements Partition, LogListener {
  readonly topicId: TopicId;
  readonly topicName: string;
  readonly index: number;
  readonly #log: PartitionLog;
  readonly #clock: Clock;
  readonly #appends: AppendQueue;
  readonly #replication: LeaderReplication;
  readonly #replica: LeaderReplica;
  /** Of acks=all, who are told when too few are in sync; and of the node itself, who wait on. */
  readonly #inSync = new OffsetWaiters();
  readonly #committed = new OffsetWaiters();
  readonly #local = new OffsetWaiters();
  readonly #watermarkListeners = new Set<() => void>();
  readonly #appendListeners = new Set<() => void>();
  readonly #resignListeners = new Set<() => void>();
  readonly #isLowOnSpace: () => boolean;
  readonly #onDamaged: () => void;
  #view: PartitionView;
  #rules: TopicRules;
  #produce: ProduceRules | null = null;
  /** What followers that wait were told that they can read. */
  #announcedEnd = -1;
  /** NONE while leading; afterwards what everybody is told. */
  #ended: number = ErrorCode.NONE;
  #deletionCount = 0;
  /** The partition after this leadership. */
  #next: PartitionView | null = null;

  constructor(start: {
    readonly topic: Pick<TopicView, 'id' | 'name'>;
    readonly partition: PartitionView;
    readonly rules: TopicRules;
    readonly log: PartitionLog;
    readonly clock: Clock;
    readonly appends: AppendQueue;
    readonly cluster: LeaderCluster;
    readonly isLowOnSpace: () => boolean;
    /** The log is found damaged, at once or later. */
    readonly onDamaged: () => void;
  }) {
    this.topicId = start.topic.id;
    this.topicName = start.topic.name;
    this.index = start.partition.index;
    this.#view = start.partition;
    this.#rules = start.rules;
    this.#log = start.log;
    this.#clock = start.clock;
    this.#appends = start.appends;
    this.#isLowOnSpace = start.isLowOnSpace;
    this.#onDamaged = start.onDamaged;
    this.#replication = new LeaderReplication({ ...start, moved: () => this.#moved() });
    this.#replica = this.#replication.replica;
    start.log.setListener(this);
    start.log.setHighWatermark(this.#replica.highWatermark);
    if (start.log.state === 'damaged') this.#onDamaged();
  }

  get leader(): BrokerId | -1 {
    return (this.#next ?? this.#view).leader;
  }

  get leaderEpoch(): LeaderEpoch {
    return (this.#next ?? this.#view).leaderEpoch;
  }

  get logStartOffset(): number {
    return this.#log.logStartOffset;
  }

  get logEndOffset(): number {
    return this.#log.logEndOffset;
  }

  get highWatermark(): number {
    return this.#replica.highWatermark;
  }

  /** No transaction can be open: everything committed is decided. */
  get lastStableOffset(): number {
    return this.#replica.highWatermark;
  }

  get isBehindStart(): boolean {
    return this.#replica.isBehindStart;
  }

  get sizeInBytes(): number {
    return this.#log.sizeInBytes;
  }

  /** What the metadata says of it, for figures. */
  get view(): PartitionView {
    return this.#view;
  }

  get replica(): LeaderReplica {
    return this.#replica;
  }

  status(currentLeaderEpoch: number): number {
    if (this.#ended !== ErrorCode.NONE) return this.#ended;
    if (this.#log.state === 'damaged') return ErrorCode.KAFKA_STORAGE_ERROR;
    if (currentLeaderEpoch >= 0) {
      if (currentLeaderEpoch < this.leaderEpoch) return ErrorCode.FENCED_LEADER_EPOCH;
      if (currentLeaderEpoch > this.leaderEpoch) return ErrorCode.UNKNOWN_LEADER_EPOCH;
    }
    return ErrorCode.NONE;
  }

  /** New settings or a new ISR within the same leadership. */
  update(partition: PartitionView, rules: TopicRules): void {
    assert(partition.leaderEpoch === this.#view.leaderEpoch, 'a new leader epoch is a new leadership');
    this.#view = partition;
    this.#rules = rules;
    this.#produce = null;
    this.#log.configure(rules.log);
    if (this.#replication.onChange(partition, rules)) this.#moved();
    if (!this.#replica.hasMinIsr) this.#inSync.fail(ErrorCode.NOT_ENOUGH_REPLICAS_AFTER_APPEND);
    this.onProgress(this.#log.writtenOffset, this.#log.durableOffset);
  }

  /** Ends this leadership: everybody waiting is told `errorCode`, and who leads `next` (KIP-951), so that nobody has to ask for it. */
  resign(errorCode: number, next: PartitionView | null = null): void {
    if (this.#ended !== ErrorCode.NONE) return;
    this.#ended = errorCode;
    this.#next = next;
    this.#log.setListener(null);
    this.#replication.end(errorCode);
    this.#failAll(errorCode);
    for (const listener of [...this.#resignListeners]) listener();
    this.#resignListeners.clear();
    for (const listener of [...this.#watermarkListeners]) listener();
    this.#watermarkListeners.clear();
    this.#appendListeners.clear();
  }

  onProgress(writtenOffset: number, durableOffset: number): void {
    if (this.#appendListeners.size > 0 && writtenOffset > this.#announcedEnd) {
      this.#announcedEnd = writtenOffset;
      for (const listener of this.#appendListeners) listener();
    }
    const before = this.#replica.highWatermark;
    if (!this.#replication.onLocalProgress(writtenOffset, durableOffset)) return;
    this.#local.release(this.#replica.localOffset);
    if (this.#replica.highWatermark !== before) this.#moved();
  }

  onState(state: LogState): void {
    if (state === 'open') return;
    if (state === 'damaged') this.#onDamaged();
    // What was accepted and not written is gone: nobody may be told that it arrived.
    this.#failAll(ErrorCode.KAFKA_STORAGE_ERROR);
    // Whoever waits for records learns what became of them.
    for (const listener of [...this.#watermarkListeners]) listener();
  }

  appendClientBatch(
    records: Uint8Array,
    options: { readonly apiVersion: number; readonly requiredAcks: number },
    done: (outcome: AppendOutcome) => void,
  ): void {
    const status = this.#writeStatus();
    if (status !== ErrorCode.NONE) {
      done(this.#refused(status, null));
      return;
    }
    if (this.#isLowOnSpace()) {
      // D11: what is left is for deletes, coordinators and the metadata; clients try again until space is freed.
      done(this.#refused(ErrorCode.NOT_ENOUGH_REPLICAS, 'the data directory is nearly full'));
      return;
    }
    if (options.requiredAcks === -1 && !this.#replica.hasMinIsr) {
      done(this.#refused(ErrorCode.NOT_ENOUGH_REPLICAS, null));
      return;
    }
    const nowMs = this.#clock.wallMs();
    const rules = this.#produceRules(options.apiVersion);
    this.#appends.submit(records, { rules, nowMs }, (verdict) => done(this.#appendProduced(verdict, nowMs)));
  }

  appendInternalBatch(bytes: Uint8Array): AppendOutcome {
    const status = this.#writeStatus();
    if (status !== ErrorCode.NONE) return this.#refused(status, null);
    // Recovery would take it for damage: better not accepted than acknowledged and lost.
    if (bytes.length > RECOVERY_BATCH_SIZE_MAX) return this.#refused(ErrorCode.MESSAGE_TOO_LARGE, null);
    return this.#place(batch.bufferOf(bytes), this.#clock.wallMs(), -1);
  }

  awaitCommitted(offset: number, done: (errorCode: number) => void): void {
    this.#await(this.#committed, offset, this.#replica.highWatermark, done);
  }

  awaitInSync(offset: number, done: (errorCode: number) => void): void {
    if (offset > this.#replica.highWatermark && !this.#replica.hasMinIsr && this.#ended === ErrorCode.NONE) {
      done(ErrorCode.NOT_ENOUGH_REPLICAS_AFTER_APPEND);
      return;
    }
    this.#await(this.#inSync, offset, this.#replica.highWatermark, done);
  }

  awaitLocal(offset: number, done: (errorCode: number) => void): void {
    this.#await(this.#local, offset, this.#replica.localOffset, done);
  }

  read(options: ReadOptions, done: (outcome: ReadOutcome) => void): void {
    const status = this.status(options.currentLeaderEpoch);
    const bound = this.#bound(options.isolationLevel);
    if (status !== ErrorCode.NONE) {
      done(this.#readOutcome(status, options.fetchOffset));
      return;
    }
    if (options.fetchOffset < this.#log.logStartOffset || options.fetchOffset > this.#log.logEndOffset) {
      done(this.#readOutcome(ErrorCode.OFFSET_OUT_OF_RANGE, options.fetchOffset));
      return;
    }
    if (options.fetchOffset >= bound) {
      done(this.#readOutcome(ErrorCode.NONE, options.fetchOffset));
      return;
    }
    const { fetchOffset, maxBytes, minOneBatch } = options;
    this.#log.read({ fetchOffset, maxBytes, minOneBatch, endOffset: bound }, (failure, result) => {
      if (failure !== null || result === undefined) {
        done(this.#readOutcome(codeOf(failure), fetchOffset));
        return;
      }
      const base = this.#readOutcome(ErrorCode.NONE, result.endOffset);
      done({ ...base, chunks: result.chunks, sizeInBytes: result.sizeInBytes });
    });
  }

  availableBytes(fetchOffset: number, isolationLevel: IsolationLevel): number {
    const bound = this.#bound(isolationLevel);
    return fetchOffset >= bound ? 0 : this.#log.bytesBetween(fetchOffset, bound);
  }

  offsetForTimestamp(timestampMs: number, done: (outcome: TimestampOutcome) => void): void {
    this.#log.offsetForTimestamp(timestampMs, (failure, found) => done(this.#visible(failure, found)));
  }

  offsetOfMaxTimestamp(done: (outcome: TimestampOutcome) => void): void {
    this.#log.maxTimestampOffset(this.#replica.highWatermark, (failure, found) => done(this.#visible(failure, found)));
  }

  endOffsetForEpoch(epoch: number): { readonly leaderEpoch: number; readonly endOffset: number } {
    const { logEndOffset } = this.#log;
    const known = this.#log.endOffsetForEpoch(epoch);
    if (known.endOffset >= 0 || epoch === -1 || epoch > this.leaderEpoch) return known;
    // The leader's own epoch is not in the log before its first batch: it begins, and ends, at the log's end.
    const floor = epoch === this.leaderEpoch ? epoch : this.#log.epochAt(logEndOffset);
    return { leaderEpoch: floor === -1 ? epoch : floor, endOffset: logEndOffset };
  }

  epochOf(offset: number): number {
    const known = this.#log.epochAt(offset);
    return known === -1 && offset >= this.#log.logEndOffset ? this.leaderEpoch : known;
  }

  deleteRecords(
    offset: number,
    done: (outcome: { readonly errorCode: number; readonly lowWatermark: number }) => void,
  ): void {
    const target = offset === -1 ? this.#replica.highWatermark : offset;
    const status = this.#rules.log.deletePolicy ? this.status(-1) : ErrorCode.POLICY_VIOLATION;
    if (status !== ErrorCode.NONE || target < 0 || target > this.#replica.highWatermark) {
      done({ errorCode: status === ErrorCode.NONE ? ErrorCode.OFFSET_OUT_OF_RANGE : status, lowWatermark: -1 });
      return;
    }
    this.#deletionCount += 1;
    const end = (errorCode: number): void => {
      this.#deletionCount -= 1;
      done({ errorCode, lowWatermark: errorCode === ErrorCode.NONE ? this.#replication.lowWatermark : -1 });
    };
    this.#log.deleteRecordsBefore(target, (failure) => {
      if (failure !== null) {
        end(codeOf(failure));
        return;
      }
      for (const listener of [...this.#watermarkListeners, ...this.#appendListeners]) listener();
      this.#replication.awaitLowWatermark(target, end);
    });
  }

  get isDeleting(): boolean {
    return this.#deletionCount > 0;
  }

  onFollowerFetch(fetch: FollowerFetch): number {
    const before = this.#replica.highWatermark;
    const errorCode = this.#replication.onFollowerFetch(fetch);
    if (this.#replica.highWatermark !== before) this.#moved();
    return errorCode;
  }

  /** Looks at who of the followers lags; `stalled`: this node stood still, so that nobody is to blame. */
  watchFollowers(lagMaxMs: number, stalled: boolean): void {
    if (this.#replica.followers.length === 0 || this.#ended !== ErrorCode.NONE) return;
    if (stalled) this.#replica.excuse(this.#clock.monotonicMs());
    else if (this.#replication.onTime(lagMaxMs)) this.#moved();
  }

  preferredReplica(rackId: string, fetchOffset: number): BrokerId | -1 {
    return this.#replication.preferredReplica(rackId, fetchOffset);
  }

  throttles(follower: BrokerId): boolean {
    const { throttledLeaders } = this.#rules;
    return throttledLeaders.length > 0 && this.#replication.throttles(throttledLeaders, follower);
  }

  onAppend(listener: () => void): () => void {
    this.#appendListeners.add(listener);
    return () => this.#appendListeners.delete(listener);
  }

  onHighWatermark(listener: () => void): () => void {
    this.#watermarkListeners.add(listener);
    return () => this.#watermarkListeners.delete(listener);
  }

  onResign(listener: () => void): () => void {
    this.#resignListeners.add(listener);
    return () => this.#resignListeners.delete(listener);
  }

  /** The rules of one version of the request; producers stay with theirs, so the last one is kept. */
  #produceRules(apiVersion: number): ProduceRules {
    const current = this.#produce;
    if (current?.apiVersion === apiVersion) return current;
    const rules = { ...this.#rules.produce, apiVersion };
    this.#produce = rules;
    return rules;
  }

  /** Consumers read what is committed, followers all that is written. No transaction can be open. */
  #bound(isolationLevel: IsolationLevel): number {
    return isolationLevel === 'replica' ? this.#log.writtenOffset : this.#replica.highWatermark;
  }

  #failAll(errorCode: number): void {
    this.#local.fail(errorCode);
    this.#inSync.fail(errorCode);
    this.#committed.fail(errorCode);
  }

  #moved(): void {
    const { highWatermark } = this.#replica;
    this.#log.setHighWatermark(highWatermark);
    this.#inSync.release(highWatermark);
    this.#committed.release(highWatermark);
    for (const listener of [...this.#watermarkListeners]) listener();
  }

  #writeStatus(): number {
    const status = this.status(-1);
    if (status !== ErrorCode.NONE) return status;
    return this.#log.state === 'open' ? ErrorCode.NONE : ErrorCode.KAFKA_STORAGE_ERROR;
  }

  #appendProduced(verdict: ProducedVerdict, nowMs: number): AppendOutcome {
    if (verdict.kind === 'refused') {
      return {
        ...this.#refused(ErrorCode[verdict.error], verdict.message),
        ...(verdict.unframed === true ? { logStartOffset: -1 } : {}),
        recordErrors: verdict.recordErrors.map((one) => ({
          batchIndex: one.batchIndex,
          message: one.batchIndexErrorMessage,
        })),
      };
    }
    // The batch may have waited for a codec.
    const status = this.#writeStatus();
    if (status !== ErrorCode.NONE) return this.#refused(status, null);
    const bytes = verdict.batch;
    if (batch.isTransactional(bytes, 0)) {
      return this.#refused(ErrorCode.INVALID_TXN_STATE, 'this broker has no transactions');
    }
    const placed = this.#checkProducer(bytes, verdict.logAppendTimeMs >= 0);
    if (placed !== null) return placed;
    return this.#place(bytes, nowMs, verdict.logAppendTimeMs);
  }

  /** Null when the batch may be appended; else the answer (an earlier place for a duplicate). */
  #checkProducer(bytes: Buffer, logAppendTime: boolean): AppendOutcome | null {
    const verdict = judgeProducer(this.#log, bytes);
    if (verdict === null) return null;
    if (verdict.kind === 'refused') return this.#refused(verdict.errorCode, verdict.message);
    return {
      ...this.#refused(ErrorCode.NONE, null),
      baseOffset: verdict.baseOffset,
      endOffset: verdict.lastOffset + 1,
      logAppendTimeMs: logAppendTime ? verdict.timestampMs : -1,
    };
  }

  #place(bytes: Buffer, nowMs: number, logAppendTimeMs: number): AppendOutcome {
    const baseOffset = this.#log.logEndOffset;
    batch.assignOffset(bytes, 0, { baseOffset, leaderEpoch: this.#view.leaderEpoch });
    const endOffset = this.#log.append(bytes, { nowMs });
    if (endOffset === null) return this.#refused(ErrorCode.KAFKA_STORAGE_ERROR, this.#log.stateReason);
    return {
      errorCode: ErrorCode.NONE,
      errorMessage: null,
      baseOffset,
      endOffset,
      logAppendTimeMs,
      logStartOffset: this.#log.logStartOffset,
      recordErrors: [],
    };
  }

  #refused(errorCode: number, errorMessage: string | null): AppendOutcome {
    const logStartOffset = this.#log.logStartOffset;
    return {
      errorCode,
      errorMessage,
      baseOffset: -1,
      endOffset: -1,
      logAppendTimeMs: -1,
      logStartOffset,
      recordErrors: [],
    };
  }

  #await(waiters: OffsetWaiters, offset: number, reached: number, done: (errorCode: number) => void): void {
    if (this.#ended !== ErrorCode.NONE) done(this.#ended);
    else if (offset <= reached) done(ErrorCode.NONE);
    else if (this.#log.state !== 'open') done(ErrorCode.KAFKA_STORAGE_ERROR);
    else waiters.add(offset, done);
  }

  #readOutcome(errorCode: number, nextOffset: number): ReadOutcome {
    const highWatermark = this.#replica.highWatermark;
    return {
      errorCode,
      chunks: NO_CHUNKS,
      sizeInBytes: 0,
      nextOffset,
      highWatermark,
      lastStableOffset: highWatermark,
      logStartOffset: this.#log.logStartOffset,
    };
  }

  #visible(
    failure: LogFailure | null,
    found: { readonly offset: number; readonly timestampMs: number; readonly leaderEpoch: number } | null | undefined,
  ): TimestampOutcome {
    if (failure !== null) return { ...NOT_FOUND, errorCode: codeOf(failure) };
    if (found === null || found === undefined || found.offset >= this.#replica.highWatermark) return NOT_FOUND;
    return {
      errorCode: ErrorCode.NONE,
      offset: found.offset,
      timestampMs: found.timestampMs,
      leaderEpoch: found.leaderEpoch,
    };
  }
}
