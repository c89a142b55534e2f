import { expect, test } from '@jest/globals';
import { addOutcomes, conclude, type JestReport, readJestReport } from '../../run/outcome.ts';

const file = (statuses: Record<string, string>, rest: object = {}): JestReport['testResults'][number] => ({
  name: '/project/test/a.test.ts',
  status: Object.values(statuses).includes('failed') ? 'failed' : 'passed',
  message: '',
  assertionResults: Object.entries(statuses).map(([fullName, status]) => ({ fullName, status })),
  ...rest,
});
const read = (...testResults: JestReport['testResults'][number][]): ReturnType<typeof readJestReport> => {
  const success = testResults.every(({ status }) => status !== 'failed');
  return readJestReport('unit: tests', { success, testResults }, '/project/');
};

test('each test of a report is counted once, under its file', () => {
  expect(read(file({ 'adds up': 'passed', 'stays put': 'failed', waits: 'pending', later: 'todo' }))).toEqual({
    passed: 1,
    failures: ['test/a.test.ts: stays put'],
    skips: ['test/a.test.ts: waits: not run (pending)', 'test/a.test.ts: later: not run (todo)'],
  });
});

test('a file that does not load is a failure, with the first line of why', () => {
  const broken = file(
    {},
    { status: 'failed', message: '  ● Test suite failed to run\n\n    SyntaxError: no\n      at x' },
  );
  expect(read(file({ fine: 'passed' }), broken)).toMatchObject({
    passed: 1,
    failures: ['test/a.test.ts: SyntaxError: no'],
  });
});

test('a run that executed no test is a failure', () => {
  expect(read().failures).toEqual(['unit: tests: no test was executed']);
  expect(read(file({ waits: 'pending' })).failures).toEqual(['unit: tests: no test was executed']);
});

test('a report that calls itself failed is one, whatever its parts say', () => {
  const report = { success: false, testResults: [file({ fine: 'passed' })] };
  expect(readJestReport('x', report, '/project/').failures).toEqual(['x: Jest says that the run failed']);
});

test('the last line says what passed and failed, and skipped only when something was', () => {
  const total = addOutcomes([
    { passed: 2, failures: [], skips: [] },
    { passed: 3, failures: [], skips: ['s'] },
  ]);
  expect(conclude(total, false)).toEqual({ lines: ['skipped s', '5 passed, 0 failed, 1 skipped'], ok: true });
  expect(conclude({ ...total, skips: [] }, true)).toEqual({ lines: ['5 passed, 0 failed'], ok: true });
});

test('where everything is required, a skip is a failure', () => {
  const { lines, ok } = conclude({ passed: 1, failures: ['f'], skips: ['s'] }, true);
  expect([lines.at(-1), ok]).toEqual(['1 passed, 2 failed', false]);
  expect(lines).toContain('FAILED  s (skips are failures here)');
});

test('one failure fails the run', () => {
  expect(conclude({ passed: 9, failures: ['f'], skips: [] }, false).ok).toBe(false);
});
