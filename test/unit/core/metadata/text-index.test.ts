import { describe, expect, test } from '@jest/globals';
import * as fc from 'fast-check';
import { TextIndex } from '../../../../broker/core/metadata/text-index.ts';

const name = fc.string({ unit: fc.constantFrom('a', 'b', '.', '_', '-'), minLength: 1, maxLength: 4 });
const step = fc.record({ kind: fc.constantFrom('add', 'add', 'remove', 'clone'), name });

describe('an index of texts', () => {
  test('finds what a map finds, also in a copy that went its own way', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 200 }), fc.boolean(), (steps, folded) => {
        const texts: string[] = [];
        let index = new TextIndex({ folded });
        const model = new Map<string, number>();
        const left: [TextIndex, ReadonlyMap<string, number>][] = [];
        for (const { kind, name: text } of steps) {
          const number = model.get(text);
          if (kind === 'clone') {
            left.push([index, new Map(model)]);
            index = index.clone();
          } else if (kind === 'add' && number === undefined) {
            model.set(text, texts.push(text) - 1);
            index.add(texts.length - 1, texts);
          } else if (kind === 'remove' && number !== undefined) {
            index.remove(number, texts);
            model.delete(text);
          }
        }
        for (const [each, known] of [...left, [index, model] as const]) {
          for (const text of new Set([...texts, 'never'])) expect(each.find(text, texts)).toBe(known.get(text) ?? -1);
          if (!folded) continue;
          for (const text of texts) {
            const similar = [...known.keys()].filter(
              (other) => other !== text && other.replaceAll('.', '_') === text.replaceAll('.', '_'),
            );
            const found = each.findSimilar(text, texts);
            if (similar.length === 0) expect(found).toBe(-1);
            else expect(similar).toContain(texts[found]);
          }
        }
      }),
      { numRuns: 300 },
    );
  });
});
