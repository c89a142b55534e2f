import type { KubernetesObject } from '../../ports/kubernetes.ts';
import { isOfOurs } from './api-client.ts';
import { asRecord } from './answer.ts';
import { at, listAt } from './objects/fields.ts';
import { ANNOTATIONS, firstOrdinal, LABELS, ROLES, statefulSetName } from './objects/names.ts';
import { controllerOf, isOurs, type Owner } from './objects/ownership.ts';
import type { Listed } from './read.ts';

/** What is to be done about an object that was rendered: `disown` is the rest of making it (`isMade`), `taken` is one of its name that belongs to somebody else. */
export type Verdict = 'nothing' | 'apply' | 'disown' | 'taken';

/**
 * Judges an object as it is (null: there is none) by how it was rendered. Values are not compared: a server writes some of them in
 * other words. What was applied carries the hash of its rendering, and whoever changes a field takes it from us in `managedFields`:
 * where the hash is the same and every field is still ours, nothing is written. Fields of others are nobody's business here.
 */
export function verdictOn(rendered: KubernetesObject, live: KubernetesObject | null, owner: Owner): Verdict {
  if (live === null) return 'apply';
  if (!isOurs(live, owner)) return 'taken';
  // It is on its way out: its successor is applied when it is gone.
  if (live.metadata.deletionTimestamp !== undefined) return 'nothing';
  const hashOf = (one: KubernetesObject): string | undefined => one.metadata.annotations?.[ANNOTATIONS.rendered];
  const { apiVersion: _version, kind: _kind, metadata, ...fields } = rendered;
  const { name: _name, namespace: _namespace, ...described } = metadata;
  const isAsApplied = hashOf(live) === hashOf(rendered) && owns(ownFields(live), { ...fields, metadata: described });
  if (!isAsApplied) return 'apply';
  return isMade(live) ? 'disown' : 'nothing';
}

/** Fields that our applying owns, as `fieldsV1` has them. */
function ownFields(live: KubernetesObject): unknown {
  return at(
    listAt(live, 'metadata', 'managedFields').find((one) => isOfOurs(one, 'Apply')),
    'fieldsV1',
  );
}

/** Whether fields are ours since we made an object: they would stay when they are no longer applied. */
export function isMade(live: KubernetesObject): boolean {
  return listAt(live, 'metadata', 'managedFields').some((one) => isOfOurs(one, 'Update'));
}

/** Whether a set of fields has everything that a value has. Where it goes no deeper, the value is one field as a whole. */
function owns(fields: unknown, value: unknown): boolean {
  const set = asRecord(fields);
  if (set === null) return false;
  if (Object.keys(set).length === 0) return true;
  if (Array.isArray(value)) return value.every((item) => owns(itemOf(set, item), item));
  const record = asRecord(value);
  return record !== null && Object.entries(record).every(([name, one]) => owns(set[`f:${name}`], one));
}

/** The fields of an item of a list: `k:` and the fields that tell it from others, or `v:` and itself. */
function itemOf(set: Readonly<Record<string, unknown>>, item: unknown): unknown {
  const found = Object.keys(set).find((path) => {
    if (path.startsWith('v:')) return path === `v:${JSON.stringify(item)}`;
    return path.startsWith('k:') && Object.entries(keysIn(path)).every(([name, value]) => at(item, name) === value);
  });
  return found === undefined ? undefined : set[found];
}

function keysIn(path: string): Readonly<Record<string, unknown>> {
  try {
    return asRecord(JSON.parse(path.slice(2))) ?? NOT_A_KEY;
  } catch {
    return NOT_A_KEY;
  }
}

/** What no item has. */
const NOT_A_KEY = { '': NaN };

/**
 * Objects of a cluster that nothing needs any more: Services of listeners that are gone, and settings that no pod has. Services of
 * nodes and claims are none of them: they go when their node is forgotten.
 */
export function obsoleteOf(
  rendered: readonly KubernetesObject[],
  listed: Listed,
  owner: Owner,
): readonly KubernetesObject[] {
  const wanted = new Set(rendered.map(({ kind, metadata }) => `${kind} ${metadata.name}`));
  const isLeft = (object: KubernetesObject): boolean =>
    isOurs(object, owner) && !wanted.has(`${object.kind} ${object.metadata.name}`);
  const part = (object: KubernetesObject): string | undefined => object.metadata.labels?.[LABELS.part];
  return [
    ...listed.services.filter((one) => part(one) === 'listener' && isLeft(one)),
    ...listed.configMaps.filter((one) => part(one) === 'nodes' && isLeft(one) && !mayBeMounted(one, listed, owner)),
  ];
}

/**
 * Whether a pod has these settings, or one that comes might: while a StatefulSet has not been seen to know its newest template, or
 * misses a pod, its controller may make one of an earlier template.
 */
function mayBeMounted(settings: KubernetesObject, listed: Listed, owner: Owner): boolean {
  const isMounted = listed.pods.some((pod) =>
    listAt(pod, 'spec', 'volumes').some((one) => at(one, 'configMap', 'name') === settings.metadata.name),
  );
  if (isMounted) return true;
  const role = ROLES.find((one) => one === settings.metadata.labels?.[LABELS.role]);
  const set = listed.statefulSets.find(
    (one) => role !== undefined && one.metadata.name === statefulSetName(owner.name, role) && isOurs(one, owner),
  );
  if (set === undefined || role === undefined) return false;
  if (at(set, 'status', 'observedGeneration') !== set.metadata.generation) return true;
  const pods = new Set(
    listed.pods.flatMap((pod) => (controllerOf(pod) === set.metadata.uid ? [pod.metadata.name] : [])),
  );
  const start = firstOrdinal(role);
  const ordinals = Array.from({ length: Number(at(set, 'spec', 'replicas')) }, (_, index) => start + index);
  return !ordinals.every((ordinal) => pods.has(`${set.metadata.name}-${ordinal}`));
}
