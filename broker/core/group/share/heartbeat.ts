import type { Ticket } from '../../coordinator/shard.ts';
import { ErrorCode } from '../../protocol/errors.ts';
import type { ShareHeartbeatCommand } from '../commands.ts';
import type { Step } from '../step.ts';
import type { ShareMember } from './group.ts';
import { bumpEpoch, metadataHash } from './membership.ts';
import type { RunningShareGroup } from './running.ts';
import { answerHeartbeat, extendShareSession, heartbeatRefusal, park, removeShareMember, settle } from './settle.ts';

/** Epochs by which a member says that it comes or goes. */
export const JOIN_EPOCH = 0;
/** See `JOIN_EPOCH`. */
export const LEAVE_EPOCH = -1;

/** ShareGroupHeartbeat at a share group. `command` is well-formed (the API's handler has seen to that). */
export function shareHeartbeat(
  step: Step,
  group: RunningShareGroup,
  command: ShareHeartbeatCommand,
  ticket: Ticket,
): void {
  const { durable } = group;
  const refusal = refuse(step, group, command);
  if (refusal !== null) {
    step.reply('shareHeartbeat', ticket, heartbeatRefusal(refusal.errorCode, refusal.errorMessage));
    return;
  }
  if (command.memberEpoch === LEAVE_EPOCH) {
    removeShareMember(step, group, command.memberId);
    const gone = { ...heartbeatRefusal(ErrorCode.NONE, null), memberId: command.memberId, memberEpoch: LEAVE_EPOCH };
    step.reply('shareHeartbeat', ticket, gone);
    return;
  }
  const isResubscribed = updateMember(step, group, command);
  if (isResubscribed || metadataHash(step, durable) !== durable.metadataHash) bumpEpoch(step, durable);
  extendShareSession(step, group, command.memberId);
  const isFull = command.memberEpoch === JOIN_EPOCH || command.subscribedTopicNames !== null;
  if (isFull) {
    park(step, group, command.memberId, ticket);
    settle(step, group);
    return;
  }
  // A member that speaks of an earlier epoch did not hear the answer with its assignment: it is told again.
  const hasMissed = command.memberEpoch !== durable.members.get(command.memberId)?.memberEpoch;
  settle(step, group);
  const member = durable.members.get(command.memberId);
  if (member !== undefined) step.reply('shareHeartbeat', ticket, answerHeartbeat(step, group, member, hasMissed));
}

function refuse(
  step: Step,
  group: RunningShareGroup,
  command: ShareHeartbeatCommand,
): { readonly errorCode: number; readonly errorMessage: string } | null {
  const { memberEpoch, memberId } = command;
  const member = group.durable.members.get(memberId);
  if (memberEpoch === JOIN_EPOCH) {
    const isFull = member === undefined && group.durable.members.size >= step.settings.broker('group.share.max.size');
    if (!isFull) return null;
    return {
      errorCode: ErrorCode.GROUP_MAX_SIZE_REACHED,
      errorMessage: 'The share group has reached its maximum capacity.',
    };
  }
  if (member === undefined) {
    return {
      errorCode: ErrorCode.UNKNOWN_MEMBER_ID,
      errorMessage: `Member ${memberId} is not a member of group ${command.groupId}.`,
    };
  }
  if (memberEpoch === LEAVE_EPOCH || isCurrent(member, memberEpoch)) return null;
  const errorMessage = `The member epoch is ${memberEpoch}, the group expects ${member.memberEpoch}; the member must rejoin.`;
  return { errorCode: ErrorCode.FENCED_MEMBER_EPOCH, errorMessage };
}

/** One epoch behind is accepted too: the answer that brought the new one may have been lost. */
function isCurrent(member: ShareMember, memberEpoch: number): boolean {
  return memberEpoch === member.memberEpoch || memberEpoch === member.previousMemberEpoch;
}

/** Writes the member if it is new or says something new. True when its subscription changed. */
function updateMember(step: Step, group: RunningShareGroup, command: ShareHeartbeatCommand): boolean {
  const { groupId, memberId, client } = command;
  const member = group.durable.members.get(memberId);
  const subscribedTopicNames = subscriptionOf(command, member);
  const rackId = command.rackId ?? member?.rackId ?? null;
  const isSameSubscription = member !== undefined && sameNames(member.subscribedTopicNames, subscribedTopicNames);
  const isSame =
    isSameSubscription &&
    member.rackId === rackId &&
    member.clientId === client.clientId &&
    member.clientHost === client.clientHost;
  if (isSame) return false;
  const value = { rackId, clientId: client.clientId, clientHost: client.clientHost, subscribedTopicNames };
  step.write({ kind: 'shareMember', groupId, memberId, value });
  return !isSameSubscription;
}

function subscriptionOf(command: ShareHeartbeatCommand, member: ShareMember | undefined): readonly string[] {
  if (command.subscribedTopicNames === null) return member?.subscribedTopicNames ?? [];
  return [...new Set(command.subscribedTopicNames)].sort();
}

function sameNames(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((name, index) => name === b[index]);
}
