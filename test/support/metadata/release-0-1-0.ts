import { Buffer } from 'node:buffer';
import type { Crc32c } from '../../../broker/core/base/checksum.ts';
import { writeInt64 } from '../../../broker/core/base/int64.ts';
import type { Frame } from '../../../broker/server/control/frames.ts';
import type { Snapshot } from '../../../broker/server/control/snapshot-file.ts';

/** A frame as release 0.1.0 wrote it. Entries have consecutive indexes; there is at least one. */
export function encodeFrame(frame: Frame, crc32c: Crc32c): Uint8Array {
  let bodyBytes = 20;
  for (const { payload } of frame.entries) bodyBytes += 16 + payload.length;
  const bytes = Buffer.alloc(12 + bodyBytes);
  bytes.writeUInt32BE(0x574d_4631, 0);
  bytes.writeUInt32BE(bodyBytes, 4);
  bytes.writeUInt16BE(1, 12);
  bytes.writeUInt16BE(frame.entries.length, 14);
  writeInt64(bytes, 16, frame.entries[0]?.index ?? 0);
  writeInt64(bytes, 24, frame.term);
  let position = 32;
  for (const entry of frame.entries) {
    writeInt64(bytes, position, entry.baseOffset);
    bytes.writeUInt32BE(entry.recordCount, position + 8);
    bytes.writeUInt32BE(entry.payload.length, position + 12);
    bytes.set(entry.payload, position + 16);
    position += 16 + entry.payload.length;
  }
  bytes.writeUInt32BE(crc32c(bytes, 12, bytes.length), 8);
  return bytes;
}

/** A snapshot file as release 0.1.0 wrote it. */
export function encodeSnapshot(snapshot: Snapshot, crc32c: Crc32c): Uint8Array {
  const bytes = Buffer.alloc(40 + snapshot.payload.length);
  bytes.writeUInt32BE(0x574d_5331, 0);
  bytes.writeUInt32BE(1, 8);
  writeInt64(bytes, 12, snapshot.index);
  writeInt64(bytes, 20, snapshot.term);
  writeInt64(bytes, 28, snapshot.offset);
  bytes.writeUInt32BE(snapshot.payload.length, 36);
  bytes.set(snapshot.payload, 40);
  bytes.writeUInt32BE(crc32c(bytes, 8, bytes.length), 4);
  return bytes;
}
