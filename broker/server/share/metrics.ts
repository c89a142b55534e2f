import type { MetricSource } from '../metrics.ts';
import type { ShareService } from './service.ts';

/** Figures of the share groups that this node leads: sessions, share-partitions in memory, ended locks. */
export function shareMetrics(share: ShareService): MetricSource {
  return (emit) => {
    const labels = {};
    emit({
      name: 'weir_share_sessions',
      help: 'Share sessions open on this node.',
      type: 'gauge',
      labels,
      value: share.sessions.count,
    });
    emit({
      name: 'weir_share_partitions',
      help: 'Share-partitions held in memory by their leader.',
      type: 'gauge',
      labels,
      value: share.partitions.count,
    });
    emit({
      name: 'weir_share_records_acquired_total',
      help: 'Records handed to members of share groups.',
      type: 'counter',
      labels,
      value: share.partitions.stats.acquiredRecords,
    });
    emit({
      name: 'weir_share_lock_timeouts_total',
      help: 'Records whose acquisition lock ended before they were acknowledged.',
      type: 'counter',
      labels,
      value: share.partitions.stats.expiredRecords,
    });
  };
}
