import { TRY_NEWER_RELEASE } from '../../core/base/format.ts';
import { Buffer } from 'node:buffer';
import { readInt64 } from '../../core/base/int64.ts';
import type { Crc32c } from '../../core/base/checksum.ts';

/** The whole metadata at one index of the log. */
export interface Snapshot {
  /** Index of the last entry that it contains. */
  readonly index: number;
  readonly term: number;
  /** Metadata offset of the last record that it contains. */
  readonly offset: number;
  /** As `encodeRecords` wrote it. */
  readonly payload: Uint8Array;
}

const MAGIC = 0x574d_5331;
const FORMAT_VERSION = 1;
/** Magic (4), CRC-32C of the rest (4), format version (4), index (8), term (8), offset (8), payload length (4). */
const HEAD_BYTES = 40;
const CRC_START = 8;

/** Reads a snapshot file; a sentence when it is damaged or of a newer format. */
export function decodeSnapshot(file: Uint8Array, crc32c: Crc32c): Snapshot | string {
  const bytes = Buffer.from(file.buffer, file.byteOffset, file.byteLength);
  if (bytes.length < HEAD_BYTES || bytes.readUInt32BE(0) !== MAGIC) return 'it is no metadata snapshot';
  if (crc32c(bytes, CRC_START, bytes.length) !== bytes.readUInt32BE(4)) return 'its checksum does not fit';
  const version = bytes.readUInt32BE(8);
  if (version !== FORMAT_VERSION) return `its format ${version} is not known to this release; ${TRY_NEWER_RELEASE}`;
  if (bytes.readUInt32BE(36) !== bytes.length - HEAD_BYTES) return 'its length does not fit';
  return {
    index: readInt64(bytes, 12),
    term: readInt64(bytes, 20),
    offset: readInt64(bytes, 28),
    payload: bytes.subarray(HEAD_BYTES),
  };
}
