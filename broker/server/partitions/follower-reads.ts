import type { BrokerId, LeaderEpoch } from '../../core/base/ids.ts';
import type { PartitionView } from '../../core/metadata/view.ts';
import { ErrorCode } from '../../core/protocol/errors.ts';
import type { PartitionLog } from '../logs/partition-log.ts';
import { codeOf } from './log-codes.ts';
import type { ReadablePartition, ReadOptions, ReadOutcome } from './partition.ts';

const NO_CHUNKS: readonly Uint8Array[] = [];

/** A followed partition as consumers of the same rack read it (KIP-392): up to the high watermark that the leader told. */
export class FollowerReads implements ReadablePartition {
  readonly topicName: string;
  readonly #view: () => PartitionView;
  readonly #log: PartitionLog;
  readonly #listeners = new Set<() => void>();
  #hasEnded = false;

  constructor(topicName: string, view: () => PartitionView, log: PartitionLog) {
    this.topicName = topicName;
    this.#view = view;
    this.#log = log;
  }

  get leader(): BrokerId | -1 {
    return this.#view().leader;
  }

  get leaderEpoch(): LeaderEpoch {
    return this.#view().leaderEpoch;
  }

  get logStartOffset(): number {
    return this.#log.logStartOffset;
  }

  get logEndOffset(): number {
    return this.#log.logEndOffset;
  }

  get highWatermark(): number {
    return this.#log.highWatermark;
  }

  get lastStableOffset(): number {
    return this.#log.highWatermark;
  }

  status(currentLeaderEpoch: number): number {
    if (this.#hasEnded) return ErrorCode.NOT_LEADER_OR_FOLLOWER;
    if (this.#log.state === 'damaged') return ErrorCode.KAFKA_STORAGE_ERROR;
    if (currentLeaderEpoch < 0 || currentLeaderEpoch === this.leaderEpoch) return ErrorCode.NONE;
    return currentLeaderEpoch < this.leaderEpoch ? ErrorCode.FENCED_LEADER_EPOCH : ErrorCode.UNKNOWN_LEADER_EPOCH;
  }

  availableBytes(fetchOffset: number): number {
    const { highWatermark } = this;
    return fetchOffset >= highWatermark ? 0 : this.#log.bytesBetween(fetchOffset, highWatermark);
  }

  endOffsetForEpoch(epoch: number): { readonly leaderEpoch: number; readonly endOffset: number } {
    return this.#log.endOffsetForEpoch(epoch);
  }

  read(options: ReadOptions, done: (outcome: ReadOutcome) => void): void {
    const { fetchOffset, maxBytes, minOneBatch, currentLeaderEpoch } = options;
    const status = this.status(currentLeaderEpoch);
    const isOutside = fetchOffset < this.logStartOffset || fetchOffset > this.logEndOffset;
    const errorCode = status === ErrorCode.NONE && isOutside ? ErrorCode.OFFSET_OUT_OF_RANGE : status;
    if (errorCode !== ErrorCode.NONE || fetchOffset >= this.highWatermark) {
      done(this.#outcome(errorCode, fetchOffset));
      return;
    }
    const endOffset = this.highWatermark;
    this.#log.read({ fetchOffset, maxBytes, minOneBatch, endOffset }, (failure, result) => {
      if (failure !== null || result === undefined) done(this.#outcome(codeOf(failure), fetchOffset));
      else {
        const { chunks, sizeInBytes } = result;
        done({ ...this.#outcome(ErrorCode.NONE, result.endOffset), chunks, sizeInBytes });
      }
    });
  }

  onHighWatermark(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Its end wakes like a move of the watermark: who waits looks, and is told. */
  onResign(): () => void {
    return () => undefined;
  }

  /** The watermark, the log's start or the leader is another. */
  moved(): void {
    for (const listener of [...this.#listeners]) listener();
  }

  /** Nothing is followed here any more. */
  end(): void {
    this.#hasEnded = true;
    this.moved();
    this.#listeners.clear();
  }

  #outcome(errorCode: number, nextOffset: number): ReadOutcome {
    const { highWatermark, logStartOffset } = this;
    const offsets = { nextOffset, highWatermark, lastStableOffset: highWatermark, logStartOffset };
    return { errorCode, chunks: NO_CHUNKS, sizeInBytes: 0, ...offsets };
  }
}
