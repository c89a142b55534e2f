import { Buffer } from 'node:buffer';
import { expect, test } from '@jest/globals';
import { fc } from '../support/properties.ts';
import * as batch from '../../broker/core/record/batch.ts';
import { buildBatch, buildCompressedBatch, encodeRecords } from '../../broker/core/record/builder.ts';
import { checkBatch } from '../../broker/core/record/check.ts';
import { RecordCursor } from '../../broker/core/record/cursor.ts';
import { readRecords } from '../../broker/core/record/iterate.ts';
import { ProducedBatch } from '../../broker/core/record/produced-batch.ts';
import { crc32c } from '../../broker/io/crc32c.ts';
import { anyRecords, context, NOW_MS, produce, reseal } from '../unit/core/record/samples.ts';

const header = fc.record({
  baseOffset: fc.maxSafeNat().filter((offset) => offset < Number.MAX_SAFE_INTEGER - 100),
  leaderEpoch: fc.integer({ min: -1 }),
  producerId: fc.maxSafeNat(),
  producerEpoch: fc.integer({ min: 0, max: 0x7fff }),
  baseSequence: fc.nat(),
  transactional: fc.boolean(),
});

test('what is built is read back: header, keys, values, headers, times', () => {
  fc.assert(
    fc.property(anyRecords, header, (records, options) => {
      const buf = buildBatch(records, { ...options, timestamp: NOW_MS }, crc32c);
      expect(checkBatch(buf, 0, buf.length, crc32c)).toBeNull();
      expect(batch.producerId(buf, 0)).toBe(options.producerId);
      const expected = records.map((record, i) => ({
        offset: options.baseOffset + i,
        timestamp: record.timestamp ?? NOW_MS,
        key: record.key,
        value: record.value,
        headers: record.headers ?? [],
      }));
      expect(readRecords(buf, 0)).toEqual(expected);
      expect(batch.maxTimestamp(buf, 0)).toBe(Math.max(...expected.map(({ timestamp }) => timestamp)));
    }),
  );
});

test('a built batch is valid as a client sends it, plain or with its records handed in', () => {
  fc.assert(
    fc.property(anyRecords, (records) => {
      const plain = buildBatch(records, { timestamp: NOW_MS }, crc32c);
      const encoded = encodeRecords(records, NOW_MS);
      expect(produce(Buffer.from(plain))).toMatchObject({ kind: 'ready', batch: plain });
      const packed = buildCompressedBatch(encoded, Buffer.from('any'), { codec: 2 }, crc32c);
      const produced = new ProducedBatch(Buffer.from(packed), context({ validateCompressed: true }), crc32c);
      expect(produced.begin().kind).toBe('decompress');
      expect(produced.decompressed(encoded.bytes)).toMatchObject({ kind: 'ready', batch: packed });
    }),
  );
});

test('no single changed byte goes unseen, except in the leader epoch, which the broker overwrites', () => {
  fc.assert(
    fc.property(anyRecords, fc.nat(), fc.integer({ min: 1, max: 255 }), (records, at, change) => {
      const buf = buildBatch(records, { timestamp: NOW_MS }, crc32c);
      const place = at % buf.length;
      buf.writeUInt8(buf.readUInt8(place) ^ change, place);
      const { kind } = produce(buf);
      expect(kind === 'ready').toBe(place >= 12 && place < 16);
    }),
    { numRuns: 1000 },
  );
});

test('a changed byte under a right CRC is refused, or changes only what a client is free to say', () => {
  fc.assert(
    fc.property(anyRecords, fc.nat(), fc.integer({ min: 1, max: 255 }), (records, at, change) => {
      const buf = buildBatch(records, { timestamp: NOW_MS }, crc32c);
      const place = batch.CRC_START + (at % (buf.length - batch.CRC_START));
      buf.writeUInt8(buf.readUInt8(place) ^ change, place);
      const verdict = produce(reseal(buf));
      if (verdict.kind !== 'ready' || batch.compressionCodec(buf, 0) !== 0) return;
      const read = readRecords(buf, 0);
      expect(read?.map(({ offset }) => offset)).toEqual(records.map((_, i) => i));
    }),
    { numRuns: 1000 },
  );
});

test('a walk over any bytes at all stays inside them and ends', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), fc.nat(20), fc.nat(20), (array, before, behind) => {
      const start = Math.min(before, array.length);
      const end = Math.max(start, array.length - behind);
      const cursor = new RecordCursor().reset(Buffer.from(array), start, end);
      let last = start;
      while (cursor.next()) {
        expect(cursor.recordStart).toBe(last);
        expect(cursor.recordEnd).toBeGreaterThan(last);
        last = cursor.recordEnd;
        for (const to of [cursor.keyEnd, cursor.valueEnd]) expect(to).toBeLessThanOrEqual(last);
        while (cursor.nextHeader()) expect(cursor.headerValueEnd).toBeLessThanOrEqual(last);
      }
      expect(last).toBeLessThanOrEqual(end);
    }),
    { numRuns: 2000 },
  );
});
