import { Buffer } from 'node:buffer';

const SEED = 0x9747_b28c;
const M = 0x5bd1_e995;
const R = 24;

/** Murmur2 as Kafka's clients compute it, so that every client sends a key to the same partition. An int32. */
export function murmur2(bytes: Uint8Array): number {
  const buf = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const { length } = buf;
  let h = SEED ^ length;
  let pos = 0;
  for (; pos + 4 <= length; pos += 4) {
    let k = Math.imul(buf.readInt32LE(pos), M);
    k = Math.imul(k ^ (k >>> R), M);
    h = Math.imul(h, M) ^ k;
  }
  const rest = length - pos;
  if (rest > 2) h ^= buf.readUInt8(pos + 2) << 16;
  if (rest > 1) h ^= buf.readUInt8(pos + 1) << 8;
  if (rest > 0) h = Math.imul(h ^ buf.readUInt8(pos), M);
  h = Math.imul(h ^ (h >>> 13), M);
  return h ^ (h >>> 15);
}

/** The partition of a key, in [0, partitionCount). */
export function partitionForKey(key: Uint8Array, partitionCount: number): number {
  return (murmur2(key) & 0x7fff_ffff) % partitionCount;
}
