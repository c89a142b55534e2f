import type { FieldDefault, FieldSchema, MessageSchema } from './schema.ts';
import { inVersions } from './schema.ts';

/** What to do for a field; numbers, so that encoder and decoder switch on them. */
export const Op = {
  bool: 0,
  int8: 1,
  int16: 2,
  uint16: 3,
  int32: 4,
  uint32: 5,
  int64: 6,
  wideInt64: 7,
  float64: 8,
  string: 9,
  uuid: 10,
  bytes: 11,
  struct: 12,
  array: 13,
} as const;
/** One of the operations. */
export type Op = (typeof Op)[keyof typeof Op];

/** A struct as the codec handles it. */
export interface Struct {
  [name: string]: unknown;
}

/** How one field travels in one version. All plans have the same properties in the same order. */
export interface FieldPlan {
  readonly name: string;
  /** Where it stands, like `FetchRequest.topics.partitions.fetchOffset`. */
  readonly path: string;
  readonly op: Op;
  /** Stands at its place in the struct; otherwise it is tagged or not in this version. */
  readonly inline: boolean;
  /** Tag in this version, −1 when it is not tagged. */
  readonly tag: number;
  readonly nullable: boolean;
  /** Lengths are varints. */
  readonly compact: boolean;
  /** Its value when absent; arrays and structs are frozen. */
  readonly default: unknown;
  /** Of an array: how each element travels. */
  readonly element: FieldPlan | null;
  /** Of a struct: how it travels. */
  readonly struct: StructPlan | null;
  /** The least number of bytes it takes, at least 1. */
  readonly sizeMin: number;
}

/** How one struct travels in one version. */
export interface StructPlan {
  /** Every field of the schema, so that decoded structs have one shape in all versions. */
  readonly fields: readonly FieldPlan[];
  /** Those at a fixed place. */
  readonly inline: readonly FieldPlan[];
  /** Those that the version lacks and that may not be dropped silently. */
  readonly refused: readonly FieldPlan[];
  /** Tagged fields, by ascending tag. */
  readonly tagged: readonly FieldPlan[];
  /** Has a section of tagged fields. */
  readonly flexible: boolean;
  readonly sizeMin: number;
}

const PRIMITIVES: Readonly<
  Record<string, { readonly op: Op; readonly size: number; readonly zero: FieldDefault | Uint8Array }>
> = {
  bool: { op: Op.bool, size: 1, zero: false },
  int8: { op: Op.int8, size: 1, zero: 0 },
  int16: { op: Op.int16, size: 2, zero: 0 },
  uint16: { op: Op.uint16, size: 2, zero: 0 },
  int32: { op: Op.int32, size: 4, zero: 0 },
  uint32: { op: Op.uint32, size: 4, zero: 0 },
  int64: { op: Op.int64, size: 8, zero: 0 },
  float64: { op: Op.float64, size: 8, zero: 0 },
  string: { op: Op.string, size: 2, zero: '' },
  uuid: { op: Op.uuid, size: 16, zero: 'AAAAAAAAAAAAAAAAAAAAAA' },
  bytes: { op: Op.bytes, size: 4, zero: new Uint8Array(0) },
  records: { op: Op.bytes, size: 4, zero: new Uint8Array(0) },
};

const ARRAY_LENGTH_SIZE = 4;
const NO_ELEMENTS: readonly unknown[] = Object.freeze([]);

/** Whether a struct has arrays at a fixed place. */
export const hasArrays = (plan: StructPlan): boolean => plan.inline.some((field) => field.op === Op.array);

/** Plans one version of a message. Throws (a bug) when the schema names a type that does not exist. */
export function planMessage(schema: MessageSchema, version: number): StructPlan {
  return new Planner(schema, version).struct(schema.fields, schema.name);
}

class Planner {
  readonly #schema: MessageSchema;
  readonly #version: number;
  readonly #flexible: boolean;
  /** A client that asked in an old version cannot be told newer things: dropping them is no loss of its (I3). */
  readonly #isResponse: boolean;

  constructor(schema: MessageSchema, version: number) {
    this.#schema = schema;
    this.#version = version;
    this.#isResponse = schema.apiKey !== undefined && schema.name.endsWith('Response');
    this.#flexible = inVersions(schema.flexible, version);
  }

  struct(schemas: readonly FieldSchema[], path: string): StructPlan {
    const fields = schemas.map((field) => this.#field(field, `${path}.${field.name}`));
    const inline = fields.filter((field) => field.inline);
    const tagged = fields.filter((field) => field.tag >= 0).toSorted((a, b) => a.tag - b.tag);
    const refused = this.#isResponse
      ? []
      : fields.filter((field, index) => !field.inline && field.tag < 0 && schemas[index]?.ignorable !== true);
    let sizeMin = this.#flexible ? 1 : 0;
    for (const field of inline) sizeMin += field.sizeMin;
    return { fields, inline, refused, tagged, flexible: this.#flexible, sizeMin: Math.max(1, sizeMin) };
  }

  #field(schema: FieldSchema, path: string): FieldPlan {
    const present = inVersions(schema.versions, this.#version);
    const isTagged = present && this.#flexible && schema.tag !== undefined && inVersions(schema.tagged, this.#version);
    const compact = this.#flexible && schema.inflexible !== true;
    const shared = {
      inline: present && !isTagged,
      tag: isTagged ? (schema.tag ?? -1) : -1,
      nullable: inVersions(schema.nullable, this.#version),
      compact,
    };
    if (!schema.type.startsWith('[]')) return this.#single(schema, schema.type, path, shared);
    const element = this.#single(schema, schema.type.slice(2), path, {
      inline: true,
      tag: -1,
      nullable: false,
      compact,
    });
    return {
      name: schema.name,
      path,
      op: Op.array,
      ...shared,
      default: schema.default === null ? null : NO_ELEMENTS,
      element,
      struct: null,
      sizeMin: compact ? 1 : ARRAY_LENGTH_SIZE,
    };
  }

  #single(
    schema: FieldSchema,
    type: string,
    path: string,
    shared: Pick<FieldPlan, 'inline' | 'tag' | 'nullable' | 'compact'>,
  ): FieldPlan {
    const primitive = PRIMITIVES[type];
    if (primitive !== undefined) {
      const op = primitive.op === Op.int64 && schema.wide === true ? Op.wideInt64 : primitive.op;
      const lengthed = op === Op.string || op === Op.bytes;
      const sizeMin = lengthed && shared.compact ? 1 : primitive.size;
      const value = schema.default === undefined ? primitive.zero : schema.default;
      return { name: schema.name, path, op, ...shared, default: value, element: null, struct: null, sizeMin };
    }
    const fields = schema.fields ?? this.#schema.structs?.[type];
    if (fields === undefined) throw new Error(`bug: ${path} has unknown type ${type}`);
    const struct = this.struct(fields, path);
    const value = schema.default === null ? null : defaultStruct(struct);
    const sizeMin = shared.nullable ? 1 : struct.sizeMin;
    return { name: schema.name, path, op: Op.struct, ...shared, default: value, element: null, struct, sizeMin };
  }
}

function defaultStruct(plan: StructPlan): Struct {
  const value: Struct = {};
  for (const field of plan.fields) value[field.name] = field.default;
  return Object.freeze(value);
}
