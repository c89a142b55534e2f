import type { Address } from '../../core/observed.ts';
import type { KubernetesObject } from '../../ports/kubernetes.ts';
import { at, listAt, textAt } from './objects/fields.ts';
import { LISTENER_PORT_PREFIX } from './objects/services.ts';

/**
 * Where clients find one node by the Service of a listener: at its load balancer, or at the machine that its pod runs on, which the pod itself
 * names, so that the operator needs no rights on machines. Nothing as long as there is no such address.
 */
export function outsideOf(
  service: KubernetesObject,
  pod: KubernetesObject | undefined,
): readonly (readonly [listener: string, address: Address])[] {
  const found = listAt(service, 'spec', 'ports').find(
    (one) => textAt(one, 'name')?.startsWith(LISTENER_PORT_PREFIX) === true,
  );
  const listener = textAt(found, 'name')?.slice(LISTENER_PORT_PREFIX.length) ?? '';
  const isBalanced = textAt(service, 'spec', 'type') === 'LoadBalancer';
  const host = isBalanced ? balancerOf(service) : textAt(pod, 'status', 'hostIP');
  const port = at(found, isBalanced ? 'port' : 'nodePort');
  return host === null || typeof port !== 'number' ? [] : [[listener, { host, port }]];
}

/** Name or address of a Service's load balancer, null while there is none. */
export function balancerOf(service: KubernetesObject | undefined): string | null {
  const [ingress] = listAt(service, 'status', 'loadBalancer', 'ingress');
  return textAt(ingress, 'hostname') ?? textAt(ingress, 'ip');
}
