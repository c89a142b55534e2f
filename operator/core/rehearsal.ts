import { unreachable } from '../../broker/core/base/assert.ts';
import { type Cluster, FIRST_CONTROLLER_ID, nameOf } from '../api/kinds.ts';
import type { Desired } from './desired.ts';
import type { AdminObservation, GroupObservation, NodeObservation, Observed, QuorumReplica } from './observed.ts';
import { type Plan, plan } from './plan.ts';
import { type IsDynamic, wantedNodes } from './plan-nodes.ts';
import { type ConfigChange, describeStep, type NodeSpec, type Step, type TopicChange } from './steps.ts';

/** How a cluster would go on if every step led where it should, each planned on what the one before it led to. */
export interface Rehearsal {
  /** In the order in which they would be carried out. */
  readonly steps: readonly Step[];
  /** What would be declared, be seen and be planned after the last of them. */
  readonly desired: Desired;
  readonly observed: Observed;
  readonly plan: Plan;
}

/** More than any manifests ask for: a plan that has no end is a bug, and not to be waited for. */
const STEPS_MAX = 100_000;

/**
 * Plans until nothing is left to be done, or what comes next can't be known from here: what is in a cluster that runs and does not
 * answer, or when a node can be spared. Nothing is carried out.
 */
export function rehearse(desired: Desired, observed: Observed, isDynamic: IsDynamic): Rehearsal {
  const steps: Step[] = [];
  const taken = new Set<string>();
  const isNew = observed.host.formation === null;
  let wishes = desired;
  let seen = observed;
  for (;;) {
    const next = plan(wishes, seen, isDynamic);
    // What is to be done again leads nowhere.
    const batch = firstOf(next.steps).filter((step) => !taken.has(describeStep(step)));
    if (batch.length === 0 || steps.length > STEPS_MAX) {
      const later = settled(seen, wishes.cluster, isDynamic);
      if (later === seen) return { steps, desired: wishes, observed: seen, plan: next };
      seen = later;
    }
    for (const step of batch) {
      steps.push(step);
      taken.add(describeStep(step));
      seen = after(seen, step);
      if (step.kind === 'DeleteTopic' || step.kind === 'DeleteGroup') wishes = without(wishes, step.resource);
    }
    if (isNew) seen = served(seen);
  }
}

/** Steps that change nothing for those behind them, of which there may be thousands, or else the first. */
function firstOf(steps: readonly Step[]): readonly Step[] {
  const [first] = steps;
  // Where a group begins depends on the topics that there are by then.
  const isOneKind = first?.kind === 'AddNode' || first?.kind === 'BeginGroup';
  const isAlike = (step: Step): boolean => (isOneKind ? step.kind === first.kind : isByItself(step));
  const end = steps.findIndex((step) => !isAlike(step));
  return steps.slice(0, end < 0 ? steps.length : Math.max(1, end));
}

function isByItself(step: Step): boolean {
  return step.kind === 'EnsureGroup' || (step.kind === 'EnsureTopic' && step.change.kind === 'create');
}

function without(desired: Desired, resource: string): Desired {
  const { topics, shareGroups } = desired;
  return {
    ...desired,
    topics: topics.filter((one) => nameOf(one) !== resource),
    shareGroups: shareGroups.filter((one) => nameOf(one) !== resource),
  };
}

/** Time has passed: who starts has started, who stops has stopped. */
function settled(seen: Observed, cluster: Cluster, isDynamic: IsDynamic): Observed {
  const wanted = wantedNodes(cluster, isDynamic);
  return seen.host.nodes.reduce((before, node) => {
    if (node.phase !== 'starting' && node.phase !== 'stopping') return before;
    const isLeaving = node.phase === 'stopping' && !wanted.some(({ id }) => id === node.id);
    return isLeaving ? withNode(before, { ...node, phase: 'stopped', ready: false }) : withRunning(before, node);
  }, seen);
}

