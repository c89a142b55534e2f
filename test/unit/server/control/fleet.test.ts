import { describe, expect, test } from '@jest/globals';
import { brokerId } from '../../../../broker/core/base/ids.ts';
import { ErrorCode } from '../../../../broker/core/protocol/errors.ts';
import type { PartitionView } from '../../../../broker/core/metadata/view.ts';
import type { MoveName, MoveResponse, UnaryCalls } from '../../../../broker/ports/control-net.ts';
import { newTopic } from '../../../support/metadata/lab.ts';
import { QuorumWorld } from '../../../support/metadata/quorum-world.ts';

const MOVING_MAX = 20;

/** Three controllers and four brokers; topics of three replicas each on the first three. */
class Scene {
  readonly world: QuorumWorld;

  constructor(seed: number, partitionCount: number, settings: Readonly<Record<string, string>> = {}) {
    this.world = new QuorumWorld(seed, { controllers: [0, 1, 2], brokers: [0, 1, 2, 3], settings });
    this.world.startAll();
    this.world.untilReady();
    this.world.isFormed = true;
    const assignments = Array.from({ length: partitionCount }, (_, index) => ({
      partitionIndex: index,
      brokerIds: [index % 3, (index + 1) % 3, (index + 2) % 3],
    }));
    const configs = [{ name: 'min.insync.replicas', value: '2' }];
    const topic = newTopic('t', { partitionCount: -1, replicationFactor: -1, assignments, configs });
    const created = this.world.submit(0, { kind: 'createTopics', topics: [topic], validateOnly: false });
    expect(created).toMatchObject({ topics: [{ errorCode: ErrorCode.NONE }] });
  }

  get partitions(): readonly PartitionView[] {
    return this.#view.topicByName('t')?.partitions ?? [];
  }

  get #view() {
    const [some] = [...this.world.members.values()].flatMap(({ plane }) => plane ?? []);
    if (some === undefined) throw new Error('nobody runs');
    return some.view;
  }

  get moving(): readonly PartitionView[] {
    return this.partitions.filter(
      ({ addingReplicas, removingReplicas }) => addingReplicas.length + removingReplicas.length > 0,
    );
  }

  /** What controllers have said in such words. */
  said(words: string): readonly string[] {
    return [...this.world.members.values()].flatMap(({ lines }) => lines.filter((line) => line.includes(words)));
  }

  on(id: number): number {
    return this.partitions.filter(({ replicas }) => replicas.includes(brokerId(id))).length;
  }

  /** Asks the active controller. */
  ask<N extends MoveName>(name: N, request: UnaryCalls[N]['request']): MoveResponse {
    return this.world.ask(this.world.leader(), name, request);
  }

  /** Somebody moves a partition by hand. */
  move(index: number, replicas: readonly number[]): void {
    const partitions = [{ topic: 't', index, replicas }];
    const command = { kind: 'alterReassignments', partitions, allowReplicationFactorChange: true } as const;
    expect(this.world.submit(0, command)).toMatchObject({ partitions: [{ errorCode: ErrorCode.NONE }] });
  }

  /** The leader of a partition says who is in sync beside it. */
  inSync(index: number, others: readonly number[]): void {
    const view = this.#view;
    const partition = this.partitions[index];
    if (partition === undefined) throw new Error('no such partition');
    const { leader, leaderEpoch, partitionEpoch } = partition;
    const epochOf = (id: number): number => view.broker(brokerId(id))?.epoch ?? -1;
    const isr = [leader, ...others].map((id) => ({ brokerId: id, brokerEpoch: epochOf(id) }));
    const topicId = view.topicByName('t')?.id ?? '';
    const said = { topicId, index, leaderEpoch, partitionEpoch, isr };
    const command = {
      kind: 'alterPartition',
      brokerId: leader,
      brokerEpoch: epochOf(leader),
      partitions: [said],
    } as const;
    expect(this.world.submit(leader, command)).toMatchObject({ partitions: [{ errorCode: ErrorCode.NONE }] });
  }

  /** Followers catch up: leaders take in whoever comes. */
  catchUp(): void {
    const view = this.#view;
    const topicId = view.topicByName('t')?.id ?? '';
    for (const { index, leader, leaderEpoch, partitionEpoch, replicas } of this.moving) {
      if (leader === -1) continue;
      const epochOf = (id: number): number => view.broker(brokerId(id))?.epoch ?? -1;
      const isr = replicas.filter((id) => view.broker(id)?.fenced === false);
      this.world.submit(leader, {
        kind: 'alterPartition',
        brokerId: leader,
        brokerEpoch: epochOf(leader),
        partitions: [
          {
            topicId,
            index,
            leaderEpoch,
            partitionEpoch,
            isr: isr.map((id) => ({ brokerId: id, brokerEpoch: epochOf(id) })),
          },
        ],
      });
    }
  }
}

