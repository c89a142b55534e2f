import { Buffer } from 'node:buffer';
import { writeInt64 } from '../base/int64.ts';
import { REFERENCE_SIZE_MIN, TEXT_SIZE_MAX } from './limits.ts';

const SLAB_SIZE = 16_384;
const SHORT_TEXT_LENGTH_MAX = 48;
const VARINT_SIZE_MAX = 5;
const NO_BYTES = Buffer.alloc(0);
const ZERO_UUID = 'AAAAAAAAAAAAAAAAAAAAAA';

/** Bytes as the encoder takes them: one array or the chunks of it. */
export type Chunks = Uint8Array | readonly Uint8Array[];

/** Size of what `chunks` holds, in bytes. */
export function chunksSize(chunks: Chunks): number {
  if (!isList(chunks)) return chunks.length;
  let size = 0;
  for (const chunk of chunks) size += chunk.length;
  return size;
}

/** Whether byte chunks are given as a list. */
function isList(chunks: Chunks): chunks is readonly Uint8Array[] {
  return Array.isArray(chunks);
}

function varintSize(value: number): number {
  let size = 1;
  for (let rest = value >>> 7; rest > 0; rest >>>= 7) size += 1;
  return size;
}

/**
 * Writes one message after the other into slabs and hands each out as chunks: pieces of a slab and, between them, the large
 * byte fields as they were given. A slab is never written again where it was handed out. A piece pins its slab (16 KiB, or its
 * own size when larger): copy what is kept.
 */
export class Writer {
  /** Name of the field being written, for errors. */
  field = '';
  // Growing replaces the slab: reserve first, then name it.
  #slab: Buffer = NO_BYTES;
  /** Start of the piece being written and position of the next byte, in the slab. */
  #start = 0;
  #at = 0;
  #chunks: Uint8Array[] = [];
  #copyDepth = 0;

  /** Starts a message; what an earlier one left unfinished is dropped. */
  begin(): void {
    this.#chunks = [];
    this.#copyDepth = 0;
    this.#at = this.#start;
  }

