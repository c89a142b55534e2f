import { ErrorCode } from '../../../core/protocol/errors.ts';
import type { Clock, TimerHandle, Timers } from '../../../ports/clock.ts';
import type { ControlChannel, ControllerHint, UnaryCalls } from '../../../ports/control-net.ts';

/** What is asked of the active controller alone. */
export type ControllerCall = 'Controller.Submit' | 'Controller.DescribeQuorum' | 'Controller.ChangeQuorum';

/** Questions that may be open at a time; more fail at once. */
const OPEN_MAX = 10_000;
/** A controller that does not answer within this time is left for another one, ms. */
const ATTEMPT_MS = 5000;
const PAUSE_MS = 20;
const PAUSE_MAX_MS = 250;
/** Pauses that end in one turn because another controller decides; each costs a request. */
const CUT_COUNT_MAX = 100;
/** So often in a row a controller that says that it leads, and does not decide, is asked again. */
const SOON_ATTEMPTS = 2;

/** What the client works with. */
export interface ControllerClientDeps {
  readonly clock: Clock;
  readonly timers: Timers;
  /** Every controller whose address is known. */
  readonly controllers: () => readonly ControllerHint[];
  /** Who leads, as far as this node knows; −1: nobody. */
  readonly leaderId: () => number;
  readonly channelTo: (controller: ControllerHint) => ControlChannel;
}

interface Question<N extends ControllerCall> {
  readonly name: N;
  readonly request: UnaryCalls[N]['request'];
  readonly deadlineMs: number;
  readonly done: (response: UnaryCalls[N]['response'] | null) => void;
  attempts: number;
  /** Until then no pause of it is cut short, ms. */
  notBeforeMs: number;
}

/**
 * Finds the active controller and asks it, again and again until the time is up: a new one may be elected meanwhile. A
 * question may be carried out twice when its answer was lost, as with Kafka's brokers; but for another ISR.
 */
export class ControllerClient {
  readonly #deps: ControllerClientDeps;
  /** Who was said, or seen, to be active. */
  #active: ControllerHint | null = null;
  /** Who led when this node last looked. */
  #leaderId = -1;
  #nextIndex = 0;
  #openCount = 0;
  /** Pauses between two tries of a question, and what cuts one short. */
  readonly #waiting = new Map<TimerHandle, () => void>();
  /** Pauses that are to be cut short; null: none are. */
  #cuts: Iterator<readonly [TimerHandle, () => void]> | null = null;

  constructor(deps: ControllerClientDeps) {
    this.#deps = deps;
  }

