import { describe, expect, test } from '@jest/globals';
import { fc } from '../../../support/properties.ts';
import { Deadlines } from '../../../../broker/core/base/deadlines.ts';

describe('deadlines', () => {
  test('fire in the order of their times, and in that of their filing at the same time', () => {
    const deadlines = new Deadlines<string>();
    for (const [name, atMs] of [
      ['c', 30],
      ['a', 10],
      ['b1', 20],
      ['b2', 20],
    ] as const)
      deadlines.set(deadlines.create(name), atMs);
    const fired: string[] = [];
    for (let nowMs = 0; nowMs <= 30; nowMs += 10) {
      for (let due = deadlines.takeDue(nowMs); due !== null; due = deadlines.takeDue(nowMs))
        fired.push(`${nowMs}:${due.payload}`);
    }
    expect(fired).toEqual(['10:a', '20:b1', '20:b2', '30:c']);
    expect(deadlines.nextMs()).toBe(Number.POSITIVE_INFINITY);
  });

  test('moved later or cancelled do not fire at their old time', () => {
    const deadlines = new Deadlines<string>();
    const [moved, cancelled, earlier] = ['moved', 'cancelled', 'earlier'].map((name) => deadlines.create(name));
    if (moved === undefined || cancelled === undefined || earlier === undefined) throw new Error('three timers');
    for (const timer of [moved, cancelled, earlier]) deadlines.set(timer, 10);
    deadlines.set(moved, 20);
    deadlines.cancel(cancelled);
    deadlines.set(earlier, 5);
    expect(deadlines.takeDue(5)?.payload).toBe('earlier');
    expect(deadlines.takeDue(19)).toBeNull();
    expect(deadlines.takeDue(20)?.payload).toBe('moved');
    expect(deadlines.takeDue(1_000)).toBeNull();
  });

  test('cancelled or moved earlier do not stay in the queue until their old time', () => {
    const deadlines = new Deadlines<string>();
    const kept = deadlines.create('kept');
    deadlines.set(kept, 2_000_000);
    for (let round = 0; round < 10_000; round += 1) {
      const cancelled = deadlines.create('cancelled');
      deadlines.set(cancelled, 1_800_000);
      deadlines.cancel(cancelled);
      deadlines.set(kept, 2_000_000 - round);
    }
    expect(deadlines.filedCount).toBeLessThan(100);
    expect(deadlines.takeDue(1_990_000)).toBeNull();
    expect(deadlines.takeDue(1_990_001)).toBe(kept);
  });

  test('can be started again after they were cancelled and swept out', () => {
    const deadlines = new Deadlines<number>();
    const timers = Array.from({ length: 100 }, (_, index) => deadlines.create(index));
    for (const timer of timers) {
      deadlines.set(timer, 10);
      deadlines.cancel(timer);
    }
    for (const timer of timers) deadlines.set(timer, 10);
    const fired = timers.map(() => deadlines.takeDue(10)?.payload);
    expect(new Set(fired)).toEqual(new Set(timers.map(({ payload }) => payload)));
    expect(deadlines.takeDue(10)).toBeNull();
  });

  test('do whatever a plain list of times would do', () => {
    const action = fc.oneof(
      fc.record({ kind: fc.constant('set' as const), timer: fc.nat(4), in: fc.nat(20) }),
      fc.record({ kind: fc.constant('cancel' as const), timer: fc.nat(4), in: fc.constant(0) }),
      fc.record({ kind: fc.constant('wait' as const), timer: fc.constant(0), in: fc.nat(15) }),
    );
    fc.assert(
      fc.property(fc.array(action, { maxLength: 200 }), (actions) => {
        const deadlines = new Deadlines<number>();
        const timers = [0, 1, 2, 3, 4].map((id) => deadlines.create(id));
        const model = new Map<number, number>();
        let nowMs = 0;
        for (const { kind, timer, in: inMs } of actions) {
          const chosen = timers[timer];
          if (chosen === undefined) continue;
          if (kind === 'set') {
            deadlines.set(chosen, nowMs + inMs);
            model.set(timer, nowMs + inMs);
          } else if (kind === 'cancel') {
            deadlines.cancel(chosen);
            model.delete(timer);
          } else {
            nowMs += inMs;
          }
          expect(deadlines.nextMs()).toBeLessThanOrEqual(Math.min(...model.values()));
          const fired: number[] = [];
          for (let due = deadlines.takeDue(nowMs); due !== null; due = deadlines.takeDue(nowMs))
            fired.push(due.payload);
          const expected = [...model].filter(([, atMs]) => atMs <= nowMs).map(([id]) => id);
          for (const id of expected) model.delete(id);
          expect(fired.sort()).toEqual(expected.sort());
        }
      }),
    );
  });
});
