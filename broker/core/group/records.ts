import type { CoordinatorRecord } from '../coordinator/shard.ts';
import {
  decodeRecordMessage as decode,
  encodeRecordMessage as encode,
  recordKeyType,
  type RecordMessages,
} from '../protocol/record-messages.ts';

/** Record types in front of the keys of `__consumer_offsets` (Kafka's `CoordinatorRecordType`). */
export const RECORD_TYPE = {
  legacyOffsetCommit: 0,
  offsetCommit: 1,
  groupMetadata: 2,
  shareGroupMemberMetadata: 10,
  shareGroupMetadata: 11,
  shareGroupTargetAssignmentMetadata: 12,
  shareGroupTargetAssignmentMember: 13,
  shareGroupCurrentMemberAssignment: 14,
  shareGroupStatePartitionMetadata: 15,
} as const;

/** One record of a group shard, decoded; `value` null is a tombstone. */
export type GroupRecord =
  | {
      readonly kind: 'offset';
      readonly groupId: string;
      readonly topic: string;
      readonly partition: number;
      readonly value: RecordMessages['OffsetCommitValue'] | null;
    }
  | {
      readonly kind: 'classicGroup';
      readonly groupId: string;
      readonly value: RecordMessages['GroupMetadataValue'] | null;
    }
  | ShareGroupRecord;

/** Records of share groups. */
export type ShareGroupRecord =
  | {
      readonly kind: 'shareGroup';
      readonly groupId: string;
      readonly value: RecordMessages['ShareGroupMetadataValue'] | null;
    }
  | {
      readonly kind: 'shareMember';
      readonly groupId: string;
      readonly memberId: string;
      readonly value: RecordMessages['ShareGroupMemberMetadataValue'] | null;
    }
  | {
      readonly kind: 'shareTarget';
      readonly groupId: string;
      readonly value: RecordMessages['ShareGroupTargetAssignmentMetadataValue'] | null;
    }
  | {
      readonly kind: 'shareTargetMember';
      readonly groupId: string;
      readonly memberId: string;
      readonly value: RecordMessages['ShareGroupTargetAssignmentMemberValue'] | null;
    }
  | {
      readonly kind: 'shareCurrentMember';
      readonly groupId: string;
      readonly memberId: string;
      readonly value: RecordMessages['ShareGroupCurrentMemberAssignmentValue'] | null;
    }
  | {
      readonly kind: 'shareState';
      readonly groupId: string;
      readonly value: RecordMessages['ShareGroupStatePartitionMetadataValue'] | null;
    };

// Versions that Kafka 4.4 writes too; 4 of an offset is the one that carries the topic's id.
const OFFSET_VERSION = 4;
const GROUP_VERSION = 3;

/** The record as bytes, in Kafka's own format. */
export function encodeGroupRecord(record: GroupRecord): CoordinatorRecord {
  const { groupId } = record;
  switch (record.kind) {
    case 'offset': {
      const key = encode('OffsetCommitKey', 0, { group: groupId, topic: record.topic, partition: record.partition });
      return { key, value: record.value && encode('OffsetCommitValue', OFFSET_VERSION, record.value) };
    }
    case 'classicGroup': {
      const key = encode('GroupMetadataKey', 0, { group: groupId });
      return { key, value: record.value && encode('GroupMetadataValue', GROUP_VERSION, record.value) };
    }
    case 'shareGroup':
      return {
        key: encode('ShareGroupMetadataKey', 0, { groupId }),
        value: record.value && encode('ShareGroupMetadataValue', 0, record.value),
      };
    case 'shareMember': {
      const key = encode('ShareGroupMemberMetadataKey', 0, { groupId, memberId: record.memberId });
      return { key, value: record.value && encode('ShareGroupMemberMetadataValue', 0, record.value) };
    }
    case 'shareTarget': {
      const key = encode('ShareGroupTargetAssignmentMetadataKey', 0, { groupId });
      return { key, value: record.value && encode('ShareGroupTargetAssignmentMetadataValue', 0, record.value) };
    }
    case 'shareTargetMember': {
      const key = encode('ShareGroupTargetAssignmentMemberKey', 0, { groupId, memberId: record.memberId });
      return { key, value: record.value && encode('ShareGroupTargetAssignmentMemberValue', 0, record.value) };
    }
    case 'shareCurrentMember': {
      const key = encode('ShareGroupCurrentMemberAssignmentKey', 0, { groupId, memberId: record.memberId });
      return { key, value: record.value && encode('ShareGroupCurrentMemberAssignmentValue', 0, record.value) };
    }
    case 'shareState': {
      const key = encode('ShareGroupStatePartitionMetadataKey', 0, { groupId });
      return { key, value: record.value && encode('ShareGroupStatePartitionMetadataValue', 0, record.value) };
    }
  }
}

