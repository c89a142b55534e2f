import { describe, expect, test } from '@jest/globals';
import { ErrorCode } from '../../../../broker/core/protocol/errors.ts';
import type { MetricSample } from '../../../../broker/ports/metrics.ts';
import { CALM } from '../../../sim/control-net.ts';
import { creation } from '../../../support/metadata/control-world.ts';
import { directoryOf, QuorumWorld } from '../../../support/metadata/quorum-world.ts';

function formed(seed: number, options: Partial<ConstructorParameters<typeof QuorumWorld>[1]> = {}): QuorumWorld {
  const world = new QuorumWorld(seed, { controllers: [0, 1, 2], ...options });
  world.startAll();
  world.untilReady();
  world.isFormed = true;
  return world;
}

describe('three controllers that are brokers too', () => {
  test('form one cluster, and everybody is let in, in less than a second', () => {
    const world = formed(1);
    expect(world.world.nowMs).toBeLessThan(1000);
    expect(world.quorum(0).voters.map(({ replica }) => replica)).toEqual(
      [0, 1, 2].map((id) => ({ id, directoryId: directoryOf(id) })),
    );
    for (const { running } of world.members.values())
      expect(running.view.brokers().map(({ id, fenced }) => [id, fenced])).toEqual([
        [0, false],
        [1, false],
        [2, false],
      ]);
  });

  test('a command on any of them is carried out, and who asked sees it (read-your-writes)', () => {
    const world = formed(2);
    for (const id of [0, 1, 2]) {
      expect(world.submit(id, creation(`t${id}`, 3))).toMatchObject({ topics: [{ errorCode: 0 }] });
      expect(world.member(id).running.view.topicByName(`t${id}`)?.partitions).toHaveLength(3);
    }
    world.world.runFor(500);
    const views = [0, 1, 2].map((id) =>
      world
        .member(id)
        .running.view.topics()
        .map(({ name }) => name),
    );
    expect(views).toEqual([
      ['t0', 't1', 't2'],
      ['t0', 't1', 't2'],
      ['t0', 't1', 't2'],
    ]);
  });

  test('whichever way the others notice the death of a leader, its partitions move within 300 ms (F4)', () => {
    const tookMs = Array.from({ length: 32 }, (_, seed) => {
      const world = formed(100 + seed);
      world.world.runFor(300 + world.world.prng.below(500));
      const dead = world.leader();
      const asked = dead === 0 ? 1 : 0;
      const diedAtMs = world.world.nowMs;
      // One of them hears of it long before the other.
      world.net.weather = { ...CALM, delayMaxMs: 10 };
      world.kill(dead);
      world.until('the dead broker is out', () =>
        world
          .member(asked)
          .running.view.brokers()
          .some(({ id, fenced }) => id === dead && fenced),
      );
      return world.world.nowMs - diedAtMs;
    });
    expect(Math.max(...tookMs)).toBeLessThan(300);
  });

  test('when the leader dies another leads within half a second, the dead broker is out, nothing is lost', () => {
    const world = formed(3);
    world.submit(0, creation('before', 6));
    world.world.runFor(500);
    const dead = world.leader();
    const others = [0, 1, 2].filter((id) => id !== dead);
    const diedAtMs = world.world.nowMs;
    world.kill(dead);
    const asked = others[0] ?? 0;
    world.until('the dead broker is out', () =>
      world
        .member(asked)
        .running.view.brokers()
        .some(({ id, fenced }) => id === dead && fenced),
    );
    expect(world.world.nowMs - diedAtMs).toBeLessThan(500);
    expect(world.submit(asked, creation('after'))).toMatchObject({ topics: [{ errorCode: 0 }] });
    expect(world.member(asked).running.view.topicByName('before')?.partitions).toHaveLength(6);
    world.start(dead);
    world.until('it is back in', () => world.member(dead).unfenced === null);
    expect(world.member(dead).running.view.topicByName('after')).not.toBeNull();
  });

  test('a follower that was away for long follows again as soon as it is heard, whatever the others waited for', () => {
    const tookMs = Array.from({ length: 12 }, (_, seed) => {
      const world = formed(300 + seed);
      const id = [0, 1, 2].find((one) => one !== world.leader()) ?? 0;
      world.kill(id);
      world.world.runFor(20_000 + 83 * seed);
      const startMs = world.world.nowMs;
      const member = world.start(id);
      world.until('it is let in', () => member.unfenced === null);
      return world.world.nowMs - startMs;
    });
    expect(Math.max(...tookMs)).toBeLessThan(500);
  });

  test('no broker is taken out by a heartbeat that was on its way when it was let in', () => {
    for (let seed = 200; seed < 206; seed += 1) {
      const world = formed(seed, { settings: { 'broker.heartbeat.interval.ms': '10' } });
      world.world.runFor(500);
      const lines = [...world.members.values()].flatMap((member) => member.lines);
      expect(lines.filter((line) => line.includes('taken out'))).toEqual([]);
    }
  });

  test('a leader that stops hands over first: nobody waits for a time-out', () => {
    const world = formed(4);
    const leader = world.leader();
    const other = leader === 0 ? 1 : 0;
    const atMs = world.world.nowMs;
    world.wait<null>((done) => world.member(leader).running.shutdown(() => done(null)));
    world.kill(leader);
    expect(world.submit(other, creation('t'))).toMatchObject({ topics: [{ errorCode: 0 }] });
    expect(world.world.nowMs - atMs).toBeLessThan(500);
    expect(
      world
        .member(other)
        .running.view.brokers()
        .filter(({ fenced }) => fenced),
    ).toMatchObject([{ id: leader }]);
  });

  test('a follower that is cut off and comes back raises no term (Q3)', () => {
    const world = formed(5);
    const before = world.quorum(0);
    const away = [0, 1, 2].find((id) => id !== before.leaderId) ?? 0;
    world.isolate(away);
    world.world.runFor(10_000);
    world.isolate(away, false);
    world.world.runFor(5000);
    expect(world.quorum(0)).toMatchObject({ leaderId: before.leaderId, leaderEpoch: before.leaderEpoch });
    expect(
      world
        .member(away)
        .running.view.brokers()
        .every(({ fenced }) => !fenced),
    ).toBe(true);
  });

  test('a leader that is cut off answers nothing that is not true any more, and its commands are not lost or doubled', () => {
    const world = formed(6);
    const old = world.leader();
    world.isolate(old);
    const other = old === 0 ? 1 : 0;
    let outcome: unknown = null;
    world.member(old).running.submit(creation('cut-off'), 30_000, (found) => {
      outcome = found;
    });
    world.world.runFor(5000);
    expect(outcome).toBeNull();
    expect(world.submit(other, creation('t'))).toMatchObject({ topics: [{ errorCode: 0 }] });
    world.isolate(old, false);
    world.until('the cut off command is answered', () => outcome !== null);
    expect(outcome).toMatchObject({ topics: [{ errorCode: 0 }] });
    expect(world.member(old).running.view.topicByName('t')).not.toBeNull();
    expect(world.member(other).running.view.topicByName('cut-off')).not.toBeNull();
  });

  test('a leader that is cut off does not say that it leads, though it does not know better yet', () => {
    const world = formed(13);
    const old = world.leader();
    world.isolate(old);
    const response = world.wait<unknown>((done) => world.member(old).running.describeQuorum(3000, done));
    expect(response).toBeNull();
    world.isolate(old, false);
    world.until('it follows', () => world.leader() !== -1);
    expect(world.quorum(old)).toMatchObject({ isLeader: true, leaderId: world.leader() });
  });

  test('voters whose first snapshot has rotted know again who votes: they elect one of them (V10)', () => {
    const world = formed(16);
    world.submit(0, creation('before'));
    const leader = world.leader();
    for (const id of [0, 1, 2].filter((one) => one !== leader)) {
      const { disk } = world.member(id);
      world.kill(id);
      const path = disk.files().find((file) => file.path.endsWith('.checkpoint'))?.path ?? '';
      disk.poke(path, 30, Buffer.from([(disk.peek(path)?.[30] ?? 0) ^ 1]));
      world.start(id);
      world.until('it is let in', () => world.member(id).unfenced === null);
      expect(
        world
          .member(id)
          .lines.filter((line) => line.includes('error'))
          .join(),
      ).toMatch(/damaged/);
      world.world.runFor(2000);
    }
    world.kill(leader);
    const asked = leader === 0 ? 1 : 0;
    expect(world.submit(asked, creation('after'))).toMatchObject({ topics: [{ errorCode: 0 }] });
    expect(world.member(asked).running.view.topicByName('before')).not.toBeNull();
  });

  test('a wall clock that jumps is no measure of age at once, and is one again when it agrees with the leader’s (F6)', () => {
    const world = formed(23);
    const id = [0, 1, 2].find((one) => one !== world.leader()) ?? 0;
    const member = world.member(id);
    world.world.runFor(500);
    const trust = (): boolean => member.running.isClockTrusted;
    expect(trust()).toBe(true);
    member.wallOffsetMs = 61_000;
    expect(trust()).toBe(false);
    world.world.runFor(1000);
    expect(trust()).toBe(false);
    world.member(world.leader()).wallOffsetMs = 61_000;
    world.world.runFor(1000);
    expect(trust()).toBe(true);
    const offset = world.wait<readonly MetricSample[]>((done) => member.node?.askMetrics(done));
    expect(offset.find(({ name }) => name === 'weir_clock_offset_seconds')?.value).toBe(0);
  });

  test('a node speaks for its own broker alone, and forgets those of others (B3)', () => {
    const world = formed(15);
    const [one = 0, other = 0] = [0, 1, 2].filter((id) => id !== world.leader());
    const { brokerEpoch } = world.member(other).running;
    expect(world.submit(one, { kind: 'fenceBroker', brokerId: other, brokerEpoch })).toMatchObject({
      errorCode: ErrorCode.CLUSTER_AUTHORIZATION_FAILED,
      errorMessage: `node ${one} speaks for broker ${other}`,
    });
    world.kill(other);
    world.until('it is out', () =>
      world
        .member(one)
        .running.view.brokers()
        .some(({ id, fenced }) => id === other && fenced),
    );
    expect(world.submit(one, { kind: 'unregisterBroker', brokerId: other }).errorCode).toBe(ErrorCode.NONE);
  });

  test('a node that waits for the others says so, and goes on when they come', () => {
    const world = new QuorumWorld(17, { controllers: [0, 1, 2] });
    world.startAll();
    world.untilReady();
    for (const id of [0, 1, 2]) world.kill(id);
    world.start(0);
    world.world.runFor(60_000);
    const said = world.member(0).lines.filter((line) => line.includes('is a majority of them running'));
    expect(said.length).toBeGreaterThan(1);
    expect(said.length).toBeLessThan(6);
    world.start(1);
    world.until('it is let in', () => world.member(1).registered === null);
  });

  test('a formation record of another cluster than the settings name is refused', () => {
    const world = new QuorumWorld(18, { controllers: [0, 1, 2] });
    const { fatals } = world.start(0, { 'weir.cluster.id': 'SomeOtherClustersId00A' });
    world.until('it ends', () => fatals.length > 0);
    expect(fatals).toEqual([
      'weir.cluster.id is SomeOtherClustersId00A, the formation record formation/cluster.json is that of ClusterOfManyNodes000A',
    ]);
  });

  test('a voter whose log is gone does not start: it may have voted (V11)', () => {
    const world = formed(14);
    const { disk } = world.member(1);
    world.kill(1);
    for (const { path } of disk.files().filter((file) => file.path.includes('__cluster_metadata-0/')))
      world.wait<null>((done) => disk.remove(path, () => done(null)));
    const member = world.start(1);
    world.until('it ends', () => member.fatals.length > 0);
    expect(member.fatals[0]).toMatch(
      /^the metadata log data\/__cluster_metadata-0 is gone: restore it from a copy, or delete data so/,
    );
  });

  test('all killed at once with power lost come back with everything that was answered', () => {
    const world = formed(7);
    for (let i = 0; i < 20; i += 1) world.submit(i % 3, creation(`t${i}`));
    for (const id of [0, 1, 2]) world.kill(id, true);
    world.startAll();
    world.untilReady();
    expect(world.member(1).running.view.topics()).toHaveLength(20);
  });

  test('a node that stands still for as long as half a second moves no leader and raises no term (F4)', () => {
    const world = formed(8);
    const before = world.quorum(0);
    for (let round = 0; round < 30; round += 1) {
      world.pause(round % 3, 50 + world.world.prng.below(450));
      world.world.runFor(1500);
    }
    expect(world.quorum(0)).toMatchObject({ leaderId: before.leaderId, leaderEpoch: before.leaderEpoch });
    const fencings = [...world.members.values()].flatMap(({ lines }) => lines.filter((line) => /taken out/.test(line)));
    expect(fencings).toEqual([]);
  });

  test('a broker that stands still for longer than its session is out until it is heard again, and keeps its epoch', () => {
    const world = formed(9);
    const leader = world.leader();
    const slow = [0, 1, 2].find((id) => id !== leader) ?? 0;
    const epoch = world.member(slow).running.brokerEpoch;
    world.pause(slow, 4000);
    const isOut = (): boolean =>
      world
        .member(leader)
        .running.view.brokers()
        .some(({ id, fenced }) => id === slow && fenced);
    world.until('it is out', isOut, 3000);
    world.until('it is in again', () => !isOut(), 5000);
    expect(world.member(slow).running.brokerEpoch).toBe(epoch);
    expect(world.member(slow).fatals).toEqual([]);
  });

  test('a disk that was wiped comes back as another replica, and takes the place of the old one by two changes', () => {
    const world = formed(10);
    world.submit(0, creation('t'));
    const leader = world.leader();
    const lost = [0, 1, 2].find((id) => id !== leader) ?? 0;
    expect(world.votingReasons(lost)).toEqual([]);
    world.wipe(lost);
    world.start(lost);
    world.until('it is let in', () => world.member(lost).unfenced === null);
    expect(world.votingReasons(lost)).toEqual([expect.stringMatching(/^this controller is not the voter that it was/)]);
    const replica = world.wait<{ readonly id: number; readonly directoryId: string }>((done) => {
      const found = world.quorum(leader).observers.find((one) => one.replica.id === lost);
      done(found?.replica ?? { id: -1, directoryId: '' });
    });
    expect(replica.directoryId).not.toBe(directoryOf(lost));
    const change = (kind: 'add-voter' | 'remove-voter', directoryId: string) =>
      world.wait<unknown>((done) =>
        world.member(leader).running.changeQuorum({ change: kind, replica: { id: lost, directoryId } }, 20_000, done),
      );
    expect(change('add-voter', replica.directoryId)).toMatchObject({ errorCode: ErrorCode.DUPLICATE_VOTER });
    expect(change('remove-voter', directoryOf(lost))).toMatchObject({ errorCode: ErrorCode.NONE });
    world.until(
      'it has heard of that',
      () => world.votingReasons(lost)[0]?.includes('of 2 none can be spared') === true,
    );
    expect(change('add-voter', replica.directoryId)).toMatchObject({ errorCode: ErrorCode.NONE });
    world.until('it has heard that it votes', () => world.votingReasons(lost).length === 0);
    expect(world.quorum(leader).voters.map((voter) => voter.replica)).toContainEqual(replica);
    world.kill(leader);
    expect(world.submit(lost, creation('after'))).toMatchObject({ topics: [{ errorCode: 0 }] });
  });
});

