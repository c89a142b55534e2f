import { sizeOf } from './log.ts';
import { Progress } from './progress.ts';
import type { RaftState } from './state.ts';
import { type Entry, type EntryBody, type Input, isSame, keyOf } from './types.ts';

/** Appends an entry at the leader's end; it goes out to everybody when it is synced here. */
export function appendEntry(state: RaftState, body: EntryBody): Entry {
  const entry = { index: state.log.lastIndex + 1, term: state.term, body };
  state.write({ entries: [entry] });
  state.matchedIndex = entry.index;
  if (state.leadership !== null) state.leadership.uncommittedBytes += sizeOf(entry);
  if (body.kind === 'voters') watchVoters(state);
  return entry;
}

/** Follows the voters of the log's last word, and the one that is to become one. */
export function watchVoters(state: RaftState): void {
  const { leadership, voters, self, log, nowMs } = state;
  if (leadership === null) return;
  const wanted = [...voters];
  if (leadership.change?.kind === 'catching-up') wanted.push(leadership.change.voter);
  const keys = new Set(wanted.map(keyOf));
  for (const key of leadership.followers.keys()) if (!keys.has(key)) leadership.followers.delete(key);
  for (const replica of wanted) {
    const key = keyOf(replica);
    if (isSame(replica, self) || leadership.followers.has(key)) continue;
    leadership.followers.set(key, new Progress(replica, log.lastIndex + 1, nowMs));
  }
}

/** Sends what is due to everybody: entries, pieces of snapshots, heartbeats. */
export function replicate(state: RaftState): void {
  const { leadership, nowMs, options } = state;
  if (leadership === null) return;
  const isHeartbeatDue = nowMs >= leadership.heartbeatAtMs;
  if (isHeartbeatDue) {
    leadership.round += 1;
    leadership.heartbeatAtMs = nowMs + options.heartbeatIntervalMs;
  }
  for (const progress of leadership.followers.values()) {
    if (isHeartbeatDue) progress.roundBegins(leadership.round, nowMs, state.log.lastIndex);
    const isSent = sendEntries(state, progress);
    if (isHeartbeatDue && !isSent) sendHeartbeat(state, progress);
  }
}

/** Begins a round of heartbeats now. */
export function hasten(state: RaftState): void {
  if (state.leadership !== null) state.leadership.heartbeatAtMs = state.nowMs;
}

/** Sends a follower what it lacks, as far as it may; false when nothing was sent. */
function sendEntries(state: RaftState, progress: Progress): boolean {
  const { log, nowMs, options } = state;
  const isLost = progress.state === 'replicate' && progress.inFlightCount > 0 && nowMs >= progress.retryAtMs;
  if (isLost) progress.probe(progress.matchIndex + 1);
  if (progress.state !== 'snapshot' && log.termAt(progress.nextIndex - 1) === null) progress.sendSnapshot(log.snapshot);
  if (progress.state === 'snapshot') {
    askForPiece(state, progress);
    return false;
  }
  let isSent = false;
  // What is not synced here is not sent: when power goes everywhere at once, the leader's log is whole up to what any other has begun
  // to write, and so the others can elect it (V10).
  while (progress.nextIndex <= log.durableIndex) {
    const mayNot = progress.state === 'probe' ? nowMs < progress.retryAtMs : progress.isFull;
    if (mayNot) break;
    const entries = log.slice(progress.nextIndex, {
      countMax: Math.min(options.appendCountMax, log.durableIndex - progress.nextIndex + 1),
      bytesMax: options.appendBytesMax,
    });
    sendAppend(state, progress, entries);
    progress.sent(progress.nextIndex + entries.length - 1, nowMs + options.electionTimeoutMs);
    isSent = true;
  }
  return isSent;
}

function sendHeartbeat(state: RaftState, progress: Progress): void {
  sendAppend(state, progress, []);
}

function sendAppend(state: RaftState, progress: Progress, entries: readonly Entry[]): void {
  const { self, term, log, committedIndex, leadership } = state;
  const index = progress.nextIndex - 1;
  // A follower that waits for a snapshot only has to hear that there is a leader.
  const isKnown = progress.state !== 'snapshot' && log.termAt(index) !== null;
  const previous = isKnown ? { index, term: log.termAt(index) ?? 0 } : { index: 0, term: 0 };
  const round = leadership?.round ?? 0;
  state.send({ kind: 'append', from: self, to: progress.replica, term, previous, entries, committedIndex, round });
}

function askForPiece(state: RaftState, progress: Progress): void {
  if (state.nowMs < progress.retryAtMs) return;
  const { place } = state.log.snapshot;
  // The host has only the latest one.
  if (progress.snapshot?.meta.place.index !== place.index) progress.sendSnapshot(state.log.snapshot);
  const { snapshot } = progress;
  if (snapshot === null) return;
  progress.retryAtMs = state.nowMs + 2 * state.options.electionTimeoutMs;
  state.effects.push({ kind: 'read-piece', to: progress.replica, meta: snapshot.meta, position: snapshot.position });
}

/** A piece of a snapshot was read for a follower. */
export function sendPiece(state: RaftState, piece: Extract<Input, { kind: 'piece-read' }>): void {
  const { leadership, self, term } = state;
  const { to, meta, position, data } = piece;
  const snapshot = leadership?.followers.get(keyOf(to))?.snapshot;
  // What was asked for before is not of use any more.
  if (leadership === null || snapshot?.position !== position) return;
  if (snapshot.meta.place.index !== meta.place.index) return;
  const { round } = leadership;
  state.send({ kind: 'snapshot', from: self, to, term, meta, position, data, round });
}
