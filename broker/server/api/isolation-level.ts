/** Whether a request's isolation level exists: 0 read_uncommitted, 1 read_committed. */
export function isIsolationLevel(level: number): boolean {
  return level === 0 || level === 1;
}
