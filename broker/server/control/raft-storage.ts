import { assert } from '../../core/base/assert.ts';
import type { RaftLog } from '../../core/raft/log.ts';
import type { RaftStart } from '../../core/raft/raft.ts';
import type { LogPlace, ReplicaKey, SnapshotMeta } from '../../core/raft/types.ts';
import type { Timers } from '../../ports/clock.ts';
import type { DiskFile } from '../../ports/disk.ts';
import type { Log } from '../../ports/log.ts';
import { isDiskFull } from '../disk-failure.ts';
import { inParallel, removeIfExists } from '../logs/disk-tasks.ts';
import { type DiskFault, runTask, step, type Task } from '../task.ts';
import type { Block } from './raft-blocks.ts';
import { putPiece, readCheckpoint, readPiece, type StoredCheckpoint, writeCheckpoint } from './raft-checkpoint.ts';
import { checkpointName, roundsName } from './raft-files.ts';
import { encodeRaftFrame } from './raft-frames.ts';
import {
  formRaft,
  isLoneVoter,
  type RaftRecoveryDeps,
  type RecoveredRaft,
  recoverRaft,
  type Segment,
} from './raft-recovery.ts';
import {
  lastHardState,
  mergeWrites,
  payloadBytes,
  type RaftSnapshotWrite,
  type RaftWrite,
  takeWrites,
} from './raft-round.ts';
import { type RaftSlot, writeSlot } from './raft-state-file.ts';

/** What the storage works with. */
export interface RaftStorageDeps extends RaftRecoveryDeps {
  readonly timers: Timers;
  readonly log: Log;
  /** A write or sync failed: nothing may be told any more (D11). */
  readonly onFatal: (message: string) => void;
}

/** What was on the disk. */
export interface OpenedRaft {
  readonly storage: RaftStorage;
  /** For the state machine of Raft; null: this disk never held a log, not even a formation. */
  readonly start: RaftStart | null;
  /** The state machine's content at the snapshot, and the metadata offset it stands for; null without one. */
  readonly snapshot: SnapshotContent | null;
  /** What is known to be lost, a sentence for the log: `start.hardState.damagedUpTo` says it too (V10). */
  readonly damage: string | null;
  /** Bytes of an unfinished write that were cut away; 0 mostly. */
  readonly cutBytes: number;
}

/** The state machine at one place. */
export interface SnapshotContent {
  /** As `encodeRecords` wrote it. */
  readonly payload: Uint8Array;
  /** Metadata offset of its last record. */
  readonly offset: number;
}

/** A segment that is this long is the last of its kind: another begins. */
const SEGMENT_BYTES_MAX = 64 * 1024 * 1024;
/** What a full disk refused is tried again this much later. */
const RETRY_MS = 1000;
/** A lone voter's last frame is said to be synced when nothing else came for so long. */
const MARK_MS = 100;

/** One write of the log and its state: a frame or none, and a slot. */
interface Round {
  readonly frame: Block | null;
  readonly slot: RaftSlot;
  /** The last write of Raft that is in it; 0 for none. */
  readonly lastWrite: number;
  readonly waiters: readonly (() => void)[];
}

/** Opens the Raft log in a directory that exists. */
export function* openRaftStorage(deps: RaftStorageDeps): Task<OpenedRaft> {
  const recovered = yield* recoverRaft(deps);
  const storage = new RaftStorage(deps, recovered);
  if (recovered === null) return { storage, start: null, snapshot: null, damage: null, cutBytes: 0 };
  const { slot, checkpoint, entries, damage, cutBytes } = recovered;
  const { place, payload, offset, meta } = checkpoint;
  return {
    storage,
    start: { hardState: slot.hardState, snapshot: meta, entries },
    snapshot: place.index === 0 ? null : { payload, offset },
    damage,
    cutBytes,
  };
}

/**
 * The disk of a Raft replica: segments of frames, one checkpoint, and the state file. Writes that wait become one round: a
 * frame behind the last, its head and the hard state in the state file, both synced at once; a vote alone touches only the
 * state file, which never grows. The next round is written after that sync returned (V10), so only the last frame can be torn.
 * A full disk delays a round, which is then written again from its start; a failed sync ends everything (D11).
 */
