/** Callbacks waiting for an offset to be reached, called in order of offset, then of arrival. */
export class OffsetWaiters {
  #waiting: { readonly offset: number; readonly done: (errorCode: number) => void }[] = [];

  get size(): number {
    return this.#waiting.length;
  }

  /** Almost always called with growing offsets, so the place is found from the end. */
  add(offset: number, done: (errorCode: number) => void): void {
    let place = this.#waiting.length;
    while (place > 0 && (this.#waiting[place - 1]?.offset ?? 0) > offset) place -= 1;
    if (place === this.#waiting.length) this.#waiting.push({ offset, done });
    else this.#waiting.splice(place, 0, { offset, done });
  }

  /** Calls everybody who waits for `offset` or less. A callback may add further waiters. */
  release(offset: number): void {
    let count = 0;
    while (count < this.#waiting.length && (this.#waiting[count]?.offset ?? 0) <= offset) count += 1;
    if (count === 0) return;
    for (const waiter of this.#waiting.splice(0, count)) waiter.done(0);
  }

  /** Tells everybody that the offset will never be reached here. */
  fail(errorCode: number): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const waiter of waiting) waiter.done(errorCode);
  }
}
