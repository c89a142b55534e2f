import type { Clock, TimerHandle, Timers } from '../../ports/clock.ts';

/** What the loop measured about itself, as plain numbers (read at a scrape). */
export interface LoopStats {
  turns: number;
  inputs: number;
  /** Total time spent in turns, milliseconds. */
  busyMs: number;
  /** Longest turn since the last `takeLongestTurn`, milliseconds. */
  longestTurnMs: number;
}

/** A turn stops taking inputs after this long, so that sockets and disk completions are seen again. */
const TURN_BUDGET_MS = 10;

/**
 * The production event loop. System callbacks only `post`; the inputs of one round are run together in a turn, and
 * `onTurnEnd` work (flushing sockets, starting writes) runs once after them.
 */
export class EventLoop implements Clock, Timers {
  readonly stats: LoopStats = { turns: 0, inputs: 0, busyMs: 0, longestTurnMs: 0 };
  #queue: (() => void)[] = [];
  #spare: (() => void)[] = [];
  #cursor = 0;
  #scheduled = false;
  #afterTurn: (() => void)[] = [];
  readonly #turnEnds: (() => void)[] = [];
  readonly #turnCounter: Int32Array | null;

  /** `turnCounter[0]` is raised after every turn, for a watchdog in another isolate (F1). */
  constructor(turnCounter: Int32Array | null = null) {
    this.#turnCounter = turnCounter;
  }

  monotonicMs(): number {
    return performance.now();
  }

  wallMs(): number {
    return Date.now();
  }

  /** Queues an input for the next turn. */
  readonly post = (input: () => void): void => {
    this.#queue.push(input);
    this.ensureTurn();
  };

  /** Makes sure that what ends a turn runs soon, also when nothing was posted. */
  ensureTurn(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    setImmediate(this.#turn);
  }

  /** Registers work that runs once at the end of every turn. */
  onTurnEnd(work: () => void): void {
    this.#turnEnds.push(work);
  }

  /** Runs `callback` once, when the inputs of the current turn (or of the next one, outside of a turn) are handled. */
  readonly afterTurn = (callback: () => void): void => {
    this.#afterTurn.push(callback);
    this.ensureTurn();
  };

  after(delayMs: number, callback: () => void): TimerHandle {
    let live = true;
    if (delayMs <= 0) {
      this.post(() => {
        if (live) callback();
      });
      return {
        cancel: () => {
          live = false;
        },
      };
    }
    const dueMs = performance.now() + delayMs;
    let timer: NodeJS.Timeout;
    // The system measures from the start of its round and may be early by a turn: what is left is waited for.
    const arm = (leftMs: number): void => {
      timer = setTimeout(
        () => {
          const stillMs = dueMs - performance.now();
          if (stillMs > 0) {
            arm(stillMs);
            return;
          }
          this.post(() => {
            if (live) callback();
          });
        },
        Math.min(Math.ceil(leftMs), 0x7fff_ffff),
      );
    };
    arm(delayMs);
    return {
      cancel: () => {
        live = false;
        clearTimeout(timer);
      },
    };
  }

  readonly #turn = (): void => {
    const start = performance.now();
    if (this.#cursor >= this.#spare.length) {
      const drained = this.#spare;
      drained.length = 0;
      this.#spare = this.#queue;
      this.#queue = drained;
      this.#cursor = 0;
    }
    const inputs = this.#spare;
    const first = this.#cursor;
    while (this.#cursor < inputs.length) {
      const input = inputs[this.#cursor];
      this.#cursor += 1;
      if (input !== undefined) input();
      if (performance.now() - start > TURN_BUDGET_MS) break;
    }
    while (this.#afterTurn.length > 0) {
      const callbacks = this.#afterTurn;
      this.#afterTurn = [];
      for (const callback of callbacks) callback();
    }
    for (const work of this.#turnEnds) work();
    this.#measure(start, this.#cursor - first);
    this.#scheduled = this.#cursor < inputs.length || this.#queue.length > 0;
    if (this.#scheduled) setImmediate(this.#turn);
  };

  #measure(start: number, inputs: number): void {
    const tookMs = performance.now() - start;
    this.stats.turns += 1;
    this.stats.inputs += inputs;
    this.stats.busyMs += tookMs;
    if (tookMs > this.stats.longestTurnMs) this.stats.longestTurnMs = tookMs;
    if (this.#turnCounter !== null) Atomics.add(this.#turnCounter, 0, 1);
  }
}
