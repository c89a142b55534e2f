import { topicId as asTopicId } from '../../base/ids.ts';
import type { Ticket } from '../../coordinator/shard.ts';
import { ErrorCode } from '../../protocol/errors.ts';
import type {
  AlterShareOffsetsCommand,
  DeleteShareOffsetsCommand,
  DescribedShareGroup,
  ListGroupsResult,
  MetadataChangedCommand,
  ShareGroupPartitionsResult,
  ShareHeartbeatCommand,
  ShareStateDeletedCommand,
  ShareStateInitializedCommand,
  TopicPartitions,
} from '../commands.ts';
import type { ShareGroupRecord } from '../records.ts';
import type { GroupTimer, Step } from '../step.ts';
import { ASSIGNOR_NAME } from './assignor.ts';
import { ShareGroup } from './group.ts';
import { JOIN_EPOCH, shareHeartbeat } from './heartbeat.ts';
import { RunningShareGroup } from './running.ts';
import { extendShareSession, heartbeatRefusal, refreshMetadata, removeShareMember, settle } from './settle.ts';
import { answerOffsetDeletions, deleteState, deletionErrors, dropTopicState, type Verdict } from './deletion.ts';
import { alterShareOffsets, deleteShareOffsets } from './offsets.ts';
import { clearRetry, delayRetry, onShareStateInitialized, writeState } from './share-state.ts';

const NONE: Verdict = { errorCode: ErrorCode.NONE, errorMessage: null };
const JOINED_MEANWHILE: Verdict = {
  errorCode: ErrorCode.NON_EMPTY_GROUP,
  errorMessage: 'A member joined while the group was being deleted.',
};
/** Told where share state is on its way in or out: the other would overtake it at the share coordinators. */
const BUSY: Verdict = {
  errorCode: ErrorCode.COORDINATOR_NOT_AVAILABLE,
  errorMessage: 'The share state of the group is being changed.',
};

/** What the share groups need to know of the rest of their shard. */
export interface ShareNeighbours {
  /** Whether the id belongs to a group of another type. */
  isTaken(groupId: string): boolean;
  /** Whether the shard may hold one more group. */
  hasRoom(): boolean;
}

/**
 * Topics may have been deleted while nobody led the shard. Whoever wrote the log had applied no metadata beyond the
 * leadership that this node has applied, so a topic that is not there is gone, not yet to come.
 */
function dropMissingTopics(step: Step, group: RunningShareGroup): void {
  const { initializing, initialized } = group.durable;
  const ids = [...initializing, ...initialized].map(({ topicId }) => topicId);
  dropTopicState(step, group, new Set(ids.filter((id) => step.view.topicById(asTopicId(id)) === null)));
}

function refusalOf(group: RunningShareGroup, isBusy: boolean): Verdict | null {
  const { groupId, members } = group.durable;
  if (members.size > 0) return { errorCode: ErrorCode.NON_EMPTY_GROUP, errorMessage: `Group ${groupId} is not empty.` };
  return isBusy ? BUSY : null;
}

/** Whether a group has neither members nor share state: whoever came meanwhile and went again has left some (C12). */
function isBare({ durable }: RunningShareGroup): boolean {
  return durable.members.size === 0 && durable.initializing.length === 0 && durable.initialized.length === 0;
}

/** The share groups of one shard. */
export class ShareGroups {
  private readonly neighbours: ShareNeighbours;
  private readonly stored = new Map<string, ShareGroup>();
  private readonly running = new Map<string, RunningShareGroup>();

  constructor(neighbours: ShareNeighbours) {
    this.neighbours = neighbours;
  }

  /** Takes over one record of a share group. */
  apply(record: ShareGroupRecord): void {
    const { groupId } = record;
    let group = this.stored.get(groupId);
    if (group === undefined) {
      if (record.value === null) return;
      group = new ShareGroup(groupId);
      this.stored.set(groupId, group);
    }
    group.apply(record);
    if (group.isGone()) this.stored.delete(groupId);
  }

  /** After a load: every member gets a full session, what was being set up or deleted goes on. */
  loaded(step: Step): void {
    for (const groupId of this.stored.keys()) {
      const group = this.run(step, groupId);
      if (group === null) continue;
      for (const memberId of group.durable.members.keys()) extendShareSession(step, group, memberId);
      dropMissingTopics(step, group);
      if (group.durable.members.size > 0) refreshMetadata(step, group);
      else settle(step, group);
    }
  }

  /** Number of groups, for the shard's bound. */
  get size(): number {
    return this.stored.size;
  }

  /** Whether there is such a group. */
  has(groupId: string): boolean {
    return this.stored.has(groupId);
  }

  /** Ids of all groups. */
  groupIds(): string[] {
    return [...this.stored.keys()];
  }

