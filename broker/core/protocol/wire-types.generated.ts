// Generated from the schemas of Apache Kafka 4.4.0 by test/wire/oracle/generate.ts; a test compares. Do not edit.
import type { OPTIONAL } from './input.ts';

/** AddOffsetsToTxnRequest, versions 0-4. */
export interface AddOffsetsToTxnRequest {
  readonly transactionalId: string;
  readonly producerId: number;
  readonly producerEpoch: number;
  readonly groupId: string;
}

/** AddOffsetsToTxnResponse, versions 0-4. */
export interface AddOffsetsToTxnResponse {
  readonly throttleTimeMs: number;
  readonly errorCode: number;
}

/** AddPartitionsToTxnRequest, versions 0-5. */
export interface AddPartitionsToTxnRequest {
  readonly [OPTIONAL]?: 'transactions' | 'v3AndBelowTransactionalId' | 'v3AndBelowProducerId' | 'v3AndBelowProducerEpoch' | 'v3AndBelowTopics';
  readonly transactions: readonly AddPartitionsToTxnRequestAddPartitionsToTxnTransaction[];
  readonly v3AndBelowTransactionalId: string;
  readonly v3AndBelowProducerId: number;
  readonly v3AndBelowProducerEpoch: number;
  readonly v3AndBelowTopics: readonly AddPartitionsToTxnRequestAddPartitionsToTxnTopic[];
}

/** AddPartitionsToTxnTransaction of AddPartitionsToTxnRequest. */
export interface AddPartitionsToTxnRequestAddPartitionsToTxnTransaction {
  readonly [OPTIONAL]?: 'transactionalId' | 'producerId' | 'producerEpoch' | 'verifyOnly' | 'topics';
  readonly transactionalId: string;
  readonly producerId: number;
  readonly producerEpoch: number;
  readonly verifyOnly: boolean;
  readonly topics: readonly AddPartitionsToTxnRequestAddPartitionsToTxnTopic[];
}

/** AddPartitionsToTxnTopic of AddPartitionsToTxnRequest. */
export interface AddPartitionsToTxnRequestAddPartitionsToTxnTopic {
  readonly name: string;
  readonly partitions: readonly number[];
}

/** AddPartitionsToTxnResponse, versions 0-5. */
export interface AddPartitionsToTxnResponse {
  readonly [OPTIONAL]?: 'errorCode' | 'resultsByTransaction' | 'resultsByTopicV3AndBelow';
  readonly throttleTimeMs: number;
  readonly errorCode: number;
  readonly resultsByTransaction: readonly AddPartitionsToTxnResponseAddPartitionsToTxnResult[];
  readonly resultsByTopicV3AndBelow: readonly AddPartitionsToTxnResponseAddPartitionsToTxnTopicResult[];
}

/** AddPartitionsToTxnResult of AddPartitionsToTxnResponse. */
export interface AddPartitionsToTxnResponseAddPartitionsToTxnResult {
  readonly [OPTIONAL]?: 'transactionalId' | 'topicResults';
  readonly transactionalId: string;
  readonly topicResults: readonly AddPartitionsToTxnResponseAddPartitionsToTxnTopicResult[];
}

/** AddPartitionsToTxnTopicResult of AddPartitionsToTxnResponse. */
export interface AddPartitionsToTxnResponseAddPartitionsToTxnTopicResult {
  readonly name: string;
  readonly resultsByPartition: readonly AddPartitionsToTxnResponseAddPartitionsToTxnPartitionResult[];
}

/** AddPartitionsToTxnPartitionResult of AddPartitionsToTxnResponse. */
export interface AddPartitionsToTxnResponseAddPartitionsToTxnPartitionResult {
  readonly partitionIndex: number;
  readonly partitionErrorCode: number;
}

/** AddRaftVoterRequest, versions 0-1. */
export interface AddRaftVoterRequest {
  readonly [OPTIONAL]?: 'ackWhenCommitted';
  readonly clusterId: string | null;
  readonly timeoutMs: number;
  readonly voterId: number;
  readonly voterDirectoryId: string;
  readonly listeners: readonly AddRaftVoterRequestListener[];
  readonly ackWhenCommitted: boolean;
}

/** Listener of AddRaftVoterRequest. */
export interface AddRaftVoterRequestListener {
  readonly name: string;
  readonly host: string;
  readonly port: number;
}

/** AddRaftVoterResponse, versions 0-1. */
export interface AddRaftVoterResponse {
  readonly [OPTIONAL]?: 'errorMessage';
  readonly throttleTimeMs: number;
  readonly errorCode: number;
  readonly errorMessage: string | null;
}

/** AlterClientQuotasRequest, versions 0-1. */
export interface AlterClientQuotasRequest {
  readonly entries: readonly AlterClientQuotasRequestEntryData[];
  readonly validateOnly: boolean;
}

/** EntryData of AlterClientQuotasRequest. */
export interface AlterClientQuotasRequestEntryData {
  readonly entity: readonly AlterClientQuotasRequestEntityData[];
  readonly ops: readonly AlterClientQuotasRequestOpData[];
}

/** EntityData of AlterClientQuotasRequest. */
export interface AlterClientQuotasRequestEntityData {
  readonly entityType: string;
  readonly entityName: string | null;
}

/** OpData of AlterClientQuotasRequest. */
export interface AlterClientQuotasRequestOpData {
  readonly key: string;
  readonly value: number;
  readonly remove: boolean;
}

/** AlterClientQuotasResponse, versions 0-1. */
export interface AlterClientQuotasResponse {
  readonly throttleTimeMs: number;
  readonly entries: readonly AlterClientQuotasResponseEntryData[];
}

/** EntryData of AlterClientQuotasResponse. */
export interface AlterClientQuotasResponseEntryData {
  readonly errorCode: number;
  readonly errorMessage: string | null;
  readonly entity: readonly AlterClientQuotasResponseEntityData[];
}

/** EntityData of AlterClientQuotasResponse. */
export interface AlterClientQuotasResponseEntityData {
  readonly entityType: string;
  readonly entityName: string | null;
}

/** AlterConfigsRequest, versions 0-2. */
export interface AlterConfigsRequest {
  readonly resources: readonly AlterConfigsRequestAlterConfigsResource[];
  readonly validateOnly: boolean;
}

/** AlterConfigsResource of AlterConfigsRequest. */
export interface AlterConfigsRequestAlterConfigsResource {
  readonly resourceType: number;
  readonly resourceName: string;
  readonly configs: readonly AlterConfigsRequestAlterableConfig[];
}

/** AlterableConfig of AlterConfigsRequest. */
export interface AlterConfigsRequestAlterableConfig {
  readonly name: string;
  readonly value: string | null;
}

/** AlterConfigsResponse, versions 0-2. */
export interface AlterConfigsResponse {
  readonly throttleTimeMs: number;
  readonly responses: readonly AlterConfigsResponseAlterConfigsResourceResponse[];
}

/** AlterConfigsResourceResponse of AlterConfigsResponse. */
export interface AlterConfigsResponseAlterConfigsResourceResponse {
  readonly errorCode: number;
  readonly errorMessage: string | null;
  readonly resourceType: number;
  readonly resourceName: string;
}

/** AlterPartitionReassignmentsRequest, versions 0-1. */
export interface AlterPartitionReassignmentsRequest {
  readonly [OPTIONAL]?: 'timeoutMs' | 'allowReplicationFactorChange';
  readonly timeoutMs: number;
  readonly allowReplicationFactorChange: boolean;
  readonly topics: readonly AlterPartitionReassignmentsRequestReassignableTopic[];
}

/** ReassignableTopic of AlterPartitionReassignmentsRequest. */
export interface AlterPartitionReassignmentsRequestReassignableTopic {
  readonly name: string;
  readonly partitions: readonly AlterPartitionReassignmentsRequestReassignablePartition[];
}

/** ReassignablePartition of AlterPartitionReassignmentsRequest. */
export interface AlterPartitionReassignmentsRequestReassignablePartition {
  readonly [OPTIONAL]?: 'replicas';
  readonly partitionIndex: number;
  readonly replicas: readonly number[] | null;
}

/** AlterPartitionReassignmentsResponse, versions 0-1. */
export interface AlterPartitionReassignmentsResponse {
  readonly [OPTIONAL]?: 'allowReplicationFactorChange';
  readonly throttleTimeMs: number;
  readonly allowReplicationFactorChange: boolean;
  readonly errorCode: number;
  readonly errorMessage: string | null;
  readonly responses: readonly AlterPartitionReassignmentsResponseReassignableTopicResponse[];
}

/** ReassignableTopicResponse of AlterPartitionReassignmentsResponse. */
export interface AlterPartitionReassignmentsResponseReassignableTopicResponse {
  readonly name: string;
  readonly partitions: readonly AlterPartitionReassignmentsResponseReassignablePartitionResponse[];
}

/** ReassignablePartitionResponse of AlterPartitionReassignmentsResponse. */
export interface AlterPartitionReassignmentsResponseReassignablePartitionResponse {
  readonly partitionIndex: number;
  readonly errorCode: number;
  readonly errorMessage: string | null;
}

/** AlterReplicaLogDirsRequest, versions 1-2. */
export interface AlterReplicaLogDirsRequest {
  readonly dirs: readonly AlterReplicaLogDirsRequestAlterReplicaLogDir[];
}

/** AlterReplicaLogDir of AlterReplicaLogDirsRequest. */
export interface AlterReplicaLogDirsRequestAlterReplicaLogDir {
  readonly path: string;
  readonly topics: readonly AlterReplicaLogDirsRequestAlterReplicaLogDirTopic[];
}

/** AlterReplicaLogDirTopic of AlterReplicaLogDirsRequest. */
export interface AlterReplicaLogDirsRequestAlterReplicaLogDirTopic {
  readonly name: string;
  readonly partitions: readonly number[];
}

/** AlterReplicaLogDirsResponse, versions 1-2. */
export interface AlterReplicaLogDirsResponse {
  readonly throttleTimeMs: number;
  readonly results: readonly AlterReplicaLogDirsResponseAlterReplicaLogDirTopicResult[];
}

/** AlterReplicaLogDirTopicResult of AlterReplicaLogDirsResponse. */
export interface AlterReplicaLogDirsResponseAlterReplicaLogDirTopicResult {
  readonly topicName: string;
  readonly partitions: readonly AlterReplicaLogDirsResponseAlterReplicaLogDirPartitionResult[];
}

/** AlterReplicaLogDirPartitionResult of AlterReplicaLogDirsResponse. */
export interface AlterReplicaLogDirsResponseAlterReplicaLogDirPartitionResult {
  readonly partitionIndex: number;
  readonly errorCode: number;
}

/** AlterShareGroupOffsetsRequest, versions 0. */
export interface AlterShareGroupOffsetsRequest {
  readonly groupId: string;
  readonly topics: readonly AlterShareGroupOffsetsRequestAlterShareGroupOffsetsRequestTopic[];
}

/** AlterShareGroupOffsetsRequestTopic of AlterShareGroupOffsetsRequest. */
export interface AlterShareGroupOffsetsRequestAlterShareGroupOffsetsRequestTopic {
  readonly topicName: string;
  readonly partitions: readonly AlterShareGroupOffsetsRequestAlterShareGroupOffsetsRequestPartition[];
}

/** AlterShareGroupOffsetsRequestPartition of AlterShareGroupOffsetsRequest. */
export interface AlterShareGroupOffsetsRequestAlterShareGroupOffsetsRequestPartition {
  readonly partitionIndex: number;
  readonly startOffset: number;
}

/** AlterShareGroupOffsetsResponse, versions 0. */
export interface AlterShareGroupOffsetsResponse {
  readonly [OPTIONAL]?: 'errorMessage';
  readonly throttleTimeMs: number;
  readonly errorCode: number;
  readonly errorMessage: string | null;
  readonly responses: readonly AlterShareGroupOffsetsResponseAlterShareGroupOffsetsResponseTopic[];
}

/** AlterShareGroupOffsetsResponseTopic of AlterShareGroupOffsetsResponse. */
export interface AlterShareGroupOffsetsResponseAlterShareGroupOffsetsResponseTopic {
  readonly topicName: string;
  readonly topicId: string;
  readonly partitions: readonly AlterShareGroupOffsetsResponseAlterShareGroupOffsetsResponsePartition[];
}

/** AlterShareGroupOffsetsResponsePartition of AlterShareGroupOffsetsResponse. */
export interface AlterShareGroupOffsetsResponseAlterShareGroupOffsetsResponsePartition {
  readonly [OPTIONAL]?: 'errorMessage';
  readonly partitionIndex: number;
  readonly errorCode: number;
  readonly errorMessage: string | null;
}

/** AlterUserScramCredentialsRequest, versions 0. */
export interface AlterUserScramCredentialsRequest {
  readonly deletions: readonly AlterUserScramCredentialsRequestScramCredentialDeletion[];
  readonly upsertions: readonly AlterUserScramCredentialsRequestScramCredentialUpsertion[];
}

/** ScramCredentialDeletion of AlterUserScramCredentialsRequest. */
export interface AlterUserScramCredentialsRequestScramCredentialDeletion {
  readonly name: string;
  readonly mechanism: number;
}

/** ScramCredentialUpsertion of AlterUserScramCredentialsRequest. */
export interface AlterUserScramCredentialsRequestScramCredentialUpsertion {
  readonly name: string;
  readonly mechanism: number;
  readonly iterations: number;
  readonly salt: Uint8Array;
  readonly saltedPassword: Uint8Array;
}

/** AlterUserScramCredentialsResponse, versions 0. */
export interface AlterUserScramCredentialsResponse {
  readonly throttleTimeMs: number;
  readonly results: readonly AlterUserScramCredentialsResponseAlterUserScramCredentialsResult[];
}

/** AlterUserScramCredentialsResult of AlterUserScramCredentialsResponse. */
export interface AlterUserScramCredentialsResponseAlterUserScramCredentialsResult {
  readonly user: string;
  readonly errorCode: number;
  readonly errorMessage: string | null;
}

/** ApiVersionsRequest, versions 0-5. */
export interface ApiVersionsRequest {
  readonly [OPTIONAL]?: 'clientSoftwareName' | 'clientSoftwareVersion' | 'clusterId' | 'nodeId';
  readonly clientSoftwareName: string;
  readonly clientSoftwareVersion: string;
  readonly clusterId: string | null;
  readonly nodeId: number;
}

/** ApiVersionsResponse, versions 0-5. */
export interface ApiVersionsResponse {
  readonly [OPTIONAL]?: 'throttleTimeMs' | 'supportedFeatures' | 'finalizedFeaturesEpoch' | 'finalizedFeatures' | 'zkMigrationReady';
  readonly errorCode: number;
  readonly apiKeys: readonly ApiVersionsResponseApiVersion[];
  readonly throttleTimeMs: number;
  readonly supportedFeatures: readonly ApiVersionsResponseSupportedFeatureKey[];
  readonly finalizedFeaturesEpoch: number;
  readonly finalizedFeatures: readonly ApiVersionsResponseFinalizedFeatureKey[];
  readonly zkMigrationReady: boolean;
}

/** ApiVersion of ApiVersionsResponse. */
export interface ApiVersionsResponseApiVersion {
  readonly apiKey: number;
  readonly minVersion: number;
  readonly maxVersion: number;
}

/** SupportedFeatureKey of ApiVersionsResponse. */
export interface ApiVersionsResponseSupportedFeatureKey {
  readonly [OPTIONAL]?: 'name' | 'minVersion' | 'maxVersion';
  readonly name: string;
  readonly minVersion: number;
  readonly maxVersion: number;
}

/** FinalizedFeatureKey of ApiVersionsResponse. */
export interface ApiVersionsResponseFinalizedFeatureKey {
  readonly [OPTIONAL]?: 'name' | 'maxVersionLevel' | 'minVersionLevel';
  readonly name: string;
  readonly maxVersionLevel: number;
  readonly minVersionLevel: number;
}

/** ConsumerGroupDescribeRequest, versions 0-1. */
export interface ConsumerGroupDescribeRequest {
  readonly groupIds: readonly string[];
  readonly includeAuthorizedOperations: boolean;
}

/** ConsumerGroupDescribeResponse, versions 0-1. */
export interface ConsumerGroupDescribeResponse {
  readonly throttleTimeMs: number;
  readonly groups: readonly ConsumerGroupDescribeResponseDescribedGroup[];
}

/** DescribedGroup of ConsumerGroupDescribeResponse. */
export interface ConsumerGroupDescribeResponseDescribedGroup {
  readonly [OPTIONAL]?: 'errorMessage' | 'authorizedOperations';
  readonly errorCode: number;
  readonly errorMessage: string | null;
  readonly groupId: string;
  readonly groupState: string;
  readonly groupEpoch: number;
  readonly assignmentEpoch: number;
  readonly assignorName: string;
  readonly members: readonly ConsumerGroupDescribeResponseMember[];
  readonly authorizedOperations: number;
}

/** Member of ConsumerGroupDescribeResponse. */
export interface ConsumerGroupDescribeResponseMember {
  readonly [OPTIONAL]?: 'instanceId' | 'rackId' | 'subscribedTopicRegex' | 'memberType';
  readonly memberId: string;
  readonly instanceId: string | null;
  readonly rackId: string | null;
  readonly memberEpoch: number;
  readonly clientId: string;
  readonly clientHost: string;
  readonly subscribedTopicNames: readonly string[];
  readonly subscribedTopicRegex: string | null;
  readonly assignment: ConsumerGroupDescribeResponseAssignment;
  readonly targetAssignment: ConsumerGroupDescribeResponseAssignment;
  readonly memberType: number;
}

