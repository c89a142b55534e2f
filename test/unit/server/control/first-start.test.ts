import { describe, expect, test } from '@jest/globals';
import { directoryOf, type QuorumMember, QuorumWorld } from '../../../support/metadata/quorum-world.ts';

const CHANGES = new Set(['open', 'write', 'truncate', 'sync', 'rename', 'makeDirectory', 'syncDirectory']);

/** Starts a node and ends its process, or the power of its machine, before the n-th change of its disk is made; false when it makes fewer. */
function breakOff(world: QuorumWorld, id: number, { at, power }: { readonly at: number; readonly power: boolean }) {
  const { faults } = world.member(id).disk;
  let count = 0;
  const before = faults.fail;
  faults.fail = (operation, path) => {
    if (path.startsWith('data') && CHANGES.has(operation)) count += 1;
    return null;
  };
  world.start(id);
  const isBroken = world.world.runUntil(() => count >= at, 1000);
  faults.fail = before;
  world.kill(id, power);
  return isBroken;
}

/** Starts it again and gives the directory id that it was let in with. */
function startAgain(world: QuorumWorld, id: number): string {
  const member: QuorumMember = world.start(id);
  world.until('it is let in, or says why not', () => member.unfenced === null || member.fatals.length > 0);
  expect(member.fatals).toEqual([]);
  return member.running.view.brokers().find((broker) => broker.id === id)?.directoryId ?? '';
}

describe('a first start that was broken off before any of its writes', () => {
  test.each([
    ['its process was killed', false],
    ['the power failed', true],
  ])('leaves a disk that joins as an observer when the cluster was formed meanwhile: %s (V11)', (_how, power) => {
    const world = new QuorumWorld(31, { controllers: [0, 1, 2] });
    world.startAll();
    world.untilReady();
    world.isFormed = true;
    const voters = world.quorum(0).voters.map(({ replica }) => replica);
    let at = 1;
    for (; ; at += 1) {
      world.wipe(2);
      if (!breakOff(world, 2, { at, power })) break;
      const { disk } = world.member(2);
      const hasLog = disk.files().some(({ path }) => path.endsWith('.checkpoint'));
      const before = hasLog ? disk.peek('data/meta.properties')?.toString() : '';
      const id = startAgain(world, 2);
      expect(id).not.toBe(directoryOf(2));
      if (hasLog) expect(before).toContain(`directory.id=${id}\n`);
    }
    expect(at).toBeGreaterThan(20);
    expect(world.quorum(0).voters.map(({ replica }) => replica)).toEqual(voters);
  });

  test('leaves a disk that takes its place when the cluster waits for it, whichever of the first three it is', () => {
    for (let at = 1; ; at += 1) {
      const world = new QuorumWorld(100 + at, { controllers: [0, 1, 2] });
      const id = at % 3;
      world.startAll([0, 1, 2].filter((other) => other !== id));
      if (!breakOff(world, id, { at, power: at % 2 === 0 })) break;
      world.isFormed = [...world.members.values()].some(({ unfenced }) => unfenced === null);
      startAgain(world, id);
      world.untilReady();
    }
  });
});

describe('a disk that has a name and no log, while the formation record is not marked used', () => {
  const named = (world: QuorumWorld, id: number) =>
    world.world.runUntil(
      () =>
        world
          .member(id)
          .disk.files()
          .some(({ path }) => path === '/data/meta.properties'),
      1000,
    );

  test('does not get its name back when another has worked with it: a copy from before that is put back (V11)', () => {
    const world = new QuorumWorld(32, { controllers: [0, 1, 2] });
    world.startAll();
    named(world, 2);
    const { disk } = world.member(2);
    expect(disk.files().map(({ path }) => path)).not.toContainEqual(expect.stringContaining('__cluster_metadata-0/'));
    const copy = disk.image();
    world.untilReady();
    world.kill(2);
    disk.restore(copy);
    expect(startAgain(world, 2)).not.toBe(directoryOf(2));
  });

  test('is not told that nobody knows it by nodes that still read what they know (V11)', () => {
    const world = new QuorumWorld(33, { controllers: [0, 1, 2] });
    world.startAll();
    world.untilReady();
    for (const id of [0, 1, 2]) world.kill(id);
    world.wipe(2);
    for (const id of [0, 1]) world.member(id).disk.faults.slowMs = 100;
    world.startAll();
    world.untilReady();
    const ids = world
      .member(2)
      .running.view.brokers()
      .map(({ directoryId }) => directoryId);
    expect(ids.slice(0, 2)).toEqual([directoryOf(0), directoryOf(1)]);
    expect(ids[2]).not.toBe(directoryOf(2));
  });

  test('is refused where records of topics are: its metadata log was lost with what it promised', () => {
    const world = new QuorumWorld(34, { controllers: [0, 1, 2] });
    world.startAll();
    world.untilReady();
    world.isFormed = true;
    world.wipe(2);
    world.start(2);
    named(world, 2);
    world.kill(2);
    world.wait<unknown>((done) => world.member(2).disk.makeDirectory('data/orders-0', done));
    world.wait<unknown>((done) => world.member(2).disk.makeDirectory('data/__cluster_metadata-0', done));
    const { fatals } = world.start(2);
    world.until('it ends', () => fatals.length > 0);
    expect(fatals[0]).toMatch(/^the metadata log data\/__cluster_metadata-0 is gone/);
  });

  test('keeps its name when it is that of a broker alone, which never has a log', () => {
    const world = new QuorumWorld(35, { controllers: [1000], brokers: [0] });
    world.startAll();
    world.untilReady();
    const before = world.member(0).running.view.brokers()[0]?.directoryId;
    world.kill(0);
    expect(startAgain(world, 0)).toBe(before);
  });
});
