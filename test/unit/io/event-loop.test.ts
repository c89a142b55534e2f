import { describe, expect, it } from '@jest/globals';
import { EventLoop } from '../../../broker/io/loop/event-loop.ts';

/** Resolves when the loop has run everything that was posted before. */
const settled = (loop: EventLoop): Promise<void> => new Promise((done) => loop.post(done));

describe('the event loop', () => {
  it('never runs an input inside the call that posts it, and keeps the order', async () => {
    const loop = new EventLoop();
    const calls: string[] = [];
    loop.post(() => calls.push('first'));
    loop.post(() => {
      calls.push('second');
      loop.post(() => calls.push('fourth'));
    });
    loop.post(() => calls.push('third'));
    expect(calls).toEqual([]);
    await settled(loop);
    await settled(loop);
    expect(calls).toEqual(['first', 'second', 'third', 'fourth']);
  });

  it('runs work of the turn after its inputs and before what ends the turn', async () => {
    const loop = new EventLoop();
    const calls: string[] = [];
    loop.onTurnEnd(() => calls.push('end'));
    loop.post(() => {
      loop.afterTurn(() => {
        calls.push('after');
        loop.afterTurn(() => calls.push('after that'));
      });
      calls.push('input');
    });
    await settled(loop);
    expect(calls.slice(0, 4)).toEqual(['input', 'after', 'after that', 'end']);
  });

  it('wakes for work of a turn that was asked for outside of one', async () => {
    const loop = new EventLoop();
    let ran = false;
    loop.afterTurn(() => {
      ran = true;
    });
    expect(ran).toBe(false);
    await new Promise<void>((done) => loop.afterTurn(done));
    expect(ran).toBe(true);
  });

  it('splits many slow inputs over turns, so that the system is heard in between', async () => {
    const loop = new EventLoop();
    let heard = 0;
    let ran = 0;
    for (let index = 0; index < 64; index += 1) {
      loop.post(() => {
        ran += 1;
        const until = performance.now() + 1;
        while (performance.now() < until);
      });
    }
    setImmediate(() => {
      heard = ran;
    });
    await settled(loop);
    expect(heard).toBeLessThan(64);
    expect(loop.stats.turns).toBeGreaterThan(1);
  });

  it('runs a timer as an input, no sooner than its delay, and not when it was cancelled', async () => {
    const loop = new EventLoop();
    const start = loop.monotonicMs();
    const calls: number[] = [];
    const cancelled = loop.after(1, () => calls.push(-1));
    const late = loop.after(0, () => calls.push(-2));
    late.cancel();
    cancelled.cancel();
    await new Promise<void>((done) => {
      loop.after(5, () => {
        calls.push(loop.monotonicMs() - start);
        done();
      });
    });
    expect(calls).toHaveLength(1);
    expect(calls[0]).toBeGreaterThanOrEqual(5);
  });

  it('is not early for a timer that was started late in a long turn', async () => {
    const loop = new EventLoop();
    const waited = await new Promise<number>((done) => {
      loop.post(() => {
        const until = performance.now() + 30;
        while (performance.now() < until);
        const startMs = loop.monotonicMs();
        loop.after(20, () => done(loop.monotonicMs() - startMs));
      });
    });
    expect(waited).toBeGreaterThanOrEqual(20);
  });

  it('raises the turn counter that another isolate watches (F1)', async () => {
    const counter = new Int32Array(new SharedArrayBuffer(4));
    const loop = new EventLoop(counter);
    await settled(loop);
    await settled(loop);
    expect(Atomics.load(counter, 0)).toBeGreaterThan(0);
  });
});
