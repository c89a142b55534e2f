import { describe, expect, test } from '@jest/globals';
import { type BrokerId, brokerId, topicId } from '../../../../broker/core/base/ids.ts';
import type { PartitionView } from '../../../../broker/core/metadata/view.ts';
import { FirstCatchUp } from '../../../../broker/server/replication/first-catch-up.ts';
import { FakeMetadata, topicView } from '../../../support/fake-metadata.ts';
import { ReplicationWorld } from '../../../support/replication/replication-world.ts';
import { topicOf } from '../../../support/topic-view.ts';

/** What a readiness probe of a node that runs is told. */
function reasonsOf(world: ReplicationWorld, id: number): readonly string[] {
  let told: readonly string[] | null = null;
  world.node(id).askReady((reasons) => (told = reasons));
  world.until(`node ${id} tells whether it is ready`, () => told !== null);
  return told ?? [];
}

/** Records to node 0 while node 1 is away, and node 1 back, a moment after it serves. */
function backBehind(seed: number): ReplicationWorld {
  const world = new ReplicationWorld(seed, { size: 5, controllers: [2, 3, 4] }).start();
  world.createTopic('t', { assignments: [[0, 1]] });
  world.kill(1);
  world.until('node 1 is missed', () => world.partition('t').isr.length === 1);
  world.produce('t', ['a', 'b']);
  world.node(1).start();
  world.until('node 1 serves', () => world.node(1).isReady);
  return world;
}

describe('a broker that comes back (O7)', () => {
  test('is not ready before it is in sync with everybody else, and stays so when it falls behind', () => {
    const world = backBehind(1);
    expect(world.partition('t').isr).toEqual([0]);
    expect(reasonsOf(world, 1)).toEqual(['catching up: t-0 is not in sync yet, 1 to look at']);
    world.untilInSync('t');
    expect(reasonsOf(world, 1)).toEqual([]);
    world.node(1).pause(30_000);
    world.until('node 1 is missed again', () => world.partition('t').isr.length === 1);
    world.until('node 1 is awake', () => !world.node(1).isAsleep);
    expect(world.partition('t').isr).toEqual([0]);
    expect(reasonsOf(world, 1)).toEqual([]);
  });
});

const SELF = brokerId(1);
const PATIENCE_MS = 600_000;

/** A node whose one topic has partitions like these. */
function lab(partitions: readonly Partial<PartitionView>[]) {
  const metadata = new FakeMetadata();
  const plain = topicView('t', 't'.padEnd(22, 'A'), partitions.length).partitions;
  const set = (changed: readonly Partial<PartitionView>[]): void => {
    const id = topicId('t'.padEnd(22, 'A'));
    const all = plain.map((one, index) => ({ ...one, replicas: [brokerId(0), SELF], ...changed[index] }));
    metadata.byName.set('t', topicOf({ id, name: 't', internal: false, partitions: all }));
  };
  set(partitions);
  const clock = { nowMs: 5000, monotonicMs: () => clock.nowMs, wallMs: () => 0 };
  const copies = plain.map(({ index }) => ({ topicId: topicId('t'.padEnd(22, 'A')), topicName: 't', index }));
  return { clock, set, metadata, catchUp: new FirstCatchUp({ nodeId: SELF, clock, view: () => metadata }, copies) };
}

const ids = (...list: readonly number[]): readonly BrokerId[] => list.map((id) => brokerId(id));

describe('what keeps a broker from being ready', () => {
  test('is each copy until it was in sync once', () => {
    const { catchUp, set } = lab([{ isr: ids(0) }, { isr: ids(0) }]);
    expect(catchUp.reasons()).toEqual(['catching up: t-1 is not in sync yet, 2 to look at']);
    set([{ isr: ids(0) }, { isr: ids(0, 1) }]);
    expect(catchUp.reasons()).toEqual(['catching up: t-0 is not in sync yet, 1 to look at']);
    set([{ isr: ids(0, 1) }, { isr: ids(0) }]);
    expect(catchUp.reasons()).toEqual([]);
    set([{ isr: ids(0) }, { isr: ids(0) }]);
    expect(catchUp.reasons()).toEqual([]);
  });

  test('is no copy that comes, has gone, or has nobody to catch up with', () => {
    for (const harmless of [{ addingReplicas: ids(1) }, { replicas: ids(0) }, { leader: -1 as const }])
      expect([harmless, lab([{ isr: ids(0), ...harmless }]).catchUp.reasons()]).toEqual([harmless, []]);
    const { catchUp, metadata } = lab([{ isr: ids(0) }]);
    metadata.byName.clear();
    expect(catchUp.reasons()).toEqual([]);
  });

  test('is nothing any more after ten minutes', () => {
    const { catchUp, clock } = lab([{ isr: ids(0) }]);
    clock.nowMs += PATIENCE_MS - 1;
    expect(catchUp.reasons()).toHaveLength(1);
    clock.nowMs += 1;
    expect(catchUp.reasons()).toEqual([]);
  });

  test('is looked for in 10,000 copies at a time', () => {
    const { catchUp } = lab(Array.from({ length: 10_001 }, () => ({ isr: ids(0, 1) })));
    expect(catchUp.reasons()).toEqual(['catching up: 1 copies to look at']);
    expect(catchUp.reasons()).toEqual([]);
  });
});
