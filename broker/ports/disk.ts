/**
 * A file operation that the system refused. `code` is the errno name (`ENOENT`, `ENOSPC`, `EIO` …). A failed write or
 * sync says nothing about what reached the disk: the log directory must not be trusted any more (D11).
 */
export interface DiskFailure {
  readonly code: string;
  readonly operation: string;
  readonly path: string;
  readonly message: string;
}

/** Completion of an operation: either `failure` is null and `value` is the result, or `value` is undefined. */
export type DiskDone<T> = (failure: DiskFailure | null, value: T | undefined) => void;

/** One entry of a directory. */
export interface DirectoryEntry {
  readonly name: string;
  readonly kind: 'file' | 'directory' | 'other';
}

/**
 * An open file. Nothing written is durable before `sync` completed, and only what completed *before the sync was
 * issued* (D1). Operations on one file may complete in any order unless each waits for the one before.
 */
export interface DiskFile {
  readonly path: string;
  /** Writes all chunks one after the other from `position` (bytes), in one vectored write; short writes are continued. */
  write(position: number, chunks: readonly Uint8Array[], done: DiskDone<void>): void;
  /** Reads up to `length` bytes from `position`; a shorter result means the end of the file. */
  read(position: number, length: number, done: DiskDone<Uint8Array>): void;
  /** fdatasync: data and size. Not the directory entry: see `Disk.syncDirectory`. Never retry a failed one (D11). */
  sync(done: DiskDone<void>): void;
  /** Cuts or extends to `size` bytes; durable only after `sync`. */
  truncate(size: number, done: DiskDone<void>): void;
  /** Current size in bytes. */
  size(done: DiskDone<number>): void;
  close(done: DiskDone<void>): void;
}

/**
 * The disk. Creating, renaming and removing an entry is durable only after `syncDirectory` of the directory that holds
 * it (D9); data of a file only after `DiskFile.sync`. The simulator models each of these apart. Completions are inputs
 * of the server's event loop.
 */
export interface Disk {
  /** Opens for reading and writing; `create` makes the file when missing, else a missing file is ENOENT. */
  open(path: string, options: { readonly create: boolean }, done: DiskDone<DiskFile>): void;
  /** Reads a whole file of at most `sizeMax` bytes; a larger one fails with code `EFBIG`. */
  readFile(path: string, sizeMax: number, done: DiskDone<Uint8Array>): void;
  /** Size of a file in bytes, without opening it. */
  fileSize(path: string, done: DiskDone<number>): void;
  /** The entries of a directory, sorted by name (code units). */
  list(path: string, done: DiskDone<readonly DirectoryEntry[]>): void;
  /** Makes a directory and its missing parents; an existing one is no error. */
  makeDirectory(path: string, done: DiskDone<void>): void;
  /** Atomically replaces `to`. */
  rename(from: string, to: string, done: DiskDone<void>): void;
  /** Removes a file or an empty directory. */
  remove(path: string, done: DiskDone<void>): void;
  /** Makes entries created, renamed and removed in this directory durable. */
  syncDirectory(path: string, done: DiskDone<void>): void;
  /** Size of the file system that holds `path`, and what may still be written there, in bytes. */
  space(path: string, done: DiskDone<{ readonly totalBytes: number; readonly usableBytes: number }>): void;
}
