import { Buffer } from 'node:buffer';
import type { Crc32c } from '../../core/base/checksum.ts';
import type { HardState, LogIndex } from '../../core/raft/types.ts';
import type { DiskFile } from '../../ports/disk.ts';
import { step, type Task } from '../task.ts';
import { bufferOf, encodeBlock, putHardState, readBlock, takeHardState, type BlockKind } from './raft-blocks.ts';

/** What the state file says of the log after a round: hard state, and the head of the last frame (V10). */
export interface RaftSlot {
  /** Rises by one with each write of the file. */
  readonly round: number;
  readonly hardState: HardState;
  /** The log's first frame; those before are forgotten, whether their files are gone or not. */
  readonly firstFrame: number;
  /** Its last; `firstFrame` − 1 when it has none. */
  readonly lastFrame: number;
  readonly lastFrameCrc: number;
  /** Where the log ends. */
  readonly lastIndex: LogIndex;
  /** The last frame is written in this round: without its sync it may be torn. Else it was synced before. */
  readonly isPending: boolean;
  /** This replica is the only voter (V10). */
  readonly isLone: boolean;
  /** Index of a checkpoint that is there, or a newer one is. */
  readonly checkpointIndex: LogIndex;
}

/** Name of the file beside the log's segments. */
export const STATE_FILE = 'quorum.state';
/** The round of a replica's first state. */
export const FIRST_ROUND = 1;

/** Where one copy of a slot lies; so far apart that no torn write and no bad block spoils two of them. */
const COPY_DISTANCE = 4096;
/** Two copies each for even and odd rounds: a round never touches what the one before has written. */
const FILE_BYTES = 4 * COPY_DISTANCE;
/** Larger than it ever was. */
export const STATE_FILE_BYTES_MAX = 64 * 1024;

const SLOT: BlockKind = { magic: 0x57_52_53_31, version: 1, bodyBytesMax: 4000, name: 'state of the quorum' };

/** Both copies of a slot, in one write. */
function encodePair(slot: RaftSlot, crc32c: Crc32c): Buffer {
  const { chunks, sizeInBytes } = encodeBlock(SLOT, crc32c, (writer) => {
    writer.int64(slot.round);
    putHardState(writer, slot.hardState);
    writer.int64(slot.firstFrame);
    writer.int64(slot.lastFrame);
    writer.uint32(slot.lastFrameCrc);
    writer.int64(slot.lastIndex);
    writer.int8(slot.isPending ? 1 : 0);
    writer.int8(slot.isLone ? 1 : 0);
    writer.int64(slot.checkpointIndex);
  });
  const pair = Buffer.alloc(COPY_DISTANCE + sizeInBytes);
  const copy = Buffer.concat(chunks);
  copy.copy(pair, 0);
  copy.copy(pair, COPY_DISTANCE);
  return pair;
}

function decodeSlot(bytes: Buffer, position: number, crc32c: Crc32c): RaftSlot | null {
  const block = position < bytes.length ? readBlock(SLOT, bytes, position, crc32c) : null;
  if (block === null) return null;
  const { reader } = block;
  return {
    round: reader.int64(),
    hardState: takeHardState(reader),
    firstFrame: reader.int64(),
    lastFrame: reader.int64(),
    lastFrameCrc: reader.uint32(),
    lastIndex: reader.int64(),
    isPending: reader.bool(),
    isLone: reader.bool(),
    checkpointIndex: reader.int64(),
  };
}

/** The newest slot of a state file; null when all of them are bad. Throws `FrameFormatError` for one of a newer format. */
export function newestSlot(file: Uint8Array, crc32c: Crc32c): RaftSlot | null {
  const bytes = bufferOf(file);
  let newest: RaftSlot | null = null;
  for (let position = 0; position < FILE_BYTES; position += COPY_DISTANCE) {
    const slot = decodeSlot(bytes, position, crc32c);
    if (slot !== null && slot.round > (newest?.round ?? 0)) newest = slot;
  }
  return newest;
}

/** A whole state file that holds one slot. */
export function encodeStateFile(slot: RaftSlot, crc32c: Crc32c): Buffer {
  const bytes = Buffer.alloc(FILE_BYTES);
  encodePair(slot, crc32c).copy(bytes, positionOf(slot));
  return bytes;
}

/** Writes a slot where the one before the last lay. Durable after a sync of the file, which never grows. */
export function* writeSlot(file: DiskFile, slot: RaftSlot, crc32c: Crc32c): Task<void> {
  yield* step<void>((done) => file.write(positionOf(slot), [encodePair(slot, crc32c)], done));
}

function positionOf({ round }: RaftSlot): number {
  return (round % 2) * 2 * COPY_DISTANCE;
}
