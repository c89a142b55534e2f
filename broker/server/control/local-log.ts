import { assert } from '../../core/base/assert.ts';
import type { Crc32c } from '../../core/base/checksum.ts';
import type { Timers } from '../../ports/clock.ts';
import type { Disk, DiskFile } from '../../ports/disk.ts';
import type { Log } from '../../ports/log.ts';
import { isDiskFull } from '../disk-failure.ts';
import { type DiskFault, runTask, step, type Task } from '../task.ts';
import { type DurableMark, MarkWriter } from './durable-mark.ts';
import { encodeFrame, FRAME_ENTRY_COUNT_MAX, type LogEntry } from './frames.ts';
import { segmentName, segmentsUpTo, snapshotName, type SegmentFile } from './log-files.ts';
import type { ReplicatedLog } from './replicated-log.ts';
import { encodeSnapshot } from './snapshot-file.ts';

/** Payload bytes after which a round takes no further entry. */
const ROUND_BYTES_MAX = 4 * 1024 * 1024;
/** What a full disk refused is tried again this much later. */
const RETRY_MS = 1000;

/** What the log works with. */
export interface LocalLogDeps {
  readonly disk: Disk;
  readonly crc32c: Crc32c;
  readonly timers: Timers;
  readonly log: Log;
  /** Directory of its files. */
  readonly directory: string;
  /** A write or sync failed: nothing may be committed any more (D11). */
  readonly onFatal: (message: string) => void;
}

/** Where a recovered log goes on. */
export interface LocalLogStart {
  readonly lastIndex: number;
  /** Term of this start: above every term in the log. */
  readonly term: number;
  readonly segments: readonly SegmentFile[];
  /** Where the last segment ends; the file goes on there. */
  readonly endPosition: number;
  readonly snapshotIndexes: readonly number[];
  readonly bytesSinceSnapshot: number;
  /** The mark that was found. */
  readonly mark: DurableMark;
}

/**
 * The metadata log of a lone voter: segments of frames. Entries that wait are written as one frame (a round), synced,
 * then committed; the next round is written only after that sync returned (V10), so only the last frame can be torn. A
 * full disk delays a round, which is then written again from its start; a failed sync ends everything (D11).
 */
export class LocalLog implements ReplicatedLog {
  readonly #deps: LocalLogDeps;
  readonly term: number;
  #lastIndex: number;
  #committedIndex: number;
  #waiting: LogEntry[] = [];
  #writing = false;
  #failed = false;
  #closed: (() => void) | null = null;
  #listener: (entries: readonly LogEntry[]) => void = () => undefined;
  #segments: SegmentFile[];
  /** Name of the last segment that has synced frames. */
  #durableSegment: string;
  #file: DiskFile | null = null;
  #position: number;
  #rollNext: boolean;
  #snapshotIndexes: number[];
  #snapshotPending: { readonly index: number; readonly bytes: Uint8Array } | null = null;
  #snapshotting = false;
  readonly #mark: MarkWriter;
  bytesSinceSnapshot: number;
  uncommittedBytes = 0;

  constructor(deps: LocalLogDeps, start: LocalLogStart) {
    this.#deps = deps;
    this.term = start.term;
    this.#lastIndex = start.lastIndex;
    this.#committedIndex = start.lastIndex;
    this.#segments = [...start.segments];
    this.#durableSegment = start.segments.at(-1)?.name ?? '';
    this.#position = start.endPosition;
    this.#rollNext = start.segments.length === 0;
    this.#snapshotIndexes = [...start.snapshotIndexes];
    this.bytesSinceSnapshot = start.bytesSinceSnapshot;
    this.#mark = new MarkWriter(deps, { onIdle: () => this.#advance(), onFailure: (error) => this.#markFailed(error) });
    // What an earlier life left unmarked was synced by recovery.
    if (start.lastIndex > start.mark.index) this.#mark.advance({ index: start.lastIndex, term: start.term - 1 });
  }

  get lastIndex(): number {
    return this.#lastIndex;
  }

  get committedIndex(): number {
    return this.#committedIndex;
  }

  onCommit(listener: (entries: readonly LogEntry[]) => void): void {
    this.#listener = listener;
  }

