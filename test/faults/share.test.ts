import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, it } from '@jest/globals';
import { createPrng } from '../../broker/core/base/prng.ts';
import { waitFor } from '../wire/harness/wait.ts';
import { QuorumFleet } from './quorum-fleet.ts';
import { countJudged, judgeShares } from './share-history.ts';
import { SHARE_SETTINGS, ShareLoad } from './share-load.ts';

const { WEIR_TEST_MINUTES: MINUTES, WEIR_KILL_SEED: SEED = String(process.pid), WEIR_FAULTS: CHOSEN } = process.env;
const LONG_MS = Number(MINUTES ?? 0) * 60_000;
const DEADLINE_MS = 10 * 60_000;
const NODES = 3;
/** Longer than a broker's session, so that its leaderships move. */
const LONG_PAUSE_MS = 3_500;
const BETWEEN_MS_MAX = 1_000;
/** What has to happen between two faults. */
const PROGRESS = { delivered: 60, accepted: 40 } as const;

const prng = createPrng(Number(SEED));

/** A cluster with share groups at work. */
interface Scene {
  readonly fleet: QuorumFleet;
  readonly load: ShareLoad;
}

type Fault = (scene: Scene, id: number) => Promise<void>;

async function end({ fleet, load }: Scene, id: number, how: 'kill' | 'stop'): Promise<void> {
  load.nodeEnds(id);
  await fleet[how](id);
  // Whatever was asked of it meanwhile.
  load.nodeEnds(id);
}

/** What is done to the three brokers, of which one is chosen; all run when it is over. */
const FAULTS: Readonly<Record<string, Fault>> = {
  'kill -9': async (scene, id) => {
    await end(scene, id, 'kill');
    await scene.fleet.start(id);
  },
  'stands still': async ({ fleet }, id) => {
    fleet.signal(id, 'SIGSTOP');
    await delay(LONG_PAUSE_MS);
    fleet.signal(id, 'SIGCONT');
  },
  'kill -9, long gone': async (scene, id) => {
    await end(scene, id, 'kill');
    await delay(LONG_PAUSE_MS);
    await scene.fleet.start(id);
  },
  restarts: async (scene, id) => {
    await end(scene, id, 'stop');
    await scene.fleet.start(id);
  },
  'all killed at once': async (scene) => {
    const { ids } = scene.fleet;
    await Promise.all(ids.map((id) => end(scene, id, 'kill')));
    await Promise.all(ids.map((id) => scene.fleet.start(id)));
  },
};

/** A broker that dies and is back at once is one of those that all die. */
const SHORT = Object.keys(FAULTS).filter((fault) => fault !== 'kill -9');

/** Waits until records were confirmed in every partition, came to members and were accepted. */
async function untilProgress(load: ShareLoad, after: string): Promise<void> {
  const before = load.progress();
  await waitFor(`progress after ${after}`, () => {
    const now = load.progress();
    const isEverywhere = now.acknowledged.every((count, partition) => count > (before.acknowledged[partition] ?? 0));
    const delivered = now.delivered - before.delivered;
    const accepted = now.accepted - before.accepted;
    if (isEverywhere && delivered >= PROGRESS.delivered && accepted >= PROGRESS.accepted) return true;
    throw new Error(`confirmed ${now.acknowledged.join(', ')}; delivered ${delivered}, accepted ${accepted}`);
  });
}

async function withScene(
  options: { readonly nodes: number; readonly planted?: string; readonly isUnruly: boolean },
  act: (scene: Scene) => Promise<void>,
): Promise<void> {
  const { isUnruly, ...fleetOptions } = options;
  const copies = {
    'default.replication.factor': String(options.nodes),
    'min.insync.replicas': String(Math.min(2, options.nodes)),
  };
  const settings = { ...SHARE_SETTINGS, ...copies };
  const fleet = await QuorumFleet.start({ ...fleetOptions, isWatched: false, settings });
  try {
    const load = await ShareLoad.start({ fleet, seed: prng.below(2 ** 31), isUnruly });
    try {
      await act({ fleet, load });
    } finally {
      await load.abandon();
    }
  } catch (error) {
    const said = fleet.ids.map((id) => `node ${id}:\n${fleet.tail(id)}`);
    throw new Error(`seed ${SEED}\n${said.join('\n')}`, { cause: error });
  } finally {
    await fleet.remove();
  }
}

describe('a share group of twenty members that die, stand still, leave, are late, release and reject', () => {
  it(
    'loses no record, gives each one owner at a time and the dead their letters, whatever is done to its brokers',
    () =>
      withScene({ nodes: NODES, isUnruly: true }, async (scene) => {
        const { load } = scene;
        const chosen = CHOSEN?.split(',') ?? (LONG_MS > 0 ? Object.keys(FAULTS) : SHORT);
        const rounds: string[] = [];
        const endMs = performance.now() + LONG_MS;
        while (rounds.length < chosen.length || performance.now() < endMs) {
          await untilProgress(load, rounds.slice(-3).join(', '));
          // Not a wait for something: the moment of the fault is what this test varies.
          await delay(prng.below(BETWEEN_MS_MAX));
          const fault = chosen[rounds.length % chosen.length] ?? '';
          const id = prng.below(NODES);
          rounds.push(`${fault} (${id})`);
          await load.strike(async () => FAULTS[fault]?.(scene, id));
        }
        await untilProgress(load, rounds.slice(-3).join(', '));
        const history = await load.finish();
        const { stored, deliveries, letters, deletions } = history;
        const { placed, repeated } = countJudged(history);
        const clients = `${stored.length} records, ${deliveries.length} deliveries, ${letters.length} dead letters`;
        const certain = `${placed} deliveries under a known leader, ${repeated} of them again`;
        const renewals = deliveries.reduce((sum, one) => sum + one.renewals.length, 0);
        const more = `${renewals} renewals, ${deletions.length} deletions`;
        console.info(`seed ${SEED}: ${rounds.length} faults, ${clients}, ${more}, ${certain}`);
        expect(judgeShares(history)).toEqual([]);
        expect(Math.min(letters.length, repeated, renewals, deletions.length)).toBeGreaterThan(0);
      }),
    LONG_MS + DEADLINE_MS,
  );
});

/** Brokers that are broken on purpose: what one does, its switch, the rule that breaks, and whether it is killed before. */
const BROKEN = [
  ['ends locks long before the time that it tells', 'lock-forgotten', 'record has two owners', false],
  ['forgets what it has renewed', 'share-renewal-ignored', 'record has two owners', false],
  ['ends locks when older records are deleted', 'share-locks-end-at-deletion', 'record has two owners', false],
  ['forgets how often records were delivered', 'share-count-forgotten', 'delivery count goes back', true],
  ['answers before it is kept', 'share-answer-early', 'accepted record is delivered again', true],
] as const;

describe('the judge', () => {
  it.each(BROKEN)(
    'finds a broker that %s',
    (_what, planted, rule, isKilled) =>
      withScene({ nodes: 1, planted, isUnruly: false }, async (scene) => {
        const { load } = scene;
        if (isKilled) {
          await untilProgress(load, 'the start');
          await load.strike(() => FAULTS['kill -9']?.(scene, 0) ?? Promise.resolve());
        }
        await waitFor(
          `broken: ${rule}`,
          () => load.progress().delivered > 0 && load.judgeSoFar().some((one) => one.rule === rule),
          { deadlineMs: 120_000, pollMs: 500 },
        );
      }),
    DEADLINE_MS,
  );
});
