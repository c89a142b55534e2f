import { describe, expect, it } from '@jest/globals';
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { guarded } from '../guard.ts';
import { Cluster } from './cluster.ts';
import { planCluster } from './plan.ts';

const MAIN = fileURLToPath(new URL('./main.ts', import.meta.url));
const SEEDS = 120;
/** Seeds that are run again, by another process. */
const AGAIN = 10;
const TIMEOUT_MS = 1_500_000;
/** Where the long form begins; it goes on for as long as it may. */
const LONG_FROM = 10_001;

const minutes = Number(process.env['WEIR_TEST_MINUTES'] ?? 0);

/** What the simulator prints of clusters, a line a seed, by seed. It ends with 1 when one failed. */
function lines(...args: string[]): Promise<ReadonlyMap<number, string>> {
  return new Promise((resolve, reject) => {
    execFile(process.execPath, [MAIN, ...args], { maxBuffer: 1 << 28 }, (error, stdout) => {
      if (error !== null && error.code !== 1) reject(new Error(error.message));
      else
        resolve(
          new Map(stdout.split('\n').flatMap((line) => (line === '' ? [] : [[Number(line.split(' ')[1]), line]]))),
        );
    });
  });
}

function failed(found: ReadonlyMap<number, string>): string[] {
  return [...found.values()].filter((line) => !/^seed \d+ ok trace [0-9a-f]{64}$/.test(line));
}

describe('a cluster under faults of its network, machines, disks and clocks', () => {
  let first: ReadonlyMap<number, string> = new Map();

  it(
    `keeps its promises in the worlds of seeds 1 to ${SEEDS}, each with enough time, operations and faults`,
    async () => {
      first = await lines('--seeds', `1..${SEEDS}`, '--workers', '2');
      expect(failed(first)).toEqual([]);
      expect(first.size).toBe(SEEDS);
    },
    TIMEOUT_MS,
  );

  it(
    'replays exactly in another process',
    async () => {
      const again = await lines('--seeds', `1..${AGAIN}`, '--workers', '1');
      expect(again.size).toBe(AGAIN);
      for (const [seed, line] of again) expect(line).toBe(first.get(seed));
      expect(new Set([...again.values()].map((line) => line.split(' ').at(-1))).size).toBe(AGAIN);
    },
    TIMEOUT_MS,
  );

  it('goes on until it counts, where clients ask little and planned faults found nobody', () => {
    const plan = { ...planCluster(7, ['process']), clientCount: 3, clientPauseMs: 1500, strikesAtMs: [] };
    const { shortfalls, problems } = guarded(() => new Cluster(7, plan).run());
    expect([shortfalls, problems]).toEqual([[], []]);
  });

  if (minutes > 0) {
    it(
      `in as many worlds as fit into ${minutes} minutes`,
      async () => {
        const found = await lines('--minutes', String(minutes), '--from', String(LONG_FROM));
        console.info(`simulated the clusters of ${found.size} seeds from ${LONG_FROM} on`);
        expect(failed(found)).toEqual([]);
      },
      minutes * 60_000 + TIMEOUT_MS,
    );
  }
});
