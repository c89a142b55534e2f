import { describe, expect, test } from '@jest/globals';
import { ReplicationWorld } from '../../../support/replication/replication-world.ts';

/** Three controllers, and two brokers besides, on which the topic lies. */
function started(seed: number, settings: Readonly<Record<string, string>> = {}): ReplicationWorld {
  const world = new ReplicationWorld(seed, { size: 5, controllers: [2, 3, 4] }).start();
  world.createTopic('t', { assignments: [[0, 1]], settings });
  return world;
}

function startAgain(world: ReplicationWorld, id: number): void {
  world.node(id).start();
  world.until(`node ${id} serves`, () => world.node(id).isReady);
}

/** 1 is in sync when both lose their power; it comes back alone, maybe with a copy of its disk that was made earlier. */
function backAlone(seed: number, isOldCopy: boolean): ReplicationWorld {
  const world = started(seed, { 'min.insync.replicas': '2' });
  world.produce('t', ['a', 'b']);
  world.kill(1, 'power');
  const copy = world.node(1).disk.image();
  startAgain(world, 1);
  world.untilInSync('t');
  world.produce('t', ['c', 'd']);
  world.kill(0, 'power');
  world.kill(1, 'power');
  world.until('nobody leads', () => world.leader('t') === -1);
  if (isOldCopy) world.node(1).disk.restore(copy);
  startAgain(world, 1);
  world.world.runFor(10_000);
  return world;
}

describe('a broker that comes back (D4)', () => {
  test('with its own disk leads what it was in sync with', () => {
    const world = backAlone(1, false);
    expect(world.leader('t')).toBe(1);
    startAgain(world, 0);
    world.untilInSync('t');
    expect(world.scan('t')).toEqual(['a', 'b', 'c', 'd']);
  });

  test('with an older copy of its disk leads nothing until somebody who has everything is there', () => {
    const world = backAlone(2, true);
    expect(world.leader('t')).toBe(-1);
    startAgain(world, 0);
    world.untilInSync('t');
    expect(world.scan('t')).toEqual(['a', 'b', 'c', 'd']);
    world.untilSame('t');
  });
});

/** Changes a byte of the first record of a partition on a disk. */
function rot(world: ReplicationWorld, id: number): void {
  const { disk } = world.node(id);
  const path = disk.files().find((file) => /\/t-0\/.*\.log$/.test(file.path))?.path ?? '';
  const byte = disk.peek(path)?.[65] ?? 0;
  disk.poke(path, 65, Buffer.of(byte ^ 1));
}

describe('a log that is damaged (D7)', () => {
  test('at the start of its broker leads nothing from its registration on, and is made whole by who has everything', () => {
    const world = started(3, { 'min.insync.replicas': '2' });
    world.produce('t', ['a', 'b']);
    // Marks are written by now: what is below them is no torn end.
    world.world.runFor(8000);
    world.kill(0, 'power');
    world.kill(1, 'power');
    world.until('nobody leads', () => world.leader('t') === -1);
    rot(world, 1);
    startAgain(world, 1);
    world.world.runFor(10_000);
    expect(world.leader('t')).toBe(-1);
    startAgain(world, 0);
    world.untilInSync('t');
    world.untilSame('t');
    expect(world.scan('t')).toEqual(['a', 'b']);
  });

  test('in use, too: who has a whole one leads, and the damaged one is made whole', () => {
    const world = started(4);
    world.produce('t', ['a', 'b']);
    world.world.runFor(8000);
    const leader = world.leader('t');
    const other = 1 - leader;
    // The leader reads its records from the disk: it was stopped and leads again.
    world.kill(leader, 'power');
    startAgain(world, leader);
    world.untilInSync('t');
    let isStopped = false;
    world.node(other).stop(() => (isStopped = true));
    world.until('it has stopped', () => isStopped);
    expect(world.leader('t')).toBe(leader);
    rot(world, leader);
    startAgain(world, other);
    world.untilInSync('t');
    expect(world.scan('t')).toEqual(['a', 'b']);
    expect(world.leader('t')).toBe(other);
    world.untilInSync('t');
    world.untilSame('t');
  });
});
