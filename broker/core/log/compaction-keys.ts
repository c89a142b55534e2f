import type { Buffer } from 'node:buffer';
import * as batch from '../record/batch.ts';
import { RecordCursor } from '../record/cursor.ts';
import type { OffsetMap } from './compaction-map.ts';

/** How far the keys of a batch were taken. `full`: the map has no room for the next one. */
export type CollectState = 'more' | 'done' | 'full' | 'malformed';

/** How much of a batch is worked on in one go: records at most, and bytes, which one more record may exceed by its value. */
export interface WorkLimit {
  readonly records: number;
  readonly bytes: number;
}

/** Takes the keys of the dirty part's records into the offset map, a bounded piece of work at a time. */
export class KeyCollector {
  readonly #map: Pick<OffsetMap, 'seek' | 'hash' | 'put'>;
  /** Records below are clean already. */
  readonly #startOffset: number;
  readonly #cursor = new RecordCursor();
  #base = 0;
  #count = 0;
  #expected = 0;
  /** The key of the current record is not hashed to its end. */
  #isHashing = false;
  /** Offset after the last record that was taken. */
  nextOffset: number;

  constructor(map: Pick<OffsetMap, 'seek' | 'hash' | 'put'>, startOffset: number) {
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
    this.#isHashing = false;
    this.#cursor.reset(payload.buf, payload.start, payload.end);
  }

  /** Takes further records. */
  run({ records, bytes }: WorkLimit): CollectState {
    const cursor = this.#cursor;
    for (let i = 0, left = bytes; i < records && left > 0; i++) {
      if (!this.#isHashing && !this.#next()) return this.#ended();
      left -= cursor.recordEnd - cursor.recordStart;
      const offset = this.#base + cursor.offsetDelta;
      if (offset < this.#startOffset) continue;
      if (cursor.keyStart >= 0) {
        this.#isHashing = !this.#map.hash(bytes);
        if (this.#isHashing) return 'more';
        if (!this.#map.put(offset)) return 'full';
      }
      this.nextOffset = offset + 1;
    }
    return 'more';
  }

  #next(): boolean {
    const cursor = this.#cursor;
    if (!cursor.next()) return false;
    this.#count += 1;
    if (cursor.keyStart >= 0) this.#map.seek(cursor.buf, cursor.keyStart, cursor.keyEnd);
    return true;
  }

  #ended(): CollectState {
    return this.#cursor.problem === '' && this.#count === this.#expected ? 'done' : 'malformed';
  }
}
