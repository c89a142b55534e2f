import { describe, expect, it } from '@jest/globals';
import { EVENT_LIMITS, EventLog } from '../../../../operator/core/event-log.ts';
import { fc } from '../../../support/properties.ts';

const LIMITS = { burst: 3, refillMs: 100, repeatMs: 10, forgetMs: 1_000, objectsMax: 2, textsMax: 2 };

describe('an event log', () => {
  it('writes a text that repeats once in a while, with how often it happened since when', () => {
    const log = new EventLog(LIMITS);
    const at = (nowMs: number) => log.happened('a', 'full', nowMs);
    expect([at(0), at(5), at(9)]).toEqual([{ count: 1, firstMs: 0 }, null, null]);
    expect(at(10)).toEqual({ count: 4, firstMs: 0 });
  });

  it('takes a text for a new one when it was not heard for long', () => {
    const log = new EventLog(LIMITS);
    log.happened('a', 'full', 0);
    expect(log.happened('a', 'full', 999)).toEqual({ count: 2, firstMs: 0 });
    expect(log.happened('a', 'full', 1_999)).toEqual({ count: 1, firstMs: 1_999 });
  });

  it('writes no more about one object than its share, whatever others have', () => {
    const log = new EventLog(LIMITS);
    const told = ['a', 'b', 'c', 'd', 'e'].map((text) => log.happened('one', text, 0) !== null);
    expect(told).toEqual([true, true, true, false, false]);
    expect(log.happened('other', 'a', 0)).not.toBeNull();
    expect(log.happened('one', 'f', 99)).toBeNull();
    expect(log.happened('one', 'g', 100)).not.toBeNull();
    expect(log.happened('one', 'h', 100)).toBeNull();
  });

  it('counts time that has passed before it was full again', () => {
    const log = new EventLog(LIMITS);
    for (const text of ['a', 'b', 'c']) log.happened('one', text, 0);
    expect(log.happened('one', 'd', 150)).not.toBeNull();
    expect(log.happened('one', 'e', 199)).toBeNull();
    expect(log.happened('one', 'f', 200)).not.toBeNull();
  });

  it('has all of its share again after a while, and not more', () => {
    const log = new EventLog(LIMITS);
    for (const text of ['a', 'b', 'c']) log.happened('one', text, 0);
    const told = ['d', 'e', 'f', 'g'].map((text) => log.happened('one', text, 10_000) !== null);
    expect(told).toEqual([true, true, true, false]);
  });

  it('keeps its bounds whatever happens', () => {
    const happenings = fc.array(
      fc.record({ object: fc.nat(5), text: fc.nat(5), afterMs: fc.constantFrom(0, 5, 50, 500) }),
      { maxLength: 200 },
    );
    fc.assert(
      fc.property(happenings, (all) => {
        const log = new EventLog({ ...LIMITS, objectsMax: 6, textsMax: 3 });
        const written = new Map<number, number[]>();
        let nowMs = 0;
        for (const { object, text, afterMs } of all) {
          nowMs += afterMs;
          if (log.happened(String(object), String(text), nowMs) !== null)
            written.set(object, [...(written.get(object) ?? []), nowMs]);
          expect(log.count).toBeLessThanOrEqual(6 * 3);
        }
        for (const times of written.values())
          for (const [at, fromMs] of times.entries())
            for (const [more, untilMs] of times.slice(at).entries())
              expect(more + 1).toBeLessThanOrEqual(LIMITS.burst + 1 + Math.floor((untilMs - fromMs) / LIMITS.refillMs));
      }),
    );
  });

  it('remembers what happened last of a thousand objects', () => {
    const log = new EventLog();
    for (let object = 0; object < 1_500; object += 1)
      for (let text = 0; text < 60; text += 1) log.happened(String(object), String(text), 0);
    expect(log.count).toBe(EVENT_LIMITS.objectsMax * EVENT_LIMITS.textsMax);
    expect(log.happened('0', '59', 1)).toEqual({ count: 1, firstMs: 1 });
    expect(log.happened('1499', '59', 1)).toBeNull();
  });
});
