import { unreachable } from '../base/assert.ts';
import {
  answerPreVote,
  answerVote,
  beginPreVote,
  campaignAtOnce,
  leaderIsGone,
  settleCampaign,
  takePreVoteResponse,
  takeVoteResponse,
} from './election.ts';
import { settleDamage, settleSnapshot, takeAppend, takeSnapshotPiece } from './follower.ts';
import {
  beginTransfer,
  settleLeadership,
  takeAppendResponse,
  takeProposal,
  takeRead,
  takeSnapshotResponse,
  watchLeadership,
} from './leadership.ts';
import { addVoter, removeVoter } from './membership.ts';
import { replicate, sendPiece } from './replication.ts';
import { RaftState, type RaftOptions, type RaftStart } from './state.ts';
import { type Effect, type Input, isSame, type LogIndex, type Message } from './types.ts';

export type { RaftOptions, RaftStart } from './state.ts';

/**
 * One replica of the metadata log: Raft with pre-vote, check-quorum, leadership transfer, single-server changes of voters
 * and chunked snapshots (Ongaro's thesis; SAFETY.md V1–V10). Pure: it is told the time, and what is to be done comes back in
 * order. The host sees to it that writes are carried out in order and that a message waits for the write that it names.
 */
export class Raft {
  readonly #state: RaftState;

  /** Begins with what is on the disk. A fresh one begins with the voters of its formation as a snapshot at index 0 (V11). */
  constructor(options: RaftOptions, start: RaftStart, nowMs: number) {
    this.#state = new RaftState(options, start, nowMs);
  }

  /** For the host and for tests; not to be changed. */
  get state(): Readonly<RaftState> {
    return this.#state;
  }

  /** Something happened; gives what is to be done about it. */
  step(input: Input, nowMs: number): readonly Effect[] {
    const state = this.#state;
    state.nowMs = Math.max(state.nowMs, nowMs);
    this.#take(input);
    replicate(state);
    const { effects } = state;
    state.effects = [];
    return effects;
  }

  /** When `tick` is due, monotonic ms; infinite for a replica that only listens. */
  get wakeAtMs(): number {
    const { leadership, mayCampaign, electionAtMs } = this.#state;
    // A leader without followers has nobody to speak to, and nobody to lose.
    if (leadership !== null) return leadership.followers.size > 0 ? leadership.heartbeatAtMs : Number.POSITIVE_INFINITY;
    return mayCampaign ? electionAtMs : Number.POSITIVE_INFINITY;
  }

  #take(input: Input): void {
    const state = this.#state;
    switch (input.kind) {
      case 'tick':
        if (state.leadership !== null) watchLeadership(state);
        else if (state.nowMs >= state.electionAtMs) beginPreVote(state);
        return;
      case 'message':
        if (isSame(input.message.to, state.self)) this.#receive(input.message);
        return;
      case 'written':
        this.#written(input.write);
        return;
      case 'propose':
        takeProposal(state, input.payload, input.tag);
        return;
      case 'read':
        takeRead(state, input.tag);
        return;
      case 'add-voter':
        addVoter(state, input.voter, input.tag);
        return;
      case 'remove-voter':
        removeVoter(state, input.voter, input.tag);
        return;
      case 'transfer':
        beginTransfer(state, input);
        return;
      case 'leader-refuses':
        leaderIsGone(state, input.leader);
        return;
      case 'snapshot-taken':
        this.#compact(input.index, input.sizeInBytes);
        return;
      case 'piece-read':
        sendPiece(state, input);
        return;
      default:
        unreachable(input);
    }
  }

  #receive(message: Message): void {
    const state = this.#state;
    switch (message.kind) {
      case 'pre-vote':
        answerPreVote(state, message);
        return;
      case 'pre-vote-response':
        takePreVoteResponse(state, message);
        return;
      case 'vote':
        answerVote(state, message);
        return;
      case 'vote-response':
        takeVoteResponse(state, message);
        return;
      case 'append':
        takeAppend(state, message);
        return;
      case 'append-response':
        takeAppendResponse(state, message);
        return;
      case 'snapshot':
        takeSnapshotPiece(state, message);
        return;
      case 'snapshot-response':
        takeSnapshotResponse(state, message);
        return;
      case 'timeout-now':
        campaignAtOnce(state, message);
        return;
      default:
        unreachable(message);
    }
  }

  #written(write: number): void {
    const state = this.#state;
    state.writtenCount = Math.max(state.writtenCount, write);
    state.log.written(write);
    settleSnapshot(state);
    settleDamage(state);
    settleCampaign(state);
    settleLeadership(state);
  }

  /** A snapshot stands for everything up to an index from now on. */
  #compact(index: LogIndex, sizeInBytes: number): void {
    const { log, committedIndex } = this.#state;
    const term = log.termAt(index);
    // One that came from the leader meanwhile may stand for more.
    if (term === null || index <= log.snapshot.place.index || index > committedIndex) return;
    log.restore({ place: { index, term }, voters: log.votersAt(index).voters, sizeInBytes });
  }
}