  /** ShareGroupHeartbeat; a joining member creates the group. */
  heartbeat(step: Step, command: ShareHeartbeatCommand, ticket: Ticket): void {
    const { groupId } = command;
    const refuse = (errorCode: number, message: string | null): void =>
      step.reply('shareHeartbeat', ticket, heartbeatRefusal(errorCode, message));
    const existing = this.run(step, groupId);
    if (existing !== null) {
      shareHeartbeat(step, existing, command, ticket);
    } else if (command.memberEpoch !== JOIN_EPOCH && !this.neighbours.isTaken(groupId)) {
      refuse(ErrorCode.GROUP_ID_NOT_FOUND, `Share group ${groupId} not found.`);
    } else {
      const refusal = this.refusalToCreate(groupId);
      if (refusal === null) shareHeartbeat(step, this.create(step, groupId), command, ticket);
      else refuse(refusal.errorCode, refusal.errorMessage);
    }
  }

  /** A timer of one of the groups has fired. */
  onTimer(step: Step, timer: Extract<GroupTimer, { kind: 'shareSession' | 'shareGroup' }>): void {
    const group = this.run(step, timer.groupId);
    if (group === null) return;
    if (timer.kind === 'shareGroup') settle(step, group);
    else if (group.durable.members.has(timer.memberId)) removeShareMember(step, group, timer.memberId);
  }

  /** Topics came, grew or went. */
  onMetadataChanged(step: Step, command: MetadataChangedCommand): void {
    const changed = new Set([...command.topicNames, ...command.deletedTopics.map(({ name }) => name)]);
    const deleted = new Set(command.deletedTopics.map(({ topicId }) => topicId));
    for (const groupId of this.groupIds()) {
      const group = this.run(step, groupId);
      if (group === null) continue;
      if (deleted.size > 0) dropTopicState(step, group, deleted);
      if (group.durable.subscribedTopicNames().some((name) => changed.has(name))) refreshMetadata(step, group);
    }
  }

  /** Share state was set up, or not. */
  onShareStateInitialized(step: Step, command: ShareStateInitializedCommand): void {
    const group = this.run(step, command.groupId);
    if (group === null) return;
    const ticket = group.alterations.get(command.request);
    group.alterations.delete(command.request);
    onShareStateInitialized(step, group, command);
    settle(step, group);
    if (ticket !== undefined) step.reply('alterShareOffsets', ticket, { ...NONE, ...command.response });
  }

  /** AlterShareGroupOffsets; a group that is not there is made, unless nothing is to be altered. */
  alterOffsets(step: Step, command: AlterShareOffsetsCommand, ticket: Ticket): void {
    const { groupId } = command;
    const group = this.run(step, groupId);
    const refusal =
      group === null ? this.refusalToCreate(groupId) : refusalOf(group, group.durable.deleting.length > 0);
    if (refusal !== null || command.topics.length === 0) {
      step.reply('alterShareOffsets', ticket, { ...(refusal ?? NONE), results: [] });
      return;
    }
    alterShareOffsets(step, group ?? this.create(step, groupId), command, ticket);
  }

  /** DeleteShareGroupOffsets. */
  deleteOffsets(step: Step, command: DeleteShareOffsetsCommand, ticket: Ticket): void {
    const group = this.run(step, command.groupId);
    const refusal =
      group === null
        ? { errorCode: ErrorCode.GROUP_ID_NOT_FOUND, errorMessage: `Group ${command.groupId} not found.` }
        : refusalOf(group, group.alterations.size > 0);
    if (group === null || refusal !== null) {
      step.reply('deleteShareOffsets', ticket, { ...(refusal ?? NONE), topics: [] });
      return;
    }
    deleteShareOffsets(step, group, command, ticket);
  }

  /** DeleteGroups: an empty group's share state goes first. */
  delete(step: Step, groupId: string, ticket: Ticket): void {
    const group = this.run(step, groupId);
    if (group === null) return;
    const { durable } = group;
    const refusal = refusalOf(group, group.alterations.size > 0);
    if (refusal !== null) {
      step.reply('deleteGroup', ticket, refusal);
      return;
    }
    if (isBare(group) && durable.deleting.length === 0) {
      this.erase(step, group);
      step.reply('deleteGroup', ticket, NONE);
      return;
    }
    group.deleteTickets.push(ticket);
    clearRetry(group);
    deleteState(step, group, () => true);
  }

  /** Share state was deleted, or not. Answers about single deleted topics are of no interest. */
  onShareStateDeleted(step: Step, command: ShareStateDeletedCommand): void {
    const group = this.run(step, command.groupId);
    if (group === null || group.deletion !== command.request) return;
    group.deletion = null;
    const { durable } = group;
    const errors = deletionErrors(command);
    const [failure] = errors.values();
    const asked = new Set(command.request.topics.map(({ topicId }) => topicId));
    const left = durable.deleting.filter(
      ({ topicId }) => errors.has(topicId) || (!asked.has(topicId) && step.view.topicById(asTopicId(topicId)) !== null),
    );
    // What else is to be deleted is asked for next; whoever waits to delete the group waits for that too.
    const isOver = failure !== undefined || left.length === 0;
    const tickets = isOver ? group.deleteTickets : [];
    if (isOver) group.deleteTickets = [];
    const isErased = tickets.length > 0 && left.length === 0 && isBare(group);
    if (isErased) this.erase(step, group);
    else {
      if (left.length < durable.deleting.length) writeState(step, group, { deleting: left });
      if (failure === undefined) clearRetry(group);
      else delayRetry(step, group);
      settle(step, group);
    }
    answerOffsetDeletions(step, group, errors);
    const answer = failure ?? (isErased ? NONE : JOINED_MEANWHILE);
    for (const ticket of tickets) step.reply('deleteGroup', ticket, answer);
  }

