import { Buffer } from 'node:buffer';
import type { Crc32c } from '../../core/base/checksum.ts';
import type { LogPlace, ReplicaKey, SnapshotMeta } from '../../core/raft/types.ts';
import type { Disk, DiskFile } from '../../ports/disk.ts';
import { writeAside } from '../logs/disk-tasks.ts';
import { step, type Task } from '../task.ts';
import { checkpointName, INCOMING_FILE } from './raft-files.ts';
import type { RaftSnapshotWrite } from './raft-round.ts';
import {
  bufferOf,
  encodeBlock,
  putReplicas,
  readBlock,
  takeReplicas,
  type Block,
  type BlockKind,
} from './raft-blocks.ts';

/** The state machine at one place of the log. */
export interface Checkpoint {
  readonly place: LogPlace;
  /** The voters at that place. */
  readonly voters: readonly ReplicaKey[];
  /** Metadata offset of the last record that it contains. */
  readonly offset: number;
  /** As `encodeRecords` wrote it. */
  readonly payload: Uint8Array;
}

/** A checkpoint as it lies on the disk. */
export interface StoredCheckpoint extends Checkpoint {
  readonly meta: SnapshotMeta;
}

/** Where checkpoints are kept. */
export interface CheckpointDeps {
  readonly disk: Disk;
  readonly crc32c: Crc32c;
  readonly directory: string;
}

/** Largest checkpoint file that is read or taken over, bytes. */
export const CHECKPOINT_BYTES_MAX = 1024 * 1024 * 1024;

/** Largest piece that is read for a follower, bytes. */
const PIECE_BYTES_MAX = 1024 * 1024;

const CHECKPOINT: BlockKind = {
  magic: 0x57_52_43_31,
  version: 1,
  bodyBytesMax: CHECKPOINT_BYTES_MAX,
  name: 'checkpoint of the metadata',
};

/** The bytes of a checkpoint file; every replica of the place may have others. */
export function encodeCheckpoint({ place, voters, offset, payload }: Checkpoint, crc32c: Crc32c): Block {
  return encodeBlock(CHECKPOINT, crc32c, (writer) => {
    writer.int64(place.index);
    writer.int64(place.term);
    writer.int64(offset);
    putReplicas(writer, voters);
    writer.bytes(payload, false);
  });
}

/** Reads a checkpoint file; null when it is not as it was written. Throws `FrameFormatError` for a newer format. */
export function decodeCheckpoint(file: Uint8Array, crc32c: Crc32c): StoredCheckpoint | null {
  const block = readBlock(CHECKPOINT, bufferOf(file), 0, crc32c);
  if (block === null || block.end !== file.length) return null;
  const { reader } = block;
  const place = { index: reader.int64(), term: reader.int64() };
  const offset = reader.int64();
  const voters = takeReplicas(reader);
  const payload = reader.view(false) ?? new Uint8Array();
  return { place, offset, voters, payload, meta: { place, voters, sizeInBytes: file.length } };
}

/** Writes a checkpoint's file, durable but for its name in the directory. */
export function* writeCheckpoint(deps: CheckpointDeps, checkpoint: Checkpoint): Task<StoredCheckpoint> {
  const { chunks, sizeInBytes } = encodeCheckpoint(checkpoint, deps.crc32c);
  const { place, voters } = checkpoint;
  yield* writeAside(deps.disk, `${deps.directory}/${checkpointName(place.index)}`, Buffer.concat(chunks));
  return { ...checkpoint, meta: { place, voters, sizeInBytes } };
}

/** Reads a checkpoint that has to be there and whole. */
export function* readCheckpoint(deps: CheckpointDeps, path: string): Task<StoredCheckpoint> {
  const { disk, crc32c } = deps;
  const bytes = yield* step<Uint8Array>((done) => disk.readFile(path, CHECKPOINT_BYTES_MAX, done));
  const checkpoint = decodeCheckpoint(bufferOf(bytes), crc32c);
  if (checkpoint === null) throw new Error(`${path} is damaged`);
  return checkpoint;
}

/**
 * Keeps a piece of a leader's snapshot beside the log; the last one makes the whole a checkpoint, durable with its name. A
 * piece counts for this life alone, so that only the whole is synced.
 */
export function* putPiece(deps: CheckpointDeps, { meta, position, data, isLast }: RaftSnapshotWrite): Task<void> {
  const { disk, directory } = deps;
  const path = `${directory}/${INCOMING_FILE}`;
  const file = yield* step<DiskFile>((done) => disk.open(path, { create: true }, done));
  try {
    if (position === 0) yield* step<void>((done) => file.truncate(0, done));
    yield* step<void>((done) => file.write(position, [data], done));
    if (isLast) yield* step<void>((done) => file.sync(done));
  } finally {
    file.close(() => undefined);
  }
  if (!isLast) return;
  const { place, sizeInBytes } = (yield* readCheckpoint(deps, path)).meta;
  const isWhole = place.index === meta.place.index && place.term === meta.place.term;
  if (!isWhole || sizeInBytes !== meta.sizeInBytes) throw new Error(`${path} is not the snapshot that was announced`);
  yield* step<void>((done) => disk.rename(path, `${directory}/${checkpointName(place.index)}`, done));
  yield* step<void>((done) => disk.syncDirectory(directory, done));
}

/** Reads a piece of a file; shorter only at its end. */
export function* readPiece(disk: Disk, path: string, position: number): Task<Uint8Array> {
  const file = yield* step<DiskFile>((done) => disk.open(path, { create: false }, done));
  try {
    return yield* step<Uint8Array>((done) => file.read(position, PIECE_BYTES_MAX, done));
  } finally {
    file.close(() => undefined);
  }
}
