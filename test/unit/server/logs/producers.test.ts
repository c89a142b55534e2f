import { describe, expect, test } from '@jest/globals';
import { BATCHES_KEPT, PRODUCERS_MAX, type ProducerClaim } from '../../../../broker/core/log/producer-state.ts';
import { SEQUENCE_MAX } from '../../../../broker/core/record/batch.ts';
import { LogWorld, spec } from '../../../support/logs/log-world.ts';

const claim = (producerId: number, baseSequence: number, producerEpoch = 0): ProducerClaim => ({
  producerId,
  producerEpoch,
  baseSequence,
  lastSequence: baseSequence,
});

function world(config: Parameters<typeof spec>[1] = {}, options: ConstructorParameters<typeof LogWorld>[1] = {}) {
  const w = new LogWorld(1, options);
  w.start();
  const wanted = spec('orders', config);
  const log = w.createOne(wanted);
  const append = (producerId: number, baseSequence: number): void => {
    w.append(w.log(wanted), { values: ['x'], producerId, producerEpoch: 0, baseSequence });
  };
  return { w, log, wanted, append };
}

describe('idempotent producers of a log', () => {
  test('are told each of their last batches after a kill right after a roll', () => {
    const { w, log, wanted, append } = world({ segmentBytes: 400 });
    const end = BATCHES_KEPT + 2;
    for (let i = 0; i < end; i++) append(3, i);
    // As many steps as it takes to have everything written, and not one more.
    while (log.writtenOffset < end) w.time.step();
    w.crash({ keepPageCache: true });
    expect(w.log(wanted).logEndOffset).toBe(end);
    for (let i = 2; i < end; i++) {
      expect(w.log(wanted).checkProducer(claim(3, i))).toMatchObject({ kind: 'duplicate', baseOffset: i });
    }
    expect(w.log(wanted).checkProducer(claim(3, end + 1)).kind).toBe('out-of-order-sequence');
    expect(w.log(wanted).checkProducer(claim(3, end)).kind).toBe('accept');
  });

  test('are remembered when all their records are deleted, through clean and unclean starts', () => {
    const { w, wanted, append } = world({ retentionMs: -1 });
    for (let i = 0; i < 5; i++) append(3, i);
    w.time.settle();
    w.log(wanted).setHighWatermark(5);
    w.wait<number>((done) => w.log(wanted).deleteRecordsBefore(5, done));
    w.time.settle();
    expect(w.disk.files().filter(({ path, size }) => path.endsWith('.log') && size > 0)).toEqual([]);
    for (const end of [() => w.crash({ keepPageCache: false }), () => (w.shutdown(), w.start())]) {
      end();
      expect(w.log(wanted).logStartOffset).toBe(5);
      expect(w.log(wanted).checkProducer(claim(3, 4))).toMatchObject({ kind: 'duplicate', baseOffset: 4 });
      expect(w.log(wanted).checkProducer(claim(3, 9)).kind).toBe('out-of-order-sequence');
    }
  });

  test('wrap around the largest sequence across a start', () => {
    const { w, wanted, append } = world();
    append(3, SEQUENCE_MAX - 1);
    append(3, SEQUENCE_MAX);
    append(3, 0);
    w.time.settle();
    w.shutdown();
    w.start();
    for (const sequence of [SEQUENCE_MAX - 1, SEQUENCE_MAX, 0]) {
      expect(w.log(wanted).checkProducer(claim(3, sequence)).kind).toBe('duplicate');
    }
    expect(w.log(wanted).checkProducer(claim(3, 1)).kind).toBe('accept');
  });

  test('are forgotten once silent for producer.id.expiration.ms, by the check of its own interval', () => {
    const { w, log, append } = world({ producerIdExpirationMs: 5000 }, { producerCheckIntervalMs: 1000 });
    append(3, 7);
    w.time.settle();
    w.time.advance(4500);
    expect(log.checkProducer(claim(3, 9)).kind).toBe('out-of-order-sequence');
    w.time.advance(1500);
    expect(log.checkProducer(claim(3, 9)).kind).toBe('accept');
  });

  test('stay forgotten when a start has to learn the leader epochs again from batches that the snapshot knows', () => {
    const { w, wanted, append } = world(
      { producerIdExpirationMs: 5000, segmentBytes: 200 },
      { producerCheckIntervalMs: 1000 },
    );
    append(3, 7);
    w.time.settle();
    w.time.advance(7000);
    // Two more segments: the snapshot between them does not know the producer.
    for (let i = 0; i < 4; i++) append(4, i);
    w.time.settle();
    w.opened.manager.checkpoint(() => undefined);
    w.time.settle();
    w.stopDead({ keepPageCache: false });
    for (const { path } of w.disk.files()) if (path.includes('leader-epoch')) w.disk.vanish(path);
    w.start();
    const log = w.log(wanted);
    expect([log.state, log.epochAt(0), log.logEndOffset]).toEqual(['open', 0, 5]);
    expect(log.checkProducer(claim(4, 3)).kind).toBe('duplicate');
    expect(log.checkProducer(claim(3, 9)).kind).toBe('accept');
  });

  test('past the largest number are refused, which is said once, and accepted when others expired', () => {
    const warnings: string[] = [];
    const { w, log, append } = world({ producerIdExpirationMs: 5000 }, { producerCheckIntervalMs: 1000 });
    w.onWarning = (message) => warnings.push(message);
    for (let id = 0; id < PRODUCERS_MAX; id++) append(id, 0);
    for (let i = 0; i < 3; i++) expect(log.checkProducer(claim(77_777, 0)).kind).toBe('too-many-producers');
    expect(log.checkProducer(claim(5, 1)).kind).toBe('accept');
    expect(warnings).toEqual(['new idempotent producers are refused until others expire']);
    w.time.settle();
    w.time.advance(6000);
    expect(log.checkProducer(claim(77_777, 0)).kind).toBe('accept');
  });
});
