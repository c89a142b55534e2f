import { createHash } from 'node:crypto';
import type { Cluster } from '../api/kinds.ts';
import type { HostObservation } from './observed.ts';
import type { NodeSpec, Step } from './steps.ts';

/** Tells settings that need a restart from those that IncrementalAlterConfigs changes; from the one table of settings. */
export type IsDynamic = (name: string) => boolean;

/** The declared broker settings, apart by what applies them. */
export function splitSettings(
  cluster: Cluster,
  isDynamic: IsDynamic,
): { readonly fixed: ReadonlyMap<string, string>; readonly dynamic: ReadonlyMap<string, string> } {
  const entries = [...cluster.spec.config].sort(([a], [b]) => (a < b ? -1 : 1));
  return {
    fixed: new Map(entries.filter(([name]) => !isDynamic(name))),
    dynamic: new Map(entries.filter(([name]) => isDynamic(name))),
  };
}

/** The nodes that a Cluster asks for, sorted by id. Only static settings enter the hash (O12). */
export function wantedNodes(cluster: Cluster, isDynamic: IsDynamic): readonly NodeSpec[] {
  const { fixed } = splitSettings(cluster, isDynamic);
  const listeners = cluster.spec.listeners.map(({ name, port }) => ({ name, port }));
  const specHash = createHash('sha256')
    .update(JSON.stringify([listeners, [...fixed]]))
    .digest('hex')
    .slice(0, 16);
  return Array.from({ length: cluster.spec.brokers.replicas }, (_, id) => ({
    id,
    specHash,
    listeners,
    settings: fixed,
  }));
}

/** Steps that bring the nodes to what the manifest asks; in order, none when they are there. `wanted` is sorted by id. */
export function planNodes(wanted: readonly NodeSpec[], host: HostObservation): readonly Step[] {
  if (host.formation === null) return [{ kind: 'Form', initialVoters: wanted.slice(0, 1).map((node) => node.id) }];
  const steps: Step[] = [];
  for (const node of wanted) {
    const actual = host.nodes.find((one) => one.id === node.id);
    if (actual === undefined || actual.phase === 'stopped') steps.push({ kind: 'AddNode', node });
    else if (actual.specHash !== node.specHash && actual.phase !== 'stopping') {
      steps.push({ kind: 'Restart', node, reason: 'its settings changed' });
    }
  }
  return steps;
}

/** Steps that end a cluster whose manifest is gone: its nodes stop, the data stays. */
export function planRemoval(host: HostObservation): readonly Step[] {
  return host.nodes
    .filter((node) => node.phase !== 'stopped' && node.phase !== 'stopping')
    .map((node) => ({ kind: 'RemoveNode', id: node.id }));
}