describe('a drain', () => {
  test('moves everything off a broker, few at a time, and tells how far it is', () => {
    const scene = new Scene(1, 30);
    const { waitingCount: waiting, movingCount: moving } = scene.ask('Fleet.Drain', { brokerId: 1 });
    expect(waiting + moving).toBe(30);
    for (let round = 0; round < 20 && scene.on(1) > 0; round += 1) {
      scene.world.world.runFor(1000);
      expect(scene.moving.length).toBeLessThanOrEqual(MOVING_MAX);
      const { waitingCount, movingCount } = scene.ask('Fleet.Drain', { brokerId: 1 });
      expect(waitingCount + movingCount).toBe(scene.on(1));
      scene.catchUp();
    }
    expect([scene.on(1), scene.on(3), scene.moving]).toEqual([0, 30, []]);
    expect(scene.ask('Fleet.Drain', { brokerId: 1 })).toMatchObject({ waitingCount: 0, movingCount: 0, obstacles: [] });
  });

  test('goes on under the next controller without being asked', () => {
    const scene = new Scene(2, 30);
    scene.ask('Fleet.Drain', { brokerId: 1 });
    scene.world.world.runFor(1000);
    expect(scene.on(1)).toBe(30);
    const dead = scene.world.leader();
    scene.world.kill(dead);
    scene.world.until('another leads', () => scene.world.leader() !== dead && scene.world.leader() !== -1);
    scene.world.start(dead);
    scene.world.untilReady();
    for (let round = 0; round < 20 && scene.on(1) > 0; round += 1) {
      scene.world.world.runFor(1000);
      scene.catchUp();
    }
    expect(scene.on(1)).toBe(0);
  });

  test('says why it can not go on: nobody is there to take what is moved', () => {
    const scene = new Scene(3, 3);
    scene.ask('Fleet.Cordon', { brokerId: 3, cordoned: true });
    const { waitingCount, obstacles } = scene.ask('Fleet.Drain', { brokerId: 1 });
    expect(waitingCount).toBe(3);
    expect(obstacles).not.toEqual([]);
    scene.world.world.runFor(2000);
    expect(scene.moving).toEqual([]);
    scene.ask('Fleet.Cordon', { brokerId: 3, cordoned: false });
    scene.world.world.runFor(2000);
    expect(scene.moving).toHaveLength(3);
  });

  test('goes on when somebody makes room by hand', () => {
    const scene = new Scene(10, 2);
    scene.ask('Fleet.Cordon', { brokerId: 3, cordoned: true });
    scene.ask('Fleet.Drain', { brokerId: 1 });
    scene.world.world.runFor(2000);
    expect(scene.on(1)).toBe(2);
    // One replica less: broker 2 can take the place of broker 1 now.
    scene.move(0, [0, 1]);
    for (let round = 0; round < 5; round += 1) {
      scene.world.world.runFor(1000);
      scene.catchUp();
    }
    expect(scene.partitions.map(({ replicas }) => [...replicas].sort())).toEqual([
      [0, 2],
      [0, 1, 2],
    ]);
  });

  test('that was none leaves moves by hand alone when it is ended', () => {
    const scene = new Scene(11, 1);
    scene.move(0, [0, 2, 3]);
    expect(scene.ask('Fleet.Undrain', { brokerId: 1 })).toMatchObject({ errorCode: 0 });
    scene.catchUp();
    expect(scene.partitions[0]?.replicas).toEqual([0, 2, 3]);
  });

  test('that is ended calls back what is under way', () => {
    const scene = new Scene(4, 5);
    scene.ask('Fleet.Drain', { brokerId: 1 });
    scene.world.world.runFor(1000);
    expect(scene.moving).toHaveLength(5);
    expect(scene.ask('Fleet.Undrain', { brokerId: 1 })).toMatchObject({ errorCode: 0 });
    scene.world.world.runFor(2000);
    expect([scene.moving, scene.on(1), scene.on(3)]).toEqual([[], 5, 0]);
  });

  test('that is ended tells what can not be called back, and goes on: too few would be left that have everything', () => {
    const scene = new Scene(18, 3);
    scene.ask('Fleet.Drain', { brokerId: 1 });
    scene.world.world.runFor(1000);
    expect(scene.moving).toHaveLength(3);
    scene.inSync(0, [3]);
    expect(scene.ask('Fleet.Undrain', { brokerId: 1 })).toMatchObject({
      errorCode: 0,
      waitingCount: 0,
      movingCount: 1,
      obstacles: [expect.stringMatching(/^t-0 goes on moving off broker 1: ./)],
    });
    scene.world.world.runFor(1000);
    expect(scene.moving.map(({ index }) => index)).toEqual([0]);
    expect(scene.ask('Fleet.Undrain', { brokerId: 1 })).toMatchObject({ errorCode: 0, movingCount: 0, obstacles: [] });
  });

  test('that is ended leaves alone what somebody moves besides', () => {
    const scene = new Scene(12, 2);
    // Broker 1 stays, broker 0 goes.
    scene.move(1, [1, 2, 3]);
    scene.ask('Fleet.Drain', { brokerId: 1 });
    scene.world.world.runFor(1000);
    expect(scene.moving).toHaveLength(2);
    scene.ask('Fleet.Undrain', { brokerId: 1 });
    scene.world.world.runFor(1000);
    scene.catchUp();
    scene.world.world.runFor(1000);
    expect(scene.partitions.map(({ replicas }) => [...replicas].sort())).toEqual([
      [0, 1, 2],
      [1, 2, 3],
    ]);
  });

  test('is planned anew when a broker takes nothing more', () => {
    const scene = new Scene(13, 30);
    const refused = (): number => scene.said('a move is refused').length;
    scene.ask('Fleet.Drain', { brokerId: 1 });
    scene.world.world.runFor(1000);
    // The rest is planned, and waits for these.
    expect(scene.moving).toHaveLength(MOVING_MAX);
    scene.ask('Fleet.Cordon', { brokerId: 3, cordoned: true });
    scene.catchUp();
    scene.world.world.runFor(2000);
    expect([scene.on(1), scene.on(3), refused()]).toEqual([10, MOVING_MAX, 0]);
  });

  test('leaves a partition alone that somebody has given other replicas since it was planned', () => {
    const scene = new Scene(14, 30);
    scene.ask('Fleet.Drain', { brokerId: 1 });
    scene.world.world.runFor(1000);
    const waiting = scene.partitions.find(({ removingReplicas }) => removingReplicas.length === 0)?.index ?? -1;
    scene.move(waiting, [0, 2]);
    for (let round = 0; round < 10; round += 1) {
      scene.world.world.runFor(1000);
      scene.catchUp();
    }
    expect(scene.partitions[waiting]?.replicas).toEqual([0, 2]);
    expect([scene.on(1), scene.on(3)]).toEqual([0, 29]);
  });

  test('is not ended by a cordon that is', () => {
    const scene = new Scene(15, 30);
    scene.ask('Fleet.Drain', { brokerId: 1 });
    scene.ask('Fleet.Cordon', { brokerId: 1, cordoned: false });
    for (let round = 0; round < 10; round += 1) {
      scene.world.world.runFor(1000);
      scene.catchUp();
    }
    expect(scene.on(1)).toBe(0);
  });

  test('of a broker that nobody knows is refused', () => {
    const scene = new Scene(5, 1);
    expect(scene.ask('Fleet.Drain', { brokerId: 9 })).toMatchObject({ errorCode: ErrorCode.BROKER_ID_NOT_REGISTERED });
  });
});

