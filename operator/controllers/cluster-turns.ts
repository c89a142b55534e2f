import { type Reconciled, type ReconcileTools, reconcile } from './reconcile.ts';
import type { Condition, Desired } from '../core/desired.ts';
import { describeStep, type Step } from '../core/steps.ts';
import type { Progress } from '../ports/cluster-admin.ts';
import type { Clock } from '../ports/clock.ts';
import { asOperatorError, type OperatorError } from '../ports/operator-error.ts';

/** What happens to one cluster, for a person who watches. */
export interface TurnListener {
  /** A step was carried out, or goes on by itself from now on. */
  step(text: string, step: Step): void;
  /** How far a step is that goes on by itself; every few seconds, while that changes. */
  progress(text: string): void;
  condition(condition: Condition): void;
  /** Something failed and is tried again; told once while it stays the same. `failed`: it was this step. */
  trouble(text: string, failed?: { readonly step: Step; readonly error: OperatorError }): void;
  /** Everything is as the manifests say; `steps` were carried out since the last time. */
  converged(steps: number): void;
  /** Trying again cannot help. `step`: what was tried; absent: the look failed. */
  fatal(error: OperatorError, step?: Step): void;
}

/** What one turn was. */
export interface Turn {
  /** In how many ms the next one is due, unless something happens. */
  readonly pauseMs: number;
  /** null: the cluster could not be observed. */
  readonly reconciled: Reconciled | null;
  /** Why not; null when it could. */
  readonly failure: OperatorError | null;
}

/** Pauses between turns, in ms. */
export interface TurnTimes {
  /** While something is under way, growing from the first to the second. */
  readonly pollMinMs: number;
  readonly pollMaxMs: number;
}

const RESYNC_MS = 30_000;
const LOCAL_TIMES: TurnTimes = { pollMinMs: 5, pollMaxMs: 250 };
const RETRY_MIN_MS = 100;
const RETRY_MAX_MS = 10_000;
/** Longest pause before it is asked how far a step is. */
const LOOK_MAX_MS = 1000;
const TELL_MS = 3000;

/** Where a group begins changes nothing for those who are served. */
const isBeginning = ({ kind }: Step): boolean => kind === 'BeginGroup';

/**
 * What reconciles of one cluster have to know of each other: which steps are held back after a failure, and what was told already. Whoever
 * owns it takes turns, one after the other: at once after a step, soon while something is under way, else when something happens.
 */
export class ClusterTurns {
  readonly #tools: ReconcileTools;
  readonly #clock: Clock;
  readonly #listener: TurnListener;
  readonly #times: TurnTimes;
  #desired: Desired | null;
  #stepsSince = 0;
  #wasConverged = false;
  #hasServed = false;
  #applied = true;
  #troubleText = '';
  #pauseMs: number;
  #known = new Set<string>();
  readonly #held = new Map<string, { untilMs: number; pauseMs: number }>();
  /** Steps that go on by themselves, by their names: what was told last, and when. */
  readonly #underWay = new Map<string, { atMs: number; left: number }>();

  constructor(
    desired: Desired,
    tools: ReconcileTools & { readonly clock: Clock; readonly times?: TurnTimes },
    listener: TurnListener,
  ) {
    this.#desired = desired;
    this.#tools = tools;
    this.#clock = tools.clock;
    this.#times = tools.times ?? LOCAL_TIMES;
    this.#pauseMs = this.#times.pollMinMs;
    this.#listener = listener;
  }

  /** New manifests; null: the Cluster is gone. */
  apply(desired: Desired | null): void {
    this.#desired = desired;
    this.#applied = true;
    this.#held.clear();
    this.nudge();
  }

  /** Something changed: pauses begin anew. */
  nudge(): void {
    this.#pauseMs = this.#times.pollMinMs;
  }

