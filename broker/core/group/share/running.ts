import type { Deadline } from '../../base/deadlines.ts';
import type { Ticket } from '../../coordinator/shard.ts';
import type { DeleteShareState, InitializeShareState } from '../persister.ts';
import type { GroupTimer, Step } from '../step.ts';
import type { ShareGroup } from './group.ts';

/** Assignments that may follow each other at once; afterwards one per `share.assignment.interval.ms`. */
const ASSIGNMENT_BURST = 5;

/** A heartbeat whose answer waits for the member's assignment. */
export interface ParkedHeartbeat {
  readonly ticket: Ticket;
  /** Monotonic ms at which it is answered with what there is. */
  readonly deadlineMs: number;
}

/** A DeleteShareGroupOffsets call: topics whose state is being deleted, and those that had none. */
export interface OffsetDeletion {
  readonly ticket: Ticket;
  readonly topicIds: readonly string[];
  readonly known: ReadonlySet<string>;
}

/** The soft state of a share group: a successor begins with a fresh one. */
export class RunningShareGroup {
  readonly durable: ShareGroup;
  readonly sessions = new Map<string, Deadline<GroupTimer>>();
  readonly parked = new Map<string, ParkedHeartbeat>();
  readonly timer: Deadline<GroupTimer>;
  /** `topicId:partition` of share states that are being set up just now → the state epoch asked for. */
  readonly inFlight = new Map<string, number>();
  /** `topicId:partition` of states that are set up while others of their new topic are not. */
  readonly confirmed = new Set<string>();
  /** Until then (monotonic ms) assignments wait for share state that is being set up. */
  holdUntilMs = 0;
  /** When the target assignment was last made, in monotonic ms; a successor does not know. */
  assignedMs = Number.NEGATIVE_INFINITY;
  /** Setting up or deleting is tried again from then on (monotonic ms). */
  retryAtMs = 0;
  retryDelayMs = 0;
  /** What the share coordinators were asked to delete, and have not answered. */
  deletion: DeleteShareState | null = null;
  /** DeleteGroups calls that wait for it. */
  deleteTickets: Ticket[] = [];
  /** DeleteShareGroupOffsets calls that wait for it. */
  offsetDeletions: OffsetDeletion[] = [];
  /** AlterShareGroupOffsets calls, by what the share coordinators were asked for them. */
  readonly alterations = new Map<InitializeShareState, Ticket>();
  private tokens = ASSIGNMENT_BURST;
  private tokensAtMs: number;

  constructor(durable: ShareGroup, step: Step) {
    this.durable = durable;
    this.timer = step.deadlines.create({ kind: 'shareGroup', groupId: durable.groupId });
    this.tokensAtMs = step.now.monotonicMs;
  }

  /** Whether the target assignment is older than the group. */
  needsAssignment(): boolean {
    return this.durable.members.size > 0 && this.durable.groupEpoch > this.durable.assignmentEpoch;
  }

  /** Whether share state is being set up, or about to be, that assignments should contain. */
  awaitsShareState(nowMs: number): boolean {
    return this.hasOpenState() && nowMs < this.holdUntilMs;
  }

  /** Whether share state is being set up or deleted. */
  hasOpenState(): boolean {
    return this.durable.initializing.length > 0 || this.durable.deleting.length > 0;
  }

  /** Takes the right to assign now. False when it has to wait until `nextAssignmentMs`. */
  takeAssignment(nowMs: number, intervalMs: number): boolean {
    if (intervalMs === 0) return true;
    this.tokens = Math.min(ASSIGNMENT_BURST, this.tokens + (nowMs - this.tokensAtMs) / intervalMs);
    this.tokensAtMs = nowMs;
    if (this.tokens < 1) return false;
    this.tokens -= 1;
    return true;
  }

  /** Monotonic ms of the next possible assignment after a refusal. */
  nextAssignmentMs(intervalMs: number): number {
    return this.tokensAtMs + Math.ceil((1 - this.tokens) * intervalMs);
  }
}

/** The name under which a share-partition stands in the soft sets. */
export function placeOf(topicId: string, partition: number): string {
  return `${topicId}:${partition}`;
}
