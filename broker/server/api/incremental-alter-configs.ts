import type { ConfigOperation } from '../../core/metadata/commands.ts';
import { ApiKey } from '../../core/protocol/apis.ts';
import type { ApiRequests } from '../../core/protocol/messages.ts';
import { alterResources, type AlterConfigsServices, type ResourceChange } from './alter-resources.ts';
import { configNeed } from './config-resources.ts';
import type { ApiRow } from './row.ts';

type Asked = ApiRequests[typeof ApiKey.IncrementalAlterConfigs]['resources'][number];

/** Operations as the protocol numbers them. */
const OPERATIONS: readonly ConfigOperation[] = ['set', 'delete', 'append', 'subtract'];

/** IncrementalAlterConfigs (KIP-339) of topics, this broker, all brokers, and groups. */
export const row: ApiRow<typeof ApiKey.IncrementalAlterConfigs, AlterConfigsServices> = {
  key: ApiKey.IncrementalAlterConfigs,
  versions: { min: 0, max: 1 },
  listener: 'client',
  quota: 'controller-mutation',
  parts: [{ of: ['resources'], into: ['responses'] }],
  authorize: (request) => request.resources.map((resource) => configNeed(resource, 'alter-configs')),
  handle(server, request, context, reply) {
    const changes = request.resources.map(
      (resource): ResourceChange => ({ resource, operations: operationsOf(resource), replaceAll: false }),
    );
    alterResources(server, context, { changes, validateOnly: request.validateOnly }, (responses) =>
      reply({ responses }),
    );
  },
};

function operationsOf({ configs }: Asked): ResourceChange['operations'] {
  const operations: Exclude<ResourceChange['operations'], string>[number][] = [];
  for (const { name, value, configOperation } of configs) {
    const operation = OPERATIONS[configOperation];
    if (operation === undefined) return `there is no operation ${configOperation}`;
    operations.push({ name, value, operation });
  }
  return operations;
}
