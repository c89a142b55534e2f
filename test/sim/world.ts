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
export const WALL_START_MS = Date.UTC(2026, 0, 1);
/** Events at one moment after which time is taken to stand still for ever. */
const MOMENT_EVENTS_MAX = 200_000;
/** Characters of trace that are hashed at a time. */
const TRACE_CHUNK = 16_384;

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
  readonly #onTrace: ((line: string) => void) | null;
  #lines = '';
  #order = 0;
  #traced = 0;
  #runs = 0;
  #momentRuns = 0;

  /** `onTrace` gets every line of the trace with its time, for a reader; it must not change the world. */
  constructor(seed: number, onTrace: ((line: string) => void) | null = null) {
    this.prng = createPrng(seed);
    this.#onTrace = onTrace;
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
    const event: Event = {
      atMs: this.nowMs + Math.max(0, delayMs),
      order: this.#order,
      run: callback,
      cancelled: false,
    };
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
    const timed = `${this.nowMs.toFixed(3)} ${line}`;
    this.#lines += `${timed}\n`;
    this.#traced += 1;
    if (this.#lines.length > TRACE_CHUNK) this.#hashLines();
    this.#onTrace?.(timed);
  }

  /** Whether somebody reads the trace: then `remark` may be worth its work. */
  get isWatched(): boolean {
    return this.#onTrace !== null;
  }

  /** A line for the reader alone; it is not part of the hash. */
  remark(line: string): void {
    this.#onTrace?.(`${this.nowMs.toFixed(3)} ${line}`);
  }

  /** Adds bytes to the trace's hash: what went over a wire. */
  mix(bytes: Uint8Array): void {
    this.#lines += `${this.nowMs.toFixed(3)} ${bytes.length}\n`;
    this.#hashLines();
    this.#hash.update(bytes);
  }

  /** Hash of the trace and of the number of events so far. */
  traceHash(): string {
    this.#hashLines();
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
      if (event.atMs > this.nowMs) this.#momentRuns = 0;
      this.nowMs = Math.max(this.nowMs, event.atMs);
      this.#runs += 1;
      this.#momentRuns += 1;
      if (this.#momentRuns > MOMENT_EVENTS_MAX) throw new Error(`bug: time stands still at ${this.nowMs} ms`);
      event.run();
    }
    return true;
  }

  /** Lets `durationMs` of virtual time pass. */
  runFor(durationMs: number): void {
    this.runUntil(() => false, durationMs);
  }

  #hashLines(): void {
    this.#hash.update(this.#lines);
    this.#lines = '';
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
