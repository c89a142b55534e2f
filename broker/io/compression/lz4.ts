import { Buffer } from 'node:buffer';

const FRAME_MAGIC = 0x184d_2204;
const VERSION_1 = 0x40;
const FLAG = { version: 0xc0, blockChecksum: 0x10, contentSize: 0x08, contentChecksum: 0x04, reserved: 0x02, dict: 1 };
const STORED_BLOCK = 0x8000_0000;
const MATCH_MIN = 4;
const EXTENDED = 15;

// Loaded at the first use: most brokers never see lz4, and start-up and memory are promises.
const loadLz4 = (): Promise<typeof import('lz4-napi')> => import('lz4-napi');

/**
 * Decompressed size of the lz4 block in `buf[start, end)`, found by adding up the lengths of its sequences without
 * producing a byte; −1 when they lead past the end of the block. Stops early once `sizeMax` is passed.
 */
function blockSize(buf: Buffer, start: number, end: number, sizeMax: number): number {
  let size = 0;
  let pos = start;
  while (pos < end && size <= sizeMax) {
    const token = buf[pos++] ?? 0;
    let literals = token >>> 4;
    for (let more = literals === EXTENDED; more && pos < end; ) {
      const byte = buf[pos++] ?? 0;
      literals += byte;
      more = byte === 0xff;
    }
    pos += literals;
    size += literals;
    if (pos === end) return size; // the last sequence has no match
    pos += 2;
    let match = token & 0x0f;
    for (let more = match === EXTENDED; more && pos < end; ) {
      const byte = buf[pos++] ?? 0;
      match += byte;
      more = byte === 0xff;
    }
    size += match + MATCH_MIN;
  }
  return size > sizeMax ? size : -1;
}

/** Bytes of the frame's header, or −1 when `buf` does not begin with a frame that Kafka's clients may send. */
function headerSize(buf: Buffer): number {
  if (buf.length < 7 || buf.readUInt32LE(0) !== FRAME_MAGIC) return -1;
  const flags = buf.readUInt8(4);
  if ((flags & FLAG.version) !== VERSION_1 || (flags & (FLAG.reserved | FLAG.dict)) !== 0) return -1;
  return 7 + ((flags & FLAG.contentSize) === 0 ? 0 : 8);
}

/** Decompressed size of the one frame that `buf` holds, −1 when it is malformed, any number over `sizeMax` when larger. */
function frameSize(buf: Buffer, sizeMax: number): number {
  const flags = buf.length > 4 ? buf.readUInt8(4) : 0;
  const checksumSize = (flags & FLAG.blockChecksum) === 0 ? 0 : 4;
  let pos = headerSize(buf);
  let total = 0;
  while (pos > 0 && pos + 4 <= buf.length) {
    const field = buf.readUInt32LE(pos);
    pos += 4;
    if (field === 0) return pos + ((flags & FLAG.contentChecksum) === 0 ? 0 : 4) === buf.length ? total : -1;
    const stored = field >= STORED_BLOCK;
    const end = pos + (stored ? field - STORED_BLOCK : field);
    if (end + checksumSize > buf.length) return -1;
    const size = stored ? end - pos : blockSize(buf, pos, end, sizeMax - total);
    if (size < 0) return -1;
    total += size;
    if (total > sizeMax) return total;
    pos = end + checksumSize;
  }
  return -1;
}

/**
 * Decompresses one lz4 frame; null when malformed or larger than `sizeMax` bytes. The size is known before the native
 * code, which has no limit of its own, allocates.
 */
export async function decompressLz4(bytes: Uint8Array, sizeMax: number): Promise<Uint8Array | null> {
  const buf = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const size = frameSize(buf, sizeMax);
  if (size < 0 || size > sizeMax) return null;
  const { decompressFrame } = await loadLz4();
  return decompressFrame(buf).catch(() => null);
}

/** Compresses as one frame with independent blocks, the only kind that the Java client reads. */
export async function compressLz4(bytes: Uint8Array): Promise<Uint8Array> {
  const { compressFrame } = await loadLz4();
  return compressFrame(bytes);
}
