import { unreachable } from '../../base/assert.ts';
import type { Ticket } from '../../coordinator/shard.ts';
import { ErrorCode } from '../../protocol/errors.ts';
import type { JoinGroupCommand, JoinGroupResult } from '../commands.ts';
import type { Step } from '../step.ts';
import { answerJoin, answerSync, currentGeneration, joinRefusal, syncRefusal } from './answers.ts';
import { type ClassicGroup, type ClassicMember, protocolBytesOf, sameProtocols } from './group.ts';
import { GROUP_BYTES_MAX } from './limits.ts';
import { writeGroup } from './persistence.ts';
import { completeJoinIfReady, extendSession, rebalanceOrCompleteJoin } from './rebalance.ts';

/** A member whose join waits can't send heartbeats; it is given up after this long. */
const NEW_MEMBER_JOIN_TIMEOUT_MS = 5 * 60_000;
/** Ids of one group that were given out and not used. */
const PENDING_MEMBERS_MAX = 10_000;
const NO_BYTES = new Uint8Array(0);

/** JoinGroup at a group that exists. Replies now, or when the join phase ends. */
export function joinGroup(step: Step, group: ClassicGroup, command: JoinGroupCommand, ticket: Ticket): void {
  const refuse = (errorCode: number): void => step.reply('joinGroup', ticket, joinRefusal(command.memberId, errorCode));
  if (!hasRoomForBytes(group, command)) {
    refuse(ErrorCode.GROUP_MAX_SIZE_REACHED);
  } else if (!hasRoom(step, group, command.memberId)) {
    const member = group.members.get(command.memberId);
    if (member !== undefined) dropMember(step, group, member);
    step.reply('joinGroup', ticket, joinRefusal('', ErrorCode.GROUP_MAX_SIZE_REACHED));
  } else if (!group.supportsProtocols(command.protocolType, command.protocols)) {
    refuse(ErrorCode.INCONSISTENT_GROUP_PROTOCOL);
  } else if (command.memberId === '') {
    joinNewMember(step, group, command, ticket);
  } else if (group.pendingMembers.has(command.memberId)) {
    if (command.groupInstanceId === null) addMember(step, group, command, { memberId: command.memberId, ticket });
    else refuse(ErrorCode.UNKNOWN_MEMBER_ID); // ids are only reserved for dynamic members
  } else {
    const errorCode = group.checkMember(command.memberId, command.groupInstanceId);
    const member = group.members.get(command.memberId);
    if (errorCode !== ErrorCode.NONE || member === undefined) refuse(errorCode);
    else rejoin(step, group, member, command, ticket);
  }
  completeJoinIfReady(step, group);
}

/** Whether the group's record stays far below what the log takes in one batch. */
function hasRoomForBytes(group: ClassicGroup, command: JoinGroupCommand): boolean {
  const own = group.members.get(command.memberId)?.protocols ?? [];
  return group.protocolBytes - protocolBytesOf(own) + protocolBytesOf(command.protocols) <= GROUP_BYTES_MAX;
}

/** Whether `group.max.size` leaves room for this join. In the join phase only those who have joined count. */
function hasRoom(step: Step, group: ClassicGroup, memberId: string): boolean {
  const sizeMax = step.settings.broker('group.max.size');
  const member = group.members.get(memberId);
  switch (group.state) {
    case 'Empty':
    case 'Dead':
      return true;
    case 'PreparingRebalance':
      return (member !== undefined && member.joinTicket !== null) || group.joinedCount() < sizeMax;
    case 'CompletingRebalance':
    case 'Stable':
      return member !== undefined || group.members.size < sizeMax;
    default:
      return unreachable(group.state);
  }
}

function dropMember(step: Step, group: ClassicGroup, member: ClassicMember): void {
  step.deadlines.cancel(member.session);
  group.remove(member);
}

function joinNewMember(step: Step, group: ClassicGroup, command: JoinGroupCommand, ticket: Ticket): void {
  const { groupInstanceId, newMemberId } = command;
  const existingId = groupInstanceId === null ? undefined : group.staticMembers.get(groupInstanceId);
  const existing = existingId === undefined ? undefined : group.members.get(existingId);
  if (existing !== undefined) replaceStaticMember(step, group, existing, command, ticket);
  else if (groupInstanceId !== null || !command.requireKnownMemberId)
    addMember(step, group, command, { memberId: newMemberId, ticket });
  else if (group.pendingMembers.size >= PENDING_MEMBERS_MAX) {
    step.reply('joinGroup', ticket, joinRefusal('', ErrorCode.GROUP_MAX_SIZE_REACHED));
  } else {
    const timer = step.deadlines.create({ kind: 'classicSession', groupId: group.groupId, memberId: newMemberId });
    step.startTimer(timer, command.sessionTimeoutMs);
    group.pendingMembers.set(newMemberId, timer);
    step.reply('joinGroup', ticket, joinRefusal(newMemberId, ErrorCode.MEMBER_ID_REQUIRED));
  }
}

function createMember(step: Step, groupId: string, memberId: string, command: JoinGroupCommand): ClassicMember {
  return {
    memberId,
    groupInstanceId: command.groupInstanceId,
    client: command.client,
    sessionTimeoutMs: command.sessionTimeoutMs,
    rebalanceTimeoutMs: command.rebalanceTimeoutMs,
    protocols: command.protocols,
    assignment: NO_BYTES,
    joinTicket: null,
    syncTicket: null,
    isNew: true,
    session: step.deadlines.create({ kind: 'classicSession', groupId, memberId }),
  };
}

