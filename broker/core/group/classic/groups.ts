import { Buffer } from 'node:buffer';
import type { Ticket } from '../../coordinator/shard.ts';
import { ErrorCode } from '../../protocol/errors.ts';
import type {
  DescribedClassicGroup,
  HeartbeatCommand,
  JoinGroupCommand,
  LeaveGroupCommand,
  ListGroupsResult,
  SyncGroupCommand,
} from '../commands.ts';
import type { GroupTimer, Step } from '../step.ts';
import { syncRefusal } from './answers.ts';
import type { ClassicGroup } from './group.ts';
import { joinGroup, refuseJoin } from './join.ts';
import { leaveGroup } from './leave.ts';
import { type ClassicGroupValue, newGroup, restoreGroup } from './persistence.ts';
import { onJoinTimer, onSessionTimer, onSyncTimer } from './rebalance.ts';
import { heartbeat, syncGroup } from './sync.ts';

const NO_BYTES = new Uint8Array(0);

/** What the classic groups need to know of the rest of their shard. */
export interface ClassicNeighbours {
  /** Whether the id belongs to a group of another type. */
  isTaken(groupId: string): boolean;
  /** Whether the group has committed offsets: it exists then, even without members. */
  hasOffsets(groupId: string): boolean;
  /** Whether the shard may hold one more group. */
  hasRoom(): boolean;
}

/** The classic groups of one shard: the stored records (durable) and the running groups (soft). */
export class ClassicGroups {
  private readonly neighbours: ClassicNeighbours;
  private readonly stored = new Map<string, ClassicGroupValue>();
  private readonly live = new Map<string, ClassicGroup>();

  constructor(neighbours: ClassicNeighbours) {
    this.neighbours = neighbours;
  }

  /** Takes over a GroupMetadata record. Live groups are not changed by it: they wrote it. */
  apply(groupId: string, value: ClassicGroupValue | null): void {
    if (value === null) this.stored.delete(groupId);
    else this.stored.set(groupId, detached(value));
  }

  /** Brings all stored groups to life after a load. */
  loaded(step: Step): void {
    for (const [groupId, value] of this.stored) this.live.set(groupId, restoreGroup(step, groupId, value));
  }

  /** Number of groups, for the shard's bound. */
  get size(): number {
    return this.live.size;
  }

  /** The running group, or null. Groups that have only offsets do not run. */
  get(groupId: string): ClassicGroup | null {
    return this.live.get(groupId) ?? null;
  }

  /** Ids of groups that run or are stored. */
  groupIds(): string[] {
    return [...this.live.keys()];
  }

  /** JoinGroup; creates the group for a member that comes without an id. */
  join(step: Step, command: JoinGroupCommand, ticket: Ticket): void {
    const { groupId } = command;
    let group = this.live.get(groupId);
    if (group === undefined) {
      if (this.neighbours.isTaken(groupId)) {
        refuseJoin(step, command, ticket, ErrorCode.INCONSISTENT_GROUP_PROTOCOL);
        return;
      }
      if (command.memberId !== '') {
        refuseJoin(step, command, ticket, ErrorCode.UNKNOWN_MEMBER_ID);
        return;
      }
      if (!this.neighbours.hasRoom()) {
        refuseJoin(step, command, ticket, ErrorCode.COORDINATOR_NOT_AVAILABLE);
        return;
      }
      group = newGroup(step, groupId, step.now.wallMs);
      this.live.set(groupId, group);
    }
    joinGroup(step, group, command, ticket);
    this.forgetIfUnused(step, group);
  }

  /** SyncGroup. */
  sync(step: Step, command: SyncGroupCommand, ticket: Ticket): void {
    const group = this.live.get(command.groupId);
    if (group === undefined) step.reply('syncGroup', ticket, syncRefusal(ErrorCode.UNKNOWN_MEMBER_ID));
    else syncGroup(step, group, command, ticket);
  }

  /** Heartbeat. */
  heartbeat(step: Step, command: HeartbeatCommand, ticket: Ticket): void {
    const group = this.live.get(command.groupId);
    if (group === undefined) step.reply('heartbeat', ticket, { errorCode: ErrorCode.UNKNOWN_MEMBER_ID });
    else heartbeat(step, group, command, ticket);
  }

  /** LeaveGroup. */
  leave(step: Step, command: LeaveGroupCommand, ticket: Ticket): void {
    const group = this.live.get(command.groupId);
    if (group !== undefined) {
      leaveGroup(step, group, command, ticket);
      this.forgetIfUnused(step, group);
      return;
    }
    const errorCode = ErrorCode.UNKNOWN_MEMBER_ID;
    const members = command.members.map(({ memberId, groupInstanceId }) => ({ memberId, groupInstanceId, errorCode }));
    step.reply('leaveGroup', ticket, { errorCode: ErrorCode.NONE, members });
  }

