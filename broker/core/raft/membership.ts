import { appendEntry, hasten, watchVoters } from './replication.ts';
import { becomeFollower, refuse } from './roles.ts';
import type { RaftState } from './state.ts';
import { hasVoter } from './quorum.ts';
import { isSame, keyOf, type LogIndex, type ReplicaKey } from './types.ts';

/** A change of voters under way: one voter more, or one less (thesis §4.1). */
export type VoterChange =
  /** The new one gets the log first, in rounds: each up to what the log had when it began (thesis §4.2.1). */
  | {
      readonly kind: 'catching-up';
      readonly voter: ReplicaKey;
      readonly tag: number;
      targetIndex: LogIndex;
      roundSinceMs: number;
      roundCount: number;
    }
  /** The entry is in the log, and in force, and waits to be committed. */
  | { readonly kind: 'appended'; readonly index: LogIndex; readonly tag: number };

/** Rounds after which a replica that never catches up is given up. */
const ROUNDS_MAX = 10;
/** A round may take so many E; one that is shorter than E is the last. */
const ROUND_TIMEOUTS_MAX = 50;

/** Whether voters may change now (V7): an entry of this term is committed, and so is the last change. */
function mayChange(state: RaftState, tag: number): boolean {
  const { leadership, committedIndex, votersIndex } = state;
  if (leadership === null) {
    refuse(state, tag, { reason: 'not-leader', leader: state.leader });
    return false;
  }
  if (state.options.bugs.has('two-changes')) return true;
  const isPending = committedIndex < leadership.noOpIndex || committedIndex < votersIndex || leadership.change !== null;
  if (isPending) refuse(state, tag, { reason: 'pending' });
  return !isPending;
}

/** Makes a replica a voter, once it has the log. */
export function addVoter(state: RaftState, voter: ReplicaKey, tag: number): void {
  if (!mayChange(state, tag)) return;
  // Also with another disk: the old one has to go first, or two disks of one node would vote.
  if (state.voters.some(({ id }) => id === voter.id)) {
    refuse(state, tag, { reason: 'known-voter' });
    return;
  }
  const { leadership, log, nowMs } = state;
  if (leadership === null) return;
  leadership.change = {
    kind: 'catching-up',
    voter,
    tag,
    targetIndex: log.lastIndex,
    roundSinceMs: nowMs,
    roundCount: 1,
  };
  watchVoters(state);
  hasten(state);
}

/** Takes a voter out. A leader that takes itself out leads until that is committed, without counting itself (thesis §4.2.2). */
export function removeVoter(state: RaftState, voter: ReplicaKey, tag: number): void {
  if (!mayChange(state, tag)) return;
  if (!hasVoter(state.voters, voter)) refuse(state, tag, { reason: 'unknown-voter' });
  else if (state.voters.length === 1) refuse(state, tag, { reason: 'last-voter' });
  else
    appendChange(
      state,
      state.voters.filter((other) => !isSame(other, voter)),
      tag,
    );
}

function appendChange(state: RaftState, voters: readonly ReplicaKey[], tag: number): void {
  const { index } = appendEntry(state, { kind: 'voters', voters });
  if (state.leadership !== null) state.leadership.change = { kind: 'appended', index, tag };
  watchVoters(state);
}

/** Goes on with a change as far as the log has come. */
export function settleMembership(state: RaftState): void {
  const { leadership } = state;
  if (leadership === null) return;
  const { change } = leadership;
  if (change?.kind === 'catching-up') catchUp(state, change);
  else if (change?.kind === 'appended' && state.committedIndex >= change.index) {
    leadership.change = null;
    state.effects.push({ kind: 'done', tag: change.tag });
  }
  const isSettled = state.committedIndex >= Math.max(state.votersIndex, leadership.noOpIndex);
  if (isSettled && !hasVoter(state.voters, state.self)) leave(state);
}

function catchUp(state: RaftState, change: Extract<VoterChange, { kind: 'catching-up' }>): void {
  const { leadership, log, nowMs, options } = state;
  const progress = leadership?.followers.get(keyOf(change.voter));
  if (leadership === null || progress === undefined) return;
  const tookMs = nowMs - change.roundSinceMs;
  if (progress.matchIndex < change.targetIndex || progress.isDamaged) {
    if (tookMs > ROUND_TIMEOUTS_MAX * options.electionTimeoutMs) giveUp(state, change.tag);
    return;
  }
  if (tookMs < options.electionTimeoutMs || progress.matchIndex === log.lastIndex) {
    leadership.change = null;
    appendChange(state, [...state.voters, change.voter], change.tag);
  } else if (change.roundCount >= ROUNDS_MAX) giveUp(state, change.tag);
  else {
    change.roundCount += 1;
    change.roundSinceMs = nowMs;
    change.targetIndex = log.lastIndex;
  }
}

function giveUp(state: RaftState, tag: number): void {
  if (state.leadership === null) return;
  state.leadership.change = null;
  watchVoters(state);
  refuse(state, tag, { reason: 'too-slow' });
}

/** The leader is no voter any more: it says what is committed, asks the furthest to take over, and steps down. */
function leave(state: RaftState): void {
  const { leadership } = state;
  if (leadership === null) return;
  const furthest = [...leadership.followers.values()].toSorted((a, b) => b.matchIndex - a.matchIndex)[0];
  const { self, term, committedIndex } = state;
  for (const { replica, matchIndex } of leadership.followers.values()) {
    const previousTerm = state.log.termAt(matchIndex);
    // Whoever is behind the snapshot has nothing to commit yet.
    if (previousTerm === null) continue;
    const previous = { index: matchIndex, term: previousTerm };
    state.send({ kind: 'append', from: self, to: replica, term, previous, entries: [], committedIndex, round: 0 });
  }
  if (furthest !== undefined) state.send({ kind: 'timeout-now', from: self, to: furthest.replica, term });
  becomeFollower(state, state.term, null);
}
