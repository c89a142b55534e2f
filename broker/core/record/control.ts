import { Buffer } from 'node:buffer';

/** Types of control records, as the second int16 of their key. Others exist in Kafka's metadata log only. */
export const CONTROL = { abort: 0, commit: 1 } as const;
/** Type of a transaction's marker. */
export type ControlType = (typeof CONTROL)[keyof typeof CONTROL];

/** Key of a transaction's marker: version 0 and the type. */
export function encodeControlKey(type: ControlType): Buffer {
  const key = Buffer.alloc(4);
  key.writeInt16BE(type, 2);
  return key;
}

/** Value of a transaction's marker: version 0 and the epoch of the transaction coordinator that decided. */
export function encodeControlValue(coordinatorEpoch: number): Buffer {
  const value = Buffer.alloc(6);
  value.writeInt32BE(coordinatorEpoch, 2);
  return value;
}

/**
 * Reads the type from a control record's key in `buf[start, end)`: any number a later version may define, or null when
 * the key is malformed. Consumers skip types they don't know.
 */
export function readControlType(buf: Buffer, start: number, end: number): number | null {
  if (start < 0 || end - start < 4 || buf.readInt16BE(start) < 0) return null;
  return buf.readInt16BE(start + 2);
}

/** Reads the coordinator's epoch from a marker's value in `buf[start, end)`, or null when it is malformed. */
export function readCoordinatorEpoch(buf: Buffer, start: number, end: number): number | null {
  if (start < 0 || end - start < 6 || buf.readInt16BE(start) < 0) return null;
  return buf.readInt32BE(start + 2);
}
