import type { Buffer } from 'node:buffer';
import type { Crc32c } from '../base/checksum.ts';
import * as batch from './batch.ts';
import { frameBatch, SIZE_UP_TO_MAGIC } from './check.ts';
import { RecordCursor } from './cursor.ts';

/** At most this many records are reported one by one; a batch may hold 150,000 bad ones. */
export const RECORD_ERRORS_MAX = 1000;

/** What a topic and the request demand of a produced batch. Times in ms, sizes in bytes. */
export interface ProduceRules {
  /** Version of the produce request; zstd needs 7 (KIP-110). */
  readonly apiVersion: number;
  /** `max.message.bytes`: the largest batch, header included. */
  readonly batchSizeMax: number;
  /** `cleanup.policy` contains compact: every record needs a key. */
  readonly compacted: boolean;
  /** `message.timestamp.type` is LogAppendTime: the broker's time replaces the client's. */
  readonly logAppendTime: boolean;
  readonly timestampBeforeMaxMs: number;
  readonly timestampAfterMaxMs: number;
  /** Compressed records are walked like plain ones (D12, `weir.validate.compressed=full`). */
  readonly validateCompressed: boolean;
  /** `max.decompressed.message.bytes`: the largest record of a compressed batch, without its length field. */
  readonly recordSizeMax: number;
  /** `compression.type`: the codec of what is stored; null keeps the producer's. */
  readonly targetCodec: Codec | null;
  /** Level at which batches are compressed anew (KIP-390); null leaves it to the codec. */
  readonly targetLevel: number | null;
}

/** Codecs as batch attributes number them: 0 none, 1 gzip, 2 snappy, 3 lz4, 4 zstd. */
export type Codec = 0 | 1 | 2 | 3 | 4;

/** Names of the protocol's errors that refuse a batch; the table in core/protocol has their numbers. */
export type ProduceRefusal =
  | 'CORRUPT_MESSAGE'
  | 'MESSAGE_TOO_LARGE'
  | 'INVALID_TIMESTAMP'
  | 'UNSUPPORTED_COMPRESSION_TYPE'
  | 'INVALID_RECORD';

/** One record that broke a rule; the names of the produce response (KIP-467). `batchIndex` counts from 0. */
export interface RecordError {
  readonly batchIndex: number;
  readonly batchIndexErrorMessage: string;
}

/** The batch is not appended; the partition is answered with the error. */
export interface Refused {
  readonly kind: 'refused';
  readonly error: ProduceRefusal;
  readonly message: string;
  readonly recordErrors: readonly RecordError[];
  /** The field does not hold one batch of format 2: told before the log is looked at. */
  readonly unframed?: true;
}

/** The times with which a batch is appended: its largest timestamp in ms, and whether that is the broker's. */
export interface BatchTimes {
  readonly kind: 'valid';
  readonly maxTimestamp: number;
  readonly logAppendTime: boolean;
}

/** What is known besides the bytes: the topic's rules and the wall time, ms. */
export interface ProduceContext {
  readonly rules: ProduceRules;
  readonly nowMs: number;
}

const NO_RECORD_ERRORS: readonly RecordError[] = [];
const CODEC_LAST = 4;
const CODEC_ZSTD = 4;
const ZSTD_SINCE_VERSION = 7;

function refuseFrame(error: ProduceRefusal, message: string): Refused {
  return { ...refuse(error, message), unframed: true };
}

/** A refusal of the batch as a whole. */
export function refuse(error: ProduceRefusal, message: string): Refused {
  return { kind: 'refused', error, message, recordErrors: NO_RECORD_ERRORS };
}

/**
 * Checks header and CRC of the `records` field of one partition in a produce request, by the rules that Kafka has for
 * clients. The field holds exactly one batch: with more, or with bytes behind it, it is refused. Null when it is sound.
 */
export function checkProduced(buf: Buffer, rules: ProduceRules, crc32c: Crc32c): Refused | null {
  return checkFrame(buf, 0, buf.length, rules) ?? checkIntegrity(buf, 0, crc32c) ?? checkClientHeader(buf, 0);
}

function accept(maxTimestamp: number, { rules, nowMs }: ProduceContext): BatchTimes {
  const { logAppendTime } = rules;
  return { kind: 'valid', maxTimestamp: logAppendTime ? nowMs : maxTimestamp, logAppendTime };
}

