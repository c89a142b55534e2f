import type { BrokerId } from '../../core/base/ids.ts';
import type { PartitionView } from '../../core/metadata/view.ts';
import { ErrorCode } from '../../core/protocol/errors.ts';
import { type IsrProposal, LeaderReplica, type Membership, type ReplicaSet } from '../../core/replica/leader.ts';
import type { FollowerFetch, FollowerProgress } from '../../core/replica/follower-progress.ts';
import type { ReplicaBugs } from '../../core/replica/planted-bugs.ts';
import type { Clock } from '../../ports/clock.ts';
import type { PartitionLog } from '../logs/partition-log.ts';
import type { IsrChanges, IsrSource } from '../replication/isr-changes.ts';
import { OffsetWaiters } from './offset-waiters.ts';
import type { TopicRules } from './topic-rules.ts';

/** What all leaderships of a node share. */
export interface LeaderCluster {
  readonly nodeId: BrokerId;
  readonly membership: Membership;
  /** `broker.rack` of a broker, null without one. */
  rackOf(brokerId: BrokerId): string | null;
  readonly changes: Pick<IsrChanges, 'propose' | 'mark' | 'changed'>;
  /** Counted since the start of the process. */
  readonly stats: { isrShrinks: number; isrExpands: number };
  readonly bugs?: ReplicaBugs;
}

/**
 * The replicas of one leadership: feeds `LeaderReplica` with what the log, the followers and the metadata say, and has its
 * proposals brought to the controller. Whoever owns it looks at the high watermark after each call.
 */
export class LeaderReplication implements IsrSource {
  readonly topicId: string;
  readonly topicName: string;
  readonly index: number;
  readonly leaderEpoch: number;
  readonly replica: LeaderReplica;
  readonly #cluster: LeaderCluster;
  readonly #log: PartitionLog;
  readonly #clock: Clock;
  readonly #moved: () => void;
  readonly #lowWatermark = new OffsetWaiters();
  #durableFromEpoch: number;
  #isrCount: number;
  #hasEnded = false;

  /** `moved`: the high watermark did, by an answer of the controller. */
  constructor(start: {
    readonly topic: { readonly id: string; readonly name: string };
    readonly partition: PartitionView;
    readonly rules: TopicRules;
    readonly log: PartitionLog;
    readonly clock: Clock;
    readonly cluster: LeaderCluster;
    readonly moved: () => void;
  }) {
    const { cluster, log, partition, rules } = start;
    this.topicId = start.topic.id;
    this.topicName = start.topic.name;
    this.index = partition.index;
    this.leaderEpoch = partition.leaderEpoch;
    this.#cluster = cluster;
    this.#log = log;
    this.#clock = start.clock;
    this.#moved = start.moved;
    this.#durableFromEpoch = partition.durableFromEpoch;
    this.#isrCount = partition.isr.length;
    this.replica = new LeaderReplica({
      self: cluster.nodeId,
      membership: cluster.membership,
      highWatermark: Math.max(log.highWatermark, log.logStartOffset),
      localOffset: rules.durability === 'fsync' ? log.durableOffset : log.writtenOffset,
      epochStartOffset: log.logEndOffset,
      set: replicaSet(partition, rules),
      nowMs: start.clock.monotonicMs(),
      ...(cluster.bugs === undefined ? {} : { bugs: cluster.bugs }),
    });
  }

  get proposal(): IsrProposal | null {
    return this.#hasEnded ? null : this.replica.proposal;
  }

  get wantsDurableMark(): boolean {
    return !this.#hasEnded && this.#durableFromEpoch === -1 && this.replica.isStartDurable(this.#log.durableOffset);
  }

