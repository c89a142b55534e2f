import type { Issue } from './issue.ts';
import { type AnyResource, type Cluster, nameOf } from './kinds.ts';
import { checkGroupBounds } from './settings.ts';

/** A finding about one of several manifests that are valid each by itself. */
export interface SetIssue extends Issue {
  /** Position in the list that was checked. */
  readonly index: number;
}

/**
 * Checks manifests against each other where no API server does it: the same object twice, a `clusterRef` without its
 * Cluster, more replicas than brokers, group settings outside the cluster's bounds.
 */
export function checkReferences(resources: readonly AnyResource[]): readonly SetIssue[] {
  const issues: SetIssue[] = [];
  const seen = new Set<string>();
  const clusters = new Map<string, Cluster>();
  for (const [index, resource] of resources.entries()) {
    const name = nameOf(resource);
    if (seen.has(name)) issues.push({ index, path: ['metadata', 'name'], message: `is there twice: ${name}` });
    seen.add(name);
    if (resource.kind === 'Cluster') clusters.set(clusterKey(resource, resource.metadata.name), resource);
  }
  for (const [index, resource] of resources.entries()) {
    if (resource.kind === 'Cluster') continue;
    const { name } = resource.spec.clusterRef;
    const cluster = clusters.get(clusterKey(resource, name));
    if (cluster === undefined) {
      issues.push({
        index,
        path: ['spec', 'clusterRef', 'name'],
        message: `names Cluster ${name}, which is in none of the files`,
      });
      continue;
    }
    checkReplication(resource, { index, cluster: name, replicas: cluster.spec.brokers.replicas }, issues);
    if (resource.kind !== 'ShareGroup') continue;
    for (const [setting, message] of checkGroupBounds(resource, cluster.spec.config)) {
      issues.push({ index, path: ['spec', 'config', setting], message });
    }
  }
  return issues;
}

function clusterKey(resource: AnyResource, name: string): string {
  return `${resource.metadata.namespace}/${name}`;
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
