import { topicId as asTopicId, ZERO_TOPIC_ID } from '../../core/base/ids.ts';
import type { OffsetFetchCommand, OffsetFetchResult } from '../../core/group/commands.ts';
import { ApiKey } from '../../core/protocol/apis.ts';
import { ErrorCode } from '../../core/protocol/errors.ts';
import { type Gathered, gather } from '../gather.ts';
import type { RequestContext } from '../request-context.ts';
import { groupAllowed, groupNeed, type GroupTopicServices, topicNeed } from './group-requests.ts';
import type { ApiRow } from './row.ts';

/** Versions from which an error stands for the group, several groups are asked, and topics are named by id. */
const GROUP_ERROR_VERSION = 2;
const BATCH_VERSION = 8;
const TOPIC_ID_VERSION = 10;

interface AskedGroup {
  readonly groupId: string;
  readonly memberId: string | null;
  readonly memberEpoch: number;
  readonly topics:
    | readonly { readonly name: string; readonly topicId: string; readonly partitionIndexes: readonly number[] }[]
    | null;
}

interface FetchedTopic {
  readonly name: string;
  readonly topicId: string;
  readonly partitions: readonly {
    readonly partitionIndex: number;
    readonly committedOffset: number;
    readonly committedLeaderEpoch: number;
    readonly metadata: string;
    readonly errorCode: number;
  }[];
}

interface FetchedGroup {
  readonly groupId: string;
  readonly errorCode: number;
  readonly topics: readonly FetchedTopic[];
}

/**
 * OffsetFetch: committed offsets of groups. `requireStable` asks for nothing more here: without transactions every
 * committed offset is decided.
 */
export const row: ApiRow<typeof ApiKey.OffsetFetch, GroupTopicServices> = {
  key: ApiKey.OffsetFetch,
  versions: { min: 1, max: 10 },
  listener: 'client',
  quota: 'request',
  parts: [
    { of: ['groups', 'topics', 'partitionIndexes'], into: ['groups', 'topics', 'partitions'] },
    { of: ['topics', 'partitionIndexes'], into: ['topics', 'partitions'] },
  ],
  authorize: (request) =>
    [...new Set([request.groupId, ...request.groups.map(({ groupId }) => groupId)])].map((id) =>
      groupNeed('describe', id),
    ),
  handle(server, request, context, reply) {
    if (context.apiVersion >= BATCH_VERSION) {
      const work = request.groups.map(
        (group): Gathered<FetchedGroup> =>
          (done) =>
            fetchGroup(server, context, group, done),
      );
      gather(work, (groups) => reply({ groups }));
      return;
    }
    const topics = request.topics?.map((topic) => ({ ...topic, topicId: ZERO_TOPIC_ID })) ?? null;
    const asked = { groupId: request.groupId, memberId: null, memberEpoch: -1, topics };
    fetchGroup(server, context, asked, ({ errorCode, topics: found }) => {
      if (errorCode === ErrorCode.NONE || context.apiVersion >= GROUP_ERROR_VERSION)
        reply({ errorCode, topics: found });
      else reply({ topics: (topics ?? []).map((topic) => failedTopic(topic, errorCode)) });
    });
  },
};

function failedTopic(
  {
    name,
    topicId,
    partitionIndexes,
  }: { readonly name: string; readonly topicId: string; readonly partitionIndexes: readonly number[] },
  errorCode: number,
): FetchedTopic {
  const nothing = { committedOffset: -1, committedLeaderEpoch: -1, metadata: '', errorCode };
  return { name, topicId, partitions: partitionIndexes.map((partitionIndex) => ({ partitionIndex, ...nothing })) };
}

function fetchGroup(
  server: GroupTopicServices,
  context: RequestContext,
  asked: AskedGroup,
  done: (group: FetchedGroup) => void,
): void {
  const { groupId, memberId, memberEpoch } = asked;
  if (!groupAllowed(context, 'describe', groupId)) {
    done({ groupId, errorCode: ErrorCode.GROUP_AUTHORIZATION_FAILED, topics: [] });
    return;
  }
  const plan = planTopics(server, context, asked);
  server.groups.ask({ kind: 'offsetFetch', groupId, memberId, memberEpoch, topics: plan.known }, (outcome) => {
    if (outcome.kind === 'refused') done({ groupId, errorCode: outcome.errorCode, topics: [] });
    else done({ groupId, errorCode: outcome.response.errorCode, topics: plan.answer(outcome.response) });
  });
}

interface FetchPlan {
  /** What the coordinator is asked for; null for everything. */
  readonly known: OffsetFetchCommand['topics'];
  answer(result: OffsetFetchResult): FetchedTopic[];
}

function planTopics(server: GroupTopicServices, context: RequestContext, asked: AskedGroup): FetchPlan {
  const { view } = server.metadata;
  const byId = context.apiVersion >= TOPIC_ID_VERSION;
  const mayDescribe = (topic: string): boolean => context.allowed(topicNeed('describe', topic));
  if (asked.topics === null) {
    return {
      known: null,
      answer: (result) =>
        result.topics.flatMap((topic) => {
          const topicId = view.topicByName(topic.topic)?.id;
          if (!mayDescribe(topic.topic) || (byId && topicId === undefined)) return [];
          return [fetchedTopic({ ...topic, topicId: topicId ?? ZERO_TOPIC_ID })];
        }),
    };
  }
  const known: NonNullable<OffsetFetchCommand['topics']>[number][] = [];
  const plans = asked.topics.map((topic) => {
    const found = byId ? view.topicById(asTopicId(topic.topicId)) : view.topicByName(topic.name);
    if (byId && found === null) return failedTopic(topic, ErrorCode.UNKNOWN_TOPIC_ID);
    if (!mayDescribe(found?.name ?? topic.name)) return failedTopic(topic, ErrorCode.TOPIC_AUTHORIZATION_FAILED);
    known.push({ topic: found?.name ?? topic.name, topicId: found?.id ?? null, partitions: topic.partitionIndexes });
    return null;
  });
  return {
    known,
    answer: (result) => {
      let next = 0;
      return plans.map((failed, at) => {
        if (failed !== null) return failed;
        const topic = result.topics[next];
        next += 1;
        const name = asked.topics?.[at]?.name ?? '';
        return fetchedTopic(topic === undefined ? { topic: name, topicId: ZERO_TOPIC_ID, partitions: [] } : topic);
      });
    },
  };
}

function fetchedTopic({ topic, topicId, partitions }: OffsetFetchResult['topics'][number]): FetchedTopic {
  return {
    name: topic,
    topicId,
    partitions: partitions.map(({ partition, offset, leaderEpoch, metadata }) => ({
      partitionIndex: partition,
      committedOffset: offset,
      committedLeaderEpoch: leaderEpoch,
      metadata,
      errorCode: ErrorCode.NONE,
    })),
  };
}
