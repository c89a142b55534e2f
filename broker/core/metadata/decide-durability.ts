import { brokerId, topicId } from '../base/ids.ts';
import type { Settings } from '../config/settings.ts';
import type { MarkDurableCommand } from './commands.ts';
import { epochProblem } from './decide-brokers.ts';
import type { Decision, DecisionContext } from './decide.ts';
import { changesRecord, SAME_REPLICAS } from './election.ts';
import type { MetadataImage } from './image.ts';
import type { PartitionChange, PartitionChangesRecord } from './records.ts';
import { ok } from './result.ts';
import { DURABLE_UNCHANGED } from './topic-table.ts';
import type { PartitionState } from './topic.ts';

/** `weir.durability` of a topic. */
export type DurabilityOf = (topic: string) => 'fsync' | 'replicated';

/** How durable each topic is under these settings and the overrides of `image`. */
export function durabilityUnder(image: MetadataImage, settings: Settings): DurabilityOf {
  return (topic) => settings.topic(image.configOverrides('topic', topic), 'weir.durability');
}

/**
 * The change of every partition whose topic changes its durability (D3). To `replicated`: not durable from here on,
 * under a new leader epoch. To `fsync`: a new epoch, in which the leader syncs its log and then sends `markDurable`.
 */
export function durabilityChanges(
  image: MetadataImage,
  before: DurabilityOf,
  after: DurabilityOf,
): PartitionChangesRecord | null {
  return changesRecord(image.topicStates(), (topic) => {
    const wanted = after(topic);
    if (before(topic) === wanted) return null;
    return (partition) => nextEpoch(partition, wanted === 'replicated' ? -1 : DURABLE_UNCHANGED);
  });
}

/** Marks what is durable from its current epoch on. STALE_BROKER_EPOCH for an earlier incarnation of the leader. */
export function markDurable({ image, settings }: DecisionContext, command: MarkDurableCommand): Decision {
  const refusal = epochProblem(image, command);
  if (refusal !== null) return { records: [], outcome: { kind: 'markDurable', ...refusal } };
  const durability = durabilityUnder(image, settings);
  const topics: { topicId: string; partitions: PartitionChange[] }[] = [];
  for (const wanted of command.partitions) {
    const topic = image.topicById(topicId(wanted.topicId));
    const partition = topic?.partition(wanted.index);
    if (topic === null || partition === undefined || durability(topic.name) !== 'fsync') continue;
    if (partition.leader !== brokerId(command.brokerId) || partition.leaderEpoch !== wanted.leaderEpoch) continue;
    if (partition.durableFromEpoch !== -1 || partition.isr.length > 1) continue;
    const change: PartitionChange = {
      ...unchanged(partition),
      partitionEpoch: partition.partitionEpoch + 1,
      durableFromEpoch: partition.leaderEpoch,
    };
    const known = topics.find(({ topicId: id }) => id === topic.id);
    if (known === undefined) topics.push({ topicId: topic.id, partitions: [change] });
    else if (!known.partitions.some(({ index }) => index === wanted.index)) known.partitions.push(change);
  }
  const outcome = { kind: 'markDurable', ...ok() } as const;
  return { records: topics.length === 0 ? [] : [{ kind: 'partitionChanges', topics }], outcome };
}

function nextEpoch(partition: PartitionState, durableFromEpoch: number): PartitionChange {
  return {
    ...unchanged(partition),
    leaderEpoch: partition.leaderEpoch + 1,
    partitionEpoch: partition.partitionEpoch + 1,
    durableFromEpoch,
  };
}

function unchanged(partition: {
  readonly index: number;
  readonly leader: number;
  readonly leaderEpoch: number;
  readonly partitionEpoch: number;
}): PartitionChange {
  return {
    index: partition.index,
    leader: partition.leader,
    leaderEpoch: partition.leaderEpoch,
    partitionEpoch: partition.partitionEpoch,
    durableFromEpoch: DURABLE_UNCHANGED,
    isr: null,
    elr: null,
    lastKnownElr: null,
    ...SAME_REPLICAS,
  };
}
