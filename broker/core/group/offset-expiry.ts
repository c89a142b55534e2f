import { isDecodeError } from '../codec/decode-error.ts';
import { decodeRecordMessage } from '../protocol/record-messages.ts';
import type { ClassicGroup } from './classic/group.ts';
import type { ClassicGroups } from './classic/groups.ts';
import type { CommittedOffset, OffsetStore } from './offset-store.ts';
import type { Step } from './step.ts';

/** Offsets looked at in one turn; the rest is done in later ones. */
const SLICE_OFFSETS = 5_000;
const SLICE_PAUSE_MS = 10;
const MINUTE_MS = 60_000;

/**
 * Removes offsets that nobody has used for `offsets.retention.minutes` (KIP-211): of groups that have been empty for so
 * long, and of topics that a running consumer group has not subscribed to for so long. An empty group without offsets
 * goes too. Times are wall times of records, since the time a broker was down counts.
 */
export class OffsetExpiry {
  /** Groups that this round has not looked at yet. */
  #due: string[] = [];

  /** Does a slice of work. Gives the delay in ms after which it wants to be called again. */
  run(step: Step, offsets: OffsetStore, classic: ClassicGroups): number {
    if (this.#due.length === 0) this.#due = [...new Set([...offsets.groupIds(), ...classic.groupIds()])];
    let seenCount = 0;
    while (seenCount < SLICE_OFFSETS) {
      const groupId = this.#due.pop();
      if (groupId === undefined) break;
      seenCount += 1 + expireGroup(step, groupId, offsets, classic);
    }
    return this.#due.length > 0 ? SLICE_PAUSE_MS : step.settings.broker('offsets.retention.check.interval.ms');
  }
}

function expireGroup(step: Step, groupId: string, offsets: OffsetStore, classic: ClassicGroups): number {
  const group = classic.get(groupId);
  const since = expiryBase(group);
  let seenCount = 0;
  if (since !== null) {
    const horizonMs = step.now.wallMs - step.settings.broker('offsets.retention.minutes') * MINUTE_MS;
    for (const { topic, partitions } of offsets.list(groupId)) {
      seenCount += partitions.length;
      for (const partition of partitions) {
        const value = offsets.get(groupId, { name: topic, topicId: null }, partition);
        if (value === null || !isExpired(value, since(topic, value), horizonMs, step.now.wallMs)) continue;
        step.write({ kind: 'offset', groupId, topic, partition, value: null });
      }
    }
  }
  const isUnused = group !== null && group.state === 'Empty' && group.pendingMembers.size === 0;
  if (isUnused && !offsets.has(groupId)) classic.remove(step, groupId);
  return seenCount;
}

/** Since when (wall ms) an offset counts as unused, or null when none of the group's does. */
function expiryBase(group: ClassicGroup | null): ((topic: string, value: CommittedOffset) => number) | null {
  if (group === null || group.protocolType === null) return (_topic, value) => value.commitTimestamp;
  if (group.state === 'Empty') return (_topic, value) => Math.max(group.stateSinceMs, value.commitTimestamp);
  if (group.state !== 'Stable' || group.protocolType !== 'consumer') return null;
  const subscribed = subscribedTopics(group);
  if (subscribed === null) return null;
  return (topic, value) => (subscribed.has(topic) ? Number.POSITIVE_INFINITY : value.commitTimestamp);
}

function isExpired(value: CommittedOffset, sinceMs: number, horizonMs: number, wallMs: number): boolean {
  if (sinceMs === Number.POSITIVE_INFINITY) return false;
  return value.expireTimestamp >= 0 ? value.expireTimestamp <= wallMs : sinceMs <= horizonMs;
}

/** What the members of a consumer group subscribe to, or null when one of them says it in words not known here. */
function subscribedTopics(group: ClassicGroup): Set<string> | null {
  const topics = new Set<string>();
  for (const member of group.members.values()) {
    try {
      const subscription = decodeRecordMessage('ConsumerProtocolSubscription', group.metadataOf(member));
      for (const topic of subscription.topics) topics.add(topic);
    } catch (error) {
      if (isDecodeError(error)) return null;
      throw error;
    }
  }
  return topics;
}
