import { Buffer } from 'node:buffer';
import { gunzipSync, gzipSync } from 'node:zlib';
import { DEFAULT_CLEANER_CONFIG } from '../../../broker/core/log/cleaner-config.ts';
import type { CleanerBug } from '../../../broker/core/log/planted-bugs.ts';
import * as batch from '../../../broker/core/record/batch.ts';
import {
  buildBatch,
  buildCompressedBatch,
  buildTransactionMarker,
  encodeRecords,
  type NewRecord,
} from '../../../broker/core/record/builder.ts';
import { CONTROL } from '../../../broker/core/record/control.ts';
import { readRecords } from '../../../broker/core/record/iterate.ts';
import { crc32c } from '../../../broker/io/crc32c.ts';
import type { LogSpec, PartitionLog } from '../../../broker/server/logs/partition-log.ts';
import { LogWorld, spec } from './log-world.ts';

/** What became of the transaction of a record. */
interface Transaction {
  state: 'open' | 'committed' | 'aborted';
  markerOffset: number;
}

interface Sent {
  readonly offset: number;
  readonly key: string;
  /** Null for a tombstone. */
  readonly value: string | null;
  readonly epoch: number;
  readonly sentMs: number;
  readonly timestampMs: number;
  readonly transaction: Transaction | null;
}

interface Producer {
  readonly id: number;
  nextSequence: number;
  last: { readonly baseSequence: number; readonly lastSequence: number; readonly lastOffset: number } | null;
  transaction: Transaction | null;
}

/** A record, or a marker, that a reader finds. */
interface Found {
  readonly offset: number;
  readonly key: string;
  readonly value: string | null;
  readonly timestampMs: number;
  readonly epoch: number;
  readonly control: boolean;
}

/** Settings of a run: what it plants, and what the disk refuses. */
export interface CompactionRunOptions {
  readonly bug?: CleanerBug;
  /** Writes of the cleaner fail for want of room now and then. */
  readonly full?: boolean;
}

const KEYS = 12;

/**
 * One seeded history of a compacted log: keys, tombstones, producers, transactions, leader epochs, compressed batches and
 * power cuts, with the cleaner at work all the while. Checks what D13 promises, with the broker's own read path.
 */
export class CompactionRun {
  readonly #seed: number;
  readonly #world: LogWorld;
  readonly #spec: LogSpec;
  readonly #keepDurationMs: number;
  readonly #producers: Producer[] = [1, 2, 3].map((id) => ({ id, nextSequence: 0, last: null, transaction: null }));
  #sent: Sent[] = [];
  #batches: { readonly end: number; readonly undo: () => void }[] = [];
  #endOffset = 0;
  #durable = 0;
  #watermarkMax = 0;
  #startOffset = 0;
  /** Largest offset that a deletion was asked for, acknowledged or not. */
  #deletionMax = 0;
  #epoch = 0;
  #count = 0;
  /** Whether anything was compacted in this run: else it shows nothing. */
  cleanedCount = 0;

