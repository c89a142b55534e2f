import { Reader } from '../codec/reader.ts';
import type { MessageCodec } from './define-message.ts';
import { defineMessage, encodeOwned } from './define-message.ts';
import type { Input } from './input.ts';
import { recordSchemas } from './record-schemas.generated.ts';
import type { RecordMessages } from './record-types.generated.ts';

export type { RecordMessages } from './record-types.generated.ts';

/** Names of the record messages, like `OffsetCommitKey`. */
export type RecordMessageName = keyof RecordMessages;

/**
 * The bytes of a record message as Kafka writes them: two bytes in front hold the record type of a coordinator key, else the
 * version of what follows. Keys have version 0. The bytes have memory of their own.
 */
export function encodeRecordMessage<K extends RecordMessageName>(
  name: K,
  version: number,
  value: Input<RecordMessages[K]>,
): Uint8Array {
  const codec = codecOf(name);
  return encodeOwned((writer) => {
    writer.int16(keyType(codec) ?? version);
    codec.write(writer, version, value);
  });
}

/**
 * The message that `encodeRecordMessage` wrote to bytes[start, end). A version newer than known is read as the newest known one
 * (what is added later comes behind or in tags). Throws `DecodeError`, also when a key is of another record type.
 */
export function decodeRecordMessage<K extends RecordMessageName>(
  name: K,
  bytes: Uint8Array,
  start = 0,
  end = bytes.length,
): RecordMessages[K] {
  const codec = codecOf(name);
  const reader = new Reader(bytes, start, end, name);
  const prefix = reader.int16();
  const type = keyType(codec);
  if (type === undefined) return codec.read(reader, Math.min(prefix, codec.maxVersion));
  if (prefix !== type) reader.fail(`record type ${prefix}`);
  return codec.read(reader, codec.maxVersion);
}

/** The record type in front of a coordinator key: says which message it is. Throws `DecodeError` for less than two bytes. */
export function recordKeyType(bytes: Uint8Array, start = 0, end = bytes.length): number {
  return new Reader(bytes, start, end, 'record type').int16();
}

function keyType<T>(codec: MessageCodec<T>): number | undefined {
  return codec.schema.kind === 'coordinator-key' ? codec.schema.apiKey : undefined;
}

const codecs = new Map<RecordMessageName, MessageCodec<object>>();

function codecOf<K extends RecordMessageName>(name: K): MessageCodec<RecordMessages[K]> {
  let codec = codecs.get(name);
  if (codec === undefined) {
    const schema = recordSchemas[name];
    if (schema === undefined) throw new Error(`bug: no record message ${name}`);
    codec = defineMessage(schema);
    codecs.set(name, codec);
  }
  // Table and map of types are generated together, with the same names.
  return codec as unknown as MessageCodec<RecordMessages[K]>;
}
