import { type Cluster, FIRST_CONTROLLER_ID, nameOf, type ShareGroup, type Topic } from '../api/kinds.ts';
import type { ConditionType } from '../api/status.ts';
import { bytesOf } from '../api/quantity.ts';
import { type Draft, type Judgement, type Standing, summary } from './conditions.ts';
import { type Condition, type Desired, resolveOwnership } from './desired.ts';
import type { AdminObservation, GroupObservation, NodeObservation, Observed } from './observed.ts';
import { Holds } from './hold.ts';
import { badInstructions } from './instructions.ts';
import { incompleteNodes, isForLater, type Plan, planContents } from './plan.ts';
import { nextLevelIn } from './plan-features.ts';
import { type IsDynamic, wantedNodes } from './plan-nodes.ts';
import { settleScale } from './scale.ts';
import { listed } from './listed.ts';
import { describeStep, type NodeSpec, type Step } from './steps.ts';
import { servedTopics, sufficientCopies } from './topic-health.ts';

/** Why a step, or a look, failed when it was tried last. `fatal`: trying again does not help. */
export interface StepFailure {
  readonly message: string;
  readonly fatal: boolean;
}

/** What a host knows of a cluster besides its nodes. */
export interface ClusterFacts {
  readonly listeners: readonly { readonly name: string; readonly bootstrap: string }[];
  /** Labels of the pods of brokers. */
  readonly selector: string;
  /** The oldest version that a node runs, null while none is there. */
  readonly version: string | null;
  readonly operatorVersion: string;
}

/** What one reconcile found. */
export interface Findings {
  readonly desired: Desired;
  /** null: nothing could be seen, and `trouble` says why. */
  readonly seen: { readonly observed: Observed; readonly plan: Plan } | null;
  /** Why the look at the cluster failed, null when it did not. */
  readonly trouble: StepFailure | null;
  /** Steps that failed and are tried again, by what `describeStep` says of them. */
  readonly failures: ReadonlyMap<string, StepFailure>;
  readonly isDynamic: IsDynamic;
}

const DONE = { kind: 'done', reason: 'AsDeclared', message: 'all is as the manifest says' } as const;

/** What keeps a cluster from being done while no step is left. */
const working = (message: string): Standing => ({ kind: 'working', reason: 'Progressing', message });

/** Findings about the brokers that are in force, whatever number was written. */
function inForce(findings: Findings): Findings {
  const { seen, desired } = findings;
  if (seen === null) return findings;
  const { host, scale } = seen.observed;
  return {
    ...findings,
    desired: { ...desired, cluster: settleScale(desired.cluster, host, scale?.change?.brokers).cluster },
  };
}

/** Whether a cluster is as its manifests say, and nothing moves in it or is about to. */
export function isCalm(desired: Desired, seen: NonNullable<Findings['seen']>, isDynamic: IsDynamic): boolean {
  const findings = inForce({ desired, seen, trouble: null, failures: new Map(), isDynamic });
  const isMoving = [...seen.plan.steps, ...seen.plan.held].some(
    (step) => step.kind === 'Rebalance' || (step.kind === 'EnsureTopic' && step.change.kind === 'resize'),
  );
  const isMarked = seen.observed.host.nodes.some(({ mark }) => mark !== null);
  return !isMoving && !isMarked && clusterStanding(findings).kind === 'done';
}

/** The status of a Cluster; `more` are conditions that others found. */
export function clusterStatus(all: Findings, facts: ClusterFacts, more: readonly Judgement[] = []): Draft<'Cluster'> {
  const findings = inForce(all);
  const { seen } = findings;
  const own = ownConditions(findings);
  const judgements = [
    ...summary(unlessHeld(clusterStanding(findings), own)),
    ...notesOf(own),
    available(findings),
    ...(seen?.observed.admin ? sufficientCopies(seen.observed.admin) : []),
    ...more,
  ];
  // Whoever looks is here, whatever it sees.
  if (seen === null) return { judgements, fields: null, known: { operatorVersion: facts.operatorVersion } };
  const { host, admin } = seen.observed;
  const brokers = host.nodes.filter(({ id, phase }) => id < FIRST_CONTROLLER_ID && phase !== 'stopped');
  const leaderId = leaderOf(wantedNodes(findings.desired.cluster, findings.isDynamic), seen.observed);
  return {
    judgements,
    fields: {
      ...(host.formation === null ? {} : { clusterId: host.formation.clusterId }),
      replicas: brokers.length,
      readyReplicas: brokers.filter(({ ready }) => ready).length,
      selector: facts.selector,
      ...(facts.version === null ? {} : { version: facts.version }),
      operatorVersion: facts.operatorVersion,
      ...(leaderId === null ? {} : { leaderId }),
      ...featuresOf(findings.desired.cluster, seen.observed),
      listeners: facts.listeners,
      ...(admin === null ? {} : drainsOf(host.nodes, admin)),
    },
  };
}

