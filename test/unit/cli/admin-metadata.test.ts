import { appendFileSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { run } from '../../../broker/cli/run.ts';
import { decodeRecords, encodeRecords } from '../../../broker/core/metadata/records.ts';
import { MetadataImage } from '../../../broker/core/metadata/image.ts';
import { Raft, type RaftStart } from '../../../broker/core/raft/raft.ts';
import type { Entry, ReplicaKey } from '../../../broker/core/raft/types.ts';
import { crc32c } from '../../../broker/io/crc32c.ts';
import { NodeDisk } from '../../../broker/io/disk/node-disk.ts';
import { openIdentity } from '../../../broker/server/control/identity.ts';
import { METADATA_DIRECTORY, segmentName } from '../../../broker/server/control/log-files.ts';
import { type OpenedRaft, openRaftStorage } from '../../../broker/server/control/raft-storage.ts';
import { runTask, type Task } from '../../../broker/server/task.ts';
import { MetadataLab, newTopic, sampleId } from '../../support/metadata/lab.ts';
import { encodeFrame } from '../../support/metadata/release-0-1-0.ts';

const SILENT = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined };
const OTHERS: readonly ReplicaKey[] = [2, 3].map((id) => ({ id, directoryId: sampleId(500_000 + id) }));

let directory = '';
let log = '';
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'weir-admin-'));
  log = join(directory, METADATA_DIRECTORY);
});
afterEach(() => {
  rmSync(directory, { recursive: true, force: true });
});

const disk = new NodeDisk((input) => {
  setImmediate(input);
});

function finished<T>(task: Task<T>): Promise<T> {
  return new Promise((settle, fail) => {
    runTask(task, (error, value) => {
      if (error === null) settle(value as T);
      else fail(error instanceof Error ? error : new Error(String(error)));
    });
  });
}

async function admin(
  ...args: string[]
): Promise<{ readonly code: number; readonly out: readonly string[]; readonly err: string }> {
  const out: string[] = [];
  let err = '';
  const code = await run(['admin', ...args], {
    stdin: Readable.from([]),
    isInteractive: false,
    out: (text) => out.push(text),
    note: (text) => {
      err += `${text}\n`;
    },
  });
  return { code, out, err };
}

/** Makes this directory node 1's; gives the replica that it is. */
async function identify(): Promise<ReplicaKey> {
  const random = { uint32: () => 7, bytes: (size: number) => Buffer.alloc(size, 77) };
  const wanted = { directory, nodeId: 1, clusterId: sampleId(0) };
  const { nodeId, directoryId } = await finished(openIdentity({ disk, random, crc32c }, wanted));
  return { id: nodeId, directoryId };
}

function open(self: ReplicaKey): Promise<OpenedRaft> {
  const timers = {
    after: (delayMs: number, callback: () => void) => {
      const timer = setTimeout(callback, delayMs);
      return { cancel: () => clearTimeout(timer) };
    },
  };
  const onFatal = (message: string): void => {
    throw new Error(message);
  };
  return finished(openRaftStorage({ disk, crc32c, directory: log, self, timers, log: SILENT, onFatal }));
}

const closed = ({ storage }: OpenedRaft): Promise<void> => new Promise((done) => storage.close(() => done()));

/** A cluster with something of everything. */
function cluster(): MetadataLab {
  const lab = MetadataLab.withBrokers([1, 2]);
  lab.create(newTopic('orders', { partitionCount: 2, configs: [{ name: 'retention.ms', value: '5' }] }));
  lab.run(lab.controllerRegistration(1));
  return lab;
}

/** The log of a voter among three, whose metadata is that of `lab`; a snapshot stands for the first batches. */
async function writeLog(self: ReplicaKey, lab: MetadataLab, voters = [self, ...OTHERS]): Promise<void> {
  const opened = await open(self);
  const { storage } = opened;
  await new Promise<void>((done) => storage.format(voters, done));
  const kept = new MetadataImage();
  const [formation, ...rest] = lab.batches;
  if (formation === undefined) throw new Error('no batch');
  kept.apply(decodeRecords(formation), 0);
  const entries: Entry[] = [
    { index: 1, term: 4, body: { kind: 'no-op' } },
    ...lab.batches.map((payload, at): Entry => ({ index: at + 2, term: 4, body: { kind: 'batch', payload } })),
  ];
  const written = new Promise<void>((done) => storage.onWritten((write) => write === 2 && done()));
  storage.write({
    kind: 'write',
    write: 1,
    hardState: { term: 5, votedFor: self, damagedUpTo: 0, damagedTerm: 0 },
    entries: entries.slice(0, 3),
  });
  storage.write({ kind: 'write', write: 2, entries: entries.slice(3) });
  await written;
  expect(rest.length).toBeGreaterThan(3);
  await closed(opened);
}

