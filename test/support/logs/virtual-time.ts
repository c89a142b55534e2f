import type { Clock, TimerHandle, Timers } from '../../../broker/ports/clock.ts';

interface Event {
  readonly atMs: number;
  readonly order: number;
  readonly background: boolean;
  live: boolean;
  readonly run: () => void;
}

/** Time that passes only when events are run. Timers of the server are background: they keep nobody waiting. */
export class VirtualTime implements Clock, Timers {
  #nowMs = 1000;
  #order = 0;
  #events: Event[] = [];

  monotonicMs(): number {
    return this.#nowMs;
  }

  wallMs(): number {
    return 1_700_000_000_000 + this.#nowMs;
  }

  /** For the simulated disk. */
  readonly schedule = (delayMs: number, callback: () => void): void => {
    this.#add(delayMs, callback, false);
  };

  after(delayMs: number, callback: () => void): TimerHandle {
    const event = this.#add(delayMs, callback, true);
    return {
      cancel: () => {
        event.live = false;
      },
    };
  }

  /** Timers that are set. */
  get timerCount(): number {
    return this.#events.filter(({ live, background }) => live && background).length;
  }

  /** Runs one event; false when only background timers are left. */
  step(): boolean {
    if (!this.#events.some((event) => event.live && !event.background)) return false;
    this.#runNext();
    return true;
  }

  /** Runs until nothing but background timers is left. */
  settle(): void {
    let steps = 0;
    while (this.step()) {
      steps += 1;
      if (steps > 1_000_000) throw new Error('virtual time does not come to rest');
    }
  }

  /** Runs everything due within `durationMs`, timers included. */
  advance(durationMs: number): void {
    const endMs = this.#nowMs + durationMs;
    for (;;) {
      const next = this.#next();
      if (next === undefined || next.atMs > endMs) break;
      this.#runNext();
    }
    this.#nowMs = endMs;
  }

  /** Time passes and nothing runs: the process was stopped, and goes on. */
  standStill(durationMs: number): void {
    this.#nowMs += durationMs;
  }

  /** The process is gone: nothing that it waited for happens. */
  forgetAll(): void {
    this.#events = [];
  }

  #add(delayMs: number, run: () => void, background: boolean): Event {
    const event = { atMs: this.#nowMs + delayMs, order: this.#order++, background, live: true, run };
    this.#events.push(event);
    return event;
  }

  #next(): Event | undefined {
    let next: Event | undefined;
    for (const event of this.#events) {
      if (!event.live) continue;
      const sooner =
        next === undefined || event.atMs < next.atMs || (event.atMs === next.atMs && event.order < next.order);
      if (sooner) next = event;
    }
    return next;
  }

  #runNext(): void {
    const next = this.#next();
    if (next === undefined) return;
    this.#events = this.#events.filter((event) => event !== next && event.live);
    this.#nowMs = Math.max(this.#nowMs, next.atMs);
    next.run();
  }
}
