import type { FieldSchema, MessageSchema } from '../../broker/core/protocol/schema.ts';
import { inVersions } from '../../broker/core/protocol/schema.ts';
import type { Instance } from '../wire/oracle/instances.ts';
import { fieldsOf } from '../wire/oracle/instances.ts';

/** A place in an encoded message where a number says how much follows. */
export interface Spot {
  readonly kind: 'array' | 'length' | 'tags';
  /** Where the number begins, and how many bytes it takes. */
  readonly at: number;
  readonly size: number;
  /** A varint (flexible versions), else a big-endian integer of `size` bytes. */
  readonly isVarint: boolean;
  /** Like `FetchRequest.topics.partitions`. */
  readonly path: string;
}

/** An encoded message and its places. */
export interface Layout {
  readonly bytes: Buffer;
  readonly spots: readonly Spot[];
}

/** An unsigned LEB128 number. */
export function uvarint(value: number): Buffer {
  const bytes: number[] = [];
  let rest = value;
  while (rest >= 128) {
    bytes.push((rest % 128) + 128);
    rest = Math.floor(rest / 128);
  }
  bytes.push(rest);
  return Buffer.from(bytes);
}

/**
 * Encodes an instance by its schema and remembers every place that says how much follows. Written apart from the
 * product's encoder, and slowly: it exists to be spoiled.
 */
export function layOut(schema: MessageSchema, version: number, instance: Instance): Layout {
  const writer = new Writer(schema, version);
  writer.struct(schema.fields, instance, schema.name);
  return { bytes: Buffer.concat(writer.parts), spots: writer.spots };
}

class Writer {
  readonly parts: Buffer[] = [];
  readonly spots: Spot[] = [];
  readonly #schema: MessageSchema;
  readonly #version: number;
  readonly #isFlexible: boolean;
  #size = 0;

  constructor(schema: MessageSchema, version: number) {
    this.#schema = schema;
    this.#version = version;
    this.#isFlexible = inVersions(schema.flexible, version);
  }

  struct(fields: readonly FieldSchema[], instance: Instance, path: string): void {
    const present = fields.filter((field) => inVersions(field.versions, this.#version));
    const tagged = present.filter((field) => inVersions(field.tagged, this.#version));
    for (const field of present) {
      if (!tagged.includes(field)) this.#field(field, instance[field.name], `${path}.${field.name}`);
    }
    if (!this.#isFlexible) return;
    const given = tagged
      .filter((field) => instance[field.name] !== undefined)
      .toSorted((a, b) => (a.tag ?? 0) - (b.tag ?? 0));
    this.#spot('tags', uvarint(given.length), path);
    for (const field of given) {
      const inner = new Writer(this.#schema, this.#version);
      inner.#field(field, instance[field.name], `${path}.${field.name}`);
      this.#put(uvarint(field.tag ?? 0));
      this.#spot('length', uvarint(inner.#size), `${path}.${field.name}`);
      for (const spot of inner.spots) this.spots.push({ ...spot, at: spot.at + this.#size });
      for (const part of inner.parts) this.#put(part);
    }
  }

  #field(field: FieldSchema, value: unknown, path: string): void {
    const isNullable = inVersions(field.nullable, this.#version);
    if (field.type.startsWith('[]')) {
      this.#array(field, value, path);
      return;
    }
    const inner = fieldsOf(this.#schema, field);
    if (inner === null) {
      this.#primitive(field.type, value, path, isNullable);
      return;
    }
    if (isNullable) this.#put(Buffer.from([value === null ? 0xff : 1]));
    // The generator made it from this very schema.
    if (value !== null) this.struct(inner, value as Instance, path);
  }

  #array(field: FieldSchema, value: unknown, path: string): void {
    if (!Array.isArray(value)) {
      this.#count('array', -1, 4, path);
      return;
    }
    this.#count('array', value.length, 4, path);
    const inner = fieldsOf(this.#schema, field);
    for (const element of value) {
      // The generator made it from this very schema.
      if (inner === null) this.#primitive(field.type.slice(2), element, path, false);
      else this.struct(inner, element as Instance, path);
    }
  }

  #primitive(type: string, value: unknown, path: string, isNullable: boolean): void {
    switch (type) {
      case 'bool':
        this.#put(Buffer.from([value === true ? 1 : 0]));
        return;
      case 'string':
        this.#text(value === null || value === undefined ? null : Buffer.from(String(value)), 2, path);
        return;
      case 'bytes':
      case 'records':
        this.#text(value instanceof Uint8Array ? Buffer.from(value) : null, 4, path);
        return;
      case 'uuid':
        this.#put(Buffer.concat([Buffer.from(String(value ?? ''), 'base64url'), Buffer.alloc(16)]).subarray(0, 16));
        return;
      case 'float64': {
        const bytes = Buffer.alloc(8);
        bytes.writeDoubleBE(Number(value));
        this.#put(bytes);
        return;
      }
      default:
        if (!/^u?int\d+$/.test(type)) throw new Error(`${path}: type ${type}, ${isNullable ? 'nullable' : ''}`);
        this.#integer(Number(type.replace(/\D+/, '')) / 8, BigInt((value as number | bigint | undefined) ?? 0));
    }
  }

  #integer(size: number, value: bigint): void {
    const bytes = Buffer.alloc(8);
    bytes.writeBigUInt64BE(BigInt.asUintN(64, value));
    this.#put(bytes.subarray(8 - size));
  }

  #text(bytes: Buffer | null, fixedSize: 2 | 4, path: string): void {
    this.#count('length', bytes?.length ?? -1, fixedSize, path);
    if (bytes !== null) this.#put(bytes);
  }

  /** A count or length; −1 stands for null. */
  #count(kind: 'array' | 'length', count: number, fixedSize: 2 | 4, path: string): void {
    if (this.#isFlexible) {
      this.#spot(kind, uvarint(count + 1), path);
      return;
    }
    const bytes = Buffer.alloc(fixedSize);
    bytes.writeIntBE(count, 0, fixedSize);
    this.#spot(kind, bytes, path);
  }

  #spot(kind: Spot['kind'], bytes: Buffer, path: string): void {
    this.spots.push({ kind, at: this.#size, size: bytes.length, isVarint: this.#isFlexible, path });
    this.#put(bytes);
  }

  #put(bytes: Buffer): void {
    this.parts.push(bytes);
    this.#size += bytes.length;
  }
}

/** The bytes with another number in one place; in a fixed place only its low bytes fit. */
export function withNumber(layout: Layout, spot: Spot, value: number): Buffer {
  const { bytes } = layout;
  let number = uvarint(value);
  if (!spot.isVarint) {
    number = Buffer.alloc(spot.size);
    number.writeIntBE(spot.size === 2 ? Math.min(value, 32_767) : value, 0, spot.size);
  }
  return Buffer.concat([bytes.subarray(0, spot.at), number, bytes.subarray(spot.at + spot.size)]);
}