test('a rebalance after a broker came gives it its part, with the least moves', () => {
  const scene = new Scene(6, 12);
  expect(scene.on(3)).toBe(0);
  const first = scene.ask('Fleet.Rebalance', {});
  expect(first.waitingCount).toBeGreaterThanOrEqual(9);
  for (let round = 0; round < 20; round += 1) {
    scene.world.world.runFor(1000);
    scene.catchUp();
  }
  expect([0, 1, 2, 3].map((id) => scene.on(id))).toEqual([9, 9, 9, 9]);
  expect(scene.ask('Fleet.Rebalance', {})).toMatchObject({ waitingCount: 0, movingCount: 0 });
});

test('who is not the active controller names it', () => {
  const scene = new Scene(7, 1);
  const leader = scene.world.leader();
  const other = [0, 1, 2].find((id) => id !== leader) ?? -1;
  expect(scene.world.ask(other, 'Fleet.Drain', { brokerId: 1 })).toMatchObject({
    errorCode: ErrorCode.NOT_CONTROLLER,
    controller: { id: leader },
  });
  expect(scene.world.ask(other, 'Fleet.CanRestart', { nodeId: 1, host: null, losingDisk: false }).reasons).toHaveLength(
    1,
  );
});

test('a node may be restarted while its partitions and the quorum can do without it', () => {
  const scene = new Scene(8, 3);
  scene.world.world.runFor(1000);
  const can = (nodeId: number) =>
    scene.world.ask(scene.world.leader(), 'Fleet.CanRestart', { nodeId, host: null, losingDisk: false }).reasons;
  for (const id of [0, 1, 2, 3]) expect(can(id)).toEqual([]);
  expect(can(9)).toEqual(['no node 9 is known']);
  const dead = [0, 1, 2].find((id) => id !== scene.world.leader()) ?? -1;
  scene.world.kill(dead);
  scene.world.world.runFor(5000);
  expect(can(dead)).toEqual([]);
  expect(can(3)).toEqual([]);
  for (const id of [0, 1, 2]) {
    if (id === dead) continue;
    expect(can(id)).toContainEqual(expect.stringMatching(/^without node \d the quorum has no majority/));
    expect(can(id)).toContainEqual(expect.stringMatching(/^t-\d would have 1 in-sync replica and needs 2/));
  }
});

