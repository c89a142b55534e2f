import { pathOf } from '../../../operator/io/kubernetes/api-client.ts';
import type { KubernetesObject } from '../../../operator/ports/kubernetes.ts';
import { TYPES } from '../../support/kubernetes/types.ts';
import type { ControlPlane } from './control-plane.ts';

/** The broker pods of a cluster, by their names. */
export async function brokersOf(
  plane: ControlPlane,
  cluster: string,
  namespace = 'default',
): Promise<readonly KubernetesObject[]> {
  const query = { labelSelector: `weir.dev/cluster=${cluster},weir.dev/role=broker` };
  const { items } = await plane.ask({ method: 'GET', path: pathOf(TYPES.pods, { namespace }), query });
  // What an API server says of a list.
  return (items as readonly KubernetesObject[]).toSorted((a, b) => (a.metadata.name < b.metadata.name ? -1 : 1));
}
