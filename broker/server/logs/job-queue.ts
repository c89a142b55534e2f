import type { DiskFailure } from '../../ports/disk.ts';
import { runTask, type Task } from '../task.ts';
import { failureOf } from './disk-tasks.ts';

/** Runs the upkeep of one log, one task after the other, apart from appends and reads. */
export class JobQueue {
  readonly #onFailure: (failure: DiskFailure) => void;
  readonly #waiting: { readonly task: () => Task<void>; readonly dropped: () => void }[] = [];
  readonly #idle: (() => void)[] = [];
  #running = false;

  /** `onFailure` is told of failed disk operations; anything else that a task throws is a bug. */
  constructor(onFailure: (failure: DiskFailure) => void) {
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
    const next = this.#waiting.shift();
    if (next === undefined) {
      for (const done of this.#idle.splice(0)) done();
      return;
    }
    this.#running = true;
    runTask(next.task(), (error) => {
      this.#running = false;
      if (error !== null) this.#onFailure(failureOf(error));
      this.#next();
    });
  }
}

/** A job that turned out not to be needed. */
export function* nothing(): Task<void> {
  // There is nothing to do.
}