  /** Where the logs of all live replicas begin, synced. */
  get lowWatermark(): number {
    return this.replica.lowWatermark(this.#log.durableStartOffset);
  }

  /** The log's own progress; true when anything that somebody may wait for moved. */
  onLocalProgress(writtenOffset: number, durableOffset: number): boolean {
    const moved = this.replica.onLocalProgress({ writtenOffset, durableOffset }, this.#clock.monotonicMs());
    if (this.#durableFromEpoch === -1) this.#wantMark();
    return moved;
  }

  /** New settings, or another ISR, of the same leadership. */
  onChange(partition: PartitionView, rules: TopicRules): boolean {
    const { stats } = this.#cluster;
    if (partition.isr.length < this.#isrCount) stats.isrShrinks += 1;
    if (partition.isr.length > this.#isrCount) stats.isrExpands += 1;
    this.#isrCount = partition.isr.length;
    this.#durableFromEpoch = partition.durableFromEpoch;
    const moved = this.replica.onChange(replicaSet(partition, rules), this.#clock.monotonicMs());
    this.#cluster.changes.changed(this);
    this.#afterChange();
    return moved;
  }

  /** A follower fetches from this partition, whose records agree with its own; the code that it gets otherwise. */
  onFollowerFetch(fetch: FollowerFetch): number {
    const nowMs = this.#clock.monotonicMs();
    // The metadata that made it a replica may not have come here yet.
    if (!this.replica.onFetch(fetch, this.#log.writtenOffset, nowMs)) return ErrorCode.UNKNOWN_LEADER_EPOCH;
    this.#afterChange();
    return ErrorCode.NONE;
  }

  /** Looks at who lags. */
  onTime(lagMaxMs: number): boolean {
    const moved = this.replica.onTime(this.#log.writtenOffset, this.#clock.monotonicMs(), lagMaxMs);
    this.#afterChange();
    return moved;
  }

  /** See `LeaderReplica.onOutcome`. */
  onOutcome(proposal: IsrProposal, outcome: 'unknown' | 'refused' | 'superseded'): void {
    if (this.#hasEnded) return;
    if (this.replica.onOutcome(proposal, outcome, this.#clock.monotonicMs())) this.#moved();
  }

  /** See `Partition`. */
  preferredReplica(rackId: string, fetchOffset: number): BrokerId | -1 {
    const { nodeId, membership } = this.#cluster;
    if (this.#cluster.rackOf(nodeId) === rackId) return -1;
    let best: FollowerProgress | null = null;
    for (const one of this.replica.followers) {
      const { brokerId, endOffset, logStartOffset } = one;
      const has = logStartOffset >= 0 && logStartOffset <= fetchOffset && endOffset >= fetchOffset;
      if (!has || !membership.isLive(brokerId) || this.#cluster.rackOf(brokerId) !== rackId) continue;
      if (best === null || endOffset > best.endOffset) best = one;
    }
    return best?.brokerId ?? -1;
  }

  /** Whether this leader is among `leaders`, and the follower not in sync. */
  throttles(leaders: readonly string[], follower: BrokerId): boolean {
    const isNamed = leaders.includes('*') || leaders.includes(`${this.index}:${this.#cluster.nodeId}`);
    return isNamed && !this.replica.followers.some((one) => one.brokerId === follower && one.isMember);
  }

  /** Calls `done` once no live replica has anything below `offset`, or with an error when the leadership ends. */
  awaitLowWatermark(offset: number, done: (errorCode: number) => void): void {
    if (this.lowWatermark >= offset) done(ErrorCode.NONE);
    else this.#lowWatermark.add(offset, done);
  }

  /** Nothing is asked for any more. */
  end(errorCode: number): void {
    this.#hasEnded = true;
    this.#lowWatermark.fail(errorCode);
  }

  #afterChange(): void {
    if (this.replica.proposal !== null) this.#cluster.changes.propose(this);
    if (this.#lowWatermark.size > 0) this.#lowWatermark.release(this.lowWatermark);
    if (this.#durableFromEpoch === -1) this.#wantMark();
  }

  #wantMark(): void {
    if (this.wantsDurableMark) this.#cluster.changes.mark(this);
  }
}

function replicaSet(partition: PartitionView, rules: TopicRules): ReplicaSet {
  const { replicas, isr, partitionEpoch } = partition;
  const minIsr = Math.max(1, Math.min(rules.minInsyncReplicas, replicas.length));
  return { replicas, isr, partitionEpoch, durability: rules.durability, minIsr };
}