function clusterStanding(findings: Findings): Standing {
  const { desired, seen, isDynamic } = findings;
  const said = standingOf(ownConditions(findings));
  if (said !== null) return said;
  if (seen === null) return unseen(findings.trouble);
  const { observed, plan } = seen;
  const steps = [...plan.held, ...plan.steps].filter((step) => resourceOf(step) === null && !isForLater(step));
  const planned = ofSteps(steps, findings.failures);
  if (planned !== null) return planned;
  const wanted = wantedNodes(desired.cluster, isDynamic);
  const late = incompleteNodes(desired.cluster, wanted, observed).map(({ id }) => id);
  if (late.length > 0) return working(`waits for ${nodesIn(late)} to serve as the manifest says`);
  const leaving = observed.host.nodes.filter(({ id }) => !wanted.some((one) => one.id === id)).map(({ id }) => id);
  if (leaving.length > 0) return working(`waits for ${nodesIn(leaving)} to go`);
  const small = growingNodes(desired.cluster, wanted, observed);
  if (small.length > 0) return working(`waits for the volumes of ${nodesIn(small)} to grow`);
  const { status, reason, message } = available(findings);
  if (status === 'True') return DONE;
  return { kind: status === 'Unknown' ? 'unknown' : 'working', reason, message };
}

/** Ids of nodes whose volumes are smaller than the manifest has them: whoever provides volumes makes them grow. */
function growingNodes({ spec }: Cluster, wanted: readonly NodeSpec[], { host }: Observed): readonly number[] {
  return wanted.flatMap(({ id }) => {
    const { storage } = (id < FIRST_CONTROLLER_ID ? spec.brokers : spec.controllers) ?? {};
    const bytes = host.nodes.find((one) => one.id === id)?.volumeBytes ?? null;
    return storage !== undefined && bytes !== null && bytes < Number(bytesOf(storage.size)) ? [id] : [];
  });
}

/** What a plan says of the Cluster itself. */
function ownConditions({ desired, seen }: Findings): readonly Condition[] {
  const name = nameOf(desired.cluster);
  return (seen?.plan.conditions ?? []).filter(({ resource }) => resource === name);
}

/** Whether clients are served, however much is still to be done (O9). */
function available(findings: Findings): Judgement {
  const { desired, seen, isDynamic } = findings;
  const judged = (status: Judgement['status'], reason: string, message: string): Judgement => ({
    type: 'Available',
    status,
    reason,
    message,
  });
  // Where nothing may be done brokers are not asked either.
  const asked = standingOf(ownConditions(findings)) ?? unseen(findings.trouble);
  const admin = seen?.observed.admin ?? null;
  if (admin === null && (seen === null || asked.kind === 'stalled'))
    return judged('Unknown', asked.reason, asked.message);
  if (admin === null) return judged('False', 'BrokerUnreachable', 'no broker answers');
  // A node that is alone is not asked who leads.
  if (admin.quorum === null && wantedNodes(desired.cluster, isDynamic).length > 1)
    return judged('False', 'NoActiveController', 'no controller is active: a majority of the voters has to be there');
  const { status, reason, message } = servedTopics(admin);
  return judged(status, reason, message);
}

function leaderOf(wanted: readonly NodeSpec[], { host, admin }: Observed): number | null {
  if (admin === null) return null;
  const isAlone = wanted.length === 1 && host.nodes.length === 1;
  return admin.quorum?.leaderId ?? (isAlone ? (wanted[0]?.id ?? null) : null);
}

