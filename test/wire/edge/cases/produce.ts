import { Buffer } from 'node:buffer';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { ZERO_TOPIC_ID } from '../../../../broker/core/base/ids.ts';
import { ApiKey } from '../../../../broker/core/protocol/apis.ts';
import { buildCompressedBatch, buildTransactionMarker, encodeRecords } from '../../../../broker/core/record/builder.ts';
import { crc32c } from '../../../../broker/io/crc32c.ts';
import { type Ask, ask, edge, UNKNOWN_TOPIC_ID } from '../ask.ts';
import { batchOf, batchOfCount, numbered, oldMessage, spoiled, T0 } from '../records.ts';
import { initProducerId, produce, type Records, read, sequenced } from './producing.ts';

const topics = (
  version: number,
  topicData: { name: string; partitions: readonly (readonly [number, Records])[] }[],
): Ask =>
  ask(ApiKey.Produce, version, {
    acks: -1,
    timeoutMs: 5000,
    topicData: topicData.map(({ name, partitions }) => ({
      name,
      partitionData: partitions.map(([index, records]) => ({ index, records })),
    })),
  });

const good = batchOfCount(2);

const addressCases = [
  edge('Produce of no topics is answered with none', topics(9, [])),
  edge('Produce of a topic without partitions is answered with none', topics(9, [{ name: 'written', partitions: [] }])),
  edge('Produce to an unknown topic is refused', produce({ topic: 'unknown', records: good })),
  edge('Produce to an unknown partition is refused', produce({ index: 64, records: good })),
  edge('Produce to a negative partition is refused', produce({ index: -1, records: good })),
  edge('Produce to a topic without a name is refused', produce({ topic: '', records: good })),
  edge('Produce to a topic with a bad name is refused', produce({ topic: 'a/b', records: good })),
  edge('Produce to an internal topic is refused', produce({ topic: '__consumer_offsets', records: good })),
  edge(
    'Produce to an unknown topic id is refused',
    ask(ApiKey.Produce, 13, {
      acks: 1,
      timeoutMs: 1000,
      topicData: [{ topicId: UNKNOWN_TOPIC_ID, partitionData: [{ index: 0, records: good }] }],
    }),
  ),
  edge(
    'Produce to the zero topic id is refused',
    ask(ApiKey.Produce, 13, {
      acks: 1,
      timeoutMs: 1000,
      topicData: [{ topicId: ZERO_TOPIC_ID, partitionData: [{ index: 0, records: good }] }],
    }),
  ),
  edge('Produce by topic id is answered by topic id', produce({ version: 13, index: 1, records: good }), read(1)),
  edge(
    'Produce to good and bad partitions side by side appends to the good',
    topics(9, [
      {
        name: 'written',
        partitions: [
          [2, good],
          [99, good],
        ],
      },
      { name: 'unknown', partitions: [[0, good]] },
    ]),
    read(2),
  ),
];

const ackCases = [
  edge('Produce with acks=2 is refused', produce({ acks: 2, records: good })),
  edge('Produce with acks=-2 is refused', produce({ acks: -2, records: good })),
  edge('Produce with acks=1 is answered', produce({ acks: 1, index: 3, records: good })),
  edge(
    'Produce with acks=0 is not answered, but what comes next is',
    produce({ acks: 0, index: 4, records: good }),
    read(4, 'written', 2),
  ),
  edge(
    'Produce with acks=0 that fails costs the connection',
    produce({ acks: 0, topic: 'unknown', records: good }),
    read(4),
  ),
  edge(
    'Produce with acks=2 and no topics is refused or answered alike',
    ask(ApiKey.Produce, 9, { acks: 2, timeoutMs: 1000, topicData: [] }),
  ),
  edge('Produce with a time-out of zero is answered', produce({ acks: -1, timeoutMs: 0, index: 5, records: good })),
  edge('Produce with a negative time-out is answered', produce({ acks: 1, timeoutMs: -1, index: 5, records: good })),
];

const versionCases = [3, 4, 5, 6, 7, 8, 10, 11, 12].map((version) =>
  edge(`Produce of version ${version} is answered`, produce({ version, index: 6, records: good })),
);

