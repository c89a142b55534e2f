import { describe, expect, test } from '@jest/globals';
import { ErrorCode } from '../../../../broker/core/protocol/errors.ts';
import { SharePartition, type SharePartitionEffect } from '../../../../broker/core/share/partition.ts';
import type { StateBatch } from '../../../../broker/core/share/persistence.ts';
import { type DeliveryPolicy, STANDARD_POLICY } from '../../../../broker/core/share/policy.ts';
import { Bench, batches, RULES } from './bench.ts';

const ACCEPT = 1;
const RELEASE = 2;

const saved = (firstOffset: number, lastOffset: number, deliveryState: number, deliveryCount: number): StateBatch => ({
  firstOffset,
  lastOffset,
  deliveryState,
  deliveryCount,
});

describe('acquisition locks', () => {
  test('end after their duration, all records of it at once', () => {
    const bench = new Bench(batches(0, 4, 1));
    bench.fetch('a');
    bench.pass(29_999);
    expect(bench.fetch('b')).toEqual([]);
    bench.pass(1);
    expect(bench.fetch('b')).toEqual(['0-3 x2']);
    expect(bench.acknowledge('a', [0, 3, ACCEPT])).toBe(ErrorCode.INVALID_RECORD_STATE);
    expect(bench.acknowledge('b', [0, 3, ACCEPT])).toBe(ErrorCode.NONE);
  });

  test('that end are told of, and wake waiting fetches', () => {
    const bench = new Bench(batches(0, 4, 1));
    bench.hold = true;
    bench.fetch('a');
    bench.effects.length = 0;
    bench.pass(30_000);
    expect(bench.effects.map(({ kind }) => kind)).toEqual(['expired', 'available', 'persist']);
  });

  test('that end on the last attempt archive the record', () => {
    const bench = new Bench(batches(0, 1, 1));
    bench.rules = { ...RULES, deliveryCountLimit: 2 };
    bench.fetch('a');
    bench.pass(30_000);
    bench.fetch('b');
    bench.pass(30_000);
    expect(bench.partition.startOffset).toBe(1);
  });

  test('are not ended by a failed write of the expiry', () => {
    const bench = new Bench(batches(0, 4, 1));
    bench.hold = true;
    bench.fetch('a');
    bench.pass(30_000);
    bench.commit(ErrorCode.COORDINATOR_NOT_AVAILABLE);
    expect(bench.describe()).toBe('start 0 end 4: [0,4) available x1');
  });

  test('need one deadline however many there are', () => {
    const bench = new Bench(batches(0, 1, 100));
    for (let count = 0; count < 100; count += 1) {
      bench.fetch('a', { max: 1 });
      bench.nowMs += 10;
    }
    expect(bench.partition.deadlineMs).toBe(31_000);
    bench.pass(29_000);
    expect(bench.partition.deadlineMs).toBe(31_010);
  });
});

