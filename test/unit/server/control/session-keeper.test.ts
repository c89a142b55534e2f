import { expect, test } from '@jest/globals';
import type { ControlNet } from '../../../../broker/ports/control-net.ts';
import { QuorumWorld } from '../../../support/metadata/quorum-world.ts';

type Outcome = 'refused' | 'accepted' | 'unreachable';

/** Whether a broker that died is out long before its session ends, when its redials come to this; the last one stays. */
function isFencedAfter(outcomes: readonly Outcome[]): boolean {
  let asked = 0;
  const wrapNet = (net: ControlNet): ControlNet => ({
    listen: (options, done) => net.listen(options, done),
    connect: (options) => net.connect(options),
    probe: (_address, _timeoutMs, done) => done(outcomes[Math.min(asked++, outcomes.length - 1)] ?? 'accepted'),
  });
  const world = new QuorumWorld(3, { controllers: [1000], brokers: [0, 1], wrapNet });
  world.startAll();
  world.untilReady();
  asked = 0;
  world.kill(0);
  world.world.runFor(900);
  expect(asked).toBeGreaterThan(0);
  return world
    .member(1)
    .running.view.brokers()
    .some(({ id, fenced }) => id === 0 && fenced);
}

test('a broker whose connection broke is out when two redials are refused, not after one, nor when nobody answers (F3)', () => {
  expect(isFencedAfter(['refused'])).toBe(true);
  expect(isFencedAfter(['refused', 'accepted'])).toBe(false);
  expect(isFencedAfter(['unreachable'])).toBe(false);
});

test('a broker that said goodbye is not waited for: its successor with another disk comes in at once', () => {
  const wrapNet = (net: ControlNet): ControlNet => ({
    listen: (options, done) => net.listen(options, done),
    connect: (options) => net.connect(options),
    // Somebody else may listen there by now: that proves nothing.
    probe: (_address, _timeoutMs, done) => done('accepted'),
  });
  const world = new QuorumWorld(4, { controllers: [1000], brokers: [0, 1], wrapNet });
  world.startAll();
  world.untilReady();
  world.wait<null>((done) => world.member(0).running.shutdown(() => done(null)));
  world.wipe(0);
  const startMs = world.world.nowMs;
  const successor = world.start(0);
  world.until('it is registered', () => successor.registered === null);
  expect(world.world.nowMs - startMs).toBeLessThan(500);
});

test('the only broker is not taken out for being silent: nobody could take over from it', () => {
  const wrapNet = (net: ControlNet): ControlNet => ({
    listen: (options, done) => net.listen(options, done),
    connect: (options) => net.connect(options),
    probe: (_address, _timeoutMs, done) => done('accepted'),
  });
  const world = new QuorumWorld(5, { controllers: [1000], brokers: [0], wrapNet });
  world.startAll();
  world.untilReady();
  world.kill(0);
  world.world.runFor(20_000);
  expect(world.member(1000).running.view.brokers()).toMatchObject([{ id: 0, fenced: false }]);
});
