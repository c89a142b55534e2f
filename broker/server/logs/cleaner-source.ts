import { Buffer } from 'node:buffer';
import { type Chain, chainFromBase, type ChainRules, checkLink } from '../../core/log/chain.ts';
import { RECOVERY_BATCH_SIZE_MAX } from '../../core/log/recovery.ts';
import * as batch from '../../core/record/batch.ts';
import { frameBatch } from '../../core/record/check.ts';
import type { DiskFile } from '../../ports/disk.ts';
import type { Task } from '../task.ts';
import { breathe, checksum, CleaningEnded, type CleanerJob, inflate, operate, perform } from './cleaner-job.ts';
import { WORK_PER_LOOK } from './cleaner-pace.ts';
import type { Segment } from './segment.ts';

const CODEC_LAST = 4;
const EMPTY = Buffer.alloc(0);

/** The plain records of a batch: a range of `buf`. */
export interface PlainRecords {
  readonly buf: Buffer;
  readonly start: number;
  readonly end: number;
}

/**
 * Reads the batches of one segment in order, each checked (a bad one ends the cleaning). The loop of a reader is
 * `while (source.advance() || (yield* source.fill()))`: only `fill` waits, also to let others have the loop after some
 * records and bytes. A reader that does more with a batch than to look at each record once has to look at the pace itself.
 */
export class BatchSource {
  readonly #job: CleanerJob;
  readonly #segment: Segment;
  readonly #file: DiskFile;
  readonly #fileSize: number;
  #buf: Buffer = EMPTY;
  /** Position of `#buf[0]` in the file. */
  #filePosition = 0;
  #nextPos = 0;
  /** What may be gone over before the next look at the clock. */
  #recordsLeft = WORK_PER_LOOK.records;
  #bytesLeft = WORK_PER_LOOK.bytes;
  readonly #chain: Chain;
  readonly #rules: ChainRules;
  #release: (() => void) | null = null;
  /** The batch that `advance` went to. */
  pos = 0;
  size = 0;

  constructor(job: CleanerJob, segment: Segment, file: DiskFile) {
    const { epochs, context } = job.body;
    this.#job = job;
    this.#segment = segment;
    this.#file = file;
    this.#fileSize = segment.writtenBytes;
    this.#chain = chainFromBase(segment.baseOffset, segment.isSparse);
    this.#rules = { crc32c: context.crc32c, epochAt: (offset) => epochs.epochAt(offset) };
  }

  get buf(): Buffer {
    return this.#buf;
  }

  /** The current batch is the segment's last. */
  get isLast(): boolean {
    return this.#filePosition + this.pos + this.size >= this.#fileSize;
  }

  /** Goes to the next batch, when it is read already and small, and no look at the clock is due. */
  advance(): boolean {
    if (this.#recordsLeft <= 0 || this.#bytesLeft <= 0) return false;
    const size = this.#nextSize();
    if (size === 0 || size > WORK_PER_LOOK.bytes) return false;
    this.#take(size, this.#rules);
    return true;
  }

  /** Goes to the next batch after what has to be waited for; false at the end of the segment. */
  *fill(): Task<boolean> {
    const size = this.#nextSize();
    if (size === 0) return (yield* this.#read()) && (this.advance() || (yield* this.fill()));
    yield* breathe(this.#job);
    this.#recordsLeft = WORK_PER_LOOK.records;
    this.#bytesLeft = WORK_PER_LOOK.bytes;
    if (this.advance()) return true;
    const crc = yield* checksum(this.#job, this.#buf, this.#nextPos + batch.CRC_START, this.#nextPos + size);
    this.#take(size, { ...this.#rules, crc32c: () => crc });
    return true;
  }

  /** Size of the next batch; 0 when it is not read to its end. */
  #nextSize(): number {
    const size = frameBatch(this.#buf, this.#nextPos, this.#buf.length);
    if (size === 'incomplete') return 0;
    if (typeof size === 'string') throw this.#damage(this.#nextPos, `bad batch: ${size}`);
    return size;
  }

  #take(size: number, rules: ChainRules): void {
    const pos = this.#nextPos;
    const fault = checkLink(this.#chain, this.#buf, pos, pos + size, rules);
    if (fault !== '') throw this.#damage(pos, fault);
    this.pos = pos;
    this.size = size;
    this.#nextPos = pos + size;
    this.#recordsLeft -= 1 + batch.recordCount(this.#buf, pos);
    this.#bytesLeft -= size;
  }

  /** Reads on, from the batch that is not there to its end; false at the end of the segment. */
  *#read(): Task<boolean> {
    const position = this.#filePosition + this.#nextPos;
    const left = this.#fileSize - position;
    if (left === 0) return false;
    const isKnown = this.#buf.length - this.#nextPos >= batch.HEADER_SIZE;
    const needBytes = isKnown ? batch.sizeInBytes(this.#buf, this.#nextPos) : batch.HEADER_SIZE;
    if (needBytes > left || needBytes > RECOVERY_BATCH_SIZE_MAX) {
      throw this.#damage(this.#nextPos, `a batch of ${needBytes} bytes where ${left} are left`);
    }
    const { config, pace, counts } = this.#job;
    const chunkBytes = Math.max(batch.HEADER_SIZE, Math.floor(config.ioBufferBytes / config.threads / 2));
    const length = Math.min(left, Math.max(needBytes, chunkBytes));
    const bytes = yield* operate<Uint8Array>(this.#job, (done) => this.#file.read(position, length, done));
    this.#buf = batch.bufferOf(bytes);
    this.#filePosition = position;
    this.#nextPos = 0;
    if (bytes.length < length) throw this.#damage(0, 'the file is shorter than its size');
    counts.bytesRead += length;
    yield* pace.spend(length);
    return true;
  }

  /**
   * The plain records of the current batch; null when it can't be looked into, because its codec fails or they are too
   * many bytes. To be let go: few batches are held decompressed at a time.
   */
  *records(): Task<PlainRecords | null> {
    const { pos, size } = this;
    const buf = this.#buf;
    const codec = batch.compressionCodec(buf, pos);
    const start = pos + batch.HEADER_SIZE;
    if (codec === 0) return { buf, start, end: pos + size };
    const { inspections } = this.#job.body.context;
    this.#release = yield* perform<() => void>(this.#job, (done) => inspections.acquire((held) => done(null, held)));
    const payload =
      codec > CODEC_LAST ? 'malformed' : yield* inflate(this.#job, codec, buf.subarray(start, pos + size));
    if (typeof payload === 'string') return null;
    return { buf: batch.bufferOf(payload), start: 0, end: payload.length };
  }

  /** The plain records of the current batch are not needed any more. */
  letGo(): void {
    this.#release?.();
    this.#release = null;
  }

  /** The error that ends a cleaning at the batch at `pos`. */
  #damage(pos: number, reason: string): CleaningEnded {
    return new CleaningEnded('damaged', `${this.#segment.path('log')} at ${this.#filePosition + pos}: ${reason}`);
  }

  /** The current batch's records are malformed. */
  malformed(): CleaningEnded {
    return this.#damage(this.pos, 'malformed records');
  }
}
