import type { Disk, DiskDone, DiskFile } from '../../ports/disk.ts';

/** A disk that counts the bytes of files that are read through it. */
export class CountingDisk implements Disk {
  /** Bytes read so far: whole files and parts of open ones. */
  readBytes = 0;
  readonly #disk: Disk;

  constructor(disk: Disk) {
    this.#disk = disk;
  }

  open(path: string, options: { readonly create: boolean }, done: DiskDone<DiskFile>): void {
    this.#disk.open(path, options, (failure, file) => {
      if (file === undefined) done(failure, undefined);
      else done(null, new CountedFile(file, this));
    });
  }

  readFile(path: string, sizeMax: number, done: DiskDone<Uint8Array>): void {
    this.#disk.readFile(path, sizeMax, (failure, bytes) => {
      this.readBytes += bytes?.length ?? 0;
      done(failure, bytes);
    });
  }

  fileSize(path: string, done: DiskDone<number>): void {
    this.#disk.fileSize(path, done);
  }

  list(...args: Parameters<Disk['list']>): void {
    this.#disk.list(...args);
  }

  makeDirectory(path: string, done: DiskDone<void>): void {
    this.#disk.makeDirectory(path, done);
  }

  rename(from: string, to: string, done: DiskDone<void>): void {
    this.#disk.rename(from, to, done);
  }

  remove(path: string, done: DiskDone<void>): void {
    this.#disk.remove(path, done);
  }

  syncDirectory(path: string, done: DiskDone<void>): void {
    this.#disk.syncDirectory(path, done);
  }

  space(...args: Parameters<Disk['space']>): void {
    this.#disk.space(...args);
  }
}

/** An open file of a counting disk. */
class CountedFile implements DiskFile {
  readonly #file: DiskFile;
  readonly #disk: CountingDisk;

  constructor(file: DiskFile, disk: CountingDisk) {
    this.#file = file;
    this.#disk = disk;
  }

  get path(): string {
    return this.#file.path;
  }

  write(position: number, chunks: readonly Uint8Array[], done: DiskDone<void>): void {
    this.#file.write(position, chunks, done);
  }

  read(position: number, length: number, done: DiskDone<Uint8Array>): void {
    this.#file.read(position, length, (failure, bytes) => {
      this.#disk.readBytes += bytes?.length ?? 0;
      done(failure, bytes);
    });
  }

  sync(done: DiskDone<void>): void {
    this.#file.sync(done);
  }

  truncate(size: number, done: DiskDone<void>): void {
    this.#file.truncate(size, done);
  }

  size(done: DiskDone<number>): void {
    this.#file.size(done);
  }

  close(done: DiskDone<void>): void {
    this.#file.close(done);
  }
}
