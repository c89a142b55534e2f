import { Buffer } from 'node:buffer';

const LENGTH_SIZE = 4;

/**
 * Cuts a stream of bytes into frames: four bytes of length, then that many bytes. Each frame gets memory of its own
 * (views of it pin nothing else), allocated only after its length was held against the limit.
 */
export class FrameReader {
  readonly #sizeMax: number;
  readonly #length = Buffer.alloc(LENGTH_SIZE);
  #lengthFilled = 0;
  #frame: Buffer | null = null;
  #filled = 0;

  /** Frames longer than `sizeMax` bytes are refused. */
  constructor(sizeMax: number) {
    this.#sizeMax = sizeMax;
  }

  /** Takes bytes and calls `visit` with every frame that they complete. False: a length is out of bounds. */
  push(bytes: Uint8Array, visit: (frame: Buffer) => void): boolean {
    let pos = 0;
    while (pos < bytes.length) {
      if (this.#frame === null) {
        pos += this.#readLength(bytes, pos);
        if (this.#lengthFilled < LENGTH_SIZE) return true;
        const size = this.#length.readInt32BE(0);
        if (size < LENGTH_SIZE || size > this.#sizeMax) return false;
        this.#frame = Buffer.alloc(size);
        this.#filled = 0;
      }
      const frame = this.#frame;
      const count = Math.min(frame.length - this.#filled, bytes.length - pos);
      frame.set(bytes.subarray(pos, pos + count), this.#filled);
      this.#filled += count;
      pos += count;
      if (this.#filled < frame.length) return true;
      this.#frame = null;
      this.#lengthFilled = 0;
      visit(frame);
    }
    return true;
  }

  #readLength(bytes: Uint8Array, pos: number): number {
    const count = Math.min(LENGTH_SIZE - this.#lengthFilled, bytes.length - pos);
    this.#length.set(bytes.subarray(pos, pos + count), this.#lengthFilled);
    this.#lengthFilled += count;
    return count;
  }
}
