import type { Clock, TimerHandle, Timers } from '../../ports/clock.ts';

/** How often the data loop turns at least, and how often that is looked at, ms. */
export const BEAT_INTERVAL_MS = 250;

/**
 * Watches from the control isolate whether the data loop turns: a hung broker must not look alive (F1). When the watcher
 * itself was held up it gives the data loop a fresh start before it judges.
 */
export class LoopWatch {
  readonly #clock: Clock;
  readonly #timers: Timers;
  readonly #stallMs: number;
  readonly #turns: () => number;
  #lastTurns: number;
  #lastTurnMs: number;
  #lastLookMs: number;
  #stalled = false;
  #timer: TimerHandle;

  /** `stallMs`: time without a turn after which the loop counts as hung. `turns` counts them, modulo anything. */
  constructor(ports: { readonly clock: Clock; readonly timers: Timers }, stallMs: number, turns: () => number) {
    this.#clock = ports.clock;
    this.#timers = ports.timers;
    this.#stallMs = stallMs;
    this.#turns = turns;
    this.#lastTurns = turns();
    this.#lastTurnMs = this.#clock.monotonicMs();
    this.#lastLookMs = this.#lastTurnMs;
    this.#timer = this.#timers.after(BEAT_INTERVAL_MS, this.#look);
  }

  /** Milliseconds since the data loop was last seen turning; 0 while that is no stall. */
  stalledForMs(): number {
    return this.#stalled ? this.#clock.monotonicMs() - this.#lastTurnMs : 0;
  }

  stop(): void {
    this.#timer.cancel();
  }

  readonly #look = (): void => {
    const nowMs = this.#clock.monotonicMs();
    const turns = this.#turns();
    const heldUp = nowMs - this.#lastLookMs > BEAT_INTERVAL_MS + this.#stallMs / 2;
    if (turns !== this.#lastTurns || (heldUp && !this.#stalled)) this.#lastTurnMs = nowMs;
    this.#lastTurns = turns;
    this.#lastLookMs = nowMs;
    this.#stalled = nowMs - this.#lastTurnMs > this.#stallMs;
    this.#timer = this.#timers.after(BEAT_INTERVAL_MS, this.#look);
  };
}
