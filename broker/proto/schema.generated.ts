// Made of the .proto files by test/tidy/proto/main.ts; a test compares.
/** A field: number, name, type, and how often it is there: `absent` and `optional` may be missing, not set or null. */
export type FieldShape = readonly [
  id: number,
  name: string,
  type: string,
  label: 'single' | 'optional' | 'absent' | 'repeated' | 'oneof',
];

/** Fields of every message. */
export const MESSAGES: Readonly<Record<string, readonly FieldShape[]>> = {
  'grpc.health.v1.HealthCheckRequest': [
    [1, 'service', 'string', 'single'],
  ],
  'grpc.health.v1.HealthCheckResponse': [
    [1, 'status', 'grpc.health.v1.HealthCheckResponse.ServingStatus', 'single'],
  ],
  'grpc.reflection.v1.ServerReflectionRequest': [
    [1, 'host', 'string', 'single'],
    [3, 'fileByFilename', 'string', 'oneof'],
    [4, 'fileContainingSymbol', 'string', 'oneof'],
    [5, 'fileContainingExtension', 'grpc.reflection.v1.ExtensionRequest', 'oneof'],
    [6, 'allExtensionNumbersOfType', 'string', 'oneof'],
    [7, 'listServices', 'string', 'oneof'],
  ],
  'grpc.reflection.v1.ExtensionRequest': [
    [1, 'containingType', 'string', 'single'],
    [2, 'extensionNumber', 'int32', 'single'],
  ],
  'grpc.reflection.v1.ServerReflectionResponse': [
    [1, 'validHost', 'string', 'single'],
    [2, 'originalRequest', 'grpc.reflection.v1.ServerReflectionRequest', 'single'],
    [4, 'fileDescriptorResponse', 'grpc.reflection.v1.FileDescriptorResponse', 'oneof'],
    [5, 'allExtensionNumbersResponse', 'grpc.reflection.v1.ExtensionNumberResponse', 'oneof'],
    [6, 'listServicesResponse', 'grpc.reflection.v1.ListServiceResponse', 'oneof'],
    [7, 'errorResponse', 'grpc.reflection.v1.ErrorResponse', 'oneof'],
  ],
  'grpc.reflection.v1.FileDescriptorResponse': [
    [1, 'fileDescriptorProto', 'bytes', 'repeated'],
  ],
  'grpc.reflection.v1.ExtensionNumberResponse': [
    [1, 'baseTypeName', 'string', 'single'],
    [2, 'extensionNumber', 'int32', 'repeated'],
  ],
  'grpc.reflection.v1.ListServiceResponse': [
    [1, 'service', 'grpc.reflection.v1.ServiceResponse', 'repeated'],
  ],
  'grpc.reflection.v1.ServiceResponse': [
    [1, 'name', 'string', 'single'],
  ],
  'grpc.reflection.v1.ErrorResponse': [
    [1, 'errorCode', 'int32', 'single'],
    [2, 'errorMessage', 'string', 'single'],
  ],
  'weir.control.v1.ControlAddress': [
    [1, 'host', 'string', 'single'],
    [2, 'port', 'int32', 'single'],
  ],
  'weir.control.v1.ControllerHint': [
    [1, 'id', 'int32', 'single'],
    [2, 'address', 'weir.control.v1.ControlAddress', 'single'],
  ],
  'weir.control.v1.SubmitRequest': [
    [1, 'command', 'weir.control.v1.MetadataCommand', 'single'],
  ],
  'weir.control.v1.SubmitResponse': [
    [1, 'outcome', 'weir.control.v1.MetadataOutcome', 'optional'],
    [2, 'offset', 'int64', 'single'],
    [3, 'controller', 'weir.control.v1.ControllerHint', 'optional'],
  ],
  'weir.control.v1.DescribeQuorumRequest': [
  ],
  'weir.control.v1.QuorumReplica': [
    [1, 'replica', 'weir.control.v1.ReplicaKey', 'single'],
    [2, 'logEndOffset', 'int64', 'single'],
    [3, 'lastFetchMs', 'int64', 'single'],
    [4, 'lastCaughtUpMs', 'int64', 'single'],
  ],
  'weir.control.v1.DescribeQuorumResponse': [
    [1, 'isLeader', 'bool', 'single'],
    [2, 'controller', 'weir.control.v1.ControllerHint', 'optional'],
    [3, 'leaderId', 'int32', 'single'],
    [4, 'leaderEpoch', 'int64', 'single'],
    [5, 'highWatermark', 'int64', 'single'],
    [6, 'voters', 'weir.control.v1.QuorumReplica', 'repeated'],
    [7, 'observers', 'weir.control.v1.QuorumReplica', 'repeated'],
    [8, 'nodes', 'weir.control.v1.ControllerHint', 'repeated'],
  ],
  'weir.control.v1.ChangeQuorumRequest': [
    [1, 'change', 'weir.control.v1.QuorumChange', 'single'],
    [2, 'replica', 'weir.control.v1.ReplicaKey', 'single'],
  ],
  'weir.control.v1.ChangeQuorumResponse': [
    [1, 'errorCode', 'int32', 'single'],
    [2, 'errorMessage', 'string', 'optional'],
    [3, 'controller', 'weir.control.v1.ControllerHint', 'optional'],
  ],
  'weir.control.v1.HeartbeatRequest': [
    [1, 'brokerId', 'int32', 'single'],
    [2, 'brokerEpoch', 'int64', 'single'],
    [3, 'appliedOffset', 'int64', 'single'],
    [4, 'wantsUnfenced', 'bool', 'single'],
    [5, 'loopStalledMs', 'int64', 'single'],
    [6, 'diskStalledMs', 'int64', 'single'],
    [7, 'unansweredMs', 'int64', 'single'],
  ],
  'weir.control.v1.HeartbeatResponse': [
    [1, 'errorCode', 'int32', 'single'],
    [2, 'isFenced', 'bool', 'single'],
    [3, 'offset', 'int64', 'single'],
    [4, 'wallMs', 'int64', 'single'],
    [5, 'controller', 'weir.control.v1.ControllerHint', 'optional'],
    [6, 'withholdsLease', 'bool', 'single'],
  ],
  'weir.control.v1.WatchMetadataRequest': [
    [1, 'brokerId', 'int32', 'single'],
    [2, 'offset', 'int64', 'single'],
  ],
  'weir.control.v1.MetadataSnapshot': [
    [1, 'offset', 'int64', 'single'],
    [2, 'data', 'bytes', 'single'],
    [3, 'isLast', 'bool', 'single'],
  ],
  'weir.control.v1.MetadataBatch': [
    [1, 'baseOffset', 'int64', 'single'],
    [2, 'payload', 'bytes', 'single'],
    [3, 'recordCount', 'int32', 'single'],
  ],
  'weir.control.v1.MetadataController': [
    [1, 'controllerId', 'int32', 'single'],
  ],
  'weir.control.v1.WatchMetadataResponse': [
    [1, 'snapshot', 'weir.control.v1.MetadataSnapshot', 'oneof'],
    [2, 'batch', 'weir.control.v1.MetadataBatch', 'oneof'],
    [3, 'controller', 'weir.control.v1.MetadataController', 'oneof'],
  ],
  'weir.control.v1.StatusRequest': [
  ],
  'weir.control.v1.StatusResponse': [
    [1, 'node', 'weir.control.v1.ReplicaKey', 'single'],
    [2, 'clusterId', 'string', 'single'],
    [3, 'roles', 'weir.control.v1.Role', 'repeated'],
    [4, 'version', 'string', 'single'],
    [5, 'troubles', 'string', 'repeated'],
    [6, 'leaderId', 'int32', 'single'],
    [7, 'leaderEpoch', 'int64', 'single'],
    [8, 'metadataOffset', 'int64', 'single'],
    [9, 'brokerEpoch', 'int64', 'single'],
    [10, 'advertised', 'weir.control.v1.AdvertisedBroker', 'repeated'],
    [11, 'hasNoMetadata', 'bool', 'single'],
  ],
  'weir.control.v1.AdvertisedBroker': [
    [1, 'brokerId', 'int32', 'single'],
    [2, 'endpoints', 'weir.control.v1.Endpoint', 'repeated'],
  ],
  'weir.control.v1.LoadRequest': [
  ],
  'weir.control.v1.LoadResponse': [
    [1, 'brokerEpoch', 'int64', 'single'],
    [2, 'atMs', 'int64', 'single'],
    [3, 'busyMs', 'int64', 'single'],
    [4, 'receivedBytes', 'int64', 'single'],
    [5, 'sentBytes', 'int64', 'single'],
    [6, 'logBytes', 'int64', 'single'],
    [7, 'diskBytes', 'int64', 'single'],
    [8, 'shareSessions', 'int32', 'single'],
    [9, 'shareSessionsMax', 'int32', 'single'],
  ],
  'weir.control.v1.CanRestartRequest': [
    [1, 'nodeId', 'int32', 'single'],
    [2, 'host', 'string', 'optional'],
    [3, 'losingDisk', 'bool', 'single'],
  ],
  'weir.control.v1.CanRestartResponse': [
    [1, 'reasons', 'string', 'repeated'],
    [2, 'losingDisk', 'bool', 'single'],
  ],
  'weir.control.v1.AssessTopicsRequest': [
    [1, 'examplesMax', 'int32', 'single'],
  ],
  'weir.control.v1.Tally': [
    [1, 'count', 'int32', 'single'],
    [2, 'examples', 'string', 'repeated'],
  ],
  'weir.control.v1.AssessTopicsResponse': [
    [1, 'errorCode', 'int32', 'single'],
    [2, 'errorMessage', 'string', 'optional'],
    [3, 'controller', 'weir.control.v1.ControllerHint', 'optional'],
    [4, 'topicCount', 'int32', 'single'],
    [5, 'partitionCount', 'int32', 'single'],
    [6, 'leaderless', 'weir.control.v1.Tally', 'single'],
    [7, 'damaged', 'weir.control.v1.Tally', 'single'],
    [8, 'underMinIsr', 'weir.control.v1.Tally', 'single'],
    [9, 'underReplicated', 'weir.control.v1.Tally', 'single'],
    [10, 'thin', 'weir.control.v1.Tally', 'single'],
  ],
  'weir.control.v1.CordonRequest': [
    [1, 'brokerId', 'int32', 'single'],
    [2, 'cordoned', 'bool', 'single'],
  ],
  'weir.control.v1.DrainRequest': [
    [1, 'brokerId', 'int32', 'single'],
  ],
  'weir.control.v1.UndrainRequest': [
    [1, 'brokerId', 'int32', 'single'],
  ],
  'weir.control.v1.RebalanceRequest': [
  ],
  'weir.control.v1.MoveResponse': [
    [1, 'errorCode', 'int32', 'single'],
    [2, 'errorMessage', 'string', 'optional'],
    [3, 'controller', 'weir.control.v1.ControllerHint', 'optional'],
    [4, 'waitingCount', 'int32', 'single'],
    [5, 'movingCount', 'int32', 'single'],
    [6, 'obstacles', 'string', 'repeated'],
  ],
  'weir.control.v1.SetAdvertisedRequest': [
    [1, 'brokerId', 'int32', 'single'],
    [2, 'endpoints', 'weir.control.v1.Endpoint', 'repeated'],
  ],
  'weir.control.v1.SetAdvertisedResponse': [
    [1, 'errorCode', 'int32', 'single'],
    [2, 'errorMessage', 'string', 'optional'],
    [3, 'controller', 'weir.control.v1.ControllerHint', 'optional'],
  ],
  'weir.control.v1.MetadataCommand': [
    [1, 'formatCluster', 'weir.control.v1.FormatClusterCommand', 'oneof'],
    [2, 'registerBroker', 'weir.control.v1.RegisterBrokerCommand', 'oneof'],
    [3, 'unfenceBroker', 'weir.control.v1.UnfenceBrokerCommand', 'oneof'],
    [4, 'fenceBroker', 'weir.control.v1.FenceBrokerCommand', 'oneof'],
    [5, 'createTopics', 'weir.control.v1.CreateTopicsCommand', 'oneof'],
    [6, 'deleteTopics', 'weir.control.v1.DeleteTopicsCommand', 'oneof'],
    [7, 'createPartitions', 'weir.control.v1.CreatePartitionsCommand', 'oneof'],
    [8, 'alterConfigs', 'weir.control.v1.AlterConfigsCommand', 'oneof'],
    [9, 'allocateProducerIds', 'weir.control.v1.AllocateProducerIdsCommand', 'oneof'],
    [10, 'markDurable', 'weir.control.v1.MarkDurableCommand', 'oneof'],
    [11, 'unregisterBroker', 'weir.control.v1.UnregisterBrokerCommand', 'oneof'],
    [12, 'registerController', 'weir.control.v1.RegisterControllerCommand', 'oneof'],
    [13, 'unregisterController', 'weir.control.v1.UnregisterControllerCommand', 'oneof'],
    [14, 'updateFeatures', 'weir.control.v1.UpdateFeaturesCommand', 'oneof'],
    [15, 'alterPartition', 'weir.control.v1.AlterPartitionCommand', 'oneof'],
    [16, 'reportLogs', 'weir.control.v1.ReportLogsCommand', 'oneof'],
    [17, 'reportDamage', 'weir.control.v1.ReportDamageCommand', 'oneof'],
    [18, 'controlledShutdown', 'weir.control.v1.ControlledShutdownCommand', 'oneof'],
    [19, 'electLeaders', 'weir.control.v1.ElectLeadersCommand', 'oneof'],
    [20, 'alterReassignments', 'weir.control.v1.AlterReassignmentsCommand', 'oneof'],
    [21, 'setBrokerPlacement', 'weir.control.v1.SetBrokerPlacementCommand', 'oneof'],
    [22, 'setAdvertised', 'weir.control.v1.SetAdvertisedCommand', 'oneof'],
  ],
  'weir.control.v1.MetadataOutcome': [
    [1, 'failed', 'weir.control.v1.FailedOutcome', 'oneof'],
    [2, 'formatCluster', 'weir.control.v1.FormatClusterOutcome', 'oneof'],
    [3, 'registerBroker', 'weir.control.v1.RegisterBrokerOutcome', 'oneof'],
    [4, 'unfenceBroker', 'weir.control.v1.UnfenceBrokerOutcome', 'oneof'],
    [5, 'fenceBroker', 'weir.control.v1.FenceBrokerOutcome', 'oneof'],
    [6, 'createTopics', 'weir.control.v1.CreateTopicsOutcome', 'oneof'],
    [7, 'deleteTopics', 'weir.control.v1.DeleteTopicsOutcome', 'oneof'],
    [8, 'createPartitions', 'weir.control.v1.CreatePartitionsOutcome', 'oneof'],
    [9, 'alterConfigs', 'weir.control.v1.AlterConfigsOutcome', 'oneof'],
    [10, 'allocateProducerIds', 'weir.control.v1.AllocateProducerIdsOutcome', 'oneof'],
    [11, 'markDurable', 'weir.control.v1.MarkDurableOutcome', 'oneof'],
    [12, 'unregisterBroker', 'weir.control.v1.UnregisterBrokerOutcome', 'oneof'],
    [13, 'registerController', 'weir.control.v1.RegisterControllerOutcome', 'oneof'],
    [14, 'unregisterController', 'weir.control.v1.UnregisterControllerOutcome', 'oneof'],
    [15, 'updateFeatures', 'weir.control.v1.UpdateFeaturesOutcome', 'oneof'],
    [16, 'alterPartition', 'weir.control.v1.AlterPartitionOutcome', 'oneof'],
    [17, 'reportLogs', 'weir.control.v1.ReportLogsOutcome', 'oneof'],
    [18, 'reportDamage', 'weir.control.v1.ReportDamageOutcome', 'oneof'],
    [19, 'controlledShutdown', 'weir.control.v1.ControlledShutdownOutcome', 'oneof'],
    [20, 'electLeaders', 'weir.control.v1.ElectLeadersOutcome', 'oneof'],
    [21, 'alterReassignments', 'weir.control.v1.AlterReassignmentsOutcome', 'oneof'],
    [22, 'setBrokerPlacement', 'weir.control.v1.SetBrokerPlacementOutcome', 'oneof'],
    [23, 'setAdvertised', 'weir.control.v1.SetAdvertisedOutcome', 'oneof'],
  ],
  'weir.control.v1.FormatClusterCommand': [
    [1, 'clusterId', 'string', 'single'],
  ],
  'weir.control.v1.Endpoint': [
    [1, 'listener', 'string', 'single'],
    [2, 'host', 'string', 'single'],
    [3, 'port', 'int32', 'single'],
  ],
  'weir.control.v1.RegisterBrokerCommand': [
    [1, 'brokerId', 'int32', 'single'],
    [2, 'incarnationId', 'string', 'single'],
    [3, 'directoryId', 'string', 'single'],
    [4, 'previousBrokerEpoch', 'int64', 'single'],
    [5, 'endpoints', 'weir.control.v1.Endpoint', 'repeated'],
    [6, 'rack', 'string', 'optional'],
    [7, 'weirVersionMin', 'int32', 'single'],
    [8, 'weirVersionMax', 'int32', 'single'],
    [9, 'lastUnfencedEpoch', 'int64', 'single'],
    [10, 'damaged', 'weir.control.v1.PartitionReference', 'repeated'],
    [11, 'host', 'string', 'single'],
    [12, 'suspect', 'weir.control.v1.PartitionReference', 'repeated'],
  ],
  'weir.control.v1.PartitionReference': [
    [1, 'topicId', 'string', 'single'],
    [2, 'index', 'int32', 'single'],
  ],
  'weir.control.v1.UnfenceBrokerCommand': [
    [1, 'brokerId', 'int32', 'single'],
    [2, 'brokerEpoch', 'int64', 'single'],
  ],
  'weir.control.v1.FenceBrokerCommand': [
    [1, 'brokerId', 'int32', 'single'],
    [2, 'brokerEpoch', 'int64', 'single'],
  ],
  'weir.control.v1.PartitionAssignment': [
    [1, 'partitionIndex', 'int32', 'single'],
    [2, 'brokerIds', 'int32', 'repeated'],
  ],
  'weir.control.v1.NewTopicConfig': [
    [1, 'name', 'string', 'single'],
    [2, 'value', 'string', 'optional'],
  ],
  'weir.control.v1.NewTopic': [
    [1, 'name', 'string', 'single'],
    [2, 'partitionCount', 'int32', 'single'],
    [3, 'replicationFactor', 'int32', 'single'],
    [4, 'shrinkToBrokers', 'bool', 'absent'],
    [5, 'assignments', 'weir.control.v1.PartitionAssignment', 'repeated'],
    [6, 'configs', 'weir.control.v1.NewTopicConfig', 'repeated'],
  ],
  'weir.control.v1.CreateTopicsCommand': [
    [1, 'topics', 'weir.control.v1.NewTopic', 'repeated'],
    [2, 'validateOnly', 'bool', 'single'],
  ],
  'weir.control.v1.TopicReference': [
    [1, 'name', 'string', 'optional'],
    [2, 'topicId', 'string', 'optional'],
  ],
  'weir.control.v1.DeleteTopicsCommand': [
    [1, 'topics', 'weir.control.v1.TopicReference', 'repeated'],
  ],
  'weir.control.v1.ReplicaList': [
    [1, 'items', 'int32', 'repeated'],
  ],
  'weir.control.v1.ReplicaLists': [
    [1, 'items', 'weir.control.v1.ReplicaList', 'repeated'],
  ],
  'weir.control.v1.NewPartitions': [
    [1, 'name', 'string', 'single'],
    [2, 'partitionCount', 'int32', 'single'],
    [3, 'assignments', 'weir.control.v1.ReplicaLists', 'optional'],
  ],
  'weir.control.v1.CreatePartitionsCommand': [
    [1, 'topics', 'weir.control.v1.NewPartitions', 'repeated'],
    [2, 'validateOnly', 'bool', 'single'],
  ],
  'weir.control.v1.ConfigChange': [
    [1, 'name', 'string', 'single'],
    [2, 'operation', 'weir.control.v1.ConfigOperation', 'single'],
    [3, 'value', 'string', 'optional'],
  ],
  'weir.control.v1.AlteredResource': [
    [1, 'scope', 'weir.control.v1.ConfigScope', 'single'],
    [2, 'name', 'string', 'single'],
    [3, 'operations', 'weir.control.v1.ConfigChange', 'repeated'],
    [4, 'replaceAll', 'bool', 'absent'],
  ],
  'weir.control.v1.AlterConfigsCommand': [
    [1, 'resources', 'weir.control.v1.AlteredResource', 'repeated'],
    [2, 'validateOnly', 'bool', 'single'],
  ],
  'weir.control.v1.AllocateProducerIdsCommand': [
    [1, 'brokerId', 'int32', 'single'],
    [2, 'brokerEpoch', 'int64', 'single'],
  ],
  'weir.control.v1.DurablePartition': [
    [1, 'topicId', 'string', 'single'],
    [2, 'index', 'int32', 'single'],
    [3, 'leaderEpoch', 'int32', 'single'],
  ],
  'weir.control.v1.MarkDurableCommand': [
    [1, 'brokerId', 'int32', 'single'],
    [2, 'brokerEpoch', 'int64', 'single'],
    [3, 'partitions', 'weir.control.v1.DurablePartition', 'repeated'],
  ],
  'weir.control.v1.UnregisterBrokerCommand': [
    [1, 'brokerId', 'int32', 'single'],
  ],
  'weir.control.v1.RegisterControllerCommand': [
    [1, 'controllerId', 'int32', 'single'],
    [2, 'incarnationId', 'string', 'single'],
    [3, 'directoryId', 'string', 'single'],
    [4, 'host', 'string', 'single'],
    [5, 'port', 'int32', 'single'],
    [6, 'weirVersionMin', 'int32', 'single'],
    [7, 'weirVersionMax', 'int32', 'single'],
    [8, 'machine', 'string', 'single'],
  ],
  'weir.control.v1.UnregisterControllerCommand': [
    [1, 'controllerId', 'int32', 'single'],
  ],
  'weir.control.v1.FeatureUpdate': [
    [1, 'name', 'string', 'single'],
    [2, 'level', 'int32', 'single'],
    [3, 'upgradeType', 'weir.control.v1.UpgradeType', 'single'],
  ],
  'weir.control.v1.UpdateFeaturesCommand': [
    [1, 'updates', 'weir.control.v1.FeatureUpdate', 'repeated'],
    [2, 'validateOnly', 'bool', 'single'],
  ],
  'weir.control.v1.FailedOutcome': [
    [1, 'errorCode', 'int32', 'single'],
    [2, 'errorMessage', 'string', 'optional'],
  ],
  'weir.control.v1.FormatClusterOutcome': [
    [1, 'errorCode', 'int32', 'single'],
    [2, 'errorMessage', 'string', 'optional'],
  ],
  'weir.control.v1.RegisterBrokerOutcome': [
    [1, 'errorCode', 'int32', 'single'],
    [2, 'errorMessage', 'string', 'optional'],
    [3, 'brokerEpoch', 'int64', 'single'],
  ],
  'weir.control.v1.UnfenceBrokerOutcome': [
    [1, 'errorCode', 'int32', 'single'],
    [2, 'errorMessage', 'string', 'optional'],
  ],
  'weir.control.v1.FenceBrokerOutcome': [
    [1, 'errorCode', 'int32', 'single'],
    [2, 'errorMessage', 'string', 'optional'],
  ],
  'weir.control.v1.CreatedTopic': [
    [1, 'errorCode', 'int32', 'single'],
    [2, 'errorMessage', 'string', 'optional'],
    [3, 'name', 'string', 'single'],
    [4, 'topicId', 'string', 'single'],
    [5, 'partitionCount', 'int32', 'single'],
    [6, 'replicationFactor', 'int32', 'single'],
  ],
  'weir.control.v1.CreateTopicsOutcome': [
    [1, 'errorCode', 'int32', 'single'],
    [2, 'errorMessage', 'string', 'optional'],
    [3, 'topics', 'weir.control.v1.CreatedTopic', 'repeated'],
  ],
  'weir.control.v1.DeletedTopic': [
    [1, 'errorCode', 'int32', 'single'],
    [2, 'errorMessage', 'string', 'optional'],
    [3, 'name', 'string', 'optional'],
    [4, 'topicId', 'string', 'single'],
  ],
  'weir.control.v1.DeleteTopicsOutcome': [
    [1, 'errorCode', 'int32', 'single'],
    [2, 'errorMessage', 'string', 'optional'],
    [3, 'topics', 'weir.control.v1.DeletedTopic', 'repeated'],
  ],
  'weir.control.v1.GrownTopic': [
    [1, 'errorCode', 'int32', 'single'],
    [2, 'errorMessage', 'string', 'optional'],
    [3, 'name', 'string', 'single'],
  ],
  'weir.control.v1.CreatePartitionsOutcome': [
    [1, 'errorCode', 'int32', 'single'],
    [2, 'errorMessage', 'string', 'optional'],
    [3, 'topics', 'weir.control.v1.GrownTopic', 'repeated'],
  ],
  'weir.control.v1.AlteredResourceOutcome': [
    [1, 'errorCode', 'int32', 'single'],
    [2, 'errorMessage', 'string', 'optional'],
    [3, 'scope', 'weir.control.v1.ConfigScope', 'single'],
    [4, 'name', 'string', 'single'],
  ],
  'weir.control.v1.AlterConfigsOutcome': [
    [1, 'errorCode', 'int32', 'single'],
    [2, 'errorMessage', 'string', 'optional'],
    [3, 'resources', 'weir.control.v1.AlteredResourceOutcome', 'repeated'],
  ],
  'weir.control.v1.AllocateProducerIdsOutcome': [
    [1, 'errorCode', 'int32', 'single'],
    [2, 'errorMessage', 'string', 'optional'],
    [3, 'firstProducerId', 'int64', 'single'],
    [4, 'producerIdCount', 'int32', 'single'],
  ],
  'weir.control.v1.MarkDurableOutcome': [
    [1, 'errorCode', 'int32', 'single'],
    [2, 'errorMessage', 'string', 'optional'],
  ],
  'weir.control.v1.UnregisterBrokerOutcome': [
    [1, 'errorCode', 'int32', 'single'],
    [2, 'errorMessage', 'string', 'optional'],
  ],
  'weir.control.v1.RegisterControllerOutcome': [
    [1, 'errorCode', 'int32', 'single'],
    [2, 'errorMessage', 'string', 'optional'],
  ],
  'weir.control.v1.UnregisterControllerOutcome': [
    [1, 'errorCode', 'int32', 'single'],
    [2, 'errorMessage', 'string', 'optional'],
  ],
  'weir.control.v1.UpdateFeaturesOutcome': [
    [1, 'errorCode', 'int32', 'single'],
    [2, 'errorMessage', 'string', 'optional'],
  ],
  'weir.control.v1.IsrMember': [
    [1, 'brokerId', 'int32', 'single'],
    [2, 'brokerEpoch', 'int64', 'single'],
  ],
  'weir.control.v1.IsrChange': [
    [1, 'topicId', 'string', 'single'],
    [2, 'index', 'int32', 'single'],
    [3, 'leaderEpoch', 'int32', 'single'],
    [4, 'partitionEpoch', 'int32', 'single'],
    [5, 'isr', 'weir.control.v1.IsrMember', 'repeated'],
  ],
  'weir.control.v1.AlterPartitionCommand': [
    [1, 'brokerId', 'int32', 'single'],
    [2, 'brokerEpoch', 'int64', 'single'],
    [3, 'partitions', 'weir.control.v1.IsrChange', 'repeated'],
  ],
  'weir.control.v1.LogReport': [
    [1, 'topicId', 'string', 'single'],
    [2, 'index', 'int32', 'single'],
    [3, 'lastEpoch', 'int32', 'single'],
    [4, 'endOffset', 'int64', 'single'],
  ],
  'weir.control.v1.ReportLogsCommand': [
    [1, 'brokerId', 'int32', 'single'],
    [2, 'brokerEpoch', 'int64', 'single'],
    [3, 'partitions', 'weir.control.v1.LogReport', 'repeated'],
  ],
  'weir.control.v1.ReportDamageCommand': [
    [1, 'brokerId', 'int32', 'single'],
    [2, 'brokerEpoch', 'int64', 'single'],
    [3, 'partitions', 'weir.control.v1.PartitionReference', 'repeated'],
  ],
  'weir.control.v1.ControlledShutdownCommand': [
    [1, 'brokerId', 'int32', 'single'],
    [2, 'brokerEpoch', 'int64', 'single'],
  ],
  'weir.control.v1.NamedPartition': [
    [1, 'topic', 'string', 'single'],
    [2, 'index', 'int32', 'single'],
  ],
  'weir.control.v1.NamedPartitions': [
    [1, 'items', 'weir.control.v1.NamedPartition', 'repeated'],
  ],
  'weir.control.v1.ElectLeadersCommand': [
    [1, 'electionType', 'weir.control.v1.ElectionType', 'single'],
    [2, 'partitions', 'weir.control.v1.NamedPartitions', 'optional'],
  ],
  'weir.control.v1.Reassignment': [
    [1, 'topic', 'string', 'single'],
    [2, 'index', 'int32', 'single'],
    [3, 'replicas', 'weir.control.v1.ReplicaList', 'optional'],
  ],
  'weir.control.v1.AlterReassignmentsCommand': [
    [1, 'partitions', 'weir.control.v1.Reassignment', 'repeated'],
    [2, 'allowReplicationFactorChange', 'bool', 'single'],
  ],
  'weir.control.v1.SetBrokerPlacementCommand': [
    [1, 'brokerId', 'int32', 'single'],
    [2, 'cordoned', 'bool', 'single'],
    [3, 'draining', 'bool', 'single'],
  ],
  'weir.control.v1.IsrState': [
    [1, 'topicId', 'string', 'single'],
    [2, 'index', 'int32', 'single'],
    [3, 'errorCode', 'int32', 'single'],
    [4, 'leader', 'int32', 'single'],
    [5, 'leaderEpoch', 'int32', 'single'],
    [6, 'partitionEpoch', 'int32', 'single'],
    [7, 'isr', 'int32', 'repeated'],
  ],
  'weir.control.v1.AlterPartitionOutcome': [
    [1, 'errorCode', 'int32', 'single'],
    [2, 'errorMessage', 'string', 'optional'],
    [3, 'partitions', 'weir.control.v1.IsrState', 'repeated'],
  ],
  'weir.control.v1.ReportLogsOutcome': [
    [1, 'errorCode', 'int32', 'single'],
    [2, 'errorMessage', 'string', 'optional'],
  ],
  'weir.control.v1.ReportDamageOutcome': [
    [1, 'errorCode', 'int32', 'single'],
    [2, 'errorMessage', 'string', 'optional'],
  ],
  'weir.control.v1.ControlledShutdownOutcome': [
    [1, 'errorCode', 'int32', 'single'],
    [2, 'errorMessage', 'string', 'optional'],
    [3, 'remaining', 'int32', 'single'],
  ],
  'weir.control.v1.NamedPartitionOutcome': [
    [1, 'errorCode', 'int32', 'single'],
    [2, 'errorMessage', 'string', 'optional'],
    [3, 'topic', 'string', 'single'],
    [4, 'index', 'int32', 'single'],
  ],
  'weir.control.v1.ElectLeadersOutcome': [
    [1, 'errorCode', 'int32', 'single'],
    [2, 'errorMessage', 'string', 'optional'],
    [3, 'partitions', 'weir.control.v1.NamedPartitionOutcome', 'repeated'],
  ],
  'weir.control.v1.AlterReassignmentsOutcome': [
    [1, 'errorCode', 'int32', 'single'],
    [2, 'errorMessage', 'string', 'optional'],
    [3, 'partitions', 'weir.control.v1.NamedPartitionOutcome', 'repeated'],
  ],
  'weir.control.v1.SetBrokerPlacementOutcome': [
    [1, 'errorCode', 'int32', 'single'],
    [2, 'errorMessage', 'string', 'optional'],
  ],
  'weir.control.v1.SetAdvertisedCommand': [
    [1, 'brokerId', 'int32', 'single'],
    [2, 'endpoints', 'weir.control.v1.Endpoint', 'repeated'],
  ],
  'weir.control.v1.SetAdvertisedOutcome': [
    [1, 'errorCode', 'int32', 'single'],
    [2, 'errorMessage', 'string', 'optional'],
  ],
  'weir.control.v1.ReplicaKey': [
    [1, 'id', 'int32', 'single'],
    [2, 'directoryId', 'string', 'single'],
  ],
  'weir.control.v1.LogPlace': [
    [1, 'index', 'int64', 'single'],
    [2, 'term', 'int64', 'single'],
  ],
  'weir.control.v1.IdentifyRequest': [
  ],
  'weir.control.v1.IdentifyResponse': [
    [1, 'node', 'weir.control.v1.ReplicaKey', 'single'],
    [2, 'quorum', 'weir.control.v1.QuorumState', 'single'],
  ],
  'weir.control.v1.PreVoteRequest': [
    [1, 'from', 'weir.control.v1.ReplicaKey', 'single'],
    [2, 'to', 'weir.control.v1.ReplicaKey', 'single'],
    [3, 'term', 'int64', 'single'],
    [4, 'last', 'weir.control.v1.LogPlace', 'single'],
  ],
  'weir.control.v1.PreVoteResponse': [
    [1, 'from', 'weir.control.v1.ReplicaKey', 'single'],
    [2, 'to', 'weir.control.v1.ReplicaKey', 'single'],
    [3, 'term', 'int64', 'single'],
    [4, 'askedTerm', 'int64', 'single'],
    [5, 'isGranted', 'bool', 'single'],
  ],
  'weir.control.v1.VoteRequest': [
    [1, 'from', 'weir.control.v1.ReplicaKey', 'single'],
    [2, 'to', 'weir.control.v1.ReplicaKey', 'single'],
    [3, 'term', 'int64', 'single'],
    [4, 'last', 'weir.control.v1.LogPlace', 'single'],
    [5, 'isTransfer', 'bool', 'single'],
  ],
  'weir.control.v1.VoteResponse': [
    [1, 'from', 'weir.control.v1.ReplicaKey', 'single'],
    [2, 'to', 'weir.control.v1.ReplicaKey', 'single'],
    [3, 'term', 'int64', 'single'],
    [4, 'isGranted', 'bool', 'single'],
  ],
  'weir.control.v1.TimeoutNowRequest': [
    [1, 'from', 'weir.control.v1.ReplicaKey', 'single'],
    [2, 'to', 'weir.control.v1.ReplicaKey', 'single'],
    [3, 'term', 'int64', 'single'],
  ],
  'weir.control.v1.TimeoutNowResponse': [
  ],
  'weir.control.v1.NoOp': [
  ],
  'weir.control.v1.Batch': [
    [1, 'payload', 'bytes', 'single'],
  ],
  'weir.control.v1.VoterSet': [
    [1, 'voters', 'weir.control.v1.ReplicaKey', 'repeated'],
  ],
  'weir.control.v1.EntryBody': [
    [1, 'noOp', 'weir.control.v1.NoOp', 'oneof'],
    [2, 'batch', 'weir.control.v1.Batch', 'oneof'],
    [3, 'voters', 'weir.control.v1.VoterSet', 'oneof'],
  ],
  'weir.control.v1.Entry': [
    [1, 'index', 'int64', 'single'],
    [2, 'term', 'int64', 'single'],
    [3, 'body', 'weir.control.v1.EntryBody', 'single'],
  ],
  'weir.control.v1.AppendRequest': [
    [1, 'from', 'weir.control.v1.ReplicaKey', 'single'],
    [2, 'to', 'weir.control.v1.ReplicaKey', 'single'],
    [3, 'term', 'int64', 'single'],
    [4, 'previous', 'weir.control.v1.LogPlace', 'single'],
    [5, 'entries', 'weir.control.v1.Entry', 'repeated'],
    [6, 'committedIndex', 'int64', 'single'],
    [7, 'round', 'int64', 'single'],
  ],
  'weir.control.v1.AppendResponse': [
    [1, 'from', 'weir.control.v1.ReplicaKey', 'single'],
    [2, 'to', 'weir.control.v1.ReplicaKey', 'single'],
    [3, 'term', 'int64', 'single'],
    [4, 'round', 'int64', 'single'],
    [5, 'outcome', 'weir.control.v1.AppendOutcome', 'single'],
    [6, 'index', 'int64', 'single'],
    [7, 'conflictTerm', 'int64', 'single'],
    [8, 'isDamaged', 'bool', 'single'],
  ],
  'weir.control.v1.SnapshotMeta': [
    [1, 'place', 'weir.control.v1.LogPlace', 'single'],
    [2, 'voters', 'weir.control.v1.ReplicaKey', 'repeated'],
    [3, 'sizeInBytes', 'int64', 'single'],
  ],
  'weir.control.v1.InstallSnapshotRequest': [
    [1, 'from', 'weir.control.v1.ReplicaKey', 'single'],
    [2, 'to', 'weir.control.v1.ReplicaKey', 'single'],
    [3, 'term', 'int64', 'single'],
    [4, 'meta', 'weir.control.v1.SnapshotMeta', 'single'],
    [5, 'position', 'int64', 'single'],
    [6, 'data', 'bytes', 'single'],
    [7, 'round', 'int64', 'single'],
  ],
  'weir.control.v1.InstallSnapshotResponse': [
    [1, 'from', 'weir.control.v1.ReplicaKey', 'single'],
    [2, 'to', 'weir.control.v1.ReplicaKey', 'single'],
    [3, 'term', 'int64', 'single'],
    [4, 'place', 'weir.control.v1.LogPlace', 'single'],
    [5, 'position', 'int64', 'single'],
    [6, 'round', 'int64', 'single'],
  ],
};

