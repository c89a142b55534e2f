import { describe, expect, test } from '@jest/globals';
import { CLEAN_SHUTDOWN } from '../../../../broker/core/log/file-names.ts';
import { crc32c } from '../../../../broker/io/crc32c.ts';
import { acceptLoss, inspectLoss, type Loss } from '../../../../broker/server/logs/accept-loss.ts';
import { runTask, type Task } from '../../../../broker/server/task.ts';
import { DIRECTORY, LogWorld, spec } from '../../../support/logs/log-world.ts';

const wanted = spec('orders', { segmentBytes: 700, indexIntervalBytes: 100 });
const other = spec('other');
const SECOND = '00000000000000000010.log';

/** A node that stopped after it found its log damaged in the second of several segments. */
function damaged(seed = 9): LogWorld {
  const w = new LogWorld(seed, { tailCacheBytes: 0 });
  w.start();
  const log = w.createOne(wanted);
  for (let i = 0; i < 40; i++) w.append(log, { values: [`v${i}`], timestamp: 1000 + i });
  w.append(w.createOne(other), { values: ['kept'] });
  w.time.settle();
  w.shutdown();
  w.disk.poke(`${DIRECTORY}/orders-0/${SECOND}`, 100, Buffer.from([0xff, 0xee]));
  w.start();
  expect(() => w.readAll(w.log(wanted))).toThrow('damaged');
  w.time.settle();
  w.shutdown();
  return w;
}

const directoryOf = (w: LogWorld) => ({ disk: w.disk, crc32c, directory: DIRECTORY });

function run<T>(w: LogWorld, task: Task<T>): T {
  let outcome: { readonly error: unknown; readonly value: T | undefined } | null = null;
  runTask(task, (error, value) => {
    outcome = { error, value };
  });
  w.time.settle();
  const ended = outcome as { readonly error: unknown; readonly value: T | undefined } | null;
  if (ended === null || ended.error !== null) throw ended?.error ?? new Error('it did not end');
  return ended.value as T;
}

function lossOf(w: LogWorld): Loss {
  const loss = run(w, inspectLoss(directoryOf(w), 'orders', 0));
  if (typeof loss === 'string') throw new Error(loss);
  return loss;
}

describe('a loss that is accepted', () => {
  test('is named before: what is kept, what goes, and where the damage is', () => {
    const w = damaged();
    const before = w.disk.files();
    const loss = lossOf(w);
    expect(loss).toMatchObject({ startOffset: 0, goodEndOffset: 11, knownEndOffset: 40 });
    expect(loss.reason).toMatch(new RegExp(`checksum at byte \\d+ of ${DIRECTORY}/orders-0/${SECOND}`));
    expect(loss.sizeInBytes).toBeGreaterThan(1500);
    expect(w.disk.files()).toEqual(before);
  });

  test('lets the log go on with what is good; what is given up is kept aside, other logs are as they were', () => {
    const w = damaged();
    const spoiled = w.disk.peek(`${DIRECTORY}/orders-0/${SECOND}`);
    const kept = run(w, acceptLoss(directoryOf(w), lossOf(w)));
    w.start();
    const log = w.log(wanted);
    expect([log.state, log.logEndOffset, log.highWatermark]).toEqual(['open', 11, 0]);
    expect(w.readAll(log).map(({ text }) => text)).toEqual(Array.from({ length: 11 }, (_, i) => `v${i}`));
    w.append(log, { values: ['again'] });
    w.time.settle();
    w.crash({ keepPageCache: false });
    expect(w.readAll(w.log(wanted)).at(-1)).toEqual({ offset: 11, text: 'again' });
    expect(w.readAll(w.log(other))).toEqual([{ offset: 0, text: 'kept' }]);
    expect(w.disk.peek(`${kept}/${SECOND}`)).toEqual(spoiled);
  });

  test('is none when the file was restored: then the log is only let go', () => {
    const w = damaged();
    const path = `${DIRECTORY}/orders-0/${SECOND}`;
    const whole = Buffer.from(w.disk.peek(path) ?? []);
    const intact = new LogWorld(9);
    intact.start();
    const log = intact.createOne(wanted);
    for (let i = 0; i < 40; i++) intact.append(log, { values: [`v${i}`], timestamp: 1000 + i });
    intact.time.settle();
    w.disk.poke(path, 0, intact.disk.peek(path) ?? whole);
    expect(lossOf(w)).toMatchObject({ reason: '', goodEndOffset: 40 });
    expect(run(w, acceptLoss(directoryOf(w), lossOf(w)))).toBe('');
    w.start();
    expect(w.readAll(w.log(wanted))).toHaveLength(40);
  });

  test('takes the proof of a clean stop with it: who has given something up vouches for nothing (D4)', () => {
    const w = damaged();
    const proof = `${DIRECTORY}/${CLEAN_SHUTDOWN}`;
    expect(w.disk.peek(proof)).not.toBeNull();
    run(w, acceptLoss(directoryOf(w), lossOf(w)));
    expect(w.disk.peek(proof)).toBeNull();
    expect(w.start().previousBrokerEpoch).toBe(-1);
  });

  test('of everything makes the log go on behind the offsets that were known', () => {
    const w = damaged();
    w.disk.vanish(`${DIRECTORY}/orders-0`);
    expect(lossOf(w)).toMatchObject({ goodEndOffset: 0, knownEndOffset: 40, reason: 'the log ends at offset 0' });
    run(w, acceptLoss(directoryOf(w), lossOf(w)));
    w.start();
    expect([w.log(wanted).state, w.log(wanted).logStartOffset, w.log(wanted).logEndOffset]).toEqual(['open', 40, 40]);
  });

  test('has what is given up aside for good when it is told, though power is cut then', () => {
    for (let seed = 1; seed <= 8; seed += 1) {
      const w = damaged(seed);
      const spoiled = w.disk.peek(`${DIRECTORY}/orders-0/${SECOND}`);
      const kept = run(w, acceptLoss(directoryOf(w), lossOf(w)));
      w.stopDead({ keepPageCache: false });
      expect([seed, w.disk.peek(`${kept}/${SECOND}`)]).toEqual([seed, spoiled]);
    }
  });

  test('leaves the log damaged or lets it go when power is cut at any moment', () => {
    for (let steps = 0; steps < 60; steps += 3) {
      const w = damaged();
      const loss = lossOf(w);
      runTask(acceptLoss(directoryOf(w), loss), () => undefined);
      for (let i = 0; i < steps; i++) w.time.step();
      w.stopDead({ keepPageCache: false });
      w.start();
      const log = w.log(wanted);
      if (log.state !== 'damaged') expect([steps, log.logEndOffset]).toEqual([steps, 11]);
      expect(w.readAll(w.log(other))).toHaveLength(1);
    }
  });

  test.each([
    ['nowhere', 0, 'has no log of nowhere-0'],
    ['other', 0, 'other-0 is not damaged'],
  ])('of %s-%i is refused', (topic, partition, sentence) => {
    const w = damaged();
    expect(run(w, inspectLoss(directoryOf(w), topic, partition))).toContain(sentence);
  });
});

