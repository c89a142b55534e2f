import type { MetadataView, TopicView } from '../../broker/core/metadata/view.ts';

/** A topic of the partitions that a test writes down. */
export function topicOf(topic: Pick<TopicView, 'id' | 'name' | 'internal' | 'partitions'>): TopicView {
  return { ...topic, partitionCount: topic.partitions.length, partition: (index) => topic.partitions[index] };
}

/** What of some topics moves. */
export function movingOf(topics: readonly TopicView[]): ReturnType<MetadataView['partitionsMoving']> {
  return topics.flatMap(({ name, partitions }) => {
    const moving = partitions.filter((one) => one.addingReplicas.length > 0 || one.removingReplicas.length > 0);
    return moving.length === 0 ? [] : [{ name, partitions: moving }];
  });
}
