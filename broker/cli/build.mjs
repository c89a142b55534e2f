// Makes `dist/`, what users run: types stripped and files joined beforehand (at start that would cost 250 ms and 40 MB).
import { createHash } from 'node:crypto';
import {
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join, sep } from 'node:path';

/** Name of the npm package: the plain name `weir` belongs to somebody else there. */
export const PUBLISHED_NAME = '@weir-dev/weir';
const STAMP_NAME = '.stamp';
/** Terms of what is built in. */
export const LICENSES_NAME = 'licenses.txt';
/** The package that is built into what users run: as it is it takes 64 MB on the disk, a second at start and 84 MB of memory. */
export const BUNDLED = '@kubernetes/client-node';
/** What is in CommonJS asks for Node's modules with `require`. */
export const REQUIRE = `import { createRequire as requireOf } from 'node:module'; const require = requireOf(import.meta.url);`;
const SOURCES = ['broker', 'operator', 'package.json'];

/**
 * Programs of `dist/` and their sources. `weir` is the launcher, which imports `main`. All files lie flat in `dist/`, so that
 * code finds the worker beside itself: `new URL(`./worker${extname(import.meta.url)}`, import.meta.url)`, from source too.
 */
export const ENTRIES = {
  weir: 'broker/cli/launch.mjs',
  main: 'broker/cli/weir.ts',
  worker: 'broker/io/control/worker.ts',
};

/** A digest of name, size and time of every source: other when any of them was edited, added or removed. */
function stampOf(root) {
  const hash = createHash('sha1');
  const visit = (path) => {
    const { size, mtimeMs } = statSync(join(root, path));
    hash.update(`${path}:${size}:${mtimeMs}\n`);
  };
  for (const top of SOURCES) {
    if (top.includes('.')) visit(top);
    else {
      const entries = readdirSync(join(root, top), { recursive: true, withFileTypes: true });
      for (const entry of entries)
        if (entry.isFile()) visit(join(entry.parentPath ?? entry.path, entry.name).slice(root.length));
    }
  }
  return hash.digest('hex');
}

/** Of the one package the part that reads kubeconfigs is taken, with what it needs. Bare imports of our own of others are what `other` makes of them. */
export function packages(root, other) {
  return {
    name: 'packages',
    setup({ onResolve }) {
      onResolve({ filter: /^[^./]/ }, ({ path, importer, kind }) => {
        if (kind === 'entry-point' || importer.includes(`${sep}node_modules${sep}`)) return undefined;
        return path === BUNDLED ? { path: join(root, 'node_modules', BUNDLED, 'dist/config.js') } : other(path);
      });
    },
  };
}

/** Where the packages are, relative to the project, that files of them came from: sorted, each once. */
export function placesOf(inputs) {
  const places = inputs.flatMap((path) => /^(.*node_modules\/(?:@[^/]+\/)?[^/]+)\//.exec(path)?.[1] ?? []);
  return [...new Set(places)].sort();
}

/** Under what terms the packages came that are in what was built. */
export function licenses(root, places) {
  const texts = places.map((place) => {
    const { name, version, license } = JSON.parse(readFileSync(join(root, place, 'package.json'), 'utf8'));
    const files = readdirSync(join(root, place)).filter((file) => /^(licen[cs]e|notice|copying)/i.test(file));
    const terms = files.map((file) => readFileSync(join(root, place, file), 'utf8').trim());
    return [`${name} ${version} (${license})`, ...terms].join('\n\n');
  });
  return `${texts.join(`\n\n${'-'.repeat(72)}\n\n`)}\n`;
}

/** Builds `dist/` below `root` unless it is up to date; `force` builds it anyway. */
export async function build(root, force = false) {
  const stamp = stampOf(root);
  const stampFile = join(root, 'dist', STAMP_NAME);
  if (!force && existsSync(stampFile) && readFileSync(stampFile, 'utf8') === stamp) return;
  const { build: bundle } = await import('esbuild');
  const entries = Object.entries(ENTRIES).filter(([, source]) => existsSync(join(root, source)));
  const fresh = join(root, `dist-${process.pid}`);
  const { metafile } = await bundle({
    absWorkingDir: root,
    entryPoints: Object.fromEntries(entries),
    outdir: fresh,
    bundle: true,
    splitting: true,
    format: 'esm',
    platform: 'node',
    target: 'esnext',
    plugins: [packages(root, (path) => ({ path, external: true }))],
    metafile: true,
    sourcemap: true,
    chunkNames: '[name]-[hash]',
    banner: { js: `#!/usr/bin/env node\n${REQUIRE}` },
    logLevel: 'warning',
  });
  writeFileSync(join(fresh, LICENSES_NAME), licenses(root, placesOf(Object.keys(metafile.inputs))));
  writeFileSync(join(fresh, STAMP_NAME), stamp);
  replaceDirectory(fresh, join(root, 'dist'));
}

/** Puts a finished directory in the place of another; when two builders race, either result will do. */
function replaceDirectory(fresh, old) {
  rmSync(old, { recursive: true, force: true });
  try {
    renameSync(fresh, old);
  } catch (error) {
    if (error?.code !== 'ENOTEMPTY' && error?.code !== 'EEXIST') throw error;
    rmSync(fresh, { recursive: true, force: true });
  }
}

/** Writes the directory that `npm pack` packs: what users need, under the published name. Gives its path. */
export function stage(root) {
  const directory = join(root, 'dist', 'package');
  rmSync(directory, { recursive: true, force: true });
  mkdirSync(directory, { recursive: true });
  const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  const { private: _private, scripts: _scripts, devDependencies: _dev, ...published } = manifest;
  const text = JSON.stringify({ ...published, name: PUBLISHED_NAME }, null, 2);
  writeFileSync(join(directory, 'package.json'), `${text}\n`);
  const isWanted = (path) => !path.startsWith(directory) && !path.endsWith(STAMP_NAME) && !path.endsWith('.tgz');
  for (const name of ['examples', 'LICENSE', 'README.md']) {
    if (existsSync(join(root, name))) cpSync(join(root, name), join(directory, name), { recursive: true });
  }
  for (const name of readdirSync(join(root, 'dist'))) {
    const path = join(root, 'dist', name);
    if (isWanted(path)) cpSync(path, join(directory, 'dist', name), { recursive: true });
  }
  return directory;
}
