import { Buffer } from 'node:buffer';
import { expect, test } from '@jest/globals';
import { RecordCursor, varintSize, writeVarint } from '../../../../broker/core/record/cursor.ts';

/** One record whose bytes behind the length are given in hex. */
const one = (hex: string): RecordCursor => {
  const body = Buffer.from(hex, 'hex');
  const buf = Buffer.concat([Buffer.alloc(varintSize(body.length)), body]);
  writeVarint(buf, 0, body.length);
  return new RecordCursor().reset(buf, 0, buf.length);
};

test('a record with key, value and headers is given as ranges', () => {
  // attributes, time delta 150, offset delta 1, key "ab", null value, two headers: "h" = "v", "" = null
  const cursor = one('00' + 'ac02' + '02' + '046162' + '01' + '04' + '0268' + '0276' + '00' + '01');
  expect(cursor.next()).toBe(true);
  expect([cursor.timestampDelta, cursor.offsetDelta, cursor.headerCount]).toEqual([150, 1, 2]);
  expect(cursor.buf.toString('utf8', cursor.keyStart, cursor.keyEnd)).toBe('ab');
  expect([cursor.valueStart, cursor.valueEnd]).toEqual([-1, -1]);
  expect(cursor.nextHeader()).toBe(true);
  expect(cursor.buf.toString('utf8', cursor.headerKeyStart, cursor.headerKeyEnd)).toBe('h');
  expect(cursor.buf.toString('utf8', cursor.headerValueStart, cursor.headerValueEnd)).toBe('v');
  expect(cursor.nextHeader()).toBe(true);
  expect([cursor.headerKeyEnd - cursor.headerKeyStart, cursor.headerValueStart]).toEqual([0, -1]);
  expect(cursor.nextHeader()).toBe(false);
  expect([cursor.next(), cursor.problem]).toEqual([false, '']);
});

test.each([
  ['a varint that ends with the bytes', '00ff', 'varint is cut off'],
  ['an offset delta of six bytes', '0000' + '808080808001', 'varint is too long'],
  ['an offset delta past 32 bits', '0000' + '8080808010', 'number is out of range'],
  ['a time delta of eleven bytes', '00' + '8080808080808080808001', 'varint is too long'],
  ['a time delta past 2^52', '00' + '80808080808080808001', 'number is out of range'],
  ['a record of no bytes', '', 'varint is cut off'],
  ['a header without a key', '000000' + '01' + '01' + '02' + '01' + '01', 'field length is out of range'],
  ['bytes behind the headers', '000000' + '01' + '01' + '00' + '00', 'record length does not match its fields'],
])('%s stops the walk: %s', (_, hex, problem) => {
  const cursor = one(hex);
  expect(cursor.next()).toBe(false);
  expect(cursor.problem).toBe(problem);
  expect(cursor.next()).toBe(false);
});

test('a longer form of a small number is read, as Kafka reads it', () => {
  const cursor = one('00' + '8000' + '00' + '01' + '01' + '00');
  expect([cursor.next(), cursor.timestampDelta]).toEqual([true, 0]);
});

test.each([0, -1, 1, 63, -64, 64, 8191, -8193, 2 ** 31 - 1, -(2 ** 31)])('int32 %d survives as a varint', (value) => {
  const size = varintSize(value);
  const body = Buffer.concat([Buffer.from('0000', 'hex'), Buffer.alloc(size), Buffer.from('010100', 'hex')]);
  expect(writeVarint(body, 2, value)).toBe(2 + size);
  const cursor = one(body.toString('hex'));
  expect([cursor.next(), cursor.problem, cursor.offsetDelta]).toEqual([true, '', value]);
});

test.each([0, -1, 2 ** 32, -(2 ** 40) - 7, 2 ** 52 - 1, -(2 ** 52)])('time delta %d survives exactly', (value) => {
  const size = varintSize(value);
  const body = Buffer.concat([Buffer.alloc(1 + size), Buffer.from('00010100', 'hex')]);
  writeVarint(body, 1, value);
  const cursor = one(body.toString('hex'));
  expect([cursor.next(), cursor.problem, cursor.timestampDelta]).toEqual([true, '', value]);
});
