import { unreachable } from '../base/assert.ts';
import { Pace, type Steps } from '../codec/pace.ts';
import type { Chunks, Writer } from '../codec/writer.ts';
import { chunksSize } from '../codec/writer.ts';
import { Encoded } from './encoded.ts';
import type { FieldPlan, Struct, StructPlan } from './plan.ts';
import { hasArrays, Op } from './plan.ts';

/**
 * Writes one struct; a field that is left out is written as its default. Throws (a bug) for a value that the version cannot
 * carry, unless the field may be ignored.
 */
export function encodeStruct(writer: Writer, plan: StructPlan, value: Struct): void {
  for (const field of plan.inline) {
    const given = value[field.name];
    encodeField(writer, field, given === undefined ? field.default : given);
  }
  encodeEnd(writer, plan, value);
}

/** The same in steps, so that a large message takes more turns instead of a long one. The writer must serve it alone. */
export function* encodeStructInSteps(
  writer: Writer,
  plan: StructPlan,
  value: Struct,
  pace = new Pace(),
): Steps<undefined> {
  for (const field of plan.inline) {
    const given = value[field.name];
    const sent = given === undefined ? field.default : given;
    const { element } = field;
    if (element === null || sent === null) {
      encodeField(writer, field, sent);
      continue;
    }
    const values = sent as readonly unknown[];
    const deep = element.struct !== null && hasArrays(element.struct) ? element.struct : null;
    writer.length(values.length, field.compact, 'int32');
    for (const one of values) {
      if (deep === null || one instanceof Encoded) encodeField(writer, element, one);
      else yield* encodeStructInSteps(writer, deep, one as Struct, pace);
      if (!pace.isDue()) continue;
      writer.cut();
      yield;
    }
  }
  encodeEnd(writer, plan, value);
  return undefined;
}

/** What stands behind the fields at a fixed place. */
function encodeEnd(writer: Writer, plan: StructPlan, value: Struct): void {
  for (const field of plan.refused) {
    const given = value[field.name];
    if (given !== undefined && !isDefault(field, given)) {
      writer.field = field.path;
      writer.fail('this version cannot carry it');
    }
  }
  if (plan.flexible) encodeTagged(writer, plan, value);
}

// Values come typed by the generated interfaces, which say what the tables say; hence the casts below.
function encodeField(writer: Writer, field: FieldPlan, value: unknown): void {
  writer.field = field.path;
  if (value === null) {
    encodeNull(writer, field);
    return;
  }
  switch (field.op) {
    case Op.bool:
      return writer.int8(value === true ? 1 : 0);
    case Op.int8:
      return writer.int8(value as number);
    case Op.int16:
      return writer.int16(value as number);
    case Op.uint16:
      return writer.uint16(value as number);
    case Op.int32:
      return writer.int32(value as number);
    case Op.uint32:
      return writer.uint32(value as number);
    case Op.int64:
    case Op.wideInt64:
      return writer.int64(value as number | bigint);
    case Op.float64:
      return writer.float64(value as number);
    case Op.string:
      return writer.text(value as string, field.compact);
    case Op.uuid:
      return writer.uuid(value as string);
    case Op.bytes:
      return writer.bytes(value as Chunks, field.compact);
    case Op.struct:
      return value instanceof Encoded ? encodeCopy(writer, value) : encodeStructField(writer, field, value as Struct);
    case Op.array:
      return encodeArray(writer, field, value as readonly unknown[]);
    default:
      return unreachable(field.op);
  }
}

function encodeNull(writer: Writer, field: FieldPlan): void {
  if (!field.nullable) writer.fail('null');
  if (field.op === Op.struct) writer.int8(field.tag < 0 ? -1 : 0);
  else writer.length(null, field.compact, field.op === Op.string ? 'int16' : 'int32');
}

function encodeStructField(writer: Writer, field: FieldPlan, value: Struct): void {
  if (field.struct === null) throw new Error(`bug: ${field.path} has no struct`);
  if (field.nullable) writer.int8(1);
  encodeStruct(writer, field.struct, value);
}

/** One element of the array `name` of a struct, by itself. */
export function encodeElement(writer: Writer, plan: StructPlan, name: string, value: unknown): void {
  const element = plan.inline.find((field) => field.name === name)?.element ?? null;
  if (element === null) throw new Error(`bug: there is no array ${name}`);
  encodeField(writer, element, value);
}

/** Copied, so that many do not become as many chunks. */
function encodeCopy(writer: Writer, { bytes }: Encoded): void {
  writer.beginCopying();
  writer.raw(bytes);
  writer.endCopying();
}

function encodeArray(writer: Writer, field: FieldPlan, values: readonly unknown[]): void {
  const { element } = field;
  if (element === null) throw new Error(`bug: ${field.path} has no element`);
  writer.length(values.length, field.compact, 'int32');
  for (const value of values) encodeField(writer, element, value);
}

function encodeTagged(writer: Writer, plan: StructPlan, value: Struct): void {
  let count = 0;
  for (const field of plan.tagged) if (isSent(field, value[field.name])) count += 1;
  writer.unsignedVarint(count);
  if (count === 0) return;
  for (const field of plan.tagged) {
    const given = value[field.name];
    if (!isSent(field, given)) continue;
    writer.unsignedVarint(field.tag);
    const mark = writer.beginSized();
    encodeField(writer, field, given);
    writer.endSized(mark);
  }
}

function isSent(field: FieldPlan, value: unknown): boolean {
  return value !== undefined && !isDefault(field, value);
}

/** Whether a value equals the default of its field, so that a reader gets it without its being sent. */
function isDefault(field: FieldPlan, value: unknown): boolean {
  if (value === field.default) return true;
  if (value === null || field.default === null) return false;
  switch (field.op) {
    case Op.array:
      return (value as readonly unknown[]).length === 0;
    case Op.bytes:
      return chunksSize(value as Chunks) === 0;
    case Op.struct:
      return isDefaultStruct(field.struct, value as Struct);
    case Op.int64:
    case Op.wideInt64:
      return BigInt(value as number | bigint) === BigInt(field.default as number | bigint);
    default:
      return false;
  }
}

function isDefaultStruct(plan: StructPlan | null, value: Struct): boolean {
  return plan?.fields.every((field) => value[field.name] === undefined || isDefault(field, value[field.name])) === true;
}
