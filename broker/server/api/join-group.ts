import type { Settings } from '../../core/config/settings.ts';
import { ApiKey } from '../../core/protocol/apis.ts';
import { ErrorCode } from '../../core/protocol/errors.ts';
import type { JoinGroupResult } from '../../core/group/commands.ts';
import { clientIdentity, type GroupCoordinatorServices, groupAllowed, groupNeed } from './group-requests.ts';
import type { Answer, ApiRow } from './row.ts';

/** Versions from which members learn their id first, may hear no protocol name, and may skip an assignment. */
const KNOWN_MEMBER_VERSION = 4;
const NULL_PROTOCOL_VERSION = 7;
const SKIP_ASSIGNMENT_VERSION = 9;

/** What JoinGroup needs. */
export interface JoinGroupServices extends GroupCoordinatorServices {
  readonly settings: Settings;
}

/** JoinGroup: a member of a classic group comes or comes again; answered when the join phase ends. */
export const row: ApiRow<typeof ApiKey.JoinGroup, JoinGroupServices> = {
  key: ApiKey.JoinGroup,
  versions: { min: 0, max: 9 },
  listener: 'client',
  quota: 'request',
  authorize: (request) => [groupNeed('read', request.groupId)],
  handle(server, request, context, reply) {
    const { groupId, memberId, groupInstanceId, sessionTimeoutMs, protocolType } = request;
    const { apiVersion } = context;
    const refuse = (errorCode: number): void => reply(answerOf({ ...REFUSAL, memberId, errorCode }, apiVersion));
    const min = server.settings.broker('group.min.session.timeout.ms');
    const max = server.settings.broker('group.max.session.timeout.ms');
    if (!groupAllowed(context, 'read', groupId)) {
      refuse(ErrorCode.GROUP_AUTHORIZATION_FAILED);
      return;
    }
    if (groupId === '') {
      refuse(ErrorCode.INVALID_GROUP_ID);
      return;
    }
    if (sessionTimeoutMs < min || sessionTimeoutMs > max) {
      refuse(ErrorCode.INVALID_SESSION_TIMEOUT);
      return;
    }
    const client = clientIdentity(context);
    const command = {
      kind: 'joinGroup',
      groupId,
      client,
      memberId,
      newMemberId: memberId === '' ? server.groups.newMemberId(groupInstanceId ?? client.clientId) : '',
      groupInstanceId,
      protocolType,
      // Kept for as long as the member lives: never a view of what was read from the socket (B6).
      protocols: request.protocols.map(({ name, metadata }) => ({ name, metadata: Uint8Array.from(metadata) })),
      sessionTimeoutMs,
      rebalanceTimeoutMs: request.rebalanceTimeoutMs < 0 ? sessionTimeoutMs : request.rebalanceTimeoutMs,
      requireKnownMemberId: apiVersion >= KNOWN_MEMBER_VERSION && groupInstanceId === null,
      supportsSkippingAssignment: apiVersion >= SKIP_ASSIGNMENT_VERSION,
    } as const;
    server.groups.ask(command, (outcome) => {
      if (outcome.kind === 'refused') refuse(outcome.errorCode);
      else reply(answerOf(outcome.response, apiVersion));
    });
  },
};

const REFUSAL = {
  generationId: -1,
  protocolType: null,
  protocolName: null,
  leader: '',
  skipAssignment: false,
  members: [],
} as const;

function answerOf(result: JoinGroupResult, apiVersion: number): Answer<typeof ApiKey.JoinGroup> {
  return { ...result, protocolName: result.protocolName ?? (apiVersion >= NULL_PROTOCOL_VERSION ? null : '') };
}
