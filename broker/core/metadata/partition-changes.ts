import { assert } from '../base/assert.ts';
import { brokerId } from '../base/ids.ts';
import type { DecisionContext } from './decide.ts';
import { changePartition, type PartitionRules, type PartitionWish } from './election.ts';
import { ELR_VERSION, WEIR_REPLICATION, WEIR_VERSION } from './features.ts';
import type { MetadataImage } from './image.ts';
import { NO_METADATA_BUGS } from './planted-bugs.ts';
import type { MetadataRecord, PartitionChange, PartitionChangesRecord } from './records.ts';
import type { TopicPart } from './topic-table.ts';
import type { PartitionState } from './topic.ts';

/** Whether partitions may have several replicas. */
export function isReplicating(image: MetadataImage): boolean {
  return (image.features().get(WEIR_VERSION) ?? 0) >= WEIR_REPLICATION;
}

/** Whether replicas that left the ISR may still be elected (KIP-966). */
export function hasElr(image: MetadataImage): boolean {
  return isReplicating(image) && (image.features().get(ELR_VERSION) ?? 0) > 0;
}

/** Changes of single partitions, as one record. */
export class PartitionChanges {
  readonly #topics = new Map<string, Map<number, PartitionChange>>();

  has(topicId: string, index: number): boolean {
    return this.#topics.get(topicId)?.has(index) === true;
  }

  /** Not for one that is there: it was made from the state before. */
  add(topicId: string, change: PartitionChange): void {
    assert(!this.has(topicId, change.index), 'one change a partition');
    const partitions = this.#topics.get(topicId) ?? new Map<number, PartitionChange>();
    this.#topics.set(topicId, partitions.set(change.index, change));
  }

