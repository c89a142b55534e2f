/**
 * Bounds how many operations of a kind run at once, so that slow ones never take the whole thread pool (B6). The rest
 * wait in order; their number is bounded by the callers, each of which has few operations under way.
 */
export class Lane {
  readonly #limit: number;
  #running = 0;
  #waiting: (() => void)[] = [];
  #first = 0;

  constructor(limit: number) {
    this.#limit = limit;
  }

  /** Operations that wait for their turn. */
  get waitingCount(): number {
    return this.#waiting.length - this.#first;
  }

  /** Calls `start` now or when a place is free; it must call `leave` exactly once at its end. */
  enter(start: () => void): void {
    if (this.#running >= this.#limit) {
      this.#waiting.push(start);
      return;
    }
    this.#running += 1;
    start();
  }

  /** Gives the place to the next one. */
  leave(): void {
    const next = this.#waiting[this.#first];
    if (next === undefined) {
      this.#running -= 1;
      return;
    }
    this.#first += 1;
    if (this.#first === this.#waiting.length || this.#first > 1024) {
      this.#waiting = this.#waiting.slice(this.#first);
      this.#first = 0;
    }
    next();
  }
}
