import type { RecordMessages } from '../../protocol/record-messages.ts';
import type { Step } from '../step.ts';
import { ClassicGroup, type ClassicMember } from './group.ts';

/** The GroupMetadata value: what a successor needs to know of a classic group. */
export type ClassicGroupValue = RecordMessages['GroupMetadataValue'];

/**
 * Writes the group as it is now. Called when a generation is assigned, when it empties, when a static member returns.
 */
export function writeGroup(step: Step, group: ClassicGroup): void {
  const members = [...group.members.values()].map((member) => ({
    memberId: member.memberId,
    groupInstanceId: member.groupInstanceId,
    clientId: member.client.clientId,
    clientHost: member.client.clientHost,
    rebalanceTimeout: member.rebalanceTimeoutMs,
    sessionTimeout: member.sessionTimeoutMs,
    subscription: group.metadataOf(member),
    assignment: member.assignment,
  }));
  const value = {
    protocolType: group.protocolType ?? '',
    generation: group.generationId,
    protocol: group.protocolName,
    leader: group.members.size === 0 ? null : group.leaderId,
    currentStateTimestamp: group.stateSinceMs,
    members,
  };
  step.write({ kind: 'classicGroup', groupId: group.groupId, value });
}

/** A group without members. `stateSinceMs` is wall time. */
export function newGroup(step: Step, groupId: string, stateSinceMs: number): ClassicGroup {
  return new ClassicGroup(groupId, {
    join: step.deadlines.create({ kind: 'classicJoin', groupId }),
    sync: step.deadlines.create({ kind: 'classicSync', groupId }),
    wallMs: stateSinceMs,
  });
}

/** Brings a group back from its record after a load. Every member gets a full session (F6). */
export function restoreGroup(step: Step, groupId: string, value: ClassicGroupValue): ClassicGroup {
  const stateSinceMs = value.currentStateTimestamp >= 0 ? value.currentStateTimestamp : step.now.wallMs;
  const group = newGroup(step, groupId, stateSinceMs);
  group.protocolType = value.protocolType === '' ? null : value.protocolType;
  group.protocolName = value.protocol;
  group.generationId = value.generation;
  for (const stored of value.members) {
    const member: ClassicMember = {
      memberId: stored.memberId,
      groupInstanceId: stored.groupInstanceId,
      client: { clientId: stored.clientId, clientHost: stored.clientHost },
      sessionTimeoutMs: stored.sessionTimeout,
      rebalanceTimeoutMs: stored.rebalanceTimeout < 0 ? stored.sessionTimeout : stored.rebalanceTimeout,
      protocols: [{ name: value.protocol ?? '', metadata: stored.subscription }],
      assignment: stored.assignment,
      joinTicket: null,
      syncTicket: null,
      isNew: false,
      session: step.deadlines.create({ kind: 'classicSession', groupId, memberId: stored.memberId }),
    };
    group.add(member);
    step.startTimer(member.session, member.sessionTimeoutMs);
  }
  group.leaderId = value.members.length === 0 ? null : value.leader;
  if (group.members.size > 0) group.transitionTo('Stable', stateSinceMs);
  return group;
}
