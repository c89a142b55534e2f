// Generated from the schemas of Apache Kafka 4.4.0 by test/wire/oracle/generate.ts; a test compares. Do not edit.
import type { OPTIONAL } from './input.ts';

/** AbortedTxn, versions 0. */
export interface AbortedTxn {
  readonly producerId: number;
  readonly firstOffset: number;
  readonly lastOffset: number;
  readonly lastStableOffset: number;
}

/** ConsumerGroupCurrentMemberAssignmentKey, versions 0. */
export interface ConsumerGroupCurrentMemberAssignmentKey {
  readonly groupId: string;
  readonly memberId: string;
}

/** ConsumerGroupCurrentMemberAssignmentValue, versions 0. */
export interface ConsumerGroupCurrentMemberAssignmentValue {
  readonly memberEpoch: number;
  readonly previousMemberEpoch: number;
  readonly state: number;
  readonly assignedPartitions: readonly ConsumerGroupCurrentMemberAssignmentValueTopicPartitions[];
  readonly partitionsPendingRevocation: readonly ConsumerGroupCurrentMemberAssignmentValueTopicPartitions[];
}

/** TopicPartitions of ConsumerGroupCurrentMemberAssignmentValue. */
export interface ConsumerGroupCurrentMemberAssignmentValueTopicPartitions {
  readonly [OPTIONAL]?: 'assignmentEpochs';
  readonly topicId: string;
  readonly partitions: readonly number[];
  readonly assignmentEpochs: readonly number[] | null;
}

/** ConsumerGroupMemberMetadataKey, versions 0. */
export interface ConsumerGroupMemberMetadataKey {
  readonly groupId: string;
  readonly memberId: string;
}

/** ConsumerGroupMemberMetadataValue, versions 0. */
export interface ConsumerGroupMemberMetadataValue {
  readonly [OPTIONAL]?: 'rebalanceTimeoutMs' | 'classicMemberMetadata';
  readonly instanceId: string | null;
  readonly rackId: string | null;
  readonly clientId: string;
  readonly clientHost: string;
  readonly subscribedTopicNames: readonly string[];
  readonly subscribedTopicRegex: string | null;
  readonly rebalanceTimeoutMs: number;
  readonly serverAssignor: string | null;
  readonly classicMemberMetadata: ConsumerGroupMemberMetadataValueClassicMemberMetadata | null;
}

/** ClassicMemberMetadata of ConsumerGroupMemberMetadataValue. */
export interface ConsumerGroupMemberMetadataValueClassicMemberMetadata {
  readonly sessionTimeoutMs: number;
  readonly supportedProtocols: readonly ConsumerGroupMemberMetadataValueClassicProtocol[];
}

/** ClassicProtocol of ConsumerGroupMemberMetadataValue. */
export interface ConsumerGroupMemberMetadataValueClassicProtocol {
  readonly name: string;
  readonly metadata: Uint8Array;
}

/** ConsumerGroupMetadataKey, versions 0. */
export interface ConsumerGroupMetadataKey {
  readonly groupId: string;
}

/** ConsumerGroupMetadataValue, versions 0. */
export interface ConsumerGroupMetadataValue {
  readonly [OPTIONAL]?: 'metadataHash';
  readonly epoch: number;
  readonly metadataHash: number | bigint;
}

/** ConsumerGroupPartitionMetadataKey, versions 0. */
export interface ConsumerGroupPartitionMetadataKey {
  readonly groupId: string;
}

/** ConsumerGroupPartitionMetadataValue, versions 0. */
export interface ConsumerGroupPartitionMetadataValue {
  readonly topics: readonly ConsumerGroupPartitionMetadataValueTopicMetadata[];
}

/** TopicMetadata of ConsumerGroupPartitionMetadataValue. */
export interface ConsumerGroupPartitionMetadataValueTopicMetadata {
  readonly topicId: string;
  readonly topicName: string;
  readonly numPartitions: number;
  readonly partitionMetadata: readonly ConsumerGroupPartitionMetadataValuePartitionMetadata[];
}

/** PartitionMetadata of ConsumerGroupPartitionMetadataValue. */
export interface ConsumerGroupPartitionMetadataValuePartitionMetadata {
  readonly partition: number;
  readonly racks: readonly string[];
}

/** ConsumerGroupRegularExpressionKey, versions 0. */
export interface ConsumerGroupRegularExpressionKey {
  readonly groupId: string;
  readonly regularExpression: string;
}

