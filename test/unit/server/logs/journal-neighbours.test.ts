import { Buffer } from 'node:buffer';
import { describe, expect, test } from '@jest/globals';
import { JOURNAL_BLOCK } from '../../../../broker/core/log/journal.ts';
import { crc32c } from '../../../../broker/io/crc32c.ts';
import { acceptLoss, inspectLoss, type Loss } from '../../../../broker/server/logs/accept-loss.ts';
import type { LogSpec } from '../../../../broker/server/logs/partition-log.ts';
import { runTask, type Task } from '../../../../broker/server/task.ts';
import { DIRECTORY, LogWorld, spec } from '../../../support/logs/log-world.ts';

/** Every sync goes through the journal, and nothing syncs the logs behind it by time. */
const ALWAYS = {
  journalBytes: 256 * JOURNAL_BLOCK,
  directSyncsMax: 0,
  checkpointIntervalMs: 1e9,
  tailCacheBytes: 0,
  coldCacheBytes: 0,
};
/** More than the journal takes at once. */
const BIG = 'x'.repeat(200_000);
const COMPACTED = { compactPolicy: true, deletePolicy: false, minCleanableDirtyRatio: 0 };

/** A log whose appends go through a journal that is there. */
class Lab {
  readonly world = new LogWorld(9, ALWAYS);
  readonly spec: LogSpec;

  constructor(config: LogSpec['config'] | object) {
    this.spec = spec('orders', { segmentBytes: 700, indexIntervalBytes: 100, retentionMs: -1, ...config });
    this.world.start();
    this.world.append(this.world.createOne(spec('other')), { values: ['makes the journal'] });
    this.world.time.settle();
    this.world.createOne(this.spec);
  }

  get log() {
    return this.world.log(this.spec);
  }

  append(...texts: readonly string[]): void {
    for (const text of texts) {
      this.world.append(this.log, { values: [text], keyed: true, timestamp: this.world.time.wallMs() });
      this.world.time.settle();
    }
  }

  checkpoint(): void {
    this.world.opened.manager.checkpoint(() => undefined);
    this.world.time.settle();
  }

  run<T>(task: Task<T>): T {
    const outcome: { error: unknown; value?: T | undefined } = { error: 'it did not end' };
    runTask(task, (error, value) => Object.assign(outcome, { error, value }));
    this.world.time.settle();
    if (outcome.error !== null) throw outcome.error;
    return outcome.value as T;
  }

  /** A bit flips in the segment before the last, which the journal does not hold; the process is killed; the loss is named. */
  damageAndInspect(): Loss {
    const { disk } = this.world;
    const files = disk.files().filter(({ path }) => path.includes('orders-0/') && path.endsWith('.log'));
    disk.poke(files.at(-2)?.path ?? '', 100, Buffer.from([0xff, 0xee]));
    expect(() => this.world.readAll(this.log, this.log.logStartOffset, 1_000_000)).toThrow('damaged');
    this.world.stopDead({ keepPageCache: true });
    const loss = this.run(inspectLoss({ disk, crc32c, directory: DIRECTORY }, 'orders', 0));
    if (typeof loss === 'string') throw new Error(loss);
    return loss;
  }

  accept(loss: Loss): void {
    this.run(acceptLoss({ disk: this.world.disk, crc32c, directory: DIRECTORY }, loss));
    expect(this.world.disk.peek(`${DIRECTORY}/logs.journal`)).toBeNull();
    this.world.start();
  }
}

const values = (from: number, to: number, key = (_i: number): string => 'k'): string[] =>
  Array.from({ length: to - from }, (_, i) => `${key(from + i)}:v${from + i}`);

describe('a log that the journal holds something of', () => {
  test('loses what was named and nothing else when a loss is accepted after records were deleted', () => {
    const lab = new Lab({});
    lab.append(...values(0, 5), BIG, ...values(6, 30));
    lab.log.setHighWatermark(lab.log.durableOffset);
    lab.checkpoint();
    lab.world.wait((done) => lab.log.deleteRecordsBefore(15, done));
    lab.append('a:kept', BIG, 'a:kept2');
    lab.checkpoint();
    const loss = lab.damageAndInspect();
    lab.accept(loss);
    const { state, logStartOffset, logEndOffset } = lab.log;
    expect([state, logStartOffset, logEndOffset]).toEqual(['open', 15, loss.goodEndOffset]);
  });

  test('loses what was named and nothing else when a loss is accepted after it was cleaned', () => {
    const lab = new Lab(COMPACTED);
    lab.append(...values(0, 30, (i) => `k${i % 3}`));
    lab.log.setHighWatermark(lab.log.durableOffset);
    lab.checkpoint();
    lab.world.opened.manager.clean();
    lab.world.time.advance(60_000);
    const cleaned = lab.world.readAll(lab.log);
    expect(cleaned.length).toBeLessThan(30);
    lab.append(BIG, 'a:kept2');
    lab.checkpoint();
    const loss = lab.damageAndInspect();
    lab.accept(loss);
    expect([lab.log.state, lab.log.logEndOffset]).toEqual(['open', loss.goodEndOffset]);
    expect(lab.world.readAll(lab.log)).toEqual(cleaned);
  });

  test.each([true, false])('is what the cleaner made of it after a crash, page cache kept: %s', (keepPageCache) => {
    const lab = new Lab(COMPACTED);
    lab.append(...values(10, 15, (i) => (i === 10 ? 'k0' : `k${i}`)));
    lab.checkpoint();
    lab.append(...values(15, 40, (i) => (i === 22 ? 'k0' : `k${i}`)));
    lab.log.setHighWatermark(lab.log.durableOffset);
    const first = `${DIRECTORY}/orders-0/${'0'.repeat(20)}.log`;
    const before = lab.world.disk.peek(first)?.length;
    lab.world.opened.manager.clean();
    // The first segment is swapped, and nothing asked for a checkpoint since but the swap.
    for (let i = 0; i < 100_000 && lab.world.disk.peek(first)?.length === before; i++) lab.world.time.step();
    for (let i = 0; i < 4; i++) lab.world.time.step();
    lab.world.crash({ keepPageCache });
    expect([lab.log.state, lab.log.logEndOffset]).toEqual(['open', 30]);
    expect(
      lab.world
        .readAll(lab.log)
        .slice(-3)
        .map(({ text }) => text),
    ).toEqual(['k37:v37', 'k38:v38', 'k39:v39']);
  });

  test('begins where it was told to begin anew, whatever comes', () => {
    const lab = new Lab({ segmentBytes: 100_000 });
    lab.world.append(lab.log, { values: values(0, 10) });
    lab.world.time.settle();
    lab.world.wait((done) => lab.log.truncateFullyAndStartAt(3, done));
    lab.world.crash({ keepPageCache: true });
    expect([lab.log.state, lab.log.logStartOffset, lab.log.logEndOffset]).toEqual(['open', 3, 3]);
  });
});

