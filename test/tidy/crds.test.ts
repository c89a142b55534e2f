// crds/: what operator/api makes of itself, fit for an API server as far as can be told without one.
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { parse } from 'yaml';
import { crdOf, type OpenApi } from '../../operator/api/crd.ts';
import { validateManifest } from '../../operator/api/manifest.ts';
import { KINDS, type Kind } from '../../operator/api/names.ts';
import { checkSetting } from '../../operator/api/settings.ts';
import { BAD } from '../support/manifests/bad.ts';
import { objectOf } from '../support/manifests/case.ts';
import { GOOD } from '../support/manifests/good.ts';
import { CRD_FOLDERS, crdFiles } from './crds/files.ts';
import { fieldAt, undescribed, unexplained, unfit } from './crds/structural.ts';
import { misshapen, withDefaults } from './crds/validate.ts';
import { ROOT } from './tree.ts';

/** An object applied by `kubectl apply` carries itself in an annotation, and annotations have a limit. */
const ANNOTATIONS_SIZE_MAX = 262_144;

const version = (kind: Kind) => {
  const [only] = crdOf(kind).spec.versions;
  if (only === undefined) throw new Error(`${kind} has no version`);
  return only;
};
const schemaOf = (kind: Kind): OpenApi => version(kind).schema.openAPIV3Schema;

test.each(CRD_FOLDERS)('%s holds what operator/api says: run npm run crds', async (folder) => {
  const files = crdFiles();
  expect((await readdir(join(ROOT, folder))).sort()).toEqual([...files.keys()].sort());
  for (const [name, text] of files) expect(await readFile(join(ROOT, folder, name), 'utf8')).toBe(text);
});

test('the files are the objects, without aliases', () => {
  expect([...crdFiles().values()].map((text) => parse(text, { maxAliasCount: 0 }) as unknown)).toEqual(
    KINDS.map((kind) => JSON.parse(JSON.stringify(crdOf(kind))) as unknown),
  );
});

describe.each(KINDS)('the CRD of %s', (kind) => {
  test('is small enough for kubectl apply without --server-side, three times over', () => {
    expect(Buffer.byteLength(JSON.stringify(crdOf(kind)))).toBeLessThan(ANNOTATIONS_SIZE_MAX / 3);
  });

  test('has a structural schema, with a bound for everything that a rule walks', () => {
    expect(unfit(schemaOf(kind))).toEqual([]);
  });

  test('describes every field in sentences', () => {
    const { properties } = schemaOf(kind);
    const fields = Object.entries(properties ?? {}).filter(([name]) => name !== 'metadata');
    expect(fields.flatMap(([name, one]) => undescribed(one, name))).toEqual([]);
    expect(fields.flatMap(([name, one]) => unexplained(one, name))).toEqual([]);
  });

  test('names fields that are there in columns and in the scale subresource', () => {
    const { additionalPrinterColumns, subresources } = version(kind);
    const paths = [
      ...additionalPrinterColumns.map(({ jsonPath }) => jsonPath),
      ...Object.values('scale' in subresources ? (subresources.scale ?? {}) : {}),
    ].filter((path) => !path.startsWith('.metadata.'));
    expect(paths.filter((path) => fieldAt(schemaOf(kind), path) === undefined)).toEqual([]);
    expect(additionalPrinterColumns.find(({ name }) => name === 'Ready')).toBeDefined();
  });

  test('takes the manifests of the table, and refuses the misshapen ones where the table says', () => {
    const spec = schemaOf(kind).properties?.['spec'] ?? {};
    const placesOf = (one: (typeof GOOD)[number]): readonly string[] => misshapen(spec, one.spec, ['spec']);
    for (const one of GOOD) if (one.kind === kind) expect(placesOf(one)).toEqual([]);
    for (const one of BAD) {
      if (one.kind === kind)
        expect({ ...one, at: placesOf(one) }).toEqual({ ...one, at: one.by === 'rule' ? [] : [one.path] });
    }
  });

  test('fills in what weir local fills in', () => {
    // Maps, and scalars that may be a text or a number, look different there; a config that is absent is empty.
    const plain = (value: unknown): unknown =>
      JSON.parse(
        JSON.stringify(value, (name: string, one: unknown) => {
          if (name === 'config' && (one instanceof Map ? one.size : 1) === 0) return undefined;
          if (one instanceof Map) return Object.fromEntries(one);
          return typeof one === 'number' ? String(one) : one;
        }),
      );
    for (const one of GOOD) {
      if (one.kind !== kind) continue;
      const validated = validateManifest(objectOf(one, one.spec), checkSetting);
      const spec = withDefaults(schemaOf(kind).properties?.['spec'] ?? {}, one.spec);
      expect(validated.ok && plain(validated.resource.spec)).toEqual(plain(spec));
    }
  });

  test('tells of an object that no operator has seen that it is not ready', () => {
    const status = schemaOf(kind).properties?.['status'];
    expect(status?.default).toMatchObject({
      observedGeneration: -1,
      conditions: [{ type: 'Ready', status: 'Unknown' }],
    });
  });
});

