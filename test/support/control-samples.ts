import { NOTHING_ASSESSED } from '../../broker/core/metadata/assess-topics.ts';
import type { MetadataCommand, MetadataOutcome } from '../../broker/core/metadata/commands.ts';
import type { Message } from '../../broker/core/raft/types.ts';
import type { StreamCalls, StreamName, UnaryCalls, UnaryName, WatchResponse } from '../../broker/ports/control-net.ts';

/** `T` with nothing left out. */
type Full<T> = T extends Uint8Array
  ? T
  : T extends readonly (infer E)[]
    ? readonly Full<E>[]
    : T extends object
      ? { readonly [K in keyof T]-?: Full<Exclude<T[K], null | undefined>> }
      : T;

/** `T` with everything left out that may be, and null where that may be. */
type Bare<T> = T extends Uint8Array
  ? T
  : T extends readonly (infer E)[]
    ? readonly Bare<E>[]
    : T extends object
      ? {
          readonly [K in keyof T as Record<never, never> extends Pick<T, K> ? never : K]: null extends T[K]
            ? null
            : Bare<T[K]>;
        }
      : T;

type FullOf<U extends { readonly kind: string }> = {
  readonly [K in U['kind']]: Full<Extract<U, { readonly kind: K }>>;
};
type BareOf<U extends { readonly kind: string }> = {
  readonly [K in U['kind']]: Bare<Extract<U, { readonly kind: K }>>;
};

const FAR = Number.MAX_SAFE_INTEGER;

