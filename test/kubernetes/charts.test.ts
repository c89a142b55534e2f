// charts/ and what is rendered of them, by the real helm.
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { parse, parseAllDocuments } from 'yaml';
import { parseFlags } from '../../broker/cli/flags.ts';
import { optionsOf, withEnvironment } from '../../broker/cli/operator/options.ts';
import { helpOf } from '../../broker/cli/verbs.ts';
import { crdOf } from '../../operator/api/crd.ts';
import { KINDS } from '../../operator/api/names.ts';
import { isRecord } from '../../operator/api/validate.ts';
import type { Site } from '../../operator/io/kubernetes/objects/blueprint.ts';
import { podTemplate } from '../../operator/io/kubernetes/objects/pod.ts';
import type { KubernetesObject } from '../../operator/ports/kubernetes.ts';
import { at, clusterOf, settledBlueprint } from '../support/kubernetes/rendered.ts';
import { ROOT } from '../tidy/tree.ts';
import {
  CLUSTER_CHART,
  CLUSTER_VALUES,
  EXAMPLES,
  helm,
  OPERATOR_CHART,
  OPERATOR_VALUES,
  setJson,
  template,
  type Values,
} from './harness/charts.ts';

const GOLDEN = join(ROOT, 'test/kubernetes/golden');
/** Set to 1: golden files and examples/install.yaml are written anew; the difference is for a reviewer. */
const isRewriting = process.env['WEIR_REWRITE_SCRIPTS'] === '1';

const OUTSIDE = {
  cluster: { brokers: { replicas: 3 }, listeners: [{ name: 'out', port: 9093, type: 'loadbalancer' }] },
};

/** Objects of a chart. */
async function rendered(chart: string, values: Values): Promise<readonly KubernetesObject[]> {
  // What helm renders are objects of Kubernetes.
  return parseAllDocuments(await template(chart, values)).flatMap(
    (one) => (one.toJS() as KubernetesObject | null) ?? [],
  );
}

type Container = {
  readonly image: string;
  readonly imagePullPolicy: string;
  readonly args: readonly string[];
  readonly env: readonly { readonly name: string; readonly value?: string }[];
};

/** The operator's container of a chart. */
async function operatorContainer(values: Values): Promise<Container> {
  const [deployment] = (await rendered(OPERATOR_CHART, values)).filter(({ kind }) => kind === 'Deployment');
  return at(deployment, 'spec', 'template', 'spec', 'containers', 0) as Container;
}

/** What an operator in this container would be told of where it runs. */
function siteIn({ args: [verb = '', ...args], env }: Container): Site {
  const told = env.filter(({ value }) => value !== undefined);
  const before = { ...process.env };
  for (const { name, value } of told) process.env[name] = value;
  try {
    return optionsOf(withEnvironment(parseFlags(verb, helpOf('operator').flags, args))).site;
  } finally {
    for (const { name } of told) Reflect.deleteProperty(process.env, name);
    Object.assign(process.env, before);
  }
}

/** Where values of a chart are that hold no others. */
function leavesOf(values: Values): readonly (readonly string[])[] {
  return Object.entries(values).flatMap(([name, value]): readonly (readonly string[])[] =>
    isRecord(value) && Object.keys(value).length > 0 ? leavesOf(value).map((rest) => [name, ...rest]) : [[name]],
  );
}

/** Other values than lists and maps that are empty by themselves. */
const OTHERS: Values = {
  pullPolicy: 'Never',
  imagePullSecrets: [{ name: 'other' }],
  watchNamespaces: ['other'],
  tolerations: [{ operator: 'Exists' }],
  listeners: [{ name: 'other', port: 9092 }],
  topics: { other: {} },
  shareGroups: { other: { topics: ['jobs'] } },
};

/** These values with another one at a path than there is by itself. */
function otherwise(values: Values, [name = '', ...rest]: readonly string[], value: unknown): Values {
  const inner = values[name];
  if (rest.length > 0) return { ...values, [name]: otherwise(isRecord(inner) ? inner : {}, rest, value) };
  const plain = typeof value === 'boolean' ? !(inner ?? value) : typeof value === 'number' ? value + 1 : 'other';
  return { ...values, [name]: OTHERS[name] ?? (isRecord(value) ? { other: 'other' } : plain) };
}

/** Compares with a file, or writes it. */
async function expectFile(path: string, text: string): Promise<void> {
  if (isRewriting) await writeFile(path, text);
  expect(text).toBe(await readFile(path, 'utf8'));
}

