import { type Difference, inEach } from '../compare.ts';
/** Differences in share groups. */
export const shareDifferences: readonly Difference[] = [
  ...inEach(
    ['ShareGroupHeartbeat without a member id', 'ShareGroupHeartbeat with a member id of 37 letters'],
    'Weir says in words what is wrong with the member id; Apache Kafka has no text for it.',
    { '0.errorMessage': { weir: '(text)', kafka: null } },
  ),
  ...inEach(
    [
      'ShareGroupHeartbeat that joins an unknown topic',
      'ShareGroupHeartbeat that joins a topic twice',
      'ShareGroupHeartbeat of an unknown member',
      'ShareGroupHeartbeat of an epoch to come',
      'ShareGroupHeartbeat that leaves',
      'ShareGroupHeartbeat that leaves twice',
      'JoinGroup for a share group',
      'OffsetCommit for a share group',
      'DeleteGroups of a share group with members',
      'DescribeGroups of a share group',
    ],
    'A member that names a topic which does not exist yet is asked to come again within a second, so that it soon has its share.',
    { '0.heartbeatIntervalMs': { weir: 1000, kafka: 5000 } },
  ),
  {
    case: 'ShareFetch of a group without a name',
    reason:
      'A share group has a name, as its heartbeats must say in Apache Kafka too, which lets anybody fetch for one without.',
    fields: { '0': { weir: 42, kafka: 0 } },
  },
  {
    case: 'ShareFetch of an unknown topic id',
    reason:
      'Weir answers for the partition that its topic is unknown; Apache Kafka trips over the id and reports a fault of its own.',
    fields: {
      '0.acquisitionLockTimeoutMs': { weir: 30000, kafka: 0 },
      '0.errorCode': { weir: 0, kafka: -1 },
      '0.responses.length': { weir: 1, kafka: 0 },
    },
  },
  ...inEach(
    ['ShareFetch of acquire mode 2', 'ShareFetch of a negative acquire mode'],
    'The request is at fault, and Weir says so; Apache Kafka trips over the number and reports a fault of its own.',
    { '0.errorCode': { weir: 42, kafka: -1 } },
  ),
  ...inEach(
    [
      'ShareAcknowledge of offsets that nobody holds',
      'ShareAcknowledge beyond what is held',
      'ShareAcknowledge of one right and one wrong range',
      'ShareAcknowledge of a partition that the session does not have',
      'ShareAcknowledge that ends the session with a wrong verdict',
    ],
    'Apache Kafka says in words that nobody holds such a record; in Weir the code says it.',
    { '3.responses[0].partitions[0].errorMessage': { weir: null, kafka: '(text)' } },
  ),
  {
    case: 'ShareFetch with a wrong verdict',
    reason: 'Apache Kafka says in words that nobody holds such a record; in Weir the code says it.',
    fields: { '3.responses[0].partitions[0].acknowledgeErrorMessage': { weir: null, kafka: '(text)' } },
  },
  ...inEach(
    [
      'DescribeShareGroupOffsets of a group that holds everything',
      'DescribeShareGroupOffsets of all of a group without members',
    ],
    'Weir keeps where a group begins before it delivers anything, so that a restart does not choose anew.',
    {
      '3.groups[0].topics[0].partitions[0].startOffset': { weir: 0, kafka: -1 },
      '3.groups[0].topics[0].partitions[0].lag': { weir: 10, kafka: -1 },
    },
  ),
  {
    case: 'DescribeShareGroupOffsets of a group that finished some',
    reason: 'Weir tells where the group goes on at once; Apache Kafka moves its persisted start with a later write.',
    fields: { '4.groups[0].topics[0].partitions[0].startOffset': { weir: 4, kafka: 0 } },
  },
  {
    case: 'AlterShareGroupOffsets to a very negative offset',
    reason: 'No partition begins below 0, and -1 leaves it to the settings; Apache Kafka keeps whatever it is told.',
    fields: {
      '0.responses[0].partitions[0].errorCode': { weir: 42, kafka: 0 },
      '1[0].starts[0].lag': { weir: -1, kafka: 12 },
      '1[0].starts[0].startOffset': { weir: -1, kafka: -2 },
    },
  },
  {
    case: 'AlterShareGroupOffsets beyond the end',
    reason: 'A group that begins with records to come has none left; Apache Kafka tells a number below 0.',
    fields: { '1[0].starts[0].lag': { weir: 0, kafka: -990 } },
  },
];
