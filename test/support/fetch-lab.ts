import { brokerId } from '../../broker/core/base/ids.ts';
import { FetchSessions } from '../../broker/core/replica/fetch-session.ts';
import { type FetchServices, row } from '../../broker/server/api/fetch.ts';
import { LeadWaits } from '../../broker/server/partitions/lead-waits.ts';
import type { Partition, Partitions, ReadablePartition } from '../../broker/server/partitions/partition.ts';
import { Throttle } from '../../broker/server/replication/throttle.ts';
import { FakeView } from './fake-view.ts';
import { HandLog, lead, records } from './leader-lab.ts';
import { PLAIN_BROKER } from './metadata/parts.ts';
import { requestContext } from './request-context.ts';
import { VirtualLoop } from './virtual-loop.ts';

type Request = Parameters<typeof row.handle>[1];
type Response = NonNullable<Parameters<Parameters<typeof row.handle>[3]>[0]>;
type Answered = { -readonly [K in keyof Response]: Response[K] };

const ALL = [0, 1, 2].map((id) => brokerId(id));
/** Id of topic jobs. */
export const TOPIC_ID = 'AAAAAAAAAAAAAAAAAAAAAQ';
/** Broker epoch of everybody. */
export const EPOCH = 40;

/** What a follower, broker 1 unless told otherwise, asks of jobs-0. */
export interface Asked {
  readonly from?: number;
  readonly follower?: number;
  readonly epoch?: number;
  readonly leaderEpoch?: number;
  readonly lastEpoch?: number;
  readonly start?: number;
  readonly session?: readonly [number, number];
  readonly unnamed?: boolean;
  readonly maxWaitMs?: number;
  readonly rackId?: string;
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
    topics: options.unnamed === true ? [] : [{ topic: 'jobs', topicId: TOPIC_ID, partitions: [partition] }],
    forgottenTopicsData: [],
    rackId: options.rackId ?? '',
  };
}

function ledHere(): FakeView {
  const view = new FakeView();
  view.setTopic('jobs', 1, TOPIC_ID);
  view.setBrokers(ALL.map((id) => ({ ...PLAIN_BROKER, id, epoch: EPOCH, endpoints: [] })));
  return view;
}

/** Broker 0 leads jobs-0, which holds `values`, all of it written and the first `durable` synced; brokers 1 and 2 follow. */
export function served(
  values: readonly string[],
  durable: number,
  options: {
    readonly selector?: string;
    readonly followed?: ReadablePartition;
    readonly isLed?: boolean;
    readonly rate?: number;
    readonly led?: Parameters<typeof lead>[0];
    /** What broker 0 knows; absent: that it leads. */
    readonly view?: FakeView;
  } = {},
) {
  const log = new HandLog();
  const led = lead({ log, view: { replicas: ALL, isr: ALL }, ...options.led });
  for (const value of values) led.append(records(value));
  log.progress(values.length, durable);
  const view = options.view ?? ledHere();
  const loop = new VirtualLoop();
  const granted: number[] = [];
  let isLed = options.isLed !== false;
  const leadListeners: ((partition: Partition) => void)[] = [];
  const partitions: Partitions = {
    byId: (id, index) => (isLed && id === TOPIC_ID && index === 0 ? led.partition : null),
    byName: () => led.partition,
    followed: () => options.followed ?? null,
    all: () => [led.partition],
    onLead: (listener) => leadListeners.push(listener),
    damagedCount: 0,
  };
  const metadata = { view };
  const server: FetchServices = {
    metadata,
    partitions,
    leadWaits: new LeadWaits({ nodeId: brokerId(0), clock: loop, timers: loop, metadata, partitions }),
    ports: { timers: loop, clock: loop, random: { uint32: () => 7, bytes: () => new Uint8Array(0) } },
    // The settings that Fetch asks for: one in bytes, and who is read from.
    settings: {
      broker: (name: string) => (name === 'replica.selector.class' ? (options.selector ?? '') : 1_000_000),
    } as unknown as FetchServices['settings'],
    fetchSessions: new FetchSessions(() => 10),
    limitLog: { write: () => undefined } as unknown as FetchServices['limitLog'],
    answerMemory: {
      grant: (wanted) => (granted.push(wanted), wanted),
      release: () => undefined,
      answerBytesMax: () => 0,
    },
    brokerListener: 'brokers',
    leaderThrottle: new Throttle(loop, () => options.rate ?? Number.MAX_SAFE_INTEGER),
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
  /** Broker 0 leads from now on. */
  const begin = (): void => {
    isLed = true;
    for (const listener of leadListeners) listener(led.partition);
    loop.run();
  };
  const partitionOf = (asked: { response: Answered | null }) => asked.response?.responses[0]?.partitions[0];
  return { ...led, log, loop, server, granted, ask, begin, partitionOf };
}
