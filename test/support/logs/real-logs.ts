import { DEFAULT_LOG_CONFIG } from '../../../broker/core/log/config.ts';
import { crc32c } from '../../../broker/io/crc32c.ts';
import { NodeDisk } from '../../../broker/io/disk/node-disk.ts';
import type { DiskFailure } from '../../../broker/ports/disk.ts';
import { type LogManagerOptions, openLogManager, type OpenedLogs } from '../../../broker/server/logs/log-manager.ts';
import type { LogFailure, PartitionLog } from '../../../broker/server/logs/partition-log.ts';
import { runTask } from '../../../broker/server/task.ts';
import { makeBatch } from './log-world.ts';

const SILENT = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined };

/** Logs in a real directory; `abandon` ends everything that they would do by themselves, as the death of a process does. */
export interface RealLogs extends OpenedLogs {
  readonly disk: NodeDisk;
  abandon(): void;
}

/** Opens logs in a real directory, on a minimal loop. */
export async function openRealLogs(directory: string, options: Partial<LogManagerOptions> = {}): Promise<RealLogs> {
  let isAlive = true;
  const disk = new NodeDisk((input) => {
    setImmediate(() => {
      if (isAlive) input();
    });
  });
  const task = openLogManager({
    disk,
    clock: { monotonicMs: () => performance.now(), wallMs: () => Date.now() },
    timers: {
      after: (delayMs, callback) => {
        const timer = setTimeout(() => {
          if (isAlive) callback();
        }, delayMs);
        timer.unref();
        return { cancel: () => clearTimeout(timer) };
      },
    },
    crc32c,
    compression: {
      decompress: (_codec, _bytes, _max, done) => done('malformed'),
      compress: (_codec, bytes, done) => done(bytes),
    },
    log: SILENT,
    directory,
    defaultConfig: DEFAULT_LOG_CONFIG,
    onFatal: (failure: DiskFailure) => {
      throw new Error(`${failure.code} ${failure.operation} ${failure.path}`);
    },
    options,
  });
  const opened = await new Promise<OpenedLogs>((resolve, reject) => {
    runTask(task, (error, value) => {
      if (value === undefined) reject(error instanceof Error ? error : new Error(String(error)));
      else resolve(value);
    });
  });
  return {
    ...opened,
    disk,
    abandon: () => {
      isAlive = false;
    },
  };
}

/** An operation of a log as a promise. */
export function promised<T>(
  start: (done: (failure: LogFailure | null, value: T | undefined) => void) => void,
): Promise<T> {
  return new Promise((resolve, reject) => {
    start((failure, value) => {
      if (failure === null) resolve(value as T);
      else reject(new Error(JSON.stringify(failure)));
    });
  });
}

/** An operation without a failure as a promise. */
export function finished<T = void>(start: (done: (value: T) => void) => void): Promise<T> {
  return new Promise((resolve) => {
    start(resolve);
  });
}

/** Appends one record to each log in one turn, which `valueOf` gives; ends when all are durable. Throws when a log takes none. */
export function appendToAll(logs: readonly PartitionLog[], valueOf: (log: PartitionLog) => string): Promise<void> {
  return finished((done) => {
    let left = logs.length;
    for (const log of logs) {
      const end = log.append(makeBatch(log.logEndOffset, { values: [valueOf(log)] }), { nowMs: Date.now() });
      if (end === null) throw new Error(`${log.topic}-${log.partition} is ${log.state}: ${log.stateReason}`);
      log.setListener({
        onProgress: (_written, durable) => {
          if (durable < end) return;
          log.setListener(null);
          left -= 1;
          if (left === 0) done();
        },
        onState: () => undefined,
      });
    }
  });
}
