import { describe, expect, test } from '@jest/globals';
import type { CleanerBug } from '../../broker/core/log/planted-bugs.ts';
import { CompactionRun } from '../support/logs/compaction-run.ts';

const SEEDS = Number(process.env['WEIR_LOG_SEEDS'] ?? 150);

describe('a compacted log under crashes at any point', () => {
  test('keeps the last record of each key, its tombstones long enough, transactions whole, and changes nothing', () => {
    let cleanedCount = 0;
    for (let seed = 1; seed <= SEEDS; seed++) {
      const run = new CompactionRun(seed);
      run.run();
      cleanedCount += run.cleanedCount;
    }
    expect(cleanedCount).toBeGreaterThan(SEEDS);
  });

  test('is left as it is when there is no room to clean it, and is cleaned later', () => {
    for (let seed = 1; seed <= SEEDS / 2; seed++) new CompactionRun(seed, { full: true }).run();
  });

  // Teeth: each planted bug is caught within this many seeds.
  const planted: readonly [CleanerBug, RegExp, number][] = [
    ['swap-unsynced', /the log (is|became) damaged|is gone|it ends at/, 150],
    ['tombstone-dropped-early', /tombstone at \d+ is gone too early/, 60],
    ['cleans-above-watermark', /is gone, (above the watermark|its transaction is open|the last of)/, 60],
    ['map-overflow-ignored', /is twice in the clean part|is back at offset/, 150],
  ];
  for (const [bug, finding, seeds] of planted) {
    test(`catches the planted bug ${bug}`, () => {
      let caughtAt = 0;
      for (let seed = 1; seed <= seeds && caughtAt === 0; seed++) {
        try {
          new CompactionRun(seed, { bug }).run();
        } catch (error) {
          expect(String(error)).toMatch(finding);
          caughtAt = seed;
        }
      }
      expect(caughtAt).toBeGreaterThan(0);
    });
  }
});
