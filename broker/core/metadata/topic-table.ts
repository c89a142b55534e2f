import { assert } from '../base/assert.ts';
import { type BrokerId, brokerId, topicId, type TopicId } from '../base/ids.ts';
import type { DeltaBuilder } from './delta.ts';
import type { MetadataRecord, PartitionChange, PartitionFields, PartitionsRecord, TopicRecord } from './records.ts';
import { isSameList } from './interned-lists.ts';
import {
  Column,
  noLists,
  PAGE_ROW_COUNT,
  type PartitionLists,
  type PartitionState,
  ROW_LENGTH,
  rowOf,
  Topic,
} from './topic.ts';
import { collisionKey } from './topic-name.ts';

/** `PartitionChange.durableFromEpoch` for "as it was". */
export const DURABLE_UNCHANGED = -2;

/** Lists that come and go are thrown away once there are this many times as many as were in use. */
const LISTS_GROWTH = 2;
const LISTS_MIN = 1024;

/** Some partitions of a topic, or the whole topic. */
export interface TopicPart {
  readonly id: TopicId;
  readonly name: string;
  readonly partitions: readonly PartitionState[];
}

/** A topic whose rows the batch under way changes. */
interface OpenTopic {
  readonly topic: Topic;
  readonly pages: Int32Array[];
  /** Pages that are the batch's own: each is copied once a batch. */
  readonly own: Set<number>;
  partitionCount: number;
}

/**
 * All topics and partitions, the latter as columns (P2): rows of numbers in pages, lists by number. Topics that were handed
 * out never change; a batch replaces those that it touches, and copies no page but those that it touches.
 */
export class TopicTable {
  #byName = new Map<string, Topic>();
  #byId = new Map<string, Topic>();
  /** Topics whose names could collide, by the key under which they would. */
  #byCollisionKey = new Map<string, readonly string[]>();
  #lists = noLists();
  #listsMax = LISTS_MIN;
  readonly #open = new Map<string, OpenTopic>();
  /** Names in code-unit order; null when topics came or went. */
  #names: readonly string[] | null = null;
  #partitionCount = 0;

  get partitionCount(): number {
    return this.#partitionCount;
  }

  /** Different lists that are kept: bounded by what is in use. */
  get listCount(): number {
    return this.#lists.brokers.size + this.#lists.directories.size;
  }

