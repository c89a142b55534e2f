import type { ClientIdentity } from '../../core/group/commands.ts';
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

/** Who a member is, as the describe APIs show it. */
export function clientIdentity(context: RequestContext): ClientIdentity {
  return { clientId: context.clientId ?? '', clientHost: `/${context.connection.address}` };
}
