import { Buffer } from 'node:buffer';
import { expect, test } from '@jest/globals';
import { SUSPECT } from '../../../../broker/core/log/file-names.ts';
import { ReplicationWorld } from '../../../support/replication/replication-world.ts';

/** Changes a byte of the last record of a partition on a disk. */
function rotTail(world: ReplicationWorld, id: number): void {
  const { disk } = world.node(id);
  const file = disk.files().find(({ path }) => /\/t-0\/.*\.log$/.test(path));
  if (file === undefined) throw new Error(`node ${id} has no log`);
  const byte = disk.peek(file.path)?.[file.size - 2] ?? 0;
  disk.poke(file.path, file.size - 2, Buffer.of(byte ^ 1));
}

test.each([0, 1, 2])(
  'a bit that flips in the tail of one of three replicas that stopped at once loses nothing (broker %i)',
  (rotten) => {
    const world = new ReplicationWorld(31, { size: 6, controllers: [3, 4, 5] }).start();
    world.createTopic('t', { assignments: [[0, 1, 2]], settings: { 'min.insync.replicas': '2' } });
    for (const value of ['a', 'b', 'c']) world.produce('t', [value]);
    for (const id of [0, 1, 2]) world.kill(id, 'power');
    world.until('nobody leads', () => world.leader('t') === -1);
    rotTail(world, rotten);
    const [first, last] = [0, 1, 2].filter((id) => id !== rotten);
    for (const id of [first ?? 0, rotten]) {
      world.node(id).start();
      world.until(`node ${id} serves`, () => world.node(id).isReady);
    }
    world.node(last ?? 0).start();
    world.untilInSync('t');
    world.untilSame('t');
    expect(world.scan('t')).toEqual(['a', 'b', 'c']);
    // In sync again, it is not missed after the next crash.
    const isSuspect = (): boolean =>
      world
        .node(rotten)
        .disk.files()
        .some(({ path }) => path.endsWith(`/${SUSPECT}`));
    world.until('what was cut counts no more', () => !isSuspect());
  },
);
