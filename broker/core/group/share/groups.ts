import { topicId as asTopicId } from '../../base/ids.ts';
import type { Ticket } from '../../coordinator/shard.ts';
import { ErrorCode } from '../../protocol/errors.ts';
import type {
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
import {
  clearRetry,
  delayRetry,
  deleteAllState,
  deletionError,
  dropTopicState,
  onShareStateInitialized,
  writeState,
} from './share-state.ts';

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
    const refuse = (errorCode: number, message: string): void =>
      step.reply('shareHeartbeat', ticket, heartbeatRefusal(errorCode, message));
    const existing = this.run(step, groupId);
    if (existing !== null) {
      shareHeartbeat(step, existing, command, ticket);
    } else if (this.neighbours.isTaken(groupId)) {
      refuse(ErrorCode.GROUP_ID_NOT_FOUND, `Group ${groupId} is not a share group.`);
    } else if (command.memberEpoch !== JOIN_EPOCH) {
      refuse(ErrorCode.GROUP_ID_NOT_FOUND, `Share group ${groupId} not found.`);
    } else if (!this.neighbours.hasRoom()) {
      refuse(ErrorCode.COORDINATOR_NOT_AVAILABLE, 'The coordinator holds as many groups as it may.');
    } else {
      const group = new ShareGroup(groupId);
      this.stored.set(groupId, group);
      const running = new RunningShareGroup(group, step);
      this.running.set(groupId, running);
      shareHeartbeat(step, running, command, ticket);
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
    onShareStateInitialized(step, group, command);
    settle(step, group);
  }

  /** DeleteGroups: an empty group's share state goes first. */
  delete(step: Step, groupId: string, ticket: Ticket): void {
    const group = this.run(step, groupId);
    if (group === null) return;
    const { durable } = group;
    if (durable.members.size > 0) {
      step.reply('deleteGroup', ticket, { errorCode: ErrorCode.NON_EMPTY_GROUP, errorMessage: null });
      return;
    }
    if (durable.initializing.length === 0 && durable.initialized.length === 0 && durable.deleting.length === 0) {
      this.erase(step, group);
      step.reply('deleteGroup', ticket, { errorCode: ErrorCode.NONE, errorMessage: null });
      return;
    }
    group.deleteTickets.push(ticket);
    clearRetry(group);
    deleteAllState(step, group);
  }

  /** Share state was deleted, or not. Answers about single deleted topics are of no interest. */
  onShareStateDeleted(step: Step, command: ShareStateDeletedCommand): void {
    const group = this.run(step, command.groupId);
    if (group === null || !group.isDeleting) return;
    const { durable, deleteTickets } = group;
    const isAnswered = durable.deleting.every(({ topicId }) => this.isUnknownOrNamed(step, command, topicId));
    if (!isAnswered) return;
    group.isDeleting = false;
    group.deleteTickets = [];
    const { errorCode, errorMessage } = deletionError(command);
    let answer: { readonly errorCode: number; readonly errorMessage: string | null } = { errorCode, errorMessage };
    if (errorCode !== ErrorCode.NONE) {
      delayRetry(step, group);
      settle(step, group);
    } else if (durable.members.size > 0) {
      answer = {
        errorCode: ErrorCode.NON_EMPTY_GROUP,
        errorMessage: 'A member joined while the group was being deleted.',
      };
      writeState(step, group, { deleting: [] });
      clearRetry(group);
      settle(step, group);
    } else if (deleteTickets.length > 0) {
      this.erase(step, group);
    } else {
      // Nobody waits any more: an earlier leader of this shard was asked. The group itself was not confirmed deleted.
      writeState(step, group, { deleting: [] });
    }
    for (const ticket of deleteTickets) step.reply('deleteGroup', ticket, answer);
  }

  private isUnknownOrNamed(step: Step, command: ShareStateDeletedCommand, topicId: string): boolean {
    return (
      command.request.topics.some((topic) => topic.topicId === topicId) ||
      step.view.topicById(asTopicId(topicId)) === null
    );
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
