import { closeSync, linkSync, openSync, readFileSync, renameSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { codeOf, OperatorError } from '../../ports/operator-error.ts';

/** Name of the file that says who owns a data directory. */
export const OWNER_FILE = 'owner.json';

interface Owner {
  readonly pid: number;
  /** When the process started, in clock ticks since boot; '' where the system does not tell. A pid can come again, this not. */
  readonly started: string;
  readonly since: string;
}

/** The claim on a data directory. */
export interface OwnerLock {
  release(): void;
}

/**
 * Claims a data directory for this process. A living owner is refused by name; what a dead one left is taken over. Fails
 * with `DATA_IN_USE`, fatal.
 */
export function acquireOwnerLock(directory: string): OwnerLock {
  const path = join(directory, OWNER_FILE);
  for (let attempt = 0; attempt < 10; attempt += 1) {
    if (tryCreate(path)) return { release: () => releaseOwn(path) };
    const text = readText(path);
    if (text === null) continue;
    const owner = parseOwner(text);
    if (owner !== null && isRunning(owner)) {
      const message = `the data directory ${directory} is in use by process ${owner.pid} (since ${owner.since}); stop it or choose another with --data`;
      throw new OperatorError('DATA_IN_USE', message, { fatal: true });
    }
    removeStale(path, text);
  }
  throw new OperatorError(
    'DATA_IN_USE',
    `the data directory ${directory} could not be claimed: ${OWNER_FILE} keeps changing`,
    { fatal: true },
  );
}

function tryCreate(path: string): boolean {
  let file: number;
  try {
    file = openSync(path, 'wx');
  } catch (error) {
    if (codeOf(error) === 'EEXIST') return false;
    throw error;
  }
  const owner: Owner = { pid: process.pid, started: startTicks(process.pid), since: new Date().toISOString() };
  writeSync(file, `${JSON.stringify(owner)}\n`);
  closeSync(file);
  return true;
}

/** Moves the stale file aside; if somebody was quicker and it is theirs by now, it goes back. */
function removeStale(path: string, stale: string): void {
  const aside = `${path}.${process.pid}`;
  try {
    renameSync(path, aside);
    if (readText(aside) !== stale) linkSync(aside, path);
  } catch (error) {
    const code = codeOf(error);
    if (code !== 'ENOENT' && code !== 'EEXIST') throw error;
  } finally {
    rmSync(aside, { force: true });
  }
}

function releaseOwn(path: string): void {
  const owner = parseOwner(readText(path) ?? '');
  if (owner?.pid === process.pid) rmSync(path, { force: true });
}

function readText(path: string): string | null {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return null;
    throw error;
  }
}

function parseOwner(text: string): Owner | null {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value !== 'object' || value === null) return null;
    const { pid, started, since } = value as Partial<Record<keyof Owner, unknown>>;
    if (typeof pid !== 'number' || typeof started !== 'string' || typeof since !== 'string') return null;
    return { pid, started, since };
  } catch {
    // Half written by a process that died: not an owner.
    return null;
  }
}

function isRunning(owner: Owner): boolean {
  return isProcessAlive(owner.pid) && (owner.started === '' || owner.started === startTicks(owner.pid));
}

/** Whether a process with this id exists. */
export function isProcessAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return codeOf(error) === 'EPERM';
  }
}

/** Field 22 of /proc/PID/stat; '' where there is no such thing. The name in field 2 may hold spaces. */
function startTicks(pid: number): string {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return text.slice(text.lastIndexOf(')') + 2).split(' ')[19] ?? '';
  } catch {
    return '';
  }
}
