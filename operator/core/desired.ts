import {
  type AnyResource,
  type Cluster,
  groupIdOf,
  nameOf,
  type ShareGroup,
  type Topic,
  topicNameOf,
} from '../api/kinds.ts';
import { belongsTo } from '../api/references.ts';

/** Everything that manifests say about one cluster, in the order of age: of two claims to one thing the older acts (O14). */
export interface Desired {
  readonly cluster: Cluster;
  readonly topics: readonly Topic[];
  readonly shareGroups: readonly ShareGroup[];
  /** Those of them that were deleted and take their topic or group with them: until that is gone it is still theirs. */
  readonly ending?: ReadonlySet<Topic | ShareGroup>;
  /** Names of topics whose Topics can't be read: until somebody has mended these nobody else makes the topics (O14). */
  readonly unread?: ReadonlySet<string>;
}

/** A state of a resource that its owner should know of; polarity and names as in Kubernetes. */
export interface Condition {
  /** `Topic orders`; see `nameOf`. */
  readonly resource: string;
  readonly type:
    | 'Conflict'
    | 'Stalled'
    | 'Progressing'
    | 'Paused'
    | 'RestartPending'
    | 'RollAwaited'
    | 'AddressPending'
    | 'FeaturePending'
    | 'SubscriptionDiffers'
    | 'ScalingLimited'
    | 'ScalingHeld';
  readonly reason: string;
  readonly message: string;
}

/** Groups valid manifests by cluster. Manifests whose cluster is not among them, or that it does not permit, are left out (O15). */
export function desiredOf(resources: readonly AnyResource[]): readonly Desired[] {
  const result: Desired[] = [];
  for (const cluster of resources) {
    if (cluster.kind !== 'Cluster') continue;
    result.push({
      cluster,
      topics: resources.filter((one): one is Topic => one.kind === 'Topic' && belongsTo(one, cluster)),
      shareGroups: resources.filter((one): one is ShareGroup => one.kind === 'ShareGroup' && belongsTo(one, cluster)),
    });
  }
  return result;
}

/** Who acts on which topic and group, and who came too late. */
export interface Ownership {
  readonly topics: ReadonlyMap<string, Topic>;
  readonly groups: ReadonlyMap<string, ShareGroup>;
  readonly conflicts: readonly Condition[];
}

/** What was resolved, by the lists of Topics and of ShareGroups: they never change, and each look at a Cluster asks some times. */
const resolved = new WeakMap<readonly Topic[], WeakMap<readonly ShareGroup[], Ownership>>();

/** Gives each topic name and group id to the oldest manifest that claims it (O14). */
export function resolveOwnership(desired: Desired): Ownership {
  const byGroups = resolved.get(desired.topics) ?? new WeakMap<readonly ShareGroup[], Ownership>();
  resolved.set(desired.topics, byGroups);
  const before = byGroups.get(desired.shareGroups);
  if (before !== undefined) return before;
  const ownership = ownershipOf(desired);
  byGroups.set(desired.shareGroups, ownership);
  return ownership;
}

function ownershipOf(desired: Desired): Ownership {
  const conflicts: Condition[] = [];
  const claim = <T extends Topic | ShareGroup>(
    all: readonly T[],
    idOf: (one: T) => string,
    what: string,
  ): Map<string, T> => {
    const owners = new Map<string, T>();
    for (const one of all) {
      const id = idOf(one);
      const owner = owners.get(id);
      if (owner === undefined) owners.set(id, one);
      else {
        const message = `${what} ${id} belongs to ${nameOf(owner)}, which is older; nothing is done for this one`;
        conflicts.push({ resource: nameOf(one), type: 'Conflict', reason: 'Conflict', message });
      }
    }
    return owners;
  };
  const topics = claim(desired.topics, topicNameOf, 'topic');
  const groups = claim(desired.shareGroups, groupIdOf, 'group');
  return { topics, groups, conflicts };
}

/** Names of all topics that acting manifests declare, sorted: what has to have leaders before a cluster is ready. */
export function declaredTopics({ ending, unread }: Desired, ownership: Ownership): readonly string[] {
  const names = new Set([...ownership.topics].flatMap(([name, topic]) => (ending?.has(topic) === true ? [] : [name])));
  for (const group of ownership.groups.values()) {
    if (ending?.has(group) !== true && group.spec.createTopics !== undefined)
      for (const topic of group.spec.topics) if (unread?.has(topic) !== true) names.add(topic);
  }
  return [...names].sort();
}

/** Numbers of copies that acting Topics declare. */
export function declaredCopies(desired: Desired): ReadonlyMap<string, number> {
  const { topics } = resolveOwnership(desired);
  return new Map(
    [...topics].flatMap(([name, { spec }]) =>
      spec.replicationFactor === undefined ? [] : [[name, spec.replicationFactor] as const],
    ),
  );
}

/** Names of all topics that a plan has to know about, sorted. */
export function mentionedTopics(desired: Desired): readonly string[] {
  const names = new Set(desired.topics.map(topicNameOf));
  for (const group of desired.shareGroups) for (const topic of group.spec.topics) names.add(topic);
  return [...names].sort();
}
