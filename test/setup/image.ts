import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execPath, getuid } from 'node:process';
import { fileURLToPath } from 'node:url';
import { aptInstall } from './apt.ts';
import { alone, cacheDirectory, cached, MissingPeer, stampOf } from './cache.ts';
import { mustRun, run, type RunResult, versionOf } from './run.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const PEER = 'an image builder';
/** What the image is made of; `.dockerignore` lets nothing else in. */
const SOURCES = ['.dockerignore', '.npmrc', 'Dockerfile', 'LICENSE', 'package-lock.json', 'package.json'];
const SOURCE_FOLDERS = ['broker', 'operator'];
const DEBIAN = 'trixie';
const BASE = `localhost/debian:${DEBIAN}`;
const BUILD_TIMEOUT_MS = 30 * 60_000;
/** What the last build went through before the image, by a name, so that the next one need not do all of it again. */
const STAGE = 'localhost/weir-build:latest';
/** Images of other trees that are kept: several checkouts may be at work. */
const OTHERS_KEPT = 3;

/** An image in a file that `ctr images import` takes, and its name, which is what the charts have by themselves. */
export interface ImageArchive {
  readonly archive: string;
  readonly reference: string;
}

let image: Promise<ImageArchive> | null = null;

/** The image of this tree, built once for what is in it. Throws `MissingPeer` where nothing can build it. */
export async function ensureImage(): Promise<ImageArchive> {
  image ??= findImage();
  return image;
}

async function findImage(): Promise<ImageArchive> {
  const directory = await cached(`image-${await treeStamp()}`, async (work) => {
    await buildImage(ROOT, join(work, 'image.tar'));
  });
  await forgetOthers(directory);
  return { archive: join(directory, 'image.tar'), reference: await imageName() };
}

/** Builds the image of the project at `root` into an archive, as a user would, on a Debian of our own. */
export async function buildImage(root: string, archive: string): Promise<void> {
  // Layers that nothing has a name for are taken away at the end: they would be those of another build, too.
  await alone('containers', async () => {
    await ensureBase();
    const work = await mkdtemp(join(tmpdir(), 'weir-image-'));
    try {
      const options = ['--isolation=chroot', '--force-rm', '--layers', '--pull-never', ...(await npmSecrets(work))];
      await npmRunImage(root, ['--tag', await imageName(), '--output', archive, '--', ...options]);
      await npmRunImage(root, ['--tag', STAGE, '--', ...options, '--target=build']);
    } finally {
      await rm(work, { recursive: true, force: true });
    }
    await buildah('rmi', '--prune');
  });
}

async function npmRunImage(root: string, args: readonly string[]): Promise<void> {
  const program = [join(root, 'broker/cli/bootstrap.mjs'), 'image', '--builder', 'buildah', '--base', BASE];
  await mustRun(execPath, [...program, ...args], {
    env: { ...(await storage()), SOURCE_DATE_EPOCH: '0' },
    timeoutMs: BUILD_TIMEOUT_MS,
  });
}

/** Paths of the files that the image is made of, relative to the project, sorted. */
export async function imageSources(): Promise<readonly string[]> {
  const files = [...SOURCES];
  for (const folder of SOURCE_FOLDERS) {
    const entries = await readdir(join(ROOT, folder), { recursive: true, withFileTypes: true });
    for (const entry of entries) if (entry.isFile()) files.push(join(entry.parentPath, entry.name).slice(ROOT.length));
  }
  return files.sort();
}

async function treeStamp(): Promise<string> {
  const texts = await Promise.all(
    (await imageSources()).map(async (path) => [path, await readFile(join(ROOT, path), 'latin1')]),
  );
  return stampOf([DEBIAN, ...texts.flat()]);
}

async function imageName(): Promise<string> {
  const { version } = JSON.parse(await readFile(join(ROOT, 'package.json'), 'utf8')) as { version: string };
  return `docker.io/library/weir:${version}`;
}

