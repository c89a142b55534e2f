/** One piece of work that gives one result, now or later. */
export type Gathered<T> = (done: (result: T) => void) => void;

/** Starts all the work and calls `done` once with the results in the order of the work. */
export function gather<T>(work: readonly Gathered<T>[], done: (results: readonly T[]) => void): void {
  const results: T[] = new Array<T>(work.length);
  let open = work.length + 1;
  const settle = (): void => {
    open -= 1;
    if (open === 0) done(results);
  };
  work.forEach((start, index) => {
    start((result) => {
      results[index] = result;
      settle();
    });
  });
  settle();
}
