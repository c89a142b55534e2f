import type { Ticket } from '../../coordinator/shard.ts';
import type { AlterShareOffsetsCommand, DeleteShareOffsetsCommand } from '../commands.ts';
import type { Step } from '../step.ts';
import { answerOffsetDeletions, deleteState } from './deletion.ts';
import type { NamedPartitions } from './group.ts';
import { bumpEpoch } from './membership.ts';
import { placeOf, type RunningShareGroup } from './running.ts';
import { clearRetry, writeState } from './share-state.ts';

/**
 * AlterShareGroupOffsets at a group without members. Each time has a state epoch of its own, so that a leader that still
 * holds an earlier state is fenced when it next writes, and of two alterations the later one counts.
 */
export function alterShareOffsets(
  step: Step,
  group: RunningShareGroup,
  { topics }: AlterShareOffsetsCommand,
  ticket: Ticket,
): void {
  const { durable } = group;
  bumpEpoch(step, durable);
  const stateEpoch = durable.groupEpoch;
  const added = addedTo(group, topics);
  if (added.length > 0) {
    // The record comes first: what may be left over is deleted with the group.
    writeState(step, group, { initializing: merged([...durable.initializing, ...added]) });
    for (const { topicId, partitions } of added) {
      for (const partition of partitions) group.inFlight.set(placeOf(topicId, partition), stateEpoch);
    }
  }
  const request = {
    groupId: durable.groupId,
    topics: topics.map(({ topicId, partitions }) => ({
      topicId,
      partitions: partitions.map(({ partition, startOffset }) => ({ partition, stateEpoch, startOffset })),
    })),
  };
  group.alterations.set(request, ticket);
  step.effect({ kind: 'initializeShareState', request });
}

/** DeleteShareGroupOffsets at a group without members: answered when the share coordinators have forgotten the topics. */
export function deleteShareOffsets(
  step: Step,
  group: RunningShareGroup,
  { topicIds }: DeleteShareOffsetsCommand,
  ticket: Ticket,
): void {
  const { initializing, initialized, deleting } = group.durable;
  const having = new Set([...initializing, ...initialized, ...deleting].map(({ topicId }) => topicId));
  const known = new Set(topicIds.filter((topicId) => having.has(topicId)));
  group.offsetDeletions.push({ ticket, topicIds, known });
  if (known.size === 0) {
    answerOffsetDeletions(step, group, new Map());
    return;
  }
  clearRetry(group);
  deleteState(step, group, (topicId) => known.has(topicId));
}

/** Those of the partitions that have no share state yet. */
function addedTo({ durable }: RunningShareGroup, topics: AlterShareOffsetsCommand['topics']): NamedPartitions[] {
  return topics.flatMap(({ topicId, topicName, partitions }) => {
    const added = partitions.map(({ partition }) => partition).filter((one) => !durable.isInitialized(topicId, one));
    return added.length === 0 ? [] : [{ topicId, topicName, partitions: added }];
  });
}

function merged(topics: readonly NamedPartitions[]): NamedPartitions[] {
  const byId = new Map<string, NamedPartitions>();
  for (const topic of topics) {
    const all = new Set([...(byId.get(topic.topicId)?.partitions ?? []), ...topic.partitions]);
    byId.set(topic.topicId, { ...topic, partitions: [...all].sort((a, b) => a - b) });
  }
  return [...byId.values()];
}
