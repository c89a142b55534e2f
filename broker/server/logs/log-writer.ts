import type { Buffer } from 'node:buffer';
import { assert } from '../../core/base/assert.ts';
import type { LogConfig } from '../../core/log/config.ts';
import type { TimerHandle } from '../../ports/clock.ts';
import type { DiskFailure } from '../../ports/disk.ts';
import type { FileLease } from './file-cache.ts';
import { isDiskFull } from '../disk-failure.ts';
import type { LogContext } from './log-context.ts';
import type { Segment } from './segment.ts';

/** Chunks of one vectored write: the system takes 1,024 at once. */
const WRITE_CHUNKS_MAX = 1024;
const WRITE_BYTES_MAX = 8 * 1024 * 1024;
/** A `flush.ms` beyond this has no timer: the checkpoint syncs long before. */
const FLUSH_TIMER_MAX_MS = 86_400_000;

interface Pending {
  readonly segment: Segment;
  readonly bytes: Buffer;
  readonly endOffset: number;
}

/** What the writer tells its log. */
export interface WriterHost {
  readonly context: LogContext;
  readonly directory: string;
  /** When a sync follows a write round that nobody waits for: always, or after so many offsets or ms. */
  readonly syncRules: () => Pick<LogConfig, 'syncMode' | 'flushMessages' | 'flushMs'>;
  readonly onProgress: () => void;
  /** The disk is full: what was queued is dropped, nothing is written until `reset`. */
  readonly onFull: (failure: DiskFailure) => void;
}

/**
 * Writes what a log accepted: one vectored write under way at a time with all that is queued (B6), and group commit: one
 * round of syncs makes everything durable that was written when it was issued (D1), while writes go on.
 */
export class LogWriter {
  readonly #host: WriterHost;
  #queue: Pending[] = [];
  #queueStart = 0;
  #pendingBytes = 0;
  #writtenOffset: number;
  #durableOffset: number;
  #writing = false;
  /** The file of the write under way: a sync that ends meanwhile does not give it back. */
  #writingLease: FileLease | null = null;
  #syncing = false;
  #stopped = false;
  #atRest: (() => void)[] = [];
  /** Segments with writes that no issued sync covers; their files stay open. */
  readonly #dirty = new Map<Segment, FileLease>();
  /** Files were created or removed since the last issued directory sync. */
  #directoryDirty = false;
  #waiters: { readonly offset: number; readonly durable: boolean; readonly done: () => void }[] = [];
  #writeSinceMs = -1;
  #syncSinceMs = -1;
  /** Runs while a `lazy` log has something unsynced and its `flush.ms` is not over. */
  #flushTimer: TimerHandle | null = null;
  #flushDue = false;

  constructor(host: WriterHost, endOffset: number) {
    this.#host = host;
    this.#writtenOffset = endOffset;
    this.#durableOffset = endOffset;
  }

  get writtenOffset(): number {
    return this.#writtenOffset;
  }

  get durableOffset(): number {
    return this.#durableOffset;
  }

  get pendingBytes(): number {
    return this.#pendingBytes;
  }

