import type { Settings } from '../config/settings.ts';
import type { MetadataImage } from './image.ts';
import { MIN_ISR } from './min-isr.ts';
import { INTERNAL_TOPICS } from './topic-name.ts';
import type { Topic } from './topic.ts';

/** `min.insync.replicas` of topics that Weir makes itself, where they have replicas enough (O9). */
export const INTERNAL_MIN_ISR = 2;

const NO_OVERRIDES: ReadonlyMap<string, string> = new Map();

/** A setting of a topic; null: it is left out, and what all topics have holds. */
export interface TopicMinIsr {
  readonly topic: string;
  readonly value: string | null;
}

/** What is to be done about internal topics. */
export interface InternalMinIsrs {
  readonly changes: readonly TopicMinIsr[];
  /** What would be done if as many replicas of each partition were in sync. */
  readonly waiting: readonly TopicMinIsr[];
}

/**
 * What makes `min.insync.replicas` of a topic as large as wanted, and not larger than the replicas that it has (`replicaCount`): one that
 * is larger would count the first ones that come, and hold everything up until they are in sync. null: the topic has less than is wanted,
 * and that is what all topics have.
 */
export function cappedMinIsr(settings: Settings, wanted: number, replicaCount: number): string | null {
  const least = Math.min(wanted, replicaCount);
  return least < wanted && least === ofAllTopics(settings) ? null : String(least);
}

/**
 * How `min.insync.replicas` of internal topics has to follow their replicas: where every partition has more, and as many in sync, it is
 * raised to what is wanted; where one has fewer, and may get more, to what it has, which changes nothing until then. What somebody set is
 * left alone, as far as `cappedMinIsr` would not have said it.
 */
export function internalMinIsrs(image: MetadataImage, settings: Settings): InternalMinIsrs {
  const changes: TopicMinIsr[] = [];
  const waiting: TopicMinIsr[] = [];
  for (const name of INTERNAL_TOPICS) {
    const topic = image.topicByName(name);
    if (topic === null) continue;
    const overrides = image.overridesOf(topic);
    const now = settings.topic(overrides, MIN_ISR);
    const wanted = wantedOf(name, settings);
    if (overrides.has(MIN_ISR) && now !== wanted && (now > wanted || now === ofAllTopics(settings))) continue;
    const { replicaCount, inSyncCount } = fewest(topic);
    const least = Math.min(wanted, replicaCount);
    const change = { topic: name, value: cappedMinIsr(settings, wanted, replicaCount) };
    if (now > replicaCount) changes.push(change);
    else if (now < least) (inSyncCount < least ? waiting : changes).push(change);
  }
  return { changes, waiting };
}

/** Replicas of the partition with the fewest, without those that are only being made, and of the one with the fewest in sync. */
function fewest(topic: Topic): { readonly replicaCount: number; readonly inSyncCount: number } {
  let replicaCount = Number.POSITIVE_INFINITY;
  let inSyncCount = Number.POSITIVE_INFINITY;
  for (const { replicas, addingReplicas, isr } of topic.partitions) {
    replicaCount = Math.min(replicaCount, replicas.length - addingReplicas.length);
    inSyncCount = Math.min(inSyncCount, isr.length);
  }
  return { replicaCount, inSyncCount };
}

function wantedOf(name: string, settings: Settings): number {
  return name === '__share_group_state' ? settings.broker('share.coordinator.state.topic.min.isr') : INTERNAL_MIN_ISR;
}

function ofAllTopics(settings: Settings): number {
  return settings.topic(NO_OVERRIDES, MIN_ISR);
}
