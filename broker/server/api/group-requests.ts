import type { ClientIdentity } from '../../core/group/commands.ts';
import { ErrorCode } from '../../core/protocol/errors.ts';
import type { GroupCoordinator } from '../coordinators/groups.ts';
import type { MetadataClient } from '../metadata-client.ts';
import type { RequestContext } from '../request-context.ts';
import type { AuthorizationNeed } from './row.ts';

/** What the handlers of group APIs need. */
export interface GroupCoordinatorServices {
  readonly groups: GroupCoordinator;
}

/** Group APIs whose requests name topics. */
export interface GroupTopicServices extends GroupCoordinatorServices {
  readonly metadata: MetadataClient;
}

/** A need on one group. */
export function groupNeed(operation: AuthorizationNeed['operation'], groupId: string): AuthorizationNeed {
  return { operation, resourceType: 'group', resourceName: groupId };
}

/** A need on one topic. */
export function topicNeed(operation: AuthorizationNeed['operation'], topicName: string): AuthorizationNeed {
  return { operation, resourceType: 'topic', resourceName: topicName };
}

/** Whether the principal may do something to a group. */
export function groupAllowed(
  context: RequestContext,
  operation: AuthorizationNeed['operation'],
  groupId: string,
): boolean {
  return context.allowed(groupNeed(operation, groupId));
}

/** Text to INVALID_GROUP_ID. */
export const NO_GROUP_ID = 'A group has a name.';

/** The text with which a partition or topic is refused; null: the code says it all. */
export function textOf(errorCode: number): string | null {
  return errorCode === ErrorCode.UNKNOWN_TOPIC_OR_PARTITION ? 'There is no such topic or partition.' : null;
}

/** Who a member is, as the describe APIs show it. */
export function clientIdentity(context: RequestContext): ClientIdentity {
  return { clientId: context.clientId ?? '', clientHost: `/${context.connection.address}` };
}
