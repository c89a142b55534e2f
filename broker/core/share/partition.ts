import { assert, unreachable } from '../base/assert.ts';
import { ErrorCode } from '../protocol/errors.ts';
import { type Acknowledge, acknowledge, releaseMember, saveAll } from './acknowledgement.ts';
import { type Acquire, type AcquiredRange, acquire } from './acquisition.ts';
import { type GroupRules, InFlight } from './in-flight.ts';
import { expire } from './locks.ts';
import { isPersistable, PersistQueue, type StateBatch, type Transition } from './persistence.ts';
import { NO_BUGS, type PlantedBugs } from './planted-bugs.ts';
import type { DeathReason, DeliveryPolicy } from './policy.ts';
import { RecordState } from './record-state.ts';
import { createRun, Letter, type Run } from './runs.ts';

/** What happens to a share-partition. `rules` are the group's settings at that moment. */
export type SharePartitionInput =
  | { readonly kind: 'acquire'; readonly request: Acquire; readonly rules: GroupRules }
  | { readonly kind: 'acknowledge'; readonly request: Acknowledge; readonly rules: GroupRules }
  /** The session of a member ended: it gives back what it holds. */
  | { readonly kind: 'release'; readonly memberId: string; readonly rules: GroupRules }
  /** The sessions of all members ended, and no write is under way: what only memory knows (`isBehind`) is written. */
  | { readonly kind: 'save'; readonly rules: GroupRules }
  /** The log begins at `offset` now. */
  | { readonly kind: 'log-start'; readonly offset: number }
  | { readonly kind: 'time'; readonly rules: GroupRules }
  /** The dead letters of those offsets are written, or given up: they are finished. */
  | { readonly kind: 'buried'; readonly ranges: readonly Pick<DeadRange, 'start' | 'end'>[] }
  /** The write asked for by `persist` is committed, or failed with the coordinator's code. */
  | { readonly kind: 'persisted'; readonly errorCode: number; readonly rules: GroupRules };

/** What the server has to do, in this order. */
export type SharePartitionEffect =
  /** Independent of any write: an acquisition is not durable (S0). */
  | { readonly kind: 'acquired'; readonly ranges: readonly AcquiredRange[] }
  /** Comes after the commit of the write that held the acknowledgements, or at once when there was nothing to write. */
  | { readonly kind: 'acknowledged'; readonly ticket: number; readonly errorCode: number }
  /**
   * Before the verdicts that rest on it. Write this; `persisted` follows, before any next `persist`. The start is the
   * one that holds once it is committed, and passes the records that the write finishes; they are not named.
   */
  | {
      readonly kind: 'persist';
      readonly startOffset: number;
      readonly deliveryCompleteCount: number;
      readonly stateBatches: readonly StateBatch[];
    }
  /** Waiting fetches may find records or room now. */
  | { readonly kind: 'available' }
  /** Follows the write that made them ARCHIVING, or its failure. Write their dead letters; `buried` follows. */
  | ({ readonly kind: 'dead-letter' } & DeadRange)
  /** Locks of that many records ended. */
  | { readonly kind: 'expired'; readonly recordCount: number }
  /** The coordinator knows of a newer leader or state: drop this share-partition and load it again. */
  | { readonly kind: 'fenced'; readonly errorCode: number };

/** Offsets [start, end), delivered `deliveryCount` times each, that will not be delivered again. */
export interface DeadRange {
  readonly start: number;
  readonly end: number;
  readonly deliveryCount: number;
  readonly reason: DeathReason;
}

const FENCING: ReadonlySet<number> = new Set([
  ErrorCode.NOT_LEADER_OR_FOLLOWER,
  ErrorCode.FENCED_LEADER_EPOCH,
  ErrorCode.FENCED_STATE_EPOCH,
  ErrorCode.GROUP_ID_NOT_FOUND,
  ErrorCode.UNKNOWN_TOPIC_OR_PARTITION,
]);

/** Where a share-partition begins: what the coordinator remembers, the start offset resolved. */
export interface LoadedState {
  /** ≥ 0. */
  readonly startOffset: number;
  readonly stateBatches: readonly StateBatch[];
}

