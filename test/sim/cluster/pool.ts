import { type ChildProcess, fork } from 'node:child_process';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { runCluster } from './run-cluster.ts';

/** What a worker tells of a seed. */
export interface SeedResult {
  readonly seed: number;
  readonly hash: string;
  readonly problems: readonly string[];
  readonly shortfalls: readonly string[];
  readonly virtualMs: number;
  readonly counts: readonly (readonly [string, number])[] | ReadonlyMap<string, number>;
}

/** Sent instead of a seed: the worker ends. */
const NO_MORE = -1;
const MAIN = fileURLToPath(new URL('./main.ts', import.meta.url));

/** The life of a worker process: runs each seed that it is sent, until it is sent none. */
export function serveSeeds(): void {
  process.on('message', (seed: number) => {
    if (seed === NO_MORE) {
      process.disconnect?.();
      return;
    }
    const { hash, problems, shortfalls, virtualMs, counts } = runCluster(seed);
    process.send?.({ seed, hash, problems, shortfalls, virtualMs, counts: [...counts] });
  });
}

/** Processes that run seeds, as many at a time as there are cores. */
export class Pool {
  /** Where workers leave what of the code they ran; '' when nobody wants to know. */
  readonly coverageDirectory: string;
  readonly #workers: readonly ChildProcess[];

  constructor(workerCount: number, wantsCoverage: boolean) {
    this.coverageDirectory = wantsCoverage ? mkdtempSync(join(tmpdir(), 'weir-sim-coverage-')) : '';
    const env = wantsCoverage ? { ...process.env, NODE_V8_COVERAGE: this.coverageDirectory } : process.env;
    this.#workers = Array.from({ length: workerCount }, () => fork(MAIN, ['--serve'], { env }));
  }

  /** Runs all seeds; resolves when every worker has ended. */
  async run(seeds: Iterable<number>, onResult: (result: SeedResult) => void): Promise<void> {
    const waiting = seeds[Symbol.iterator]();
    await Promise.all(
      this.#workers.map(
        (worker) =>
          new Promise<void>((resolve, reject) => {
            const next = (): void => {
              const { value, done } = waiting.next();
              worker.send(done === true ? NO_MORE : value);
            };
            worker.on('message', (result) => {
              // What `serveSeeds` sends.
              onResult(result as SeedResult);
              next();
            });
            worker.on('exit', (code) => {
              if (code === 0) resolve();
              else reject(new Error(`a worker ended with ${code}`));
            });
            next();
          }),
      ),
    );
  }
}
