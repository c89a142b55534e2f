import { SUSPECT } from '../../core/log/file-names.ts';
import type { Disk } from '../../ports/disk.ts';
import { isDiskFull } from '../disk-failure.ts';
import type { Task } from '../task.ts';
import { failureOf, removeIfExists, replaceFile } from './disk-tasks.ts';

/** Notes of a log that it is suspect (D8), durably before the cut, after which nothing tells of it; where the disk is full, this start alone tells. */
export function* noteSuspect(disk: Disk, directory: string): Task<void> {
  try {
    yield* replaceFile(disk, directory, SUSPECT, new Uint8Array(0));
  } catch (error) {
    if (!isDiskFull(failureOf(error))) throw error;
  }
}

/** Whether a log with these files was suspect when it was last seen. */
export function isSuspectAs(names: ReadonlySet<string>): boolean {
  return names.has(SUSPECT);
}

/** A log has everything that counts. After a crash the note may be back: then it has to be in sync once more. */
export function* forgetSuspect(disk: Disk, log: { readonly directory: string; isSuspect: boolean }): Task<void> {
  log.isSuspect = false;
  yield* removeIfExists(disk, `${log.directory}/${SUSPECT}`);
}
