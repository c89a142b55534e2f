import { indexesOf } from '../../metadata/view.ts';
import { ErrorCode } from '../../protocol/errors.ts';
import type { ShareStateInitializedCommand } from '../commands.ts';
import type { Step } from '../step.ts';
import type { NamedPartitions } from './group.ts';
import { bumpEpoch } from './membership.ts';
import { placeOf, type RunningShareGroup } from './running.ts';

/** How long an assignment waits for share state that is being set up, so that it can contain those partitions. */
const HOLD_MS = 1_000;
const RETRY_MIN_MS = 200;
const RETRY_MAX_MS = 30_000;

/**
 * Sees to it that every partition that the group subscribes to gets share state before it is assigned. A topic new to
 * the group starts where `share.auto.offset.reset` says (−1), and becomes initialised as a whole; partitions that an
 * initialised topic gets later start at 0, so that nothing written to them before is missed (KAFKA-20742).
 */
export function initializeShareState(step: Step, group: RunningShareGroup): void {
  const { durable } = group;
  const wanted = wantedInitializing(step, group);
  if (wanted.some((topic, index) => topic !== durable.initializing[index])) {
    holdAssignment(step, group);
    writeState(step, group, { initializing: wanted });
  }
  if (step.now.monotonicMs < group.retryAtMs) return;
  const topics = durable.initializing.flatMap(({ topicId, partitions }) => {
    const isNew = !isKnown(group, topicId) || step.has('new-partition-at-latest');
    const open = partitions.filter((partition) => {
      const place = placeOf(topicId, partition);
      return !group.inFlight.has(place) && !group.confirmed.has(place);
    });
    for (const partition of open) group.inFlight.set(placeOf(topicId, partition), durable.groupEpoch);
    const asked = open.map((partition) => ({ partition, stateEpoch: durable.groupEpoch, startOffset: isNew ? -1 : 0 }));
    return asked.length === 0 ? [] : [{ topicId, partitions: asked }];
  });
  if (topics.length > 0) step.effect({ kind: 'initializeShareState', request: { groupId: durable.groupId, topics } });
}

/** Lets the next assignment wait a little for share state that is about to come. */
export function holdAssignment(step: Step, group: RunningShareGroup): void {
  group.holdUntilMs = step.now.monotonicMs + HOLD_MS;
}

function isKnown(group: RunningShareGroup, topicId: string): boolean {
  return group.durable.initialized.some((topic) => topic.topicId === topicId);
}

/** What is to be initialised now; entries that stay as they are stay the same objects. */
function wantedInitializing(step: Step, group: RunningShareGroup): NamedPartitions[] {
  const { durable } = group;
  const wanted: NamedPartitions[] = [...durable.initializing];
  for (const topicName of durable.subscribedTopicNames()) {
    const topic = step.view.topicByName(topicName);
    if (topic === null || durable.deleting.some(({ topicId }) => topicId === topic.id)) continue;
    const at = wanted.findIndex(({ topicId }) => topicId === topic.id);
    const known = durable.initialized.find(({ topicId }) => topicId === topic.id);
    // Partitions that a topic gets while it is being initialised come afterwards, as partitions of a known topic.
    if (known === undefined && at >= 0) continue;
    const initialized = new Set(known?.partitions ?? []);
    const partitions = indexesOf(topic).filter((index) => !initialized.has(index));
    if (partitions.length === 0 || (at >= 0 && wanted[at]?.partitions.length === partitions.length)) continue;
    if (at >= 0) wanted[at] = { topicId: topic.id, topicName, partitions };
    else wanted.push({ topicId: topic.id, topicName, partitions });
  }
  return wanted;
}

/**
 * The share coordinators have answered. Only what is still asked for counts: state of that epoch may have been deleted
 * since, and is then asked for anew with a later one.
 */
export function onShareStateInitialized(
  step: Step,
  group: RunningShareGroup,
  command: ShareStateInitializedCommand,
): void {
  const succeeded = new Set(
    command.response.results.flatMap(({ topicId, partitions }) =>
      partitions
        .filter(({ errorCode }) => errorCode === ErrorCode.NONE)
        .map(({ partition }) => placeOf(topicId, partition)),
    ),
  );
  let hasFailed = false;
  for (const { topicId, partitions } of command.request.topics) {
    for (const { partition, stateEpoch } of partitions) {
      const place = placeOf(topicId, partition);
      if (group.inFlight.get(place) !== stateEpoch) continue;
      group.inFlight.delete(place);
      if (succeeded.has(place)) group.confirmed.add(place);
      else hasFailed = true;
    }
  }
  takeOverConfirmed(step, group);
  if (hasFailed && !step.has('state-not-retried')) delayRetry(step, group);
  else if (hasFailed) group.retryAtMs = Number.POSITIVE_INFINITY;
  else clearRetry(group);
}

function takeOverConfirmed(step: Step, group: RunningShareGroup): void {
  const { durable } = group;
  const initializing: NamedPartitions[] = [];
  const initialized = new Map(durable.initialized.map((topic) => [topic.topicId, topic]));
  const gained = new Set<string>();
  for (const topic of durable.initializing) {
    const done = topic.partitions.filter((partition) => group.confirmed.has(placeOf(topic.topicId, partition)));
    const known = initialized.get(topic.topicId);
    if (done.length === 0 || (known === undefined && done.length < topic.partitions.length)) {
      initializing.push(topic);
      continue;
    }
    const partitions = [...(known?.partitions ?? []), ...done].sort((a, b) => a - b);
    initialized.set(topic.topicId, { ...topic, partitions });
    gained.add(topic.topicName);
    for (const partition of done) group.confirmed.delete(placeOf(topic.topicId, partition));
    const open = topic.partitions.filter((partition) => !done.includes(partition));
    if (open.length > 0) initializing.push({ ...topic, partitions: open });
  }
  if (gained.size === 0) return;
  writeState(step, group, { initializing, initialized: [...initialized.values()] });
  const isWanted = durable.subscribedTopicNames().some((name) => gained.has(name));
  if (isWanted && !group.needsAssignment()) bumpEpoch(step, durable);
}

/** Share state that could not be set up or deleted is tried again after a delay that doubles. */
export function delayRetry(step: Step, group: RunningShareGroup): void {
  group.retryDelayMs = Math.min(Math.max(group.retryDelayMs * 2, RETRY_MIN_MS), RETRY_MAX_MS);
  group.retryAtMs = step.now.monotonicMs + group.retryDelayMs;
}

/** Things work again: the next failure is retried soon. */
export function clearRetry(group: RunningShareGroup): void {
  group.retryDelayMs = 0;
  group.retryAtMs = 0;
}

/** Writes the group's share state record with the given parts changed. */
export function writeState(
  step: Step,
  group: RunningShareGroup,
  change: {
    readonly initializing?: readonly NamedPartitions[];
    readonly initialized?: readonly NamedPartitions[];
    readonly deleting?: readonly { readonly topicId: string; readonly topicName: string }[];
  },
): void {
  const { durable } = group;
  const value = {
    initializingTopics: change.initializing ?? durable.initializing,
    initializedTopics: change.initialized ?? durable.initialized,
    deletingTopics: change.deleting ?? durable.deleting,
  };
  step.write({ kind: 'shareState', groupId: durable.groupId, value });
}
