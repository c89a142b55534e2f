import { Buffer } from 'node:buffer';
import { readFile } from 'node:fs/promises';
import zlib from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { ApiKey } from '../../../broker/core/protocol/apis.ts';
import { buildCompressedBatch, type EncodedRecords } from '../../../broker/core/record/builder.ts';
import { varintSize, writeVarint } from '../../../broker/core/record/cursor.ts';
import type { Codec } from '../../../broker/core/record/validate.ts';
import { crc32c } from '../../../broker/io/crc32c.ts';
import { RawClient } from '../../support/raw-client.ts';
import { type Batches, openBatches } from './open.ts';
import { batchOf, PACK, record } from './samples.ts';

/** What may be held: two batches decompressed, once as pieces and once as a whole, and what the process needs anyway. */
const GROWTH_MAX_BYTES = 2 * 2 * 64 * 1024 * 1024 + 100 * 1024 * 1024;
/** What a broker that is held up would not give meanwhile, however busy the machine is. */
const ANSWERS_MIN = 8;

let batches: Batches;

beforeAll(async () => {
  // Weir's promise alone: Apache Kafka inflates whatever comes, on the thread of the request.
  batches = await openBatches('weir');
}, 180_000);
afterAll(async () => {
  await batches.close();
});

async function residentBytes(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8');
  return Number(/VmRSS:\s+(\d+) kB/.exec(status)?.[1] ?? 0) * 1024;
}

/** Zeros that take up to a megabyte compressed, and how much they are in the clear. */
function bomb(codec: Codec, size: number): Buffer {
  const plain = Buffer.alloc(size);
  return codec === 4
    ? zlib.zstdCompressSync(plain, { params: { [zlib.constants.ZSTD_c_compressionLevel]: 1 } })
    : PACK[codec](plain);
}

/** Records without key, value and headers, as small as they get: what costs time is their number. The last is of time 5. */
function manyRecords(count: number): EncodedRecords {
  const bytes = Buffer.alloc(count * 12);
  let pos = 0;
  for (let i = 0; i < count; i++) {
    // Attributes, time delta, offset delta, no key, no value, no headers.
    pos = writeVarint(bytes, pos, 5 + varintSize(i));
    pos = writeVarint(bytes, pos + 1, i === count - 1 ? 5 : 0);
    pos = writeVarint(bytes, pos, i);
    pos = writeVarint(bytes, pos, -1);
    pos = writeVarint(bytes, pos, -1);
    pos = writeVarint(bytes, pos, 0);
  }
  return { bytes: bytes.subarray(0, pos), recordCount: count, baseTimestamp: 0, maxTimestamp: 5 };
}

/** Asks the broker over and over what it speaks until `busy` is done; gives the number of answers. */
async function answersDuring(bootstrap: string, busy: () => Promise<unknown>): Promise<number> {
  const client = await RawClient.connect(bootstrap);
  let running = true;
  const end = busy().finally(() => {
    running = false;
  });
  let answers = 0;
  while (running) {
    await client.call(ApiKey.ApiVersions, 3, { clientSoftwareName: 'probe', clientSoftwareVersion: '1' });
    answers += 1;
  }
  client.close();
  await end;
  return answers;
}

describe('a batch that grows', () => {
  it.each([
    // Sizes of which the compressed form passes max.message.bytes.
    ['gzip', 1, 1 << 28, ANSWERS_MIN],
    // Sized before a byte is produced: no time passes in which to answer anybody.
    ['snappy', 2, 20 << 20, 0],
    ['lz4', 3, 1 << 27, 0],
    ['zstd', 4, 1 << 29, ANSWERS_MIN],
  ] as const)(
    'beyond the limit in %s is refused, holds nobody up and costs a bounded memory',
    async (name, codec, size, answersMin) => {
      const target = name === 'zstd' ? 'gzip' : 'zstd';
      const topics = [
        await batches.newTopic({ 'compression.type': target }),
        await batches.newTopic({ 'weir.validate.compressed': 'full' }),
        await batches.newTopic({ 'cleanup.policy': 'compact' }),
      ];
      const bytes = batchOf([record('a', 'b', 0)], { codec, payload: bomb(codec, size) });
      expect(bytes.length).toBeLessThan(1_048_588);
      const before = await residentBytes(batches.peer.pid());
      let peak = before;
      const watch = setInterval(() => {
        void residentBytes(batches.peer.pid()).then((now) => {
          peak = Math.max(peak, now);
        });
      }, 5);
      const errors = new Set<string>();
      const answers = await answersDuring(batches.peer.bootstrap, () =>
        Promise.all(
          Array.from({ length: 6 }, async (_, i) => {
            errors.add((await batches.broker.produce(topics[i % 3] ?? '', bytes)).error);
          }),
        ),
      );
      clearInterval(watch);
      // Below the limit it is no bomb, but no records either.
      expect(errors).toEqual(new Set([size > 64 << 20 ? 'MESSAGE_TOO_LARGE' : 'INVALID_RECORD']));
      expect(peak - before).toBeLessThan(GROWTH_MAX_BYTES);
      expect(answers).toBeGreaterThan(answersMin);
      for (const topic of topics) expect(await batches.broker.read(topic)).toEqual([]);
    },
  );
});

describe('a batch that is large in the clear', () => {
  it('is of a million records and walked in turns: by a produce and by a search', async () => {
    const count = 1_000_000;
    const plain = manyRecords(count);
    const payload = zlib.zstdCompressSync(plain.bytes);
    const announced = buildCompressedBatch(plain, payload, { codec: 4 }, crc32c);
    expect(announced.length).toBeLessThan(1_048_588);
    const full = await batches.newTopic({ 'weir.validate.compressed': 'full' });
    // Where one record is announced the walk ends at the second.
    const one = batchOf([record('', '', 0)], { codec: 4, payload });
    expect((await batches.broker.produce(full, one)).error).toBe('INVALID_RECORD');
    const outcomes: unknown[] = [];
    const producing = await answersDuring(batches.peer.bootstrap, async () => {
      outcomes.push((await batches.broker.produce(full, announced)).error);
    });
    const searching = await answersDuring(batches.peer.bootstrap, async () => {
      outcomes.push(await batches.broker.offsetFor(full, 5));
    });
    expect(outcomes).toEqual(['NONE', { offset: count - 1, timestamp: 5 }]);
    expect(producing).toBeGreaterThan(ANSWERS_MIN);
    expect(searching).toBeGreaterThan(ANSWERS_MIN);
  });

  it('was kept unseen and is found by time as a whole', async () => {
    const topic = await batches.newTopic({});
    const time = Date.now();
    const bytes = batchOf([record('a', 'b', time), record('a', 'b', time + 1)], {
      codec: 4,
      payload: bomb(4, 1 << 29),
    });
    expect((await batches.broker.produce(topic, bytes)).error).toBe('NONE');
    expect((await batches.broker.produce(topic, batchOf([record('c', 'd', time + 2)], { codec: 4 }))).error).toBe(
      'NONE',
    );
    expect(await batches.broker.offsetFor(topic, time + 1)).toEqual({ offset: 0, timestamp: time + 1 });
    expect(await batches.broker.offsetFor(topic, time + 2)).toEqual({ offset: 2, timestamp: time + 2 });
    expect(await batches.broker.offsetFor(topic, -3)).toEqual({ offset: 2, timestamp: time + 2 });
  });
});
