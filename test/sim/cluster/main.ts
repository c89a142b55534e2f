// `npm run sim -- --seed N`: the cluster of a seed; `--seeds A..B`: many, a process per core; `--planted NAME`: until a bug is found.
// See DESIGN.md.
import { appendFileSync, existsSync, readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { fail, readOptions } from '../../run/options.ts';
import { printCoverage } from './coverage.ts';
import { planCluster, STRIKE_KINDS, WEATHER_KINDS } from './plan.ts';
import { PLANTED, sound } from './planted.ts';
import { PLANTED_KINDS } from './planted-strikes.ts';
import { Pool, serveSeeds, type SeedResult } from './pool.ts';
import { promiseTable } from './promises.ts';
import { runCluster } from './run-cluster.ts';

const { values } = readOptions({
  options: {
    seed: { type: 'string' },
    seeds: { type: 'string' },
    minutes: { type: 'string' },
    from: { type: 'string', default: '1' },
    workers: { type: 'string' },
    done: { type: 'string' },
    trace: { type: 'boolean', default: false },
    plan: { type: 'boolean', default: false },
    table: { type: 'boolean', default: false },
    coverage: { type: 'boolean', default: false },
    planted: { type: 'string' },
    serve: { type: 'boolean', default: false },
  },
});

function print(line: string): void {
  console.log(line);
}

/** For a reader; standard output has one line a seed. */
function tell(line: string): void {
  console.error(line);
}

/** The one line of a seed. */
function lineOf({ seed, hash, problems, shortfalls }: SeedResult): string {
  const [first] = [...problems, ...shortfalls.map((shortfall) => `it does not count: ${shortfall}`)];
  return first === undefined ? `seed ${seed} ok trace ${hash}` : `seed ${seed} FAILED: ${first.split('\n')[0] ?? ''}`;
}

function runOne(seed: number): void {
  if (values.plan) print(JSON.stringify(planCluster(seed), null, 2));
  const startMs = performance.now();
  const outcome = runCluster(seed, values.trace ? { onTrace: print } : {});
  const tookMs = Math.round(performance.now() - startMs);
  for (const problem of outcome.problems) tell(problem);
  const counts = [...outcome.counts].map(([kind, count]) => `${count} ${kind}`).join(', ');
  tell(`${planCluster(seed).size}, ${Math.round(outcome.virtualMs)} virtual ms in ${tookMs} ms; ${counts}`);
  print(lineOf(outcome));
  process.exitCode = lineOf(outcome).includes(' FAILED: ') ? 1 : 0;
}

/** Looks for a planted bug in the seeds that are said to find it. */
function hunt(name: string): void {
  const bug = PLANTED.find((one) => one.name === name);
  if (bug === undefined)
    return fail(`nothing of that name is planted: ${PLANTED.map((one) => one.name).join(', ')} are`);
  const { options, finding, fromSeed, withinSeeds } = bug;
  for (let seed = fromSeed; seed < fromSeed + withinSeeds; seed += 1) {
    const found = runCluster(seed, options).problems.find((problem) => finding.test(problem));
    if (found === undefined) continue;
    print(`seed ${seed} found it: ${found.split('\n')[0] ?? ''}`);
    // Nobody else looks at what these faults do to sound clusters.
    if (options.kinds?.some((kind) => PLANTED_KINDS.some((one) => one === kind)) === true) {
      const [other] = runCluster(seed, sound(bug)).problems;
      print(other === undefined ? 'nothing is found without it' : `found without it: ${other}`);
    }
    return;
  }
  print(`seeds ${fromSeed} to ${fromSeed + withinSeeds - 1} did not find it`);
  process.exitCode = 1;
}

/** Seeds of `--seeds`, or as many as fit into `--minutes`, without those that the file of done ones names. */
function* wantedSeeds(): Iterable<number> {
  const { done, minutes, seeds = `${values.from}..` } = values;
  const [first = 1, last = first] = seeds.split('..').map(Number);
  const endMs = performance.now() + Number(minutes ?? 0) * 60_000;
  const isDone = new Set(
    done !== undefined && existsSync(done)
      ? readFileSync(done, 'utf8')
          .split('\n')
          .map((line) => Number(line.split(' ')[1]))
      : [],
  );
  for (let seed = first; minutes === undefined ? seed <= last : performance.now() < endMs; seed += 1)
    if (!isDone.has(seed)) yield seed;
}

async function runMany(): Promise<void> {
  const failed: string[] = [];
  const sums = new Map<string, number>();
  let virtualMs = 0;
  const startMs = performance.now();
  const pool = new Pool(Number(values.workers ?? availableParallelism()), values.coverage);
  let count = 0;
  await pool.run(wantedSeeds(), (result) => {
    const line = lineOf(result);
    count += 1;
    print(line);
    virtualMs += result.virtualMs;
    for (const [kind, count] of result.counts) sums.set(kind, (sums.get(kind) ?? 0) + count);
    if (line.includes(' FAILED: ')) failed.push(line);
    else if (values.done !== undefined) appendFileSync(values.done, `${line}\n`);
  });
  const tookMs = performance.now() - startMs;
  tell([...sums].map(([kind, count]) => `${count} ${kind}`).join(', '));
  tell(`${count} seeds, ${failed.length} failed, ${Math.round(virtualMs / tookMs)} virtual seconds a second`);
  if (values.coverage) await printCoverage(pool.coverageDirectory, tell);
  for (const line of failed) print(line);
  process.exitCode = failed.length > 0 ? 1 : 0;
}

if (values.serve) serveSeeds();
else if (values.planted !== undefined) hunt(values.planted);
else if (values.table) print(promiseTable([...WEATHER_KINDS, ...STRIKE_KINDS]));
else if (values.seeds !== undefined || values.minutes !== undefined) await runMany();
else runOne(Number(values.seed ?? 1));
