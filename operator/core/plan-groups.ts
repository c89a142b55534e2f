import { nameOf, type ShareGroup } from '../api/kinds.ts';
import { configChange } from './config-change.ts';
import type { Condition, Desired, Ownership } from './desired.ts';
import type { AdminObservation, GroupObservation } from './observed.ts';
import type { PartialPlan } from './plan-topics.ts';
import type { GroupStart, Step } from './steps.ts';

const RESET = 'share.auto.offset.reset';
/** Where nothing is skipped. */
const EARLIEST = 'earliest';

/** The reason of a condition: where a group has begun is asked again. */
export const UNSAID = 'CoordinatorNotAvailable';

/** A declared group starts at the earliest record unless its manifest says otherwise: nothing is skipped (O13). */
export const DEFAULT_GROUP_CONFIG: ReadonlyMap<string, string> = new Map([[RESET, EARLIEST]]);

/** Brings groups to what ShareGroups say: their settings, and where they begin before the first member comes (O13). */
export function planGroups(desired: Desired, ownership: Ownership, admin: AdminObservation): PartialPlan {
  const steps: Step[] = [];
  const begins: Step[] = [];
  const conditions: Condition[] = [];
  for (const groupId of [...ownership.groups.keys()].sort()) {
    const group = ownership.groups.get(groupId);
    if (group === undefined) continue;
    const resource = nameOf(group);
    const actual = admin.groups.get(groupId);
    const type = actual?.type ?? null;
    if (type !== null && type !== 'share') {
      const message = `group ${groupId} is a ${type} group; a share group needs another id`;
      conditions.push({ resource, type: 'Stalled', reason: 'WrongGroupType', message });
      continue;
    }
    if (desired.ending?.has(group) === true) {
      const settings = [...(actual?.config.keys() ?? [])].sort();
      steps.push({ kind: 'DeleteGroup', groupId, resource, settings });
      continue;
    }
    const wanted = new Map([...DEFAULT_GROUP_CONFIG, ...group.spec.config]);
    const change = configChange(wanted, actual?.config ?? new Map(), 'exact');
    const starts = startsOf(group, actual, admin);
    // Settings come first: a member that comes meanwhile begins by them.
    if (change !== null) steps.push({ kind: 'EnsureGroup', groupId, resource, change });
    else if (starts.length > 0) begins.push({ kind: 'BeginGroup', groupId, resource, starts });
    conditions.push(...topicConditions(group, desired, ownership, admin), ...memberConditions(groupId, group, actual));
  }
  return { steps: [...steps, ...begins], conditions };
}

/** Nobody is in it: members begin by themselves. */
function isEmpty({ type, state }: GroupObservation): boolean {
  return type === null || state === 'Empty';
}

/**
 * Partitions of which a group that nobody is in has no state. What it has state of is never touched; partitions that a topic gets
 * after the group began in it hold nothing that the group might skip (KAFKA-20742).
 */
function startsOf(
  group: ShareGroup,
  actual: GroupObservation | undefined,
  admin: AdminObservation,
): readonly GroupStart[] {
  const begun = actual?.begun;
  if (actual === undefined || begun === undefined || !isEmpty(actual)) return [];
  const at = group.spec.config.get(RESET) ?? EARLIEST;
  return group.spec.topics.flatMap((topic) => {
    const seen = admin.topics.get(topic);
    // Its leaders tell where its records begin and end.
    if (seen === undefined || seen.leaderless > 0) return [];
    const known = begun.get(topic) ?? new Set<number>();
    const partitions = Array.from({ length: seen.partitions }, (_, index) => index).filter((one) => !known.has(one));
    return partitions.length === 0 ? [] : [{ topic, partitions, at: known.size === 0 ? at : EARLIEST }];
  });
}

function topicConditions(
  group: ShareGroup,
  { unread }: Desired,
  ownership: Ownership,
  admin: AdminObservation,
): readonly Condition[] {
  const isUnread = (topic: string): boolean => unread?.has(topic) === true;
  const missing = group.spec.topics.filter(
    (topic) =>
      !admin.topics.has(topic) &&
      !ownership.topics.has(topic) &&
      (group.spec.createTopics === undefined || isUnread(topic)),
  );
  return missing.map((topic) => ({
    resource: nameOf(group),
    type: 'Progressing',
    reason: 'TopicNotFound',
    message: `topic ${topic} does not exist; ${isUnread(topic) ? 'mend the Topic that names it' : 'declare a Topic or createTopics'}`,
  }));
}

/** What members say, and what can't be told of them. */
function memberConditions(
  groupId: string,
  group: ShareGroup,
  actual: GroupObservation | undefined,
): readonly Condition[] {
  const resource = nameOf(group);
  const conditions: Condition[] = [];
  if (actual !== undefined && actual.begun === undefined && isEmpty(actual)) {
    const message = `the coordinator of group ${groupId} does not say yet where it begins`;
    conditions.push({ resource, type: 'Progressing', reason: UNSAID, message });
  }
  const { subscriptions = [] } = actual ?? {};
  const others = subscriptions.filter((topic) => !group.spec.topics.includes(topic));
  const unread = group.spec.topics.filter((topic) => !subscriptions.includes(topic));
  if (subscriptions.length === 0 || (others.length === 0 && unread.length === 0)) return conditions;
  const said = [
    ...(others.length === 0
      ? []
      : [`members subscribe to ${others.join(', ')} as well, which spec.topics does not name`]),
    ...(unread.length === 0 ? [] : [`no member subscribes to ${unread.join(', ')}`]),
  ];
  conditions.push({ resource, type: 'SubscriptionDiffers', reason: 'SubscriptionDiffers', message: said.join('; ') });
  return conditions;
}
