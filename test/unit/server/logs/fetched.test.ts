import { Buffer } from 'node:buffer';
import { describe, expect, test } from '@jest/globals';
import { NO_LOG_BUGS } from '../../../../broker/core/log/planted-bugs.ts';
import { LogWorld, makeBatch, spec } from '../../../support/logs/log-world.ts';

const wanted = spec('t');
const SEEDS = Array.from({ length: 20 }, (_, seed) => seed);

/** Where the log ends after a power cut right behind a cut at 5. */
function endAfterCut(seed: number, cutsUnsynced: boolean): number {
  const w = new LogWorld(seed);
  w.bugs = { ...NO_LOG_BUGS, cutsUnsynced };
  w.start();
  const log = w.createOne(wanted);
  for (let i = 0; i < 9; i++) w.append(log, { values: [`v${i}`] });
  w.time.settle();
  let end = -1;
  log.truncateTo(5, () => {
    w.crash({ keepPageCache: false });
    end = w.log(wanted).logEndOffset;
  });
  while (end === -1) w.time.step();
  return end;
}

describe('a cut', () => {
  test('is synced before it is called done (D6)', () => {
    expect(SEEDS.map((seed) => endAfterCut(seed, false))).toEqual(SEEDS.map(() => 5));
  });

  test('that is not synced is noticed', () => {
    expect(SEEDS.map((seed) => endAfterCut(seed, true))).toContain(9);
  });
});

describe('batches of a leader', () => {
  const compacted = Buffer.concat([
    makeBatch(3, { values: ['a', 'b'], leaderEpoch: 1 }),
    makeBatch(9, { values: ['c'], leaderEpoch: 2, producerId: 4, producerEpoch: 0, baseSequence: 7 }),
  ]);
  const texts = [
    { offset: 3, text: 'a' },
    { offset: 4, text: 'b' },
    { offset: 9, text: 'c' },
  ];

  test('keep their offsets, epochs, gaps and producers, over a power cut too', () => {
    const w = new LogWorld(1);
    w.start();
    const log = w.createOne(wanted);
    expect(w.wait<number>((done) => log.appendFetched(compacted, { nowMs: 1, gapEnd: 9 }, done))).toBe(10);
    for (const one of [log, (w.crash({ keepPageCache: false }), w.log(wanted))]) {
      expect(one).toMatchObject({ state: 'open', logEndOffset: 10, latestEpoch: 2 });
      expect(one.endOffsetForEpoch(1)).toEqual({ leaderEpoch: 1, endOffset: 9 });
      const again = { producerId: 4, producerEpoch: 0, baseSequence: 7, lastSequence: 7 };
      expect(one.checkProducer(again)).toMatchObject({ kind: 'duplicate', baseOffset: 9 });
      expect(w.readAll(one)).toEqual(texts);
    }
    // What follows is appended at once.
    const more = makeBatch(10, { values: ['d'], leaderEpoch: 2 });
    let end = 0;
    w.log(wanted).appendFetched(more, { nowMs: 1, gapEnd: -1 }, (_failure, value) => {
      end = value ?? -1;
    });
    expect(end).toBe(11);
  });

  test('with gaps are never taken for damage, at whatever moment the power goes', () => {
    for (let steps = 0; ; steps++) {
      const w = new LogWorld(steps);
      w.start();
      const log = w.createOne(wanted);
      log.appendFetched(compacted, { nowMs: 1, gapEnd: 9 }, () => undefined);
      let isMore = true;
      for (let i = 0; i < steps && isMore; i++) isMore = w.time.step();
      w.crash({ keepPageCache: false });
      expect(w.log(wanted).state).toBe('open');
      expect([0, 5, 10]).toContain(w.log(wanted).logEndOffset);
      if (!isMore) break;
    }
  });

  test('are refused by a log that takes nothing', () => {
    const w = new LogWorld(1);
    w.start();
    const log = w.createOne(wanted);
    w.opened.manager.delete([wanted], () => undefined);
    w.time.settle();
    expect(w.attempt<number>((done) => log.appendFetched(compacted, { nowMs: 1, gapEnd: 9 }, done)).failure).toEqual({
      kind: 'deleted',
    });
  });
});
