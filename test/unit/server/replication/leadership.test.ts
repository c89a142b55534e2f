import { describe, expect, test } from '@jest/globals';
import { ApiKey } from '../../../../broker/core/protocol/apis.ts';
import { NO_LOG_BUGS } from '../../../../broker/core/log/planted-bugs.ts';
import type { ReplicaBug } from '../../../../broker/core/replica/planted-bugs.ts';
import { addressOf, ReplicationWorld } from '../../../support/replication/replication-world.ts';

const values = (name: string, count: number): string[] => Array.from({ length: count }, (_, at) => `${name}-${at}`);

/** Values that were acknowledged and that a consumer does not find. */
function lost(world: ReplicationWorld): string[] {
  const found = new Set(world.scan('t'));
  return [...world.produced.acknowledged.keys()].filter((value) => !found.has(value));
}

/** Both followers stand still while records are sent; the leader dies before they go on. */
function leaderDiesBeforeFollowersHaveIt(bugs: readonly ReplicaBug[]): string[] {
  const world = new ReplicationWorld(11, { replicaBugs: new Set(bugs) }).start();
  world.createTopic('t', { assignments: [[0, 1, 2]] });
  world.produce('t', values('a', 5));
  for (const id of [1, 2]) world.node(id).pause(900);
  world.send('t', values('b', 5));
  world.world.runFor(500);
  world.kill(0);
  world.untilLedByAnother('t', 0);
  world.world.runFor(3_000);
  return lost(world);
}

/** All power goes shortly after something was acknowledged. */
function powerGoes(bugs: readonly ReplicaBug[]): string[] {
  const world = new ReplicationWorld(12, { replicaBugs: new Set(bugs), diskLatencyMs: 20 }).start();
  world.createTopic('t', { replicas: 1 });
  const leader = world.leader('t');
  world.produce('t', values('a', 1));
  world.kill(leader, 'power');
  world.node(leader).start();
  world.until('it leads again', () => world.node(leader).isReady && world.leader('t') === leader);
  return lost(world);
}

/** A follower that lacks much comes back; the leader dies as soon as it is said to be in sync. */
function leaderDiesWhenFollowerJoins(bugs: readonly ReplicaBug[]): string[] {
  const settings = { 'replica.fetch.max.bytes': '1000', 'replica.fetch.response.max.bytes': '1000' };
  const world = new ReplicationWorld(13, { replicaBugs: new Set(bugs), settings }).start();
  world.createTopic('t', { assignments: [[0, 1]], settings: { 'min.insync.replicas': '1' } });
  world.kill(1);
  world.until('broker 0 is alone', () => world.partition('t').isr.join() === '0');
  for (const value of values('a', 60)) world.produce('t', [value.padEnd(600, '.')]);
  world.node(1).start();
  world.until('broker 1 is in sync', () => world.partition('t').isr.length === 2);
  world.kill(0);
  world.untilLedByAnother('t', 0);
  return lost(world);
}

/** The only follower dies; what the leader alone has is not shown to anybody. */
function seenWhileAlone(bugs: readonly ReplicaBug[]): string[] {
  const world = new ReplicationWorld(14, { replicaBugs: new Set(bugs) }).start();
  world.createTopic('t', { assignments: [[0, 1]], settings: { 'min.insync.replicas': '2' } });
  world.produce('t', values('a', 3));
  world.kill(1);
  world.until('broker 0 is alone', () => world.partition('t').isr.join() === '0');
  world.produce('t', values('b', 3), { acks: 1 });
  return world.scan('t');
}

