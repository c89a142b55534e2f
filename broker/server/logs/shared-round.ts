/**
 * Makes many callers share one run of a slow operation: who asks while one runs waits for the next, which covers all of
 * them. `run` must call its argument once.
 */
export class SharedRound {
  readonly #run: (done: () => void) => void;
  #waiting: (() => void)[] = [];
  #running = false;

  constructor(run: (done: () => void) => void) {
    this.#run = run;
  }

  /** Calls `done` after a run that began after this call. */
  request(done: () => void): void {
    this.#waiting.push(done);
    if (!this.#running) this.#next();
  }

  #next(): void {
    const covered = this.#waiting;
    this.#waiting = [];
    this.#running = true;
    this.#run(() => {
      this.#running = false;
      if (this.#waiting.length > 0) this.#next();
      for (const done of covered) done();
    });
  }
}
