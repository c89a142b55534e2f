import type { BrokerId, TopicId } from '../../core/base/ids.ts';
import type { MetadataView } from '../../core/metadata/view.ts';
import type { Clock, Timers } from '../../ports/clock.ts';
import { PartitionMap } from '../partition-map.ts';
import type { Partitions } from './partition.ts';

/** How long a request waits for this node to lead, ms: clients rest for as long after a refusal, at their defaults. */
const WAIT_MS = 100;
/** Who led so lately is asked by clients that do not know better, ms: they are told at once. */
const LED_LATELY_MS = 10_000;
/** Requests that wait at once, of all partitions. */
const WAITING_MAX = 1_000;

/**
 * Requests that come to a follower in sync a moment before the metadata that makes it the leader: their client was told of it by
 * whoever led before (KIP-951), and would rest if it were refused, after each controlled shutdown.
 */
export class LeadWaits {
  readonly #deps: LeadWaitsDeps;
  readonly #waiting = new PartitionMap<(() => void)[]>();
  #count = 0;
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

  /** Whether `done` will be called, once: when this node leads the partition, or does not after a while. */
  wait(topicId: TopicId, index: number, done: () => void): boolean {
    const { clock, timers, metadata, nodeId, partitions } = this.#deps;
    if (this.#count >= WAITING_MAX || partitions.followed(topicId, index) === null) return false;
    const inSync = metadata.view.topicById(topicId)?.partition(index)?.isr.includes(nodeId) === true;
    const ledUntilMs =
      this.#ledUntilMs.get(topicId, index) ?? this.#older.get(topicId, index) ?? Number.NEGATIVE_INFINITY;
    if (!inSync || clock.monotonicMs() - ledUntilMs < LED_LATELY_MS) return false;
    let isOpen = true;
    const end = (): void => {
      if (!isOpen) return;
      isOpen = false;
      this.#count -= 1;
      timer.cancel();
      done();
    };
    const timer = timers.after(WAIT_MS, () => {
      this.#leave(topicId, index, end);
      end();
    });
    this.#count += 1;
    const waiting = this.#waiting.get(topicId, index);
    if (waiting === undefined) this.#waiting.set(topicId, index, [end]);
    else waiting.push(end);
    return true;
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
