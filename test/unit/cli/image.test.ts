import { spawnSync } from 'node:child_process';
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, test } from '@jest/globals';

const BOOTSTRAP = fileURLToPath(new URL('../../../broker/cli/bootstrap.mjs', import.meta.url));
const directory = mkdtempSync(join(tmpdir(), 'weir-builders-'));
afterAll(() => rmSync(directory, { recursive: true, force: true }));

/** Runs `npm run image` where these programs are all there is: each writes down how it is called, and ends as it is told to. */
function image(builders: Readonly<Record<string, number>>, ...args: string[]) {
  const place = mkdtempSync(join(directory, 'path-'));
  const calls = join(place, 'calls');
  writeFileSync(calls, '');
  for (const [name, code] of Object.entries(builders)) {
    const program = join(place, name);
    writeFileSync(program, `#!/bin/sh\necho ${name} "$*" >>${calls}\nexit ${code}\n`);
    chmodSync(program, 0o755);
  }
  const env = { PATH: place, SOURCE_DATE_EPOCH: '86400' };
  const { status, stdout, stderr } = spawnSync(process.execPath, [BOOTSTRAP, 'image', ...args], {
    env,
    encoding: 'utf8',
  });
  return { status, stdout, stderr, calls: readFileSync(calls, 'utf8').trim().split('\n') };
}

const { version } = JSON.parse(readFileSync(new URL('../../../package.json', import.meta.url), 'utf8')) as {
  version: string;
};
const NAME = `docker.io/library/weir:${version}`;

describe('npm run image', () => {
  test('says what to do where nothing can build one, also where docker is there but its service is not', () => {
    for (const builders of [{}, { docker: 1, podman: 1 }]) {
      const { status, stderr } = image(builders);
      expect([status, stderr]).toEqual([
        1,
        expect.stringMatching(/none of docker, podman, buildah works[^]*Install one/),
      ]);
    }
  });

  test('takes the first that works', () => {
    expect(image({ docker: 1, podman: 0, buildah: 0 }).calls.map((call) => call.split(' ', 2).join(' '))).toEqual([
      'docker version',
      'podman info',
      'podman build',
    ]);
  });

  test.each([
    ['docker', 'docker build', '', `docker save --output FILE ${NAME}`],
    ['podman', 'podman build', ' --timestamp 86400', `podman save --output FILE ${NAME}`],
    ['buildah', 'buildah bud', ' --timestamp 86400', `buildah push ${NAME} docker-archive:FILE:${NAME}`],
  ])('tells %s what to make, and where to write it', (builder, build, time, save) => {
    const file = join(directory, 'weir.tar');
    const made = image(
      { [builder]: 0 },
      '--base',
      'debian:x',
      '--output',
      file,
      '--builder',
      builder,
      '--',
      '--some=option',
    );
    expect(made).toMatchObject({ status: 0, stdout: `${NAME} ${file}\n` });
    const root = fileURLToPath(new URL('../../../', import.meta.url));
    expect(made.calls).toEqual([
      [
        `${build} --build-arg BASE=debian:x --build-arg SOURCE_DATE_EPOCH=86400${time}`,
        `--label org.opencontainers.image.version=${version} --label org.opencontainers.image.created=1970-01-02T00:00:00Z`,
        `--tag ${NAME} --some=option ${root}`,
      ].join(' '),
      save.replace('FILE', file),
    ]);
  });

  test('fails as its builder does', () => {
    const { status, stderr } = image({ buildah: 3 }, '--builder', 'buildah');
    expect([status, stderr]).toEqual([1, expect.stringContaining('buildah bud failed: exit code 3')]);
  });

  test.each([
    ['--builder', 'kaniko'],
    ['--bse', 'x'],
  ])('refuses %s %s', (...args) => {
    expect(image({}, ...args).status).toBe(2);
  });
});

type Component = { 'bom-ref': string; name: string; scope?: string; properties: { name: string; value: string }[] };
const { billOf } = (await import(new URL('../../../broker/cli/bundle.mjs', import.meta.url).href)) as {
  billOf: (
    all: object,
    places: readonly string[],
  ) => { components: Component[]; dependencies: unknown; metadata: object };
};

describe('the list of what is in the image', () => {
  const component = (name: string, ...properties: Component['properties']): Component => ({
    'bom-ref': `${name}@1.0.0`,
    name,
    properties,
  });
  const all = {
    serialNumber: 'urn:uuid:x',
    metadata: { timestamp: 'now', component: { 'bom-ref': 'weir@1.0.0', name: 'directory' } },
    components: [
      component('a'),
      component('b', { name: 'cdx:npm:package:development', value: 'true' }),
      component('tool', { name: 'cdx:npm:package:development', value: 'true' }),
    ],
    dependencies: [
      { ref: 'weir@1.0.0', dependsOn: ['a@1.0.0', 'tool@1.0.0'] },
      { ref: 'a@1.0.0', dependsOn: ['b@1.0.0'] },
      { ref: 'tool@1.0.0', dependsOn: ['b@1.0.0'] },
    ],
  };

  test('is that of what is installed without what only builds it, and without a time or a place', () => {
    expect(billOf(all, ['a@1.0.0', 'b@1.0.0'])).toEqual({
      metadata: { component: { 'bom-ref': 'weir@1.0.0', name: '@weir-dev/weir' } },
      components: [component('a'), component('b')],
      dependencies: [
        { ref: 'weir@1.0.0', dependsOn: ['a@1.0.0'] },
        { ref: 'a@1.0.0', dependsOn: ['b@1.0.0'] },
      ],
    });
  });

  test('is refused where it lacks something', () => {
    expect(() => billOf(all, ['a@1.0.0', 'a@2.0.0'])).toThrow('npm sbom does not tell of a@2.0.0');
  });
});
