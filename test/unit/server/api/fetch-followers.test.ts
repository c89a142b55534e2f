import { describe, expect, it } from '@jest/globals';
import { brokerId } from '../../../../broker/core/base/ids.ts';
import { ErrorCode } from '../../../../broker/core/protocol/errors.ts';
import { FetchSessions } from '../../../../broker/core/replica/fetch-session.ts';
import { type FetchServices, row } from '../../../../broker/server/api/fetch.ts';
import { HandLog, lead, records } from '../../../support/leader-lab.ts';
import { FakeView } from '../../../support/fake-view.ts';
import { requestContext } from '../../../support/request-context.ts';
import { PLAIN_BROKER } from '../../../support/metadata/parts.ts';
import { VirtualLoop } from '../../../support/virtual-loop.ts';

type Request = Parameters<typeof row.handle>[1];
type Response = NonNullable<Parameters<Parameters<typeof row.handle>[3]>[0]>;
type Answered = { -readonly [K in keyof Response]: Response[K] };

const ALL = [0, 1, 2].map((id) => brokerId(id));
const TOPIC_ID = 'AAAAAAAAAAAAAAAAAAAAAQ';
const EPOCH = 40;

/** What a follower, broker 1 unless told otherwise, asks of jobs-0. */
interface Asked {
  readonly from?: number;
  readonly follower?: number;
  readonly epoch?: number;
  readonly leaderEpoch?: number;
  readonly lastEpoch?: number;
  readonly start?: number;
  readonly session?: readonly [number, number];
  readonly unnamed?: boolean;
  readonly maxWaitMs?: number;
}

function requestOf(options: Asked): Request {
  const partition = {
    partition: 0,
    currentLeaderEpoch: options.leaderEpoch ?? 7,
    fetchOffset: options.from ?? 0,
    lastFetchedEpoch: options.lastEpoch ?? -1,
    logStartOffset: options.start ?? 0,
    partitionMaxBytes: 1_000_000,
    replicaDirectoryId: '',
    highWatermark: 0,
  };
  return {
    clusterId: null,
    replicaId: -1,
    replicaState: { replicaId: options.follower ?? 1, replicaEpoch: options.epoch ?? EPOCH },
    maxWaitMs: options.maxWaitMs ?? 500,
    minBytes: 1,
    maxBytes: 1_000_000,
    isolationLevel: 0,
    sessionId: options.session?.[0] ?? 0,
    sessionEpoch: options.session?.[1] ?? -1,
    topics: options.unnamed === true ? [] : [{ topic: '', topicId: TOPIC_ID, partitions: [partition] }],
    forgottenTopicsData: [],
    rackId: '',
  };
}

/** Broker 0 leads jobs-0, which holds `values`, all of it written and the first `durable` synced; brokers 1 and 2 follow. */
function served(values: readonly string[], durable: number) {
  const log = new HandLog();
  const led = lead({ log, view: { replicas: ALL, isr: ALL } });
  for (const value of values) led.append(records(value));
  log.progress(values.length, durable);
  const view = new FakeView();
  view.setTopic('jobs', 1, TOPIC_ID);
  view.setBrokers(ALL.map((id) => ({ ...PLAIN_BROKER, id, epoch: EPOCH, endpoints: [] })));
  const loop = new VirtualLoop();
  const granted: number[] = [];
  const server: FetchServices = {
    metadata: { view },
    partitions: {
      byId: (id, index) => (id === TOPIC_ID && index === 0 ? led.partition : null),
      byName: () => led.partition,
      all: () => [led.partition],
      onLead: () => undefined,
      damagedCount: 0,
    },
    ports: { timers: loop, clock: loop, random: { uint32: () => 7, bytes: () => new Uint8Array(0) } },
    // The one setting that Fetch asks for, in bytes.
    settings: { broker: () => 1_000_000 } as unknown as FetchServices['settings'],
    fetchSessions: new FetchSessions(() => 10),
    limitLog: { write: () => undefined } as unknown as FetchServices['limitLog'],
    answerMemory: {
      grant: (wanted) => (granted.push(wanted), wanted),
      release: () => undefined,
      answerBytesMax: () => 0,
    },
    brokerListener: 'brokers',
  };
  const ask = (
    options: Asked = {},
    context = requestContext({ listener: 'brokers' }),
  ): { response: Answered | null } => {
    const asked: { response: Answered | null } = { response: null };
    row.handle(server, requestOf(options), context, (response) => {
      asked.response = response;
    });
    return asked;
  };
  const partitionOf = (asked: { response: Answered | null }) => asked.response?.responses[0]?.partitions[0];
  return { ...led, log, loop, server, granted, ask, partitionOf };
}

