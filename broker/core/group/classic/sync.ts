import { unreachable } from '../../base/assert.ts';
import type { Ticket } from '../../coordinator/shard.ts';
import { ErrorCode } from '../../protocol/errors.ts';
import type { HeartbeatCommand, SyncGroupCommand } from '../commands.ts';
import type { Step } from '../step.ts';
import { answerSync, syncAnswer, syncRefusal } from './answers.ts';
import type { ClassicGroup, ClassicMember } from './group.ts';
import { GROUP_BYTES_MAX } from './limits.ts';
import { writeGroup } from './persistence.ts';
import { extendSession } from './rebalance.ts';

const NO_BYTES = new Uint8Array(0);

/** SyncGroup: the leader's brings the assignment, the others wait for it. */
export function syncGroup(step: Step, group: ClassicGroup, command: SyncGroupCommand, ticket: Ticket): void {
  const errorCode = checkSync(group, command);
  const member = group.members.get(command.memberId);
  if (errorCode !== ErrorCode.NONE || member === undefined) {
    step.reply('syncGroup', ticket, syncRefusal(errorCode));
    return;
  }
  switch (group.state) {
    case 'Empty':
    case 'Dead':
      step.reply('syncGroup', ticket, syncRefusal(ErrorCode.UNKNOWN_MEMBER_ID));
      break;
    case 'PreparingRebalance':
      step.reply('syncGroup', ticket, syncRefusal(ErrorCode.REBALANCE_IN_PROGRESS));
      break;
    case 'CompletingRebalance':
      syncCompleting(step, group, member, command, ticket);
      break;
    case 'Stable':
      hearSync(step, group, member);
      extendSession(step, member);
      step.reply('syncGroup', ticket, syncAnswer(group, member));
      break;
    default:
      unreachable(group.state);
  }
}

function checkSync(group: ClassicGroup, command: SyncGroupCommand): number {
  const errorCode = group.checkMember(command.memberId, command.groupInstanceId);
  if (errorCode !== ErrorCode.NONE) return errorCode;
  if (command.generationId !== group.generationId) return ErrorCode.ILLEGAL_GENERATION;
  const isOther = (asked: string | null, own: string | null): boolean =>
    asked !== null && own !== null && asked !== own;
  if (isOther(command.protocolType, group.protocolType) || isOther(command.protocolName, group.protocolName)) {
    return ErrorCode.INCONSISTENT_GROUP_PROTOCOL;
  }
  let bytes = 0;
  for (const { assignment } of command.assignments) bytes += assignment.length;
  // What Kafka answers when a group's record is too large.
  return bytes > GROUP_BYTES_MAX ? ErrorCode.UNKNOWN_SERVER_ERROR : ErrorCode.NONE;
}

function hearSync(step: Step, group: ClassicGroup, member: ClassicMember): void {
  group.pendingSyncs.delete(member.memberId);
  if (group.pendingSyncs.size === 0) step.deadlines.cancel(group.syncTimer);
}

function syncCompleting(
  step: Step,
  group: ClassicGroup,
  member: ClassicMember,
  command: SyncGroupCommand,
  ticket: Ticket,
): void {
  hearSync(step, group, member);
  // An earlier call of the same member: its client gave it up.
  answerSync(step, member, syncRefusal(ErrorCode.UNKNOWN_MEMBER_ID));
  member.syncTicket = ticket;
  if (member.memberId !== group.leaderId) return;
  const assignments = new Map(command.assignments.map(({ memberId, assignment }) => [memberId, assignment]));
  for (const each of group.members.values()) each.assignment = assignments.get(each.memberId) ?? NO_BYTES;
  group.transitionTo('Stable', step.now.wallMs);
  writeGroup(step, group);
  for (const each of group.members.values()) {
    if (each.syncTicket === null) continue;
    answerSync(step, each, syncAnswer(group, each));
    extendSession(step, each);
  }
}

/** Heartbeat: keeps the session, and tells the member to join again while the group rebalances. */
export function heartbeat(step: Step, group: ClassicGroup, command: HeartbeatCommand, ticket: Ticket): void {
  step.reply('heartbeat', ticket, { errorCode: hear(step, group, command) });
}

function hear(step: Step, group: ClassicGroup, command: HeartbeatCommand): number {
  const errorCode = group.checkMember(command.memberId, command.groupInstanceId);
  const member = group.members.get(command.memberId);
  if (errorCode !== ErrorCode.NONE || member === undefined) return errorCode;
  if (command.generationId !== group.generationId) return ErrorCode.ILLEGAL_GENERATION;
  switch (group.state) {
    case 'Empty':
    case 'Dead':
      return ErrorCode.UNKNOWN_MEMBER_ID;
    case 'PreparingRebalance':
      extendSession(step, member);
      return ErrorCode.REBALANCE_IN_PROGRESS;
    case 'CompletingRebalance':
    case 'Stable':
      extendSession(step, member);
      return ErrorCode.NONE;
    default:
      return unreachable(group.state);
  }
}
