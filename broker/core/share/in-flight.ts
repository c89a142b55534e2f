import { NO_BUGS, type PlantedBugs } from './planted-bugs.ts';
import type { DeathReason, DeliveryPolicy } from './policy.ts';
import { isTerminal, RecordState } from './record-state.ts';
import { isTakeable, Letter, type Run, RunList } from './runs.ts';

/** Group settings as they stand now; they are handed in with every input because they change while records are in flight. */
export interface GroupRules {
  /** `share.delivery.count.limit`, ≥ 2. */
  readonly deliveryCountLimit: number;
  /** `share.record.lock.duration.ms`. */
  readonly lockDurationMs: number;
  /** `share.partition.max.record.locks`: the span [SPSO, SPEO] that may be in flight. */
  readonly recordLocksMax: number;
  /** `share.renew.acknowledge.enable`. */
  readonly renewEnabled: boolean;
  /** Whether records that die leave a dead letter: `share.version` ≥ 2 and `errors.deadletterqueue.topic.name` is set. */
  readonly deadLetters: boolean;
}

/** The records in flight of one share-partition, with the two lower bounds that keep scans rare. */
export class InFlight {
  readonly list: RunList;
  readonly policy: DeliveryPolicy;
  /** Empty but in tests. */
  readonly bugs: PlantedBugs;
  /** No run below this offset is AVAILABLE. `Infinity`: none is. */
  availableFrom = Number.POSITIVE_INFINITY;
  /** No lock and no delayed return ends before this monotonic time. `Infinity`: none runs. */
  deadlineMs = Number.POSITIVE_INFINITY;
  /** False: no run is ARCHIVING. */
  hasDying = false;

  constructor(startOffset: number, policy: DeliveryPolicy, bugs: PlantedBugs = NO_BUGS) {
    this.list = new RunList(startOffset);
    this.policy = policy;
    this.bugs = bugs;
  }

  /** Offsets in flight, finished ones behind an unfinished one included. */
  get span(): number {
    return this.list.end - this.list.start;
  }

  /** Offset from which the next fetch should read: the first takeable record, else the end of what is in flight. */
  nextFetchOffset(nowMs: number): number {
    const { list } = this;
    const from = Math.max(this.availableFrom, list.start);
    if (from >= list.end) return list.end;
    let first = Number.POSITIVE_INFINITY;
    for (let index = list.indexOf(from); index < list.runs.length; index += 1) {
      const run = list.at(index);
      if (run.state !== RecordState.available || run.transition !== 0) continue;
      first = Math.min(first, run.start);
      if (run.dueMs <= nowMs) {
        this.availableFrom = first;
        return run.start;
      }
    }
    this.availableFrom = first;
    return list.end;
  }

  /** Records below `bound` that fetches could take now: those that came back, and new ones as far as locks are left. */
  takeableCount(bound: number, recordLocksMax: number, nowMs: number): number {
    const { list } = this;
    let count = Math.max(0, Math.min(bound - list.end, recordLocksMax - this.span));
    const from = Math.max(this.availableFrom, list.start);
    if (from >= Math.min(list.end, bound)) return count;
    for (let index = list.indexOf(from); index < list.runs.length; index += 1) {
      const run = list.at(index);
      if (run.start >= bound) break;
      if (isTakeable(run, nowMs)) count += Math.min(run.end, bound) - run.start;
    }
    return count;
  }

  /** Makes a run AVAILABLE again: true; or dead when it has no attempt left: false. */
  giveBack(run: Run, nowMs: number, rules: GroupRules): boolean {
    run.owner = '';
    run.transition = 0;
    if (run.deliveryCount >= rules.deliveryCountLimit && !this.bugs.has('no-delivery-limit')) {
      this.end(run, 'exhausted', rules);
      run.dueMs = 0;
      return false;
    }
    run.state = RecordState.available;
    this.settleAvailable(run, nowMs);
    return true;
  }

  /** A run will not be delivered again: it is finished, or has to leave a dead letter first. */
  end(run: Run, reason: DeathReason, { deadLetters }: GroupRules): void {
    run.state = this.policy.deadState(reason, deadLetters);
    if (run.state !== RecordState.archiving) return;
    run.letter = reason === 'rejected' ? Letter.rejected : Letter.exhausted;
    this.hasDying = true;
  }

  /** Completes the return of a run that is AVAILABLE already. */
  settleAvailable(run: Run, nowMs: number): void {
    run.owner = '';
    run.dueMs = this.policy.returnAtMs(run.deliveryCount, nowMs);
    if (run.dueMs > nowMs) this.deadlineMs = Math.min(this.deadlineMs, run.dueMs);
    else run.dueMs = 0;
    this.availableFrom = Math.min(this.availableFrom, run.start);
  }

  /** Archives what is takeable in [start, end): the log holds no such records any more. In memory only (PROTOCOL §2.3.8). */
  archiveMissing(start: number, end: number, nowMs: number): void {
    const first = Math.max(start, this.list.start);
    const limit = Math.min(end, this.list.end);
    if (first >= limit) return;
    const from = this.list.splitAt(first);
    const to = this.list.splitAt(limit);
    for (let index = from; index < to; index += 1) {
      const run = this.list.at(index);
      if (!isTakeable(run, nowMs)) continue;
      run.state = RecordState.archived;
      run.dueMs = 0;
    }
    this.list.heal(from - 1, to);
  }

  /**
   * Where the start will stand, and how many records above it will be finished, once every transition now under way
   * is committed: what the write that commits them has to say.
   */
  prospect(): { readonly startOffset: number; readonly deliveryCompleteCount: number } {
    const { runs, start } = this.list;
    let startOffset = start;
    let index = 0;
    for (; index < runs.length; index += 1) {
      const run = this.list.at(index);
      if (!isTerminal(run.state)) break;
      startOffset = run.end;
    }
    let deliveryCompleteCount = 0;
    for (; index < runs.length; index += 1) {
      const run = this.list.at(index);
      if (isTerminal(run.state)) deliveryCompleteCount += run.end - run.start;
    }
    return { startOffset, deliveryCompleteCount };
  }
}
