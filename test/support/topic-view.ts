import type { TopicView } from '../../broker/core/metadata/view.ts';

/** A topic of the partitions that a test writes down. */
export function topicOf(topic: Pick<TopicView, 'id' | 'name' | 'internal' | 'partitions'>): TopicView {
  return { ...topic, partitionCount: topic.partitions.length, partition: (index) => topic.partitions[index] };
}
