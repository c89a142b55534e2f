import type { Buffer } from 'node:buffer';
import * as batch from '../record/batch.ts';
import { RecordCursor } from '../record/cursor.ts';
import type { OffsetMap } from './compaction-map.ts';

/** How far the keys of a batch were taken. `full`: the map has no room for the next one. */
export type CollectState = 'more' | 'done' | 'full' | 'malformed';

/** Takes the keys of the dirty part's records into the offset map, a bounded number at a time. */
export class KeyCollector {
  readonly #map: Pick<OffsetMap, 'put'>;
  /** Records below are clean already. */
  readonly #startOffset: number;
  readonly #cursor = new RecordCursor();
  #base = 0;
  #count = 0;
  #expected = 0;
  /** Offset after the last record that was taken. */
  nextOffset: number;

  constructor(map: Pick<OffsetMap, 'put'>, startOffset: number) {
    this.#map = map;
    this.#startOffset = startOffset;
    this.nextOffset = startOffset;
  }

  /** Begins with the batch at `pos`, whose plain records are `payload[start, end)`. */
  begin(
    at: { readonly buf: Buffer; readonly pos: number },
    payload: { readonly buf: Buffer; readonly start: number; readonly end: number },
  ): void {
    this.#base = batch.baseOffset(at.buf, at.pos);
    this.#expected = batch.recordCount(at.buf, at.pos);
    this.#count = 0;
    this.#cursor.reset(payload.buf, payload.start, payload.end);
  }

  /** Takes up to `recordsMax` further records. */
  run(recordsMax: number): CollectState {
    const cursor = this.#cursor;
    for (let i = 0; i < recordsMax; i++) {
      if (!cursor.next()) return cursor.problem === '' && this.#count === this.#expected ? 'done' : 'malformed';
      this.#count += 1;
      const offset = this.#base + cursor.offsetDelta;
      if (offset < this.#startOffset) continue;
      if (cursor.keyStart >= 0 && !this.#map.put(cursor.buf, cursor.keyStart, cursor.keyEnd, offset)) return 'full';
      this.nextOffset = offset + 1;
    }
    return 'more';
  }
}
