import { DecodeError } from '../codec/decode-error.ts';
import type { Steps } from '../codec/pace.ts';
import { Reader } from '../codec/reader.ts';
import { Writer } from '../codec/writer.ts';
import { decodeStruct, decodeStructInSteps } from './decode.ts';
import { encodeElement, encodeStruct, encodeStructInSteps } from './encode.ts';
import { Encoded } from './encoded.ts';
import type { Input } from './input.ts';
import type { Struct, StructPlan } from './plan.ts';
import { planMessage } from './plan.ts';
import type { MessageSchema } from './schema.ts';
import { parseVersions } from './schema.ts';

/** A message compiled from its schema; versions are compiled when first used. `T` is the decoded value. */
export interface MessageCodec<T> {
  readonly schema: MessageSchema;
  /** First and last version, inclusive. */
  readonly minVersion: number;
  readonly maxVersion: number;
  /** The bytes of one value, in memory of their own. Asserts that the value fits the schema and that the version exists. */
  encode(version: number, value: Input<T>): Uint8Array;
  /**
   * The value in bytes[start, end). Byte fields are views. Bytes after the message are ignored, as in Kafka. Throws
   * `DecodeError`, also for a version that does not exist.
   */
  decode(version: number, bytes: Uint8Array, start?: number, end?: number): T;
  /** Writes a value as part of a larger message. */
  write(writer: Writer, version: number, value: Input<T>): void;
  /** Reads a value where the reader stands. */
  read(reader: Reader, version: number): T;
  /** The bytes of one element of the array `name`, as `write` has them among the others. */
  encodeElement(version: number, name: string, value: unknown): Encoded;
  /** `write` and `read` in steps. */
  writeInSteps(writer: Writer, version: number, value: Input<T>): Steps<undefined>;
  readInSteps(reader: Reader, version: number): Steps<T>;
}

/** Compiles a schema of our own or of Kafka. `T` must describe what the schema says: nothing else checks it. */
export function defineMessage<T extends object>(schema: MessageSchema): MessageCodec<T> {
  return new Codec<T>(schema);
}

/**
 * Runs `write` on the shared writer and gives the chunks, with the frame length in front when `framed`. Encoding is never
 * nested, so one writer serves all, and its slabs are filled up one message after the other.
 */
export function encodeChunks(framed: boolean, write: (writer: Writer) => void): Uint8Array[] {
  sharedWriter.begin();
  if (framed) sharedWriter.int32(0);
  try {
    write(sharedWriter);
  } catch (error) {
    throw new Error(`bug: cannot encode ${sharedWriter.field}`, { cause: error });
  }
  return framed ? sharedWriter.endFrame() : sharedWriter.end();
}

/** Like `encodeChunks`, unframed, with one copy in memory of its own as the result. */
export function encodeOwned(write: (writer: Writer) => void): Uint8Array {
  const [chunk] = encodeChunks(false, (writer) => {
    writer.beginCopying();
    write(writer);
    writer.endCopying();
  });
  return chunk === undefined ? new Uint8Array(0) : new Uint8Array(chunk);
}

const sharedWriter = new Writer();

class Codec<T extends object> implements MessageCodec<T> {
  readonly schema: MessageSchema;
  readonly minVersion: number;
  readonly maxVersion: number;
  readonly #plans: (StructPlan | undefined)[] = [];

  constructor(schema: MessageSchema) {
    const { from, to } = parseVersions(schema.versions);
    this.schema = schema;
    this.minVersion = from;
    this.maxVersion = to;
  }

  encode(version: number, value: Input<T>): Uint8Array {
    return encodeOwned((writer) => this.write(writer, version, value));
  }

  decode(version: number, bytes: Uint8Array, start = 0, end = bytes.length): T {
    return this.read(new Reader(bytes, start, end, this.schema.name), version);
  }

  write(writer: Writer, version: number, value: Input<T>): void {
    // The caller's type is generated from the schema that the plan is made of.
    encodeStruct(writer, this.#planToWrite(version), value as Struct);
  }

  read(reader: Reader, version: number): T {
    // `T` is generated from the schema that the plan is made of, or stated by whoever defined the message.
    return decodeStruct(reader, this.#planToRead(version)) as T;
  }

  encodeElement(version: number, name: string, value: unknown): Encoded {
    return new Encoded(encodeOwned((writer) => encodeElement(writer, this.#planToWrite(version), name, value)));
  }

  *writeInSteps(writer: Writer, version: number, value: Input<T>): Steps<undefined> {
    return yield* encodeStructInSteps(writer, this.#planToWrite(version), value as Struct);
  }

  *readInSteps(reader: Reader, version: number): Steps<T> {
    return (yield* decodeStructInSteps(reader, this.#planToRead(version))) as T;
  }

  #planToWrite(version: number): StructPlan {
    const plan = this.#plan(version);
    if (plan === undefined) throw new Error(`bug: ${this.schema.name} has no version ${version}`);
    return plan;
  }

  #planToRead(version: number): StructPlan {
    const plan = this.#plan(version);
    if (plan === undefined) throw new DecodeError(this.schema.name, `no version ${version}`);
    return plan;
  }

  #plan(version: number): StructPlan | undefined {
    const known = this.#plans[version - this.minVersion];
    if (known !== undefined) return known;
    if (!Number.isInteger(version) || version < this.minVersion || version > this.maxVersion) return undefined;
    const plan = planMessage(this.schema, version);
    this.#plans[version - this.minVersion] = plan;
    return plan;
  }
}
