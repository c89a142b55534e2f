// The ways in which users get Weir: a fresh clone, and the packed npm package. Both run the real npm on real files.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cp, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from '@jest/globals';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
/** Not in a clone, or not needed to run. */
const LEFT_OUT = /^(node_modules|dist.*|test|\.git|\.weir)$/;
const INSTALL_DEADLINE_MS = 300_000;

let directory = '';
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'weir-package-'));
});
afterAll(() => rm(directory, { recursive: true, force: true }));

/** The path without this project's own programs: users have whatever Node they have. */
const userPath = (process.env['PATH'] ?? '')
  .split(delimiter)
  .filter((entry) => !entry.includes('node_modules'))
  .join(delimiter);

/** Runs a program with a home of its own that begins empty; packages still come from this machine's npm cache. */
async function start(
  cwd: string,
  [command = '', ...args]: readonly string[],
  { mustWork = true, path = userPath } = {},
): Promise<{ code: number; out: string; err: string }> {
  const home = join(directory, 'home');
  await mkdir(home, { recursive: true });
  const npm = Object.entries(process.env).filter(([name]) => /^npm_config_(registry|cafile)$/i.test(name));
  const cache = process.env['npm_config_cache'] ?? join(process.env['HOME'] ?? '', '.npm');
  const env = { ...Object.fromEntries(npm), PATH: path, HOME: home, npm_config_cache: cache };
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { cwd, env, stdio: ['ignore', 'pipe', 'pipe'], timeout: INSTALL_DEADLINE_MS });
    const texts = { out: '', err: '' };
    child.stdout.on('data', (chunk) => (texts.out += String(chunk)));
    child.stderr.on('data', (chunk) => (texts.err += String(chunk)));
    child.on('error', reject);
    child.on('close', (code) => {
      if (mustWork && code !== 0)
        reject(new Error(`${command} ${args.join(' ')}: exit code ${code}\n${texts.out}${texts.err}`));
      else resolve({ code: code ?? -1, ...texts });
    });
  });
}

const run = (cwd: string, ...command: string[]): ReturnType<typeof start> => start(cwd, command);

/** Starts a program that runs a cluster, waits until it says that it is ready, interrupts it; gives what it said and its exit code. */
const runCluster = (cwd: string, program: string, ...rest: string[]): ReturnType<typeof runUntil> =>
  runUntil(' ready in ', cwd, program, [...rest, '--port', '0']);

/** Starts a program, waits until it says something, interrupts it; gives what it said and its exit code. */
async function runUntil(
  said: string,
  cwd: string,
  program: string,
  args: readonly string[],
): Promise<{ code: unknown; out: string }> {
  const child = spawn(program, args, { cwd, env: { PATH: userPath, HOME: join(directory, 'home') }, timeout: 60_000 });
  const exited = once(child, 'exit');
  let out = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk) => {
      const before = out;
      out += String(chunk);
      if (!before.includes(said) && out.includes(said)) child.kill('SIGINT');
    });
  }
  const [code] = await exited;
  return { code, out };
}

const version = async (): Promise<string> => {
  const manifest: unknown = JSON.parse(await readFile(join(ROOT, 'package.json'), 'utf8'));
  return typeof manifest === 'object' && manifest !== null && 'version' in manifest ? String(manifest.version) : '';
};

test(
  'a fresh clone with an empty home installs and builds itself, once, and runs on any Node from 20 on',
  async () => {
    const clone = join(directory, 'clone');
    const names = (await readdir(ROOT)).filter((name) => !LEFT_OUT.test(name));
    for (const name of names) await cp(join(ROOT, name), join(clone, name), { recursive: true });
    const bootstrap = join(clone, 'broker/cli/bootstrap.mjs');
    const first = await run(clone, 'node', bootstrap, 'build');
    expect(first).toEqual({ code: 0, out: '', err: expect.any(String) });
    expect(first.err).toContain('installing dependencies and runtime');
    const second = await run(clone, 'node', bootstrap, 'build');
    expect(second).toEqual({ code: 0, out: '', err: '' });
    const ran = await run(clone, 'node', 'dist/weir.js', '--version');
    expect(ran.out).toContain(await version());
    const cluster = await runCluster(clone, 'node', bootstrap, 'start');
    expect(cluster.out).toMatch(/^weir: cluster quickstart ready in \d+ ms: bootstrap \S+$/m);
    expect(cluster.out).toMatch(/^ {2}echo hello \| node dist\/weir\.js put jobs --bootstrap /m);
    expect(cluster.code).toBe(0);
    expect(await readdir(join(clone, '.weir/quickstart'))).toContain('node-0');
    await writeFile(join(clone, 'node_modules/.package-lock.json'), '{"packages":{}}');
    // Without a path there is no npm: that it is looked for is enough to see.
    const third = await start(clone, [process.execPath, bootstrap, 'build'], { mustWork: false, path: '' });
    expect(third.code).toBe(1);
    expect(third.err).toMatch(/installing dependencies and runtime[^]*npm ci failed/);
  },
  2 * INSTALL_DEADLINE_MS,
);

