import type { Buffer } from 'node:buffer';
import { type Chain, chainFromBase, chainFromEntry, checkLink, followChain } from '../../core/log/chain.ts';
import { lookupOffset, offsetEntry, type TimeEntry } from '../../core/log/offset-index.ts';
import { RECOVERY_BATCH_SIZE_MAX } from '../../core/log/recovery.ts';
import * as batch from '../../core/record/batch.ts';
import { frameBatch } from '../../core/record/check.ts';
import type { DiskFile } from '../../ports/disk.ts';
import { step, type Task } from '../task.ts';
import { withFile } from './disk-tasks.ts';
import type { LogContext } from './log-context.ts';
import type { Segment } from './segment.ts';

/** Read beyond what was asked, since the index points up to one interval before the wanted batch. */
const LOOKUP_SLACK = 8 * 1024;

/** Where a look into a segment begins, and what is known of the batch there. */
export interface Anchor {
  readonly position: number;
  readonly chain: Chain;
}

/** What reading a piece needs of its log. */
interface PieceSource {
  readonly context: LogContext;
  readonly epochs: { readonly epochAt: (offset: number) => number };
}

/** Which piece of a segment is wanted. */
export interface PieceRequest {
  readonly segment: Segment;
  /** The piece begins with the batch that holds this offset. */
  readonly offset: number;
  /** Bytes of the piece at most, whole batches; the first is given whatever its size. */
  readonly wantBytes: number;
  /** A first batch larger than this is not read. */
  readonly batchBytesMax: number;
}

/** Whole batches whose CRC, place and epoch were checked. */
export interface Piece {
  readonly kind: 'piece';
  readonly segment: Segment;
  readonly bytes: Buffer;
  readonly baseOffset: number;
  /** Offset after its last record. */
  readonly endOffset: number;
}

/** The outcome of reading a piece; `bad` names the place in the file. */
export type LoadedPiece =
  | Piece
  | { readonly kind: 'too-large' }
  /** The offset lies in a gap at the segment's end: the next batch is the next segment's. */
  | { readonly kind: 'absent' }
  | { readonly kind: 'bad'; readonly position: number; readonly reason: string };

/** Finds where to begin looking for `offset`: a batch at or before it, at most one index interval away. */
export function* locate(context: LogContext, segment: Segment, offset: number): Task<Anchor> {
  const relative = offset - segment.baseOffset;
  const fresh = segment.index.entries;
  const slot = lookupOffset(fresh, relative);
  if (slot >= 0) return anchorOf(context, fresh, slot, segment);
  const { flushedBytes } = segment.index;
  if (flushedBytes === 0) return frontOf(segment);
  const isEnough = (buf: Buffer): boolean => buf.length >= 8 && buf.readInt32BE(buf.length - 8) > relative;
  const buf = yield* step<Buffer>((done) => context.indexes.load(segment.path('index'), flushedBytes, isEnough, done));
  const found = lookupOffset(buf, relative);
  return found < 0 ? frontOf(segment) : anchorOf(context, buf, found, segment);
}

/** The front of a segment: always right, and far away. */
export function frontOf(segment: Segment): Anchor {
  return { position: 0, chain: chainFromBase(segment.baseOffset, segment.isSparse) };
}

function anchorOf(context: LogContext, buf: Buffer, slot: number, segment: Segment): Anchor {
  const { position, lastOffset } = offsetEntry(buf, slot, segment.baseOffset);
  if (context.bugs.trustsIndexes) return { position, chain: chainFromEntry(-1) };
  // Where it can't point it is believed to point at its own end: the walk from there fails and begins at the front.
  return {
    position: position < 0 ? segment.writtenBytes : position,
    chain: chainFromEntry(lastOffset, segment.isSparse),
  };
}

/**
 * Reads and checks a piece of a segment. An index entry that leads nowhere is only noticed (`onBadIndex`): the walk begins
 * again at the front, and what it finds wrong there is damage of the batches themselves.
 */
export function* loadPiece(source: PieceSource, request: PieceRequest, onBadIndex: () => void): Task<LoadedPiece> {
  const { segment } = request;
  const anchor = yield* locate(source.context, segment, request.offset);
  // An index of zeros names the front too, but as an entry: that is no proof against the batch there.
  const isFront = anchor.chain.anchorLastOffset < 0;
  return yield* withFile(source.context.files, segment.path('log'), { create: false }, function* (file) {
    const loaded = yield* walkTo(source, request, anchor, file);
    if (loaded.kind !== 'bad' || isFront) return loaded;
    const fromFront = yield* walkTo(source, request, frontOf(segment), file);
    if (fromFront.kind !== 'bad') onBadIndex();
    return fromFront;
  });
}

