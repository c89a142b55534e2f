import type { DiskFailure } from '../ports/disk.ts';

/**
 * True when a failed operation only means that the disk is full, so that it may be done again once there is room (D11).
 * Never so for a sync, whatever its code: what it should have kept may be gone from memory already.
 */
export function isDiskFull({ code, operation }: DiskFailure): boolean {
  return (code === 'ENOSPC' || code === 'EDQUOT') && operation !== 'sync' && operation !== 'syncDirectory';
}

/** True when an operation found no descriptor, for as long as the disk tried (`io/disk/opener.ts`): nothing was done yet. */
export function isOutOfDescriptors({ code }: DiskFailure): boolean {
  return code === 'EMFILE' || code === 'ENFILE';
}

/** Why the process ends after a failed operation, in one sentence for the log. */
export function fatalSentence({ code, operation, path }: DiskFailure): string {
  const reason = REASONS.get(code) ?? 'what the data directory holds is not known any more';
  return `${operation} of ${path} failed (${code}): ${reason}, nothing is acknowledged after this, stopping`;
}

/** Which of the two a file system gives that turned read-only after an error depends on the moment. */
const READ_ONLY = 'the disk failed or its file system became read-only (the kernel log tells)';
const REASONS: ReadonlyMap<string, string> = new Map([
  ['EIO', READ_ONLY],
  ['EROFS', READ_ONLY],
]);