/** TopicPartitions of ConsumerGroupDescribeResponse. */
export interface ConsumerGroupDescribeResponseTopicPartitions {
  readonly topicId: string;
  readonly topicName: string;
  readonly partitions: readonly number[];
}

/** Assignment of ConsumerGroupDescribeResponse. */
export interface ConsumerGroupDescribeResponseAssignment {
  readonly topicPartitions: readonly ConsumerGroupDescribeResponseTopicPartitions[];
}

/** ConsumerGroupHeartbeatRequest, versions 0-1. */
export interface ConsumerGroupHeartbeatRequest {
  readonly [OPTIONAL]?: 'instanceId' | 'rackId' | 'rebalanceTimeoutMs' | 'subscribedTopicNames' | 'subscribedTopicRegex' | 'serverAssignor' | 'topicPartitions';
  readonly groupId: string;
  readonly memberId: string;
  readonly memberEpoch: number;
  readonly instanceId: string | null;
  readonly rackId: string | null;
  readonly rebalanceTimeoutMs: number;
  readonly subscribedTopicNames: readonly string[] | null;
  readonly subscribedTopicRegex: string | null;
  readonly serverAssignor: string | null;
  readonly topicPartitions: readonly ConsumerGroupHeartbeatRequestTopicPartitions[] | null;
}

/** TopicPartitions of ConsumerGroupHeartbeatRequest. */
export interface ConsumerGroupHeartbeatRequestTopicPartitions {
  readonly topicId: string;
  readonly partitions: readonly number[];
}

/** ConsumerGroupHeartbeatResponse, versions 0-1. */
export interface ConsumerGroupHeartbeatResponse {
  readonly [OPTIONAL]?: 'errorMessage' | 'memberId' | 'assignment';
  readonly throttleTimeMs: number;
  readonly errorCode: number;
  readonly errorMessage: string | null;
  readonly memberId: string | null;
  readonly memberEpoch: number;
  readonly heartbeatIntervalMs: number;
  readonly assignment: ConsumerGroupHeartbeatResponseAssignment | null;
}

/** Assignment of ConsumerGroupHeartbeatResponse. */
export interface ConsumerGroupHeartbeatResponseAssignment {
  readonly topicPartitions: readonly ConsumerGroupHeartbeatResponseTopicPartitions[];
}

/** TopicPartitions of ConsumerGroupHeartbeatResponse. */
export interface ConsumerGroupHeartbeatResponseTopicPartitions {
  readonly topicId: string;
  readonly partitions: readonly number[];
}

/** CreateAclsRequest, versions 1-3. */
export interface CreateAclsRequest {
  readonly creations: readonly CreateAclsRequestAclCreation[];
}

/** AclCreation of CreateAclsRequest. */
export interface CreateAclsRequestAclCreation {
  readonly [OPTIONAL]?: 'resourcePatternType';
  readonly resourceType: number;
  readonly resourceName: string;
  readonly resourcePatternType: number;
  readonly principal: string;
  readonly host: string;
  readonly operation: number;
  readonly permissionType: number;
}

/** CreateAclsResponse, versions 1-3. */
export interface CreateAclsResponse {
  readonly throttleTimeMs: number;
  readonly results: readonly CreateAclsResponseAclCreationResult[];
}

/** AclCreationResult of CreateAclsResponse. */
export interface CreateAclsResponseAclCreationResult {
  readonly errorCode: number;
  readonly errorMessage: string | null;
}

/** CreateDelegationTokenRequest, versions 1-3. */
export interface CreateDelegationTokenRequest {
  readonly [OPTIONAL]?: 'ownerPrincipalType' | 'ownerPrincipalName';
  readonly ownerPrincipalType: string | null;
  readonly ownerPrincipalName: string | null;
  readonly renewers: readonly CreateDelegationTokenRequestCreatableRenewers[];
  readonly maxLifetimeMs: number;
}

/** CreatableRenewers of CreateDelegationTokenRequest. */
export interface CreateDelegationTokenRequestCreatableRenewers {
  readonly principalType: string;
  readonly principalName: string;
}

/** CreateDelegationTokenResponse, versions 1-3. */
export interface CreateDelegationTokenResponse {
  readonly [OPTIONAL]?: 'tokenRequesterPrincipalType' | 'tokenRequesterPrincipalName';
  readonly errorCode: number;
  readonly principalType: string;
  readonly principalName: string;
  readonly tokenRequesterPrincipalType: string;
  readonly tokenRequesterPrincipalName: string;
  readonly issueTimestampMs: number;
  readonly expiryTimestampMs: number;
  readonly maxTimestampMs: number;
  readonly tokenId: string;
  readonly hmac: Uint8Array;
  readonly throttleTimeMs: number;
}

/** CreatePartitionsRequest, versions 0-3. */
export interface CreatePartitionsRequest {
  readonly topics: readonly CreatePartitionsRequestCreatePartitionsTopic[];
  readonly timeoutMs: number;
  readonly validateOnly: boolean;
}

/** CreatePartitionsTopic of CreatePartitionsRequest. */
export interface CreatePartitionsRequestCreatePartitionsTopic {
  readonly name: string;
  readonly count: number;
  readonly assignments: readonly CreatePartitionsRequestCreatePartitionsAssignment[] | null;
}

/** CreatePartitionsAssignment of CreatePartitionsRequest. */
export interface CreatePartitionsRequestCreatePartitionsAssignment {
  readonly brokerIds: readonly number[];
}

/** CreatePartitionsResponse, versions 0-3. */
export interface CreatePartitionsResponse {
  readonly throttleTimeMs: number;
  readonly results: readonly CreatePartitionsResponseCreatePartitionsTopicResult[];
}

/** CreatePartitionsTopicResult of CreatePartitionsResponse. */
export interface CreatePartitionsResponseCreatePartitionsTopicResult {
  readonly [OPTIONAL]?: 'errorMessage';
  readonly name: string;
  readonly errorCode: number;
  readonly errorMessage: string | null;
}

/** CreateTopicsRequest, versions 2-7. */
export interface CreateTopicsRequest {
  readonly [OPTIONAL]?: 'timeoutMs' | 'validateOnly';
  readonly topics: readonly CreateTopicsRequestCreatableTopic[];
  readonly timeoutMs: number;
  readonly validateOnly: boolean;
}

/** CreatableTopic of CreateTopicsRequest. */
export interface CreateTopicsRequestCreatableTopic {
  readonly name: string;
  readonly numPartitions: number;
  readonly replicationFactor: number;
  readonly assignments: readonly CreateTopicsRequestCreatableReplicaAssignment[];
  readonly configs: readonly CreateTopicsRequestCreatableTopicConfig[];
}

/** CreatableReplicaAssignment of CreateTopicsRequest. */
export interface CreateTopicsRequestCreatableReplicaAssignment {
  readonly partitionIndex: number;
  readonly brokerIds: readonly number[];
}

/** CreatableTopicConfig of CreateTopicsRequest. */
export interface CreateTopicsRequestCreatableTopicConfig {
  readonly name: string;
  readonly value: string | null;
}

/** CreateTopicsResponse, versions 2-7. */
export interface CreateTopicsResponse {
  readonly [OPTIONAL]?: 'throttleTimeMs';
  readonly throttleTimeMs: number;
  readonly topics: readonly CreateTopicsResponseCreatableTopicResult[];
}

/** CreatableTopicResult of CreateTopicsResponse. */
export interface CreateTopicsResponseCreatableTopicResult {
  readonly [OPTIONAL]?: 'topicId' | 'errorMessage' | 'topicConfigErrorCode' | 'numPartitions' | 'replicationFactor' | 'configs';
  readonly name: string;
  readonly topicId: string;
  readonly errorCode: number;
  readonly errorMessage: string | null;
  readonly topicConfigErrorCode: number;
  readonly numPartitions: number;
  readonly replicationFactor: number;
  readonly configs: readonly CreateTopicsResponseCreatableTopicConfigs[] | null;
}

/** CreatableTopicConfigs of CreateTopicsResponse. */
export interface CreateTopicsResponseCreatableTopicConfigs {
  readonly [OPTIONAL]?: 'name' | 'value' | 'readOnly' | 'configSource' | 'isSensitive';
  readonly name: string;
  readonly value: string | null;
  readonly readOnly: boolean;
  readonly configSource: number;
  readonly isSensitive: boolean;
}

/** DeleteAclsRequest, versions 1-3. */
export interface DeleteAclsRequest {
  readonly filters: readonly DeleteAclsRequestDeleteAclsFilter[];
}

/** DeleteAclsFilter of DeleteAclsRequest. */
export interface DeleteAclsRequestDeleteAclsFilter {
  readonly [OPTIONAL]?: 'patternTypeFilter';
  readonly resourceTypeFilter: number;
  readonly resourceNameFilter: string | null;
  readonly patternTypeFilter: number;
  readonly principalFilter: string | null;
  readonly hostFilter: string | null;
  readonly operation: number;
  readonly permissionType: number;
}

/** DeleteAclsResponse, versions 1-3. */
export interface DeleteAclsResponse {
  readonly throttleTimeMs: number;
  readonly filterResults: readonly DeleteAclsResponseDeleteAclsFilterResult[];
}

/** DeleteAclsFilterResult of DeleteAclsResponse. */
export interface DeleteAclsResponseDeleteAclsFilterResult {
  readonly errorCode: number;
  readonly errorMessage: string | null;
  readonly matchingAcls: readonly DeleteAclsResponseDeleteAclsMatchingAcl[];
}

/** DeleteAclsMatchingAcl of DeleteAclsResponse. */
export interface DeleteAclsResponseDeleteAclsMatchingAcl {
  readonly [OPTIONAL]?: 'patternType';
  readonly errorCode: number;
  readonly errorMessage: string | null;
  readonly resourceType: number;
  readonly resourceName: string;
  readonly patternType: number;
  readonly principal: string;
  readonly host: string;
  readonly operation: number;
  readonly permissionType: number;
}

/** DeleteGroupsRequest, versions 0-3. */
export interface DeleteGroupsRequest {
  readonly groupsNames: readonly string[];
}

/** DeleteGroupsResponse, versions 0-3. */
export interface DeleteGroupsResponse {
  readonly throttleTimeMs: number;
  readonly results: readonly DeleteGroupsResponseDeletableGroupResult[];
}

/** DeletableGroupResult of DeleteGroupsResponse. */
export interface DeleteGroupsResponseDeletableGroupResult {
  readonly [OPTIONAL]?: 'errorMessage';
  readonly groupId: string;
  readonly errorCode: number;
  readonly errorMessage: string | null;
}

/** DeleteRecordsRequest, versions 0-2. */
export interface DeleteRecordsRequest {
  readonly topics: readonly DeleteRecordsRequestDeleteRecordsTopic[];
  readonly timeoutMs: number;
}

/** DeleteRecordsTopic of DeleteRecordsRequest. */
export interface DeleteRecordsRequestDeleteRecordsTopic {
  readonly name: string;
  readonly partitions: readonly DeleteRecordsRequestDeleteRecordsPartition[];
}

/** DeleteRecordsPartition of DeleteRecordsRequest. */
export interface DeleteRecordsRequestDeleteRecordsPartition {
  readonly partitionIndex: number;
  readonly offset: number;
}

/** DeleteRecordsResponse, versions 0-2. */
export interface DeleteRecordsResponse {
  readonly throttleTimeMs: number;
  readonly topics: readonly DeleteRecordsResponseDeleteRecordsTopicResult[];
}

/** DeleteRecordsTopicResult of DeleteRecordsResponse. */
export interface DeleteRecordsResponseDeleteRecordsTopicResult {
  readonly name: string;
  readonly partitions: readonly DeleteRecordsResponseDeleteRecordsPartitionResult[];
}

/** DeleteRecordsPartitionResult of DeleteRecordsResponse. */
export interface DeleteRecordsResponseDeleteRecordsPartitionResult {
  readonly partitionIndex: number;
  readonly lowWatermark: number;
  readonly errorCode: number;
}

/** DeleteShareGroupOffsetsRequest, versions 0. */
export interface DeleteShareGroupOffsetsRequest {
  readonly groupId: string;
  readonly topics: readonly DeleteShareGroupOffsetsRequestDeleteShareGroupOffsetsRequestTopic[];
}

/** DeleteShareGroupOffsetsRequestTopic of DeleteShareGroupOffsetsRequest. */
export interface DeleteShareGroupOffsetsRequestDeleteShareGroupOffsetsRequestTopic {
  readonly topicName: string;
}

/** DeleteShareGroupOffsetsResponse, versions 0. */
export interface DeleteShareGroupOffsetsResponse {
  readonly [OPTIONAL]?: 'errorMessage';
  readonly throttleTimeMs: number;
  readonly errorCode: number;
  readonly errorMessage: string | null;
  readonly responses: readonly DeleteShareGroupOffsetsResponseDeleteShareGroupOffsetsResponseTopic[];
}

/** DeleteShareGroupOffsetsResponseTopic of DeleteShareGroupOffsetsResponse. */
export interface DeleteShareGroupOffsetsResponseDeleteShareGroupOffsetsResponseTopic {
  readonly [OPTIONAL]?: 'errorMessage';
  readonly topicName: string;
  readonly topicId: string;
  readonly errorCode: number;
  readonly errorMessage: string | null;
}

/** DeleteShareGroupStateRequest, versions 0. */
export interface DeleteShareGroupStateRequest {
  readonly groupId: string;
  readonly topics: readonly DeleteShareGroupStateRequestDeleteStateData[];
}

/** DeleteStateData of DeleteShareGroupStateRequest. */
export interface DeleteShareGroupStateRequestDeleteStateData {
  readonly topicId: string;
  readonly partitions: readonly DeleteShareGroupStateRequestPartitionData[];
}

/** PartitionData of DeleteShareGroupStateRequest. */
export interface DeleteShareGroupStateRequestPartitionData {
  readonly partition: number;
}

/** DeleteShareGroupStateResponse, versions 0. */
export interface DeleteShareGroupStateResponse {
  readonly results: readonly DeleteShareGroupStateResponseDeleteStateResult[];
}

/** DeleteStateResult of DeleteShareGroupStateResponse. */
export interface DeleteShareGroupStateResponseDeleteStateResult {
  readonly topicId: string;
  readonly partitions: readonly DeleteShareGroupStateResponsePartitionResult[];
}

/** PartitionResult of DeleteShareGroupStateResponse. */
export interface DeleteShareGroupStateResponsePartitionResult {
  readonly [OPTIONAL]?: 'errorMessage';
  readonly partition: number;
  readonly errorCode: number;
  readonly errorMessage: string | null;
}

/** DeleteTopicsRequest, versions 1-6. */
export interface DeleteTopicsRequest {
  readonly [OPTIONAL]?: 'topics' | 'topicNames';
  readonly topics: readonly DeleteTopicsRequestDeleteTopicState[];
  readonly topicNames: readonly string[];
  readonly timeoutMs: number;
}

/** DeleteTopicState of DeleteTopicsRequest. */
export interface DeleteTopicsRequestDeleteTopicState {
  readonly [OPTIONAL]?: 'name' | 'topicId';
  readonly name: string | null;
  readonly topicId: string;
}

/** DeleteTopicsResponse, versions 1-6. */
export interface DeleteTopicsResponse {
  readonly [OPTIONAL]?: 'throttleTimeMs';
  readonly throttleTimeMs: number;
  readonly responses: readonly DeleteTopicsResponseDeletableTopicResult[];
}

/** DeletableTopicResult of DeleteTopicsResponse. */
export interface DeleteTopicsResponseDeletableTopicResult {
  readonly [OPTIONAL]?: 'topicId' | 'errorMessage';
  readonly name: string | null;
  readonly topicId: string;
  readonly errorCode: number;
  readonly errorMessage: string | null;
}

/** DescribeAclsRequest, versions 1-3. */
export interface DescribeAclsRequest {
  readonly [OPTIONAL]?: 'patternTypeFilter';
  readonly resourceTypeFilter: number;
  readonly resourceNameFilter: string | null;
  readonly patternTypeFilter: number;
  readonly principalFilter: string | null;
  readonly hostFilter: string | null;
  readonly operation: number;
  readonly permissionType: number;
}

/** DescribeAclsResponse, versions 1-3. */
export interface DescribeAclsResponse {
  readonly throttleTimeMs: number;
  readonly errorCode: number;
  readonly errorMessage: string | null;
  readonly resources: readonly DescribeAclsResponseDescribeAclsResource[];
}

/** DescribeAclsResource of DescribeAclsResponse. */
export interface DescribeAclsResponseDescribeAclsResource {
  readonly [OPTIONAL]?: 'patternType';
  readonly resourceType: number;
  readonly resourceName: string;
  readonly patternType: number;
  readonly acls: readonly DescribeAclsResponseAclDescription[];
}

/** AclDescription of DescribeAclsResponse. */
export interface DescribeAclsResponseAclDescription {
  readonly principal: string;
  readonly host: string;
  readonly operation: number;
  readonly permissionType: number;
}

/** DescribeClientQuotasRequest, versions 0-1. */
export interface DescribeClientQuotasRequest {
  readonly components: readonly DescribeClientQuotasRequestComponentData[];
  readonly strict: boolean;
}

/** ComponentData of DescribeClientQuotasRequest. */
export interface DescribeClientQuotasRequestComponentData {
  readonly entityType: string;
  readonly matchType: number;
  readonly match: string | null;
}

