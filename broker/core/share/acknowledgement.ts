import { ErrorCode } from '../protocol/errors.ts';
import type { GroupRules, InFlight } from './in-flight.ts';
import type { PersistQueue, Transition } from './persistence.ts';
import { AcknowledgeType, RecordState } from './record-state.ts';
import type { Run } from './runs.ts';

/** What a member says of the records from `firstOffset` to `lastOffset`, both included, as on the wire. */
export interface AcknowledgementBatch {
  readonly firstOffset: number;
  readonly lastOffset: number;
  /** One type for all, or one for each offset. */
  readonly acknowledgeTypes: readonly number[];
}

/**
 * Checks the form of one partition's batches: INVALID_REQUEST, or NONE. `renew` says whether the request may renew
 * locks (v2 with IsRenewAck).
 */
export function checkBatches(batches: readonly AcknowledgementBatch[], renew: boolean): number {
  const typeMax = renew ? AcknowledgeType.renew : AcknowledgeType.reject;
  let previousLast = -1;
  for (const { firstOffset, lastOffset, acknowledgeTypes } of batches) {
    const sizeFits = acknowledgeTypes.length === 1 || acknowledgeTypes.length === lastOffset - firstOffset + 1;
    if (firstOffset < 0 || firstOffset > lastOffset || firstOffset < previousLast || !sizeFits)
      return ErrorCode.INVALID_REQUEST;
    if (acknowledgeTypes.some((type) => type < AcknowledgeType.gap || type > typeMax)) return ErrorCode.INVALID_REQUEST;
    previousLast = lastOffset;
  }
  return ErrorCode.NONE;
}

/** Calls `visit` with each stretch [start, end) of one type in the part of the batch at or above `from`. */
function forEachStretch(
  batch: AcknowledgementBatch,
  from: number,
  visit: (start: number, end: number, type: number) => void,
): void {
  const types = batch.acknowledgeTypes;
  const end = batch.lastOffset + 1;
  let start = Math.max(batch.firstOffset, from);
  while (start < end) {
    const type = types[types.length === 1 ? 0 : start - batch.firstOffset] ?? AcknowledgeType.gap;
    let stop = end;
    if (types.length > 1) {
      stop = start + 1;
      while (stop < end && types[stop - batch.firstOffset] === type) stop += 1;
    }
    visit(start, stop, type);
    start = stop;
  }
}

function mayAcknowledge(inFlight: InFlight, run: Run, memberId: string): boolean {
  const owned = run.owner === memberId || inFlight.bugs.has('owner-unchecked');
  return run.state === RecordState.acquired && run.transition === 0 && owned;
}

/** The first reason against any of the batches, as an error code; NONE when all may happen. Changes nothing. */
function judge(
  inFlight: InFlight,
  memberId: string,
  batches: readonly AcknowledgementBatch[],
  renewEnabled: boolean,
): number {
  const { list } = inFlight;
  let previousEnd = -1;
  for (const batch of batches) {
    const end = batch.lastOffset + 1;
    if (end <= list.start) continue;
    if (list.runs.length === 0) return ErrorCode.INVALID_RECORD_STATE;
    if (end > list.end) return ErrorCode.INVALID_REQUEST;
    const start = Math.max(batch.firstOffset, list.start);
    if (start < previousEnd) return ErrorCode.INVALID_RECORD_STATE;
    previousEnd = end;
    if (!renewEnabled && batch.acknowledgeTypes.includes(AcknowledgeType.renew)) return ErrorCode.INVALID_RECORD_STATE;
    for (let index = list.indexOf(start); index < list.runs.length; index += 1) {
      const run = list.at(index);
      if (run.start >= end) break;
      if (!mayAcknowledge(inFlight, run, memberId)) return ErrorCode.INVALID_RECORD_STATE;
    }
    if (inFlight.bugs.has('first-batch-judged')) break;
  }
  return ErrorCode.NONE;
}

