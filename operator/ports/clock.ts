/** Time, for loops that wait and try again. */
export interface Clock {
  /** Milliseconds since an arbitrary start, never going back. */
  monotonicMs(): number;
  /** Runs `callback` once, no sooner than `delayMs` from now; the result cancels it. */
  after(delayMs: number, callback: () => void): () => void;
}
