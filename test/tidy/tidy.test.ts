import { expect, test } from '@jest/globals';
import { EXCEPTIONS } from './exceptions.ts';
import { arrows, specifiers } from './rules/arrows.ts';
import { determinism } from './rules/determinism.ts';
import { docs } from './rules/docs.ts';
import { honestTests, language } from './rules/language.ts';
import { machineTrace, strayAtTop } from './rules/project.ts';
import { size } from './rules/size.ts';
import { check, type Finding, parseSource, type Rule } from './source.ts';
import { packageNames, readText, textFiles, topNames } from './tree.ts';

const paths = (await textFiles()).filter((path) => path.endsWith('.ts'));
const files = await Promise.all(paths.map(async (path) => parseSource(path, await readText(path))));

const say = ({ path, line, rule, message }: Finding): string => `${path}:${line} ${rule}: ${message}`;
const findings = (rule: Rule): Finding[] => files.flatMap((file) => check(file, [rule]));

test('there are files to look at', () => {
  for (const top of ['broker/core/base/', 'broker/io/', 'operator/core/', 'test/tidy/']) {
    expect(paths.filter((path) => path.startsWith(top))).not.toEqual([]);
  }
});

test.each([arrows, specifiers(await packageNames()), language, determinism, docs, honestTests])(
  'the tree keeps the rule $name',
  (rule) => {
    expect(findings(rule).map(say)).toEqual([]);
  },
);

test('files and functions keep to their size, but for the exceptions', () => {
  const excused = new Set(EXCEPTIONS.map(({ path }) => path));
  const found = findings(size);
  expect(found.filter(({ path }) => !excused.has(path)).map(say)).toEqual([]);
  const needed = new Set(found.map(({ path }) => path));
  expect(EXCEPTIONS.filter(({ path }) => !needed.has(path))).toEqual([]);
});

test('there are at most five exceptions, each with a reason', () => {
  expect(EXCEPTIONS.length).toBeLessThanOrEqual(5);
  for (const { reason } of EXCEPTIONS) expect(reason.length).toBeGreaterThan(20);
});

test('the top level holds what DESIGN.md lists', async () => {
  expect(strayAtTop(await topNames())).toEqual([]);
});

test('no file names a path of one machine or the address of a registry', async () => {
  const traces: string[] = [];
  for (const path of await textFiles()) {
    if (path.startsWith('test/tidy/')) continue;
    const lines = (await readText(path)).split('\n');
    lines.forEach((line, i) => {
      const trace = machineTrace(line);
      if (trace !== null) traces.push(`${path}:${i + 1} ${trace}: ${line.trim().slice(0, 80)}`);
    });
  }
  expect(traces).toEqual([]);
});
