import { Buffer } from 'node:buffer';
import { describe, expect, test } from '@jest/globals';
import { DEFAULT_CLEANER_CONFIG } from '../../../../broker/core/log/cleaner-config.ts';
import type { LogConfig } from '../../../../broker/core/log/config.ts';
import { decodeSparseEnd } from '../../../../broker/core/log/marks.ts';
import { buildBatch } from '../../../../broker/core/record/builder.ts';
import * as batch from '../../../../broker/core/record/batch.ts';
import { crc32c } from '../../../../broker/io/crc32c.ts';
import type { CleanerStats } from '../../../../broker/server/logs/cleaner.ts';
import type { LogSpec } from '../../../../broker/server/logs/partition-log.ts';
import { LogWorld, spec } from '../../../support/logs/log-world.ts';

const COUNT = 120;

function table(name: string, config: Partial<LogConfig> = {}): LogSpec {
  const compacted = { compactPolicy: true, deletePolicy: false, retentionMs: -1, minCleanableDirtyRatio: 0 };
  return spec(name, { ...compacted, segmentBytes: 2000, indexIntervalBytes: 200, ...config });
}

/** A node that looks for logs to clean when it is told to, with a log of records of twelve keys for each of `tables`. */
function build(...tables: LogSpec[]): LogWorld {
  const cleaner = { ...DEFAULT_CLEANER_CONFIG, backoffMs: 1e9 };
  const w = new LogWorld(5, { tailCacheBytes: 0, cleaner: () => cleaner });
  w.start();
  for (const wanted of tables) {
    w.createOne(wanted);
    fill(w, wanted);
  }
  return w;
}

function fill(w: LogWorld, wanted: LogSpec): void {
  const log = w.log(wanted);
  for (let i = 0; i < COUNT; i++) {
    const records = [{ key: Buffer.from(`k${i < 12 ? i : i % 5}`), value: Buffer.from('x'.repeat(60)) }];
    const at = { baseOffset: log.logEndOffset, leaderEpoch: 0, timestamp: Math.floor(w.time.wallMs()) };
    log.append(buildBatch(records, at, crc32c), { nowMs: w.time.wallMs() });
  }
  w.time.settle();
  log.setHighWatermark(log.durableOffset);
}

/** The start learns the settings of its topics, and how far they are replicated, from the metadata. */
function start(w: LogWorld, ...tables: LogSpec[]): void {
  w.start();
  for (const wanted of tables) {
    const log = w.createOne(wanted);
    log.configure(wanted.config);
    log.setHighWatermark(log.durableOffset);
  }
}

/** Looks once, and cleans what is found; the cleaner's pauses are over afterwards. */
function clean(w: LogWorld): CleanerStats {
  w.opened.manager.clean();
  w.time.advance(5000);
  return w.opened.manager.stats().cleaner;
}

function lastBatchOf(bytes: Buffer | null): number {
  let last = 0;
  for (let at = 0; at < (bytes?.length ?? 0); at += batch.sizeInBytes(bytes ?? Buffer.alloc(0), at)) last = at;
  return last;
}

function flip(w: LogWorld, path: string, at: number, mask = 1): void {
  const bytes = w.disk.peek(path);
  const place = at < 0 ? (bytes?.length ?? 0) + at : at;
  w.disk.poke(path, place, Buffer.from([(bytes?.[place] ?? 0) ^ mask]));
}

const SEGMENT = '/data/aaa-0/00000000000000000000';

/** Offsets that a cleaning leaves. */
function cleaned(wanted: LogSpec): readonly number[] {
  const w = build(wanted);
  clean(w);
  return offsetsOf(w, wanted);
}

/** A node that died when its first cleaned segment was decided and not in place. */
function diedSwapping(wanted: LogSpec): LogWorld {
  const w = build(wanted);
  w.opened.manager.clean();
  while (w.disk.peek(`${SEGMENT}.log.swap`) === null) if (!w.time.step()) w.time.advance(1);
  w.stopDead({ keepPageCache: true });
  return w;
}

const offsetsOf = (w: LogWorld, wanted: LogSpec): number[] => w.readAll(w.log(wanted)).map(({ offset }) => offset);

