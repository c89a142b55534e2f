import { readdir } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { expect, test } from '@jest/globals';
import { type Step, SUITES } from '../../run/suites.ts';

const BUDGET_MINUTES = 45;

/** Folders whose tests a step runs; the step of the foreign clients runs its own folder, without the oracle's. */
function coverage(step: Step): RegExp[] {
  if (step.kind === 'tool') return [];
  if (step.script === 'test/wire/main.ts') return [/^test\/wire\/(?!oracle\/)/];
  return step.args
    .filter((arg) => arg.startsWith('test/') && arg.endsWith('/'))
    .map((folder) => new RegExp(`^${folder}`));
}

test('every test file belongs to a suite', async () => {
  const covered = SUITES.flatMap(({ steps }) => steps).flatMap(coverage);
  const names = await readdir(fileURLToPath(new URL('../..', import.meta.url)), { recursive: true });
  const files = names.filter((name) => name.endsWith('.test.ts')).map((name) => `test/${name}`);
  expect(files.length).toBeGreaterThan(20);
  expect(files.filter((file) => !covered.some((folder) => folder.test(file)))).toEqual([]);
});

test('the budgets of all suites together stay within what STYLE.md gives', () => {
  expect(SUITES.reduce((sum, { budgetMinutes }) => sum + budgetMinutes, 0)).toBeLessThanOrEqual(BUDGET_MINUTES);
});

test('each suite has a name of its own', () => {
  expect(new Set(SUITES.map(({ name }) => name)).size).toBe(SUITES.length);
});
