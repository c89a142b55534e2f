import { deletedDirectoryName, logDirectoryName } from '../../core/log/file-names.ts';
import { runTask, step, type Task } from '../task.ts';
import { inParallel, removeIfExists, removeLogFiles } from './disk-tasks.ts';
import type { LogContext } from './log-context.ts';
import type { OpenLog } from './open-log.ts';

/**
 * Removes logs that are closed and that the manifest does not list any more. At the end their names are free; the files go
 * behind that, at the next start at the latest. So many at a time.
 */
export function* removeLogs(
  context: LogContext,
  directory: string,
  logs: readonly OpenLog[],
  parallel: number,
): Task<void> {
  yield* inParallel(logs, parallel, (log) => setAside(context, directory, log));
  runTask(removeDirectories(context, directory, logs), (error) => {
    // A directory that stays is removed at the next start.
    if (error !== null) context.log.warn({ error: String(error) }, 'a deleted log could not be removed');
  });
}

function* setAside(context: LogContext, directory: string, log: OpenLog): Task<void> {
  const from = `${directory}/${logDirectoryName(log.topic, log.partition)}`;
  const caches = [context.files, context.indexes];
  for (const cache of caches) cache.forgetUnder(`${from}/`);
  try {
    const to = `${directory}/${deletedDirectoryName(log.topicId, log.partition)}`;
    yield* step<void>((done) => context.disk.rename(from, to, done));
  } catch (error) {
    context.log.warn(
      { error: String(error) },
      'the directory of a deleted log could not be renamed: removed in its place',
    );
    // Before its name is free: what it holds must not become another log's.
    yield* removeLogFiles(context, from);
    yield* removeIfExists(context.disk, from);
  }
  // Again: a read under way may have opened a file meanwhile, and the log that takes the name must not write to it.
  for (const cache of caches) cache.forgetUnder(`${from}/`);
}

function* removeDirectories(context: LogContext, directory: string, logs: readonly OpenLog[]): Task<void> {
  for (const log of logs) {
    const path = `${directory}/${deletedDirectoryName(log.topicId, log.partition)}`;
    yield* removeLogFiles(context, path);
    yield* removeIfExists(context.disk, path);
  }
}
