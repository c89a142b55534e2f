import type { Buffer } from 'node:buffer';
import { markerTypeOf } from '../../core/log/compaction-filter.ts';
import * as batch from '../../core/record/batch.ts';
import { CONTROL } from '../../core/record/control.ts';
import { RecordCursor } from '../../core/record/cursor.ts';
import { type AbortedTransaction, AbortedWalk } from '../../core/share/aborted.ts';

/** Record batches of one read: where each lies and which offsets it holds. One entry per batch, never per record. */
export interface ReadBatches {
  /** Base offset and last offset of each batch, alternating. */
  readonly bounds: number[];
  /** Index of the chunk, first byte and end byte of each batch, alternating. */
  readonly places: number[];
  /** Bounds of those whose records nobody gets; see `Acquire`. */
  readonly withheld: number[];
}

/** What was aborted in a log that has no transactions, or for who reads all that there is. */
const NOTHING: readonly AbortedTransaction[] = [];

/** Walks the headers of whole batches; what follows a batch that is cut off is left out. */
export function indexBatches(
  chunks: readonly Uint8Array[],
  aborted: readonly AbortedTransaction[] = NOTHING,
): ReadBatches {
  const bounds: number[] = [];
  const places: number[] = [];
  const withheld: number[] = [];
  const walk = new AbortedWalk(aborted);
  chunks.forEach((chunk, chunkIndex) => {
    const buf = batch.bufferOf(chunk);
    let pos = 0;
    while (pos + batch.HEADER_SIZE <= buf.length) {
      const end = pos + batch.sizeInBytes(buf, pos);
      if (end > buf.length) break;
      bounds.push(batch.baseOffset(buf, pos), batch.lastOffset(buf, pos));
      places.push(chunkIndex, pos, end);
      if (isWithheld(buf, pos, walk)) withheld.push(batch.baseOffset(buf, pos), batch.lastOffset(buf, pos));
      pos = end;
    }
  });
  return { bounds, places, withheld };
}

function isWithheld(buf: Buffer, pos: number, walk: AbortedWalk): boolean {
  const isControl = batch.isControl(buf, pos);
  if (walk.isOver) return isControl;
  const [lastOffset, producerId] = [batch.lastOffset(buf, pos), batch.producerId(buf, pos)];
  if (!isControl) return walk.isAborted({ lastOffset, producerId, isTransactional: batch.isTransactional(buf, pos) });
  if (markerTypeOf(buf, pos, new RecordCursor()) === CONTROL.abort) walk.onAbortMarker({ lastOffset, producerId });
  return true;
}

/** Records of the whole batches from `offset` on that are no more than `countMax`; 1 where the first is larger: it is not divided. */
export function wholeWithin(bounds: readonly number[], offset: number, countMax: number): number {
  let count = 1;
  for (let index = 1; index < bounds.length; index += 2) {
    const next = (bounds[index] ?? 0) + 1 - offset;
    if (next > countMax) break;
    count = Math.max(count, next);
  }
  return count;
}

/** Views of the whole batches that hold offsets of [start, end), and those between them. */
export function sliceBatches(
  chunks: readonly Uint8Array[],
  batches: ReadBatches,
  start: number,
  end: number,
): readonly Uint8Array[] {
  const { bounds, places } = batches;
  const count = bounds.length / 2;
  let first = 0;
  while (first < count && (bounds[first * 2 + 1] ?? 0) < start) first += 1;
  let limit = count;
  while (limit > first && (bounds[limit * 2 - 2] ?? 0) >= end) limit -= 1;
  if (first >= limit) return [];
  const firstChunk = places[first * 3] ?? 0;
  const lastChunk = places[limit * 3 - 3] ?? 0;
  const from = places[first * 3 + 1] ?? 0;
  const to = places[limit * 3 - 1] ?? 0;
  return chunks
    .slice(firstChunk, lastChunk + 1)
    .map((chunk, index) =>
      chunk.subarray(index === 0 ? from : 0, firstChunk + index === lastChunk ? to : chunk.length),
    );
}
