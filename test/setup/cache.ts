import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

const LOCK_POLL_MS = 100;
const LOCK_DEADLINE_MS = 15 * 60_000;

/** A peer that cannot be had on this machine: the message names what is missing and why. */
export class MissingPeer extends Error {
  readonly code = 'MISSING_PEER';
  readonly peer: string;
  constructor(peer: string, reason: string) {
    super(`${peer} is not available: ${reason}`);
    this.peer = peer;
  }
}

/** The directory that keeps foreign programs between runs, outside the checkout; made when absent. */
export async function cacheDirectory(): Promise<string> {
  const { XDG_CACHE_HOME: xdg, HOME: home } = process.env;
  const base = xdg || join(home || homedir() || tmpdir(), '.cache');
  const directory = join(base, 'weir-test');
  await mkdir(directory, { recursive: true });
  return directory;
}

/** A short digest of `parts`, to stamp what was built from them. */
export function stampOf(parts: readonly string[]): string {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(`${part.length}:${part}`);
  return hash.digest('hex').slice(0, 12);
}

/**
 * The directory `<cache>/<name>`, built by `build` unless a finished one is there. It is built beside its final name
 * and renamed, so that nobody sees half of it; parallel callers, also of other processes, wait for the one that builds.
 * `name` is one path component and carries the versions of what is inside: a new version is a new directory.
 */
export async function cached(name: string, build: (directory: string) => Promise<void>): Promise<string> {
  const cache = await cacheDirectory();
  const final = join(cache, name);
  if (await exists(final)) return final;
  return withLock(join(cache, `${name}.lock`), async () => {
    if (await exists(final)) return final;
    const work = await mkdtemp(join(cache, '.building-'));
    try {
      await build(work);
      await rename(work, final);
    } finally {
      await rm(work, { recursive: true, force: true });
    }
    return final;
  });
}

/** Runs `body` while no other process on this machine runs one under the same name. */
export async function alone<T>(name: string, body: () => Promise<T>): Promise<T> {
  return withLock(join(await cacheDirectory(), `${name}.lock`), body);
}

async function withLock<T>(path: string, body: () => Promise<T>): Promise<T> {
  const deadline = Date.now() + LOCK_DEADLINE_MS;
  while (!(await takeLock(path))) {
    if (Date.now() > deadline)
      throw new Error(`${path} is still held after ${LOCK_DEADLINE_MS} ms: remove it if nobody builds`);
    await delay(LOCK_POLL_MS);
  }
  try {
    return await body();
  } finally {
    await rm(path, { force: true });
  }
}

async function takeLock(path: string): Promise<boolean> {
  try {
    await writeFile(path, String(process.pid), { flag: 'wx' });
    return true;
  } catch (error) {
    if (!hasCode(error, 'EEXIST')) throw error;
  }
  const holder = Number(await readFile(path, 'utf8').catch(() => ''));
  // An empty file is a lock that is just being written; a dead holder's lock is removed. Two who remove at once may
  // both build, which costs time only: what they build is put in place by a rename.
  if (holder > 0 && !isAlive(holder)) await rm(path, { force: true });
  return false;
}

/** Whether a process with this id exists (it may belong to somebody else). */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return hasCode(error, 'EPERM');
  }
}

/** Whether `path` exists. */
export async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}

/** Whether `error` is a system error with this `code`. */
export function hasCode(error: unknown, code: string): boolean {
  return typeof error === 'object' && error !== null && 'code' in error && error.code === code;
}
