import type { SettingScope } from './rows.ts';

/*
 * Settings of Kafka that are refused by name, each with what to do instead: to accept one would promise something that
 * does not happen.
 */

const PLAIN_TEXT =
  'clients are not served by TLS or SASL yet. Leave it out and bind listeners to loopback or to a network that is private.';
const NODE_FILES =
  'clients are not served by TLS yet, and what nodes show each other is in weir.grpc.tls.cert.file and its neighbours. Leave it out.';
const NO_ACLS = 'ACLs are not supported yet: whoever reaches a listener may do everything. Leave it out.';
const NO_CLASSES = 'it names a Java class, and no Java runs here. Leave it out.';
const NO_TIERS = 'tiered storage is not supported: a log lies on its own volume. Use retention.ms and retention.bytes.';
const OWN_LISTENER = 'the control plane has an address of its own, weir.grpc.host and weir.grpc.port. Leave it out.';
const NO_CONSUMER_PROTOCOL =
  'the consumer group protocol of KIP-848 is not served yet; consumers join with group.protocol=classic. Leave it out.';
const NO_STREAMS_PROTOCOL =
  'the streams group protocol of KIP-1071 is not served yet; Kafka Streams joins with group.protocol=classic. Leave it out.';
const INTERNAL = "it is internal to Apache Kafka's own implementation and its tests. Leave it out.";
const NO_DIRECTORIES = 'a node has one data directory, so that nothing moves between directories. Leave it out.';
const UNCOMPRESSED = 'coordinators write their records uncompressed, as with the default 0. Leave it out.';
const removed = (instead: string): string => `Apache Kafka 4 does not have it any more. ${instead}`;

/** Families of names that are refused alike; the first that fits counts. */
const PREFIXES: Readonly<Record<SettingScope, readonly (readonly [prefix: string, why: string])[]>> = {
  topic: [['remote.', NO_TIERS]],
  broker: [
    [
      'listener.name.',
      'settings of one listener are not supported. Use the name without prefix, which counts for all.',
    ],
    ['ssl.', NODE_FILES],
    ['sasl.', PLAIN_TEXT],
    ['delegation.token.', PLAIN_TEXT],
    ['password.encoder.', removed('Leave it out.')],
    ['remote.', NO_TIERS],
    ['rsm.config.', NO_TIERS],
    ['rlmm.config.', NO_TIERS],
    ['zookeeper.', 'there is no ZooKeeper: the metadata lives in the node itself. Leave it out.'],
    ['group.consumer.', NO_CONSUMER_PROTOCOL],
    ['group.streams.', NO_STREAMS_PROTOCOL],
    ['internal.', INTERNAL],
    ['unstable.', INTERNAL],
    ['controller.performance.', INTERNAL],
  ],
  group: [
    ['consumer.', NO_CONSUMER_PROTOCOL],
    ['streams.', NO_STREAMS_PROTOCOL],
  ],
};

