import { assert, unreachable } from '../../core/base/assert.ts';
import type { Settings } from '../../core/config/settings.ts';
import { ErrorCode } from '../../core/protocol/errors.ts';
import type { AcknowledgementBatch } from '../../core/share/acknowledgement.ts';
import type { Acquire, AcquiredRange } from '../../core/share/acquisition.ts';
import {
  type DeadRange,
  SharePartition,
  type SharePartitionEffect,
  type SharePartitionInput,
} from '../../core/share/partition.ts';
import { NO_BUGS, type PlantedBugs } from '../../core/share/planted-bugs.ts';
import { STANDARD_POLICY } from '../../core/share/policy.ts';
import type { Clock, TimerHandle, Timers } from '../../ports/clock.ts';
import type { Log } from '../../ports/log.ts';
import type { MetadataClient } from '../metadata-client.ts';
import type { Partition, ReadOptions, ReadOutcome } from '../partitions/partition.ts';
import type { DeadLetterWriter } from './dead-letters.ts';
import { clientCode, mayRetry } from './error-codes.ts';
import { loadSharePartition } from './load.ts';
import type { SharePersister } from './persister.ts';
import { isolationOf, rulesOf } from './rules.ts';
import { delayUntil } from '../delay-until.ts';

/** What share-partitions need of their node. */
export interface ShareDeps {
  readonly clock: Clock;
  readonly timers: Timers;
  readonly log: Log;
  readonly settings: Settings;
  readonly metadata: MetadataClient;
  readonly persister: SharePersister;
  readonly deadLetters: DeadLetterWriter;
  /** What a test breaks on purpose. */
  readonly bugs?: PlantedBugs;
  /** Runs `callback` once when the inputs of this loop turn are handled. */
  afterTurn(callback: () => void): void;
  /** Whether this node may hand out records now (S0); what it hands out without a lease might have another owner. */
  leaseHeld(): boolean;
}

/** A fetch that waits for a share-partition; woken when records, room or an error may be there. */
export interface ShareWaiter {
  wake(): void;
}

/** Records handed out, and those of them whose lock ended first. */
export interface ShareStats {
  acquiredRecords: number;
  expiredRecords: number;
}

/** What a host tells the collection that holds it. */
export interface ShareHostEvents {
  /** Raised on the hot path. */
  readonly stats: ShareStats;
  /** Waiting fetches should look again, at the end of the turn. */
  stirred(host: SharePartitionHost): void;
  /** It answers nothing any more; the next fetch needs a new one. */
  ended(host: SharePartitionHost): void;
}

const WRITE_ATTEMPTS_MAX = 5;
const WRITE_RETRY_MS = 100;

/**
 * One share-partition at its leader: keeps the core's clock, carries out its effects, hands out the fetch lock. From
 * creation to `ended` it belongs to one leadership of its partition.
 */
export class SharePartitionHost {
  readonly groupId: string;
  readonly partition: Partition;
  readonly #waiters = new Set<ShareWaiter>();
  readonly #deps: ShareDeps;
  readonly #events: ShareHostEvents;
  readonly #unsubscribe: (() => void)[];
  readonly #tickets = new Map<number, (errorCode: number) => void>();
  readonly #inputs: SharePartitionInput[] = [];
  #core: SharePartition | null = null;
  #stateEpoch = -1;
  #errorCode: number = ErrorCode.NONE;
  #nextTicket = 1;
  #running = false;
  #acquired: readonly AcquiredRange[] = [];
  #fetchLocked = false;
  /** What died and waits for its letter, and whether letters are being written: leaving before would write them again. */
  #dead: DeadRange[] = [];
  #burying = false;
  #retiring = false;
  #timer: TimerHandle | null = null;
  #timerMs = Number.POSITIVE_INFINITY;
  /** Where a read found nothing below this bound; asking again is idle until the bound moves. */
  #barren = { offset: -1, bound: -1 };
  #bytesPerRecord = 0;

