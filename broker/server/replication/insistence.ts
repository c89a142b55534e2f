import type { Timers } from '../../ports/clock.ts';

/** Askers of one try; the rest follows in the next. */
const BATCH_COUNT_MAX = 2_000;

/** What is asked for, and how. */
export interface InsistenceDeps<S> {
  readonly timers: Timers;
  /** Pause before somebody whose wish was not granted asks again, doubled each time up to the second one, in ms. */
  readonly retryMs: number;
  readonly retryMaxMs: number;
  /** Whether it still wants something. */
  isOpen(asker: S): boolean;
  /** Asks for all of these at once; `done` is called once, never before the call has returned. */
  send(askers: readonly S[], done: () => void): void;
}

/** Somebody who is asked for, and its pause if that is in vain, in ms. */
interface Asked<S> {
  readonly asker: S;
  readonly pauseMs: number;
}

/**
 * Brings the wishes of many askers forward in few requests, one under way at a time, until each is granted or given up: no
 * wish is forgotten, and none is asked for in a tight loop.
 */
export class Insistence<S> {
  readonly #deps: InsistenceDeps<S>;
  /** With the pause of each if it is in vain. */
  readonly #due = new Map<S, number>();
  /** Being asked for, or asked for and not granted. */
  readonly #asked = new Set<S>();
  #isSending = false;
  #isScheduled = false;

  constructor(deps: InsistenceDeps<S>) {
    this.#deps = deps;
  }

  /** It wants something. Harmless when that is known: whoever is being asked for, or was in vain, has its next try. */
  add(asker: S): void {
    if (this.#asked.has(asker) || this.#due.has(asker)) return;
    this.#due.set(asker, this.#deps.retryMs);
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
    const batch: Asked<S>[] = [];
    for (const [asker, pauseMs] of this.#due) {
      if (batch.length >= BATCH_COUNT_MAX) break;
      this.#due.delete(asker);
      if (!this.#deps.isOpen(asker)) continue;
      batch.push({ asker, pauseMs });
      this.#asked.add(asker);
    }
    if (batch.length === 0) return;
    this.#isSending = true;
    const askers = batch.map(({ asker }) => asker);
    this.#deps.send(askers, () => {
      this.#isSending = false;
      const open = batch.filter(({ asker }) => this.#deps.isOpen(asker));
      for (const asker of askers) this.#asked.delete(asker);
      for (const { asker } of open) this.#asked.add(asker);
      for (const [pauseMs, some] of Map.groupBy(open, (one) => one.pauseMs))
        this.#deps.timers.after(pauseMs, () => this.#retry(some));
      this.#schedule();
    });
  }

  #retry(inVain: readonly Asked<S>[]): void {
    for (const { asker, pauseMs } of inVain) {
      this.#asked.delete(asker);
      this.#due.set(asker, Math.min(this.#deps.retryMaxMs, 2 * pauseMs));
    }
    this.#schedule();
  }
}
