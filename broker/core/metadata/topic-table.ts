import { assert } from '../base/assert.ts';
import { brokerId, leaderEpoch, topicId, type BrokerId, type TopicId } from '../base/ids.ts';
import type { DeltaBuilder } from './delta.ts';
import type { MetadataRecord, PartitionChange, PartitionFields, PartitionsRecord, TopicRecord } from './records.ts';
import { collisionKey, isInternalTopic } from './topic-name.ts';
import type { PartitionView, TopicView } from './view.ts';

/** A partition with what only the controller needs. */
export interface PartitionState extends PartitionView {
  /** Directory id of each replica, in the order of `replicas` (D4). */
  readonly directories: readonly string[];
}

interface TopicState extends TopicView {
  readonly partitions: readonly PartitionState[];
}

/** `PartitionChange.durableFromEpoch` for "as it was". */
export const DURABLE_UNCHANGED = -2;

/**
 * All topics and partitions. The only place that knows how they are stored: a columnar form (P2) replaces the inside of
 * this class. Topics and partitions that were handed out never change; a batch replaces those that it touches.
 */
export class TopicTable {
  #byName = new Map<string, TopicState>();
  #byId = new Map<string, TopicState>();
  #nameByCollisionKey = new Map<string, ReadonlySet<string>>();
  /** Partition lists copied in the batch under way, by topic id: each is copied once a batch. */
  readonly #open = new Map<string, PartitionState[]>();
  #sorted: readonly TopicState[] | null = null;
  #partitionCount = 0;

  get partitionCount(): number {
    return this.#partitionCount;
  }

  /** Sorted by name in code-unit order. */
  sorted(): readonly TopicView[] {
    this.#sorted ??= [...this.#byName.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
    return this.#sorted;
  }

  states(): IterableIterator<TopicState> {
    return this.#byId.values();
  }

  byName(name: string): TopicState | null {
    return this.#byName.get(name) ?? null;
  }

  byId(id: TopicId): TopicState | null {
    return this.#byId.get(id) ?? null;
  }

