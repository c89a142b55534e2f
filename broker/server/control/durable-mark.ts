import { TRY_NEWER_RELEASE } from '../../core/base/format.ts';
import { Buffer } from 'node:buffer';
import type { Crc32c } from '../../core/base/checksum.ts';
import { readInt64 } from '../../core/base/int64.ts';
import type { Disk } from '../../ports/disk.ts';
import { readIfExists } from '../logs/disk-tasks.ts';
import { FrameFormatError } from './frames.ts';
import type { Task } from '../task.ts';

/** Name of the file beside the log's segments. */
const FILE_NAME = 'durable.mark';
const MAGIC = 0x574d_4d31;
const FORMAT_VERSION = 1;
/** Magic (4), CRC-32C of the rest (4), format version (4), index (8), term (8). */
const SLOT_BYTES = 28;
const CRC_START = 8;
/** The two slots lie in sectors of their own: a write that is torn spoils one, the other holds the mark before. */
const SLOT_DISTANCE = 512;
const FILE_BYTES_MAX = 64 * 1024;

function decodeSlot(file: Buffer, position: number, crc32c: Crc32c): number {
  const end = position + SLOT_BYTES;
  if (end > file.length || file.readUInt32BE(position) !== MAGIC) return 0;
  if (crc32c(file, position + CRC_START, end) !== file.readUInt32BE(position + 4)) return 0;
  const version = file.readUInt32BE(position + 8);
  if (version !== FORMAT_VERSION) {
    throw new FrameFormatError(`format ${version} of ${FILE_NAME} is not known to this release; ${TRY_NEWER_RELEASE}`);
  }
  return readInt64(file, position + 12);
}

/** The last entry that a log of release 0.1.0 is known to have synced; 0 when there is none. Throws `FrameFormatError` for one of a newer format. */
export function* readMark(disk: Disk, directory: string, crc32c: Crc32c): Task<number> {
  const bytes = yield* readIfExists(disk, `${directory}/${FILE_NAME}`, FILE_BYTES_MAX);
  if (bytes === null) return 0;
  const file = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return Math.max(decodeSlot(file, 0, crc32c), decodeSlot(file, SLOT_DISTANCE, crc32c));
}
