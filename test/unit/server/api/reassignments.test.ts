import { describe, expect, jest, test } from '@jest/globals';
import { brokerId, leaderEpoch, topicId } from '../../../../broker/core/base/ids.ts';
import type { MetadataCommand, MetadataOutcome } from '../../../../broker/core/metadata/commands.ts';
import type { PartitionView } from '../../../../broker/core/metadata/view.ts';
import { Topic } from '../../../../broker/core/metadata/topic.ts';
import { ErrorCode } from '../../../../broker/core/protocol/errors.ts';
import { row as alterPartitionReassignments } from '../../../../broker/server/api/alter-partition-reassignments.ts';
import { row as electLeaders } from '../../../../broker/server/api/elect-leaders.ts';
import { row as listPartitionReassignments } from '../../../../broker/server/api/list-partition-reassignments.ts';
import { FakeMetadata, topicView } from '../../../support/fake-metadata.ts';
import { MetadataLab, newTopic } from '../../../support/metadata/lab.ts';
import { ask } from '../../../support/metadata/lab-client.ts';
import { topicOf } from '../../../support/topic-view.ts';

const TIMEOUT = { kind: 'failed', errorCode: ErrorCode.REQUEST_TIMED_OUT, errorMessage: 'too slow' } as const;
const UNKNOWN = { errorCode: ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, errorMessage: 'no such' };
const DONE = { errorCode: 0, errorMessage: null };

/** A server whose controller answers as it is told; what it was asked and what was logged are kept. */
function server(outcome: MetadataOutcome) {
  const metadata = new FakeMetadata();
  const commands: MetadataCommand[] = [];
  const warnings: unknown[] = [];
  metadata.onSubmit = (command) => {
    commands.push(command);
    return outcome;
  };
  const quiet = (): void => undefined;
  const log = { debug: quiet, info: quiet, error: quiet, warn: (fields: object) => void warnings.push(fields) };
  return { metadata, commands, warnings, ports: { log } };
}

const denied = { denied: () => true };

describe('ElectLeaders', () => {
  const request = {
    electionType: 0,
    topicPartitions: [
      { topic: 'a', partitions: [1, 0] },
      { topic: 'b', partitions: [5] },
    ],
    timeoutMs: 5000,
  };
  const elected = {
    kind: 'electLeaders',
    ...DONE,
    partitions: [
      { topic: 'a', index: 1, ...DONE },
      { topic: 'b', index: 5, ...UNKNOWN },
      { topic: 'a', index: 0, ...DONE },
    ],
  } as const;

  test('asks the controller for every partition and answers by topic', () => {
    const services = server(elected);
    expect(ask(electLeaders, services, request)).toEqual({
      errorCode: 0,
      replicaElectionResults: [
        {
          topic: 'a',
          partitionResult: [
            { partitionId: 1, ...DONE },
            { partitionId: 0, ...DONE },
          ],
        },
        { topic: 'b', partitionResult: [{ partitionId: 5, ...UNKNOWN }] },
      ],
    });
    expect(services.commands).toEqual([
      {
        kind: 'electLeaders',
        electionType: 'preferred',
        partitions: [
          { topic: 'a', index: 1 },
          { topic: 'a', index: 0 },
          { topic: 'b', index: 5 },
        ],
      },
    ]);
    expect(services.warnings).toEqual([]);
  });

  test('asks for all partitions when none is named', () => {
    const services = server({ kind: 'electLeaders', ...DONE, partitions: [] });
    ask(electLeaders, services, { ...request, topicPartitions: null });
    expect(services.commands).toEqual([{ kind: 'electLeaders', electionType: 'preferred', partitions: null }]);
  });

  test('says in the log who had which leaders elected at any price', () => {
    const services = server(elected);
    ask(electLeaders, services, { ...request, electionType: 1 });
    expect(services.commands).toMatchObject([{ electionType: 'unclean' }]);
    expect(services.warnings).toEqual([
      { principal: 'User:ANONYMOUS', address: '127.0.0.1', partitions: ['a-1', 'a-0'] },
    ]);
    const idle = server({ ...elected, partitions: [{ topic: 'a', index: 1, ...UNKNOWN }] });
    ask(electLeaders, idle, { ...request, electionType: 1 });
    expect(idle.warnings).toEqual([]);
  });

  test.each([
    ['by somebody who may not', request, denied, TIMEOUT, ErrorCode.CLUSTER_AUTHORIZATION_FAILED],
    ['of a type that there is not', { ...request, electionType: 2 }, {}, TIMEOUT, ErrorCode.INVALID_REQUEST],
    ['that the controller does not answer', request, {}, TIMEOUT, ErrorCode.REQUEST_TIMED_OUT],
  ])('tells every partition of a request %s', (_title, body, options, outcome, code) => {
    const { errorCode, replicaElectionResults } = ask(electLeaders, server(outcome), body, options);
    const codes = replicaElectionResults.map(({ topic, partitionResult }) => [
      topic,
      ...partitionResult.map((one) => [one.partitionId, one.errorCode]),
    ]);
    expect(errorCode).toBe(code);
    expect(codes).toEqual([
      ['a', [1, code], [0, code]],
      ['b', [5, code]],
    ]);
  });

  test('of somebody who may not asks the controller nothing', () => {
    const services = server(elected);
    ask(electLeaders, services, request, denied);
    expect(services.commands).toEqual([]);
  });
});