/** ConsumerGroupRegularExpressionValue, versions 0. */
export interface ConsumerGroupRegularExpressionValue {
  readonly topics: readonly string[];
  readonly version: number;
  readonly timestamp: number;
}

/** ConsumerGroupTargetAssignmentMemberKey, versions 0. */
export interface ConsumerGroupTargetAssignmentMemberKey {
  readonly groupId: string;
  readonly memberId: string;
}

/** ConsumerGroupTargetAssignmentMemberValue, versions 0. */
export interface ConsumerGroupTargetAssignmentMemberValue {
  readonly topicPartitions: readonly ConsumerGroupTargetAssignmentMemberValueTopicPartition[];
}

/** TopicPartition of ConsumerGroupTargetAssignmentMemberValue. */
export interface ConsumerGroupTargetAssignmentMemberValueTopicPartition {
  readonly topicId: string;
  readonly partitions: readonly number[];
}

/** ConsumerGroupTargetAssignmentMetadataKey, versions 0. */
export interface ConsumerGroupTargetAssignmentMetadataKey {
  readonly groupId: string;
}

/** ConsumerGroupTargetAssignmentMetadataValue, versions 0. */
export interface ConsumerGroupTargetAssignmentMetadataValue {
  readonly [OPTIONAL]?: 'assignmentTimestamp';
  readonly assignmentEpoch: number;
  readonly assignmentTimestamp: number;
}

/** ConsumerProtocolAssignment, versions 0-3. */
export interface ConsumerProtocolAssignment {
  readonly [OPTIONAL]?: 'userData';
  readonly assignedPartitions: readonly ConsumerProtocolAssignmentTopicPartition[];
  readonly userData: Uint8Array | null;
}

/** TopicPartition of ConsumerProtocolAssignment. */
export interface ConsumerProtocolAssignmentTopicPartition {
  readonly topic: string;
  readonly partitions: readonly number[];
}

/** ConsumerProtocolSubscription, versions 0-3. */
export interface ConsumerProtocolSubscription {
  readonly [OPTIONAL]?: 'userData' | 'ownedPartitions' | 'generationId' | 'rackId';
  readonly topics: readonly string[];
  readonly userData: Uint8Array | null;
  readonly ownedPartitions: readonly ConsumerProtocolSubscriptionTopicPartition[];
  readonly generationId: number;
  readonly rackId: string | null;
}

/** TopicPartition of ConsumerProtocolSubscription. */
export interface ConsumerProtocolSubscriptionTopicPartition {
  readonly [OPTIONAL]?: 'topic' | 'partitions';
  readonly topic: string;
  readonly partitions: readonly number[];
}

/** ControlRecordTypeSchema, versions 0. */
export interface ControlRecordTypeSchema {
  readonly type: number;
}

/** EndTxnMarker, versions 0. */
export interface EndTxnMarker {
  readonly coordinatorEpoch: number;
}

/** GroupMetadataKey, versions 0. */
export interface GroupMetadataKey {
  readonly group: string;
}

/** GroupMetadataValue, versions 0-4. */
export interface GroupMetadataValue {
  readonly [OPTIONAL]?: 'currentStateTimestamp';
  readonly protocolType: string;
  readonly generation: number;
  readonly protocol: string | null;
  readonly leader: string | null;
  readonly currentStateTimestamp: number;
  readonly members: readonly GroupMetadataValueMemberMetadata[];
}

/** MemberMetadata of GroupMetadataValue. */
export interface GroupMetadataValueMemberMetadata {
  readonly [OPTIONAL]?: 'groupInstanceId' | 'rebalanceTimeout';
  readonly memberId: string;
  readonly groupInstanceId: string | null;
  readonly clientId: string;
  readonly clientHost: string;
  readonly rebalanceTimeout: number;
  readonly sessionTimeout: number;
  readonly subscription: Uint8Array;
  readonly assignment: Uint8Array;
}

/** LegacyOffsetCommitKey, versions 0. */
export interface LegacyOffsetCommitKey {
  readonly group: string;
  readonly topic: string;
  readonly partition: number;
}

/** LegacyOffsetCommitValue, versions 0. */
export interface LegacyOffsetCommitValue {
  readonly offset: number;
  readonly metadata: string;
  readonly commitTimestamp: number;
}

/** OffsetCommitKey, versions 0. */
export interface OffsetCommitKey {
  readonly group: string;
  readonly topic: string;
  readonly partition: number;
}

