import { sizeOf } from './log.ts';
import { settleMembership } from './membership.ts';
import type { Progress } from './progress.ts';
import { reachedByMajority } from './quorum.ts';
import { appendEntry, hasten, watchVoters } from './replication.ts';
import { heal } from './follower.ts';
import { becomeFollower, confirmedRound, holdsQuorum, type Leadership, refuse } from './roles.ts';
import type { RaftState } from './state.ts';
import {
  type AppendResponse,
  type Input,
  isSame,
  keyOf,
  type LogIndex,
  type ReplicaKey,
  type SnapshotResponse,
} from './types.ts';

/** Reads that wait for a round, at most. */
const READS_MAX = 10_000;

/** Won: the first entry of the term goes out at once. */
export function beginLeadership(state: RaftState): void {
  state.leadership = {
    followers: new Map(),
    noOpIndex: state.log.lastIndex + 1,
    round: 0,
    heartbeatAtMs: state.nowMs,
    reads: [],
    change: null,
    transfer: null,
    uncommittedBytes: 0,
  };
  state.matchedIndex = state.log.lastIndex;
  state.isLeaderGone = false;
  state.became('leader', state.self);
  // The others have vouched that nothing is committed beyond this log: it is whole from now on.
  if (state.isDamaged) heal(state);
  watchVoters(state);
  appendEntry(state, { kind: 'no-op' });
}

/** The sender's progress, when it is a follower of this leadership, with this disk (V6). */
function heard(state: RaftState, response: AppendResponse | SnapshotResponse): Progress | null {
  if (response.term > state.term) {
    becomeFollower(state, response.term, null);
    return null;
  }
  const { leadership } = state;
  if (leadership === null || response.term < state.term) return null;
  const progress = leadership.followers.get(keyOf(response.from));
  if (progress === undefined) return null;
  progress.answeredAtMs = state.nowMs;
  progress.answeredRound = Math.max(progress.answeredRound, response.round);
  return progress;
}

/** A follower answered: where the logs agree, or that they do not. */
export function takeAppendResponse(state: RaftState, response: AppendResponse): void {
  const progress = heard(state, response);
  if (progress === null) return;
  progress.isDamaged = response.isDamaged;
  if (response.outcome === 'diverged') {
    if (response.isDamaged || progress.hasLess(response.index, response.round)) progress.lost(response.index);
    // An answer to something that was sent before it matched further is old.
    if (response.index >= progress.matchIndex && progress.state !== 'snapshot') {
      const agreed = state.log.lastAtOrBelow(response.index, response.conflictTerm);
      // Even where this log begins they differ: what lies before is only in the snapshot.
      if ((state.log.termAt(agreed) ?? 0) > response.conflictTerm) progress.sendSnapshot(state.log.snapshot);
      else progress.probe(Math.min(agreed + 1, progress.nextIndex));
    }
  } else {
    progress.matched(Math.min(response.index, state.log.lastIndex), state.leadership?.round ?? 0);
    progress.roundAnswered(response.round);
    if (progress.state === 'probe') progress.replicate();
    else if (progress.state === 'snapshot' && progress.matchIndex >= (progress.snapshot?.meta.place.index ?? 0)) {
      progress.replicate();
    }
  }
  settleLeadership(state);
}

/** A follower has a piece of the snapshot, or all of it. */
export function takeSnapshotResponse(state: RaftState, response: SnapshotResponse): void {
  const progress = heard(state, response);
  const snapshot = progress?.snapshot;
  if (progress === null || snapshot === null || snapshot === undefined) return;
  const { place, sizeInBytes } = snapshot.meta;
  if (response.place.index !== place.index || response.place.term !== place.term) return;
  if (response.position >= sizeInBytes) {
    progress.matched(place.index, state.leadership?.round ?? 0);
    progress.replicate();
  } else {
    snapshot.position = response.position;
    progress.retryAtMs = Number.NEGATIVE_INFINITY;
  }
  settleLeadership(state);
}

/** What follows from what followers, or the own disk, have reached. */
export function settleLeadership(state: RaftState): void {
  advanceCommit(state);
  settleReads(state);
  settleTransfer(state);
  settleMembership(state);
}

/** Commits what a majority has synced, of this term; with it goes what lies before (Raft §5.4.2). */
function advanceCommit(state: RaftState): void {
  const { leadership, log, options } = state;
  if (leadership === null) return;
  const reached = reachedByMajority(state.voters, (voter) => {
    if (isSame(voter, state.self)) return options.bugs.has('counts-unsynced') ? log.lastIndex : log.durableIndex;
    const progress = leadership.followers.get(keyOf(voter));
    return progress === undefined || progress.isDamaged ? 0 : progress.matchIndex;
  });
  if (reached <= state.committedIndex) return;
  if (log.termAt(reached) !== state.term && !options.bugs.has('commits-old-term')) return;
  for (let index = state.committedIndex + 1; index <= reached; index++) {
    const entry = log.at(index);
    if (entry !== undefined && index >= leadership.noOpIndex) leadership.uncommittedBytes -= sizeOf(entry);
  }
  state.commit(reached);
  // Followers learn of it with the next entries, or now.
  hasten(state);
}

