import { Buffer } from 'node:buffer';
import { describe, expect, test } from '@jest/globals';
import { type CleanerConfig, DEFAULT_CLEANER_CONFIG } from '../../../../broker/core/log/cleaner-config.ts';
import type { LogConfig } from '../../../../broker/core/log/config.ts';
import * as batch from '../../../../broker/core/record/batch.ts';
import { buildBatch, buildTransactionMarker } from '../../../../broker/core/record/builder.ts';
import { CONTROL } from '../../../../broker/core/record/control.ts';
import { crc32c } from '../../../../broker/io/crc32c.ts';
import type { CleanerStats } from '../../../../broker/server/logs/cleaner.ts';
import type { LogManagerOptions } from '../../../../broker/server/logs/log-manager.ts';
import type { LogSpec, PartitionLog, TimestampedOffset } from '../../../../broker/server/logs/partition-log.ts';
import { LogWorld, spec } from '../../../support/logs/log-world.ts';

const DIRECTORY = '/data/table-0';
const T0 = 1_700_000_000_000;

/** A log of one record a batch, `key=value` or `key` alone, in small segments. */
class Table {
  readonly world: LogWorld;
  readonly spec: LogSpec;
  #cleaner: CleanerConfig = { ...DEFAULT_CLEANER_CONFIG, backoffMs: 1e9, ioBufferBytes: 600 };

  constructor(
    options: {
      readonly seed?: number;
      readonly config?: Partial<LogConfig>;
      readonly cleaner?: Partial<CleanerConfig>;
      readonly manager?: Partial<LogManagerOptions>;
      readonly capacityBytes?: number;
    } = {},
  ) {
    this.#cleaner = { ...this.#cleaner, ...options.cleaner };
    this.world = new LogWorld(options.seed ?? 1, {
      cleaner: () => this.#cleaner,
      checkpointIntervalMs: 1e9,
      ...options.manager,
      ...(options.capacityBytes === undefined ? {} : { capacityBytes: options.capacityBytes }),
    });
    this.spec = spec('table', {
      segmentBytes: 400,
      indexIntervalBytes: 100,
      retentionMs: -1,
      deletePolicy: false,
      compactPolicy: true,
      minCleanableDirtyRatio: 0,
      ...options.config,
    });
    this.world.start();
    this.world.createOne(this.spec);
  }

  get log(): PartitionLog {
    return this.world.log(this.spec);
  }

  get stats(): CleanerStats {
    return this.world.opened.manager.stats().cleaner;
  }

  append(...texts: readonly string[]): void {
    for (const text of texts) {
      const [key = '', value] = text.split('=');
      const record = { key: Buffer.from(key), value: value === undefined ? null : Buffer.from(value.padEnd(40, '.')) };
      const baseOffset = this.log.logEndOffset;
      const timestamp = T0 + baseOffset;
      this.log.append(buildBatch([record], { baseOffset, leaderEpoch: 0, timestamp }, crc32c), { nowMs: timestamp });
    }
    this.world.time.settle();
    this.log.setHighWatermark(this.log.logEndOffset);
  }

  /** One more record, so large that it begins a segment: all that was appended before can be cleaned. */
  seal(): void {
    this.append(`end=${'e'.repeat(330)}`);
  }

  clean(): void {
    this.world.opened.manager.clean();
    this.world.time.settle();
  }

  read(from = this.log.logStartOffset): string[] {
    return this.world
      .readAll(this.log, from, 200)
      .map(({ offset, text }) => `${offset}=${text.replace(/\.+$|e+$/, '')}`);
  }

  files(ending: string): string[] {
    return this.world.disk
      .files()
      .map(({ path }) => path)
      .filter((path) => path.startsWith(DIRECTORY) && path.endsWith(ending));
  }

  restart(options: { readonly keepPageCache: boolean }): void {
    this.world.crash(options);
    // The start learns the settings of its topics from the metadata.
    this.world.createOne(this.spec);
    this.log.setHighWatermark(this.log.logEndOffset);
  }
}

