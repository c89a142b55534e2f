// Generated from the schemas of Apache Kafka 4.4.0 by test/wire/oracle/generate.ts; a test compares. Do not edit.
import type { MessageSchema } from './schema.ts';

/** Requests, responses and headers of every API that a broker listens to, by name. */
export const wireSchemas: Readonly<Record<string, MessageSchema>> = {
  AddOffsetsToTxnRequest: {
    name: 'AddOffsetsToTxnRequest', apiKey: 25, versions: '0-4', flexible: '3+',
    fields: [
      { name: 'transactionalId', type: 'string', versions: '0+' },
      { name: 'producerId', type: 'int64', versions: '0+' },
      { name: 'producerEpoch', type: 'int16', versions: '0+' },
      { name: 'groupId', type: 'string', versions: '0+' },
    ],
  },
  AddOffsetsToTxnResponse: {
    name: 'AddOffsetsToTxnResponse', apiKey: 25, versions: '0-4', flexible: '3+',
    fields: [
      { name: 'throttleTimeMs', type: 'int32', versions: '0+' },
      { name: 'errorCode', type: 'int16', versions: '0+' },
    ],
  },
  AddPartitionsToTxnRequest: {
    name: 'AddPartitionsToTxnRequest', apiKey: 24, versions: '0-5', flexible: '3+',
    fields: [
      {
        name: 'transactions', type: '[]AddPartitionsToTxnTransaction', versions: '4+',
        fields: [
          { name: 'transactionalId', type: 'string', versions: '4+' },
          { name: 'producerId', type: 'int64', versions: '4+' },
          { name: 'producerEpoch', type: 'int16', versions: '4+' },
          { name: 'verifyOnly', type: 'bool', versions: '4+', default: false },
          { name: 'topics', type: '[]AddPartitionsToTxnTopic', versions: '4+' },
        ],
      },
      { name: 'v3AndBelowTransactionalId', type: 'string', versions: '0-3' },
      { name: 'v3AndBelowProducerId', type: 'int64', versions: '0-3' },
      { name: 'v3AndBelowProducerEpoch', type: 'int16', versions: '0-3' },
      { name: 'v3AndBelowTopics', type: '[]AddPartitionsToTxnTopic', versions: '0-3' },
    ],
    structs: {
      AddPartitionsToTxnTopic: [
        { name: 'name', type: 'string', versions: '0+' },
        { name: 'partitions', type: '[]int32', versions: '0+' },
      ],
    },
  },
  AddPartitionsToTxnResponse: {
    name: 'AddPartitionsToTxnResponse', apiKey: 24, versions: '0-5', flexible: '3+',
    fields: [
      { name: 'throttleTimeMs', type: 'int32', versions: '0+' },
      { name: 'errorCode', type: 'int16', versions: '4+', ignorable: true },
      {
        name: 'resultsByTransaction', type: '[]AddPartitionsToTxnResult', versions: '4+',
        fields: [
          { name: 'transactionalId', type: 'string', versions: '4+' },
          { name: 'topicResults', type: '[]AddPartitionsToTxnTopicResult', versions: '4+' },
        ],
      },
      { name: 'resultsByTopicV3AndBelow', type: '[]AddPartitionsToTxnTopicResult', versions: '0-3' },
    ],
    structs: {
      AddPartitionsToTxnTopicResult: [
        { name: 'name', type: 'string', versions: '0+' },
        { name: 'resultsByPartition', type: '[]AddPartitionsToTxnPartitionResult', versions: '0+' },
      ],
      AddPartitionsToTxnPartitionResult: [
        { name: 'partitionIndex', type: 'int32', versions: '0+' },
        { name: 'partitionErrorCode', type: 'int16', versions: '0+' },
      ],
    },
  },
  AddRaftVoterRequest: {
    name: 'AddRaftVoterRequest', apiKey: 80, versions: '0-1', flexible: '0+',
    fields: [
      { name: 'clusterId', type: 'string', versions: '0+', nullable: '0+' },
      { name: 'timeoutMs', type: 'int32', versions: '0+' },
      { name: 'voterId', type: 'int32', versions: '0+' },
      { name: 'voterDirectoryId', type: 'uuid', versions: '0+' },
      {
        name: 'listeners', type: '[]Listener', versions: '0+',
        fields: [
          { name: 'name', type: 'string', versions: '0+' },
          { name: 'host', type: 'string', versions: '0+' },
          { name: 'port', type: 'uint16', versions: '0+' },
        ],
      },
      { name: 'ackWhenCommitted', type: 'bool', versions: '1+', default: true },
    ],
  },
  AddRaftVoterResponse: {
    name: 'AddRaftVoterResponse', apiKey: 80, versions: '0-1', flexible: '0+',
    fields: [
      { name: 'throttleTimeMs', type: 'int32', versions: '0+' },
      { name: 'errorCode', type: 'int16', versions: '0+' },
      { name: 'errorMessage', type: 'string', versions: '0+', nullable: '0+', ignorable: true },
    ],
  },
  AlterClientQuotasRequest: {
    name: 'AlterClientQuotasRequest', apiKey: 49, versions: '0-1', flexible: '1+',
    fields: [
      {
        name: 'entries', type: '[]EntryData', versions: '0+',
        fields: [
          {
            name: 'entity', type: '[]EntityData', versions: '0+',
            fields: [
              { name: 'entityType', type: 'string', versions: '0+' },
              { name: 'entityName', type: 'string', versions: '0+', nullable: '0+' },
            ],
          },
          {
            name: 'ops', type: '[]OpData', versions: '0+',
            fields: [
              { name: 'key', type: 'string', versions: '0+' },
              { name: 'value', type: 'float64', versions: '0+' },
              { name: 'remove', type: 'bool', versions: '0+' },
            ],
          },
        ],
      },
      { name: 'validateOnly', type: 'bool', versions: '0+' },
    ],
  },
  AlterClientQuotasResponse: {
    name: 'AlterClientQuotasResponse', apiKey: 49, versions: '0-1', flexible: '1+',
    fields: [
      { name: 'throttleTimeMs', type: 'int32', versions: '0+' },
      {
        name: 'entries', type: '[]EntryData', versions: '0+',
        fields: [
          { name: 'errorCode', type: 'int16', versions: '0+' },
          { name: 'errorMessage', type: 'string', versions: '0+', nullable: '0+' },
          {
            name: 'entity', type: '[]EntityData', versions: '0+',
            fields: [
              { name: 'entityType', type: 'string', versions: '0+' },
              { name: 'entityName', type: 'string', versions: '0+', nullable: '0+' },
            ],
          },
        ],
      },
    ],
  },
  AlterConfigsRequest: {
    name: 'AlterConfigsRequest', apiKey: 33, versions: '0-2', flexible: '2+',
    fields: [
      {
        name: 'resources', type: '[]AlterConfigsResource', versions: '0+',
        fields: [
          { name: 'resourceType', type: 'int8', versions: '0+' },
          { name: 'resourceName', type: 'string', versions: '0+' },
          {
            name: 'configs', type: '[]AlterableConfig', versions: '0+',
            fields: [
              { name: 'name', type: 'string', versions: '0+' },
              { name: 'value', type: 'string', versions: '0+', nullable: '0+' },
            ],
          },
        ],
      },
      { name: 'validateOnly', type: 'bool', versions: '0+' },
    ],
  },
  AlterConfigsResponse: {
    name: 'AlterConfigsResponse', apiKey: 33, versions: '0-2', flexible: '2+',
    fields: [
      { name: 'throttleTimeMs', type: 'int32', versions: '0+' },
      {
        name: 'responses', type: '[]AlterConfigsResourceResponse', versions: '0+',
        fields: [
          { name: 'errorCode', type: 'int16', versions: '0+' },
          { name: 'errorMessage', type: 'string', versions: '0+', nullable: '0+' },
          { name: 'resourceType', type: 'int8', versions: '0+' },
          { name: 'resourceName', type: 'string', versions: '0+' },
        ],
      },
    ],
  },
  AlterPartitionReassignmentsRequest: {
    name: 'AlterPartitionReassignmentsRequest', apiKey: 45, versions: '0-1', flexible: '0+',
    fields: [
      { name: 'timeoutMs', type: 'int32', versions: '0+', default: 60000 },
      { name: 'allowReplicationFactorChange', type: 'bool', versions: '1+', default: true },
      {
        name: 'topics', type: '[]ReassignableTopic', versions: '0+',
        fields: [
          { name: 'name', type: 'string', versions: '0+' },
          {
            name: 'partitions', type: '[]ReassignablePartition', versions: '0+',
            fields: [
              { name: 'partitionIndex', type: 'int32', versions: '0+' },
              { name: 'replicas', type: '[]int32', versions: '0+', nullable: '0+', default: null },
            ],
          },
        ],
      },
    ],
  },
  AlterPartitionReassignmentsResponse: {
    name: 'AlterPartitionReassignmentsResponse', apiKey: 45, versions: '0-1', flexible: '0+',
    fields: [
      { name: 'throttleTimeMs', type: 'int32', versions: '0+' },
      { name: 'allowReplicationFactorChange', type: 'bool', versions: '1+', default: true, ignorable: true },
      { name: 'errorCode', type: 'int16', versions: '0+' },
      { name: 'errorMessage', type: 'string', versions: '0+', nullable: '0+' },
      {
        name: 'responses', type: '[]ReassignableTopicResponse', versions: '0+',
        fields: [
          { name: 'name', type: 'string', versions: '0+' },
          {
            name: 'partitions', type: '[]ReassignablePartitionResponse', versions: '0+',
            fields: [
              { name: 'partitionIndex', type: 'int32', versions: '0+' },
              { name: 'errorCode', type: 'int16', versions: '0+' },
              { name: 'errorMessage', type: 'string', versions: '0+', nullable: '0+' },
            ],
          },
        ],
      },
    ],
  },
  AlterReplicaLogDirsRequest: {
    name: 'AlterReplicaLogDirsRequest', apiKey: 34, versions: '1-2', flexible: '2+',
    fields: [
      {
        name: 'dirs', type: '[]AlterReplicaLogDir', versions: '0+',
        fields: [
          { name: 'path', type: 'string', versions: '0+' },
          {
            name: 'topics', type: '[]AlterReplicaLogDirTopic', versions: '0+',
            fields: [
              { name: 'name', type: 'string', versions: '0+' },
              { name: 'partitions', type: '[]int32', versions: '0+' },
            ],
          },
        ],
      },
    ],
  },
  AlterReplicaLogDirsResponse: {
    name: 'AlterReplicaLogDirsResponse', apiKey: 34, versions: '1-2', flexible: '2+',
    fields: [
      { name: 'throttleTimeMs', type: 'int32', versions: '0+' },
      {
        name: 'results', type: '[]AlterReplicaLogDirTopicResult', versions: '0+',
        fields: [
          { name: 'topicName', type: 'string', versions: '0+' },
          {
            name: 'partitions', type: '[]AlterReplicaLogDirPartitionResult', versions: '0+',
            fields: [
              { name: 'partitionIndex', type: 'int32', versions: '0+' },
              { name: 'errorCode', type: 'int16', versions: '0+' },
            ],
          },
        ],
      },
    ],
  },
  AlterShareGroupOffsetsRequest: {
    name: 'AlterShareGroupOffsetsRequest', apiKey: 91, versions: '0', flexible: '0+',
    fields: [
      { name: 'groupId', type: 'string', versions: '0+' },
      {
        name: 'topics', type: '[]AlterShareGroupOffsetsRequestTopic', versions: '0+',
        fields: [
          { name: 'topicName', type: 'string', versions: '0+' },
          {
            name: 'partitions', type: '[]AlterShareGroupOffsetsRequestPartition', versions: '0+',
            fields: [
              { name: 'partitionIndex', type: 'int32', versions: '0+' },
              { name: 'startOffset', type: 'int64', versions: '0+' },
            ],
          },
        ],
      },
    ],
  },
  AlterShareGroupOffsetsResponse: {
    name: 'AlterShareGroupOffsetsResponse', apiKey: 91, versions: '0', flexible: '0+',
    fields: [
      { name: 'throttleTimeMs', type: 'int32', versions: '0+' },
      { name: 'errorCode', type: 'int16', versions: '0+' },
      { name: 'errorMessage', type: 'string', versions: '0+', nullable: '0+', default: null },
      {
        name: 'responses', type: '[]AlterShareGroupOffsetsResponseTopic', versions: '0+',
        fields: [
          { name: 'topicName', type: 'string', versions: '0+' },
          { name: 'topicId', type: 'uuid', versions: '0+' },
          {
            name: 'partitions', type: '[]AlterShareGroupOffsetsResponsePartition', versions: '0+',
            fields: [
              { name: 'partitionIndex', type: 'int32', versions: '0+' },
              { name: 'errorCode', type: 'int16', versions: '0+' },
              { name: 'errorMessage', type: 'string', versions: '0+', nullable: '0+', default: null },
            ],
          },
        ],
      },
    ],
  },
  AlterUserScramCredentialsRequest: {
    name: 'AlterUserScramCredentialsRequest', apiKey: 51, versions: '0', flexible: '0+',
    fields: [
      {
        name: 'deletions', type: '[]ScramCredentialDeletion', versions: '0+',
        fields: [
          { name: 'name', type: 'string', versions: '0+' },
          { name: 'mechanism', type: 'int8', versions: '0+' },
        ],
      },
      {
        name: 'upsertions', type: '[]ScramCredentialUpsertion', versions: '0+',
        fields: [
          { name: 'name', type: 'string', versions: '0+' },
          { name: 'mechanism', type: 'int8', versions: '0+' },
          { name: 'iterations', type: 'int32', versions: '0+' },
          { name: 'salt', type: 'bytes', versions: '0+' },
          { name: 'saltedPassword', type: 'bytes', versions: '0+' },
        ],
      },
    ],
  },
  AlterUserScramCredentialsResponse: {
    name: 'AlterUserScramCredentialsResponse', apiKey: 51, versions: '0', flexible: '0+',
    fields: [
      { name: 'throttleTimeMs', type: 'int32', versions: '0+' },
      {
        name: 'results', type: '[]AlterUserScramCredentialsResult', versions: '0+',
        fields: [
          { name: 'user', type: 'string', versions: '0+' },
          { name: 'errorCode', type: 'int16', versions: '0+' },
          { name: 'errorMessage', type: 'string', versions: '0+', nullable: '0+' },
        ],
      },
    ],
  },
  ApiVersionsRequest: {
    name: 'ApiVersionsRequest', apiKey: 18, versions: '0-5', flexible: '3+',
    fields: [
      { name: 'clientSoftwareName', type: 'string', versions: '3+', ignorable: true },
      { name: 'clientSoftwareVersion', type: 'string', versions: '3+', ignorable: true },
      { name: 'clusterId', type: 'string', versions: '5+', nullable: '5+', default: null, ignorable: true },
      { name: 'nodeId', type: 'int32', versions: '5+', default: -1, ignorable: true },
    ],
  },
  ApiVersionsResponse: {
    name: 'ApiVersionsResponse', apiKey: 18, versions: '0-5', flexible: '3+',
    fields: [
      { name: 'errorCode', type: 'int16', versions: '0+' },
      {
        name: 'apiKeys', type: '[]ApiVersion', versions: '0+',
        fields: [
          { name: 'apiKey', type: 'int16', versions: '0+' },
          { name: 'minVersion', type: 'int16', versions: '0+' },
          { name: 'maxVersion', type: 'int16', versions: '0+' },
        ],
      },
      { name: 'throttleTimeMs', type: 'int32', versions: '1+', ignorable: true },
      {
        name: 'supportedFeatures', type: '[]SupportedFeatureKey', versions: '3+', tagged: '3+', tag: 0, ignorable: true,
        fields: [
          { name: 'name', type: 'string', versions: '3+' },
          { name: 'minVersion', type: 'int16', versions: '3+' },
          { name: 'maxVersion', type: 'int16', versions: '3+' },
        ],
      },
      { name: 'finalizedFeaturesEpoch', type: 'int64', versions: '3+', tagged: '3+', tag: 1, default: -1, ignorable: true },
      {
        name: 'finalizedFeatures', type: '[]FinalizedFeatureKey', versions: '3+', tagged: '3+', tag: 2, ignorable: true,
        fields: [
          { name: 'name', type: 'string', versions: '3+' },
          { name: 'maxVersionLevel', type: 'int16', versions: '3+' },
          { name: 'minVersionLevel', type: 'int16', versions: '3+' },
        ],
      },
      { name: 'zkMigrationReady', type: 'bool', versions: '3+', tagged: '3+', tag: 3, default: false, ignorable: true },
    ],
  },
  ConsumerGroupDescribeRequest: {
    name: 'ConsumerGroupDescribeRequest', apiKey: 69, versions: '0-1', flexible: '0+',
    fields: [
      { name: 'groupIds', type: '[]string', versions: '0+' },
      { name: 'includeAuthorizedOperations', type: 'bool', versions: '0+' },
    ],
  },
  ConsumerGroupDescribeResponse: {
    name: 'ConsumerGroupDescribeResponse', apiKey: 69, versions: '0-1', flexible: '0+',
    fields: [
      { name: 'throttleTimeMs', type: 'int32', versions: '0+' },
      {
        name: 'groups', type: '[]DescribedGroup', versions: '0+',
        fields: [
          { name: 'errorCode', type: 'int16', versions: '0+' },
          { name: 'errorMessage', type: 'string', versions: '0+', nullable: '0+', default: null },
          { name: 'groupId', type: 'string', versions: '0+' },
          { name: 'groupState', type: 'string', versions: '0+' },
          { name: 'groupEpoch', type: 'int32', versions: '0+' },
          { name: 'assignmentEpoch', type: 'int32', versions: '0+' },
          { name: 'assignorName', type: 'string', versions: '0+' },
          {
            name: 'members', type: '[]Member', versions: '0+',
            fields: [
              { name: 'memberId', type: 'string', versions: '0+' },
              { name: 'instanceId', type: 'string', versions: '0+', nullable: '0+', default: null },
              { name: 'rackId', type: 'string', versions: '0+', nullable: '0+', default: null },
              { name: 'memberEpoch', type: 'int32', versions: '0+' },
              { name: 'clientId', type: 'string', versions: '0+' },
              { name: 'clientHost', type: 'string', versions: '0+' },
              { name: 'subscribedTopicNames', type: '[]string', versions: '0+' },
              { name: 'subscribedTopicRegex', type: 'string', versions: '0+', nullable: '0+', default: null },
              { name: 'assignment', type: 'Assignment', versions: '0+' },
              { name: 'targetAssignment', type: 'Assignment', versions: '0+' },
              { name: 'memberType', type: 'int8', versions: '1+', default: -1, ignorable: true },
            ],
          },
          { name: 'authorizedOperations', type: 'int32', versions: '0+', default: -2147483648 },
        ],
      },
    ],
    structs: {
      TopicPartitions: [
        { name: 'topicId', type: 'uuid', versions: '0+' },
        { name: 'topicName', type: 'string', versions: '0+' },
        { name: 'partitions', type: '[]int32', versions: '0+' },
      ],
      Assignment: [
        { name: 'topicPartitions', type: '[]TopicPartitions', versions: '0+' },
      ],
    },
  },
  ConsumerGroupHeartbeatRequest: {
    name: 'ConsumerGroupHeartbeatRequest', apiKey: 68, versions: '0-1', flexible: '0+',
    fields: [
      { name: 'groupId', type: 'string', versions: '0+' },
      { name: 'memberId', type: 'string', versions: '0+' },
      { name: 'memberEpoch', type: 'int32', versions: '0+' },
      { name: 'instanceId', type: 'string', versions: '0+', nullable: '0+', default: null },
      { name: 'rackId', type: 'string', versions: '0+', nullable: '0+', default: null },
      { name: 'rebalanceTimeoutMs', type: 'int32', versions: '0+', default: -1 },
      { name: 'subscribedTopicNames', type: '[]string', versions: '0+', nullable: '0+', default: null },
      { name: 'subscribedTopicRegex', type: 'string', versions: '1+', nullable: '1+', default: null },
      { name: 'serverAssignor', type: 'string', versions: '0+', nullable: '0+', default: null },
      {
        name: 'topicPartitions', type: '[]TopicPartitions', versions: '0+', nullable: '0+', default: null,
        fields: [
          { name: 'topicId', type: 'uuid', versions: '0+' },
          { name: 'partitions', type: '[]int32', versions: '0+' },
        ],
      },
    ],
  },
  ConsumerGroupHeartbeatResponse: {
    name: 'ConsumerGroupHeartbeatResponse', apiKey: 68, versions: '0-1', flexible: '0+',
    fields: [
      { name: 'throttleTimeMs', type: 'int32', versions: '0+' },
      { name: 'errorCode', type: 'int16', versions: '0+' },
      { name: 'errorMessage', type: 'string', versions: '0+', nullable: '0+', default: null },
      { name: 'memberId', type: 'string', versions: '0+', nullable: '0+', default: null },
      { name: 'memberEpoch', type: 'int32', versions: '0+' },
      { name: 'heartbeatIntervalMs', type: 'int32', versions: '0+' },
      {
        name: 'assignment', type: 'Assignment', versions: '0+', nullable: '0+', default: null,
        fields: [
          { name: 'topicPartitions', type: '[]TopicPartitions', versions: '0+' },
        ],
      },
    ],
    structs: {
      TopicPartitions: [
        { name: 'topicId', type: 'uuid', versions: '0+' },
        { name: 'partitions', type: '[]int32', versions: '0+' },
      ],
    },
  },
  CreateAclsRequest: {
    name: 'CreateAclsRequest', apiKey: 30, versions: '1-3', flexible: '2+',
    fields: [
      {
        name: 'creations', type: '[]AclCreation', versions: '0+',
        fields: [
          { name: 'resourceType', type: 'int8', versions: '0+' },
          { name: 'resourceName', type: 'string', versions: '0+' },
          { name: 'resourcePatternType', type: 'int8', versions: '1+', default: 3 },
          { name: 'principal', type: 'string', versions: '0+' },
          { name: 'host', type: 'string', versions: '0+' },
          { name: 'operation', type: 'int8', versions: '0+' },
          { name: 'permissionType', type: 'int8', versions: '0+' },
        ],
      },
    ],
  },
  CreateAclsResponse: {
    name: 'CreateAclsResponse', apiKey: 30, versions: '1-3', flexible: '2+',
    fields: [
      { name: 'throttleTimeMs', type: 'int32', versions: '0+' },
      {
        name: 'results', type: '[]AclCreationResult', versions: '0+',
        fields: [
          { name: 'errorCode', type: 'int16', versions: '0+' },
          { name: 'errorMessage', type: 'string', versions: '0+', nullable: '0+' },
        ],
      },
    ],
  },
  CreateDelegationTokenRequest: {
    name: 'CreateDelegationTokenRequest', apiKey: 38, versions: '1-3', flexible: '2+',
    fields: [
      { name: 'ownerPrincipalType', type: 'string', versions: '3+', nullable: '3+' },
      { name: 'ownerPrincipalName', type: 'string', versions: '3+', nullable: '3+' },
      {
        name: 'renewers', type: '[]CreatableRenewers', versions: '0+',
        fields: [
          { name: 'principalType', type: 'string', versions: '0+' },
          { name: 'principalName', type: 'string', versions: '0+' },
        ],
      },
      { name: 'maxLifetimeMs', type: 'int64', versions: '0+' },
    ],
  },
  CreateDelegationTokenResponse: {
    name: 'CreateDelegationTokenResponse', apiKey: 38, versions: '1-3', flexible: '2+',
    fields: [
      { name: 'errorCode', type: 'int16', versions: '0+' },
      { name: 'principalType', type: 'string', versions: '0+' },
      { name: 'principalName', type: 'string', versions: '0+' },
      { name: 'tokenRequesterPrincipalType', type: 'string', versions: '3+' },
      { name: 'tokenRequesterPrincipalName', type: 'string', versions: '3+' },
      { name: 'issueTimestampMs', type: 'int64', versions: '0+' },
      { name: 'expiryTimestampMs', type: 'int64', versions: '0+' },
      { name: 'maxTimestampMs', type: 'int64', versions: '0+' },
      { name: 'tokenId', type: 'string', versions: '0+' },
      { name: 'hmac', type: 'bytes', versions: '0+' },
      { name: 'throttleTimeMs', type: 'int32', versions: '0+' },
    ],
  },
  CreatePartitionsRequest: {
    name: 'CreatePartitionsRequest', apiKey: 37, versions: '0-3', flexible: '2+',
    fields: [
      {
        name: 'topics', type: '[]CreatePartitionsTopic', versions: '0+',
        fields: [
          { name: 'name', type: 'string', versions: '0+' },
          { name: 'count', type: 'int32', versions: '0+' },
          {
            name: 'assignments', type: '[]CreatePartitionsAssignment', versions: '0+', nullable: '0+',
            fields: [
              { name: 'brokerIds', type: '[]int32', versions: '0+' },
            ],
          },
        ],
      },
      { name: 'timeoutMs', type: 'int32', versions: '0+' },
      { name: 'validateOnly', type: 'bool', versions: '0+' },
    ],
  },
  CreatePartitionsResponse: {
    name: 'CreatePartitionsResponse', apiKey: 37, versions: '0-3', flexible: '2+',
    fields: [
      { name: 'throttleTimeMs', type: 'int32', versions: '0+' },
      {
        name: 'results', type: '[]CreatePartitionsTopicResult', versions: '0+',
        fields: [
          { name: 'name', type: 'string', versions: '0+' },
          { name: 'errorCode', type: 'int16', versions: '0+' },
          { name: 'errorMessage', type: 'string', versions: '0+', nullable: '0+', default: null },
        ],
      },
    ],
  },
  CreateTopicsRequest: {
    name: 'CreateTopicsRequest', apiKey: 19, versions: '2-7', flexible: '5+',
    fields: [
      {
        name: 'topics', type: '[]CreatableTopic', versions: '0+',
        fields: [
          { name: 'name', type: 'string', versions: '0+' },
          { name: 'numPartitions', type: 'int32', versions: '0+' },
          { name: 'replicationFactor', type: 'int16', versions: '0+' },
          {
            name: 'assignments', type: '[]CreatableReplicaAssignment', versions: '0+',
            fields: [
              { name: 'partitionIndex', type: 'int32', versions: '0+' },
              { name: 'brokerIds', type: '[]int32', versions: '0+' },
            ],
          },
          {
            name: 'configs', type: '[]CreatableTopicConfig', versions: '0+',
            fields: [
              { name: 'name', type: 'string', versions: '0+' },
              { name: 'value', type: 'string', versions: '0+', nullable: '0+' },
            ],
          },
        ],
      },
      { name: 'timeoutMs', type: 'int32', versions: '0+', default: 60000 },
      { name: 'validateOnly', type: 'bool', versions: '1+', default: false },
    ],
  },
  CreateTopicsResponse: {
    name: 'CreateTopicsResponse', apiKey: 19, versions: '2-7', flexible: '5+',
    fields: [
      { name: 'throttleTimeMs', type: 'int32', versions: '2+', ignorable: true },
      {
        name: 'topics', type: '[]CreatableTopicResult', versions: '0+',
        fields: [
          { name: 'name', type: 'string', versions: '0+' },
          { name: 'topicId', type: 'uuid', versions: '7+', ignorable: true },
          { name: 'errorCode', type: 'int16', versions: '0+' },
          { name: 'errorMessage', type: 'string', versions: '1+', nullable: '0+', ignorable: true },
          { name: 'topicConfigErrorCode', type: 'int16', versions: '5+', tagged: '5+', tag: 0, ignorable: true },
          { name: 'numPartitions', type: 'int32', versions: '5+', default: -1, ignorable: true },
          { name: 'replicationFactor', type: 'int16', versions: '5+', default: -1, ignorable: true },
          {
            name: 'configs', type: '[]CreatableTopicConfigs', versions: '5+', nullable: '5+', ignorable: true,
            fields: [
              { name: 'name', type: 'string', versions: '5+' },
              { name: 'value', type: 'string', versions: '5+', nullable: '5+' },
              { name: 'readOnly', type: 'bool', versions: '5+' },
              { name: 'configSource', type: 'int8', versions: '5+', default: -1, ignorable: true },
              { name: 'isSensitive', type: 'bool', versions: '5+' },
            ],
          },
        ],
      },
    ],
  },
  DeleteAclsRequest: {
    name: 'DeleteAclsRequest', apiKey: 31, versions: '1-3', flexible: '2+',
    fields: [
      {
        name: 'filters', type: '[]DeleteAclsFilter', versions: '0+',
        fields: [
          { name: 'resourceTypeFilter', type: 'int8', versions: '0+' },
          { name: 'resourceNameFilter', type: 'string', versions: '0+', nullable: '0+' },
          { name: 'patternTypeFilter', type: 'int8', versions: '1+', default: 3 },
          { name: 'principalFilter', type: 'string', versions: '0+', nullable: '0+' },
          { name: 'hostFilter', type: 'string', versions: '0+', nullable: '0+' },
          { name: 'operation', type: 'int8', versions: '0+' },
          { name: 'permissionType', type: 'int8', versions: '0+' },
        ],
      },
    ],
  },
  DeleteAclsResponse: {
    name: 'DeleteAclsResponse', apiKey: 31, versions: '1-3', flexible: '2+',
    fields: [
      { name: 'throttleTimeMs', type: 'int32', versions: '0+' },
      {
        name: 'filterResults', type: '[]DeleteAclsFilterResult', versions: '0+',
        fields: [
          { name: 'errorCode', type: 'int16', versions: '0+' },
          { name: 'errorMessage', type: 'string', versions: '0+', nullable: '0+' },
          {
            name: 'matchingAcls', type: '[]DeleteAclsMatchingAcl', versions: '0+',
            fields: [
              { name: 'errorCode', type: 'int16', versions: '0+' },
              { name: 'errorMessage', type: 'string', versions: '0+', nullable: '0+' },
              { name: 'resourceType', type: 'int8', versions: '0+' },
              { name: 'resourceName', type: 'string', versions: '0+' },
              { name: 'patternType', type: 'int8', versions: '1+', default: 3 },
              { name: 'principal', type: 'string', versions: '0+' },
              { name: 'host', type: 'string', versions: '0+' },
              { name: 'operation', type: 'int8', versions: '0+' },
              { name: 'permissionType', type: 'int8', versions: '0+' },
            ],
          },
        ],
      },
    ],
  },
  DeleteGroupsRequest: {
    name: 'DeleteGroupsRequest', apiKey: 42, versions: '0-3', flexible: '2+',
    fields: [
      { name: 'groupsNames', type: '[]string', versions: '0+' },
    ],
  },
  DeleteGroupsResponse: {
    name: 'DeleteGroupsResponse', apiKey: 42, versions: '0-3', flexible: '2+',
    fields: [
      { name: 'throttleTimeMs', type: 'int32', versions: '0+' },
      {
        name: 'results', type: '[]DeletableGroupResult', versions: '0+',
        fields: [
          { name: 'groupId', type: 'string', versions: '0+' },
          { name: 'errorCode', type: 'int16', versions: '0+' },
          { name: 'errorMessage', type: 'string', versions: '3+', nullable: '3+', default: null, ignorable: true },
        ],
      },
    ],
  },
  DeleteRecordsRequest: {
    name: 'DeleteRecordsRequest', apiKey: 21, versions: '0-2', flexible: '2+',
    fields: [
      {
        name: 'topics', type: '[]DeleteRecordsTopic', versions: '0+',
        fields: [
          { name: 'name', type: 'string', versions: '0+' },
          {
            name: 'partitions', type: '[]DeleteRecordsPartition', versions: '0+',
            fields: [
              { name: 'partitionIndex', type: 'int32', versions: '0+' },
              { name: 'offset', type: 'int64', versions: '0+' },
            ],
          },
        ],
      },
      { name: 'timeoutMs', type: 'int32', versions: '0+' },
    ],
  },
  DeleteRecordsResponse: {
    name: 'DeleteRecordsResponse', apiKey: 21, versions: '0-2', flexible: '2+',
    fields: [
      { name: 'throttleTimeMs', type: 'int32', versions: '0+' },
      {
        name: 'topics', type: '[]DeleteRecordsTopicResult', versions: '0+',
        fields: [
          { name: 'name', type: 'string', versions: '0+' },
          {
            name: 'partitions', type: '[]DeleteRecordsPartitionResult', versions: '0+',
            fields: [
              { name: 'partitionIndex', type: 'int32', versions: '0+' },
              { name: 'lowWatermark', type: 'int64', versions: '0+' },
              { name: 'errorCode', type: 'int16', versions: '0+' },
            ],
          },
        ],
      },
    ],
  },
  DeleteShareGroupOffsetsRequest: {
    name: 'DeleteShareGroupOffsetsRequest', apiKey: 92, versions: '0', flexible: '0+',
    fields: [
      { name: 'groupId', type: 'string', versions: '0+' },
      {
        name: 'topics', type: '[]DeleteShareGroupOffsetsRequestTopic', versions: '0+',
        fields: [
          { name: 'topicName', type: 'string', versions: '0+' },
        ],
      },
    ],
  },
  DeleteShareGroupOffsetsResponse: {
    name: 'DeleteShareGroupOffsetsResponse', apiKey: 92, versions: '0', flexible: '0+',
    fields: [
      { name: 'throttleTimeMs', type: 'int32', versions: '0+' },
      { name: 'errorCode', type: 'int16', versions: '0+' },
      { name: 'errorMessage', type: 'string', versions: '0+', nullable: '0+', default: null },
      {
        name: 'responses', type: '[]DeleteShareGroupOffsetsResponseTopic', versions: '0+',
        fields: [
          { name: 'topicName', type: 'string', versions: '0+' },
          { name: 'topicId', type: 'uuid', versions: '0+' },
          { name: 'errorCode', type: 'int16', versions: '0+' },
          { name: 'errorMessage', type: 'string', versions: '0+', nullable: '0+', default: null },
        ],
      },
    ],
  },
  DeleteShareGroupStateRequest: {
    name: 'DeleteShareGroupStateRequest', apiKey: 86, versions: '0', flexible: '0+',
    fields: [
      { name: 'groupId', type: 'string', versions: '0+' },
      {
        name: 'topics', type: '[]DeleteStateData', versions: '0+',
        fields: [
          { name: 'topicId', type: 'uuid', versions: '0+' },
          {
            name: 'partitions', type: '[]PartitionData', versions: '0+',
            fields: [
              { name: 'partition', type: 'int32', versions: '0+' },
            ],
          },
        ],
      },
    ],
  },
  DeleteShareGroupStateResponse: {
    name: 'DeleteShareGroupStateResponse', apiKey: 86, versions: '0', flexible: '0+',
    fields: [
      {
        name: 'results', type: '[]DeleteStateResult', versions: '0+',
        fields: [
          { name: 'topicId', type: 'uuid', versions: '0+' },
          {
            name: 'partitions', type: '[]PartitionResult', versions: '0+',
            fields: [
              { name: 'partition', type: 'int32', versions: '0+' },
              { name: 'errorCode', type: 'int16', versions: '0+' },
              { name: 'errorMessage', type: 'string', versions: '0+', nullable: '0+', default: null },
            ],
          },
        ],
      },
    ],
  },
  DeleteTopicsRequest: {
    name: 'DeleteTopicsRequest', apiKey: 20, versions: '1-6', flexible: '4+',
    fields: [
      {
        name: 'topics', type: '[]DeleteTopicState', versions: '6+',
        fields: [
          { name: 'name', type: 'string', versions: '6+', nullable: '6+', default: null },
          { name: 'topicId', type: 'uuid', versions: '6+' },
        ],
      },
      { name: 'topicNames', type: '[]string', versions: '0-5', ignorable: true },
      { name: 'timeoutMs', type: 'int32', versions: '0+' },
    ],
  },
  DeleteTopicsResponse: {
    name: 'DeleteTopicsResponse', apiKey: 20, versions: '1-6', flexible: '4+',
    fields: [
      { name: 'throttleTimeMs', type: 'int32', versions: '1+', ignorable: true },
      {
        name: 'responses', type: '[]DeletableTopicResult', versions: '0+',
        fields: [
          { name: 'name', type: 'string', versions: '0+', nullable: '6+' },
          { name: 'topicId', type: 'uuid', versions: '6+', ignorable: true },
          { name: 'errorCode', type: 'int16', versions: '0+' },
          { name: 'errorMessage', type: 'string', versions: '5+', nullable: '5+', default: null, ignorable: true },
        ],
      },
    ],
  },
  DescribeAclsRequest: {
    name: 'DescribeAclsRequest', apiKey: 29, versions: '1-3', flexible: '2+',
    fields: [
      { name: 'resourceTypeFilter', type: 'int8', versions: '0+' },
      { name: 'resourceNameFilter', type: 'string', versions: '0+', nullable: '0+' },
      { name: 'patternTypeFilter', type: 'int8', versions: '1+', default: 3 },
      { name: 'principalFilter', type: 'string', versions: '0+', nullable: '0+' },
      { name: 'hostFilter', type: 'string', versions: '0+', nullable: '0+' },
      { name: 'operation', type: 'int8', versions: '0+' },
      { name: 'permissionType', type: 'int8', versions: '0+' },
    ],
  },
  DescribeAclsResponse: {
    name: 'DescribeAclsResponse', apiKey: 29, versions: '1-3', flexible: '2+',
    fields: [
      { name: 'throttleTimeMs', type: 'int32', versions: '0+' },
      { name: 'errorCode', type: 'int16', versions: '0+' },
      { name: 'errorMessage', type: 'string', versions: '0+', nullable: '0+' },
      {
        name: 'resources', type: '[]DescribeAclsResource', versions: '0+',
        fields: [
          { name: 'resourceType', type: 'int8', versions: '0+' },
          { name: 'resourceName', type: 'string', versions: '0+' },
          { name: 'patternType', type: 'int8', versions: '1+', default: 3 },
          {
            name: 'acls', type: '[]AclDescription', versions: '0+',
            fields: [
              { name: 'principal', type: 'string', versions: '0+' },
              { name: 'host', type: 'string', versions: '0+' },
              { name: 'operation', type: 'int8', versions: '0+' },
              { name: 'permissionType', type: 'int8', versions: '0+' },
            ],
          },
        ],
      },
    ],
  },
  DescribeClientQuotasRequest: {
    name: 'DescribeClientQuotasRequest', apiKey: 48, versions: '0-1', flexible: '1+',
    fields: [
      {
        name: 'components', type: '[]ComponentData', versions: '0+',
        fields: [
          { name: 'entityType', type: 'string', versions: '0+' },
          { name: 'matchType', type: 'int8', versions: '0+' },
          { name: 'match', type: 'string', versions: '0+', nullable: '0+' },
        ],
      },
      { name: 'strict', type: 'bool', versions: '0+' },
    ],
  },
  DescribeClientQuotasResponse: {
    name: 'DescribeClientQuotasResponse', apiKey: 48, versions: '0-1', flexible: '1+',
    fields: [
      { name: 'throttleTimeMs', type: 'int32', versions: '0+' },
      { name: 'errorCode', type: 'int16', versions: '0+' },
      { name: 'errorMessage', type: 'string', versions: '0+', nullable: '0+' },
      {
        name: 'entries', type: '[]EntryData', versions: '0+', nullable: '0+',
        fields: [
          {
            name: 'entity', type: '[]EntityData', versions: '0+',
            fields: [
              { name: 'entityType', type: 'string', versions: '0+' },
              { name: 'entityName', type: 'string', versions: '0+', nullable: '0+' },
            ],
          },
          {
            name: 'values', type: '[]ValueData', versions: '0+',
            fields: [
              { name: 'key', type: 'string', versions: '0+' },
              { name: 'value', type: 'float64', versions: '0+' },
            ],
          },
        ],
      },
    ],
  },
  DescribeClusterRequest: {
    name: 'DescribeClusterRequest', apiKey: 60, versions: '0-2', flexible: '0+',
    fields: [
      { name: 'includeClusterAuthorizedOperations', type: 'bool', versions: '0+' },
      { name: 'endpointType', type: 'int8', versions: '1+', default: 1 },
      { name: 'includeFencedBrokers', type: 'bool', versions: '2+' },
    ],
  },
  DescribeClusterResponse: {
    name: 'DescribeClusterResponse', apiKey: 60, versions: '0-2', flexible: '0+',
    fields: [
      { name: 'throttleTimeMs', type: 'int32', versions: '0+' },
      { name: 'errorCode', type: 'int16', versions: '0+' },
      { name: 'errorMessage', type: 'string', versions: '0+', nullable: '0+', default: null },
      { name: 'endpointType', type: 'int8', versions: '1+', default: 1 },
      { name: 'clusterId', type: 'string', versions: '0+' },
      { name: 'controllerId', type: 'int32', versions: '0+', default: -1 },
      {
        name: 'brokers', type: '[]DescribeClusterBroker', versions: '0+',
        fields: [
          { name: 'brokerId', type: 'int32', versions: '0+' },
          { name: 'host', type: 'string', versions: '0+' },
          { name: 'port', type: 'int32', versions: '0+' },
          { name: 'rack', type: 'string', versions: '0+', nullable: '0+', default: null },
          { name: 'isFenced', type: 'bool', versions: '2+' },
        ],
      },
      { name: 'clusterAuthorizedOperations', type: 'int32', versions: '0+', default: -2147483648 },
    ],
  },
  DescribeConfigsRequest: {
    name: 'DescribeConfigsRequest', apiKey: 32, versions: '1-4', flexible: '4+',
    fields: [
      {
        name: 'resources', type: '[]DescribeConfigsResource', versions: '0+',
        fields: [
          { name: 'resourceType', type: 'int8', versions: '0+' },
          { name: 'resourceName', type: 'string', versions: '0+' },
          { name: 'configurationKeys', type: '[]string', versions: '0+', nullable: '0+' },
        ],
      },
      { name: 'includeSynonyms', type: 'bool', versions: '1+', default: false },
      { name: 'includeDocumentation', type: 'bool', versions: '3+', default: false },
    ],
  },
  DescribeConfigsResponse: {
    name: 'DescribeConfigsResponse', apiKey: 32, versions: '1-4', flexible: '4+',
    fields: [
      { name: 'throttleTimeMs', type: 'int32', versions: '0+' },
      {
        name: 'results', type: '[]DescribeConfigsResult', versions: '0+',
        fields: [
          { name: 'errorCode', type: 'int16', versions: '0+' },
          { name: 'errorMessage', type: 'string', versions: '0+', nullable: '0+' },
          { name: 'resourceType', type: 'int8', versions: '0+' },
          { name: 'resourceName', type: 'string', versions: '0+' },
          {
            name: 'configs', type: '[]DescribeConfigsResourceResult', versions: '0+',
            fields: [
              { name: 'name', type: 'string', versions: '0+' },
              { name: 'value', type: 'string', versions: '0+', nullable: '0+' },
              { name: 'readOnly', type: 'bool', versions: '0+' },
              { name: 'configSource', type: 'int8', versions: '1+', default: -1, ignorable: true },
              { name: 'isSensitive', type: 'bool', versions: '0+' },
              {
                name: 'synonyms', type: '[]DescribeConfigsSynonym', versions: '1+', ignorable: true,
                fields: [
                  { name: 'name', type: 'string', versions: '1+' },
                  { name: 'value', type: 'string', versions: '1+', nullable: '0+' },
                  { name: 'source', type: 'int8', versions: '1+' },
                ],
              },
              { name: 'configType', type: 'int8', versions: '3+', default: 0, ignorable: true },
              { name: 'documentation', type: 'string', versions: '3+', nullable: '0+', ignorable: true },
            ],
          },
        ],
      },
    ],
  },
  DescribeDelegationTokenRequest: {
    name: 'DescribeDelegationTokenRequest', apiKey: 41, versions: '1-3', flexible: '2+',
    fields: [
      {
        name: 'owners', type: '[]DescribeDelegationTokenOwner', versions: '0+', nullable: '0+',
        fields: [
          { name: 'principalType', type: 'string', versions: '0+' },
          { name: 'principalName', type: 'string', versions: '0+' },
        ],
      },
    ],
  },
  DescribeDelegationTokenResponse: {
    name: 'DescribeDelegationTokenResponse', apiKey: 41, versions: '1-3', flexible: '2+',
    fields: [
      { name: 'errorCode', type: 'int16', versions: '0+' },
      {
        name: 'tokens', type: '[]DescribedDelegationToken', versions: '0+',
        fields: [
          { name: 'principalType', type: 'string', versions: '0+' },
          { name: 'principalName', type: 'string', versions: '0+' },
          { name: 'tokenRequesterPrincipalType', type: 'string', versions: '3+' },
          { name: 'tokenRequesterPrincipalName', type: 'string', versions: '3+' },
          { name: 'issueTimestamp', type: 'int64', versions: '0+' },
          { name: 'expiryTimestamp', type: 'int64', versions: '0+' },
          { name: 'maxTimestamp', type: 'int64', versions: '0+' },
          { name: 'tokenId', type: 'string', versions: '0+' },
          { name: 'hmac', type: 'bytes', versions: '0+' },
          {
            name: 'renewers', type: '[]DescribedDelegationTokenRenewer', versions: '0+',
            fields: [
              { name: 'principalType', type: 'string', versions: '0+' },
              { name: 'principalName', type: 'string', versions: '0+' },
            ],
          },
        ],
      },
      { name: 'throttleTimeMs', type: 'int32', versions: '0+' },
    ],
  },
  DescribeGroupsRequest: {
    name: 'DescribeGroupsRequest', apiKey: 15, versions: '0-6', flexible: '5+',
    fields: [
      { name: 'groups', type: '[]string', versions: '0+' },
      { name: 'includeAuthorizedOperations', type: 'bool', versions: '3+' },
    ],
  },
  DescribeGroupsResponse: {
    name: 'DescribeGroupsResponse', apiKey: 15, versions: '0-6', flexible: '5+',
    fields: [
      { name: 'throttleTimeMs', type: 'int32', versions: '1+', ignorable: true },
      {
        name: 'groups', type: '[]DescribedGroup', versions: '0+',
        fields: [
          { name: 'errorCode', type: 'int16', versions: '0+' },
          { name: 'errorMessage', type: 'string', versions: '6+', nullable: '6+', default: null },
          { name: 'groupId', type: 'string', versions: '0+' },
          { name: 'groupState', type: 'string', versions: '0+' },
          { name: 'protocolType', type: 'string', versions: '0+' },
          { name: 'protocolData', type: 'string', versions: '0+' },
          {
            name: 'members', type: '[]DescribedGroupMember', versions: '0+',
            fields: [
              { name: 'memberId', type: 'string', versions: '0+' },
              { name: 'groupInstanceId', type: 'string', versions: '4+', nullable: '4+', default: null, ignorable: true },
              { name: 'clientId', type: 'string', versions: '0+' },
              { name: 'clientHost', type: 'string', versions: '0+' },
              { name: 'memberMetadata', type: 'bytes', versions: '0+' },
              { name: 'memberAssignment', type: 'bytes', versions: '0+' },
            ],
          },
          { name: 'authorizedOperations', type: 'int32', versions: '3+', default: -2147483648 },
        ],
      },
    ],
  },
  DescribeLogDirsRequest: {
    name: 'DescribeLogDirsRequest', apiKey: 35, versions: '1-5', flexible: '2+',
    fields: [
      {
        name: 'topics', type: '[]DescribableLogDirTopic', versions: '0+', nullable: '0+',
        fields: [
          { name: 'topic', type: 'string', versions: '0+' },
          { name: 'partitions', type: '[]int32', versions: '0+' },
        ],
      },
    ],
  },
  DescribeLogDirsResponse: {
    name: 'DescribeLogDirsResponse', apiKey: 35, versions: '1-5', flexible: '2+',
    fields: [
      { name: 'throttleTimeMs', type: 'int32', versions: '0+' },
      { name: 'errorCode', type: 'int16', versions: '3+', ignorable: true },
      {
        name: 'results', type: '[]DescribeLogDirsResult', versions: '0+',
        fields: [
          { name: 'errorCode', type: 'int16', versions: '0+' },
          { name: 'logDir', type: 'string', versions: '0+' },
          {
            name: 'topics', type: '[]DescribeLogDirsTopic', versions: '0+',
            fields: [
              { name: 'name', type: 'string', versions: '0+' },
              {
                name: 'partitions', type: '[]DescribeLogDirsPartition', versions: '0+',
                fields: [
                  { name: 'partitionIndex', type: 'int32', versions: '0+' },
                  { name: 'partitionSize', type: 'int64', versions: '0+' },
                  { name: 'offsetLag', type: 'int64', versions: '0+' },
                  { name: 'isFutureKey', type: 'bool', versions: '0+' },
                ],
              },
            ],
          },
          { name: 'totalBytes', type: 'int64', versions: '4+', default: -1, ignorable: true },
          { name: 'usableBytes', type: 'int64', versions: '4+', default: -1, ignorable: true },
          { name: 'isCordoned', type: 'bool', versions: '5+', default: false, ignorable: true },
        ],
      },
    ],
  },
  DescribeProducersRequest: {
    name: 'DescribeProducersRequest', apiKey: 61, versions: '0', flexible: '0+',
    fields: [
      {
        name: 'topics', type: '[]TopicRequest', versions: '0+',
        fields: [
          { name: 'name', type: 'string', versions: '0+' },
          { name: 'partitionIndexes', type: '[]int32', versions: '0+' },
        ],
      },
    ],
  },
  DescribeProducersResponse: {
    name: 'DescribeProducersResponse', apiKey: 61, versions: '0', flexible: '0+',
    fields: [
      { name: 'throttleTimeMs', type: 'int32', versions: '0+' },
      {
        name: 'topics', type: '[]TopicResponse', versions: '0+',
        fields: [
          { name: 'name', type: 'string', versions: '0+' },
          {
            name: 'partitions', type: '[]PartitionResponse', versions: '0+',
            fields: [
              { name: 'partitionIndex', type: 'int32', versions: '0+' },
              { name: 'errorCode', type: 'int16', versions: '0+' },
              { name: 'errorMessage', type: 'string', versions: '0+', nullable: '0+', default: null },
              {
                name: 'activeProducers', type: '[]ProducerState', versions: '0+',
                fields: [
                  { name: 'producerId', type: 'int64', versions: '0+' },
                  { name: 'producerEpoch', type: 'int32', versions: '0+' },
                  { name: 'lastSequence', type: 'int32', versions: '0+', default: -1 },
                  { name: 'lastTimestamp', type: 'int64', versions: '0+', default: -1 },
                  { name: 'coordinatorEpoch', type: 'int32', versions: '0+' },
                  { name: 'currentTxnStartOffset', type: 'int64', versions: '0+', default: -1 },
                ],
              },
            ],
          },
        ],
      },
    ],
  },
  DescribeQuorumRequest: {
    name: 'DescribeQuorumRequest', apiKey: 55, versions: '0-2', flexible: '0+',
    fields: [
      {
        name: 'topics', type: '[]TopicData', versions: '0+',
        fields: [
          { name: 'topicName', type: 'string', versions: '0+' },
          {
            name: 'partitions', type: '[]PartitionData', versions: '0+',
            fields: [
              { name: 'partitionIndex', type: 'int32', versions: '0+' },
            ],
          },
        ],
      },
    ],
  },
  DescribeQuorumResponse: {
    name: 'DescribeQuorumResponse', apiKey: 55, versions: '0-2', flexible: '0+',
    fields: [
      { name: 'errorCode', type: 'int16', versions: '0+' },
      { name: 'errorMessage', type: 'string', versions: '2+', nullable: '2+', ignorable: true },
      {
        name: 'topics', type: '[]TopicData', versions: '0+',
        fields: [
          { name: 'topicName', type: 'string', versions: '0+' },
          {
            name: 'partitions', type: '[]PartitionData', versions: '0+',
            fields: [
              { name: 'partitionIndex', type: 'int32', versions: '0+' },
              { name: 'errorCode', type: 'int16', versions: '0+' },
              { name: 'errorMessage', type: 'string', versions: '2+', nullable: '2+', ignorable: true },
              { name: 'leaderId', type: 'int32', versions: '0+' },
              { name: 'leaderEpoch', type: 'int32', versions: '0+' },
              { name: 'highWatermark', type: 'int64', versions: '0+' },
              { name: 'currentVoters', type: '[]ReplicaState', versions: '0+' },
              { name: 'observers', type: '[]ReplicaState', versions: '0+' },
            ],
          },
        ],
      },
      {
        name: 'nodes', type: '[]Node', versions: '2+',
        fields: [
          { name: 'nodeId', type: 'int32', versions: '2+' },
          {
            name: 'listeners', type: '[]Listener', versions: '2+',
            fields: [
              { name: 'name', type: 'string', versions: '2+' },
              { name: 'host', type: 'string', versions: '2+' },
              { name: 'port', type: 'uint16', versions: '2+' },
            ],
          },
        ],
      },
    ],
    structs: {
      ReplicaState: [
        { name: 'replicaId', type: 'int32', versions: '0+' },
        { name: 'replicaDirectoryId', type: 'uuid', versions: '2+' },
        { name: 'logEndOffset', type: 'int64', versions: '0+' },
        { name: 'lastFetchTimestamp', type: 'int64', versions: '1+', default: -1, ignorable: true },
        { name: 'lastCaughtUpTimestamp', type: 'int64', versions: '1+', default: -1, ignorable: true },
      ],
    },
  },
  DescribeShareGroupOffsetsRequest: {
    name: 'DescribeShareGroupOffsetsRequest', apiKey: 90, versions: '0-1', flexible: '0+',
    fields: [
      {
        name: 'groups', type: '[]DescribeShareGroupOffsetsRequestGroup', versions: '0+',
        fields: [
          { name: 'groupId', type: 'string', versions: '0+' },
          {
            name: 'topics', type: '[]DescribeShareGroupOffsetsRequestTopic', versions: '0+', nullable: '0+',
            fields: [
              { name: 'topicName', type: 'string', versions: '0+' },
              { name: 'partitions', type: '[]int32', versions: '0+' },
            ],
          },
        ],
      },
    ],
  },
  DescribeShareGroupOffsetsResponse: {
    name: 'DescribeShareGroupOffsetsResponse', apiKey: 90, versions: '0-1', flexible: '0+',
    fields: [
      { name: 'throttleTimeMs', type: 'int32', versions: '0+' },
      {
        name: 'groups', type: '[]DescribeShareGroupOffsetsResponseGroup', versions: '0+',
        fields: [
          { name: 'groupId', type: 'string', versions: '0+' },
          {
            name: 'topics', type: '[]DescribeShareGroupOffsetsResponseTopic', versions: '0+',
            fields: [
              { name: 'topicName', type: 'string', versions: '0+' },
              { name: 'topicId', type: 'uuid', versions: '0+' },
              {
                name: 'partitions', type: '[]DescribeShareGroupOffsetsResponsePartition', versions: '0+',
                fields: [
                  { name: 'partitionIndex', type: 'int32', versions: '0+' },
                  { name: 'startOffset', type: 'int64', versions: '0+' },
                  { name: 'leaderEpoch', type: 'int32', versions: '0+' },
                  { name: 'lag', type: 'int64', versions: '1+', default: -1, ignorable: true },
                  { name: 'errorCode', type: 'int16', versions: '0+' },
                  { name: 'errorMessage', type: 'string', versions: '0+', nullable: '0+', default: null },
                ],
              },
            ],
          },
          { name: 'errorCode', type: 'int16', versions: '0+' },
          { name: 'errorMessage', type: 'string', versions: '0+', nullable: '0+', default: null },
        ],
      },
    ],
  },
  DescribeTopicPartitionsRequest: {
    name: 'DescribeTopicPartitionsRequest', apiKey: 75, versions: '0', flexible: '0+',
    fields: [
      {
        name: 'topics', type: '[]TopicRequest', versions: '0+',
        fields: [
          { name: 'name', type: 'string', versions: '0+' },
        ],
      },
      { name: 'responsePartitionLimit', type: 'int32', versions: '0+', default: 2000 },
      {
        name: 'cursor', type: 'Cursor', versions: '0+', nullable: '0+', default: null,
        fields: [
          { name: 'topicName', type: 'string', versions: '0+' },
          { name: 'partitionIndex', type: 'int32', versions: '0+' },
        ],
      },
    ],
  },
  DescribeTopicPartitionsResponse: {
    name: 'DescribeTopicPartitionsResponse', apiKey: 75, versions: '0', flexible: '0+',
    fields: [
      { name: 'throttleTimeMs', type: 'int32', versions: '0+', ignorable: true },
      {
        name: 'topics', type: '[]DescribeTopicPartitionsResponseTopic', versions: '0+',
        fields: [
          { name: 'errorCode', type: 'int16', versions: '0+' },
          { name: 'name', type: 'string', versions: '0+', nullable: '0+' },
          { name: 'topicId', type: 'uuid', versions: '0+', ignorable: true },
          { name: 'isInternal', type: 'bool', versions: '0+', default: false, ignorable: true },
          {
            name: 'partitions', type: '[]DescribeTopicPartitionsResponsePartition', versions: '0+',
            fields: [
              { name: 'errorCode', type: 'int16', versions: '0+' },
              { name: 'partitionIndex', type: 'int32', versions: '0+' },
              { name: 'leaderId', type: 'int32', versions: '0+' },
              { name: 'leaderEpoch', type: 'int32', versions: '0+', default: -1, ignorable: true },
              { name: 'replicaNodes', type: '[]int32', versions: '0+' },
              { name: 'isrNodes', type: '[]int32', versions: '0+' },
              { name: 'eligibleLeaderReplicas', type: '[]int32', versions: '0+', nullable: '0+', default: null },
              { name: 'lastKnownElr', type: '[]int32', versions: '0+', nullable: '0+', default: null },
              { name: 'offlineReplicas', type: '[]int32', versions: '0+', ignorable: true },
            ],
          },
          { name: 'topicAuthorizedOperations', type: 'int32', versions: '0+', default: -2147483648 },
        ],
      },
      {
        name: 'nextCursor', type: 'Cursor', versions: '0+', nullable: '0+', default: null,
        fields: [
          { name: 'topicName', type: 'string', versions: '0+' },
          { name: 'partitionIndex', type: 'int32', versions: '0+' },
        ],
      },
    ],
  },
  DescribeTransactionsRequest: {
    name: 'DescribeTransactionsRequest', apiKey: 65, versions: '0', flexible: '0+',
    fields: [
      { name: 'transactionalIds', type: '[]string', versions: '0+' },
    ],
  },
  DescribeTransactionsResponse: {
    name: 'DescribeTransactionsResponse', apiKey: 65, versions: '0', flexible: '0+',
    fields: [
      { name: 'throttleTimeMs', type: 'int32', versions: '0+' },
      {
        name: 'transactionStates', type: '[]TransactionState', versions: '0+',
        fields: [
          { name: 'errorCode', type: 'int16', versions: '0+' },
          { name: 'transactionalId', type: 'string', versions: '0+' },
          { name: 'transactionState', type: 'string', versions: '0+' },
          { name: 'transactionTimeoutMs', type: 'int32', versions: '0+' },
          { name: 'transactionStartTimeMs', type: 'int64', versions: '0+' },
          { name: 'producerId', type: 'int64', versions: '0+' },
          { name: 'producerEpoch', type: 'int16', versions: '0+' },
          {
            name: 'topics', type: '[]TopicData', versions: '0+',
            fields: [
              { name: 'topic', type: 'string', versions: '0+' },
              { name: 'partitions', type: '[]int32', versions: '0+' },
            ],
          },
        ],
      },
    ],
  },
  DescribeUserScramCredentialsRequest: {
    name: 'DescribeUserScramCredentialsRequest', apiKey: 50, versions: '0', flexible: '0+',
    fields: [
      {
        name: 'users', type: '[]UserName', versions: '0+', nullable: '0+',
        fields: [
          { name: 'name', type: 'string', versions: '0+' },
        ],
      },
    ],
  },
  DescribeUserScramCredentialsResponse: {
    name: 'DescribeUserScramCredentialsResponse', apiKey: 50, versions: '0', flexible: '0+',
    fields: [
      { name: 'throttleTimeMs', type: 'int32', versions: '0+' },
      { name: 'errorCode', type: 'int16', versions: '0+' },
      { name: 'errorMessage', type: 'string', versions: '0+', nullable: '0+' },
      {
        name: 'results', type: '[]DescribeUserScramCredentialsResult', versions: '0+',
        fields: [
          { name: 'user', type: 'string', versions: '0+' },
          { name: 'errorCode', type: 'int16', versions: '0+' },
          { name: 'errorMessage', type: 'string', versions: '0+', nullable: '0+' },
          {
            name: 'credentialInfos', type: '[]CredentialInfo', versions: '0+',
            fields: [
              { name: 'mechanism', type: 'int8', versions: '0+' },
              { name: 'iterations', type: 'int32', versions: '0+' },
            ],
          },
        ],
      },
    ],
  },
  ElectLeadersRequest: {
    name: 'ElectLeadersRequest', apiKey: 43, versions: '0-2', flexible: '2+',
    fields: [
      { name: 'electionType', type: 'int8', versions: '1+' },
      {
        name: 'topicPartitions', type: '[]TopicPartitions', versions: '0+', nullable: '0+',
        fields: [
          { name: 'topic', type: 'string', versions: '0+' },
          { name: 'partitions', type: '[]int32', versions: '0+' },
        ],
      },
      { name: 'timeoutMs', type: 'int32', versions: '0+', default: 60000 },
    ],
  },
  ElectLeadersResponse: {
    name: 'ElectLeadersResponse', apiKey: 43, versions: '0-2', flexible: '2+',
    fields: [
      { name: 'throttleTimeMs', type: 'int32', versions: '0+' },
      { name: 'errorCode', type: 'int16', versions: '1+' },
      {
        name: 'replicaElectionResults', type: '[]ReplicaElectionResult', versions: '0+',
        fields: [
          { name: 'topic', type: 'string', versions: '0+' },
          {
            name: 'partitionResult', type: '[]PartitionResult', versions: '0+',
            fields: [
              { name: 'partitionId', type: 'int32', versions: '0+' },
              { name: 'errorCode', type: 'int16', versions: '0+' },
              { name: 'errorMessage', type: 'string', versions: '0+', nullable: '0+' },
            ],
          },
        ],
      },
    ],
  },
  EndTxnRequest: {
    name: 'EndTxnRequest', apiKey: 26, versions: '0-5', flexible: '3+',
    fields: [
      { name: 'transactionalId', type: 'string', versions: '0+' },
      { name: 'producerId', type: 'int64', versions: '0+' },
      { name: 'producerEpoch', type: 'int16', versions: '0+' },
      { name: 'committed', type: 'bool', versions: '0+' },
    ],
  },
  EndTxnResponse: {
    name: 'EndTxnResponse', apiKey: 26, versions: '0-5', flexible: '3+',
    fields: [
      { name: 'throttleTimeMs', type: 'int32', versions: '0+' },
      { name: 'errorCode', type: 'int16', versions: '0+' },
      { name: 'producerId', type: 'int64', versions: '5+', default: -1, ignorable: true },
      { name: 'producerEpoch', type: 'int16', versions: '5+', default: -1, ignorable: true },
    ],
  },
  ExpireDelegationTokenRequest: {
    name: 'ExpireDelegationTokenRequest', apiKey: 40, versions: '1-2', flexible: '2+',
    fields: [
      { name: 'hmac', type: 'bytes', versions: '0+' },
      { name: 'expiryTimePeriodMs', type: 'int64', versions: '0+' },
    ],
  },
  ExpireDelegationTokenResponse: {
    name: 'ExpireDelegationTokenResponse', apiKey: 40, versions: '1-2', flexible: '2+',
    fields: [
      { name: 'errorCode', type: 'int16', versions: '0+' },
      { name: 'expiryTimestampMs', type: 'int64', versions: '0+' },
      { name: 'throttleTimeMs', type: 'int32', versions: '0+' },
    ],
  },
  FetchRequest: {
    name: 'FetchRequest', apiKey: 1, versions: '4-18', flexible: '12+',
    fields: [
      { name: 'clusterId', type: 'string', versions: '12+', nullable: '12+', tagged: '12+', tag: 0, default: null, ignorable: true },
      { name: 'replicaId', type: 'int32', versions: '0-14', default: -1 },
      {
        name: 'replicaState', type: 'ReplicaState', versions: '15+', tagged: '15+', tag: 1,
        fields: [
          { name: 'replicaId', type: 'int32', versions: '15+', default: -1 },
          { name: 'replicaEpoch', type: 'int64', versions: '15+', default: -1 },
        ],
      },
      { name: 'maxWaitMs', type: 'int32', versions: '0+' },
      { name: 'minBytes', type: 'int32', versions: '0+' },
      { name: 'maxBytes', type: 'int32', versions: '3+', default: 2147483647, ignorable: true },
      { name: 'isolationLevel', type: 'int8', versions: '4+', default: 0, ignorable: true },
      { name: 'sessionId', type: 'int32', versions: '7+', default: 0, ignorable: true },
      { name: 'sessionEpoch', type: 'int32', versions: '7+', default: -1, ignorable: true },
      {
        name: 'topics', type: '[]FetchTopic', versions: '0+',
        fields: [
          { name: 'topic', type: 'string', versions: '0-12', ignorable: true },
          { name: 'topicId', type: 'uuid', versions: '13+', ignorable: true },
          {
            name: 'partitions', type: '[]FetchPartition', versions: '0+',
            fields: [
              { name: 'partition', type: 'int32', versions: '0+' },
              { name: 'currentLeaderEpoch', type: 'int32', versions: '9+', default: -1, ignorable: true },
              { name: 'fetchOffset', type: 'int64', versions: '0+' },
              { name: 'lastFetchedEpoch', type: 'int32', versions: '12+', default: -1 },
              { name: 'logStartOffset', type: 'int64', versions: '5+', default: -1, ignorable: true },
              { name: 'partitionMaxBytes', type: 'int32', versions: '0+' },
              { name: 'replicaDirectoryId', type: 'uuid', versions: '17+', tagged: '17+', tag: 0, ignorable: true },
              { name: 'highWatermark', type: 'int64', versions: '18+', tagged: '18+', tag: 1, default: 9223372036854775807n, ignorable: true, wide: true },
            ],
          },
        ],
      },
      {
        name: 'forgottenTopicsData', type: '[]ForgottenTopic', versions: '7+',
        fields: [
          { name: 'topic', type: 'string', versions: '7-12', ignorable: true },
          { name: 'topicId', type: 'uuid', versions: '13+', ignorable: true },
          { name: 'partitions', type: '[]int32', versions: '7+' },
        ],
      },
      { name: 'rackId', type: 'string', versions: '11+', default: '', ignorable: true },
    ],
  },
  FetchResponse: {
    name: 'FetchResponse', apiKey: 1, versions: '4-18', flexible: '12+',
    fields: [
      { name: 'throttleTimeMs', type: 'int32', versions: '1+', ignorable: true },
      { name: 'errorCode', type: 'int16', versions: '7+', ignorable: true },
      { name: 'sessionId', type: 'int32', versions: '7+', default: 0 },
      {
        name: 'responses', type: '[]FetchableTopicResponse', versions: '0+',
        fields: [
          { name: 'topic', type: 'string', versions: '0-12', ignorable: true },
          { name: 'topicId', type: 'uuid', versions: '13+', ignorable: true },
          {
            name: 'partitions', type: '[]PartitionData', versions: '0+',
            fields: [
              { name: 'partitionIndex', type: 'int32', versions: '0+' },
              { name: 'errorCode', type: 'int16', versions: '0+' },
              { name: 'highWatermark', type: 'int64', versions: '0+' },
              { name: 'lastStableOffset', type: 'int64', versions: '4+', default: -1, ignorable: true },
              { name: 'logStartOffset', type: 'int64', versions: '5+', default: -1, ignorable: true },
              {
                name: 'divergingEpoch', type: 'EpochEndOffset', versions: '12+', tagged: '12+', tag: 0,
                fields: [
                  { name: 'epoch', type: 'int32', versions: '12+', default: -1 },
                  { name: 'endOffset', type: 'int64', versions: '12+', default: -1 },
                ],
              },
              {
                name: 'currentLeader', type: 'LeaderIdAndEpoch', versions: '12+', tagged: '12+', tag: 1,
                fields: [
                  { name: 'leaderId', type: 'int32', versions: '12+', default: -1 },
                  { name: 'leaderEpoch', type: 'int32', versions: '12+', default: -1 },
                ],
              },
              {
                name: 'snapshotId', type: 'SnapshotId', versions: '12+', tagged: '12+', tag: 2,
                fields: [
                  { name: 'endOffset', type: 'int64', versions: '0+', default: -1 },
                  { name: 'epoch', type: 'int32', versions: '0+', default: -1 },
                ],
              },
              {
                name: 'abortedTransactions', type: '[]AbortedTransaction', versions: '4+', nullable: '4+', ignorable: true,
                fields: [
                  { name: 'producerId', type: 'int64', versions: '4+' },
                  { name: 'firstOffset', type: 'int64', versions: '4+' },
                ],
              },
              { name: 'preferredReadReplica', type: 'int32', versions: '11+', default: -1 },
              { name: 'records', type: 'records', versions: '0+', nullable: '0+' },
            ],
          },
        ],
      },
      {
        name: 'nodeEndpoints', type: '[]NodeEndpoint', versions: '16+', tagged: '16+', tag: 0,
        fields: [
          { name: 'nodeId', type: 'int32', versions: '16+' },
          { name: 'host', type: 'string', versions: '16+' },
          { name: 'port', type: 'int32', versions: '16+' },
          { name: 'rack', type: 'string', versions: '16+', nullable: '16+', default: null },
        ],
      },
    ],
  },
  FindCoordinatorRequest: {
    name: 'FindCoordinatorRequest', apiKey: 10, versions: '0-6', flexible: '3+',
    fields: [
      { name: 'key', type: 'string', versions: '0-3' },
      { name: 'keyType', type: 'int8', versions: '1+', default: 0 },
      { name: 'coordinatorKeys', type: '[]string', versions: '4+' },
    ],
  },
  FindCoordinatorResponse: {
    name: 'FindCoordinatorResponse', apiKey: 10, versions: '0-6', flexible: '3+',
    fields: [
      { name: 'throttleTimeMs', type: 'int32', versions: '1+', ignorable: true },
      { name: 'errorCode', type: 'int16', versions: '0-3' },
      { name: 'errorMessage', type: 'string', versions: '1-3', nullable: '1-3', ignorable: true },
      { name: 'nodeId', type: 'int32', versions: '0-3' },
      { name: 'host', type: 'string', versions: '0-3' },
      { name: 'port', type: 'int32', versions: '0-3' },
      {
        name: 'coordinators', type: '[]Coordinator', versions: '4+',
        fields: [
          { name: 'key', type: 'string', versions: '4+' },
          { name: 'nodeId', type: 'int32', versions: '4+' },
          { name: 'host', type: 'string', versions: '4+' },
          { name: 'port', type: 'int32', versions: '4+' },
          { name: 'errorCode', type: 'int16', versions: '4+' },
          { name: 'errorMessage', type: 'string', versions: '4+', nullable: '4+', ignorable: true },
        ],
      },
    ],
  },
  GetTelemetrySubscriptionsRequest: {
    name: 'GetTelemetrySubscriptionsRequest', apiKey: 71, versions: '0', flexible: '0+',
    fields: [
      { name: 'clientInstanceId', type: 'uuid', versions: '0+' },
    ],
  },
  GetTelemetrySubscriptionsResponse: {
    name: 'GetTelemetrySubscriptionsResponse', apiKey: 71, versions: '0', flexible: '0+',
    fields: [
      { name: 'throttleTimeMs', type: 'int32', versions: '0+' },
      { name: 'errorCode', type: 'int16', versions: '0+' },
      { name: 'clientInstanceId', type: 'uuid', versions: '0+' },
      { name: 'subscriptionId', type: 'int32', versions: '0+' },
      { name: 'acceptedCompressionTypes', type: '[]int8', versions: '0+' },
      { name: 'pushIntervalMs', type: 'int32', versions: '0+' },
      { name: 'telemetryMaxBytes', type: 'int32', versions: '0+' },
      { name: 'deltaTemporality', type: 'bool', versions: '0+' },
      { name: 'requestedMetrics', type: '[]string', versions: '0+' },
    ],
  },
  HeartbeatRequest: {
    name: 'HeartbeatRequest', apiKey: 12, versions: '0-4', flexible: '4+',
    fields: [
      { name: 'groupId', type: 'string', versions: '0+' },
      { name: 'generationId', type: 'int32', versions: '0+' },
      { name: 'memberId', type: 'string', versions: '0+' },
      { name: 'groupInstanceId', type: 'string', versions: '3+', nullable: '3+', default: null },
    ],
  },
  HeartbeatResponse: {
    name: 'HeartbeatResponse', apiKey: 12, versions: '0-4', flexible: '4+',
    fields: [
      { name: 'throttleTimeMs', type: 'int32', versions: '1+', ignorable: true },
      { name: 'errorCode', type: 'int16', versions: '0+' },
    ],
  },
  IncrementalAlterConfigsRequest: {
    name: 'IncrementalAlterConfigsRequest', apiKey: 44, versions: '0-1', flexible: '1+',
    fields: [
      {
        name: 'resources', type: '[]AlterConfigsResource', versions: '0+',
        fields: [
          { name: 'resourceType', type: 'int8', versions: '0+' },
          { name: 'resourceName', type: 'string', versions: '0+' },
          {
            name: 'configs', type: '[]AlterableConfig', versions: '0+',
            fields: [
              { name: 'name', type: 'string', versions: '0+' },
              { name: 'configOperation', type: 'int8', versions: '0+' },
              { name: 'value', type: 'string', versions: '0+', nullable: '0+' },
            ],
          },
        ],
      },
      { name: 'validateOnly', type: 'bool', versions: '0+' },
    ],
  },
  IncrementalAlterConfigsResponse: {
    name: 'IncrementalAlterConfigsResponse', apiKey: 44, versions: '0-1', flexible: '1+',
    fields: [
      { name: 'throttleTimeMs', type: 'int32', versions: '0+' },
      {
        name: 'responses', type: '[]AlterConfigsResourceResponse', versions: '0+',
        fields: [
          { name: 'errorCode', type: 'int16', versions: '0+' },
          { name: 'errorMessage', type: 'string', versions: '0+', nullable: '0+' },
          { name: 'resourceType', type: 'int8', versions: '0+' },
          { name: 'resourceName', type: 'string', versions: '0+' },
        ],
      },
    ],
  },
  InitProducerIdRequest: {
    name: 'InitProducerIdRequest', apiKey: 22, versions: '0-6', flexible: '2+',
    fields: [
      { name: 'transactionalId', type: 'string', versions: '0+', nullable: '0+' },
      { name: 'transactionTimeoutMs', type: 'int32', versions: '0+' },
      { name: 'producerId', type: 'int64', versions: '3+', default: -1 },
      { name: 'producerEpoch', type: 'int16', versions: '3+', default: -1 },
      { name: 'enable2Pc', type: 'bool', versions: '6+', default: false },
      { name: 'keepPreparedTxn', type: 'bool', versions: '6+', default: false },
    ],
  },
  InitProducerIdResponse: {
    name: 'InitProducerIdResponse', apiKey: 22, versions: '0-6', flexible: '2+',
    fields: [
      { name: 'throttleTimeMs', type: 'int32', versions: '0+', ignorable: true },
      { name: 'errorCode', type: 'int16', versions: '0+' },
      { name: 'producerId', type: 'int64', versions: '0+', default: -1 },
      { name: 'producerEpoch', type: 'int16', versions: '0+' },
      { name: 'ongoingTxnProducerId', type: 'int64', versions: '6+', default: -1 },
      { name: 'ongoingTxnProducerEpoch', type: 'int16', versions: '6+', default: -1 },
    ],
  },
  InitializeShareGroupStateRequest: {
    name: 'InitializeShareGroupStateRequest', apiKey: 83, versions: '0', flexible: '0+',
    fields: [
      { name: 'groupId', type: 'string', versions: '0+' },
      {
        name: 'topics', type: '[]InitializeStateData', versions: '0+',
        fields: [
          { name: 'topicId', type: 'uuid', versions: '0+' },
          {
            name: 'partitions', type: '[]PartitionData', versions: '0+',
            fields: [
              { name: 'partition', type: 'int32', versions: '0+' },
              { name: 'stateEpoch', type: 'int32', versions: '0+' },
              { name: 'startOffset', type: 'int64', versions: '0+' },
            ],
          },
        ],
      },
    ],
  },
  InitializeShareGroupStateResponse: {
    name: 'InitializeShareGroupStateResponse', apiKey: 83, versions: '0', flexible: '0+',
    fields: [
      {
        name: 'results', type: '[]InitializeStateResult', versions: '0+',
        fields: [
          { name: 'topicId', type: 'uuid', versions: '0+' },
          {
            name: 'partitions', type: '[]PartitionResult', versions: '0+',
            fields: [
              { name: 'partition', type: 'int32', versions: '0+' },
              { name: 'errorCode', type: 'int16', versions: '0+' },
              { name: 'errorMessage', type: 'string', versions: '0+', nullable: '0+', default: null },
            ],
          },
        ],
      },
    ],
  },
  JoinGroupRequest: {
    name: 'JoinGroupRequest', apiKey: 11, versions: '0-9', flexible: '6+',
    fields: [
      { name: 'groupId', type: 'string', versions: '0+' },
      { name: 'sessionTimeoutMs', type: 'int32', versions: '0+' },
      { name: 'rebalanceTimeoutMs', type: 'int32', versions: '1+', default: -1, ignorable: true },
      { name: 'memberId', type: 'string', versions: '0+' },
      { name: 'groupInstanceId', type: 'string', versions: '5+', nullable: '5+', default: null },
      { name: 'protocolType', type: 'string', versions: '0+' },
      {
        name: 'protocols', type: '[]JoinGroupRequestProtocol', versions: '0+',
        fields: [
          { name: 'name', type: 'string', versions: '0+' },
          { name: 'metadata', type: 'bytes', versions: '0+' },
        ],
      },
      { name: 'reason', type: 'string', versions: '8+', nullable: '8+', default: null, ignorable: true },
    ],
  },
  JoinGroupResponse: {
    name: 'JoinGroupResponse', apiKey: 11, versions: '0-9', flexible: '6+',
    fields: [
      { name: 'throttleTimeMs', type: 'int32', versions: '2+', ignorable: true },
      { name: 'errorCode', type: 'int16', versions: '0+' },
      { name: 'generationId', type: 'int32', versions: '0+', default: -1 },
      { name: 'protocolType', type: 'string', versions: '7+', nullable: '7+', default: null, ignorable: true },
      { name: 'protocolName', type: 'string', versions: '0+', nullable: '7+' },
      { name: 'leader', type: 'string', versions: '0+' },
      { name: 'skipAssignment', type: 'bool', versions: '9+', default: false },
      { name: 'memberId', type: 'string', versions: '0+' },
      {
        name: 'members', type: '[]JoinGroupResponseMember', versions: '0+',
        fields: [
          { name: 'memberId', type: 'string', versions: '0+' },
          { name: 'groupInstanceId', type: 'string', versions: '5+', nullable: '5+', default: null, ignorable: true },
          { name: 'metadata', type: 'bytes', versions: '0+' },
        ],
      },
    ],
  },
  LeaveGroupRequest: {
    name: 'LeaveGroupRequest', apiKey: 13, versions: '0-5', flexible: '4+',
    fields: [
      { name: 'groupId', type: 'string', versions: '0+' },
      { name: 'memberId', type: 'string', versions: '0-2' },
      {
        name: 'members', type: '[]MemberIdentity', versions: '3+',
        fields: [
          { name: 'memberId', type: 'string', versions: '3+' },
          { name: 'groupInstanceId', type: 'string', versions: '3+', nullable: '3+', default: null },
          { name: 'reason', type: 'string', versions: '5+', nullable: '5+', default: null, ignorable: true },
        ],
      },
    ],
  },
  LeaveGroupResponse: {
    name: 'LeaveGroupResponse', apiKey: 13, versions: '0-5', flexible: '4+',
    fields: [
      { name: 'throttleTimeMs', type: 'int32', versions: '1+', ignorable: true },
      { name: 'errorCode', type: 'int16', versions: '0+' },
      {
        name: 'members', type: '[]MemberResponse', versions: '3+',
        fields: [
          { name: 'memberId', type: 'string', versions: '3+' },
          { name: 'groupInstanceId', type: 'string', versions: '3+', nullable: '3+' },
          { name: 'errorCode', type: 'int16', versions: '3+' },
        ],
      },
    ],
  },
  ListConfigResourcesRequest: {
    name: 'ListConfigResourcesRequest', apiKey: 74, versions: '0-1', flexible: '0+',
    fields: [
      { name: 'resourceTypes', type: '[]int8', versions: '1+' },
    ],
  },
  ListConfigResourcesResponse: {
    name: 'ListConfigResourcesResponse', apiKey: 74, versions: '0-1', flexible: '0+',
    fields: [
      { name: 'throttleTimeMs', type: 'int32', versions: '0+' },
      { name: 'errorCode', type: 'int16', versions: '0+' },
      {
        name: 'configResources', type: '[]ConfigResource', versions: '0+',
        fields: [
          { name: 'resourceName', type: 'string', versions: '0+' },
          { name: 'resourceType', type: 'int8', versions: '1+', default: 16, ignorable: true },
        ],
      },
    ],
  },
  ListGroupsRequest: {
    name: 'ListGroupsRequest', apiKey: 16, versions: '0-5', flexible: '3+',
    fields: [
      { name: 'statesFilter', type: '[]string', versions: '4+' },
      { name: 'typesFilter', type: '[]string', versions: '5+' },
    ],
  },
  ListGroupsResponse: {
    name: 'ListGroupsResponse', apiKey: 16, versions: '0-5', flexible: '3+',
    fields: [
      { name: 'throttleTimeMs', type: 'int32', versions: '1+', ignorable: true },
      { name: 'errorCode', type: 'int16', versions: '0+' },
      {
        name: 'groups', type: '[]ListedGroup', versions: '0+',
        fields: [
          { name: 'groupId', type: 'string', versions: '0+' },
          { name: 'protocolType', type: 'string', versions: '0+' },
          { name: 'groupState', type: 'string', versions: '4+', ignorable: true },
          { name: 'groupType', type: 'string', versions: '5+', ignorable: true },
        ],
      },
    ],
  },
  ListOffsetsRequest: {
    name: 'ListOffsetsRequest', apiKey: 2, versions: '1-11', flexible: '6+',
    fields: [
      { name: 'replicaId', type: 'int32', versions: '0+' },
      { name: 'isolationLevel', type: 'int8', versions: '2+' },
      {
        name: 'topics', type: '[]ListOffsetsTopic', versions: '0+',
        fields: [
          { name: 'name', type: 'string', versions: '0+' },
          {
            name: 'partitions', type: '[]ListOffsetsPartition', versions: '0+',
            fields: [
              { name: 'partitionIndex', type: 'int32', versions: '0+' },
              { name: 'currentLeaderEpoch', type: 'int32', versions: '4+', default: -1, ignorable: true },
              { name: 'timestamp', type: 'int64', versions: '0+', wide: true },
            ],
          },
        ],
      },
      { name: 'timeoutMs', type: 'int32', versions: '10+', ignorable: true },
    ],
  },
  ListOffsetsResponse: {
    name: 'ListOffsetsResponse', apiKey: 2, versions: '1-11', flexible: '6+',
    fields: [
      { name: 'throttleTimeMs', type: 'int32', versions: '2+', ignorable: true },
      {
        name: 'topics', type: '[]ListOffsetsTopicResponse', versions: '0+',
        fields: [
          { name: 'name', type: 'string', versions: '0+' },
          {
            name: 'partitions', type: '[]ListOffsetsPartitionResponse', versions: '0+',
            fields: [
              { name: 'partitionIndex', type: 'int32', versions: '0+' },
              { name: 'errorCode', type: 'int16', versions: '0+' },
              { name: 'timestamp', type: 'int64', versions: '1+', default: -1 },
              { name: 'offset', type: 'int64', versions: '1+', default: -1 },
              { name: 'leaderEpoch', type: 'int32', versions: '4+', default: -1 },
            ],
          },
        ],
      },
    ],
  },
  ListPartitionReassignmentsRequest: {
    name: 'ListPartitionReassignmentsRequest', apiKey: 46, versions: '0', flexible: '0+',
    fields: [
      { name: 'timeoutMs', type: 'int32', versions: '0+', default: 60000 },
      {
        name: 'topics', type: '[]ListPartitionReassignmentsTopics', versions: '0+', nullable: '0+', default: null,
        fields: [
          { name: 'name', type: 'string', versions: '0+' },
          { name: 'partitionIndexes', type: '[]int32', versions: '0+' },
        ],
      },
    ],
  },
  ListPartitionReassignmentsResponse: {
    name: 'ListPartitionReassignmentsResponse', apiKey: 46, versions: '0', flexible: '0+',
    fields: [
      { name: 'throttleTimeMs', type: 'int32', versions: '0+' },
      { name: 'errorCode', type: 'int16', versions: '0+' },
      { name: 'errorMessage', type: 'string', versions: '0+', nullable: '0+' },
      {
        name: 'topics', type: '[]OngoingTopicReassignment', versions: '0+',
        fields: [
          { name: 'name', type: 'string', versions: '0+' },
          {
            name: 'partitions', type: '[]OngoingPartitionReassignment', versions: '0+',
            fields: [
              { name: 'partitionIndex', type: 'int32', versions: '0+' },
              { name: 'replicas', type: '[]int32', versions: '0+' },
              { name: 'addingReplicas', type: '[]int32', versions: '0+' },
              { name: 'removingReplicas', type: '[]int32', versions: '0+' },
            ],
          },
        ],
      },
    ],
  },
  ListTransactionsRequest: {
    name: 'ListTransactionsRequest', apiKey: 66, versions: '0-2', flexible: '0+',
    fields: [
      { name: 'stateFilters', type: '[]string', versions: '0+' },
      { name: 'producerIdFilters', type: '[]int64', versions: '0+' },
      { name: 'durationFilter', type: 'int64', versions: '1+', default: -1 },
      { name: 'transactionalIdPattern', type: 'string', versions: '2+', nullable: '2+', default: null },
    ],
  },
  ListTransactionsResponse: {
    name: 'ListTransactionsResponse', apiKey: 66, versions: '0-2', flexible: '0+',
    fields: [
      { name: 'throttleTimeMs', type: 'int32', versions: '0+' },
      { name: 'errorCode', type: 'int16', versions: '0+' },
      { name: 'unknownStateFilters', type: '[]string', versions: '0+' },
      {
        name: 'transactionStates', type: '[]TransactionState', versions: '0+',
        fields: [
          { name: 'transactionalId', type: 'string', versions: '0+' },
          { name: 'producerId', type: 'int64', versions: '0+' },
          { name: 'transactionState', type: 'string', versions: '0+' },
        ],
      },
    ],
  },
  MetadataRequest: {
    name: 'MetadataRequest', apiKey: 3, versions: '0-13', flexible: '9+',
    fields: [
      {
        name: 'topics', type: '[]MetadataRequestTopic', versions: '0+', nullable: '1+',
        fields: [
          { name: 'topicId', type: 'uuid', versions: '10+', ignorable: true },
          { name: 'name', type: 'string', versions: '0+', nullable: '10+' },
        ],
      },
      { name: 'allowAutoTopicCreation', type: 'bool', versions: '4+', default: true },
      { name: 'includeClusterAuthorizedOperations', type: 'bool', versions: '8-10' },
      { name: 'includeTopicAuthorizedOperations', type: 'bool', versions: '8+' },
    ],
  },
  MetadataResponse: {
    name: 'MetadataResponse', apiKey: 3, versions: '0-13', flexible: '9+',
    fields: [
      { name: 'throttleTimeMs', type: 'int32', versions: '3+', ignorable: true },
      {
        name: 'brokers', type: '[]MetadataResponseBroker', versions: '0+',
        fields: [
          { name: 'nodeId', type: 'int32', versions: '0+' },
          { name: 'host', type: 'string', versions: '0+' },
          { name: 'port', type: 'int32', versions: '0+' },
          { name: 'rack', type: 'string', versions: '1+', nullable: '1+', default: null, ignorable: true },
        ],
      },
      { name: 'clusterId', type: 'string', versions: '2+', nullable: '2+', default: null, ignorable: true },
      { name: 'controllerId', type: 'int32', versions: '1+', default: -1, ignorable: true },
      {
        name: 'topics', type: '[]MetadataResponseTopic', versions: '0+',
        fields: [
          { name: 'errorCode', type: 'int16', versions: '0+' },
          { name: 'name', type: 'string', versions: '0+', nullable: '12+' },
          { name: 'topicId', type: 'uuid', versions: '10+', ignorable: true },
          { name: 'isInternal', type: 'bool', versions: '1+', default: false, ignorable: true },
          {
            name: 'partitions', type: '[]MetadataResponsePartition', versions: '0+',
            fields: [
              { name: 'errorCode', type: 'int16', versions: '0+' },
              { name: 'partitionIndex', type: 'int32', versions: '0+' },
              { name: 'leaderId', type: 'int32', versions: '0+' },
              { name: 'leaderEpoch', type: 'int32', versions: '7+', default: -1, ignorable: true },
              { name: 'replicaNodes', type: '[]int32', versions: '0+' },
              { name: 'isrNodes', type: '[]int32', versions: '0+' },
              { name: 'offlineReplicas', type: '[]int32', versions: '5+', ignorable: true },
            ],
          },
          { name: 'topicAuthorizedOperations', type: 'int32', versions: '8+', default: -2147483648 },
        ],
      },
      { name: 'clusterAuthorizedOperations', type: 'int32', versions: '8-10', default: -2147483648 },
      { name: 'errorCode', type: 'int16', versions: '13+', ignorable: true },
    ],
  },
  OffsetCommitRequest: {
    name: 'OffsetCommitRequest', apiKey: 8, versions: '2-10', flexible: '8+',
    fields: [
      { name: 'groupId', type: 'string', versions: '0+' },
      { name: 'generationIdOrMemberEpoch', type: 'int32', versions: '1+', default: -1, ignorable: true },
      { name: 'memberId', type: 'string', versions: '1+', ignorable: true },
      { name: 'groupInstanceId', type: 'string', versions: '7+', nullable: '7+', default: null },
      { name: 'retentionTimeMs', type: 'int64', versions: '2-4', default: -1, ignorable: true },
      {
        name: 'topics', type: '[]OffsetCommitRequestTopic', versions: '0+',
        fields: [
          { name: 'name', type: 'string', versions: '0-9', ignorable: true },
          { name: 'topicId', type: 'uuid', versions: '10+', ignorable: true },
          {
            name: 'partitions', type: '[]OffsetCommitRequestPartition', versions: '0+',
            fields: [
              { name: 'partitionIndex', type: 'int32', versions: '0+' },
              { name: 'committedOffset', type: 'int64', versions: '0+' },
              { name: 'committedLeaderEpoch', type: 'int32', versions: '6+', default: -1, ignorable: true },
              { name: 'committedMetadata', type: 'string', versions: '0+', nullable: '0+' },
            ],
          },
        ],
      },
    ],
  },
  OffsetCommitResponse: {
    name: 'OffsetCommitResponse', apiKey: 8, versions: '2-10', flexible: '8+',
    fields: [
      { name: 'throttleTimeMs', type: 'int32', versions: '3+', ignorable: true },
      {
        name: 'topics', type: '[]OffsetCommitResponseTopic', versions: '0+',
        fields: [
          { name: 'name', type: 'string', versions: '0-9', ignorable: true },
          { name: 'topicId', type: 'uuid', versions: '10+', ignorable: true },
          {
            name: 'partitions', type: '[]OffsetCommitResponsePartition', versions: '0+',
            fields: [
              { name: 'partitionIndex', type: 'int32', versions: '0+' },
              { name: 'errorCode', type: 'int16', versions: '0+' },
            ],
          },
        ],
      },
    ],
  },
  OffsetDeleteRequest: {
    name: 'OffsetDeleteRequest', apiKey: 47, versions: '0', flexible: 'none',
    fields: [
      { name: 'groupId', type: 'string', versions: '0+' },
      {
        name: 'topics', type: '[]OffsetDeleteRequestTopic', versions: '0+',
        fields: [
          { name: 'name', type: 'string', versions: '0+' },
          {
            name: 'partitions', type: '[]OffsetDeleteRequestPartition', versions: '0+',
            fields: [
              { name: 'partitionIndex', type: 'int32', versions: '0+' },
            ],
          },
        ],
      },
    ],
  },
  OffsetDeleteResponse: {
    name: 'OffsetDeleteResponse', apiKey: 47, versions: '0', flexible: 'none',
    fields: [
      { name: 'errorCode', type: 'int16', versions: '0+' },
      { name: 'throttleTimeMs', type: 'int32', versions: '0+', ignorable: true },
      {
        name: 'topics', type: '[]OffsetDeleteResponseTopic', versions: '0+',
        fields: [
          { name: 'name', type: 'string', versions: '0+' },
          {
            name: 'partitions', type: '[]OffsetDeleteResponsePartition', versions: '0+',
            fields: [
              { name: 'partitionIndex', type: 'int32', versions: '0+' },
              { name: 'errorCode', type: 'int16', versions: '0+' },
            ],
          },
        ],
      },
    ],
  },
  OffsetFetchRequest: {
    name: 'OffsetFetchRequest', apiKey: 9, versions: '1-10', flexible: '6+',
    fields: [
      { name: 'groupId', type: 'string', versions: '0-7' },
      {
        name: 'topics', type: '[]OffsetFetchRequestTopic', versions: '0-7', nullable: '2-7',
        fields: [
          { name: 'name', type: 'string', versions: '0-7' },
          { name: 'partitionIndexes', type: '[]int32', versions: '0-7' },
        ],
      },
      {
        name: 'groups', type: '[]OffsetFetchRequestGroup', versions: '8+',
        fields: [
          { name: 'groupId', type: 'string', versions: '8+' },
          { name: 'memberId', type: 'string', versions: '9+', nullable: '9+', default: null, ignorable: true },
          { name: 'memberEpoch', type: 'int32', versions: '9+', default: -1, ignorable: true },
          {
            name: 'topics', type: '[]OffsetFetchRequestTopics', versions: '8+', nullable: '8+',
            fields: [
              { name: 'name', type: 'string', versions: '8-9', ignorable: true },
              { name: 'topicId', type: 'uuid', versions: '10+', ignorable: true },
              { name: 'partitionIndexes', type: '[]int32', versions: '8+' },
            ],
          },
        ],
      },
      { name: 'requireStable', type: 'bool', versions: '7+', default: false },
    ],
  },
  OffsetFetchResponse: {
    name: 'OffsetFetchResponse', apiKey: 9, versions: '1-10', flexible: '6+',
    fields: [
      { name: 'throttleTimeMs', type: 'int32', versions: '3+', ignorable: true },
      {
        name: 'topics', type: '[]OffsetFetchResponseTopic', versions: '0-7',
        fields: [
          { name: 'name', type: 'string', versions: '0-7' },
          {
            name: 'partitions', type: '[]OffsetFetchResponsePartition', versions: '0-7',
            fields: [
              { name: 'partitionIndex', type: 'int32', versions: '0-7' },
              { name: 'committedOffset', type: 'int64', versions: '0-7' },
              { name: 'committedLeaderEpoch', type: 'int32', versions: '5-7', default: -1, ignorable: true },
              { name: 'metadata', type: 'string', versions: '0-7', nullable: '0-7' },
              { name: 'errorCode', type: 'int16', versions: '0-7' },
            ],
          },
        ],
      },
      { name: 'errorCode', type: 'int16', versions: '2-7', default: 0, ignorable: true },
      {
        name: 'groups', type: '[]OffsetFetchResponseGroup', versions: '8+',
        fields: [
          { name: 'groupId', type: 'string', versions: '8+' },
          {
            name: 'topics', type: '[]OffsetFetchResponseTopics', versions: '8+',
            fields: [
              { name: 'name', type: 'string', versions: '8-9', ignorable: true },
              { name: 'topicId', type: 'uuid', versions: '10+', ignorable: true },
              {
                name: 'partitions', type: '[]OffsetFetchResponsePartitions', versions: '8+',
                fields: [
                  { name: 'partitionIndex', type: 'int32', versions: '8+' },
                  { name: 'committedOffset', type: 'int64', versions: '8+' },
                  { name: 'committedLeaderEpoch', type: 'int32', versions: '8+', default: -1, ignorable: true },
                  { name: 'metadata', type: 'string', versions: '8+', nullable: '8+' },
                  { name: 'errorCode', type: 'int16', versions: '8+' },
                ],
              },
            ],
          },
          { name: 'errorCode', type: 'int16', versions: '8+', default: 0 },
        ],
      },
    ],
  },
  OffsetForLeaderEpochRequest: {
    name: 'OffsetForLeaderEpochRequest', apiKey: 23, versions: '2-4', flexible: '4+',
    fields: [
      { name: 'replicaId', type: 'int32', versions: '3+', default: -2, ignorable: true },
      {
        name: 'topics', type: '[]OffsetForLeaderTopic', versions: '0+',
        fields: [
          { name: 'topic', type: 'string', versions: '0+' },
          {
            name: 'partitions', type: '[]OffsetForLeaderPartition', versions: '0+',
            fields: [
              { name: 'partition', type: 'int32', versions: '0+' },
              { name: 'currentLeaderEpoch', type: 'int32', versions: '2+', default: -1, ignorable: true },
              { name: 'leaderEpoch', type: 'int32', versions: '0+' },
            ],
          },
        ],
      },
    ],
  },
  OffsetForLeaderEpochResponse: {
    name: 'OffsetForLeaderEpochResponse', apiKey: 23, versions: '2-4', flexible: '4+',
    fields: [
      { name: 'throttleTimeMs', type: 'int32', versions: '2+', ignorable: true },
      {
        name: 'topics', type: '[]OffsetForLeaderTopicResult', versions: '0+',
        fields: [
          { name: 'topic', type: 'string', versions: '0+' },
          {
            name: 'partitions', type: '[]EpochEndOffset', versions: '0+',
            fields: [
              { name: 'errorCode', type: 'int16', versions: '0+' },
              { name: 'partition', type: 'int32', versions: '0+' },
              { name: 'leaderEpoch', type: 'int32', versions: '1+', default: -1, ignorable: true },
              { name: 'endOffset', type: 'int64', versions: '0+', default: -1 },
            ],
          },
        ],
      },
    ],
  },
  ProduceRequest: {
    name: 'ProduceRequest', apiKey: 0, versions: '3-13', flexible: '9+',
    fields: [
      { name: 'transactionalId', type: 'string', versions: '3+', nullable: '3+', default: null },
      { name: 'acks', type: 'int16', versions: '0+' },
      { name: 'timeoutMs', type: 'int32', versions: '0+' },
      {
        name: 'topicData', type: '[]TopicProduceData', versions: '0+',
        fields: [
          { name: 'name', type: 'string', versions: '0-12', ignorable: true },
          { name: 'topicId', type: 'uuid', versions: '13+', ignorable: true },
          {
            name: 'partitionData', type: '[]PartitionProduceData', versions: '0+',
            fields: [
              { name: 'index', type: 'int32', versions: '0+' },
              { name: 'records', type: 'records', versions: '0+', nullable: '0+' },
            ],
          },
        ],
      },
    ],
  },
  ProduceResponse: {
    name: 'ProduceResponse', apiKey: 0, versions: '3-13', flexible: '9+',
    fields: [
      {
        name: 'responses', type: '[]TopicProduceResponse', versions: '0+',
        fields: [
          { name: 'name', type: 'string', versions: '0-12', ignorable: true },
          { name: 'topicId', type: 'uuid', versions: '13+', ignorable: true },
          {
            name: 'partitionResponses', type: '[]PartitionProduceResponse', versions: '0+',
            fields: [
              { name: 'index', type: 'int32', versions: '0+' },
              { name: 'errorCode', type: 'int16', versions: '0+' },
              { name: 'baseOffset', type: 'int64', versions: '0+' },
              { name: 'logAppendTimeMs', type: 'int64', versions: '2+', default: -1, ignorable: true },
              { name: 'logStartOffset', type: 'int64', versions: '5+', default: -1, ignorable: true },
              {
                name: 'recordErrors', type: '[]BatchIndexAndErrorMessage', versions: '8+', ignorable: true,
                fields: [
                  { name: 'batchIndex', type: 'int32', versions: '8+' },
                  { name: 'batchIndexErrorMessage', type: 'string', versions: '8+', nullable: '8+', default: null },
                ],
              },
              { name: 'errorMessage', type: 'string', versions: '8+', nullable: '8+', default: null, ignorable: true },
              {
                name: 'currentLeader', type: 'LeaderIdAndEpoch', versions: '10+', tagged: '10+', tag: 0,
                fields: [
                  { name: 'leaderId', type: 'int32', versions: '10+', default: -1 },
                  { name: 'leaderEpoch', type: 'int32', versions: '10+', default: -1 },
                ],
              },
            ],
          },
        ],
      },
      { name: 'throttleTimeMs', type: 'int32', versions: '1+', default: 0, ignorable: true },
      {
        name: 'nodeEndpoints', type: '[]NodeEndpoint', versions: '10+', tagged: '10+', tag: 0,
        fields: [
          { name: 'nodeId', type: 'int32', versions: '10+' },
          { name: 'host', type: 'string', versions: '10+' },
          { name: 'port', type: 'int32', versions: '10+' },
          { name: 'rack', type: 'string', versions: '10+', nullable: '10+', default: null },
        ],
      },
    ],
  },
  PushTelemetryRequest: {
    name: 'PushTelemetryRequest', apiKey: 72, versions: '0', flexible: '0+',
    fields: [
      { name: 'clientInstanceId', type: 'uuid', versions: '0+' },
      { name: 'subscriptionId', type: 'int32', versions: '0+' },
      { name: 'terminating', type: 'bool', versions: '0+' },
      { name: 'compressionType', type: 'int8', versions: '0+' },
      { name: 'metrics', type: 'bytes', versions: '0+' },
    ],
  },
  PushTelemetryResponse: {
    name: 'PushTelemetryResponse', apiKey: 72, versions: '0', flexible: '0+',
    fields: [
      { name: 'throttleTimeMs', type: 'int32', versions: '0+' },
      { name: 'errorCode', type: 'int16', versions: '0+' },
    ],
  },
  ReadShareGroupStateRequest: {
    name: 'ReadShareGroupStateRequest', apiKey: 84, versions: '0', flexible: '0+',
    fields: [
      { name: 'groupId', type: 'string', versions: '0+' },
      {
        name: 'topics', type: '[]ReadStateData', versions: '0+',
        fields: [
          { name: 'topicId', type: 'uuid', versions: '0+' },
          {
            name: 'partitions', type: '[]PartitionData', versions: '0+',
            fields: [
              { name: 'partition', type: 'int32', versions: '0+' },
              { name: 'leaderEpoch', type: 'int32', versions: '0+' },
            ],
          },
        ],
      },
    ],
  },
  ReadShareGroupStateResponse: {
    name: 'ReadShareGroupStateResponse', apiKey: 84, versions: '0', flexible: '0+',
    fields: [
      {
        name: 'results', type: '[]ReadStateResult', versions: '0+',
        fields: [
          { name: 'topicId', type: 'uuid', versions: '0+' },
          {
            name: 'partitions', type: '[]PartitionResult', versions: '0+',
            fields: [
              { name: 'partition', type: 'int32', versions: '0+' },
              { name: 'errorCode', type: 'int16', versions: '0+' },
              { name: 'errorMessage', type: 'string', versions: '0+', nullable: '0+', default: null },
              { name: 'stateEpoch', type: 'int32', versions: '0+' },
              { name: 'startOffset', type: 'int64', versions: '0+' },
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
        ],
      },
    ],
  },
  ReadShareGroupStateSummaryRequest: {
    name: 'ReadShareGroupStateSummaryRequest', apiKey: 87, versions: '0-1', flexible: '0+',
    fields: [
      { name: 'groupId', type: 'string', versions: '0+' },
      {
        name: 'topics', type: '[]ReadStateSummaryData', versions: '0+',
        fields: [
          { name: 'topicId', type: 'uuid', versions: '0+' },
          {
            name: 'partitions', type: '[]PartitionData', versions: '0+',
            fields: [
              { name: 'partition', type: 'int32', versions: '0+' },
              { name: 'leaderEpoch', type: 'int32', versions: '0+' },
            ],
          },
        ],
      },
    ],
  },
  ReadShareGroupStateSummaryResponse: {
    name: 'ReadShareGroupStateSummaryResponse', apiKey: 87, versions: '0-1', flexible: '0+',
    fields: [
      {
        name: 'results', type: '[]ReadStateSummaryResult', versions: '0+',
        fields: [
          { name: 'topicId', type: 'uuid', versions: '0+' },
          {
            name: 'partitions', type: '[]PartitionResult', versions: '0+',
            fields: [
              { name: 'partition', type: 'int32', versions: '0+' },
              { name: 'errorCode', type: 'int16', versions: '0+' },
              { name: 'errorMessage', type: 'string', versions: '0+', nullable: '0+', default: null },
              { name: 'stateEpoch', type: 'int32', versions: '0+' },
              { name: 'leaderEpoch', type: 'int32', versions: '0+' },
              { name: 'startOffset', type: 'int64', versions: '0+' },
              { name: 'deliveryCompleteCount', type: 'int32', versions: '1+', default: -1, ignorable: true },
            ],
          },
        ],
      },
    ],
  },
  RemoveRaftVoterRequest: {
    name: 'RemoveRaftVoterRequest', apiKey: 81, versions: '0', flexible: '0+',
    fields: [
      { name: 'clusterId', type: 'string', versions: '0+', nullable: '0+' },
      { name: 'voterId', type: 'int32', versions: '0+' },
      { name: 'voterDirectoryId', type: 'uuid', versions: '0+' },
    ],
  },
  RemoveRaftVoterResponse: {
    name: 'RemoveRaftVoterResponse', apiKey: 81, versions: '0', flexible: '0+',
    fields: [
      { name: 'throttleTimeMs', type: 'int32', versions: '0+' },
      { name: 'errorCode', type: 'int16', versions: '0+' },
      { name: 'errorMessage', type: 'string', versions: '0+', nullable: '0+', ignorable: true },
    ],
  },
  RenewDelegationTokenRequest: {
    name: 'RenewDelegationTokenRequest', apiKey: 39, versions: '1-2', flexible: '2+',
    fields: [
      { name: 'hmac', type: 'bytes', versions: '0+' },
      { name: 'renewPeriodMs', type: 'int64', versions: '0+' },
    ],
  },
  RenewDelegationTokenResponse: {
    name: 'RenewDelegationTokenResponse', apiKey: 39, versions: '1-2', flexible: '2+',
    fields: [
      { name: 'errorCode', type: 'int16', versions: '0+' },
      { name: 'expiryTimestampMs', type: 'int64', versions: '0+' },
      { name: 'throttleTimeMs', type: 'int32', versions: '0+' },
    ],
  },
  RequestHeader: {
    name: 'RequestHeader', versions: '1-2', flexible: '2+',
    fields: [
      { name: 'requestApiKey', type: 'int16', versions: '0+' },
      { name: 'requestApiVersion', type: 'int16', versions: '0+' },
      { name: 'correlationId', type: 'int32', versions: '0+' },
      { name: 'clientId', type: 'string', versions: '1+', nullable: '1+', inflexible: true },
    ],
  },
  ResponseHeader: {
    name: 'ResponseHeader', versions: '0-1', flexible: '1+',
    fields: [
      { name: 'correlationId', type: 'int32', versions: '0+' },
    ],
  },
  SaslAuthenticateRequest: {
    name: 'SaslAuthenticateRequest', apiKey: 36, versions: '0-2', flexible: '2+',
    fields: [
      { name: 'authBytes', type: 'bytes', versions: '0+' },
    ],
  },
  SaslAuthenticateResponse: {
    name: 'SaslAuthenticateResponse', apiKey: 36, versions: '0-2', flexible: '2+',
    fields: [
      { name: 'errorCode', type: 'int16', versions: '0+' },
      { name: 'errorMessage', type: 'string', versions: '0+', nullable: '0+' },
      { name: 'authBytes', type: 'bytes', versions: '0+' },
      { name: 'sessionLifetimeMs', type: 'int64', versions: '1+', default: 0, ignorable: true },
    ],
  },
  SaslHandshakeRequest: {
    name: 'SaslHandshakeRequest', apiKey: 17, versions: '0-1', flexible: 'none',
    fields: [
      { name: 'mechanism', type: 'string', versions: '0+' },
    ],
  },
  SaslHandshakeResponse: {
    name: 'SaslHandshakeResponse', apiKey: 17, versions: '0-1', flexible: 'none',
    fields: [
      { name: 'errorCode', type: 'int16', versions: '0+' },
      { name: 'mechanisms', type: '[]string', versions: '0+' },
    ],
  },
  ShareAcknowledgeRequest: {
    name: 'ShareAcknowledgeRequest', apiKey: 79, versions: '1-2', flexible: '0+',
    fields: [
      { name: 'groupId', type: 'string', versions: '0+', nullable: '0+', default: null },
      { name: 'memberId', type: 'string', versions: '0+', nullable: '0+' },
      { name: 'shareSessionEpoch', type: 'int32', versions: '0+' },
      { name: 'isRenewAck', type: 'bool', versions: '2+', default: false },
      {
        name: 'topics', type: '[]AcknowledgeTopic', versions: '0+',
        fields: [
          { name: 'topicId', type: 'uuid', versions: '0+' },
          {
            name: 'partitions', type: '[]AcknowledgePartition', versions: '0+',
            fields: [
              { name: 'partitionIndex', type: 'int32', versions: '0+' },
              {
                name: 'acknowledgementBatches', type: '[]AcknowledgementBatch', versions: '0+',
                fields: [
                  { name: 'firstOffset', type: 'int64', versions: '0+' },
                  { name: 'lastOffset', type: 'int64', versions: '0+' },
                  { name: 'acknowledgeTypes', type: '[]int8', versions: '0+' },
                ],
              },
            ],
          },
        ],
      },
    ],
  },
  ShareAcknowledgeResponse: {
    name: 'ShareAcknowledgeResponse', apiKey: 79, versions: '1-2', flexible: '0+',
    fields: [
      { name: 'throttleTimeMs', type: 'int32', versions: '0+' },
      { name: 'errorCode', type: 'int16', versions: '0+' },
      { name: 'errorMessage', type: 'string', versions: '0+', nullable: '0+', default: null },
      { name: 'acquisitionLockTimeoutMs', type: 'int32', versions: '2+', ignorable: true },
      {
        name: 'responses', type: '[]ShareAcknowledgeTopicResponse', versions: '0+',
        fields: [
          { name: 'topicId', type: 'uuid', versions: '0+' },
          {
            name: 'partitions', type: '[]PartitionData', versions: '0+',
            fields: [
              { name: 'partitionIndex', type: 'int32', versions: '0+' },
              { name: 'errorCode', type: 'int16', versions: '0+' },
              { name: 'errorMessage', type: 'string', versions: '0+', nullable: '0+', default: null },
              {
                name: 'currentLeader', type: 'LeaderIdAndEpoch', versions: '0+',
                fields: [
                  { name: 'leaderId', type: 'int32', versions: '0+' },
                  { name: 'leaderEpoch', type: 'int32', versions: '0+' },
                ],
              },
            ],
          },
        ],
      },
      {
        name: 'nodeEndpoints', type: '[]NodeEndpoint', versions: '0+',
        fields: [
          { name: 'nodeId', type: 'int32', versions: '0+' },
          { name: 'host', type: 'string', versions: '0+' },
          { name: 'port', type: 'int32', versions: '0+' },
          { name: 'rack', type: 'string', versions: '0+', nullable: '0+', default: null },
        ],
      },
    ],
  },
  ShareFetchRequest: {
    name: 'ShareFetchRequest', apiKey: 78, versions: '1-2', flexible: '0+',
    fields: [
      { name: 'groupId', type: 'string', versions: '0+', nullable: '0+', default: null },
      { name: 'memberId', type: 'string', versions: '0+', nullable: '0+' },
      { name: 'shareSessionEpoch', type: 'int32', versions: '0+' },
      { name: 'maxWaitMs', type: 'int32', versions: '0+' },
      { name: 'minBytes', type: 'int32', versions: '0+' },
      { name: 'maxBytes', type: 'int32', versions: '0+', default: 2147483647 },
      { name: 'maxRecords', type: 'int32', versions: '1+' },
      { name: 'batchSize', type: 'int32', versions: '1+' },
      { name: 'shareAcquireMode', type: 'int8', versions: '2+', default: 0, ignorable: true },
      { name: 'isRenewAck', type: 'bool', versions: '2+', default: false },
      {
        name: 'topics', type: '[]FetchTopic', versions: '0+',
        fields: [
          { name: 'topicId', type: 'uuid', versions: '0+' },
          {
            name: 'partitions', type: '[]FetchPartition', versions: '0+',
            fields: [
              { name: 'partitionIndex', type: 'int32', versions: '0+' },
              { name: 'partitionMaxBytes', type: 'int32', versions: '0' },
              {
                name: 'acknowledgementBatches', type: '[]AcknowledgementBatch', versions: '0+',
                fields: [
                  { name: 'firstOffset', type: 'int64', versions: '0+' },
                  { name: 'lastOffset', type: 'int64', versions: '0+' },
                  { name: 'acknowledgeTypes', type: '[]int8', versions: '0+' },
                ],
              },
            ],
          },
        ],
      },
      {
        name: 'forgottenTopicsData', type: '[]ForgottenTopic', versions: '0+',
        fields: [
          { name: 'topicId', type: 'uuid', versions: '0+' },
          { name: 'partitions', type: '[]int32', versions: '0+' },
        ],
      },
    ],
  },
  ShareFetchResponse: {
    name: 'ShareFetchResponse', apiKey: 78, versions: '1-2', flexible: '0+',
    fields: [
      { name: 'throttleTimeMs', type: 'int32', versions: '0+' },
      { name: 'errorCode', type: 'int16', versions: '0+' },
      { name: 'errorMessage', type: 'string', versions: '0+', nullable: '0+', default: null },
      { name: 'acquisitionLockTimeoutMs', type: 'int32', versions: '1+' },
      {
        name: 'responses', type: '[]ShareFetchableTopicResponse', versions: '0+',
        fields: [
          { name: 'topicId', type: 'uuid', versions: '0+' },
          {
            name: 'partitions', type: '[]PartitionData', versions: '0+',
            fields: [
              { name: 'partitionIndex', type: 'int32', versions: '0+' },
              { name: 'errorCode', type: 'int16', versions: '0+' },
              { name: 'errorMessage', type: 'string', versions: '0+', nullable: '0+', default: null },
              { name: 'acknowledgeErrorCode', type: 'int16', versions: '0+' },
              { name: 'acknowledgeErrorMessage', type: 'string', versions: '0+', nullable: '0+', default: null },
              {
                name: 'currentLeader', type: 'LeaderIdAndEpoch', versions: '0+',
                fields: [
                  { name: 'leaderId', type: 'int32', versions: '0+' },
                  { name: 'leaderEpoch', type: 'int32', versions: '0+' },
                ],
              },
              { name: 'records', type: 'records', versions: '0+', nullable: '0' },
              {
                name: 'acquiredRecords', type: '[]AcquiredRecords', versions: '0+',
                fields: [
                  { name: 'firstOffset', type: 'int64', versions: '0+' },
                  { name: 'lastOffset', type: 'int64', versions: '0+' },
                  { name: 'deliveryCount', type: 'int16', versions: '0+' },
                ],
              },
            ],
          },
        ],
      },
      {
        name: 'nodeEndpoints', type: '[]NodeEndpoint', versions: '0+',
        fields: [
          { name: 'nodeId', type: 'int32', versions: '0+' },
          { name: 'host', type: 'string', versions: '0+' },
          { name: 'port', type: 'int32', versions: '0+' },
          { name: 'rack', type: 'string', versions: '0+', nullable: '0+', default: null },
        ],
      },
    ],
  },
  ShareGroupDescribeRequest: {
    name: 'ShareGroupDescribeRequest', apiKey: 77, versions: '1', flexible: '0+',
    fields: [
      { name: 'groupIds', type: '[]string', versions: '0+' },
      { name: 'includeAuthorizedOperations', type: 'bool', versions: '0+' },
    ],
  },
  ShareGroupDescribeResponse: {
    name: 'ShareGroupDescribeResponse', apiKey: 77, versions: '1', flexible: '0+',
    fields: [
      { name: 'throttleTimeMs', type: 'int32', versions: '0+' },
      {
        name: 'groups', type: '[]DescribedGroup', versions: '0+',
        fields: [
          { name: 'errorCode', type: 'int16', versions: '0+' },
          { name: 'errorMessage', type: 'string', versions: '0+', nullable: '0+', default: null },
          { name: 'groupId', type: 'string', versions: '0+' },
          { name: 'groupState', type: 'string', versions: '0+' },
          { name: 'groupEpoch', type: 'int32', versions: '0+' },
          { name: 'assignmentEpoch', type: 'int32', versions: '0+' },
          { name: 'assignorName', type: 'string', versions: '0+' },
          {
            name: 'members', type: '[]Member', versions: '0+',
            fields: [
              { name: 'memberId', type: 'string', versions: '0+' },
              { name: 'rackId', type: 'string', versions: '0+', nullable: '0+', default: null },
              { name: 'memberEpoch', type: 'int32', versions: '0+' },
              { name: 'clientId', type: 'string', versions: '0+' },
              { name: 'clientHost', type: 'string', versions: '0+' },
              { name: 'subscribedTopicNames', type: '[]string', versions: '0+' },
              { name: 'assignment', type: 'Assignment', versions: '0+' },
            ],
          },
          { name: 'authorizedOperations', type: 'int32', versions: '0+', default: -2147483648 },
        ],
      },
    ],
    structs: {
      TopicPartitions: [
        { name: 'topicId', type: 'uuid', versions: '0+' },
        { name: 'topicName', type: 'string', versions: '0+' },
        { name: 'partitions', type: '[]int32', versions: '0+' },
      ],
      Assignment: [
        { name: 'topicPartitions', type: '[]TopicPartitions', versions: '0+' },
      ],
    },
  },
  ShareGroupHeartbeatRequest: {
    name: 'ShareGroupHeartbeatRequest', apiKey: 76, versions: '1', flexible: '0+',
    fields: [
      { name: 'groupId', type: 'string', versions: '0+' },
      { name: 'memberId', type: 'string', versions: '0+' },
      { name: 'memberEpoch', type: 'int32', versions: '0+' },
      { name: 'rackId', type: 'string', versions: '0+', nullable: '0+', default: null },
      { name: 'subscribedTopicNames', type: '[]string', versions: '0+', nullable: '0+', default: null },
    ],
  },
  ShareGroupHeartbeatResponse: {
    name: 'ShareGroupHeartbeatResponse', apiKey: 76, versions: '1', flexible: '0+',
    fields: [
      { name: 'throttleTimeMs', type: 'int32', versions: '0+' },
      { name: 'errorCode', type: 'int16', versions: '0+' },
      { name: 'errorMessage', type: 'string', versions: '0+', nullable: '0+', default: null },
      { name: 'memberId', type: 'string', versions: '0+', nullable: '0+', default: null },
      { name: 'memberEpoch', type: 'int32', versions: '0+' },
      { name: 'heartbeatIntervalMs', type: 'int32', versions: '0+' },
      {
        name: 'assignment', type: 'Assignment', versions: '0+', nullable: '0+', default: null,
        fields: [
          { name: 'topicPartitions', type: '[]TopicPartitions', versions: '0+' },
        ],
      },
    ],
    structs: {
      TopicPartitions: [
        { name: 'topicId', type: 'uuid', versions: '0+' },
        { name: 'partitions', type: '[]int32', versions: '0+' },
      ],
    },
  },
  StreamsGroupDescribeRequest: {
    name: 'StreamsGroupDescribeRequest', apiKey: 89, versions: '0-1', flexible: '0+',
    fields: [
      { name: 'groupIds', type: '[]string', versions: '0+' },
      { name: 'includeAuthorizedOperations', type: 'bool', versions: '0+' },
      { name: 'includeTopologyDescription', type: 'bool', versions: '1+', default: false },
    ],
  },
  StreamsGroupDescribeResponse: {
    name: 'StreamsGroupDescribeResponse', apiKey: 89, versions: '0-1', flexible: '0+',
    fields: [
      { name: 'throttleTimeMs', type: 'int32', versions: '0+' },
      {
        name: 'groups', type: '[]DescribedGroup', versions: '0+',
        fields: [
          { name: 'errorCode', type: 'int16', versions: '0+' },
          { name: 'errorMessage', type: 'string', versions: '0+', nullable: '0+', default: null },
          { name: 'groupId', type: 'string', versions: '0+' },
          { name: 'groupState', type: 'string', versions: '0+' },
          { name: 'groupEpoch', type: 'int32', versions: '0+' },
          { name: 'assignmentEpoch', type: 'int32', versions: '0+' },
          {
            name: 'topology', type: 'Topology', versions: '0+', nullable: '0+', default: null,
            fields: [
              { name: 'epoch', type: 'int32', versions: '0+' },
              {
                name: 'subtopologies', type: '[]Subtopology', versions: '0+', nullable: '0+', default: null,
                fields: [
                  { name: 'subtopologyId', type: 'string', versions: '0+' },
                  { name: 'sourceTopics', type: '[]string', versions: '0+' },
                  { name: 'repartitionSinkTopics', type: '[]string', versions: '0+' },
                  { name: 'stateChangelogTopics', type: '[]TopicInfo', versions: '0+' },
                  { name: 'repartitionSourceTopics', type: '[]TopicInfo', versions: '0+' },
                ],
              },
            ],
          },
          {
            name: 'members', type: '[]Member', versions: '0+',
            fields: [
              { name: 'memberId', type: 'string', versions: '0+' },
              { name: 'memberEpoch', type: 'int32', versions: '0+' },
              { name: 'instanceId', type: 'string', versions: '0+', nullable: '0+', default: null },
              { name: 'rackId', type: 'string', versions: '0+', nullable: '0+', default: null },
              { name: 'clientId', type: 'string', versions: '0+' },
              { name: 'clientHost', type: 'string', versions: '0+' },
              { name: 'topologyEpoch', type: 'int32', versions: '0+' },
              { name: 'processId', type: 'string', versions: '0+' },
              { name: 'userEndpoint', type: 'Endpoint', versions: '0+', nullable: '0+', default: null },
              { name: 'clientTags', type: '[]KeyValue', versions: '0+' },
              { name: 'taskOffsets', type: '[]TaskOffset', versions: '0+' },
              { name: 'taskEndOffsets', type: '[]TaskOffset', versions: '0+' },
              { name: 'assignment', type: 'Assignment', versions: '0+' },
              { name: 'targetAssignment', type: 'Assignment', versions: '0+' },
              { name: 'isClassic', type: 'bool', versions: '0+' },
            ],
          },
          { name: 'authorizedOperations', type: 'int32', versions: '0+', default: -2147483648 },
          { name: 'topologyDescription', type: 'TopologyDescription', versions: '1+', nullable: '1+', default: null },
          { name: 'topologyDescriptionStatus', type: 'int8', versions: '1+', default: 0 },
          { name: 'assignorName', type: 'string', versions: '1+', nullable: '1+', default: null, ignorable: true },
        ],
      },
    ],
    structs: {
      Endpoint: [
        { name: 'host', type: 'string', versions: '0+' },
        { name: 'port', type: 'uint16', versions: '0+' },
      ],
      TaskOffset: [
        { name: 'subtopologyId', type: 'string', versions: '0+' },
        { name: 'partition', type: 'int32', versions: '0+' },
        { name: 'offset', type: 'int64', versions: '0+' },
      ],
      Assignment: [
        { name: 'activeTasks', type: '[]TaskIds', versions: '0+' },
        { name: 'standbyTasks', type: '[]TaskIds', versions: '0+' },
        { name: 'warmupTasks', type: '[]TaskIds', versions: '0+' },
      ],
      TaskIds: [
        { name: 'subtopologyId', type: 'string', versions: '0+' },
        { name: 'partitions', type: '[]int32', versions: '0+' },
      ],
      KeyValue: [
        { name: 'key', type: 'string', versions: '0+' },
        { name: 'value', type: 'string', versions: '0+' },
      ],
      TopicInfo: [
        { name: 'name', type: 'string', versions: '0+' },
        { name: 'partitions', type: 'int32', versions: '0+' },
        { name: 'replicationFactor', type: 'int16', versions: '0+' },
        { name: 'topicConfigs', type: '[]KeyValue', versions: '0+' },
      ],
      TopologyDescription: [
        { name: 'subtopologies', type: '[]TopologyDescriptionSubtopology', versions: '1+' },
        { name: 'globalStores', type: '[]TopologyDescriptionGlobalStore', versions: '1+' },
      ],
      TopologyDescriptionSubtopology: [
        { name: 'subtopologyId', type: 'string', versions: '1+' },
        { name: 'nodes', type: '[]TopologyDescriptionNode', versions: '1+' },
      ],
      TopologyDescriptionNode: [
        { name: 'name', type: 'string', versions: '1+' },
        { name: 'nodeType', type: 'int8', versions: '1+' },
        { name: 'sourceTopics', type: '[]string', versions: '1+' },
        { name: 'sinkTopic', type: 'string', versions: '1+', nullable: '1+', default: null },
        { name: 'stores', type: '[]string', versions: '1+' },
        { name: 'successors', type: '[]string', versions: '1+' },
      ],
      TopologyDescriptionGlobalStore: [
        { name: 'source', type: 'TopologyDescriptionNode', versions: '1+' },
        { name: 'processor', type: 'TopologyDescriptionNode', versions: '1+' },
      ],
    },
  },
  StreamsGroupHeartbeatRequest: {
    name: 'StreamsGroupHeartbeatRequest', apiKey: 88, versions: '0-1', flexible: '0+',
    fields: [
      { name: 'groupId', type: 'string', versions: '0+' },
      { name: 'memberId', type: 'string', versions: '0+' },
      { name: 'memberEpoch', type: 'int32', versions: '0+' },
      { name: 'endpointInformationEpoch', type: 'int32', versions: '0+' },
      { name: 'instanceId', type: 'string', versions: '0+', nullable: '0+', default: null },
      { name: 'rackId', type: 'string', versions: '0+', nullable: '0+', default: null },
      { name: 'rebalanceTimeoutMs', type: 'int32', versions: '0+', default: -1 },
      {
        name: 'topology', type: 'Topology', versions: '0+', nullable: '0+', default: null,
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
      },
      { name: 'activeTasks', type: '[]TaskIds', versions: '0+', nullable: '0+', default: null },
      { name: 'standbyTasks', type: '[]TaskIds', versions: '0+', nullable: '0+', default: null },
      { name: 'warmupTasks', type: '[]TaskIds', versions: '0+', nullable: '0+', default: null },
      { name: 'processId', type: 'string', versions: '0+', nullable: '0+', default: null },
      { name: 'userEndpoint', type: 'Endpoint', versions: '0+', nullable: '0+', default: null },
      { name: 'clientTags', type: '[]KeyValue', versions: '0+', nullable: '0+', default: null },
      { name: 'taskOffsets', type: '[]TaskOffset', versions: '0+', nullable: '0+', default: null },
      { name: 'taskEndOffsets', type: '[]TaskOffset', versions: '0+', nullable: '0+', default: null },
      { name: 'shutdownApplication', type: 'bool', versions: '0+', default: false },
    ],
    structs: {
      KeyValue: [
        { name: 'key', type: 'string', versions: '0+' },
        { name: 'value', type: 'string', versions: '0+' },
      ],
      TopicInfo: [
        { name: 'name', type: 'string', versions: '0+' },
        { name: 'partitions', type: 'int32', versions: '0+' },
        { name: 'replicationFactor', type: 'int16', versions: '0+' },
        { name: 'topicConfigs', type: '[]KeyValue', versions: '0+' },
      ],
      Endpoint: [
        { name: 'host', type: 'string', versions: '0+' },
        { name: 'port', type: 'uint16', versions: '0+' },
      ],
      TaskOffset: [
        { name: 'subtopologyId', type: 'string', versions: '0+' },
        { name: 'partition', type: 'int32', versions: '0+' },
        { name: 'offset', type: 'int64', versions: '0+' },
      ],
      TaskIds: [
        { name: 'subtopologyId', type: 'string', versions: '0+' },
        { name: 'partitions', type: '[]int32', versions: '0+' },
      ],
    },
  },
  StreamsGroupHeartbeatResponse: {
    name: 'StreamsGroupHeartbeatResponse', apiKey: 88, versions: '0-1', flexible: '0+',
    fields: [
      { name: 'throttleTimeMs', type: 'int32', versions: '0+' },
      { name: 'errorCode', type: 'int16', versions: '0+' },
      { name: 'errorMessage', type: 'string', versions: '0+', nullable: '0+', default: null },
      { name: 'memberId', type: 'string', versions: '0+' },
      { name: 'memberEpoch', type: 'int32', versions: '0+' },
      { name: 'heartbeatIntervalMs', type: 'int32', versions: '0+' },
      { name: 'acceptableRecoveryLagLegacy', type: 'int32', versions: '0' },
      { name: 'taskOffsetIntervalMs', type: 'int32', versions: '0+' },
      { name: 'acceptableRecoveryLag', type: 'int64', versions: '1+', default: -1, ignorable: true },
      { name: 'status', type: '[]Status', versions: '0+', nullable: '0+' },
      { name: 'activeTasks', type: '[]TaskIds', versions: '0+', nullable: '0+', default: null },
      { name: 'standbyTasks', type: '[]TaskIds', versions: '0+', nullable: '0+', default: null },
      { name: 'warmupTasks', type: '[]TaskIds', versions: '0+', nullable: '0+', default: null },
      { name: 'topologyDescriptionRequired', type: 'bool', versions: '1+', default: false },
      { name: 'endpointInformationEpoch', type: 'int32', versions: '0+' },
      {
        name: 'partitionsByUserEndpoint', type: '[]EndpointToPartitions', versions: '0+', nullable: '0+', default: null,
        fields: [
          { name: 'userEndpoint', type: 'Endpoint', versions: '0+' },
          { name: 'activePartitions', type: '[]TopicPartition', versions: '0+' },
          { name: 'standbyPartitions', type: '[]TopicPartition', versions: '0+' },
        ],
      },
    ],
    structs: {
      Status: [
        { name: 'statusCode', type: 'int8', versions: '0+' },
        { name: 'statusDetail', type: 'string', versions: '0+' },
      ],
      TopicPartition: [
        { name: 'topic', type: 'string', versions: '0+' },
        { name: 'partitions', type: '[]int32', versions: '0+' },
      ],
      TaskIds: [
        { name: 'subtopologyId', type: 'string', versions: '0+' },
        { name: 'partitions', type: '[]int32', versions: '0+' },
      ],
      Endpoint: [
        { name: 'host', type: 'string', versions: '0+' },
        { name: 'port', type: 'uint16', versions: '0+' },
      ],
    },
  },
  StreamsGroupTopologyDescriptionUpdateRequest: {
    name: 'StreamsGroupTopologyDescriptionUpdateRequest', apiKey: 93, versions: '0', flexible: '0+',
    fields: [
      { name: 'groupId', type: 'string', versions: '0+' },
      { name: 'memberId', type: 'string', versions: '0+' },
      { name: 'topologyEpoch', type: 'int32', versions: '0+' },
      { name: 'topologyDescription', type: 'TopologyDescription', versions: '0+' },
    ],
    structs: {
      TopologyDescription: [
        { name: 'subtopologies', type: '[]TopologyDescriptionSubtopology', versions: '0+' },
        { name: 'globalStores', type: '[]TopologyDescriptionGlobalStore', versions: '0+' },
      ],
      TopologyDescriptionSubtopology: [
        { name: 'subtopologyId', type: 'string', versions: '0+' },
        { name: 'nodes', type: '[]TopologyDescriptionNode', versions: '0+' },
      ],
      TopologyDescriptionNode: [
        { name: 'name', type: 'string', versions: '0+' },
        { name: 'nodeType', type: 'int8', versions: '0+' },
        { name: 'sourceTopics', type: '[]string', versions: '0+' },
        { name: 'sinkTopic', type: 'string', versions: '0+', nullable: '0+', default: null },
        { name: 'stores', type: '[]string', versions: '0+' },
        { name: 'successors', type: '[]string', versions: '0+' },
      ],
      TopologyDescriptionGlobalStore: [
        { name: 'source', type: 'TopologyDescriptionNode', versions: '0+' },
        { name: 'processor', type: 'TopologyDescriptionNode', versions: '0+' },
      ],
    },
  },
  StreamsGroupTopologyDescriptionUpdateResponse: {
    name: 'StreamsGroupTopologyDescriptionUpdateResponse', apiKey: 93, versions: '0', flexible: '0+',
    fields: [
      { name: 'throttleTimeMs', type: 'int32', versions: '0+' },
      { name: 'errorCode', type: 'int16', versions: '0+' },
      { name: 'errorMessage', type: 'string', versions: '0+', nullable: '0+', default: null },
    ],
  },
  SyncGroupRequest: {
    name: 'SyncGroupRequest', apiKey: 14, versions: '0-5', flexible: '4+',
    fields: [
      { name: 'groupId', type: 'string', versions: '0+' },
      { name: 'generationId', type: 'int32', versions: '0+' },
      { name: 'memberId', type: 'string', versions: '0+' },
      { name: 'groupInstanceId', type: 'string', versions: '3+', nullable: '3+', default: null },
      { name: 'protocolType', type: 'string', versions: '5+', nullable: '5+', default: null, ignorable: true },
      { name: 'protocolName', type: 'string', versions: '5+', nullable: '5+', default: null, ignorable: true },
      {
        name: 'assignments', type: '[]SyncGroupRequestAssignment', versions: '0+',
        fields: [
          { name: 'memberId', type: 'string', versions: '0+' },
          { name: 'assignment', type: 'bytes', versions: '0+' },
        ],
      },
    ],
  },
  SyncGroupResponse: {
    name: 'SyncGroupResponse', apiKey: 14, versions: '0-5', flexible: '4+',
    fields: [
      { name: 'throttleTimeMs', type: 'int32', versions: '1+', ignorable: true },
      { name: 'errorCode', type: 'int16', versions: '0+' },
      { name: 'protocolType', type: 'string', versions: '5+', nullable: '5+', default: null, ignorable: true },
      { name: 'protocolName', type: 'string', versions: '5+', nullable: '5+', default: null, ignorable: true },
      { name: 'assignment', type: 'bytes', versions: '0+' },
    ],
  },
  TxnOffsetCommitRequest: {
    name: 'TxnOffsetCommitRequest', apiKey: 28, versions: '0-6', flexible: '3+',
    fields: [
      { name: 'transactionalId', type: 'string', versions: '0+' },
      { name: 'groupId', type: 'string', versions: '0+' },
      { name: 'producerId', type: 'int64', versions: '0+' },
      { name: 'producerEpoch', type: 'int16', versions: '0+' },
      { name: 'generationIdOrMemberEpoch', type: 'int32', versions: '3+', default: -1 },
      { name: 'memberId', type: 'string', versions: '3+', default: '' },
      { name: 'groupInstanceId', type: 'string', versions: '3+', nullable: '3+', default: null },
      {
        name: 'topics', type: '[]TxnOffsetCommitRequestTopic', versions: '0+',
        fields: [
          { name: 'name', type: 'string', versions: '0-5', ignorable: true },
          { name: 'topicId', type: 'uuid', versions: '6+', ignorable: true },
          {
            name: 'partitions', type: '[]TxnOffsetCommitRequestPartition', versions: '0+',
            fields: [
              { name: 'partitionIndex', type: 'int32', versions: '0+' },
              { name: 'committedOffset', type: 'int64', versions: '0+' },
              { name: 'committedLeaderEpoch', type: 'int32', versions: '2+', default: -1, ignorable: true },
              { name: 'committedMetadata', type: 'string', versions: '0+', nullable: '0+' },
            ],
          },
        ],
      },
    ],
  },
  TxnOffsetCommitResponse: {
    name: 'TxnOffsetCommitResponse', apiKey: 28, versions: '0-6', flexible: '3+',
    fields: [
      { name: 'throttleTimeMs', type: 'int32', versions: '0+' },
      {
        name: 'topics', type: '[]TxnOffsetCommitResponseTopic', versions: '0+',
        fields: [
          { name: 'name', type: 'string', versions: '0-5', ignorable: true },
          { name: 'topicId', type: 'uuid', versions: '6+', ignorable: true },
          {
            name: 'partitions', type: '[]TxnOffsetCommitResponsePartition', versions: '0+',
            fields: [
              { name: 'partitionIndex', type: 'int32', versions: '0+' },
              { name: 'errorCode', type: 'int16', versions: '0+' },
            ],
          },
        ],
      },
    ],
  },
  UnregisterBrokerRequest: {
    name: 'UnregisterBrokerRequest', apiKey: 64, versions: '0', flexible: '0+',
    fields: [
      { name: 'brokerId', type: 'int32', versions: '0+' },
    ],
  },
  UnregisterBrokerResponse: {
    name: 'UnregisterBrokerResponse', apiKey: 64, versions: '0', flexible: '0+',
    fields: [
      { name: 'throttleTimeMs', type: 'int32', versions: '0+' },
      { name: 'errorCode', type: 'int16', versions: '0+' },
      { name: 'errorMessage', type: 'string', versions: '0+', nullable: '0+' },
    ],
  },
  UnregisterControllerRequest: {
    name: 'UnregisterControllerRequest', apiKey: 94, versions: '0', flexible: '0+',
    fields: [
      { name: 'controllerId', type: 'int32', versions: '0+' },
    ],
  },
  UnregisterControllerResponse: {
    name: 'UnregisterControllerResponse', apiKey: 94, versions: '0', flexible: '0+',
    fields: [
      { name: 'throttleTimeMs', type: 'int32', versions: '0+' },
      { name: 'errorCode', type: 'int16', versions: '0+' },
      { name: 'errorMessage', type: 'string', versions: '0+', nullable: '0+' },
    ],
  },
  UpdateFeaturesRequest: {
    name: 'UpdateFeaturesRequest', apiKey: 57, versions: '0-2', flexible: '0+',
    fields: [
      { name: 'timeoutMs', type: 'int32', versions: '0+', default: 60000 },
      {
        name: 'featureUpdates', type: '[]FeatureUpdateKey', versions: '0+',
        fields: [
          { name: 'feature', type: 'string', versions: '0+' },
          { name: 'maxVersionLevel', type: 'int16', versions: '0+' },
          { name: 'allowDowngrade', type: 'bool', versions: '0' },
          { name: 'upgradeType', type: 'int8', versions: '1+', default: 1 },
        ],
      },
      { name: 'validateOnly', type: 'bool', versions: '1+', default: false },
    ],
  },
  UpdateFeaturesResponse: {
    name: 'UpdateFeaturesResponse', apiKey: 57, versions: '0-2', flexible: '0+',
    fields: [
      { name: 'throttleTimeMs', type: 'int32', versions: '0+' },
      { name: 'errorCode', type: 'int16', versions: '0+' },
      { name: 'errorMessage', type: 'string', versions: '0+', nullable: '0+' },
      {
        name: 'results', type: '[]UpdatableFeatureResult', versions: '0-1', ignorable: true,
        fields: [
          { name: 'feature', type: 'string', versions: '0+' },
          { name: 'errorCode', type: 'int16', versions: '0+' },
          { name: 'errorMessage', type: 'string', versions: '0+', nullable: '0+' },
        ],
      },
    ],
  },
  WriteShareGroupStateRequest: {
    name: 'WriteShareGroupStateRequest', apiKey: 85, versions: '0-1', flexible: '0+',
    fields: [
      { name: 'groupId', type: 'string', versions: '0+' },
      {
        name: 'topics', type: '[]WriteStateData', versions: '0+',
        fields: [
          { name: 'topicId', type: 'uuid', versions: '0+' },
          {
            name: 'partitions', type: '[]PartitionData', versions: '0+',
            fields: [
              { name: 'partition', type: 'int32', versions: '0+' },
              { name: 'stateEpoch', type: 'int32', versions: '0+' },
              { name: 'leaderEpoch', type: 'int32', versions: '0+' },
              { name: 'startOffset', type: 'int64', versions: '0+' },
              { name: 'deliveryCompleteCount', type: 'int32', versions: '1+', default: -1, ignorable: true },
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
        ],
      },
    ],
  },
  WriteShareGroupStateResponse: {
    name: 'WriteShareGroupStateResponse', apiKey: 85, versions: '0-1', flexible: '0+',
    fields: [
      {
        name: 'results', type: '[]WriteStateResult', versions: '0+',
        fields: [
          { name: 'topicId', type: 'uuid', versions: '0+' },
          {
            name: 'partitions', type: '[]PartitionResult', versions: '0+',
            fields: [
              { name: 'partition', type: 'int32', versions: '0+' },
              { name: 'errorCode', type: 'int16', versions: '0+' },
              { name: 'errorMessage', type: 'string', versions: '0+', nullable: '0+', default: null },
            ],
          },
        ],
      },
    ],
  },
  WriteTxnMarkersRequest: {
    name: 'WriteTxnMarkersRequest', apiKey: 27, versions: '1-2', flexible: '1+',
    fields: [
      {
        name: 'markers', type: '[]WritableTxnMarker', versions: '0+',
        fields: [
          { name: 'producerId', type: 'int64', versions: '0+' },
          { name: 'producerEpoch', type: 'int16', versions: '0+' },
          { name: 'transactionResult', type: 'bool', versions: '0+' },
          {
            name: 'topics', type: '[]WritableTxnMarkerTopic', versions: '0+',
            fields: [
              { name: 'name', type: 'string', versions: '0+' },
              { name: 'partitionIndexes', type: '[]int32', versions: '0+' },
            ],
          },
          { name: 'coordinatorEpoch', type: 'int32', versions: '0+' },
          { name: 'transactionVersion', type: 'int8', versions: '2+', default: 0, ignorable: true },
        ],
      },
    ],
  },
  WriteTxnMarkersResponse: {
    name: 'WriteTxnMarkersResponse', apiKey: 27, versions: '1-2', flexible: '1+',
    fields: [
      {
        name: 'markers', type: '[]WritableTxnMarkerResult', versions: '0+',
        fields: [
          { name: 'producerId', type: 'int64', versions: '0+' },
          {
            name: 'topics', type: '[]WritableTxnMarkerTopicResult', versions: '0+',
            fields: [
              { name: 'name', type: 'string', versions: '0+' },
              {
                name: 'partitions', type: '[]WritableTxnMarkerPartitionResult', versions: '0+',
                fields: [
                  { name: 'partitionIndex', type: 'int32', versions: '0+' },
                  { name: 'errorCode', type: 'int16', versions: '0+' },
                ],
              },
            ],
          },
        ],
      },
    ],
  },
};
