import { assert } from '../../core/base/assert.ts';

/** Reads of one request that run at once: as many as the disk takes for everybody (B6). */
const TOGETHER_MAX = 4;

/** Reads of several partitions whose outcomes count in their order. */
export interface OrderedReads<T> {
  readonly count: number;
  /**
   * Begins a read; `done` may come in the same call. `isNext`: all before it are taken, so that what it may have is known.
   * Else that can still shrink, and false leaves the read until it is next.
   */
  readonly begin: (index: number, isNext: boolean, done: (outcome: T) => void) => boolean;
  /** Takes the next outcome; false when it was read before its turn and is not what it may have: it is read again. */
  readonly take: (outcome: T, wasNext: boolean) => boolean;
  /** Called once, when all are taken. */
  readonly end: () => void;
}

interface Begun<T> {
  readonly wasNext: boolean;
  outcome: T | undefined;
}

/** Runs a few reads at a time and takes their outcomes in order, whichever comes first. May end in the same call. */
export function readInOrder<T>(reads: OrderedReads<T>): void {
  new Reading(reads).advance();
}

class Reading<T> {
  readonly #reads: OrderedReads<T>;
  /** Begun and not taken. */
  readonly #begun: Begun<T>[] = [];
  #taken = 0;
  #advancing = false;

  constructor(reads: OrderedReads<T>) {
    this.#reads = reads;
  }

  advance(): void {
    // Most reads complete in the call that begins them: a loop and not a recursion.
    if (this.#advancing) return;
    this.#advancing = true;
    while (this.#takeNext() || this.#beginNext()) continue;
    this.#advancing = false;
    if (this.#taken === this.#reads.count) this.#reads.end();
  }

  #takeNext(): boolean {
    const next = this.#begun[0];
    if (next === undefined || next.outcome === undefined) return false;
    if (this.#reads.take(next.outcome, next.wasNext)) {
      this.#begun.shift();
      this.#taken += 1;
    } else {
      assert(!next.wasNext, 'what is read in its turn is taken');
      this.#begin(0);
    }
    return true;
  }

  #beginNext(): boolean {
    const place = this.#begun.length;
    return place < TOGETHER_MAX && this.#taken + place < this.#reads.count && this.#begin(place);
  }

  #begin(place: number): boolean {
    const read: Begun<T> = { wasNext: place === 0, outcome: undefined };
    const isBegun = this.#reads.begin(this.#taken + place, read.wasNext, (outcome) => {
      read.outcome = outcome;
      this.advance();
    });
    assert(isBegun || place > 0, 'what is next is read');
    if (isBegun) this.#begun[place] = read;
    return isBegun;
  }
}