describe('a write that fails', () => {
  test('leaves the records with their owner, and tells the reason', () => {
    const bench = new Bench(batches(0, 4, 1));
    bench.hold = true;
    bench.fetch('a');
    const ticket = bench.send('a', [0, 3, ACCEPT]);
    bench.commit(ErrorCode.COORDINATOR_NOT_AVAILABLE);
    expect(bench.verdicts.get(ticket)).toBe(ErrorCode.COORDINATOR_NOT_AVAILABLE);
    expect(bench.describe()).toBe('start 0 end 4: [0,4) acquired x1 by a');
    bench.send('a', [0, 3, ACCEPT]);
    bench.commit();
    expect(bench.partition.startOffset).toBe(4);
  });

  test('leaves the lock as it was, though others ended meanwhile', () => {
    const bench = new Bench(batches(0, 4, 2));
    bench.fetch('a', { max: 4 });
    bench.nowMs += 1_000;
    bench.fetch('b', { max: 4 });
    bench.hold = true;
    bench.send('b', [4, 7, ACCEPT]);
    bench.pass(29_000);
    expect(bench.describe()).toBe('start 0 end 8: [0,4) available x1; [4,8) acknowledged x1 by b (write 1)');
    bench.commit(ErrorCode.COORDINATOR_NOT_AVAILABLE);
    expect(bench.describe()).toContain('[4,8) acquired x1 by b');
    bench.pass(1_000);
    expect(bench.describe()).toBe('start 0 end 8: [0,4) available x1; [4,8) available x1');
  });

  test('takes every acknowledgement that it held with it, and none behind it', () => {
    const bench = new Bench(batches(0, 4, 1));
    bench.hold = true;
    bench.fetch('a');
    const first = bench.send('a', [0, 0, ACCEPT]);
    const second = bench.send('a', [1, 1, ACCEPT]);
    const third = bench.send('a', [2, 2, ACCEPT]);
    expect(bench.writes).toHaveLength(1);
    bench.commit(ErrorCode.COORDINATOR_NOT_AVAILABLE);
    expect([first, second, third].map((ticket) => bench.verdicts.get(ticket))).toEqual([15, undefined, undefined]);
    expect(bench.writes[1]?.stateBatches).toEqual([saved(1, 1, 2, 1), saved(2, 2, 2, 1)]);
    expect(bench.writes[1]?.startOffset).toBe(0);
    bench.commit();
    expect([second, third].map((ticket) => bench.verdicts.get(ticket))).toEqual([0, 0]);
    expect(bench.describe()).toBe(
      'start 0 end 4: [0,1) acquired x1 by a; [1,3) acknowledged x1; [3,4) acquired x1 by a',
    );
  });

  test('because of a newer leader drops the share-partition', () => {
    const bench = new Bench(batches(0, 4, 1));
    bench.hold = true;
    bench.fetch('a');
    bench.send('a', [0, 0, ACCEPT]);
    const waiting = bench.send('a', [1, 1, ACCEPT]);
    const effects = bench.commit(ErrorCode.NOT_LEADER_OR_FOLLOWER);
    expect(effects.map(({ kind }) => kind)).toContain('fenced');
    const out: SharePartitionEffect[] = [];
    bench.partition.abandon(ErrorCode.NOT_LEADER_OR_FOLLOWER, out);
    expect(out).toEqual([{ kind: 'acknowledged', ticket: waiting, errorCode: ErrorCode.NOT_LEADER_OR_FOLLOWER }]);
  });
});

describe('the end of a session', () => {
  test('gives back what the member holds, and nothing of others', () => {
    const bench = new Bench(batches(0, 4, 2));
    bench.fetch('a', { max: 4 });
    bench.fetch('b', { max: 4 });
    bench.release('a');
    expect(bench.describe()).toBe('start 0 end 8: [0,4) available x1; [4,8) acquired x1 by b');
    expect(bench.fetch('b')).toEqual(['0-3 x2']);
  });

  test('archives records that have no attempt left', () => {
    const bench = new Bench(batches(0, 1, 1));
    bench.rules = { ...RULES, deliveryCountLimit: 2 };
    bench.fetch('a');
    bench.release('a');
    bench.fetch('a');
    bench.release('a');
    expect(bench.partition.startOffset).toBe(1);
  });

  test('does not touch an acknowledgement under way', () => {
    const bench = new Bench(batches(0, 4, 1));
    bench.hold = true;
    bench.fetch('a');
    const ticket = bench.send('a', [0, 1, ACCEPT]);
    bench.release('a');
    bench.commit();
    bench.commit();
    expect(bench.verdicts.get(ticket)).toBe(ErrorCode.NONE);
    expect(bench.describe()).toBe('start 2 end 4: [2,4) available x1');
  });
});

