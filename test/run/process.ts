import { spawn } from 'node:child_process';

const KILL_GRACE_MS = 10_000;

/** How a program ended: `exitCode` is −1 when a signal or the deadline ended it, then `reason` says so. */
export interface Ending {
  readonly exitCode: number;
  readonly reason: string;
}

/**
 * Runs a program in this terminal. At its deadline it gets SIGTERM and, ten seconds later, SIGKILL; when `abort` fires it
 * gets SIGINT. It has a process group of its own, so that what it started goes with it.
 */
export async function runProgram(
  command: string,
  args: readonly string[],
  options: {
    readonly cwd: string;
    readonly env: NodeJS.ProcessEnv;
    readonly timeoutMs: number;
    readonly abort: AbortSignal;
  },
): Promise<Ending> {
  const { cwd, env, timeoutMs, abort } = options;
  return new Promise((resolve) => {
    const child = spawn(command, args, { cwd, env, stdio: ['ignore', 'inherit', 'inherit'], detached: true });
    let reason = '';
    const send = (signal: NodeJS.Signals): void => {
      if (child.pid === undefined) return;
      try {
        process.kill(-child.pid, signal);
      } catch {
        // The group is gone already, which is what is wanted.
      }
    };
    const end = (why: string, signal: NodeJS.Signals): void => {
      reason = why;
      send(signal);
      clearTimeout(timer);
      timer = setTimeout(() => send('SIGKILL'), KILL_GRACE_MS);
    };
    let timer = setTimeout(() => end(`still running after ${Math.round(timeoutMs / 1000)} s`, 'SIGTERM'), timeoutMs);
    const onAbort = (): void => end('interrupted', 'SIGINT');
    abort.addEventListener('abort', onAbort, { once: true });
    const settle = (ending: Ending): void => {
      clearTimeout(timer);
      abort.removeEventListener('abort', onAbort);
      resolve(ending);
    };
    child.on('error', (error) => settle({ exitCode: -1, reason: error.message }));
    child.on('close', (code, signal) => {
      settle({ exitCode: reason === '' ? (code ?? -1) : -1, reason: reason || (signal ?? '') });
      send('SIGKILL');
    });
  });
}
