/** Rows of a page: 5 KiB of partitions, 7 KiB of topics; what the change of one copies. */
export const PAGE_ROW_COUNT = 256;

/**
 * Rows of numbers in pages. Pages that were handed out never change: between two `seal`s a page is copied when it is first
 * written to. A copy of all costs nothing.
 */
export class Rows {
  readonly #length: number;
  #pages: Int32Array[] = [];
  /** Numbers of pages that nobody else has; null while the list of pages itself is somebody's too. */
  #own: Set<number> | null = null;
  #count = 0;

  /** `length`: numbers of 32 bits in a row. */
  constructor(length: number) {
    this.#length = length;
  }

  /** Rows so far. */
  get count(): number {
    return this.#count;
  }

  /** What there is, never to change. */
  seal(): readonly Int32Array[] {
    this.#own = null;
    return this.#pages;
  }

  clone(): Rows {
    const copy = new Rows(this.#length);
    copy.#pages = this.#pages;
    copy.#count = this.#count;
    this.#own = null;
    return copy;
  }

  /** Adds rows of zeros; gives the first. */
  append(count: number): number {
    const first = this.#count;
    this.#count += count;
    const own = this.#ownPages();
    while (this.#pages.length * PAGE_ROW_COUNT < this.#count) {
      own.add(this.#pages.length);
      this.#pages.push(new Int32Array(PAGE_ROW_COUNT * this.#length));
    }
    return first;
  }

  /** The page of a row, to look at. */
  pageWith(row: number): Int32Array {
    const page = this.#pages[pageOf(row)];
    if (page === undefined) throw new Error(`bug: no row ${row}`);
    return page;
  }

  /** One number of a row. */
  at(row: number, column: number): number {
    return this.pageWith(row)[this.#positionOf(row) + column] ?? 0;
  }

  /** Changes one number of a row. */
  set(row: number, column: number, value: number): void {
    this.toWrite(row)[this.#positionOf(row) + column] = value;
  }

  /** The page of a row, to write to. */
  toWrite(row: number): Int32Array {
    const number = pageOf(row);
    const own = this.#ownPages();
    const page = this.pageWith(row);
    if (own.has(number)) return page;
    const copy = page.slice();
    this.#pages[number] = copy;
    own.add(number);
    return copy;
  }

  /** Copies rows to others behind them. */
  copy(from: number, to: number, count: number): void {
    for (let index = 0; index < count; index += 1) {
      const page = this.pageWith(from + index);
      const at = this.#positionOf(from + index);
      this.toWrite(to + index).set(page.subarray(at, at + this.#length), this.#positionOf(to + index));
    }
  }

  #positionOf(row: number): number {
    return (row % PAGE_ROW_COUNT) * this.#length;
  }

  #ownPages(): Set<number> {
    if (this.#own === null) {
      this.#pages = [...this.#pages];
      this.#own = new Set();
    }
    return this.#own;
  }
}

/** Number of the page of a row. */
export function pageOf(row: number): number {
  return Math.floor(row / PAGE_ROW_COUNT);
}