interface Found {
  /** First byte of the wanted batch; −1: it lies behind the buffer. */
  start: number;
  baseOffset: number;
  /** End of the last batch that was checked. */
  end: number;
  fault: string;
}

function* walkTo(source: PieceSource, request: PieceRequest, anchor: Anchor, file: DiskFile): Task<LoadedPiece> {
  const { segment, offset, wantBytes } = request;
  const { chain } = anchor;
  let { position } = anchor;
  let needBytes = batch.HEADER_SIZE;
  for (;;) {
    const left = segment.writtenBytes - position;
    if (left === 0 && segment.isSparse) return { kind: 'absent' };
    if (left < needBytes) return bad(position, `offset ${offset} is not there`);
    const at = position;
    const length = Math.min(left, Math.max(needBytes, wantBytes + LOOKUP_SLACK));
    const buf = batch.bufferOf(yield* step<Uint8Array>((done) => file.read(at, length, done)));
    if (buf.length < length) return bad(at + buf.length, 'the file is shorter than what was written');
    const found = checkBuffer(source, request, chain, buf);
    if (found.fault !== '') return bad(at + found.end, found.fault);
    if (found.start >= 0) {
      const bytes = buf.subarray(found.start, found.end);
      return { kind: 'piece', segment, bytes, baseOffset: found.baseOffset, endOffset: chain.expectedOffset };
    }
    position += found.end;
    needBytes = batch.HEADER_SIZE;
    if (buf.length - found.end < batch.HEADER_SIZE) continue;
    const size = batch.sizeInBytes(buf, found.end);
    if (size > RECOVERY_BATCH_SIZE_MAX) return bad(position, `a batch of ${size} bytes`);
    if (batch.nextOffset(buf, found.end) > offset) {
      if (size > request.batchBytesMax) return { kind: 'too-large' };
      needBytes = size;
    } else {
      // One that is only stepped over is not read: the next must fit behind it.
      const fault = followChain(chain, buf, found.end);
      if (fault !== '') return bad(position, fault);
      position += size;
    }
  }
}

/**
 * Whether the batch that a time entry names has its timestamp and its end: then the entry is what was written. Headers are
 * enough, for both would have to be wrong in the same way.
 */
export function* timeEntryHolds(
  context: LogContext,
  segment: Segment,
  entry: TimeEntry,
  endPosition: number,
): Task<boolean> {
  if (context.bugs.trustsIndexes) return true;
  let { position } = yield* locate(context, segment, entry.lastOffset);
  return yield* withFile(context.files, segment.path('log'), { create: false }, function* (file) {
    while (position + batch.HEADER_SIZE <= endPosition) {
      const at = position;
      const length = Math.min(LOOKUP_SLACK, endPosition - position);
      const buf = batch.bufferOf(yield* step<Uint8Array>((done) => file.read(at, length, done)));
      let pos = 0;
      for (; pos + batch.HEADER_SIZE <= buf.length; pos += batch.sizeInBytes(buf, pos)) {
        if (batch.sizeInBytes(buf, pos) < batch.HEADER_SIZE) return false;
        const lastOffset = batch.lastOffset(buf, pos);
        if (lastOffset === entry.lastOffset) return batch.maxTimestamp(buf, pos) === entry.timestampMs;
        if (!(lastOffset < entry.lastOffset)) return false;
      }
      if (pos === 0) return false;
      position += pos;
    }
    return false;
  });
}

/** Checks the whole batches of a buffer up to the end of the wanted piece. */
function checkBuffer(source: PieceSource, request: PieceRequest, chain: Chain, buf: Buffer): Found {
  const rules = { crc32c: source.context.crc32c, epochAt: (offset: number) => source.epochs.epochAt(offset) };
  const { unchecked } = source.context.bugs;
  const found: Found = { start: -1, baseOffset: -1, end: 0, fault: '' };
  while (found.start < 0 || found.end - found.start < request.wantBytes) {
    const size = frameBatch(buf, found.end, buf.length);
    if (size === 'incomplete') break;
    // As much as is wanted and no more, as a fetch counts it: the next piece begins where the next fetch does.
    const isFull = found.start >= 0 && typeof size === 'number' && found.end + size - found.start > request.wantBytes;
    if (isFull) break;
    if (typeof size === 'string') found.fault = `bad batch: ${size}`;
    else if (unchecked) found.fault = followChain(chain, buf, found.end);
    else found.fault = checkLink(chain, buf, found.end, buf.length, rules);
    if (found.fault !== '' || typeof size === 'string') break;
    if (found.start < 0 && chain.expectedOffset > request.offset) {
      found.start = found.end;
      found.baseOffset = batch.baseOffset(buf, found.end);
    }
    found.end += size;
  }
  return found;
}

function bad(position: number, reason: string): LoadedPiece {
  return { kind: 'bad', position, reason };
}
