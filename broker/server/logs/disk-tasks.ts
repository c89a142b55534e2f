import { segmentFileName } from '../../core/log/file-names.ts';
import type { DirectoryEntry, Disk, DiskFailure, DiskFile } from '../../ports/disk.ts';
import { type DiskFault, runTask, step, type Task } from '../task.ts';
import type { FileCache, FileLease } from './file-cache.ts';
import type { IndexCache } from './index-cache.ts';

/** What knows files of logs. */
interface FilesOfLogs {
  readonly disk: Disk;
  readonly files: FileCache;
  readonly indexes: IndexCache;
}

/** The failed disk operation that a task threw; rethrows anything else, which is a bug. */
export function failureOf(error: unknown): DiskFailure {
  // By shape: `instanceof` lies across realms.
  if (error !== null && typeof error === 'object' && 'failure' in error) return (error as DiskFault).failure;
  throw error;
}

/** The errno name of the failed disk operation that a task threw. */
export function faultCode(error: unknown): string {
  return failureOf(error).code;
}

/** Replaces a small file atomically and durably: temporary file, sync, rename, directory sync (D9). */
export function* replaceFile(disk: Disk, directory: string, name: string, bytes: Uint8Array): Task<void> {
  yield* writeAside(disk, `${directory}/${name}`, bytes);
  yield* step<void>((done) => disk.syncDirectory(directory, done));
}

/** Like `replaceFile` without the directory sync, which the caller does for several files at once. */
export function* writeAside(disk: Disk, path: string, bytes: Uint8Array): Task<void> {
  const temporary = `${path}.tmp`;
  const file = yield* step<DiskFile>((done) => disk.open(temporary, { create: true }, done));
  try {
    yield* step<void>((done) => file.truncate(bytes.length, done));
    yield* step<void>((done) => file.write(0, [bytes], done));
    yield* step<void>((done) => file.sync(done));
  } finally {
    // The outcome is in the steps above; a failed close changes nothing about it.
    file.close(() => undefined);
  }
  yield* step<void>((done) => disk.rename(temporary, path, done));
}

/** Reads a small file; null when it does not exist. */
export function* readIfExists(disk: Disk, path: string, sizeMax: number): Task<Uint8Array | null> {
  try {
    return yield* step<Uint8Array>((done) => disk.readFile(path, sizeMax, done));
  } catch (error) {
    if (faultCode(error) === 'ENOENT') return null;
    throw error;
  }
}

/** Removes a file or empty directory; a missing one is no error. */
export function* removeIfExists(disk: Disk, path: string): Task<void> {
  try {
    yield* step<void>((done) => disk.remove(path, done));
  } catch (error) {
    if (faultCode(error) !== 'ENOENT') throw error;
  }
}

/** Removes a file that logs may have in use: whoever asks for its name later never gets what was open before. */
export function* removeForgotten(context: FilesOfLogs, path: string): Task<void> {
  const forget = (): void => {
    context.files.forget(path);
    context.indexes.forget(path);
  };
  forget();
  yield* removeIfExists(context.disk, path);
  // A read under way may have opened it meanwhile.
  forget();
}

/** Opens a file for the time of `use`. */
export function* withFile<T>(
  files: FileCache,
  path: string,
  options: { readonly create: boolean },
  use: (file: DiskFile) => Task<T>,
): Task<T> {
  const lease = yield* step<FileLease>((done) => files.acquire(path, options, done));
  try {
    return yield* use(lease.file);
  } finally {
    lease.release();
  }
}

/** Runs a task per item, at most `limit` at once; ends when all have. The first error is thrown then. */
export function* inParallel<T>(items: readonly T[], limit: number, each: (item: T) => Task<void>): Task<void> {
  if (items.length === 0) return;
  const outcome = { error: null as unknown };
  yield* step<void>((done) => {
    let next = 0;
    let running = 0;
    let draining = false;
    const advance = (): void => {
      // Tasks may end in the same call: a loop in place of recursion.
      if (draining) return;
      draining = true;
      while (running < limit && next < items.length) {
        const item = items[next] as T;
        next += 1;
        running += 1;
        runTask(each(item), (error) => {
          running -= 1;
          if (error !== null) outcome.error ??= error;
          advance();
        });
      }
      draining = false;
      if (running === 0 && next === items.length) {
        next += 1;
        done(null, undefined);
      }
    };
    advance();
  });
  if (outcome.error !== null) throw outcome.error;
}

/** Waits for something that reports by a plain callback and cannot fail. */
export function* waitFor(start: (done: () => void) => void): Task<void> {
  yield* step<void>((done) => {
    start(() => {
      done(null, undefined);
    });
  });
}

/** Removes every file of a log but those named; its directory stays. */
export function* removeLogFiles(context: FilesOfLogs, directory: string, kept: readonly string[] = []): Task<void> {
  const entries = yield* step<readonly DirectoryEntry[]>((done) => context.disk.list(directory, done));
  for (const { name } of entries) {
    if (kept.includes(name)) continue;
    yield* removeForgotten(context, `${directory}/${name}`);
  }
  yield* step<void>((done) => context.disk.syncDirectory(directory, done));
}

/** Removes all files of a segment. */
export function* removeSegmentFiles(context: FilesOfLogs, directory: string, baseOffset: number): Task<void> {
  for (const kind of ['log', 'index', 'timeindex', 'txnindex', 'snapshot'] as const) {
    const path = `${directory}/${segmentFileName(baseOffset, kind)}`;
    yield* removeForgotten(context, path);
  }
}
