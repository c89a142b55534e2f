import { describe, expect, test } from '@jest/globals';
import { ReplicationWorld } from '../../../support/replication/replication-world.ts';

const values = (name: string, count: number): string[] => Array.from({ length: count }, (_, i) => `${name}-${i}`);

describe('three brokers', () => {
  test('have every record on each of them before acks=all is answered', () => {
    const world = new ReplicationWorld(1).start();
    world.createTopic('t');
    const sent = values('a', 50);
    world.produce('t', sent);
    for (const id of [0, 1, 2]) expect(world.logOf(id, 't')).toHaveLength(50);
    expect(world.scan('t')).toEqual(sent);
    world.untilSame('t');
  });

  test('go on when the leader dies, with nothing lost', () => {
    const world = new ReplicationWorld(2).start();
    world.createTopic('t');
    world.produce('t', values('a', 30));
    const leader = world.leader('t');
    world.send('t', values('b', 30));
    world.world.runFor(3);
    world.kill(leader, 'power');
    world.untilLedByAnother('t', leader);
    world.until('all are acknowledged', () => world.produced.acknowledged.size === 60);
    const found = world.scan('t');
    expect(found).toEqual([...values('a', 30), ...values('b', 30)]);
  });
});
