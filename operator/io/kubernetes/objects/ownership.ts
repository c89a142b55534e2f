import type { KubernetesObject } from '../../../ports/kubernetes.ts';
import { at, listAt, textAt } from './fields.ts';
import { LABELS, MANAGER } from './names.ts';

/** A Cluster, as what it owns names it. */
export interface Owner {
  readonly name: string;
  /** `metadata.uid`: another Cluster of the same name has another one. */
  readonly uid: string;
}

/** `metadata.uid` of the one object that controls this one, null when there is none. */
export function controllerOf(object: KubernetesObject): string | null {
  const reference = listAt(object, 'metadata', 'ownerReferences').find((one) => at(one, 'controller') === true);
  return textAt(reference, 'uid');
}

/**
 * Whether an object belongs to a Cluster. Retained claims have no owner, and those that a StatefulSet made have nothing but labels:
 * they are told by these, of whichever Cluster of the name they are.
 */
export function isOurs(object: KubernetesObject, { name, uid }: Owner): boolean {
  const controller = controllerOf(object);
  if (object.kind !== 'PersistentVolumeClaim') return controller === uid;
  const { labels = {} } = object.metadata;
  const isMarked = labels['app.kubernetes.io/managed-by'] === MANAGER && labels[LABELS.cluster] === name;
  return isMarked && (controller === null || controller === uid);
}