  /** One record, or none. */
  records(): readonly MetadataRecord[] {
    if (this.#topics.size === 0) return [];
    const topics = [...this.#topics].map(([id, partitions]) => ({ topicId: id, partitions: [...partitions.values()] }));
    return [{ kind: 'partitionChanges', topics }];
  }
}

/** The directories of a partition with another one for the replica at a position. */
export function withDirectory(partition: PartitionState, at: number, directoryId: string): readonly string[] {
  return partition.directories.map((before, position) => (position === at ? directoryId : before));
}

/** What differs from the state of the image in the rules of a decision. */
export interface RuleChanges {
  /** A broker that may lead after the batch, or may not. */
  readonly broker?: { readonly id: number; readonly mayLead: boolean; readonly directoryId?: string };
  /** Settings of a topic after the batch; absent: as they are. */
  readonly overrides?: (topic: string) => ReadonlyMap<string, string>;
  readonly settings?: DecisionContext['settings'];
}

/** The rules of each topic; topics whose settings agree have the same object. */
export function rulesOf(
  context: DecisionContext,
  changes: RuleChanges = {},
): (topic: { readonly name: string }) => PartitionRules {
  const { image, settings: before, bugs = NO_METADATA_BUGS } = context;
  const { broker, settings = before, overrides } = changes;
  const shared = {
    mayLead: (id: number): boolean => (id === broker?.id ? broker.mayLead : image.mayLead(id)),
    isServing: (id: number): boolean => (id === broker?.id ? broker.mayLead : image.isUnfenced(id)),
    isDraining: (id: number): boolean => image.broker(brokerId(id))?.draining === true,
    diskOf: (id: number): string | null =>
      (id === broker?.id ? broker.directoryId : undefined) ?? image.broker(brokerId(id))?.directoryId ?? null,
    isReplicating: isReplicating(image),
    hasElr: hasElr(image),
    bugs,
  };
  const known = new Map<string, PartitionRules>();
  // Most topics have no settings of their own.
  const byTexts = new Map<ReadonlyMap<string, string>, PartitionRules>();
  const rulesWith = (texts: ReadonlyMap<string, string>): PartitionRules => {
    const unclean = settings.topic(texts, 'unclean.leader.election.enable');
    const minIsr = settings.topic(texts, 'min.insync.replicas');
    const key = `${unclean} ${minIsr}`;
    const rules = known.get(key) ?? { ...shared, unclean, minIsr };
    known.set(key, rules);
    byTexts.set(texts, rules);
    return rules;
  };
  return (topic) => {
    const texts = overrides === undefined ? image.overridesOf(topic) : overrides(topic.name);
    return byTexts.get(texts) ?? rulesWith(texts);
  };
}

/**
 * One record with what a wish comes to in each partition; null when nothing changes. `wish` must follow from the partition's
 * lists, leader and whether it is durable: it is asked once for partitions that agree.
 */
export function changeAlike(
  topics: Iterable<TopicPart>,
  rules: (topic: TopicPart) => PartitionRules,
  wish: (partition: PartitionState) => PartitionWish,
): PartitionChangesRecord | null {
  const known = new Map<PartitionRules, (partition: PartitionState) => PartitionChange | null>();
  return changesRecord(topics, (topic) => {
    const ruling = rules(topic);
    const change =
      known.get(ruling) ?? onceForAlike((partition) => changePartition(partition, wish(partition), ruling));
    known.set(ruling, change);
    return change;
  });
}

/**
 * `change`, worked out once for all partitions that agree in leader, lists and whether they are durable: it must follow from
 * these, and raise epochs by as much in each.
 */
export function onceForAlike(
  change: (partition: PartitionState) => PartitionChange | null,
): (partition: PartitionState) => PartitionChange | null {
  const known = new Map<readonly number[], { readonly of: PartitionState; readonly change: PartitionChange | null }>();
  return (partition) => {
    const before = known.get(partition.replicas);
    if (before === undefined || !isAlike(before.of, partition)) {
      const wanted = change(partition);
      known.set(partition.replicas, { of: partition, change: wanted });
      return wanted;
    }
    if (before.change === null) return null;
    return {
      index: partition.index,
      leader: before.change.leader,
      leaderEpoch: partition.leaderEpoch + before.change.leaderEpoch - before.of.leaderEpoch,
      partitionEpoch: partition.partitionEpoch + before.change.partitionEpoch - before.of.partitionEpoch,
      durableFromEpoch: before.change.durableFromEpoch,
      isr: before.change.isr,
      elr: before.change.elr,
      lastKnownElr: before.change.lastKnownElr,
      replicas: before.change.replicas,
      directories: before.change.directories,
      addingReplicas: before.change.addingReplicas,
      removingReplicas: before.change.removingReplicas,
    };
  };
}

/** Lists that agree are one, as the table keeps them. */
function isAlike(one: PartitionState, other: PartitionState): boolean {
  return (
    one.leader === other.leader &&
    one.durableFromEpoch >= 0 === other.durableFromEpoch >= 0 &&
    one.directories === other.directories &&
    one.isr === other.isr &&
    one.elr === other.elr &&
    one.lastKnownElr === other.lastKnownElr &&
    one.addingReplicas === other.addingReplicas &&
    one.removingReplicas === other.removingReplicas
  );
}

/** One record with a change for each partition that `changeIn` of its topic wants to touch; null when there is none. */
export function changesRecord(
  topics: Iterable<TopicPart>,
  changeIn: (topic: TopicPart) => ((partition: PartitionState) => PartitionChange | null) | null,
): PartitionChangesRecord | null {
  const touched: { topicId: string; partitions: PartitionChange[] }[] = [];
  for (const topic of topics) {
    const change = changeIn(topic);
    if (change === null) continue;
    const partitions: PartitionChange[] = [];
    for (const partition of topic.partitions) {
      const wanted = change(partition);
      if (wanted !== null) partitions.push(wanted);
    }
    if (partitions.length > 0) touched.push({ topicId: topic.id, partitions });
  }
  return touched.length === 0 ? null : { kind: 'partitionChanges', topics: touched };
}
