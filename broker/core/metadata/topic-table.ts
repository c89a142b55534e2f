import { assert, unreachable } from '../base/assert.ts';
import { type BrokerId, brokerId, type TopicId } from '../base/ids.ts';
import type { Touched } from './delta.ts';
import { numbersIn, numbersWith } from './interned-lists.ts';
import { BROKER_COLUMNS, Column, NUMBER_COLUMNS, positionOf, ROW_LENGTH } from './partition-rows.ts';
import { DAMAGED_DIRECTORY } from './directories.ts';
import type { MetadataRecord, PartitionChange, PartitionFields, PartitionsRecord, TopicRecord } from './records.ts';
import { pageOf, Rows } from './rows.ts';
import { noLists, type PartitionLists, type PartitionState, Topic } from './topic.ts';
import { TopicDirectory } from './topic-directory.ts';

/** `PartitionChange.durableFromEpoch` for "as it was". */
export const DURABLE_UNCHANGED = -2;

/** What is not in use any more is dropped once there is this much of it beside what is in use, or as much as that. */
const WASTE_MIN = 1024;
/** Partitions that one record of a snapshot holds at most: who writes one in steps may count records. */
const SNAPSHOT_PARTITION_COUNT = 50;

/**
 * Partitions of a broker: those without a leader; those that count it in (it leads, or is in the ISR); those that may come back
 * to what it has (besides, it is in the ELR, or a log is damaged); all with a replica there.
 */
export type PartsOfBroker = 'leaderless' | 'counting' | 'held' | 'assigned';

/** Topics and partitions that one step of taking a snapshot over looks at, all of a topic at least. */
export const STEP_COUNT = 1000;

/** Some partitions of a topic, or the whole topic. */
export interface TopicPart {
  readonly id: TopicId;
  readonly name: string;
  readonly partitions: readonly PartitionState[];
}

/**
 * All topics and partitions, the latter as columns (P2): rows of numbers in pages, lists by number. A batch copies no page
 * but those that it touches, so topics that were handed out stay as they were.
 */
export class TopicTable {
  #directory = new TopicDirectory();
  #rows = new Rows(ROW_LENGTH);
  #lists = noLists();
  /** Lists in use when they were last sorted out. */
  #listCountBefore = 0;
  #partitionCount = 0;

  get partitionCount(): number {
    return this.#partitionCount;
  }

  /** Different lists that are kept: bounded by what is in use. */
  get listCount(): number {
    return this.#lists.brokers.size + this.#lists.directories.size;
  }

  /** Rows that are kept, those of deleted partitions included. */
  get rowCount(): number {
    return this.#rows.count;
  }

  /** Names in code-unit order. */
  names(): readonly string[] {
    return this.#directory.sortedNames();
  }

  /** Sorted by name in code-unit order. */
  sorted(): readonly Topic[] {
    return this.names().flatMap((name) => this.byName(name) ?? []);
  }

  /** In the order of creation. */
  *topics(): Generator<Topic> {
    for (let slot = 0; slot < this.#directory.slotCount; slot += 1) {
      const topic = this.#topic(slot);
      if (topic !== null) yield topic;
    }
  }

  /** Partitions of a broker, in the order of their topics' creation. */
  partsOn(id: number, which: PartsOfBroker): Iterable<TopicPart> {
    return this.#parts(this.#isPartOf(id, which));
  }

  /** Partitions that are not led by their first replica, or by nobody. */
  partsToElect(type: 'preferred' | 'unclean'): Iterable<TopicPart> {
    if (type === 'unclean') return this.#parts((page, at) => page[at + Column.leader] === -1);
    const { brokers } = this.#lists;
    const firsts = Int32Array.from({ length: brokers.size }, (_, number) => brokers.list(number)[0] ?? -1);
    return this.#parts((page, at) => page[at + Column.leader] !== firsts[page[at + Column.replicas] ?? 0]);
  }

