import { assert } from '../base/assert.ts';
import { ApiKey } from '../protocol/apis.ts';
import { ErrorCode, errorName, isRetriable } from '../protocol/errors.ts';
import type { ApiResponses } from '../protocol/messages.ts';
import type { CallOutcome } from './call.ts';
import type { Network } from './network.ts';
import { Acknowledgement, type AcknowledgementType, type SharePartitionName, shareKey } from './share-types.ts';

type FetchAnswer = ApiResponses[typeof ApiKey.ShareFetch];
type PartitionAnswer = FetchAnswer['responses'][number]['partitions'][number];

/** An acknowledgement of one offset, on its way or waiting. */
export interface PendingAck {
  readonly offset: number;
  readonly type: AcknowledgementType;
}

interface AckGroup {
  readonly where: SharePartitionName;
  readonly acks: PendingAck[];
}

/** What a session tells its consumer. */
export interface SessionListener {
  /** Records came for a partition of this session. */
  fetched(where: SharePartitionName, answer: PartitionAnswer, lockTimeoutMs: number): void;
  settled(where: SharePartitionName, ack: PendingAck, code: number, certain: boolean): void;
  /** The partition is not served here (any more): look for its leader. */
  moved(
    where: SharePartitionName,
    answer: { readonly code: number; readonly leader: number; readonly leaderEpoch: number },
  ): void;
  /** Something failed; the session starts anew after a pause. */
  trouble(code: number, reason: string): void;
  fatal(code: number, reason: string): void;
  /** The request under way is over: more can be done. */
  idle(): void;
}

/** Looks after a request about these partitions until the function that it gives is called: its broker may be gone without a word. */
export type SessionWatch = (partitions: readonly SharePartitionName[]) => () => void;

/** What every request of a session carries. */
export interface SessionIdentity {
  readonly groupId: string;
  readonly memberId: string;
  readonly maxWaitMs: number;
}

const EPOCH_MAX = 0x7fff_ffff;
const FINAL_EPOCH = -1;
const RECORD_LIMIT_MODE = 1;
const FETCH_BYTES_MAX = 52_428_800;
/** The first version of ShareAcknowledge with renewals (KIP-1222). */
const RENEWING_VERSION = 2;

/**
 * The share session with one broker: one request at a time, epochs in step, acknowledgements with the next request. It
 * ends with its connection: what was acquired through it is released by the broker then.
 */
export class ShareSession {
  readonly node: number;
  readonly #network: Network;
  readonly #identity: SessionIdentity;
  readonly #listener: SessionListener;
  readonly #watch: SessionWatch;
  #epoch = 0;
  /** Partitions that the broker has in the session. */
  #members = new Map<string, SharePartitionName>();
  #wanted = new Map<string, SharePartitionName>();
  #acks = new Map<string, AckGroup>();
  #busy = false;
  #pausedUntilMs = 0;
  #attempt = 0;
  #over = false;

  constructor(
    node: number,
    parts: {
      readonly network: Network;
      readonly identity: SessionIdentity;
      readonly listener: SessionListener;
      readonly watch: SessionWatch;
    },
  ) {
    this.node = node;
    this.#network = parts.network;
    this.#identity = parts.identity;
    this.#listener = parts.listener;
    this.#watch = parts.watch;
  }

  get busy(): boolean {
    return this.#busy;
  }

  /** Whether a request may go out now. */
  get free(): boolean {
    return !this.#busy && !this.#over && this.#pausedUntilMs <= this.#network.nowMs;
  }

  get hasAcks(): boolean {
    return this.#acks.size > 0;
  }

  /** It has ended, or the broker knows nothing of it and nothing is to be said: it can be forgotten. */
  get isEmpty(): boolean {
    return !this.#busy && this.#acks.size === 0 && (this.#over || (this.#wanted.size === 0 && this.#epoch === 0));
  }

  /** Sets the partitions to fetch from this broker, by `shareKey`. */
  want(partitions: Map<string, SharePartitionName>): void {
    this.#wanted = partitions;
  }

  get wantsAny(): boolean {
    return this.#wanted.size > 0;
  }

  acknowledge(where: SharePartitionName, ack: PendingAck): void {
    const key = shareKey(where.topicId, where.partition);
    const group = this.#acks.get(key);
    if (group === undefined) this.#acks.set(key, { where, acks: [ack] });
    else group.acks.push(ack);
  }

