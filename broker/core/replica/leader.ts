import { assert } from '../base/assert.ts';
import type { BrokerId } from '../base/ids.ts';
import { type FollowerFetch, FollowerProgress } from './follower-progress.ts';
import { NO_REPLICA_BUGS, type ReplicaBugs } from './planted-bugs.ts';

/** When a record counts on one replica: synced (`fsync`) or written to the page cache (`replicated`); D2, D3. */
export type Durability = 'fsync' | 'replicated';

/** How far a replica's own log is. `durable` ≤ `written`. */
export interface ReplicaProgress {
  readonly writtenOffset: number;
  readonly durableOffset: number;
}

/** What metadata and settings say of a partition now. Broker lists hold each broker once. */
export interface ReplicaSet {
  readonly replicas: readonly BrokerId[];
  readonly isr: readonly BrokerId[];
  readonly partitionEpoch: number;
  readonly durability: Durability;
  /** Effective `min.insync.replicas`, ≥ 1. */
  readonly minIsr: number;
}

/** An ISR that the leader wants to have committed. Broker epoch −1: whatever the incarnation. */
export interface IsrProposal {
  /** The committed state that it changes. */
  readonly partitionEpoch: number;
  readonly isr: readonly { readonly brokerId: BrokerId; readonly brokerEpoch: number }[];
}

/** What metadata says of the other brokers now. */
export interface Membership {
  /** Registered and not fenced. */
  isLive(brokerId: BrokerId): boolean;
  /** Live in this very incarnation, and not on its way out: it may join an ISR. */
  mayJoin(brokerId: BrokerId, brokerEpoch: number): boolean;
}

/** A follower outside of the ISR that kept up within this time is waited for, so that it gets in under load. */
const JOIN_HOLD_MS = 1_000;
/** After a refusal nothing is proposed for so long: the metadata that explains it is on its way. */
const REFUSED_PAUSE_MS = 500;

/**
 * The leader's view of one leadership of one partition: how far each replica is, how far the high watermark may go, and
 * who should be in the ISR. Invariants: R1 the high watermark never goes back within a leadership; R2 it never passes what
 * counts on any member of the ISR, committed or proposed (D2); R3 it does not move while the committed ISR is smaller than
 * the minimum (KIP-966); R4 who joins has everything below the high watermark and below the start of this leadership.
 */
export class LeaderReplica {
  readonly #self: BrokerId;
  readonly #membership: Membership;
  readonly #epochStartOffset: number;
  readonly #bugs: ReplicaBugs;
  #highWatermark: number;
  #localOffset: number;
  #set: ReplicaSet;
  #followers: readonly FollowerProgress[] = [];
  #proposal: IsrProposal | null = null;
  /** A try of the proposal may still be carried out, whatever a later one is told. */
  #isUncertain = false;
  #notBeforeMs = Number.NEGATIVE_INFINITY;

  /**
   * `highWatermark`: what was known when the leadership began; `localOffset`: what counted on this replica then;
   * `epochStartOffset`: the log's end then; `nowMs`: monotonic.
   */
  constructor(start: {
    readonly self: BrokerId;
    readonly membership: Membership;
    readonly highWatermark: number;
    readonly localOffset: number;
    readonly epochStartOffset: number;
    readonly set: ReplicaSet;
    readonly nowMs: number;
    readonly bugs?: ReplicaBugs;
  }) {
    this.#self = start.self;
    this.#membership = start.membership;
    this.#highWatermark = start.highWatermark;
    this.#localOffset = start.localOffset;
    this.#epochStartOffset = start.epochStartOffset;
    this.#bugs = start.bugs ?? NO_REPLICA_BUGS;
    this.#set = start.set;
    this.#arrange(start.nowMs);
    this.#advance(start.nowMs);
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
    return this.#set.isr.length >= this.#set.minIsr;
  }

  /** No member more than acks=all needs. */
  get isAtMinIsr(): boolean {
    return this.#set.isr.length === this.#set.minIsr;
  }

  /** What is committed may reach further than the high watermark: it was so when the last leader went, perhaps. */
  get isBehindStart(): boolean {
    return this.#highWatermark < this.#epochStartOffset;
  }

