/** What a frame assembler made of the bytes so far. */
export type FrameProblem = { readonly kind: 'too-large' | 'negative'; readonly size: number };

/**
 * Cuts a byte stream into Kafka frames: int32 size, then that many bytes. The size is checked before anything is kept;
 * memory grows only with the bytes that really arrived, so that announcing a large frame costs nothing.
 */
export class FrameAssembler {
  readonly #sizeMax: number;
  #parts: Uint8Array[] = [];
  #buffered = 0;
  /** Size of the frame being received, −1 while its prefix is incomplete. */
  #expected = -1;

  /** `sizeMax`: largest frame accepted, bytes without the prefix (`socket.request.max.bytes`). */
  constructor(sizeMax: number) {
    this.#sizeMax = sizeMax;
  }

  /** Bytes held for an incomplete frame. */
  get bufferedBytes(): number {
    return this.#buffered;
  }

  /**
   * Takes what arrived and hands every complete frame to `onFrame`, in order. A frame owns its memory: nothing of it is
   * a view of `bytes`. Returns the reason to close the connection, or null.
   */
  push(bytes: Uint8Array, onFrame: (frame: Uint8Array) => void): FrameProblem | null {
    this.#parts.push(bytes);
    this.#buffered += bytes.length;
    for (;;) {
      if (this.#expected < 0) {
        if (this.#buffered < 4) break;
        const prefix = this.#take(4);
        const size = ((prefix[0] ?? 0) << 24) | ((prefix[1] ?? 0) << 16) | ((prefix[2] ?? 0) << 8) | (prefix[3] ?? 0);
        if (size < 0) return { kind: 'negative', size };
        if (size > this.#sizeMax) return { kind: 'too-large', size };
        this.#expected = size;
      }
      if (this.#buffered < this.#expected) break;
      const frame = this.#take(this.#expected);
      this.#expected = -1;
      onFrame(frame);
    }
    this.#keep();
    return null;
  }

  /** Copies the next `count` buffered bytes out. */
  #take(count: number): Uint8Array {
    const result = new Uint8Array(count);
    let filled = 0;
    let used = 0;
    while (filled < count) {
      const part = this.#parts[used];
      if (part === undefined) break;
      const wanted = count - filled;
      if (part.length <= wanted) {
        result.set(part, filled);
        filled += part.length;
        used += 1;
      } else {
        result.set(part.subarray(0, wanted), filled);
        this.#parts[used] = part.subarray(wanted);
        filled = count;
      }
    }
    if (used > 0) this.#parts.splice(0, used);
    this.#buffered -= count;
    return result;
  }

  /** A small rest is copied, so that it does not pin the chunk it came in (B6). */
  #keep(): void {
    const last = this.#parts.length - 1;
    const part = this.#parts[last];
    if (part !== undefined && part.length * 4 < part.buffer.byteLength) this.#parts[last] = part.slice();
  }
}
