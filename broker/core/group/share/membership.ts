import { indexesOf } from '../../metadata/view.ts';
import type { Step } from '../step.ts';
import { assignPartitions } from './assignor.ts';
import { sameAssignment, type ShareGroup, type ShareMember } from './group.ts';

/** State of a member in its current assignment record: it has what it should. Share members know no other. */
const MEMBER_STABLE = 0;
const HASH_LOW_SEED = 0x811c_9dc5;
const HASH_HIGH_SEED = 0x9e37_79b9;
const FNV_PRIME = 0x0100_0193;

/** The epoch of a group that was made and has no member yet, as in Kafka: the first member gets the next one. */
const MADE_EPOCH = 1;

/** Begins a new group epoch: the target assignment has to be made anew. */
export function bumpEpoch(step: Step, group: ShareGroup): void {
  const value = { epoch: Math.max(MADE_EPOCH, group.groupEpoch) + 1, metadataHash: metadataHash(step, group) };
  step.write({ kind: 'shareGroup', groupId: group.groupId, value });
}

/** A number that changes when a subscribed topic comes, goes, is replaced or gets partitions; 52 bits. */
export function metadataHash(step: Step, group: ShareGroup): number {
  let low = HASH_LOW_SEED;
  let high = HASH_HIGH_SEED;
  for (const name of group.subscribedTopicNames()) {
    const topic = step.view.topicByName(name);
    if (topic === null) continue;
    const text = `${topic.id} ${name} ${topic.partitionCount}\n`;
    for (let index = 0; index < text.length; index += 1) {
      low = Math.imul(low ^ text.charCodeAt(index), FNV_PRIME);
      high = Math.imul(high ^ text.charCodeAt(index), FNV_PRIME);
    }
  }
  return (high >>> 12) * 0x1_0000_0000 + (low >>> 0);
}

/**
 * Makes the target assignment of the group's current epoch. Only initialised partitions of existing topics take part.
 */
export function assign(step: Step, group: ShareGroup): void {
  const topics = group.initialized.flatMap(({ topicId, topicName, partitions }) => {
    const topic = step.view.topicByName(topicName);
    if (topic === null || topic.id !== topicId) return [];
    const existing = step.has('state-unawaited')
      ? indexesOf(topic)
      : partitions.filter((partition) => partition < topic.partitionCount);
    return existing.length === 0 ? [] : [{ topicId, topicName, partitions: existing }];
  });
  const topicIds = new Map(topics.map(({ topicId, topicName }) => [topicName, topicId]));
  const members = [...group.members.values()].map(({ memberId, subscribedTopicNames }) => ({
    memberId,
    topicIds: subscribedTopicNames.flatMap((name) => topicIds.get(name) ?? []),
    current: group.target.get(memberId) ?? [],
  }));
  const assignment = assignPartitions({ topics, members }, step.bugs);
  for (const [memberId, topicPartitions] of assignment) {
    const before = group.target.get(memberId);
    if (before !== undefined && sameAssignment(before, topicPartitions)) continue;
    step.write({ kind: 'shareTargetMember', groupId: group.groupId, memberId, value: { topicPartitions } });
  }
  const value = { assignmentEpoch: group.groupEpoch, assignmentTimestamp: step.now.wallMs };
  step.write({ kind: 'shareTarget', groupId: group.groupId, value });
}

/** Brings a member to the target assignment. True when what it has changed. */
export function reconcile(step: Step, group: ShareGroup, member: ShareMember): boolean {
  if (member.memberEpoch === group.assignmentEpoch) return false;
  const assignedPartitions = group.target.get(member.memberId) ?? [];
  const isChanged = !sameAssignment(assignedPartitions, member.assigned);
  if (step.has('epoch-unrecorded')) {
    member.memberEpoch = group.assignmentEpoch;
    return isChanged;
  }
  step.write({
    kind: 'shareCurrentMember',
    groupId: group.groupId,
    memberId: member.memberId,
    value: {
      memberEpoch: group.assignmentEpoch,
      previousMemberEpoch: member.memberEpoch,
      state: MEMBER_STABLE,
      assignedPartitions,
    },
  });
  return isChanged;
}

/** Removes every record of a member; what it had is free from the next assignment on. */
export function forgetMember(step: Step, group: ShareGroup, memberId: string): void {
  const { groupId } = group;
  step.write({ kind: 'shareCurrentMember', groupId, memberId, value: null });
  if (group.target.has(memberId)) step.write({ kind: 'shareTargetMember', groupId, memberId, value: null });
  step.write({ kind: 'shareMember', groupId, memberId, value: null });
}
