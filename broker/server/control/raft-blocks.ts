import { Buffer } from 'node:buffer';
import type { Crc32c } from '../../core/base/checksum.ts';
import { TRY_NEWER_RELEASE } from '../../core/base/format.ts';
import { Reader } from '../../core/codec/reader.ts';
import { Writer } from '../../core/codec/writer.ts';
import type { HardState, ReplicaKey } from '../../core/raft/types.ts';
import { FrameFormatError } from './frames.ts';

/** The metadata on disk is not what was written and synced. The node must not start (V10). */
export class MetadataDamageError extends Error {
  readonly code = 'DAMAGED_METADATA';
}

/** A kind of block: what a file of the Raft log is made of. */
export interface BlockKind {
  readonly magic: number;
  /** The format that is written; a block of a later one stops the node (B4). */
  readonly version: number;
  /** Largest body, bytes; a larger length in a file is damage. */
  readonly bodyBytesMax: number;
  /** For sentences: "the … is of format 2". */
  readonly name: string;
}

/** Magic (4), body length (4), CRC-32C of the body (4). */
const HEAD_BYTES = 12;

/** An encoded block: chunks for one vectored write. */
export interface Block {
  readonly chunks: readonly Uint8Array[];
  readonly sizeInBytes: number;
  /** Of the body. */
  readonly crc: number;
}

/** One for all blocks: its slab serves many of them. */
const writer = new Writer();

/** A body behind a head that tells its length and checksum. */
export function encodeBlock(kind: BlockKind, crc32c: Crc32c, put: (to: Writer) => void): Block {
  writer.begin();
  writer.uint16(kind.version);
  put(writer);
  const body = writer.end();
  let bodyBytes = 0;
  let crc = 0;
  for (const chunk of body) {
    crc = crc32c(chunk, 0, chunk.length, crc);
    bodyBytes += chunk.length;
  }
  if (bodyBytes > kind.bodyBytesMax) throw new Error(`bug: a ${kind.name} of ${bodyBytes} bytes`);
  const head = Buffer.alloc(HEAD_BYTES);
  head.writeUInt32BE(kind.magic, 0);
  head.writeUInt32BE(bodyBytes, 4);
  head.writeUInt32BE(crc, 8);
  return { chunks: [head, ...body], sizeInBytes: HEAD_BYTES + bodyBytes, crc };
}

/**
 * The block at a position, its reader behind the format version; null when there is none, or not a whole one. Throws
 * `FrameFormatError` for a newer format: the checksum fits, so a newer release wrote it.
 */
export function readBlock(
  kind: BlockKind,
  bytes: Buffer,
  position: number,
  crc32c: Crc32c,
): { readonly reader: Reader; readonly end: number; readonly crc: number } | null {
  const start = position + HEAD_BYTES;
  if (start > bytes.length || bytes.readUInt32BE(position) !== kind.magic) return null;
  const bodyBytes = bytes.readUInt32BE(position + 4);
  const end = start + bodyBytes;
  if (bodyBytes < 2 || bodyBytes > kind.bodyBytesMax || end > bytes.length) return null;
  const crc = bytes.readUInt32BE(position + 8);
  if (crc32c(bytes, start, end) !== crc) return null;
  const reader = new Reader(bytes, start, end, kind.name);
  const version = reader.uint16();
  if (version !== kind.version) {
    throw new FrameFormatError(
      `the ${kind.name} is of format ${version}, unknown to this release; ${TRY_NEWER_RELEASE}`,
    );
  }
  return { reader, end, crc };
}

/** A view of the same bytes. */
export function bufferOf(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** Id and directory id. */
function putReplica(writer: Writer, { id, directoryId }: ReplicaKey): void {
  writer.int32(id);
  writer.text(directoryId, false);
}

function takeReplica(reader: Reader): ReplicaKey {
  return { id: reader.int32(), directoryId: reader.text(false) ?? '' };
}

/** A list of replicas. */
export function putReplicas(writer: Writer, replicas: readonly ReplicaKey[]): void {
  writer.int32(replicas.length);
  for (const replica of replicas) putReplica(writer, replica);
}

/** The list that `putReplicas` wrote. */
export function takeReplicas(reader: Reader): readonly ReplicaKey[] {
  const replicas: ReplicaKey[] = [];
  for (let left = reader.count(false, 6); left > 0; left -= 1) replicas.push(takeReplica(reader));
  return replicas;
}

/** Term, damage and vote. */
export function putHardState(writer: Writer, { term, votedFor, damagedUpTo, damagedTerm }: HardState): void {
  writer.int64(term);
  writer.int64(damagedUpTo);
  writer.int64(damagedTerm);
  putReplicas(writer, votedFor === null ? [] : [votedFor]);
}

/** What `putHardState` wrote. */
export function takeHardState(reader: Reader): HardState {
  const term = reader.int64();
  const damagedUpTo = reader.int64();
  const damagedTerm = reader.int64();
  return { term, votedFor: takeReplicas(reader)[0] ?? null, damagedUpTo, damagedTerm };
}
