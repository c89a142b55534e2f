import { ApiKey } from '../../core/protocol/apis.ts';
import { ErrorCode } from '../../core/protocol/errors.ts';
import type { ApiResponses, RequestInput } from '../../core/protocol/messages.ts';
import { FetcherSession, type SessionRequest } from '../../core/replica/fetcher-session.ts';
import type { FetchPosition } from '../../core/replica/follower.ts';
import type { Clock, TimerHandle, Timers } from '../../ports/clock.ts';
import type { FollowerPartition } from '../partitions/follower-partition.ts';
import { PartitionMap } from '../partition-map.ts';
import type { Peers } from '../peers/peers.ts';
import type { FetchLimits } from './limits.ts';
import type { Throttle } from './throttle.ts';

/** What all lanes of a node share. Sizes in bytes, times in ms. */
export interface LaneDeps {
  readonly nodeId: number;
  readonly clock: Clock;
  readonly timers: Timers;
  /** Runs what follows when the inputs of this turn are handled. */
  readonly afterTurn: (callback: () => void) => void;
  readonly peers: Pick<Peers, 'call' | 'close'>;
  readonly brokerEpoch: () => number;
  readonly limits: () => FetchLimits;
  /** `follower.replication.throttled.rate`, for partitions that say so and are not in sync. */
  readonly throttle: Pick<Throttle, 'isExceeded' | 'take'>;
}

/** The first version that names the epoch of the broker that asks. */
const FETCH_VERSION_MIN = 15;
/** First pause after a request that failed as a whole. */
const BACKOFF_MIN_MS = 50;
/** Partitions that the throttle keeps back are looked at again after this time. */
const THROTTLE_LOOK_MS = 100;
/** A lane begins anew for a newcomer at most this often. */
const HURRY_INTERVAL_MS = 100;

type Answer = ApiResponses[typeof ApiKey.Fetch];

/**
 * Fetches from one leader the partitions of one lane, on a connection of its own, with one request in flight. The next one goes out
 * when everything that the last one brought counts here (D6); it names whatever has changed.
 */
export class FetchLane {
  readonly #deps: LaneDeps;
  readonly #leader: number;
  readonly #lane: number;
  readonly #members = new PartitionMap<FollowerPartition>();
  readonly #session = new FetcherSession<FollowerPartition>();
  /** What the leader's session last heard of each. */
  readonly #asked = new Map<FollowerPartition, FetchPosition>();
  #changed = new Set<FollowerPartition>();
  /** Those with records of the last answer that do not count yet. */
  readonly #unsettled = new Set<FollowerPartition>();
  /** Number of the request in flight; −1 when there is none. */
  #inFlight = -1;
  #requestCount = 0;
  #failures = 0;
  #backoff: TimerHandle | null = null;
  #hurry: TimerHandle | null = null;
  #throttled: TimerHandle | null = null;
  #hurriedMs = Number.NEGATIVE_INFINITY;
  #isDue = false;

  constructor(deps: LaneDeps, leader: number, lane: number) {
    this.#deps = deps;
    this.#leader = leader;
    this.#lane = lane;
  }

  /** How many partitions it fetches. */
  get size(): number {
    return this.#members.size;
  }

  join(follower: FollowerPartition): void {
    this.#members.set(follower.topicId, follower.index, follower);
    this.changed(follower);
  }

  leave(follower: FollowerPartition): void {
    this.#members.delete(follower.topicId, follower.index);
    this.#unsettled.delete(follower);
    if (this.#members.size === 0) this.#stop();
    else this.changed(follower);
  }

  /** Its leader was elected anew, so that it may answer again. */
  renewed(follower: FollowerPartition): void {
    this.#backoff?.cancel();
    this.#backoff = null;
    this.#failures = 0;
    this.changed(follower);
  }

  /** What is to be asked of the partition, or whether, is another now. */
  changed(follower: FollowerPartition): void {
    this.#changed.add(follower);
    if (follower.isSettled) this.#unsettled.delete(follower);
    if (this.#inFlight !== -1) this.#mayHurry(follower);
    else this.#schedule();
  }

  #schedule(): void {
    if (this.#isDue) return;
    this.#isDue = true;
    this.#deps.afterTurn(() => {
      this.#isDue = false;
      this.#send();
    });
  }

  #send(): void {
    if (this.#inFlight !== -1 || this.#backoff !== null || this.#unsettled.size > 0) return;
    const { isExceeded } = this.#deps.throttle;
    if (isExceeded) this.#keepBack();
    const changed = this.#changed;
    this.#changed = new Set();
    const isFetched = (one: FollowerPartition): boolean => this.#isFetched(one, isExceeded);
    const request = this.#session.next(changed, isFetched, () => this.#members.values());
    if (request.sessionEpoch === 0) this.#asked.clear();
    for (const one of request.forgotten) this.#asked.delete(one);
    for (const one of request.named) {
      const position = one.position();
      if (position !== null) this.#asked.set(one, position);
    }
    if (this.#session.size === 0) {
      this.#session.reset();
      return;
    }
    this.#call(request);
  }

