// Each rule against code that breaks it: a checker that finds nothing is only trusted when it is seen to find.
import { describe, expect, test } from '@jest/globals';
import { arrows, specifiers } from './rules/arrows.ts';
import { determinism } from './rules/determinism.ts';
import { docs } from './rules/docs.ts';
import { honestTests, language } from './rules/language.ts';
import { machineTrace, strayAtTop } from './rules/project.ts';
import { FILE_LINES_MAX, FUNCTION_LINES_MAX, size } from './rules/size.ts';
import { check, parseSource, type Rule } from './source.ts';

const look = (rule: Rule, path: string, text: string): string[] =>
  check(parseSource(path, text), [rule]).map(({ line, message }) => `${line}: ${message}`);

describe('arrows', () => {
  test.each([
    ['broker/core/base/a.ts', "import { x } from '../codec/x.ts';", 'broker/core/base imports broker/core/codec'],
    [
      'broker/core/record/a.ts',
      "import { x } from '../protocol/x.ts';",
      'broker/core/record imports broker/core/protocol',
    ],
    [
      'broker/core/group/a.ts',
      "import type { X } from '../share/x.ts';",
      'broker/core/group imports broker/core/share',
    ],
    [
      'broker/core/raft/a.ts',
      "import type { X } from '../config/x.ts';",
      'broker/core/raft imports broker/core/config',
    ],
    [
      'broker/core/log/a.ts',
      "import type { Disk } from '../../ports/disk.ts';",
      'broker/core/log imports broker/ports',
    ],
    ['broker/core/log/a.ts', "import { readFile } from 'node:fs';", 'broker/core/log imports node:fs'],
    ['broker/core/log/a.ts', "import { parse } from 'yaml';", 'broker/core/log imports yaml'],
    ['broker/core/log/a.ts', "import type { Document } from 'yaml';", 'broker/core/log imports yaml'],
    ['broker/core/log/a.ts', "import { randomBytes } from 'node:crypto';", 'imports randomBytes of node:crypto'],
    ['broker/core/log/a.ts', "import * as crypto from 'node:crypto';", 'imports * of node:crypto'],
    ['broker/core/log/a.ts', "const x = () => import('../../io/x.ts');", 'broker/core/log imports broker/io'],
    ['broker/core/log/a.ts', "type X = import('../../io/x.ts').X;", 'broker/core/log imports broker/io'],
    ['broker/core/log/a.ts', "export { x } from '../share/x.ts';", 'broker/core/log imports broker/core/share'],
    ['broker/core/newcomer/a.ts', 'export {};', 'broker/core/newcomer is a folder that the arrows don'],
    ['broker/ports/a.ts', "import { x } from '../core/base/x.ts';", 'imports more than types of broker/core/base'],
    ['broker/server/api/a.ts', "import { x } from '../../io/x.ts';", 'broker/server imports broker/io'],
    ['broker/server/a.ts', "import { x } from '../../operator/core/x.ts';", 'broker/server imports operator/core'],
    ['broker/server/a.ts', "import { x } from '../../test/x.ts';", 'outside broker/ and operator/'],
    ['broker/io/disk/a.ts', "import { x } from '../../core/log/x.ts';", 'imports more than types of broker/core/log'],
    ['broker/io/disk/a.ts', "import type { X } from '../../server/x.ts';", 'broker/io imports broker/server'],
    ['broker/main.ts', "import { x } from '../operator/core/x.ts';", 'broker/main imports operator/core'],
    ['operator/core/a.ts', "import { x } from '../../broker/core/log/x.ts';", 'operator/core imports broker/core/log'],
    ['operator/core/a.ts', "import { x } from '../io/local/x.ts';", 'operator/core imports operator/io'],
    ['operator/ports/a.ts', "import { x } from '../core/x.ts';", 'imports more than types of operator/core'],
    ['operator/io/local/a.ts', "import { x } from '../../../broker/io/x.ts';", 'operator/io imports broker/io'],
  ])('in %s, %s is found', (path, text, expected) => {
    expect(look(arrows, path, text)).toEqual([expect.stringContaining(expected)]);
  });

  test.each([
    ['broker/core/log/a.ts', "import { x } from '../codec/x.ts'; import { Buffer } from 'node:buffer';"],
    ['broker/core/log/a.ts', "import { createHash } from 'node:crypto'; import { y } from './y.ts';"],
    ['broker/ports/a.ts', "import type { X } from '../core/base/x.ts'; import { type Y } from '../core/base/x.ts';"],
    ['broker/server/a.ts', "import { x } from '../core/share/x.ts'; import type { Y } from '../ports/y.ts';"],
    ['broker/io/a.ts', "import type { X } from '../core/log/x.ts'; import { pino } from 'pino';"],
    ['broker/main.ts', "import { x } from './io/x.ts'; import { y } from './server/y.ts';"],
    ['broker/io/control/worker.ts', "import { x } from '../../server/x.ts';"],
    ['broker/cli/weir.ts', "import { x } from '../../operator/io/local/x.ts';"],
    ['operator/io/local/a.ts', "import { x } from '../../core/x.ts'; import { spawn } from 'node:child_process';"],
    ['test/sim/a.ts', "import { x } from '../../broker/io/x.ts';"],
  ])('in %s, %s is allowed', (path, text) => {
    expect(look(arrows, path, text)).toEqual([]);
  });
});

