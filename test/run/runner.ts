import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { addOutcomes, type JestReport, type Outcome, readJestReport } from './outcome.ts';
import { runProgram } from './process.ts';
import type { Need, Step, Suite } from './suites.ts';

const REPORTER = fileURLToPath(new URL('../jest-unfinished.mjs', import.meta.url));
const NONE: Outcome = { passed: 0, failures: [], skips: [] };
/** A suite that takes this many times its budget, and this long, hangs, and is ended: the same machine is at times half as fast. */
const PATIENCE = 3;
const PATIENCE_MINUTES_MIN = 25;

/** What a run of suites shares. */
export interface RunContext {
  readonly root: string;
  readonly abort: AbortSignal;
  readonly say: (line: string) => void;
  /** Gets what suites need; gives why that can't be, or null. */
  readonly provide: (needs: readonly Need[]) => Promise<string | null>;
}

interface Running extends RunContext {
  /** A directory for what Node made of sources. */
  readonly compiled: string;
}

const seconds = (ms: number): string => `${(ms / 1000).toFixed(1)} s`;

async function countTests(root: string, step: Step): Promise<number> {
  const paths = step.kind === 'jest' ? step.args.filter((arg) => arg.startsWith('test/') && !arg.endsWith('.mjs')) : [];
  if (step.kind === 'jest' && paths.length === 0) paths.push(join(step.script, '..'));
  let count = 0;
  for (const path of paths) {
    const names = await readdir(join(root, path), { recursive: true }).catch(() => []);
    for (const name of names) {
      if (!name.endsWith('.test.ts')) continue;
      const source = await readFile(join(root, path, name), 'utf8');
      count += source.match(/^\s*(test|it)(\.each)?[(<`]/gm)?.length ?? 0;
    }
  }
  return Math.max(1, count);
}

/** What the programs of a suite have in their environment. */
function environmentOf({ minutes }: Suite, { root, compiled }: Running): NodeJS.ProcessEnv {
  return {
    ...process.env,
    PATH: `${join(root, 'node_modules', '.bin')}${delimiter}${process.env['PATH'] ?? ''}`,
    // Brokers are started hundreds of times, from sources that take a second to compile each time.
    NODE_COMPILE_CACHE: compiled,
    ...(minutes === undefined ? {} : { WEIR_TEST_MINUTES: String(minutes) }),
  };
}

async function runStep(step: Step, suite: Suite, context: Running): Promise<Outcome> {
  const { root, abort } = context;
  const bin = join(root, 'node_modules', '.bin');
  const env = environmentOf(suite, context);
  const allowed = Math.max(PATIENCE * suite.budgetMinutes, 1.5 * (suite.minutes ?? 0), PATIENCE_MINUTES_MIN);
  const options = { cwd: root, env, abort, timeoutMs: allowed * 60_000 };
  if (step.kind === 'tool') {
    const { exitCode, reason } = await runProgram(join(bin, step.program), step.args, options);
    if (exitCode === 0) return { ...NONE, passed: 1 };
    return { ...NONE, failures: [`${suite.name}: ${step.name}: ${reason || `exit code ${exitCode}`}`] };
  }
  const directory = await mkdtemp(join(tmpdir(), 'weir-run-'));
  try {
    const file = join(directory, 'report.json');
    const unfinished = join(directory, 'unfinished');
    const flags = ['--experimental-vm-modules', '--disable-warning=ExperimentalWarning'];
    const reporters = ['--reporters=default', `--reporters=${REPORTER}`];
    const args = [...flags, step.script, ...step.args, ...reporters, '--ci', '--json', `--outputFile=${file}`];
    const ending = await runProgram(process.execPath, args, {
      ...options,
      env: { ...env, WEIR_TEST_UNFINISHED: unfinished },
    });
    const text = await readFile(file, 'utf8').catch(() => null);
    const name = `${suite.name}: ${step.name}`;
    if (text === null) {
      const where = (await readFile(unfinished, 'utf8').catch(() => ''))
        .replaceAll(`${root}/`, '')
        .replaceAll('\n', ', ');
      const why = ending.reason || `exit code ${ending.exitCode}`;
      return { ...NONE, failures: [`${name}: no report: ${why}${where === '' ? '' : `, in ${where}`}`] };
    }
    // The report is Jest's own; what is read of it is named in JestReport.
    const outcome = readJestReport(name, JSON.parse(text) as JestReport, `${root}/`);
    const silent = ending.exitCode !== 0 && outcome.failures.length === 0;
    return silent ? { ...outcome, failures: [`${name}: exit code ${ending.exitCode} ${ending.reason}`] } : outcome;
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

async function skipSuite(suite: Suite, reason: string, root: string): Promise<Outcome> {
  const skips: string[] = [];
  for (const step of suite.steps) {
    const count = await countTests(root, step);
    for (let i = 1; i <= count; i++) skips.push(`${suite.name} ${i} of ${count}: ${reason}`);
  }
  return { ...NONE, skips };
}

/** Runs one suite: gets what it needs, runs its steps, says its time beside its budget. */
async function runSuite(suite: Suite, context: Running): Promise<Outcome> {
  const { say, root, abort, provide } = context;
  const setupMs = performance.now();
  let outcomes: Outcome[];
  let startMs = setupMs;
  try {
    const missing = await provide(suite.needs);
    startMs = performance.now();
    if (missing === null) {
      outcomes = [];
      for (const step of suite.steps) {
        if (abort.aborted) outcomes.push({ ...NONE, failures: [`${suite.name}: ${step.name}: interrupted`] });
        else outcomes.push(await runStep(step, suite, context));
      }
    } else outcomes = [await skipSuite(suite, missing, root)];
  } catch (error) {
    outcomes = [
      { ...NONE, failures: [`${suite.name}: set-up: ${error instanceof Error ? error.message : String(error)}`] },
    ];
  }
  const total = addOutcomes(outcomes);
  const tookMs = performance.now() - startMs;
  const setup = suite.needs.length === 0 ? '' : ` (set-up ${seconds(startMs - setupMs)})`;
  const over = tookMs > suite.budgetMinutes * 60_000 ? ', OVER BUDGET' : '';
  const counts = `${total.passed} passed, ${total.failures.length} failed, ${total.skips.length} skipped`;
  say(`suite ${suite.name}: ${counts} in ${seconds(tookMs)} of ${suite.budgetMinutes} min${setup}${over}`);
  return total;
}

/** Runs the suites one after the other. */
export async function runSuites(suites: readonly Suite[], context: RunContext): Promise<Outcome> {
  const outcomes: Outcome[] = [];
  const compiled = await mkdtemp(join(tmpdir(), 'weir-compiled-'));
  try {
    for (const suite of suites) {
      if (context.abort.aborted) break;
      outcomes.push(await runSuite(suite, { ...context, compiled }));
    }
  } finally {
    await rm(compiled, { recursive: true, force: true });
  }
  return addOutcomes(outcomes);
}
