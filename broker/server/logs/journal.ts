import { Buffer } from 'node:buffer';
import { assert } from '../../core/base/assert.ts';
import type { Crc32c } from '../../core/base/checksum.ts';
import { JOURNAL } from '../../core/log/file-names.ts';
import {
  encodeRound,
  entrySize,
  JOURNAL_BLOCK,
  type JournalEntry,
  type JournalLog,
  type JournalWrite,
  ROUND_HEAD_SIZE,
  ROUND_SIZE_MAX,
  roundSize,
} from '../../core/log/journal.ts';
import type { PlantedLogBugs } from '../../core/log/planted-bugs.ts';
import type { TimerHandle, Timers } from '../../ports/clock.ts';
import type { Disk, DiskFailure, DiskFile } from '../../ports/disk.ts';
import type { Log } from '../../ports/log.ts';
import { isDiskFull } from '../disk-failure.ts';
import { runTask, step, type Task } from '../task.ts';
import { failureOf, removeIfExists } from './disk-tasks.ts';
import { flushAll } from './flush-all.ts';

/** Of a log that has more to sync at once its own sync costs less than writing it twice. Bytes. */
const JOURNALED_BYTES_MAX = 256 * 1024;
/** Segments synced at once so that a half can be begun anew: the disk has lanes left for what is waited for. */
const DRAIN_PARALLEL = 4;
/** Bytes written at once while the file is made. */
const FILL_BYTES = 1024 * 1024;
/** With less there is no journal. */
const HALF_BLOCKS_MIN = 4;
/** After the disk had no room, or refused a write, it is tried again this much later. */
const RETRY_MS = 1000;

/** The writer of a log, as the journal knows it. */
export interface JournalClient {
  readonly log: JournalLog;
  /** Everything below is synced in the segments. */
  readonly syncedOffset: number;
  /** Syncs in the segments what was written by now. */
  flush(done: () => void): void;
}

/** What the journal works with. */
export interface JournalDeps {
  readonly disk: Disk;
  readonly timers: Timers;
  readonly crc32c: Crc32c;
  readonly log: Log;
  readonly directory: string;
  readonly counters: { journalRounds: number; journalWrites: number; journalBytes: number };
  readonly bugs: PlantedLogBugs;
  readonly onFatal: (failure: DiskFailure) => void;
}

/** How it works. */
export interface JournalOptions {
  /** Bytes of the file; 0 for none. */
  readonly journalBytes: number;
  /** It is made when the disk has room for so many of them. */
  readonly journalRoomFactor: number;
  /** Up to so many logs that are synced at once each sync their own segment. */
  readonly directSyncsMax: number;
  /** Two random numbers of 32 bits, anew for each start. */
  readonly journalSession: () => readonly [number, number];
}

interface Half {
  readonly start: number;
  generation: number;
  /** Where the next round begins, bytes behind `start`. */
  usedBytes: number;
  roundCount: number;
  /** Writers whose segments may lack what stands here, with the offset up to which. */
  readonly pending: Map<JournalClient, number>;
  /** Logs that it has anything of. */
  readonly logs: Set<string>;
}

interface Item {
  readonly entry: JournalEntry;
  readonly client: JournalClient;
  /** Called with true when it is durable; false: the journal does not take it. */
  readonly done: (taken: boolean) => void;
}

/**
 * One sync for many logs (D10): while more than a few logs have something to sync, it goes to one file of fixed size; its
 * sync acknowledges, the segments are synced later, all of a half before that half is begun anew. A start writes again what
 * the segments may lack (`journal-replay.ts`). Made when first needed.
 */
export class Journal {
  readonly #deps: JournalDeps;
  readonly #options: JournalOptions;
  readonly #path: string;
  readonly #halfBytes: number;
  /** Of a log that has more to sync the journal takes nothing, bytes. */
  readonly bytesMax: number;
  readonly #session: readonly [number, number];
  readonly #halves: readonly [Half, Half];
  #current: Half;
  #file: DiskFile | null = null;
  #making = false;
  #retryTimer: TimerHandle | null = null;
  #queue: Item[] = [];
  /** A round is being written or synced. */
  #busy = false;
  /** `liveFrom` of the last synced round. */
  #declaredFrom = 0;
  #directSyncs = 0;
  #buffer: Buffer | null = null;
  #closing: (() => void) | null = null;

