import { ZERO_TOPIC_ID } from '../../../../broker/core/base/ids.ts';
import { ApiKey } from '../../../../broker/core/protocol/apis.ts';
import type { RequestInput } from '../../../../broker/core/protocol/messages.ts';
import { type Ask, ask, edge, type Moment, numberIn, UNKNOWN_TOPIC_ID } from '../ask.ts';
import { T0 } from '../records.ts';

type FetchBody = Partial<RequestInput<typeof ApiKey.Fetch>>;
type FetchPartition = RequestInput<typeof ApiKey.Fetch>['topics'][number]['partitions'][number];

/** One partition of a fetch, from offset 0 unless it says otherwise. */
const part = (partition: number, more: Partial<FetchPartition> = {}): FetchPartition => ({
  partition,
  fetchOffset: 0,
  partitionMaxBytes: 1_000_000,
  ...more,
});

const fetch = (version: number, body: FetchBody | ((moment: Moment) => FetchBody)): Ask =>
  ask(ApiKey.Fetch, version, (moment) => ({
    maxWaitMs: 0,
    minBytes: 0,
    maxBytes: 10_000_000,
    topics: [],
    ...(typeof body === 'function' ? body(moment) : body),
  }));

const plain = (...partitions: readonly FetchPartition[]): FetchBody => ({ topics: [{ topic: 'plain', partitions }] });
const plainById =
  (...partitions: readonly FetchPartition[]) =>
  ({ topicId }: Moment): FetchBody => ({
    topics: [{ topicId: topicId('plain'), partitions }],
  });