  constructor(seed: number, options: CompactionRunOptions = {}) {
    this.#seed = seed;
    const { bug, full = false } = options;
    const dedupeBufferBytes = seed % 3 === 0 ? 24 * 6 : 1_048_576;
    this.#world = new LogWorld(seed, {
      tailCacheBytes: seed % 2 === 0 ? 2000 : 100_000,
      openFilesMax: 4,
      snapshotIntervalBytes: 2500,
      // Now and then only what needs a checkpoint asks for one.
      checkpointIntervalMs: seed % 4 === 1 ? 1_000_000 : 200,
      journalBytes: seed % 3 === 0 ? 0 : 32_768,
      directSyncsMax: 0,
      cleaner: () => ({ ...DEFAULT_CLEANER_CONFIG, backoffMs: 30, dedupeBufferBytes, ioBufferBytes: 2048 }),
      cleanerBugs: new Set(bug === undefined ? [] : [bug]),
    });
    const { prng } = this.#world;
    if (full) {
      this.#world.disk.faults.fail = (operation, path) =>
        operation === 'write' && path.endsWith('.cleaned') && prng.chance(0.1) ? 'ENOSPC' : null;
    }
    this.#keepDurationMs = prng.chance(0.5) ? 300 : 20;
    this.#spec = spec('table', {
      segmentBytes: 300 + prng.below(1500),
      indexIntervalBytes: prng.below(300),
      retentionMs: -1,
      deletePolicy: false,
      compactPolicy: true,
      minCleanableDirtyRatio: prng.chance(0.5) ? 0 : 0.3,
      minCompactionLagMs: prng.chance(0.3) ? 40 : 0,
      ...(prng.chance(0.3) ? { maxCompactionLagMs: 200 } : {}),
      deleteRetentionMs: this.#keepDurationMs,
    });
  }

  run(): void {
    try {
      this.#world.start();
      this.#listen(this.#world.createOne(this.#spec));
      const lives = 2 + this.#world.prng.below(4);
      for (let life = 0; life < lives; life++) {
        const steps = this.#world.prng.below(70);
        for (let i = 0; i < steps; i++) this.#step();
        this.#endLife();
      }
    } catch (error) {
      throw new Error(`seed ${this.#seed}: ${error instanceof Error ? error.stack : String(error)}`, { cause: error });
    }
  }

  get #log(): PartitionLog {
    return this.#world.log(this.#spec);
  }

  #listen(log: PartitionLog): void {
    log.setListener({
      onProgress: (_written, durable) => {
        this.#durable = Math.max(this.#durable, durable);
        if (this.#world.prng.chance(0.6)) this.#commit(log, durable);
      },
      onState: (state, reason) => {
        throw new Error(`the log became ${state}: ${reason}`);
      },
    });
  }

  /** The high watermark falls behind by some batches now and then, so that whole segments lie above it. */
  #commit(log: PartitionLog, durable: number): void {
    const { prng } = this.#world;
    const behind = prng.chance(0.5) ? prng.below(30) : 0;
    const offset = Math.max(log.highWatermark, durable - behind);
    log.setHighWatermark(offset);
    this.#watermarkMax = Math.max(this.#watermarkMax, offset);
  }

  #step(): void {
    const { prng, time } = this.#world;
    const action = prng.below(100);
    if (action < 45) this.#append();
    else if (action < 52) this.#endTransaction();
    else if (action < 70) for (let i = prng.below(20); i > 0; i--) time.step();
    else if (action < 88) time.advance(prng.below(120));
    else if (action < 93) this.#check();
    else if (action < 96) this.#readFromAnywhere();
    else if (action < 97) this.#deleteRecords();
    else this.#epoch += 1;
  }

  #append(): void {
    const { prng, time } = this.#world;
    const producer = prng.chance(0.6) ? this.#producers[prng.below(this.#producers.length)] : undefined;
    const inTransaction = producer !== undefined && (producer.transaction !== null || prng.chance(0.4));
    const records: NewRecord[] = Array.from({ length: 1 + prng.below(4) }, () => this.#record());
    const nowMs = Math.floor(time.wallMs());
    const baseOffset = this.#endOffset;
    const before = producer === undefined ? null : { ...producer };
    if (inTransaction && producer.transaction === null) producer.transaction = { state: 'open', markerOffset: -1 };
    const transaction = inTransaction ? producer.transaction : null;
    const options = {
      baseOffset,
      leaderEpoch: this.#epoch,
      transactional: inTransaction,
      ...(producer === undefined
        ? {}
        : { producerId: producer.id, producerEpoch: 0, baseSequence: producer.nextSequence }),
    };
    const bytes = prng.chance(0.3)
      ? gzipped(records, nowMs, options)
      : buildBatch(records, { ...options, timestamp: nowMs }, crc32c);
    if (this.#log.append(bytes, { nowMs }) === null) throw new Error('an append was refused');
    for (const [i, { key, value }] of records.entries()) {
      this.#sent.push({
        offset: baseOffset + i,
        key: key?.toString() ?? '',
        value: value?.toString() ?? null,
        epoch: this.#epoch,
        sentMs: nowMs,
        timestampMs: nowMs,
        transaction,
      });
    }
    this.#endOffset += records.length;
    if (producer !== undefined && before !== null) {
      const lastSequence = producer.nextSequence + records.length - 1;
      producer.last = { baseSequence: producer.nextSequence, lastSequence, lastOffset: this.#endOffset - 1 };
      producer.nextSequence = lastSequence + 1;
      this.#batches.push({ end: this.#endOffset, undo: () => Object.assign(producer, before) });
    }
  }

  #record(): NewRecord {
    const { prng } = this.#world;
    const key = Buffer.from(`key-${prng.below(KEYS)}`);
    if (prng.chance(0.2)) return { key, value: null };
    return { key, value: Buffer.from(`${this.#count++}-${'x'.repeat(prng.below(120))}`) };
  }

  #endTransaction(): void {
    const { prng, time } = this.#world;
    const open = this.#producers.filter((one) => one.transaction !== null);
    const producer = open[prng.below(Math.max(1, open.length))];
    const transaction = producer?.transaction;
    if (producer === undefined || transaction === null || transaction === undefined) return;
    const isAbort = prng.chance(0.4);
    const timestamp = Math.floor(time.wallMs());
    const bytes = buildTransactionMarker(
      {
        type: isAbort ? CONTROL.abort : CONTROL.commit,
        producerId: producer.id,
        producerEpoch: 0,
        coordinatorEpoch: 0,
        timestamp,
      },
      crc32c,
    );
    batch.assignOffset(bytes, 0, { baseOffset: this.#endOffset, leaderEpoch: this.#epoch });
    if (this.#log.append(bytes, { nowMs: timestamp }) === null) throw new Error('an append was refused');
    transaction.state = isAbort ? 'aborted' : 'committed';
    transaction.markerOffset = this.#endOffset;
    producer.transaction = null;
    this.#endOffset += 1;
    this.#batches.push({
      end: this.#endOffset,
      undo: () => {
        transaction.state = 'open';
        transaction.markerOffset = -1;
        producer.transaction = transaction;
      },
    });
  }

  #deleteRecords(): void {
    const { prng } = this.#world;
    const log = this.#log;
    const to = log.logStartOffset + prng.below(Math.max(1, Math.floor((log.highWatermark - log.logStartOffset) / 4)));
    this.#deletionMax = Math.max(this.#deletionMax, to);
    log.deleteRecordsBefore(to, (failure, start) => {
      if (failure !== null) throw new Error(JSON.stringify(failure));
      this.#startOffset = Math.max(this.#startOffset, start ?? 0);
    });
  }

  #endLife(): void {
    const { prng } = this.#world;
    const clean = prng.chance(0.2);
    if (clean) {
      this.#world.shutdown(11);
      this.#durable = this.#endOffset;
    } else this.#world.stopDead({ keepPageCache: prng.chance(0.3) });
    this.cleanedCount += this.#world.opened.manager.stats().cleaner.cleanedCount;
    this.#world.start();
    if (this.#world.fatal !== null) throw new Error(JSON.stringify(this.#world.fatal));
    const log = this.#log;
    if (log.state !== 'open') throw new Error(`the log is ${log.state}: ${log.stateReason}`);
    if (log.logEndOffset < this.#durable) throw new Error(`it ends at ${log.logEndOffset}, durable ${this.#durable}`);
    if (log.logEndOffset > this.#endOffset) throw new Error(`it ends at ${log.logEndOffset}, sent ${this.#endOffset}`);
    if (log.logStartOffset < this.#startOffset) throw new Error(`it begins at ${log.logStartOffset} again`);
    this.#forgetAbove(log.logEndOffset);
    this.#listen(log);
    log.setHighWatermark(Math.max(log.highWatermark, Math.min(this.#watermarkMax, log.logEndOffset)));
    this.#check();
    this.#checkProducers(log);
  }

  /** The crash took what was not durable: the history ends with the log. */
  #forgetAbove(endOffset: number): void {
    for (const undone of this.#batches.filter(({ end }) => end > endOffset).toReversed()) undone.undo();
    this.#batches = this.#batches.filter(({ end }) => end <= endOffset);
    this.#sent = this.#sent.filter(({ offset }) => offset < endOffset);
    this.#endOffset = endOffset;
    this.#durable = endOffset;
    this.#epoch = Math.max(this.#epoch, this.#sent.at(-1)?.epoch ?? 0);
  }

  /** Each producer's last batch is known for a duplicate, as if nothing had been cleaned. */
  #checkProducers(log: PartitionLog): void {
    for (const { id, last } of this.#producers) {
      if (last === null || last.lastOffset < log.logStartOffset) continue;
      const { baseSequence, lastSequence } = last;
      const verdict = log.checkProducer({ producerId: id, producerEpoch: 0, baseSequence, lastSequence });
      const isKnown = verdict.kind === 'duplicate' && verdict.lastOffset === last.lastOffset;
      if (!isKnown) throw new Error(`producer ${id}: ${JSON.stringify(verdict)} for ${JSON.stringify(last)}`);
    }
  }

  #readFromAnywhere(): void {
    const { prng } = this.#world;
    const log = this.#log;
    const all = this.#read(log.logStartOffset);
    const from = log.logStartOffset + prng.below(Math.max(1, log.writtenOffset - log.logStartOffset));
    const some = this.#read(from);
    const kept = new Set(some.map(({ offset }) => offset));
    // The cleaner may have been by in between: only what superseded records leave may be missing.
    const latest = this.#latest(log);
    for (const { offset, key, control } of all) {
      if (offset < from || kept.has(offset) || control) continue;
      const last = latest.get(key);
      if (last?.offset === offset && last.value !== null)
        throw new Error(`a reader from ${from} misses offset ${offset}`);
    }
    if (some.some(({ offset }) => offset < from)) throw new Error(`a reader from ${from} sees what lies before`);
  }

  /** All records and markers that a reader from `from` gets while no cleaned segment takes its place. */
  #readAtOnce(from: number): Found[] {
    for (let attempt = 0; attempt < 100; attempt++) {
      const before = this.#world.disk.operationCounts.get('rename');
      const found = this.#read(from);
      if (this.#world.disk.operationCounts.get('rename') === before) return found;
    }
    throw new Error('the cleaner never rests');
  }

  /** All records and markers that a reader from `from` gets. */
  #read(from: number): Found[] {
    const log = this.#log;
    const found: Found[] = [];
    for (let next = from; next < log.writtenOffset; ) {
      const result = this.#world.wait<{ chunks: readonly Uint8Array[]; endOffset: number }>((done) =>
        log.read({ fetchOffset: next, maxBytes: 900, minOneBatch: true, endOffset: Number.MAX_SAFE_INTEGER }, done),
      );
      for (const chunk of result.chunks)
        found.push(...recordsOf(batch.bufferOf(chunk)).filter((one) => one.offset >= next));
      if (result.endOffset <= next) throw new Error(`a read at ${next} gave nothing`);
      next = result.endOffset;
    }
    return found;
  }

  /** The last record of each key that counts, among those that were written. */
  #latest(log: PartitionLog): Map<string, Sent> {
    const latest = new Map<string, Sent>();
    for (const sent of this.#sent) {
      if (sent.offset < log.logStartOffset || sent.offset >= log.writtenOffset) continue;
      if (sent.transaction === null || sent.transaction.state === 'committed') latest.set(sent.key, sent);
    }
    return latest;
  }

  #check(): void {
    const log = this.#log;
    // Before the read: while it goes on the cleaner does too.
    const cleanEnd = this.#cleanEnd();
    const found = this.#readAtOnce(log.logStartOffset);
    const latest = this.#latest(log);
    const nowMs = this.#world.time.wallMs();
    const byOffset = new Map(found.map((one) => [one.offset, one]));
    this.#checkSame(log, found);
    for (const sent of this.#sent) {
      if (sent.offset < log.logStartOffset || sent.offset >= log.writtenOffset || byOffset.has(sent.offset)) continue;
      const { offset, key } = sent;
      if (offset >= this.#watermarkMax)
        throw new Error(`offset ${offset} is gone, above the watermark ${this.#watermarkMax}`);
      if (sent.transaction?.state === 'open') throw new Error(`offset ${offset} is gone, its transaction is open`);
      if (latest.get(key) !== sent) continue;
      if (sent.value !== null) throw new Error(`offset ${offset} is gone, the last of ${key}`);
      if (nowMs - sent.sentMs < this.#keepDurationMs) throw new Error(`the tombstone at ${offset} is gone too early`);
      const back = found.find((one) => one.key === key && !one.control && one.offset < offset);
      if (back !== undefined && this.#counts(back.offset)) {
        throw new Error(`${key} is back at offset ${back.offset}, its tombstone was at ${offset}`);
      }
    }
    this.#checkClean(found, cleanEnd);
    this.#checkMarkers(log, byOffset);
  }

  #counts(offset: number): boolean {
    const sent = this.#sent.find((one) => one.offset === offset);
    return sent !== undefined && (sent.transaction === null || sent.transaction.state === 'committed');
  }

  /** Nothing is invented: offsets rise, and each record is the one that was sent with its offset, time and epoch. */
  #checkSame(log: PartitionLog, found: readonly Found[]): void {
    const sent = new Map(this.#sent.map((one) => [one.offset, one]));
    let before = -1;
    for (const one of found) {
      if (one.offset <= before) throw new Error(`offset ${one.offset} after ${before}`);
      before = one.offset;
      if (one.control) continue;
      const original = sent.get(one.offset);
      const isSame = original?.key === one.key && original.value === one.value && original.epoch === one.epoch;
      if (!isSame) throw new Error(`a foreign record at offset ${one.offset}`);
      if (original.timestampMs !== one.timestampMs) throw new Error(`another time at offset ${one.offset}`);
      const epoch = log.epochAt(one.offset);
      // A deletion that was not acknowledged may have reached the epochs and not the log start.
      const isForgotten = epoch === -1 && one.offset < this.#deletionMax;
      if (epoch !== one.epoch && !isForgotten) throw new Error(`another epoch at offset ${one.offset}`);
    }
  }

  /** The clean part has each key once, and nothing that was aborted. */
  #checkClean(found: readonly Found[], cleanEnd: number): void {
    const seen = new Set<string>();
    const sent = new Map(this.#sent.map((one) => [one.offset, one]));
    for (const { offset, key, control } of found) {
      if (control || offset >= cleanEnd) continue;
      if (seen.has(key)) throw new Error(`${key} is twice in the clean part, again at ${offset}`);
      if (sent.get(offset)?.transaction?.state === 'aborted') throw new Error(`offset ${offset} is clean and aborted`);
      seen.add(key);
    }
  }

  /** Where the log says that it is clean up to. */
  #cleanEnd(): number {
    const bytes = this.#world.disk.peek('/data/cleaner-offset-checkpoint');
    const line = bytes?.toString().split('\n')[2] ?? '';
    return Number(line.split(' ')[2] ?? 0);
  }

  /** A record of a transaction is never left without the marker that decided it. */
  #checkMarkers(log: PartitionLog, byOffset: ReadonlyMap<number, Found>): void {
    for (const { offset, transaction } of this.#sent) {
      if (transaction === null || transaction.state === 'open' || !byOffset.has(offset)) continue;
      const { markerOffset } = transaction;
      if (markerOffset >= log.logStartOffset && markerOffset < log.writtenOffset && !byOffset.has(markerOffset)) {
        throw new Error(`offset ${offset} has lost its marker at ${markerOffset}`);
      }
    }
  }
}

