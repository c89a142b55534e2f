import { describe, expect, it } from '@jest/globals';
import { PLANTED } from './planted.ts';
import { runCluster } from './run-cluster.ts';

describe('the checkers of clusters notice a planted bug', () => {
  it.each(PLANTED)('$name, within $withinSeeds seeds', ({ options, finding, withinSeeds, fromSeed }) => {
    let caughtAt = 0;
    for (let seed = fromSeed; seed < fromSeed + withinSeeds && caughtAt === 0; seed += 1) {
      if (runCluster(seed, options).problems.some((problem) => finding.test(problem))) caughtAt = seed;
    }
    expect(caughtAt).toBeGreaterThan(0);
  });
});
