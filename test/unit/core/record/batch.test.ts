import { Buffer } from 'node:buffer';
import { expect, test } from '@jest/globals';
import { readInt64, writeInt64 } from '../../../../broker/core/base/int64.ts';
import * as batch from '../../../../broker/core/record/batch.ts';
import { buildBatch } from '../../../../broker/core/record/builder.ts';
import { checkBatch, frameBatch } from '../../../../broker/core/record/check.ts';
import { crc32c } from '../../../../broker/io/crc32c.ts';
import { NOW_MS, record, reseal } from './samples.ts';

const sample = (): Buffer =>
  buildBatch(
    [record('a', 'one', NOW_MS), record(null, 'two', NOW_MS + 7), record('c', null, NOW_MS - 3)],
    { timestamp: NOW_MS, producerId: 2 ** 40 + 5, producerEpoch: 3, baseSequence: 9, transactional: true },
    crc32c,
  );

test('every header field is read from the place where format v2 has it', () => {
  const buf = sample();
  expect(batch.sizeInBytes(buf, 0)).toBe(buf.length);
  expect(batch.batchLength(buf, 0)).toBe(buf.length - 12);
  expect([batch.baseOffset(buf, 0), batch.lastOffset(buf, 0), batch.nextOffset(buf, 0)]).toEqual([0, 2, 3]);
  expect([batch.partitionLeaderEpoch(buf, 0), batch.magic(buf, 0)]).toEqual([-1, 2]);
  expect([batch.baseTimestamp(buf, 0), batch.maxTimestamp(buf, 0)]).toEqual([NOW_MS, NOW_MS + 7]);
  expect([batch.producerId(buf, 0), batch.producerEpoch(buf, 0)]).toEqual([2 ** 40 + 5, 3]);
  expect([batch.baseSequence(buf, 0), batch.lastSequence(buf, 0)]).toEqual([9, 11]);
  expect([batch.recordCount(buf, 0), batch.lastOffsetDelta(buf, 0)]).toEqual([3, 2]);
  expect([batch.isTransactional(buf, 0), batch.isControl(buf, 0)]).toEqual([true, false]);
  expect([batch.isLogAppendTime(buf, 0), batch.hasDeleteHorizon(buf, 0)]).toEqual([false, false]);
  expect(batch.crc(buf, 0)).toBe(crc32c(buf, 21, buf.length));
});

test('a batch laid out by hand from the protocol guide is understood', () => {
  // base offset 5, length 57, leader epoch 1, magic 2, CRC; attributes 0, last delta 0, both times 1000, no producer,
  // one record: length 7, attributes 0, deltas 0 and 0, null key, value of 1 byte "v", no headers.
  const head = '0000000000000005' + '00000039' + '00000001' + '02' + '00000000';
  const body = '0000' + '00000000' + '00000000000003e8'.repeat(2) + 'ff'.repeat(14) + '00000001';
  const buf = reseal(Buffer.from(head + body + '0e' + '000000' + '01' + '0276' + '00', 'hex'));
  expect(checkBatch(buf, 0, buf.length, crc32c)).toBeNull();
  expect([batch.baseOffset(buf, 0), batch.producerId(buf, 0), batch.baseSequence(buf, 0)]).toEqual([5, -1, -1]);
});

test('a sequence number wraps to zero after 2^31 - 1', () => {
  const options = { timestamp: NOW_MS, producerId: 1, producerEpoch: 0, baseSequence: batch.SEQUENCE_MAX - 1 };
  const buf = buildBatch([record('a', ''), record('b', ''), record('c', '')], options, crc32c);
  expect(batch.lastSequence(buf, 0)).toBe(0);
});

test('offset and leader epoch are assigned in place without touching the CRC', () => {
  const buf = sample();
  const before = batch.crc(buf, 0);
  batch.assignOffset(buf, 0, { baseOffset: 2 ** 50, leaderEpoch: 12 });
  expect([batch.baseOffset(buf, 0), batch.partitionLeaderEpoch(buf, 0)]).toEqual([2 ** 50, 12]);
  expect(batch.crc(buf, 0)).toBe(before);
  expect(checkBatch(buf, 0, buf.length, crc32c)).toBeNull();
});

