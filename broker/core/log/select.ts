import type { Buffer } from 'node:buffer';
import * as batch from '../record/batch.ts';
import { frameBatch } from '../record/check.ts';

/** Which batches a reader wants. */
export interface BatchQuery {
  /** The first batch is the one that holds this offset (or the first after it). */
  readonly fetchOffset: number;
  readonly maxBytes: number;
  readonly minOneBatch: boolean;
  /** No batch that reaches beyond this offset. */
  readonly endOffset: number;
}

/** What a piece of a log has for the query. Positions are relative to the piece. */
export type Selection =
  /** Whole batches `[start, end)`, maybe none; `firstOffset` and `endOffset` are those of the batches. */
  | {
      readonly kind: 'found';
      readonly start: number;
      readonly end: number;
      readonly firstOffset: number;
      readonly endOffset: number;
    }
  /** Nothing in the first `skipBytes`; from there on at least `needBytes` are needed to tell. */
  | { readonly kind: 'more'; readonly skipBytes: number; readonly needBytes: number }
  /** The bytes are no batches. */
  | { readonly kind: 'damaged' };

/** Picks whole batches out of `buf`, which begins with one. */
export function selectBatches(buf: Buffer, query: BatchQuery): Selection {
  let start = 0;
  for (;;) {
    const size = frameBatch(buf, start, buf.length);
    if (size === 'incomplete') return needMore(buf, start, query);
    if (typeof size === 'string') return { kind: 'damaged' };
    if (batch.nextOffset(buf, start) > query.fetchOffset) break;
    start += size;
  }
  const { end, endOffset } = extend(buf, start, query);
  const firstOffset = end > start ? batch.baseOffset(buf, start) : query.fetchOffset;
  return { kind: 'found', start, end, firstOffset, endOffset };
}

function extend(buf: Buffer, start: number, query: BatchQuery): { readonly end: number; readonly endOffset: number } {
  let end = start;
  let endOffset = query.fetchOffset;
  while (end < buf.length) {
    const size = frameBatch(buf, end, buf.length);
    if (typeof size === 'string') break;
    const fits = end + size - start <= query.maxBytes || (query.minOneBatch && end === start);
    const nextOffset = batch.nextOffset(buf, end);
    if (!fits || nextOffset > query.endOffset) break;
    end += size;
    endOffset = nextOffset;
  }
  return { end, endOffset };
}

/** The batch at `start` is cut off: tells how much is missing, or that it is too large for the reader anyway. */
function needMore(buf: Buffer, start: number, query: BatchQuery): Selection {
  if (buf.length - start < batch.HEADER_SIZE) return { kind: 'more', skipBytes: start, needBytes: batch.HEADER_SIZE };
  const size = batch.sizeInBytes(buf, start);
  const isFirst = batch.nextOffset(buf, start) > query.fetchOffset;
  if (isFirst && size > query.maxBytes && !query.minOneBatch) {
    return { kind: 'found', start, end: start, firstOffset: query.fetchOffset, endOffset: query.fetchOffset };
  }
  // One that is only skipped is skipped by its header.
  if (!isFirst) return { kind: 'more', skipBytes: start + size, needBytes: batch.HEADER_SIZE };
  return { kind: 'more', skipBytes: start, needBytes: size };
}
