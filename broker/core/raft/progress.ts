import type { LogIndex, ReplicaKey, SnapshotMeta } from './types.ts';

/** Messages with entries that may be under way to one follower. */
const IN_FLIGHT_MAX = 8;
/** Rounds of heartbeats whose answers may tell that it is caught up. */
const ENDS_MAX = 16;

/**
 * What a leader knows of one other replica, and what it may send it. `probe`: where the logs part is not known, one message
 * at a time looks for it. `replicate`: messages are sent one behind the other without waiting. `snapshot`: what it needs is
 * not in the log any more.
 */
export class Progress {
  readonly replica: ReplicaKey;
  state: 'probe' | 'replicate' | 'snapshot' = 'probe';
  /** The leader's log up to here is in its log, synced. */
  matchIndex: LogIndex = 0;
  /** The next entry to send. */
  nextIndex: LogIndex;
  /** The round of heartbeats in which it told that: whatever is sent later, it answers with at least as much. */
  #matchedInRound = 0;
  /** Its log has lost something (V10): it does not count. */
  isDamaged = false;
  /** Monotonic time of its last answer in this term, ms. */
  answeredAtMs: number;
  /** The latest round of heartbeats that it answered. */
  answeredRound = 0;
  /** Monotonic time at which it had, as is known since, all that the leader had then; −∞: never in this term (V12). */
  caughtUpAtMs = Number.NEGATIVE_INFINITY;
  /** Where the leader's log ended at the latest rounds. */
  #ends: { readonly round: number; readonly atMs: number; readonly lastIndex: LogIndex }[] = [];
  /** When what was sent counts as lost, ms; nothing is sent in `probe` and `snapshot` before. */
  retryAtMs = Number.NEGATIVE_INFINITY;
  /** Last index of each message with entries under way. */
  #inFlight: LogIndex[] = [];
  /** The snapshot that it is sent, and how much of it it has. */
  snapshot: { readonly meta: SnapshotMeta; position: number } | null = null;

  constructor(replica: ReplicaKey, nextIndex: LogIndex, nowMs: number) {
    this.replica = replica;
    this.nextIndex = nextIndex;
    this.answeredAtMs = nowMs;
  }

  get isFull(): boolean {
    return this.#inFlight.length >= IN_FLIGHT_MAX;
  }

  get inFlightCount(): number {
    return this.#inFlight.length;
  }

  /** Entries up to here were sent. */
  sent(lastIndex: LogIndex, retryAtMs: number): void {
    this.retryAtMs = retryAtMs;
    if (this.state !== 'replicate') return;
    this.#inFlight.push(lastIndex);
    this.nextIndex = lastIndex + 1;
  }

  /** It has the log up to here, as it told in this round of the leader's heartbeats. True when that is news. */
  matched(index: LogIndex, round: number): boolean {
    const isNews = index > this.matchIndex;
    if (isNews) this.#matchedInRound = round;
    this.matchIndex = Math.max(this.matchIndex, index);
    this.nextIndex = Math.max(this.nextIndex, this.matchIndex + 1);
    this.#inFlight = this.#inFlight.filter((last) => last > this.matchIndex);
    return isNews;
  }

  /** A round of heartbeats begins while the leader's log ends here. */
  roundBegins(round: number, atMs: number, lastIndex: LogIndex): void {
    this.#ends.push({ round, atMs, lastIndex });
    if (this.#ends.length > ENDS_MAX) this.#ends.shift();
  }

  /** It answered a round, and has the log up to `matchIndex`. */
  roundAnswered(round: number): void {
    const end = this.#ends.findLast((one) => one.round <= round && one.lastIndex <= this.matchIndex);
    if (end === undefined) return;
    this.caughtUpAtMs = Math.max(this.caughtUpAtMs, end.atMs);
    this.#ends = this.#ends.filter((one) => one.round > end.round);
  }

  /** Its log has lost what it had from here on (V10): what it answered before is not true any more. */
  lost(index: LogIndex): void {
    this.matchIndex = Math.min(this.matchIndex, index);
  }

  /**
   * Whether it has lost what it had without knowing it, as a disk does that is put back as it was: to something that was sent
   * after it told how far its log is the leader's it answers with less.
   */
  hasLess(index: LogIndex, round: number): boolean {
    return index < this.matchIndex && round > this.#matchedInRound;
  }

  replicate(): void {
    this.state = 'replicate';
    this.snapshot = null;
    this.#inFlight = [];
    this.nextIndex = this.matchIndex + 1;
  }

  /** Begins to look for the place at which the logs part, at `nextIndex`. */
  probe(nextIndex: LogIndex): void {
    this.state = 'probe';
    this.snapshot = null;
    this.#inFlight = [];
    this.nextIndex = Math.max(nextIndex, this.matchIndex + 1);
    this.retryAtMs = Number.NEGATIVE_INFINITY;
  }

  sendSnapshot(meta: SnapshotMeta): void {
    this.state = 'snapshot';
    this.#inFlight = [];
    this.snapshot = { meta, position: 0 };
    this.retryAtMs = Number.NEGATIVE_INFINITY;
  }
}
