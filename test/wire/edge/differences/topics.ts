import { type Difference, inEach } from '../compare.ts';
/** Differences in how topics are made and unmade. */
export const topicDifferences: readonly Difference[] = [
  ...inEach(
    ['CreateTopics takes a name of 249 letters', 'CreateTopics only validates when asked to'],
    'A topic that is only validated has no id; Apache Kafka shows one that no topic will have.',
    { '0.topics[0].topicId': { weir: 'AAAAAAAAAAAAAAAAAAAAAA', kafka: '(new id)' } },
  ),
  {
    case: 'CreateTopics refuses two names that collide with each other',
    reason: 'Weir refuses in one request what it refuses in two; Apache Kafka looks only at topics that exist.',
    fields: {
      '0.topics[1].errorCode': { weir: 17, kafka: 0 },
      '0.topics[1].errorMessage': { weir: '(text)', kafka: null },
      '0.topics[1].numPartitions': { weir: -1, kafka: 1 },
      '0.topics[1].replicationFactor': { weir: -1, kafka: 1 },
      '0.topics[1].topicId': { weir: 'AAAAAAAAAAAAAAAAAAAAAA', kafka: '(new id)' },
    },
  },
  ...inEach(
    ['CreateTopics with a time-out of zero', 'CreateTopics with a negative time-out'],
    'The change happens in any case, and clients are better off knowing how it ended: Weir gives the controller a second at least.',
    {
      '0.topics[0].errorCode': { weir: 0, kafka: 7 },
      '0.topics[0].numPartitions': { weir: 1, kafka: -1 },
      '0.topics[0].replicationFactor': { weir: 1, kafka: -1 },
    },
  ),
  ...inEach(
    [
      'CreatePartitions of an unknown topic',
      'CreatePartitions of a topic without a name',
      'CreatePartitions of a topic with a bad name',
    ],
    'Weir says in words that there is no such topic.',
    { '0.results[0].errorMessage': { weir: '(text)', kafka: null } },
  ),
  ...inEach(
    [
      'AlterPartitionReassignments of version 0 calls back no move where there is none',
      'AlterPartitionReassignments of version 1 calls back no move where there is none',
    ],
    'Weir says in words that nothing moves.',
    { '0.responses[0].partitions[0].errorMessage': { weir: '(text)', kafka: null } },
  ),
  {
    case: 'AlterPartitionReassignments of no topic does nothing',
    reason: 'A success has no message; Apache Kafka writes an empty one when it has nothing to do.',
    fields: { '0.errorMessage': { weir: null, kafka: '' } },
  },
  {
    case: 'CreatePartitions refuses a huge count',
    reason:
      'Weir has a bound for what one request may create and says so; Apache Kafka fails on it and reports a fault of its own.',
    fields: {
      '0.results[0].errorCode': { weir: 44, kafka: -1 },
      '0.results[0].errorMessage': { weir: '(text)', kafka: null },
    },
  },
  {
    case: 'DeleteTopics with a time-out of zero',
    reason:
      'The change happens in any case, and clients are better off knowing how it ended: Weir gives the controller a second at least.',
    fields: {
      '0.responses[0].errorCode': { weir: 3, kafka: 7 },
      '0.responses[0].errorMessage': { weir: '(text)', kafka: null },
    },
  },
];
