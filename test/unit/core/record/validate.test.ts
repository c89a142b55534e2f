import { Buffer } from 'node:buffer';
import { describe, expect, test } from '@jest/globals';
import { writeInt64 } from '../../../../broker/core/base/int64.ts';
import { assignMaxTimestamp, ATTRIBUTE, isLogAppendTime, maxTimestamp } from '../../../../broker/core/record/batch.ts';
import {
  buildBatch,
  buildCompressedBatch,
  buildTransactionMarker,
  encodeRecords,
} from '../../../../broker/core/record/builder.ts';
import { checkBatch } from '../../../../broker/core/record/check.ts';
import { CONTROL } from '../../../../broker/core/record/control.ts';
import {
  INSPECTED_BYTES_MAX,
  ProducedBatch,
  type ProducedStep,
} from '../../../../broker/core/record/produced-batch.ts';
import { type ProduceRules, RECORD_ERRORS_MAX } from '../../../../broker/core/record/validate.ts';
import { crc32c } from '../../../../broker/io/crc32c.ts';
import { context, NOW_MS, produce, record, reseal } from './samples.ts';

const two = (): Buffer =>
  buildBatch([record('a', 'one', NOW_MS - 5), record('b', 'two', NOW_MS)], { timestamp: NOW_MS }, crc32c);
const validate = produce;
const refusal = (step: ProducedStep): string =>
  step.kind === 'refused' ? `${step.error}: ${step.message}` : step.kind;
/** The largest timestamp of a batch that may be appended. */
const timeOf = (step: ProducedStep): number => (step.kind === 'ready' ? maxTimestamp(step.batch, 0) : -2);

/** A compressed batch whose codec is irrelevant: the bytes stand for themselves. */
function packed(rules: Partial<ProduceRules>, payload = Buffer.from('squeezed'), codec = 3): ProducedStep {
  const encoded = encodeRecords([record('a', 'one', NOW_MS)], NOW_MS);
  return validate(buildCompressedBatch(encoded, payload, { codec }, crc32c), rules);
}

describe('the field of a request', () => {
  test('one sound batch is valid, with the largest timestamp of its records', () => {
    expect(validate(two())).toMatchObject({ kind: 'ready', batch: two(), logAppendTimeMs: -1 });
  });

  test('a max timestamp that the client got wrong is corrected from the records', () => {
    const buf = two();
    writeInt64(buf, 35, NOW_MS - 1000);
    expect(timeOf(validate(reseal(buf)))).toBe(NOW_MS);
    expect(checkBatch(buf, 0, buf.length, crc32c)).toBeNull();
  });

  test('no batch, two batches and a cut batch are refused', () => {
    const buf = two();
    expect(refusal(validate(Buffer.alloc(0)))).toMatch(/^INVALID_RECORD: .*no record batch/);
    expect(refusal(validate(Buffer.concat([buf, buf])))).toMatch(/^INVALID_RECORD: .*exactly one/);
    expect(refusal(validate(Buffer.concat([buf, Buffer.alloc(5)])))).toMatch(/^INVALID_RECORD: .*exactly one/);
    expect(refusal(validate(buf.subarray(0, -1)))).toMatch(/^INVALID_RECORD: .*cut off/);
  });

  test('the formats of old clients are refused', () => {
    const buf = two();
    buf.writeInt8(1, 16);
    expect(refusal(validate(buf))).toMatch(/^INVALID_RECORD: .*version 2/);
  });

  test('a batch of exactly max.message.bytes passes, one byte more does not', () => {
    const buf = two();
    expect(validate(buf, { batchSizeMax: buf.length }).kind).toBe('ready');
    expect(refusal(validate(buf, { batchSizeMax: buf.length - 1 }))).toMatch(/^MESSAGE_TOO_LARGE/);
  });

  test('a flipped bit under the CRC is a corrupt message', () => {
    const buf = two();
    buf.writeUInt8(buf.readUInt8(70) ^ 4, 70);
    expect(refusal(validate(buf))).toMatch(/^CORRUPT_MESSAGE/);
  });

  test('a length below a header is a corrupt message', () => {
    const buf = two();
    buf.writeInt32BE(40, 8);
    expect(refusal(validate(buf))).toMatch(/^CORRUPT_MESSAGE/);
  });
});

