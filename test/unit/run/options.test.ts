import { spawnSync } from 'node:child_process';
import { expect, test } from '@jest/globals';

/** What a program of `test` says on standard error when it is called like this, and its exit code. */
function call(...args: string[]): { readonly status: number | null; readonly said: string } {
  const { status, stderr } = spawnSync(process.execPath, ['--no-warnings', ...args], { encoding: 'utf8' });
  return { status, said: stderr };
}

test('a bench with an option that there is not ends with a sentence that names those there are', () => {
  const { status, said } = call('test/bench/main.ts', '--nonsense');
  expect(said).toMatch(/^weir: Unknown option '--nonsense'; known are --quick, --rounds, [-a-z, ]+\n$/);
  expect(status).toBe(2);
});

test('an option without its value is named, too', () => {
  const said = "weir: Option '--minutes <value>' argument missing; known are --minutes\n";
  expect(call('test/run.ts', 'long', 'sim', '--minutes')).toEqual({ status: 2, said });
});
