import { ZERO_TOPIC_ID } from '../../../../broker/core/base/ids.ts';
import { ApiKey } from '../../../../broker/core/protocol/apis.ts';
import type { RequestInput } from '../../../../broker/core/protocol/messages.ts';
import { type Ask, ask, edge, UNKNOWN_TOPIC_ID } from '../ask.ts';

type CommitBody = Partial<RequestInput<typeof ApiKey.OffsetCommit>>;
type CommitPartition = RequestInput<typeof ApiKey.OffsetCommit>['topics'][number]['partitions'][number];

const at = (partitionIndex: number, committedOffset: number, more: Partial<CommitPartition> = {}): CommitPartition => ({
  partitionIndex,
  committedOffset,
  committedMetadata: null,
  ...more,
});

/** By nobody in particular, as an administrator commits for a group without members. */
const commit = (
  version: number,
  groupId: string,
  partitions: readonly CommitPartition[],
  more: CommitBody = {},
  topic = 'plain',
): Ask =>
  ask(ApiKey.OffsetCommit, version, ({ topicId }) => ({
    groupId,
    generationIdOrMemberEpoch: -1,
    memberId: '',
    topics: [version >= 10 ? { topicId: topicId(topic), partitions } : { name: topic, partitions }],
    ...more,
  }));

type FetchGroup = NonNullable<RequestInput<typeof ApiKey.OffsetFetch>['groups']>;
const committed = (groupId: string, partitionIndexes: readonly number[] = [0, 1], topic = 'plain'): Ask =>
  committedOf([{ groupId, topics: [{ name: topic, partitionIndexes }] }]);
const committedOf = (groups: FetchGroup, version = 9): Ask => ask(ApiKey.OffsetFetch, version, { groups });

const commitCases = [
  edge('OffsetCommit for a group without a name', commit(8, '', [at(0, 1)])),
  edge(
    'OffsetCommit of no topics',
    ask(ApiKey.OffsetCommit, 8, { groupId: 'commit-a', generationIdOrMemberEpoch: -1, memberId: '', topics: [] }),
  ),
  edge('OffsetCommit of a topic without partitions', commit(8, 'commit-a', [])),
  edge(
    'OffsetCommit of version 2 for a group without members is kept',
    commit(2, 'commit-b', [at(0, 3)]),
    committed('commit-b'),
  ),
  edge(
    'OffsetCommit of version 9 keeps text and leader epoch',
    commit(9, 'commit-c', [at(0, 3, { committedMetadata: 'text', committedLeaderEpoch: 7 })]),
    committed('commit-c'),
  ),
  edge('OffsetCommit of version 10 commits by topic id', commit(10, 'commit-d', [at(0, 4)]), committed('commit-d')),
  edge(
    'OffsetCommit of an unknown topic id',
    commit(10, 'commit-e', [], { topics: [{ topicId: UNKNOWN_TOPIC_ID, partitions: [at(0, 1)] }] }),
  ),
  edge(
    'OffsetCommit of the zero topic id',
    commit(10, 'commit-e', [], { topics: [{ topicId: ZERO_TOPIC_ID, partitions: [at(0, 1)] }] }),
  ),
  edge('OffsetCommit of an unknown topic', commit(8, 'commit-f', [at(0, 1)], {}, 'unknown')),
  edge('OffsetCommit of a topic without a name', commit(8, 'commit-f', [at(0, 1)], {}, '')),
  edge('OffsetCommit of an unknown partition', commit(8, 'commit-g', [at(9, 1)])),
  edge('OffsetCommit of a negative partition', commit(8, 'commit-g', [at(-1, 1)])),
  edge(
    'OffsetCommit of good and bad partitions side by side',
    commit(8, 'commit-h', [at(0, 1), at(9, 1)]),
    committed('commit-h'),
  ),
  edge(
    'OffsetCommit of a partition that is named twice',
    commit(8, 'commit-i', [at(0, 1), at(0, 2)]),
    committed('commit-i'),
  ),
  edge('OffsetCommit of a negative offset', commit(8, 'commit-j', [at(0, -1)]), committed('commit-j')),
  edge('OffsetCommit of a very negative offset', commit(8, 'commit-k', [at(0, -1000)]), committed('commit-k')),
  edge('OffsetCommit past the end of the log', commit(8, 'commit-l', [at(0, 1_000_000)]), committed('commit-l')),
  edge('OffsetCommit of a huge offset', commit(8, 'commit-m', [at(0, 9_007_199_254_740_991)]), committed('commit-m')),
  edge(
    'OffsetCommit of an empty text',
    commit(8, 'commit-n', [at(0, 1, { committedMetadata: '' })]),
    committed('commit-n'),
  ),
  edge(
    'OffsetCommit of a text of 4096 letters',
    commit(8, 'commit-o', [at(0, 1, { committedMetadata: 'm'.repeat(4096) })]),
  ),
  edge(
    'OffsetCommit of a text of 4097 letters',
    commit(8, 'commit-p', [at(0, 1, { committedMetadata: 'm'.repeat(4097) })]),
    committed('commit-p'),
  ),
  edge(
    'OffsetCommit of a text of 4097 bytes in fewer letters',
    commit(8, 'commit-q', [at(0, 1, { committedMetadata: 'é'.repeat(2049) })]),
  ),
  edge(
    'OffsetCommit of a negative leader epoch other than -1',
    commit(8, 'commit-r', [at(0, 1, { committedLeaderEpoch: -5 })]),
    committed('commit-r'),
  ),
  edge(
    'OffsetCommit under an unknown member',
    commit(8, 'commit-s', [at(0, 1)], { memberId: 'stranger', generationIdOrMemberEpoch: 3 }),
  ),
  edge(
    'OffsetCommit under an unknown member of version 9',
    commit(9, 'commit-s', [at(0, 1)], { memberId: 'stranger', generationIdOrMemberEpoch: 3 }),
  ),
  edge(
    'OffsetCommit under a generation without a member',
    commit(8, 'commit-t', [at(0, 1)], { generationIdOrMemberEpoch: 3 }),
  ),
  edge('OffsetCommit under a member without a generation', commit(8, 'commit-u', [at(0, 1)], { memberId: 'stranger' })),
  edge('OffsetCommit under an instance id of nobody', commit(8, 'commit-v', [at(0, 1)], { groupInstanceId: 'nobody' })),
  edge(
    'OffsetCommit for a group in Unicode with colons',
    commit(8, 'grüppe:commit:☃', [at(0, 2)]),
    committed('grüppe:commit:☃'),
  ),
  edge('OffsetCommit with a retention time of version 4', commit(4, 'commit-w', [at(0, 1)], { retentionTimeMs: 5 })),
  edge(
    'OffsetCommit goes back',
    commit(8, 'commit-x', [at(0, 4)]),
    commit(8, 'commit-x', [at(0, 1)]),
    committed('commit-x'),
  ),
  edge('OffsetCommit to an internal topic', commit(8, 'commit-y', [at(0, 1)], {}, '__consumer_offsets')),
];

