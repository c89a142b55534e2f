import { createHash } from 'node:crypto';
import { type Cluster, FIRST_CONTROLLER_ID, nameOf } from '../api/kinds.ts';
import type { Condition } from './desired.ts';
import { INSTRUCTIONS, instructionsOf } from './instructions.ts';
import { maintenanceAt } from './maintenance.ts';
import type { HostObservation, NodeObservation, Observed } from './observed.ts';
import { planLeaving } from './plan-leaving.ts';
import { planVoters, staysQuorate } from './plan-voters.ts';
import { serves } from './serving.ts';
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
  const brokers = Array.from({ length: cluster.spec.brokers.replicas }, (_, id) => id);
  return [...brokers, ...ownControllers(cluster)].map((id) => nodeSpec(cluster, isDynamic, id));
}

/** Brokers of a host that a Cluster does not ask for any more, sorted by id: they run until they hold nothing (O4). */
export function leavingNodes(cluster: Cluster, isDynamic: IsDynamic, host: HostObservation): readonly NodeSpec[] {
  const { replicas } = cluster.spec.brokers;
  const ids = host.nodes.map((node) => node.id).filter((id) => id >= replicas && id < FIRST_CONTROLLER_ID);
  // They are what they were when they were wanted.
  const brokers = { ...cluster.spec.brokers, replicas: Math.max(replicas, ...ids.map((id) => id + 1)) };
  return ids.map((id) => nodeSpec({ ...cluster, spec: { ...cluster.spec, brokers } }, isDynamic, id));
}

function ownControllers(cluster: Cluster): readonly number[] {
  return Array.from({ length: cluster.spec.controllers?.replicas ?? 0 }, (_, n) => FIRST_CONTROLLER_ID + n);
}

function nodeSpec(cluster: Cluster, isDynamic: IsDynamic, id: number): NodeSpec {
  const { fixed: settings } = splitSettings(cluster, isDynamic);
  const { replicas } = cluster.spec.brokers;
  const own = ownControllers(cluster);
  const first = Array.from({ length: Math.min(replicas, COMBINED_VOTERS) }, (_, broker) => broker);
  const controllers = own.length > 0 ? own : first;
  const voters = own.length === 0 && replicas < COMBINED_VOTERS ? first.slice(0, 1) : controllers;
  const isBroker = id < FIRST_CONTROLLER_ID;
  const roles = [
    ...(isBroker ? (['broker'] as const) : []),
    ...(controllers.includes(id) ? (['controller'] as const) : []),
  ];
  // A controller of its own has none: what it doesn't use is no reason to restart it.
  const listeners = isBroker ? cluster.spec.listeners.map(({ name, port }) => ({ name, port })) : [];
  const specHash = hashOf([listeners, [...settings], own]);
  const { pod, resources } = (isBroker ? cluster.spec.brokers : cluster.spec.controllers) ?? {};
  // Not of `specHash`: an operator of another version may make that otherwise, which is no edit of the manifest.
  const declaredHash = hashOf([listeners, [...settings], own, cluster.spec.version, pod, resources]);
  const restart = instructionsOf(cluster).restart ?? '';
  const hashes = { specHash, declaredHash, restart };
  return { id, roles, controllers, voters, ...hashes, listeners, settings };
}

function hashOf(value: unknown): string {
  const text = JSON.stringify(value, (_key, part: unknown) => (part instanceof Map ? [...part].sort() : part));
  return createHash('sha256').update(text).digest('hex').slice(0, 16);
}

/** Nodes that run with other settings than they should, or were not restarted since somebody asked for it, sorted by id. */
export function outdatedNodes(wanted: readonly NodeSpec[], host: HostObservation): readonly NodeSpec[] {
  return wanted.filter((node) => {
    const actual = host.nodes.find((one) => one.id === node.id);
    return actual?.phase !== 'stopping' && (actual?.specHash !== node.specHash || isRestartAsked(node, actual));
  });
}

