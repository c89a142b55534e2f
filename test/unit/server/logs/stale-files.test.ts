import { describe, expect, test } from '@jest/globals';
import { topicId } from '../../../../broker/core/base/ids.ts';
import { DEFAULT_CLEANER_CONFIG } from '../../../../broker/core/log/cleaner-config.ts';
import { buildBatch } from '../../../../broker/core/record/builder.ts';
import { crc32c } from '../../../../broker/io/crc32c.ts';
import type { Disk, DiskDone, DiskFile } from '../../../../broker/ports/disk.ts';
import type { LogReadOptions, LogReadResult, PartitionLog } from '../../../../broker/server/logs/partition-log.ts';
import { LogWorld, spec } from '../../../support/logs/log-world.ts';

const VALUE = 'x'.repeat(100);
const NO_CACHES = { tailCacheBytes: 0, coldCacheBytes: 0 };
const SMALL = { segmentBytes: 20_000, indexIntervalBytes: 200 };

/** A bound method of an object, whatever it is. */
function bound(target: object, name: string | symbol): unknown {
  const member: unknown = Reflect.get(target, name, target);
  return typeof member === 'function' ? (...args: unknown[]): unknown => Reflect.apply(member, target, args) : member;
}

/**
 * A disk on which one read of the first index can be held until a rename that `isMoment` begins; that one takes
 * `renameMs`. Gives what makes the next read wait.
 */
function holdIndexRead(world: LogWorld, isMoment: (from: string, to: string) => boolean, renameMs: number): () => void {
  const held: (() => void)[] = [];
  let isHolding = false;
  const read =
    (file: DiskFile): DiskFile['read'] =>
    (position, length, done) => {
      const go = (): void => file.read(position, length, done);
      if (isHolding) held.push(go);
      else go();
      isHolding = false;
    };
  const slowly = (file: DiskFile): DiskFile =>
    new Proxy(file, { get: (target, name) => (name === 'read' ? read(target) : bound(target, name)) });
  const open: Disk['open'] = (path, options, done) => {
    world.disk.open(path, options, (failure, file) => {
      done(failure, file !== undefined && path.endsWith('0.index') ? slowly(file) : file);
    });
  };
  const rename = (from: string, to: string, done: DiskDone<void>): void => {
    if (!isMoment(from, to)) {
      world.disk.rename(from, to, done);
      return;
    }
    for (const go of held.splice(0)) go();
    world.time.schedule(renameMs, () => world.disk.rename(from, to, done));
  };
  world.diskForServer = new Proxy<Disk>(world.disk, {
    get: (target, name) => (name === 'open' ? open : name === 'rename' ? rename : bound(target, name)),
  });
  return () => {
    isHolding = true;
  };
}

const from = (fetchOffset: number): LogReadOptions => ({
  fetchOffset,
  maxBytes: 1000,
  minOneBatch: true,
  endOffset: Number.MAX_SAFE_INTEGER,
});

function fill(world: LogWorld, log: PartitionLog, keyOf: (index: number) => string): void {
  for (let index = 0; index < 400; index += 1) {
    const record = { key: Buffer.from(keyOf(index)), value: Buffer.from(VALUE) };
    const where = { baseOffset: log.logEndOffset, leaderEpoch: 0, timestamp: 1000 };
    log.append(buildBatch([record], where, crc32c), { nowMs: world.time.wallMs() });
  }
  world.time.settle();
  log.setHighWatermark(log.durableOffset);
}

describe('a reader under way', () => {
  test('while a cleaned segment is put in place does not leave the old file behind under its name', () => {
    const cleaner = (): typeof DEFAULT_CLEANER_CONFIG => ({ ...DEFAULT_CLEANER_CONFIG, backoffMs: 1e9 });
    const world = new LogWorld(5, { ...NO_CACHES, cleaner });
    const hold = holdIndexRead(world, (_from, to) => to.endsWith('0.index'), 0);
    world.start();
    const policy = { compactPolicy: true, deletePolicy: false, retentionMs: -1, minCleanableDirtyRatio: 0 };
    const log = world.createOne(spec('table', { ...SMALL, ...policy }));
    fill(world, log, (index) => `k${index < 60 ? index : index % 5}`);
    hold();
    log.read(from(100), () => undefined);
    world.opened.manager.clean();
    world.time.settle();
    expect(world.opened.manager.stats().cleaner.cleanedCount).toBe(1);
    for (const offset of [0, 59, 100, 399]) {
      world.attempt<LogReadResult>((done) => log.read(from(offset), done));
    }
    expect([log.state, log.stateReason]).toEqual(['open', '']);
  });

  test('while a topic is deleted does not make the topic that takes its name write into a removed file', () => {
    const world = new LogWorld(5, NO_CACHES);
    const hold = holdIndexRead(world, (path) => path.endsWith('table-0'), 8);
    world.start();
    const first = spec('table', SMALL);
    const log = world.createOne(first);
    fill(world, log, String);
    hold();
    log.read(from(100), () => undefined);
    world.opened.manager.delete([{ topicId: first.topicId, partition: 0 }], () => undefined);
    world.time.settle();
    const second = { ...first, topicId: topicId(Buffer.alloc(16, 7).toString('base64url')) };
    const again = world.createOne(second);
    fill(world, again, String);
    const durable = again.durableOffset;
    world.opened.manager.checkpoint(() => undefined);
    world.time.settle();
    world.crash({ keepPageCache: true });
    expect([world.log(second).state, world.log(second).logEndOffset]).toEqual(['open', durable]);
  });
});
