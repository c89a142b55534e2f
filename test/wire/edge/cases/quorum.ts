import { ApiKey } from '../../../../broker/core/protocol/apis.ts';
import type { RequestInput } from '../../../../broker/core/protocol/messages.ts';
import { ask, edge, textIn, UNKNOWN_TOPIC_ID } from '../ask.ts';

const METADATA_TOPIC = '__cluster_metadata';
const NO_DIRECTORY = 'AAAAAAAAAAAAAAAAAAAAAA';

type Quorum = { readonly topics: readonly { readonly topicName: string; readonly partitions: readonly number[] }[] };

const describeQuorum = (version: number, { topics }: Quorum) =>
  ask(ApiKey.DescribeQuorum, version, {
    topics: topics.map(({ topicName, partitions }) => ({
      topicName,
      partitions: partitions.map((partitionIndex) => ({ partitionIndex })),
    })),
  });

/** The quorum, without what tells of the run: offsets, times, directories and addresses. */
const describeOne = (version: number) =>
  ask(
    ApiKey.DescribeQuorum,
    version,
    { topics: [{ topicName: METADATA_TOPIC, partitions: [{ partitionIndex: 0 }] }] },
    {
      look: ({ errorCode, errorMessage, topics }) => ({
        errorCode,
        errorMessage,
        topics: topics.map(({ topicName, partitions }) => ({
          topicName,
          partitions: partitions.map(({ leaderEpoch, highWatermark, currentVoters, observers, ...partition }) => ({
            ...partition,
            hasEpoch: leaderEpoch > 0,
            hasOffset: highWatermark > 0,
            observers: observers.length,
            voters: currentVoters.map((one) => ({
              replicaId: one.replicaId,
              hasDirectory: one.replicaDirectoryId !== NO_DIRECTORY,
              isCaughtUp: one.logEndOffset >= highWatermark,
              hasTimes: one.lastFetchTimestamp > 0 && one.lastCaughtUpTimestamp > 0,
            })),
          })),
        })),
      }),
    },
  );

const describeQuorumCases = [
  edge('DescribeQuorum of version 0 names a leader without times', describeOne(0)),
  edge('DescribeQuorum of version 1 names a leader with times', describeOne(1)),
  edge('DescribeQuorum of version 2 names a leader with its directory', describeOne(2)),
  edge(
    'DescribeQuorum finds no quorum of another topic',
    describeQuorum(2, { topics: [{ topicName: 'plain', partitions: [0] }] }),
  ),
  edge(
    'DescribeQuorum finds no second partition of the metadata',
    describeQuorum(1, { topics: [{ topicName: METADATA_TOPIC, partitions: [1] }] }),
  ),
  edge(
    'DescribeQuorum finds nothing when the metadata is not all that is asked for',
    describeQuorum(2, { topics: [{ topicName: METADATA_TOPIC, partitions: [0, 1] }] }),
  ),
  edge('DescribeQuorum of no topic finds nothing', describeQuorum(2, { topics: [] })),
];

type Add = RequestInput<typeof ApiKey.AddRaftVoter>;
const addition: Add = {
  clusterId: null,
  timeoutMs: 5000,
  voterId: 7,
  voterDirectoryId: UNKNOWN_TOPIC_ID,
  listeners: [{ name: 'CONTROLLER', host: 'localhost', port: 9 }],
};
const add = (more: Partial<Add>) => ask(ApiKey.AddRaftVoter, 0, { ...addition, ...more });
const remove = (more: Partial<RequestInput<typeof ApiKey.RemoveRaftVoter>>) =>
  ask(ApiKey.RemoveRaftVoter, 0, { clusterId: null, voterId: 7, voterDirectoryId: UNKNOWN_TOPIC_ID, ...more });

