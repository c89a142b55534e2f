interface Entry {
  readonly atMs: number;
  readonly order: number;
  readonly run: () => void;
  cancelled: boolean;
}

/** Something that was scheduled. */
export interface Scheduled {
  /** After this it does not run any more; harmless when it ran already. */
  cancel(): void;
}

/** Deadlines of one machine, kept in the order of time; those of one time run in the order in which they were made. */
export class Schedule {
  #entries: Entry[] = [];
  #made = 0;

  /** Runs `run` at the first `runDue` whose time is ≥ `atMs`. */
  at(atMs: number, run: () => void): Scheduled {
    const entry: Entry = { atMs, order: this.#made, run, cancelled: false };
    this.#made += 1;
    let low = 0;
    let high = this.#entries.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#entries[middle]?.atMs ?? 0) <= atMs) low = middle + 1;
      else high = middle;
    }
    this.#entries.splice(low, 0, entry);
    return {
      cancel: () => {
        entry.cancelled = true;
      },
    };
  }

  /** Time of the next entry, Infinity when there is none. */
  nextMs(): number {
    while (this.#entries[0]?.cancelled === true) this.#entries.shift();
    return this.#entries[0]?.atMs ?? Number.POSITIVE_INFINITY;
  }

  /** Runs everything due at `nowMs`, also what becomes due by running it. */
  runDue(nowMs: number): void {
    while (this.nextMs() <= nowMs) this.#entries.shift()?.run();
  }
}
