import type { PlantedLogBugs } from '../../core/log/planted-bugs.ts';
import type { Crc32c } from '../../core/base/checksum.ts';
import type { Clock, Timers } from '../../ports/clock.ts';
import type { Compression } from '../../ports/compression.ts';
import type { Disk, DiskFailure } from '../../ports/disk.ts';
import type { Log } from '../../ports/log.ts';
import type { Permits } from '../permits.ts';
import type { ColdCache } from './cold-cache.ts';
import type { FileCache } from './file-cache.ts';
import type { IndexCache } from './index-cache.ts';
import type { Journal } from './journal.ts';
import type { LogWriter } from './log-writer.ts';
import type { TailCache } from './tail-cache.ts';

/** What all logs of a node share. */
export interface LogContext {
  readonly disk: Disk;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly crc32c: Crc32c;
  readonly compression: Compression;
  /** Whoever looks into a compressed batch holds one, so that few are held decompressed. */
  readonly inspections: Permits;
  /** Upkeep of a log needs one while it runs, so that few small files are open at once. */
  readonly upkeep: Permits;
  /** Syncs for many logs at once. */
  readonly journal: Journal;
  /** Writers with something that is not synced in its segments yet: what a checkpoint has to sync. */
  readonly unsynced: Set<LogWriter>;
  readonly log: Log;
  readonly files: FileCache;
  readonly indexes: IndexCache;
  readonly tails: TailCache;
  readonly cold: ColdCache;
  readonly counters: LogCounters;
  /** What a test broke on purpose. */
  readonly bugs: PlantedLogBugs;
  /** Appended bytes of a log between two producer snapshots. */
  readonly snapshotIntervalBytes: number;
  /** False: the wall clock does not tell how old records are (F6). */
  readonly isClockTrusted: () => boolean;
  /** Ends the process: what the disk holds is not known any more (D11). */
  readonly onFatal: (failure: DiskFailure) => void;
  /** A log was found damaged: the manifest is to say so. */
  readonly damaged: (log: string) => void;
  /** Writes the node's checkpoints; `done` after they are synced. Calls that wait share one round. */
  readonly checkpoint: (done: () => void) => void;
  /** Whether a checkpoint says, or is about to say, that the log of a directory's name reaches beyond an offset. */
  readonly vouchesBeyond: (name: string, offset: number) => boolean;
}

/** Plain numbers for the metrics page. */
export interface LogCounters {
  appendedBytes: number;
  cacheReads: number;
  coldReads: number;
  /** Reads that the system refused. */
  readErrors: number;
  /** What the start did: milliseconds, and bytes read from the data directory. */
  recoveryMs: number;
  recoveryReadBytes: number;
  /** Reads of older records that were in memory already. */
  aheadReads: number;
  /** Pieces read before anybody asked. */
  readsAhead: number;
  /** Indexes that were found wrong and made anew. */
  indexesRebuilt: number;
  /** Syncs of the journal, what of logs they made durable, and the bytes written for it. */
  journalRounds: number;
  journalWrites: number;
  journalBytes: number;
  /** Bytes of segments that the start wrote again from the journal. */
  journalReplayedBytes: number;
}

/** Counters of a node that did nothing yet. */
export function newCounters(): LogCounters {
  return {
    appendedBytes: 0,
    cacheReads: 0,
    coldReads: 0,
    readErrors: 0,
    recoveryMs: 0,
    recoveryReadBytes: 0,
    aheadReads: 0,
    readsAhead: 0,
    indexesRebuilt: 0,
    journalRounds: 0,
    journalWrites: 0,
    journalBytes: 0,
    journalReplayedBytes: 0,
  };
}
