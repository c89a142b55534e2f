import { describe, expect, test } from '@jest/globals';
import type { RaftBug } from '../../broker/core/raft/planted-bugs.ts';
import { RaftRun } from '../support/raft/raft-run.ts';

const SEEDS = Number(process.env['WEIR_RAFT_SEEDS'] ?? 80);
const FIRST_SEED = Number(process.env['WEIR_RAFT_FIRST_SEED'] ?? 1);

describe('a quorum under lost messages, crashes, pauses, wiped disks and changing voters', () => {
  test('has one leader a term, loses nothing that was committed, reads what is true, is not disturbed by who comes back, and recovers', () => {
    const sum: Record<string, number> = {};
    for (let seed = FIRST_SEED; seed < FIRST_SEED + SEEDS; seed++) {
      const run = new RaftRun(seed);
      run.run();
      for (const [what, count] of Object.entries(run.counts)) sum[what] = (sum[what] ?? 0) + count;
    }
    console.info(JSON.stringify(sum));
    for (const [what, count] of Object.entries(sum)) expect([what, count > 0]).toEqual([what, true]);
  });

  test('does so, too, where leaders hand over without what their disks have not synced', () => {
    let transfers = 0;
    for (let seed = FIRST_SEED; seed < FIRST_SEED + SEEDS / 2; seed++) {
      const run = new RaftRun(seed, { isStuck: true });
      run.run();
      transfers += run.counts.transfers;
    }
    expect(transfers).toBeGreaterThan(0);
  });

  test('sends a snapshot to a log that differs already where the leader begins (seed 2219: asked again for ever)', () => {
    new RaftRun(2219).run();
  });

  test('begins a snapshot anew when another leader sends its own of the same place (seed 151: a mixture was taken over)', () => {
    new RaftRun(151).run();
  });

  test('may have a late leader of an earlier term that lacks what a later one has committed (seed 32525)', () => {
    new RaftRun(32_525).run();
  });

  test('leaves every set of voters a majority of whole disks, also one that a paused leader is yet to make (seed 4989)', () => {
    new RaftRun(4989).run();
  });

  /** From a seed that is near a find on, to save time. */
  const bugs: readonly [RaftBug, number, number][] = [
    ['votes-twice', 60, 50],
    ['answers-unsynced', 60, 560],
    ['damaged-votes', 60, 340],
    ['counts-unsynced', 60, 345],
    ['stale-reads', 60, 3],
    ['no-pre-vote', 60, 8],
    ['ignores-contact', 60, 7],
    ['votes-for-stale-log', 60, 80],
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
