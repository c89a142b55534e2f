import { describe, expect, test } from '@jest/globals';
import { ErrorCode } from '../../../../broker/core/protocol/errors.ts';
import { count, Share, shown } from './share-bench.ts';

describe('epochs', () => {
  test('of the member, or one before, are taken; anything else is fenced', () => {
    const group = new Share();
    group.join('a');
    group.join('b');
    group.beat('a', 2);
    expect(group.beat('a', 3).response?.errorCode).toBe(0);
    expect(group.beat('a', 2).response?.errorCode).toBe(0);
    expect(group.beat('a', 4).response?.errorCode).toBe(ErrorCode.FENCED_MEMBER_EPOCH);
    group.join('c');
    group.beat('a', 3);
    expect(group.beat('a', 2).response?.errorCode).toBe(ErrorCode.FENCED_MEMBER_EPOCH);
    expect(group.beat('a', 0, { topics: ['jobs'] }).response).toMatchObject({ errorCode: 0, memberEpoch: 4 });
  });

  test('are refused for members and groups that are not known', () => {
    const group = new Share();
    expect(group.beat('a', 2).response?.errorCode).toBe(ErrorCode.GROUP_ID_NOT_FOUND);
    expect(group.beat('a', -1).response?.errorCode).toBe(ErrorCode.GROUP_ID_NOT_FOUND);
    group.join('a');
    expect(group.beat('b', 2).response?.errorCode).toBe(ErrorCode.UNKNOWN_MEMBER_ID);
    expect(group.beat('b', -1).response?.errorCode).toBe(ErrorCode.UNKNOWN_MEMBER_ID);
  });

  test('of the group rise with joins, changed subscriptions, changed topics and leaves, not with plain heartbeats', () => {
    const group = new Share();
    group.view.setTopic('more', 1);
    const epoch = (): number => group.described().groupEpoch;
    group.join('a');
    const first = epoch();
    group.beat('a', first);
    group.beat('a', first, { topics: ['jobs'] });
    expect(epoch()).toBe(first);
    group.beat('a', first, { topics: ['more', 'jobs', 'more'] });
    expect(epoch()).toBeGreaterThan(first);
    const second = epoch();
    group.topicsChanged('jobs', 'more', 'other');
    expect(epoch()).toBe(second);
    group.view.setTopic('more', 2);
    group.topicsChanged('more');
    expect(epoch()).toBeGreaterThan(second);
    const third = epoch();
    group.join('b');
    expect(epoch()).toBe(third + 1);
    group.beat('b', -1);
    expect(epoch()).toBe(third + 2);
  });
});

