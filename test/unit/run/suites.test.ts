import { readdir } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { expect, test } from '@jest/globals';
import { type Step, SUITES } from '../../run/suites.ts';

const BUDGET_MINUTES = 45;

const IGNORE = '--testPathIgnorePatterns=';

/** Whether a step runs a test file; the step of the foreign clients runs its own folder, without the oracle's. */
function runs(step: Step, file: string): boolean {
  if (step.kind === 'tool') return false;
  if (step.script === 'test/wire/main.ts') return /^test\/wire\/(?!oracle\/)/.test(file);
  const ignored = step.args.filter((arg) => arg.startsWith(IGNORE)).map((arg) => new RegExp(arg.slice(IGNORE.length)));
  const isIn = step.args.some((arg) => arg.startsWith('test/') && arg.endsWith('/') && file.startsWith(arg));
  return isIn && !ignored.some((pattern) => pattern.test(`/${file}`));
}

test('every test file belongs to a suite', async () => {
  const steps = SUITES.flatMap((suite) => suite.steps);
  const names = await readdir(fileURLToPath(new URL('../..', import.meta.url)), { recursive: true });
  const files = names.filter((name) => name.endsWith('.test.ts')).map((name) => `test/${name}`);
  expect(files.length).toBeGreaterThan(20);
  expect(files.filter((file) => !steps.some((step) => runs(step, file)))).toEqual([]);
});

test('the budgets of all suites together stay within what STYLE.md gives', () => {
  expect(SUITES.reduce((sum, { budgetMinutes }) => sum + budgetMinutes, 0)).toBeLessThanOrEqual(BUDGET_MINUTES);
});

test('each suite has a name of its own', () => {
  expect(new Set(SUITES.map(({ name }) => name)).size).toBe(SUITES.length);
});
