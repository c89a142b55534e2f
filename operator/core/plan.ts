import { type Cluster, nameOf } from '../api/kinds.ts';
import { configChange } from './config-change.ts';
import { type Condition, declaredTopics, type Desired, type Ownership, resolveOwnership } from './desired.ts';
import { Holds, isHeld } from './hold.ts';
import { badInstructions } from './instructions.ts';
import { unknownTimeZones } from './maintenance.ts';
import type { AdminObservation, HostObservation, NodeObservation, Observed } from './observed.ts';
import { planAddresses } from './plan-addresses.ts';
import { planFeatures } from './plan-features.ts';
import { planGroups, UNSAID } from './plan-groups.ts';
import { nodeToReplace, planReplacement } from './plan-replacement.ts';
import {
  type IsDynamic,
  leavingNodes,
  planNodes,
  outdatedNodes,
  planRemoval,
  refusal,
  restartTroubles,
  splitSettings,
  type WaitingNodes,
  waitingNodes,
  wantedNodes,
} from './plan-nodes.ts';
import { failedNodes, lostQuorum, nodeTroubles } from './plan-rollout.ts';
import { type PartialPlan, planTopics } from './plan-topics.ts';
import { settleScale } from './scale.ts';
import { serves } from './serving.ts';
import { settleVersion } from './settle-version.ts';
import type { ConfigChange, NodeSpec, Step } from './steps.ts';

/** What is to be done now, in order, and what the owners of the manifests should know. */
export interface Plan {
  readonly steps: readonly Step[];
  /** What is to be done and isn't, since somebody wants it told only. */
  readonly held: readonly Step[];
  readonly conditions: readonly Condition[];
  /** Every node is ready and every declared topic has its leaders: clients are served as the manifests say. */
  readonly ready: boolean;
  /** Something could not be told, and is asked about again soon. */
  readonly asksAgain: boolean;
}

/**
 * Plans one cluster: pure, and empty on a converged state. Only the first step is carried out before the next
 * observation, so later ones may assume nothing about it.
 */
export function plan(desired: Desired, observed: Observed, isDynamic: IsDynamic): Plan {
  const scale = settleScale(desired.cluster, observed.host, observed.scale?.change?.brokers);
  const version = settleVersion(scale.cluster, observed.host);
  const settled = { ...desired, cluster: version.cluster };
  const holds = new Holds(settled);
  const whole = planAll(settled, observed, isDynamic);
  const { steps, held, conditions } = holds.split(whole.steps);
  const all = [settled.cluster, ...settled.topics, ...settled.shareGroups];
  return {
    ...whole,
    steps,
    held,
    conditions: [
      ...badInstructions(all),
      ...scale.conditions,
      ...(observed.scale?.notes ?? []),
      ...version.conditions,
      ...whole.conditions,
      ...conditions,
    ],
  };
}

/** The plan as if nobody held anything back. */
function planAll(desired: Desired, observed: Observed, isDynamic: IsDynamic): Omit<Plan, 'held'> {
  const ownership = resolveOwnership(desired);
  const wanted = wantedNodes(desired.cluster, isDynamic);
  const { host } = observed;
  const refused = refusal(desired.cluster, wanted, host) ?? lostQuorum(desired.cluster, wanted, host);
  const leaving = leavingNodes(desired.cluster, isDynamic, observed.host);
  const all = outdatedNodes(wanted, observed.host);
  const waiting = waitingNodes(desired.cluster, all, observed);
  const outdated = all.filter((node) => waiting?.nodes.includes(node) !== true);
  const failed = failedNodes(wanted, all, observed.host);
  const replacement = planReplacement(desired.cluster, wanted, observed);
  const wishes = { wanted, outdated, failed, leaving, replacement: replacement.steps };
  const nodeSteps = refused === null ? planNodes(wishes, observed) : [];
  const conditions = [
    ...(refused === null ? [] : [refused]),
    ...nodeTroubles(desired.cluster, { wanted, outdated: all }, observed),
    ...waitConditions(desired.cluster, waiting),
    ...(refused === null ? restartTroubles(desired.cluster, wishes, observed) : []),
    ...awaitedBy(desired.cluster, observed),
    ...replacement.conditions,
    ...ownership.conflicts,
  ];
  const { admin } = observed;
  // What is never carried out is waited for by nobody.
  const isFormed = isHeld(desired.cluster) || nodeSteps.every(({ kind }) => kind !== 'Form');
  if (!isFormed || admin === null) return { steps: nodeSteps, conditions, ready: false, asksAgain: false };
  const { change, topics, groups } = planContents(desired, ownership, admin, isDynamic);
  const addresses = planAddresses(desired.cluster, [...wanted, ...leaving], observed);
  const features = planFeatures(desired.cluster, wanted, observed);
  const steps: Step[] = [...nodeSteps, ...addresses.steps, ...features.steps];
  if (change !== null) steps.push({ kind: 'SetConfig', change });
  const contents = [...topics.steps, ...groups.steps];
  steps.push(...contents.filter((step) => !placesPartitions(step) || !isStarting(wanted, observed)));
  const led = declaredTopics(desired, ownership).every((name) => admin.topics.get(name)?.leaderless === 0);
  return {
    steps,
    conditions: [...conditions, ...[addresses, features, topics, groups].flatMap((part) => part.conditions)],
    asksAgain: groups.conditions.some(({ reason }) => reason === UNSAID) || isUnsettled(admin),
    ready:
      steps.every(isForLater) &&
      leaving.length === 0 &&
      nodeToReplace(desired.cluster, observed.host) === null &&
      led &&
      incompleteNodes(desired.cluster, wanted, observed).length === 0,
  };
}

