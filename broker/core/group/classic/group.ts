import type { Deadline } from '../../base/deadlines.ts';
import type { Ticket } from '../../coordinator/shard.ts';
import { ErrorCode } from '../../protocol/errors.ts';
import type { ClassicProtocol, ClientIdentity, JoinGroupResult } from '../commands.ts';
import type { GroupTimer } from '../step.ts';

/** States of a classic group, by the names that DescribeGroups and ListGroups show. */
export type ClassicState = 'Empty' | 'PreparingRebalance' | 'CompletingRebalance' | 'Stable' | 'Dead';

/** One member; the tickets name calls that wait for the group. */
export interface ClassicMember {
  readonly memberId: string;
  readonly groupInstanceId: string | null;
  readonly client: ClientIdentity;
  sessionTimeoutMs: number;
  rebalanceTimeoutMs: number;
  /** In the member's order of preference; changed by `ClassicGroup.setProtocols` alone. */
  protocols: readonly ClassicProtocol[];
  assignment: Uint8Array;
  /** Set while its JoinGroup is unanswered; changed by `awaitJoin` and `takeJoin` alone. */
  joinTicket: Ticket | null;
  /** Set while its SyncGroup is unanswered. */
  syncTicket: Ticket | null;
  /** Has joined but never got an answer: its session is long, since it can't send heartbeats. */
  isNew: boolean;
  readonly session: Deadline<GroupTimer>;
}

const NO_BYTES = new Uint8Array(0);

/**
 * A classic group as its coordinator runs it (soft state; what a successor gets of it is the GroupMetadata record).
 * This class keeps members, votes and leader consistent; when to rebalance is decided in `rebalance.ts`.
 */
export class ClassicGroup {
  readonly groupId: string;
  state: ClassicState = 'Empty';
  /** Wall time of the last change of state, for the retention of offsets. */
  stateSinceMs: number;
  generationId = 0;
  protocolType: string | null = null;
  protocolName: string | null = null;
  leaderId: string | null = null;
  /** In the order in which they joined. */
  readonly members = new Map<string, ClassicMember>();
  /** Group instance id → member id. */
  readonly staticMembers = new Map<string, string>();
  /** Ids given to members that have not joined with them yet; they hold a rebalance open. */
  readonly pendingMembers = new Map<string, Deadline<GroupTimer>>();
  /** Members of this generation whose SyncGroup has not come. */
  readonly pendingSyncs = new Set<string>();
  /** The join phase is the first one of an empty group, which waits for company. */
  isInitialRebalance = false;
  /** A member came during the initial wait: wait once more. */
  newMemberAdded = false;
  /** Monotonic time at which the initial wait ends at the latest. */
  initialRebalanceEndMs = 0;
  readonly joinTimer: Deadline<GroupTimer>;
  readonly syncTimer: Deadline<GroupTimer>;
  private awaitingJoinCount = 0;
  /** Protocol name → members that support it. */
  /** Bytes of all members' protocol metadata. */
  protocolBytes = 0;
  private readonly supporterCounts = new Map<string, number>();

  constructor(
    groupId: string,
    timers: { readonly join: Deadline<GroupTimer>; readonly sync: Deadline<GroupTimer>; readonly wallMs: number },
  ) {
    this.groupId = groupId;
    this.joinTimer = timers.join;
    this.syncTimer = timers.sync;
    this.stateSinceMs = timers.wallMs;
  }

  /** Moves to a state at a wall time. */
  transitionTo(state: ClassicState, wallMs: number): void {
    this.state = state;
    this.stateSinceMs = wallMs;
  }

  /** Adds a member that waits for nothing yet. The first one leads until somebody else is elected. */
  add(member: ClassicMember): void {
    this.leaderId ??= member.memberId;
    this.countProtocols(member.protocols, 1);
    this.members.set(member.memberId, member);
    if (member.groupInstanceId !== null) this.staticMembers.set(member.groupInstanceId, member.memberId);
    this.pendingMembers.delete(member.memberId);
  }

  /** Takes a member out whose calls have been answered; the first of the others leads if it did. */
  remove(member: ClassicMember): void {
    this.members.delete(member.memberId);
    this.countProtocols(member.protocols, -1);
    if (member.groupInstanceId !== null && this.staticMembers.get(member.groupInstanceId) === member.memberId) {
      this.staticMembers.delete(member.groupInstanceId);
    }
    this.pendingSyncs.delete(member.memberId);
    if (this.leaderId === member.memberId) this.leaderId = this.members.keys().next().value ?? null;
  }

  /** Takes over what a member offers now. */
  setProtocols(member: ClassicMember, protocols: readonly ClassicProtocol[]): void {
    this.countProtocols(member.protocols, -1);
    member.protocols = protocols;
    this.countProtocols(protocols, 1);
  }

  /**
   * A member's JoinGroup begins to wait. Gives the ticket of an earlier one that nobody listens to any more, or null.
   */
  awaitJoin(member: ClassicMember, ticket: Ticket): Ticket | null {
    const earlier = this.takeJoin(member);
    member.joinTicket = ticket;
    this.awaitingJoinCount += 1;
    return earlier;
  }

  /** Ends the wait of a member's JoinGroup; null when it did not wait. */
  takeJoin(member: ClassicMember): Ticket | null {
    const ticket = member.joinTicket;
    if (ticket === null) return null;
    member.joinTicket = null;
    this.awaitingJoinCount -= 1;
    return ticket;
  }