async function forgetOthers(own: string): Promise<void> {
  const cache = await cacheDirectory();
  const others = (await readdir(cache))
    .filter((name) => /^image-[0-9a-f]+$/.test(name))
    .map((name) => join(cache, name))
    .filter((path) => path !== own);
  const aged = await Promise.all(others.map(async (path) => ({ path, atMs: (await stat(path)).mtimeMs })));
  aged.sort((a, b) => b.atMs - a.atMs);
  for (const { path } of aged.slice(OTHERS_KEPT)) await rm(path, { recursive: true, force: true });
}

/** Runs buildah on a store of images of the tests' own. */
export async function buildah(...args: readonly string[]): Promise<string> {
  return (await mustRun('buildah', args, { env: await storage() })).trim();
}

async function tryBuildah(...args: readonly string[]): Promise<RunResult> {
  return run('buildah', args, { env: await storage() });
}

/** Where buildah keeps images, as variables: in the cache, and without a mount that would outlive it. */
async function storage(): Promise<Readonly<Record<string, string>>> {
  const directory = join(await cacheDirectory(), 'containers');
  const file = join(directory, 'storage.conf');
  await mkdir(directory, { recursive: true });
  const lines = [
    '[storage]',
    'driver = "overlay"',
    `graphroot = "${join(directory, 'images')}"`,
    `runroot = "${join(tmpdir(), 'weir-containers')}"`,
    '[storage.options.overlay]',
    'skip_mount_home = "true"',
  ];
  await writeFile(file, `${lines.join('\n')}\n`);
  return { CONTAINERS_STORAGE_CONF: file };
}

async function ensureBuilder(): Promise<void> {
  if (getuid?.() !== 0) throw new MissingPeer(PEER, 'it needs root');
  const found = await Promise.all([versionOf('buildah', ['--version']), versionOf('debootstrap', ['--version'])]);
  if (found.includes(null)) await aptInstall(PEER, ['buildah', 'debootstrap']);
}

/** A bare Debian, as published ones are, made of Debian's packages. */
async function ensureBase(): Promise<void> {
  await ensureBuilder();
  if ((await tryBuildah('inspect', '--type', 'image', BASE)).exitCode === 0) return;
  const directory = await cached(`debian-${DEBIAN}`, makeBase);
  await buildah('pull', '--quiet', `docker-archive:${join(directory, 'base.tar')}`);
}

async function makeBase(work: string): Promise<void> {
  const root = join(work, 'root');
  // What it mounts goes with it.
  const made = await run('unshare', ['--mount', 'debootstrap', '--variant=minbase', DEBIAN, root], {
    timeoutMs: BUILD_TIMEOUT_MS,
  });
  if (made.exitCode !== 0)
    throw new MissingPeer(PEER, `debootstrap failed: ${made.stdout.trim().split('\n').at(-1) ?? ''}`);
  for (const path of ['var/cache/apt/archives', 'var/lib/apt/lists', 'var/log'])
    await rm(join(root, path), { recursive: true }).then(() => mkdir(join(root, path)));
  const container = await buildah('from', 'scratch');
  try {
    await buildah('add', '--quiet', container, root, '/');
    const path = ['/usr/local/sbin', '/usr/local/bin', '/usr/sbin', '/usr/bin', '/sbin', '/bin'].join(':');
    await buildah('config', '--env', `PATH=${path}`, '--cmd', '/bin/bash', container);
    await buildah('commit', '--quiet', container, BASE);
  } finally {
    await buildah('rm', container);
  }
  await buildah('push', '--quiet', BASE, `docker-archive:${join(work, 'base.tar')}:${BASE}`);
  await rm(root, { recursive: true });
}

/** Options that tell the build how npm reaches its registry here. */
async function npmSecrets(directory: string): Promise<readonly string[]> {
  const setting = async (name: string): Promise<string> => (await mustRun('npm', ['config', 'get', name])).trim();
  const [registry, authority] = await Promise.all([setting('registry'), setting('cafile')]);
  const file = join(directory, 'npmrc');
  const isKnown = authority !== 'null' && authority !== '';
  await writeFile(file, `registry=${registry}\n${isKnown ? 'cafile=/run/secrets/ca\n' : ''}`);
  return ['--secret', `id=npmrc,src=${file}`, ...(isKnown ? ['--secret', `id=ca,src=${authority}`] : [])];
}
