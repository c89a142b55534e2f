import { type Cluster, FIRST_CONTROLLER_ID, nameOf } from '../api/kinds.ts';
import type { Condition } from './desired.ts';
import { INSTRUCTIONS, instructionsOf } from './instructions.ts';
import type { HostObservation } from './observed.ts';

/** The Cluster as it is planned for, and what is to be said where that is not what it asks for. */
export interface SettledScale {
  readonly cluster: Cluster;
  /** What a host has to remember: the least number of brokers while the load decides how many there are, or has until now; null: it does not. */
  readonly floor: number | null;
  readonly conditions: readonly Condition[];
}

/**
 * The number of brokers in force. What the load asked for once (O10) is how many there are that nobody drains; it stays until the load
 * decides otherwise (`decided`), within what the manifest allows. And brokers stay where a line went from a file, the number or autoscale, until
 * somebody confirms that very number: it may not take any away.
 */
export function settleScale(cluster: Cluster, host: HostObservation, decided: number | null = null): SettledScale {
  const { brokers } = cluster.spec;
  const autoscale = host.floor === undefined ? undefined : brokers.autoscale;
  const remembered = host.floor ?? null;
  const isConfirmed = instructionsOf(cluster).confirmedBrokers === brokers.replicas;
  const inForce = countOf(host, (mark) => mark !== 'leaving');
  if (autoscale === undefined) {
    const isSaid = (cluster.omitsReplicas !== true && remembered === null) || isConfirmed;
    // Those that are on their way out count as well: what begins their drain may have gone by mistake.
    const count = countOf(host);
    if (isSaid || count <= brokers.replicas)
      return { cluster, floor: isSaid && count > brokers.replicas ? remembered : null, conditions: [] };
    const gone = remembered === null ? 'replicas' : 'autoscale';
    return { cluster: withBrokers(cluster, count), floor: remembered, conditions: [unconfirmed(cluster, gone, count)] };
  }
  const isSaid = cluster.omitsReplicas !== true || isConfirmed;
  const floor = isSaid ? brokers.replicas : Math.max(brokers.replicas, remembered ?? inForce);
  const wanted = Math.min(Math.max(decided ?? inForce, floor), Math.max(autoscale.maxReplicas, floor));
  const conditions = floor === brokers.replicas ? [] : [unconfirmed(cluster, 'replicas', floor)];
  return { cluster: withBrokers(cluster, wanted), floor, conditions };
}

/** One more than the highest id of those brokers. */
function countOf(host: HostObservation, isCounted: (mark: string | null) => boolean = () => true): number {
  return Math.max(0, ...host.nodes.map(({ id, mark }) => (id < FIRST_CONTROLLER_ID && isCounted(mark) ? id + 1 : 0)));
}

function withBrokers(cluster: Cluster, replicas: number): Cluster {
  const { brokers } = cluster.spec;
  if (brokers.replicas === replicas) return cluster;
  return { ...cluster, spec: { ...cluster.spec, brokers: { ...brokers, replicas } } };
}

function unconfirmed(cluster: Cluster, gone: 'replicas' | 'autoscale', count: number): Condition {
  const { replicas } = cluster.spec.brokers;
  const going = Array.from({ length: count - replicas }, (_, n) => replicas + n).join(', ');
  const without = {
    replicas: `is not in the manifest and would be ${replicas}`,
    autoscale: `is not in the manifest any more, and there would be ${replicas} brokers`,
  };
  const message = `spec.brokers.${gone} ${without[gone]}, without broker ${going}: write the number that you want, or confirm with the annotation ${INSTRUCTIONS.confirmScaleDown}: "${replicas}"`;
  return { resource: nameOf(cluster), type: 'Stalled', reason: 'ScaleDownUnconfirmed', message };
}