  /** Another topic whose name differs only in '.' against '_', or null. */
  colliding(name: string): string | null {
    for (const other of this.#nameByCollisionKey.get(collisionKey(name)) ?? []) if (other !== name) return other;
    return null;
  }

  add(record: TopicRecord): void {
    assert(!this.#byName.has(record.name), `topic ${record.name} exists`);
    assert(!this.#byId.has(record.topicId), `topic id ${record.topicId} exists`);
    const topic: TopicState = {
      id: topicId(record.topicId),
      name: record.name,
      internal: isInternalTopic(record.name),
      partitions: [],
    };
    this.#put(topic);
    const key = collisionKey(record.name);
    this.#nameByCollisionKey.set(key, new Set([...(this.#nameByCollisionKey.get(key) ?? []), record.name]));
  }

  /** Gives the topic as it was. */
  remove(id: string): TopicView {
    this.endBatch();
    const topic = this.#byId.get(id);
    assert(topic !== undefined, `no topic of id ${id}`);
    this.#byId.delete(id);
    this.#byName.delete(topic.name);
    const key = collisionKey(topic.name);
    const others = [...(this.#nameByCollisionKey.get(key) ?? [])].filter((name) => name !== topic.name);
    if (others.length === 0) this.#nameByCollisionKey.delete(key);
    else this.#nameByCollisionKey.set(key, new Set(others));
    this.#partitionCount -= topic.partitions.length;
    this.#sorted = null;
    return topic;
  }

  addPartitions(record: PartitionsRecord): void {
    const partitions = this.#opened(record.topicId);
    for (const fields of record.partitions) {
      assert(fields.index === partitions.length, `partition ${fields.index} does not follow ${partitions.length - 1}`);
      partitions.push(partitionState(fields));
    }
    this.#partitionCount += record.partitions.length;
  }

  change(id: string, changes: readonly PartitionChange[]): void {
    const partitions = this.#opened(id);
    for (const change of changes) {
      const before = partitions[change.index];
      assert(before !== undefined, `no partition ${change.index} of topic ${id}`);
      assert(change.leaderEpoch >= before.leaderEpoch, 'leader epochs only go up');
      assert(change.partitionEpoch > before.partitionEpoch, 'each change raises the partition epoch');
      partitions[change.index] = {
        ...before,
        leader: leaderOf(change.leader),
        leaderEpoch: leaderEpoch(change.leaderEpoch),
        partitionEpoch: change.partitionEpoch,
        durableFromEpoch:
          change.durableFromEpoch === DURABLE_UNCHANGED ? before.durableFromEpoch : change.durableFromEpoch,
        isr: change.isr === null ? before.isr : ids(change.isr),
        elr: change.elr === null ? before.elr : ids(change.elr),
        lastKnownElr: change.lastKnownElr === null ? before.lastKnownElr : ids(change.lastKnownElr),
      };
    }
  }

  /** Makes the changes of a batch visible; called after its last record. */
  endBatch(): void {
    for (const [id, partitions] of this.#open) {
      const topic = this.#byId.get(id);
      assert(topic !== undefined, `no topic of id ${id}`);
      this.#put({ ...topic, partitions });
    }
    this.#open.clear();
  }

  /** A second table equal to this one, between two batches. */
  clone(): TopicTable {
    assert(this.#open.size === 0, 'a table is copied between two batches');
    const copy = new TopicTable();
    copy.#byName = new Map(this.#byName);
    copy.#byId = new Map(this.#byId);
    copy.#nameByCollisionKey = new Map(this.#nameByCollisionKey);
    copy.#sorted = this.#sorted;
    copy.#partitionCount = this.#partitionCount;
    return copy;
  }

  /** Notes what is different in a table that comes in place of this one. */
  compare(after: TopicTable, delta: DeltaBuilder): void {
    for (const topic of this.#byId.values()) if (!after.#byId.has(topic.id)) delta.topicDeleted(topic);
    for (const topic of after.#byId.values()) {
      const before = this.#byId.get(topic.id);
      if (before === undefined) delta.topicCreated(topic.id);
      for (const partition of topic.partitions) {
        const earlier = before?.partitions[partition.index];
        if (earlier === undefined || !isSamePartition(earlier, partition))
          delta.partitionChanged(topic.id, partition.index);
      }
    }
  }

  /** Records that build the same table, in the order in which topics were created. */
  *snapshot(): Generator<MetadataRecord> {
    for (const topic of this.#byId.values()) {
      yield { kind: 'topic', topicId: topic.id, name: topic.name };
      yield { kind: 'partitions', topicId: topic.id, partitions: topic.partitions };
    }
  }

  /** One line per topic and one per partition. */
  describe(): string[] {
    const lines: string[] = [];
    for (const topic of this.#byId.values()) {
      lines.push(`topic ${topic.name} ${topic.id}${topic.internal ? ' internal' : ''}`);
      for (const one of topic.partitions) {
        lines.push(
          `  ${one.index} leader ${one.leader} epoch ${one.leaderEpoch}/${one.partitionEpoch} durable ${one.durableFromEpoch}` +
            ` replicas ${one.replicas.join(',')} isr ${one.isr.join(',')} elr ${one.elr.join(',')}` +
            ` last ${one.lastKnownElr.join(',')} dirs ${one.directories.join(',')}`,
        );
      }
    }
    return lines;
  }

  #opened(id: string): PartitionState[] {
    const open = this.#open.get(id);
    if (open !== undefined) return open;
    const topic = this.#byId.get(id);
    assert(topic !== undefined, `no topic of id ${id}`);
    const copy = [...topic.partitions];
    this.#open.set(id, copy);
    return copy;
  }

  #put(topic: TopicState): void {
    this.#byName.set(topic.name, topic);
    this.#byId.set(topic.id, topic);
    this.#sorted = null;
  }
}

function partitionState(fields: PartitionFields): PartitionState {
  return {
    index: fields.index,
    leader: leaderOf(fields.leader),
    leaderEpoch: leaderEpoch(fields.leaderEpoch),
    partitionEpoch: fields.partitionEpoch,
    durableFromEpoch: fields.durableFromEpoch,
    replicas: ids(fields.replicas),
    directories: fields.directories,
    isr: ids(fields.isr),
    elr: ids(fields.elr),
    lastKnownElr: ids(fields.lastKnownElr),
  };
}

function isSamePartition(one: PartitionState, other: PartitionState): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}

function leaderOf(id: number): BrokerId | -1 {
  return id === -1 ? -1 : brokerId(id);
}

function ids(list: readonly number[]): readonly BrokerId[] {
  return list.map(brokerId);
}
