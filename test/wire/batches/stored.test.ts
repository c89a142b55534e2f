import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { cliOf, linesOf, TOOL } from '../harness/cli.ts';
import { openWire, type Wire } from '../harness/session.ts';
import { waitFor } from '../harness/wait.ts';
import { openBatches, type Batches } from './open.ts';
import { batchOf, CODECS, record } from './samples.ts';

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

const NOW_MS = Date.now();
const values = (count: number, from = 0): readonly string[] =>
  Array.from({ length: count }, (_, i) => `value ${from + i} ${'of some length '.repeat((from + i) % 20)}`);
const recordsOf = (texts: readonly string[]) => texts.map((text, i) => record(`key ${i}`, text, NOW_MS + i));
const textOf = (value: Buffer | null): string => (value === null ? '' : value.toString());

const PAIRS = CODECS.flatMap(([target, targetCodec]) =>
  CODECS.map(([source, sourceCodec]) => ({ target, targetCodec, source, sourceCodec })),
);

describe('compression.type', () => {
  it('producer keeps every byte of every codec but base offset and leader epoch', async () => {
    const topic = await batches.newTopic({});
    const sent = CODECS.map(([, codec]) => batchOf(recordsOf(values(50)), { codec }));
    for (const bytes of sent) expect((await batches.broker.produce(topic, bytes)).error).toBe('NONE');
    const stored = await batches.broker.read(topic);
    expect(stored.map(({ bytes }) => bytes.subarray(16))).toEqual(sent.map((bytes) => bytes.subarray(16)));
  });

  it.each(PAIRS)('$target stores what comes in $source', async ({ target, targetCodec, sourceCodec }) => {
    const topic = await batches.newTopic({ 'compression.type': target });
    const producerId = await batches.broker.newProducerId();
    const texts = values(200);
    const shape = { codec: sourceCodec, producerId, producerEpoch: 0, baseSequence: 0 };
    const sent = batchOf(recordsOf(texts), shape);
    expect(await batches.broker.produce(topic, sent)).toMatchObject({
      error: 'NONE',
      baseOffset: 0,
      logAppendTimeMs: -1,
    });
    const again = await batches.broker.produce(topic, sent);
    expect([again.error, again.baseOffset]).toEqual(['NONE', 0]);
    const [stored, ...more] = await batches.broker.read(topic);
    expect(more).toEqual([]);
    expect(stored).toMatchObject({ codec: targetCodec, maxTimestamp: NOW_MS + 199 });
    if (targetCodec === sourceCodec) expect(stored?.bytes.subarray(16)).toEqual(sent.subarray(16));
    expect(stored?.records?.map(({ offset, timestamp, value }) => [offset, timestamp, textOf(value)])).toEqual(
      texts.map((text, i) => [i, NOW_MS + i, text]),
    );
  });

  it.each(CODECS)('%s is stored with the time of the broker under LogAppendTime', async (target) => {
    const topic = await batches.newTopic({ 'compression.type': target, 'message.timestamp.type': 'LogAppendTime' });
    for (const [, codec] of CODECS) {
      const before = Date.now();
      const answer = await batches.broker.produce(topic, batchOf(recordsOf(values(20)), { codec }));
      expect(answer.error).toBe('NONE');
      expect(answer.logAppendTimeMs).toBeGreaterThanOrEqual(before);
      expect(answer.logAppendTimeMs).toBeLessThanOrEqual(Date.now());
      const stored = (await batches.broker.read(topic)).at(-1);
      expect(stored).toMatchObject({ isLogAppendTime: true, maxTimestamp: answer.logAppendTimeMs });
      expect(new Set(stored?.records?.map(({ timestamp }) => timestamp))).toEqual(new Set([answer.logAppendTimeMs]));
    }
  });

  it('may change while batches come: each is stored in the codec of its time, and the levels count', async () => {
    const topic = await batches.newTopic({ 'compression.type': 'zstd', 'compression.zstd.level': '-100' });
    const sent = batchOf(recordsOf(values(2000)), { codec: 0 });
    const cli = cliOf({ bootstrap: batches.peer.bootstrap, tools: wire.tools });
    await batches.broker.produce(topic, sent);
    await cli.configure('topics', topic, { 'compression.zstd.level': '19' });
    await batches.broker.produce(topic, sent);
    await cli.configure('topics', topic, { 'compression.type': 'gzip', 'compression.gzip.level': '1' });
    await batches.broker.produce(topic, sent);
    await cli.configure('topics', topic, { 'compression.gzip.level': '9' });
    await batches.broker.produce(topic, sent);
    const stored = await batches.broker.read(topic);
    expect(stored.map(({ codec }) => codec)).toEqual([4, 4, 1, 1]);
    const sizes = stored.map(({ bytes }) => bytes.length);
    expect(sizes[1]).toBeLessThan(sizes[0] ?? 0);
    expect(sizes[3]).toBeLessThan(sizes[2] ?? 0);
    const refused = await cli.run('configs', [
      ...['--alter', '--entity-type', 'topics', '--entity-name', topic, '--add-config', 'compression.gzip.level=0'],
    ]);
    expect(refused.stdout + refused.stderr).toMatch(/InvalidConfigurationException|Invalid value/);
  });
});

