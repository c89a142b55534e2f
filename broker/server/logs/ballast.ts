import { BALLAST } from '../../core/log/file-names.ts';
import type { Disk, DiskFailure, DiskFile } from '../../ports/disk.ts';
import type { Log } from '../../ports/log.ts';
import { isDiskFull } from '../disk-failure.ts';
import { runTask, step, type Task } from '../task.ts';
import { failureOf, removeIfExists } from './disk-tasks.ts';
import type { Space } from './space-watch.ts';

const MIB = 1024 * 1024;
const BYTES_MAX = 64 * MIB;
/** Part of what clients leave free. */
const PART = 0.25;
/** It is made when less than this many times `weir.disk.min.free` is left: a disk with room needs none. */
const NEAR = 4;
/** It is given up when less than this part of it is left beside it. */
const LAST = 0.125;
const CHUNK_BYTES = MIB;

/** What a ballast works with. */
export interface BallastDeps {
  readonly disk: Disk;
  readonly directory: string;
  readonly log: Log;
  readonly onFatal: (failure: DiskFailure) => void;
}

/**
 * Room that is kept for what frees room (D11): a file that is removed when nothing else is left, so that topics can still
 * be deleted, and log starts and lists of logs be written, when somebody else has filled the disk.
 */
export class Ballast {
  readonly #deps: BallastDeps;
  /** Bytes of the file; null until it was looked for. */
  #bytes: number | null = null;
  #busy = false;

  constructor(deps: BallastDeps) {
    this.#deps = deps;
  }

  /** Bytes that it holds now. */
  get sizeInBytes(): number {
    return this.#bytes ?? 0;
  }

  /** Makes the file or gives it up, as the room on the disk asks for. To be called after each look. */
  update({ usableBytes, minFreeBytes }: Space): void {
    if (this.#busy || usableBytes >= minFreeBytes * NEAR) return;
    const wanted = Math.floor(Math.min(BYTES_MAX, minFreeBytes * PART));
    const held = this.#bytes;
    if (held === null) this.#run(this.#find());
    else if (held > 0 && usableBytes < held * LAST) this.#run(this.#giveUp());
    else if (held === 0 && usableBytes > minFreeBytes + 2 * wanted) this.#run(this.#make(wanted));
  }

  get #path(): string {
    return `${this.#deps.directory}/${BALLAST}`;
  }

  *#find(): Task<void> {
    try {
      this.#bytes = yield* step<number>((done) => this.#deps.disk.fileSize(this.#path, done));
    } catch (error) {
      if (failureOf(error).code !== 'ENOENT') throw error;
      this.#bytes = 0;
    }
  }

  *#make(bytes: number): Task<void> {
    const file = yield* step<DiskFile>((done) => this.#deps.disk.open(this.#path, { create: true }, done));
    try {
      for (let at = 0; at < bytes; at += CHUNK_BYTES) {
        const chunk = new Uint8Array(Math.min(CHUNK_BYTES, bytes - at));
        yield* step<void>((done) => file.write(at, [chunk], done));
      }
      yield* step<void>((done) => file.sync(done));
    } finally {
      file.close(() => undefined);
    }
    this.#bytes = bytes;
  }

  *#giveUp(): Task<void> {
    const held = this.sizeInBytes;
    yield* removeIfExists(this.#deps.disk, this.#path);
    this.#bytes = 0;
    this.#deps.log.warn({ bytes: held }, 'the disk is full: the ballast is given up, for what frees room');
  }

  #run(task: Task<void>): void {
    this.#busy = true;
    runTask(task, (error) => {
      this.#busy = false;
      if (error === null) return;
      const failure = failureOf(error);
      if (!isDiskFull(failure)) {
        this.#deps.onFatal(failure);
        return;
      }
      // A part of it is better given back.
      this.#bytes = 0;
      this.#run(removeIfExists(this.#deps.disk, this.#path));
    });
  }
}
