/**
 * Delay of a timer for a deadline, ms, at least 1: a difference may be rounded short, and the timer would fire before its deadline
 * and be set for now again and again.
 */
export function delayUntil(dueMs: number, nowMs: number): number {
  return Math.max(1, dueMs - nowMs);
}