  /** Begins to load what the share coordinator remembers. */
  constructor(groupId: string, partition: Partition, deps: ShareDeps, events: ShareHostEvents) {
    this.groupId = groupId;
    this.partition = partition;
    this.#deps = deps;
    this.#events = events;
    this.#unsubscribe = [
      partition.onHighWatermark(() => this.#stir()),
      partition.onResign(() => this.end(partition.status(-1) || ErrorCode.NOT_LEADER_OR_FOLLOWER)),
    ];
    loadSharePartition({ groupId, partition, deps, isCurrent: () => this.#errorCode === ErrorCode.NONE }, (outcome) => {
      if (this.#errorCode !== ErrorCode.NONE) return;
      const core =
        outcome.state === null ? null : SharePartition.load(outcome.state, STANDARD_POLICY, deps.bugs ?? NO_BUGS);
      if (core === null) {
        const errorCode = outcome.errorCode || ErrorCode.UNKNOWN_SERVER_ERROR;
        deps.log.warn({ ...this.#place(), errorCode }, 'share-partition could not be loaded');
        this.end(errorCode);
        return;
      }
      this.#core = core;
      this.#stateEpoch = outcome.stateEpoch;
      const effects: SharePartitionEffect[] = [];
      core.resume(rulesOf(deps, groupId), effects);
      for (const effect of effects) this.#perform(effect);
      this.#writeDeadLetters();
      this.#stir();
    });
  }

  /** NONE while it serves or loads; afterwards what clients are told. */
  get errorCode(): number {
    return this.#errorCode;
  }

  /** Whether the share coordinator has not told its state yet. */
  get isLoading(): boolean {
    return this.#core === null && this.#errorCode === ErrorCode.NONE;
  }

  /** SPSO, or −1 while it is loaded. */
  get startOffset(): number {
    return this.#core?.startOffset ?? -1;
  }

  /** Bytes that a fetch could read now; 0 when there is nothing to take, no room, no lease, or another fetch reads. */
  availableBytes(isolationLevel: 0 | 1): number {
    if (this.#fetchLocked) return 0;
    const offset = this.fetchOffset();
    if (offset < 0) return 0;
    const bound = this.#bound(isolationLevel);
    if (offset >= bound || (this.#barren.offset === offset && this.#barren.bound === bound)) return 0;
    return Math.max(1, this.partition.availableBytes(offset, isolationLevel));
  }

  /** True when waking a fetch would be in vain. */
  get idle(): boolean {
    return this.#errorCode === ErrorCode.NONE && this.availableBytes(isolationOf(this.#deps, this.groupId)) === 0;
  }

  /** Where a fetch should read now, −1 when it could take nothing. Follows the log start. */
  fetchOffset(): number {
    const core = this.#core;
    if (core === null || this.#errorCode !== ErrorCode.NONE || !this.#deps.leaseHeld()) return -1;
    this.#followLogStart(core);
    return core.fetchOffset(rulesOf(this.#deps, this.groupId), this.#deps.clock.monotonicMs());
  }

  /** Takes the fetch lock: one fetch at a time reads for a share-partition. False when it is taken. */
  lockFetch(): boolean {
    if (this.#fetchLocked) return false;
    this.#fetchLocked = true;
    return true;
  }

  /** Gives the fetch lock back, exactly once per `lockFetch` that gave true; others may try. */
  unlockFetch(): void {
    assert(this.#fetchLocked, 'I10: a fetch lock is given back twice');
    this.#fetchLocked = false;
    this.#stir();
    this.#maybeRetire();
  }

  /** Fetches that wait, in the order in which they began to. */
  get waiters(): ReadonlySet<ShareWaiter> {
    return this.#waiters;
  }

  /**
   * Most records that a fetch may take: while others wait an equal part of what is there, at least 1, so that one member
   * does not lock what would keep all of them busy. `Infinity` while nobody else waits.
   */
  partFor(waiter: ShareWaiter, isolationLevel: 0 | 1): number {
    const otherCount = this.#waiters.size - (this.#waiters.has(waiter) ? 1 : 0);
    if (otherCount === 0 || this.#core === null) return Number.POSITIVE_INFINITY;
    const rules = rulesOf(this.#deps, this.groupId);
    const count = this.#core.takeableCount(this.#bound(isolationLevel), rules, this.#deps.clock.monotonicMs());
    return Math.max(1, Math.ceil(count / (otherCount + 1)));
  }

  /**
   * An equal part of the record locks for each of `memberCount` members, whether they wait just now or work: what one of
   * them held beyond it others would wait for, as long as that takes. One part stays free: records that are finished
   * keep their locks until those before them are. At least 1; `Infinity` for one member.
   */
  lockPart(memberCount: number): number {
    if (memberCount < 2) return Number.POSITIVE_INFINITY;
    return Math.max(1, Math.floor(rulesOf(this.#deps, this.groupId).recordLocksMax / (memberCount + 1)));
  }

  /** Lets a fetch be woken until `unwatch`. */
  watch(waiter: ShareWaiter): void {
    this.#waiters.add(waiter);
  }

  /** The fetch is done; harmless when it did not wait. */
  unwatch(waiter: ShareWaiter): void {
    if (this.#waiters.delete(waiter)) this.#maybeRetire();
  }

  /** Bytes worth reading for `recordsMax` records, judged by the last read; 0 when nothing was read yet. */
  bytesFor(recordsMax: number): number {
    return Math.ceil(recordsMax * this.#bytesPerRecord);
  }

  /** Learns from a read: how large records are, and where there are none. */
  noteRead(options: ReadOptions, read: ReadOutcome): void {
    const { fetchOffset, isolationLevel, minOneBatch } = options;
    if (read.sizeInBytes > 0) this.#bytesPerRecord = read.sizeInBytes / Math.max(1, read.nextOffset - fetchOffset);
    else if (minOneBatch) this.#barren = { offset: fetchOffset, bound: this.#bound(isolationLevel) };
  }

  /** Hands records of a read to a member; see the core. Empty when it has ended meanwhile. */
  acquire(request: Acquire): readonly AcquiredRange[] {
    if (this.#core === null || this.#errorCode !== ErrorCode.NONE || !this.#deps.leaseHeld()) return [];
    assert(!this.#running, 'acquire within an effect');
    this.#acquired = [];
    this.#run({ kind: 'acquire', request, rules: rulesOf(this.#deps, this.groupId) });
    return this.#acquired;
  }

  /** Judges a member's acknowledgements; `done` gets one code for all of them, after they are committed (S0). */
  acknowledge(memberId: string, batches: readonly AcknowledgementBatch[], done: (errorCode: number) => void): void {
    if (this.#core !== null && this.#errorCode === ErrorCode.NONE) this.#followLogStart(this.#core);
    if (this.#errorCode !== ErrorCode.NONE || this.#core === null) {
      done(this.#errorCode || ErrorCode.INVALID_RECORD_STATE);
      return;
    }
    const ticket = this.#nextTicket;
    this.#nextTicket += 1;
    this.#tickets.set(ticket, done);
    this.#run({
      kind: 'acknowledge',
      request: { ticket, memberId, batches },
      rules: rulesOf(this.#deps, this.groupId),
    });
  }

  /** Gives back what a member holds, because its session ended. */
  release(memberId: string): void {
    if (this.#core === null || this.#errorCode !== ErrorCode.NONE) return;
    this.#run({ kind: 'release', memberId, rules: rulesOf(this.#deps, this.groupId) });
  }

  /** No member is left: ends as soon as nothing is being written and everything is. `stay` takes it back. */
  retire(): void {
    this.#retiring = true;
    this.#maybeRetire();
  }

  /** A member came back before it could end. */
  stay(): void {
    this.#retiring = false;
  }

  /** Ends it: waiting acknowledgements and fetches get `errorCode`. Harmless when it has ended. */
  end(errorCode: number): void {
    if (this.#errorCode !== ErrorCode.NONE) return;
    this.#errorCode = errorCode;
    for (const unsubscribe of this.#unsubscribe) unsubscribe();
    this.#timer?.cancel();
    this.#inputs.length = 0;
    const effects: SharePartitionEffect[] = [];
    this.#core?.abandon(errorCode, effects);
    for (const effect of effects) this.#perform(effect);
    for (const ticket of [...this.#tickets.keys()]) this.#answer(ticket, errorCode);
    this.#events.ended(this);
    this.#events.stirred(this);
  }

  /** The core's own line, or what it waits for. */
  describe(): string {
    return this.#core?.describe() ?? (this.#errorCode === ErrorCode.NONE ? 'loading' : `ended ${this.#errorCode}`);
  }

  /** Retention and DeleteRecords tell nobody: whoever comes next notices. */
  #followLogStart(core: SharePartition): void {
    const { logStartOffset } = this.partition;
    if (logStartOffset > core.startOffset) this.#run({ kind: 'log-start', offset: logStartOffset });
  }

  #bound(isolationLevel: ReadOptions['isolationLevel']): number {
    return isolationLevel === 1 ? this.partition.lastStableOffset : this.partition.highWatermark;
  }

  #place(): { group: string; topic: string; partition: number } {
    return { group: this.groupId, topic: this.partition.topicName, partition: this.partition.index };
  }

  #stir(): void {
    if (this.#waiters.size > 0) this.#events.stirred(this);
  }

  /** Steps the core; inputs that arise from its effects wait their turn, so that no step happens inside another. */
  #run(input: SharePartitionInput): void {
    this.#inputs.push(input);
    if (this.#running) return;
    this.#running = true;
    for (let next = this.#inputs.shift(); next !== undefined; next = this.#inputs.shift()) {
      const core = this.#core;
      if (core === null || this.#errorCode !== ErrorCode.NONE) break;
      const effects: SharePartitionEffect[] = [];
      core.step(next, this.#deps.clock.monotonicMs(), effects);
      for (const effect of effects) this.#perform(effect);
    }
    this.#running = false;
    this.#setTimer();
    this.#writeDeadLetters();
    this.#maybeRetire();
  }

  #perform(effect: SharePartitionEffect): void {
    switch (effect.kind) {
      case 'acquired':
        this.#acquired = effect.ranges;
        for (const { start, end } of effect.ranges) this.#events.stats.acquiredRecords += end - start;
        break;
      case 'acknowledged':
        this.#answer(effect.ticket, effect.errorCode);
        break;
      case 'persist':
        this.#persist(effect, 1);
        break;
      case 'available':
        this.#stir();
        break;
      case 'dead-letter':
        this.#dead.push(effect);
        break;
      case 'expired':
        this.#events.stats.expiredRecords += effect.recordCount;
        break;
      case 'fenced':
        this.#deps.log.info({ ...this.#place(), errorCode: effect.errorCode }, 'share-partition is fenced and dropped');
        this.end(effect.errorCode);
        break;
      default:
        unreachable(effect);
    }
  }

  /** Writes the dead letters that were asked for meanwhile, one lot after the other. */
  #writeDeadLetters(): void {
    const ranges = this.#dead;
    if (this.#burying || ranges.length === 0 || this.#errorCode !== ErrorCode.NONE) return;
    this.#dead = [];
    this.#burying = true;
    const isWanted = (): boolean => this.#errorCode === ErrorCode.NONE;
    this.#deps.deadLetters.write({ groupId: this.groupId, source: this.partition, ranges, isWanted }, () => {
      this.#burying = false;
      if (isWanted()) this.#run({ kind: 'buried', ranges });
    });
  }

  #answer(ticket: number, errorCode: number): void {
    const done = this.#tickets.get(ticket);
    this.#tickets.delete(ticket);
    done?.(errorCode);
  }

  #persist(write: Extract<SharePartitionEffect, { kind: 'persist' }>, attempt: number): void {
    if (this.#errorCode !== ErrorCode.NONE) return;
    const { topicId, index, leaderEpoch } = this.partition;
    const { startOffset, deliveryCompleteCount, stateBatches } = write;
    const change = { stateEpoch: this.#stateEpoch, leaderEpoch, startOffset, deliveryCompleteCount, stateBatches };
    this.#deps.persister.write(this.groupId, topicId, index, change, (errorCode) => {
      if (this.#errorCode !== ErrorCode.NONE) return;
      if (mayRetry(errorCode) && attempt < WRITE_ATTEMPTS_MAX) {
        // Writing the same again is harmless: the coordinator merges.
        this.#deps.timers.after(WRITE_RETRY_MS * attempt, () => this.#persist(write, attempt + 1));
        return;
      }
      this.#run({ kind: 'persisted', errorCode: clientCode(errorCode), rules: rulesOf(this.#deps, this.groupId) });
    });
  }

  #setTimer(): void {
    const dueMs = this.#core?.deadlineMs ?? Number.POSITIVE_INFINITY;
    if (this.#errorCode !== ErrorCode.NONE || dueMs >= this.#timerMs || dueMs === Number.POSITIVE_INFINITY) return;
    this.#timer?.cancel();
    this.#timerMs = dueMs;
    this.#timer = this.#deps.timers.after(delayUntil(dueMs, this.#deps.clock.monotonicMs()), () => {
      this.#timerMs = Number.POSITIVE_INFINITY;
      this.#timer = null;
      this.#run({ kind: 'time', rules: rulesOf(this.#deps, this.groupId) });
    });
  }

  #maybeRetire(): void {
    if (!this.#retiring || this.#running || this.#errorCode !== ErrorCode.NONE) return;
    if (this.#core?.writing === true || this.#tickets.size > 0 || this.#fetchLocked || this.#waiters.size > 0) return;
    if (this.#burying) return;
    // Its next life in this leader epoch counts from what was written (S2).
    if (this.#core?.isBehind === true) this.#run({ kind: 'save', rules: rulesOf(this.#deps, this.groupId) });
    else this.end(ErrorCode.NOT_LEADER_OR_FOLLOWER);
  }
}
