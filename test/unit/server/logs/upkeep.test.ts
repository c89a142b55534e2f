import { describe, expect, test } from '@jest/globals';
import { topicId } from '../../../../broker/core/base/ids.ts';
import { LogWorld, spec } from '../../../support/logs/log-world.ts';

function opened(options: ConstructorParameters<typeof LogWorld>[1] = {}): LogWorld {
  const world = new LogWorld(1, options);
  world.start();
  return world;
}

describe('retention', () => {
  test('by size deletes the oldest segments below the high watermark, and a restart agrees', () => {
    const world = opened();
    const wanted = spec('sized', { segmentBytes: 1000, retentionBytes: 2500, retentionMs: -1 });
    const log = world.createOne(wanted);
    for (let i = 0; i < 50; i++) world.append(log, { values: ['x'.repeat(50)] });
    world.time.settle();
    world.opened.manager.runRetention();
    world.time.settle();
    expect(log.logStartOffset).toBe(0);
    log.setHighWatermark(log.logEndOffset);
    world.opened.manager.runRetention();
    world.time.settle();
    expect(log.logStartOffset).toBeGreaterThan(0);
    expect(log.sizeInBytes).toBeGreaterThanOrEqual(2500);
    expect(log.sizeInBytes).toBeLessThan(4000);
    const start = log.logStartOffset;
    world.crash({ keepPageCache: false });
    expect(world.log(wanted).logStartOffset).toBe(start);
    expect(world.readAll(world.log(wanted))).toHaveLength(50 - start);
  });

  test('by time rolls the active segment and leaves an empty log that goes on at its end', () => {
    const world = opened();
    const wanted = spec('aged', { retentionMs: 1000 });
    const log = world.createOne(wanted);
    world.append(log, { values: ['old'], timestamp: world.time.wallMs() });
    world.time.settle();
    log.setHighWatermark(1);
    world.time.advance(5000);
    world.opened.manager.runRetention();
    world.time.settle();
    expect([log.logStartOffset, log.logEndOffset, log.sizeInBytes]).toEqual([1, 1, 0]);
    world.crash({ keepPageCache: false });
    expect(world.log(wanted).logEndOffset).toBe(1);
    expect(world.append(world.log(wanted), { values: ['new'] })).toBe(2);
    world.time.settle();
    expect(world.readAll(world.log(wanted))).toEqual([{ offset: 1, text: 'new' }]);
  });
});

describe('a clock that is not trusted (F6)', () => {
  test('makes no record too old, but goes on with what is too large', () => {
    let isTrusted = false;
    const world = opened({ isClockTrusted: () => isTrusted });
    const aged = world.createOne(spec('aged', { retentionMs: 1000 }));
    const sized = world.createOne(spec('sized', { segmentBytes: 1000, retentionBytes: 2500, retentionMs: 1000 }));
    for (const log of [aged, sized]) {
      for (let i = 0; i < 50; i++) world.append(log, { values: ['x'.repeat(50)], timestamp: world.time.wallMs() });
      world.time.settle();
      log.setHighWatermark(50);
    }
    world.time.advance(5000);
    const starts = (): number[] => {
      world.opened.manager.runRetention();
      world.time.settle();
      return [aged.logStartOffset, sized.logStartOffset];
    };
    const [agedStart = 0, sizedStart = 0] = starts();
    expect([agedStart, sizedStart > 0, sizedStart < 50]).toEqual([0, true, true]);
    isTrusted = true;
    expect(starts()).toEqual([50, 50]);
  });
});

describe('deleting records', () => {
  test('answers after the log start is synced', () => {
    const world = opened();
    const wanted = spec('trimmed');
    const log = world.createOne(wanted);
    for (let i = 0; i < 5; i++) world.append(log, { values: ['x'] });
    world.time.settle();
    let start = -1;
    log.deleteRecordsBefore(3, (_failure, value) => {
      start = value ?? -1;
    });
    expect(start).toBe(-1);
    while (start < 0) world.time.step();
    world.crash({ keepPageCache: false });
    expect(world.log(wanted).logStartOffset).toBe(3);
  });
});