describe('AlterPartitionReassignments', () => {
  const request = {
    timeoutMs: 5000,
    allowReplicationFactorChange: false,
    topics: [
      {
        name: 'a',
        partitions: [
          { partitionIndex: 0, replicas: [1, 2] },
          { partitionIndex: 3, replicas: null },
        ],
      },
    ],
  };

  test('moves and calls back, each partition by itself', () => {
    const partitions = [
      { topic: 'a', index: 0, ...DONE },
      { topic: 'a', index: 3, ...UNKNOWN },
    ];
    const services = server({ kind: 'alterReassignments', ...DONE, partitions });
    expect(ask(alterPartitionReassignments, services, request)).toEqual({
      errorCode: 0,
      errorMessage: null,
      allowReplicationFactorChange: false,
      responses: [
        {
          name: 'a',
          partitions: [
            { partitionIndex: 0, ...DONE },
            { partitionIndex: 3, ...UNKNOWN },
          ],
        },
      ],
    });
    expect(services.commands).toEqual([
      {
        kind: 'alterReassignments',
        allowReplicationFactorChange: false,
        partitions: [
          { topic: 'a', index: 0, replicas: [1, 2] },
          { topic: 'a', index: 3, replicas: null },
        ],
      },
    ]);
  });

  test.each([
    ['who may not', denied, ErrorCode.CLUSTER_AUTHORIZATION_FAILED],
    ['whom the controller does not answer', {}, ErrorCode.REQUEST_TIMED_OUT],
  ])('tells somebody %s so, for every partition', (_title, options, code) => {
    const answer = ask(alterPartitionReassignments, server(TIMEOUT), request, options);
    expect(answer).toMatchObject({
      errorCode: code,
      responses: [{ name: 'a', partitions: [{ errorCode: code }, { errorCode: code }] }],
    });
  });
});

