import { describe, expect, test } from '@jest/globals';
import { fc } from '../../../support/properties.ts';
import { type PartitionCopies, resized } from '../../../../operator/core/copies.ts';

const noRacks = (count: number): ReadonlyMap<number, null> =>
  new Map(Array.from({ length: count }, (_, id) => [id, null]));
const racks = (...names: readonly string[]): ReadonlyMap<number, string> =>
  new Map(names.map((name, id) => [id, name]));
const whole = (...all: readonly (readonly number[])[]): readonly PartitionCopies[] =>
  all.map((replicas, index) => ({ index, replicas, inSync: replicas }));
const replicas = (found: readonly { readonly replicas: readonly number[] }[]) => found.map((one) => one.replicas);

describe('another number of copies', () => {
  test('comes to brokers that have fewest, behind the copies that are there', () => {
    const found = resized(whole([0], [0], [0], [0]), noRacks(3), 2);
    expect(replicas(found)).toEqual([
      [0, 1],
      [0, 2],
      [0, 1],
      [0, 2],
    ]);
  });

  test('comes to another rack where there is one', () => {
    expect(replicas(resized(whole([0], [2]), racks('a', 'a', 'b', 'b'), 2))).toEqual([
      [0, 3],
      [2, 1],
    ]);
  });

  test('takes what is not in sync, then what is on a broker that goes, then a rack that is doubled, and leaders last', () => {
    const [inSync] = whole([0, 1, 2]);
    if (inSync === undefined) throw new Error('one');
    expect(replicas(resized([{ ...inSync, inSync: [1, 2] }], noRacks(3), 2))).toEqual([[1, 2]]);
    expect(replicas(resized(whole([4, 1, 2]), noRacks(3), 2))).toEqual([[1, 2]]);
    expect(replicas(resized(whole([0, 1, 2]), racks('a', 'a', 'b'), 2))).toEqual([[0, 2]]);
    expect(replicas(resized(whole([0, 1, 2], [0, 1], [0, 1]), noRacks(3), 2))).toEqual([[0, 2]]);
  });

  test('leaves alone what has it, and what can not have it as it is', () => {
    expect(resized(whole([0, 1], [1]), noRacks(1), 2)).toEqual([{ index: 1, replicas: [1, 0] }]);
    expect(resized(whole([0]), noRacks(1), 2)).toEqual([]);
  });

  test('is had by every partition, with as few changes as can be, and evenly where it was even', () => {
    const shapes = fc.record({
      brokers: fc.integer({ min: 1, max: 6 }),
      partitions: fc.integer({ min: 1, max: 12 }),
      from: fc.nat(5),
      to: fc.nat(5),
    });
    fc.assert(
      fc.property(shapes, ({ brokers, partitions, from, to }) => {
        const [before, after] = [1 + (from % brokers), 1 + (to % brokers)];
        const old = whole(
          ...Array.from({ length: partitions }, (_, at) =>
            Array.from({ length: before }, (_unused, n) => (at + n) % brokers),
          ),
        );
        const found = resized(old, noRacks(brokers), after);
        expect(found).toHaveLength(before === after ? 0 : partitions);
        const counts = new Map<number, number>();
        for (const { index, replicas: now } of found) {
          const was = old[index]?.replicas ?? [];
          expect([now.length, new Set(now).size, now[0]]).toEqual([after, after, was[0]]);
          expect(after > before ? now.slice(0, before) : now).toEqual(
            after > before ? was : was.filter((id) => now.includes(id)),
          );
          for (const id of now) counts.set(id, (counts.get(id) ?? 0) + 1);
        }
        if (after <= before || found.length === 0) return;
        const loads = Array.from({ length: brokers }, (_, id) => counts.get(id) ?? 0);
        expect(Math.max(...loads) - Math.min(...loads)).toBeLessThanOrEqual(2);
      }),
    );
  });
});