/** A leader that dies has more than the next one, and is cut when it follows; it leads again, and its power goes. What a consumer finds then. */
function powerGoesAfterCut(seed: number, cutsUnsynced: boolean): string[] {
  const world = new ReplicationWorld(seed, { logBugs: { ...NO_LOG_BUGS, cutsUnsynced } }).start();
  world.createTopic('t', { assignments: [[0, 1]] });
  world.produce('t', values('a', 5));
  world.network.reaches = (from, to) => from !== addressOf(0) || to !== addressOf(1);
  world.produce('t', values('b', 4), { acks: 1 });
  world.kill(0);
  world.network.reaches = () => true;
  world.untilLedByAnother('t', 0);
  world.node(0).start();
  world.until('its log is cut', () => world.logOf(0, 't').length === 5);
  world.untilInSync('t');
  world.kill(1);
  world.untilLedByAnother('t', 1);
  world.kill(0, 'power');
  world.node(0).start();
  world.until('it leads again', () => world.node(0).isReady && world.leader('t') === 0);
  return world.scan('t');
}

/** Files differ, as in a roll that changes them: the controller's asks for two in sync, the brokers' for one. */
function leaderDiesAloneUnderOtherFiles(): string[] {
  const settingsOf = (id: number) => ({ 'min.insync.replicas': id === 2 ? '2' : '1' });
  const world = new ReplicationWorld(15, { controllers: [2], settingsOf }).start();
  world.createTopic('t', { assignments: [[0, 1]] });
  world.produce('t', values('a', 3));
  world.kill(1);
  world.until('broker 0 is alone', () => world.partition('t').isr.join() === '0');
  world.send('t', values('b', 3));
  world.world.runFor(2_000);
  world.kill(0);
  world.node(1).start();
  world.untilLedByAnother('t', 0);
  world.node(0).start();
  world.untilInSync('t');
  return lost(world);
}

describe('what was acknowledged to acks=all', () => {
  test('is on every replica in sync', () => {
    expect(leaderDiesBeforeFollowersHaveIt([])).toEqual([]);
    expect(leaderDiesBeforeFollowersHaveIt(['acks-before-isr'])).not.toEqual([]);
  });

  test('is synced on its leader (D2)', () => {
    expect(powerGoes([])).toEqual([]);
    expect(powerGoes(['counts-own-unsynced'])).not.toEqual([]);
  });

  test('is on whoever is elected, whatever min.insync.replicas in the files of nodes says (KIP-966)', () => {
    expect(leaderDiesAloneUnderOtherFiles()).toEqual([]);
  });

  test('is on a replica when it joins the ISR (R4)', () => {
    expect(leaderDiesWhenFollowerJoins([])).toEqual([]);
    expect(leaderDiesWhenFollowerJoins(['joins-early'])).not.toEqual([]);
  });
});

test('what a follower has cut does not come back when its power goes (D6)', () => {
  expect(powerGoesAfterCut(22, false)).toEqual(values('a', 5));
  // In every other world the cut gets to the disk all the same.
  const isBack = (seed: number): boolean => powerGoesAfterCut(seed, true).includes('b-0');
  expect([20, 21, 22, 23, 24, 25, 26, 27].some(isBack)).toBe(true);
});

describe('with fewer in sync than the minimum', () => {
  test('nothing is committed (R3)', () => {
    expect(seenWhileAlone([])).toEqual(values('a', 3));
    expect(seenWhileAlone(['watermark-past-min-isr'])).toEqual([...values('a', 3), ...values('b', 3)]);
  });

  test('acks=all waits until somebody comes back, and has lost nothing', () => {
    const world = new ReplicationWorld(15).start();
    world.createTopic('t', { assignments: [[0, 1]], settings: { 'min.insync.replicas': '2' } });
    world.produce('t', values('a', 3));
    world.send('t', values('b', 3));
    world.kill(1);
    world.until('broker 0 is alone', () => world.partition('t').isr.join() === '0');
    world.send('t', values('c', 3));
    world.world.runFor(5_000);
    expect(world.produced.acknowledged.size).toBeLessThan(9);
    world.node(1).start();
    world.until('all are acknowledged', () => world.produced.acknowledged.size === 9);
    world.untilInSync('t');
    expect(world.scan('t')).toEqual([...values('a', 3), ...values('b', 3), ...values('c', 3)]);
  });
});

