import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { rowsOf } from '../../broker/core/config/rows.ts';
import { ApiKey } from '../../broker/core/protocol/apis.ts';
import { compressionCodec } from '../../broker/core/record/batch.ts';
import { buildBatch } from '../../broker/core/record/builder.ts';
import { crc32c } from '../../broker/io/crc32c.ts';
import { type FixtureBroker, fixtureBroker } from '../fixtures/broker.ts';
import { Asker, mustBeNone } from '../fixtures/client.ts';
import { readPartition } from '../fixtures/observe.ts';
import { waitFor } from '../wire/harness/wait.ts';

const T0 = 1_700_000_000_000;
const MESSAGE_TOO_LARGE = 10;
const INVALID_TIMESTAMP = 32;
const INVALID_RECORD = 87;
const ZSTD = 4;
const KEPT = { 'retention.ms': '-1' };
const ROOT = fileURLToPath(new URL('../../', import.meta.url));

/** Where the effect of a setting is shown when it is not here: a file and the words of a title in it. */
const ELSEWHERE: Readonly<Record<string, readonly [file: string, words: string]>> = {
  'compression.gzip.level': [
    'test/wire/batches/stored.test.ts',
    'each is stored in the codec of its time, and the levels count',
  ],
  'compression.zstd.level': [
    'test/wire/batches/stored.test.ts',
    'each is stored in the codec of its time, and the levels count',
  ],
  'delete.retention.ms': ['test/wire/compaction.test.ts', 'loses its tombstones once they are old enough'],
  'errors.deadletterqueue.group.enable': [
    'test/unit/server/share/dead-letters.test.ts',
    'the topic is not open to groups',
  ],
  'flush.messages': [
    'test/unit/server/logs/append-and-read.test.ts',
    'in a lazy log is durable after flush.messages records',
  ],
  'flush.ms': [
    'test/unit/server/logs/append-and-read.test.ts',
    'in a lazy log is durable after flush.ms, counted from',
  ],
  'follower.replication.throttled.replicas': [
    'test/unit/server/replication/lane.test.ts',
    'keeps back what is throttled and out of sync, and nothing else',
  ],
  'leader.replication.throttled.replicas': [
    'test/wire/tools/replicas.test.ts',
    'moves a partition, tells when it is there, and takes its throttle back',
  ],
  'max.decompressed.message.bytes': [
    'test/wire/batches/refusals.ts',
    'a record is over max.decompressed.message.bytes',
  ],
  'min.insync.replicas': [
    'test/unit/server/partitions/leader-partition.test.ts',
    'refuses acks=all while the ISR is smaller than min.insync.replicas',
  ],
  'unclean.leader.election.enable': [
    'test/unit/core/metadata/brokers.test.ts',
    'of the last replica waits for it, unless unclean elections are on',
  ],
  'weir.durability': [
    'test/unit/server/partitions/leader-partition.test.ts',
    'moves the high watermark with written offsets under replicated durability',
  ],
  'weir.validate.compressed': ['test/wire/batches/refusals.ts', 'the payload is noise and nobody looks'],
};

type Wish = { readonly at?: number; readonly values?: readonly string[]; readonly keys?: readonly (string | null)[] };