describe('assignments', () => {
  test('are told again to a member that did not hear the answer, and to nobody else', () => {
    const group = new Share();
    group.join('a');
    group.join('b');
    expect(count(group.beat('a', 2).response?.assignment?.topicPartitions)).toBe(2);
    const again = group.beat('a', 2);
    expect(again.response?.memberEpoch).toBe(3);
    expect(count(again.response?.assignment?.topicPartitions)).toBe(2);
    expect(shown(group.beat('a', 3))).toBeNull();
  });

  test('made too often wait for the interval, and joining members with them', () => {
    const group = new Share({ 'group.share.assignment.interval.ms': '1000' });
    const joins = ['a', 'b', 'c', 'd', 'e', 'f', 'g'].map((memberId) => group.join(memberId));
    expect(joins.map(({ response }) => response !== null)).toEqual([true, true, true, true, true, false, false]);
    group.advance(1_000);
    expect(joins.every(({ response }) => response !== null)).toBe(true);
    expect(joins[6]?.response?.assignment?.topicPartitions.length).toBe(1);
  });

  test('follow each other as their cost allows when no interval was set: none of many that come has to wait', () => {
    const late = (group: Share): number => {
      const joins: ReturnType<Share['join']>[] = [];
      let lateCount = 0;
      for (let at = 0; at < 150; at += 1) {
        joins.push(group.join(`m${at}`));
        group.advance(20);
        if (joins[at - 4]?.response === null) lateCount += 1;
      }
      group.advance(1_500);
      const without = joins.filter(({ response }) => count(response?.assignment?.topicPartitions) === 0);
      expect(without).toEqual([]);
      return lateCount;
    };
    expect(late(new Share())).toBe(0);
    expect(late(new Share({ 'group.share.assignment.interval.ms': '1000' }))).toBeGreaterThan(100);
    const own = new Share();
    own.view.setOverrides('group', 'g', { 'share.assignment.interval.ms': '1000' });
    expect(late(own)).toBeGreaterThan(100);
    expect(late(new Share({ 'group.share.min.assignment.interval.ms': '1000' }))).toBeGreaterThan(100);
  });

  test('are answered with what there is when the interval is longer than a call may wait', () => {
    const group = new Share({ 'group.share.assignment.interval.ms': '15000' });
    for (const memberId of ['a', 'b', 'c', 'd', 'e']) group.join(memberId);
    const late = group.join('f');
    group.advance(1_500);
    expect(late.response).toMatchObject({
      errorCode: 0,
      memberEpoch: 6,
      heartbeatIntervalMs: 250,
      assignment: { topicPartitions: [] },
    });
    group.advance(14_000);
    const next = group.beat('f', 6);
    expect(next.response).toMatchObject({ memberEpoch: 7, heartbeatIntervalMs: 1_000 });
    expect(count(next.response?.assignment?.topicPartitions)).toBeGreaterThan(0);
  });

  test('that changed a moment ago make members come sooner, until each has had the time to hear of them', () => {
    const group = new Share({ 'group.share.min.heartbeat.interval.ms': '500' });
    const interval = (call: ReturnType<Share['beat']>): number | undefined => call.response?.heartbeatIntervalMs;
    expect(interval(group.join('a'))).toBe(5_000);
    expect(interval(group.join('b'))).toBe(1_000);
    expect(interval(group.beat('a', 2))).toBe(1_000);
    group.advance(4_999);
    expect(interval(group.beat('a', 3))).toBe(1_000);
    group.advance(1);
    expect(interval(group.beat('a', 3))).toBe(5_000);
    group.beat('b', -1);
    expect(interval(group.beat('a', 3))).toBe(5_000);
    group.view.setOverrides('group', 'g', { 'share.heartbeat.interval.ms': '600' });
    expect(interval(group.join('b'))).toBe(600);
  });

  test('that change all the time bring no more than a hundred heartbeats of a group a second', () => {
    const group = new Share({ 'group.share.assignment.interval.ms': '15000' });
    const joins = Array.from({ length: 160 }, (_, at) => group.join(`m${at}`));
    group.advance(1_500);
    expect(joins.at(-1)?.response?.heartbeatIntervalMs).toBe(1_600);
    group.advance(15_000);
    expect(group.beat('m0', 2).response?.heartbeatIntervalMs).toBe(1_600);
    group.advance(5_000);
    expect(group.beat('m1', 3).response?.heartbeatIntervalMs).toBe(5_000);
  });

  test('survive a move of the coordinator: nobody is told anything new', () => {
    const group = new Share();
    group.join('a');
    group.join('b');
    group.beat('a', 2);
    const before = group.described();
    group.failOver();
    expect(group.described()).toEqual(before);
    expect(group.beat('a', 3).response).toMatchObject({ errorCode: 0, memberEpoch: 3, assignment: null });
  });

  test('follow the settings of the group as they are now', () => {
    const group = new Share();
    group.view.setOverrides('group', 'g', { 'share.heartbeat.interval.ms': '7000' });
    expect(group.join('a').response?.heartbeatIntervalMs).toBe(7_000);
    group.view.setOverrides('group', 'g', { 'share.heartbeat.interval.ms': '6000' });
    expect(group.beat('a', 2).response?.heartbeatIntervalMs).toBe(6_000);
  });
});

