import { Buffer } from 'node:buffer';
import type { Crc32c } from '../base/checksum.ts';
import * as batch from '../record/batch.ts';
import { readControlType } from '../record/control.ts';
import { RecordCursor, varintSize, writeVarint } from '../record/cursor.ts';
import type { WorkLimit } from './compaction-keys.ts';
import type { OffsetMap } from './compaction-map.ts';
import { type MarkerType, type TransactionScan, TransactionWalk } from './compaction-transactions.ts';
import type { CleanerBugs } from './planted-bugs.ts';

/** What one cleaning of a log knows. */
export interface CleaningRound {
  readonly map: Pick<OffsetMap, 'seek' | 'hash' | 'get'>;
  /** The map knows all keys below; what is at or above stays as it is. */
  readonly mapEnd: number;
  readonly scan: TransactionScan;
  /** Producers that are remembered: the offset of the last data batch of each (−1 for none) and its epoch. */
  readonly producers: ReadonlyMap<number, { readonly lastDataOffset: number; readonly epoch: number }>;
  readonly nowMs: number;
  readonly deleteRetentionMs: number;
  readonly bugs: CleanerBugs;
}

/**
 * What becomes of a batch. `copy`: it stays as it is. `drop`: it goes. `empty`: its header stays, for its producer or for
 * the offsets it stands for. `sieve`: its records are to be looked at. `horizon`: it stays and gets a delete horizon.
 */
export type BatchFate = 'copy' | 'drop' | 'empty' | 'sieve' | 'horizon';

/** Type of the marker in the control batch at `pos`; null when its record is gone. */
export function markerTypeOf(buf: Buffer, pos: number, cursor: RecordCursor): MarkerType {
  cursor.reset(buf, pos + batch.HEADER_SIZE, pos + batch.sizeInBytes(buf, pos));
  return cursor.next() ? (readControlType(buf, cursor.keyStart, cursor.keyEnd) ?? -1) : null;
}

/** Decides batch by batch what a cleaning keeps (KIP-58, KIP-98, KIP-534). Batches come in the order of the log. */
export class BatchFilter {
  readonly round: CleaningRound;
  readonly #walk: TransactionWalk;
  readonly #cursor = new RecordCursor();
  /**
   * A batch whose keys nobody knows was passed. It may hold an older value of any key: a tombstone behind it stays for good,
   * or that value would be the key's last again.
   */
  hasPassedUnseen = false;

  constructor(round: CleaningRound) {
    this.round = round;
    this.#walk = new TransactionWalk(round.scan);
  }

  /** The fate of the sound batch at `pos`. `isLast`: it ends the segment that is written, and its offsets must stay. */
  judge(buf: Buffer, pos: number, isLast: boolean): BatchFate {
    if (batch.baseOffset(buf, pos) >= this.round.mapEnd) return 'copy';
    const keepsHeader = this.keepsHeader(buf, pos, isLast);
    const gone: BatchFate = keepsHeader ? 'empty' : 'drop';
    const isEmpty = batch.recordCount(buf, pos) === 0;
    if (batch.isControl(buf, pos)) {
      const isSpent = this.#walk.onMarker(batch.producerId(buf, pos), markerTypeOf(buf, pos, this.#cursor));
      if (isEmpty) return keepsHeader ? 'copy' : 'drop';
      if (!isSpent) return 'copy';
      if (!batch.hasDeleteHorizon(buf, pos)) return 'horizon';
      return batch.baseTimestamp(buf, pos) <= this.round.nowMs ? gone : 'copy';
    }
    const isAborted =
      batch.isTransactional(buf, pos) && this.#walk.onData(batch.producerId(buf, pos), batch.baseOffset(buf, pos));
    if (isEmpty) return keepsHeader ? 'copy' : 'drop';
    return isAborted ? gone : 'sieve';
  }

