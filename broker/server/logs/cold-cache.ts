import type { Buffer } from 'node:buffer';
import type { Piece } from './cold-piece.ts';
import type { Segment } from './segment.ts';

const IDLE_MS = 10_000;

/** A piece of a log in memory. */
interface HeldPiece {
  readonly segment: Segment;
  readonly baseOffset: number;
  /** Offset after its last record. */
  readonly endOffset: number;
  readonly bytes: Buffer;
  /** A reader came to it from the piece before: the next one is worth reading ahead. */
  readonly isSequential: boolean;
}

interface Slot extends HeldPiece {
  readonly part: ColdPart;
  readonly sizeInBytes: number;
  usedMs: number;
  dropped: boolean;
}

/**
 * Pieces of logs that were read from disk and checked, for other readers of the same places and for those that read on: what
 * is read ahead lies here. One budget for all logs, the least recently used go first; what nobody used for a while goes too.
 */
export class ColdCache {
  readonly #budgetBytes: number;
  /** In order of use. */
  readonly #slots = new Set<Slot>();
  #bytes = 0;
  #aheadBytes = 0;

  constructor(budgetBytes: number) {
    this.#budgetBytes = budgetBytes;
  }

  /** Bytes held, and those that reads ahead under way will add. */
  get sizeInBytes(): number {
    return this.#bytes + this.#aheadBytes;
  }

  /** A log's own part. */
  createPart(): ColdPart {
    return new ColdPart(this);
  }

  /** Room for a read ahead; false when it would take more than a quarter of the budget together with those under way. */
  reserve(bytes: number): boolean {
    if (this.#aheadBytes + bytes > this.#budgetBytes / 4) return false;
    this.#aheadBytes += bytes;
    this.#evict();
    return true;
  }

  /** A read ahead has ended. */
  unreserve(bytes: number): void {
    this.#aheadBytes -= bytes;
  }

  /** Drops what nobody used for ten seconds: its reader went away. */
  dropIdle(nowMs: number): void {
    for (const slot of this.#slots) {
      if (nowMs - slot.usedMs < IDLE_MS) return;
      this.drop(slot);
    }
  }

  /** Used by ColdPart only. */
  admit(slot: Slot): void {
    this.#slots.add(slot);
    this.#bytes += slot.sizeInBytes;
    this.#evict();
  }

  /** Used by ColdPart only: the piece was used. */
  touch(slot: Slot, nowMs: number): void {
    slot.usedMs = nowMs;
    this.#slots.delete(slot);
    this.#slots.add(slot);
  }

  /** Used by ColdPart only. */
  drop(slot: Slot): void {
    if (slot.dropped) return;
    slot.dropped = true;
    this.#slots.delete(slot);
    this.#bytes -= slot.sizeInBytes;
    slot.part.forget(slot);
  }

  #evict(): void {
    for (const slot of this.#slots) {
      if (this.#bytes + this.#aheadBytes <= this.#budgetBytes) return;
      this.drop(slot);
    }
  }
}

/** The pieces of one log. */
export class ColdPart {
  readonly cache: ColdCache;
  /** Readers that wait for a piece under way, by the offset that it was asked for. */
  readonly loading = new Map<number, (() => void)[]>();
  /** Raised when the log's contents changed: what was read before is not kept. */
  generation = 0;
  #slots: Slot[] = [];

  constructor(cache: ColdCache) {
    this.cache = cache;
  }

  /** The piece that holds `offset`; null when there is none. */
  find(offset: number, nowMs: number): HeldPiece | null {
    const slot = this.#slots.find((one) => one.baseOffset <= offset && offset < one.endOffset && !one.segment.removed);
    if (slot === undefined) return null;
    this.cache.touch(slot, nowMs);
    return slot;
  }

  /** Whether a piece holds `offset`; nobody uses it by asking. */
  holds(offset: number): boolean {
    return this.#slots.some((one) => one.baseOffset <= offset && offset < one.endOffset && !one.segment.removed);
  }

  /** Whether a piece ends where `offset` begins: whoever asks for it reads on. */
  endsAt(offset: number): boolean {
    return this.#slots.some((slot) => slot.endOffset === offset);
  }

  /** Keeps a piece that was read in this generation for `fetchOffset`. */
  add(
    piece: Piece,
    options: { readonly fetchOffset: number; readonly isSequential: boolean; readonly nowMs: number },
  ): void {
    const { segment, endOffset, bytes } = piece;
    // Where the cleaner left a gap, there is nothing between the two.
    const baseOffset = Math.min(options.fetchOffset, piece.baseOffset);
    const known = this.#slots.find((slot) => slot.baseOffset === baseOffset);
    if (known !== undefined) this.cache.drop(known);
    const { isSequential, nowMs } = options;
    // A view pins what it was cut from.
    const sizeInBytes = bytes.buffer.byteLength;
    const held = { segment, baseOffset, endOffset, bytes, isSequential };
    const slot: Slot = { ...held, sizeInBytes, usedMs: nowMs, part: this, dropped: false };
    this.#slots.push(slot);
    this.cache.admit(slot);
  }

  /** The log was cut or is gone. */
  clear(): void {
    this.generation += 1;
    for (const slot of [...this.#slots]) this.cache.drop(slot);
  }

  /** Used by the cache. */
  forget(slot: Slot): void {
    this.#slots = this.#slots.filter((one) => one !== slot);
  }
}
