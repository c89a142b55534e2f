import { describe, expect, test } from '@jest/globals';
import { brokerId } from '../../../../broker/core/base/ids.ts';
import { ApiKey } from '../../../../broker/core/protocol/apis.ts';
import { ReplicationWorld } from '../../../support/replication/replication-world.ts';

const SETTINGS = { 'min.insync.replicas': '2' };
const PARTITIONS = [0, 1, 2, 3, 4, 5];

/** Four brokers and a topic on the first three of them, under load. */
class Scene {
  readonly world: ReplicationWorld;
  #sent = 0;

  constructor(seed: number) {
    this.world = new ReplicationWorld(seed, { size: 4, controllers: [0, 1, 2] }).start();
    const assignments = PARTITIONS.map((index) => [index % 3, (index + 1) % 3, (index + 2) % 3]);
    this.world.createTopic('t', { assignments, settings: SETTINGS });
  }

  /** Lets time pass under load until something is done. */
  until(what: string, isDone: () => boolean): void {
    for (let round = 0; round < 3000; round += 1) {
      if (round % 20 === 0 && isDone()) return;
      this.world.send('t', [`r${this.#sent}`], { partition: this.#sent % PARTITIONS.length });
      this.#sent += 1;
      this.world.world.runFor(20);
    }
    throw new Error(`not in a minute: ${what}`);
  }

  /** Replicas by broker. */
  get loads(): readonly number[] {
    const all = PARTITIONS.map((index) => this.world.partition('t', index).replicas);
    return [0, 1, 2, 3].map((id) => all.filter((replicas) => replicas.includes(brokerId(id))).length);
  }

  /** Nothing was refused, and everything that was acknowledged is there, everywhere. */
  judge(): void {
    const { world } = this;
    world.until('all are acknowledged', () => world.produced.acknowledged.size === this.#sent);
    expect(world.produced.failed.size).toBe(0);
    world.untilInSync('t');
    for (const index of PARTITIONS) world.untilSame('t', index);
    expect(new Set(world.scan('t')).size).toBe(this.#sent);
  }
}

const isDone = ({ waitingCount, movingCount }: { readonly waitingCount: number; readonly movingCount: number }) =>
  waitingCount + movingCount === 0;

describe('under load', () => {
  test('a broker is drained and stopped, and nothing is lost or refused', () => {
    const scene = new Scene(1);
    const { world } = scene;
    scene.until('the drain is done', () => isDone(world.askFleet('Fleet.Drain', { brokerId: 1 })));
    expect(scene.loads).toEqual([6, 0, 6, 6]);
    world.until('its files are gone', () => PARTITIONS.every((index) => world.logOf(1, 't', index).length === 0));
    expect(world.askFleet('Fleet.CanRestart', { nodeId: 1, host: null, losingDisk: false }).reasons).toEqual([]);
    let isStopped = false;
    world.node(1).stop(() => (isStopped = true));
    scene.until('it has stopped', () => isStopped);
    scene.judge();
  });

  test('a broker that came gets its part', () => {
    const scene = new Scene(2);
    scene.until('the rebalance is done', () => isDone(scene.world.askFleet('Fleet.Rebalance', {})));
    expect(Math.max(...scene.loads) - Math.min(...scene.loads)).toBeLessThanOrEqual(1);
    const firsts = PARTITIONS.map((index) => scene.world.partition('t', index).replicas[0]);
    expect(Math.max(...[0, 1, 2, 3].map((id) => firsts.filter((first) => first === id).length))).toBe(2);
    scene.world.until('first replicas lead', () =>
      PARTITIONS.every((index) => scene.world.leader('t', index) === scene.world.partition('t', index).replicas[0]),
    );
    scene.judge();
  });

  test('a drain goes on when the active controller dies', () => {
    const scene = new Scene(3);
    const { world } = scene;
    world.askFleet('Fleet.Drain', { brokerId: 3 });
    world.askFleet('Fleet.Rebalance', {});
    const { waitingCount } = world.askFleet('Fleet.Drain', { brokerId: 1 });
    expect(waitingCount).toBeGreaterThanOrEqual(0);
    world.askFleet('Fleet.Undrain', { brokerId: 3 });
    const active = world.node(0).view?.controllerId ?? 0;
    world.kill(active);
    world.until('another is active', () => {
      const id = world.nodes.find(({ isReady }) => isReady)?.view?.controllerId ?? active;
      return id !== active && id !== -1;
    });
    world.node(active).start();
    scene.until('all serve', () => world.nodes.every(({ isReady }) => isReady));
    scene.until('broker 1 is empty', () => scene.loads[1] === 0);
    scene.judge();
  });
});

test.each([
  ['leader', 0],
  ['follower', 1],
] as const)('the %s of a partition that moves keeps to its rate, whatever the other may do', (side, id) => {
  const settings = { 'replica.fetch.max.bytes': '1000' };
  const world = new ReplicationWorld(5, { size: 2, controllers: [0], settings }).start();
  const throttled = { [`${side}.replication.throttled.replicas`]: '*', 'min.insync.replicas': '1' };
  world.createTopic('t', { assignments: [[0]], settings: throttled });
  for (let n = 0; n < 10; n += 1) world.produce('t', [String(n).repeat(1000)]);
  const rate = { name: `${side}.replication.throttled.rate`, operation: 'set', value: '1000' } as const;
  const resources = [{ scope: 'broker', name: String(id), operations: [rate] }] as const;
  world.submit({ kind: 'alterConfigs', resources, validateOnly: false });
  const asked = { resourceType: 4, resourceName: String(id), configurationKeys: [rate.name] };
  const [told] = world.ask(id, ApiKey.DescribeConfigs, { resources: [asked] }).results;
  expect(told?.configs).toMatchObject([{ name: rate.name, value: '1000', configSource: 2 }]);
  const fromMs = world.world.nowMs;
  const partitions = [{ topic: 't', index: 0, replicas: [0, 1] }];
  world.submit({ kind: 'alterReassignments', partitions, allowReplicationFactorChange: true });
  world.until('it is there', () => world.partition('t').isr.length === 2);
  // The first second's worth comes at once.
  expect(world.world.nowMs - fromMs).toBeGreaterThan(8000);
  expect(world.world.nowMs - fromMs).toBeLessThan(14_000);
});

const GROUPS = '__consumer_offsets';

/** Brokers of which the first is the only controller; offsets of groups are on some of them. */
class Offsets {
  readonly world: ReplicationWorld;
  #offset = 0;

  constructor(seed: number, size: number, replicas: readonly number[]) {
    const settings = { 'offsets.topic.num.partitions': '1' };
    this.world = new ReplicationWorld(seed, { size, controllers: [0], settings }).start();
    this.world.createTopic('t', { assignments: [[0]] });
    this.world.createTopic(GROUPS, { assignments: [replicas], settings: SETTINGS });
    this.world.until('a group commits', () => this.commit() === 0);
  }

  /** Commits a further offset; Kafka's error. */
  commit(): number {
    this.#offset += 1;
    const partitions = [{ partitionIndex: 0, committedOffset: this.#offset, committedMetadata: '' }];
    const topicId = this.world.node(0).view?.topicByName('t')?.id ?? '';
    const topics = [{ name: 't', topicId, partitions }];
    const answer = this.world.ask(this.world.leader(GROUPS), ApiKey.OffsetCommit, { groupId: 'g', topics });
    return answer.topics[0]?.partitions[0]?.errorCode ?? -1;
  }

  get minIsr(): string | undefined {
    return this.world.node(0).view?.configOverrides('topic', GROUPS).get('min.insync.replicas');
  }

  get partition() {
    return this.world.partition(GROUPS, 0);
  }

  /** Brokers come that a topic with one copy gets two more on, while they are too busy to copy anything. */
  grows(): void {
    const { world } = this;
    for (const id of [1, 2]) world.node(id).pause(1_500);
    world.askFleet('Fleet.Rebalance', {});
    world.until('copies are made', () => this.partition.replicas.length === 3);
    expect(this.partition.isr).toEqual([0]);
    expect(this.commit()).toBe(0);
    expect([this.partition.isr, this.minIsr]).toEqual([[0], undefined]);
    world.until('the rebalance is done', () => isDone(world.askFleet('Fleet.Rebalance', {})));
    world.until('two have to be in sync', () => this.minIsr === '2');
    expect(this.partition.isr.length).toBe(3);
    // Its first replica leads by then, or will soon.
    world.until('a group commits', () => this.commit() === 0);
  }
}

describe('offsets of groups with min.insync.replicas=2', () => {
  test('are committed on while they grow from one copy to three', () => {
    new Offsets(4, 3, [0]).grows();
  });

  test('are committed on when a drain leaves one broker, and when others come again', () => {
    const offsets = new Offsets(5, 3, [0, 1]);
    const { world } = offsets;
    for (const brokerId of [1, 2])
      world.until('the drain is done', () => isDone(world.askFleet('Fleet.Drain', { brokerId })));
    world.until('one copy is left', () => offsets.partition.replicas.length === 1);
    world.until('a group commits', () => offsets.commit() === 0);
    expect([offsets.partition.replicas, offsets.minIsr]).toEqual([[0], '2']);
    for (const brokerId of [1, 2]) world.askFleet('Fleet.Undrain', { brokerId });
    offsets.grows();
  });
});