const fetchCases = [
  edge('Fetch of no topics is answered with none', fetch(12, {})),
  edge('Fetch of a topic without partitions is answered with none', fetch(12, plain())),
  edge('Fetch of version 4 gives the records', fetch(4, plain(part(0)))),
  edge('Fetch of version 17 gives the records by topic id', fetch(17, plainById(part(0)))),
  edge('Fetch from the middle of a batch gives the whole batch', fetch(12, plain(part(0, { fetchOffset: 1 })))),
  edge('Fetch from the end gives nothing', fetch(12, plain(part(0, { fetchOffset: 5 })))),
  edge('Fetch past the end is out of range', fetch(12, plain(part(0, { fetchOffset: 6 })))),
  edge('Fetch from a huge offset is out of range', fetch(12, plain(part(0, { fetchOffset: 9_007_199_254_740_991 })))),
  edge('Fetch from a negative offset is out of range', fetch(12, plain(part(0, { fetchOffset: -1 })))),
  edge('Fetch from offset -2 is out of range', fetch(12, plain(part(0, { fetchOffset: -2 })))),
  edge('Fetch before the start of the log is out of range', fetch(12, plain(part(2, { fetchOffset: 3 })))),
  edge(
    'Fetch at the start of the log, inside of a batch, gives the whole batch',
    fetch(12, plain(part(2, { fetchOffset: 4 }))),
  ),
  edge('Fetch of an empty partition gives nothing', fetch(12, plain(part(1)))),
  edge('Fetch of an unknown partition', fetch(12, plain(part(3)))),
  edge('Fetch of a negative partition', fetch(12, plain(part(-1)))),
  edge('Fetch of an unknown topic', fetch(12, { topics: [{ topic: 'unknown', partitions: [part(0)] }] })),
  edge('Fetch of a topic without a name', fetch(12, { topics: [{ topic: '', partitions: [part(0)] }] })),
  edge('Fetch of a topic with a bad name', fetch(12, { topics: [{ topic: 'a/b', partitions: [part(0)] }] })),
  edge('Fetch of an unknown topic id', fetch(13, { topics: [{ topicId: UNKNOWN_TOPIC_ID, partitions: [part(0)] }] })),
  edge('Fetch of the zero topic id', fetch(13, { topics: [{ topicId: ZERO_TOPIC_ID, partitions: [part(0)] }] })),
  edge('Fetch of a partition that is named twice', fetch(12, plain(part(0), part(0, { fetchOffset: 3 })))),
  edge(
    'Fetch of a topic that is named twice',
    fetch(12, {
      topics: [
        { topic: 'plain', partitions: [part(0)] },
        { topic: 'plain', partitions: [part(1)] },
      ],
    }),
  ),
  edge('Fetch with a partition limit of zero still gives a batch', fetch(12, plain(part(0, { partitionMaxBytes: 0 })))),
  edge(
    'Fetch with a partition limit of one byte still gives a batch',
    fetch(12, plain(part(0, { partitionMaxBytes: 1 }))),
  ),
  edge('Fetch with a negative partition limit', fetch(12, plain(part(0, { partitionMaxBytes: -1 })))),
  edge(
    'Fetch with a limit of one byte gives a batch of the first partition only',
    fetch(12, { ...plain(part(0), part(2, { fetchOffset: 4 })), maxBytes: 1 }),
  ),
  edge('Fetch with a limit of zero', fetch(12, { ...plain(part(0)), maxBytes: 0 })),
  edge('Fetch with a negative limit', fetch(12, { ...plain(part(0)), maxBytes: -1 })),
  edge('Fetch with a negative wait does not wait', fetch(12, { ...plain(part(1)), maxWaitMs: -1, minBytes: 1 })),
  edge(
    'Fetch with negative min bytes does not wait',
    fetch(12, { ...plain(part(1)), maxWaitMs: 60_000, minBytes: -1 }),
  ),
  edge('Fetch with min bytes of zero does not wait', fetch(12, { ...plain(part(1)), maxWaitMs: 60_000, minBytes: 0 })),
  edge(
    'Fetch with more min bytes than there are waits as long as it was told',
    fetch(12, { ...plain(part(0)), maxWaitMs: 50, minBytes: 100_000 }),
  ),
  edge(
    'Fetch of a good and a bad partition answers both',
    fetch(12, { ...plain(part(1), part(9)), maxWaitMs: 50, minBytes: 1 }),
  ),
  edge(
    'Fetch of read_committed gives the records and no aborted ones',
    fetch(12, { ...plain(part(0)), isolationLevel: 1 }),
  ),
  edge('Fetch of isolation level 2', fetch(12, { ...plain(part(0)), isolationLevel: 2 })),
  edge('Fetch of a negative isolation level', fetch(12, { ...plain(part(0)), isolationLevel: -1 })),
  edge('Fetch with the leader epoch of the partition', fetch(12, plain(part(0, { currentLeaderEpoch: 0 })))),
  edge('Fetch with a leader epoch of the future', fetch(12, plain(part(0, { currentLeaderEpoch: 5 })))),
  edge('Fetch with a negative leader epoch other than -1', fetch(12, plain(part(0, { currentLeaderEpoch: -7 })))),
  edge(
    'Fetch with the last fetched epoch of the log',
    fetch(12, plain(part(0, { fetchOffset: 3, lastFetchedEpoch: 0 }))),
  ),
  edge(
    'Fetch with a last fetched epoch that the log never had',
    fetch(12, plain(part(0, { fetchOffset: 3, lastFetchedEpoch: 4, currentLeaderEpoch: 0 }))),
  ),
  edge(
    'Fetch past the end with a last fetched epoch tells where the logs part',
    fetch(12, plain(part(0, { fetchOffset: 9, lastFetchedEpoch: 0 }))),
  ),
  edge('Fetch by a rack that there is not', fetch(12, { ...plain(part(0)), rackId: 'nowhere' })),
];

const session = (sessionEpoch: number, more: FetchBody = {}, version = 12): Ask =>
  fetch(version, ({ answers }) => ({
    sessionId: numberIn(answers[0], 'sessionId'),
    sessionEpoch,
    ...more,
  }));

const begin = (more: FetchBody = plain(part(0), part(1))): Ask => fetch(12, { sessionId: 0, sessionEpoch: 0, ...more });

