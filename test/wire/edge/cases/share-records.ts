import { ApiKey } from '../../../../broker/core/protocol/apis.ts';
import { type Ask, ask, type EdgeCase, edge, UNKNOWN_TOPIC_ID } from '../ask.ts';
import { shareAcknowledge, shareFetch, shareJoin, shareSettings, type Verdict } from './sharing.ts';

const [GAP, ACCEPT, RELEASE, REJECT, RENEW] = [0, 1, 2, 3, 4];
const OTHER = 'NNNNNNNNNNNNNNNNNNNNNN';
const RECORD_LIMIT = 1;

type Fetch = typeof shareFetch extends (groupId: string | null, ...rest: infer Rest) => Ask
  ? (...rest: Rest) => Ask
  : never;
type Acknowledge = (
  epoch: number,
  verdicts?: readonly Verdict[],
  more?: Parameters<typeof shareAcknowledge>[3],
  place?: Parameters<typeof shareAcknowledge>[4],
) => Ask;

/** A group of the case's own. */
interface Group {
  readonly groupId: string;
  readonly fetch: Fetch;
  readonly acknowledge: Acknowledge;
  /** Another member on another connection. */
  readonly otherFetch: (epoch: number, acquired?: number) => Ask;
  /** What is left to deliver, as the end of the case's member shows it to another one. */
  readonly left: (acquired: number) => readonly Ask[];
}

let groups = 0;

/** A case whose member, with session epoch 1 next, holds the ten records of partition 0: offsets 0–5 and 6–9. */
function held(
  title: string,
  asks: (group: Group) => readonly Ask[],
  settings: Readonly<Record<string, string>> = {},
): EdgeCase {
  const group = groupOf();
  const begin = group.fetch(0, {}, {}, (acquired) => acquired > 0);
  return edge(
    title,
    shareSettings(group.groupId, { ...EARLIEST, ...settings }),
    shareJoin(group.groupId),
    begin,
    ...asks(group),
  );
}

/** A case of a group that reads from the beginning and has not begun. */
function fresh(
  title: string,
  asks: (group: Group) => readonly Ask[],
  settings: Readonly<Record<string, string>> = {},
): EdgeCase {
  const group = groupOf();
  return edge(
    title,
    shareSettings(group.groupId, { ...EARLIEST, ...settings }),
    shareJoin(group.groupId),
    ...asks(group),
  );
}

/** A case whose member, with session epoch 2 next, has released the ten records. */
const available = (title: string, asks: (group: Group) => readonly Ask[]): EdgeCase =>
  held(title, (group) => [group.acknowledge(1, [all(RELEASE)]), ...asks(group)]);

const EARLIEST = { 'share.auto.offset.reset': 'earliest' };

function groupOf(): Group {
  groups += 1;
  const groupId = `held-${groups}`;
  const otherFetch = (epoch: number, wanted = 0): Ask =>
    shareFetch(groupId, epoch, { memberId: OTHER }, { elsewhere: true }, (acquired) => acquired >= wanted);
  return {
    groupId,
    fetch: (...rest) => shareFetch(groupId, ...rest),
    acknowledge: (...rest) => shareAcknowledge(groupId, ...rest),
    otherFetch,
    left: (acquired) => [shareAcknowledge(groupId, -1, [], {}, { partitions: [] }), otherFetch(0, acquired)],
  };
}

const all = (type: number): Verdict => [0, 9, type];