export class RaftStorage {
  readonly #deps: RaftStorageDeps;
  /** As the rounds so far have made it, synced or under way. */
  #log: RaftLog | null = null;
  #slot: RaftSlot | null = null;
  #stateFile: DiskFile | null = null;
  #segments: Segment[] = [];
  #file: DiskFile | null = null;
  #position = 0;
  #rollNext = true;
  /** The last segment's name is not synced yet. */
  #isSegmentNew = false;
  #queue: (RaftWrite | RaftSnapshotWrite)[] = [];
  /** Called after the next round that begins from now on. */
  #waiters: (() => void)[] = [];
  /** A round or a piece is written. */
  #busy = false;
  /** Numbers of the last write that was asked for, and of the last that was told. */
  #askedWrite = 0;
  #toldWrite = 0;
  #keeping: {
    readonly afterWrite: number;
    readonly checkpoint: Omit<StoredCheckpoint, 'meta'>;
    readonly done: (sizeInBytes: number) => void;
  }[] = [];
  /** Whether a snapshot is being kept, and removals and reads under way. */
  #isKeeping = false;
  #jobCount = 0;
  #isMarkDue = false;
  #failed = false;
  #closed: (() => void) | null = null;
  #listener: (write: number) => void = () => undefined;
  bytesSinceSnapshot = 0;

  constructor(deps: RaftStorageDeps, recovered: RecoveredRaft | null) {
    this.#deps = deps;
    if (recovered !== null) this.#begin(recovered);
  }

  /** Writes a replica's first state (V11): these voters, none for one that observes. Durable when done. */
  format(voters: readonly ReplicaKey[], done: () => void): void {
    assert(this.#log === null, 'a log is formed once');
    this.#busy = true;
    this.#retrying(
      () => this.#form(voters),
      (isDone) => {
        this.#busy = false;
        if (isDone) done();
        this.#advance();
      },
    );
  }

  /** Carries out a write of Raft, in order; its listener hears when it is durable. */
  write(effect: RaftWrite | RaftSnapshotWrite): void {
    assert(this.#closed === null && this.#log !== null, 'only an open log is written');
    this.#queue.push(effect);
    this.#askedWrite = effect.write;
    if (effect.kind === 'write') this.bytesSinceSnapshot += payloadBytes(effect);
    this.#advance();
  }

  /** Called with the number of a write when it and all before it are durable. There is one listener. */
  onWritten(listener: (write: number) => void): void {
    this.#listener = listener;
  }

  /**
   * Keeps the state machine at a place up to which all is committed: entries up to it may go. `done` with the size that
   * `snapshot-taken` names; that of a newer one, when a leader's came meanwhile.
   */
  keepSnapshot(
    meta: { readonly place: LogPlace; readonly voters: readonly ReplicaKey[] },
    state: SnapshotContent,
    done: (sizeInBytes: number) => void,
  ): void {
    // What is committed may wait to be written here, and the term that it is of too.
    this.#keeping.push({ afterWrite: this.#askedWrite, checkpoint: { ...meta, ...state }, done });
    this.bytesSinceSnapshot = 0;
    this.#advance();
  }

  /** Reads a piece of the snapshot for a follower; null when another has taken its place. */
  readPiece(meta: SnapshotMeta, position: number, done: (data: Uint8Array | null) => void): void {
    const { disk, directory } = this.#deps;
    const place = this.#log?.snapshot.place;
    if (place?.index !== meta.place.index || place.term !== meta.place.term) {
      done(null);
      return;
    }
    const path = `${directory}/${checkpointName(place.index)}`;
    runTask(readPiece(disk, path, position), (error, data) => {
      // A newer one may have taken its place meanwhile.
      if (error !== null && failureOf(error)?.code !== 'ENOENT') this.#fail(error);
      else done(data ?? null);
    });
  }

  /** The content of the snapshot that was taken over last. */
  readSnapshot(done: (snapshot: SnapshotContent) => void): void {
    const index = this.#log?.snapshot.place.index ?? 0;
    const path = `${this.#deps.directory}/${checkpointName(index)}`;
    runTask(readCheckpoint(this.#deps, path), (error, checkpoint) => {
      // Another was taken over meanwhile, and this one removed.
      if (failureOf(error)?.code === 'ENOENT' && this.#log?.snapshot.place.index !== index) this.readSnapshot(done);
      else if (error !== null || checkpoint === undefined) this.#fail(error);
      else done(checkpoint);
    });
  }

  /** Ends after what was written is durable. */
  close(done: () => void): void {
    this.#closed = done;
    this.#advance();
  }

  *#form(voters: readonly ReplicaKey[]): Task<void> {
    this.#begin(yield* formRaft(this.#deps, voters));
  }

  #begin(recovered: RecoveredRaft): void {
    this.#log = recovered.log;
    this.#slot = recovered.slot;
    this.#stateFile = recovered.stateFile;
    this.#segments = [...recovered.segments];
    this.#position = recovered.endPosition;
    this.#rollNext = recovered.segments.length === 0;
    this.bytesSinceSnapshot = recovered.bytesSinceSnapshot;
  }

  #advance(): void {
    if (this.#failed) return;
    this.#keepNext();
    if (this.#busy) return;
    const [next] = this.#queue;
    if (next?.kind === 'write' || this.#waiters.length > 0) this.#writeRound();
    // A checkpoint of one's own is not finished while another takes its place.
    else if (next !== undefined && !(next.isLast && this.#isKeeping)) this.#takePiece(next);
    else if (next === undefined) this.#rest();
  }

  /** Nothing is to be written. */
  #rest(): void {
    const { timers } = this.#deps;
    if (this.#closed === null) {
      if (!this.#isUnmarked || this.#isMarkDue) return;
      this.#isMarkDue = true;
      timers.after(MARK_MS, () => {
        this.#isMarkDue = false;
        this.#mark();
      });
      return;
    }
    if (this.#jobCount > 0 || this.#isKeeping) return;
    if (this.#isUnmarked) {
      this.#mark();
      return;
    }
    const done = this.#closed;
    this.#failed = true;
    const files = [this.#file, this.#stateFile].filter((file) => file !== null);
    runTask(
      inParallel(files, 2, (file) => step<void>((closed) => file.close(closed))),
      () => done(),
    );
  }

  /** The state file does not say yet that the last frame is synced: for a lone voter it makes the difference (V10). */
  get #isUnmarked(): boolean {
    return this.#slot !== null && this.#slot.isLone && this.#slot.isPending;
  }

  #mark(): void {
    if (this.#busy || this.#queue.length > 0 || !this.#isUnmarked) return;
    this.#waiters.push(() => undefined);
    this.#advance();
  }

  #writeRound(): void {
    const round = this.#compose();
    this.#busy = true;
    this.#retrying(
      () => this.#put(round),
      (isDone) => {
        this.#busy = false;
        // Closed while the disk was full: nobody was told of these writes, and nobody will be.
        if (!isDone) this.#giveUp();
        else {
          for (const waiter of round.waiters) waiter();
          if (round.lastWrite > 0) this.#tell(round.lastWrite);
        }
        this.#advance();
      },
    );
  }

  #tell(write: number): void {
    this.#toldWrite = write;
    this.#listener(write);
  }

  #giveUp(): void {
    this.#queue = [];
    this.#keeping = [];
    this.#waiters = [];
    if (this.#slot !== null) this.#slot = { ...this.#slot, isPending: false };
  }

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
      const { path, code } = failure;
      this.#deps.log.error({ path, code }, 'the disk is full: the metadata can not change');
      this.#deps.timers.after(RETRY_MS, () => {
        if (this.#closed === null) this.#retrying(task, done);
        else done(false);
      });
    });
  }

  /** Takes what waits, as far as a round may go, and makes it part of the log. */
  #compose(): Round {
    const log = this.#log;
    const before = this.#slot;
    assert(log !== null && before !== null, 'a log is there');
    const writes = takeWrites(this.#queue);
    const waiters = this.#waiters.splice(0);
    const { fromIndex, entries } = mergeWrites(log, writes);
    const hardState = lastHardState(writes) ?? before.hardState;
    const isFrame = fromIndex > 0;
    if (isFrame && (this.#rollNext || this.#position >= SEGMENT_BYTES_MAX)) this.#roll(before.lastFrame + 1);
    const number = before.lastFrame + 1;
    const frame = isFrame ? encodeRaftFrame({ number, hardState, fromIndex, entries }, this.#deps.crc32c) : null;
    const segment = this.#segments.at(-1);
    if (isFrame && segment !== undefined) segment.lastIndex = log.lastIndex;
    const slot: RaftSlot = {
      round: before.round + 1,
      hardState,
      firstFrame: this.#segments[0]?.firstFrame ?? before.lastFrame + 1,
      lastFrame: isFrame ? number : before.lastFrame,
      lastFrameCrc: frame?.crc ?? before.lastFrameCrc,
      lastIndex: log.lastIndex,
      isPending: isFrame,
      isLone: isLoneVoter(log.votersAt(log.lastIndex).voters, this.#deps.self),
      checkpointIndex: log.snapshot.place.index,
    };
    this.#slot = slot;
    return { frame, slot, lastWrite: writes.at(-1)?.write ?? 0, waiters };
  }

  #roll(firstFrame: number): void {
    this.#rollNext = false;
    this.#file?.close(() => undefined);
    this.#file = null;
    this.#position = 0;
    this.#isSegmentNew = true;
    this.#segments.push({ name: roundsName(firstFrame), firstFrame, lastIndex: 0 });
  }

  *#put({ frame, slot }: Round): Task<void> {
    const { disk, crc32c, directory } = this.#deps;
    const stateFile = this.#stateFile;
    assert(stateFile !== null, 'a state file is there');
    const dirty = [stateFile];
    if (frame !== null) {
      const file = yield* this.#openSegment();
      yield* step<void>((done) => file.write(this.#position, frame.chunks, done));
      dirty.push(file);
    }
    yield* writeSlot(stateFile, slot, crc32c);
    yield* inParallel(dirty, dirty.length, (file) => step<void>((done) => file.sync(done)));
    if (frame === null) return;
    if (this.#isSegmentNew) yield* step<void>((done) => disk.syncDirectory(directory, done));
    this.#isSegmentNew = false;
    this.#position += frame.sizeInBytes;
  }

  *#openSegment(): Task<DiskFile> {
    if (this.#file !== null) return this.#file;
    const { disk, directory } = this.#deps;
    const path = `${directory}/${this.#segments.at(-1)?.name ?? ''}`;
    const file = yield* step<DiskFile>((done) => disk.open(path, { create: this.#isSegmentNew }, done));
    this.#file = file;
    return file;
  }

  #takePiece(effect: RaftSnapshotWrite): void {
    this.#busy = true;
    this.#retrying(
      () => putPiece(this.#deps, effect),
      (isDone) => {
        this.#busy = false;
        if (!isDone) this.#giveUp();
        else {
          this.#queue.shift();
          if (effect.isLast) this.#takeOver(effect.meta, () => this.#tell(effect.write));
          else this.#tell(effect.write);
        }
        this.#advance();
      },
    );
  }

  #keepNext(): void {
    if (this.#isKeeping || this.#log === null) return;
    const [next] = this.#keeping;
    if (next === undefined || next.afterWrite > this.#toldWrite) return;
    this.#keeping.shift();
    const { checkpoint, done } = next;
    const { snapshot } = this.#log;
    if (checkpoint.place.index <= snapshot.place.index) {
      done(snapshot.sizeInBytes);
      this.#keepNext();
      return;
    }
    this.#isKeeping = true;
    let stored: SnapshotMeta | null = null;
    const { disk, directory } = this.#deps;
    const deps = this.#deps;
    function* keep(): Task<void> {
      stored = (yield* writeCheckpoint(deps, checkpoint)).meta;
      yield* step<void>((synced) => disk.syncDirectory(directory, synced));
    }
    this.#retrying(keep, () => {
      this.#isKeeping = false;
      // A frame that is being written lies behind it: its segment stays.
      if (stored !== null) this.#takeOver(stored, () => done(stored?.sizeInBytes ?? 0));
      this.#advance();
    });
  }

  /** A checkpoint stands for all up to its place from now on: done with the next round, and then older files go. */
  #takeOver(meta: SnapshotMeta, done: () => void): void {
    const log = this.#log;
    assert(log !== null, 'a log is there');
    const { place } = meta;
    const old = checkpointName(log.snapshot.place.index);
    const follows = log.termAt(place.index) === place.term;
    log.restore(meta);
    const kept = follows ? this.#segments.findIndex(({ lastIndex }) => lastIndex > place.index) : -1;
    const obsolete = this.#segments.splice(0, kept === -1 ? this.#segments.length : kept);
    this.#rollNext = true;
    this.#waiters.push(() => {
      done();
      this.#remove([old, ...obsolete.map(({ name }) => name)]);
    });
  }

  /** A crash in between leaves files that recovery removes. */
  #remove(names: readonly string[]): void {
    const { disk, directory } = this.#deps;
    this.#jobCount += 1;
    this.#retrying(
      () => inParallel(names, 1, (name) => removeIfExists(disk, `${directory}/${name}`)),
      () => {
        this.#jobCount -= 1;
        this.#advance();
      },
    );
  }

  #fail(error: unknown): void {
    if (this.#failed) return;
    this.#failed = true;
    const reason = error instanceof Error ? error.message : String(error);
    this.#deps.onFatal(`the metadata log can't be written any more: ${reason}`);
  }
}

/** The failed disk operation that a task threw; null for anything else. By shape: `instanceof` lies across realms. */
function failureOf(error: unknown): DiskFault['failure'] | null {
  return error !== null && typeof error === 'object' && 'failure' in error ? (error as DiskFault).failure : null;
}
