import type { GroupRules, InFlight } from './in-flight.ts';
import type { PersistQueue } from './persistence.ts';
import { RecordState } from './record-state.ts';

/** What the passing of time did. */
export interface Expiry {
  /** Records whose acquisition lock ended. */
  readonly expiredCount: number;
  /** True when records became takeable. */
  readonly available: boolean;
}

const NOTHING: Expiry = { expiredCount: 0, available: false };

/**
 * Ends the acquisition locks that are due and lets delayed returns in. The change holds at once and is not undone when
 * its write fails (PROTOCOL §2.5). No timer per record: one deadline, a lower bound, and a scan of the runs, of which
 * there are at most as many as record locks, when it is reached.
 */
export function expire(inFlight: InFlight, queue: PersistQueue, rules: GroupRules, nowMs: number): Expiry {
  if (nowMs < inFlight.deadlineMs || inFlight.bugs.has('lock-never-ends')) return NOTHING;
  const { list } = inFlight;
  const transition = queue.open(0);
  let deadlineMs = Number.POSITIVE_INFINITY;
  let expiredCount = 0;
  let available = false;
  for (const run of list.runs) {
    if (run.transition !== 0 || run.dueMs === 0) continue;
    if (run.dueMs > nowMs) {
      deadlineMs = Math.min(deadlineMs, run.dueMs);
    } else if (run.state === RecordState.acquired) {
      expiredCount += run.end - run.start;
      if (inFlight.giveBack(run, nowMs, rules)) available = true;
      if (run.dueMs > nowMs) deadlineMs = Math.min(deadlineMs, run.dueMs);
      transition.add(run);
    } else {
      run.dueMs = 0;
      available = true;
    }
  }
  inFlight.deadlineMs = deadlineMs;
  list.heal(0, list.runs.length - 1);
  queue.pushDispensable(transition);
  return { expiredCount, available };
}
