import type { Steps } from '../core/codec/pace.ts';
import type { Timers } from '../ports/clock.ts';
import type { DiskDone, DiskFailure } from '../ports/disk.ts';

/**
 * Sequential work made of port operations, without promises (B7): a generator yields the start of an operation and is
 * resumed with its completion, as an input of the event loop. So start-up and recovery read like plain code and still
 * replay exactly. A failed operation is thrown into the generator as a `DiskFault`.
 */
export type Task<T> = Generator<Start, T, unknown>;

type Start = (done: DiskDone<unknown>) => void;

/** A failed disk operation inside a task. Classify by `failure.code`. */
export class DiskFault extends Error {
  readonly failure: DiskFailure;
  constructor(failure: DiskFailure) {
    super(`${failure.operation} ${failure.path}: ${failure.message}`);
    this.failure = failure;
  }
}

/** Runs one operation inside a task and gives its result; throws `DiskFault` when it failed. */
export function* step<T>(start: (done: DiskDone<T>) => void): Task<T> {
  // The runner hands back exactly what the operation completed with.
  return (yield start as Start) as T;
}

/** Runs steps, each but the first in a turn of its own. */
export function* inTurns<T>(timers: Timers, steps: Steps<T>): Task<T> {
  for (;;) {
    const { done, value } = steps.next();
    if (done === true) return value;
    yield* nextTurn(timers);
  }
}

/** Runs steps, each but the first in a turn of its own, where no step can fail. */
export function inSteps<T>(timers: Timers, steps: Steps<T>, then: (value: T) => void): void {
  const { done, value } = steps.next();
  if (done === true) then(value);
  else timers.after(0, () => inSteps(timers, steps, then));
}

/** Lets the loop go on with others first. */
export function* nextTurn(timers: Timers): Task<void> {
  yield* step<null>((done) => void timers.after(0, () => done(null, null)));
}

/** Drives a task to its end. `done` is called once: with the result, or with what it threw. */
export function runTask<T>(task: Task<T>, done: (error: unknown, value: T | undefined) => void): void {
  const advance = (resume: () => IteratorResult<Start, T>): void => {
    let next: IteratorResult<Start, T>;
    try {
      next = resume();
    } catch (error) {
      done(error ?? new Error('task threw nothing'), undefined);
      return;
    }
    if (next.done === true) {
      done(null, next.value);
      return;
    }
    next.value((failure, value) => {
      advance(() => (failure === null ? task.next(value) : task.throw(new DiskFault(failure))));
    });
  };
  advance(() => task.next());
}
