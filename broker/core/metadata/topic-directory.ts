import { Buffer } from 'node:buffer';
import { type TopicId, topicId } from '../base/ids.ts';
import { HashIndex } from './hash-index.ts';
import { pageOf, PAGE_ROW_COUNT, Rows } from './rows.ts';
import { nameHash, TopicNames } from './topic-names.ts';

/** Where each field of a topic stands in its row; its id is the first four numbers. */
const Column = { nameAt: 4, firstRow: 5, partitionCount: 6 } as const;
const ROW_LENGTH = 7;
/** Where a removed topic's name is. */
const GONE = -1;

/** Characters of an id, and what each stands for, by its code; −1 where it is none. */
const ID_LENGTH = 22;
const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
const SIXES = Int8Array.from({ length: 128 }, (_, code) => ALPHABET.indexOf(String.fromCharCode(code)));

/** Of the id that is being made. */
const ID_BYTES = Buffer.alloc(16);

/** A topic's entry: where its partitions are. It stays as it is; texts are made when they are asked for. */
export class TopicEntry {
  /** Row of its partition 0. */
  readonly firstRow: number;
  readonly partitionCount: number;
  readonly #page: Int32Array;
  readonly #at: number;
  readonly #names: TopicNames;

  constructor(page: Int32Array, at: number, names: TopicNames) {
    this.firstRow = page[at + Column.firstRow] ?? 0;
    this.partitionCount = page[at + Column.partitionCount] ?? 0;
    this.#page = page;
    this.#at = at;
    this.#names = names;
  }

  get name(): string {
    return this.#names.name(this.#page[this.#at + Column.nameAt] ?? GONE);
  }

  get id(): TopicId {
    for (let word = 0; word < 4; word += 1) ID_BYTES.writeInt32BE(this.#page[this.#at + word] ?? 0, 4 * word);
    return topicId(ID_BYTES.toString('base64url'));
  }
}

/**
 * Names, ids and places of topics, in the order of their creation: 40 bytes a topic and its name. A copy costs nothing until
 * one of the two gets or loses topics or partitions.
 */
export class TopicDirectory {
  /** By slot. */
  #rows = new Rows(ROW_LENGTH);
  #names = new TopicNames();
  #byName = new HashIndex((slot) => this.#hashOfName(slot));
  #byId = new HashIndex((slot) => this.#hashOfId(slot));
  #count = 0;
  /** In code-unit order, of the slots below `#sortedCount` when that was set. */
  #sorted: readonly string[] = [];
  #sortedCount = 0;
  /** Some of those are gone. */
  #hasLost = false;
  /** An id that is looked for. */
  readonly #wanted = new Int32Array(4);

  /** How many topics there are. */
  get count(): number {
    return this.#count;
  }

  /** Slots, those of removed topics included: all are below. */
  get slotCount(): number {
    return this.#rows.count;
  }

  clone(): TopicDirectory {
    const copy = new TopicDirectory();
    copy.#rows = this.#rows.clone();
    copy.#names = this.#names.clone();
    copy.#byName = this.#byName.clone((slot) => copy.#hashOfName(slot));
    copy.#byId = this.#byId.clone((slot) => copy.#hashOfId(slot));
    copy.#count = this.#count;
    copy.#sorted = this.#sorted;
    copy.#sortedCount = this.#sortedCount;
    copy.#hasLost = this.#hasLost;
    return copy;
  }