/** Puts a run where `type` leads. */
function turn(inFlight: InFlight, run: Run, type: number, rules: GroupRules): void {
  switch (type) {
    case AcknowledgeType.accept:
      run.state = RecordState.acknowledged;
      break;
    case AcknowledgeType.release:
      if (run.deliveryCount >= rules.deliveryCountLimit) inFlight.end(run, 'exhausted', rules);
      else run.state = RecordState.available;
      break;
    case AcknowledgeType.reject:
      inFlight.end(run, 'rejected', rules);
      break;
    default:
      run.state = RecordState.archived;
  }
}

/** Starts the change of [start, end) to what `type` says; it holds once the write of `transition` is committed. */
function transit(
  inFlight: InFlight,
  transition: Transition,
  start: number,
  end: number,
  type: number,
  rules: GroupRules,
): void {
  const { list } = inFlight;
  const from = list.splitAt(start);
  const to = list.splitAt(end);
  for (let index = from; index < to; index += 1) {
    const run = list.at(index);
    turn(inFlight, run, type, rules);
    run.transition = transition.id;
    transition.add(run);
  }
}

function renew(inFlight: InFlight, start: number, end: number, dueMs: number): void {
  const from = inFlight.list.splitAt(start);
  const to = inFlight.list.splitAt(end);
  const untilMs = inFlight.bugs.has('renewal-never-ends') ? Number.POSITIVE_INFINITY : dueMs;
  for (let index = from; index < to; index += 1) inFlight.list.at(index).dueMs = untilMs;
  inFlight.list.heal(from - 1, to);
  inFlight.deadlineMs = Math.min(inFlight.deadlineMs, dueMs);
}

/** A member's acknowledgements of one partition in one request. */
export interface Acknowledge {
  /** Names the waiting request; comes back with the verdict. */
  readonly ticket: number;
  readonly memberId: string;
  /** Checked by `checkBatches`. */
  readonly batches: readonly AcknowledgementBatch[];
}

/**
 * Judges and begins the acknowledgements of one partition in one request: all of them or none (S7). Gives an error code
 * when the verdict is known now, or `null` when it comes with the commit of the write that was queued (S0).
 */
export function acknowledge(
  inFlight: InFlight,
  queue: PersistQueue,
  request: Acknowledge,
  rules: GroupRules,
  nowMs: number,
): number | null {
  const verdict = judge(inFlight, request.memberId, request.batches, rules.renewEnabled);
  if (verdict !== ErrorCode.NONE) return verdict;
  const transition = queue.open(request.ticket);
  for (const batch of request.batches) {
    forEachStretch(batch, inFlight.list.start, (start, end, type) => {
      if (type === AcknowledgeType.renew) renew(inFlight, start, end, nowMs + rules.lockDurationMs);
      else transit(inFlight, transition, start, end, type, rules);
    });
  }
  if (transition.batches.length === 0) return ErrorCode.NONE;
  queue.push(transition);
  return inFlight.bugs.has('answer-before-commit') ? ErrorCode.NONE : null;
}

/**
 * Begins giving back everything that a member holds, because its session ended. Gives false when it held nothing.
 * Records whose acknowledgement is under way stay as they are.
 */
export function releaseMember(inFlight: InFlight, queue: PersistQueue, memberId: string, rules: GroupRules): boolean {
  const transition = queue.open(0);
  const { list } = inFlight;
  for (const run of list.runs) {
    if (!mayAcknowledge(inFlight, run, memberId)) continue;
    giveUp(inFlight, transition, run, rules);
  }
  if (transition.batches.length === 0) return false;
  queue.push(transition);
  return true;
}

/** Begins to write all that is known, and to give back what members hold: nobody's session is left. */
export function saveAll(inFlight: InFlight, queue: PersistQueue, rules: GroupRules): void {
  const transition = queue.open(0);
  for (const run of inFlight.list.runs) {
    if (run.state === RecordState.acquired) giveUp(inFlight, transition, run, rules);
    else transition.add(run);
  }
  queue.push(transition);
  queue.isBehind = false;
}

function giveUp(inFlight: InFlight, transition: Transition, run: Run, rules: GroupRules): void {
  turn(inFlight, run, AcknowledgeType.release, rules);
  run.transition = transition.id;
  transition.add(run);
}