/** DescribeClientQuotasResponse, versions 0-1. */
export interface DescribeClientQuotasResponse {
  readonly throttleTimeMs: number;
  readonly errorCode: number;
  readonly errorMessage: string | null;
  readonly entries: readonly DescribeClientQuotasResponseEntryData[] | null;
}

/** EntryData of DescribeClientQuotasResponse. */
export interface DescribeClientQuotasResponseEntryData {
  readonly entity: readonly DescribeClientQuotasResponseEntityData[];
  readonly values: readonly DescribeClientQuotasResponseValueData[];
}

/** EntityData of DescribeClientQuotasResponse. */
export interface DescribeClientQuotasResponseEntityData {
  readonly entityType: string;
  readonly entityName: string | null;
}

/** ValueData of DescribeClientQuotasResponse. */
export interface DescribeClientQuotasResponseValueData {
  readonly key: string;
  readonly value: number;
}

/** DescribeClusterRequest, versions 0-2. */
export interface DescribeClusterRequest {
  readonly [OPTIONAL]?: 'endpointType' | 'includeFencedBrokers';
  readonly includeClusterAuthorizedOperations: boolean;
  readonly endpointType: number;
  readonly includeFencedBrokers: boolean;
}

/** DescribeClusterResponse, versions 0-2. */
export interface DescribeClusterResponse {
  readonly [OPTIONAL]?: 'errorMessage' | 'endpointType' | 'controllerId' | 'clusterAuthorizedOperations';
  readonly throttleTimeMs: number;
  readonly errorCode: number;
  readonly errorMessage: string | null;
  readonly endpointType: number;
  readonly clusterId: string;
  readonly controllerId: number;
  readonly brokers: readonly DescribeClusterResponseDescribeClusterBroker[];
  readonly clusterAuthorizedOperations: number;
}

/** DescribeClusterBroker of DescribeClusterResponse. */
export interface DescribeClusterResponseDescribeClusterBroker {
  readonly [OPTIONAL]?: 'rack' | 'isFenced';
  readonly brokerId: number;
  readonly host: string;
  readonly port: number;
  readonly rack: string | null;
  readonly isFenced: boolean;
}

/** DescribeConfigsRequest, versions 1-4. */
export interface DescribeConfigsRequest {
  readonly [OPTIONAL]?: 'includeSynonyms' | 'includeDocumentation';
  readonly resources: readonly DescribeConfigsRequestDescribeConfigsResource[];
  readonly includeSynonyms: boolean;
  readonly includeDocumentation: boolean;
}

/** DescribeConfigsResource of DescribeConfigsRequest. */
export interface DescribeConfigsRequestDescribeConfigsResource {
  readonly resourceType: number;
  readonly resourceName: string;
  readonly configurationKeys: readonly string[] | null;
}

/** DescribeConfigsResponse, versions 1-4. */
export interface DescribeConfigsResponse {
  readonly throttleTimeMs: number;
  readonly results: readonly DescribeConfigsResponseDescribeConfigsResult[];
}

/** DescribeConfigsResult of DescribeConfigsResponse. */
export interface DescribeConfigsResponseDescribeConfigsResult {
  readonly errorCode: number;
  readonly errorMessage: string | null;
  readonly resourceType: number;
  readonly resourceName: string;
  readonly configs: readonly DescribeConfigsResponseDescribeConfigsResourceResult[];
}

/** DescribeConfigsResourceResult of DescribeConfigsResponse. */
export interface DescribeConfigsResponseDescribeConfigsResourceResult {
  readonly [OPTIONAL]?: 'configSource' | 'synonyms' | 'configType' | 'documentation';
  readonly name: string;
  readonly value: string | null;
  readonly readOnly: boolean;
  readonly configSource: number;
  readonly isSensitive: boolean;
  readonly synonyms: readonly DescribeConfigsResponseDescribeConfigsSynonym[];
  readonly configType: number;
  readonly documentation: string | null;
}

/** DescribeConfigsSynonym of DescribeConfigsResponse. */
export interface DescribeConfigsResponseDescribeConfigsSynonym {
  readonly name: string;
  readonly value: string | null;
  readonly source: number;
}

/** DescribeDelegationTokenRequest, versions 1-3. */
export interface DescribeDelegationTokenRequest {
  readonly owners: readonly DescribeDelegationTokenRequestDescribeDelegationTokenOwner[] | null;
}

/** DescribeDelegationTokenOwner of DescribeDelegationTokenRequest. */
export interface DescribeDelegationTokenRequestDescribeDelegationTokenOwner {
  readonly principalType: string;
  readonly principalName: string;
}

/** DescribeDelegationTokenResponse, versions 1-3. */
export interface DescribeDelegationTokenResponse {
  readonly errorCode: number;
  readonly tokens: readonly DescribeDelegationTokenResponseDescribedDelegationToken[];
  readonly throttleTimeMs: number;
}

/** DescribedDelegationToken of DescribeDelegationTokenResponse. */
export interface DescribeDelegationTokenResponseDescribedDelegationToken {
  readonly [OPTIONAL]?: 'tokenRequesterPrincipalType' | 'tokenRequesterPrincipalName';
  readonly principalType: string;
  readonly principalName: string;
  readonly tokenRequesterPrincipalType: string;
  readonly tokenRequesterPrincipalName: string;
  readonly issueTimestamp: number;
  readonly expiryTimestamp: number;
  readonly maxTimestamp: number;
  readonly tokenId: string;
  readonly hmac: Uint8Array;
  readonly renewers: readonly DescribeDelegationTokenResponseDescribedDelegationTokenRenewer[];
}

/** DescribedDelegationTokenRenewer of DescribeDelegationTokenResponse. */
export interface DescribeDelegationTokenResponseDescribedDelegationTokenRenewer {
  readonly principalType: string;
  readonly principalName: string;
}

/** DescribeGroupsRequest, versions 0-6. */
export interface DescribeGroupsRequest {
  readonly [OPTIONAL]?: 'includeAuthorizedOperations';
  readonly groups: readonly string[];
  readonly includeAuthorizedOperations: boolean;
}

/** DescribeGroupsResponse, versions 0-6. */
export interface DescribeGroupsResponse {
  readonly [OPTIONAL]?: 'throttleTimeMs';
  readonly throttleTimeMs: number;
  readonly groups: readonly DescribeGroupsResponseDescribedGroup[];
}

/** DescribedGroup of DescribeGroupsResponse. */
export interface DescribeGroupsResponseDescribedGroup {
  readonly [OPTIONAL]?: 'errorMessage' | 'authorizedOperations';
  readonly errorCode: number;
  readonly errorMessage: string | null;
  readonly groupId: string;
  readonly groupState: string;
  readonly protocolType: string;
  readonly protocolData: string;
  readonly members: readonly DescribeGroupsResponseDescribedGroupMember[];
  readonly authorizedOperations: number;
}

/** DescribedGroupMember of DescribeGroupsResponse. */
export interface DescribeGroupsResponseDescribedGroupMember {
  readonly [OPTIONAL]?: 'groupInstanceId';
  readonly memberId: string;
  readonly groupInstanceId: string | null;
  readonly clientId: string;
  readonly clientHost: string;
  readonly memberMetadata: Uint8Array;
  readonly memberAssignment: Uint8Array;
}

/** DescribeLogDirsRequest, versions 1-5. */
export interface DescribeLogDirsRequest {
  readonly topics: readonly DescribeLogDirsRequestDescribableLogDirTopic[] | null;
}

/** DescribableLogDirTopic of DescribeLogDirsRequest. */
export interface DescribeLogDirsRequestDescribableLogDirTopic {
  readonly topic: string;
  readonly partitions: readonly number[];
}

/** DescribeLogDirsResponse, versions 1-5. */
export interface DescribeLogDirsResponse {
  readonly [OPTIONAL]?: 'errorCode';
  readonly throttleTimeMs: number;
  readonly errorCode: number;
  readonly results: readonly DescribeLogDirsResponseDescribeLogDirsResult[];
}

/** DescribeLogDirsResult of DescribeLogDirsResponse. */
export interface DescribeLogDirsResponseDescribeLogDirsResult {
  readonly [OPTIONAL]?: 'totalBytes' | 'usableBytes' | 'isCordoned';
  readonly errorCode: number;
  readonly logDir: string;
  readonly topics: readonly DescribeLogDirsResponseDescribeLogDirsTopic[];
  readonly totalBytes: number;
  readonly usableBytes: number;
  readonly isCordoned: boolean;
}

/** DescribeLogDirsTopic of DescribeLogDirsResponse. */
export interface DescribeLogDirsResponseDescribeLogDirsTopic {
  readonly name: string;
  readonly partitions: readonly DescribeLogDirsResponseDescribeLogDirsPartition[];
}

/** DescribeLogDirsPartition of DescribeLogDirsResponse. */
export interface DescribeLogDirsResponseDescribeLogDirsPartition {
  readonly partitionIndex: number;
  readonly partitionSize: number;
  readonly offsetLag: number;
  readonly isFutureKey: boolean;
}

/** DescribeProducersRequest, versions 0. */
export interface DescribeProducersRequest {
  readonly topics: readonly DescribeProducersRequestTopicRequest[];
}

/** TopicRequest of DescribeProducersRequest. */
export interface DescribeProducersRequestTopicRequest {
  readonly name: string;
  readonly partitionIndexes: readonly number[];
}

/** DescribeProducersResponse, versions 0. */
export interface DescribeProducersResponse {
  readonly throttleTimeMs: number;
  readonly topics: readonly DescribeProducersResponseTopicResponse[];
}

/** TopicResponse of DescribeProducersResponse. */
export interface DescribeProducersResponseTopicResponse {
  readonly name: string;
  readonly partitions: readonly DescribeProducersResponsePartitionResponse[];
}

/** PartitionResponse of DescribeProducersResponse. */
export interface DescribeProducersResponsePartitionResponse {
  readonly [OPTIONAL]?: 'errorMessage';
  readonly partitionIndex: number;
  readonly errorCode: number;
  readonly errorMessage: string | null;
  readonly activeProducers: readonly DescribeProducersResponseProducerState[];
}

/** ProducerState of DescribeProducersResponse. */
export interface DescribeProducersResponseProducerState {
  readonly [OPTIONAL]?: 'lastSequence' | 'lastTimestamp' | 'currentTxnStartOffset';
  readonly producerId: number;
  readonly producerEpoch: number;
  readonly lastSequence: number;
  readonly lastTimestamp: number;
  readonly coordinatorEpoch: number;
  readonly currentTxnStartOffset: number;
}

/** DescribeQuorumRequest, versions 0-2. */
export interface DescribeQuorumRequest {
  readonly topics: readonly DescribeQuorumRequestTopicData[];
}

/** TopicData of DescribeQuorumRequest. */
export interface DescribeQuorumRequestTopicData {
  readonly topicName: string;
  readonly partitions: readonly DescribeQuorumRequestPartitionData[];
}

/** PartitionData of DescribeQuorumRequest. */
export interface DescribeQuorumRequestPartitionData {
  readonly partitionIndex: number;
}

/** DescribeQuorumResponse, versions 0-2. */
export interface DescribeQuorumResponse {
  readonly [OPTIONAL]?: 'errorMessage' | 'nodes';
  readonly errorCode: number;
  readonly errorMessage: string | null;
  readonly topics: readonly DescribeQuorumResponseTopicData[];
  readonly nodes: readonly DescribeQuorumResponseNode[];
}

/** TopicData of DescribeQuorumResponse. */
export interface DescribeQuorumResponseTopicData {
  readonly topicName: string;
  readonly partitions: readonly DescribeQuorumResponsePartitionData[];
}

/** PartitionData of DescribeQuorumResponse. */
export interface DescribeQuorumResponsePartitionData {
  readonly [OPTIONAL]?: 'errorMessage';
  readonly partitionIndex: number;
  readonly errorCode: number;
  readonly errorMessage: string | null;
  readonly leaderId: number;
  readonly leaderEpoch: number;
  readonly highWatermark: number;
  readonly currentVoters: readonly DescribeQuorumResponseReplicaState[];
  readonly observers: readonly DescribeQuorumResponseReplicaState[];
}

/** Node of DescribeQuorumResponse. */
export interface DescribeQuorumResponseNode {
  readonly [OPTIONAL]?: 'nodeId' | 'listeners';
  readonly nodeId: number;
  readonly listeners: readonly DescribeQuorumResponseListener[];
}

/** Listener of DescribeQuorumResponse. */
export interface DescribeQuorumResponseListener {
  readonly [OPTIONAL]?: 'name' | 'host' | 'port';
  readonly name: string;
  readonly host: string;
  readonly port: number;
}

/** ReplicaState of DescribeQuorumResponse. */
export interface DescribeQuorumResponseReplicaState {
  readonly [OPTIONAL]?: 'replicaDirectoryId' | 'lastFetchTimestamp' | 'lastCaughtUpTimestamp';
  readonly replicaId: number;
  readonly replicaDirectoryId: string;
  readonly logEndOffset: number;
  readonly lastFetchTimestamp: number;
  readonly lastCaughtUpTimestamp: number;
}

/** DescribeShareGroupOffsetsRequest, versions 0-1. */
export interface DescribeShareGroupOffsetsRequest {
  readonly groups: readonly DescribeShareGroupOffsetsRequestDescribeShareGroupOffsetsRequestGroup[];
}

/** DescribeShareGroupOffsetsRequestGroup of DescribeShareGroupOffsetsRequest. */
export interface DescribeShareGroupOffsetsRequestDescribeShareGroupOffsetsRequestGroup {
  readonly groupId: string;
  readonly topics: readonly DescribeShareGroupOffsetsRequestDescribeShareGroupOffsetsRequestTopic[] | null;
}

/** DescribeShareGroupOffsetsRequestTopic of DescribeShareGroupOffsetsRequest. */
export interface DescribeShareGroupOffsetsRequestDescribeShareGroupOffsetsRequestTopic {
  readonly topicName: string;
  readonly partitions: readonly number[];
}

/** DescribeShareGroupOffsetsResponse, versions 0-1. */
export interface DescribeShareGroupOffsetsResponse {
  readonly throttleTimeMs: number;
  readonly groups: readonly DescribeShareGroupOffsetsResponseDescribeShareGroupOffsetsResponseGroup[];
}

/** DescribeShareGroupOffsetsResponseGroup of DescribeShareGroupOffsetsResponse. */
export interface DescribeShareGroupOffsetsResponseDescribeShareGroupOffsetsResponseGroup {
  readonly [OPTIONAL]?: 'errorMessage';
  readonly groupId: string;
  readonly topics: readonly DescribeShareGroupOffsetsResponseDescribeShareGroupOffsetsResponseTopic[];
  readonly errorCode: number;
  readonly errorMessage: string | null;
}

/** DescribeShareGroupOffsetsResponseTopic of DescribeShareGroupOffsetsResponse. */
export interface DescribeShareGroupOffsetsResponseDescribeShareGroupOffsetsResponseTopic {
  readonly topicName: string;
  readonly topicId: string;
  readonly partitions: readonly DescribeShareGroupOffsetsResponseDescribeShareGroupOffsetsResponsePartition[];
}

/** DescribeShareGroupOffsetsResponsePartition of DescribeShareGroupOffsetsResponse. */
export interface DescribeShareGroupOffsetsResponseDescribeShareGroupOffsetsResponsePartition {
  readonly [OPTIONAL]?: 'lag' | 'errorMessage';
  readonly partitionIndex: number;
  readonly startOffset: number;
  readonly leaderEpoch: number;
  readonly lag: number;
  readonly errorCode: number;
  readonly errorMessage: string | null;
}

/** DescribeTopicPartitionsRequest, versions 0. */
export interface DescribeTopicPartitionsRequest {
  readonly [OPTIONAL]?: 'responsePartitionLimit' | 'cursor';
  readonly topics: readonly DescribeTopicPartitionsRequestTopicRequest[];
  readonly responsePartitionLimit: number;
  readonly cursor: DescribeTopicPartitionsRequestCursor | null;
}

/** TopicRequest of DescribeTopicPartitionsRequest. */
export interface DescribeTopicPartitionsRequestTopicRequest {
  readonly name: string;
}

/** Cursor of DescribeTopicPartitionsRequest. */
export interface DescribeTopicPartitionsRequestCursor {
  readonly topicName: string;
  readonly partitionIndex: number;
}

/** DescribeTopicPartitionsResponse, versions 0. */
export interface DescribeTopicPartitionsResponse {
  readonly [OPTIONAL]?: 'throttleTimeMs' | 'nextCursor';
  readonly throttleTimeMs: number;
  readonly topics: readonly DescribeTopicPartitionsResponseDescribeTopicPartitionsResponseTopic[];
  readonly nextCursor: DescribeTopicPartitionsResponseCursor | null;
}

/** DescribeTopicPartitionsResponseTopic of DescribeTopicPartitionsResponse. */
export interface DescribeTopicPartitionsResponseDescribeTopicPartitionsResponseTopic {
  readonly [OPTIONAL]?: 'topicId' | 'isInternal' | 'topicAuthorizedOperations';
  readonly errorCode: number;
  readonly name: string | null;
  readonly topicId: string;
  readonly isInternal: boolean;
  readonly partitions: readonly DescribeTopicPartitionsResponseDescribeTopicPartitionsResponsePartition[];
  readonly topicAuthorizedOperations: number;
}

