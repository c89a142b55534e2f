import { tally } from './quorum.ts';
import { beginLeadership } from './leadership.ts';
import { becomeFollower, holdsQuorum } from './roles.ts';
import type { RaftState } from './state.ts';
import {
  isSame,
  keyOf,
  type LogPlace,
  type PreVoteRequest,
  type PreVoteResponse,
  type ReplicaKey,
  type TimeoutNow,
  type VoteRequest,
  type VoteResponse,
} from './types.ts';

/** The election timer ran out: asks whether an election could be won (V1). */
export function beginPreVote(state: RaftState): void {
  state.restartElectionTimer();
  if (!state.mayCampaign) return;
  if (state.options.bugs.has('no-pre-vote')) {
    beginElection(state, { isTransfer: false });
    return;
  }
  state.campaign = { votes: new Map([[keyOf(state.self), mayVoteForItself(state)]]), ownVoteWrite: 0 };
  state.became('pre-candidate', null);
  const { self, log } = state;
  for (const voter of state.voters) {
    if (isSame(voter, self)) continue;
    // It promises nothing, so that it waits for nothing.
    const message = { kind: 'pre-vote', from: self, to: voter, term: state.term + 1, last: log.last } as const;
    state.effects.push({ kind: 'send', message, afterWrite: 0 });
  }
  settleCampaign(state);
}

/** Takes the next term and asks for votes in it. Its own vote counts when it is synced. */
export function beginElection(state: RaftState, { isTransfer }: { readonly isTransfer: boolean }): void {
  state.restartElectionTimer();
  state.term += 1;
  state.votedFor = state.self;
  state.matchedIndex = 0;
  state.contactAtMs = Number.NEGATIVE_INFINITY;
  state.campaign = { votes: new Map(), ownVoteWrite: state.write({ hardState: true }) };
  state.became('candidate', null);
  const { self, log, term } = state;
  for (const voter of state.voters) {
    if (isSame(voter, self)) continue;
    state.send({ kind: 'vote', from: self, to: voter, term, last: log.last, isTransfer });
  }
}

/** Looks at the votes so far. */
export function settleCampaign(state: RaftState): void {
  const { campaign } = state;
  if (campaign === null) return;
  const isOwnVoteDurable = campaign.ownVoteWrite > 0 && state.writtenCount >= campaign.ownVoteWrite;
  if (isOwnVoteDurable) campaign.votes.set(keyOf(state.self), mayVoteForItself(state));
  const outcome = tally(state.voters, campaign.votes);
  if (outcome === 'open') return;
  if (outcome === 'lost') becomeFollower(state, state.term, null);
  else if (state.role === 'pre-candidate') beginElection(state, { isTransfer: false });
  else {
    state.campaign = null;
    beginLeadership(state);
  }
}

/** Answers a pre-vote; nothing changes here, whatever the answer (V1). */
export function answerPreVote(state: RaftState, request: PreVoteRequest): void {
  const isGranted =
    request.term > state.term && state.log.isUpToDate(request.last) && !isBound(state) && mayVote(state, request.last);
  const { self, term } = state;
  const message = {
    kind: 'pre-vote-response',
    from: self,
    to: request.from,
    term,
    askedTerm: request.term,
    isGranted,
  } as const;
  state.effects.push({ kind: 'send', message, afterWrite: 0 });
}

/** Counts the answer to a pre-vote of this campaign. */
export function takePreVoteResponse(state: RaftState, response: PreVoteResponse): void {
  if (response.term > state.term) {
    // What the term says is true, whoever asked; only a vote or a leader may bring one that nobody has.
    becomeFollower(state, response.term, null);
    return;
  }
  if (state.role !== 'pre-candidate' || state.campaign === null || response.askedTerm !== state.term + 1) return;
  state.campaign.votes.set(keyOf(response.from), response.isGranted);
  settleCampaign(state);
}

/**
 * Answers a vote (V2). With contact, or while leading with a quorum, it is refused and its term ignored, so that nobody who was
 * away disturbs those who were not; a transfer is the leader's own wish.
 */
