import { ApiKey } from '../../core/protocol/apis.ts';
import { alterResources, type AlterConfigsServices } from './alter-resources.ts';
import { configNeed } from './config-resources.ts';
import type { ApiRow } from './row.ts';

/** AlterConfigs: replaces all settings of a resource; what is not named returns to its default. */
export const row: ApiRow<typeof ApiKey.AlterConfigs, AlterConfigsServices> = {
  key: ApiKey.AlterConfigs,
  versions: { min: 0, max: 2 },
  listener: 'client',
  quota: 'controller-mutation',
  parts: [{ of: ['resources'], into: ['responses'] }],
  authorize: (request) => request.resources.map((resource) => configNeed(resource, 'alter-configs')),
  handle(server, request, context, reply) {
    const changes = request.resources.map((resource) => ({
      resource,
      operations: resource.configs.map(({ name, value }) => ({ name, value, operation: 'set' as const })),
      replaceAll: true,
    }));
    alterResources(server, context, { changes, validateOnly: request.validateOnly }, (responses) =>
      reply({ responses }),
    );
  },
};
