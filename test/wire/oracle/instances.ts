import type { FieldSchema, MessageSchema } from '../../../broker/core/protocol/schema.ts';
import { inVersions } from '../../../broker/core/protocol/schema.ts';
import type { Prng } from '../../../broker/core/base/prng.ts';

/** A message or struct as plain properties. */
export interface Instance {
  readonly [name: string]: unknown;
}

type Ranges = Readonly<Record<string, readonly [min: bigint, max: bigint]>>;

const INTEGERS: Ranges = {
  int8: [-(2n ** 7n), 2n ** 7n - 1n],
  int16: [-(2n ** 15n), 2n ** 15n - 1n],
  uint16: [0n, 2n ** 16n - 1n],
  int32: [-(2n ** 31n), 2n ** 31n - 1n],
  uint32: [0n, 2n ** 32n - 1n],
  int64: [-(2n ** 63n), 2n ** 63n - 1n],
};

/** The integer types as the production codec takes them: int64 only where a number is exact. */
const SAFE_INTEGERS: Ranges = { ...INTEGERS, int64: [-(2n ** 53n - 1n), 2n ** 53n - 1n] };

/** Elements whose count takes a varint of two bytes. */
const MANY = 130;

/** Each kind of value that a field of this type must have had. */
function typeCases(type: string): readonly string[] {
  if (type.startsWith('[]')) return /^\[\][a-z]/.test(type) ? ['0', '1', '3', 'many'] : ['0', '1', '3'];
  if (INTEGERS[type] !== undefined) return ['min', 'max', 'zero', 'default', 'random'];
  switch (type) {
    case 'bool':
      return ['false', 'true'];
    case 'float64':
      return ['least', 'most', 'random'];
    case 'string':
      return ['empty', 'ascii', 'multibyte', 'long', 'default'];
    case 'uuid':
      return ['zero', 'ones', 'random'];
    case 'bytes':
    case 'records':
      return ['empty', 'short', 'long'];
    default:
      return ['struct'];
  }
}

/** The kinds of value that a field must have had in one version: those of its type, null, and left out when it is tagged. */
export function casesOf(field: FieldSchema, version: number): readonly string[] {
  const cases = [...typeCases(field.type)];
  if (inVersions(field.nullable, version)) cases.push('null');
  if (inVersions(field.tagged, version)) cases.push('left out');
  return cases;
}

/** Fields of a struct that a field or an array of them is made of; null for primitive types. */
export function fieldsOf(schema: MessageSchema, field: FieldSchema): readonly FieldSchema[] | null {
  return field.fields ?? schema.structs?.[field.type.replace('[]', '')] ?? null;
}

/** Every `path: case` that instances of one version must have shown. Written apart from the generator, to hold it to account. */
export function wantedCases(schema: MessageSchema, version: number): Set<string> {
  const wanted = new Set<string>();
  const visit = (fields: readonly FieldSchema[], parent: string): void => {
    for (const field of fields) {
      if (!inVersions(field.versions, version)) continue;
      const path = `${parent}.${field.name}`;
      for (const kind of casesOf(field, version)) wanted.add(`${path}: ${kind}`);
      const inner = fieldsOf(schema, field);
      if (inner !== null) visit(inner, path);
    }
  };
  visit(schema.fields, schema.name);
  return wanted;
}

/**
 * Random instances of one version: each field goes through all of its cases first, then takes them at random. `shown` collects
 * the `path: case` of each value made.
 */
export class InstanceMaker {
  readonly shown = new Set<string>();
  readonly #schema: MessageSchema;
  readonly #version: number;
  readonly #prng: Prng;
  readonly #ranges: Ranges;
  readonly #turns = new Map<string, number>();

  constructor(schema: MessageSchema, version: number, prng: Prng, int64: 'full' | 'safe' = 'full') {
    this.#ranges = int64 === 'full' ? INTEGERS : SAFE_INTEGERS;
    this.#schema = schema;
    this.#version = version;
    this.#prng = prng;
  }

  make(): Instance {
    return this.#struct(this.#schema.fields, this.#schema.name);
  }

  #struct(fields: readonly FieldSchema[], parent: string): Instance {
    const instance: Record<string, unknown> = {};
    for (const field of fields) {
      if (!inVersions(field.versions, this.#version)) continue;
      const path = `${parent}.${field.name}`;
      const kind = this.#nextCase(field, path);
      this.shown.add(`${path}: ${kind}`);
      if (kind !== 'left out') instance[field.name] = this.#value(field, path, kind);
    }
    return instance;
  }

  #nextCase(field: FieldSchema, path: string): string {
    const cases = casesOf(field, this.#version);
    const turn = this.#turns.get(path) ?? 0;
    this.#turns.set(path, turn + 1);
    return cases[turn < cases.length ? turn : this.#prng.below(cases.length)] ?? '';
  }

  #value(field: FieldSchema, path: string, kind: string): unknown {
    if (kind === 'null') return null;
    if (field.type.startsWith('[]')) return this.#array(field, path, kind === 'many' ? MANY : Number(kind));
    const inner = fieldsOf(this.#schema, field);
    if (inner !== null) return this.#struct(inner, path);
    return kind === 'default' && field.default !== undefined ? field.default : this.#primitive(field.type, kind);
  }

  #array(field: FieldSchema, path: string, count: number): unknown[] {
    const inner = fieldsOf(this.#schema, field);
    const type = field.type.slice(2);
    const cases = typeCases(type);
    return Array.from({ length: count }, (_, index) => {
      if (inner !== null) return this.#struct(inner, path);
      return this.#primitive(type, cases[(index + this.#prng.below(2)) % cases.length] ?? '');
    });
  }

  #primitive(type: string, kind: string): unknown {
    const range = this.#ranges[type];
    if (range !== undefined) return this.#integer(range, kind);
    switch (type) {
      case 'bool':
        return kind === 'true';
      case 'float64':
        // Always with a fraction or exponent: the converters refuse a float that is written like an integer.
        return { least: Number.MIN_VALUE, most: -Number.MAX_VALUE }[kind] ?? this.#prng.below(1_000_000) + 0.25;
      case 'string':
        return this.#text(kind);
      case 'uuid':
        return Buffer.from(this.#bytes(kind, 16)).toString('base64url');
      default:
        return this.#bytes(kind, { short: 3, long: 2_000 }[kind] ?? 0);
    }
  }

  #integer([min, max]: readonly [bigint, bigint], kind: string): number | bigint {
    const random = (BigInt(this.#prng.uint32()) << 32n) | BigInt(this.#prng.uint32());
    const value = { min, max, random: min + (random % (max - min + 1n)) }[kind] ?? 0n;
    return toSafe(value);
  }

  #text(kind: string): string {
    const some = `t${this.#prng.uint32()}`;
    switch (kind) {
      case 'ascii':
        return some;
      case 'multibyte':
        return `${some} é߿ 水 "\\" 😀`;
      case 'long':
        return `${some} ${'ü0'.repeat(100)}`;
      default:
        return '';
    }
  }

  #bytes(kind: string, size: number): Uint8Array {
    if (kind === 'zero') return new Uint8Array(size);
    return kind === 'ones' ? new Uint8Array(size).fill(0xff) : this.#prng.bytes(size);
  }
}

/** A bigint as the codec gives it: as a number when that is exact. */
export function toSafe(value: bigint): number | bigint {
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : value;
}