/** A command of every kind with every field set. The compiler asks for a new one, and for a new field of one. */
export const FULL_COMMANDS: FullOf<MetadataCommand> = {
  formatCluster: { kind: 'formatCluster', clusterId: 'cluster-0000000000000a' },
  registerBroker: {
    kind: 'registerBroker',
    brokerId: 7,
    incarnationId: 'incarnation-0000000000',
    directoryId: 'directory-000000000000',
    previousBrokerEpoch: FAR,
    endpoints: [
      { listener: 'PLAINTEXT', host: 'broker-7.test', port: 9092 },
      { listener: 'CONTROLLER', host: '::1', port: 65_535 },
    ],
    rack: 'räck ☃ 𝄞',
    lastUnfencedEpoch: FAR,
    damaged: [{ topicId: 'topic-0000000000000000', index: 4 }],
    suspect: [{ topicId: 'topic-0000000000000001', index: 5 }],
    host: 'hôst',
    weirVersionMin: 1,
    weirVersionMax: 2,
  },
  unfenceBroker: { kind: 'unfenceBroker', brokerId: 2_147_483_647, brokerEpoch: FAR },
  fenceBroker: { kind: 'fenceBroker', brokerId: 1, brokerEpoch: 2 ** 32 },
  createTopics: {
    kind: 'createTopics',
    topics: [
      {
        name: 'jobs',
        partitionCount: 3,
        replicationFactor: 2,
        shrinkToBrokers: true,
        assignments: [
          { partitionIndex: 0, brokerIds: [1, 2, 3] },
          { partitionIndex: 1, brokerIds: [2_147_483_647, 0] },
        ],
        configs: [{ name: 'cleanup.policy', value: 'compact' }],
      },
    ],
    validateOnly: true,
  },
  deleteTopics: { kind: 'deleteTopics', topics: [{ name: 'jobs', topicId: 'topic-0000000000000000' }] },
  createPartitions: {
    kind: 'createPartitions',
    topics: [{ name: 'jobs', partitionCount: 9, assignments: [[1, 2], [3]] }],
    validateOnly: true,
  },
  alterConfigs: {
    kind: 'alterConfigs',
    resources: [
      {
        scope: 'topic',
        name: 'jobs',
        operations: [{ name: 'retention.ms', operation: 'set', value: '1000' }],
        replaceAll: true,
      },
    ],
    validateOnly: true,
  },
  allocateProducerIds: { kind: 'allocateProducerIds', brokerId: 3, brokerEpoch: 11 },
  markDurable: {
    kind: 'markDurable',
    brokerId: 1,
    brokerEpoch: 5,
    partitions: [{ topicId: 'topic-0000000000000000', index: 4, leaderEpoch: 12 }],
  },
  unregisterBroker: { kind: 'unregisterBroker', brokerId: 5 },
  setAdvertised: {
    kind: 'setAdvertised',
    brokerId: 5,
    endpoints: [{ listener: 'OUTSIDE', host: 'b-5.example.com', port: 65_535 }],
  },
  registerController: {
    kind: 'registerController',
    controllerId: 2,
    incarnationId: 'incarnation-0000000000',
    directoryId: 'directory-000000000000',
    host: 'controller-2.test',
    port: 9093,
    weirVersionMin: 1,
    weirVersionMax: 2,
    machine: 'machine-2',
  },
  unregisterController: { kind: 'unregisterController', controllerId: 4 },
  updateFeatures: {
    kind: 'updateFeatures',
    updates: [
      { name: 'weir.version', level: 2, upgradeType: 'upgrade' },
      { name: 'x', level: 0, upgradeType: 'safe-downgrade' },
      { name: 'y', level: 1, upgradeType: 'unsafe-downgrade' },
    ],
    validateOnly: true,
  },
  alterPartition: {
    kind: 'alterPartition',
    brokerId: 1,
    brokerEpoch: 5,
    partitions: [
      {
        topicId: 'topic-0000000000000000',
        index: 4,
        leaderEpoch: 12,
        partitionEpoch: 13,
        isr: [
          { brokerId: 1, brokerEpoch: FAR },
          { brokerId: 2, brokerEpoch: -1 },
        ],
      },
    ],
  },
  reportLogs: {
    kind: 'reportLogs',
    brokerId: 1,
    brokerEpoch: 5,
    partitions: [{ topicId: 'topic-0000000000000000', index: 4, lastEpoch: 12, endOffset: FAR }],
  },
  reportDamage: {
    kind: 'reportDamage',
    brokerId: 1,
    brokerEpoch: 5,
    partitions: [{ topicId: 'topic-0000000000000000', index: 4 }],
  },
  controlledShutdown: { kind: 'controlledShutdown', brokerId: 1, brokerEpoch: FAR },
  electLeaders: { kind: 'electLeaders', electionType: 'unclean', partitions: [{ topic: 'jobs', index: 4 }] },
  alterReassignments: {
    kind: 'alterReassignments',
    partitions: [{ topic: 'jobs', index: 4, replicas: [3, 2, 1] }],
    allowReplicationFactorChange: true,
  },
  setBrokerPlacement: { kind: 'setBrokerPlacement', brokerId: 3, cordoned: true, draining: true },
};

