import { assert } from '../base/assert.ts';
import type { GroupRules, InFlight } from './in-flight.ts';
import { RecordState } from './record-state.ts';
import { createRun, isTakeable, type Run } from './runs.ts';

/** KIP-1206: 0 whole record batches, the last of which may pass the limit; 1 exactly at most `recordsMax` records. */
export const AcquireMode = { batchOptimized: 0, recordLimit: 1 } as const;

/** One of `AcquireMode`. */
export type AcquireMode = (typeof AcquireMode)[keyof typeof AcquireMode];

/** Record batches that a read of the log gave, as pairs of base offset and last offset in one flat list. */
export type BatchBounds = readonly number[];

/** A member's wish to take records that were just read from the log. */
export interface Acquire {
  readonly memberId: string;
  readonly mode: AcquireMode;
  /** Most records to take, ≥ 0; a soft limit in `batchOptimized` mode. */
  readonly recordsMax: number;
  /** New ranges are cut at the first batch boundary after this many records, ≥ 1. */
  readonly batchSize: number;
  /** Where the log was read from. */
  readonly fetchOffset: number;
  readonly bounds: BatchBounds;
  /** Those of them whose records nobody gets: control batches and, for who reads what is committed, aborted ones. */
  readonly withheld: BatchBounds;
}

/** Records handed to a member: offsets [start, end), each delivered `deliveryCount` times with this one. */
export interface AcquiredRange {
  readonly start: number;
  readonly end: number;
  readonly deliveryCount: number;
}

/** End of the record batch that holds `offset`, or `offset + 1` where the read has a hole. */
function batchEndAfter(bounds: BatchBounds, offset: number): number {
  let low = 0;
  let high = bounds.length / 2;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((bounds[middle * 2 + 1] ?? 0) < offset) low = middle + 1;
    else high = middle;
  }
  const base = bounds[low * 2];
  const last = bounds[low * 2 + 1];
  if (base === undefined || last === undefined || base > offset) return offset + 1;
  return last + 1;
}

/** Where `count` records that are not withheld end, from `start` on; `limit` when there are fewer below it. */
function endOfRecords(withheld: BatchBounds, start: number, count: number, limit: number): number {
  let position = start;
  let left = count;
  for (let index = 0; index < withheld.length && position < limit; index += 2) {
    const base = withheld[index] ?? 0;
    const next = (withheld[index + 1] ?? 0) + 1;
    if (next <= position) continue;
    if (base - position >= left) break;
    left -= Math.max(0, base - position);
    position = next;
  }
  return Math.min(position + left, limit);
}

/** One acquisition on its way through the runs; lives for one call. */
class Acquisition {
  readonly ranges: AcquiredRange[] = [];
  taken = 0;
  /** A throttled unit was delivered, or stopped the delivery: nothing more comes with it. */
  closed = false;
  readonly #inFlight: InFlight;
  readonly #acquire: Acquire;
  readonly #rules: GroupRules;
  readonly #nowMs: number;
  readonly #endOffset: number;

  constructor(inFlight: InFlight, acquire: Acquire, rules: GroupRules, nowMs: number) {
    this.#inFlight = inFlight;
    this.#acquire = acquire;
    this.#rules = rules;
    this.#nowMs = nowMs;
    this.#endOffset = (acquire.bounds[acquire.bounds.length - 1] ?? -1) + 1;
  }

