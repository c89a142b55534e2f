import { unreachable } from '../base/assert.ts';
import { topicId as asTopicId, ZERO_TOPIC_ID } from '../base/ids.ts';
import { Deadlines } from '../base/deadlines.ts';
import type { CoordinatorRecord, CoordinatorShard, Now, Outbox, Ticket } from '../coordinator/shard.ts';
import { ErrorCode } from '../protocol/errors.ts';
import { ClassicGroups } from './classic/groups.ts';
import type {
  GroupCommand,
  GroupEffect,
  GroupResponse,
  ListGroupsCommand,
  ListGroupsResult,
  MetadataChangedCommand,
} from './commands.ts';
import { OffsetExpiry } from './offset-expiry.ts';
import { type CommittedOffset, OffsetStore } from './offset-store.ts';
import { commitOffsets, fetchOffsets } from './offsets.ts';
import { decodeGroupRecord } from './records.ts';
import { ShareGroups } from './share/groups.ts';
import { type GroupEnvironment, type GroupTimer, Step } from './step.ts';

/** Groups of one shard, those that only have offsets included; whoever wants to create one more is told to try later. */
const GROUPS_MAX = 100_000;

/**
 * One partition of `__consumer_offsets`: the classic groups, committed offsets and share groups that hash to it. Group
 * ids are one namespace: a group has the type that its first member or commit gave it, until it is deleted.
 */
export class GroupShard implements CoordinatorShard<GroupCommand, GroupResponse, GroupEffect> {
  private readonly environment: GroupEnvironment;
  private readonly deadlines = new Deadlines<GroupTimer>();
  private readonly offsets = new OffsetStore();
  private readonly classic: ClassicGroups;
  private readonly share: ShareGroups;
  private readonly expiry = new OffsetExpiry();
  private readonly expiryTimer = this.deadlines.create({ kind: 'expireOffsets' });

  constructor(environment: GroupEnvironment) {
    this.environment = environment;
    const hasRoom = (): boolean => this.hasRoom();
    this.classic = new ClassicGroups({
      isTaken: (groupId) => this.share.has(groupId),
      hasOffsets: (groupId) => this.offsets.has(groupId),
      hasRoom,
    });
    this.share = new ShareGroups({ isTaken: (groupId) => this.isClassic(groupId), hasRoom });
  }

  /** See `CoordinatorShard`. Throws `DecodeError` for a record of a known type that can't be read. */
  replay(bytes: CoordinatorRecord): void {
    const record = decodeGroupRecord(bytes);
    if (record === null) return;
    if (record.kind === 'offset') this.offsets.apply(record, record.value);
    else if (record.kind === 'classicGroup') this.classic.apply(record.groupId, record.value);
    else this.share.apply(record);
  }

  /** See `CoordinatorShard`. */
  loaded(now: Now, out: Outbox<GroupResponse, GroupEffect>): void {
    const step = this.step(now, out);
    this.classic.loaded(step);
    this.share.loaded(step);
    this.removeOffsets(
      step,
      ({ topicId }) => topicId !== ZERO_TOPIC_ID && step.view.topicById(asTopicId(topicId)) === null,
    );
    step.startTimer(this.expiryTimer, step.settings.broker('offsets.retention.check.interval.ms'));
  }

  /** See `CoordinatorShard`. */
  decide(command: GroupCommand, ticket: Ticket, now: Now, out: Outbox<GroupResponse, GroupEffect>): void {
    const step = this.step(now, out);
    switch (command.kind) {
      case 'joinGroup':
        this.classic.join(step, command, ticket);
        break;
      case 'syncGroup':
        this.classic.sync(step, command, ticket);
        break;
      case 'heartbeat':
        this.classic.heartbeat(step, command, ticket);
        break;
      case 'leaveGroup':
        this.classic.leave(step, command, ticket);
        break;
      case 'offsetCommit':
        commitOffsets(step, this.groups(), command, ticket);
        break;
      case 'shareHeartbeat':
        this.share.heartbeat(step, command, ticket);
        break;
      case 'deleteGroup':
        this.deleteGroup(step, command.groupId, ticket);
        break;
      case 'alterShareOffsets':
        this.share.alterOffsets(step, command, ticket);
        break;
      case 'deleteShareOffsets':
        this.share.deleteOffsets(step, command, ticket);
        break;
      case 'metadataChanged':
        this.onMetadataChanged(step, command);
        break;
      case 'shareStateInitialized':
        this.share.onShareStateInitialized(step, command);
        break;
      case 'shareStateDeleted':
        this.share.onShareStateDeleted(step, command);
        break;
      default:
        this.read(step, command, ticket);
    }
  }

  /** See `CoordinatorShard`. */
  nextDeadlineMs(): number {
    return this.deadlines.nextMs();
  }

  /** See `CoordinatorShard`. */
  onTime(now: Now, out: Outbox<GroupResponse, GroupEffect>): void {
    const step = this.step(now, out);
    for (;;) {
      const timer = this.deadlines.takeDue(now.monotonicMs)?.payload;
      if (timer === undefined) return;
      this.fire(step, timer);
    }
  }

