import { assert } from '../base/assert.ts';

/** When a record counts on one replica: synced (`fsync`) or written to the page cache (`replicated`); D2, D3. */
export type Durability = 'fsync' | 'replicated';

/** How far a replica's own log is. `durable` ≤ `written`. */
export interface ReplicaProgress {
  readonly writtenOffset: number;
  readonly durableOffset: number;
}

/**
 * The leader's view of one leadership of one partition: which offsets count here and how far the high watermark is.
 * Invariants: R1 the high watermark never goes back within a leadership; R2 it never passes what counts on any ISR
 * member (D2); R3 it does not move while the ISR is smaller than the minimum (KIP-966).
 */
export class LeaderReplica {
  #highWatermark: number;
  #localOffset: number;
  #durability: Durability;
  #isrCount: number;
  #minIsr: number;

  /**
   * `highWatermark`: what was known when the leadership began; `localOffset`: what counted on this replica then;
   * `isrCount`: members of the ISR, the leader included; `minIsr`: effective `min.insync.replicas`, ≥ 1.
   */
  constructor(start: {
    readonly highWatermark: number;
    readonly localOffset: number;
    readonly durability: Durability;
    readonly isrCount: number;
    readonly minIsr: number;
  }) {
    this.#highWatermark = start.highWatermark;
    this.#localOffset = Math.max(start.localOffset, start.highWatermark);
    this.#durability = start.durability;
    this.#isrCount = start.isrCount;
    this.#minIsr = start.minIsr;
    this.#advance();
  }

  /** First offset that consumers may not see. */
  get highWatermark(): number {
    return this.#highWatermark;
  }

  /** Below it records count on the leader itself: what acks=1 waits for. */
  get localOffset(): number {
    return this.#localOffset;
  }

  /** Enough members are in sync for acks=all. */
  get hasMinIsr(): boolean {
    return this.#isrCount >= this.#minIsr;
  }

  /** The leader's own log moved. True when `localOffset` or the high watermark did. */
  onLocalProgress(progress: ReplicaProgress): boolean {
    const counts = this.#durability === 'fsync' ? progress.durableOffset : progress.writtenOffset;
    if (counts <= this.#localOffset) return false;
    this.#localOffset = counts;
    this.#advance();
    return true;
  }

  /** The ISR or a setting changed; returns whether the high watermark moved. */
  onChange(change: { readonly durability: Durability; readonly isrCount: number; readonly minIsr: number }): boolean {
    this.#durability = change.durability;
    this.#isrCount = change.isrCount;
    this.#minIsr = change.minIsr;
    return this.#advance();
  }

  /** One deterministic line for scripts. */
  describe(): string {
    return `hw=${this.#highWatermark} local=${this.#localOffset} ${this.#durability} isr=${this.#isrCount}/${this.#minIsr}`;
  }

  #advance(): boolean {
    if (!this.hasMinIsr) return false; // R3
    // The only ISR member is the leader itself: what counts here counts everywhere (R2).
    assert(this.#isrCount <= 1, 'followers take part in replication only once it exists');
    if (this.#localOffset <= this.#highWatermark) return false;
    this.#highWatermark = this.#localOffset; // R1
    return true;
  }
}
