import { expect, test } from '@jest/globals';
import type { ControlNet } from '../../../../broker/ports/control-net.ts';
import { QuorumWorld } from '../../../support/metadata/quorum-world.ts';

type Outcome = 'refused' | 'accepted' | 'unreachable';

/** A network in which redials come to this, of each process that dials; the last one stays. */
function redialing(outcomesOf: () => readonly Outcome[]): (net: ControlNet) => ControlNet {
  return (net) => {
    let outcomes: readonly Outcome[] | null = null;
    return {
      listen: (options, done) => net.listen(options, done),
      connect: (options) => net.connect(options),
      probe: (_address, _timeoutMs, done) => {
        outcomes ??= outcomesOf();
        done(outcomes[0] ?? 'accepted');
        if (outcomes.length > 1) outcomes = outcomes.slice(1);
      },
    };
  };
}

/** Whether a broker that died is out long before its session ends, when its redials come to this. */
function isFencedAfter(outcomes: readonly Outcome[]): boolean {
  const wrapNet = redialing(() => outcomes);
  const world = new QuorumWorld(3, { controllers: [1000], brokers: [0, 1], wrapNet });
  world.startAll();
  world.untilReady();
  world.kill(0);
  world.world.runFor(900);
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

test('redials that are taken for a process which is being killed prove nothing: others follow', () => {
  expect(isFencedAfter(['accepted', 'accepted', 'accepted', 'refused'])).toBe(true);
  expect(isFencedAfter(['refused', 'accepted', 'refused'])).toBe(true);
  expect(isFencedAfter(['accepted', 'refused', 'accepted', 'refused', 'accepted'])).toBe(false);
});

test('that holds for the leader of the quorum, too, whose place is taken before its silence is long enough (V8)', () => {
  const wrapNet = redialing(() => ['accepted', 'accepted', 'refused']);
  const world = new QuorumWorld(6, { controllers: [0, 1, 2], wrapNet });
  world.startAll();
  world.untilReady();
  const before = world.leader();
  world.kill(before);
  const startMs = world.world.nowMs;
  const [other = -1] = [0, 1, 2].filter((id) => id !== before);
  const leads = (): number => world.member(other).running.view.controllerId;
  world.until('another leads', () => leads() !== -1 && leads() !== before);
  expect(world.world.nowMs - startMs).toBeLessThan(600);
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
