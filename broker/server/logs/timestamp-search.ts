import type { Buffer } from 'node:buffer';
import { checkLink } from '../../core/log/chain.ts';
import { lookupTime, type TimeEntry, timeEntry, TIME_ENTRY_SIZE } from '../../core/log/offset-index.ts';
import * as batch from '../../core/record/batch.ts';
import { frameBatch } from '../../core/record/check.ts';
import { RecordCursor } from '../../core/record/cursor.ts';
import { recordTimestamp } from '../../core/record/iterate.ts';
import { INSPECTED_BYTES_MAX, WALKED_PER_TURN } from '../../core/record/produced-batch.ts';
import type { CompressionCodec, DecompressFault } from '../../ports/compression.ts';
import type { DiskFile } from '../../ports/disk.ts';
import { step, type Task } from '../task.ts';
import { type Anchor, frontOf, locate } from './cold-piece.ts';
import { failureOf, waitFor, withFile } from './disk-tasks.ts';
import { loadLargestTimestamp } from './index-files.ts';
import type { LogBody } from './log-body.ts';
import { damageAt } from './log-reader.ts';
import type { LogFailure, TimestampedOffset } from './partition-log.ts';
import type { Segment } from './segment.ts';

const READ_BYTES = 64 * 1024;

/** What a search ended with; `damage`: the batches are not what was written. */
export type Searched = TimestampedOffset | { readonly damage: string } | null;

/** The outcome of a search task as an answer of the log. */
export function searchAnswer(
  error: unknown,
  searched: Searched | undefined,
): { readonly failure: LogFailure | null; readonly found?: TimestampedOffset | null } {
  if (searched === undefined) return { failure: { kind: 'disk', failure: failureOf(error) } };
  if (searched !== null && 'damage' in searched) return { failure: { kind: 'damaged', reason: searched.damage } };
  return { failure: null, found: searched };
}

/**
 * The first record at or above the log start, written and below `endOffset`, with a timestamp ≥ `timestampMs`; null when
 * there is none.
 */
export function* searchTimestamp(body: LogBody, timestampMs: number, endOffset: number): Task<Searched> {
  const end = Math.min(endOffset, body.writer.writtenOffset);
  for (const segment of [...body.segments.all]) {
    if (segment.endOffset <= body.logStartOffset || segment.baseOffset >= end) continue;
    const damage = yield* learnLargestTimestamp(body, segment);
    if (damage !== '') return { damage };
    if (segment.maxTimestampMs < timestampMs) continue;
    const found = yield* searchSegment(body, segment, { timestampMs, endOffset: end, isLargest: false });
    if (found !== null) return found;
  }
  return null;
}

/** The first record that has the largest timestamp at or above the log start, written and below `endOffset`; or null. */
export function* searchMaxTimestamp(body: LogBody, endOffset: number): Task<Searched> {
  const { logStartOffset } = body;
  const end = Math.min(endOffset, body.writer.writtenOffset);
  const times = new Set<number>();
  for (const segment of [...body.segments.all]) {
    if (segment.endOffset <= logStartOffset || segment.baseOffset >= end) continue;
    const damage = yield* learnLargestTimestamp(body, segment);
    if (damage !== '') return { damage };
    if (segment.maxTimestampMs < 0) continue;
    const largest = yield* largestWithin(body, segment, end);
    if (largest !== null && 'damage' in largest) return largest;
    if (largest !== null) times.add(largest.timestampMs);
  }
  // A segment that the cleaner left without records has a time and nothing to be found.
  for (const timestampMs of [...times].toSorted((a, b) => b - a)) {
    const found = yield* searchTimestamp(body, timestampMs, end);
    // Records were deleted meanwhile: the next largest may be one that was not asked for.
    if (body.logStartOffset !== logStartOffset) return yield* searchMaxTimestamp(body, endOffset);
    if (found !== null) return found;
  }
  return null;
}

/** The largest timestamp of a segment at or above the log start and below `endOffset`; if it has others, from its batches. */
function* largestWithin(
  body: LogBody,
  segment: Segment,
  endOffset: number,
): Task<{ readonly timestampMs: number } | Searched> {
  const timestampMs = segment.maxTimestampMs;
  const isWithin = segment.endOffset <= endOffset || segment.maxTimestampOffset < endOffset;
  if (segment.baseOffset >= body.logStartOffset && isWithin) return { timestampMs };
  return yield* searchSegment(body, segment, { timestampMs, endOffset, isLargest: true });
}

/** Learns a segment's largest timestamp; when its time index is wrong, from the batches. Gives '' or the damage. */
function* learnLargestTimestamp(body: LogBody, segment: Segment): Task<string> {
  if (yield* loadLargestTimestamp(body.context, segment)) return '';
  let damage = '';
  yield* waitFor((done) => {
    body.rebuildIndexes(segment, (found) => {
      damage = found;
      done();
    });
  });
  // Nothing was learnt when the log was cut or closed meanwhile.
  return damage === '' && segment.timestampUnknown ? 'the log changed during the search' : damage;
}

