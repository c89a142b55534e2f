import type { Buffer } from 'node:buffer';
import { assert } from '../../core/base/assert.ts';
import type { TopicId } from '../../core/base/ids.ts';
import type { LogConfig } from '../../core/log/config.ts';
import type { ProducerClaim, ProducerVerdict } from '../../core/log/producer-state.ts';
import { shouldRoll } from '../../core/log/roll.ts';
import type { DiskFailure } from '../../ports/disk.ts';
import { runTask, type Task } from '../task.ts';
import { type AppendEnd, checkContiguous, ownBytes, rollInput } from './append-bytes.ts';
import { waitFor } from './disk-tasks.ts';
import { flushIndexes } from './index-files.ts';
import { IndexRepairs } from './index-rebuild.ts';
import { andThen, JobQueue, nothing } from './job-queue.ts';
import { adopt, bytesBetween, createBody, isAged, type LogBody, type LogStart } from './log-body.ts';
import { isDiskFull } from '../disk-failure.ts';
import { take } from './log-append.ts';
import { lowerMarks, syncStart } from './log-marks.ts';
import { type ReadableLog, readLog } from './log-reader.ts';
import { cut, loadUpTo, retain, saveDerived, seal, startAt, takeSnapshot, writeMetadata } from './log-upkeep.ts';
import { LogWriter } from './log-writer.ts';
import type {
  AppendMeta,
  FetchedMeta,
  LogDone,
  LogFailure,
  LogListener,
  LogReadOptions,
  LogReadResult,
  LogState,
  PartitionLog,
  TimestampedOffset,
} from './partition-log.ts';
import { expireProducers, judgeProducer } from './producer-guard.ts';
import { Segment } from './segment.ts';
import type { SegmentList } from './segment-list.ts';
import { markSparse } from './sparse-mark.ts';
import { searchAnswer, type Searched, searchMaxTimestamp, searchTimestamp } from './timestamp-search.ts';

/** Index entries that wait in memory before they go to their file: 2 MiB of log at Kafka's default interval. */
const INDEX_FLUSH_BYTES = 4096;

/** A log in use. Implements `PartitionLog`; the manager calls the rest. */
export class OpenLog implements PartitionLog {
  readonly topic: string;
  readonly topicId: TopicId;
  readonly partition: number;
  readonly #body: LogBody;
  readonly #jobs: JobQueue;
  readonly #readable: ReadableLog;
  readonly #repairs: IndexRepairs;
  #state: LogState = 'open';
  #stateReason = '';
  isSuspect: boolean;
  #listener: LogListener | null = null;
  #cutting = false;
  /** A full disk left the files behind what is known in memory: they are loaded again before the next append. */
  #reloadDue = false;
  #metadataDue: boolean;
  #snapshotQueued = false;
  #indexFlushQueued = false;