/** DescribeTopicPartitionsResponsePartition of DescribeTopicPartitionsResponse. */
export interface DescribeTopicPartitionsResponseDescribeTopicPartitionsResponsePartition {
  readonly [OPTIONAL]?: 'leaderEpoch' | 'eligibleLeaderReplicas' | 'lastKnownElr' | 'offlineReplicas';
  readonly errorCode: number;
  readonly partitionIndex: number;
  readonly leaderId: number;
  readonly leaderEpoch: number;
  readonly replicaNodes: readonly number[];
  readonly isrNodes: readonly number[];
  readonly eligibleLeaderReplicas: readonly number[] | null;
  readonly lastKnownElr: readonly number[] | null;
  readonly offlineReplicas: readonly number[];
}

/** Cursor of DescribeTopicPartitionsResponse. */
export interface DescribeTopicPartitionsResponseCursor {
  readonly topicName: string;
  readonly partitionIndex: number;
}

/** DescribeTransactionsRequest, versions 0. */
export interface DescribeTransactionsRequest {
  readonly transactionalIds: readonly string[];
}

/** DescribeTransactionsResponse, versions 0. */
export interface DescribeTransactionsResponse {
  readonly throttleTimeMs: number;
  readonly transactionStates: readonly DescribeTransactionsResponseTransactionState[];
}

/** TransactionState of DescribeTransactionsResponse. */
export interface DescribeTransactionsResponseTransactionState {
  readonly errorCode: number;
  readonly transactionalId: string;
  readonly transactionState: string;
  readonly transactionTimeoutMs: number;
  readonly transactionStartTimeMs: number;
  readonly producerId: number;
  readonly producerEpoch: number;
  readonly topics: readonly DescribeTransactionsResponseTopicData[];
}

/** TopicData of DescribeTransactionsResponse. */
export interface DescribeTransactionsResponseTopicData {
  readonly topic: string;
  readonly partitions: readonly number[];
}

/** DescribeUserScramCredentialsRequest, versions 0. */
export interface DescribeUserScramCredentialsRequest {
  readonly users: readonly DescribeUserScramCredentialsRequestUserName[] | null;
}

/** UserName of DescribeUserScramCredentialsRequest. */
export interface DescribeUserScramCredentialsRequestUserName {
  readonly name: string;
}

/** DescribeUserScramCredentialsResponse, versions 0. */
export interface DescribeUserScramCredentialsResponse {
  readonly throttleTimeMs: number;
  readonly errorCode: number;
  readonly errorMessage: string | null;
  readonly results: readonly DescribeUserScramCredentialsResponseDescribeUserScramCredentialsResult[];
}

/** DescribeUserScramCredentialsResult of DescribeUserScramCredentialsResponse. */
export interface DescribeUserScramCredentialsResponseDescribeUserScramCredentialsResult {
  readonly user: string;
  readonly errorCode: number;
  readonly errorMessage: string | null;
  readonly credentialInfos: readonly DescribeUserScramCredentialsResponseCredentialInfo[];
}

/** CredentialInfo of DescribeUserScramCredentialsResponse. */
export interface DescribeUserScramCredentialsResponseCredentialInfo {
  readonly mechanism: number;
  readonly iterations: number;
}

/** ElectLeadersRequest, versions 0-2. */
export interface ElectLeadersRequest {
  readonly [OPTIONAL]?: 'electionType' | 'timeoutMs';
  readonly electionType: number;
  readonly topicPartitions: readonly ElectLeadersRequestTopicPartitions[] | null;
  readonly timeoutMs: number;
}

/** TopicPartitions of ElectLeadersRequest. */
export interface ElectLeadersRequestTopicPartitions {
  readonly topic: string;
  readonly partitions: readonly number[];
}

/** ElectLeadersResponse, versions 0-2. */
export interface ElectLeadersResponse {
  readonly [OPTIONAL]?: 'errorCode';
  readonly throttleTimeMs: number;
  readonly errorCode: number;
  readonly replicaElectionResults: readonly ElectLeadersResponseReplicaElectionResult[];
}

/** ReplicaElectionResult of ElectLeadersResponse. */
export interface ElectLeadersResponseReplicaElectionResult {
  readonly topic: string;
  readonly partitionResult: readonly ElectLeadersResponsePartitionResult[];
}

/** PartitionResult of ElectLeadersResponse. */
export interface ElectLeadersResponsePartitionResult {
  readonly partitionId: number;
  readonly errorCode: number;
  readonly errorMessage: string | null;
}

/** EndTxnRequest, versions 0-5. */
export interface EndTxnRequest {
  readonly transactionalId: string;
  readonly producerId: number;
  readonly producerEpoch: number;
  readonly committed: boolean;
}

/** EndTxnResponse, versions 0-5. */
export interface EndTxnResponse {
  readonly [OPTIONAL]?: 'producerId' | 'producerEpoch';
  readonly throttleTimeMs: number;
  readonly errorCode: number;
  readonly producerId: number;
  readonly producerEpoch: number;
}

/** ExpireDelegationTokenRequest, versions 1-2. */
export interface ExpireDelegationTokenRequest {
  readonly hmac: Uint8Array;
  readonly expiryTimePeriodMs: number;
}

/** ExpireDelegationTokenResponse, versions 1-2. */
export interface ExpireDelegationTokenResponse {
  readonly errorCode: number;
  readonly expiryTimestampMs: number;
  readonly throttleTimeMs: number;
}

/** FetchRequest, versions 4-18. */
export interface FetchRequest {
  readonly [OPTIONAL]?: 'clusterId' | 'replicaId' | 'replicaState' | 'maxBytes' | 'isolationLevel' | 'sessionId' | 'sessionEpoch' | 'forgottenTopicsData' | 'rackId';
  readonly clusterId: string | null;
  readonly replicaId: number;
  readonly replicaState: FetchRequestReplicaState;
  readonly maxWaitMs: number;
  readonly minBytes: number;
  readonly maxBytes: number;
  readonly isolationLevel: number;
  readonly sessionId: number;
  readonly sessionEpoch: number;
  readonly topics: readonly FetchRequestFetchTopic[];
  readonly forgottenTopicsData: readonly FetchRequestForgottenTopic[];
  readonly rackId: string;
}

/** ReplicaState of FetchRequest. */
export interface FetchRequestReplicaState {
  readonly [OPTIONAL]?: 'replicaId' | 'replicaEpoch';
  readonly replicaId: number;
  readonly replicaEpoch: number;
}

/** FetchTopic of FetchRequest. */
export interface FetchRequestFetchTopic {
  readonly [OPTIONAL]?: 'topic' | 'topicId';
  readonly topic: string;
  readonly topicId: string;
  readonly partitions: readonly FetchRequestFetchPartition[];
}

/** FetchPartition of FetchRequest. */
export interface FetchRequestFetchPartition {
  readonly [OPTIONAL]?: 'currentLeaderEpoch' | 'lastFetchedEpoch' | 'logStartOffset' | 'replicaDirectoryId' | 'highWatermark';
  readonly partition: number;
  readonly currentLeaderEpoch: number;
  readonly fetchOffset: number;
  readonly lastFetchedEpoch: number;
  readonly logStartOffset: number;
  readonly partitionMaxBytes: number;
  readonly replicaDirectoryId: string;
  readonly highWatermark: number | bigint;
}

/** ForgottenTopic of FetchRequest. */
export interface FetchRequestForgottenTopic {
  readonly [OPTIONAL]?: 'topic' | 'topicId' | 'partitions';
  readonly topic: string;
  readonly topicId: string;
  readonly partitions: readonly number[];
}

/** FetchResponse, versions 4-18. */
export interface FetchResponse {
  readonly [OPTIONAL]?: 'throttleTimeMs' | 'errorCode' | 'sessionId' | 'nodeEndpoints';
  readonly throttleTimeMs: number;
  readonly errorCode: number;
  readonly sessionId: number;
  readonly responses: readonly FetchResponseFetchableTopicResponse[];
  readonly nodeEndpoints: readonly FetchResponseNodeEndpoint[];
}

/** FetchableTopicResponse of FetchResponse. */
export interface FetchResponseFetchableTopicResponse {
  readonly [OPTIONAL]?: 'topic' | 'topicId';
  readonly topic: string;
  readonly topicId: string;
  readonly partitions: readonly FetchResponsePartitionData[];
}

/** PartitionData of FetchResponse. */
export interface FetchResponsePartitionData {
  readonly [OPTIONAL]?: 'lastStableOffset' | 'logStartOffset' | 'divergingEpoch' | 'currentLeader' | 'snapshotId' | 'abortedTransactions' | 'preferredReadReplica';
  readonly partitionIndex: number;
  readonly errorCode: number;
  readonly highWatermark: number;
  readonly lastStableOffset: number;
  readonly logStartOffset: number;
  readonly divergingEpoch: FetchResponseEpochEndOffset;
  readonly currentLeader: FetchResponseLeaderIdAndEpoch;
  readonly snapshotId: FetchResponseSnapshotId;
  readonly abortedTransactions: readonly FetchResponseAbortedTransaction[] | null;
  readonly preferredReadReplica: number;
  readonly records: Uint8Array | null;
}

/** EpochEndOffset of FetchResponse. */
export interface FetchResponseEpochEndOffset {
  readonly [OPTIONAL]?: 'epoch' | 'endOffset';
  readonly epoch: number;
  readonly endOffset: number;
}

/** LeaderIdAndEpoch of FetchResponse. */
export interface FetchResponseLeaderIdAndEpoch {
  readonly [OPTIONAL]?: 'leaderId' | 'leaderEpoch';
  readonly leaderId: number;
  readonly leaderEpoch: number;
}

/** SnapshotId of FetchResponse. */
export interface FetchResponseSnapshotId {
  readonly [OPTIONAL]?: 'endOffset' | 'epoch';
  readonly endOffset: number;
  readonly epoch: number;
}

/** AbortedTransaction of FetchResponse. */
export interface FetchResponseAbortedTransaction {
  readonly producerId: number;
  readonly firstOffset: number;
}

/** NodeEndpoint of FetchResponse. */
export interface FetchResponseNodeEndpoint {
  readonly [OPTIONAL]?: 'nodeId' | 'host' | 'port' | 'rack';
  readonly nodeId: number;
  readonly host: string;
  readonly port: number;
  readonly rack: string | null;
}

/** FindCoordinatorRequest, versions 0-6. */
export interface FindCoordinatorRequest {
  readonly [OPTIONAL]?: 'key' | 'keyType' | 'coordinatorKeys';
  readonly key: string;
  readonly keyType: number;
  readonly coordinatorKeys: readonly string[];
}

/** FindCoordinatorResponse, versions 0-6. */
export interface FindCoordinatorResponse {
  readonly [OPTIONAL]?: 'throttleTimeMs' | 'errorCode' | 'errorMessage' | 'nodeId' | 'host' | 'port' | 'coordinators';
  readonly throttleTimeMs: number;
  readonly errorCode: number;
  readonly errorMessage: string | null;
  readonly nodeId: number;
  readonly host: string;
  readonly port: number;
  readonly coordinators: readonly FindCoordinatorResponseCoordinator[];
}

/** Coordinator of FindCoordinatorResponse. */
export interface FindCoordinatorResponseCoordinator {
  readonly [OPTIONAL]?: 'key' | 'nodeId' | 'host' | 'port' | 'errorCode' | 'errorMessage';
  readonly key: string;
  readonly nodeId: number;
  readonly host: string;
  readonly port: number;
  readonly errorCode: number;
  readonly errorMessage: string | null;
}

/** GetTelemetrySubscriptionsRequest, versions 0. */
export interface GetTelemetrySubscriptionsRequest {
  readonly clientInstanceId: string;
}

/** GetTelemetrySubscriptionsResponse, versions 0. */
export interface GetTelemetrySubscriptionsResponse {
  readonly throttleTimeMs: number;
  readonly errorCode: number;
  readonly clientInstanceId: string;
  readonly subscriptionId: number;
  readonly acceptedCompressionTypes: readonly number[];
  readonly pushIntervalMs: number;
  readonly telemetryMaxBytes: number;
  readonly deltaTemporality: boolean;
  readonly requestedMetrics: readonly string[];
}

/** HeartbeatRequest, versions 0-4. */
export interface HeartbeatRequest {
  readonly [OPTIONAL]?: 'groupInstanceId';
  readonly groupId: string;
  readonly generationId: number;
  readonly memberId: string;
  readonly groupInstanceId: string | null;
}

/** HeartbeatResponse, versions 0-4. */
export interface HeartbeatResponse {
  readonly [OPTIONAL]?: 'throttleTimeMs';
  readonly throttleTimeMs: number;
  readonly errorCode: number;
}

/** IncrementalAlterConfigsRequest, versions 0-1. */
export interface IncrementalAlterConfigsRequest {
  readonly resources: readonly IncrementalAlterConfigsRequestAlterConfigsResource[];
  readonly validateOnly: boolean;
}

/** AlterConfigsResource of IncrementalAlterConfigsRequest. */
export interface IncrementalAlterConfigsRequestAlterConfigsResource {
  readonly resourceType: number;
  readonly resourceName: string;
  readonly configs: readonly IncrementalAlterConfigsRequestAlterableConfig[];
}

/** AlterableConfig of IncrementalAlterConfigsRequest. */
export interface IncrementalAlterConfigsRequestAlterableConfig {
  readonly name: string;
  readonly configOperation: number;
  readonly value: string | null;
}

/** IncrementalAlterConfigsResponse, versions 0-1. */
export interface IncrementalAlterConfigsResponse {
  readonly throttleTimeMs: number;
  readonly responses: readonly IncrementalAlterConfigsResponseAlterConfigsResourceResponse[];
}

/** AlterConfigsResourceResponse of IncrementalAlterConfigsResponse. */
export interface IncrementalAlterConfigsResponseAlterConfigsResourceResponse {
  readonly errorCode: number;
  readonly errorMessage: string | null;
  readonly resourceType: number;
  readonly resourceName: string;
}

/** InitProducerIdRequest, versions 0-6. */
export interface InitProducerIdRequest {
  readonly [OPTIONAL]?: 'producerId' | 'producerEpoch' | 'enable2Pc' | 'keepPreparedTxn';
  readonly transactionalId: string | null;
  readonly transactionTimeoutMs: number;
  readonly producerId: number;
  readonly producerEpoch: number;
  readonly enable2Pc: boolean;
  readonly keepPreparedTxn: boolean;
}

/** InitProducerIdResponse, versions 0-6. */
export interface InitProducerIdResponse {
  readonly [OPTIONAL]?: 'throttleTimeMs' | 'producerId' | 'ongoingTxnProducerId' | 'ongoingTxnProducerEpoch';
  readonly throttleTimeMs: number;
  readonly errorCode: number;
  readonly producerId: number;
  readonly producerEpoch: number;
  readonly ongoingTxnProducerId: number;
  readonly ongoingTxnProducerEpoch: number;
}

/** InitializeShareGroupStateRequest, versions 0. */
export interface InitializeShareGroupStateRequest {
  readonly groupId: string;
  readonly topics: readonly InitializeShareGroupStateRequestInitializeStateData[];
}

/** InitializeStateData of InitializeShareGroupStateRequest. */
export interface InitializeShareGroupStateRequestInitializeStateData {
  readonly topicId: string;
  readonly partitions: readonly InitializeShareGroupStateRequestPartitionData[];
}

/** PartitionData of InitializeShareGroupStateRequest. */
export interface InitializeShareGroupStateRequestPartitionData {
  readonly partition: number;
  readonly stateEpoch: number;
  readonly startOffset: number;
}

/** InitializeShareGroupStateResponse, versions 0. */
export interface InitializeShareGroupStateResponse {
  readonly results: readonly InitializeShareGroupStateResponseInitializeStateResult[];
}

/** InitializeStateResult of InitializeShareGroupStateResponse. */
export interface InitializeShareGroupStateResponseInitializeStateResult {
  readonly topicId: string;
  readonly partitions: readonly InitializeShareGroupStateResponsePartitionResult[];
}

/** PartitionResult of InitializeShareGroupStateResponse. */
export interface InitializeShareGroupStateResponsePartitionResult {
  readonly [OPTIONAL]?: 'errorMessage';
  readonly partition: number;
  readonly errorCode: number;
  readonly errorMessage: string | null;
}

/** JoinGroupRequest, versions 0-9. */
export interface JoinGroupRequest {
  readonly [OPTIONAL]?: 'rebalanceTimeoutMs' | 'groupInstanceId' | 'reason';
  readonly groupId: string;
  readonly sessionTimeoutMs: number;
  readonly rebalanceTimeoutMs: number;
  readonly memberId: string;
  readonly groupInstanceId: string | null;
  readonly protocolType: string;
  readonly protocols: readonly JoinGroupRequestJoinGroupRequestProtocol[];
  readonly reason: string | null;
}

/** JoinGroupRequestProtocol of JoinGroupRequest. */
export interface JoinGroupRequestJoinGroupRequestProtocol {
  readonly name: string;
  readonly metadata: Uint8Array;
}

/** JoinGroupResponse, versions 0-9. */
export interface JoinGroupResponse {
  readonly [OPTIONAL]?: 'throttleTimeMs' | 'generationId' | 'protocolType' | 'skipAssignment';
  readonly throttleTimeMs: number;
  readonly errorCode: number;
  readonly generationId: number;
  readonly protocolType: string | null;
  readonly protocolName: string | null;
  readonly leader: string;
  readonly skipAssignment: boolean;
  readonly memberId: string;
  readonly members: readonly JoinGroupResponseJoinGroupResponseMember[];
}

