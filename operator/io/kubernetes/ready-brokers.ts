import { FIRST_CONTROLLER_ID } from '../../api/kinds.ts';
import type { Declared } from '../../core/declared.ts';
import type { NodeReach } from '../../ports/cluster-dialer.ts';
import type { KubernetesObject } from '../../ports/kubernetes.ts';
import type { Caches } from './caches.ts';
import { at, listAt, textAt } from './objects/fields.ts';
import { CONTAINER, idIn, nodeName, PORTS } from './objects/names.ts';

/** The brokers of a Cluster whose pods are ready. */
export function readyBrokers(caches: Pick<Caches, 'ownedOf'>, cluster: Declared): readonly NodeReach[] {
  const { namespace, name } = cluster;
  return [...caches.ownedOf('Pod', `${namespace}/${name}`).values()].flatMap((pod) => {
    const id = idIn(pod.metadata.name, (one) => nodeName(name, one));
    const host = textAt(pod, 'status', 'podIP');
    const isReady = listAt(pod, 'status', 'conditions').some(
      (one) => textAt(one, 'type') === 'Ready' && textAt(one, 'status') === 'True',
    );
    if (id === null || id >= FIRST_CONTROLLER_ID || host === null || !isReady) return [];
    return [
      { id, host, listenerPort: listenerPortOf(pod), controlPort: PORTS.control, instance: pod.metadata.uid ?? '' },
    ];
  });
}

/** Port of the first listener that the pod was made with: by now the manifest may have another one, for which it has yet to be restarted. */
export function listenerPortOf(pod: KubernetesObject): number | null {
  const container = listAt(pod, 'spec', 'containers').find((one) => textAt(one, 'name') === CONTAINER);
  const port = at(listAt(container, 'ports')[0], 'containerPort');
  return typeof port === 'number' ? port : null;
}
