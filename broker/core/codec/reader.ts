import { Buffer } from 'node:buffer';
import { readInt64 } from '../base/int64.ts';
import { DecodeError } from './decode-error.ts';
import { ARRAY_ELEMENT_COUNT_MAX, MESSAGE_ELEMENT_COUNT_MAX, TAGGED_FIELD_COUNT_MAX, TEXT_SIZE_MAX } from './limits.ts';

const ZERO_UUID = 'AAAAAAAAAAAAAAAAAAAAAA';
const VARINT_FIFTH_BYTE_MAX = 0x0f;

/**
 * A cursor over bytes[at, end) of one message. Every read checks the bounds first and throws `DecodeError` with the name of
 * the current field; nothing is allocated before its size is known to fit.
 */
export class Reader {
  readonly bytes: Buffer;
  /** Position of the next byte. */
  at: number;
  /** End of what may be read; narrowed while a tagged field is read. */
  end: number;
  /** Name of the field being read, for errors. */
  field: string;
  readonly #elementCountMax: number;
  #elementsLeft: number;

  /** `elementCountMax`: elements of all arrays together. */
  constructor(
    bytes: Uint8Array,
    start: number,
    end: number,
    field: string,
    elementCountMax = MESSAGE_ELEMENT_COUNT_MAX,
  ) {
    this.bytes = Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
    this.at = start;
    this.end = end;
    this.field = field;
    this.#elementCountMax = elementCountMax;
    this.#elementsLeft = elementCountMax;
    if (!(start >= 0 && start <= end && end <= bytes.length))
      this.fail(`no range [${start}, ${end}) in ${bytes.length} bytes`);
  }

  /** Bytes left. */
  get remaining(): number {
    return this.end - this.at;
  }

  /** Throws `DecodeError` for the current field. */
  fail(problem: string): never {
    throw new DecodeError(this.field, problem);
  }

  /** Position of the next `size` bytes, which the cursor then has passed. */
  take(size: number): number {
    const at = this.at;
    if (size > this.end - at) this.fail(`${size} bytes needed, ${this.end - at} left`);
    this.at = at + size;
    return at;
  }

  // Single bytes are read by index, a third cheaper than by method; `take` has checked that they are there.

  bool(): boolean {
    return this.bytes[this.take(1)] !== 0;
  }

  int8(): number {
    return ((this.bytes[this.take(1)] ?? 0) << 24) >> 24;
  }

  int16(): number {
    return this.bytes.readInt16BE(this.take(2));
  }

  uint16(): number {
    return this.bytes.readUInt16BE(this.take(2));
  }

  int32(): number {
    return this.bytes.readInt32BE(this.take(4));
  }

  uint32(): number {
    return this.bytes.readUInt32BE(this.take(4));
  }

  /** An int64 as a safe number; refused when it is none (SAFETY.md B5). */
  int64(): number {
    const value = readInt64(this.bytes, this.take(8));
    if (Number.isNaN(value)) this.fail('int64 beyond ±(2^53 − 1)');
    return value;
  }

  /** An int64 as a number when safe, else as a bigint. */
  wideInt64(): number | bigint {
    const at = this.take(8);
    const value = readInt64(this.bytes, at);
    return Number.isNaN(value) ? this.bytes.readBigInt64BE(at) : value;
  }

  float64(): number {
    return this.bytes.readDoubleBE(this.take(8));
  }

  /** An unsigned varint of at most 32 bits in at most 5 bytes. */
  unsignedVarint(): number {
    const first = this.bytes[this.take(1)] ?? 0;
    return first < 0x80 ? first : this.#longVarint(first & 0x7f);
  }

  #longVarint(low: number): number {
    let value = low;
    for (let shift = 7; shift < 28; shift += 7) {
      const byte = this.bytes[this.take(1)] ?? 0;
      value |= (byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
    const last = this.bytes[this.take(1)] ?? 0;
    if (last > VARINT_FIFTH_BYTE_MAX) this.fail('varint of more than 32 bits');
    return (value | (last << 28)) >>> 0;
  }

  /** A UUID as 22 characters of base64url. */
  uuid(): string {
    const at = this.take(16);
    const bytes = this.bytes;
    if (bytes.readInt32BE(at) === 0 && bytes.readInt32BE(at + 12) === 0) {
      if (bytes.readInt32BE(at + 4) === 0 && bytes.readInt32BE(at + 8) === 0) return ZERO_UUID;
    }
    return bytes.toString('base64url', at, at + 16);
  }

  /** Text in UTF-8; null for the null length. `compact` chooses the form of the length. */
  text(compact: boolean): string | null {
    const size = compact ? this.unsignedVarint() - 1 : this.int16();
    if (size < 0) return this.#absent(size);
    if (size > TEXT_SIZE_MAX) this.fail(`text of ${size} bytes`);
    const at = this.take(size);
    return size === 0 ? '' : this.bytes.toString('utf8', at, at + size);
  }

  /** A view of bytes; null for the null length. */
  view(compact: boolean): Uint8Array | null {
    const size = compact ? this.unsignedVarint() - 1 : this.int32();
    if (size < 0) return this.#absent(size);
    const at = this.take(size);
    return this.bytes.subarray(at, at + size);
  }

  /** How many elements an array has, each of at least `elementSizeMin` bytes; −1 for null. */
  count(compact: boolean, elementSizeMin: number): number {
    const count = compact ? this.unsignedVarint() - 1 : this.int32();
    if (count < 0) {
      this.#absent(count);
      return -1;
    }
    if (count > ARRAY_ELEMENT_COUNT_MAX || count * elementSizeMin > this.end - this.at)
      this.fail(`array of ${count} elements`);
    this.#elementsLeft -= count;
    if (this.#elementsLeft < 0) this.fail(`more than ${this.#elementCountMax} elements in one message`);
    return count;
  }

  /** How many tagged fields follow, each at least two bytes. */
  taggedCount(): number {
    const count = this.unsignedVarint();
    if (count > TAGGED_FIELD_COUNT_MAX || 2 * count > this.end - this.at) this.fail(`${count} tagged fields`);
    return count;
  }

  /** Passes a section of tagged fields. */
  skipTagged(): void {
    for (let left = this.taggedCount(); left > 0; left -= 1) {
      this.unsignedVarint();
      this.take(this.unsignedVarint());
    }
  }

  #absent(size: number): null {
    if (size !== -1) this.fail(`length ${size}`);
    return null;
  }
}
