/** What a step came to. Skipped tests have their reasons in `skips`. */
export interface Outcome {
  readonly passed: number;
  readonly failures: readonly string[];
  readonly skips: readonly string[];
}

/** The parts of Jest's `--json` report that are read. */
export interface JestReport {
  readonly success: boolean;
  readonly testResults: readonly {
    readonly name: string;
    readonly status: string;
    readonly message: string;
    readonly assertionResults: readonly { readonly fullName: string; readonly status: string }[];
  }[];
}

/** What a file failed of: the first line of Jest's message that says something. */
function firstLine(message: string): string {
  const lines = message.split('\n').map((line) => line.trim());
  return lines.find((line) => line !== '' && !line.startsWith('●')) ?? 'did not load';
}

/**
 * Counts a Jest report. A file that did not load and a run in which no test was executed are failures: silence never
 * passes.
 */
export function readJestReport(step: string, report: JestReport, root: string): Outcome {
  let passed = 0;
  const failures: string[] = [];
  const skips: string[] = [];
  for (const file of report.testResults) {
    const name = file.name.replace(root, '');
    const failuresBefore = failures.length;
    for (const { fullName, status } of file.assertionResults) {
      if (status === 'passed') passed++;
      else if (status === 'failed') failures.push(`${name}: ${fullName}`);
      else skips.push(`${name}: ${fullName}: not run (${status})`);
    }
    if (file.status === 'failed' && failures.length === failuresBefore) {
      failures.push(`${name}: ${firstLine(file.message)}`);
    }
  }
  if (passed + failures.length === 0) failures.push(`${step}: no test was executed`);
  if (!report.success && failures.length === 0) failures.push(`${step}: Jest says that the run failed`);
  return { passed, failures, skips };
}

/** Adds up outcomes. */
export function addOutcomes(outcomes: readonly Outcome[]): Outcome {
  return {
    passed: outcomes.reduce((sum, { passed }) => sum + passed, 0),
    failures: outcomes.flatMap(({ failures }) => failures),
    skips: outcomes.flatMap(({ skips }) => skips),
  };
}

/**
 * The last lines of a run, and whether it passed. With `requireAll` (`WEIR_TEST_REQUIRE=all`, set by `.ci/run`) each
 * skip counts as a failure. The final line is `N passed, N failed`, with `, N skipped` behind it when tests were.
 */
export function conclude(total: Outcome, requireAll: boolean): { readonly lines: string[]; readonly ok: boolean } {
  const missing = requireAll ? total.skips.map((skip) => `${skip} (skips are failures here)`) : [];
  const failures = [...total.failures, ...missing];
  const skipped = requireAll ? 0 : total.skips.length;
  const lines = failures.map((failure) => `FAILED  ${failure}`);
  if (skipped > 0) lines.push(...total.skips.map((skip) => `skipped ${skip}`));
  const tail = skipped > 0 ? `, ${skipped} skipped` : '';
  return { lines: [...lines, `${total.passed} passed, ${failures.length} failed${tail}`], ok: failures.length === 0 };
}
