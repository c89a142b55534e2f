import { API } from '../../../operator/api/names.ts';
import type { ServedType } from './store.ts';

const served = (group: string, version: string, kind: string, hasStatus = true): ServedType => ({
  group,
  version,
  kind,
  plural: `${kind.toLowerCase()}${kind.endsWith('s') ? 'es' : 's'}`.replace('policys', 'policies'),
  isNamespaced: true,
  hasStatus,
});

/** What the operator meets on an API server. */
export const TYPES = {
  pods: served('', 'v1', 'Pod'),
  services: served('', 'v1', 'Service'),
  configMaps: served('', 'v1', 'ConfigMap', false),
  secrets: served('', 'v1', 'Secret', false),
  events: served('', 'v1', 'Event', false),
  serviceAccounts: served('', 'v1', 'ServiceAccount', false),
  claims: served('', 'v1', 'PersistentVolumeClaim'),
  statefulSets: served('apps', 'v1', 'StatefulSet'),
  deployments: served('apps', 'v1', 'Deployment'),
  budgets: served('policy', 'v1', 'PodDisruptionBudget'),
  networkPolicies: served('networking.k8s.io', 'v1', 'NetworkPolicy', false),
  leases: served('coordination.k8s.io', 'v1', 'Lease', false),
  autoscalers: served('autoscaling', 'v2', 'HorizontalPodAutoscaler'),
  scaledObjects: served('keda.sh', 'v1alpha1', 'ScaledObject'),
  clusters: served(API.group, API.version, 'Cluster'),
  shareGroups: served(API.group, API.version, 'ShareGroup'),
  topics: served(API.group, API.version, 'Topic'),
} as const;
