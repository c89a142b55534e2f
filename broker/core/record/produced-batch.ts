import type { Buffer } from 'node:buffer';
import type { Crc32c } from '../base/checksum.ts';
import * as batch from './batch.ts';
import {
  type BatchTimes,
  checkProduced,
  type Codec,
  judgeHeader,
  type ProduceContext,
  refuse,
  type Refused,
  RecordWalk,
} from './validate.ts';

/** Most bytes to which the records of one batch may decompress where the broker looks at them (D12). */
export const INSPECTED_BYTES_MAX = 64 * 1024 * 1024;
/** Records and headers that are walked in one turn of the loop: a few milliseconds. */
export const WALKED_PER_TURN = 50_000;

/**
 * What a produced batch needs next.
 * `ready`: append it, after `assignOffset`; times and CRC are set. `refused`: answer with the error.
 * `decompress`: hand the bytes to the codec and the outcome to `decompressed`. `walk`: call `walk` in a later turn.
 * `compress`: hand the bytes to the codec and the outcome to `compressed`.
 */
export type ProducedStep =
  | { readonly kind: 'ready'; readonly batch: Buffer; readonly logAppendTimeMs: number }
  | Refused
  | { readonly kind: 'decompress'; readonly codec: Codec; readonly bytes: Buffer; readonly sizeMax: number }
  | { readonly kind: 'walk' }
  | { readonly kind: 'compress'; readonly codec: Codec; readonly bytes: Buffer; readonly level: number | null };

/** A step after which the batch needs nothing more. */
export type ProducedVerdict = Extract<ProducedStep, { kind: 'ready' | 'refused' }>;

const WALK: ProducedStep = { kind: 'walk' };

/**
 * One batch on its way from a producer to the log (see DESIGN.md): checked, its records walked where the rules want them
 * seen, and stored in the topic's codec. What the producer sent stays as it is unless the codec changes.
 */
export class ProducedBatch {
  readonly #batch: Buffer;
  readonly #context: ProduceContext;
  readonly #crc32c: Crc32c;
  readonly #source: Codec;
  readonly #target: Codec;
  /** The records in the clear, once they are known. */
  #plain: Buffer | null = null;
  #walk: RecordWalk | null = null;
  #times: BatchTimes | null = null;

  /** `records` is the whole field of the request; its times and CRC are changed in place. */
  constructor(records: Buffer, context: ProduceContext, crc32c: Crc32c) {
    this.#batch = records;
    this.#context = context;
    this.#crc32c = crc32c;
    // What is too short or of an unknown codec is refused before either is used.
    this.#source = records.length < batch.HEADER_SIZE ? 0 : (batch.compressionCodec(records, 0) as Codec);
    this.#target = context.rules.targetCodec ?? this.#source;
  }

  /** The first step. */
  begin(): ProducedStep {
    const { rules } = this.#context;
    const bytes = this.#batch;
    const refused = checkProduced(bytes, rules, this.#crc32c);
    if (refused !== null) return refused;
    const payload = bytes.subarray(batch.HEADER_SIZE);
    if (this.#source === 0) return this.#see(payload);
    if (this.#target === this.#source && !rules.compacted && !rules.validateCompressed) {
      return this.#store(judgeHeader(bytes, this.#context));
    }
    return { kind: 'decompress', codec: this.#source, bytes: payload, sizeMax: this.#plainSizeMax() };
  }

  /** After `decompress`: the records, or why there are none. */
  decompressed(result: Uint8Array | 'malformed' | 'too-large'): ProducedStep {
    if (result === 'malformed') return refuse('INVALID_RECORD', 'the compressed records cannot be read');
    // Producers split a batch that is too large and send it again, where anything else would lose it.
    if (result === 'too-large') {
      return refuse('MESSAGE_TOO_LARGE', `the records take more than ${this.#plainSizeMax()} bytes decompressed`);
    }
    return this.#see(batch.bufferOf(result));
  }

  /** After `walk`. */
  walk(): ProducedStep {
    const verdict = this.#walk?.step(WALKED_PER_TURN) ?? null;
    return verdict === null ? WALK : this.#store(verdict);
  }

  /** After `compress`: the records in the topic's codec. */
  compressed(payload: Uint8Array): ProducedStep {
    const { rules } = this.#context;
    const size = batch.HEADER_SIZE + payload.length;
    if (size > rules.batchSizeMax) {
      return refuse(
        'MESSAGE_TOO_LARGE',
        `stored under compression.type the batch has ${size} bytes, max.message.bytes is ${rules.batchSizeMax}`,
      );
    }
    const times = this.#times ?? { maxTimestamp: batch.NO_TIMESTAMP, logAppendTime: false };
    const stored = batch.replaceRecords(this.#batch, 0, { ...times, payload, codec: this.#target }, this.#crc32c);
    return ready(stored, times);
  }

  /** Uncompressed records must fit into the topic's batch; otherwise there is one limit for all. */
  #plainSizeMax(): number {
    if (this.#target !== 0) return INSPECTED_BYTES_MAX;
    return Math.max(0, Math.min(INSPECTED_BYTES_MAX, this.#context.rules.batchSizeMax - batch.HEADER_SIZE));
  }

  #see(plain: Buffer): ProducedStep {
    this.#plain = plain;
    this.#walk = new RecordWalk(this.#batch, { plain, start: 0, end: plain.length }, this.#context);
    return this.walk();
  }

  #store(verdict: BatchTimes | Refused): ProducedStep {
    if (verdict.kind === 'refused') return verdict;
    this.#times = verdict;
    if (this.#target === this.#source || this.#plain === null) {
      batch.assignMaxTimestamp(this.#batch, 0, verdict, this.#crc32c);
      return ready(this.#batch, verdict);
    }
    if (this.#target === 0) return this.compressed(this.#plain);
    const level = this.#context.rules.targetLevel;
    return { kind: 'compress', codec: this.#target, bytes: this.#plain, level };
  }
}

function ready(bytes: Buffer, times: { maxTimestamp: number; logAppendTime: boolean }): ProducedStep {
  return { kind: 'ready', batch: bytes, logAppendTimeMs: times.logAppendTime ? times.maxTimestamp : -1 };
}
