import type { Clock } from '../../ports/clock.ts';

/** Unused allowance is kept for so long: a pause is made good by a burst of this length at most. */
const BURST_S = 1;

/**
 * A rate in bytes per second for copies that nobody waits for: replicas that are not in sync yet. What is sent at once may go
 * beyond the allowance; then nothing is sent until that is made up for.
 */
export class Throttle {
  readonly #clock: Clock;
  readonly #rate: () => number;
  #allowance = 0;
  #filledMs: number;
  /** Bytes that went through it, since the start of the process. */
  bytes = 0;

  /** `rate`: bytes per second, read at each use. */
  constructor(clock: Clock, rate: () => number) {
    this.#clock = clock;
    this.#rate = rate;
    this.#filledMs = clock.monotonicMs() - BURST_S * 1000;
  }

  /** Nothing more may be sent now. */
  get isExceeded(): boolean {
    this.#fill();
    return this.#allowance <= 0;
  }

  take(bytes: number): void {
    this.#fill();
    this.bytes += bytes;
    this.#allowance -= bytes;
  }

  #fill(): void {
    const nowMs = this.#clock.monotonicMs();
    const rate = this.#rate();
    this.#allowance = Math.min(rate * BURST_S, this.#allowance + ((nowMs - this.#filledMs) * rate) / 1000);
    this.#filledMs = nowMs;
  }
}
