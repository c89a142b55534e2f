import { Buffer } from 'node:buffer';
import * as fs from 'node:fs';
import { basename } from 'node:path';
import type { DirectoryEntry, Disk, DiskDone, DiskFile } from '../../ports/disk.ts';
import { toFailure } from './failure.ts';
import { Lane } from './lane.ts';
import { NodeFile, type NodeFileHost } from './node-file.ts';
import { Opener } from './opener.ts';
import { readFully } from './read-fully.ts';
import { countSync, createSyncStats, type SyncStats } from './sync-stats.ts';

/** Syncs that run at once (B6): the pool of 16 threads (`UV_THREADPOOL_SIZE`, set by main) keeps room for the rest. */
const SYNC_LANES = 8;
/** Reads that run at once. */
const READ_LANES = 4;

/**
 * The disk of the machine, through Node's file system calls with callbacks. Nothing here blocks the loop; completions
 * are handed to `post`, which makes them inputs of the event loop.
 */
export class NodeDisk implements Disk {
  /** Times of all syncs since start. */
  readonly syncStats: SyncStats = createSyncStats();
  readonly #post: (input: () => void) => void;
  readonly #syncs = new Lane(SYNC_LANES);
  readonly #reads = new Lane(READ_LANES);
  readonly #fileHost: NodeFileHost;
  readonly #opener: Opener;

  /** `onStarved` is told, now and then, that the process has no descriptor left and an operation waits for one. */
  constructor(post: (input: () => void) => void, onStarved: (path: string) => void = () => undefined) {
    this.#post = post;
    this.#opener = new Opener(onStarved);
    this.#fileHost = {
      post,
      reads: this.#reads,
      sync: (start, done) => {
        this.#timedSync(start, done);
      },
    };
  }

  open(path: string, options: { readonly create: boolean }, done: DiskDone<DiskFile>): void {
    const flags = fs.constants.O_RDWR | (options.create ? fs.constants.O_CREAT : 0);
    this.#opener.open(path, flags, (error, fd) => {
      this.#finish('open', path, error, error === null ? new NodeFile(fd, path, this.#fileHost) : undefined, done);
    });
  }

  readFile(path: string, sizeMax: number, done: DiskDone<Uint8Array>): void {
    this.#reads.enter(() => {
      readWhole(this.#opener, path, sizeMax, (error, bytes) => {
        this.#reads.leave();
        this.#finish('readFile', path, error, bytes, done);
      });
    });
  }

  fileSize(path: string, done: DiskDone<number>): void {
    fs.stat(path, (error, stats) => {
      this.#finish('fileSize', path, error, error === null ? stats.size : undefined, done);
    });
  }

  list(path: string, done: DiskDone<readonly DirectoryEntry[]>): void {
    this.#opener.retrying<fs.Dirent[]>(
      path,
      (finished) => fs.readdir(path, { withFileTypes: true }, finished),
      (error, entries) => {
        this.#finish('list', path, error, error === null ? toEntries(entries) : undefined, done);
      },
    );
  }

  makeDirectory(path: string, done: DiskDone<void>): void {
    fs.mkdir(path, { recursive: true }, (error) => {
      this.#finish('makeDirectory', path, error, undefined, done);
    });
  }

  rename(from: string, to: string, done: DiskDone<void>): void {
    fs.rename(from, to, (error) => {
      this.#finish('rename', from, error, undefined, done);
    });
  }

  remove(path: string, done: DiskDone<void>): void {
    fs.unlink(path, (error) => {
      if (error?.code !== 'EISDIR' && error?.code !== 'EPERM') {
        this.#finish('remove', path, error, undefined, done);
        return;
      }
      fs.rmdir(path, (directoryError) => {
        this.#finish('remove', path, directoryError, undefined, done);
      });
    });
  }

  syncDirectory(path: string, done: DiskDone<void>): void {
    this.#timedSync(
      (finished) => {
        syncPath(this.#opener, path, finished);
      },
      (error) => {
        this.#finish('syncDirectory', path, error, undefined, done);
      },
    );
  }

  space(path: string, done: DiskDone<{ readonly totalBytes: number; readonly usableBytes: number }>): void {
    fs.statfs(path, (error, stats) => {
      const space =
        error === null
          ? { totalBytes: stats.blocks * stats.bsize, usableBytes: stats.bavail * stats.bsize }
          : undefined;
      this.#finish('space', path, error, space, done);
    });
  }

  #timedSync(start: (finished: (error: Error | null) => void) => void, done: (error: Error | null) => void): void {
    const asked = performance.now();
    this.#syncs.enter(() => {
      start((error) => {
        this.#syncs.leave();
        countSync(this.syncStats, performance.now() - asked);
        done(error);
      });
    });
  }

  #finish<T>(operation: string, path: string, error: Error | null, value: T | undefined, done: DiskDone<T>): void {
    this.#post(() => {
      if (error === null) done(null, value);
      else done(toFailure(operation, path, error), undefined);
    });
  }
}

function toEntries(entries: readonly fs.Dirent[]): readonly DirectoryEntry[] {
  return entries
    .map((entry): DirectoryEntry => {
      const kind = entry.isFile() ? 'file' : entry.isDirectory() ? 'directory' : 'other';
      return { name: entry.name, kind };
    })
    .toSorted((a, b) => (a.name < b.name ? -1 : 1));
}

function syncPath(opener: Opener, path: string, done: (error: Error | null) => void): void {
  opener.open(path, fs.constants.O_RDONLY, (openError, fd) => {
    if (openError !== null) {
      done(openError);
      return;
    }
    fs.fsync(fd, (syncError) => {
      fs.close(fd, (closeError) => {
        done(syncError ?? closeError ?? null);
      });
    });
  });
}

function readWhole(
  opener: Opener,
  path: string,
  sizeMax: number,
  done: (error: Error | null, bytes: Uint8Array | undefined) => void,
): void {
  opener.open(path, fs.constants.O_RDONLY, (openError, fd) => {
    if (openError !== null) {
      done(openError, undefined);
      return;
    }
    const close = (error: Error | null, bytes: Uint8Array | undefined): void => {
      fs.close(fd, (closeError) => {
        done(error ?? closeError ?? null, bytes);
      });
    };
    fs.fstat(fd, (statError, stats) => {
      if (statError !== null) close(statError, undefined);
      else if (stats.size > sizeMax) close(tooLarge(path, stats.size, sizeMax), undefined);
      else readFully(fd, 0, Buffer.allocUnsafeSlow(stats.size), 0, close);
    });
  });
}

function tooLarge(path: string, size: number, sizeMax: number): Error {
  return Object.assign(new Error(`${basename(path)} has ${size} bytes, at most ${sizeMax} are read`), {
    code: 'EFBIG',
  });
}
