import { assert } from '../../core/base/assert.ts';
import { type BrokerId, topicId as asTopicId } from '../../core/base/ids.ts';
import { ErrorCode } from '../../core/protocol/errors.ts';
import type { SessionPartition } from '../../core/replica/fetch-session.ts';
import type { TimerHandle, Timers } from '../../ports/clock.ts';
import type { AnswerMemory } from '../network/memory-budget.ts';
import type { LeadWaits } from './lead-waits.ts';
import { findPartition, findReadable, nameOf, type PartitionServices } from './lookup.ts';
import type { RequestContext } from '../request-context.ts';
import type { IsolationLevel, Partition, ReadablePartition, ReadOutcome } from './partition.ts';
import type { Throttle } from '../replication/throttle.ts';
import { readInOrder } from './reads-in-order.ts';

/** Answer of one partition of a fetch. */
export interface FetchAnswer {
  readonly asked: SessionPartition;
  readonly sizeInBytes: number;
  readonly response: {
    readonly partitionIndex: number;
    readonly errorCode: number;
    readonly highWatermark: number;
    readonly lastStableOffset: number;
    readonly logStartOffset: number;
    readonly abortedTransactions: readonly never[] | null;
    /** Who leads, where the error says that this node does not; filled in by who knows which address the client can reach. */
    currentLeader: { readonly leaderId: number; readonly leaderEpoch: number };
    /** The replica to read from instead; −1 for this one. */
    readonly preferredReadReplica: BrokerId | -1;
    /** Where the reader's history left this log's; −1/−1 while they agree (KIP-595). */
    readonly divergingEpoch: { readonly epoch: number; readonly endOffset: number };
    readonly records: readonly Uint8Array[];
  };
}

/** A fetch to carry out. Sizes in bytes. */
export interface FetchOptions {
  readonly server: PartitionServices & {
    readonly ports: { readonly timers: Timers };
    readonly answerMemory: AnswerMemory;
    readonly leadWaits: Pick<LeadWaits, 'wait'>;
    /** Of what followers out of sync are sent. */
    readonly leaderThrottle: Throttle;
  };
  readonly context: RequestContext;
  readonly byId: boolean;
  /** In the order in which they are served. */
  readonly partitions: readonly SessionPartition[];
  /** Incremental sessions: partitions without news are left out of the answer. */
  readonly changesOnly: boolean;
  readonly isolationLevel: IsolationLevel;
  /** The broker that copies these partitions; null of a consumer. */
  readonly follower: { readonly brokerId: BrokerId; readonly brokerEpoch: number } | null;
  /** A consumer that may read from a follower. */
  readonly mayFollow: boolean;
  /** A consumer's rack, '' when it is to read from the leader: else it may be sent to a follower in that rack (KIP-392). */
  readonly rackId: string;
  /** Followers learn of a new high watermark at once, since consumers read from them. */
  readonly tellsWatermark: boolean;
  readonly minBytes: number;
  readonly maxBytes: number;
  readonly maxWaitMs: number;
  /** Called once, unless the connection goes first. */
  readonly done: (answers: readonly FetchAnswer[]) => void;
}

/** What reading one partition came to. */
interface PartitionRead {
  readonly asked: SessionPartition;
  readonly partition: ReadablePartition | null;
  readonly expectedBytes: number;
  readonly outcome: ReadOutcome;
}

/** A follower that may be about to tell its log start, for which somebody waits, is kept no longer. */
const DELETION_WAIT_MS = 20;

const NO_LEADER = { leaderId: -1, leaderEpoch: -1 };
const NO_DIVERGENCE = { epoch: -1, endOffset: -1 };

/**
 * One fetch: answered at once when there is enough to read or anything is wrong, else when the high watermarks (a follower:
 * appends) brought enough, or after `maxWaitMs` with whatever is there. Nothing polls: partitions wake it.
 */
