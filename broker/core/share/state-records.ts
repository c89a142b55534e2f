import { decodeRecordMessage, encodeRecordMessage, recordKeyType } from '../protocol/record-messages.ts';
import type { CoordinatorRecord } from '../coordinator/shard.ts';
import type { StateBatch } from './persistence.ts';

/** Names one share-partition; `topicId` as 22 characters. */
export interface SharePartitionKey {
  readonly groupId: string;
  readonly topicId: string;
  readonly partition: number;
}

/** What the share coordinator remembers of one share-partition. */
export interface ShareState {
  /** Grows with every snapshot of this partition. */
  readonly snapshotEpoch: number;
  /** Grows when an administrator or the group coordinator starts the partition anew. */
  readonly stateEpoch: number;
  /** Highest epoch of a leader that read or wrote; older ones are fenced. */
  readonly leaderEpoch: number;
  /** −1: `share.auto.offset.reset` was not resolved yet. */
  readonly startOffset: number;
  /** Terminal records at or above `startOffset`; −1: unknown. */
  readonly deliveryCompleteCount: number;
  readonly createdMs: number;
  readonly writtenMs: number;
  /** Sorted and disjoint. */
  readonly stateBatches: readonly StateBatch[];
}

/** A change of a share state without its snapshot. `startOffset`, `leaderEpoch` and the count are −1 when unchanged. */
export interface ShareStateUpdate {
  readonly snapshotEpoch: number;
  readonly leaderEpoch: number;
  readonly startOffset: number;
  readonly deliveryCompleteCount: number;
  readonly stateBatches: readonly StateBatch[];
}

/** A record of `__share_group_state`, decoded. */
export type ShareStateRecord =
  | { readonly kind: 'snapshot'; readonly key: SharePartitionKey; readonly state: ShareState }
  | { readonly kind: 'update'; readonly key: SharePartitionKey; readonly update: ShareStateUpdate }
  | { readonly kind: 'tombstone'; readonly key: SharePartitionKey };

const SNAPSHOT_TYPE = 0;
const UPDATE_TYPE = 1;

/** The text that is hashed to find the coordinator's partition, and that names the state in memory. */
export function keyText(key: SharePartitionKey): string {
  return `${key.groupId}:${key.topicId}:${key.partition}`;
}

/** The whole state of a share-partition (ShareSnapshot). */
export function snapshotRecord(key: SharePartitionKey, state: ShareState): CoordinatorRecord {
  const { createdMs, writtenMs, ...fields } = state;
  return {
    key: encodeRecordMessage('ShareSnapshotKey', 0, key),
    value: encodeRecordMessage('ShareSnapshotValue', 0, {
      ...fields,
      createTimestamp: createdMs,
      writeTimestamp: writtenMs,
    }),
  };
}

/** A change since the last snapshot (ShareUpdate). */
export function updateRecord(key: SharePartitionKey, update: ShareStateUpdate): CoordinatorRecord {
  return {
    key: encodeRecordMessage('ShareUpdateKey', 0, key),
    value: encodeRecordMessage('ShareUpdateValue', 0, update),
  };
}

/** Ends a share-partition's state. */
export function tombstoneRecord(key: SharePartitionKey): CoordinatorRecord {
  return { key: encodeRecordMessage('ShareSnapshotKey', 0, key), value: null };
}

/** Reads a record; null for types that are not known. Throws `DecodeError` when it is malformed. */
export function decodeStateRecord(record: CoordinatorRecord): ShareStateRecord | null {
  const type = recordKeyType(record.key);
  if (type === SNAPSHOT_TYPE) {
    const { groupId, topicId, partition } = decodeRecordMessage('ShareSnapshotKey', record.key);
    const key = { groupId, topicId, partition };
    if (record.value === null) return { kind: 'tombstone', key };
    const { createTimestamp, writeTimestamp, ...fields } = decodeRecordMessage('ShareSnapshotValue', record.value);
    return { kind: 'snapshot', key, state: { ...fields, createdMs: createTimestamp, writtenMs: writeTimestamp } };
  }
  if (type === UPDATE_TYPE && record.value !== null) {
    const { groupId, topicId, partition } = decodeRecordMessage('ShareUpdateKey', record.key);
    return {
      kind: 'update',
      key: { groupId, topicId, partition },
      update: decodeRecordMessage('ShareUpdateValue', record.value),
    };
  }
  return null;
}
