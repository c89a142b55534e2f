import type { BrokerId, TopicId } from '../../core/base/ids.ts';
import type { MetadataView } from '../../core/metadata/view.ts';
import type { Clock, Timers } from '../../ports/clock.ts';
import { PartitionMap } from '../partition-map.ts';
import type { Partitions } from './partition.ts';

/** How long a request waits for this node to lead, ms: clients rest for as long after a refusal, at their defaults. */
const WAIT_MS = 100;
/** Who led so lately is asked by clients that do not know better, ms: they are told at once. */
const LED_LATELY_MS = 10_000;
/** What may wait at once of each kind, of all partitions: fetches name thousands after a failover, and keep no Produce from waiting. */
const WAITING_MAX = 1_000;

type Kind = 'produce' | 'fetch';

/** A partition as a request names it. */
export interface AskedPartition {
  readonly topicId: TopicId;
  readonly index: number;
  /** The leader epoch that who asks knows; −1 when the request does not say. */
  readonly leaderEpoch: number;
}

/**
 * Requests that come to a replica a moment before the metadata that makes it the leader, or before the leadership that this
 * names has begun: their client was told of it by whoever led before (KIP-951), a follower by its own metadata, and would rest
 * if it were refused, after each controlled shutdown.
 */
export class LeadWaits {
  readonly #deps: LeadWaitsDeps;
  readonly #waiting = new PartitionMap<(() => void)[]>();
  readonly #counts: Record<Kind, number> = { produce: 0, fetch: 0 };
  /** When leaderships of this node ended, monotonic ms; what ended before `#olderMs` is in `#older`, and forgotten with the next turn. */
  #ledUntilMs = new PartitionMap<number>();
  #older = new PartitionMap<number>();
  #olderMs = Number.NEGATIVE_INFINITY;

  constructor(deps: LeadWaitsDeps) {
    this.#deps = deps;
    deps.partitions.onLead((partition) => {
      const { topicId, index } = partition;
      partition.onResign(() => this.#resigned(topicId, index));
      const waiting = this.#waiting.get(topicId, index);
      this.#waiting.delete(topicId, index);
      for (const done of waiting ?? []) done();
    });
  }

  /**
   * Calls `done` once, when this node leads the partition, or does not after a while; null when it will not. What is returned ends the
   * wait without a call.
   */
  wait(kind: Kind, asked: AskedPartition, done: () => void): (() => void) | null {
    if (this.#counts[kind] >= WAITING_MAX || !this.#mayLeadSoon(asked)) return null;
    const { topicId, index } = asked;
    let isOpen = true;
    const close = (): boolean => {
      if (!isOpen) return false;
      isOpen = false;
      this.#counts[kind] -= 1;
      timer.cancel();
      return true;
    };
    const end = (): void => {
      if (close()) done();
    };
    const timer = this.#deps.timers.after(WAIT_MS, () => {
      this.#leave(topicId, index, end);
      end();
    });
    this.#counts[kind] += 1;
    const waiting = this.#waiting.get(topicId, index);
    if (waiting === undefined) this.#waiting.set(topicId, index, [end]);
    else waiting.push(end);
    return () => {
      if (close()) this.#leave(topicId, index, end);
    };
  }

  #mayLeadSoon({ topicId, index, leaderEpoch }: AskedPartition): boolean {
    const { clock, metadata, nodeId, partitions } = this.#deps;
    const known = metadata.view.topicById(topicId)?.partition(index);
    if (known?.replicas.includes(nodeId) !== true) return false;
    // Many leaderships take several turns to begin, each following is left first.
    if (known.leader === nodeId && (leaderEpoch < 0 || leaderEpoch === known.leaderEpoch)) return true;
    // Who asks has newer metadata.
    if (leaderEpoch >= 0) return leaderEpoch > known.leaderEpoch;
    if (partitions.followed(topicId, index) === null || !known.isr.includes(nodeId)) return false;
    const ledUntilMs =
      this.#ledUntilMs.get(topicId, index) ?? this.#older.get(topicId, index) ?? Number.NEGATIVE_INFINITY;
    return clock.monotonicMs() - ledUntilMs >= LED_LATELY_MS;
  }

  #resigned(topicId: TopicId, index: number): void {
    const nowMs = this.#deps.clock.monotonicMs();
    if (nowMs - this.#olderMs >= LED_LATELY_MS) {
      this.#older = this.#ledUntilMs;
      this.#ledUntilMs = new PartitionMap();
      this.#olderMs = nowMs;
    }
    this.#ledUntilMs.set(topicId, index, nowMs);
  }

  #leave(topicId: TopicId, index: number, end: () => void): void {
    const left = this.#waiting.get(topicId, index)?.filter((one) => one !== end) ?? [];
    if (left.length === 0) this.#waiting.delete(topicId, index);
    else this.#waiting.set(topicId, index, left);
  }
}

/** What waiting needs of its node. */
export interface LeadWaitsDeps {
  readonly nodeId: BrokerId;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly metadata: { readonly view: MetadataView };
  readonly partitions: Pick<Partitions, 'followed' | 'onLead'>;
}
