const TIMEOUT_MS_MIN = 1000;
const TIMEOUT_MS_MAX = 300_000;

/** How long changes without a time-out of their own may take, ms. */
export const CHANGE_TIMEOUT_MS = 30_000;

/**
 * How long to wait for the controller on behalf of a client, ms. Clients that ask for no wait at all still get the second
 * that an answer takes: the change happens in any case, and they are better off knowing.
 */
export function controllerTimeoutMs(askedMs: number): number {
  return Math.min(Math.max(askedMs, TIMEOUT_MS_MIN), TIMEOUT_MS_MAX);
}
