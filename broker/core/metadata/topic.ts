import type { BrokerId, LeaderEpoch, TopicId } from '../base/ids.ts';
import { InternedLists } from './interned-lists.ts';
import { isInternalTopic } from './topic-name.ts';
import type { PartitionView, TopicView } from './view.ts';

/** A partition with what only the controller needs. */
export interface PartitionState extends PartitionView {
  /** Directory id of each replica, in the order of `replicas` (D4). */
  readonly directories: readonly string[];
}

/** Where each field of a partition stands in its row; lists by their number. */
export const Column = {
  leader: 0,
  leaderEpoch: 1,
  partitionEpoch: 2,
  durableFromEpoch: 3,
  replicas: 4,
  directories: 5,
  isr: 6,
  elr: 7,
  lastKnownElr: 8,
} as const;

/** Numbers of 32 bits in a row. */
export const ROW_LENGTH = 9;
/** Rows of a page: what a change of one partition copies, 9 KiB. */
export const PAGE_ROW_COUNT = 256;

/** The lists that rows name. */
export interface PartitionLists {
  readonly brokers: InternedLists<BrokerId>;
  readonly directories: InternedLists<string>;
}

/** No lists yet. */
export function noLists(): PartitionLists {
  return { brokers: new InternedLists((id) => id), directories: new InternedLists(textHash) };
}

/**
 * A topic at one metadata offset. Its partitions are rows of numbers in pages, which are never changed but replaced, so
 * this stays what it is; a `PartitionState` is made when it is asked for and is nobody's afterwards.
 */
export class Topic implements TopicView {
  readonly id: TopicId;
  readonly name: string;
  readonly partitionCount: number;
  /** Rows of partitions in order; all pages but the last are full. For the table alone. */
  readonly pages: readonly Int32Array[];
  readonly #lists: PartitionLists;

  constructor(
    topic: { readonly id: TopicId; readonly name: string },
    rows: { readonly pages: readonly Int32Array[]; readonly partitionCount: number; readonly lists: PartitionLists },
  ) {
    this.id = topic.id;
    this.name = topic.name;
    this.partitionCount = rows.partitionCount;
    this.pages = rows.pages;
    this.#lists = rows.lists;
  }

  get internal(): boolean {
    return isInternalTopic(this.name);
  }

  get partitions(): readonly PartitionState[] {
    const partitions: PartitionState[] = [];
    for (let index = 0; index < this.partitionCount; index += 1) {
      const partition = this.partition(index);
      if (partition !== undefined) partitions.push(partition);
    }
    return partitions;
  }

  partition(index: number): PartitionState | undefined {
    const page = this.pages[Math.floor(index / PAGE_ROW_COUNT)];
    if (page === undefined || index >= this.partitionCount) return undefined;
    return partitionAt(page, rowOf(index), index, this.#lists);
  }
}

/** Position of a partition's row in its page. */
export function rowOf(index: number): number {
  return (index % PAGE_ROW_COUNT) * ROW_LENGTH;
}

// Ids and epochs in rows were checked when they came in, as records.
function partitionAt(page: Int32Array, row: number, index: number, lists: PartitionLists): PartitionState {
  return {
    index,
    leader: page[row + Column.leader] as BrokerId | -1,
    leaderEpoch: page[row + Column.leaderEpoch] as LeaderEpoch,
    partitionEpoch: page[row + Column.partitionEpoch] as number,
    durableFromEpoch: page[row + Column.durableFromEpoch] as number,
    replicas: lists.brokers.list(page[row + Column.replicas] as number),
    directories: lists.directories.list(page[row + Column.directories] as number),
    isr: lists.brokers.list(page[row + Column.isr] as number),
    elr: lists.brokers.list(page[row + Column.elr] as number),
    lastKnownElr: lists.brokers.list(page[row + Column.lastKnownElr] as number),
  };
}

function textHash(text: string): number {
  let hash = text.length;
  for (let index = 0; index < text.length; index += 1) hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193);
  return hash;
}
