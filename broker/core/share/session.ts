import { ErrorCode } from '../protocol/errors.ts';

/** Epoch of a request that opens a session. */
export const INITIAL_EPOCH = 0;
/** Epoch of a request that ends its session. */
export const FINAL_EPOCH = -1;
const EPOCH_MAX = 0x7fff_ffff;

/** The longest member id, in UTF-16 code units. */
const MEMBER_ID_LENGTH_MAX = 36;
/** Share-partitions that one session may name, known to the broker or not. */
export const SESSION_PARTITIONS_MAX = 10_000;
/** Share-partitions of all sessions of a broker. */
export const SESSIONS_PARTITIONS_MAX = 200_000;

/** A share-partition as a session names it. */
export interface SessionPartition {
  readonly topicId: string;
  readonly partition: number;
}

/** The partitions that one member fetches from this broker; lives as long as its connection. */
export interface ShareSession {
  readonly groupId: string;
  readonly memberId: string;
  readonly connectionId: number;
  /** Epoch that the next request has to carry, 1 to 2^31 − 1. */
  epoch: number;
  /** In the order in which they were named. */
  readonly partitions: Map<string, SessionPartition>;
}

/** What a request did to its session. */
export type SessionOutcome =
  /** `replaced` is the member's earlier session, whose records are to be given back. */
  | { readonly kind: 'open'; readonly session: ShareSession; readonly replaced: ShareSession | null }
  | { readonly kind: 'continued'; readonly session: ShareSession }
  /** Its acknowledgements count; then it ends, and the member's records are given back. */
  | { readonly kind: 'final'; readonly session: ShareSession }
  | { readonly kind: 'refused'; readonly errorCode: number };

/** Names a share-partition within a session or a group. */
export function partitionText(topicId: string, partition: number): string {
  return `${topicId}:${partition}`;
}

/** Whether a client-made member id may be used (PROTOCOL §2.6). */
export function isMemberId(memberId: string | null): memberId is string {
  return memberId !== null && memberId.length > 0 && memberId.length <= MEMBER_ID_LENGTH_MAX;
}

function sessionText(groupId: string, memberId: string): string {
  return `${groupId.length}:${groupId}${memberId}`;
}

/**
 * The share sessions of one broker: at most one per member, epochs strictly in sequence (S12); at most `SESSION_PARTITIONS_MAX`
 * partitions in one, and `SESSIONS_PARTITIONS_MAX` in all.
 */
export class ShareSessions {
  readonly #sessions = new Map<string, ShareSession>();
  /** Sessions of each group. */
  readonly #groupCounts = new Map<string, number>();
  /** Sessions by group and then by partition. */
  readonly #followers = new Map<string, Map<string, number>>();
  readonly #byConnection = new Map<number, Set<ShareSession>>();
  #partitionCount = 0;

  /** Number of sessions. */
  get count(): number {
    return this.#sessions.size;
  }

  /** Number of partitions in all sessions. */
  get partitionCount(): number {
    return this.#partitionCount;
  }

  /** Number of sessions of one group. */
  groupCount(groupId: string): number {
    return this.#groupCounts.get(groupId) ?? 0;
  }

  /** Number of the group's members that fetch a partition from this broker. */
  memberCount(groupId: string, { topicId, partition }: SessionPartition): number {
    return this.#followers.get(groupId)?.get(partitionText(topicId, partition)) ?? 0;
  }