  *#parts(isWanted: (page: Int32Array, at: number) => boolean): Generator<TopicPart> {
    const pages = this.#rows.seal();
    for (let slot = 0; slot < this.#directory.slotCount; slot += 1) {
      if (!this.#directory.has(slot)) continue;
      const [firstRow, count] = [this.#directory.firstRow(slot), this.#directory.partitionCount(slot)];
      let topic: Topic | null = null;
      const partitions: PartitionState[] = [];
      for (let index = 0; index < count; index += 1) {
        const page = pages[pageOf(firstRow + index)];
        const at = positionOf(firstRow + index);
        if (page === undefined || !isWanted(page, at)) continue;
        topic ??= this.#topic(slot);
        const partition = topic?.partition(index);
        if (partition !== undefined) partitions.push(partition);
      }
      if (topic !== null) yield { id: topic.id, name: topic.name, partitions };
    }
  }

  /** How many replicas each broker has, and of how many partitions it is the first. */
  replicaCounts(): { readonly replicas: ReadonlyMap<number, number>; readonly firsts: ReadonlyMap<number, number> } {
    const { brokers } = this.#lists;
    const rowsByList = new Int32Array(brokers.size);
    const pages = this.#rows.seal();
    for (let slot = 0; slot < this.#directory.slotCount; slot += 1) {
      const entry = this.#directory.entry(slot);
      const end = entry === null ? 0 : entry.firstRow + entry.partitionCount;
      for (let row = entry?.firstRow ?? 0; row < end; row += 1) {
        const list = pages[pageOf(row)]?.[positionOf(row) + Column.replicas] ?? 0;
        rowsByList[list] = (rowsByList[list] ?? 0) + 1;
      }
    }
    const counts = { replicas: new Map<number, number>(), firsts: new Map<number, number>() };
    for (const [number, rowCount] of rowsByList.entries()) {
      for (const [position, id] of brokers.list(number).entries()) {
        counts.replicas.set(id, (counts.replicas.get(id) ?? 0) + rowCount);
        if (position === 0) counts.firsts.set(id, (counts.firsts.get(id) ?? 0) + rowCount);
      }
    }
    return counts;
  }

  #isPartOf(id: number, which: PartsOfBroker): (page: Int32Array, at: number) => boolean {
    const { brokers, directories } = this.#lists;
    const isOn = numbersWith(brokers, brokerId(id));
    const on = (page: Int32Array, place: number): boolean => isOn[page[place] ?? 0] === 1;
    const counts = (page: Int32Array, at: number): boolean =>
      page[at + Column.leader] === id || on(page, at + Column.isr);
    switch (which) {
      case 'leaderless':
        return (page, at) => page[at + Column.leader] === -1 && on(page, at + Column.replicas);
      case 'counting':
        return counts;
      case 'assigned':
        return (page, at) => on(page, at + Column.replicas);
      case 'held': {
        const isDamaged = numbersWith(directories, DAMAGED_DIRECTORY);
        return (page, at) =>
          counts(page, at) ||
          on(page, at + Column.elr) ||
          (isDamaged[page[at + Column.directories] ?? 0] === 1 && on(page, at + Column.replicas));
      }
      default:
        return unreachable(which);
    }
  }

  byName(name: string): Topic | null {
    return this.#topic(this.#directory.slotOfName(name));
  }

  byId(id: TopicId): Topic | null {
    return this.#topic(this.#directory.slotOfId(id));
  }

  /** Another topic whose name differs only in '.' against '_', or null. */
  colliding(name: string): string | null {
    return this.#directory.similarName(name);
  }

