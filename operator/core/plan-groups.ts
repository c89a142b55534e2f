import { nameOf } from '../api/kinds.ts';
import { configChange } from './config-change.ts';
import type { Condition, Desired, Ownership } from './desired.ts';
import type { AdminObservation } from './observed.ts';
import type { PartialPlan } from './plan-topics.ts';
import type { Step } from './steps.ts';

/** A declared group starts at the earliest record unless its manifest says otherwise: nothing is skipped (O13). */
export const DEFAULT_GROUP_CONFIG: ReadonlyMap<string, string> = new Map([['share.auto.offset.reset', 'earliest']]);

/**
 * Brings the settings of groups to what ShareGroups say. Initialising share state ahead of the first member (O13)
 * needs AlterShareGroupOffsets, which is not served yet: until then the first member does it, at the same offset.
 */
export function planGroups(desired: Desired, ownership: Ownership, admin: AdminObservation): PartialPlan {
  const steps: Step[] = [];
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
    if (change !== null) steps.push({ kind: 'EnsureGroup', groupId, resource, change });
    for (const topic of group.spec.topics) {
      if (admin.topics.has(topic) || group.spec.createTopics !== undefined || ownership.topics.has(topic)) continue;
      const message = `topic ${topic} does not exist; declare a Topic or createTopics`;
      conditions.push({ resource, type: 'Progressing', reason: 'TopicNotFound', message });
    }
  }
  return { steps, conditions };
}
