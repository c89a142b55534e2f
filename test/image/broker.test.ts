// The image as pods of the charts run it: as its own user, with nothing to write to but its volume, and without a shell.
import { chown, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { Kafka, logLevel } from 'kafkajs';
import { mustRun } from '../setup/run.ts';
import type { Child } from '../wire/harness/child.ts';
import { freePort, GiveUp, waitFor } from '../wire/harness/wait.ts';
import { ImageRoot, processesOf } from './harness/container.ts';

const SETUP_MS = 40 * 60_000;
const VERSION = (
  JSON.parse(await readFile(new URL('../../package.json', import.meta.url), 'utf8')) as { version: string }
).version;
/** What somebody who got in would use. */
const SHELLS = ['sh', 'dash', 'bash', 'env', 'perl'];
const LINES = Array.from({ length: 200 }, (_, index) => `line ${index} ${'x'.repeat(40)}`);

let root: ImageRoot;
let directory: string;
let broker: Child;
let bootstrap: string;
let httpPort: number;

/** A directory that the image's user may write to. */
async function ownDirectory(name: string): Promise<string> {
  const path = join(directory, name);
  await mkdir(path);
  const [uid = 0, gid = 0] = root.config.User.split(':').map(Number);
  await chown(path, uid, gid);
  return path;
}

beforeAll(async () => {
  root = await ImageRoot.open();
  directory = await mkdtemp(join(tmpdir(), 'weir-image-test-'));
  for (const name of SHELLS) await rm(join(root.path, 'usr/bin', name));
  bootstrap = `127.0.0.1:${await freePort()}`;
  httpPort = await freePort();
  const config = join(directory, 'config');
  await mkdir(config);
  const settings = [
    'node.id=0',
    `listeners=plain://${bootstrap}`,
    'log.dirs=/var/lib/weir/data',
    `weir.http.port=${httpPort}`,
  ];
  await writeFile(join(config, 'broker.properties'), `${settings.join('\n')}\n`);
  const lines: string[] = [];
  broker = await root.start({
    // It ends with this process, whatever happens to that.
    args: ['broker', '--config', '/etc/weir/config/broker.properties', '--exit-with-parent'],
    volumes: { '/etc/weir/config': config, '/var/lib/weir': await ownDirectory('data') },
    onLine: (line) => lines.push(line),
  });
  await waitFor('the broker is ready', () => {
    if (broker.exitCode !== null) throw new GiveUp([...lines, broker.tail()].join('\n'));
    return lines.some((line) => line.includes('"event":"ready"'));
  });
}, SETUP_MS);

afterAll(async () => {
  await root.close();
  await rm(directory, { recursive: true, force: true });
});

test.each(['version', '--version'])('weir %s tells which it is', async (word) => {
  expect(await root.run([word])).toEqual({ exitCode: 0, lines: [`weir ${VERSION}`] });
});

test.each(['broker', 'operator'])('weir %s is there and tells how it is called', async (verb) => {
  const { exitCode, lines } = await root.run([verb, '--help']);
  expect([exitCode, lines.some((line) => line.includes(`usage: weir ${verb}`))]).toEqual([0, true]);
});

test('says what can be done where nothing is asked for', () => {
  expect(root.config.Cmd).toEqual(['--help']);
});

test('the operator starts, and says what it looks for', async () => {
  const { exitCode, lines } = await root.run(['operator', '--http', '127.0.0.1:0']);
  expect([exitCode, lines.join('\n')]).toEqual([1, expect.stringMatching(/^weir: .*(kubeconfig|API server|cluster)/)]);
});

test('it tells its metrics', async () => {
  const answer = await fetch(`http://127.0.0.1:${httpPort}/metrics`);
  expect([answer.status, await answer.text()]).toEqual([200, expect.stringMatching(/^# HELP /m)]);
});

test.each(['lz4', 'snappy', 'zstd', 'gzip'])('what is put is stored with %s, and taken once', async (codec) => {
  const client = new Kafka({ brokers: [bootstrap], logLevel: logLevel.NOTHING });
  const admin = client.admin();
  const configEntries = [{ name: 'compression.type', value: codec }];
  await admin.createTopics({ topics: [{ topic: codec, numPartitions: 1, configEntries }] });
  await admin.disconnect();
  const taken: string[] = [];
  const flags = ['--topic', codec, '--bootstrap', bootstrap, '--max', String(LINES.length)];
  const member = await root.start({ args: ['take', `of-${codec}`, ...flags], onLine: (line) => taken.push(line) });
  const sent: string[] = [];
  // A group begins at the end, at a moment that only its member knows: what is put until then is not for it.
  while (member.exitCode === null) {
    const round = LINES.map((line) => `${sent.length / LINES.length} ${line}`);
    sent.push(...round);
    expect((await root.run(['put', codec, '--bootstrap', bootstrap], `${round.join('\n')}\n`)).exitCode).toBe(0);
  }
  expect(await member.exited).toBe(0);
  expect(taken).toHaveLength(LINES.length);
  expect(sent.join('\n')).toContain(taken.join('\n'));
});

test('its native code is that of the image, and nothing else runs in it', async () => {
  const pids = await processesOf(broker);
  const names = await Promise.all(pids.map(async (pid) => mustRun('readlink', [`/proc/${pid}/exe`])));
  expect(names.map((name) => name.trim())).toEqual(['/usr/local/bin/node']);
  const maps = await readFile(`/proc/${pids[0]}/maps`, 'utf8');
  const parts = [...maps.matchAll(/\/opt\/weir\/(\w[\w-]*)\.linux\S*\.node$/gm)].map(([, name]) => name);
  expect([...new Set(parts)].sort()).toEqual(['crc32', 'lz4-napi', 'snappy']);
});

test('is another user than root, may become none, and can write to nothing of the image', async () => {
  const [pid] = await processesOf(broker);
  const status = await readFile(`/proc/${pid}/status`, 'utf8');
  expect(status).toMatch(/^Uid:\t65532\t65532\t65532\t65532$/m);
  expect(status).toMatch(/^Gid:\t65532\t65532\t65532\t65532$/m);
  expect(status).toMatch(/^CapEff:\t0{16}$/m);
  expect(status).toMatch(/^NoNewPrivs:\t1$/m);
  const mounts = await readFile(`/proc/${pid}/mountinfo`, 'utf8');
  expect(mounts).toMatch(/ \/ \/ ro[, ]/);
});

test('stops cleanly when it is asked to', async () => {
  const [pid] = await processesOf(broker);
  if (pid === undefined) throw new Error('it does not run');
  process.kill(pid, 'SIGTERM');
  expect(await broker.exited).toBe(0);
});