/** JoinGroupResponseMember of JoinGroupResponse. */
export interface JoinGroupResponseJoinGroupResponseMember {
  readonly [OPTIONAL]?: 'groupInstanceId';
  readonly memberId: string;
  readonly groupInstanceId: string | null;
  readonly metadata: Uint8Array;
}

/** LeaveGroupRequest, versions 0-5. */
export interface LeaveGroupRequest {
  readonly [OPTIONAL]?: 'memberId' | 'members';
  readonly groupId: string;
  readonly memberId: string;
  readonly members: readonly LeaveGroupRequestMemberIdentity[];
}

/** MemberIdentity of LeaveGroupRequest. */
export interface LeaveGroupRequestMemberIdentity {
  readonly [OPTIONAL]?: 'memberId' | 'groupInstanceId' | 'reason';
  readonly memberId: string;
  readonly groupInstanceId: string | null;
  readonly reason: string | null;
}

/** LeaveGroupResponse, versions 0-5. */
export interface LeaveGroupResponse {
  readonly [OPTIONAL]?: 'throttleTimeMs' | 'members';
  readonly throttleTimeMs: number;
  readonly errorCode: number;
  readonly members: readonly LeaveGroupResponseMemberResponse[];
}

/** MemberResponse of LeaveGroupResponse. */
export interface LeaveGroupResponseMemberResponse {
  readonly [OPTIONAL]?: 'memberId' | 'groupInstanceId' | 'errorCode';
  readonly memberId: string;
  readonly groupInstanceId: string | null;
  readonly errorCode: number;
}

/** ListConfigResourcesRequest, versions 0-1. */
export interface ListConfigResourcesRequest {
  readonly [OPTIONAL]?: 'resourceTypes';
  readonly resourceTypes: readonly number[];
}

/** ListConfigResourcesResponse, versions 0-1. */
export interface ListConfigResourcesResponse {
  readonly throttleTimeMs: number;
  readonly errorCode: number;
  readonly configResources: readonly ListConfigResourcesResponseConfigResource[];
}

/** ConfigResource of ListConfigResourcesResponse. */
export interface ListConfigResourcesResponseConfigResource {
  readonly [OPTIONAL]?: 'resourceType';
  readonly resourceName: string;
  readonly resourceType: number;
}

/** ListGroupsRequest, versions 0-5. */
export interface ListGroupsRequest {
  readonly [OPTIONAL]?: 'statesFilter' | 'typesFilter';
  readonly statesFilter: readonly string[];
  readonly typesFilter: readonly string[];
}

/** ListGroupsResponse, versions 0-5. */
export interface ListGroupsResponse {
  readonly [OPTIONAL]?: 'throttleTimeMs';
  readonly throttleTimeMs: number;
  readonly errorCode: number;
  readonly groups: readonly ListGroupsResponseListedGroup[];
}

/** ListedGroup of ListGroupsResponse. */
export interface ListGroupsResponseListedGroup {
  readonly [OPTIONAL]?: 'groupState' | 'groupType';
  readonly groupId: string;
  readonly protocolType: string;
  readonly groupState: string;
  readonly groupType: string;
}

/** ListOffsetsRequest, versions 1-11. */
export interface ListOffsetsRequest {
  readonly [OPTIONAL]?: 'isolationLevel' | 'timeoutMs';
  readonly replicaId: number;
  readonly isolationLevel: number;
  readonly topics: readonly ListOffsetsRequestListOffsetsTopic[];
  readonly timeoutMs: number;
}

/** ListOffsetsTopic of ListOffsetsRequest. */
export interface ListOffsetsRequestListOffsetsTopic {
  readonly name: string;
  readonly partitions: readonly ListOffsetsRequestListOffsetsPartition[];
}

/** ListOffsetsPartition of ListOffsetsRequest. */
export interface ListOffsetsRequestListOffsetsPartition {
  readonly [OPTIONAL]?: 'currentLeaderEpoch';
  readonly partitionIndex: number;
  readonly currentLeaderEpoch: number;
  readonly timestamp: number | bigint;
}

/** ListOffsetsResponse, versions 1-11. */
export interface ListOffsetsResponse {
  readonly [OPTIONAL]?: 'throttleTimeMs';
  readonly throttleTimeMs: number;
  readonly topics: readonly ListOffsetsResponseListOffsetsTopicResponse[];
}

/** ListOffsetsTopicResponse of ListOffsetsResponse. */
export interface ListOffsetsResponseListOffsetsTopicResponse {
  readonly name: string;
  readonly partitions: readonly ListOffsetsResponseListOffsetsPartitionResponse[];
}

/** ListOffsetsPartitionResponse of ListOffsetsResponse. */
export interface ListOffsetsResponseListOffsetsPartitionResponse {
  readonly [OPTIONAL]?: 'timestamp' | 'offset' | 'leaderEpoch';
  readonly partitionIndex: number;
  readonly errorCode: number;
  readonly timestamp: number;
  readonly offset: number;
  readonly leaderEpoch: number;
}

/** ListPartitionReassignmentsRequest, versions 0. */
export interface ListPartitionReassignmentsRequest {
  readonly [OPTIONAL]?: 'timeoutMs' | 'topics';
  readonly timeoutMs: number;
  readonly topics: readonly ListPartitionReassignmentsRequestListPartitionReassignmentsTopics[] | null;
}

/** ListPartitionReassignmentsTopics of ListPartitionReassignmentsRequest. */
export interface ListPartitionReassignmentsRequestListPartitionReassignmentsTopics {
  readonly name: string;
  readonly partitionIndexes: readonly number[];
}

/** ListPartitionReassignmentsResponse, versions 0. */
export interface ListPartitionReassignmentsResponse {
  readonly throttleTimeMs: number;
  readonly errorCode: number;
  readonly errorMessage: string | null;
  readonly topics: readonly ListPartitionReassignmentsResponseOngoingTopicReassignment[];
}

/** OngoingTopicReassignment of ListPartitionReassignmentsResponse. */
export interface ListPartitionReassignmentsResponseOngoingTopicReassignment {
  readonly name: string;
  readonly partitions: readonly ListPartitionReassignmentsResponseOngoingPartitionReassignment[];
}

/** OngoingPartitionReassignment of ListPartitionReassignmentsResponse. */
export interface ListPartitionReassignmentsResponseOngoingPartitionReassignment {
  readonly partitionIndex: number;
  readonly replicas: readonly number[];
  readonly addingReplicas: readonly number[];
  readonly removingReplicas: readonly number[];
}

/** ListTransactionsRequest, versions 0-2. */
export interface ListTransactionsRequest {
  readonly [OPTIONAL]?: 'durationFilter' | 'transactionalIdPattern';
  readonly stateFilters: readonly string[];
  readonly producerIdFilters: readonly number[];
  readonly durationFilter: number;
  readonly transactionalIdPattern: string | null;
}

/** ListTransactionsResponse, versions 0-2. */
export interface ListTransactionsResponse {
  readonly throttleTimeMs: number;
  readonly errorCode: number;
  readonly unknownStateFilters: readonly string[];
  readonly transactionStates: readonly ListTransactionsResponseTransactionState[];
}

/** TransactionState of ListTransactionsResponse. */
export interface ListTransactionsResponseTransactionState {
  readonly transactionalId: string;
  readonly producerId: number;
  readonly transactionState: string;
}

/** MetadataRequest, versions 0-13. */
export interface MetadataRequest {
  readonly [OPTIONAL]?: 'allowAutoTopicCreation' | 'includeClusterAuthorizedOperations' | 'includeTopicAuthorizedOperations';
  readonly topics: readonly MetadataRequestMetadataRequestTopic[] | null;
  readonly allowAutoTopicCreation: boolean;
  readonly includeClusterAuthorizedOperations: boolean;
  readonly includeTopicAuthorizedOperations: boolean;
}

/** MetadataRequestTopic of MetadataRequest. */
export interface MetadataRequestMetadataRequestTopic {
  readonly [OPTIONAL]?: 'topicId';
  readonly topicId: string;
  readonly name: string | null;
}

/** MetadataResponse, versions 0-13. */
export interface MetadataResponse {
  readonly [OPTIONAL]?: 'throttleTimeMs' | 'clusterId' | 'controllerId' | 'clusterAuthorizedOperations' | 'errorCode';
  readonly throttleTimeMs: number;
  readonly brokers: readonly MetadataResponseMetadataResponseBroker[];
  readonly clusterId: string | null;
  readonly controllerId: number;
  readonly topics: readonly MetadataResponseMetadataResponseTopic[];
  readonly clusterAuthorizedOperations: number;
  readonly errorCode: number;
}

/** MetadataResponseBroker of MetadataResponse. */
export interface MetadataResponseMetadataResponseBroker {
  readonly [OPTIONAL]?: 'rack';
  readonly nodeId: number;
  readonly host: string;
  readonly port: number;
  readonly rack: string | null;
}

/** MetadataResponseTopic of MetadataResponse. */
export interface MetadataResponseMetadataResponseTopic {
  readonly [OPTIONAL]?: 'topicId' | 'isInternal' | 'topicAuthorizedOperations';
  readonly errorCode: number;
  readonly name: string | null;
  readonly topicId: string;
  readonly isInternal: boolean;
  readonly partitions: readonly MetadataResponseMetadataResponsePartition[];
  readonly topicAuthorizedOperations: number;
}

/** MetadataResponsePartition of MetadataResponse. */
export interface MetadataResponseMetadataResponsePartition {
  readonly [OPTIONAL]?: 'leaderEpoch' | 'offlineReplicas';
  readonly errorCode: number;
  readonly partitionIndex: number;
  readonly leaderId: number;
  readonly leaderEpoch: number;
  readonly replicaNodes: readonly number[];
  readonly isrNodes: readonly number[];
  readonly offlineReplicas: readonly number[];
}

/** OffsetCommitRequest, versions 2-10. */
export interface OffsetCommitRequest {
  readonly [OPTIONAL]?: 'generationIdOrMemberEpoch' | 'memberId' | 'groupInstanceId' | 'retentionTimeMs';
  readonly groupId: string;
  readonly generationIdOrMemberEpoch: number;
  readonly memberId: string;
  readonly groupInstanceId: string | null;
  readonly retentionTimeMs: number;
  readonly topics: readonly OffsetCommitRequestOffsetCommitRequestTopic[];
}

/** OffsetCommitRequestTopic of OffsetCommitRequest. */
export interface OffsetCommitRequestOffsetCommitRequestTopic {
  readonly [OPTIONAL]?: 'name' | 'topicId';
  readonly name: string;
  readonly topicId: string;
  readonly partitions: readonly OffsetCommitRequestOffsetCommitRequestPartition[];
}

/** OffsetCommitRequestPartition of OffsetCommitRequest. */
export interface OffsetCommitRequestOffsetCommitRequestPartition {
  readonly [OPTIONAL]?: 'committedLeaderEpoch';
  readonly partitionIndex: number;
  readonly committedOffset: number;
  readonly committedLeaderEpoch: number;
  readonly committedMetadata: string | null;
}

/** OffsetCommitResponse, versions 2-10. */
export interface OffsetCommitResponse {
  readonly [OPTIONAL]?: 'throttleTimeMs';
  readonly throttleTimeMs: number;
  readonly topics: readonly OffsetCommitResponseOffsetCommitResponseTopic[];
}

/** OffsetCommitResponseTopic of OffsetCommitResponse. */
export interface OffsetCommitResponseOffsetCommitResponseTopic {
  readonly [OPTIONAL]?: 'name' | 'topicId';
  readonly name: string;
  readonly topicId: string;
  readonly partitions: readonly OffsetCommitResponseOffsetCommitResponsePartition[];
}

/** OffsetCommitResponsePartition of OffsetCommitResponse. */
export interface OffsetCommitResponseOffsetCommitResponsePartition {
  readonly partitionIndex: number;
  readonly errorCode: number;
}

/** OffsetDeleteRequest, versions 0. */
export interface OffsetDeleteRequest {
  readonly groupId: string;
  readonly topics: readonly OffsetDeleteRequestOffsetDeleteRequestTopic[];
}

/** OffsetDeleteRequestTopic of OffsetDeleteRequest. */
export interface OffsetDeleteRequestOffsetDeleteRequestTopic {
  readonly name: string;
  readonly partitions: readonly OffsetDeleteRequestOffsetDeleteRequestPartition[];
}

/** OffsetDeleteRequestPartition of OffsetDeleteRequest. */
export interface OffsetDeleteRequestOffsetDeleteRequestPartition {
  readonly partitionIndex: number;
}

/** OffsetDeleteResponse, versions 0. */
export interface OffsetDeleteResponse {
  readonly [OPTIONAL]?: 'throttleTimeMs';
  readonly errorCode: number;
  readonly throttleTimeMs: number;
  readonly topics: readonly OffsetDeleteResponseOffsetDeleteResponseTopic[];
}

/** OffsetDeleteResponseTopic of OffsetDeleteResponse. */
export interface OffsetDeleteResponseOffsetDeleteResponseTopic {
  readonly name: string;
  readonly partitions: readonly OffsetDeleteResponseOffsetDeleteResponsePartition[];
}

/** OffsetDeleteResponsePartition of OffsetDeleteResponse. */
export interface OffsetDeleteResponseOffsetDeleteResponsePartition {
  readonly partitionIndex: number;
  readonly errorCode: number;
}

/** OffsetFetchRequest, versions 1-10. */
export interface OffsetFetchRequest {
  readonly [OPTIONAL]?: 'groupId' | 'topics' | 'groups' | 'requireStable';
  readonly groupId: string;
  readonly topics: readonly OffsetFetchRequestOffsetFetchRequestTopic[] | null;
  readonly groups: readonly OffsetFetchRequestOffsetFetchRequestGroup[];
  readonly requireStable: boolean;
}

/** OffsetFetchRequestTopic of OffsetFetchRequest. */
export interface OffsetFetchRequestOffsetFetchRequestTopic {
  readonly [OPTIONAL]?: 'name' | 'partitionIndexes';
  readonly name: string;
  readonly partitionIndexes: readonly number[];
}

/** OffsetFetchRequestGroup of OffsetFetchRequest. */
export interface OffsetFetchRequestOffsetFetchRequestGroup {
  readonly [OPTIONAL]?: 'groupId' | 'memberId' | 'memberEpoch' | 'topics';
  readonly groupId: string;
  readonly memberId: string | null;
  readonly memberEpoch: number;
  readonly topics: readonly OffsetFetchRequestOffsetFetchRequestTopics[] | null;
}

/** OffsetFetchRequestTopics of OffsetFetchRequest. */
export interface OffsetFetchRequestOffsetFetchRequestTopics {
  readonly [OPTIONAL]?: 'name' | 'topicId' | 'partitionIndexes';
  readonly name: string;
  readonly topicId: string;
  readonly partitionIndexes: readonly number[];
}

/** OffsetFetchResponse, versions 1-10. */
export interface OffsetFetchResponse {
  readonly [OPTIONAL]?: 'throttleTimeMs' | 'topics' | 'errorCode' | 'groups';
  readonly throttleTimeMs: number;
  readonly topics: readonly OffsetFetchResponseOffsetFetchResponseTopic[];
  readonly errorCode: number;
  readonly groups: readonly OffsetFetchResponseOffsetFetchResponseGroup[];
}

/** OffsetFetchResponseTopic of OffsetFetchResponse. */
export interface OffsetFetchResponseOffsetFetchResponseTopic {
  readonly [OPTIONAL]?: 'name' | 'partitions';
  readonly name: string;
  readonly partitions: readonly OffsetFetchResponseOffsetFetchResponsePartition[];
}

/** OffsetFetchResponsePartition of OffsetFetchResponse. */
export interface OffsetFetchResponseOffsetFetchResponsePartition {
  readonly [OPTIONAL]?: 'partitionIndex' | 'committedOffset' | 'committedLeaderEpoch' | 'metadata' | 'errorCode';
  readonly partitionIndex: number;
  readonly committedOffset: number;
  readonly committedLeaderEpoch: number;
  readonly metadata: string | null;
  readonly errorCode: number;
}

/** OffsetFetchResponseGroup of OffsetFetchResponse. */
export interface OffsetFetchResponseOffsetFetchResponseGroup {
  readonly [OPTIONAL]?: 'groupId' | 'topics' | 'errorCode';
  readonly groupId: string;
  readonly topics: readonly OffsetFetchResponseOffsetFetchResponseTopics[];
  readonly errorCode: number;
}

/** OffsetFetchResponseTopics of OffsetFetchResponse. */
export interface OffsetFetchResponseOffsetFetchResponseTopics {
  readonly [OPTIONAL]?: 'name' | 'topicId' | 'partitions';
  readonly name: string;
  readonly topicId: string;
  readonly partitions: readonly OffsetFetchResponseOffsetFetchResponsePartitions[];
}

/** OffsetFetchResponsePartitions of OffsetFetchResponse. */
export interface OffsetFetchResponseOffsetFetchResponsePartitions {
  readonly [OPTIONAL]?: 'partitionIndex' | 'committedOffset' | 'committedLeaderEpoch' | 'metadata' | 'errorCode';
  readonly partitionIndex: number;
  readonly committedOffset: number;
  readonly committedLeaderEpoch: number;
  readonly metadata: string | null;
  readonly errorCode: number;
}

/** OffsetForLeaderEpochRequest, versions 2-4. */
export interface OffsetForLeaderEpochRequest {
  readonly [OPTIONAL]?: 'replicaId';
  readonly replicaId: number;
  readonly topics: readonly OffsetForLeaderEpochRequestOffsetForLeaderTopic[];
}