test('a node may lose its disk while its partitions and the quorum can do without it, which a lone voter’s can not', () => {
  const scene = new Scene(16, 3);
  scene.world.world.runFor(1000);
  const can = (nodeId: number) =>
    scene.world.ask(scene.world.leader(), 'Fleet.CanRestart', { nodeId, host: null, losingDisk: true });
  for (const id of [0, 1, 2, 3]) expect(can(id)).toEqual({ reasons: [], losingDisk: true });
  const dead = [0, 1, 2].find((id) => id !== scene.world.leader()) ?? -1;
  scene.world.kill(dead);
  scene.world.world.runFor(5000);
  expect(can(dead).reasons).toEqual([]);
  for (const id of [0, 1, 2]) {
    if (id === dead) continue;
    expect(can(id).reasons).toContainEqual(expect.stringMatching(/^without node \d the quorum has no majority/));
    expect(can(id).reasons).toContainEqual(expect.stringMatching(/^t-\d would have 1 in-sync replica and needs 2/));
  }
  const alone = new QuorumWorld(17, { controllers: [0], brokers: [0], settings: {} });
  alone.startAll();
  alone.untilReady();
  const ask = (losingDisk: boolean) => alone.ask(0, 'Fleet.CanRestart', { nodeId: 0, host: null, losingDisk });
  expect(ask(false).reasons).toEqual([]);
  expect(ask(true).reasons).toEqual(['node 0 is the only voter']);
});

test('all nodes of a host are asked about at once', () => {
  const scene = new Scene(9, 3, { 'weir.host': 'laptop', 'weir.placement.host.relaxed': 'true' });
  const ask = (host: string) =>
    scene.world.ask(scene.world.leader(), 'Fleet.CanRestart', { nodeId: -1, host, losingDisk: false }).reasons;
  expect(ask('elsewhere')).toEqual(['no node says that it runs on host elsewhere']);
  expect(ask('laptop')).toContainEqual('t-0 would have no replica left that may lead');
});

test('controllers of their own count on the host that they run on', () => {
  const settings = { 'weir.host': 'laptop', 'weir.placement.host.relaxed': 'true' };
  const world = new QuorumWorld(18, { controllers: [1000, 1001, 1002], brokers: [0, 1], settings });
  world.startAll();
  world.untilReady();
  world.world.runFor(1000);
  const { reasons } = world.ask(world.leader(), 'Fleet.CanRestart', { nodeId: -1, host: 'laptop', losingDisk: false });
  expect(reasons).toEqual(['without node 0, 1, 1000, 1001, 1002 the quorum has no majority: only 0 voters are left']);
});

test('a node says what its broker holds and has done, in which of its lives, and nothing while nobody tells', () => {
  const { world } = new Scene(3, 1);
  const told = {
    atMs: 1,
    busyMs: 2,
    receivedBytes: 3,
    sentBytes: 4,
    logBytes: 5,
    diskBytes: 6,
    shareSessions: 7,
    shareSessionsMax: 8,
  };
  const { running } = world.member(1);
  running.setHealth({ ready: () => [], metrics: () => [], diskStalledMs: () => 0, load: () => told });
  expect(world.ask(1, 'Fleet.Load', {})).toEqual({ ...told, brokerEpoch: running.brokerEpoch });
  expect(running.brokerEpoch).toBeGreaterThan(0);
  running.setHealth({ ready: () => [], metrics: () => [], diskStalledMs: () => 0, load: () => null });
  expect(() => world.ask(1, 'Fleet.Load', {})).toThrow('no broker of this node tells what it does');
});

