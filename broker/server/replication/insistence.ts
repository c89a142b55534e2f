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
  pauseMs: number;
  isInVain: boolean;
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
  readonly #asked = new Map<S, Asked<S>>();
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

  /** What it wants may be granted now: its pause ends, and the next one is short again. Harmless when it wants nothing. */
  renew(asker: S): void {
    const asked = this.#asked.get(asker);
    const { retryMs } = this.#deps;
    if (asked?.isInVain === true) this.#asked.delete(asker);
    else if (asked !== undefined) asked.pauseMs = retryMs;
    if (asked?.isInVain === true || this.#due.has(asker)) this.#due.set(asker, retryMs);
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
      const asked = { asker, pauseMs, isInVain: false };
      batch.push(asked);
      this.#asked.set(asker, asked);
    }
    if (batch.length === 0) return;
    this.#isSending = true;
    const askers = batch.map(({ asker }) => asker);
    this.#deps.send(askers, () => {
      this.#isSending = false;
      const open: Asked<S>[] = [];
      for (const asked of batch) {
        asked.isInVain = this.#deps.isOpen(asked.asker);
        if (asked.isInVain) open.push(asked);
        else this.#asked.delete(asked.asker);
      }
      for (const [pauseMs, some] of Map.groupBy(open, (one) => one.pauseMs))
        this.#deps.timers.after(pauseMs, () => this.#retry(some));
      this.#schedule();
    });
  }

  #retry(inVain: readonly Asked<S>[]): void {
    for (const asked of inVain) {
      const { asker, pauseMs } = asked;
      // It is due already, or was asked for again.
      if (this.#asked.get(asker) !== asked) continue;
      this.#asked.delete(asker);
      this.#due.set(asker, Math.min(this.#deps.retryMaxMs, 2 * pauseMs));
    }
    this.#schedule();
  }
}
