import { type Cluster, nameOf } from '../api/kinds.ts';
import type { Condition } from './desired.ts';
import type { HostObservation, NodeObservation, Observed } from './observed.ts';
import type { NodeSpec } from './steps.ts';

/** Past its grace period a node gets so long to end, ms: clocks differ, and what ends is heard of late. */
const LOST_MS = 60_000;

/** Nodes that were started as they are wanted and won't serve by themselves: a roll goes no further (O8). */
export function failedNodes(
  wanted: readonly NodeSpec[],
  outdated: readonly NodeSpec[],
  host: HostObservation,
): readonly NodeObservation[] {
  return wanted.flatMap((spec) => {
    const node = host.nodes.find(({ id }) => id === spec.id);
    return node?.failure === undefined || node.ready || outdated.includes(spec) ? [] : [node];
  });
}

/** What is to be said of nodes that don't come up, or don't go, by themselves. `outdated`: also those that wait for a window. */
export function nodeTroubles(
  cluster: Cluster,
  { wanted, outdated }: { readonly wanted: readonly NodeSpec[]; readonly outdated: readonly NodeSpec[] },
  { host, nowMs }: Observed,
): readonly Condition[] {
  const resource = nameOf(cluster);
  const conditions: Condition[] = [];
  for (const { id, lost } of host.nodes) {
    if (lost === undefined || nowMs === undefined || nowMs - lost.sinceMs < LOST_MS) continue;
    // Never done by itself: whoever is only cut off would go on writing beside its successor.
    conditions.push({ resource, type: 'Stalled', reason: 'BrokerLost', message: `node ${id} is lost: ${lost.remedy}` });
  }
  const rest = outdated.length > 0 ? '; no other one is restarted until it serves' : '';
  conditions.push(...unplacedNodes(resource, host, rest));
  const [failed] = failedNodes(wanted, outdated, host);
  if (failed === undefined) return conditions;
  const message = `node ${failed.id} does not come up as the manifest says: ${failed.failure ?? ''}`;
  const until = 'no other one is restarted until it does, or the manifest says something else';
  conditions.push(
    outdated.length > 0
      ? { resource, type: 'Stalled', reason: 'RolloutBlocked', message: `${message}; ${until}` }
      : { resource, type: 'Progressing', reason: 'NodeFailing', message },
  );
  return conditions;
}

/** Nodes that wait for a machine with room for them: one may come by itself, so that nothing is stalled. Those that wait for the same are told once. */
function unplacedNodes(resource: string, { nodes }: HostObservation, rest: string): readonly Condition[] {
  const causes = new Map<string, number[]>();
  for (const { id, unplaced } of nodes)
    if (unplaced !== undefined) causes.set(unplaced, [...(causes.get(unplaced) ?? []), id]);
  if (causes.size === 0) return [];
  const texts = [...causes].map(
    ([cause, ids]) =>
      `${ids.length === 1 ? 'node' : 'nodes'} ${ids.join(', ')} ${ids.length === 1 ? 'waits' : 'wait'} for a machine: ${cause.replace(/[.\s]+$/, '')}`,
  );
  return [{ resource, type: 'Progressing', reason: 'Unschedulable', message: `${texts.join('; ')}${rest}` }];
}

/** What is to be said where nobody knows any more what the cluster was (O3); null: somebody does. Nothing can be done about it here. */
export function lostQuorum(
  cluster: Cluster,
  wanted: readonly NodeSpec[],
  { isQuorumLost }: HostObservation,
): Condition | null {
  if (isQuorumLost !== true) return null;
  const controllers = wanted[0]?.controllers.join(', ') ?? '';
  const what = `the disk of every controller (node ${controllers}) is empty, and this cluster was formed: what it was is lost, and nothing is done`;
  const way = 'bring their volumes back, or delete this Cluster with its claims to begin anew';
  return { resource: nameOf(cluster), type: 'Stalled', reason: 'QuorumLost', message: `${what}; ${way}` };
}