describe('cutting', () => {
  test('drops later batches, epochs and producers, and survives a crash', () => {
    const world = opened();
    const wanted = spec('cut', { segmentBytes: 400 });
    const log = world.createOne(wanted);
    for (let i = 0; i < 20; i++) {
      world.append(log, {
        values: ['x'],
        leaderEpoch: i < 10 ? 0 : 5,
        producerId: i < 10 ? 1 : 2,
        producerEpoch: 0,
        baseSequence: i % 10,
      });
    }
    world.time.settle();
    world.time.advance(6000);
    world.wait<void>((done) => log.truncateTo(7, done));
    for (const each of [log, (world.crash({ keepPageCache: false }), world.log(wanted))]) {
      expect([each.logEndOffset, each.durableOffset, each.latestEpoch]).toEqual([7, 7, 0]);
      expect(each.checkProducer({ producerId: 1, producerEpoch: 0, baseSequence: 7, lastSequence: 7 }).kind).toBe(
        'accept',
      );
      expect(each.checkProducer({ producerId: 2, producerEpoch: 0, baseSequence: 0, lastSequence: 0 }).kind).toBe(
        'accept',
      );
    }
  });

  test('waits for a checkpoint only if one names what is cut, and a crash is none the wiser', () => {
    const world = opened({ checkpointIntervalMs: 5000 });
    const wanted = spec('cut');
    const log = world.createOne(wanted);
    for (let i = 0; i < 10; i++) world.append(log, { values: ['x'] });
    world.time.settle();
    world.time.advance(6000);
    for (let i = 0; i < 10; i++) world.append(log, { values: ['x'] });
    world.time.settle();
    const replaced: string[] = [];
    const rename = world.disk.rename.bind(world.disk);
    world.disk.rename = (from, to, done) => {
      replaced.push(to);
      rename(from, to, done);
    };
    world.wait<void>((done) => log.truncateTo(15, done));
    expect(replaced).toEqual([]);
    world.wait<void>((done) => log.truncateTo(7, done));
    expect(replaced).toContain('/data/recovery-point-offset-checkpoint');
    world.crash({ keepPageCache: false });
    expect(world.readAll(world.log(wanted))).toHaveLength(7);
  });

  test('inside of a batch, a checkpoint that is written meanwhile names none of it', () => {
    const world = opened();
    const wanted = spec('cut');
    const [log, other] = world.create(wanted, spec('other', { retentionMs: -1 }));
    if (log === undefined || other === undefined) throw new Error('no logs');
    for (let i = 0; i < 2; i++) world.append(other, { values: ['x'] });
    for (let i = 0; i < 5; i++) world.append(log, { values: ['x', 'y', 'z'] });
    world.time.settle();
    other.setHighWatermark(1);
    // The cut begins when this is written.
    world.append(log, { values: ['x', 'y', 'z'] });
    let isCut = false;
    log.truncateTo(7, () => {
      isCut = true;
    });
    other.deleteRecordsBefore(1, () => undefined);
    world.time.settle();
    expect([isCut, log.logEndOffset]).toEqual([true, 6]);
    world.crash({ keepPageCache: false });
    expect([world.log(wanted).state, world.log(wanted).logEndOffset]).toEqual(['open', 6]);
  });

  test('inside of the batch that the log start lies in, it leaves none of it', () => {
    const world = opened();
    const wanted = spec('cut', { retentionMs: -1 });
    const log = world.createOne(wanted);
    for (let i = 0; i < 3; i++) world.append(log, { values: ['w', 'x', 'y', 'z'] });
    world.time.settle();
    log.setHighWatermark(12);
    world.wait<number>((done) => log.deleteRecordsBefore(9, done));
    world.wait<void>((done) => log.truncateTo(10, done));
    expect([log.state, log.logStartOffset, log.logEndOffset]).toEqual(['open', 9, 9]);
    world.append(log, { values: ['anew'] });
    world.time.settle();
    world.crash({ keepPageCache: false });
    expect(world.readAll(world.log(wanted))).toEqual([{ offset: 9, text: 'anew' }]);
  });

  test('fully begins anew at an offset', () => {
    const world = opened();
    const wanted = spec('anew');
    const log = world.createOne(wanted);
    world.append(log, { values: ['x', 'y'] });
    world.time.settle();
    world.wait<void>((done) => log.truncateFullyAndStartAt(100, done));
    expect([log.logStartOffset, log.logEndOffset]).toEqual([100, 100]);
    world.append(log, { values: ['z'] });
    world.time.settle();
    world.crash({ keepPageCache: false });
    expect(world.readAll(world.log(wanted))).toEqual([{ offset: 100, text: 'z' }]);
  });
});

