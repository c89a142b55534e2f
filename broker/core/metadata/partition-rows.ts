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
  addingReplicas: 9,
  removingReplicas: 10,
} as const;

/** Columns that are what they say. */
export const NUMBER_COLUMNS = [
  Column.leader,
  Column.leaderEpoch,
  Column.partitionEpoch,
  Column.durableFromEpoch,
] as const;
/** Columns that name lists of brokers. */
export const BROKER_COLUMNS = [
  Column.replicas,
  Column.isr,
  Column.elr,
  Column.lastKnownElr,
  Column.addingReplicas,
  Column.removingReplicas,
] as const;

/** Numbers of 32 bits in a row. */
export const ROW_LENGTH = 11;
/** Rows of a page, 11 KiB: what the change of one partition copies. */
export const PAGE_ROW_COUNT = 256;

/**
 * Rows of numbers in pages. Pages that were handed out never change: between two `seal`s a page is copied when it is first
 * written to. A copy of all costs nothing.
 */
export class PartitionRows {
  #pages: Int32Array[] = [];
  /** Numbers of pages that nobody else has; null while the list of pages itself is somebody's too. */
  #own: Set<number> | null = null;
  #count = 0;

  /** Rows so far. */
  get count(): number {
    return this.#count;
  }

  /** What there is, never to change. */
  seal(): readonly Int32Array[] {
    this.#own = null;
    return this.#pages;
  }

  clone(): PartitionRows {
    const copy = new PartitionRows();
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
      this.#pages.push(new Int32Array(PAGE_ROW_COUNT * ROW_LENGTH));
    }
    return first;
  }

  /** The page of a row, to write to. */
  toWrite(row: number): Int32Array {
    const number = pageOf(row);
    const own = this.#ownPages();
    const page = this.#pages[number];
    if (page === undefined) throw new Error(`bug: no row ${row}`);
    if (own.has(number)) return page;
    const copy = page.slice();
    this.#pages[number] = copy;
    own.add(number);
    return copy;
  }

  /** Copies rows to others behind them. */
  copy(from: number, to: number, count: number): void {
    for (let index = 0; index < count; index += 1) {
      const page = this.#pages[pageOf(from + index)] ?? new Int32Array(0);
      const at = positionOf(from + index);
      this.toWrite(to + index).set(page.subarray(at, at + ROW_LENGTH), positionOf(to + index));
    }
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

/** Where a row begins in its page. */
export function positionOf(row: number): number {
  return (row % PAGE_ROW_COUNT) * ROW_LENGTH;
}
