import { describe, expect, test } from '@jest/globals';
import { fc } from '../../../support/properties.ts';
import { TopicDirectory } from '../../../../broker/core/metadata/topic-directory.ts';
import { sampleId } from '../../../support/metadata/lab.ts';

const ID_A = Buffer.from('ffffffffffffffffffffffffffffffff', 'hex').toString('base64url');
const name = fc
  .tuple(
    fc.string({ unit: fc.constantFrom('a', 'b', '.', '_', '-'), minLength: 1, maxLength: 4 }),
    fc.constantFrom(0, 0, 120, 245),
  )
  .map(([text, more]) => text.padEnd(text.length + more, 'x'));
const id = fc.oneof(
  fc.uint8Array({ minLength: 16, maxLength: 16 }).map((bytes) => Buffer.from(bytes).toString('base64url')),
  fc.nat(40).map(sampleId),
);
const step = fc.record({ kind: fc.constantFrom('add', 'add', 'add', 'remove', 'place', 'clone'), name, id });

interface Model {
  readonly directory: TopicDirectory;
  readonly ids: Map<string, string>;
  readonly counts: Map<string, number>;
}

function folded(text: string): string {
  return text.replaceAll('.', '_');
}

function check({ directory, ids, counts }: Model, others: readonly string[]): void {
  expect(directory.sortedNames()).toEqual([...ids.keys()].sort());
  expect(directory.count).toBe(ids.size);
  for (const [topic, itsId] of ids) {
    const slot = directory.slotOfName(topic);
    expect(directory.slotOfId(itsId)).toBe(slot);
    const { name: named, id: known, partitionCount } = directory.entry(slot) ?? {};
    expect([named, known, partitionCount]).toEqual([topic, itsId, counts.get(topic) ?? 0]);
  }
  for (const other of others) {
    if (!ids.has(other)) expect(directory.slotOfName(other)).toBe(-1);
    const similar = [...ids.keys()].filter((topic) => topic !== other && folded(topic) === folded(other));
    const found = directory.similarName(other);
    if (similar.length === 0) expect(found).toBeNull();
    else expect(similar).toContain(found);
  }
}

describe('the directory of topics', () => {
  test('finds what a map finds by name and by id, also in a copy that went its own way', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 150 }), (steps) => {
        const models: Model[] = [{ directory: new TopicDirectory(), ids: new Map(), counts: new Map() }];
        for (const [at, { kind, name: topic, id: itsId }] of steps.entries()) {
          const model = models[at % models.length];
          if (model === undefined) continue;
          const { directory, ids, counts } = model;
          const slot = directory.slotOfName(topic);
          if (kind === 'clone') {
            if (models.length < 4)
              models.push({ directory: directory.clone(), ids: new Map(ids), counts: new Map(counts) });
          } else if (kind === 'add') {
            if (slot !== -1 || directory.slotOfId(itsId) !== -1) continue;
            directory.add(itsId, topic);
            ids.set(topic, itsId);
          } else if (slot !== -1 && kind === 'place') {
            directory.place(slot, at, at + 1);
            counts.set(topic, at + 1);
          } else if (slot !== -1) {
            directory.remove(slot);
            ids.delete(topic);
            counts.delete(topic);
          }
        }
        const others = steps.map((one) => one.name);
        for (const model of models) check(model, others);
      }),
      { numRuns: 200 },
    );
  });

  test('an entry stays what it was, whatever comes after it', () => {
    const directory = new TopicDirectory();
    const slot = directory.add(ID_A, 'first');
    directory.place(slot, 7, 3);
    const entry = directory.entry(slot);
    const copy = directory.clone();
    directory.remove(slot);
    for (let count = 0; count < 2000; count += 1) directory.place(directory.add(sampleId(count), `t${count}`), 1, 1);
    copy.place(slot, 9, 4);
    for (const one of [entry, copy.entry(slot)]) expect([one?.id, one?.name]).toEqual([ID_A, 'first']);
    expect([entry?.firstRow, entry?.partitionCount]).toEqual([7, 3]);
    expect(directory.entry(slot)).toBeNull();
  });

  test('another text for the same sixteen bytes is no id, nor is anything else', () => {
    const directory = new TopicDirectory();
    directory.add('AAAAAAAAAAAAAAAAAAAAAQ', 'a');
    const others = [
      'AAAAAAAAAAAAAAAAAAAAAR',
      'AAAAAAAAAAAAAAAAAAAAA',
      '',
      'AAAAAAAAAAAAAAAAAAAA+Q',
      'ÀAAAAAAAAAAAAAAAAAAAAQ',
    ];
    expect(others.map((text) => directory.slotOfId(text))).toEqual(others.map(() => -1));
    expect(() => directory.add('AAAAAAAAAAAAAAAAAAAAAR', 'b')).toThrow('is no topic id');
  });
});
