import { describe, expect, test } from '@jest/globals';
import type { OffsetFetchResult } from '../../../../broker/core/group/commands.ts';
import { ErrorCode } from '../../../../broker/core/protocol/errors.ts';
import { encodeRecordMessage } from '../../../../broker/core/protocol/record-messages.ts';
import { GroupBench } from './bench.ts';

const MINUTE_MS = 60_000;

class Offsets extends GroupBench {
  constructor(settings: Readonly<Record<string, string>> = {}) {
    super({ 'offsets.retention.minutes': '30', 'offsets.retention.check.interval.ms': String(MINUTE_MS), ...settings });
    this.view.setTopic('t', 4);
    this.view.setTopic('u', 1);
  }

  commit(
    offsets: Readonly<Record<string, number>>,
    by: {
      memberId?: string;
      generationId?: number;
      groupId?: string;
      metadata?: string;
      supportsMemberEpochs?: boolean;
      instance?: string;
    } = {},
  ) {
    return this.send({
      kind: 'offsetCommit',
      groupId: by.groupId ?? 'g',
      memberId: by.memberId ?? '',
      groupInstanceId: by.instance ?? null,
      generationIdOrMemberEpoch: by.generationId ?? -1,
      supportsMemberEpochs: by.supportsMemberEpochs ?? false,
      offsets: Object.entries(offsets).map(([place, offset]) => {
        const [topic = '', partition = ''] = place.split('-');
        return {
          topic,
          topicId: this.view.topicByName(topic)?.id ?? '',
          partition: Number(partition),
          offset,
          leaderEpoch: 3,
          metadata: by.metadata ?? null,
        };
      }),
    }).response;
  }

  fetch(
    topics: Readonly<Record<string, readonly number[]>> | null,
    ids: Readonly<Record<string, string>> = {},
  ): OffsetFetchResult | null {
    const asked =
      topics &&
      Object.entries(topics).map(([topic, partitions]) => ({ topic, topicId: ids[topic] ?? null, partitions }));
    return this.send({ kind: 'offsetFetch', groupId: 'g', memberId: null, memberEpoch: -1, topics: asked }).response;
  }

  /** Committed offsets as `topic-partition=offset`. */
  all(): string[] {
    return (this.fetch(null)?.topics ?? []).flatMap(({ topic, partitions }) =>
      partitions.map(({ partition, offset }) => `${topic}-${partition}=${offset}`),
    );
  }

  member(options: { subscription?: readonly string[]; protocolType?: string } = {}): number {
    const subscription =
      options.subscription === undefined
        ? new Uint8Array(0)
        : encodeRecordMessage('ConsumerProtocolSubscription', 1, { topics: options.subscription, userData: null });
    const join = this.send({
      kind: 'joinGroup',
      groupId: 'g',
      client: { clientId: 'c', clientHost: '/h' },
      memberId: '',
      newMemberId: 'm',
      groupInstanceId: null,
      protocolType: options.protocolType ?? 'consumer',
      protocols: [{ name: 'range', metadata: subscription }],
      sessionTimeoutMs: 1_000_000_000,
      rebalanceTimeoutMs: 10_000,
      requireKnownMemberId: false,
      supportsSkippingAssignment: false,
    });
    this.advance(3_000);
    return join.response?.generationId ?? -1;
  }

  sync(generationId: number): void {
    this.send({
      kind: 'syncGroup',
      groupId: 'g',
      generationId,
      memberId: 'm',
      groupInstanceId: null,
      protocolType: null,
      protocolName: null,
      assignments: [],
    });
  }

  leave(): void {
    this.send({ kind: 'leaveGroup', groupId: 'g', members: [{ memberId: 'm', groupInstanceId: null }] });
  }
}