/** A level that can't be seen now is what it was: none is ever left. */
function featuresOf(cluster: Cluster, observed: Observed) {
  const level = observed.admin?.features?.level ?? cluster.recorded?.featureLevel ?? null;
  return { ...(level === null ? {} : { featureLevel: level }), ...nextLevelIn(cluster, observed) };
}

function drainsOf(nodes: readonly NodeObservation[], admin: AdminObservation) {
  const drains = nodes.flatMap(({ id, mark }) => {
    const replicasLeft = admin.members.get(id);
    return mark === 'leaving' && replicasLeft !== undefined ? [{ nodeId: id, replicasLeft }] : [];
  });
  return drains.length === 0 ? {} : { drains };
}

/** The statuses of everything that belongs to a cluster, by the manifests of `Findings.desired`. */
export function contentStatuses(all: Findings): {
  readonly topics: ReadonlyMap<Topic, Draft<'Topic'>>;
  readonly groups: ReadonlyMap<ShareGroup, Draft<'ShareGroup'>>;
} {
  const findings = inForce(all);
  const { desired } = findings;
  const admin = findings.seen?.observed.admin ?? null;
  const ownership = resolveOwnership(desired);
  const contents = admin === null ? null : planContents(desired, ownership, admin, findings.isDynamic);
  const planned = [...(contents?.topics.steps ?? []), ...(contents?.groups.steps ?? [])];
  const steps = byResource(planned, resourceOf);
  const conditions = byResource(
    [
      ...badInstructions([...desired.topics, ...desired.shareGroups]),
      ...ownership.conflicts,
      ...(contents?.topics.conditions ?? []),
      ...(contents?.groups.conditions ?? []),
      ...new Holds(desired).split(planned).conditions,
    ],
    ({ resource }) => resource,
  );
  const stands = (one: Topic | ShareGroup, leaderless: number): Standing => {
    const name = nameOf(one);
    const said = standingOf(conditions.get(name) ?? []);
    if (said !== null) return said;
    if (admin === null) return unreachable(findings);
    const undone = ofSteps(steps.get(name) ?? [], findings.failures);
    if (undone !== null) return undone;
    return leaderless === 0
      ? DONE
      : working(`waits for leaders of ${leaderless === 1 ? 'a partition' : `${leaderless} partitions`}`);
  };
  const topics = new Map<Topic, Draft<'Topic'>>();
  for (const one of desired.topics) {
    const name = one.spec.topicName ?? one.metadata.name;
    const actual = ownership.topics.get(name) === one ? admin?.topics.get(name) : undefined;
    const judgements = judgementsOf(stands(one, actual?.leaderless ?? 0), conditions.get(nameOf(one)));
    const [least] = actual?.copies ?? [];
    const fields = {
      ...(actual === undefined ? {} : { partitions: actual.partitions }),
      ...(least === undefined ? {} : { replicationFactor: least }),
    };
    topics.set(one, { judgements, fields: admin === null ? null : fields });
  }
  const groups = new Map<ShareGroup, Draft<'ShareGroup'>>();
  for (const one of desired.shareGroups) {
    const id = one.spec.groupId ?? one.metadata.name;
    const actual = ownership.groups.get(id) === one ? admin?.groups.get(id) : undefined;
    const judgements = judgementsOf(stands(one, 0), conditions.get(nameOf(one)));
    groups.set(one, { judgements, fields: admin === null ? null : groupFields(actual) });
  }
  return { topics, groups };
}

/** What is known of a group; a number that is not is none (O11). */
function groupFields(actual: GroupObservation | undefined): NonNullable<Draft<'ShareGroup'>['fields']> {
  const { state, members, backlog } = actual ?? {};
  return {
    ...(state === undefined ? {} : { state }),
    ...(members === undefined ? {} : { members }),
    ...(backlog === undefined ? {} : { backlog: rounded(backlog) }),
  };
}

/** A number with its first two digits: what changes all the time is written rarely. */
export function rounded(count: number): number {
  const unit = 10 ** Math.max(0, Math.floor(Math.log10(Math.max(1, count))) - 1);
  return Math.round(count / unit) * unit;
}