describe('a fetch of a follower', () => {
  it('is served on the listener of brokers alone, to those who may act for the cluster (B2)', () => {
    const { ask } = served(['a'], 1);
    const refused = { errorCode: ErrorCode.CLUSTER_AUTHORIZATION_FAILED, sessionId: 0, responses: [] };
    expect(ask({}, requestContext()).response).toEqual(refused);
    const denied = requestContext({ listener: 'brokers', allowed: ({ operation }) => operation !== 'cluster-action' });
    expect(ask({}, denied).response).toEqual(refused);
    expect(ask().response?.errorCode).toBe(ErrorCode.NONE);
  });

  it('is not one of an earlier incarnation', () => {
    const { ask, partition } = served(['a'], 1);
    expect(ask({ epoch: EPOCH - 1, from: 1 }).response?.errorCode).toBe(ErrorCode.STALE_BROKER_EPOCH);
    ask({ follower: 2, from: 1 });
    expect(partition.highWatermark).toBe(0);
    ask({ epoch: EPOCH + 1, from: 1 });
    expect(partition.highWatermark).toBe(1);
  });

  it('reads all that is written, asks for no memory, and says where its log ends', () => {
    const { ask, partitionOf, partition, granted } = served(['a', 'b'], 1);
    expect(partitionOf(ask())).toMatchObject({ errorCode: 0, highWatermark: 0, records: { length: 2 } });
    ask({ from: 2 });
    ask({ follower: 2, from: 1 });
    expect(partition.highWatermark).toBe(1);
    expect(partitionOf(ask({ follower: 2, from: 1 }))).toMatchObject({ highWatermark: 1, records: { length: 1 } });
    expect(granted).toEqual([]);
    ask({ follower: -1, leaderEpoch: -1 }, requestContext());
    expect(granted).toHaveLength(1);
  });

  it('knows the leader epoch', () => {
    const { ask, partitionOf, partition } = served(['a'], 1);
    ask({ follower: 2, from: 1 });
    expect(partitionOf(ask({ leaderEpoch: 6, from: 1 }))?.errorCode).toBe(ErrorCode.FENCED_LEADER_EPOCH);
    expect(partitionOf(ask({ leaderEpoch: 8, from: 1 }))?.errorCode).toBe(ErrorCode.UNKNOWN_LEADER_EPOCH);
    expect(partitionOf(ask({ leaderEpoch: -1, from: 1 }))?.errorCode).toBe(ErrorCode.FENCED_LEADER_EPOCH);
    expect(partition.highWatermark).toBe(0);
    ask({ from: 1 });
    expect(partition.highWatermark).toBe(1);
  });

  it('says nothing of what it has where its history is another, and is told where they part', () => {
    const { ask, partitionOf, partition, log } = served(['a', 'b'], 2);
    ask({ follower: 2, from: 2 });
    log.epochEnds.set(6, { leaderEpoch: 5, endOffset: 1 });
    expect(partitionOf(ask({ from: 2, lastEpoch: 6 }))).toMatchObject({
      errorCode: 0,
      divergingEpoch: { epoch: 5, endOffset: 1 },
      records: [],
    });
    expect(partition.highWatermark).toBe(0);
  });

  it('is told when its log ends beyond this one or below its start', () => {
    const { ask, partitionOf, partition, log } = served(['a', 'b'], 2);
    ask({ follower: 2, from: 2 });
    expect(partitionOf(ask({ from: 3 }))?.errorCode).toBe(ErrorCode.OFFSET_OUT_OF_RANGE);
    log.logStartOffset = 1;
    expect(partitionOf(ask({ from: 0 }))).toMatchObject({ errorCode: ErrorCode.OFFSET_OUT_OF_RANGE });
    expect(partition.highWatermark).toBe(0);
  });

  it('of no replica is told that the leader may not know yet', () => {
    const { ask, partitionOf } = served(['a'], 1);
    expect(partitionOf(ask({ follower: 3 }))?.errorCode).toBe(ErrorCode.UNKNOWN_LEADER_EPOCH);
  });

  it('waits for what is written, and not for what is committed', () => {
    const { ask, partitionOf, append, log, loop, partition } = served(['a'], 1);
    const waiting = ask({ from: 1 });
    loop.run();
    expect(waiting.response).toBeNull();
    ask({ follower: 2, from: 1 });
    expect(partition.highWatermark).toBe(1);
    loop.advance(10);
    expect(waiting.response).toBeNull();
    append(records('b'));
    log.progress(2, 1);
    loop.advance(1);
    expect(partitionOf(waiting)).toMatchObject({ highWatermark: 1, records: { length: 1 } });
  });

  it('is answered when the log begins elsewhere than it was told, and tells where its own does', () => {
    const { ask, partitionOf, partition, loop } = served(['a', 'b'], 2);
    ask({ follower: 2, from: 2, start: 2 });
    ask({ from: 2, session: [0, 0], maxWaitMs: 0 });
    const waiting = ask({ unnamed: true, session: [7, 1] });
    loop.run();
    expect(waiting.response).toBeNull();
    const answers: unknown[] = [];
    partition.deleteRecords(2, (answer) => answers.push(answer));
    loop.advance(1);
    expect(partitionOf(waiting)).toMatchObject({ logStartOffset: 2, records: [] });
    expect(answers).toEqual([]);
    ask({ from: 2, start: 2, session: [7, 2] });
    expect(answers).toEqual([{ errorCode: 0, lowWatermark: 2 }]);
  });

  it('of a session counts for every partition in it, named or not', () => {
    const { ask, append, log, partition } = served(['a'], 1);
    ask({ from: 1, session: [0, 0], maxWaitMs: 0 });
    ask({ follower: 2, from: 1 });
    append(records('b'));
    log.progress(2, 2);
    ask({ unnamed: true, session: [7, 1], maxWaitMs: 0 });
    expect(partition.replica.followers.map(({ endOffset }) => endOffset)).toEqual([1, 1]);
    ask({ from: 2, session: [7, 2], maxWaitMs: 0 });
    expect(partition.replica.followers.map(({ endOffset }) => endOffset)).toEqual([2, 1]);
  });
});
