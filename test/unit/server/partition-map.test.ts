import { describe, expect, test } from '@jest/globals';
import { fc } from '../../support/properties.ts';
import { PartitionMap } from '../../../broker/server/partition-map.ts';

const step = fc.record({
  kind: fc.constantFrom('set', 'set', 'delete', 'clear'),
  topic: fc.constantFrom('a', 'a-1', 'b'),
  index: fc.nat(3),
});

describe('a map by partition', () => {
  test('holds what a map by topic and index holds', () => {
    fc.assert(
      fc.property(fc.array(step), (steps) => {
        const map = new PartitionMap<number>();
        const model = new Map<string, number>();
        for (const [position, { kind, topic, index }] of steps.entries()) {
          const key = `${topic} ${index}`;
          if (kind === 'set') {
            map.set(topic, index, position);
            model.set(key, position);
          } else if (kind === 'delete') {
            map.delete(topic, index);
            model.delete(key);
          } else if (position % 5 === 0) {
            map.clear();
            model.clear();
          }
          expect(map.get(topic, index)).toBe(model.get(key));
          expect(map.size).toBe(model.size);
          expect([...map.values()].toSorted((a, b) => a - b)).toEqual([...model.values()].toSorted((a, b) => a - b));
        }
      }),
    );
  });
});
