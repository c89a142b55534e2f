import { Buffer } from 'node:buffer';
import { describe, expect, test } from '@jest/globals';
import { ZERO_TOPIC_ID } from '../../../../broker/core/base/ids.ts';
import { ApiKey } from '../../../../broker/core/protocol/apis.ts';
import { wrapFiles } from '../../../support/wrapped-disk.ts';
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

  test('say nothing about lanes that hang up to take in another partition', () => {
    const world = new ReplicationWorld(10).start();
    world.createTopic('t');
    world.world.runFor(200);
    world.createTopic('u', { partitions: 8 });
    for (let partition = 0; partition < 8; partition++) world.produce('u', values(`u${partition}`, 3), { partition });
    expect(world.nodes.flatMap(({ warnings }) => warnings)).toEqual([]);
  });

  test('go on when the leader dies, with nothing lost; it comes back, catches up and is in sync', () => {
    const world = new ReplicationWorld(2).start();
    world.createTopic('t');
    world.createTopic('others', { partitions: 12 });
    world.produce('t', values('a', 30));
    const leader = world.leader('t');
    world.send('t', values('b', 30));
    world.world.runFor(3);
    world.kill(leader, 'power');
    world.untilLedByAnother('t', leader);
    world.until('all are acknowledged', () => world.produced.acknowledged.size === 60);
    // One line for all lanes.
    for (const { id, warnings } of world.nodes)
      expect(warnings.filter((line) => line.includes('can not be reached')).length).toBe(id === leader ? 0 : 1);
    const found = world.scan('t');
    expect(found).toEqual([...values('a', 30), ...values('b', 30)]);
    world.node(leader).start();
    world.untilInSync('t');
    world.produce('t', values('c', 5));
    world.untilSame('t');
    expect(world.scan('t')).toEqual([...found, ...values('c', 5)]);
  });

  test('cut what only they had when they come back to a leader that was elected without it', () => {
    const world = new ReplicationWorld(3).start();
    // An idempotent producer would miss its lost sequences.
    const settings = { 'unclean.leader.election.enable': 'true', 'min.insync.replicas': '1' };
    world.createTopic('t', { assignments: [[0, 1]], settings });
    world.produce('t', values('a', 10), { acks: 1 });
    world.untilSame('t');
    world.kill(1);
    world.until('broker 0 is alone', () => world.partition('t').isr.join() === '0');
    world.produce('t', values('lost', 6), { acks: 1 });
    // The high watermark is written every five seconds.
    world.world.runFor(6000);
    world.kill(0);
    world.node(1).start();
    world.until('broker 1 leads', () => world.node(1).isReady && world.leader('t') === 1);
    world.produce('t', values('b', 4), { acks: 1 });
    world.node(0).start();
    world.untilInSync('t');
    world.untilSame('t');
    expect(world.node(0).warnings.join()).toContain('cut below its high watermark');
    expect(world.scan('t')).toEqual([...values('a', 10), ...values('b', 4)]);
  });
});

describe('under acks=all with fsync', () => {
  /** How long records take when a sync of a log takes so long, ms. */
  function latencyMs(syncMs: readonly [number, number, number]): number {
    const world = new ReplicationWorld(9, {
      diskLatencyMs: 0.1,
      wrapDisk: (id, time, disk) =>
        wrapFiles(disk, isLog, (file) => ({
          sync: (done) => {
            time.schedule(syncMs[id] ?? 0, () => file.sync(done));
          },
        })),
    }).start();
    world.createTopic('t', { assignments: [[0, 1, 2]] });
    world.produce('t', values('first', 3));
    const sent = values('a', 10);
    for (const value of sent) world.produce('t', [value]);
    const tookMs = sent.map((value) => world.produced.acknowledged.get(value)?.tookMs ?? 0);
    return tookMs.reduce((sum, one) => sum + one, 0) / sent.length;
  }
  const isLog = (path: string): boolean => path.startsWith('/data/t-0/') && path.endsWith('.log');

  test('the syncs of leader and followers overlap: a slow one counts once', () => {
    const fastMs = latencyMs([0, 0, 0]);
    for (const slow of [
      [100, 0, 0],
      [0, 100, 0],
      [100, 100, 100],
    ] as const) {
      expect(latencyMs(slow) - fastMs).toBeLessThan(115);
    }
  });
});

