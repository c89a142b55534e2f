import { ApiKey } from '../../core/protocol/apis.ts';
import { ErrorCode } from '../../core/protocol/errors.ts';
import { type GroupCoordinatorServices, groupAllowed, groupNeed } from './group-requests.ts';
import type { ApiRow } from './row.ts';

/** Heartbeat of a classic member. */
export const row: ApiRow<typeof ApiKey.Heartbeat, GroupCoordinatorServices> = {
  key: ApiKey.Heartbeat,
  versions: { min: 0, max: 4 },
  listener: 'client',
  quota: 'none',
  authorize: (request) => [groupNeed('read', request.groupId)],
  handle(server, request, context, reply) {
    const { groupId, generationId, memberId, groupInstanceId } = request;
    if (!groupAllowed(context, 'read', groupId)) {
      reply({ errorCode: ErrorCode.GROUP_AUTHORIZATION_FAILED });
      return;
    }
    if (groupId === '') {
      reply({ errorCode: ErrorCode.INVALID_GROUP_ID });
      return;
    }
    server.groups.ask({ kind: 'heartbeat', groupId, generationId, memberId, groupInstanceId }, (outcome) => {
      // While the coordinator loads, a heartbeat is as good as heard: sessions begin anew afterwards.
      if (outcome.kind === 'answered') reply({ errorCode: outcome.response.errorCode });
      else if (outcome.errorCode === ErrorCode.COORDINATOR_LOAD_IN_PROGRESS) reply({ errorCode: ErrorCode.NONE });
      else reply({ errorCode: outcome.errorCode });
    });
  },
};
