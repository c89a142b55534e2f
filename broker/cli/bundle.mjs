// What the image holds besides Node: the program with all its packages in one bundle, and the list of what is in it.
import { spawnSync } from 'node:child_process';
import { chmodSync, copyFileSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { ENTRIES, LICENSES_NAME, licenses, packages, placesOf, PUBLISHED_NAME, REQUIRE } from './build.mjs';
import { runtimePackage } from './runtime.mjs';

/** No shell and no `env` is needed to start it. */
const BANNER = `#!/usr/local/bin/node\n${REQUIRE}`;
/** Packages with native code. Each has it in one package a platform, of which that of this one is taken, without what looks for it. */
const NATIVE = ['@node-rs/crc32', 'lz4-napi', 'snappy'];
/** The list of what the image holds, where tools look for it. */
const BILL_NAME = 'sbom.cdx.json';

const readJson = (...path) => JSON.parse(readFileSync(join(...path), 'utf8'));

/** Where the native code of a package is for this platform. An installer may take what is for musl, too. */
function nativePlace(root, name) {
  const { optionalDependencies } = readJson(root, 'node_modules', name, 'package.json');
  const place = Object.keys(optionalDependencies)
    .map((one) => `node_modules/${one}`)
    .find((one) => existsSync(join(root, one)) && !(readJson(root, one, 'package.json').libc ?? []).includes('musl'));
  if (place === undefined) throw new Error(`${name} has nothing for this platform`);
  return { place, file: readJson(root, place, 'package.json').main };
}

/** Has native code loaded from beside the bundle, with a name for each of its functions. */
function nativeCode(root) {
  const load = createRequire(join(root, 'package.json'));
  return {
    name: 'native code',
    setup({ onLoad, onResolve }) {
      onResolve({ filter: new RegExp(`^(${NATIVE.join('|')})$`) }, ({ path }) => ({ path, namespace: 'native' }));
      onResolve({ filter: /\.node$/, namespace: 'native' }, ({ path }) => ({ path, external: true }));
      onLoad({ filter: /./, namespace: 'native' }, ({ path }) => {
        const { place, file } = nativePlace(root, path);
        const names = Object.keys(load(join(root, place, file))).join(', ');
        return { contents: `const native = require('./${file}'); export const { ${names} } = native;` };
      });
    },
  };
}

/** What npm says is installed, all of it, as CycloneDX. */
function installed(root) {
  const { status, stdout, stderr, error } = spawnSync('npm', ['sbom', '--sbom-format=cyclonedx'], {
    cwd: root,
    encoding: 'utf8',
    maxBuffer: 64 << 20,
  });
  if (status !== 0) throw new Error(`npm sbom: ${error?.message ?? stderr}`);
  return JSON.parse(stdout);
}

/** Of the list of all that is installed that of `packages`, each `name@version`: the same whenever and wherever it is made. */
export function billOf({ serialNumber: _, ...all }, packages) {
  const components = all.components
    .filter((one) => packages.includes(one['bom-ref']))
    // That the project needs it only to build is not true of what was built.
    .map((one) => ({ ...one, properties: one.properties.filter(({ name }) => !name.endsWith(':development')) }));
  const missing = packages.filter((ref) => !components.some((one) => one['bom-ref'] === ref));
  if (missing.length > 0) throw new Error(`npm sbom does not tell of ${missing.join(', ')}`);
  const { timestamp: _time, component, ...metadata } = all.metadata;
  const refs = [component['bom-ref'], ...packages];
  const dependencies = all.dependencies
    .filter(({ ref }) => refs.includes(ref))
    .map(({ ref, dependsOn }) => ({ ref, dependsOn: dependsOn.filter((one) => refs.includes(one)) }));
  // npm calls it by the name of its directory.
  return {
    ...all,
    metadata: { ...metadata, component: { ...component, name: PUBLISHED_NAME } },
    components,
    dependencies,
  };
}

/**
 * Writes the program into `directory`: `weir.js`, which is started, with all that it needs beside it, in parts that are loaded when they are
 * needed (in one file it takes 29 MiB more of a broker's memory). Maps of sources are for those who ask: `NODE_OPTIONS=--enable-source-maps`
 * costs 35 MiB.
 */
export async function bundle(root, directory) {
  const { build } = await import('esbuild');
  const { metafile } = await build({
    absWorkingDir: root,
    entryPoints: { weir: ENTRIES.main, worker: ENTRIES.worker },
    outdir: directory,
    bundle: true,
    splitting: true,
    format: 'esm',
    platform: 'node',
    target: 'esnext',
    plugins: [nativeCode(root), packages(root, () => undefined)],
    metafile: true,
    sourcemap: true,
    sourcesContent: false,
    chunkNames: '[name]-[hash]',
    banner: { js: BANNER },
    logLevel: 'warning',
  });
  chmodSync(join(directory, 'weir.js'), 0o755);
  const native = NATIVE.map((name) => nativePlace(root, name));
  for (const { place, file } of native) copyFileSync(join(root, place, file), join(directory, file));
  const bundled = placesOf(Object.keys(metafile.inputs));
  const places = [...bundled, ...native.map(({ place }) => place), `node_modules/${runtimePackage()}`].sort();
  writeFileSync(join(directory, LICENSES_NAME), licenses(root, places));
  const versions = places.map((place) => readJson(root, place, 'package.json'));
  const bill = billOf(installed(root), [...new Set(versions.map(({ name, version }) => `${name}@${version}`))]);
  writeFileSync(join(directory, BILL_NAME), `${JSON.stringify(bill, null, 2)}\n`);
  copyFileSync(join(root, 'LICENSE'), join(directory, 'LICENSE'));
  const { version, license } = readJson(root, 'package.json');
  const own = { name: PUBLISHED_NAME, version, license, type: 'module' };
  writeFileSync(join(directory, 'package.json'), `${JSON.stringify(own, null, 2)}\n`);
}