/** OffsetCommitValue, versions 0-4. */
export interface OffsetCommitValue {
  readonly [OPTIONAL]?: 'leaderEpoch' | 'expireTimestamp' | 'topicId';
  readonly offset: number;
  readonly leaderEpoch: number;
  readonly metadata: string;
  readonly commitTimestamp: number;
  readonly expireTimestamp: number;
  readonly topicId: string;
}

/** ShareGroupCurrentMemberAssignmentKey, versions 0. */
export interface ShareGroupCurrentMemberAssignmentKey {
  readonly groupId: string;
  readonly memberId: string;
}

/** ShareGroupCurrentMemberAssignmentValue, versions 0. */
export interface ShareGroupCurrentMemberAssignmentValue {
  readonly memberEpoch: number;
  readonly previousMemberEpoch: number;
  readonly state: number;
  readonly assignedPartitions: readonly ShareGroupCurrentMemberAssignmentValueTopicPartitions[];
}

/** TopicPartitions of ShareGroupCurrentMemberAssignmentValue. */
export interface ShareGroupCurrentMemberAssignmentValueTopicPartitions {
  readonly topicId: string;
  readonly partitions: readonly number[];
}

/** ShareGroupMemberMetadataKey, versions 0. */
export interface ShareGroupMemberMetadataKey {
  readonly groupId: string;
  readonly memberId: string;
}

/** ShareGroupMemberMetadataValue, versions 0. */
export interface ShareGroupMemberMetadataValue {
  readonly rackId: string | null;
  readonly clientId: string;
  readonly clientHost: string;
  readonly subscribedTopicNames: readonly string[];
}

/** ShareGroupMetadataKey, versions 0. */
export interface ShareGroupMetadataKey {
  readonly groupId: string;
}

/** ShareGroupMetadataValue, versions 0. */
export interface ShareGroupMetadataValue {
  readonly epoch: number;
  readonly metadataHash: number | bigint;
}

/** ShareGroupStatePartitionMetadataKey, versions 0. */
export interface ShareGroupStatePartitionMetadataKey {
  readonly groupId: string;
}

/** ShareGroupStatePartitionMetadataValue, versions 0. */
export interface ShareGroupStatePartitionMetadataValue {
  readonly initializingTopics: readonly ShareGroupStatePartitionMetadataValueTopicPartitionsInfo[];
  readonly initializedTopics: readonly ShareGroupStatePartitionMetadataValueTopicPartitionsInfo[];
  readonly deletingTopics: readonly ShareGroupStatePartitionMetadataValueTopicInfo[];
}

/** TopicPartitionsInfo of ShareGroupStatePartitionMetadataValue. */
export interface ShareGroupStatePartitionMetadataValueTopicPartitionsInfo {
  readonly topicId: string;
  readonly topicName: string;
  readonly partitions: readonly number[];
}

/** TopicInfo of ShareGroupStatePartitionMetadataValue. */
export interface ShareGroupStatePartitionMetadataValueTopicInfo {
  readonly topicId: string;
  readonly topicName: string;
}

/** ShareGroupTargetAssignmentMemberKey, versions 0. */
export interface ShareGroupTargetAssignmentMemberKey {
  readonly groupId: string;
  readonly memberId: string;
}

/** ShareGroupTargetAssignmentMemberValue, versions 0. */
export interface ShareGroupTargetAssignmentMemberValue {
  readonly topicPartitions: readonly ShareGroupTargetAssignmentMemberValueTopicPartition[];
}

/** TopicPartition of ShareGroupTargetAssignmentMemberValue. */
export interface ShareGroupTargetAssignmentMemberValueTopicPartition {
  readonly topicId: string;
  readonly partitions: readonly number[];
}

/** ShareGroupTargetAssignmentMetadataKey, versions 0. */
export interface ShareGroupTargetAssignmentMetadataKey {
  readonly groupId: string;
}

/** ShareGroupTargetAssignmentMetadataValue, versions 0. */
export interface ShareGroupTargetAssignmentMetadataValue {
  readonly [OPTIONAL]?: 'assignmentTimestamp';
  readonly assignmentEpoch: number;
  readonly assignmentTimestamp: number;
}

/** ShareSnapshotKey, versions 0. */
export interface ShareSnapshotKey {
  readonly groupId: string;
  readonly topicId: string;
  readonly partition: number;
}