  append(batch: { readonly baseOffset: number; readonly recordCount: number; readonly payload: Uint8Array }): number {
    assert(this.#closed === null, 'nothing is appended to a closed metadata log');
    this.#lastIndex += 1;
    this.#waiting.push({ index: this.#lastIndex, ...batch });
    this.bytesSinceSnapshot += batch.payload.length;
    this.uncommittedBytes += batch.payload.length;
    this.#advance();
    return this.#lastIndex;
  }

  snapshot(state: { readonly index: number; readonly offset: number; readonly payload: Uint8Array }): void {
    assert(state.index <= this.#lastIndex, 'a snapshot holds what was appended');
    const bytes = encodeSnapshot({ ...state, term: this.term }, this.#deps.crc32c);
    this.#snapshotPending = { index: state.index, bytes };
    this.#rollNext = true;
    this.bytesSinceSnapshot = 0;
    this.#advance();
  }

  close(done: () => void): void {
    this.#closed = done;
    this.#advance();
  }

  #advance(): void {
    if (this.#failed) return;
    if (!this.#writing && this.#waiting.length > 0) this.#writeRound();
    const pending = this.#snapshotPending;
    if (pending !== null && !this.#snapshotting && pending.index <= this.#committedIndex) this.#writeSnapshot(pending);
    if (this.#closed === null || this.#writing || this.#snapshotting || this.#waiting.length > 0) return;
    if (!this.#mark.isIdle) return;
    this.#mark.close();
    const done = this.#closed;
    this.#closed = () => undefined;
    if (this.#file === null) done();
    else this.#file.close(() => done());
    this.#file = null;
  }

  #writeRound(): void {
    const entries = this.#nextRound();
    this.#writing = true;
    this.#retrying(
      () => this.#write(entries),
      (isDone) => {
        this.#writing = false;
        // Closed while the disk was full: nobody was told of these entries, and nobody will be.
        if (!isDone) this.#waiting = [];
        else this.#committed(entries);
        this.#advance();
      },
    );
  }

  #committed(entries: readonly LogEntry[]): void {
    this.#committedIndex += entries.length;
    this.#mark.advance({ index: this.#committedIndex, term: this.term });
    for (const { payload } of entries) this.uncommittedBytes -= payload.length;
    this.#listener(entries);
  }

  /** On a full disk the mark stays behind until a later commit. */
  #markFailed(error: unknown): void {
    const failure = failureOf(error);
    if (failure === null || !isDiskFull(failure)) this.#fail(error);
    else this.#advance();
  }

  /** Runs a task again and again while the disk is full. `done(false)`: the log was closed meanwhile. */
  #retrying(task: () => Task<void>, done: (isDone: boolean) => void): void {
    runTask(task(), (error) => {
      if (error === null) {
        done(true);
        return;
      }
      const failure = failureOf(error);
      if (failure === null || !isDiskFull(failure)) {
        this.#fail(error);
        return;
      }
      this.#deps.log.error({ path: failure.path, code: failure.code }, 'the disk is full: the metadata can not change');
      this.#deps.timers.after(RETRY_MS, () => {
        if (this.#closed === null) this.#retrying(task, done);
        else done(false);
      });
    });
  }

  #nextRound(): readonly LogEntry[] {
    let bytes = 0;
    let count = 0;
    for (const { payload } of this.#waiting) {
      bytes += payload.length;
      if (count > 0 && (bytes > ROUND_BYTES_MAX || count === FRAME_ENTRY_COUNT_MAX)) break;
      count += 1;
    }
    return this.#waiting.splice(0, count);
  }

  *#write(entries: readonly LogEntry[]): Task<void> {
    const { disk, crc32c, directory } = this.#deps;
    if (this.#rollNext) this.#roll(entries[0]?.index ?? 0);
    const name = this.#segments.at(-1)?.name ?? '';
    // Also when an earlier attempt at its first round has failed.
    const isNew = name !== this.#durableSegment;
    const file =
      this.#file ?? (yield* step<DiskFile>((done) => disk.open(`${directory}/${name}`, { create: isNew }, done)));
    this.#file = file;
    const bytes = encodeFrame({ term: this.term, entries }, crc32c);
    const position = this.#position;
    yield* step<void>((done) => file.write(position, [bytes], done));
    yield* step<void>((done) => file.sync(done));
    if (isNew) yield* step<void>((done) => disk.syncDirectory(directory, done));
    this.#durableSegment = name;
    this.#position = position + bytes.length;
  }

  #roll(firstIndex: number): void {
    this.#rollNext = false;
    this.#file?.close(() => undefined);
    this.#file = null;
    this.#position = 0;
    this.#segments.push({ name: segmentName(firstIndex), firstIndex });
  }

  #writeSnapshot(pending: { readonly index: number; readonly bytes: Uint8Array }): void {
    this.#snapshotPending = null;
    this.#snapshotting = true;
    this.#retrying(
      () => this.#keepSnapshot(pending.index, pending.bytes),
      () => {
        this.#snapshotting = false;
        this.#advance();
      },
    );
  }

  *#keepSnapshot(index: number, bytes: Uint8Array): Task<void> {
    const { disk, directory } = this.#deps;
    const name = snapshotName(index);
    const file = yield* step<DiskFile>((done) => disk.open(`${directory}/${name}.tmp`, { create: true }, done));
    try {
      yield* step<void>((done) => file.truncate(0, done));
      yield* step<void>((done) => file.write(0, [bytes], done));
      yield* step<void>((done) => file.sync(done));
    } finally {
      // The outcome is in the steps above; a failed close changes nothing about it.
      file.close(() => undefined);
    }
    yield* step<void>((done) => disk.rename(`${directory}/${name}.tmp`, `${directory}/${name}`, done));
    yield* step<void>((done) => disk.syncDirectory(directory, done));
    const obsolete = this.#snapshotIndexes.filter((other) => other < index).map(snapshotName);
    this.#snapshotIndexes = [index];
    // A segment that is just being begun replaces none: after a crash it may not be there.
    const last = this.#segments.findLastIndex(({ name }) => name === this.#durableSegment);
    const segments = segmentsUpTo(this.#segments.slice(0, last + 1), index);
    this.#segments = this.#segments.filter((segment) => !segments.includes(segment));
    // A crash in between leaves files that recovery removes.
    for (const old of [...segments.map((segment) => segment.name), ...obsolete]) {
      yield* step<void>((done) => disk.remove(`${directory}/${old}`, done));
    }
  }

  #fail(error: unknown): void {
    this.#failed = true;
    this.#deps.onFatal(
      `the metadata log can't be written any more: ${error instanceof Error ? error.message : String(error)}`,
    );
  }
}

/** The failed disk operation that a task threw; null for anything else. By shape: `instanceof` lies across realms. */
function failureOf(error: unknown): DiskFault['failure'] | null {
  return error !== null && typeof error === 'object' && 'failure' in error ? (error as DiskFault).failure : null;
}
