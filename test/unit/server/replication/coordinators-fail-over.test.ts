import { describe, expect, test } from '@jest/globals';
import { ApiKey } from '../../../../broker/core/protocol/apis.ts';
import { ErrorCode } from '../../../../broker/core/protocol/errors.ts';
import type { ReplicaBug } from '../../../../broker/core/replica/planted-bugs.ts';
import { ReplicationWorld } from '../../../support/replication/replication-world.ts';

const values = (name: string, count: number): string[] => Array.from({ length: count }, (_, at) => `${name}-${at}`);
const MEMBER = 'AAAAAAAAAAAAAAAAAAAAMQ';
const GROUPS = '__consumer_offsets';
const SHARE_STATE = '__share_group_state';
const IN_BETWEEN: ReadonlySet<number> = new Set([
  ErrorCode.COORDINATOR_LOAD_IN_PROGRESS,
  ErrorCode.COORDINATOR_NOT_AVAILABLE,
  ErrorCode.NOT_COORDINATOR,
  ErrorCode.NOT_LEADER_OR_FOLLOWER,
]);

/** Three brokers; topic t and what coordinators keep are led by broker 0, and replicated. */
function coordinated(seed: number, bugs: readonly ReplicaBug[] = []): ReplicationWorld {
  const settings = { 'offsets.topic.num.partitions': '1', 'share.coordinator.state.topic.num.partitions': '1' };
  const world = new ReplicationWorld(seed, { settings, replicaBugs: new Set(bugs) }).start();
  for (const name of ['t', GROUPS, SHARE_STATE]) {
    world.createTopic(name, { assignments: [[0, 1, 2]], settings: { 'min.insync.replicas': '2' } });
  }
  return world;
}

/** Asks until the answer is none of those that a client tries again after. */
function persist<T>(world: ReplicationWorld, ask: () => T, codeOf: (answer: T) => number): T {
  for (let tries = 0; tries < 200; tries += 1) {
    const answer = ask();
    if (!IN_BETWEEN.has(codeOf(answer))) return answer;
    world.world.runFor(50);
  }
  throw new Error('nobody coordinates');
}

function leaderDies(world: ReplicationWorld): void {
  world.kill(0, 'power');
  for (const name of ['t', GROUPS, SHARE_STATE]) world.untilLedByAnother(name, 0);
}

const topicIdOf = (world: ReplicationWorld): string =>
  world.nodes.find(({ isReady }) => isReady)?.view?.topicByName('t')?.id ?? '';

/** The offset that a group finds after it was told that 20 are committed, and the leader died at that moment. */
function committedAfterwards(bugs: readonly ReplicaBug[]): number {
  const world = coordinated(21, bugs);
  const topicId = topicIdOf(world);
  const commit = (committedOffset: number): number => {
    const partitions = [{ partitionIndex: 0, committedOffset, committedMetadata: '' }];
    const answer = world.ask(world.leader(GROUPS), ApiKey.OffsetCommit, {
      groupId: 'g',
      topics: [{ name: 't', topicId, partitions }],
    });
    return answer.topics[0]?.partitions[0]?.errorCode ?? -1;
  };
  for (let offset = 1; offset < 20; offset += 1) expect(persist(world, () => commit(offset), Number)).toBe(0);
  // Who follows takes its time.
  for (const id of [1, 2]) world.node(id).pause(900);
  expect(commit(20)).toBe(0);
  leaderDies(world);
  const topics = [{ name: 't', topicId, partitionIndexes: [0] }];
  const fetched = persist(
    world,
    () => world.ask(world.leader(GROUPS), ApiKey.OffsetFetch, { groups: [{ groupId: 'g', topics }] }).groups[0],
    (group) => group?.errorCode ?? -1,
  );
  return fetched?.topics[0]?.partitions[0]?.committedOffset ?? -1;
}

describe('when the leader of their records dies', () => {
  test('committed offsets are there', () => {
    expect(committedAfterwards([])).toBe(20);
    expect(committedAfterwards(['acks-before-isr'])).toBeLessThan(20);
  });

  test('what was acknowledged in a share group is not handed out again, and what was not is', () => {
    const world = coordinated(22);
    world.produce('t', values('a', 10));
    const topicId = topicIdOf(world);
    const heartbeat = (): number => {
      const member = { groupId: 'g', memberId: MEMBER, memberEpoch: 0, subscribedTopicNames: ['t'] };
      return world.ask(world.leader(GROUPS), ApiKey.ShareGroupHeartbeat, member).errorCode;
    };
    const fetch = (shareSessionEpoch: number) => {
      const topics = [{ topicId, partitions: [{ partitionIndex: 0, acknowledgementBatches: [] }] }];
      const limits = { maxWaitMs: 500, minBytes: 1, maxBytes: 1_000_000, maxRecords: 100, batchSize: 100 };
      const asked = { groupId: 'g', memberId: MEMBER, shareSessionEpoch, ...limits, topics, forgottenTopicsData: [] };
      return world.ask(world.leader('t'), ApiKey.ShareFetch, asked).responses[0]?.partitions[0];
    };
    const acquired = () => {
      const found = persist(
        world,
        () => fetch(0),
        (partition) => partition?.errorCode ?? ErrorCode.NOT_LEADER_OR_FOLLOWER,
      );
      return found?.acquiredRecords.map((range) => [range.firstOffset, range.lastOffset, range.deliveryCount]);
    };
    const configs = [{ name: 'share.auto.offset.reset', configOperation: 0, value: 'earliest' }];
    const resources = [{ resourceType: 32, resourceName: 'g', configs }];
    world.ask('any', ApiKey.IncrementalAlterConfigs, { resources, validateOnly: false });
    expect(persist(world, heartbeat, Number)).toBe(0);
    expect(acquired()).toEqual([[0, 9, 1]]);
    const acknowledgementBatches = [{ firstOffset: 0, lastOffset: 5, acknowledgeTypes: [1] }];
    const acknowledged = world.ask(0, ApiKey.ShareAcknowledge, {
      groupId: 'g',
      memberId: MEMBER,
      shareSessionEpoch: 1,
      topics: [{ topicId, partitions: [{ partitionIndex: 0, acknowledgementBatches }] }],
    });
    expect(acknowledged.responses[0]?.partitions[0]?.errorCode).toBe(0);
    leaderDies(world);
    expect(acquired()?.map(([first, last]) => [first, last])).toEqual([[6, 9]]);
  });
});
