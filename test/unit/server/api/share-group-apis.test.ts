import { describe, expect, test } from '@jest/globals';
import { ErrorCode } from '../../../../broker/core/protocol/errors.ts';
import { row as deleteGroups } from '../../../../broker/server/api/delete-groups.ts';
import { row as describeGroups } from '../../../../broker/server/api/describe-groups.ts';
import { row as findCoordinator } from '../../../../broker/server/api/find-coordinator.ts';
import { row as shareGroupDescribe } from '../../../../broker/server/api/share-group-describe.ts';
import { row as shareGroupHeartbeat } from '../../../../broker/server/api/share-group-heartbeat.ts';
import { GroupApiBench, startedBench as started, TOPIC_ID, versionsOf } from './group-bench.ts';

describe('FindCoordinator in every version', () => {
  test.each(versionsOf(findCoordinator))(
    'names the broker that leads the partition of the group with version %i',
    (version) => {
      const bench = new GroupApiBench();
      const found = { errorCode: 0, nodeId: 0, host: 'broker', port: 9092 };
      if (version < 4) {
        expect(bench.ask(findCoordinator, version, { key: 'g', coordinatorKeys: [] })).toMatchObject(found);
        return;
      }
      const answer = bench.ask(findCoordinator, version, { key: '', keyType: 0, coordinatorKeys: ['g', 'h'] });
      expect(answer.coordinators).toMatchObject([
        { key: 'g', ...found },
        { key: 'h', ...found },
      ]);
    },
  );

  test('reads the key of a share-partition from the right, and refuses what is none', () => {
    const bench = new GroupApiBench();
    const codes = (...coordinatorKeys: string[]) =>
      bench
        .ask(findCoordinator, 6, { key: '', keyType: 2, coordinatorKeys })
        .coordinators.map(({ errorCode }) => errorCode);
    expect(codes(`g:${TOPIC_ID}:0`, `a:b:c:${TOPIC_ID}:12`)).toEqual([0, 0]);
    expect(codes('g', `g:${TOPIC_ID}`, `g:${TOPIC_ID}:-1`, `g:short:0`, `:${TOPIC_ID}:0`)).toEqual(
      Array.from({ length: 5 }, () => ErrorCode.INVALID_REQUEST),
    );
  });

  test('says that there are no transactions, and knows no other kinds', () => {
    const bench = new GroupApiBench();
    const code = (keyType: number) =>
      bench.ask(findCoordinator, 6, { key: '', keyType, coordinatorKeys: ['x'] }).coordinators[0]?.errorCode;
    expect(code(1)).toBe(ErrorCode.UNSUPPORTED_VERSION);
    expect(code(3)).toBe(ErrorCode.INVALID_REQUEST);
  });

  test('names nobody while the topic can not be created, the leader is not known, or without leave', () => {
    const bench = new GroupApiBench();
    const code = () =>
      bench.ask(findCoordinator, 6, { key: '', keyType: 0, coordinatorKeys: ['g'] }).coordinators[0]?.errorCode;
    bench.node.metadata.down = true;
    expect(code()).toBe(ErrorCode.COORDINATOR_NOT_AVAILABLE);
    bench.node.metadata.down = false;
    expect(code()).toBe(0);
    bench.node.view.setBrokers([]);
    expect(code()).toBe(ErrorCode.COORDINATOR_NOT_AVAILABLE);
    bench.denied.add('describe group g');
    expect(code()).toBe(ErrorCode.GROUP_AUTHORIZATION_FAILED);
  });
});