/** The same with nulls, nothing that may be left out, and values that a wire format likes to confuse with nothing. */
export const BARE_COMMANDS: BareOf<MetadataCommand> = {
  formatCluster: { kind: 'formatCluster', clusterId: '' },
  registerBroker: {
    kind: 'registerBroker',
    brokerId: 0,
    incarnationId: '',
    directoryId: '',
    previousBrokerEpoch: -1,
    endpoints: [],
    rack: null,
    lastUnfencedEpoch: -1,
    damaged: [],
    suspect: [],
    host: '',
    weirVersionMin: 0,
    weirVersionMax: 0,
  },
  unfenceBroker: { kind: 'unfenceBroker', brokerId: 0, brokerEpoch: 0 },
  fenceBroker: { kind: 'fenceBroker', brokerId: -1, brokerEpoch: -FAR },
  createTopics: {
    kind: 'createTopics',
    topics: [
      {
        name: '',
        partitionCount: -1,
        replicationFactor: -1,
        assignments: [{ partitionIndex: 0, brokerIds: [] }],
        configs: [{ name: '', value: null }],
      },
    ],
    validateOnly: false,
  },
  deleteTopics: { kind: 'deleteTopics', topics: [{ name: null, topicId: null }] },
  createPartitions: {
    kind: 'createPartitions',
    topics: [{ name: '', partitionCount: 0, assignments: null }],
    validateOnly: false,
  },
  alterConfigs: {
    kind: 'alterConfigs',
    resources: [{ scope: 'cluster', name: '', operations: [{ name: '', operation: 'delete', value: null }] }],
    validateOnly: false,
  },
  allocateProducerIds: { kind: 'allocateProducerIds', brokerId: 0, brokerEpoch: -1 },
  markDurable: { kind: 'markDurable', brokerId: 0, brokerEpoch: 0, partitions: [] },
  unregisterBroker: { kind: 'unregisterBroker', brokerId: 0 },
  setAdvertised: { kind: 'setAdvertised', brokerId: 0, endpoints: [] },
  registerController: {
    kind: 'registerController',
    controllerId: 0,
    incarnationId: '',
    directoryId: '',
    host: '',
    port: 0,
    weirVersionMin: 0,
    weirVersionMax: 0,
    machine: '',
  },
  unregisterController: { kind: 'unregisterController', controllerId: -1 },
  updateFeatures: { kind: 'updateFeatures', updates: [], validateOnly: false },
  alterPartition: {
    kind: 'alterPartition',
    brokerId: 0,
    brokerEpoch: -1,
    partitions: [{ topicId: '', index: 0, leaderEpoch: 0, partitionEpoch: 0, isr: [] }],
  },
  reportLogs: {
    kind: 'reportLogs',
    brokerId: 0,
    brokerEpoch: -1,
    partitions: [{ topicId: '', index: 0, lastEpoch: -1, endOffset: 0 }],
  },
  reportDamage: { kind: 'reportDamage', brokerId: 0, brokerEpoch: -1, partitions: [] },
  controlledShutdown: { kind: 'controlledShutdown', brokerId: 0, brokerEpoch: -1 },
  electLeaders: { kind: 'electLeaders', electionType: 'preferred', partitions: null },
  alterReassignments: {
    kind: 'alterReassignments',
    partitions: [{ topic: '', index: 0, replicas: null }],
    allowReplicationFactorChange: false,
  },
  setBrokerPlacement: { kind: 'setBrokerPlacement', brokerId: 0, cordoned: false, draining: false },
};

const problem = { errorCode: 41, errorMessage: 'a reason' };
const none = { errorCode: 0, errorMessage: null };

/** An outcome of every kind with every field set. */
export const FULL_OUTCOMES: FullOf<MetadataOutcome> = {
  failed: { kind: 'failed', ...problem },
  formatCluster: { kind: 'formatCluster', ...problem },
  registerBroker: { kind: 'registerBroker', ...problem, brokerEpoch: FAR },
  unfenceBroker: { kind: 'unfenceBroker', ...problem },
  fenceBroker: { kind: 'fenceBroker', ...problem },
  createTopics: {
    kind: 'createTopics',
    ...problem,
    topics: [{ ...problem, name: 'jobs', topicId: 'topic-0000000000000000', partitionCount: 3, replicationFactor: 1 }],
  },
  deleteTopics: {
    kind: 'deleteTopics',
    ...problem,
    topics: [{ ...problem, name: 'jobs', topicId: 'topic-0000000000000000' }],
  },
  createPartitions: { kind: 'createPartitions', ...problem, topics: [{ ...problem, name: 'jobs' }] },
  alterConfigs: { kind: 'alterConfigs', ...problem, resources: [{ ...problem, scope: 'group', name: 'workers' }] },
  allocateProducerIds: { kind: 'allocateProducerIds', ...problem, firstProducerId: FAR - 1000, producerIdCount: 1000 },
  markDurable: { kind: 'markDurable', ...problem },
  unregisterBroker: { kind: 'unregisterBroker', ...problem },
  setAdvertised: { kind: 'setAdvertised', ...problem },
  registerController: { kind: 'registerController', ...problem },
  unregisterController: { kind: 'unregisterController', ...problem },
  updateFeatures: { kind: 'updateFeatures', ...problem },
  alterPartition: {
    kind: 'alterPartition',
    ...problem,
    partitions: [
      {
        topicId: 'topic-0000000000000000',
        index: 4,
        errorCode: 107,
        leader: 1,
        leaderEpoch: 12,
        partitionEpoch: 13,
        isr: [1, 2],
      },
    ],
  },
  reportLogs: { kind: 'reportLogs', ...problem },
  reportDamage: { kind: 'reportDamage', ...problem },
  controlledShutdown: { kind: 'controlledShutdown', ...problem, remaining: 3 },
  electLeaders: { kind: 'electLeaders', ...problem, partitions: [{ ...problem, topic: 'jobs', index: 4 }] },
  alterReassignments: { kind: 'alterReassignments', ...problem, partitions: [{ ...problem, topic: 'jobs', index: 4 }] },
  setBrokerPlacement: { kind: 'setBrokerPlacement', ...problem },
};