const sessionCases = [
  edge('a fetch session begins with every partition', begin()),
  edge(
    'a fetch session that goes on gives what is new, which is nothing behind the end',
    begin(plain(part(0, { fetchOffset: 5 }))),
    session(1),
  ),
  edge('a fetch session gives the same records again while its offset stays', begin(), session(1)),
  edge('a fetch session moves a partition', begin(), session(1, plain(part(0, { fetchOffset: 3 })))),
  edge('a fetch session takes in another partition', begin(), session(1, plain(part(2, { fetchOffset: 4 })))),
  edge(
    'a fetch session forgets a partition',
    begin(),
    session(1, { forgottenTopicsData: [{ topic: 'plain', partitions: [0] }] }),
  ),
  edge(
    'a fetch session forgets a partition that it does not have',
    begin(),
    session(1, { forgottenTopicsData: [{ topic: 'plain', partitions: [7] }] }),
  ),
  edge(
    'a fetch session forgets all its partitions',
    begin(),
    session(1, { forgottenTopicsData: [{ topic: 'plain', partitions: [0, 1] }] }),
    session(2),
  ),
  edge('a fetch session refuses an epoch that is skipped', begin(), session(2)),
  edge('a fetch session refuses an epoch that comes again', begin(), session(1), session(1)),
  edge('a fetch session ends with epoch -1', begin(), session(-1), session(1)),
  edge('a fetch session ends with epoch -1 and answers what it is asked', begin(), session(-1, plain(part(0)))),
  edge('a fetch session is begun anew under its id', begin(), session(0, plain(part(0)))),
  edge('a fetch session refuses a very negative epoch', begin(), session(-5)),
  edge('a fetch session that nobody began is not found', fetch(12, { sessionId: 123_456_789, sessionEpoch: 1 })),
  edge('a fetch session of a negative id is not found', fetch(12, { sessionId: -5, sessionEpoch: 1 })),
  edge(
    'a fetch session that nobody began can be ended',
    fetch(12, { sessionId: 123_456_789, sessionEpoch: -1, ...plain(part(0)) }),
  ),
  edge(
    'a fetch with session id 0 and epoch 1 is not found',
    fetch(12, { sessionId: 0, sessionEpoch: 1, ...plain(part(0)) }),
  ),
  edge('a fetch session without partitions is begun or not alike', fetch(12, { sessionId: 0, sessionEpoch: 0 })),
  edge(
    'a fetch session tells of an unknown partition each time',
    begin(plain(part(0, { fetchOffset: 5 }), part(9))),
    session(1),
  ),
  edge(
    'a fetch session by names can not go on by ids',
    begin(),
    fetch(13, ({ answers, topicId }) => ({
      sessionId: numberIn(answers[0], 'sessionId'),
      sessionEpoch: 1,
      topics: [{ topicId: topicId('plain'), partitions: [part(0)] }],
    })),
  ),
  edge('a fetch session by ids can not go on by names', fetch(13, plainById(part(0))), session(1, plain(part(1)))),
  edge(
    'a fetch session by ids tells of an unknown id',
    fetch(13, { sessionId: 0, sessionEpoch: 0, topics: [{ topicId: UNKNOWN_TOPIC_ID, partitions: [part(0)] }] }),
    session(1, {}, 13),
  ),
];

const listOffsets = (
  version: number,
  topic: string,
  partitions: readonly { partitionIndex: number; timestamp: number | bigint; currentLeaderEpoch?: number }[],
  isolationLevel = 0,
): Ask =>
  ask(ApiKey.ListOffsets, version, {
    replicaId: -1,
    ...(version >= 2 ? { isolationLevel } : {}),
    topics: [{ name: topic, partitions }],
  });

const at = (version: number, timestamp: number | bigint, partitionIndex = 0): Ask =>
  listOffsets(version, 'plain', [{ partitionIndex, timestamp }]);