  /**
   * Judges a request's epoch and moves the session on. `mayOpen` is false for ShareAcknowledge, which cannot open one.
   * Errors: SHARE_SESSION_NOT_FOUND, INVALID_SHARE_SESSION_EPOCH, SHARE_SESSION_LIMIT_REACHED.
   */
  take(request: {
    readonly groupId: string;
    readonly memberId: string;
    readonly epoch: number;
    readonly connectionId: number;
    readonly mayOpen: boolean;
    readonly sessionsMax: number;
  }): SessionOutcome {
    const { groupId, memberId, epoch, connectionId } = request;
    const session = this.#sessions.get(sessionText(groupId, memberId));
    if (epoch === INITIAL_EPOCH) {
      if (!request.mayOpen) return { kind: 'refused', errorCode: ErrorCode.INVALID_SHARE_SESSION_EPOCH };
      if (session !== undefined) this.remove(session);
      else if (this.#sessions.size >= request.sessionsMax) {
        return { kind: 'refused', errorCode: ErrorCode.SHARE_SESSION_LIMIT_REACHED };
      }
      return { kind: 'open', session: this.#open(groupId, memberId, connectionId), replaced: session ?? null };
    }
    if (session === undefined) return { kind: 'refused', errorCode: ErrorCode.SHARE_SESSION_NOT_FOUND };
    if (epoch === FINAL_EPOCH) return { kind: 'final', session };
    if (epoch !== session.epoch) return { kind: 'refused', errorCode: ErrorCode.INVALID_SHARE_SESSION_EPOCH };
    session.epoch = session.epoch === EPOCH_MAX ? 1 : session.epoch + 1;
    return { kind: 'continued', session };
  }

  /** Ends a session; false when it had ended. */
  remove(session: ShareSession): boolean {
    const text = sessionText(session.groupId, session.memberId);
    if (this.#sessions.get(text) !== session) return false;
    this.#sessions.delete(text);
    for (const partition of session.partitions.keys()) this.#count(session, partition, -1);
    const left = this.groupCount(session.groupId) - 1;
    if (left === 0) this.#groupCounts.delete(session.groupId);
    else this.#groupCounts.set(session.groupId, left);
    const siblings = this.#byConnection.get(session.connectionId);
    siblings?.delete(session);
    if (siblings?.size === 0) this.#byConnection.delete(session.connectionId);
    return true;
  }

  /**
   * Brings the partitions of a live session up to date; false as soon as there is no room for those it adds. One that is
   * both named and forgotten is not in it: a member that loses a partition says so together with its last verdicts.
   */
  follow(session: ShareSession, named: Iterable<SessionPartition>, forgotten: Iterable<SessionPartition>): boolean {
    const { partitions } = session;
    const gone = new Set<string>();
    for (const { topicId, partition } of forgotten) {
      const text = partitionText(topicId, partition);
      gone.add(text);
      if (partitions.delete(text)) this.#count(session, text, -1);
    }
    for (const { topicId, partition } of named) {
      const text = partitionText(topicId, partition);
      if (partitions.has(text) || gone.has(text)) continue;
      if (partitions.size >= SESSION_PARTITIONS_MAX || this.#partitionCount >= SESSIONS_PARTITIONS_MAX) return false;
      partitions.set(text, { topicId, partition });
      this.#count(session, text, 1);
    }
    return true;
  }

  /** Whether the session is still the member's. */
  isLive(session: ShareSession): boolean {
    return this.#sessions.get(sessionText(session.groupId, session.memberId)) === session;
  }

  /** The sessions that end with a connection. */
  ofConnection(connectionId: number): readonly ShareSession[] {
    return [...(this.#byConnection.get(connectionId) ?? [])];
  }

  #count({ groupId }: ShareSession, partition: string, by: 1 | -1): void {
    this.#partitionCount += by;
    let counts = this.#followers.get(groupId);
    if (counts === undefined) {
      counts = new Map();
      this.#followers.set(groupId, counts);
    }
    const count = (counts.get(partition) ?? 0) + by;
    if (count > 0) counts.set(partition, count);
    else counts.delete(partition);
    if (counts.size === 0) this.#followers.delete(groupId);
  }

  #open(groupId: string, memberId: string, connectionId: number): ShareSession {
    const session: ShareSession = { groupId, memberId, connectionId, epoch: 1, partitions: new Map() };
    this.#sessions.set(sessionText(groupId, memberId), session);
    this.#groupCounts.set(groupId, this.groupCount(groupId) + 1);
    const siblings = this.#byConnection.get(connectionId);
    if (siblings === undefined) this.#byConnection.set(connectionId, new Set([session]));
    else siblings.add(session);
    return session;
  }
}

/**
 * The session's partitions in the order of one fetch: it begins one further with every epoch, so that none starves
 * behind the others when a fetch is full early.
 */
export function rotated(session: ShareSession): readonly SessionPartition[] {
  const all = [...session.partitions.values()];
  if (all.length < 2) return all;
  const first = session.epoch % all.length;
  return [...all.slice(first), ...all.slice(0, first)];
}
