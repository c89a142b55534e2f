import type { DeleteGroupResult } from '../../core/group/commands.ts';
import { ApiKey } from '../../core/protocol/apis.ts';
import { ErrorCode } from '../../core/protocol/errors.ts';
import { type Gathered, gather } from '../gather.ts';
import { type GroupCoordinatorServices, groupAllowed, groupNeed } from './group-requests.ts';
import type { ApiRow } from './row.ts';

/** DeleteGroups: empty groups with their offsets or share state. */
export const row: ApiRow<typeof ApiKey.DeleteGroups, GroupCoordinatorServices> = {
  key: ApiKey.DeleteGroups,
  versions: { min: 0, max: 3 },
  listener: 'client',
  quota: 'request',
  parts: [{ of: ['groupsNames'], into: ['results'] }],
  authorize: (request) => request.groupsNames.map((groupId) => groupNeed('delete', groupId)),
  handle(server, request, context, reply) {
    const work = [...new Set(request.groupsNames)].map(
      (groupId): Gathered<DeleteGroupResult & { readonly groupId: string }> =>
        (done) => {
          if (!groupAllowed(context, 'delete', groupId)) {
            done({ groupId, errorCode: ErrorCode.GROUP_AUTHORIZATION_FAILED, errorMessage: null });
            return;
          }
          server.groups.ask({ kind: 'deleteGroup', groupId }, (outcome) => {
            if (outcome.kind === 'answered') done({ groupId, ...outcome.response });
            else done({ groupId, errorCode: outcome.errorCode, errorMessage: null });
          });
        },
    );
    gather(work, (results) => reply({ results }));
  },
};
