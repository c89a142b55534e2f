import protobuf from 'protobufjs/minimal.js';
import { ENUMS, type FieldShape, MESSAGES } from '../../proto/schema.generated.ts';

type Reader = protobuf.Reader;
type Writer = protobuf.Writer;
type Fields = Record<string, unknown>;

/** Elements of repeated fields, and messages, in one message; so that 4 MiB of empty ones don't become 400 MB of objects. */
export const ELEMENT_COUNT_MAX = 250_000;

/** Unions whose kinds are in camel case; those of other unions are in kebab case, like the values of enums. */
const CAMEL_CASE = new Set(['weir.control.v1.MetadataCommand', 'weir.control.v1.MetadataOutcome']);

/** What a message can't be made of, or bytes that are no such message. */
export class CodecError extends Error {
  readonly code = 'WEIR_CODEC';
}

interface Budget {
  left: number;
}

/** How one type of value is written and read. */
interface Kind {
  readonly wireType: number;
  /** What an absent field means; undefined: it must be there. */
  readonly initial: unknown;
  write(writer: Writer, value: unknown): void;
  read(reader: Reader, budget: Budget): unknown;
}

interface Field {
  readonly id: number;
  readonly name: string;
  readonly label: FieldShape[3];
  /** Resolved when it is first needed: messages name each other. */
  kind(): Kind;
}

const VARINT = 0;
const DELIMITED = 2;
const GROUP_START = 3;

function asInteger(value: unknown, isFit: (value: number) => boolean): number {
  if (typeof value === 'number' && isFit(value)) return value;
  throw new CodecError(`${String(value)} is no number that fits`);
}

const isInt32 = (value: number): boolean => (value | 0) === value;

const SCALARS: Readonly<Record<string, Kind>> = {
  int32: {
    wireType: VARINT,
    initial: 0,
    write: (writer, value) => writer.int32(asInteger(value, isInt32)),
    read: (reader) => reader.int32(),
  },
  // Exact, or refused (B5).
  int64: {
    wireType: VARINT,
    initial: 0,
    write: (writer, value) => writer.int64(asInteger(value, Number.isSafeInteger)),
    read: (reader) => {
      const value = reader.int64();
      return asInteger(
        typeof value === 'number' ? value : value.high * 2 ** 32 + (value.low >>> 0),
        Number.isSafeInteger,
      );
    },
  },
  bool: {
    wireType: VARINT,
    initial: false,
    write: (writer, value) => writer.bool(value === true),
    read: (reader) => reader.bool(),
  },
  string: {
    wireType: DELIMITED,
    initial: '',
    write: (writer, value) => writer.string(String(value)),
    read: (reader) => reader.string(),
  },
  // Memory of its own: a view would keep the whole message, and would drag it along when it is posted to another isolate.
  bytes: {
    wireType: DELIMITED,
    initial: new Uint8Array(0),
    write: (writer, value) => {
      if (!(value instanceof Uint8Array)) throw new CodecError('bytes are wanted');
      writer.bytes(value);
    },
    read: (reader) => Uint8Array.from(reader.bytes()),
  },
};

function enumKind(name: string, values: Readonly<Record<string, number>>): Kind {
  const names = new Map(Object.entries(values).map(([text, value]) => [value, text]));
  return {
    wireType: VARINT,
    initial: names.get(0),
    write: (writer, value) => {
      const number = values[String(value)];
      if (number === undefined) throw new CodecError(`${name} has no ${String(value)}`);
      writer.int32(number);
    },
    read: (reader) => {
      const number = reader.int32();
      const text = names.get(number);
      if (text === undefined) throw new CodecError(`${name} has no value ${number}`);
      return text;
    },
  };
}

/** A message whose fields are all one `oneof` is a union: an object that holds the fields of its `kind`. */
function isUnion(fields: readonly Field[]): boolean {
  return fields.length > 0 && fields.every(({ label }) => label === 'oneof');
}

/** A message of nothing but `items` is an array. */
function isList(fields: readonly Field[]): boolean {
  return fields.length === 1 && fields[0]?.name === 'items';
}

function writeField(writer: Writer, { id, name, label, kind }: Field, value: unknown): void {
  if (value === null || value === undefined) {
    if (label === 'single' || label === 'repeated') throw new CodecError(`${name} is missing`);
    return;
  }
  const type = kind();
  const writeOne = (one: unknown): void => {
    writer.uint32(id * 8 + type.wireType);
    type.write(writer, one);
  };
  if (label !== 'repeated') {
    if (label !== 'single' || value !== type.initial || type.initial === undefined) writeOne(value);
    return;
  }
  if (!Array.isArray(value)) throw new CodecError(`${name} is no array`);
  if (type.wireType === DELIMITED) for (const one of value) writeOne(one);
  else if (value.length > 0) {
    writer.uint32(id * 8 + DELIMITED).fork();
    for (const one of value) type.write(writer, one);
    writer.ldelim();
  }
}

function spend(budget: Budget): void {
  budget.left -= 1;
  if (budget.left < 0) throw new CodecError(`more than ${ELEMENT_COUNT_MAX} elements`);
}

/** Takes in one field of a message that is being read. */
function readField(reader: Reader, budget: Budget, field: Field, wireType: number, into: Fields): void {
  const type = field.kind();
  const isPacked = field.label === 'repeated' && wireType === DELIMITED && type.wireType === VARINT;
  if (wireType !== type.wireType && !isPacked) throw new CodecError(`${field.name} is of another type`);
  if (field.label !== 'repeated') {
    into[field.name] = type.read(reader, budget);
    return;
  }
  const items = into[field.name];
  if (!Array.isArray(items)) throw new CodecError(`${field.name} is no list`);
  if (!isPacked) {
    spend(budget);
    items.push(type.read(reader, budget));
    return;
  }
  const length = reader.uint32();
  const end = reader.pos + length;
  if (end > reader.len) throw new CodecError(`${field.name} ends early`);
  while (reader.pos < end) {
    spend(budget);
    items.push(type.read(reader, budget));
  }
  if (reader.pos !== end) throw new CodecError(`${field.name} ends late`);
}