  /** ShareGroupDescribe. */
  describe(step: Step, groupId: string): DescribedShareGroup {
    const group = this.stored.get(groupId);
    if (group === undefined) {
      return {
        errorCode: ErrorCode.GROUP_ID_NOT_FOUND,
        errorMessage: `Group ${groupId} not found.`,
        groupId,
        groupState: 'Dead',
        groupEpoch: 0,
        assignmentEpoch: 0,
        assignorName: '',
        members: [],
      };
    }
    const members = [...group.members.values()].map((member) => ({
      memberId: member.memberId,
      rackId: member.rackId,
      memberEpoch: member.memberEpoch,
      clientId: member.clientId,
      clientHost: member.clientHost,
      subscribedTopicNames: member.subscribedTopicNames,
      assignment: {
        topicPartitions: member.assigned.map(({ topicId, partitions }) => ({
          topicId,
          topicName: step.view.topicById(asTopicId(topicId))?.name ?? '',
          partitions,
        })),
      },
    }));
    return {
      errorCode: ErrorCode.NONE,
      errorMessage: null,
      groupId,
      groupState: group.stateName(),
      groupEpoch: group.groupEpoch,
      assignmentEpoch: group.assignmentEpoch,
      assignorName: ASSIGNOR_NAME,
      members,
    };
  }

  /** Share-partitions that have state. */
  partitions(groupId: string): ShareGroupPartitionsResult {
    const group = this.stored.get(groupId);
    if (group === undefined) return { errorCode: ErrorCode.GROUP_ID_NOT_FOUND, groupEpoch: 0, topics: [] };
    return { errorCode: ErrorCode.NONE, groupEpoch: group.groupEpoch, topics: group.initialized };
  }

  /** One row of ListGroups. */
  list(groupId: string): ListGroupsResult['groups'][number] {
    const groupState = this.stored.get(groupId)?.stateName() ?? 'Empty';
    return { groupId, protocolType: 'share', groupState, groupType: 'share' };
  }

  /** The groups as the log has them, one line each, sorted. */
  describeStored(): string[] {
    return [...this.stored.keys()].sort().map((groupId) => this.stored.get(groupId)?.describe() ?? '');
  }

  /** Share state and target assignment of a group, for checkers; null when there is no such group. */
  inspect(groupId: string): {
    readonly initialized: ShareGroup['initialized'];
    readonly targets: readonly { readonly memberId: string; readonly topicPartitions: readonly TopicPartitions[] }[];
  } | null {
    const group = this.stored.get(groupId);
    if (group === undefined) return null;
    const targets = [...group.target].map(([memberId, topicPartitions]) => ({ memberId, topicPartitions }));
    return { initialized: group.initialized, targets };
  }

  private refusalToCreate(groupId: string): Verdict | null {
    if (this.neighbours.isTaken(groupId)) {
      return { errorCode: ErrorCode.GROUP_ID_NOT_FOUND, errorMessage: `Group ${groupId} is not a share group.` };
    }
    if (this.neighbours.hasRoom()) return null;
    const errorMessage = 'The coordinator holds as many groups as it may.';
    return { errorCode: ErrorCode.COORDINATOR_NOT_AVAILABLE, errorMessage };
  }

  private create(step: Step, groupId: string): RunningShareGroup {
    const group = new ShareGroup(groupId);
    this.stored.set(groupId, group);
    const running = new RunningShareGroup(group, step);
    this.running.set(groupId, running);
    return running;
  }

  private run(step: Step, groupId: string): RunningShareGroup | null {
    const durable = this.stored.get(groupId);
    if (durable === undefined) return null;
    const running = this.running.get(groupId);
    if (running?.durable === durable) return running;
    const fresh = new RunningShareGroup(durable, step);
    this.running.set(groupId, fresh);
    return fresh;
  }

  /** Tombstones for everything that is left of an empty group. */
  private erase(step: Step, group: RunningShareGroup): void {
    const { durable } = group;
    const { groupId } = durable;
    step.deadlines.cancel(group.timer);
    this.running.delete(groupId);
    for (const memberId of [...durable.target.keys()])
      step.write({ kind: 'shareTargetMember', groupId, memberId, value: null });
    if (durable.hasTargetRecord()) step.write({ kind: 'shareTarget', groupId, value: null });
    if (durable.hasStateRecord()) step.write({ kind: 'shareState', groupId, value: null });
    step.write({ kind: 'shareGroup', groupId, value: null });
  }
}
