import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { Outcome } from '../../run/outcome.ts';
import { runSuites } from '../../run/runner.ts';
import type { Step, Suite } from '../../run/suites.ts';

/** Stands in for Jest: writes the report that its first argument holds, and ends with its second as exit code. */
const FAKE_JEST = `
  const { writeFileSync } = require('node:fs');
  const [report, code] = process.argv.slice(2);
  const file = process.argv.find((arg) => arg.startsWith('--outputFile=')).slice('--outputFile='.length);
  if (report === '') writeFileSync(process.env.WEIR_TEST_UNFINISHED, [1, 2].map((n) => process.cwd() + '/' + n).join('\\n'));
  else writeFileSync(file, report.replace('MINUTES', String(process.env.WEIR_TEST_MINUTES)));
  process.exit(Number(code));
`;

let root = '';
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'weir-runner-'));
  await mkdir(join(root, 'node_modules/.bin'), { recursive: true });
  await mkdir(join(root, 'test/some'), { recursive: true });
  for (const [name, code] of [
    ['good', 0],
    ['bad', 4],
  ] as const) {
    const file = join(root, 'node_modules/.bin', name);
    await writeFile(file, `#!/bin/sh\nexit ${code}\n`);
    await chmod(file, 0o755);
  }
  await writeFile(join(root, 'jest.cjs'), FAKE_JEST);
  await writeFile(join(root, 'test/some/a.test.ts'), "test('a', f);\n  test.each([1])('b', f);\ntest('c', f);\n");
});
afterAll(() => rm(root, { recursive: true }));

const report = (...tests: [string, string][]): string => {
  const assertionResults = tests.map(([fullName, status]) => ({ fullName, status }));
  const success = tests.every(([, status]) => status !== 'failed');
  return JSON.stringify({
    success,
    testResults: [{ name: `${root}/x.test.ts`, status: 'passed', message: '', assertionResults }],
  });
};
const tool = (program: string): Step => ({ kind: 'tool', name: program, program, args: [] });
const fakeJest = (text: string, code = 0): Step => ({
  kind: 'jest',
  name: 'fake',
  script: 'jest.cjs',
  args: [text, String(code)],
});

async function run(
  suite: Partial<Suite>,
  provide: () => Promise<string | null> = () => Promise.resolve(null),
): Promise<Outcome & { said: string[] }> {
  const said: string[] = [];
  const suites = [{ name: 's', budgetMinutes: 1, needs: [], steps: [], ...suite }];
  const abort = new AbortController().signal;
  return { ...(await runSuites(suites, { root, abort, provide, say: (line) => said.push(line) })), said };
}

test('a tool is one test, by its exit code', async () => {
  const { passed, failures } = await run({ steps: [tool('good'), tool('bad'), tool('missing')] });
  expect(passed).toBe(1);
  expect(failures).toEqual(['s: bad: exit code 4', expect.stringContaining('s: missing: spawn')]);
});

test("Jest's tests are counted from its report, and the time is said beside the budget", async () => {
  const text = report(['adds', 'passed'], ['breaks', 'failed'], ['waits', 'pending']);
  const { passed, failures, skips, said } = await run({ steps: [fakeJest(text, 1)] });
  expect([passed, failures, skips.length]).toEqual([1, ['x.test.ts: breaks'], 1]);
  expect(said).toEqual([expect.stringMatching(/^suite s: 1 passed, 1 failed, 1 skipped in \d+\.\d s of 1 min$/)]);
});

test('a Jest that writes no report, said with the files it was at, or fails with a fine one, has failed', async () => {
  expect((await run({ steps: [fakeJest('', 3)] })).failures).toEqual(['s: fake: no report: exit code 3, in 1, 2']);
  expect((await run({ steps: [fakeJest(report(['a', 'passed']), 9)] })).failures).toEqual(['s: fake: exit code 9 ']);
});

test('the long form hands its minutes to the tests', async () => {
  const steps = [fakeJest(report(['MINUTES', 'failed']), 1)];
  expect((await run({ steps, minutes: 90 })).failures).toEqual(['x.test.ts: 90']);
});

test('a suite whose needs can not be had counts each of its tests as skipped, with the reason', async () => {
  const step: Step = { kind: 'jest', name: 'fake', script: 'jest.cjs', args: ['test/some/'] };
  const outcome = await run({ needs: ['kafka'], steps: [step] }, () => Promise.resolve('no Java 17'));
  expect(outcome).toMatchObject({ passed: 0, failures: [] });
  expect(outcome.skips).toEqual(['s 1 of 3: no Java 17', 's 2 of 3: no Java 17', 's 3 of 3: no Java 17']);
});

test('a set-up that breaks fails its suite', async () => {
  const outcome = await run({ needs: ['kafka'], steps: [tool('good')] }, () => Promise.reject(new Error('disk full')));
  expect(outcome).toMatchObject({ passed: 0, failures: ['s: set-up: disk full'] });
});
