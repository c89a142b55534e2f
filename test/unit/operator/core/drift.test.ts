import { expect, it } from '@jest/globals';
import { type Drift, driftAfter, toldInMs } from '../../../../operator/core/drift.ts';

const LOOK_MS = 30_000;

/** Looks twice a minute, each of which finds the next of these; gives what was told, with the number of the look. */
function tells(told: number, backlogs: readonly number[]): readonly (readonly [look: number, backlog: number])[] {
  let drift: Drift | null = null;
  let current = told;
  return backlogs.flatMap((backlog, look) => {
    const nowMs = look * LOOK_MS;
    drift = backlog === current ? null : driftAfter(drift, { told: current, backlog, nowMs });
    if (drift === null || toldInMs(drift, nowMs) > 0) return [];
    drift = null;
    current = backlog;
    return [[look, backlog] as const];
  });
}

const often = (times: number, ...backlogs: readonly number[]): readonly number[] =>
  Array.from({ length: times }, () => backlogs).flat();

it.each([
  ['far more', 0, 1_000, 2],
  ['far less', 50_000, 0, 2],
  ['twice as many', 1_000, 2_500, 6],
  ['half as many', 2_500, 1_000, 6],
  ['some more', 1_000, 1_200, 20],
  ['a few, of a few', 0, 7, 20],
  ['none, of a few', 7, 0, 20],
])('%s are told when it has been so for long enough', (_, told, backlog, look) => {
  expect(tells(told, often(30, backlog))).toEqual([[look, backlog]]);
});

it('what goes up and down is told once, and left where it is in the midst of it', () => {
  for (const backlogs of [
    [3, 11, 0, 7],
    [2_000, 900, 5_200, 0, 3_100, 1_500],
    [90_000, 40_000, 160_000],
  ]) {
    const told = tells(0, often(200, ...backlogs));
    expect(told.length).toBeLessThanOrEqual(2);
    for (const [look] of told) expect(look).toBeLessThanOrEqual(40);
  }
});

it('what grows all the time is told all the time, no more than once a minute', () => {
  const told = tells(
    0,
    Array.from({ length: 20 }, (_, look) => 10 ** look),
  );
  expect(told.map(([look]) => look)).toEqual([5, 9, 13, 17]);
});

it('when it is due is known ahead', () => {
  const first = driftAfter(null, { told: 100, backlog: 150, nowMs: 5 });
  expect(toldInMs(first, 5)).toBe(600_000);
  const further = driftAfter(first, { told: 100, backlog: 400, nowMs: 1_005 });
  expect(toldInMs(further, 1_005)).toBe(180_000);
  const furthest = driftAfter(further, { told: 100, backlog: 9_000, nowMs: 2_005 });
  expect(toldInMs(furthest, 2_005)).toBe(60_000);
  expect(toldInMs(furthest, 70_000)).toBe(0);
  const back = driftAfter(furthest, { told: 100, backlog: 150, nowMs: 3_005 });
  expect(toldInMs(back, 3_005)).toBe(597_000);
});
