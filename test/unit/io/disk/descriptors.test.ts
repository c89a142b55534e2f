import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { planDescriptors, readDescriptorLimit } from '../../../../broker/io/disk/descriptors.ts';
import { Opener } from '../../../../broker/io/disk/opener.ts';

let directory = '';
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'weir-descriptors-'));
});
afterAll(async () => {
  await rm(directory, { recursive: true, force: true });
});

describe('the descriptors of a process', () => {
  test.each([
    ['Max open files            1024                 524288               files', 1024],
    ['Max open files            unlimited            unlimited            files', Number.MAX_SAFE_INTEGER],
    ['Max cpu time              unlimited            unlimited            seconds', 1024],
  ])('are read from the soft limit: %s', async (line, limit) => {
    const file = join(directory, 'limits');
    await writeFile(file, `Limit                     Soft Limit           Hard Limit           Units\n${line}\n`);
    expect(readDescriptorLimit(file)).toBe(limit);
  });

  test('are guessed with care where no limit can be read', () => {
    expect(readDescriptorLimit(join(directory, 'nothing-here'))).toBe(1024);
  });

  test.each([256, 1024, 4096, 1_048_576])(
    'are shared out within the limit of %i, files and connections both',
    (limit) => {
      const { files, connections } = planDescriptors(limit);
      expect(files).toBeGreaterThanOrEqual(32);
      expect(connections).toBeGreaterThanOrEqual(32);
      expect(files + connections).toBeLessThanOrEqual(limit - 128);
    },
  );
});

describe('opening without a descriptor left', () => {
  const failing = (code: string): NodeJS.ErrnoException => Object.assign(new Error(code), { code });

  test.each(['EMFILE', 'ENFILE'])('tries again after %s until it works, and says so once', async (code) => {
    const told: string[] = [];
    let attempts = 0;
    const value = await new Promise((resolve) => {
      new Opener((path) => told.push(path)).retrying<string>(
        '/data/x',
        (finished) => {
          attempts += 1;
          if (attempts < 4) finished(failing(code), '');
          else finished(null, 'opened');
        },
        (error, got) => resolve(error ?? got),
      );
    });
    expect([value, attempts, told]).toEqual(['opened', 4, ['/data/x']]);
  });

  test('gives every other error at once', async () => {
    const error = await new Promise<Error | null>((resolve) => {
      new Opener(() => undefined).open(join(directory, 'none'), 0, resolve);
    });
    expect(error).toMatchObject({ code: 'ENOENT' });
  });
});
