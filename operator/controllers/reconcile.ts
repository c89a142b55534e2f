import { unreachable } from '../../broker/core/base/assert.ts';
import { declaredCopies, type Desired, mentionedTopics } from '../core/desired.ts';
import type { HostObservation, Observed } from '../core/observed.ts';
import { type Plan, plan, planGone } from '../core/plan.ts';
import { type IsDynamic, leavingNodes, outdatedNodes, splitSettings, wantedNodes } from '../core/plan-nodes.ts';
import { nodeToReplace } from '../core/plan-replacement.ts';
import { settleScale } from '../core/scale.ts';
import { placeOf, sourcesOf, type Step } from '../core/steps.ts';
import { groupIdOf } from '../api/kinds.ts';
import type { AdminQuestion, ClusterAdmin, Progress } from '../ports/cluster-admin.ts';
import { type NodeHost, PREPARED, type Prepared } from '../ports/node-host.ts';
import type { Autoscaler } from './autoscaler.ts';
import { isOperatorError, type OperatorError } from '../ports/operator-error.ts';

/** What one reconcile works with. */
export interface ReconcileTools {
  readonly host: NodeHost;
  /** The admin of the cluster that is reached at any of these addresses (`host:port`); the same one for the same ones. */
  admin(addresses: readonly string[]): Promise<ClusterAdmin>;
  readonly isDynamic: IsDynamic;
  /** The wall clock, for maintenance windows. Absent where there are none. */
  readonly wallMs?: () => number;
  /** See `Observed.rollsFirst` (null: there is none) and `rollsLater`. Asked where it matters. */
  readonly rolls?: () => { readonly first: string | null; readonly later: readonly string[] };
  /** Somebody reads the status of the Cluster, which tells of all topics. */
  readonly judgesTopics?: boolean;
  /** Who judges the load. Absent where nobody does. */
  readonly autoscaler?: Autoscaler;
}

/** What one reconcile did. */
export interface Reconciled {
  readonly plan: Plan;
  readonly observed: Observed;
  /** The steps that were carried out or tried, in their order. */
  readonly taken: readonly Taken[];
}

/** A step that was carried out or tried. */
export interface Taken {
  readonly step: Step;
  /** What goes on by itself is to be asked for again. */
  readonly progress: Progress;
  /** Why it failed, null when it did not. */
  readonly failure: OperatorError | null;
}

/** So many steps about topics and groups are carried out at once: then it is looked again, and others get their turn. */
const STEPS_MAX = 100;
/** Failures that are none of the step: what follows would fail as well. */
const ENDS_LOOK: ReadonlySet<string> = new Set(['UNREACHABLE', 'NOT_LEADING']);

/**
 * One reconcile: observe, plan, carry out the first step that `skip` does not hold back (steps that failed a moment ago
 * must not block the others), or, where that is about a topic or a group, those that are about others, too. `desired` null ends the cluster. Fails with an `OperatorError` when something cannot be
 * observed; nothing is remembered between calls, so calling again is always right.
 */
export async function reconcile(
  desired: Desired | null,
  tools: ReconcileTools,
  skip: (step: Step, plan: Plan) => boolean = () => false,
): Promise<Reconciled> {
  const prepared = desired === null ? PREPARED : ((await tools.host.prepare?.(desired.cluster)) ?? PREPARED);
  const host = await tools.host.observe();
  if (prepared.blocked.length > 0) {
    const nothing: Plan = { steps: [], held: [], conditions: prepared.blocked, ready: false, asksAgain: false };
    return { plan: nothing, observed: { host, admin: null }, taken: [] };
  }
  if (desired === null) {
    const removal = planGone(host);
    return carryOutSome({ plan: removal, observed: { host, admin: null }, admin: null }, tools, skip);
  }
  const addresses = host.nodes.flatMap((node) => (node.ready && node.address !== null ? [node.address] : []));
  const admin = addresses.length === 0 ? null : await tools.admin(addresses);
  const { cluster } = settleScale(desired.cluster, host);
  const isOutdated = outdatedNodes(wantedNodes(cluster, tools.isDynamic), host).length > 0;
  const isWhole = !isOutdated && host.nodes.every(({ ready }) => ready);
  const rolls = isWhole ? undefined : tools.rolls?.();
  const load = admin === null ? null : (tools.autoscaler?.question(desired, host) ?? null);
  const question: AdminQuestion = {
    ...questionOf(desired, tools.isDynamic, host),
    ...(load === null ? {} : { load }),
    ...(tools.judgesTopics === true ? { assessment: true } : {}),
  };
  const observed: Observed = {
    host,
    admin: admin === null ? null : await admin.observe(question),
    ...(tools.wallMs === undefined ? {} : { nowMs: tools.wallMs() }),
    ...(rolls === undefined || rolls.first === null ? {} : { rollsFirst: rolls.first }),
    ...(rolls === undefined ? {} : { rollsLater: rolls.later }),
  };
  return carryOutSome({ ...planned(desired, observed, { ...tools, prepared }), admin }, tools, skip);
}

