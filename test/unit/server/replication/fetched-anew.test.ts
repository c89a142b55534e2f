import { Buffer } from 'node:buffer';
import { expect, test } from '@jest/globals';
import { createPrng } from '../../../../broker/core/base/prng.ts';
import { crc32c } from '../../../../broker/io/crc32c.ts';
import { acceptLoss, inspectLoss } from '../../../../broker/server/logs/accept-loss.ts';
import { runTask } from '../../../../broker/server/task.ts';
import { SimDisk } from '../../../sim/disk.ts';
import { ReplicationWorld } from '../../../support/replication/replication-world.ts';

const COUNT = 200;
const VALUES = Array.from({ length: COUNT }, (_, i) => `${i}:${'x'.repeat(3000)}`);

/** The log of broker 1 was found damaged in its last tenth, and is being fetched again from broker 0, the only other one. */
function beingFetched(seed: number, settings: Readonly<Record<string, string>>): ReplicationWorld {
  const small = { 'replica.fetch.response.max.bytes': '20000', 'replica.fetch.max.bytes': '20000' };
  const world = new ReplicationWorld(seed, { size: 5, controllers: [2, 3, 4], settings: small }).start();
  world.createTopic('t', { assignments: [[0, 1]], settings });
  for (let i = 0; i < COUNT; i += 5) world.produce('t', VALUES.slice(i, i + 5));
  world.untilSame('t');
  // Until it is on the disk that all of it is: damage is told from a write that was cut short by that.
  world.world.runFor(12_000);
  world.kill(1, 'power');
  const { disk } = world.node(1);
  const { path = '', size = 0 } = disk.files().find((file) => /\/t-0\/.*\.log$/.test(file.path)) ?? {};
  const at = Math.floor(size * 0.9);
  disk.poke(path, at, Buffer.of((disk.peek(path)?.[at] ?? 0) ^ 1));
  world.until('it is out', () => world.partition('t').isr.length === 1);
  world.node(1).start();
  world.until('some of it is there again', () => {
    const { length } = world.logOf(1, 't');
    return length > 10 && length < 100;
  });
  return world;
}

/** Broker 0 loses its power and its disk. */
function loseOther(world: ReplicationWorld): void {
  world.kill(0, 'power');
  const { disk } = world.node(0);
  const formation = disk.peek('/formation.json') ?? Buffer.alloc(0);
  const empty = new SimDisk({ schedule: () => undefined, prng: createPrng(0) });
  empty.place('/formation.json', formation);
  disk.restore(empty.image());
  world.until('nobody leads', () => world.leader('t') === -1);
}

const isKept = (world: ReplicationWorld): boolean =>
  world
    .node(1)
    .disk.files()
    .some(({ path }) => /\.damaged\/.*\.log$/.test(path));

/** `weir admin accept-loss` on broker 1, which has stopped; then it starts. */
function accept(world: ReplicationWorld): void {
  let isStopped = false;
  world.node(1).stop(() => (isStopped = true));
  world.until('it has stopped', () => isStopped);
  const stopped = { disk: world.node(1).disk, crc32c, directory: '/data' };
  let accepted: unknown;
  runTask(inspectLoss(stopped, 't', 0), (_failure, loss) => {
    if (loss === undefined || typeof loss === 'string') throw new Error(`nothing to accept: ${loss}`);
    runTask(acceptLoss(stopped, loss), (failure) => (accepted = failure));
  });
  world.until('it is accepted', () => accepted === null);
  world.node(1).start();
}

test.each([
  { restart: 'power', settings: { 'min.insync.replicas': '2' } },
  { restart: 'stop', settings: { 'min.insync.replicas': '2' } },
  { restart: 'none', settings: { 'min.insync.replicas': '2' } },
  { restart: 'power', settings: { 'min.insync.replicas': '1' } },
  { restart: 'power', settings: { 'min.insync.replicas': '2', 'weir.durability': 'replicated' } },
])(
  'a log that is only partly fetched again leads nothing, and what was damaged is kept: %o',
  ({ restart, settings }) => {
    const world = beingFetched(2, settings);
    if (restart === 'power') world.kill(1, 'power');
    let isStopped = restart !== 'stop';
    if (restart === 'stop') world.node(1).stop(() => (isStopped = true));
    world.until('it has stopped', () => isStopped);
    loseOther(world);
    if (restart !== 'none') world.node(1).start();
    world.node(0).start();
    world.until('both serve', () => world.node(0).isReady && world.node(1).isReady);
    world.world.runFor(20_000);
    expect(world.leader('t')).toBe(-1);
    expect(isKept(world)).toBe(true);
    if (settings['min.insync.replicas'] === '1') return;
    accept(world);
    world.until('it leads', () => world.leader('t') === 1);
    world.untilInSync('t');
    const left = world.scan('t');
    expect(left.length).toBeGreaterThan(COUNT * 0.8);
    expect(left).toEqual(VALUES.slice(0, left.length));
  },
);

test('a log that is fetched again is in sync when it has all of it, after a restart too; then what was damaged goes', () => {
  const world = beingFetched(2, { 'min.insync.replicas': '2' });
  world.kill(1, 'power');
  world.node(1).start();
  world.untilInSync('t');
  world.until('nothing is kept', () => !isKept(world));
  world.kill(1, 'power');
  world.kill(0, 'power');
  world.node(1).start();
  world.until('it leads', () => world.leader('t') === 1);
  world.node(0).start();
  world.untilInSync('t');
  expect(world.scan('t')).toEqual(VALUES);
});
