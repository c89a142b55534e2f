import { describe, expect, test } from '@jest/globals';
import { LogCrashRun } from '../support/logs/crash-run.ts';

const SEEDS = Number(process.env['WEIR_LOG_SEEDS'] ?? 150);

describe('a log under crashes at any point', () => {
  test('keeps what it reported durable, stays dense, invents nothing and reads like its model', () => {
    for (let seed = 1; seed <= SEEDS; seed++) new LogCrashRun(seed).run();
  });

  test('keeps what it reported written when only the process dies', () => {
    for (let seed = 1; seed <= SEEDS / 3; seed++) new LogCrashRun(seed, { keepPageCache: true }).run();
  });

  test('loses nothing durable and goes on when the disk fills up again and again', () => {
    for (let seed = 1; seed <= SEEDS / 2; seed++) new LogCrashRun(seed, { tight: true }).run();
  });

  // Teeth: each planted bug is caught within this many seeds.
  const bugs = [
    'no-file-sync',
    'no-directory-sync',
    'answer-before-sync',
    'reused-early',
    'answers-early',
    'not-replayed',
    'remembers-cut',
  ] as const;
  for (const bug of bugs) {
    test(`catches the planted bug ${bug}`, () => {
      let caughtAt = 0;
      for (let seed = 1; seed <= 400 && caughtAt === 0; seed++) {
        try {
          new LogCrashRun(seed, { bug }).run();
        } catch {
          caughtAt = seed;
        }
      }
      console.info(`${bug}: caught with seed ${caughtAt}`);
      expect(caughtAt).toBeGreaterThan(0);
    });
  }
});
