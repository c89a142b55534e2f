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
  /** Where a follower's log begins; −1 of a consumer. */
  logStartOffset: number;
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
  readonly logStartOffset: number;
}

/** A fetch session: the partitions a client follows, in the order in which they are served next (KIP-227). */
export interface FetchSession {
  readonly id: number;
  /** Topic ids are used (Fetch v13+); a session can't change that. */
  readonly byId: boolean;
  /** A follower's: there is always room for it, since brokers are few (B1). */
  readonly isFollowers: boolean;
  /** Epoch that the next request must carry. */
  epoch: number;
  lastUsedMs: number;
  /** What its partitions take of the room. */
  room: number;
  readonly partitions: Map<string, SessionPartition>;
}

/** How a request relates to the sessions. */
export type SessionDecision =
  /** No session, `full`: because there is no room for it. Everything named is fetched and answered. `sessionId` 0. */
  | { readonly kind: 'sessionless'; readonly full: boolean }
  /** A new session holds what the request names; everything is answered. */
  | { readonly kind: 'created'; readonly session: FetchSession }
  /** The session goes on; only what changed is answered. */
  | { readonly kind: 'incremental'; readonly session: FetchSession }
  /** `full`: the session had to end because there was no room for what the request adds. */
  | {
      readonly kind: 'refused';
      readonly full: boolean;
      readonly error: 'FETCH_SESSION_ID_NOT_FOUND' | 'INVALID_FETCH_SESSION_EPOCH' | 'FETCH_SESSION_TOPIC_ID_ERROR';
    };

/** Epochs with a meaning of their own. */
const INITIAL_EPOCH = 0;
const FINAL_EPOCH = -1;
const EPOCH_MAX = 0x7fff_ffff;

/** A session that is unused for this long may be taken by a new one. */
export const SESSION_EVICTION_MS = 120_000;

/** Partitions of one session; known to the broker or not. */
export const SESSION_ROOM = 20_000;
/** Partitions of all sessions of a broker, some 300 bytes each. */
export const SESSIONS_ROOM = 200_000;
/** A name that is longer takes the room of several. */
const NAME_LENGTH = 128;

const roomOf = (key: string): number => 1 + Math.floor(key.length / NAME_LENGTH);

/** The key of a partition in a session. */
export const sessionKey = (
  topic: { readonly topicId: string; readonly topic: string; readonly index: number },
  byId: boolean,
): string => `${byId ? topic.topicId : topic.topic}-${topic.index}`;

/**
 * All fetch sessions of a broker. Invariants, of consumers: F1 at most `slots` sessions; of everybody: F2 a request is served by a session only with
 * exactly the epoch that the session expects; of consumers: F3 at most `SESSION_ROOM` partitions in a session and
 * `SESSIONS_ROOM` in all.
 */
export class FetchSessions {
  readonly #sessions = new Map<number, FetchSession>();
  readonly #slots: () => number;
  /** What sessions of consumers are, and take. */
  #consumerCount = 0;
  #room = 0;

  /** `slots`: `max.incremental.fetch.session.cache.slots`, read at each creation. */
  constructor(slots: () => number) {
    this.#slots = slots;
  }

  get count(): number {
    return this.#sessions.size;
  }

  /** What all partitions of consumers take of the room. */
  get room(): number {
    return this.#room;
  }

  /** Finds, makes or ends the session that a request speaks of. `newId` is a random positive int32. */
  open(
    request: {
      readonly sessionId: number;
      readonly sessionEpoch: number;
      readonly byId: boolean;
      readonly isFollowers: boolean;
      readonly wishes: readonly FetchWish[];
      readonly forgotten: readonly { readonly topicId: string; readonly topic: string; readonly index: number }[];
    },
    nowMs: number,
    newId: () => number,
  ): SessionDecision {
    const { sessionId, sessionEpoch } = request;
    const found = this.#sessions.get(sessionId);
    // Nobody ends or uses what belongs to the other kind.
    const known = found?.isFollowers === request.isFollowers ? found : undefined;
    if (sessionEpoch === INITIAL_EPOCH || sessionEpoch === FINAL_EPOCH) {
      if (known !== undefined) this.#end(known);
      if (sessionEpoch === FINAL_EPOCH) return { kind: 'sessionless', full: false };
      const session = this.#create(request, nowMs, newId);
      return session === null ? { kind: 'sessionless', full: true } : { kind: 'created', session };
    }
    if (known === undefined) return { kind: 'refused', error: 'FETCH_SESSION_ID_NOT_FOUND', full: false };
    if (known.epoch !== sessionEpoch) return { kind: 'refused', error: 'INVALID_FETCH_SESSION_EPOCH', full: false }; // F2
    if (known.byId !== request.byId) return { kind: 'refused', error: 'FETCH_SESSION_TOPIC_ID_ERROR', full: false };
    for (const gone of request.forgotten) this.#forget(known, sessionKey(gone, known.byId));
    if (!this.#put(known, request.wishes)) {
      // The client begins anew, and is served without a session if it must be.
      this.#end(known);
      return { kind: 'refused', error: 'FETCH_SESSION_ID_NOT_FOUND', full: true };
    }
    known.lastUsedMs = nowMs;
    known.epoch = known.epoch === EPOCH_MAX ? 1 : known.epoch + 1;
    if (known.partitions.size === 0) {
      this.#end(known);
      return { kind: 'sessionless', full: false };
    }
    return { kind: 'incremental', session: known };
  }

