/** Cells an index begins with, a power of two. */
const CELL_COUNT_MIN = 16;
/** Part of the cells that may be taken: one that is not there is then found missing after some thirteen. */
const FULL = 0.8;
/** Cells that go to a larger table with each addition: to move all of 50,000 at once is a turn of its own. */
const MOVED_COUNT = 8;

/**
 * Finds numbers by what they stand for, which the caller knows: an open hash table of 5 to 10 bytes an entry, where a Map takes
 * 40. A copy costs nothing until one of the two changes.
 */
export class HashIndex {
  /** Number + 1, or 0 where nothing is. */
  #cells = new Int32Array(CELL_COUNT_MIN);
  /** The smaller table, while not all that it has is in the other one; it does not change any more. */
  #before: Int32Array | null = null;
  /** Cells of the smaller table that were moved. */
  #movedCount = 0;
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

    copy.#before = this.#before;
    copy.#movedCount = this.#movedCount;
    copy.#count = this.#count;
    copy.#isShared = true;
    this.#isShared = true;
    return copy;
  }

  /** The first number of that hash that `isIt` takes, −1 when there is none. It may be asked of others too. */
  find(hash: number, isIt: (number: number) => boolean): number {
    const number = findIn(this.#cells, hash, isIt);
    return number === -1 && this.#before !== null ? findIn(this.#before, hash, isIt) : number;
  }

  /** Adds a number that is not there yet. */
  add(number: number): void {
    if (this.#count + 1 > FULL * this.#cells.length) this.#grow();
    else this.#own();
    this.#put(number);
    this.#count += 1;
    this.#move(MOVED_COUNT);
  }

  /** Removes a number that is there. */
  remove(number: number): void {
    this.#own();
    this.#move(Number.POSITIVE_INFINITY);
    const cells = this.#cells;
    const mask = cells.length - 1;
    let hole = home(cells, this.#hashOf(number));
    while (at(cells, hole) !== number) hole = after(cells, hole);
    for (let place = after(cells, hole); at(cells, place) !== -1; place = after(cells, place)) {
      // What would not be found past the hole moves into it.
      const first = home(cells, this.#hashOf(at(cells, place)));
      if (((place - first) & mask) < ((place - hole) & mask)) continue;
      cells[hole] = cells[place] ?? 0;
      hole = place;
    }
    cells[hole] = 0;
    this.#count -= 1;
  }

  #put(number: number): void {
    const cells = this.#cells;
    let place = home(cells, this.#hashOf(number));
    while (at(cells, place) !== -1) place = after(cells, place);
    cells[place] = number + 1;
  }

  /** What the table before had is moved long before this one is full. */
  #grow(): void {
    this.#before = this.#cells;
    this.#movedCount = 0;
    this.#cells = new Int32Array(2 * this.#before.length);
    this.#isShared = false;
  }

  /** Moves what is in some more cells of the smaller table. */
  #move(count: number): void {
    const length = this.#before === null ? 0 : this.#before.length;
    for (const end = Math.min(length, this.#movedCount + count); this.#movedCount < end; this.#movedCount += 1) {
      const cell = this.#before?.[this.#movedCount] ?? 0;
      if (cell !== 0) this.#put(cell - 1);
    }
    if (this.#movedCount === length) this.#before = null;
  }

  #own(): void {
    if (this.#isShared) this.#cells = this.#cells.slice();
    this.#isShared = false;
  }
}

function findIn(cells: Int32Array, hash: number, isIt: (number: number) => boolean): number {
  for (let place = home(cells, hash); ; place = after(cells, place)) {
    const number = at(cells, place);
    if (number === -1 || isIt(number)) return number;
  }
}

function at(cells: Int32Array, place: number): number {
  return (cells[place] ?? 0) - 1;
}

function after(cells: Int32Array, place: number): number {
  return (place + 1) & (cells.length - 1);
}

function home(cells: Int32Array, hash: number): number {
  return (hash ^ (hash >>> 15)) & (cells.length - 1);
}