export function answerVote(state: RaftState, request: VoteRequest): void {
  const { bugs } = state.options;
  if (request.term < state.term || (isBound(state) && !request.isTransfer)) {
    refuse(state, request);
    return;
  }
  const isNew = request.term > state.term;
  const isFree = isNew || state.votedFor === null || isSame(state.votedFor, request.from) || bugs.has('votes-twice');
  const isUpToDate = state.log.isUpToDate(request.last) || bugs.has('votes-for-stale-log');
  const isUndecided = isNew || (state.role === 'follower' && state.leader === null) || state.role === 'pre-candidate';
  if (!isUndecided || !isFree || !isUpToDate || !mayVote(state, request.last)) {
    if (isNew) becomeFollower(state, request.term, null);
    refuse(state, request);
    return;
  }
  // It does not ask for votes itself while somebody else may win. The term and the vote are one write.
  becomeFollower(state, request.term, null, request.from);
  state.restartElectionTimer();
  const { self, term } = state;
  state.send({ kind: 'vote-response', from: self, to: request.from, term, isGranted: true });
}

function refuse(state: RaftState, request: VoteRequest): void {
  const { self, term } = state;
  state.send({ kind: 'vote-response', from: self, to: request.from, term, isGranted: false });
}

/** Counts a vote of this term. */
export function takeVoteResponse(state: RaftState, response: VoteResponse): void {
  if (response.term > state.term) {
    becomeFollower(state, response.term, null);
    return;
  }
  if (state.role !== 'candidate' || state.campaign === null || response.term !== state.term) return;
  state.campaign.votes.set(keyOf(response.from), response.isGranted);
  settleCampaign(state);
}

/** The leader wants this replica to take over (V5): no pre-vote, which its contact would lose. */
export function campaignAtOnce(state: RaftState, request: TimeoutNow): void {
  if (request.term !== state.term || state.role !== 'follower' || !isSame(state.leader, request.from)) return;
  if (state.mayCampaign) beginElection(state, { isTransfer: true });
}

/**
 * The leader's process is gone for certain (V8): contact with it means nothing, and a campaign begins within E/4. All that are left
 * hear of it at about the same time, so they take turns by their ids: with times by chance two of them campaign at once and in
 * vain as often as a round of votes takes a good part of E/4, which it does on busy processors.
 */
export function leaderIsGone(state: RaftState, leader: ReplicaKey): void {
  if (state.role !== 'follower' || !isSame(state.leader, leader)) return;
  state.contactAtMs = Number.NEGATIVE_INFINITY;
  state.isLeaderGone = true;
  const left = state.voters.filter((voter) => !isSame(voter, leader));
  const turn = left.filter(({ id }) => id < state.self.id).length;
  const soonMs = state.nowMs + ((turn + 0.5) * state.options.electionTimeoutMs) / (4 * Math.max(1, left.length));
  state.electionAtMs = Math.min(state.electionAtMs, soonMs);
}

/** Somebody leads whom this replica hears, or who is this replica. */
function isBound(state: RaftState): boolean {
  if (state.options.bugs.has('ignores-contact')) return false;
  return state.hasContact || (state.role === 'leader' && holdsQuorum(state));
}

/**
 * A damaged voter votes as it would with the log that it had (V10): what it promised with that and does not have any more is in
 * the log of whoever it votes for.
 */
function mayVote(state: RaftState, last: LogPlace): boolean {
  if (!state.isDamaged || state.options.bugs.has('damaged-votes')) return true;
  const { damagedTerm, damagedUpTo } = state;
  return last.term > damagedTerm || (last.term === damagedTerm && last.index >= damagedUpTo);
}

/**
 * A damaged voter may be elected, by a majority of others: each of them has promised nothing beyond its log, and so nothing
 * beyond that is committed. Its own vote would vouch for what it has lost.
 */
function mayVoteForItself(state: RaftState): boolean {
  return !state.isDamaged || state.options.bugs.has('damaged-votes');
}
