/** Cells an index begins with, a power of two. */
const CELL_COUNT_MIN = 16;
/** Part of the cells that may be taken: one that is not there is then found missing after some thirteen. */
const FULL = 0.8;

/**
 * Finds numbers by what they stand for, which the caller knows: an open hash table of 5 to 10 bytes an entry, where a Map takes
 * 40. A copy costs nothing until one of the two changes.
 */
export class HashIndex {
  /** Number + 1, or 0 where nothing is. */
  #cells = new Int32Array(CELL_COUNT_MIN);
  #count = 0;
  #isShared = false;
  readonly #hashOf: (number: number) => number;

  /** `hashOf` gives the hash, of 32 bits, of what a number stands for. */
  constructor(hashOf: (number: number) => number) {
    this.#hashOf = hashOf;
  }

  /** `hashOf` as for a new one. */
  clone(hashOf: (number: number) => number): HashIndex {
    const copy = new HashIndex(hashOf);
    copy.#cells = this.#cells;
    copy.#count = this.#count;
    copy.#isShared = true;
    this.#isShared = true;
    return copy;
  }

  /** The first number of that hash that `isIt` takes, −1 when there is none. It may be asked of others too. */
  find(hash: number, isIt: (number: number) => boolean): number {
    for (let at = this.#home(hash); ; at = this.#after(at)) {
      const number = this.#at(at);
      if (number === -1 || isIt(number)) return number;
    }
  }

  /** Adds a number that is not there yet. */
  add(number: number): void {
    if (this.#count + 1 > FULL * this.#cells.length) this.#grow();
    else this.#own();
    this.#put(number);
    this.#count += 1;
  }

  /** Removes a number that is there. */
  remove(number: number): void {
    this.#own();
    const cells = this.#cells;
    const mask = cells.length - 1;
    let hole = this.#home(this.#hashOf(number));
    while (this.#at(hole) !== number) hole = this.#after(hole);
    for (let at = this.#after(hole); this.#at(at) !== -1; at = this.#after(at)) {
      // What would not be found past the hole moves into it.
      const home = this.#home(this.#hashOf(this.#at(at)));
      if (((at - home) & mask) < ((at - hole) & mask)) continue;
      cells[hole] = cells[at] ?? 0;
      hole = at;
    }
    cells[hole] = 0;
    this.#count -= 1;
  }

  #at(cell: number): number {
    return (this.#cells[cell] ?? 0) - 1;
  }

  #after(cell: number): number {
    return (cell + 1) & (this.#cells.length - 1);
  }

  #home(hash: number): number {
    return (hash ^ (hash >>> 15)) & (this.#cells.length - 1);
  }

  #put(number: number): void {
    let at = this.#home(this.#hashOf(number));
    while (this.#at(at) !== -1) at = this.#after(at);
    this.#cells[at] = number + 1;
  }

  #grow(): void {
    const before = this.#cells;
    this.#cells = new Int32Array(2 * before.length);
    this.#isShared = false;
    for (const cell of before) if (cell !== 0) this.#put(cell - 1);
  }

  #own(): void {
    if (this.#isShared) this.#cells = this.#cells.slice();
    this.#isShared = false;
  }
}
