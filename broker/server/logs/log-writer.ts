import type { Buffer } from 'node:buffer';
import { assert } from '../../core/base/assert.ts';
import type { LogConfig } from '../../core/log/config.ts';
import type { TimerHandle } from '../../ports/clock.ts';
import type { DiskFailure } from '../../ports/disk.ts';
import type { JournalLog, JournalWrite } from '../../core/log/journal.ts';
import type { FileLease } from './file-cache.ts';
import type { FlushedPart } from './flush-all.ts';
import type { JournalClient } from './journal.ts';
import { isDiskFull } from '../disk-failure.ts';
import type { LogContext } from './log-context.ts';
import type { Segment } from './segment.ts';

/** Chunks of one vectored write: the system takes 1,024 at once. */
const WRITE_CHUNKS_MAX = 1024;
const WRITE_BYTES_MAX = 8 * 1024 * 1024;
/** A `flush.ms` beyond this has no timer: the checkpoint syncs long before. */
const FLUSH_TIMER_MAX_MS = 86_400_000;

/**
 * How far something has come: `written` is in the page cache, `durable` outlives the machine, in the segments or in the
 * journal, `synced` does so in the segments.
 */
export type WriteLevel = 'written' | 'durable' | 'synced';

interface Pending {
  readonly segment: Segment;
  readonly bytes: Buffer;
  readonly endOffset: number;
}

/** What the writer tells its log. */
export interface WriterHost {
  readonly context: LogContext;
  readonly log: JournalLog;
  readonly directory: string;
  /** When a sync follows a write round that nobody waits for: always, or after so many offsets or ms. */
  readonly syncRules: () => Pick<LogConfig, 'syncMode' | 'flushMessages' | 'flushMs'>;
  readonly onProgress: () => void;
  /** The disk is full: what was queued is dropped, nothing is written until `reset`. */
  readonly onFull: (failure: DiskFailure) => void;
}

/**
 * Writes what a log accepted: one vectored write under way at a time with all that is queued (B6), and group commit: one
 * round of syncs makes everything durable that was written when it was issued (D1), while writes go on. While many logs are
 * synced at once the journal does it for all of them (D10), and the segments are synced later.
 */
export class LogWriter implements JournalClient {
  readonly #host: WriterHost;
  #queue: Pending[] = [];
  #queueStart = 0;
  #pendingBytes = 0;
  #writtenOffset: number;
  #durableOffset: number;
  #syncedOffset: number;
  /** What was written since the last sync began, for the journal, as far as it is worth that. */
  #journalable: JournalWrite[] = [];
  #journalableBytes = 0;
  /** What is written from here on is journalable. */
  #journalableFrom: number;
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
  #waiters: { readonly offset: number; readonly level: WriteLevel; readonly done: () => void }[] = [];
  #writeSinceMs = -1;
  #syncSinceMs = -1;
  /** Runs while a `lazy` log has something unsynced and its `flush.ms` is not over. */
  #flushTimer: TimerHandle | null = null;
  #flushDue = false;

  constructor(host: WriterHost, endOffset: number) {
    this.#host = host;
    this.#writtenOffset = endOffset;
    this.#durableOffset = endOffset;
    this.#syncedOffset = endOffset;
    this.#journalableFrom = endOffset;
  }

  get log(): JournalLog {
    return this.#host.log;
  }

  get writtenOffset(): number {
    return this.#writtenOffset;
  }

  get durableOffset(): number {
    return this.#durableOffset;
  }

