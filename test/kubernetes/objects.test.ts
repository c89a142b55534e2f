// What is rendered of a Cluster, before a real API server and its controllers.
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { API_VERSION } from '../../operator/api/names.ts';
import type { ApiClient } from '../../operator/io/kubernetes/api-client.ts';
import { verdictOn } from '../../operator/io/kubernetes/drift.ts';
import { render } from '../../operator/io/kubernetes/render.ts';
import type { KubernetesObject, ResourceType } from '../../operator/ports/kubernetes.ts';
import { EVERYTHING, QUICKSTART } from '../support/kubernetes/cluster-specs.ts';
import { at, clusterOf, settledBlueprint } from '../support/kubernetes/rendered.ts';
import { TYPES } from '../support/kubernetes/types.ts';
import { ROOT } from '../tidy/tree.ts';
import { waitFor } from '../wire/harness/wait.ts';
import { ControlPlane } from './harness/control-plane.ts';

/** The strictest level of Pod Security: what breaks it is refused, and warned of where it is written in a template. */
const RESTRICTED = {
  'pod-security.kubernetes.io/enforce': 'restricted',
  'pod-security.kubernetes.io/warn': 'restricted',
};
const CLUSTERS = [
  { name: 'one', spec: { brokers: { replicas: 1 } }, pods: ['one-broker-0'] },
  { name: 'quick', spec: QUICKSTART, pods: ['quick-broker-0', 'quick-broker-1', 'quick-broker-2'] },
  {
    name: 'all',
    spec: EVERYTHING,
    pods: [
      ...[0, 1, 2, 3, 4].map((id) => `all-broker-${id}`),
      ...[1000, 1001, 1002].map((id) => `all-controller-${id}`),
    ],
  },
];

let plane: ControlPlane;
let api: ApiClient;

beforeAll(async () => {
  plane = await ControlPlane.start();
  api = await plane.client();
  const names = await readdir(join(ROOT, 'crds'));
  await plane.applyCrds(await Promise.all(names.map(async (name) => readFile(join(ROOT, 'crds', name), 'utf8'))));
  await plane.apply(
    ...CLUSTERS.map(({ name }) => ({ apiVersion: 'v1', kind: 'Namespace', metadata: { name, labels: RESTRICTED } })),
    {
      apiVersion: 'scheduling.k8s.io/v1',
      kind: 'PriorityClass',
      metadata: { name: 'high' },
      value: 1000,
    },
  );
}, 300_000);
afterAll(async () => plane?.stop());

const typeOf = ({ kind }: KubernetesObject): ResourceType => {
  const found = Object.values(TYPES).find((type) => type.kind === kind);
  if (found === undefined) throw new Error(`no type ${kind}`);
  return found;
};

/** The objects of a Cluster that the API server has, so that they have an owner. */
async function rendered(name: string, spec: object): Promise<readonly KubernetesObject[]> {
  await plane.apply({ apiVersion: API_VERSION, kind: 'Cluster', metadata: { name, namespace: name }, spec });
  const { metadata } = await plane.get('clusters.weir.dev', name, '-n', name);
  return render({ ...settledBlueprint(clusterOf(spec, { name, namespace: name })), uid: metadata.uid ?? '' });
}

describe.each(CLUSTERS)('the objects of cluster $name', ({ name, spec, pods }) => {
  let objects: readonly KubernetesObject[];
  const live = async (): Promise<readonly (KubernetesObject | null)[]> =>
    Promise.all(objects.map(async (one) => api.get(typeOf(one), { namespace: name, name: one.metadata.name })));

  test('are taken without a warning where Pod Security is restricted', async () => {
    objects = await rendered(name, spec);
    const file = JSON.stringify({ apiVersion: 'v1', kind: 'List', items: objects });
    const flags = ['--server-side', '--field-manager=weir-operator', '-f', '-'];
    const { exitCode, stdout, stderr } = await plane.tryKubectl(['apply', ...flags], file);
    expect([exitCode, stderr]).toEqual([0, '']);
    expect(stdout.trim().split('\n')).toHaveLength(objects.length);
  });

  test('become pods that are taken, too', async () => {
    await waitFor('all pods are there', async () => {
      const { items } = await plane.get('pods', '-n', name);
      const names = (items as readonly KubernetesObject[]).map(({ metadata }) => metadata.name);
      return names.sort().join() === pods.join();
    });
    // From then on no controller writes to them. Those of a class that is not there wait for ever.
    await waitFor('all claims are bound', async () => {
      const { items } = await plane.get('pvc', '-n', name);
      const provided = (items as readonly KubernetesObject[]).filter(
        (one) => at(one, 'spec', 'storageClassName') === 'standard',
      );
      return provided.every((one) => at(one, 'status', 'phase') === 'Bound');
    });
  });

  test('are seen as applied, however the server wrote them, and applying them again writes nothing', async () => {
    const owner = { name, uid: at(objects[0], 'metadata', 'ownerReferences', 0, 'uid') as string };
    const before = await live();
    expect(objects.map((one, index) => verdictOn(one, before[index] ?? null, owner))).toEqual(
      objects.map(() => 'nothing'),
    );
    const versions = objects.map((one) => `${one.kind} ${one.metadata.name}`);
    for (const one of objects) await api.apply(typeOf(one), one, { force: true });
    const settled = (list: readonly (KubernetesObject | null)[]) =>
      list.map(
        (one, index) => `${versions[index]} ${one?.metadata.generation ?? ''} ${JSON.stringify(at(one, 'spec'))}`,
      );
    expect(settled(await live())).toEqual(settled(before));
  });

  test('go with their Cluster, claims apart that are to stay', async () => {
    await plane.kubectl('delete', 'clusters.weir.dev', name, '-n', name);
    const stays = (one: KubernetesObject): boolean => one.metadata.ownerReferences === undefined;
    // The collector looks for kinds that it does not know yet twice a minute.
    await waitFor(
      'the rest is gone',
      async () => {
        const left = (await live()).filter((one) => one !== null);
        return left.every(stays) && left.length === objects.filter(stays).length;
      },
      { deadlineMs: 120_000 },
    );
  });
});
