import { Buffer } from 'node:buffer';
import zlib from 'node:zlib';
import { expect, test } from '@jest/globals';
import { fc } from '../support/properties.ts';
import { compressFrameSync, decompressFrameSync } from 'lz4-napi';
import { compressSync as snappySync, uncompressSync as unsnappySync } from 'snappy';
import type { Crc32c } from '../../broker/core/base/checksum.ts';
import * as batch from '../../broker/core/record/batch.ts';
import { buildBatch, buildCompressedBatch, encodeRecords, type NewRecord } from '../../broker/core/record/builder.ts';
import { checkBatch } from '../../broker/core/record/check.ts';
import { readRecords } from '../../broker/core/record/iterate.ts';
import { ProducedBatch, type ProducedVerdict } from '../../broker/core/record/produced-batch.ts';
import type { Codec, ProduceRules } from '../../broker/core/record/validate.ts';
import { crc32c } from '../../broker/io/crc32c.ts';
import { anyRecords, NOW_MS, RULES } from '../unit/core/record/samples.ts';

const PACK: Readonly<Record<Codec, (bytes: Uint8Array) => Buffer>> = {
  0: (bytes) => Buffer.from(bytes),
  1: (bytes) => zlib.gzipSync(bytes),
  2: (bytes) => snappySync(bytes),
  3: (bytes) => compressFrameSync(Buffer.from(bytes)),
  4: (bytes) => zlib.zstdCompressSync(bytes),
};
const UNPACK: Readonly<Record<Codec, (bytes: Buffer) => Buffer>> = {
  0: (bytes) => bytes,
  1: (bytes) => zlib.gunzipSync(bytes),
  2: (bytes) => Buffer.from(unsnappySync(bytes)),
  3: (bytes) => decompressFrameSync(bytes),
  4: (bytes) => zlib.zstdDecompressSync(bytes),
};

interface Case {
  readonly records: readonly NewRecord[];
  readonly source: Codec;
  readonly rules: ProduceRules;
  readonly producer: { readonly producerId: number; readonly producerEpoch: number; readonly baseSequence: number };
}

const anyCodec = fc.constantFrom<Codec>(0, 1, 2, 3, 4);
const anyCase: fc.Arbitrary<Case> = fc.record({
  records: anyRecords,
  source: anyCodec,
  rules: fc.record({
    apiVersion: fc.constantFrom(6, 12),
    batchSizeMax: fc.constantFrom(RULES.batchSizeMax, 400, 150),
    compacted: fc.boolean(),
    logAppendTime: fc.boolean(),
    timestampBeforeMaxMs: fc.constantFrom(Number.MAX_SAFE_INTEGER, 2 ** 39),
    timestampAfterMaxMs: fc.constantFrom(3_600_000, 0),
    validateCompressed: fc.constant(true),
    recordSizeMax: fc.constantFrom(2_147_483_639, 60),
    targetCodec: fc.option(anyCodec, { nil: null }),
    targetLevel: fc.constant(null),
  }),
  producer: fc.constantFrom(
    { producerId: -1, producerEpoch: -1, baseSequence: -1 },
    { producerId: 4711, producerEpoch: 3, baseSequence: 2_147_483_640 },
  ),
});

function build({ records, source, producer }: Case): Buffer {
  if (source === 0) return buildBatch(records, { timestamp: NOW_MS, ...producer }, crc32c);
  const encoded = encodeRecords(records, NOW_MS);
  return buildCompressedBatch(encoded, PACK[source](encoded.bytes), { codec: source, ...producer }, crc32c);
}

/** Runs the machine to its end, the codecs in place. */
function run(bytes: Buffer, rules: ProduceRules, checksum: Crc32c = crc32c): ProducedVerdict {
  const produced = new ProducedBatch(Buffer.from(bytes), { rules, nowMs: NOW_MS }, checksum);
  let step = produced.begin();
  for (;;) {
    switch (step.kind) {
      case 'ready':
      case 'refused':
        return step;
      case 'walk':
        step = produced.walk();
        break;
      case 'decompress': {
        const plain = UNPACK[step.codec](step.bytes);
        step = produced.decompressed(plain.length > step.sizeMax ? 'too-large' : plain);
        break;
      }
      case 'compress':
        step = produced.compressed(PACK[step.codec](step.bytes));
    }
  }
}

/** The error that the rules ask for, told from the records alone; null: the batch is stored. */
function expectedError(one: Case, bytes: Buffer): string | null {
  const { rules, records, source } = one;
  if (source === 4 && rules.apiVersion < 7) return 'UNSUPPORTED_COMPRESSION_TYPE';
  if (bytes.length > rules.batchSizeMax) return 'MESSAGE_TOO_LARGE';
  const target = rules.targetCodec ?? source;
  const plain = encodeRecords(records, NOW_MS).bytes;
  // Too large decompressed is seen before the records are.
  if (target === 0 && source !== 0 && batch.HEADER_SIZE + plain.length > rules.batchSizeMax) return 'MESSAGE_TOO_LARGE';
  // The first record is met first: its own size, without the field that says it.
  const isLarge = (at: number): boolean => bodySize(records, at) > rules.recordSizeMax;
  if (source !== 0 && records.some((_, at) => isLarge(at))) return 'INVALID_RECORD';
  const keyless = records.filter((record) => rules.compacted && record.key === null);
  const untimely = records.filter(({ key, timestamp = NOW_MS }) => {
    const age = NOW_MS - timestamp;
    const isOut = age > rules.timestampBeforeMaxMs || -age > rules.timestampAfterMaxMs;
    return isOut && !rules.logAppendTime && !(rules.compacted && key === null);
  });
  if (untimely.length > 0) return 'INVALID_TIMESTAMP';
  if (keyless.length > 0) return 'INVALID_RECORD';
  if (target === source) return null;
  return batch.HEADER_SIZE + PACK[target](plain).length > rules.batchSizeMax ? 'MESSAGE_TOO_LARGE' : null;
}

