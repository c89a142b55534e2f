import type { Buffer } from 'node:buffer';
import type { Crc32c } from '../base/checksum.ts';
import * as batch from './batch.ts';
import { frameBatch } from './check.ts';
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
  /** `weir.validate.compressed=full`: compressed records are walked like plain ones. */
  readonly validateCompressed: boolean;
}

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

/**
 * What became of a produced batch.
 * `valid`: append it, after `assignMaxTimestamp` with these two values and `assignOffset`.
 * `decompress`: hand the codec `buf[start, end)`, then call `validatePayload` with the outcome.
 * `refused`: answer the partition with the error; nothing is appended.
 */
export type Validation =
  | { readonly kind: 'valid'; readonly maxTimestamp: number; readonly logAppendTime: boolean }
  | { readonly kind: 'decompress'; readonly codec: 1 | 2 | 3 | 4; readonly start: number; readonly end: number }
  | {
      readonly kind: 'refused';
      readonly error: ProduceRefusal;
      readonly message: string;
      readonly recordErrors: readonly RecordError[];
    };

type Refused = Extract<Validation, { kind: 'refused' }>;

const NO_RECORD_ERRORS: readonly RecordError[] = [];
const CODEC_LAST = 4;
const CODEC_ZSTD = 4;
const ZSTD_SINCE_VERSION = 7;

function refuse(error: ProduceRefusal, message: string): Refused {
  return { kind: 'refused', error, message, recordErrors: NO_RECORD_ERRORS };
}

/**
 * Checks the `records` field of one partition in a produce request, `buf[start, end)`, by the rules that Kafka has for
 * clients and D12. Only the header and the CRC of a compressed batch, unless its records must be seen. The bytes are
 * not changed. The field holds exactly one batch: with more, or with bytes behind it, it is refused.
 */
export function validateProduce(
  buf: Buffer,
  start: number,
  end: number,
  context: { readonly rules: ProduceRules; readonly nowMs: number; readonly crc32c: Crc32c },
): Validation {
  const { rules, nowMs } = context;
  const refused =
    checkFrame(buf, start, end, rules) ?? checkIntegrity(buf, start, context.crc32c) ?? checkClientHeader(buf, start);
  if (refused !== null) return refused;
  const codec = batch.compressionCodec(buf, start);
  const payloadStart = start + batch.HEADER_SIZE;
  if (codec === 0) return checkRecords({ buf, pos: start }, { buf, start: payloadStart, end }, rules, nowMs);
  if (rules.compacted || rules.validateCompressed) {
    // checkFrame let 1 to 4 pass.
    return { kind: 'decompress', codec: codec as 1 | 2 | 3 | 4, start: payloadStart, end };
  }
  return checkHeaderTimes(buf, start, rules, nowMs) ?? accept(batch.maxTimestamp(buf, start), rules, nowMs);
}

/**
 * Second half of the validation of a compressed batch, after `decompress`: walks the plain records. `payload` is null
 * when the codec refused the bytes (malformed, or past the size limit).
 */
export function validatePayload(
  buf: Buffer,
  pos: number,
  payload: Uint8Array | null,
  context: { readonly rules: ProduceRules; readonly nowMs: number },
): Validation {
  if (payload === null) return refuse('INVALID_RECORD', 'the compressed records cannot be read, or exceed the limit');
  const plain = { buf: batch.bufferOf(payload), start: 0, end: payload.length };
  return checkRecords({ buf, pos }, plain, context.rules, context.nowMs);
}

function accept(maxTimestamp: number, rules: ProduceRules, nowMs: number): Validation {
  const { logAppendTime } = rules;
  return { kind: 'valid', maxTimestamp: logAppendTime ? nowMs : maxTimestamp, logAppendTime };
}

