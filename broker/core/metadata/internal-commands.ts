import { unreachable } from '../base/assert.ts';
import { brokerId, topicId } from '../base/ids.ts';
import { effectsOn } from './config-effects.ts';
import type { DecisionContext } from './decide.ts';
import { epochProblem } from './decide-brokers.ts';
import { handOver } from './decide-leaders.ts';
import { changePartition } from './election.ts';
import { MIN_ISR, minIsrOfAll } from './min-isr.ts';
import { changeAlike, hasElr, PartitionChanges, rulesOf } from './partition-changes.ts';
import type { MetadataRecord } from './records.ts';
import type { PartitionReference } from './replica-commands.ts';

/** Of those that led or could have, all of which restarted uncleanly, the one with the most is to lead (D8). */
export interface ElectMostCompleteCommand {
  readonly kind: 'electMostComplete';
  readonly partitions: readonly (PartitionReference & { readonly brokerId: number })[];
}

/** A broker's disk hangs: others lead what they can, and it leaves their ISRs; what nobody else can lead stays with it (F5). */
export interface ShedLeadersCommand {
  readonly kind: 'shedLeaders';
  readonly brokerId: number;
  readonly brokerEpoch: number;
}

/** A broker is to lead what it is the first replica of, where it is in sync, unless it is drained. */
export interface ReturnLeadersCommand {
  readonly kind: 'returnLeaders';
  readonly brokerId: number;
}

/** A cluster that was formed without it gets its `min.insync.replicas` of all brokers (I14). */
export interface SettleMinIsrCommand {
  readonly kind: 'settleMinIsr';
}

/** What the active controller asks of itself; nobody else can. */
export type InternalCommand =
  | ElectMostCompleteCommand
  | ShedLeadersCommand
  | ReturnLeadersCommand
  | SettleMinIsrCommand;

/** The records that carry it out, one atomic batch; none where things have changed meanwhile. */
export function decideInternal(context: DecisionContext, command: InternalCommand): readonly MetadataRecord[] {
  switch (command.kind) {
    case 'electMostComplete':
      return electMostComplete(context, command);
    case 'shedLeaders': {
      if (epochProblem(context.image, command) !== null || context.bugs?.has('keeps-slow-leader') === true) return [];
      const { changes } = handOver(context, command.brokerId);
      return changes === null ? [] : [changes];
    }
    case 'returnLeaders': {
      const owed = context.image.partitionsOn(brokerId(command.brokerId), 'owed');
      const changes = changeAlike(owed, rulesOf(context), () => ({ election: 'preferred' }));
      return changes === null ? [] : [changes];
    }
    case 'settleMinIsr':
      return settleMinIsr(context);
    default:
      return unreachable(command);
  }
}

function electMostComplete(context: DecisionContext, command: ElectMostCompleteCommand): readonly MetadataRecord[] {
  const rules = rulesOf(context);
  const changes = new PartitionChanges();
  for (const { topicId: id, index, brokerId: mostComplete } of command.partitions) {
    const topic = context.image.topicById(topicId(id));
    const partition = topic?.partition(index);
    if (topic === null || partition === undefined || changes.has(id, index)) continue;
    const change = changePartition(partition, { mostComplete }, rules(topic));
    if (change !== null) changes.add(id, change);
  }
  return changes.records();
}

/** With what the value means for partitions that others decided on. */
function settleMinIsr(context: DecisionContext): readonly MetadataRecord[] {
  const { image } = context;
  const records = hasElr(image) ? minIsrOfAll(context) : [];
  const [record] = records;
  if (record === undefined || record.value === null) return [];
  const cluster = new Map(image.configOverrides('cluster', '')).set(MIN_ISR, record.value);
  const effects = effectsOn(context, { cluster, topics: new Map() });
  return effects === null ? records : [record, effects];
}
