import { createHash } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { arch, tmpdir } from 'node:os';
import { join } from 'node:path';
import { mustRun } from '../../../setup/run.ts';

const ARCHITECTURES: Readonly<Record<string, string>> = { x64: 'amd64' };

/** Packs a directory as an image of one layer, as an archive that container runtimes take; needs root. */
export async function packImage(image: {
  readonly reference: string;
  /** Becomes `/`. */
  readonly root: string;
  readonly entrypoint: readonly string[];
  readonly archive: string;
}): Promise<void> {
  const { reference, root, entrypoint, archive } = image;
  const work = await mkdtemp(join(tmpdir(), 'weir-image-'));
  try {
    const layer = join(work, 'layer.tar');
    await mustRun('tar', [
      '--sort=name',
      '--numeric-owner',
      '--owner=0',
      '--group=0',
      '--mtime=@0',
      '-C',
      root,
      '-cf',
      layer,
      '.',
    ]);
    const digest = createHash('sha256')
      .update(await readFile(layer))
      .digest('hex');
    const config = {
      architecture: ARCHITECTURES[arch()] ?? arch(),
      os: 'linux',
      created: '1970-01-01T00:00:00Z',
      config: { Entrypoint: entrypoint, Env: ['PATH=/usr/local/bin:/usr/bin:/bin'] },
      rootfs: { type: 'layers', diff_ids: [`sha256:${digest}`] },
    };
    await writeFile(join(work, 'config.json'), JSON.stringify(config));
    const manifest = [{ Config: 'config.json', RepoTags: [reference], Layers: ['layer.tar'] }];
    await writeFile(join(work, 'manifest.json'), JSON.stringify(manifest));
    await mustRun('tar', ['-C', work, '-cf', archive, 'manifest.json', 'config.json', 'layer.tar']);
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}
