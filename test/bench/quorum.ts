// What several nodes cost and how soon they serve: `npm run bench -- --quorum [--quick]`.
import { spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { QuorumFleet } from '../faults/quorum-fleet.ts';
import { waitFor } from '../wire/harness/wait.ts';
import { middle } from './measures.ts';
import { cpuSecondsOf, memoryOf } from './process.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const WEIR = join(ROOT, 'dist/weir.js');
const VOTERS = 3;
const MANY_PARTITIONS = 10_000;
const FEW_NODES = 3;
const MANY_NODES = 30;
const IDLE_MS = 10_000;
/** Starting many nodes on few cores takes long, and says nothing about them. */
const SETTLE_MS = 10_000;
/** Ten thousand partitions in one request take a while. */
const TIMEOUT_MS = 40_000;
const LABEL_WIDTH = 84;

/** The lines of the table; `directory` is where brokers keep their data. */
export async function measureQuorum(options: {
  readonly directory: string;
  readonly rounds: number;
  readonly manyNodes: boolean;
}): Promise<string> {
  const { directory, rounds, manyNodes } = options;
  const lines: string[] = [];
  const tell = (what: string, figures: string): void => void lines.push(`${what.padEnd(LABEL_WIDTH)}${figures}`);
  const ready = await times(rounds, () => readyMs(directory));
  tell('three nodes ready (weir local), ms', figuresOf(ready));
  for (const partitions of [1, MANY_PARTITIONS]) {
    const { tookMs, peakMib } = await failovers(rounds, partitions);
    tell(`kill -9 of the active controller to the next topic, ${partitions} partition(s), ms`, figuresOf(tookMs));
    tell(`a node's memory at its highest in these restarts, ${partitions} partition(s), MiB`, figuresOf(peakMib));
  }
  for (const nodes of manyNodes ? [FEW_NODES, MANY_NODES] : [FEW_NODES]) {
    const { active, others } = await idleCost(nodes);
    const share = (seconds: number): string => `${((seconds / IDLE_MS) * 100_000).toFixed(1)} %`;
    tell(
      `a core of ${nodes} idle nodes: active controller, middle of the others`,
      `${share(active)}, ${share(others)}`,
    );
  }
  return lines.join('\n');
}

const figuresOf = (figures: readonly number[]): string =>
  `${Math.round(middle(figures))} (${figures.map((figure) => Math.round(figure)).join(', ')})`;

async function times(rounds: number, once: () => Promise<number>): Promise<readonly number[]> {
  const figures: number[] = [];
  while (figures.length < rounds) figures.push(await once());
  return figures;
}

/** What `weir local` says itself: from the start of its process until every broker names leaders for all topics. */
async function readyMs(directory: string): Promise<number> {
  const data = await mkdtemp(join(directory, 'trio-'));
  const args = [WEIR, 'local', '-f', join(ROOT, 'examples/three-nodes.yaml'), '--data', data, '--port', '0'];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'ignore'] });
  const ended = new Promise((resolve) => child.once('close', resolve));
  let said = '';
  child.stdout.on('data', (bytes: Buffer) => {
    said += bytes.toString('utf8');
  });
  const found = await waitFor('three nodes are ready', () => /ready in (\d+) ms/.exec(said), { pollMs: 5 });
  child.kill('SIGTERM');
  await ended;
  await rm(data, { recursive: true, force: true });
  return Number(found[1]);
}

/** From `kill -9` of the active controller until another broker has created a topic, and what each node held at most. */
async function failovers(
  rounds: number,
  partitions: number,
): Promise<{ readonly tookMs: readonly number[]; readonly peakMib: readonly number[] }> {
  const fleet = await QuorumFleet.start({ nodes: VOTERS, program: WEIR, timeoutMs: TIMEOUT_MS });
  try {
    await fleet.probe(0).createTopic('many', partitions);
    const tookMs = await times(rounds, async () => {
      const { leaderId } = await fleet.agreed();
      await waitFor('every partition is led', async () => {
        const leaders = (await fleet.probe(leaderId).topic('many'))?.leaders ?? [-1];
        return leaders.every((leader) => leader >= 0);
      });
      const survivor = (leaderId + 1) % VOTERS;
      const startMs = performance.now();
      process.kill(fleet.pid(leaderId), 'SIGKILL');
      await waitFor('a topic is created', () => fleet.create(survivor), { pollMs: 1 });
      const tookMs = performance.now() - startMs;
      await fleet.kill(leaderId);
      await fleet.start(leaderId);
      return tookMs;
    });
    return { tookMs, peakMib: fleet.ids.map((id) => memoryOf(fleet.pid(id)).peakMib) };
  } finally {
    await fleet.remove();
  }
}

/** Processor seconds that nodes without clients use in `IDLE_MS`. */
async function idleCost(nodes: number): Promise<{ readonly active: number; readonly others: number }> {
  const fleet = await QuorumFleet.start({ nodes, voters: VOTERS, program: WEIR, isWatched: false });
  try {
    const { leaderId } = await fleet.agreed();
    await delay(SETTLE_MS);
    const before = fleet.ids.map((id) => cpuSecondsOf(fleet.pid(id)));
    await delay(IDLE_MS);
    const used = fleet.ids.map((id) => cpuSecondsOf(fleet.pid(id)) - (before[id] ?? 0));
    return { active: used[leaderId] ?? Number.NaN, others: middle(used.filter((_, id) => id !== leaderId)) };
  } finally {
    await fleet.remove();
  }
}