describe('specifiers', () => {
  const rule = specifiers({
    shipped: new Set(['yaml', '@node-rs/crc32']),
    all: new Set(['yaml', '@node-rs/crc32', 'jest']),
  });

  test.each([
    ['broker/io/a.ts', "import { x } from './x';", './x needs its ending'],
    ['broker/io/a.ts', "import { x } from './x.js';", './x.js needs its ending'],
    ['broker/io/a.ts', "import { readFile } from 'fs/promises';", 'fs/promises needs the prefix'],
    ['broker/io/a.ts', "import { x } from 'left-pad';", 'left-pad is not a dependency'],
    ['broker/io/a.ts', "import { x } from 'jest';", 'jest is not a dependency'],
    ['broker/io/a.ts', "const x = await import('@some/where/deep');", '@some/where is not a dependency'],
  ])('in %s, %s is found', (path, text, expected) => {
    expect(look(rule, path, text)).toEqual([expect.stringContaining(expected)]);
  });

  test('endings, the prefix and dependencies are allowed', () => {
    const text =
      "import './x.ts'; import 'node:fs'; import { c } from '@node-rs/crc32'; import { p } from 'yaml/util';";
    expect(look(rule, 'broker/io/a.ts', text)).toEqual([]);
    expect(look(rule, 'test/a.ts', "import { jest } from 'jest';")).toEqual([]);
  });
});

describe('language', () => {
  test.each([
    ['let x: any;', 'no any'],
    ['const x = y as any;', 'no any'],
    ['enum E { a }', 'no enum'],
    ['const enum E { a }', 'no enum'],
    ['namespace N { export const a = 1; }', 'no namespace'],
    ['declare global { interface X {} }', 'no namespace'],
    ['class A { constructor(private x: number) {} }', 'no parameter property'],
    ['@sealed class A {}', 'no decorator'],
    ['export default 1;', 'no default export'],
    ['const x = y!;', 'no non-null'],
    ['const x = y!.z;', 'no non-null'],
    ['let x!: number;', 'no definite'],
    ['// @ts-ignore\nconst x = 1;', 'not silenced'],
    ['/* @ts-expect-error */ const x = 1;', 'not silenced'],
    ["import fs = require('fs');", 'no import ='],
  ])('%s is found', (text, expected) => {
    expect(look(language, 'broker/io/a.ts', text)).toEqual([expect.stringContaining(expected)]);
  });

  test('words in texts, comments and names are no violation', () => {
    const text = "// any enum will do\nconst any = 'namespace!'; const x = !any; const y = { default: 1 };";
    expect(look(language, 'broker/io/a.ts', text)).toEqual([]);
  });
});

describe('determinism', () => {
  test.each([
    ['const now = Date.now();', 'no Date'],
    ['const now = new Date();', 'no Date'],
    ['const now = performance.now();', 'no performance'],
    ['setTimeout(f, 1);', 'no setTimeout'],
    ['setImmediate(f);', 'no setImmediate'],
    ['process.nextTick(f);', 'no process'],
    ['const env = { process };', 'no process'],
    ['globalThis.Date.now();', 'no globalThis'],
    ['const x = Math.random();', 'no Math.random'],
    ['const x = crypto.randomUUID();', 'no crypto'],
    ['AbortSignal.timeout(5);', 'no AbortSignal.timeout'],
    ['console.log(1);', 'no console'],
    ['const x = Temporal.Now.instant();', 'no Temporal.Now'],
    ['queueMicrotask(f);', 'no queueMicrotask'],
    ['const x = new WeakRef(y);', 'no WeakRef'],
    ['const x = Buffer.allocUnsafe(9);', 'no Buffer.allocUnsafe'],
    ['a.localeCompare(b);', 'no .localeCompare'],
    ['const c = new Intl.Collator();', 'no Intl'],
    ['const s = error.stack;', 'no .stack'],
    ['function f(): Promise<void> { return x; }', 'no Promise'],
    ['Promise.resolve();', 'no Promise'],
    ['async function f() {}', 'nothing waits'],
    ['const f = async () => 1;', 'nothing waits'],
    ['class A { async f() {} }', 'nothing waits'],
    ['await f();', 'nothing waits'],
    ['export {}; for await (const x of y) f(x);', 'nothing waits'],
  ])('%s is found in core and server', (text, expected) => {
    for (const path of ['broker/core/log/a.ts', 'broker/server/api/a.ts']) {
      expect(look(determinism, path, text)).toEqual([expect.stringContaining(expected)]);
    }
    expect(look(determinism, 'broker/io/a.ts', text)).toEqual([]);
  });

  test('controllers may wait but not look at the clock', () => {
    expect(look(determinism, 'operator/controllers/a.ts', 'await f();')).toEqual([]);
    expect(look(determinism, 'operator/controllers/a.ts', 'Date.now();')).toHaveLength(1);
  });

  test('fields, keys and parameters that bear such a name are allowed', () => {
    const text =
      'const f = (process: number) => process + x.performance; interface A { Date: number } const y = { fetch: 1 }; const { console } = y; console;';
    expect(look(determinism, 'broker/core/log/a.ts', text)).toEqual([]);
  });
});

