import { brokerId } from '../../../core/base/ids.ts';
import type { Settings } from '../../../core/config/settings.ts';
import type { MetadataDelta } from '../../../core/metadata/view.ts';
import { ErrorCode } from '../../../core/protocol/errors.ts';
import type { TimerHandle, Timers } from '../../../ports/clock.ts';
import type { Log } from '../../../ports/log.ts';
import type { Controller } from '../controller.ts';

/** A broker that has been in for this long gets back what it is the first replica of, as far as it is in sync, ms. */
const RETURN_MS = 5000;

/** What returns leaderships works with. */
export interface PreferredLeadersDeps {
  readonly timers: Timers;
  readonly log: Log;
  readonly settings: Settings;
}

/** A broker that came in: it is given what it should lead after a pause, and again after pauses that double. */
interface Return {
  pauseMs: number;
  timer: TimerHandle | null;
}

/**
 * Returns leadership to first replicas that are in sync again, every `leader.imbalance.check.interval.seconds`, for the active
 * controller: after a roll through the cluster the last node would lead nothing. One that has come back need not wait for that:
 * it gets back its own after a few seconds, and what catches up later at most as late again. A broker that comes and goes has to
 * stay longer each time.
 */
export class PreferredLeaders {
  readonly #deps: PreferredLeadersDeps;
  readonly #controller: Controller;
  readonly #isOn: boolean;
  readonly #intervalMs: number;
  readonly #returns = new Map<number, Return>();
  /** Brokers that are in. */
  readonly #in = new Set<number>();
  #timer: TimerHandle;

  constructor(deps: PreferredLeadersDeps, controller: Controller) {
    this.#deps = deps;
    this.#controller = controller;
    this.#isOn = deps.settings.broker('auto.leader.rebalance.enable');
    this.#intervalMs = deps.settings.broker('leader.imbalance.check.interval.seconds') * 1000;
    this.#timer = this.#wait();
    for (const { id } of controller.image.brokers()) this.#look(id);
  }

  /** A batch was decided. */
  decided({ brokersChanged }: MetadataDelta): void {
    for (const id of brokersChanged) this.#look(id);
  }

  /** The leadership is over. */
  end(): void {
    this.#timer.cancel();
    for (const { timer } of this.#returns.values()) timer?.cancel();
  }

  #wait(): TimerHandle {
    return this.#deps.timers.after(this.#intervalMs, () => {
      if (this.#isOn) this.#elect();
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

  #look(id: number): void {
    if (!this.#isOn) return;
    const broker = this.#controller.image.broker(brokerId(id));
    if (broker?.fenced !== false) {
      this.#in.delete(id);
      this.#returns.get(id)?.timer?.cancel();
      if (broker === null) this.#returns.delete(id);
    } else if (!this.#in.has(id)) {
      this.#in.add(id);
      this.#returnSoon(id, this.#returns.get(id) ?? { pauseMs: RETURN_MS, timer: null });
    }
  }

  #returnSoon(id: number, one: Return): void {
    // From then on the next look at everybody is not far.
    if (one.pauseMs >= this.#intervalMs) {
      this.#returns.delete(id);
      return;
    }
    this.#returns.set(id, one);
    one.timer = this.#deps.timers.after(one.pauseMs, () => {
      one.pauseMs *= 2;
      if (this.#controller.carryOut({ kind: 'returnLeaders', brokerId: id }))
        this.#deps.log.info({ broker: id }, 'a broker that has come back leads what it is the first replica of');
      this.#returnSoon(id, one);
    });
  }
}
