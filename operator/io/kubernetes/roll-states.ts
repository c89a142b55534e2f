import { isHeld } from '../../core/hold.ts';
import { maintenanceAt } from '../../core/maintenance.ts';
import { clusterIn } from '../../core/members.ts';
import type { RollState } from '../../core/roll-order.ts';
import { tooOld } from '../../core/versions.ts';
import type { Declared } from '../../core/declared.ts';
import type { KubernetesObject } from '../../ports/kubernetes.ts';
import type { Caches } from './caches.ts';
import { at, listAt, textAt, timeOf } from './objects/fields.ts';
import { ANNOTATIONS } from './objects/names.ts';
import { controllerOf, isOurs } from './objects/ownership.ts';

/** A pod that has not been ready for longer than this since it was made, or should have ended, ms, is nobody's reason to wait. */
const SETTLING_MS = 600_000;

/** Reasons for which a Cluster is stalled and no node of it is touched until somebody has changed something. */
const UNTOUCHED: ReadonlySet<string> = new Set([
  'ClaimsDisagree',
  'FormationDamaged',
  'FormationNewer',
  'InvalidSpec',
  'NameTaken',
  'QuorumLost',
  'ScaleDownBlocked',
]);

/** What of an operator's view is asked. */
type View = Pick<Caches, 'allDeclared' | 'ownedOf'>;

/** How far all Clusters are with what this operator, of version `own`, changes about their nodes. */
export function rollStates(
  view: View,
  { own, nowMs }: { readonly own: string; readonly nowMs: number },
): readonly RollState[] {
  return [...view.allDeclared('Cluster')].flatMap((declared) => {
    const stage = stageOf(view, declared, { own, nowMs });
    return stage === null ? [] : [{ cluster: keyOf(declared), stage }];
  });
}

const keyOf = ({ namespace, name }: Declared): string => `${namespace}/${name}`;

function stageOf(
  view: View,
  declared: Declared,
  { own, nowMs }: { readonly own: string; readonly nowMs: number },
): RollState['stage'] | null {
  const manifest = clusterIn(declared);
  const seen = textAt(declared.status, 'operatorVersion');
  // Nothing is done there, so that nobody waits for it.
  if (manifest === null || isHeld(manifest) || tooOld(own, seen) !== null || isUntouched(declared)) return null;
  const pods = podsOf(view, declared);
  if (pods.some(({ pod }) => isSettling(pod, nowMs))) return 'settling';
  if (!maintenanceAt(manifest.spec.maintenanceWindows, nowMs).isOpen) return null;
  const outdated = pods.filter(({ pod, set }) => pod !== null && isMadeOtherwise(pod, set)).length;
  // Before this operator has looked there it is not known what it will change.
  if (outdated === 0) return seen === own || seen === null ? null : 'due';
  return outdated === pods.length ? 'due' : 'begun';
}

function isUntouched({ status }: Declared): boolean {
  const stalled = listAt(status, 'conditions').find((one) => at(one, 'type') === 'Stalled');
  return at(stalled, 'status') === 'True' && UNTOUCHED.has(textAt(stalled, 'reason') ?? '');
}

interface Place {
  readonly set: KubernetesObject;
  /** null: it is missing. */
  readonly pod: KubernetesObject | null;
}

/** The pods that a Cluster has, and those that it should have. */
function podsOf(view: View, declared: Declared): readonly Place[] {
  const key = keyOf(declared);
  const sets = [...view.ownedOf('StatefulSet', key).values()].filter((set) => isOurs(set, declared));
  return sets.flatMap((set) => {
    const pods: Place[] = [...view.ownedOf('Pod', key).values()]
      .filter((pod) => controllerOf(pod) === set.metadata.uid)
      .map((pod) => ({ set, pod }));
    const missing = Number(at(set, 'spec', 'replicas')) - pods.length;
    return missing > 0 ? [...pods, { set, pod: null }] : pods;
  });
}

/** Whether a pod is as its manifest says, and made otherwise than this operator makes it. */
function isMadeOtherwise(pod: KubernetesObject, set: KubernetesObject): boolean {
  const template = at(set, 'spec', 'template');
  const isAlike = (name: string): boolean =>
    textAt(pod, 'metadata', 'annotations', name) === textAt(template, 'metadata', 'annotations', name);
  return isAlike(ANNOTATIONS.declaredHash) && !(isAlike(ANNOTATIONS.podHash) && isAlike(ANNOTATIONS.specHash));
}

function isSettling(pod: KubernetesObject | null, nowMs: number): boolean {
  if (pod === null) return true;
  const isReady = listAt(pod, 'status', 'conditions').some(
    (one) => at(one, 'type') === 'Ready' && at(one, 'status') === 'True',
  );
  const { deletionTimestamp } = pod.metadata;
  const sinceMs = timeOf(deletionTimestamp ?? textAt(pod, 'metadata', 'creationTimestamp'));
  return (deletionTimestamp !== undefined || !isReady) && sinceMs !== null && nowMs - sinceMs < SETTLING_MS;
}
