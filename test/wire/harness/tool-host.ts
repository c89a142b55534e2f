import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import type { JavaPeer } from '../../setup/kafka.ts';
import { Child } from './child.ts';
import { GiveUp, waitFor } from './wait.ts';

/** Flags for a JVM of which little is asked: quick to start, small, one collector thread. */
export const JVM_FLAGS = [
  '-XX:+UseSerialGC',
  '-XX:TieredStopAtLevel=1',
  '-Xshare:auto',
  '-Xmx768m',
  '-XX:-UsePerfData',
] as const;

// The host catches System.exit and takes over shutdown hooks.
const HOST_FLAGS = ['-Djava.security.manager=allow', '--add-opens', 'java.base/java.lang=ALL-UNNAMED'] as const;

const TOOL_DEADLINE_MS = 60_000;

/** How a tool is called: its main class, its arguments and its standard input (a text, or the path of a file). */
export type ToolCall = {
  readonly className: string;
  readonly args: readonly string[];
  readonly stdin?: string;
  readonly stdinFile?: string;
  /** The call is stopped as by SIGTERM when it runs longer, and `done` rejects. Default: 60 s. */
  readonly timeoutMs?: number;
};

/** How a tool ended. */
export type ToolResult = { readonly exitCode: number; readonly stdout: string; readonly stderr: string };

/** A tool that runs. `lines` grows with the whole lines of its standard output. */
export type RunningTool = {
  readonly lines: readonly string[];
  readonly done: Promise<ToolResult>;
  /** Ends the tool as SIGTERM would: its shutdown hooks run. */
  readonly stop: () => Promise<ToolResult>;
};

/** The child process with the JVM that runs tools. */
export type ToolHostProcess = { readonly port: number; readonly child: Child };

/** Starts a JVM that runs Java tools (test/wire/java/ToolHost.java); it ends with this process. */
export async function startToolHost(
  peer: JavaPeer,
  directory: string,
  flags: readonly string[] = JVM_FLAGS,
): Promise<ToolHostProcess> {
  let port = 0;
  const child = new Child({
    command: peer.java,
    args: [...flags, ...HOST_FLAGS, '-cp', peer.classpath, 'ToolHost'],
    logFile: join(directory, `tools-${peer.version}.log`),
    onLine: (line) => {
      port = Number(/^port (\d+)$/.exec(line)?.[1] ?? port);
    },
  });
  await waitFor('the tool host listens', () => {
    if (child.exitCode !== null) throw new GiveUp(child.tail());
    return port > 0;
  });
  return { port, child };
}

type Call = {
  readonly out: Buffer[];
  readonly err: Buffer[];
  readonly lines: string[];
  rest: Buffer;
  readonly resolve: (result: ToolResult) => void;
  readonly reject: (error: Error) => void;
};

/** One connection to a tool host. Calls run at the same time. */
export class ToolHost {
  readonly #socket: Socket;
  readonly #calls = new Map<string, Call>();
  #count = 0;
  #isClosed = false;

  private constructor(socket: Socket) {
    this.#socket = socket;
    let pending: Buffer[] = [];
    socket.on('data', (chunk: Buffer) => {
      let start = 0;
      for (let end = chunk.indexOf(10); end >= 0; end = chunk.indexOf(10, start)) {
        pending.push(chunk.subarray(start, end));
        this.#take(String(Buffer.concat(pending)));
        pending = [];
        start = end + 1;
      }
      if (start < chunk.length) pending.push(chunk.subarray(start));
    });
    socket.on('error', () => undefined);
    socket.on('close', () => {
      this.#isClosed = true;
      for (const call of this.#calls.values()) call.reject(new Error('the tool host is gone'));
      this.#calls.clear();
    });
  }

  /** Connects to the host that listens on `port` of 127.0.0.1. */
  static async connect(port: number): Promise<ToolHost> {
    return new Promise((resolve, reject) => {
      const socket = connect({ port, host: '127.0.0.1', noDelay: true }, () => resolve(new ToolHost(socket)));
      socket.on('error', reject);
    });
  }

  /** Starts a tool and gives a handle; the handle's `done` rejects when the tool runs longer than allowed. */
  start(call: ToolCall): RunningTool {
    const { className, args, stdin, stdinFile, timeoutMs = TOOL_DEADLINE_MS } = call;
    if (this.#isClosed) throw new Error('the tool host is gone');
    this.#count += 1;
    const id = String(this.#count);
    const lines: string[] = [];
    const ended = new Promise<ToolResult>((resolve, reject) => {
      this.#calls.set(id, { out: [], err: [], lines, rest: Buffer.alloc(0), resolve, reject });
    });
    this.#send({ id, class: className, args, stdin, stdinFile });
    const stop = async (): Promise<ToolResult> => {
      if (this.#calls.has(id)) this.#send({ id, stop: true });
      return ended;
    };
    let timer: NodeJS.Timeout;
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => {
        const soFar = lines.slice(-10).join('\n');
        const errors = String(Buffer.concat(this.#calls.get(id)?.err ?? []));
        void stop().catch(() => undefined);
        reject(new Error(`${className} ${args.join(' ')}: still running after ${timeoutMs} ms\n${soFar}\n${errors}`));
      }, timeoutMs);
    });
    const done = Promise.race([ended, late]).finally(() => clearTimeout(timer));
    // Whoever only stops the tool need not look at `done`.
    done.catch(() => undefined);
    return { lines, done, stop };
  }

  /** Runs a tool to its end. */
  async run(
    className: string,
    args: readonly string[],
    more: Omit<ToolCall, 'className' | 'args'> = {},
  ): Promise<ToolResult> {
    return this.start({ className, args, ...more }).done;
  }

  /** As `run`, but rejects unless the exit code is 0; gives the standard output. */
  async mustRun(
    className: string,
    args: readonly string[],
    more: Omit<ToolCall, 'className' | 'args'> = {},
  ): Promise<string> {
    const { exitCode, stdout, stderr } = await this.run(className, args, more);
    if (exitCode === 0) return stdout;
    throw new Error(`${className} ${args.join(' ')}: exit code ${exitCode}\n${stdout}\n${stderr}`);
  }

  /** Closes the connection; what still runs on it is stopped. */
  close(): void {
    this.#socket.destroy();
  }

  #send(message: object): void {
    this.#socket.write(`${JSON.stringify(message)}\n`);
  }

  #take(line: string): void {
    // The host is ours: its messages have these fields.
    const message = JSON.parse(line) as { id: string; out?: string; err?: string; exit?: number };
    const call = this.#calls.get(message.id);
    if (call === undefined) return;
    if (message.out !== undefined) takeOutput(call, Buffer.from(message.out, 'latin1'));
    if (message.err !== undefined) call.err.push(Buffer.from(message.err, 'latin1'));
    if (message.exit === undefined) return;
    this.#calls.delete(message.id);
    if (call.rest.length > 0) call.lines.push(String(call.rest));
    call.resolve({
      exitCode: message.exit,
      stdout: String(Buffer.concat(call.out)),
      stderr: String(Buffer.concat(call.err)),
    });
  }
}

function takeOutput(call: Call, bytes: Buffer): void {
  call.out.push(bytes);
  const all = call.rest.length === 0 ? bytes : Buffer.concat([call.rest, bytes]);
  let start = 0;
  for (let end = all.indexOf(10); end >= 0; end = all.indexOf(10, start)) {
    call.lines.push(all.toString('utf8', start, end));
    start = end + 1;
  }
  call.rest = all.subarray(start);
}
