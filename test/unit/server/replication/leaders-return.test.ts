import { expect, test } from '@jest/globals';
import { ReplicationWorld } from '../../../support/replication/replication-world.ts';

const FIRSTS = [0, 1, 2] as const;

/** Three nodes that are the first replica of a partition each, and lead it. */
function started(seed: number): ReplicationWorld {
  const world = new ReplicationWorld(seed).start();
  world.createTopic('t', {
    assignments: FIRSTS.map((id) => [id, (id + 1) % 3, (id + 2) % 3]),
    settings: { 'min.insync.replicas': '2' },
  });
  world.produce('t', ['a', 'b']);
  expect(leaders(world)).toEqual(FIRSTS);
  return world;
}

const leaders = (world: ReplicationWorld): readonly number[] => FIRSTS.map((index) => world.leader('t', index));

function returnMs(world: ReplicationWorld): number {
  const startMs = world.world.nowMs;
  world.until('everybody leads what it is the first replica of', () => leaders(world).join() === FIRSTS.join());
  return world.world.nowMs - startMs;
}

test('one of three that was killed leads again seconds after it is back, and nobody else loses anything', () => {
  const world = started(1);
  world.kill(0);
  world.untilLedByAnother('t', 0);
  const epochs = FIRSTS.map((index) => world.partition('t', index).leaderEpoch);
  world.node(0).start();
  world.until('it serves', () => world.node(0).isReady);
  expect(returnMs(world)).toBeLessThan(6000);
  const [first, ...others] = FIRSTS.map((index) => world.partition('t', index).leaderEpoch);
  expect(first).toBe((epochs[0] ?? 0) + 1);
  expect(others).toEqual(epochs.slice(1));
  world.produce('t', ['c', 'd']);
  expect(world.scan('t').toSorted()).toEqual(['a', 'b', 'c', 'd']);
});

test('three that were started one after the other lead what they are the first replicas of seconds after the last is back', () => {
  const world = started(2);
  for (const node of world.nodes) node.crash('process');
  for (const id of FIRSTS) {
    world.node(id).start();
    world.world.runFor(500);
  }
  world.until('all serve', () => world.nodes.every(({ isReady }) => isReady));
  expect(returnMs(world)).toBeLessThan(8000);
  world.produce('t', ['c', 'd']);
  expect(world.scan('t').toSorted()).toEqual(['a', 'b', 'c', 'd']);
});