/** What came too late is told as a condition of its own, too (O14). */
function judgementsOf(stands: Standing, conditions: readonly Condition[] = []): readonly Judgement[] {
  const standing = unlessHeld(stands, conditions);
  const { reason, message } = standing;
  const conflict = { type: 'Conflict', status: 'True', reason, message } as const;
  return [...summary(standing), ...notesOf(conditions), ...(reason === 'Conflict' ? [conflict] : [])];
}

/** Conditions that say something of an object and nothing of how it stands. */
const NOTES: ReadonlySet<string> = new Set<Condition['type'] & ConditionType>([
  'Paused',
  'RestartPending',
  'RollAwaited',
  'AddressPending',
  'FeaturePending',
  'SubscriptionDiffers',
  'ScalingLimited',
  'ScalingHeld',
]);

const isNote = (one: Condition): one is Condition & { readonly type: ConditionType } => NOTES.has(one.type);

function notesOf(conditions: readonly Condition[]): readonly Judgement[] {
  return conditions.filter(isNote).map(({ type, reason, message }) => ({ type, status: 'True', reason, message }));
}

/** What is held back does not come by itself: somebody has to let it go first. */
function unlessHeld(standing: Standing, conditions: readonly Condition[]): Standing {
  const held = conditions.find(({ type }) => type === 'Paused');
  if (held === undefined || standing.kind !== 'working') return standing;
  return { kind: 'stalled', reason: held.reason, message: held.message };
}

/** What conditions of a plan make of an object, null when there is none; what stalls it comes first. */
function standingOf(conditions: readonly Condition[]): Standing | null {
  const standing = conditions.filter(({ type }) => !NOTES.has(type));
  const stalled = standing.find(({ type }) => type !== 'Progressing');
  const one = stalled ?? standing[0];
  if (one === undefined) return null;
  const { reason, message } = one;
  return { kind: stalled === undefined ? 'working' : 'stalled', reason, message };
}

/** The first step that failed for good, else the first. */
function ofSteps(steps: readonly Step[], failures: ReadonlyMap<string, StepFailure>): Standing | null {
  const [first] = steps;
  if (first === undefined) return null;
  const refused = steps.find((step) => failures.get(describeStep(step))?.fatal === true);
  const name = describeStep(refused ?? first);
  const failure = failures.get(name);
  const text = failure === undefined ? name : `${name}: ${failure.message}`;
  return refused === undefined ? working(text) : { kind: 'stalled', reason: 'Refused', message: text };
}

/** The object that a step is about, null: the Cluster. */
export function resourceOf(step: Step): string | null {
  return 'resource' in step ? step.resource : null;
}

/** Of a look that failed. What an API server refuses, such as a pod that can't be as the manifest has it, somebody has to change. */
function unseen(trouble: StepFailure | null): Standing {
  if (trouble?.fatal === true) return { kind: 'stalled', reason: 'Refused', message: trouble.message };
  return { kind: 'unknown', reason: 'NotObserved', message: trouble?.message ?? 'not looked at yet' };
}

function unreachable(findings: Findings): Standing {
  const name = nameOf(findings.desired.cluster);
  const said = standingOf(ownConditions(findings)) ?? unseen(findings.trouble);
  if (said.kind === 'stalled')
    return { kind: 'unknown', reason: 'ClusterStalled', message: `${name} is stalled: ${said.message}` };
  const message = `no broker of ${name} answers${findings.trouble === null ? '' : `: ${findings.trouble.message}`}`;
  return { kind: 'unknown', reason: 'BrokerUnreachable', message };
}

function byResource<T>(all: readonly T[], of: (one: T) => string | null): ReadonlyMap<string, readonly T[]> {
  const groups = new Map<string, T[]>();
  for (const one of all) {
    const resource = of(one);
    if (resource === null) continue;
    const group = groups.get(resource);
    if (group === undefined) groups.set(resource, [one]);
    else group.push(one);
  }
  return groups;
}

const nodesIn = (ids: readonly number[]): string => `${ids.length === 1 ? 'node' : 'nodes'} ${listed(ids.map(String))}`;