/** What a segment is searched for. */
interface Wanted {
  /** The first record with this timestamp or a later one; with `isLargest`, no record of the segment has a later one. */
  readonly timestampMs: number;
  /** Batches from here on are not looked at: they are not written, or not to be seen. */
  readonly endOffset: number;
  /** The largest timestamp, and the batch that has it. */
  readonly isLargest: boolean;
}

/** Searches with the time index and, when that leads nowhere, without. */
function* searchSegment(body: LogBody, segment: Segment, wanted: Wanted): Task<Searched> {
  const bound = yield* lowerBound(body, segment, wanted);
  const startOffset = Math.max(body.logStartOffset, bound?.lastOffset ?? segment.baseOffset);
  const anchor = yield* locate(body.context, segment, startOffset);
  return yield* withFile(body.context.files, segment.path('log'), { create: false }, function* (file) {
    const found = yield* scan({ body, segment, wanted, file }, anchor, bound);
    if (found === null || !('fault' in found)) return found;
    const fromFront = yield* scan({ body, segment, wanted, file }, frontOf(segment), null);
    if (fromFront !== null && 'fault' in fromFront) return { damage: damageAt(segment, fromFront.fault) };
    body.rebuildIndexes(segment, () => undefined);
    return fromFront;
  });
}

interface Search {
  readonly body: LogBody;
  readonly segment: Segment;
  readonly wanted: Wanted;
  readonly file: DiskFile;
}

interface Fault {
  readonly fault: { readonly position: number; readonly reason: string };
}

/** Looks at batch after batch, each of which is checked. `bound` is the time entry that the search began with. */
function* scan(search: Search, anchor: Anchor, bound: TimeEntry | null): Task<TimestampedOffset | Fault | null> {
  const { body, segment, wanted, file } = search;
  const rules = { crc32c: body.context.crc32c, epochAt: (offset: number) => body.epochs.epochAt(offset) };
  const { trustsIndexes } = body.context.bugs;
  let best: TimestampedOffset | null = null;
  let { position } = anchor;
  let needBytes = batch.HEADER_SIZE;
  while (position < segment.writtenBytes) {
    const at = position;
    const length = Math.min(segment.writtenBytes - at, Math.max(READ_BYTES, needBytes));
    const buf = batch.bufferOf(yield* step<Uint8Array>((done) => file.read(at, length, done)));
    let pos = 0;
    let size = frameBatch(buf, pos, buf.length);
    for (; size !== 'incomplete'; size = frameBatch(buf, pos, buf.length)) {
      if (typeof size === 'string') return faultAt(at + pos, `bad batch: ${size}`);
      const fault = checkLink(anchor.chain, buf, pos, buf.length, rules);
      if (fault !== '') return faultAt(at + pos, fault);
      if (batch.baseOffset(buf, pos) >= wanted.endOffset) return best;
      if (bound !== null && !trustsIndexes && contradicts(buf, pos, bound))
        return faultAt(at + pos, 'a wrong time index entry');
      if (batch.nextOffset(buf, pos) > body.logStartOffset) {
        if (wanted.isLargest) best = yield* later(body, { buf, pos, wanted }, best);
        else if (batch.maxTimestamp(buf, pos) >= wanted.timestampMs) {
          const found = yield* searchBatch(body, { buf, pos }, wanted);
          if (found !== null) return found;
        }
      }
      pos += size;
    }
    const known = buf.length - pos >= batch.HEADER_SIZE;
    needBytes = known ? batch.sizeInBytes(buf, pos) : batch.HEADER_SIZE;
    position += pos;
    if (needBytes > segment.writtenBytes - position && position < segment.writtenBytes) {
      return faultAt(position, 'the file ends inside a batch');
    }
  }
  return position === segment.writtenBytes ? best : faultAt(position, 'an index points past the end');
}

/** `best`, or what a batch has at or above the log start when that is later; only one that begins below is looked into. */
function* later(
  body: LogBody,
  at: BatchAt & { readonly wanted: Wanted },
  best: TimestampedOffset | null,
): Task<TimestampedOffset | null> {
  const { buf, pos, wanted } = at;
  const timestampMs = batch.maxTimestamp(buf, pos);
  if (batch.recordCount(buf, pos) === 0 || timestampMs <= (best?.timestampMs ?? -1)) return best;
  const offset = batch.baseOffset(buf, pos);
  if (offset >= body.logStartOffset) return { offset, timestampMs, leaderEpoch: batch.partitionLeaderEpoch(buf, pos) };
  return (yield* searchBatch(body, at, { ...wanted, timestampMs: (best?.timestampMs ?? -1) + 1 })) ?? best;
}

/** Whether a time entry says of the batch at `pos` what is not so: it names that one, and no later time up to it. */
function contradicts(buf: Buffer, pos: number, entry: TimeEntry): boolean {
  if (batch.lastOffset(buf, pos) < entry.lastOffset) return batch.maxTimestamp(buf, pos) > entry.timestampMs;
  if (batch.baseOffset(buf, pos) > entry.lastOffset) return false;
  return batch.lastOffset(buf, pos) !== entry.lastOffset || batch.maxTimestamp(buf, pos) !== entry.timestampMs;
}

