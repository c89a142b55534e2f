import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { exists } from '../../../setup/cache.ts';
import { mustRun } from '../../../setup/run.ts';
import { ROOT } from '../../../tidy/tree.ts';
import { packImage } from './archive.ts';

// A program without types.
const { build }: { build: (root: string) => Promise<void> } = await import(
  new URL('../../../../broker/cli/build.mjs', import.meta.url).href
);
const REFERENCE = 'weir.test/weir:0.1.0';
/** What programs load by name, not because they are linked with it. */
const NAME_SERVICE = [
  'libnss_dns.so.2',
  'libnss_files.so.2',
  'libresolv.so.2',
  'librt.so.1',
  'libdl.so.2',
  'libpthread.so.0',
];

/** An image of this tree, made of what runs here. */
export async function weirImage(): Promise<{
  readonly archive: string;
  readonly reference: string;
  readonly remove: () => Promise<void>;
}> {
  const work = await mkdtemp(join(tmpdir(), 'weir-image-'));
  const remove = async (): Promise<void> => rm(work, { recursive: true, force: true });
  const root = join(work, 'root');
  const node = '/usr/local/bin/node';
  const put = async (from: string, to: string): Promise<void> => {
    await mkdir(dirname(join(root, to)), { recursive: true });
    await cp(from, join(root, to), { recursive: true, dereference: true });
  };
  await put(process.execPath, node);
  const linked = [...(await mustRun('ldd', [process.execPath])).matchAll(/\/\S+/g)].map(([path]) => path);
  const libc = linked.find((path) => path.includes('/libc.so')) ?? '';
  const named = NAME_SERVICE.map((name) => join(dirname(libc), name));
  for (const path of [...linked.filter((one) => !one.includes('linux-vdso')), ...named])
    if (await exists(path)) await put(path, path);
  await build(ROOT);
  for (const name of ['package.json', 'dist', ...(await packages())]) await put(join(ROOT, name), join('app', name));
  for (const name of ['etc', 'tmp']) await mkdir(join(root, name), { recursive: true });
  await writeFile(join(root, 'etc/nsswitch.conf'), 'hosts: files dns\n');
  await writeFile(join(root, 'etc/passwd'), 'root:x:0:0::/:/none\nweir:x:65532:65532::/:/none\n');
  const archive = join(work, 'weir.tar');
  await packImage({ reference: REFERENCE, root, entrypoint: [node, '/app/dist/weir.js'], archive });
  await rm(root, { recursive: true });
  return { archive, reference: REFERENCE, remove };
}

/** Packages that are needed to run, and are here. */
async function packages(): Promise<readonly string[]> {
  // npm's own file.
  const lock = JSON.parse(await readFile(join(ROOT, 'package-lock.json'), 'utf8')) as {
    readonly packages: Readonly<Record<string, { readonly dev?: boolean; readonly devOptional?: boolean }>>;
  };
  const needed = Object.entries(lock.packages).flatMap(([path, { dev }]) =>
    path !== '' && dev !== true && !/node_modules\/node-(bin-)?(linux|darwin)/.test(path) ? [path] : [],
  );
  const there = await Promise.all(needed.map((path) => exists(join(ROOT, path))));
  return needed.filter((_, index) => there[index] === true);
}