  /** `done` is called once, later; null: no answer in time, it may be carried out or not. */
  ask<N extends ControllerCall>(
    name: N,
    request: UnaryCalls[N]['request'],
    timeoutMs: number,
    done: (response: UnaryCalls[N]['response'] | null) => void,
  ): void {
    const { clock, timers } = this.#deps;
    if (this.#openCount >= OPEN_MAX) {
      timers.after(0, () => done(null));
      return;
    }
    this.#openCount += 1;
    const finish = (response: UnaryCalls[N]['response'] | null): void => {
      this.#openCount -= 1;
      done(response);
    };
    this.#attempt({
      name,
      request,
      deadlineMs: clock.monotonicMs() + timeoutMs,
      done: finish,
      attempts: 0,
      notBeforeMs: Number.NEGATIVE_INFINITY,
    });
  }

  /** The controller to go to: who is said to be active, else one after the other. Null while none is known. */
  pick(): ControllerHint | null {
    const controllers = this.#deps.controllers();
    const leaderId = this.#deps.leaderId();
    if (leaderId !== this.#leaderId) {
      // News; afterwards whoever denies it knows better than this node.
      this.#leaderId = leaderId;
      this.#active = controllers.find(({ id }) => id === leaderId) ?? this.#active;
    }
    if (this.#active !== null) return this.#active;
    this.#nextIndex = (this.#nextIndex + 1) % Math.max(1, controllers.length);
    return controllers[this.#nextIndex] ?? null;
  }

  /** Somebody named the active controller, or denied to be it. */
  learn(controller: ControllerHint | null): void {
    this.#active = controller;
  }

  /**
   * Another controller leads, or decides from now on: nobody waits for the end of a pause, some in each turn. However often this
   * comes, a question is asked at most twice in `PAUSE_MS`.
   */
  changed(): void {
    this.#leaderId = -1;
    const isCutting = this.#cuts !== null;
    this.#cuts = [...this.#waiting].values();
    if (!isCutting) this.#cut();
  }

  #cut(): void {
    for (let count = 0; count < CUT_COUNT_MAX; count += 1) {
      const next = this.#cuts?.next();
      if (next === undefined || next.done === true) {
        this.#cuts = null;
        return;
      }
      const [timer, again] = next.value;
      // Its pause is over anyway.
      if (!this.#waiting.delete(timer)) continue;
      timer.cancel();
      again();
    }
    this.#deps.timers.after(0, () => this.#cut());
  }

  #attempt<N extends ControllerCall>(question: Question<N>): void {
    const { clock, channelTo } = this.#deps;
    const leftMs = question.deadlineMs - clock.monotonicMs();
    if (leftMs <= 0) {
      question.done(null);
      return;
    }
    const controller = this.pick();
    if (controller === null) {
      this.#again(question, false);
      return;
    }
    question.attempts += 1;
    channelTo(controller).call(question.name, question.request, Math.min(leftMs, ATTEMPT_MS), (failure, response) => {
      if (failure === null && response !== null && isFromActive(question.name, response)) {
        this.#active = controller;
        question.done(response);
        return;
      }
      const hint = response === null ? null : response.controller;
      const isAnother = hint !== null && hint.id !== controller.id;
      // One that leads and does not decide yet will soon, unless it is cut off.
      this.learn(isAnother || question.attempts <= SOON_ATTEMPTS ? hint : null);
      if (failure !== null && isForOnce(question.request)) question.done(null);
      else this.#again(question, isAnother);
    });
  }

  /** `isNamed`: whom to ask was said. Somebody who is named is asked at once, the first time. */
  #again<N extends ControllerCall>(question: Question<N>, isNamed: boolean): void {
    const pauseMs = Math.min(PAUSE_MAX_MS, PAUSE_MS * 2 ** Math.min(question.attempts, 4));
    const delayMs = isNamed && question.attempts <= 1 ? 0 : pauseMs;
    this.#wait(question, delayMs);
  }

  #wait<N extends ControllerCall>(question: Question<N>, delayMs: number): void {
    const { clock, timers } = this.#deps;
    const timer = timers.after(delayMs, () => {
      this.#waiting.delete(timer);
      this.#attempt(question);
    });
    this.#waiting.set(timer, () => {
      // Who leads now may not decide yet: it is asked again soon, as by somebody who has just begun.
      question.attempts = 0;
      const leftMs = question.notBeforeMs - clock.monotonicMs();
      if (leftMs <= 0) question.notBeforeMs = clock.monotonicMs() + PAUSE_MS;
      if (leftMs <= 0) this.#attempt(question);
      else this.#wait(question, leftMs);
    });
  }
}

/**
 * A try of another ISR that is not answered may be carried out later, whatever the next one is told. The leader has to know of each
 * (R2), and asks again by itself.
 */
function isForOnce(request: UnaryCalls[ControllerCall]['request']): boolean {
  return 'command' in request && request.command.kind === 'alterPartition';
}

function isFromActive(name: ControllerCall, response: UnaryCalls[ControllerCall]['response']): boolean {
  switch (name) {
    case 'Controller.Submit':
      return 'outcome' in response && response.outcome !== null;
    case 'Controller.DescribeQuorum':
      return 'isLeader' in response && response.isLeader;
    case 'Controller.ChangeQuorum':
      return 'errorCode' in response && response.errorCode !== ErrorCode.NOT_CONTROLLER;
    default:
      return false;
  }
}
