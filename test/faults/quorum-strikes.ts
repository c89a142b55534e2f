import { availableParallelism } from 'node:os';
import { setTimeout as delay } from 'node:timers/promises';
import { Child } from '../wire/harness/child.ts';
import { waitFor } from '../wire/harness/wait.ts';
import type { QuorumFleet } from './quorum-fleet.ts';

/** Pauses that move nothing (F4), ms. */
const PAUSE_MS = { min: 50, max: 500 } as const;
const BETWEEN_MS = 100;
const SOON = { pollMs: 1 } as const;
/** Turns a processor until its parent is gone. */
const BURNER =
  'const p = process.ppid; for (;;) { for (let i = 0; i < 1e8; i++); if (process.ppid !== p) process.exit(); }';

/** Numbers from 0 to 1, the same for the same seed. */
export function randomFrom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

/** As many busy processes as there are processors; ends them with the function that is given back. */
export function burnProcessors(): () => Promise<void> {
  const burners = Array.from(
    { length: availableParallelism() },
    () => new Child({ command: process.execPath, args: ['-e', BURNER], logFile: '/dev/null' }),
  );
  return async () => void (await Promise.all(burners.map((one) => one.kill())));
}

/** What came of pauses. */
export interface PauseTally {
  count: number;
  /** Those that this machine made longer than meant: what they moved is not counted. */
  longCount: number;
  /** Leaders that moved and epochs that rose, a sentence each. */
  readonly moved: string[];
}

/** Lets one node after the other stand still for 50 to 500 ms, every second time the active controller. */
export async function pauseByTurns(
  fleet: QuorumFleet,
  random: () => number,
  rounds: Iterable<number>,
): Promise<PauseTally> {
  const topic = await fleet.untilItCreates(0);
  const probe = fleet.probe(0);
  const stateOf = async () => ({
    ...(await fleet.agreed()),
    topic: (await probe.topic(topic))?.leaderEpochs,
    brokers: await probe.brokers(),
  });
  const tally: PauseTally = { count: 0, longCount: 0, moved: [] };
  let before = await stateOf();
  for (const round of rounds) {
    const step = round % 2 === 0 ? 0 : 1 + (round % 3);
    const id = (before.leaderId + step) % fleet.ids.length;
    fleet.signal(id, 'SIGSTOP');
    const stoppedMs = performance.now();
    // What is varied: how long it stands still, and when the next one does.
    await delay(PAUSE_MS.min + random() * (PAUSE_MS.max - PAUSE_MS.min));
    fleet.signal(id, 'SIGCONT');
    const stoodMs = Math.round(performance.now() - stoppedMs);
    await delay(BETWEEN_MS);
    const after = await stateOf();
    tally.count += 1;
    if (stoodMs > PAUSE_MS.max) tally.longCount += 1;
    else if (JSON.stringify(after) !== JSON.stringify(before))
      tally.moved.push(`node ${id} stood for ${stoodMs} ms: ${JSON.stringify(before)} became ${JSON.stringify(after)}`);
    before = after;
  }
  return tally;
}

/** What came of kills, times in ms. */
export interface KillTally {
  /** From the kill of the active controller until another broker has created a topic. */
  readonly leaderMs: number[];
  /** The same for a follower. */
  readonly followerMs: number[];
  /** From a kill until the others have taken the broker out. */
  readonly outMs: number[];
  /** Healthy leaders that lost their place, a sentence each. */
  readonly disturbed: string[];
}

/** Kills one node after the other with -9 and starts it again, every second time the active controller. */
export async function killByTurns(
  fleet: QuorumFleet,
  random: () => number,
  rounds: Iterable<number>,
): Promise<KillTally> {
  const tally: KillTally = { leaderMs: [], followerMs: [], outMs: [], disturbed: [] };
  for (const round of rounds) {
    for (const id of fleet.ids) await fleet.create(id);
    const before = await fleet.agreed();
    const isLeader = round % 2 === 0;
    const others = fleet.ids.filter((id) => id !== before.leaderId);
    const id = isLeader ? before.leaderId : (others[Math.floor(random() * others.length)] ?? 0);
    const survivor = (id + 1) % fleet.ids.length;
    // What is under way when it dies may be done or not.
    const underWay = Promise.all([fleet.create(survivor), fleet.create(id)]);
    const startMs = performance.now();
    const took = (): number => performance.now() - startMs;
    fleet.signal(id, 'SIGKILL');
    const isOut = async (): Promise<boolean> => !(await fleet.probe(survivor).brokers()).includes(id);
    const out = waitFor(`broker ${id} is out`, isOut, SOON).then(() => tally.outMs.push(took()));
    await waitFor('a topic is created', () => fleet.create(survivor), SOON);
    (isLeader ? tally.leaderMs : tally.followerMs).push(took());
    await Promise.all([out, underWay, fleet.kill(id)]);
    const { leaderId, epoch } = await fleet.probe(survivor).quorum();
    if (!isLeader && (leaderId !== before.leaderId || epoch !== before.epoch))
      tally.disturbed.push(`the death of follower ${id} moved ${JSON.stringify(before)} to ${leaderId} in ${epoch}`);
    await fleet.start(id);
    const after = await fleet.agreed();
    if (after.leaderId !== leaderId || after.epoch !== epoch)
      tally.disturbed.push(`the return of node ${id} moved ${leaderId} in ${epoch} to ${JSON.stringify(after)}`);
  }
  return tally;
}