export class FetchOperation {
  readonly #options: FetchOptions;
  #unsubscribe: (() => void)[] = [];
  #timer: TimerHandle | null = null;
  #wake: TimerHandle | null = null;
  #finished = false;
  /** Partitions that don't serve this follower, and why. */
  #refused: Map<SessionPartition, number> | null = null;
  /** Partitions that this node may be about to lead, with what ends the wait; null once it has ended, or was refused. */
  #awaited: Map<SessionPartition, (() => void) | null> | null = null;
  /** Bytes of memory set aside for the answer, and what it may have at most. */
  #grantedBytes = 0;
  #maxBytes: number;
  #maxWaitMs: number;
  #usedBytes = 0;
  /** Bytes that the reads under way are expected to give. */
  #expectedBytes = 0;

  constructor(options: FetchOptions) {
    this.#options = options;
    this.#maxBytes = options.maxBytes;
    this.#maxWaitMs = options.maxWaitMs;
  }

  start(): void {
    const { minBytes, context, server } = this.#options;
    for (const asked of this.#options.partitions) this.#reportProgress(asked);
    if (this.#maxWaitMs <= 0 || minBytes <= 0 || this.#isReady()) {
      this.#finish();
      return;
    }
    this.#unsubscribe.push(context.connection.onClose(() => this.#end()));
    this.#timer = server.ports.timers.after(this.#maxWaitMs, () => this.#finish());
    for (const asked of this.#options.partitions) this.#watch(asked);
  }

  /** What a follower asks for says what it has. Where its history is another, its offset means nothing. */
  #reportProgress(asked: SessionPartition): void {
    const { follower } = this.#options;
    if (follower === null) return;
    const partition = this.#findLed(asked);
    const { fetchOffset, logStartOffset, currentLeaderEpoch } = asked;
    if (partition === null || partition.status(currentLeaderEpoch) !== ErrorCode.NONE) return;
    if (isLost(partition, asked) || divergence(partition, asked) !== NO_DIVERGENCE) return;
    if (fetchOffset < partition.logStartOffset || fetchOffset > partition.logEndOffset) return;
    if (partition.isDeleting && logStartOffset < partition.logStartOffset)
      this.#maxWaitMs = Math.min(this.#maxWaitMs, DELETION_WAIT_MS);
    // Without the epoch nobody knows which history it copies.
    const errorCode =
      currentLeaderEpoch < 0
        ? ErrorCode.FENCED_LEADER_EPOCH
        : partition.onFollowerFetch({ ...follower, fetchOffset, logStartOffset });
    if (errorCode === ErrorCode.NONE) return;
    this.#refused ??= new Map();
    this.#refused.set(asked, errorCode);
  }

  /** Whether nothing is said of the partition yet, since this node may lead it in a moment: who asks knows more than it, or it begins to. */
  #isAwaited(asked: SessionPartition, errorCode: number): boolean {
    if (errorCode !== ErrorCode.NOT_LEADER_OR_FOLLOWER && errorCode !== ErrorCode.UNKNOWN_LEADER_EPOCH) return false;
    const known = this.#awaited?.get(asked);
    if (known !== undefined) return known !== null;
    const { server, byId } = this.#options;
    const topicId = byId ? asTopicId(asked.topicId) : server.metadata.view.topicByName(asked.topic)?.id;
    // Only who names an epoch can know better: the others are told at once.
    if (topicId === undefined || asked.currentLeaderEpoch < 0) return false;
    const { index, currentLeaderEpoch: leaderEpoch } = asked;
    const end = server.leadWaits.wait('fetch', { topicId, index, leaderEpoch }, () => this.#awaitEnds(asked));
    this.#awaited ??= new Map();
    this.#awaited.set(asked, end);
    return end !== null;
  }

  #awaitEnds(asked: SessionPartition): void {
    this.#awaited?.set(asked, null);
    this.#reportProgress(asked);
    this.#watch(asked);
    this.#lookSoon();
  }