  add({ topicId: id, name }: TopicRecord): void {
    assert(this.#directory.slotOfName(name) === -1, `topic ${name} exists`);
    assert(this.#directory.slotOfId(id) === -1, `topic id ${id} exists`);
    this.#directory.add(id, name);
  }

  /** Gives the topic as it was. */
  remove(id: string): Topic {
    const slot = this.#directory.slotOfId(id);
    const topic = this.#topic(slot);
    assert(topic !== null, `no topic of id ${id}`);
    this.#directory.remove(slot);
    this.#partitionCount -= topic.partitionCount;
    return topic;
  }

  addPartitions({ topicId: id, partitions }: PartitionsRecord): void {
    const slot = this.#slotOf(id);
    const [before, partitionCount] = [this.#directory.firstRow(slot), this.#directory.partitionCount(slot)];
    const isLast = before + partitionCount === this.#rows.count;
    const added = this.#rows.append(isLast ? partitions.length : partitionCount + partitions.length);
    const firstRow = isLast ? before : added;
    if (!isLast) this.#rows.copy(before, firstRow, partitionCount);
    for (const [position, fields] of partitions.entries()) {
      const index = partitionCount + position;
      assert(fields.index === index, `partition ${fields.index} does not follow ${index - 1}`);
      this.#write(firstRow + index, fields);
    }
    this.#directory.place(slot, firstRow, partitionCount + partitions.length);
    this.#partitionCount += partitions.length;
  }

  change(id: string, changes: readonly PartitionChange[]): void {
    const slot = this.#slotOf(id);
    const [firstRow, partitionCount] = [this.#directory.firstRow(slot), this.#directory.partitionCount(slot)];
    for (const change of changes) {
      const { index } = change;
      assert(index >= 0 && index < partitionCount, `no partition ${index} of topic ${id}`);
      const page = this.#rows.toWrite(firstRow + index);
      const at = positionOf(firstRow + index);
      assert(change.leaderEpoch >= (page[at + Column.leaderEpoch] ?? 0), 'leader epochs only go up');
      assert(change.partitionEpoch > (page[at + Column.partitionEpoch] ?? 0), 'each change raises the partition epoch');
      page[at + Column.leader] = change.leader;
      page[at + Column.leaderEpoch] = change.leaderEpoch;
      page[at + Column.partitionEpoch] = change.partitionEpoch;
      if (change.durableFromEpoch !== DURABLE_UNCHANGED) page[at + Column.durableFromEpoch] = change.durableFromEpoch;
      if (change.isr !== null) page[at + Column.isr] = this.#brokers(change.isr);
      if (change.elr !== null) page[at + Column.elr] = this.#brokers(change.elr);
      if (change.lastKnownElr !== null) page[at + Column.lastKnownElr] = this.#brokers(change.lastKnownElr);
      if (change.replicas !== null) page[at + Column.replicas] = this.#brokers(change.replicas);
      if (change.directories !== null)
        page[at + Column.directories] = this.#lists.directories.numberOf(change.directories);
      if (change.addingReplicas !== null) page[at + Column.addingReplicas] = this.#brokers(change.addingReplicas);
      if (change.removingReplicas !== null) page[at + Column.removingReplicas] = this.#brokers(change.removingReplicas);
    }
  }

  /** Called after the last record of a batch. */
  endBatch(): void {
    this.#rows.seal();
    const isWasteful =
      this.listCount > 2 * this.#listCountBefore + WASTE_MIN ||
      this.#rows.count > 2 * this.#partitionCount + WASTE_MIN ||
      this.#directory.slotCount > 2 * this.#directory.count + WASTE_MIN;
    if (isWasteful) this.#renew();
  }

  /** Called in place of `endBatch` when all of a snapshot is there: nothing of it is waste. */
  endSnapshot(): void {
    this.#rows.seal();
    this.#listCountBefore = this.listCount;
  }

  /** A second table equal to this one, between two batches. */
  clone(): TopicTable {
    const copy = new TopicTable();
    copy.#directory = this.#directory.clone();
    copy.#rows = this.#rows.clone();
    copy.#lists = this.#lists;
    copy.#listCountBefore = this.#listCountBefore;
    copy.#partitionCount = this.#partitionCount;
    return copy;
  }

  /** Notes what is different in a table that comes in place of this one, in steps. */
  *compare(after: TopicTable, delta: Touched): Generator<undefined, void> {
    const before = this.#directory;
    for (let slot = 0; slot < before.slotCount; slot += 1) {
      if (slot % STEP_COUNT === STEP_COUNT - 1) yield;
      const topic = after.#directory.slotOf(before, slot) === -1 ? this.#topic(slot) : null;
      if (topic !== null) delta.topicDeleted(topic);
    }
    const isSame = comparison(
      { pages: this.#rows.seal(), lists: this.#lists },
      { pages: after.#rows.seal(), lists: after.#lists },
    );
    let weight = 0;
    for (let slot = 0; slot < after.#directory.slotCount; slot += 1) {
      const topic = after.#directory.entry(slot);
      if (topic === null) continue;
      const known = before.entry(before.slotOf(after.#directory, slot));
      if (known === null) delta.topicCreated(topic.id);
      const changed: { readonly index: number }[] = [];
      for (let index = 0; index < topic.partitionCount; index += 1) {
        const isKnown = known !== null && index < known.partitionCount;
        if (!isKnown || !isSame(known.firstRow + index, topic.firstRow + index)) changed.push({ index });
      }
      if (changed.length > 0) delta.partitionsChanged(topic.id, changed);
      weight += 1 + topic.partitionCount;
      if (weight < STEP_COUNT) continue;
      weight = 0;
      yield;
    }
  }

  /** Records that build the same table, in the order in which topics were created. */
  *snapshot(): Generator<MetadataRecord> {
    for (const topic of this.topics()) {
      yield { kind: 'topic', topicId: topic.id, name: topic.name };
      for (let start = 0; start < topic.partitionCount; start += SNAPSHOT_PARTITION_COUNT) {
        const partitions = topic.partitionsIn(start, start + SNAPSHOT_PARTITION_COUNT);
        yield { kind: 'partitions', topicId: topic.id, partitions };
      }
    }
  }

  /** One line per topic and one per partition. */
  *describe(): Generator<string> {
    for (const topic of this.topics()) {
      yield `topic ${topic.name} ${topic.id}${topic.internal ? ' internal' : ''}`;
      for (const one of topic.partitions) {
        const moves = [...one.addingReplicas.map((id) => `+${id}`), ...one.removingReplicas.map((id) => `-${id}`)];
        yield `  ${one.index} leader ${one.leader} epoch ${one.leaderEpoch}/${one.partitionEpoch} durable ${one.durableFromEpoch}` +
          ` replicas ${one.replicas.join(',')} isr ${one.isr.join(',')} elr ${one.elr.join(',')}` +
          ` last ${one.lastKnownElr.join(',')} dirs ${one.directories.join(',')}${moves.length > 0 ? ` moves ${moves.join(',')}` : ''}`;
      }
    }
  }

  #write(row: number, fields: PartitionFields): void {
    const page = this.#rows.toWrite(row);
    const at = positionOf(row);
    page[at + Column.leader] = fields.leader;
    page[at + Column.leaderEpoch] = fields.leaderEpoch;
    page[at + Column.partitionEpoch] = fields.partitionEpoch;
    page[at + Column.durableFromEpoch] = fields.durableFromEpoch;
    page[at + Column.replicas] = this.#brokers(fields.replicas);
    page[at + Column.directories] = this.#lists.directories.numberOf(fields.directories);
    page[at + Column.isr] = this.#brokers(fields.isr);
    page[at + Column.elr] = this.#brokers(fields.elr);
    page[at + Column.lastKnownElr] = this.#brokers(fields.lastKnownElr);
    page[at + Column.addingReplicas] = this.#brokers(fields.addingReplicas);
    page[at + Column.removingReplicas] = this.#brokers(fields.removingReplicas);
  }

  #brokers(ids: readonly number[]): number {
    // Ids in records were checked before they were written.
    return this.#lists.brokers.numberOf(ids as readonly BrokerId[]);
  }

  #slotOf(id: string): number {
    const slot = this.#directory.slotOfId(id);
    assert(slot !== -1, `no topic of id ${id}`);
    return slot;
  }

  #topic(slot: number): Topic | null {
    const entry = this.#directory.entry(slot);
    return entry === null ? null : new Topic(entry, this.#rows.seal(), this.#lists);
  }

  /** Keeps what is in use, in new places. */
  #renew(): void {
    const [before, pages, lists] = [this.#directory, this.#rows.seal(), this.#lists];
    this.#directory = new TopicDirectory();
    this.#rows = new Rows(ROW_LENGTH);
    this.#lists = noLists();
    for (let slot = 0; slot < before.slotCount; slot += 1) {
      const entry = before.entry(slot);
      if (entry === null) continue;
      const firstRow = this.#rows.append(entry.partitionCount);
      this.#directory.place(this.#directory.add(entry.id, entry.name), firstRow, entry.partitionCount);
      for (let index = 0; index < entry.partitionCount; index += 1) {
        const from = pages[pageOf(entry.firstRow + index)]?.subarray(positionOf(entry.firstRow + index));
        if (from !== undefined) this.#moveRow(from, firstRow + index, lists);
      }
    }
    this.#rows.seal();
    this.#listCountBefore = this.listCount;
  }

  #moveRow(from: Int32Array, row: number, lists: PartitionLists): void {
    const page = this.#rows.toWrite(row);
    const at = positionOf(row);
    page.set(from.subarray(0, ROW_LENGTH), at);
    for (const column of BROKER_COLUMNS) page[at + column] = this.#brokers(lists.brokers.list(from[column] ?? 0));
    const directories = lists.directories.list(from[Column.directories] ?? 0);
    page[at + Column.directories] = this.#lists.directories.numberOf(directories);
  }
}

interface Stored {
  readonly pages: readonly Int32Array[];
  readonly lists: PartitionLists;
}

/** Tells whether a row of one table says the same as one of another, with lists under other numbers. */
function comparison(before: Stored, after: Stored): (rowBefore: number, rowAfter: number) => boolean {
  const brokers = numbersIn(before.lists.brokers, after.lists.brokers);
  const directories = numbersIn(before.lists.directories, after.lists.directories);
  return (rowBefore, rowAfter) => {
    const [one, other] = [before.pages[pageOf(rowBefore)], after.pages[pageOf(rowAfter)]];
    const [at, to] = [positionOf(rowBefore), positionOf(rowAfter)];
    for (const column of NUMBER_COLUMNS) if (one?.[at + column] !== other?.[to + column]) return false;
    for (const column of BROKER_COLUMNS) if (one?.[at + column] !== brokers[other?.[to + column] ?? 0]) return false;
    return one?.[at + Column.directories] === directories[other?.[to + Column.directories] ?? 0];
  };
}
