import { type Difference, inEach } from '../compare.ts';
/** Differences in what is produced, and how. */
export const produceDifferences: readonly Difference[] = [
  {
    case: 'Produce of null records is refused',
    reason: 'Weir answers that there is no batch; Apache Kafka trips over the null and never answers.',
    fields: { '0': { weir: 'answer', kafka: 'silent' } },
  },
  ...inEach(
    [
      'Produce to an internal topic is refused',
      'Produce of no bytes is refused',
      'Produce of a few bytes that are no batch is refused',
      'Produce of a batch that is cut off is refused',
      'Produce of a batch followed by stray bytes is refused',
      'Produce of two batches to one partition is refused',
      'Produce of a batch with a bad CRC is refused',
      'Produce of a batch with a length past its end is refused',
      'Produce of a message set of magic 1 in version 9 is refused',
      'Produce of a batch whose base offset is not 0 is refused',
      'Produce of a batch without records is refused',
      'Produce of a batch with a negative record count is refused',
      'Produce of a batch that claims one record more is refused',
      'Produce of a batch that claims one record less is refused',
      'Produce of a batch whose last offset delta does not fit its count is refused',
      'Produce of a batch with a negative last offset delta is refused',
      'Produce of a batch with the control flag alone is refused',
      'Produce of a batch that says it has LogAppendTime is refused',
      'Produce of a batch with a delete horizon is refused',
      'Produce of a batch of codec 5 is refused',
      'Produce of a batch of codec 7 is refused',
      'a batch over max.message.bytes is refused',
    ],
    'Weir says in words what is wrong with the batch; Apache Kafka has a text only for records that its validator refuses.',
    { '0.responses[0].partitionResponses[0].errorMessage': { weir: '(text)', kafka: null } },
  ),
  {
    case: 'Produce of a batch followed by stray bytes is refused',
    reason:
      'Weir stores no byte that a CRC does not cover; Apache Kafka drops less than a header behind the last batch in silence.',
    fields: {
      '0.responses[0].partitionResponses[0].baseOffset': { weir: -1, kafka: 0 },
      '0.responses[0].partitionResponses[0].errorCode': { weir: 87, kafka: 0 },
      '0.responses[0].partitionResponses[0].logStartOffset': { weir: -1, kafka: 0 },
    },
  },
  {
    case: 'nothing of what was refused stands in the partition',
    reason: 'This is the batch with stray bytes, which Weir refused and Apache Kafka took.',
    fields: {
      '0.responses[0].partitions[0].highWatermark': { weir: 0, kafka: 2 },
      '0.responses[0].partitions[0].lastStableOffset': { weir: 0, kafka: 2 },
      '0.responses[0].partitions[0].records.length': { weir: 0, kafka: 1 },
    },
  },
  {
    case: 'Produce of a batch that says it has LogAppendTime is refused',
    reason:
      "Producers may not set that type by Apache Kafka's own rule, which it only applies to topics that have it; Weir always does.",
    fields: {
      '0.responses[0].partitionResponses[0].baseOffset': { weir: -1, kafka: 0 },
      '0.responses[0].partitionResponses[0].errorCode': { weir: 32, kafka: 0 },
    },
  },
  {
    case: 'Produce of a batch with a delete horizon is refused',
    reason: "A delete horizon is the log cleaner's to set: taken from a client it would let tombstones go too early.",
    fields: {
      '0.responses[0].partitionResponses[0].baseOffset': { weir: -1, kafka: 2 },
      '0.responses[0].partitionResponses[0].errorCode': { weir: 87, kafka: 0 },
    },
  },
  ...inEach(
    ['Produce of a batch of codec 5 is refused', 'Produce of a batch of codec 7 is refused'],
    "A codec that does not exist is the client's fault, for which there is an error; Apache Kafka reports a fault of its own.",
    { '0.responses[0].partitionResponses[0].errorCode': { weir: 76, kafka: -1 } },
  ),
  {
    case: 'Produce of a batch that says gzip and is not is refused',
    reason:
      'Weir looks into compressed batches of compacted topics, and of others under weir.validate.compressed=full only.',
    fields: {
      '0.responses[0].partitionResponses[0].baseOffset': { weir: 0, kafka: -1 },
      '0.responses[0].partitionResponses[0].errorCode': { weir: 0, kafka: -1 },
    },
  },
  {
    case: 'Produce of a batch that says lz4 and is not is refused',
    reason:
      'Weir looks into compressed batches of compacted topics, and of others under weir.validate.compressed=full only.',
    fields: {
      '0.responses[0].partitionResponses[0].baseOffset': { weir: 2, kafka: -1 },
      '0.responses[0].partitionResponses[0].errorCode': { weir: 0, kafka: -1 },
    },
  },
  {
    case: 'Produce of a transactional batch in a transaction that nobody began is refused',
    reason:
      "Weir has no transaction coordinator yet: no transaction was begun, and to try again would not help as Apache Kafka's error says.",
    fields: {
      '0.responses[0].partitionResponses[0].errorCode': { weir: 48, kafka: 19 },
      '0.responses[0].partitionResponses[0].logStartOffset': { weir: 0, kafka: -1 },
    },
  },
  {
    case: 'nothing of those stands in the partition',
    reason:
      'Apache Kafka took the batches with the flags of LogAppendTime and of a delete horizon, Weir those with compressed records that can not be read.',
    fields: {
      '0.responses[0].partitions[0].records[0]': {
        weir: '0+1, count 2, epoch 0, magic 2, attributes 1, times 1000000000000 1000000000001, producer -1 -1 -1, bytes 99',
        kafka:
          '0+1, count 2, epoch 0, magic 2, attributes 0, times 1000000000000 1000000000001, producer -1 -1 -1, bytes 99',
      },
      '0.responses[0].partitions[0].records[1]': {
        weir: '2+1, count 2, epoch 0, magic 2, attributes 3, times 1000000000000 1000000000001, producer -1 -1 -1, bytes 99',
        kafka:
          '2+1, count 2, epoch 0, magic 2, attributes 64, times 1000000000000 1000000000001, producer -1 -1 -1, bytes 99',
      },
    },
  },
  {
    case: 'Produce of a gzip batch with a wrong record count is refused',
    reason:
      'Weir looks into compressed batches of compacted topics, and of others under weir.validate.compressed=full only.',
    fields: {
      '0.responses[0].partitionResponses[0].baseOffset': { weir: 0, kafka: -1 },
      '0.responses[0].partitionResponses[0].errorCode': { weir: 0, kafka: 87 },
      '1.responses[0].partitions[0].highWatermark': { weir: 9, kafka: 0 },
      '1.responses[0].partitions[0].lastStableOffset': { weir: 9, kafka: 0 },
      '1.responses[0].partitions[0].records.length': { weir: 1, kafka: 0 },
    },
  },
  {
    case: 'a topic with LogAppendTime refuses a batch that says so already',
    reason: "The fault is the batch's and not that of single records, so Weir names none of them.",
    fields: { '0.responses[0].partitionResponses[0].recordErrors.length': { weir: 0, kafka: 2 } },
  },
  {
    case: 'a batch that comes again is answered with its first offset, and appended once',
    reason:
      'The topic has CreateTime, so there is no time of appending; Apache Kafka shows the largest time of the batch in its place.',
    fields: { '2.responses[0].partitionResponses[0].logAppendTimeMs': { weir: -1, kafka: 1_000_000_000_000 } },
  },
  {
    case: 'the fifth last batch is known when it comes again',
    reason:
      'The topic has CreateTime, so there is no time of appending; Apache Kafka shows the largest time of the batch in its place.',
    fields: { '6.responses[0].partitionResponses[0].logAppendTimeMs': { weir: -1, kafka: 1_000_000_000_000 } },
  },
  {
    case: 'the sixth last batch comes again',
    reason:
      'Weir knows what it has appended; Apache Kafka knows five batches, and refuses one that comes late after a change of the leader until its delivery times out.',
    fields: {
      '7.responses[0].partitionResponses[0].errorCode': { weir: 0, kafka: 45 },
      '7.responses[0].partitionResponses[0].baseOffset': { weir: 0, kafka: -1 },
    },
  },
  ...inEach(
    [
      'a sequence that leaves one out is refused',
      'a sequence that goes back is refused',
      'a sequence that overlaps is refused',
      'a batch with the sequence but not the length of one that came is refused',
      'a new epoch that begins at 1 is refused',
      'an old epoch is refused',
    ],
    'Weir says in words what is wrong with the batch; Apache Kafka has a text only for records that its validator refuses.',
    { '2.responses[0].partitionResponses[0].errorMessage': { weir: '(text)', kafka: null } },
  ),
  ...inEach(
    ['a producer without a sequence is refused', 'a producer with a negative epoch is refused'],
    'Weir says in words what is wrong with the batch; Apache Kafka has a text only for records that its validator refuses.',
    { '1.responses[0].partitionResponses[0].errorMessage': { weir: '(text)', kafka: null } },
  ),
  {
    case: 'a producer with a negative epoch is refused',
    reason:
      'Weir takes no producer id without an epoch: nothing could fence it; Apache Kafka checks only the sequence.',
    fields: {
      '1.responses[0].partitionResponses[0].baseOffset': { weir: -1, kafka: 0 },
      '1.responses[0].partitionResponses[0].errorCode': { weir: 87, kafka: 0 },
      '2.responses[0].partitions[0].highWatermark': { weir: 0, kafka: 1 },
      '2.responses[0].partitions[0].lastStableOffset': { weir: 0, kafka: 1 },
      '2.responses[0].partitions[0].records.length': { weir: 0, kafka: 1 },
    },
  },
];
