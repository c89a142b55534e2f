import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { runProgram } from '../../run/process.ts';

const run = (script: string, timeoutMs = 30_000, abort = new AbortController().signal): ReturnType<typeof runProgram> =>
  runProgram(process.execPath, ['-e', script], { cwd: process.cwd(), env: process.env, timeoutMs, abort });

test('a program ends with its own exit code', async () => {
  expect(await run('process.exit(3)')).toEqual({ exitCode: 3, reason: '' });
});

test('a program that hangs is ended at its deadline, with what it started', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'weir-test-'));
  const file = join(directory, 'pid');
  const child = `require("fs").writeFileSync(${JSON.stringify(file)}, String(process.pid)); setInterval(() => {}, 1000)`;
  const parent = `require("child_process").spawn(process.execPath, ["-e", ${JSON.stringify(child)}]); setInterval(() => {}, 1000)`;
  let pid = 0;
  // On a busy machine a deadline may come before the program has started anything.
  for (let timeoutMs = 1000; pid === 0; timeoutMs *= 2) {
    const reason = `still running after ${timeoutMs / 1000} s`;
    expect(await run(parent, timeoutMs)).toEqual({ exitCode: -1, reason });
    pid = Number(await readFile(file, 'utf8').catch(() => ''));
  }
  await rm(directory, { recursive: true });
  // The whole group was signalled; it may take the system a moment to reap.
  const deadline = performance.now() + 10_000;
  const isThere = (): boolean => {
    try {
      return process.kill(pid, 0);
    } catch {
      return false;
    }
  };
  while (isThere() && performance.now() < deadline) await new Promise((resolve) => setImmediate(resolve));
  expect(isThere()).toBe(false);
});

test('an interrupted program is told and reported as such', async () => {
  const controller = new AbortController();
  const running = run('setInterval(() => {}, 1000)', 30_000, controller.signal);
  controller.abort();
  expect(await running).toEqual({ exitCode: -1, reason: 'interrupted' });
});

test('a program that does not exist is an ending, not an exception', async () => {
  const options = { cwd: process.cwd(), env: process.env, timeoutMs: 1000, abort: new AbortController().signal };
  expect(await runProgram('/nowhere/at-all', [], options)).toMatchObject({ exitCode: -1 });
});