function skip(reader: Reader, wireType: number): void {
  // They nest, are of no use, and no version here writes them.
  if (wireType === GROUP_START) throw new CodecError('a group');
  reader.skipType(wireType);
}

function readMessage(reader: Reader, budget: Budget, fields: ReadonlyMap<number, Field>, into: Fields): void {
  while (reader.pos < reader.len) {
    const tag = reader.uint32();
    const field = fields.get(tag >>> 3);
    // Fields of later versions (B4): what depends on them is gated by `weir.version`.
    if (field === undefined) skip(reader, tag & 7);
    else readField(reader, budget, field, tag & 7, into);
  }
}

/** Reads a message of known length from within another, as one of its own: it can't reach behind its end. */
function inner(reader: Reader): Reader {
  return protobuf.Reader.create(reader.bytes());
}

function plainKind(name: string, fields: readonly Field[]): Kind {
  const byId = new Map(fields.map((field) => [field.id, field]));
  return {
    wireType: DELIMITED,
    initial: undefined,
    write: (writer, value) => {
      // Types of TypeScript have been checked where the value was made; fields are checked as they are written.
      const from = value as Fields;
      for (const field of fields) writeField(writer, field, from[field.name]);
    },
    read: (reader, budget) => {
      spend(budget);
      const message: Fields = {};
      for (const { name: key, label, kind } of fields) {
        if (label === 'repeated') message[key] = [];
        else if (label === 'optional' || label === 'oneof') message[key] = null;
        else if (label === 'single') message[key] = kind().initial;
      }
      readMessage(reader, budget, byId, message);
      for (const { name: key, label } of fields) {
        if (label === 'single' && message[key] === undefined) throw new CodecError(`${name} lacks ${key}`);
      }
      return message;
    },
  };
}

function listKind(item: Field): Kind {
  const byId = new Map([[item.id, item]]);
  return {
    wireType: DELIMITED,
    initial: undefined,
    write: (writer, value) => writeField(writer, item, value),
    read: (reader, budget) => {
      spend(budget);
      const message: Fields = { [item.name]: [] };
      readMessage(reader, budget, byId, message);
      return message[item.name];
    },
  };
}

function unionKind(name: string, fields: readonly Field[]): Kind {
  const kindOf = (field: string): string =>
    CAMEL_CASE.has(name) ? field : field.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
  const byKind = new Map(fields.map((field) => [kindOf(field.name), field]));
  const byId = new Map(fields.map((field) => [field.id, field]));
  return {
    wireType: DELIMITED,
    initial: undefined,
    write: (writer, value) => {
      const { kind } = value as Fields;
      const field = byKind.get(String(kind));
      if (field === undefined) throw new CodecError(`${name} has no ${String(kind)}`);
      writeField(writer, field, value);
    },
    read: (reader, budget) => {
      const message: Fields = {};
      readMessage(reader, budget, byId, message);
      const [last] = Object.entries(message).slice(-1);
      if (last === undefined) throw new CodecError(`a ${name} of a kind that is not known here`);
      return { kind: kindOf(last[0]), ...(last[1] as Fields) };
    },
  };
}

/** A message inside another: its length goes before it. */
function delimited(message: Kind): Kind {
  return {
    ...message,
    write: (writer, value) => {
      writer.fork();
      message.write(writer, value);
      writer.ldelim();
    },
    read: (reader, budget) => message.read(inner(reader), budget),
  };
}

const kinds = new Map<string, Kind>();

/** The kind of a message by its full name. */
function messageKind(name: string): Kind {
  const known = kinds.get(name);
  if (known !== undefined) return known;
  const shapes = MESSAGES[name];
  if (shapes === undefined) throw new CodecError(`there is no message ${name}`);
  const fields = shapes.map(([id, key, type, label]): Field => {
    let kind: Kind | null = null;
    return { id, name: key, label, kind: () => (kind ??= kindOf(type)) };
  });
  const [first] = fields;
  const kind = isUnion(fields)
    ? unionKind(name, fields)
    : isList(fields) && first !== undefined
      ? listKind(first)
      : plainKind(name, fields);
  kinds.set(name, kind);
  return kind;
}

function kindOf(type: string): Kind {
  const scalar = SCALARS[type];
  if (scalar !== undefined) return scalar;
  const values = ENUMS[type];
  return values === undefined ? delimited(messageKind(type)) : enumKind(type, values);
}

/** Writes and reads one message as the object that the rest of the program knows. */
export interface Codec {
  /** Throws CodecError for what the message can't hold, such as numbers beyond 2^53 (B5). */
  encode(value: unknown): Buffer;
  /** Throws for bytes that are no such message. What comes back owns its memory. */
  decode(bytes: Uint8Array): unknown;
}

/** The codec of a message by its full name. With `kind`, objects of a union that each have a message of their own. */
export function codecOf(name: string, kind?: string): Codec {
  const type = messageKind(name);
  return {
    encode: (value) => {
      const writer = protobuf.Writer.create();
      type.write(writer, value);
      // Under Node the writer makes Buffers.
      return writer.finish() as Buffer;
    },
    decode: (bytes) => {
      const message = type.read(protobuf.Reader.create(bytes), { left: ELEMENT_COUNT_MAX });
      return kind === undefined ? message : { kind, ...(message as Fields) };
    },
  };
}
