/** Pauses between attempts: the first is `minMs`, each next one twice as long, up to `maxMs`. */
export interface Backoff {
  readonly minMs: number;
  readonly maxMs: number;
}

/**
 * The pause after `failures` failures in a row (from 1), in ms. `chance` is in [0, 1): it takes away up to half, so that
 * those who failed together don't come back together.
 */
export function backoffMs({ minMs, maxMs }: Backoff, failures: number, chance: number): number {
  // Past 2^30 times the first pause nothing is told apart, and a larger power would overflow in the end.
  const fullMs = Math.min(maxMs, minMs * 2 ** Math.min(30, Math.max(0, failures - 1)));
  return fullMs * (1 - chance / 2);
}