function addMember(
  step: Step,
  group: ClassicGroup,
  command: JoinGroupCommand,
  as: { readonly memberId: string; readonly ticket: Ticket },
): void {
  const pendingTimer = group.pendingMembers.get(as.memberId);
  if (pendingTimer !== undefined) step.deadlines.cancel(pendingTimer);
  if (group.members.size === 0) group.protocolType = command.protocolType;
  const member = createMember(step, group.groupId, as.memberId, command);
  group.add(member);
  group.awaitJoin(member, as.ticket);
  if (group.state === 'PreparingRebalance' && group.isInitialRebalance) group.newMemberAdded = true;
  step.startTimer(member.session, NEW_MEMBER_JOIN_TIMEOUT_MS);
  rebalanceOrCompleteJoin(step, group);
}

/** A known member joins again: it may only have missed the answer, or it changes the group. */
function rejoin(
  step: Step,
  group: ClassicGroup,
  member: ClassicMember,
  command: JoinGroupCommand,
  ticket: Ticket,
): void {
  const isSame = sameProtocols(member.protocols, command.protocols);
  const isLeader = member.memberId === group.leaderId;
  switch (group.state) {
    case 'PreparingRebalance':
      updateMember(step, group, member, command, ticket);
      break;
    case 'CompletingRebalance': {
      if (!isSame) {
        updateMember(step, group, member, command, ticket);
        break;
      }
      const answer = currentGeneration(group, member.memberId);
      step.reply('joinGroup', ticket, isLeader ? { ...answer, members: group.memberMetadata() } : answer);
      break;
    }
    case 'Stable':
      // A leader joins again to have the group assigned anew, so it is taken at its word.
      if (isLeader || !isSame) updateMember(step, group, member, command, ticket);
      else step.reply('joinGroup', ticket, currentGeneration(group, member.memberId));
      break;
    case 'Empty':
    case 'Dead':
      step.reply('joinGroup', ticket, joinRefusal(command.memberId, ErrorCode.UNKNOWN_MEMBER_ID));
      break;
    default:
      unreachable(group.state);
  }
}

function updateMember(
  step: Step,
  group: ClassicGroup,
  member: ClassicMember,
  command: JoinGroupCommand,
  ticket: Ticket,
): void {
  takeOver(group, member, command);
  const earlier = group.awaitJoin(member, ticket);
  // The client gave that call up long ago, or it would not ask again.
  if (earlier !== null) step.reply('joinGroup', earlier, joinRefusal(member.memberId, ErrorCode.UNKNOWN_MEMBER_ID));
  rebalanceOrCompleteJoin(step, group);
}

function takeOver(group: ClassicGroup, member: ClassicMember, command: JoinGroupCommand): void {
  group.setProtocols(member, command.protocols);
  member.sessionTimeoutMs = command.sessionTimeoutMs;
  member.rebalanceTimeoutMs = command.rebalanceTimeoutMs;
}

/**
 * A static member comes back without its id (a restarted process): it takes the place, assignment and leadership of the
 * old one, which is fenced. Without a change of the group's protocol nobody else has to join again (KIP-345, KIP-814).
 */
function replaceStaticMember(
  step: Step,
  group: ClassicGroup,
  old: ClassicMember,
  command: JoinGroupCommand,
  ticket: Ticket,
): void {
  const leaderBefore = group.leaderId;
  const isLeader = leaderBefore === old.memberId;
  answerJoin(step, group, old, joinRefusal(old.memberId, ErrorCode.FENCED_INSTANCE_ID));
  answerSync(step, old, syncRefusal(ErrorCode.FENCED_INSTANCE_ID));
  const wasPendingSync = group.pendingSyncs.has(old.memberId);
  const isSame = sameProtocols(old.protocols, command.protocols);
  dropMember(step, group, old);
  const member: ClassicMember = { ...createMember(step, group.groupId, command.newMemberId, command), isNew: false };
  member.assignment = old.assignment;
  group.add(member);
  if (isLeader) group.leaderId = member.memberId;
  if (wasPendingSync) group.pendingSyncs.add(member.memberId);
  extendSession(step, member);
  if (group.state !== 'Stable' || (!isSame && group.selectProtocol() !== group.protocolName)) {
    group.awaitJoin(member, ticket);
    rebalanceOrCompleteJoin(step, group);
    return;
  }
  writeGroup(step, group);
  step.reply('joinGroup', ticket, returnedMember(group, member, { isLeader, leaderBefore, command }));
}

/**
 * A returned leader must not assign: old clients are told that the fenced id leads, new ones to skip the assignment.
 */
function returnedMember(
  group: ClassicGroup,
  member: ClassicMember,
  was: { readonly isLeader: boolean; readonly leaderBefore: string | null; readonly command: JoinGroupCommand },
): JoinGroupResult {
  const answer = currentGeneration(group, member.memberId);
  if (!was.command.supportsSkippingAssignment) return { ...answer, leader: was.leaderBefore ?? '' };
  return was.isLeader ? { ...answer, skipAssignment: true, members: group.memberMetadata() } : answer;
}

/** JoinGroup with a member id at a group that does not exist, or that is of another type. */
export function refuseJoin(step: Step, command: JoinGroupCommand, ticket: Ticket, errorCode: number): void {
  step.reply('joinGroup', ticket, joinRefusal(command.memberId, errorCode));
}
