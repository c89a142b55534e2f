import { describe, expect, test } from '@jest/globals';
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

function build(): LogWorld {
  const w = new LogWorld(3, { tailCacheBytes: 0, indexCacheBytes: 0 });
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
  const largest = w.attempt<unknown>((done) => log.maxTimestampOffset(done));
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

/** Looks, and demands that each answer is the right one or says that the log is damaged. */
function expectHonest(w: LogWorld, log: PartitionLog, right: readonly unknown[]): 'same' | 'damaged' {
  const seen = look(w, log);
  for (const [i, answer] of seen.entries()) if (answer !== 'damaged') expect([i, answer]).toEqual([i, right[i]]);
  return log.state === 'damaged' ? 'damaged' : 'same';
}

function filesOf(w: LogWorld, kind: string): readonly { readonly path: string; readonly size: number }[] {
  return w.disk.files().filter(({ path }) => path.endsWith(kind));
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
      for (let position = 0; position < size; position += kind === '.log' ? 5 : 1) {
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
