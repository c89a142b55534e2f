import { TRY_NEWER_RELEASE } from '../../core/base/format.ts';
import { Buffer } from 'node:buffer';
import { readInt64 } from '../../core/base/int64.ts';
import type { Crc32c } from '../../core/base/checksum.ts';

/** One atomic batch of metadata records as the log keeps it. */
export interface LogEntry {
  /** Position in the log: 1, 2, 3 … without a gap. */
  readonly index: number;
  /** Metadata offset of its first record (V12: offsets count records). */
  readonly baseOffset: number;
  readonly recordCount: number;
  /** As `encodeRecords` wrote it. */
  readonly payload: Uint8Array;
}

/** The entries of one round: written by one write, made durable by one sync, valid or not as a whole. */
export interface Frame {
  readonly term: number;
  readonly entries: readonly LogEntry[];
}

const MAGIC = 0x574d_4631;
const FORMAT_VERSION = 1;
/** Magic (4), body length (4), CRC-32C of the body (4). */
const HEAD_BYTES = 12;
/** Format version (2), entry count (2), first index (8), term (8). */
const BODY_HEAD_BYTES = 20;
/** Base offset (8), record count (4), payload length (4). */
const ENTRY_HEAD_BYTES = 16;

/** Largest body of a frame; a larger length in a file is damage. */
const FRAME_BODY_BYTES_MAX = 64 * 1024 * 1024;

/** What a segment file holds. */
export interface ScannedFrames {
  readonly frames: readonly Frame[];
  /** Where the last good frame ends. */
  readonly endPosition: number;
  /**
   * What follows `endPosition`. `none`: nothing. `torn`: no whole frame, as a write leaves it that never was synced.
   * `damaged`: a good frame comes after bad bytes, so something that was synced is gone (V10).
   */
  readonly tail: 'none' | 'torn' | 'damaged';
}

/**
 * Reads frames until the file ends or is bad. `nextIndex` is the index that the first entry must have; −1 takes any.
 * Throws `FrameFormatError` for a frame of a newer format.
 */
export function scanFrames(file: Uint8Array, nextIndex: number, crc32c: Crc32c): ScannedFrames {
  const bytes = Buffer.from(file.buffer, file.byteOffset, file.byteLength);
  const frames: Frame[] = [];
  let position = 0;
  let expected = nextIndex;
  while (position < bytes.length) {
    const end = frameEnd(bytes, position, crc32c);
    const frame = end === -1 ? null : decodeBody(bytes, position + HEAD_BYTES, end);
    const first = frame?.entries[0]?.index ?? -1;
    if (frame === null || (expected !== -1 && first !== expected)) break;
    frames.push(frame);
    expected = first + frame.entries.length;
    position = end;
  }
  if (position === bytes.length) return { frames, endPosition: position, tail: 'none' };
  const tail = holdsFrame(bytes, position, crc32c) ? 'damaged' : 'torn';
  return { frames, endPosition: position, tail };
}

/** A frame that an older release can't read; the node must stop (B4). */
export class FrameFormatError extends Error {
  readonly code = 'UNKNOWN_METADATA';
}

/** End of the valid frame at `position`, −1 when there is none. */
function frameEnd(bytes: Buffer, position: number, crc32c: Crc32c): number {
  if (position + HEAD_BYTES + BODY_HEAD_BYTES > bytes.length || bytes.readUInt32BE(position) !== MAGIC) return -1;
  const bodyBytes = bytes.readUInt32BE(position + 4);
  const end = position + HEAD_BYTES + bodyBytes;
  if (bodyBytes < BODY_HEAD_BYTES || bodyBytes > FRAME_BODY_BYTES_MAX || end > bytes.length) return -1;
  return crc32c(bytes, position + HEAD_BYTES, end) === bytes.readUInt32BE(position + 8) ? end : -1;
}

/** Whether any whole frame starts after `from`, wherever it is. */
function holdsFrame(bytes: Buffer, from: number, crc32c: Crc32c): boolean {
  const magic = Buffer.alloc(4);
  magic.writeUInt32BE(MAGIC, 0);
  let position = bytes.indexOf(magic, from);
  while (position !== -1) {
    if (frameEnd(bytes, position, crc32c) !== -1) return true;
    position = bytes.indexOf(magic, position + 1);
  }
  return false;
}

/** The body was written by us (its CRC fits): only its format version can be strange. */
function decodeBody(bytes: Buffer, start: number, end: number): Frame {
  const version = bytes.readUInt16BE(start);
  if (version !== FORMAT_VERSION)
    throw new FrameFormatError(
      `format ${version} of the metadata log is not known to this release; ${TRY_NEWER_RELEASE}`,
    );
  const entryCount = bytes.readUInt16BE(start + 2);
  const firstIndex = readInt64(bytes, start + 4);
  const entries: LogEntry[] = [];
  let position = start + BODY_HEAD_BYTES;
  while (position + ENTRY_HEAD_BYTES <= end && entries.length < entryCount) {
    const payloadStart = position + ENTRY_HEAD_BYTES;
    const payloadEnd = payloadStart + bytes.readUInt32BE(position + 12);
    if (payloadEnd > end) break;
    entries.push({
      index: firstIndex + entries.length,
      baseOffset: readInt64(bytes, position),
      recordCount: bytes.readUInt32BE(position + 8),
      payload: bytes.subarray(payloadStart, payloadEnd),
    });
    position = payloadEnd;
  }
  if (entries.length !== entryCount || position !== end)
    throw new FrameFormatError('a frame of the metadata log contradicts itself');
  return { term: readInt64(bytes, start + 12), entries };
}