  /** Sorted in code-unit order. */
  sortedNames(): readonly string[] {
    if (!this.#hasLost && this.#sortedCount === this.slotCount) return this.#sorted;
    const isStill = (name: string): boolean => {
      const slot = this.slotOfName(name);
      return slot !== -1 && slot < this.#sortedCount;
    };
    const kept = this.#hasLost ? this.#sorted.filter(isStill) : this.#sorted;
    const come: string[] = [];
    for (let slot = this.#sortedCount; slot < this.slotCount; slot += 1)
      if (this.has(slot)) come.push(this.#name(slot));
    // Nearly sorted already, which the sort makes use of.
    this.#sorted = [...kept, ...come].sort();
    this.#sortedCount = this.slotCount;
    this.#hasLost = false;
    return this.#sorted;
  }

  /** The slot of a topic, −1 when there is none. */
  slotOfName(name: string): number {
    return this.#byName.find(nameHash(name), (slot) => this.#names.is(this.#nameAt(slot), name));
  }

  /** The slot of a topic, −1 when there is none. */
  slotOfId(id: string): number {
    return readId(id, this.#wanted) ? this.#find(this.#wanted, 0) : -1;
  }

  /** The slot here of a topic of another directory, −1 when there is none. */
  slotOf(other: TopicDirectory, slot: number): number {
    return this.#find(other.#rows.pageWith(slot), positionOf(slot));
  }

  /** The name of another topic that differs only in '.' against '_', or null. */
  similarName(name: string): string | null {
    const slot = this.#byName.find(nameHash(name), (one) => {
      const place = this.#nameAt(one);
      return this.#names.is(place, name, { folded: true }) && !this.#names.is(place, name);
    });
    return slot === -1 ? null : this.#name(slot);
  }

  /** False for a slot that is not, or whose topic was removed. */
  has(slot: number): boolean {
    return slot >= 0 && slot < this.slotCount && this.#nameAt(slot) !== GONE;
  }

  firstRow(slot: number): number {
    return this.#rows.at(slot, Column.firstRow);
  }

  partitionCount(slot: number): number {
    return this.#rows.at(slot, Column.partitionCount);
  }

  /** Null where `has` is false. The next change copies a page: within a batch look at single fields. */
  entry(slot: number): TopicEntry | null {
    if (!this.has(slot)) return null;
    const page = this.#rows.seal()[pageOf(slot)];
    return page === undefined ? null : new TopicEntry(page, positionOf(slot), this.#names);
  }

  /** Adds a topic that is not there, without partitions. Gives its slot. Throws when the id is none. */
  add(id: string, name: string): number {
    if (!readId(id, this.#wanted)) throw new Error(`bug: '${id}' is no topic id`);
    const slot = this.#rows.append(1);
    for (const [word, value] of this.#wanted.entries()) this.#rows.set(slot, word, value);
    this.#rows.set(slot, Column.nameAt, this.#names.add(name));
    this.#byName.add(slot);
    this.#byId.add(slot);
    this.#count += 1;
    return slot;
  }

  place(slot: number, firstRow: number, partitionCount: number): void {
    this.#rows.set(slot, Column.firstRow, firstRow);
    this.#rows.set(slot, Column.partitionCount, partitionCount);
  }

  remove(slot: number): void {
    this.#byName.remove(slot);
    this.#byId.remove(slot);
    this.#rows.set(slot, Column.nameAt, GONE);
    this.#count -= 1;
    if (slot < this.#sortedCount) this.#hasLost = true;
  }

  /** By the numbers of an id, which begin at `from`. */
  #find(wanted: Int32Array, from: number): number {
    return this.#byId.find(idHash(wanted, from), (slot) => {
      const [page, at] = [this.#rows.pageWith(slot), positionOf(slot)];
      if (page[at] !== wanted[from] || page[at + 1] !== wanted[from + 1]) return false;
      return page[at + 2] === wanted[from + 2] && page[at + 3] === wanted[from + 3];
    });
  }

  #nameAt(slot: number): number {
    return this.#rows.at(slot, Column.nameAt);
  }

  #name(slot: number): string {
    return this.#names.name(this.#nameAt(slot));
  }

  #hashOfName(slot: number): number {
    return this.#names.hash(this.#nameAt(slot));
  }

  #hashOfId(slot: number): number {
    return idHash(this.#rows.pageWith(slot), positionOf(slot));
  }
}

function positionOf(slot: number): number {
  return (slot % PAGE_ROW_COUNT) * ROW_LENGTH;
}

/** The four numbers of an id as Kafka prints it; false when it is none. */
function readId(id: string, into: Int32Array): boolean {
  if (id.length !== ID_LENGTH) return false;
  let [word, value, bits] = [0, 0, 0];
  for (let index = 0; index < ID_LENGTH; index += 1) {
    const six = SIXES[id.charCodeAt(index)] ?? -1;
    if (six === -1) return false;
    const room = 32 - bits;
    if (room > 6) {
      value = (value << 6) | six;
      bits += 6;
      continue;
    }
    bits = 6 - room;
    into[word] = (value << room) | (six >> bits);
    value = six & ((1 << bits) - 1);
    word += 1;
  }
  // Of the last character only two bits count: another text for the same bytes is not this id.
  return value === 0;
}

function idHash(numbers: Int32Array, at: number): number {
  let hash = 0;
  for (let word = 0; word < 4; word += 1) {
    hash = Math.imul(hash ^ (numbers[at + word] ?? 0), 0x5bd1e995);
    hash ^= hash >>> 15;
  }
  return hash;
}
