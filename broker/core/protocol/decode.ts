import { Pace, type Steps } from '../codec/pace.ts';
import type { Reader } from '../codec/reader.ts';
import { unreachable } from '../base/assert.ts';
import type { FieldPlan, Struct, StructPlan } from './plan.ts';
import { hasArrays, Op } from './plan.ts';

/** Reads one struct. All its fields are set, in the order of the schema; those that did not travel have their defaults. */
export function decodeStruct(reader: Reader, plan: StructPlan): Struct {
  const value: Struct = {};
  for (const field of plan.fields) value[field.name] = field.inline ? decodeField(reader, field) : field.default;
  if (plan.flexible) decodeTagged(reader, plan, value);
  return value;
}

/** The same in steps, so that a large message takes more turns instead of a long one. */
export function* decodeStructInSteps(reader: Reader, plan: StructPlan, pace = new Pace()): Steps<Struct> {
  const value: Struct = {};
  for (const field of plan.fields) {
    if (!field.inline) value[field.name] = field.default;
    else if (field.op === Op.array) value[field.name] = yield* decodeArrayInSteps(reader, field, pace);
    else value[field.name] = decodeField(reader, field);
  }
  if (plan.flexible) decodeTagged(reader, plan, value);
  return value;
}

function* decodeArrayInSteps(reader: Reader, field: FieldPlan, pace: Pace): Steps<unknown[] | null> {
  reader.field = field.path;
  const { element } = field;
  if (element === null) throw new Error(`bug: ${field.path} has no element`);
  const count = reader.count(field.compact, element.sizeMin);
  if (count < 0) return field.nullable ? null : reader.fail('null');
  const { struct } = element;
  const deep = struct !== null && hasArrays(struct) ? struct : null;
  const values: unknown[] = [];
  for (let index = 0; index < count; index += 1) {
    values.push(deep === null ? decodeField(reader, element) : yield* decodeStructInSteps(reader, deep, pace));
    if (pace.isDue()) yield;
  }
  return values;
}

function decodeField(reader: Reader, field: FieldPlan): unknown {
  reader.field = field.path;
  const value = decodeValue(reader, field);
  if (value === null && !field.nullable) reader.fail('null');
  return value;
}

function decodeValue(reader: Reader, field: FieldPlan): unknown {
  switch (field.op) {
    case Op.bool:
      return reader.bool();
    case Op.int8:
      return reader.int8();
    case Op.int16:
      return reader.int16();
    case Op.uint16:
      return reader.uint16();
    case Op.int32:
      return reader.int32();
    case Op.uint32:
      return reader.uint32();
    case Op.int64:
      return reader.int64();
    case Op.wideInt64:
      return reader.wideInt64();
    case Op.float64:
      return reader.float64();
    case Op.string:
      return reader.text(field.compact);
    case Op.uuid:
      return reader.uuid();
    case Op.bytes:
      return reader.view(field.compact);
    case Op.struct:
      return decodeStructField(reader, field);
    case Op.array:
      return decodeArray(reader, field);
    default:
      return unreachable(field.op);
  }
}

function decodeStructField(reader: Reader, field: FieldPlan): Struct | null {
  const { struct } = field;
  if (struct === null) throw new Error(`bug: ${field.path} has no struct`);
  if (field.nullable && isNullStruct(reader, field)) return null;
  return decodeStruct(reader, struct);
}

/** A nullable struct has a byte in front, negative for null; as a tagged field it has a varint, 0 for null. */
function isNullStruct(reader: Reader, field: FieldPlan): boolean {
  return field.tag < 0 ? reader.int8() < 0 : reader.unsignedVarint() === 0;
}

function decodeArray(reader: Reader, field: FieldPlan): unknown[] | null {
  const { element } = field;
  if (element === null) throw new Error(`bug: ${field.path} has no element`);
  const count = reader.count(field.compact, element.sizeMin);
  if (count < 0) return null;
  const values: unknown[] = [];
  for (let index = 0; index < count; index += 1) values.push(decodeField(reader, element));
  return values;
}

function decodeTagged(reader: Reader, plan: StructPlan, value: Struct): void {
  const count = reader.taggedCount();
  for (let index = 0; index < count; index += 1) {
    const tag = reader.unsignedVarint();
    const size = reader.unsignedVarint();
    const start = reader.take(size);
    const field = plan.tagged.find((known) => known.tag === tag);
    if (field !== undefined) value[field.name] = decodeTaggedField(reader, field, start);
  }
}

/** Reads a tagged field in what was just taken; it must fill its size. */
function decodeTaggedField(reader: Reader, field: FieldPlan, start: number): unknown {
  const { at: behind, end } = reader;
  reader.at = start;
  reader.end = behind;
  const value = decodeField(reader, field);
  if (reader.at !== behind) reader.fail(`${behind - reader.at} bytes left in a tagged field`);
  reader.end = end;
  return value;
}
