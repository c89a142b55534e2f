import type { JoinGroupResult, SyncGroupResult } from '../commands.ts';
import type { Step } from '../step.ts';
import type { ClassicGroup, ClassicMember } from './group.ts';

const NO_BYTES = new Uint8Array(0);

/** A JoinGroup answer that only says no, to the member that asked under `memberId`. */
export function joinRefusal(memberId: string, errorCode: number): JoinGroupResult {
  return {
    errorCode,
    generationId: -1,
    protocolType: null,
    protocolName: null,
    leader: '',
    skipAssignment: false,
    memberId,
    members: [],
  };
}

/** The group's current generation, as a member that has to know no more than itself gets it. */
export function currentGeneration(group: ClassicGroup, memberId: string): JoinGroupResult {
  return {
    errorCode: 0,
    generationId: group.generationId,
    protocolType: group.protocolType,
    protocolName: group.protocolName,
    leader: group.leaderId ?? '',
    skipAssignment: false,
    memberId,
    members: [],
  };
}

/** A SyncGroup answer that only says no. */
export function syncRefusal(errorCode: number): SyncGroupResult {
  return { errorCode, protocolType: null, protocolName: null, assignment: NO_BYTES };
}

/** The member's assignment in the current generation. */
export function syncAnswer(group: ClassicGroup, member: ClassicMember): SyncGroupResult {
  return {
    errorCode: 0,
    protocolType: group.protocolType,
    protocolName: group.protocolName,
    assignment: member.assignment,
  };
}

/** Answers a member's waiting JoinGroup, if there is one. */
export function answerJoin(step: Step, group: ClassicGroup, member: ClassicMember, response: JoinGroupResult): void {
  const ticket = group.takeJoin(member);
  if (ticket !== null) step.reply('joinGroup', ticket, response);
}

/** Answers a member's waiting SyncGroup, if there is one. */
export function answerSync(step: Step, member: ClassicMember, response: SyncGroupResult): void {
  const ticket = member.syncTicket;
  member.syncTicket = null;
  if (ticket !== null) step.reply('syncGroup', ticket, response);
}