/** A cluster that was made here has nothing in it. */
function served(seen: Observed): Observed {
  const { formation, nodes } = seen.host;
  if (seen.admin !== null || formation === null || nodes.length === 0) return seen;
  const voters = formation.initialVoters.map(({ id }) => following(id, diskOf(id)));
  const brokers = nodes.flatMap(({ id }) => (id < FIRST_CONTROLLER_ID ? [id] : []));
  const admin: AdminObservation = {
    brokers,
    unfenced: brokers,
    quorum: { leaderId: voters[0]?.id ?? -1, voters, observers: [] },
    members: new Map(),
    obstacles: new Map(),
    losses: new Map(),
    topics: new Map(),
    groups: new Map(),
    config: new Map(),
    advertised: new Map(),
  };
  return { ...seen, admin };
}

/** One that has caught up. */
const following = (id: number, directoryId: string): QuorumReplica => ({ id, directoryId, lag: 0, silentMs: 0 });

/** A disk that was never seen. */
const diskOf = (id: number): string => `disk-of-${id}`;

function after(seen: Observed, step: Step): Observed {
  const { host } = seen;
  switch (step.kind) {
    case 'Form': {
      const initialVoters = step.initialVoters.map((id) => ({ id, directoryId: diskOf(id) }));
      return { ...seen, host: { ...host, formation: { clusterId: '', initialVoters, formed: false } } };
    }
    case 'AddNode':
    case 'Restart':
      return withRunning(seen, startedAs(step.node, seen));
    case 'RemoveNode':
      return changeNode(seen, step.id, { phase: 'stopped', ready: false });
    case 'ReplaceDisk': {
      const fresh = { phase: 'starting', ready: false, replacement: 'done' } as const;
      return changeNode(seen, step.id, { ...fresh, directoryId: `new-${diskOf(step.id)}` });
    }
    case 'Undrain':
      return changeNode(seen, step.id, { mark: 'joining' });
    case 'ForgetNode':
      return { ...seen, host: { ...host, nodes: host.nodes.filter(({ id }) => id !== step.id) } };
    case 'Rebalance':
      return step.ids.reduce((before, id) => changeNode(before, id, { mark: null }), seen);
    case 'Drain': {
      const marked = step.ids.reduce((before, id) => changeNode(before, id, { mark: 'leaving' }), seen);
      return withAdmin(marked, ({ members }) => ({
        members: new Map([...members, ...step.ids.map((id) => [id, 0] as const)]),
      }));
    }
    default:
      return withAdmin(seen, (admin) => inside(admin, step));
  }
}

type Inside = Exclude<
  Step,
  {
    kind:
      | 'Form'
      | 'AddNode'
      | 'Restart'
      | 'RemoveNode'
      | 'ReplaceDisk'
      | 'Undrain'
      | 'ForgetNode'
      | 'Rebalance'
      | 'Drain';
  }
>;

/** What brokers and controllers would tell after a step. */
function inside(admin: AdminObservation, step: Inside): Partial<AdminObservation> {
  const { quorum, topics, groups, config } = admin;
  switch (step.kind) {
    case 'AddVoter':
    case 'RemoveVoter': {
      if (quorum === null) return {};
      const { id, directoryId } = step;
      const others = quorum.voters.filter((one) => one.id !== id || one.directoryId !== directoryId);
      const voters = step.kind === 'AddVoter' ? [...others, following(id, directoryId)] : others;
      return { quorum: { ...quorum, voters } };
    }
    case 'SetAdvertised':
      return { advertised: new Map(admin.advertised).set(step.id, step.endpoints) };
    case 'RaiseFeature':
      return { features: { level: step.level, next: Math.max(step.level, admin.features?.next ?? 0) } };
    case 'SetConfig':
      return { config: changed(config, step.change) };
    case 'EnsureTopic':
      return { topics: new Map(topics).set(step.topic, topicAfter(topics.get(step.topic), step.change)) };
    case 'EnsureGroup': {
      const old = groups.get(step.groupId);
      const group = { ...(old ?? { type: null, begun: new Map() }), config: changed(old?.config, step.change) };
      return { groups: new Map(groups).set(step.groupId, group) };
    }
    case 'BeginGroup': {
      const old = groups.get(step.groupId);
      const begun = new Map(old?.begun);
      for (const { topic, partitions } of step.starts)
        begun.set(topic, new Set([...(begun.get(topic) ?? []), ...partitions]));
      const group = { config: new Map(), ...old, type: 'share', state: 'Empty', begun };
      return { groups: new Map(groups).set(step.groupId, group) };
    }
    case 'DeleteTopic': {
      const without = <T>(all: ReadonlyMap<string, T>): Map<string, T> =>
        new Map([...all].filter(([name]) => name !== step.topic));
      // Groups forget it, too.
      const forgetful = ({ begun, ...group }: GroupObservation): GroupObservation =>
        begun === undefined ? group : { ...group, begun: without(begun) };
      return {
        topics: without(topics),
        groups: new Map([...groups].map(([id, group]) => [id, forgetful(group)] as const)),
      };
    }
    case 'DeleteGroup':
      return { groups: new Map([...groups].filter(([id]) => id !== step.groupId)) };
    default:
      return unreachable(step);
  }
}

