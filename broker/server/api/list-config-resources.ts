import { ApiKey } from '../../core/protocol/apis.ts';
import { ErrorCode } from '../../core/protocol/errors.ts';
import type { MetadataView } from '../../core/metadata/view.ts';
import type { MetadataClient } from '../metadata-client.ts';
import { ConfigResourceType } from './config-resources.ts';
import type { ApiRow } from './row.ts';

/** What ListConfigResources tells of. */
export interface ListConfigResourcesServices {
  readonly metadata: MetadataClient;
}

const ALL_TYPES: readonly number[] = Object.values(ConfigResourceType);

/**
 * ListConfigResources (KIP-1142): version 0 asks for client metrics, of which there are none; later versions for types, all
 * when none is named. A type that does not exist is UNSUPPORTED_VERSION.
 */
export const row: ApiRow<typeof ApiKey.ListConfigResources, ListConfigResourcesServices> = {
  key: ApiKey.ListConfigResources,
  versions: { min: 0, max: 1 },
  listener: 'client',
  quota: 'request',
  authorize: () => [{ operation: 'describe-configs', resourceType: 'cluster', resourceName: 'kafka-cluster' }],
  handle({ metadata }, request, context, reply) {
    if (!context.allowed({ operation: 'describe-configs', resourceType: 'cluster', resourceName: 'kafka-cluster' })) {
      reply({ errorCode: ErrorCode.CLUSTER_AUTHORIZATION_FAILED, configResources: [] });
      return;
    }
    const asked = context.apiVersion === 0 ? [ConfigResourceType.CLIENT_METRICS] : request.resourceTypes;
    if (asked.some((type) => !ALL_TYPES.includes(type))) {
      reply({ errorCode: ErrorCode.UNSUPPORTED_VERSION, configResources: [] });
      return;
    }
    const types = asked.length === 0 ? ALL_TYPES : [...new Set(asked)].sort((a, b) => a - b);
    const configResources = types.flatMap((resourceType) =>
      namesOf(metadata.view, resourceType).map((resourceName) => ({ resourceName, resourceType })),
    );
    reply({ errorCode: ErrorCode.NONE, configResources });
  },
};

/** Broker loggers and client metrics have no resources here. */
function namesOf(view: MetadataView, resourceType: number): readonly string[] {
  switch (resourceType) {
    case ConfigResourceType.TOPIC:
      return view.topicNames();
    case ConfigResourceType.BROKER:
      return view.brokers().map(({ id }) => String(id));
    case ConfigResourceType.GROUP:
      return view.configNames('group');
    default:
      return [];
  }
}
