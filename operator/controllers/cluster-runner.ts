import { ClusterTurns, type TurnListener } from './cluster-turns.ts';
import type { ReconcileTools } from './reconcile.ts';
import type { Desired } from '../core/desired.ts';
import type { Clock } from '../ports/clock.ts';

/** What happens to one cluster, for a person who watches. */
export interface RunnerListener extends TurnListener {
  gone(): void;
}

/** Takes turns on one cluster by itself: whenever one is due, and when nudged. */
export class ClusterRunner {
  readonly #turns: ClusterTurns;
  readonly #clock: Clock;
  readonly #listener: RunnerListener;
  #stopped = false;
  #nudged = false;
  #isGone = false;
  #wake: (() => void) | null = null;
  readonly #over: Promise<void>;

  constructor(desired: Desired, tools: ReconcileTools & { readonly clock: Clock }, listener: RunnerListener) {
    this.#turns = new ClusterTurns(desired, tools, listener);
    this.#clock = tools.clock;
    this.#listener = listener;
    this.#over = this.#run();
  }

  /** New manifests; null: the Cluster is gone. */
  apply(desired: Desired | null): void {
    this.#isGone = desired === null;
    this.#turns.apply(desired);
    this.nudge();
  }

  /** Something changed: reconcile now. */
  nudge(): void {
    this.#nudged = true;
    this.#turns.nudge();
    this.#wake?.();
  }

  /** Ends the loop; resolves when the reconcile under way is over. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#wake?.();
    await this.#over;
  }

  async #run(): Promise<void> {
    while (!this.#stopped) {
      this.#nudged = false;
      const wasGone = this.#isGone;
      const { pauseMs, reconciled } = await this.#turns.take();
      const hasEnded = reconciled !== null && reconciled.taken.length === 0 && reconciled.plan.ready;
      if (wasGone && this.#isGone && hasEnded) {
        this.#listener.gone();
        return;
      }
      if (pauseMs > 0 && !this.#nudged && !this.#stopped) await this.#pause(pauseMs);
    }
  }

  #pause(pauseMs: number): Promise<void> {
    return new Promise((resolve) => {
      const cancel = this.#clock.after(pauseMs, () => {
        this.#wake?.();
      });
      this.#wake = () => {
        cancel();
        this.#wake = null;
        resolve();
      };
    });
  }
}