describe('committed offsets', () => {
  test('are given back with metadata and epoch, −1 where nothing is committed', () => {
    const group = new Offsets();
    expect(group.commit({ 't-0': 7 }, { metadata: 'note' })).toEqual({ errorCode: 0, partitionErrors: [0] });
    expect(group.fetch({ t: [0, 1], unknown: [5] })?.topics).toEqual([
      {
        topic: 't',
        topicId: expect.any(String),
        partitions: [
          { partition: 0, offset: 7, leaderEpoch: 3, metadata: 'note' },
          { partition: 1, offset: -1, leaderEpoch: -1, metadata: '' },
        ],
      },
      {
        topic: 'unknown',
        topicId: expect.any(String),
        partitions: [{ partition: 5, offset: -1, leaderEpoch: -1, metadata: '' }],
      },
    ]);
  });

  test('are all given back, sorted, when no topic is named; also after the coordinator moved', () => {
    const group = new Offsets();
    group.commit({ 'u-0': 1, 't-3': 30, 't-1': 10 });
    group.commit({ 't-1': 11 });
    expect(group.all()).toEqual(['t-1=11', 't-3=30', 'u-0=1']);
    group.failOver();
    expect(group.all()).toEqual(['t-1=11', 't-3=30', 'u-0=1']);
  });

  test('of a group that does not exist are −1 everywhere', () => {
    const group = new Offsets();
    expect(group.all()).toEqual([]);
    expect(group.fetch({ t: [0] })?.topics[0]?.partitions[0]?.offset).toBe(-1);
  });

  test('of an earlier topic of the same name are not those of the new one', () => {
    const group = new Offsets();
    const before = group.view.topicByName('t')?.id ?? '';
    group.commit({ 't-0': 7 });
    expect(group.fetch({ t: [0] }, { t: before })?.topics[0]?.partitions[0]?.offset).toBe(7);
    expect(group.fetch({ t: [0] }, { t: 'another-topic-id-AAAAA' })?.topics[0]?.partitions[0]?.offset).toBe(-1);
  });

  test('go with their topic', () => {
    const group = new Offsets();
    group.commit({ 't-0': 7, 'u-0': 8 });
    const { id } = group.view.setTopic('t', 4);
    group.view.removeTopic('t');
    group.tell({ kind: 'metadataChanged', topicNames: [], deletedTopics: [{ name: 't', topicId: id }] });
    expect(group.all()).toEqual(['u-0=8']);
  });

  test('go with a topic that was deleted while the coordinator moved', () => {
    const group = new Offsets();
    group.commit({ 't-0': 7, 'u-0': 8 });
    group.view.removeTopic('t');
    group.failOver();
    expect(group.all()).toEqual(['u-0=8']);
    expect(group.replayed().describeDurable()).toBe('g offsets u-0=8');
  });

  test('may carry metadata up to the limit; a longer one fails its partition alone', () => {
    const group = new Offsets({ 'offset.metadata.max.bytes': '4' });
    expect(group.commit({ 't-0': 1 }, { metadata: '1234' })?.partitionErrors).toEqual([0]);
    expect(group.commit({ 't-0': 2 }, { metadata: '12345' })?.partitionErrors).toEqual([
      ErrorCode.OFFSET_METADATA_TOO_LARGE,
    ]);
    expect(group.all()).toEqual(['t-0=1']);
  });
});

describe('who may commit', () => {
  test('anybody for a group without members, nobody else for one with members', () => {
    const group = new Offsets();
    expect(group.commit({ 't-0': 1 })?.errorCode).toBe(0);
    const generationId = group.member();
    expect(group.commit({ 't-0': 2 })?.errorCode).toBe(ErrorCode.UNKNOWN_MEMBER_ID);
    expect(group.commit({ 't-0': 2 }, { memberId: 'm', generationId })?.errorCode).toBe(
      ErrorCode.REBALANCE_IN_PROGRESS,
    );
    group.sync(generationId);
    expect(group.commit({ 't-0': 2 }, { memberId: 'm', generationId })?.errorCode).toBe(0);
    expect(group.commit({ 't-0': 3 }, { memberId: 'm', generationId: generationId + 1 })?.errorCode).toBe(
      ErrorCode.ILLEGAL_GENERATION,
    );
    expect(group.commit({ 't-0': 3 }, { memberId: 'x', generationId })?.errorCode).toBe(ErrorCode.UNKNOWN_MEMBER_ID);
    expect(group.commit({ 't-0': 3 }, { memberId: 'm', generationId, instance: 'i' })?.errorCode).toBe(
      ErrorCode.UNKNOWN_MEMBER_ID,
    );
    expect(group.all()).toEqual(['t-0=2']);
  });

  test('no member of a group that does not exist', () => {
    const group = new Offsets();
    expect(group.commit({ 't-0': 1 }, { memberId: 'm', generationId: 1 })?.errorCode).toBe(
      ErrorCode.ILLEGAL_GENERATION,
    );
    expect(group.commit({ 't-0': 1 }, { memberId: 'm', generationId: 1, supportsMemberEpochs: true })?.errorCode).toBe(
      ErrorCode.GROUP_ID_NOT_FOUND,
    );
  });

  test('nobody for a new group while a shard has 100,000, whatever they have', () => {
    const bench = new Offsets();
    for (let number = 0; number < 99_999; number += 1) bench.commit({ 't-0': 1 }, { groupId: `g${number}` });
    const first = (groupId: string): number | undefined => bench.commit({ 't-0': 2 }, { groupId })?.errorCode;
    expect([first('last'), first('more'), first('g7')]).toEqual([
      ErrorCode.NONE,
      ErrorCode.COORDINATOR_NOT_AVAILABLE,
      ErrorCode.NONE,
    ]);
    expect(bench.member()).toBe(-1);
  });

  test('a member that commits is heard: its session goes on', () => {
    const group = new Offsets();
    const join = group.send({
      kind: 'joinGroup',
      groupId: 'g',
      client: { clientId: 'c', clientHost: '/h' },
      memberId: '',
      newMemberId: 'm',
      groupInstanceId: null,
      protocolType: 'consumer',
      protocols: [{ name: 'range', metadata: new Uint8Array(0) }],
      sessionTimeoutMs: 6_000,
      rebalanceTimeoutMs: 10_000,
      requireKnownMemberId: false,
      supportsSkippingAssignment: false,
    });
    group.advance(200);
    group.sync(1);
    expect(join.response?.generationId).toBe(1);
    for (let round = 0; round < 5; round += 1) {
      group.advance(4_000);
      expect(group.commit({ 't-0': round }, { memberId: 'm', generationId: 1 })?.errorCode).toBe(0);
    }
    group.advance(6_000);
    expect(group.commit({ 't-0': 9 }, { memberId: 'm', generationId: 1 })?.errorCode).toBe(ErrorCode.UNKNOWN_MEMBER_ID);
  });
});