/** The plan, with what the load makes of the number of brokers where nothing else is to be done. */
function planned(
  desired: Desired,
  observed: Observed,
  { isDynamic, autoscaler, prepared }: ReconcileTools & { readonly prepared: Prepared },
): { readonly plan: Plan; readonly observed: Observed } {
  const first = { plan: unlessRefused(plan(desired, observed, isDynamic), prepared), observed };
  const scale = autoscaler?.look(desired, first) ?? null;
  if (scale === null) return first;
  const judged = { ...observed, scale };
  return { plan: unlessRefused(plan(desired, judged, isDynamic), prepared), observed: judged };
}

/** A node that is restarted while its StatefulSet is refused comes back as it was, and is restarted again. */
function unlessRefused(made: Plan, { refused }: Prepared): Plan {
  if (refused.length === 0) return made;
  const isContent = (step: Step): boolean => 'resource' in step;
  return {
    ...made,
    steps: made.steps.filter(isContent),
    held: [...made.held, ...made.steps.filter((step) => !isContent(step))],
    conditions: [...refused, ...made.conditions],
  };
}

/** What a plan has to know of a cluster whose nodes are these. */
export function questionOf(desired: Desired, isDynamic: IsDynamic, host: HostObservation): AdminQuestion {
  const { cluster } = settleScale(desired.cluster, host);
  const nodes = wantedNodes(cluster, isDynamic);
  const replaced = nodeToReplace(cluster, host);
  return {
    topics: mentionedTopics(desired),
    copies: declaredCopies(desired),
    groups: [...new Set(desired.shareGroups.map(groupIdOf))].sort(),
    settings: [...splitSettings(cluster, isDynamic).dynamic.keys()],
    brokers: nodes.flatMap(({ id, roles }) => (roles.includes('broker') ? [id] : [])),
    quorum: nodes.length > 1,
    members: leavingNodes(cluster, isDynamic, host).map(({ id }) => id),
    restarts: nodes.length > 1 ? outdatedNodes(nodes, host).map(({ id }) => id) : [],
    replacements: replaced === null ? [] : [replaced.id],
    advertised: host.nodes.some(({ outside }) => outside !== undefined),
    features: host.versions !== undefined,
  };
}

async function carryOutSome(
  {
    plan: made,
    observed,
    admin,
  }: { readonly plan: Plan; readonly observed: Observed; readonly admin: ClusterAdmin | null },
  { host }: ReconcileTools,
  skip: (step: Step, plan: Plan) => boolean,
): Promise<Reconciled> {
  const taken: Taken[] = [];
  const touched = new Set<string>();
  for (const step of made.steps) {
    if (skip(step, made)) continue;
    const place = placeOf(step);
    if (place === null && taken.length > 0) break;
    // What was seen there is not so any more.
    if (place !== null && [place, ...sourcesOf(step)].some((one) => touched.has(one))) continue;
    const one = await tryOut(step, host, admin);
    taken.push(one);
    if (place === null || taken.length === STEPS_MAX || ENDS_LOOK.has(one.failure?.code ?? '')) break;
    touched.add(place);
  }
  return { plan: made, observed, taken };
}

