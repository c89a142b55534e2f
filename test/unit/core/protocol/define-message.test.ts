import { describe, expect, test } from '@jest/globals';
import type { MessageCodec } from '../../../../broker/core/protocol/define-message.ts';
import { defineMessage, encodeOwned } from '../../../../broker/core/protocol/define-message.ts';
import type { OPTIONAL } from '../../../../broker/core/protocol/input.ts';
import type { MessageSchema } from '../../../../broker/core/protocol/schema.ts';

interface Part {
  readonly id: number;
  readonly note: string | null;
}

interface Sample {
  readonly [OPTIONAL]?: 'count' | 'parts' | 'one' | 'extra' | 'dropped' | 'blob' | 'maybe';
  readonly name: string;
  readonly count: number;
  readonly parts: readonly Part[];
  readonly one: Part;
  readonly maybe: Part | null;
  readonly extra: number;
  readonly dropped: string;
  readonly blob: Uint8Array;
}

const PART = [
  { name: 'id', type: 'int32', versions: '0+' },
  { name: 'note', type: 'string', versions: '0+', nullable: '1+' },
] as const;

const schema: MessageSchema = {
  name: 'Sample',
  versions: '0-3',
  flexible: '2+',
  fields: [
    { name: 'name', type: 'string', versions: '0+' },
    { name: 'count', type: 'int64', versions: '1+', default: -1 },
    { name: 'parts', type: '[]Part', versions: '0+' },
    { name: 'one', type: 'Part', versions: '2+', tagged: '2+', tag: 1 },
    { name: 'maybe', type: 'Part', versions: '3+', nullable: '3+', default: null },
    { name: 'extra', type: 'int16', versions: '2+', tagged: '2+', tag: 0, default: 5 },
    { name: 'dropped', type: 'string', versions: '1+', ignorable: true, default: 'none' },
    { name: 'blob', type: 'bytes', versions: '0+' },
  ],
  structs: { Part: PART },
};

const sample: MessageCodec<Sample> = defineMessage<Sample>(schema);
const whole: Sample = {
  name: 'n',
  count: 3,
  parts: [{ id: 1, note: null }],
  one: { id: 2, note: 'two' },
  maybe: { id: 3, note: null },
  extra: 6,
  dropped: 'd',
  blob: Buffer.from([1, 2]),
};