/** Values of every enum. */
export const ENUMS: Readonly<Record<string, Readonly<Record<string, number>>>> = {
  'grpc.health.v1.HealthCheckResponse.ServingStatus': { 'unknown': 0, 'serving': 1, 'not-serving': 2, 'service-unknown': 3 },
  'weir.control.v1.QuorumChange': { 'add-voter': 1, 'remove-voter': 2, 'transfer': 3 },
  'weir.control.v1.Role': { 'broker': 1, 'controller': 2 },
  'weir.control.v1.ConfigScope': { 'topic': 1, 'broker': 2, 'cluster': 3, 'group': 4 },
  'weir.control.v1.ConfigOperation': { 'set': 1, 'delete': 2, 'append': 3, 'subtract': 4 },
  'weir.control.v1.UpgradeType': { 'upgrade': 1, 'safe-downgrade': 2, 'unsafe-downgrade': 3 },
  'weir.control.v1.ElectionType': { 'preferred': 1, 'unclean': 2 },
  'weir.control.v1.QuorumState': { 'none': 1, 'empty': 2, 'formed': 3 },
  'weir.control.v1.AppendOutcome': { 'matched': 1, 'diverged': 2 },
};

/** Methods of every service. */
export const SERVICES = {
  'grpc.health.v1.Health': {
    Check: { request: 'grpc.health.v1.HealthCheckRequest', response: 'grpc.health.v1.HealthCheckResponse', requestStream: false, responseStream: false },
    Watch: { request: 'grpc.health.v1.HealthCheckRequest', response: 'grpc.health.v1.HealthCheckResponse', requestStream: false, responseStream: true },
  },
  'grpc.reflection.v1.ServerReflection': {
    ServerReflectionInfo: { request: 'grpc.reflection.v1.ServerReflectionRequest', response: 'grpc.reflection.v1.ServerReflectionResponse', requestStream: true, responseStream: true },
  },
  'weir.control.v1.Controller': {
    Submit: { request: 'weir.control.v1.SubmitRequest', response: 'weir.control.v1.SubmitResponse', requestStream: false, responseStream: false },
    DescribeQuorum: { request: 'weir.control.v1.DescribeQuorumRequest', response: 'weir.control.v1.DescribeQuorumResponse', requestStream: false, responseStream: false },
    ChangeQuorum: { request: 'weir.control.v1.ChangeQuorumRequest', response: 'weir.control.v1.ChangeQuorumResponse', requestStream: false, responseStream: false },
    Heartbeat: { request: 'weir.control.v1.HeartbeatRequest', response: 'weir.control.v1.HeartbeatResponse', requestStream: true, responseStream: true },
    WatchMetadata: { request: 'weir.control.v1.WatchMetadataRequest', response: 'weir.control.v1.WatchMetadataResponse', requestStream: false, responseStream: true },
  },
  'weir.control.v1.Fleet': {
    Status: { request: 'weir.control.v1.StatusRequest', response: 'weir.control.v1.StatusResponse', requestStream: false, responseStream: false },
    Load: { request: 'weir.control.v1.LoadRequest', response: 'weir.control.v1.LoadResponse', requestStream: false, responseStream: false },
    CanRestart: { request: 'weir.control.v1.CanRestartRequest', response: 'weir.control.v1.CanRestartResponse', requestStream: false, responseStream: false },
    AssessTopics: { request: 'weir.control.v1.AssessTopicsRequest', response: 'weir.control.v1.AssessTopicsResponse', requestStream: false, responseStream: false },
    Cordon: { request: 'weir.control.v1.CordonRequest', response: 'weir.control.v1.MoveResponse', requestStream: false, responseStream: false },
    Drain: { request: 'weir.control.v1.DrainRequest', response: 'weir.control.v1.MoveResponse', requestStream: false, responseStream: false },
    Undrain: { request: 'weir.control.v1.UndrainRequest', response: 'weir.control.v1.MoveResponse', requestStream: false, responseStream: false },
    Rebalance: { request: 'weir.control.v1.RebalanceRequest', response: 'weir.control.v1.MoveResponse', requestStream: false, responseStream: false },
    SetAdvertised: { request: 'weir.control.v1.SetAdvertisedRequest', response: 'weir.control.v1.SetAdvertisedResponse', requestStream: false, responseStream: false },
  },
  'weir.control.v1.Raft': {
    Identify: { request: 'weir.control.v1.IdentifyRequest', response: 'weir.control.v1.IdentifyResponse', requestStream: false, responseStream: false },
    PreVote: { request: 'weir.control.v1.PreVoteRequest', response: 'weir.control.v1.PreVoteResponse', requestStream: false, responseStream: false },
    Vote: { request: 'weir.control.v1.VoteRequest', response: 'weir.control.v1.VoteResponse', requestStream: false, responseStream: false },
    TimeoutNow: { request: 'weir.control.v1.TimeoutNowRequest', response: 'weir.control.v1.TimeoutNowResponse', requestStream: false, responseStream: false },
    Append: { request: 'weir.control.v1.AppendRequest', response: 'weir.control.v1.AppendResponse', requestStream: true, responseStream: true },
    InstallSnapshot: { request: 'weir.control.v1.InstallSnapshotRequest', response: 'weir.control.v1.InstallSnapshotResponse', requestStream: true, responseStream: true },
  },
} as const;

