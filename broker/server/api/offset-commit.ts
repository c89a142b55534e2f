import { topicId as asTopicId } from '../../core/base/ids.ts';
import type { OffsetToCommit } from '../../core/group/commands.ts';
import type { TopicView } from '../../core/metadata/view.ts';
import { ApiKey } from '../../core/protocol/apis.ts';
import { ErrorCode } from '../../core/protocol/errors.ts';
import type { ApiRequests } from '../../core/protocol/messages.ts';
import type { RequestContext } from '../request-context.ts';
import { groupAllowed, groupNeed, type GroupTopicServices, topicNeed } from './group-requests.ts';
import type { ApiRow } from './row.ts';

type Request = ApiRequests[typeof ApiKey.OffsetCommit];

/** Versions from which members of new groups commit, and topics are named by id. */
const MEMBER_EPOCH_VERSION = 9;
const TOPIC_ID_VERSION = 10;

/** OffsetCommit: by members, or by anybody for a group without members. */
export const row: ApiRow<typeof ApiKey.OffsetCommit, GroupTopicServices> = {
  key: ApiKey.OffsetCommit,
  versions: { min: 2, max: 10 },
  listener: 'client',
  quota: 'request',
  parts: [{ of: ['topics', 'partitions'], into: ['topics', 'partitions'] }],
  authorize: (request) => [groupNeed('read', request.groupId)],
  handle(server, request, context, reply) {
    const plan = new CommitPlan(server, request, context);
    if (!groupAllowed(context, 'read', request.groupId)) {
      reply({ topics: plan.refused(ErrorCode.GROUP_AUTHORIZATION_FAILED) });
      return;
    }
    if (plan.offsets.length === 0) {
      reply({ topics: plan.answer([]) });
      return;
    }
    const { groupId, memberId, groupInstanceId, generationIdOrMemberEpoch } = request;
    const command = {
      kind: 'offsetCommit',
      groupId,
      memberId,
      groupInstanceId,
      generationIdOrMemberEpoch,
      supportsMemberEpochs: context.apiVersion >= MEMBER_EPOCH_VERSION,
      offsets: plan.offsets,
    } as const;
    server.groups.ask(command, (outcome) => {
      if (outcome.kind === 'refused') reply({ topics: plan.answer(plan.offsets.map(() => outcome.errorCode)) });
      else reply({ topics: plan.answer(outcome.response.partitionErrors) });
    });
  },
};

interface Results {
  readonly name: string;
  readonly topicId: string;
  readonly partitions: readonly { readonly partitionIndex: number; readonly errorCode: number }[];
}

/** Tells which offsets of a request may be committed, and puts their outcomes back to where they were asked. */
class CommitPlan {
  readonly offsets: OffsetToCommit[] = [];
  readonly #request: Request;
  /** Per topic and partition of the request: its error, or null when `offsets` has it. */
  readonly #errors: (number | null)[][];

  constructor(server: GroupTopicServices, request: Request, context: RequestContext) {
    this.#request = request;
    const byId = context.apiVersion >= TOPIC_ID_VERSION;
    this.#errors = request.topics.map((asked) => {
      const { view } = server.metadata;
      const topic = byId ? view.topicById(asTopicId(asked.topicId)) : view.topicByName(asked.name);
      return asked.partitions.map((partition) => this.#plan(topic, partition, context, byId));
    });
  }

  #plan(
    topic: TopicView | null,
    asked: Request['topics'][number]['partitions'][number],
    context: RequestContext,
    byId: boolean,
  ): number | null {
    if (topic === null) return byId ? ErrorCode.UNKNOWN_TOPIC_ID : ErrorCode.UNKNOWN_TOPIC_OR_PARTITION;
    if (!context.allowed(topicNeed('read', topic.name))) return ErrorCode.TOPIC_AUTHORIZATION_FAILED;
    if (topic.partition(asked.partitionIndex) === undefined) return ErrorCode.UNKNOWN_TOPIC_OR_PARTITION;
    this.offsets.push({
      topic: topic.name,
      topicId: topic.id,
      partition: asked.partitionIndex,
      offset: asked.committedOffset,
      leaderEpoch: asked.committedLeaderEpoch,
      metadata: asked.committedMetadata,
    });
    return null;
  }

  /** The answer when the group as a whole is refused. */
  refused(errorCode: number): Results[] {
    return this.#results(() => errorCode);
  }

  /** The answer with the outcomes of `offsets`, in their order. */
  answer(outcomes: readonly number[]): Results[] {
    let next = 0;
    return this.#results((planned) => {
      if (planned !== null) return planned;
      next += 1;
      return outcomes[next - 1] ?? ErrorCode.UNKNOWN_SERVER_ERROR;
    });
  }

  #results(codeOf: (planned: number | null) => number): Results[] {
    const results = this.#request.topics.map(({ name, topicId, partitions }, at) => ({
      name,
      topicId,
      partitions: partitions.map(({ partitionIndex }, index) => ({
        partitionIndex,
        errorCode: codeOf(this.#errors[at]?.[index] ?? null),
      })),
    }));
    // A topic of which nothing is committed is not answered.
    return results.filter(({ partitions }) => partitions.length > 0);
  }
}
