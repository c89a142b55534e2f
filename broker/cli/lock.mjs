// Renews package-lock.json after an edit of package.json. Some registries (mirrors above all) don't carry the packages
// of every platform; npm then leaves those out of the lock, and `npm ci` refuses a lock that misses them. They are put
// back by name: never fetched where they don't fit, fetched at the exact version where they do.
import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const SYSTEMS = ['aix', 'android', 'darwin', 'freebsd', 'linux', 'netbsd', 'openbsd', 'openharmony', 'sunos', 'win32'];
const CPUS = ['arm64', 'arm', 'ia32', 'loong64', 'mips64el', 'ppc64', 'riscv64', 's390x', 'wasm32', 'x64'];

/** The entry that the package at `from` finds under `name`, in its own node_modules or one above. */
function resolve(packages, from, name) {
  for (let at = from; ; at = at.slice(0, Math.max(0, at.lastIndexOf('/node_modules/')))) {
    const found = packages[`${at === '' ? '' : `${at}/`}node_modules/${name}`];
    if (found !== undefined || at === '') return found;
  }
}

/** Puts the optional dependencies that packages of the lock name and the lock does not hold into it. */
export function completeLock(packages) {
  for (const [path, parent] of Object.entries(packages)) {
    for (const [name, version] of Object.entries(parent.optionalDependencies ?? {})) {
      const found = resolve(packages, path, name);
      if (found !== undefined && (found.version === version || !/^\d/.test(version))) continue;
      const entry = entryOf(name, version, parent);
      if (entry === null) throw new Error(`the lock lacks ${name}@${version}, whose name does not tell its platform`);
      packages[`${found === undefined ? '' : `${path}/`}node_modules/${name}`] = entry;
    }
  }
}

/** The lock's entry of a package that only its name tells about; null when the name does not say the platform. */
function entryOf(name, version, parent) {
  const words = name.split(/[-/]/);
  const os = SYSTEMS.filter((system) => words.includes(system));
  const cpu = CPUS.filter((kind) => words.includes(kind));
  if (!/^\d+\.\d+\.\d+[^ ]*$/.test(version) || os.length !== 1 || cpu.length !== 1) return null;
  return { version, cpu, ...(parent.dev === true ? { dev: true } : {}), optional: true, os };
}

/** Renews the lock of the project at `root`. */
export function renewLock(root) {
  const { status } = spawnSync('npm', ['install', '--package-lock-only', '--ignore-scripts'], {
    cwd: root,
    stdio: 'inherit',
  });
  if (status !== 0) throw new Error('npm install --package-lock-only failed');
  const file = join(root, 'package-lock.json');
  const lock = JSON.parse(readFileSync(file, 'utf8'));
  completeLock(lock.packages);
  const [project, ...rest] = Object.entries(lock.packages);
  rest.sort(([a], [b]) => a.localeCompare(b, 'en'));
  lock.packages = Object.fromEntries([project, ...rest]);
  writeFileSync(file, `${JSON.stringify(lock, null, 2)}\n`);
}
