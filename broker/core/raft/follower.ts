import { assert } from '../base/assert.ts';
import { becomeFollower } from './roles.ts';
import type { RaftState } from './state.ts';
import type { AppendRequest, AppendResponse, Entry, ReplicaKey, SnapshotRequest, Term } from './types.ts';

/** A leader of this or a later term speaks: it is followed. False for one of an earlier term, which is told ours (V4). */
function follow(state: RaftState, leader: ReplicaKey, term: Term): boolean {
  if (term < state.term) return false;
  assert(term > state.term || state.role !== 'leader', 'a term has one leader');
  becomeFollower(state, term, leader);
  state.contactAtMs = state.nowMs;
  state.isLeaderGone = false;
  state.restartElectionTimer();
  return true;
}

/** Takes entries behind a place that both logs have (Raft §5.3). */
export function takeAppend(state: RaftState, request: AppendRequest): void {
  if (!follow(state, request.from, request.term)) {
    respond(state, request, { outcome: 'diverged', index: 0, conflictTerm: 0 });
    return;
  }
  const { log } = state;
  // The log is about to be replaced; what is appended now would go with it. Who leads is heard all the same.
  if (state.incoming !== null && state.incoming.lastWrite > 0) {
    const index = Math.min(state.matchedIndex, log.durableIndex);
    respond(state, request, { outcome: 'matched', index, conflictTerm: 0 });
    return;
  }
  const { previous, entries } = request;
  const snapshotIndex = log.snapshot.place.index;
  if (previous.index > snapshotIndex && log.termAt(previous.index) !== previous.term) {
    const index = log.lastAtOrBelow(previous.index, previous.term);
    respond(state, request, { outcome: 'diverged', index, conflictTerm: log.termAt(index) ?? 0 });
    return;
  }
  const write = appendNew(
    state,
    entries.filter((entry) => entry.index > snapshotIndex),
  );
  // What a snapshot stands for is committed, and so the leader's.
  const matched = Math.max(previous.index + entries.length, snapshotIndex);
  state.matchedIndex = Math.max(state.matchedIndex, matched);
  state.commit(Math.min(request.committedIndex, matched));
  settleDamage(state);
  // After a write of entries the answer is about all of them; without one it does not wait for anything.
  const index = write > 0 ? matched : Math.min(matched, log.durableIndex);
  respond(state, request, { outcome: 'matched', index, conflictTerm: 0 }, write);
}

/** Appends what is new and cuts what contradicts it; the number of the write, 0 for none. */
function appendNew(state: RaftState, entries: readonly Entry[]): number {
  const { log } = state;
  const firstNew = entries.findIndex((entry) => log.termAt(entry.index) !== entry.term);
  const first = entries[firstNew];
  // All of it is there already, maybe in a write that is under way.
  if (first === undefined) return entries.length > 0 && log.durableIndex < log.lastIndex ? state.writeCount : 0;
  const isConflict = first.index <= log.lastIndex;
  if (isConflict) assert(first.index > state.committedIndex, 'what is committed is never cut');
  return state.write({ ...(isConflict ? { truncateFrom: first.index } : {}), entries: entries.slice(firstNew) });
}

function respond(
  state: RaftState,
  request: AppendRequest,
  outcome: Pick<AppendResponse, 'outcome' | 'index' | 'conflictTerm'>,
  afterWrite = 0,
): void {
  const { self, term, isDamaged } = state;
  const { from: to, round } = request;
  state.send({ kind: 'append-response', from: self, to, term, round, isDamaged, ...outcome }, afterWrite);
}

/** A damaged log is whole again when it is the leader's, synced, up to where something was lost (V10). */
export function settleDamage(state: RaftState): void {
  if (!state.isDamaged || Math.min(state.matchedIndex, state.log.durableIndex) < state.damagedUpTo) return;
  heal(state);
}

/** The log has everything again that it may have promised. */
export function heal(state: RaftState): void {
  state.damagedUpTo = 0;
  state.damagedTerm = 0;
  state.write({ hardState: true });
}

/** Takes the next piece of a snapshot. */
export function takeSnapshotPiece(state: RaftState, request: SnapshotRequest): void {
  if (!follow(state, request.from, request.term)) {
    answerPiece(state, request, 0);
    return;
  }
  const { meta, position, data } = request;
  if (meta.place.index <= state.committedIndex) {
    answerPiece(state, request, meta.sizeInBytes);
    return;
  }
  // Another leader's of the same place has other bytes.
  const isSameSnapshot = state.incoming?.meta.place.index === meta.place.index && state.incoming.term === request.term;
  if (!isSameSnapshot) {
    if (state.incoming !== null && state.incoming.lastWrite > 0) return;
    state.incoming = { meta, term: request.term, position: 0, lastWrite: 0 };
  }
  const { incoming } = state;
  if (incoming === null || incoming.lastWrite > 0) return;
  if (position !== incoming.position) {
    answerPiece(state, request, incoming.position);
    return;
  }
  state.writeCount += 1;
  incoming.position += data.length;
  const isLast = incoming.position >= meta.sizeInBytes;
  if (isLast) incoming.lastWrite = state.writeCount;
  state.effects.push({ kind: 'write-snapshot', write: state.writeCount, meta, position, data, isLast });
  answerPiece(state, request, incoming.position, state.writeCount);
}

function answerPiece(state: RaftState, request: SnapshotRequest, position: number, afterWrite = 0): void {
  const { self, term } = state;
  const { from: to, round } = request;
  const { place } = request.meta;
  state.send({ kind: 'snapshot-response', from: self, to, term, place, position, round }, afterWrite);
}

/** After a sync: a snapshot that is whole takes the place of the log. */
export function settleSnapshot(state: RaftState): void {
  const { incoming } = state;
  if (incoming === null || incoming.lastWrite === 0 || incoming.lastWrite > state.writtenCount) return;
  state.incoming = null;
  const { meta } = incoming;
  state.log.restore(meta);
  state.learnVoters();
  state.matchedIndex = Math.max(state.matchedIndex, meta.place.index);
  state.committedIndex = Math.max(state.committedIndex, meta.place.index);
  state.effects.push({ kind: 'restore', meta });
}