  constructor(start: LogStart) {
    this.topic = start.topic;
    this.topicId = start.topicId;
    this.partition = start.partition;
    const { context, loaded } = start;
    this.#jobs = new JobQueue(context.upkeep, (failure) => {
      this.#upkeepFailed(failure);
    });
    const writer = new LogWriter(
      {
        context,
        log: { topicId: start.topicId, partition: start.partition },
        directory: start.directory,
        syncRules: () => this.#body.config,
        onProgress: () => this.#listener?.onProgress(this.writtenOffset, this.durableOffset),
        onFull: (failure) => this.#becomeReadOnly(failure),
      },
      loaded.endOffset,
    );
    this.#body = createBody(start, writer, (segment, done) => this.#repairs.request(segment, done));
    this.#repairs = new IndexRepairs(this.#body, this.#jobs, {
      isReadable: () => this.#unreadable() === null,
      damaged: (reason) => this.#damage(reason),
    });
    this.#readable = {
      body: this.#body,
      failure: () => this.#unreadable(),
      hasChanged: (segments) => this.#hasChanged(segments),
      damaged: (reason) => this.#damage(reason),
    };
    this.#metadataDue = !loaded.segments.active.exists;
    this.isSuspect = loaded.isSuspect;
    if (loaded.damage !== '') {
      this.#state = 'damaged';
      this.#stateReason = loaded.damage;
    } else if (loaded.unsaved) {
      this.#state = 'read-only';
      this.#stateReason = 'the disk was full at the start';
      this.#reloadDue = true;
    }
  }

  get state(): LogState {
    return this.#state;
  }
  get stateReason(): string {
    return this.#stateReason;
  }
  get directory(): string {
    return this.#body.directory;
  }
  get logStartOffset(): number {
    return this.#body.logStartOffset;
  }
  get durableStartOffset(): number {
    return this.#body.durableStartOffset;
  }
  get logEndOffset(): number {
    return this.#body.logEndOffset;
  }
  get writtenOffset(): number {
    return Math.min(this.#body.writer.writtenOffset, this.#body.logEndOffset);
  }
  get durableOffset(): number {
    return Math.min(this.#body.writer.durableOffset, this.#body.logEndOffset);
  }
  get highWatermark(): number {
    return this.#body.highWatermark;
  }
  get sizeInBytes(): number {
    return this.#body.segments.sizeInBytes;
  }
  get pendingBytes(): number {
    return this.#body.writer.pendingBytes;
  }
  get latestEpoch(): number {
    return this.#body.epochs.latestEpoch;
  }
  /** What the log consists of, and its upkeep: for checkpoints and the cleaner. */
  get body(): LogBody {
    return this.#body;
  }
  get jobs(): JobQueue {
    return this.#jobs;
  }

  setListener(listener: LogListener | null): void {
    this.#listener = listener;
  }

  configure(config: LogConfig): void {
    this.#body.config = config;
    // To `fsync`: what is not durable yet is synced now (D3).
    if (config.syncMode === 'always') this.#body.writer.waitFor(this.#body.logEndOffset, 'durable', () => undefined);
  }

  setHighWatermark(offset: number): void {
    this.#body.highWatermark = Math.min(offset, this.#body.logEndOffset);
  }

  append(batches: Uint8Array, meta: AppendMeta): number | null {
    return this.#state === 'open' ? this.#take(ownBytes(batches), meta.nowMs, -1) : null;
  }

  appendFetched(batches: Uint8Array, meta: FetchedMeta, done: LogDone<number>): void {
    const body = this.#body;
    const { nowMs, gapEnd } = meta;
    const append = (): void => {
      const failure = this.#unwritable();
      if (failure === null) done(null, this.#take(ownBytes(batches), nowMs, gapEnd));
      else done(failure, undefined);
    };
    if (gapEnd <= body.sparseEnd || this.#state !== 'open') append();
    else this.#jobs.add(() => andThen(markSparse(body, gapEnd), append), append);
  }

  checkProducer(claim: ProducerClaim): ProducerVerdict {
    return judgeProducer(this.#body, claim);
  }

  read(options: LogReadOptions, done: LogDone<LogReadResult>): void {
    const failure = this.#unreadable();
    if (failure !== null) done(failure, undefined);
    else readLog(this.#readable, { ...options, endOffset: Math.min(options.endOffset, this.writtenOffset) }, done);
  }

  bytesBetween(startOffset: number, endOffset: number): number {
    if (startOffset >= endOffset) return 0;
    return bytesBetween(this.#body, { startOffset, endOffset });
  }

  epochAt(offset: number): number {
    return this.#body.epochs.epochAt(offset);
  }

  endOffsetForEpoch(epoch: number): { readonly leaderEpoch: number; readonly endOffset: number } {
    return this.#body.epochs.endOffsetFor(epoch, this.#body.logEndOffset);
  }

  offsetForTimestamp(timestampMs: number, done: LogDone<TimestampedOffset | null>): void {
    this.#search(() => searchTimestamp(this.#body, timestampMs, Number.MAX_SAFE_INTEGER), done);
  }

  maxTimestampOffset(endOffset: number, done: LogDone<TimestampedOffset | null>): void {
    this.#search(() => searchMaxTimestamp(this.#body, endOffset), done);
  }

  truncateTo(offset: number, done: LogDone<void>): void {
    assert(offset >= this.#body.logStartOffset, 'a log is not cut below its start');
    if (offset >= this.#body.logEndOffset) {
      done(this.#unwritable(), undefined);
      return;
    }
    this.#cut(() => cut(this.#body, offset, (reason) => this.#damage(reason)), offset, done);
  }

  truncateFullyAndStartAt(offset: number, done: LogDone<void>): void {
    const empty = new Segment(this.directory, offset, this.#body.context.clock.wallMs());
    this.#cut(
      () => startAt(this.#body, offset, empty),
      offset,
      (failure) => {
        this.#metadataDue = true;
        done(failure, undefined);
      },
    );
  }

  deleteRecordsBefore(offset: number, done: LogDone<number>): void {
    const body = this.#body;
    const failure = this.#unreadable();
    if (failure !== null || offset > body.logEndOffset) {
      done(failure ?? { kind: 'out-of-range' }, undefined);
      return;
    }
    // Even one that lies below the start already waits: the start may have moved and not be synced yet.
    const start = Math.max(offset, body.logStartOffset);
    body.logStartOffset = start;
    body.epochs.truncateFromStart(start);
    syncStart(body, () => {
      done(null, start);
      this.runRetention();
    });
  }

  /** Forgets producers past their expiry. */
  expireProducers(): void {
    expireProducers(this.#body);
  }

  /** Deletes segments past retention. */
  runRetention(): void {
    const body = this.#body;
    const { clock, isClockTrusted } = body.context;
    const nowMs = clock.wallMs();
    const ageFromMs = isClockTrusted() ? nowMs : Number.NEGATIVE_INFINITY;
    const host = {
      roll: () => void this.#roll(nowMs),
      again: () => this.runRetention(),
      damaged: (reason: string) => this.#damage(reason),
    };
    this.#jobs.add(() => (this.#unreadable() === null ? retain(body, ageFromMs, host) : nothing()));
  }

  /** Begins a new segment when the active one of a compacted log is too old to wait for the next append (KIP-354). */
  rollAged(nowMs: number): void {
    if (this.#state === 'open' && !this.#cutting && isAged(this.#body, nowMs)) this.#roll(nowMs);
  }

  /** Writes and syncs everything, so that the next start has nothing to read. */
  prepareShutdown(done: () => void): void {
    if (this.#state === 'damaged' || this.#state === 'deleted') {
      this.#body.writer.stop(() => {
        this.#jobs.whenIdle(done);
      });
      return;
    }
    this.#jobs.add(() => this.#saveAll());
    this.#jobs.whenIdle(done);
  }

  /** Ends all work; `done` when no operation on the files is under way. The files may be renamed then. */
  close(state: 'deleted', done: () => void): void {
    this.#enter(state, 'deleted');
    this.#jobs.clear();
    this.#body.tail.clear();
    this.#body.cold.clear();
    this.#body.writer.stop(() => {
      this.#jobs.whenIdle(done);
    });
  }

  /** Takes appends again after the disk was full. */
  resume(): void {
    if (this.#state !== 'read-only') return;
    this.#jobs.add(() => this.#reload());
    this.#jobs.add(() => {
      if (!this.#reloadDue && this.#state === 'read-only') this.#enter('open', '');
      return nothing();
    });
  }

  #take(buf: Buffer, nowMs: number, gapEnd: number): number {
    assert(!this.#cutting, 'nothing is appended while the log is cut');
    const end = checkContiguous(buf, this.#body.logEndOffset, gapEnd);
    const segment = this.#segmentFor(buf.length, end, nowMs);
    take(this.#body, segment, buf, end);
    this.#scheduleUpkeep(segment);
    return end.nextOffset;
  }

  #segmentFor(appendBytes: number, end: AppendEnd, nowMs: number): Segment {
    const { segments, config } = this.#body;
    const { active } = segments;
    const hasJitter = config.segmentJitterMs > 0;
    const rolls = shouldRoll(rollInput(active, appendBytes, end, { nowMs, hasJitter }), config);
    return rolls ? this.#roll(nowMs) : active;
  }

  #roll(nowMs: number): Segment {
    const body = this.#body;
    const sealed = body.segments.active;
    sealed.addTimeEntry();
    const snapshot = takeSnapshot(body);
    const next = new Segment(body.directory, body.logEndOffset, nowMs);
    body.segments.push(next);
    this.#jobs.add(() => seal(body, sealed, snapshot));
    return next;
  }

  #scheduleUpkeep(segment: Segment): void {
    const body = this.#body;
    if (this.#metadataDue) {
      this.#metadataDue = false;
      this.#jobs.add(() => writeMetadata(body, this.topicId));
    }
    if (body.snapshotBytes >= body.context.snapshotIntervalBytes && !this.#snapshotQueued) {
      this.#snapshotQueued = true;
      this.#jobs.add(() => {
        this.#snapshotQueued = false;
        return this.#saveDerived();
      });
    } else if (segment.index.entries.length >= INDEX_FLUSH_BYTES && !this.#indexFlushQueued) {
      this.#indexFlushQueued = true;
      this.#jobs.add(() => {
        this.#indexFlushQueued = false;
        return flushIndexes(body.context, segment, { sync: false });
      });
    }
  }

  /** Indexes, epochs and producers at the log's end. */
  *#saveDerived(): Task<void> {
    const body = this.#body;
    // A cut was asked for: what is known in memory is still that of the longer log.
    if (this.#cutting) return;
    const { active } = body.segments;
    active.addTimeEntry();
    if (body.snapshots.at(-1) === body.logEndOffset && body.savedEpochs === body.epochs.version) return;
    yield* saveDerived(body, active, takeSnapshot(body));
  }

  *#saveAll(): Task<void> {
    const body = this.#body;
    if (this.#reloadDue) yield* this.#reload();
    if (this.#unreadable() !== null) return;
    yield* waitFor((done) => body.writer.waitFor(body.logEndOffset, 'synced', done));
    if (body.segments.active.exists) yield* this.#saveDerived();
  }

  #search(find: () => Task<Searched>, done: LogDone<TimestampedOffset | null>): void {
    const failure = this.#unreadable();
    if (failure !== null) {
      done(failure, undefined);
      return;
    }
    const { segments } = this.#body;
    const { version } = segments;
    runTask(find(), (error, found) => {
      const answer = searchAnswer(error, found);
      if (answer.failure !== null && segments.version !== version) {
        // Cleaned segments took the place of those that it looked into.
        this.#search(find, done);
        return;
      }
      if (answer.failure?.kind === 'damaged' && !this.#hasChanged(segments)) this.#damage(answer.failure.reason);
      const changed = this.#unreadable();
      if (changed !== null) done(changed, undefined);
      else done(answer.failure, answer.found);
    });
  }

  /** True when the log was cut since, or is being cut: what a read found then says nothing. */
  #hasChanged(segments: SegmentList): boolean {
    return this.#cutting || this.#reloadDue || this.#body.segments !== segments;
  }

  /**
   * Bytes below the log's end are not what was written (D7): the log is kept as it is and nothing of it is served any more.
   * A start finds the manifest saying so.
   */
  #damage(reason: string): void {
    if (this.#state === 'damaged' || this.#state === 'deleted') return;
    const body = this.#body;
    body.tail.clear();
    body.cold.clear();
    this.#enter('damaged', reason);
    this.#jobs.clear();
    body.writer.stop(() => undefined);
    body.context.log.error(
      { log: body.name, reason },
      'a log is damaged and not served; where no other replica makes up for it restore it, or give up what is lost with weir admin accept-loss',
    );
    body.context.damaged(body.name);
  }

  #cut(task: () => Task<void>, offset: number, done: LogDone<void>): void {
    const failure = this.#unwritable();
    if (failure !== null) {
      done(failure, undefined);
      return;
    }
    this.#cutting = true;
    this.#body.logEndOffset = Math.min(offset, this.#body.logEndOffset);
    lowerMarks(this.#body, offset);
    this.setHighWatermark(this.#body.highWatermark);
    this.#body.tail.clear();
    this.#body.cold.clear();
    this.#jobs.add(
      () => this.#runCut(task, done),
      () => {
        this.#cutting = false;
        done(this.#unwritable(), undefined);
      },
    );
  }

  *#runCut(task: () => Task<void>, done: LogDone<void>): Task<void> {
    let failure: LogFailure | null = { kind: 'not-writable' };
    try {
      yield* task();
      failure = this.#unwritable();
    } finally {
      this.#cutting = false;
      done(failure, undefined);
    }
  }

  #unreadable(): LogFailure | null {
    if (this.#state === 'damaged') return { kind: 'damaged', reason: this.#stateReason };
    return this.#state === 'deleted' ? { kind: 'deleted' } : null;
  }

  #unwritable(): LogFailure | null {
    return this.#unreadable() ?? (this.#state === 'read-only' ? { kind: 'not-writable' } : null);
  }

  #enter(state: LogState, reason: string): void {
    this.#state = state;
    this.#stateReason = reason;
    this.#listener?.onState(state, reason);
  }

  #upkeepFailed(failure: DiskFailure): void {
    if (this.#state === 'deleted') return;
    if (isDiskFull(failure)) this.#becomeReadOnly(failure);
    else this.#body.context.onFatal(failure);
  }

  /** The disk is full (D11): what was not written is given up, what was stays readable. */
  #becomeReadOnly(failure: DiskFailure): void {
    const body = this.#body;
    this.#reloadDue = true;
    if (this.#state !== 'open') return;
    body.logEndOffset = Math.min(body.logEndOffset, body.writer.writtenOffset);
    body.tail.clear();
    body.cold.clear();
    body.context.log.error({ log: body.name, path: failure.path, code: failure.code }, 'the disk is full');
    this.#enter('read-only', `${failure.code} at ${failure.path}`);
    this.#jobs.add(() => this.#reload());
  }

  /** Cuts what a failed write left behind and learns anew what the files hold. */
  *#reload(): Task<void> {
    const body = this.#body;
    if (!this.#reloadDue || this.#state !== 'read-only') return;
    yield* waitFor((done) => body.writer.stop(done));
    const loaded = yield* loadUpTo(body, body.logEndOffset);
    if (loaded.damage !== '') {
      this.#damage(loaded.damage);
      return;
    }
    this.#reloadDue = loaded.unsaved;
    adopt(body, loaded);
  }
}