describe('share groups', () => {
  const beat = (
    bench: GroupApiBench,
    change: {
      groupId?: string;
      memberId?: string;
      memberEpoch?: number;
      rackId?: string | null;
      subscribedTopicNames?: string[] | null;
    } = {},
  ) =>
    bench.ask(shareGroupHeartbeat, 1, {
      groupId: 'a:b',
      memberId: 'm',
      memberEpoch: 0,
      rackId: null,
      subscribedTopicNames: ['t'],
      ...change,
    });

  test('are joined, also under an id with colons, and the first answer brings the assignment', () => {
    const bench = started();
    expect(beat(bench)).toMatchObject({
      errorCode: 0,
      memberId: 'm',
      memberEpoch: 2,
      heartbeatIntervalMs: 5_000,
      assignment: { topicPartitions: [{ topicId: TOPIC_ID, partitions: [0, 1] }] },
    });
    expect(
      bench.ask(shareGroupDescribe, 1, { groupIds: ['a:b', 'nobody', ''], includeAuthorizedOperations: true }).groups,
    ).toMatchObject([
      {
        errorCode: 0,
        groupState: 'Stable',
        members: [{ memberId: 'm', assignment: { topicPartitions: [{ topicName: 't', partitions: [0, 1] }] } }],
      },
      { errorCode: ErrorCode.GROUP_ID_NOT_FOUND, errorMessage: 'Group nobody not found.' },
      { errorCode: ErrorCode.INVALID_GROUP_ID },
    ]);
    expect(bench.ask(describeGroups, 6, { groups: ['a:b'] }).groups[0]?.errorCode).toBe(ErrorCode.GROUP_ID_NOT_FOUND);
    expect(beat(bench, { memberEpoch: -1, subscribedTopicNames: null })).toMatchObject({
      errorCode: 0,
      memberEpoch: -1,
    });
    expect(bench.ask(deleteGroups, 3, { groupsNames: ['a:b'] }).results[0]?.errorCode).toBe(0);
  });

  test.each([
    ['an empty group id', { groupId: ' ' }],
    ['an empty member id', { memberId: '' }],
    ['a long member id', { memberId: 'x'.repeat(37) }],
    ['an epoch below −1', { memberEpoch: -2 }],
    ['an empty rack', { rackId: '' }],
    ['a first heartbeat without topics', { subscribedTopicNames: null }],
    ['a first heartbeat with no topic', { subscribedTopicNames: [] }],
  ])('refuse %s', (_, change) => {
    const answer = beat(started(), change);
    expect(answer.errorCode).toBe(ErrorCode.INVALID_REQUEST);
    expect(answer.errorMessage).not.toBeNull();
  });

  test('refuse members without leave on the group or on a topic', () => {
    const bench = started();
    bench.denied.add('describe topic t');
    expect(beat(bench).errorCode).toBe(ErrorCode.TOPIC_AUTHORIZATION_FAILED);
    bench.denied.add('read group a:b');
    expect(beat(bench).errorCode).toBe(ErrorCode.GROUP_AUTHORIZATION_FAILED);
    bench.denied.clear();
    beat(bench);
    bench.denied.add('describe topic t');
    const [hidden] = bench.ask(shareGroupDescribe, 1, { groupIds: ['a:b'], includeAuthorizedOperations: false }).groups;
    expect(hidden).toMatchObject({ errorCode: ErrorCode.TOPIC_AUTHORIZATION_FAILED, members: [] });
  });

  test('hear of new topics and partitions from the metadata', () => {
    const bench = started();
    beat(bench, { subscribedTopicNames: ['t', 'later'] });
    const topic = bench.node.view.setTopic('later', 1);
    bench.node.metadata.announce({ topicsCreated: [topic] });
    bench.node.loop.run();
    const answer = beat(bench, { memberEpoch: 2, subscribedTopicNames: null });
    expect(answer.assignment?.topicPartitions.map(({ topicId }) => topicId)).toEqual([
      'later'.padEnd(22, 'A'),
      TOPIC_ID,
    ]);
    bench.node.view.removeTopic('later');
    bench.node.metadata.announce({ topicsDeleted: [topic] });
    bench.node.loop.run();
    const after = beat(bench, { memberEpoch: answer.memberEpoch, subscribedTopicNames: null });
    expect(after.assignment?.topicPartitions.map(({ topicId }) => topicId)).toEqual([TOPIC_ID]);
  });
});
