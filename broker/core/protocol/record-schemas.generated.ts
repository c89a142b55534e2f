// Generated from the schemas of Apache Kafka 4.4.0 by test/wire/oracle/generate.ts; a test compares. Do not edit.
import type { MessageSchema } from './schema.ts';

/** Records of the internal topics and versioned data inside other messages, by name. */
export const recordSchemas: Readonly<Record<string, MessageSchema>> = {
  AbortedTxn: {
    name: 'AbortedTxn', versions: '0', flexible: 'none',
    fields: [
      { name: 'producerId', type: 'int64', versions: '0+' },
      { name: 'firstOffset', type: 'int64', versions: '0+' },
      { name: 'lastOffset', type: 'int64', versions: '0+' },
      { name: 'lastStableOffset', type: 'int64', versions: '0+' },
    ],
  },
  ConsumerGroupCurrentMemberAssignmentKey: {
    name: 'ConsumerGroupCurrentMemberAssignmentKey', apiKey: 8, kind: 'coordinator-key', versions: '0', flexible: 'none',
    fields: [
      { name: 'groupId', type: 'string', versions: '0' },
      { name: 'memberId', type: 'string', versions: '0' },
    ],
  },
  ConsumerGroupCurrentMemberAssignmentValue: {
    name: 'ConsumerGroupCurrentMemberAssignmentValue', apiKey: 8, kind: 'coordinator-value', versions: '0', flexible: '0+',
    fields: [
      { name: 'memberEpoch', type: 'int32', versions: '0+' },
      { name: 'previousMemberEpoch', type: 'int32', versions: '0+' },
      { name: 'state', type: 'int8', versions: '0+' },
      { name: 'assignedPartitions', type: '[]TopicPartitions', versions: '0+' },
      { name: 'partitionsPendingRevocation', type: '[]TopicPartitions', versions: '0+' },
    ],
    structs: {
      TopicPartitions: [
        { name: 'topicId', type: 'uuid', versions: '0+' },
        { name: 'partitions', type: '[]int32', versions: '0+' },
        { name: 'assignmentEpochs', type: '[]int32', versions: '0+', nullable: '0+', tagged: '0+', tag: 0 },
      ],
    },
  },
  ConsumerGroupMemberMetadataKey: {
    name: 'ConsumerGroupMemberMetadataKey', apiKey: 5, kind: 'coordinator-key', versions: '0', flexible: 'none',
    fields: [
      { name: 'groupId', type: 'string', versions: '0' },
      { name: 'memberId', type: 'string', versions: '0' },
    ],
  },
  ConsumerGroupMemberMetadataValue: {
    name: 'ConsumerGroupMemberMetadataValue', apiKey: 5, kind: 'coordinator-value', versions: '0', flexible: '0+',
    fields: [
      { name: 'instanceId', type: 'string', versions: '0+', nullable: '0+' },
      { name: 'rackId', type: 'string', versions: '0+', nullable: '0+' },
      { name: 'clientId', type: 'string', versions: '0+' },
      { name: 'clientHost', type: 'string', versions: '0+' },
      { name: 'subscribedTopicNames', type: '[]string', versions: '0+' },
      { name: 'subscribedTopicRegex', type: 'string', versions: '0+', nullable: '0+' },
      { name: 'rebalanceTimeoutMs', type: 'int32', versions: '0+', default: -1 },
      { name: 'serverAssignor', type: 'string', versions: '0+', nullable: '0+' },
      {
        name: 'classicMemberMetadata', type: 'ClassicMemberMetadata', versions: '0+', nullable: '0+', tagged: '0+', tag: 0,
        fields: [
          { name: 'sessionTimeoutMs', type: 'int32', versions: '0+' },
          {
            name: 'supportedProtocols', type: '[]ClassicProtocol', versions: '0+',
            fields: [
              { name: 'name', type: 'string', versions: '0+' },
              { name: 'metadata', type: 'bytes', versions: '0+' },
            ],
          },
        ],
      },
    ],
  },
  ConsumerGroupMetadataKey: {
    name: 'ConsumerGroupMetadataKey', apiKey: 3, kind: 'coordinator-key', versions: '0', flexible: 'none',
    fields: [
      { name: 'groupId', type: 'string', versions: '0' },
    ],
  },
  ConsumerGroupMetadataValue: {
    name: 'ConsumerGroupMetadataValue', apiKey: 3, kind: 'coordinator-value', versions: '0', flexible: '0+',
    fields: [
      { name: 'epoch', type: 'int32', versions: '0+' },
      { name: 'metadataHash', type: 'int64', versions: '0+', tagged: '0+', tag: 0, default: 0, wide: true },
    ],
  },
  ConsumerGroupPartitionMetadataKey: {
    name: 'ConsumerGroupPartitionMetadataKey', apiKey: 4, kind: 'coordinator-key', versions: '0', flexible: 'none',
    fields: [
      { name: 'groupId', type: 'string', versions: '0' },
    ],
  },
  ConsumerGroupPartitionMetadataValue: {
    name: 'ConsumerGroupPartitionMetadataValue', apiKey: 4, kind: 'coordinator-value', versions: '0', flexible: '0+',
    fields: [
      {
        name: 'topics', type: '[]TopicMetadata', versions: '0+',
        fields: [
          { name: 'topicId', type: 'uuid', versions: '0+' },
          { name: 'topicName', type: 'string', versions: '0+' },
          { name: 'numPartitions', type: 'int32', versions: '0+' },
          {
            name: 'partitionMetadata', type: '[]PartitionMetadata', versions: '0+',
            fields: [
              { name: 'partition', type: 'int32', versions: '0+' },
              { name: 'racks', type: '[]string', versions: '0+' },
            ],
          },
        ],
      },
    ],
  },
  ConsumerGroupRegularExpressionKey: {
    name: 'ConsumerGroupRegularExpressionKey', apiKey: 16, kind: 'coordinator-key', versions: '0', flexible: 'none',
    fields: [
      { name: 'groupId', type: 'string', versions: '0' },
      { name: 'regularExpression', type: 'string', versions: '0' },
    ],
  },
  ConsumerGroupRegularExpressionValue: {
    name: 'ConsumerGroupRegularExpressionValue', apiKey: 16, kind: 'coordinator-value', versions: '0', flexible: '0+',
    fields: [
      { name: 'topics', type: '[]string', versions: '0+' },
      { name: 'version', type: 'int64', versions: '0+' },
      { name: 'timestamp', type: 'int64', versions: '0+' },
    ],
  },
  ConsumerGroupTargetAssignmentMemberKey: {
    name: 'ConsumerGroupTargetAssignmentMemberKey', apiKey: 7, kind: 'coordinator-key', versions: '0', flexible: 'none',
    fields: [
      { name: 'groupId', type: 'string', versions: '0' },
      { name: 'memberId', type: 'string', versions: '0' },
    ],
  },
  ConsumerGroupTargetAssignmentMemberValue: {
    name: 'ConsumerGroupTargetAssignmentMemberValue', apiKey: 7, kind: 'coordinator-value', versions: '0', flexible: '0+',
    fields: [
      {
        name: 'topicPartitions', type: '[]TopicPartition', versions: '0+',
        fields: [
          { name: 'topicId', type: 'uuid', versions: '0+' },
          { name: 'partitions', type: '[]int32', versions: '0+' },
        ],
      },
    ],
  },
  ConsumerGroupTargetAssignmentMetadataKey: {
    name: 'ConsumerGroupTargetAssignmentMetadataKey', apiKey: 6, kind: 'coordinator-key', versions: '0', flexible: 'none',
    fields: [
      { name: 'groupId', type: 'string', versions: '0' },
    ],
  },
  ConsumerGroupTargetAssignmentMetadataValue: {
    name: 'ConsumerGroupTargetAssignmentMetadataValue', apiKey: 6, kind: 'coordinator-value', versions: '0', flexible: '0+',
    fields: [
      { name: 'assignmentEpoch', type: 'int32', versions: '0+' },
      { name: 'assignmentTimestamp', type: 'int64', versions: '0+', tagged: '0+', tag: 0, default: 0, ignorable: true },
    ],
  },
  ConsumerProtocolAssignment: {
    name: 'ConsumerProtocolAssignment', versions: '0-3', flexible: 'none',
    fields: [
      {
        name: 'assignedPartitions', type: '[]TopicPartition', versions: '0+',
        fields: [
          { name: 'topic', type: 'string', versions: '0+' },
          { name: 'partitions', type: '[]int32', versions: '0+' },
        ],
      },
      { name: 'userData', type: 'bytes', versions: '0+', nullable: '0+', default: null },
    ],
  },
  ConsumerProtocolSubscription: {
    name: 'ConsumerProtocolSubscription', versions: '0-3', flexible: 'none',
    fields: [
      { name: 'topics', type: '[]string', versions: '0+' },
      { name: 'userData', type: 'bytes', versions: '0+', nullable: '0+', default: null },
      {
        name: 'ownedPartitions', type: '[]TopicPartition', versions: '1+', ignorable: true,
        fields: [
          { name: 'topic', type: 'string', versions: '1+' },
          { name: 'partitions', type: '[]int32', versions: '1+' },
        ],
      },
      { name: 'generationId', type: 'int32', versions: '2+', default: -1, ignorable: true },
      { name: 'rackId', type: 'string', versions: '3+', nullable: '3+', default: null, ignorable: true },
    ],
  },
  ControlRecordTypeSchema: {
    name: 'ControlRecordTypeSchema', versions: '0', flexible: 'none',
    fields: [
      { name: 'type', type: 'int16', versions: '0+' },
    ],
  },
  EndTxnMarker: {
    name: 'EndTxnMarker', versions: '0', flexible: 'none',
    fields: [
      { name: 'coordinatorEpoch', type: 'int32', versions: '0+' },
    ],
  },
  GroupMetadataKey: {
    name: 'GroupMetadataKey', apiKey: 2, kind: 'coordinator-key', versions: '0', flexible: 'none',
    fields: [
      { name: 'group', type: 'string', versions: '0' },
    ],
  },
  GroupMetadataValue: {
    name: 'GroupMetadataValue', apiKey: 2, kind: 'coordinator-value', versions: '0-4', flexible: '4+',
    fields: [
      { name: 'protocolType', type: 'string', versions: '0+' },
      { name: 'generation', type: 'int32', versions: '0+' },
      { name: 'protocol', type: 'string', versions: '0+', nullable: '0+' },
      { name: 'leader', type: 'string', versions: '0+', nullable: '0+' },
      { name: 'currentStateTimestamp', type: 'int64', versions: '2+', default: -1, ignorable: true },
      { name: 'members', type: '[]MemberMetadata', versions: '0+' },
    ],
    structs: {
      MemberMetadata: [
        { name: 'memberId', type: 'string', versions: '0+' },
        { name: 'groupInstanceId', type: 'string', versions: '3+', nullable: '3+', default: null, ignorable: true },
        { name: 'clientId', type: 'string', versions: '0+' },
        { name: 'clientHost', type: 'string', versions: '0+' },
        { name: 'rebalanceTimeout', type: 'int32', versions: '1+', default: -1, ignorable: true },
        { name: 'sessionTimeout', type: 'int32', versions: '0+' },
        { name: 'subscription', type: 'bytes', versions: '0+' },
        { name: 'assignment', type: 'bytes', versions: '0+' },
      ],
    },
  },
  LegacyOffsetCommitKey: {
    name: 'LegacyOffsetCommitKey', apiKey: 0, kind: 'coordinator-key', versions: '0', flexible: 'none',
    fields: [
      { name: 'group', type: 'string', versions: '0' },
      { name: 'topic', type: 'string', versions: '0' },
      { name: 'partition', type: 'int32', versions: '0' },
    ],
  },
  LegacyOffsetCommitValue: {
    name: 'LegacyOffsetCommitValue', apiKey: 0, kind: 'coordinator-value', versions: '0', flexible: 'none',
    fields: [
      { name: 'offset', type: 'int64', versions: '0' },
      { name: 'metadata', type: 'string', versions: '0' },
      { name: 'commitTimestamp', type: 'int64', versions: '0' },
    ],
  },
  OffsetCommitKey: {
    name: 'OffsetCommitKey', apiKey: 1, kind: 'coordinator-key', versions: '0', flexible: 'none',
    fields: [
      { name: 'group', type: 'string', versions: '0' },
      { name: 'topic', type: 'string', versions: '0' },
      { name: 'partition', type: 'int32', versions: '0' },
    ],
  },
  OffsetCommitValue: {
    name: 'OffsetCommitValue', apiKey: 1, kind: 'coordinator-value', versions: '0-4', flexible: '4+',
    fields: [
      { name: 'offset', type: 'int64', versions: '0+' },
      { name: 'leaderEpoch', type: 'int32', versions: '3+', default: -1, ignorable: true },
      { name: 'metadata', type: 'string', versions: '0+' },
      { name: 'commitTimestamp', type: 'int64', versions: '0+' },
      { name: 'expireTimestamp', type: 'int64', versions: '1', default: -1, ignorable: true },
      { name: 'topicId', type: 'uuid', versions: '4+', tagged: '4+', tag: 0, ignorable: true },
    ],
  },
  ShareGroupCurrentMemberAssignmentKey: {
    name: 'ShareGroupCurrentMemberAssignmentKey', apiKey: 14, kind: 'coordinator-key', versions: '0', flexible: 'none',
    fields: [
      { name: 'groupId', type: 'string', versions: '0' },
      { name: 'memberId', type: 'string', versions: '0' },
    ],
  },
  ShareGroupCurrentMemberAssignmentValue: {
    name: 'ShareGroupCurrentMemberAssignmentValue', apiKey: 14, kind: 'coordinator-value', versions: '0', flexible: '0+',
    fields: [
      { name: 'memberEpoch', type: 'int32', versions: '0+' },
      { name: 'previousMemberEpoch', type: 'int32', versions: '0+' },
      { name: 'state', type: 'int8', versions: '0+' },
      { name: 'assignedPartitions', type: '[]TopicPartitions', versions: '0+' },
    ],
    structs: {
      TopicPartitions: [
        { name: 'topicId', type: 'uuid', versions: '0+' },
        { name: 'partitions', type: '[]int32', versions: '0+' },
      ],
    },
  },
  ShareGroupMemberMetadataKey: {
    name: 'ShareGroupMemberMetadataKey', apiKey: 10, kind: 'coordinator-key', versions: '0', flexible: 'none',
    fields: [
      { name: 'groupId', type: 'string', versions: '0' },
      { name: 'memberId', type: 'string', versions: '0' },
    ],
  },
  ShareGroupMemberMetadataValue: {
    name: 'ShareGroupMemberMetadataValue', apiKey: 10, kind: 'coordinator-value', versions: '0', flexible: '0+',
    fields: [
      { name: 'rackId', type: 'string', versions: '0+', nullable: '0+' },
      { name: 'clientId', type: 'string', versions: '0+' },
      { name: 'clientHost', type: 'string', versions: '0+' },
      { name: 'subscribedTopicNames', type: '[]string', versions: '0+' },
    ],
  },
  ShareGroupMetadataKey: {
    name: 'ShareGroupMetadataKey', apiKey: 11, kind: 'coordinator-key', versions: '0', flexible: 'none',
    fields: [
      { name: 'groupId', type: 'string', versions: '0' },
    ],
  },
  ShareGroupMetadataValue: {
    name: 'ShareGroupMetadataValue', apiKey: 11, kind: 'coordinator-value', versions: '0', flexible: '0+',
    fields: [
      { name: 'epoch', type: 'int32', versions: '0+' },
      { name: 'metadataHash', type: 'int64', versions: '0+', wide: true },
    ],
  },
  ShareGroupStatePartitionMetadataKey: {
    name: 'ShareGroupStatePartitionMetadataKey', apiKey: 15, kind: 'coordinator-key', versions: '0', flexible: 'none',
    fields: [
      { name: 'groupId', type: 'string', versions: '0' },
    ],
  },
  ShareGroupStatePartitionMetadataValue: {
    name: 'ShareGroupStatePartitionMetadataValue', apiKey: 15, kind: 'coordinator-value', versions: '0', flexible: '0+',
    fields: [
      { name: 'initializingTopics', type: '[]TopicPartitionsInfo', versions: '0+' },
      { name: 'initializedTopics', type: '[]TopicPartitionsInfo', versions: '0+' },
      { name: 'deletingTopics', type: '[]TopicInfo', versions: '0+' },
    ],
    structs: {
      TopicPartitionsInfo: [
        { name: 'topicId', type: 'uuid', versions: '0+' },
        { name: 'topicName', type: 'string', versions: '0+' },
        { name: 'partitions', type: '[]int32', versions: '0+' },
      ],
      TopicInfo: [
        { name: 'topicId', type: 'uuid', versions: '0+' },
        { name: 'topicName', type: 'string', versions: '0+' },
      ],
    },
  },
  ShareGroupTargetAssignmentMemberKey: {
    name: 'ShareGroupTargetAssignmentMemberKey', apiKey: 13, kind: 'coordinator-key', versions: '0', flexible: 'none',
    fields: [
      { name: 'groupId', type: 'string', versions: '0' },
      { name: 'memberId', type: 'string', versions: '0' },
    ],
  },
  ShareGroupTargetAssignmentMemberValue: {
    name: 'ShareGroupTargetAssignmentMemberValue', apiKey: 13, kind: 'coordinator-value', versions: '0', flexible: '0+',
    fields: [
      {
        name: 'topicPartitions', type: '[]TopicPartition', versions: '0+',
        fields: [
          { name: 'topicId', type: 'uuid', versions: '0+' },
          { name: 'partitions', type: '[]int32', versions: '0+' },
        ],
      },
    ],
  },
  ShareGroupTargetAssignmentMetadataKey: {
    name: 'ShareGroupTargetAssignmentMetadataKey', apiKey: 12, kind: 'coordinator-key', versions: '0', flexible: 'none',
    fields: [
      { name: 'groupId', type: 'string', versions: '0' },
    ],
  },
  ShareGroupTargetAssignmentMetadataValue: {
    name: 'ShareGroupTargetAssignmentMetadataValue', apiKey: 12, kind: 'coordinator-value', versions: '0', flexible: '0+',
    fields: [
      { name: 'assignmentEpoch', type: 'int32', versions: '0+' },
      { name: 'assignmentTimestamp', type: 'int64', versions: '0+', tagged: '0+', tag: 0, default: 0, ignorable: true },
    ],
  },
  ShareSnapshotKey: {
    name: 'ShareSnapshotKey', apiKey: 0, kind: 'coordinator-key', versions: '0', flexible: 'none',
    fields: [
      { name: 'groupId', type: 'string', versions: '0' },
      { name: 'topicId', type: 'uuid', versions: '0' },
      { name: 'partition', type: 'int32', versions: '0' },
    ],
  },
  ShareSnapshotValue: {
    name: 'ShareSnapshotValue', apiKey: 0, kind: 'coordinator-value', versions: '0', flexible: '0+',
    fields: [
      { name: 'snapshotEpoch', type: 'int32', versions: '0+' },
      { name: 'stateEpoch', type: 'int32', versions: '0+' },
      { name: 'leaderEpoch', type: 'int32', versions: '0+' },
      { name: 'startOffset', type: 'int64', versions: '0+' },
      { name: 'deliveryCompleteCount', type: 'int32', versions: '0+', tagged: '0+', tag: 0, default: -1 },
      { name: 'createTimestamp', type: 'int64', versions: '0+' },
      { name: 'writeTimestamp', type: 'int64', versions: '0+' },
      {
        name: 'stateBatches', type: '[]StateBatch', versions: '0+',
        fields: [
          { name: 'firstOffset', type: 'int64', versions: '0+' },
          { name: 'lastOffset', type: 'int64', versions: '0+' },
          { name: 'deliveryState', type: 'int8', versions: '0+' },
          { name: 'deliveryCount', type: 'int16', versions: '0+' },
        ],
      },
    ],
  },
  ShareUpdateKey: {
    name: 'ShareUpdateKey', apiKey: 1, kind: 'coordinator-key', versions: '0', flexible: 'none',
    fields: [
      { name: 'groupId', type: 'string', versions: '0' },
      { name: 'topicId', type: 'uuid', versions: '0' },
      { name: 'partition', type: 'int32', versions: '0' },
    ],
  },
  ShareUpdateValue: {
    name: 'ShareUpdateValue', apiKey: 1, kind: 'coordinator-value', versions: '0', flexible: '0+',
    fields: [
      { name: 'snapshotEpoch', type: 'int32', versions: '0+' },
      { name: 'leaderEpoch', type: 'int32', versions: '0+' },
      { name: 'startOffset', type: 'int64', versions: '0+' },
      { name: 'deliveryCompleteCount', type: 'int32', versions: '0+', tagged: '0+', tag: 0, default: -1 },
      {
        name: 'stateBatches', type: '[]StateBatch', versions: '0+',
        fields: [
          { name: 'firstOffset', type: 'int64', versions: '0+' },
          { name: 'lastOffset', type: 'int64', versions: '0+' },
          { name: 'deliveryState', type: 'int8', versions: '0+' },
          { name: 'deliveryCount', type: 'int16', versions: '0+' },
        ],
      },
    ],
  },
  StreamsGroupCurrentMemberAssignmentKey: {
    name: 'StreamsGroupCurrentMemberAssignmentKey', apiKey: 22, kind: 'coordinator-key', versions: '0', flexible: 'none',
    fields: [
      { name: 'groupId', type: 'string', versions: '0' },
      { name: 'memberId', type: 'string', versions: '0' },
    ],
  },
  StreamsGroupCurrentMemberAssignmentValue: {
    name: 'StreamsGroupCurrentMemberAssignmentValue', apiKey: 22, kind: 'coordinator-value', versions: '0', flexible: '0+',
    fields: [
      { name: 'memberEpoch', type: 'int32', versions: '0+' },
      { name: 'previousMemberEpoch', type: 'int32', versions: '0+' },
      { name: 'state', type: 'int8', versions: '0+' },
      { name: 'activeTasks', type: '[]TaskIds', versions: '0+' },
      { name: 'standbyTasks', type: '[]TaskIds', versions: '0+' },
      { name: 'warmupTasks', type: '[]TaskIds', versions: '0+' },
      { name: 'activeTasksPendingRevocation', type: '[]TaskIds', versions: '0+' },
      { name: 'standbyTasksPendingRevocation', type: '[]TaskIds', versions: '0+' },
      { name: 'warmupTasksPendingRevocation', type: '[]TaskIds', versions: '0+' },
    ],
    structs: {
      TaskIds: [
        { name: 'subtopologyId', type: 'string', versions: '0+' },
        { name: 'partitions', type: '[]int32', versions: '0+' },
        { name: 'assignmentEpochs', type: '[]int32', versions: '0+', nullable: '0+', tagged: '0+', tag: 0 },
      ],
    },
  },
  StreamsGroupMemberMetadataKey: {
    name: 'StreamsGroupMemberMetadataKey', apiKey: 19, kind: 'coordinator-key', versions: '0', flexible: 'none',
    fields: [
      { name: 'groupId', type: 'string', versions: '0' },
      { name: 'memberId', type: 'string', versions: '0' },
    ],
  },
  StreamsGroupMemberMetadataValue: {
    name: 'StreamsGroupMemberMetadataValue', apiKey: 19, kind: 'coordinator-value', versions: '0', flexible: '0+',
    fields: [
      { name: 'instanceId', type: 'string', versions: '0+', nullable: '0+' },
      { name: 'rackId', type: 'string', versions: '0+', nullable: '0+' },
      { name: 'clientId', type: 'string', versions: '0+' },
      { name: 'clientHost', type: 'string', versions: '0+' },
      { name: 'rebalanceTimeoutMs', type: 'int32', versions: '0+', default: -1 },
      { name: 'topologyEpoch', type: 'int32', versions: '0+' },
      { name: 'processId', type: 'string', versions: '0+' },
      { name: 'userEndpoint', type: 'Endpoint', versions: '0+', nullable: '0+', default: null },
      { name: 'clientTags', type: '[]KeyValue', versions: '0+' },
    ],
    structs: {
      Endpoint: [
        { name: 'host', type: 'string', versions: '0+' },
        { name: 'port', type: 'uint16', versions: '0+' },
      ],
      KeyValue: [
        { name: 'key', type: 'string', versions: '0+' },
        { name: 'value', type: 'string', versions: '0+' },
      ],
    },
  },
  StreamsGroupMetadataKey: {
    name: 'StreamsGroupMetadataKey', apiKey: 17, kind: 'coordinator-key', versions: '0', flexible: 'none',
    fields: [
      { name: 'groupId', type: 'string', versions: '0' },
    ],
  },
  StreamsGroupMetadataValue: {
    name: 'StreamsGroupMetadataValue', apiKey: 17, kind: 'coordinator-value', versions: '0', flexible: '0+',
    fields: [
      { name: 'epoch', type: 'int32', versions: '0+' },
      { name: 'metadataHash', type: 'int64', versions: '0+', wide: true },
      { name: 'validatedTopologyEpoch', type: 'int32', versions: '0+', tagged: '0+', tag: 0, default: -1 },
      { name: 'lastAssignmentConfigs', type: '[]LastAssignmentConfig', versions: '0+', nullable: '0+', tagged: '0+', tag: 1 },
      { name: 'storedDescriptionTopologyEpoch', type: 'int32', versions: '0+', tagged: '0+', tag: 2, default: -1 },
      { name: 'failedDescriptionTopologyEpoch', type: 'int32', versions: '0+', tagged: '0+', tag: 3, default: -1 },
    ],
    structs: {
      LastAssignmentConfig: [
        { name: 'key', type: 'string', versions: '0+' },
        { name: 'value', type: 'string', versions: '0+' },
      ],
    },
  },
  StreamsGroupTargetAssignmentMemberKey: {
    name: 'StreamsGroupTargetAssignmentMemberKey', apiKey: 21, kind: 'coordinator-key', versions: '0', flexible: 'none',
    fields: [
      { name: 'groupId', type: 'string', versions: '0' },
      { name: 'memberId', type: 'string', versions: '0' },
    ],
  },
  StreamsGroupTargetAssignmentMemberValue: {
    name: 'StreamsGroupTargetAssignmentMemberValue', apiKey: 21, kind: 'coordinator-value', versions: '0', flexible: '0+',
    fields: [
      { name: 'activeTasks', type: '[]TaskIds', versions: '0+' },
      { name: 'standbyTasks', type: '[]TaskIds', versions: '0+' },
      { name: 'warmupTasks', type: '[]TaskIds', versions: '0+' },
    ],
    structs: {
      TaskIds: [
        { name: 'subtopologyId', type: 'string', versions: '0+' },
        { name: 'partitions', type: '[]int32', versions: '0+' },
      ],
    },
  },
  StreamsGroupTargetAssignmentMetadataKey: {
    name: 'StreamsGroupTargetAssignmentMetadataKey', apiKey: 20, kind: 'coordinator-key', versions: '0', flexible: 'none',
    fields: [
      { name: 'groupId', type: 'string', versions: '0' },
    ],
  },
  StreamsGroupTargetAssignmentMetadataValue: {
    name: 'StreamsGroupTargetAssignmentMetadataValue', apiKey: 20, kind: 'coordinator-value', versions: '0', flexible: '0+',
    fields: [
      { name: 'assignmentEpoch', type: 'int32', versions: '0+' },
      { name: 'assignmentTimestamp', type: 'int64', versions: '0+', tagged: '0+', tag: 0, default: 0, ignorable: true },
    ],
  },
  StreamsGroupTopologyKey: {
    name: 'StreamsGroupTopologyKey', apiKey: 23, kind: 'coordinator-key', versions: '0', flexible: 'none',
    fields: [
      { name: 'groupId', type: 'string', versions: '0' },
    ],
  },
  StreamsGroupTopologyValue: {
    name: 'StreamsGroupTopologyValue', apiKey: 23, kind: 'coordinator-value', versions: '0', flexible: '0+',
    fields: [
      { name: 'epoch', type: 'int32', versions: '0+' },
      {
        name: 'subtopologies', type: '[]Subtopology', versions: '0+',
        fields: [
          { name: 'subtopologyId', type: 'string', versions: '0+' },
          { name: 'sourceTopics', type: '[]string', versions: '0+' },
          { name: 'sourceTopicRegex', type: '[]string', versions: '0+' },
          { name: 'stateChangelogTopics', type: '[]TopicInfo', versions: '0+' },
          { name: 'repartitionSinkTopics', type: '[]string', versions: '0+' },
          { name: 'repartitionSourceTopics', type: '[]TopicInfo', versions: '0+' },
          {
            name: 'copartitionGroups', type: '[]CopartitionGroup', versions: '0+',
            fields: [
              { name: 'sourceTopics', type: '[]int16', versions: '0+' },
              { name: 'sourceTopicRegex', type: '[]int16', versions: '0+' },
              { name: 'repartitionSourceTopics', type: '[]int16', versions: '0+' },
            ],
          },
        ],
      },
    ],
    structs: {
      TopicConfig: [
        { name: 'key', type: 'string', versions: '0+' },
        { name: 'value', type: 'string', versions: '0+' },
      ],
      TopicInfo: [
        { name: 'name', type: 'string', versions: '0+' },
        { name: 'partitions', type: 'int32', versions: '0+' },
        { name: 'replicationFactor', type: 'int16', versions: '0+' },
        { name: 'topicConfigs', type: '[]TopicConfig', versions: '0+' },
      ],
    },
  },
};
