// crds/ on a real API server: what it takes and refuses, fills in and shows.
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { crdOf } from '../../operator/api/crd.ts';
import { API, API_VERSION, KINDS } from '../../operator/api/names.ts';
import { at } from '../support/kubernetes/rendered.ts';
import { BAD } from '../support/manifests/bad.ts';
import { GOOD } from '../support/manifests/good.ts';
import { withDefaults } from '../tidy/crds/validate.ts';
import { ROOT } from '../tidy/tree.ts';
import { waitFor } from '../wire/harness/wait.ts';
import { ControlPlane } from './harness/control-plane.ts';
import { Manifests } from './harness/manifests.ts';

let plane: ControlPlane;
let manifests: Manifests;
let said = '';

beforeAll(async () => {
  plane = await ControlPlane.start({ controllers: false });
  const names = await readdir(join(ROOT, 'crds'));
  said = await plane.applyCrds(
    await Promise.all(names.map(async (name) => readFile(join(ROOT, 'crds', name), 'utf8'))),
  );
  manifests = await Manifests.open(plane);
}, 300_000);
afterAll(async () => plane?.stop());

const cluster = (name: string, spec: object = { brokers: { replicas: 3 } }) => ({
  apiVersion: API_VERSION,
  kind: 'Cluster',
  metadata: { name },
  spec,
});

describe('the CRDs', () => {
  test('are taken by kubectl apply as it is, without a warning, and a second time nothing changes', async () => {
    const lines = KINDS.map((kind) => `customresourcedefinition.apiextensions.k8s.io/${crdOf(kind).metadata.name}`);
    expect(said.trim().split('\n')).toEqual(lines.map((line) => `${line} created`));
    const again = await plane.kubectl('apply', '-f', join(ROOT, 'crds'));
    expect(again.trim().split('\n')).toEqual(lines.map((line) => `${line} unchanged`));
  });

  test.each(KINDS)('leave nothing for the API server to say against the one of %s', async (kind) => {
    const crd = await plane.get('crd', crdOf(kind).metadata.name);
    const conditions = at(crd, 'status', 'conditions') as readonly { readonly type: string; readonly status: string }[];
    expect(Object.fromEntries(conditions.map(({ type, status }) => [type, status]))).toEqual({
      NamesAccepted: 'True',
      Established: 'True',
    });
  });

  test.each(KINDS)('explain %s field by field', async (kind) => {
    const { plural } = API.kinds[kind];
    // A server describes what it has taken in a while.
    const whole = await waitFor(`${plural} are described`, () => plane.kubectl('explain', plural, '--recursive'));
    expect(whole).toContain(`GROUP:      ${API.group}`);
    expect(whole).not.toContain('<no description>');
    const spec = await plane.kubectl('explain', `${plural}.spec`);
    expect(spec).not.toContain('<no description>');
    expect(whole.toLowerCase()).toContain('apiversion');
  });

  test('explain says what a field is for and what it may be', async () => {
    const text = await plane.kubectl('explain', 'clusters.spec.storage.onDelete');
    expect(text).toMatch(/ENUM:\n +Retain\n +Delete\n/);
    expect(text).toMatch(/DESCRIPTION:\n +What becomes of the volumes/);
  });
});

describe('the table of manifests', () => {
  test.each(GOOD)('has $kind with $title, which is taken', async (one) => {
    expect(await manifests.verdict(one)).toEqual([]);
  });

  test.each(BAD)('has $kind with $title, which is refused at $path', async (one) => {
    const { path, message } = { path: one.path, message: one.message, ...one.server };
    const found = (await manifests.verdict(one)).filter((each) => each.path === path);
    expect(found).not.toEqual([]);
    // What the shape forbids the API server tells in its own words.
    if (one.by === 'rule') expect(found.filter((each) => each.message.endsWith(message))).not.toEqual([]);
  });

  test.each(KINDS)('fills in of %s what the twin fills in', async (kind) => {
    const [version] = crdOf(kind).spec.versions;
    const schema = version?.schema.openAPIV3Schema.properties?.['spec'] ?? {};
    for (const one of GOOD) {
      if (one.kind !== kind) continue;
      expect(at(await manifests.stored(one), 'spec')).toEqual(withDefaults(schema, one.spec));
    }
  });

  test('kubectl tells people in its own words what a rule has against a manifest', async () => {
    const bad = cluster('evens', { brokers: { replicas: 3 }, controllers: { replicas: 2 } });
    const { exitCode, stderr } = await plane.tryKubectl(['apply', '-f', '-'], JSON.stringify(bad));
    expect(exitCode).toBe(1);
    expect(stderr).toContain('spec.controllers.replicas: Invalid value: must be 1, 3 or 5: of an even number');
  });
});

