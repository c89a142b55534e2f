import { brokerId, leaderEpoch, topicId } from '../../broker/core/base/ids.ts';
import { ErrorCode } from '../../broker/core/protocol/errors.ts';
import * as batch from '../../broker/core/record/batch.ts';
import { buildBatch } from '../../broker/core/record/builder.ts';
import { crc32c } from '../../broker/io/crc32c.ts';
import type {
  AppendOutcome,
  Partition,
  Partitions,
  ReadOptions,
  ReadOutcome,
  TimestampOutcome,
} from '../../broker/server/partitions/partition.ts';

interface Stored {
  readonly base: number;
  readonly last: number;
  readonly bytes: Uint8Array;
}

const REFUSED = {
  errorMessage: null,
  logAppendTimeMs: -1,
  logStartOffset: -1,
  recordErrors: [],
  baseOffset: -1,
  endOffset: -1,
};

interface Waiting {
  readonly offset: number;
  readonly done: (errorCode: number) => void;
}

/**
 * A partition in memory behind the port that coordinators and share groups build on. The high watermark follows each
 * append through the loop, or when the test calls `commit` while `hold` is set.
 */
export class FakePartition implements Partition {
  readonly topicId: ReturnType<typeof topicId>;
  readonly topicName: string;
  readonly index: number;
  readonly leader = brokerId(0);
  leaderEpoch = leaderEpoch(0);
  logStartOffset = 0;
  logEndOffset = 0;
  highWatermark = 0;
  isBehindStart = false;
  /** Appends are not committed by themselves. */
  hold = false;
  /** Reads complete as a later input of the loop. */
  slowReads = false;
  readCount = 0;
  /** Clients' batches beyond it are refused. */
  sizeMax = Number.POSITIVE_INFINITY;
  /** What was appended, in order. */
  readonly batches: Stored[] = [];
  readonly #post: (input: () => void) => void;
  #waiting: Waiting[] = [];
  #watermarkListeners = new Set<() => void>();
  #resignListeners = new Set<() => void>();
  #ended: number = ErrorCode.NONE;

  constructor(topic: { readonly id: string; readonly name: string }, index: number, post: (input: () => void) => void) {
    this.topicId = topicId(topic.id);
    this.topicName = topic.name;
    this.index = index;
    this.#post = post;
  }

  get lastStableOffset(): number {
    return this.highWatermark;
  }

  get sizeInBytes(): number {
    return this.batches.reduce((sum, { bytes }) => sum + bytes.length, 0);
  }