describe('the list of logs', () => {
  test('survives a crash right after a log was made, and right after it was deleted', () => {
    const world = opened();
    const wanted = spec('listed');
    world.createOne(wanted);
    world.crash({ keepPageCache: false });
    expect(world.log(wanted).logEndOffset).toBe(0);
    let gone = false;
    world.opened.manager.delete([wanted], () => {
      gone = true;
    });
    while (!gone) world.time.step();
    world.crash({ keepPageCache: false });
    expect(world.opened.manager.all()).toEqual([]);
    expect(world.disk.files().filter((file) => file.path.includes('listed'))).toEqual([]);
  });

  test('gives a topic that is made again under its name a new, empty log', () => {
    const world = opened();
    const before = spec('again');
    const log = world.createOne(before);
    world.append(log, { values: ['old'] });
    world.time.settle();
    world.time.advance(6000);
    world.wait<number>((done) => log.deleteRecordsBefore(1, done));
    const after = { ...before, topicId: topicId('AAAAAAAAAAAAAAAAAAAAAQ') };
    const states: string[] = [];
    log.setListener({ onProgress: () => undefined, onState: (state) => states.push(state) });
    const made = world.createOne(after);
    expect(states).toEqual(['deleted']);
    expect([made.logStartOffset, made.logEndOffset]).toEqual([0, 0]);
    expect(world.opened.manager.get(before.topicId, 0)).toBeNull();
    world.crash({ keepPageCache: false });
    expect([world.log(after).state, world.log(after).logStartOffset]).toEqual(['open', 0]);
  });

  test('hands an existing log its new settings', () => {
    const world = opened();
    const lazy = spec('settled', { syncMode: 'lazy' });
    const log = world.createOne(lazy);
    world.append(log, { values: ['x'] });
    world.time.settle();
    expect(log.durableOffset).toBe(0);
    world.createOne({ ...lazy, config: { ...lazy.config, syncMode: 'always' } });
    expect(log.durableOffset).toBe(1);
  });

  test('deletes a log whose append is under way', () => {
    const world = opened();
    const wanted = spec('busy', { segmentBytes: 200 });
    const log = world.createOne(wanted);
    for (let i = 0; i < 20; i++) world.append(log, { values: ['x'.repeat(100)] });
    world.time.step();
    world.opened.manager.delete([wanted], () => undefined);
    world.time.settle();
    expect(world.append(log, { values: ['x'] })).toBeNull();
    expect(world.fatal).toBeNull();
    expect(world.disk.files().map((file) => file.path)).toEqual(['/data/logs.manifest']);
  });

  test('is made of 150 logs with a handful of syncs', () => {
    const world = opened();
    world.disk.operationCounts.clear();
    world.create(...Array.from({ length: 150 }, (_, i) => spec('wide', {}, i)));
    const { operationCounts: counts } = world.disk;
    expect((counts.get('sync') ?? 0) + (counts.get('syncDirectory') ?? 0)).toBe(3);
  });
});

describe('a full disk', () => {
  test('makes the log read-only with what was written; freed space makes it writable again', () => {
    const world = opened({ capacityBytes: 20_000 });
    const wanted = spec('full', { segmentBytes: 4000 });
    const log = world.createOne(wanted);
    const states: string[] = [];
    log.setListener({ onProgress: () => undefined, onState: (state) => states.push(state) });
    while (log.state === 'open') {
      world.append(log, { values: ['x'.repeat(300)] });
      world.time.settle();
    }
    expect(states).toEqual(['read-only']);
    expect(world.append(log, { values: ['x'] })).toBeNull();
    const kept = log.logEndOffset;
    expect(log.writtenOffset).toBe(kept);
    expect(world.readAll(log)).toHaveLength(kept);
    log.setHighWatermark(kept);
    world.wait<number>((done) => log.deleteRecordsBefore(20, done));
    world.time.settle();
    world.opened.manager.resumeWrites();
    world.time.settle();
    expect(log.state).toBe('open');
    expect(world.append(log, { values: ['after'] })).toBe(kept + 1);
    world.time.settle();
    expect(log.durableOffset).toBe(kept + 1);
    expect(world.readAll(log).at(-1)).toEqual({ offset: kept, text: 'after' });
    expect(world.fatal).toBeNull();
    world.crash({ keepPageCache: false });
    expect(world.log(wanted).logEndOffset).toBe(kept + 1);
  });
});