describe('the retention of offsets', () => {
  test('counts from the commit in a group that never had members', () => {
    const group = new Offsets();
    group.commit({ 't-0': 1 });
    group.advance(20 * MINUTE_MS);
    group.commit({ 't-1': 1 });
    group.advance(11 * MINUTE_MS);
    expect(group.all()).toEqual(['t-1=1']);
    group.advance(20 * MINUTE_MS);
    expect(group.all()).toEqual([]);
    expect(group.send({ kind: 'describeGroup', groupId: 'g' }).response?.groupState).toBe('Dead');
  });

  test('counts from the moment the group became empty, and takes the group along', () => {
    const group = new Offsets();
    const generationId = group.member();
    group.sync(generationId);
    group.commit({ 't-0': 1 }, { memberId: 'm', generationId });
    group.advance(50 * MINUTE_MS);
    expect(group.all()).toEqual(['t-0=1']);
    group.leave();
    group.advance(29 * MINUTE_MS);
    expect(group.all()).toEqual(['t-0=1']);
    group.failOver();
    group.advance(2 * MINUTE_MS);
    expect(group.all()).toEqual([]);
    expect(group.replayed().describeDurable()).toBe('');
  });

  test('counts for topics that a running consumer group does not subscribe to any more', () => {
    const group = new Offsets();
    const generationId = group.member({ subscription: ['u'] });
    group.sync(generationId);
    group.commit({ 't-0': 1, 'u-0': 2 }, { memberId: 'm', generationId });
    group.advance(31 * MINUTE_MS);
    expect(group.all()).toEqual(['u-0=2']);
  });

  test('does not touch a group whose subscription is not understood', () => {
    const group = new Offsets();
    const generationId = group.member({ protocolType: 'connect' });
    group.sync(generationId);
    group.commit({ 't-0': 1 }, { memberId: 'm', generationId });
    group.advance(100 * MINUTE_MS);
    expect(group.all()).toEqual(['t-0=1']);
  });
});

describe('listing and deleting groups', () => {
  const list = (
    group: Offsets,
    statesFilter: readonly string[] = [],
    typesFilter: readonly string[] = [],
  ): string[] | undefined =>
    group
      .send({ kind: 'listGroups', statesFilter, typesFilter })
      .response?.groups.map(
        ({ groupId, groupState, groupType, protocolType }) => `${groupId} ${groupState} ${groupType} ${protocolType}`,
      );

  test('shows every group with state and type, filtered by both', () => {
    const group = new Offsets();
    group.sync(group.member());
    group.commit({ 't-0': 1 }, { groupId: 'simple' });
    group.send({
      kind: 'shareHeartbeat',
      groupId: 'a:b',
      client: { clientId: '', clientHost: '' },
      memberId: 's',
      memberEpoch: 0,
      rackId: null,
      subscribedTopicNames: ['t'],
    });
    expect(list(group)).toEqual(['a:b Stable share share', 'g Stable classic consumer', 'simple Empty classic ']);
    expect(list(group, ['empty'])).toEqual(['simple Empty classic ']);
    expect(list(group, [], ['share'])).toEqual(['a:b Stable share share']);
    expect(list(group, ['stable'], ['classic', 'share'])).toEqual([
      'a:b Stable share share',
      'g Stable classic consumer',
    ]);
  });

  test('deletes an empty group with its offsets, refuses one with members and one that does not exist', () => {
    const group = new Offsets();
    const remove = () => group.send({ kind: 'deleteGroup', groupId: 'g' }).response?.errorCode;
    expect(remove()).toBe(ErrorCode.GROUP_ID_NOT_FOUND);
    const generationId = group.member();
    expect(remove()).toBe(ErrorCode.NON_EMPTY_GROUP);
    group.sync(generationId);
    group.commit({ 't-0': 1 }, { memberId: 'm', generationId });
    group.leave();
    expect(remove()).toBe(ErrorCode.NONE);
    expect(remove()).toBe(ErrorCode.GROUP_ID_NOT_FOUND);
    expect(group.replayed().describeDurable()).toBe('');
  });
});