test(
  'the packed package installs into an empty project under its scoped name and runs there',
  async () => {
    await run(directory, 'node', join(ROOT, 'broker/cli/bootstrap.mjs'), 'pack');
    const [file = ''] = (await readdir(directory)).filter((name) => name.endsWith('.tgz'));
    expect(file).toBe(`weir-dev-weir-${await version()}.tgz`);
    const project = join(directory, 'project');
    await mkdir(project);
    await writeFile(join(project, 'package.json'), '{"name":"empty","version":"1.0.0","private":true}');
    await run(project, 'npm', 'install', '--no-audit', '--no-fund', `../${file}`);
    const shown = await run(project, 'npx', '--no', '--', 'weir', '--version');
    expect(shown.out).toContain(await version());
    const help = await run(project, 'npx', '--no', '--', 'weir', 'local', '--help');
    expect(help.out).toContain('weir local');
    const manifest = join(project, 'node_modules/@weir-dev/weir/examples/quickstart.yaml');
    const cluster = await runCluster(project, 'node_modules/.bin/weir', 'local', '-f', manifest, '--data', 'data');
    expect(cluster.out).toMatch(/^weir: cluster quickstart ready in \d+ ms/m);
    expect(cluster.code).toBe(0);
    // Several nodes speak gRPC, which comes in packages of its own and with generated descriptors.
    const three = join(project, 'node_modules/@weir-dev/weir/examples/three-nodes.yaml');
    const nodes = await runCluster(project, 'node_modules/.bin/weir', 'local', '-f', three, '--data', 'three');
    expect(nodes.out).toMatch(/^weir: cluster trio ready in \d+ ms/m);
    expect(nodes.code).toBe(0);
    // What reads kubeconfigs is a package that is built in, since it is 64 MB and ten times what is needed of it.
    expect(await readdir(join(project, 'node_modules'))).not.toContain('@kubernetes');
    const config = {
      apiVersion: 'v1',
      kind: 'Config',
      'current-context': 'a',
      contexts: [{ name: 'a', context: { cluster: 'a', user: 'a' } }],
      clusters: [{ name: 'a', cluster: { server: 'https://127.0.0.1:1' } }],
      users: [{ name: 'a', user: { token: 'x' } }],
    };
    await writeFile(join(project, 'kubeconfig'), JSON.stringify(config));
    const flags = ['operator', '--kubeconfig', 'kubeconfig', '--http', '127.0.0.1:0'];
    const operator = await runUntil('"UNREACHABLE"', project, 'node_modules/.bin/weir', flags);
    expect(operator.out).toContain('a candidate for the Lease');
    expect(operator.code).toBe(0);
    // Users get programs, manifests and the licence: no sources, no tests.
    const content = await readdir(join(project, 'node_modules/@weir-dev/weir'));
    expect(content.sort()).toEqual(['LICENSE', 'README.md', 'dist', 'examples', 'package.json']);
  },
  INSTALL_DEADLINE_MS,
);

test('an unknown verb is refused with the known ones', async () => {
  const { code, err } = await start(directory, ['node', join(ROOT, 'broker/cli/bootstrap.mjs'), 'fly'], {
    mustWork: false,
  });
  expect(code).toBe(2);
  expect(err).toContain('unknown verb fly: start, build, pack, lock, crds, test');
});
