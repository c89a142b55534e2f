import { describe, expect, test } from '@jest/globals';
import type { ShareHeartbeatResult, TopicPartitions } from '../../../../broker/core/group/commands.ts';
import { ErrorCode } from '../../../../broker/core/protocol/errors.ts';
import { type Call, GroupBench } from './bench.ts';

class Share extends GroupBench {
  constructor(settings: Readonly<Record<string, string>> = {}) {
    super(settings);
    this.view.setTopic('jobs', 4);
  }

  beat(
    memberId: string,
    memberEpoch: number,
    options: { topics?: readonly string[] | null; rack?: string; groupId?: string; clientId?: string } = {},
  ): Call<ShareHeartbeatResult> {
    return this.send({
      kind: 'shareHeartbeat',
      groupId: options.groupId ?? 'g',
      client: { clientId: options.clientId ?? 'c', clientHost: '/h' },
      memberId,
      memberEpoch,
      rackId: options.rack ?? null,
      subscribedTopicNames: options.topics === undefined ? null : options.topics,
    });
  }

  join(memberId: string, ...topics: string[]): Call<ShareHeartbeatResult> {
    return this.beat(memberId, 0, { topics: topics.length === 0 ? ['jobs'] : topics });
  }

  described(groupId = 'g') {
    const { response } = this.send({ kind: 'describeShareGroup', groupId });
    if (response === null) throw new Error('describe waits for nothing');
    return response;
  }

  partitions() {
    return this.send({ kind: 'shareGroupPartitions', groupId: 'g' }).response?.topics.map(
      ({ topicName, partitions }) => `${topicName}: ${partitions.join(' ')}`,
    );
  }

  remove() {
    return this.send({ kind: 'deleteGroup', groupId: 'g' });
  }

  topicsChanged(...topicNames: string[]): void {
    this.tell({ kind: 'metadataChanged', topicNames, deletedTopics: [] });
  }

  topicDeleted(name: string): void {
    const topicId = this.view.topicByName(name)?.id ?? '';
    this.view.removeTopic(name);
    this.tell({ kind: 'metadataChanged', topicNames: [], deletedTopics: [{ name, topicId }] });
  }
}

const shown = (call: Call<ShareHeartbeatResult>): string[] | null | undefined =>
  call.response?.assignment?.topicPartitions.map(
    ({ topicId, partitions }) => `${topicId.replace(/A*$/, '')}: ${partitions.join(' ')}`,
  ) ??
  call.response?.assignment?.topicPartitions.map(String) ??
  (call.response === null ? undefined : null);
const count = (topics: readonly TopicPartitions[] | undefined): number =>
  (topics ?? []).reduce((sum, { partitions }) => sum + partitions.length, 0);

describe('the first heartbeat', () => {
  test('waits for share state to be set up and brings the assignment itself', () => {
    const group = new Share();
    group.shareStateCode = null;
    const join = group.join('a');
    expect(join.response).toBeNull();
    expect(group.effects).toEqual([
      {
        kind: 'initializeShareState',
        request: {
          groupId: 'g',
          topics: [
            {
              topicId: expect.any(String),
              partitions: [0, 1, 2, 3].map((partition) => ({ partition, stateEpoch: 1, startOffset: -1 })),
            },
          ],
        },
      },
    ]);
    group.advance(50);
    group.answerEffect(0);
    expect(shown(join)).toEqual(['jobs: 0 1 2 3']);
    expect(join.response).toMatchObject({ errorCode: 0, memberId: 'a', memberEpoch: 1, heartbeatIntervalMs: 5_000 });
    expect(group.partitions()).toEqual(['jobs: 0 1 2 3']);
  });

  test('is answered without an assignment when share state takes too long, and with a short interval', () => {
    const group = new Share();
    group.shareStateCode = null;
    const join = group.join('a');
    group.advance(999);
    expect(join.response).toBeNull();
    group.advance(1);
    expect(join.response).toMatchObject({
      errorCode: 0,
      memberEpoch: 1,
      heartbeatIntervalMs: 250,
      assignment: { topicPartitions: [] },
    });
    group.advance(500);
    group.answerEffect(0);
    const next = group.beat('a', 1);
    expect(next.response).toMatchObject({ memberEpoch: 2, heartbeatIntervalMs: 5_000 });
    expect(shown(next)).toEqual(['jobs: 0 1 2 3']);
    expect(group.beat('a', 2).response).toMatchObject({ memberEpoch: 2, assignment: null });
  });

  test('is answered at once for a topic that does not exist, and the assignment follows its creation', () => {
    const group = new Share();
    const join = group.join('a', 'later');
    expect(join.response).toMatchObject({
      memberEpoch: 1,
      heartbeatIntervalMs: 1_000,
      assignment: { topicPartitions: [] },
    });
    group.view.setTopic('later', 2);
    group.topicsChanged('later');
    const next = group.beat('a', 1);
    expect(shown(next)).toEqual(['later: 0 1']);
    expect(next.response?.heartbeatIntervalMs).toBe(5_000);
  });

  test('of a second member is answered with its share at once; the first member hears with its next heartbeat', () => {
    const group = new Share();
    group.join('a');
    const second = group.join('b');
    expect(count(second.response?.assignment?.topicPartitions)).toBe(2);
    const first = group.beat('a', 1);
    expect(count(first.response?.assignment?.topicPartitions)).toBe(2);
    expect(first.response?.memberEpoch).toBe(2);
  });

  test('repeated by a member that asks again answers the earlier call too', () => {
    const group = new Share();
    group.shareStateCode = null;
    const first = group.join('a');
    const second = group.join('a');
    expect(first.response?.errorCode).toBe(ErrorCode.COORDINATOR_NOT_AVAILABLE);
    group.answerEffect(0);
    expect(shown(second)).toEqual(['jobs: 0 1 2 3']);
  });
});

