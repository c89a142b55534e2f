import { ApiKey } from '../../../../broker/core/protocol/apis.ts';
import type { RequestInput } from '../../../../broker/core/protocol/messages.ts';
import { type Ask, ask } from '../ask.ts';

/** A member id as clients make them up, 22 letters of base 64. */
export const MEMBER = 'MMMMMMMMMMMMMMMMMMMMMM';

/** Offsets `first` to `last` of a partition, and what is said of them: one type for all, or one for each. */
export type Verdict = readonly [first: number, last: number, ...types: number[]];

type FetchBody = Partial<RequestInput<typeof ApiKey.ShareFetch>>;
type AckBody = Partial<RequestInput<typeof ApiKey.ShareAcknowledge>>;
/** Where a request goes, and what it says; everything else is as most cases want it. */
interface Place {
  readonly version?: number;
  /** Partitions of `shared` that are named; 0 unless others are, or none. */
  readonly partitions?: readonly number[];
  /** Of each partition that is named. */
  readonly verdicts?: readonly Verdict[];
  readonly elsewhere?: boolean;
}

const NO_PLACE: Place = {};

function topicsOf({ partitions = [0], verdicts = [] }: Place, topicId: (name: string) => string) {
  const acknowledgementBatches = verdicts.map(([firstOffset, lastOffset, ...acknowledgeTypes]) => ({
    firstOffset,
    lastOffset,
    acknowledgeTypes,
  }));
  if (partitions.length === 0) return [];
  return [
    {
      topicId: topicId('shared'),
      partitions: partitions.map((partitionIndex) => ({ partitionIndex, acknowledgementBatches })),
    },
  ];
}

/** A ShareFetch of a group for ten records at most, without waiting. */
export function shareFetch(
  groupId: string | null,
  epoch: number,
  more: FetchBody = {},
  place: Place = NO_PLACE,
  until?: (acquiredCount: number) => boolean,
): Ask {
  const { version = 1, elsewhere = false } = place;
  return ask(
    ApiKey.ShareFetch,
    version,
    ({ topicId }) => ({
      groupId,
      memberId: MEMBER,
      shareSessionEpoch: epoch,
      maxWaitMs: 0,
      minBytes: 0,
      maxBytes: 1_000_000,
      maxRecords: 10,
      batchSize: 10,
      forgottenTopicsData: [],
      topics: topicsOf(place, topicId),
      ...more,
    }),
    {
      elsewhere,
      ...(until === undefined
        ? {}
        : {
            until: ({ responses }) =>
              until(responses.flatMap(({ partitions }) => partitions.flatMap((one) => one.acquiredRecords)).length),
          }),
    },
  );
}

/** A ShareAcknowledge of a group, of offset 0 unless verdicts are given. */
export function shareAcknowledge(
  groupId: string | null,
  epoch: number,
  verdicts: readonly Verdict[] = [[0, 0, 1]],
  more: AckBody = {},
  place: Place = NO_PLACE,
): Ask {
  return ask(
    ApiKey.ShareAcknowledge,
    place.version ?? 1,
    ({ topicId }) => ({
      groupId,
      memberId: MEMBER,
      shareSessionEpoch: epoch,
      topics: topicsOf({ ...place, verdicts }, topicId),
      ...more,
    }),
    { elsewhere: place.elsewhere ?? false },
  );
}

/** A member joins a group for `shared`, and has its share once the group's state is set up. */
export function shareJoin(groupId: string): Ask {
  return ask(
    ApiKey.ShareGroupHeartbeat,
    1,
    { groupId, memberId: MEMBER, memberEpoch: 0, subscribedTopicNames: ['shared'] },
    {
      until: ({ assignment }) => (assignment?.topicPartitions[0]?.partitions.length ?? 0) === 32,
      look: ({ errorCode, assignment }) => ({ errorCode, assignment }),
    },
  );
}

/** Settings of a group; asked for again until both brokers know that there can be such a group. */
export function shareSettings(groupId: string, settings: Readonly<Record<string, string>>): Ask {
  const configs = Object.entries(settings).map(([name, value]) => ({ name, value, configOperation: 0 }));
  return ask(
    ApiKey.IncrementalAlterConfigs,
    1,
    { resources: [{ resourceType: 32, resourceName: groupId, configs }], validateOnly: false },
    { until: ({ responses }) => responses[0]?.errorCode === 0 },
  );
}
