import { gunzipSync, gzipSync, zstdCompressSync, zstdDecompressSync } from 'node:zlib';
import type { Compression, CompressionCodec, DecompressFault } from '../../broker/ports/compression.ts';
import { withCodecMemory } from './guard.ts';

const GZIP = 1;
const ZSTD = 4;
/** Longest that a codec takes, virtual ms: results come in another order than they were asked for. */
const LATENCY_MAX_MS = 5;

/**
 * The codecs that Node has, on virtual time; lz4 and snappy are bytes that nobody can read here, and nothing is compressed
 * with them.
 */
export function simCompression(
  schedule: (delayMs: number, callback: () => void) => void,
  below: (bound: number) => number,
): Compression {
  return {
    decompress: (codec, bytes, sizeMax, done) => {
      const result = decompressNow(codec, bytes, sizeMax);
      schedule(below(LATENCY_MAX_MS + 1), () => done(result));
    },
    compress: (codec, bytes, done) => {
      if (codec !== GZIP && codec !== ZSTD) throw new Error(`codec ${codec} is not simulated`);
      const result = withCodecMemory(() => Buffer.from(codec === GZIP ? gzipSync(bytes) : zstdCompressSync(bytes)));
      schedule(below(LATENCY_MAX_MS + 1), () => done(result));
    },
  };
}

/** The records at once; for those who only read. */
export function decompressNow(
  codec: CompressionCodec,
  bytes: Uint8Array,
  sizeMax: number,
): Uint8Array | DecompressFault {
  if (codec !== GZIP && codec !== ZSTD) return 'malformed';
  const options = { maxOutputLength: sizeMax };
  try {
    return withCodecMemory(() =>
      Buffer.from(codec === GZIP ? gunzipSync(bytes, options) : zstdDecompressSync(bytes, options)),
    );
  } catch (error) {
    const isTooLarge = error instanceof Error && 'code' in error && error.code === 'ERR_BUFFER_TOO_LARGE';
    return isTooLarge ? 'too-large' : 'malformed';
  }
}
