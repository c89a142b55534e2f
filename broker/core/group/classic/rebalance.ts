import { ErrorCode } from '../../protocol/errors.ts';
import type { Step } from '../step.ts';
import { answerJoin, answerSync, currentGeneration, joinRefusal, syncRefusal } from './answers.ts';
import type { ClassicGroup, ClassicMember } from './group.ts';
import { writeGroup } from './persistence.ts';

/** However many members keep coming, the first assignment of a group is not held back longer than this. */
const INITIAL_REBALANCE_MAX_MS = 3_000;
const NO_BYTES = new Uint8Array(0);

/** Somebody came, changed or went: the members have to join again, if they are not just doing so. */
export function rebalanceOrCompleteJoin(step: Step, group: ClassicGroup): void {
  if (group.state === 'PreparingRebalance') completeJoinIfReady(step, group);
  else prepareRebalance(step, group);
}

/** Ends the join phase when everybody is there. The first rebalance of a group ends by its timer alone. */
export function completeJoinIfReady(step: Step, group: ClassicGroup): void {
  if (group.state === 'PreparingRebalance' && !group.isInitialRebalance && group.hasAllMembersJoined())
    completeJoin(step, group);
}

function prepareRebalance(step: Step, group: ClassicGroup): void {
  if (group.state === 'CompletingRebalance') {
    for (const member of group.members.values()) {
      member.assignment = NO_BYTES;
      const wasWaiting = member.syncTicket !== null;
      if (step.has('interrupted-sync-forgotten')) member.syncTicket = null;
      else answerSync(step, member, syncRefusal(ErrorCode.REBALANCE_IN_PROGRESS));
      if (wasWaiting) extendSession(step, member);
    }
  }
  group.pendingSyncs.clear();
  step.deadlines.cancel(group.syncTimer);
  group.isInitialRebalance = group.state === 'Empty';
  group.transitionTo('PreparingRebalance', step.now.wallMs);
  if (group.isInitialRebalance) startInitialDelay(step, group);
  else if (group.hasAllMembersJoined()) completeJoin(step, group);
  else step.startTimer(group.joinTimer, group.rebalanceTimeoutMs());
}

/**
 * An empty group waits for company: a delay, begun anew as long as members came during the last one or have fetched
 * their id and not joined. Kafka waits 3 s at least; here the delay is short, and what follows is the same.
 */
function startInitialDelay(step: Step, group: ClassicGroup): void {
  const delayMs = step.settings.broker('group.initial.rebalance.delay.ms');
  const limitMs = Math.min(group.rebalanceTimeoutMs(), Math.max(delayMs, INITIAL_REBALANCE_MAX_MS));
  group.newMemberAdded = false;
  group.initialRebalanceEndMs = step.now.monotonicMs + limitMs;
  step.startTimer(group.joinTimer, Math.min(delayMs, limitMs));
}

/** The join timer has fired. */
export function onJoinTimer(step: Step, group: ClassicGroup): void {
  if (group.state !== 'PreparingRebalance') return;
  const remainingMs = group.initialRebalanceEndMs - step.now.monotonicMs;
  if (group.isInitialRebalance && remainingMs > 0 && (group.newMemberAdded || group.pendingMembers.size > 0)) {
    group.newMemberAdded = false;
    const delayMs = Math.max(1, step.settings.broker('group.initial.rebalance.delay.ms'));
    step.startTimer(group.joinTimer, Math.min(delayMs, remainingMs));
    return;
  }
  completeJoin(step, group);
}

/** Ends the join phase: those who stayed away are out (static ones keep their place), a new generation begins. */
function completeJoin(step: Step, group: ClassicGroup): void {
  step.deadlines.cancel(group.joinTimer);
  for (const member of [...group.members.values()]) {
    if (member.joinTicket === null && member.groupInstanceId === null) removeMember(step, group, member);
  }
  if (group.members.size > 0 && !group.electJoinedLeader()) {
    // Only static members, all of them away: their sessions will end it, or one of them comes back.
    step.startTimer(group.joinTimer, group.rebalanceTimeoutMs());
    return;
  }
  group.isInitialRebalance = false;
  group.generationId += 1;
  group.pendingSyncs.clear();
  if (group.members.size === 0) {
    group.protocolName = null;
    group.transitionTo('Empty', step.now.wallMs);
    writeGroup(step, group);
    return;
  }
  group.protocolName = group.selectProtocol();
  group.transitionTo('CompletingRebalance', step.now.wallMs);
  for (const member of group.members.values()) {
    const isLeader = member.memberId === group.leaderId;
    const answer = currentGeneration(group, member.memberId);
    answerJoin(step, group, member, isLeader ? { ...answer, members: group.memberMetadata() } : answer);
    member.isNew = false;
    extendSession(step, member);
    group.pendingSyncs.add(member.memberId);
  }
  step.startTimer(group.syncTimer, group.rebalanceTimeoutMs());
}

/** The time for SyncGroup is over: members that did not send it are out. */
export function onSyncTimer(step: Step, group: ClassicGroup): void {
  if (group.pendingSyncs.size === 0) return;
  if (group.state !== 'CompletingRebalance' && group.state !== 'Stable') return;
  for (const memberId of [...group.pendingSyncs]) {
    const member = group.members.get(memberId);
    if (member !== undefined) removeMember(step, group, member);
  }
  rebalanceOrCompleteJoin(step, group);
}

/** Takes a member out and tells its waiting calls so; the group's state is the caller's business. */
export function removeMember(step: Step, group: ClassicGroup, member: ClassicMember): void {
  answerJoin(step, group, member, joinRefusal(member.memberId, ErrorCode.UNKNOWN_MEMBER_ID));
  answerSync(step, member, syncRefusal(ErrorCode.UNKNOWN_MEMBER_ID));
  step.deadlines.cancel(member.session);
  group.remove(member);
}

/** Begins a member's session anew: it was heard, or was given something to do. */
export function extendSession(step: Step, member: ClassicMember): void {
  step.startTimer(member.session, member.sessionTimeoutMs);
}

/** A member's session has ended. Members that wait for the group don't send heartbeats and aren't judged by them. */
export function onSessionTimer(step: Step, group: ClassicGroup, memberId: string): void {
  if (group.pendingMembers.delete(memberId)) {
    completeJoinIfReady(step, group);
    return;
  }
  const member = group.members.get(memberId);
  if (member === undefined) return;
  const isWaiting = member.joinTicket !== null || member.syncTicket !== null;
  if (isWaiting && !member.isNew) return;
  removeMember(step, group, member);
  if (group.state === 'Stable' || group.state === 'CompletingRebalance') rebalanceOrCompleteJoin(step, group);
  else completeJoinIfReady(step, group);
}