/** Bytes of a record as it is laid out in its batch. */
function bodySize(records: readonly NewRecord[], at: number): number {
  const sizes = [at, at + 1].map((count) => {
    return count === 0 ? 0 : encodeRecords(records.slice(0, count), NOW_MS).bytes.length;
  });
  const whole = (sizes[1] ?? 0) - (sizes[0] ?? 0);
  // The length field takes one byte up to 63, then two.
  return whole <= 64 ? whole - 1 : whole - 2;
}

/** What is wrong with what is stored for a case; '' when nothing is. */
function complaint(one: Case, sent: Buffer, verdict: ProducedVerdict): string {
  const error = expectedError(one, sent);
  if (verdict.kind === 'refused') return verdict.error === error ? '' : `${verdict.error} in place of ${error}`;
  if (error !== null) return `stored in place of ${error}`;
  const stored = verdict.batch;
  const { rules, records, source, producer } = one;
  const target = rules.targetCodec ?? source;
  const fault = checkBatch(stored, 0, stored.length, crc32c);
  if (fault !== null) return `bad ${fault}`;
  if (stored.length > rules.batchSizeMax) return `${stored.length} bytes`;
  if (batch.compressionCodec(stored, 0) !== target) return `codec ${batch.compressionCodec(stored, 0)}`;
  const fields = [batch.producerId(stored, 0), batch.producerEpoch(stored, 0), batch.baseSequence(stored, 0)];
  if (fields.join() !== Object.values(producer).join()) return `producer ${fields.join()}`;
  if (batch.recordCount(stored, 0) !== records.length) return `${batch.recordCount(stored, 0)} records announced`;
  const times = records.map(({ timestamp = NOW_MS }) => timestamp);
  const maxTimestamp = rules.logAppendTime ? NOW_MS : Math.max(...times);
  if (batch.maxTimestamp(stored, 0) !== maxTimestamp) return `max timestamp ${batch.maxTimestamp(stored, 0)}`;
  if (verdict.logAppendTimeMs !== (rules.logAppendTime ? NOW_MS : -1)) return `answered ${verdict.logAppendTimeMs}`;
  const untouched = target === source && !rules.logAppendTime;
  if (untouched && !stored.equals(sent)) return 'the bytes are not those that were sent';
  const read = readRecords(stored, 0, UNPACK[target](stored.subarray(batch.HEADER_SIZE)));
  const wanted = records.map((record, offset) => ({
    offset,
    timestamp: rules.logAppendTime ? NOW_MS : (times[offset] ?? -1),
    key: record.key,
    value: record.value,
    headers: record.headers ?? [],
  }));
  return JSON.stringify(read) === JSON.stringify(wanted) ? '' : 'other records';
}

test('a batch is stored with the same records in the codec of the topic, or refused by its rules', () => {
  fc.assert(
    fc.property(anyCase, (one) => {
      const sent = build(one);
      expect(complaint(one, sent, run(sent, one.rules))).toBe('');
    }),
    { numRuns: 2000 },
  );
});

test('the check above sees a CRC that was not computed anew', () => {
  const find = fc.check(
    fc.property(anyCase, (one) => {
      const sent = build(one);
      // The bug: whatever the bytes are, the CRC that came with the batch is believed and kept.
      return (
        complaint(
          one,
          sent,
          run(sent, one.rules, () => batch.crc(sent, 0)),
        ) === ''
      );
    }),
    { numRuns: 200 },
  );
  expect(find.failed).toBe(true);
});

test('a batch that is not looked into is judged by its header and stored as it came', () => {
  fc.assert(
    fc.property(anyCase, (one) => {
      fc.pre(one.source !== 0);
      const rules = { ...RULES, logAppendTime: one.rules.logAppendTime };
      const sent = build(one);
      const verdict = run(sent, rules);
      const isLate = Math.max(...one.records.map(({ timestamp = NOW_MS }) => timestamp)) > NOW_MS + 3_600_000;
      expect(verdict.kind).toBe(isLate && !rules.logAppendTime ? 'refused' : 'ready');
      if (verdict.kind !== 'ready') return;
      expect(verdict.batch.subarray(batch.HEADER_SIZE)).toEqual(sent.subarray(batch.HEADER_SIZE));
      if (!rules.logAppendTime) expect(verdict.batch).toEqual(sent);
      expect(checkBatch(verdict.batch, 0, verdict.batch.length, crc32c)).toBeNull();
    }),
    { numRuns: 500 },
  );
});