  /** Members whose JoinGroup waits. */
  joinedCount(): number {
    return this.awaitingJoinCount;
  }

  /** Whether nothing is left to wait for in the join phase. */
  hasAllMembersJoined(): boolean {
    return this.pendingMembers.size === 0 && this.awaitingJoinCount === this.members.size;
  }

  /** The longest rebalance time-out of any member, in ms. */
  rebalanceTimeoutMs(): number {
    let longest = 0;
    for (const member of this.members.values()) longest = Math.max(longest, member.rebalanceTimeoutMs);
    return longest;
  }

  /**
   * Makes sure that a member who has joined leads. False when nobody has joined although there are members (static ones
   * that stay away): the join phase can't end.
   */
  electJoinedLeader(): boolean {
    const leader = this.leaderId === null ? undefined : this.members.get(this.leaderId);
    if (leader !== undefined && leader.joinTicket !== null) return true;
    for (const member of this.members.values()) {
      if (member.joinTicket === null) continue;
      this.leaderId = member.memberId;
      return true;
    }
    return false;
  }

  /** Names of the protocols that every member supports, in the order of the first member. */
  private candidateProtocols(): string[] {
    const first = this.members.values().next().value;
    const names = first?.protocols.map(({ name }) => name) ?? [];
    return names.filter((name) => this.supporterCounts.get(name) === this.members.size);
  }

  /**
   * The protocol that gets most votes: each member votes for its first candidate; a tie goes to the earlier candidate.
   */
  selectProtocol(): string | null {
    const votes = new Map(this.candidateProtocols().map((name) => [name, 0]));
    for (const member of this.members.values()) {
      const choice = member.protocols.find(({ name }) => votes.has(name))?.name;
      if (choice !== undefined) votes.set(choice, (votes.get(choice) ?? 0) + 1);
    }
    let best: string | null = null;
    for (const [name, count] of votes) if (best === null || count > (votes.get(best) ?? 0)) best = name;
    return best;
  }

  /** Whether a member with these protocols can work together with those who are there. */
  supportsProtocols(protocolType: string, protocols: readonly ClassicProtocol[]): boolean {
    if (protocolType === '' || protocols.length === 0) return false;
    if (this.members.size === 0) return true;
    if (protocolType !== this.protocolType) return false;
    return protocols.some(({ name }) => this.supporterCounts.get(name) === this.members.size);
  }

  /** The metadata that a member gave for the protocol in use. */
  metadataOf(member: ClassicMember): Uint8Array {
    return member.protocols.find(({ name }) => name === this.protocolName)?.metadata ?? NO_BYTES;
  }

  /** Every member with its metadata: what the leader needs to assign. */
  memberMetadata(): JoinGroupResult['members'] {
    return [...this.members.values()].map((member) => ({
      memberId: member.memberId,
      groupInstanceId: member.groupInstanceId,
      metadata: this.metadataOf(member),
    }));
  }

  /** NONE when the member exists and, for a static one, still owns its instance id; else what it has to be told. */
  checkMember(memberId: string, groupInstanceId: string | null): number {
    if (groupInstanceId !== null) {
      const owner = this.staticMembers.get(groupInstanceId);
      if (owner === undefined) return ErrorCode.UNKNOWN_MEMBER_ID;
      if (owner !== memberId) return ErrorCode.FENCED_INSTANCE_ID;
    }
    return this.members.has(memberId) ? ErrorCode.NONE : ErrorCode.UNKNOWN_MEMBER_ID;
  }

  private countProtocols(protocols: readonly ClassicProtocol[], change: 1 | -1): void {
    this.protocolBytes += change * protocolBytesOf(protocols);
    for (const name of new Set(protocols.map((protocol) => protocol.name))) {
      const count = (this.supporterCounts.get(name) ?? 0) + change;
      if (count === 0) this.supporterCounts.delete(name);
      else this.supporterCounts.set(name, count);
    }
  }

  /** One line: state, generation, protocol, leader, members with what they wait for. */
  describe(): string {
    const members = [...this.members.values()].map((member) => {
      const waits = `${member.joinTicket === null ? '' : ' joining'}${member.syncTicket === null ? '' : ' syncing'}`;
      const instance = member.groupInstanceId === null ? '' : `/${member.groupInstanceId}`;
      return `${member.memberId}${instance}${member.memberId === this.leaderId ? '*' : ''}${waits}`;
    });
    const pending = [...this.pendingMembers.keys()].map((memberId) => `${memberId}?`);
    const protocol = `${this.protocolType ?? '-'}:${this.protocolName ?? '-'}`;
    return `${this.groupId} classic ${this.state} generation=${this.generationId} ${protocol} [${[...members, ...pending].join(', ')}]`;
  }
}

/** Whether a member that joins again offers exactly what it offered before. */
export function sameProtocols(a: readonly ClassicProtocol[], b: readonly ClassicProtocol[]): boolean {
  if (a.length !== b.length) return false;
  return a.every((protocol, index) => {
    const other = b[index];
    return other !== undefined && other.name === protocol.name && sameBytes(other.metadata, protocol.metadata);
  });
}

function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, index) => byte === b[index]);
}

/** Bytes that a member's protocols bring along. */
export function protocolBytesOf(protocols: readonly ClassicProtocol[]): number {
  let bytes = 0;
  for (const { metadata } of protocols) bytes += metadata.length;
  return bytes;
}