describe('controllers that say on which machine they run (P1)', () => {
  /** Four controllers, 1 and 2 on one machine, of which some vote from the first. */
  function onMachines(initialVoters: readonly number[], settings: Readonly<Record<string, string>> = {}): QuorumWorld {
    const world = new QuorumWorld(40, { controllers: [0, 1, 2, 3], initialVoters, settings });
    for (const [id, machine] of ['m-0', 'm-1', 'm-1', 'm-3'].entries()) world.start(id, { 'weir.host': machine });
    world.untilReady();
    world.until('all controllers are known', () => world.member(0).running.view.controllers().length === 4);
    return world;
  }

  function changed(world: QuorumWorld, change: 'add-voter' | 'remove-voter' | 'transfer', id: number): unknown {
    const { voters, observers } = world.quorum(0);
    const replica = [...voters, ...observers].map((one) => one.replica).find((one) => one.id === id);
    if (replica === undefined) throw new Error(`nobody knows node ${id}`);
    return world.wait<unknown>((done) => world.member(0).running.changeQuorum({ change, replica }, 20_000, done));
  }

  test('do not come to be two voters on one', () => {
    const world = onMachines([0, 1]);
    expect(changed(world, 'add-voter', 2)).toMatchObject({
      errorCode: ErrorCode.INVALID_REQUEST,
      errorMessage: 'voters 1 and 2 run on m-1 then, and weir.placement.host.relaxed is false',
    });
    expect(world.quorum(0).voters).toHaveLength(2);
  });

  test('do with weir.placement.host.relaxed', () => {
    const world = onMachines([0, 1], { 'weir.placement.host.relaxed': 'true' });
    expect(changed(world, 'add-voter', 2)).toMatchObject({ errorCode: ErrorCode.NONE });
    expect(world.quorum(0).voters).toHaveLength(3);
  });

  test('stand in the way of no other change where they share one', () => {
    const world = onMachines([0, 1, 2]);
    for (const [change, id] of [
      ['add-voter', 3],
      ['transfer', 1],
      ['transfer', 0],
      ['remove-voter', 2],
    ] as const)
      expect(changed(world, change, id)).toMatchObject({ errorCode: ErrorCode.NONE });
    expect(world.quorum(0).voters.map(({ replica }) => replica.id)).toEqual([0, 1, 3]);
  });

  test.each([
    ['false', true],
    ['true', false],
  ])('are warned of when a cluster was formed so, with weir.placement.host.relaxed=%s', (relaxed, isWarned) => {
    const world = onMachines([0, 1, 2], { 'weir.placement.host.relaxed': relaxed });
    const lines = [...world.members.values()].flatMap((member) => member.lines);
    // Once for each of them that registers when the other has.
    expect(lines.some((line) => line.includes('warn voters 1 and 2 run on m-1: the quorum stands and falls'))).toBe(
      isWarned,
    );
  });
});