const listOffsetsCases = [
  edge('ListOffsets of no topics is answered with none', ask(ApiKey.ListOffsets, 7, { replicaId: -1, topics: [] })),
  edge('ListOffsets of a topic without partitions', listOffsets(7, 'plain', [])),
  edge('ListOffsets of version 1 finds the end', at(1, -1)),
  edge('ListOffsets of version 3 finds the start', at(3, -2)),
  edge('ListOffsets of version 4 tells the leader epoch', at(4, -1)),
  edge('ListOffsets finds the start of a cut log', at(7, -2, 2)),
  edge('ListOffsets finds the end of an empty log', at(7, -1, 1)),
  edge('ListOffsets finds the start of an empty log', at(7, -2, 1)),
  edge('ListOffsets finds the record of a time', at(7, T0 + 10)),
  edge('ListOffsets finds the first record of a time or later', at(7, T0 + 11)),
  edge('ListOffsets finds the record of a time in a batch whose records are not in order', at(7, T0 + 60)),
  edge('ListOffsets finds the first of the records behind a time', at(7, T0 + 30)),
  edge('ListOffsets finds nothing behind the last time', at(7, T0 + 101)),
  edge('ListOffsets finds nothing at a huge time', at(7, 9_007_199_254_740_991)),
  edge('ListOffsets finds nothing at the largest time there is', at(7, 9_223_372_036_854_775_807n)),
  edge('ListOffsets finds the first record at time 0', at(7, 0)),
  edge('ListOffsets finds nothing at any time in an empty log', at(7, 0, 1)),
  edge('ListOffsets finds the first record that is left, at time 0', at(7, 0, 2)),
  edge('ListOffsets finds the first record that is left, at a time that was cut off', at(7, T0 + 1, 2)),
  edge('ListOffsets finds the record with the largest time', at(7, -3)),
  edge('ListOffsets finds no record with the largest time in an empty log', at(7, -3, 1)),
  edge('ListOffsets of version 6 refuses the largest time', at(6, -3)),
  edge('ListOffsets finds the local start', at(8, -4)),
  edge('ListOffsets finds the local start of a cut log', at(8, -4, 2)),
  edge('ListOffsets of version 7 refuses the local start', at(7, -4)),
  edge('ListOffsets finds no tiered end', at(9, -5)),
  edge('ListOffsets of version 8 refuses the tiered end', at(8, -5)),
  edge('ListOffsets finds nothing that waits to be tiered', at(11, -6)),
  edge('ListOffsets of version 10 refuses what waits to be tiered', at(10, -6)),
  edge('ListOffsets refuses timestamp -7', at(11, -7)),
  edge('ListOffsets refuses a very negative timestamp', at(7, -1_000_000)),
  edge('ListOffsets of an unknown partition', at(7, -1, 3)),
  edge('ListOffsets of a negative partition', at(7, -1, -1)),
  edge('ListOffsets of an unknown topic', listOffsets(7, 'unknown', [{ partitionIndex: 0, timestamp: -1 }])),
  edge('ListOffsets of a topic without a name', listOffsets(7, '', [{ partitionIndex: 0, timestamp: -1 }])),
  edge('ListOffsets of a topic with a bad name', listOffsets(7, 'a/b', [{ partitionIndex: 0, timestamp: -1 }])),
  edge(
    'ListOffsets of a partition that is named twice',
    listOffsets(7, 'plain', [
      { partitionIndex: 0, timestamp: -1 },
      { partitionIndex: 0, timestamp: -2 },
    ]),
  ),
  edge(
    'ListOffsets of a topic that is named twice',
    ask(ApiKey.ListOffsets, 7, {
      replicaId: -1,
      topics: [
        { name: 'plain', partitions: [{ partitionIndex: 0, timestamp: -1 }] },
        { name: 'plain', partitions: [{ partitionIndex: 0, timestamp: -2 }] },
      ],
    }),
  ),
  edge(
    'ListOffsets with a leader epoch of the future',
    listOffsets(7, 'plain', [{ partitionIndex: 0, timestamp: -1, currentLeaderEpoch: 9 }]),
  ),
  edge(
    'ListOffsets with the leader epoch',
    listOffsets(7, 'plain', [{ partitionIndex: 0, timestamp: -1, currentLeaderEpoch: 0 }]),
  ),
  edge(
    'ListOffsets with a negative leader epoch',
    listOffsets(7, 'plain', [{ partitionIndex: 0, timestamp: -1, currentLeaderEpoch: -3 }]),
  ),
  edge(
    'ListOffsets of read_committed finds the last stable offset',
    listOffsets(7, 'plain', [{ partitionIndex: 0, timestamp: -1 }], 1),
  ),
  edge('ListOffsets of isolation level 3', listOffsets(7, 'plain', [{ partitionIndex: 0, timestamp: -1 }], 3)),
  edge(
    'ListOffsets of a negative isolation level',
    listOffsets(7, 'plain', [{ partitionIndex: 0, timestamp: -1 }], -1),
  ),
  edge(
    'ListOffsets with a time-out of zero',
    ask(ApiKey.ListOffsets, 10, {
      replicaId: -1,
      timeoutMs: 0,
      topics: [{ name: 'plain', partitions: [{ partitionIndex: 0, timestamp: -1 }] }],
    }),
  ),
  edge(
    'ListOffsets with a negative time-out',
    ask(ApiKey.ListOffsets, 10, {
      replicaId: -1,
      timeoutMs: -1,
      topics: [{ name: 'plain', partitions: [{ partitionIndex: 0, timestamp: -1 }] }],
    }),
  ),
  edge(
    'ListOffsets by a debugging replica',
    ask(ApiKey.ListOffsets, 7, {
      replicaId: -2,
      topics: [{ name: 'plain', partitions: [{ partitionIndex: 0, timestamp: -1 }] }],
    }),
  ),
];

