import { API, API_VERSION } from '../../../api/names.ts';
import type { ObjectMeta, OwnerReference } from '../../../ports/kubernetes.ts';
import type { Blueprint } from './blueprint.ts';
import { LABELS, MANAGER, type Role, roleOf } from './names.ts';

/** What an object's labels say of it besides its cluster. */
export interface Part {
  readonly role?: Role;
  readonly id?: number;
  readonly part?: 'listener' | 'nodes';
}

/**
 * Labels of an object. `app.kubernetes.io/instance` is not among them: tools for GitOps track their own objects by it, and would
 * take ours for theirs.
 */
export function labelsOf(
  cluster: string,
  { id, role = id === undefined ? undefined : roleOf(id), part }: Part = {},
): Record<string, string> {
  return {
    'app.kubernetes.io/name': API.category,
    ...(role === undefined ? {} : { 'app.kubernetes.io/component': role }),
    'app.kubernetes.io/managed-by': MANAGER,
    [LABELS.cluster]: cluster,
    ...(role === undefined ? {} : { [LABELS.role]: role }),
    ...(id === undefined ? {} : { [LABELS.nodeId]: String(id) }),
    ...(part === undefined ? {} : { [LABELS.part]: part }),
  };
}

/** Selects the pods of a cluster, or of one role. It never changes: StatefulSets don't let it. */
export function podSelector(cluster: string, role?: Role): Record<string, string> {
  return { [LABELS.cluster]: cluster, ...(role === undefined ? {} : { [LABELS.role]: role }) };
}

/** Makes the Cluster the owner: what has this goes with it. */
export function ownerReference({ cluster, uid }: Blueprint): OwnerReference {
  const { name } = cluster.metadata;
  return { apiVersion: API_VERSION, kind: 'Cluster', name, uid, controller: true, blockOwnerDeletion: true };
}

/** `metadata` of an object that belongs to the Cluster. */
export function metadataOf(
  blueprint: Blueprint,
  name: string,
  part: Part = {},
  annotations: Record<string, string> = {},
): ObjectMeta {
  const { name: cluster, namespace } = blueprint.cluster.metadata;
  return {
    name,
    namespace,
    labels: labelsOf(cluster, part),
    ...(Object.keys(annotations).length === 0 ? {} : { annotations }),
    ownerReferences: [ownerReference(blueprint)],
  };
}
