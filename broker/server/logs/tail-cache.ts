import { Buffer } from 'node:buffer';
import { segmentIndexAt } from '../../core/log/recovery.ts';

/** What a chunk costs besides its bytes, measured: 350 bytes in the heap, the rest keeps its memory. */
const CHUNK_OVERHEAD_BYTES = 600;

/** Batches that were appended together. */
export interface TailChunk {
  readonly baseOffset: number;
  /** Offset after the last record. */
  readonly endOffset: number;
  readonly bytes: Buffer;
  /** Bytes of the log before this chunk, counted from an arbitrary point. */
  readonly bytesBefore: number;
}

const NO_BYTES = Buffer.alloc(0);

/** A chunk in the cache; without its bytes once it was dropped. */
interface Held extends TailChunk {
  readonly tail: LogTail;
  bytes: Buffer;
  dropped: boolean;
}

/**
 * Recently appended batches of all logs, within one budget: the oldest go first, whichever log they belong to. Serves
 * readers at the end of a log without the disk and without copying (B6).
 */
export class TailCache {
  readonly #budgetBytes: number;
  /** In order of append; those before `#first` are gone, others may be dropped. */
  #order: Held[] = [];
  #first = 0;
  #droppedCount = 0;
  #bytes = 0;

  constructor(budgetBytes: number) {
    this.#budgetBytes = budgetBytes;
  }

  /** Bytes held, with what each chunk costs besides. */
  get sizeInBytes(): number {
    return this.#bytes;
  }

  /** Chunks that are remembered, dropped ones included. */
  get chunkCount(): number {
    return this.#order.length;
  }

  /** A log's own part. */
  createTail(): LogTail {
    return new LogTail(this);
  }

  /** Used by LogTail only. */
  admit(chunk: Held, sizeInBytes: number): void {
    this.#order.push(chunk);
    this.#bytes += sizeInBytes + CHUNK_OVERHEAD_BYTES;
    while (this.#bytes > this.#budgetBytes && this.#first < this.#order.length) this.#evictOldest();
    if (this.#droppedCount <= 1024 || this.#droppedCount * 2 <= this.#order.length) return;
    this.#order = this.#order.filter(({ dropped }) => !dropped);
    this.#first = 0;
    this.#droppedCount = 0;
  }

  /** Used by LogTail only: the chunk is not wanted any more; its place in the order is taken out later. */
  drop(chunk: Held): void {
    if (chunk.dropped) return;
    this.#bytes -= chunk.bytes.length + CHUNK_OVERHEAD_BYTES;
    chunk.bytes = NO_BYTES;
    chunk.dropped = true;
    this.#droppedCount += 1;
  }

  #evictOldest(): void {
    const chunk = this.#order[this.#first];
    this.#first += 1;
    if (chunk === undefined || chunk.dropped) return;
    this.drop(chunk);
    chunk.tail.dropOldest();
  }
}

/** The cached end of one log: contiguous chunks up to its end. */
export class LogTail {
  readonly #cache: TailCache;
  #chunks: Held[] = [];
  #bases: number[] = [];
  #first = 0;

  constructor(cache: TailCache) {
    this.#cache = cache;
  }

  /** First cached offset; infinite when nothing is cached. */
  get startOffset(): number {
    return this.#chunks[this.#first]?.baseOffset ?? Number.POSITIVE_INFINITY;
  }

  /** Adds the newest chunk; it begins where the last one ended. */
  push(chunk: TailChunk): void {
    const { baseOffset, endOffset, bytesBefore, bytes } = chunk;
    const held: Held = { baseOffset, endOffset, bytesBefore, bytes, tail: this, dropped: false };
    this.#chunks.push(held);
    this.#bases.push(baseOffset);
    this.#cache.admit(held, bytes.length);
  }

  /** Used by the cache: its oldest chunk was evicted. */
  dropOldest(): void {
    this.#first += 1;
    if (this.#first > 64 && this.#first * 2 > this.#chunks.length) {
      this.#chunks = this.#chunks.slice(this.#first);
      this.#bases = this.#bases.slice(this.#first);
      this.#first = 0;
    }
  }

  /** Drops what ends at or below `offset`: the cleaner rewrote it. */
  dropBelow(offset: number): void {
    for (let chunk = this.#chunks[this.#first]; chunk !== undefined; chunk = this.#chunks[this.#first]) {
      if (chunk.endOffset > offset) return;
      this.#cache.drop(chunk);
      this.dropOldest();
    }
  }

  /** Drops everything: the log was cut. */
  clear(): void {
    for (let i = this.#first; i < this.#chunks.length; i++) {
      const chunk = this.#chunks[i];
      if (chunk !== undefined) this.#cache.drop(chunk);
    }
    this.#chunks = [];
    this.#bases = [];
    this.#first = 0;
  }

  /** Position for `chunkAt` of the chunk that holds `offset`; −1 when it is not cached. */
  find(offset: number): number {
    if (offset < this.startOffset) return -1;
    const index = segmentIndexAt(this.#bases, offset);
    const chunk = this.#chunks[index];
    return chunk !== undefined && offset < chunk.endOffset ? index : -1;
  }

  /** The chunk at a position that `find` gave, or one after it; null behind the last. */
  chunkAt(index: number): TailChunk | null {
    return this.#chunks[index] ?? null;
  }
}
