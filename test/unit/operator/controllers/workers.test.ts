import { expect, it } from '@jest/globals';
import { Workers } from '../../../../operator/controllers/workers.ts';
import { PRIORITY } from '../../../../operator/core/work-queue.ts';
import { OperatorError } from '../../../../operator/ports/operator-error.ts';
import { ManualClock } from '../../../support/kubernetes/manual-clock.ts';
import { until } from '../../../support/kubernetes/until.ts';

const BACKOFF = { minMs: 100, maxMs: 1000 };

/** Two workers whose work a test ends. */
function stage(keysMax = 10) {
  const clock = new ManualClock();
  const begun: string[] = [];
  const troubles: string[] = [];
  const open = new Map<string, { resolve: (againInMs: number | null) => void; reject: (error: Error) => void }>();
  const workers = new Workers(
    { workers: 2, keysMax, backoff: BACKOFF, clock, random: () => 0 },
    {
      work: (key) => {
        begun.push(key);
        const { promise, ...ends } = Promise.withResolvers<number | null>();
        open.set(key, ends);
        return promise;
      },
      trouble: (key, { message }) => troubles.push(`${key}: ${message}`),
    },
  );
  const add = (key: string): boolean => workers.add(key, PRIORITY.event);
  return { clock, workers, begun, troubles, open, add };
}

it('works on as many keys at once as there are workers, and on each key once', async () => {
  const { begun, open, add, workers } = stage();
  for (const key of ['a', 'b', 'a', 'c']) add(key);
  expect(begun).toEqual(['a', 'b']);
  open.get('a')?.resolve(null);
  await until(() => begun.length === 3);
  open.get('b')?.resolve(null);
  await until(() => begun.length === 4);
  expect(begun).toEqual(['a', 'b', 'c', 'a']);
  open.get('a')?.resolve(null);
  open.get('c')?.resolve(null);
  await workers.stop();
});

it('tells what failed and tries it again later, and looks again when it was asked to', async () => {
  const { clock, begun, troubles, open, add, workers } = stage();
  add('a');
  open.get('a')?.reject(new OperatorError('X', 'no'));
  await until(() => clock.pending()[0] === 100);
  expect(troubles).toEqual(['a: no']);
  clock.advance(99);
  expect(begun).toEqual(['a']);
  clock.advance(1);
  expect(begun).toEqual(['a', 'a']);
  open.get('a')?.resolve(5000);
  await until(() => clock.pending()[0] === 5000);
  clock.advance(5000);
  expect(begun).toEqual(['a', 'a', 'a']);
  open.get('a')?.resolve(null);
  await workers.stop();
  expect(clock.pending()).toEqual([]);
});

it('stops when what is under way has ended and begins nothing else', async () => {
  const { clock, begun, open, add, workers } = stage(3);
  for (const key of ['a', 'b', 'c']) expect(add(key)).toBe(true);
  expect(add('d')).toBe(false);
  let isOver = false;
  const stopped = workers.stop().then(() => (isOver = true));
  open.get('a')?.resolve(0);
  await Promise.resolve();
  expect(isOver).toBe(false);
  open.get('b')?.resolve(0);
  await stopped;
  add('e');
  clock.advance(10_000);
  expect(begun).toEqual(['a', 'b']);
});