/** OffsetForLeaderTopic of OffsetForLeaderEpochRequest. */
export interface OffsetForLeaderEpochRequestOffsetForLeaderTopic {
  readonly topic: string;
  readonly partitions: readonly OffsetForLeaderEpochRequestOffsetForLeaderPartition[];
}

/** OffsetForLeaderPartition of OffsetForLeaderEpochRequest. */
export interface OffsetForLeaderEpochRequestOffsetForLeaderPartition {
  readonly [OPTIONAL]?: 'currentLeaderEpoch';
  readonly partition: number;
  readonly currentLeaderEpoch: number;
  readonly leaderEpoch: number;
}

/** OffsetForLeaderEpochResponse, versions 2-4. */
export interface OffsetForLeaderEpochResponse {
  readonly [OPTIONAL]?: 'throttleTimeMs';
  readonly throttleTimeMs: number;
  readonly topics: readonly OffsetForLeaderEpochResponseOffsetForLeaderTopicResult[];
}

/** OffsetForLeaderTopicResult of OffsetForLeaderEpochResponse. */
export interface OffsetForLeaderEpochResponseOffsetForLeaderTopicResult {
  readonly topic: string;
  readonly partitions: readonly OffsetForLeaderEpochResponseEpochEndOffset[];
}

/** EpochEndOffset of OffsetForLeaderEpochResponse. */
export interface OffsetForLeaderEpochResponseEpochEndOffset {
  readonly [OPTIONAL]?: 'leaderEpoch' | 'endOffset';
  readonly errorCode: number;
  readonly partition: number;
  readonly leaderEpoch: number;
  readonly endOffset: number;
}

/** ProduceRequest, versions 3-13. */
export interface ProduceRequest {
  readonly [OPTIONAL]?: 'transactionalId';
  readonly transactionalId: string | null;
  readonly acks: number;
  readonly timeoutMs: number;
  readonly topicData: readonly ProduceRequestTopicProduceData[];
}

/** TopicProduceData of ProduceRequest. */
export interface ProduceRequestTopicProduceData {
  readonly [OPTIONAL]?: 'name' | 'topicId';
  readonly name: string;
  readonly topicId: string;
  readonly partitionData: readonly ProduceRequestPartitionProduceData[];
}

/** PartitionProduceData of ProduceRequest. */
export interface ProduceRequestPartitionProduceData {
  readonly index: number;
  readonly records: Uint8Array | null;
}

/** ProduceResponse, versions 3-13. */
export interface ProduceResponse {
  readonly [OPTIONAL]?: 'throttleTimeMs' | 'nodeEndpoints';
  readonly responses: readonly ProduceResponseTopicProduceResponse[];
  readonly throttleTimeMs: number;
  readonly nodeEndpoints: readonly ProduceResponseNodeEndpoint[];
}

/** TopicProduceResponse of ProduceResponse. */
export interface ProduceResponseTopicProduceResponse {
  readonly [OPTIONAL]?: 'name' | 'topicId';
  readonly name: string;
  readonly topicId: string;
  readonly partitionResponses: readonly ProduceResponsePartitionProduceResponse[];
}

/** PartitionProduceResponse of ProduceResponse. */
export interface ProduceResponsePartitionProduceResponse {
  readonly [OPTIONAL]?: 'logAppendTimeMs' | 'logStartOffset' | 'recordErrors' | 'errorMessage' | 'currentLeader';
  readonly index: number;
  readonly errorCode: number;
  readonly baseOffset: number;
  readonly logAppendTimeMs: number;
  readonly logStartOffset: number;
  readonly recordErrors: readonly ProduceResponseBatchIndexAndErrorMessage[];
  readonly errorMessage: string | null;
  readonly currentLeader: ProduceResponseLeaderIdAndEpoch;
}

/** BatchIndexAndErrorMessage of ProduceResponse. */
export interface ProduceResponseBatchIndexAndErrorMessage {
  readonly [OPTIONAL]?: 'batchIndex' | 'batchIndexErrorMessage';
  readonly batchIndex: number;
  readonly batchIndexErrorMessage: string | null;
}

/** LeaderIdAndEpoch of ProduceResponse. */
export interface ProduceResponseLeaderIdAndEpoch {
  readonly [OPTIONAL]?: 'leaderId' | 'leaderEpoch';
  readonly leaderId: number;
  readonly leaderEpoch: number;
}

/** NodeEndpoint of ProduceResponse. */
export interface ProduceResponseNodeEndpoint {
  readonly [OPTIONAL]?: 'nodeId' | 'host' | 'port' | 'rack';
  readonly nodeId: number;
  readonly host: string;
  readonly port: number;
  readonly rack: string | null;
}

/** PushTelemetryRequest, versions 0. */
export interface PushTelemetryRequest {
  readonly clientInstanceId: string;
  readonly subscriptionId: number;
  readonly terminating: boolean;
  readonly compressionType: number;
  readonly metrics: Uint8Array;
}

/** PushTelemetryResponse, versions 0. */
export interface PushTelemetryResponse {
  readonly throttleTimeMs: number;
  readonly errorCode: number;
}

/** ReadShareGroupStateRequest, versions 0. */
export interface ReadShareGroupStateRequest {
  readonly groupId: string;
  readonly topics: readonly ReadShareGroupStateRequestReadStateData[];
}

/** ReadStateData of ReadShareGroupStateRequest. */
export interface ReadShareGroupStateRequestReadStateData {
  readonly topicId: string;
  readonly partitions: readonly ReadShareGroupStateRequestPartitionData[];
}

/** PartitionData of ReadShareGroupStateRequest. */
export interface ReadShareGroupStateRequestPartitionData {
  readonly partition: number;
  readonly leaderEpoch: number;
}

/** ReadShareGroupStateResponse, versions 0. */
export interface ReadShareGroupStateResponse {
  readonly results: readonly ReadShareGroupStateResponseReadStateResult[];
}

/** ReadStateResult of ReadShareGroupStateResponse. */
export interface ReadShareGroupStateResponseReadStateResult {
  readonly topicId: string;
  readonly partitions: readonly ReadShareGroupStateResponsePartitionResult[];
}

/** PartitionResult of ReadShareGroupStateResponse. */
export interface ReadShareGroupStateResponsePartitionResult {
  readonly [OPTIONAL]?: 'errorMessage';
  readonly partition: number;
  readonly errorCode: number;
  readonly errorMessage: string | null;
  readonly stateEpoch: number;
  readonly startOffset: number;
  readonly stateBatches: readonly ReadShareGroupStateResponseStateBatch[];
}

/** StateBatch of ReadShareGroupStateResponse. */
export interface ReadShareGroupStateResponseStateBatch {
  readonly firstOffset: number;
  readonly lastOffset: number;
  readonly deliveryState: number;
  readonly deliveryCount: number;
}

/** ReadShareGroupStateSummaryRequest, versions 0-1. */
export interface ReadShareGroupStateSummaryRequest {
  readonly groupId: string;
  readonly topics: readonly ReadShareGroupStateSummaryRequestReadStateSummaryData[];
}

/** ReadStateSummaryData of ReadShareGroupStateSummaryRequest. */
export interface ReadShareGroupStateSummaryRequestReadStateSummaryData {
  readonly topicId: string;
  readonly partitions: readonly ReadShareGroupStateSummaryRequestPartitionData[];
}

/** PartitionData of ReadShareGroupStateSummaryRequest. */
export interface ReadShareGroupStateSummaryRequestPartitionData {
  readonly partition: number;
  readonly leaderEpoch: number;
}

/** ReadShareGroupStateSummaryResponse, versions 0-1. */
export interface ReadShareGroupStateSummaryResponse {
  readonly results: readonly ReadShareGroupStateSummaryResponseReadStateSummaryResult[];
}

/** ReadStateSummaryResult of ReadShareGroupStateSummaryResponse. */
export interface ReadShareGroupStateSummaryResponseReadStateSummaryResult {
  readonly topicId: string;
  readonly partitions: readonly ReadShareGroupStateSummaryResponsePartitionResult[];
}

/** PartitionResult of ReadShareGroupStateSummaryResponse. */
export interface ReadShareGroupStateSummaryResponsePartitionResult {
  readonly [OPTIONAL]?: 'errorMessage' | 'deliveryCompleteCount';
  readonly partition: number;
  readonly errorCode: number;
  readonly errorMessage: string | null;
  readonly stateEpoch: number;
  readonly leaderEpoch: number;
  readonly startOffset: number;
  readonly deliveryCompleteCount: number;
}

/** RemoveRaftVoterRequest, versions 0. */
export interface RemoveRaftVoterRequest {
  readonly clusterId: string | null;
  readonly voterId: number;
  readonly voterDirectoryId: string;
}

/** RemoveRaftVoterResponse, versions 0. */
export interface RemoveRaftVoterResponse {
  readonly [OPTIONAL]?: 'errorMessage';
  readonly throttleTimeMs: number;
  readonly errorCode: number;
  readonly errorMessage: string | null;
}

/** RenewDelegationTokenRequest, versions 1-2. */
export interface RenewDelegationTokenRequest {
  readonly hmac: Uint8Array;
  readonly renewPeriodMs: number;
}

/** RenewDelegationTokenResponse, versions 1-2. */
export interface RenewDelegationTokenResponse {
  readonly errorCode: number;
  readonly expiryTimestampMs: number;
  readonly throttleTimeMs: number;
}

/** RequestHeader, versions 1-2. */
export interface RequestHeader {
  readonly requestApiKey: number;
  readonly requestApiVersion: number;
  readonly correlationId: number;
  readonly clientId: string | null;
}

/** ResponseHeader, versions 0-1. */
export interface ResponseHeader {
  readonly correlationId: number;
}

/** SaslAuthenticateRequest, versions 0-2. */
export interface SaslAuthenticateRequest {
  readonly authBytes: Uint8Array;
}

/** SaslAuthenticateResponse, versions 0-2. */
export interface SaslAuthenticateResponse {
  readonly [OPTIONAL]?: 'sessionLifetimeMs';
  readonly errorCode: number;
  readonly errorMessage: string | null;
  readonly authBytes: Uint8Array;
  readonly sessionLifetimeMs: number;
}

/** SaslHandshakeRequest, versions 0-1. */
export interface SaslHandshakeRequest {
  readonly mechanism: string;
}

/** SaslHandshakeResponse, versions 0-1. */
export interface SaslHandshakeResponse {
  readonly errorCode: number;
  readonly mechanisms: readonly string[];
}

/** ShareAcknowledgeRequest, versions 1-2. */
export interface ShareAcknowledgeRequest {
  readonly [OPTIONAL]?: 'groupId' | 'isRenewAck';
  readonly groupId: string | null;
  readonly memberId: string | null;
  readonly shareSessionEpoch: number;
  readonly isRenewAck: boolean;
  readonly topics: readonly ShareAcknowledgeRequestAcknowledgeTopic[];
}

/** AcknowledgeTopic of ShareAcknowledgeRequest. */
export interface ShareAcknowledgeRequestAcknowledgeTopic {
  readonly topicId: string;
  readonly partitions: readonly ShareAcknowledgeRequestAcknowledgePartition[];
}

/** AcknowledgePartition of ShareAcknowledgeRequest. */
export interface ShareAcknowledgeRequestAcknowledgePartition {
  readonly partitionIndex: number;
  readonly acknowledgementBatches: readonly ShareAcknowledgeRequestAcknowledgementBatch[];
}

/** AcknowledgementBatch of ShareAcknowledgeRequest. */
export interface ShareAcknowledgeRequestAcknowledgementBatch {
  readonly firstOffset: number;
  readonly lastOffset: number;
  readonly acknowledgeTypes: readonly number[];
}

/** ShareAcknowledgeResponse, versions 1-2. */
export interface ShareAcknowledgeResponse {
  readonly [OPTIONAL]?: 'errorMessage' | 'acquisitionLockTimeoutMs';
  readonly throttleTimeMs: number;
  readonly errorCode: number;
  readonly errorMessage: string | null;
  readonly acquisitionLockTimeoutMs: number;
  readonly responses: readonly ShareAcknowledgeResponseShareAcknowledgeTopicResponse[];
  readonly nodeEndpoints: readonly ShareAcknowledgeResponseNodeEndpoint[];
}

/** ShareAcknowledgeTopicResponse of ShareAcknowledgeResponse. */
export interface ShareAcknowledgeResponseShareAcknowledgeTopicResponse {
  readonly topicId: string;
  readonly partitions: readonly ShareAcknowledgeResponsePartitionData[];
}

/** PartitionData of ShareAcknowledgeResponse. */
export interface ShareAcknowledgeResponsePartitionData {
  readonly [OPTIONAL]?: 'errorMessage';
  readonly partitionIndex: number;
  readonly errorCode: number;
  readonly errorMessage: string | null;
  readonly currentLeader: ShareAcknowledgeResponseLeaderIdAndEpoch;
}

/** LeaderIdAndEpoch of ShareAcknowledgeResponse. */
export interface ShareAcknowledgeResponseLeaderIdAndEpoch {
  readonly leaderId: number;
  readonly leaderEpoch: number;
}

/** NodeEndpoint of ShareAcknowledgeResponse. */
export interface ShareAcknowledgeResponseNodeEndpoint {
  readonly [OPTIONAL]?: 'rack';
  readonly nodeId: number;
  readonly host: string;
  readonly port: number;
  readonly rack: string | null;
}

/** ShareFetchRequest, versions 1-2. */
export interface ShareFetchRequest {
  readonly [OPTIONAL]?: 'groupId' | 'maxBytes' | 'shareAcquireMode' | 'isRenewAck';
  readonly groupId: string | null;
  readonly memberId: string | null;
  readonly shareSessionEpoch: number;
  readonly maxWaitMs: number;
  readonly minBytes: number;
  readonly maxBytes: number;
  readonly maxRecords: number;
  readonly batchSize: number;
  readonly shareAcquireMode: number;
  readonly isRenewAck: boolean;
  readonly topics: readonly ShareFetchRequestFetchTopic[];
  readonly forgottenTopicsData: readonly ShareFetchRequestForgottenTopic[];
}

/** FetchTopic of ShareFetchRequest. */
export interface ShareFetchRequestFetchTopic {
  readonly topicId: string;
  readonly partitions: readonly ShareFetchRequestFetchPartition[];
}

/** FetchPartition of ShareFetchRequest. */
export interface ShareFetchRequestFetchPartition {
  readonly [OPTIONAL]?: 'partitionMaxBytes';
  readonly partitionIndex: number;
  readonly partitionMaxBytes: number;
  readonly acknowledgementBatches: readonly ShareFetchRequestAcknowledgementBatch[];
}

/** AcknowledgementBatch of ShareFetchRequest. */
export interface ShareFetchRequestAcknowledgementBatch {
  readonly firstOffset: number;
  readonly lastOffset: number;
  readonly acknowledgeTypes: readonly number[];
}

/** ForgottenTopic of ShareFetchRequest. */
export interface ShareFetchRequestForgottenTopic {
  readonly topicId: string;
  readonly partitions: readonly number[];
}

/** ShareFetchResponse, versions 1-2. */
export interface ShareFetchResponse {
  readonly [OPTIONAL]?: 'errorMessage';
  readonly throttleTimeMs: number;
  readonly errorCode: number;
  readonly errorMessage: string | null;
  readonly acquisitionLockTimeoutMs: number;
  readonly responses: readonly ShareFetchResponseShareFetchableTopicResponse[];
  readonly nodeEndpoints: readonly ShareFetchResponseNodeEndpoint[];
}

/** ShareFetchableTopicResponse of ShareFetchResponse. */
export interface ShareFetchResponseShareFetchableTopicResponse {
  readonly topicId: string;
  readonly partitions: readonly ShareFetchResponsePartitionData[];
}

/** PartitionData of ShareFetchResponse. */
export interface ShareFetchResponsePartitionData {
  readonly [OPTIONAL]?: 'errorMessage' | 'acknowledgeErrorMessage';
  readonly partitionIndex: number;
  readonly errorCode: number;
  readonly errorMessage: string | null;
  readonly acknowledgeErrorCode: number;
  readonly acknowledgeErrorMessage: string | null;
  readonly currentLeader: ShareFetchResponseLeaderIdAndEpoch;
  readonly records: Uint8Array;
  readonly acquiredRecords: readonly ShareFetchResponseAcquiredRecords[];
}

/** LeaderIdAndEpoch of ShareFetchResponse. */
export interface ShareFetchResponseLeaderIdAndEpoch {
  readonly leaderId: number;
  readonly leaderEpoch: number;
}

/** AcquiredRecords of ShareFetchResponse. */
export interface ShareFetchResponseAcquiredRecords {
  readonly firstOffset: number;
  readonly lastOffset: number;
  readonly deliveryCount: number;
}

/** NodeEndpoint of ShareFetchResponse. */
export interface ShareFetchResponseNodeEndpoint {
  readonly [OPTIONAL]?: 'rack';
  readonly nodeId: number;
  readonly host: string;
  readonly port: number;
  readonly rack: string | null;
}

/** ShareGroupDescribeRequest, versions 1. */
export interface ShareGroupDescribeRequest {
  readonly groupIds: readonly string[];
  readonly includeAuthorizedOperations: boolean;
}

/** ShareGroupDescribeResponse, versions 1. */
export interface ShareGroupDescribeResponse {
  readonly throttleTimeMs: number;
  readonly groups: readonly ShareGroupDescribeResponseDescribedGroup[];
}