describe('the charts', () => {
  test.each([
    ['weir', OPERATOR_CHART, {}],
    ['weir, everything otherwise', OPERATOR_CHART, OPERATOR_VALUES],
    ['weir-cluster', CLUSTER_CHART, {}],
    ['weir-cluster with members', CLUSTER_CHART, CLUSTER_VALUES],
  ])('%s: have nothing that helm lint minds', async (_title, chart, values) => {
    expect(await helm('lint', '--strict', chart, ...setJson(values))).toContain('0 chart(s) failed');
  });

  test.each([
    ['operator', OPERATOR_CHART, { crds: { install: false } }],
    ['operator-everything', OPERATOR_CHART, OPERATOR_VALUES],
    [
      'operator-keda',
      OPERATOR_CHART,
      { crds: { install: false }, rbac: { create: false }, keda: { enabled: true, tlsSecret: 'keda-tls' } },
    ],
    ['cluster', CLUSTER_CHART, {}],
    ['cluster-members', CLUSTER_CHART, CLUSTER_VALUES],
  ])('render as in golden/%s.yaml', async (name, chart, values) => {
    await expectFile(join(GOLDEN, `${name}.yaml`), await template(chart, values));
  });

  test.each([
    ['operator', OPERATOR_CHART, {}, ['http']],
    ['cluster', CLUSTER_CHART, {}, ['cluster', 'namespace', 'bootstrap', 'timeout']],
    ['cluster that is reached from outside', CLUSTER_CHART, OUTSIDE, ['cluster', 'namespace', 'timeout']],
  ])('test the %s by a verb that there is', async (_title, chart, values, names) => {
    const [pod, ...more] = (await rendered(chart, values)).filter(({ kind }) => kind === 'Pod');
    expect([more, at(pod, 'metadata', 'annotations', 'helm.sh/hook')]).toEqual([[], 'test']);
    const [verb = '', ...args] = at(pod, 'spec', 'containers', 0, 'args') as readonly string[];
    const flags = parseFlags(verb, helpOf('operator').flags, args);
    expect([verb, flags.positionals]).toEqual(['operator', ['ready']]);
    expect(
      helpOf('operator')
        .flags.flatMap(({ name }) => (flags.has(name) ? [name] : []))
        .sort(),
    ).toEqual(names.sort());
  });

  test('tell the operator by flags and variables that it knows', async () => {
    const [deployment] = (await rendered(OPERATOR_CHART, OPERATOR_VALUES)).filter(({ kind }) => kind === 'Deployment');
    const container = at(deployment, 'spec', 'template', 'spec', 'containers', 0);
    const [verb = '', ...args] = at(container, 'args') as readonly string[];
    const flags = parseFlags(verb, helpOf('operator').flags, args);
    const given = helpOf('operator').flags.flatMap(({ name }) => (flags.has(name) ? [name] : []));
    const names = (at(container, 'env') as readonly { readonly name: string }[]).map(({ name }) => name);
    const told = names.filter((name) => name.startsWith('WEIR_')).map((name) => name.replace('WEIR_OPERATOR_', ''));
    const known = helpOf('operator').flags.map(({ name }) => name.toUpperCase().replaceAll('-', '_'));
    expect(told.filter((name) => !known.includes(name))).toEqual([]);
    expect([...given, ...told.map((name) => name.toLowerCase().replaceAll('_', '-'))].sort()).toEqual(
      [
        'lease',
        'lease-namespace',
        'image',
        'image-pull-policy',
        'cluster-domain',
        'http',
        'namespace',
        'keda',
        'keda-certificates',
      ].sort(),
    );
  });

  test('refuse labels of the operator’s pods that are the chart’s own, by their names, and take others', async () => {
    const own = ['app.kubernetes.io/name', 'app.kubernetes.io/instance', 'app.kubernetes.io/version', 'helm.sh/chart'];
    for (const name of [...own, 'app.kubernetes.io/managed-by'])
      await expect(template(OPERATOR_CHART, { podLabels: { team: 'queues', [name]: 'mine' } })).rejects.toThrow(
        `podLabels must not have ${name}: the chart sets this label itself; take another name`,
      );
    const podLabels = { 'app.kubernetes.io/component': 'operator', team: '1' };
    const [deployment] = (await rendered(OPERATOR_CHART, { podLabels })).filter(({ kind }) => kind === 'Deployment');
    const labels = at(deployment, 'spec', 'template', 'metadata', 'labels');
    expect(labels).toMatchObject(podLabels);
    expect(labels).toMatchObject(at(deployment, 'spec', 'selector', 'matchLabels') as object);
  });

  const DIGEST = `sha256:${'0123456789abcdef'.repeat(4)}`;
  test.each([
    ['as it is', {}],
    ['in a registry with a port', { repository: 'registry.example.com:5000/queues/weir', tag: '1.2.3' }],
    ['that is never pulled', { repository: 'weir', tag: 'mine', pullPolicy: 'Never' }],
    ['named by its digest', { tag: `1.2.3@${DIGEST}`, pullPolicy: 'Always' }],
  ])('make brokers of the operator’s own image, %s', async (_title, image) => {
    const own = await operatorContainer({ image });
    const blueprint = { ...settledBlueprint(clusterOf({ brokers: {} })), site: siteIn(own) };
    const broker = at(podTemplate(blueprint, 'broker', 'settings'), 'spec', 'containers', 0);
    expect([at(broker, 'image'), at(broker, 'imagePullPolicy')]).toEqual([own.image, own.imagePullPolicy]);
  });

  test('make brokers of another version of the same image where their manifest says so', async () => {
    const own = await operatorContainer({ image: { repository: 'registry.example.com/weir', tag: `1.2.3@${DIGEST}` } });
    const imageOf = (version: string): unknown => {
      const blueprint = { ...settledBlueprint(clusterOf({ brokers: {}, version })), site: siteIn(own) };
      return at(podTemplate(blueprint, 'broker', 'settings'), 'spec', 'containers', 0, 'image');
    };
    expect(imageOf('1.2.2')).toBe('registry.example.com/weir:1.2.2');
    expect(imageOf('1.2.3')).toBe(own.image);
    expect(siteIn(own).image.tag).toBe('1.2.3');
  });

  test('carry the CRDs as they are, but for the annotation that keeps them', async () => {
    const crdsOf = async (values: object): Promise<readonly unknown[]> => {
      const documents = parseAllDocuments(await template(OPERATOR_CHART, { crds: values }));
      return documents.map((one) => one.toJS() as unknown).filter((one) => at(one, 'kind') === crdOf('Topic').kind);
    };
    const plain = KINDS.map((kind) => JSON.parse(JSON.stringify(crdOf(kind))) as KubernetesObject);
    const byName = (a: unknown, b: unknown): number =>
      String(at(a, 'metadata', 'name')).localeCompare(String(at(b, 'metadata', 'name')));
    expect([...(await crdsOf({ keep: false }))].sort(byName)).toEqual([...plain].sort(byName));
    const annotations = { 'helm.sh/resource-policy': 'keep' };
    const kept = plain.map((crd) => ({ ...crd, metadata: { annotations, ...crd.metadata } }));
    expect([...(await crdsOf({ keep: true }))].sort(byName)).toEqual([...kept].sort(byName));
  });

  test.each([
    ['weir', OPERATOR_CHART, { keda: { enabled: true, tlsSecret: 'keda-tls' } }],
    ['weir-cluster', CLUSTER_CHART, {}],
  ])('%s: have an effect of every value', async (_title, chart, values: Values) => {
    const defaults = parse(await readFile(join(chart, 'values.yaml'), 'utf8')) as Values;
    const plain = await template(chart, values);
    const paths = leavesOf(defaults);
    expect(paths.length).toBeGreaterThan(10);
    const idle: string[] = [];
    for (const path of paths)
      if ((await template(chart, otherwise(values, path, at(defaults, ...path)))) === plain) idle.push(path.join('.'));
    expect(idle).toEqual([]);
  });

  test.each([
    [OPERATOR_CHART, { image: { repository: '' } }, /repository/],
    [OPERATOR_CHART, { image: { pullPolicy: 'Sometimes' } }, /pullPolicy/],
    [OPERATOR_CHART, { replicas: 'two' }, /replicas/],
    [OPERATOR_CHART, { watchNamespaces: ['Not A Name'] }, /watchNamespaces/],
    [OPERATOR_CHART, { replica: 2 }, /replica/],
    [OPERATOR_CHART, { keda: { enabled: true } }, /tlsSecret/],
    [CLUSTER_CHART, { name: 'Not-A-Name' }, /name/],
    [CLUSTER_CHART, { topics: { a: { clusterRef: { name: 'b' } } } }, /topics/],
    [CLUSTER_CHART, { shareGroup: {} }, /shareGroup/],
  ])('%# refuse values that mean nothing', async (chart, values, said) => {
    await expect(template(chart, values)).rejects.toThrow(said);
  });
});

describe('examples/', () => {
  test('install.yaml is what the chart renders, with a namespace', async () => {
    const rendered = await template(OPERATOR_CHART, {}, '--skip-tests');
    // Nothing of this is Helm's: neither what looks after it nor what keeps it.
    const lines = rendered
      .split('\n')
      .filter((line) => !/^ +(app\.kubernetes\.io\/managed-by|helm\.sh\/chart): /.test(line));
    const own = lines.join('\n').replaceAll('  annotations:\n    helm.sh/resource-policy: keep\n', '');
    const head = [
      '# The operator without Helm: `kubectl apply -f examples/install.yaml`. Rendered from charts/weir with its defaults.',
      'apiVersion: v1',
      'kind: Namespace',
      'metadata:',
      '  name: weir-system',
      '  labels: {pod-security.kubernetes.io/enforce: restricted}',
    ];
    await expectFile(join(EXAMPLES, 'install.yaml'), `${head.join('\n')}\n${own}`);
  });
});
