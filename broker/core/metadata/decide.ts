import { unreachable } from '../base/assert.ts';
import type { Settings } from '../config/settings.ts';
import type { MetadataCommand, MetadataOutcome } from './commands.ts';
import { allocateProducerIds, fenceBroker, formatCluster, registerBroker, unfenceBroker } from './decide-brokers.ts';
import { alterConfigs } from './decide-configs.ts';
import { markDurable } from './decide-durability.ts';
import { createPartitions } from './decide-partitions.ts';
import { createTopics, deleteTopics } from './decide-topics.ts';
import type { MetadataImage } from './image.ts';
import type { MetadataRecord } from './records.ts';

/** What a decision depends on beside the command; nothing else is read. */
export interface DecisionContext {
  /** The state that the decision is made on; the decision does not change it. */
  readonly image: MetadataImage;
  /** The controller's settings with the dynamic ones of `image` applied. */
  readonly settings: Settings;
  /** Fresh random topic ids, at least one per topic to create. */
  readonly topicIds: readonly string[];
}

/** The records that carry out a command, one atomic batch, and what its sender is told once they are committed. */
export interface Decision {
  readonly records: readonly MetadataRecord[];
  readonly outcome: MetadataOutcome;
}

/** How many topics a command creates, so how many fresh ids its decision needs. */
export function topicIdCount(command: MetadataCommand): number {
  return command.kind === 'createTopics' ? command.topics.length : 0;
}

/** Decides one command. Pure: the same state, settings, command and ids give the same decision. */
export function decide(context: DecisionContext, command: MetadataCommand): Decision {
  switch (command.kind) {
    case 'formatCluster':
      return formatCluster(context, command);
    case 'registerBroker':
      return registerBroker(context, command);
    case 'unfenceBroker':
      return unfenceBroker(context, command);
    case 'fenceBroker':
      return fenceBroker(context, command);
    case 'createTopics':
      return createTopics(context, command);
    case 'deleteTopics':
      return deleteTopics(context, command);
    case 'createPartitions':
      return createPartitions(context, command);
    case 'alterConfigs':
      return alterConfigs(context, command);
    case 'allocateProducerIds':
      return allocateProducerIds(context, command);
    case 'markDurable':
      return markDurable(context, command);
    default:
      return unreachable(command);
  }
}