/** DescribedGroup of ShareGroupDescribeResponse. */
export interface ShareGroupDescribeResponseDescribedGroup {
  readonly [OPTIONAL]?: 'errorMessage' | 'authorizedOperations';
  readonly errorCode: number;
  readonly errorMessage: string | null;
  readonly groupId: string;
  readonly groupState: string;
  readonly groupEpoch: number;
  readonly assignmentEpoch: number;
  readonly assignorName: string;
  readonly members: readonly ShareGroupDescribeResponseMember[];
  readonly authorizedOperations: number;
}

/** Member of ShareGroupDescribeResponse. */
export interface ShareGroupDescribeResponseMember {
  readonly [OPTIONAL]?: 'rackId';
  readonly memberId: string;
  readonly rackId: string | null;
  readonly memberEpoch: number;
  readonly clientId: string;
  readonly clientHost: string;
  readonly subscribedTopicNames: readonly string[];
  readonly assignment: ShareGroupDescribeResponseAssignment;
}

/** TopicPartitions of ShareGroupDescribeResponse. */
export interface ShareGroupDescribeResponseTopicPartitions {
  readonly topicId: string;
  readonly topicName: string;
  readonly partitions: readonly number[];
}

/** Assignment of ShareGroupDescribeResponse. */
export interface ShareGroupDescribeResponseAssignment {
  readonly topicPartitions: readonly ShareGroupDescribeResponseTopicPartitions[];
}

/** ShareGroupHeartbeatRequest, versions 1. */
export interface ShareGroupHeartbeatRequest {
  readonly [OPTIONAL]?: 'rackId' | 'subscribedTopicNames';
  readonly groupId: string;
  readonly memberId: string;
  readonly memberEpoch: number;
  readonly rackId: string | null;
  readonly subscribedTopicNames: readonly string[] | null;
}

/** ShareGroupHeartbeatResponse, versions 1. */
export interface ShareGroupHeartbeatResponse {
  readonly [OPTIONAL]?: 'errorMessage' | 'memberId' | 'assignment';
  readonly throttleTimeMs: number;
  readonly errorCode: number;
  readonly errorMessage: string | null;
  readonly memberId: string | null;
  readonly memberEpoch: number;
  readonly heartbeatIntervalMs: number;
  readonly assignment: ShareGroupHeartbeatResponseAssignment | null;
}

/** Assignment of ShareGroupHeartbeatResponse. */
export interface ShareGroupHeartbeatResponseAssignment {
  readonly topicPartitions: readonly ShareGroupHeartbeatResponseTopicPartitions[];
}

/** TopicPartitions of ShareGroupHeartbeatResponse. */
export interface ShareGroupHeartbeatResponseTopicPartitions {
  readonly topicId: string;
  readonly partitions: readonly number[];
}

/** StreamsGroupDescribeRequest, versions 0-1. */
export interface StreamsGroupDescribeRequest {
  readonly [OPTIONAL]?: 'includeTopologyDescription';
  readonly groupIds: readonly string[];
  readonly includeAuthorizedOperations: boolean;
  readonly includeTopologyDescription: boolean;
}

/** StreamsGroupDescribeResponse, versions 0-1. */
export interface StreamsGroupDescribeResponse {
  readonly throttleTimeMs: number;
  readonly groups: readonly StreamsGroupDescribeResponseDescribedGroup[];
}

/** DescribedGroup of StreamsGroupDescribeResponse. */
export interface StreamsGroupDescribeResponseDescribedGroup {
  readonly [OPTIONAL]?: 'errorMessage' | 'topology' | 'authorizedOperations' | 'topologyDescription' | 'topologyDescriptionStatus' | 'assignorName';
  readonly errorCode: number;
  readonly errorMessage: string | null;
  readonly groupId: string;
  readonly groupState: string;
  readonly groupEpoch: number;
  readonly assignmentEpoch: number;
  readonly topology: StreamsGroupDescribeResponseTopology | null;
  readonly members: readonly StreamsGroupDescribeResponseMember[];
  readonly authorizedOperations: number;
  readonly topologyDescription: StreamsGroupDescribeResponseTopologyDescription | null;
  readonly topologyDescriptionStatus: number;
  readonly assignorName: string | null;
}

/** Topology of StreamsGroupDescribeResponse. */
export interface StreamsGroupDescribeResponseTopology {
  readonly [OPTIONAL]?: 'subtopologies';
  readonly epoch: number;
  readonly subtopologies: readonly StreamsGroupDescribeResponseSubtopology[] | null;
}

/** Subtopology of StreamsGroupDescribeResponse. */
export interface StreamsGroupDescribeResponseSubtopology {
  readonly subtopologyId: string;
  readonly sourceTopics: readonly string[];
  readonly repartitionSinkTopics: readonly string[];
  readonly stateChangelogTopics: readonly StreamsGroupDescribeResponseTopicInfo[];
  readonly repartitionSourceTopics: readonly StreamsGroupDescribeResponseTopicInfo[];
}

/** Member of StreamsGroupDescribeResponse. */
export interface StreamsGroupDescribeResponseMember {
  readonly [OPTIONAL]?: 'instanceId' | 'rackId' | 'userEndpoint';
  readonly memberId: string;
  readonly memberEpoch: number;
  readonly instanceId: string | null;
  readonly rackId: string | null;
  readonly clientId: string;
  readonly clientHost: string;
  readonly topologyEpoch: number;
  readonly processId: string;
  readonly userEndpoint: StreamsGroupDescribeResponseEndpoint | null;
  readonly clientTags: readonly StreamsGroupDescribeResponseKeyValue[];
  readonly taskOffsets: readonly StreamsGroupDescribeResponseTaskOffset[];
  readonly taskEndOffsets: readonly StreamsGroupDescribeResponseTaskOffset[];
  readonly assignment: StreamsGroupDescribeResponseAssignment;
  readonly targetAssignment: StreamsGroupDescribeResponseAssignment;
  readonly isClassic: boolean;
}

/** Endpoint of StreamsGroupDescribeResponse. */
export interface StreamsGroupDescribeResponseEndpoint {
  readonly host: string;
  readonly port: number;
}

/** TaskOffset of StreamsGroupDescribeResponse. */
export interface StreamsGroupDescribeResponseTaskOffset {
  readonly subtopologyId: string;
  readonly partition: number;
  readonly offset: number;
}

/** Assignment of StreamsGroupDescribeResponse. */
export interface StreamsGroupDescribeResponseAssignment {
  readonly activeTasks: readonly StreamsGroupDescribeResponseTaskIds[];
  readonly standbyTasks: readonly StreamsGroupDescribeResponseTaskIds[];
  readonly warmupTasks: readonly StreamsGroupDescribeResponseTaskIds[];
}

/** TaskIds of StreamsGroupDescribeResponse. */
export interface StreamsGroupDescribeResponseTaskIds {
  readonly subtopologyId: string;
  readonly partitions: readonly number[];
}

/** KeyValue of StreamsGroupDescribeResponse. */
export interface StreamsGroupDescribeResponseKeyValue {
  readonly key: string;
  readonly value: string;
}

/** TopicInfo of StreamsGroupDescribeResponse. */
export interface StreamsGroupDescribeResponseTopicInfo {
  readonly name: string;
  readonly partitions: number;
  readonly replicationFactor: number;
  readonly topicConfigs: readonly StreamsGroupDescribeResponseKeyValue[];
}

/** TopologyDescription of StreamsGroupDescribeResponse. */
export interface StreamsGroupDescribeResponseTopologyDescription {
  readonly [OPTIONAL]?: 'subtopologies' | 'globalStores';
  readonly subtopologies: readonly StreamsGroupDescribeResponseTopologyDescriptionSubtopology[];
  readonly globalStores: readonly StreamsGroupDescribeResponseTopologyDescriptionGlobalStore[];
}

/** TopologyDescriptionSubtopology of StreamsGroupDescribeResponse. */
export interface StreamsGroupDescribeResponseTopologyDescriptionSubtopology {
  readonly [OPTIONAL]?: 'subtopologyId' | 'nodes';
  readonly subtopologyId: string;
  readonly nodes: readonly StreamsGroupDescribeResponseTopologyDescriptionNode[];
}

/** TopologyDescriptionNode of StreamsGroupDescribeResponse. */
export interface StreamsGroupDescribeResponseTopologyDescriptionNode {
  readonly [OPTIONAL]?: 'name' | 'nodeType' | 'sourceTopics' | 'sinkTopic' | 'stores' | 'successors';
  readonly name: string;
  readonly nodeType: number;
  readonly sourceTopics: readonly string[];
  readonly sinkTopic: string | null;
  readonly stores: readonly string[];
  readonly successors: readonly string[];
}

/** TopologyDescriptionGlobalStore of StreamsGroupDescribeResponse. */
export interface StreamsGroupDescribeResponseTopologyDescriptionGlobalStore {
  readonly [OPTIONAL]?: 'source' | 'processor';
  readonly source: StreamsGroupDescribeResponseTopologyDescriptionNode;
  readonly processor: StreamsGroupDescribeResponseTopologyDescriptionNode;
}

/** StreamsGroupHeartbeatRequest, versions 0-1. */
export interface StreamsGroupHeartbeatRequest {
  readonly [OPTIONAL]?: 'instanceId' | 'rackId' | 'rebalanceTimeoutMs' | 'topology' | 'activeTasks' | 'standbyTasks' | 'warmupTasks' | 'processId' | 'userEndpoint' | 'clientTags' | 'taskOffsets' | 'taskEndOffsets' | 'shutdownApplication';
  readonly groupId: string;
  readonly memberId: string;
  readonly memberEpoch: number;
  readonly endpointInformationEpoch: number;
  readonly instanceId: string | null;
  readonly rackId: string | null;
  readonly rebalanceTimeoutMs: number;
  readonly topology: StreamsGroupHeartbeatRequestTopology | null;
  readonly activeTasks: readonly StreamsGroupHeartbeatRequestTaskIds[] | null;
  readonly standbyTasks: readonly StreamsGroupHeartbeatRequestTaskIds[] | null;
  readonly warmupTasks: readonly StreamsGroupHeartbeatRequestTaskIds[] | null;
  readonly processId: string | null;
  readonly userEndpoint: StreamsGroupHeartbeatRequestEndpoint | null;
  readonly clientTags: readonly StreamsGroupHeartbeatRequestKeyValue[] | null;
  readonly taskOffsets: readonly StreamsGroupHeartbeatRequestTaskOffset[] | null;
  readonly taskEndOffsets: readonly StreamsGroupHeartbeatRequestTaskOffset[] | null;
  readonly shutdownApplication: boolean;
}

/** Topology of StreamsGroupHeartbeatRequest. */
export interface StreamsGroupHeartbeatRequestTopology {
  readonly epoch: number;
  readonly subtopologies: readonly StreamsGroupHeartbeatRequestSubtopology[];
}

/** Subtopology of StreamsGroupHeartbeatRequest. */
export interface StreamsGroupHeartbeatRequestSubtopology {
  readonly subtopologyId: string;
  readonly sourceTopics: readonly string[];
  readonly sourceTopicRegex: readonly string[];
  readonly stateChangelogTopics: readonly StreamsGroupHeartbeatRequestTopicInfo[];
  readonly repartitionSinkTopics: readonly string[];
  readonly repartitionSourceTopics: readonly StreamsGroupHeartbeatRequestTopicInfo[];
  readonly copartitionGroups: readonly StreamsGroupHeartbeatRequestCopartitionGroup[];
}

/** CopartitionGroup of StreamsGroupHeartbeatRequest. */
export interface StreamsGroupHeartbeatRequestCopartitionGroup {
  readonly sourceTopics: readonly number[];
  readonly sourceTopicRegex: readonly number[];
  readonly repartitionSourceTopics: readonly number[];
}

/** KeyValue of StreamsGroupHeartbeatRequest. */
export interface StreamsGroupHeartbeatRequestKeyValue {
  readonly key: string;
  readonly value: string;
}

/** TopicInfo of StreamsGroupHeartbeatRequest. */
export interface StreamsGroupHeartbeatRequestTopicInfo {
  readonly name: string;
  readonly partitions: number;
  readonly replicationFactor: number;
  readonly topicConfigs: readonly StreamsGroupHeartbeatRequestKeyValue[];
}

/** Endpoint of StreamsGroupHeartbeatRequest. */
export interface StreamsGroupHeartbeatRequestEndpoint {
  readonly host: string;
  readonly port: number;
}

/** TaskOffset of StreamsGroupHeartbeatRequest. */
export interface StreamsGroupHeartbeatRequestTaskOffset {
  readonly subtopologyId: string;
  readonly partition: number;
  readonly offset: number;
}

/** TaskIds of StreamsGroupHeartbeatRequest. */
export interface StreamsGroupHeartbeatRequestTaskIds {
  readonly subtopologyId: string;
  readonly partitions: readonly number[];
}

/** StreamsGroupHeartbeatResponse, versions 0-1. */
export interface StreamsGroupHeartbeatResponse {
  readonly [OPTIONAL]?: 'errorMessage' | 'acceptableRecoveryLagLegacy' | 'acceptableRecoveryLag' | 'activeTasks' | 'standbyTasks' | 'warmupTasks' | 'topologyDescriptionRequired' | 'partitionsByUserEndpoint';
  readonly throttleTimeMs: number;
  readonly errorCode: number;
  readonly errorMessage: string | null;
  readonly memberId: string;
  readonly memberEpoch: number;
  readonly heartbeatIntervalMs: number;
  readonly acceptableRecoveryLagLegacy: number;
  readonly taskOffsetIntervalMs: number;
  readonly acceptableRecoveryLag: number;
  readonly status: readonly StreamsGroupHeartbeatResponseStatus[] | null;
  readonly activeTasks: readonly StreamsGroupHeartbeatResponseTaskIds[] | null;
  readonly standbyTasks: readonly StreamsGroupHeartbeatResponseTaskIds[] | null;
  readonly warmupTasks: readonly StreamsGroupHeartbeatResponseTaskIds[] | null;
  readonly topologyDescriptionRequired: boolean;
  readonly endpointInformationEpoch: number;
  readonly partitionsByUserEndpoint: readonly StreamsGroupHeartbeatResponseEndpointToPartitions[] | null;
}

/** EndpointToPartitions of StreamsGroupHeartbeatResponse. */
export interface StreamsGroupHeartbeatResponseEndpointToPartitions {
  readonly userEndpoint: StreamsGroupHeartbeatResponseEndpoint;
  readonly activePartitions: readonly StreamsGroupHeartbeatResponseTopicPartition[];
  readonly standbyPartitions: readonly StreamsGroupHeartbeatResponseTopicPartition[];
}

/** Status of StreamsGroupHeartbeatResponse. */
export interface StreamsGroupHeartbeatResponseStatus {
  readonly statusCode: number;
  readonly statusDetail: string;
}

/** TopicPartition of StreamsGroupHeartbeatResponse. */
export interface StreamsGroupHeartbeatResponseTopicPartition {
  readonly topic: string;
  readonly partitions: readonly number[];
}

/** TaskIds of StreamsGroupHeartbeatResponse. */
export interface StreamsGroupHeartbeatResponseTaskIds {
  readonly subtopologyId: string;
  readonly partitions: readonly number[];
}

/** Endpoint of StreamsGroupHeartbeatResponse. */
export interface StreamsGroupHeartbeatResponseEndpoint {
  readonly host: string;
  readonly port: number;
}

/** StreamsGroupTopologyDescriptionUpdateRequest, versions 0. */
export interface StreamsGroupTopologyDescriptionUpdateRequest {
  readonly groupId: string;
  readonly memberId: string;
  readonly topologyEpoch: number;
  readonly topologyDescription: StreamsGroupTopologyDescriptionUpdateRequestTopologyDescription;
}

/** TopologyDescription of StreamsGroupTopologyDescriptionUpdateRequest. */
export interface StreamsGroupTopologyDescriptionUpdateRequestTopologyDescription {
  readonly subtopologies: readonly StreamsGroupTopologyDescriptionUpdateRequestTopologyDescriptionSubtopology[];
  readonly globalStores: readonly StreamsGroupTopologyDescriptionUpdateRequestTopologyDescriptionGlobalStore[];
}

/** TopologyDescriptionSubtopology of StreamsGroupTopologyDescriptionUpdateRequest. */
export interface StreamsGroupTopologyDescriptionUpdateRequestTopologyDescriptionSubtopology {
  readonly subtopologyId: string;
  readonly nodes: readonly StreamsGroupTopologyDescriptionUpdateRequestTopologyDescriptionNode[];
}

/** TopologyDescriptionNode of StreamsGroupTopologyDescriptionUpdateRequest. */
export interface StreamsGroupTopologyDescriptionUpdateRequestTopologyDescriptionNode {
  readonly [OPTIONAL]?: 'sinkTopic';
  readonly name: string;
  readonly nodeType: number;
  readonly sourceTopics: readonly string[];
  readonly sinkTopic: string | null;
  readonly stores: readonly string[];
  readonly successors: readonly string[];
}

/** TopologyDescriptionGlobalStore of StreamsGroupTopologyDescriptionUpdateRequest. */
export interface StreamsGroupTopologyDescriptionUpdateRequestTopologyDescriptionGlobalStore {
  readonly source: StreamsGroupTopologyDescriptionUpdateRequestTopologyDescriptionNode;
  readonly processor: StreamsGroupTopologyDescriptionUpdateRequestTopologyDescriptionNode;
}

/** StreamsGroupTopologyDescriptionUpdateResponse, versions 0. */
export interface StreamsGroupTopologyDescriptionUpdateResponse {
  readonly [OPTIONAL]?: 'errorMessage';
  readonly throttleTimeMs: number;
  readonly errorCode: number;
  readonly errorMessage: string | null;
}

