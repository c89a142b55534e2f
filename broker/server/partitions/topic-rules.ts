import type { Overrides, Settings } from '../../core/config/settings.ts';
import type { CleanerConfig } from '../../core/log/cleaner-config.ts';
import type { LogConfig } from '../../core/log/config.ts';
import type { PartitionView } from '../../core/metadata/view.ts';
import type { Codec, ProduceRules } from '../../core/record/validate.ts';
import type { Durability } from '../../core/replica/leader.ts';

/** Everything of a topic's settings that its partitions act on, resolved (core/config). */
export interface TopicRules {
  readonly produce: Omit<ProduceRules, 'apiVersion'>;
  readonly log: LogConfig;
  readonly durability: Durability;
  /** `min.insync.replicas`, not yet capped by the replication factor. */
  readonly minInsyncReplicas: number;
  /** `leader.replication.throttled.replicas`: `partition:broker`, or `*`. */
  readonly throttledLeaders: readonly string[];
  /** `follower.replication.throttled.replicas`, likewise. */
  readonly throttledFollowers: readonly string[];
}

/** Kafka's default of `message.timestamp.after.max.ms`. */
const AFTER_MAX_DEFAULT_MS = 3_600_000;

/** Kafka's default of `max.decompressed.message.bytes`: no limit. */
const RECORD_SIZE_MAX_DEFAULT = 2_147_483_639;

/** Names of `compression.type`; producer is none of them. */
const CODECS: ReadonlyMap<string, Codec> = new Map([
  ['uncompressed', 0],
  ['gzip', 1],
  ['snappy', 2],
  ['lz4', 3],
  ['zstd', 4],
]);

function compressionOf(
  settings: Settings,
  overrides: Overrides,
): { targetCodec: Codec | null; targetLevel: number | null } {
  const targetCodec = CODECS.get(settings.topic(overrides, 'compression.type')) ?? null;
  switch (targetCodec) {
    case 1:
      return { targetCodec, targetLevel: settings.topic(overrides, 'compression.gzip.level') };
    case 4:
      return { targetCodec, targetLevel: settings.topic(overrides, 'compression.zstd.level') };
    default:
      return { targetCodec, targetLevel: null };
  }
}

/** Resolves a topic's settings under its overrides. */
export function resolveTopicRules(settings: Settings, overrides: Overrides): TopicRules {
  const durability: Durability = settings.topic(overrides, 'weir.durability') === 'replicated' ? 'replicated' : 'fsync';
  const beforeMaxMs = settings.topic(overrides, 'message.timestamp.before.max.ms');
  const afterMaxMs = settings.topic(overrides, 'message.timestamp.after.max.ms');
  const recordSizeMax = settings.topic(overrides, 'max.decompressed.message.bytes');
  const isBounded =
    beforeMaxMs < Number.MAX_SAFE_INTEGER ||
    afterMaxMs !== AFTER_MAX_DEFAULT_MS ||
    recordSizeMax < RECORD_SIZE_MAX_DEFAULT;
  const policies = settings.topic(overrides, 'cleanup.policy');
  return {
    durability,
    minInsyncReplicas: settings.topic(overrides, 'min.insync.replicas'),
    throttledLeaders: settings.topic(overrides, 'leader.replication.throttled.replicas'),
    throttledFollowers: settings.topic(overrides, 'follower.replication.throttled.replicas'),
    produce: {
      batchSizeMax: settings.topic(overrides, 'max.message.bytes'),
      compacted: policies.includes('compact'),
      logAppendTime: settings.topic(overrides, 'message.timestamp.type') === 'LogAppendTime',
      ...compressionOf(settings, overrides),
      timestampBeforeMaxMs: beforeMaxMs,
      timestampAfterMaxMs: afterMaxMs,
      recordSizeMax,
      // A header has no smallest time and no largest record, and its largest time is only what the producer says.
      validateCompressed: settings.topic(overrides, 'weir.validate.compressed') === 'full' || isBounded,
    },
    log: {
      segmentBytes: settings.topic(overrides, 'segment.bytes'),
      segmentMs: settings.topic(overrides, 'segment.ms'),
      segmentJitterMs: settings.topic(overrides, 'segment.jitter.ms'),
      segmentIndexBytes: settings.topic(overrides, 'segment.index.bytes'),
      indexIntervalBytes: settings.topic(overrides, 'index.interval.bytes'),
      retentionMs: settings.topic(overrides, 'retention.ms'),
      retentionBytes: settings.topic(overrides, 'retention.bytes'),
      deletePolicy: policies.includes('delete'),
      compactPolicy: policies.includes('compact'),
      minCleanableDirtyRatio: settings.topic(overrides, 'min.cleanable.dirty.ratio'),
      minCompactionLagMs: settings.topic(overrides, 'min.compaction.lag.ms'),
      maxCompactionLagMs: settings.topic(overrides, 'max.compaction.lag.ms'),
      deleteRetentionMs: settings.topic(overrides, 'delete.retention.ms'),
      producerIdExpirationMs: settings.broker('producer.id.expiration.ms'),
      syncMode: durability === 'fsync' ? 'always' : 'lazy',
      flushMessages: settings.topic(overrides, 'flush.messages'),
      flushMs: settings.topic(overrides, 'flush.ms'),
    },
  };
}

/**
 * The rules of one partition: what the metadata calls durable counts when it is synced, whatever this node's own file says. D4 relies
 * on it when the replicas come back.
 */
export function rulesOfPartition(
  rules: TopicRules,
  { durableFromEpoch }: Pick<PartitionView, 'durableFromEpoch'>,
): TopicRules {
  if (rules.durability === 'fsync' || durableFromEpoch < 0) return rules;
  return { ...rules, durability: 'fsync', log: { ...rules.log, syncMode: 'always' } };
}

/** Resolves the settings of the node's log cleaner. */
export function resolveCleanerConfig(settings: Settings): CleanerConfig {
  return {
    enabled: settings.broker('log.cleaner.enable'),
    threads: settings.broker('log.cleaner.threads'),
    backoffMs: settings.broker('log.cleaner.backoff.ms'),
    dedupeBufferBytes: settings.broker('log.cleaner.dedupe.buffer.size'),
    loadFactor: settings.broker('log.cleaner.io.buffer.load.factor'),
    ioBufferBytes: settings.broker('log.cleaner.io.buffer.size'),
    ioMaxBytesPerSecond: settings.broker('log.cleaner.io.max.bytes.per.second'),
  };
}
