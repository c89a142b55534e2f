/** How many lines are written about each subject. */
export interface LineLimits {
  /** At once, and how long until it may be one more, ms. */
  readonly burst: number;
  readonly refillMs: number;
  /** Subjects that are remembered: those with the last lines. */
  readonly subjectsMax: number;
}

/** A roll has tens of steps; a thousand topics at once are told in part. */
const LINE_LIMITS: LineLimits = { burst: 100, refillMs: 1_000, subjectsMax: 1_000 };

/** Keeps what is written about a subject within bounds, and counts what is left out. */
export class LineBudget {
  readonly #limits: LineLimits;
  /** The one with the last line comes last. */
  readonly #subjects = new Map<string, { tokens: number; refilledMs: number; omitted: number }>();

  constructor(limits: LineLimits = LINE_LIMITS) {
    this.#limits = limits;
  }

  /** Whether one more line may be written about a subject: how many were left out before it; null: it may not. */
  take(subject: string, nowMs: number): number | null {
    const { burst, refillMs, subjectsMax } = this.#limits;
    const one = this.#subjects.get(subject) ?? { tokens: burst, refilledMs: nowMs, omitted: 0 };
    this.#subjects.delete(subject);
    this.#subjects.set(subject, one);
    const [first] = this.#subjects.keys();
    if (this.#subjects.size > subjectsMax && first !== undefined) this.#subjects.delete(first);
    const refilled = Math.floor((nowMs - one.refilledMs) / refillMs);
    one.tokens = Math.min(burst, one.tokens + refilled);
    one.refilledMs += refilled * refillMs;
    if (one.tokens === 0) {
      one.omitted += 1;
      return null;
    }
    const { omitted } = one;
    one.tokens -= 1;
    one.omitted = 0;
    return omitted;
  }
}
