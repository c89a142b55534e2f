import type { Timers } from '../../ports/clock.ts';

/** Between two rounds while somebody still waits: files that were given back meanwhile are enough for most. */
const PAUSE_MS = 5;

/**
 * Has files synced that stay open until then, while somebody waits for a descriptor. Ten thousand logs may begin to wait in
 * one turn: one round at a time goes through all that have such files, and the next one when it has ended.
 */
export class FileShortage {
  readonly #timers: Timers;
  readonly #isShort: () => boolean;
  readonly #round: (done: () => void) => void;
  #isRunning = false;

  /** `round` syncs what holds files now, and calls back when that was done; it must not wait for a descriptor. */
  constructor(timers: Timers, isShort: () => boolean, round: (done: () => void) => void) {
    this.#timers = timers;
    this.#isShort = isShort;
    this.#round = round;
  }

  /** Somebody begins to wait. */
  noticed(): void {
    if (this.#isRunning) return;
    this.#isRunning = true;
    this.#timers.after(0, () => this.#run());
  }

  #run(): void {
    this.#round(() => {
      if (this.#isShort()) this.#timers.after(PAUSE_MS, () => this.#run());
      else this.#isRunning = false;
    });
  }
}
