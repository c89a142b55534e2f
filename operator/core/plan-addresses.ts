import { type Cluster, nameOf } from '../api/kinds.ts';
import type { Condition } from './desired.ts';
import type { ListenerAddress, NodeObservation, Observed } from './observed.ts';
import { serves } from './serving.ts';
import type { NodeSpec, Step } from './steps.ts';

/** Nodes that are told one by one; of further ones the number is given. */
const IDS_MAX = 10;

/**
 * Where clients are told to find brokers on listeners that are reached from outside (O18). A broker without an address there yet is served
 * inside: clients are told what it says of itself, and a condition says whom that is so of. One that had an address keeps it until there is another.
 */
export function planAddresses(
  cluster: Cluster,
  brokers: readonly NodeSpec[],
  { host, admin }: Observed,
): { readonly steps: readonly Step[]; readonly conditions: readonly Condition[] } {
  const told = admin?.advertised;
  if (told === undefined) return { steps: [], conditions: [] };
  const steps: Step[] = [];
  const waiting = new Map<string, number[]>();
  for (const { id, roles, specHash } of brokers) {
    const node = host.nodes.find((one) => one.id === id);
    // One that runs with other listeners than it should is about to be restarted.
    if (!roles.includes('broker') || node === undefined || !serves(node, admin) || node.specHash !== specHash) continue;
    const before = told.get(id) ?? [];
    const { endpoints, missing } = endpointsOf(cluster, node, before);
    for (const listener of missing) waiting.set(listener, [...(waiting.get(listener) ?? []), id]);
    if (textOf(endpoints) !== textOf(before)) steps.push({ kind: 'SetAdvertised', id, endpoints });
  }
  return { steps, conditions: waiting.size === 0 ? [] : [pending(cluster, waiting)] };
}

/** What clients should be told of a broker, given what they are told, and listeners of which nothing is known. */
function endpointsOf(
  cluster: Cluster,
  { id, outside }: NodeObservation,
  before: readonly ListenerAddress[],
): { readonly endpoints: readonly ListenerAddress[]; readonly missing: readonly string[] } {
  const endpoints: ListenerAddress[] = [];
  const missing: string[] = [];
  for (const { name, type, hosts } of cluster.spec.listeners) {
    if (type === 'internal') continue;
    const listener = name.toUpperCase();
    const named = hosts === undefined ? null : { host: hosts.node.replaceAll('{id}', String(id)), port: hosts.port };
    const address = named ?? outside?.get(name) ?? before.find((one) => one.listener === listener);
    if (address === undefined) missing.push(name);
    else endpoints.push({ listener, host: address.host, port: address.port });
  }
  return { endpoints: endpoints.sort((a, b) => (a.listener < b.listener ? -1 : 1)), missing };
}

const textOf = (endpoints: readonly ListenerAddress[]): string =>
  endpoints.map(({ listener, host, port }) => `${listener} ${host} ${port}`).join();

function pending(cluster: Cluster, waiting: ReadonlyMap<string, readonly number[]>): Condition {
  const parts = [...waiting].map(([listener, ids]) => {
    const more = ids.length > IDS_MAX ? ` and ${ids.length - IDS_MAX} more` : '';
    return `listener ${listener} of node ${ids.slice(0, IDS_MAX).join(', ')}${more}`;
  });
  const message = `nobody has said yet where clients find ${parts.join(' and ')}: they are told addresses inside of Kubernetes until the load balancer or the port is there`;
  return { resource: nameOf(cluster), type: 'AddressPending', reason: 'WaitingForAddress', message };
}
