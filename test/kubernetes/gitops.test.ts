// Two hundred manifests as a GitOps tool brings and takes them: in any order, again until all are taken, and gone at once.
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { parseAllDocuments } from 'yaml';
import { API_VERSION } from '../../operator/api/names.ts';
import { randomFrom } from '../faults/quorum-strikes.ts';
import { at } from '../support/kubernetes/rendered.ts';
import { waitFor } from '../wire/harness/wait.ts';
import { EXAMPLES } from './harness/charts.ts';
import { ControlPlane } from './harness/control-plane.ts';
import { Kubelet } from './harness/kubelet.ts';

const SEED = 1;
const TOPICS = 100;
const GROUPS = 90;
const STEP_MS = 300_000;
const clusterRef = { name: 'many' };

let plane: ControlPlane;
let kubelet: Kubelet;

beforeAll(async () => {
  plane = await ControlPlane.start({ scheduler: true });
  kubelet = await Kubelet.start(plane);
}, 300_000);
afterAll(async () => {
  await kubelet?.stop();
  await plane?.stop();
}, 120_000);

const named = (kind: string, name: string, spec: object): object => ({
  apiVersion: API_VERSION,
  kind,
  metadata: { name, namespace: 'default' },
  spec,
});
const range = (length: number): readonly number[] => Array.from({ length }, (_, index) => index);
/** Every other one goes with what it stands for. */
const policyOf = (index: number): object => (index % 2 === 0 ? { deletionPolicy: 'Delete' } : {});

async function manifests(): Promise<readonly object[]> {
  const install = await readFile(join(EXAMPLES, 'install.yaml'), 'utf8');
  const all = [
    ...parseAllDocuments(install).map((one) => one.toJS() as object),
    named('Cluster', 'many', { brokers: { replicas: 1 }, listeners: [{ name: 'plain', port: 9092 }] }),
    ...range(TOPICS).map((at) => named('Topic', `topic-${at}`, { clusterRef, ...policyOf(at) })),
    ...range(GROUPS).map((at) =>
      named('ShareGroup', `group-${at}`, { clusterRef, topics: [`topic-${at}`], ...policyOf(at) }),
    ),
  ];
  const random = randomFrom(SEED);
  return all
    .map((one) => ({ one, place: random() }))
    .sort((a, b) => a.place - b.place)
    .map(({ one }) => one);
}

test(
  'all are taken in the end, and become what they say',
  async () => {
    const list = JSON.stringify({ apiVersion: 'v1', kind: 'List', items: await manifests() });
    let passes = 0;
    await waitFor('everything is taken', async () => {
      passes += 1;
      return (await plane.tryKubectl(['apply', '-f', '-'], list)).exitCode === 0;
    });
    expect(passes).toBeGreaterThan(1);
    for (const kind of ['cluster', 'topic', 'sharegroup'])
      await plane.kubectl('wait', `${kind}.weir.dev`, '--all', '--for=condition=Ready', '--timeout=120s');
  },
  STEP_MS,
);

test(
  'all go at once, whichever of them goes first',
  async () => {
    await plane.kubectl('delete', 'weir', '--all', '--wait=false');
    await waitFor('nothing of ours is there', async () => (await plane.kubectl('get', 'weir', '-o', 'name')) === '');
    const kinds = 'pods,services,configmaps,statefulsets,pdb,networkpolicies,serviceaccounts,secrets';
    await waitFor('nothing that belonged to it is there', async () => {
      return (await plane.kubectl('get', kinds, '-l', 'weir.dev/cluster', '-o', 'name')) === '';
    });
  },
  STEP_MS,
);

test(
  'a namespace goes with all that is in it, finalizers or not, while its brokers run, and nothing of it stays behind',
  async () => {
    const namespace = 'team';
    const inTeam = (kind: string, name: string, spec: object): object => ({
      apiVersion: API_VERSION,
      kind,
      metadata: { name, namespace },
      spec,
    });
    const [topics, groups] = [range(5), range(5)];
    await plane.apply(
      { apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } },
      inTeam('Cluster', 'many', { brokers: { replicas: 1, storage: { size: '1Gi' } } }),
      ...topics.map((n) => inTeam('Topic', `topic-${n}`, { clusterRef, ...policyOf(n) })),
      ...groups.map((n) => inTeam('ShareGroup', `group-${n}`, { clusterRef, topics: [`topic-${n}`], ...policyOf(n) })),
    );
    for (const kind of ['cluster', 'topic', 'sharegroup'])
      await plane.kubectl(
        'wait',
        `${kind}.weir.dev`,
        '--all',
        '-n',
        namespace,
        '--for=condition=Ready',
        '--timeout=120s',
      );
    const finalizers = await plane.kubectl(
      'get',
      'weir',
      '-n',
      namespace,
      '-o',
      'jsonpath={.items[*].metadata.finalizers}',
    );
    expect(finalizers.split(' ')).toHaveLength(6);
    await plane.kubectl('delete', 'namespace', namespace, '--timeout=120s');
    const kinds = 'weir,pods,statefulsets,pvc,secrets,services,configmaps';
    expect(await plane.kubectl('get', kinds, '-n', namespace, '-o', 'name')).toBe('');
    await waitFor('its volumes are gone', async () => {
      const { items } = await plane.get('pv');
      return (items as readonly object[]).every((one) => at(one, 'spec', 'claimRef', 'namespace') !== namespace);
    });
  },
  STEP_MS,
);