const verdictCases = [
  held('ShareAcknowledge accepts all that is held', ({ acknowledge, left }) => [
    acknowledge(1, [all(ACCEPT)]),
    ...left(0),
  ]),
  held('ShareAcknowledge accepts in two parts', ({ acknowledge, left }) => [
    acknowledge(1, [[0, 3, ACCEPT]]),
    acknowledge(2, [[4, 9, ACCEPT]]),
    ...left(0),
  ]),
  held('ShareAcknowledge accepts the middle', ({ acknowledge, left }) => [
    acknowledge(1, [[3, 7, ACCEPT]]),
    ...left(1),
  ]),
  held('ShareAcknowledge accepts twice', ({ acknowledge }) => [
    acknowledge(1, [[0, 3, ACCEPT]]),
    acknowledge(2, [[0, 3, ACCEPT]]),
  ]),
  held('ShareAcknowledge accepts what was accepted in part', ({ acknowledge, left }) => [
    acknowledge(1, [[0, 3, ACCEPT]]),
    acknowledge(2, [[2, 6, ACCEPT]]),
    ...left(1),
  ]),
  held('ShareAcknowledge of offsets that nobody holds', ({ acknowledge }) => [acknowledge(1, [[100, 110, ACCEPT]])]),
  held('ShareAcknowledge beyond what is held', ({ acknowledge, left }) => [
    acknowledge(1, [[5, 15, ACCEPT]]),
    ...left(1),
  ]),
  held('ShareAcknowledge of a range that ends before it begins', ({ acknowledge }) => [
    acknowledge(1, [[5, 4, ACCEPT]]),
  ]),
  held('ShareAcknowledge of negative offsets', ({ acknowledge }) => [acknowledge(1, [[-2, -1, ACCEPT]])]),
  held('ShareAcknowledge with too few types', ({ acknowledge }) => [acknowledge(1, [[0, 3, ACCEPT, ACCEPT]])]),
  held('ShareAcknowledge with too many types', ({ acknowledge }) => [acknowledge(1, [[0, 1, ACCEPT, ACCEPT, ACCEPT]])]),
  held('ShareAcknowledge without a type', ({ acknowledge }) => [acknowledge(1, [[0, 1]])]),
  held('ShareAcknowledge with a type for each record', ({ acknowledge, left }) => [
    acknowledge(1, [[0, 3, ACCEPT, REJECT, REJECT, ACCEPT]]),
    ...left(1),
  ]),
  held('ShareAcknowledge that releases one of four', ({ acknowledge, fetch }) => [
    acknowledge(1, [[0, 3, ACCEPT, RELEASE, REJECT, ACCEPT]]),
    fetch(2),
  ]),
  held('ShareAcknowledge of an unknown type', ({ acknowledge }) => [acknowledge(1, [[0, 1, 7]])]),
  held('ShareAcknowledge of a negative type', ({ acknowledge }) => [acknowledge(1, [[0, 1, -1]])]),
  held('ShareAcknowledge of a gap where there are records', ({ acknowledge, left }) => [
    acknowledge(1, [all(GAP)]),
    ...left(0),
  ]),
  held('ShareAcknowledge of a gap among verdicts', ({ acknowledge, left }) => [
    acknowledge(1, [[0, 3, ACCEPT, GAP, GAP, ACCEPT]]),
    ...left(1),
  ]),
  held('ShareAcknowledge of two ranges that overlap', ({ acknowledge }) => [
    acknowledge(1, [
      [0, 4, ACCEPT],
      [3, 9, ACCEPT],
    ]),
  ]),
  held('ShareAcknowledge of two ranges in the wrong order', ({ acknowledge }) => [
    acknowledge(1, [
      [5, 9, ACCEPT],
      [0, 4, ACCEPT],
    ]),
  ]),
  held('ShareAcknowledge of one right and one wrong range', ({ acknowledge, left }) => [
    acknowledge(1, [
      [0, 4, ACCEPT],
      [50, 60, ACCEPT],
    ]),
    ...left(1),
  ]),
  held('ShareAcknowledge of no ranges', ({ acknowledge }) => [acknowledge(1, [])]),
  held('ShareAcknowledge of no topics', ({ acknowledge }) => [acknowledge(1, [], {}, { partitions: [] })]),
  held('ShareAcknowledge of a partition that the session does not have', ({ acknowledge }) => [
    acknowledge(1, [[0, 0, ACCEPT]], {}, { partitions: [5] }),
  ]),
  held('ShareAcknowledge of a partition that the topic does not have', ({ acknowledge }) => [
    acknowledge(1, [[0, 0, ACCEPT]], {}, { partitions: [99] }),
  ]),
  held('ShareAcknowledge of a topic that is not there', ({ acknowledge }) => [
    acknowledge(1, [], {
      topics: [
        {
          topicId: UNKNOWN_TOPIC_ID,
          partitions: [
            {
              partitionIndex: 0,
              acknowledgementBatches: [{ firstOffset: 0, lastOffset: 0, acknowledgeTypes: [ACCEPT] }],
            },
          ],
        },
      ],
    }),
  ]),
];

const deliveryCases = [
  held('ShareFetch finds nothing while all is held', ({ fetch, otherFetch }) => [fetch(1), otherFetch(0)]),
  held('ShareFetch brings what was released again', ({ acknowledge, fetch }) => [
    acknowledge(1, [all(RELEASE)]),
    fetch(2),
  ]),
  held('ShareFetch brings a released part again', ({ acknowledge, fetch }) => [
    acknowledge(1, [[2, 4, RELEASE]]),
    fetch(2),
  ]),
  held('ShareFetch does not bring what was rejected', ({ acknowledge, fetch }) => [
    acknowledge(1, [all(REJECT)]),
    fetch(2),
  ]),
  held('ShareFetch gives another member what was released', ({ acknowledge, otherFetch }) => [
    acknowledge(1, [[0, 3, RELEASE]]),
    otherFetch(0, 1),
  ]),
  held('ShareAcknowledge of what another member holds', ({ acknowledge, otherFetch }) => [
    otherFetch(0),
    acknowledge(1, [[0, 3, ACCEPT]], { memberId: OTHER }, { elsewhere: true }),
    acknowledge(1, [[0, 3, ACCEPT]]),
  ]),
  held('ShareAcknowledge of what was released and another member took', ({ acknowledge, otherFetch }) => [
    acknowledge(1, [all(RELEASE)]),
    otherFetch(0, 1),
    acknowledge(2, [all(ACCEPT)]),
  ]),
  held(
    'ShareFetch stops bringing what was released too often',
    ({ acknowledge, fetch, left }) => [
      acknowledge(1, [all(RELEASE)]),
      fetch(2),
      acknowledge(3, [all(RELEASE)]),
      fetch(4),
      ...left(0),
    ],
    { 'share.delivery.count.limit': '2' },
  ),
  held(
    'ShareFetch gives another member what a lock held that ended',
    ({ otherFetch, acknowledge }) => [otherFetch(0, 1), acknowledge(1, [all(ACCEPT)])],
    { 'share.record.lock.duration.ms': '1000' },
  ),
];