  /** Ends the message: its bytes in order, in one chunk or more. */
  end(): Uint8Array[] {
    this.cut();
    const chunks = this.#chunks;
    this.#chunks = [];
    if (this.#slab.length > SLAB_SIZE) this.#drop();
    return chunks;
  }

  /** Ends a message that began with `int32(0)`: puts the size of the rest there. */
  endFrame(): Uint8Array[] {
    const chunks = this.end();
    const size = chunksSize(chunks) - 4;
    const first = chunks[0];
    if (first === undefined || first.length < 4 || size > 0x7fff_ffff) throw new Error('bug: no frame');
    Buffer.from(first.buffer, first.byteOffset, 4).writeInt32BE(size, 0);
    return chunks;
  }

  /** Throws for the current field: the caller gave a value that the protocol cannot carry, which is a bug. */
  fail(problem: string): never {
    throw new Error(`bug: ${this.field}: ${problem}`);
  }

  int8(value: number): void {
    const at = this.#reserve(1);
    this.#slab.writeInt8(value, at);
  }

  int16(value: number): void {
    const at = this.#reserve(2);
    this.#slab.writeInt16BE(value, at);
  }

  uint16(value: number): void {
    const at = this.#reserve(2);
    this.#slab.writeUInt16BE(value, at);
  }

  int32(value: number): void {
    const at = this.#reserve(4);
    this.#slab.writeInt32BE(value, at);
  }

  uint32(value: number): void {
    const at = this.#reserve(4);
    this.#slab.writeUInt32BE(value, at);
  }

  /** An int64 given as a safe integer or as a bigint. */
  int64(value: number | bigint): void {
    const at = this.#reserve(8);
    if (typeof value === 'bigint') {
      this.#slab.writeBigInt64BE(value, at);
      return;
    }
    if (!Number.isSafeInteger(value)) this.fail(`${value} is no safe integer`);
    writeInt64(this.#slab, at, value);
  }

  float64(value: number): void {
    const at = this.#reserve(8);
    this.#slab.writeDoubleBE(value, at);
  }

  /** An unsigned varint of at most 32 bits. */
  unsignedVarint(value: number): void {
    const at = this.#reserve(VARINT_SIZE_MAX);
    this.#at = this.#putVarint(at, value);
  }

  /** Writes a varint where there is room; gives the position behind it. */
  #putVarint(position: number, value: number): number {
    let at = position;
    let rest = value >>> 0;
    while (rest > 0x7f) {
      this.#slab[at] = (rest & 0x7f) | 0x80;
      at += 1;
      rest >>>= 7;
    }
    this.#slab[at] = rest;
    return at + 1;
  }

  /** A UUID given as 22 characters of base64url. */
  uuid(value: string): void {
    const at = this.#reserve(16);
    if (value === ZERO_UUID) {
      this.#slab.fill(0, at, at + 16);
    } else if (value.length !== 22 || this.#slab.write(value, at, 16, 'base64url') !== 16) {
      this.fail(`'${value}' is no UUID`);
    }
  }

  /** The length in front of text, bytes or array elements; null is the null length. */
  length(value: number | null, compact: boolean, oldForm: 'int16' | 'int32'): void {
    if (compact) this.unsignedVarint(value === null ? 0 : value + 1);
    else if (oldForm === 'int16') this.int16(value ?? -1);
    else this.int32(value ?? -1);
  }

  /** Text in UTF-8 with its length. */
  text(value: string, compact: boolean): void {
    if (value.length <= SHORT_TEXT_LENGTH_MAX && this.#shortText(value, compact)) return;
    const size = Buffer.byteLength(value);
    if (size > TEXT_SIZE_MAX) this.fail(`text of ${size} bytes`);
    this.length(size, compact, 'int16');
    const at = this.#reserve(size);
    this.#slab.write(value, at, size, 'utf8');
  }

  /** ASCII of a length that fits one byte; false, with nothing written, when the text is not so. */
  #shortText(value: string, compact: boolean): boolean {
    const length = value.length;
    const prefixSize = compact ? 1 : 2;
    const from = this.#reserve(prefixSize + length);
    const slab = this.#slab;
    let at = from + prefixSize;
    for (let index = 0; index < length; index += 1) {
      const unit = value.charCodeAt(index);
      if (unit > 0x7f) {
        this.#at = from;
        return false;
      }
      slab[at] = unit;
      at += 1;
    }
    if (compact) {
      slab[from] = length + 1;
    } else {
      slab[from] = 0;
      slab[from + 1] = length;
    }
    return true;
  }

  /** Bytes with their length: large ones are referenced, unless inside `sized`. */
  bytes(value: Chunks, compact: boolean): void {
    this.length(chunksSize(value), compact, 'int32');
    if (isList(value)) for (const chunk of value) this.raw(chunk);
    else this.raw(value);
  }

  /** Bytes without a length. */
  raw(chunk: Uint8Array): void {
    if (chunk.length < REFERENCE_SIZE_MIN || this.#copyDepth > 0) {
      const at = this.#reserve(chunk.length);
      this.#slab.set(chunk, at);
    } else {
      this.cut();
      this.#chunks.push(chunk);
    }
  }

  /** Until `endCopying`, all bytes are copied, so that the piece being written stays in one place. */
  beginCopying(): void {
    this.#copyDepth += 1;
  }

  endCopying(): void {
    this.#copyDepth -= 1;
  }

  /** Opens a part whose size as a varint stands in front of it; gives the mark for `endSized`. */
  beginSized(): number {
    this.beginCopying();
    this.#reserve(1);
    return this.#at - this.#start;
  }

  /** Closes the part that `beginSized` opened with this mark. */
  endSized(mark: number): void {
    this.endCopying();
    const size = this.#at - this.#start - mark;
    const extra = varintSize(size) - 1;
    if (extra > 0) {
      this.#reserve(extra);
      const body = this.#start + mark;
      this.#slab.copyWithin(body + extra, body, body + size);
    }
    this.#putVarint(this.#start + mark - 1, size);
  }

  /** Position of the next `size` bytes, which then belong to the message. */
  #reserve(size: number): number {
    if (size > this.#slab.length - this.#at) this.#grow(size);
    const at = this.#at;
    this.#at = at + size;
    return at;
  }

  #grow(size: number): void {
    const used = this.#at - this.#start;
    const slab = Buffer.alloc(Math.max(SLAB_SIZE, 2 * (used + size)));
    this.#slab.copy(slab, 0, this.#start, this.#at);
    this.#slab = slab;
    this.#start = 0;
    this.#at = used;
  }

  /** Ends the piece written so far, so that what follows does not move it when the slab grows. Not inside `sized`. */
  cut(): void {
    if (this.#at > this.#start) this.#chunks.push(this.#slab.subarray(this.#start, this.#at));
    this.#start = this.#at;
  }

  #drop(): void {
    this.#slab = NO_BYTES;
    this.#start = 0;
    this.#at = 0;
  }
}