describe('a topic setting shows its effect:', () => {
  let broker: FixtureBroker;
  let asker: Asker;
  const shown = new Set(Object.keys(ELSEWHERE));

  beforeAll(async () => {
    broker = await fixtureBroker(async () => undefined, {
      'log.retention.check.interval.ms': '50',
      'replica.high.watermark.checkpoint.interval.ms': '100',
    });
    await broker.peer.start();
    asker = await Asker.open(broker.peer.bootstrap);
  }, 60_000);

  afterAll(async () => {
    asker.close();
    await broker.peer.kill();
    await broker.remove();
  });

  /** A test of one setting, which counts as shown. */
  function shows(name: string, words: string, body: () => Promise<void>): void {
    shown.add(name);
    it(`${name} ${words}`, body, 60_000);
  }

  async function create(name: string, settings: Readonly<Record<string, string>>, partitions = 1): Promise<void> {
    const { topics } = await asker.ask(ApiKey.CreateTopics, 7, {
      topics: [
        {
          name,
          numPartitions: partitions,
          replicationFactor: 1,
          assignments: [],
          configs: Object.entries(settings).map(([key, value]) => ({ name: key, value })),
        },
      ],
      timeoutMs: 20_000,
    });
    mustBeNone(`CreateTopics of ${name}`, topics[0]?.errorCode);
  }

  async function alter(topic: string, name: string, value: string): Promise<void> {
    const { responses } = await asker.ask(ApiKey.IncrementalAlterConfigs, 1, {
      resources: [{ resourceType: 2, resourceName: topic, configs: [{ name, value, configOperation: 0 }] }],
      validateOnly: false,
    });
    mustBeNone(`${name} of ${topic}`, responses[0]?.errorCode);
  }

  /** The error code of a batch that is sent. */
  async function send(topic: string, { at = T0, values = ['v'], keys = [] }: Wish = {}, index = 0): Promise<number> {
    const records = values.map((value, n) => {
      const key = keys[n];
      return { key: key === null || key === undefined ? null : Buffer.from(key), value: Buffer.from(value) };
    });
    const { responses } = await asker.ask(ApiKey.Produce, 9, {
      acks: -1,
      timeoutMs: 20_000,
      topicData: [{ name: topic, partitionData: [{ index, records: buildBatch(records, { timestamp: at }, crc32c) }] }],
    });
    return responses[0]?.partitionResponses[0]?.errorCode ?? -1;
  }

  function files(partition: string, suffix: string): readonly string[] {
    const folder = join(broker.peer.dataDirectory, partition);
    return readdirSync(folder)
      .filter((name) => name.endsWith(suffix))
      .sort()
      .map((name) => join(folder, name));
  }

  const started = async (topic: string, above: number): Promise<void> => {
    await waitFor(
      `${topic} begins above ${above}`,
      async () => (await readPartition(asker, topic, 0)).logStartOffset > above,
    );
  };

  shows('retention.ms', 'drops segments that are too old, from the moment on when it is set', async () => {
    await create('aged', { ...KEPT, 'segment.ms': '1000' });
    for (const at of [T0, T0 + 10_000, Date.now()]) mustBeNone('Produce', await send('aged', { at }));
    expect((await readPartition(asker, 'aged', 0)).records).toHaveLength(3);
    await alter('aged', 'retention.ms', '3600000');
    await started('aged', 1);
    expect((await readPartition(asker, 'aged', 0)).records.map(({ offset }) => offset)).toEqual([2]);
  });

  shows('retention.bytes', 'drops the oldest segments of a partition that is too large', async () => {
    await create('large', { ...KEPT, 'segment.ms': '1000' });
    for (let n = 0; n < 5; n++)
      mustBeNone('Produce', await send('large', { at: T0 + n * 10_000, values: ['x'.repeat(1000)] }));
    await alter('large', 'retention.bytes', '2500');
    await started('large', 1);
    expect((await readPartition(asker, 'large', 0)).records.map(({ offset }) => offset)).toEqual([2, 3, 4]);
  });

  shows('cleanup.policy', 'decides whether old records go by age, and demands keys of a compacted topic', async () => {
    await create('both', { 'cleanup.policy': '', 'retention.ms': '1000', 'segment.ms': '1000' });
    for (const at of [T0, T0 + 10_000]) mustBeNone('Produce', await send('both', { at }));
    await alter('both', 'cleanup.policy', 'compact');
    expect(await send('both')).toBe(INVALID_RECORD);
    expect((await readPartition(asker, 'both', 0)).logStartOffset).toBe(0);
    await alter('both', 'cleanup.policy', 'delete');
    await started('both', 0);
  });

  shows('segment.bytes', 'starts a new segment before one grows larger', async () => {
    await create('sized', { ...KEPT, 'segment.bytes': '1048576' });
    for (let n = 0; n < 3; n++) mustBeNone('Produce', await send('sized', { values: ['x'.repeat(600_000)] }));
    expect(files('sized-0', '.log')).toHaveLength(3);
  });

  shows('segment.ms', 'starts a new segment when the records of one span more', async () => {
    await create('timed', { ...KEPT, 'segment.ms': '5000' });
    for (const at of [T0, T0 + 4000, T0 + 6000, T0 + 7000]) mustBeNone('Produce', await send('timed', { at }));
    expect(files('timed-0', '.log')).toHaveLength(2);
  });

  shows(
    'segment.jitter.ms',
    'starts the segments of partitions at different times, each before segment.ms',
    async () => {
      // Of eight partitions all had equally many once in some hundred runs.
      const count = 24;
      const lengths = async (topic: string): Promise<readonly number[]> => {
        const counts: number[] = [];
        for (let partition = 0; partition < count; partition++) {
          for (let n = 0; n < 20; n++) mustBeNone('Produce', await send(topic, { at: T0 + n * 4900 }, partition));
          counts.push(files(`${topic}-${partition}`, '.log').length);
        }
        return counts;
      };
      await create('even', { ...KEPT, 'segment.ms': '100000' }, count);
      await create('uneven', { ...KEPT, 'segment.ms': '100000', 'segment.jitter.ms': '100000' }, count);
      expect(new Set(await lengths('even'))).toEqual(new Set([1]));
      expect(new Set(await lengths('uneven')).size).toBeGreaterThan(1);
    },
  );

  shows('segment.index.bytes', 'starts a new segment when the index of one is full', async () => {
    await create('indexed', { ...KEPT, 'index.interval.bytes': '0', 'segment.index.bytes': '24' });
    for (let n = 0; n < 9; n++) mustBeNone('Produce', await send('indexed', { at: T0 + n }));
    expect(files('indexed-0', '.log').length).toBeGreaterThan(2);
  });

  shows('index.interval.bytes', 'decides how many entries an index has', async () => {
    const indexed = async (topic: string, interval: string): Promise<number> => {
      await create(topic, { ...KEPT, 'segment.ms': '1000', 'index.interval.bytes': interval });
      for (let n = 0; n < 10; n++) mustBeNone('Produce', await send(topic, { values: ['x'.repeat(500)] }));
      // Sealed, it is whole on disk.
      mustBeNone('Produce', await send(topic, { at: T0 + 10_000 }));
      return waitFor(`the index of ${topic} is written`, () => {
        const { size } = statSync(files(`${topic}-0`, '.index')[0] ?? '');
        return size > 0 && size / 8;
      });
    };
    expect(await indexed('dense', '0')).toBe(9);
    expect(await indexed('sparse', '2000')).toBe(2);
  });

  shows('max.message.bytes', 'refuses a batch that is larger, from the moment on when it is set', async () => {
    await create('short', KEPT);
    const wish = { values: ['x'.repeat(5000)] };
    expect(await send('short', wish)).toBe(0);
    await alter('short', 'max.message.bytes', '1000');
    expect(await send('short', wish)).toBe(MESSAGE_TOO_LARGE);
    await alter('short', 'max.message.bytes', '6000');
    expect(await send('short', wish)).toBe(0);
  });

  shows('message.timestamp.before.max.ms', 'refuses records that are older', async () => {
    await create('young', { ...KEPT, 'message.timestamp.before.max.ms': '60000' });
    expect(await send('young', { at: Date.now() - 120_000 })).toBe(INVALID_TIMESTAMP);
    expect(await send('young', { at: Date.now() })).toBe(0);
  });

  shows('message.timestamp.after.max.ms', 'refuses records that are too far ahead', async () => {
    await create('past', { ...KEPT, 'message.timestamp.after.max.ms': '60000' });
    expect(await send('past', { at: Date.now() + 240_000 })).toBe(INVALID_TIMESTAMP);
    expect(await send('past', { at: Date.now() })).toBe(0);
  });

  shows('message.timestamp.type', 'gives records the time of their append', async () => {
    await create('stamped', { ...KEPT, 'message.timestamp.type': 'LogAppendTime' });
    const before = Date.now();
    mustBeNone('Produce', await send('stamped', { at: T0 }));
    const [record] = (await readPartition(asker, 'stamped', 0)).records;
    expect(record?.timestamp).toBeGreaterThanOrEqual(before);
  });

  shows('compression.type', 'is the codec in which batches are stored', async () => {
    await create('packed', { ...KEPT, 'compression.type': 'zstd' });
    mustBeNone('Produce', await send('packed', { values: ['x'.repeat(1000)] }));
    const stored = readFileSync(files('packed-0', '.log')[0] ?? '');
    expect(compressionCodec(stored, 0)).toBe(ZSTD);
    expect(stored.length).toBeLessThan(300);
  });

  /** A compacted topic whose first segment holds a record that the second one replaces. */
  async function dirty(topic: string, settings: Readonly<Record<string, string>>): Promise<void> {
    await create(topic, { 'cleanup.policy': 'compact', 'segment.ms': '1000', ...settings });
    for (const [n, key] of ['a', 'a', 'b'].entries()) {
      mustBeNone('Produce', await send(topic, { at: Date.now() - 100_000 + n * 10_000, keys: [key] }));
    }
  }
  const cleaned = async (topic: string): Promise<boolean> =>
    (await readPartition(asker, topic, 0)).records.every(({ offset }) => offset !== 0);

  shows('min.cleanable.dirty.ratio', 'decides how much must be dirty before a log is compacted', async () => {
    await dirty('lazy', { 'min.cleanable.dirty.ratio': '1' });
    await dirty('eager', { 'min.cleanable.dirty.ratio': '0' });
    await waitFor('it is compacted', () => cleaned('eager'));
    expect(await cleaned('lazy')).toBe(false);
  });

  shows('min.compaction.lag.ms', 'keeps young records from being compacted', async () => {
    await dirty('lagging', { 'min.cleanable.dirty.ratio': '0', 'min.compaction.lag.ms': '86400000' });
    await dirty('prompt', { 'min.cleanable.dirty.ratio': '0' });
    await waitFor('the other one is compacted', () => cleaned('prompt'));
    expect(await cleaned('lagging')).toBe(false);
    await alter('lagging', 'min.compaction.lag.ms', '0');
    await waitFor('it is compacted', () => cleaned('lagging'));
  });

  shows('max.compaction.lag.ms', 'has a log compacted however little of it is dirty', async () => {
    await dirty('overdue', { 'min.cleanable.dirty.ratio': '1' });
    await dirty('in-time', { 'min.cleanable.dirty.ratio': '0' });
    await waitFor('the other one is compacted', () => cleaned('in-time'));
    expect(await cleaned('overdue')).toBe(false);
    await alter('overdue', 'max.compaction.lag.ms', '1000');
    await waitFor('it is compacted', () => cleaned('overdue'));
  });

  it('none is left out, and what is shown elsewhere is there', () => {
    const honoured = [...rowsOf('topic')].filter(([, row]) => row.withoutEffect === undefined).map(([name]) => name);
    expect([...shown].sort()).toEqual(honoured.sort());
    for (const [name, [file, words]] of Object.entries(ELSEWHERE)) {
      expect([name, readFileSync(join(ROOT, file), 'utf8').includes(words)]).toEqual([name, true]);
    }
  });
});
