import type { Prng } from '../../broker/core/base/prng.ts';
import type { Instance } from '../wire/oracle/instances.ts';
import { soundBatch } from './batches.ts';

/** A topic that exists. */
export interface TargetTopic {
  readonly name: string;
  readonly id: string;
  readonly partitionCount: number;
}

/** What exists on the broker, so that requests get past its first look-up. */
export interface Targets {
  readonly topics: readonly TargetTopic[];
  /** What may be deleted or get more partitions: the others are looked at in the end. */
  readonly doomed: TargetTopic;
  readonly groups: readonly string[];
  /** Time stamp of the records that are sent. */
  readonly nowMs: number;
}

const CONFIG_NAMES = ['retention.ms', 'max.message.bytes', 'cleanup.policy', 'share.auto.offset.reset', 'no.such'];
const TOPIC_RESOURCE = 2;
const GROUP_RESOURCE = 32;

/** The instance with most of its names replaced by those of things that exist, and its records by a real batch. */
export function steer(instance: Instance, prng: Prng, targets: Targets): Instance {
  const topic = targets.topics[prng.below(targets.topics.length)];
  const steered = (name: string, value: unknown): unknown => {
    if (Array.isArray(value)) return value.map((element) => steered(name, element));
    if (value instanceof Uint8Array) return name === 'records' ? soundBatch(prng, targets.nowMs) : value;
    if (typeof value === 'object' && value !== null) return steer(value as Instance, prng, targets);
    return prng.chance(0.85) ? known(name, value) : value;
  };
  const known = (name: string, value: unknown): unknown => {
    if (typeof value === 'string') return knownText(name, value);
    if (typeof value !== 'number') return value;
    if (/^partition(Index|Id|Indexes|s)?$|^index$/.test(name)) return prng.below((topic?.partitionCount ?? 1) + 1);
    if (name === 'resourceType') return prng.chance(0.6) ? TOPIC_RESOURCE : GROUP_RESOURCE;
    // Nobody waits for long.
    if (/(timeout|wait)Ms$/i.test(name)) return Math.min(Math.abs(value), 20);
    if (/(Epoch|generationId|generationIdOrMemberEpoch)$/.test(name)) return prng.below(3) - 1;
    if (/[oO]ffset$/.test(name)) return prng.below(50) - 2;
    if (name === 'numPartitions' || name === 'count') return Math.min(value, 8);
    if (name === 'replicationFactor') return prng.chance(0.5) ? 1 : value;
    return value;
  };
  const knownText = (name: string, value: string): string => {
    if (/^topicIds?$/.test(name)) return topic?.id ?? value;
    if (/^(name|topic|topicName|topicNames|resourceName|topics|subscribedTopicNames)$/.test(name)) {
      return CONFIG_NAMES.includes(value) ? value : (topic?.name ?? value);
    }
    if (/^(groupId|groups|groupIds|groupsNames|key|coordinatorKeys|group)$/.test(name)) {
      return targets.groups[prng.below(targets.groups.length)] ?? value;
    }
    return /^(configName|configurationKeys)$/.test(name)
      ? (CONFIG_NAMES[prng.below(CONFIG_NAMES.length)] ?? value)
      : value;
  };
  return Object.fromEntries(Object.entries(instance).map(([name, value]) => [name, steered(name, value)]));
}