describe('setting up share state', () => {
  test('is tried again, soon at first, when it fails; partitions that have it wait for the rest of a new topic', () => {
    const group = new Share();
    group.shareStateCode = null;
    group.join('a');
    const effect = group.effects.shift();
    if (effect?.kind !== 'initializeShareState') throw new Error('no effect');
    const { request } = effect;
    const [topic] = request.topics;
    const results = [
      {
        topicId: topic?.topicId ?? '',
        partitions: [0, 1, 2, 3].map((partition) => ({
          partition,
          errorCode: partition < 2 ? 0 : ErrorCode.NOT_COORDINATOR,
          errorMessage: null,
        })),
      },
    ];
    group.tell({ kind: 'shareStateInitialized', groupId: 'g', request, response: { results } });
    expect(group.partitions()).toEqual([]);
    expect(group.effects).toEqual([]);
    group.advance(200);
    expect(group.effects.map(({ request: again }) => again.topics[0]?.partitions)).toEqual([
      [2, 3].map((partition) => ({ partition, stateEpoch: 1, startOffset: -1 })),
    ]);
    group.answerEffect(0);
    expect(group.partitions()).toEqual(['jobs: 0 1 2 3']);
  });

  test('backs off up to half a minute', () => {
    const group = new Share();
    group.shareStateCode = ErrorCode.COORDINATOR_NOT_AVAILABLE;
    group.join('a');
    group.advance(10_000);
    const soon = group.events.filter((event) => event.startsWith('effect')).length;
    expect(soon).toBeGreaterThanOrEqual(6);
    group.advance(300_000);
    const later = group.events.filter((event) => event.startsWith('effect')).length - soon;
    expect(later).toBeLessThanOrEqual(13);
    expect(later).toBeGreaterThanOrEqual(9);
    group.shareStateCode = 0;
    group.advance(30_000);
    expect(group.partitions()).toEqual(['jobs: 0 1 2 3']);
  });

  test('starts partitions that a known topic gets later at offset 0', () => {
    const group = new Share();
    group.join('a');
    group.view.setTopic('jobs', 6);
    group.shareStateCode = null;
    group.topicsChanged('jobs');
    expect(group.effects[0]?.request.topics[0]?.partitions).toEqual(
      [4, 5].map((partition) => ({ partition, stateEpoch: 2, startOffset: 0 })),
    );
    group.answerEffect(0);
    expect(shown(group.beat('a', 1))).toEqual(['jobs: 0 1 2 3 4 5']);
  });

  test('starts partitions at 0 that a topic gets while it is being set up for the first time', () => {
    const group = new Share();
    group.shareStateCode = null;
    group.join('a');
    group.view.setTopic('jobs', 5);
    group.topicsChanged('jobs');
    expect(group.effects.length).toBe(1);
    group.answerEffect(0);
    expect(group.effects[0]?.request.topics[0]?.partitions).toEqual([
      { partition: 4, stateEpoch: expect.any(Number), startOffset: 0 },
    ]);
    group.answerEffect(0);
    expect(group.partitions()).toEqual(['jobs: 0 1 2 3 4']);
  });

  test('goes on after the coordinator moved', () => {
    const group = new Share();
    group.shareStateCode = null;
    group.join('a');
    group.failOver();
    expect(group.effects.length).toBe(1);
    group.answerEffect(0);
    expect(shown(group.join('a'))).toEqual(['jobs: 0 1 2 3']);
  });

  test('is not repeated for members that come meanwhile', () => {
    const group = new Share();
    group.shareStateCode = null;
    const joins = ['a', 'b', 'c'].map((memberId) => group.join(memberId));
    expect(group.effects.length).toBe(1);
    group.answerEffect(0);
    expect(joins.map((join) => count(join.response?.assignment?.topicPartitions)).sort()).toEqual([1, 1, 2]);
  });
});