  constructor(deps: JournalDeps, options: JournalOptions) {
    this.#deps = deps;
    this.#options = options;
    this.#path = `${deps.directory}/${JOURNAL}`;
    this.#halfBytes = Math.floor(options.journalBytes / 2 / JOURNAL_BLOCK) * JOURNAL_BLOCK;
    this.#session = options.journalSession();
    this.#halves = [newHalf(0), newHalf(this.#halfBytes)];
    [this.#current] = this.#halves;
    this.#current.generation = 1;
    this.bytesMax = Math.min(JOURNALED_BYTES_MAX, Math.floor(this.#halfBytes / 4));
  }

  /** Whether a sync of so many bytes is to go through the journal now. It is made ready when that would help. */
  takes(sizeInBytes: number): boolean {
    const isQuiet = this.#directSyncs < this.#options.directSyncsMax && !this.#busy && this.#queue.length === 0;
    if (isQuiet || sizeInBytes > this.bytesMax) return false;
    if (this.#halfBytes < HALF_BLOCKS_MIN * JOURNAL_BLOCK || this.#closing !== null || this.#retryTimer !== null)
      return false;
    if (this.#file === null) this.#make();
    return this.#file !== null;
  }

  /** Makes bytes of a client's segments durable; `done(false)` when there is no room: it has to sync them itself. */
  append(client: JournalClient, writes: readonly JournalWrite[], done: (taken: boolean) => void): void {
    for (const [i, entry] of writes.entries()) {
      this.#queue.push({ entry, client, done: i === writes.length - 1 ? done : () => undefined });
    }
    this.#pump();
  }

  /**
   * Sees to it that no start writes anything again that the journal has of a client; `done` when that is durable. To be
   * called at rest, before the client's files change in another way than by appending.
   */
  forget(client: JournalClient, done: () => void): void {
    if (!this.holds(client)) done();
    else {
      this.#queue.push({ entry: { kind: 'forget', log: client.log }, client, done });
      this.#pump();
    }
  }

  /** Whether the journal has anything of a client that a start might write again. */
  holds(client: JournalClient): boolean {
    return this.#halves.some((half) => half.logs.has(keyOf(client.log)));
  }

  /** A client synced its segments. */
  settled(client: JournalClient): void {
    for (const half of this.#halves) {
      const endOffset = half.pending.get(client);
      if (endOffset === undefined || endOffset > client.syncedOffset) continue;
      half.pending.delete(client);
      if (half.pending.size === 0) this.#pump();
    }
  }

  /** A log began or ended to sync its own segment. */
  directStarted(): void {
    this.#directSyncs += 1;
  }

  directEnded(): void {
    this.#directSyncs -= 1;
  }

  /** Ends it: the segments have everything. The file is gone then, its directory is to be synced. */
  close(done: () => void): void {
    this.#closing = done;
    this.#retryTimer?.cancel();
    this.#closeAtRest();
  }

  #closeAtRest(): void {
    if (this.#closing === null || this.#making || this.#busy) return;
    assert(this.#queue.length === 0, 'nobody waits for a journal that ends');
    this.#file?.close(() => undefined);
    this.#file = null;
    this.#run(removeIfExists(this.#deps.disk, this.#path), this.#closing);
  }

  get #other(): Half {
    return this.#current === this.#halves[0] ? this.#halves[1] : this.#halves[0];
  }

  #make(): void {
    if (this.#making || this.#retryTimer !== null) return;
    this.#making = true;
    this.#run(this.#create(), () => {
      this.#making = false;
      this.#closeAtRest();
    });
  }

  /** Writes the whole file, so that a round changes nothing but its bytes. */
  *#create(): Task<void> {
    const { disk, directory } = this.#deps;
    const sizeInBytes = this.#halfBytes * 2;
    const file = yield* this.#openIfRoom(sizeInBytes);
    if (file === null) {
      this.#retryLater();
      return;
    }
    try {
      const zeros = Buffer.alloc(Math.min(FILL_BYTES, sizeInBytes));
      for (let position = 0; position < sizeInBytes; position += zeros.length) {
        const at = position;
        const chunk = zeros.subarray(0, Math.min(zeros.length, sizeInBytes - at));
        yield* step<void>((done) => file.write(at, [chunk], done));
      }
      yield* step<void>((done) => file.sync(done));
      yield* step<void>((done) => disk.syncDirectory(directory, done));
    } catch (error) {
      file.close(() => undefined);
      if (!isDiskFull(failureOf(error))) throw error;
      yield* removeIfExists(disk, this.#path);
      this.#retryLater();
      return;
    }
    this.#buffer = Buffer.alloc(Math.min(ROUND_SIZE_MAX, this.#halfBytes));
    this.#file = file;
    this.#deps.log.info({ path: this.#path, sizeInBytes }, 'many logs are written at once: they share a journal now');
  }

  /** The new file; null where there is no room for it, no descriptor, or no answer: it is not needed. */
  *#openIfRoom(sizeInBytes: number): Task<DiskFile | null> {
    const { disk, directory, log } = this.#deps;
    try {
      const { usableBytes } = yield* step<{ readonly usableBytes: number }>((done) => disk.space(directory, done));
      if (usableBytes < sizeInBytes * this.#options.journalRoomFactor) return null;
      return yield* step<DiskFile>((done) => disk.open(this.#path, { create: true }, done));
    } catch (error) {
      log.warn({ path: this.#path, code: failureOf(error).code }, 'the journal could not be made; it is tried again');
      return null;
    }
  }

  #retryLater(): void {
    if (this.#closing !== null) return;
    this.#retryTimer = this.#deps.timers.after(RETRY_MS, () => {
      this.#retryTimer = null;
      this.#pump();
    });
  }

  #pump(): void {
    if (this.#busy || this.#queue.length === 0 || this.#retryTimer !== null) return;
    const { items, bodySize } = this.#firstOfQueue();
    if (this.#current.usedBytes + roundSize(bodySize) <= this.#halfBytes - JOURNAL_BLOCK) {
      this.#queue.splice(0, items.length);
      this.#writeRound(items);
    } else if (this.#other.pending.size > 0) this.#refuse();
    else if (this.#declaredFrom <= this.#other.generation && this.#other.generation > 0) {
      // A start must know that the other half is over before its first round is torn. There is room for this one.
      this.#writeRound([]);
    } else {
      this.#turnOver();
      this.#pump();
    }
  }

  #firstOfQueue(): { readonly items: readonly Item[]; readonly bodySize: number } {
    const bodySizeMax = Math.min(ROUND_SIZE_MAX, this.#halfBytes - JOURNAL_BLOCK) - ROUND_HEAD_SIZE;
    let bodySize = 0;
    let count = 0;
    for (const { entry } of this.#queue) {
      const size = entrySize(entry);
      if (bodySize + size > bodySizeMax) break;
      bodySize += size;
      count += 1;
    }
    assert(count > 0, 'an entry fits in a round');
    return { items: this.#queue.slice(0, count), bodySize };
  }

  /** There is no room: whoever can sync in another way does, the rest waits until a half is free. */
  #refuse(): void {
    const writes = this.#queue.filter(({ entry }) => entry.kind === 'write');
    this.#queue = this.#queue.filter(({ entry }) => entry.kind !== 'write');
    for (const { done } of writes) done(false);
  }

  /** Begins the other half anew; what this one has is synced in the segments meanwhile. */
  #turnOver(): void {
    const full = this.#current;
    this.#current = this.#other;
    this.#current.generation = full.generation + 1;
    this.#current.usedBytes = 0;
    this.#current.roundCount = 0;
    this.#current.pending.clear();
    this.#current.logs.clear();
    if (this.#deps.bugs.journal === 'reused-early') full.pending.clear();
    flushAll([...full.pending.keys()], DRAIN_PARALLEL, () => undefined);
  }

  #writeRound(items: readonly Item[]): void {
    const { counters, bugs, crc32c, onFatal } = this.#deps;
    const half = this.#current;
    const other = this.#other;
    for (const { entry, client } of items) {
      half.logs.add(keyOf(entry.log));
      if (entry.kind === 'write') half.pending.set(client, entry.endOffset);
    }
    assert(this.#buffer !== null && this.#file !== null, 'the journal was made');
    const head = {
      session: this.#session,
      generation: half.generation,
      index: half.roundCount,
      liveFrom: other.pending.size > 0 ? other.generation : half.generation,
      previousCount: other.roundCount,
    };
    const bytes = encodeRound(
      this.#buffer,
      head,
      items.map(({ entry }) => entry),
      crc32c,
    );
    const file = this.#file;
    this.#busy = true;
    file.write(half.start + half.usedBytes, [bytes], (failure) => {
      if (failure !== null) {
        this.#roundFailed(failure, items);
        return;
      }
      const answersEarly = bugs.journal === 'answers-early';
      if (answersEarly) for (const { done } of items) done(true);
      file.sync((syncFailure) => {
        if (syncFailure !== null) {
          // Never retried: the kernel may have dropped the pages (D11).
          onFatal(syncFailure);
          return;
        }
        half.usedBytes += bytes.length;
        half.roundCount += 1;
        this.#declaredFrom = head.liveFrom;
        counters.journalRounds += 1;
        counters.journalWrites += items.length;
        counters.journalBytes += bytes.length;
        // Whoever asks again meanwhile is part of the next round.
        if (!answersEarly) for (const { done } of items) done(true);
        this.#roundEnded();
      });
    });
  }

  /** Also a file of fixed size may find the disk full where nothing is written in place. */
  #roundFailed(failure: DiskFailure, items: readonly Item[]): void {
    if (!isDiskFull(failure)) {
      this.#deps.onFatal(failure);
      return;
    }
    this.#retryLater();
    this.#queue.unshift(...items);
    this.#refuse();
    this.#roundEnded();
  }

  #roundEnded(): void {
    this.#busy = false;
    this.#pump();
    this.#closeAtRest();
  }

  #run(task: Task<void>, done: () => void): void {
    runTask(task, (error) => {
      if (error === null) done();
      else this.#deps.onFatal(failureOf(error));
    });
  }
}

function newHalf(start: number): Half {
  return { start, generation: 0, usedBytes: 0, roundCount: 0, pending: new Map(), logs: new Set() };
}

function keyOf(log: JournalLog): string {
  return `${log.topicId}-${log.partition}`;
}
