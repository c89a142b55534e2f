import type { MetricSource } from '../../ports/metrics.ts';
import type { FollowerPartition } from './follower-partition.ts';

/** What followers of a node did since the start of the process. */
export interface FollowerStats {
  fetchedBytes: number;
  /** Times that a log was cut where its leader's had parted from it, or began anew. */
  cuts: number;
  /** Answers with batches that were not what they should be. */
  badAnswers: number;
}

/** How this node follows. */
export function followerMetrics(
  partitions: { followings(): Iterable<FollowerPartition> },
  stats: FollowerStats,
): MetricSource {
  return (emit) => {
    const states = new Map<string, number>();
    for (const { state } of partitions.followings()) states.set(state, (states.get(state) ?? 0) + 1);
    const name = 'weir_follower_partitions';
    const help = 'Partitions followed here, by what is done for them';
    for (const [state, value] of states) emit({ name, help, type: 'gauge', labels: { state }, value });
    const counter = (one: string, what: string, value: number): void =>
      emit({ name: `weir_follower_${one}_total`, help: what, type: 'counter', labels: {}, value });
    counter('fetched_bytes', 'Bytes of records fetched from leaders', stats.fetchedBytes);
    counter('cuts', 'Logs cut where their leaders parted from them, or begun anew', stats.cuts);
    counter('bad_answers', 'Answers of leaders with batches that were not appended', stats.badAnswers);
  };
}
