import { type Issue, type Path, show } from './issue.ts';
import { type AnyResource, type Cluster, nameOf, type ShareGroup, type Topic } from './kinds.ts';
import { checkGroupBounds } from './settings.ts';

/** A finding about one of several manifests that are valid each by itself. */
export interface SetIssue extends Issue {
  /** Position in the list that was checked. */
  readonly index: number;
}

/**
 * Checks manifests against each other where no API server does it: the same object twice, a `clusterRef` without its
 * Cluster or not permitted, more replicas than brokers, group settings outside the cluster's bounds.
 */
export function checkReferences(resources: readonly AnyResource[]): readonly SetIssue[] {
  const issues: SetIssue[] = [];
  const seen = new Set<string>();
  const clusters = new Map<string, Cluster>();
  for (const [index, resource] of resources.entries()) {
    const name = nameOf(resource);
    if (seen.has(name)) issues.push({ index, path: ['metadata', 'name'], message: `is there twice: ${name}` });
    seen.add(name);
    if (resource.kind === 'Cluster') clusters.set(`${resource.metadata.namespace}/${resource.metadata.name}`, resource);
  }
  for (const [index, resource] of resources.entries()) {
    if (resource.kind === 'Cluster') continue;
    const { name } = resource.spec.clusterRef;
    const cluster = clusters.get(clusterKeyOf(resource));
    if (cluster === undefined) {
      issues.push({
        index,
        path: ['spec', 'clusterRef', 'name'],
        message: `names Cluster ${name}, which is in none of the files`,
      });
      continue;
    }
    for (const issue of notPermitted(resource, cluster)) issues.push({ index, ...issue });
    checkReplication(resource, { index, cluster: name, replicas: cluster.spec.brokers.replicas }, issues);
    if (resource.kind !== 'ShareGroup') continue;
    for (const [setting, message] of checkGroupBounds(resource, cluster.spec.config)) {
      issues.push({ index, path: ['spec', 'config', setting], message });
    }
  }
  return issues;
}

/** `namespace/name` of the Cluster that a Topic or ShareGroup names. */
function clusterKeyOf({ metadata, spec: { clusterRef } }: ShareGroup | Topic): string {
  return `${clusterRef.namespace ?? metadata.namespace}/${clusterRef.name}`;
}

/** Whether a Topic or ShareGroup names this Cluster and may (O15). */
export function belongsTo(resource: ShareGroup | Topic, cluster: Cluster): boolean {
  const key = `${cluster.metadata.namespace}/${cluster.metadata.name}`;
  return clusterKeyOf(resource) === key && notPermitted(resource, cluster).length === 0;
}

/** Why a Topic or ShareGroup may not name a Cluster: from other namespaces only tenants do, with names that begin as is agreed (O15). */
export function notPermitted(resource: ShareGroup | Topic, cluster: Cluster): readonly Issue[] {
  const { namespace } = resource.metadata;
  if (namespace === cluster.metadata.namespace) return [];
  const tenant = cluster.spec.tenants?.find((one) => one.namespace === namespace);
  if (tenant === undefined) {
    const message = `names ${nameOf(cluster)}, which does not have namespace ${namespace} in its spec.tenants`;
    return [{ path: ['spec', 'clusterRef', 'namespace'], message }];
  }
  const message = `must begin with ${show(tenant.prefix)}, which ${nameOf(cluster)} has for namespace ${namespace}`;
  return claimedNames(resource)
    .filter(({ name }) => !name.startsWith(tenant.prefix))
    .map(({ path }) => ({ path, message }));
}

/** Whether a manifest of this namespace may lay claim to a name in a Cluster (O15). */
export function mayClaim({ metadata, spec }: Cluster, namespace: string, name: string): boolean {
  const tenant = spec.tenants?.find((one) => one.namespace === namespace);
  return namespace === metadata.namespace || (tenant !== undefined && name.startsWith(tenant.prefix));
}

/** The names of topics and groups that a manifest lays claim to. */
function claimedNames(resource: ShareGroup | Topic): readonly { readonly name: string; readonly path: Path }[] {
  const own = (field: 'groupId' | 'topicName', given: string | undefined) => ({
    name: given ?? resource.metadata.name,
    path: given === undefined ? ['metadata', 'name'] : ['spec', field],
  });
  if (resource.kind === 'Topic') return [own('topicName', resource.spec.topicName)];
  const topics = resource.spec.topics.map((name, at) => ({ name, path: ['spec', 'topics', at] }));
  return [own('groupId', resource.spec.groupId), ...topics];
}

function checkReplication(
  resource: Exclude<AnyResource, { kind: 'Cluster' }>,
  at: { readonly index: number; readonly cluster: string; readonly replicas: number },
  issues: SetIssue[],
): void {
  const inTopic = resource.kind === 'Topic';
  const factor = inTopic ? resource.spec.replicationFactor : resource.spec.createTopics?.replicationFactor;
  if (factor === undefined || factor <= at.replicas) return;
  issues.push({
    index: at.index,
    path: inTopic ? ['spec', 'replicationFactor'] : ['spec', 'createTopics', 'replicationFactor'],
    message: `must be at most ${at.replicas}, the brokers of Cluster ${at.cluster}, not ${factor}`,
  });
}
