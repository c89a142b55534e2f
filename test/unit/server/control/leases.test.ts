import { describe, expect, test } from '@jest/globals';
import { QuorumWorld } from '../../../support/metadata/quorum-world.ts';

const NODES = [0, 1, 2] as const;
/** Longer than an election, a session and a lease. */
const WATCHED_MS = 6000;

/** Three nodes, each controller and broker, one of them active. */
function trio(seed: number): {
  readonly world: QuorumWorld;
  readonly leader: number;
  readonly others: readonly number[];
} {
  const world = new QuorumWorld(seed, { controllers: NODES });
  world.startAll();
  world.untilReady();
  const leader = world.leader();
  return { world, leader, others: NODES.filter((id) => id !== leader) };
}

/** Looks at every ms whether a broker hands out records of which others know that it leads none of them. */
function watch(world: QuorumWorld, broker: number, others: readonly number[]): void {
  const isOut = (id: number): boolean => world.member(id).running.view.broker(broker as never)?.fenced !== false;
  let leasedMs = 0;
  for (let ms = 0; ms < WATCHED_MS; ms += 1) {
    world.world.runFor(1);
    const { plane } = world.member(broker);
    if (plane?.holdsLease === true && others.some(isOut)) leasedMs += 1;
  }
  expect(others.every(isOut)).toBe(true);
  expect(leasedMs).toBe(0);
}

describe('a broker beside the active controller (S0)', () => {
  test.each([14, 26, 31, 84])('has no lease when others have fenced it: both are cut off, seed %i', (seed) => {
    const { world, leader, others } = trio(seed);
    world.world.runFor(seed * 37);
    world.isolate(leader);
    watch(world, leader, others);
  });

  test('has no lease when both stood still and are cut off', () => {
    const { world, leader, others } = trio(1);
    world.isolate(leader);
    world.pause(leader, 4000);
    watch(world, leader, others);
  });
});