describe('epochs', () => {
  test('of the member, or one before, are taken; anything else is fenced', () => {
    const group = new Share();
    group.join('a');
    group.join('b');
    group.beat('a', 1);
    expect(group.beat('a', 2).response?.errorCode).toBe(0);
    expect(group.beat('a', 1).response?.errorCode).toBe(0);
    expect(group.beat('a', 3).response?.errorCode).toBe(ErrorCode.FENCED_MEMBER_EPOCH);
    group.join('c');
    group.beat('a', 2);
    expect(group.beat('a', 1).response?.errorCode).toBe(ErrorCode.FENCED_MEMBER_EPOCH);
    expect(group.beat('a', 0, { topics: ['jobs'] }).response).toMatchObject({ errorCode: 0, memberEpoch: 3 });
  });

  test('are refused for members and groups that are not known', () => {
    const group = new Share();
    expect(group.beat('a', 1).response?.errorCode).toBe(ErrorCode.GROUP_ID_NOT_FOUND);
    expect(group.beat('a', -1).response?.errorCode).toBe(ErrorCode.GROUP_ID_NOT_FOUND);
    group.join('a');
    expect(group.beat('b', 1).response?.errorCode).toBe(ErrorCode.UNKNOWN_MEMBER_ID);
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
  test('made too often wait for the interval, and joining members with them', () => {
    const group = new Share({ 'group.share.assignment.interval.ms': '1000' });
    const joins = ['a', 'b', 'c', 'd', 'e', 'f', 'g'].map((memberId) => group.join(memberId));
    expect(joins.map(({ response }) => response !== null)).toEqual([true, true, true, true, true, false, false]);
    group.advance(1_000);
    expect(joins.every(({ response }) => response !== null)).toBe(true);
    expect(joins[6]?.response?.assignment?.topicPartitions.length).toBe(1);
  });

  test('are answered with what there is when the interval is longer than a call may wait', () => {
    const group = new Share({ 'group.share.assignment.interval.ms': '15000' });
    for (const memberId of ['a', 'b', 'c', 'd', 'e']) group.join(memberId);
    const late = group.join('f');
    group.advance(1_500);
    expect(late.response).toMatchObject({
      errorCode: 0,
      memberEpoch: 5,
      heartbeatIntervalMs: 250,
      assignment: { topicPartitions: [] },
    });
    group.advance(14_000);
    const next = group.beat('f', 5);
    expect(next.response).toMatchObject({ memberEpoch: 6, heartbeatIntervalMs: 5_000 });
    expect(count(next.response?.assignment?.topicPartitions)).toBeGreaterThan(0);
  });

  test('survive a move of the coordinator: nobody is told anything new', () => {
    const group = new Share();
    group.join('a');
    group.join('b');
    group.beat('a', 1);
    const before = group.described();
    group.failOver();
    expect(group.described()).toEqual(before);
    expect(group.beat('a', 2).response).toMatchObject({ errorCode: 0, memberEpoch: 2, assignment: null });
  });

  test('follow the settings of the group as they are now', () => {
    const group = new Share();
    group.view.setOverrides('group', 'g', { 'share.heartbeat.interval.ms': '7000' });
    expect(group.join('a').response?.heartbeatIntervalMs).toBe(7_000);
    group.view.setOverrides('group', 'g', { 'share.heartbeat.interval.ms': '6000' });
    expect(group.beat('a', 1).response?.heartbeatIntervalMs).toBe(6_000);
  });
});

describe('members that go', () => {
  test('by leaving free their partitions for the others', () => {
    const group = new Share();
    group.join('a');
    group.join('b');
    expect(count(group.beat('a', 1).response?.assignment?.topicPartitions)).toBe(2);
    expect(group.beat('b', -1).response).toMatchObject({ errorCode: 0, memberId: 'b', memberEpoch: -1 });
    expect(shown(group.beat('a', 2))).toEqual(['jobs: 0 1 2 3']);
  });

  test('by silence are taken out after the session timeout', () => {
    const group = new Share();
    group.join('a');
    group.join('b');
    group.advance(40_000);
    group.beat('a', 1);
    group.advance(5_000);
    expect(group.beat('b', 2).response?.errorCode).toBe(ErrorCode.UNKNOWN_MEMBER_ID);
    expect(shown(group.beat('a', 2))).toEqual(['jobs: 0 1 2 3']);
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
      groupEpoch: 1,
      assignmentEpoch: 1,
      assignorName: 'simple',
      members: [
        {
          memberId: 'a',
          rackId: 'r1',
          memberEpoch: 1,
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

describe('deleting', () => {
  test('a group removes its share state first, then every record', () => {
    const group = new Share();
    group.join('a');
    expect(group.remove().response?.errorCode).toBe(ErrorCode.NON_EMPTY_GROUP);
    group.beat('a', -1);
    group.shareStateCode = null;
    const removal = group.remove();
    expect(removal.response).toBeNull();
    expect(group.effects).toEqual([
      {
        kind: 'deleteShareState',
        request: {
          groupId: 'g',
          topics: [{ topicId: expect.any(String), partitions: [0, 1, 2, 3].map((partition) => ({ partition })) }],
        },
      },
    ]);
    group.answerEffect(0);
    expect(removal.response?.errorCode).toBe(0);
    expect(group.replayed().describeDurable()).toBe('');
    expect(group.remove().response?.errorCode).toBe(ErrorCode.GROUP_ID_NOT_FOUND);
  });

  test('that fails says so, and the state that may be left is deleted before anybody gets it', () => {
    const group = new Share();
    group.join('a');
    group.beat('a', -1);
    group.shareStateCode = ErrorCode.NOT_COORDINATOR;
    expect(group.remove().response?.errorCode).toBe(ErrorCode.NOT_COORDINATOR);
    group.shareStateCode = null;
    const join = group.join('b');
    expect(group.partitions()).toEqual([]);
    group.advance(400);
    expect(group.effects.map(({ kind }) => kind)).toEqual(['deleteShareState']);
    group.answerEffect(0);
    expect(group.effects.map(({ kind }) => kind)).toEqual(['initializeShareState']);
    expect(group.effects[0]?.request.topics[0]?.partitions[0]).toMatchObject({ startOffset: -1 });
    group.answerEffect(0);
    expect(shown(join)).toEqual(['jobs: 0 1 2 3']);
  });

  test('is refused when a member has come meanwhile', () => {
    const group = new Share();
    group.join('a');
    group.beat('a', -1);
    group.shareStateCode = null;
    const removal = group.remove();
    const join = group.join('b');
    group.answerEffect(0);
    expect(removal.response?.errorCode).toBe(ErrorCode.NON_EMPTY_GROUP);
    group.answerEffect(0);
    expect(shown(join)).toEqual(['jobs: 0 1 2 3']);
  });

  test('is taken up again after the coordinator moved', () => {
    const group = new Share();
    group.join('a');
    group.beat('a', -1);
    group.shareStateCode = null;
    group.remove();
    group.failOver();
    expect(group.effects.map(({ kind }) => kind)).toEqual(['deleteShareState']);
    group.answerEffect(0);
    expect(group.remove().response?.errorCode).toBe(0);
  });

  test('a topic takes its share state along', () => {
    const group = new Share();
    group.view.setTopic('more', 1);
    group.join('a', 'jobs', 'more');
    group.shareStateCode = null;
    group.topicDeleted('jobs');
    expect(group.effects).toEqual([
      {
        kind: 'deleteShareState',
        request: {
          groupId: 'g',
          topics: [{ topicId: expect.any(String), partitions: [0, 1, 2, 3].map((partition) => ({ partition })) }],
        },
      },
    ]);
    group.answerEffect(0);
    expect(group.partitions()).toEqual(['more: 0']);
    expect(shown(group.beat('a', 1))).toEqual(['more: 0']);
    group.view.setTopic('jobs', 1, 'jobs-anew'.padEnd(22, 'A'));
    group.topicsChanged('jobs');
    expect(group.effects[0]?.request.topics).toEqual([
      {
        topicId: 'jobs-anew'.padEnd(22, 'A'),
        partitions: [{ partition: 0, stateEpoch: expect.any(Number), startOffset: -1 }],
      },
    ]);
  });
});