/** The record that these bytes are, or null for a type that this shard does not keep (consumer and streams groups). */
export function decodeGroupRecord(bytes: CoordinatorRecord): GroupRecord | null {
  const { key, value } = bytes;
  switch (recordKeyType(key)) {
    case RECORD_TYPE.legacyOffsetCommit: {
      const { group, topic, partition } = decode('LegacyOffsetCommitKey', key);
      return { kind: 'offset', groupId: group, topic, partition, value: value && decode('OffsetCommitValue', value) };
    }
    case RECORD_TYPE.offsetCommit: {
      const { group, topic, partition } = decode('OffsetCommitKey', key);
      return { kind: 'offset', groupId: group, topic, partition, value: value && decode('OffsetCommitValue', value) };
    }
    case RECORD_TYPE.groupMetadata:
      return {
        kind: 'classicGroup',
        groupId: decode('GroupMetadataKey', key).group,
        value: value && decode('GroupMetadataValue', value),
      };
    default:
      return decodeShareRecord(key, value);
  }
}

function decodeShareRecord(key: Uint8Array, value: Uint8Array | null): ShareGroupRecord | null {
  switch (recordKeyType(key)) {
    case RECORD_TYPE.shareGroupMetadata: {
      const { groupId } = decode('ShareGroupMetadataKey', key);
      return { kind: 'shareGroup', groupId, value: value && decode('ShareGroupMetadataValue', value) };
    }
    case RECORD_TYPE.shareGroupMemberMetadata: {
      const { groupId, memberId } = decode('ShareGroupMemberMetadataKey', key);
      return { kind: 'shareMember', groupId, memberId, value: value && decode('ShareGroupMemberMetadataValue', value) };
    }
    case RECORD_TYPE.shareGroupTargetAssignmentMetadata: {
      const { groupId } = decode('ShareGroupTargetAssignmentMetadataKey', key);
      return { kind: 'shareTarget', groupId, value: value && decode('ShareGroupTargetAssignmentMetadataValue', value) };
    }
    case RECORD_TYPE.shareGroupTargetAssignmentMember: {
      const { groupId, memberId } = decode('ShareGroupTargetAssignmentMemberKey', key);
      const decoded = value && decode('ShareGroupTargetAssignmentMemberValue', value);
      return { kind: 'shareTargetMember', groupId, memberId, value: decoded };
    }
    case RECORD_TYPE.shareGroupCurrentMemberAssignment: {
      const { groupId, memberId } = decode('ShareGroupCurrentMemberAssignmentKey', key);
      const decoded = value && decode('ShareGroupCurrentMemberAssignmentValue', value);
      return { kind: 'shareCurrentMember', groupId, memberId, value: decoded };
    }
    case RECORD_TYPE.shareGroupStatePartitionMetadata: {
      const { groupId } = decode('ShareGroupStatePartitionMetadataKey', key);
      return { kind: 'shareState', groupId, value: value && decode('ShareGroupStatePartitionMetadataValue', value) };
    }
    default:
      return null;
  }
}
