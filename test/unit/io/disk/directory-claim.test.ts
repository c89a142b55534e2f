import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { claimDirectory, type DirectoryClaim } from '../../../../broker/io/disk/directory-claim.ts';

const MODULE = fileURLToPath(new URL('../../../../broker/io/disk/directory-claim.ts', import.meta.url));

describe('the claim on a data directory', () => {
  let directory = '';
  const held: DirectoryClaim[] = [];

  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'weir-claim-'));
  });
  afterEach(() => {
    for (const claim of held.splice(0)) claim.release();
    rmSync(directory, { recursive: true, force: true });
  });

  const claim = async (path: string): Promise<DirectoryClaim | string> => {
    const result = await claimDirectory(path);
    if (typeof result !== 'string') held.push(result);
    return result;
  };

  it('is had by one at a time, and names its owner', async () => {
    expect(typeof (await claim(directory))).toBe('object');
    expect(await claim(directory)).toBe(
      `the data directory ${directory} is in use by process ${process.pid}; stop it or choose another directory`,
    );
  });

  it('is one claim whatever path leads to the directory, also before it exists', async () => {
    mkdirSync(join(directory, 'real'));
    symlinkSync(join(directory, 'real'), join(directory, 'link'));
    expect(typeof (await claim(join(directory, 'link', 'data')))).toBe('object');
    expect(typeof (await claim(join(directory, 'real', '..', 'real', 'data')))).toBe('string');
    expect(typeof (await claim(join(directory, 'real', 'other')))).toBe('object');
  });

  it('ends with its owner, even by kill -9', async () => {
    const code = `const { claimDirectory } = await import(${JSON.stringify(MODULE)}); const claim = await claimDirectory(${JSON.stringify(directory)}); console.log(typeof claim); setInterval(() => claim, 1000);`;
    const child = spawn(process.execPath, ['--input-type=module', '-e', code], { stdio: ['ignore', 'pipe', 'ignore'] });
    await new Promise((settle) => child.stdout.once('data', settle));
    expect(await claim(directory)).toContain(`in use by process ${child.pid}`);
    const gone = new Promise((settle) => child.once('exit', settle));
    child.kill('SIGKILL');
    await gone;
    expect(typeof (await claim(directory))).toBe('object');
  });
});
