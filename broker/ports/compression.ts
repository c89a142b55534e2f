/** Codecs of record batches, as numbered in batch attributes: 0 none, 1 gzip, 2 snappy, 3 lz4, 4 zstd. */
export type CompressionCodec = 0 | 1 | 2 | 3 | 4;

/** Why nothing was decompressed: bytes that the codec can't read, or a result over the caller's limit. */
export type DecompressFault = 'malformed' | 'too-large';

/** Decompression and compression off the event loop. */
export interface Compression {
  /** Decompresses; never gives more than `sizeMax` bytes, nor holds much more of them. The callback is a loop input. */
  decompress(
    codec: CompressionCodec,
    bytes: Uint8Array,
    sizeMax: number,
    done: (result: Uint8Array | DecompressFault) => void,
  ): void;
  /**
   * Compresses in the format that Kafka clients read (xerial framing for snappy, frame format for lz4). `level` is the
   * codec's own (KIP-390); left out, or for a codec without levels, its default holds.
   */
  compress(codec: CompressionCodec, bytes: Uint8Array, done: (bytes: Uint8Array) => void, level?: number): void;
}
