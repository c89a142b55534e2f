import { describe, expect, test } from '@jest/globals';
import { ProducerRun } from '../support/logs/producer-run.ts';

const SEEDS = Number(process.env['WEIR_LOG_SEEDS'] ?? 250);

/** Found by chance: each let a correct log down before it was corrected. */
const REGRESSIONS = {
  'records deleted, killed before the snapshot of the roll was there': [1, 9],
  'a checkpoint that only the page cache held gave up segments, then power went': [20],
  'a snapshot was taken while a cut waited': [445, 805],
  'a cut below the latest snapshot after a start': [555, 828],
  'segments that came back after their removal': [42, 905],
  'no epochs after a log began anew': [204],
} as const;

describe('idempotent producers through crashes, clean stops, cuts and deletions at any point', () => {
  test('are judged as if the log had never stopped', () => {
    for (let seed = 1; seed <= SEEDS; seed++) new ProducerRun(seed).run();
  });

  test.each(Object.entries(REGRESSIONS))('%s', (_, seeds) => {
    for (const seed of seeds) new ProducerRun(seed).run();
  });

  // Teeth: each planted bug is caught within this many seeds.
  test.each(['last-batch-only', 'snapshots-lost'] as const)('the planted bug %s is caught', (bug) => {
    const caught = (seed: number): boolean => {
      try {
        new ProducerRun(seed, bug).run();
        return false;
      } catch {
        return true;
      }
    };
    expect(Array.from({ length: 30 }, (_, i) => i + 1).some(caught)).toBe(true);
  });
});
