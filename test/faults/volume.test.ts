import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { open, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, describe, expect, it } from '@jest/globals';
import { Volume } from './volume.ts';

const run = promisify(execFile);
const OPTIONS = { sizeMiB: 32, format: ['-J', 'size=4'], mount: ['commit=300'] };

let volume: Volume | null = null;
afterEach(async () => {
  await volume?.remove();
  volume = null;
});

async function made(): Promise<Volume> {
  volume = await Volume.create(OPTIONS);
  return volume;
}

describe('a volume whose power is cut', () => {
  it('keeps what was synced and loses what was not', async () => {
    const { path } = await made();
    const synced = await open(join(path, 'synced'), 'w');
    await synced.write('kept');
    await synced.datasync();
    await synced.close();
    await writeFile(join(path, 'unsynced'), 'lost');
    expect(await readFile(join(path, 'unsynced'), 'utf8')).toBe('lost');
    await volume?.cutPower();
    expect(await readFile(join(path, 'synced'), 'utf8')).toBe('kept');
    expect(existsSync(join(path, 'unsynced'))).toBe(false);
  });

  it('loses what was written to a file after its last sync', async () => {
    const { path } = await made();
    const file = await open(join(path, 'log'), 'w');
    await file.write('first');
    await file.datasync();
    await file.write('second');
    await file.close();
    await volume?.cutPower();
    expect(await readFile(join(path, 'log'), 'utf8')).toBe('first');
  });

  it('keeps writers waiting while it is frozen, lets others read, and loses nothing', async () => {
    const volume = await made();
    const path = join(volume.path, 'log');
    const file = await open(path, 'w');
    await file.write('before');
    await volume.freeze();
    let isWritten = false;
    const written = file.write(', after').then(() => (isWritten = true));
    expect(await readFile(path, 'utf8')).toBe('before');
    await expect(volume.freeze()).rejects.toThrow('freeze failed');
    expect(isWritten).toBe(false);
    await volume.thaw();
    await written;
    await file.close();
    expect(await readFile(path, 'utf8')).toBe('before, after');
  });

  it('is removed by the next test run when its own was killed', async () => {
    const script = `
      const { Volume } = await import(${JSON.stringify(new URL('./volume.ts', import.meta.url).href)});
      const volume = await Volume.create(${JSON.stringify(OPTIONS)});
      const { path } = volume;
      await volume.freeze();
      process.stdout.write(path);
      process.kill(process.pid, 'SIGKILL');`;
    const killed = await run(process.execPath, ['--input-type=module-typescript', '--eval', script]).catch(
      (error: unknown) => error as { readonly stdout: string },
    );
    const path = killed.stdout;
    expect(await readFile('/proc/self/mounts', 'utf8')).toContain(` ${path} `);
    await made();
    expect(await readFile('/proc/self/mounts', 'utf8')).not.toContain(` ${path} `);
    expect(existsSync(dirname(path))).toBe(false);
  });
});
