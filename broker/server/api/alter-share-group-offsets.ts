import type { AlterShareOffsetsCommand } from '../../core/group/commands.ts';
import { ZERO_TOPIC_ID } from '../../core/base/ids.ts';
import { ApiKey } from '../../core/protocol/apis.ts';
import { ErrorCode } from '../../core/protocol/errors.ts';
import type { ApiRequests } from '../../core/protocol/messages.ts';
import type { RequestContext } from '../request-context.ts';
import { type GroupTopicServices, groupAllowed, groupNeed, NO_GROUP_ID, textOf, topicNeed } from './group-requests.ts';
import type { Answer, ApiRow } from './row.ts';

type Request = ApiRequests[typeof ApiKey.AlterShareGroupOffsets];
type Topic = Answer<typeof ApiKey.AlterShareGroupOffsets>['responses'][number];

/** A topic of a request: what of it is asked of the coordinator, and what its partitions are told otherwise. */
interface Judged {
  readonly topicName: string;
  readonly topicId: string;
  readonly errors: ReadonlyMap<number, number>;
  /** Start offsets of the partitions that are there. */
  readonly starts: ReadonlyMap<number, number>;
}

/** The least start offset: where `share.auto.offset.reset` says. */
const START_MIN = -1;

/** AlterShareGroupOffsets (KIP-932): says where an empty share group begins; answered when that is durable. */
export const row: ApiRow<typeof ApiKey.AlterShareGroupOffsets, GroupTopicServices> = {
  key: ApiKey.AlterShareGroupOffsets,
  versions: { min: 0, max: 0 },
  listener: 'client',
  quota: 'request',
  parts: [{ of: ['topics', 'partitions'], into: ['responses', 'partitions'] }],
  authorize: (request) => [
    groupNeed('read', request.groupId),
    ...request.topics.map(({ topicName }) => topicNeed('read', topicName)),
  ],
  handle(server, request, context, reply) {
    const { groupId } = request;
    const refuse = (errorCode: number, errorMessage: string | null): void =>
      reply({ errorCode, errorMessage, responses: [] });
    if (!groupAllowed(context, 'read', groupId)) {
      refuse(ErrorCode.GROUP_AUTHORIZATION_FAILED, null);
      return;
    }
    if (groupId === '') {
      refuse(ErrorCode.INVALID_GROUP_ID, NO_GROUP_ID);
      return;
    }
    const judged = judge(server, request, context);
    const topics = judged.flatMap(({ topicName, topicId, starts }): AlterShareOffsetsCommand['topics'] => {
      const partitions = [...starts].map(([partition, startOffset]) => ({ partition, startOffset }));
      return partitions.length === 0 ? [] : [{ topicName, topicId, partitions }];
    });
    server.groups.ask({ kind: 'alterShareOffsets', groupId, topics }, (outcome) => {
      if (outcome.kind === 'refused') refuse(outcome.errorCode, null);
      else if (outcome.response.errorCode !== ErrorCode.NONE)
        refuse(outcome.response.errorCode, outcome.response.errorMessage);
      else {
        const codes = new Map(
          outcome.response.results.flatMap(({ topicId, partitions }) =>
            partitions.map(({ partition, errorCode }) => [`${topicId}:${partition}`, errorCode]),
          ),
        );
        reply({ errorCode: ErrorCode.NONE, responses: judged.map((topic) => answerOf(topic, codes)) });
      }
    });
  },
};

/** What is named twice counts as it is named last. */
function judge(server: GroupTopicServices, request: Request, context: RequestContext): Judged[] {
  const asked = new Map<string, Map<number, number>>();
  for (const { topicName, partitions } of request.topics) {
    const starts = asked.get(topicName) ?? new Map<number, number>();
    for (const { partitionIndex, startOffset } of partitions) starts.set(partitionIndex, startOffset);
    asked.set(topicName, starts);
  }
  return [...asked].map(([topicName, all]) => {
    const isAllowed = context.allowed(topicNeed('read', topicName));
    const topic = isAllowed ? server.metadata.view.topicByName(topicName) : null;
    const codeOf = (partition: number, startOffset: number): number => {
      if (!isAllowed) return ErrorCode.TOPIC_AUTHORIZATION_FAILED;
      if (topic?.partition(partition) === undefined) return ErrorCode.UNKNOWN_TOPIC_OR_PARTITION;
      return startOffset < START_MIN ? ErrorCode.INVALID_REQUEST : ErrorCode.NONE;
    };
    const errors = new Map([...all].map(([partition, startOffset]) => [partition, codeOf(partition, startOffset)]));
    const starts = new Map([...all].filter(([partition]) => errors.get(partition) === ErrorCode.NONE));
    return { topicName, topicId: topic?.id ?? ZERO_TOPIC_ID, errors, starts };
  });
}

function answerOf({ topicName, topicId, errors }: Judged, codes: ReadonlyMap<string, number>): Topic {
  const partitions = [...errors].map(([partitionIndex, refused]) => {
    const errorCode = refused || (codes.get(`${topicId}:${partitionIndex}`) ?? ErrorCode.UNKNOWN_SERVER_ERROR);
    return { partitionIndex, errorCode, errorMessage: textOf(errorCode) };
  });
  return { topicName, topicId, partitions };
}
