import type { SettingRow, TopicSettingRow } from './row.ts';

/*
 * Settings of Kafka that are accepted, checked and shown, and change nothing here, each with the reason. They stand apart
 * from `table.ts` so that no source file can read one by its name.
 */

type Rows = Readonly<Record<string, SettingRow>>;
type More = Partial<Pick<SettingRow, 'min' | 'max' | 'values' | 'check' | 'change'>>;

/** A row before its reason is known. `initial` is the default, as text. */
function draft(type: SettingRow['type'], initial: string, doc: string, more: More): SettingRow {
  return { type, default: initial, change: 'static', doc, ...more };
}
const int = (initial: string, doc: string, more: More = {}): SettingRow => draft('int', initial, doc, more);
const long = (initial: string, doc: string, more: More = {}): SettingRow => draft('long', initial, doc, more);
const short = (initial: string, doc: string, more: More = {}): SettingRow => draft('short', initial, doc, more);
const flag = (initial: string, doc: string, more: More = {}): SettingRow => draft('boolean', initial, doc, more);
const text = (initial: string, doc: string, more: More = {}): SettingRow => draft('string', initial, doc, more);

/** Rows that share one reason. */
function because(withoutEffect: string, rows: Rows): Rows {
  return Object.fromEntries(Object.entries(rows).map(([name, row]) => [name, { ...row, withoutEffect }]));
}

const NO_THREADS = 'One event loop does all work in turns of bounded length; there is no pool of threads to size.';
const NO_PURGATORY = 'A request that waits is forgotten the moment it is answered; nothing is left to be purged.';
const OWN_TIMES = 'Brokers and controllers ask each other within times of their own.';
const OTHER_RAFT = 'The quorum is led by pushes, and works without this.';
const NO_REPLICA_QUOTAS =
  'Replication is throttled by a bucket of a second; nothing moves between directories, and nothing is sampled.';
const NO_QUOTAS = 'No quota can be set yet, so that no usage is measured against one.';
const NO_SAMPLES = 'Metrics are plain counters, read when /metrics is asked; nothing is sampled or pushed.';
const NO_TRANSACTIONS =
  'Transactions are not served yet: a transactional producer is refused, and no state of one is kept.';
const NO_LINGER =
  'What a coordinator decides in one turn of the event loop is written as one batch at the end of that turn.';
const NO_LOAD_BUFFER = 'A coordinator reads its partition in pieces as large as one read of the log.';
const METADATA_LOG =
  'The metadata log is one file, which a snapshot replaces after metadata.log.max.record.bytes.between.snapshots.';
const ONE_LZ4_SPEED =
  'The lz4 codec has one speed, the one that Kafka uses at the default of 9; other levels give smaller batches there.';
const PREALLOCATE = 'A segment file always grows as it is written, so that its size says where its records end.';

const NO_DELETE_DELAY =
  'A reader holds the file that it reads until it is done, so that what is deleted need not stay on disk for anybody.';

/** Topic settings without effect. */
export const TOPIC_WITHOUT_EFFECT: Readonly<Record<string, TopicSettingRow>> = {
  'compression.lz4.level': {
    type: 'int',
    default: '9',
    min: 1,
    max: 17,
    change: 'cluster',
    synonyms: [{ name: 'compression.lz4.level', factor: 1 }],
    withoutEffect: ONE_LZ4_SPEED,
    doc: 'Level at which batches are compressed anew under compression.type=lz4.',
  },
  preallocate: {
    type: 'boolean',
    default: 'false',
    change: 'cluster',
    synonyms: [{ name: 'log.preallocate', factor: 1 }],
    withoutEffect: PREALLOCATE,
    doc: 'Whether a new segment takes its whole size on disk at once.',
  },
  'file.delete.delay.ms': {
    type: 'long',
    default: '60000',
    min: 0,
    change: 'cluster',
    synonyms: [{ name: 'log.segment.delete.delay.ms', factor: 1 }],
    withoutEffect: NO_DELETE_DELAY,
    doc: 'How long the files of a deleted segment or partition stay on disk.',
  },
};