  /** See `CoordinatorShard`: running classic groups, then what the log knows. */
  describe(): string {
    const running = this.classic
      .groupIds()
      .sort()
      .map((groupId) => this.classic.get(groupId)?.describe() ?? '');
    return [...running, this.describeDurable()].filter((line) => line !== '').join('\n');
  }

  /** What a successor would know, one line a group. The same after a replay of the same records. */
  describeDurable(): string {
    const offsets = this.offsets
      .groupIds()
      .sort()
      .map((groupId) => `${groupId} offsets ${this.offsets.describe(groupId)}`);
    return [...this.classic.describeStored(), ...offsets, ...this.share.describeStored()].join('\n');
  }

  /** What the log knows of a share group, for checkers; null when there is none. */
  inspectShareGroup(groupId: string): ReturnType<ShareGroups['inspect']> {
    return this.share.inspect(groupId);
  }

  private read(
    step: Step,
    command: Extract<
      GroupCommand,
      { kind: 'offsetFetch' | 'describeGroup' | 'listGroups' | 'describeShareGroup' | 'shareGroupPartitions' }
    >,
    ticket: Ticket,
  ): void {
    switch (command.kind) {
      case 'offsetFetch':
        step.reply(command.kind, ticket, fetchOffsets(this.groups(), command));
        break;
      case 'describeGroup':
        step.reply(command.kind, ticket, this.classic.describe(command.groupId));
        break;
      case 'listGroups':
        step.reply(command.kind, ticket, this.list(command));
        break;
      case 'describeShareGroup':
        step.reply(command.kind, ticket, this.share.describe(step, command.groupId));
        break;
      case 'shareGroupPartitions':
        step.reply(command.kind, ticket, this.share.partitions(command.groupId));
        break;
      default:
        unreachable(command);
    }
  }

  private fire(step: Step, timer: GroupTimer): void {
    switch (timer.kind) {
      case 'classicSession':
      case 'classicJoin':
      case 'classicSync':
        this.classic.onTimer(step, timer);
        break;
      case 'shareSession':
      case 'shareGroup':
        this.share.onTimer(step, timer);
        break;
      case 'expireOffsets':
        step.startTimer(this.expiryTimer, this.expiry.run(step, this.offsets, this.classic));
        break;
      default:
        unreachable(timer);
    }
  }

  private list(command: ListGroupsCommand): ListGroupsResult {
    const classicIds = new Set([...this.classic.groupIds(), ...this.offsets.groupIds()]);
    const all = [
      ...[...classicIds].map((groupId) => this.classic.list(groupId)),
      ...this.share.groupIds().map((groupId) => this.share.list(groupId)),
    ];
    const matches = (filter: readonly string[], value: string): boolean =>
      filter.length === 0 || filter.includes(value.toLowerCase());
    const groups = all.filter(
      ({ groupState, groupType }) =>
        matches(command.statesFilter, groupState) && matches(command.typesFilter, groupType),
    );
    return { groups: groups.sort((a, b) => (a.groupId < b.groupId ? -1 : 1)) };
  }

  private deleteGroup(step: Step, groupId: string, ticket: Ticket): void {
    if (this.share.has(groupId)) {
      this.share.delete(step, groupId, ticket);
      return;
    }
    const errorCode = this.classic.checkDelete(groupId);
    if (errorCode === ErrorCode.NONE) {
      for (const { topic, partitions } of this.offsets.list(groupId)) {
        for (const partition of partitions) step.write({ kind: 'offset', groupId, topic, partition, value: null });
      }
      this.classic.remove(step, groupId);
    }
    step.reply('deleteGroup', ticket, { errorCode, errorMessage: null });
  }

  /** A deleted topic takes its committed offsets along: a topic that gets its name later is another one. */
  private onMetadataChanged(step: Step, command: MetadataChangedCommand): void {
    const deleted = new Set(command.deletedTopics.map(({ topicId }) => topicId));
    if (deleted.size > 0) this.removeOffsets(step, ({ topicId }) => deleted.has(topicId));
    this.share.onMetadataChanged(step, command);
  }

  private removeOffsets(step: Step, isVoid: (value: CommittedOffset) => boolean): void {
    for (const groupId of this.offsets.groupIds()) {
      for (const { topic, partitions } of this.offsets.list(groupId)) {
        for (const partition of partitions) {
          const value = this.offsets.get(groupId, { name: topic, topicId: null }, partition);
          if (value !== null && isVoid(value)) step.write({ kind: 'offset', groupId, topic, partition, value: null });
        }
      }
    }
  }

  private groups(): Parameters<typeof commitOffsets>[1] {
    return {
      offsets: this.offsets,
      classic: this.classic,
      isShareGroup: (groupId) => this.share.has(groupId),
      hasRoom: () => this.hasRoom(),
    };
  }

  /** Most running groups have offsets and most with offsets run, so the larger number stands for both. */
  private hasRoom(): boolean {
    return Math.max(this.classic.size, this.offsets.size) + this.share.size < GROUPS_MAX;
  }

  private isClassic(groupId: string): boolean {
    return this.classic.get(groupId) !== null || this.offsets.has(groupId);
  }

  private step(now: Now, out: Outbox<GroupResponse, GroupEffect>): Step {
    return new Step(now, this.environment, this.deadlines, out);
  }
}
