import type { Clock, TimerHandle, Timers } from '../../broker/ports/clock.ts';

interface Timer {
  readonly atMs: number;
  readonly order: number;
  readonly callback: () => void;
}

/** The server's event loop on virtual time: inputs run in order, `afterTurn` work behind them, nothing by itself. */
export class VirtualLoop implements Clock, Timers {
  #nowMs = 1_000;
  #order = 0;
  #inputs: (() => void)[] = [];
  #afterTurn: (() => void)[] = [];
  readonly #timers = new Set<Timer>();

  monotonicMs(): number {
    return this.#nowMs;
  }

  wallMs(): number {
    return 1_700_000_000_000 + this.#nowMs;
  }

  after(delayMs: number, callback: () => void): TimerHandle {
    this.#order += 1;
    const timer = { atMs: this.#nowMs + Math.max(0, delayMs), order: this.#order, callback };
    this.#timers.add(timer);
    return { cancel: () => this.#timers.delete(timer) };
  }

  /** Queues an input of the loop. */
  readonly post = (input: () => void): void => {
    this.#inputs.push(input);
  };

  readonly afterTurn = (callback: () => void): void => {
    this.#afterTurn.push(callback);
  };

  /** Timers that wait. */
  get timerCount(): number {
    return this.#timers.size;
  }

  /** Runs inputs, end-of-turn work and timers that are due now until nothing is left. */
  run(): void {
    for (let round = 0; round < 100_000; round += 1) {
      const input = this.#inputs.shift();
      if (input !== undefined) {
        input();
        continue;
      }
      const callbacks = this.#afterTurn;
      this.#afterTurn = [];
      for (const callback of callbacks) callback();
      if (callbacks.length > 0) continue;
      const timer = this.#due();
      if (timer === null) return;
      this.#timers.delete(timer);
      timer.callback();
    }
    throw new Error('the loop does not come to rest');
  }

  /** Time passes while nothing runs: the process stood still. */
  stall(ms: number): void {
    this.#nowMs += ms;
  }

  /** Lets time pass, timer by timer. */
  advance(ms: number): void {
    const endMs = this.#nowMs + ms;
    this.run();
    for (;;) {
      const next = [...this.#timers].sort((a, b) => a.atMs - b.atMs || a.order - b.order)[0];
      if (next === undefined || next.atMs > endMs) break;
      this.#nowMs = Math.max(this.#nowMs, next.atMs);
      this.run();
    }
    this.#nowMs = endMs;
    this.run();
  }

  #due(): Timer | null {
    let first: Timer | null = null;
    for (const timer of this.#timers) {
      if (timer.atMs > this.#nowMs) continue;
      if (first === null || timer.atMs < first.atMs || (timer.atMs === first.atMs && timer.order < first.order))
        first = timer;
    }
    return first;
  }
}