/**
 * The records in flight of one (group, topic, partition) at its leader: who holds what, until when, how often it was
 * delivered. See DESIGN.md for the states and invariants.
 */
export class SharePartition {
  readonly #inFlight: InFlight;
  readonly #queue = new PersistQueue();

  private constructor(inFlight: InFlight) {
    this.#inFlight = inFlight;
  }

  /**
   * Builds a share-partition from what was persisted; null when that contradicts itself (batches below the start,
   * inverted, overlapping or in a state that is never persisted). Offsets between batches were in flight and are
   * unknown now: they become AVAILABLE, never delivered.
   */
  static load(state: LoadedState, policy: DeliveryPolicy, bugs: PlantedBugs = NO_BUGS): SharePartition | null {
    const inFlight = new InFlight(state.startOffset, policy, bugs);
    const { list } = inFlight;
    for (const batch of state.stateBatches) {
      const { firstOffset, lastOffset, deliveryState, deliveryCount } = batch;
      if (firstOffset < list.end || lastOffset < firstOffset || !isPersistable(deliveryState) || deliveryCount < 0)
        return null;
      const unknown = bugs.has('gap-skipped') ? RecordState.archived : RecordState.available;
      if (firstOffset > list.end) list.push(createRun(list.end, firstOffset, unknown, 0));
      inFlight.hasDying ||= deliveryState === RecordState.archiving;
      list.push(createRun(firstOffset, lastOffset + 1, deliveryState, deliveryCount));
    }
    list.heal(0, list.runs.length - 1);
    list.advance();
    if (list.runs.length > 0) inFlight.availableFrom = list.start;
    return new SharePartition(inFlight);
  }

  /** Rebuilds what `snapshot` gave. Transitions that were under way are void: their writes have another owner. */
  static restore(snapshot: readonly Run[], startOffset: number, policy: DeliveryPolicy): SharePartition {
    const inFlight = new InFlight(startOffset, policy);
    for (const run of snapshot) {
      const copy = { ...run };
      if (copy.transition !== 0) {
        copy.state = RecordState.acquired;
        copy.transition = 0;
      }
      copy.letter = Letter.none;
      inFlight.hasDying ||= copy.state === RecordState.archiving;
      inFlight.list.push(copy);
    }
    inFlight.availableFrom = startOffset;
    inFlight.deadlineMs = 0;
    return new SharePartition(inFlight);
  }

  /** Copies of all runs in flight, in offset order. */
  snapshot(): readonly Run[] {
    return this.#inFlight.list.runs.map((run) => ({ ...run }));
  }

  /** First offset that is not finished (SPSO). Never goes back (I2). */
  get startOffset(): number {
    return this.#inFlight.list.start;
  }

  /** One past the last offset that was ever in flight (SPEO + 1). */
  get endOffset(): number {
    return this.#inFlight.list.end;
  }

  /** Monotonic time at which a `time` input is due, in ms; `Infinity`: none. May be early, never late. */
  get deadlineMs(): number {
    return this.#inFlight.deadlineMs;
  }

  /** True while a write is under way. */
  get writing(): boolean {
    return this.#queue.writing;
  }

  /** True when memory knows what may never have been written: a write failed that may succeed later, or had no room. */
  get isBehind(): boolean {
    return this.#queue.isBehind;
  }

  /** Where a fetch should read now; −1 when it could take nothing: no record came back and no lock is left. */
  fetchOffset(rules: GroupRules, nowMs: number): number {
    const offset = this.#inFlight.nextFetchOffset(nowMs);
    return offset === this.#inFlight.list.end && this.#inFlight.span >= rules.recordLocksMax ? -1 : offset;
  }

  /** Records below `bound`, where reading ends now, that fetches could take. */
  takeableCount(bound: number, rules: GroupRules, nowMs: number): number {
    return this.#inFlight.takeableCount(bound, rules.recordLocksMax, nowMs);
  }

