import { describe, expect, test } from '@jest/globals';
import type { Disk, DiskFile } from '../../../../broker/ports/disk.ts';
import type { LogReadResult, PartitionLog } from '../../../../broker/server/logs/partition-log.ts';
import { LogWorld, spec } from '../../../support/logs/log-world.ts';
import { wrapFiles } from '../../../support/wrapped-disk.ts';

const MIB = 1024 * 1024;
const VALUE = 'x'.repeat(50_000);
/** Batches of a filled log: 12 MiB in four segments. */
const BATCHES = 250;

function filled(names: readonly string[], options: ConstructorParameters<typeof LogWorld>[1] = {}): LogWorld {
  const w = new LogWorld(5, { tailCacheBytes: 0, ...options });
  w.start();
  for (const name of names) {
    const log = w.createOne(spec(name, { segmentBytes: 4 * MIB }));
    for (let i = 0; i < BATCHES; i++) w.append(log, { values: [VALUE] });
    w.time.settle();
  }
  return w;
}

const logOf = (w: LogWorld, name: string): PartitionLog => w.log(spec(name));

/** A consumer that reads on from the log's start, one read at a time. */
class Reader {
  offset = 0;
  reads = 0;
  readonly #log: PartitionLog;
  #busy = false;

  constructor(log: PartitionLog) {
    this.#log = log;
  }

  /** Asks for the next megabyte; what is in memory comes in the same call. */
  ask(): 'at once' | 'later' {
    if (this.#busy) throw new Error('one read at a time');
    this.#busy = true;
    const options = { fetchOffset: this.offset, maxBytes: MIB, minOneBatch: true, endOffset: BATCHES };
    this.#log.read(options, (failure, result) => {
      this.#busy = false;
      if (failure !== null || result === undefined) throw new Error(JSON.stringify(failure));
      this.#take(result);
    });
    return this.#busy ? 'later' : 'at once';
  }

  get isBusy(): boolean {
    return this.#busy;
  }

  #take(result: LogReadResult): void {
    if (result.endOffset <= this.offset) throw new Error(`nothing at ${this.offset}`);
    this.offset = result.endOffset;
    this.reads += 1;
  }
}

const readsOf = (w: LogWorld): number => w.disk.operationCounts.get('read') ?? 0;

/** A disk whose reads of one path take as long as a test says, all or the first of them; what they give is of their begin. */
function withSlowReads(w: LogWorld, path: string, delayMs: number, count = Number.POSITIVE_INFINITY): void {
  let left = count;
  const slow = (file: DiskFile): Partial<DiskFile> => ({
    read: (position, length, done) => {
      const isSlow = left-- > 0;
      file.read(position, length, (failure, bytes) => {
        if (isSlow) w.time.schedule(delayMs, () => (failure === null ? done(null, bytes) : done(failure, undefined)));
        else if (failure === null) done(null, bytes);
        else done(failure, undefined);
      });
    },
  });
  w.diskForServer = wrapFiles(w.disk, (opened) => opened.startsWith(path), slow);
}

