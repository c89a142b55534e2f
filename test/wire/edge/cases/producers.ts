import { edge } from '../ask.ts';
import { batchOfCount } from '../records.ts';
import { initProducerId, produce, read, sequenced } from './producing.ts';

/** Idempotent producers: their ids, epochs and sequences. */
export const producerCases = [
  edge('InitProducerId of version 0 gives an id', initProducerId(0, {})),
  edge('InitProducerId of version 4 gives an id', initProducerId(4, {})),
  edge(
    'InitProducerId with a time-out of zero gives an id to an idempotent producer',
    initProducerId(1, { transactionTimeoutMs: 0 }),
  ),
  edge(
    'InitProducerId with a negative time-out gives an id to an idempotent producer',
    initProducerId(1, { transactionTimeoutMs: -1 }),
  ),
  edge('InitProducerId refuses an empty transactional id', initProducerId(4, { transactionalId: '' })),
  edge(
    'InitProducerId refuses a producer id without an epoch',
    initProducerId(3, { producerId: 7, producerEpoch: -1 }),
  ),
  edge(
    'InitProducerId refuses an epoch without a producer id',
    initProducerId(3, { producerId: -1, producerEpoch: 3 }),
  ),
  edge(
    'InitProducerId gives a new id to an idempotent producer that has one',
    initProducerId(3, { producerId: 7, producerEpoch: 2 }),
  ),
  edge(
    'InitProducerId refuses a negative producer id that is not -1',
    initProducerId(3, { producerId: -5, producerEpoch: 2 }),
  ),
  edge('a sequence that goes on is taken', initProducerId(4, {}), sequenced(30, 0), sequenced(30, 1), read(30)),
  edge(
    'a batch that comes again is answered with its first offset, and appended once',
    initProducerId(4, {}),
    sequenced(31, 0),
    sequenced(31, 0),
    read(31),
  ),
  edge(
    'the fifth last batch is known when it comes again',
    initProducerId(4, {}),
    ...[0, 1, 2, 3, 4, 0].map((sequence) => sequenced(32, sequence)),
    read(32),
  ),
  edge(
    'the sixth last batch comes again',
    initProducerId(4, {}),
    ...[0, 1, 2, 3, 4, 5, 0].map((sequence) => sequenced(33, sequence)),
    read(33),
  ),
  edge(
    'a sequence that leaves one out is refused',
    initProducerId(4, {}),
    sequenced(34, 0),
    sequenced(34, 2),
    read(34),
  ),
  edge(
    'a sequence that goes back is refused',
    initProducerId(4, {}),
    sequenced(35, 0, { count: 3 }),
    sequenced(35, 1),
    read(35),
  ),
  edge(
    'a sequence that overlaps is refused',
    initProducerId(4, {}),
    sequenced(36, 0, { count: 3 }),
    sequenced(36, 2, { count: 3 }),
    read(36),
  ),
  edge(
    'a batch with the sequence but not the length of one that came is refused',
    initProducerId(4, {}),
    sequenced(37, 0, { count: 3 }),
    sequenced(37, 0, { count: 2 }),
    read(37),
  ),
  edge(
    'a producer that the partition does not know may begin anywhere',
    initProducerId(4, {}),
    sequenced(38, 10),
    read(38),
  ),
  edge('a new epoch begins at 0', initProducerId(4, {}), sequenced(39, 0), sequenced(39, 0, { epoch: 1 }), read(39)),
  edge(
    'a new epoch that begins at 1 is refused',
    initProducerId(4, {}),
    sequenced(40, 0),
    sequenced(40, 1, { epoch: 1 }),
    read(40),
  ),
  edge(
    'an old epoch is refused',
    initProducerId(4, {}),
    sequenced(41, 0, { epoch: 1 }),
    sequenced(41, 1, { epoch: 0 }),
    read(41),
  ),
  edge(
    'a sequence wraps to 0 behind its last value',
    initProducerId(4, {}),
    sequenced(42, 2_147_483_646, { count: 2 }),
    sequenced(42, 0),
    read(42),
  ),
  edge('a producer without a sequence is refused', initProducerId(4, {}), sequenced(43, -1), read(43)),
  edge('a producer with a negative epoch is refused', initProducerId(4, {}), sequenced(43, 0, { epoch: -1 }), read(43)),
  edge(
    'a producer id that no broker gave out is taken',
    produce({ index: 44, records: batchOfCount(1, { producerId: 987_654, producerEpoch: 3, baseSequence: 0 }) }),
    read(44),
  ),
  edge(
    'a negative producer id other than -1 is taken for none',
    produce({ index: 45, records: batchOfCount(1, { producerId: -7, producerEpoch: -1, baseSequence: -1 }) }),
  ),
  edge(
    'a batch without a producer id but with a sequence is taken',
    produce({ index: 46, records: batchOfCount(1, { producerId: -1, producerEpoch: 4, baseSequence: 9 }) }),
  ),
];