describe('a moved log start', () => {
  test('moves the start and forgets what lies below', () => {
    const bench = new Bench(batches(0, 10, 2));
    bench.fetch('a', { max: 10 });
    bench.step({ kind: 'log-start', offset: 5 });
    expect(bench.describe()).toBe('start 5 end 10: [5,10) acquired x1 by a');
    expect(bench.acknowledge('a', [0, 9, ACCEPT])).toBe(ErrorCode.NONE);
    expect(bench.partition.startOffset).toBe(10);
  });

  test('beyond everything in flight empties it', () => {
    const bench = new Bench(batches(0, 10, 3));
    bench.fetch('a', { max: 10 });
    bench.step({ kind: 'log-start', offset: 20 });
    expect(bench.describe()).toBe('start 20 end 20:');
    expect(bench.fetch('b')).toEqual(['20-29 x1']);
  });

  test('under a write that fails revives nothing', () => {
    const bench = new Bench(batches(0, 10, 2));
    bench.hold = true;
    bench.fetch('a', { max: 10 });
    bench.send('a', [0, 9, RELEASE]);
    bench.step({ kind: 'log-start', offset: 5 });
    bench.commit(ErrorCode.COORDINATOR_NOT_AVAILABLE);
    expect(bench.describe()).toBe('start 5 end 10: [5,10) acquired x1 by a');
  });
});

describe('loading', () => {
  test('skips finished records at the front and keeps counts', () => {
    const state = { startOffset: 0, stateBatches: [saved(0, 3, 2, 1), saved(4, 5, 0, 3), saved(6, 7, 4, 5)] };
    const bench = new Bench(batches(0, 4, 3), { state });
    expect(bench.describe()).toBe('start 4 end 8: [4,6) available x3; [6,8) archived x5');
  });

  test('takes offsets between saved batches for records that were never delivered', () => {
    const state = { startOffset: 0, stateBatches: [saved(4, 5, 2, 1), saved(8, 9, 2, 1)] };
    const bench = new Bench(batches(0, 10, 2), { state });
    expect(bench.fetch('a')).toEqual(['0-3 x1', '6-7 x1', '10-19 x1']);
  });

  test.each([
    ['a batch below the start', [saved(0, 3, 2, 1)]],
    ['an inverted batch', [saved(9, 8, 2, 1)]],
    ['an acquired batch', [saved(5, 8, 1, 1)]],
    ['overlapping batches', [saved(5, 8, 0, 1), saved(8, 9, 0, 1)]],
  ])('refuses %s', (_, stateBatches) => {
    expect(SharePartition.load({ startOffset: 5, stateBatches }, STANDARD_POLICY)).toBeNull();
  });

  test('of a snapshot gives the same share-partition', () => {
    const bench = new Bench(batches(0, 4, 3));
    bench.fetch('a', { max: 8 });
    bench.acknowledge('a', [2, 3, RELEASE], [5, 5, ACCEPT]);
    const copy = SharePartition.restore(bench.partition.snapshot(), bench.partition.startOffset, STANDARD_POLICY);
    expect(copy.describe()).toBe(bench.describe());
    expect(copy.fetchOffset(RULES, bench.nowMs)).toBe(2);
    expect(copy.deadlineMs).toBeLessThanOrEqual(bench.partition.deadlineMs);
  });
});

describe('a delivery policy', () => {
  test('may hold a returned record back for a while', () => {
    const policy: DeliveryPolicy = { ...STANDARD_POLICY, returnAtMs: (count, nowMs) => nowMs + 1_000 * count };
    const bench = new Bench(batches(0, 4, 1), { policy });
    bench.fetch('a');
    bench.acknowledge('a', [0, 3, RELEASE]);
    expect(bench.fetch('b')).toEqual([]);
    expect(bench.partition.deadlineMs).toBe(2_000);
    bench.pass(1_000);
    expect(bench.fetch('b')).toEqual(['0-3 x2']);
  });

  test('holds back what came back because its lock ended, and says when its time is over', () => {
    const policy: DeliveryPolicy = { ...STANDARD_POLICY, returnAtMs: (count, nowMs) => nowMs + 1_000 * count };
    const bench = new Bench(batches(0, 4, 1), { policy });
    bench.fetch('a');
    bench.pass(30_000);
    expect(bench.fetch('b')).toEqual([]);
    expect(bench.partition.deadlineMs).toBe(32_000);
    bench.effects.length = 0;
    bench.pass(1_000);
    expect(bench.effects).toEqual([{ kind: 'available' }]);
    expect(bench.fetch('b')).toEqual(['0-3 x2']);
  });
});

