import { brokerId } from '../base/ids.ts';
import { ErrorCode } from '../protocol/errors.ts';
import type { CodedResult } from './commands.ts';
import type { Decision, DecisionContext } from './decide.ts';
import { ZERO_DIRECTORY } from './directories.ts';
import { changePartition, type PartitionRules, type PartitionWish } from './election.ts';
import type { MetadataImage } from './image.ts';
import { PartitionChanges, rulesOf } from './partition-changes.ts';
import { assignmentProblem } from './placement.ts';
import type { PartitionChange } from './records.ts';
import type { AlterReassignmentsCommand, AlterReassignmentsOutcome } from './replica-commands.ts';
import { ok, problem } from './result.ts';
import type { PartitionState } from './topic.ts';

type Reassigned = AlterReassignmentsOutcome['partitions'][number];

/**
 * Gives partitions other replicas (KIP-455): the new ones are added, and when all that stay are in sync the others go. A
 * partition that is being reassigned is reassigned anew from what it had before; who came since, and is not wanted any more, goes
 * with the others if it counts, else at once. UNKNOWN_TOPIC_OR_PARTITION, INVALID_REPLICA_ASSIGNMENT, also for a move that
 * can't be called back yet, INVALID_REPLICATION_FACTOR for another number of replicas where that is not allowed,
 * NO_REASSIGNMENT_IN_PROGRESS when there is nothing to cancel.
 */
export function alterReassignments(
  context: DecisionContext,
  command: AlterReassignmentsCommand,
  refusal: CodedResult | null,
): Decision {
  if (refusal !== null) return { records: [], outcome: { kind: 'alterReassignments', ...refusal, partitions: [] } };
  const { image } = context;
  const rules = rulesOf(context);
  const changes = new PartitionChanges();
  const partitions = command.partitions.map(({ topic: name, index, replicas }): Reassigned => {
    const topic = image.topicByName(name);
    const partition = topic?.partition(index);
    if (topic === null || partition === undefined) {
      const sentence = topic === null ? `no topic ${name}` : `no partition ${index} of topic ${name}`;
      return { ...problem(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, sentence), topic: name, index };
    }
    if (changes.has(topic.id, index))
      return { ...problem(ErrorCode.INVALID_REQUEST, 'the partition is named twice'), topic: name, index };
    const outcome =
      replicas === null
        ? cancelled(image, partition, rules(topic))
        : reassigned(context, partition, { replicas, mayResize: command.allowReplicationFactorChange }, rules(topic));
    if (outcome !== null && 'errorCode' in outcome) return { ...outcome, topic: name, index };
    if (outcome !== null) changes.add(topic.id, outcome);
    return { ...ok(), topic: name, index };
  });
  return { records: changes.records(), outcome: { kind: 'alterReassignments', ...ok(), partitions } };
}

/** What a partition had before its reassignment. */
function original({ replicas, addingReplicas }: PartitionState): readonly number[] {
  return replicas.filter((id) => !addingReplicas.includes(id));
}

function cancelled(
  image: MetadataImage,
  partition: PartitionState,
  rules: PartitionRules,
): PartitionChange | CodedResult | null {
  if (partition.addingReplicas.length === 0 && partition.removingReplicas.length === 0)
    return problem(ErrorCode.NO_REASSIGNMENT_IN_PROGRESS, 'the partition is not being reassigned');
  const replicas = original(partition);
  if (!keepsRecords(partition, replicas, rules))
    return problem(ErrorCode.INVALID_REPLICA_ASSIGNMENT, 'too few of the replicas that would be left are in sync');
  return moved(image, partition, { replicas, addingReplicas: [], removingReplicas: [] }, rules);
}

/** Whether what was acknowledged stays where it is whole, on as many replicas as it has to be, if only these are left. */
function keepsRecords(
  { isr, elr, lastKnownElr }: PartitionState,
  replicas: readonly number[],
  { minIsr }: PartitionRules,
): boolean {
  const isLeft = (id: number): boolean => replicas.includes(id);
  const whole = [...isr, ...elr];
  // Nobody is known to have everything: each of these may be the one (D8).
  if (whole.length === 0) return lastKnownElr.every(isLeft);
  const count = whole.filter(isLeft).length;
  return count >= Math.min(minIsr, replicas.length, whole.length) && (isr.length === 0 || isr.some(isLeft));
}

function reassigned(
  context: DecisionContext,
  partition: PartitionState,
  { replicas: target, mayResize }: { readonly replicas: readonly number[]; readonly mayResize: boolean },
  rules: PartitionRules,
): PartitionChange | CodedResult | null {
  const before = original(partition);
  const refusal = assignmentProblem(context, target, { expectedCount: null, kept: partition.replicas });
  if (refusal !== null) return refusal;
  if (!mayResize && target.length !== before.length) {
    const sentence = `the replication factor would change from ${before.length} to ${target.length}`;
    return problem(ErrorCode.INVALID_REPLICATION_FACTOR, sentence);
  }
  const counting = [...before, ...partition.isr, ...partition.elr, ...partition.lastKnownElr];
  const removingReplicas = partition.replicas.filter((id) => !target.includes(id) && counting.includes(id));
  const replicas = [...target, ...removingReplicas];
  // Who came by an earlier move and goes at the end of this one is of both kinds.
  const addingReplicas = replicas.filter((id) => !before.includes(brokerId(id)));
  return moved(context.image, partition, { replicas, addingReplicas, removingReplicas }, rules);
}

function moved(
  image: MetadataImage,
  partition: PartitionState,
  wish: PartitionWish & { readonly replicas: readonly number[] },
  rules: PartitionRules,
): PartitionChange | null {
  const directories = wish.replicas.map((id) => {
    const at = partition.replicas.indexOf(brokerId(id));
    return partition.directories[at] ?? image.broker(brokerId(id))?.directoryId ?? ZERO_DIRECTORY;
  });
  return changePartition(partition, { ...wish, directories }, rules);
}