  get partitionEpoch(): number {
    return this.#set.partitionEpoch;
  }

  get followers(): readonly FollowerProgress[] {
    return this.#followers;
  }

  /** The ISR that is to be committed; null while the committed one is as it should be. */
  get proposal(): IsrProposal | null {
    return this.#proposal;
  }

  /** The leader's own log moved. True when `localOffset` or the high watermark did. */
  onLocalProgress(progress: ReplicaProgress, nowMs: number): boolean {
    const synced = this.#set.durability === 'fsync' && !this.#bugs.has('counts-own-unsynced');
    const counts = synced ? progress.durableOffset : progress.writtenOffset;
    if (counts <= this.#localOffset) return false;
    this.#localOffset = counts;
    this.#advance(nowMs);
    return true;
  }

  /** The ISR, the replicas or a setting changed; returns whether the high watermark moved. */
  onChange(set: ReplicaSet, nowMs: number): boolean {
    const isNewer = set.partitionEpoch > this.#set.partitionEpoch;
    assert(set.partitionEpoch >= this.#set.partitionEpoch, 'metadata only goes on');
    this.#set = set;
    if (isNewer) this.#endProposal();
    this.#arrange(nowMs);
    return this.#advance(nowMs);
  }

  /**
   * A follower asks for more, and so says what it has; whoever it is was checked. `leaderEnd`: what the leader has written.
   * False when it is no replica of this partition. The high watermark may have moved.
   */
  onFetch(fetch: FollowerFetch, leaderEnd: number, nowMs: number): boolean {
    const follower = this.#follower(fetch.brokerId);
    if (follower === undefined) return false;
    follower.onFetch(fetch, leaderEnd, nowMs);
    if (!follower.isMember) {
      follower.isEligible = this.#membership.mayJoin(follower.brokerId, follower.brokerEpoch);
      this.#propose(leaderEnd, nowMs, Number.POSITIVE_INFINITY);
    }
    this.#advance(nowMs);
    return true;
  }

  /** Looks at who lags, and who is gone; a proposal may come of it. Returns whether the high watermark moved. */
  onTime(leaderEnd: number, nowMs: number, lagMaxMs: number): boolean {
    for (const one of this.#followers) {
      if (!one.isMember) one.isEligible = this.#membership.mayJoin(one.brokerId, one.brokerEpoch);
    }
    this.#propose(leaderEnd, nowMs, lagMaxMs);
    return this.#advance(nowMs);
  }

  /** This node stood still and could not hear its followers: nobody lags for that. */
  excuse(nowMs: number): void {
    for (const follower of this.#followers) if (follower.isMember) follower.excuse(nowMs);
  }

  /**
   * What became of a try of `proposal`. `unknown`: nobody answered, it may still be carried out. `refused`: it was not
   * carried out and will not be. `superseded`: newer metadata is on its way, and ends it. Returns whether the high
   * watermark moved.
   */
  onOutcome(proposal: IsrProposal, outcome: 'unknown' | 'refused' | 'superseded', nowMs: number): boolean {
    if (this.#proposal !== proposal) return false;
    if (outcome === 'unknown') this.#isUncertain = true;
    if (outcome !== 'refused') return false;
    if (this.#isUncertain) {
      // An earlier try may still come through, so its members count (R2) until another change has made it void: this one.
      const isr = this.#set.isr.map((id) => ({ brokerId: id, brokerEpoch: -1 }));
      this.#proposal = { partitionEpoch: this.#set.partitionEpoch, isr };
      return false;
    }
    this.#notBeforeMs = nowMs + REFUSED_PAUSE_MS;
    this.#endProposal();
    return this.#advance(nowMs);
  }

  /** D3: every member of the ISR has synced what there was when this leadership began, `durableOffset` being the leader's. */
  isStartDurable(durableOffset: number): boolean {
    if (this.#set.durability !== 'fsync' || !this.hasMinIsr || durableOffset < this.#epochStartOffset) return false;
    return this.#followers.every((one) => !one.counts || one.endOffset >= this.#epochStartOffset);
  }

  /** Where the logs of all live replicas begin, the leader's beginning at `logStartOffset`; −1 before all have told. */
  lowWatermark(logStartOffset: number): number {
    let low = logStartOffset;
    for (const one of this.#followers) {
      if (one.logStartOffset < low && this.#membership.isLive(one.brokerId)) low = one.logStartOffset;
    }
    return low;
  }

  /** One deterministic line for scripts. */
  describe(): string {
    const { isr, minIsr, durability, partitionEpoch } = this.#set;
    const followers = this.#followers.map(
      (one) => ` ${one.brokerId}${one.isMember ? '' : one.isProposed ? '?' : '-'}@${one.endOffset}`,
    );
    const proposed = this.#proposal?.isr.map(({ brokerId }) => brokerId).join(',');
    const proposal = proposed === undefined ? '' : ` wants ${proposed}${this.#isUncertain ? ' (uncertain)' : ''}`;
    const counts = `hw=${this.#highWatermark} local=${this.#localOffset} ${durability}`;
    return `${counts} isr=${isr.join(',')}/${minIsr} epoch=${partitionEpoch}${followers.join('')}${proposal}`;
  }

  #follower(id: BrokerId): FollowerProgress | undefined {
    for (const one of this.#followers) if (one.brokerId === id) return one;
    return undefined;
  }

  /** Gives every other replica its place; what is known of those that stay is kept. */
  #arrange(nowMs: number): void {
    const { replicas, isr } = this.#set;
    if (replicas.length > 1 || this.#followers.length > 0) {
      const others = replicas.filter((id) => id !== this.#self);
      this.#followers = others.map((id) => this.#follower(id) ?? new FollowerProgress(id));
    }
    for (const follower of this.#followers) {
      const isMember = isr.includes(follower.brokerId);
      if (isMember === follower.isMember) continue;
      follower.isMember = isMember;
      follower.isEligible = false;
      if (isMember) follower.excuse(nowMs);
    }
  }

  #propose(leaderEnd: number, nowMs: number, lagMaxMs: number): void {
    if (this.#proposal !== null || nowMs < this.#notBeforeMs) return;
    const stays = (one: FollowerProgress): boolean => {
      if (!one.isMember) return one.isEligible && this.#mayJoin(one);
      // Nobody waits for the lag of a broker that metadata says is gone.
      return this.#membership.isLive(one.brokerId) && one.isCaughtUp(leaderEnd, nowMs, lagMaxMs);
    };
    const members = this.#followers.filter(stays);
    if (members.every(({ isMember }) => isMember) && members.length === this.#set.isr.length - 1) return;
    for (const one of members) one.isProposed = true;
    // Members stay whatever their incarnation: one that came back unfit has left by a change of the partition's epoch (D4).
    const isr = members.map((one) => ({ brokerId: one.brokerId, brokerEpoch: one.isMember ? -1 : one.brokerEpoch }));
    this.#proposal = {
      partitionEpoch: this.#set.partitionEpoch,
      isr: [{ brokerId: this.#self, brokerEpoch: -1 }, ...isr],
    };
    this.#isUncertain = false;
  }

  /** R4. */
  #mayJoin({ endOffset }: FollowerProgress): boolean {
    if (this.#bugs.has('joins-early')) return endOffset >= 0;
    return endOffset >= this.#highWatermark && endOffset >= this.#epochStartOffset;
  }

  #endProposal(): void {
    this.#proposal = null;
    for (const follower of this.#followers) follower.isProposed = false;
  }

  #advance(nowMs: number): boolean {
    if (!this.hasMinIsr && !this.#bugs.has('watermark-past-min-isr')) return false; // R3
    let reached = this.#localOffset;
    if (!this.#bugs.has('acks-before-isr')) {
      for (const one of this.#followers) {
        if (one.endOffset >= reached) continue;
        const isJoining = one.isEligible && !one.counts && one.isCaughtUp(this.#localOffset, nowMs, JOIN_HOLD_MS);
        if (one.counts || isJoining) reached = one.endOffset; // R2
      }
    }
    if (reached <= this.#highWatermark) return false;
    this.#highWatermark = reached; // R1
    return true;
  }
}
