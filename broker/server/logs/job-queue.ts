import type { DiskFailure } from '../../ports/disk.ts';
import { runTask, type Task } from '../task.ts';
import type { Permits } from '../permits.ts';
import { failureOf } from './disk-tasks.ts';

/**
 * Runs the upkeep of one log, one task after the other, apart from appends and reads. The permits, which all logs share,
 * bound how many tasks run at once and so the files that they have open. No task waits for another.
 */
export class JobQueue {
  readonly #onFailure: (failure: DiskFailure) => void;
  readonly #waiting: { readonly task: () => Task<void>; readonly dropped: () => void }[] = [];
  readonly #idle: (() => void)[] = [];
  readonly #permits: Permits;
  #running = false;

  /** `onFailure` is told of failed disk operations; anything else that a task throws is a bug. */
  constructor(permits: Permits, onFailure: (failure: DiskFailure) => void) {
    this.#permits = permits;
    this.#onFailure = onFailure;
  }

  /**
   * Adds a task. A log has few at once: a seal per roll, a snapshot, a retention pass, a truncation. `dropped` is called
   * when it is cleared away before it began.
   */
  add(task: () => Task<void>, dropped: () => void = () => undefined): void {
    this.#waiting.push({ task, dropped });
    this.#next();
  }

  /** Drops tasks that did not begin. */
  clear(): void {
    for (const { dropped } of this.#waiting.splice(0)) dropped();
  }

  /** Calls `done` when no task runs or waits. */
  whenIdle(done: () => void): void {
    if (this.#running || this.#waiting.length > 0) this.#idle.push(done);
    else done();
  }

  #next(): void {
    if (this.#running) return;
    if (this.#waiting.length === 0) {
      for (const done of this.#idle.splice(0)) done();
      return;
    }
    this.#running = true;
    this.#permits.acquire((release) => {
      const next = this.#waiting.shift();
      const ended = (): void => {
        this.#running = false;
        release();
        this.#next();
      };
      // Dropped while it waited for the permit.
      if (next === undefined) ended();
      else
        runTask(next.task(), (error) => {
          if (error !== null) this.#onFailure(failureOf(error));
          ended();
        });
    });
  }
}

/** A job that turned out not to be needed. */
export function* nothing(): Task<void> {
  // There is nothing to do.
}

/** A task and what follows on its success. */
export function* andThen(task: Task<void>, then: () => void): Task<void> {
  yield* task;
  then();
}