const fetchOld = (
  version: number,
  groupId: string,
  topics: Exclude<RequestInput<typeof ApiKey.OffsetFetch>['topics'], undefined>,
): Ask => ask(ApiKey.OffsetFetch, version, { groupId, topics });

const fetchCases = [
  edge('OffsetFetch of no groups', committedOf([])),
  edge('OffsetFetch of an unknown group', committed('unknown-group')),
  edge(
    'OffsetFetch of an unknown group of version 1',
    fetchOld(1, 'unknown-group', [{ name: 'plain', partitionIndexes: [0] }]),
  ),
  edge('OffsetFetch of a group without a name', committed('')),
  edge(
    'OffsetFetch of a group without a name of version 5',
    fetchOld(5, '', [{ name: 'plain', partitionIndexes: [0] }]),
  ),
  edge(
    'OffsetFetch of a group without a name of version 1',
    fetchOld(1, '', [{ name: 'plain', partitionIndexes: [0] }]),
  ),
  edge(
    'OffsetFetch of a group that is named twice',
    committedOf([
      { groupId: 'commit-b', topics: null },
      { groupId: 'commit-b', topics: null },
    ]),
  ),
  edge('OffsetFetch of everything', committedOf([{ groupId: 'commit-b', topics: null }])),
  edge('OffsetFetch of everything of version 2', fetchOld(2, 'commit-b', null)),
  edge('OffsetFetch of everything of an unknown group', committedOf([{ groupId: 'unknown-group', topics: null }])),
  edge('OffsetFetch of no topics', committedOf([{ groupId: 'commit-b', topics: [] }])),
  edge('OffsetFetch of no topics of version 5', fetchOld(5, 'commit-b', [])),
  edge('OffsetFetch of a topic without partitions', committed('commit-b', [])),
  edge('OffsetFetch of an unknown topic', committed('commit-b', [0], 'unknown')),
  edge('OffsetFetch of a topic without a name', committed('commit-b', [0], '')),
  edge('OffsetFetch of an unknown partition', committed('commit-b', [99])),
  edge('OffsetFetch of a negative partition', committed('commit-b', [-1])),
  edge('OffsetFetch of a partition that is named twice', committed('commit-b', [0, 0])),
  edge(
    'OffsetFetch of a topic that is named twice',
    committedOf([
      {
        groupId: 'commit-b',
        topics: [
          { name: 'plain', partitionIndexes: [0] },
          { name: 'plain', partitionIndexes: [1] },
        ],
      },
    ]),
  ),
  edge(
    'OffsetFetch by topic id',
    ask(ApiKey.OffsetFetch, 10, ({ topicId }) => ({
      groups: [{ groupId: 'commit-b', topics: [{ topicId: topicId('plain'), partitionIndexes: [0] }] }],
    })),
  ),
  edge(
    'OffsetFetch by an unknown topic id',
    committedOf([{ groupId: 'commit-b', topics: [{ topicId: UNKNOWN_TOPIC_ID, partitionIndexes: [0] }] }], 10),
  ),
  edge(
    'OffsetFetch by the zero topic id',
    committedOf([{ groupId: 'commit-b', topics: [{ topicId: ZERO_TOPIC_ID, partitionIndexes: [0] }] }], 10),
  ),
  edge('OffsetFetch of everything by topic id', committedOf([{ groupId: 'commit-b', topics: null }], 10)),
  edge(
    'OffsetFetch that wants decided offsets',
    ask(ApiKey.OffsetFetch, 9, { groups: [{ groupId: 'commit-b', topics: null }], requireStable: true }),
  ),
  edge(
    'OffsetFetch by a member that the group does not have',
    committedOf([{ groupId: 'commit-b', memberId: 'stranger', memberEpoch: 3, topics: null }]),
  ),
  edge(
    'OffsetFetch by a member with a negative epoch',
    committedOf([{ groupId: 'commit-b', memberId: 'stranger', memberEpoch: -1, topics: null }]),
  ),
  edge(
    'OffsetFetch by an epoch without a member',
    committedOf([{ groupId: 'commit-b', memberId: null, memberEpoch: 3, topics: null }]),
  ),
  edge(
    'OffsetFetch of known and unknown groups side by side',
    committedOf([
      { groupId: 'commit-b', topics: null },
      { groupId: 'unknown-group', topics: null },
      { groupId: '', topics: null },
    ]),
  ),
];

/** Committed offsets. */
export const offsetCommitCases = [...commitCases, ...fetchCases];