  /** Partitions that gave data move to the end, so that the next answer begins with others. */
  static rotate(session: FetchSession, served: readonly SessionPartition[]): void {
    for (const partition of served) {
      if (session.partitions.delete(partition.key)) session.partitions.set(partition.key, partition);
    }
  }

  #create(
    request: { readonly byId: boolean; readonly isFollowers: boolean; readonly wishes: readonly FetchWish[] },
    nowMs: number,
    newId: () => number,
  ): FetchSession | null {
    let id = newId();
    while (id === 0 || this.#sessions.has(id)) id = newId();
    const { byId, isFollowers } = request;
    const session = { id, byId, isFollowers, epoch: 1, lastUsedMs: nowMs, room: 0, partitions: new Map() };
    if (isFollowers) while (this.#evict(nowMs, true)) continue;
    else while (this.#consumerCount >= this.#slots()) if (!this.#evict(nowMs)) return null; // F1
    this.#sessions.set(id, session);
    if (!isFollowers) this.#consumerCount += 1;
    while (!this.#put(session, request.wishes)) {
      if (session.room <= SESSION_ROOM && this.#evict(nowMs)) continue;
      this.#end(session);
      return null;
    }
    return session;
  }

  /** Frees what the session held that was unused longest, if it was so for `SESSION_EVICTION_MS`. */
  #evict(nowMs: number, isFollowers = false): boolean {
    let oldest: FetchSession | null = null;
    for (const session of this.#sessions.values()) {
      if (session.isFollowers !== isFollowers) continue;
      if (oldest === null || session.lastUsedMs < oldest.lastUsedMs) oldest = session;
    }
    if (oldest === null || nowMs - oldest.lastUsedMs < SESSION_EVICTION_MS) return false;
    this.#end(oldest);
    return true;
  }

  #end(session: FetchSession): void {
    const removed = this.#sessions.delete(session.id);
    assert(removed, 'a session ends once');
    if (session.isFollowers) return;
    this.#consumerCount -= 1;
    this.#room -= session.room;
  }

  #take(session: FetchSession, room: number): void {
    if (session.isFollowers) return;
    session.room += room;
    this.#room += room;
  }

  #forget(session: FetchSession, key: string): void {
    if (session.partitions.delete(key)) this.#take(session, -roomOf(key));
  }

  /** Adds and updates partitions; false as soon as there is no room (F3). */
  #put(session: FetchSession, wishes: readonly FetchWish[]): boolean {
    for (const wish of wishes) {
      const key = sessionKey(wish, session.byId);
      const known = session.partitions.get(key);
      if (known === undefined) {
        session.partitions.set(key, toPartition(key, wish));
        this.#take(session, roomOf(key));
        if (session.room > SESSION_ROOM || this.#room > SESSIONS_ROOM) return false;
      } else {
        known.fetchOffset = wish.fetchOffset;
        known.maxBytes = wish.maxBytes;
        known.currentLeaderEpoch = wish.currentLeaderEpoch;
        known.lastFetchedEpoch = wish.lastFetchedEpoch;
        known.logStartOffset = wish.logStartOffset;
      }
    }
    return true;
  }
}

/** A partition as a request names it, without a session behind it. */
export function toPartition(key: string, wish: FetchWish): SessionPartition {
  return { key, ...wish, sentHighWatermark: -1, sentLogStartOffset: -1 };
}
