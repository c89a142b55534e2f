import { Buffer } from 'node:buffer';
import { expect, test } from '@jest/globals';
import * as batch from '../../../../broker/core/record/batch.ts';
import { buildBatch, buildTransactionMarker } from '../../../../broker/core/record/builder.ts';
import { checkBatch } from '../../../../broker/core/record/check.ts';
import { CONTROL, readControlType, readCoordinatorEpoch } from '../../../../broker/core/record/control.ts';
import { RecordCursor } from '../../../../broker/core/record/cursor.ts';
import { forEachBatch, openRecords, readRecords } from '../../../../broker/core/record/iterate.ts';
import { crc32c } from '../../../../broker/io/crc32c.ts';
import { NOW_MS, record } from './samples.ts';

const build = (...values: string[]): Buffer =>
  buildBatch(
    values.map((value) => record(null, value)),
    { timestamp: NOW_MS },
    crc32c,
  );

test('records come back with offsets counted from the base offset', () => {
  const buf = build('x', 'y');
  batch.assignOffset(buf, 0, { baseOffset: 100, leaderEpoch: 4 });
  const records = readRecords(buf, 0) ?? [];
  expect(records.map(({ offset, timestamp }) => [offset, timestamp])).toEqual([
    [100, NOW_MS],
    [101, NOW_MS],
  ]);
  expect(records.map(({ value }) => value?.toString())).toEqual(['x', 'y']);
});

test('under append time every record has the time of the batch', () => {
  const buf = build('x', 'y');
  batch.assignMaxTimestamp(buf, 0, { maxTimestamp: NOW_MS + 5, logAppendTime: true }, crc32c);
  expect(readRecords(buf, 0)?.map(({ timestamp }) => timestamp)).toEqual([NOW_MS + 5, NOW_MS + 5]);
});

test('a record count that does not fit the records gives nothing', () => {
  const buf = build('x', 'y');
  buf.writeInt32BE(1, 57);
  expect(readRecords(buf, 0)).toBeNull();
});

test('a walk visits whole batches and stops before one that is cut', () => {
  const buf = Buffer.concat([build('a'), build('bb'), build('ccc')]).subarray(0, -1);
  const sizes: number[] = [];
  const end = forEachBatch(buf, 0, buf.length, (_, size) => sizes.push(size) > 0);
  expect(sizes).toEqual([build('a').length, build('bb').length]);
  expect(end).toBe(build('a').length + build('bb').length);
});

test('a walk ends when its visitor has enough', () => {
  const buf = Buffer.concat([build('a'), build('b')]);
  expect(forEachBatch(buf, 0, buf.length, () => false)).toBe(build('a').length);
});

test("a transaction's marker carries type and coordinator epoch", () => {
  const marker = { type: CONTROL.abort, producerId: 9, producerEpoch: 2, coordinatorEpoch: 77, timestamp: NOW_MS };
  const buf = buildTransactionMarker(marker, crc32c);
  expect(checkBatch(buf, 0, buf.length, crc32c)).toBeNull();
  expect([batch.isControl(buf, 0), batch.isTransactional(buf, 0), batch.baseSequence(buf, 0)]).toEqual([
    true,
    true,
    -1,
  ]);
  const cursor = openRecords(new RecordCursor(), buf, 0);
  expect(cursor.next()).toBe(true);
  expect(readControlType(buf, cursor.keyStart, cursor.keyEnd)).toBe(CONTROL.abort);
  expect(readCoordinatorEpoch(buf, cursor.valueStart, cursor.valueEnd)).toBe(77);
  expect([readControlType(buf, -1, -1), readControlType(buf, 0, 3)]).toEqual([null, null]);
});
