import type { DiskFailure } from '../ports/disk.ts';

/**
 * True when a failed operation only means that the disk is full, so that it may be done again once there is room (D11).
 * Never so for a sync, whatever its code: what it should have kept may be gone from memory already.
 */
export function isDiskFull({ code, operation }: DiskFailure): boolean {
  return (code === 'ENOSPC' || code === 'EDQUOT') && operation !== 'sync' && operation !== 'syncDirectory';
}

/** Why the process ends after a failed operation, in one sentence for the log. */
export function fatalSentence({ code, operation, path }: DiskFailure): string {
  const what = `${operation} of ${path} failed (${code})`;
  if (code === 'EROFS')
    return `${what}: the file system has become read-only, nothing can be acknowledged any more, stopping`;
  return `${what}: the data directory can't be trusted any more, stopping`;
}
