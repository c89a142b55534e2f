import { ZERO_TOPIC_ID } from '../../core/base/ids.ts';
import type { Settings } from '../../core/config/settings.ts';
import { topicNameProblem } from '../../core/metadata/topic-name.ts';
import type { MetadataView, PartitionView, TopicView } from '../../core/metadata/view.ts';
import { ApiKey } from '../../core/protocol/apis.ts';
import { ErrorCode } from '../../core/protocol/errors.ts';
import type { MetadataClient } from '../metadata-client.ts';
import type { Partitions } from '../partitions/partition.ts';
import type { RequestContext } from '../request-context.ts';
import { authorizedOperations, OPERATIONS_NOT_ASKED } from './authorized-operations.ts';
import { describePartition } from './brokers.ts';
import type { ApiRow } from './row.ts';

/** What DescribeTopicPartitions tells of. */
export interface DescribeTopicPartitionsServices {
  readonly metadata: MetadataClient;
  readonly partitions: Partitions;
  readonly settings: Settings;
}

interface Cursor {
  readonly topicName: string;
  readonly partitionIndex: number;
}

/** DescribeTopicPartitions (KIP-966): topics in order of name, a bounded number of partitions at a time. */
export const row: ApiRow<typeof ApiKey.DescribeTopicPartitions, DescribeTopicPartitionsServices> = {
  key: ApiKey.DescribeTopicPartitions,
  versions: { min: 0, max: 0 },
  listener: 'client',
  quota: 'request',
  authorize: (request) =>
    request.topics.map((topic) => ({ operation: 'describe', resourceType: 'topic', resourceName: topic.name })),
  handle(server, request, context, reply) {
    const { view } = server.metadata;
    const { cursor } = request;
    if (cursor !== null && !isUsable(cursor, request.topics)) {
      reply({ topics: request.topics.map(({ name }) => failed(name, ErrorCode.INVALID_REQUEST)), nextCursor: null });
      return;
    }
    const asked =
      request.topics.length === 0 ? view.topicNames() : [...new Set(request.topics.map((topic) => topic.name))].sort();
    const limit = Math.max(
      1,
      Math.min(request.responsePartitionLimit, server.settings.broker('max.request.partition.size.limit')),
    );
    const topics = [];
    let left = limit;
    let nextCursor: Cursor | null = null;
    for (const name of from(asked, cursor?.topicName ?? '')) {
      if (left === 0) {
        nextCursor = { topicName: name, partitionIndex: 0 };
        break;
      }
      const topic = visible(view, context, name);
      if (topic === null) {
        // A name from "all topics" or from a cursor that went away is left out; one that was asked for is answered.
        if (request.topics.length > 0) topics.push(unknown(context, name));
        continue;
      }
      const start = cursor?.topicName === name ? cursor.partitionIndex : 0;
      const end = Math.min(start + left, topic.partitionCount);
      const partitions = partitionsIn(topic, start, end);
      left -= partitions.length;
      topics.push(describe(server, context, topic, partitions));
      if (end < topic.partitionCount) {
        nextCursor = { topicName: name, partitionIndex: end };
        break;
      }
    }
    reply({ topics, nextCursor });
  },
};

/** A cursor is one that an answer to the same topics gave: it stands at one of them, at no negative partition. */
function isUsable(cursor: Cursor, topics: readonly { readonly name: string }[]): boolean {
  if (cursor.partitionIndex < 0) return false;
  return topics.length === 0 || topics.some(({ name }) => name === cursor.topicName);
}

/** The sorted names from one on; a request for one page does not look at those before. */
function* from(names: readonly string[], first: string): Generator<string> {
  let low = 0;
  for (let high = names.length; low < high; ) {
    const middle = (low + high) >>> 1;
    if ((names[middle] ?? '') < first) low = middle + 1;
    else high = middle;
  }
  for (const end = names.length; low < end; low += 1) yield names[low] ?? '';
}

/** Partitions [start, end) of a topic. */
function partitionsIn(topic: TopicView, start: number, end: number): PartitionView[] {
  const partitions: PartitionView[] = [];
  for (let index = start; index < end; index += 1) {
    const partition = topic.partition(index);
    if (partition !== undefined) partitions.push(partition);
  }
  return partitions;
}

function visible(view: MetadataView, context: RequestContext, name: string): TopicView | null {
  return context.allowed({ operation: 'describe', resourceType: 'topic', resourceName: name })
    ? view.topicByName(name)
    : null;
}

function unknown(context: RequestContext, name: string) {
  if (!context.allowed({ operation: 'describe', resourceType: 'topic', resourceName: name })) {
    return failed(name, ErrorCode.TOPIC_AUTHORIZATION_FAILED);
  }
  const isLegal = topicNameProblem(name) === null;
  return {
    ...failed(name, isLegal ? ErrorCode.UNKNOWN_TOPIC_OR_PARTITION : ErrorCode.INVALID_TOPIC_EXCEPTION),
    topicAuthorizedOperations: authorizedOperations(context, 'topic', name),
  };
}

function failed(name: string, errorCode: number) {
  return {
    errorCode,
    name,
    topicId: ZERO_TOPIC_ID,
    isInternal: false,
    partitions: [],
    topicAuthorizedOperations: OPERATIONS_NOT_ASKED,
  };
}

function describe(
  server: DescribeTopicPartitionsServices,
  context: RequestContext,
  topic: TopicView,
  partitions: readonly PartitionView[],
) {
  return {
    errorCode: ErrorCode.NONE,
    name: topic.name,
    topicId: topic.id,
    isInternal: topic.internal,
    partitions: partitions.map((partition) => ({
      ...describePartition(server, topic, partition),
      eligibleLeaderReplicas: partition.elr,
      lastKnownElr: partition.lastKnownElr,
    })),
    topicAuthorizedOperations: authorizedOperations(context, 'topic', topic.name),
  };
}
