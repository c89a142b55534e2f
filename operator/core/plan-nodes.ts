import { createHash } from 'node:crypto';
import { type Cluster, FIRST_CONTROLLER_ID, nameOf } from '../api/kinds.ts';
import type { Condition } from './desired.ts';
import type { HostObservation, Observed } from './observed.ts';
import { planVoters, staysQuorate } from './plan-voters.ts';
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

/** Voters of a combined cluster of at least so many brokers; a smaller one has one (O2). */
const COMBINED_VOTERS = 3;

/**
 * The nodes that a Cluster asks for (O2), sorted by id. Only static settings enter the hash of a node (O12), and where
 * controllers are nodes of their own also their list: one that is no broker registers nowhere, so that the others know it
 * from their settings alone.
 */
export function wantedNodes(cluster: Cluster, isDynamic: IsDynamic): readonly NodeSpec[] {
  const { fixed: settings } = splitSettings(cluster, isDynamic);
  const listeners = cluster.spec.listeners.map(({ name, port }) => ({ name, port }));
  const brokers = Array.from({ length: cluster.spec.brokers.replicas }, (_, id) => id);
  const own = Array.from({ length: cluster.spec.controllers?.replicas ?? 0 }, (_, n) => FIRST_CONTROLLER_ID + n);
  const controllers = own.length > 0 ? own : brokers.slice(0, COMBINED_VOTERS);
  const voters = own.length === 0 && brokers.length < COMBINED_VOTERS ? controllers.slice(0, 1) : controllers;
  const specHash = createHash('sha256')
    .update(JSON.stringify([listeners, [...settings], own]))
    .digest('hex')
    .slice(0, 16);
  const node = (id: number): NodeSpec => {
    const isBroker = id < FIRST_CONTROLLER_ID;
    const roles = [
      ...(isBroker ? (['broker'] as const) : []),
      ...(controllers.includes(id) ? (['controller'] as const) : []),
    ];
    return { id, roles, controllers, voters, specHash, listeners: isBroker ? listeners : [], settings };
  };
  return [...brokers, ...own].map(node);
}

/** Steps that bring nodes and voters to what the manifest asks; in order, none when they are there. */
export function planNodes(wanted: readonly NodeSpec[], { host, admin }: Observed): readonly Step[] {
  const voters = wanted[0]?.voters ?? [];
  if (host.formation === null) return [{ kind: 'Form', initialVoters: voters }];
  const absent = wanted.filter(({ id }) => {
    const actual = host.nodes.find((one) => one.id === id);
    return actual === undefined || actual.phase === 'stopped';
  });
  if (absent.length > 0) return absent.map((node) => ({ kind: 'AddNode', node }));
  const outdated = wanted.filter((node) => {
    const actual = host.nodes.find((one) => one.id === node.id);
    return actual?.specHash !== node.specHash && actual?.phase !== 'stopping';
  });
  const restart = planRestart(wanted, outdated, { host, admin });
  return restart.length > 0 ? restart : planVoters(voters, outdated.length > 0, { host, admin });
}

/**
 * The restart that is due, at most one. A node that does not serve goes at once: it may need the new settings to. Those
 * that serve go one at a time, each when all others serve and lead what they led, the active controller last (O8).
 */
function planRestart(
  wanted: readonly NodeSpec[],
  outdated: readonly NodeSpec[],
  { host, admin }: Observed,
): readonly Step[] {
  const isReady = (node: NodeSpec): boolean => host.nodes.some((one) => one.id === node.id && one.ready);
  const restart = (node: NodeSpec): readonly Step[] => [{ kind: 'Restart', node, reason: 'its settings changed' }];
  const down = outdated.find((node) => !isReady(node));
  if (down !== undefined) return restart(down);
  const [first] = outdated;
  if (first === undefined || wanted.length === 1) return first === undefined ? [] : restart(first);
  const quorum = admin?.quorum ?? null;
  if (quorum === null || !wanted.every(isReady)) return [];
  if ([...(admin?.topics.values() ?? [])].some((topic) => topic.leaderless > 0)) return [];
  const next = outdated.find((node) => node.id !== quorum.leaderId) ?? first;
  return staysQuorate(quorum.voters, host, next.id) ? restart(next) : [];
}

/** What a manifest asks for that this cluster can't become, null when there is nothing: then no node is touched. */
export function refusal(cluster: Cluster, wanted: readonly NodeSpec[], host: HostObservation): Condition | null {
  const stalled = (reason: string, message: string): Condition => ({
    resource: nameOf(cluster),
    type: 'Stalled',
    reason,
    message,
  });
  const formed = host.formation?.initialVoters.map((voter) => voter.id) ?? [];
  const hadOwn = formed.some((id) => id >= FIRST_CONTROLLER_ID);
  if (formed.length > 0 && hadOwn !== (cluster.spec.controllers !== undefined)) {
    return stalled(
      'InvalidSpec',
      hadOwn
        ? 'spec.controllers cannot be taken away: this cluster has controllers of its own'
        : 'spec.controllers cannot be added: the first brokers of this cluster are its controllers',
    );
  }
  const surplus = [...formed, ...host.nodes.map((node) => node.id)].filter(
    (id) => !wanted.some((node) => node.id === id),
  );
  if (surplus.length === 0) return null;
  const highest = Math.max(...surplus);
  const isController = highest >= FIRST_CONTROLLER_ID;
  const field = isController ? 'controllers' : 'brokers';
  const least = highest + 1 - (isController ? FIRST_CONTROLLER_ID : 0);
  return stalled(
    'ScaleDownBlocked',
    `spec.${field}.replicas must be at least ${least}: node ${highest} is a member, and this version cannot take ${field} away`,
  );
}

/** Steps that end a cluster whose manifest is gone: its nodes stop, the data stays. */
export function planRemoval(host: HostObservation): readonly Step[] {
  return host.nodes
    .filter((node) => node.phase !== 'stopped' && node.phase !== 'stopping')
    .map((node) => ({ kind: 'RemoveNode', id: node.id }));
}
