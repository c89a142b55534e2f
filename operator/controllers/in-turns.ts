/** Calls of one Cluster that are under way at the same time. */
const CALLS_MAX = 8;

/** Does the same for all of these, some at a time. */
export async function inTurns<T>(all: readonly T[], work: (one: T) => Promise<void>): Promise<void> {
  for (let at = 0; at < all.length; at += CALLS_MAX) await Promise.all(all.slice(at, at + CALLS_MAX).map(work));
}
