import { Buffer } from 'node:buffer';
import { describe, expect, test } from '@jest/globals';
import { createPrng } from '../../../../broker/core/base/prng.ts';
import { ApiKey } from '../../../../broker/core/protocol/apis.ts';
import { SimDisk } from '../../../sim/disk.ts';
import { ReplicationWorld } from '../../../support/replication/replication-world.ts';

const TOPIC = 2;
const SET = 0;

function startAgain(world: ReplicationWorld, id: number): void {
  world.node(id).start();
  world.until(`node ${id} serves`, () => world.node(id).isReady);
}

test('a partition whose only disk is lost is served again as soon as that is accepted, without a restart', () => {
  const world = new ReplicationWorld(1, { size: 4, controllers: [0, 1, 2] }).start();
  world.createTopic('t', { assignments: [[3]] });
  world.produce('t', ['a', 'b']);
  const formation = world.node(3).disk.peek('/formation.json') ?? Buffer.alloc(0);
  world.kill(3, 'power');
  const empty = new SimDisk({ schedule: () => undefined, prng: createPrng(0) });
  empty.place('/formation.json', formation);
  world.node(3).disk.restore(empty.image());
  startAgain(world, 3);
  world.world.runFor(5000);
  // An empty disk has nothing of what it was in sync with (D4).
  expect(world.leader('t')).toBe(-1);
  const configs = [{ name: 'unclean.leader.election.enable', configOperation: SET, value: 'true' }];
  const { responses } = world.ask('any', ApiKey.IncrementalAlterConfigs, {
    resources: [{ resourceType: TOPIC, resourceName: 't', configs }],
    validateOnly: false,
  });
  expect(responses.map(({ errorCode }) => errorCode)).toEqual([0]);
  world.until('it is led', () => world.leader('t') === 3, 1000);
  world.produce('t', ['c']);
  expect(world.scan('t')).toEqual(['c']);
});

describe('when all replicas lost their power at once', () => {
  test.each([1, 2, 3, 4])('and records count when they are written, who has most leads (D8, seed %i)', (seed) => {
    const world = new ReplicationWorld(seed, { size: 6, controllers: [3, 4, 5] }).start();
    world.createTopic('t', {
      assignments: [[0, 1, 2]],
      settings: { 'weir.durability': 'replicated', 'min.insync.replicas': '2' },
    });
    world.produce(
      't',
      Array.from({ length: 40 }, (_, i) => `r${i}`),
    );
    for (const id of [0, 1, 2]) world.kill(id, 'power');
    world.until('nobody leads', () => world.leader('t') === -1);
    const kept = [0, 1, 2].map((id) => world.logOf(id, 't').length);
    for (const id of [2, 1, 0]) world.node(id).start();
    world.untilInSync('t');
    world.untilSame('t');
    expect(world.scan('t').length).toBe(Math.max(...kept));
  });
});
