import { assert } from '../base/assert.ts';

/** What a fetch asks of one partition, and what its session last told the client. */
export interface SessionPartition {
  /** `<topic id or name>-<index>`, unique within the session. */
  readonly key: string;
  readonly topicId: string;
  readonly topic: string;
  readonly index: number;
  fetchOffset: number;
  maxBytes: number;
  currentLeaderEpoch: number;
  lastFetchedEpoch: number;
  /** Last values sent; −1 before the first answer. */
  sentHighWatermark: number;
  sentLogStartOffset: number;
}

/** One partition named by a request. */
export interface FetchWish {
  readonly topicId: string;
  readonly topic: string;
  readonly index: number;
  readonly fetchOffset: number;
  readonly maxBytes: number;
  readonly currentLeaderEpoch: number;
  readonly lastFetchedEpoch: number;
}

/** A fetch session: the partitions a client follows, in the order in which they are served next (KIP-227). */
export interface FetchSession {
  readonly id: number;
  /** Topic ids are used (Fetch v13+); a session can't change that. */
  readonly byId: boolean;
  /** Epoch that the next request must carry. */
  epoch: number;
  lastUsedMs: number;
  readonly partitions: Map<string, SessionPartition>;
}

/** How a request relates to the sessions. */
export type SessionDecision =
  /** No session: everything named is fetched and answered. `sessionId` 0. */
  | { readonly kind: 'sessionless' }
  /** A new session holds what the request names; everything is answered. */
  | { readonly kind: 'created'; readonly session: FetchSession }
  /** The session goes on; only what changed is answered. */
  | { readonly kind: 'incremental'; readonly session: FetchSession }
  | {
      readonly kind: 'refused';
      readonly error: 'FETCH_SESSION_ID_NOT_FOUND' | 'INVALID_FETCH_SESSION_EPOCH' | 'FETCH_SESSION_TOPIC_ID_ERROR';
    };

/** Epochs with a meaning of their own. */
const INITIAL_EPOCH = 0;
const FINAL_EPOCH = -1;
const EPOCH_MAX = 0x7fff_ffff;

/** A session that is unused for this long may be taken by a new one. */
export const SESSION_EVICTION_MS = 120_000;

/** The key of a partition in a session. */
export const sessionKey = (
  topic: { readonly topicId: string; readonly topic: string; readonly index: number },
  byId: boolean,
): string => `${byId ? topic.topicId : topic.topic}-${topic.index}`;

/**
 * All fetch sessions of a broker. Invariants: F1 at most `slots` sessions; F2 a request is served by a session only with
 * exactly the epoch that the session expects.
 */
export class FetchSessions {
  readonly #sessions = new Map<number, FetchSession>();
  readonly #slots: () => number;

  /** `slots`: `max.incremental.fetch.session.cache.slots`, read at each creation. */
  constructor(slots: () => number) {
    this.#slots = slots;
  }

  get count(): number {
    return this.#sessions.size;
  }

  /** Finds, makes or ends the session that a request speaks of. `newId` is a random positive int32. */
  open(
    request: {
      readonly sessionId: number;
      readonly sessionEpoch: number;
      readonly byId: boolean;
      readonly wishes: readonly FetchWish[];
      readonly forgotten: readonly { readonly topicId: string; readonly topic: string; readonly index: number }[];
    },
    nowMs: number,
    newId: () => number,
  ): SessionDecision {
    const { sessionId, sessionEpoch } = request;
    if (sessionEpoch === INITIAL_EPOCH || sessionEpoch === FINAL_EPOCH) {
      if (sessionId !== 0) this.#sessions.delete(sessionId);
      if (sessionEpoch === FINAL_EPOCH) return { kind: 'sessionless' };
      const session = this.#create(request, nowMs, newId);
      return session === null ? { kind: 'sessionless' } : { kind: 'created', session };
    }
    const session = this.#sessions.get(sessionId);
    if (session === undefined) return { kind: 'refused', error: 'FETCH_SESSION_ID_NOT_FOUND' };
    if (session.epoch !== sessionEpoch) return { kind: 'refused', error: 'INVALID_FETCH_SESSION_EPOCH' }; // F2
    if (session.byId !== request.byId) return { kind: 'refused', error: 'FETCH_SESSION_TOPIC_ID_ERROR' };
    for (const gone of request.forgotten) session.partitions.delete(sessionKey(gone, session.byId));
    for (const wish of request.wishes) put(session, wish);
    session.lastUsedMs = nowMs;
    session.epoch = session.epoch === EPOCH_MAX ? 1 : session.epoch + 1;
    if (session.partitions.size === 0) {
      this.#sessions.delete(sessionId);
      return { kind: 'sessionless' };
    }
    return { kind: 'incremental', session };
  }

  /** Partitions that gave data move to the end, so that the next answer begins with others. */
  static rotate(session: FetchSession, served: readonly SessionPartition[]): void {
    for (const partition of served) {
      if (session.partitions.delete(partition.key)) session.partitions.set(partition.key, partition);
    }
  }

  #create(
    request: { readonly byId: boolean; readonly wishes: readonly FetchWish[] },
    nowMs: number,
    newId: () => number,
  ): FetchSession | null {
    if (this.#sessions.size >= this.#slots() && !this.#evict(nowMs)) return null; // F1
    let id = newId();
    while (id === 0 || this.#sessions.has(id)) id = newId();
    const session: FetchSession = { id, byId: request.byId, epoch: 1, lastUsedMs: nowMs, partitions: new Map() };
    for (const wish of request.wishes) put(session, wish);
    this.#sessions.set(id, session);
    return session;
  }

  /** Frees the slot of the session that was unused longest, if it was so for `SESSION_EVICTION_MS`. */
  #evict(nowMs: number): boolean {
    let oldest: FetchSession | null = null;
    for (const session of this.#sessions.values()) {
      if (oldest === null || session.lastUsedMs < oldest.lastUsedMs) oldest = session;
    }
    if (oldest === null || nowMs - oldest.lastUsedMs < SESSION_EVICTION_MS) return false;
    const removed = this.#sessions.delete(oldest.id);
    assert(removed, 'the oldest session is in the cache');
    return true;
  }
}

function put(session: FetchSession, wish: FetchWish): void {
  const key = sessionKey(wish, session.byId);
  const known = session.partitions.get(key);
  if (known === undefined) {
    session.partitions.set(key, toPartition(key, wish));
    return;
  }
  known.fetchOffset = wish.fetchOffset;
  known.maxBytes = wish.maxBytes;
  known.currentLeaderEpoch = wish.currentLeaderEpoch;
  known.lastFetchedEpoch = wish.lastFetchedEpoch;
}

/** A partition as a request names it, without a session behind it. */
export function toPartition(key: string, wish: FetchWish): SessionPartition {
  return { key, ...wish, sentHighWatermark: -1, sentLogStartOffset: -1 };
}
