import { Buffer } from 'node:buffer';
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { DecompressFault } from '../../ports/compression.ts';

const FRAME_MAGIC = 0x184d_2204;
const VERSION_1 = 0x40;
const FLAG = {
  version: 0xc0,
  independent: 0x20,
  blockChecksum: 0x10,
  contentSize: 0x08,
  contentChecksum: 0x04,
  reserved: 0x02,
  dict: 0x01,
};
const STORED_BLOCK = 0x8000_0000;
const MATCH_MIN = 4;
const EXTENDED = 15;
/** Largest block by the code in the frame's header: 4 is 64 KiB, each further one four times as much. */
const BLOCK_CODE = { min: 4, max: 7 };
/** Steps of counting between two turns of the event loop: below a millisecond. */
const STEPS_PER_TURN = 50_000;

// Loaded at the first use: most brokers never see lz4, and start-up and memory are promises.
const loadLz4 = (): Promise<typeof import('lz4-napi')> => import('lz4-napi');

/** What the header of a frame says. */
interface Header {
  readonly sizeInBytes: number;
  readonly blockSizeMax: number;
  readonly blockChecksumSize: number;
  readonly contentChecksumSize: number;
}

/**
 * The frame's header, or null when `buf` does not begin with a frame that Kafka's clients read: version 1, independent
 * blocks, no dictionary. The native code checks the header's checksum.
 */
function readHeader(buf: Buffer): Header | null {
  if (buf.length < 7 || buf.readUInt32LE(0) !== FRAME_MAGIC) return null;
  const flags = buf.readUInt8(4);
  const descriptor = buf.readUInt8(5);
  const code = descriptor >>> 4;
  if ((flags & FLAG.version) !== VERSION_1 || (flags & (FLAG.reserved | FLAG.dict)) !== 0) return null;
  if ((flags & FLAG.independent) === 0) return null;
  if ((descriptor & 0x8f) !== 0 || code < BLOCK_CODE.min || code > BLOCK_CODE.max) return null;
  return {
    sizeInBytes: 7 + ((flags & FLAG.contentSize) === 0 ? 0 : 8),
    blockSizeMax: 1 << (8 + 2 * code),
    blockChecksumSize: (flags & FLAG.blockChecksum) === 0 ? 0 : 4,
    contentChecksumSize: (flags & FLAG.contentChecksum) === 0 ? 0 : 4,
  };
}

/**
 * Adds up what the blocks of a frame grow to without producing a byte: first by the largest size of a block, which
 * decides for every honest batch, and only past the limit by the lengths of its sequences. The native code has no limit
 * of its own. A walk over many steps gives the loop its turns.
 */
class FrameSize {
  readonly #buf: Buffer;
  readonly #sizeMax: number;
  #steps = 0;

  constructor(buf: Buffer, sizeMax: number) {
    this.#buf = buf;
    this.#sizeMax = sizeMax;
  }

  /** Null when the frame is one whole frame and stays within the limit. */
  async check(): Promise<DecompressFault | null> {
    const header = readHeader(this.#buf);
    if (header === null) return 'malformed';
    const bound = await this.#total(header, async () => header.blockSizeMax);
    if (bound !== 'too-large') return bound;
    return this.#total(header, (start, end) => this.#blockSize(start, end));
  }

  async #total(
    header: Header,
    sizeOf: (start: number, end: number) => Promise<number>,
  ): Promise<DecompressFault | null> {
    const buf = this.#buf;
    let pos = header.sizeInBytes;
    let total = 0;
    while (pos + 4 <= buf.length) {
      const field = buf.readUInt32LE(pos);
      pos += 4;
      if (field === 0) return pos + header.contentChecksumSize === buf.length ? null : 'malformed';
      const stored = field >= STORED_BLOCK;
      const end = pos + (stored ? field - STORED_BLOCK : field);
      if (end === pos || end - pos > header.blockSizeMax || end + header.blockChecksumSize > buf.length) {
        return 'malformed';
      }
      const size = stored ? end - pos : await sizeOf(pos, end);
      if (size < 0) return 'malformed';
      total += size;
      if (total > this.#sizeMax) return 'too-large';
      pos = end + header.blockChecksumSize;
      if (this.#isTurnOver()) await nextTurn();
    }
    return 'malformed';
  }

  /** Size of the block in `[start, end)`; −1 when its sequences lead past its end. Stops once the limit is passed. */
  async #blockSize(start: number, end: number): Promise<number> {
    const buf = this.#buf;
    let size = 0;
    let pos = start;
    while (pos < end && size <= this.#sizeMax) {
      const token = buf[pos++] ?? 0;
      let literals = token >>> 4;
      for (let more = literals === EXTENDED; more && pos < end; ) {
        const byte = buf[pos++] ?? 0;
        literals += byte;
        more = byte === 0xff && literals <= this.#sizeMax;
      }
      pos += literals;
      size += literals;
      if (pos === end) return size; // the last sequence has no match
      pos += 2;
      let match = token & 0x0f;
      for (let more = match === EXTENDED; more && pos < end; ) {
        const byte = buf[pos++] ?? 0;
        match += byte;
        more = byte === 0xff && match <= this.#sizeMax;
      }
      size += match + MATCH_MIN;
      if (this.#isTurnOver()) await nextTurn();
    }
    return size > this.#sizeMax ? size : -1;
  }

  #isTurnOver(): boolean {
    this.#steps += 1;
    return this.#steps % STEPS_PER_TURN === 0;
  }
}

/** Decompresses one lz4 frame. What it grows to is known before the native code allocates. */
export async function decompressLz4(bytes: Uint8Array, sizeMax: number): Promise<Uint8Array | DecompressFault> {
  const buf = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const fault = await new FrameSize(buf, sizeMax).check();
  if (fault !== null) return fault;
  const { decompressFrame } = await loadLz4();
  const plain = await decompressFrame(buf).catch(() => null);
  if (plain === null) return 'malformed';
  return plain.length > sizeMax ? 'too-large' : plain;
}

/** Compresses as one frame with independent blocks, the only kind that the Java client reads. The codec has one level. */
export async function compressLz4(bytes: Uint8Array): Promise<Uint8Array> {
  const { compressFrame } = await loadLz4();
  return compressFrame(bytes);
}