/** The same with nulls and values that a wire format likes to confuse with nothing. */
export const BARE_OUTCOMES: BareOf<MetadataOutcome> = {
  failed: { kind: 'failed', errorCode: -1, errorMessage: null },
  formatCluster: { kind: 'formatCluster', ...none },
  registerBroker: { kind: 'registerBroker', ...none, brokerEpoch: -1 },
  unfenceBroker: { kind: 'unfenceBroker', ...none },
  fenceBroker: { kind: 'fenceBroker', ...none },
  createTopics: {
    kind: 'createTopics',
    ...none,
    topics: [{ ...none, name: '', topicId: '', partitionCount: -1, replicationFactor: -1 }],
  },
  deleteTopics: { kind: 'deleteTopics', ...none, topics: [{ ...none, name: null, topicId: '' }] },
  createPartitions: { kind: 'createPartitions', ...none, topics: [] },
  alterConfigs: { kind: 'alterConfigs', ...none, resources: [{ ...none, scope: 'broker', name: '' }] },
  allocateProducerIds: { kind: 'allocateProducerIds', ...none, firstProducerId: 0, producerIdCount: 0 },
  markDurable: { kind: 'markDurable', ...none },
  unregisterBroker: { kind: 'unregisterBroker', ...none },
  setAdvertised: { kind: 'setAdvertised', ...none },
  registerController: { kind: 'registerController', ...none },
  unregisterController: { kind: 'unregisterController', ...none },
  updateFeatures: { kind: 'updateFeatures', ...none },
  alterPartition: {
    kind: 'alterPartition',
    ...none,
    partitions: [{ topicId: '', index: 0, errorCode: 0, leader: -1, leaderEpoch: 0, partitionEpoch: 0, isr: [] }],
  },
  reportLogs: { kind: 'reportLogs', ...none },
  reportDamage: { kind: 'reportDamage', ...none },
  controlledShutdown: { kind: 'controlledShutdown', ...none, remaining: 0 },
  electLeaders: { kind: 'electLeaders', ...none, partitions: [{ ...none, topic: '', index: 0 }] },
  alterReassignments: { kind: 'alterReassignments', ...none, partitions: [] },
  setBrokerPlacement: { kind: 'setBrokerPlacement', ...none },
};

const from = { id: 1, directoryId: 'directory-of-1-0000000' };
const to = { id: 2, directoryId: 'directory-of-2-0000000' };
const place = { index: 41, term: 6 };
const head = { from, to, term: 7 };