const NAMES: Readonly<Record<SettingScope, Readonly<Record<string, string>>>> = {
  topic: {
    'internal.segment.bytes': INTERNAL,
    'local.retention.bytes': NO_TIERS,
    'local.retention.ms': NO_TIERS,
    'message.downconversion.enable': removed('Records are never converted for old clients. Leave it out.'),
    'message.format.version': removed('Records are stored in format v2. Leave it out.'),
    'message.timestamp.difference.max.ms': removed(
      'Use message.timestamp.before.max.ms and message.timestamp.after.max.ms.',
    ),
  },
  broker: {
    'advertised.host.name': removed('Use advertised.listeners.'),
    'advertised.port': removed('Use advertised.listeners.'),
    'allow.everyone.if.no.acl.found': NO_ACLS,
    'alter.config.policy.class.name': NO_CLASSES,
    'authorizer.class.name': NO_ACLS,
    'auto.include.jmx.reporter': removed('Metrics are served at /metrics, see weir.http.port.'),
    'broker.id.generation.enable': removed('Set node.id.'),
    'client.quota.callback.class': NO_CLASSES,
    'config.providers':
      'values are taken as they stand. Put secrets into the environment instead, as WEIR_… variables.',
    'connection.failed.authentication.delay.ms': PLAIN_TEXT,
    'connections.max.reauth.ms': PLAIN_TEXT,
    'control.plane.listener.name': removed('Leave it out.'),
    'controlled.shutdown.max.retries': removed('Leave it out.'),
    'controlled.shutdown.retry.backoff.ms': removed('Leave it out.'),
    'controller.listener.names': `${OWN_LISTENER} Take its listener out of listeners too.`,
    'controller.quorum.auto.join.enable': 'voters are added by AddRaftVoter, by the operator or by hand. Leave it out.',
    'controller.quorum.bootstrap.servers':
      'controllers are named with their ids in controller.quorum.voters. Use that.',
    'cordoned.log.dirs': 'a node has one data directory, which always takes new partitions. Leave it out.',
    'create.topic.policy.class.name': NO_CLASSES,
    'follower.fetch.last.tiered.offset.enable': NO_TIERS,
    'group.coordinator.rebalance.protocols':
      'which groups are served is not a choice: classic and share groups are, others not yet. Leave it out.',
    'group.share.assignor.offload.enable': INTERNAL,
    'group.share.dlq.manager.class.name': INTERNAL,
    'group.share.initialize.retry.interval.ms': INTERNAL,
    'group.share.persister.class.name': INTERNAL,
    'host.name': removed('Use listeners.'),
    'inter.broker.protocol.version': removed('Leave it out.'),
    'kafka.metrics.reporters': NO_CLASSES,
    'leader.imbalance.per.broker.percentage': removed('Leave it out.'),
    'log.initial.task.delay.ms': INTERNAL,
    'log.local.retention.bytes': NO_TIERS,
    'log.local.retention.ms': NO_TIERS,
    'log.message.downconversion.enable': removed('Records are never converted for old clients. Leave it out.'),
    'log.message.format.version': removed('Records are stored in format v2. Leave it out.'),
    'log.message.timestamp.difference.max.ms': removed(
      'Use log.message.timestamp.before.max.ms and log.message.timestamp.after.max.ms.',
    ),
    'log.remote.copy.lag.bytes': NO_TIERS,
    'log.remote.copy.lag.ms': NO_TIERS,
    'metadata.log.dir': 'the metadata lies in the data directory. Use log.dirs.',
    'metric.reporters':
      'metrics are served at /metrics, see weir.http.port, and not pushed by Java classes. Leave it out.',
    'offsets.commit.required.acks': removed('A commit is always acknowledged by all in-sync replicas. Leave it out.'),
    'offsets.topic.compression.codec': UNCOMPRESSED,
    port: removed('Use listeners.'),
    'principal.builder.class': NO_CLASSES,
    'replica.alter.log.dirs.io.max.bytes.per.second': NO_DIRECTORIES,
    'reserved.broker.max.id': removed('Set node.id.'),
    'security.providers': NO_CLASSES,
    'server.max.startup.time.ms': INTERNAL,
    'share.coordinator.cold.partition.snapshot.interval.ms': INTERNAL,
    'share.coordinator.state.topic.compression.codec': UNCOMPRESSED,
    'share.coordinator.state.topic.prune.interval.ms': INTERNAL,
    'super.users': NO_ACLS,
    'transaction.two.phase.commit.enable': 'transactions are not served yet. Leave it out.',
    'unclean.leader.election.interval.ms': INTERNAL,
  },
  group: {
    'share.assignor.offload.enable': INTERNAL,
  },
};

/** All refused settings of a scope, with the sentence that says why; a name that ends in `*` stands for a family. */
export function refusedOf(scope: SettingScope): ReadonlyMap<string, string> {
  const families = PREFIXES[scope].map(([prefix, why]) => [`${prefix}*`, why] as const);
  return new Map([...families, ...Object.entries(NAMES[scope])]);
}

/** Why a name is refused although Kafka knows it; null when it is not among those. */
export function refusedReason(scope: SettingScope, name: string): string | null {
  const own = Object.hasOwn(NAMES[scope], name) ? NAMES[scope][name] : undefined;
  return own ?? PREFIXES[scope].find(([prefix]) => name.startsWith(prefix))?.[1] ?? null;
}

/** The sentence for a name that is not accepted: its own reason, or that there is no such setting. */
export function refusalOf(scope: SettingScope, name: string): string {
  const reason = refusedReason(scope, name);
  const shown = name.slice(0, 200);
  return reason === null
    ? `there is no ${scope} setting ${shown}`
    : `${scope} setting ${shown} is not supported: ${reason}`;
}
