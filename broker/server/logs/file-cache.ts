import type { Disk, DiskDone, DiskFile } from '../../ports/disk.ts';

/** A file in use: it stays open until released. */
export interface FileLease {
  readonly file: DiskFile;
  /** To be called exactly once, after the last operation completed. */
  release(): void;
}

interface Slot {
  readonly path: string;
  file: DiskFile | null;
  users: number;
  /** Its path is gone or means another file now: closed with the last user. */
  forgotten: boolean;
  readonly waiting: DiskDone<FileLease>[];
}

/** An acquisition that waits for a descriptor. */
interface Queued {
  readonly path: string;
  readonly options: { readonly create: boolean };
  readonly done: DiskDone<FileLease>;
}

/**
 * Open files of all logs, never more than `openFilesMax`: of those not in use the least recently used is closed for the
 * next one; while all are in use, whoever asks waits, in order. Nobody may hold one file while waiting for another,
 * except a writer whose files are synced and released whatever happens (`onShort` asks for that).
 */
export class FileCache {
  readonly #disk: Disk;
  readonly #openFilesMax: number;
  readonly #onShort: () => void;
  readonly #slots = new Map<string, Slot>();
  /** Open and unused, in order of last use. */
  readonly #idle = new Set<Slot>();
  /** Descriptors: files that are opened, open, or not closed yet. */
  #openCount = 0;
  #queue: Queued[] = [];
  #queueStart = 0;

  /** `onShort` is called when somebody has to wait: files that stay open until a sync are to be synced. */
  constructor(disk: Disk, openFilesMax: number, onShort: () => void = () => undefined) {
    this.#disk = disk;
    this.#openFilesMax = openFilesMax;
    this.#onShort = onShort;
  }

  /** Descriptors in use by the cache. */
  get openCount(): number {
    return this.#openCount;
  }

  /** Acquisitions that wait for a descriptor. */
  get waitingCount(): number {
    return this.#queue.length - this.#queueStart;
  }

  /** Somebody waits and no file can be closed: all are in use. */
  get isShort(): boolean {
    return this.waitingCount > 0 && this.#idle.size === 0;
  }

  /** Opens the file or shares the open one; then `done` runs in the same call. */
  acquire(path: string, options: { readonly create: boolean }, done: DiskDone<FileLease>): void {
    const known = this.#slots.get(path);
    if (known !== undefined) {
      if (known.file === null) known.waiting.push(done);
      else done(null, this.#lease(known, known.file));
    } else if (this.#openCount < this.#openFilesMax && this.waitingCount === 0) this.#open(path, options, done);
    else {
      this.#queue.push({ path, options, done });
      this.#makeRoom();
      if (this.isShort) this.#onShort();
    }
  }

  /** The path is about to be removed or renamed: nobody shares the open file any more. */
  forget(path: string): void {
    const slot = this.#slots.get(path);
    if (slot === undefined) return;
    this.#slots.delete(path);
    slot.forgotten = true;
    this.#closeIfUnused(slot);
  }

  /** Forgets every file whose path begins with `prefix`; all of them with ''. */
  forgetUnder(prefix: string): void {
    for (const path of [...this.#slots.keys()]) if (path.startsWith(prefix)) this.forget(path);
  }

  #open(path: string, options: { readonly create: boolean }, done: DiskDone<FileLease>): void {
    const slot: Slot = { path, file: null, users: 0, forgotten: false, waiting: [done] };
    this.#slots.set(path, slot);
    this.#openCount += 1;
    this.#disk.open(path, options, (failure, file) => {
      const waiting = slot.waiting.splice(0);
      if (file === undefined) {
        if (this.#slots.get(path) === slot) this.#slots.delete(path);
        this.#openCount -= 1;
        for (const each of waiting) each(failure, undefined);
        this.#serveQueue();
        return;
      }
      slot.file = file;
      const leases = waiting.map(() => this.#lease(slot, file));
      for (const [i, each] of waiting.entries()) each(null, leases[i]);
    });
  }

  #lease(slot: Slot, file: DiskFile): FileLease {
    slot.users += 1;
    this.#idle.delete(slot);
    return {
      file,
      release: () => {
        slot.users -= 1;
        if (slot.users > 0) return;
        if (slot.forgotten) this.#closeIfUnused(slot);
        else this.#idle.add(slot);
        this.#makeRoom();
      },
    };
  }

  /** Closes unused files, one for each acquisition that waits. */
  #makeRoom(): void {
    let wanted = this.waitingCount - (this.#openFilesMax - this.#slots.size);
    for (const slot of this.#idle) {
      if (wanted <= 0) return;
      wanted -= 1;
      this.forget(slot.path);
    }
  }

  #serveQueue(): void {
    while (this.#openCount < this.#openFilesMax) {
      const next = this.#queue[this.#queueStart];
      if (next === undefined) break;
      this.#queueStart += 1;
      const known = this.#slots.get(next.path);
      if (known === undefined) this.#open(next.path, next.options, next.done);
      else if (known.file === null) known.waiting.push(next.done);
      else next.done(null, this.#lease(known, known.file));
    }
    if (this.#queueStart === this.#queue.length) {
      this.#queue = [];
      this.#queueStart = 0;
    }
  }

  #closeIfUnused(slot: Slot): void {
    if (slot.users > 0 || slot.file === null) return;
    const { file } = slot;
    slot.file = null;
    this.#idle.delete(slot);
    // A failed close loses nothing: what must be durable was synced before.
    file.close(() => {
      this.#openCount -= 1;
      this.#serveQueue();
    });
  }
}
