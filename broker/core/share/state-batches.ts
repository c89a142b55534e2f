import type { StateBatch } from './persistence.ts';

/** Whether `left` says more of the same offsets than `right`: more deliveries, then the higher state (PROTOCOL §2.9). */
function prevails(left: StateBatch, right: StateBatch): boolean {
  if (left.deliveryCount !== right.deliveryCount) return left.deliveryCount > right.deliveryCount;
  return left.deliveryState >= right.deliveryState;
}

/** Adds a part of `batch` behind `out`, joined with its neighbour when they are equal; what lies below `start` is dropped. */
function emit(out: StateBatch[], batch: StateBatch, firstOffset: number, lastOffset: number, start: number): void {
  const first = Math.max(firstOffset, start);
  if (first > lastOffset) return;
  const previous = out[out.length - 1];
  const { deliveryState, deliveryCount } = batch;
  if (
    previous !== undefined &&
    previous.lastOffset + 1 === first &&
    previous.deliveryState === deliveryState &&
    previous.deliveryCount === deliveryCount
  ) {
    out[out.length - 1] = { firstOffset: previous.firstOffset, lastOffset, deliveryState, deliveryCount };
    return;
  }
  out.push({ firstOffset: first, lastOffset, deliveryState, deliveryCount });
}

/** A place in a sorted list of disjoint batches: the batch and the first of its offsets not yet merged. */
class Cursor {
  batch: StateBatch | undefined;
  first = 0;
  readonly #batches: readonly StateBatch[];
  #index = 0;

  constructor(batches: readonly StateBatch[]) {
    this.#batches = batches;
    this.#load();
  }

  /** Goes on behind `lastOffset`, which lies in the batch. */
  pass(lastOffset: number): void {
    this.first = lastOffset + 1;
    if (this.batch !== undefined && this.first > this.batch.lastOffset) {
      this.#index += 1;
      this.#load();
    }
  }

  #load(): void {
    this.batch = this.#batches[this.#index];
    this.first = this.batch?.firstOffset ?? 0;
  }
}

/** Merges two sorted lists of disjoint batches in one pass over both. */
function mergeDisjoint(older: readonly StateBatch[], newer: readonly StateBatch[], start: number): StateBatch[] {
  const out: StateBatch[] = [];
  const left = new Cursor(older);
  const right = new Cursor(newer);
  for (;;) {
    const a = left.batch;
    const b = right.batch;
    if (a === undefined && b === undefined) return out;
    if (a !== undefined && (b === undefined || left.first < right.first)) {
      const last = b === undefined ? a.lastOffset : Math.min(a.lastOffset, right.first - 1);
      emit(out, a, left.first, last, start);
      left.pass(last);
    } else if (b !== undefined && (a === undefined || right.first < left.first)) {
      const last = a === undefined ? b.lastOffset : Math.min(b.lastOffset, left.first - 1);
      emit(out, b, right.first, last, start);
      right.pass(last);
    } else if (a !== undefined && b !== undefined) {
      const last = Math.min(a.lastOffset, b.lastOffset);
      emit(out, prevails(b, a) ? b : a, left.first, last, start);
      left.pass(last);
      right.pass(last);
    }
  }
}

function isSortedAndDisjoint(batches: readonly StateBatch[]): boolean {
  return batches.every((batch, index) => index === 0 || (batches[index - 1]?.lastOffset ?? -1) < batch.firstOffset);
}

/**
 * The state after `incoming` (in the order of decisions, maybe overlapping) came to `existing` (sorted, disjoint): where
 * both speak of an offset the higher delivery count wins, then the higher state; nothing stays below `startOffset`;
 * equal neighbours are one. Sorted and disjoint again.
 */
export function mergeStateBatches(
  existing: readonly StateBatch[],
  incoming: readonly StateBatch[],
  startOffset: number,
): StateBatch[] {
  if (isSortedAndDisjoint(incoming)) return mergeDisjoint(existing, incoming, startOffset);
  let merged: StateBatch[] = [];
  const rest: StateBatch[] = [];
  for (const batch of [...incoming].sort((a, b) => a.firstOffset - b.firstOffset)) {
    const previous = rest[rest.length - 1];
    if (previous === undefined || previous.lastOffset < batch.firstOffset) rest.push(batch);
    else merged = mergeDisjoint(merged, [batch], startOffset);
  }
  return mergeDisjoint(existing, mergeDisjoint(rest, merged, startOffset), startOffset);
}
