import { readFile } from 'node:fs/promises';
import { expect, test } from '@jest/globals';

type Packages = Record<string, { version?: string; optional?: boolean; optionalDependencies?: Record<string, string> }>;

const project = new URL('../../../', import.meta.url);
// The launcher's files are JavaScript, for Node 20; this is what the module exports.
const { completeLock } = (await import(new URL('broker/cli/lock.mjs', project).href)) as {
  completeLock: (packages: Packages) => void;
};

test('the lock names every optional package, so that npm ci takes it where a registry lacks some', async () => {
  const lock = JSON.parse(await readFile(new URL('package-lock.json', project), 'utf8')) as { packages: Packages };
  const before = Object.keys(lock.packages);
  completeLock(lock.packages);
  // Mend with: node broker/cli/bootstrap.mjs lock
  expect(Object.keys(lock.packages)).toEqual(before);
});

test('the lock names no registry', async () => {
  expect(await readFile(new URL('package-lock.json', project), 'utf8')).not.toMatch(
    /"resolved"|https?:\/\/(?!github|opencollective)[^"]*\.tgz/,
  );
});

test('a package that is missing is put back with the platform that its name tells', () => {
  const packages: Packages = {
    'node_modules/a': { version: '1.0.0', optionalDependencies: { '@a/darwin-arm64': '1.0.0' } },
  };
  completeLock(packages);
  expect(packages['node_modules/@a/darwin-arm64']).toEqual({
    version: '1.0.0',
    cpu: ['arm64'],
    optional: true,
    os: ['darwin'],
  });
});

test('a second version of a package goes below the one that wants it', () => {
  const packages: Packages = {
    'node_modules/a': { version: '1.0.0', optionalDependencies: { '@a/linux-x64': '1.0.0' } },
    'node_modules/@a/linux-x64': { version: '1.0.0' },
    'node_modules/b/node_modules/a': { version: '2.0.0', optionalDependencies: { '@a/linux-x64': '2.0.0' } },
  };
  completeLock(packages);
  expect(packages['node_modules/b/node_modules/a/node_modules/@a/linux-x64']).toMatchObject({ version: '2.0.0' });
});

test('a name that tells no platform is refused', () => {
  const packages: Packages = { 'node_modules/a': { version: '1.0.0', optionalDependencies: { extra: '1.0.0' } } };
  expect(() => completeLock(packages)).toThrow('the lock lacks extra@1.0.0');
});
