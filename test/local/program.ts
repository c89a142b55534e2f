import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ClusterProbe } from '../support/cluster-probe.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const WEIR = join(ROOT, 'broker/cli/weir.ts');
const DEADLINE_MS = 60_000;
const POLL_MS = 20;

/** Waits for a condition; fails with `what` and the last state after a minute. */
export async function until(what: string, isSo: () => boolean, state: () => string = () => ''): Promise<void> {
  const deadline = performance.now() + DEADLINE_MS;
  while (!isSo()) {
    if (performance.now() > deadline) throw new Error(`waited in vain until ${what}\n${state()}`);
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}

/** Whether a process exists. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

/** One run of the `weir` program. */
export class Program {
  readonly #child: ChildProcess;
  #out = '';
  #err = '';
  #exit: number | null | undefined;

  constructor(args: readonly string[], input: string | null = null) {
    this.#child = spawn(process.execPath, [WEIR, ...args], { cwd: ROOT, stdio: ['pipe', 'pipe', 'pipe'] });
    this.#child.stdout?.on('data', (bytes: Buffer) => {
      this.#out += bytes.toString('utf8');
    });
    this.#child.stderr?.on('data', (bytes: Buffer) => {
      this.#err += bytes.toString('utf8');
    });
    this.#child.once('close', (code) => {
      this.#exit = code;
    });
    if (input !== null) this.#child.stdin?.end(input);
  }

  get out(): string {
    return this.#out;
  }

  get err(): string {
    return this.#err;
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  /** Everything that it said so far. */
  get all(): string {
    return `${this.#out}${this.#err}`;
  }

  kill(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  /** Ends its standard input. */
  endInput(): void {
    this.#child.stdin?.end();
  }

  /** Reads nothing of it any more: what it writes from now on fails. */
  stopReading(): void {
    this.#child.stdout?.destroy();
    this.#child.stderr?.destroy();
  }

  /** Waits until it said something, on either stream; fails when it ended without. */
  async says(pattern: RegExp, from = 0): Promise<RegExpExecArray> {
    let found: RegExpExecArray | null = null;
    await until(
      `it says ${pattern}`,
      () => {
        found = pattern.exec(this.all.slice(from));
        if (found === null && this.#exit !== undefined)
          throw new Error(`it ended with ${this.#exit} and never said ${pattern}\n${this.all}`);
        return found !== null;
      },
      () => this.all,
    );
    if (found === null) throw new Error('said and unsaid');
    return found;
  }

  /** Waits for its end; gives the exit code, null for a signal. */
  async ended(): Promise<number | null> {
    await until(
      'it ends',
      () => this.#exit !== undefined,
      () => this.all,
    );
    return this.#exit ?? null;
  }
}

/** From a listener's port to that of its node's control plane. */
const CONTROL_DISTANCE = 98;

/** null: the port is taken. */
function listen(port: number): Promise<Server | null> {
  const server = createServer();
  return new Promise((resolve) => {
    server.once('error', () => {
      resolve(null);
    });
    server.listen({ host: '127.0.0.1', port }, () => {
      resolve(server);
    });
  });
}

function close(server: Server | null): Promise<unknown> {
  return new Promise((resolve) => (server === null ? resolve(null) : server.close(resolve)));
}

/** Programs, servers and directories of one test file, cleaned up together. */
export class Ground {
  readonly #programs: Program[] = [];
  readonly #servers: Server[] = [];
  readonly #directories: string[] = [];
  readonly #probes: ClusterProbe[] = [];

  directory(): string {
    const path = mkdtempSync(join(tmpdir(), 'weir-local-'));
    this.#directories.push(path);
    return path;
  }

  run(args: readonly string[], input: string | null = null): Program {
    const program = new Program(args, input);
    this.#programs.push(program);
    return program;
  }

  /** Asks one broker, by `host:port`. */
  probe(address: string): ClusterProbe {
    const probe = new ClusterProbe(address);
    this.#probes.push(probe);
    return probe;
  }

  /** Takes a free port, or lets it go at once; that of the control plane of a node there is free as well. */
  async port(keep: boolean): Promise<number> {
    for (;;) {
      const server = await listen(0);
      const address = server?.address();
      const port = typeof address === 'object' && address !== null ? address.port : 0;
      const control = await listen(port + CONTROL_DISTANCE);
      if (server !== null && keep) this.#servers.push(server);
      else await close(server);
      await close(control);
      if (control !== null) return port;
    }
  }

  async clean(): Promise<void> {
    for (const probe of this.#probes) probe.close();
    for (const program of this.#programs) program.kill('SIGTERM');
    for (const program of this.#programs) await program.ended();
    for (const server of this.#servers) server.close();
    for (const path of this.#directories) rmSync(path, { recursive: true, force: true });
  }
}
