// What a quorum of three makes of 200 kills on busy processors, and of 200 pauses: `npm run bench -- --kills 200`, `--pauses 200`.
import { QuorumFleet } from '../faults/quorum-fleet.ts';
import { burnProcessors, killByTurns, pauseByTurns, randomFrom } from '../faults/quorum-strikes.ts';
import { middle } from './measures.ts';
import { memoryOf } from './process.ts';

const SEED = 1;
/** What a client is promised when a process crashes, and what the others need to take a broker out (F4), ms. */
const CLIENT_MS = 1000;
const OUT_MS = 500;

/** The lines that tell of it, and whether everything was as promised. */
export interface Verdict {
  readonly lines: readonly string[];
  readonly isKept: boolean;
}

/** Kills the active controller and a follower by turns, with -9, while all processors are busy (F2). */
export async function measureKills(count: number, program: string): Promise<Verdict> {
  const fleet = await QuorumFleet.start({ nodes: 3, program });
  const rest = burnProcessors();
  try {
    const { leaderMs, followerMs, outMs, disturbed } = await killByTurns(fleet, randomFrom(SEED), upTo(count));
    await rest();
    const violations = await fleet.judge();
    const lines = [
      line('active controller killed: ms to the next topic', leaderMs, CLIENT_MS),
      line('follower killed: ms to the next topic', followerMs, CLIENT_MS),
      line('either killed: ms until its broker is out', outMs, OUT_MS),
      `MiB a node held at most since its last start: ${fleet.ids.map((id) => Math.round(memoryOf(fleet.pid(id)).peakMib)).join(', ')}`,
      `${disturbed.length} healthy leaders disturbed, ${violations.length} violations`,
      ...disturbed,
      ...violations,
    ];
    return { lines, isKept: disturbed.length + violations.length === 0 };
  } finally {
    await rest();
    await fleet.remove();
  }
}

/** Lets the active controller and the others stand still by turns for 50 to 500 ms (F4). */
export async function measurePauses(count: number, program: string): Promise<Verdict> {
  const fleet = await QuorumFleet.start({ nodes: 3, program });
  try {
    const { count: done, longCount, moved } = await pauseByTurns(fleet, randomFrom(SEED), upTo(count));
    const lines = [
      `${done} pauses, ${longCount} longer than 500 ms, ${moved.length} moved a leader or raised an epoch`,
      ...moved,
    ];
    return { lines, isKept: moved.length === 0 };
  } finally {
    await fleet.remove();
  }
}

const upTo = (count: number): number[] => Array.from({ length: count }, (_, index) => index);

function line(what: string, figures: readonly number[], promisedMs: number): string {
  const sorted = figures.toSorted((a, b) => a - b);
  const at = (part: number): number => Math.round(sorted[Math.floor((sorted.length - 1) * part)] ?? Number.NaN);
  const late = figures.filter((figure) => figure > promisedMs).length;
  return `${what}: middle ${Math.round(middle(figures))}, 99 % ${at(0.99)}, most ${at(1)}; ${late} of ${figures.length} above ${promisedMs}`;
}
