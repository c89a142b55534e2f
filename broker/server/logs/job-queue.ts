import type { DiskFailure } from '../../ports/disk.ts';
import { runTask, type Task } from '../task.ts';
import { failureOf } from './disk-tasks.ts';

/** Runs the upkeep of one log, one task after the other, apart from appends and reads. */
export class JobQueue {
  readonly #onFailure: (failure: DiskFailure) => void;
  readonly #waiting: (() => Task<void>)[] = [];
  readonly #idle: (() => void)[] = [];
  #running = false;

  /** `onFailure` is told of failed disk operations; anything else that a task throws is a bug. */
  constructor(onFailure: (failure: DiskFailure) => void) {
    this.#onFailure = onFailure;
  }

  /** Adds a task. A log has few at once: a seal per roll, a snapshot, a retention pass, a truncation. */
  add(task: () => Task<void>): void {
    this.#waiting.push(task);
    this.#next();
  }

  /** Drops tasks that did not begin. */
  clear(): void {
    this.#waiting.length = 0;
  }

  /** Calls `done` when no task runs or waits. */
  whenIdle(done: () => void): void {
    if (this.#running || this.#waiting.length > 0) this.#idle.push(done);
    else done();
  }

  #next(): void {
    if (this.#running) return;
    const task = this.#waiting.shift();
    if (task === undefined) {
      for (const done of this.#idle.splice(0)) done();
      return;
    }
    this.#running = true;
    runTask(task(), (error) => {
      this.#running = false;
      if (error !== null) this.#onFailure(failureOf(error));
      this.#next();
    });
  }
}