  /** A timer of one of the groups has fired. */
  onTimer(step: Step, timer: Extract<GroupTimer, { kind: 'classicSession' | 'classicJoin' | 'classicSync' }>): void {
    const group = this.live.get(timer.groupId);
    if (group === undefined) return;
    if (timer.kind === 'classicJoin') onJoinTimer(step, group);
    else if (timer.kind === 'classicSync') onSyncTimer(step, group);
    else onSessionTimer(step, group, timer.memberId);
    this.forgetIfUnused(step, group);
  }

  /** NONE when the group may be deleted. */
  checkDelete(groupId: string): number {
    const group = this.live.get(groupId);
    if (group === undefined) return this.neighbours.hasOffsets(groupId) ? ErrorCode.NONE : ErrorCode.GROUP_ID_NOT_FOUND;
    return group.state === 'Empty' ? ErrorCode.NONE : ErrorCode.NON_EMPTY_GROUP;
  }

  /** Removes an empty group; its offsets are the caller's business. Members that only hold an id must begin anew. */
  remove(step: Step, groupId: string): void {
    const group = this.live.get(groupId);
    if (group !== undefined) this.forget(step, group);
    if (this.stored.has(groupId)) step.write({ kind: 'classicGroup', groupId, value: null });
  }

  /** DescribeGroups. Metadata and assignments are shown for a stable group only, as in Kafka. */
  describe(groupId: string): DescribedClassicGroup {
    const group = this.live.get(groupId);
    if (group === undefined) {
      const exists = this.neighbours.hasOffsets(groupId);
      const errorCode = exists ? ErrorCode.NONE : ErrorCode.GROUP_ID_NOT_FOUND;
      return {
        errorCode,
        groupId,
        groupState: exists ? 'Empty' : 'Dead',
        protocolType: '',
        protocolData: '',
        members: [],
      };
    }
    const isStable = group.state === 'Stable';
    const members = [...group.members.values()].map((member) => ({
      memberId: member.memberId,
      groupInstanceId: member.groupInstanceId,
      clientId: member.client.clientId,
      clientHost: member.client.clientHost,
      memberMetadata: isStable ? group.metadataOf(member) : NO_BYTES,
      memberAssignment: isStable ? member.assignment : NO_BYTES,
    }));
    return {
      errorCode: ErrorCode.NONE,
      groupId,
      groupState: group.state,
      protocolType: group.protocolType ?? '',
      protocolData: isStable ? (group.protocolName ?? '') : '',
      members,
    };
  }

  /** One row of ListGroups. */
  list(groupId: string): ListGroupsResult['groups'][number] {
    const group = this.live.get(groupId);
    return {
      groupId,
      protocolType: group?.protocolType ?? '',
      groupState: group?.state ?? 'Empty',
      groupType: 'classic',
    };
  }

  /** What a successor would know of the groups, one line each, sorted. */
  describeStored(): string[] {
    return [...this.stored.keys()].sort().map((groupId) => {
      const value = this.stored.get(groupId);
      const members =
        value?.members.map((member) => `${member.memberId}=${Buffer.from(member.assignment).toString('hex')}`) ?? [];
      const { generation, protocolType, protocol, leader } = value ?? {
        generation: 0,
        protocolType: '',
        protocol: null,
        leader: null,
      };
      return `${groupId} stored generation=${generation} ${protocolType}:${protocol ?? '-'} leader=${leader ?? '-'} [${members.join(', ')}]`;
    });
  }

  /** A group without members, ids, record and offsets was never there. */
  private forgetIfUnused(step: Step, group: ClassicGroup): void {
    if (group.state !== 'Empty' || group.pendingMembers.size > 0) return;
    if (this.stored.has(group.groupId) || this.neighbours.hasOffsets(group.groupId)) return;
    this.forget(step, group);
  }

  private forget(step: Step, group: ClassicGroup): void {
    group.state = 'Dead';
    for (const timer of group.pendingMembers.values()) step.deadlines.cancel(timer);
    step.deadlines.cancel(group.joinTimer);
    step.deadlines.cancel(group.syncTimer);
    this.live.delete(group.groupId);
  }
}

/** A copy whose bytes have memory of their own: records that are loaded are views of large reads. */
function detached(value: ClassicGroupValue): ClassicGroupValue {
  const members = value.members.map((member) => ({
    ...member,
    subscription: Uint8Array.from(member.subscription),
    assignment: Uint8Array.from(member.assignment),
  }));
  return { ...value, members };
}
