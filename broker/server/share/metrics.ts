import type { MetricSource } from '../../ports/metrics.ts';
import type { DeadLetterStats } from './dead-letters.ts';
import type { ShareService } from './service.ts';

/** Figures of the share groups that this node leads: sessions, share-partitions in memory, records, ended locks. */
export function shareMetrics(share: ShareService, letters: DeadLetterStats): MetricSource {
  return (emit) => {
    const gauge = (name: string, help: string, value: number): void =>
      emit({ name, help, type: 'gauge', labels: {}, value });
    const counter = (name: string, help: string, value: number): void =>
      emit({ name, help, type: 'counter', labels: {}, value });
    gauge('weir_share_sessions', 'Share sessions open on this node', share.sessions.count);
    gauge('weir_share_partitions', 'Share-partitions that their leader holds in memory', share.partitions.count);
    gauge(
      'weir_share_partitions_loading',
      'Those that wait for their share coordinator',
      share.partitions.loadingCount,
    );
    const { acquiredRecords, expiredRecords } = share.partitions.stats;
    counter('weir_share_acquired_records_total', 'Records handed to members of share groups', acquiredRecords);
    const { writtenRecords, failedRecords } = letters;
    counter('weir_share_dead_letters_total', 'Records of share groups that left a dead letter', writtenRecords);
    counter('weir_share_dead_letters_failed_total', 'Records whose dead letter could not be written', failedRecords);
    counter('weir_share_lock_timeouts_total', 'Records whose lock ended before an acknowledgement', expiredRecords);
  };
}
