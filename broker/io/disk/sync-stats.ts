/** Upper bounds of the buckets of sync times, milliseconds; the last bucket has none. */
export const SYNC_BUCKETS_MS: readonly number[] = [
  0.25, 0.5, 1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1000, 3000, 10_000,
];

/** Times of fdatasync and directory fsync, the wait for a lane included, as plain numbers (read at a scrape). */
export interface SyncStats {
  count: number;
  totalMs: number;
  maxMs: number;
  /** Counts per bucket of `SYNC_BUCKETS_MS` and one for all longer ones; not cumulative. */
  readonly buckets: number[];
}

/** Statistics without any sync yet. */
export function createSyncStats(): SyncStats {
  return { count: 0, totalMs: 0, maxMs: 0, buckets: SYNC_BUCKETS_MS.map(() => 0).concat(0) };
}

/** Counts one sync that took `tookMs`. */
export function countSync(stats: SyncStats, tookMs: number): void {
  stats.count += 1;
  stats.totalMs += tookMs;
  if (tookMs > stats.maxMs) stats.maxMs = tookMs;
  const bucket = SYNC_BUCKETS_MS.findIndex((bound) => tookMs <= bound);
  const index = bucket < 0 ? SYNC_BUCKETS_MS.length : bucket;
  stats.buckets[index] = (stats.buckets[index] ?? 0) + 1;
}
