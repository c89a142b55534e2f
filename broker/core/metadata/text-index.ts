/** Cells an index begins with, a power of two. */
const CELL_COUNT_MIN = 16;
const DOT = 46;
const UNDERSCORE = 95;

/**
 * Finds numbers by text: an open hash table of 8 to 16 bytes an entry, where a Map takes 40. The texts are the caller's, by
 * number. A copy costs nothing until one of the two changes.
 */
export class TextIndex {
  /** Number + 1, or 0 where nothing is. */
  #cells = new Int32Array(CELL_COUNT_MIN);
  #count = 0;
  #isShared = false;
  /** '.' and '_' are one: texts that differ in nothing else stand together, yet each is found as itself. */
  readonly #folded: boolean;

  constructor(options: { readonly folded: boolean }) {
    this.#folded = options.folded;
  }

  clone(): TextIndex {
    const copy = new TextIndex({ folded: this.#folded });
    copy.#cells = this.#cells;
    copy.#count = this.#count;
    copy.#isShared = true;
    this.#isShared = true;
    return copy;
  }

  /** The number of a text, −1 when there is none. */
  find(text: string, texts: readonly string[]): number {
    for (let at = this.#home(text); ; at = this.#after(at)) {
      const number = this.#at(at);
      if (number === -1 || texts[number] === text) return number;
    }
  }

  /** A number whose text differs from `text` in '.' and '_' only, −1 when there is none. Of a folded index. */
  findSimilar(text: string, texts: readonly string[]): number {
    const key = fold(text);
    for (let at = this.#home(text); ; at = this.#after(at)) {
      const number = this.#at(at);
      if (number === -1) return -1;
      const other = texts[number] ?? '';
      if (other.length === text.length && other !== text && fold(other) === key) return number;
    }
  }

  /** Adds a number whose text is not there yet. */
  add(number: number, texts: readonly string[]): void {
    if (2 * (this.#count + 1) > this.#cells.length) this.#grow(texts);
    else this.#own();
    this.#put(number, texts[number] ?? '');
    this.#count += 1;
  }

  /** Removes a number that is there. */
  remove(number: number, texts: readonly string[]): void {
    this.#own();
    const cells = this.#cells;
    const mask = cells.length - 1;
    let hole = this.#home(texts[number] ?? '');
    while (this.#at(hole) !== number) hole = this.#after(hole);
    for (let at = this.#after(hole); this.#at(at) !== -1; at = this.#after(at)) {
      // What would not be found past the hole moves into it.
      const home = this.#home(texts[this.#at(at)] ?? '');
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

  #home(text: string): number {
    let hash = text.length;
    for (let index = 0; index < text.length; index += 1) {
      const code = text.charCodeAt(index);
      hash = Math.imul(hash ^ (this.#folded && code === DOT ? UNDERSCORE : code), 0x01000193);
    }
    return (hash ^ (hash >>> 15)) & (this.#cells.length - 1);
  }

  #put(number: number, text: string): void {
    let at = this.#home(text);
    while (this.#at(at) !== -1) at = this.#after(at);
    this.#cells[at] = number + 1;
  }

  #grow(texts: readonly string[]): void {
    const before = this.#cells;
    this.#cells = new Int32Array(2 * before.length);
    this.#isShared = false;
    for (const cell of before) if (cell !== 0) this.#put(cell - 1, texts[cell - 1] ?? '');
  }

  #own(): void {
    if (this.#isShared) this.#cells = this.#cells.slice();
    this.#isShared = false;
  }
}

function fold(text: string): string {
  return text.replaceAll('.', '_');
}
