import { describe, expect, it } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { runSeed } from './run-seed.ts';

/** Seeds of the short form, and how many make one test. */
const SHORT_SEEDS = 100;
const CHUNK = 20;
/** Where the long form begins; it goes on for as long as it may. */
const LONG_FROM = 1001;
/** Findings of one seed that are shown. */
const SHOWN_MAX = 5;

interface Regression {
  readonly seed: number;
  readonly reason: string;
}

const minutes = Number(process.env['WEIR_TEST_MINUTES'] ?? 0);
// The project's own file; its form is that of Regression.
const regressions = JSON.parse(
  readFileSync(fileURLToPath(new URL('./seeds.json', import.meta.url)), 'utf8'),
) as Regression[];

/** What is wrong in the world of a seed, each line with the seed: `node test/sim/main.ts --seed N --trace` shows why. */
function findings(seed: number): string[] {
  const { problems } = runSeed(seed);
  return problems.slice(0, SHOWN_MAX).map((problem) => `seed ${seed}: ${problem}`);
}

const range = (from: number, count: number): number[] => Array.from({ length: count }, (_, index) => from + index);

describe('a node under crashes, power cuts, restarts and cut connections keeps its promises', () => {
  it.each(range(0, SHORT_SEEDS / CHUNK).map((chunk) => [chunk * CHUNK + 1, (chunk + 1) * CHUNK]))(
    'in the worlds of seeds %d to %d',
    (from) => {
      expect(range(from, CHUNK).flatMap(findings)).toEqual([]);
    },
  );

  it.each(regressions)('in the world of seed $seed, where once $reason', ({ seed }) => {
    expect(findings(seed)).toEqual([]);
  });

  if (minutes > 0) {
    it(
      `in as many worlds as fit into ${minutes} minutes`,
      () => {
        const endMs = Date.now() + minutes * 60_000;
        const failed: string[] = [];
        let seed = LONG_FROM;
        for (; Date.now() < endMs; seed += 1) failed.push(...findings(seed));
        console.info(`simulated the worlds of seeds ${LONG_FROM} to ${seed - 1}`);
        expect(failed).toEqual([]);
      },
      minutes * 60_000 + 60_000,
    );
  }
});
