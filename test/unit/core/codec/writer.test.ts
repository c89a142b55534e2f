import { describe, expect, test } from '@jest/globals';
import { Reader } from '../../../../broker/core/codec/reader.ts';
import { Writer } from '../../../../broker/core/codec/writer.ts';

function written(write: (writer: Writer) => void, writer = new Writer()): Buffer {
  writer.begin();
  write(writer);
  return Buffer.concat(writer.end());
}

const hex = (write: (writer: Writer) => void): string => written(write).toString('hex');

describe('Writer', () => {
  test('Numbers are big-endian, at both ends of their range.', () => {
    expect(hex((writer) => writer.int8(-128))).toBe('80');
    expect(hex((writer) => writer.int16(-2))).toBe('fffe');
    expect(hex((writer) => writer.uint16(65_535))).toBe('ffff');
    expect(hex((writer) => writer.int32(-1))).toBe('ffffffff');
    expect(hex((writer) => writer.uint32(0xffff_fffe))).toBe('fffffffe');
    expect(hex((writer) => writer.int64(-1))).toBe('ffffffffffffffff');
    expect(hex((writer) => writer.int64(Number.MAX_SAFE_INTEGER))).toBe('001fffffffffffff');
    expect(hex((writer) => writer.int64(2n ** 63n - 1n))).toBe('7fffffffffffffff');
    expect(hex((writer) => writer.float64(1))).toBe('3ff0000000000000');
  });

  test.each([0, 1, 127, 128, 16_383, 16_384, 2 ** 21, 2 ** 28 - 1, 2 ** 28, 2 ** 31, 2 ** 32 - 1])(
    'The varint %d comes back.',
    (value) => {
      const bytes = written((writer) => writer.unsignedVarint(value));
      expect(new Reader(bytes, 0, bytes.length, 'x').unsignedVarint()).toBe(value);
    },
  );

  test('What the protocol cannot carry is a bug that names the field.', () => {
    const writer = new Writer();
    writer.field = 'Test.field';
    expect(() => writer.int64(2 ** 53)).toThrow('bug: Test.field: 9007199254740992 is no safe integer');
    expect(() => writer.int64(0.5)).toThrow('no safe integer');
    expect(() => writer.uuid('short')).toThrow("'short' is no UUID");
    expect(() => writer.uuid('!!!!!!!!!!!!!!!!!!!!!!')).toThrow('is no UUID');
    expect(() => writer.text('x'.repeat(32_768), true)).toThrow('text of 32768 bytes');
    expect(() => writer.int8(128)).toThrow('out of range');
  });

  test.each([
    '',
    'ascii',
    'é',
    'a'.repeat(48),
    `${'a'.repeat(47)}é`,
    'a'.repeat(127),
    'ü'.repeat(64),
    '😀'.repeat(8_191),
  ])('The text %j comes back in both forms.', (text) => {
    for (const compact of [true, false]) {
      const bytes = written((writer) => writer.text(text, compact));
      expect(new Reader(bytes, 0, bytes.length, 'x').text(compact)).toBe(text);
    }
  });

  test('A zero UUID overwrites what a failed message left in the slab.', () => {
    const writer = new Writer();
    writer.begin();
    writer.float64(-1);
    writer.float64(-1);
    expect(written((again) => again.uuid('AAAAAAAAAAAAAAAAAAAAAA'), writer)).toEqual(Buffer.alloc(16));
  });

  test('Large bytes are referenced, small ones copied; a list of chunks is written as one.', () => {
    const writer = new Writer();
    const large = new Uint8Array(1_024).fill(7);
    const small = Uint8Array.from([1, 2]);
    writer.begin();
    writer.bytes([small, large, small], false);
    writer.int8(9);
    const chunks = writer.end();
    expect(chunks[1]).toBe(large);
    expect(Buffer.concat(chunks).toString('hex')).toBe(`00000404${'0102'}${'07'.repeat(1_024)}010209`);
  });

  test('Inside a part with its size in front nothing is referenced, and the size may take several bytes.', () => {
    for (const size of [0, 1, 127, 128, 129, 5_000, 20_000]) {
      const writer = new Writer();
      writer.begin();
      writer.int8(3);
      const mark = writer.beginSized();
      writer.raw(new Uint8Array(size).fill(8));
      writer.endSized(mark);
      writer.int8(4);
      const chunks = writer.end();
      expect(chunks).toHaveLength(1);
      const reader = new Reader(chunks[0] ?? new Uint8Array(0), 0, chunks[0]?.length ?? 0, 'x');
      expect([reader.int8(), reader.unsignedVarint()]).toEqual([3, size]);
      expect(reader.bytes.subarray(reader.take(size), reader.at).every((byte) => byte === 8)).toBe(true);
      expect([reader.int8(), reader.remaining]).toEqual([4, 0]);
    }
  });

  test('A frame says how long the rest is, also when its first piece ends early.', () => {
    const writer = new Writer();
    for (const size of [0, 10, 2_000, 100_000]) {
      writer.begin();
      writer.int32(0);
      writer.bytes(new Uint8Array(size), false);
      writer.int16(5);
      const frame = Buffer.concat(writer.endFrame());
      expect(frame.readInt32BE(0)).toBe(frame.length - 4);
      expect(frame.readInt16BE(frame.length - 2)).toBe(5);
    }
  });

  test('Later messages never touch what was handed out, however many slabs they fill.', () => {
    const writer = new Writer();
    const kept: { readonly bytes: Uint8Array[]; readonly value: number }[] = [];
    for (let value = 0; value < 500; value += 1) {
      writer.begin();
      for (let count = 0; count < (value % 50) * 10 + 1; count += 1) writer.int32(value);
      kept.push({ bytes: writer.end(), value });
    }
    for (const { bytes, value } of kept) {
      const whole = Buffer.concat(bytes);
      const due = Buffer.alloc(whole.length);
      for (let at = 0; at < whole.length; at += 4) due.writeInt32BE(value, at);
      expect(whole.equals(due)).toBe(true);
    }
  });

  test('A message that was left unfinished leaves nothing behind.', () => {
    const writer = new Writer();
    writer.begin();
    writer.int32(1);
    writer.raw(new Uint8Array(2_000));
    writer.beginCopying();
    expect(written((again) => again.bytes(new Uint8Array(1_024), true), writer)).toHaveLength(1_026);
    writer.begin();
    writer.raw(new Uint8Array(1_024));
    expect(writer.end()).toHaveLength(1);
  });
});
