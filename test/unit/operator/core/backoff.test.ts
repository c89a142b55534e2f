import { expect, it } from '@jest/globals';
import { backoffMs } from '../../../../operator/core/backoff.ts';

it('pauses twice as long each time up to a limit, and chance takes away up to half', () => {
  const backoff = { minMs: 100, maxMs: 1000 };
  const pauses = (chance: number): number[] =>
    [1, 2, 3, 4, 5, 5000].map((failures) => backoffMs(backoff, failures, chance));
  expect(pauses(0)).toEqual([100, 200, 400, 800, 1000, 1000]);
  expect(pauses(0.5)).toEqual([75, 150, 300, 600, 750, 750]);
});
