import { describe, expect, test } from '@jest/globals';
import { NO_LOG_BUGS, type PlantedLogBugs } from '../../../../broker/core/log/planted-bugs.ts';
import type { PartitionLog } from '../../../../broker/server/logs/partition-log.ts';
import { LogWorld, spec } from '../../../support/logs/log-world.ts';

const wanted = spec('orders', { segmentBytes: 3000, indexIntervalBytes: 200, retentionMs: -1 });
const DIRECTORY = '/data/orders-0';
const COUNT = 90;

/** Times that go up and down, so that not every batch has an entry of its own in the time index. */
const timeOf = (i: number): number => 10_000 + i * 10 + (i % 7 === 3 ? 45 : 0);

function fill(w: LogWorld, log: PartitionLog): void {
  for (let i = 0; i < COUNT; i++) {
    const value = `value-${i}-${'x'.repeat(i % 40)}`;
    const producer = i % 3 === 0 ? { producerId: 5, producerEpoch: 0, baseSequence: i / 3 } : {};
    w.append(log, { values: [value], timestamp: timeOf(i), leaderEpoch: Math.floor(i / 25), ...producer });
    w.time.settle();
  }
  log.setHighWatermark(log.logEndOffset);
}

/** A world with a filled log, whose reads go to the disk; with `coldCacheBytes` those of the same places do once. */
function build(coldCacheBytes = 0): LogWorld {
  const w = new LogWorld(3, { tailCacheBytes: 0, indexCacheBytes: 0, coldCacheBytes });
  w.start();
  fill(w, w.createOne(wanted));
  return w;
}

const TIMES = [0, 10_000, 10_001, 10_300, 10_477, 10_700, timeOf(COUNT - 1), 99_999];

/** Everything that a client can learn of the log; a failure is its kind. */
function look(w: LogWorld, log: PartitionLog): readonly unknown[] {
  const seen: unknown[] = [];
  for (const time of TIMES) {
    const { failure, value } = w.attempt<unknown>((done) => log.offsetForTimestamp(time, done));
    seen.push(failure === null ? value : failure.kind);
  }
  const largest = w.attempt<unknown>((done) => log.maxTimestampOffset(log.logEndOffset, done));
  seen.push(largest.failure === null ? largest.value : largest.failure.kind);
  for (let offset = 0; offset < COUNT; offset += 11) {
    try {
      seen.push(w.readAll(log, offset, 700));
    } catch (error) {
      seen.push(String(error).includes('"kind":"damaged"') ? 'damaged' : error);
    }
  }
  return seen;
}

const short = (text: string): string => (text.length > 160 ? `${text.slice(0, 80)} … ${text.slice(-70)}` : text);

/** Looks, and demands that each answer is the right one or says that the log is damaged. */
function expectHonest(w: LogWorld, log: PartitionLog, right: readonly unknown[]): 'same' | 'damaged' {
  const seen = look(w, log);
  for (const [i, answer] of seen.entries()) {
    const [is, due] = [JSON.stringify(answer), JSON.stringify(right[i])];
    if (answer !== 'damaged' && is !== due) throw new Error(`answer ${i} is ${short(is)}, not ${short(due)}`);
  }
  return log.state === 'damaged' ? 'damaged' : 'same';
}

function filesOf(w: LogWorld, kind: string): readonly { readonly path: string; readonly size: number }[] {
  return w.disk.files().filter(({ path }) => path.endsWith(kind));
}

/** Every byte in the long form; else about thirty places of a file, whose fields they hit in turn. */
function strideOf(size: number): number {
  return process.env['WEIR_TEST_MINUTES'] === undefined ? Math.ceil(size / 30) | 1 : 1;
}

/** Flips one bit of a byte. */
function flip(w: LogWorld, path: string, position: number, bit: number): void {
  const byte = w.disk.peek(path)?.[position] ?? 0;
  w.disk.poke(path, position, Buffer.from([byte ^ (1 << bit)]));
}