/** ShareSnapshotValue, versions 0. */
export interface ShareSnapshotValue {
  readonly [OPTIONAL]?: 'deliveryCompleteCount';
  readonly snapshotEpoch: number;
  readonly stateEpoch: number;
  readonly leaderEpoch: number;
  readonly startOffset: number;
  readonly deliveryCompleteCount: number;
  readonly createTimestamp: number;
  readonly writeTimestamp: number;
  readonly stateBatches: readonly ShareSnapshotValueStateBatch[];
}

/** StateBatch of ShareSnapshotValue. */
export interface ShareSnapshotValueStateBatch {
  readonly firstOffset: number;
  readonly lastOffset: number;
  readonly deliveryState: number;
  readonly deliveryCount: number;
}

/** ShareUpdateKey, versions 0. */
export interface ShareUpdateKey {
  readonly groupId: string;
  readonly topicId: string;
  readonly partition: number;
}

/** ShareUpdateValue, versions 0. */
export interface ShareUpdateValue {
  readonly [OPTIONAL]?: 'deliveryCompleteCount';
  readonly snapshotEpoch: number;
  readonly leaderEpoch: number;
  readonly startOffset: number;
  readonly deliveryCompleteCount: number;
  readonly stateBatches: readonly ShareUpdateValueStateBatch[];
}

/** StateBatch of ShareUpdateValue. */
export interface ShareUpdateValueStateBatch {
  readonly firstOffset: number;
  readonly lastOffset: number;
  readonly deliveryState: number;
  readonly deliveryCount: number;
}

/** StreamsGroupCurrentMemberAssignmentKey, versions 0. */
export interface StreamsGroupCurrentMemberAssignmentKey {
  readonly groupId: string;
  readonly memberId: string;
}

/** StreamsGroupCurrentMemberAssignmentValue, versions 0. */
export interface StreamsGroupCurrentMemberAssignmentValue {
  readonly memberEpoch: number;
  readonly previousMemberEpoch: number;
  readonly state: number;
  readonly activeTasks: readonly StreamsGroupCurrentMemberAssignmentValueTaskIds[];
  readonly standbyTasks: readonly StreamsGroupCurrentMemberAssignmentValueTaskIds[];
  readonly warmupTasks: readonly StreamsGroupCurrentMemberAssignmentValueTaskIds[];
  readonly activeTasksPendingRevocation: readonly StreamsGroupCurrentMemberAssignmentValueTaskIds[];
  readonly standbyTasksPendingRevocation: readonly StreamsGroupCurrentMemberAssignmentValueTaskIds[];
  readonly warmupTasksPendingRevocation: readonly StreamsGroupCurrentMemberAssignmentValueTaskIds[];
}

/** TaskIds of StreamsGroupCurrentMemberAssignmentValue. */
export interface StreamsGroupCurrentMemberAssignmentValueTaskIds {
  readonly [OPTIONAL]?: 'assignmentEpochs';
  readonly subtopologyId: string;
  readonly partitions: readonly number[];
  readonly assignmentEpochs: readonly number[] | null;
}

/** StreamsGroupMemberMetadataKey, versions 0. */
export interface StreamsGroupMemberMetadataKey {
  readonly groupId: string;
  readonly memberId: string;
}

/** StreamsGroupMemberMetadataValue, versions 0. */
export interface StreamsGroupMemberMetadataValue {
  readonly [OPTIONAL]?: 'rebalanceTimeoutMs' | 'userEndpoint';
  readonly instanceId: string | null;
  readonly rackId: string | null;
  readonly clientId: string;
  readonly clientHost: string;
  readonly rebalanceTimeoutMs: number;
  readonly topologyEpoch: number;
  readonly processId: string;
  readonly userEndpoint: StreamsGroupMemberMetadataValueEndpoint | null;
  readonly clientTags: readonly StreamsGroupMemberMetadataValueKeyValue[];
}

/** Endpoint of StreamsGroupMemberMetadataValue. */
export interface StreamsGroupMemberMetadataValueEndpoint {
  readonly host: string;
  readonly port: number;
}

/** KeyValue of StreamsGroupMemberMetadataValue. */
export interface StreamsGroupMemberMetadataValueKeyValue {
  readonly key: string;
  readonly value: string;
}

/** StreamsGroupMetadataKey, versions 0. */
export interface StreamsGroupMetadataKey {
  readonly groupId: string;
}

