import { copyFile, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { expect, test } from '@jest/globals';
import { buildImage, ensureImage, imageSources } from '../setup/image.ts';
import { mustRun } from '../setup/run.ts';
import { ROOT } from '../tidy/tree.ts';

const BUILDS_MS = 60 * 60_000;

/** Names of the layers and of the configuration of an archive: their digests. */
const digestsOf = async (archive: string): Promise<string> => mustRun('tar', ['-xOf', archive, 'manifest.json']);

test(
  'the same sources at another place and time make the same image, byte for byte',
  async () => {
    const { archive } = await ensureImage();
    const directory = await mkdtemp(join(tmpdir(), 'weir-image-test-'));
    try {
      const clone = join(directory, 'clone');
      for (const path of await imageSources()) {
        await mkdir(dirname(join(clone, path)), { recursive: true });
        await copyFile(join(ROOT, path), join(clone, path));
      }
      // No part of the program: what was built before can't be taken for it, and has to be built anew.
      await writeFile(join(clone, 'broker/NOTE.md'), 'built again\n');
      await buildImage(clone, join(directory, 'image.tar'));
      expect(await digestsOf(join(directory, 'image.tar'))).toBe(await digestsOf(archive));
    } finally {
      await rm(directory, { recursive: true, force: true });
    }
  },
  BUILDS_MS,
);
