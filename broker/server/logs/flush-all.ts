/** Flushes all of them, so many at a time; `done` when each was flushed. */
export function flushAll(clients: readonly { flush(done: () => void): void }[], limit: number, done: () => void): void {
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
      });
    }
    draining = false;
  };
  advance();
}