/** Takes a read: answered when a majority has said that this replica still led after it was asked (thesis §6.4). */
export function takeRead(state: RaftState, tag: number): void {
  const { leadership, committedIndex } = state;
  if (leadership === null) refuse(state, tag, { reason: 'not-leader', leader: state.leader });
  else if (state.options.bugs.has('stale-reads')) state.effects.push({ kind: 'readable', tag, index: committedIndex });
  // Until an entry of its term is committed a leader does not know what is committed (V7).
  else if (committedIndex < leadership.noOpIndex) refuse(state, tag, { reason: 'pending' });
  else if (leadership.reads.length >= READS_MAX) refuse(state, tag, { reason: 'busy' });
  else {
    // The next round: one under way may have been answered before.
    leadership.reads.push({ tag, index: committedIndex, round: leadership.round + 1 });
    hasten(state);
    settleReads(state);
  }
}

function settleReads(state: RaftState): void {
  const { leadership } = state;
  if (leadership === null || leadership.reads.length === 0) return;
  const answered = confirmedRound(state);
  const settled = leadership.reads.filter(({ round }) => round <= answered);
  if (settled.length === 0) return;
  leadership.reads = leadership.reads.filter(({ round }) => round > answered);
  for (const { tag, index } of settled) state.effects.push({ kind: 'readable', tag, index });
}

/** Hands the leadership over: to one voter, or to whoever is furthest; of those that are as far, if it is stuck, to who was heard last. */
export function beginTransfer(
  state: RaftState,
  { to, tag, isStuck = false }: Extract<Input, { readonly kind: 'transfer' }>,
): void {
  const { leadership } = state;
  if (leadership === null) {
    refuse(state, tag, { reason: 'not-leader', leader: state.leader });
    return;
  }
  const candidates = state.voters
    .filter((voter) => !isSame(voter, state.self) && (to === null || voter.id === to))
    .toSorted((a, b) => {
      const further = matchOf(leadership, b) - matchOf(leadership, a);
      return further !== 0 || !isStuck ? further : heardMs(leadership, b) - heardMs(leadership, a);
    });
  const [target] = candidates;
  if (target === undefined) refuse(state, tag, { reason: 'unknown-voter' });
  else if (leadership.transfer !== null) refuse(state, tag, { reason: 'busy' });
  else {
    const deadlineMs = state.nowMs + state.options.electionTimeoutMs;
    leadership.transfer = { to: target, tag, deadlineMs, isStuck, isAsked: false };
    settleTransfer(state);
  }
}

/**
 * The target campaigns as soon as its log is the leader's, or as much of it as the leader can send; nothing is appended
 * meanwhile.
 */
function settleTransfer(state: RaftState): void {
  const { leadership, self, term, log } = state;
  const transfer = leadership?.transfer;
  if (leadership === null || transfer === null || transfer === undefined || transfer.isAsked) return;
  const hasAll = matchOf(leadership, transfer.to) >= (transfer.isStuck ? log.durableIndex : log.lastIndex);
  if (!hasAll && !state.options.bugs.has('transfers-early')) return;
  transfer.isAsked = true;
  state.send({ kind: 'timeout-now', from: self, to: transfer.to, term });
}

function matchOf(leadership: Leadership, voter: ReplicaKey): LogIndex {
  const progress = leadership.followers.get(keyOf(voter));
  return progress === undefined || progress.isDamaged ? -1 : progress.matchIndex;
}

function heardMs(leadership: Leadership, voter: ReplicaKey): number {
  return leadership.followers.get(keyOf(voter))?.answeredAtMs ?? Number.NEGATIVE_INFINITY;
}

/** Time went by: the quorum, the transfer. */
export function watchLeadership(state: RaftState): void {
  const { leadership, nowMs } = state;
  if (leadership === null) return;
  if (!holdsQuorum(state)) {
    becomeFollower(state, state.term, null);
    return;
  }
  if (leadership.transfer !== null && nowMs >= leadership.transfer.deadlineMs) {
    const { tag } = leadership.transfer;
    leadership.transfer = null;
    refuse(state, tag, { reason: 'too-slow' });
  }
  settleMembership(state);
}

/** Appends what was proposed, or says why not. */
export function takeProposal(state: RaftState, payload: Uint8Array, tag: number): void {
  const { leadership, options } = state;
  if (leadership === null) {
    refuse(state, tag, { reason: 'not-leader', leader: state.leader });
    return;
  }
  if (leadership.transfer !== null || leadership.uncommittedBytes > options.uncommittedBytesMax) {
    refuse(state, tag, { reason: 'busy' });
    return;
  }
  const { index, term } = appendEntry(state, { kind: 'batch', payload });
  state.effects.push({ kind: 'proposed', tag, place: { index, term } });
}
