import type { KubernetesObject } from '../../../ports/kubernetes.ts';
import type { Blueprint } from './blueprint.ts';
import { metadataOf, podSelector } from './metadata.ts';
import { namesOf, PORTS } from './names.ts';

/** Whom nodes run as: nobody who may ask the API server for anything. */
export function serviceAccount(blueprint: Blueprint): KubernetesObject {
  return {
    apiVersion: 'v1',
    kind: 'ServiceAccount',
    metadata: metadataOf(blueprint, namesOf(blueprint.cluster.metadata.name).nodes),
    automountServiceAccountToken: false,
  };
}

/** One node of all is away by somebody's wish at a time, whatever its role (O7). */
export function disruptionBudget(blueprint: Blueprint): KubernetesObject {
  const { name } = blueprint.cluster.metadata;
  return {
    apiVersion: 'policy/v1',
    kind: 'PodDisruptionBudget',
    metadata: metadataOf(blueprint, namesOf(name).budget),
    spec: {
      maxUnavailable: 1,
      // A pod that does not serve anyway keeps no machine from being emptied.
      unhealthyPodEvictionPolicy: 'AlwaysAllow',
      selector: { matchLabels: podSelector(name) },
    },
  };
}

/** Who reaches what: clients the listeners, nodes the rest, and the operator all of it, since pods may have listeners that the manifest has no more. */
export function networkPolicy(blueprint: Blueprint): KubernetesObject {
  const { metadata, spec } = blueprint.cluster;
  const { namespace, labels } = blueprint.site.operator;
  const nodes = { podSelector: { matchLabels: podSelector(metadata.name) } };
  const operator = {
    namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': namespace } },
    podSelector: { matchLabels: labels },
  };
  const tcp = (port: number) => ({ port, protocol: 'TCP' });
  return {
    apiVersion: 'networking.k8s.io/v1',
    kind: 'NetworkPolicy',
    metadata: metadataOf(blueprint, namesOf(metadata.name).nodes),
    spec: {
      podSelector: { matchLabels: podSelector(metadata.name) },
      policyTypes: ['Ingress'],
      ingress: [
        { ports: [...spec.listeners.map(({ port }) => tcp(port)), tcp(PORTS.health)] },
        { from: [nodes], ports: [tcp(PORTS.replication), tcp(PORTS.control)] },
        { from: [operator] },
      ],
    },
  };
}