  /** Monotonic start of the oldest unfinished write or sync; −1 when there is none. */
  get unfinishedSinceMs(): number {
    if (this.#writeSinceMs < 0) return this.#syncSinceMs;
    return this.#syncSinceMs < 0 ? this.#writeSinceMs : Math.min(this.#writeSinceMs, this.#syncSinceMs);
  }

  /** Queues bytes for the end of `segment`. */
  enqueue(segment: Segment, bytes: Buffer, endOffset: number): void {
    assert(!this.#stopped, 'nothing is appended to a stopped log');
    this.#queue.push({ segment, bytes, endOffset });
    this.#host.context.unsynced.add(this);
    this.#pendingBytes += bytes.length;
    this.#pump();
  }

  /**
   * Calls `done` once everything below `offset` is written, or durable; the latter asks for a sync. A stopped writer
   * calls it at once: whoever waits looks at the log's state.
   */
  waitFor(offset: number, options: { readonly durable: boolean }, done: () => void): void {
    const reached = options.durable ? this.#durableOffset : this.#writtenOffset;
    if (reached >= offset || this.#stopped) {
      done();
      return;
    }
    this.#waiters.push({ offset, durable: options.durable, done });
    this.#sync();
  }

  /** Makes everything durable that was queued by now; `done` at once when the writer is stopped. */
  flush(done: () => void): void {
    this.waitFor(this.#queue.at(-1)?.endOffset ?? this.#writtenOffset, { durable: true }, done);
  }

  /** An entry of the directory changed: the next sync round covers it. */
  markDirectory(): void {
    this.#directoryDirty = true;
  }

  /** Begins again after the log was cut or reloaded: everything up to `endOffset` is written and durable. */
  reset(endOffset: number): void {
    assert(!this.#writing && !this.#syncing, 'a log is reset at rest only');
    this.#dropQueue();
    this.#releaseAll();
    this.#stopped = false;
    this.#writtenOffset = endOffset;
    this.#durableOffset = endOffset;
    this.#settle();
    this.#rested();
  }

  /** Takes nothing any more, what is queued is dropped; `done` when what is under way has ended. */
  stop(done: () => void): void {
    this.#halt();
    this.#whenAtRest(() => {
      this.#releaseAll();
      this.#host.context.unsynced.delete(this);
      done();
    });
  }

  #halt(): void {
    this.#stopped = true;
    this.#stopFlushTimer();
    this.#dropQueue();
    for (const waiter of this.#waiters.splice(0)) waiter.done();
  }

  #whenAtRest(done: () => void): void {
    if (!this.#writing && !this.#syncing) done();
    else this.#atRest.push(done);
  }

  #rested(): void {
    const isSynced = this.#durableOffset >= this.#writtenOffset && this.#queueStart === this.#queue.length;
    if (isSynced && !this.#writing && !this.#syncing) this.#host.context.unsynced.delete(this);
    if (this.#writing || this.#syncing || this.#atRest.length === 0) return;
    for (const done of this.#atRest.splice(0)) done();
  }

  #dropQueue(): void {
    this.#queue = [];
    this.#queueStart = 0;
    this.#pendingBytes = 0;
  }

  #pump(): void {
    const first = this.#queue[this.#queueStart];
    if (this.#writing || this.#stopped || first === undefined) return;
    this.#writing = true;
    this.#writeSinceMs = this.#host.context.clock.monotonicMs();
    const { segment } = first;
    const held = this.#dirty.get(segment);
    if (held !== undefined) {
      this.#write(segment, held);
      return;
    }
    this.#host.context.files.acquire(segment.path('log'), { create: !segment.exists }, (failure, lease) => {
      if (lease === undefined) {
        this.#failed(failure);
        return;
      }
      if (!segment.exists) this.#directoryDirty = true;
      segment.exists = true;
      this.#dirty.set(segment, lease);
      this.#write(segment, lease);
    });
  }

  #write(segment: Segment, lease: FileLease): void {
    const chunks: Buffer[] = [];
    let bytes = 0;
    let endOffset = this.#writtenOffset;
    let next = this.#queueStart;
    for (; next < this.#queue.length; next++) {
      const pending = this.#queue[next];
      if (pending === undefined || pending.segment !== segment) break;
      if (chunks.length === WRITE_CHUNKS_MAX || (bytes > 0 && bytes + pending.bytes.length > WRITE_BYTES_MAX)) break;
      chunks.push(pending.bytes);
      bytes += pending.bytes.length;
      endOffset = pending.endOffset;
    }
    this.#queueStart = next;
    this.#writingLease = lease;
    lease.file.write(segment.writtenBytes, chunks, (failure) => {
      this.#writingLease = null;
      // A sync that was issued meanwhile does not cover this write (D1): the segment is dirty again, also with what a write
      // that failed left there, and a sync that has ended did not give the file back.
      this.#dirty.set(segment, lease);
      if (failure !== null) {
        this.#failed(failure);
        return;
      }
      segment.writtenBytes += bytes;
      this.#pendingBytes = Math.max(0, this.#pendingBytes - bytes);
      this.#writtenOffset = endOffset;
      this.#writing = false;
      this.#writeSinceMs = -1;
      this.#compact();
      this.#pump();
      this.#sync();
      this.#settle();
      this.#host.onProgress();
      this.#rested();
    });
  }

