import { isTerminal, RecordState } from './record-state.ts';
import type { Run } from './runs.ts';

/** A run of records with one settled fate, as it is persisted; offsets inclusive, as on the wire. */
export interface StateBatch {
  readonly firstOffset: number;
  readonly lastOffset: number;
  readonly deliveryState: number;
  readonly deliveryCount: number;
}

/** Upper bound on state batches that wait for the write under way. Past it, lock expiries are not persisted (I9). */
export const PENDING_BATCHES_MAX = 50_000;

/** One change that becomes true when its write is committed: one request's acknowledgements, or one session's end. */
export class Transition {
  /** Grows with every transition; runs in transition carry it. */
  readonly id: number;
  /** Who waits for the verdict; 0: nobody. */
  readonly ticket: number;
  readonly batches: StateBatch[] = [];

  constructor(id: number, ticket: number) {
    this.id = id;
    this.ticket = ticket;
  }

  /** Takes over what a run is now. Neighbours of one fate are joined. */
  add(run: Run): void {
    const previous = this.batches[this.batches.length - 1];
    const joins =
      previous !== undefined &&
      previous.lastOffset + 1 === run.start &&
      previous.deliveryState === run.state &&
      previous.deliveryCount === run.deliveryCount;
    const firstOffset = joins ? previous.firstOffset : run.start;
    const batch: StateBatch = {
      firstOffset,
      lastOffset: run.end - 1,
      deliveryState: run.state,
      deliveryCount: run.deliveryCount,
    };
    if (joins) this.batches[this.batches.length - 1] = batch;
    else this.batches.push(batch);
  }
}

/**
 * Changes on their way to the share coordinator. One write is under way at a time; what is decided meanwhile goes
 * together in the next one (group commit), so that the order of writes is the order of decisions.
 */
export class PersistQueue {
  /** True once something that holds in memory may never be written, until a write of everything begins. */
  isBehind = false;
  #lastId = 0;
  #waiting: Transition[] = [];
  #waitingBatchCount = 0;
  #writing: readonly Transition[] | null = null;

  /** A new transition; it counts only once pushed. */
  open(ticket: number): Transition {
    this.#lastId += 1;
    return new Transition(this.#lastId, ticket);
  }

  /** Queues a transition for the next write. */
  push(transition: Transition): void {
    this.#waiting.push(transition);
    this.#waitingBatchCount += transition.batches.length;
  }

  /** Queues what already happened in memory and may be forgotten (I9): false when there is no room. */
  pushDispensable(transition: Transition): boolean {
    if (transition.batches.length === 0) return true;
    if (this.#waitingBatchCount + transition.batches.length > PENDING_BATCHES_MAX) {
      this.isBehind = true;
      return false;
    }
    this.push(transition);
    return true;
  }

  /** True when a write could begin now. */
  get ready(): boolean {
    return this.#writing === null && this.#waiting.length > 0;
  }

  /** True while a write is under way. */
  get writing(): boolean {
    return this.#writing !== null;
  }

  /** Begins a write of everything that waits; gives its batches in the order of decisions. */
  begin(): readonly StateBatch[] {
    this.#writing = this.#waiting;
    this.#waiting = [];
    this.#waitingBatchCount = 0;
    const [only] = this.#writing;
    if (this.#writing.length === 1 && only !== undefined) return only.batches;
    return this.#writing.flatMap((transition) => transition.batches);
  }

  /** Ends the write under way; gives what it held. */
  finish(): readonly Transition[] {
    const done = this.#writing ?? [];
    this.#writing = null;
    return done;
  }

  /** Drops everything; gives what waited or was under way, oldest first. */
  abandon(): readonly Transition[] {
    const all = [...(this.#writing ?? []), ...this.#waiting];
    this.#writing = null;
    this.#waiting = [];
    this.#waitingBatchCount = 0;
    return all;
  }
}

/** True for states that may be persisted. */
export function isPersistable(state: number): state is RecordState {
  return state === RecordState.available || state === RecordState.archiving || isTerminal(state as RecordState);
}
