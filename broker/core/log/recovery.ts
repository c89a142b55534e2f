import type { Buffer } from 'node:buffer';
import type { Crc32c } from '../base/checksum.ts';
import * as batch from '../record/batch.ts';
import { checkBatch } from '../record/check.ts';

/** Largest batch that recovery believes in, bytes: a produce request holds at most this much. */
export const RECOVERY_BATCH_SIZE_MAX = 104_857_600;

/** How far a walk over a segment has come. `fault` is '' while all is well. */
export interface WalkState {
  /** Position of the next batch in the segment's file, bytes. */
  position: number;
  /** Offset that the next batch has to begin with; with gaps allowed, at or after. */
  expectedOffset: number;
  /** Largest leader epoch seen. */
  latestEpoch: number;
  /** The log is to end here at the latest: a batch that reaches beyond is a fault, `BEYOND_END`. */
  readonly endOffsetMax: number;
  /** A gap between batches that ends at or below this offset is the cleaner's; any other is a fault. */
  readonly sparseEnd: number;
  /** What is wrong with the bytes at `position`. */
  fault: string;
}

/** The fault of good bytes that are to be cut off. */
export const BEYOND_END = 'beyond the wanted end';

/** The faults of a write that did not come to its end. */
const UNFINISHED = { header: 'the file ends inside a header', batch: 'the file ends inside a batch' } as const;

/**
 * Whether bytes that a log was written with are bad, or are not where they were: more than a last write that the power cut short,
 * which nobody was told of.
 */
export function isSuspect({ fault }: WalkState): boolean {
  return fault !== '' && fault !== BEYOND_END && fault !== UNFINISHED.header && fault !== UNFINISHED.batch;
}

/** A piece of a segment's file. */
export interface WalkChunk {
  readonly buf: Buffer;
  /** Position of `buf[0]` in the file, bytes; at most `state.position`. */
  readonly filePosition: number;
  /** Size of the file, bytes. */
  readonly fileSize: number;
}

/**
 * Walks whole batches of a chunk from `state.position` on (D7): CRC, offset continuity, non-decreasing epoch; `visit`
 * sees each good one. Gives how many bytes the next chunk needs from `state.position` on: 0 at the end of the file or
 * at a fault.
 */
export function walkChunk(
  state: WalkState,
  chunk: WalkChunk,
  crc32c: Crc32c,
  visit: (buf: Buffer, pos: number, filePosition: number) => void,
): number {
  const { buf, filePosition, fileSize } = chunk;
  while (state.fault === '' && state.position < fileSize) {
    const pos = state.position - filePosition;
    const left = fileSize - state.position;
    if (left < batch.HEADER_SIZE) return fail(state, UNFINISHED.header);
    if (pos + batch.HEADER_SIZE > buf.length) return batch.HEADER_SIZE;
    const size = batch.sizeInBytes(buf, pos);
    if (size < batch.HEADER_SIZE || size > RECOVERY_BATCH_SIZE_MAX) return fail(state, `a batch of ${size} bytes`);
    if (size > left) return fail(state, UNFINISHED.batch);
    if (pos + size > buf.length) return size;
    const fault = judgeBatch(state, buf, pos, crc32c);
    if (fault !== '') return fail(state, fault);
    visit(buf, pos, state.position);
    state.position += size;
    state.expectedOffset = batch.nextOffset(buf, pos);
    state.latestEpoch = Math.max(state.latestEpoch, batch.partitionLeaderEpoch(buf, pos));
  }
  return 0;
}

function fail(state: WalkState, fault: string): 0 {
  state.fault = fault;
  return 0;
}

function judgeBatch(state: WalkState, buf: Buffer, pos: number, crc32c: Crc32c): string {
  const fault = checkBatch(buf, pos, buf.length, crc32c);
  if (fault !== null) return `bad batch: ${fault}`;
  const offset = batch.baseOffset(buf, pos);
  const isGap = offset > state.expectedOffset && offset <= state.sparseEnd;
  if (offset !== state.expectedOffset && !isGap) return `offset ${offset} where ${state.expectedOffset} was due`;
  if (batch.nextOffset(buf, pos) > state.endOffsetMax) return BEYOND_END;
  const epoch = batch.partitionLeaderEpoch(buf, pos);
  return epoch < state.latestEpoch ? `epoch ${epoch} after ${state.latestEpoch}` : '';
}

/** What is known to have been durable: the recovery point and the high watermark as checkpointed. */
export interface DurableMarks {
  readonly recoveryPoint: number;
  readonly highWatermark: number;
}

/**
 * Judges a log that is good up to `endOffset` only (D7): `torn` when nothing durable is missing, so that the rest may
 * be cut; else `damaged`.
 */
export function judgeEnd(endOffset: number, marks: DurableMarks): 'torn' | 'damaged' {
  return endOffset >= marks.recoveryPoint && endOffset >= marks.highWatermark ? 'torn' : 'damaged';
}

/** Index of the last segment that begins at or below `offset`; 0 when none does. */
export function segmentIndexAt(segmentBases: readonly number[], offset: number): number {
  let low = 0;
  let high = segmentBases.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((segmentBases[middle] ?? 0) <= offset) low = middle + 1;
    else high = middle;
  }
  return Math.max(0, low - 1);
}
