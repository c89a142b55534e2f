/** What a Lease says (coordination.k8s.io/v1). */
export interface LeaseRecord {
  /** '' when it was released. */
  readonly holder: string;
  /** How long others leave it alone after it was last written. */
  readonly durationMs: number;
  readonly transitions: number;
  /** Other after every write. */
  readonly resourceVersion: string;
}

/** How a lease is held, in ms. */
export interface LeaseTimes {
  /** Others leave the lease alone for so long after the last renewal they saw. */
  readonly durationMs: number;
  /** The holder acts for so long after it *sent* its last renewal that succeeded; less than `durationMs`, by more than clocks differ in rate and work takes to end. */
  readonly holdMs: number;
}

/** What a candidate does next: write the lease as it saw it (null: create it), or wait. */
export type LeaseDecision =
  | { readonly kind: 'write'; readonly over: LeaseRecord | null; readonly transitions: number }
  | { readonly kind: 'wait' }
  | { readonly kind: 'lost'; readonly why: string };

/**
 * Who may act, for one candidate, by its own monotonic clock alone: the lease's timestamps are other machines' and only for people.
 *
 * **E1** No two candidates hold at once. A holder counts from when it sent the renewal, the others from when they saw it, which is
 * later; they wait `durationMs`, it stops after `holdMs`. A late write finds another resource version and changes nothing.
 */
export class Leadership {
  readonly #identity: string;
  readonly #times: LeaseTimes;
  #seen: { readonly resourceVersion: string | null; readonly sinceMs: number } | null = null;
  #heldUntilMs = Number.NEGATIVE_INFINITY;
  #wasHolding = false;

  constructor(identity: string, times: LeaseTimes) {
    this.#identity = identity;
    this.#times = times;
  }

  /** May this candidate act? To be asked before every effect: after a pause no timer has told yet. */
  isHolding(nowMs: number): boolean {
    return nowMs < this.#heldUntilMs;
  }

  /** When it may not act any more, unless a renewal succeeds. */
  get heldUntilMs(): number {
    return this.#heldUntilMs;
  }

  /** The lease as it is, null when there is none. */
  observe(lease: LeaseRecord | null, nowMs: number): LeaseDecision {
    const version = lease?.resourceVersion ?? null;
    const isFirst = this.#seen === null;
    if (this.#seen === null || this.#seen.resourceVersion !== version)
      this.#seen = { resourceVersion: version, sinceMs: nowMs };
    if (this.#wasHolding && lease?.holder !== this.#identity) {
      this.#heldUntilMs = Number.NEGATIVE_INFINITY;
      return { kind: 'lost', why: lease === null ? 'the Lease was deleted' : `"${lease.holder}" holds the Lease` };
    }
    if (this.#wasHolding && !this.isHolding(nowMs)) return { kind: 'lost', why: 'the Lease was not renewed in time' };
    if (lease === null) {
      // One that was there and is gone may still have a holder who doesn't know.
      const isFree = isFirst || nowMs - this.#seen.sinceMs >= this.#times.durationMs;
      return isFree ? { kind: 'write', over: null, transitions: 0 } : { kind: 'wait' };
    }
    if (lease.holder === this.#identity) return { kind: 'write', over: lease, transitions: lease.transitions };
    const isFree = lease.holder === '' || nowMs - this.#seen.sinceMs >= lease.durationMs;
    return isFree ? { kind: 'write', over: lease, transitions: lease.transitions + 1 } : { kind: 'wait' };
  }

  /** A write that was sent at `sentMs` succeeded. */
  wrote(lease: LeaseRecord, sentMs: number, nowMs: number): void {
    this.#seen = { resourceVersion: lease.resourceVersion, sinceMs: nowMs };
    this.#heldUntilMs = sentMs + this.#times.holdMs;
    if (this.isHolding(nowMs)) this.#wasHolding = true;
  }
}