describe('a bit that flips in a file while the log is open', () => {
  test.each(['.log', '.index', '.timeindex'])('%s: every answer is right or says that the log is damaged', (kind) => {
    const w = build();
    const right = look(w, w.log(wanted));
    expect(right).not.toContain('damaged');
    w.shutdown();
    const image = w.disk.image();
    const outcomes = { same: 0, damaged: 0 };
    for (const { path, size } of filesOf(w, kind)) {
      for (let position = 0; position < size; position += strideOf(size)) {
        w.stopDead({ keepPageCache: true });
        w.disk.restore(image);
        w.start();
        flip(w, path, position, position % 8);
        outcomes[expectHonest(w, w.log(wanted), right)] += 1;
      }
    }
    // A batch is never right with a flipped bit; an index is only a hint.
    if (kind === '.log') expect(outcomes).toEqual({ same: 0, damaged: expect.any(Number) });
    else expect(outcomes).toEqual({ same: expect.any(Number), damaged: 0 });
  });

  test('a log that is found damaged says where, takes nothing and stays damaged at the next start', () => {
    const w = build();
    w.shutdown();
    w.start();
    const log = w.log(wanted);
    const states: string[] = [];
    log.setListener({ onProgress: () => undefined, onState: (state, reason) => states.push(`${state}: ${reason}`) });
    const path = filesOf(w, '.log')[1]?.path ?? '';
    flip(w, path, 100, 2);
    expect(look(w, log)).toContain('damaged');
    expect(states).toEqual([`damaged: bad batch: checksum at byte 0 of ${path}`]);
    expect(w.append(log, { values: ['more'] })).toBeNull();
    const before = w.disk.peek(path);
    w.crash({ keepPageCache: false });
    expect(w.opened.damaged).toEqual([{ topic: 'orders', partition: 0, reason: expect.stringContaining('earlier') }]);
    expect(w.disk.peek(path)).toEqual(before);
    expect(w.opened.manager.stats().damagedCount).toBe(1);
  });

  test('a wrong index is made anew, for the time after', () => {
    const w = build();
    const right = look(w, w.log(wanted));
    w.shutdown();
    const path = `${DIRECTORY}/00000000000000000000.index`;
    const whole = w.disk.peek(path);
    flip(w, path, 6, 0);
    w.start();
    w.createOne(wanted);
    expect(look(w, w.log(wanted))).toEqual(right);
    for (let offset = 0; offset < COUNT; offset++) w.readAll(w.log(wanted), offset, 1);
    expect(w.opened.manager.stats().indexesRebuilt).toBeGreaterThan(0);
    expect(w.disk.peek(path)).toEqual(whole);
  });

  test('an index of the active segment is made anew while records are appended', () => {
    const w = new LogWorld(4, { tailCacheBytes: 0, indexCacheBytes: 0 });
    const large = spec('orders', { segmentBytes: 1_000_000, indexIntervalBytes: 0 });
    w.start();
    const log = w.createOne(large);
    for (let i = 0; i < 700; i++) w.append(log, { values: [`v${i}`], timestamp: 1000 + i });
    w.time.settle();
    const path = `${DIRECTORY}/00000000000000000000.index`;
    expect(w.disk.peek(path)?.length).toBeGreaterThan(4000);
    flip(w, path, 80 * 8 + 6, 3);
    log.read({ fetchOffset: 82, maxBytes: 1, minOneBatch: true, endOffset: 700 }, () => undefined);
    while (w.opened.manager.stats().indexesRebuilt === 0 && log.logEndOffset < 3000) {
      w.append(log, { values: [`v${log.logEndOffset}`], timestamp: 1000 + log.logEndOffset });
      w.time.step();
    }
    w.time.settle();
    const end = log.logEndOffset;
    expect(end).toBeGreaterThan(705);
    for (const offset of [0, 81, 82, 699, 701, end - 1]) expect(w.readAll(log, offset)).toHaveLength(end - offset);
    w.shutdown();
    w.start();
    const found = w.wait<{ offset: number } | null>((done) => w.log(large).offsetForTimestamp(1000 + end - 2, done));
    expect(found?.offset).toBe(end - 2);
    expect(w.opened.manager.stats().indexesRebuilt).toBe(0);
  });
});

describe('a planted bug is caught', () => {
  /** Flips bits in files of one kind while the log is open; throws at the first dishonest answer. */
  function spoil(bugs: Partial<PlantedLogBugs>, kind: string): void {
    const w = build();
    const right = look(w, w.log(wanted));
    w.shutdown();
    const image = w.disk.image();
    w.bugs = { ...NO_LOG_BUGS, ...bugs };
    for (const { path, size } of filesOf(w, kind)) {
      for (let position = 0; position < size; position += strideOf(size)) {
        w.stopDead({ keepPageCache: true });
        w.disk.restore(image);
        w.start();
        flip(w, path, position, position % 8);
        const outcome = expectHonest(w, w.log(wanted), right);
        w.crash({ keepPageCache: true });
        if (outcome === 'damaged') expect(w.opened.damaged).toHaveLength(1);
      }
    }
  }

  test('batches served without a look at their CRC', () => {
    expect(() => spoil({ unchecked: true }, '.log')).toThrow(/answer \d+ is/);
  });

  test('a log found damaged that nobody wrote down', () => {
    expect(() => spoil({ forgetsDamage: true }, '.log')).toThrow('toHaveLength');
  });

  test.each(['.index', '.timeindex'])('an %s taken for true', (kind) => {
    expect(() => spoil({ trustsIndexes: true }, kind)).toThrow(/answer \d+ is/);
  });
});