function checkFrame(buf: Buffer, start: number, end: number, rules: ProduceRules): Refused | null {
  if (start === end) return refuse('INVALID_RECORD', 'a partition of the request has no record batch');
  const size = frameBatch(buf, start, end);
  if (size === 'magic') return refuse('INVALID_RECORD', 'record batches must have format version 2');
  if (size === 'length') return refuse('CORRUPT_MESSAGE', 'the length of the batch is smaller than its header');
  if (typeof size === 'string') return refuse('INVALID_RECORD', 'the record batch is cut off');
  if (start + size !== end) return refuse('INVALID_RECORD', 'a partition takes exactly one record batch in a request');
  const codec = batch.compressionCodec(buf, start);
  if (codec > CODEC_LAST) return refuse('UNSUPPORTED_COMPRESSION_TYPE', `compression codec ${codec} is unknown`);
  if (codec === CODEC_ZSTD && rules.apiVersion < ZSTD_SINCE_VERSION) {
    return refuse('UNSUPPORTED_COMPRESSION_TYPE', `zstd needs produce version ${ZSTD_SINCE_VERSION} or later`);
  }
  if (size > rules.batchSizeMax) {
    return refuse('MESSAGE_TOO_LARGE', `the batch has ${size} bytes, max.message.bytes is ${rules.batchSizeMax}`);
  }
  return null;
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

/** The times that a compressed batch shows in its header: the first record's and the largest. */
function checkHeaderTimes(buf: Buffer, pos: number, rules: ProduceRules, nowMs: number): Refused | null {
  if (rules.logAppendTime) return null;
  for (const timestamp of [batch.baseTimestamp(buf, pos), batch.maxTimestamp(buf, pos)]) {
    if (isOutOfRange(timestamp, rules, nowMs)) {
      return refuse('INVALID_TIMESTAMP', rangeMessage(timestamp, rules, nowMs));
    }
  }
  return null;
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

function checkRecords(
  header: { readonly buf: Buffer; readonly pos: number },
  plain: { readonly buf: Buffer; readonly start: number; readonly end: number },
  rules: ProduceRules,
  nowMs: number,
): Validation {
  const expected = batch.recordCount(header.buf, header.pos);
  const baseTimestamp = batch.baseTimestamp(header.buf, header.pos);
  const found: Findings = { errors: [], count: 0, timestamps: 0 };
  let maxTimestamp: number = batch.NO_TIMESTAMP;
  let index = 0;
  const cursor = new RecordCursor().reset(plain.buf, plain.start, plain.end);
  while (cursor.next()) {
    if (cursor.offsetDelta !== index) {
      return refuse('INVALID_RECORD', `record ${index} has offset delta ${cursor.offsetDelta}`);
    }
    const timestamp = baseTimestamp + cursor.timestampDelta;
    if (!Number.isSafeInteger(timestamp))
      return refuse('INVALID_TIMESTAMP', `the time of record ${index} exceeds 2^53`);
    if (timestamp > maxTimestamp) maxTimestamp = timestamp;
    if (rules.compacted && cursor.keyStart < 0) note(found, index, 'a compacted topic takes no record without a key');
    else if (!rules.logAppendTime && isOutOfRange(timestamp, rules, nowMs)) {
      found.timestamps++;
      note(found, index, rangeMessage(timestamp, rules, nowMs));
    }
    index++;
  }
  if (cursor.problem !== '') return refuse('INVALID_RECORD', `record ${index} is malformed: ${cursor.problem}`);
  if (index !== expected)
    return refuse('INVALID_RECORD', `the batch has ${index} records, its header says ${expected}`);
  return found.count === 0 ? accept(maxTimestamp, rules, nowMs) : refuseRecords(found);
}

function refuseRecords(found: Findings): Refused {
  const error = found.timestamps > 0 ? 'INVALID_TIMESTAMP' : 'INVALID_RECORD';
  const first = found.errors[0];
  const message = `${found.count} records were refused; record ${first?.batchIndex}: ${first?.batchIndexErrorMessage}`;
  return { kind: 'refused', error, message, recordErrors: found.errors };
}
