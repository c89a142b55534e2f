import { bytesOf } from '../../../api/quantity.ts';
import type { KubernetesObject } from '../../../ports/kubernetes.ts';
import type { Blueprint, BlueprintNode } from './blueprint.ts';
import { labelsOf, ownerReference } from './metadata.ts';
import { ANNOTATIONS, claimName, type Role, roleOf } from './names.ts';

/** What a manifest says of a role's volumes; undefined where data is gone with its pod. */
export function storageOf({ cluster }: Blueprint, role: Role) {
  return role === 'broker' ? cluster.spec.brokers.storage : cluster.spec.controllers?.storage;
}

/**
 * The claim of a node's volume, which is there before its pod (O4); null where it has none. Retained ones have no owner, so that
 * they outlive the Cluster: they are told by their labels.
 */
export function nodeClaim(
  blueprint: Blueprint,
  { spec: { id }, replacedDisk, volumeSize }: BlueprintNode,
): KubernetesObject | null {
  const storage = storageOf(blueprint, roleOf(id));
  if (storage === undefined) return null;
  const { name, namespace } = blueprint.cluster.metadata;
  const isGrown = volumeSize !== null && bytesOf(volumeSize) >= bytesOf(storage.size);
  return {
    apiVersion: 'v1',
    kind: 'PersistentVolumeClaim',
    metadata: {
      name: claimName(name, id),
      namespace,
      labels: labelsOf(name, { id }),
      annotations: {
        [ANNOTATIONS.clusterId]: blueprint.formation.clusterId,
        // A Service that somebody deletes, or that goes with its Cluster, would be followed by one that knows of no such disk.
        ...(replacedDisk === null ? {} : { [ANNOTATIONS.replacedDisk]: replacedDisk }),
      },
      ...(blueprint.cluster.spec.storage?.onDelete === 'Delete'
        ? { ownerReferences: [ownerReference(blueprint)] }
        : {}),
    },
    spec: claimSpec(isGrown ? volumeSize : storage.size, storage.storageClassName),
  };
}

/**
 * What a StatefulSet makes claims from that somebody deleted. It never changes, so that its size is the one of the beginning; such
 * a claim is told by its labels as well, and grown.
 */
export function claimTemplate(blueprint: Blueprint, role: Role): object | null {
  const storage = storageOf(blueprint, role);
  if (storage === undefined) return null;
  return {
    apiVersion: 'v1',
    kind: 'PersistentVolumeClaim',
    metadata: {
      name: 'data',
      labels: labelsOf(blueprint.cluster.metadata.name, { role }),
      annotations: { [ANNOTATIONS.clusterId]: blueprint.formation.clusterId },
    },
    spec: claimSpec(blueprint.templateSizes.get(role) ?? storage.size, storage.storageClassName),
  };
}

function claimSpec(size: string, storageClassName: string | undefined): object {
  return {
    accessModes: ['ReadWriteOnce'],
    ...(storageClassName === undefined ? {} : { storageClassName }),
    resources: { requests: { storage: size } },
  };
}
