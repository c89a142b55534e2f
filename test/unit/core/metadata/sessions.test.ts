import { describe, expect, test } from '@jest/globals';
import { brokerId } from '../../../../broker/core/base/ids.ts';
import {
  BrokerSessions,
  DISK_REST_MS,
  DISK_STALL_MS,
  DISK_WELL_MS,
  EXTENSION_MS,
} from '../../../../broker/core/metadata/sessions.ts';
import { ErrorCode } from '../../../../broker/core/protocol/errors.ts';
import { SessionWorld } from '../../../support/metadata/session-world.ts';

/** A world where these brokers are in. */
function withBrokers(...ids: readonly number[]): SessionWorld {
  const world = new SessionWorld();
  for (const id of ids) {
    world.register(id);
    world.beat(id);
  }
  return world;
}

/** Lets time pass while these brokers send their heartbeats; gives what was fenced. */
function pass(world: SessionWorld, ms: number, ...ids: readonly number[]): readonly string[] {
  const fenced: string[] = [];
  for (let left = ms; left > 0; left -= 200) {
    fenced.push(...world.advance(Math.min(200, left)));
    for (const id of ids) world.beat(id);
  }
  return fenced;
}

describe('a heartbeat', () => {
  test('of a stranger or of an earlier incarnation is refused and changes nothing', () => {
    const world = withBrokers(0);
    const old = world.epoch(0);
    world.register(0);
    expect(world.beat(0, { brokerEpoch: old })).toEqual({
      errorCode: ErrorCode.STALE_BROKER_EPOCH,
      isFenced: true,
      command: null,
    });
    expect(world.beat(7, { brokerEpoch: old }).errorCode).toBe(ErrorCode.BROKER_ID_NOT_REGISTERED);
    expect(world.isFenced(0)).toBe(true);
  });

  test('lets a broker in once it wants to and has applied its own registration (D5)', () => {
    const world = new SessionWorld();
    const epoch = world.register(0);
    expect(world.beat(0, { appliedOffset: epoch, wantsUnfenced: false }).command).toBe(null);
    expect(world.beat(0, { appliedOffset: epoch - 1 }).command).toBe(null);
    expect(world.beat(0, { appliedOffset: epoch })).toEqual({
      errorCode: ErrorCode.NONE,
      isFenced: true,
      command: { kind: 'unfenceBroker', brokerId: 0, brokerEpoch: epoch },
    });
    expect(world.beat(0)).toEqual({ errorCode: ErrorCode.NONE, isFenced: false, command: null });
  });

  test('lets a broker in only when it has applied what the last answer named', () => {
    const world = withBrokers(1);
    const epoch = world.register(0);
    world.register(2);
    world.beat(0, { appliedOffset: epoch - 1 });
    expect(world.beat(0, { appliedOffset: epoch }).command).toBe(null);
    expect(world.beat(0).command).toMatchObject({ kind: 'unfenceBroker' });
  });

  test('of a broker that does not want to be in any more takes it out', () => {
    const world = withBrokers(0);
    expect(world.beat(0, { wantsUnfenced: false }).command).toMatchObject({ kind: 'fenceBroker', brokerId: 0 });
  });

  test('of a broker whose data loop is stalled takes it out, and lets it in again after that (F1)', () => {
    const [stalled, well] = [{ loopStalledMs: 2001 }, { loopStalledMs: 2000 }];
    const world = withBrokers(0);
    expect(world.beat(0, well).command).toBe(null);
    expect(world.beat(0, stalled).command).toMatchObject({ kind: 'fenceBroker' });
    expect(world.beat(0, stalled).command).toBe(null);
    expect(world.beat(0, well).command).toMatchObject({ kind: 'unfenceBroker' });
    // It was not silent: nothing was false about the alarm.
    expect(world.advance(2000)).toEqual(['0 at 2000']);
  });

  test('of a broker whose disk hangs for over three seconds relieves it, again and again, and leaves it in (F5)', () => {
    const world = withBrokers(0);
    const hung = { diskStalledMs: DISK_STALL_MS + 1 };
    expect(world.beat(0, { diskStalledMs: DISK_STALL_MS }).command).toBe(null);
    expect(world.beat(0, hung).command).toMatchObject({ kind: 'shedLeaders', brokerId: 0 });
    expect(world.beat(0, hung).command).toBe(null);
    world.advance(1000);
    expect(world.beat(0, hung).command).toMatchObject({ kind: 'shedLeaders' });
    expect([world.isFenced(0), world.sessions.isSlow(brokerId(0))]).toEqual([false, true]);
  });

  test('does not let a broker in whose disk hangs', () => {
    const world = new SessionWorld();
    world.register(0);
    expect(world.beat(0, { diskStalledMs: DISK_STALL_MS + 1 }).command).toBe(null);
    expect(world.beat(0).command).toMatchObject({ kind: 'unfenceBroker' });
  });

  test('says that a disk is well only when it has been so for ten seconds on end: a disk that flaps moves nothing (F5)', () => {
    const world = withBrokers(0);
    const slow = (): boolean => world.sessions.isSlow(brokerId(0));
    world.beat(0, { diskStalledMs: DISK_STALL_MS + 1 });
    pass(world, DISK_REST_MS, 0);
    expect(slow()).toBe(true);
    world.beat(0, { diskStalledMs: DISK_WELL_MS + 1 });
    pass(world, DISK_REST_MS, 0);
    expect(slow()).toBe(true);
    pass(world, 400, 0);
    expect(slow()).toBe(false);
  });

  test('of a new process does not make the disk well that hung under the one before (F5)', () => {
    const world = withBrokers(0);
    world.beat(0, { diskStalledMs: DISK_STALL_MS + 1 });
    world.register(0);
    world.beat(0);
    expect(world.sessions.isSlow(brokerId(0))).toBe(true);
  });
});

