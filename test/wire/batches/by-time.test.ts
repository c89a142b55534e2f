import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createPrng } from '../../../broker/core/base/prng.ts';
import { cliOf } from '../harness/cli.ts';
import { openWire, type Wire } from '../harness/session.ts';
import { type Batches, openBatches } from './open.ts';
import { batchOf, CODECS, record } from './samples.ts';

const MAX_TIMESTAMP = -3;
const EARLIEST = -2;
const LATEST = -1;

let wire: Wire;
let batches: Batches;
let close: () => Promise<void>;

beforeAll(async () => {
  ({ wire, close } = await openWire());
  batches = await openBatches();
}, 180_000);
afterAll(async () => {
  await batches.close();
  await close();
});

const START_MS = Date.now() - 10_000_000;

/** The records of a topic by their times: the offset is the index. */
interface Filled {
  readonly topic: string;
  readonly times: readonly number[];
}

/** Fills a topic with batches whose times rise on the whole and go back within and across batches. */
async function fill(codec: 0 | 1 | 2 | 3 | 4, configs: Readonly<Record<string, string>>, count = 60): Promise<Filled> {
  const topic = await batches.newTopic(configs);
  const random = createPrng(codec + count);
  const times: number[] = [];
  for (let i = 0; i < count; i++) {
    const made = Array.from({ length: 1 + random.below(30) }, () => {
      const time = START_MS + i * 1000 + random.below(5000) - 2500;
      times.push(time);
      return record('k', 'x'.repeat(random.below(1200)), time);
    });
    expect((await batches.broker.produce(topic, batchOf(made, { codec }))).error).toBe('NONE');
  }
  return { topic, times };
}

/** What ListOffsets has to find: the first record in the order of offsets that is late enough. */
function expected(times: readonly number[], asked: number, logStart = 0): { offset: number; timestamp: number } {
  const offset = times.findIndex((time, i) => i >= logStart && time >= asked);
  return { offset, timestamp: times[offset] ?? -1 };
}

function probes(times: readonly number[], seed: number): readonly number[] {
  const random = createPrng(seed);
  const near = Array.from({ length: 60 }, () => (times[random.below(times.length)] ?? 0) + random.below(3) - 1);
  return [0, START_MS - 1_000_000, Math.max(...times), Math.max(...times) + 1, ...near];
}

describe.each(CODECS)('a search by time among batches in %s', (name, codec) => {
  it.each([
    ['as they came', {}],
    ['compressed anew', { 'compression.type': name === 'gzip' ? 'zstd' : 'gzip' }],
    ['in small segments, with few index entries', { 'segment.bytes': '1048576', 'index.interval.bytes': '40000' }],
  ])('finds the very record: %s', async (_, configs) => {
    const { topic, times } = await fill(codec, configs, 'segment.bytes' in configs ? 250 : 60);
    for (const asked of probes(times, codec)) {
      expect([asked, await batches.broker.offsetFor(topic, asked)]).toEqual([asked, expected(times, asked)]);
    }
    expect(await batches.broker.offsetFor(topic, MAX_TIMESTAMP)).toEqual(expected(times, Math.max(...times)));
    expect((await batches.broker.offsetFor(topic, EARLIEST)).offset).toBe(0);
    expect((await batches.broker.offsetFor(topic, LATEST)).offset).toBe(times.length);
  });

  it('finds no record below the log start, though its batch is kept', async () => {
    const { topic, times } = await fill(codec, {}, 20);
    const start = Math.floor(times.length / 2);
    await batches.broker.deleteRecordsBefore(topic, start);
    for (const asked of probes(times, codec)) {
      expect([asked, await batches.broker.offsetFor(topic, asked)]).toEqual([asked, expected(times, asked, start)]);
    }
    expect((await batches.broker.offsetFor(topic, EARLIEST)).offset).toBe(start);
  });

  it('finds the first record of the batch under LogAppendTime', async () => {
    const topic = await batches.newTopic({ 'message.timestamp.type': 'LogAppendTime' });
    const ends: { readonly at: number; readonly first: number }[] = [];
    let next = 0;
    for (let i = 0; i < 5; i++) {
      const made = Array.from({ length: 3 }, (_, k) => record('k', 'v', START_MS + k));
      const { logAppendTimeMs } = await batches.broker.produce(topic, batchOf(made, { codec }));
      if (ends.at(-1)?.at !== logAppendTimeMs) ends.push({ at: logAppendTimeMs, first: next });
      next += 3;
    }
    for (const { at, first } of ends) {
      expect(await batches.broker.offsetFor(topic, at)).toEqual({ offset: first, timestamp: at });
    }
    const last = ends.at(-1);
    expect(await batches.broker.offsetFor(topic, MAX_TIMESTAMP)).toEqual({ offset: last?.first, timestamp: last?.at });
    expect((await batches.broker.offsetFor(topic, (last?.at ?? 0) + 1)).offset).toBe(-1);
  });

  it("agrees with what Kafka's tool prints", async () => {
    const { topic, times } = await fill(codec, {}, 10);
    const cli = cliOf({ bootstrap: batches.peer.bootstrap, tools: wire.tools });
    const asked = times[Math.floor(times.length / 2)] ?? 0;
    const find = (time: number | string): Promise<string> =>
      cli.ok('getOffsets', ['--topic', topic, '--time', String(time)]);
    expect((await find(asked)).trim()).toBe(`${topic}:0:${expected(times, asked).offset}`);
    expect((await find('max-timestamp')).trim()).toBe(`${topic}:0:${expected(times, Math.max(...times)).offset}`);
  });
});
