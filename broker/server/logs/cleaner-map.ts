import { KeyCollector } from '../../core/log/compaction-keys.ts';
import { OffsetMap } from '../../core/log/compaction-map.ts';
import { TransactionScan } from '../../core/log/compaction-transactions.ts';
import { markerTypeOf } from '../../core/log/compaction-filter.ts';
import * as batch from '../../core/record/batch.ts';
import { RecordCursor } from '../../core/record/cursor.ts';
import type { Task } from '../task.ts';
import { breathe, type CleanerJob, perform } from './cleaner-job.ts';
import { WORK_PER_LOOK } from './cleaner-pace.ts';
import { BatchSource } from './cleaner-source.ts';
import type { FileLease } from './file-cache.ts';
import type { Segment } from './segment.ts';

/** The keys of the dirty part as far as they fit. */
export interface DirtyKeys {
  readonly map: OffsetMap;
  /** The map knows every key below. */
  readonly mapEnd: number;
  readonly scan: TransactionScan;
  /** The map ran full: another pass goes on from `mapEnd`. */
  readonly isFull: boolean;
}

/** The dirty part of a log. */
export interface DirtyRange {
  readonly segments: readonly Segment[];
  readonly firstDirtyOffset: number;
  readonly endOffset: number;
}

/**
 * Reads the dirty part and notes the last offset of each key. Most logs have no aborted transactions: they are read once.
 * Else what the first reading took is given up, and a second one leaves out what was aborted or is undecided.
 */
export function* collectKeys(job: CleanerJob, range: DirtyRange): Task<DirtyKeys> {
  const scan = new TransactionScan();
  const first = yield* readKeys(job, range, { scan, isKnown: false });
  if (scan.isPlain) return { ...first, scan };
  const endOffset = scan.decidedEnd(first.mapEnd);
  const second = yield* readKeys(job, { ...range, endOffset }, { scan, isKnown: true });
  return { ...second, scan };
}

interface Transactions {
  readonly scan: TransactionScan;
  /** The scan knows what became of each transaction: it is asked, else it is told. */
  readonly isKnown: boolean;
}

interface Taken {
  readonly map: OffsetMap;
  readonly mapEnd: number;
  readonly isFull: boolean;
}

function* readKeys(job: CleanerJob, range: DirtyRange, transactions: Transactions): Task<Taken> {
  const { config } = job;
  const { firstDirtyOffset, endOffset } = range;
  const map = new OffsetMap(
    {
      bytesMax: config.dedupeBufferBytes / config.threads,
      keysExpected: endOffset - firstDirtyOffset,
      loadFactor: config.loadFactor,
    },
    job.secret,
  );
  const collector = new KeyCollector(map, firstDirtyOffset);
  let mapEnd = firstDirtyOffset;
  let isFull = false;
  for (const segment of range.segments) {
    if (segment.endOffset <= firstDirtyOffset) continue;
    if (segment.baseOffset >= endOffset || isFull) break;
    const taken = yield* readSegment(job, segment, { range, collector, transactions, mapEnd });
    mapEnd = taken.mapEnd;
    isFull = taken.isFull;
  }
  job.counts.mapUtilization = Math.max(job.counts.mapUtilization, map.size / map.keysMax);
  // Gaps at the end of a segment belong to it.
  return { map, mapEnd: isFull ? mapEnd : Math.max(mapEnd, endOffset), isFull };
}

interface SegmentKeys {
  readonly range: DirtyRange;
  readonly collector: KeyCollector;
  readonly transactions: Transactions;
  readonly mapEnd: number;
}

function* readSegment(
  job: CleanerJob,
  segment: Segment,
  keys: SegmentKeys,
): Task<{ readonly mapEnd: number; readonly isFull: boolean }> {
  const { range, collector, transactions } = keys;
  const { firstDirtyOffset, endOffset } = range;
  let { mapEnd } = keys;
  const cursor = new RecordCursor();
  const lease = yield* perform<FileLease>(job, (done) =>
    job.body.context.files.acquire(segment.path('log'), { create: false }, done),
  );
  try {
    const source = new BatchSource(job, segment, lease.file);
    while (source.advance() || (yield* source.fill())) {
      const { buf, pos } = source;
      const baseOffset = batch.baseOffset(buf, pos);
      const nextOffset = batch.nextOffset(buf, pos);
      if (baseOffset >= endOffset) break;
      if (nextOffset <= firstDirtyOffset) continue;
      if (follow(source, transactions, cursor)) {
        const state = yield* takeKeys(job, source, collector);
        if (state === 'full' && !job.bugs.has('map-overflow-ignored')) {
          // Whole batches, so that a tombstone is never covered in part; but one batch may be more than the map holds.
          return { mapEnd: baseOffset > firstDirtyOffset ? baseOffset : collector.nextOffset, isFull: true };
        }
      }
      mapEnd = nextOffset;
      if (!transactions.isKnown && transactions.scan.isFull) return { mapEnd, isFull: true };
    }
  } finally {
    lease.release();
  }
  return { mapEnd, isFull: false };
}

/** Follows the transaction of the current batch; true when its records count. */
function follow(source: BatchSource, { scan, isKnown }: Transactions, cursor: RecordCursor): boolean {
  const { buf, pos } = source;
  const producerId = batch.producerId(buf, pos);
  if (batch.isControl(buf, pos)) {
    if (!isKnown) scan.onMarker(producerId, markerTypeOf(buf, pos, cursor), batch.baseOffset(buf, pos));
    return false;
  }
  if (batch.isTransactional(buf, pos)) {
    if (isKnown) return !scan.isAborted(producerId, batch.baseOffset(buf, pos));
    scan.onData(producerId, batch.baseOffset(buf, pos));
  }
  return batch.recordCount(buf, pos) > 0;
}

/** Takes the keys of the current batch; those of one that can't be looked into stay unknown. */
function* takeKeys(job: CleanerJob, source: BatchSource, collector: KeyCollector): Task<'done' | 'full'> {
  try {
    const records = yield* source.records();
    if (records === null) return 'done';
    collector.begin(source, records);
    for (;;) {
      const state = collector.run(WORK_PER_LOOK);
      if (state === 'malformed') throw source.malformed();
      if (state !== 'more') {
        job.counts.messagesRead += batch.recordCount(source.buf, source.pos);
        return state;
      }
      yield* breathe(job);
    }
  } finally {
    source.letGo();
  }
}
