import { ShareConsumer } from '../../broker/core/client/share-consumer.ts';
import type {
  ShareConsumerCommand,
  ShareConsumerEvent,
  ShareConsumerOptions,
} from '../../broker/core/client/share-types.ts';
import { ApiKey } from '../../broker/core/protocol/apis.ts';
import { ErrorCode } from '../../broker/core/protocol/errors.ts';
import { assignOffset } from '../../broker/core/record/batch.ts';
import { buildBatch } from '../../broker/core/record/builder.ts';
import { crc32c } from '../../broker/io/crc32c.ts';
import { type Asked, type Claims, CLIENT, ClientHarness, idOf, metadataOf } from './client-harness.ts';

/** A share consumer that is driven by hand. */
export type Harness = ClientHarness<ShareConsumerCommand, ShareConsumerEvent>;
type Fetch = Asked<typeof ApiKey.ShareFetch>;
type Ack = Asked<typeof ApiKey.ShareAcknowledge>;

/** What a member says of a record. */
export const ACCEPT = 1;
/** Likewise: others may have it. */
export const RELEASE = 2;
/** A renewal of its lock. */
export const RENEW = 4;
/** Id of topic t. */
export const TOPIC = idOf('t');
/** How often a member is to say that it lives, ms. */
export const HEARTBEAT_MS = 5_000;

/** Member m of group g, which wants topic t. */
export function start(options: Partial<ShareConsumerOptions> = {}, claims?: Claims): Harness {
  const consumer = new ShareConsumer({
    ...CLIENT,
    groupId: 'g',
    memberId: 'm',
    topics: ['t'],
    rack: null,
    maxWaitMs: 500,
    want: 100,
    closeTimeoutMs: 1_000,
    crc32c,
    ...options,
  });
  const harness: Harness = new ClientHarness(consumer, claims);
  harness.step({ kind: 'wake' });
  return harness;
}

/** Answers a heartbeat with partitions of t; null: those that it has. */
export function beat(harness: Harness, partitions: readonly number[] | null, memberEpoch = 1): void {
  harness.reply(harness.next(ApiKey.ShareGroupHeartbeat), {
    errorCode: 0,
    memberId: 'm',
    memberEpoch,
    heartbeatIntervalMs: HEARTBEAT_MS,
    assignment: partitions === null ? null : { topicPartitions: [{ topicId: TOPIC, partitions }] },
    throttleTimeMs: 0,
  });
}

/** A member with partition 0 (and others) of t, both led by broker 0 unless told, and its first fetch. */
export function joined(
  options: Partial<ShareConsumerOptions> = {},
  partitions: readonly number[] = [0],
  leaders: readonly number[] = [0, 0],
  claims?: Claims,
): Harness {
  const harness = start(options, claims);
  harness.connect();
  harness.reply(harness.next(ApiKey.Metadata), metadataOf({ t: leaders }));
  harness.reply(harness.next(ApiKey.FindCoordinator), { errorCode: 0, nodeId: 0, host: 'b', port: 1 });
  beat(harness, partitions);
  return harness;
}

/** Records `v5`, `v6` and so on, at the offsets that they name. */
export function batchOf(baseOffset: number, count: number): Uint8Array {
  const records = Array.from({ length: count }, (_, index) => ({
    key: null,
    value: Buffer.from(`v${baseOffset + index}`),
  }));
  const bytes = buildBatch(records, { timestamp: 1 }, crc32c);
  assignOffset(bytes, 0, { baseOffset, leaderEpoch: 3 });
  return bytes;
}

interface Given {
  readonly partition?: number;
  readonly errorCode?: number;
  readonly acknowledgeErrorCode?: number;
  readonly records?: Uint8Array;
  readonly acquired?: readonly (readonly [first: number, last: number, count: number])[];
}

/** Answers a fetch. */
export function fetched(
  harness: Harness,
  asked: Fetch,
  given: readonly Given[] = [],
  errorCode: number = ErrorCode.NONE,
): void {
  harness.reply(asked, {
    errorCode,
    acquisitionLockTimeoutMs: 30_000,
    throttleTimeMs: 0,
    nodeEndpoints: [],
    responses: [
      {
        topicId: TOPIC,
        partitions: given.map((one) => ({
          partitionIndex: one.partition ?? 0,
          errorCode: one.errorCode ?? 0,
          acknowledgeErrorCode: one.acknowledgeErrorCode ?? 0,
          currentLeader: { leaderId: -1, leaderEpoch: -1 },
          records: one.records ?? new Uint8Array(),
          acquiredRecords: (one.acquired ?? []).map(([firstOffset, lastOffset, deliveryCount]) => ({
            firstOffset,
            lastOffset,
            deliveryCount,
          })),
        })),
      },
    ],
  });
}

/** Answers acknowledgements, all alike. */
export function acknowledged(harness: Harness, asked: Ack, errorCode: number = ErrorCode.NONE): void {
  harness.reply(asked, {
    errorCode: 0,
    throttleTimeMs: 0,
    nodeEndpoints: [],
    responses: asked.body.topics.map((topic) => ({
      topicId: topic.topicId,
      partitions: topic.partitions.map(({ partitionIndex }) => ({
        partitionIndex,
        errorCode,
        currentLeader: { leaderId: -1, leaderEpoch: -1 },
      })),
    })),
  });
}

/** Has it acknowledge a record of t-0. */
export const acknowledge = (harness: Harness, offset: number, type: 1 | 2 | 3 | 4 = ACCEPT): void => {
  harness.step({ kind: 'acknowledge', topic: 't', partition: 0, offset, type });
};

/** What a request acknowledges. */
export const acksOf = (asked: Fetch | Ack) =>
  asked.body.topics.flatMap((topic) =>
    topic.partitions.map((one) => ({
      partition: one.partitionIndex,
      batches: one.acknowledgementBatches.map((batch) => [
        batch.firstOffset,
        batch.lastOffset,
        ...batch.acknowledgeTypes,
      ]),
    })),
  );
