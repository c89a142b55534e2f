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
    'Weir takes joining and the first look at the topics for one change of the group; epochs need only rise.',
    { '0.memberEpoch': { weir: 1, kafka: 2 } },
  ),
  ...inEach(
    ['ShareGroupDescribe of an empty group', 'ShareGroupDescribe with operations'],
    'Weir takes joining and the first look at the topics for one change of the group; epochs need only rise.',
    { '0.groups[0].assignmentEpoch': { weir: 1, kafka: 2 }, '0.groups[0].groupEpoch': { weir: 2, kafka: 3 } },
  ),
  {
    case: 'DescribeShareGroupOffsets of an unknown group',
    reason:
      'Weir says that there is no such share group or topic; Apache Kafka answers as if there were one that has read nothing.',
    fields: {
      '0.groups[0].errorCode': { weir: 69, kafka: 0 },
      '0.groups[0].errorMessage': { weir: '(text)', kafka: null },
      '0.groups[0].topics.length': { weir: 0, kafka: 1 },
    },
  },
  ...inEach(
    ['DescribeShareGroupOffsets of all of an unknown group', 'DescribeShareGroupOffsets of a group of consumers'],
    'Weir says that there is no such share group or topic; Apache Kafka answers as if there were one that has read nothing.',
    { '0.groups[0].errorCode': { weir: 69, kafka: 0 }, '0.groups[0].errorMessage': { weir: '(text)', kafka: null } },
  ),
  {
    case: 'DescribeShareGroupOffsets of an unknown topic',
    reason:
      'Weir says that there is no such share group or topic; Apache Kafka answers as if there were one that has read nothing.',
    fields: { '0.groups[0].topics[0].partitions[0].errorCode': { weir: 3, kafka: 0 } },
  },
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
];