  /** Whether the batch stays though all of its records go: the last of a live producer, and the segment's last. */
  keepsHeader(buf: Buffer, pos: number, isLast: boolean): boolean {
    if (isLast) return true;
    const live = this.round.producers.get(batch.producerId(buf, pos));
    if (live === undefined) return false;
    if (live.lastDataOffset >= 0) return batch.lastOffset(buf, pos) === live.lastDataOffset;
    // A producer that left only a marker: it holds the epoch that fences older ones.
    return batch.isControl(buf, pos) && batch.producerEpoch(buf, pos) === live.epoch;
  }
}

/** How a look at a batch's records ended, or that it is not over. */
export type SieveState = 'more' | 'done' | 'malformed';

/**
 * Looks at the records of one batch, a bounded piece of work at a time, and keeps the ranges of those that stay. Afterwards
 * `fate` tells what becomes of the batch; `copy` and `empty` need no more, `horizon` and `sieve` are written anew.
 */
export class RecordSieve {
  readonly #filter: BatchFilter;
  readonly #cursor = new RecordCursor();
  #buf: Buffer = Buffer.alloc(0);
  #pos = 0;
  #isLast = false;
  #straddles = false;
  #tombstones = false;
  #count = 0;
  /** The key of the current record is not hashed to its end. */
  #isHashing = false;
  /** Start and end of kept records in the payload, alternating; neighbours are one range. */
  #ranges: number[] = [];
  #keptCount = 0;
  #maxTimestamp: number = batch.NO_TIMESTAMP;

  constructor(filter: BatchFilter) {
    this.#filter = filter;
  }

  /** Begins with the batch at `pos`, whose plain records are `payload[start, end)`. */
  begin(
    at: { readonly buf: Buffer; readonly pos: number; readonly isLast: boolean },
    payload: { readonly buf: Buffer; readonly start: number; readonly end: number },
  ): void {
    this.#buf = at.buf;
    this.#pos = at.pos;
    this.#isLast = at.isLast;
    this.#straddles = batch.nextOffset(at.buf, at.pos) > this.#filter.round.mapEnd;
    this.#cursor.reset(payload.buf, payload.start, payload.end);
    this.#tombstones = false;
    this.#count = 0;
    this.#isHashing = false;
    this.#ranges = [];
    this.#keptCount = 0;
    this.#maxTimestamp = batch.NO_TIMESTAMP;
  }

  /** The fate of a batch that can't be looked into. */
  pass(): BatchFate {
    this.#filter.hasPassedUnseen = true;
    return 'copy';
  }