describe('the look for logs to clean', () => {
  test('leaves a log whose time index cannot be read alone, loudly, and cleans the others', () => {
    const tables = ['aaa', 'bbb'].map((name) => table(name, { minCompactionLagMs: 1 }));
    const [broken, sound] = tables as [LogSpec, LogSpec];
    const w = build(...tables);
    w.shutdown();
    const errors: string[] = [];
    w.onError = (message) => errors.push(message);
    start(w, ...tables);
    w.time.advance(1000);
    const path = '/data/aaa-0/00000000000000000000.timeindex';
    w.disk.faults.fail = (operation, file) => (operation === 'read' && file === path ? 'EIO' : null);
    expect(clean(w)).toMatchObject({ cleanedCount: 1, uncleanableCount: 1 });
    expect(clean(w)).toMatchObject({ cleanedCount: 1, uncleanableCount: 1 });
    expect(errors).toEqual([expect.stringContaining('is not compacted any more')]);
    expect(w.fatal).toBeNull();
    expect(offsetsOf(w, sound).length).toBeLessThan(COUNT / 2);
    expect(offsetsOf(w, broken)).toHaveLength(COUNT);
  });

  test('never takes a record for old whose time index is spoiled: it makes that anew and keeps the lag', () => {
    const wanted = table('aaa', { minCompactionLagMs: 1_000_000 });
    const w = build(wanted);
    w.shutdown();
    const indexes = w.disk.files().filter(({ path }) => path.startsWith('/data/aaa-0') && path.endsWith('.timeindex'));
    const written = indexes.map(({ path }) => w.disk.peek(path));
    for (const { path } of indexes) flip(w, path, -5);
    start(w, wanted);
    expect(clean(w)).toMatchObject({ cleanedCount: 0, uncleanableCount: 0 });
    expect(offsetsOf(w, wanted)).toHaveLength(COUNT);
    expect(w.disk.peek(indexes[0]?.path ?? '')).toEqual(written[0]);
    w.time.advance(2_000_000);
    expect(clean(w)).toMatchObject({ cleanedCount: 1, uncleanableCount: 0 });
    expect(offsetsOf(w, wanted).length).toBeLessThan(COUNT / 2);
  });

  test('stops at a log whose batches are not what was written when it makes a time index anew', () => {
    const tables = ['aaa', 'bbb'].map((name) => table(name, { minCompactionLagMs: 1 }));
    const [broken, sound] = tables as [LogSpec, LogSpec];
    const w = build(...tables);
    w.shutdown();
    flip(w, '/data/aaa-0/00000000000000000000.timeindex', -5);
    flip(w, '/data/aaa-0/00000000000000000000.log', 90);
    start(w, ...tables);
    w.time.advance(1000);
    expect(clean(w).cleanedCount).toBe(1);
    expect(w.log(broken).state).toBe('damaged');
    expect(offsetsOf(w, sound).length).toBeLessThan(COUNT / 2);
  });
});

describe('a log that no descriptor was left for', () => {
  test.each([
    ['EMFILE', '.timeindex', 'its age is looked at'],
    ['ENFILE', '.log', 'it is read'],
    ['EMFILE', '.log.cleaned', 'it is written anew'],
  ])('is cleaned later when %s came as %s was opened: %s', (code, ending) => {
    const wanted = table('aaa', { minCompactionLagMs: 1 });
    const w = build(wanted);
    w.shutdown();
    start(w, wanted);
    w.time.advance(1000);
    const warnings: string[] = [];
    w.onWarning = (message) => warnings.push(message);
    w.disk.faults.fail = (operation, path) => (operation === 'open' && path.endsWith(ending) ? code : null);
    expect(clean(w)).toMatchObject({ cleanedCount: 0, uncleanableCount: 0 });
    expect(warnings).toEqual([expect.stringContaining('no file descriptor')]);
    expect(w.fatal).toBeNull();
    w.disk.faults.fail = () => null;
    expect(clean(w)).toMatchObject({ cleanedCount: 1, uncleanableCount: 0 });
    expect(offsetsOf(w, wanted).length).toBeLessThan(COUNT / 2);
  });
});

describe('a start that finds a swap of the cleaner', () => {
  test('finishes it with any bit of the last entry of its index flipped, and the index is made anew', () => {
    const wanted = table('aaa');
    const records = cleaned(wanted);
    const index = diedSwapping(wanted).disk.peek(`${SEGMENT}.index.swap`);
    const size = index?.length ?? 0;
    expect(size).toBeGreaterThan(8);
    for (let bit = 0; bit < 64; bit++) {
      const w = diedSwapping(wanted);
      flip(w, `${SEGMENT}.index.swap`, size - 8 + (bit >> 3), 1 << (bit & 7));
      start(w, wanted);
      expect([w.log(wanted).state, w.log(wanted).stateReason]).toEqual(['open', '']);
      // A start that does not know the topic's settings yet makes fewer entries than were there.
      const remade = w.disk.peek(`${SEGMENT}.index`);
      expect(remade !== null && index?.includes(remade)).toBe(true);
      clean(w);
      expect(offsetsOf(w, wanted)).toEqual(records);
    }
  });

  test('finishes it after power goes at any operation of the start that drops the spoiled index', () => {
    const wanted = table('aaa');
    const records = cleaned(wanted);
    for (let steps = 0, isOver = false; !isOver; steps++) {
      const w = diedSwapping(wanted);
      const size = w.disk.peek(`${SEGMENT}.index.swap`)?.length ?? 0;
      flip(w, `${SEGMENT}.index.swap`, size - 1);
      const operations = { count: 0 };
      w.disk.faults.fail = () => (operations.count++ >= steps ? 'EIO' : null);
      try {
        w.start();
      } catch {
        // It died at its next operation.
      }
      isOver = operations.count <= steps;
      w.disk.faults.fail = () => null;
      w.stopDead({ keepPageCache: steps % 2 === 0 });
      start(w, wanted);
      expect([w.log(wanted).state, w.log(wanted).stateReason]).toEqual(['open', '']);
      clean(w);
      expect(offsetsOf(w, wanted)).toEqual(records);
      expect(steps).toBeLessThan(1000);
    }
  });

  test('keeps all files when the batches of the cleaned segment are not what was written', () => {
    const wanted = table('aaa');
    const w = diedSwapping(wanted);
    const before = w.disk.files().filter(({ path }) => path.endsWith('.log') || path.endsWith('.swap'));
    const bytes = w.disk.peek(`${SEGMENT}.log.swap`);
    // The number of offsets that the last batch takes: with it the segment seems to reach over its neighbours.
    flip(w, `${SEGMENT}.log.swap`, lastBatchOf(bytes) + 25);
    start(w);
    expect(w.log(wanted).state).toBe('damaged');
    expect(w.disk.files().filter(({ path }) => path.endsWith('.log') || path.endsWith('.swap'))).toEqual(before);
  });
});