describe('a reader of old records', () => {
  test('that reads on finds the next megabyte in memory', () => {
    const w = filled(['old']);
    const reader = new Reader(logOf(w, 'old'));
    const outcomes: string[] = [];
    while (reader.offset < BATCHES) {
      outcomes.push(reader.ask());
      w.time.settle();
    }
    // The first knows nothing of it, the second shows that it reads on.
    expect(outcomes.slice(0, 2)).toEqual(['later', 'later']);
    expect(outcomes.length).toBeGreaterThan(10);
    expect(new Set(outcomes.slice(2))).toEqual(new Set(['at once']));
  });

  test('whose limit has no room for the next batch is told so from memory', () => {
    const w = filled(['old']);
    const log = logOf(w, 'old');
    const reader = new Reader(log);
    reader.ask();
    w.time.settle();
    const before = readsOf(w);
    const small = { fetchOffset: 3, maxBytes: 100, minOneBatch: false, endOffset: BATCHES };
    expect(w.wait<LogReadResult>((done) => log.read(small, done))).toMatchObject({ sizeInBytes: 0, endOffset: 3 });
    expect(readsOf(w)).toBe(before);
  });

  test('that jumps about has nothing read ahead for it', () => {
    const w = filled(['old']);
    const reader = new Reader(logOf(w, 'old'));
    for (const offset of [200, 3, 90, 150, 40]) {
      reader.offset = offset;
      reader.ask();
      w.time.settle();
    }
    expect(w.opened.manager.stats().readsAhead).toBe(0);
  });

  test('shares what it reads with nine others', () => {
    const alone = filled(['old']);
    const single = new Reader(logOf(alone, 'old'));
    const before = readsOf(alone);
    while (single.offset < BATCHES) {
      single.ask();
      alone.time.settle();
    }
    const one = readsOf(alone) - before;
    const w = filled(['old']);
    const readers = Array.from({ length: 10 }, () => new Reader(logOf(w, 'old')));
    const start = readsOf(w);
    while (readers.some(({ offset }) => offset < BATCHES)) {
      for (const reader of readers) if (reader.offset < BATCHES && !reader.isBusy) reader.ask();
      w.time.settle();
    }
    expect(readsOf(w) - start).toBeLessThanOrEqual(one + 2);
  });

  test('leaves nothing behind when it goes away', () => {
    const w = filled(['old']);
    const reader = new Reader(logOf(w, 'old'));
    for (let i = 0; i < 4; i++) {
      reader.ask();
      w.time.settle();
    }
    expect(w.opened.manager.stats().coldCacheBytes).toBeGreaterThan(MIB);
    w.time.advance(20_000);
    expect(w.opened.manager.stats().coldCacheBytes).toBe(0);
  });

  test('gets what is there after a cut, not what was read before', () => {
    const w = filled(['old']);
    const log = logOf(w, 'old');
    const reader = new Reader(log);
    for (let i = 0; i < 3; i++) {
      reader.ask();
      w.time.settle();
    }
    w.wait<void>((done) => log.truncateTo(5, done));
    while (log.logEndOffset < 100) w.append(log, { values: [`new ${log.logEndOffset}`] });
    w.time.settle();
    expect(w.readAll(log, 4)[1]).toEqual({ offset: 5, text: 'new 5' });
    expect(w.readAll(log, 30)[0]).toEqual({ offset: 30, text: 'new 30' });
  });
});

test('what was read before a cut and comes after it is kept for nobody', () => {
  const w = filled(['old']);
  w.shutdown();
  withSlowReads(w, '/data/old-0/00000000000000000000.log', 1000, 1);
  w.start();
  const log = logOf(w, 'old');
  let isRead = false;
  log.read({ fetchOffset: 0, maxBytes: MIB, minOneBatch: true, endOffset: BATCHES }, () => {
    isRead = true;
  });
  let isCut = false;
  log.truncateTo(5, () => {
    isCut = true;
  });
  while (!isCut) w.time.step();
  while (log.logEndOffset < 100) w.append(log, { values: [`new ${log.logEndOffset}`] });
  expect(isRead).toBe(false);
  w.time.settle();
  expect(isRead).toBe(true);
  expect(w.readAll(log, 4)[1]).toEqual({ offset: 5, text: 'new 5' });
});

describe('many readers of old records', () => {
  test('stay within the budget together', () => {
    const names = Array.from({ length: 8 }, (_, i) => `old${i}`);
    const budget = 6 * MIB;
    const w = filled(names, { coldCacheBytes: budget });
    const readers = names.map((name) => new Reader(logOf(w, name)));
    let most = 0;
    while (readers.some(({ offset }) => offset < BATCHES)) {
      for (const reader of readers) if (reader.offset < BATCHES && !reader.isBusy) reader.ask();
      most = Math.max(most, w.opened.manager.stats().coldCacheBytes);
      w.time.step();
    }
    expect(most).toBeGreaterThan(budget / 2);
    expect(most).toBeLessThanOrEqual(budget);
  });

  test('on a slow disk delay neither producers nor readers of other logs', () => {
    const w = filled(['slow', 'other']);
    w.stopDead({ keepPageCache: true });
    withSlowReads(w, '/data/slow-0/', 5000);
    w.start();
    for (const name of ['slow', 'other']) w.createOne(spec(name, { segmentBytes: 4 * MIB }));
    const slow = Array.from({ length: 10 }, () => new Reader(logOf(w, 'slow')));
    const begun = w.time.monotonicMs();
    for (const reader of slow) reader.ask();
    const other = logOf(w, 'other');
    const quick = new Reader(other);
    let appended = 0;
    while ((quick.offset < BATCHES || appended < 20) && w.time.monotonicMs() < begun + 5000) {
      if (!quick.isBusy && quick.offset < BATCHES) quick.ask();
      if (other.durableOffset === other.logEndOffset) {
        w.append(other, { values: ['hot'] });
        appended += 1;
      }
      w.time.step();
    }
    expect(slow.every((reader) => reader.isBusy)).toBe(true);
    expect(quick.offset).toBe(BATCHES);
    expect(appended).toBe(20);
    expect(w.time.monotonicMs() - begun).toBeLessThan(1000);
  });
});