describe('a damaged log of a follower', () => {
  test('found at its start is fetched again from the leader by itself, and what was damaged goes when it is in sync', () => {
    const world = new ReplicationWorld(4).start();
    world.createTopic('t');
    world.produce('t', values('a', 20));
    const follower = (world.leader('t') + 1) % 3;
    const node = world.node(follower);
    // The recovery point is written every five seconds.
    world.world.runFor(6000);
    world.kill(follower);
    const path = '/data/t-0/00000000000000000000.log';
    node.disk.poke(path, 100, Buffer.from([0xff, 0xff]));
    node.start();
    const isAside = (): boolean =>
      node.disk.files().some((file) => file.path.includes('.damaged') && file.path.endsWith('.log'));
    const isIn = (): boolean =>
      node.view
        ?.topicByName('t')
        ?.partition(0)
        ?.isr.some((id) => id === follower) === true;
    world.until('the log is set aside', isAside);
    world.until('it is in sync, or what was set aside is gone', () => isIn() || !isAside());
    expect(isIn()).toBe(true);
    world.until('it serves', () => node.isReady);
    world.untilInSync('t');
    world.untilSame('t');
    expect(node.warnings.join()).toContain('a damaged log is set aside');
    world.until('what was set aside is gone', () => node.disk.files().every((file) => !file.path.includes('.damaged')));
    world.produce('t', values('b', 3));
    expect(world.scan('t')).toEqual([...values('a', 20), ...values('b', 3)]);
  });

  test('of the only replica stays as it is', () => {
    const world = new ReplicationWorld(5).start();
    world.createTopic('t', { replicas: 1 });
    world.produce('t', values('a', 20));
    const id = world.leader('t');
    const node = world.node(id);
    world.world.runFor(6000);
    world.kill(id);
    const path = '/data/t-0/00000000000000000000.log';
    node.disk.poke(path, 100, Buffer.from([0xff, 0xff]));
    const before = node.disk.peek(path);
    node.start();
    world.until('it serves', () => node.isReady);
    world.world.runFor(5000);
    expect(node.disk.peek(path)).toEqual(before);
  });
});

describe('replicas that move', () => {
  test('are fetched by who gets them and deleted by who had them, once that is decided', () => {
    const world = new ReplicationWorld(6, { size: 4 }).start();
    world.createTopic('t', { assignments: [[0, 1, 2]] });
    world.produce('t', values('a', 20));
    const partitions = [{ topic: 't', index: 0, replicas: [3, 1, 2] }];
    const moved = world.submit({ kind: 'alterReassignments', partitions, allowReplicationFactorChange: true });
    expect(moved).toMatchObject({ partitions: [{ errorCode: 0 }] });
    world.until(
      'the move is done',
      () => world.partition('t').removingReplicas.length === 0 && !world.partition('t').replicas.some((id) => id === 0),
    );
    world.until('the log is gone', () => world.logOf(0, 't').length === 0);
    world.produce('t', values('b', 5));
    world.untilSame('t');
    expect(world.logOf(3, 't')).toHaveLength(25);
    // And back.
    world.submit({
      kind: 'alterReassignments',
      partitions: [{ topic: 't', index: 0, replicas: [0, 1, 2] }],
      allowReplicationFactorChange: true,
    });
    world.until('it is back', () => world.logOf(0, 't').length === 25 && world.logOf(3, 't').length === 0);
    expect(world.scan('t')).toEqual([...values('a', 20), ...values('b', 5)]);
  });

  test('logs of topics that were deleted meanwhile go at the next start', () => {
    const world = new ReplicationWorld(8).start();
    world.createTopic('t');
    world.produce('t', values('a', 20));
    world.kill(2);
    world.ask('any', ApiKey.DeleteTopics, { topics: [{ name: 't', topicId: ZERO_TOPIC_ID }], timeoutMs: 10_000 });
    expect(world.logOf(2, 't')).toHaveLength(20);
    world.node(2).start();
    world.until('it serves without the log', () => world.node(2).isReady && world.logOf(2, 't').length === 0);
  });

  test('logs that are somebody else’s since go at the next start', () => {
    const world = new ReplicationWorld(7, { size: 4 }).start();
    world.createTopic('t', { assignments: [[0, 1, 2]] });
    world.produce('t', values('a', 20));
    world.kill(2);
    world.submit({
      kind: 'alterReassignments',
      partitions: [{ topic: 't', index: 0, replicas: [0, 1, 3] }],
      allowReplicationFactorChange: true,
    });
    world.until('the move is done', () => world.partition('t').replicas.join() === '0,1,3');
    expect(world.logOf(2, 't')).toHaveLength(20);
    world.node(2).start();
    world.until('it serves without the log', () => world.node(2).isReady && world.logOf(2, 't').length === 0);
  });
});
