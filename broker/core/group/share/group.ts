import { unreachable } from '../../base/assert.ts';
import type { TopicPartitions } from '../commands.ts';
import type { ShareGroupRecord } from '../records.ts';

/** A member as it stands in the log. */
export interface ShareMember {
  readonly memberId: string;
  rackId: string | null;
  clientId: string;
  clientHost: string;
  /** Sorted, without duplicates. */
  subscribedTopicNames: readonly string[];
  /** 0 until the member was given an assignment. */
  memberEpoch: number;
  previousMemberEpoch: number;
  /** What the member was last told. */
  assigned: readonly TopicPartitions[];
}

/** Partitions of one topic with its name. */
export interface NamedPartitions {
  readonly topicId: string;
  readonly topicName: string;
  /** Ascending. */
  readonly partitions: readonly number[];
}

/** A share group as it stands in the log: durable state, changed by `apply` alone. */
export class ShareGroup {
  readonly groupId: string;
  groupEpoch = 0;
  metadataHash = 0;
  /** In the order in which they joined. */
  readonly members = new Map<string, ShareMember>();
  /** Group epoch that the target assignment was made for. */
  assignmentEpoch = 0;
  readonly target = new Map<string, readonly TopicPartitions[]>();
  /** Topics by id: partitions whose share state is being set up, those that have it, and topics that are losing it. */
  initializing: readonly NamedPartitions[] = [];
  initialized: readonly NamedPartitions[] = [];
  deleting: readonly { readonly topicId: string; readonly topicName: string }[] = [];
  private hasEpoch = false;
  private hasState = false;
  private hasTarget = false;

  constructor(groupId: string) {
    this.groupId = groupId;
  }

  /** Whether the log holds no record of the group any more. */
  isGone(): boolean {
    return !this.hasEpoch && !this.hasState && !this.hasTarget && this.members.size === 0 && this.target.size === 0;
  }

  /** Whether target metadata stands in the log. */
  hasTargetRecord(): boolean {
    return this.hasTarget;
  }

  /** Whether share state metadata stands in the log. */
  hasStateRecord(): boolean {
    return this.hasState;
  }

  /** Takes over one of the group's records. */
  apply(record: ShareGroupRecord): void {
    switch (record.kind) {
      case 'shareGroup':
        this.hasEpoch = record.value !== null;
        this.groupEpoch = record.value?.epoch ?? 0;
        this.metadataHash = Number(record.value?.metadataHash ?? 0);
        break;
      case 'shareMember':
        this.applyMember(record);
        break;
      case 'shareTarget':
        this.hasTarget = record.value !== null;
        this.assignmentEpoch = record.value?.assignmentEpoch ?? 0;
        break;
      case 'shareTargetMember':
        if (record.value === null) this.target.delete(record.memberId);
        else this.target.set(record.memberId, record.value.topicPartitions);
        break;
      case 'shareCurrentMember':
        this.applyCurrent(record);
        break;
      case 'shareState':
        this.hasState = record.value !== null;
        this.initializing = record.value?.initializingTopics ?? [];
        this.initialized = record.value?.initializedTopics ?? [];
        this.deleting = record.value?.deletingTopics ?? [];
        break;
      default:
        unreachable(record);
    }
  }

  /** Whether the topic's partition has share state. */
  isInitialized(topicId: string, partition: number): boolean {
    return this.initialized.some((topic) => topic.topicId === topicId && topic.partitions.includes(partition));
  }

  /** Names that any member subscribes to, sorted. */
  subscribedTopicNames(): string[] {
    const names = new Set<string>();
    for (const member of this.members.values()) for (const name of member.subscribedTopicNames) names.add(name);
    return [...names].sort();
  }

  /** State by the name that the describe APIs show. */
  stateName(): 'Empty' | 'Stable' {
    return this.members.size === 0 ? 'Empty' : 'Stable';
  }

  /** One line: epochs, members with epoch and partitions, share state. */
  describe(): string {
    const members = [...this.members.keys()].sort().map((memberId) => {
      const { memberEpoch, previousMemberEpoch, subscribedTopicNames, assigned } = this.member(memberId);
      const target = this.target.get(memberId);
      const planned =
        target === undefined || sameAssignment(target, assigned) ? '' : ` planned ${describeAssignment(target)}`;
      const topics = subscribedTopicNames.join('+');
      return `${memberId}@${memberEpoch}/${previousMemberEpoch} ${topics} ${describeAssignment(assigned)}${planned}`;
    });
    const state = [
      ...this.initializing.map((topic) => `initializing ${topic.topicName}${describePartitions(topic.partitions)}`),
      ...this.initialized.map((topic) => `initialized ${topic.topicName}${describePartitions(topic.partitions)}`),
      ...this.deleting.map((topic) => `deleting ${topic.topicName}`),
    ];
    const epochs = `epoch=${this.groupEpoch} assignment=${this.assignmentEpoch}`;
    return `${this.groupId} share ${this.stateName()} ${epochs} [${members.join(', ')}] ${state.join(' ')}`.trimEnd();
  }

  private applyMember({ memberId, value }: Extract<ShareGroupRecord, { kind: 'shareMember' }>): void {
    if (value === null) {
      this.members.delete(memberId);
      return;
    }
    const member = this.member(memberId);
    member.rackId = value.rackId;
    member.clientId = value.clientId;
    member.clientHost = value.clientHost;
    member.subscribedTopicNames = value.subscribedTopicNames;
  }

  private applyCurrent(record: Extract<ShareGroupRecord, { kind: 'shareCurrentMember' }>): void {
    // The tombstones of a member that left come in any order.
    if (record.value === null && !this.members.has(record.memberId)) return;
    const member = this.member(record.memberId);
    member.memberEpoch = record.value?.memberEpoch ?? 0;
    member.previousMemberEpoch = record.value?.previousMemberEpoch ?? 0;
    member.assigned = record.value?.assignedPartitions ?? [];
  }

  private member(memberId: string): ShareMember {
    let member = this.members.get(memberId);
    if (member === undefined) {
      member = {
        memberId,
        rackId: null,
        clientId: '',
        clientHost: '',
        subscribedTopicNames: [],
        memberEpoch: 0,
        previousMemberEpoch: 0,
        assigned: [],
      };
      this.members.set(memberId, member);
    }
    return member;
  }
}

/** Whether two assignments name the same partitions; both are in the order that the assignor gives them. */
export function sameAssignment(a: readonly TopicPartitions[], b: readonly TopicPartitions[]): boolean {
  if (a.length !== b.length) return false;
  return a.every((topic, index) => {
    const other = b[index];
    if (other === undefined || other.topicId !== topic.topicId || other.partitions.length !== topic.partitions.length)
      return false;
    return topic.partitions.every((partition, at) => other.partitions[at] === partition);
  });
}

function describeAssignment(assignment: readonly TopicPartitions[]): string {
  return `{${assignment.map(({ topicId, partitions }) => `${topicId}${describePartitions(partitions)}`).join(' ')}}`;
}

function describePartitions(partitions: readonly number[]): string {
  return `(${partitions.join(',')})`;
}