const MANY = Array.from({ length: 40 }, (_, i) => `key-${i % 7}=${i}`);
/** What stays of `MANY`, and the record that ended them. */
const CLEANED = ['33=33', '34=34', '35=35', '36=36', '37=37', '38=38', '39=39', '40='];

function filled(options: ConstructorParameters<typeof Table>[0] = {}): Table {
  const table = new Table(options);
  table.append(...MANY);
  table.seal();
  return table;
}

describe('a compacted log', () => {
  test('keeps the last record of each key in few segments, and its readers find it from every offset', () => {
    const table = filled();
    const before = table.files('.log').length;
    table.clean();
    expect(table.stats).toMatchObject({ cleanedCount: 1, uncleanableCount: 0 });
    expect(table.read()).toEqual(CLEANED);
    expect(table.log.logStartOffset).toBe(0);
    for (let offset = 0; offset <= 33; offset++) expect(table.read(offset)).toEqual(CLEANED);
    expect(table.read(38)).toEqual(['38=38', '39=39', '40=']);
    // What the first cleaning left small is merged by the next.
    table.append('key-0=41');
    table.seal();
    table.clean();
    expect(table.files('.log').length).toBeLessThan(before);
    for (let offset = 0; offset <= 33; offset++) expect(table.read(offset)[0]).toBe('33=33');
  });

  test('answers times as the records that are left have them', () => {
    const table = filled();
    table.clean();
    const at = (timestampMs: number): TimestampedOffset | null =>
      table.world.wait<TimestampedOffset | null>((done) => table.log.offsetForTimestamp(timestampMs, done));
    expect(at(T0)?.offset).toBe(33);
    expect(at(T0 + 35)?.offset).toBe(35);
    expect(at(T0 + 99)).toBeNull();
    const largest = table.world.wait<TimestampedOffset | null>((done) =>
      table.log.maxTimestampOffset(table.log.logEndOffset, done),
    );
    expect(largest?.offset).toBe(40);
  });

  test('finds the largest time of a record though a segment without records has a larger one', () => {
    const table = new Table();
    const write = (offset: number, timestamp: number): void => {
      const records = [{ key: Buffer.from('key'), value: Buffer.from('v'.repeat(300)) }];
      const bytes = buildBatch(records, { baseOffset: offset, leaderEpoch: 0, timestamp }, crc32c);
      table.log.append(bytes, { nowMs: timestamp });
      table.world.time.settle();
    };
    write(0, T0 + 1000);
    write(1, T0);
    write(2, T0 + 1);
    table.log.setHighWatermark(3);
    table.clean();
    expect(table.read()).toHaveLength(2);
    const largest = table.world.wait<TimestampedOffset | null>((done) =>
      table.log.maxTimestampOffset(table.log.logEndOffset, done),
    );
    expect(largest).toMatchObject({ offset: 2, timestampMs: T0 + 1 });
  });

  test('is the same after a clean stop, a crash, and with indexes that are made anew', () => {
    const table = filled();
    table.clean();
    table.restart({ keepPageCache: false });
    expect(table.read()).toEqual(CLEANED);
    table.world.shutdown();
    for (const path of table.files('index')) table.world.disk.vanish(path);
    table.world.start();
    expect(table.log.state).toBe('open');
    expect(table.read()).toEqual(CLEANED);
    expect(table.log.logEndOffset).toBe(41);
  });

  test('is what it was or what it will be after power goes at any operation of a cleaning that merges segments', () => {
    let points = 0;
    for (const seed of [1, 2]) {
      for (let steps = 0; ; steps++) {
        const table = new Table({ seed });
        table.append(...MANY.slice(0, 14));
        table.seal();
        table.clean();
        table.append('key-0=15');
        table.seal();
        const before = table.read();
        table.world.opened.manager.clean();
        let taken = 0;
        while (taken < steps && table.world.time.step()) taken += 1;
        const isOver = taken < steps;
        table.restart({ keepPageCache: steps % 5 === 0 });
        expect(table.log.state).toBe('open');
        expect([...table.files('.cleaned'), ...table.files('.swap')]).toEqual([]);
        const left = table.read();
        expect(before.filter((record) => left.includes(record))).toEqual(left);
        const last = ['8=8', '9=9', '10=10', '11=11', '12=12', '13=13', '15=15', '16='];
        expect(left).toEqual(expect.arrayContaining(last));
        table.clean();
        // 14 ended a segment and has a successor only in the one that takes appends.
        expect(table.read()).toEqual(last.toSpliced(6, 0, '14='));
        points += 1;
        if (isOver) break;
      }
    }
    expect(points).toBeGreaterThan(100);
  });

  test('with bad bytes is left as it is, loudly, while other logs are cleaned', () => {
    const table = filled();
    const [first = ''] = table.files('.log');
    table.world.disk.poke(first, 90, Buffer.from([0xff]));
    const before = table.world.disk.files();
    const other = new Set(before.map(({ path, size }) => `${path} ${size}`));
    table.clean();
    expect(table.stats).toMatchObject({ cleanedCount: 0, uncleanableCount: 1 });
    expect(table.files('.cleaned')).toEqual([]);
    for (const { path, size } of table.world.disk.files()) expect(other).toContain(`${path} ${size}`);
    // It is not tried again.
    table.append('key-0=40');
    table.clean();
    expect(table.stats).toMatchObject({ cleanedCount: 0, uncleanableCount: 1 });
  });

  test('is cleaned later when there was no room, and takes appends meanwhile', () => {
    const table = filled();
    table.world.disk.faults.fail = (operation, path) =>
      operation === 'write' && path.endsWith('.cleaned') ? 'ENOSPC' : null;
    table.clean();
    expect(table.log.state).toBe('open');
    expect(table.stats.cleanedCount).toBe(0);
    expect(table.files('.cleaned')).toEqual([]);
    expect(table.read()).toHaveLength(41);
    table.append('key-0=41');
    table.world.disk.faults.fail = () => null;
    table.clean();
    expect(table.stats.cleanedCount).toBe(1);
    expect(table.read()).toEqual([...CLEANED, '41=41']);
  });

  test('is not begun when its rewritten segment would take the room of appends', () => {
    const table = filled({ capacityBytes: 6060 });
    const used = table.world.disk.files().reduce((sum, { size }) => sum + size, 0);
    expect(6060 - used).toBeLessThan(310);
    const warnings: string[] = [];
    table.world.onWarning = (message) => warnings.push(message);
    table.clean();
    expect(table.stats.cleanedCount).toBe(0);
    expect(warnings).toEqual(['no room to compact a log, it is tried again later']);
    expect(table.log.state).toBe('open');
    expect(table.read()).toHaveLength(41);
  });

  test('ends the node when a sync of a rewritten segment fails, as any other failed sync does', () => {
    const table = filled();
    table.world.disk.faults.fail = (operation, path) =>
      operation === 'sync' && path.endsWith('.cleaned') ? 'EIO' : null;
    table.clean();
    expect(table.world.fatal).toMatchObject({ code: 'EIO', operation: 'sync' });
    expect(table.read()).toHaveLength(41);
  });

  test('takes several passes when its keys do not fit the table of keys', () => {
    const table = new Table({ cleaner: { dedupeBufferBytes: 24 * 5 } });
    const keys = Array.from({ length: 60 }, (_, i) => `key-${i % 20}=${i}`);
    table.append(...keys);
    table.seal();
    table.clean();
    expect(table.stats).toMatchObject({ cleanedCount: 1, mapUtilization: 1 });
    const left = table.read();
    expect(left).toEqual([...keys.map((_, i) => `${i}=${i}`).slice(40), '60=']);
  });

  test('is cleaned up to the high watermark and not into the segment that is appended to', () => {
    const table = filled();
    table.append('key-0=41', 'key-0=42');
    table.log.setHighWatermark(21);
    table.clean();
    const left = table.read();
    expect(left.slice(-22)).toEqual([
      ...Array.from({ length: 19 }, (_, i) => `${21 + i}=${21 + i}`),
      '40=',
      '41=41',
      '42=42',
    ]);
    expect(left.length).toBeLessThan(43 - 10);
    table.log.setHighWatermark(43);
    table.clean();
    // The last three are in segments after it, or in the one that takes appends.
    expect(table.read()).toEqual([...CLEANED, '41=41', '42=42']);
  });

  test('is not even read from the first record of an open transaction on', () => {
    const table = new Table();
    const ids = { producerId: 7, producerEpoch: 0, leaderEpoch: 0, timestamp: T0 };
    const open = { ...ids, baseOffset: 0, baseSequence: 0, transactional: true };
    const record = { key: Buffer.from('key-0'), value: Buffer.from('undecided') };
    table.log.append(buildBatch([record], open, crc32c), { nowMs: T0 });
    table.append(...MANY);
    table.seal();
    table.clean();
    expect(table.stats).toMatchObject({ cleanedCount: 0, bytesRead: 0, dirtyRatioMax: 0 });
    const marker = { ...ids, type: CONTROL.commit, coordinatorEpoch: 0 };
    const bytes = buildTransactionMarker(marker, crc32c);
    batch.assignOffset(bytes, 0, { baseOffset: table.log.logEndOffset, leaderEpoch: 0 });
    table.log.append(bytes, { nowMs: T0 });
    table.seal();
    table.clean();
    expect(table.stats.cleanedCount).toBe(1);
    expect(table.read()).not.toContain('0=undecided');
  });

  test('is not cleaned where it is committed and not synced yet', () => {
    const table = new Table({ config: { syncMode: 'lazy', segmentBytes: 1500 } });
    const { log, world } = table;
    for (let offset = 0; offset < 12; offset++) {
      const records = [{ key: Buffer.from('key'), value: Buffer.alloc(100) }];
      log.append(buildBatch(records, { baseOffset: offset, leaderEpoch: 0, timestamp: T0 }, crc32c), { nowMs: T0 });
    }
    while (log.writtenOffset < 12) world.time.step();
    log.setHighWatermark(12);
    expect(log.durableOffset).toBe(0);
    table.clean();
    expect(table.stats).toMatchObject({ cleanedCount: 0, bytesRead: 0 });
    table.clean();
    expect(table.stats.cleanedCount).toBe(1);
  });

  test.each([
    ['before they are read', ''],
    ['before they are replaced', '.log.cleaned'],
  ])('is cleaned of what is left when retention takes segments %s', (_when, file) => {
    const table = filled({
      config: { deletePolicy: true, retentionMs: 1e12 },
      cleaner: { ioMaxBytesPerSecond: 4000 },
      manager: { openFilesMax: 1 },
    });
    const { manager } = table.world.opened;
    const errors: string[] = [];
    table.world.onError = (message) => errors.push(message);
    manager.clean();
    while (table.stats.cleanedCount === 0 && table.files(file).length === 0) table.world.time.advance(5);
    table.world.time.advance(30);
    table.world.wait<number>((done) => table.log.deleteRecordsBefore(38, done));
    table.world.time.settle();
    table.world.time.advance(20_000);
    expect(table.stats).toMatchObject({ cleanedCount: 0, uncleanableCount: 0 });
    expect(table.files('.cleaned')).toEqual([]);
    expect([errors, table.log.state, table.world.fatal]).toEqual([[], 'open', null]);
    expect(table.read()).toEqual(['38=38', '39=39', '40=']);
    table.append('key-0=41', 'key-4=42');
    table.seal();
    manager.clean();
    table.world.time.advance(20_000);
    expect(table.stats.cleanedCount).toBe(1);
    expect(table.read()).toEqual(['38=38', '40=', '41=41', '42=42', '43=']);
    table.restart({ keepPageCache: false });
    expect(table.read()).toEqual(['38=38', '40=', '41=41', '42=42', '43=']);
  });

  test('begins a new segment and is cleaned when a record would stay dirty past max.compaction.lag.ms', () => {
    const table = new Table({
      config: { segmentBytes: 1e6, minCleanableDirtyRatio: 1, maxCompactionLagMs: 60_000 },
      cleaner: { backoffMs: 1000 },
    });
    const startMs = table.world.time.wallMs();
    const record = (value: string): void => {
      const fields = { baseOffset: table.log.logEndOffset, leaderEpoch: 0, timestamp: Math.floor(startMs) };
      const records = [{ key: Buffer.from('key'), value: Buffer.from(value) }];
      table.log.append(buildBatch(records, fields, crc32c), { nowMs: startMs });
    };
    for (const value of ['1', '2', '3']) record(value);
    table.world.time.settle();
    table.log.setHighWatermark(3);
    table.world.time.advance(58_000);
    expect(table.read()).toHaveLength(3);
    table.world.time.advance(4000);
    expect(table.read()).toEqual(['2=3']);
  });

  test('is cleaned no faster than log.cleaner.io.max.bytes.per.second', () => {
    const table = filled({ cleaner: { ioMaxBytesPerSecond: 5000 } });
    const startMs = table.world.time.monotonicMs();
    table.world.opened.manager.clean();
    for (let i = 0; i < 1000 && table.stats.cleanedCount === 0; i++) table.world.time.advance(10);
    const tookMs = table.world.time.monotonicMs() - startMs;
    const { bytesRead, bytesWritten, throttledMs } = table.stats;
    expect(table.stats.cleanedCount).toBe(1);
    expect(tookMs).toBeGreaterThan(((bytesRead + bytesWritten) / 5000) * 1000 - 100);
    expect(throttledMs).toBeGreaterThan(tookMs / 2);
  });

  test('stops in the middle of a cleaning when the node does, and leaves nothing behind', () => {
    const table = filled({ cleaner: { ioMaxBytesPerSecond: 5000 } });
    table.world.opened.manager.clean();
    table.world.time.advance(200);
    expect(table.stats.cleanedCount).toBe(0);
    table.world.shutdown();
    table.world.start();
    expect(table.files('.cleaned')).toEqual([]);
    expect(table.read()).toHaveLength(41);
  });

  test('is given up in the middle of a cleaning when its topic is deleted', () => {
    const table = filled({ cleaner: { ioMaxBytesPerSecond: 5000 } });
    const { manager } = table.world.opened;
    manager.clean();
    table.world.time.advance(200);
    let isDeleted = false;
    manager.delete([{ topicId: table.spec.topicId, partition: 0 }], () => {
      isDeleted = true;
    });
    table.world.time.advance(60_000);
    expect(isDeleted).toBe(true);
    expect(table.files('')).toEqual([]);
    expect(table.stats).toMatchObject({ cleanedCount: 0, uncleanableCount: 0 });
    // Another log of the name is cleaned as if nothing had been.
    table.world.createOne(table.spec);
    table.append(...MANY);
    table.seal();
    manager.clean();
    table.world.time.advance(60_000);
    expect(table.read()).toEqual(CLEANED);
  });

  test('loses segments to retention too when its policy is compact,delete', () => {
    const table = filled({ config: { deletePolicy: true, retentionMs: 1000 } });
    table.clean();
    expect(table.read()).toEqual(CLEANED);
    table.world.time.advance(5000);
    table.world.opened.manager.runRetention();
    table.world.time.settle();
    expect(table.read()).toEqual([]);
    expect(table.log.logStartOffset).toBe(41);
  });

  test('keeps what a reader has begun to read while a cleaned segment takes its place', () => {
    const table = filled({ manager: { tailCacheBytes: 0, openFilesMax: 2 } });
    const ends: string[] = [];
    table.world.opened.manager.clean();
    for (let i = 0; i < 400; i++) {
      const fetchOffset = (i * 7) % 30;
      const options = { fetchOffset, maxBytes: 150, minOneBatch: true, endOffset: 40 };
      table.log.read(options, (failure, result) => {
        ends.push(failure === null && (result?.endOffset ?? 0) > fetchOffset ? 'read' : JSON.stringify(failure));
      });
      for (let steps = i % 4; steps > 0; steps--) table.world.time.step();
    }
    table.world.time.settle();
    expect(table.stats.cleanedCount).toBe(1);
    expect(ends).toEqual(Array.from({ length: 400 }, () => 'read'));
  });
});
