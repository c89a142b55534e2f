import { describe, expect, it } from '@jest/globals';
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { PLANTED } from './planted.ts';
import { runSeed } from './run-seed.ts';

const MAIN = fileURLToPath(new URL('./main.ts', import.meta.url));
const HASHED_SEEDS = '1..20';

/** Seed and trace hash, one world a line, as a process of its own finds them. */
async function hashes(): Promise<string[]> {
  const { stdout } = await promisify(execFile)(process.execPath, [MAIN, '--seeds', HASHED_SEEDS, '--hashes']);
  return stdout.split('\n').filter((line) => /^\d+ [0-9a-f]{64}$/.test(line));
}

describe('a simulated world', () => {
  it('replays exactly in another process', async () => {
    const [once, again] = await Promise.all([hashes(), hashes()]);
    expect(once).toHaveLength(20);
    expect(new Set(once.map((line) => line.split(' ')[1])).size).toBe(20);
    expect(again).toEqual(once);
  });
});

describe('the checkers notice a planted bug', () => {
  it.each(PLANTED)('$name, within $withinSeeds seeds', ({ options, finding, withinSeeds, fromSeed }) => {
    let caughtAt = 0;
    for (let seed = fromSeed; seed < fromSeed + withinSeeds && caughtAt === 0; seed += 1) {
      if (runSeed(seed, options).problems.some((problem) => finding.test(problem))) caughtAt = seed;
    }
    expect(caughtAt).toBeGreaterThan(0);
  });
});
