import type { AssessedTopics, Some, TopicObservation } from '../../operator/core/observed.ts';

/** What an active controller says of all topics, of which these are below `min.insync.replicas` or have a replica out of sync. */
export function assessedOf({
  topics,
  underMinIsr,
  underReplicated,
}: Pick<AssessedTopics, 'underMinIsr' | 'underReplicated'> & {
  readonly topics: ReadonlyMap<string, TopicObservation>;
}): AssessedTopics {
  const names = (found: readonly string[]): Some => ({ count: found.length, examples: found.slice(0, 10) });
  const all = [...topics];
  const isThin = ({ copies: [least], minInsyncReplicas }: TopicObservation): boolean =>
    least !== undefined && least <= Math.max(1, minInsyncReplicas);
  return {
    partitionCount: all.reduce((sum, [, { partitions }]) => sum + partitions, 0),
    leaderless: names(
      all.flatMap(([name, { leaderless }]) => Array.from({ length: leaderless }, (_, n) => `${name}-${n}`)),
    ),
    damaged: names([]),
    underMinIsr,
    underReplicated,
    thin: names(all.flatMap(([name, topic]) => (isThin(topic) ? [name] : []))),
  };
}