const voterCases = [
  edge('AddRaftVoter refuses another cluster', add({ clusterId: 'other' })),
  edge('AddRaftVoter refuses a voter without an id', add({ voterId: -1 })),
  edge('AddRaftVoter refuses a voter without a directory', add({ voterDirectoryId: NO_DIRECTORY })),
  edge('AddRaftVoter refuses a voter without an address', add({ listeners: [] })),
  edge(
    'AddRaftVoter refuses the voter that is there',
    ask(
      ApiKey.DescribeQuorum,
      2,
      { topics: [{ topicName: METADATA_TOPIC, partitions: [{ partitionIndex: 0 }] }] },
      { look: () => null },
    ),
    ask(ApiKey.AddRaftVoter, 0, ({ answers }) => ({
      ...addition,
      voterId: 1,
      voterDirectoryId: textIn(answers[0], 'topics', 0, 'partitions', 0, 'currentVoters', 0, 'replicaDirectoryId'),
    })),
  ),
  edge('RemoveRaftVoter refuses another cluster', remove({ clusterId: 'other' })),
  edge('RemoveRaftVoter refuses a voter without a directory', remove({ voterDirectoryId: NO_DIRECTORY })),
  edge('RemoveRaftVoter refuses a negative voter', remove({ voterId: -5 })),
  edge('RemoveRaftVoter finds no voter that is not there', remove({})),
  edge('RemoveRaftVoter finds no voter with another directory', remove({ voterId: 1 })),
];

type Update = RequestInput<typeof ApiKey.UpdateFeatures>;
type Level = NonNullable<Update['featureUpdates']>[number];
const levels = (version: number, updates: readonly Level[], more: Partial<Update> = {}) =>
  ask(ApiKey.UpdateFeatures, version, { timeoutMs: 5000, featureUpdates: updates, ...more });

const featureCases = [
  edge('UpdateFeatures of nothing changes nothing', levels(1, [])),
  edge(
    'UpdateFeatures takes the level that is there',
    levels(1, [{ feature: 'metadata.version', maxVersionLevel: 30 }]),
  ),
  edge(
    'UpdateFeatures of version 2 has no results',
    levels(2, [{ feature: 'metadata.version', maxVersionLevel: 30 }], { validateOnly: true }),
  ),
  edge('UpdateFeatures refuses an unknown feature', levels(1, [{ feature: 'none', maxVersionLevel: 1 }])),
  edge('UpdateFeatures refuses a level to come', levels(2, [{ feature: 'share.version', maxVersionLevel: 99 }])),
  edge('UpdateFeatures refuses a negative level', levels(2, [{ feature: 'share.version', maxVersionLevel: -3 }])),
  edge(
    'UpdateFeatures refuses to go down when it is asked to go up',
    levels(1, [{ feature: 'metadata.version', maxVersionLevel: 29 }]),
  ),
  edge(
    'UpdateFeatures refuses to go down where metadata would be lost',
    levels(1, [{ feature: 'metadata.version', maxVersionLevel: 29, upgradeType: 2 }]),
  ),
  edge(
    'UpdateFeatures refuses to go down even unsafely',
    levels(1, [{ feature: 'metadata.version', maxVersionLevel: 29, upgradeType: 3 }]),
  ),
  edge(
    'UpdateFeatures of version 0 refuses to go down with permission',
    levels(0, [{ feature: 'metadata.version', maxVersionLevel: 29, allowDowngrade: true }]),
  ),
  edge(
    'UpdateFeatures refuses an upgrade type that does not exist',
    levels(1, [{ feature: 'metadata.version', maxVersionLevel: 30, upgradeType: 9 }]),
  ),
  edge(
    'UpdateFeatures changes all or nothing',
    levels(1, [
      { feature: 'metadata.version', maxVersionLevel: 30 },
      { feature: 'none', maxVersionLevel: 1 },
    ]),
  ),
];

const forgetCases = [
  edge('UnregisterBroker finds no broker that is not registered', ask(ApiKey.UnregisterBroker, 0, { brokerId: 77 })),
  edge('UnregisterBroker finds no negative broker', ask(ApiKey.UnregisterBroker, 0, { brokerId: -1 })),
  edge(
    'UnregisterController finds no controller that is not registered',
    ask(ApiKey.UnregisterController, 0, { controllerId: 77 }),
  ),
];

/** The quorum of controllers, features and what is registered. */
export const quorumCases = [...describeQuorumCases, ...voterCases, ...featureCases, ...forgetCases];
