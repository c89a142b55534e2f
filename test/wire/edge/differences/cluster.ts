import { type Difference, inEach } from '../compare.ts';

/** Differences in what the cluster says of itself and its topics. */
export const clusterDifferences: readonly Difference[] = [
  {
    case: 'Metadata refuses a topic with neither name nor id',
    reason:
      'The request is at fault, and Weir says so; Apache Kafka trips over the null and reports a fault of its own.',
    fields: { '0.topics[0].errorCode': { weir: 42, kafka: -1 } },
  },
  {
    case: 'Metadata mixes topics by id and by name',
    reason:
      'Weir answers every topic that is asked for; Apache Kafka leaves out those by name once there is one by id.',
    fields: {
      '0.topics.length': { weir: 2, kafka: 1 },
      '0.topics[0].name': { weir: 'plain', kafka: 'small' },
      '0.topics[0].partitions.length': { weir: 3, kafka: 4 },
      '0.topics[0].topicId': { weir: '(id of plain)', kafka: '(id of small)' },
    },
  },
  {
    case: 'DescribeTopicPartitions refuses a topic without a name',
    reason: 'An empty name is a bad name like others; Apache Kafka trips over it and reports a fault of its own.',
    fields: {
      '0.topics[0].errorCode': { weir: 17, kafka: -1 },
      '0.topics[0].topicAuthorizedOperations': { weir: 3576, kafka: -2_147_483_648 },
    },
  },
  {
    case: 'DescribeCluster of controllers',
    reason: 'Every listener of Weir tells of controllers; those of Apache Kafka that brokers have refuse to.',
    fields: {
      '0.brokers.length': { weir: 1, kafka: 0 },
      '0.clusterId': { weir: '(cluster id)', kafka: '' },
      '0.controllerId': { weir: 1, kafka: -1 },
      '0.endpointType': { weir: 2, kafka: 1 },
      '0.errorCode': { weir: 0, kafka: 114 },
      '0.errorMessage': { weir: null, kafka: '(text)' },
    },
  },
  {
    case: 'UpdateFeatures takes the level that is there',
    reason: 'A success has no message; Apache Kafka writes the name of its code there.',
    fields: { '0.results[0].errorMessage': { weir: null, kafka: '(text)' } },
  },
  {
    case: 'UnregisterController finds no controller that is not registered',
    reason: 'Controllers can be unregistered from Apache Kafka 4.4 on; the release that is compared with is 4.3.',
    fields: { '0': { weir: 'answer', kafka: 'closed' } },
  },
  ...inEach(
    [
      'FindCoordinator of version 6 refuses a share key without parts',
      'FindCoordinator of version 6 refuses a share key with a bad partition',
      'FindCoordinator of version 6 refuses a share key with a bad topic id',
      'FindCoordinator of version 6 refuses a share key without a group',
    ],
    'Weir says in words what a share key must look like; Apache Kafka leaves the text empty.',
    { '0.coordinators[0].errorMessage': { weir: '(text)', kafka: '' } },
  ),
];
