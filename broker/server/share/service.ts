import { topicId as asTopicId } from '../../core/base/ids.ts';
import { ErrorCode } from '../../core/protocol/errors.ts';
import { type AcknowledgementBatch, checkBatches } from '../../core/share/acknowledgement.ts';
import type { AcquireMode } from '../../core/share/acquisition.ts';
import {
  FINAL_EPOCH,
  INITIAL_EPOCH,
  isMemberId,
  rotated,
  type ShareSession,
  ShareSessions,
} from '../../core/share/session.ts';
import { LimitLog } from '../network/limit-log.ts';
import type { Partition, Partitions } from '../partitions/partition.ts';
import type { RequestContext } from '../request-context.ts';
import { type ShareFetchEntry, ShareFetchOperation } from './fetch-operation.ts';
import type { ShareDeps } from './partition-host.ts';
import { isolationOf, rulesOf } from './rules.ts';
import { SharePartitions } from './share-partitions.ts';

/** A partition that a request names, with what the member says of its records. */
export interface NamedPartition {
  readonly topicId: string;
  readonly partition: number;
  readonly batches: readonly AcknowledgementBatch[];
}

/** What ShareFetch and ShareAcknowledge have in common. */
export interface ShareRequest {
  readonly groupId: string | null;
  readonly memberId: string | null;
  readonly epoch: number;
  /** The request may renew locks (v2). */
  readonly renew: boolean;
  readonly partitions: readonly NamedPartition[];
  readonly context: RequestContext;
}

/** The part of a ShareFetch that fetches. */
export interface FetchWish {
  readonly mode: AcquireMode;
  readonly recordsMax: number;
  readonly batchSize: number;
  readonly minBytes: number;
  readonly maxBytes: number;
  readonly maxWaitMs: number;
  readonly forgotten: readonly { readonly topicId: string; readonly partition: number }[];
}

/** The verdict on one partition's acknowledgements. */
export interface AcknowledgeResult {
  readonly topicId: string;
  readonly partition: number;
  readonly errorCode: number;
}

/** Answer to a ShareAcknowledge. */
export interface AcknowledgeAnswer {
  /** Of the whole request; nothing else counts when it is not NONE. */
  readonly errorCode: number;
  readonly lockTimeoutMs: number;
  readonly results: readonly AcknowledgeResult[];
}

/** Answer to a ShareFetch. */
export interface FetchAnswer extends AcknowledgeAnswer {
  readonly entries: readonly ShareFetchEntry[];
}

type Located =
  | { readonly host: Partition; readonly errorCode: 0 }
  | { readonly host: null; readonly errorCode: number };

/**
 * Share groups as this node serves them: sessions, the share-partitions that it leads, and the requests of members.
 * Membership is not asked for: who may read the group and names a known partition may fetch, as in Kafka.
 */
export class ShareService {
  readonly sessions = new ShareSessions();
  readonly partitions: SharePartitions;
  readonly #deps: ShareDeps & { readonly partitions: Partitions };
  readonly #fetching = new Map<ShareSession, Set<ShareFetchOperation>>();
  readonly #connections = new Set<number>();
  readonly #limits: LimitLog;

  constructor(deps: ShareDeps & { readonly partitions: Partitions }) {
    this.#deps = deps;
    this.partitions = new SharePartitions(deps);
    this.#limits = new LimitLog(deps);
  }

