import { Buffer } from 'node:buffer';
import type { Crc32c } from '../base/checksum.ts';
import { readInt64, writeInt64 } from '../base/int64.ts';
import { BATCHES_KEPT, PRODUCERS_MAX, type ProducerBatch, type ProducerEntry } from './producer-state.ts';

const VERSION = 1;
const CRC_AT = 2;
const ENTRIES_AT = 6;
const HEAD_SIZE = 10;
const ENTRY_SIZE = 46;
/** Largest `.snapshot` that is read, bytes. */
export const SNAPSHOT_SIZE_MAX = 64 * 1024 * 1024;
/** Stands for a producer of which only control batches are known. */
const NO_BATCH: readonly ProducerBatch[] = [{ lastSequence: -1, lastOffset: -1, offsetDelta: 0, timestampMs: -1 }];

/**
 * Kafka's `.snapshot`, version 1: version, CRC-32C of what follows it, number of lines, then lines of a producer, its
 * epoch and a batch. Kafka writes one line a producer, its last batch; here each remembered batch has a line, oldest
 * first, so that all duplicates are still told after a load. Kafka's readers take every line and the last one counts.
 */
export function encodeProducerSnapshot(entries: Iterable<ProducerEntry>, crc32c: Crc32c): Buffer {
  const kept = [...entries].slice(-PRODUCERS_MAX);
  const lines = kept.reduce((sum, { batches }) => sum + Math.max(1, batches.length), 0);
  const buf = Buffer.alloc(HEAD_SIZE + lines * ENTRY_SIZE);
  buf.writeInt16BE(VERSION, 0);
  buf.writeInt32BE(lines, ENTRIES_AT);
  let pos = HEAD_SIZE;
  for (const entry of kept) {
    for (const batch of entry.batches.length === 0 ? NO_BATCH : entry.batches) {
      writeLine(buf, pos, entry, batch);
      pos += ENTRY_SIZE;
    }
  }
  buf.writeUInt32BE(crc32c(buf, ENTRIES_AT, buf.length), CRC_AT);
  return buf;
}

function writeLine(buf: Buffer, pos: number, entry: ProducerEntry, batch: ProducerBatch): void {
  writeInt64(buf, pos, entry.producerId);
  buf.writeInt16BE(entry.epoch, pos + 8);
  buf.writeInt32BE(batch.lastSequence, pos + 10);
  writeInt64(buf, pos + 14, batch.lastOffset);
  buf.writeInt32BE(batch.offsetDelta, pos + 22);
  writeInt64(buf, pos + 26, batch.timestampMs);
  buf.writeInt32BE(entry.coordinatorEpoch, pos + 34);
  writeInt64(buf, pos + 38, entry.currentTxnFirstOffset);
}

/** Reads a snapshot; the producers count as used at `nowMs` (F6). Null when it is not whole and sound. */
export function decodeProducerSnapshot(bytes: Uint8Array, crc32c: Crc32c, nowMs: number): ProducerEntry[] | null {
  const buf = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (buf.length < HEAD_SIZE || buf.readInt16BE(0) !== VERSION) return null;
  if (crc32c(buf, ENTRIES_AT, buf.length) !== buf.readUInt32BE(CRC_AT)) return null;
  const count = buf.readInt32BE(ENTRIES_AT);
  if (count < 0 || buf.length !== HEAD_SIZE + count * ENTRY_SIZE) return null;
  const entries = new Map<number, ProducerEntry>();
  for (let pos = HEAD_SIZE; pos < buf.length; pos += ENTRY_SIZE) {
    const line = readLine(buf, pos, nowMs);
    if (line === null) return null;
    const before = entries.get(line.producerId);
    if (before?.epoch === line.epoch) line.batches = [...before.batches, ...line.batches].slice(-BATCHES_KEPT);
    entries.set(line.producerId, line);
  }
  return [...entries.values()];
}

function readLine(buf: Buffer, pos: number, nowMs: number): ProducerEntry | null {
  const producerId = readInt64(buf, pos);
  const lastOffset = readInt64(buf, pos + 14);
  const timestampMs = readInt64(buf, pos + 26);
  const currentTxnFirstOffset = readInt64(buf, pos + 38);
  if ([lastOffset, producerId, timestampMs, currentTxnFirstOffset].some(Number.isNaN)) return null;
  const lastSequence = buf.readInt32BE(pos + 10);
  const offsetDelta = buf.readInt32BE(pos + 22);
  return {
    producerId,
    epoch: buf.readInt16BE(pos + 8),
    batches: lastOffset < 0 ? [] : [{ lastSequence, lastOffset, offsetDelta, timestampMs }],
    coordinatorEpoch: buf.readInt32BE(pos + 34),
    currentTxnFirstOffset,
    lastUsedMs: nowMs,
  };
}
