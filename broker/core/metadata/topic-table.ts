import { assert, unreachable } from '../base/assert.ts';
import { brokerId, type TopicId } from '../base/ids.ts';
import type { Touched } from './delta.ts';
import { type ListsOfPartition, PartitionLists } from './partition-lists.ts';
import { Column, NUMBER_COLUMNS, positionOf, ROW_LENGTH } from './partition-rows.ts';
import { DAMAGED_DIRECTORY } from './directories.ts';
import type { MetadataRecord, PartitionChange, PartitionFields, PartitionsRecord, TopicRecord } from './records.ts';
import { pageOf, Rows } from './rows.ts';
import { type PartitionState, Topic } from './topic.ts';
import { TopicDirectory } from './topic-directory.ts';

/** `PartitionChange.durableFromEpoch` for "as it was". */
export const DURABLE_UNCHANGED = -2;

/** What is not in use any more is dropped once there is this much of it beside what is in use, or as much as that. */
const WASTE_MIN = 1024;
/** Partitions that one record of a snapshot holds at most: who writes one in steps may count records. */
const SNAPSHOT_PARTITION_COUNT = 50;

/**
 * Partitions of a broker: those without a leader; those that count it in (it leads, or is in the ISR); those that may come back
 * to what it has (besides, it is in the ELR, or a log is damaged); those that it should lead, as their first replica, and does
 * not; all with a replica there.
 */
export type PartsOfBroker = 'leaderless' | 'counting' | 'held' | 'owed' | 'assigned';

/** Topics and partitions that one step of taking a snapshot over looks at, all of a topic at least. */
export const STEP_COUNT = 1000;

/** Whether a row, by its page and where it begins there, is one of those that are looked for. */
type RowTest = (page: Int32Array, at: number) => boolean;

/** Some partitions of a topic, or the whole topic. */
export interface TopicPart {
  readonly id: TopicId;
  readonly name: string;
  readonly partitions: readonly PartitionState[];
}

/** Texts are made when they are asked for. */
class Part implements TopicPart {
  readonly partitions: readonly PartitionState[];
  readonly #topic: Topic;

  constructor(topic: Topic, partitions: readonly PartitionState[]) {
    this.#topic = topic;
    this.partitions = partitions;
  }

  get id(): TopicId {
    return this.#topic.id;
  }

  get name(): string {
    return this.#topic.name;
  }
}

/**
 * All topics and partitions, the latter as columns (P2): rows of numbers in pages, lists by number. A batch copies no page
 * but those that it touches, so topics that were handed out stay as they were.
 */
export class TopicTable {
  #directory = new TopicDirectory();
  #rows = new Rows(ROW_LENGTH);
  #lists = new PartitionLists();
  /** Combinations of lists in use when they were last sorted out. */
  #listsBefore = 0;
  #partitionCount = 0;

  get partitionCount(): number {
    return this.#partitionCount;
  }

  /** Different lists, and different combinations of them, that are kept: bounded by what is in use. */
  get listCounts(): { readonly listCount: number; readonly count: number } {
    const { listCount, count } = this.#lists;
    return { listCount, count };
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
    const firsts = Array.from({ length: this.#lists.count }, (_, number) => this.#lists.of(number).replicas[0] ?? -1);
    return this.#parts((page, at) => page[at + Column.leader] !== firsts[page[at + Column.lists] ?? 0]);
  }

  /** Partitions whose lists are so; asked once for those that agree. */
  partsWith(isSo: (lists: ListsOfPartition) => boolean): Iterable<TopicPart> {
    return this.#parts(this.#rowsWith(isSo));
  }

  *#parts(isWanted: RowTest): Generator<TopicPart> {
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
      if (topic !== null) yield new Part(topic, partitions);
    }
  }

  /** What lists come to, each once, by the number that `Topic.listsNumber` tells; the table must not change before it is asked. */
  mapLists<T>(of: (lists: ListsOfPartition) => T): readonly T[] {
    return this.#lists.map(of);
  }

  /** How many replicas each broker has, and of how many partitions it is the first. */
  replicaCounts(): { readonly replicas: ReadonlyMap<number, number>; readonly firsts: ReadonlyMap<number, number> } {
    const counts = { replicas: new Map<number, number>(), firsts: new Map<number, number>() };
    for (const { lists, count } of this.tally()) {
      for (const [position, id] of lists.replicas.entries()) {
        counts.replicas.set(id, (counts.replicas.get(id) ?? 0) + count);
        if (position === 0) counts.firsts.set(id, (counts.firsts.get(id) ?? 0) + count);
      }
    }
    return counts;
  }

