import { describe, expect, test } from '@jest/globals';
import { fc } from '../support/properties.ts';
import { brokerId } from '../../broker/core/base/ids.ts';
import { DISK_STALL_MS, EXTENDED_SESSION_MAX_MS, EXTENSION_MS } from '../../broker/core/metadata/sessions.ts';
import { SessionWorld } from '../support/metadata/session-world.ts';

const SESSION_MS = 2000;
const broker = fc.integer({ min: 0, max: 3 });

type Step =
  | { readonly kind: 'wait' | 'sleep'; readonly ms: number }
  | { readonly kind: 'register' | 'unregister' | 'refused' | 'left'; readonly id: number }
  | { readonly kind: 'controller' }
  | {
      readonly kind: 'beat';
      readonly id: number;
      readonly lag: number;
      readonly wantsUnfenced: boolean;
      readonly loopStalledMs: number;
      readonly diskStalledMs: number;
      readonly unansweredMs: number;
    };

const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('wait' as const), ms: fc.constantFrom(50, 200, 700, 2500) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('sleep' as const), ms: fc.constantFrom(500, 900, 5000) }) },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constantFrom(
        'register' as const,
        'register' as const,
        'unregister' as const,
        'refused' as const,
        'left' as const,
      ),
      id: broker,
    }),
  },
  { weight: 1, arbitrary: fc.constant<Step>({ kind: 'controller' }) },
  {
    weight: 12,
    arbitrary: fc.record({
      kind: fc.constant('beat' as const),
      id: broker,
      lag: fc.constantFrom(0, 0, 0, 1, 5),
      wantsUnfenced: fc.constantFrom(true, true, true, false),
      loopStalledMs: fc.constantFrom(0, 0, 0, 2000, 2001),
      diskStalledMs: fc.constantFrom(0, 0, 0, DISK_STALL_MS + 1),
      unansweredMs: fc.constantFrom(0, 0, 0, 200, SESSION_MS - 200, SESSION_MS, 3 * SESSION_MS),
    }),
  },
);

/** When each broker was last heard, let in or given a session; what every fencing is judged by. */
class Judge {
  readonly world = new SessionWorld();
  readonly #sinceMs = new Map<number, number>();
  #isClockWatched = true;

  take(one: Step): void {
    const { world } = this;
    switch (one.kind) {
      case 'wait':
        this.#judge(world.advance(one.ms));
        return;
      case 'sleep':
        // Only the next look at the clock finds out that nobody looked for so long.
        world.nowMs += one.ms;
        this.#isClockWatched = one.ms <= 250 + SESSION_MS / 4;
        this.#judge(world.tick().map(({ brokerId }) => `${brokerId} at ${world.nowMs}`));
        return;
      case 'register':
        world.register(one.id);
        this.#sinceMs.set(one.id, world.nowMs);
        return;
      case 'unregister':
        world.unregister(one.id);
        return;
      case 'refused':
        world.refused(one.id, world.nowMs);
        return;
      case 'left':
        world.left(one.id);
        return;
      case 'controller':
        world.changeController();
        for (const id of [0, 1, 2, 3]) this.#sinceMs.set(id, world.nowMs);
        return;
      default:
        this.#beat(one);
    }
  }

  #beat({ id, lag, ...more }: Extract<Step, { readonly kind: 'beat' }>): void {
    const { world } = this;
    if (world.epoch(id) === -1) return;
    const appliedOffset = world.lab.image.offset - lag;
    const { command } = world.beat(id, { ...more, appliedOffset });
    this.#sinceMs.set(id, Math.max(this.#sinceMs.get(id) ?? 0, world.nowMs - more.unansweredMs));
    const isDeaf = more.unansweredMs >= SESSION_MS;
    const isWell = more.wantsUnfenced && more.loopStalledMs <= 2000;
    const isHung = more.diskStalledMs > DISK_STALL_MS;
    // S4, and its other side: who is not well is not left in.
    if (command?.kind === 'unfenceBroker')
      expect([isWell, isDeaf, isHung, appliedOffset >= world.epoch(id)]).toEqual([true, false, false, true]);
    // S5
    if (isHung) expect(world.sessions.isSlow(brokerId(id))).toBe(true);
    if (command?.kind === 'shedLeaders') expect([isWell, world.isFenced(id)]).toEqual([true, false]);
    if (!isWell) expect(world.isFenced(id)).toBe(true);
  }

  /** S2: nobody is fenced for a silence that was shorter than a session, or that this controller slept through. */
  #judge(fenced: readonly string[]): void {
    for (const text of fenced) {
      const [id = -1, atMs = -1] = text.split(' at ').map(Number);
      expect(atMs - (this.#sinceMs.get(id) ?? 0)).toBeGreaterThanOrEqual(SESSION_MS);
      expect(this.#isClockWatched).toBe(true);
    }
    this.#isClockWatched = true;
  }
}

describe('the sessions of brokers', () => {
  test('fence nobody too early and let nobody in too early, whatever comes', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60, size: 'max' }), (steps) => {
        const judge = new Judge();
        for (const one of steps) judge.take(one);
        const { world } = judge;
        // S3, and nobody who is silent stays in for longer.
        world.advance(EXTENDED_SESSION_MAX_MS + 500);
        for (const { id, fenced } of world.lab.image.brokers()) expect([id, fenced]).toEqual([id, true]);
        expect(world.sessions.nextWakeMs()).toBe(Number.POSITIVE_INFINITY);
      }),
      { numRuns: 300 },
    );
  });

  test('take one out that hears nothing in the time of one that is not heard, and let it in when it does', () => {
    const world = new SessionWorld();
    for (const id of [0, 1]) world.register(id);
    for (const id of [0, 1, 0, 1]) world.beat(id);
    const startMs = world.nowMs;
    while (!world.isFenced(1)) {
      world.advance(200);
      world.beat(0);
      world.beat(1, { unansweredMs: world.nowMs - startMs });
      expect(world.nowMs - startMs).toBeLessThanOrEqual(SESSION_MS + 200);
    }
    for (let round = 0; round < 20; round += 1) {
      world.advance(200);
      world.beat(0);
      world.beat(1, { unansweredMs: world.nowMs - startMs });
      expect(world.isFenced(1)).toBe(true);
    }
    world.beat(1);
    expect([world.isFenced(0), world.isFenced(1)]).toEqual([false, false]);
  });

  test('keep everybody in who speaks in time, for hours', () => {
    const world = new SessionWorld();
    for (const id of [0, 1, 2]) world.register(id);
    for (let round = 0; world.nowMs < 2 * EXTENSION_MS; round += 1) {
      for (const id of [0, 1, 2]) if ((round + id) % 3 !== 0) world.beat(id);
      expect(world.advance(600)).toEqual([]);
    }
  });
});
