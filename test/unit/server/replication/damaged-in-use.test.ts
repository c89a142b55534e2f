import { Buffer } from 'node:buffer';
import { expect, test } from '@jest/globals';
import { brokerId } from '../../../../broker/core/base/ids.ts';
import { ApiKey } from '../../../../broker/core/protocol/apis.ts';
import { ReplicationWorld } from '../../../support/replication/replication-world.ts';

const values = (name: string): string[] => Array.from({ length: 10 }, (_, i) => `${name}-${i}`);

/** A consumer reads from a broker, whatever it is for the partition. */
function readAt(world: ReplicationWorld, id: number): void {
  const { leaderEpoch: currentLeaderEpoch } = world.partition('t');
  world.ask(id, ApiKey.Fetch, {
    ...{ maxWaitMs: 0, minBytes: 1, maxBytes: 1_000_000, rackId: 'r', forgottenTopicsData: [] },
    topics: [
      { topic: 't', partitions: [{ partition: 0, fetchOffset: 0, partitionMaxBytes: 1_000_000, currentLeaderEpoch }] },
    ],
  });
}

test.each([1, 2, 3, 4, 5, 6, 7, 8])(
  'a follower whose log is found damaged in use is in sync again only when it has all of it anew (seed %i)',
  (seed) => {
    const settings = { 'replica.lag.time.max.ms': '20' };
    const world = new ReplicationWorld(seed, { size: 5, controllers: [2, 3, 4], settings }).start();
    world.createTopic('t', { assignments: [[0, 1]], settings: { 'min.insync.replicas': '1' } });
    world.produce('t', values('a'));
    world.untilSame('t');
    world.world.runFor(12_000);
    // What it reads is read from the disk.
    world.kill(1);
    world.node(1).start();
    world.until('it is back', () => world.node(1).isReady);
    world.untilInSync('t');
    const { disk } = world.node(1);
    const { path = '', size = 0 } = disk.files().find((file) => /\/t-0\/.*\.log$/.test(file.path)) ?? {};
    const at = Math.floor(size / 2);
    disk.poke(path, at, Buffer.of((disk.peek(path)?.[at] ?? 0) ^ 1));
    readAt(world, 1);
    world.until('it is out', () => !world.partition('t').isr.includes(brokerId(1)));
    world.until('it is back', () => {
      const isIn = world.partition('t').isr.includes(brokerId(1));
      if (isIn) expect(world.logOf(1, 't')).toHaveLength(10);
      return isIn;
    });
    world.untilSame('t');
    world.kill(0);
    world.until('the other one leads', () => world.leader('t') === 1);
    expect(world.scan('t')).toEqual(values('a'));
  },
);
