import { describe, expect, test } from '@jest/globals';
import { ZERO_TOPIC_ID } from '../../../../broker/core/base/ids.ts';
import { ErrorCode } from '../../../../broker/core/protocol/errors.ts';
import type { ChangeQuorumRequest, QuorumResponse } from '../../../../broker/ports/control-net.ts';
import { row as addRaftVoter } from '../../../../broker/server/api/add-raft-voter.ts';
import { row as describeCluster } from '../../../../broker/server/api/describe-cluster.ts';
import { row as describeQuorum } from '../../../../broker/server/api/describe-quorum.ts';
import { row as removeRaftVoter } from '../../../../broker/server/api/remove-raft-voter.ts';
import { row as unregisterBroker } from '../../../../broker/server/api/unregister-broker.ts';
import { row as unregisterController } from '../../../../broker/server/api/unregister-controller.ts';
import { row as updateFeatures } from '../../../../broker/server/api/update-features.ts';
import type { QuorumClient } from '../../../../broker/server/metadata-client.ts';
import { MetadataLab, sampleId } from '../../../support/metadata/lab.ts';
import { ask, LabClient } from '../../../support/metadata/lab-client.ts';

const replica = (id: number) => ({ id, directoryId: sampleId(500_000 + id) });
const QUORUM: QuorumResponse = {
  isLeader: true,
  controller: null,
  leaderId: 2,
  leaderEpoch: 7,
  highWatermark: 41,
  voters: [
    { replica: replica(2), logEndOffset: 43, lastFetchMs: 1000, lastCaughtUpMs: 1000 },
    { replica: replica(3), logEndOffset: 41, lastFetchMs: 990, lastCaughtUpMs: 980 },
  ],
  observers: [{ replica: replica(9), logEndOffset: 40, lastFetchMs: 970, lastCaughtUpMs: -1 }],
  nodes: [{ id: 2, address: { host: 'c2', port: 9093 } }],
};

/** A cluster of these brokers whose quorum answers as it is told. */
function server(brokers: readonly number[] = [0]) {
  const lab = MetadataLab.withBrokers(brokers);
  const changes: (ChangeQuorumRequest & { readonly timeoutMs: number })[] = [];
  const answers: { quorum: QuorumResponse | null; change: number | null } = { quorum: QUORUM, change: 0 };
  const quorum: QuorumClient = {
    describeQuorum: (_, done) => done(answers.quorum),
    changeQuorum: (request, timeoutMs, done) => {
      changes.push({ ...request, timeoutMs });
      const { change } = answers;
      done(change === null ? null : { errorCode: change, errorMessage: 'why', controller: null });
    },
  };
  return { lab, changes, answers, quorum, metadata: new LabClient(lab) };
}

const denied = { denied: () => true };
const METADATA_TOPIC = { topics: [{ topicName: '__cluster_metadata', partitions: [{ partitionIndex: 0 }] }] };

describe('DescribeQuorum', () => {
  test('tells of leader, voters and observers under their directory ids, and where controllers are', () => {
    const { topics, nodes, errorCode } = ask(describeQuorum, server(), METADATA_TOPIC);
    expect(errorCode).toBe(0);
    expect(topics).toMatchObject([
      {
        topicName: '__cluster_metadata',
        partitions: [{ partitionIndex: 0, errorCode: 0, leaderId: 2, leaderEpoch: 7, highWatermark: 41 }],
      },
    ]);
    const [partition] = topics[0]?.partitions ?? [];
    expect(partition?.currentVoters[1]).toEqual({
      replicaId: 3,
      replicaDirectoryId: sampleId(500_003),
      logEndOffset: 41,
      lastFetchTimestamp: 990,
      lastCaughtUpTimestamp: 980,
    });
    expect(partition?.observers).toMatchObject([{ replicaId: 9, logEndOffset: 40, lastCaughtUpTimestamp: -1 }]);
    expect(nodes).toEqual([{ nodeId: 2, listeners: [{ name: 'CONTROLLER', host: 'c2', port: 9093 }] }]);
  });

  test('says that whoever answered leads no more, and that nobody answered', () => {
    const services = server();
    services.answers.quorum = { ...QUORUM, isLeader: false };
    expect(ask(describeQuorum, services, METADATA_TOPIC).topics[0]?.partitions[0]?.errorCode).toBe(
      ErrorCode.NOT_LEADER_OR_FOLLOWER,
    );
    services.answers.quorum = null;
    expect(ask(describeQuorum, services, METADATA_TOPIC).errorCode).toBe(ErrorCode.REQUEST_TIMED_OUT);
  });

  test('knows one partition only, and asks for permission', () => {
    const partitions = [{ partitionIndex: 0 }];
    for (const topics of [
      [{ topicName: 'other', partitions }],
      [{ topicName: '__cluster_metadata', partitions: [{ partitionIndex: 1 }] }],
      [...METADATA_TOPIC.topics, { topicName: 'other', partitions }],
    ]) {
      const answer = ask(describeQuorum, server(), { topics });
      expect(answer.topics.map(({ topicName }) => topicName)).toEqual(topics.map(({ topicName }) => topicName));
      for (const one of answer.topics.flatMap((topic) => topic.partitions))
        expect(one.errorCode).toBe(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION);
    }
    expect(ask(describeQuorum, server(), METADATA_TOPIC, denied).errorCode).toBe(
      ErrorCode.CLUSTER_AUTHORIZATION_FAILED,
    );
  });
});