describe('a broker that is silent', () => {
  test('is fenced after a whole session, not earlier (F2)', () => {
    const world = withBrokers(0, 1);
    expect(pass(world, 1999, 1)).toEqual([]);
    expect(world.isFenced(0)).toBe(false);
    expect(pass(world, 1, 1)).toEqual(['0 at 2000']);
    expect(world.isFenced(1)).toBe(false);
  });

  test('is asked to be fenced again while it was not carried out', () => {
    const world = withBrokers(0);
    world.advance(1999);
    world.nowMs = 2000;
    const { image } = world.lab;
    expect(world.sessions.tick(image, 2000)).toHaveLength(1);
    expect(world.sessions.tick(image, 2050)).toHaveLength(0);
    expect(world.sessions.nextWakeMs()).toBe(2100);
    expect(world.sessions.tick(image, 2100)).toHaveLength(1);
  });

  test('and is heard again in the same epoch has a session of twice the length, up to 9 s, for ten minutes (F3)', () => {
    const world = withBrokers(0);
    const lengths: number[] = [];
    for (let round = 0; round < 5; round += 1) {
      const sinceMs = world.nowMs;
      const fencedAtMs = Number(world.advance(10_000)[0]?.split(' at ')[1]);
      lengths.push(fencedAtMs - sinceMs);
      world.beat(0);
    }
    expect(lengths).toEqual([2000, 4000, 8000, 9000, 9000]);
    expect(pass(world, EXTENSION_MS, 0)).toEqual([]);
    const sinceMs = world.nowMs;
    expect(world.advance(10_000)).toEqual([`0 at ${sinceMs + 2000}`]);
  });

  test('and registers anew was fenced rightly: its session stays as it is', () => {
    const world = withBrokers(0);
    world.advance(2000);
    world.register(0);
    world.beat(0);
    const sinceMs = world.nowMs;
    expect(world.advance(10_000)).toEqual([`0 at ${sinceMs + 2000}`]);
  });

  test('and was fenced falsely before has its longer session under its next incarnation, too (F3)', () => {
    const world = withBrokers(0);
    world.advance(2000);
    world.beat(0);
    world.register(0);
    world.beat(0);
    const sinceMs = world.nowMs;
    expect(world.advance(10_000)).toEqual([`0 at ${sinceMs + 4000}`]);
  });

  test('while the controller was held up is given a whole session more', () => {
    const world = withBrokers(0, 1);
    world.advance(1000);
    // Nobody called for three seconds: it was the controller that slept.
    world.nowMs = 4000;
    expect(world.tick()).toEqual([]);
    expect(world.advance(1999)).toEqual([]);
    expect(world.advance(1)).toEqual(['0 at 6000', '1 at 6000']);
  });
});