const batchCases = [
  edge('Produce of null records is refused', produce({ index: 10, records: null, patienceMs: 1000 })),
  edge('Produce of no bytes is refused', produce({ index: 10, records: Buffer.alloc(0) }), read(10)),
  edge('Produce of a few bytes that are no batch is refused', produce({ index: 10, records: Buffer.alloc(10) })),
  edge('Produce of a batch that is cut off is refused', produce({ index: 10, records: good.subarray(0, -1) })),
  edge(
    'Produce of a batch followed by stray bytes is refused',
    produce({ index: 10, records: Buffer.concat([good, Buffer.alloc(5)]) }),
  ),
  edge(
    'Produce of two batches to one partition is refused',
    produce({ index: 10, records: Buffer.concat([good, good]) }),
  ),
  edge('Produce of a batch with a bad CRC is refused', produce({ index: 10, records: spoiled(good, { crc: 12_345 }) })),
  edge(
    'Produce of a batch with a length that is too small is refused',
    produce({ index: 10, records: spoiled(good, { length: 10 }) }),
  ),
  edge(
    'Produce of a batch with a negative length is refused',
    produce({ index: 10, records: spoiled(good, { length: -1 }) }),
  ),
  edge(
    'Produce of a batch with a length past its end is refused',
    produce({ index: 10, records: spoiled(good, { length: 100_000 }) }),
  ),
  edge('Produce of a batch of magic 3 is refused', produce({ index: 10, records: spoiled(good, { magic: 3 }) })),
  edge(
    'Produce of a batch of negative magic is refused',
    produce({ index: 10, records: spoiled(good, { magic: -1 }) }),
  ),
  edge(
    'Produce of a message set of magic 0 is refused',
    produce({ version: 3, index: 10, records: oldMessage(0, 'old') }),
  ),
  edge(
    'Produce of a message set of magic 1 is refused',
    produce({ version: 3, index: 10, records: oldMessage(1, 'old') }),
  ),
  edge(
    'Produce of a message set of magic 1 in version 9 is refused',
    produce({ version: 9, index: 10, records: oldMessage(1, 'old') }),
  ),
  edge(
    'Produce of a batch whose base offset is not 0 is refused',
    produce({ index: 10, records: spoiled(good, { baseOffset: 7n }) }),
  ),
  edge(
    'Produce of a batch without records is refused',
    produce({ index: 10, records: spoiled(good.subarray(0, 61), { length: 49, recordCount: 0, lastOffsetDelta: -1 }) }),
  ),
  edge(
    'Produce of a batch with a negative record count is refused',
    produce({ index: 10, records: spoiled(good, { recordCount: -1 }) }),
  ),
  edge(
    'Produce of a batch that claims one record more is refused',
    produce({ index: 10, records: spoiled(good, { recordCount: 3, lastOffsetDelta: 2 }) }),
  ),
  edge(
    'Produce of a batch that claims one record less is refused',
    produce({ index: 10, records: spoiled(good, { recordCount: 1, lastOffsetDelta: 0 }) }),
  ),
  edge(
    'Produce of a batch whose last offset delta does not fit its count is refused',
    produce({ index: 10, records: spoiled(good, { lastOffsetDelta: 5 }) }),
  ),
  edge(
    'Produce of a batch with a negative last offset delta is refused',
    produce({ index: 10, records: spoiled(good, { lastOffsetDelta: -1 }) }),
  ),
  edge('nothing of what was refused stands in the partition', read(10)),
];

const attributeCases = [
  edge(
    'Produce of a control batch is refused',
    produce({
      index: 11,
      records: buildTransactionMarker(
        { type: 1, producerId: 5, producerEpoch: 0, coordinatorEpoch: 0, timestamp: T0 },
        crc32c,
      ),
    }),
  ),
  edge(
    'Produce of a batch with the control flag alone is refused',
    produce({ index: 11, records: spoiled(good, { attributes: 0x20 }) }),
  ),
  edge(
    'Produce of a transactional batch without a producer is refused',
    produce({ index: 11, records: batchOfCount(1, { transactional: true }) }),
  ),
  edge(
    'Produce of a batch that says it has LogAppendTime is refused',
    produce({ index: 11, records: spoiled(good, { attributes: 0x08 }) }),
  ),
  edge(
    'Produce of a batch with a delete horizon is refused',
    produce({ index: 11, records: spoiled(good, { attributes: 0x40 }) }),
  ),
  edge(
    'Produce of a batch with a reserved attribute is taken',
    produce({ index: 12, records: spoiled(good, { attributes: 0x80 }) }),
    read(12),
  ),
  edge('Produce of a batch of codec 5 is refused', produce({ index: 11, records: spoiled(good, { attributes: 5 }) })),
  edge('Produce of a batch of codec 7 is refused', produce({ index: 11, records: spoiled(good, { attributes: 7 }) })),
  edge(
    'Produce of a batch that says gzip and is not is refused',
    produce({ index: 11, records: spoiled(good, { attributes: 1 }) }),
  ),
  edge(
    'Produce of a batch that says lz4 and is not is refused',
    produce({ index: 11, records: spoiled(good, { attributes: 3 }) }),
  ),
  edge(
    'Produce of a transactional batch in a transaction that nobody began is refused',
    produce({
      index: 24,
      transactionalId: 'nobody',
      records: batchOfCount(1, { transactional: true, producerId: 987_654, producerEpoch: 0, baseSequence: 0 }),
    }),
    read(24),
  ),
  edge(
    'Produce of a plain batch under a transactional id is taken',
    produce({ index: 24, transactionalId: 'nobody', records: good }),
    read(24),
  ),
  edge(
    'Produce of a plain batch under an empty transactional id is taken',
    produce({ index: 25, transactionalId: '', records: good }),
    read(25),
  ),
  edge(
    'a topic with LogAppendTime says when a batch that comes again came first',
    initProducerId(4, {}),
    sequenced(2, 0, { topic: 'stamped' }),
    sequenced(2, 0, { topic: 'stamped' }),
    read(2, 'stamped'),
  ),
  edge('nothing of those stands in the partition', read(11)),
  edge('Produce of a gzip batch is kept as it is', produce({ index: 13, records: compressed(1) }), read(13)),
  edge(
    'Produce of a zstd batch in version 7 is kept as it is',
    produce({ version: 7, index: 14, records: compressed(4) }),
    read(14),
  ),
  edge(
    'Produce of a zstd batch in version 6 is refused',
    produce({ version: 6, index: 15, records: compressed(4) }),
    read(15),
  ),
  edge(
    'Produce of a gzip batch with a wrong record count is refused',
    produce({ index: 15, records: spoiled(compressed(1), { recordCount: 9, lastOffsetDelta: 8 }) }),
    read(15),
  ),
];

