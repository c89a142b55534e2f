import { gzipSync, zstdCompressSync } from 'node:zlib';
import { createPrng, type Prng } from '../../broker/core/base/prng.ts';
import * as batch from '../../broker/core/record/batch.ts';
import { buildBatch, buildCompressedBatch, encodeRecords } from '../../broker/core/record/builder.ts';
import { crc32c } from '../../broker/io/crc32c.ts';

/** A batch of records that are compressed as producers do it, now and then with a codec that it does not name. */
function compressedBatch(prng: Prng, nowMs: number): Buffer {
  const plain = encodeRecords([{ key: null, value: Buffer.from(prng.bytes(prng.below(200))) }], nowMs);
  const codec = prng.chance(0.5) ? GZIP : ZSTD;
  const payload = codec === GZIP ? gzipSync(plain.bytes) : zstdCompressSync(plain.bytes);
  return buildCompressedBatch(plain, payload, { codec: prng.chance(0.9) ? codec : 1 + prng.below(4) }, crc32c);
}

/** A batch as a producer makes it at `nowMs`: one to five records, some with keys and headers. */
export function soundBatch(prng: Prng, nowMs: number): Buffer {
  const records = Array.from({ length: 1 + prng.below(5) }, (_, index) => ({
    key: prng.chance(0.5) ? Buffer.from(`k${index}`) : null,
    value: prng.chance(0.9) ? Buffer.from(prng.bytes(prng.below(60))) : null,
    headers: prng.chance(0.3) ? [{ key: 'h', value: Buffer.from('v') }] : [],
  }));
  return buildBatch(records, { timestamp: nowMs }, crc32c);
}

const GZIP = 1;
const ZSTD = 4;

/** Gives the batch the CRC of what it holds now: only what is inside it is wrong. */
function reseal(bytes: Buffer): Buffer {
  if (bytes.length >= batch.HEADER_SIZE) bytes.writeUInt32BE(crc32c(bytes, 21, bytes.length), 17);
  return bytes;
}

/** Puts a varint where the records begin: the length of the first. */
function withFirstLength(bytes: Buffer, varint: readonly number[]): Buffer {
  const start = batch.HEADER_SIZE;
  return Buffer.concat([bytes.subarray(0, start), Buffer.from(varint), bytes.subarray(start + 1)]);
}

type Spoil = (bytes: Buffer, prng: Prng, nowMs: number) => Buffer;

function setInt(at: number, size: 1 | 2 | 4, values: readonly number[]): Spoil {
  return (bytes, prng) => {
    bytes.writeIntBE(values[prng.below(values.length)] ?? 0, at, size);
    return bytes;
  };
}

const INT32_EDGES = [2 ** 31 - 1, -1, 0, 1, -(2 ** 31), 1_000_000];

/** Ways to spoil a batch whose CRC is right all the same. */
const SPOILS: Readonly<Record<string, Spoil>> = {
  'record count': setInt(57, 4, INT32_EDGES),
  'last offset delta': setInt(23, 4, INT32_EDGES),
  'base sequence': setInt(53, 4, INT32_EDGES),
  'producer epoch': setInt(51, 2, [-1, 0, 32_767, -32_768]),
  attributes: setInt(21, 2, [1, 2, 3, 4, 5, 6, 7, 8, 16, 32, 48, 64, 128, -1]),
  magic: setInt(16, 1, [0, 1, 3, -1, 127]),
  'batch length': setInt(8, 4, [...INT32_EDGES, 48, 49, 50]),
  'base offset': (bytes, prng) => {
    bytes.writeBigInt64BE([-1n, 2n ** 63n - 1n, 5n][prng.below(3)] ?? 0n, 0);
    return bytes;
  },
  'producer id': (bytes, prng) => {
    bytes.writeBigInt64BE([-2n, 2n ** 63n - 1n, 0n, 2n ** 53n + 1n][prng.below(4)] ?? 0n, 43);
    return bytes;
  },
  times: (bytes, prng) => {
    bytes.writeBigInt64BE([-2n, 2n ** 63n - 1n, -(2n ** 63n), 0n][prng.below(4)] ?? 0n, 27 + 8 * prng.below(2));
    return bytes;
  },
  'first record length': (bytes, prng) =>
    withFirstLength(
      bytes,
      [[0xfe, 0xff, 0xff, 0xff, 0x0f], [0xff, 0xff, 0xff, 0xff, 0xff, 0xff], [1], [0], [0x80, 0x80, 0x80]][
        prng.below(5)
      ] ?? [],
    ),
  'inner bytes': (bytes, prng) => {
    for (let left = 1 + prng.below(4); left > 0; left -= 1) {
      const at = batch.HEADER_SIZE + prng.below(Math.max(1, bytes.length - batch.HEADER_SIZE));
      bytes[at] = [0, 1, 0x7f, 0x80, 0xff, prng.below(256)][prng.below(6)] ?? 0;
    }
    return bytes;
  },
  'cut off': (bytes, prng) => bytes.subarray(0, prng.below(bytes.length)),
  'two batches': (bytes, prng, nowMs) => Buffer.concat([bytes, soundBatch(createPrng(prng.uint32()), nowMs)]),
  'bytes behind': (bytes, prng) => Buffer.concat([bytes, Buffer.from(prng.bytes(1 + prng.below(70)))]),
};

const NAMES = Object.keys(SPOILS);

/** A record batch that no producer would send, and what is wrong with it. In one of eight the CRC is wrong as well. */
export function hostileBatch(prng: Prng, nowMs: number): { readonly what: string; readonly bytes: Buffer } {
  const name = NAMES[prng.below(NAMES.length)] ?? '';
  const sound = prng.chance(0.8) ? soundBatch(prng, nowMs) : compressedBatch(prng, nowMs);
  const spoiledBytes = SPOILS[name]?.(sound, prng, nowMs) ?? Buffer.alloc(0);
  const bytes = Buffer.from(spoiledBytes);
  return { what: name, bytes: prng.chance(0.125) ? bytes : reseal(bytes) };
}
