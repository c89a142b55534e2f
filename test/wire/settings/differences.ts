/** In what a setting is defined otherwise here than by Apache Kafka, and why. */
export type Difference = {
  /** Each as `what: Kafka's, ours`. */
  readonly differences: readonly string[];
  readonly why: string;
};

const ONE_DIRECTORY =
  'A node has one data directory, so that the value is one path and not a list; there is no default place.';
const SOONER = 'A process that died, or a machine that is gone, is noticed sooner; a pause within it moves nothing.';
const CHECKED_EARLY =
  'Apache Kafka takes any number here and fails, or does something odd, when it is used; it is refused when it is set.';
const BATCH_BOUND = 'A larger batch would not be believed by recovery after a crash (core/log/recovery.ts).';
const AS_SEGMENT_BYTES = 'It becomes segment.bytes of the topic, which has this bound in Apache Kafka too.';
const AT_START = 'Ports are bound at start; a change of listeners is a restart.';

/** Every difference of definition (test/unit/core/config/known.test.ts): a new one fails, and so does one that is gone. */
export const DEFINED_OTHERWISE: Readonly<Record<'topic' | 'broker' | 'group', Readonly<Record<string, Difference>>>> = {
  topic: {
    'max.message.bytes': { differences: ['largest: undefined, 104857600'], why: BATCH_BOUND },
  },
  broker: {
    'advertised.listeners': {
      differences: ['type: list, string'],
      why: 'It is judged as a whole: names are unique, and each has a host that clients can reach.',
    },
    'broker.heartbeat.interval.ms': { differences: ['default: 2000, 200', 'smallest: undefined, 10'], why: SOONER },
    'broker.session.timeout.ms': { differences: ['default: 9000, 2000', 'smallest: undefined, 600'], why: SOONER },
    'controller.quorum.election.timeout.ms': { differences: ['default: 1000, 600', 'smallest: 0, 50'], why: SOONER },
    'controller.quorum.voters': {
      differences: ['type: list, string'],
      why: 'It is judged as a whole: ids are unique.',
    },
    'group.initial.rebalance.delay.ms': {
      differences: ['default: 3000, 100', 'smallest: undefined, 0'],
      why: 'A first consumer of a group waits a tenth of a second and not three; members that come later join a rebalance.',
    },
    'group.max.session.timeout.ms': { differences: ['smallest: undefined, 0'], why: CHECKED_EARLY },
    'group.min.session.timeout.ms': { differences: ['smallest: undefined, 0'], why: CHECKED_EARLY },
    'listener.security.protocol.map': { differences: ['change: per-broker, read-only'], why: AT_START },
    listeners: {
      differences: [
        'type: list, string',
        'default: PLAINTEXT://:9092, PLAINTEXT://127.0.0.1:9092',
        'change: per-broker, read-only',
      ],
      why: 'Without TLS and ACLs a broker that was not told otherwise is reached from its own machine only. Ports are bound at start.',
    },
    'log.cleaner.dedupe.buffer.size': { differences: ['smallest: undefined, 1048576'], why: CHECKED_EARLY },
    'log.cleaner.io.buffer.load.factor': {
      differences: ['smallest: undefined, 0.01', 'largest: undefined, 0.99'],
      why: CHECKED_EARLY,
    },
    'log.cleaner.io.max.bytes.per.second': { differences: ['smallest: undefined, 1'], why: CHECKED_EARLY },
    'log.cleaner.threads': {
      differences: ['smallest: 0, 1', 'largest: undefined, 16'],
      why: 'None would let compacted logs grow without a word: log.cleaner.enable says so. All of them share one event loop.',
    },
    'log.dir': { differences: ['type: list, string', 'default: /tmp/kafka-logs, '], why: ONE_DIRECTORY },
    'log.dirs': { differences: ['type: list, string'], why: ONE_DIRECTORY },
    'log.flush.interval.ms': { differences: ['smallest: undefined, 0'], why: CHECKED_EARLY },
    'log.flush.scheduler.interval.ms': { differences: ['smallest: undefined, 0'], why: CHECKED_EARLY },
    'log.retention.hours': { differences: ['smallest: undefined, -1'], why: CHECKED_EARLY },
    'log.retention.minutes': { differences: ['smallest: undefined, -1'], why: CHECKED_EARLY },
    'log.retention.ms': { differences: ['smallest: undefined, -1'], why: CHECKED_EARLY },
    'log.roll.jitter.ms': { differences: ['smallest: undefined, 0'], why: CHECKED_EARLY },
    'log.roll.ms': { differences: ['smallest: undefined, 1'], why: CHECKED_EARLY },
    'message.max.bytes': { differences: ['largest: undefined, 104857600'], why: BATCH_BOUND },
    'node.id': {
      differences: ['default: , 0'],
      why: 'A node alone needs no number from its user. Apache Kafka demands one.',
    },
    'offset.metadata.max.bytes': { differences: ['smallest: undefined, 0'], why: CHECKED_EARLY },
    'offsets.topic.segment.bytes': { differences: ['smallest: 1, 1048576'], why: AS_SEGMENT_BYTES },
    'process.roles': {
      differences: ['default: , broker,controller'],
      why: 'A node alone has both roles and need not be told. Apache Kafka demands them.',
    },
    'replica.high.watermark.checkpoint.interval.ms': {
      differences: ['smallest: undefined, 1', 'largest: undefined, 2147483647'],
      why: CHECKED_EARLY,
    },
    'replica.lag.time.max.ms': {
      differences: ['default: 30000, 10000', 'smallest: undefined, 1'],
      why: 'A follower asks twice a second at least: one that lacks something for ten is not well (F5).',
    },
    'share.coordinator.state.topic.segment.bytes': { differences: ['smallest: 1, 1048576'], why: AS_SEGMENT_BYTES },
  },
  group: {},
};