describe('A defined message', () => {
  test('A value comes back whole from a version that carries everything.', () => {
    expect(sample.decode(3, sample.encode(3, whole))).toEqual(whole);
  });

  test('Fields that are left out are written and read as their defaults.', () => {
    const decoded = sample.decode(3, sample.encode(3, { name: 'n' }));
    const wanted = {
      name: 'n',
      count: -1,
      parts: [],
      one: { id: 0, note: '' },
      maybe: null,
      extra: 5,
      dropped: 'none',
    };
    expect(decoded).toEqual({ ...wanted, blob: Buffer.alloc(0) });
  });

  test('Fields that a version lacks are read as their defaults, in the same order as ever.', () => {
    const decoded = sample.decode(0, sample.encode(0, { name: 'n', parts: [{ id: 1, note: 'x' }] }));
    expect(decoded).toEqual({ ...sample.decode(3, sample.encode(3, { name: 'n' })), parts: [{ id: 1, note: 'x' }] });
    expect(Object.keys(decoded)).toEqual(schema.fields.map((field) => field.name));
  });

  test('A default that is shared between messages cannot be changed.', () => {
    const decoded = sample.decode(0, sample.encode(0, { name: 'n' }));
    expect(Object.isFrozen(decoded.one)).toBe(true);
    expect(Object.isFrozen(sample.decode(3, sample.encode(3, { name: 'n' })).one)).toBe(true);
  });

  test('A value that a version cannot carry is a bug that names the field, unless it is the default or may be ignored.', () => {
    const causeOf = (run: () => unknown): unknown => {
      try {
        run();
      } catch (error) {
        return String((error as Error).cause);
      }
      return null;
    };
    expect(causeOf(() => sample.encode(0, { name: 'n', count: 3 }))).toContain(
      'Sample.count: this version cannot carry it',
    );
    expect(causeOf(() => sample.encode(1, { name: 'n', one: { id: 1, note: '' } }))).toContain(
      'Sample.one: this version',
    );
    expect(causeOf(() => sample.encode(2, { name: 'n', maybe: { id: 0, note: '' } }))).toContain(
      'Sample.maybe: this version',
    );
    expect(
      causeOf(() => sample.encode(0, { name: 'n', count: -1, one: { id: 0, note: '' }, dropped: 'lost' })),
    ).toBeNull();
    expect(causeOf(() => sample.encode(0, { name: 'n', parts: [{ id: 1, note: null }] }))).toContain(
      'Sample.parts.note: null',
    );
    expect(causeOf(() => sample.encode(1, { name: 'n', parts: [{ id: 2 ** 31, note: null }] }))).toContain(
      'out of range',
    );
  });

  test('A version that does not exist is a bug to write and an error to read.', () => {
    for (const version of [-1, 4, 0.5]) {
      expect(() => sample.encode(version, { name: 'n' })).toThrow('bug');
      expect(() => sample.decode(version, new Uint8Array(100))).toThrow(`Sample: no version ${version}`);
    }
  });

  test('Null where it is not allowed is refused with the path of the field.', () => {
    const bytes = sample.encode(1, { name: 'n', parts: [{ id: 1, note: null }] });
    expect(() => sample.decode(0, Buffer.from([0, 1, 110, 0, 0, 0, 1, 0, 0, 0, 1, 255, 255]))).toThrow(
      'Sample.parts.note: null',
    );
    expect(() => sample.decode(1, Buffer.concat([Buffer.from([255, 255]), bytes.subarray(3)]))).toThrow(
      'Sample.name: null',
    );
  });

  test('Tags that are not known are passed over; known ones must fill their size.', () => {
    const bytes = sample.encode(2, { name: 'n' });
    expect(bytes.at(-1)).toBe(0);
    const tagged = (...tags: number[]): Sample =>
      sample.decode(2, Buffer.concat([bytes.subarray(0, -1), Buffer.from(tags)]));
    expect(tagged(2, 0, 2, 0, 9, 77, 3, 1, 2, 3).extra).toBe(9);
    expect(() => tagged(1, 0, 3, 0, 9, 0)).toThrow('Sample.extra: 1 bytes left in a tagged field');
    expect(() => tagged(1, 0, 1, 9)).toThrow('Sample.extra: 2 bytes needed, 1 left');
    expect(() => tagged(2, 0, 1, 9, 7, 1, 0)).toThrow('Sample.extra: 2 bytes needed, 1 left');
    expect(() => tagged(1, 0, 9, 0)).toThrow('9 bytes needed, 1 left');
  });

  test('Bytes after the message are ignored, and it is read from the middle of others.', () => {
    const bytes = sample.encode(3, whole);
    const around = Buffer.concat([Buffer.from([1, 2, 3]), bytes, Buffer.from([4])]);
    expect(sample.decode(3, around, 3)).toEqual(whole);
  });

  test('What is encoded has memory of its own.', () => {
    const blob = new Uint8Array(5_000).fill(1);
    const bytes = sample.encode(3, { ...whole, blob });
    expect(bytes.buffer.byteLength).toBe(bytes.length);
    blob.fill(2);
    expect(sample.decode(3, bytes).blob.every((byte) => byte === 1)).toBe(true);
    expect(encodeOwned(() => undefined)).toHaveLength(0);
  });

  test('A schema that names no type is a bug.', () => {
    const broken = defineMessage({ ...schema, structs: {} });
    expect(() => broken.decode(0, new Uint8Array(9))).toThrow('bug: Sample.parts has unknown type Part');
  });
});