  /** One reconcile. */
  async take(): Promise<Turn> {
    const desired = this.#desired;
    let reconciled;
    try {
      reconciled = await reconcile(desired, this.#tools, (step, { ready }) => this.#waits(step, ready));
    } catch (error) {
      const failure = asOperatorError(error);
      return { pauseMs: this.#failed(failure), reconciled: null, failure };
    }
    const dueMs = this.#tools.autoscaler?.dueMs ?? Number.POSITIVE_INFINITY;
    return { pauseMs: Math.min(this.#judge(desired, reconciled), dueMs), reconciled, failure: null };
  }

  #judge(desired: Desired | null, result: Reconciled): number {
    this.#tellConditions(result.plan.conditions);
    const planned = new Set(result.plan.steps.map(describeStep));
    for (const name of this.#underWay.keys()) if (!planned.has(name)) this.#underWay.delete(name);
    if (result.taken.length > 0) {
      const pauses = result.taken.map(({ step, progress, failure }) =>
        failure === null ? this.#stepTaken(step, progress) : this.#stepFailed(step, failure),
      );
      return Math.min(...pauses);
    }
    // Clients are served, but not all is as the manifests say while something goes on.
    if (!result.plan.ready || (this.#hasServed && this.#underWay.size > 0)) {
      const { steps, held } = result.plan;
      if (steps.length === 0) this.#wasConverged = false;
      // Somebody holds back all that is left: whoever lets it go is heard of.
      if (steps.length === 0 && held.length > 0) return RESYNC_MS;
      this.#pauseMs = Math.min(this.#times.pollMaxMs, this.#pauseMs * 1.5);
      return this.#pauseMs;
    }
    // What holds for earlier manifests says nothing of those that came meanwhile.
    if (desired !== this.#desired) return 0;
    this.#troubleText = '';
    const isOpen = result.plan.asksAgain || result.plan.steps.some(isBeginning);
    if (!isOpen) this.nudge();
    if (desired !== null && (!this.#wasConverged || this.#applied)) {
      this.#wasConverged = true;
      this.#hasServed = true;
      this.#applied = false;
      this.#listener.converged(this.#stepsSince);
      this.#stepsSince = 0;
    }
    if (!isOpen) return RESYNC_MS;
    this.#pauseMs = Math.min(this.#times.pollMaxMs, this.#pauseMs * 1.5);
    return this.#pauseMs;
  }

  #failed(error: OperatorError): number {
    if (error.fatal) {
      this.#listener.fatal(error);
      return RETRY_MAX_MS;
    }
    this.#trouble(error.message);
    this.#pauseMs = Math.min(RETRY_MAX_MS, this.#pauseMs * 2);
    return this.#pauseMs;
  }

  #stepTaken(step: Step, progress: Progress): number {
    const name = describeStep(step);
    if (!this.#underWay.has(name)) {
      if (!isBeginning(step)) {
        this.#stepsSince += 1;
        this.#wasConverged = false;
      }
      this.#listener.step(name, step);
    }
    if (progress !== 'done') {
      this.#tellProgress(name, progress.left);
      return this.#hold(name, LOOK_MAX_MS);
    }
    this.#underWay.delete(name);
    this.#held.delete(name);
    return 0;
  }

  /** Holds a failed step back for a while, so that the steps behind it get their turn. */
  #stepFailed(step: Step, error: OperatorError): number {
    const onNode =
      step.kind === 'Form' || step.kind === 'AddNode' || step.kind === 'Restart' || step.kind === 'RemoveNode';
    const name = describeStep(step);
    if (onNode && error.fatal) {
      this.#listener.fatal(error, step);
      return this.#hold(name, RETRY_MAX_MS, RETRY_MAX_MS);
    }
    this.#trouble(`${name}: ${error.message}`, { step, error });
    return this.#hold(name);
  }

  #tellProgress(name: string, left: number): void {
    const nowMs = this.#clock.monotonicMs();
    const told = this.#underWay.get(name);
    if (told !== undefined && (told.left === left || nowMs - told.atMs < TELL_MS)) return;
    this.#underWay.set(name, { atMs: nowMs, left });
    if (told !== undefined) this.#listener.progress(`${name}: ${left} partition${left === 1 ? '' : 's'} left`);
  }

  #hold(name: string, maxMs = RETRY_MAX_MS, minMs = RETRY_MIN_MS): number {
    const pauseMs = Math.min(maxMs, (this.#held.get(name)?.pauseMs ?? minMs / 2) * 2);
    this.#held.set(name, { untilMs: this.#clock.monotonicMs() + pauseMs, pauseMs });
    return this.#times.pollMinMs;
  }

  /** A step that failed waits for a while, and where a group begins until it was told that clients are served: they need not wait for that. */
  #waits(step: Step, isReady: boolean): boolean {
    if (isBeginning(step) && isReady && !this.#hasServed) return true;
    const held = this.#held.get(describeStep(step));
    return held !== undefined && held.untilMs > this.#clock.monotonicMs();
  }

  #trouble(text: string, failed?: { readonly step: Step; readonly error: OperatorError }): void {
    if (text === this.#troubleText) return;
    this.#troubleText = text;
    this.#listener.trouble(text, failed);
  }

  #tellConditions(conditions: readonly Condition[]): void {
    const now = new Set<string>();
    for (const condition of conditions) {
      const name = `${condition.resource} ${condition.type} ${condition.message}`;
      now.add(name);
      if (!this.#known.has(name)) this.#listener.condition(condition);
    }
    this.#known = now;
  }
}
