import { promisify } from 'node:util';
import zlib from 'node:zlib';
import type { Compression, CompressionCodec } from '../../ports/compression.ts';
import { compressLz4, decompressLz4 } from './lz4.ts';
import { compressSnappy, decompressSnappy } from './snappy.ts';

/** zlib works chunk by chunk, each a trip to its thread; the default of 16 KiB makes 64 trips for a batch of 1 MiB. */
const CHUNK_SIZE_BYTES = 128 * 1024;

const gzip = promisify<Uint8Array, zlib.ZlibOptions, Uint8Array>(zlib.gzip);
const gunzip = promisify<Uint8Array, zlib.ZlibOptions, Uint8Array>(zlib.gunzip);
const zstdCompress = promisify<Uint8Array, zlib.ZstdOptions, Uint8Array>(zlib.zstdCompress);
const zstdDecompress = promisify<Uint8Array, zlib.ZstdOptions, Uint8Array>(zlib.zstdDecompress);

type Codec = {
  decompress(bytes: Uint8Array, sizeMax: number): Promise<Uint8Array | null>;
  compress(bytes: Uint8Array): Promise<Uint8Array>;
};

const limits = (sizeMax: number): zlib.ZlibOptions & zlib.ZstdOptions => ({
  chunkSize: CHUNK_SIZE_BYTES,
  // zlib wants at least 1; an empty result is within any limit.
  maxOutputLength: Math.max(1, sizeMax),
});

const CODECS: Readonly<Record<CompressionCodec, Codec>> = {
  0: {
    decompress: async (bytes, sizeMax) => (bytes.length > sizeMax ? null : bytes),
    compress: async (bytes) => bytes,
  },
  1: {
    decompress: (bytes, sizeMax) => gunzip(bytes, limits(sizeMax)).catch(() => null),
    compress: (bytes) => gzip(bytes, { chunkSize: CHUNK_SIZE_BYTES }),
  },
  2: { decompress: decompressSnappy, compress: compressSnappy },
  3: { decompress: decompressLz4, compress: compressLz4 },
  4: {
    decompress: (bytes, sizeMax) => zstdDecompress(bytes, limits(sizeMax)).catch(() => null),
    compress: (bytes) => zstdCompress(bytes, { chunkSize: CHUNK_SIZE_BYTES }),
  },
};

/**
 * The codecs, off the loop. At most `jobsMax` (≥ 1; B6 allows 2) run at a time, the others wait in order; callers bound
 * their number by the requests they let in. Each completion is handed to `post` as an input of the event loop. Input
 * bytes must not change until then.
 */
export function createCompression(options: {
  readonly post: (input: () => void) => void;
  readonly jobsMax?: number;
}): Compression {
  const { post, jobsMax = 2 } = options;
  const waiting: (() => Promise<void>)[] = [];
  let running = 0;

  const startNext = (): void => {
    while (running < jobsMax) {
      const job = waiting.shift();
      if (job === undefined) return;
      running++;
      // A job never rejects except by a bug in it: then the error ends the process as an unhandled rejection.
      void job().finally(() => {
        running--;
        startNext();
      });
    }
  };
  const enqueue = <T>(work: () => Promise<T>, done: (result: T) => void): void => {
    waiting.push(async () => {
      const result = await work();
      post(() => done(result));
    });
    startNext();
  };

  return {
    decompress: (codec, bytes, sizeMax, done) => enqueue(() => CODECS[codec].decompress(bytes, sizeMax), done),
    compress: (codec, bytes, done) => enqueue(() => CODECS[codec].compress(bytes), done),
  };
}