  #compact(): void {
    if (this.#queueStart === this.#queue.length) {
      this.#queue = [];
      this.#queueStart = 0;
    } else if (this.#queueStart > 1024) {
      this.#queue = this.#queue.slice(this.#queueStart);
      this.#queueStart = 0;
    }
  }

  #failed(failure: DiskFailure | null): void {
    this.#writing = false;
    this.#writeSinceMs = -1;
    if (failure === null || this.#stopped) {
      this.#rested();
      return;
    }
    if (!isDiskFull(failure)) {
      this.#host.context.onFatal(failure);
      return;
    }
    this.#halt();
    this.#host.onFull(failure);
    this.#rested();
  }

  #syncWanted(): boolean {
    if (this.#durableOffset >= this.#writtenOffset) return false;
    const { syncMode, flushMessages } = this.#host.syncRules();
    if (syncMode === 'always' || this.#flushDue || this.#writtenOffset - this.#durableOffset >= flushMessages)
      return true;
    return this.#waiters.some((waiter) => waiter.durable);
  }

  /** What stays unsynced now is synced after `flush.ms` at the latest. */
  #armFlushTimer(): void {
    if (this.#flushTimer !== null || this.#stopped || this.#durableOffset >= this.#writtenOffset) return;
    const { flushMs } = this.#host.syncRules();
    if (this.#syncing || flushMs > FLUSH_TIMER_MAX_MS) return;
    this.#flushTimer = this.#host.context.timers.after(flushMs, () => {
      this.#flushTimer = null;
      if (this.#stopped) return;
      this.#flushDue = true;
      this.#sync();
    });
  }

  #stopFlushTimer(): void {
    this.#flushTimer?.cancel();
    this.#flushTimer = null;
    this.#flushDue = false;
  }

  #sync(): void {
    if (this.#syncing || !this.#syncWanted()) {
      this.#armFlushTimer();
      return;
    }
    this.#stopFlushTimer();
    this.#syncing = true;
    this.#syncSinceMs = this.#host.context.clock.monotonicMs();
    const target = this.#writtenOffset;
    const leases = this.#takeCoveredLeases();
    const directory = this.#directoryDirty;
    this.#directoryDirty = false;
    let left = leases.length + (directory ? 1 : 0);
    const finished = (failure: DiskFailure | null): void => {
      if (failure !== null) {
        // Never retried: the kernel may have dropped the pages (D11).
        this.#host.context.onFatal(failure);
        return;
      }
      left -= 1;
      if (left === 0) this.#synced(target, leases);
    };
    for (const lease of leases) lease.file.sync(finished);
    if (directory) this.#host.context.disk.syncDirectory(this.#host.directory, finished);
    assert(left > 0, 'what is written and not durable has a dirty file');
  }

  #takeCoveredLeases(): FileLease[] {
    const leases = [...this.#dirty.values()];
    this.#dirty.clear();
    return leases;
  }

  #synced(target: number, leases: readonly FileLease[]): void {
    this.#durableOffset = Math.max(this.#durableOffset, target);
    this.#syncing = false;
    this.#syncSinceMs = -1;
    const stillUsed = new Set(this.#dirty.values());
    for (const lease of leases) if (!stillUsed.has(lease) && lease !== this.#writingLease) lease.release();
    this.#sync();
    this.#settle();
    this.#host.onProgress();
    this.#rested();
  }

  #settle(): void {
    if (this.#waiters.length === 0) return;
    const reached = this.#waiters.filter((waiter) => this.#isReached(waiter));
    if (reached.length === 0) return;
    this.#waiters = this.#waiters.filter((waiter) => !reached.includes(waiter));
    for (const waiter of reached) waiter.done();
  }

  #isReached(waiter: { readonly offset: number; readonly durable: boolean }): boolean {
    return (waiter.durable ? this.#durableOffset : this.#writtenOffset) >= waiter.offset;
  }

  #releaseAll(): void {
    for (const lease of this.#dirty.values()) lease.release();
    this.#dirty.clear();
  }
}
