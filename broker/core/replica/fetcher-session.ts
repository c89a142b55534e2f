import { ErrorCode } from '../protocol/errors.ts';

/** A request of a fetch session, as far as it speaks of partitions: those named, and those that are no part of it any more. */
export interface SessionRequest<K> {
  readonly sessionId: number;
  readonly sessionEpoch: number;
  readonly named: readonly K[];
  readonly forgotten: readonly K[];
}

const EPOCH_MAX = 0x7fff_ffff;

/**
 * A fetch session (KIP-227) as who fetches sees it: it knows what the leader was told, so that a request names only what has changed.
 * Invariants: F4 the leader's session holds exactly the members that were told and not forgotten; F5 whatever fails begins
 * a new session.
 */
export class FetcherSession<K> {
  /** The last one; a new one takes its place at the leader. */
  #id = 0;
  /** Of the next request; 0 begins a new session. */
  #epoch = 0;
  /** What the leader's session holds. */
  readonly #told = new Set<K>();

  /** How many the leader's session holds. */
  get size(): number {
    return this.#told.size;
  }

  /** Whether the leader's session holds it. */
  holds(member: K): boolean {
    return this.#told.has(member);
  }

  /**
   * The next request. `changed`: those of which something changed since the last one, or that joined or left; `isMember`
   * tells which are to be fetched now; `all` names every member of a new session.
   */
  next(changed: Iterable<K>, isMember: (member: K) => boolean, all: () => Iterable<K>): SessionRequest<K> {
    if (this.#epoch === 0) {
      const named = [...all()].filter(isMember);
      for (const member of named) this.#told.add(member);
      return { sessionId: this.#id, sessionEpoch: 0, named, forgotten: [] };
    }
    const named: K[] = [];
    const forgotten: K[] = [];
    for (const member of changed) {
      if (isMember(member)) {
        named.push(member);
        this.#told.add(member);
      } else if (this.#told.delete(member)) forgotten.push(member);
    }
    return { sessionId: this.#id, sessionEpoch: this.#epoch, named, forgotten };
  }

  /** The answer as a whole. False: nothing of it counts, and the next request begins a new session (F5). */
  onAnswer(errorCode: number, sessionId: number): boolean {
    if (errorCode !== ErrorCode.NONE) {
      this.reset();
      return false;
    }
    // The leader has no room for a session: each request names everything.
    if (sessionId === 0) this.reset();
    else this.#epoch = this.#epoch < EPOCH_MAX ? this.#epoch + 1 : 1;
    this.#id = sessionId;
    return true;
  }

  /** Begins anew with the next request. */
  reset(): void {
    this.#epoch = 0;
    this.#told.clear();
  }
}