/** Partitions get their leaders back without anybody's doing, and nothing tells that they have. */
function isUnsettled({ assessed }: AdminObservation): boolean {
  if (typeof assessed !== 'object') return assessed === 'unsaid';
  return assessed.leaderless.count > 0 || assessed.underMinIsr.count > 0;
}

/** What is to be done about settings, topics and groups, however the nodes are. */
export function planContents(
  desired: Desired,
  ownership: Ownership,
  admin: AdminObservation,
  isDynamic: IsDynamic,
): { readonly change: ConfigChange | null; readonly topics: PartialPlan; readonly groups: PartialPlan } {
  const change = configChange(splitSettings(desired.cluster, isDynamic).dynamic, admin.config, 'declared');
  const wanted = wantedNodes(desired.cluster, isDynamic);
  const brokers = wanted.flatMap(({ id, roles }) => (roles.includes('broker') ? [id] : []));
  const topics = planTopics(desired, ownership, admin, {
    brokers,
    isConfiguring: change !== null && !isHeld(desired.cluster),
  });
  return { change, topics, groups: planGroups(desired, ownership, admin) };
}

function waitConditions(cluster: Cluster, waiting: WaitingNodes | null): readonly Condition[] {
  const resource = nameOf(cluster);
  const unknown = unknownTimeZones(cluster.spec.maintenanceWindows);
  const conditions: Condition[] = [];
  if (unknown.length > 0) {
    const message = `spec.maintenanceWindows: nobody knows the time zone ${unknown.join(', ')}, so that this window never opens; take a name such as Europe/Berlin`;
    conditions.push({ resource, type: 'Stalled', reason: 'InvalidSpec', message });
  }
  if (waiting === null) return conditions;
  const { nodes, cause } = waiting;
  const reason = cause.kind === 'window' ? 'WaitingForWindow' : 'WaitingForCluster';
  const message = `node ${nodes.map(({ id }) => id).join(', ')} waits for ${awaited(cause)} to be restarted`;
  return [...conditions, { resource, type: 'RestartPending', reason, message }];
}

/** Other Clusters wait until this one is done: one that never gets there has to say so. */
function awaitedBy(cluster: Cluster, { rollsLater = [] }: Observed): readonly Condition[] {
  if (rollsLater.length === 0) return [];
  const [named, more] = [rollsLater.slice(0, TOLD_MAX), rollsLater.length - TOLD_MAX];
  const who = `${named.join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
  const message = `until the nodes here are as this operator makes them, and serve, none is restarted for that of ${who}`;
  return [{ resource: nameOf(cluster), type: 'RollAwaited', reason: 'OthersWait', message }];
}

/** Clusters that are named; of further ones the number is given. */
const TOLD_MAX = 3;

function awaited(cause: WaitingNodes['cause']): string {
  if (cause.kind === 'cluster') return `${cause.name}, whose nodes come first,`;
  return cause.nextMs === null ? 'a maintenance window' : `the maintenance window of ${utcOf(cause.nextMs)}`;
}

const utcOf = (ms: number): string => Temporal.Instant.fromEpochMilliseconds(ms).toString();

/** A cluster serves as it should while a step like this fails: that is tried again, and nobody waits for it. */
export function isForLater(step: Step): boolean {
  return (
    step.kind === 'Rebalance' ||
    step.kind === 'RaiseFeature' ||
    step.kind === 'BeginGroup' ||
    (step.kind === 'EnsureTopic' && step.change.kind === 'resize')
  );
}

/** Partitions are spread over the brokers that are there: those that are about to be are waited for. */
function placesPartitions(step: Step): boolean {
  // The first group to begin brings the topics of groups and of share state.
  return step.kind === 'BeginGroup' || (step.kind === 'EnsureTopic' && step.change.kind !== 'configure');
}

/** A newcomer that does not come up by itself is waited for by nobody: whenever it does it gets its share. */
function isStarting(wanted: readonly NodeSpec[], { host, admin }: Observed): boolean {
  const isAwaited = (node: NodeObservation): boolean =>
    node.phase === 'starting' &&
    !serves(node, admin) &&
    !(node.mark === 'joining' && (node.failure ?? node.unplaced) !== undefined);
  return wanted.some(({ id }) => host.nodes.some((one) => one.id === id && isAwaited(one)));
}

/**
 * Nodes that are not ready as they are wanted by now, brokers that don't answer, and voters that are none with the disks that they
 * have.
 */
export function incompleteNodes(
  cluster: Cluster,
  wanted: readonly NodeSpec[],
  observed: Observed,
): readonly NodeSpec[] {
  const { host, admin } = observed;
  const quorum = admin?.quorum ?? null;
  const outdated = outdatedNodes(wanted, host);
  const waiting = waitingNodes(cluster, outdated, observed)?.nodes ?? [];
  return wanted.filter((spec) => {
    const { id, roles, voters } = spec;
    const node = host.nodes.find((one) => one.id === id);
    if (node?.ready !== true || (outdated.includes(spec) && !waiting.includes(spec))) return true;
    if (roles.includes('broker') && admin?.brokers.includes(id) !== true) return true;
    if (wanted.length === 1 || !voters.includes(id)) return false;
    return quorum?.voters.some((voter) => voter.id === id && voter.directoryId === node.directoryId) !== true;
  });
}

/** Plans the end of a cluster whose manifest is gone. Ready: nothing runs any more. */
export function planGone(host: HostObservation): Plan {
  const steps = planRemoval(host);
  const ready = host.nodes.every((node) => node.phase === 'stopped');
  return { steps, held: [], conditions: [], ready, asksAgain: false };
}
