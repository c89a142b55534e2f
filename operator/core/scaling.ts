import { brokerRow } from '../../broker/core/config/rows.ts';
import { type Cluster, groupIdOf, type ShareGroup } from '../api/kinds.ts';
import type { AdminObservation } from './observed.ts';

/** What decides how many consumers a group is given. Numbers of replicas are at most 1,000. */
export interface ScalingPolicy {
  readonly minReplicas: number;
  readonly maxReplicas: number;
  /** Records for which there is one replica, ≥ 1. */
  readonly backlogPerReplica: number;
  /** The longest steps, in percent of what there is. */
  readonly scaleUpPercent: number;
  readonly scaleDownPercent: number;
  readonly stabilizationMs: number;
}

/** A number of replicas that was asked for. */
interface Wish {
  readonly atMs: number;
  readonly replicas: number;
}

/** What has to be known of the last looks. Whoever has lost it begins without: then nothing goes for a stabilization. */
export interface ScalingMemory {
  /** What was asked for within the stabilization, as far as nothing later asked for as much: numbers fall, times rise. */
  readonly wishes: readonly Wish[];
  /** When the number was changed last, monotonic ms. */
  readonly steppedMs: number;
}

/** One look at a group and its consumers. */
export interface ScalingSight {
  /** Monotonic ms. */
  readonly nowMs: number;
  /** Records that are not done with; null while that is not known. */
  readonly backlog: number | null;
  /** Replicas that there should be by now. */
  readonly current: number;
}

/** How many replicas there are to be from now on. */
export interface ScalingDecision {
  readonly memory: ScalingMemory;
  readonly replicas: number;
  /** More than `maxReplicas` were asked for within the stabilization. */
  readonly isAtMaximum: boolean;
}

/** Time between two steps up, ms: consumers that were added have a moment to begin. */
export const STEP_MS = 10_000;

const LOCK = { group: 'share.record.lock.duration.ms', cluster: 'group.share.record.lock.duration.ms' } as const;
const MEMBERS_MAX = 'group.share.max.size';

/** The policy of a ShareGroup under its Cluster's settings; null: it has none, or leaves that to others. */
export function policyOf(group: ShareGroup, cluster: Cluster): ScalingPolicy | null {
  const { scaling, config } = group.spec;
  if (scaling?.mode !== 'Builtin') return null;
  const ofCluster = (name: typeof LOCK.cluster | typeof MEMBERS_MAX): number =>
    Number(cluster.spec.config.get(name) ?? brokerRow(name).default);
  const lockMs = Number(config.get(LOCK.group) ?? ofCluster(LOCK.cluster));
  const maxReplicas = Math.min(scaling.maxReplicas, ofCluster(MEMBERS_MAX));
  return {
    minReplicas: Math.min(scaling.minReplicas, maxReplicas),
    maxReplicas,
    backlogPerReplica: scaling.backlogPerReplica,
    scaleUpPercent: scaling.scaleUpPercent,
    scaleDownPercent: scaling.scaleDownPercent,
    // Before that what consumers held that went is not handed out again.
    stabilizationMs: Math.max(scaling.stabilizationSeconds * 1000, lockMs),
  };
}

/**
 * Records of a group's topics that it is not done with, or why that can't be told: a part that is not known must not count as nothing, and
 * what is left of topics that it does not read any more is nobody's work.
 */
export function backlogOf(group: ShareGroup, admin: AdminObservation | null): number | string {
  if (admin === null) return 'no broker answers';
  const actual = admin.groups.get(groupIdOf(group));
  if (actual?.begun === undefined) return 'the coordinator of the group does not tell';
  let backlog = 0;
  for (const topic of group.spec.topics) {
    const partitions = admin.topics.get(topic)?.partitions;
    if (partitions === undefined) return `topic ${topic} is not there`;
    if ((actual.begun.get(topic)?.size ?? 0) < partitions)
      return `the group has not begun in all partitions of topic ${topic}`;
    const left = actual.backlogs?.get(topic);
    if (left === undefined) return `the coordinator of the group does not tell how much is left of topic ${topic}`;
    backlog += left;
  }
  return backlog;
}

/** Decides by the backlog. G1 to G6 of DESIGN.md hold. */
export function decide(
  policy: ScalingPolicy,
  { nowMs, backlog, current }: ScalingSight,
  memory: ScalingMemory | null,
): ScalingDecision {
  const { minReplicas: min, maxReplicas: max, stabilizationMs } = policy;
  const before = memory ?? { wishes: [{ atMs: nowMs, replicas: current }], steppedMs: nowMs };
  // What is not known asks for what there is.
  const asked = backlog === null ? current : Math.ceil(backlog / policy.backlogPerReplica);
  const wishes = withWish(before.wishes, { atMs: nowMs, replicas: asked }, stabilizationMs);
  const most = wishes[0]?.replicas ?? asked;
  const within = (replicas: number): number => Math.min(max, Math.max(min, replicas));
  const sinceMs = nowMs - before.steppedMs;
  let replicas = current;
  if (backlog !== null) {
    if (within(current) !== current) replicas = within(current);
    else if (within(asked) > current && sinceMs >= STEP_MS)
      replicas = Math.min(within(asked), current + stepOf(current, policy.scaleUpPercent));
    else if (within(most) < current && sinceMs >= stabilizationMs)
      replicas = Math.max(within(most), current - stepOf(current, policy.scaleDownPercent));
  }
  const steppedMs = replicas === current ? before.steppedMs : nowMs;
  return { memory: { wishes, steppedMs }, replicas, isAtMaximum: most > max };
}

const stepOf = (current: number, percent: number): number => Math.max(1, Math.floor((current * percent) / 100));

/** With one more wish; those that are too old, or that this one outdoes, are forgotten. */
function withWish(wishes: readonly Wish[], wish: Wish, windowMs: number): readonly Wish[] {
  return [...wishes.filter(({ atMs, replicas }) => atMs > wish.atMs - windowMs && replicas > wish.replicas), wish];
}
