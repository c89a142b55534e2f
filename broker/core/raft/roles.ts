import type { VoterChange } from './membership.ts';
import type { Progress } from './progress.ts';
import { reachedByMajority } from './quorum.ts';
import type { RaftState } from './state.ts';
import { isSame, keyOf, type LogIndex, type Refusal, type ReplicaKey, type Term } from './types.ts';

interface WaitingRead {
  readonly tag: number;
  readonly index: LogIndex;
  readonly round: number;
}

/** What a leader keeps for one term. */
export interface Leadership {
  /** By replica: every other voter, and one that is to become a voter. */
  readonly followers: Map<string, Progress>;
  /** Its first entry (V7). */
  readonly noOpIndex: LogIndex;
  /** The latest round of heartbeats. */
  round: number;
  heartbeatAtMs: number;
  reads: WaitingRead[];
  /** The change of voters under way (one at a time, V7). */
  change: VoterChange | null;
  transfer: {
    readonly to: ReplicaKey;
    readonly tag: number;
    readonly deadlineMs: number;
    readonly isStuck: boolean;
    isAsked: boolean;
  } | null;
  /** Bytes of entries that are not committed. */
  uncommittedBytes: number;
}

/**
 * Becomes a follower; of an unknown leader unless one is named. A higher term is adopted, with a vote for whoever is named, and
 * kept before anything is sent.
 */
export function becomeFollower(
  state: RaftState,
  term: Term,
  leader: ReplicaKey | null,
  vote: ReplicaKey | null = null,
): void {
  const isNew = term > state.term;
  if (state.leadership !== null) {
    resign(state);
    // The timer has not been looked after since the leadership began.
    state.restartElectionTimer();
  }
  if (isNew || !isSame(state.leader, leader)) state.matchedIndex = 0;
  if (isNew) {
    state.term = term;
    state.votedFor = null;
    state.contactAtMs = Number.NEGATIVE_INFINITY;
  }
  const isVote = vote !== null && !isSame(state.votedFor, vote);
  if (isVote) state.votedFor = vote;
  if (isNew || isVote) state.write({ hardState: true });
  const isKnown = state.role === 'follower' && !isNew && (state.leader === leader || isSame(state.leader, leader));
  state.campaign = null;
  if (!isKnown) state.became('follower', leader);
}

/** Ends a leadership: what waits for it is told. */
export function resign(state: RaftState): void {
  const { leadership } = state;
  if (leadership === null) return;
  state.leadership = null;
  for (const { tag } of leadership.reads) refuse(state, tag, { reason: 'not-leader', leader: null });
  if (leadership.change !== null) refuse(state, leadership.change.tag, { reason: 'unknown-outcome' });
  if (leadership.transfer !== null) {
    const { tag, isAsked } = leadership.transfer;
    // Whom it was asked for has been told to campaign; that this replica steps down is what was wanted.
    if (isAsked) state.effects.push({ kind: 'done', tag });
    else refuse(state, tag, { reason: 'unknown-outcome' });
  }
}

/** Says why something that was asked is not done. */
export function refuse(state: RaftState, tag: number, refusal: Refusal): void {
  state.effects.push({ kind: 'refused', tag, refusal });
}

/** The latest round of heartbeats that a majority has answered; infinite for a lone voter, 0 when this replica does not lead. */
export function confirmedRound({ leadership, voters, self }: RaftState): number {
  if (leadership === null) return 0;
  return reachedByMajority(voters, (voter) =>
    isSame(voter, self) ? Number.POSITIVE_INFINITY : (leadership.followers.get(keyOf(voter))?.answeredRound ?? 0),
  );
}

/** True when a majority answered within 2E (V3). */
export function holdsQuorum(state: RaftState): boolean {
  const { leadership, nowMs } = state;
  if (leadership === null) return false;
  const answeredAtMs = reachedByMajority(state.voters, (voter) =>
    isSame(voter, state.self)
      ? nowMs
      : (leadership.followers.get(keyOf(voter))?.answeredAtMs ?? Number.NEGATIVE_INFINITY),
  );
  return nowMs - answeredAtMs < 2 * state.options.electionTimeoutMs;
}
