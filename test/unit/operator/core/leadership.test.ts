import { expect, it } from '@jest/globals';
import { Leadership, type LeaseRecord } from '../../../../operator/core/leadership.ts';

const TIMES = { durationMs: 15_000, holdMs: 10_000 };
const lease = (holder: string, resourceVersion: string): LeaseRecord => ({
  holder,
  durationMs: 15_000,
  transitions: 0,
  resourceVersion,
});

it('holds from when the renewal was sent, and not at all when its answer came too late', () => {
  const us = new Leadership('us', TIMES);
  us.wrote(lease('us', '1'), 1000, 3000);
  expect([us.isHolding(10_999), us.isHolding(11_000)]).toEqual([true, false]);
  const late = new Leadership('us', TIMES);
  late.wrote(lease('us', '1'), 0, 10_000);
  expect(late.isHolding(10_000)).toBe(false);
  // It never began, so there is nothing to lose.
  expect(late.observe(lease('us', '1'), 10_000)).toMatchObject({ kind: 'write' });
});

it('waits as long as the lease itself says, from when it saw the last write', () => {
  const us = new Leadership('us', TIMES);
  const theirs = { ...lease('them', '1'), durationMs: 40_000 };
  for (const nowMs of [0, 39_999]) expect(us.observe(theirs, nowMs).kind).toBe('wait');
  expect(us.observe({ ...theirs, resourceVersion: '2' }, 40_000).kind).toBe('wait');
  expect(us.observe({ ...theirs, resourceVersion: '2' }, 79_999).kind).toBe('wait');
  expect(us.observe({ ...theirs, resourceVersion: '2' }, 80_000)).toEqual({
    kind: 'write',
    over: { ...theirs, resourceVersion: '2' },
    transitions: 1,
  });
});
