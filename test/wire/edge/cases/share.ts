import { ZERO_TOPIC_ID } from '../../../../broker/core/base/ids.ts';
import { ApiKey } from '../../../../broker/core/protocol/apis.ts';
import type { RequestInput } from '../../../../broker/core/protocol/messages.ts';
import { type Ask, ask, edge, UNKNOWN_TOPIC_ID } from '../ask.ts';
import { MEMBER, shareAcknowledge, shareFetch, type Verdict } from './sharing.ts';

type Beat = Partial<RequestInput<typeof ApiKey.ShareGroupHeartbeat>>;
const beat = (groupId: string, memberEpoch: number, more: Beat = {}): Ask =>
  ask(ApiKey.ShareGroupHeartbeat, 1, { groupId, memberId: MEMBER, memberEpoch, ...more });
const enter = (groupId: string, topics: readonly string[] = ['shared']): Ask =>
  beat(groupId, 0, { subscribedTopicNames: topics });

const beatCases = [
  edge('ShareGroupHeartbeat of a group without a name', enter('')),
  edge('ShareGroupHeartbeat of a group of spaces', enter('  ')),
  edge(
    'ShareGroupHeartbeat without a member id',
    beat('beat-1', 0, { memberId: '', subscribedTopicNames: ['shared'] }),
  ),
  edge(
    'ShareGroupHeartbeat with a member id of 37 letters',
    beat('beat-1', 0, { memberId: 'm'.repeat(37), subscribedTopicNames: ['shared'] }),
  ),
  edge('ShareGroupHeartbeat with epoch -2', beat('beat-1', -2)),
  edge('ShareGroupHeartbeat that joins without topics', beat('beat-1', 0)),
  edge('ShareGroupHeartbeat that joins with no topics', beat('beat-1', 0, { subscribedTopicNames: [] })),
  edge('ShareGroupHeartbeat with an empty rack', beat('beat-1', 0, { rackId: '', subscribedTopicNames: ['shared'] })),
  edge('ShareGroupHeartbeat of an unknown group', beat('beat-none', 3)),
  edge('ShareGroupHeartbeat that leaves an unknown group', beat('beat-none', -1)),
  edge('ShareGroupHeartbeat that joins an unknown topic', enter('beat-2', ['unknown'])),
  edge('ShareGroupHeartbeat that joins a topic twice', enter('beat-3', ['unknown', 'unknown'])),
  edge(
    'ShareGroupHeartbeat of an unknown member',
    enter('beat-4', ['unknown']),
    beat('beat-4', 1, { memberId: 'stranger' }),
  ),
  edge('ShareGroupHeartbeat of an epoch to come', enter('beat-5', ['unknown']), beat('beat-5', 9)),
  edge('ShareGroupHeartbeat that leaves', enter('beat-6', ['unknown']), beat('beat-6', -1)),
  edge('ShareGroupHeartbeat that leaves twice', enter('beat-7', ['unknown']), beat('beat-7', -1), beat('beat-7', -1)),
  edge(
    'ShareGroupHeartbeat for a group of consumers',
    ask(ApiKey.OffsetCommit, 8, {
      groupId: 'beat-8',
      generationIdOrMemberEpoch: -1,
      memberId: '',
      topics: [{ name: 'plain', partitions: [{ partitionIndex: 0, committedOffset: 1, committedMetadata: null }] }],
    }),
    enter('beat-8', ['unknown']),
  ),
  edge(
    'JoinGroup for a share group',
    enter('beat-9', ['unknown']),
    ask(ApiKey.JoinGroup, 5, {
      groupId: 'beat-9',
      sessionTimeoutMs: 10_000,
      rebalanceTimeoutMs: 10_000,
      memberId: '',
      protocolType: 'edge',
      protocols: [{ name: 'range', metadata: new Uint8Array(0) }],
    }),
  ),
  edge(
    'OffsetCommit for a share group',
    enter('beat-10', ['unknown']),
    ask(ApiKey.OffsetCommit, 8, {
      groupId: 'beat-10',
      generationIdOrMemberEpoch: -1,
      memberId: '',
      topics: [{ name: 'plain', partitions: [{ partitionIndex: 0, committedOffset: 1, committedMetadata: null }] }],
    }),
  ),
  edge(
    'DeleteGroups of a share group with members',
    enter('beat-11', ['unknown']),
    ask(ApiKey.DeleteGroups, 2, { groupsNames: ['beat-11'] }),
  ),
  edge(
    'DescribeGroups of a share group',
    enter('beat-12', ['unknown']),
    ask(ApiKey.DescribeGroups, 6, { groups: ['beat-12'] }),
  ),
];

const describe = (...groupIds: readonly string[]): Ask =>
  ask(ApiKey.ShareGroupDescribe, 1, { groupIds, includeAuthorizedOperations: false });
