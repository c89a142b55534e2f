import type { Ticket } from '../../coordinator/shard.ts';
import { ErrorCode } from '../../protocol/errors.ts';
import type { LeaveGroupCommand } from '../commands.ts';
import type { Step } from '../step.ts';
import type { ClassicGroup } from './group.ts';
import { completeJoinIfReady, rebalanceOrCompleteJoin, removeMember } from './rebalance.ts';

type Leaver = LeaveGroupCommand['members'][number];

/** LeaveGroup: each member is judged by itself; one rebalance follows for all that went. */
export function leaveGroup(step: Step, group: ClassicGroup, command: LeaveGroupCommand, ticket: Ticket): void {
  const members = command.members.map((leaver) => ({
    memberId: leaver.memberId,
    groupInstanceId: leaver.groupInstanceId,
    errorCode: leave(step, group, leaver),
  }));
  if (members.some(({ errorCode }) => errorCode === ErrorCode.NONE)) {
    if (group.state === 'Stable' || group.state === 'CompletingRebalance') rebalanceOrCompleteJoin(step, group);
    else completeJoinIfReady(step, group);
  }
  step.reply('leaveGroup', ticket, { errorCode: ErrorCode.NONE, members });
}

function leave(step: Step, group: ClassicGroup, { memberId, groupInstanceId }: Leaver): number {
  const pendingTimer = group.pendingMembers.get(memberId);
  if (pendingTimer !== undefined) {
    if (groupInstanceId !== null) return ErrorCode.UNKNOWN_MEMBER_ID;
    step.deadlines.cancel(pendingTimer);
    group.pendingMembers.delete(memberId);
    return ErrorCode.NONE;
  }
  // An administrator takes a static member out by its instance id alone.
  const ownerId = groupInstanceId === null ? undefined : group.staticMembers.get(groupInstanceId);
  const id = memberId === '' && ownerId !== undefined ? ownerId : memberId;
  const errorCode = group.checkMember(id, groupInstanceId);
  const member = group.members.get(id);
  if (errorCode !== ErrorCode.NONE || member === undefined) return errorCode;
  removeMember(step, group, member);
  return ErrorCode.NONE;
}
