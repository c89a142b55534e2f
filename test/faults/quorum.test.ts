import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { waitFor } from '../wire/harness/wait.ts';
import { QuorumFleet } from './quorum-fleet.ts';
import { burnProcessors, killByTurns, pauseByTurns, randomFrom } from './quorum-strikes.ts';

const { WEIR_TEST_MINUTES: MINUTES, WEIR_KILL_SEED: SEED = String(process.pid) } = process.env;
const LONG_MS = Number(MINUTES ?? 0) * 60_000;
const DEADLINE_MS = 5 * 60_000;
const KILLS = 6;
const PAUSES = 30;
/** Three times what a client is promised (F4): here others work on the same processors, ms. */
const FAILOVER_MS_MAX = 3_000;
/** Longer than an election and than a session. */
const STANDSTILL_MS = 3_000;

let random: () => number;
let fleet: QuorumFleet;

beforeAll(async () => {
  random = randomFrom(Number(SEED));
  fleet = await QuorumFleet.start({ nodes: 3 });
});
afterAll(() => fleet.remove());

/** Whether there is another round: so many in the short form, a third of the minutes in the long one. */
function* rounds(count: number): Generator<number> {
  const endMs = performance.now() + LONG_MS / 3;
  for (let round = 0; round < count || performance.now() < endMs; round += 1) yield round;
}

const other = (id: number, step = 1): number => (id + step) % fleet.ids.length;

describe('three nodes', () => {
  it(
    'move no leader and raise no epoch for 50 to 500 ms in which one of them stands still',
    async () => {
      const { count, longCount, moved } = await pauseByTurns(fleet, random, rounds(PAUSES));
      console.info(`seed ${SEED}: ${count} pauses, ${longCount} of them longer than meant`);
      expect(moved).toEqual([]);
      expect(longCount).toBeLessThan(count / 2);
    },
    LONG_MS + DEADLINE_MS,
  );

  it(
    'lose no acknowledged metadata, disturb no healthy leader and soon have another one while one after the other is killed with -9 on busy processors',
    async () => {
      const rest = burnProcessors();
      try {
        const { leaderMs, followerMs, disturbed } = await killByTurns(fleet, random, rounds(KILLS));
        expect(disturbed).toEqual([]);
        expect(Math.max(...leaderMs, ...followerMs)).toBeLessThan(FAILOVER_MS_MAX);
      } finally {
        await rest();
      }
      expect(await fleet.judge()).toEqual([]);
    },
    LONG_MS + DEADLINE_MS,
  );

  it(
    'go on without an active controller that stands still, and it follows when it wakes',
    async () => {
      for (const _ of rounds(2)) {
        const { leaderId, epoch } = await fleet.agreed();
        fleet.signal(leaderId, 'SIGSTOP');
        const stoppedMs = performance.now();
        await fleet.untilItCreates(other(leaderId));
        await fleet.untilItCreates(other(leaderId, 2));
        await delay(Math.max(0, STANDSTILL_MS - (performance.now() - stoppedMs)));
        fleet.signal(leaderId, 'SIGCONT');
        // Right after it woke it may still take itself for the leader: nothing that it says then may count.
        await fleet.create(leaderId);
        await fleet.untilItCreates(leaderId);
        const after = await fleet.agreed();
        expect(after.epoch).toBeGreaterThan(epoch);
        await waitFor('all brokers serve', async () => {
          const brokers = await fleet.probe(leaderId).brokers();
          return brokers.length === fleet.ids.length;
        });
      }
      expect(await fleet.judge()).toEqual([]);
    },
    LONG_MS + DEADLINE_MS,
  );
});