  status(currentLeaderEpoch: number): number {
    if (this.#ended !== ErrorCode.NONE) return this.#ended;
    if (currentLeaderEpoch >= 0 && currentLeaderEpoch < this.leaderEpoch) return ErrorCode.FENCED_LEADER_EPOCH;
    if (currentLeaderEpoch > this.leaderEpoch) return ErrorCode.UNKNOWN_LEADER_EPOCH;
    return ErrorCode.NONE;
  }

  /** Appends a batch of `count` records of `valueSize` bytes, as a producer would. */
  produce(count: number, valueSize = 10): void {
    const records = Array.from({ length: count }, () => ({ key: null, value: new Uint8Array(valueSize) }));
    this.appendInternalBatch(buildBatch(records, { timestamp: 1 }, crc32c));
  }

  appendClientBatch(
    records: Uint8Array,
    _options: { readonly apiVersion: number; readonly requiredAcks: number },
    done: (outcome: AppendOutcome) => void,
  ): void {
    const isTooLarge = records.length > this.sizeMax;
    done(isTooLarge ? { ...REFUSED, errorCode: ErrorCode.MESSAGE_TOO_LARGE } : this.appendInternalBatch(records));
  }

  appendInternalBatch(bytes: Uint8Array): AppendOutcome {
    const base = this.logEndOffset;
    const refused = { errorMessage: null, logAppendTimeMs: -1, logStartOffset: this.logStartOffset, recordErrors: [] };
    if (this.#ended !== ErrorCode.NONE) return { ...refused, errorCode: this.#ended, baseOffset: -1, endOffset: -1 };
    const buf = batch.bufferOf(bytes);
    batch.assignOffset(buf, 0, { baseOffset: base, leaderEpoch: this.leaderEpoch });
    this.logEndOffset = batch.nextOffset(buf, 0);
    this.batches.push({ base, last: this.logEndOffset - 1, bytes });
    if (!this.hold) {
      const end = this.logEndOffset;
      this.#post(() => this.commit(end));
    }
    return { ...refused, errorCode: ErrorCode.NONE, baseOffset: base, endOffset: this.logEndOffset };
  }

  /** Moves the high watermark to `offset`, or to the end of the log. */
  commit(offset = this.logEndOffset): void {
    if (offset <= this.highWatermark || this.#ended !== ErrorCode.NONE) return;
    this.highWatermark = offset;
    const due = this.#waiting.filter((one) => one.offset <= offset);
    this.#waiting = this.#waiting.filter((one) => one.offset > offset);
    for (const { done } of due) done(ErrorCode.NONE);
    for (const listener of [...this.#watermarkListeners]) listener();
  }

  awaitCommitted(offset: number, done: (errorCode: number) => void): void {
    if (this.#ended !== ErrorCode.NONE) done(this.#ended);
    else if (offset <= this.highWatermark) done(ErrorCode.NONE);
    else this.#waiting.push({ offset, done });
  }

  awaitInSync(offset: number, done: (errorCode: number) => void): void {
    this.awaitCommitted(offset, done);
  }

  readonly isDeleting = false;

  onFollowerFetch(): number {
    return ErrorCode.NONE;
  }

  throttles(): boolean {
    return false;
  }

  preferredReplica(): -1 {
    return -1;
  }

  onAppend(): () => void {
    return () => undefined;
  }

  awaitLocal(offset: number, done: (errorCode: number) => void): void {
    this.awaitCommitted(offset, done);
  }

  read(options: ReadOptions, done: (outcome: ReadOutcome) => void): void {
    this.readCount += 1;
    if (this.slowReads) this.#post(() => done(this.#read(options)));
    else done(this.#read(options));
  }

  #read({ fetchOffset, maxBytes, minOneBatch, currentLeaderEpoch }: ReadOptions): ReadOutcome {
    const { highWatermark, lastStableOffset, logStartOffset } = this;
    const empty = {
      chunks: [],
      sizeInBytes: 0,
      nextOffset: fetchOffset,
      highWatermark,
      lastStableOffset,
      logStartOffset,
    };
    const status = this.status(currentLeaderEpoch);
    if (status !== ErrorCode.NONE) return { ...empty, errorCode: status };
    if (fetchOffset < logStartOffset || fetchOffset > this.logEndOffset) {
      return { ...empty, errorCode: ErrorCode.OFFSET_OUT_OF_RANGE };
    }
    const chunks: Uint8Array[] = [];
    let sizeInBytes = 0;
    let nextOffset = fetchOffset;
    for (const stored of this.batches) {
      if (stored.last < fetchOffset || stored.last >= highWatermark) continue;
      const fits = sizeInBytes + stored.bytes.length <= maxBytes;
      if (!fits && !(minOneBatch && chunks.length === 0)) break;
      chunks.push(stored.bytes);
      sizeInBytes += stored.bytes.length;
      nextOffset = stored.last + 1;
    }
    return { ...empty, errorCode: ErrorCode.NONE, chunks, sizeInBytes, nextOffset };
  }

  availableBytes(fetchOffset: number): number {
    let size = 0;
    for (const { last, bytes } of this.batches)
      if (last >= fetchOffset && last < this.highWatermark) size += bytes.length;
    return size;
  }

  offsetForTimestamp(_timestampMs: number, done: (outcome: TimestampOutcome) => void): void {
    done({ errorCode: ErrorCode.NONE, offset: -1, timestampMs: -1, leaderEpoch: -1 });
  }

  offsetOfMaxTimestamp(done: (outcome: TimestampOutcome) => void): void {
    done({ errorCode: ErrorCode.NONE, offset: -1, timestampMs: -1, leaderEpoch: -1 });
  }

  endOffsetForEpoch(): { leaderEpoch: number; endOffset: number } {
    return { leaderEpoch: this.leaderEpoch, endOffset: this.logEndOffset };
  }

  epochOf(): number {
    return this.leaderEpoch;
  }

  deleteRecords(offset: number, done: (outcome: { errorCode: number; lowWatermark: number }) => void): void {
    this.logStartOffset = offset < 0 ? this.highWatermark : Math.max(this.logStartOffset, offset);
    done({ errorCode: ErrorCode.NONE, lowWatermark: this.logStartOffset });
  }

  onHighWatermark(listener: () => void): () => void {
    this.#watermarkListeners.add(listener);
    return () => this.#watermarkListeners.delete(listener);
  }

  onResign(listener: () => void): () => void {
    this.#resignListeners.add(listener);
    return () => this.#resignListeners.delete(listener);
  }

  /** Listeners of the high watermark now. */
  get listenerCount(): number {
    return this.#watermarkListeners.size;
  }

  /** Ends this leadership. */
  resign(errorCode: number = ErrorCode.NOT_LEADER_OR_FOLLOWER): void {
    this.#ended = errorCode;
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const { done } of waiting) done(errorCode);
    for (const listener of [...this.#resignListeners]) listener();
  }

  /** A new leadership of the same log, one epoch on; what was not committed is kept and committed. */
  reelect(): FakePartition {
    this.resign();
    const next = new FakePartition({ id: this.topicId, name: this.topicName }, this.index, this.#post);
    next.leaderEpoch = leaderEpoch(this.leaderEpoch + 1);
    next.logStartOffset = this.logStartOffset;
    next.logEndOffset = this.logEndOffset;
    next.highWatermark = this.logEndOffset;
    next.batches.push(...this.batches);
    return next;
  }
}

/** The partitions of a node in memory. */
export class FakePartitions implements Partitions {
  readonly damagedCount = 0;
  readonly #partitions = new Map<string, FakePartition>();
  readonly #listeners: ((partition: Partition) => void)[] = [];

  /** Leads a partition from now on, in place of an earlier leadership. */
  lead(partition: FakePartition): void {
    this.#partitions.set(`${partition.topicName}-${partition.index}`, partition);
    for (const listener of this.#listeners) listener(partition);
  }

  byId(id: string, index: number): FakePartition | null {
    for (const partition of this.#partitions.values()) {
      if (partition.topicId === id && partition.index === index) return partition;
    }
    return null;
  }

  followed(): null {
    return null;
  }

  byName(name: string, index: number): FakePartition | null {
    return this.#partitions.get(`${name}-${index}`) ?? null;
  }

  all(): readonly FakePartition[] {
    return [...this.#partitions.values()];
  }

  onLead(listener: (partition: Partition) => void): void {
    this.#listeners.push(listener);
  }
}
