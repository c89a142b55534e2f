import type { Overrides, Settings } from '../../core/config/settings.ts';
import type { LogConfig } from '../../core/log/config.ts';
import type { ProduceRules } from '../../core/record/validate.ts';
import type { Durability } from '../../core/replica/leader.ts';

/** Everything of a topic's settings that its partitions act on, resolved (core/config). */
export interface TopicRules {
  readonly produce: Omit<ProduceRules, 'apiVersion'>;
  readonly log: LogConfig;
  readonly durability: Durability;
  /** `min.insync.replicas`, not yet capped by the replication factor. */
  readonly minInsyncReplicas: number;
}

/** Resolves a topic's settings under its overrides. */
export function resolveTopicRules(settings: Settings, overrides: Overrides): TopicRules {
  const durability: Durability = settings.topic(overrides, 'weir.durability') === 'replicated' ? 'replicated' : 'fsync';
  const policies = settings.topic(overrides, 'cleanup.policy');
  return {
    durability,
    minInsyncReplicas: settings.topic(overrides, 'min.insync.replicas'),
    produce: {
      batchSizeMax: settings.topic(overrides, 'max.message.bytes'),
      compacted: policies.includes('compact'),
      logAppendTime: settings.topic(overrides, 'message.timestamp.type') === 'LogAppendTime',
      timestampBeforeMaxMs: settings.topic(overrides, 'message.timestamp.before.max.ms'),
      timestampAfterMaxMs: settings.topic(overrides, 'message.timestamp.after.max.ms'),
      validateCompressed: settings.topic(overrides, 'weir.validate.compressed') === 'full',
    },
    log: {
      segmentBytes: settings.topic(overrides, 'segment.bytes'),
      segmentMs: settings.topic(overrides, 'segment.ms'),
      segmentIndexBytes: settings.topic(overrides, 'segment.index.bytes'),
      indexIntervalBytes: settings.topic(overrides, 'index.interval.bytes'),
      retentionMs: settings.topic(overrides, 'retention.ms'),
      retentionBytes: settings.topic(overrides, 'retention.bytes'),
      deletePolicy: policies.includes('delete'),
      producerIdExpirationMs: settings.broker('producer.id.expiration.ms'),
      syncMode: durability === 'fsync' ? 'always' : 'lazy',
    },
  };
}