describe('a mark of where gaps may be that is not what was written', () => {
  const path = '/data/aaa-0/sparse-end.sealed';
  const markOf = (w: LogWorld): number | null => decodeSparseEnd(w.disk.peek(path) ?? Buffer.alloc(0), crc32c);

  test.each(['a clean stop', 'a power cut'])('is named and written again by the start after %s', (stop) => {
    const wanted = table('aaa');
    const w = build(wanted);
    clean(w);
    const records = offsetsOf(w, wanted);
    const warned: object[] = [];
    w.onWarning = (_message, fields) => warned.push(fields);
    if (stop === 'a clean stop') w.shutdown();
    else w.stopDead({ keepPageCache: false });
    flip(w, path, 20);
    expect(markOf(w)).toBeNull();
    start(w, wanted);
    expect(warned).toContainEqual(expect.objectContaining({ path }));
    expect(offsetsOf(w, wanted)).toEqual(records);
    expect(markOf(w)).toBe(COUNT);
    // Nothing is wrong at the next start, and what is cleaned from now on moves the mark.
    warned.length = 0;
    w.stopDead({ keepPageCache: false });
    start(w, wanted);
    expect(warned).toEqual([]);
    fill(w, wanted);
    fill(w, wanted);
    clean(w);
    expect(markOf(w)).toBeGreaterThan(2 * COUNT);
    w.stopDead({ keepPageCache: false });
    start(w, wanted);
    expect(w.log(wanted).state).toBe('open');
  });

  test('does not hide that a batch is missing of what was appended after it was written again', () => {
    const wanted = table('aaa');
    const w = build(wanted);
    clean(w);
    w.stopDead({ keepPageCache: false });
    flip(w, path, 20);
    start(w, wanted);
    fill(w, wanted);
    w.opened.manager.checkpoint(() => undefined);
    w.time.settle();
    w.stopDead({ keepPageCache: false });
    const active = w.disk.files().findLast(({ path: file }) => /aaa-0.*\.log$/.test(file))?.path ?? '';
    const bytes = w.disk.peek(active) ?? Buffer.alloc(0);
    const last = lastBatchOf(bytes);
    const before = lastBatchOf(bytes.subarray(0, last));
    // One batch in the place of two, as long as both and sound in itself.
    const baseOffset = 2 * COUNT - 1;
    const ofSize = (size: number): Buffer => {
      const records = [{ key: null, value: Buffer.alloc(size) }];
      return buildBatch(records, { baseOffset, leaderEpoch: 0, timestamp: 1 }, crc32c);
    };
    const wide = Array.from({ length: 400 }, (_, i) => ofSize(i)).find(
      ({ length }) => length === bytes.length - before,
    );
    expect(wide).toBeDefined();
    w.disk.poke(active, before, wide ?? Buffer.alloc(0));
    start(w);
    expect(w.log(wanted).stateReason).toContain(`offset ${baseOffset} where ${baseOffset - 1} was due`);
  });

  test('stays as it is in a log that is damaged', () => {
    const wanted = table('aaa');
    const w = build(wanted);
    clean(w);
    w.stopDead({ keepPageCache: false });
    flip(w, path, 20);
    const spoiled = w.disk.peek(path);
    for (const { path: file } of w.disk.files()) if (file.endsWith('.snapshot')) w.disk.vanish(file);
    flip(w, `${SEGMENT}.log`, 90);
    start(w);
    expect(w.log(wanted).state).toBe('damaged');
    expect(w.disk.peek(path)).toEqual(spoiled);
  });
});