/** StreamsGroupMetadataValue, versions 0. */
export interface StreamsGroupMetadataValue {
  readonly [OPTIONAL]?: 'validatedTopologyEpoch' | 'lastAssignmentConfigs' | 'storedDescriptionTopologyEpoch' | 'failedDescriptionTopologyEpoch';
  readonly epoch: number;
  readonly metadataHash: number | bigint;
  readonly validatedTopologyEpoch: number;
  readonly lastAssignmentConfigs: readonly StreamsGroupMetadataValueLastAssignmentConfig[] | null;
  readonly storedDescriptionTopologyEpoch: number;
  readonly failedDescriptionTopologyEpoch: number;
}

/** LastAssignmentConfig of StreamsGroupMetadataValue. */
export interface StreamsGroupMetadataValueLastAssignmentConfig {
  readonly key: string;
  readonly value: string;
}

/** StreamsGroupTargetAssignmentMemberKey, versions 0. */
export interface StreamsGroupTargetAssignmentMemberKey {
  readonly groupId: string;
  readonly memberId: string;
}

/** StreamsGroupTargetAssignmentMemberValue, versions 0. */
export interface StreamsGroupTargetAssignmentMemberValue {
  readonly activeTasks: readonly StreamsGroupTargetAssignmentMemberValueTaskIds[];
  readonly standbyTasks: readonly StreamsGroupTargetAssignmentMemberValueTaskIds[];
  readonly warmupTasks: readonly StreamsGroupTargetAssignmentMemberValueTaskIds[];
}

/** TaskIds of StreamsGroupTargetAssignmentMemberValue. */
export interface StreamsGroupTargetAssignmentMemberValueTaskIds {
  readonly subtopologyId: string;
  readonly partitions: readonly number[];
}

/** StreamsGroupTargetAssignmentMetadataKey, versions 0. */
export interface StreamsGroupTargetAssignmentMetadataKey {
  readonly groupId: string;
}

/** StreamsGroupTargetAssignmentMetadataValue, versions 0. */
export interface StreamsGroupTargetAssignmentMetadataValue {
  readonly [OPTIONAL]?: 'assignmentTimestamp';
  readonly assignmentEpoch: number;
  readonly assignmentTimestamp: number;
}

/** StreamsGroupTopologyKey, versions 0. */
export interface StreamsGroupTopologyKey {
  readonly groupId: string;
}

/** StreamsGroupTopologyValue, versions 0. */
export interface StreamsGroupTopologyValue {
  readonly epoch: number;
  readonly subtopologies: readonly StreamsGroupTopologyValueSubtopology[];
}

/** Subtopology of StreamsGroupTopologyValue. */
export interface StreamsGroupTopologyValueSubtopology {
  readonly subtopologyId: string;
  readonly sourceTopics: readonly string[];
  readonly sourceTopicRegex: readonly string[];
  readonly stateChangelogTopics: readonly StreamsGroupTopologyValueTopicInfo[];
  readonly repartitionSinkTopics: readonly string[];
  readonly repartitionSourceTopics: readonly StreamsGroupTopologyValueTopicInfo[];
  readonly copartitionGroups: readonly StreamsGroupTopologyValueCopartitionGroup[];
}

/** CopartitionGroup of StreamsGroupTopologyValue. */
export interface StreamsGroupTopologyValueCopartitionGroup {
  readonly sourceTopics: readonly number[];
  readonly sourceTopicRegex: readonly number[];
  readonly repartitionSourceTopics: readonly number[];
}

/** TopicConfig of StreamsGroupTopologyValue. */
export interface StreamsGroupTopologyValueTopicConfig {
  readonly key: string;
  readonly value: string;
}

/** TopicInfo of StreamsGroupTopologyValue. */
export interface StreamsGroupTopologyValueTopicInfo {
  readonly name: string;
  readonly partitions: number;
  readonly replicationFactor: number;
  readonly topicConfigs: readonly StreamsGroupTopologyValueTopicConfig[];
}

