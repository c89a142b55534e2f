import { describe, expect, test } from '@jest/globals';
import { ApiKey } from '../../../../broker/core/protocol/apis.ts';
import type { ReplicaBug } from '../../../../broker/core/replica/planted-bugs.ts';
import { ReplicationWorld } from '../../../support/replication/replication-world.ts';

const values = (count: number): string[] => Array.from({ length: count }, (_, i) => `a-${i}`);

/** Three replicas on slow disks of which each sync takes a while, and ten records in them. */
function three(seed: number, replicaBugs: ReadonlySet<ReplicaBug> = new Set()): ReplicationWorld {
  const world = new ReplicationWorld(seed, { diskLatencyMs: 20, replicaBugs }).start();
  world.createTopic('t', { assignments: [[0, 1, 2]], settings: { 'min.insync.replicas': '2' } });
  world.produce('t', values(10));
  return world;
}

function deleteBefore(world: ReplicationWorld, offset: number): void {
  const topics = [{ name: 't', partitions: [{ partitionIndex: 0, offset }] }];
  const answer = world.ask(0, ApiKey.DeleteRecords, { topics, timeoutMs: 5_000 });
  expect(answer.topics[0]?.partitions[0]).toMatchObject({ errorCode: 0, lowWatermark: offset });
}

/** All lose their power; what is found of the records when the followers are back, of which one leads. */
function foundByFollowers(world: ReplicationWorld): string[] {
  for (const id of [0, 1, 2]) world.kill(id, 'power');
  for (const id of [1, 2]) world.node(id).start();
  world.until(
    'a follower leads',
    () => [1, 2].every((id) => world.node(id).isReady) && [1, 2].includes(world.partition('t').leader),
  );
  return world.scan('t');
}

describe('records that were deleted', () => {
  test.each([1, 2, 3, 4, 5, 6])(
    'stay so when all lose their power at once and a follower leads (D9, seed %i)',
    (seed) => {
      const world = three(seed);
      deleteBefore(world, 7);
      expect(foundByFollowers(world)).toEqual(values(10).slice(7));
    },
  );

  test('come back where a follower tells a log start that is not synced: this test has teeth', () => {
    const world = three(1, new Set(['tells-unsynced-start']));
    deleteBefore(world, 7);
    expect(foundByFollowers(world)).not.toEqual(values(10).slice(7));
  });

  test('are told soon: nobody waits for the end of a fetch that has nothing to bring', () => {
    const settings = { 'replica.fetch.wait.max.ms': '20000', 'replica.lag.time.max.ms': '60000' };
    const world = new ReplicationWorld(7, { settings }).start();
    world.createTopic('t', { assignments: [[0, 1, 2]] });
    world.produce('t', values(10));
    for (const offset of [3, 5, 7]) {
      world.world.runFor(1000);
      const fromMs = world.world.nowMs;
      deleteBefore(world, offset);
      expect(world.world.nowMs - fromMs).toBeLessThan(200);
    }
  });
});
