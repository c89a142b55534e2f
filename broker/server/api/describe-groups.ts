import type { DescribedClassicGroup } from '../../core/group/commands.ts';
import { ApiKey } from '../../core/protocol/apis.ts';
import { ErrorCode } from '../../core/protocol/errors.ts';
import { type Gathered, gather } from '../gather.ts';
import type { RequestContext } from '../request-context.ts';
import { authorizedOperations, OPERATIONS_NOT_ASKED } from './authorized-operations.ts';
import { type GroupCoordinatorServices, groupAllowed, groupNeed } from './group-requests.ts';
import type { ApiRow } from './row.ts';

/** First version that says that a group does not exist; before, it was shown as a dead one. */
const NOT_FOUND_VERSION = 6;

/** DescribeGroups: classic groups with their members. */
export const row: ApiRow<typeof ApiKey.DescribeGroups, GroupCoordinatorServices> = {
  key: ApiKey.DescribeGroups,
  versions: { min: 0, max: 6 },
  listener: 'client',
  quota: 'request',
  parts: [{ of: ['groups'], into: ['groups'] }],
  authorize: (request) => request.groups.map((groupId) => groupNeed('describe', groupId)),
  handle(server, request, context, reply) {
    const work = request.groups.map(
      (groupId): Gathered<DescribedClassicGroup> =>
        (done) =>
          describe(server, context, groupId, done),
    );
    gather(work, (groups) => {
      reply({
        groups: groups.map((group) => {
          const isMissing = group.errorCode === ErrorCode.GROUP_ID_NOT_FOUND;
          const saysSo = context.apiVersion >= NOT_FOUND_VERSION;
          return {
            ...group,
            errorCode: isMissing && !saysSo ? ErrorCode.NONE : group.errorCode,
            errorMessage: isMissing && saysSo ? `Group ${group.groupId} not found.` : null,
            authorizedOperations:
              request.includeAuthorizedOperations && (group.errorCode === ErrorCode.NONE || (isMissing && !saysSo))
                ? authorizedOperations(context, 'group', group.groupId)
                : OPERATIONS_NOT_ASKED,
          };
        }),
      });
    });
  },
};

function describe(
  server: GroupCoordinatorServices,
  context: RequestContext,
  groupId: string,
  done: (group: DescribedClassicGroup) => void,
): void {
  const failed = (errorCode: number): DescribedClassicGroup => {
    return { errorCode, groupId, groupState: '', protocolType: '', protocolData: '', members: [] };
  };
  if (!groupAllowed(context, 'describe', groupId)) {
    done(failed(ErrorCode.GROUP_AUTHORIZATION_FAILED));
    return;
  }
  server.groups.ask({ kind: 'describeGroup', groupId }, (outcome) => {
    done(outcome.kind === 'answered' ? outcome.response : failed(outcome.errorCode));
  });
}