describe('members that go', () => {
  test('by leaving free their partitions for the others', () => {
    const group = new Share();
    group.join('a');
    group.join('b');
    expect(count(group.beat('a', 2).response?.assignment?.topicPartitions)).toBe(2);
    expect(group.beat('b', -1).response).toMatchObject({ errorCode: 0, memberId: 'b', memberEpoch: -1 });
    expect(shown(group.beat('a', 3))).toEqual(['jobs: 0 1 2 3']);
  });

  test('by silence are taken out after the session timeout', () => {
    const group = new Share();
    group.join('a');
    group.join('b');
    group.advance(40_000);
    group.beat('a', 2);
    group.advance(5_000);
    expect(group.beat('b', 3).response?.errorCode).toBe(ErrorCode.UNKNOWN_MEMBER_ID);
    expect(shown(group.beat('a', 3))).toEqual(['jobs: 0 1 2 3']);
    group.failOver();
    group.advance(44_999);
    expect(group.described().members.length).toBe(1);
    group.advance(1);
    expect(group.described()).toMatchObject({ groupState: 'Empty', members: [] });
  });

  test('are told when their first heartbeat still waits', () => {
    const group = new Share();
    group.shareStateCode = null;
    const join = group.join('a');
    group.beat('a', -1);
    expect(join.response?.errorCode).toBe(ErrorCode.UNKNOWN_MEMBER_ID);
  });
});

describe('bounds and types', () => {
  test('a full group takes nobody else, but those who are there', () => {
    const group = new Share({ 'group.share.max.size': '2' });
    group.join('a');
    group.join('b');
    expect(group.join('c').response?.errorCode).toBe(ErrorCode.GROUP_MAX_SIZE_REACHED);
    expect(group.join('a').response?.errorCode).toBe(0);
  });

  test('an id of a group with committed offsets is not a share group, and the other way round', () => {
    const group = new Share();
    const commit = (groupId: string) =>
      group.send({
        kind: 'offsetCommit',
        groupId,
        memberId: '',
        groupInstanceId: null,
        generationIdOrMemberEpoch: -1,
        supportsMemberEpochs: false,
        offsets: [
          {
            topic: 'jobs',
            topicId: group.view.topicByName('jobs')?.id ?? '',
            partition: 0,
            offset: 1,
            leaderEpoch: -1,
            metadata: null,
          },
        ],
      }).response?.errorCode;
    commit('classic');
    expect(group.beat('a', 0, { topics: ['jobs'], groupId: 'classic' }).response?.errorCode).toBe(
      ErrorCode.GROUP_ID_NOT_FOUND,
    );
    group.join('a');
    expect(commit('g')).toBe(ErrorCode.GROUP_ID_NOT_FOUND);
    const join = group.send({
      kind: 'joinGroup',
      groupId: 'g',
      client: { clientId: '', clientHost: '' },
      memberId: '',
      newMemberId: 'm',
      groupInstanceId: null,
      protocolType: 'consumer',
      protocols: [{ name: 'range', metadata: new Uint8Array(0) }],
      sessionTimeoutMs: 10_000,
      rebalanceTimeoutMs: 10_000,
      requireKnownMemberId: false,
      supportsSkippingAssignment: false,
    });
    expect(join.response?.errorCode).toBe(ErrorCode.INCONSISTENT_GROUP_PROTOCOL);
  });

  test('a group that does not exist is described as dead', () => {
    expect(new Share().described()).toMatchObject({
      errorCode: ErrorCode.GROUP_ID_NOT_FOUND,
      errorMessage: 'Group g not found.',
      groupState: 'Dead',
    });
  });

  test('a group is described with members, subscriptions and assignments', () => {
    const group = new Share();
    group.beat('a', 0, { topics: ['jobs'], rack: 'r1' });
    expect(group.described()).toEqual({
      errorCode: 0,
      errorMessage: null,
      groupId: 'g',
      groupState: 'Stable',
      groupEpoch: 2,
      assignmentEpoch: 2,
      assignorName: 'simple',
      members: [
        {
          memberId: 'a',
          rackId: 'r1',
          memberEpoch: 2,
          clientId: 'c',
          clientHost: '/h',
          subscribedTopicNames: ['jobs'],
          assignment: {
            topicPartitions: [
              { topicId: group.view.topicByName('jobs')?.id, topicName: 'jobs', partitions: [0, 1, 2, 3] },
            ],
          },
        },
      ],
    });
  });
});
