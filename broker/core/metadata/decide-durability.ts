import { brokerId, topicId } from '../base/ids.ts';
import type { Settings } from '../config/settings.ts';
import type { MarkDurableCommand } from './commands.ts';
import { epochProblem } from './decide-brokers.ts';
import type { Decision, DecisionContext } from './decide.ts';
import { changePartition } from './election.ts';
import { PartitionChanges, rulesOf } from './partition-changes.ts';
import type { MetadataImage } from './image.ts';
import { ok } from './result.ts';

/** `weir.durability` of a topic. */
export type DurabilityOf = (topic: string) => 'fsync' | 'replicated';

/** How durable each topic is under these settings and the overrides of `image`. */
export function durabilityUnder(image: MetadataImage, settings: Settings): DurabilityOf {
  return (topic) => settings.topic(image.configOverrides('topic', topic), 'weir.durability');
}

/**
 * Marks what is durable from its current epoch on, where the ISR is large enough. STALE_BROKER_EPOCH for an earlier incarnation of
 * the leader.
 */
export function markDurable(context: DecisionContext, command: MarkDurableCommand): Decision {
  const { image, settings } = context;
  const refusal = epochProblem(image, command);
  if (refusal !== null) return { records: [], outcome: { kind: 'markDurable', ...refusal } };
  const durability = durabilityUnder(image, settings);
  const rules = rulesOf(context);
  const changes = new PartitionChanges();
  for (const wanted of command.partitions) {
    const topic = image.topicById(topicId(wanted.topicId));
    const partition = topic?.partition(wanted.index);
    if (topic === null || partition === undefined || durability(topic.name) !== 'fsync') continue;
    if (partition.leader !== brokerId(command.brokerId) || partition.leaderEpoch !== wanted.leaderEpoch) continue;
    const ruling = rules(topic);
    const least = Math.min(ruling.minIsr, partition.replicas.length);
    if (partition.durableFromEpoch !== -1 || partition.isr.length < least) continue;
    if (changes.has(topic.id, wanted.index)) continue;
    const change = changePartition(partition, { durableFromEpoch: partition.leaderEpoch }, ruling);
    if (change !== null) changes.add(topic.id, change);
  }
  return { records: changes.records(), outcome: { kind: 'markDurable', ...ok() } };
}