const epochEnd = (
  version: number,
  leaderEpoch: number,
  more: { topic?: string; partition?: number; currentLeaderEpoch?: number } = {},
): Ask =>
  ask(ApiKey.OffsetForLeaderEpoch, version, {
    ...(version >= 3 ? { replicaId: -1 } : {}),
    topics: [
      {
        topic: more.topic ?? 'plain',
        partitions: [
          { partition: more.partition ?? 0, currentLeaderEpoch: more.currentLeaderEpoch ?? -1, leaderEpoch },
        ],
      },
    ],
  });

const epochCases = [
  edge('OffsetForLeaderEpoch of no topics', ask(ApiKey.OffsetForLeaderEpoch, 4, { replicaId: -1, topics: [] })),
  edge('OffsetForLeaderEpoch of version 2 finds the end of the epoch', epochEnd(2, 0)),
  edge('OffsetForLeaderEpoch of version 4 finds the end of the epoch', epochEnd(4, 0)),
  edge('OffsetForLeaderEpoch of an epoch of the future', epochEnd(4, 10)),
  edge('OffsetForLeaderEpoch of epoch -1', epochEnd(4, -1)),
  edge('OffsetForLeaderEpoch of a very negative epoch', epochEnd(4, -100)),
  edge('OffsetForLeaderEpoch in an empty log', epochEnd(4, 0, { partition: 1 })),
  edge('OffsetForLeaderEpoch in a cut log', epochEnd(4, 0, { partition: 2 })),
  edge('OffsetForLeaderEpoch of an unknown partition', epochEnd(4, 0, { partition: 3 })),
  edge('OffsetForLeaderEpoch of an unknown topic', epochEnd(4, 0, { topic: 'unknown' })),
  edge('OffsetForLeaderEpoch with a leader epoch of the future', epochEnd(4, 0, { currentLeaderEpoch: 3 })),
  edge('OffsetForLeaderEpoch with the leader epoch', epochEnd(4, 0, { currentLeaderEpoch: 0 })),
];

/** Reading: records, offsets and epochs. */
export const fetchingCases = [...fetchCases, ...sessionCases];
/** Where in a log a time or an epoch is. */
export const offsetCases = [...listOffsetsCases, ...epochCases];
