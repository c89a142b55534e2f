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

/**
 * Open files of all logs. Those in use are never closed; of the others the least recently used are, past
 * `openFilesMax`, so that many thousand segments need few descriptors.
 */
export class FileCache {
  readonly #disk: Disk;
  readonly #openFilesMax: number;
  readonly #slots = new Map<string, Slot>();
  /** Open and unused, in order of last use. */
  readonly #idle = new Set<Slot>();

  constructor(disk: Disk, openFilesMax: number) {
    this.#disk = disk;
    this.#openFilesMax = openFilesMax;
  }

  get openCount(): number {
    return this.#slots.size;
  }

  /** Opens the file or shares the open one; then `done` runs in the same call. */
  acquire(path: string, options: { readonly create: boolean }, done: DiskDone<FileLease>): void {
    const known = this.#slots.get(path);
    if (known !== undefined) {
      if (known.file === null) known.waiting.push(done);
      else done(null, this.#lease(known, known.file));
      return;
    }
    const slot: Slot = { path, file: null, users: 0, forgotten: false, waiting: [done] };
    this.#slots.set(path, slot);
    this.#disk.open(path, options, (failure, file) => {
      const waiting = slot.waiting.splice(0);
      if (file === undefined) {
        if (this.#slots.get(path) === slot) this.#slots.delete(path);
        for (const each of waiting) each(failure, undefined);
        return;
      }
      slot.file = file;
      const leases = waiting.map(() => this.#lease(slot, file));
      for (const [i, each] of waiting.entries()) each(null, leases[i]);
      this.#evict();
    });
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
        this.#evict();
      },
    };
  }

  #evict(): void {
    for (const slot of this.#idle) {
      if (this.#slots.size <= this.#openFilesMax) return;
      this.forget(slot.path);
    }
  }

  #closeIfUnused(slot: Slot): void {
    if (slot.users > 0 || slot.file === null) return;
    const { file } = slot;
    slot.file = null;
    this.#idle.delete(slot);
    // A failed close loses nothing: what must be durable was synced before.
    file.close(() => undefined);
  }
}