/** Every file as reflection tells it: a FileDescriptorProto in base64. */
export const FILES: readonly {
  readonly name: string;
  readonly imports: readonly string[];
  readonly symbols: readonly string[];
  readonly descriptor: string;
}[] = [
  {
    name: 'grpc/health/v1/health.proto',
    imports: [],
    symbols: ['grpc.health.v1.HealthCheckRequest', 'grpc.health.v1.HealthCheckResponse', 'grpc.health.v1.HealthCheckResponse.ServingStatus', 'grpc.health.v1.Health'],
    descriptor: 'ChtncnBjL2hlYWx0aC92MS9oZWFsdGgucHJvdG8SDmdycGMuaGVhbHRoLnYxIiUKEkhlYWx0aENoZWNrUmVxdWVzdBIPCgdzZXJ2aWNlGAEgASgJIqkBChNIZWFsdGhDaGVja1Jlc3BvbnNlEkEKBnN0YXR1cxgBIAEoDjIxLmdycGMuaGVhbHRoLnYxLkhlYWx0aENoZWNrUmVzcG9uc2UuU2VydmluZ1N0YXR1cyJPCg1TZXJ2aW5nU3RhdHVzEgsKB1VOS05PV04QABILCgdTRVJWSU5HEAESDwoLTk9UX1NFUlZJTkcQAhITCg9TRVJWSUNFX1VOS05PV04QAzKuAQoGSGVhbHRoElAKBUNoZWNrEiIuZ3JwYy5oZWFsdGgudjEuSGVhbHRoQ2hlY2tSZXF1ZXN0GiMuZ3JwYy5oZWFsdGgudjEuSGVhbHRoQ2hlY2tSZXNwb25zZRJSCgVXYXRjaBIiLmdycGMuaGVhbHRoLnYxLkhlYWx0aENoZWNrUmVxdWVzdBojLmdycGMuaGVhbHRoLnYxLkhlYWx0aENoZWNrUmVzcG9uc2UwAWIGcHJvdG8z',
  },
  {
    name: 'grpc/reflection/v1/reflection.proto',
    imports: [],
    symbols: ['grpc.reflection.v1.ServerReflectionRequest', 'grpc.reflection.v1.ExtensionRequest', 'grpc.reflection.v1.ServerReflectionResponse', 'grpc.reflection.v1.FileDescriptorResponse', 'grpc.reflection.v1.ExtensionNumberResponse', 'grpc.reflection.v1.ListServiceResponse', 'grpc.reflection.v1.ServiceResponse', 'grpc.reflection.v1.ErrorResponse', 'grpc.reflection.v1.ServerReflection'],
    descriptor: 'CiNncnBjL3JlZmxlY3Rpb24vdjEvcmVmbGVjdGlvbi5wcm90bxISZ3JwYy5yZWZsZWN0aW9uLnYxIoUCChdTZXJ2ZXJSZWZsZWN0aW9uUmVxdWVzdBIMCgRob3N0GAEgASgJEhoKEGZpbGVfYnlfZmlsZW5hbWUYAyABKAlIABIgChZmaWxlX2NvbnRhaW5pbmdfc3ltYm9sGAQgASgJSAASSQoZZmlsZV9jb250YWluaW5nX2V4dGVuc2lvbhgFIAEoCzIkLmdycGMucmVmbGVjdGlvbi52MS5FeHRlbnNpb25SZXF1ZXN0SAASJwodYWxsX2V4dGVuc2lvbl9udW1iZXJzX29mX3R5cGUYBiABKAlIABIXCg1saXN0X3NlcnZpY2VzGAcgASgJSABCEQoPbWVzc2FnZV9yZXF1ZXN0IkUKEEV4dGVuc2lvblJlcXVlc3QSFwoPY29udGFpbmluZ190eXBlGAEgASgJEhgKEGV4dGVuc2lvbl9udW1iZXIYAiABKAUiuAMKGFNlcnZlclJlZmxlY3Rpb25SZXNwb25zZRISCgp2YWxpZF9ob3N0GAEgASgJEkUKEG9yaWdpbmFsX3JlcXVlc3QYAiABKAsyKy5ncnBjLnJlZmxlY3Rpb24udjEuU2VydmVyUmVmbGVjdGlvblJlcXVlc3QSTgoYZmlsZV9kZXNjcmlwdG9yX3Jlc3BvbnNlGAQgASgLMiouZ3JwYy5yZWZsZWN0aW9uLnYxLkZpbGVEZXNjcmlwdG9yUmVzcG9uc2VIABJVCh5hbGxfZXh0ZW5zaW9uX251bWJlcnNfcmVzcG9uc2UYBSABKAsyKy5ncnBjLnJlZmxlY3Rpb24udjEuRXh0ZW5zaW9uTnVtYmVyUmVzcG9uc2VIABJJChZsaXN0X3NlcnZpY2VzX3Jlc3BvbnNlGAYgASgLMicuZ3JwYy5yZWZsZWN0aW9uLnYxLkxpc3RTZXJ2aWNlUmVzcG9uc2VIABI7Cg5lcnJvcl9yZXNwb25zZRgHIAEoCzIhLmdycGMucmVmbGVjdGlvbi52MS5FcnJvclJlc3BvbnNlSABCEgoQbWVzc2FnZV9yZXNwb25zZSI3ChZGaWxlRGVzY3JpcHRvclJlc3BvbnNlEh0KFWZpbGVfZGVzY3JpcHRvcl9wcm90bxgBIAMoDCJLChdFeHRlbnNpb25OdW1iZXJSZXNwb25zZRIWCg5iYXNlX3R5cGVfbmFtZRgBIAEoCRIYChBleHRlbnNpb25fbnVtYmVyGAIgAygFIksKE0xpc3RTZXJ2aWNlUmVzcG9uc2USNAoHc2VydmljZRgBIAMoCzIjLmdycGMucmVmbGVjdGlvbi52MS5TZXJ2aWNlUmVzcG9uc2UiHwoPU2VydmljZVJlc3BvbnNlEgwKBG5hbWUYASABKAkiOgoNRXJyb3JSZXNwb25zZRISCgplcnJvcl9jb2RlGAEgASgFEhUKDWVycm9yX21lc3NhZ2UYAiABKAkyiQEKEFNlcnZlclJlZmxlY3Rpb24SdQoUU2VydmVyUmVmbGVjdGlvbkluZm8SKy5ncnBjLnJlZmxlY3Rpb24udjEuU2VydmVyUmVmbGVjdGlvblJlcXVlc3QaLC5ncnBjLnJlZmxlY3Rpb24udjEuU2VydmVyUmVmbGVjdGlvblJlc3BvbnNlKAEwAWIGcHJvdG8z',
  },
  {
    name: 'weir/control/v1/controller.proto',
    imports: ['weir/control/v1/metadata.proto', 'weir/control/v1/raft.proto'],
    symbols: ['weir.control.v1.ControlAddress', 'weir.control.v1.ControllerHint', 'weir.control.v1.SubmitRequest', 'weir.control.v1.SubmitResponse', 'weir.control.v1.DescribeQuorumRequest', 'weir.control.v1.QuorumReplica', 'weir.control.v1.DescribeQuorumResponse', 'weir.control.v1.QuorumChange', 'weir.control.v1.ChangeQuorumRequest', 'weir.control.v1.ChangeQuorumResponse', 'weir.control.v1.HeartbeatRequest', 'weir.control.v1.HeartbeatResponse', 'weir.control.v1.WatchMetadataRequest', 'weir.control.v1.MetadataSnapshot', 'weir.control.v1.MetadataBatch', 'weir.control.v1.MetadataController', 'weir.control.v1.WatchMetadataResponse', 'weir.control.v1.Controller'],
    descriptor: 'CiB3ZWlyL2NvbnRyb2wvdjEvY29udHJvbGxlci5wcm90bxIPd2Vpci5jb250cm9sLnYxGh53ZWlyL2NvbnRyb2wvdjEvbWV0YWRhdGEucHJvdG8aGndlaXIvY29udHJvbC92MS9yYWZ0LnByb3RvIiwKDkNvbnRyb2xBZGRyZXNzEgwKBGhvc3QYASABKAkSDAoEcG9ydBgCIAEoBSJOCg5Db250cm9sbGVySGludBIKCgJpZBgBIAEoBRIwCgdhZGRyZXNzGAIgASgLMh8ud2Vpci5jb250cm9sLnYxLkNvbnRyb2xBZGRyZXNzIkIKDVN1Ym1pdFJlcXVlc3QSMQoHY29tbWFuZBgBIAEoCzIgLndlaXIuY29udHJvbC52MS5NZXRhZGF0YUNvbW1hbmQirQEKDlN1Ym1pdFJlc3BvbnNlEjYKB291dGNvbWUYASABKAsyIC53ZWlyLmNvbnRyb2wudjEuTWV0YWRhdGFPdXRjb21lSACIAQESDgoGb2Zmc2V0GAIgASgDEjgKCmNvbnRyb2xsZXIYAyABKAsyHy53ZWlyLmNvbnRyb2wudjEuQ29udHJvbGxlckhpbnRIAYgBAUIKCghfb3V0Y29tZUINCgtfY29udHJvbGxlciIXChVEZXNjcmliZVF1b3J1bVJlcXVlc3QihwEKDVF1b3J1bVJlcGxpY2ESLAoHcmVwbGljYRgBIAEoCzIbLndlaXIuY29udHJvbC52MS5SZXBsaWNhS2V5EhYKDmxvZ19lbmRfb2Zmc2V0GAIgASgDEhUKDWxhc3RfZmV0Y2hfbXMYAyABKAMSGQoRbGFzdF9jYXVnaHRfdXBfbXMYBCABKAMiyAIKFkRlc2NyaWJlUXVvcnVtUmVzcG9uc2USEQoJaXNfbGVhZGVyGAEgASgIEjgKCmNvbnRyb2xsZXIYAiABKAsyHy53ZWlyLmNvbnRyb2wudjEuQ29udHJvbGxlckhpbnRIAIgBARIRCglsZWFkZXJfaWQYAyABKAUSFAoMbGVhZGVyX2Vwb2NoGAQgASgDEhYKDmhpZ2hfd2F0ZXJtYXJrGAUgASgDEi4KBnZvdGVycxgGIAMoCzIeLndlaXIuY29udHJvbC52MS5RdW9ydW1SZXBsaWNhEjEKCW9ic2VydmVycxgHIAMoCzIeLndlaXIuY29udHJvbC52MS5RdW9ydW1SZXBsaWNhEi4KBW5vZGVzGAggAygLMh8ud2Vpci5jb250cm9sLnYxLkNvbnRyb2xsZXJIaW50Qg0KC19jb250cm9sbGVyKoYBCgxRdW9ydW1DaGFuZ2USHQoZUVVPUlVNX0NIQU5HRV9VTlNQRUNJRklFRBAAEhsKF1FVT1JVTV9DSEFOR0VfQUREX1ZPVEVSEAESHgoaUVVPUlVNX0NIQU5HRV9SRU1PVkVfVk9URVIQAhIaChZRVU9SVU1fQ0hBTkdFX1RSQU5TRkVSEAMicgoTQ2hhbmdlUXVvcnVtUmVxdWVzdBItCgZjaGFuZ2UYASABKA4yHS53ZWlyLmNvbnRyb2wudjEuUXVvcnVtQ2hhbmdlEiwKB3JlcGxpY2EYAiABKAsyGy53ZWlyLmNvbnRyb2wudjEuUmVwbGljYUtleSKhAQoUQ2hhbmdlUXVvcnVtUmVzcG9uc2USEgoKZXJyb3JfY29kZRgBIAEoBRIaCg1lcnJvcl9tZXNzYWdlGAIgASgJSACIAQESOAoKY29udHJvbGxlchgDIAEoCzIfLndlaXIuY29udHJvbC52MS5Db250cm9sbGVySGludEgBiAEBQhAKDl9lcnJvcl9tZXNzYWdlQg0KC19jb250cm9sbGVyIrQBChBIZWFydGJlYXRSZXF1ZXN0EhEKCWJyb2tlcl9pZBgBIAEoBRIUCgxicm9rZXJfZXBvY2gYAiABKAMSFgoOYXBwbGllZF9vZmZzZXQYAyABKAMSFgoOd2FudHNfdW5mZW5jZWQYBCABKAgSFwoPbG9vcF9zdGFsbGVkX21zGAUgASgDEhcKD2Rpc2tfc3RhbGxlZF9tcxgGIAEoAxIVCg11bmFuc3dlcmVkX21zGAcgASgDIr0BChFIZWFydGJlYXRSZXNwb25zZRISCgplcnJvcl9jb2RlGAEgASgFEhEKCWlzX2ZlbmNlZBgCIAEoCBIOCgZvZmZzZXQYAyABKAMSDwoHd2FsbF9tcxgEIAEoAxI4Cgpjb250cm9sbGVyGAUgASgLMh8ud2Vpci5jb250cm9sLnYxLkNvbnRyb2xsZXJIaW50SACIAQESFwoPd2l0aGhvbGRzX2xlYXNlGAYgASgIQg0KC19jb250cm9sbGVyIjkKFFdhdGNoTWV0YWRhdGFSZXF1ZXN0EhEKCWJyb2tlcl9pZBgBIAEoBRIOCgZvZmZzZXQYAiABKAMiQQoQTWV0YWRhdGFTbmFwc2hvdBIOCgZvZmZzZXQYASABKAMSDAoEZGF0YRgCIAEoDBIPCgdpc19sYXN0GAMgASgIIksKDU1ldGFkYXRhQmF0Y2gSEwoLYmFzZV9vZmZzZXQYASABKAMSDwoHcGF5bG9hZBgCIAEoDBIUCgxyZWNvcmRfY291bnQYAyABKAUiKwoSTWV0YWRhdGFDb250cm9sbGVyEhUKDWNvbnRyb2xsZXJfaWQYASABKAUiwgEKFVdhdGNoTWV0YWRhdGFSZXNwb25zZRI1CghzbmFwc2hvdBgBIAEoCzIhLndlaXIuY29udHJvbC52MS5NZXRhZGF0YVNuYXBzaG90SAASLwoFYmF0Y2gYAiABKAsyHi53ZWlyLmNvbnRyb2wudjEuTWV0YWRhdGFCYXRjaEgAEjkKCmNvbnRyb2xsZXIYAyABKAsyIy53ZWlyLmNvbnRyb2wudjEuTWV0YWRhdGFDb250cm9sbGVySABCBgoEa2luZDLRAwoKQ29udHJvbGxlchJJCgZTdWJtaXQSHi53ZWlyLmNvbnRyb2wudjEuU3VibWl0UmVxdWVzdBofLndlaXIuY29udHJvbC52MS5TdWJtaXRSZXNwb25zZRJhCg5EZXNjcmliZVF1b3J1bRImLndlaXIuY29udHJvbC52MS5EZXNjcmliZVF1b3J1bVJlcXVlc3QaJy53ZWlyLmNvbnRyb2wudjEuRGVzY3JpYmVRdW9ydW1SZXNwb25zZRJbCgxDaGFuZ2VRdW9ydW0SJC53ZWlyLmNvbnRyb2wudjEuQ2hhbmdlUXVvcnVtUmVxdWVzdBolLndlaXIuY29udHJvbC52MS5DaGFuZ2VRdW9ydW1SZXNwb25zZRJWCglIZWFydGJlYXQSIS53ZWlyLmNvbnRyb2wudjEuSGVhcnRiZWF0UmVxdWVzdBoiLndlaXIuY29udHJvbC52MS5IZWFydGJlYXRSZXNwb25zZSgBMAESYAoNV2F0Y2hNZXRhZGF0YRIlLndlaXIuY29udHJvbC52MS5XYXRjaE1ldGFkYXRhUmVxdWVzdBomLndlaXIuY29udHJvbC52MS5XYXRjaE1ldGFkYXRhUmVzcG9uc2UwAWIGcHJvdG8z',
  },
  {
    name: 'weir/control/v1/fleet.proto',
    imports: ['weir/control/v1/controller.proto', 'weir/control/v1/metadata.proto', 'weir/control/v1/raft.proto'],
    symbols: ['weir.control.v1.Role', 'weir.control.v1.StatusRequest', 'weir.control.v1.StatusResponse', 'weir.control.v1.AdvertisedBroker', 'weir.control.v1.LoadRequest', 'weir.control.v1.LoadResponse', 'weir.control.v1.CanRestartRequest', 'weir.control.v1.CanRestartResponse', 'weir.control.v1.AssessTopicsRequest', 'weir.control.v1.Tally', 'weir.control.v1.AssessTopicsResponse', 'weir.control.v1.CordonRequest', 'weir.control.v1.DrainRequest', 'weir.control.v1.UndrainRequest', 'weir.control.v1.RebalanceRequest', 'weir.control.v1.MoveResponse', 'weir.control.v1.SetAdvertisedRequest', 'weir.control.v1.SetAdvertisedResponse', 'weir.control.v1.Fleet'],
    descriptor: 'Cht3ZWlyL2NvbnRyb2wvdjEvZmxlZXQucHJvdG8SD3dlaXIuY29udHJvbC52MRogd2Vpci9jb250cm9sL3YxL2NvbnRyb2xsZXIucHJvdG8aHndlaXIvY29udHJvbC92MS9tZXRhZGF0YS5wcm90bxoad2Vpci9jb250cm9sL3YxL3JhZnQucHJvdG8qQgoEUm9sZRIUChBST0xFX1VOU1BFQ0lGSUVEEAASDwoLUk9MRV9CUk9LRVIQARITCg9ST0xFX0NPTlRST0xMRVIQAiIPCg1TdGF0dXNSZXF1ZXN0IsACCg5TdGF0dXNSZXNwb25zZRIpCgRub2RlGAEgASgLMhsud2Vpci5jb250cm9sLnYxLlJlcGxpY2FLZXkSEgoKY2x1c3Rlcl9pZBgCIAEoCRIkCgVyb2xlcxgDIAMoDjIVLndlaXIuY29udHJvbC52MS5Sb2xlEg8KB3ZlcnNpb24YBCABKAkSEAoIdHJvdWJsZXMYBSADKAkSEQoJbGVhZGVyX2lkGAYgASgFEhQKDGxlYWRlcl9lcG9jaBgHIAEoAxIXCg9tZXRhZGF0YV9vZmZzZXQYCCABKAMSFAoMYnJva2VyX2Vwb2NoGAkgASgDEjUKCmFkdmVydGlzZWQYCiADKAsyIS53ZWlyLmNvbnRyb2wudjEuQWR2ZXJ0aXNlZEJyb2tlchIXCg9oYXNfbm9fbWV0YWRhdGEYCyABKAgiUwoQQWR2ZXJ0aXNlZEJyb2tlchIRCglicm9rZXJfaWQYASABKAUSLAoJZW5kcG9pbnRzGAIgAygLMhkud2Vpci5jb250cm9sLnYxLkVuZHBvaW50Ig0KC0xvYWRSZXF1ZXN0IssBCgxMb2FkUmVzcG9uc2USFAoMYnJva2VyX2Vwb2NoGAEgASgDEg0KBWF0X21zGAIgASgDEg8KB2J1c3lfbXMYAyABKAMSFgoOcmVjZWl2ZWRfYnl0ZXMYBCABKAMSEgoKc2VudF9ieXRlcxgFIAEoAxIRCglsb2dfYnl0ZXMYBiABKAMSEgoKZGlza19ieXRlcxgHIAEoAxIWCg5zaGFyZV9zZXNzaW9ucxgIIAEoBRIaChJzaGFyZV9zZXNzaW9uc19tYXgYCSABKAUiVQoRQ2FuUmVzdGFydFJlcXVlc3QSDwoHbm9kZV9pZBgBIAEoBRIRCgRob3N0GAIgASgJSACIAQESEwoLbG9zaW5nX2Rpc2sYAyABKAhCBwoFX2hvc3QiOgoSQ2FuUmVzdGFydFJlc3BvbnNlEg8KB3JlYXNvbnMYASADKAkSEwoLbG9zaW5nX2Rpc2sYAiABKAgiKwoTQXNzZXNzVG9waWNzUmVxdWVzdBIUCgxleGFtcGxlc19tYXgYASABKAUiKAoFVGFsbHkSDQoFY291bnQYASABKAUSEAoIZXhhbXBsZXMYAiADKAkiqwMKFEFzc2Vzc1RvcGljc1Jlc3BvbnNlEhIKCmVycm9yX2NvZGUYASABKAUSGgoNZXJyb3JfbWVzc2FnZRgCIAEoCUgAiAEBEjgKCmNvbnRyb2xsZXIYAyABKAsyHy53ZWlyLmNvbnRyb2wudjEuQ29udHJvbGxlckhpbnRIAYgBARITCgt0b3BpY19jb3VudBgEIAEoBRIXCg9wYXJ0aXRpb25fY291bnQYBSABKAUSKgoKbGVhZGVybGVzcxgGIAEoCzIWLndlaXIuY29udHJvbC52MS5UYWxseRInCgdkYW1hZ2VkGAcgASgLMhYud2Vpci5jb250cm9sLnYxLlRhbGx5Ei0KDXVuZGVyX21pbl9pc3IYCCABKAsyFi53ZWlyLmNvbnRyb2wudjEuVGFsbHkSMAoQdW5kZXJfcmVwbGljYXRlZBgJIAEoCzIWLndlaXIuY29udHJvbC52MS5UYWxseRIkCgR0aGluGAogASgLMhYud2Vpci5jb250cm9sLnYxLlRhbGx5QhAKDl9lcnJvcl9tZXNzYWdlQg0KC19jb250cm9sbGVyIjQKDUNvcmRvblJlcXVlc3QSEQoJYnJva2VyX2lkGAEgASgFEhAKCGNvcmRvbmVkGAIgASgIIiEKDERyYWluUmVxdWVzdBIRCglicm9rZXJfaWQYASABKAUiIwoOVW5kcmFpblJlcXVlc3QSEQoJYnJva2VyX2lkGAEgASgFIhIKEFJlYmFsYW5jZVJlcXVlc3Qi2QEKDE1vdmVSZXNwb25zZRISCgplcnJvcl9jb2RlGAEgASgFEhoKDWVycm9yX21lc3NhZ2UYAiABKAlIAIgBARI4Cgpjb250cm9sbGVyGAMgASgLMh8ud2Vpci5jb250cm9sLnYxLkNvbnRyb2xsZXJIaW50SAGIAQESFQoNd2FpdGluZ19jb3VudBgEIAEoBRIUCgxtb3ZpbmdfY291bnQYBSABKAUSEQoJb2JzdGFjbGVzGAYgAygJQhAKDl9lcnJvcl9tZXNzYWdlQg0KC19jb250cm9sbGVyIlcKFFNldEFkdmVydGlzZWRSZXF1ZXN0EhEKCWJyb2tlcl9pZBgBIAEoBRIsCgllbmRwb2ludHMYAiADKAsyGS53ZWlyLmNvbnRyb2wudjEuRW5kcG9pbnQiogEKFVNldEFkdmVydGlzZWRSZXNwb25zZRISCgplcnJvcl9jb2RlGAEgASgFEhoKDWVycm9yX21lc3NhZ2UYAiABKAlIAIgBARI4Cgpjb250cm9sbGVyGAMgASgLMh8ud2Vpci5jb250cm9sLnYxLkNvbnRyb2xsZXJIaW50SAGIAQFCEAoOX2Vycm9yX21lc3NhZ2VCDQoLX2NvbnRyb2xsZXIy1QUKBUZsZWV0EkkKBlN0YXR1cxIeLndlaXIuY29udHJvbC52MS5TdGF0dXNSZXF1ZXN0Gh8ud2Vpci5jb250cm9sLnYxLlN0YXR1c1Jlc3BvbnNlEkMKBExvYWQSHC53ZWlyLmNvbnRyb2wudjEuTG9hZFJlcXVlc3QaHS53ZWlyLmNvbnRyb2wudjEuTG9hZFJlc3BvbnNlElUKCkNhblJlc3RhcnQSIi53ZWlyLmNvbnRyb2wudjEuQ2FuUmVzdGFydFJlcXVlc3QaIy53ZWlyLmNvbnRyb2wudjEuQ2FuUmVzdGFydFJlc3BvbnNlElsKDEFzc2Vzc1RvcGljcxIkLndlaXIuY29udHJvbC52MS5Bc3Nlc3NUb3BpY3NSZXF1ZXN0GiUud2Vpci5jb250cm9sLnYxLkFzc2Vzc1RvcGljc1Jlc3BvbnNlEkcKBkNvcmRvbhIeLndlaXIuY29udHJvbC52MS5Db3Jkb25SZXF1ZXN0Gh0ud2Vpci5jb250cm9sLnYxLk1vdmVSZXNwb25zZRJFCgVEcmFpbhIdLndlaXIuY29udHJvbC52MS5EcmFpblJlcXVlc3QaHS53ZWlyLmNvbnRyb2wudjEuTW92ZVJlc3BvbnNlEkkKB1VuZHJhaW4SHy53ZWlyLmNvbnRyb2wudjEuVW5kcmFpblJlcXVlc3QaHS53ZWlyLmNvbnRyb2wudjEuTW92ZVJlc3BvbnNlEk0KCVJlYmFsYW5jZRIhLndlaXIuY29udHJvbC52MS5SZWJhbGFuY2VSZXF1ZXN0Gh0ud2Vpci5jb250cm9sLnYxLk1vdmVSZXNwb25zZRJeCg1TZXRBZHZlcnRpc2VkEiUud2Vpci5jb250cm9sLnYxLlNldEFkdmVydGlzZWRSZXF1ZXN0GiYud2Vpci5jb250cm9sLnYxLlNldEFkdmVydGlzZWRSZXNwb25zZWIGcHJvdG8z',
  },
  {
    name: 'weir/control/v1/metadata.proto',
    imports: [],
    symbols: ['weir.control.v1.MetadataCommand', 'weir.control.v1.MetadataOutcome', 'weir.control.v1.FormatClusterCommand', 'weir.control.v1.Endpoint', 'weir.control.v1.RegisterBrokerCommand', 'weir.control.v1.PartitionReference', 'weir.control.v1.UnfenceBrokerCommand', 'weir.control.v1.FenceBrokerCommand', 'weir.control.v1.PartitionAssignment', 'weir.control.v1.NewTopicConfig', 'weir.control.v1.NewTopic', 'weir.control.v1.CreateTopicsCommand', 'weir.control.v1.TopicReference', 'weir.control.v1.DeleteTopicsCommand', 'weir.control.v1.ReplicaList', 'weir.control.v1.ReplicaLists', 'weir.control.v1.NewPartitions', 'weir.control.v1.CreatePartitionsCommand', 'weir.control.v1.ConfigScope', 'weir.control.v1.ConfigOperation', 'weir.control.v1.ConfigChange', 'weir.control.v1.AlteredResource', 'weir.control.v1.AlterConfigsCommand', 'weir.control.v1.AllocateProducerIdsCommand', 'weir.control.v1.DurablePartition', 'weir.control.v1.MarkDurableCommand', 'weir.control.v1.UnregisterBrokerCommand', 'weir.control.v1.RegisterControllerCommand', 'weir.control.v1.UnregisterControllerCommand', 'weir.control.v1.UpgradeType', 'weir.control.v1.FeatureUpdate', 'weir.control.v1.UpdateFeaturesCommand', 'weir.control.v1.FailedOutcome', 'weir.control.v1.FormatClusterOutcome', 'weir.control.v1.RegisterBrokerOutcome', 'weir.control.v1.UnfenceBrokerOutcome', 'weir.control.v1.FenceBrokerOutcome', 'weir.control.v1.CreatedTopic', 'weir.control.v1.CreateTopicsOutcome', 'weir.control.v1.DeletedTopic', 'weir.control.v1.DeleteTopicsOutcome', 'weir.control.v1.GrownTopic', 'weir.control.v1.CreatePartitionsOutcome', 'weir.control.v1.AlteredResourceOutcome', 'weir.control.v1.AlterConfigsOutcome', 'weir.control.v1.AllocateProducerIdsOutcome', 'weir.control.v1.MarkDurableOutcome', 'weir.control.v1.UnregisterBrokerOutcome', 'weir.control.v1.RegisterControllerOutcome', 'weir.control.v1.UnregisterControllerOutcome', 'weir.control.v1.UpdateFeaturesOutcome', 'weir.control.v1.IsrMember', 'weir.control.v1.IsrChange', 'weir.control.v1.AlterPartitionCommand', 'weir.control.v1.LogReport', 'weir.control.v1.ReportLogsCommand', 'weir.control.v1.ReportDamageCommand', 'weir.control.v1.ControlledShutdownCommand', 'weir.control.v1.ElectionType', 'weir.control.v1.NamedPartition', 'weir.control.v1.NamedPartitions', 'weir.control.v1.ElectLeadersCommand', 'weir.control.v1.Reassignment', 'weir.control.v1.AlterReassignmentsCommand', 'weir.control.v1.SetBrokerPlacementCommand', 'weir.control.v1.IsrState', 'weir.control.v1.AlterPartitionOutcome', 'weir.control.v1.ReportLogsOutcome', 'weir.control.v1.ReportDamageOutcome', 'weir.control.v1.ControlledShutdownOutcome', 'weir.control.v1.NamedPartitionOutcome', 'weir.control.v1.ElectLeadersOutcome', 'weir.control.v1.AlterReassignmentsOutcome', 'weir.control.v1.SetBrokerPlacementOutcome', 'weir.control.v1.SetAdvertisedCommand', 'weir.control.v1.SetAdvertisedOutcome'],
    descriptor: 'Ch53ZWlyL2NvbnRyb2wvdjEvbWV0YWRhdGEucHJvdG8SD3dlaXIuY29udHJvbC52MSLtCwoPTWV0YWRhdGFDb21tYW5kEj8KDmZvcm1hdF9jbHVzdGVyGAEgASgLMiUud2Vpci5jb250cm9sLnYxLkZvcm1hdENsdXN0ZXJDb21tYW5kSAASQQoPcmVnaXN0ZXJfYnJva2VyGAIgASgLMiYud2Vpci5jb250cm9sLnYxLlJlZ2lzdGVyQnJva2VyQ29tbWFuZEgAEj8KDnVuZmVuY2VfYnJva2VyGAMgASgLMiUud2Vpci5jb250cm9sLnYxLlVuZmVuY2VCcm9rZXJDb21tYW5kSAASOwoMZmVuY2VfYnJva2VyGAQgASgLMiMud2Vpci5jb250cm9sLnYxLkZlbmNlQnJva2VyQ29tbWFuZEgAEj0KDWNyZWF0ZV90b3BpY3MYBSABKAsyJC53ZWlyLmNvbnRyb2wudjEuQ3JlYXRlVG9waWNzQ29tbWFuZEgAEj0KDWRlbGV0ZV90b3BpY3MYBiABKAsyJC53ZWlyLmNvbnRyb2wudjEuRGVsZXRlVG9waWNzQ29tbWFuZEgAEkUKEWNyZWF0ZV9wYXJ0aXRpb25zGAcgASgLMigud2Vpci5jb250cm9sLnYxLkNyZWF0ZVBhcnRpdGlvbnNDb21tYW5kSAASPQoNYWx0ZXJfY29uZmlncxgIIAEoCzIkLndlaXIuY29udHJvbC52MS5BbHRlckNvbmZpZ3NDb21tYW5kSAASTAoVYWxsb2NhdGVfcHJvZHVjZXJfaWRzGAkgASgLMisud2Vpci5jb250cm9sLnYxLkFsbG9jYXRlUHJvZHVjZXJJZHNDb21tYW5kSAASOwoMbWFya19kdXJhYmxlGAogASgLMiMud2Vpci5jb250cm9sLnYxLk1hcmtEdXJhYmxlQ29tbWFuZEgAEkUKEXVucmVnaXN0ZXJfYnJva2VyGAsgASgLMigud2Vpci5jb250cm9sLnYxLlVucmVnaXN0ZXJCcm9rZXJDb21tYW5kSAASSQoTcmVnaXN0ZXJfY29udHJvbGxlchgMIAEoCzIqLndlaXIuY29udHJvbC52MS5SZWdpc3RlckNvbnRyb2xsZXJDb21tYW5kSAASTQoVdW5yZWdpc3Rlcl9jb250cm9sbGVyGA0gASgLMiwud2Vpci5jb250cm9sLnYxLlVucmVnaXN0ZXJDb250cm9sbGVyQ29tbWFuZEgAEkEKD3VwZGF0ZV9mZWF0dXJlcxgOIAEoCzImLndlaXIuY29udHJvbC52MS5VcGRhdGVGZWF0dXJlc0NvbW1hbmRIABJBCg9hbHRlcl9wYXJ0aXRpb24YDyABKAsyJi53ZWlyLmNvbnRyb2wudjEuQWx0ZXJQYXJ0aXRpb25Db21tYW5kSAASOQoLcmVwb3J0X2xvZ3MYECABKAsyIi53ZWlyLmNvbnRyb2wudjEuUmVwb3J0TG9nc0NvbW1hbmRIABI9Cg1yZXBvcnRfZGFtYWdlGBEgASgLMiQud2Vpci5jb250cm9sLnYxLlJlcG9ydERhbWFnZUNvbW1hbmRIABJJChNjb250cm9sbGVkX3NodXRkb3duGBIgASgLMioud2Vpci5jb250cm9sLnYxLkNvbnRyb2xsZWRTaHV0ZG93bkNvbW1hbmRIABI9Cg1lbGVjdF9sZWFkZXJzGBMgASgLMiQud2Vpci5jb250cm9sLnYxLkVsZWN0TGVhZGVyc0NvbW1hbmRIABJJChNhbHRlcl9yZWFzc2lnbm1lbnRzGBQgASgLMioud2Vpci5jb250cm9sLnYxLkFsdGVyUmVhc3NpZ25tZW50c0NvbW1hbmRIABJKChRzZXRfYnJva2VyX3BsYWNlbWVudBgVIAEoCzIqLndlaXIuY29udHJvbC52MS5TZXRCcm9rZXJQbGFjZW1lbnRDb21tYW5kSAASPwoOc2V0X2FkdmVydGlzZWQYFiABKAsyJS53ZWlyLmNvbnRyb2wudjEuU2V0QWR2ZXJ0aXNlZENvbW1hbmRIAEIGCgRraW5kIp8MCg9NZXRhZGF0YU91dGNvbWUSMAoGZmFpbGVkGAEgASgLMh4ud2Vpci5jb250cm9sLnYxLkZhaWxlZE91dGNvbWVIABI/Cg5mb3JtYXRfY2x1c3RlchgCIAEoCzIlLndlaXIuY29udHJvbC52MS5Gb3JtYXRDbHVzdGVyT3V0Y29tZUgAEkEKD3JlZ2lzdGVyX2Jyb2tlchgDIAEoCzImLndlaXIuY29udHJvbC52MS5SZWdpc3RlckJyb2tlck91dGNvbWVIABI/Cg51bmZlbmNlX2Jyb2tlchgEIAEoCzIlLndlaXIuY29udHJvbC52MS5VbmZlbmNlQnJva2VyT3V0Y29tZUgAEjsKDGZlbmNlX2Jyb2tlchgFIAEoCzIjLndlaXIuY29udHJvbC52MS5GZW5jZUJyb2tlck91dGNvbWVIABI9Cg1jcmVhdGVfdG9waWNzGAYgASgLMiQud2Vpci5jb250cm9sLnYxLkNyZWF0ZVRvcGljc091dGNvbWVIABI9Cg1kZWxldGVfdG9waWNzGAcgASgLMiQud2Vpci5jb250cm9sLnYxLkRlbGV0ZVRvcGljc091dGNvbWVIABJFChFjcmVhdGVfcGFydGl0aW9ucxgIIAEoCzIoLndlaXIuY29udHJvbC52MS5DcmVhdGVQYXJ0aXRpb25zT3V0Y29tZUgAEj0KDWFsdGVyX2NvbmZpZ3MYCSABKAsyJC53ZWlyLmNvbnRyb2wudjEuQWx0ZXJDb25maWdzT3V0Y29tZUgAEkwKFWFsbG9jYXRlX3Byb2R1Y2VyX2lkcxgKIAEoCzIrLndlaXIuY29udHJvbC52MS5BbGxvY2F0ZVByb2R1Y2VySWRzT3V0Y29tZUgAEjsKDG1hcmtfZHVyYWJsZRgLIAEoCzIjLndlaXIuY29udHJvbC52MS5NYXJrRHVyYWJsZU91dGNvbWVIABJFChF1bnJlZ2lzdGVyX2Jyb2tlchgMIAEoCzIoLndlaXIuY29udHJvbC52MS5VbnJlZ2lzdGVyQnJva2VyT3V0Y29tZUgAEkkKE3JlZ2lzdGVyX2NvbnRyb2xsZXIYDSABKAsyKi53ZWlyLmNvbnRyb2wudjEuUmVnaXN0ZXJDb250cm9sbGVyT3V0Y29tZUgAEk0KFXVucmVnaXN0ZXJfY29udHJvbGxlchgOIAEoCzIsLndlaXIuY29udHJvbC52MS5VbnJlZ2lzdGVyQ29udHJvbGxlck91dGNvbWVIABJBCg91cGRhdGVfZmVhdHVyZXMYDyABKAsyJi53ZWlyLmNvbnRyb2wudjEuVXBkYXRlRmVhdHVyZXNPdXRjb21lSAASQQoPYWx0ZXJfcGFydGl0aW9uGBAgASgLMiYud2Vpci5jb250cm9sLnYxLkFsdGVyUGFydGl0aW9uT3V0Y29tZUgAEjkKC3JlcG9ydF9sb2dzGBEgASgLMiIud2Vpci5jb250cm9sLnYxLlJlcG9ydExvZ3NPdXRjb21lSAASPQoNcmVwb3J0X2RhbWFnZRgSIAEoCzIkLndlaXIuY29udHJvbC52MS5SZXBvcnREYW1hZ2VPdXRjb21lSAASSQoTY29udHJvbGxlZF9zaHV0ZG93bhgTIAEoCzIqLndlaXIuY29udHJvbC52MS5Db250cm9sbGVkU2h1dGRvd25PdXRjb21lSAASPQoNZWxlY3RfbGVhZGVycxgUIAEoCzIkLndlaXIuY29udHJvbC52MS5FbGVjdExlYWRlcnNPdXRjb21lSAASSQoTYWx0ZXJfcmVhc3NpZ25tZW50cxgVIAEoCzIqLndlaXIuY29udHJvbC52MS5BbHRlclJlYXNzaWdubWVudHNPdXRjb21lSAASSgoUc2V0X2Jyb2tlcl9wbGFjZW1lbnQYFiABKAsyKi53ZWlyLmNvbnRyb2wudjEuU2V0QnJva2VyUGxhY2VtZW50T3V0Y29tZUgAEj8KDnNldF9hZHZlcnRpc2VkGBcgASgLMiUud2Vpci5jb250cm9sLnYxLlNldEFkdmVydGlzZWRPdXRjb21lSABCBgoEa2luZCIqChRGb3JtYXRDbHVzdGVyQ29tbWFuZBISCgpjbHVzdGVyX2lkGAEgASgJIjgKCEVuZHBvaW50EhAKCGxpc3RlbmVyGAEgASgJEgwKBGhvc3QYAiABKAkSDAoEcG9ydBgDIAEoBSKMAwoVUmVnaXN0ZXJCcm9rZXJDb21tYW5kEhEKCWJyb2tlcl9pZBgBIAEoBRIWCg5pbmNhcm5hdGlvbl9pZBgCIAEoCRIUCgxkaXJlY3RvcnlfaWQYAyABKAkSHQoVcHJldmlvdXNfYnJva2VyX2Vwb2NoGAQgASgDEiwKCWVuZHBvaW50cxgFIAMoCzIZLndlaXIuY29udHJvbC52MS5FbmRwb2ludBIRCgRyYWNrGAYgASgJSACIAQESGAoQd2Vpcl92ZXJzaW9uX21pbhgHIAEoBRIYChB3ZWlyX3ZlcnNpb25fbWF4GAggASgFEhsKE2xhc3RfdW5mZW5jZWRfZXBvY2gYCSABKAMSNAoHZGFtYWdlZBgKIAMoCzIjLndlaXIuY29udHJvbC52MS5QYXJ0aXRpb25SZWZlcmVuY2USDAoEaG9zdBgLIAEoCRI0CgdzdXNwZWN0GAwgAygLMiMud2Vpci5jb250cm9sLnYxLlBhcnRpdGlvblJlZmVyZW5jZUIHCgVfcmFjayI1ChJQYXJ0aXRpb25SZWZlcmVuY2USEAoIdG9waWNfaWQYASABKAkSDQoFaW5kZXgYAiABKAUiPwoUVW5mZW5jZUJyb2tlckNvbW1hbmQSEQoJYnJva2VyX2lkGAEgASgFEhQKDGJyb2tlcl9lcG9jaBgCIAEoAyI9ChJGZW5jZUJyb2tlckNvbW1hbmQSEQoJYnJva2VyX2lkGAEgASgFEhQKDGJyb2tlcl9lcG9jaBgCIAEoAyJCChNQYXJ0aXRpb25Bc3NpZ25tZW50EhcKD3BhcnRpdGlvbl9pbmRleBgBIAEoBRISCgpicm9rZXJfaWRzGAIgAygFIjwKDk5ld1RvcGljQ29uZmlnEgwKBG5hbWUYASABKAkSEgoFdmFsdWUYAiABKAlIAIgBAUIICgZfdmFsdWUi8AEKCE5ld1RvcGljEgwKBG5hbWUYASABKAkSFwoPcGFydGl0aW9uX2NvdW50GAIgASgFEhoKEnJlcGxpY2F0aW9uX2ZhY3RvchgDIAEoBRIeChFzaHJpbmtfdG9fYnJva2VycxgEIAEoCEgAiAEBEjkKC2Fzc2lnbm1lbnRzGAUgAygLMiQud2Vpci5jb250cm9sLnYxLlBhcnRpdGlvbkFzc2lnbm1lbnQSMAoHY29uZmlncxgGIAMoCzIfLndlaXIuY29udHJvbC52MS5OZXdUb3BpY0NvbmZpZ0IUChJfc2hyaW5rX3RvX2Jyb2tlcnMiVwoTQ3JlYXRlVG9waWNzQ29tbWFuZBIpCgZ0b3BpY3MYASADKAsyGS53ZWlyLmNvbnRyb2wudjEuTmV3VG9waWMSFQoNdmFsaWRhdGVfb25seRgCIAEoCCJQCg5Ub3BpY1JlZmVyZW5jZRIRCgRuYW1lGAEgASgJSACIAQESFQoIdG9waWNfaWQYAiABKAlIAYgBAUIHCgVfbmFtZUILCglfdG9waWNfaWQiRgoTRGVsZXRlVG9waWNzQ29tbWFuZBIvCgZ0b3BpY3MYASADKAsyHy53ZWlyLmNvbnRyb2wudjEuVG9waWNSZWZlcmVuY2UiHAoLUmVwbGljYUxpc3QSDQoFaXRlbXMYASADKAUiOwoMUmVwbGljYUxpc3RzEisKBWl0ZW1zGAEgAygLMhwud2Vpci5jb250cm9sLnYxLlJlcGxpY2FMaXN0In8KDU5ld1BhcnRpdGlvbnMSDAoEbmFtZRgBIAEoCRIXCg9wYXJ0aXRpb25fY291bnQYAiABKAUSNwoLYXNzaWdubWVudHMYAyABKAsyHS53ZWlyLmNvbnRyb2wudjEuUmVwbGljYUxpc3RzSACIAQFCDgoMX2Fzc2lnbm1lbnRzImAKF0NyZWF0ZVBhcnRpdGlvbnNDb21tYW5kEi4KBnRvcGljcxgBIAMoCzIeLndlaXIuY29udHJvbC52MS5OZXdQYXJ0aXRpb25zEhUKDXZhbGlkYXRlX29ubHkYAiABKAgqjgEKC0NvbmZpZ1Njb3BlEhwKGENPTkZJR19TQ09QRV9VTlNQRUNJRklFRBAAEhYKEkNPTkZJR19TQ09QRV9UT1BJQxABEhcKE0NPTkZJR19TQ09QRV9CUk9LRVIQAhIYChRDT05GSUdfU0NPUEVfQ0xVU1RFUhADEhYKEkNPTkZJR19TQ09QRV9HUk9VUBAEKqYBCg9Db25maWdPcGVyYXRpb24SIAocQ09ORklHX09QRVJBVElPTl9VTlNQRUNJRklFRBAAEhgKFENPTkZJR19PUEVSQVRJT05fU0VUEAESGwoXQ09ORklHX09QRVJBVElPTl9ERUxFVEUQAhIbChdDT05GSUdfT1BFUkFUSU9OX0FQUEVORBADEh0KGUNPTkZJR19PUEVSQVRJT05fU1VCVFJBQ1QQBCJvCgxDb25maWdDaGFuZ2USDAoEbmFtZRgBIAEoCRIzCglvcGVyYXRpb24YAiABKA4yIC53ZWlyLmNvbnRyb2wudjEuQ29uZmlnT3BlcmF0aW9uEhIKBXZhbHVlGAMgASgJSACIAQFCCAoGX3ZhbHVlIqkBCg9BbHRlcmVkUmVzb3VyY2USKwoFc2NvcGUYASABKA4yHC53ZWlyLmNvbnRyb2wudjEuQ29uZmlnU2NvcGUSDAoEbmFtZRgCIAEoCRIxCgpvcGVyYXRpb25zGAMgAygLMh0ud2Vpci5jb250cm9sLnYxLkNvbmZpZ0NoYW5nZRIYCgtyZXBsYWNlX2FsbBgEIAEoCEgAiAEBQg4KDF9yZXBsYWNlX2FsbCJhChNBbHRlckNvbmZpZ3NDb21tYW5kEjMKCXJlc291cmNlcxgBIAMoCzIgLndlaXIuY29udHJvbC52MS5BbHRlcmVkUmVzb3VyY2USFQoNdmFsaWRhdGVfb25seRgCIAEoCCJFChpBbGxvY2F0ZVByb2R1Y2VySWRzQ29tbWFuZBIRCglicm9rZXJfaWQYASABKAUSFAoMYnJva2VyX2Vwb2NoGAIgASgDIkkKEER1cmFibGVQYXJ0aXRpb24SEAoIdG9waWNfaWQYASABKAkSDQoFaW5kZXgYAiABKAUSFAoMbGVhZGVyX2Vwb2NoGAMgASgFInQKEk1hcmtEdXJhYmxlQ29tbWFuZBIRCglicm9rZXJfaWQYASABKAUSFAoMYnJva2VyX2Vwb2NoGAIgASgDEjUKCnBhcnRpdGlvbnMYAyADKAsyIS53ZWlyLmNvbnRyb2wudjEuRHVyYWJsZVBhcnRpdGlvbiIsChdVbnJlZ2lzdGVyQnJva2VyQ29tbWFuZBIRCglicm9rZXJfaWQYASABKAUiwQEKGVJlZ2lzdGVyQ29udHJvbGxlckNvbW1hbmQSFQoNY29udHJvbGxlcl9pZBgBIAEoBRIWCg5pbmNhcm5hdGlvbl9pZBgCIAEoCRIUCgxkaXJlY3RvcnlfaWQYAyABKAkSDAoEaG9zdBgEIAEoCRIMCgRwb3J0GAUgASgFEhgKEHdlaXJfdmVyc2lvbl9taW4YBiABKAUSGAoQd2Vpcl92ZXJzaW9uX21heBgHIAEoBRIPCgdtYWNoaW5lGAggASgJIjQKG1VucmVnaXN0ZXJDb250cm9sbGVyQ29tbWFuZBIVCg1jb250cm9sbGVyX2lkGAEgASgFKokBCgtVcGdyYWRlVHlwZRIcChhVUEdSQURFX1RZUEVfVU5TUEVDSUZJRUQQABIYChRVUEdSQURFX1RZUEVfVVBHUkFERRABEh8KG1VQR1JBREVfVFlQRV9TQUZFX0RPV05HUkFERRACEiEKHVVQR1JBREVfVFlQRV9VTlNBRkVfRE9XTkdSQURFEAMiYAoNRmVhdHVyZVVwZGF0ZRIMCgRuYW1lGAEgASgJEg0KBWxldmVsGAIgASgFEjIKDHVwZ3JhZGVfdHlwZRgDIAEoDjIcLndlaXIuY29udHJvbC52MS5VcGdyYWRlVHlwZSJfChVVcGRhdGVGZWF0dXJlc0NvbW1hbmQSLwoHdXBkYXRlcxgBIAMoCzIeLndlaXIuY29udHJvbC52MS5GZWF0dXJlVXBkYXRlEhUKDXZhbGlkYXRlX29ubHkYAiABKAgiUQoNRmFpbGVkT3V0Y29tZRISCgplcnJvcl9jb2RlGAEgASgFEhoKDWVycm9yX21lc3NhZ2UYAiABKAlIAIgBAUIQCg5fZXJyb3JfbWVzc2FnZSJYChRGb3JtYXRDbHVzdGVyT3V0Y29tZRISCgplcnJvcl9jb2RlGAEgASgFEhoKDWVycm9yX21lc3NhZ2UYAiABKAlIAIgBAUIQCg5fZXJyb3JfbWVzc2FnZSJvChVSZWdpc3RlckJyb2tlck91dGNvbWUSEgoKZXJyb3JfY29kZRgBIAEoBRIaCg1lcnJvcl9tZXNzYWdlGAIgASgJSACIAQESFAoMYnJva2VyX2Vwb2NoGAMgASgDQhAKDl9lcnJvcl9tZXNzYWdlIlgKFFVuZmVuY2VCcm9rZXJPdXRjb21lEhIKCmVycm9yX2NvZGUYASABKAUSGgoNZXJyb3JfbWVzc2FnZRgCIAEoCUgAiAEBQhAKDl9lcnJvcl9tZXNzYWdlIlYKEkZlbmNlQnJva2VyT3V0Y29tZRISCgplcnJvcl9jb2RlGAEgASgFEhoKDWVycm9yX21lc3NhZ2UYAiABKAlIAIgBAUIQCg5fZXJyb3JfbWVzc2FnZSKlAQoMQ3JlYXRlZFRvcGljEhIKCmVycm9yX2NvZGUYASABKAUSGgoNZXJyb3JfbWVzc2FnZRgCIAEoCUgAiAEBEgwKBG5hbWUYAyABKAkSEAoIdG9waWNfaWQYBCABKAkSFwoPcGFydGl0aW9uX2NvdW50GAUgASgFEhoKEnJlcGxpY2F0aW9uX2ZhY3RvchgGIAEoBUIQCg5fZXJyb3JfbWVzc2FnZSKGAQoTQ3JlYXRlVG9waWNzT3V0Y29tZRISCgplcnJvcl9jb2RlGAEgASgFEhoKDWVycm9yX21lc3NhZ2UYAiABKAlIAIgBARItCgZ0b3BpY3MYAyADKAsyHS53ZWlyLmNvbnRyb2wudjEuQ3JlYXRlZFRvcGljQhAKDl9lcnJvcl9tZXNzYWdlIn4KDERlbGV0ZWRUb3BpYxISCgplcnJvcl9jb2RlGAEgASgFEhoKDWVycm9yX21lc3NhZ2UYAiABKAlIAIgBARIRCgRuYW1lGAMgASgJSAGIAQESEAoIdG9waWNfaWQYBCABKAlCEAoOX2Vycm9yX21lc3NhZ2VCBwoFX25hbWUihgEKE0RlbGV0ZVRvcGljc091dGNvbWUSEgoKZXJyb3JfY29kZRgBIAEoBRIaCg1lcnJvcl9tZXNzYWdlGAIgASgJSACIAQESLQoGdG9waWNzGAMgAygLMh0ud2Vpci5jb250cm9sLnYxLkRlbGV0ZWRUb3BpY0IQCg5fZXJyb3JfbWVzc2FnZSJcCgpHcm93blRvcGljEhIKCmVycm9yX2NvZGUYASABKAUSGgoNZXJyb3JfbWVzc2FnZRgCIAEoCUgAiAEBEgwKBG5hbWUYAyABKAlCEAoOX2Vycm9yX21lc3NhZ2UiiAEKF0NyZWF0ZVBhcnRpdGlvbnNPdXRjb21lEhIKCmVycm9yX2NvZGUYASABKAUSGgoNZXJyb3JfbWVzc2FnZRgCIAEoCUgAiAEBEisKBnRvcGljcxgDIAMoCzIbLndlaXIuY29udHJvbC52MS5Hcm93blRvcGljQhAKDl9lcnJvcl9tZXNzYWdlIpUBChZBbHRlcmVkUmVzb3VyY2VPdXRjb21lEhIKCmVycm9yX2NvZGUYASABKAUSGgoNZXJyb3JfbWVzc2FnZRgCIAEoCUgAiAEBEisKBXNjb3BlGAMgASgOMhwud2Vpci5jb250cm9sLnYxLkNvbmZpZ1Njb3BlEgwKBG5hbWUYBCABKAlCEAoOX2Vycm9yX21lc3NhZ2UikwEKE0FsdGVyQ29uZmlnc091dGNvbWUSEgoKZXJyb3JfY29kZRgBIAEoBRIaCg1lcnJvcl9tZXNzYWdlGAIgASgJSACIAQESOgoJcmVzb3VyY2VzGAMgAygLMicud2Vpci5jb250cm9sLnYxLkFsdGVyZWRSZXNvdXJjZU91dGNvbWVCEAoOX2Vycm9yX21lc3NhZ2UilAEKGkFsbG9jYXRlUHJvZHVjZXJJZHNPdXRjb21lEhIKCmVycm9yX2NvZGUYASABKAUSGgoNZXJyb3JfbWVzc2FnZRgCIAEoCUgAiAEBEhkKEWZpcnN0X3Byb2R1Y2VyX2lkGAMgASgDEhkKEXByb2R1Y2VyX2lkX2NvdW50GAQgASgFQhAKDl9lcnJvcl9tZXNzYWdlIlYKEk1hcmtEdXJhYmxlT3V0Y29tZRISCgplcnJvcl9jb2RlGAEgASgFEhoKDWVycm9yX21lc3NhZ2UYAiABKAlIAIgBAUIQCg5fZXJyb3JfbWVzc2FnZSJbChdVbnJlZ2lzdGVyQnJva2VyT3V0Y29tZRISCgplcnJvcl9jb2RlGAEgASgFEhoKDWVycm9yX21lc3NhZ2UYAiABKAlIAIgBAUIQCg5fZXJyb3JfbWVzc2FnZSJdChlSZWdpc3RlckNvbnRyb2xsZXJPdXRjb21lEhIKCmVycm9yX2NvZGUYASABKAUSGgoNZXJyb3JfbWVzc2FnZRgCIAEoCUgAiAEBQhAKDl9lcnJvcl9tZXNzYWdlIl8KG1VucmVnaXN0ZXJDb250cm9sbGVyT3V0Y29tZRISCgplcnJvcl9jb2RlGAEgASgFEhoKDWVycm9yX21lc3NhZ2UYAiABKAlIAIgBAUIQCg5fZXJyb3JfbWVzc2FnZSJZChVVcGRhdGVGZWF0dXJlc091dGNvbWUSEgoKZXJyb3JfY29kZRgBIAEoBRIaCg1lcnJvcl9tZXNzYWdlGAIgASgJSACIAQFCEAoOX2Vycm9yX21lc3NhZ2UiNAoJSXNyTWVtYmVyEhEKCWJyb2tlcl9pZBgBIAEoBRIUCgxicm9rZXJfZXBvY2gYAiABKAMihAEKCUlzckNoYW5nZRIQCgh0b3BpY19pZBgBIAEoCRINCgVpbmRleBgCIAEoBRIUCgxsZWFkZXJfZXBvY2gYAyABKAUSFwoPcGFydGl0aW9uX2Vwb2NoGAQgASgFEicKA2lzchgFIAMoCzIaLndlaXIuY29udHJvbC52MS5Jc3JNZW1iZXIicAoVQWx0ZXJQYXJ0aXRpb25Db21tYW5kEhEKCWJyb2tlcl9pZBgBIAEoBRIUCgxicm9rZXJfZXBvY2gYAiABKAMSLgoKcGFydGl0aW9ucxgDIAMoCzIaLndlaXIuY29udHJvbC52MS5Jc3JDaGFuZ2UiVAoJTG9nUmVwb3J0EhAKCHRvcGljX2lkGAEgASgJEg0KBWluZGV4GAIgASgFEhIKCmxhc3RfZXBvY2gYAyABKAUSEgoKZW5kX29mZnNldBgEIAEoAyJsChFSZXBvcnRMb2dzQ29tbWFuZBIRCglicm9rZXJfaWQYASABKAUSFAoMYnJva2VyX2Vwb2NoGAIgASgDEi4KCnBhcnRpdGlvbnMYAyADKAsyGi53ZWlyLmNvbnRyb2wudjEuTG9nUmVwb3J0IncKE1JlcG9ydERhbWFnZUNvbW1hbmQSEQoJYnJva2VyX2lkGAEgASgFEhQKDGJyb2tlcl9lcG9jaBgCIAEoAxI3CgpwYXJ0aXRpb25zGAMgAygLMiMud2Vpci5jb250cm9sLnYxLlBhcnRpdGlvblJlZmVyZW5jZSJEChlDb250cm9sbGVkU2h1dGRvd25Db21tYW5kEhEKCWJyb2tlcl9pZBgBIAEoBRIUCgxicm9rZXJfZXBvY2gYAiABKAMqZQoMRWxlY3Rpb25UeXBlEh0KGUVMRUNUSU9OX1RZUEVfVU5TUEVDSUZJRUQQABIbChdFTEVDVElPTl9UWVBFX1BSRUZFUlJFRBABEhkKFUVMRUNUSU9OX1RZUEVfVU5DTEVBThACIi4KDk5hbWVkUGFydGl0aW9uEg0KBXRvcGljGAEgASgJEg0KBWluZGV4GAIgASgFIkEKD05hbWVkUGFydGl0aW9ucxIuCgVpdGVtcxgBIAMoCzIfLndlaXIuY29udHJvbC52MS5OYW1lZFBhcnRpdGlvbiKVAQoTRWxlY3RMZWFkZXJzQ29tbWFuZBI0Cg1lbGVjdGlvbl90eXBlGAEgASgOMh0ud2Vpci5jb250cm9sLnYxLkVsZWN0aW9uVHlwZRI5CgpwYXJ0aXRpb25zGAIgASgLMiAud2Vpci5jb250cm9sLnYxLk5hbWVkUGFydGl0aW9uc0gAiAEBQg0KC19wYXJ0aXRpb25zIm4KDFJlYXNzaWdubWVudBINCgV0b3BpYxgBIAEoCRINCgVpbmRleBgCIAEoBRIzCghyZXBsaWNhcxgDIAEoCzIcLndlaXIuY29udHJvbC52MS5SZXBsaWNhTGlzdEgAiAEBQgsKCV9yZXBsaWNhcyJ3ChlBbHRlclJlYXNzaWdubWVudHNDb21tYW5kEjEKCnBhcnRpdGlvbnMYASADKAsyHS53ZWlyLmNvbnRyb2wudjEuUmVhc3NpZ25tZW50EicKH2FsbG93X3JlcGxpY2F0aW9uX2ZhY3Rvcl9jaGFuZ2UYAiABKAgiUgoZU2V0QnJva2VyUGxhY2VtZW50Q29tbWFuZBIRCglicm9rZXJfaWQYASABKAUSEAoIY29yZG9uZWQYAiABKAgSEAoIZHJhaW5pbmcYAyABKAgiiwEKCElzclN0YXRlEhAKCHRvcGljX2lkGAEgASgJEg0KBWluZGV4GAIgASgFEhIKCmVycm9yX2NvZGUYAyABKAUSDgoGbGVhZGVyGAQgASgFEhQKDGxlYWRlcl9lcG9jaBgFIAEoBRIXCg9wYXJ0aXRpb25fZXBvY2gYBiABKAUSCwoDaXNyGAcgAygFIogBChVBbHRlclBhcnRpdGlvbk91dGNvbWUSEgoKZXJyb3JfY29kZRgBIAEoBRIaCg1lcnJvcl9tZXNzYWdlGAIgASgJSACIAQESLQoKcGFydGl0aW9ucxgDIAMoCzIZLndlaXIuY29udHJvbC52MS5Jc3JTdGF0ZUIQCg5fZXJyb3JfbWVzc2FnZSJVChFSZXBvcnRMb2dzT3V0Y29tZRISCgplcnJvcl9jb2RlGAEgASgFEhoKDWVycm9yX21lc3NhZ2UYAiABKAlIAIgBAUIQCg5fZXJyb3JfbWVzc2FnZSJXChNSZXBvcnREYW1hZ2VPdXRjb21lEhIKCmVycm9yX2NvZGUYASABKAUSGgoNZXJyb3JfbWVzc2FnZRgCIAEoCUgAiAEBQhAKDl9lcnJvcl9tZXNzYWdlInAKGUNvbnRyb2xsZWRTaHV0ZG93bk91dGNvbWUSEgoKZXJyb3JfY29kZRgBIAEoBRIaCg1lcnJvcl9tZXNzYWdlGAIgASgJSACIAQESEQoJcmVtYWluaW5nGAMgASgFQhAKDl9lcnJvcl9tZXNzYWdlIncKFU5hbWVkUGFydGl0aW9uT3V0Y29tZRISCgplcnJvcl9jb2RlGAEgASgFEhoKDWVycm9yX21lc3NhZ2UYAiABKAlIAIgBARINCgV0b3BpYxgDIAEoCRINCgVpbmRleBgEIAEoBUIQCg5fZXJyb3JfbWVzc2FnZSKTAQoTRWxlY3RMZWFkZXJzT3V0Y29tZRISCgplcnJvcl9jb2RlGAEgASgFEhoKDWVycm9yX21lc3NhZ2UYAiABKAlIAIgBARI6CgpwYXJ0aXRpb25zGAMgAygLMiYud2Vpci5jb250cm9sLnYxLk5hbWVkUGFydGl0aW9uT3V0Y29tZUIQCg5fZXJyb3JfbWVzc2FnZSKZAQoZQWx0ZXJSZWFzc2lnbm1lbnRzT3V0Y29tZRISCgplcnJvcl9jb2RlGAEgASgFEhoKDWVycm9yX21lc3NhZ2UYAiABKAlIAIgBARI6CgpwYXJ0aXRpb25zGAMgAygLMiYud2Vpci5jb250cm9sLnYxLk5hbWVkUGFydGl0aW9uT3V0Y29tZUIQCg5fZXJyb3JfbWVzc2FnZSJdChlTZXRCcm9rZXJQbGFjZW1lbnRPdXRjb21lEhIKCmVycm9yX2NvZGUYASABKAUSGgoNZXJyb3JfbWVzc2FnZRgCIAEoCUgAiAEBQhAKDl9lcnJvcl9tZXNzYWdlIlcKFFNldEFkdmVydGlzZWRDb21tYW5kEhEKCWJyb2tlcl9pZBgBIAEoBRIsCgllbmRwb2ludHMYAiADKAsyGS53ZWlyLmNvbnRyb2wudjEuRW5kcG9pbnQiWAoUU2V0QWR2ZXJ0aXNlZE91dGNvbWUSEgoKZXJyb3JfY29kZRgBIAEoBRIaCg1lcnJvcl9tZXNzYWdlGAIgASgJSACIAQFCEAoOX2Vycm9yX21lc3NhZ2ViBnByb3RvMw==',
  },
  {
    name: 'weir/control/v1/raft.proto',
    imports: [],
    symbols: ['weir.control.v1.ReplicaKey', 'weir.control.v1.LogPlace', 'weir.control.v1.IdentifyRequest', 'weir.control.v1.QuorumState', 'weir.control.v1.IdentifyResponse', 'weir.control.v1.PreVoteRequest', 'weir.control.v1.PreVoteResponse', 'weir.control.v1.VoteRequest', 'weir.control.v1.VoteResponse', 'weir.control.v1.TimeoutNowRequest', 'weir.control.v1.TimeoutNowResponse', 'weir.control.v1.NoOp', 'weir.control.v1.Batch', 'weir.control.v1.VoterSet', 'weir.control.v1.EntryBody', 'weir.control.v1.Entry', 'weir.control.v1.AppendRequest', 'weir.control.v1.AppendOutcome', 'weir.control.v1.AppendResponse', 'weir.control.v1.SnapshotMeta', 'weir.control.v1.InstallSnapshotRequest', 'weir.control.v1.InstallSnapshotResponse', 'weir.control.v1.Raft'],
    descriptor: 'Chp3ZWlyL2NvbnRyb2wvdjEvcmFmdC5wcm90bxIPd2Vpci5jb250cm9sLnYxIi4KClJlcGxpY2FLZXkSCgoCaWQYASABKAUSFAoMZGlyZWN0b3J5X2lkGAIgASgJIicKCExvZ1BsYWNlEg0KBWluZGV4GAEgASgDEgwKBHRlcm0YAiABKAMiEQoPSWRlbnRpZnlSZXF1ZXN0KnMKC1F1b3J1bVN0YXRlEhwKGFFVT1JVTV9TVEFURV9VTlNQRUNJRklFRBAAEhUKEVFVT1JVTV9TVEFURV9OT05FEAESFgoSUVVPUlVNX1NUQVRFX0VNUFRZEAISFwoTUVVPUlVNX1NUQVRFX0ZPUk1FRBADImsKEElkZW50aWZ5UmVzcG9uc2USKQoEbm9kZRgBIAEoCzIbLndlaXIuY29udHJvbC52MS5SZXBsaWNhS2V5EiwKBnF1b3J1bRgCIAEoDjIcLndlaXIuY29udHJvbC52MS5RdW9ydW1TdGF0ZSKbAQoOUHJlVm90ZVJlcXVlc3QSKQoEZnJvbRgBIAEoCzIbLndlaXIuY29udHJvbC52MS5SZXBsaWNhS2V5EicKAnRvGAIgASgLMhsud2Vpci5jb250cm9sLnYxLlJlcGxpY2FLZXkSDAoEdGVybRgDIAEoAxInCgRsYXN0GAQgASgLMhkud2Vpci5jb250cm9sLnYxLkxvZ1BsYWNlIpsBCg9QcmVWb3RlUmVzcG9uc2USKQoEZnJvbRgBIAEoCzIbLndlaXIuY29udHJvbC52MS5SZXBsaWNhS2V5EicKAnRvGAIgASgLMhsud2Vpci5jb250cm9sLnYxLlJlcGxpY2FLZXkSDAoEdGVybRgDIAEoAxISCgphc2tlZF90ZXJtGAQgASgDEhIKCmlzX2dyYW50ZWQYBSABKAgirQEKC1ZvdGVSZXF1ZXN0EikKBGZyb20YASABKAsyGy53ZWlyLmNvbnRyb2wudjEuUmVwbGljYUtleRInCgJ0bxgCIAEoCzIbLndlaXIuY29udHJvbC52MS5SZXBsaWNhS2V5EgwKBHRlcm0YAyABKAMSJwoEbGFzdBgEIAEoCzIZLndlaXIuY29udHJvbC52MS5Mb2dQbGFjZRITCgtpc190cmFuc2ZlchgFIAEoCCKEAQoMVm90ZVJlc3BvbnNlEikKBGZyb20YASABKAsyGy53ZWlyLmNvbnRyb2wudjEuUmVwbGljYUtleRInCgJ0bxgCIAEoCzIbLndlaXIuY29udHJvbC52MS5SZXBsaWNhS2V5EgwKBHRlcm0YAyABKAMSEgoKaXNfZ3JhbnRlZBgEIAEoCCJ1ChFUaW1lb3V0Tm93UmVxdWVzdBIpCgRmcm9tGAEgASgLMhsud2Vpci5jb250cm9sLnYxLlJlcGxpY2FLZXkSJwoCdG8YAiABKAsyGy53ZWlyLmNvbnRyb2wudjEuUmVwbGljYUtleRIMCgR0ZXJtGAMgASgDIhQKElRpbWVvdXROb3dSZXNwb25zZSIGCgROb09wIhgKBUJhdGNoEg8KB3BheWxvYWQYASABKAwiNwoIVm90ZXJTZXQSKwoGdm90ZXJzGAEgAygLMhsud2Vpci5jb250cm9sLnYxLlJlcGxpY2FLZXkikQEKCUVudHJ5Qm9keRImCgVub19vcBgBIAEoCzIVLndlaXIuY29udHJvbC52MS5Ob09wSAASJwoFYmF0Y2gYAiABKAsyFi53ZWlyLmNvbnRyb2wudjEuQmF0Y2hIABIrCgZ2b3RlcnMYAyABKAsyGS53ZWlyLmNvbnRyb2wudjEuVm90ZXJTZXRIAEIGCgRraW5kIk4KBUVudHJ5Eg0KBWluZGV4GAEgASgDEgwKBHRlcm0YAiABKAMSKAoEYm9keRgDIAEoCzIaLndlaXIuY29udHJvbC52MS5FbnRyeUJvZHki7wEKDUFwcGVuZFJlcXVlc3QSKQoEZnJvbRgBIAEoCzIbLndlaXIuY29udHJvbC52MS5SZXBsaWNhS2V5EicKAnRvGAIgASgLMhsud2Vpci5jb250cm9sLnYxLlJlcGxpY2FLZXkSDAoEdGVybRgDIAEoAxIrCghwcmV2aW91cxgEIAEoCzIZLndlaXIuY29udHJvbC52MS5Mb2dQbGFjZRInCgdlbnRyaWVzGAUgAygLMhYud2Vpci5jb250cm9sLnYxLkVudHJ5EhcKD2NvbW1pdHRlZF9pbmRleBgGIAEoAxINCgVyb3VuZBgHIAEoAypoCg1BcHBlbmRPdXRjb21lEh4KGkFQUEVORF9PVVRDT01FX1VOU1BFQ0lGSUVEEAASGgoWQVBQRU5EX09VVENPTUVfTUFUQ0hFRBABEhsKF0FQUEVORF9PVVRDT01FX0RJVkVSR0VEEAIi7AEKDkFwcGVuZFJlc3BvbnNlEikKBGZyb20YASABKAsyGy53ZWlyLmNvbnRyb2wudjEuUmVwbGljYUtleRInCgJ0bxgCIAEoCzIbLndlaXIuY29udHJvbC52MS5SZXBsaWNhS2V5EgwKBHRlcm0YAyABKAMSDQoFcm91bmQYBCABKAMSLwoHb3V0Y29tZRgFIAEoDjIeLndlaXIuY29udHJvbC52MS5BcHBlbmRPdXRjb21lEg0KBWluZGV4GAYgASgDEhUKDWNvbmZsaWN0X3Rlcm0YByABKAMSEgoKaXNfZGFtYWdlZBgIIAEoCCJ8CgxTbmFwc2hvdE1ldGESKAoFcGxhY2UYASABKAsyGS53ZWlyLmNvbnRyb2wudjEuTG9nUGxhY2USKwoGdm90ZXJzGAIgAygLMhsud2Vpci5jb250cm9sLnYxLlJlcGxpY2FLZXkSFQoNc2l6ZV9pbl9ieXRlcxgDIAEoAyLWAQoWSW5zdGFsbFNuYXBzaG90UmVxdWVzdBIpCgRmcm9tGAEgASgLMhsud2Vpci5jb250cm9sLnYxLlJlcGxpY2FLZXkSJwoCdG8YAiABKAsyGy53ZWlyLmNvbnRyb2wudjEuUmVwbGljYUtleRIMCgR0ZXJtGAMgASgDEisKBG1ldGEYBCABKAsyHS53ZWlyLmNvbnRyb2wudjEuU25hcHNob3RNZXRhEhAKCHBvc2l0aW9uGAUgASgDEgwKBGRhdGEYBiABKAwSDQoFcm91bmQYByABKAMixgEKF0luc3RhbGxTbmFwc2hvdFJlc3BvbnNlEikKBGZyb20YASABKAsyGy53ZWlyLmNvbnRyb2wudjEuUmVwbGljYUtleRInCgJ0bxgCIAEoCzIbLndlaXIuY29udHJvbC52MS5SZXBsaWNhS2V5EgwKBHRlcm0YAyABKAMSKAoFcGxhY2UYBCABKAsyGS53ZWlyLmNvbnRyb2wudjEuTG9nUGxhY2USEAoIcG9zaXRpb24YBSABKAMSDQoFcm91bmQYBiABKAMy+gMKBFJhZnQSTwoISWRlbnRpZnkSIC53ZWlyLmNvbnRyb2wudjEuSWRlbnRpZnlSZXF1ZXN0GiEud2Vpci5jb250cm9sLnYxLklkZW50aWZ5UmVzcG9uc2USTAoHUHJlVm90ZRIfLndlaXIuY29udHJvbC52MS5QcmVWb3RlUmVxdWVzdBogLndlaXIuY29udHJvbC52MS5QcmVWb3RlUmVzcG9uc2USQwoEVm90ZRIcLndlaXIuY29udHJvbC52MS5Wb3RlUmVxdWVzdBodLndlaXIuY29udHJvbC52MS5Wb3RlUmVzcG9uc2USVQoKVGltZW91dE5vdxIiLndlaXIuY29udHJvbC52MS5UaW1lb3V0Tm93UmVxdWVzdBojLndlaXIuY29udHJvbC52MS5UaW1lb3V0Tm93UmVzcG9uc2USTQoGQXBwZW5kEh4ud2Vpci5jb250cm9sLnYxLkFwcGVuZFJlcXVlc3QaHy53ZWlyLmNvbnRyb2wudjEuQXBwZW5kUmVzcG9uc2UoATABEmgKD0luc3RhbGxTbmFwc2hvdBInLndlaXIuY29udHJvbC52MS5JbnN0YWxsU25hcHNob3RSZXF1ZXN0Gigud2Vpci5jb250cm9sLnYxLkluc3RhbGxTbmFwc2hvdFJlc3BvbnNlKAEwAWIGcHJvdG8z',
  },
];
