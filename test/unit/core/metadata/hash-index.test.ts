import { describe, expect, test } from '@jest/globals';
import * as fc from 'fast-check';
import { HashIndex } from '../../../../broker/core/metadata/hash-index.ts';

const name = fc.string({ unit: fc.constantFrom('a', 'b', '.', '_', '-'), minLength: 1, maxLength: 4 });
const step = fc.record({ kind: fc.constantFrom('add', 'add', 'remove', 'clone'), name });

/** Four hashes for all texts, so that most stand beside their place. */
const hash = (text: string): number => text.length * 0x10001;

describe('an index of numbers', () => {
  test('finds what a map finds, also in a copy that went its own way', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
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
        for (const [each, known] of [...left, [index, model] as const])
          for (const text of new Set([...texts, 'never']))
            expect(each.find(hash(text), (number) => texts[number] === text)).toBe(known.get(text) ?? -1);
      }),
      { numRuns: 300 },
    );
  });
});
