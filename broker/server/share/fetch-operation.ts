import { assert } from '../../core/base/assert.ts';
import { ErrorCode } from '../../core/protocol/errors.ts';
import { type AcquiredRange, AcquireMode } from '../../core/share/acquisition.ts';
import type { TimerHandle, Timers } from '../../ports/clock.ts';
import type { ReadOptions, ReadOutcome } from '../partitions/partition.ts';
import { readInOrder } from '../partitions/reads-in-order.ts';
import type { SharePartitionHost, ShareWaiter } from './partition-host.ts';
import { indexBatches, sliceBatches, wholeWithin } from './read-batches.ts';

/** One share-partition that a fetch asks for, and what came of it. */
export interface ShareFetchEntry {
  readonly topicId: string;
  readonly partition: number;
  /** Null when it is not served here: `errorCode` says why. */
  readonly host: SharePartitionHost | null;
  errorCode: number;
  /** Whole record batches around the acquired records. */
  chunks: readonly Uint8Array[];
  acquired: readonly AcquiredRange[];
}

/** A share fetch to carry out; sizes in bytes. */
export interface ShareFetchOptions {
  readonly timers: Timers;
  readonly memberId: string;
  /** In the order in which they are served. */
  readonly entries: readonly ShareFetchEntry[];
  readonly mode: AcquireMode;
  readonly isolationLevel: 0 | 1;
  readonly recordsMax: number;
  readonly batchSize: number;
  readonly minBytes: number;
  readonly maxBytes: number;
  readonly maxWaitMs: number;
  /** Members of the group that fetch the share-partition from this node, this one included. */
  readonly memberCount: (entry: ShareFetchEntry) => number;
  /** Whether the session still stands: nothing is handed to a member that is gone. */
  readonly isLive: () => boolean;
  /** Called once. */
  readonly done: () => void;
}

/** A candidate's turn: next, or before those ahead of it are taken. */
interface Turn {
  readonly candidateCount: number;
  readonly isNext: boolean;
}

/** What reading one candidate came to. */
interface CandidateRead {
  readonly entry: ShareFetchEntry;
  readonly host: SharePartitionHost;
  readonly options: ReadOptions;
  readonly recordsExpected: number;
  readonly outcome: ReadOutcome;
}

/** Reads smaller than this are not worth it, in bytes. */
const READ_MIN_BYTES = 64 * 1024;

/**
 * A share fetch: acquires what is there, else waits until share-partitions have something (they wake it: nothing polls)
 * or its time is over. Share-partitions are read a few at a time, each under its fetch lock.
 */
export class ShareFetchOperation implements ShareWaiter {
  readonly #options: ShareFetchOptions;
  #timer: TimerHandle | null = null;
  #watching = false;
  #reading = false;
  #again = false;
  #last = false;
  #finished = false;
  #takenCount = 0;
  #readBytes = 0;
  /** Records that the reads under way may bring. */
  #expectedCount = 0;

  constructor(options: ShareFetchOptions) {
    this.#options = options;
  }

