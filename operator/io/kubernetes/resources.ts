import { API, type Kind } from '../../api/names.ts';
import type { KubernetesObject, ResourceType } from '../../ports/kubernetes.ts';

const type = (group: string, version: string, kind: string, plural: string): ResourceType => ({
  group,
  version,
  kind,
  plural,
  isNamespaced: true,
});
const custom = (kind: Kind): ResourceType => type(API.group, API.version, kind, API.kinds[kind].plural);

/** The kinds that belong to a cluster and are watched. Secrets are not among them: they are read by name alone. */
export const OWNED = {
  Pod: type('', 'v1', 'Pod', 'pods'),
  Service: type('', 'v1', 'Service', 'services'),
  ConfigMap: type('', 'v1', 'ConfigMap', 'configmaps'),
  PersistentVolumeClaim: type('', 'v1', 'PersistentVolumeClaim', 'persistentvolumeclaims'),
  ServiceAccount: type('', 'v1', 'ServiceAccount', 'serviceaccounts'),
  StatefulSet: type('apps', 'v1', 'StatefulSet', 'statefulsets'),
  PodDisruptionBudget: type('policy', 'v1', 'PodDisruptionBudget', 'poddisruptionbudgets'),
  NetworkPolicy: type('networking.k8s.io', 'v1', 'NetworkPolicy', 'networkpolicies'),
} as const;

/** The kinds that consumers run as, of which only the scale is asked for. */
export const WORKLOADS = {
  Deployment: type('apps', 'v1', 'Deployment', 'deployments'),
  StatefulSet: OWNED.StatefulSet,
} as const;

/** The kinds that scale consumers besides us; of the second an API server need not know. */
export const AUTOSCALERS = [
  type('autoscaling', 'v2', 'HorizontalPodAutoscaler', 'horizontalpodautoscalers'),
  type('keda.sh', 'v1alpha1', 'ScaledObject', 'scaledobjects'),
] as const;

/** The kinds that users write. */
export const CUSTOM: Readonly<Record<Kind, ResourceType>> = {
  Cluster: custom('Cluster'),
  ShareGroup: custom('ShareGroup'),
  Topic: custom('Topic'),
};

/** Name of a kind that belongs to clusters. */
export type OwnedKind = keyof typeof OWNED;

/** The type of an object that was rendered. */
export function ownedType({ kind }: KubernetesObject): ResourceType {
  const found = Object.values(OWNED).find((one) => one.kind === kind);
  if (found === undefined) throw new Error(`bug: nothing of kind ${kind} is rendered`);
  return found;
}
