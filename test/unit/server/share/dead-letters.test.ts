import { Buffer } from 'node:buffer';
import { gzipSync } from 'node:zlib';
import { describe, expect, test } from '@jest/globals';
import * as batch from '../../../../broker/core/record/batch.ts';
import { buildBatch, buildCompressedBatch, encodeRecords } from '../../../../broker/core/record/builder.ts';
import { readRecords } from '../../../../broker/core/record/iterate.ts';
import { ErrorCode } from '../../../../broker/core/protocol/errors.ts';
import { crc32c } from '../../../../broker/io/crc32c.ts';
import { topicView } from '../../../support/fake-metadata.ts';
import { FakePartition } from '../../../support/fake-partition.ts';
import { acquired, ShareNode, verdictsOf } from './bench.ts';

const [ACCEPT, RELEASE, REJECT] = [1, 2, 3];
const LETTERS_ID = 'AAAAAAAAAAAAAAAAAAAAAw';
const NAME = 'errors.deadletterqueue.topic.name';
const ENABLE = new Map([['errors.deadletterqueue.group.enable', 'true']]);

/** A node whose group leaves its dead letters in `dlq.jobs`, and that topic unless it is to be missing. */
function lettered(options: ConstructorParameters<typeof ShareNode>[0] & { readonly missing?: boolean } = {}) {
  const node = new ShareNode(options);
  const letters = new FakePartition({ id: LETTERS_ID, name: 'dlq.jobs' }, 0, node.loop.post);
  node.metadata.levels.set('share.version', 2);
  node.metadata.topicConfigs.set('dlq.jobs', ENABLE);
  node.metadata.groupConfigs.set(
    'g',
    new Map([
      [NAME, 'dlq.jobs'],
      ['share.delivery.count.limit', '2'],
    ]),
  );
  const open = (): void => {
    node.metadata.byName.set('dlq.jobs', topicView('dlq.jobs', LETTERS_ID, 1));
    node.partitions.lead(letters);
  };
  if (options.missing !== true) open();
  return { node, letters, open };
}

/** Each letter as `topic-partition@offset group xcount message`, and its key and value where it has them. */
function textsOf(bytes: readonly Uint8Array[]): string[] {
  return bytes.flatMap((one) =>
    (readRecords(batch.bufferOf(one), 0) ?? []).map(({ key, value, headers }) => {
      const copy = key === null && value === null ? '' : ` ${String(key)}=${String(value)}`;
      const text = (name: string): string =>
        new TextDecoder().decode(headers.find((header) => header.key === `__dlq.errors.${name}`)?.value ?? undefined);
      return `${text('topic')}-${text('partition')}@${text('offset')} ${text('group')} x${text('delivery.count')} ${text('message')}${copy}`;
    }),
  );
}

const written = (letters: FakePartition): string[] => textsOf(letters.batches.map(({ bytes }) => bytes));
const start = (node: ShareNode): number => node.share.partitions.find('g', node.log().topicId, 0)?.startOffset ?? -1;
const REJECTED = 'Offset rejected by client.';
const EXHAUSTED = 'Offset delivery count exceeded the threshold.';

