import { Buffer } from 'node:buffer';
import { describe, expect, test } from '@jest/globals';
import { LogWorld, spec } from '../../../support/logs/log-world.ts';

const wanted = spec('t');
const FIRST = '/data/t-0/00000000000000000000.log';

/** A node whose log of `t` is found damaged at its start. */
function damagedNode(seed = 1): LogWorld {
  const w = new LogWorld(seed);
  w.start();
  w.createOne(wanted);
  for (let i = 0; i < 9; i++) w.append(w.log(wanted), { values: [`old-${i}`] });
  w.time.settle();
  w.wait((done) => w.opened.manager.checkpoint(() => done(null, undefined)));
  w.stopDead({ keepPageCache: true });
  w.disk.poke(FIRST, 100, Buffer.from([0xff, 0xff]));
  w.start();
  expect(w.log(wanted).state).toBe('damaged');
  return w;
}

const aside = (w: LogWorld): string[] =>
  w.disk
    .files()
    .map(({ path }) => path)
    .filter((path) => path.includes('.damaged/'));

describe('a damaged log', () => {
  test('gives way to an empty one, which takes records and outlives a crash; what was damaged is kept until it is dropped', () => {
    const w = damagedNode();
    w.opened.manager.replaceDamaged(wanted, () => undefined);
    w.time.settle();
    expect(w.log(wanted)).toMatchObject({ state: 'open', logStartOffset: 0, logEndOffset: 0, highWatermark: 0 });
    expect(aside(w)).toContain(`/data/${wanted.topicId}-0.damaged/00000000000000000000.log`);
    w.append(w.log(wanted), { values: ['new'] });
    w.time.settle();
    w.crash({ keepPageCache: false });
    expect(w.readAll(w.log(wanted))).toEqual([{ offset: 0, text: 'new' }]);
    expect(aside(w)).not.toHaveLength(0);
    expect(w.opened.manager.isIncomplete(wanted)).toBe(true);
    w.opened.manager.trust(wanted);
    w.time.settle();
    expect(aside(w)).toHaveLength(0);
    expect(w.opened.manager.isIncomplete(wanted)).toBe(false);
    w.crash({ keepPageCache: false });
    expect(aside(w)).toHaveLength(0);
    expect(w.opened.manager.isIncomplete(wanted)).toBe(false);
  });

  test('whose directory is gone is missed after a restart, too', () => {
    const w = damagedNode();
    w.stopDead({ keepPageCache: true });
    w.disk.vanish('/data/t-0');
    w.start();
    w.opened.manager.replaceDamaged(wanted, () => undefined);
    w.time.settle();
    w.append(w.log(wanted), { values: ['new'] });
    w.time.settle();
    w.crash({ keepPageCache: false });
    expect(w.log(wanted)).toMatchObject({ state: 'open', logEndOffset: 1 });
    expect(w.opened.manager.isIncomplete(wanted)).toBe(true);
  });

  test('that is damaged again before it had everything goes; the first one stays aside', () => {
    const w = damagedNode();
    const first = Buffer.from(w.disk.peek(FIRST) ?? []);
    w.opened.manager.replaceDamaged(wanted, () => undefined);
    w.time.settle();
    w.append(w.log(wanted), { values: ['newer'] });
    w.wait((done) => w.opened.manager.checkpoint(() => done(null, undefined)));
    w.stopDead({ keepPageCache: true });
    w.disk.poke(FIRST, 70, Buffer.from([0xff, 0xff]));
    w.start();
    w.opened.manager.replaceDamaged(wanted, () => undefined);
    w.time.settle();
    expect(w.log(wanted)).toMatchObject({ state: 'open', logEndOffset: 0 });
    const kept = aside(w).filter((path) => path.endsWith('.log'));
    expect(kept.map((path) => w.disk.peek(path))).toEqual([first]);
  });

  test('goes with its topic, and so does what was set aside', () => {
    const w = damagedNode();
    w.opened.manager.replaceDamaged(wanted, () => undefined);
    w.opened.manager.delete([wanted], () => undefined);
    w.time.settle();
    expect(aside(w)).toHaveLength(0);
    expect(w.opened.manager.get(wanted.topicId, 0)).toBeNull();
  });

  test('only: one that is whole stays', () => {
    const w = new LogWorld(1);
    w.start();
    w.append(w.createOne(wanted), { values: ['a'] });
    w.time.settle();
    w.opened.manager.replaceDamaged(wanted, () => undefined);
    w.time.settle();
    expect(w.readAll(w.log(wanted))).toHaveLength(1);
  });

  test('is damaged still or empty after a power cut at any moment of being replaced', () => {
    const seen = new Set<string>();
    for (let steps = 0; ; steps++) {
      const w = damagedNode(steps);
      let isDone = false;
      w.opened.manager.replaceDamaged(wanted, () => {
        isDone = true;
      });
      for (let i = 0; i < steps; i++) w.time.step();
      w.crash({ keepPageCache: false });
      const { state, logEndOffset } = w.log(wanted);
      expect(w.opened.manager.isIncomplete(wanted)).toBe(true);
      seen.add(`${state} ${logEndOffset}`);
      if (isDone) break;
    }
    expect([...seen].toSorted()).toEqual(['damaged 0', 'open 0']);
  });
});

test('what was kept is there as a whole or not at all after a power cut at any moment of being dropped', () => {
  const seen = new Set<number>();
  for (let steps = 0; ; steps++) {
    const w = damagedNode(steps);
    w.opened.manager.replaceDamaged(wanted, () => undefined);
    w.time.settle();
    const whole = aside(w).length;
    w.opened.manager.trust(wanted);
    for (let i = 0; i < steps; i++) w.time.step();
    const isDone = !w.opened.manager.isIncomplete(wanted);
    w.crash({ keepPageCache: false });
    expect([0, whole]).toContain(aside(w).length);
    expect(w.opened.manager.isIncomplete(wanted)).toBe(aside(w).length > 0);
    seen.add(aside(w).length);
    if (isDone) {
      expect([...seen]).toEqual([whole, 0]);
      return;
    }
  }
});

describe('a cut that finds bad bytes below it', () => {
  test('makes the log damaged', () => {
    const w = new LogWorld(1);
    w.start();
    const log = w.createOne(wanted);
    for (let i = 0; i < 9; i++) w.append(log, { values: [`old-${i}`] });
    w.time.settle();
    w.disk.poke(FIRST, 100, Buffer.from([0xff, 0xff]));
    const outcome = w.attempt((done) => log.truncateTo(5, done));
    expect(outcome.failure?.kind).toBe('damaged');
    expect(log.state).toBe('damaged');
    expect(w.crash({ keepPageCache: true }).damaged).toHaveLength(1);
  });
});
