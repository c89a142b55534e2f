import type { Timers } from '../../ports/clock.ts';

/** Askers of one try; the rest follows in the next. */
const BATCH_COUNT_MAX = 2_000;

/** What is asked for, and how. */
export interface InsistenceDeps<S> {
  readonly timers: Timers;
  /** Pause before somebody whose wish was not granted asks again, in ms. */
  readonly retryMs: number;
  /** Whether it still wants something. */
  isOpen(asker: S): boolean;
  /** Asks for all of these at once; `done` is called once, never before the call has returned. */
  send(askers: readonly S[], done: () => void): void;
}

/**
 * Brings the wishes of many askers forward in few requests, one under way at a time, until each is granted or given up: no
 * wish is forgotten, and none is asked for in a tight loop.
 */
export class Insistence<S> {
  readonly #deps: InsistenceDeps<S>;
  readonly #due = new Set<S>();
  /** Being asked for, or asked for and not granted. */
  readonly #asked = new Set<S>();
  #isSending = false;
  #isScheduled = false;

  constructor(deps: InsistenceDeps<S>) {
    this.#deps = deps;
  }

  /** It wants something. Harmless when that is known: whoever is being asked for, or was in vain, has its next try. */
  add(asker: S): void {
    if (this.#asked.has(asker)) return;
    this.#due.add(asker);
    this.#schedule();
  }

  #schedule(): void {
    if (this.#isSending || this.#isScheduled || this.#due.size === 0) return;
    this.#isScheduled = true;
    this.#deps.timers.after(0, () => {
      this.#isScheduled = false;
      this.#send();
    });
  }

  #send(): void {
    const batch: S[] = [];
    for (const asker of this.#due) {
      if (batch.length >= BATCH_COUNT_MAX) break;
      this.#due.delete(asker);
      if (!this.#deps.isOpen(asker)) continue;
      batch.push(asker);
      this.#asked.add(asker);
    }
    if (batch.length === 0) return;
    this.#isSending = true;
    this.#deps.send(batch, () => {
      this.#isSending = false;
      const open = batch.filter((asker) => this.#deps.isOpen(asker));
      for (const asker of batch) this.#asked.delete(asker);
      for (const asker of open) this.#asked.add(asker);
      if (open.length > 0) this.#deps.timers.after(this.#deps.retryMs, () => this.#retry(open));
      this.#schedule();
    });
  }

  #retry(askers: readonly S[]): void {
    for (const asker of askers) {
      this.#asked.delete(asker);
      this.#due.add(asker);
    }
    this.#schedule();
  }
}