/** Record messages by name, as decoded. */
export interface RecordMessages {
  readonly AbortedTxn: AbortedTxn;
  readonly ConsumerGroupCurrentMemberAssignmentKey: ConsumerGroupCurrentMemberAssignmentKey;
  readonly ConsumerGroupCurrentMemberAssignmentValue: ConsumerGroupCurrentMemberAssignmentValue;
  readonly ConsumerGroupMemberMetadataKey: ConsumerGroupMemberMetadataKey;
  readonly ConsumerGroupMemberMetadataValue: ConsumerGroupMemberMetadataValue;
  readonly ConsumerGroupMetadataKey: ConsumerGroupMetadataKey;
  readonly ConsumerGroupMetadataValue: ConsumerGroupMetadataValue;
  readonly ConsumerGroupPartitionMetadataKey: ConsumerGroupPartitionMetadataKey;
  readonly ConsumerGroupPartitionMetadataValue: ConsumerGroupPartitionMetadataValue;
  readonly ConsumerGroupRegularExpressionKey: ConsumerGroupRegularExpressionKey;
  readonly ConsumerGroupRegularExpressionValue: ConsumerGroupRegularExpressionValue;
  readonly ConsumerGroupTargetAssignmentMemberKey: ConsumerGroupTargetAssignmentMemberKey;
  readonly ConsumerGroupTargetAssignmentMemberValue: ConsumerGroupTargetAssignmentMemberValue;
  readonly ConsumerGroupTargetAssignmentMetadataKey: ConsumerGroupTargetAssignmentMetadataKey;
  readonly ConsumerGroupTargetAssignmentMetadataValue: ConsumerGroupTargetAssignmentMetadataValue;
  readonly ConsumerProtocolAssignment: ConsumerProtocolAssignment;
  readonly ConsumerProtocolSubscription: ConsumerProtocolSubscription;
  readonly ControlRecordTypeSchema: ControlRecordTypeSchema;
  readonly EndTxnMarker: EndTxnMarker;
  readonly GroupMetadataKey: GroupMetadataKey;
  readonly GroupMetadataValue: GroupMetadataValue;
  readonly LegacyOffsetCommitKey: LegacyOffsetCommitKey;
  readonly LegacyOffsetCommitValue: LegacyOffsetCommitValue;
  readonly OffsetCommitKey: OffsetCommitKey;
  readonly OffsetCommitValue: OffsetCommitValue;
  readonly ShareGroupCurrentMemberAssignmentKey: ShareGroupCurrentMemberAssignmentKey;
  readonly ShareGroupCurrentMemberAssignmentValue: ShareGroupCurrentMemberAssignmentValue;
  readonly ShareGroupMemberMetadataKey: ShareGroupMemberMetadataKey;
  readonly ShareGroupMemberMetadataValue: ShareGroupMemberMetadataValue;
  readonly ShareGroupMetadataKey: ShareGroupMetadataKey;
  readonly ShareGroupMetadataValue: ShareGroupMetadataValue;
  readonly ShareGroupStatePartitionMetadataKey: ShareGroupStatePartitionMetadataKey;
  readonly ShareGroupStatePartitionMetadataValue: ShareGroupStatePartitionMetadataValue;
  readonly ShareGroupTargetAssignmentMemberKey: ShareGroupTargetAssignmentMemberKey;
  readonly ShareGroupTargetAssignmentMemberValue: ShareGroupTargetAssignmentMemberValue;
  readonly ShareGroupTargetAssignmentMetadataKey: ShareGroupTargetAssignmentMetadataKey;
  readonly ShareGroupTargetAssignmentMetadataValue: ShareGroupTargetAssignmentMetadataValue;
  readonly ShareSnapshotKey: ShareSnapshotKey;
  readonly ShareSnapshotValue: ShareSnapshotValue;
  readonly ShareUpdateKey: ShareUpdateKey;
  readonly ShareUpdateValue: ShareUpdateValue;
  readonly StreamsGroupCurrentMemberAssignmentKey: StreamsGroupCurrentMemberAssignmentKey;
  readonly StreamsGroupCurrentMemberAssignmentValue: StreamsGroupCurrentMemberAssignmentValue;
  readonly StreamsGroupMemberMetadataKey: StreamsGroupMemberMetadataKey;
  readonly StreamsGroupMemberMetadataValue: StreamsGroupMemberMetadataValue;
  readonly StreamsGroupMetadataKey: StreamsGroupMetadataKey;
  readonly StreamsGroupMetadataValue: StreamsGroupMetadataValue;
  readonly StreamsGroupTargetAssignmentMemberKey: StreamsGroupTargetAssignmentMemberKey;
  readonly StreamsGroupTargetAssignmentMemberValue: StreamsGroupTargetAssignmentMemberValue;
  readonly StreamsGroupTargetAssignmentMetadataKey: StreamsGroupTargetAssignmentMetadataKey;
  readonly StreamsGroupTargetAssignmentMetadataValue: StreamsGroupTargetAssignmentMetadataValue;
  readonly StreamsGroupTopologyKey: StreamsGroupTopologyKey;
  readonly StreamsGroupTopologyValue: StreamsGroupTopologyValue;
}
