import { type Priority, WorkQueue, type WorkResult } from '../core/work-queue.ts';
import type { Backoff } from '../core/backoff.ts';
import type { Clock } from '../ports/clock.ts';
import { asOperatorError, type OperatorError } from '../ports/operator-error.ts';

/** What workers do. */
export interface WorkersJob {
  /** Works on one key, never twice at once; gives in how many ms to look again, null: when it is added. */
  readonly work: (key: string) => Promise<number | null>;
  /** The work on a key failed and is tried again. */
  readonly trouble: (key: string, error: OperatorError) => void;
}

/** A number of workers on one queue of keys. */
export class Workers {
  readonly #queue: WorkQueue;
  readonly #workers: number;
  readonly #clock: Clock;
  readonly #random: () => number;
  readonly #job: WorkersJob;
  readonly #running = new Set<Promise<void>>();
  #cancel: () => void = () => undefined;
  #stopped = false;

  /** `random` gives numbers in [0, 1). */
  constructor(
    options: {
      readonly workers: number;
      readonly keysMax: number;
      readonly backoff: Backoff;
      readonly clock: Clock;
      readonly random: () => number;
    },
    job: WorkersJob,
  ) {
    this.#queue = new WorkQueue(options);
    this.#workers = options.workers;
    this.#clock = options.clock;
    this.#random = options.random;
    this.#job = job;
  }

  /** Keys that wait, now or until later, or are worked on. */
  get count(): number {
    return this.#queue.count;
  }

  /** False: the queue is full, add it again later. */
  add(key: string, priority: Priority): boolean {
    const isTaken = this.#queue.add(key, priority, this.#clock.monotonicMs());
    this.#fill();
    return isTaken;
  }

  /** Begins nothing any more; resolves when what is under way has ended. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#cancel();
    await Promise.all(this.#running);
  }

  #fill(): void {
    this.#cancel();
    while (!this.#stopped && this.#running.size < this.#workers) {
      const key = this.#queue.take(this.#clock.monotonicMs());
      if (key === null) break;
      const run = this.#run(key).then(() => {
        this.#running.delete(run);
        this.#fill();
      });
      this.#running.add(run);
    }
    const dueMs = this.#queue.nextMs();
    // With all workers busy the next one that is free looks.
    if (this.#stopped || dueMs === Number.POSITIVE_INFINITY || this.#running.size >= this.#workers) return;
    this.#cancel = this.#clock.after(Math.max(0, dueMs - this.#clock.monotonicMs()), () => {
      this.#fill();
    });
  }

  async #run(key: string): Promise<void> {
    let result: WorkResult;
    try {
      result = { kind: 'ok', againInMs: await this.#job.work(key) };
    } catch (error) {
      this.#job.trouble(key, asOperatorError(error));
      result = { kind: 'failed', chance: this.#random() };
    }
    this.#queue.done(key, result, this.#clock.monotonicMs());
  }
}
