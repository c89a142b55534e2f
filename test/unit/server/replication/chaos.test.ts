import { describe, expect, test } from '@jest/globals';
import { runChaos } from '../../../support/replication/chaos-run.ts';

describe('three brokers whose processes, power and turns go', () => {
  test.each([1, 2, 3, 4, 5, 6])(
    'seed %i: keep every acknowledged record once, in order, and the same everywhere',
    (seed) => {
      const { problems, acknowledged } = runChaos(seed);
      expect(problems).toEqual([]);
      expect(acknowledged).toBeGreaterThan(5000);
    },
  );

  test.each([1, 2, 3])('seed %i: and so while replicas move between four brokers all the time', (seed) => {
    const { problems, acknowledged } = runChaos(seed, { size: 4, moves: true });
    expect(problems).toEqual([]);
    expect(acknowledged).toBeGreaterThan(5000);
  });

  test.each([2, 3, 8])('seed %i: and so while durability is switched all the time (D3)', (seed) => {
    const { problems, acknowledged, strikes } = runChaos(seed, { switches: true });
    expect(problems).toEqual([]);
    expect(acknowledged).toBeGreaterThan(2000);
    expect(strikes.filter((strike) => strike.endsWith('power of all')).length).toBeGreaterThan(0);
  });

  test('a follower that counts what is not synced loses some', () => {
    const lost = [1, 10, 24].flatMap((seed) => runChaos(seed, { replicaBugs: new Set(['counts-written']) }).problems);
    expect(lost.join()).toContain('is lost');
  });
});
