import { execFile } from 'node:child_process';
import { mkdtemp, readdir, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createPrng } from '../../broker/core/base/prng.ts';
import { ApiKey } from '../../broker/core/protocol/apis.ts';
import type { ApiResponses } from '../../broker/core/protocol/messages.ts';
import * as batch from '../../broker/core/record/batch.ts';
import { buildBatch, buildCompressedBatch, encodeRecords, type NewRecord } from '../../broker/core/record/builder.ts';
import { readRecords } from '../../broker/core/record/iterate.ts';
import { createCompression } from '../../broker/io/compression/compression.ts';
import { crc32c } from '../../broker/io/crc32c.ts';
import type { CompressionCodec } from '../../broker/ports/compression.ts';
import { ensureKafka } from '../setup/kafka.ts';
import { ask, edge } from './edge/ask.ts';
import { newTopic } from './edge/world.ts';
import { play, type Side } from './edge/talk.ts';
import type { Peer } from './harness/peer.ts';
import { makePeer } from './harness/session.ts';
import { waitFor } from './harness/wait.ts';

const run = promisify(execFile);
const compression = createCompression({ post: (input) => setImmediate(input) });
const CODECS: readonly CompressionCodec[] = [0, 1, 2, 3, 4];
const KEYS = 150;
const ROUNDS = 5;
const BATCHES_PER_ROUND = 60;
const RECORDS_PER_BATCH = 10;
/** Kafka's smallest segment. */
const SEGMENT_BYTES = 1_048_576;
const DEADLINE_MS = 60_000;
const EAGER = {
  'cleanup.policy': 'compact',
  'segment.bytes': String(SEGMENT_BYTES),
  'min.cleanable.dirty.ratio': '0',
  'retention.ms': '-1',
};

/** A record as a consumer sees it. */
interface Seen {
  readonly offset: number;
  readonly key: string;
  readonly value: string | null;
  readonly timestamp: number;
}

let directory: string;
let peers: { readonly weir: Peer; readonly kafka: Peer };
let sides: { readonly weir: Side; readonly kafka: Side };

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'weir-compaction-'));
  const start = async (name: 'weir' | 'kafka'): Promise<Peer> => {
    const settings = { 'log.cleaner.backoff.ms': '100', 'log.cleaner.io.buffer.size': '65536' };
    const peer = await makePeer(name, { directory: join(directory, name), settings });
    await peer.start();
    return peer;
  };
  const [weir, kafka] = await Promise.all([start('weir'), start('kafka')]);
  peers = { weir, kafka };
  const side = (peer: Peer): Side => ({ name: peer.name, bootstrap: peer.bootstrap, topicIds: new Map() });
  sides = { weir: side(weir), kafka: side(kafka) };
}, 120_000);

afterAll(async () => {
  await Promise.all([peers.weir.stop(), peers.kafka.stop()]);
  await rm(directory, { recursive: true, force: true });
});

/** The same batches for both brokers: all codecs, tombstones, idempotent producers, values that do not compress. */
class Load {
  readonly #prng = createPrng(11);
  readonly #nextSequence = new Map<number, number>();
  #count = 0;

