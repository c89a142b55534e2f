import { brokerId, topicId } from '../base/ids.ts';
import { ErrorCode } from '../protocol/errors.ts';
import type { CodedResult } from './commands.ts';
import type { Decision, DecisionContext } from './decide.ts';
import { DAMAGED_DIRECTORY } from './directories.ts';
import { changed, changePartition } from './election.ts';
import { PartitionChanges, rulesOf, withDirectory } from './partition-changes.ts';
import type { AlterPartitionCommand, AlterPartitionOutcome, ReportDamageCommand } from './replica-commands.ts';
import { ok } from './result.ts';
import type { PartitionState } from './topic.ts';

type IsrWish = AlterPartitionCommand['partitions'][number];
type IsrState = AlterPartitionOutcome['partitions'][number];

/**
 * Gives partitions the ISR that their leader wants, and ends reassignments whose replicas are then in sync. Errors as in Kafka's
 * controller: NOT_CONTROLLER for a leader that knows more than this controller, FENCED_LEADER_EPOCH, INVALID_UPDATE_VERSION for an
 * older state, INVALID_REQUEST from who does not lead or for an ISR without it, INELIGIBLE_REPLICA for a member that is fenced,
 * about to stop or of another incarnation, or that would join while its disk hangs (F5), NEW_LEADER_ELECTED when a reassignment
 * ends with another leader. An ISR that is as it was makes a new partition epoch, too, so that what was asked before can't come
 * after it.
 */
export function alterPartition(
  context: DecisionContext,
  command: AlterPartitionCommand,
  refusal: CodedResult | null,
): Decision {
  if (refusal !== null) return { records: [], outcome: { kind: 'alterPartition', ...refusal, partitions: [] } };
  const { image } = context;
  const rules = rulesOf(context);
  const changes = new PartitionChanges();
  const partitions = command.partitions.map((wish): IsrState => {
    const { topicId: id, index } = wish;
    const topic = image.topicById(topicId(id));
    const partition = topic?.partition(index);
    if (topic === null || partition === undefined) {
      const errorCode = topic === null ? ErrorCode.UNKNOWN_TOPIC_ID : ErrorCode.UNKNOWN_TOPIC_OR_PARTITION;
      return { topicId: id, index, errorCode, leader: -1, leaderEpoch: -1, partitionEpoch: -1, isr: [] };
    }
    const errorCode = changes.has(id, index)
      ? ErrorCode.INVALID_REQUEST
      : isrProblem(context, partition, command.brokerId, wish);
    if (errorCode !== ErrorCode.NONE) return stateOf(id, partition, errorCode);
    const isr = wish.isr.map((member) => member.brokerId);
    const change = changePartition(partition, { isr, isNoted: true }, rules(topic));
    if (change === null) return stateOf(id, partition, ErrorCode.NONE);
    changes.add(id, change);
    const isOther = change.leader !== partition.leader;
    return stateOf(id, changed(partition, change), isOther ? ErrorCode.NEW_LEADER_ELECTED : ErrorCode.NONE);
  });
  return { records: changes.records(), outcome: { kind: 'alterPartition', ...ok(), partitions } };
}

function isrProblem(
  { image, members, bugs }: DecisionContext,
  partition: PartitionState,
  asker: number,
  wish: IsrWish,
): number {
  const { leader, leaderEpoch, partitionEpoch, replicas } = partition;
  if (wish.leaderEpoch > leaderEpoch || wish.partitionEpoch > partitionEpoch) return ErrorCode.NOT_CONTROLLER;
  if (wish.leaderEpoch < leaderEpoch) return ErrorCode.FENCED_LEADER_EPOCH;
  if (leader !== brokerId(asker)) return ErrorCode.INVALID_REQUEST;
  if (wish.partitionEpoch < partitionEpoch) return ErrorCode.INVALID_UPDATE_VERSION;
  const ids = wish.isr.map((member) => member.brokerId);
  if (new Set(ids).size !== ids.length || !ids.includes(asker)) return ErrorCode.INVALID_REQUEST;
  if (!ids.every((id) => (replicas as readonly number[]).includes(id))) return ErrorCode.INVALID_REQUEST;
  const isEligible = wish.isr.every(({ brokerId: id, brokerEpoch }) => {
    if (brokerEpoch !== -1 && brokerEpoch !== image.broker(brokerId(id))?.epoch) return false;
    // Who is in stays: a leader that is about to stop lets in who will take over.
    return (
      partition.isr.includes(brokerId(id)) ||
      (image.mayLead(id) && (!members.isSlow(id) || bugs?.has('lets-slow-join') === true))
    );
  });
  return isEligible ? ErrorCode.NONE : ErrorCode.INELIGIBLE_REPLICA;
}

function stateOf(id: string, partition: PartitionState, errorCode: number): IsrState {
  const { index, leader, leaderEpoch, partitionEpoch, isr } = partition;
  return { topicId: id, index, errorCode, leader, leaderEpoch, partitionEpoch, isr };
}

/**
 * Damaged logs are no candidates any more, and nobody leads on them; others lead, where they can (D7). Each has a new leader epoch,
 * so that what the leader heard of the log before counts no more: it would take the replica for caught up, and have it in the ISR
 * again with nothing.
 */
export function reportDamage(
  context: DecisionContext,
  command: ReportDamageCommand,
  refusal: CodedResult | null,
): Decision {
  if (refusal !== null) return { records: [], outcome: { kind: 'reportDamage', ...refusal } };
  const { image } = context;
  const { brokerId: id } = command;
  const rules = rulesOf(context, { broker: { id, mayLead: false } });
  const changes = new PartitionChanges();
  for (const { topicId: topic, index } of context.bugs?.has('keeps-damaged') === true ? [] : command.partitions) {
    const found = image.topicById(topicId(topic));
    const partition = found?.partition(index);
    if (found === null || partition === undefined || changes.has(topic, index)) continue;
    const at = partition.replicas.indexOf(brokerId(id));
    if (at === -1) continue;
    const directories = withDirectory(partition, at, DAMAGED_DIRECTORY);
    const wish = { out: id, isOutUnclean: true, directories, isNewEpoch: true };
    const change = changePartition(partition, wish, rules(found));
    if (change !== null) changes.add(topic, change);
  }
  return { records: changes.records(), outcome: { kind: 'reportDamage', ...ok() } };
}