async function tryOut(step: Step, host: NodeHost, admin: ClusterAdmin | null): Promise<Taken> {
  try {
    return { step, progress: await carryOut(step, host, admin), failure: null };
  } catch (error) {
    if (!isOperatorError(error)) throw error;
    return { step, progress: 'done', failure: error };
  }
}

async function carryOut(step: Step, host: NodeHost, admin: ClusterAdmin | null): Promise<Progress> {
  if (step.kind === 'Drain' || step.kind === 'Rebalance') return admin === null ? 'done' : move(step, host, admin);
  if (step.kind === 'EnsureTopic') return admin === null ? 'done' : ensureTopic(step, admin);
  await change(step, host, admin);
  return 'done';
}

/** Steps that take their time. */
type Move = Extract<Step, { readonly kind: 'Drain' | 'Rebalance' }>;

/** The marks say what is to be done: they are there before it begins, until it is over. */
async function move(step: Move, host: NodeHost, admin: ClusterAdmin): Promise<Progress> {
  if (step.kind === 'Drain') {
    for (const id of step.ids) await host.mark(id, 'leaving');
    return { left: await admin.drain(step.ids) };
  }
  const progress = await admin.rebalance();
  if (progress === 'done') for (const id of step.ids) await host.mark(id, null);
  return progress;
}

async function change(
  step: Exclude<Step, Move | { kind: 'EnsureTopic' }>,
  host: NodeHost,
  admin: ClusterAdmin | null,
): Promise<void> {
  switch (step.kind) {
    case 'Form':
      await host.form(step.initialVoters);
      return;
    case 'AddNode':
      await host.ensure(step.node);
      return;
    case 'Restart':
      await host.restart(step.node, step.reason);
      return;
    case 'RemoveNode':
      await host.remove(step.id);
      return;
    case 'ReplaceDisk':
      await host.replaceDisk?.(step.id);
      return;
    case 'Undrain':
      await admin?.undrain(step.id);
      await host.mark(step.id, 'joining');
      return;
    case 'ForgetNode':
      await admin?.unregister(step);
      await host.discard(step.id);
      return;
    case 'AddVoter':
      await admin?.addVoter(step);
      return;
    case 'RemoveVoter':
      await admin?.removeVoter(step);
      return;
    case 'SetAdvertised':
      await admin?.setAdvertised(step);
      return;
    case 'RaiseFeature':
      await admin?.raiseFeature(step.level);
      return;
    case 'SetConfig':
      await admin?.alterConfig({ kind: 'cluster' }, step.change);
      return;
    case 'EnsureGroup':
      await admin?.alterConfig({ kind: 'group', name: step.groupId }, step.change);
      return;
    case 'BeginGroup':
      await admin?.beginGroup(step.groupId, step.starts);
      return;
    case 'DeleteTopic':
      await admin?.deleteTopic(step.topic);
      return;
    case 'DeleteGroup':
      if (admin !== null) await deleteGroup(step, admin);
      return;
    default:
      unreachable(step);
  }
}

/** The settings last: a group that can't be deleted keeps them. */
async function deleteGroup(step: Extract<Step, { kind: 'DeleteGroup' }>, admin: ClusterAdmin): Promise<void> {
  await admin.deleteGroup(step.groupId);
  if (step.settings.length === 0) return;
  const change = { set: new Map(), unset: step.settings, before: new Map() };
  await admin.alterConfig({ kind: 'group', name: step.groupId }, change);
}

async function ensureTopic(step: Extract<Step, { kind: 'EnsureTopic' }>, admin: ClusterAdmin): Promise<Progress> {
  const { topic: name, change } = step;
  switch (change.kind) {
    case 'create': {
      const { partitions, replicationFactor, config } = change;
      await admin.createTopic({ name, partitions, replicationFactor, config });
      return 'done';
    }
    case 'grow':
      await admin.growTopic(name, change.partitions);
      return 'done';
    case 'resize':
      return admin.resizeTopic(name, change);
    case 'configure':
      await admin.alterConfig({ kind: 'topic', name }, change.change);
      return 'done';
    default:
      return unreachable(change);
  }
}
