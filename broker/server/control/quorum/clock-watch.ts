import type { Log } from '../../../ports/log.ts';

/** From here on somebody should look at the clocks (F6), ms. */
const WARN_MS = 5_000;
/** From here on this clock is no measure of how old records are (F6), ms. */
const FAR_MS = 60_000;

/** One heartbeat: this broker's wall clock when it was sent and when its answer came, and the controller's between, ms. */
export interface HeardClock {
  readonly sentMs: number;
  readonly heardMs: number;
  readonly controllerMs: number;
}

/** Compares a broker's wall clock with that of the active controller (F6). */
export class ClockWatch {
  readonly #log: Log;
  readonly #onFar: (isFar: boolean) => void;
  #isWarned = false;
  #isFar = false;
  /** By how much this clock is ahead at least, negative behind; 0 while the way to the controller may explain it, ms. */
  offsetMs = 0;

  /** `onFar` is told when time-based retention has to pause, and when it may go on. */
  constructor(log: Log, onFar: (isFar: boolean) => void) {
    this.#log = log;
    this.#onFar = onFar;
  }

  heard({ sentMs, heardMs, controllerMs }: HeardClock): void {
    this.offsetMs = Math.max(0, sentMs - controllerMs) - Math.max(0, controllerMs - heardMs);
    const offMs = Math.abs(this.offsetMs);
    const fields = { offsetMs: Math.round(this.offsetMs) };
    if (offMs > WARN_MS !== this.#isWarned) {
      this.#isWarned = !this.#isWarned;
      if (this.#isWarned) this.#log.warn(fields, "this node's clock and that of the active controller differ");
      else this.#log.info(fields, "this node's clock and that of the active controller agree again");
    }
    if (offMs > FAR_MS === this.#isFar) return;
    this.#isFar = !this.#isFar;
    if (this.#isFar) this.#log.error(fields, 'clocks differ by more than a minute: no record is deleted for its age');
    else this.#log.info(fields, 'records are deleted for their age again');
    this.#onFar(this.#isFar);
  }
}
