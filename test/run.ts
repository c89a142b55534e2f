// `npm test [-- SUITE...]`, `npm run check`, `npm run test:long -- SUITE --minutes N`, `npm run format`.
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { provide } from './run/needs.ts';
import { fail, readOptions } from './run/options.ts';
import { conclude } from './run/outcome.ts';
import { runSuites } from './run/runner.ts';
import { type Suite, SUITES } from './run/suites.ts';

const ROOT = fileURLToPath(new URL('..', import.meta.url)).replace(/\/$/, '');
const MINUTES_DEFAULT = 30;

function chooseSuites(names: readonly string[]): readonly Suite[] {
  return names.map((name) => {
    const suite = SUITES.find((candidate) => candidate.name === name);
    return suite ?? fail(`no suite ${name}: ${SUITES.map((known) => known.name).join(', ')} are known`);
  });
}

function planLong(args: readonly string[]): readonly Suite[] {
  const { positionals, values } = readOptions({
    args: [...args],
    allowPositionals: true,
    options: { minutes: { type: 'string', default: String(MINUTES_DEFAULT) } },
  });
  const minutes = Number(values.minutes);
  if (!(minutes > 0) || positionals.length !== 1) fail('usage: npm run test:long -- SUITE --minutes N');
  return chooseSuites(positionals).map((suite) => ({ ...suite, minutes }));
}

function plan(verb: string, args: readonly string[]): readonly Suite[] {
  if (verb === 'check') return chooseSuites(['check']);
  if (verb === 'long') return planLong(args);
  return args.length > 0 ? chooseSuites(args) : SUITES;
}

function format(): never {
  const biome = join(ROOT, 'node_modules/.bin/biome');
  const { status } = spawnSync(biome, ['format', '--write', '.'], { cwd: ROOT, stdio: 'inherit' });
  process.exit(status ?? 1);
}

const [verb = 'test', ...args] = process.argv.slice(2);
if (verb === 'format') format();
const suites = plan(verb, args);
const controller = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => controller.abort());
const total = await runSuites(suites, {
  root: ROOT,
  abort: controller.signal,
  say: (line) => console.log(line),
  provide,
});
const { lines, ok } = conclude(total, process.env['WEIR_TEST_REQUIRE'] === 'all');
console.log(`\n${lines.join('\n')}`);
process.exit(ok && !controller.signal.aborted ? 0 : 1);
