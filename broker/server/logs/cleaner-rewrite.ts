import type { Buffer } from 'node:buffer';
import { assert } from '../../core/base/assert.ts';
import {
  allRecords,
  type BatchFate,
  type BatchFilter,
  emptyBatch,
  type KeptRecords,
  RecordCopy,
  RecordSieve,
  rewriteHeader,
} from '../../core/log/compaction-filter.ts';
import { CLEANED_SUFFIX } from '../../core/log/file-names.ts';
import * as batch from '../../core/record/batch.ts';
import type { DiskFile } from '../../ports/disk.ts';
import type { Task } from '../task.ts';
import { breathe, checksum, type CleanerJob, CleaningEnded, deflate, operate, perform } from './cleaner-job.ts';
import { WORK_PER_LOOK } from './cleaner-pace.ts';
import { BatchSource } from './cleaner-source.ts';
import { removeIfExists } from './disk-tasks.ts';
import type { FileLease } from './file-cache.ts';
import { flushIndexes } from './index-files.ts';
import type { LogContext } from './log-context.ts';
import { Segment } from './segment.ts';

const FILE_SIZE_MAX = 0x7fff_ffff;
const KINDS = ['log', 'index', 'timeindex'] as const;

/** A segment that was written anew: synced, and not in place yet. */
export interface Rewritten {
  readonly segment: Segment;
  /** False when it holds exactly what the old ones do. */
  readonly isChanged: boolean;
}

/** Writes what stays of a group of segments into one new segment, `.cleaned`, and syncs it with its indexes. */
export function* rewriteGroup(job: CleanerJob, filter: BatchFilter, group: readonly Segment[]): Task<Rewritten> {
  const first = group[0];
  assert(first !== undefined, 'a group has a segment');
  const { context, directory } = job.body;
  const segment = new Segment(directory, first.baseOffset, first.createdMs, CLEANED_SUFFIX);
  segment.isSparse = true;
  yield* removeRewritten(context, segment);
  yield* checkRoom(job, group);
  try {
    const isChanged = yield* writeGroup(job, filter, group, segment);
    return { segment, isChanged: isChanged || group.length > 1 };
  } catch (error) {
    // The room is needed, above all when there was none. A log that went has no directory; a start removes the rest.
    if (job.interrupted() === '') yield* removeRewritten(context, segment);
    throw error;
  }
}

/** What a group is rewritten to is beside it for a while: it must not take the room that appends are about to need. */
function* checkRoom(job: CleanerJob, group: readonly Segment[]): Task<void> {
  const { disk } = job.body.context;
  const needBytes = group.reduce((sum, segment) => sum + segment.sizeInBytes, 0);
  const { usableBytes } = yield* operate<{ readonly usableBytes: number }>(job, (done) =>
    disk.space(job.body.directory, done),
  );
  if (usableBytes < needBytes) {
    throw new CleaningEnded('no-room', `${needBytes} bytes are needed for a while, ${usableBytes} are free`);
  }
}

/** True when anything changed. */
function* writeGroup(job: CleanerJob, filter: BatchFilter, group: readonly Segment[], segment: Segment): Task<boolean> {
  const { context } = job.body;
  const last = group.at(-1);
  const file = yield* perform<DiskFile>(job, (done) => context.disk.open(segment.path('log'), { create: true }, done));
  const output = new GroupOutput(job, segment, file);
  try {
    for (const source of group) yield* rewriteSegment(job, filter, { source, output, isLastOfGroup: source === last });
    yield* output.flush();
    if (!job.bugs.has('swap-unsynced')) yield* operate<void>(job, (done) => file.sync(done));
  } finally {
    // The outcome is in the steps above; a failed close changes nothing about it.
    file.close(() => undefined);
  }
  output.finish(last?.endOffset ?? segment.endOffset);
  yield* flushIndexes(context, segment, { sync: true });
  for (const kind of KINDS) context.files.forget(segment.path(kind));
  const sizeBefore = group.reduce((sum, old) => sum + old.sizeInBytes, 0);
  job.counts.bytesBefore += sizeBefore;
  job.counts.bytesAfter += segment.sizeInBytes;
  return output.isChanged;
}

/** Removes the files of a segment that does not take anybody's place. */
export function* removeRewritten(context: LogContext, segment: Segment): Task<void> {
  for (const kind of KINDS) {
    context.files.forget(segment.path(kind));
    yield* removeIfExists(context.disk, segment.path(kind));
  }
}

/** The new segment while it is written. */
class GroupOutput {
  readonly #job: CleanerJob;
  readonly #segment: Segment;
  readonly #file: DiskFile;
  #chunks: Buffer[] = [];
  #chunkBytes = 0;
  /** Largest timestamp of a header, and the last offset of its batch. */
  #largestTimestamp = -1;
  #largestOffset = -1;
  isChanged = false;

  constructor(job: CleanerJob, segment: Segment, file: DiskFile) {
    this.#job = job;
    this.#segment = segment;
    this.#file = file;
  }