function gzipped(
  records: readonly NewRecord[],
  timestamp: number,
  options: { readonly baseOffset: number; readonly leaderEpoch: number },
): Buffer {
  const encoded = encodeRecords(records, timestamp);
  return buildCompressedBatch(encoded, gzipSync(encoded.bytes), { ...options, codec: 1 }, crc32c);
}

function recordsOf(buf: Buffer): Found[] {
  const found: Found[] = [];
  for (let pos = 0; pos < buf.length; pos += batch.sizeInBytes(buf, pos)) {
    if (batch.computeCrc(buf, pos, crc32c) !== batch.crc(buf, pos)) throw new Error('a batch was read with a bad CRC');
    const payload = buf.subarray(pos + batch.HEADER_SIZE, pos + batch.sizeInBytes(buf, pos));
    const codec = batch.compressionCodec(buf, pos);
    const records = readRecords(buf, pos, codec === 0 ? null : gunzipSync(payload));
    if (records === null) throw new Error('malformed records');
    for (const { offset, key, value, timestamp } of records) {
      found.push({
        offset,
        key: key?.toString() ?? '',
        value: value?.toString() ?? null,
        timestampMs: timestamp,
        epoch: batch.partitionLeaderEpoch(buf, pos),
        control: batch.isControl(buf, pos),
      });
    }
  }
  return found;
}