describe('the header that a client may write', () => {
  test.each<[string, (buf: Buffer) => void, RegExp]>([
    ['a base offset', (buf) => writeInt64(buf, 0, 5), /^INVALID_RECORD: .*base offset/],
    ['no records', (buf) => buf.writeInt32BE(0, 57), /^INVALID_RECORD: .*0 records/],
    ['a negative number of records', (buf) => buf.writeInt32BE(-2, 57), /^INVALID_RECORD: .*-2 records/],
    ['a last offset delta of its own', (buf) => buf.writeInt32BE(2, 23), /^INVALID_RECORD: .*offset delta 2/],
    ['more records than there are', (buf) => (buf.writeInt32BE(2, 23), buf.writeInt32BE(3, 57)), /header says 3/],
    ['the control bit', (buf) => buf.writeUInt16BE(ATTRIBUTE.control, 21), /^INVALID_RECORD: .*control/],
    ['a delete horizon', (buf) => buf.writeUInt16BE(ATTRIBUTE.deleteHorizon, 21), /^INVALID_RECORD: .*horizon/],
    ['append time', (buf) => buf.writeUInt16BE(ATTRIBUTE.logAppendTime, 21), /^INVALID_TIMESTAMP: .*LogAppendTime/],
    ['codec 5', (buf) => buf.writeUInt16BE(5, 21), /^UNSUPPORTED_COMPRESSION_TYPE/],
    ['a base timestamp past 2^53', (buf) => buf.writeUInt8(0x7f, 27), /^INVALID_TIMESTAMP/],
    ['a max timestamp past 2^53', (buf) => buf.writeUInt8(0x7f, 35), /^INVALID_TIMESTAMP/],
    ['a producer id past 2^53', (buf) => buf.writeUInt8(0x7f, 43), /^INVALID_RECORD: .*producer id/],
    ['a producer id without a sequence', (buf) => writeInt64(buf, 43, 7), /^INVALID_RECORD: producer 7/],
    [
      'a transaction without a producer',
      (buf) => buf.writeUInt16BE(ATTRIBUTE.transactional, 21),
      /needs a producer id/,
    ],
  ])('%s is refused', (_, spoil, expected) => {
    const buf = two();
    spoil(buf);
    expect(refusal(validate(reseal(buf)))).toMatch(expected);
  });

  test('an idempotent and a transactional batch are valid', () => {
    const producer = { timestamp: NOW_MS, producerId: 4000, producerEpoch: 0, baseSequence: 0 };
    expect(validate(buildBatch([record('a', '1')], producer, crc32c)).kind).toBe('ready');
    expect(validate(buildBatch([record('a', '1')], { ...producer, transactional: true }, crc32c)).kind).toBe('ready');
  });

  test("a transaction's marker is not taken from a client", () => {
    const marker = { type: CONTROL.commit, producerId: 1, producerEpoch: 0, coordinatorEpoch: 0, timestamp: NOW_MS };
    expect(refusal(validate(buildTransactionMarker(marker, crc32c)))).toMatch(/^INVALID_RECORD: .*control/);
  });

  test('zstd needs produce version 7', () => {
    expect(packed({ apiVersion: 6 }, undefined, 4)).toMatchObject({ error: 'UNSUPPORTED_COMPRESSION_TYPE' });
    expect(packed({ apiVersion: 7 }, undefined, 4).kind).toBe('ready');
    expect(packed({ apiVersion: 6 }, undefined, 3).kind).toBe('ready');
  });
});