function faultAt(position: number, reason: string): Fault {
  return { fault: { position, reason } };
}

/** The time entry below which no record of the segment is late enough; null: none, or none to be believed. */
function* lowerBound(body: LogBody, segment: Segment, wanted: Wanted): Task<TimeEntry | null> {
  const fresh = segment.timeIndex.entries;
  const slot = lastBefore(fresh, segment, wanted);
  if (slot >= 0) return timeEntry(fresh, slot, segment.baseOffset);
  const { flushedBytes } = segment.timeIndex;
  if (flushedBytes < TIME_ENTRY_SIZE) return null;
  const buf = yield* step<Buffer>((done) =>
    body.context.indexes.load(segment.path('timeindex'), flushedBytes, () => false, done),
  );
  const flushed = lastBefore(buf, segment, wanted);
  if (flushed < 0) return null;
  const entry = timeEntry(buf, flushed, segment.baseOffset);
  const isLast = (flushed + 1) * TIME_ENTRY_SIZE >= buf.length;
  const next = isLast ? null : timeEntry(buf, flushed + 1, segment.baseOffset);
  // An entry past the next one's offset would hide what lies between them.
  const isSound = entry.lastOffset >= segment.baseOffset && entry.lastOffset < (next?.lastOffset ?? segment.endOffset);
  if (isSound) return entry;
  body.rebuildIndexes(segment, () => undefined);
  return null;
}

/** Slot of the last entry that is early enough and names a batch below the end; −1 when there is none. */
function lastBefore(buf: Buffer, { baseOffset, endOffset }: Segment, wanted: Wanted): number {
  let slot = lookupTime(buf, wanted.timestampMs);
  for (; slot >= 0; slot -= 1) {
    const { lastOffset } = timeEntry(buf, slot, baseOffset);
    // The index is ahead of what is written by a few appends; what lies behind those is wrong, as is found out later.
    if (lastOffset < wanted.endOffset || lastOffset >= endOffset) break;
  }
  return slot;
}

/** The first record of one batch that is late enough; with `isLargest` the latest of those. */
function* searchBatch(body: LogBody, { buf, pos }: BatchAt, wanted: Wanted): Task<TimestampedOffset | null> {
  const end = pos + batch.sizeInBytes(buf, pos);
  const records = buf.subarray(pos + batch.HEADER_SIZE, end);
  const codec = batch.compressionCodec(buf, pos);
  if (codec === 0) return yield* searchRecords(body, { buf, pos }, records, wanted);
  const { context } = body;
  const release = yield* step<() => void>((done) => context.inspections.acquire((held) => done(null, held)));
  try {
    const plain = yield* step<Uint8Array | DecompressFault>((done) =>
      // The batch passed validation when it was appended: its codec is one of the five.
      context.compression.decompress(codec as CompressionCodec, records, INSPECTED_BYTES_MAX, (result) =>
        done(null, result),
      ),
    );
    if (typeof plain !== 'string') {
      return yield* searchRecords(body, { buf, pos }, batch.bufferOf(plain), wanted);
    }
    return unseen(body, { buf, pos }, plain);
  } finally {
    release();
  }
}

/** A batch that can't be looked into is found as a whole: whoever reads from there misses nothing. */
function unseen(body: LogBody, { buf, pos }: BatchAt, fault: DecompressFault): TimestampedOffset {
  const offset = Math.max(body.logStartOffset, batch.baseOffset(buf, pos));
  body.context.log.warn(
    { log: body.name, offset, reason: fault },
    'searched by time: a compressed batch cannot be looked into, its first offset is given',
  );
  return { offset, timestampMs: batch.maxTimestamp(buf, pos), leaderEpoch: batch.partitionLeaderEpoch(buf, pos) };
}

interface BatchAt {
  readonly buf: Buffer;
  readonly pos: number;
}

/** Searches the records of one batch; a long walk takes several turns. */
function* searchRecords(
  body: LogBody,
  { buf, pos }: BatchAt,
  plain: Buffer,
  wanted: Wanted,
): Task<TimestampedOffset | null> {
  const baseOffset = batch.baseOffset(buf, pos);
  let best: TimestampedOffset | null = null;
  let { timestampMs } = wanted;
  const cursor = new RecordCursor().reset(plain, 0, plain.length);
  let left = WALKED_PER_TURN;
  while (cursor.next()) {
    const offset = baseOffset + cursor.offsetDelta;
    const recordMs = recordTimestamp(buf, pos, cursor.timestampDelta);
    if (recordMs >= timestampMs && offset >= body.logStartOffset) {
      best = { offset, timestampMs: recordMs, leaderEpoch: batch.partitionLeaderEpoch(buf, pos) };
      if (!wanted.isLargest) return best;
      timestampMs = recordMs + 1;
    }
    left -= 1 + cursor.headerCount;
    if (left <= 0) {
      left = WALKED_PER_TURN;
      yield* nextTurn(body);
    }
  }
  return best;
}

function* nextTurn(body: LogBody): Task<void> {
  yield* step<void>((done) => {
    body.context.timers.after(0, () => done(null, undefined));
  });
}
