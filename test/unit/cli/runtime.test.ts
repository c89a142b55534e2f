import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { expect, test } from '@jest/globals';

const runtime = new URL('../../../broker/cli/runtime.mjs', import.meta.url).href;

/** Says "up", answers SIGTERM with "down" and exit code 7, and would stay for a minute. */
const PROGRAM = `
  process.on('SIGTERM', () => { console.log('down'); process.exit(7); });
  console.log('up');
  setTimeout(() => process.exit(1), 60000);
`;
const launcher = (program: string): string =>
  `import(${JSON.stringify(runtime)}).then((m) => m.replaceBy(process.execPath, ['-e', ${JSON.stringify(program)}]))`;

function start(script: string, env: NodeJS.ProcessEnv = {}): ChildProcess {
  const { npm_lifecycle_event: _, ...rest } = process.env;
  return spawn(process.execPath, ['-e', script], { env: { ...rest, ...env }, stdio: ['ignore', 'pipe', 'inherit'] });
}

async function read(child: ChildProcess, text: string): Promise<void> {
  let seen = '';
  for await (const chunk of child.stdout ?? []) {
    seen += String(chunk);
    if (seen.includes(text)) return;
  }
  throw new Error(`ended with ${JSON.stringify(seen)}, without ${text}`);
}

test("a launched program gets the signal and its exit code is the launcher's", async () => {
  const child = start(launcher(PROGRAM));
  const ended = once(child, 'exit');
  child.stdout?.once('data', () => child.kill('SIGTERM'));
  expect(await ended).toEqual([7, null]);
});

test('a program that a signal ends takes the launcher with it by the same signal', async () => {
  const child = start(launcher("process.kill(process.pid, 'SIGKILL')"));
  expect(await once(child, 'exit')).toEqual([null, 'SIGKILL']);
});

test('a program that does not exist gives exit code 127', async () => {
  const child = start(
    `import(${JSON.stringify(runtime)}).then((m) => m.replaceBy('/nowhere', [], { stdio: 'ignore' }))`,
  );
  expect(await once(child, 'exit')).toEqual([127, null]);
});

test('under npm, the program stops when the process between dies without a word', async () => {
  const inner = `spawn(process.execPath, ['-e', ${JSON.stringify(launcher(PROGRAM))}], { stdio: 'inherit' })`;
  const shell = start(`const { spawn } = require('child_process'); ${inner}`, { npm_lifecycle_event: 'start' });
  shell.stdout?.once('data', () => shell.kill('SIGKILL'));
  await read(shell, 'down');
});
