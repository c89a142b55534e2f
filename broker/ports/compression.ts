/** Codecs of record batches, as numbered in batch attributes: 0 none, 1 gzip, 2 snappy, 3 lz4, 4 zstd. */
export type CompressionCodec = 0 | 1 | 2 | 3 | 4;

/** Decompression and compression off the event loop. */
export interface Compression {
  /** Decompresses; a result over `sizeMax` bytes or malformed input gives null. The callback is a loop input. */
  decompress(
    codec: CompressionCodec,
    bytes: Uint8Array,
    sizeMax: number,
    done: (bytes: Uint8Array | null) => void,
  ): void;
  /** Compresses in the format that Kafka clients read (xerial framing for snappy, frame format for lz4). */
  compress(codec: CompressionCodec, bytes: Uint8Array, done: (bytes: Uint8Array) => void): void;
}