describe('docs', () => {
  test.each([
    'export const x = 1;',
    'export function f() {}',
    'export class A {}',
    'export interface A {}',
    'export type A = 1;',
    '// a comment that is none\nexport const x = 1;',
    '/* nor this */\nexport const x = 1;',
    '/** */\nexport const x = 1;',
    '/** Of something else. */\nconst y = 1;\nexport const x = 1;',
    'const x = 1;\nexport { x };',
  ])('%s is found', (text) => {
    expect(look(docs, 'broker/io/a.ts', text)).toEqual([expect.stringContaining('needs a docstring')]);
  });

  test.each([
    '/** Why. */\nexport const x = 1;',
    '/** Why. */\nconst x = 1;\nexport { x };',
    '/** Why. */\nexport function f(a: 1): void;\nexport function f(a: 2): void;',
    '/** Why. */\nexport const X = 1;\nexport type X = 1;',
    'export type { X } from "./x.ts";',
    'const inner = 1;',
  ])('%s is allowed', (text) => {
    expect(look(docs, 'broker/io/a.ts', text)).toEqual([]);
  });
});

describe('size', () => {
  const lines = (count: number): string => 'f();\n'.repeat(count);

  test('a file of one line too many is found', () => {
    const long = (count: number): string => `${lines(count - 1)}const g = () => 1;\n`;
    expect(look(size, 'broker/io/a.ts', long(FILE_LINES_MAX))).toEqual([]);
    expect(look(size, 'broker/io/a.ts', long(FILE_LINES_MAX + 1))).toHaveLength(1);
  });

  test('a table of data and a generated file are as long as they are', () => {
    const table = `const x = [\n${'1,\n'.repeat(FILE_LINES_MAX)}];\n`;
    expect(look(size, 'broker/io/a.ts', table)).toEqual([]);
    expect(look(size, 'broker/io/a.generated.ts', `${table}const f = () => 1;`)).toEqual([]);
  });

  test.each(['function long() {', 'const long = () => {', 'class A { long() {'])(
    '%s … of 71 lines is found',
    (head) => {
      const tail = head.startsWith('class') ? '}}' : '}';
      const of = (count: number): string => `${head}\n${lines(count - 2)}${tail}`;
      expect(look(size, 'broker/io/a.ts', of(FUNCTION_LINES_MAX))).toEqual([]);
      expect(look(size, 'broker/io/a.ts', of(FUNCTION_LINES_MAX + 1))).toEqual([
        `1: long has ${FUNCTION_LINES_MAX + 1} lines, ${FUNCTION_LINES_MAX} are the limit`,
      ]);
    },
  );

  test('a chapter of tests may be longer, a test in it may not', () => {
    expect(look(size, 'test/a.test.ts', `describe('x', () => {\n${lines(99)}});`)).toEqual([]);
    expect(look(size, 'test/a.test.ts', `describe.each([1])('x', () => {\n${lines(99)}});`)).toEqual([]);
    expect(look(size, 'test/a.test.ts', `test('x', () => {\n${lines(99)}});`)).toHaveLength(1);
  });
});

describe('honest tests', () => {
  test.each([
    "test.skip('x', f);",
    "test.only('x', f);",
    "test.todo('x');",
    "it.skip('x', f);",
    "describe.only('x', f);",
    "test.skip.each([1])('x', f);",
    "test.failing('x', f);",
    "xtest('x', f);",
    "fit('x', f);",
    "jest.mock('./x.ts');",
    "jest.unstable_mockModule('./x.ts', f);",
    'jest.retryTimes(3);',
  ])('%s is found', (text) => {
    expect(look(honestTests, 'test/a.test.ts', text)).toHaveLength(1);
  });

  test('tests and tables of tests are allowed', () => {
    expect(look(honestTests, 'test/a.test.ts', "test('x', f); test.each([1])('y', f); items.skip(1);")).toEqual([]);
  });
});

describe('project', () => {
  test('what does not belong at the top is named', () => {
    expect(strayAtTop(['broker', 'package.json', '.biome.json', 'notes.md', 'src'])).toEqual(['notes.md', 'src']);
  });

  test.each(['root', 'home', 'Users', 'work'])('a path below /%s is found', (top) => {
    expect(machineTrace(`const path = '/${top}/someone/file';`)).toContain('path');
    expect(machineTrace(`see docs/${top}/file and https://x.test/${top}/y`)).toBeNull();
  });

  test.each(['registry.npmjs.org', 'repo.maven.apache.org', 'pypi.org', 'proxy.golang.org'])('%s is found', (host) => {
    expect(machineTrace(`curl https://${host}/thing`)).toContain('registry');
  });

  test('an ordinary line leaves no trace', () => {
    expect(machineTrace("import { metrics } from '../work/metrics.ts'; // registry of metrics")).toBeNull();
  });
});