describe('the records of an uncompressed batch', () => {
  // The records of `two` begin at 61: length, attributes, time delta, offset delta, key length, key, value length …
  test.each<[string, number, number, RegExp]>([
    ['a record length that leads out of the batch', 61, 0x7e, /record 0 is malformed: record length/],
    ['a record length that its fields do not fill', 61, 24, /record 0 is malformed/],
    ['an offset delta out of order', 64, 2, /record 0 has offset delta 1/],
    ['a key that leads out of its record', 65, 0x7e, /record 0 is malformed: field length/],
    ['a key length below null', 65, 3, /record 0 is malformed: field length/],
    ['a header count that the record cannot hold', 71, 0x7e, /record 0 is malformed: header count/],
    ['a negative header count', 71, 1, /record 0 is malformed: header count/],
  ])('%s is refused', (_, at, byte, expected) => {
    const buf = two();
    buf.writeUInt8(byte, at);
    expect(refusal(validate(reseal(buf)))).toMatch(expected);
  });

  test('a time within the window passes at its edges and fails beyond them, record by record', () => {
    const rules = { timestampBeforeMaxMs: 1000, timestampAfterMaxMs: 500 };
    const at = (...times: number[]): Buffer =>
      buildBatch(
        times.map((time) => record('k', 'v', time)),
        { timestamp: NOW_MS },
        crc32c,
      );
    expect(validate(at(NOW_MS - 1000, NOW_MS + 500), rules).kind).toBe('ready');
    const refused = validate(at(NOW_MS - 1001, NOW_MS, NOW_MS + 501), rules);
    expect(refused).toMatchObject({ kind: 'refused', error: 'INVALID_TIMESTAMP' });
    expect(refused).toMatchObject({ recordErrors: [{ batchIndex: 0 }, { batchIndex: 2 }] });
  });

  test('a record without a time is never out of range', () => {
    const buf = buildBatch([record('k', 'v', -1)], { timestamp: NOW_MS }, crc32c);
    expect(validate(buf, { timestampBeforeMaxMs: 1 })).toMatchObject({ kind: 'ready' });
  });

  test("append time takes the broker's clock and ignores the client's", () => {
    const buf = buildBatch([record('k', 'v', 5)], { timestamp: NOW_MS }, crc32c);
    const rules = { logAppendTime: true, timestampBeforeMaxMs: 1 };
    const step = validate(buf, rules);
    expect(step).toMatchObject({ kind: 'ready', logAppendTimeMs: NOW_MS });
    expect([timeOf(step), isLogAppendTime(buf, 0)]).toEqual([NOW_MS, true]);
    expect(checkBatch(buf, 0, buf.length, crc32c)).toBeNull();
  });

  test('a time delta that leads past 2^53 is refused', () => {
    const buf = two();
    writeInt64(buf, 27, Number.MAX_SAFE_INTEGER - 2);
    expect(refusal(validate(reseal(buf)))).toMatch(/^INVALID_TIMESTAMP: .*record 1/);
  });

  test('a compacted topic names each record without a key', () => {
    const buf = buildBatch([record(null, 'x'), record('k', 'x'), record(null, null)], { timestamp: NOW_MS }, crc32c);
    expect(validate(buf).kind).toBe('ready');
    const refused = validate(buf, { compacted: true });
    expect(refused).toMatchObject({ error: 'INVALID_RECORD', recordErrors: [{ batchIndex: 0 }, { batchIndex: 2 }] });
  });

  test('the list of refused records is bounded', () => {
    const records = Array.from({ length: RECORD_ERRORS_MAX + 1 }, () => record(null, ''));
    const refused = validate(buildBatch(records, { timestamp: NOW_MS }, crc32c), { compacted: true });
    expect(refused.kind === 'refused' ? refused.recordErrors.length : -1).toBe(RECORD_ERRORS_MAX);
    expect(refusal(refused)).toContain(`${RECORD_ERRORS_MAX + 1} records`);
  });

  test('the same batch validates again after append time was written', () => {
    const buf = two();
    assignMaxTimestamp(buf, 0, { maxTimestamp: NOW_MS + 3, logAppendTime: false }, crc32c);
    expect(validate(buf).kind).toBe('ready');
  });
});

describe('the records of a compressed batch', () => {
  test('only header and CRC are looked at by default', () => {
    expect(timeOf(packed({}))).toBe(NOW_MS);
  });

  test('a time in the header out of range is refused without decompressing', () => {
    const encoded = encodeRecords([record('a', 'one', NOW_MS - 2000), record('b', 'two', NOW_MS)], NOW_MS);
    const buf = buildCompressedBatch(encoded, Buffer.from('x'), { codec: 1 }, crc32c);
    expect(refusal(validate(buf, { timestampBeforeMaxMs: 1000 }))).toMatch(/^INVALID_TIMESTAMP/);
    expect(validate(buf, { timestampBeforeMaxMs: 1000, logAppendTime: true }).kind).toBe('ready');
  });

  test.each([{ compacted: true }, { validateCompressed: true }])('with %o they must be decompressed', (rules) => {
    const expected = { kind: 'decompress', codec: 3, bytes: Buffer.from('squeezed'), sizeMax: INSPECTED_BYTES_MAX };
    expect(packed(rules)).toEqual(expected);
  });

  test('decompressed records are walked by the same rules', () => {
    const encoded = encodeRecords([record(null, 'one', NOW_MS)], NOW_MS);
    const buf = buildCompressedBatch(encoded, Buffer.from('x'), { codec: 4 }, crc32c);
    const walk = (payload: Uint8Array | 'malformed' | 'too-large', rules = {}): string => {
      const produced = new ProducedBatch(Buffer.from(buf), context({ validateCompressed: true, ...rules }), crc32c);
      expect(produced.begin().kind).toBe('decompress');
      return refusal(produced.decompressed(payload));
    };
    expect(walk(encoded.bytes)).toBe('ready');
    expect(walk(encoded.bytes, { compacted: true })).toMatch(/^INVALID_RECORD: .*without a key/);
    expect(walk(encoded.bytes.subarray(0, -1))).toMatch(/^INVALID_RECORD: record 0 is malformed/);
    expect(walk(Buffer.concat([encoded.bytes, encoded.bytes]))).toMatch(/has more records, its header says 1/);
    expect(walk(Buffer.alloc(0))).toMatch(/has 0 records/);
    expect(walk('malformed')).toMatch(/^INVALID_RECORD: .*cannot be read/);
    expect(walk('too-large')).toMatch(/^MESSAGE_TOO_LARGE: .*67108864 bytes decompressed/);
  });
});
