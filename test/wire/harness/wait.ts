import { createServer } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';

const DEADLINE_MS = 45_000;
const POLL_MS = 25;

/** Thrown by a probe when the condition can never come true, so that nobody waits for the deadline. */
export class GiveUp extends Error {}

/** How long to wait for a condition and how often to look. */
export type WaitOptions = { readonly deadlineMs?: number; readonly pollMs?: number };

/**
 * Waits until `probe` gives something other than null, undefined or false, and gives that. Rejects after the deadline
 * (45 s by default, less than a test may take), naming `what` was waited for and what the last probe threw, if it did.
 */
export async function waitFor<T>(
  what: string,
  probe: () => T | Promise<T>,
  { deadlineMs = DEADLINE_MS, pollMs = POLL_MS }: WaitOptions = {},
): Promise<NonNullable<Exclude<T, false>>> {
  const end = performance.now() + deadlineMs;
  for (;;) {
    let failure: unknown = null;
    try {
      const value = await probe();
      // The type says the same as the check: neither null, undefined nor false.
      if (value !== null && value !== undefined && value !== false) return value as NonNullable<Exclude<T, false>>;
    } catch (error) {
      if (error instanceof GiveUp) throw error;
      failure = error;
    }
    if (performance.now() > end) throw new Error(`${what}: not within ${deadlineMs} ms`, { cause: failure });
    await delay(pollMs);
  }
}

/** A port of 127.0.0.1 that nobody listened on a moment ago. */
export async function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.on('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      const port = typeof address === 'object' && address !== null ? address.port : 0;
      server.close(() => resolve(port));
    });
  });
}