describe('kubectl', () => {
  test('knows the kinds by their short names and by the category', async () => {
    const rows = (await plane.kubectl('api-resources', `--api-group=${API.group}`, '--no-headers')).trim().split('\n');
    const seen = rows.map((row) => row.split(/\s+/).slice(0, 2));
    expect(seen.sort()).toEqual(KINDS.map((kind) => [API.kinds[kind].plural, API.kinds[kind].shortName]).sort());
    await plane.apply(cluster('named'));
    expect(await plane.kubectl('get', 'wcl', 'named', '-o', 'name')).toBe('cluster.weir.dev/named\n');
    expect(await plane.kubectl('get', API.category, '-o', 'name')).toContain('cluster.weir.dev/named');
  });

  test('shows whether a cluster is ready, its brokers and why', async () => {
    await plane.apply(cluster('shown'));
    const lines = (await plane.kubectl('get', 'wcl', 'shown')).trim().split('\n');
    expect(lines[0]?.split(/\s{2,}/)).toEqual([
      'NAME',
      'READY',
      'BROKERS',
      'DESIRED',
      'VERSION',
      'LEADER',
      'REASON',
      'AGE',
    ]);
    expect(lines[1]?.split(/\s+/).slice(0, 2)).toEqual(['shown', 'Unknown']);
    expect(lines[1]).toMatch(/\b3\b.*\bPending\b/);
    const wide = await plane.kubectl('get', 'wcl', 'shown', '-o', 'wide');
    expect(wide).toContain('the operator has not seen it yet');
  });

  test('scales a cluster, within the rules', async () => {
    await plane.apply(cluster('scaled'));
    await plane.kubectl('scale', 'wcl/scaled', '--replicas=5');
    expect(at(await plane.get('wcl', 'scaled'), 'spec', 'brokers', 'replicas')).toBe(5);
    const { exitCode, stderr } = await plane.tryKubectl(['scale', 'wcl/scaled', '--replicas=2']);
    expect(exitCode).toBe(1);
    expect(stderr).toContain('must stay at least 3');
  });

  test('waits for a status of this generation, and is not taken in by an earlier one', async () => {
    await plane.apply(cluster('awaited'));
    const wait = ['wait', 'wcl/awaited', '--for=condition=Ready', '--timeout=0s'];
    expect((await plane.tryKubectl(wait)).exitCode).toBe(1);
    await manifests.writeStatus('awaited', 'True');
    expect((await plane.tryKubectl(wait)).exitCode).toBe(0);
    await plane.kubectl('scale', 'wcl/awaited', '--replicas=5');
    expect((await plane.tryKubectl(wait)).exitCode).toBe(1);
    await manifests.writeStatus('awaited', 'True');
    expect((await plane.tryKubectl(wait)).exitCode).toBe(0);
  });

  test('the status is written by its subresource alone, and nothing else with it', async () => {
    await plane.apply({ ...cluster('apart'), status: { clusterId: 'made up' } });
    expect(at(await plane.get('wcl', 'apart'), 'status', 'clusterId')).toBeUndefined();
    const before = await plane.get('wcl', 'apart');
    await manifests.writeStatus('apart', 'False', { spec: { brokers: { replicas: 9 } } });
    const after = await plane.get('wcl', 'apart');
    expect(at(after, 'spec')).toEqual(at(before, 'spec'));
    expect(after.metadata.generation).toBe(before.metadata.generation);
    expect(at(after, 'status', 'conditions', 0)).toMatchObject({ type: 'Ready', status: 'False' });
  });
});