  /** How many partitions have which lists. */
  tally(): { readonly lists: ListsOfPartition; readonly count: number }[] {
    const counts = new Int32Array(this.#lists.count);
    for (const row of this.#rowsInUse()) {
      const number = this.#rows.at(row, Column.lists);
      counts[number] = (counts[number] ?? 0) + 1;
    }
    return [...counts].flatMap((count, number) => (count === 0 ? [] : [{ lists: this.#lists.of(number), count }]));
  }

  *#rowsInUse(): Generator<number> {
    for (let slot = 0; slot < this.#directory.slotCount; slot += 1) {
      if (!this.#directory.has(slot)) continue;
      const firstRow = this.#directory.firstRow(slot);
      const end = firstRow + this.#directory.partitionCount(slot);
      for (let row = firstRow; row < end; row += 1) yield row;
    }
  }

  #isPartOf(id: number, which: PartsOfBroker): RowTest {
    const broker = brokerId(id);
    const ledOr =
      (isIt: RowTest): RowTest =>
      (page, at) =>
        page[at + Column.leader] === id || isIt(page, at);
    switch (which) {
      case 'assigned':
        return this.#rowsWith(({ replicas }) => replicas.includes(broker));
      case 'leaderless': {
        const isAssigned = this.#rowsWith(({ replicas }) => replicas.includes(broker));
        return (page, at) => page[at + Column.leader] === -1 && isAssigned(page, at);
      }
      case 'owed': {
        const isFirst = this.#rowsWith(({ replicas }) => replicas[0] === broker);
        return (page, at) => page[at + Column.leader] !== id && isFirst(page, at);
      }
      case 'counting':
        return ledOr(this.#rowsWith(({ isr }) => isr.includes(broker)));
      case 'held':
        return ledOr(
          this.#rowsWith(({ replicas, directories, isr, elr }) => {
            const isDamaged = directories.includes(DAMAGED_DIRECTORY) && replicas.includes(broker);
            return isDamaged || isr.includes(broker) || elr.includes(broker);
          }),
        );
      default:
        return unreachable(which);
    }
  }

  /** The lists of all rows are looked at once for those that agree. */
  #rowsWith(isSo: (lists: ListsOfPartition) => boolean): RowTest {
    const marks = this.#lists.marks(isSo);
    return (page, at) => marks[page[at + Column.lists] ?? 0] === 1;
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
      page[at + Column.lists] = this.#lists.numberOf(change, page[at + Column.lists] ?? 0);
    }
  }

  /** Called after the last record of a batch. */
  endBatch(): void {
    this.#rows.seal();
    // A list that is new makes a new combination.
    if (isWasteful(this.#lists.count, this.#listsBefore)) this.#renewLists();
    const { slotCount, count: topicCount } = this.#directory;
    if (isWasteful(this.#rows.count, this.#partitionCount) || isWasteful(slotCount, topicCount)) this.#renewRows();
  }

  /** Called in place of `endBatch` when all of a snapshot is there: nothing of it is waste. */
  endSnapshot(): void {
    this.#rows.seal();
    this.#listsBefore = this.#lists.count;
  }

  /** A second table equal to this one, between two batches. */
  clone(): TopicTable {
    const copy = new TopicTable();
    copy.#directory = this.#directory.clone();
    copy.#rows = this.#rows.clone();
    copy.#lists = this.#lists;
    copy.#listsBefore = this.#listsBefore;
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
    page[at + Column.lists] = this.#lists.numberOf(fields, 0);
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

  /** Keeps the lists in use, under new numbers. */
  #renewLists(): void {
    const before = this.#lists;
    this.#lists = new PartitionLists();
    const numbers = new Int32Array(before.count).fill(-1);
    for (const row of this.#rowsInUse()) {
      const number = this.#rows.at(row, Column.lists);
      if (numbers[number] === -1) numbers[number] = this.#lists.numberOf(before.of(number), 0);
      this.#rows.set(row, Column.lists, numbers[number] ?? 0);
    }
    this.#rows.seal();
    this.#listsBefore = this.#lists.count;
  }

  /** Keeps the topics and partitions that there are, in new places. */
  #renewRows(): void {
    const [before, pages] = [this.#directory, this.#rows.seal()];
    this.#directory = new TopicDirectory();
    this.#rows = new Rows(ROW_LENGTH);
    for (let slot = 0; slot < before.slotCount; slot += 1) {
      const entry = before.entry(slot);
      if (entry === null) continue;
      const firstRow = this.#rows.append(entry.partitionCount);
      this.#directory.place(this.#directory.add(entry.id, entry.name), firstRow, entry.partitionCount);
      for (let index = 0; index < entry.partitionCount; index += 1) {
        const at = positionOf(entry.firstRow + index);
        const from = pages[pageOf(entry.firstRow + index)]?.subarray(at, at + ROW_LENGTH);
        if (from !== undefined) this.#rows.toWrite(firstRow + index).set(from, positionOf(firstRow + index));
      }
    }
    this.#rows.seal();
  }
}

/** Whether what was dropped should go: there is as much of it as of the rest. */
function isWasteful(count: number, inUseCount: number): boolean {
  return count > 2 * inUseCount + WASTE_MIN;
}

interface Stored {
  readonly pages: readonly Int32Array[];
  readonly lists: PartitionLists;
}

/** Tells whether a row of one table says the same as one of another, with lists under other numbers. */
function comparison(before: Stored, after: Stored): (rowBefore: number, rowAfter: number) => boolean {
  const numbers = before.lists.numbersOf(after.lists);
  return (rowBefore, rowAfter) => {
    const [one, other] = [before.pages[pageOf(rowBefore)], after.pages[pageOf(rowAfter)]];
    const [at, to] = [positionOf(rowBefore), positionOf(rowAfter)];
    for (const column of NUMBER_COLUMNS) if (one?.[at + column] !== other?.[to + column]) return false;
    return one?.[at + Column.lists] === numbers[other?.[to + Column.lists] ?? 0];
  };
}