describe('the setting of the broker', () => {
  it('holds for topics without their own, once it is altered', async () => {
    const cli = cliOf({ bootstrap: batches.peer.bootstrap, tools: wire.tools });
    const [bare, own] = [await batches.newTopic({}), await batches.newTopic({ 'compression.type': 'producer' })];
    const sent = batchOf(recordsOf(values(50)), { codec: 1 });
    // Apache Kafka answers before the change holds.
    const storedAs = (codec: number) =>
      waitFor(`what comes is stored in codec ${codec}`, async () => {
        for (const topic of [bare, own]) await batches.broker.produce(topic, sent);
        return (await batches.broker.read(bare)).at(-1)?.codec === codec;
      });
    await storedAs(1);
    await cli.configure('brokers', '1', { 'compression.type': 'snappy' });
    await storedAs(2);
    const entity = ['--entity-type', 'brokers', '--entity-name', '1'];
    await cli.ok('configs', ['--alter', ...entity, '--delete-config', 'compression.type']);
    await storedAs(1);
    expect(new Set((await batches.broker.read(own)).map(({ codec }) => codec))).toEqual(new Set([1]));
  });
});

describe('order', () => {
  it('an idempotent producer pipelines large and small batches of all codecs: all arrive, in their order', async () => {
    const topic = await batches.newTopic({ 'compression.type': 'gzip', 'compression.gzip.level': '9' });
    const producerId = await batches.broker.newProducerId();
    let sequence = 0;
    const answers = Array.from({ length: 40 }, (_, i) => {
      // A large batch is still being compressed when the small ones behind it are ready.
      const texts = values(i % 5 === 0 ? 4000 : 1, sequence);
      const codec = ([0, 3, 1, 0, 1] as const)[i % 5] ?? 0;
      const bytes = batchOf(recordsOf(texts), { codec, producerId, producerEpoch: 0, baseSequence: sequence });
      sequence += texts.length;
      return batches.broker.produce(topic, bytes);
    });
    const outcomes = await Promise.all(answers);
    expect(new Set(outcomes.map(({ error }) => error))).toEqual(new Set(['NONE']));
    const offsets = outcomes.map(({ baseOffset }) => baseOffset);
    expect(offsets).toEqual(offsets.toSorted((a, b) => a - b));
    const stored = await batches.broker.read(topic);
    const read = stored.flatMap(({ records }) => (records ?? []).map(({ value }) => textOf(value)));
    expect(read).toEqual(values(sequence));
  });
});

describe("Kafka's own tools", () => {
  it.each(CODECS)('read what is stored under compression.type=%s, checking every CRC', async (target, codec) => {
    const topic = await batches.newTopic({ 'compression.type': target });
    const cli = cliOf({ bootstrap: batches.peer.bootstrap, tools: wire.tools });
    let sent = 0;
    for (const [source] of CODECS) {
      const name = source === 'uncompressed' ? 'none' : source;
      const lines = values(300, sent);
      sent += lines.length;
      await cli.produce(topic, lines, ['--compression-codec', name, '--batch-size', '40000']);
    }
    const perf = ['--topic', topic, '--num-records', '5000', '--record-size', '300', '--throughput', '-1'];
    await wire.tools.mustRun(TOOL.producerPerformance, [
      ...perf,
      ...['--producer-props', `bootstrap.servers=${batches.peer.bootstrap}`, 'compression.type=lz4', 'acks=all'],
    ]);
    const consume = ['--topic', topic, '--from-beginning', '--command-property', 'check.crcs=true'];
    const text = await cli.ok('consoleConsumer', [...consume, '--max-messages', String(sent), '--timeout-ms', '20000']);
    expect(linesOf(text)).toEqual(values(sent));
    const perfRead = await cli.ok('consumerPerformance', ['--topic', topic, '--num-records', String(sent + 5000)]);
    expect(perfRead).toMatch(new RegExp(`\\b${sent + 5000}\\b`));
    expect(new Set((await batches.broker.read(topic)).map((stored) => stored.codec))).toEqual(new Set([codec]));
    const log = join(batches.peer.dataDirectory, `${topic}-0`);
    const files = (await readdir(log)).filter((file) => file.endsWith('.log')).map((file) => join(log, file));
    const dump = await wire.tools.mustRun(TOOL.dumpLog, ['--files', files.join(','), '--deep-iteration']);
    expect(dump).not.toMatch(/isvalid: false|mismatch|corrupt/i);
    const shown = target === 'uncompressed' ? 'none' : target;
    expect(new Set([...dump.matchAll(/compresscodec: (\w+)/g)].map((match) => match[1]))).toEqual(new Set([shown]));
    expect([...dump.matchAll(/^\| offset: \d+ /gm)]).toHaveLength(sent + 5000);
  });
});