function checkFrame(buf: Buffer, start: number, end: number, rules: ProduceRules): Refused | null {
  if (start === end) return refuseFrame('INVALID_RECORD', 'a partition of the request has no record batch');
  if (hasOldFormat(buf, start, end)) return refuseFrame('INVALID_RECORD', 'record batches must have format version 2');
  const size = frameBatch(buf, start, end);
  if (size === 'magic') return refuseFrame('CORRUPT_MESSAGE', 'the format version of the batch does not exist');
  if (size === 'length') return refuseFrame('CORRUPT_MESSAGE', 'the length of the batch is smaller than its header');
  if (typeof size === 'string') return refuseFrame('INVALID_RECORD', 'the record batch is cut off');
  if (start + size !== end)
    return refuseFrame('INVALID_RECORD', 'a partition takes exactly one record batch in a request');
  const codec = batch.compressionCodec(buf, start);
  if (codec > CODEC_LAST) return refuse('UNSUPPORTED_COMPRESSION_TYPE', `compression codec ${codec} is unknown`);
  if (codec === CODEC_ZSTD && rules.apiVersion < ZSTD_SINCE_VERSION) {
    return refuseFrame('UNSUPPORTED_COMPRESSION_TYPE', `zstd needs produce version ${ZSTD_SINCE_VERSION} or later`);
  }
  if (size > rules.batchSizeMax) {
    return refuse('MESSAGE_TOO_LARGE', `the batch has ${size} bytes, max.message.bytes is ${rules.batchSizeMax}`);
  }
  return null;
}

/** Message sets of formats 0 and 1 have another frame, but the version at the same place. */
function hasOldFormat(buf: Buffer, start: number, end: number): boolean {
  if (end - start < SIZE_UP_TO_MAGIC) return false;
  const magic = batch.magic(buf, start);
  return magic === 0 || magic === 1;
}

function checkIntegrity(buf: Buffer, pos: number, crc32c: Crc32c): Refused | null {
  const stored = batch.crc(buf, pos);
  const computed = batch.computeCrc(buf, pos, crc32c);
  if (stored === computed) return null;
  return refuse('CORRUPT_MESSAGE', `the batch's CRC is ${stored}, that of its bytes ${computed}`);
}

function checkClientHeader(buf: Buffer, pos: number): Refused | null {
  const count = batch.recordCount(buf, pos);
  const lastOffsetDelta = batch.lastOffsetDelta(buf, pos);
  if (batch.baseOffset(buf, pos) !== 0)
    return refuse('INVALID_RECORD', 'the base offset of a produced batch must be 0');
  if (count <= 0) return refuse('INVALID_RECORD', `the batch claims to have ${count} records`);
  if (lastOffsetDelta !== count - 1) {
    return refuse('INVALID_RECORD', `${count} records do not end at offset delta ${lastOffsetDelta}`);
  }
  if (batch.isControl(buf, pos)) return refuse('INVALID_RECORD', 'clients may not write control records');
  if (batch.hasDeleteHorizon(buf, pos)) return refuse('INVALID_RECORD', 'clients may not set a delete horizon');
  if (batch.isLogAppendTime(buf, pos)) {
    return refuse('INVALID_TIMESTAMP', 'clients may not set the timestamp type LogAppendTime');
  }
  if (Number.isNaN(batch.baseTimestamp(buf, pos)) || Number.isNaN(batch.maxTimestamp(buf, pos))) {
    return refuse('INVALID_TIMESTAMP', 'a timestamp exceeds 2^53');
  }
  return checkProducerFields(buf, pos);
}

function checkProducerFields(buf: Buffer, pos: number): Refused | null {
  const producerId = batch.producerId(buf, pos);
  if (Number.isNaN(producerId)) return refuse('INVALID_RECORD', 'the producer id exceeds 2^53');
  if (producerId < 0) {
    return batch.isTransactional(buf, pos)
      ? refuse('INVALID_RECORD', 'a transactional batch needs a producer id')
      : null;
  }
  const epoch = batch.producerEpoch(buf, pos);
  const sequence = batch.baseSequence(buf, pos);
  if (epoch >= 0 && sequence >= 0) return null;
  return refuse('INVALID_RECORD', `producer ${producerId} sent epoch ${epoch} with sequence ${sequence}`);
}

function isOutOfRange(timestamp: number, rules: ProduceRules, nowMs: number): boolean {
  if (timestamp === batch.NO_TIMESTAMP) return false;
  const ageMs = nowMs - timestamp;
  return ageMs > rules.timestampBeforeMaxMs || -ageMs > rules.timestampAfterMaxMs;
}

function rangeMessage(timestamp: number, rules: ProduceRules, nowMs: number): string {
  const { timestampBeforeMaxMs: before, timestampAfterMaxMs: after } = rules;
  return `timestamp ${timestamp} is outside [now − ${before} ms, now + ${after} ms], now is ${nowMs}`;
}

