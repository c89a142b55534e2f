import { ApiKey } from '../../../../broker/core/protocol/apis.ts';
import { type Ask, ask, type Moment, numberIn } from '../ask.ts';
import { batchOfCount } from '../records.ts';

/** What stands in the place of a batch. */
export type Records = Uint8Array | null;

/** What to produce, and how. */
export interface Sent {
  readonly topic?: string;
  readonly index?: number;
  readonly records: Records | ((moment: Moment) => Records);
  readonly version?: number;
  readonly acks?: number;
  readonly timeoutMs?: number;
  readonly transactionalId?: string | null;
  readonly patienceMs?: number;
}

/** One batch, or what stands in its place, to one partition. */
export function produce(sent: Sent): Ask {
  const { topic = 'written', index = 0, records, version = 9, acks = -1, timeoutMs = 5000 } = sent;
  return ask(
    ApiKey.Produce,
    version,
    (moment) => ({
      transactionalId: sent.transactionalId ?? null,
      acks,
      timeoutMs,
      topicData: [
        {
          ...(version >= 13 ? { topicId: moment.topicId(topic) } : { name: topic }),
          partitionData: [{ index, records: typeof records === 'function' ? records(moment) : records }],
        },
      ],
    }),
    acks === 0 ? { isAnswered: false } : sent.patienceMs === undefined ? {} : { patienceMs: sent.patienceMs },
  );
}

/** What stands in a partition: where it begins and ends, and its batches. */
export const read = (index: number, topic = 'written', endOffset = 0): Ask =>
  ask(
    ApiKey.Fetch,
    12,
    {
      maxWaitMs: 0,
      minBytes: 0,
      topics: [{ topic, partitions: [{ partition: index, fetchOffset: 0, partitionMaxBytes: 1_000_000 }] }],
    },
    { until: ({ responses }) => Number(responses[0]?.partitions[0]?.highWatermark) >= endOffset },
  );

/** A producer id; asked for again while the broker has none at hand. */
export const initProducerId = (
  version: number,
  body: Partial<{
    transactionalId: string | null;
    transactionTimeoutMs: number;
    producerId: number;
    producerEpoch: number;
  }>,
): Ask =>
  ask(
    ApiKey.InitProducerId,
    version,
    { transactionalId: null, transactionTimeoutMs: 60_000, ...body },
    { until: ({ errorCode }) => errorCode !== 14 },
  );

/** The batch of a producer whose id the first request of the case got. */
export const sequenced = (
  index: number,
  sequence: number,
  more: { readonly epoch?: number; readonly count?: number; readonly topic?: string } = {},
): Ask =>
  produce({
    ...(more.topic === undefined ? {} : { topic: more.topic }),
    index,
    records: ({ answers }) =>
      batchOfCount(more.count ?? 1, {
        producerId: numberIn(answers[0], 'producerId'),
        producerEpoch: more.epoch ?? 0,
        baseSequence: sequence,
      }),
  });