/** What every kind of message of Raft may look like; `from` is node 1, `to` node 2 in all of them. */
export const MESSAGES: FullOf<Message> = {
  'pre-vote': { kind: 'pre-vote', ...head, last: place },
  'pre-vote-response': { kind: 'pre-vote-response', ...head, askedTerm: 8, isGranted: true },
  vote: { kind: 'vote', ...head, last: place, isTransfer: true },
  'vote-response': { kind: 'vote-response', ...head, isGranted: true },
  append: {
    kind: 'append',
    ...head,
    previous: place,
    entries: [
      { index: 42, term: 7, body: { kind: 'no-op' } },
      { index: 43, term: 7, body: { kind: 'batch', payload: Uint8Array.of(0, 1, 255) } },
      { index: 44, term: 7, body: { kind: 'voters', voters: [from, to] } },
    ],
    committedIndex: 40,
    round: 9,
  },
  'append-response': {
    kind: 'append-response',
    ...head,
    round: 9,
    outcome: 'diverged',
    index: 30,
    conflictTerm: 5,
    isDamaged: true,
  },
  snapshot: {
    kind: 'snapshot',
    ...head,
    meta: { place, voters: [from, to], sizeInBytes: FAR },
    position: 4096,
    data: Uint8Array.of(9, 8, 7),
    round: 10,
  },
  'snapshot-response': { kind: 'snapshot-response', ...head, place, position: 4099, round: 10 },
  'timeout-now': { kind: 'timeout-now', ...head },
};

const hint = { id: 2, address: { host: 'controller-2.test', port: 9093 } };
const replica = { replica: to, logEndOffset: 100, lastFetchMs: 1_764_000_000_000, lastCaughtUpMs: -1 };

type Calls<C extends { readonly [N in keyof C]: { readonly request: unknown; readonly response: unknown } }> = {
  readonly [N in keyof C]: {
    readonly request: C[N]['request'];
    readonly response: C[N]['response'];
    /** The response with nulls where they may be. */
    readonly bare: Bare<C[N]['response']>;
  };
};

const MOVED = {
  response: {
    errorCode: 3,
    errorMessage: 'elsewhere',
    controller: hint,
    waitingCount: 4,
    movingCount: 5,
    obstacles: ['orders-0 has nowhere to go'],
  },
  bare: { errorCode: 0, errorMessage: null, controller: null, waitingCount: 0, movingCount: 0, obstacles: [] },
};