/** Judges a compressed batch by the times in its header, the first record's and the largest: its records stay unseen. */
export function judgeHeader(buf: Buffer, context: ProduceContext): BatchTimes | Refused {
  const { rules, nowMs } = context;
  const maxTimestamp = batch.maxTimestamp(buf, 0);
  for (const timestamp of rules.logAppendTime ? [] : [batch.baseTimestamp(buf, 0), maxTimestamp]) {
    if (isOutOfRange(timestamp, rules, nowMs)) {
      return refuse('INVALID_TIMESTAMP', rangeMessage(timestamp, rules, nowMs));
    }
  }
  return accept(maxTimestamp, context);
}

/** Records that broke a rule of the topic, gathered in one walk. */
interface Findings {
  readonly errors: RecordError[];
  count: number;
  timestamps: number;
}

function note(found: Findings, batchIndex: number, batchIndexErrorMessage: string): void {
  found.count++;
  if (found.errors.length < RECORD_ERRORS_MAX) found.errors.push({ batchIndex, batchIndexErrorMessage });
}

/** Walks the plain records of one batch under the topic's rules, in as many steps as the caller's turns need. */
export class RecordWalk {
  readonly #context: ProduceContext;
  readonly #cursor: RecordCursor;
  readonly #expected: number;
  readonly #baseTimestamp: number;
  readonly #found: Findings = { errors: [], count: 0, timestamps: 0 };
  readonly #isCompressed: boolean;
  #maxTimestamp: number = batch.NO_TIMESTAMP;
  #index = 0;

  /** `header` is the batch, whose header is checked; the records lie in `plain[start, end)`. */
  constructor(
    header: Buffer,
    records: { readonly plain: Buffer; readonly start: number; readonly end: number },
    context: ProduceContext,
  ) {
    this.#context = context;
    this.#expected = batch.recordCount(header, 0);
    this.#baseTimestamp = batch.baseTimestamp(header, 0);
    this.#isCompressed = batch.compressionCodec(header, 0) !== 0;
    this.#cursor = new RecordCursor().reset(records.plain, records.start, records.end);
  }

  /** Walks on over about `budget` records and headers of records; null when there are more. */
  step(budget: number): BatchTimes | Refused | null {
    const cursor = this.#cursor;
    for (let left = budget; left > 0; left -= 1 + cursor.headerCount) {
      if (!cursor.next()) return this.#end();
      const refused = this.#look();
      if (refused !== null) return refused;
    }
    return null;
  }

  /** Judges the record under the cursor; a refusal ends the walk. */
  #look(): Refused | null {
    const cursor = this.#cursor;
    const { rules, nowMs } = this.#context;
    const index = this.#index++;
    // More than the header says: the rest need not be seen.
    if (index >= this.#expected) return this.#miscounted('more');
    if (this.#isCompressed && cursor.bodySize > rules.recordSizeMax) {
      const limit = `max.decompressed.message.bytes is ${rules.recordSizeMax}`;
      return refuse('INVALID_RECORD', `record ${index} has ${cursor.bodySize} bytes decompressed, ${limit}`);
    }
    if (cursor.offsetDelta !== index) {
      return refuse('INVALID_RECORD', `record ${index} has offset delta ${cursor.offsetDelta}`);
    }
    const timestamp = this.#baseTimestamp + cursor.timestampDelta;
    if (!Number.isSafeInteger(timestamp)) {
      return refuse('INVALID_TIMESTAMP', `the time of record ${index} exceeds 2^53`);
    }
    if (timestamp > this.#maxTimestamp) this.#maxTimestamp = timestamp;
    const found = this.#found;
    if (rules.compacted && cursor.keyStart < 0) note(found, index, 'a compacted topic takes no record without a key');
    else if (!rules.logAppendTime && isOutOfRange(timestamp, rules, nowMs)) {
      found.timestamps++;
      note(found, index, rangeMessage(timestamp, rules, nowMs));
    }
    return null;
  }

  #end(): BatchTimes | Refused {
    const { problem } = this.#cursor;
    if (problem !== '') return refuse('INVALID_RECORD', `record ${this.#index} is malformed: ${problem}`);
    if (this.#index !== this.#expected) return this.#miscounted(String(this.#index));
    return this.#found.count === 0 ? accept(this.#maxTimestamp, this.#context) : refuseRecords(this.#found);
  }

  #miscounted(count: string): Refused {
    return refuse('INVALID_RECORD', `the batch has ${count} records, its header says ${this.#expected}`);
  }
}

function refuseRecords(found: Findings): Refused {
  const error = found.timestamps > 0 ? 'INVALID_TIMESTAMP' : 'INVALID_RECORD';
  const first = found.errors[0];
  const message = `${found.count} records were refused; record ${first?.batchIndex}: ${first?.batchIndexErrorMessage}`;
  return { kind: 'refused', error, message, recordErrors: found.errors };
}
