import { Buffer } from 'node:buffer';
import type { Crc32c } from '../base/checksum.ts';
import { readInt64, writeInt64 } from '../base/int64.ts';
import { PRODUCERS_MAX, type ProducerEntry } from './producer-state.ts';

const VERSION = 1;
const CRC_AT = 2;
const ENTRIES_AT = 6;
const HEAD_SIZE = 10;
const ENTRY_SIZE = 46;
/** Largest `.snapshot` that is read, bytes. */
export const SNAPSHOT_SIZE_MAX = 64 * 1024 * 1024;

/**
 * Kafka's `.snapshot`, version 1: version, CRC-32C of what follows it, number of producers, then each with its epoch
 * and last batch. The earlier four batches are not in it, so that their duplicates are no longer told after a load.
 */
export function encodeProducerSnapshot(entries: Iterable<ProducerEntry>, crc32c: Crc32c): Buffer {
  const kept = [...entries].slice(-PRODUCERS_MAX);
  const buf = Buffer.alloc(HEAD_SIZE + kept.length * ENTRY_SIZE);
  buf.writeInt16BE(VERSION, 0);
  buf.writeInt32BE(kept.length, ENTRIES_AT);
  let pos = HEAD_SIZE;
  for (const entry of kept) {
    const last = entry.batches.at(-1);
    writeInt64(buf, pos, entry.producerId);
    buf.writeInt16BE(entry.epoch, pos + 8);
    buf.writeInt32BE(last?.lastSequence ?? -1, pos + 10);
    writeInt64(buf, pos + 14, last?.lastOffset ?? -1);
    buf.writeInt32BE(last?.offsetDelta ?? 0, pos + 22);
    writeInt64(buf, pos + 26, last?.timestampMs ?? -1);
    buf.writeInt32BE(entry.coordinatorEpoch, pos + 34);
    writeInt64(buf, pos + 38, entry.currentTxnFirstOffset);
    pos += ENTRY_SIZE;
  }
  buf.writeUInt32BE(crc32c(buf, ENTRIES_AT, buf.length), CRC_AT);
  return buf;
}

/** Reads a snapshot; the producers count as used at `nowMs` (F6). Null when it is not whole and sound. */
export function decodeProducerSnapshot(bytes: Uint8Array, crc32c: Crc32c, nowMs: number): ProducerEntry[] | null {
  const buf = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (buf.length < HEAD_SIZE || buf.readInt16BE(0) !== VERSION) return null;
  if (crc32c(buf, ENTRIES_AT, buf.length) !== buf.readUInt32BE(CRC_AT)) return null;
  const count = buf.readInt32BE(ENTRIES_AT);
  if (count < 0 || buf.length !== HEAD_SIZE + count * ENTRY_SIZE) return null;
  const entries: ProducerEntry[] = [];
  for (let pos = HEAD_SIZE; pos < buf.length; pos += ENTRY_SIZE) {
    const lastOffset = readInt64(buf, pos + 14);
    const producerId = readInt64(buf, pos);
    const timestampMs = readInt64(buf, pos + 26);
    const currentTxnFirstOffset = readInt64(buf, pos + 38);
    if ([lastOffset, producerId, timestampMs, currentTxnFirstOffset].some(Number.isNaN)) return null;
    const last = {
      lastSequence: buf.readInt32BE(pos + 10),
      lastOffset,
      offsetDelta: buf.readInt32BE(pos + 22),
      timestampMs,
    };
    entries.push({
      producerId,
      epoch: buf.readInt16BE(pos + 8),
      batches: lastOffset < 0 ? [] : [last],
      coordinatorEpoch: buf.readInt32BE(pos + 34),
      currentTxnFirstOffset,
      lastUsedMs: nowMs,
    });
  }
  return entries;
}
