import { describe, expect, it } from '@jest/globals';
import { CHECK_SEEDS, findings } from './run-seed.ts';

/** How many worlds the short form has after those of the check, and how many make one test. */
const SHORT_SEEDS = 80;
const CHUNK = 20;
/** Where the long form begins; it goes on for as long as it may. */
const LONG_FROM = 1001;

const minutes = Number(process.env['WEIR_TEST_MINUTES'] ?? 0);

const range = (from: number, count: number): number[] => Array.from({ length: count }, (_, index) => from + index);

describe('a node under crashes, power cuts, restarts and cut connections keeps its promises', () => {
  it.each(
    range(0, SHORT_SEEDS / CHUNK).map((chunk) => [CHECK_SEEDS + chunk * CHUNK + 1, CHECK_SEEDS + (chunk + 1) * CHUNK]),
  )('in the worlds of seeds %d to %d', (from) => {
    expect(range(from, CHUNK).flatMap(findings)).toEqual([]);
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
