import { Buffer } from 'node:buffer';
import { fc } from '../../../support/properties.ts';
import type { NewRecord } from '../../../../broker/core/record/builder.ts';
import { ProducedBatch, type ProducedStep } from '../../../../broker/core/record/produced-batch.ts';
import type { ProduceContext, ProduceRules } from '../../../../broker/core/record/validate.ts';
import { crc32c } from '../../../../broker/io/crc32c.ts';

/** A day in 2026, the broker's time in these tests (ms). */
export const NOW_MS = 1_780_000_000_000;

/** Kafka's defaults for a topic. */
export const RULES: ProduceRules = {
  apiVersion: 12,
  batchSizeMax: 1_048_588,
  compacted: false,
  logAppendTime: false,
  timestampBeforeMaxMs: Number.MAX_SAFE_INTEGER,
  timestampAfterMaxMs: 3_600_000,
  validateCompressed: false,
  recordSizeMax: 2_147_483_639,
  targetCodec: null,
  targetLevel: null,
};

/** A record with text key and value. */
export function record(key: string | null, value: string | null, timestamp?: number): NewRecord {
  const bytes = (text: string | null): Buffer | null => (text === null ? null : Buffer.from(text));
  return { key: bytes(key), value: bytes(value), ...(timestamp === undefined ? {} : { timestamp }) };
}

/** What a produced batch is judged by, besides its bytes. */
export function context(rules: Partial<ProduceRules> = {}): ProduceContext {
  return { rules: { ...RULES, ...rules }, nowMs: NOW_MS };
}

/** The first step of a batch as a client sends it; one whose records are walked at leisure is walked to its end. */
export function produce(bytes: Buffer, rules: Partial<ProduceRules> = {}): ProducedStep {
  const produced = new ProducedBatch(bytes, context(rules), crc32c);
  let step = produced.begin();
  while (step.kind === 'walk') step = produced.walk();
  return step;
}

/** Writes the CRC of the batch in `buf` anew, after a field was spoiled. */
export function reseal(buf: Buffer): Buffer {
  buf.writeUInt32BE(crc32c(buf, 21, buf.length), 17);
  return buf;
}

const bytes = fc.option(
  fc.uint8Array({ maxLength: 40 }).map((array) => Buffer.from(array)),
  { nil: null },
);

/** Any one record that a client may send around `NOW_MS`. */
export const anyRecord: fc.Arbitrary<NewRecord> = fc.record(
  {
    key: bytes,
    value: bytes,
    headers: fc.array(fc.record({ key: fc.string({ unit: 'grapheme', maxLength: 8 }), value: bytes }), {
      maxLength: 3,
    }),
    timestamp: fc.integer({ min: NOW_MS - 2 ** 40, max: NOW_MS + 3_600_000 }),
  },
  { requiredKeys: ['key', 'value'] },
);

/** One to twenty such records. */
export const anyRecords: fc.Arbitrary<NewRecord[]> = fc.array(anyRecord, { minLength: 1, maxLength: 20 });
