/** Where time comes from. Cores get times as arguments; only the server holds a clock. */
export interface Clock {
  /** Milliseconds since an arbitrary start, never going back. For durations and deadlines. */
  monotonicMs(): number;
  /** Milliseconds since 1970-01-01 UTC. For record timestamps alone. */
  wallMs(): number;
}

/** A timer that was started. */
export interface TimerHandle {
  /** After this the callback does not run any more; harmless when it ran already. */
  cancel(): void;
}

/** Starts timers. Their callbacks run as inputs of the server's event loop, never inside a system callback. */
export interface Timers {
  /** Runs `callback` once, no sooner than `delayMs` (≥ 0) from now. */
  after(delayMs: number, callback: () => void): TimerHandle;
}