  /** Fetches up to `maxRecords` records; waiting acknowledgements go along, among which there is no renewal. */
  fetch(maxRecords: number): void {
    assert(this.free, 'a share session has one request at a time');
    const groups = this.#takeAcks();
    assert(!hasRenewal(groups), 'a request that renews fetches nothing');
    const named = new Map<string, SharePartitionName>();
    for (const [key, where] of this.#wanted) if (!this.#members.has(key)) named.set(key, where);
    for (const [key, { where }] of groups) named.set(key, where);
    const forgotten = [...this.#members]
      .filter(([key]) => !this.#wanted.has(key) && !groups.has(key))
      .map(([, where]) => where);
    this.#busy = true;
    const forget = this.#watch([...this.#members.values(), ...named.values()]);
    this.#network.call(this.node, {
      key: ApiKey.ShareFetch,
      extraTimeMs: this.#identity.maxWaitMs,
      body: (version) => ({
        groupId: this.#identity.groupId,
        memberId: this.#identity.memberId,
        shareSessionEpoch: this.#epoch,
        maxWaitMs: this.#identity.maxWaitMs,
        minBytes: 1,
        maxBytes: FETCH_BYTES_MAX,
        maxRecords,
        batchSize: maxRecords,
        ...(version >= 2 ? { shareAcquireMode: RECORD_LIMIT_MODE } : {}),
        topics: byTopic([...named.values()]).map(([topicId, partitions]) => ({
          topicId,
          partitions: partitions.map((partitionIndex) => ({
            partitionIndex,
            acknowledgementBatches: ackBatches(groups.get(shareKey(topicId, partitionIndex))),
          })),
        })),
        forgottenTopicsData: byTopic(forgotten).map(([topicId, partitions]) => ({ topicId, partitions })),
      }),
      done: (outcome) => {
        forget();
        for (const [key, where] of named) this.#members.set(key, where);
        for (const where of forgotten) this.#members.delete(shareKey(where.topicId, where.partition));
        this.#fetchAnswered(outcome, groups);
      },
    });
  }

  /** Sends waiting acknowledgements by themselves; with `final` the broker ends the session afterwards. */
  sendAcks(options: { readonly final: boolean }): void {
    assert(this.free, 'a share session has one request at a time');
    const groups = this.#takeAcks();
    if (options.final) this.#over = true;
    if (this.#epoch === 0) {
      this.#listener.idle();
      return;
    }
    this.#busy = true;
    const forget = this.#watch([...this.#members.values(), ...[...groups.values()].map((group) => group.where)]);
    const topics = byTopic([...groups.values()].map((group) => group.where));
    const renews = hasRenewal(groups);
    this.#network.call(this.node, {
      key: ApiKey.ShareAcknowledge,
      ...(renews ? { minVersion: RENEWING_VERSION } : {}),
      body: () => ({
        groupId: this.#identity.groupId,
        memberId: this.#identity.memberId,
        shareSessionEpoch: options.final ? FINAL_EPOCH : this.#epoch,
        ...(renews ? { isRenewAck: true } : {}),
        topics: topics.map(([topicId, partitions]) => ({
          topicId,
          partitions: partitions.map((partitionIndex) => ({
            partitionIndex,
            acknowledgementBatches: ackBatches(groups.get(shareKey(topicId, partitionIndex))),
          })),
        })),
      }),
      done: (outcome) => {
        forget();
        for (const [key, { where }] of groups) this.#members.set(key, where);
        this.#acknowledged(outcome, groups);
      },
    });
  }

  /** Fails what waits; nothing is sent any more. */
  abandon(code: number): void {
    this.#over = true;
    this.#settleAll(this.#acks, code, true);
    this.#acks = new Map();
  }

  describe(): string {
    return `node${this.node}:epoch=${this.#epoch}${this.#busy ? '*' : ''} partitions=${this.#members.size} acks=${this.#acks.size}`;
  }

  /** Acknowledgements for the request under construction. A new session knows of nothing acquired: they fail. */
  #takeAcks(): Map<string, AckGroup> {
    const taken = this.#acks;
    this.#acks = new Map();
    if (this.#epoch !== 0) return taken;
    this.#settleAll(taken, ErrorCode.SHARE_SESSION_NOT_FOUND, true);
    return new Map();
  }

  #fetchAnswered(outcome: CallOutcome<typeof ApiKey.ShareFetch>, groups: ReadonlyMap<string, AckGroup>): void {
    this.#busy = false;
    if (!this.#sound(outcome, groups)) return;
    const { body } = outcome;
    const answered = new Set<string>();
    for (const topic of body.responses) {
      for (const answer of topic.partitions) {
        const key = shareKey(topic.topicId, answer.partitionIndex);
        answered.add(key);
        const group = groups.get(key);
        if (group !== undefined)
          this.#settle(group, answer.acknowledgeErrorCode, isCertain(answer.acknowledgeErrorCode));
        const where = this.#members.get(key);
        if (where !== undefined) this.#partitionAnswered(key, where, answer, body.acquisitionLockTimeoutMs);
      }
    }
    this.#settleUnanswered(groups, answered);
    this.#listener.idle();
  }

  #partitionAnswered(key: string, where: SharePartitionName, answer: PartitionAnswer, lockTimeoutMs: number): void {
    if (answer.errorCode === ErrorCode.NONE) {
      if (answer.acquiredRecords.length > 0) this.#listener.fetched(where, answer, lockTimeoutMs);
      return;
    }
    this.#wanted.delete(key);
    const { leaderId, leaderEpoch } = answer.currentLeader;
    this.#listener.moved(where, { code: answer.errorCode, leader: leaderId, leaderEpoch });
  }

  #acknowledged(outcome: CallOutcome<typeof ApiKey.ShareAcknowledge>, groups: ReadonlyMap<string, AckGroup>): void {
    this.#busy = false;
    if (!this.#sound(outcome, groups)) return;
    const answered = new Set<string>();
    for (const topic of outcome.body.responses) {
      for (const answer of topic.partitions) {
        const key = shareKey(topic.topicId, answer.partitionIndex);
        const group = groups.get(key);
        answered.add(key);
        if (group !== undefined) this.#settle(group, answer.errorCode, isCertain(answer.errorCode));
      }
    }
    this.#settleUnanswered(groups, answered);
    this.#listener.idle();
  }

  /** Whether the request as a whole succeeded; else the session starts anew and the acknowledgements have failed. */
  #sound<K extends typeof ApiKey.ShareFetch | typeof ApiKey.ShareAcknowledge>(
    outcome: CallOutcome<K>,
    groups: ReadonlyMap<string, AckGroup>,
  ): outcome is Extract<CallOutcome<K>, { ok: true }> {
    const failure = failureOf(outcome);
    if (failure === null) {
      this.#attempt = 0;
      this.#epoch = this.#epoch === EPOCH_MAX ? 1 : this.#epoch + 1;
      return true;
    }
    this.#epoch = 0;
    this.#members = new Map();
    this.#settleAll(groups, failure.code, !failure.sent);
    const sessionOnly =
      failure.code === ErrorCode.SHARE_SESSION_NOT_FOUND || failure.code === ErrorCode.INVALID_SHARE_SESSION_EPOCH;
    if (!sessionOnly || this.#attempt > 0)
      this.#pausedUntilMs = this.#network.nowMs + this.#network.backoffMs(this.#attempt);
    this.#attempt += 1;
    const retriable =
      isRetriable(failure.code) ||
      failure.code === ErrorCode.BROKER_NOT_AVAILABLE ||
      failure.code === ErrorCode.UNKNOWN_MEMBER_ID;
    if (retriable) this.#listener.trouble(failure.code, failure.reason);
    else this.#listener.fatal(failure.code, failure.reason);
    this.#network.schedule.at(this.#pausedUntilMs, () => {
      this.#listener.idle();
    });
    return false;
  }

  #settle(group: AckGroup, code: number, certain: boolean): void {
    for (const ack of group.acks) this.#listener.settled(group.where, ack, code, certain);
  }

  #settleAll(groups: ReadonlyMap<string, AckGroup>, code: number, certain: boolean): void {
    for (const group of groups.values()) this.#settle(group, code, certain);
  }

  #settleUnanswered(groups: ReadonlyMap<string, AckGroup>, answered: ReadonlySet<string>): void {
    for (const [key, group] of groups)
      if (!answered.has(key)) this.#settle(group, ErrorCode.UNKNOWN_SERVER_ERROR, false);
  }
}