/** Broker settings without effect. */
export const BROKER_WITHOUT_EFFECT: Rows = {
  ...because(NO_THREADS, {
    'background.threads': int('10', 'Threads for background work.', { min: 1, change: 'cluster' }),
    'num.io.threads': int('8', 'Threads that handle requests.', { min: 1, change: 'cluster' }),
    'num.network.threads': int('3', 'Threads that read and write sockets.', { min: 1, change: 'cluster' }),
    'group.coordinator.threads': int('4', 'Threads of the group coordinator.', { min: 1 }),
    'group.coordinator.background.threads': int('2', 'Threads that compute assignments.', { min: 1 }),
    'share.coordinator.threads': int('1', 'Threads of the share coordinator.', { min: 1 }),
  }),
  ...because(
    'Logs are opened several at a time, bounded by what one disk can use; recovery reads no more than it must.',
    {
      'num.recovery.threads.per.data.dir': int('2', 'Threads that open logs at start and sync them at a stop.', {
        min: 1,
        change: 'cluster',
      }),
    },
  ),
  ...because(NO_PURGATORY, {
    'fetch.purgatory.purge.interval.requests': int('1000', 'Waiting fetches between two purges.'),
    'producer.purgatory.purge.interval.requests': int('1000', 'Waiting produce requests between two purges.'),
    'delete.records.purgatory.purge.interval.requests': int('1', 'Waiting record deletions between two purges.'),
    'share.fetch.purgatory.purge.interval.requests': int('1000', 'Waiting share fetches between two purges.'),
  }),
  ...because('Four fetches are under way from each leader, in one event loop; there are no threads to size.', {
    'num.replica.fetchers': int('1', 'Threads that fetch from each other broker.', { min: 1, change: 'cluster' }),
  }),
  ...because('Connections between brokers have the buffers that the system gives them.', {
    'replica.socket.receive.buffer.bytes': int('65536', 'Receive buffer of connections to leaders.'),
  }),
  ...because(OWN_TIMES, {
    'replica.socket.timeout.ms': int('30000', 'Time-out of requests to leaders.'),
    'request.timeout.ms': int('30000', 'Time-out of requests to other brokers.'),
    'socket.connection.setup.timeout.ms': long('10000', 'Time-out of a connection to another broker.'),
    'socket.connection.setup.timeout.max.ms': long('30000', 'Largest time-out of a connection to another broker.'),
    'controller.socket.timeout.ms': int('30000', 'Time-out of connections to the controller.'),
  }),
  ...because(OTHER_RAFT, {
    'initial.broker.registration.timeout.ms': int('60000', 'How long a broker tries to register at start.'),
    'controller.quorum.append.linger.ms': int('25', 'How long the controller gathers records.', { min: 0 }),
    'controller.quorum.election.backoff.max.ms': int('1000', 'Longest pause between elections.', { min: 0 }),
    'controller.quorum.fetch.max.bytes': int('1048576', 'Bytes of one fetch of metadata.', { min: 1 }),
    'controller.quorum.fetch.snapshot.max.bytes': int('1048576', 'Bytes of one fetch of a snapshot.', { min: 1 }),
    'controller.quorum.fetch.timeout.ms': int('2000', 'Time without fetch after which leaders change.', { min: 0 }),
    'controller.quorum.request.timeout.ms': int('2000', 'Time-out of requests within the quorum.', { min: 0 }),
    'controller.quorum.retry.backoff.ms': int('20', 'Pause before such a request is repeated.', { min: 0 }),
  }),
  ...because('The system sizes the buffers of each connection by itself, as -1 asks it to; the runtime can not.', {
    'socket.receive.buffer.bytes': int('102400', 'Receive buffer of client connections; -1 leaves it to the system.'),
    'socket.send.buffer.bytes': int('102400', 'Send buffer of client connections; -1 leaves it to the system.'),
  }),
  ...because('A node has one data directory: when that fails, the node stops at once.', {
    'log.dir.failure.timeout.ms': long('30000', 'How long a broker with a failed directory may go on.', { min: 1 }),
    'num.replica.alter.log.dirs.threads': int('', 'Threads that move replicas between directories.'),
  }),
  ...because(NO_REPLICA_QUOTAS, {
    'alter.log.dirs.replication.quota.window.num': int('11', 'Samples kept for that quota.', { min: 1 }),
    'alter.log.dirs.replication.quota.window.size.seconds': int('1', 'Span of such a sample.', { min: 1 }),
    'replication.quota.window.num': int('11', 'Samples kept for replication quotas.', { min: 1 }),
    'replication.quota.window.size.seconds': int('1', 'Span of such a sample.', { min: 1 }),
  }),
  ...because(NO_QUOTAS, {
    'quota.window.num': int('11', 'Samples kept for client quotas.', { min: 1 }),
    'quota.window.size.seconds': int('1', 'Span of such a sample.', { min: 1 }),
    'controller.quota.window.num': int('11', 'Samples kept for quotas on changes of metadata.', { min: 1 }),
    'controller.quota.window.size.seconds': int('1', 'Span of such a sample.', { min: 1 }),
  }),
  ...because(NO_SAMPLES, {
    'metrics.num.samples': int('2', 'Samples kept for each metric.', { min: 1 }),
    'metrics.sample.window.ms': long('30000', 'Span of such a sample.', { min: 1 }),
    'metrics.recording.level': text('INFO', 'Level of detail of metrics.'),
    'kafka.metrics.polling.interval.secs': int('10', 'How often reporters poll metrics.', { min: 1 }),
    'telemetry.max.bytes': int('1048576', 'Bytes of metrics that a client may push at once.', { min: 1 }),
  }),
  ...because(NO_TRANSACTIONS, {
    'add.partitions.to.txn.retry.backoff.ms': int('20', 'Pause before a partition is added again.', { min: 1 }),
    'add.partitions.to.txn.retry.backoff.max.ms': int('100', 'Longest such pause.', { min: 0 }),
    'transaction.abort.timed.out.transaction.cleanup.interval.ms': int(
      '10000',
      'How often transactions past their time-out are looked for.',
      { min: 1 },
    ),
    'transaction.max.timeout.ms': int('900000', 'Longest time-out of a transaction.', { min: 1 }),
    'transaction.partition.verification.enable': flag('true', 'Whether a write asks for its transaction.', {
      change: 'cluster',
    }),
    'transaction.remove.expired.transaction.cleanup.interval.ms': int(
      '3600000',
      'How often expired transactional ids are looked for.',
      { min: 1 },
    ),
    'transaction.state.log.load.buffer.size': int('5242880', 'Bytes read at once when state is loaded.', { min: 1 }),
    'transaction.state.log.min.isr': int('2', 'min.insync.replicas of __transaction_state.', { min: 1 }),
    'transaction.state.log.num.partitions': int('50', 'Partitions of __transaction_state.', { min: 1 }),
    'transaction.state.log.replication.factor': short('3', 'Replicas of __transaction_state.', { min: 1 }),
    'transaction.state.log.segment.bytes': int('104857600', 'segment.bytes of __transaction_state.', { min: 1 }),
    'transactional.id.expiration.ms': int('604800000', 'How long an unused transactional id is kept.', { min: 1 }),
  }),
  ...because(NO_LINGER, {
    'group.coordinator.append.linger.ms': int('-1', 'How long the group coordinator gathers records.', { min: -1 }),
    'share.coordinator.append.linger.ms': int('-1', 'How long the share coordinator gathers records.', { min: -1 }),
    'group.coordinator.cached.buffer.max.bytes': int('1048588', 'Largest buffer kept for the next batch.', {
      min: 524_288,
      change: 'cluster',
    }),
    'share.coordinator.cached.buffer.max.bytes': int('1048588', 'Largest buffer kept for the next batch.', {
      min: 524_288,
      change: 'cluster',
    }),
  }),
  ...because(NO_LOAD_BUFFER, {
    'offsets.load.buffer.size': int('5242880', 'Bytes read at once when groups are loaded.', { min: 1 }),
    'share.coordinator.load.buffer.size': int('5242880', 'Bytes read at once when state is loaded.', { min: 1 }),
  }),
  ...because(METADATA_LOG, {
    'metadata.log.max.snapshot.interval.ms': long('3600000', 'Longest time between two snapshots.', { min: 0 }),
    'metadata.log.segment.bytes': int('1073741824', 'Segment size of the metadata log.', { min: 8_388_608 }),
    'metadata.log.segment.ms': long('604800000', 'Segment age of the metadata log.'),
    'metadata.max.retention.bytes': long('104857600', 'Bytes of old snapshots and segments that are kept.'),
    'metadata.max.retention.ms': long('604800000', 'How long old snapshots and segments are kept.'),
    'metadata.max.idle.interval.ms': int('500', 'How often an idle controller writes an empty record.', { min: 0 }),
  }),
  ...because('Listeners are opened together; requests are held until the broker can answer them.', {
    'early.start.listeners': draft('list', '', 'Listeners that open before the authorizer has started.', {}),
  }),
  ...because(
    'The recovery point is written with the high watermark, every replica.high.watermark.checkpoint.interval.ms.',
    {
      'log.flush.offset.checkpoint.interval.ms': int('60000', 'How often the recovery point is written.', { min: 0 }),
    },
  ),
  ...because('A log start that moves is written at once, before what lies below it is deleted.', {
    'log.flush.start.offset.checkpoint.interval.ms': int('60000', 'How often the log start is written.', { min: 0 }),
  }),
  ...because(NO_DELETE_DELAY, {
    'log.segment.delete.delay.ms': long('60000', 'Default of file.delete.delay.ms for topics without their own.', {
      min: 0,
      change: 'cluster',
    }),
  }),
  ...because(ONE_LZ4_SPEED, {
    'compression.lz4.level': int('9', 'Default of compression.lz4.level for topics without their own.', {
      min: 1,
      max: 17,
      change: 'cluster',
    }),
  }),
  ...because(PREALLOCATE, {
    'log.preallocate': flag('false', 'Default of preallocate for topics without their own.', { change: 'cluster' }),
  }),
};
