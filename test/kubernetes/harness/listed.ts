import type { KubernetesObject } from '../../../operator/ports/kubernetes.ts';
import type { ControlPlane } from './control-plane.ts';

/** Pods with a label; `where` is more that kubectl is told. */
export async function podsOf(
  plane: ControlPlane,
  selector: string,
  ...where: readonly string[]
): Promise<readonly KubernetesObject[]> {
  const { items } = await plane.get('pods', '-l', selector, ...where);
  return items as readonly KubernetesObject[];
}

/** Which pods of a Cluster there are: others after each roll. */
export const podUidsOf = async (plane: ControlPlane, cluster: string): Promise<readonly string[]> =>
  (await podsOf(plane, `weir.dev/cluster=${cluster}`)).map(({ metadata: { uid = '' } }) => uid).sort();

/** `Kind name` of each object of a Cluster. */
export async function objectsOf(plane: ControlPlane, cluster: string): Promise<readonly string[]> {
  const kinds = 'pods,services,configmaps,statefulsets,pdb,networkpolicies,serviceaccounts,secrets,pvc';
  const { items } = await plane.get(kinds, '-l', `weir.dev/cluster=${cluster}`);
  return (items as readonly KubernetesObject[]).map(({ kind, metadata }) => `${kind} ${metadata.name}`).sort();
}