describe('changes of the voters', () => {
  const listeners = [{ name: 'CONTROLLER', host: 'c', port: 9093 }];
  const add = { clusterId: null, timeoutMs: 4000, voterId: 3, voterDirectoryId: sampleId(3), ackWhenCommitted: true };
  const remove = { clusterId: null, voterId: 3, voterDirectoryId: sampleId(3) };

  test('go to the quorum with the id and the directory id, and come back with its answer', () => {
    const services = server();
    services.answers.change = ErrorCode.DUPLICATE_VOTER;
    const answer = { errorCode: ErrorCode.DUPLICATE_VOTER, errorMessage: 'why' };
    expect(ask(addRaftVoter, services, { ...add, clusterId: sampleId(0), listeners })).toEqual(answer);
    expect(ask(removeRaftVoter, services, remove)).toEqual(answer);
    const voter = { id: 3, directoryId: sampleId(3) };
    expect(services.changes).toMatchObject([
      { change: 'add-voter', replica: voter, timeoutMs: 4000 },
      { change: 'remove-voter', replica: voter },
    ]);
    services.answers.change = null;
    expect(ask(removeRaftVoter, services, remove).errorCode).toBe(ErrorCode.REQUEST_TIMED_OUT);
  });

  test('are refused for another cluster, without a whole voter, and without permission; the quorum hears nothing', () => {
    const services = server();
    const codes = [
      ask(addRaftVoter, services, { ...add, listeners, clusterId: 'other' }),
      ask(addRaftVoter, services, { ...add, listeners: [] }),
      ask(addRaftVoter, services, { ...add, listeners, voterId: -1 }),
      ask(removeRaftVoter, services, { ...remove, clusterId: 'other' }),
      ask(removeRaftVoter, services, { ...remove, voterDirectoryId: ZERO_TOPIC_ID }),
      ask(addRaftVoter, services, { ...add, listeners }, denied),
      ask(removeRaftVoter, services, remove, denied),
    ].map(({ errorCode }) => errorCode);
    const { INCONSISTENT_CLUSTER_ID, INVALID_REQUEST, CLUSTER_AUTHORIZATION_FAILED } = ErrorCode;
    expect(codes).toEqual([
      INCONSISTENT_CLUSTER_ID,
      INVALID_REQUEST,
      INVALID_REQUEST,
      INCONSISTENT_CLUSTER_ID,
      INVALID_REQUEST,
      CLUSTER_AUTHORIZATION_FAILED,
      CLUSTER_AUTHORIZATION_FAILED,
    ]);
    expect(services.changes).toEqual([]);
  });
});

describe('unregistering', () => {
  test('forgets a broker or a controller, and says when there is none', () => {
    const services = server([0, 1]);
    services.lab.run(services.lab.controllerRegistration(5));
    expect(ask(unregisterBroker, services, { brokerId: 1 }, denied).errorCode).toBe(
      ErrorCode.CLUSTER_AUTHORIZATION_FAILED,
    );
    expect(ask(unregisterController, services, { controllerId: 5 }, denied).errorCode).toBe(
      ErrorCode.CLUSTER_AUTHORIZATION_FAILED,
    );
    const forget = () => [
      ask(unregisterBroker, services, { brokerId: 1 }).errorCode,
      ask(unregisterController, services, { controllerId: 5 }).errorCode,
    ];
    expect(forget()).toEqual([0, 0]);
    expect(services.lab.image.brokers().map(({ id }) => id)).toEqual([0]);
    expect(forget()).toEqual([ErrorCode.BROKER_ID_NOT_REGISTERED, ErrorCode.CONTROLLER_ID_NOT_REGISTERED]);
  });
});

