import { describe, expect, test } from '@jest/globals';
import { fc } from '../../../support/properties.ts';
import { HashIndex } from '../../../../broker/core/metadata/hash-index.ts';

const name = fc.nat(250).map(String);
const step = fc.record({ kind: fc.constantFrom(...Array.from({ length: 12 }, () => 'add'), 'remove', 'clone'), name });

/** Few hashes for all texts, so that most stand beside their place. */
const hash = (text: string): number => text.length * 0x10001 + text.charCodeAt(0);

describe('an index of numbers', () => {
  test('finds what a map finds, also in a copy that went its own way', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 250, size: 'max' }), (steps) => {
        const texts: string[] = [];
        const hashOf = (number: number): number => hash(texts[number] ?? '');
        let index = new HashIndex(hashOf);
        const model = new Map<string, number>();
        const left: [HashIndex, ReadonlyMap<string, number>][] = [];
        for (const { kind, name: text } of steps) {
          const number = model.get(text);
          if (kind === 'clone') {
            left.push([index, new Map(model)]);
            index = index.clone(hashOf);
          } else if (kind === 'add' && number === undefined) {
            model.set(text, texts.push(text) - 1);
            index.add(texts.length - 1);
          } else if (kind === 'remove' && number !== undefined) {
            index.remove(number);
            model.delete(text);
          }
        }
        for (const [each, known] of [...left, [index, model] as const]) {
          const names = [...new Set([...texts, 'never'])];
          const found = names.map((text) => each.find(hash(text), (number) => texts[number] === text));
          expect(found).toEqual(names.map((text) => known.get(text) ?? -1));
        }
      }),
      { numRuns: 100 },
    );
  });

  test('grows a little with each number that comes, and finds all of them meanwhile', () => {
    let askedCount = 0;
    const hashOf = (number: number): number => {
      askedCount += 1;
      return Math.imul(number, 0x5bd1e995);
    };
    const index = new HashIndex(hashOf);
    const find = (number: number): number => index.find(Math.imul(number, 0x5bd1e995), (one) => one === number);
    for (let number = 0; number < 5000; number += 1) {
      askedCount = 0;
      index.add(number);
      expect(askedCount).toBeLessThan(10);
      expect([find(0), find(number >> 1), find(number), find(number + 1)]).toEqual([0, number >> 1, number, -1]);
    }
  });
});