const sessionCases = [
  held('ShareAcknowledge of an epoch to come', ({ acknowledge }) => [acknowledge(3)]),
  held('ShareAcknowledge of the first epoch in a session', ({ acknowledge }) => [acknowledge(0)]),
  held('ShareAcknowledge of the same epoch twice', ({ acknowledge }) => [
    acknowledge(1),
    acknowledge(1, [[1, 1, ACCEPT]]),
  ]),
  held('ShareAcknowledge that ends the session with verdicts', ({ acknowledge, fetch, otherFetch }) => [
    acknowledge(-1, [[0, 3, ACCEPT]]),
    fetch(1),
    otherFetch(0, 1),
  ]),
  held('ShareAcknowledge that ends the session with a wrong verdict', ({ acknowledge, otherFetch }) => [
    acknowledge(-1, [[50, 60, ACCEPT]]),
    otherFetch(0, 1),
  ]),
  held('ShareFetch that ends the session gives everything back', ({ fetch, otherFetch }) => [
    fetch(-1, {}, { partitions: [] }),
    otherFetch(0, 1),
  ]),
  held('ShareFetch that ends the session with verdicts', ({ fetch, otherFetch }) => [
    fetch(-1, {}, { verdicts: [[0, 3, ACCEPT]] }),
    otherFetch(0, 1),
  ]),
  held('ShareFetch of an epoch to come', ({ fetch }) => [fetch(4)]),
  held('ShareFetch of the same epoch twice', ({ fetch }) => [fetch(1), fetch(1)]),
  held('ShareFetch that begins the session anew', ({ fetch, acknowledge }) => [
    fetch(0),
    acknowledge(1, [all(ACCEPT)]),
  ]),
  held('ShareFetch that begins the session anew with verdicts', ({ fetch }) => [
    fetch(0, {}, { verdicts: [all(ACCEPT)] }),
  ]),
  held('ShareFetch that begins without partitions', ({ fetch }) => [fetch(0, {}, { partitions: [] })]),
  held('ShareFetch with verdicts', ({ fetch, left }) => [fetch(1, {}, { verdicts: [[0, 3, ACCEPT]] }), ...left(1)]),
  held('ShareFetch with a wrong verdict', ({ fetch }) => [fetch(1, {}, { verdicts: [[50, 60, ACCEPT]] })]),
  held('ShareFetch that releases and fetches at once', ({ fetch }) => [
    fetch(1, {}, { verdicts: [all(RELEASE)] }),
    fetch(2),
  ]),
  held('ShareFetch that forgets a partition', ({ acknowledge, fetch, groupId }) => [
    acknowledge(1, [all(RELEASE)]),
    ask(ApiKey.ShareFetch, 1, ({ topicId }) => ({
      groupId,
      memberId: 'MMMMMMMMMMMMMMMMMMMMMM',
      shareSessionEpoch: 2,
      maxWaitMs: 0,
      minBytes: 0,
      maxBytes: 1_000_000,
      maxRecords: 10,
      batchSize: 10,
      topics: [],
      forgottenTopicsData: [{ topicId: topicId('shared'), partitions: [0] }],
    })),
    fetch(3, {}, { partitions: [] }),
  ]),
  fresh('ShareFetch of a partition that the topic does not have', ({ fetch }) => [
    fetch(0, {}, { partitions: [99] }),
    fetch(1, {}, { partitions: [] }),
  ]),
];

