import { type AutoscaleMemory, askedBrokers, judgeLoad, NOTHING_SEEN, SAMPLE_MS } from '../core/autoscale.ts';
import type { Desired } from '../core/desired.ts';
import type { HostObservation, Observed, ScaleVerdict } from '../core/observed.ts';
import type { Plan } from '../core/plan.ts';
import type { IsDynamic } from '../core/plan-nodes.ts';
import { isCalm } from '../core/status.ts';
import type { AdminQuestion } from '../ports/cluster-admin.ts';
import type { Clock } from '../ports/clock.ts';

/** Judges the load of one Cluster from look to look, while nothing else is done about it. */
export class Autoscaler {
  readonly #clock: Clock;
  readonly #isDynamic: IsDynamic;
  #memory: AutoscaleMemory = NOTHING_SEEN;
  #askedMs = Number.NEGATIVE_INFINITY;
  #asksCopies = false;
  #isOn = false;

  constructor(clock: Clock, isDynamic: IsDynamic) {
    this.#clock = clock;
    this.#isDynamic = isDynamic;
  }

  /** In how many ms it has to look again; what could not be asked in time is asked at the next look. */
  get dueMs(): number {
    if (!this.#isOn) return Number.POSITIVE_INFINITY;
    const leftMs = this.#leftMs();
    return leftMs > 0 ? leftMs : SAMPLE_MS;
  }

  #leftMs(): number {
    return this.#askedMs + SAMPLE_MS - this.#clock.monotonicMs();
  }

  /** What brokers are asked at this look, null: nothing. */
  question({ cluster }: Desired, host: HostObservation): AdminQuestion['load'] | null {
    this.#isOn = cluster.spec.brokers.autoscale !== undefined && host.floor !== undefined;
    if (!this.#isOn || this.#leftMs() > 0) return null;
    this.#askedMs = this.#clock.monotonicMs();
    return { brokers: askedBrokers(cluster, host), copies: this.#asksCopies };
  }

  /** What the load makes of the number of brokers, given the plan without that; null: nothing. */
  look(desired: Desired, seen: { readonly observed: Observed; readonly plan: Plan }): ScaleVerdict | null {
    const { host, admin } = seen.observed;
    const { cluster } = desired;
    const { autoscale } = cluster.spec.brokers;
    const mayJudge = this.#isOn && autoscale !== undefined && admin !== null && isCalm(desired, seen, this.#isDynamic);
    if (!mayJudge) {
      this.#memory = NOTHING_SEEN;
      return null;
    }
    const nowMs = this.#clock.monotonicMs();
    const { memory, asksCopies, ...verdict } = judgeLoad(this.#memory, { cluster, autoscale, host, admin, nowMs });
    this.#memory = memory;
    this.#asksCopies = asksCopies;
    return verdict.change === null && verdict.notes.length === 0 ? null : verdict;
  }
}
