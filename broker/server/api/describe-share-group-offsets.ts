import { ZERO_TOPIC_ID } from '../../core/base/ids.ts';
import { ApiKey } from '../../core/protocol/apis.ts';
import { ErrorCode } from '../../core/protocol/errors.ts';
import type { ApiRequests } from '../../core/protocol/messages.ts';
import type { GroupCoordinator } from '../coordinators/groups.ts';
import { type Gathered, gather } from '../gather.ts';
import type { MetadataClient } from '../metadata-client.ts';
import type { Ends, PartitionEnds } from '../peers/partition-ends.ts';
import type { RequestContext } from '../request-context.ts';
import type { SharePersister, StateSummary } from '../share/persister.ts';
import type { Answer, ApiRow } from './row.ts';

/** What DescribeShareGroupOffsets needs. */
export interface DescribeShareGroupOffsetsServices {
  readonly metadata: Pick<MetadataClient, 'view'>;
  readonly partitionEnds: Pick<PartitionEnds, 'of'>;
  readonly sharePersister: SharePersister;
  readonly groups: Pick<GroupCoordinator, 'ask'>;
}

type Request = ApiRequests[typeof ApiKey.DescribeShareGroupOffsets]['groups'][number];
type Group = Answer<typeof ApiKey.DescribeShareGroupOffsets>['groups'][number];
type Topic = Group['topics'][number];
type Partition = Topic['partitions'][number];

/** DescribeShareGroupOffsets: where share groups stand; v1 adds the lag (KIP-1226). */
export const row: ApiRow<typeof ApiKey.DescribeShareGroupOffsets, DescribeShareGroupOffsetsServices> = {
  key: ApiKey.DescribeShareGroupOffsets,
  versions: { min: 0, max: 1 },
  listener: 'client',
  quota: 'request',
  parts: [{ of: ['groups', 'topics', 'partitions'], into: ['groups', 'topics', 'partitions'] }],
  authorize: (request) =>
    request.groups.map(({ groupId }) => ({ operation: 'describe', resourceType: 'group', resourceName: groupId })),
  handle(server, request, context, reply) {
    const work = request.groups.map(
      (group): Gathered<Group> =>
        (done) =>
          describeGroup(server, group, context, done),
    );
    gather(work, (groups) => reply({ groups }));
  },
};

function describeGroup(
  server: DescribeShareGroupOffsetsServices,
  request: Request,
  context: RequestContext,
  done: (group: Group) => void,
): void {
  const { groupId } = request;
  const refuse = (errorCode: number, errorMessage: string | null): void =>
    done({ groupId, topics: [], errorCode, errorMessage });
  if (!context.allowed({ operation: 'describe', resourceType: 'group', resourceName: groupId })) {
    refuse(ErrorCode.GROUP_AUTHORIZATION_FAILED, null);
    return;
  }
  server.groups.ask({ kind: 'shareGroupPartitions', groupId }, (outcome) => {
    const errorCode = outcome.kind === 'refused' ? outcome.errorCode : outcome.response.errorCode;
    // As in Kafka a group that is not there has read nothing.
    if (errorCode !== ErrorCode.NONE && errorCode !== ErrorCode.GROUP_ID_NOT_FOUND) {
      refuse(errorCode, null);
      return;
    }
    // Unasked, only topics that the caller may see are told of; asked for, the refusal is.
    const topics = outcome.kind === 'refused' ? [] : outcome.response.topics;
    const visible = topics.filter(({ topicName }) => mayDescribe(context, topicName));
    const work = (request.topics ?? visible).map(
      (topic): Gathered<Topic> =>
        (settle) =>
          describeTopic(server, { groupId, ...topic, context }, settle),
    );
    gather(work, (results) => done({ groupId, topics: results, errorCode: ErrorCode.NONE }));
  });
}

function mayDescribe(context: RequestContext, topicName: string): boolean {
  return context.allowed({ operation: 'describe', resourceType: 'topic', resourceName: topicName });
}

function describeTopic(
  server: DescribeShareGroupOffsetsServices,
  asked: {
    readonly groupId: string;
    readonly topicName: string;
    readonly partitions: readonly number[];
    readonly context: RequestContext;
  },
  done: (topic: Topic) => void,
): void {
  const { groupId, topicName, context } = asked;
  const topic = server.metadata.view.topicByName(topicName);
  const denied = mayDescribe(context, topicName) ? ErrorCode.NONE : ErrorCode.TOPIC_AUTHORIZATION_FAILED;
  const work = asked.partitions.map(
    (partition): Gathered<StateSummary | null> =>
      (settle) => {
        if (topic?.partition(partition) === undefined || denied !== ErrorCode.NONE) settle(null);
        else server.sharePersister.readSummary(groupId, topic.id, partition, settle);
      },
  );
  const topicId = denied === ErrorCode.NONE ? (topic?.id ?? ZERO_TOPIC_ID) : ZERO_TOPIC_ID;
  // As in Kafka nothing was read of a topic that is not there.
  const missing = denied || (topic === null ? ErrorCode.NONE : ErrorCode.UNKNOWN_TOPIC_OR_PARTITION);
  gather(work, (summaries) => {
    const answer = (ends: ReadonlyMap<number, Ends>): void => {
      const partitions = asked.partitions.map((partition, at) => {
        const summary = summaries[at] ?? null;
        if (summary !== null) return describePartition(partition, summary, ends.get(partition) ?? null);
        return { partitionIndex: partition, startOffset: -1, leaderEpoch: 0, lag: -1, errorCode: missing };
      });
      done({ topicName, topicId, partitions });
    };
    const known = asked.partitions.filter((_partition, at) => (summaries[at]?.startOffset ?? -1) >= 0);
    if (topic === null) answer(new Map());
    else server.partitionEnds.of(topic, known, answer);
  });
}

function describePartition(partition: number, summary: StateSummary, ends: Ends | null): Partition {
  const { errorCode, startOffset, deliveryCompleteCount } = summary;
  const leaderEpoch = Math.max(0, summary.leaderEpoch);
  if (errorCode !== ErrorCode.NONE)
    return { partitionIndex: partition, startOffset: -1, leaderEpoch, lag: -1, errorCode };
  const known = ends !== null && startOffset >= 0 && deliveryCompleteCount >= 0;
  return { partitionIndex: partition, startOffset, leaderEpoch, lag: known ? lagOf(ends, summary) : -1, errorCode };
}

/**
 * Records that the group has still to finish. What retention or DeleteRecords took is no lag, even before a member's
 * fetch moves the persisted start; how many of the finished records went with it is not known then: none counts.
 */
function lagOf(ends: Ends, summary: StateSummary): number {
  const { startOffset, deliveryCompleteCount } = summary;
  const { highWatermark, logStartOffset } = ends;
  if (logStartOffset > startOffset) return Math.max(0, highWatermark - logStartOffset);
  return Math.max(0, highWatermark - startOffset - deliveryCompleteCount);
}
