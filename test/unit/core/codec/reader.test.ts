import { describe, expect, test } from '@jest/globals';
import { DecodeError, isDecodeError } from '../../../../broker/core/codec/decode-error.ts';
import { Reader } from '../../../../broker/core/codec/reader.ts';

const reader = (...bytes: number[]): Reader => new Reader(Uint8Array.from(bytes), 0, bytes.length, 'Test.field');
const int64 = (value: bigint): Reader => {
  const bytes = Buffer.alloc(8);
  bytes.writeBigInt64BE(value);
  return new Reader(bytes, 0, 8, 'Test.field');
};

describe('Reader', () => {
  test('A read past the end is refused with the name of the field and leaves the cursor where it was.', () => {
    const short = reader(1, 2, 3);
    expect(() => short.int32()).toThrow(new DecodeError('Test.field', '4 bytes needed, 3 left'));
    expect(short.at).toBe(0);
    expect(short.int16()).toBe(0x0102);
  });

  test('A range outside of the bytes is refused.', () => {
    const bytes = new Uint8Array(4);
    for (const [start, end] of [
      [-1, 2],
      [3, 2],
      [0, 5],
      [Number.NaN, 2],
    ] as const) {
      expect(() => new Reader(bytes, start, end, 'x')).toThrow('no range');
    }
  });

  test('It reads a plain Uint8Array that starts inside its buffer.', () => {
    const whole = Uint8Array.from([9, 9, 0, 0, 0, 7]);
    expect(new Reader(whole.subarray(2), 0, 4, 'x').int32()).toBe(7);
  });

  test('An int64 is exact up to 2^53 − 1 on both sides and refused beyond.', () => {
    const most = 2n ** 53n - 1n;
    expect(int64(most).int64()).toBe(Number(most));
    expect(int64(-most).int64()).toBe(Number(-most));
    expect(int64(-1n).int64()).toBe(-1);
    for (const value of [most + 1n, -most - 1n, 2n ** 63n - 1n, -(2n ** 63n), 2n ** 53n + 1n]) {
      expect(() => int64(value).int64()).toThrow('Test.field: int64 beyond');
      expect(int64(value).wideInt64()).toBe(value);
    }
    expect(int64(5n).wideInt64()).toBe(5);
  });

  test.each([
    [[0], 0],
    [[0x7f], 127],
    [[0x80, 0x01], 128],
    [[0xff, 0xff, 0xff, 0xff, 0x0f], 0xffff_ffff],
    [[0x80, 0x80, 0x80, 0x80, 0x08], 0x8000_0000],
    [[0x80, 0x00], 0],
  ])('The varint %j is %d.', (bytes, value) => {
    const one = reader(...bytes);
    expect(one.unsignedVarint()).toBe(value);
    expect(one.remaining).toBe(0);
  });

  test('A varint of more than 32 bits or five bytes, or without its end, is refused.', () => {
    expect(() => reader(0xff, 0xff, 0xff, 0xff, 0x10).unsignedVarint()).toThrow('varint of more than 32 bits');
    expect(() => reader(0x80, 0x80, 0x80, 0x80, 0x80, 0x00).unsignedVarint()).toThrow('varint of more than 32 bits');
    expect(() => reader(0x80).unsignedVarint()).toThrow('1 bytes needed, 0 left');
  });

  test('Text is null, empty or UTF-8, in both forms of the length.', () => {
    expect(reader(0xff, 0xff).text(false)).toBeNull();
    expect(reader(0).text(true)).toBeNull();
    expect(reader(0, 0).text(false)).toBe('');
    expect(reader(3, 0xc3, 0xa9).text(true)).toBe('é');
  });

  test('Text over 32,767 bytes is refused, though its bytes are there.', () => {
    const bytes = new Uint8Array(40_000);
    bytes.set([0x81, 0x80, 0x02]); // 32,769 as a varint: 32,768 bytes
    expect(() => new Reader(bytes, 0, bytes.length, 'x').text(true)).toThrow('text of 32768 bytes');
    bytes.set([0x80, 0x80, 0x02]);
    expect(new Reader(bytes, 0, bytes.length, 'x').text(true)).toHaveLength(32_767);
  });

  test('A negative length other than −1 is refused.', () => {
    expect(() => reader(0xff, 0xfe).text(false)).toThrow('length -2');
    expect(() => reader(0x80, 0, 0, 0).view(false)).toThrow('length -2147483648');
    expect(() => reader(0xff, 0xff, 0xff, 0xfe).count(false, 1)).toThrow('length -2');
  });

  test('Bytes are a view of what was received, not a copy.', () => {
    const bytes = Buffer.from([0, 0, 0, 2, 5, 6]);
    const view = new Reader(bytes, 0, 6, 'x').view(false);
    bytes[5] = 7;
    expect(view).toEqual(Buffer.from([5, 7]));
  });

  test('An array that cannot be in the bytes left is refused by its count alone.', () => {
    expect(() => reader(0x7f, 0xff, 0xff, 0xff).count(false, 1)).toThrow('array of 2147483647 elements');
    expect(() => reader(0, 0, 0, 3, 0, 0).count(false, 1)).toThrow('array of 3 elements');
    expect(() => reader(0, 0, 0, 3, 0, 0, 0, 0, 0).count(false, 2)).toThrow('array of 3 elements');
    expect(reader(0, 0, 0, 3, 0, 0, 0).count(false, 1)).toBe(3);
    expect(reader(0).count(true, 1)).toBe(-1);
  });

  test('An array of more than a million elements is refused though its bytes are there, and so are four million in several.', () => {
    const bytes = Buffer.alloc(1_100_000);
    bytes.writeInt32BE(1_000_001);
    expect(() => new Reader(bytes, 0, bytes.length, 'x').count(false, 1)).toThrow('array of 1000001 elements');
    bytes.writeInt32BE(1_000_000);
    const several = new Reader(bytes, 0, bytes.length, 'x');
    for (let round = 0; round < 4; round += 1) {
      several.at = 0;
      expect(several.count(false, 1)).toBe(1_000_000);
    }
    several.at = 0;
    expect(() => several.count(false, 1)).toThrow('more than 4000000 elements in one message');
  });

  test('More than 10,000 tagged fields, or more than fit, are refused.', () => {
    const bytes = Buffer.alloc(30_000);
    bytes.set([0x91, 0x4e]); // 10,001
    expect(() => new Reader(bytes, 0, bytes.length, 'x').taggedCount()).toThrow('10001 tagged fields');
    expect(() => reader(2, 0, 0).taggedCount()).toThrow('2 tagged fields');
    bytes.set([0x90, 0x4e]);
    const full = new Reader(bytes, 0, bytes.length, 'x');
    full.skipTagged();
    expect(full.at).toBe(20_002);
  });

  test('A decode error is told by its code, whichever realm made it.', () => {
    expect(isDecodeError(new DecodeError('a.b', 'null'))).toBe(true);
    expect(isDecodeError({ code: 'DECODE' })).toBe(true);
    for (const other of [new Error('x'), null, 'DECODE', { code: 'ENOENT' }]) expect(isDecodeError(other)).toBe(false);
  });
});
