import { describe, expect, test } from '@jest/globals';
import type { LogConfig } from '../../../../broker/core/log/config.ts';
import type { PartitionLog } from '../../../../broker/server/logs/partition-log.ts';
import { LogWorld, makeBatch, spec } from '../../../support/logs/log-world.ts';

const FIRST = '/data/orders-0/00000000000000000000.log';

function world(config: Partial<LogConfig> = {}): {
  readonly w: LogWorld;
  readonly log: PartitionLog;
  readonly wanted: ReturnType<typeof spec>;
} {
  const w = new LogWorld(1);
  w.start();
  const wanted = spec('orders', config);
  return { w, log: w.createOne(wanted), wanted };
}

function fill(w: LogWorld, log: PartitionLog, count: number): void {
  for (let i = 0; i < count; i++) w.append(log, { values: [`v${log.logEndOffset}`] });
  w.time.settle();
}

describe('after an unclean stop', () => {
  test('a torn tail above the mark is cut and the log goes on', () => {
    const { w, log, wanted } = world();
    fill(w, log, 10);
    const size = makeBatch(0, { values: ['v0'] }).length;
    w.stopDead({ keepPageCache: true });
    w.disk.poke(FIRST, size * 8 + 30, Buffer.from([0xff, 0xff]));
    w.start();
    const recovered = w.log(wanted);
    expect([recovered.state, recovered.logEndOffset, recovered.durableOffset]).toEqual(['open', 8, 8]);
    expect(w.disk.peek(FIRST)?.length).toBe(size * 8);
    fill(w, recovered, 1);
    expect(w.readAll(recovered).map((record) => record.text)).toEqual([
      'v0',
      'v1',
      'v2',
      'v3',
      'v4',
      'v5',
      'v6',
      'v7',
      'v8',
    ]);
  });

  test('a bad batch below the mark is damage: nothing is cut, nothing is served, also after the next start', () => {
    const { w, log, wanted } = world();
    fill(w, log, 10);
    w.time.advance(6000);
    w.stopDead({ keepPageCache: true });
    const before = w.disk.peek(FIRST)?.length;
    w.disk.poke(FIRST, 100, Buffer.from([0xff, 0xff]));
    const opened = w.start();
    expect(opened.damaged).toEqual([
      { topic: 'orders', partition: 0, reason: expect.stringContaining('below its durable mark 10') },
    ]);
    const damaged = w.log(wanted);
    expect(damaged.state).toBe('damaged');
    expect(w.append(damaged, { values: ['x'] })).toBeNull();
    const outcome = w.attempt((done) =>
      damaged.read({ fetchOffset: 0, maxBytes: 9, minOneBatch: true, endOffset: 9 }, done),
    );
    expect(outcome.failure?.kind).toBe('damaged');
    expect(w.disk.peek(FIRST)?.length).toBe(before);
    w.shutdown();
    expect(w.start().damaged).toHaveLength(1);
    expect(w.disk.peek(FIRST)?.length).toBe(before);
  });

  test('bad bytes above the mark are cut, and the log is suspect until it is trusted, whatever ends a start (D8)', () => {
    const { w, log, wanted } = world();
    fill(w, log, 10);
    w.stopDead({ keepPageCache: true });
    w.disk.poke(FIRST, (w.disk.peek(FIRST)?.length ?? 0) - 3, Buffer.from([0xff, 0xff]));
    w.start();
    const state = (): unknown => [w.log(wanted).state, w.log(wanted).logEndOffset, w.log(wanted).isSuspect];
    expect(state()).toEqual(['open', 9, true]);
    w.crash({ keepPageCache: false });
    expect(state()).toEqual(['open', 9, true]);
    w.shutdown();
    w.start();
    expect(state()).toEqual(['open', 9, true]);
    w.opened.manager.trust(wanted);
    expect(state()).toEqual(['open', 9, false]);
    w.time.settle();
    w.crash({ keepPageCache: true });
    expect(state()).toEqual(['open', 9, false]);
  });

  test.each([1, 70])(
    'a last batch that was not written to its end is cut, and nothing is suspect (%i bytes)',
    (missing) => {
      const { w, log, wanted } = world();
      fill(w, log, 10);
      w.stopDead({ keepPageCache: true });
      const size = w.disk.peek(FIRST)?.length ?? 0;
      w.disk.open(FIRST, { create: false }, (_failure, file) => file?.truncate(size - missing, () => undefined));
      w.time.settle();
      w.start();
      expect([w.log(wanted).logEndOffset, w.log(wanted).isSuspect]).toEqual([9, false]);
    },
  );

  test('a log that is shorter than its mark is damaged', () => {
    const { w, log, wanted } = world();
    fill(w, log, 10);
    w.time.advance(6000);
    w.stopDead({ keepPageCache: true });
    w.disk.vanish(FIRST);
    w.start();
    expect(w.log(wanted).state).toBe('damaged');
  });

  test('a segment that retention removed does no harm when it is back alone', () => {
    const { w, log, wanted } = world({ segmentBytes: 500, retentionMs: 1000 });
    fill(w, log, 30);
    const bytes = w.disk.peek(FIRST);
    if (bytes === null) throw new Error('there is a first segment');
    log.setHighWatermark(30);
    w.time.advance(20_000);
    w.opened.manager.runRetention();
    w.time.advance(6000);
    expect([log.logStartOffset, w.disk.peek(FIRST)]).toEqual([30, null]);
    w.stopDead({ keepPageCache: false });
    w.disk.open(FIRST, { create: true }, (_failure, file) => file?.write(0, [bytes], () => file.sync(() => undefined)));
    w.time.settle();
    w.start();
    const recovered = w.log(wanted);
    expect([recovered.state, recovered.logStartOffset, recovered.logEndOffset]).toEqual(['open', 30, 30]);
    fill(w, recovered, 2);
    expect(w.readAll(recovered).map(({ offset }) => offset)).toEqual([30, 31]);
  });

  test('a listed log without its directory is damaged; one that is not listed is removed', () => {
    const { w, log, wanted } = world();
    fill(w, log, 3);
    w.stopDead({ keepPageCache: true });
    w.disk.vanish('/data/orders-0');
    w.disk.makeDirectory('/data/stray-0', () => undefined);
    w.time.settle();
    w.start();
    expect(w.log(wanted).stateReason).toContain('directory is missing');
    expect(w.disk.files().filter((file) => file.path.includes('stray'))).toEqual([]);
  });

  test('the metadata log beside the logs is left alone', () => {
    const { w } = world();
    w.disk.makeDirectory('/data/__cluster_metadata-0', () => undefined);
    w.time.settle();
    w.disk.open('/data/__cluster_metadata-0/x.log', { create: true }, () => undefined);
    w.time.settle();
    w.crash({ keepPageCache: true });
    expect(w.disk.peek('/data/__cluster_metadata-0/x.log')).not.toBeNull();
  });

  test('a segment behind a hole goes, however good it is', () => {
    const { w, log, wanted } = world({ segmentBytes: 500 });
    fill(w, log, 30);
    const bases = w.disk.files().filter((file) => file.path.endsWith('.log'));
    expect(bases.length).toBeGreaterThan(3);
    w.stopDead({ keepPageCache: true });
    w.disk.vanish(bases[2]?.path ?? '');
    w.start();
    const recovered = w.log(wanted);
    expect(recovered.state).toBe('open');
    expect(w.readAll(recovered)).toHaveLength(recovered.logEndOffset);
    expect(w.disk.files().filter((file) => file.path.endsWith('.log'))).toHaveLength(2);
  });

  test('indexes that are missing or spoiled are made again', () => {
    const { w, log, wanted } = world({ segmentBytes: 60_000 });
    for (let i = 0; i < 120; i++) w.append(log, { values: ['x'.repeat(1000)], timestamp: 1000 + i });
    w.time.settle();
    w.time.advance(6000);
    const paths = ['index', 'timeindex'].map((kind) => `/data/orders-0/00000000000000000000.${kind}`);
    const whole = paths.map((path) => w.disk.peek(path));
    expect(whole[0]?.length).toBeGreaterThan(80);
    w.stopDead({ keepPageCache: true });
    w.disk.vanish(paths[0] ?? '');
    w.start();
    expect(paths.map((path) => w.disk.peek(path))).toEqual(whole);
    expect(w.readAll(w.log(wanted))).toHaveLength(120);
  });

  test('epochs are learnt from the batches', () => {
    const { w, log, wanted } = world();
    for (const leaderEpoch of [0, 0, 3, 3, 7]) w.append(log, { values: ['x'], leaderEpoch });
    w.time.settle();
    w.crash({ keepPageCache: true });
    const recovered = w.log(wanted);
    expect(recovered.latestEpoch).toBe(7);
    expect(recovered.endOffsetForEpoch(3)).toEqual({ leaderEpoch: 3, endOffset: 4 });
    expect(recovered.epochAt(1)).toBe(0);
  });

  test('a producer is remembered from snapshot and batches, so that a duplicate is told', () => {
    const w = new LogWorld(1, { snapshotIntervalBytes: 300 });
    w.start();
    const wanted = spec('orders');
    const log = w.createOne(wanted);
    for (let i = 0; i < 10; i++) {
      w.append(log, { values: [`v${i}`], producerId: 9, producerEpoch: 1, baseSequence: i });
      w.time.settle();
    }
    w.time.advance(6000);
    w.crash({ keepPageCache: false });
    const claim = { producerId: 9, producerEpoch: 1, baseSequence: 9, lastSequence: 9 };
    expect(w.log(wanted).checkProducer(claim)).toMatchObject({ kind: 'duplicate', baseOffset: 9, lastOffset: 9 });
    expect(w.log(wanted).checkProducer({ ...claim, baseSequence: 12, lastSequence: 12 }).kind).toBe(
      'out-of-order-sequence',
    );
  });

  test('the high watermark comes back, never above what was durable', () => {
    const { w, log, wanted } = world({ syncMode: 'lazy' });
    fill(w, log, 5);
    w.opened.manager.checkpoint(() => undefined);
    log.setHighWatermark(4);
    w.time.advance(6000);
    w.crash({ keepPageCache: true });
    expect(w.log(wanted).highWatermark).toBe(4);
  });
});