  #isFetched(one: FollowerPartition, isExceeded: boolean): boolean {
    const isMember = this.#members.get(one.topicId, one.index) === one;
    return isMember && one.position() !== null && !(isExceeded && one.isThrottled);
  }

  #call(request: SessionRequest<FollowerPartition>): void {
    this.#requestCount += 1;
    const number = this.#requestCount;
    this.#inFlight = number;
    const limits = this.#deps.limits();
    this.#deps.peers.call(
      this.#leader,
      {
        key: ApiKey.Fetch,
        minVersion: FETCH_VERSION_MIN,
        extraTimeMs: limits.maxWaitMs,
        body: () => this.#body(request, limits),
        done: (outcome) => {
          if (this.#inFlight !== number) return;
          this.#inFlight = -1;
          if (outcome.ok) this.#answered(outcome.body);
          else this.#failed();
        },
      },
      this.#lane,
    );
  }

  #body(request: SessionRequest<FollowerPartition>, limits: FetchLimits): RequestInput<typeof ApiKey.Fetch> {
    const { sessionId, sessionEpoch, named, forgotten } = request;
    const topics = Map.groupBy(named, (one) => one.topicId);
    const gone = Map.groupBy(forgotten, (one) => one.topicId);
    return {
      replicaState: { replicaId: this.#deps.nodeId, replicaEpoch: this.#deps.brokerEpoch() },
      maxWaitMs: limits.maxWaitMs,
      minBytes: limits.minBytes,
      maxBytes: limits.responseMaxBytes,
      sessionId,
      sessionEpoch,
      topics: [...topics].map(([topicId, members]) => ({
        topicId,
        partitions: members.flatMap((one) => {
          const position = this.#asked.get(one);
          if (position === undefined) return [];
          return { partition: one.index, partitionMaxBytes: limits.partitionMaxBytes, ...position };
        }),
      })),
      forgottenTopicsData: [...gone].map(([topicId, members]) => ({
        topicId,
        partitions: members.map(({ index }) => index),
      })),
    };
  }

  #answered(answer: Answer): void {
    const isSessionLost =
      answer.errorCode === ErrorCode.FETCH_SESSION_ID_NOT_FOUND ||
      answer.errorCode === ErrorCode.INVALID_FETCH_SESSION_EPOCH;
    if (isSessionLost && this.#failures === 0) {
      // At once: what the leader forgot is told in full.
      this.#session.reset();
      this.#failures = 1;
      this.#schedule();
      return;
    }
    if (!this.#session.onAnswer(answer.errorCode, answer.sessionId)) {
      this.#failed();
      return;
    }
    this.#failures = 0;
    for (const topic of answer.responses) {
      for (const partition of topic.partitions) {
        const follower = this.#members.get(topic.topicId, partition.partitionIndex);
        const asked = follower === undefined ? undefined : this.#asked.get(follower);
        if (follower === undefined || asked === undefined) continue;
        follower.take(asked, partition);
        if (follower.isThrottled) this.#deps.throttle.take(partition.records?.length ?? 0);
        if (!follower.isSettled) this.#unsettled.add(follower);
      }
    }
    this.#schedule();
  }

  /** Leaves out what is throttled until there is allowance again, whoever has had it: all lanes share it. */
  #keepBack(): void {
    const throttled = [...this.#members.values()].filter((one) => one.isThrottled);
    if (throttled.length === 0) return;
    for (const one of throttled) this.#changed.add(one);
    if (!this.#deps.throttle.isExceeded) {
      this.#schedule();
      return;
    }
    this.#throttled ??= this.#deps.timers.after(THROTTLE_LOOK_MS, () => {
      this.#throttled = null;
      this.#keepBack();
    });
  }

  #failed(): void {
    this.#session.reset();
    const pauseMs = Math.min(this.#deps.limits().backoffMs, BACKOFF_MIN_MS * 2 ** Math.min(this.#failures, 16));
    this.#failures += 1;
    this.#backoff = this.#deps.timers.after(pauseMs, () => {
      this.#backoff = null;
      this.#schedule();
    });
  }

  /** The request in flight may wait at the leader for long, and a partition that it does not ask for with it. */
  #mayHurry(follower: FollowerPartition): void {
    if (this.#hurry !== null || !this.#isKeptWaiting(follower)) return;
    const { clock, timers } = this.#deps;
    const delayMs = Math.max(0, this.#hurriedMs + HURRY_INTERVAL_MS - clock.monotonicMs());
    this.#hurry = timers.after(delayMs, () => {
      this.#hurry = null;
      // The request in flight may be another by now, and ask for all.
      if (this.#inFlight === -1 || !this.#changed.values().some((one) => this.#isKeptWaiting(one))) return;
      this.#hurriedMs = clock.monotonicMs();
      this.#hangUp('another partition is to be fetched, too');
      this.#schedule();
    });
  }

  #isKeptWaiting(one: FollowerPartition): boolean {
    return !this.#asked.has(one) && this.#isFetched(one, this.#deps.throttle.isExceeded);
  }

  #hangUp(reason: string): void {
    this.#inFlight = -1;
    this.#session.reset();
    this.#deps.peers.close(this.#leader, this.#lane, reason);
  }

  #stop(): void {
    this.#hangUp('nothing is fetched from it any more');
    this.#hurry?.cancel();
    this.#hurry = null;
    this.#backoff?.cancel();
    this.#backoff = null;
    this.#throttled?.cancel();
    this.#throttled = null;
  }
}
