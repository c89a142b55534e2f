import type { ConfigScope } from '../../core/metadata/view.ts';
import type { AuthorizationNeed } from './row.ts';

/** Resources that have settings, as the protocol numbers them. */
export const ConfigResourceType = {
  TOPIC: 2,
  BROKER: 4,
  BROKER_LOGGER: 8,
  CLIENT_METRICS: 16,
  GROUP: 32,
} as const;

/** A resource as a request names it. */
export interface NamedResource {
  readonly resourceType: number;
  readonly resourceName: string;
}

/** What the metadata calls a resource; null for types without settings here. */
export function scopeOf({ resourceType, resourceName }: NamedResource): ConfigScope | null {
  switch (resourceType) {
    case ConfigResourceType.TOPIC:
      return 'topic';
    case ConfigResourceType.GROUP:
      return 'group';
    case ConfigResourceType.BROKER:
      return resourceName === '' ? 'cluster' : 'broker';
    default:
      return null;
  }
}

/** Who may read or change the settings of a resource. */
export function configNeed(
  resource: NamedResource,
  operation: 'describe-configs' | 'alter-configs',
): AuthorizationNeed {
  const { resourceType, resourceName } = resource;
  if (resourceType === ConfigResourceType.TOPIC) return { operation, resourceType: 'topic', resourceName };
  if (resourceType === ConfigResourceType.GROUP) return { operation, resourceType: 'group', resourceName };
  return { operation, resourceType: 'cluster', resourceName: 'kafka-cluster' };
}

/** Why a broker resource is not this broker's, or null when it is; an empty name means all brokers. */
export function brokerNameProblem(name: string, nodeId: number): string | null {
  if (name === '' || name === String(nodeId)) return null;
  if (!/^-?[0-9]+$/.test(name)) return `a broker id is a number, not "${name.slice(0, 100)}"`;
  return `settings of broker ${name} are asked of that broker; this is broker ${nodeId}`;
}