function compressed(codec: 1 | 4): Buffer {
  const plain = encodeRecords(numbered(5), T0);
  const payload = codec === 1 ? gzipSync(plain.bytes) : zstdCompressSync(plain.bytes);
  return buildCompressedBatch(plain, payload, { codec }, crc32c);
}

const timeCases = [
  edge(
    'a topic with LogAppendTime gives the records its own time',
    produce({ topic: 'stamped', index: 0, records: good }),
    read(0, 'stamped'),
  ),
  edge(
    'a topic with LogAppendTime refuses a batch that says so already',
    produce({ topic: 'stamped', index: 1, records: spoiled(good, { attributes: 0x08 }) }),
    read(1, 'stamped'),
  ),
  edge(
    'a record without a time is taken',
    produce({ index: 16, records: batchOf([{ key: null, value: null, timestamp: -1 }]) }),
    read(16),
  ),
  edge(
    'a record of the year 1969 is refused or taken alike',
    produce({ index: 17, records: batchOf([{ key: null, value: null, timestamp: -1000 }]) }),
    read(17),
  ),
  edge(
    'a record of the time 0 is taken',
    produce({ index: 18, records: batchOf([{ key: null, value: null, timestamp: 0 }]) }),
    read(18),
  ),
  edge(
    'a record that is too old for its topic is refused',
    produce({ topic: 'strict', records: good }),
    read(0, 'strict'),
  ),
  edge(
    'a record of the far future is refused',
    produce({ index: 19, records: batchOf([{ key: null, value: null, timestamp: 9_000_000_000_000 }]) }),
    read(19),
  ),
  edge(
    'a max timestamp that no record has is set right',
    produce({ index: 20, records: spoiled(good, { maxTimestamp: BigInt(T0 + 500) }) }),
    read(20),
  ),
  edge(
    'a max timestamp before the records is set right',
    produce({ index: 21, records: spoiled(good, { maxTimestamp: BigInt(T0 - 500) }) }),
    read(21),
  ),
  edge(
    'a batch of time -1 keeps none',
    produce({
      index: 22,
      records: spoiled(batchOf([{ key: null, value: null, timestamp: -1 }]), { maxTimestamp: -1n }),
    }),
    read(22),
  ),
];

const ruleCases = [
  edge(
    'a batch over max.message.bytes is refused',
    produce({ topic: 'small', records: batchOfCount(20) }),
    read(0, 'small'),
  ),
  edge(
    'a batch just under max.message.bytes is taken',
    produce({ topic: 'small', index: 1, records: batchOf([{ key: null, value: Buffer.alloc(200 - 61 - 9) }]) }),
    read(1, 'small'),
  ),
  edge(
    'a compacted topic refuses records without keys, and says which',
    produce({
      topic: 'compacted',
      records: batchOf([
        { key: Buffer.from('k'), value: null },
        { key: null, value: null },
      ]),
    }),
    read(0, 'compacted'),
  ),
  edge(
    'a compacted topic takes an empty key',
    produce({ topic: 'compacted', index: 1, records: batchOf([{ key: Buffer.alloc(0), value: null }]) }),
    read(1, 'compacted'),
  ),
  edge(
    'headers with null values are taken',
    produce({
      index: 23,
      records: batchOf([
        {
          key: null,
          value: null,
          headers: [
            { key: '', value: null },
            { key: 'a', value: Buffer.alloc(0) },
          ],
        },
      ]),
    }),
    read(23),
  ),
];

/** Producing: where to, what, and by whom. */
export const produceCases = [
  ...addressCases,
  ...ackCases,
  ...versionCases,
  ...batchCases,
  ...attributeCases,
  ...timeCases,
  ...ruleCases,
];
