import { Buffer } from 'node:buffer';
import * as fs from 'node:fs';
import type { DiskDone, DiskFile } from '../../ports/disk.ts';
import { toFailure } from './failure.ts';
import type { Lane } from './lane.ts';
import { readFully } from './read-fully.ts';

/** What a file needs of its disk. */
export interface NodeFileHost {
  readonly post: (input: () => void) => void;
  readonly reads: Lane;
  /** Runs a sync in its lane and times it. */
  sync(start: (finished: (error: Error | null) => void) => void, done: (error: Error | null) => void): void;
}

/** An open file of the machine. */
export class NodeFile implements DiskFile {
  readonly path: string;
  readonly #fd: number;
  readonly #host: NodeFileHost;

  constructor(fd: number, path: string, host: NodeFileHost) {
    this.#fd = fd;
    this.path = path;
    this.#host = host;
  }

  write(position: number, chunks: readonly Uint8Array[], done: DiskDone<void>): void {
    if (chunks.length === 0) {
      this.#finish('write', null, undefined, done);
      return;
    }
    fs.writev(this.#fd, chunks, position, (error, written) => {
      if (error !== null) {
        this.#finish('write', error, undefined, done);
        return;
      }
      const rest = unwritten(chunks, written);
      if (rest.length === 0) this.#finish('write', null, undefined, done);
      else if (written === 0) this.#finish('write', shortWrite(this.path), undefined, done);
      else this.write(position + written, rest, done);
    });
  }

  read(position: number, length: number, done: DiskDone<Uint8Array>): void {
    this.#host.reads.enter(() => {
      // Not from the shared pool: the answer is kept while it is sent.
      readFully(this.#fd, position, Buffer.allocUnsafeSlow(length), 0, (error, bytes) => {
        this.#host.reads.leave();
        this.#finish('read', error, bytes, done);
      });
    });
  }

  sync(done: DiskDone<void>): void {
    this.#host.sync(
      (finished) => {
        fs.fdatasync(this.#fd, finished);
      },
      (error) => {
        this.#finish('sync', error, undefined, done);
      },
    );
  }

  truncate(size: number, done: DiskDone<void>): void {
    fs.ftruncate(this.#fd, size, (error) => {
      this.#finish('truncate', error, undefined, done);
    });
  }

  size(done: DiskDone<number>): void {
    fs.fstat(this.#fd, (error, stats) => {
      this.#finish('size', error, error === null ? stats.size : undefined, done);
    });
  }

  close(done: DiskDone<void>): void {
    fs.close(this.#fd, (error) => {
      this.#finish('close', error ?? null, undefined, done);
    });
  }

  #finish<T>(operation: string, error: Error | null, value: T | undefined, done: DiskDone<T>): void {
    this.#host.post(() => {
      if (error === null) done(null, value);
      else done(toFailure(operation, this.path, error), undefined);
    });
  }
}

/** What is left of `chunks` after the first `written` bytes. */
function unwritten(chunks: readonly Uint8Array[], written: number): readonly Uint8Array[] {
  let left = written;
  for (let i = 0; i < chunks.length; i++) {
    const size = chunks[i]?.length ?? 0;
    if (left < size) {
      const rest = chunks.slice(i);
      rest[0] = (chunks[i] ?? new Uint8Array(0)).subarray(left);
      return rest;
    }
    left -= size;
  }
  return [];
}

function shortWrite(path: string): Error {
  return Object.assign(new Error(`nothing could be written to ${path}`), { code: 'EIO' });
}
