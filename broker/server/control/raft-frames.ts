import type { Crc32c } from '../../core/base/checksum.ts';
import type { Reader } from '../../core/codec/reader.ts';
import type { Writer } from '../../core/codec/writer.ts';
import type { Entry, EntryBody, HardState, LogIndex } from '../../core/raft/types.ts';
import {
  bufferOf,
  encodeBlock,
  putHardState,
  putReplicas,
  readBlock,
  takeHardState,
  takeReplicas,
  type Block,
  type BlockKind,
} from './raft-blocks.ts';

/** What one round does to the log: valid or not as a whole. */
export interface RaftFrame {
  /** 1, 2, 3 … without a gap, over all segments. */
  readonly number: number;
  /** As it is after this round: should the state file have lost it. */
  readonly hardState: HardState;
  /** Entries of earlier frames from this index on are cut. */
  readonly fromIndex: LogIndex;
  /** From `fromIndex` on; none when the frame only cuts. */
  readonly entries: readonly Entry[];
}

/** A frame that was read, and the checksum in its head. */
export interface ScannedFrame extends RaftFrame {
  readonly crc: number;
  /** Bytes of its entries' payloads. */
  readonly payloadBytes: number;
}

const FRAME: BlockKind = {
  magic: 0x57_52_46_31,
  version: 1,
  bodyBytesMax: 128 * 1024 * 1024,
  name: 'frame of the metadata log',
};
/** Term (8), kind (1), length of the payload or count of the voters (4). */
const ENTRY_BYTES_MIN = 13;

const KINDS = ['no-op', 'batch', 'voters'] as const satisfies readonly EntryBody['kind'][];

/** The bytes of a frame. */
export function encodeRaftFrame(frame: RaftFrame, crc32c: Crc32c): Block {
  return encodeBlock(FRAME, crc32c, (writer) => {
    writer.int64(frame.number);
    putHardState(writer, frame.hardState);
    writer.int64(frame.fromIndex);
    writer.int32(frame.entries.length);
    for (const entry of frame.entries) putEntry(writer, entry);
  });
}

function putEntry(writer: Writer, { term, body }: Entry): void {
  writer.int64(term);
  writer.int8(KINDS.indexOf(body.kind));
  if (body.kind === 'voters') putReplicas(writer, body.voters);
  else writer.bytes(body.kind === 'batch' ? body.payload : [], false);
}

function takeBody(reader: Reader): EntryBody {
  const kind = KINDS[reader.int8()] ?? reader.fail('an unknown kind of entry');
  if (kind === 'voters') return { kind, voters: takeReplicas(reader) };
  const payload = reader.view(false) ?? new Uint8Array();
  return kind === 'batch' ? { kind, payload } : { kind };
}

/** Reads the frames of a segment file until it ends or is bad; the first must have this number. */
export function scanRaftFrames(
  file: Uint8Array,
  firstNumber: number,
  crc32c: Crc32c,
): { readonly frames: readonly ScannedFrame[]; readonly ends: readonly number[] } {
  const bytes = bufferOf(file);
  const frames: ScannedFrame[] = [];
  const ends: number[] = [];
  for (let position = 0; position < bytes.length; ) {
    const block = readBlock(FRAME, bytes, position, crc32c);
    if (block === null) break;
    const frame = takeFrame(block.reader, block.crc);
    if (frame.number !== firstNumber + frames.length) break;
    frames.push(frame);
    ends.push(block.end);
    position = block.end;
  }
  return { frames, ends };
}

function takeFrame(reader: Reader, crc: number): ScannedFrame {
  const number = reader.int64();
  const hardState = takeHardState(reader);
  const fromIndex = reader.int64();
  const entries: Entry[] = [];
  let payloadBytes = 0;
  for (let left = reader.count(false, ENTRY_BYTES_MIN); left > 0; left -= 1) {
    const term = reader.int64();
    const body = takeBody(reader);
    entries.push({ index: fromIndex + entries.length, term, body });
    if (body.kind === 'batch') payloadBytes += body.payload.length;
  }
  if (reader.remaining > 0) reader.fail('bytes behind its entries');
  return { number, hardState, fromIndex, entries, crc, payloadBytes };
}