describe('an ISR', () => {
  test('loses who hangs and has it back when it goes on', () => {
    const settings = { 'replica.lag.time.max.ms': '1000', 'broker.session.timeout.ms': '9000' };
    const world = new ReplicationWorld(16, { settings }).start();
    world.createTopic('t', { assignments: [[0, 1, 2]] });
    world.produce('t', values('a', 3));
    world.node(2).pause(4_000);
    world.send('t', values('b', 3));
    world.until('broker 2 is out', () => world.partition('t').isr.join() === '0,1', 3_000);
    world.until('all are acknowledged', () => world.produced.acknowledged.size === 6, 500);
    world.untilInSync('t');
    world.untilSame('t');
  });
});

describe('records that are deleted', () => {
  test('are gone on all live replicas when that is answered', () => {
    const world = new ReplicationWorld(17).start();
    world.createTopic('t', { assignments: [[0, 1, 2]] });
    world.produce('t', values('a', 10));
    const answer = world.ask(0, ApiKey.DeleteRecords, {
      topics: [{ name: 't', partitions: [{ partitionIndex: 0, offset: 7 }] }],
      timeoutMs: 5_000,
    });
    expect(answer.topics[0]?.partitions[0]).toMatchObject({ errorCode: 0, lowWatermark: 7 });
    world.kill(0);
    world.untilLedByAnother('t', 0);
    world.until('it serves', () => world.partition('t').leader !== -1);
    expect(world.scan('t')).toEqual(values('a', 10).slice(7));
  });
});

describe('durability that is switched under replicas (D3)', () => {
  test('counts from an epoch that every member has synced', () => {
    const world = new ReplicationWorld(18).start();
    world.createTopic('t', { assignments: [[0, 1, 2]], settings: { 'weir.durability': 'replicated' } });
    world.produce('t', values('a', 10));
    expect(world.partition('t').durableFromEpoch).toBe(-1);
    const set = { name: 'weir.durability', configOperation: 0, value: 'fsync' };
    world.ask('any', ApiKey.IncrementalAlterConfigs, {
      resources: [{ resourceType: 2, resourceName: 't', configs: [set] }],
      validateOnly: false,
    });
    world.until('it counts as durable', () => world.partition('t').durableFromEpoch >= 0);
    for (const id of [0, 1, 2]) world.kill(id, 'power');
    for (const id of [0, 1, 2]) world.node(id).start();
    world.until('it is led again', () => world.nodes.every(({ isReady }) => isReady) && world.leader('t') !== -1);
    expect(world.scan('t')).toEqual(values('a', 10));
  });
});

describe('a consumer at a follower (KIP-392)', () => {
  test('finds what was acknowledged at once where the rack decides, since followers are told of it', () => {
    const settings = { 'replica.selector.class': 'org.apache.kafka.common.replica.RackAwareReplicaSelector' };
    const world = new ReplicationWorld(19, { settings }).start();
    world.createTopic('t', { assignments: [[0, 1, 2]] });
    world.produce('t', values('a', 10));
    world.world.runFor(20);
    for (const id of [1, 2]) {
      const limits = { partitionMaxBytes: 1_000_000, currentLeaderEpoch: world.partition('t').leaderEpoch };
      const answer = world.ask(id, ApiKey.Fetch, {
        ...{ maxWaitMs: 0, minBytes: 1, maxBytes: 1_000_000, rackId: 'r', forgottenTopicsData: [] },
        topics: [{ topic: 't', partitions: [{ partition: 0, fetchOffset: 0, ...limits }] }],
      });
      const partition = answer.responses[0]?.partitions[0];
      expect(partition).toMatchObject({ errorCode: 0, highWatermark: 10, preferredReadReplica: -1 });
      expect(partition?.records?.length).toBeGreaterThan(0);
    }
  });
});