/** Bugs that Kafka had (PROTOCOL §4.2); each would come back as a failure here. */
describe('known bugs of share groups', () => {
  test('KAFKA-19954: a start in the middle of a batch gives no overlapping ranges, in record_limit mode neither', () => {
    const bench = new Bench(batches(0, 10, 3), { state: { startOffset: 5, stateBatches: [saved(12, 13, 2, 1)] } });
    expect(bench.fetch('a', { max: 3, mode: 1 })).toEqual(['5-7 x1']);
    expect(bench.fetch('b', { max: 6, mode: 1 })).toEqual(['8-11 x1', '14-15 x1']);
    expect(bench.fetch('c', { max: 6, mode: 1 })).toEqual(['16-21 x1']);
  });

  test('KAFKA-19808: records taken up to the capacity in the middle of a batch can expire and come back', () => {
    const bench = new Bench(batches(0, 150, 3));
    bench.fetch('a', { mode: 1, max: 170 });
    bench.fetch('b', { mode: 1, max: 170 });
    expect(bench.describe()).toBe('start 0 end 200: [0,170) acquired x1 by a; [170,200) acquired x1 by b');
    bench.pass(30_000);
    expect(bench.fetch('c', { mode: 1, max: 500 })).toEqual(['0-199 x2']);
  });

  test('KAFKA-19789: no offset is acquired twice in one response', () => {
    const state = { startOffset: 0, stateBatches: [saved(3, 4, 0, 1), saved(7, 7, 0, 2)] };
    const bench = new Bench(batches(0, 10, 2), { state });
    expect(bench.fetch('a')).toEqual(['0-2 x1', '3-4 x2', '5-6 x1', '7-7 x3', '8-19 x1']);
  });

  test('KAFKA-18084: a record under way can not be acquired, and its lock neither leaks nor is missing afterwards', () => {
    const bench = new Bench(batches(0, 4, 1));
    bench.hold = true;
    bench.fetch('a');
    bench.send('a', [0, 3, RELEASE]);
    expect(bench.fetch('b')).toEqual([]);
    bench.commit();
    expect(bench.fetch('b')).toEqual(['0-3 x2']);
    bench.pass(30_000);
    expect(bench.describe()).toBe('start 0 end 4: [0,4) available x2');
  });

  test('KAFKA-18084: a lock that ends while its acknowledgement is under way changes nothing', () => {
    const bench = new Bench(batches(0, 4, 1));
    bench.hold = true;
    bench.fetch('a');
    const ticket = bench.send('a', [0, 3, ACCEPT]);
    bench.pass(30_000);
    bench.commit();
    expect(bench.verdicts.get(ticket)).toBe(ErrorCode.NONE);
    expect(bench.partition.startOffset).toBe(4);
  });

  test('KAFKA-19476: after a failed write and an ended lock the delivery limit still holds', () => {
    const bench = new Bench(batches(0, 2, 1));
    bench.rules = { ...RULES, deliveryCountLimit: 2 };
    bench.fetch('a');
    bench.release('a');
    bench.hold = true;
    bench.fetch('a');
    bench.send('a', [0, 1, ACCEPT]);
    bench.pass(30_000);
    bench.commit(ErrorCode.COORDINATOR_NOT_AVAILABLE);
    expect(bench.partition.startOffset).toBe(2);
    expect(bench.writes).toHaveLength(2);
  });

  test('an expired record acknowledged late by its old owner stays with the new one', () => {
    const bench = new Bench(batches(0, 4, 1));
    bench.fetch('a');
    bench.pass(30_000);
    bench.fetch('b');
    expect(bench.acknowledge('a', [0, 3, ACCEPT])).toBe(ErrorCode.INVALID_RECORD_STATE);
    expect(bench.describe()).toContain('acquired x2 by b');
  });
});
