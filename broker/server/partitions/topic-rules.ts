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
