import type { Input } from './input.ts';
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
  throw new Error(`coming ${name} ${version} ${String(value)}`);
}

/**
 * The message that `encodeRecordMessage` wrote to bytes[start, end). A version newer than known is read as the newest known one (what
 * is added later comes behind or in tags). Throws `DecodeError`, also when a key is of another record type.
 */
export function decodeRecordMessage<K extends RecordMessageName>(
  name: K,
  bytes: Uint8Array,
  start = 0,
  end = bytes.length,
): RecordMessages[K] {
  throw new Error(`coming ${name} ${start} ${end}`);
}

/** The record type in front of a coordinator key: says which message it is. Throws `DecodeError` for less than two bytes. */
export function recordKeyType(bytes: Uint8Array, start = 0, end = bytes.length): number {
  throw new Error(`coming ${start} ${end}`);
}
