import { ErrorCode } from '../../core/protocol/errors.ts';
import type { LeaderIdAndEpoch } from './leader-hints.ts';

/** What Apache Kafka sends where there is nothing to say, as if a node 0 led: clients look only where an error tells them to. */
export const NO_LEADER: LeaderIdAndEpoch = { leaderId: 0, leaderEpoch: 0 };

/** What a member is told in words of acknowledgements that don't count; null where the code says it all. */
export function verdictMessage(errorCode: number): string | null {
  return errorCode === ErrorCode.INVALID_RECORD_STATE ? 'Not all of these records are held by this member.' : null;
}

/** Puts partitions under their topics, both in the order in which they came. */
export function byTopicId<P>(
  partitions: readonly { readonly topicId: string; readonly response: P }[],
): { topicId: string; partitions: P[] }[] {
  const topics = new Map<string, { topicId: string; partitions: P[] }>();
  for (const { topicId, response } of partitions) {
    const topic = topics.get(topicId);
    if (topic === undefined) topics.set(topicId, { topicId, partitions: [response] });
    else topic.partitions.push(response);
  }
  return [...topics.values()];
}