/** What a start with a spoiled file and all that follows came to; anything dishonest throws. */
function startAndLook(w: LogWorld, path: string, right: readonly unknown[]): 'refused' | 'same' | 'damaged' {
  try {
    w.start();
  } catch (error) {
    // Who can't start says which file it is.
    expect(String(error)).toContain(path);
    return 'refused';
  }
  w.createOne(wanted);
  const log = w.log(wanted);
  if (log.state === 'damaged') {
    expect(log.stateReason).toContain(path);
    const read = { fetchOffset: 0, maxBytes: 100, minOneBatch: true, endOffset: COUNT };
    expect(w.attempt((done) => log.read(read, done)).failure?.kind).toBe('damaged');
    return 'damaged';
  }
  expect([log.logStartOffset, log.logEndOffset]).toEqual([0, COUNT]);
  const first = expectHonest(w, log, right);
  if (first === 'damaged') return first;
  for (const lastSequence of [COUNT / 3 - 1]) {
    const claim = { producerId: 5, producerEpoch: 0, baseSequence: lastSequence, lastSequence };
    expect(log.checkProducer(claim)).toMatchObject({ kind: 'duplicate', baseOffset: lastSequence * 3 });
  }
  expect([3, 0, 1].map((epoch) => log.endOffsetForEpoch(epoch).endOffset)).toEqual([COUNT, 25, 50]);
  for (let i = 0; i < 40; i++) w.append(log, { values: [`more-${i}`], timestamp: 20_000 + i, leaderEpoch: 9 });
  w.time.settle();
  w.crash({ keepPageCache: true });
  const again = w.log(wanted);
  if (again.state === 'damaged') return 'damaged';
  expect(again.logEndOffset).toBe(COUNT + 40);
  expect(w.readAll(again)).toHaveLength(COUNT + 40);
  const found = w.wait<unknown>((done) => again.offsetForTimestamp(20_010, done));
  expect(found).toMatchObject({ offset: COUNT + 10 });
  return 'same';
}

describe.each(['a clean stop', 'a power cut'])('a bit that flips in a file between %s and the next start', (stop) => {
  const w = build(1 << 20);
  const right = look(w, w.log(wanted));
  w.time.advance(11_000);
  if (stop === 'a clean stop') w.shutdown();
  else w.stopDead({ keepPageCache: false });
  const image = w.disk.image();
  const files = w.disk.files().filter(({ path }) => !path.endsWith('partition.metadata'));
  const names = files.map(({ path }) => path);

  test('is looked for in files of every kind', () => {
    const kinds = ['log', 'index', 'timeindex', 'snapshot'].map((kind) => new RegExp(`\\.${kind}$`));
    const single = ['logs.manifest', 'logs.marks', 'leader-epoch-checkpoint', 'leader-epochs.sealed'];
    const checkpoints = ['recovery-point', 'replication'].map((name) => `${name}-offset-checkpoint`);
    for (const kind of kinds) expect(names.filter((name) => kind.test(name)).length).toBeGreaterThan(0);
    for (const name of [...single, ...checkpoints]) expect(names.some((path) => path.endsWith(name))).toBe(true);
  });

  test.each(names)('%s: the node says so, or nothing is different', (path) => {
    const size = files.find((file) => file.path === path)?.size ?? 0;
    const outcomes = new Set<string>();
    for (let position = 0; position < size; position += strideOf(size)) {
      w.stopDead({ keepPageCache: true });
      w.disk.restore(image);
      flip(w, path, position, (position * 3) % 8);
      try {
        outcomes.add(startAndLook(w, path, right));
      } catch (error) {
        throw new Error(`byte ${position} of ${path}: ${String(error)}`, { cause: error });
      }
    }
    const derived = /index$|snapshot$|epoch|checkpoint$|marks$|cleanshutdown$/.test(path);
    if (derived) expect([...outcomes]).toEqual(['same']);
    else expect(outcomes).not.toContain(path.endsWith('.log') ? 'same' : 'damaged');
  });
});