  get syncedOffset(): number {
    return this.#syncedOffset;
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
   * Calls `done` once everything below `offset` has come so far; all but `written` asks for a sync. A stopped writer
   * calls it at once: whoever waits looks at the log's state.
   */
  waitFor(offset: number, level: WriteLevel, done: () => void): void {
    if (this.#reached(level) >= offset || this.#stopped) {
      done();
      return;
    }
    this.#waiters.push({ offset, level, done });
    this.#sync();
  }

  /** Syncs in the segments what was queued or written by now, and gives the files back; a stopped writer does that, too. */
  flush(done: () => void, what: FlushedPart = 'queued'): void {
    const queued = what === 'queued' ? this.#queue.at(-1) : undefined;
    if (this.#stopped) this.stop(done);
    else this.waitFor(queued?.endOffset ?? this.#writtenOffset, 'synced', done);
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
    this.#syncedOffset = endOffset;
    this.#dropJournalable(endOffset);
    this.#host.context.journal.settled(this);
    this.#settle();
    this.#rested();
  }

  /**
   * Takes nothing any more, what is queued is dropped; `done` when what is under way has ended. What only the journal holds
   * is synced in the segments before: nobody would do it later.
   */
  stop(done: () => void): void {
    this.#halt();
    this.#whenAtRest(() => {
      if (this.#syncedOffset < this.#durableOffset) {
        // Somebody else who stops it may have begun.
        if (!this.#syncing) this.#syncFiles();
        this.stop(done);
        return;
      }
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
    const isSynced = this.#syncedOffset >= this.#writtenOffset && this.#queueStart === this.#queue.length;
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
      this.#keepForJournal(segment, chunks, bytes, endOffset);
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

  /** Keeps what was just written, as it lies in the segment. A `lazy` log has too much of it between two syncs. */
  #keepForJournal(segment: Segment, chunks: readonly Buffer[], sizeInBytes: number, endOffset: number): void {
    this.#journalableBytes += sizeInBytes;
    if (this.#host.syncRules().syncMode !== 'always' || this.#journalableBytes > this.#host.context.journal.bytesMax) {
      this.#dropJournalable(endOffset);
      return;
    }
    const { baseOffset: segmentBase, writtenBytes: position } = segment;
    this.#journalable.push({ kind: 'write', log: this.log, segmentBase, position, endOffset, chunks, sizeInBytes });
  }

  /** From `offset` on, which is written, what comes is journalable. */
  #dropJournalable(offset: number): void {
    this.#journalable = [];
    this.#journalableBytes = 0;
    this.#journalableFrom = offset;
  }

  /** What kind of sync is wanted now; null for none. */
  #syncWanted(): 'durable' | 'synced' | null {
    if (this.#syncedOffset >= this.#writtenOffset) return null;
    if (this.#waiters.some((waiter) => waiter.level === 'synced')) return 'synced';
    if (this.#durableOffset >= this.#writtenOffset) return null;
    const { syncMode, flushMessages } = this.#host.syncRules();
    const isDue = this.#flushDue || this.#writtenOffset - this.#durableOffset >= flushMessages;
    return isDue || syncMode === 'always' || this.#waiters.some(({ level }) => level === 'durable') ? 'durable' : null;
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
    const wanted = this.#syncing ? null : this.#syncWanted();
    if (wanted === null) {
      this.#armFlushTimer();
      return;
    }
    this.#stopFlushTimer();
    const { journal } = this.#host.context;
    const isJournalable = wanted === 'durable' && this.#journalableFrom <= this.#durableOffset;
    if (isJournalable && journal.takes(this.#journalableBytes)) this.#syncInJournal();
    else this.#syncFiles();
  }

  #syncInJournal(): void {
    this.#beginSync();
    const target = this.#writtenOffset;
    const writes = this.#journalable;
    this.#dropJournalable(target);
    this.#host.context.journal.append(this, writes, (taken) => {
      if (taken) this.#durableUpTo(target);
      else this.#syncFiles();
    });
  }

  /** Syncs the segments and their directory: everything that is written now. */
  #syncFiles(): void {
    this.#beginSync();
    const { journal, disk, onFatal } = this.#host.context;
    const target = this.#writtenOffset;
    this.#dropJournalable(target);
    const leases = this.#takeCoveredLeases();
    const directory = this.#directoryDirty;
    this.#directoryDirty = false;
    let left = leases.length + (directory ? 1 : 0);
    journal.directStarted();
    const finished = (failure: DiskFailure | null): void => {
      if (failure !== null) {
        // Never retried: the kernel may have dropped the pages (D11).
        onFatal(failure);
        return;
      }
      left -= 1;
      if (left > 0) return;
      journal.directEnded();
      this.#syncedOffset = Math.max(this.#syncedOffset, target);
      const stillUsed = new Set(this.#dirty.values());
      for (const lease of leases) if (!stillUsed.has(lease) && lease !== this.#writingLease) lease.release();
      journal.settled(this);
      this.#durableUpTo(target);
    };
    for (const lease of leases) lease.file.sync(finished);
    if (directory) disk.syncDirectory(this.#host.directory, finished);
    assert(left > 0, 'what is written and not synced has a dirty file');
  }

  #beginSync(): void {
    this.#syncing = true;
    if (this.#syncSinceMs < 0) this.#syncSinceMs = this.#host.context.clock.monotonicMs();
  }

  #durableUpTo(target: number): void {
    this.#durableOffset = Math.max(this.#durableOffset, target);
    this.#syncing = false;
    this.#syncSinceMs = -1;
    this.#sync();
    this.#settle();
    this.#host.onProgress();
    this.#rested();
  }

  #takeCoveredLeases(): FileLease[] {
    const leases = [...this.#dirty.values()];
    this.#dirty.clear();
    return leases;
  }

  #settle(): void {
    if (this.#waiters.length === 0) return;
    const reached = this.#waiters.filter(({ level, offset }) => this.#reached(level) >= offset);
    if (reached.length === 0) return;
    this.#waiters = this.#waiters.filter((waiter) => !reached.includes(waiter));
    for (const waiter of reached) waiter.done();
  }

  #reached(level: WriteLevel): number {
    if (level === 'written') return this.#writtenOffset;
    return level === 'durable' ? this.#durableOffset : this.#syncedOffset;
  }

  #releaseAll(): void {
    for (const lease of this.#dirty.values()) lease.release();
    this.#dirty.clear();
  }
}