describe('another controller', () => {
  test('gives everybody a full session (F3)', () => {
    const world = withBrokers(0);
    world.advance(1900);
    world.changeController();
    expect(world.advance(1999)).toEqual([]);
    expect(world.advance(1)).toEqual(['0 at 3900']);
  });

  test('does not take that for a sign of life', () => {
    const world = withBrokers(0);
    expect(world.isAlive(0)).toBe(true);
    world.changeController();
    expect(world.isAlive(0)).toBe(false);
    world.beat(0);
    expect(world.isAlive(0)).toBe(true);
  });
});

describe('whether an incarnation lives', () => {
  test('ends with its session', () => {
    const world = withBrokers(0);
    world.advance(1999);
    expect(world.isAlive(0)).toBe(true);
    world.nowMs += 1;
    expect(world.isAlive(0)).toBe(false);
  });

  test('holds for a fenced one too, from its registration on', () => {
    const world = new SessionWorld();
    world.register(0);
    expect(world.isAlive(0)).toBe(true);
    expect(world.isAlive(1)).toBe(false);
    world.nowMs = 2000;
    expect(world.isAlive(0)).toBe(false);
  });

  test('ends when it says goodbye, whatever it sends after that; a message of an earlier one changes nothing', () => {
    const world = withBrokers(0);
    world.sessions.left(brokerId(0), world.epoch(0) - 1);
    expect(world.isAlive(0)).toBe(true);
    world.sessions.left(brokerId(0), world.epoch(0));
    expect(world.beat(0).command).toMatchObject({ kind: 'fenceBroker' });
    expect(world.isAlive(0)).toBe(false);
    expect(world.beat(0).command).toBe(null);
  });
});

describe('a broker whose address refuses connections', () => {
  test('is fenced at once and may come back at once (F3)', () => {
    const world = withBrokers(0);
    world.advance(100);
    expect(world.refused(0, 50)).toMatchObject({ kind: 'fenceBroker', brokerId: 0 });
    expect(world.isAlive(0)).toBe(false);
    expect(world.refused(0, 50)).toBe(null);
  });

  test('but was heard since the redials began, or is another incarnation by now, stays in', () => {
    const world = withBrokers(0);
    const old = world.epoch(0);
    world.advance(100);
    world.beat(0);
    expect(world.refused(0, 50)).toBe(null);
    world.register(0);
    world.beat(0);
    expect(world.refused(0, 200, old)).toBe(null);
    expect(world.isFenced(0)).toBe(false);
    expect(world.isAlive(0)).toBe(true);
  });
});

test('a controller without brokers that could time out sleeps', () => {
  const world = new SessionWorld();
  expect(world.sessions.nextWakeMs()).toBe(Number.POSITIVE_INFINITY);
  world.register(0);
  expect(world.sessions.nextWakeMs()).toBe(Number.POSITIVE_INFINITY);
  world.beat(0);
  expect(world.sessions.nextWakeMs()).toBe(250);
});

test('a broker that the sessions were not told of is a bug (S1)', () => {
  const world = withBrokers(0);
  world.lab.join(0);
  expect(() => world.beat(0)).toThrow('S1');
  expect(() => new BrokerSessions({ sessionTimeoutMs: 2000, loopStallMs: 2000 }, world.lab.image, 0)).not.toThrow();
  world.lab.join(5);
  expect(() => world.sessions.brokersChanged(world.lab.image, [brokerId(0)], 0)).toThrow('S1');
});
