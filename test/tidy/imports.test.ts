// What is loaded when it is needed: of a CommonJS package a bundle gives `import()` no names, so a module of ours has to lie between.
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { readText, ROOT, textFiles } from './tree.ts';

/** Those with native code, whose names `bundle.mjs` gives itself. */
const NATIVE = ['lz4-napi', 'snappy'];

/** Packages that a source loads with `import()`; types are no loads. */
function loadedBy(text: string): readonly string[] {
  return [...text.matchAll(/(?<!typeof )\bimport\('(@[^/']+\/[^/']+|[a-z][^/'.:]*)['/]/g)].map(
    ([, name]) => name ?? '',
  );
}

async function isModule(name: string): Promise<boolean> {
  const manifest = JSON.parse(await readFile(join(ROOT, 'node_modules', name, 'package.json'), 'utf8')) as object;
  return 'type' in manifest && manifest.type === 'module';
}

test('packages that are loaded when they are needed are modules', async () => {
  const paths = (await textFiles()).filter((path) => /^(broker|operator)\/.*\.ts$/.test(path));
  const found: string[] = [];
  for (const path of paths)
    for (const name of loadedBy(await readText(path)))
      if (!NATIVE.includes(name) && !(await isModule(name))) found.push(`${path}: ${name}`);
  expect(found).toEqual([]);
});

test('it tells loads from types', () => {
  const text =
    "await import('a-b'); type X = typeof import('c'); import('@d/e/f'); import('./g.ts'); import('node:h');";
  expect(loadedBy(text)).toEqual(['a-b', '@d/e']);
});
