import type { KubernetesObject } from '../../ports/kubernetes.ts';
import { disruptionBudget, networkPolicy, serviceAccount } from './objects/access.ts';
import type { Blueprint } from './objects/blueprint.ts';
import { nodeClaim } from './objects/claims.ts';
import { quorumConfigMap, settingsConfigMap } from './objects/config-maps.ts';
import { ANNOTATIONS, hashOf, ROLES, roleOf } from './objects/names.ts';
import { bootstrapServices, headlessService, listenerServices, nodeService } from './objects/services.ts';
import { statefulSet } from './objects/stateful-set.ts';

/**
 * All objects of a cluster as they should be, in the order in which they are applied: what pods need is there before them. The same
 * blueprint gives the same objects. Secrets are not among them: only who signs certificates has seen what is in them.
 */
export function render(blueprint: Blueprint): readonly KubernetesObject[] {
  const { nodes } = blueprint;
  const roles = ROLES.filter((role) => nodes.some(({ spec }) => roleOf(spec.id) === role));
  const settings = roles.map((role) => settingsConfigMap(blueprint, role));
  const claims = nodes.flatMap((node) => nodeClaim(blueprint, node) ?? []);
  const objects = [
    serviceAccount(blueprint),
    networkPolicy(blueprint),
    disruptionBudget(blueprint),
    quorumConfigMap(blueprint),
    headlessService(blueprint),
    // The record that there is such a node, before anything that only this node needs: what nothing needs is deleted.
    ...nodes.map((node) => nodeService(blueprint, node)),
    ...settings,
    ...bootstrapServices(blueprint),
    ...listenerServices(blueprint),
    ...claims,
    ...roles.map((role, index) => statefulSet(blueprint, role, settings[index]?.metadata.name ?? '')),
  ];
  return objects.map(sealed);
}

/** With the hash of itself, by which it is seen later that it was applied like this. */
export function sealed(object: KubernetesObject): KubernetesObject {
  const annotations = { ...object.metadata.annotations, [ANNOTATIONS.rendered]: hashOf(object, 16) };
  return { ...object, metadata: { ...object.metadata, annotations } };
}