  /** Carries out a ShareAcknowledge; `reply` is called once, after every verdict is committed. */
  acknowledge(request: ShareRequest, reply: (answer: AcknowledgeAnswer) => void): void {
    const taken = this.#takeSession(request, false);
    if (typeof taken === 'number') {
      reply({ errorCode: taken, lockTimeoutMs: 0, results: [] });
      return;
    }
    const lockTimeoutMs = rulesOf(this.#deps, taken.groupId).lockDurationMs;
    this.#acknowledgeAll(taken, request, (results) => reply({ errorCode: ErrorCode.NONE, lockTimeoutMs, results }));
    if (request.epoch === FINAL_EPOCH) this.#endSession(taken);
  }

  /** Carries out a ShareFetch: acknowledgements first, then the fetch; `reply` is called once, when both are done. */
  fetch(request: ShareRequest, wish: FetchWish, reply: (answer: FetchAnswer) => void): void {
    const acknowledges = request.partitions.some(({ batches }) => batches.length > 0);
    const taken =
      request.epoch === INITIAL_EPOCH && acknowledges ? ErrorCode.INVALID_REQUEST : this.#follow(request, wish);
    if (typeof taken === 'number') {
      const refuse = (): void => reply({ errorCode: taken, lockTimeoutMs: 0, results: [], entries: [] });
      // Who is told at once that there is no room would ask again at once.
      if (taken === ErrorCode.SHARE_SESSION_LIMIT_REACHED) this.#deps.timers.after(Math.max(0, wish.maxWaitMs), refuse);
      else refuse();
      return;
    }
    const session = taken;
    const lockTimeoutMs = rulesOf(this.#deps, session.groupId).lockDurationMs;
    let results: readonly AcknowledgeResult[] | null = null;
    let entries: readonly ShareFetchEntry[] | null = null;
    const settle = (): void => {
      if (results !== null && entries !== null) reply({ errorCode: ErrorCode.NONE, lockTimeoutMs, results, entries });
    };
    this.#acknowledgeAll(session, request, (verdicts) => {
      results = verdicts;
      settle();
    });
    const last = request.epoch === FINAL_EPOCH;
    if (last) this.#endSession(session);
    // A renewal fetches nothing, but the partitions that it names join the session like all others.
    const named = last ? [] : this.#entriesOf(session, request);
    const asked = request.renew ? [] : named;
    this.#startFetch(session, asked, wish, () => {
      entries = asked;
      settle();
    });
  }

  /** The session with the partitions that a fetch wants in it, or why not. One that there is no room for has to end. */
  #follow(request: ShareRequest, wish: FetchWish): ShareSession | number {
    const taken = this.#takeSession(request, true);
    if (typeof taken === 'number' || request.epoch === FINAL_EPOCH) return taken;
    if (this.sessions.follow(taken, request.partitions, wish.forgotten)) return taken;
    this.#endSession(taken);
    const { groupId, memberId } = taken;
    const message = 'share session ended: its partitions, or those of all sessions, are too many';
    this.#limits.write('warn', 'share session partitions', { groupId, memberId }, message);
    return ErrorCode.SHARE_SESSION_LIMIT_REACHED;
  }

  /** Judges the session's part of a request: the session, or why not. */
  #takeSession(request: ShareRequest, mayOpen: boolean): ShareSession | number {
    const { groupId, memberId, epoch, context } = request;
    if (groupId === null || groupId === '' || !isMemberId(memberId)) return ErrorCode.INVALID_REQUEST;
    if (!context.allowed({ operation: 'read', resourceType: 'group', resourceName: groupId })) {
      return ErrorCode.GROUP_AUTHORIZATION_FAILED;
    }
    const { connectionId } = context.connection;
    const sessionsMax = this.#deps.settings.broker('group.share.max.share.sessions');
    const outcome = this.sessions.take({ groupId, memberId, epoch, connectionId, mayOpen, sessionsMax });
    switch (outcome.kind) {
      case 'refused':
        return outcome.errorCode;
      case 'open':
        if (outcome.replaced !== null) this.#cancelFetches(outcome.replaced);
        // A member that came back through another connection lost what it held with the first (§2.6).
        if (outcome.replaced !== null && outcome.replaced.connectionId !== connectionId)
          this.#release(groupId, memberId);
        this.#followConnection(context);
        return outcome.session;
      default:
        return outcome.session;
    }
  }

  #followConnection(context: RequestContext): void {
    const { connectionId } = context.connection;
    if (this.#connections.has(connectionId)) return;
    this.#connections.add(connectionId);
    context.connection.onClose(() => {
      this.#connections.delete(connectionId);
      for (const session of this.sessions.ofConnection(connectionId)) this.#endSession(session);
    });
  }

  /** Ends a session: its fetches finish, its member's records come back, the group's last one lets the memory go. */
  #endSession(session: ShareSession): void {
    if (!this.sessions.remove(session)) return;
    const { groupId, memberId } = session;
    this.#cancelFetches(session);
    this.#release(groupId, memberId);
    if (this.sessions.groupCount(groupId) > 0) return;
    for (const host of this.partitions.ofGroup(groupId)) host.retire();
  }

  #release(groupId: string, memberId: string): void {
    for (const host of this.partitions.ofGroup(groupId)) host.release(memberId);
  }

  #cancelFetches(session: ShareSession): void {
    for (const operation of [...(this.#fetching.get(session) ?? [])]) operation.cancel();
  }

  /** The partition as far as this request may touch it. */
  #locate(topicId: string, partition: number, context: RequestContext): Located {
    const topic = this.#deps.metadata.view.topicById(asTopicId(topicId));
    if (topic === null) return { host: null, errorCode: ErrorCode.UNKNOWN_TOPIC_ID };
    if (!context.allowed({ operation: 'read', resourceType: 'topic', resourceName: topic.name })) {
      return { host: null, errorCode: ErrorCode.TOPIC_AUTHORIZATION_FAILED };
    }
    if (topic.partition(partition) === undefined)
      return { host: null, errorCode: ErrorCode.UNKNOWN_TOPIC_OR_PARTITION };
    const host = this.#deps.partitions.byId(topic.id, partition);
    if (host === null) return { host: null, errorCode: ErrorCode.NOT_LEADER_OR_FOLLOWER };
    const errorCode = host.status(-1);
    return errorCode === ErrorCode.NONE ? { host, errorCode: 0 } : { host: null, errorCode };
  }

  /** Judges the acknowledgements of every partition that has some; `done` gets the verdicts in the order of the request. */
  #acknowledgeAll(
    session: ShareSession,
    request: ShareRequest,
    done: (results: readonly AcknowledgeResult[]) => void,
  ): void {
    const asked = request.partitions.filter(({ batches }) => batches.length > 0);
    const results: AcknowledgeResult[] = [];
    let open = asked.length;
    if (open === 0) done(results);
    asked.forEach((named, index) => {
      this.#acknowledgeOne(session, request, named, (errorCode) => {
        results[index] = { topicId: named.topicId, partition: named.partition, errorCode };
        open -= 1;
        if (open === 0) done(results);
      });
    });
  }

  #acknowledgeOne(
    session: ShareSession,
    request: ShareRequest,
    named: NamedPartition,
    done: (errorCode: number) => void,
  ): void {
    const { topicId, partition, batches } = named;
    const form = checkBatches(batches, request.renew);
    const located = this.#locate(topicId, partition, request.context);
    const errorCode = located.errorCode || form;
    const host = this.partitions.find(session.groupId, topicId, partition);
    if (errorCode !== ErrorCode.NONE) done(errorCode);
    else if (host === null) done(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION);
    else host.acknowledge(session.memberId, batches, done);
  }

  /** The session's partitions in the order of this fetch. */
  #entriesOf(session: ShareSession, request: ShareRequest): ShareFetchEntry[] {
    return rotated(session).map(({ topicId, partition }): ShareFetchEntry => {
      const located = this.#locate(topicId, partition, request.context);
      const host = located.host === null ? null : this.partitions.obtain(session.groupId, located.host);
      return { topicId, partition, host, errorCode: located.errorCode, chunks: [], acquired: [] };
    });
  }

  #startFetch(session: ShareSession, entries: readonly ShareFetchEntry[], wish: FetchWish, done: () => void): void {
    if (entries.length === 0 && (wish.maxWaitMs <= 0 || !this.sessions.isLive(session))) {
      done();
      return;
    }
    const operation = new ShareFetchOperation({
      timers: this.#deps.timers,
      memberId: session.memberId,
      entries,
      mode: wish.mode,
      isolationLevel: isolationOf(this.#deps, session.groupId),
      recordsMax: wish.recordsMax,
      batchSize: Math.max(1, wish.batchSize),
      minBytes: wish.minBytes,
      maxBytes: Math.min(wish.maxBytes, this.#deps.settings.broker('fetch.max.bytes')),
      maxWaitMs: wish.maxWaitMs,
      memberCount: (entry) => this.sessions.memberCount(session.groupId, entry),
      isLive: () => this.sessions.isLive(session),
      done: () => {
        const operations = this.#fetching.get(session);
        operations?.delete(operation);
        if (operations?.size === 0) this.#fetching.delete(session);
        done();
      },
    });
    const operations = this.#fetching.get(session);
    if (operations === undefined) this.#fetching.set(session, new Set([operation]));
    else operations.add(operation);
    operation.start();
  }
}
