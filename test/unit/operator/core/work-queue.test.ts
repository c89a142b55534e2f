import { describe, expect, it } from '@jest/globals';
import { fc } from '../../../support/properties.ts';
import { PRIORITY, type Priority, WorkQueue } from '../../../../operator/core/work-queue.ts';

const BACKOFF = { minMs: 100, maxMs: 1000 };
const { event, resync, user } = PRIORITY;
const failed = { kind: 'failed', chance: 0 } as const;
const fine = { kind: 'ok', againInMs: null } as const;
const queue = (keysMax = 100): WorkQueue => new WorkQueue({ backoff: BACKOFF, keysMax });

/** All keys that can be taken now, in their order. */
function taken(from: WorkQueue, nowMs: number): string {
  const keys: string[] = [];
  for (let key = from.take(nowMs); key !== null; key = from.take(nowMs)) keys.push(key);
  return keys.join(' ');
}

describe('a work queue', () => {
  it('gives a key out once however often it was added, and again when it was added meanwhile', () => {
    const q = queue();
    for (const key of ['a', 'b', 'a', 'a']) q.add(key, event, 0);
    expect(taken(q, 0)).toBe('a b');
    q.add('a', event, 0);
    q.add('a', event, 0);
    expect(taken(q, 0)).toBe('');
    q.done('a', fine, 1);
    q.done('b', fine, 1);
    expect(taken(q, 1)).toBe('a');
    q.done('a', fine, 2);
    expect([q.count, q.nextMs()]).toEqual([0, Number.POSITIVE_INFINITY]);
  });

  it('puts a user first and the rest after, oldest first, and nobody off for ever', () => {
    const q = queue();
    q.add('resync', resync, 0);
    q.add('event', event, 1);
    q.add('event 2', event, 2);
    q.add('raised', resync, 3);
    q.add('raised', user, 4);
    q.add('user', user, 5);
    q.add('user', resync, 6);
    expect(taken(q, 6)).toBe('raised user event event 2 resync');
    q.add('old', resync, 10);
    q.add('young', user, 60_009);
    q.add('old', resync, 60_010);
    q.add('younger', user, 60_011);
    expect(taken(q, 60_011)).toBe('young old younger');
  });

  it('puts off what failed, twice as long each time, until it succeeds or a user changes it', () => {
    const q = queue();
    q.add('a', event, 0);
    let nowMs = 0;
    for (const pauseMs of [100, 200, 400, 800, 1000, 1000]) {
      expect(taken(q, nowMs)).toBe('a');
      q.done('a', failed, nowMs);
      q.add('a', event, nowMs);
      expect(taken(q, nowMs + pauseMs - 1)).toBe('');
      nowMs += pauseMs;
    }
    expect(taken(q, nowMs)).toBe('a');
    q.add('a', event, nowMs);
    q.done('a', failed, nowMs);
    expect(taken(q, nowMs)).toBe('');
    q.add('a', user, nowMs);
    expect(taken(q, nowMs)).toBe('a');
    q.add('a', user, nowMs);
    q.done('a', failed, nowMs);
    expect(taken(q, nowMs)).toBe('a');
    q.done('a', { kind: 'ok', againInMs: 0 }, nowMs);
    expect(taken(q, nowMs)).toBe('a');
    q.done('a', failed, nowMs);
    expect(taken(q, nowMs + 100)).toBe('a');
  });

  it('looks again when it was asked to, sooner when something happens', () => {
    const q = queue();
    q.add('a', event, 0);
    q.add('b', event, 0);
    taken(q, 0);
    q.done('a', { kind: 'ok', againInMs: 500 }, 0);
    q.done('b', { kind: 'ok', againInMs: 500 }, 0);
    q.add('b', event, 1);
    expect(taken(q, 1)).toBe('b');
    expect(taken(q, 499)).toBe('');
    expect(q.nextMs()).toBe(500);
    expect(taken(q, 500)).toBe('a');
    q.done('b', fine, 500);
    q.done('a', { kind: 'ok', againInMs: 500 }, 500);
    q.add('a', event, 501);
    expect(taken(q, 501)).toBe('a');
    q.done('a', fine, 501);
    q.add('a', event, 502);
    expect(taken(q, 502)).toBe('a');
    q.done('a', { kind: 'ok', againInMs: 2000 }, 502);
    expect(taken(q, 1000)).toBe('');
  });

  it('refuses a key beyond its maximum and takes it when there is room', () => {
    const q = queue(2);
    expect([q.add('a', event, 0), q.add('b', event, 0), q.add('c', event, 0), q.add('a', user, 0)]).toEqual([
      true,
      true,
      false,
      true,
    ]);
    taken(q, 0);
    q.done('a', fine, 0);
    expect(q.add('c', event, 0)).toBe(true);
  });

  it('never gives a key to two workers and loses none, in any order of things', () => {
    const action = fc.record({
      what: fc.constantFrom('add', 'take', 'ok', 'again', 'failed'),
      key: fc.constantFrom('a', 'b', 'c'),
      priority: fc.constantFrom<Priority>(resync, event, user),
      afterMs: fc.integer({ min: 0, max: 400 }),
    });
    fc.assert(
      fc.property(fc.array(action, { maxLength: 60 }), (actions) => {
        const q = queue(2);
        const running = new Set<string>();
        const owed = new Set<string>();
        let nowMs = 0;
        for (const { what, key, priority, afterMs } of actions) {
          nowMs += afterMs;
          if (what === 'add' && q.add(key, priority, nowMs)) owed.add(key);
          if (what === 'take') {
            const next = q.take(nowMs);
            if (next === null) continue;
            expect(running.has(next)).toBe(false);
            running.add(next);
            owed.delete(next);
          }
          if (what === 'add' || what === 'take' || !running.delete(key)) continue;
          q.done(key, what === 'failed' ? failed : { kind: 'ok', againInMs: what === 'again' ? 50 : null }, nowMs);
          if (what === 'failed') owed.add(key);
          expect(q.count).toBeLessThanOrEqual(2);
        }
        for (const key of running) q.done(key, fine, nowMs);
        const rest = taken(q, nowMs + 1000).split(' ');
        for (const key of owed) expect(rest).toContain(key);
      }),
    );
  });
});
