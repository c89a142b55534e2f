import type { CleanerConfig } from '../../core/log/cleaner-config.ts';
import type { HashSecret } from '../../core/log/key-hash.ts';
import type { CleanerBugs } from '../../core/log/planted-bugs.ts';
import type { CompressionCodec, DecompressFault } from '../../ports/compression.ts';
import type { DiskDone } from '../../ports/disk.ts';
import { step, type Task } from '../task.ts';
import { type CleanerPace, WORK_PER_LOOK } from './cleaner-pace.ts';
import type { LogBody } from './log-body.ts';

/** One cleaning of one log, and what it counts. */
export interface CleanerJob {
  readonly body: LogBody;
  readonly config: CleanerConfig;
  readonly pace: CleanerPace;
  readonly secret: HashSecret;
  readonly bugs: CleanerBugs;
  readonly counts: CleanCounts;
  /** '' or why the cleaning is to end: the log went, or the node stops. */
  readonly interrupted: () => string;
}

/** What a cleaning did. */
export interface CleanCounts {
  bytesRead: number;
  bytesWritten: number;
  messagesRead: number;
  /** Batches that could not be looked into. */
  unseenCount: number;
  /** Bytes of the segments before and after. */
  bytesBefore: number;
  bytesAfter: number;
  /** Largest part of an offset map that was used, in [0, 1]. */
  mapUtilization: number;
}

/** Counts of a cleaning that begins. */
export function newCounts(): CleanCounts {
  return {
    bytesRead: 0,
    bytesWritten: 0,
    messagesRead: 0,
    unseenCount: 0,
    bytesBefore: 0,
    bytesAfter: 0,
    mapUtilization: 0,
  };
}

/**
 * Why a cleaning ended early. `damaged`: bytes are not what was written, the log is not cleaned any more. `interrupted`:
 * the log went or changed under it, or the node stops: nothing is wrong. `no-room`: what is left on the disk is for appends.
 */
type EndCode = 'damaged' | 'interrupted' | 'no-room';

/** The end of a cleaning before its time; `message` says why. */
export class CleaningEnded extends Error {
  readonly code: EndCode;
  constructor(code: EndCode, reason: string) {
    super(reason);
    this.code = code;
  }
}

/** True for what `CleaningEnded` says; by shape, since `instanceof` lies across realms. */
export function isCleaningEnded(error: unknown): error is CleaningEnded {
  if (!(error instanceof Error) && (typeof error !== 'object' || error === null)) return false;
  return 'code' in error && (error.code === 'damaged' || error.code === 'interrupted' || error.code === 'no-room');
}

/**
 * Most that the records of one batch may inflate to, bytes. A topic that was not compacted when it was written may hold
 * larger ones.
 */
const PAYLOAD_SIZE_MAX = 256 * 1024 * 1024;

/** An operation that gives something to be given back: a file. The turn ends with it. */
export function* perform<T>(job: CleanerJob, start: (done: DiskDone<T>) => void): Task<T> {
  job.pace.suspend();
  try {
    return yield* step<T>(start);
  } finally {
    job.pace.resume();
  }
}

/** Any other operation of the disk or a codec: a cleaning that is to end does so after it. */
export function* operate<T>(job: CleanerJob, start: (done: DiskDone<T>) => void): Task<T> {
  const result = yield* perform<T>(job, start);
  checkInterrupted(job);
  return result;
}

/** Throws when the cleaning is to end. */
export function checkInterrupted(job: CleanerJob): void {
  const reason = job.interrupted();
  if (reason !== '') throw new CleaningEnded('interrupted', reason);
}

/** Lets others have the loop when this turn is used up. */
export function* breathe(job: CleanerJob): Task<void> {
  if (!job.pace.isUsedUp) return;
  yield* job.pace.breathe();
  checkInterrupted(job);
}

/** CRC-32C of `bytes[start, end)`, piece by piece. */
export function* checksum(job: CleanerJob, bytes: Uint8Array, start: number, end: number): Task<number> {
  const { crc32c } = job.body.context;
  let crc = 0;
  for (let at = start; at < end; at += WORK_PER_LOOK.bytes) {
    crc = crc32c(bytes, at, Math.min(end, at + WORK_PER_LOOK.bytes), crc);
    yield* breathe(job);
  }
  return crc;
}

/** The plain records of a compressed batch, off the loop. */
export function* inflate(job: CleanerJob, codec: number, bytes: Uint8Array): Task<Uint8Array | DecompressFault> {
  const { compression } = job.body.context;
  return yield* operate<Uint8Array | DecompressFault>(job, (done) =>
    // Attributes that passed validation name one of the five codecs; another gives null.
    compression.decompress(codec as CompressionCodec, bytes, PAYLOAD_SIZE_MAX, (plain) => done(null, plain)),
  );
}

/** Compresses records, off the loop. */
export function* deflate(job: CleanerJob, codec: number, bytes: Uint8Array): Task<Uint8Array> {
  const { compression } = job.body.context;
  return yield* operate<Uint8Array>(job, (done) =>
    compression.compress(codec as CompressionCodec, bytes, (compressed) => done(null, compressed)),
  );
}
