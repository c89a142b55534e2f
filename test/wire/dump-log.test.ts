import { execFile } from 'node:child_process';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { PartitionLog } from '../../broker/server/logs/partition-log.ts';
import { ensureKafka } from '../setup/kafka.ts';
import { makeBatch, spec } from '../support/logs/log-world.ts';
import { finished, openRealLogs, promised } from '../support/logs/real-logs.ts';

const run = promisify(execFile);
const wanted = spec('dumped', { segmentBytes: 200_000, indexIntervalBytes: 4096, retentionMs: -1 });

/** Writes some segments with two leader epochs, an idempotent producer and timestamps that do not only rise. */
async function writeLog(directory: string): Promise<void> {
  const { manager } = await openRealLogs(directory, { snapshotIntervalBytes: 150_000 });
  const [log] = await finished<readonly PartitionLog[]>((done) => manager.create([wanted], done));
  if (log === undefined) throw new Error('no log');
  for (let i = 0; i < 1500; i++) {
    const values = Array.from({ length: 1 + (i % 3) }, (_, k) => `value ${i}.${k} ${'x'.repeat((i * 7) % 400)}`);
    const timestamp = 1_700_000_000_000 + ((i * 37) % 1000) + i;
    const producer = i % 2 === 0 ? { producerId: 5, producerEpoch: 0, baseSequence: log.logEndOffset } : {};
    log.append(makeBatch(log.logEndOffset, { values, timestamp, leaderEpoch: i < 700 ? 0 : 3, ...producer }), {
      nowMs: 0,
    });
    if (i % 100 === 0) await finished((done) => setImmediate(done));
  }
  log.setHighWatermark(log.logEndOffset);
  await promised<number>((done) => log.deleteRecordsBefore(10, done));
  await finished((done) => manager.shutdown(1, done));
}

describe('the files of a log under kafka-dump-log', () => {
  let directory = '';
  let java = { java: '', classpath: '' };

  beforeAll(async () => {
    java = await ensureKafka();
    directory = await mkdtemp(join(tmpdir(), 'weir-dump-'));
    await writeLog(directory);
  }, 600_000);

  afterAll(async () => {
    await rm(directory, { recursive: true, force: true });
  });

  async function dump(files: readonly string[], ...options: string[]): Promise<string> {
    const paths = files.map((name) => join(directory, 'dumped-0', name)).join(',');
    const command = ['-cp', java.classpath, 'org.apache.kafka.tools.DumpLogSegments', '--files', paths, ...options];
    const { stdout, stderr } = await run(java.java, command, { maxBuffer: 256 * 1024 * 1024 });
    return stdout + stderr;
  }

  test('every batch and record is read, with offsets that follow each other', async () => {
    const logs = (await readdir(join(directory, 'dumped-0'))).filter((name) => name.endsWith('.log'));
    expect(logs.length).toBeGreaterThan(2);
    const text = await dump(logs, '--deep-iteration');
    expect(text).not.toMatch(/mismatch|corrupt|invalid|isvalid: false|exception|error/i);
    const offsets = [...text.matchAll(/^\| offset: (\d+) /gm)].map((match) => Number(match[1]));
    expect(offsets).toHaveLength(3000);
    expect(offsets).toEqual(offsets.map((_, i) => i));
  });

  test('both indexes pass their sanity checks', async () => {
    const names = (await readdir(join(directory, 'dumped-0'))).filter((name) => name.endsWith('index'));
    expect(names.length).toBeGreaterThan(4);
    const sane = await dump(names, '--index-sanity-check');
    expect(sane.match(/passed sanity check/g)).toHaveLength(names.length);
    const text = await dump(names);
    expect(text).not.toMatch(/mismatch|found|exception|out of order/i);
    expect(text).toMatch(/offset: \d+ position: \d+/);
  });

  test('producer snapshots name the producer and its last sequence', async () => {
    const names = (await readdir(join(directory, 'dumped-0'))).filter((name) => name.endsWith('.snapshot'));
    const text = await dump(names);
    expect(text).toMatch(/producerId: 5 producerEpoch: 0/);
    expect(text).not.toMatch(/exception|corrupt/i);
  });
});
