import { Buffer } from 'node:buffer';

/** What a frame assembler made of the bytes so far. */
export type FrameProblem = { readonly kind: 'too-large' | 'negative'; readonly size: number };

/** Pieces below this are gathered in blocks: a peer that sends byte by byte must not cost an object per byte. */
const SMALL_PIECE_SIZE = 4096;
const BLOCK_SIZE_MIN = 256;
const BLOCK_SIZE_MAX = 16_384;
/** Frames from this size on are joined without being zeroed first; smaller ones would be parts of Buffer's pool. */
const JOIN_SIZE_MIN = 32_768;
/** A frame may be a view of the piece it came in when it is at least this part of it (B6: what is kept pins little else). */
const VIEW_PART = 2;

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
  /** The last part when it is a block with room, and how much of it is filled. */
  #block: Uint8Array | null = null;
  #blockFilled = 0;

  /** `sizeMax`: largest frame accepted, bytes without the prefix (`socket.request.max.bytes`). */
  constructor(sizeMax: number) {
    this.#sizeMax = sizeMax;
  }

  /** Bytes held for an incomplete frame. */
  get bufferedBytes(): number {
    return this.#buffered;
  }

  /** Whether a frame, or its prefix, has begun and is not complete. */
  get isPartial(): boolean {
    return this.#buffered > 0 || this.#expected >= 0;
  }

  /** Pieces of memory that hold them. */
  get partCount(): number {
    return this.#parts.length;
  }

  /** Bytes that the frame being received still lacks; 0 when none is, or its size is not known yet. */
  get missingBytes(): number {
    return this.#expected < 0 ? 0 : this.#expected - this.#buffered;
  }

  /** The first two bytes of the frame being received, which is a request's API key; −1 while they are not there. */
  get apiKey(): number {
    return this.#expected < 2 || this.#buffered < 2 ? -1 : (this.#byte(0) << 8) | this.#byte(1);
  }

  /**
   * Takes what arrived, which from now on belongs to the assembler, and hands every complete frame to `onFrame`, in order. A
   * frame shares its memory with at most as much again that is not its own. Returns the reason to close the connection, or
   * null.
   */
  push(bytes: Uint8Array, onFrame: (frame: Uint8Array) => void): FrameProblem | null {
    if (this.#buffered === 0 && this.#expected < 0) {
      const rest = this.#cutWhole(bytes, onFrame);
      if (rest === bytes.length) return null;
      this.#append(rest === 0 ? bytes : bytes.subarray(rest));
    } else if (this.#buffered > 0 && bytes.length < SMALL_PIECE_SIZE) {
      this.#gather(bytes);
    } else {
      this.#append(bytes);
    }
    for (;;) {
      if (this.#expected < 0) {
        if (this.#buffered < 4) break;
        const size = (this.#byte(0) << 24) | (this.#byte(1) << 16) | (this.#byte(2) << 8) | this.#byte(3);
        this.#skip(4);
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

  /** The usual case: hands out the frames that lie whole in one piece, and gives the position behind the last. */
  #cutWhole(bytes: Uint8Array, onFrame: (frame: Uint8Array) => void): number {
    const pieceSize = bytes.buffer.byteLength;
    let at = 0;
    while (bytes.length - at >= 4) {
      const start = at + 4;
      const size =
        ((bytes[at] ?? 0) << 24) | ((bytes[at + 1] ?? 0) << 16) | ((bytes[at + 2] ?? 0) << 8) | (bytes[at + 3] ?? 0);
      if (size < 0 || size > this.#sizeMax || size > bytes.length - start) break;
      at = start + size;
      onFrame(size * VIEW_PART >= pieceSize ? bytes.subarray(start, at) : copyOf(bytes.subarray(start, at)));
    }
    return at;
  }

  #append(bytes: Uint8Array): void {
    this.#block = null;
    this.#parts.push(bytes);
    this.#buffered += bytes.length;
  }

  /** Copies a small piece behind what is there, into blocks that double. */
  #gather(bytes: Uint8Array): void {
    let from = 0;
    while (from < bytes.length) {
      let block = this.#block;
      if (block === null || this.#blockFilled === block.length) {
        const wanted = block === null ? bytes.length - from : 2 * block.length;
        block = new Uint8Array(Math.min(BLOCK_SIZE_MAX, Math.max(BLOCK_SIZE_MIN, wanted)));
        this.#parts.push(block.subarray(0, 0));
        this.#block = block;
        this.#blockFilled = 0;
      }
      const size = Math.min(bytes.length - from, block.length - this.#blockFilled);
      block.set(bytes.subarray(from, from + size), this.#blockFilled);
      const last = this.#parts.length - 1;
      const shown = this.#parts[last]?.length ?? 0;
      this.#blockFilled += size;
      this.#parts[last] = block.subarray(this.#blockFilled - shown - size, this.#blockFilled);
      from += size;
    }
    this.#buffered += bytes.length;
  }

  /** A byte of what is buffered; it must be there. */
  #byte(position: number): number {
    let at = position;
    for (const part of this.#parts) {
      if (at < part.length) return part[at] ?? 0;
      at -= part.length;
    }
    return 0;
  }

  #skip(count: number): void {
    let left = count;
    while (left > 0) {
      const part = this.#parts[0];
      if (part === undefined) break;
      if (part.length > left) {
        this.#parts[0] = part.subarray(left);
        break;
      }
      left -= part.length;
      this.#shift(1);
    }
    this.#buffered -= count;
  }

  /** Drops the first parts; a block that is among them takes nothing more. */
  #shift(count: number): void {
    this.#parts.splice(0, count);
    if (this.#parts.length === 0) this.#block = null;
  }

  /** Takes the next `count` buffered bytes out: a view when they are most of one piece, else a copy. */
  #take(count: number): Uint8Array {
    if (count === 0) return new Uint8Array(0);
    const first = this.#parts[0];
    if (first !== undefined && first.length >= count && count * VIEW_PART >= first.buffer.byteLength) {
      const frame = first.subarray(0, count);
      this.#skip(count);
      return frame;
    }
    const pieces: Uint8Array[] = [];
    let left = count;
    for (const part of this.#parts) {
      if (left === 0) break;
      const piece = part.length <= left ? part : part.subarray(0, left);
      pieces.push(piece);
      left -= piece.length;
    }
    const frame = joined(pieces, count);
    this.#skip(count);
    return frame;
  }

  /** A small rest is copied, so that it does not pin the piece it came in (B6). */
  #keep(): void {
    const last = this.#parts.length - 1;
    const part = this.#parts[last];
    if (part === undefined || this.#block !== null) return;
    if (part.length * 4 < part.buffer.byteLength) this.#parts[last] = copyOf(part);
  }
}

/** Memory of its own: `slice` of a Buffer would be a view. */
const copyOf = (bytes: Uint8Array): Uint8Array => new Uint8Array(bytes);

function joined(pieces: readonly Uint8Array[], size: number): Uint8Array {
  // Memory of its own, and every byte is overwritten.
  if (size >= JOIN_SIZE_MIN) return Buffer.concat(pieces, size);
  const result = new Uint8Array(size);
  let at = 0;
  for (const piece of pieces) {
    result.set(piece, at);
    at += piece.length;
  }
  return result;
}
