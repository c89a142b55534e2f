import { ApiKey } from '../../core/protocol/apis.ts';
import { ErrorCode } from '../../core/protocol/errors.ts';
import type { ApiRequests } from '../../core/protocol/messages.ts';
import { type Gathered, gather } from '../gather.ts';
import type { Partition, TimestampOutcome } from '../partitions/partition.ts';
import type { RequestContext } from '../request-context.ts';
import { findPartition, type PartitionServices } from '../partitions/lookup.ts';
import { isIsolationLevel } from './isolation-level.ts';
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

/** First version whose clients know that code; earlier ones look for the leader once more. */
const OFFSET_NOT_AVAILABLE_SINCE = 5;

const NOTHING: TimestampOutcome = { errorCode: ErrorCode.NONE, offset: -1, timestampMs: -1, leaderEpoch: -1 };

/** ListOffsets. There is no tiered storage: the tiered timestamps answer what Kafka answers without it. */
export const row: ApiRow<typeof ApiKey.ListOffsets, PartitionServices> = {
  key: ApiKey.ListOffsets,
  versions: { min: 1, max: 11 },
  listener: 'client',
  quota: 'request',
  parts: [{ of: ['topics', 'partitions'], into: ['topics', 'partitions'] }],
  authorize: (request) =>
    request.topics.map((topic) => ({ operation: 'describe', resourceType: 'topic', resourceName: topic.name })),
  handle(server, request, context, reply) {
    const readCommitted = request.isolationLevel === 1;
    const isLevel = isIsolationLevel(request.isolationLevel);
    const asked = distinct(request.topics);
    const work = asked.flatMap(({ name, partitions }) =>
      [...partitions.values()].map(({ partition, isTwice }): Gathered<Found> => {
        const { partitionIndex } = partition;
        return (done) => {
          const settle = (outcome: TimestampOutcome): void => done(foundOf(partitionIndex, outcome));
          if (isTwice || !isLevel) settle({ ...NOTHING, errorCode: ErrorCode.INVALID_REQUEST });
          else locate(server, context, { topic: name, ...partition, readCommitted }, settle);
        };
      }),
    );
    gather(work, (found) => {
      let next = 0;
      reply({
        topics: asked.map(({ name, partitions }) => {
          const answers = found.slice(next, next + partitions.size);
          next += partitions.size;
          return { name, partitions: answers };
        }),
      });
    });
  },
};

type AskedTopics = ApiRequests[typeof ApiKey.ListOffsets]['topics'];
type AskedPartition = AskedTopics[number]['partitions'][number];

/** Each partition once; of one that is named twice nobody knows what is meant. Topics without partitions are left out. */
function distinct(topics: AskedTopics): {
  readonly name: string;
  readonly partitions: Map<number, { readonly partition: AskedPartition; readonly isTwice: boolean }>;
}[] {
  const found = new Map<string, Map<number, { partition: AskedPartition; isTwice: boolean }>>();
  for (const { name, partitions } of topics) {
    for (const partition of partitions) {
      const known = found.get(name) ?? new Map<number, { partition: AskedPartition; isTwice: boolean }>();
      known.set(partition.partitionIndex, { partition, isTwice: known.has(partition.partitionIndex) });
      found.set(name, known);
    }
  }
  return [...found].map(([name, partitions]) => ({ name, partitions }));
}

function foundOf(partitionIndex: number, outcome: TimestampOutcome): Found {
  const { errorCode, offset, timestampMs: timestamp, leaderEpoch } = outcome;
  return { partitionIndex, errorCode, offset, timestamp, leaderEpoch };
}

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
  // Only -1 stands for no epoch at all.
  const status =
    asked.currentLeaderEpoch < -1 ? ErrorCode.FENCED_LEADER_EPOCH : found.partition.status(asked.currentLeaderEpoch);
  if (status !== ErrorCode.NONE) {
    failed(status);
    return;
  }
  if (context.apiVersion < (SINCE.get(Number(asked.timestamp)) ?? 0)) {
    failed(ErrorCode.UNSUPPORTED_VERSION);
    return;
  }
  const { OFFSET_NOT_AVAILABLE, LEADER_NOT_AVAILABLE } = ErrorCode;
  const unavailable = context.apiVersion >= OFFSET_NOT_AVAILABLE_SINCE ? OFFSET_NOT_AVAILABLE : LEADER_NOT_AVAILABLE;
  locateIn(found.partition, asked, unavailable, done);
}

/** `unavailable`: the code for what is not known until the high watermark has come to the start of the leader's epoch. */
function locateIn(
  partition: Partition,
  asked: Asked,
  unavailable: number,
  done: (outcome: TimestampOutcome) => void,
): void {
  const at = (offset: number, leaderEpoch: number): void => done({ ...NOTHING, offset, leaderEpoch });
  const unknownYet = (): void => done({ ...NOTHING, errorCode: unavailable });
  // A timestamp past 2^53 is after every record, rounded or not.
  const timestamp = Number(asked.timestamp);
  switch (timestamp) {
    case LATEST:
      if (partition.isBehindStart) unknownYet();
      else at(asked.readCommitted ? partition.lastStableOffset : partition.highWatermark, partition.leaderEpoch);
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
      if (timestamp < 0) done({ ...NOTHING, errorCode: ErrorCode.UNSUPPORTED_VERSION });
      else {
        partition.offsetForTimestamp(timestamp, (outcome) => {
          // There may be one that is committed and not seen to be.
          const isOpen = outcome.errorCode === ErrorCode.NONE && outcome.offset < 0 && partition.isBehindStart;
          if (isOpen) unknownYet();
          else done(outcome);
        });
      }
  }
}
