import { expect, test } from '@jest/globals';
import { redial } from '../../../../broker/server/control/quorum/redial.ts';
import { VirtualLoop } from '../../../support/virtual-loop.ts';

const address = { host: 'h', port: 1 };

test('a process that takes connections and says nothing is dialed for no longer than a session', () => {
  const loop = new VirtualLoop();
  const dialedMs: number[] = [];
  const probe = (_address: unknown, _timeoutMs: number, done: (outcome: 'accepted') => void): void => {
    dialedMs.push(loop.monotonicMs());
    done('accepted');
  };
  redial({ timers: loop, probe }, { address, refusals: 1, isHeard: () => false }, () => dialedMs.push(-1));
  loop.advance(100_000);
  expect(dialedMs).toHaveLength(41);
  expect((dialedMs.at(-1) ?? 0) - (dialedMs[0] ?? 0)).toBe(2000);
});

test('and not once more when it was heard', () => {
  const loop = new VirtualLoop();
  let count = 0;
  const probe = (_address: unknown, _timeoutMs: number, done: (outcome: 'accepted') => void): void => {
    count += 1;
    done('accepted');
  };
  redial({ timers: loop, probe }, { address, refusals: 1, isHeard: () => count === 3 }, () => undefined);
  loop.advance(100_000);
  expect(count).toBe(3);
});

test('a refusal that comes after it was heard proves nothing', () => {
  const loop = new VirtualLoop();
  let isHeard = false;
  const probe = (_address: unknown, _timeoutMs: number, done: (outcome: 'refused') => void): void => {
    loop.after(100, () => done('refused'));
  };
  const gone: number[] = [];
  redial({ timers: loop, probe }, { address, refusals: 1, isHeard: () => isHeard }, () =>
    gone.push(loop.monotonicMs()),
  );
  loop.advance(50);
  isHeard = true;
  loop.advance(100_000);
  expect(gone).toEqual([]);
});
