import { ZERO_TOPIC_ID } from '../../core/base/ids.ts';
import type { DeleteShareOffsetsResult } from '../../core/group/commands.ts';
import { ApiKey } from '../../core/protocol/apis.ts';
import { ErrorCode } from '../../core/protocol/errors.ts';
import { type GroupTopicServices, groupAllowed, groupNeed, NO_GROUP_ID, textOf, topicNeed } from './group-requests.ts';
import type { ApiRow } from './row.ts';

/** DeleteShareGroupOffsets (KIP-932): an empty share group forgets topics; answered when that is durable. */
export const row: ApiRow<typeof ApiKey.DeleteShareGroupOffsets, GroupTopicServices> = {
  key: ApiKey.DeleteShareGroupOffsets,
  versions: { min: 0, max: 0 },
  listener: 'client',
  quota: 'request',
  parts: [{ of: ['topics'], into: ['responses'] }],
  authorize: (request) => [
    groupNeed('delete', request.groupId),
    ...request.topics.map(({ topicName }) => topicNeed('read', topicName)),
  ],
  handle(server, request, context, reply) {
    const { groupId } = request;
    const refuse = (errorCode: number, errorMessage: string | null): void =>
      reply({ errorCode, errorMessage, responses: [] });
    if (!groupAllowed(context, 'delete', groupId)) {
      refuse(ErrorCode.GROUP_AUTHORIZATION_FAILED, null);
      return;
    }
    if (groupId === '') {
      refuse(ErrorCode.INVALID_GROUP_ID, NO_GROUP_ID);
      return;
    }
    const topics = [...new Set(request.topics.map(({ topicName }) => topicName))].map((topicName) => {
      const isAllowed = context.allowed(topicNeed('read', topicName));
      const topicId = isAllowed ? (server.metadata.view.topicByName(topicName)?.id ?? null) : null;
      const refused = isAllowed ? ErrorCode.UNKNOWN_TOPIC_OR_PARTITION : ErrorCode.TOPIC_AUTHORIZATION_FAILED;
      return { topicName, topicId, refused };
    });
    const topicIds = topics.flatMap(({ topicId }) => topicId ?? []);
    server.groups.ask({ kind: 'deleteShareOffsets', groupId, topicIds }, (outcome) => {
      if (outcome.kind === 'refused') refuse(outcome.errorCode, null);
      else if (outcome.response.errorCode !== ErrorCode.NONE)
        refuse(outcome.response.errorCode, outcome.response.errorMessage);
      else {
        const verdicts = new Map(outcome.response.topics.map((verdict) => [verdict.topicId, verdict]));
        const responses = topics.map(({ topicName, topicId, refused }) => {
          const verdict = topicId === null ? undefined : verdicts.get(topicId);
          return { topicName, ...(verdict === undefined ? refusal(refused) : shown(verdict)) };
        });
        reply({ errorCode: ErrorCode.NONE, responses });
      }
    });
  },
};

type Verdict = DeleteShareOffsetsResult['topics'][number];

function refusal(errorCode: number): Verdict {
  return { topicId: ZERO_TOPIC_ID, errorCode, errorMessage: textOf(errorCode) };
}

/** As in Kafka the id of a topic comes with its success alone. */
function shown(verdict: Verdict): Verdict {
  return verdict.errorCode === ErrorCode.NONE ? verdict : { ...verdict, topicId: ZERO_TOPIC_ID };
}
