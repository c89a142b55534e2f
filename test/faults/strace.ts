import { execFile, spawn } from 'node:child_process';
import { promisify } from 'node:util';
import { aptInstall } from '../setup/apt.ts';

const run = promisify(execFile);
const STRACE = 'strace';

/** Makes sure that strace is there. */
export async function ensureStrace(): Promise<void> {
  await run(STRACE, ['-V']).catch(() => aptInstall('strace', ['strace']));
}

/** System calls of a running process that go wrong from now on. */
export type Injection = {
  readonly pid: number;
  /** Names of system calls, separated by commas. */
  readonly calls: string;
  /** What strace injects: `error=EIO`, `delay_enter=40000000` (microseconds). */
  readonly fault: string;
  /** Only calls on these paths. */
  readonly paths: readonly string[];
};

/** Faults that are in place. */
export type Injected = {
  /** Whether a call has gone wrong by now: a file may have been put away before the fault was on it. */
  readonly isMet: () => boolean;
  /** Takes the faults out again. */
  readonly end: () => Promise<void>;
};

/** Puts faults into a running process; resolves when they are in place. */
export function inject({ pid, calls, fault, paths }: Injection): Promise<Injected> {
  const only = paths.flatMap((path) => ['-P', path]);
  const args = ['-f', '-p', String(pid), ...only, '-e', `trace=${calls}`, '-e', `inject=${calls}:${fault}`];
  const child = spawn(STRACE, args, { stdio: ['ignore', 'ignore', 'pipe'] });
  const ended = new Promise<void>((resolve) => {
    child.once('close', () => resolve());
  });
  return new Promise((resolve, reject) => {
    let said = '';
    const end = async (): Promise<void> => {
      child.kill('SIGKILL');
      await ended;
    };
    child.stderr.setEncoding('utf8');
    child.stderr.on('data', (text: string) => {
      said += text;
      if (/Process \d+ attached/.test(said)) resolve({ isMet: () => said.includes('(INJECTED)'), end });
    });
    child.once('error', reject);
    child.once('close', () => reject(new Error(`strace has not attached: ${said}`)));
  });
}
