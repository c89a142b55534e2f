import { type ChildProcess, spawn } from 'node:child_process';
import { lastWords } from '../../core/last-words.ts';
import type { OutputFile } from './output-file.ts';

/** How a broker process ended. */
export interface NodeExit {
  readonly wasReady: boolean;
  /** A sentence: the exit code or signal, and the last thing it said. */
  readonly reason: string;
}

/** What the owner of a broker process is told. */
export interface NodeProcessListener {
  ready(listeners: Readonly<Record<string, string>>): void;
  exited(exit: NodeExit): void;
}

const LINE_MAX = 64 << 10;
const LAST_WORDS_MAX = 2_000;

/**
 * One broker process. Its standard input is a pipe that ends with this process, however it ends: the broker stops then.
 * It runs in a process group of its own, so that Ctrl-C reaches it only through us.
 */
export class NodeProcess {
  readonly #child: ChildProcess;
  readonly #output: OutputFile;
  readonly #listener: NodeProcessListener;
  #line = '';
  #lastWords = '';
  #ready = false;
  #over = false;
  readonly #exit: Promise<void>;

  constructor(command: readonly string[], output: OutputFile, listener: NodeProcessListener) {
    this.#output = output;
    this.#listener = listener;
    const [program = '', ...args] = command;
    this.#child = spawn(program, args, { stdio: ['pipe', 'pipe', 'pipe'], detached: true });
    this.#child.stdin?.on('error', () => undefined);
    this.#child.stdout?.on('data', (bytes: Buffer) => {
      output.write(bytes);
      if (!this.#ready) this.#search(bytes.toString('utf8'));
    });
    this.#child.stderr?.on('data', (bytes: Buffer) => {
      output.write(bytes);
      this.#lastWords = (this.#lastWords + bytes.toString('utf8')).slice(-LAST_WORDS_MAX);
    });
    this.#exit = new Promise((resolve) => {
      this.#child.once('error', (error) => {
        this.#ended(`could not be started: ${error.message}`, resolve);
      });
      // `close` and not `exit`: its last words are complete then.
      this.#child.once('close', (code, signal) => {
        this.#ended(signal === null ? `exit code ${code ?? 0}` : signal, resolve);
      });
    });
  }

  get pid(): number | undefined {
    return this.#child.pid;
  }

  /** Asks it to stop (SIGTERM), kills it after `graceMs`; resolves when it is gone. */
  async stop(graceMs: number): Promise<void> {
    if (this.#over) return;
    this.#child.kill('SIGTERM');
    const late = setTimeout(() => {
      this.#child.kill('SIGKILL');
    }, graceMs);
    await this.#exit;
    clearTimeout(late);
  }

  /** Looks for the line that says it is ready. */
  #search(text: string): void {
    const lines = (this.#line + text).split('\n');
    this.#line = (lines.pop() ?? '').slice(-LINE_MAX);
    for (const line of lines) {
      const listeners = parseReady(line);
      if (listeners === null || this.#ready) continue;
      this.#ready = true;
      this.#line = '';
      this.#listener.ready(listeners);
    }
  }

  #ended(how: string, resolve: () => void): void {
    if (this.#over) return;
    this.#over = true;
    this.#output.close();
    const words = lastWords(this.#lastWords);
    this.#listener.exited({ wasReady: this.#ready, reason: words === '' ? how : `${how}: ${words}` });
    resolve();
  }
}

/** The listeners of a ready line, null for every other line. */
function parseReady(line: string): Readonly<Record<string, string>> | null {
  if (!line.includes('"ready"')) return null;
  try {
    const value: unknown = JSON.parse(line);
    if (typeof value !== 'object' || value === null || !('event' in value) || value.event !== 'ready') return null;
    if (!('listeners' in value) || typeof value.listeners !== 'object' || value.listeners === null) return null;
    return Object.fromEntries(Object.entries(value.listeners).map(([name, address]) => [name, String(address)]));
  } catch {
    // Not a line of the broker's log: something else wrote it.
    return null;
  }
}
