import { expect, test } from '@jest/globals';
import { ReplicationWorld } from '../../../support/replication/replication-world.ts';

const values = (name: string, count: number): string[] => Array.from({ length: count }, (_, i) => `${name}-${i}`);

/** Three nodes with records, all of which die at once; where each log ended. */
function struck(seed: number, kind: 'power' | 'process', settings: Readonly<Record<string, string>>) {
  const world = new ReplicationWorld(seed).start();
  world.createTopic('t', { settings: { 'min.insync.replicas': '2', ...settings } });
  world.produce('t', values('a', 20));
  world.send('t', values('b', 20));
  world.world.runFor(4);
  for (const node of world.nodes) node.crash(kind);
  return world;
}

function untilAllServe(world: ReplicationWorld): void {
  for (const node of world.nodes) node.start();
  world.until('all serve', () => world.nodes.every(({ isReady }) => isReady));
  world.until('somebody leads', () => world.leader('t') !== -1);
  world.untilInSync('t');
  world.untilSame('t');
}

test('three brokers that lose their power at once keep every acknowledged record under fsync (D4)', () => {
  const world = struck(1, 'power', {});
  const acknowledged = [...world.produced.acknowledged.keys()];
  untilAllServe(world);
  const found = new Set(world.scan('t'));
  expect(acknowledged.length).toBeGreaterThanOrEqual(20);
  for (const value of acknowledged) expect(found).toContain(value);
});

test('three brokers that lose their power at once under replicated are led by the one with the most (D8)', () => {
  for (const seed of [1, 2, 3]) {
    const world = struck(seed, 'power', { 'weir.durability': 'replicated' });
    const ends = world.nodes.map(({ id }) => world.logOf(id, 't').length);
    untilAllServe(world);
    expect(world.logOf(0, 't').length).toBeGreaterThanOrEqual(Math.max(...ends));
  }
});
