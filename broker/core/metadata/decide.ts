import { assert, unreachable } from '../base/assert.ts';
import type { Settings } from '../config/settings.ts';
import type { MetadataCommand, MetadataOutcome } from './commands.ts';
import { setAdvertised } from './decide-advertised.ts';
import { fenceBroker, registerBroker, unfenceBroker, unregisterBroker } from './decide-brokers.ts';
import { allocateProducerIds, formatCluster } from './decide-cluster.ts';
import { alterConfigs } from './decide-configs.ts';
import { registerController, unregisterController } from './decide-controllers.ts';
import { markDurable } from './decide-durability.ts';
import { updateFeatures } from './decide-features.ts';
import { decideReplicas } from './decide-replicas.ts';
import { createPartitions } from './decide-partitions.ts';
import { createTopics, deleteTopics } from './decide-topics.ts';
import type { MetadataImage } from './image.ts';
import type { MetadataBugs } from './planted-bugs.ts';
import { WEIR_VERSION } from './features.ts';
import { levelOf, type MetadataRecord } from './records.ts';

/** What a decision depends on beside the command; nothing else is read. */
export interface DecisionContext {
  /** The state that the decision is made on; the decision does not change it. */
  readonly image: MetadataImage;
  /** The controller's settings with the dynamic ones of `image` applied. */
  readonly settings: Settings;
  /** Fresh random topic ids, at least one per topic to create. */
  readonly topicIds: readonly string[];
  readonly members: Members;
  /** What a test breaks on purpose. */
  readonly bugs?: MetadataBugs | undefined;
}

/** What the active controller knows of the nodes beside the metadata. */
export interface Members {
  /** Another process with this broker id is known to live: a new incarnation has to wait. */
  isAlive(brokerId: number): boolean;
  /** A controller of this id votes, or will when what is under way is committed. */
  isVoter(controllerId: number): boolean;
  /** The disk of this broker hangs, or did a short while ago (F5): it joins no ISR. */
  isSlow(brokerId: number): boolean;
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
  const decision = decideOne(context, command);
  const level = context.image.features().get(WEIR_VERSION) ?? Number.POSITIVE_INFINITY;
  for (const record of decision.records)
    assert(levelOf(record) <= level, `I10: ${record.kind} needs more than ${WEIR_VERSION} ${level}`);
  return decision;
}

function decideOne(context: DecisionContext, command: MetadataCommand): Decision {
  switch (command.kind) {
    case 'formatCluster':
      return formatCluster(context, command);
    case 'registerBroker':
      return registerBroker(context, command);
    case 'unfenceBroker':
      return unfenceBroker(context, command);
    case 'fenceBroker':
      return fenceBroker(context, command);
    case 'unregisterBroker':
      return unregisterBroker(context, command);
    case 'setAdvertised':
      return setAdvertised(context, command);
    case 'registerController':
      return registerController(context, command);
    case 'unregisterController':
      return unregisterController(context, command);
    case 'updateFeatures':
      return updateFeatures(context, command);
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
    case 'alterPartition':
    case 'reportLogs':
    case 'reportDamage':
    case 'controlledShutdown':
    case 'electLeaders':
    case 'alterReassignments':
    case 'setBrokerPlacement':
      return decideReplicas(context, command);
    default:
      return unreachable(command);
  }
}
