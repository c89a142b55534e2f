// What is in the image, and what is not.
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { cacheDirectory } from '../setup/cache.ts';
import { ensureImage } from '../setup/image.ts';
import { mustRun } from '../setup/run.ts';
import { ROOT } from '../tidy/tree.ts';
import { ImageRoot } from './harness/container.ts';

const SETUP_MS = 40 * 60_000;
const BYTES_MAX = 140_000_000;
/** Everything that lies above the base: the program, Node, users, and what of the base runs as its owner no more. */
const OWN = [
  /^opt\/weir\/(weir|worker|[\w.-]+-[0-9A-Z]{8})\.js(\.map)?$/,
  /^opt\/weir\/(crc32|lz4-napi|snappy)\.linux-(x64|arm64)-gnu\.node$/,
  /^opt\/weir\/(LICENSE|licenses\.txt|package\.json|sbom\.cdx\.json)$/,
  /^usr\/local\/bin\/(node|weir)$/,
  /^etc\/(passwd|group)$/,
  /^var\/lib\/dpkg\/status\.d\/libatomic1$/,
  /^usr\/(s?bin|lib)\/[\w./-]+$/,
];

interface Component {
  readonly name: string;
  readonly version: string;
  readonly purl: string;
}

let root: ImageRoot;
let layer: readonly { readonly path: string; readonly bytes: number; readonly line: string }[];

beforeAll(async () => {
  root = await ImageRoot.open();
  const { archive } = await ensureImage();
  const directory = await mkdtemp(join(tmpdir(), 'weir-image-test-'));
  try {
    await mustRun('tar', ['-xf', archive, '-C', directory]);
    const [{ Layers }] = JSON.parse(await readFile(join(directory, 'manifest.json'), 'utf8')) as [{ Layers: string[] }];
    const file = join(directory, Layers.at(-1) ?? '');
    const listed = await mustRun('tar', ['--numeric-owner', '--full-time', '-tvf', file], { env: { TZ: 'UTC' } });
    layer = listed
      .trim()
      .split('\n')
      .map((line) => {
        const [, bytes = '', path = ''] = /^\S+ +\S+ +(\d+) +\S+ +\S+ +(.+?)(?: (?:->|link to) .+)?$/.exec(line) ?? [];
        return { path, bytes: Number(bytes), line };
      });
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}, SETUP_MS);

afterAll(() => root.close());

const read = async (path: string): Promise<string> => readFile(join(root.path, path), 'utf8');

describe('what lies above the base', () => {
  test('is what it is made of, and nothing else: no logs, caches, sources, lists of what could be installed', () => {
    const files = layer.filter(({ path }) => !path.endsWith('/')).map(({ path }) => path);
    expect(files.filter((path) => !OWN.some((pattern) => pattern.test(path)))).toEqual([]);
    expect(files).toEqual(expect.arrayContaining(['usr/local/bin/node', 'usr/local/bin/weir', 'opt/weir/weir.js.map']));
  });

  test(`takes less than ${BYTES_MAX / 1e6} MB`, () => {
    const bytes = layer.reduce((sum, one) => sum + one.bytes, 0);
    expect(bytes).toBeGreaterThan(BYTES_MAX / 10);
    expect(bytes).toBeLessThan(BYTES_MAX);
  });

  test('belongs to root, has one time, and nobody else may write to it', () => {
    expect(
      layer.filter(({ line }) => !/^(l|[-d][r-][w-][x-][r-]-[x-][r-]-[x-]) *\S* 0\/0 .*1970-01-01/.test(line)),
    ).toEqual([]);
  });

  test('has no symbols', async () => {
    expect(await mustRun('file', [join(root.path, 'usr/local/bin/node')])).toMatch(/, stripped/);
  });

  test('names nothing of where it was built', async () => {
    const words = [ROOT, await cacheDirectory(), '/run/secrets/ca', 'cafile='];
    const patterns = words.flatMap((word) => ['-e', word]);
    const found = await mustRun('sh', [
      '-c',
      'grep -rlFI "$@" || true',
      'sh',
      ...patterns,
      join(root.path, 'opt/weir'),
    ]);
    expect(found).toBe('');
    const { sources } = JSON.parse(await read('opt/weir/weir.js.map')) as { sources: readonly string[] };
    expect(sources.filter((source) => !/^\.\.\/(broker|operator|node_modules)\//.test(source))).toEqual([]);
  });
});

describe('the whole of it', () => {
  test('has nothing that runs as its owner, and no file or directory that all may change', async () => {
    const find = async (...args: string[]): Promise<string> => mustRun('find', [root.path, '-xdev', ...args]);
    expect(await find('-perm', '/6000', '-not', '-type', 'd')).toBe('');
    expect(await find('-type', 'f', '-perm', '-0002')).toBe('');
    expect(await find('-type', 'd', '-perm', '-0002', '-not', '-perm', '-1000')).toBe('');
  });

  test('says what it is', async () => {
    const { version } = JSON.parse(await readFile(join(ROOT, 'package.json'), 'utf8')) as { version: string };
    expect(root.config.Labels).toMatchObject({
      'org.opencontainers.image.title': 'Weir',
      'org.opencontainers.image.description': expect.stringContaining('Kafka protocol'),
      'org.opencontainers.image.licenses': 'Apache-2.0',
      'org.opencontainers.image.version': version,
      'org.opencontainers.image.created': '1970-01-01T00:00:00Z',
    });
    expect([root.config.User, root.config.Entrypoint]).toEqual(['65532:65532', ['/usr/local/bin/weir']]);
    expect(await read('etc/passwd')).toMatch(/^weir:x:65532:65532:/m);
  });

  test('lists what is in it, as the lock has it, with Node and what is bundled, and nothing that only builds it', async () => {
    const bill = JSON.parse(await read('opt/weir/sbom.cdx.json')) as {
      bomFormat: string;
      components: readonly Component[];
      dependencies: readonly { ref: string; dependsOn: readonly string[] }[];
    };
    expect(bill.bomFormat).toBe('CycloneDX');
    const lock = JSON.parse(await readFile(join(ROOT, 'package-lock.json'), 'utf8')) as {
      packages: Readonly<Record<string, { version: string }>>;
    };
    const names = bill.components.map(({ name }) => name);
    const native = `linux-${process.arch}`;
    expect(names).toEqual(
      expect.arrayContaining([
        `node-${native}`,
        `@node-rs/crc32-${native}-gnu`,
        `@napi-rs/snappy-${native}-gnu`,
        `@antoniomuso/lz4-napi-${native}-gnu`,
        ...['pino', 'yaml', '@grpc/grpc-js', 'protobufjs', '@kubernetes/client-node'],
      ]),
    );
    expect(names.filter((name) => /jest|esbuild|kafkajs|typescript|oxlint|knip/.test(name))).toEqual([]);
    for (const { name, version, purl } of bill.components) {
      expect(purl).toBe(`pkg:npm/${name.replace('@', '%40')}@${version}`);
      const versions = Object.entries(lock.packages).filter(([path]) => path.endsWith(`node_modules/${name}`));
      expect([name, versions.map(([, one]) => one.version)]).toEqual([name, expect.arrayContaining([version])]);
    }
    const terms = await read('opt/weir/licenses.txt');
    for (const { name, version } of bill.components) expect(terms).toContain(`${name} ${version} (`);
  });
});
