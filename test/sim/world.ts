import { createHash } from 'node:crypto';
import { createPrng, type Prng } from '../../broker/core/base/prng.ts';
import type { TimerHandle } from '../../broker/ports/clock.ts';

interface Event {
  readonly atMs: number;
  readonly order: number;
  readonly run: () => void;
  cancelled: boolean;
}

/** Wall time at which every simulated world begins. */
const WALL_START_MS = Date.UTC(2026, 0, 1);

/**
 * Virtual time: everything that happens in a simulation is an event with a time, run one after the other. The same seed
 * gives the same events, which the trace hash proves.
 */
export class World {
  readonly prng: Prng;
  /** Milliseconds since the world began; also the monotonic clock of everybody in it. */
  nowMs = 0;
  readonly #heap: Event[] = [];
  readonly #hash = createHash('sha256');
  #order = 0;
  #traced = 0;
  #runs = 0;

  constructor(seed: number) {
    this.prng = createPrng(seed);
  }

  get wallMs(): number {
    return WALL_START_MS + Math.floor(this.nowMs);
  }

  /** Events run so far. */
  get eventCount(): number {
    return this.#runs;
  }

  /** Runs `callback` as an event after `delayMs` of virtual time. */
  schedule(delayMs: number, callback: () => void): TimerHandle {
    const event: Event = { atMs: this.nowMs + Math.max(0, delayMs), order: this.#order, run: callback, cancelled: false };
    this.#order += 1;
    this.#push(event);
    return {
      cancel: () => {
        event.cancelled = true;
      },
    };
  }

  /** Adds a line to the trace. */
  trace(line: string): void {
    this.#hash.update(`${this.nowMs.toFixed(3)} ${line}\n`);
    this.#traced += 1;
  }

  /** Hash of the trace and of the number of events so far. */
  traceHash(): string {
    return this.#hash.copy().update(`${this.#runs} ${this.#traced}`).digest('hex');
  }

  /** Runs events until `condition` holds; false when none is left or virtual time passed `deadlineMs` from now. */
  runUntil(condition: () => boolean, deadlineMs: number): boolean {
    const end = this.nowMs + deadlineMs;
    while (!condition()) {
      const event = this.#heap[0];
      if (event === undefined || event.atMs > end) {
        this.nowMs = end;
        return condition();
      }
      this.#pop();
      if (event.cancelled) continue;
      this.nowMs = Math.max(this.nowMs, event.atMs);
      this.#runs += 1;
      event.run();
    }
    return true;
  }

  /** Lets `durationMs` of virtual time pass. */
  runFor(durationMs: number): void {
    this.runUntil(() => false, durationMs);
  }

  #before(a: Event, b: Event): boolean {
    return a.atMs < b.atMs || (a.atMs === b.atMs && a.order < b.order);
  }

  #push(event: Event): void {
    const heap = this.#heap;
    let at = heap.length;
    heap.push(event);
    while (at > 0) {
      const parent = (at - 1) >> 1;
      const above = heap[parent];
      if (above === undefined || this.#before(above, event)) break;
      heap[at] = above;
      at = parent;
    }
    heap[at] = event;
  }

  #pop(): void {
    const heap = this.#heap;
    const last = heap.pop();
    if (last === undefined || heap.length === 0) return;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      let below = heap[child];
      const right = heap[child + 1];
      if (right !== undefined && below !== undefined && this.#before(right, below)) {
        child += 1;
        below = right;
      }
      if (below === undefined || this.#before(last, below)) break;
      heap[at] = below;
      at = child;
    }
    heap[at] = last;
  }
}
