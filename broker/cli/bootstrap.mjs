#!/usr/bin/env node
// What `npm start`, `npm test` and their siblings run, on any Node from 20 on: installs what package-lock.json names if
// it isn't there yet, builds `dist/` if a source is newer, then hands over to the pinned Node.
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { explainMissingRuntime, findRuntime, isHostNewEnough, replaceBy, runtimePackage } from './runtime.mjs';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const HOST_MAJOR_MIN = 20;

const tell = (text) => console.error(`weir: ${text}`);

function readPackages(path) {
  return JSON.parse(readFileSync(join(ROOT, path), 'utf8')).packages;
}

/** True when node_modules holds what the lock names. npm writes there what it installed last. */
function isInstalled() {
  if (!existsSync(join(ROOT, 'node_modules/.package-lock.json'))) return false;
  const wanted = readPackages('package-lock.json');
  const present = readPackages('node_modules/.package-lock.json');
  const runtime = isHostNewEnough() ? '' : `node_modules/${runtimePackage()}`;
  for (const [path, entry] of Object.entries(wanted)) {
    const found = present[path];
    const isMissing = found === undefined && (entry.optional !== true || path === runtime);
    if (path !== '' && (isMissing || (found !== undefined && found.version !== entry.version))) return false;
  }
  return Object.keys(present).every((path) => path in wanted);
}

/** `npm ci`, by the npm that called us or else the one on the path. Install scripts don't run: none is needed. */
function install() {
  tell('installing dependencies and runtime by package-lock.json, once …');
  const startMs = performance.now();
  const args = [
    'ci',
    '--include=dev',
    '--include=optional',
    '--ignore-scripts',
    '--no-audit',
    '--no-fund',
    '--loglevel=error',
  ];
  const npm = process.env.npm_execpath;
  const isNpm = npm !== undefined && /npm-cli\.c?js$/.test(npm);
  const [command, rest] = isNpm ? [process.execPath, [npm, ...args]] : ['npm', args];
  // Its output goes to standard error: standard output belongs to the program that follows.
  const { status, error } = spawnSync(command, rest, { cwd: ROOT, stdio: ['ignore', 2, 2] });
  if (status !== 0) {
    tell(`npm ci failed: ${error?.message ?? `exit code ${status}`}`);
    process.exit(1);
  }
  tell(`installed in ${Math.round((performance.now() - startMs) / 1000)} s`);
}

/** Arguments of `weir local`: those given, and the example and `./.weir` where none is named. */
function localArguments(args) {
  const has = (...names) => args.some((arg) => names.some((name) => arg === name || arg.startsWith(`${name}=`)));
  const file = has('-f', '--file') ? [] : ['-f', 'examples/quickstart.yaml'];
  const data = has('--data') ? [] : ['--data', './.weir'];
  return ['local', ...file, ...data, ...args];
}

async function buildDist(force) {
  const { build } = await import('./build.mjs');
  try {
    await build(ROOT, force);
  } catch (error) {
    // esbuild has shown what is wrong, with the lines.
    tell(`dist/ could not be built: ${String(error?.message).split('\n')[0]}`);
    process.exit(1);
  }
}

/** Makes what the image holds, in a directory. */
async function bundle([directory]) {
  if (directory === undefined) {
    tell('usage: bundle DIRECTORY');
    process.exit(2);
  }
  const { bundle: write } = await import('./bundle.mjs');
  await write(ROOT, resolve(directory));
}

async function pack(args) {
  await buildDist(true);
  const { stage } = await import('./build.mjs');
  replaceBy('npm', ['pack', stage(ROOT), ...args], { cwd: process.cwd() });
}

async function main([verb = 'help', ...args]) {
  if (Number(process.versions.node.split('.')[0]) < HOST_MAJOR_MIN) {
    tell(`needs Node ${HOST_MAJOR_MIN} or newer to start, this is ${process.versions.node}`);
    process.exit(1);
  }
  // Neither needs a package: the one may not find all of them, the other builds elsewhere.
  const isAlone = verb === 'lock' || verb === 'image';
  if (!isAlone && !isInstalled()) install();
  const runtime = findRuntime(import.meta.url);
  if (!isAlone && runtime === null) {
    console.error(explainMissingRuntime());
    process.exit(1);
  }
  const run = (...command) => replaceBy(runtime, command, { cwd: ROOT });
  switch (verb) {
    case 'start':
      await buildDist(false);
      return run('dist/weir.js', ...localArguments(args));
    case 'build':
      return buildDist(true);
    case 'pack':
      return pack(args);
    case 'bundle':
      return bundle(args);
    case 'image':
      process.exitCode = (await import('./image.mjs')).buildImage(ROOT, args);
      return undefined;
    case 'lock':
      return (await import('./lock.mjs')).renewLock(ROOT);
    case 'test':
    case 'check':
    case 'long':
    case 'format':
      return run('test/run.ts', verb, ...args);
    case 'bench':
    case 'wire':
      return run(`test/${verb}/main.ts`, ...args);
    case 'crds':
      return run('test/tidy/crds/main.ts');
    case 'sim':
      return run('test/sim/cluster/main.ts', ...args);
    default:
      tell(
        `unknown verb ${verb}: start, build, pack, lock, crds, test, check, long, format, bench, wire, sim, image and bundle are known`,
      );
      process.exit(2);
  }
}

await main(process.argv.slice(2));
