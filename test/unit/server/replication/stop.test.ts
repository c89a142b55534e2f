import { describe, expect, test } from '@jest/globals';
import { brokerId } from '../../../../broker/core/base/ids.ts';
import { ReplicationWorld } from '../../../support/replication/replication-world.ts';

const SETTINGS = { 'min.insync.replicas': '2' };

/** Longest time that a record waited for its acknowledgement, ms. */
function longestMs(world: ReplicationWorld): number {
  return Math.max(...[...world.produced.acknowledged.values()].map(({ tookMs }) => tookMs));
}

describe('a broker that is told to stop', () => {
  test.each([1, 2, 3, 4, 5])(
    'hands its leaderships over first: nobody waits 200 ms for an acknowledgement (seed %i)',
    (seed) => {
      const world = new ReplicationWorld(seed).start();
      world.createTopic('t', { partitions: 6, settings: SETTINGS });
      let sent = 0;
      const send = (): void => {
        for (let partition = 0; partition < 6; partition += 1) {
          world.send('t', [`r${sent}`], { partition });
          sent += 1;
        }
      };
      for (let round = 0; round < 50; round += 1) {
        send();
        world.world.runFor(10);
      }
      const leader = world.leader('t');
      let isStopped = false;
      const startMs = world.world.nowMs;
      let tookMs = 0;
      world.node(leader).stop(() => {
        isStopped = true;
        tookMs = world.world.nowMs - startMs;
      });
      for (let round = 0; round < 200; round += 1) {
        send();
        world.world.runFor(10);
      }
      world.until('it has stopped', () => isStopped);
      world.until('all are acknowledged', () => world.produced.acknowledged.size === sent);
      expect(world.produced.failed.size).toBe(0);
      expect(longestMs(world)).toBeLessThan(200);
      expect(tookMs).toBeLessThan(3000);
      for (let index = 0; index < 6; index += 1) expect(world.leader('t', index)).not.toBe(leader);
    },
  );

  test.each([1, 2, 3])('closes no connection on which a producer is still to be told who leads (seed %i)', (seed) => {
    const world = new ReplicationWorld(seed).start();
    world.createTopic('t', { partitions: 6, settings: SETTINGS });
    let sent = 0;
    const send = (rounds: number): void => {
      for (let round = 0; round < rounds; round += 1) {
        for (let partition = 0; partition < 6; partition += 1) world.send('t', [`r${(sent += 1)}`], { partition });
        world.world.runFor(2);
      }
    };
    send(50);
    const leader = world.leader('t');
    world.node(leader).stop(() => undefined);
    send(300);
    world.until('all are acknowledged', () => world.produced.acknowledged.size === sent);
    const quietMs = world.hungUp.filter(({ id }) => id === leader).map((one) => one.quietMs);
    expect(quietMs).toHaveLength(1);
    expect(quietMs[0]).toBeGreaterThan(150);
  });

  test.each([
    ['was told to stop is eligible by its proof, and leads with all records', true],
    ['ended by itself is not, and waits for who is', false],
  ])('or ends while nothing is synced (replicated): who %s (D4 a)', (_what, isClean) => {
    const settings = { ...SETTINGS, 'weir.durability': 'replicated' };
    const world = new ReplicationWorld(7, { size: 5, controllers: [2, 3, 4] }).start();
    world.createTopic('t', { assignments: [[0, 1]], settings });
    world.produce('t', ['a', 'b', 'c']);
    let isStopped = !isClean;
    if (isClean) world.node(1).stop(() => (isStopped = true));
    else world.kill(1);
    world.until('it has ended', () => isStopped);
    world.until('it is eligible alone', () => world.partition('t').elr.includes(brokerId(1)));
    world.kill(0);
    world.until('nobody leads', () => world.leader('t') === -1);
    world.node(1).start();
    world.until('it serves', () => world.node(1).isReady);
    world.world.runFor(5_000);
    expect(world.leader('t')).toBe(isClean ? 1 : -1);
    world.node(0).start();
    world.untilInSync('t');
    expect(world.scan('t')).toEqual(['a', 'b', 'c']);
  });

  test('together with all others is stopped at once, and everything is there when they come back', () => {
    const world = new ReplicationWorld(9).start();
    world.createTopic('t', { partitions: 3, settings: SETTINGS });
    for (const partition of [0, 1, 2]) world.produce('t', [`a${partition}`, `b${partition}`], { partition });
    const startMs = world.world.nowMs;
    let stoppedCount = 0;
    for (const node of world.nodes) node.stop(() => (stoppedCount += 1));
    world.until('all have stopped', () => stoppedCount === 3);
    expect(world.world.nowMs - startMs).toBeLessThan(4500);
    for (const node of world.nodes) node.start();
    world.until('all serve', () => world.nodes.every(({ isReady }) => isReady));
    world.untilInSync('t');
    expect(world.scan('t').toSorted()).toEqual(['a0', 'a1', 'a2', 'b0', 'b1', 'b2']);
  });

  test('is waited for while its follower catches up', () => {
    const world = new ReplicationWorld(8).start();
    world.createTopic('t', { assignments: [[0, 1]] });
    world.kill(1);
    world.until('the follower is out', () => world.partition('t').isr.length === 1);
    world.produce('t', ['a', 'b']);
    world.node(1).start();
    world.until('the follower is back, and not in sync yet', () => world.node(1).isReady);
    let isStopped = false;
    world.node(0).stop(() => (isStopped = true));
    world.until('it has stopped', () => isStopped);
    expect(world.leader('t')).toBe(1);
    expect(world.scan('t')).toEqual(['a', 'b']);
  });
});