  /** Looks at further records. */
  run({ records, bytes }: WorkLimit): SieveState {
    const cursor = this.#cursor;
    const base = batch.baseOffset(this.#buf, this.#pos);
    for (let i = 0, left = bytes; i < records && left > 0; i++) {
      if (!this.#isHashing && !this.#next()) return this.#ended();
      left -= cursor.recordEnd - cursor.recordStart;
      const offset = base + cursor.offsetDelta;
      const isAsked = offset < this.#filter.round.mapEnd && cursor.keyStart >= 0;
      this.#isHashing = isAsked && !this.#filter.round.map.hash(bytes);
      if (this.#isHashing) return 'more';
      if (this.#keeps(offset)) this.#keep();
    }
    return 'more';
  }

  #next(): boolean {
    const cursor = this.#cursor;
    if (!cursor.next()) return false;
    this.#count += 1;
    if (cursor.keyStart >= 0) this.#filter.round.map.seek(cursor.buf, cursor.keyStart, cursor.keyEnd);
    return true;
  }

  #ended(): SieveState {
    const isWhole = this.#cursor.problem === '' && this.#count === batch.recordCount(this.#buf, this.#pos);
    return isWhole ? 'done' : 'malformed';
  }

  /** What becomes of the batch: `sieve` when some of its records stay. */
  fate(): BatchFate {
    if (this.#keptCount === 0) return this.#filter.keepsHeader(this.#buf, this.#pos, this.#isLast) ? 'empty' : 'drop';
    // A tombstone that the map does not cover yet must not begin to expire: the whole batch waits.
    if (this.#tombstones && !this.#straddles && !batch.hasDeleteHorizon(this.#buf, this.#pos)) return 'horizon';
    return this.#keptCount === this.#count ? 'copy' : 'sieve';
  }

  /** The kept records, for a batch that is written anew. */
  kept(): KeptRecords {
    const { buf } = this.#cursor;
    return { buf, ranges: this.#ranges, count: this.#keptCount, maxTimestamp: this.#maxTimestamp };
  }

  #keeps(offset: number): boolean {
    const { round } = this.#filter;
    const { keyStart, valueStart } = this.#cursor;
    if (offset >= round.mapEnd) return true;
    if (keyStart < 0) return false;
    if (offset < round.map.get()) return false;
    if (valueStart >= 0) return true;
    if (round.bugs.has('tombstone-dropped-early')) return false;
    const isExpired =
      !this.#filter.hasPassedUnseen &&
      batch.hasDeleteHorizon(this.#buf, this.#pos) &&
      batch.baseTimestamp(this.#buf, this.#pos) <= round.nowMs;
    return !isExpired;
  }

  #keep(): void {
    const { recordStart, recordEnd, timestampDelta, valueStart } = this.#cursor;
    if (valueStart < 0) this.#tombstones = true;
    this.#keptCount += 1;
    const last = this.#ranges.length - 1;
    if (this.#ranges[last] === recordStart) this.#ranges[last] = recordEnd;
    else this.#ranges.push(recordStart, recordEnd);
    this.#maxTimestamp = Math.max(this.#maxTimestamp, batch.baseTimestamp(this.#buf, this.#pos) + timestampDelta);
  }
}

/** Records that stay of a batch: ranges of `buf`, alternating start and end. */
export interface KeptRecords {
  readonly buf: Buffer;
  readonly ranges: readonly number[];
  readonly count: number;
  readonly maxTimestamp: number;
}

/** All records of the batch at `pos`, uncompressed. */
export function allRecords(buf: Buffer, pos: number): KeptRecords {
  return {
    buf,
    ranges: [pos + batch.HEADER_SIZE, pos + batch.sizeInBytes(buf, pos)],
    count: batch.recordCount(buf, pos),
    maxTimestamp: batch.maxTimestamp(buf, pos),
  };
}

/**
 * Copies kept records, a bounded piece of work at a time, as they are or with time stamps relative to another base: when
 * the base timestamp becomes the delete horizon (KIP-534) the records' deltas change with it.
 */
export class RecordCopy {
  readonly #kept: KeptRecords;
  readonly #shiftMs: number;
  readonly #out: Buffer;
  readonly #cursor = new RecordCursor();
  #size: number;
  #nextRange = 0;
  /** What of the source is copied as it is before anything else. */
  #from = 0;
  #to = 0;

  /** `shiftMs` is added to each delta: old base minus new base. `room` bytes stay free in front. */
  constructor(kept: KeptRecords, { shiftMs, room }: { readonly shiftMs: number; readonly room: number }) {
    this.#kept = kept;
    this.#shiftMs = shiftMs;
    let bytes = room;
    for (let i = 0; i < kept.ranges.length; i += 2) bytes += (kept.ranges[i + 1] ?? 0) - (kept.ranges[i] ?? 0);
    // A delta takes 10 bytes at most, and its record's length then up to one more than before.
    this.#out = Buffer.alloc(bytes + (shiftMs === 0 ? 0 : kept.count * 14));
    this.#size = room;
  }

  /** Goes on; true when there is more. */
  run({ records, bytes }: WorkLimit): boolean {
    const end = this.#size + bytes;
    for (let i = 0; i < records && this.#size < end; i++) {
      if (this.#from === this.#to && !this.#next()) return false;
      const to = Math.min(this.#to, this.#from + bytes);
      this.#size += this.#kept.buf.copy(this.#out, this.#size, this.#from, to);
      this.#from = to;
    }
    return true;
  }

  /** The room, and the records as written. */
  bytes(): Buffer {
    return this.#out.subarray(0, this.#size);
  }

  /** Goes to the next record, or to the next range of them; false at the end. */
  #next(): boolean {
    const { buf, ranges } = this.#kept;
    if (this.#shiftMs !== 0 && this.#cursor.next()) {
      this.#begin();
      return true;
    }
    const [from, to] = [ranges[this.#nextRange], ranges[this.#nextRange + 1]];
    if (from === undefined || to === undefined) return false;
    this.#nextRange += 2;
    if (this.#shiftMs !== 0) {
      this.#cursor.reset(buf, from, to);
      return this.#next();
    }
    this.#from = from;
    this.#to = to;
    return true;
  }

  /** Writes the current record's front; what follows its delta is copied. */
  #begin(): void {
    const { buf, recordStart, recordEnd, timestampDelta } = this.#cursor;
    const attributesAt = skipVarint(buf, recordStart);
    const restAt = skipVarint(buf, attributesAt + 1);
    const delta = timestampDelta + this.#shiftMs;
    const bodySize = 1 + varintSize(delta) + recordEnd - restAt;
    const at = writeVarint(this.#out, this.#size, bodySize);
    this.#out[at] = buf[attributesAt] ?? 0;
    this.#size = writeVarint(this.#out, at + 1, delta);
    this.#from = restAt;
    this.#to = recordEnd;
  }
}

/** Where the varint at `pos` of sound records ends; it may be longer than it needs to be. */
function skipVarint(buf: Buffer, pos: number): number {
  let at = pos;
  while ((buf[at] ?? 0) >= 0x80) at += 1;
  return at + 1;
}

/**
 * Makes `out` the batch at `pos` with other records, which stand behind the room for the header: offsets, leader epoch,
 * producer and sequence stay as they were, the largest time follows the records. `horizonMs` ≥ 0 becomes the delete horizon;
 * −1 leaves the base timestamp. The CRC is the caller's to `assignCrc`.
 */
export function rewriteHeader(
  source: { readonly buf: Buffer; readonly pos: number },
  out: Buffer,
  records: { readonly count: number; readonly maxTimestamp: number },
  horizonMs: number,
): void {
  const { buf, pos } = source;
  const attributes = batch.attributes(buf, pos);
  const header = {
    ...headerOf(buf, pos),
    attributes: horizonMs >= 0 ? attributes | batch.ATTRIBUTE.deleteHorizon : attributes,
    baseTimestamp: horizonMs >= 0 ? horizonMs : batch.baseTimestamp(buf, pos),
    maxTimestamp: batch.isLogAppendTime(buf, pos) ? batch.maxTimestamp(buf, pos) : records.maxTimestamp,
    recordCount: records.count,
  };
  batch.writeHeader(out, 0, out.length, header, () => 0);
}

/** The header of the batch at `pos` without any records, as Kafka leaves it. */
export function emptyBatch(buf: Buffer, pos: number, crc32c: Crc32c): Buffer {
  const out = Buffer.alloc(batch.HEADER_SIZE);
  const dropped = batch.ATTRIBUTE.codecMask | batch.ATTRIBUTE.deleteHorizon;
  const header = {
    ...headerOf(buf, pos),
    attributes: batch.attributes(buf, pos) & ~dropped,
    baseTimestamp: batch.NO_TIMESTAMP,
    maxTimestamp: batch.maxTimestamp(buf, pos),
    recordCount: 0,
  };
  batch.writeHeader(out, 0, out.length, header, crc32c);
  return out;
}

function headerOf(
  buf: Buffer,
  pos: number,
): Pick<
  batch.BatchHeader,
  'baseOffset' | 'leaderEpoch' | 'lastOffsetDelta' | 'producerId' | 'producerEpoch' | 'baseSequence'
> {
  return {
    baseOffset: batch.baseOffset(buf, pos),
    leaderEpoch: batch.partitionLeaderEpoch(buf, pos),
    lastOffsetDelta: batch.lastOffsetDelta(buf, pos),
    producerId: batch.producerId(buf, pos),
    producerEpoch: batch.producerEpoch(buf, pos),
    baseSequence: batch.baseSequence(buf, pos),
  };
}
