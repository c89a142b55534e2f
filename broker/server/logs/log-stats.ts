import type { Clock } from '../../ports/clock.ts';
import type { CleanerStats } from './cleaner.ts';
import type { LogContext } from './log-context.ts';
import type { OpenLog } from './open-log.ts';
import type { LogManagerStats } from './partition-log.ts';
import type { SpaceWatch } from './space-watch.ts';

/** Adds up the figures of a node's logs. */
export function collectStats(from: {
  readonly logs: Iterable<OpenLog>;
  readonly context: LogContext;
  readonly space: SpaceWatch;
  readonly cleaner: CleanerStats;
  readonly clock: Clock;
}): LogManagerStats {
  const { context, space } = from;
  let logCount = 0;
  let damagedCount = 0;
  let readOnlyCount = 0;
  let sizeInBytes = 0;
  let pendingBytes = 0;
  let oldestMs = Number.POSITIVE_INFINITY;
  for (const log of from.logs) {
    logCount += 1;
    if (log.state === 'damaged') damagedCount += 1;
    if (log.state === 'read-only') readOnlyCount += 1;
    sizeInBytes += log.sizeInBytes;
    pendingBytes += log.pendingBytes;
    const { unfinishedSinceMs } = log.body.writer;
    if (unfinishedSinceMs >= 0) oldestMs = Math.min(oldestMs, unfinishedSinceMs);
  }
  return {
    space: space.space,
    ballastBytes: space.ballastBytes,
    isLowOnSpace: space.isLow,
    logCount,
    damagedCount,
    readOnlyCount,
    sizeInBytes,
    pendingBytes,
    tailCacheBytes: context.tails.sizeInBytes,
    coldCacheBytes: context.cold.sizeInBytes,
    ...context.counters,
    oldestUnfinishedMs: Number.isFinite(oldestMs) ? from.clock.monotonicMs() - oldestMs : 0,
    cleaner: from.cleaner,
  };
}
