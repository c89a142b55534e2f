import { groupIdOf, nameOf, type Topic } from '../api/kinds.ts';
import { configChange } from './config-change.ts';
import type { Condition, Desired, Ownership } from './desired.ts';
import type { AdminObservation, TopicObservation } from './observed.ts';
import type { Step } from './steps.ts';

/** Steps and findings of one part of a plan. */
export interface PartialPlan {
  readonly steps: readonly Step[];
  readonly conditions: readonly Condition[];
}

/** The value that leaves a number to the cluster's own settings (`num.partitions`, `default.replication.factor`). */
const CLUSTER_DEFAULT = -1;

/** Brings topics to what Topics say, and creates the absent ones that only ShareGroups name (O12, O14). */
export function planTopics(
  desired: Desired,
  ownership: Ownership,
  admin: AdminObservation,
  rest: {
    /** Brokers that may have copies, sorted. */
    readonly brokers: readonly number[];
    /** Settings of the cluster are to be changed first. */
    readonly isConfiguring: boolean;
  },
): PartialPlan {
  const steps: Step[] = [];
  const conditions: Condition[] = [];
  for (const name of [...ownership.topics.keys()].sort()) {
    const topic = ownership.topics.get(name);
    const actual = admin.topics.get(name);
    if (topic === undefined) continue;
    if (desired.ending?.has(topic) === true) {
      steps.push({ kind: 'DeleteTopic', topic: name, resource: nameOf(topic) });
      continue;
    }
    planTopic(name, topic, actual, { steps, conditions });
    if (actual !== undefined && !rest.isConfiguring)
      planCopies(name, topic, { actual, ...rest }, { steps, conditions });
  }
  planCreateTopics(desired, ownership, admin, steps);
  return { steps, conditions };
}

function planTopic(
  name: string,
  topic: Topic,
  actual: TopicObservation | undefined,
  out: { readonly steps: Step[]; readonly conditions: Condition[] },
): void {
  const resource = nameOf(topic);
  const { partitions, replicationFactor, config } = topic.spec;
  if (actual === undefined) {
    const change = {
      kind: 'create',
      partitions: partitions ?? CLUSTER_DEFAULT,
      replicationFactor: replicationFactor ?? CLUSTER_DEFAULT,
      config,
    } as const;
    out.steps.push({ kind: 'EnsureTopic', topic: name, resource, change });
    return;
  }
  const stalled = (message: string): void => {
    out.conditions.push({ resource, type: 'Stalled', reason: 'InvalidSpec', message });
  };
  if (partitions !== undefined && partitions < actual.partitions) {
    stalled(`topic ${name} has ${actual.partitions} partitions and cannot shrink to ${partitions}`);
  } else if (partitions !== undefined && partitions > actual.partitions) {
    const change = { kind: 'grow', partitions, before: actual.partitions } as const;
    out.steps.push({ kind: 'EnsureTopic', topic: name, resource, change });
  }
  const change = configChange(config, actual.config, 'exact');
  if (change !== null)
    out.steps.push({ kind: 'EnsureTopic', topic: name, resource, change: { kind: 'configure', change } });
}

/** Another number of copies is a reassignment (O14), which goes on by itself. Settings come first: they say how few may be. */
function planCopies(
  name: string,
  topic: Topic,
  { actual, brokers }: { readonly actual: TopicObservation; readonly brokers: readonly number[] },
  out: { readonly steps: Step[]; readonly conditions: Condition[] },
): void {
  const resource = nameOf(topic);
  const { replicationFactor, config } = topic.spec;
  const { copies, resizing, minInsyncReplicas } = actual;
  if (replicationFactor === undefined || configChange(config, actual.config, 'exact') !== null) return;
  if (resizing === 0 && copies.every((count) => count === replicationFactor)) return;
  if (replicationFactor < minInsyncReplicas && copies.some((count) => count > replicationFactor)) {
    const message = `topic ${name} has min.insync.replicas ${minInsyncReplicas} and cannot have ${replicationFactor} of ${copies.join(' or ')} copies; lower that first`;
    out.conditions.push({ resource, type: 'Stalled', reason: 'InvalidSpec', message });
    return;
  }
  const change = { kind: 'resize', replicationFactor, brokers } as const;
  out.steps.push({ kind: 'EnsureTopic', topic: name, resource, change });
}

/** `createTopics` creates what is absent and no Topic names; an existing topic is never altered. The oldest group decides. */
function planCreateTopics(desired: Desired, ownership: Ownership, admin: AdminObservation, steps: Step[]): void {
  const planned = new Set<string>();
  for (const group of desired.shareGroups) {
    const { createTopics, topics } = group.spec;
    if (
      createTopics === undefined ||
      ownership.groups.get(groupIdOf(group)) !== group ||
      desired.ending?.has(group) === true
    )
      continue;
    for (const topic of topics) {
      const isNamed = ownership.topics.has(topic) || desired.unread?.has(topic) === true;
      if (admin.topics.has(topic) || isNamed || planned.has(topic)) continue;
      planned.add(topic);
      const change = {
        kind: 'create',
        partitions: createTopics.partitions ?? CLUSTER_DEFAULT,
        replicationFactor: createTopics.replicationFactor ?? CLUSTER_DEFAULT,
        config: new Map<string, string>(),
      } as const;
      steps.push({ kind: 'EnsureTopic', topic, resource: nameOf(group), change });
    }
  }
}
