import { type Cluster, FIRST_CONTROLLER_ID, nameOf } from '../api/kinds.ts';
import type { Condition } from './desired.ts';
import { INSTRUCTIONS, instructionsOf } from './instructions.ts';
import type { HostObservation } from './observed.ts';

/** The Cluster as it is planned for, and what is to be said where that is not what it asks for. */
export interface SettledScale {
  readonly cluster: Cluster;
  readonly conditions: readonly Condition[];
}

/**
 * Keeps the brokers that there are where nobody wrote how many there should be: a line that went from a file may not take brokers away
 * (O10). It waits for a confirmation of that very number.
 */
export function settleScale(cluster: Cluster, host: HostObservation): SettledScale {
  const { brokers } = cluster.spec;
  const count = Math.max(0, ...host.nodes.map(({ id }) => (id < FIRST_CONTROLLER_ID ? id + 1 : 0)));
  const isSaid = cluster.omitsReplicas !== true || instructionsOf(cluster).confirmedBrokers === brokers.replicas;
  if (isSaid || count <= brokers.replicas) return { cluster, conditions: [] };
  const going = Array.from({ length: count - brokers.replicas }, (_, n) => brokers.replicas + n).join(', ');
  const message = `spec.brokers.replicas is not in the manifest and would be ${brokers.replicas}, without broker ${going}: write the number that you want, or confirm with the annotation ${INSTRUCTIONS.confirmScaleDown}: "${brokers.replicas}"`;
  return {
    cluster: { ...cluster, spec: { ...cluster.spec, brokers: { ...brokers, replicas: count } } },
    conditions: [{ resource: nameOf(cluster), type: 'Stalled', reason: 'ScaleDownUnconfirmed', message }],
  };
}
