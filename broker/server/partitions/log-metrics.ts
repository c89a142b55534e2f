import type { LogManager, LogManagerStats } from '../logs/partition-log.ts';
import type { MetricSource } from '../../ports/metrics.ts';
import type { Partitions } from './partition.ts';

/** Logs and leaderships of this node. */
export function logMetrics(logs: LogManager, partitions: Partitions): MetricSource {
  return (emit) => {
    const stats = logs.stats();
    const gauge = (name: string, help: string, value: number): void =>
      emit({ name, help, type: 'gauge', labels: {}, value });
    const counter = (name: string, help: string, value: number): void =>
      emit({ name, help, type: 'counter', labels: {}, value });
    gauge('kafka_server_replicamanager_partitioncount', 'Partitions on this broker', stats.logCount);
    gauge('kafka_server_replicamanager_leadercount', 'Partitions led by this broker', partitions.all().length);
    gauge('weir_log_damaged_count', 'Logs with bytes that are not what was written', stats.damagedCount);
    gauge('weir_log_read_only_count', 'Logs that take no appends because the disk was full', stats.readOnlyCount);
    gauge('weir_disk_total_bytes', 'Size of the file system of the data directory', stats.space.totalBytes);
    gauge('weir_disk_usable_bytes', 'Bytes that may still be written there', stats.space.usableBytes);
    gauge('weir_disk_min_free_bytes', 'Bytes that client records leave free', stats.space.minFreeBytes);
    gauge('weir_disk_ballast_bytes', 'Bytes that are given up when the disk is full', stats.ballastBytes);
    gauge('weir_disk_low', '1 while client records are refused for want of space', stats.isLowOnSpace ? 1 : 0);
    gauge('weir_log_size_bytes', 'Size of all logs', stats.sizeInBytes);
    gauge('weir_log_pending_bytes', 'Bytes accepted and not written yet', stats.pendingBytes);
    gauge('weir_log_tail_cache_bytes', 'Recently appended batches kept for readers', stats.tailCacheBytes);
    gauge('weir_log_cold_cache_bytes', 'Older batches kept for readers or read ahead', stats.coldCacheBytes);
    gauge(
      'weir_log_oldest_unfinished_seconds',
      'Age of the oldest unfinished write or sync',
      stats.oldestUnfinishedMs / 1000,
    );
    gauge('weir_log_recovery_seconds', 'Time that the start took to recover the logs', stats.recoveryMs / 1000);
    gauge('weir_log_recovery_read_bytes', 'Bytes that the start read of the data directory', stats.recoveryReadBytes);
    counter('weir_log_appended_bytes_total', 'Bytes appended', stats.appendedBytes);
    counter('weir_log_cache_reads_total', 'Reads served from memory', stats.cacheReads);
    const { cleaner } = stats;
    gauge(
      'kafka_log_logcleanermanager_uncleanable_partitions_count',
      'Compacted logs that are left as they are for their bad bytes',
      cleaner.uncleanableCount,
    );
    gauge(
      'kafka_log_logcleanermanager_max_dirty_percent',
      'Largest part of a compacted log that is dirty, percent, at the last look',
      Math.round(cleaner.dirtyRatioMax * 100),
    );
    gauge(
      'kafka_log_logcleaner_max_compaction_delay_secs',
      'Longest time for which a record has been dirty past max.compaction.lag.ms, at the last look',
      cleaner.overdueMsMax / 1000,
    );
    gauge('kafka_log_logcleaner_max_clean_time_secs', 'Time of the last compaction', cleaner.lastCleanMs / 1000);
    gauge(
      'kafka_log_logcleaner_max_buffer_utilization_percent',
      'How full the table of keys was in the last compaction, percent',
      Math.round(cleaner.mapUtilization * 100),
    );
    gauge(
      'kafka_log_logcleaner_cleaner_recopy_percent',
      'What the last compaction left of the bytes that it went over, percent',
      Math.round(cleaner.lastRecopyRatio * 100),
    );
    counter('weir_log_cleaner_cleaned_total', 'Compactions that were finished', cleaner.cleanedCount);
    counter('weir_log_cleaner_read_bytes_total', 'Bytes that compaction read', cleaner.bytesRead);
    counter('weir_log_cleaner_written_bytes_total', 'Bytes that compaction wrote', cleaner.bytesWritten);
    counter('weir_log_cleaner_freed_bytes_total', 'Bytes that compaction freed', cleaner.bytesFreed);
    counter('weir_log_cleaner_throttled_seconds_total', 'Time waited for the limit', cleaner.throttledMs / 1000);
    gauge('weir_log_cleaner_longest_turn_seconds', 'Longest turn of the cleaner', cleaner.longestTurnMs / 1000);
    journalMetrics(stats, { gauge, counter });
    counter('weir_log_cold_reads_total', 'Reads served from disk', stats.coldReads);
    counter('weir_log_read_errors_total', 'Reads that the disk refused', stats.readErrors);
    counter('weir_log_ahead_hits_total', 'Reads of older records that were in memory', stats.aheadReads);
    counter('weir_log_reads_ahead_total', 'Pieces read from disk before anybody asked', stats.readsAhead);
    counter('weir_log_indexes_rebuilt_total', 'Indexes that were found wrong and made anew', stats.indexesRebuilt);
  };
}

type Emit = (name: string, help: string, value: number) => void;

function journalMetrics(stats: LogManagerStats, { gauge, counter }: Record<'gauge' | 'counter', Emit>): void {
  counter('weir_log_journal_syncs_total', 'Syncs of the journal', stats.journalRounds);
  counter('weir_log_journal_writes_total', 'Writes of logs that the journal made durable', stats.journalWrites);
  counter('weir_log_journal_bytes_total', 'Bytes written to the journal', stats.journalBytes);
  gauge('weir_log_journal_replayed_bytes', 'Bytes that the start wrote again from it', stats.journalReplayedBytes);
}
