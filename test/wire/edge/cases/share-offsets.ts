import { ApiKey } from '../../../../broker/core/protocol/apis.ts';
import type { RequestInput } from '../../../../broker/core/protocol/messages.ts';
import { type Ask, ask, type EdgeCase, edge } from '../ask.ts';
import { MEMBER, shareFetch, shareJoin, shareSettings } from './sharing.ts';

type Starts = Readonly<Record<number, number>>;
type Topics = RequestInput<typeof ApiKey.AlterShareGroupOffsets>['topics'];

const topic = (topicName: string, starts: Starts): Topics[number] => ({
  topicName,
  partitions: Object.entries(starts).map(([index, startOffset]) => ({ partitionIndex: Number(index), startOffset })),
});
const alter = (groupId: string, ...topics: Topics): Ask => ask(ApiKey.AlterShareGroupOffsets, 0, { groupId, topics });
const forget = (groupId: string, ...names: readonly string[]): Ask =>
  ask(ApiKey.DeleteShareGroupOffsets, 0, { groupId, topics: names.map((topicName) => ({ topicName })) });

/** Start offsets of some partitions. */
const starts = (groupId: string, partitions: readonly number[] = [0]): Ask =>
  ask(
    ApiKey.DescribeShareGroupOffsets,
    1,
    { groups: [{ groupId, topics: [{ topicName: 'shared', partitions }] }] },
    {
      look: ({ groups }) =>
        groups.map(({ errorCode, topics }) => ({
          errorCode,
          starts: topics.flatMap((one) =>
            one.partitions.map(({ partitionIndex, startOffset, lag }) => ({ partitionIndex, startOffset, lag })),
          ),
        })),
    },
  );
/** Partitions that the group has read, or will. */
const everything = (groupId: string): Ask =>
  ask(
    ApiKey.DescribeShareGroupOffsets,
    1,
    { groups: [{ groupId, topics: null }] },
    {
      look: ({ groups }) => groups.map(({ topics }) => topics.map((one) => [one.topicName, one.partitions.length])),
    },
  );
/** Whether the group is there, and in which state. */
const state = (groupId: string): Ask =>
  ask(
    ApiKey.ShareGroupDescribe,
    1,
    { groupIds: [groupId], includeAuthorizedOperations: false },
    { look: ({ groups }) => groups.map(({ errorCode, groupState }) => ({ errorCode, groupState })) },
  );
const leave = (groupId: string): Ask =>
  ask(
    ApiKey.ShareGroupHeartbeat,
    1,
    { groupId, memberId: MEMBER, memberEpoch: -1 },
    { look: ({ errorCode }) => errorCode },
  );
/** Ranges that a fetch hands out, asked for until it hands out some. */
const taken = (groupId: string): Ask => ({
  ...shareFetch(groupId, 0, {}, {}, (acquired) => acquired > 0),
  look: (body) => {
    const { responses } = body as { responses: { partitions: { acquiredRecords: unknown }[] }[] };
    return responses.flatMap(({ partitions }) => partitions.map(({ acquiredRecords }) => acquiredRecords));
  },
});
const consumers = (groupId: string): Ask =>
  ask(ApiKey.OffsetCommit, 8, {
    groupId,
    generationIdOrMemberEpoch: -1,
    memberId: '',
    topics: [{ name: 'plain', partitions: [{ partitionIndex: 0, committedOffset: 1, committedMetadata: null }] }],
  });

/** A case of a group that had one member, which is gone, and nothing delivered. */
function left(title: string, asks: (groupId: string) => readonly Ask[]): EdgeCase {
  const groupId = `offsets ${title}`;
  return edge(
    title,
    shareSettings(groupId, { 'share.auto.offset.reset': 'earliest' }),
    shareJoin(groupId),
    leave(groupId),
    ...asks(groupId),
  );
}

/** A case of a group that nobody has heard of. */
function unheard(title: string, asks: (groupId: string) => readonly Ask[]): EdgeCase {
  return edge(title, ...asks(`offsets ${title}`));
}

