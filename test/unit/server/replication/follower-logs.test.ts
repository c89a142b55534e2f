import { Buffer } from 'node:buffer';
import { describe, expect, test } from '@jest/globals';
import { ApiKey } from '../../../../broker/core/protocol/apis.ts';
import { ReplicationWorld } from '../../../support/replication/replication-world.ts';

const values = (name: string, count: number): string[] => Array.from({ length: count }, (_, i) => `${name}-${i}`);
const FIRST = '/data/t-0/00000000000000000000.log';

function deleteRecords(world: ReplicationWorld, offset: number): void {
  const topics = [{ name: 't', partitions: [{ partitionIndex: 0, offset }] }];
  const answer = world.ask(world.leader('t'), ApiKey.DeleteRecords, { topics, timeoutMs: 10_000 });
  expect(answer.topics[0]?.partitions[0]).toMatchObject({ errorCode: 0, lowWatermark: offset });
}

/** Where the log of a node begins, by its checkpoint. */
function logStartOf(world: ReplicationWorld, id: number): number {
  const text = String(world.node(id).disk.peek('/data/log-start-offset-checkpoint') ?? '');
  return Number(/^t 0 (\d+)$/m.exec(text)?.[1] ?? 0);
}

describe('the log start of followers', () => {
  test('follows that of the leader', () => {
    const world = new ReplicationWorld(11).start();
    world.createTopic('t');
    world.produce('t', values('a', 30));
    deleteRecords(world, 12);
    world.until('all begin there', () => [0, 1, 2].every((id) => logStartOf(world, id) === 12));
  });

  test('is where the leader’s is when the follower missed what was deleted, in the middle of a batch too', () => {
    const world = new ReplicationWorld(12).start();
    world.createTopic('t');
    world.produce('t', values('a', 10));
    const away = (world.leader('t') + 1) % 3;
    world.kill(away);
    world.until('it is out of the ISR', () => world.partition('t').isr.length === 2);
    world.produce('t', values('b', 20));
    deleteRecords(world, 17);
    world.node(away).start();
    world.untilInSync('t');
    world.produce('t', values('c', 3));
    world.until(
      'it has the rest',
      () => world.logOf(away, 't').length > 0 && world.logOf(away, 't').at(-1)?.endsWith('c-2') === true,
    );
    expect(logStartOf(world, away)).toBe(17);
    world.kill(away, 'power');
    world.node(away).start();
    world.untilInSync('t');
    // It leads with that log.
    const partitions = [{ topic: 't', index: 0, replicas: [away] }];
    world.submit({ kind: 'alterReassignments', partitions, allowReplicationFactorChange: true });
    world.until(
      'it is alone',
      () => world.partition('t').replicas.join() === String(away) && world.leader('t') === away,
    );
    expect(world.scan('t')).toEqual([...values('b', 20).slice(7), ...values('c', 3)]);
  });
});

describe('a log that its leader’s cleaner was in', () => {
  test('comes with its gaps, and is sound after a power cut', () => {
    const world = new ReplicationWorld(13, {
      size: 3,
      settings: { 'log.cleaner.backoff.ms': '200', 'log.cleaner.min.cleanable.ratio': '0.01' },
    }).start();
    const settings = { 'cleanup.policy': 'compact', 'segment.ms': '500' };
    world.createTopic('t', { assignments: [[0, 1]], settings });
    for (let round = 0; round < 8; round++) {
      const keyOf = (value: string): string => value.split(' ')[0] ?? '';
      world.produce(
        't',
        ['k1', 'k2', 'k3'].map((key) => `${key} ${round}`),
        { keyOf },
      );
      world.world.runFor(700);
    }
    const before = world.logOf(0, 't');
    world.until('most of it is gone', () => world.logOf(0, 't').length <= 9);
    expect(world.logOf(0, 't').length).toBeLessThan(before.length + 1);
    const partitions = [{ topic: 't', index: 0, replicas: [2, 0] }];
    world.submit({ kind: 'alterReassignments', partitions, allowReplicationFactorChange: true });
    world.until(
      'it has moved',
      () => world.partition('t').replicas.join() === '2,0' && world.partition('t').isr.length === 2,
    );
    world.kill(2, 'power');
    world.node(2).start();
    world.untilInSync('t');
    const last = new Map(world.logOf(2, 't').map((line) => [line.split(' ')[1] ?? '', line.split(' ')[2] ?? '']));
    expect(Object.fromEntries(last)).toEqual({ k1: '7', k2: '7', k3: '7' });
    expect(world.node(2).warnings.join()).not.toContain('damaged');
  });
});

describe('a log found damaged in use', () => {
  test('of the leader: another leads, and what was damaged is fetched from it', () => {
    const world = new ReplicationWorld(14).start();
    world.createTopic('t');
    world.produce('t', values('a', 40));
    for (const node of world.nodes) {
      world.kill(node.id);
      node.start();
      world.until('it is back', () => node.isReady);
      world.untilInSync('t');
    }
    const leader = world.leader('t');
    const { disk } = world.node(leader);
    disk.poke(FIRST, 100, Buffer.from([0xff, 0xff]));
    expect(world.scan('t')).toEqual(values('a', 40));
    world.until('its log is whole again', () => world.logOf(leader, 't').length === 40);
    world.untilInSync('t');
    world.untilSame('t');
    expect(world.node(leader).warnings.join()).toContain('a damaged log is set aside');
  });
});

describe('a follower whose disk is full', () => {
  test('leaves the ISR and follows again when there is room', () => {
    const world = new ReplicationWorld(15, { settings: { 'replica.lag.time.max.ms': '2000' } }).start();
    world.createTopic('t');
    world.produce('t', values('a', 5));
    const follower = (world.leader('t') + 1) % 3;
    const { disk } = world.node(follower);
    disk.faults.fail = (operation, path) => (operation === 'write' && path.startsWith('/data/t-0/') ? 'ENOSPC' : null);
    world.produce('t', values('b', 5));
    world.until('it is out', () => !world.partition('t').isr.some((id) => id === follower));
    disk.faults.fail = () => null;
    world.untilInSync('t');
    world.untilSame('t');
  });
});
