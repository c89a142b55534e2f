import { describe, expect, test } from '@jest/globals';
import type { RaftBug } from '../../broker/core/raft/planted-bugs.ts';
import { RaftRun } from '../support/raft/raft-run.ts';

const SEEDS = Number(process.env['WEIR_RAFT_SEEDS'] ?? 80);

describe('a quorum under lost messages, crashes, pauses, wiped disks and changing voters', () => {
  test('has one leader a term, loses nothing that was committed, reads what is true, and recovers', () => {
    const sum: Record<string, number> = {};
    for (let seed = 1; seed <= SEEDS; seed++) {
      const run = new RaftRun(seed);
      run.run();
      for (const [what, count] of Object.entries(run.counts)) sum[what] = (sum[what] ?? 0) + count;
    }
    console.info(JSON.stringify(sum));
    for (const [what, count] of Object.entries(sum)) expect([what, count > 0]).toEqual([what, true]);
  });

  test('sends a snapshot to a log that differs already where the leader begins (seed 2219: asked again for ever)', () => {
    new RaftRun(2219).run();
  });

  /** From a seed that is near a find on, to save time. */
  const bugs: readonly [RaftBug, number, number][] = [
    ['votes-twice', 60, 50],
    ['answers-unsynced', 60, 116],
    ['damaged-votes', 60, 77],
    ['counts-unsynced', 60, 13],
    ['stale-reads', 60, 3],
    ['votes-for-stale-log', 60, 140],
  ];
  test.each(bugs)('catches the planted bug %s within %i seeds', (bug, seeds, from) => {
    let caughtAt = 0;
    let finding = '';
    for (let seed = from; seed < from + seeds && caughtAt === 0; seed++) {
      try {
        new RaftRun(seed, { bugs: new Set([bug]) }).run();
      } catch (error) {
        caughtAt = seed;
        finding = String(error).split('\n')[0] ?? '';
      }
    }
    console.info(`${bug}: ${finding}`);
    expect(caughtAt).toBeGreaterThan(0);
  });
});
