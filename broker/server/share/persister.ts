import type { TopicId } from '../../core/base/ids.ts';
import type { StateBatch } from '../../core/share/persistence.ts';

/** What a new leader of a share-partition starts from. */
export interface ReadStateOutcome {
  readonly errorCode: number;
  readonly stateEpoch: number;
  /** −1 while nobody resolved `share.auto.offset.reset` yet. */
  readonly startOffset: number;
  readonly stateBatches: readonly StateBatch[];
}

/** Answer to `readSummary`; offsets and count are −1 when unknown. */
export interface StateSummary {
  readonly errorCode: number;
  readonly stateEpoch: number;
  readonly leaderEpoch: number;
  readonly startOffset: number;
  /** Terminal records at or above `startOffset`, for the lag (KIP-1226). */
  readonly deliveryCompleteCount: number;
}

/** One change of a share-partition's durable state, as its leader sends it. */
export interface StateWrite {
  readonly stateEpoch: number;
  /** Epoch of the leader that writes; an older one than known is fenced. */
  readonly leaderEpoch: number;
  readonly startOffset: number;
  readonly deliveryCompleteCount: number;
  readonly stateBatches: readonly StateBatch[];
}

/**
 * Where share-partition leaders and the group coordinator keep the durable state of share groups: a client of the share
 * coordinator (`__share_group_state`). Every `done` is called once, after the records are committed (S0), as an input
 * of the event loop. Error codes are the coordinator's own (PROTOCOL §2.9), not yet mapped for clients.
 */
export interface SharePersister {
  /** Starts the state of a partition that the group newly knows; `startOffset` −1 leaves it to the auto offset reset. */
  initialize(
    groupId: string,
    topicId: TopicId,
    partition: number,
    stateEpoch: number,
    startOffset: number,
    done: (errorCode: number) => void,
  ): void;
  /** Forgets the state of a partition (a tombstone); unknown partitions are no error. */
  remove(groupId: string, topicId: TopicId, partition: number, done: (errorCode: number) => void): void;
  /** Reads start offset, epochs and completed count without taking the leadership over. */
  readSummary(groupId: string, topicId: TopicId, partition: number, done: (summary: StateSummary) => void): void;
  /** Reads everything and records `leaderEpoch`, so that an earlier leader's writes are refused from then on. */
  read(
    groupId: string,
    topicId: TopicId,
    partition: number,
    leaderEpoch: number,
    done: (outcome: ReadStateOutcome) => void,
  ): void;
  /** Merges a change into the state. One write per partition is under way at a time; the caller coalesces. */
  write(
    groupId: string,
    topicId: TopicId,
    partition: number,
    change: StateWrite,
    done: (errorCode: number) => void,
  ): void;
}