describe('of a log that was set aside and what was fetched again in its place', () => {
  /** Segments begin anew each 10 records; `fetched` records of the log are there again, the fault is in the one at offset 11. */
  function beingFetched(fetched: number, seed = 9): LogWorld {
    const w = damaged(seed);
    w.start();
    w.opened.manager.replaceDamaged(wanted, () => undefined);
    w.time.settle();
    for (let i = 0; i < fetched; i++) w.append(w.log(wanted), { values: [`v${i}`], timestamp: 1000 + i });
    w.time.settle();
    w.shutdown();
    return w;
  }
  const names = (w: LogWorld, part: string): boolean => w.disk.files().some(({ path }) => path.includes(part));
  const values = (count: number) => Array.from({ length: count }, (_, i) => `v${i}`);

  test.each([
    { fetched: 0, left: 11 },
    { fetched: 5, left: 11 },
    { fetched: 30, left: 30 },
  ])('the one with more goes on, the other one is kept: %o', ({ fetched, left }) => {
    const w = beingFetched(fetched);
    const loss = lossOf(w);
    expect(loss).toMatchObject({ isAside: fetched < 11, startOffset: 0, goodEndOffset: left });
    expect(loss.reason).not.toBe('');
    run(w, acceptLoss(directoryOf(w), loss));
    w.start();
    expect(w.opened.manager.isIncomplete(wanted)).toBe(false);
    expect(w.readAll(w.log(wanted)).map(({ text }) => text)).toEqual(values(left));
    expect([names(w, '.damaged/'), names(w, '.kept/')]).toEqual([false, true]);
    w.time.settle();
    w.shutdown();
    expect(run(w, inspectLoss(directoryOf(w), 'orders', 0))).toMatch('is not damaged');
  });

  test.each([5, 30])(
    'one of both is incomplete, or has all that was let go, when power is cut at any moment: %i',
    (fetched) => {
      const seen = new Set<boolean>();
      for (let steps = 0; ; steps += 1) {
        const w = beingFetched(fetched, steps);
        let isDone = false;
        runTask(acceptLoss(directoryOf(w), lossOf(w)), () => {
          isDone = true;
        });
        for (let i = 0; i < steps; i++) w.time.step();
        w.stopDead({ keepPageCache: false });
        w.start();
        const isLeft = w.opened.manager.isIncomplete(wanted);
        seen.add(isLeft);
        w.shutdown();
        if (isLeft) run(w, acceptLoss(directoryOf(w), lossOf(w)));
        w.start();
        expect([steps, w.readAll(w.log(wanted)).map(({ text }) => text)]).toEqual([
          steps,
          values(Math.max(11, fetched)),
        ]);
        if (isDone) break;
      }
      expect([...seen].toSorted()).toEqual([false, true]);
    },
  );
});