  /** Enough bytes, or something that the client must be told now. */
  #isReady(): boolean {
    const { partitions, isolationLevel, minBytes } = this.#options;
    if (partitions.length === 0 || this.#refused !== null) return true;
    let available = 0;
    for (const asked of partitions) {
      const { partition, errorCode } = this.#find(asked);
      const status = partition === null ? errorCode : partition.status(asked.currentLeaderEpoch);
      if (this.#isAwaited(asked, status)) continue;
      if (partition === null || status !== ErrorCode.NONE) return true;
      if (asked.fetchOffset < partition.logStartOffset || asked.fetchOffset > partition.logEndOffset) return true;
      if (isLost(partition, asked) || divergence(partition, asked) !== NO_DIVERGENCE) return true;
      if (this.#isNewsToFollower(partition, asked) || this.#preferredReplica(asked) !== -1) return true;
      if (this.#isHeldBack(asked)) continue;
      available += Math.min(partition.availableBytes(asked.fetchOffset, isolationLevel), asked.maxBytes);
      if (available >= minBytes) return true;
    }
    return false;
  }

  /** Records that are gone here are to be gone there, since somebody may wait for it; and who serves consumers may serve more. */
  #isNewsToFollower(partition: ReadablePartition, asked: SessionPartition): boolean {
    const { follower, tellsWatermark } = this.#options;
    if (follower === null || asked.sentLogStartOffset < 0) return false;
    if (partition.logStartOffset > asked.sentLogStartOffset) return true;
    return tellsWatermark && partition.highWatermark > asked.sentHighWatermark;
  }

  /** A follower that is out of sync gets nothing now, since others like it have had the rate for them. */
  #isHeldBack(asked: SessionPartition): boolean {
    return this.#isThrottled(asked) && this.#options.server.leaderThrottle.isExceeded;
  }

  #isThrottled(asked: SessionPartition): boolean {
    const { follower } = this.#options;
    return follower !== null && this.#findLed(asked)?.throttles(follower.brokerId) === true;
  }

