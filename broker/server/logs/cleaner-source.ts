import { Buffer } from 'node:buffer';
import { type Chain, chainFromBase, type ChainRules, checkLink } from '../../core/log/chain.ts';
import { RECOVERY_BATCH_SIZE_MAX } from '../../core/log/recovery.ts';
import * as batch from '../../core/record/batch.ts';
import { frameBatch } from '../../core/record/check.ts';
import type { DiskFile } from '../../ports/disk.ts';
import type { Task } from '../task.ts';
import { CleaningEnded, type CleanerJob, inflate, operate } from './cleaner-job.ts';
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
 * `while (source.advance() || (yield* source.fill()))`: only `fill` waits.
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
  #needBytes = batch.HEADER_SIZE;
  readonly #chain: Chain;
  readonly #rules: ChainRules;
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

  /** Goes to the next batch, when it is read already. */
  advance(): boolean {
    const pos = this.#nextPos;
    const size = frameBatch(this.#buf, pos, this.#buf.length);
    if (size === 'incomplete') {
      const known = this.#buf.length - pos >= batch.HEADER_SIZE;
      this.#needBytes = known ? batch.sizeInBytes(this.#buf, pos) : batch.HEADER_SIZE;
      return false;
    }
    if (typeof size === 'string') throw this.#damage(pos, `bad batch: ${size}`);
    const fault = checkLink(this.#chain, this.#buf, pos, pos + size, this.#rules);
    if (fault !== '') throw this.#damage(pos, fault);
    this.pos = pos;
    this.size = size;
    this.#nextPos = pos + size;
    return true;
  }

  /** Reads on and goes to the next batch; false at the end of the segment. */
  *fill(): Task<boolean> {
    const position = this.#filePosition + this.#nextPos;
    const left = this.#fileSize - position;
    if (left === 0) return false;
    const needBytes = this.#needBytes;
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
    return this.advance() || (yield* this.fill());
  }

  /** The plain records of the current batch. */
  *records(): Task<PlainRecords> {
    const { pos, size } = this;
    const buf = this.#buf;
    const codec = batch.compressionCodec(buf, pos);
    const start = pos + batch.HEADER_SIZE;
    if (codec === 0) return { buf, start, end: pos + size };
    const payload =
      codec > CODEC_LAST ? 'malformed' : yield* inflate(this.#job, codec, buf.subarray(start, pos + size));
    if (typeof payload === 'string') throw this.#damage(pos, `the compressed records are ${payload}`);
    return { buf: batch.bufferOf(payload), start: 0, end: payload.length };
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
