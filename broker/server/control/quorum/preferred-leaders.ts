import type { Settings } from '../../../core/config/settings.ts';
import { ErrorCode } from '../../../core/protocol/errors.ts';
import type { TimerHandle, Timers } from '../../../ports/clock.ts';
import type { Log } from '../../../ports/log.ts';
import type { Controller } from '../controller.ts';

/** What returns leaderships works with. */
export interface PreferredLeadersDeps {
  readonly timers: Timers;
  readonly log: Log;
  readonly settings: Settings;
}

/**
 * Returns leadership to first replicas that are in sync again, every `leader.imbalance.check.interval.seconds`, for the active
 * controller: after a roll through the cluster the last node would lead nothing.
 */
export class PreferredLeaders {
  readonly #deps: PreferredLeadersDeps;
  readonly #controller: Controller;
  #timer: TimerHandle;

  constructor(deps: PreferredLeadersDeps, controller: Controller) {
    this.#deps = deps;
    this.#controller = controller;
    this.#timer = this.#wait();
  }

  /** The leadership is over. */
  end(): void {
    this.#timer.cancel();
  }

  #wait(): TimerHandle {
    const { timers, settings } = this.#deps;
    return timers.after(settings.broker('leader.imbalance.check.interval.seconds') * 1000, () => {
      if (settings.broker('auto.leader.rebalance.enable')) this.#elect();
      this.#timer = this.#wait();
    });
  }

  #elect(): void {
    this.#controller.submit({ kind: 'electLeaders', electionType: 'preferred', partitions: null }, (outcome) => {
      if (outcome?.kind !== 'electLeaders') return;
      const moved = outcome.partitions.filter(({ errorCode }) => errorCode === ErrorCode.NONE);
      if (moved.length > 0) this.#deps.log.info({ partitions: moved.length }, 'preferred replicas lead again');
    });
  }
}