  #preferredReplica(asked: SessionPartition): BrokerId | -1 {
    const { rackId, follower } = this.#options;
    if (rackId === '' || follower !== null) return -1;
    return this.#findLed(asked)?.preferredReplica(rackId, asked.fetchOffset) ?? -1;
  }

  #findLed(asked: SessionPartition): Partition | null {
    const { server, byId } = this.#options;
    return findPartition(server, { name: asked.topic, topicId: asked.topicId, byId }, asked.index).partition;
  }

  #find(asked: SessionPartition): { readonly partition: ReadablePartition | null; readonly errorCode: number } {
    const { server, byId, context, follower, mayFollow } = this.#options;
    const topic = { name: asked.topic, topicId: asked.topicId, byId };
    const found = findReadable(server, topic, asked.index, mayFollow);
    // Who may not read is not told who leads either.
    if (found.partition === null && found.errorCode !== ErrorCode.NOT_LEADER_OR_FOLLOWER) return found;
    const refused = this.#refused?.get(asked);
    if (refused !== undefined) return { partition: null, errorCode: refused };
    if (follower !== null) return found;
    const resourceName = found.partition?.topicName ?? nameOf(server, topic);
    if (context.allowed({ operation: 'read', resourceType: 'topic', resourceName })) return found;
    return { partition: null, errorCode: byId ? ErrorCode.UNKNOWN_TOPIC_ID : ErrorCode.TOPIC_AUTHORIZATION_FAILED };
  }

  #isLeftOpen(asked: SessionPartition): boolean {
    return (this.#awaited?.get(asked) ?? null) !== null;
  }

  /** Many partitions may move in one turn; one look afterwards is enough. */
  #lookSoon(): void {
    this.#wake ??= this.#options.server.ports.timers.after(0, () => {
      this.#wake = null;
      if (!this.#finished && this.#isReady()) this.#finish();
    });
  }

  #watch(asked: SessionPartition): void {
    const partition = this.#find(asked).partition;
    if (partition === null || this.#isLeftOpen(asked)) return;
    const wake = (): void => this.#lookSoon();
    const { follower, tellsWatermark } = this.#options;
    const led = follower === null ? null : this.#findLed(asked);
    if (led !== null) this.#unsubscribe.push(led.onAppend(wake));
    if (led === null || tellsWatermark) this.#unsubscribe.push(partition.onHighWatermark(wake));
    this.#unsubscribe.push(partition.onResign(wake));
  }

  #end(): void {
    this.#finished = true;
    this.#timer?.cancel();
    this.#wake?.cancel();
    for (const unsubscribe of this.#unsubscribe) unsubscribe();
    for (const endWait of this.#awaited?.values() ?? []) endWait?.();
    this.#unsubscribe = [];
  }

  #finish(): void {
    if (this.#finished) return;
    this.#end();
    if (this.#options.follower !== null) {
      // Brokers wait for no memory (B1): they are few, and each asks for so much at most.
      this.#read();
      return;
    }
    const wantedBytes = this.#wantedBytes();
    this.#grantedBytes = this.#options.server.answerMemory.grant(wantedBytes);
    // What is available is an estimate: only when memory is short it is the limit.
    if (this.#grantedBytes < wantedBytes) this.#maxBytes = this.#grantedBytes;
    this.#read();
  }

  /** What this fetch would be answered with if there were room for all of it, in bytes. */
  #wantedBytes(): number {
    const { partitions, isolationLevel, maxBytes } = this.#options;
    let wanted = 0;
    for (const asked of partitions) {
      const { partition } = this.#find(asked);
      if (partition === null) continue;
      wanted += Math.min(partition.availableBytes(asked.fetchOffset, isolationLevel), asked.maxBytes);
      if (wanted >= maxBytes) return maxBytes;
    }
    return wanted;
  }

  /** Reads the partitions, and answers when all are read. */
  #read(): void {
    const { partitions, done, server } = this.#options;
    const answers: FetchAnswer[] = [];
    readInOrder<PartitionRead>({
      count: partitions.length,
      begin: (index, isNext, onRead) => {
        const asked = partitions[index];
        assert(asked !== undefined, 'reads are of the partitions asked for');
        return this.#begin(asked, isNext, onRead);
      },
      take: (read, wasNext) => {
        const { asked, partition, expectedBytes, outcome } = read;
        this.#expectedBytes -= expectedBytes;
        if (!wasNext && !this.#isFitting(asked, outcome.sizeInBytes)) return false;
        this.#usedBytes += outcome.sizeInBytes;
        if (this.#isThrottled(asked)) server.leaderThrottle.take(outcome.sizeInBytes);
        this.#add(answers, asked, outcome, partition);
        return true;
      },
      end: () => {
        done(answers);
        server.answerMemory.release(this.#grantedBytes);
      },
    });
  }

  /** Reads one partition: with all the room that is left in its turn, before that only what is expected to fit. */
  #begin(asked: SessionPartition, isNext: boolean, onRead: (read: PartitionRead) => void): boolean {
    const { isolationLevel } = this.#options;
    const { fetchOffset, currentLeaderEpoch } = asked;
    const { partition, errorCode } = this.#find(asked);
    const answer = (outcome: ReadOutcome, expectedBytes = 0): void =>
      onRead({ asked, partition, expectedBytes, outcome });
    if (partition === null || isLost(partition, asked)) {
      const lost = partition === null ? errorCode : ErrorCode.OFFSET_OUT_OF_RANGE;
      answer(failedOutcome(lost, fetchOffset));
      return true;
    }
    const room = this.#roomFor(asked);
    const isElsewhereBetter = this.#preferredReplica(asked) !== -1;
    const isPassedOver = isElsewhereBetter || this.#isHeldBack(asked);
    if (isPassedOver || divergence(partition, asked) !== NO_DIVERGENCE || (this.#usedBytes > 0 && room === 0)) {
      answer(passedOver(partition, asked));
      return true;
    }
    const expectedBytes = Math.min(partition.availableBytes(fetchOffset, isolationLevel), asked.maxBytes);
    if (!isNext && this.#usedBytes + this.#expectedBytes + expectedBytes > this.#maxBytes) return false;
    this.#expectedBytes += expectedBytes;
    // Whatever the limits: the first partition with records gives a batch, so that every reader gets on.
    const minOneBatch = isNext && this.#usedBytes === 0;
    const maxBytes = minOneBatch ? Math.max(1, room) : room;
    const options = { fetchOffset, maxBytes, minOneBatch, isolationLevel, currentLeaderEpoch };
    partition.read(options, (outcome) => answer(outcome, expectedBytes));
    return true;
  }

  #roomFor(asked: SessionPartition): number {
    return Math.max(0, Math.min(asked.maxBytes, this.#maxBytes - this.#usedBytes));
  }

  /** Whether a read before its turn gave what one in its turn would: no more than has room, and the first one a batch. */
  #isFitting(asked: SessionPartition, sizeInBytes: number): boolean {
    return sizeInBytes === 0 ? this.#usedBytes > 0 : sizeInBytes <= this.#roomFor(asked);
  }

  #add(
    answers: FetchAnswer[],
    asked: SessionPartition,
    outcome: ReadOutcome,
    partition: ReadablePartition | null,
  ): void {
    const failed = outcome.errorCode !== ErrorCode.NONE;
    // A follower would rest if it were refused; what others lead it hears of in its own metadata.
    const isLeftOpen = this.#isLeftOpen(asked) && this.#options.follower !== null;
    if (this.#options.changesOnly && failed && isLeftOpen) return;
    const divergingEpoch = partition === null || failed ? NO_DIVERGENCE : divergence(partition, asked);
    const preferredReadReplica = failed ? -1 : this.#preferredReplica(asked);
    const news =
      failed ||
      preferredReadReplica !== -1 ||
      divergingEpoch !== NO_DIVERGENCE ||
      outcome.sizeInBytes > 0 ||
      asked.sentHighWatermark !== outcome.highWatermark ||
      asked.sentLogStartOffset !== outcome.logStartOffset;
    if (this.#options.changesOnly && !news) return;
    asked.sentHighWatermark = failed ? -1 : outcome.highWatermark;
    asked.sentLogStartOffset = failed ? -1 : outcome.logStartOffset;
    answers.push({
      asked,
      sizeInBytes: outcome.sizeInBytes,
      response: {
        partitionIndex: asked.index,
        errorCode: outcome.errorCode,
        highWatermark: failed ? -1 : outcome.highWatermark,
        lastStableOffset: failed ? -1 : outcome.lastStableOffset,
        logStartOffset: failed ? -1 : outcome.logStartOffset,
        // There are no transactions; who does not ask for them, or can't be answered in full, is told otherwise.
        abortedTransactions: partition === null || this.#options.isolationLevel === 1 ? [] : null,
        currentLeader: NO_LEADER,
        divergingEpoch,
        preferredReadReplica,
        records: outcome.chunks,
      },
    });
  }
}

/** Whether the reader last read from an epoch that this partition has not come to: its offset means nothing here. */
function isLost(partition: ReadablePartition, asked: SessionPartition): boolean {
  if (asked.lastFetchedEpoch < 0 || partition.status(asked.currentLeaderEpoch) !== ErrorCode.NONE) return false;
  return partition.endOffsetForEpoch(asked.lastFetchedEpoch).leaderEpoch < 0;
}

/**
 * Whether the reader last read from an epoch that this log does not know at that offset: then it must look for the common
 * part first, and gets no records.
 */
function divergence(partition: ReadablePartition, asked: SessionPartition): FetchAnswer['response']['divergingEpoch'] {
  if (asked.lastFetchedEpoch < 0) return NO_DIVERGENCE;
  const { leaderEpoch, endOffset } = partition.endOffsetForEpoch(asked.lastFetchedEpoch);
  if (leaderEpoch === asked.lastFetchedEpoch && endOffset >= asked.fetchOffset) return NO_DIVERGENCE;
  // A log without any epoch yet can't contradict anybody.
  if (leaderEpoch < 0) return NO_DIVERGENCE;
  return { epoch: leaderEpoch, endOffset };
}

function failedOutcome(errorCode: number, nextOffset: number): ReadOutcome {
  return {
    errorCode,
    chunks: [],
    sizeInBytes: 0,
    nextOffset,
    highWatermark: -1,
    lastStableOffset: -1,
    logStartOffset: -1,
  };
}

/** The answer had no room left: the client learns the offsets, its turn for data comes first next time. */
function passedOver(partition: ReadablePartition, asked: SessionPartition): ReadOutcome {
  return {
    errorCode: partition.status(asked.currentLeaderEpoch),
    chunks: [],
    sizeInBytes: 0,
    nextOffset: asked.fetchOffset,
    highWatermark: partition.highWatermark,
    lastStableOffset: partition.lastStableOffset,
    logStartOffset: partition.logStartOffset,
  };
}
