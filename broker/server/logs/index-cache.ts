import { Buffer } from 'node:buffer';
import type { DiskDone } from '../../ports/disk.ts';
import type { FileCache } from './file-cache.ts';

const EMPTY = Buffer.alloc(0);

/** Contents of index files, read when they are needed, within a budget: the least recently used go first. */
export class IndexCache {
  readonly #files: FileCache;
  readonly #budgetBytes: number;
  readonly #contents = new Map<string, Buffer>();
  #bytes = 0;
  /** Raised whenever a file is forgotten: what was read before may be another file's. */
  #forgotten = 0;

  constructor(files: FileCache, budgetBytes: number) {
    this.#files = files;
    this.#budgetBytes = budgetBytes;
  }

  /**
   * The first `size` bytes of an index file. Fewer when a flush is still under way, or when the cached ones already
   * satisfy `isEnough`; a missing file is empty (a lookup then begins at the segment's start).
   */
  load(path: string, size: number, isEnough: (buf: Buffer) => boolean, done: DiskDone<Buffer>): void {
    const cached = this.#contents.get(path) ?? EMPTY;
    if (cached.length >= size || (cached.length > 0 && isEnough(cached))) {
      this.#touch(path, cached);
      done(null, cached.length > size ? cached.subarray(0, size) : cached);
      return;
    }
    const forgotten = this.#forgotten;
    this.#files.acquire(path, { create: false }, (failure, lease) => {
      if (lease === undefined) {
        if (failure?.code === 'ENOENT') done(null, EMPTY);
        else done(failure, undefined);
        return;
      }
      lease.file.read(cached.length, size - cached.length, (readFailure, bytes) => {
        lease.release();
        if (bytes === undefined) {
          done(readFailure, undefined);
          return;
        }
        const whole = Buffer.alloc(cached.length + bytes.length);
        whole.set(cached);
        whole.set(bytes, cached.length);
        if (forgotten === this.#forgotten) this.#touch(path, whole);
        done(null, whole);
      });
    });
  }

  /** The file was changed or removed. */
  forget(path: string): void {
    this.#forgotten += 1;
    this.#drop(path);
  }

  #drop(path: string): void {
    const cached = this.#contents.get(path);
    if (cached === undefined) return;
    this.#contents.delete(path);
    this.#bytes -= cached.length;
  }

  /** All files whose path begins with `prefix` are gone. */
  forgetUnder(prefix: string): void {
    this.#forgotten += 1;
    for (const path of [...this.#contents.keys()]) if (path.startsWith(prefix)) this.forget(path);
  }

  #touch(path: string, buf: Buffer): void {
    this.#drop(path);
    this.#contents.set(path, buf);
    this.#bytes += buf.length;
    for (const [oldest, held] of this.#contents) {
      if (this.#bytes <= this.#budgetBytes || oldest === path) return;
      this.#contents.delete(oldest);
      this.#bytes -= held.length;
    }
  }
}
