import { brokerId } from '../base/ids.ts';
import { ErrorCode } from '../protocol/errors.ts';
import type { CodedResult } from './commands.ts';
import type { Decision, DecisionContext } from './decide.ts';
import { changePartition, type PartitionRules } from './election.ts';
import { changesRecord, onceForAlike, PartitionChanges, rulesOf } from './partition-changes.ts';
import type { MetadataRecord, PartitionChangesRecord } from './records.ts';
import type { ControlledShutdownCommand, ElectLeadersCommand, ElectLeadersOutcome } from './replica-commands.ts';
import { ok, problem } from './result.ts';
import type { PartitionState } from './topic.ts';

type Elected = ElectLeadersOutcome['partitions'][number];

/**
 * Elects leaders where somebody asks for it (KIP-460). UNKNOWN_TOPIC_OR_PARTITION; ELECTION_NOT_NEEDED where the first replica
 * leads, or anybody for an unclean one (left out when all partitions are meant); PREFERRED_LEADER_NOT_AVAILABLE and
 * ELIGIBLE_LEADERS_NOT_AVAILABLE where nobody is there to be elected.
 */
export function electLeaders(
  context: DecisionContext,
  command: ElectLeadersCommand,
  refusal: CodedResult | null,
): Decision {
  if (refusal !== null) return { records: [], outcome: { kind: 'electLeaders', ...refusal, partitions: [] } };
  const rules = rulesOf(context);
  const changes = new PartitionChanges();
  const partitions: Elected[] = [];
  const isAll = command.partitions === null;
  for (const { topic: name, index } of command.partitions ?? partitionsToElect(context, command.electionType)) {
    const topic = context.image.topicByName(name);
    const partition = topic?.partition(index);
    if (topic === null || partition === undefined) {
      const sentence = topic === null ? `No such topic as ${name}` : `No such partition as ${name}-${index}`;
      partitions.push({ ...problem(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, sentence), topic: name, index });
    } else if (!changes.has(topic.id, index)) {
      const { electionType } = command;
      const change = isNeeded(partition, electionType)
        ? changePartition(partition, { election: electionType }, rules(topic))
        : undefined;
      if (change !== undefined && change !== null) changes.add(topic.id, change);
      if (change !== undefined || !isAll) partitions.push({ ...resultOf(change, electionType), topic: name, index });
    }
  }
  return { records: changes.records(), outcome: { kind: 'electLeaders', ...ok(), partitions } };
}

function* partitionsToElect(
  { image }: DecisionContext,
  type: ElectLeadersCommand['electionType'],
): Generator<{ readonly topic: string; readonly index: number }> {
  for (const { name, partitions } of image.partitionsToElect(type))
    for (const { index } of partitions) yield { topic: name, index };
}

function isNeeded({ leader, replicas }: PartitionState, type: ElectLeadersCommand['electionType']): boolean {
  return type === 'preferred' ? leader !== replicas[0] : leader === -1;
}

function resultOf(change: object | null | undefined, type: ElectLeadersCommand['electionType']): CodedResult {
  if (change === undefined)
    return problem(ErrorCode.ELECTION_NOT_NEEDED, 'the partition has the leader it should have');
  if (change !== null) return ok();
  return type === 'preferred'
    ? problem(ErrorCode.PREFERRED_LEADER_NOT_AVAILABLE, 'the preferred leader is not in sync, not there, or drained')
    : problem(ErrorCode.ELIGIBLE_LEADERS_NOT_AVAILABLE, 'no replica is there to lead');
}

/**
 * A broker is about to stop: it is elected nowhere any more, and where another member of the ISR can lead it leaves the ISR and
 * the leadership. `remaining` counts what it still leads because nobody else can.
 */
export function controlledShutdown(
  context: DecisionContext,
  command: ControlledShutdownCommand,
  refusal: CodedResult | null,
): Decision {
  if (refusal !== null) return { records: [], outcome: { kind: 'controlledShutdown', ...refusal, remaining: 0 } };
  const { brokerId: id, brokerEpoch } = command;
  const broker = context.image.broker(brokerId(id));
  const records: MetadataRecord[] = [];
  if (broker !== null && !broker.shuttingDown) {
    const { cordoned, draining } = broker;
    records.push({ kind: 'brokerPlacement', brokerId: id, brokerEpoch, cordoned, draining, shuttingDown: true });
  }
  const { changes, remaining } = handOver(context, id);
  if (changes !== null) records.push(changes);
  return { records, outcome: { kind: 'controlledShutdown', ...ok(), remaining } };
}

/** A broker leaves every ISR in which another can lead, and so every leadership; what nobody else can lead stays with it. */
export function handOver(
  context: DecisionContext,
  id: number,
): { readonly changes: PartitionChangesRecord | null; readonly remaining: number } {
  const { image } = context;
  const rules = rulesOf(context, { broker: { id, mayLead: false } });
  let remaining = 0;
  const known = new Map<PartitionRules, (partition: PartitionState) => ReturnType<typeof changePartition>>();
  const changes = changesRecord(image.partitionsOn(brokerId(id), 'counting'), (topic) => {
    const ruling = rules(topic);
    const alike =
      known.get(ruling) ??
      onceForAlike((partition) => {
        const others = partition.isr.some((other) => ruling.mayLead(other));
        return others ? changePartition(partition, { out: id }, ruling) : null;
      });
    known.set(ruling, alike);
    return (partition) => {
      const change = alike(partition);
      if (change === null && partition.leader === id) remaining += 1;
      return change;
    };
  });
  return { changes, remaining };
}