describe('a share group with dead letters', () => {
  test('leaves one for what is rejected and for what is delivered too often, with where, why and how often', () => {
    const { node, letters } = lettered();
    node.produce(3);
    const a = node.member('a');
    a.fetch();
    a.acknowledge({
      0: [
        [0, 0, REJECT],
        [1, 1, ACCEPT],
        [2, 2, RELEASE],
      ],
    });
    a.fetch();
    a.acknowledge({ 0: [[2, 2, RELEASE]] });
    expect(written(letters)).toEqual([`jobs-0@0 g x1 ${REJECTED}`, `jobs-0@2 g x2 ${EXHAUSTED}`]);
    expect(start(node)).toBe(3);
    expect(node.groups.deadLetters.stats).toEqual({ writtenRecords: 2, failedRecords: 0 });
  });

  test('leaves one for what a lock held to the last attempt', () => {
    const { node, letters } = lettered();
    node.produce(1);
    const a = node.member('a');
    a.fetch();
    node.loop.advance(30_000);
    a.fetch();
    node.loop.advance(30_000);
    expect(written(letters)).toEqual([`jobs-0@0 g x2 ${EXHAUSTED}`]);
  });

  test('tells the verdict when it is committed, and finishes the record when its letter is', () => {
    const { node, letters } = lettered();
    node.produce(2);
    const a = node.member('a');
    a.fetch();
    letters.hold = true;
    expect(verdictsOf(a.acknowledge({ 0: [[0, 1, REJECT]] }))).toEqual([0]);
    expect(start(node)).toBe(0);
    expect(node.remembered()).toContain(' [0,1] 3 x1');
    letters.commit();
    node.loop.run();
    expect(start(node)).toBe(2);
  });

  test('keeps its memory until its letters are written, though its members are gone', () => {
    const { node, letters } = lettered();
    node.produce(1);
    const a = node.member('a');
    a.fetch();
    letters.hold = true;
    a.acknowledge({ 0: [[0, 0, REJECT]] });
    a.close();
    expect(node.share.partitions.count).toBe(1);
    letters.commit();
    node.loop.run();
    expect(node.share.partitions.count).toBe(0);
    expect(node.remembered()).toContain(' start 1 ');
  });

  test('writes what a leader of before left open', () => {
    const { node, letters } = lettered();
    node.produce(1);
    const a = node.member('a');
    a.fetch();
    letters.hold = true;
    a.acknowledge({ 0: [[0, 0, REJECT]] });
    node.restart();
    expect(acquired(node.member('b').fetch({ maxWaitMs: 0 }))).toEqual([]);
    const after = node.partitions.byName('dlq.jobs', 0);
    expect(after === null ? [] : written(after)).toEqual([1, 2].map(() => `jobs-0@0 g x1 ${REJECTED}`));
    expect(start(node)).toBe(1);
  });

  test('tries again while nobody leads the topic', () => {
    const { node, letters } = lettered();
    node.produce(1);
    node.metadata.byName.set('dlq.jobs', topicView('dlq.jobs', LETTERS_ID, 1, -1));
    const a = node.member('a');
    a.fetch();
    a.acknowledge({ 0: [[0, 0, REJECT]] });
    node.loop.advance(2_900);
    expect([written(letters), start(node)]).toEqual([[], 0]);
    node.metadata.byName.set('dlq.jobs', topicView('dlq.jobs', LETTERS_ID, 1));
    node.loop.advance(4_200);
    expect([written(letters), start(node)]).toEqual([[`jobs-0@0 g x1 ${REJECTED}`], 1]);
  });

  test('asks the broker that leads the topic', () => {
    const sent: Uint8Array[] = [];
    const { node } = lettered({
      peers: {
        call: (node, { key, body, done }, lane) => {
          expect([node, key]).toEqual([1, 0]);
          // Not the one of share state.
          expect(lane).toBe(-2);
          // The one call here is a Produce.
          const request = body(13) as unknown as { topicData: { partitionData: { records: Uint8Array }[] }[] };
          sent.push(...request.topicData.flatMap(({ partitionData }) => partitionData.map(({ records }) => records)));
          const responses = [{ name: 'dlq.jobs', partitionResponses: [{ index: 0, errorCode: 0 }] }];
          done({ ok: true, version: 13, body: { responses } } as never);
        },
      },
    });
    node.metadata.byName.set('dlq.jobs', topicView('dlq.jobs', LETTERS_ID, 1, 1));
    node.produce(2);
    const a = node.member('a');
    a.fetch();
    a.acknowledge({ 0: [[0, 1, REJECT]] });
    expect(textsOf(sent)).toEqual([0, 1].map((offset) => `jobs-0@${offset} g x1 ${REJECTED}`));
    expect(start(node)).toBe(2);
  });

  test('divides letters that are too large for the topic together', () => {
    const { node, letters } = lettered();
    letters.sizeMax = 700;
    node.produce(6);
    const a = node.member('a');
    a.fetch();
    a.acknowledge({ 0: [[0, 5, REJECT]] });
    expect(written(letters)).toEqual([0, 1, 2, 3, 4, 5].map((offset) => `jobs-0@${offset} g x1 ${REJECTED}`));
    expect(letters.batches.length).toBeGreaterThan(1);
  });

  test('creates the topic where that is allowed', () => {
    const { node, letters, open } = lettered({
      missing: true,
      settings: { 'errors.deadletterqueue.auto.create.topics.enable': 'true' },
    });
    const created: unknown[] = [];
    node.metadata.onSubmit = (command) => {
      created.push(command);
      open();
      return { kind: 'createTopics', errorCode: 0, errorMessage: null, topics: [] };
    };
    node.produce(1);
    const a = node.member('a');
    a.fetch();
    a.acknowledge({ 0: [[0, 0, REJECT]] });
    expect(created).toMatchObject([
      { topics: [{ name: 'dlq.jobs', configs: [{ name: 'errors.deadletterqueue.group.enable', value: 'true' }] }] },
    ]);
    expect(written(letters)).toEqual([`jobs-0@0 g x1 ${REJECTED}`]);
  });

  test.each<[string, (bench: ReturnType<typeof lettered>) => void]>([
    ['the topic is not open to groups', ({ node }) => node.metadata.topicConfigs.clear()],
    ['its name has another prefix', ({ node }) => void node.metadata.groupConfigs.set('g', new Map([[NAME, 'jobs']]))],
    ['there is no such topic', ({ node }) => void node.metadata.byName.delete('dlq.jobs')],
    ['the topic refuses them five times', ({ letters }) => letters.resign(ErrorCode.KAFKA_STORAGE_ERROR)],
  ])('gives up with a line in the log, and goes on, when %s', (_, spoil) => {
    const bench = lettered();
    const { node, letters } = bench;
    spoil(bench);
    node.produce(1);
    const a = node.member('a');
    a.fetch();
    a.acknowledge({ 0: [[0, 0, REJECT]] });
    node.loop.advance(60_000);
    expect([written(letters), start(node), node.warnings]).toEqual([[], 1, ['dead letters could not be written']]);
    expect(node.groups.deadLetters.stats).toEqual({ writtenRecords: 0, failedRecords: 1 });
  });

  describe('that carry their records', () => {
    const KEYED = Array.from({ length: 4 }, (_, n) => ({
      key: Buffer.from(`key ${n}`),
      value: Buffer.from(`value ${n}`),
    }));

    /** Rejects the last three of four records, which lie in two batches, the second one as `pack` makes it. */
    function rejected(
      pack: (records: typeof KEYED) => Uint8Array,
      spoil: (bench: ReturnType<typeof lettered>) => void,
    ) {
      const bench = lettered();
      const { node, letters } = bench;
      node.metadata.groupConfigs.set(
        'g',
        new Map([
          [NAME, 'dlq.jobs'],
          ['errors.deadletterqueue.copy.record.enable', 'true'],
        ]),
      );
      node.log().appendInternalBatch(buildBatch(KEYED.slice(0, 2), { timestamp: 1 }, crc32c));
      node.log().appendInternalBatch(pack(KEYED.slice(2)));
      node.loop.run();
      const a = node.member('a');
      a.fetch();
      spoil(bench);
      a.acknowledge({ 0: [[1, 3, REJECT]] });
      expect([verdictsOf(a.acknowledge({ 0: [[0, 0, ACCEPT]] })), start(node)]).toEqual([[0], 4]);
      return written(letters);
    }

    const plain = (records: typeof KEYED): Uint8Array => buildBatch(records, { timestamp: 1 }, crc32c);
    const pressed = (records: typeof KEYED): Uint8Array => {
      const encoded = encodeRecords(records, 1);
      return buildCompressedBatch(encoded, gzipSync(encoded.bytes), { codec: 1 }, crc32c);
    };
    const letter = (n: number): string => `jobs-0@${n} g x1 ${REJECTED}`;
    const copied = (n: number): string => `${letter(n)} key ${n}=value ${n}`;

    test('have key and value, from compressed batches too', () => {
      expect(rejected(plain, () => {})).toEqual([1, 2, 3].map(copied));
      expect(rejected(pressed, () => {})).toEqual([1, 2, 3].map(copied));
    });

    test('go without what cannot be read any more', () => {
      expect(rejected(pressed, ({ node }) => void node.log().batches.splice(1))).toEqual([
        copied(1),
        letter(2),
        letter(3),
      ]);
      const broken = (records: typeof KEYED): Uint8Array => {
        const bytes = pressed(records);
        bytes[batch.HEADER_SIZE] = 0;
        return bytes;
      };
      expect(rejected(broken, () => {})).toEqual([copied(1), letter(2), letter(3)]);
    });

    test('go without a record that has no room in the topic', () => {
      const large = (records: typeof KEYED): Uint8Array =>
        plain(records.map(({ key, value }, index) => ({ key, value: index === 0 ? Buffer.alloc(5_000) : value })));
      expect(rejected(large, ({ letters }) => void (letters.sizeMax = 2_000))).toEqual([
        copied(1),
        letter(2),
        copied(3),
      ]);
    });
  });

  test('has none before share.version 2', () => {
    const { node, letters } = lettered();
    node.metadata.levels.set('share.version', 1);
    node.produce(1);
    const a = node.member('a');
    a.fetch();
    a.acknowledge({ 0: [[0, 0, REJECT]] });
    expect([written(letters), start(node)]).toEqual([[], 1]);
  });
});