test('append time sets type, max timestamp and a CRC that holds', () => {
  const buf = sample();
  batch.assignMaxTimestamp(buf, 0, { maxTimestamp: NOW_MS + 99, logAppendTime: true }, crc32c);
  expect([batch.isLogAppendTime(buf, 0), batch.maxTimestamp(buf, 0)]).toEqual([true, NOW_MS + 99]);
  expect(batch.isTransactional(buf, 0)).toBe(true);
  expect(checkBatch(buf, 0, buf.length, crc32c)).toBeNull();
  batch.assignMaxTimestamp(buf, 0, { maxTimestamp: NOW_MS, logAppendTime: false }, crc32c);
  expect(batch.isLogAppendTime(buf, 0)).toBe(false);
  expect(checkBatch(buf, 0, buf.length, crc32c)).toBeNull();
});

test('a timestamp that already holds leaves the bytes alone', () => {
  const buf = sample();
  const before = Buffer.from(buf);
  const unused = (): number => {
    throw new Error('no CRC is needed');
  };
  batch.assignMaxTimestamp(buf, 0, { maxTimestamp: NOW_MS + 7, logAppendTime: false }, unused);
  expect(buf.equals(before)).toBe(true);
});

test.each([
  [0, '0000000000000000'],
  [-1, 'ffffffffffffffff'],
  [Number.MAX_SAFE_INTEGER, '001fffffffffffff'],
  [Number.MIN_SAFE_INTEGER, 'ffe0000000000001'],
  [2 ** 32, '0000000100000000'],
  [-(2 ** 32) - 1, 'fffffffeffffffff'],
])('int64 %d is exact both ways', (value, hex) => {
  const buf = Buffer.alloc(8);
  writeInt64(buf, 0, value);
  expect(buf.toString('hex')).toBe(hex);
  expect(readInt64(buf, 0)).toBe(value);
});

test.each(['0020000000000000', 'ffe0000000000000', '7fffffffffffffff', '8000000000000000'])(
  'int64 %s is past the safe range and reads as NaN, never rounded',
  (hex) => {
    expect(readInt64(Buffer.from(hex, 'hex'), 0)).toBeNaN();
  },
);

test('every cut of a batch is incomplete, whatever the place of the cut', () => {
  const buf = sample();
  for (let end = 0; end < buf.length; end++) expect(checkBatch(buf, 0, end, crc32c)).toBe('incomplete');
  expect(frameBatch(buf, 0, buf.length)).toBe(buf.length);
});

test('a length below the header, another magic and a wrong CRC are told apart', () => {
  const short = sample();
  short.writeInt32BE(48, 8);
  const negative = sample();
  negative.writeInt32BE(-1, 8);
  const old = sample();
  old.writeInt8(1, 16);
  const flipped = sample();
  flipped.writeUInt8(flipped.readUInt8(80) ^ 1, 80);
  const check = (buf: Buffer): string | null => checkBatch(buf, 0, buf.length, crc32c);
  expect([check(short), check(negative), check(old), check(flipped)]).toEqual([
    'length',
    'length',
    'magic',
    'checksum',
  ]);
});

test.each<[string, (buf: Buffer) => void]>([
  ['a negative base offset', (buf) => writeInt64(buf, 0, -1)],
  ['a base offset past 2^53', (buf) => buf.writeUInt8(0x7f, 0)],
  ['a last offset past 2^53', (buf) => writeInt64(buf, 0, Number.MAX_SAFE_INTEGER - 1)],
  ['a negative last offset delta', (buf) => buf.writeInt32BE(-1, 23)],
  ['a base timestamp past 2^53', (buf) => buf.writeUInt8(0x7f, 27)],
  ['a max timestamp past 2^53', (buf) => buf.writeUInt8(0x7f, 35)],
  ['a producer id past 2^53', (buf) => buf.writeUInt8(0x7f, 43)],
  ['more records than offsets', (buf) => buf.writeInt32BE(4, 57)],
  ['a negative record count', (buf) => buf.writeInt32BE(-1, 57)],
])('%s is refused although the CRC is right', (_, spoil) => {
  const buf = sample();
  spoil(buf);
  expect(checkBatch(reseal(buf), 0, buf.length, crc32c)).toBe('fields');
});

test('a batch that compaction has emptied is sound', () => {
  const buf = sample().subarray(0, batch.HEADER_SIZE);
  buf.writeInt32BE(batch.HEADER_SIZE - 12, 8);
  buf.writeInt32BE(0, 57);
  expect(checkBatch(reseal(buf), 0, buf.length, crc32c)).toBeNull();
});
