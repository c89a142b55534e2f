// `node test/sim/main.ts --seed N [--trace]`: one world; `--seeds A..B [--hashes]`: several; `--minutes M`: as many as fit.
import { readOptions } from '../run/options.ts';
import { planWorld } from './plan.ts';
import { runSeed } from './run-seed.ts';

const { values } = readOptions({
  options: {
    seed: { type: 'string' },
    seeds: { type: 'string' },
    minutes: { type: 'string' },
    from: { type: 'string', default: '1' },
    trace: { type: 'boolean', default: false },
    plan: { type: 'boolean', default: false },
    hashes: { type: 'boolean', default: false },
  },
});

function print(line: string): void {
  console.log(line);
}

/** Runs a seed and prints what is wrong; true when nothing is. */
function tell(seed: number): boolean {
  const startMs = performance.now();
  const outcome = runSeed(seed, values.trace ? { onTrace: print } : {});
  const tookMs = Math.round(performance.now() - startMs);
  if (values.hashes) print(`${seed} ${outcome.hash}`);
  for (const problem of outcome.problems.slice(0, 20)) print(`seed ${seed}: ${problem}`);
  if (outcome.problems.length > 20) print(`seed ${seed}: and ${outcome.problems.length - 20} more`);
  if (values.seed !== undefined) {
    const counts = [...outcome.counts].map(([kind, count]) => `${count} ${kind}`).join(', ');
    print(
      `seed ${seed}: ${outcome.eventCount} events in ${Math.round(outcome.virtualMs)} virtual ms, ${tookMs} ms; ${counts}`,
    );
    print(`seed ${seed}: hash ${outcome.hash}`);
  }
  return outcome.problems.length === 0;
}

function seedsOf(): Iterable<number> {
  if (values.seed !== undefined) return [Number(values.seed)];
  if (values.seeds !== undefined) {
    const [first, last] = values.seeds.split('..').map(Number);
    const from = first ?? 1;
    return Array.from({ length: (last ?? from) - from + 1 }, (_, index) => from + index);
  }
  return endless(Number(values.from), performance.now() + Number(values.minutes ?? 1) * 60_000);
}

function* endless(from: number, endMs: number): Iterable<number> {
  for (let seed = from; performance.now() < endMs; seed += 1) yield seed;
}

if (values.plan && values.seed !== undefined) print(JSON.stringify(planWorld(Number(values.seed)), null, 2));
const failed: number[] = [];
let count = 0;
const beganMs = performance.now();
for (const seed of seedsOf()) {
  count += 1;
  if (!tell(seed)) failed.push(seed);
}
const perSecond = (count / ((performance.now() - beganMs) / 1000)).toFixed(1);
if (count > 1 && !values.hashes) print(`${count} seeds, ${failed.length} failed, ${perSecond} a second`);
if (failed.length > 0) print(`failed: ${failed.join(' ')}`);
process.exitCode = failed.length > 0 ? 1 : 0;
