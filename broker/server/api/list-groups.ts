import { ApiKey } from '../../core/protocol/apis.ts';
import { type GroupCoordinatorServices, groupAllowed } from './group-requests.ts';
import type { ApiRow, AuthorizationNeed } from './row.ts';

const DESCRIBE_CLUSTER: AuthorizationNeed = {
  operation: 'describe',
  resourceType: 'cluster',
  resourceName: 'kafka-cluster',
};

/** ListGroups: the groups that this broker coordinates, by state and type. */
export const row: ApiRow<typeof ApiKey.ListGroups, GroupCoordinatorServices> = {
  key: ApiKey.ListGroups,
  versions: { min: 0, max: 5 },
  listener: 'client',
  quota: 'request',
  authorize: () => [DESCRIBE_CLUSTER],
  handle(server, request, context, reply) {
    const filters = {
      statesFilter: request.statesFilter.map((state) => state.toLowerCase()),
      typesFilter: request.typesFilter.map((type) => type.toLowerCase()),
    };
    server.groups.list(filters, ({ errorCode, groups }) => {
      const maySeeAll = context.allowed(DESCRIBE_CLUSTER);
      reply({
        errorCode,
        groups: groups.filter(({ groupId }) => maySeeAll || groupAllowed(context, 'describe', groupId)),
      });
    });
  },
};