function isRestartAsked(node: NodeSpec, actual: NodeObservation | undefined): boolean {
  return node.restart !== '' && actual?.restart !== undefined && actual.restart !== node.restart;
}

/** Nodes that are not restarted yet, and what for. `nextMs`: when the next window begins, wall clock; null: never. */
export interface WaitingNodes {
  readonly nodes: readonly NodeSpec[];
  readonly cause:
    | { readonly kind: 'window'; readonly nextMs: number | null }
    | { readonly kind: 'cluster'; readonly name: string };
}

/**
 * Outdated nodes that serve, whom the operator would restart for reasons of its own alone, while no maintenance window is open, or another
 * Cluster comes first. A roll that is not over when its window is goes on in the next one. Null: there are none.
 */
export function waitingNodes(
  cluster: Cluster,
  outdated: readonly NodeSpec[],
  { host, admin, nowMs, rollsFirst }: Observed,
): WaitingNodes | null {
  const nodes = outdated.filter((node) => {
    const actual = host.nodes.find((one) => one.id === node.id);
    return serves(actual, admin) && actual?.declaredHash === node.declaredHash && !isRestartAsked(node, actual);
  });
  if (nodes.length === 0) return null;
  const maintenance = nowMs === undefined ? null : maintenanceAt(cluster.spec.maintenanceWindows, nowMs);
  if (maintenance?.isOpen === false) return { nodes, cause: { kind: 'window', nextMs: maintenance.nextMs } };
  return rollsFirst === undefined ? null : { nodes, cause: { kind: 'cluster', name: rollsFirst } };
}

/** What is wished for nodes. */
export interface NodeWishes {
  /** As they are to be. */
  readonly wanted: readonly NodeSpec[];
  /** Those of them that are to be restarted now. */
  readonly outdated: readonly NodeSpec[];
  /** See `failedNodes`. */
  readonly failed: readonly NodeObservation[];
  /** Those that are to go. */
  readonly leaving: readonly NodeSpec[];
  /** Of a disk, when that may be. */
  readonly replacement: readonly Step[];
}

/** Steps that bring nodes and voters to what the manifest asks; in order, none when they are there. */
export function planNodes(wishes: NodeWishes, observed: Observed): readonly Step[] {
  const { wanted, outdated, leaving, replacement } = wishes;
  const { host, admin } = observed;
  const voters = wanted[0]?.voters ?? [];
  if (host.formation === null) return [{ kind: 'Form', initialVoters: voters }];
  const absent = wanted.filter(({ id }) => {
    const actual = host.nodes.find((one) => one.id === id);
    return actual === undefined || actual.phase === 'stopped';
  });
  if (absent.length > 0) return absent.map((node) => ({ kind: 'AddNode', node }));
  const { steps: restart } = planRestart(wishes, observed);
  // One at a time, and first what the quorum lacks. What fails is held for a while, and keeps nothing else from being tried.
  const changes = [...planVoters(voters, outdated.length > 0, observed), ...restart];
  const steps = [...planLeaving(wanted, leaving, observed), ...(changes.length > 0 ? changes : replacement)];
  const joining = host.nodes.filter((node) => node.mark === 'joining' && wanted.some(({ id }) => id === node.id));
  const settled = steps.length === 0 && admin !== null && wanted.every((node) => isReady(node, host));
  return settled && joining.length > 0 ? [{ kind: 'Rebalance', ids: joining.map((node) => node.id) }] : steps;
}

function isReady(node: NodeSpec, host: HostObservation): boolean {
  return host.nodes.some((one) => one.id === node.id && one.ready);
}

/** The restart that is due, or why it is not carried out yet, one sentence each. */
interface Restart {
  readonly steps: readonly Step[];
  readonly obstacles: readonly string[];
}

const NO_RESTART: Restart = { steps: [], obstacles: [] };

/**
 * The restart that is due, at most one, and none while a node does not come up as it is wanted. A node that does not serve goes at once: it
 * may need the new settings to. Those that serve go one at a time, each when all others serve and lead what they led and the cluster can spare it, one
 * that is not ready first and the active controller last (O8). A broker that is not ready and not fenced either is one of these: it may hold what nobody else has.
 */
