import { ApiKey } from '../../../../broker/core/protocol/apis.ts';
import { ask, edge } from '../ask.ts';

const PREFERRED = 0;
const UNCLEAN = 1;

type Named = Readonly<Record<string, readonly number[]>>;

const elect = (version: number, electionType: number, topics: Named | null) =>
  ask(ApiKey.ElectLeaders, version, {
    ...(version >= 1 ? { electionType } : {}),
    topicPartitions:
      topics === null ? null : Object.entries(topics).map(([topic, partitions]) => ({ topic, partitions })),
    timeoutMs: 10_000,
  });

/** Which topics there are depends on the cases before; that nothing was done for any of them does not. */
const electAll = (electionType: number) =>
  ask(
    ApiKey.ElectLeaders,
    2,
    { electionType, topicPartitions: null, timeoutMs: 10_000 },
    {
      look: ({ errorCode, replicaElectionResults }) => ({
        errorCode,
        partitions: replicaElectionResults.flatMap(({ partitionResult }) => partitionResult),
      }),
    },
  );

const electionCases = [
  ...[0, 1, 2].flatMap((version) => [
    edge(
      `ElectLeaders of version ${version} elects nobody where the preferred leader leads`,
      elect(version, PREFERRED, { plain: [0, 1] }),
    ),
    edge(
      `ElectLeaders of version ${version} does not know an unknown topic and partition`,
      elect(version, PREFERRED, { plain: [99], unknown: [0] }),
    ),
  ]),
  edge('ElectLeaders elects nobody at any price where somebody leads', elect(2, UNCLEAN, { plain: [0] })),
  edge('ElectLeaders elects nobody at any price in an unknown topic', elect(2, UNCLEAN, { unknown: [0] })),
  edge('ElectLeaders answers known and unknown partitions side by side', elect(2, PREFERRED, { plain: [2, 7, 1] })),
  edge('ElectLeaders answers a partition that is named twice', elect(2, PREFERRED, { plain: [0, 0] })),
  edge('ElectLeaders does not know a negative partition', elect(2, PREFERRED, { plain: [-1] })),
  edge('ElectLeaders for no topic does nothing', elect(2, PREFERRED, {})),
  edge('ElectLeaders for all partitions tells of none whose leader is the preferred one', electAll(PREFERRED)),
  edge('ElectLeaders at any price for all partitions tells of none that has a leader', electAll(UNCLEAN)),
  edge('ElectLeaders does not know the election type 2', elect(2, 2, { plain: [0] })),
  edge('ElectLeaders does not know the election type -1', elect(1, -1, { plain: [0] })),
];

type Moves = readonly (readonly [topic: string, partitionIndex: number, replicas: readonly number[] | null])[];

const alter = (version: number, moves: Moves, allowReplicationFactorChange = true) =>
  ask(ApiKey.AlterPartitionReassignments, version, {
    timeoutMs: 10_000,
    ...(version >= 1 ? { allowReplicationFactorChange } : {}),
    topics: moves.map(([name, partitionIndex, replicas]) => ({ name, partitions: [{ partitionIndex, replicas }] })),
  });

const list = (topics: Named | null) =>
  ask(ApiKey.ListPartitionReassignments, 0, {
    timeoutMs: 10_000,
    topics:
      topics === null ? null : Object.entries(topics).map(([name, partitionIndexes]) => ({ name, partitionIndexes })),
  });

const reassignmentCases = [
  ...[0, 1].flatMap((version) => [
    edge(
      `AlterPartitionReassignments of version ${version} calls back no move where there is none`,
      alter(version, [['plain', 0, null]]),
    ),
    edge(
      `AlterPartitionReassignments of version ${version} has done a move to where a partition is`,
      alter(version, [['plain', 0, [1]]]),
      list({ plain: [0] }),
    ),
    edge(
      `AlterPartitionReassignments of version ${version} does not know an unknown broker`,
      alter(version, [['plain', 0, [99]]]),
      list({ plain: [0] }),
    ),
  ]),
  edge('AlterPartitionReassignments of no topic does nothing', alter(1, [])),
  edge(
    'AlterPartitionReassignments does not know an unknown topic and partition',
    alter(1, [
      ['unknown', 0, [1]],
      ['plain', 99, [1]],
      ['plain', -1, [1]],
    ]),
  ),
  edge(
    'AlterPartitionReassignments calls back no move of an unknown topic and partition',
    alter(1, [
      ['unknown', 0, null],
      ['plain', 99, null],
    ]),
  ),
  edge('AlterPartitionReassignments refuses to leave no replica', alter(1, [['plain', 0, []]])),
  edge('AlterPartitionReassignments refuses a broker that is named twice', alter(1, [['plain', 0, [1, 1]]])),
  edge('AlterPartitionReassignments refuses a negative broker', alter(1, [['plain', 0, [-1]]])),
  edge('AlterPartitionReassignments refuses an unknown broker beside a known one', alter(1, [['plain', 0, [1, 99]]])),
  edge(
    'AlterPartitionReassignments refuses another number of replicas where that is not wanted',
    alter(1, [['plain', 0, [1, 99]]], false),
  ),
  edge(
    'AlterPartitionReassignments takes the number of replicas that there is where another is not wanted',
    alter(1, [['plain', 0, [1]]], false),
  ),
  edge(
    'AlterPartitionReassignments answers good and bad partitions side by side',
    alter(1, [
      ['plain', 0, [1]],
      ['plain', 1, [7]],
    ]),
  ),
  edge('ListPartitionReassignments tells of none where nothing moves', list(null)),
  edge('ListPartitionReassignments tells nothing of a partition that does not move', list({ plain: [0, 1] })),
  edge('ListPartitionReassignments tells nothing of an unknown topic', list({ unknown: [0] })),
  edge('ListPartitionReassignments tells nothing of an unknown partition', list({ plain: [99, -1] })),
  edge('ListPartitionReassignments for no topic tells of none', list({})),
];

/** Elections and moves of partitions, on a cluster of one broker. */
export const reassigningCases = [...electionCases, ...reassignmentCases];
