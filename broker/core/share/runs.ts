import { assert } from '../base/assert.ts';
import { isTerminal, RecordState } from './record-state.ts';

/** What is known of the dead letter of a run that is ARCHIVING: why it is due, or that it is being written. */
export const Letter = { none: 0, rejected: 1, exhausted: 2, asked: 3 } as const;

/** One of `Letter`. */
export type Letter = (typeof Letter)[keyof typeof Letter];

/**
 * Neighbouring offsets [start, end) with one fate. Mutable, and always this shape: it is all that a record in flight
 * costs, however many records the run has.
 */
export interface Run {
  start: number;
  end: number;
  state: RecordState;
  /** Deliveries so far: 0 only for offsets that were never handed out. */
  deliveryCount: number;
  /** Member that acquired it; kept while a transition is under way, '' otherwise. */
  owner: string;
  /**
   * ACQUIRED or in transition: monotonic ms at which the acquisition lock ends. AVAILABLE: when it may be taken again,
   * 0 for at once. Otherwise 0.
   */
  dueMs: number;
  /** Number of the persist operation that `state` waits for; 0 when `state` is settled. */
  transition: number;
  /** Bounds of the delivery unit: what one fetch acquired together, which isolation of poison records divides. */
  unitStart: number;
  unitEnd: number;
  /** `none` unless ARCHIVING, and for what a leader of before left ARCHIVING. */
  letter: Letter;
}

/** A settled run of its own delivery unit. */
export function createRun(start: number, end: number, state: RecordState, deliveryCount: number): Run {
  const [owner, dueMs, transition, letter] = ['', 0, 0, Letter.none] as const;
  return { start, end, state, deliveryCount, owner, dueMs, transition, unitStart: start, unitEnd: end, letter };
}

/** True when a fetch may take the run at `nowMs`. */
export function isTakeable(run: Run, nowMs: number): boolean {
  return run.state === RecordState.available && run.transition === 0 && run.dueMs <= nowMs;
}

/** True when the run will never be delivered again, and that is settled. */
function isFinished(run: Run): boolean {
  return run.transition === 0 && isTerminal(run.state);
}

function sameFate(left: Run, right: Run): boolean {
  if (left.state !== right.state || left.transition !== right.transition) return false;
  if (isFinished(left)) return true;
  return (
    left.deliveryCount === right.deliveryCount &&
    left.letter === right.letter &&
    left.owner === right.owner &&
    left.dueMs === right.dueMs &&
    left.unitStart === right.unitStart &&
    left.unitEnd === right.unitEnd
  );
}

/**
 * The runs in flight, which tile [start, end) without gap or overlap (I1). Splitting is lazy: a run is cut only where a
 * request ends inside it, and healed as soon as its parts share a fate again.
 */
export class RunList {
  /** In offset order. Callers change fields of runs, never the array. */
  readonly runs: Run[] = [];
  /** First offset in flight; the share-partition start offset. */
  start: number;
  /** One past the last offset in flight; equals `start` when nothing is. */
  end: number;

  constructor(start: number) {
    this.start = start;
    this.end = start;
  }

  /** Index of the run that holds `offset`, which lies in [start, end). */
  indexOf(offset: number): number {
    assert(offset >= this.start && offset < this.end, `I1: offset ${offset} is not in flight`);
    let low = 0;
    let high = this.runs.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >>> 1;
      if (this.at(middle).start <= offset) low = middle;
      else high = middle - 1;
    }
    return low;
  }

  /** The run at an index that exists. */
  at(index: number): Run {
    const run = this.runs[index];
    assert(run !== undefined, `I1: no run ${index}`);
    return run;
  }

  /** Makes a run begin at `offset` and gives its index; at `end` it is the number of runs. */
  splitAt(offset: number): number {
    if (offset === this.end) return this.runs.length;
    const index = this.indexOf(offset);
    const run = this.at(index);
    if (run.start === offset) return index;
    this.runs.splice(index + 1, 0, { ...run, start: offset });
    run.end = offset;
    return index + 1;
  }

  /** Adds a run behind the last one. */
  push(run: Run): void {
    assert(
      run.start === this.end && run.end > run.start,
      `I1: run [${run.start}, ${run.end}) does not follow ${this.end}`,
    );
    this.runs.push(run);
    this.end = run.end;
  }

  /** Joins neighbours of one fate among the runs from `from` to `to`, both included and both clipped. */
  heal(from: number, to: number): void {
    const runs = this.runs;
    const last = Math.min(to, runs.length - 1);
    let kept = Math.max(from, 0);
    if (kept >= last) return;
    for (let index = kept + 1; index <= last; index += 1) {
      const left = this.at(kept);
      const right = this.at(index);
      if (sameFate(left, right)) {
        left.end = right.end;
        left.unitStart = Math.min(left.unitStart, right.unitStart);
        left.unitEnd = Math.max(left.unitEnd, right.unitEnd);
      } else {
        kept += 1;
        runs[kept] = right;
      }
    }
    if (kept < last) runs.splice(kept + 1, last - kept);
  }

  /** Forgets everything below `offset`, which becomes the start; the end follows when it lies below. */
  dropBelow(offset: number): void {
    assert(offset >= this.start, `I2: start moves back from ${this.start} to ${offset}`);
    if (offset >= this.end) {
      this.runs.length = 0;
      this.end = offset;
    } else {
      this.runs.splice(0, this.splitAt(offset));
    }
    this.start = offset;
  }

  /** Moves the start past finished runs; true when it moved. */
  advance(): boolean {
    let count = 0;
    while (count < this.runs.length && isFinished(this.at(count))) count += 1;
    if (count === 0) return false;
    this.start = this.at(count - 1).end;
    this.runs.splice(0, count);
    return true;
  }
}
