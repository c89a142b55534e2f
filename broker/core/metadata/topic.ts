import { assert } from '../base/assert.ts';
import type { BrokerId, LeaderEpoch, TopicId } from '../base/ids.ts';
import type { PartitionLists } from './partition-lists.ts';
import { Column, positionOf } from './partition-rows.ts';
import { pageOf } from './rows.ts';
import type { TopicEntry } from './topic-directory.ts';
import { isInternalTopic } from './topic-name.ts';
import type { PartitionView, TopicView } from './view.ts';

/** A partition with what only the controller needs. */
export interface PartitionState extends PartitionView {
  /** Directory id of each replica, in the order of `replicas` (D4). */
  readonly directories: readonly string[];
}

/** A topic at one metadata offset, as a window on rows that do not change; a `PartitionState` is made when asked for. */
export class Topic implements TopicView {
  readonly partitionCount: number;
  readonly #entry: TopicEntry;
  /** Made when it is asked for. */
  #name: string | null = null;
  #id: TopicId | null = null;
  readonly #pages: readonly Int32Array[];
  readonly #lists: PartitionLists;

  constructor(entry: TopicEntry, pages: readonly Int32Array[], lists: PartitionLists) {
    this.partitionCount = entry.partitionCount;
    this.#entry = entry;
    this.#pages = pages;
    this.#lists = lists;
  }

  get id(): TopicId {
    this.#id ??= this.#entry.id;
    return this.#id;
  }

  get name(): string {
    this.#name ??= this.#entry.name;
    return this.#name;
  }

  get internal(): boolean {
    return isInternalTopic(this.name);
  }

  get partitions(): readonly PartitionState[] {
    return this.partitionsIn(0, this.partitionCount);
  }

  /** Partitions [start, end). */
  partitionsIn(start: number, end: number): PartitionState[] {
    const partitions: PartitionState[] = [];
    for (let index = start; index < end; index += 1) {
      const partition = this.partition(index);
      if (partition !== undefined) partitions.push(partition);
    }
    return partitions;
  }

  partition(index: number): PartitionState | undefined {
    if (!(index >= 0 && index < this.partitionCount)) return undefined;
    const row = this.#entry.firstRow + index;
    const page = this.#pages[pageOf(row)];
    return page === undefined ? undefined : partitionAt(page, positionOf(row), index, this.#lists);
  }

  /** Who leads a partition, −1 for nobody; nothing is made of it. `index` is one of the topic. */
  leader(index: number): number {
    return this.#cell(index, Column.leader);
  }

  /** Where `MetadataImage.mapLists` has what the lists of a partition come to. `index` is one of the topic. */
  listsNumber(index: number): number {
    return this.#cell(index, Column.lists);
  }

  #cell(index: number, column: number): number {
    const row = this.#entry.firstRow + index;
    const cell = this.#pages[pageOf(row)]?.[positionOf(row) + column];
    assert(index >= 0 && index < this.partitionCount && cell !== undefined, `no partition ${index}`);
    return cell;
  }
}

// Ids and epochs in rows were checked when they came in, as records; a page has whole rows.
function partitionAt(page: Int32Array, at: number, index: number, lists: PartitionLists): PartitionState {
  return {
    index,
    leader: page[at + Column.leader] as BrokerId | -1,
    leaderEpoch: page[at + Column.leaderEpoch] as LeaderEpoch,
    partitionEpoch: page[at + Column.partitionEpoch] as number,
    durableFromEpoch: page[at + Column.durableFromEpoch] as number,
    ...lists.of(page[at + Column.lists] as number),
  };
}
