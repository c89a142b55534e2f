import { Buffer } from 'node:buffer';
import { assert } from '../base/assert.ts';
import { readInt64, writeInt64 } from '../base/int64.ts';
import { ownCopy } from '../base/own-copy.ts';

/** Bytes of an entry of `.index`: offset relative to the segment's base (int32), position in the log file (int32). */
export const OFFSET_ENTRY_SIZE = 8;
/** Bytes of an entry of `.timeindex`: timestamp (int64), relative offset (int32). */
export const TIME_ENTRY_SIZE = 12;

/** An entry of the sparse offset index: the batch at `position` ends with offset `lastOffset`. */
export interface OffsetEntry {
  readonly lastOffset: number;
  readonly position: number;
}

/** An entry of the time index: no batch up to `lastOffset` has a timestamp above `timestampMs`. */
export interface TimeEntry {
  readonly timestampMs: number;
  readonly lastOffset: number;
}

/** Writes an entry of the offset index. `relativeOffset` and `position` are in [0, 2^31). */
export function writeOffsetEntry(buf: Buffer, pos: number, relativeOffset: number, position: number): void {
  assert(relativeOffset >= 0 && relativeOffset <= 0x7fff_ffff, 'relative offset fits an int32');
  buf.writeInt32BE(relativeOffset, pos);
  buf.writeInt32BE(position, pos + 4);
}

/** Writes an entry of the time index. */
export function writeTimeEntry(buf: Buffer, pos: number, timestampMs: number, relativeOffset: number): void {
  assert(relativeOffset >= 0 && relativeOffset <= 0x7fff_ffff, 'relative offset fits an int32');
  writeInt64(buf, pos, timestampMs);
  buf.writeInt32BE(relativeOffset, pos + 8);
}

/** Entry `slot` of an encoded offset index. */
export function offsetEntry(buf: Buffer, slot: number, baseOffset: number): OffsetEntry {
  const pos = slot * OFFSET_ENTRY_SIZE;
  return { lastOffset: baseOffset + buf.readInt32BE(pos), position: buf.readInt32BE(pos + 4) };
}

/** Entry `slot` of an encoded time index. */
export function timeEntry(buf: Buffer, slot: number, baseOffset: number): TimeEntry {
  const pos = slot * TIME_ENTRY_SIZE;
  return { timestampMs: readInt64(buf, pos), lastOffset: baseOffset + buf.readInt32BE(pos + 8) };
}

/** Last of `count` ascending slots for which `holds`; −1 when it holds for none. */
function lastSlot(count: number, holds: (slot: number) => boolean): number {
  let low = 0;
  let high = count;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (holds(middle)) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}

/** Slot of the last entry that ends at or before `relativeOffset`; −1 when the first is past it. */
export function lookupOffset(buf: Buffer, relativeOffset: number): number {
  return lastSlot(
    Math.floor(buf.length / OFFSET_ENTRY_SIZE),
    (slot) => buf.readInt32BE(slot * OFFSET_ENTRY_SIZE) <= relativeOffset,
  );
}

/** Slot of the last entry whose timestamp is below `timestampMs`; −1 when there is none. */
export function lookupTime(buf: Buffer, timestampMs: number): number {
  return lastSlot(
    Math.floor(buf.length / TIME_ENTRY_SIZE),
    (slot) => readInt64(buf, slot * TIME_ENTRY_SIZE) < timestampMs,
  );
}

/** What of an index file may be believed. */
export interface IndexBounds {
  readonly baseOffset: number;
  /** Entries that end at or above this offset are dropped. */
  readonly endOffset: number;
  /** Size of the log file, bytes: entries that point past it are dropped. */
  readonly endPosition: number;
}

/**
 * Number of entries at the front of an offset index that can be true: offsets and positions strictly rise and stay
 * within `bounds`. Power loss leaves zeros or an older end in what was not synced; neither passes.
 */
export function soundOffsetEntries(buf: Buffer, bounds: IndexBounds): number {
  const count = Math.floor(buf.length / OFFSET_ENTRY_SIZE);
  let before: OffsetEntry = { lastOffset: bounds.baseOffset - 1, position: -1 };
  for (let slot = 0; slot < count; slot++) {
    const entry = offsetEntry(buf, slot, bounds.baseOffset);
    const rises = entry.lastOffset > before.lastOffset && entry.position > before.position;
    if (!rises || entry.lastOffset >= bounds.endOffset || entry.position >= bounds.endPosition) return slot;
    before = entry;
  }
  return count;
}

/** Number of entries at the front of a time index that can be true: timestamps strictly rise, offsets rise. */
export function soundTimeEntries(buf: Buffer, bounds: IndexBounds): number {
  const count = Math.floor(buf.length / TIME_ENTRY_SIZE);
  let before: TimeEntry = { timestampMs: -1, lastOffset: bounds.baseOffset - 1 };
  for (let slot = 0; slot < count; slot++) {
    const entry = timeEntry(buf, slot, bounds.baseOffset);
    const rises = entry.timestampMs > before.timestampMs && entry.lastOffset > before.lastOffset;
    if (!rises || entry.lastOffset >= bounds.endOffset) return slot;
    before = entry;
  }
  return count;
}

/**
 * The end of an index that is being written: entries that its file does not have yet. The file holds `flushed` bytes
 * before them, so that memory is bounded however large the segment grows.
 */
export class IndexTail {
  readonly entrySize: number;
  /** Bytes that the file holds. */
  flushedBytes: number;
  #buf: Buffer;
  #size = 0;

  constructor(entrySize: number, flushedBytes: number) {
    this.entrySize = entrySize;
    this.flushedBytes = flushedBytes;
    this.#buf = Buffer.alloc(0);
  }

  /** All bytes of the index, flushed ones included. */
  get totalBytes(): number {
    return this.flushedBytes + this.#size;
  }

  /** The entries not flushed yet; a view that the next `reserve` may replace. */
  get entries(): Buffer {
    return this.#buf.subarray(0, this.#size);
  }

  /** Room for one more entry: the buffer and the position to write it at. */
  reserve(): { readonly buf: Buffer; readonly pos: number } {
    if (this.#size + this.entrySize > this.#buf.length) {
      const grown = Buffer.alloc(Math.max(8 * this.entrySize, this.#buf.length * 2));
      this.#buf.copy(grown, 0, 0, this.#size);
      this.#buf = grown;
    }
    const pos = this.#size;
    this.#size += this.entrySize;
    return { buf: this.#buf, pos };
  }

  /** The first `bytes` of the entries are in the file now: they are not kept here any more. */
  dropFlushed(bytes: number): void {
    this.flushedBytes += bytes;
    this.#size -= bytes;
    // A new buffer: readers may hold views of the old one.
    this.#buf = ownCopy(this.#buf.subarray(bytes, bytes + this.#size));
  }
}
