import { expect, test } from '@jest/globals';
import { addressOf, ReplicationWorld } from '../../../support/replication/replication-world.ts';

const SESSION_MS = 2000;
const values = (name: string, count: number): string[] => Array.from({ length: count }, (_, i) => `${name}-${i}`);

/** Nothing gets to a machine any more, or all does again; what it sends arrives all the while. */
function hear(world: ReplicationWorld, id: number, hears: boolean): void {
  world.network.reaches = (from, to) => world.control.reaches(from, to);
  for (const other of world.nodes) {
    if (other.id === id) continue;
    if (hears) world.control.mend(addressOf(other.id), addressOf(id));
    else world.control.cut(addressOf(other.id), addressOf(id));
  }
}

test.each([1, 2, 3])(
  'a follower that is heard and hears nobody holds its partitions up for a session, and is in sync when it hears again (seed %i)',
  (seed) => {
    const world = new ReplicationWorld(seed, { controllers: [0, 1, 2], size: 4 }).start();
    world.createTopic('t', { assignments: [[0, 1, 3]], settings: { 'min.insync.replicas': '2' } });
    world.produce('t', values('before', 5));
    const cutAtMs = world.world.nowMs;
    hear(world, 3, false);
    world.produce('t', values('after', 5));
    expect(world.world.nowMs - cutAtMs).toBeLessThan(SESSION_MS + 600);
    expect(world.isIn(3)).toBe(false);
    // It is not let in for being heard.
    world.world.runFor(5 * SESSION_MS);
    expect(world.isIn(3)).toBe(false);
    hear(world, 3, true);
    world.untilInSync('t');
    world.untilSame('t');
    expect(world.nodes.flatMap(({ fatals }) => fatals)).toEqual([]);
  },
);