describe('UpdateFeatures', () => {
  const request = (feature: string, maxVersionLevel: number, more: object = {}) => ({
    timeoutMs: 5000,
    validateOnly: false,
    featureUpdates: [{ feature, maxVersionLevel, allowDowngrade: false, upgradeType: 1, ...more }],
  });

  test('changes levels, with a result for each feature', () => {
    const lab = MetadataLab.atLevel1();
    const services = { metadata: new LabClient(lab) };
    expect(ask(updateFeatures, services, request('weir.version', 2))).toEqual({
      errorCode: 0,
      errorMessage: null,
      results: [{ feature: 'weir.version', errorCode: 0, errorMessage: null }],
    });
    expect(lab.image.features().get('weir.version')).toBe(2);
  });

  test('of version 0 takes a permission to go down for a downgrade', () => {
    const services = { metadata: new LabClient(MetadataLab.atLevel1()) };
    const allowed = request('weir.version', 2, { allowDowngrade: true });
    expect(ask(updateFeatures, services, allowed, { version: 0 })).toMatchObject({
      errorCode: ErrorCode.INVALID_UPDATE_VERSION,
      errorMessage: expect.stringContaining("Can't downgrade to a newer version."),
    });
    expect(ask(updateFeatures, services, allowed, { version: 1 }).errorCode).toBe(0);
  });

  test('says which feature kept all from being changed', () => {
    const services = server();
    const bad = request('weir.version', 9);
    expect(ask(updateFeatures, services, bad)).toEqual({
      errorCode: ErrorCode.INVALID_UPDATE_VERSION,
      errorMessage: expect.stringMatching(/^The update failed for all features .* for feature weir.version\. /),
      results: [],
    });
    for (const wrong of [request('weir.version', 2, { upgradeType: 9 }), twice(request('weir.version', 2))])
      expect(ask(updateFeatures, services, wrong).errorCode).toBe(ErrorCode.INVALID_UPDATE_VERSION);
    expect(ask(updateFeatures, services, request('weir.version', 2), denied).errorCode).toBe(
      ErrorCode.CLUSTER_AUTHORIZATION_FAILED,
    );
    services.metadata.failure = { kind: 'failed', errorCode: ErrorCode.REQUEST_TIMED_OUT, errorMessage: 'late' };
    expect(ask(updateFeatures, services, request('weir.version', 2))).toMatchObject({
      errorCode: ErrorCode.REQUEST_TIMED_OUT,
      errorMessage: 'late',
    });
  });

  function twice<R extends { readonly featureUpdates: readonly unknown[] }>(one: R): R {
    return { ...one, featureUpdates: [...one.featureUpdates, ...one.featureUpdates] };
  }
});

describe('DescribeCluster', () => {
  const asking = (endpointType: number) => ({
    includeClusterAuthorizedOperations: false,
    includeFencedBrokers: false,
    endpointType,
  });

  test('of controllers names those that are registered, and the active one', () => {
    const services = server([0, 1]);
    services.lab.image.controllerId = 1;
    for (const id of [0, 7]) services.lab.run(services.lab.controllerRegistration(id, { host: `control-${id}` }));
    const { brokers, controllerId } = ask(describeCluster, services, asking(2));
    expect(controllerId).toBe(1);
    // Those that are brokers too are reached where clients reach brokers.
    expect(brokers.map(({ brokerId, host, port }) => `${brokerId} ${host}:${port}`)).toEqual([
      '0 host-0:9092',
      '1 host-1:9092',
      '7 control-7:9093',
    ]);
    expect(ask(describeCluster, services, asking(2), denied).errorCode).toBe(ErrorCode.CLUSTER_AUTHORIZATION_FAILED);
    expect(ask(describeCluster, services, asking(1), denied).errorCode).toBe(ErrorCode.NONE);
    expect(ask(describeCluster, services, asking(3)).errorCode).toBe(ErrorCode.UNSUPPORTED_ENDPOINT_TYPE);
  });

  test('of brokers names as controller a live broker: the active controller, or any', () => {
    const services = server([3, 4]);
    const controllerOf = (id: number): number => {
      services.lab.image.controllerId = id;
      return ask(describeCluster, services, asking(1)).controllerId ?? -1;
    };
    expect([controllerOf(4), controllerOf(9), controllerOf(-1)]).toEqual([4, 3, 3]);
    services.lab.run({ kind: 'unregisterBroker', brokerId: 3 });
    services.lab.run({ kind: 'unregisterBroker', brokerId: 4 });
    expect(controllerOf(4)).toBe(-1);
  });
});
