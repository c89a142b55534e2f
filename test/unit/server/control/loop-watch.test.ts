import { expect, test } from '@jest/globals';
import { LoopWatch } from '../../../../broker/server/control/loop-watch.ts';
import { World } from '../../../sim/world.ts';

const STALL_MS = 2000;

function watched() {
  const world = new World(1);
  let turns = 0;
  /** Time that this isolate was held up and saw nothing. */
  let lostMs = 0;
  const clock = { monotonicMs: () => world.nowMs + lostMs, wallMs: () => 0 };
  const watch = new LoopWatch(
    { clock, timers: { after: (delayMs, callback) => world.schedule(delayMs, callback) } },
    STALL_MS,
    () => turns,
  );
  const turn = (): void => {
    turns += 1;
  };
  const hold = (ms: number): void => {
    lostMs += ms;
  };
  return { world, watch, turn, hold };
}

test('a loop that turns now and then is well', () => {
  const { world, watch, turn } = watched();
  for (let count = 0; count < 20; count += 1) {
    world.runFor(1900);
    turn();
    expect(watch.stalledForMs()).toBe(0);
  }
});

test('a loop without a turn for longer than allowed is stalled until it turns', () => {
  const { world, watch, turn } = watched();
  world.runFor(STALL_MS + 600);
  expect(watch.stalledForMs()).toBeGreaterThan(STALL_MS);
  turn();
  world.runFor(300);
  expect(watch.stalledForMs()).toBe(0);
});

test('when the watcher itself was held up, the loop gets a fresh start before it is judged', () => {
  const { world, watch, hold } = watched();
  world.runFor(1000);
  hold(10_000);
  world.runFor(300);
  expect(watch.stalledForMs()).toBe(0);
  world.runFor(STALL_MS + 600);
  expect(watch.stalledForMs()).toBeGreaterThan(STALL_MS);
});

test('a stalled loop is not excused by a watcher that is held up', () => {
  const { world, watch, hold } = watched();
  world.runFor(STALL_MS + 600);
  hold(10_000);
  world.runFor(300);
  expect(watch.stalledForMs()).toBeGreaterThan(10_000);
});
