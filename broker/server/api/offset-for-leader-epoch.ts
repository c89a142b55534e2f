import { ApiKey } from '../../core/protocol/apis.ts';
import { ErrorCode } from '../../core/protocol/errors.ts';
import type { RequestContext } from '../request-context.ts';
import { findPartition, type PartitionServices } from '../partitions/lookup.ts';
import type { ApiRow } from './row.ts';

/** OffsetForLeaderEpoch (KIP-101, KIP-320): where an epoch of this partition ended. */
export const row: ApiRow<typeof ApiKey.OffsetForLeaderEpoch, PartitionServices> = {
  key: ApiKey.OffsetForLeaderEpoch,
  versions: { min: 2, max: 4 },
  listener: 'client',
  quota: 'request',
  parts: [{ of: ['topics', 'partitions'], into: ['topics', 'partitions'] }],
  authorize: (request) =>
    request.topics.map((topic) => ({ operation: 'describe', resourceType: 'topic', resourceName: topic.topic })),
  handle(server, request, context, reply) {
    reply({
      topics: request.topics.map(({ topic, partitions }) => ({
        topic,
        partitions: partitions.map((asked) => ({
          partition: asked.partition,
          ...endOf(server, context, { topic, ...asked }),
        })),
      })),
    });
  },
};

function endOf(
  server: PartitionServices,
  context: RequestContext,
  asked: {
    readonly topic: string;
    readonly partition: number;
    readonly currentLeaderEpoch: number;
    readonly leaderEpoch: number;
  },
): { readonly errorCode: number; readonly leaderEpoch: number; readonly endOffset: number } {
  const failed = (errorCode: number) => ({ errorCode, leaderEpoch: -1, endOffset: -1 });
  if (!context.allowed({ operation: 'describe', resourceType: 'topic', resourceName: asked.topic })) {
    return failed(ErrorCode.TOPIC_AUTHORIZATION_FAILED);
  }
  const found = findPartition(server, { name: asked.topic, topicId: '', byId: false }, asked.partition);
  if (found.partition === null) return failed(found.errorCode);
  const status = found.partition.status(asked.currentLeaderEpoch);
  if (status !== ErrorCode.NONE) return failed(status);
  return { errorCode: ErrorCode.NONE, ...found.partition.endOffsetForEpoch(asked.leaderEpoch) };
}
