import { Buffer } from 'node:buffer';
import { describe, expect, test } from '@jest/globals';
import { createPrng } from '../../../../broker/core/base/prng.ts';
import { ApiKey } from '../../../../broker/core/protocol/apis.ts';
import { crc32c } from '../../../../broker/io/crc32c.ts';
import { acceptLoss, inspectLoss } from '../../../../broker/server/logs/accept-loss.ts';
import { runTask } from '../../../../broker/server/task.ts';
import { SimDisk } from '../../../sim/disk.ts';
import { ReplicationWorld } from '../../../support/replication/replication-world.ts';

const TOPIC = 2;
const SET = 0;

function startAgain(world: ReplicationWorld, id: number): void {
  world.node(id).start();
  world.until(`node ${id} serves`, () => world.node(id).isReady);
}

/** The disk of a node that is down is replaced by an empty one. */
function wipe(world: ReplicationWorld, id: number): void {
  const formation = world.node(id).disk.peek('/formation.json') ?? Buffer.alloc(0);
  const empty = new SimDisk({ schedule: () => undefined, prng: createPrng(0) });
  empty.place('/formation.json', formation);
  world.node(id).disk.restore(empty.image());
}

test('a partition whose only disk is lost is served again as soon as that is accepted, without a restart', () => {
  const world = new ReplicationWorld(1, { size: 4, controllers: [0, 1, 2] }).start();
  world.createTopic('t', { assignments: [[3]] });
  world.produce('t', ['a', 'b']);
  world.kill(3, 'power');
  wipe(world, 3);
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

test('of three copies, two on empty disks and one damaged, the damaged one leads once its loss is accepted (D4, D7)', () => {
  const world = new ReplicationWorld(3, { size: 6, controllers: [3, 4, 5] }).start();
  world.createTopic('t', { assignments: [[0, 1, 2]], settings: { 'min.insync.replicas': '2' } });
  for (const value of ['a', 'b', 'c']) world.produce('t', [value]);
  world.untilSame('t');
  // Until it is on the disk that all of it is: damage is told from a write that was cut short by that.
  world.world.runFor(12_000);
  for (const id of [0, 1, 2]) world.kill(id, 'power');
  world.until('nobody leads', () => world.leader('t') === -1);
  for (const id of [0, 1]) wipe(world, id);
  const { disk } = world.node(2);
  const { path = '', size = 0 } = disk.files().find((file) => /\/t-0\/.*\.log$/.test(file.path)) ?? {};
  const at = Math.floor((size * 2) / 3) - 2;
  disk.poke(path, at, Buffer.of((disk.peek(path)?.[at] ?? 0) ^ 1));
  for (const id of [0, 1, 2]) startAgain(world, id);
  world.world.runFor(10_000);
  expect(world.leader('t')).toBe(-1);
  const { topics } = world.ask('any', ApiKey.DescribeTopicPartitions, {
    topics: [{ name: 't' }],
    responsePartitionLimit: 10,
    cursor: null,
  });
  expect(topics[0]?.partitions).toMatchObject([
    { leaderId: -1, isrNodes: [], eligibleLeaderReplicas: [], lastKnownElr: [1, 2] },
  ]);
  let isStopped = false;
  world.node(2).stop(() => (isStopped = true));
  world.until('it has stopped', () => isStopped);
  const stopped = { disk, crc32c, directory: '/data' };
  let accepted: unknown;
  runTask(inspectLoss(stopped, 't', 0), (_failure, loss) => {
    if (loss === undefined || typeof loss === 'string') throw new Error(`nothing to accept: ${loss}`);
    runTask(acceptLoss(stopped, loss), (failure) => (accepted = failure));
  });
  world.until('it is accepted', () => accepted === null);
  expect(world.leader('t')).toBe(-1);
  startAgain(world, 2);
  world.until('it leads', () => world.leader('t') === 2);
  world.untilInSync('t');
  world.untilSame('t');
  expect(world.scan('t')).toEqual(['a']);
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
