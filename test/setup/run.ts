import { spawn } from 'node:child_process';

const OUTPUT_BYTES_MAX = 16 * 1024 * 1024;
const TAIL_LINES = 25;

/** What `run` needs: the program, its arguments and the bounds of one run. */
export type RunOptions = {
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** Text for the program's standard input; nothing when absent. */
  readonly input?: string;
  /** The program is killed when it runs longer. Default: 10 minutes. */
  readonly timeoutMs?: number;
};

/** How a program ended: its exit code (−1 when a signal ended it) and what it wrote. */
export type RunResult = { readonly exitCode: number; readonly stdout: string; readonly stderr: string };

/** Runs a program to its end and gives its exit code and output; rejects only when it could not be started or hung. */
export async function run(command: string, args: readonly string[], options: RunOptions = {}): Promise<RunResult> {
  const { cwd, env, input = '', timeoutMs = 600_000 } = options;
  return new Promise((resolve, reject) => {
    const child = spawn(command, [...args], { cwd, env: { ...process.env, ...env }, stdio: ['pipe', 'pipe', 'pipe'] });
    const out: Buffer[] = [];
    const err: Buffer[] = [];
    let size = 0;
    const keep =
      (list: Buffer[]) =>
      (chunk: Buffer): void => {
        size += chunk.length;
        if (size <= OUTPUT_BYTES_MAX) list.push(chunk);
      };
    const timer = setTimeout(() => {
      child.kill('SIGKILL');
      reject(new Error(`${command} ${args.join(' ')}: still running after ${timeoutMs} ms`));
    }, timeoutMs);
    child.stdout.on('data', keep(out));
    child.stderr.on('data', keep(err));
    child.stdin.on('error', () => undefined);
    child.stdin.end(input);
    child.on('error', (error) => {
      clearTimeout(timer);
      reject(error);
    });
    child.on('close', (code) => {
      clearTimeout(timer);
      resolve({ exitCode: code ?? -1, stdout: String(Buffer.concat(out)), stderr: String(Buffer.concat(err)) });
    });
  });
}

/** As `run`, but rejects with the end of the output when the exit code is not 0. Gives the standard output. */
export async function mustRun(command: string, args: readonly string[], options: RunOptions = {}): Promise<string> {
  const { exitCode, stdout, stderr } = await run(command, args, options);
  if (exitCode === 0) return stdout;
  const tail = `${stdout}\n${stderr}`.trim().split('\n').slice(-TAIL_LINES).join('\n');
  throw new Error(`${command} ${args.join(' ')}: exit code ${exitCode}\n${tail}`);
}

/** The version line of a program, or null when it can't be run. */
export async function versionOf(command: string, args: readonly string[]): Promise<string | null> {
  try {
    const { exitCode, stdout, stderr } = await run(command, args, { timeoutMs: 60_000 });
    return exitCode === 0 ? (stdout || stderr).trim() : null;
  } catch {
    return null;
  }
}
