import { promisify } from 'node:util';
import zlib from 'node:zlib';
import type { Compression, CompressionCodec, DecompressFault } from '../../ports/compression.ts';
import { compressLz4, decompressLz4 } from './lz4.ts';
import { compressSnappy, decompressSnappy } from './snappy.ts';

/** zlib works chunk by chunk, each a trip to its thread; the default of 16 KiB makes 64 trips for a batch of 1 MiB. */
const CHUNK_SIZE_BYTES = 128 * 1024;

const gzip = promisify<Uint8Array, zlib.ZlibOptions, Uint8Array>(zlib.gzip);
const gunzip = promisify<Uint8Array, zlib.ZlibOptions, Uint8Array>(zlib.gunzip);
const zstdCompress = promisify<Uint8Array, zlib.ZstdOptions, Uint8Array>(zlib.zstdCompress);

type Result = Uint8Array | DecompressFault;
type Codec = {
  decompress(bytes: Uint8Array, sizeMax: number): Promise<Result>;
  compress(bytes: Uint8Array, level: number | undefined): Promise<Uint8Array>;
};

const limits = (sizeMax: number): zlib.ZlibOptions & zlib.ZstdOptions => ({
  chunkSize: CHUNK_SIZE_BYTES,
  // zlib wants at least 1; an empty result is within any limit.
  maxOutputLength: Math.max(1, sizeMax),
});

const faultOf = (error: unknown): DecompressFault =>
  (error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE' ? 'too-large' : 'malformed';

/** Bytes behind the last whole frame are no error to zlib, but no records either: Kafka's readers stumble over them. */
async function zstdDecompress(bytes: Uint8Array, sizeMax: number): Promise<Result> {
  return new Promise((resolve) => {
    const done = (error: Error | null, result: unknown): void => {
      if (error !== null) {
        resolve(faultOf(error));
        return;
      }
      // With `info` zlib gives the engine too; its bytesWritten counts what the frames took.
      const { buffer, engine } = result as { buffer: Uint8Array; engine: { bytesWritten: number } };
      resolve(engine.bytesWritten === bytes.length ? buffer : 'malformed');
    };
    zlib.zstdDecompress(bytes, { ...limits(sizeMax), info: true }, done);
  });
}

const zstdOptions = (level: number | undefined): zlib.ZstdOptions => ({
  chunkSize: CHUNK_SIZE_BYTES,
  ...(level === undefined ? {} : { params: { [zlib.constants.ZSTD_c_compressionLevel]: level } }),
});

const CODECS: Readonly<Record<CompressionCodec, Codec>> = {
  0: {
    decompress: async (bytes, sizeMax) => (bytes.length > sizeMax ? 'too-large' : bytes),
    compress: async (bytes) => bytes,
  },
  1: {
    decompress: (bytes, sizeMax) => gunzip(bytes, limits(sizeMax)).catch(faultOf),
    compress: (bytes, level) => gzip(bytes, { chunkSize: CHUNK_SIZE_BYTES, ...(level === undefined ? {} : { level }) }),
  },
  2: { decompress: decompressSnappy, compress: compressSnappy },
  3: { decompress: decompressLz4, compress: compressLz4 },
  4: {
    decompress: zstdDecompress,
    compress: (bytes, level) => zstdCompress(bytes, zstdOptions(level)),
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
    compress: (codec, bytes, done, level) => enqueue(() => CODECS[codec].compress(bytes, level), done),
  };
}