type Topic = AdminObservation['topics'] extends ReadonlyMap<string, infer T> ? T : never;

function topicAfter(old: Topic | undefined, change: TopicChange): Topic {
  const nothing: Topic = {
    partitions: 0,
    copies: [],
    resizing: 0,
    minInsyncReplicas: 1,
    leaderless: 0,
    config: new Map(),
  };
  const topic = old ?? nothing;
  switch (change.kind) {
    case 'create': {
      // What the cluster's settings decide nobody asks about.
      const copies = change.replicationFactor < 0 ? [] : [change.replicationFactor];
      return { ...topic, partitions: Math.max(1, change.partitions), copies, config: change.config };
    }
    case 'grow':
      return { ...topic, partitions: change.partitions };
    case 'resize':
      return { ...topic, copies: [change.replicationFactor], resizing: 0 };
    case 'configure':
      return { ...topic, config: changed(topic.config, change.change) };
    default:
      return unreachable(change);
  }
}

function changed(config: ReadonlyMap<string, string> | undefined, change: ConfigChange): ReadonlyMap<string, string> {
  const next = new Map([...(config ?? []), ...change.set]);
  for (const name of change.unset) next.delete(name);
  return next;
}

function withAdmin(seen: Observed, change: (admin: AdminObservation) => Partial<AdminObservation>): Observed {
  return seen.admin === null ? seen : { ...seen, admin: { ...seen.admin, ...change(seen.admin) } };
}

function withNode(seen: Observed, node: NodeObservation): Observed {
  const others = seen.host.nodes.filter(({ id }) => id !== node.id);
  const nodes = [...others, node].sort((a, b) => a.id - b.id);
  return { ...seen, host: { ...seen.host, nodes } };
}

function changeNode(seen: Observed, id: number, change: Partial<NodeObservation>): Observed {
  const node = seen.host.nodes.find((one) => one.id === id);
  return node === undefined ? seen : withNode(seen, { ...node, ...change });
}

function withRunning(seen: Observed, node: NodeObservation): Observed {
  const known = seen.admin?.quorum?.voters.find(({ id }) => id === node.id)?.directoryId;
  const directoryId = node.directoryId ?? known ?? diskOf(node.id);
  const running = withNode(seen, { ...node, phase: 'running', ready: true, directoryId });
  if (node.id >= FIRST_CONTROLLER_ID) return running;
  return withAdmin(running, ({ brokers, quorum }) => {
    const ids = [...new Set([...brokers, node.id])].sort((a, b) => a - b);
    const isSelf = (one: QuorumReplica): boolean => one.id === node.id && one.directoryId === directoryId;
    if (quorum === null || quorum.voters.some(isSelf)) return { brokers: ids, unfenced: ids };
    const others = quorum.observers.filter(({ id }) => id !== node.id);
    const observers = [...others, following(node.id, directoryId)];
    return { brokers: ids, unfenced: ids, quorum: { ...quorum, observers } };
  });
}

function startedAs({ id, specHash, declaredHash, restart, roles }: NodeSpec, { host }: Observed): NodeObservation {
  const known = host.nodes.find((one) => one.id === id);
  const isNewcomer = host.formation?.formed === true && roles.includes('broker');
  const fresh: NodeObservation = {
    id,
    specHash,
    phase: 'starting',
    ready: false,
    address: null,
    directoryId: null,
    controlAddress: null,
    mark: isNewcomer ? 'joining' : null,
    volumeBytes: null,
  };
  return { ...fresh, ...known, specHash, declaredHash, restart };
}
