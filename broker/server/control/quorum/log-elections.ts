import { LogReports } from '../../../core/metadata/log-reports.ts';
import type { ReportLogsCommand } from '../../../core/metadata/replica-commands.ts';
import type { MetadataDelta } from '../../../core/metadata/view.ts';
import type { Clock, TimerHandle, Timers } from '../../../ports/clock.ts';
import type { Log } from '../../../ports/log.ts';
import type { Controller } from '../controller.ts';
import { delayUntil } from '../../delay-until.ts';

/** What it works with. */
export interface LogElectionsDeps {
  readonly clock: Clock;
  readonly timers: Timers;
  readonly log: Log;
}

/** Elects, for the active controller, who has the most where nobody is left that surely has all (D8); made anew with each leadership. */
export class LogElections {
  readonly #deps: LogElectionsDeps;
  readonly #controller: Controller;
  readonly #reports = new LogReports();
  #timer: TimerHandle | null = null;
  #isOver = false;

  constructor(deps: LogElectionsDeps, controller: Controller) {
    this.#deps = deps;
    this.#controller = controller;
  }

  /** A broker says how far it has logs. */
  reported(command: ReportLogsCommand): void {
    this.#reports.report(this.#controller.image, command);
    this.#schedule();
  }

  /** A batch was decided. */
  decided(delta: MetadataDelta): void {
    if (delta.brokersChanged.length === 0) return;
    this.#reports.brokersChanged();
    this.#schedule();
  }

  /** The leadership is over. */
  end(): void {
    this.#isOver = true;
    this.#timer?.cancel();
  }

  #schedule(): void {
    this.#timer?.cancel();
    this.#timer = null;
    const nowMs = this.#deps.clock.monotonicMs();
    const wakeMs = this.#reports.nextWakeMs(nowMs);
    if (this.#isOver || wakeMs === Number.POSITIVE_INFINITY) return;
    this.#timer = this.#deps.timers.after(delayUntil(wakeMs, nowMs), () => {
      const command = this.#reports.elect(this.#controller.image, this.#deps.clock.monotonicMs());
      if (command !== null) {
        const partitions = command.partitions.length;
        this.#deps.log.warn({ partitions }, 'all that were in sync restarted uncleanly: who has the most is elected');
        this.#controller.carryOut(command);
      }
      this.#schedule();
    });
  }
}
