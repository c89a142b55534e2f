import { describe, expect, test } from '@jest/globals';
import { ControlCrashRun } from '../support/metadata/control-crash-run.ts';

const SEEDS = Number(process.env['WEIR_TEST_CONTROL_SEEDS'] ?? 150);

describe('the control plane under crashes at any point', () => {
  test('keeps every acknowledged change, invents none, and never gives epochs or producer ids twice', () => {
    let snapshots = 0;
    for (let seed = 1; seed <= SEEDS; seed += 1) {
      const run = new ControlCrashRun(seed);
      run.run();
      snapshots += run.snapshots;
    }
    expect(snapshots).toBeGreaterThan(SEEDS);
  });

  // Teeth: each planted bug is caught within this many seeds.
  for (const bug of ['no-file-sync', 'no-directory-sync', 'answer-before-sync'] as const) {
    test(`catches the planted bug ${bug}`, () => {
      let caughtAt = 0;
      for (let seed = 1; seed <= 60 && caughtAt === 0; seed += 1) {
        try {
          new ControlCrashRun(seed, { bug }).run();
        } catch {
          caughtAt = seed;
        }
      }
      expect(caughtAt).toBeGreaterThan(0);
    });
  }
});