describe('weir admin metadata', () => {
  it('tells what the log of a voter says: where it ends, who votes, and what there is', async () => {
    const self = await identify();
    const lab = cluster();
    await writeLog(self, lab);
    const before = readdirSync(log);
    const { code, out } = await admin('metadata', '--data', directory);
    expect(code).toBe(0);
    const summary = new Map(
      out
        .join('\n')
        .split('\n')
        .map((row) => [row.split(':')[0], row.slice(13)] as const),
    );
    expect(summary.get('cluster')).toBe(sampleId(0));
    expect(summary.get('term')).toBe(`5, voted for 1@${self.directoryId}`);
    expect(summary.get('voters')?.split(', ')).toEqual([self, ...OTHERS].map((one) => `${one.id}@${one.directoryId}`));
    expect(summary.get('log')).toBe(`ends at index ${lab.batches.length + 1} of term 4, offset ${lab.image.offset}`);
    expect([
      summary.get('brokers'),
      summary.get('controllers'),
      summary.get('topics'),
      summary.get('partitions'),
    ]).toEqual(['2', '1', '1', '2']);
    // It looks and does not touch.
    expect(readdirSync(log)).toEqual(before);
  });

  it('tells of voters that run on one machine, of no other controllers (P1)', async () => {
    const lab = cluster();
    const self = await identify();
    for (const id of [2, 3, 4]) lab.run(lab.controllerRegistration(id, { machine: `machine-${(id + 1) % 2}` }));
    await writeLog(self, lab);
    expect((await admin('metadata', '--data', directory)).out.join('\n')).toMatch(
      /^together: {4}voters 1 and 2 run on machine-1\n/m,
    );
    const [json = ''] = (await admin('metadata', '--data', directory, '--json')).out;
    expect(JSON.parse(json)).toMatchObject({ sharedMachines: [{ machine: 'machine-1', ids: [1, 2] }] });
  });

  it('tells what is wanted of brokers, and who may lead besides the ISR', async () => {
    const lab = cluster();
    lab.create(newTopic('pairs', { replicationFactor: 2, configs: [{ name: 'min.insync.replicas', value: '2' }] }));
    const { epoch = -1 } = lab.image.brokers()[1] ?? {};
    lab.run({ kind: 'setBrokerPlacement', brokerId: 2, cordoned: true, draining: true });
    lab.run({ kind: 'fenceBroker', brokerId: 2, brokerEpoch: epoch });
    await writeLog(await identify(), lab);
    const said = async (part: string) => (await admin('metadata', part, '--data', directory)).out.join('\n');
    expect(await said('brokers')).toMatch(/^broker 2 fenced, restarted uncleanly, cordoned, draining, epoch \d+/m);
    expect(await said('topics')).toMatch(/^ {2}0 leader 1 replicas \d,\d isr 1 elr 2 epochs/m);
  });

  it.each<[string, RegExp]>([
    ['features', /^weir\.version 4$/m],
    [
      'brokers',
      /^broker 1 in, restarted uncleanly, epoch \d+ rack - host - directory \S{22} PLAINTEXT:\/\/host-1:9092$/m,
    ],
    ['controllers', /^controller 1 at host-1:9093 host machine-1 directory \S{22} weir 1-4$/m],
    ['topics', /^topic orders \S{22}\n {2}0 leader \d replicas \d isr \d epochs 0\/0, durable from 0\n {2}1 leader/m],
    ['configs', /^topic "orders" retention\.ms=5$/m],
    [
      'log',
      /^1 term 4 no-op\n2 term 4 batch\n {2}0 \{"kind":"cluster","clusterId":"\S{22}"\}\n {2}1 \{"kind":"feature"/m,
    ],
  ])('%s: in text, and as one object a line', async (part, text) => {
    await writeLog(await identify(), cluster());
    expect((await admin('metadata', part, '--data', directory)).out.join('\n')).toMatch(text);
    const { out } = await admin('metadata', part, '--data', directory, '--json');
    expect(out.length).toBeGreaterThan(0);
    for (const row of out) expect(Object.keys(JSON.parse(row) as object).length).toBeGreaterThan(1);
  });

  it('goes by the newest snapshot, and names records by the offsets that they have', async () => {
    const self = await identify();
    const lab = cluster();
    await writeLog(self, lab);
    const opened = await open(self);
    const middle = new MetadataImage();
    for (const batch of lab.batches.slice(0, 2)) middle.apply(decodeRecords(batch), middle.offset + 1);
    const content = { payload: encodeRecords([...middle.snapshot()]), offset: middle.offset };
    const meta = { place: { index: 3, term: 4 }, voters: [self, ...OTHERS] };
    await new Promise((done) => opened.storage.keepSnapshot(meta, content, done));
    await closed(opened);
    const { out, code } = await admin('metadata', 'log', '--data', directory);
    expect(code).toBe(0);
    expect(out[0]).toBe(`snapshot at index 3 of term 4, offset ${middle.offset}`);
    expect(out[1]).toMatch(new RegExp(`^4 term 4 batch\n  ${middle.offset + 1} `));
    const [summary = '{}'] = (await admin('metadata', '--data', directory, '--json')).out;
    expect(JSON.parse(summary)).toMatchObject({ offset: lab.image.offset, snapshotIndex: 3, topics: 1 });
  });

  it('shows what is left of a damaged log, says so, and ends with 1', async () => {
    await writeLog(await identify(), cluster());
    const segment = readdirSync(log).find((name) => name.endsWith('.rounds')) ?? '';
    appendFileSync(join(log, segment), 'no frame');
    const { code, out, err } = await admin('metadata', '--data', directory);
    expect(code).toBe(1);
    expect(err).toContain('8 bytes behind it are no frame');
    expect(out.join('\n')).toContain('topics:      1');
  });

  it('reads the log of release 0.1.0 as well', async () => {
    await identify();
    const lab = cluster();
    let baseOffset = 0;
    const entries = lab.batches.map((payload, at) => {
      const recordCount = decodeRecords(payload).length;
      baseOffset += recordCount;
      return { index: at + 1, baseOffset: baseOffset - recordCount, recordCount, payload };
    });
    writeFileSync(join(log, segmentName(1)), encodeFrame({ term: 2, entries }, crc32c));
    const [summary = '{}'] = (await admin('metadata', '--data', directory, '--json')).out;
    expect(JSON.parse(summary)).toMatchObject({ format: 'local', offset: lab.image.offset, topics: 1, lastTerm: 2 });
  });

  it('refuses an unknown part, a missing directory and flags of other actions', async () => {
    expect(await admin('metadata', 'all', '--data', directory)).toMatchObject({ code: 2 });
    expect(await admin('metadata', '--data', join(directory, 'none'))).toMatchObject({
      code: 1,
      err: expect.stringContaining('ENOENT'),
    });
    expect(await admin('metadata', '--data', directory, '--topic', 't')).toMatchObject({
      code: 2,
      err: expect.stringContaining('--topic is not for metadata'),
    });
    expect(await admin('nothing')).toMatchObject({ code: 2 });
  });
});

describe('weir admin recover-quorum', () => {
  function config(): string {
    const file = join(directory, 'node.properties');
    writeFileSync(file, `node.id=1\nlog.dirs=${directory}\nlisteners=PLAINTEXT://127.0.0.1:0\n`);
    return file;
  }

  it('says what is lost and changes nothing without --accept-data-loss', async () => {
    const self = await identify();
    const lab = cluster();
    await writeLog(self, lab);
    const before = readdirSync(log);
    const { code, err } = await admin('recover-quorum', '--config', config());
    expect(code).toBe(1);
    expect(err).toContain(`goes on from index ${lab.batches.length + 1} of term 4, offset ${lab.image.offset}`);
    expect(err).toContain('lost is what the others have committed beyond that');
    for (const { id, directoryId } of OTHERS) expect(err).toContain(`${id}@${directoryId}`);
    expect(err).toContain('nothing was changed; give --accept-data-loss');
    expect(readdirSync(log)).toEqual(before);
  });

  it('makes the node the only voter, with all the metadata that it has, in a later term', async () => {
    const self = await identify();
    const lab = cluster();
    await writeLog(self, lab);
    const { code, err } = await admin('recover-quorum', '--config', config(), '--accept-data-loss');
    expect(err).toContain('node 1 is the only voter now');
    expect(code).toBe(0);
    const opened = await open(self);
    const { start, snapshot, damage } = opened;
    await closed(opened);
    expect(damage).toBe(null);
    expect(start?.hardState).toEqual({ term: 6, votedFor: self, damagedUpTo: 0, damagedTerm: 0 });
    expect(start?.snapshot).toMatchObject({ voters: [self], place: { index: lab.batches.length + 2, term: 6 } });
    const image = new MetadataImage();
    image.restore(decodeRecords(snapshot?.payload ?? new Uint8Array()), lab.image.offset);
    // Brokers that have seen what is lost are behind it, and get all of it anew.
    expect(snapshot?.offset).toBe(lab.image.offset + 1_000_000_000);
    expect(image.describe()).toBe(lab.image.describe());
    if (start === null) throw new Error('no log');
    expect(leads(self, start)).toBe(true);
    expect(await admin('recover-quorum', '--config', config())).toMatchObject({
      code: 1,
      err: expect.stringContaining('is the only voter already'),
    });
    // Unless it is an older copy, which nobody can tell.
    expect(await admin('recover-quorum', '--config', config(), '--accept-data-loss')).toMatchObject({ code: 0 });
    const kept = readdirSync(join(log, 'before-term-6'));
    expect(kept).toContain('quorum.state');
    expect(kept.some((name) => name.endsWith('.rounds'))).toBe(true);
  });

  it('goes on with what is left of a damaged log, and says what is not', async () => {
    const self = await identify();
    const lab = cluster();
    await writeLog(self, lab);
    const segment = join(log, readdirSync(log).find((name) => name.endsWith('.rounds')) ?? '');
    const bytes = readFileSync(segment);
    bytes[bytes.length - 1] = 0xff;
    writeFileSync(segment, bytes);
    const { code, err } = await admin('recover-quorum', '--config', config(), '--accept-data-loss');
    expect(code).toBe(0);
    expect(err).toContain(`lost are entries 4 to ${lab.batches.length + 1}, which this node once had`);
    const opened = await open(self);
    await closed(opened);
    const left = new MetadataImage();
    for (const batch of lab.batches.slice(0, 2)) left.apply(decodeRecords(batch), left.offset + 1);
    expect(opened.snapshot?.offset).toBe(left.offset + 1_000_000_000);
    expect(opened.start?.hardState.damagedUpTo).toBe(0);
    // Behind everything that it ever had, so that no place is used twice.
    expect(opened.start?.snapshot.place.index).toBe(lab.batches.length + 2);
  });

  it('does not go on without a cluster', async () => {
    const self = await identify();
    await writeLog(self, cluster(), [self]);
    rmSync(join(log, readdirSync(log).find((name) => name.endsWith('.rounds')) ?? ''));
    await expect(open(self)).rejects.toThrow('was written up to');
    expect(await admin('recover-quorum', '--config', config(), '--accept-data-loss')).toMatchObject({
      code: 1,
      err: expect.stringContaining('holds no metadata to go on with'),
    });
  });

  it('refuses a directory that is no controller’s, or of another node', async () => {
    expect(await admin('recover-quorum', '--config', config())).toMatchObject({
      code: 1,
      err: expect.stringContaining('no node has ever run'),
    });
    expect(existsSync(join(directory, 'meta.properties'))).toBe(false);
    await identify();
    expect(await admin('recover-quorum', '--config', config())).toMatchObject({
      code: 1,
      err: expect.stringContaining('this node holds no metadata'),
    });
    const file = config();
    writeFileSync(file, `node.id=2\nlog.dirs=${directory}\n`);
    expect(await admin('recover-quorum', '--config', file)).toMatchObject({
      code: 1,
      err: expect.stringContaining('belongs to node 1'),
    });
  });

  /** Whether a replica that begins so leads and commits, alone. */
  function leads(self: ReplicaKey, start: RaftStart): boolean {
    const options = {
      self,
      electionTimeoutMs: 600,
      heartbeatIntervalMs: 100,
      random: () => 0.5,
      uncommittedBytesMax: 1000,
      appendCountMax: 10,
      appendBytesMax: 1000,
      bugs: new Set<never>(),
    };
    const raft = new Raft(options, start, 0);
    for (let nowMs = 0; nowMs < 5000; nowMs += 50) {
      const effects = [...raft.step({ kind: 'tick' }, nowMs)];
      for (const effect of effects) {
        if (effect.kind === 'write') effects.push(...raft.step({ kind: 'written', write: effect.write }, nowMs));
      }
    }
    return raft.state.leadership !== null && raft.state.committedIndex > start.snapshot.place.index;
  }
});