describe('where clients are told to find a broker', () => {
  const LB = { listener: 'PLAINTEXT', host: '203.0.113.7', port: 31_092 };
  const endpoints = [LB];
  /** What each member that runs tells of broker 3. */
  const told = (world: QuorumWorld): readonly unknown[] =>
    [...world.members.values()].flatMap(({ plane }) =>
      plane === null
        ? []
        : [plane.view.broker(brokerId(3))?.endpoints.find(({ listener }) => listener === LB.listener)],
    );
  const everywhere = (world: QuorumWorld): void =>
    world.until('all tell it', () => told(world).every((one) => JSON.stringify(one) === JSON.stringify(LB)));

  test('is known to every broker without a restart, and to the next controller, and stays when the broker starts anew', () => {
    const { world } = new Scene(31, 1);
    const leader = world.leader();
    expect(world.ask(leader, 'Fleet.SetAdvertised', { brokerId: 3, endpoints })).toEqual({
      errorCode: ErrorCode.NONE,
      errorMessage: null,
      controller: null,
    });
    everywhere(world);
    world.kill(leader);
    world.until('another leads', () => ![-1, leader].includes(world.leader()));
    world.kill(3);
    world.startAll([leader, 3]);
    world.untilReady();
    everywhere(world);
    expect(told(world)).toHaveLength(4);
    expect(world.ask(world.leader(), 'Fleet.SetAdvertised', { brokerId: 3, endpoints: [] })).toMatchObject({
      errorCode: 0,
    });
    world.until('all tell what it says itself', () =>
      told(world).every((one) => JSON.stringify(one) !== JSON.stringify(LB)),
    );
  });

  test('is for the active controller to decide: others say who that is', () => {
    const { world } = new Scene(32, 1);
    const leader = world.leader();
    const answer = world.ask((leader + 1) % 3, 'Fleet.SetAdvertised', { brokerId: 3, endpoints });
    expect(answer).toMatchObject({ errorCode: ErrorCode.NOT_CONTROLLER, controller: { id: leader } });
    const refused = world.ask(leader, 'Fleet.SetAdvertised', { brokerId: 9, endpoints });
    expect(refused).toMatchObject({
      errorCode: ErrorCode.BROKER_ID_NOT_REGISTERED,
      errorMessage: 'no broker 9 is registered',
    });
  });

  test('is for the operator alone to say: a node is refused, whichever broker it is about (B3)', () => {
    const { world } = new Scene(33, 1);
    for (const id of [0, 3]) {
      const outcome = world.submit(id, { kind: 'setAdvertised', brokerId: 3, endpoints });
      expect(outcome).toMatchObject({ errorCode: ErrorCode.CLUSTER_AUTHORIZATION_FAILED });
    }
    expect(told(world)).not.toContainEqual(LB);
  });
});

describe('an assessment of all topics', () => {
  test('is given by the active controller, of what it has; others say who that is', () => {
    const { world } = new Scene(41, 3, { 'min.insync.replicas': '2' });
    const leader = world.leader();
    const nobody = { count: 0, examples: [] };
    const well = world.ask(leader, 'Fleet.AssessTopics', { examplesMax: 5 });
    expect(well).toEqual({
      errorCode: 0,
      errorMessage: null,
      controller: null,
      topicCount: 1,
      partitionCount: 3,
      leaderless: nobody,
      damaged: nobody,
      underMinIsr: nobody,
      underReplicated: nobody,
      thin: nobody,
    });
    const elsewhere = world.ask((leader + 1) % 3, 'Fleet.AssessTopics', { examplesMax: 5 });
    expect(elsewhere).toMatchObject({ errorCode: ErrorCode.NOT_CONTROLLER, controller: { id: leader }, topicCount: 0 });
    const dead = (leader + 2) % 3;
    world.kill(dead);
    const lagging = { count: 3, examples: ['t-0', 't-1', 't-2'] };
    world.until('it is out of the ISRs', () => {
      const { underReplicated } = world.ask(world.leader(), 'Fleet.AssessTopics', { examplesMax: 5 });
      return underReplicated.count === lagging.count;
    });
    const answer = world.ask(world.leader(), 'Fleet.AssessTopics', { examplesMax: 5 });
    expect(answer).toMatchObject({ leaderless: nobody, underMinIsr: nobody, underReplicated: lagging });
    expect(world.ask(world.leader(), 'Fleet.AssessTopics', { examplesMax: 1 }).underReplicated).toEqual({
      count: 3,
      examples: ['t-0'],
    });
  });
});