/** From `hold` on, what opens the `.log` of the segment at `base` is held until the test lets it go on. */
function holdOpens(w: LogWorld, base: number): { readonly hold: () => void; readonly letGo: () => void } {
  const held: (() => void)[] = [];
  let holds = false;
  w.diskForServer = new Proxy<Disk>(w.disk, {
    get(target, name) {
      if (name === 'open') {
        const open: Disk['open'] = (path, options, done) => {
          const go = (): void => target.open(path, options, done);
          if (holds && path.endsWith(`/${String(base).padStart(20, '0')}.log`)) held.push(go);
          else go();
        };
        return open;
      }
      const member: unknown = Reflect.get(target, name, target);
      return typeof member === 'function'
        ? (...args: unknown[]): unknown => Reflect.apply(member, target, args)
        : member;
    },
  });
  const hold = (): void => {
    holds = true;
  };
  const letGo = (): void => {
    expect(held).toHaveLength(1);
    for (const go of held.splice(0)) go();
  };
  return { hold, letGo };
}

describe('a read from disk that finds no file', () => {
  const wanted = spec('gone', { segmentBytes: 200 });

  /** Reads, and has `meanwhile` happen before the file is opened. */
  function readDuring(
    meanwhile: (w: LogWorld) => void,
    { fetchOffset = 0, openFilesMax = 1 } = {},
  ): { kind: string; errors: string[]; readErrors: number } {
    const w = new LogWorld(5, { tailCacheBytes: 0, coldCacheBytes: 0, openFilesMax });
    const errors: string[] = [];
    w.onError = (message) => errors.push(message);
    w.start();
    const log = w.createOne(wanted);
    for (let i = 0; i < 9; i++) w.append(log, { values: ['x'] });
    w.time.settle();
    w.shutdown();
    const { hold, letGo } = holdOpens(w, fetchOffset);
    w.start();
    // The one file that stays open is that of the last segment.
    w.readAll(w.log(wanted), 8);
    hold();
    let kind = 'nothing';
    w.log(wanted).read({ fetchOffset, maxBytes: 100, minOneBatch: true, endOffset: 9 }, (failure) => {
      kind = failure?.kind ?? 'read';
    });
    meanwhile(w);
    w.time.settle();
    expect(kind).toBe('nothing');
    letGo();
    w.time.settle();
    return { kind, errors, readErrors: w.opened.manager.stats().readErrors };
  }

  test('because the topic was deleted is told so, and is no error of the disk', () => {
    const outcome = readDuring((w) => w.opened.manager.delete([wanted], () => undefined));
    expect(outcome).toEqual({ kind: 'deleted', errors: [], readErrors: 0 });
  });

  test.each([
    ['the log began anew elsewhere', 0, (log: PartitionLog) => log.truncateFullyAndStartAt(20, () => undefined)],
    ['the log was cut below it', 4, (log: PartitionLog) => log.truncateTo(2, () => undefined)],
  ])('because %s says that the offset is not there, and is no error of the disk', (_why, fetchOffset, change) => {
    const outcome = readDuring((w) => change(w.log(wanted)), { fetchOffset, openFilesMax: 4 });
    expect(outcome).toEqual({ kind: 'out-of-range', errors: [], readErrors: 0 });
  });

  test('because the log was cut behind the offset gives nothing, and what is left when it is asked again', () => {
    const w = new LogWorld(5, { tailCacheBytes: 0, coldCacheBytes: 0 });
    const held: (() => void)[] = [];
    let holds = false;
    w.diskForServer = wrapFiles(
      w.disk,
      (path) => path.endsWith('.log'),
      (file) => ({
        read: (position, length, done) => {
          const go = (): void => file.read(position, length, done);
          if (holds) held.push(go);
          else go();
          holds = false;
        },
      }),
    );
    w.start();
    const log = w.createOne(spec('cut'));
    for (let i = 0; i < 9; i++) w.append(log, { values: ['x'] });
    w.time.settle();
    holds = true;
    const read = { fetchOffset: 2, maxBytes: 1000, minOneBatch: true, endOffset: 9 };
    const outcomes: unknown[] = [];
    log.read(read, (failure, result) => outcomes.push(failure ?? result?.endOffset));
    w.time.advance(100);
    w.wait<void>((done) => log.truncateTo(4, done));
    for (const go of held) go();
    w.time.settle();
    log.read(read, (failure, result) => outcomes.push(failure ?? result?.endOffset));
    w.time.settle();
    expect(outcomes).toEqual([2, 4]);
    expect(log.state).toBe('open');
  });

  test('that should be there is an error of the disk', () => {
    const outcome = readDuring((w) => w.disk.vanish('/data/gone-0/00000000000000000000.log'));
    expect(outcome).toEqual({ kind: 'disk', errors: [expect.stringContaining('refused a read')], readErrors: 1 });
  });
});
