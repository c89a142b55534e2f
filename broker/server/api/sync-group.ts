import { ApiKey } from '../../core/protocol/apis.ts';
import { ErrorCode } from '../../core/protocol/errors.ts';
import { type GroupCoordinatorServices, groupAllowed, groupNeed } from './group-requests.ts';
import type { ApiRow } from './row.ts';

/** First version that must name protocol type and protocol (KIP-559). */
const PROTOCOL_VERSION = 5;
const NO_BYTES = new Uint8Array(0);

/** SyncGroup: brings the leader's assignment, and gives each member its own. */
export const row: ApiRow<typeof ApiKey.SyncGroup, GroupCoordinatorServices> = {
  key: ApiKey.SyncGroup,
  versions: { min: 0, max: 5 },
  listener: 'client',
  quota: 'request',
  authorize: (request) => [groupNeed('read', request.groupId)],
  handle(server, request, context, reply) {
    const { groupId, generationId, memberId, groupInstanceId, protocolType, protocolName } = request;
    const refuse = (errorCode: number): void => reply({ errorCode, assignment: NO_BYTES });
    if (!groupAllowed(context, 'read', groupId)) {
      refuse(ErrorCode.GROUP_AUTHORIZATION_FAILED);
      return;
    }
    if (groupId === '') {
      refuse(ErrorCode.INVALID_GROUP_ID);
      return;
    }
    if (context.apiVersion >= PROTOCOL_VERSION && (protocolType === null || protocolName === null)) {
      refuse(ErrorCode.INCONSISTENT_GROUP_PROTOCOL);
      return;
    }
    const assignments = request.assignments.map((one) => ({
      memberId: one.memberId,
      assignment: Uint8Array.from(one.assignment),
    }));
    const command = {
      kind: 'syncGroup',
      groupId,
      generationId,
      memberId,
      groupInstanceId,
      protocolType,
      protocolName,
      assignments,
    } as const;
    server.groups.ask(command, (outcome) => {
      if (outcome.kind === 'refused') refuse(outcome.errorCode);
      else reply(outcome.response);
    });
  },
};