const describeCases = [
  edge('ShareGroupDescribe of no groups', describe()),
  edge('ShareGroupDescribe of an unknown group', describe('beat-none')),
  edge('ShareGroupDescribe of a group without a name', describe('')),
  edge('ShareGroupDescribe of a group that is named twice', describe('beat-none', 'beat-none')),
  edge('ShareGroupDescribe of a group of consumers', describe('beat-8')),
  edge('ShareGroupDescribe of an empty group', describe('beat-6')),
  edge(
    'ShareGroupDescribe with operations',
    ask(ApiKey.ShareGroupDescribe, 1, { groupIds: ['beat-6', 'beat-none'], includeAuthorizedOperations: true }),
  ),
];

type Offsets = RequestInput<typeof ApiKey.DescribeShareGroupOffsets>['groups'];
const offsets = (groups: Offsets, version = 0): Ask => ask(ApiKey.DescribeShareGroupOffsets, version, { groups });
const offsetCases = [
  edge('DescribeShareGroupOffsets of no groups', offsets([])),
  edge(
    'DescribeShareGroupOffsets of an unknown group',
    offsets([{ groupId: 'beat-none', topics: [{ topicName: 'shared', partitions: [0] }] }]),
  ),
  edge('DescribeShareGroupOffsets of all of an unknown group', offsets([{ groupId: 'beat-none', topics: null }])),
  edge('DescribeShareGroupOffsets of all of an empty group', offsets([{ groupId: 'beat-6', topics: null }])),
  edge('DescribeShareGroupOffsets of a group of consumers', offsets([{ groupId: 'beat-8', topics: null }])),
  edge('DescribeShareGroupOffsets of no topics', offsets([{ groupId: 'beat-6', topics: [] }])),
  edge(
    'DescribeShareGroupOffsets of an unknown topic',
    offsets([{ groupId: 'beat-6', topics: [{ topicName: 'unknown', partitions: [0] }] }]),
  ),
  edge(
    'DescribeShareGroupOffsets of a partition that the group never read',
    offsets([{ groupId: 'beat-6', topics: [{ topicName: 'shared', partitions: [31] }] }]),
  ),
];

type FetchBody = Parameters<typeof shareFetch>[2];
const fetch = (epoch: number, more: FetchBody = {}, version = 1): Ask =>
  shareFetch('fetching', epoch, more, { version });

const fetchCases = [
  edge('ShareFetch without a group', fetch(0, { groupId: null })),
  edge('ShareFetch of a group without a name', {
    ...fetch(0, { groupId: '' }),
    look: (body) => Reflect.get(body, 'errorCode'),
  }),
  edge('ShareFetch without a member', fetch(0, { memberId: null })),
  edge('ShareFetch with an empty member id', fetch(0, { memberId: '' })),
  edge('ShareFetch of a session that nobody began', fetch(5, { memberId: 'NNNNNNNNNNNNNNNNNNNNNA' })),
  edge(
    'ShareFetch that ends a session that nobody began',
    fetch(-1, { topics: [], memberId: 'NNNNNNNNNNNNNNNNNNNNNQ' }),
  ),
  edge('ShareFetch of a very negative epoch', fetch(-7, { memberId: 'NNNNNNNNNNNNNNNNNNNNNg' })),
  edge(
    'ShareFetch of an unknown topic id',
    fetch(0, {
      topics: [{ topicId: UNKNOWN_TOPIC_ID, partitions: [{ partitionIndex: 0, acknowledgementBatches: [] }] }],
    }),
  ),
  edge(
    'ShareFetch that begins with acknowledgements',
    shareFetch('fetching', 0, { maxBytes: 1000 }, { verdicts: [[0, 0, 1]] }),
  ),
  edge('ShareFetch of acquire mode 2', fetch(0, { shareAcquireMode: 2 }, 2)),
  edge('ShareFetch of a negative acquire mode', fetch(0, { shareAcquireMode: -1 }, 2)),
  edge('ShareFetch that renews and fetches', fetch(0, { isRenewAck: true }, 2)),
];

type AckBody = Parameters<typeof shareAcknowledge>[3];
const ONE: readonly Verdict[] = [[0, 0, 1]];
const acknowledge = (epoch: number, more: AckBody = {}): Ask =>
  shareAcknowledge('fetching', epoch, ONE, { memberId: 'OOOOOOOOOOOOOOOOOOOOOA', ...more });

const acknowledgeCases = [
  edge('ShareAcknowledge without a group', acknowledge(1, { groupId: null })),
  edge('ShareAcknowledge without a member', acknowledge(1, { memberId: null })),
  edge('ShareAcknowledge that begins a session', acknowledge(0)),
  edge('ShareAcknowledge of a session that nobody began', acknowledge(1)),
  edge('ShareAcknowledge that ends a session that nobody began', acknowledge(-1)),
  edge('ShareAcknowledge of a very negative epoch', acknowledge(-9)),
  edge('ShareAcknowledge of no topics in a session that nobody began', acknowledge(1, { topics: [] })),
  edge(
    'ShareAcknowledge of the zero topic id',
    acknowledge(1, { topics: [{ topicId: ZERO_TOPIC_ID, partitions: [] }] }),
  ),
];

/** Share groups: their members, offsets, fetches and acknowledgements. */
export const shareCases = [...beatCases, ...describeCases, ...offsetCases, ...fetchCases, ...acknowledgeCases];
