import { ErrorCode } from '../../protocol/errors.ts';
import type { ShareHeartbeatResult } from '../commands.ts';
import type { Step } from '../step.ts';
import type { ShareMember } from './group.ts';
import { assign, bumpEpoch, forgetMember, metadataHash, reconcile } from './membership.ts';
import type { RunningShareGroup } from './running.ts';
import { askDeletion } from './deletion.ts';
import { holdAssignment, initializeShareState } from './share-state.ts';

/** Interval told to members while something is about to come for them; Kafka always tells the full one. */
const UNSETTLED_INTERVAL_MS = 250;
/** Interval told to members whose assignments changed a moment ago: where one came or went, others follow. */
const CHANGING_INTERVAL_MS = 1_000;
/** What short intervals may bring of one group, in heartbeats a second. */
const HEARTBEATS_PER_SECOND_MAX = 100;
/** Interval told to a member that subscribes to a topic which does not exist yet. */
const MISSING_TOPIC_INTERVAL_MS = 1_000;
/** Where `brokerText` has it from when nobody set it. */
const DEFAULT_SOURCE = 5;
/** What a member costs an assignment, in partitions that it might have. */
const MEMBER_COST = 25;
/** Members and partitions that are dealt out in a tenth of a millisecond, so that assigning takes a small part of the time. */
const COST_PER_MS = 100;
/** How long a heartbeat that has to bring an assignment is held back at most; well below any request time-out. */
const PARK_MAX_MS = 1_500;

/**
 * Brings a share group as far as it can get now: share state set up, target assignment made, held heartbeats answered;
 * and sets its timer for the rest. Called after every change; calling it once more changes nothing.
 */
export function settle(step: Step, group: RunningShareGroup): void {
  const nowMs = step.now.monotonicMs;
  if (group.durable.deleting.length > 0) askDeletion(step, group);
  initializeShareState(step, group);
  const intervalMs = assignmentIntervalMs(step, group);
  const mayAssign = group.needsAssignment() && !group.awaitsShareState(nowMs);
  if (mayAssign && group.takeAssignment(nowMs, intervalMs)) {
    assign(step, group.durable);
    group.assignedMs = nowMs;
  }
  answerParked(step, group);
  setTimer(step, group, intervalMs);
}

function groupSetting(
  step: Step,
  group: RunningShareGroup,
  name: 'share.assignment.interval.ms' | 'share.heartbeat.interval.ms' | 'share.session.timeout.ms',
): number {
  return step.settings.group(step.view.configOverrides('group', group.durable.groupId), name);
}

/**
 * The interval that was set, for the group or for all; when none was, an assignment may follow as soon as its cost allows, and
 * the shortest interval that a group may have: a member that joins waits for it (KIP-1263 bounds the cost of large groups).
 */
function assignmentIntervalMs(step: Step, group: RunningShareGroup): number {
  const { durable } = group;
  const intervalMs = groupSetting(step, group, 'share.assignment.interval.ms');
  const isSet =
    step.view.configOverrides('group', durable.groupId).has('share.assignment.interval.ms') ||
    step.settings.brokerText('group.share.assignment.interval.ms').source !== DEFAULT_SOURCE;
  if (isSet) return intervalMs;
  const partitionCount = durable.initialized.reduce((sum, { partitions }) => sum + partitions.length, 0);
  const costMs = Math.ceil((durable.members.size * (MEMBER_COST + partitionCount)) / COST_PER_MS);
  return Math.max(step.settings.broker('group.share.min.assignment.interval.ms'), Math.min(intervalMs, costMs));
}

function answerParked(step: Step, group: RunningShareGroup): void {
  const nowMs = step.now.monotonicMs;
  const isSettled = !group.needsAssignment() && !group.awaitsShareState(nowMs);
  for (const [memberId, { ticket, deadlineMs }] of group.parked) {
    const member = group.durable.members.get(memberId);
    if (member === undefined || (!isSettled && nowMs < deadlineMs)) continue;
    group.parked.delete(memberId);
    step.reply('shareHeartbeat', ticket, answerHeartbeat(step, group, member, true));
  }
}

/** Holds a heartbeat back until its member's assignment is made; `settle` answers it. */
export function park(step: Step, group: RunningShareGroup, memberId: string, ticket: number): void {
  const earlier = group.parked.get(memberId);
  // The member has asked again, so it does not listen to the first call any more.
  if (earlier !== undefined)
    step.reply('shareHeartbeat', earlier.ticket, heartbeatRefusal(ErrorCode.COORDINATOR_NOT_AVAILABLE, 'superseded'));
  if (group.durable.deleting.length > 0) holdAssignment(step, group);
  group.parked.set(memberId, { ticket, deadlineMs: step.now.monotonicMs + PARK_MAX_MS });
}