  /** Sorted by name in code-unit order. */
  sorted(): readonly Topic[] {
    return this.names().flatMap((name) => this.#byName.get(name) ?? []);
  }

  /** Sorted in code-unit order. */
  names(): readonly string[] {
    this.#names ??= [...this.#byName.keys()].sort();
    return this.#names;
  }

  /** In the order of creation. */
  topics(): IterableIterator<Topic> {
    return this.#byId.values();
  }

  /** The partitions with a replica on a broker, in the order of their topics' creation. */
  *partsOn(id: number): Generator<TopicPart> {
    const names = new Uint8Array(this.#lists.brokers.size);
    for (let list = 0; list < names.length; list += 1)
      names[list] = this.#lists.brokers.list(list).includes(brokerId(id)) ? 1 : 0;
    for (const topic of this.#byId.values()) {
      const partitions: PartitionState[] = [];
      for (const [number, page] of topic.pages.entries()) {
        for (let row = 0; row < page.length; row += ROW_LENGTH) {
          if (names[page[row + Column.replicas] ?? 0] === 0) continue;
          const partition = topic.partition(number * PAGE_ROW_COUNT + row / ROW_LENGTH);
          if (partition !== undefined) partitions.push(partition);
        }
      }
      if (partitions.length > 0) yield { id: topic.id, name: topic.name, partitions };
    }
  }

  byName(name: string): Topic | null {
    return this.#byName.get(name) ?? null;
  }

  byId(id: TopicId): Topic | null {
    return this.#byId.get(id) ?? null;
  }

  /** Another topic whose name differs only in '.' against '_', or null. */
  colliding(name: string): string | null {
    return this.#byCollisionKey.get(collisionKey(name))?.find((other) => other !== name) ?? null;
  }

  add(record: TopicRecord): void {
    const { name } = record;
    assert(!this.#byName.has(name), `topic ${name} exists`);
    assert(!this.#byId.has(record.topicId), `topic id ${record.topicId} exists`);
    this.#put(new Topic({ id: topicId(record.topicId), name }, { pages: [], partitionCount: 0, lists: this.#lists }));
    this.#names = null;
    const key = collisionKey(name);
    if (canCollide(key)) this.#byCollisionKey.set(key, [...(this.#byCollisionKey.get(key) ?? []), name]);
  }

  /** Gives the topic as it was. */
  remove(id: string): Topic {
    this.#closeAll();
    const topic = this.#byId.get(id);
    assert(topic !== undefined, `no topic of id ${id}`);
    this.#byId.delete(id);
    this.#byName.delete(topic.name);
    const key = collisionKey(topic.name);
    const others = (this.#byCollisionKey.get(key) ?? []).filter((name) => name !== topic.name);
    if (others.length === 0) this.#byCollisionKey.delete(key);
    else this.#byCollisionKey.set(key, others);
    this.#partitionCount -= topic.partitionCount;
    this.#names = null;
    return topic;
  }

  addPartitions(record: PartitionsRecord): void {
    const open = this.#opened(record.topicId);
    const count = open.partitionCount;
    grow(open, count + record.partitions.length);
    for (const [position, fields] of record.partitions.entries()) {
      assert(fields.index === count + position, `partition ${fields.index} does not follow ${count + position - 1}`);
      const page = this.#ownPage(open, fields.index);
      this.#setFields(page, rowOf(fields.index), fields);
    }
    this.#partitionCount += record.partitions.length;
  }

  change(id: string, changes: readonly PartitionChange[]): void {
    const open = this.#opened(id);
    for (const change of changes) {
      assert(change.index < open.partitionCount, `no partition ${change.index} of topic ${id}`);
      const page = this.#ownPage(open, change.index);
      const row = rowOf(change.index);
      assert(change.leaderEpoch >= (page[row + Column.leaderEpoch] ?? 0), 'leader epochs only go up');
      assert(
        change.partitionEpoch > (page[row + Column.partitionEpoch] ?? 0),
        'each change raises the partition epoch',
      );
      page[row + Column.leader] = change.leader;
      page[row + Column.leaderEpoch] = change.leaderEpoch;
      page[row + Column.partitionEpoch] = change.partitionEpoch;
      if (change.durableFromEpoch !== DURABLE_UNCHANGED) page[row + Column.durableFromEpoch] = change.durableFromEpoch;
      if (change.isr !== null) page[row + Column.isr] = this.#brokers(change.isr);
      if (change.elr !== null) page[row + Column.elr] = this.#brokers(change.elr);
      if (change.lastKnownElr !== null) page[row + Column.lastKnownElr] = this.#brokers(change.lastKnownElr);
    }
  }

  /** Makes the changes of a batch visible; called after its last record. */
  endBatch(): void {
    this.#closeAll();
    if (this.listCount > this.#listsMax) this.#renewLists();
  }

  /** A second table equal to this one, between two batches. */
  clone(): TopicTable {
    assert(this.#open.size === 0, 'a table is copied between two batches');
    const copy = new TopicTable();
    copy.#byName = new Map(this.#byName);
    copy.#byId = new Map(this.#byId);
    copy.#byCollisionKey = new Map(this.#byCollisionKey);
    copy.#lists = this.#lists;
    copy.#listsMax = this.#listsMax;
    copy.#names = this.#names;
    copy.#partitionCount = this.#partitionCount;
    return copy;
  }

  /** Notes what is different in a table that comes in place of this one. */
  compare(after: TopicTable, delta: DeltaBuilder): void {
    for (const topic of this.#byId.values()) if (!after.#byId.has(topic.id)) delta.topicDeleted(topic);
    for (const topic of after.#byId.values()) {
      const before = this.#byId.get(topic.id);
      if (before === undefined) delta.topicCreated(topic.id);
      for (let index = 0; index < topic.partitionCount; index += 1) {
        if (!isSamePartition(before?.partition(index), topic.partition(index))) delta.partitionChanged(topic.id, index);
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
  *describe(): Generator<string> {
    for (const topic of this.#byId.values()) {
      yield `topic ${topic.name} ${topic.id}${topic.internal ? ' internal' : ''}`;
      for (const one of topic.partitions) {
        yield `  ${one.index} leader ${one.leader} epoch ${one.leaderEpoch}/${one.partitionEpoch} durable ${one.durableFromEpoch}` +
          ` replicas ${one.replicas.join(',')} isr ${one.isr.join(',')} elr ${one.elr.join(',')}` +
          ` last ${one.lastKnownElr.join(',')} dirs ${one.directories.join(',')}`;
      }
    }
  }

  #setFields(page: Int32Array, row: number, fields: PartitionFields): void {
    page[row + Column.leader] = fields.leader;
    page[row + Column.leaderEpoch] = fields.leaderEpoch;
    page[row + Column.partitionEpoch] = fields.partitionEpoch;
    page[row + Column.durableFromEpoch] = fields.durableFromEpoch;
    page[row + Column.replicas] = this.#brokers(fields.replicas);
    page[row + Column.directories] = this.#lists.directories.numberOf(fields.directories);
    page[row + Column.isr] = this.#brokers(fields.isr);
    page[row + Column.elr] = this.#brokers(fields.elr);
    page[row + Column.lastKnownElr] = this.#brokers(fields.lastKnownElr);
  }

  #brokers(ids: readonly number[]): number {
    // Ids in records were checked before they were written.
    return this.#lists.brokers.numberOf(ids as readonly BrokerId[]);
  }

  /** The page of a partition, to write to. */
  #ownPage(open: OpenTopic, index: number): Int32Array {
    const number = Math.floor(index / PAGE_ROW_COUNT);
    const page = open.pages[number];
    assert(page !== undefined, `no partition ${index} of topic ${open.topic.id}`);
    if (open.own.has(number)) return page;
    const copy = page.slice();
    open.pages[number] = copy;
    open.own.add(number);
    return copy;
  }

  #opened(id: string): OpenTopic {
    const known = this.#open.get(id);
    if (known !== undefined) return known;
    const topic = this.#byId.get(id);
    assert(topic !== undefined, `no topic of id ${id}`);
    const open = { topic, pages: [...topic.pages], own: new Set<number>(), partitionCount: topic.partitionCount };
    this.#open.set(id, open);
    return open;
  }

  #closeAll(): void {
    for (const { topic, pages, partitionCount } of this.#open.values())
      this.#put(new Topic(topic, { pages, partitionCount, lists: this.#lists }));
    this.#open.clear();
  }

  /** Numbers anew the lists that are in use, in tables of their own. */
  #renewLists(): void {
    const before = this.#lists;
    const lists = noLists();
    this.#lists = lists;
    for (const topic of this.#byId.values()) {
      const pages = topic.pages.map((page) => renumbered(page, before, lists));
      this.#put(new Topic(topic, { pages, partitionCount: topic.partitionCount, lists }));
    }
    this.#listsMax = Math.max(LISTS_MIN, LISTS_GROWTH * this.listCount);
  }

  #put(topic: Topic): void {
    this.#byName.set(topic.name, topic);
    this.#byId.set(topic.id, topic);
  }
}

/** Makes room for partitions up to `partitionCount`, in pages that are the batch's own. */
function grow(open: OpenTopic, partitionCount: number): void {
  const pageCount = Math.ceil(partitionCount / PAGE_ROW_COUNT);
  for (let number = Math.floor(open.partitionCount / PAGE_ROW_COUNT); number < pageCount; number += 1) {
    const rows = Math.min(PAGE_ROW_COUNT, partitionCount - number * PAGE_ROW_COUNT);
    const page = new Int32Array(rows * ROW_LENGTH);
    page.set(open.pages[number] ?? []);
    open.pages[number] = page;
    open.own.add(number);
  }
  open.partitionCount = partitionCount;
}

function renumbered(page: Int32Array, before: PartitionLists, after: PartitionLists): Int32Array {
  const copy = page.slice();
  for (let row = 0; row < copy.length; row += ROW_LENGTH) {
    for (const column of [Column.replicas, Column.isr, Column.elr, Column.lastKnownElr])
      copy[row + column] = after.brokers.numberOf(before.brokers.list(page[row + column] ?? 0));
    const { directories } = Column;
    copy[row + directories] = after.directories.numberOf(before.directories.list(page[row + directories] ?? 0));
  }
  return copy;
}

/** Whether a name may be another's but for '.' and '_', by its key: one without either is nobody's. */
function canCollide(key: string): boolean {
  return key.includes('_');
}

function isSamePartition(one: PartitionState | undefined, other: PartitionState | undefined): boolean {
  return (
    one !== undefined &&
    other !== undefined &&
    one.leader === other.leader &&
    one.leaderEpoch === other.leaderEpoch &&
    one.partitionEpoch === other.partitionEpoch &&
    one.durableFromEpoch === other.durableFromEpoch &&
    isSameList(one.replicas, other.replicas) &&
    isSameList(one.directories, other.directories) &&
    isSameList(one.isr, other.isr) &&
    isSameList(one.elr, other.elr) &&
    isSameList(one.lastKnownElr, other.lastKnownElr)
  );
}