  async batch(): Promise<Buffer> {
    const records = Array.from({ length: RECORDS_PER_BATCH }, () => this.#record());
    const codec = CODECS[this.#count % CODECS.length] ?? 0;
    const producerId = 1000 + (this.#count % 3);
    const baseSequence = this.#nextSequence.get(producerId) ?? 0;
    const options = this.#count % 2 === 0 ? { producerId, producerEpoch: 0, baseSequence } : {};
    if (this.#count % 2 === 0) this.#nextSequence.set(producerId, baseSequence + records.length);
    this.#count += 1;
    const timestamp = Date.now();
    if (codec === 0) return buildBatch(records, { ...options, timestamp }, crc32c);
    const encoded = encodeRecords(records, timestamp);
    const payload = await new Promise<Uint8Array>((resolve) => compression.compress(codec, encoded.bytes, resolve));
    return buildCompressedBatch(encoded, payload, { ...options, codec }, crc32c);
  }

  #record(): NewRecord {
    const key = Buffer.from(`key-${this.#prng.below(KEYS)}`);
    if (this.#prng.chance(0.1)) return { key, value: null };
    const value = Array.from({ length: 120 }, () => this.#prng.below(2 ** 31).toString(36)).join('');
    return { key, value: Buffer.from(value), headers: [{ key: 'n', value: Buffer.from([1]) }] };
  }
}

/** One large record of its own key, so that the segment before it is full and is closed. */
function filler(name: string): Buffer {
  const record = { key: Buffer.from(name), value: Buffer.alloc(700_000, name) };
  return buildBatch([record], { timestamp: Date.now() }, crc32c);
}

async function send(topic: string, records: Uint8Array): Promise<void> {
  const produce = ask(
    ApiKey.Produce,
    9,
    { acks: -1, timeoutMs: 10_000, topicData: [{ name: topic, partitionData: [{ index: 0, records }] }] },
    { until: (body) => body.responses[0]?.partitionResponses[0]?.errorCode === 0 },
  );
  for (const side of [sides.weir, sides.kafka]) await play(side, edge('produce', produce));
}

/** What a consumer gets from `offset` on, fetch by fetch. */
async function consume(side: Side, topic: string, offset = 0): Promise<Seen[]> {
  const seen: Seen[] = [];
  for (let next = offset; ; ) {
    const fetch = ask(ApiKey.Fetch, 11, {
      maxWaitMs: 0,
      minBytes: 0,
      maxBytes: 4_000_000,
      topics: [{ topic, partitions: [{ partition: 0, fetchOffset: next, partitionMaxBytes: 2_000_000 }] }],
    });
    const [outcome] = await play(side, edge('fetch', fetch));
    if (outcome?.kind !== 'answer') throw new Error(`${side.name}: a fetch at ${next} gave ${outcome?.kind}`);
    const body = outcome.body as ApiResponses[typeof ApiKey.Fetch];
    const answer = body.responses[0]?.partitions[0];
    if (answer?.errorCode !== 0) throw new Error(`${side.name}: a fetch at ${next} gave ${answer?.errorCode}`);
    const end = await readInto(seen, answer.records, next);
    if (end <= next) return seen;
    next = end;
  }
}

async function readInto(seen: Seen[], records: Uint8Array | null | undefined, from: number): Promise<number> {
  const buf = batch.bufferOf(records ?? new Uint8Array(0));
  let end = from;
  for (let pos = 0; pos + batch.HEADER_SIZE <= buf.length; pos += batch.sizeInBytes(buf, pos)) {
    const size = batch.sizeInBytes(buf, pos);
    if (pos + size > buf.length) break;
    expect(batch.computeCrc(buf, pos, crc32c)).toBe(batch.crc(buf, pos));
    const codec = batch.compressionCodec(buf, pos);
    const payload = codec === 0 ? null : await inflate(codec, buf.subarray(pos + batch.HEADER_SIZE, pos + size));
    for (const { offset, key, value, timestamp } of readRecords(buf, pos, payload) ?? []) {
      if (offset >= from) seen.push({ offset, key: String(key), value: value?.toString() ?? null, timestamp });
    }
    end = batch.nextOffset(buf, pos);
  }
  return end;
}

async function inflate(codec: number, bytes: Uint8Array): Promise<Uint8Array> {
  const plain = await new Promise<Uint8Array | string>((resolve) =>
    compression.decompress(codec as CompressionCodec, bytes, 64_000_000, resolve),
  );
  if (typeof plain === 'string') throw new Error(`a compressed batch is ${plain}`);
  return plain;
}

/** The offsets below `end` of keys that come again below `end`. */
function superseded(seen: readonly Seen[], end: number): number[] {
  const last = new Map<string, number>();
  for (const { key, offset } of seen) if (offset < end) last.set(key, offset);
  return seen.filter(({ key, offset }) => offset < end && last.get(key) !== offset).map(({ offset }) => offset);
}

/** Ends the segment with everything so far and waits until both brokers have cleaned it; gives what is left in each. */
async function settle(topic: string, name: string): Promise<{ readonly weir: Seen[]; readonly kafka: Seen[] }> {
  await send(topic, filler(`${name}-1`));
  await send(topic, filler(`${name}-2`));
  const cleaned = async (side: Side): Promise<Seen[]> => {
    let seen: Seen[] = [];
    await waitFor(
      `${side.name} cleans ${topic}`,
      async () => {
        seen = await consume(side, topic);
        const end = seen.find(({ key }) => key === `${name}-1`)?.offset;
        return end !== undefined && superseded(seen, end).length === 0;
      },
      { deadlineMs: DEADLINE_MS, pollMs: 100 },
    );
    return seen;
  };
  const [weir, kafka] = await Promise.all([cleaned(sides.weir), cleaned(sides.kafka)]);
  return { weir, kafka };
}

async function create(name: string, configs: Readonly<Record<string, string>>): Promise<void> {
  const topics = [newTopic(name, 1, { ...EAGER, ...configs })];
  for (const side of [sides.weir, sides.kafka]) {
    const made = ask(ApiKey.CreateTopics, 7, { topics, timeoutMs: 20_000 }, {});
    const known = ask(
      ApiKey.Metadata,
      12,
      { topics: [{ name }], allowAutoTopicCreation: false },
      { until: (body) => body.topics.every((one) => one.errorCode === 0 && one.partitions[0]?.leaderId === 1) },
    );
    await play(side, edge('create', made, known));
  }
}

describe('a compacted topic on Weir and on Apache Kafka', () => {
  it('keeps the same records, tombstones among them, with offsets, values and times', async () => {
    await create('kept', { 'delete.retention.ms': '86400000' });
    const load = new Load();
    for (let round = 0; round < ROUNDS; round++) {
      for (let i = 0; i < BATCHES_PER_ROUND; i++) await send('kept', await load.batch());
    }
    const first = await settle('kept', 'first');
    expect(first.weir.length).toBeLessThan(ROUNDS * BATCHES_PER_ROUND * RECORDS_PER_BATCH);
    expect(first.weir.some(({ value }) => value === null)).toBe(true);
    expect(first.weir).toEqual(first.kafka);
    // A second cleaning goes over segments with gaps, emptied batches and delete horizons.
    for (let i = 0; i < BATCHES_PER_ROUND; i++) await send('kept', await load.batch());
    const second = await settle('kept', 'second');
    expect(second.weir).toEqual(second.kafka);
    for (const { offset } of [second.weir[3], second.weir[40]].flatMap((one) => one ?? [])) {
      const [fromGap, rest] = [
        await consume(sides.weir, 'kept', offset + 1),
        await consume(sides.kafka, 'kept', offset + 1),
      ];
      expect(fromGap).toEqual(rest);
    }
  }, 180_000);

  it('loses its tombstones once they are old enough', async () => {
    await create('gone', { 'delete.retention.ms': '1' });
    const load = new Load();
    for (let i = 0; i < BATCHES_PER_ROUND; i++) await send('gone', await load.batch());
    await settle('gone', 'first');
    await settle('gone', 'second');
    const third = await settle('gone', 'third');
    const data = (seen: readonly Seen[]): Seen[] => seen.filter(({ key }) => key.startsWith('key-'));
    expect(data(third.weir).some(({ value }) => value === null)).toBe(false);
    expect(data(third.weir)).toEqual(data(third.kafka));
  }, 180_000);

  it("leaves files that Apache Kafka's own tool reads", async () => {
    const { java, classpath } = await ensureKafka();
    const folder = join(peers.weir.dataDirectory, 'kept-0');
    const files = (await readdir(folder)).filter((name) => /\.(log|index|timeindex)$/.test(name));
    expect(files.length).toBeGreaterThan(3);
    const dump = async (kind: RegExp, ...options: string[]): Promise<string> => {
      const paths = files.filter((name) => kind.test(name)).map((name) => join(folder, name));
      const args = ['-cp', classpath, 'org.apache.kafka.tools.DumpLogSegments', '--files', paths.join(','), ...options];
      const { stdout, stderr } = await run(java, args, { maxBuffer: 256 * 1024 * 1024 });
      return stdout + stderr;
    };
    const text = await dump(/\.log$/, '--deep-iteration');
    expect(text).not.toMatch(/mismatch|corrupt|isvalid: false|exception/i);
    expect(text).toMatch(/deleteHorizonMs: OptionalLong\[\d+\]/);
    const offsets = [...text.matchAll(/^\| offset: (\d+) /gm)].map((match) => Number(match[1]));
    expect(offsets).toEqual((await consume(sides.weir, 'kept')).map(({ offset }) => offset));
    expect(await dump(/index$/)).not.toMatch(/mismatch|found|exception|out of order/i);
  }, 120_000);
});

const GROUPS = Array.from({ length: 6 }, (_, i) => `group-${i}`);
const PARTITIONS = 40;
const COMMITS = 12;

describe('the log of consumer offsets', () => {
  it('is compacted, and a group finds its last offsets after the node was killed', async () => {
    const settings = {
      'offsets.topic.num.partitions': '1',
      'offsets.topic.segment.bytes': String(SEGMENT_BYTES),
      'log.cleaner.min.cleanable.ratio': '0.1',
      'log.cleaner.backoff.ms': '100',
    };
    const peer = await makePeer('weir', { directory: join(directory, 'offsets'), settings });
    await peer.start();
    try {
      const side: Side = { name: 'weir', bootstrap: peer.bootstrap, topicIds: new Map() };
      await play(
        side,
        edge('create', ask(ApiKey.CreateTopics, 7, { topics: [newTopic('t', PARTITIONS)], timeoutMs: 20_000 })),
      );
      for (let round = 0; round < COMMITS; round++) {
        await play(side, edge('commit', ...GROUPS.map((groupId) => commit(groupId, round))));
      }
      const folder = join(peer.dataDirectory, '__consumer_offsets-0');
      const written = GROUPS.length * COMMITS * PARTITIONS * 1000;
      expect(written).toBeGreaterThan(2.5 * SEGMENT_BYTES);
      await waitFor('the log is compacted', async () => (await bytesOfLog(folder)) < written / 2, {
        deadlineMs: DEADLINE_MS,
        pollMs: 100,
      });
      await peer.kill();
      await peer.start();
      for (const [index, groupId] of GROUPS.entries()) {
        expect(await committed(side, groupId)).toEqual(
          Array.from({ length: PARTITIONS }, (_, partition) => offsetOf(index, COMMITS - 1, partition)),
        );
      }
    } finally {
      await peer.stop();
    }
  }, 120_000);
});

function offsetOf(group: number, round: number, partition: number): number {
  return group * 1_000_000 + round * 1000 + partition;
}

function commit(groupId: string, round: number) {
  const partitions = Array.from({ length: PARTITIONS }, (_, partitionIndex) => ({
    partitionIndex,
    committedOffset: offsetOf(GROUPS.indexOf(groupId), round, partitionIndex),
    committedLeaderEpoch: -1,
    committedMetadata: 'm'.repeat(1000),
  }));
  return ask(
    ApiKey.OffsetCommit,
    8,
    {
      groupId,
      generationIdOrMemberEpoch: -1,
      memberId: '',
      groupInstanceId: null,
      topics: [{ name: 't', partitions }],
    },
    { until: (body) => body.topics.every((topic) => topic.partitions.every(({ errorCode }) => errorCode === 0)) },
  );
}

async function committed(side: Side, groupId: string): Promise<number[]> {
  const topics = [{ name: 't', partitionIndexes: Array.from({ length: PARTITIONS }, (_, i) => i) }];
  const fetch = ask(
    ApiKey.OffsetFetch,
    8,
    { groups: [{ groupId, topics }], requireStable: false },
    { until: (body) => body.groups.every(({ errorCode }) => errorCode === 0) },
  );
  const [outcome] = await play(side, edge('fetch offsets', fetch));
  if (outcome?.kind !== 'answer') throw new Error(`no answer for ${groupId}`);
  const { groups } = outcome.body as ApiResponses[typeof ApiKey.OffsetFetch];
  return groups[0]?.topics[0]?.partitions.map(({ committedOffset }) => committedOffset) ?? [];
}

async function bytesOfLog(folder: string): Promise<number> {
  let bytes = 0;
  for (const name of (await readdir(folder)).filter((one) => one.endsWith('.log'))) {
    bytes += (await stat(join(folder, name)).catch(() => ({ size: 0 }))).size;
  }
  return bytes;
}
