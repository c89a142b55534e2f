import type { BrokerId } from '../base/ids.ts';

/** What a follower says of itself with a fetch, as its leader takes it. Offsets of one partition; times monotonic, in ms. */
export interface FollowerFetch {
  readonly brokerId: BrokerId;
  /** Incarnation of the follower. */
  readonly brokerEpoch: number;
  /** Below it every record counts there: synced under `fsync`, written under `replicated` (D6). */
  readonly fetchOffset: number;
  /** Where its log begins, synced (D9). */
  readonly logStartOffset: number;
}

/** What a leader knows of one follower in this leadership. */
export class FollowerProgress {
  readonly brokerId: BrokerId;
  /** −1 before its first fetch. */
  brokerEpoch = -1;
  /** Below it everything counts there; −1 before its first fetch, so that nothing is taken for copied. */
  endOffset = -1;
  /** −1 before its first fetch. */
  logStartOffset = -1;
  /** In the committed ISR. */
  isMember = false;
  /** In the ISR that is proposed. */
  isProposed = false;
  /** Last found to be somebody who may join. */
  isEligible = false;
  #fetchedMs = Number.NEGATIVE_INFINITY;
  /** How far it could have come when it fetched last. */
  #leaderEndThen = Number.POSITIVE_INFINITY;
  /** The last moment at which it had all that the leader had. */
  #caughtUpMs = Number.NEGATIVE_INFINITY;

  constructor(brokerId: BrokerId) {
    this.brokerId = brokerId;
  }

  /** Whether the high watermark waits for it, whichever way a proposal ends. */
  get counts(): boolean {
    return this.isMember || this.isProposed;
  }

  /** `leaderEnd`: what the leader has for it to read now. */
  onFetch(fetch: FollowerFetch, leaderEnd: number, nowMs: number): void {
    const { fetchOffset } = fetch;
    if (fetchOffset >= leaderEnd) this.#caughtUpMs = nowMs;
    else if (fetchOffset >= this.#leaderEndThen) this.#caughtUpMs = Math.max(this.#caughtUpMs, this.#fetchedMs);
    this.brokerEpoch = fetch.brokerEpoch;
    this.endOffset = fetchOffset;
    this.logStartOffset = fetch.logStartOffset;
    this.#fetchedMs = nowMs;
    this.#leaderEndThen = leaderEnd;
  }

  /** Whether it has everything, or had within the last `lagMaxMs`. */
  isCaughtUp(leaderEnd: number, nowMs: number, lagMaxMs: number): boolean {
    return this.endOffset >= leaderEnd || nowMs - this.#caughtUpMs <= lagMaxMs;
  }

  /** Counts its lag from `nowMs` on: it is a member of an ISR that begins, or could not be heard. */
  excuse(nowMs: number): void {
    this.#caughtUpMs = nowMs;
  }
}
