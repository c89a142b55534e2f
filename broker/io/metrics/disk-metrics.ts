import type { MetricSource } from '../../ports/metrics.ts';
import { SYNC_BUCKETS_MS, type SyncStats } from '../disk/sync-stats.ts';

/** How often and how long the disk was synced (fdatasync and directory syncs). */
export function diskMetrics(stats: SyncStats): MetricSource {
  return (emit) => {
    const counter = (name: string, help: string, value: number, labels: Readonly<Record<string, string>> = {}): void =>
      emit({ name, help, type: 'counter', labels, value });
    counter('weir_disk_syncs_total', 'Syncs that completed', stats.count);
    counter('weir_disk_sync_seconds_total', 'Time of all syncs', stats.totalMs / 1000);
    emit({
      name: 'weir_disk_sync_longest_seconds',
      help: 'Longest sync since start',
      type: 'gauge',
      labels: {},
      value: stats.maxMs / 1000,
    });
    let below = 0;
    for (const [index, bound] of SYNC_BUCKETS_MS.entries()) {
      below += stats.buckets[index] ?? 0;
      counter('weir_disk_sync_seconds_bucket', 'Syncs that took no longer than le', below, {
        le: String(bound / 1000),
      });
    }
    counter('weir_disk_sync_seconds_bucket', 'Syncs that took no longer than le', stats.count, { le: '+Inf' });
  };
}