  /** Takes one batch; true when `flush` is due. */
  add(bytes: Buffer): boolean {
    const { config, body } = this.#job;
    if (this.#segment.sizeInBytes + bytes.length > FILE_SIZE_MAX) {
      throw new CleaningEnded('interrupted', 'the cleaned segment would be too large');
    }
    this.#segment.addBatch(bytes, 0, body.config.indexIntervalBytes);
    if (batch.maxTimestamp(bytes, 0) > this.#largestTimestamp) {
      this.#largestTimestamp = batch.maxTimestamp(bytes, 0);
      this.#largestOffset = batch.lastOffset(bytes, 0);
    }
    this.#chunks.push(bytes);
    this.#chunkBytes += bytes.length;
    return this.#chunkBytes >= config.ioBufferBytes / config.threads / 2;
  }

  *flush(): Task<void> {
    if (this.#chunkBytes === 0) return;
    const chunks = this.#chunks;
    const bytes = this.#chunkBytes;
    this.#chunks = [];
    this.#chunkBytes = 0;
    const { writtenBytes } = this.#segment;
    yield* operate<void>(this.#job, (done) => this.#file.write(writtenBytes, chunks, done));
    this.#segment.writtenBytes += bytes;
    this.#job.counts.bytesWritten += bytes;
    yield* this.#job.pace.spend(bytes);
  }

  /** All batches are written. */
  finish(endOffset: number): void {
    const segment = this.#segment;
    segment.exists = true;
    segment.endOffset = endOffset;
    // Without a record there is no time to be found, but retention has to know an age.
    if (segment.maxTimestampMs < 0) {
      segment.maxTimestampMs = this.#largestTimestamp;
      segment.maxTimestampOffset = this.#largestOffset;
    }
    segment.addTimeEntry();
  }
}

interface Rewrite {
  readonly source: Segment;
  readonly output: GroupOutput;
  readonly isLastOfGroup: boolean;
}

function* rewriteSegment(job: CleanerJob, filter: BatchFilter, rewrite: Rewrite): Task<void> {
  const { source: old, output, isLastOfGroup } = rewrite;
  const { files } = job.body.context;
  const lease = yield* perform<FileLease>(job, (done) => files.acquire(old.path('log'), { create: false }, done));
  const sieve = new RecordSieve(filter);
  const source = new BatchSource(job, old, lease.file);
  try {
    while (source.advance() || (yield* source.fill())) {
      const { buf, pos, size } = source;
      const isLast = isLastOfGroup && source.isLast;
      let fate = filter.judge(buf, pos, isLast);
      let kept: KeptRecords | null = null;
      if (fate === 'sieve') {
        fate = yield* sift(job, source, sieve, isLast);
        kept = sieve.kept();
      } else if (fate === 'horizon') kept = allRecords(buf, pos);
      if (fate !== 'copy') output.isChanged = true;
      const bytes = fate === 'drop' ? null : yield* written(job, { buf, pos, size, fate, kept, filter });
      source.letGo();
      if (bytes === null) continue;
      if (output.add(bytes)) yield* output.flush();
    }
  } finally {
    source.letGo();
    lease.release();
  }
}

/** Looks at the records of the current batch; one that can't be looked into stays as it is. */
function* sift(job: CleanerJob, source: BatchSource, sieve: RecordSieve, isLast: boolean): Task<BatchFate> {
  const records = yield* source.records();
  if (records === null) {
    job.counts.unseenCount += 1;
    return sieve.pass();
  }
  sieve.begin({ buf: source.buf, pos: source.pos, isLast }, records);
  for (;;) {
    const state = sieve.run(WORK_PER_LOOK);
    if (state === 'malformed') throw source.malformed();
    if (state === 'done') return sieve.fate();
    yield* breathe(job);
  }
}

/** The bytes that stand for a batch from now on. */
function* written(
  job: CleanerJob,
  what: {
    readonly buf: Buffer;
    readonly pos: number;
    readonly size: number;
    readonly fate: BatchFate;
    readonly kept: KeptRecords | null;
    readonly filter: BatchFilter;
  },
): Task<Buffer> {
  const { buf, pos, size, fate, kept, filter } = what;
  if (fate === 'empty') return emptyBatch(buf, pos, job.body.context.crc32c);
  if (fate === 'copy' || kept === null) return buf.subarray(pos, pos + size);
  const horizonMs = fate === 'horizon' ? filter.round.nowMs + filter.round.deleteRetentionMs : -1;
  const shiftMs = horizonMs < 0 ? 0 : batch.baseTimestamp(buf, pos) - horizonMs;
  const codec = batch.compressionCodec(buf, pos);
  let out = yield* copied(job, kept, { shiftMs, room: codec === 0 ? batch.HEADER_SIZE : 0 });
  if (codec !== 0) {
    const payload = batch.bufferOf(yield* deflate(job, codec, out));
    const whole = { buf: payload, ranges: [0, payload.length], count: kept.count, maxTimestamp: kept.maxTimestamp };
    out = yield* copied(job, whole, { shiftMs: 0, room: batch.HEADER_SIZE });
  }
  rewriteHeader({ buf, pos }, out, kept, horizonMs);
  batch.assignCrc(out, 0, yield* checksum(job, out, batch.CRC_START, out.length));
  return out;
}

function* copied(
  job: CleanerJob,
  kept: KeptRecords,
  to: { readonly shiftMs: number; readonly room: number },
): Task<Buffer> {
  const copy = new RecordCopy(kept, to);
  while (copy.run(WORK_PER_LOOK)) yield* breathe(job);
  return copy.bytes();
}
