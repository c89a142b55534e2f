import { API_VERSION, FINALIZER, type Kind } from '../../api/names.ts';
import type { StatusCondition, StatusOf } from '../../core/conditions.ts';
import type { Declared } from '../../core/declared.ts';
import type { ScalingRecord } from '../../core/scaling-status.ts';
import type { KubernetesApi, KubernetesObject } from '../../ports/kubernetes.ts';
import { asRecord } from './answer.ts';
import { listAt, textAt } from './objects/fields.ts';
import { CUSTOM } from './resources.ts';

/** The status that an object has. The CRD's schema has judged it; what an older release wrote without one is left out. */
export function statusIn({ status }: Pick<Declared, 'status'>): StatusOf<Kind> {
  const isWhole = (one: unknown): boolean =>
    ['type', 'status', 'reason', 'message', 'lastTransitionTime'].every((name) => textAt(one, name) !== null);
  const conditions = listAt(status, 'conditions').filter((one): one is StatusCondition => isWhole(one));
  return { ...asRecord(status), conditions };
}

/** What the status of a ShareGroup says of its consumers, and of which generation. */
export function recordIn(object: Declared): { readonly record: ScalingRecord | null; readonly generation: number } {
  const { scaling, observedGeneration = -1 }: StatusOf<'ShareGroup'> = statusIn(object);
  return { record: scaling ?? null, generation: observedGeneration };
}

/**
 * Writes of what is ours of a custom resource: its status, and its finalizer, of which there is one or none. All fail with `CONFLICT` where it
 * is another version by now: nothing is said of what nobody saw, and an object that is gone is not made anew.
 */
export function objectWrites(api: KubernetesApi) {
  const named = (
    { kind, namespace, name, uid }: Declared,
    resourceVersion: string,
    more: object,
  ): KubernetesObject => ({
    apiVersion: API_VERSION,
    kind,
    metadata: { name, namespace, uid, resourceVersion, ...more },
  });
  return {
    applyStatus: (object: Declared, resourceVersion: string, status: object): Promise<KubernetesObject> =>
      api.applyStatus(CUSTOM[object.kind], { ...named(object, resourceVersion, {}), status }),
    setFinalizer: (object: Declared, resourceVersion: string): Promise<KubernetesObject> =>
      api.apply(CUSTOM[object.kind], named(object, resourceVersion, { finalizers: [FINALIZER] })),
    /** It is ours whoever wrote it: what brings objects back from a backup writes it, too. */
    dropFinalizer: (object: Declared, resourceVersion: string): Promise<KubernetesObject> => {
      const finalizers = object.finalizers.filter((one) => one !== FINALIZER);
      return api.setFinalizers(CUSTOM[object.kind], named(object, resourceVersion, { finalizers }));
    },
  };
}