  /** Carries out one input at `nowMs` (monotonic); effects are added to `out`. */
  step(input: SharePartitionInput, nowMs: number, out: SharePartitionEffect[]): void {
    switch (input.kind) {
      case 'acquire':
        this.#acquire(input.request, input.rules, nowMs, out);
        break;
      case 'acknowledge': {
        // A timer may fire late; a lock never lasts longer for it (S8).
        if (nowMs >= this.#inFlight.deadlineMs) this.#passTime(input.rules, nowMs, out);
        const verdict = acknowledge(this.#inFlight, this.#queue, input.request, input.rules, nowMs);
        if (verdict !== null) out.push({ kind: 'acknowledged', ticket: input.request.ticket, errorCode: verdict });
        break;
      }
      case 'release':
        releaseMember(this.#inFlight, this.#queue, input.memberId, input.rules);
        break;
      case 'save':
        assert(!this.#queue.writing, 'I8: everything is saved while a write is under way');
        saveAll(this.#inFlight, this.#queue, input.rules);
        break;
      case 'log-start':
        this.#moveLogStart(input.offset, out);
        break;
      case 'time':
        this.#passTime(input.rules, nowMs, out);
        break;
      case 'buried':
        this.#bury(input.ranges, out);
        break;
      case 'persisted':
        this.#settle(input.errorCode, input.rules, nowMs, out);
        break;
      default:
        unreachable(input);
    }
    if (this.#queue.ready) out.push(this.#beginWrite());
  }

  #acquire(request: Acquire, rules: GroupRules, nowMs: number, out: SharePartitionEffect[]): void {
    const { startOffset } = this;
    out.push({ kind: 'acquired', ranges: acquire(this.#inFlight, request, rules, nowMs) });
    // Nobody acknowledges what nobody gets: at the end of a log the persisted start would stay behind for ever.
    if (request.withheld.length > 0 && this.startOffset > startOffset) this.#queue.push(this.#queue.open(0));
  }

  /** Asks for the dead letters that a leader of before left open; to be called once, after `load`. */
  resume(rules: GroupRules, out: SharePartitionEffect[]): void {
    this.#askForLetters(rules, out);
  }

  /** Ends this share-partition: answers every waiting acknowledgement with `errorCode`. Nothing may follow. */
  abandon(errorCode: number, out: SharePartitionEffect[]): void {
    answer(this.#queue.abandon(), errorCode, out);
  }

  /** One deterministic line: the start, each run with state, count and owner, the end. */
  describe(): string {
    const letters = ['available', 'acquired', 'acknowledged', 'archiving', 'archived'] as const;
    const runs = this.#inFlight.list.runs.map((run) => {
      const owner = run.owner === '' ? '' : ` by ${run.owner}`;
      const pending = run.transition === 0 ? '' : ` (write ${run.transition})`;
      return ` [${run.start},${run.end}) ${letters[run.state]} x${run.deliveryCount}${owner}${pending}`;
    });
    return `start ${this.startOffset} end ${this.endOffset}:${runs.join(';')}`;
  }

  /** What lies below the start that will hold needs no words. */
  #beginWrite(): SharePartitionEffect {
    const { startOffset, deliveryCompleteCount } = this.#inFlight.prospect();
    const stateBatches = this.#queue.begin().filter(({ lastOffset }) => lastOffset >= startOffset);
    return { kind: 'persist', startOffset, deliveryCompleteCount, stateBatches };
  }

  #moveLogStart(offset: number, out: SharePartitionEffect[]): void {
    if (offset <= this.startOffset) return;
    this.#inFlight.list.dropBelow(offset);
    this.#inFlight.list.advance();
    // Nobody acknowledges what is gone: without a write of its own the persisted start would stay behind for ever.
    this.#queue.push(this.#queue.open(0));
    out.push({ kind: 'available' });
  }

  #passTime(rules: GroupRules, nowMs: number, out: SharePartitionEffect[]): void {
    const expiry = expire(this.#inFlight, this.#queue, rules, nowMs);
    const moved = this.#inFlight.list.advance();
    if (expiry.expiredCount > 0) out.push({ kind: 'expired', recordCount: expiry.expiredCount });
    if (expiry.available || moved) out.push({ kind: 'available' });
  }

  /** Commits or rolls back every transition of the write that ended. */
  #settle(errorCode: number, rules: GroupRules, nowMs: number, out: SharePartitionEffect[]): void {
    assert(this.#queue.writing, 'I8: a write ended that never began');
    const transitions = this.#queue.finish();
    const undone = errorCode !== ErrorCode.NONE && !this.#inFlight.bugs.has('no-roll-back');
    if (errorCode === ErrorCode.COORDINATOR_NOT_AVAILABLE) this.#queue.isBehind = true;
    const lastId = transitions[transitions.length - 1]?.id ?? 0;
    let returned = false;
    for (const run of this.#inFlight.list.runs) {
      if (run.transition === 0 || run.transition > lastId) continue;
      if (undone) this.#rollBack(run, rules, nowMs);
      else this.#commit(run, nowMs);
      returned ||= run.state === RecordState.available;
    }
    this.#inFlight.list.heal(0, this.#inFlight.list.runs.length - 1);
    const moved = this.#inFlight.list.advance();
    answer(transitions, errorCode, out);
    this.#askForLetters(rules, out);
    if (FENCING.has(errorCode)) out.push({ kind: 'fenced', errorCode });
    else if ((returned && !this.#inFlight.bugs.has('wakes-nobody')) || moved) out.push({ kind: 'available' });
  }

  /** Names each settled ARCHIVING run once. Why it died is guessed for what a leader of before left (PROTOCOL §2.9). */
  #askForLetters({ deliveryCountLimit }: GroupRules, out: SharePartitionEffect[]): void {
    if (!this.#inFlight.hasDying) return;
    this.#inFlight.hasDying = false;
    for (const run of this.#inFlight.list.runs) {
      if (run.state !== RecordState.archiving) continue;
      this.#inFlight.hasDying = true;
      if (run.transition !== 0 || run.letter === Letter.asked) continue;
      const isRejected =
        run.letter === Letter.none ? run.deliveryCount < deliveryCountLimit : run.letter === Letter.rejected;
      const { start, end, deliveryCount } = run;
      out.push({ kind: 'dead-letter', start, end, deliveryCount, reason: isRejected ? 'rejected' : 'exhausted' });
      run.letter = Letter.asked;
      if (this.#inFlight.bugs.has('archived-before-letter')) run.state = RecordState.archived;
    }
  }

  /** Holds at once and is written afterwards: losing that write only writes the letters again. */
  #bury(ranges: readonly Pick<DeadRange, 'start' | 'end'>[], out: SharePartitionEffect[]): void {
    const { list } = this.#inFlight;
    const transition = this.#queue.open(0);
    for (const { start, end } of ranges) {
      const first = Math.max(start, list.start);
      const limit = Math.min(end, list.end);
      if (first >= limit) continue;
      const from = list.splitAt(first);
      const to = list.splitAt(limit);
      for (let index = from; index < to; index += 1) {
        const run = list.at(index);
        if (run.state !== RecordState.archiving || run.letter !== Letter.asked) continue;
        run.state = RecordState.archived;
        run.letter = Letter.none;
        transition.add(run);
      }
    }
    this.#queue.pushDispensable(transition);
    list.heal(0, list.runs.length - 1);
    if (list.advance()) out.push({ kind: 'available' });
  }

  #commit(run: Run, nowMs: number): void {
    run.transition = 0;
    if (run.state === RecordState.available) {
      this.#inFlight.settleAvailable(run, nowMs);
      return;
    }
    run.owner = '';
    run.dueMs = 0;
  }

  /** Back to its owner; or, when the lock ended meanwhile, given back without another write. */
  #rollBack(run: Run, rules: GroupRules, nowMs: number): void {
    run.transition = 0;
    run.state = RecordState.acquired;
    run.letter = Letter.none;
    if (this.#inFlight.bugs.has('count-rolled-back')) run.deliveryCount -= 1;
    if (run.dueMs <= nowMs) this.#inFlight.giveBack(run, nowMs, rules);
    else this.#inFlight.deadlineMs = Math.min(this.#inFlight.deadlineMs, run.dueMs);
  }
}

function answer(transitions: readonly Transition[], errorCode: number, out: SharePartitionEffect[]): void {
  for (const { ticket } of transitions) if (ticket !== 0) out.push({ kind: 'acknowledged', ticket, errorCode });
}
