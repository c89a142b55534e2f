import { topicId as asTopicId } from '../../base/ids.ts';
import { indexesOf } from '../../metadata/view.ts';
import { ErrorCode } from '../../protocol/errors.ts';
import type { ShareStateDeletedCommand } from '../commands.ts';
import type { DeleteShareState } from '../persister.ts';
import type { Step } from '../step.ts';
import type { NamedPartitions } from './group.ts';
import { type OffsetDeletion, placeOf, type RunningShareGroup } from './running.ts';
import { writeState } from './share-state.ts';

/** An error code with its text. */
export interface Verdict {
  readonly errorCode: number;
  readonly errorMessage: string | null;
}

const DONE: Verdict = { errorCode: ErrorCode.NONE, errorMessage: null };
const NO_STATE: Verdict = {
  errorCode: ErrorCode.UNKNOWN_TOPIC_OR_PARTITION,
  errorMessage: 'There is no offset information to delete.',
};

/** Has the share coordinators forget the state of some topics; the record says so until they have. */
export function deleteState(step: Step, group: RunningShareGroup, isMeant: (topicId: string) => boolean): void {
  const { durable } = group;
  const isLost = ({ topicId }: { readonly topicId: string }): boolean => isMeant(topicId);
  const lost = [...durable.initializing, ...durable.initialized].filter(isLost);
  if (lost.length > 0) {
    const names = new Map(
      [...durable.deleting, ...lost].map(({ topicId, topicName }) => [topicId, { topicId, topicName }]),
    );
    writeState(step, group, {
      initializing: durable.initializing.filter((topic) => !isLost(topic)),
      initialized: durable.initialized.filter((topic) => !isLost(topic)),
      deleting: [...names.values()],
    });
  }
  forgetPlaces(group, lost);
  askDeletion(step, group, lost);
}

/** A topic was deleted: its share state goes too, and the group forgets that it had any. */
export function dropTopicState(step: Step, group: RunningShareGroup, topicIds: ReadonlySet<string>): void {
  const { durable } = group;
  const isGone = ({ topicId }: { readonly topicId: string }): boolean => topicIds.has(topicId);
  const lost = [...durable.initializing, ...durable.initialized].filter(isGone);
  if (lost.length === 0) return;
  writeState(step, group, {
    initializing: durable.initializing.filter((topic) => !isGone(topic)),
    initialized: durable.initialized.filter((topic) => !isGone(topic)),
  });
  forgetPlaces(group, lost);
  step.effect({ kind: 'deleteShareState', request: deletionOf(durable.groupId, lost) });
}

/**
 * Asks the share coordinators for everything that the record says is to be deleted, unless they are being asked or are
 * to be left alone for a while. `lost` are partitions of which the record knew.
 */
export function askDeletion(step: Step, group: RunningShareGroup, lost: readonly NamedPartitions[] = []): void {
  const { durable } = group;
  if (group.deletion !== null || step.now.monotonicMs < group.retryAtMs) return;
  const again = durable.deleting.flatMap(({ topicId, topicName }) => {
    const topic = step.view.topicById(asTopicId(topicId));
    return topic === null ? [] : [{ topicId, topicName, partitions: indexesOf(topic) }];
  });
  const request = deletionOf(durable.groupId, [...lost, ...again]);
  group.deletion = request;
  step.effect({ kind: 'deleteShareState', request });
}

/** Answers about them that are still under way count for nothing. */
function forgetPlaces(group: RunningShareGroup, lost: readonly NamedPartitions[]): void {
  for (const { topicId, partitions } of lost) {
    for (const partition of partitions) {
      group.confirmed.delete(placeOf(topicId, partition));
      group.inFlight.delete(placeOf(topicId, partition));
    }
  }
}

/** The request to delete the state of some partitions. */
function deletionOf(groupId: string, topics: readonly NamedPartitions[]): DeleteShareState {
  const byTopic = new Map<string, Set<number>>();
  for (const { topicId, partitions } of topics) {
    const all = byTopic.get(topicId) ?? new Set();
    for (const partition of partitions) all.add(partition);
    byTopic.set(topicId, all);
  }
  return {
    groupId,
    topics: [...byTopic].map(([topicId, all]) => ({
      topicId,
      partitions: [...all].sort((a, b) => a - b).map((partition) => ({ partition })),
    })),
  };
}

/** Topics whose state could not be deleted, with the first error of each. */
export function deletionErrors(command: ShareStateDeletedCommand): Map<string, Verdict> {
  const errors = new Map<string, Verdict>();
  for (const { topicId, partitions } of command.response.results) {
    const failed = partitions.find(({ errorCode }) => errorCode !== ErrorCode.NONE);
    if (failed !== undefined) errors.set(topicId, { errorCode: failed.errorCode, errorMessage: failed.errorMessage });
  }
  return errors;
}

/** Answers the DeleteShareGroupOffsets calls whose topics have an outcome: all that failed, or are to be deleted no more. */
export function answerOffsetDeletions(
  step: Step,
  group: RunningShareGroup,
  errors: ReadonlyMap<string, Verdict>,
): void {
  const open = new Set(group.durable.deleting.map(({ topicId }) => topicId));
  const isOpen = ({ known }: OffsetDeletion): boolean => [...known].some((id) => open.has(id) && !errors.has(id));
  const settled = group.offsetDeletions.filter((deletion) => !isOpen(deletion));
  group.offsetDeletions = group.offsetDeletions.filter(isOpen);
  for (const { ticket, topicIds, known } of settled) {
    const topics = topicIds.map((topicId) => ({
      topicId,
      ...(known.has(topicId) ? (errors.get(topicId) ?? DONE) : NO_STATE),
    }));
    step.reply('deleteShareOffsets', ticket, { ...DONE, topics });
  }
}