/** A request of every question, with its answers. */
export const QUESTIONS: Calls<UnaryCalls> = {
  'Raft.Identify': {
    request: {},
    response: { node: to, quorum: 'formed' },
    bare: { node: { id: 0, directoryId: '' }, quorum: 'none' },
  },
  'Controller.Submit': {
    request: { command: FULL_COMMANDS.createTopics },
    response: { outcome: FULL_OUTCOMES.createTopics, offset: 77, controller: hint },
    bare: { outcome: null, offset: -1, controller: null },
  },
  'Controller.DescribeQuorum': {
    request: {},
    response: {
      isLeader: true,
      controller: hint,
      leaderId: 2,
      leaderEpoch: 7,
      highWatermark: 101,
      voters: [replica],
      observers: [replica],
      nodes: [hint],
    },
    bare: {
      isLeader: false,
      controller: null,
      leaderId: -1,
      leaderEpoch: 0,
      highWatermark: 0,
      voters: [],
      observers: [],
      nodes: [],
    },
  },
  'Controller.ChangeQuorum': {
    request: { change: 'add-voter', replica: from },
    response: { errorCode: 41, errorMessage: 'elsewhere', controller: hint },
    bare: { errorCode: 0, errorMessage: null, controller: null },
  },
  'Fleet.Status': {
    request: {},
    response: {
      node: to,
      clusterId: 'cluster-0000000000000a',
      roles: ['broker', 'controller'],
      version: '1.2.3',
      troubles: ['the disk is full'],
      leaderId: 2,
      leaderEpoch: 7,
      metadataOffset: 99,
      brokerEpoch: 12,
      advertised: [{ brokerId: 3, endpoints: [{ listener: 'OUTSIDE', host: 'b-3.example.com', port: 443 }] }],
      hasNoMetadata: true,
    },
    bare: {
      node: { id: 0, directoryId: '' },
      clusterId: '',
      roles: [],
      version: '',
      troubles: [],
      leaderId: -1,
      leaderEpoch: 0,
      metadataOffset: -1,
      brokerEpoch: -1,
      advertised: [],
      hasNoMetadata: false,
    },
  },
  'Fleet.Load': {
    request: {},
    response: {
      brokerEpoch: 12,
      atMs: 60_000,
      busyMs: 20_000,
      receivedBytes: 5_000_000_000,
      sentBytes: 15_000_000_000,
      logBytes: 900_000_000_000,
      diskBytes: 1_000_000_000_000,
      shareSessions: 40,
      shareSessionsMax: 2_000,
    },
    bare: {
      brokerEpoch: -1,
      atMs: 0,
      busyMs: 0,
      receivedBytes: 0,
      sentBytes: 0,
      logBytes: 0,
      diskBytes: 0,
      shareSessions: 0,
      shareSessionsMax: 0,
    },
  },
  'Fleet.CanRestart': {
    request: { nodeId: 3, host: 'host-3', losingDisk: true },
    response: { reasons: ['it would take the last replica'], losingDisk: true },
    bare: { reasons: [], losingDisk: false },
  },
  'Fleet.AssessTopics': {
    request: { examplesMax: 5 },
    response: {
      errorCode: 41,
      errorMessage: 'elsewhere',
      controller: hint,
      topicCount: 20,
      partitionCount: 300,
      leaderless: { count: 2, examples: ['orders-0', '__consumer_offsets-7'] },
      damaged: { count: 1, examples: ['orders-0'] },
      underMinIsr: { count: 3, examples: ['t-1'] },
      underReplicated: { count: 40, examples: ['t-2'] },
      thin: { count: 1, examples: ['single'] },
    },
    bare: { errorCode: 0, errorMessage: null, controller: null, ...NOTHING_ASSESSED },
  },
  'Fleet.Cordon': { request: { brokerId: 3, cordoned: true }, ...MOVED },
  'Fleet.Drain': { request: { brokerId: 3 }, ...MOVED },
  'Fleet.Undrain': { request: { brokerId: 3 }, ...MOVED },
  'Fleet.Rebalance': { request: {}, ...MOVED },
  'Fleet.SetAdvertised': {
    request: { brokerId: 3, endpoints: [{ listener: 'OUTSIDE', host: 'b-3.example.com', port: 443 }] },
    response: {
      errorCode: 41,
      errorMessage: 'not here',
      controller: hint,
    },
    bare: { errorCode: 0, errorMessage: null, controller: null },
  },
};

/** Names of the questions. */
export const QUESTION_NAMES = Object.keys(QUESTIONS) as readonly UnaryName[];

/** One message of either direction of every stream. */
export const STREAMS: { readonly [N in StreamName]: Omit<Calls<StreamCalls>[N], 'bare'> } = {
  'Controller.Heartbeat': {
    request: {
      brokerId: 1,
      brokerEpoch: 12,
      appliedOffset: 99,
      wantsUnfenced: true,
      loopStalledMs: 3,
      diskStalledMs: 4,
      unansweredMs: 400,
    },
    response: {
      errorCode: 41,
      isFenced: true,
      offset: 100,
      wallMs: 1_764_000_000_000,
      controller: hint,
      withholdsLease: true,
    },
  },
  'Controller.WatchMetadata': {
    request: { brokerId: 1, offset: -1 },
    response: { kind: 'batch', baseOffset: 100, recordCount: 2, payload: Uint8Array.of(1, 2, 3) },
  },
};

/** Everything a watcher may be sent. */
export const WATCHED: FullOf<WatchResponse> = {
  snapshot: { kind: 'snapshot', offset: 99, data: Uint8Array.of(5), isLast: true },
  batch: { kind: 'batch', baseOffset: 100, recordCount: 2, payload: new Uint8Array(0) },
  controller: { kind: 'controller', controllerId: -1 },
};
