import type { TimerHandle, Timers } from '../ports/clock.ts';
import type { Disk, DiskDone, DiskFile } from '../ports/disk.ts';
import type { Log } from '../ports/log.ts';

/** How often the watch looks. Ages are counted in looks, so that a process that stood still blames no disk. */
const LOOK_INTERVAL_MS = 250;
/** A write or sync that takes longer is told of. */
const SLOW_MS = 3000;

/** What the watch works with. */
export interface DiskWatchDeps {
  readonly timers: Timers;
  readonly log: Log;
  /** `weir.disk.stall.ms`: a write or sync that takes longer is taken for one that never ends. */
  readonly stallMs: number;
  /** Called once with a sentence: nothing that waits for the disk will be answered, the process must end (F5). */
  readonly onStall: (sentence: string) => void;
}

interface Unfinished {
  readonly operation: string;
  readonly path: string;
  readonly sinceLook: number;
}

/** A disk that notices when a write, a sync or a change of a directory does not end (F5). Reads pass through. */
export class WatchedDisk implements Disk {
  readonly #disk: Disk;
  readonly #deps: DiskWatchDeps;
  /** In the order in which they began. */
  readonly #unfinished = new Set<Unfinished>();
  #looks = 0;
  #toldOf: Unfinished | null = null;
  #timer: TimerHandle;

  constructor(disk: Disk, deps: DiskWatchDeps) {
    this.#disk = disk;
    this.#deps = deps;
    this.#timer = deps.timers.after(LOOK_INTERVAL_MS, this.#look);
  }

  /** Why this node can't be relied on now, one sentence each; none mostly. */
  troubles(): readonly string[] {
    const oldest = this.#oldest();
    return oldest === null || this.#ageMs(oldest) < SLOW_MS ? [] : [this.#sentence(oldest)];
  }

  /** Age of the oldest write or sync that has not ended, ms; 0: there is none. */
  stalledForMs(): number {
    const oldest = this.#oldest();
    return oldest === null ? 0 : this.#ageMs(oldest);
  }

  /** Looks no more. */
  stop(): void {
    this.#timer.cancel();
  }

  open(path: string, options: { readonly create: boolean }, done: DiskDone<DiskFile>): void {
    const finished: DiskDone<DiskFile> = (failure, file) => {
      done(failure, file === undefined ? undefined : new WatchedFile(file, this.#begin));
    };
    this.#disk.open(path, options, options.create ? this.#begin('open', path, finished) : finished);
  }

  readFile(path: string, sizeMax: number, done: DiskDone<Uint8Array>): void {
    this.#disk.readFile(path, sizeMax, done);
  }

  fileSize(path: string, done: DiskDone<number>): void {
    this.#disk.fileSize(path, done);
  }

  list(path: string, done: Parameters<Disk['list']>[1]): void {
    this.#disk.list(path, done);
  }

  makeDirectory(path: string, done: DiskDone<void>): void {
    this.#disk.makeDirectory(path, this.#begin('makeDirectory', path, done));
  }

  rename(from: string, to: string, done: DiskDone<void>): void {
    this.#disk.rename(from, to, this.#begin('rename', from, done));
  }

  remove(path: string, done: DiskDone<void>): void {
    this.#disk.remove(path, this.#begin('remove', path, done));
  }

  syncDirectory(path: string, done: DiskDone<void>): void {
    this.#disk.syncDirectory(path, this.#begin('syncDirectory', path, done));
  }

  space(path: string, done: Parameters<Disk['space']>[1]): void {
    this.#disk.space(path, done);
  }

  readonly #begin = <T>(operation: string, path: string, done: DiskDone<T>): DiskDone<T> => {
    const one: Unfinished = { operation, path, sinceLook: this.#looks };
    this.#unfinished.add(one);
    return (failure, value) => {
      this.#unfinished.delete(one);
      done(failure, value);
    };
  };

  #oldest(): Unfinished | null {
    for (const one of this.#unfinished) return one;
    return null;
  }

  /** At least this old, unless the process stood still meanwhile. */
  #ageMs({ sinceLook }: Unfinished): number {
    return Math.max(0, this.#looks - sinceLook - 1) * LOOK_INTERVAL_MS;
  }

  #sentence(one: Unfinished): string {
    return `the disk does not answer: ${one.operation} of ${one.path} has not ended after ${this.#ageMs(one)} ms`;
  }

  readonly #look = (): void => {
    this.#looks += 1;
    const oldest = this.#oldest();
    if (oldest !== null && this.#ageMs(oldest) >= this.#deps.stallMs) {
      this.#deps.onStall(`${this.#sentence(oldest)}, longer than weir.disk.stall.ms: stopping`);
      return;
    }
    if (oldest !== null && this.#toldOf !== oldest && this.#ageMs(oldest) >= SLOW_MS) {
      this.#toldOf = oldest;
      this.#deps.log.warn({ operation: oldest.operation, path: oldest.path }, this.#sentence(oldest));
    }
    this.#timer = this.#deps.timers.after(LOOK_INTERVAL_MS, this.#look);
  };
}

class WatchedFile implements DiskFile {
  readonly path: string;
  readonly #file: DiskFile;
  readonly #begin: <T>(operation: string, path: string, done: DiskDone<T>) => DiskDone<T>;

  constructor(file: DiskFile, begin: <T>(operation: string, path: string, done: DiskDone<T>) => DiskDone<T>) {
    this.path = file.path;
    this.#file = file;
    this.#begin = begin;
  }

  write(position: number, chunks: readonly Uint8Array[], done: DiskDone<void>): void {
    this.#file.write(position, chunks, this.#begin('write', this.path, done));
  }

  read(position: number, length: number, done: DiskDone<Uint8Array>): void {
    this.#file.read(position, length, done);
  }

  sync(done: DiskDone<void>): void {
    this.#file.sync(this.#begin('sync', this.path, done));
  }

  truncate(size: number, done: DiskDone<void>): void {
    this.#file.truncate(size, this.#begin('truncate', this.path, done));
  }

  size(done: DiskDone<number>): void {
    this.#file.size(done);
  }

  close(done: DiskDone<void>): void {
    this.#file.close(done);
  }
}
