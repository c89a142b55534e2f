// examples/argocd: the script by which Argo CD tells health, run by the interpreter that Argo CD has.
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { parse } from 'yaml';
import { API, KINDS } from '../../operator/api/names.ts';
import { mustRun } from '../setup/run.ts';
import { kubernetesProgram } from '../setup/kubernetes.ts';
import { HEALTH_SAMPLES } from '../support/kubernetes/health-samples.ts';
import { at } from '../support/kubernetes/rendered.ts';
import { EXAMPLES } from './harness/charts.ts';

let directory = '';
let scripts: Readonly<Record<string, string>> = {};

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'weir-argocd-'));
  const map: unknown = parse(await readFile(join(EXAMPLES, 'argocd/health.yaml'), 'utf8'));
  scripts = at(map, 'data') as Readonly<Record<string, string>>;
}, 300_000);
afterAll(async () => rm(directory, { recursive: true, force: true }));

const keyOf = (kind: string): string => `resource.customizations.health.${API.group}_${kind}`;

/** JSON as a table of Lua. */
function tableOf(value: unknown): string {
  if (Array.isArray(value)) return `{${value.map(tableOf).join(', ')}}`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value ?? null).replace(/^null$/, 'nil');
  return `{${Object.entries(value)
    .map(([name, one]) => `[${JSON.stringify(name)}] = ${tableOf(one)}`)
    .join(', ')}}`;
}

/** What a script says of objects, one after the other. */
async function healthOf(script: string, objects: readonly unknown[]): Promise<readonly string[]> {
  const path = join(directory, 'health.lua');
  const calls = objects.map((object) => `obj = ${tableOf(object)}\nprint(health().status)`);
  await writeFile(path, [`function health()\n${script}\nend`, ...calls].join('\n'));
  return (await mustRun(await kubernetesProgram('lua'), [path])).trim().split('\n');
}

describe('Argo CD', () => {
  test('is told how every kind is', () => {
    expect(Object.keys(scripts).sort()).toEqual(KINDS.map(keyOf).sort());
  });

  test.each(KINDS)('takes every %s for what it is', async (kind) => {
    const samples = HEALTH_SAMPLES.filter(({ object }) => object.kind === kind);
    const told = await healthOf(
      scripts[keyOf(kind)] ?? '',
      samples.map(({ object }) => object),
    );
    expect(samples.map(({ title }, index) => [title, told[index]])).toEqual(
      samples.map(({ title, argo }) => [title, argo]),
    );
  });

  test('takes what has no status yet for something under way', async () => {
    const object = { metadata: { generation: 1 } };
    expect(await healthOf(scripts[keyOf('Topic')] ?? '', [object])).toEqual(['Progressing']);
  });
});