function planRestart({ wanted, outdated, failed }: NodeWishes, { host, admin }: Observed): Restart {
  if (failed.length > 0) return NO_RESTART;
  const restart = (node: NodeSpec): Restart => {
    const actual = host.nodes.find((one) => one.id === node.id);
    return { steps: [{ kind: 'Restart', node, reason: restartReason(node, actual) }], obstacles: [] };
  };
  const unready = outdated.filter((node) => !isReady(node, host));
  const nodeOf = ({ id }: NodeSpec): NodeObservation | undefined => host.nodes.find((one) => one.id === id);
  const down = unready.find((node) => !serves(nodeOf(node), admin));
  if (down !== undefined) return restart(down);
  const first = unready[0] ?? outdated[0];
  if (first === undefined || wanted.length === 1) return first === undefined ? NO_RESTART : restart(first);
  const quorum = admin?.quorum ?? null;
  // Who does not serve is told already.
  if (admin === null || quorum === null || wanted.some((node) => node !== unready[0] && !isReady(node, host)))
    return NO_RESTART;
  const next = unready[0] ?? outdated.find((node) => node.id !== quorum.leaderId) ?? first;
  const leaderless = [...admin.topics].flatMap(([name, topic]) => (topic.leaderless > 0 ? [name] : []));
  const obstacles = admin.obstacles.get(next.id) ?? ['no controller is active that can tell whether it can be spared'];
  const all = [
    ...(leaderless.length > 0 ? [`topic ${leaderless.sort().join(', ')} has partitions without a leader`] : []),
    ...(staysQuorate(quorum.voters, next.id) ? [] : ['the other voters are no majority, or not caught up']),
    ...obstacles,
  ];
  return all.length === 0 ? restart(next) : { steps: [], obstacles: [`node ${next.id}: ${all.join('; ')}`] };
}

/** What is to be said where a restart is due that the cluster can't spare its node for. */
export function restartTroubles(cluster: Cluster, wishes: NodeWishes, observed: Observed): readonly Condition[] {
  const { obstacles } = planRestart(wishes, observed);
  if (obstacles.length === 0) return [];
  const message = `no node is restarted now: ${obstacles.join('; ')}`;
  return [{ resource: nameOf(cluster), type: 'Progressing', reason: 'RestartWaits', message }];
}

function restartReason(node: NodeSpec, actual: NodeObservation | undefined): string {
  if (isRestartAsked(node, actual)) return `${INSTRUCTIONS.restart} is ${node.restart}`;
  return actual?.declaredHash === node.declaredHash ? 'this operator makes it otherwise' : 'its settings changed';
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
  const members = [...formed, ...host.nodes.map((node) => node.id)];
  const lost = members.filter((id) => id >= FIRST_CONTROLLER_ID && !wanted.some((node) => node.id === id));
  if (lost.length > 0) {
    const least = Math.max(...lost) + 1 - FIRST_CONTROLLER_ID;
    const message = `spec.controllers.replicas must be at least ${least}: node ${Math.max(...lost)} is a member, and controllers can only be added`;
    return stalled('ScaleDownBlocked', message);
  }
  const { replicas } = cluster.spec.brokers;
  if (cluster.spec.controllers !== undefined || replicas >= COMBINED_VOTERS) return null;
  if (!members.some((id) => id >= COMBINED_VOTERS - 1)) return null;
  return stalled(
    'ScaleDownBlocked',
    `spec.brokers.replicas must be at least ${COMBINED_VOTERS}, not ${replicas}: brokers 0 to ${COMBINED_VOTERS - 1} of this cluster are its controllers`,
  );
}

/** Steps that end a cluster whose manifest is gone: its nodes stop, the data stays. */
export function planRemoval(host: HostObservation): readonly Step[] {
  return host.nodes
    .filter((node) => node.phase !== 'stopped' && node.phase !== 'stopping')
    .map((node) => ({ kind: 'RemoveNode', id: node.id }));
}
