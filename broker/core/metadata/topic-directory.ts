import { TextIndex } from './text-index.ts';

/** A topic's entry: where its partitions are. */
export interface TopicEntry {
  readonly id: string;
  readonly name: string;
  /** Row of its partition 0. */
  readonly firstRow: number;
  readonly partitionCount: number;
}

const PLACES_MIN = 32;

/**
 * Names, ids and places of topics, in the order of their creation: about 130 bytes a topic. A copy costs nothing until one
 * of the two gets or loses topics or partitions.
 */
export class TopicDirectory {
  /** By slot; '' where a topic was removed. */
  #names: string[] = [];
  #ids: string[] = [];
  /** First row and number of partitions, by slot. */
  #places = new Int32Array(PLACES_MIN);
  #isShared = false;
  #byName = new TextIndex({ folded: true });
  #byId = new TextIndex({ folded: false });
  #count = 0;
  /** In code-unit order, of the slots below `#sortedCount` when that was set. */
  #sorted: readonly string[] = [];
  #sortedCount = 0;
  /** Some of those are gone. */
  #hasLost = false;

  /** How many topics there are. */
  get count(): number {
    return this.#count;
  }

  /** Slots, those of removed topics included: all are below. */
  get slotCount(): number {
    return this.#names.length;
  }

  clone(): TopicDirectory {
    const copy = new TopicDirectory();
    copy.#names = this.#names;
    copy.#ids = this.#ids;
    copy.#places = this.#places;
    copy.#isShared = true;
    this.#isShared = true;
    copy.#byName = this.#byName.clone();
    copy.#byId = this.#byId.clone();
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
    const come = this.#names.slice(this.#sortedCount).filter((name) => name !== '');
    // Nearly sorted already, which the sort makes use of.
    this.#sorted = [...kept, ...come].sort();
    this.#sortedCount = this.slotCount;
    this.#hasLost = false;
    return this.#sorted;
  }

  /** The slot of a topic, −1 when there is none. */
  slotOfName(name: string): number {
    return this.#byName.find(name, this.#names);
  }

  /** The slot of a topic, −1 when there is none. */
  slotOfId(id: string): number {
    return this.#byId.find(id, this.#ids);
  }

  /** The name of another topic that differs only in '.' against '_', or null. */
  similarName(name: string): string | null {
    return this.#names[this.#byName.findSimilar(name, this.#names)] ?? null;
  }

  /** Null for a slot whose topic was removed. */
  entry(slot: number): TopicEntry | null {
    const name = this.#names[slot] ?? '';
    if (name === '') return null;
    const firstRow = this.#places[2 * slot] ?? 0;
    return { id: this.#ids[slot] ?? '', name, firstRow, partitionCount: this.#places[2 * slot + 1] ?? 0 };
  }

  /** Adds a topic that is not there, without partitions. Gives its slot. */
  add(id: string, name: string): number {
    this.#own();
    const slot = this.#names.push(name) - 1;
    this.#ids.push(id);
    if (2 * slot >= this.#places.length) {
      const places = new Int32Array(2 * this.#places.length);
      places.set(this.#places);
      this.#places = places;
    }
    this.#byName.add(slot, this.#names);
    this.#byId.add(slot, this.#ids);
    this.#count += 1;
    return slot;
  }

  place(slot: number, firstRow: number, partitionCount: number): void {
    this.#own();
    this.#places[2 * slot] = firstRow;
    this.#places[2 * slot + 1] = partitionCount;
  }

  remove(slot: number): void {
    this.#own();
    this.#byName.remove(slot, this.#names);
    this.#byId.remove(slot, this.#ids);
    this.#names[slot] = '';
    this.#ids[slot] = '';
    this.#count -= 1;
    if (slot < this.#sortedCount) this.#hasLost = true;
  }

  #own(): void {
    if (!this.#isShared) return;
    this.#names = [...this.#names];
    this.#ids = [...this.#ids];
    this.#places = this.#places.slice();
    this.#isShared = false;
  }
}