describe('a start', () => {
  /** A quarter of what a node has, and far more than is written. */
  const SMALL = { directSyncsMax: 0, journalRoomFactor: 1, journalBytes: 4096 * JOURNAL_BLOCK };

  test('reads little of a journal that has little', () => {
    const world = new LogWorld(3, SMALL);
    world.start();
    const log = world.createOne(spec('orders'));
    for (const value of ['a', 'b', 'c']) {
      world.append(log, { values: [value] });
      world.time.settle();
    }
    world.crash({ keepPageCache: false });
    const { recoveryReadBytes, journalReplayedBytes } = world.opened.manager.stats();
    expect(journalReplayedBytes).toBeGreaterThan(0);
    expect(recoveryReadBytes).toBeLessThan(3_000_000);
    expect(world.readAll(world.log(spec('orders'))).map(({ text }) => text)).toEqual(['a', 'b', 'c']);
  });

  test('reads all of a journal that has much', () => {
    const world = new LogWorld(3, { ...SMALL, checkpointIntervalMs: 1e9 });
    world.start();
    const log = world.createOne(spec('orders'));
    // The first one is synced by itself: there is no journal yet.
    const texts = Array.from({ length: 12 }, (_, i) => `${i}`.padEnd(250_000, '.'));
    const path = `${DIRECTORY}/orders-0/${'0'.repeat(20)}.log`;
    let firstSize = 0;
    for (const text of texts) {
      world.append(log, { values: [text] });
      world.time.settle();
      if (firstSize === 0) firstSize = world.disk.peek(path)?.length ?? 0;
    }
    expect(world.opened.manager.stats().journalBytes).toBeGreaterThan(2_500_000);
    world.stopDead({ keepPageCache: true });
    world.disk.open(path, { create: false }, (_failure, file) => file?.truncate(firstSize, () => undefined));
    world.time.settle();
    world.start();
    const after = world.log(spec('orders'));
    expect(world.readAll(after, 0, 1_000_000).map(({ text }) => text)).toEqual(texts);
  });
});

describe('a journal that can not be made', () => {
  test.each([
    ['open', 'EDQUOT'],
    ['open', 'ENOSPC'],
    ['open', 'EMFILE'],
    ['space', 'EIO'],
  ])('does not end the node: %s fails with %s', (operation, code) => {
    const world = new LogWorld(3, ALWAYS);
    world.start();
    const log = world.createOne(spec('orders'));
    world.disk.faults.fail = (asked, path) =>
      asked === operation && (asked === 'space' || path.endsWith('logs.journal')) ? code : null;
    world.append(log, { values: ['a'] });
    world.time.settle();
    expect([world.fatal, log.durableOffset]).toEqual([null, 1]);
  });
});

describe('a deleted log', () => {
  test.each(['ENOSPC', 'EIO', 'EMFILE'])('does not come back under its name when its rename fails with %s', (code) => {
    const world = new LogWorld(3, { tailCacheBytes: 0, coldCacheBytes: 0 });
    world.start();
    const wanted = spec('orders', { segmentBytes: 150 });
    const log = world.createOne(wanted);
    for (let i = 0; i < 20; i++) world.append(log, { values: [`old${i}`] });
    world.time.settle();
    world.disk.faults.fail = (operation, path) => (operation === 'rename' && path.endsWith('orders-0') ? code : null);
    world.opened.manager.delete([wanted], () => undefined);
    world.time.settle();
    expect(world.disk.files().filter(({ path }) => path.includes('orders'))).toEqual([]);
    world.disk.faults.fail = () => null;
    const next = world.createOne({ ...wanted, topicId: spec('another').topicId });
    expect([world.fatal, next.state, next.logEndOffset]).toEqual([null, 'open', 0]);
  });
});