describe('after a clean stop', () => {
  test('the proof is given once and no record is read again', () => {
    const { w, log, wanted } = world();
    fill(w, log, 100);
    w.shutdown(42);
    w.disk.operationCounts.clear();
    expect(w.start().previousBrokerEpoch).toBe(42);
    expect(w.log(wanted).logEndOffset).toBe(100);
    // The header of the first batch, the end of the time index and the headers about the batch that it names: never all.
    expect(w.disk.operationCounts.get('read')).toBeLessThanOrEqual(4);
    expect(w.crash({ keepPageCache: false }).previousBrokerEpoch).toBe(-1);
  });

  test('a proof that contradicts the files is not believed', () => {
    const { w, log, wanted } = world();
    fill(w, log, 10);
    w.shutdown(42);
    w.disk.vanish('/data/orders-0/00000000000000000010.snapshot');
    w.start();
    expect(w.log(wanted).logEndOffset).toBe(10);
    expect(w.readAll(w.log(wanted))).toHaveLength(10);
  });
});

describe('the data directory', () => {
  test('with logs and without a manifest is refused', () => {
    const { w } = world();
    w.stopDead({ keepPageCache: true });
    w.disk.vanish('/data/logs.manifest');
    expect(() => w.start()).toThrow('has a log (orders-0) but no logs.manifest');
  });

  test('with a spoiled manifest is refused', () => {
    const { w } = world();
    w.stopDead({ keepPageCache: true });
    w.disk.poke('/data/logs.manifest', 30, Buffer.from('?'));
    expect(() => w.start()).toThrow('unreadable');
  });
});
