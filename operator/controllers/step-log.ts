import type { TurnListener } from './cluster-turns.ts';
import { LineBudget } from '../core/line-budget.ts';
import { whyStep } from '../core/why-step.ts';
import { describeStep, type Step } from '../core/steps.ts';
import type { Clock } from '../ports/clock.ts';

/** A step of a Cluster that was carried out, or has begun and goes on by itself, or failed. */
export interface StepLine {
  /** `namespace/name`. */
  readonly cluster: string;
  readonly kind: Step['kind'];
  /** What is done, in a sentence. */
  readonly what: string;
  readonly why: string;
  /** Why it failed; it is tried again. null: it did not. */
  readonly failure: string | null;
  /** Lines of that kind about this Cluster that were left out before it. */
  readonly omitted: number;
}

/** Lines about steps, within bounds: those that failed again and again leave room for those that were carried out. */
export class StepLog {
  readonly #clock: Pick<Clock, 'monotonicMs'>;
  readonly #write: (line: StepLine) => void;
  readonly #taken = new LineBudget();
  readonly #failed = new LineBudget();

  constructor(clock: Pick<Clock, 'monotonicMs'>, write: (line: StepLine) => void) {
    this.#clock = clock;
    this.#write = write;
  }

  /** What hears of the turns of a Cluster (`namespace/name`). Whatever else happens to it is in its status, and looks that fail are told elsewhere. */
  of(cluster: string): TurnListener {
    const nothing = (): void => undefined;
    return {
      step: (_text, step) => this.#tell(cluster, step, null),
      trouble: (_text, failed) => {
        if (failed !== undefined) this.#tell(cluster, failed.step, failed.error.message);
      },
      fatal: (error, step) => {
        if (step !== undefined) this.#tell(cluster, step, error.message);
      },
      progress: nothing,
      condition: nothing,
      converged: nothing,
    };
  }

  #tell(cluster: string, step: Step, failure: string | null): void {
    const budget = failure === null ? this.#taken : this.#failed;
    const omitted = budget.take(cluster, this.#clock.monotonicMs());
    if (omitted === null) return;
    this.#write({ cluster, kind: step.kind, what: describeStep(step), why: whyStep(step), failure, omitted });
  }
}
