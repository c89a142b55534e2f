import type { MetricSource } from '../../ports/metrics.ts';
import type { LeaderPartition } from './leader-partition.ts';

/** How well what this node leads is replicated, under Kafka's names. */
export function replicationMetrics(
  partitions: { leaderships(): Iterable<LeaderPartition> },
  isr: { readonly isrShrinks: number; readonly isrExpands: number },
  changes: { readonly failedCount: number },
): MetricSource {
  return (emit) => {
    const counts = { underReplicated: 0, underMinIsr: 0, atMinIsr: 0, lagMax: 0 };
    for (const leadership of partitions.leaderships()) count(counts, leadership);
    const gauge = (name: string, help: string, value: number): void =>
      emit({ name, help, type: 'gauge', labels: {}, value });
    const counter = (name: string, help: string, value: number): void =>
      emit({ name, help, type: 'counter', labels: {}, value });
    const manager = 'kafka_server_replicamanager';
    gauge(
      `${manager}_underreplicatedpartitions`,
      'Partitions led here whose ISR lacks a replica',
      counts.underReplicated,
    );
    gauge(`${manager}_underminisrpartitioncount`, 'Of them, those below min.insync.replicas', counts.underMinIsr);
    gauge(`${manager}_atminisrpartitioncount`, 'Those with just as many in sync', counts.atMinIsr);
    // The sum of what Kafka has a figure for each partition of: dashboards add them up.
    gauge('kafka_cluster_partition_underminisr', 'Partitions led here below min.insync.replicas', counts.underMinIsr);
    gauge('kafka_cluster_partition_atminisr', 'Partitions led here just at it', counts.atMinIsr);
    counter(`${manager}_isrshrinks_total`, 'Times that a replica left an ISR', isr.isrShrinks);
    counter(`${manager}_isrexpands_total`, 'Times that a replica joined one', isr.isrExpands);
    counter(`${manager}_failedisrupdates_total`, 'Changes that the controller did not make', changes.failedCount);
    gauge('weir_replica_lag_max', 'Records that the follower that is furthest behind lacks', counts.lagMax);
  };
}

function count(
  counts: { underReplicated: number; underMinIsr: number; atMinIsr: number; lagMax: number },
  { view, replica, logEndOffset }: LeaderPartition,
): void {
  // Replicas that a reassignment brings are not missed before they have come.
  if (view.isr.length < view.replicas.length - view.addingReplicas.length) counts.underReplicated += 1;
  if (!replica.hasMinIsr) counts.underMinIsr += 1;
  else if (replica.isAtMinIsr) counts.atMinIsr += 1;
  for (const { endOffset } of replica.followers) {
    if (endOffset >= 0) counts.lagMax = Math.max(counts.lagMax, logEndOffset - endOffset);
  }
}