describe('the checker finds', () => {
  const TEXT: OpenApi = { type: 'string', description: 'A text.', maxLength: 9 };
  const LIST: OpenApi = { type: 'array', maxItems: 9, 'x-kubernetes-list-type': 'atomic', items: TEXT };
  const rule = (text: string, message = 'must be so', fieldPath = '.a') => ({
    'x-kubernetes-validations': [{ rule: text, message, fieldPath }],
  });

  test.each<[string, OpenApi, string]>([
    ['a field without a type', { properties: {} }, 'x: has no type of its own'],
    ['a type beside int-or-string', { ...TEXT, 'x-kubernetes-int-or-string': true }, 'x: has no type of its own'],
    ['a text without a bound', { type: 'string' }, 'x: has no maxLength'],
    [
      'a list without a bound',
      { type: 'array', 'x-kubernetes-list-type': 'atomic', items: TEXT },
      'x: has no maxItems',
    ],
    ['a list of nothing', { type: 'array', 'x-kubernetes-list-type': 'atomic', maxItems: 9 }, 'x: has no items'],
    ['a list of no kind', { type: 'array', maxItems: 9, items: TEXT }, 'x: has no x-kubernetes-list-type'],
    [
      'a set of objects',
      { ...LIST, 'x-kubernetes-list-type': 'set', items: { type: 'object' } },
      'x: is a set of objects',
    ],
    [
      'a map whose key may be absent',
      {
        ...LIST,
        'x-kubernetes-list-type': 'map',
        'x-kubernetes-list-map-keys': ['a'],
        items: { type: 'object', properties: { a: TEXT } },
      },
      'x: has the key a, which items may lack',
    ],
    [
      'a map without keys',
      { ...LIST, 'x-kubernetes-list-type': 'map' },
      'x: has keys and is no map, or the other way round',
    ],
    ['a map without a bound', { type: 'object', additionalProperties: TEXT }, 'x: has no maxProperties'],
    [
      'properties and other names',
      { type: 'object', additionalProperties: TEXT, maxProperties: 9, properties: {} },
      'x: has both properties and additionalProperties',
    ],
    ['a required field of nowhere', { type: 'object', required: ['a'] }, 'x: requires a, which it does not have'],
    ['a default that is too long', { ...TEXT, default: 'more than nine' }, 'x: has a default that is wrong at itself'],
    ['a default with a wrong item', { ...LIST, default: ['', 1] }, 'x: has a default that is wrong at [1]'],
    [
      'a default that leaves another one out',
      { type: 'object', default: {}, properties: { a: { ...TEXT, default: 'x' } } },
      'x: has a default that leaves others out',
    ],
    [
      'a default above a rule over changes',
      { type: 'object', default: {}, properties: { a: TEXT }, ...rule('self.a == oldSelf.a') },
      'x: has a default above a rule over changes',
    ],
    [
      'a rule over changes in a list that is one value',
      { ...LIST, items: { type: 'object', properties: { a: TEXT }, ...rule('self.a == oldSelf.a') } },
      'x[]: has a rule over changes of what has no old value: self.a == oldSelf.a',
    ],
    [
      'a message of two lines',
      { type: 'object', properties: { a: TEXT }, ...rule('true', 'must\nbe so') },
      'x: has a message that is no sentence without its subject: must\nbe so',
    ],
    [
      'a rule about a field of nowhere',
      { type: 'object', properties: { a: TEXT }, ...rule('true', 'must be so', '.b') },
      'x: has a rule about .b, which is not there',
    ],
  ])('%s', (_title, x, expected) => {
    expect(unfit({ type: 'object', properties: { x } })).toContain(expected);
  });

  test('nothing in what is fit', () => {
    const properties = { a: TEXT, b: LIST };
    expect(unfit({ type: 'object', properties, ...rule('self.a == oldSelf.a') })).toEqual([]);
    expect(undescribed({ type: 'object', properties: { a: TEXT, b: { type: 'string' } }, description: 'A.' })).toEqual([
      '.b',
    ]);
  });

  test('a field that is described by its name alone', () => {
    const named = (description: string): OpenApi => ({ type: 'string', description, maxLength: 9 });
    const properties = { nodeId: named('Its id.'), kind: named('The kind.'), level: named('Which level is in force.') };
    const list: OpenApi = {
      type: 'array',
      items: { type: 'object', properties },
      maxItems: 1,
      description: 'Nodes that go.',
    };
    expect(unexplained({ type: 'object', properties: { drains: list } })).toEqual([
      '.drains[].nodeId',
      '.drains[].kind',
    ]);
  });
});
