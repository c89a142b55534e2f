import { ApiKey } from '../../core/protocol/apis.ts';
import { ErrorCode } from '../../core/protocol/errors.ts';
import { type GroupCoordinatorServices, groupAllowed, groupNeed } from './group-requests.ts';
import type { ApiRow } from './row.ts';

/** First version that names several members. */
const BATCH_VERSION = 3;

/** LeaveGroup: members go, or an administrator takes them out. */
export const row: ApiRow<typeof ApiKey.LeaveGroup, GroupCoordinatorServices> = {
  key: ApiKey.LeaveGroup,
  versions: { min: 0, max: 5 },
  listener: 'client',
  quota: 'request',
  authorize: (request) => [groupNeed('read', request.groupId)],
  handle(server, request, context, reply) {
    const { groupId, memberId } = request;
    if (!groupAllowed(context, 'read', groupId)) {
      reply({ errorCode: ErrorCode.GROUP_AUTHORIZATION_FAILED });
      return;
    }
    if (groupId === '') {
      reply({ errorCode: ErrorCode.INVALID_GROUP_ID });
      return;
    }
    const isBatch = context.apiVersion >= BATCH_VERSION;
    const members = isBatch ? request.members : [{ memberId, groupInstanceId: null }];
    server.groups.ask({ kind: 'leaveGroup', groupId, members }, (outcome) => {
      if (outcome.kind === 'refused') {
        reply({ errorCode: outcome.errorCode });
        return;
      }
      const { errorCode, members: left } = outcome.response;
      reply(
        isBatch ? { errorCode, members: left } : { errorCode: errorCode || (left[0]?.errorCode ?? ErrorCode.NONE) },
      );
    });
  },
};
