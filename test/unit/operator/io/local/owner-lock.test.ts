import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { acquireOwnerLock, OWNER_FILE } from '../../../../../operator/io/local/owner-lock.ts';

let directory = '';
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'weir-owner-'));
});
afterEach(() => {
  rmSync(directory, { recursive: true, force: true });
});

const ownerFile = (): string => join(directory, OWNER_FILE);

describe('the owner of a data directory', () => {
  it('is one process, and named to a second', () => {
    acquireOwnerLock(directory);
    expect(() => acquireOwnerLock(directory)).toThrow(
      `the data directory ${directory} is in use by process ${process.pid} (since `,
    );
  });

  it('gives it up', () => {
    acquireOwnerLock(directory).release();
    expect(existsSync(ownerFile())).toBe(false);
    acquireOwnerLock(directory);
  });

  it.each([
    ['whose process is gone', { pid: 2 ** 22 + 1, started: '5', since: 'x' }],
    ['whose process id belongs to another process now', { pid: process.pid, started: 'earlier', since: 'x' }],
  ])('%s is followed by the next', (_name, owner) => {
    writeFileSync(ownerFile(), JSON.stringify(owner));
    acquireOwnerLock(directory);
    expect(JSON.parse(readFileSync(ownerFile(), 'utf8'))).toMatchObject({ pid: process.pid });
    expect(readdirSync(directory)).toEqual([OWNER_FILE]);
  });

  it.each(['', '{', '[]', '{"pid":"x"}'])('is nobody when the file holds %j', (text) => {
    writeFileSync(ownerFile(), text);
    acquireOwnerLock(directory);
    expect(JSON.parse(readFileSync(ownerFile(), 'utf8'))).toMatchObject({ pid: process.pid });
  });

  it('does not remove the claim of another on release', () => {
    const lock = acquireOwnerLock(directory);
    writeFileSync(ownerFile(), JSON.stringify({ pid: 1, started: '', since: 'x' }));
    lock.release();
    expect(existsSync(ownerFile())).toBe(true);
  });
});