describe('ListPartitionReassignments', () => {
  const partition = (index: number, adding: readonly number[], removing: readonly number[]): PartitionView => ({
    index,
    leader: brokerId(0),
    leaderEpoch: leaderEpoch(0),
    partitionEpoch: 0,
    replicas: [2, 1, 0].map(brokerId),
    addingReplicas: adding.map(brokerId),
    removingReplicas: removing.map(brokerId),
    isr: [brokerId(0)],
    elr: [],
    lastKnownElr: [],
    durableFromEpoch: 0,
  });
  const still = topicView('still', 'stillAAAAAAAAAAAAAAAAA', 2);
  const moving = topicOf({
    id: topicId('movingAAAAAAAAAAAAAAAA'),
    name: 'moving',
    internal: false,
    partitions: [partition(0, [2], []), partition(1, [], []), partition(2, [], [1])],
  });
  const told = (partitionIndex: number, addingReplicas: readonly number[], removingReplicas: readonly number[]) => ({
    partitionIndex,
    replicas: [2, 1, 0],
    addingReplicas,
    removingReplicas,
  });
  /** What moves is known to this broker only when the active controller has answered. */
  function late() {
    const services = server({ kind: 'createPartitions', ...DONE, topics: [] });
    const { onSubmit } = services.metadata;
    services.metadata.onSubmit = (command) => {
      for (const topic of [still, moving]) services.metadata.byName.set(topic.name, topic);
      return onSubmit?.(command) ?? TIMEOUT;
    };
    return services;
  }

  test('tells of all that moves, as of when the active controller was asked', () => {
    expect(ask(listPartitionReassignments, late(), { timeoutMs: 5000, topics: null })).toEqual({
      ...DONE,
      topics: [{ name: 'moving', partitions: [told(0, [2], []), told(2, [], [1])] }],
    });
  });

  test('looks at none but those that move when all are asked for, and names them by topic', () => {
    const lab = MetadataLab.withBrokers([0, 1, 2]);
    for (const name of ['z', 'b', 'a', 'c'])
      lab.create(newTopic(name, { partitionCount: 200, replicationFactor: 2, configs: [] }));
    const moves = [
      ['z', 7],
      ['a', 3],
      ['z', 199],
    ] as const;
    const partitions = moves.map(([topic, index]) => {
      const { replicas } = lab.image.topicByName(topic)?.partition(index) ?? { replicas: [] };
      return { topic, index, replicas: [0, 1, 2].filter((id) => id !== replicas[0]) };
    });
    lab.run({ kind: 'alterReassignments', partitions, allowReplicationFactorChange: true });
    const services = server({ kind: 'createPartitions', ...DONE, topics: [] });
    const looked = jest.spyOn(Topic.prototype, 'partition');
    Object.assign(services.metadata, { partitionsMoving: () => lab.image.partitionsMoving() });
    const { topics } = ask(listPartitionReassignments, services, { timeoutMs: 5000, topics: null });
    const told = topics.map((one) => [one.name, ...one.partitions.map(({ partitionIndex }) => partitionIndex)]);
    expect(told).toEqual([
      ['a', 3],
      ['z', 7, 199],
    ]);
    expect(looked).toHaveBeenCalledTimes(moves.length);
    looked.mockRestore();
  });

  test('tells of those that are asked for and move', () => {
    const topics = [
      { name: 'moving', partitionIndexes: [2, 1, 9] },
      { name: 'still', partitionIndexes: [0] },
      { name: 'unknown', partitionIndexes: [0] },
    ];
    expect(ask(listPartitionReassignments, late(), { timeoutMs: 5000, topics })).toEqual({
      ...DONE,
      topics: [{ name: 'moving', partitions: [told(2, [], [1])] }],
    });
  });

  test('tells nothing to somebody who may not, and when no controller answers', () => {
    const body = { timeoutMs: 5000, topics: null };
    expect(ask(listPartitionReassignments, late(), body, denied)).toMatchObject({
      errorCode: ErrorCode.CLUSTER_AUTHORIZATION_FAILED,
      topics: [],
    });
    const { metadata, ...services } = server(TIMEOUT);
    metadata.byName.set(moving.name, moving);
    expect(ask(listPartitionReassignments, { metadata, ...services }, body)).toMatchObject({
      errorCode: ErrorCode.REQUEST_TIMED_OUT,
      topics: [],
    });
  });
});
