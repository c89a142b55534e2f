import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { ApiKey } from '../../broker/core/protocol/apis.ts';
import { buildBatch } from '../../broker/core/record/builder.ts';
import { crc32c } from '../../broker/io/crc32c.ts';
import { growthPercent } from '../../broker/io/memory/garbage-room.ts';
import { Asker, mustBeNone } from '../fixtures/client.ts';
import { type WeirPeer, weirPeer } from '../wire/harness/weir-peer.ts';

const MIB = 1024 * 1024;
const TOPIC = 'large';
const BATCH_RECORDS = 16;
const BATCHES = 8 * 64;
/** More than what is kept in memory. */
const LOG_MIB = (BATCHES * BATCH_RECORDS * 16) / 1024;
const RECORD = { key: null, value: Buffer.alloc(16 * 1024) };
const BATCH = buildBatch(
  Array.from({ length: BATCH_RECORDS }, () => RECORD),
  { timestamp: 1 },
  crc32c,
);
const PASSES = 4;
/** Without room V8 collects about every 9 MiB. */
const MIB_PER_COLLECTION = 18;

let directory: string;
let peer: WeirPeer;
let asker: Asker;

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'weir-garbage-'));
  const weir = fileURLToPath(new URL('../../broker/cli/weir.ts', import.meta.url));
  peer = await weirPeer({ directory, command: [process.execPath, '--trace-gc', weir] });
  await peer.start();
  asker = await Asker.open(peer.bootstrap);
});
afterAll(async () => {
  asker.close();
  await peer.kill();
  rmSync(directory, { recursive: true });
});

/** Full collections so far. */
const collections = (): number => readFileSync(peer.logFile, 'utf8').split('Mark-Compact').length - 1;

async function fill(): Promise<void> {
  const topics = [{ name: TOPIC, numPartitions: 1, replicationFactor: 1, assignments: [], configs: [] }];
  mustBeNone('create', (await asker.ask(ApiKey.CreateTopics, 7, { topics, timeoutMs: 10_000 })).topics[0]?.errorCode);
  for (let count = 0; count < BATCHES; count += 1) {
    const topicData = [{ name: TOPIC, partitionData: [{ index: 0, records: BATCH }] }];
    const { responses } = await asker.ask(ApiKey.Produce, 9, { acks: 1, timeoutMs: 10_000, topicData });
    mustBeNone('produce', responses[0]?.partitionResponses[0]?.errorCode);
  }
}

/** Reads the log from its start to its end, a MiB at a time. */
async function readAll(): Promise<void> {
  let fetchOffset = 0;
  while (fetchOffset < BATCHES * BATCH_RECORDS) {
    const partitions = [{ partition: 0, fetchOffset, partitionMaxBytes: MIB }];
    const limits = { maxWaitMs: 1000, minBytes: 1, maxBytes: MIB, sessionId: 0, sessionEpoch: -1 };
    const topics = [{ topic: TOPIC, partitions }];
    const { responses } = await asker.ask(ApiKey.Fetch, 12, { ...limits, topics, forgottenTopicsData: [] });
    const [row] = responses[0]?.partitions ?? [];
    mustBeNone('fetch', row?.errorCode);
    fetchOffset += ((row?.records?.length ?? 0) / BATCH.length) * BATCH_RECORDS;
  }
}

describe('room for garbage', () => {
  it('is 32 MiB while the heap is small, and a quarter of a large heap', () => {
    expect(growthPercent(16 * MIB)).toBe(200);
    expect(growthPercent(64 * MIB)).toBe(50);
    expect(growthPercent(1024 * MIB)).toBe(25);
    expect(growthPercent(0)).toBe(3200);
  });

  it('keeps a broker whose logs are read from collecting all the time', async () => {
    await fill();
    const before = collections();
    for (let pass = 0; pass < PASSES; pass += 1) await readAll();
    const count = collections() - before;
    expect(count).toBeGreaterThan(0);
    expect((LOG_MIB * PASSES) / count).toBeGreaterThan(MIB_PER_COLLECTION);
  }, 60_000);
});
