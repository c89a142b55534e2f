import type { Clock, TimerHandle, Timers } from '../../ports/clock.ts';
import type { WorkLimit } from '../../core/log/compaction-keys.ts';
import { step, type Task } from '../task.ts';

/** Longest that the cleaner works in one turn of the loop, ms. */
const TURN_MS = 4;
/** Work between two looks at the clock: about a tenth of a millisecond for records, less than one for bytes. */
export const WORK_PER_LOOK: WorkLimit = { records: 256, bytes: 256 * 1024 };
/** What may be read and written ahead of the throttle, ms of it. */
const AHEAD_MS = 20;

interface Pause {
  readonly timer: TimerHandle;
  readonly done: () => void;
}

/** Keeps the cleaner from holding the loop for long, and from reading and writing faster than it may. */
export class CleanerPace {
  readonly #clock: Clock;
  readonly #timers: Timers;
  readonly #bytesPerSecond: () => number;
  readonly #pauses = new Set<Pause>();
  #turnStartMs = 0;
  #freeAtMs = 0;
  #stopped = false;
  /** Longest that one turn took, ms. */
  longestTurnMs = 0;
  /** Milliseconds spent waiting for the throttle. */
  throttledMs = 0;

  constructor(clock: Clock, timers: Timers, bytesPerSecond: () => number) {
    this.#clock = clock;
    this.#timers = timers;
    this.#bytesPerSecond = bytesPerSecond;
  }

  /** A turn begins: some operation completed. */
  resume(): void {
    this.#turnStartMs = this.#clock.monotonicMs();
  }

  /** A turn ends: some operation is issued. */
  suspend(): void {
    this.longestTurnMs = Math.max(this.longestTurnMs, this.#clock.monotonicMs() - this.#turnStartMs);
  }

  /** True when the turn is used up: then the caller `breathe`s. */
  get isUsedUp(): boolean {
    return this.#clock.monotonicMs() - this.#turnStartMs >= TURN_MS;
  }

  /** Goes on in a later turn, so that others are served in between. */
  *breathe(): Task<void> {
    yield* this.#pause(0);
  }

  /** Counts bytes that were read or written, and waits when that went too fast. */
  *spend(bytes: number): Task<void> {
    const nowMs = this.#clock.monotonicMs();
    const costMs = (bytes / this.#bytesPerSecond()) * 1000;
    this.#freeAtMs = Math.max(nowMs, this.#freeAtMs) + costMs;
    const waitMs = this.#freeAtMs - nowMs;
    if (waitMs <= AHEAD_MS) return;
    this.throttledMs += waitMs;
    yield* this.#pause(waitMs);
  }

  /** Ends all pauses, now and from now on: the cleaner is to stop. */
  stop(): void {
    this.#stopped = true;
    for (const pause of [...this.#pauses]) {
      pause.timer.cancel();
      this.#pauses.delete(pause);
      pause.done();
    }
  }

  *#pause(delayMs: number): Task<void> {
    if (this.#stopped) return;
    this.suspend();
    yield* step<void>((done) => {
      const pause: Pause = {
        timer: this.#timers.after(delayMs, () => {
          this.#pauses.delete(pause);
          done(null, undefined);
        }),
        done: () => done(null, undefined),
      };
      this.#pauses.add(pause);
    });
    this.resume();
  }
}