describe('brokers apart from controllers', () => {
  test('leave a controller that is cut off from the other controllers alone for one that is not', () => {
    const world = new QuorumWorld(20, { controllers: [1000, 1001, 1002], brokers: [0, 1] });
    world.startAll();
    world.untilReady();
    for (const cutOff of [1000, 1001, 1002]) {
      const { address } = world.member(cutOff);
      const others = [1000, 1001, 1002].filter((id) => id !== cutOff).map((id) => world.member(id).address);
      for (const other of others) {
        world.net.cut(address, other);
        world.net.cut(other, address);
      }
      for (const id of [0, 1])
        expect(world.submit(id, creation(`without-${cutOff}-by-${id}`), 10_000)).toMatchObject({
          topics: [{ errorCode: 0 }],
        });
      world.world.runFor(3000);
      for (const id of [0, 1]) expect(world.member(id).running.holdsLease).toBe(true);
      world.net.mend();
      world.world.runFor(2000);
    }
  });
});

describe('a cluster that grows', () => {
  test('from one voter to three while commands go on', () => {
    const world = new QuorumWorld(11, { controllers: [0, 1, 2], initialVoters: [0] });
    world.start(0);
    world.untilReady();
    world.isFormed = true;
    world.submit(0, creation('first', 50));
    world.start(1);
    world.start(2);
    world.untilReady();
    // One that nobody counts on keeps nobody from being taken away.
    for (const id of [1, 2]) expect(world.votingReasons(id)).toEqual([]);
    for (const id of [1, 2]) {
      const found = world.quorum(0).observers.find((one) => one.replica.id === id);
      const replica = found?.replica ?? { id: -1, directoryId: '' };
      const added = world.wait<unknown>((done) =>
        world.member(1).running.changeQuorum({ change: 'add-voter', replica }, 20_000, done),
      );
      expect(added).toMatchObject({ errorCode: ErrorCode.NONE });
      world.submit(id, creation(`with-${id}`));
    }
    expect(world.quorum(0).voters.map(({ replica }) => replica.id)).toEqual([0, 1, 2]);
    world.kill(0);
    expect(world.submit(2, creation('without-0'))).toMatchObject({ topics: [{ errorCode: 0 }] });
    expect(world.member(1).running.view.topicByName('first')?.partitions).toHaveLength(50);
  });

  test('brokers that are no controllers follow from any controller, and catch up after a gap', () => {
    const world = new QuorumWorld(12, {
      controllers: [1000, 1001, 1002],
      brokers: [0, 1],
      settings: { 'metadata.log.max.record.bytes.between.snapshots': '2000' },
    });
    world.startAll();
    world.untilReady();
    world.isFormed = true;
    world.submit(0, creation('a', 4));
    expect(
      world
        .member(1)
        .running.view.brokers()
        .map(({ id }) => id),
    ).toEqual([0, 1]);
    world.kill(1);
    for (let i = 0; i < 50; i += 1) world.submit(0, creation(`t${i}`));
    world.start(1);
    world.until('broker 1 is in', () => world.member(1).unfenced === null);
    expect(world.member(1).running.view.topics()).toHaveLength(51);
  });
});