function failureOf(
  outcome: CallOutcome<typeof ApiKey.ShareFetch | typeof ApiKey.ShareAcknowledge>,
): { readonly code: number; readonly reason: string; readonly sent: boolean } | null {
  if (!outcome.ok) return outcome;
  const { errorCode, errorMessage } = outcome.body;
  return errorCode === ErrorCode.NONE
    ? null
    : { code: errorCode, reason: errorMessage ?? errorName(errorCode), sent: false };
}

/** A leader that changes, or whose write failed, may have let the acknowledgement be stored all the same. */
function isCertain(code: number): boolean {
  return code === ErrorCode.NONE || (!isRetriable(code) && code !== ErrorCode.UNKNOWN_SERVER_ERROR);
}

function hasRenewal(groups: ReadonlyMap<string, AckGroup>): boolean {
  for (const { acks } of groups.values()) if (acks.some(({ type }) => type === Acknowledgement.renew)) return true;
  return false;
}

function byTopic(partitions: readonly SharePartitionName[]): [string, number[]][] {
  const topics = new Map<string, number[]>();
  for (const { topicId, partition } of partitions) topics.set(topicId, [...(topics.get(topicId) ?? []), partition]);
  return [...topics];
}

/** Offsets next to each other with the same type become one batch with a single type. */
function ackBatches(
  group: AckGroup | undefined,
): { firstOffset: number; lastOffset: number; acknowledgeTypes: number[] }[] {
  const batches: { firstOffset: number; lastOffset: number; acknowledgeTypes: number[] }[] = [];
  for (const { offset, type } of [...(group?.acks ?? [])].sort((a, b) => a.offset - b.offset)) {
    const last = batches.at(-1);
    if (last !== undefined && last.lastOffset + 1 === offset && last.acknowledgeTypes[0] === type)
      last.lastOffset = offset;
    else batches.push({ firstOffset: offset, lastOffset: offset, acknowledgeTypes: [type] });
  }
  return batches;
}
