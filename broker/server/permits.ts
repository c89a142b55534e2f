/**
 * A fixed number of permits, given in the order in which they are asked for. Whoever holds one may keep something large
 * in memory; the number of them is the bound.
 */
export class Permits {
  #free: number;
  readonly #waiting: ((release: () => void) => void)[] = [];

  /** `count` is at least 1. */
  constructor(count: number) {
    this.#free = count;
  }

  /** Calls `use` with a permit, at once when one is free; `release` is to be called once. */
  acquire(use: (release: () => void) => void): void {
    this.#waiting.push(use);
    this.#next();
  }

  #next(): void {
    if (this.#free === 0) return;
    const use = this.#waiting.shift();
    if (use === undefined) return;
    this.#free -= 1;
    use(() => {
      this.#free += 1;
      this.#next();
    });
  }
}
