import { ApiKey } from '../../core/protocol/apis.ts';
import { ErrorCode } from '../../core/protocol/errors.ts';
import { type Gathered, gather } from '../gather.ts';
import type { Partition, TimestampOutcome } from '../partitions/partition.ts';
import type { RequestContext } from '../request-context.ts';
import { findPartition, type PartitionServices } from '../partitions/lookup.ts';
import type { ApiRow } from './row.ts';

/** Timestamps with a meaning of their own. */
const LATEST = -1;
const EARLIEST = -2;
const MAX_TIMESTAMP = -3;
const EARLIEST_LOCAL = -4;
const LATEST_TIERED = -5;
const EARLIEST_PENDING_UPLOAD = -6;

/** First version that knows each of them. */
const SINCE = new Map([
  [MAX_TIMESTAMP, 7],
  [EARLIEST_LOCAL, 8],
  [LATEST_TIERED, 9],
  [EARLIEST_PENDING_UPLOAD, 11],
]);

const NOTHING: TimestampOutcome = { errorCode: ErrorCode.NONE, offset: -1, timestampMs: -1, leaderEpoch: -1 };

/** ListOffsets. There is no tiered storage: the tiered timestamps answer what Kafka answers without it. */
export const row: ApiRow<typeof ApiKey.ListOffsets, PartitionServices> = {
  key: ApiKey.ListOffsets,
  versions: { min: 1, max: 11 },
  listener: 'client',
  quota: 'request',
  authorize: (request) =>
    request.topics.map((topic) => ({ operation: 'describe', resourceType: 'topic', resourceName: topic.name })),
  handle(server, request, context, reply) {
    const readCommitted = request.isolationLevel === 1;
    const topics = request.topics.map((topic) => ({
      name: topic.name,
      partitions: topic.partitions.map(
        (asked): Gathered<Found> =>
          (done) =>
            locate(server, context, { topic: topic.name, ...asked, readCommitted }, (outcome) =>
              done({
                partitionIndex: asked.partitionIndex,
                errorCode: outcome.errorCode,
                offset: outcome.offset,
                timestamp: outcome.timestampMs,
                leaderEpoch: outcome.leaderEpoch,
              }),
            ),
      ),
    }));
    gather(
      topics.flatMap((topic) => topic.partitions),
      (found) => {
        let next = 0;
        reply({
          topics: topics.map(({ name, partitions }) => {
            const answers = found.slice(next, next + partitions.length);
            next += partitions.length;
            return { name, partitions: answers };
          }),
        });
      },
    );
  },
};

interface Found {
  readonly partitionIndex: number;
  readonly errorCode: number;
  readonly offset: number;
  readonly timestamp: number;
  readonly leaderEpoch: number;
}

interface Asked {
  readonly topic: string;
  readonly partitionIndex: number;
  readonly currentLeaderEpoch: number;
  readonly timestamp: number | bigint;
  readonly readCommitted: boolean;
}

function locate(
  server: PartitionServices,
  context: RequestContext,
  asked: Asked,
  done: (outcome: TimestampOutcome) => void,
): void {
  const failed = (errorCode: number): void => done({ ...NOTHING, errorCode });
  if (!context.allowed({ operation: 'describe', resourceType: 'topic', resourceName: asked.topic })) {
    failed(ErrorCode.TOPIC_AUTHORIZATION_FAILED);
    return;
  }
  const found = findPartition(server, { name: asked.topic, topicId: '', byId: false }, asked.partitionIndex);
  if (found.partition === null) {
    failed(found.errorCode);
    return;
  }
  const status = found.partition.status(asked.currentLeaderEpoch);
  if (status !== ErrorCode.NONE) {
    failed(status);
    return;
  }
  if (context.apiVersion < (SINCE.get(Number(asked.timestamp)) ?? 0)) {
    failed(ErrorCode.UNSUPPORTED_VERSION);
    return;
  }
  locateIn(found.partition, asked, done);
}

function locateIn(partition: Partition, asked: Asked, done: (outcome: TimestampOutcome) => void): void {
  const at = (offset: number, leaderEpoch: number): void => done({ ...NOTHING, offset, leaderEpoch });
  // A timestamp past 2^53 is after every record, rounded or not.
  const timestamp = Number(asked.timestamp);
  switch (timestamp) {
    case LATEST:
      at(asked.readCommitted ? partition.lastStableOffset : partition.highWatermark, partition.leaderEpoch);
      return;
    case EARLIEST:
    case EARLIEST_LOCAL:
      at(partition.logStartOffset, partition.epochOf(partition.logStartOffset));
      return;
    case MAX_TIMESTAMP:
      partition.offsetOfMaxTimestamp(done);
      return;
    case LATEST_TIERED:
    case EARLIEST_PENDING_UPLOAD:
      done(NOTHING);
      return;
    default:
      if (timestamp < 0) done({ ...NOTHING, errorCode: ErrorCode.INVALID_REQUEST });
      else partition.offsetForTimestamp(timestamp, done);
  }
}
