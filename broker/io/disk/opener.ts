import * as fs from 'node:fs';

const RETRY_MS = 50;
/** After so long without a descriptor the operation fails: what waits for it must not wait for ever. */
const GIVE_UP_MS = 30_000;
const TELL_INTERVAL_MS = 10_000;

/**
 * Opens files. When the process, or the system, has no descriptor left, it tries again until one is free: nothing was done
 * yet, so that nothing is lost, and a write that could not begin must not end the process as a failed one does (D11).
 */
export class Opener {
  readonly #onStarved: (path: string) => void;
  #toldAtMs = Number.NEGATIVE_INFINITY;

  /** `onStarved` is called at most every ten seconds. */
  constructor(onStarved: (path: string) => void) {
    this.#onStarved = onStarved;
  }

  /** As `fs.open` with mode 0644. */
  open(path: string, flags: number, done: (error: Error | null, fd: number) => void): void {
    this.retrying<number>(
      path,
      (finished) => fs.open(path, flags, 0o644, finished),
      // Without an error there is a descriptor.
      (error, fd) => done(error, fd ?? -1),
    );
  }

  /** Runs an operation that opens something before it does anything else, again while there is no descriptor for it. */
  retrying<T>(
    path: string,
    start: (finished: (error: NodeJS.ErrnoException | null, value: T) => void) => void,
    done: (error: Error | null, value: T) => void,
  ): void {
    const endMs = performance.now() + GIVE_UP_MS;
    const attempt = (): void => {
      start((error, value) => {
        if ((error?.code !== 'EMFILE' && error?.code !== 'ENFILE') || performance.now() > endMs) {
          done(error, value);
          return;
        }
        this.#tell(path);
        setTimeout(attempt, RETRY_MS);
      });
    };
    attempt();
  }

  #tell(path: string): void {
    const nowMs = performance.now();
    if (nowMs - this.#toldAtMs < TELL_INTERVAL_MS) return;
    this.#toldAtMs = nowMs;
    this.#onStarved(path);
  }
}
