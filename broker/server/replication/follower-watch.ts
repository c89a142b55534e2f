import type { Settings } from '../../core/config/settings.ts';
import type { Clock, TimerHandle, Timers } from '../../ports/clock.ts';
import type { MetadataClient } from '../metadata-client.ts';
import type { LeaderPartition } from '../partitions/leader-partition.ts';

/** What is watched, and by which clock. */
export interface FollowerWatchDeps {
  readonly clock: Clock;
  readonly timers: Timers;
  readonly settings: Settings;
  readonly metadata: Pick<MetadataClient, 'onDelta'>;
  readonly partitions: { leaderships(): Iterable<LeaderPartition>; onLead(listener: () => void): void };
}

/** Longest time between two looks; of short lags it is the half, so that who lags is found within half as much again. */
const INTERVAL_MAX_MS = 500;
/** A look that is so late means that this node stood still: followers were not heard, they are not to blame. */
const STALL_MS = 500;

/** Looks again and again for followers that lag (`replica.lag.time.max.ms`), and at once when a broker came or went. */
export class FollowerWatch {
  readonly #deps: FollowerWatchDeps;
  #timer: TimerHandle | null = null;
  #isLooking = false;
  #stopped = false;

  constructor(deps: FollowerWatchDeps) {
    this.#deps = deps;
    deps.metadata.onDelta(({ brokersChanged, partitionsChanged }) => {
      const hasNews = brokersChanged.length > 0 || (partitionsChanged.length > 0 && this.#timer === null);
      if (hasNews) this.#lookSoon();
    });
    // A new leadership begins when its log is there.
    deps.partitions.onLead(() => this.#arm());
  }

  stop(): void {
    this.#stopped = true;
    this.#timer?.cancel();
  }

  get #lagMaxMs(): number {
    return this.#deps.settings.broker('replica.lag.time.max.ms');
  }

  /** After those that follow the same change of the metadata. */
  #lookSoon(): void {
    if (this.#isLooking) return;
    this.#isLooking = true;
    this.#deps.timers.after(0, () => {
      this.#isLooking = false;
      this.#look(false);
      this.#arm();
    });
  }

  #look(stalled: boolean): void {
    const lagMaxMs = this.#lagMaxMs;
    for (const leadership of this.#deps.partitions.leaderships()) leadership.watchFollowers(lagMaxMs, stalled);
  }

  /** Runs as long as there are followers. */
  #arm(): void {
    if (this.#timer !== null || this.#stopped || !this.#hasFollowers()) return;
    const { clock, timers } = this.#deps;
    const delayMs = Math.min(INTERVAL_MAX_MS, this.#lagMaxMs / 2);
    const dueMs = clock.monotonicMs() + delayMs;
    this.#timer = timers.after(delayMs, () => {
      this.#timer = null;
      this.#look(clock.monotonicMs() - dueMs >= STALL_MS);
      this.#arm();
    });
  }

  #hasFollowers(): boolean {
    for (const { replica } of this.#deps.partitions.leaderships()) if (replica.followers.length > 0) return true;
    return false;
  }
}