  /** Begins; may finish in the same call. */
  start(): void {
    const { maxWaitMs, recordsMax, timers } = this.#options;
    if (maxWaitMs > 0 && recordsMax > 0) {
      this.#timer = timers.after(maxWaitMs, () => {
        this.#last = true;
        this.#attempt();
      });
    } else {
      this.#last = true;
    }
    this.#attempt();
  }

  /** A share-partition stirred. */
  wake(): void {
    this.#attempt();
  }

  /** Finishes with what it has; the session ended. */
  cancel(): void {
    this.#last = true;
    if (!this.#reading) this.#finish();
  }

  #attempt(): void {
    if (this.#finished) return;
    if (this.#reading) {
      this.#again = true;
      return;
    }
    const { entries, isolationLevel, minBytes } = this.#options;
    const candidates: ShareFetchEntry[] = [];
    let bytes = 0;
    let failed = false;
    for (const entry of entries) {
      if (entry.host !== null && entry.errorCode === ErrorCode.NONE) entry.errorCode = entry.host.errorCode;
      failed ||= entry.errorCode !== ErrorCode.NONE;
      const available = entry.errorCode === ErrorCode.NONE ? (entry.host?.availableBytes(isolationLevel) ?? 0) : 0;
      if (available === 0) continue;
      candidates.push(entry);
      bytes += available;
    }
    if (failed) this.#last = true;
    const enough = bytes >= Math.max(1, minBytes);
    if (this.#options.recordsMax > 0 && candidates.length > 0 && (enough || this.#last)) this.#read(candidates);
    else if (this.#last) this.#finish();
    else this.#watch();
  }

  #watch(): void {
    if (this.#watching) return;
    this.#watching = true;
    for (const { host } of this.#options.entries) host?.watch(this);
  }

  #finish(): void {
    if (this.#finished) return;
    this.#finished = true;
    this.#timer?.cancel();
    if (this.#watching) for (const { host } of this.#options.entries) host?.unwatch(this);
    this.#options.done();
  }

  #read(candidates: readonly ShareFetchEntry[]): void {
    this.#reading = true;
    readInOrder<CandidateRead | null>({
      count: candidates.length,
      begin: (index, isNext, onRead) => {
        const entry = candidates[index];
        assert(entry !== undefined, 'reads are of the candidates');
        return this.#begin(entry, { candidateCount: candidates.length, isNext }, onRead);
      },
      take: (read, wasNext) => read === null || this.#takeRead(read, wasNext),
      end: () => this.#endRound(),
    });
  }

  /** Reads one candidate under its fetch lock, unless it has nothing or enough is taken; before its turn only what may be wanted. */
  #begin(entry: ShareFetchEntry, turn: Turn, onRead: (read: CandidateRead | null) => void): boolean {
    const { host } = entry;
    const fetchOffset = host === null || this.#isFull() ? -1 : host.fetchOffset();
    if (!turn.isNext && this.#takenCount + this.#expectedCount >= this.#options.recordsMax) return false;
    if (host === null || fetchOffset < 0 || !host.lockFetch()) {
      onRead(null);
      return true;
    }
    const recordsMax = this.#recordsMaxOf(entry, host);
    const recordsExpected = Math.min(host.partition.highWatermark - fetchOffset, recordsMax);
    this.#expectedCount += recordsExpected;
    const options = this.#readOptions(host, fetchOffset, recordsMax, turn);
    host.partition.read(options, (outcome) => onRead({ entry, host, options, recordsExpected, outcome }));
    return true;
  }

  #takeRead({ entry, host, options, recordsExpected, outcome }: CandidateRead, wasNext: boolean): boolean {
    this.#expectedCount -= recordsExpected;
    const isFull = this.#isFull();
    const isFitting = wasNext || isFull || this.#isFitting(outcome.sizeInBytes);
    if (isFitting && !isFull) this.#take(entry, host, options, outcome);
    host.unlockFetch();
    return isFitting;
  }

  /** Whether a read before its turn gave what one in its turn would: no more than has room, and the first one a batch. */
  #isFitting(sizeInBytes: number): boolean {
    return sizeInBytes === 0 ? this.#readBytes > 0 : sizeInBytes <= this.#options.maxBytes - this.#readBytes;
  }

  /** Most records to take of a candidate now; `bounds` of the batches that were read from `fetchOffset` on, if they are known. */
  #recordsMaxOf(
    entry: ShareFetchEntry,
    host: SharePartitionHost,
    bounds: readonly number[] = [],
    fetchOffset = 0,
  ): number {
    const { recordsMax, isolationLevel, memberCount, mode } = this.#options;
    const wanted = Math.min(recordsMax - this.#takenCount, host.partFor(this, isolationLevel));
    const lockPart = host.lockPart(memberCount(entry));
    const isWhole = mode === AcquireMode.batchOptimized && bounds.length > 0;
    return Math.min(wanted, isWhole ? wholeWithin(bounds, fetchOffset, lockPart) : lockPart);
  }

  /** A fair part of the bytes for each candidate, and no more than the records wanted are likely to need. */
  #readOptions(host: SharePartitionHost, fetchOffset: number, recordsMax: number, turn: Turn): ReadOptions {
    const { maxBytes, isolationLevel } = this.#options;
    const { candidateCount, isNext } = turn;
    const part = Math.max(Math.floor(maxBytes / candidateCount), 1);
    const likely = host.bytesFor(2 * recordsMax);
    const wanted = likely === 0 ? part : Math.min(part, Math.max(likely, READ_MIN_BYTES));
    return {
      fetchOffset,
      maxBytes: Math.max(0, Math.min(wanted, maxBytes - this.#readBytes)),
      minOneBatch: isNext && this.#readBytes === 0,
      isolationLevel,
      currentLeaderEpoch: -1,
    };
  }

  #isFull(): boolean {
    const { recordsMax, maxBytes, isLive } = this.#options;
    return this.#takenCount >= recordsMax || (this.#readBytes > 0 && this.#readBytes >= maxBytes) || !isLive();
  }

  #take(entry: ShareFetchEntry, host: SharePartitionHost, options: ReadOptions, outcome: ReadOutcome): void {
    const { memberId, mode, batchSize, isLive } = this.#options;
    const { fetchOffset } = options;
    // Below the log start the next attempt begins further on; beyond its end there is nothing yet.
    if (outcome.errorCode === ErrorCode.OFFSET_OUT_OF_RANGE) return;
    if (outcome.errorCode !== ErrorCode.NONE) {
      entry.errorCode = outcome.errorCode;
      return;
    }
    host.noteRead(options, outcome);
    if (outcome.sizeInBytes === 0 || !isLive()) return;
    const batches = indexBatches(outcome.chunks, outcome.abortedTransactions);
    const { bounds, withheld } = batches;
    const recordsMax = this.#recordsMaxOf(entry, host, bounds, fetchOffset);
    const acquired = host.acquire({ memberId, mode, recordsMax, batchSize, fetchOffset, bounds, withheld });
    const first = acquired[0];
    const last = acquired[acquired.length - 1];
    if (first === undefined || last === undefined) {
      // There was only what nobody gets: what lies behind it may be taken at once.
      this.#again ||= withheld.length > 0 && host.fetchOffset() > fetchOffset;
      return;
    }
    entry.acquired = acquired;
    entry.chunks = sliceBatches(outcome.chunks, batches, first.start, last.end);
    for (const range of acquired) this.#takenCount += range.end - range.start;
    for (const chunk of entry.chunks) this.#readBytes += chunk.length;
  }

  #endRound(): void {
    this.#reading = false;
    const failed = this.#options.entries.some((entry) => entry.errorCode !== ErrorCode.NONE);
    if (this.#takenCount > 0 || this.#last || failed || !this.#options.isLive()) {
      this.#finish();
      return;
    }
    this.#watch();
    if (!this.#again) return;
    this.#again = false;
    this.#attempt();
  }
}
