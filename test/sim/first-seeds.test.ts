// What `npm run check` has of the simulation; sim.test.ts goes on from here.
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from '@jest/globals';
import { CHECK_SEEDS, findings } from './run-seed.ts';

interface Regression {
  readonly seed: number;
  readonly reason: string;
}

// The project's own file; its form is that of Regression.
const regressions = JSON.parse(
  readFileSync(fileURLToPath(new URL('./seeds.json', import.meta.url)), 'utf8'),
) as Regression[];

describe('a node under crashes, power cuts, restarts and cut connections keeps its promises', () => {
  it(`in the worlds of seeds 1 to ${CHECK_SEEDS}`, () => {
    expect(Array.from({ length: CHECK_SEEDS }, (_, index) => index + 1).flatMap(findings)).toEqual([]);
  });

  it.each(regressions)('in the world of seed $seed, where once $reason', ({ seed }) => {
    expect(findings(seed)).toEqual([]);
  });
});