describe('little space', () => {
  test('is told before the disk is full, and read-only logs go on by themselves once it is over', () => {
    const world = opened({ capacityBytes: 20_000, minFree: () => 10_000 });
    const { manager } = world.opened;
    expect(manager.isLowOnSpace).toBe(false);
    const wanted = spec('little', { segmentBytes: 2000 });
    const log = world.createOne(wanted);
    while (log.state === 'open') {
      world.append(log, { values: ['x'.repeat(300)] });
      world.time.settle();
    }
    world.time.advance(6000);
    expect([manager.isLowOnSpace, log.state]).toEqual([true, 'read-only']);
    log.setHighWatermark(log.logEndOffset);
    world.wait<number>((done) => log.deleteRecordsBefore(log.logEndOffset - 5, done));
    world.time.advance(12_000);
    expect([manager.isLowOnSpace, log.state]).toEqual([false, 'open']);
  });
});

describe('space between two looks', () => {
  test('is what the last look found less what was appended since', () => {
    const world = opened({ capacityBytes: 20_000, minFree: () => 10_000 });
    const { manager } = world.opened;
    world.time.advance(1000);
    const log = world.createOne(spec('quick'));
    expect(manager.isLowOnSpace).toBe(false);
    for (let at = 0; at < 4; at++) world.append(log, { values: ['x'.repeat(3000)] });
    // Nobody has looked yet.
    expect([manager.isLowOnSpace, manager.stats().space.usableBytes > 10_000]).toEqual([true, true]);
    world.time.advance(2000);
    expect(manager.stats().space.usableBytes).toBeLessThan(10_000);
    expect(manager.troubles()).toEqual([expect.stringMatching(/weir\.disk\.min\.free: client records are refused$/)]);
  });
});

describe('a failing disk', () => {
  test.each(['write', 'sync'])('that fails a %s ends the process and acknowledges nothing', (operation) => {
    const world = opened();
    const log = world.createOne(spec('fatal'));
    world.disk.faults.fail = (name, path) => (name === operation && path.endsWith('.log') ? 'EIO' : null);
    world.append(log, { values: ['x'] });
    world.time.settle();
    expect(world.fatal).toMatchObject({ code: 'EIO', operation });
    expect(log.durableOffset).toBe(0);
  });

  test.each(['sync', 'syncDirectory'])('is never asked again for a %s that failed for want of space', (operation) => {
    const world = opened();
    const log = world.createOne(spec('thin'));
    world.append(log, { values: ['x'] });
    world.time.settle();
    let failures = 0;
    world.disk.faults.fail = (name, path) => {
      if (name !== operation || path.endsWith('.log')) return null;
      failures += 1;
      return failures === 1 ? 'ENOSPC' : null;
    };
    let written = false;
    world.opened.manager.checkpoint(() => {
      written = true;
    });
    world.time.advance(10_000);
    expect(world.fatal).toMatchObject({ code: 'ENOSPC', operation });
    expect(written).toBe(false);
  });

  test('that fails a read tells the reader', () => {
    const world = opened({ tailCacheBytes: 0 });
    const log = world.createOne(spec('unreadable'));
    world.append(log, { values: ['x'] });
    world.time.settle();
    world.disk.faults.fail = (name) => (name === 'read' ? 'EIO' : null);
    const outcome = world.attempt((done) =>
      log.read({ fetchOffset: 0, maxBytes: 9, minOneBatch: true, endOffset: 9 }, done),
    );
    expect(outcome.failure).toMatchObject({ kind: 'disk', failure: { code: 'EIO' } });
    expect(world.fatal).toBeNull();
  });
});
