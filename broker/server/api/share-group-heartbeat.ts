import { ApiKey } from '../../core/protocol/apis.ts';
import { ErrorCode } from '../../core/protocol/errors.ts';
import type { ApiRequests } from '../../core/protocol/messages.ts';
import type { RequestContext } from '../request-context.ts';
import { clientIdentity, type GroupCoordinatorServices, groupAllowed, groupNeed, topicNeed } from './group-requests.ts';
import type { ApiRow } from './row.ts';

type Request = ApiRequests[typeof ApiKey.ShareGroupHeartbeat];

const JOIN_EPOCH = 0;
const LEAVE_EPOCH = -1;
const MEMBER_ID_LENGTH_MAX = 36;
/** Topics that one member may name. */
const SUBSCRIPTION_SIZE_MAX = 10_000;

/** ShareGroupHeartbeat (KIP-932): joins, keeps and leaves a share group, and brings the assignment. */
export const row: ApiRow<typeof ApiKey.ShareGroupHeartbeat, GroupCoordinatorServices> = {
  key: ApiKey.ShareGroupHeartbeat,
  versions: { min: 1, max: 1 },
  listener: 'client',
  quota: 'none',
  authorize: (request) => [
    groupNeed('read', request.groupId),
    ...(request.subscribedTopicNames ?? []).map((name) => topicNeed('describe', name)),
  ],
  handle(server, request, context, reply) {
    const refuse = (errorCode: number, errorMessage: string | null): void => {
      reply({ errorCode, errorMessage, memberEpoch: 0, heartbeatIntervalMs: 0 });
    };
    const refusal = refusalOf(request, context);
    if (refusal !== null) {
      refuse(refusal.errorCode, refusal.errorMessage);
      return;
    }
    const { groupId, memberId, memberEpoch, rackId, subscribedTopicNames } = request;
    const client = clientIdentity(context);
    const command = {
      kind: 'shareHeartbeat',
      groupId,
      client,
      memberId,
      memberEpoch,
      rackId,
      subscribedTopicNames,
    } as const;
    server.groups.ask(command, (outcome) => {
      if (outcome.kind === 'refused') refuse(outcome.errorCode, null);
      else reply(outcome.response);
    });
  },
};

function refusalOf(
  request: Request,
  context: RequestContext,
): { readonly errorCode: number; readonly errorMessage: string | null } | null {
  const { groupId, subscribedTopicNames } = request;
  if (!groupAllowed(context, 'read', groupId))
    return { errorCode: ErrorCode.GROUP_AUTHORIZATION_FAILED, errorMessage: null };
  const problem = problemOf(request);
  if (problem !== null) return { errorCode: ErrorCode.INVALID_REQUEST, errorMessage: problem };
  const hidden = subscribedTopicNames?.find((name) => !context.allowed(topicNeed('describe', name)));
  return hidden === undefined ? null : { errorCode: ErrorCode.TOPIC_AUTHORIZATION_FAILED, errorMessage: null };
}

function problemOf({ groupId, memberId, memberEpoch, rackId, subscribedTopicNames }: Request): string | null {
  if (groupId.trim() === '') return "GroupId can't be empty.";
  if (memberId.trim() === '') return "MemberId can't be empty.";
  if (memberId.length > MEMBER_ID_LENGTH_MAX)
    return `MemberId can't be longer than ${MEMBER_ID_LENGTH_MAX} characters.`;
  if (memberEpoch < LEAVE_EPOCH) return `MemberEpoch is ${memberEpoch}, but must be at least ${LEAVE_EPOCH}.`;
  if (rackId !== null && rackId.trim() === '') return "RackId can't be empty.";
  const topicCount = subscribedTopicNames?.length ?? 0;
  if (memberEpoch === JOIN_EPOCH && topicCount === 0) return 'SubscribedTopicNames must be set in first request.';
  if (topicCount > SUBSCRIPTION_SIZE_MAX)
    return `SubscribedTopicNames can't name more than ${SUBSCRIPTION_SIZE_MAX} topics.`;
  return null;
}
