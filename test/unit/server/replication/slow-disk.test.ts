import { describe, expect, test } from '@jest/globals';
import type { SimDisk } from '../../../sim/disk.ts';
import { ReplicationWorld } from '../../../support/replication/replication-world.ts';

const values = (name: string, count: number): string[] => Array.from({ length: count }, (_, i) => `${name}-${i}`);

/** A topic on three brokers, led by the one whose disk is about to hang. */
function started(seed: number) {
  const world = new ReplicationWorld(seed).start();
  world.createTopic('t', { settings: { 'min.insync.replicas': '2' } });
  world.produce('t', values('before', 10));
  const leader = world.leader('t');
  return { world, leader, faults: world.node(leader).disk.faults };
}

describe('a leader whose disk hangs (F5)', () => {
  test('is relieved in a few seconds, while its process goes on: what was sent is acknowledged by another', () => {
    const { world, leader, faults } = started(1);
    faults.slowMs = 20_000;
    const hungAtMs = world.world.nowMs;
    world.send('t', values('hung', 10));
    world.untilLedByAnother('t', leader);
    expect(world.world.nowMs - hungAtMs).toBeLessThan(5000);
    expect(world.world.nowMs - hungAtMs).toBeGreaterThan(3000);
    world.until('all are acknowledged', () => world.produced.acknowledged.size === 20, 5000);
    expect(world.partition('t').isr).not.toContain(leader);
    expect(world.isIn(leader)).toBe(true);
    expect(world.node(leader).fatals).toEqual([]);
  });

  test('is back in the ISR when its disk has been well for ten seconds, and not before', () => {
    const { world, leader, faults } = started(2);
    faults.slowMs = 6000;
    world.send('t', values('hung', 10));
    world.untilLedByAnother('t', leader);
    faults.slowMs = 0;
    world.until('its disk answers again', () => world.logOf(leader, 't').length >= 10, 20_000);
    world.world.runFor(6500);
    const wellAtMs = world.world.nowMs;
    world.produce('t', values('well', 10));
    expect(world.partition('t').isr).not.toContain(leader);
    world.untilInSync('t');
    expect(world.world.nowMs - wellAtMs).toBeLessThan(15_000);
    world.untilSame('t');
    expect(world.scan('t').toSorted()).toEqual(
      [...values('before', 10), ...values('hung', 10), ...values('well', 10)].toSorted(),
    );
  });

  test('that hangs again and again moves its leaders once', () => {
    const { world, leader, faults } = started(3);
    const epoch = world.partition('t').leaderEpoch;
    for (let round = 0; round < 6; round += 1) {
      faults.slowMs = 5000;
      world.send('t', values(`hung${round}`, 3));
      world.world.runFor(5500);
      faults.slowMs = 0;
      world.world.runFor(4000);
    }
    world.until('all are acknowledged', () => world.produced.acknowledged.size === 28);
    expect(world.leader('t')).not.toBe(leader);
    expect(world.partition('t').leaderEpoch).toBe(epoch + 1);
  });

  test('ends after thirty seconds, when nothing that waits for the disk will be answered', () => {
    const { world, leader, faults } = started(4);
    faults.slowMs = 1_000_000;
    world.send('t', values('hung', 3));
    world.until('it has ended', () => world.node(leader).fatals.length > 0, 40_000);
    expect(world.node(leader).fatals[0]).toMatch(/^the disk does not answer: /);
  });
});

describe('the active controller, while a broker dies', () => {
  /** Three brokers, three controllers apart, and what befalls the active one; gives how long an acknowledgement takes after a leader's death. */
  function gapMs(seed: number, strike: (disk: SimDisk) => void): number {
    const world = new ReplicationWorld(seed, { size: 6, controllers: [3, 4, 5] }).start();
    world.createTopic('t', { assignments: [[0, 1, 2]], settings: { 'min.insync.replicas': '2' } });
    world.produce('t', values('before', 10));
    const active = world.nodes[0]?.view?.controllerId ?? -1;
    strike(world.node(active).disk);
    world.world.runFor(100);
    const atMs = world.world.nowMs;
    world.kill(0);
    world.send('t', values('after', 10));
    world.until('all are acknowledged', () => world.produced.acknowledged.size === 20, 10_000);
    expect(world.node(active).fatals).toEqual([]);
    expect(world.nodes[1]?.view?.controllerId).not.toBe(active);
    return world.world.nowMs - atMs;
  }

  test.each([5000, 20_000, 1_000_000])('whose disk hangs for %i ms is relieved (F5)', (slowMs) => {
    expect(gapMs(1, (disk) => void (disk.faults.slowMs = slowMs))).toBeLessThan(6000);
  });

  test('whose disk is full is relieved (D11)', () => {
    const full = (operation: string): string | null =>
      operation === 'write' || operation === 'allocate' ? 'ENOSPC' : null;
    expect(gapMs(2, (disk) => void (disk.faults.fail = full))).toBeLessThan(6000);
  });
});

test.each([0, 1, 2])(
  'node %i of three that are controllers too: its disk hangs, and others lead in a few seconds',
  (victim) => {
    const world = new ReplicationWorld(7).start();
    const assignments = [0, 1, 2].map((first) => [first, (first + 1) % 3, (first + 2) % 3]);
    world.createTopic('t', { assignments, settings: { 'min.insync.replicas': '2' } });
    for (const partition of [0, 1, 2]) world.produce('t', values(`before${partition}`, 5), { partition });
    world.node(victim).disk.faults.slowMs = 20_000;
    const hungAtMs = world.world.nowMs;
    for (const partition of [0, 1, 2]) world.send('t', values(`hung${partition}`, 5), { partition });
    world.until('all are acknowledged', () => world.produced.acknowledged.size === 30, 10_000);
    expect(world.world.nowMs - hungAtMs).toBeLessThan(6000);
    expect(world.node(victim).fatals).toEqual([]);
  },
);