  /** Takes AVAILABLE records that were in flight before, unit by unit, from `offset` on. */
  takeCached(offset: number): void {
    const { list } = this.#inFlight;
    let position = Math.max(offset, list.start);
    while (!this.closed && position < Math.min(list.end, this.#endOffset) && this.taken < this.#acquire.recordsMax) {
      const run = list.at(list.indexOf(position));
      if (!isTakeable(run, this.#nowMs)) {
        position = run.end;
        continue;
      }
      const cap = this.#unitCap(run);
      position = cap === Number.POSITIVE_INFINITY ? this.#takeRun(position) : this.#takeThrottled(position);
    }
  }

  /** Brings records in flight that never were, as far as the lock limit goes. */
  takeNew(): void {
    const { list } = this.#inFlight;
    const { recordsMax, mode, bounds, withheld } = this.#acquire;
    const room = this.#rules.recordLocksMax - this.#inFlight.span;
    const start = list.end;
    if (this.closed || recordsMax <= this.taken || room <= 0 || start >= this.#endOffset) return;
    const wanted = endOfRecords(withheld, start, recordsMax - this.taken, Math.min(start + room, this.#endOffset));
    const end =
      mode === AcquireMode.recordLimit ? wanted : Math.min(batchEndAfter(bounds, wanted - 1), this.#endOffset);
    let position = start;
    for (let index = 0; index < withheld.length; index += 2) {
      const base = Math.max(withheld[index] ?? 0, position);
      const next = Math.min((withheld[index + 1] ?? 0) + 1, end);
      if (base >= next) continue;
      this.#bringUnits(position, base);
      list.push(createRun(base, next, RecordState.archived, 0));
      position = next;
    }
    this.#bringUnits(position, end);
  }

  /** Brings in what lies in [start, end), in units of about as many records as the member wants at a time. */
  #bringUnits(start: number, end: number): void {
    if (start >= end) return;
    const { mode, bounds } = this.#acquire;
    let unitStart = start;
    if (mode === AcquireMode.batchOptimized && end - start > this.#acquire.batchSize) {
      for (let index = 1; index < bounds.length; index += 2) {
        const boundary = (bounds[index] ?? 0) + 1;
        if (boundary >= end) break;
        if (boundary - unitStart < this.#acquire.batchSize) continue;
        this.#bringIn(unitStart, boundary);
        unitStart = boundary;
      }
    }
    this.#bringIn(unitStart, end);
  }

  #bringIn(start: number, end: number): void {
    const run = createRun(start, end, RecordState.available, 0);
    this.#inFlight.list.push(run);
    this.#hand(run, false);
  }

  /** The tightest cap among the takeable runs of the unit that `run` belongs to, from `run` on. */
  #unitCap(run: Run): number {
    const { list, policy } = this.#inFlight;
    let cap = Number.POSITIVE_INFINITY;
    for (let index = list.indexOf(run.start); index < list.runs.length; index += 1) {
      const other = list.at(index);
      if (other.unitStart !== run.unitStart || other.start >= this.#endOffset) break;
      if (isTakeable(other, this.#nowMs)) cap = Math.min(cap, this.#cap(other, policy));
    }
    return cap;
  }

  #cap(run: Run, policy: InFlight['policy']): number {
    return policy.unitCap(run.unitEnd - run.unitStart, run.deliveryCount, this.#rules.deliveryCountLimit);
  }

  /** Takes the run at `position` as far as the fetch allows; gives where to go on. */
  #takeRun(position: number): number {
    const run = this.#inFlight.list.at(this.#inFlight.list.indexOf(position));
    const room = position + this.#acquire.recordsMax - this.taken;
    const limit = this.#acquire.mode === AcquireMode.recordLimit ? room : batchEndAfter(this.#acquire.bounds, room - 1);
    return this.#takePart(position, Math.min(run.end, limit, this.#endOffset));
  }

  /** Takes a throttled unit record by record up to its cap, alone in the response. */
  #takeThrottled(position: number): number {
    this.closed = true;
    if (this.taken > 0) return position;
    const { list, policy } = this.#inFlight;
    const unitStart = list.at(list.indexOf(position)).unitStart;
    let cap = this.#acquire.recordsMax;
    let next = position;
    while (next < Math.min(list.end, this.#endOffset)) {
      const run = list.at(list.indexOf(next));
      if (run.unitStart !== unitStart) break;
      if (!isTakeable(run, this.#nowMs)) {
        next = run.end;
        continue;
      }
      cap = Math.min(cap, this.#cap(run, policy));
      if (this.taken >= cap) break;
      next = this.#takePart(next, Math.min(run.end, next + cap - this.taken, this.#endOffset));
    }
    return next;
  }

  #takePart(start: number, end: number): number {
    const { list } = this.#inFlight;
    const index = list.splitAt(start);
    const isCut = list.at(index).end > end;
    list.splitAt(end);
    const run = list.at(index);
    this.#hand(isCut && this.#inFlight.bugs.has('cut-taken-twice') ? { ...run } : run, true);
    return end;
  }

  #hand(run: Run, merge: boolean): void {
    assert(isTakeable(run, this.#nowMs), `I3: [${run.start}, ${run.end}) is handed out twice`);
    run.state = RecordState.acquired;
    if (!this.#inFlight.bugs.has('count-stands-still')) run.deliveryCount += 1;
    run.owner = this.#acquire.memberId;
    run.dueMs = this.#nowMs + this.#rules.lockDurationMs;
    this.taken += run.end - run.start;
    const previous = this.ranges[this.ranges.length - 1];
    const joins =
      merge && previous !== undefined && previous.end === run.start && previous.deliveryCount === run.deliveryCount;
    if (joins && run.end - previous.start <= this.#acquire.batchSize) {
      this.ranges[this.ranges.length - 1] = { start: previous.start, end: run.end, deliveryCount: run.deliveryCount };
    } else {
      this.ranges.push({ start: run.start, end: run.end, deliveryCount: run.deliveryCount });
    }
  }
}

/** Settles what the read proved absent: records between where it began and what it found are compacted away. */
function archiveHoles(inFlight: InFlight, acquire: Acquire, nowMs: number): void {
  const base = acquire.bounds[0] ?? 0;
  if (base <= acquire.fetchOffset) return;
  const { list } = inFlight;
  if (acquire.fetchOffset < list.end) inFlight.archiveMissing(acquire.fetchOffset, base, nowMs);
  if (base > list.end && acquire.fetchOffset <= list.end) list.push(createRun(list.end, base, RecordState.archived, 0));
}

/** Settles what came in flight before anybody knew that nobody gets it: other settings, or another leader. */
function archiveWithheld(inFlight: InFlight, { withheld }: Acquire, nowMs: number): void {
  for (let index = 0; index < withheld.length; index += 2)
    inFlight.archiveMissing(withheld[index] ?? 0, (withheld[index + 1] ?? -1) + 1, nowMs);
}

function disjoint(ranges: readonly AcquiredRange[]): boolean {
  return ranges.every((range, index) => index === 0 || (ranges[index - 1]?.end ?? 0) <= range.start);
}

/**
 * Hands records of a read to a member (PROTOCOL §2.3): first what came back, then new ones up to the lock limit. Nothing
 * is persisted: an acquisition dies with its leader (S0). Gives the ranges in offset order, disjoint; none when there is
 * nothing to take.
 */
export function acquire(inFlight: InFlight, request: Acquire, rules: GroupRules, nowMs: number): AcquiredRange[] {
  const base = request.bounds[0];
  if (base === undefined || request.recordsMax <= 0) return [];
  archiveHoles(inFlight, request, nowMs);
  archiveWithheld(inFlight, request, nowMs);
  const acquisition = new Acquisition(inFlight, request, rules, nowMs);
  acquisition.takeCached(base);
  acquisition.takeNew();
  const { list } = inFlight;
  if (acquisition.taken > 0) {
    inFlight.deadlineMs = Math.min(inFlight.deadlineMs, nowMs + rules.lockDurationMs);
  }
  if (acquisition.taken > 0 || request.withheld.length > 0) list.heal(0, list.runs.length - 1);
  list.advance();
  assert(disjoint(acquisition.ranges), 'I4: acquired ranges overlap');
  return acquisition.ranges;
}