const limitCases = [
  available('ShareFetch of at most no records', ({ fetch }) => [fetch(2, { maxRecords: 0 })]),
  available('ShareFetch of at most -1 records', ({ fetch }) => [fetch(2, { maxRecords: -1 })]),
  available('ShareFetch in batches of none', ({ fetch }) => [fetch(2, { batchSize: 0 })]),
  available('ShareFetch of at most no bytes', ({ fetch }) => [fetch(2, { maxBytes: 0 })]),
  available('ShareFetch that waits for more bytes than there are', ({ fetch }) => [
    fetch(2, { minBytes: 1_000_000, maxWaitMs: 100 }),
  ]),
  fresh('ShareFetch of at most one record gives a batch', ({ fetch }) => [
    fetch(0, { maxRecords: 1 }, {}, (acquired) => acquired > 0),
    fetch(1, { maxRecords: 1 }),
  ]),
  fresh('ShareFetch of at most one record, strictly', ({ fetch }) => [
    fetch(0, { maxRecords: 1, shareAcquireMode: RECORD_LIMIT }, { version: 2 }, (acquired) => acquired > 0),
    fetch(1, { maxRecords: 3, shareAcquireMode: RECORD_LIMIT }, { version: 2 }),
  ]),
  fresh('ShareFetch in batches of two', ({ fetch }) => [fetch(0, { batchSize: 2 }, {}, (acquired) => acquired > 0)]),
  fresh('ShareFetch of at most one byte', ({ fetch }) => [fetch(0, { maxBytes: 1 }, {}, (acquired) => acquired > 0)]),
  fresh('ShareFetch of committed records', ({ fetch }) => [fetch(0, {}, {}, (acquired) => acquired > 0)], {
    'share.isolation.level': 'read_committed',
  }),
];

const renew = { isRenewAck: true };
const quiet = { ...renew, maxBytes: 0, maxRecords: 0, minBytes: 0, maxWaitMs: 0 };
const renewCases = [
  held('ShareAcknowledge renews what is held', ({ acknowledge }) => [
    acknowledge(1, [all(RENEW)], renew, { version: 2 }),
    acknowledge(2, [all(ACCEPT)], {}, { version: 2 }),
  ]),
  held('ShareAcknowledge renews without saying so', ({ acknowledge }) => [
    acknowledge(1, [all(RENEW)], {}, { version: 2 }),
  ]),
  held('ShareAcknowledge renews in version 1', ({ acknowledge }) => [acknowledge(1, [all(RENEW)])]),
  held('ShareAcknowledge renews some and accepts others', ({ acknowledge, left }) => [
    acknowledge(
      1,
      [
        [0, 3, ACCEPT],
        [4, 9, RENEW],
      ],
      renew,
      { version: 2 },
    ),
    ...left(1),
  ]),
  held('ShareAcknowledge renews what was accepted', ({ acknowledge }) => [
    acknowledge(1, [all(ACCEPT)], {}, { version: 2 }),
    acknowledge(2, [all(RENEW)], renew, { version: 2 }),
  ]),
  held('ShareFetch renews what is held', ({ fetch }) => [fetch(1, quiet, { version: 2, verdicts: [all(RENEW)] })]),
  held('ShareFetch renews without saying so', ({ fetch }) => [fetch(1, {}, { version: 2, verdicts: [all(RENEW)] })]),
];

const partitionsOf = (groupId: string): Ask =>
  ask(ApiKey.DescribeShareGroupOffsets, 1, {
    groups: [{ groupId, topics: [{ topicName: 'shared', partitions: [0] }] }],
  });
const offsetCases = [
  held('DescribeShareGroupOffsets of a group that holds everything', ({ groupId }) => [partitionsOf(groupId)]),
  held('DescribeShareGroupOffsets of a group that finished some', ({ acknowledge, groupId }) => [
    acknowledge(1, [[0, 3, ACCEPT]]),
    partitionsOf(groupId),
  ]),
  held('DescribeShareGroupOffsets of a group that finished the middle', ({ acknowledge, groupId }) => [
    acknowledge(1, [[3, 5, ACCEPT]]),
    partitionsOf(groupId),
  ]),
  held('DescribeShareGroupOffsets of all of a group without members', ({ groupId }) => [
    ask(ApiKey.DescribeShareGroupOffsets, 1, { groups: [{ groupId, topics: null }] }),
  ]),
  held('AlterShareGroupOffsets of a group whose records are held', ({ groupId, fetch }) => [
    ask(
      ApiKey.AlterShareGroupOffsets,
      0,
      { groupId, topics: [{ topicName: 'shared', partitions: [{ partitionIndex: 0, startOffset: 5 }] }] },
      { elsewhere: true },
    ),
    fetch(1),
  ]),
  held('DeleteShareGroupOffsets of a group whose records are held', ({ groupId, fetch }) => [
    ask(ApiKey.DeleteShareGroupOffsets, 0, { groupId, topics: [{ topicName: 'shared' }] }, { elsewhere: true }),
    fetch(1),
  ]),
];

/** Share groups whose members hold records. */
export const heldRecordCases = [
  ...verdictCases,
  ...deliveryCases,
  ...sessionCases,
  ...limitCases,
  ...renewCases,
  ...offsetCases,
];
