import type { KubernetesObject } from '../../../ports/kubernetes.ts';
import type { Blueprint } from './blueprint.ts';
import { claimTemplate } from './claims.ts';
import { metadataOf, podSelector } from './metadata.ts';
import { ANNOTATIONS, firstOrdinal, namesOf, type Role, roleOf, statefulSetName } from './names.ts';
import { podTemplate } from './pod.ts';

/**
 * The StatefulSet of a role: ordinals are node ids (O1), pods don't wait for each other, a changed template restarts nobody (the
 * plan does, one at a time), and volumes stay whatever becomes of it (O4).
 */
export function statefulSet(blueprint: Blueprint, role: Role, settings: string): KubernetesObject {
  const { name } = blueprint.cluster.metadata;
  const running = blueprint.nodes.flatMap(({ spec, isRunning }) =>
    isRunning && roleOf(spec.id) === role ? [spec.id] : [],
  );
  const start = firstOrdinal(role);
  const template = claimTemplate(blueprint, role);
  return {
    apiVersion: 'apps/v1',
    kind: 'StatefulSet',
    metadata: metadataOf(
      blueprint,
      statefulSetName(name, role),
      { role },
      {
        [ANNOTATIONS.clusterId]: blueprint.formation.clusterId,
        ...(role === 'controller' || blueprint.floor === null ? {} : { [ANNOTATIONS.floor]: String(blueprint.floor) }),
      },
    ),
    spec: {
      replicas: Math.max(start, ...running.map((id) => id + 1)) - start,
      ordinals: { start },
      serviceName: namesOf(name).nodes,
      podManagementPolicy: 'Parallel',
      updateStrategy: { type: 'OnDelete' },
      persistentVolumeClaimRetentionPolicy: { whenDeleted: 'Retain', whenScaled: 'Retain' },
      selector: { matchLabels: podSelector(name, role) },
      template: podTemplate(blueprint, role, settings),
      ...(template === null ? {} : { volumeClaimTemplates: [template] }),
    },
  };
}
