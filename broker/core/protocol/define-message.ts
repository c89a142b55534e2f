import type { Input } from './input.ts';
import type { MessageSchema } from './schema.ts';

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
}

/** Compiles a schema of our own or of Kafka. `T` must describe what the schema says: nothing else checks it. */
export function defineMessage<T extends object>(schema: MessageSchema): MessageCodec<T> {
  throw new Error(`${schema.name}: coming`);
}
