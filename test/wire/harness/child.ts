import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { isAlive } from '../../setup/cache.ts';

const TAIL_LINES = 30;
const EXIT_DEADLINE_MS = 20_000;

const running = new Set<ChildProcess>();
let isHooked = false;

/** How to start a child process. Its standard error (and output, unless `onLine` takes it) goes to `logFile`. */
export type ChildOptions = {
  readonly command: string;
  readonly args: readonly string[];
  readonly logFile: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  /** Takes the standard output, line by line. */
  readonly onLine?: (line: string) => void;
};

/** A process started by a test. It is killed when the test's own process ends in whatever way that runs exit handlers. */
export class Child {
  readonly #process: ChildProcess;
  readonly #exited: Promise<number>;
  readonly #logFile: string;
  #exitCode: number | null = null;

  constructor(options: ChildOptions) {
    const { command, args, logFile, env, cwd, onLine } = options;
    this.#logFile = logFile;
    const log = openSync(logFile, 'a');
    this.#process = spawn(command, [...args], {
      cwd,
      env: { ...inherited(), ...env },
      // Standard input stays open: programs of ours end when it closes, that is when this process dies.
      stdio: ['pipe', onLine === undefined ? log : 'pipe', log],
    });
    closeSync(log);
    running.add(this.#process);
    hookExit();
    this.#process.stdin?.on('error', () => undefined);
    if (onLine !== undefined) readLines(this.#process, onLine);
    this.#exited = new Promise((resolve) => {
      const ended = (code: number | null): void => {
        running.delete(this.#process);
        this.#exitCode ??= code ?? -1;
        resolve(this.#exitCode);
      };
      this.#process.on('error', () => ended(127));
      // 'close' comes after the last output; without piped output it is the same as 'exit'.
      this.#process.on('close', ended);
    });
  }

  /** The process id. */
  get pid(): number {
    const { pid } = this.#process;
    if (pid === undefined) throw new Error(`the process could not be started: ${this.tail()}`);
    return pid;
  }

  /** The exit code, −1 after a signal, null while it runs. */
  get exitCode(): number | null {
    return this.#exitCode;
  }

  /** Resolves with the exit code when the process has ended and its output is read. */
  get exited(): Promise<number> {
    return this.#exited;
  }

  /** The last lines of the log file. */
  tail(): string {
    return readFileSync(this.#logFile, 'utf8').trimEnd().split('\n').slice(-TAIL_LINES).join('\n');
  }

  /** Writes to the process's standard input. */
  write(text: string): void {
    this.#process.stdin?.write(text);
  }

  /** Closes the process's standard input. */
  endInput(): void {
    this.#process.stdin?.end();
  }

  /** Sends a signal; nothing happens when the process has ended. */
  signal(signal: NodeJS.Signals): void {
    if (this.#exitCode === null) this.#process.kill(signal);
  }

  /** Kills with SIGKILL and waits for the end. */
  async kill(): Promise<void> {
    this.signal('SIGKILL');
    await this.#exited;
  }

  /** Asks the process to end (SIGTERM), kills it after 20 s, and gives its exit code. */
  async stop(): Promise<number> {
    this.signal('SIGTERM');
    const timer = setTimeout(() => this.signal('SIGKILL'), EXIT_DEADLINE_MS);
    const code = await this.#exited;
    clearTimeout(timer);
    return code;
  }
}

/** This process's environment without the tests' own variables: a broker takes `WEIR_…` for settings. */
function inherited(): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('WEIR_')));
}

function hookExit(): void {
  if (isHooked) return;
  isHooked = true;
  process.on('exit', () => {
    for (const child of running) if (child.pid !== undefined && isAlive(child.pid)) child.kill('SIGKILL');
  });
}

function readLines(child: ChildProcess, onLine: (line: string) => void): void {
  let rest = '';
  child.stdout?.setEncoding('utf8');
  child.stdout?.on('data', (text: string) => {
    const lines = (rest + text).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) onLine(line);
  });
  child.stdout?.on('end', () => {
    if (rest !== '') onLine(rest);
  });
}
