import { topicId as asTopicId } from '../../core/base/ids.ts';
import type { MetadataView } from '../../core/metadata/view.ts';
import { ErrorCode } from '../../core/protocol/errors.ts';
import type { Partition, Partitions, ReadablePartition } from './partition.ts';

/** What a look-up needs of the server. */
export interface PartitionServices {
  readonly metadata: { readonly view: MetadataView };
  readonly partitions: Partitions;
}

/** A partition that this node serves, or the code that tells why it doesn't. */
export type Found =
  | { readonly partition: Partition; readonly errorCode: 0 }
  | { readonly partition: null; readonly errorCode: number };

/** The partition by topic name, or by topic id when `byId`. */
export function findPartition(
  server: PartitionServices,
  topic: { readonly name: string; readonly topicId: string; readonly byId: boolean },
  index: number,
): Found {
  const { view } = server.metadata;
  // Mostly it is led here: the metadata, which makes its answers anew for each question, need not be asked.
  const led = topic.byId ? server.partitions.byId(asTopicId(topic.topicId), index) : null;
  if (led !== null) return { partition: led, errorCode: 0 };
  const known = topic.byId ? view.topicById(asTopicId(topic.topicId)) : view.topicByName(topic.name);
  if (known === null) {
    return {
      partition: null,
      errorCode: topic.byId ? ErrorCode.UNKNOWN_TOPIC_ID : ErrorCode.UNKNOWN_TOPIC_OR_PARTITION,
    };
  }
  const partition = server.partitions.byId(known.id, index);
  if (partition !== null) return { partition, errorCode: 0 };
  const isKnown = index >= 0 && index < known.partitionCount;
  return {
    partition: null,
    errorCode: isKnown ? ErrorCode.NOT_LEADER_OR_FOLLOWER : ErrorCode.UNKNOWN_TOPIC_OR_PARTITION,
  };
}

/** The name of a topic that is known, by its id when `byId`; '' when it is gone. */
export function nameOf(
  server: Pick<PartitionServices, 'metadata'>,
  topic: { readonly name: string; readonly topicId: string; readonly byId: boolean },
): string {
  return topic.byId ? (server.metadata.view.topicById(asTopicId(topic.topicId))?.name ?? '') : topic.name;
}

/** As `findPartition`; one that is only followed here as well when `mayFollow`. */
export function findReadable(
  server: PartitionServices,
  topic: { readonly name: string; readonly topicId: string; readonly byId: boolean },
  index: number,
  mayFollow: boolean,
): { readonly partition: ReadablePartition | null; readonly errorCode: number } {
  const found = findPartition(server, topic, index);
  if (!mayFollow || found.errorCode !== ErrorCode.NOT_LEADER_OR_FOLLOWER) return found;
  const { view } = server.metadata;
  const known = topic.byId ? view.topicById(asTopicId(topic.topicId)) : view.topicByName(topic.name);
  const partition = known === null ? null : server.partitions.followed(known.id, index);
  return partition === null ? found : { partition, errorCode: ErrorCode.NONE };
}
