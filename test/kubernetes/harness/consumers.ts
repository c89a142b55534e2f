import { API_VERSION } from '../../../operator/api/names.ts';

/** A workload of consumers whose pods nobody runs: what counts is how many there are to be. */
export function consumers(kind: 'Deployment' | 'StatefulSet', name: string, replicas: number): object {
  const labels = { app: name };
  const template = {
    metadata: { labels },
    spec: { schedulerName: 'nobody', containers: [{ name: 'consumer', image: 'consumer' }] },
  };
  const service = kind === 'StatefulSet' ? { serviceName: name, podManagementPolicy: 'Parallel' } : {};
  const spec = { replicas, selector: { matchLabels: labels }, template, ...service };
  return { apiVersion: 'apps/v1', kind, metadata: { name }, spec };
}

/** A ShareGroup over `loads` that has them scaled as fast as it may. */
export function elasticGroup(kind: 'Deployment' | 'StatefulSet', name: string, more: object = {}): object {
  const scaling = {
    targetRef: { kind, name },
    minReplicas: 0,
    maxReplicas: 10,
    backlogPerReplica: 20,
    stabilizationSeconds: 15,
    scaleUpPercent: 1_000,
    scaleDownPercent: 100,
    ...more,
  };
  const config = { 'share.record.lock.duration.ms': 15_000 };
  const spec = { clusterRef: { name: 'quickstart' }, topics: ['loads'], config, scaling, deletionPolicy: 'Delete' };
  return { apiVersion: API_VERSION, kind: 'ShareGroup', metadata: { name }, spec };
}

/** What else may scale a Deployment, by kind. */
export function rivals(name: string): Readonly<Record<string, object>> {
  const metadata = { name: 'rival' };
  const scaleTargetRef = { apiVersion: 'apps/v1', kind: 'Deployment', name };
  const metrics = [
    { type: 'Resource', resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 50 } } },
  ];
  return {
    HorizontalPodAutoscaler: {
      apiVersion: 'autoscaling/v2',
      kind: 'HorizontalPodAutoscaler',
      metadata,
      spec: { scaleTargetRef, minReplicas: 1, maxReplicas: 2, metrics },
    },
    ScaledObject: {
      apiVersion: 'keda.sh/v1alpha1',
      kind: 'ScaledObject',
      metadata,
      spec: { scaleTargetRef: { name } },
    },
  };
}

/** KEDA's kind, as far as it is looked at. */
export const SCALED_OBJECTS = {
  apiVersion: 'apiextensions.k8s.io/v1',
  kind: 'CustomResourceDefinition',
  metadata: { name: 'scaledobjects.keda.sh' },
  spec: {
    group: 'keda.sh',
    names: { kind: 'ScaledObject', plural: 'scaledobjects', singular: 'scaledobject', listKind: 'ScaledObjectList' },
    scope: 'Namespaced',
    versions: [
      {
        name: 'v1alpha1',
        served: true,
        storage: true,
        schema: { openAPIV3Schema: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } },
      },
    ],
  },
};
