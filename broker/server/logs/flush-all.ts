/** Something that can be flushed: all that was queued, or what of it is written. */
interface Flushable {
  flush(done: () => void, what: FlushedPart): void;
}

/** What a flush covers; what is not written may wait for a descriptor. */
export type FlushedPart = 'queued' | 'written';

/** Flushes all of them, so many at a time; `done` when each was flushed. */
export function flushAll(
  clients: readonly Flushable[],
  limit: number,
  done: () => void,
  what: FlushedPart = 'queued',
): void {
  let next = 0;
  let left = clients.length;
  if (left === 0) {
    done();
    return;
  }
  let draining = false;
  let running = 0;
  const advance = (): void => {
    // A flush may end in the same call: a loop in place of recursion.
    if (draining) return;
    draining = true;
    while (running < limit && next < clients.length) {
      const client = clients[next];
      next += 1;
      running += 1;
      client?.flush(() => {
        running -= 1;
        left -= 1;
        if (left === 0) done();
        else advance();
      }, what);
    }
    draining = false;
  };
  advance();
}