/** SyncGroupRequest, versions 0-5. */
export interface SyncGroupRequest {
  readonly [OPTIONAL]?: 'groupInstanceId' | 'protocolType' | 'protocolName';
  readonly groupId: string;
  readonly generationId: number;
  readonly memberId: string;
  readonly groupInstanceId: string | null;
  readonly protocolType: string | null;
  readonly protocolName: string | null;
  readonly assignments: readonly SyncGroupRequestSyncGroupRequestAssignment[];
}

/** SyncGroupRequestAssignment of SyncGroupRequest. */
export interface SyncGroupRequestSyncGroupRequestAssignment {
  readonly memberId: string;
  readonly assignment: Uint8Array;
}

/** SyncGroupResponse, versions 0-5. */
export interface SyncGroupResponse {
  readonly [OPTIONAL]?: 'throttleTimeMs' | 'protocolType' | 'protocolName';
  readonly throttleTimeMs: number;
  readonly errorCode: number;
  readonly protocolType: string | null;
  readonly protocolName: string | null;
  readonly assignment: Uint8Array;
}

/** TxnOffsetCommitRequest, versions 0-6. */
export interface TxnOffsetCommitRequest {
  readonly [OPTIONAL]?: 'generationIdOrMemberEpoch' | 'memberId' | 'groupInstanceId';
  readonly transactionalId: string;
  readonly groupId: string;
  readonly producerId: number;
  readonly producerEpoch: number;
  readonly generationIdOrMemberEpoch: number;
  readonly memberId: string;
  readonly groupInstanceId: string | null;
  readonly topics: readonly TxnOffsetCommitRequestTxnOffsetCommitRequestTopic[];
}

/** TxnOffsetCommitRequestTopic of TxnOffsetCommitRequest. */
export interface TxnOffsetCommitRequestTxnOffsetCommitRequestTopic {
  readonly [OPTIONAL]?: 'name' | 'topicId';
  readonly name: string;
  readonly topicId: string;
  readonly partitions: readonly TxnOffsetCommitRequestTxnOffsetCommitRequestPartition[];
}

/** TxnOffsetCommitRequestPartition of TxnOffsetCommitRequest. */
export interface TxnOffsetCommitRequestTxnOffsetCommitRequestPartition {
  readonly [OPTIONAL]?: 'committedLeaderEpoch';
  readonly partitionIndex: number;
  readonly committedOffset: number;
  readonly committedLeaderEpoch: number;
  readonly committedMetadata: string | null;
}

/** TxnOffsetCommitResponse, versions 0-6. */
export interface TxnOffsetCommitResponse {
  readonly throttleTimeMs: number;
  readonly topics: readonly TxnOffsetCommitResponseTxnOffsetCommitResponseTopic[];
}

/** TxnOffsetCommitResponseTopic of TxnOffsetCommitResponse. */
export interface TxnOffsetCommitResponseTxnOffsetCommitResponseTopic {
  readonly [OPTIONAL]?: 'name' | 'topicId';
  readonly name: string;
  readonly topicId: string;
  readonly partitions: readonly TxnOffsetCommitResponseTxnOffsetCommitResponsePartition[];
}

/** TxnOffsetCommitResponsePartition of TxnOffsetCommitResponse. */
export interface TxnOffsetCommitResponseTxnOffsetCommitResponsePartition {
  readonly partitionIndex: number;
  readonly errorCode: number;
}

/** UnregisterBrokerRequest, versions 0. */
export interface UnregisterBrokerRequest {
  readonly brokerId: number;
}

/** UnregisterBrokerResponse, versions 0. */
export interface UnregisterBrokerResponse {
  readonly throttleTimeMs: number;
  readonly errorCode: number;
  readonly errorMessage: string | null;
}

/** UnregisterControllerRequest, versions 0. */
export interface UnregisterControllerRequest {
  readonly controllerId: number;
}

/** UnregisterControllerResponse, versions 0. */
export interface UnregisterControllerResponse {
  readonly throttleTimeMs: number;
  readonly errorCode: number;
  readonly errorMessage: string | null;
}

/** UpdateFeaturesRequest, versions 0-2. */
export interface UpdateFeaturesRequest {
  readonly [OPTIONAL]?: 'timeoutMs' | 'validateOnly';
  readonly timeoutMs: number;
  readonly featureUpdates: readonly UpdateFeaturesRequestFeatureUpdateKey[];
  readonly validateOnly: boolean;
}

/** FeatureUpdateKey of UpdateFeaturesRequest. */
export interface UpdateFeaturesRequestFeatureUpdateKey {
  readonly [OPTIONAL]?: 'allowDowngrade' | 'upgradeType';
  readonly feature: string;
  readonly maxVersionLevel: number;
  readonly allowDowngrade: boolean;
  readonly upgradeType: number;
}

/** UpdateFeaturesResponse, versions 0-2. */
export interface UpdateFeaturesResponse {
  readonly [OPTIONAL]?: 'results';
  readonly throttleTimeMs: number;
  readonly errorCode: number;
  readonly errorMessage: string | null;
  readonly results: readonly UpdateFeaturesResponseUpdatableFeatureResult[];
}

/** UpdatableFeatureResult of UpdateFeaturesResponse. */
export interface UpdateFeaturesResponseUpdatableFeatureResult {
  readonly feature: string;
  readonly errorCode: number;
  readonly errorMessage: string | null;
}

/** WriteShareGroupStateRequest, versions 0-1. */
export interface WriteShareGroupStateRequest {
  readonly groupId: string;
  readonly topics: readonly WriteShareGroupStateRequestWriteStateData[];
}

/** WriteStateData of WriteShareGroupStateRequest. */
export interface WriteShareGroupStateRequestWriteStateData {
  readonly topicId: string;
  readonly partitions: readonly WriteShareGroupStateRequestPartitionData[];
}

/** PartitionData of WriteShareGroupStateRequest. */
export interface WriteShareGroupStateRequestPartitionData {
  readonly [OPTIONAL]?: 'deliveryCompleteCount';
  readonly partition: number;
  readonly stateEpoch: number;
  readonly leaderEpoch: number;
  readonly startOffset: number;
  readonly deliveryCompleteCount: number;
  readonly stateBatches: readonly WriteShareGroupStateRequestStateBatch[];
}

/** StateBatch of WriteShareGroupStateRequest. */
export interface WriteShareGroupStateRequestStateBatch {
  readonly firstOffset: number;
  readonly lastOffset: number;
  readonly deliveryState: number;
  readonly deliveryCount: number;
}

/** WriteShareGroupStateResponse, versions 0-1. */
export interface WriteShareGroupStateResponse {
  readonly results: readonly WriteShareGroupStateResponseWriteStateResult[];
}

/** WriteStateResult of WriteShareGroupStateResponse. */
export interface WriteShareGroupStateResponseWriteStateResult {
  readonly topicId: string;
  readonly partitions: readonly WriteShareGroupStateResponsePartitionResult[];
}

/** PartitionResult of WriteShareGroupStateResponse. */
export interface WriteShareGroupStateResponsePartitionResult {
  readonly [OPTIONAL]?: 'errorMessage';
  readonly partition: number;
  readonly errorCode: number;
  readonly errorMessage: string | null;
}

/** WriteTxnMarkersRequest, versions 1-2. */
export interface WriteTxnMarkersRequest {
  readonly markers: readonly WriteTxnMarkersRequestWritableTxnMarker[];
}

/** WritableTxnMarker of WriteTxnMarkersRequest. */
export interface WriteTxnMarkersRequestWritableTxnMarker {
  readonly [OPTIONAL]?: 'transactionVersion';
  readonly producerId: number;
  readonly producerEpoch: number;
  readonly transactionResult: boolean;
  readonly topics: readonly WriteTxnMarkersRequestWritableTxnMarkerTopic[];
  readonly coordinatorEpoch: number;
  readonly transactionVersion: number;
}

/** WritableTxnMarkerTopic of WriteTxnMarkersRequest. */
export interface WriteTxnMarkersRequestWritableTxnMarkerTopic {
  readonly name: string;
  readonly partitionIndexes: readonly number[];
}

/** WriteTxnMarkersResponse, versions 1-2. */
export interface WriteTxnMarkersResponse {
  readonly markers: readonly WriteTxnMarkersResponseWritableTxnMarkerResult[];
}

/** WritableTxnMarkerResult of WriteTxnMarkersResponse. */
export interface WriteTxnMarkersResponseWritableTxnMarkerResult {
  readonly producerId: number;
  readonly topics: readonly WriteTxnMarkersResponseWritableTxnMarkerTopicResult[];
}

/** WritableTxnMarkerTopicResult of WriteTxnMarkersResponse. */
export interface WriteTxnMarkersResponseWritableTxnMarkerTopicResult {
  readonly name: string;
  readonly partitions: readonly WriteTxnMarkersResponseWritableTxnMarkerPartitionResult[];
}

/** WritableTxnMarkerPartitionResult of WriteTxnMarkersResponse. */
export interface WriteTxnMarkersResponseWritableTxnMarkerPartitionResult {
  readonly partitionIndex: number;
  readonly errorCode: number;
}

/** Request bodies by API key, as decoded. */
export interface ApiRequests {
  readonly 0: ProduceRequest;
  readonly 1: FetchRequest;
  readonly 2: ListOffsetsRequest;
  readonly 3: MetadataRequest;
  readonly 8: OffsetCommitRequest;
  readonly 9: OffsetFetchRequest;
  readonly 10: FindCoordinatorRequest;
  readonly 11: JoinGroupRequest;
  readonly 12: HeartbeatRequest;
  readonly 13: LeaveGroupRequest;
  readonly 14: SyncGroupRequest;
  readonly 15: DescribeGroupsRequest;
  readonly 16: ListGroupsRequest;
  readonly 17: SaslHandshakeRequest;
  readonly 18: ApiVersionsRequest;
  readonly 19: CreateTopicsRequest;
  readonly 20: DeleteTopicsRequest;
  readonly 21: DeleteRecordsRequest;
  readonly 22: InitProducerIdRequest;
  readonly 23: OffsetForLeaderEpochRequest;
  readonly 24: AddPartitionsToTxnRequest;
  readonly 25: AddOffsetsToTxnRequest;
  readonly 26: EndTxnRequest;
  readonly 27: WriteTxnMarkersRequest;
  readonly 28: TxnOffsetCommitRequest;
  readonly 29: DescribeAclsRequest;
  readonly 30: CreateAclsRequest;
  readonly 31: DeleteAclsRequest;
  readonly 32: DescribeConfigsRequest;
  readonly 33: AlterConfigsRequest;
  readonly 34: AlterReplicaLogDirsRequest;
  readonly 35: DescribeLogDirsRequest;
  readonly 36: SaslAuthenticateRequest;
  readonly 37: CreatePartitionsRequest;
  readonly 38: CreateDelegationTokenRequest;
  readonly 39: RenewDelegationTokenRequest;
  readonly 40: ExpireDelegationTokenRequest;
  readonly 41: DescribeDelegationTokenRequest;
  readonly 42: DeleteGroupsRequest;
  readonly 43: ElectLeadersRequest;
  readonly 44: IncrementalAlterConfigsRequest;
  readonly 45: AlterPartitionReassignmentsRequest;
  readonly 46: ListPartitionReassignmentsRequest;
  readonly 47: OffsetDeleteRequest;
  readonly 48: DescribeClientQuotasRequest;
  readonly 49: AlterClientQuotasRequest;
  readonly 50: DescribeUserScramCredentialsRequest;
  readonly 51: AlterUserScramCredentialsRequest;
  readonly 55: DescribeQuorumRequest;
  readonly 57: UpdateFeaturesRequest;
  readonly 60: DescribeClusterRequest;
  readonly 61: DescribeProducersRequest;
  readonly 64: UnregisterBrokerRequest;
  readonly 65: DescribeTransactionsRequest;
  readonly 66: ListTransactionsRequest;
  readonly 68: ConsumerGroupHeartbeatRequest;
  readonly 69: ConsumerGroupDescribeRequest;
  readonly 71: GetTelemetrySubscriptionsRequest;
  readonly 72: PushTelemetryRequest;
  readonly 74: ListConfigResourcesRequest;
  readonly 75: DescribeTopicPartitionsRequest;
  readonly 76: ShareGroupHeartbeatRequest;
  readonly 77: ShareGroupDescribeRequest;
  readonly 78: ShareFetchRequest;
  readonly 79: ShareAcknowledgeRequest;
  readonly 80: AddRaftVoterRequest;
  readonly 81: RemoveRaftVoterRequest;
  readonly 83: InitializeShareGroupStateRequest;
  readonly 84: ReadShareGroupStateRequest;
  readonly 85: WriteShareGroupStateRequest;
  readonly 86: DeleteShareGroupStateRequest;
  readonly 87: ReadShareGroupStateSummaryRequest;
  readonly 88: StreamsGroupHeartbeatRequest;
  readonly 89: StreamsGroupDescribeRequest;
  readonly 90: DescribeShareGroupOffsetsRequest;
  readonly 91: AlterShareGroupOffsetsRequest;
  readonly 92: DeleteShareGroupOffsetsRequest;
  readonly 93: StreamsGroupTopologyDescriptionUpdateRequest;
  readonly 94: UnregisterControllerRequest;
}

/** Response bodies by API key, as decoded. */
export interface ApiResponses {
  readonly 0: ProduceResponse;
  readonly 1: FetchResponse;
  readonly 2: ListOffsetsResponse;
  readonly 3: MetadataResponse;
  readonly 8: OffsetCommitResponse;
  readonly 9: OffsetFetchResponse;
  readonly 10: FindCoordinatorResponse;
  readonly 11: JoinGroupResponse;
  readonly 12: HeartbeatResponse;
  readonly 13: LeaveGroupResponse;
  readonly 14: SyncGroupResponse;
  readonly 15: DescribeGroupsResponse;
  readonly 16: ListGroupsResponse;
  readonly 17: SaslHandshakeResponse;
  readonly 18: ApiVersionsResponse;
  readonly 19: CreateTopicsResponse;
  readonly 20: DeleteTopicsResponse;
  readonly 21: DeleteRecordsResponse;
  readonly 22: InitProducerIdResponse;
  readonly 23: OffsetForLeaderEpochResponse;
  readonly 24: AddPartitionsToTxnResponse;
  readonly 25: AddOffsetsToTxnResponse;
  readonly 26: EndTxnResponse;
  readonly 27: WriteTxnMarkersResponse;
  readonly 28: TxnOffsetCommitResponse;
  readonly 29: DescribeAclsResponse;
  readonly 30: CreateAclsResponse;
  readonly 31: DeleteAclsResponse;
  readonly 32: DescribeConfigsResponse;
  readonly 33: AlterConfigsResponse;
  readonly 34: AlterReplicaLogDirsResponse;
  readonly 35: DescribeLogDirsResponse;
  readonly 36: SaslAuthenticateResponse;
  readonly 37: CreatePartitionsResponse;
  readonly 38: CreateDelegationTokenResponse;
  readonly 39: RenewDelegationTokenResponse;
  readonly 40: ExpireDelegationTokenResponse;
  readonly 41: DescribeDelegationTokenResponse;
  readonly 42: DeleteGroupsResponse;
  readonly 43: ElectLeadersResponse;
  readonly 44: IncrementalAlterConfigsResponse;
  readonly 45: AlterPartitionReassignmentsResponse;
  readonly 46: ListPartitionReassignmentsResponse;
  readonly 47: OffsetDeleteResponse;
  readonly 48: DescribeClientQuotasResponse;
  readonly 49: AlterClientQuotasResponse;
  readonly 50: DescribeUserScramCredentialsResponse;
  readonly 51: AlterUserScramCredentialsResponse;
  readonly 55: DescribeQuorumResponse;
  readonly 57: UpdateFeaturesResponse;
  readonly 60: DescribeClusterResponse;
  readonly 61: DescribeProducersResponse;
  readonly 64: UnregisterBrokerResponse;
  readonly 65: DescribeTransactionsResponse;
  readonly 66: ListTransactionsResponse;
  readonly 68: ConsumerGroupHeartbeatResponse;
  readonly 69: ConsumerGroupDescribeResponse;
  readonly 71: GetTelemetrySubscriptionsResponse;
  readonly 72: PushTelemetryResponse;
  readonly 74: ListConfigResourcesResponse;
  readonly 75: DescribeTopicPartitionsResponse;
  readonly 76: ShareGroupHeartbeatResponse;
  readonly 77: ShareGroupDescribeResponse;
  readonly 78: ShareFetchResponse;
  readonly 79: ShareAcknowledgeResponse;
  readonly 80: AddRaftVoterResponse;
  readonly 81: RemoveRaftVoterResponse;
  readonly 83: InitializeShareGroupStateResponse;
  readonly 84: ReadShareGroupStateResponse;
  readonly 85: WriteShareGroupStateResponse;
  readonly 86: DeleteShareGroupStateResponse;
  readonly 87: ReadShareGroupStateSummaryResponse;
  readonly 88: StreamsGroupHeartbeatResponse;
  readonly 89: StreamsGroupDescribeResponse;
  readonly 90: DescribeShareGroupOffsetsResponse;
  readonly 91: AlterShareGroupOffsetsResponse;
  readonly 92: DeleteShareGroupOffsetsResponse;
  readonly 93: StreamsGroupTopologyDescriptionUpdateResponse;
  readonly 94: UnregisterControllerResponse;
}
