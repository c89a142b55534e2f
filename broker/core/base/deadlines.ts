/** One timer: what it is about and when it is due. Owners keep the object and move it through `Deadlines`. */
export interface Deadline<T> {
  readonly payload: T;
  /** Monotonic ms; `Infinity` while it does not run. Read only: change it through `set` and `cancel`. */
  dueMs: number;
  /** Earliest position in the queue under which this timer is already filed, `Infinity` when it is not. */
  filedMs: number;
}

interface Entry<T> {
  readonly atMs: number;
  /** Breaks ties, so that timers of the same millisecond fire in the order in which they were filed. */
  readonly sequence: number;
  readonly timer: Deadline<T>;
}

/** Entries from which on it is worth looking for those that nobody waits for any more. */
const SWEEP_MIN = 16;

/**
 * Many timers of which most are moved later all the time (a session with every heartbeat): moving one later is a
 * plain store, the queue finds out when the old time comes. So `nextMs` may be too early, never too late. A timer has
 * one entry in the queue, and one more for each time it was moved earlier. Entries that mean nothing any more go when
 * their time comes, or when they are half of the queue: clients come and go faster than sessions of half an hour end.
 */
export class Deadlines<T> {
  private heap: Entry<T>[] = [];
  private sequence = 0;
  private sweepAtCount = SWEEP_MIN;

  /** Entries in the queue, those that mean nothing any more included. */
  get filedCount(): number {
    return this.heap.length;
  }

  /** A new timer that does not run yet. */
  create(payload: T): Deadline<T> {
    return { payload, dueMs: Number.POSITIVE_INFINITY, filedMs: Number.POSITIVE_INFINITY };
  }

  /** Starts or moves a timer. */
  set(timer: Deadline<T>, dueMs: number): void {
    timer.dueMs = dueMs;
    if (dueMs < timer.filedMs) this.file(timer);
  }

  /** Stops a timer; harmless when it does not run. */
  cancel(timer: Deadline<T>): void {
    timer.dueMs = Number.POSITIVE_INFINITY;
  }

  /** A time no later than the first timer's, in monotonic ms; `Infinity` when none is filed. */
  nextMs(): number {
    return this.heap[0]?.atMs ?? Number.POSITIVE_INFINITY;
  }

  /** Takes one timer that is due at `nowMs` (it does not run any more), or null. */
  takeDue(nowMs: number): Deadline<T> | null {
    for (;;) {
      const first = this.heap[0];
      if (first === undefined || first.atMs > nowMs) return null;
      this.removeFirst();
      const { timer } = first;
      if (timer.filedMs === first.atMs) timer.filedMs = Number.POSITIVE_INFINITY;
      if (timer.dueMs === Number.POSITIVE_INFINITY) continue;
      if (timer.dueMs <= nowMs) {
        timer.dueMs = Number.POSITIVE_INFINITY;
        return timer;
      }
      if (timer.dueMs < timer.filedMs) this.file(timer);
    }
  }

  private file(timer: Deadline<T>): void {
    if (this.heap.length >= this.sweepAtCount) this.sweep();
    timer.filedMs = timer.dueMs;
    this.sequence += 1;
    this.insert({ atMs: timer.dueMs, sequence: this.sequence, timer });
  }

  /** Takes out the entries of timers that don't run, and those that an earlier one stands in for. */
  private sweep(): void {
    const entries = this.heap;
    this.heap = [];
    for (const entry of entries) {
      const { atMs, timer } = entry;
      if (atMs !== timer.filedMs) continue;
      if (timer.dueMs === Number.POSITIVE_INFINITY) timer.filedMs = Number.POSITIVE_INFINITY;
      else this.insert(entry);
    }
    this.sweepAtCount = Math.max(SWEEP_MIN, 2 * this.heap.length);
  }

  private insert(entry: Entry<T>): void {
    let at = this.heap.length;
    this.heap.push(entry);
    while (at > 0) {
      const parentAt = (at - 1) >> 1;
      const parent = this.heap[parentAt];
      if (parent === undefined || !isBefore(entry, parent)) break;
      this.heap[at] = parent;
      at = parentAt;
    }
    this.heap[at] = entry;
  }

  private removeFirst(): void {
    const last = this.heap.pop();
    if (last === undefined || this.heap.length === 0) return;
    let at = 0;
    for (;;) {
      let childAt = 2 * at + 1;
      let child = this.heap[childAt];
      if (child === undefined) break;
      const right = this.heap[childAt + 1];
      if (right !== undefined && isBefore(right, child)) {
        child = right;
        childAt += 1;
      }
      if (!isBefore(child, last)) break;
      this.heap[at] = child;
      at = childAt;
    }
    this.heap[at] = last;
  }
}

function isBefore<T>(a: Entry<T>, b: Entry<T>): boolean {
  return a.atMs < b.atMs || (a.atMs === b.atMs && a.sequence < b.sequence);
}
