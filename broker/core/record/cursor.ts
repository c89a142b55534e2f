import { Buffer } from 'node:buffer';

const EMPTY = Buffer.alloc(0);
/** More headers than this in one record are malformed: they are walked in one go, and a loop turn is short. */
const HEADER_COUNT_MAX = 1_000_000;

/** Why a walk stopped before the end; '' when it did not. */
export type RecordProblem =
  | ''
  | 'varint is cut off'
  | 'varint is too long'
  | 'number is out of range'
  | 'record length is out of range'
  | 'field length is out of range'
  | 'header count is out of range'
  | 'record length does not match its fields';

/**
 * Walks records of format v2 in uncompressed bytes, one after the other, without an object per record: the fields of
 * the current record are numbers of this one object. Keys and values are ranges of `buf`, null ones begin at −1.
 * Nothing outside `[start, end)` is read, whatever the bytes say.
 */
export class RecordCursor {
  /** The bytes that the ranges point into. */
  buf: Buffer = EMPTY;
  /** First byte of the current record (its length field) and first byte behind it. */
  recordStart = 0;
  recordEnd = 0;
  /** Bytes behind the length field, as it says. */
  bodySize = 0;
  /** Offset of the record minus the batch's base offset. */
  offsetDelta = 0;
  /** Timestamp of the record minus the batch's base timestamp, ms; exact. */
  timestampDelta = 0;
  keyStart = -1;
  keyEnd = -1;
  valueStart = -1;
  valueEnd = -1;
  headerCount = 0;
  headersStart = 0;
  /** Key and value range of the header last read by `nextHeader`. */
  headerKeyStart = 0;
  headerKeyEnd = 0;
  headerValueStart = -1;
  headerValueEnd = -1;
  problem: RecordProblem = '';
  #position = 0;
  #end = 0;
  #limit = 0;
  #headersLeft = 0;
  #headerPosition = 0;

  /** Begins before the first record in `buf[start, end)`. */
  reset(buf: Buffer, start: number, end: number): this {
    this.buf = buf;
    this.problem = '';
    this.recordEnd = start;
    this.#end = end;
    return this;
  }

  /** Goes to the next record. False at the end or when the bytes are malformed; `problem` tells which. */
  next(): boolean {
    this.#position = this.recordEnd;
    this.#limit = this.#end;
    if (this.#position >= this.#end || this.problem !== '') return false;
    this.recordStart = this.#position;
    const length = this.#varint();
    if (this.problem !== '') return false;
    if (length < 0 || length > this.#end - this.#position) return this.#fail('record length is out of range');
    this.bodySize = length;
    this.recordEnd = this.#position + length;
    this.#limit = this.recordEnd;
    this.#position += 1; // attributes: no bit is assigned
    this.timestampDelta = this.#varlong();
    this.offsetDelta = this.#varint();
    this.keyStart = this.#range();
    this.keyEnd = this.keyStart < 0 ? -1 : this.#position;
    this.valueStart = this.#range();
    this.valueEnd = this.valueStart < 0 ? -1 : this.#position;
    return this.#skipHeaders();
  }

  /** Goes to the next header of the current record, whose headers `next` has checked. False after the last. */
  nextHeader(): boolean {
    if (this.#headersLeft === 0) return false;
    this.#headersLeft--;
    this.#position = this.#headerPosition;
    this.#limit = this.recordEnd;
    this.#header();
    this.#headerPosition = this.#position;
    return true;
  }

  #skipHeaders(): boolean {
    const count = this.#varint();
    if (this.problem !== '') return false;
    // A header takes two bytes at least, so this bounds the loop by the record's size.
    if (count < 0 || count > HEADER_COUNT_MAX || count * 2 > this.#limit - this.#position)
      return this.#fail('header count is out of range');
    this.headerCount = count;
    this.headersStart = this.#position;
    for (let i = 0; i < count && this.problem === ''; i++) this.#header();
    if (this.problem !== '') return false;
    if (this.#position !== this.recordEnd) return this.#fail('record length does not match its fields');
    this.#headersLeft = count;
    this.#headerPosition = this.headersStart;
    return true;
  }

  #header(): void {
    this.headerKeyStart = this.#range();
    this.headerKeyEnd = this.#position;
    if (this.headerKeyStart < 0) this.#fail('field length is out of range');
    this.headerValueStart = this.#range();
    this.headerValueEnd = this.headerValueStart < 0 ? -1 : this.#position;
  }

  /** Reads a length and skips that many bytes; gives where they start, −1 for null. */
  #range(): number {
    const length = this.#varint();
    if (this.problem !== '' || length === -1) return -1;
    if (length < 0 || length > this.#limit - this.#position) {
      this.#fail('field length is out of range');
      return -1;
    }
    const start = this.#position;
    this.#position += length;
    return start;
  }

  #fail(problem: RecordProblem): false {
    if (this.problem === '') this.problem = problem;
    return false;
  }

  /** A zigzag int32 of one to five bytes; 0 with `problem` set when there is none. */
  #varint(): number {
    const { buf } = this;
    const limit = this.#limit;
    let position = this.#position;
    let raw = 0;
    for (let shift = 0; shift <= 28; shift += 7) {
      if (position >= limit) {
        this.#fail('varint is cut off');
        return 0;
      }
      const byte = buf[position++] ?? 0;
      raw |= (byte & 0x7f) << shift;
      if (byte < 0x80) {
        this.#position = position;
        if (shift === 28 && byte > 0x0f) this.#fail('number is out of range');
        return (raw >>> 1) ^ -(raw & 1);
      }
    }
    this.#fail('varint is too long');
    return 0;
  }

  /** A zigzag int64 of one to ten bytes, exact: past ±2^52 it is refused (B5). */
  #varlong(): number {
    let raw = 0;
    let scale = 1;
    for (let count = 0; count < 10; count++) {
      if (this.#position >= this.#limit) {
        this.#fail('varint is cut off');
        return 0;
      }
      const byte = this.buf[this.#position++] ?? 0;
      raw += (byte & 0x7f) * scale;
      scale *= 128;
      if (byte < 0x80) {
        if (raw > Number.MAX_SAFE_INTEGER) this.#fail('number is out of range');
        return raw % 2 === 0 ? raw / 2 : -(raw + 1) / 2;
      }
    }
    this.#fail('varint is too long');
    return 0;
  }
}

/** Bytes that a zigzag varint of `value` takes; `value` is within ±2^52 (above int32 it is a varlong). */
export function varintSize(value: number): number {
  let raw = value >= 0 ? value * 2 : -value * 2 - 1;
  let size = 1;
  while (raw >= 128) {
    raw = Math.floor(raw / 128);
    size++;
  }
  return size;
}

/** Writes a zigzag varint of `value` (within ±2^52) at `pos`; gives the position behind it. */
export function writeVarint(buf: Buffer, pos: number, value: number): number {
  let raw = value >= 0 ? value * 2 : -value * 2 - 1;
  let position = pos;
  while (raw >= 128) {
    buf[position++] = (raw % 128) + 128;
    raw = Math.floor(raw / 128);
  }
  buf[position++] = raw;
  return position;
}
