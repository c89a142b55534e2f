import type { DescribedShareGroup } from '../../core/group/commands.ts';
import { ApiKey } from '../../core/protocol/apis.ts';
import { ErrorCode } from '../../core/protocol/errors.ts';
import { type Gathered, gather } from '../gather.ts';
import type { RequestContext } from '../request-context.ts';
import { authorizedOperations, OPERATIONS_NOT_ASKED } from './authorized-operations.ts';
import { type GroupCoordinatorServices, groupAllowed, groupNeed, topicNeed } from './group-requests.ts';
import type { ApiRow } from './row.ts';

/** ShareGroupDescribe (KIP-932): share groups with members and assignments. */
export const row: ApiRow<typeof ApiKey.ShareGroupDescribe, GroupCoordinatorServices> = {
  key: ApiKey.ShareGroupDescribe,
  versions: { min: 1, max: 1 },
  listener: 'client',
  quota: 'request',
  parts: [{ of: ['groupIds'], into: ['groups'] }],
  authorize: (request) => request.groupIds.map((groupId) => groupNeed('describe', groupId)),
  handle(server, request, context, reply) {
    const work = request.groupIds.map(
      (groupId): Gathered<DescribedShareGroup> =>
        (done) =>
          describe(server, context, groupId, done),
    );
    gather(work, (groups) => {
      reply({
        groups: groups.map((group) => ({
          ...group,
          // A group that can't be described has no state, not even that of a dead one.
          groupState: group.errorCode === ErrorCode.NONE ? group.groupState : '',
          authorizedOperations:
            request.includeAuthorizedOperations && group.errorCode === ErrorCode.NONE
              ? authorizedOperations(context, 'group', group.groupId)
              : OPERATIONS_NOT_ASKED,
        })),
      });
    });
  },
};

function describe(
  server: GroupCoordinatorServices,
  context: RequestContext,
  groupId: string,
  done: (group: DescribedShareGroup) => void,
): void {
  const failed = (errorCode: number, errorMessage: string | null): DescribedShareGroup => ({
    errorCode,
    errorMessage,
    groupId,
    groupState: '',
    groupEpoch: 0,
    assignmentEpoch: 0,
    assignorName: '',
    members: [],
  });
  if (!groupAllowed(context, 'describe', groupId)) {
    done(failed(ErrorCode.GROUP_AUTHORIZATION_FAILED, null));
    return;
  }
  if (groupId === '') {
    done(failed(ErrorCode.INVALID_GROUP_ID, null));
    return;
  }
  server.groups.ask({ kind: 'describeShareGroup', groupId }, (outcome) => {
    if (outcome.kind === 'refused') done(failed(outcome.errorCode, null));
    else if (maySeeTopics(context, outcome.response)) done(outcome.response);
    else
      done(
        failed(
          ErrorCode.TOPIC_AUTHORIZATION_FAILED,
          'The group has described topic(s) that the client is not authorized to describe.',
        ),
      );
  });
}

/** Members and assignments name topics: all of them must be visible to the one who asks. */
function maySeeTopics(context: RequestContext, group: DescribedShareGroup): boolean {
  const names = new Set(group.members.flatMap(({ subscribedTopicNames }) => subscribedTopicNames));
  return [...names].every((name) => context.allowed(topicNeed('describe', name)));
}
