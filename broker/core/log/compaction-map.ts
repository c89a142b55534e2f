import type { Buffer } from 'node:buffer';
import { assert } from '../base/assert.ts';
import { type HashSecret, KEY_HASH_WORDS, KeyHasher } from './key-hash.ts';

/** Bytes of one slot: the hash of a key in 16 and the offset in 8, as in Kafka. */
export const MAP_SLOT_BYTES = 24;

/**
 * The last offset of each key of the dirty part of a log, in bounded memory: keys are held as 128-bit hashes in an open
 * table. Two keys with one hash would lose a record; with a billion keys the odds are about 10^-21.
 */
export class OffsetMap {
  /** Most keys that it takes. */
  readonly keysMax: number;
  readonly #slotCount: number;
  readonly #hasher: KeyHasher;
  readonly #hashes: Uint32Array;
  /** Offset + 1; 0 in a free slot. */
  readonly #offsets: Float64Array;
  #size = 0;

  /** `bytesMax` of memory at most, for no more than `keysExpected` keys; `loadFactor` in (0, 1] bounds the fill. */
  constructor(
    limits: { readonly bytesMax: number; readonly keysExpected: number; readonly loadFactor: number },
    secret: HashSecret,
  ) {
    const wanted = Math.ceil(Math.max(1, limits.keysExpected) / limits.loadFactor) + 1;
    this.#slotCount = Math.max(2, Math.min(Math.floor(limits.bytesMax / MAP_SLOT_BYTES), wanted));
    // One slot stays free, so that a search for a missing key ends.
    this.keysMax = Math.max(1, Math.min(this.#slotCount - 1, Math.floor(this.#slotCount * limits.loadFactor)));
    this.#hasher = new KeyHasher(secret);
    this.#hashes = new Uint32Array(this.#slotCount * KEY_HASH_WORDS);
    this.#offsets = new Float64Array(this.#slotCount);
  }

  /** Keys in it. */
  get size(): number {
    return this.#size;
  }

  /** Bytes that it takes. */
  get sizeInBytes(): number {
    return this.#slotCount * MAP_SLOT_BYTES;
  }

  /** Begins with the key in `buf[start, end)`: after `hash` gave true, `put` and `get` are about it. */
  seek(buf: Buffer, start: number, end: number): void {
    this.#hasher.begin(buf, start, end);
  }

  /** Takes in up to `bytesMax` further bytes of the key; true when that was all. */
  hash(bytesMax: number): boolean {
    return this.#hasher.run(bytesMax);
  }

  /** Notes that the key is at `offset`, which does not fall. False when there is no room for it. */
  put(offset: number): boolean {
    const slot = this.#slotOf();
    if (this.#offsets[slot] === 0) {
      if (this.#size >= this.keysMax) return false;
      this.#hashes.set(this.#hasher.words, slot * KEY_HASH_WORDS);
      this.#size += 1;
    }
    assert((this.#offsets[slot] ?? 0) <= offset + 1, 'offsets of a log rise');
    this.#offsets[slot] = offset + 1;
    return true;
  }

  /** The last offset noted for the key; −1 for none. */
  get(): number {
    return (this.#offsets[this.#slotOf()] ?? 0) - 1;
  }

  /** The slot of the key, or the free one where it belongs. */
  #slotOf(): number {
    const [a = 0, b = 0, c = 0, d = 0] = this.#hasher.words;
    // 53 bits of the hash: a table may have more than 2^22 slots.
    let slot = (a + (b & 0x1fffff) * 0x100000000) % this.#slotCount;
    for (;;) {
      if (this.#offsets[slot] === 0) return slot;
      const at = slot * KEY_HASH_WORDS;
      const hashes = this.#hashes;
      if (hashes[at] === a && hashes[at + 1] === b && hashes[at + 2] === c && hashes[at + 3] === d) return slot;
      slot = slot + 1 === this.#slotCount ? 0 : slot + 1;
    }
  }
}