const alterCases = [
  edge('AlterShareGroupOffsets of a group without a name', alter('', topic('shared', { 0: 5 }))),
  unheard('AlterShareGroupOffsets makes a group that is not there', (group) => [
    alter(group, topic('shared', { 0: 5, 1: 7 })),
    state(group),
    starts(group, [0, 1, 2]),
    everything(group),
  ]),
  unheard('AlterShareGroupOffsets of no topics of an unknown group', (group) => [alter(group), state(group)]),
  unheard('AlterShareGroupOffsets of an unknown topic', (group) => [alter(group, topic('unknown', { 0: 5, 1: 5 }))]),
  unheard('AlterShareGroupOffsets of an unknown partition', (group) => [alter(group, topic('shared', { 99: 5 }))]),
  unheard('AlterShareGroupOffsets of some that are there', (group) => [
    alter(group, topic('shared', { 3: 5, 99: 5 }), topic('unknown', { 0: 1 }), topic('plain', { 1: 0 })),
    starts(group, [3]),
  ]),
  unheard('AlterShareGroupOffsets to where the settings say', (group) => [
    alter(group, topic('shared', { 0: -1 })),
    starts(group),
  ]),
  unheard('AlterShareGroupOffsets to a very negative offset', (group) => [
    alter(group, topic('shared', { 0: -2 })),
    starts(group),
  ]),
  unheard('AlterShareGroupOffsets beyond the end', (group) => [
    alter(group, topic('shared', { 0: 1000 })),
    starts(group),
  ]),
  unheard('AlterShareGroupOffsets of a group of consumers', (group) => [
    consumers(group),
    alter(group, topic('shared', { 0: 5 })),
  ]),
  unheard('AlterShareGroupOffsets again and again', (group) => [
    alter(group, topic('shared', { 0: 8 })),
    alter(group, topic('shared', { 0: 2 })),
    starts(group),
    alter(group, topic('shared', { 0: 2 })),
    starts(group),
  ]),
  edge(
    'AlterShareGroupOffsets of a group with a member',
    shareSettings('offsets member', { 'share.auto.offset.reset': 'earliest' }),
    shareJoin('offsets member'),
    alter('offsets member', topic('shared', { 0: 5 })),
    forget('offsets member', 'shared'),
    starts('offsets member'),
  ),
  left('AlterShareGroupOffsets of a group that is left', (group) => [
    alter(group, topic('shared', { 0: 5 })),
    starts(group),
    state(group),
    everything(group),
    shareJoin(group),
    taken(group),
  ]),
  left('AlterShareGroupOffsets to the end of a group that is left', (group) => [
    alter(group, topic('shared', { 0: 10 })),
    starts(group),
    alter(group, topic('shared', { 0: 0 })),
    shareJoin(group),
    taken(group),
  ]),
];

const deleteCases = [
  edge('DeleteShareGroupOffsets of a group without a name', forget('', 'shared')),
  edge('DeleteShareGroupOffsets of an unknown group', forget('offsets nobody', 'shared')),
  edge('DeleteShareGroupOffsets of no topics of an unknown group', forget('offsets nobody')),
  unheard('DeleteShareGroupOffsets of a group of consumers', (group) => [consumers(group), forget(group, 'shared')]),
  left('DeleteShareGroupOffsets of no topics', (group) => [forget(group)]),
  left('DeleteShareGroupOffsets of an unknown topic', (group) => [forget(group, 'unknown')]),
  left('DeleteShareGroupOffsets of a topic that was never read', (group) => [forget(group, 'plain')]),
  left('DeleteShareGroupOffsets of several topics', (group) => [
    alter(group, topic('plain', { 0: 1 })),
    forget(group, 'shared', 'unknown', 'written'),
    everything(group),
  ]),
  left('DeleteShareGroupOffsets twice', (group) => [
    alter(group, topic('shared', { 0: 5 })),
    forget(group, 'shared'),
    starts(group),
    state(group),
    everything(group),
    forget(group, 'shared'),
  ]),
  left('DeleteShareGroupOffsets and a new beginning', (group) => [
    alter(group, topic('shared', { 0: 5 })),
    forget(group, 'shared'),
    shareJoin(group),
    taken(group),
  ]),
];

/** Where share groups without members begin, said from outside. */
export const shareOffsetCases = [...alterCases, ...deleteCases];
