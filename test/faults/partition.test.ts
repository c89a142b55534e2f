import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { Network } from './network.ts';
import { QuorumFleet } from './quorum-fleet.ts';

const { WEIR_TEST_MINUTES: MINUTES, WEIR_KILL_SEED: SEED = String(process.pid) } = process.env;
const LONG_MS = Number(MINUTES ?? 0) * 60_000;
const DEADLINE_MS = 5 * 60_000;
const FLAPS = 8;
const FLAP_MS_MAX = 1_500;
/** Several elections long. */
const LONG_CUT_MS = 4_000;

let network: Network;
let fleet: QuorumFleet;

beforeAll(async () => {
  network = await Network.create(3);
  fleet = await QuorumFleet.start({ nodes: 3, network });
});
beforeEach(async () => {
  await network.heal();
  for (const id of fleet.ids) await fleet.untilItCreates(id);
});
afterAll(async () => {
  await fleet.remove();
  await network.remove();
});

const others = (id: number): readonly number[] => fleet.ids.filter((one) => one !== id);

describe('three nodes on a network that loses what they send', () => {
  it('have another leader when the active controller is cut off, which can do nothing alone', async () => {
    const { leaderId, epoch } = await fleet.agreed();
    const [one = -1, two = -1] = others(leaderId);
    await network.cut(leaderId, one);
    await network.cut(leaderId, two);
    await fleet.untilItCreates(one);
    await fleet.untilItCreates(two);
    expect(await fleet.create(leaderId)).toBeNull();
    await network.heal();
    await fleet.untilItCreates(leaderId);
    expect((await fleet.agreed()).epoch).toBeGreaterThan(epoch);
    expect(await fleet.judge()).toEqual([]);
  });

  it('are not disturbed by a follower that is cut off and comes back', async () => {
    const before = await fleet.agreed();
    const [one = -1, two = -1] = others(before.leaderId);
    await network.cut(one, before.leaderId);
    await network.cut(one, two);
    await delay(LONG_CUT_MS);
    expect(await fleet.probe(one).topic(await fleet.untilItCreates(two))).toBeNull();
    await network.heal();
    await fleet.untilItCreates(one);
    expect(await fleet.agreed()).toEqual(before);
    expect(await fleet.judge()).toEqual([]);
  });

  it('are not disturbed by a follower that hears nobody and is heard by all', async () => {
    const before = await fleet.agreed();
    const [one = -1, two = -1] = others(before.leaderId);
    await network.drop(before.leaderId, one);
    await network.drop(two, one);
    await delay(LONG_CUT_MS);
    expect(await fleet.probe(one).topic(await fleet.untilItCreates(two))).toBeNull();
    await network.heal();
    await fleet.untilItCreates(one);
    expect(await fleet.agreed()).toEqual(before);
    expect(await fleet.judge()).toEqual([]);
  });

  it('keep a leader that one of them does not hear while a majority does', async () => {
    const before = await fleet.agreed();
    const [one = -1] = others(before.leaderId);
    await network.cut(one, before.leaderId);
    await delay(LONG_CUT_MS);
    await network.heal();
    expect(await fleet.agreed()).toEqual(before);
    expect(await fleet.judge()).toEqual([]);
  });

  it('replace an active controller that is heard and hears nobody', async () => {
    const { leaderId, epoch } = await fleet.agreed();
    const [one = -1, two = -1] = others(leaderId);
    await network.drop(one, leaderId);
    await network.drop(two, leaderId);
    await fleet.untilItCreates(one);
    await fleet.untilItCreates(two);
    await network.heal();
    await fleet.untilItCreates(leaderId);
    expect((await fleet.agreed()).epoch).toBeGreaterThan(epoch);
    expect(await fleet.judge()).toEqual([]);
  });

  it(
    'lose nothing acknowledged while ways between them come and go',
    async () => {
      let state = Number(SEED) >>> 0;
      const random = (): number => {
        state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
        return state / 2 ** 32;
      };
      const endMs = performance.now() + LONG_MS;
      for (let flap = 0; flap < FLAPS || performance.now() < endMs; flap += 1) {
        for (const from of fleet.ids) for (const to of others(from)) if (random() < 0.3) await network.drop(from, to);
        const creating = Promise.all(fleet.ids.map((id) => fleet.create(id)));
        // What this test varies: for how long which ways are gone.
        await delay(random() * FLAP_MS_MAX);
        await network.heal();
        await creating;
      }
      for (const id of fleet.ids) await fleet.untilItCreates(id);
      await fleet.agreed();
      console.info(`seed ${SEED}`);
      expect(await fleet.judge()).toEqual([]);
    },
    LONG_MS + DEADLINE_MS,
  );
});
