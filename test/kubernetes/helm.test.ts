// charts/ and examples/ by the real helm and kubectl, on a real API server with its controllers.
import { readdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { crdOf } from '../../operator/api/crd.ts';
import { parseAllDocuments } from 'yaml';
import { KINDS } from '../../operator/api/names.ts';
import { kubernetesProgram } from '../setup/kubernetes.ts';
import { run, type RunResult } from '../setup/run.ts';
import { at } from '../support/kubernetes/rendered.ts';
import { waitFor } from '../wire/harness/wait.ts';
import { CLUSTER_CHART, CLUSTER_VALUES, EXAMPLES, OPERATOR_CHART, setJson, template } from './harness/charts.ts';
import { ControlPlane } from './harness/control-plane.ts';

const NAMESPACE = ['-n', 'weir-system'] as const;
const RESTRICTED = {
  apiVersion: 'v1',
  kind: 'Namespace',
  metadata: { name: 'weir-system', labels: { 'pod-security.kubernetes.io/enforce': 'restricted' } },
};
const CRDS = KINDS.map((kind) => crdOf(kind).metadata.name);

let plane: ControlPlane;

beforeAll(async () => {
  plane = await ControlPlane.start();
  await plane.apply(RESTRICTED);
}, 300_000);
afterAll(async () => plane?.stop());

describe('examples/', () => {
  test('install.yaml is taken as it is, and becomes pods of the operator', async () => {
    const file = join(EXAMPLES, 'install.yaml');
    const first = await plane.tryKubectl(['apply', '-f', file]);
    expect([first.exitCode, first.stderr.replace(/^Warning: resource namespaces.*\n/, '')]).toEqual([0, '']);
    await pods(2);
  });

  test.each(['quickstart.yaml', 'three-nodes.yaml', 'topic.yaml', 'production.yaml', 'consumers.yaml', 'scaling.yaml'])(
    '%s is taken as it is',
    async (name) => {
      await plane.kubectl('wait', '--for=condition=Established', 'crd', ...CRDS, '--timeout=60s');
      for (const how of ['--server-side=false', '--server-side']) {
        const { exitCode, stderr } = await plane.tryKubectl([
          'apply',
          how,
          '-f',
          join(EXAMPLES, name),
          '--dry-run=server',
        ]);
        expect([how, exitCode, stderr]).toEqual([how, 0, '']);
      }
    },
  );

  test('all go with what brought them', async () => {
    await plane.kubectl('delete', '-f', join(EXAMPLES, 'install.yaml'), '--ignore-not-found');
    expect((await plane.kubectl('get', 'crd', '-o', 'name')).trim()).toBe('');
    expect((await readdir(EXAMPLES)).sort()).toEqual([
      'argocd',
      'consumers.yaml',
      'flux',
      'install.yaml',
      'production.yaml',
      'quickstart.yaml',
      'scaling.yaml',
      'three-nodes.yaml',
      'topic.yaml',
    ]);
  });
});

/** Waits until the operator has so many pods: more than a template, they are held against Pod Security. */
async function pods(count: number): Promise<void> {
  await waitFor(`${count} pods of the operator`, async () => {
    const { items } = await plane.get('pods', ...NAMESPACE, '-l', 'app.kubernetes.io/name=weir-operator');
    return (items as readonly unknown[]).length === count;
  });
}

/** Runs what notes have, as somebody does who copies it. */
async function pasted(text: string): Promise<RunResult> {
  const programs = dirname(await kubernetesProgram('kubectl'));
  const env = { KUBECONFIG: plane.kubeconfig, PATH: `${programs}:${process.env['PATH'] ?? ''}` };
  return run('sh', ['-c', text], { env });
}

describe('helm', () => {
  const revisions = async (release: string): Promise<readonly string[]> => {
    const history = JSON.parse(await plane.helm('history', release, '-o', 'json', ...NAMESPACE)) as readonly {
      readonly status: string;
    }[];
    return history.map(({ status }) => status);
  };
  const names = async (kind: string): Promise<string> =>
    (await plane.kubectl('get', kind, '-A', '-o', 'jsonpath={.items[*].metadata.name}')).trim();

  test('installs the operator, with notes', async () => {
    await plane.apply(RESTRICTED);
    const said = await plane.helm('install', 'weir', OPERATOR_CHART, ...NAMESPACE);
    expect(said).toContain('STATUS: deployed');
    expect(said).toContain('kubectl get weir -A');
    await pods(2);
    await plane.kubectl('wait', '--for=condition=Established', 'crd', ...CRDS, '--timeout=60s');
    const [typed = ''] = /.*kubectl apply[^]*?\n *YAML\n/.exec(said) ?? [];
    expect((await pasted(typed)).stdout).toBe(
      'cluster.weir.dev/quickstart created\nsharegroup.weir.dev/workers created\n',
    );
    await plane.kubectl('delete', 'wcl/quickstart', 'wsg/workers');
  });

  test.each([
    ['the operator', OPERATOR_CHART, ['Pod']],
    ['a cluster', CLUSTER_CHART, ['ServiceAccount', 'Role', 'RoleBinding', 'Pod']],
  ])('test %s by what restricted Pod Security takes', async (_title, chart, kinds) => {
    const documents = parseAllDocuments(await template(chart, {})).map((one) => one.toJS() as object);
    const hooks = documents.filter((one) => at(one, 'metadata', 'annotations', 'helm.sh/hook') === 'test');
    const weight = (one: object): number => Number(at(one, 'metadata', 'annotations', 'helm.sh/hook-weight') ?? 0);
    expect(hooks.toSorted((a, b) => weight(a) - weight(b)).map((one) => at(one, 'kind'))).toEqual(kinds);
    for (const hook of hooks) expect(await plane.apply(hook)).toMatch(/created\n$/);
    for (const hook of hooks) {
      const named = [String(at(hook, 'kind')), String(at(hook, 'metadata', 'name'))];
      await plane.kubectl('delete', ...named, ...NAMESPACE, '--wait=false');
    }
  });

  test('upgrades it and rolls it back', async () => {
    await plane.helm('upgrade', 'weir', OPERATOR_CHART, ...NAMESPACE, '--set', 'replicas=3');
    await pods(3);
    await plane.helm('rollback', 'weir', '1', ...NAMESPACE);
    await pods(2);
    expect(await revisions('weir')).toEqual(['superseded', 'superseded', 'deployed']);
  });

  test('installs a cluster with its members, changes them and takes them away', async () => {
    const values = setJson({ ...CLUSTER_VALUES, annotations: {} });
    const said = await plane.helm('install', 'shop', CLUSTER_CHART, ...NAMESPACE, ...values);
    expect(said).toContain('topic.weir.dev/orders');
    expect([
      await names('clusters.weir.dev'),
      await names('topics.weir.dev'),
      await names('sharegroups.weir.dev'),
    ]).toEqual(['orders', 'empty orders', 'workers']);
    const fewer = setJson({ ...CLUSTER_VALUES, annotations: {}, topics: { orders: { partitions: 24 } } });
    await plane.helm('upgrade', 'shop', CLUSTER_CHART, ...NAMESPACE, ...fewer);
    expect(await names('topics.weir.dev')).toBe('orders');
    const refused = setJson({ ...CLUSTER_VALUES, annotations: {}, topics: { orders: { partitions: 1 } } });
    await expect(plane.helm('upgrade', 'shop', CLUSTER_CHART, ...NAMESPACE, ...refused)).rejects.toThrow(
      /must not shrink/,
    );
    await plane.helm('rollback', 'shop', '2', ...NAMESPACE);
    expect(at(await plane.get('topics.weir.dev', 'orders', ...NAMESPACE), 'spec', 'partitions')).toBe(24);
  });

  test('takes the operator away, and neither CRDs nor clusters with it', async () => {
    const said = await plane.helm('uninstall', 'weir', ...NAMESPACE);
    for (const name of CRDS) expect(said).toContain(name);
    await pods(0);
    expect(await names('crd')).toBe([...CRDS].sort().join(' '));
    expect(await names('clusters.weir.dev')).toBe('orders');
    expect(await names('clusterroles').then((all) => all.split(' ').filter((name) => name.includes('weir')))).toEqual(
      [],
    );
    await plane.helm('install', 'weir', OPERATOR_CHART, ...NAMESPACE);
    await plane.helm('uninstall', 'shop', ...NAMESPACE);
    expect(await names('clusters.weir.dev')).toBe('');
  });
});