/** Brings the member to the target assignment and says so; `isFull` repeats the assignment even if it is unchanged. */
export function answerHeartbeat(
  step: Step,
  group: RunningShareGroup,
  member: ShareMember,
  isFull: boolean,
): ShareHeartbeatResult {
  const { durable } = group;
  // The very first assignment is not held back by anything: a member's epoch has to be above 0.
  if (durable.assignmentEpoch === 0) assign(step, durable);
  const isChanged = reconcile(step, durable, member);
  return {
    errorCode: ErrorCode.NONE,
    errorMessage: null,
    memberId: member.memberId,
    memberEpoch: member.memberEpoch,
    heartbeatIntervalMs: heartbeatIntervalMs(step, group, member),
    assignment: isFull || isChanged ? { topicPartitions: member.assigned } : null,
  };
}

/** A ShareGroupHeartbeat answer that only says no. */
export function heartbeatRefusal(errorCode: number, errorMessage: string | null): ShareHeartbeatResult {
  return { errorCode, errorMessage, memberId: null, memberEpoch: 0, heartbeatIntervalMs: 0, assignment: null };
}

function heartbeatIntervalMs(step: Step, group: RunningShareGroup, member: ShareMember): number {
  const intervalMs = groupSetting(step, group, 'share.heartbeat.interval.ms');
  const paceMs = (group.durable.members.size * 1_000) / HEARTBEATS_PER_SECOND_MAX;
  return Math.min(intervalMs, Math.max(hurryMs(step, group, member, intervalMs), paceMs));
}

/** How soon the member should come again, were there no others to come as soon. */
function hurryMs(step: Step, group: RunningShareGroup, member: ShareMember, intervalMs: number): number {
  const { durable } = group;
  if (group.needsAssignment() || group.hasOpenState()) return UNSETTLED_INTERVAL_MS;
  if (member.subscribedTopicNames.some((name) => step.view.topicByName(name) === null))
    return MISSING_TOPIC_INTERVAL_MS;
  // For as long as some may not have heard of it yet. What a lone member has nobody can leave behind.
  const isChanging = durable.members.size > 1 && step.now.monotonicMs - group.assignedMs < intervalMs;
  return isChanging ? CHANGING_INTERVAL_MS : intervalMs;
}

/** Begins a member's session anew. */
export function extendShareSession(step: Step, group: RunningShareGroup, memberId: string): void {
  let timer = group.sessions.get(memberId);
  if (timer === undefined) {
    timer = step.deadlines.create({ kind: 'shareSession', groupId: group.durable.groupId, memberId });
    group.sessions.set(memberId, timer);
  }
  step.startTimer(timer, groupSetting(step, group, 'share.session.timeout.ms'));
}

/** Takes a member out, be it that it leaves or that its session is over. */
export function removeShareMember(step: Step, group: RunningShareGroup, memberId: string): void {
  const timer = group.sessions.get(memberId);
  if (timer !== undefined) step.deadlines.cancel(timer);
  group.sessions.delete(memberId);
  const parked = group.parked.get(memberId);
  group.parked.delete(memberId);
  if (parked !== undefined)
    step.reply('shareHeartbeat', parked.ticket, heartbeatRefusal(ErrorCode.UNKNOWN_MEMBER_ID, null));
  forgetMember(step, group.durable, memberId);
  bumpEpoch(step, group.durable);
  settle(step, group);
}

/** Topics that the group may subscribe to have changed. */
export function refreshMetadata(step: Step, group: RunningShareGroup): void {
  const { durable } = group;
  if (durable.members.size > 0 && metadataHash(step, durable) !== durable.metadataHash) bumpEpoch(step, durable);
  settle(step, group);
}

function setTimer(step: Step, group: RunningShareGroup, intervalMs: number): void {
  const nowMs = step.now.monotonicMs;
  let dueMs = Number.POSITIVE_INFINITY;
  for (const { deadlineMs } of group.parked.values()) dueMs = Math.min(dueMs, deadlineMs);
  if (group.awaitsShareState(nowMs)) dueMs = Math.min(dueMs, group.holdUntilMs);
  else if (group.needsAssignment()) dueMs = Math.min(dueMs, group.nextAssignmentMs(intervalMs));
  const hasOpenWork =
    group.durable.initializing.length > 0 || (group.durable.deleting.length > 0 && group.deletion === null);
  if (hasOpenWork && group.retryAtMs > nowMs) dueMs = Math.min(dueMs, group.retryAtMs);
  if (dueMs === Number.POSITIVE_INFINITY) step.deadlines.cancel(group.timer);
  else step.deadlines.set(group.timer, Math.max(dueMs, nowMs + 1));
}
