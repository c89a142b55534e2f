import * as batch from '../../core/record/batch.ts';
import { type ReadRecord, readRecords } from '../../core/record/iterate.ts';
import type { Compression, CompressionCodec } from '../../ports/compression.ts';
import type { Partition } from '../partitions/partition.ts';
import { indexBatches } from './read-batches.ts';

/** Keys and values of records by their offset; what is not in it could not be read. */
export type Copies = ReadonlyMap<number, Pick<ReadRecord, 'key' | 'value'>>;

/** Read at once; one batch may be larger. */
const READ_BYTES_MAX = 1024 * 1024;
/** Opened batches held at once; one may be larger. */
const HELD_BYTES_MAX = 4 * 1024 * 1024;
const NOT_COMPRESSED = 0;

/** What is to be copied, and with what. */
export interface CopyRequest {
  readonly source: Pick<Partition, 'read'>;
  /** At least one, in order. */
  readonly offsets: readonly number[];
  readonly compression: Pick<Compression, 'decompress'>;
  /** What a batch may be decompressed, in bytes. */
  readonly payloadSizeMax: number;
}

/**
 * Reads records by their offsets as far as one read and the memory for it go: `done` gets them, and the offset that it came to.
 * Nothing comes of those below that offset which are not among the copies.
 */
export function readCopies(request: CopyRequest, done: (copies: Copies, endOffset: number) => void): void {
  const [first = 0] = request.offsets;
  const options = { fetchOffset: first, maxBytes: READ_BYTES_MAX, minOneBatch: true, isolationLevel: 0 } as const;
  request.source.read({ ...options, currentLeaderEpoch: -1 }, ({ chunks, nextOffset }) => {
    // Where nothing is to be read, nothing will be.
    const endOffset = nextOffset > first ? nextOffset : Number.POSITIVE_INFINITY;
    new Copying(request, chunks, (copies, reached) => done(copies, Math.min(reached, endOffset))).open(0);
  });
}

/** One read on its way through its batches, one after the other. */
class Copying {
  readonly #request: CopyRequest;
  readonly #chunks: readonly Uint8Array[];
  readonly #places: readonly number[];
  readonly #done: (copies: Copies, reached: number) => void;
  readonly #copies = new Map<number, Pick<ReadRecord, 'key' | 'value'>>();
  #heldBytes = 0;

  constructor(request: CopyRequest, chunks: readonly Uint8Array[], done: (copies: Copies, reached: number) => void) {
    this.#request = request;
    this.#chunks = chunks;
    this.#places = indexBatches(chunks).places;
    this.#done = done;
  }

  /** Opens the batch at `index` and all behind it. */
  open(index: number): void {
    const { compression, offsets, payloadSizeMax } = this.#request;
    for (let at = index; ; at += 3) {
      const chunk = this.#chunks[this.#places[at] ?? -1];
      if (chunk === undefined) {
        this.#done(this.#copies, Number.POSITIVE_INFINITY);
        return;
      }
      const bytes = chunk.subarray(this.#places[at + 1], this.#places[at + 2]);
      const buf = batch.bufferOf(bytes);
      const [base, last] = [batch.baseOffset(buf, 0), batch.lastOffset(buf, 0)];
      if (batch.isControl(buf, 0) || !offsets.some((offset) => offset >= base && offset <= last)) continue;
      if (this.#heldBytes >= HELD_BYTES_MAX) {
        this.#done(this.#copies, base);
        return;
      }
      const codec = batch.compressionCodec(buf, 0);
      if (codec !== NOT_COMPRESSED) {
        // What the log holds was checked when it came: the codec is one of the five.
        const payload = bytes.subarray(batch.HEADER_SIZE);
        compression.decompress(codec as CompressionCodec, payload, payloadSizeMax, (result) => {
          if (typeof result !== 'string') this.#take(buf, result);
          this.open(at + 3);
        });
        return;
      }
      this.#take(buf, null);
    }
  }

  #take(buf: ReturnType<typeof batch.bufferOf>, payload: Uint8Array | null): void {
    this.#heldBytes += payload?.length ?? buf.length;
    const wanted = new Set(this.#request.offsets);
    for (const { offset, key, value } of readRecords(buf, 0, payload) ?? [])
      if (wanted.has(offset)) this.#copies.set(offset, { key, value });
  }
}
