import { Buffer } from 'node:buffer';
import { createPrng } from '../../../broker/core/base/prng.ts';
import type { Effect, Entry, EntryBody, HardState, ReplicaKey } from '../../../broker/core/raft/types.ts';
import { crc32c } from '../../../broker/io/crc32c.ts';
import type { Disk, DiskFile } from '../../../broker/ports/disk.ts';
import {
  type OpenedRaft,
  openRaftStorage,
  type RaftStorage,
  type RaftStorageDeps,
} from '../../../broker/server/control/raft-storage.ts';
import { runTask } from '../../../broker/server/task.ts';
import { SimDisk } from '../../sim/disk.ts';
import { wrapFiles } from '../wrapped-disk.ts';
import { VirtualTime } from '../logs/virtual-time.ts';

/** Where a bench keeps its log. */
export const RAFT_DIRECTORY = '/data/__cluster_metadata-0';
/** The replica of a bench, and another one. */
export const SELF: ReplicaKey = { id: 1, directoryId: 'disk-1' };
/** Voters of which a bench's replica is one. */
export const THREE: readonly ReplicaKey[] = [SELF, { id: 2, directoryId: 'disk-2' }, { id: 3, directoryId: 'disk-3' }];

const ignore = (): void => undefined;

/** A file that is closed is used no more. */
function refuseWhenClosed(file: DiskFile): Partial<DiskFile> {
  let isClosed = false;
  const check = (): void => {
    if (isClosed) throw new Error(`${file.path} is closed`);
  };
  return {
    write: (position, chunks, done) => {
      check();
      file.write(position, chunks, done);
    },
    sync: (done) => {
      check();
      file.sync((failure, value) => {
        check();
        done(failure, value);
      });
    },
    close: (done) => {
      isClosed = true;
      file.close(done);
    },
  };
}

/** The storage of a replica on a disk that can lose power. Virtual time passes only when the test says so. */
export class StorageBench {
  readonly time = new VirtualTime();
  readonly disk: SimDisk;
  /** The disk that the storage is given; a test may put a faulty one in front. */
  diskInUse: Disk;
  /** Why the storage gave up, if it did. */
  fatal: string | null = null;
  /** The last write that was told to be durable. */
  written = 0;
  #writes = 0;
  #storage: RaftStorage | null = null;

  constructor(seed: number) {
    this.disk = new SimDisk({ schedule: this.time.schedule, prng: createPrng(seed) });
    this.diskInUse = wrapFiles(this.disk, () => true, refuseWhenClosed);
    for (const path of ['/data', RAFT_DIRECTORY]) this.disk.makeDirectory(path, ignore);
    this.time.settle();
    for (const path of ['/', '/data']) this.disk.syncDirectory(path, ignore);
    this.time.settle();
  }

  /** A storage of these voters that has just been formed. */
  static formed(seed: number, voters: readonly ReplicaKey[]): StorageBench {
    const bench = new StorageBench(seed);
    const { storage } = bench.open();
    storage.format(voters, ignore);
    bench.time.settle();
    return bench;
  }

  get storage(): RaftStorage {
    if (this.#storage === null) throw new Error('nothing is open');
    return this.#storage;
  }

  /** Number of the last write that was asked for. */
  get writes(): number {
    return this.#writes;
  }

  /** Begins to open, and is cut off after so many ms. */
  openFor(durationMs: number): void {
    runTask(openRaftStorage(this.#deps()), ignore);
    this.time.advance(durationMs);
  }

  /** Opens what is on the disk; throws what opening threw. */
  open(): OpenedRaft {
    let opened: OpenedRaft | undefined;
    let failure: unknown = null;
    runTask(openRaftStorage(this.#deps()), (error, value) => {
      failure = error;
      opened = value;
    });
    this.time.settle();
    if (opened === undefined) throw failure;
    this.#storage = opened.storage;
    this.#writes = 0;
    this.written = 0;
    opened.storage.onWritten((write) => {
      this.written = write;
    });
    return opened;
  }

  /** Asks for a write and gives its number. */
  write(parts: Omit<Extract<Effect, { kind: 'write' }>, 'kind' | 'write'>): number {
    this.#writes += 1;
    this.storage.write({ kind: 'write', write: this.#writes, ...parts });
    return this.#writes;
  }

  /** Asks for a piece of a snapshot to be kept. */
  writePiece(parts: Omit<Extract<Effect, { kind: 'write-snapshot' }>, 'kind' | 'write'>): number {
    this.#writes += 1;
    this.storage.write({ kind: 'write-snapshot', write: this.#writes, ...parts });
    return this.#writes;
  }

  /** Power fails, or only the process dies. */
  crash(keepPageCache: boolean): void {
    this.time.forgetAll();
    this.disk.crash({ keepPageCache });
    this.#storage = null;
  }

  /** Ends the storage as a stopping node does. */
  close(): void {
    let isClosed = false;
    this.storage.close(() => {
      isClosed = true;
    });
    this.time.settle();
    if (!isClosed) throw new Error('it does not close');
    this.#storage = null;
  }

  /** Paths of the log's files. */
  files(pattern: RegExp = /./): readonly string[] {
    return this.disk
      .files()
      .map(({ path }) => path)
      .filter((path) => path.startsWith(RAFT_DIRECTORY) && pattern.test(path));
  }

  /** Turns one bit of a file on the platter. */
  flip(path: string, position: number, bit = position % 8): void {
    const bytes = this.disk.peek(path) ?? Buffer.alloc(0);
    this.disk.poke(path, position, Buffer.from([bytes.readUInt8(position) ^ (1 << bit)]));
  }

  #deps(): RaftStorageDeps {
    return {
      disk: this.diskInUse,
      crc32c,
      timers: this.time,
      log: { debug: ignore, info: ignore, warn: ignore, error: ignore },
      directory: RAFT_DIRECTORY,
      self: SELF,
      onFatal: (message) => {
        this.fatal = message;
      },
    };
  }
}

/** An entry with a text for its batch. */
export function batchAt(index: number, term: number, text = `entry ${index}`): Entry {
  return { index, term, body: { kind: 'batch', payload: Buffer.from(text) } };
}

/** A hard state of a healthy log. */
export function voteIn(term: number, votedFor: ReplicaKey | null = null): HardState {
  return { term, votedFor, damagedUpTo: 0, damagedTerm: 0 };
}

/** One line per entry, to compare and to read. */
export function textOf({ index, term, body }: Entry): string {
  return `${index}@${term} ${textOfBody(body)}`;
}

function textOfBody(body: EntryBody): string {
  if (body.kind === 'no-op') return '-';
  if (body.kind === 'voters')
    return `voters ${body.voters.map(({ id, directoryId }) => `${id}/${directoryId}`).join(',')}`;
  return Buffer.from(body.payload).toString();
}

/** A disk that asks when a file is to be read. */
export function withReads(disk: Disk, when: (path: string, read: () => void) => void): Disk {
  const readFile: Disk['readFile'] = (path, sizeMax, done) => when(path, () => disk.readFile(path, sizeMax, done));
  return new Proxy<Disk>(disk, {
    get: (target, name) => {
      const member: unknown = name === 'readFile' ? readFile : Reflect.get(target, name, target);
      return typeof member === 'function' ? member.bind(target) : member;
    },
  });
}
