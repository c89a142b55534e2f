import { Buffer } from 'node:buffer';
import type { DecompressFault } from '../../ports/compression.ts';

/** What snappy-java writes before its blocks: magic, version 1, compatible with 1. Kafka's clients read and write it. */
const XERIAL_HEADER = Buffer.from('82534e4150505900' + '00000001' + '00000001', 'hex');
const MAGIC_SIZE = 8;
const LENGTH_SIZE = 4;
/** A copy of 64 bytes takes 3: no honest block grows by more. A larger claim is refused before anything is allocated. */
const GROWTH_MAX = 22;
/** Each block is a trip to a thread. Writers make blocks of 32 KiB, at least 1 KiB: this many are 64 MiB of the latter. */
const BLOCK_COUNT_MAX = 65_536;

// Loaded at the first use: most brokers never see snappy, and start-up and memory are promises.
const loadSnappy = (): Promise<typeof import('snappy')> => import('snappy');

/** The decompressed size that a raw block in `buf[start, end)` claims, or −1 when it cannot be true. */
function claimedSize(buf: Buffer, start: number, end: number): number {
  let size = 0;
  let scale = 1;
  for (let pos = start; pos < end && pos < start + 5; pos++) {
    const byte = buf[pos] ?? 0;
    size += (byte & 0x7f) * scale;
    scale *= 128;
    if (byte < 0x80) return size <= (end - start) * GROWTH_MAX ? size : -1;
  }
  return -1;
}

/** Ranges of the raw blocks: one for plain snappy (as librdkafka sends it), several inside xerial framing. */
function findBlocks(buf: Buffer): { start: number; end: number }[] | null {
  if (!buf.subarray(0, MAGIC_SIZE).equals(XERIAL_HEADER.subarray(0, MAGIC_SIZE))) {
    return [{ start: 0, end: buf.length }];
  }
  const blocks: { start: number; end: number }[] = [];
  let pos = XERIAL_HEADER.length;
  while (pos < buf.length) {
    if (buf.length - pos < LENGTH_SIZE) return null;
    const start = pos + LENGTH_SIZE;
    const end = start + buf.readInt32BE(pos);
    if (end <= start || end > buf.length || blocks.length === BLOCK_COUNT_MAX) return null;
    blocks.push({ start, end });
    pos = end;
  }
  return blocks.length > 0 ? blocks : null;
}

/** Decompresses raw snappy or xerial framing. No size is believed before it was held against what its block can hold. */
export async function decompressSnappy(bytes: Uint8Array, sizeMax: number): Promise<Uint8Array | DecompressFault> {
  const buf = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const blocks = findBlocks(buf);
  if (blocks === null) return 'malformed';
  let total = 0;
  for (const { start, end } of blocks) {
    const size = claimedSize(buf, start, end);
    if (size < 0) return 'malformed';
    total += size;
    if (total > sizeMax) return 'too-large';
  }
  const { uncompress } = await loadSnappy();
  const single = blocks.length === 1;
  const whole = single ? null : Buffer.allocUnsafe(total);
  let filled = 0;
  for (const { start, end } of blocks) {
    const part = await uncompress(buf.subarray(start, end), { asBuffer: true }).catch(() => null);
    if (part === null || typeof part === 'string') return 'malformed';
    if (whole === null) return part;
    // Each block has the size that it claims, or the codec has refused it.
    whole.set(part, filled);
    filled += part.length;
  }
  return whole !== null && filled === total ? whole : 'malformed';
}

/** Compresses as one block in xerial framing. */
export async function compressSnappy(bytes: Uint8Array): Promise<Uint8Array> {
  const { compress } = await loadSnappy();
  const block = await compress(bytes);
  const length = Buffer.alloc(LENGTH_SIZE);
  length.writeInt32BE(block.length);
  return Buffer.concat([XERIAL_HEADER, length, block]);
}