/** In what DescribeConfigs shows a setting otherwise than Apache Kafka, and why. */
export type Shown = {
  /** `shown`: only here. */
  readonly differs: readonly ('value' | 'source' | 'read-only' | 'sensitive' | 'type' | 'synonyms' | 'shown')[];
  readonly why: string;
};

const FIRST_DEFAULT = 'The broker setting in other units that the default comes from is named too.';
const OWN_DEFAULT = 'A default of ours stands behind the given value; Apache Kafka has none.';
const ONE_PATH = 'A node has one data directory: a path, not a list. Each of the two peers has its own.';
const UNSET = 'Apache Kafka shows a rate only where one is set; here its default, no limit, is shown.';
const PORTS = 'Each of the two peers has ports of its own, and Apache Kafka a listener for its controller.';

/** Every difference of answers (describe.test.ts): a new one fails, and so does one that is gone. */
export const SHOWN_OTHERWISE: Readonly<Record<'topic' | 'broker' | 'group', Readonly<Record<string, Shown>>>> = {
  topic: {
    'flush.ms': { differs: ['synonyms'], why: FIRST_DEFAULT },
    'segment.jitter.ms': { differs: ['synonyms'], why: FIRST_DEFAULT },
    'segment.ms': { differs: ['synonyms'], why: FIRST_DEFAULT },
  },
  broker: {
    'advertised.listeners': { differs: ['type'], why: 'It is judged as a whole, see above.' },
    'broker.heartbeat.interval.ms': { differs: ['value'], why: SOONER },
    'broker.session.timeout.ms': { differs: ['value'], why: SOONER },
    'controller.quorum.election.timeout.ms': { differs: ['value'], why: SOONER },
    'controller.quorum.voters': { differs: ['type', 'synonyms'], why: 'A node that is alone needs none, see above.' },
    'follower.replication.throttled.rate': { differs: ['shown'], why: UNSET },
    'group.initial.rebalance.delay.ms': { differs: ['value'], why: 'A default of ours, see above.' },
    'leader.replication.throttled.rate': { differs: ['shown'], why: UNSET },
    'listener.security.protocol.map': { differs: ['value', 'read-only'], why: PORTS },
    listeners: { differs: ['value', 'read-only', 'type'], why: PORTS },
    'log.dir': {
      differs: ['value', 'type', 'synonyms'],
      why: 'There is no default place for data, and one path only.',
    },
    'log.dirs': { differs: ['value', 'type'], why: ONE_PATH },
    'log.retention.minutes': {
      differs: ['value'],
      why: 'Apache Kafka shows the given value among the synonyms and null as the value; here the value is shown.',
    },
    'max.connections.per.ip.overrides': {
      differs: ['synonyms'],
      why: 'Apache Kafka shows an empty text as a value that the default gives; here it is no value.',
    },
    'node.id': { differs: ['synonyms'], why: OWN_DEFAULT },
    'process.roles': { differs: ['synonyms'], why: OWN_DEFAULT },
    'replica.lag.time.max.ms': { differs: ['value'], why: 'A default of ours, see above.' },
  },
  group: {},
};

const REFUSED_THERE: readonly [number, number] = [42, 0];

/** Changes that are answered with another code than Apache Kafka's, as [Kafka's, ours], and why. */
export const CHANGED_OTHERWISE: readonly {
  readonly why: string;
  readonly changes: Readonly<Record<string, readonly [kafka: number, weir: number]>>;
}[] = [
  {
    why: 'Apache Kafka resizes a pool of threads by a factor of two at most, counted from its size now; here the number has no effect.',
    changes: Object.fromEntries(
      ['broker', 'cluster'].flatMap((scope) =>
        [
          'background.threads set 1',
          'background.threads set 2',
          'log.cleaner.threads set  7',
          'num.io.threads set 1',
          'num.network.threads set  7',
          'num.recovery.threads.per.data.dir set  7',
          'num.replica.fetchers set  7',
        ].map((change) => [`${scope} ${change}`, REFUSED_THERE]),
      ),
    ),
  },
  {
    why: 'No connection at all is a bound that can be obeyed: the listener closes each one. Apache Kafka refuses it while it runs.',
    changes: Object.fromEntries(
      ['broker', 'cluster'].flatMap((scope) =>
        ['max.connection.creation.rate set 0', 'max.connections set 0', 'max.connections.per.ip set 0'].map(
          (change) => [`${scope} ${change}`, REFUSED_THERE],
        ),
      ),
    ),
  },
  {
    why: 'A buffer can not be filled beyond its size; Apache Kafka takes any number.',
    changes: Object.fromEntries(
      ['broker', 'cluster'].flatMap((scope) =>
        [' 7', '1.5', '99999999999999999999'].map((value) => [
          `${scope} log.cleaner.io.buffer.load.factor set ${value}`,
          [0, 42] as const,
        ]),
      ),
    ),
  },
  {
    why: 'Listeners are judged as a whole here, not as a list, and read at start.',
    changes: Object.fromEntries(
      ['broker', 'cluster'].flatMap((scope) =>
        ['append', 'subtract'].map((operation) => [`${scope} listeners ${operation} x`, [42, 40] as const]),
      ),
    ),
  },
  {
    why: 'It can be set for all brokers only, which both say; Apache Kafka looks at the value before.',
    changes: Object.fromEntries(
      ['', ' 0', ' 1.5', ' 99999999999999999999', ' many'].map((value) => [
        `broker min.insync.replicas set${value}`,
        [42, 40] as const,
      ]),
    ),
  },
];
