// The operator of the chart as pods of a real API server, which run as processes of this machine: from `helm install` to records.
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { API_VERSION } from '../../operator/api/names.ts';
import { at } from '../support/kubernetes/rendered.ts';
import { waitFor } from '../wire/harness/wait.ts';
import { type AuditEntry, describeEntry, grantsOf, isChange, usesOf } from './harness/audit.ts';
import { CLUSTER_CHART, EXAMPLES, setJson } from './harness/charts.ts';
import { consumers, elasticGroup, rivals, SCALED_OBJECTS } from './harness/consumers.ts';
import type { ControlPlane } from './harness/control-plane.ts';
import type { Kubelet } from './harness/kubelet.ts';
import { objectsOf, podsOf, podUidsOf } from './harness/listed.ts';
import { type Operated, startOperated, SYSTEM } from './harness/operated.ts';
import { Programs } from './harness/programs.ts';
import { stepsOn } from './harness/step.ts';

const OPERATOR = 'system:serviceaccount:weir-system:weir-operator';
const BOOTSTRAP = ['--bootstrap', 'quickstart-bootstrap.default.svc.cluster.local:9092'] as const;
const READY = ['--for=condition=Ready', '--timeout=120s'] as const;
const TAKE = ['take', 'workers', '--topic', 'jobs', ...BOOTSTRAP] as const;
/** How long a broker is away that is to come back as another one. */
const AWAY_MS = 400_000;

let operated: Operated;
let plane: ControlPlane;
let kubelet: Kubelet;
let weir: Programs;

beforeAll(async () => {
  operated = await startOperated();
  ({ plane, kubelet } = operated);
  weir = new Programs(operated);
}, 300_000);
afterAll(async () => {
  await weir?.stop();
  await operated?.stop();
}, 120_000);

const step = stepsOn(() => operated);
const uidsOf = (): Promise<readonly string[]> => podUidsOf(plane, 'quickstart');

/** What the operator asked for so far. */
const asked = async (): Promise<readonly AuditEntry[]> =>
  (await plane.audit()).filter(({ user }) => user.username === OPERATOR);
/** What it asked of pods, by what came of it. */
const answers = async (verb: string, subresource: string | undefined, code: number): Promise<readonly AuditEntry[]> =>
  (await asked()).filter(
    (one) =>
      one.verb === verb &&
      one.objectRef?.resource === 'pods' &&
      one.objectRef.subresource === subresource &&
      one.responseStatus?.code === code,
  );

step('the operator is ready in two pods, of which one acts', async () => {
  await plane.kubectl('rollout', 'status', 'deployment/weir-operator', ...SYSTEM, '--timeout=120s');
  const holder = String(at(await plane.get('lease', 'weir-operator', ...SYSTEM), 'spec', 'holderIdentity'));
  const names = (await podsOf(plane, 'app.kubernetes.io/name=weir-operator', ...SYSTEM)).map(
    ({ metadata }) => metadata.name,
  );
  expect(names).toHaveLength(2);
  expect(names.filter((name) => holder.startsWith(name))).toHaveLength(1);
});

step('it makes of examples/quickstart.yaml a cluster that is ready', async () => {
  await plane.kubectl('apply', '-f', join(EXAMPLES, 'quickstart.yaml'));
  await plane.kubectl('wait', 'cluster.weir.dev/quickstart', ...READY);
  await plane.kubectl('wait', 'sharegroup.weir.dev/workers', ...READY);
  expect(await uidsOf()).toHaveLength(3);
});

step('of which weir operator plan has nothing to say, and tells what a change would bring', async () => {
  const plan = async (file: string, input = ''): Promise<readonly [number, readonly string[]]> => {
    const where = ['--kubeconfig', plane.kubeconfig, '--lease-namespace=weir-system'];
    const { code, lines } = await weir.tells(['operator', 'plan', '-f', file, ...where], input);
    return [code, lines];
  };
  const applied = join(EXAMPLES, 'quickstart.yaml');
  expect(await plan(applied)).toEqual([0, ['Cluster quickstart: nothing to do']]);
  const text = await readFile(applied, 'utf8');
  const changed = text
    .replace('replicas: 3', 'replicas: 4')
    .replace('offset.reset: earliest', 'offset.reset: earliest, share.delivery.count.limit: 3');
  const before = (await plane.audit()).length;
  expect(await plan('-', changed)).toEqual([
    1,
    [
      'Cluster quickstart:',
      '  start node 3',
      '  give node 3 a share of the partitions',
      '  ShareGroup workers: set for group workers: share.delivery.count.limit=3',
    ],
  ]);
  const byHand = (await plane.audit())
    .slice(before)
    .filter(({ user, userAgent }) => user.username === 'admin' && userAgent === 'weir-operator');
  expect([byHand.length > 0, byHand.filter(isChange)]).toEqual([true, []]);
});

step('which takes records and hands them out', async () => {
  await weir.says(['put', 'jobs', ...BOOTSTRAP], 'one\ntwo\nthree\n');
  const taken = await weir.says([...TAKE, '--max', '3', '--idle', '30']);
  expect([...taken].sort()).toEqual(['one', 'three', 'two']);
});

step('it creates a topic that is applied, and grows it', async () => {
  const clusterRef = { name: 'quickstart' };
  const member = (kind: string, name: string, spec: object) => ({
    apiVersion: API_VERSION,
    kind,
    metadata: { name },
    spec: { clusterRef, deletionPolicy: 'Delete', ...spec },
  });
  for (const partitions of [2, 5]) {
    await plane.apply(member('Topic', 'orders', { partitions, config: { 'retention.ms': 3_600_000 } }));
    await plane.kubectl('wait', 'topic.weir.dev/orders', ...READY);
    expect(at(await plane.get('topics.weir.dev', 'orders'), 'status', 'partitions')).toBe(partitions);
  }
  await plane.apply(member('ShareGroup', 'readers', { topics: ['orders'] }));
  await plane.kubectl('wait', 'sharegroup.weir.dev/readers', ...READY);
});

/** Counts in the disruption budget of the cluster, and is never ready: nobody gives it a machine. */
const SICK = {
  apiVersion: 'apps/v1',
  kind: 'ReplicaSet',
  metadata: { name: 'sick' },
  spec: {
    replicas: 1,
    selector: { matchLabels: { test: 'sick' } },
    template: { spec: { schedulerName: 'nobody', containers: [{ name: 'sick', image: 'sick' }] } },
  },
};

step(
  'a static setting takes a new pod of each broker, one at a time, and of those that serve none that the budget forbids',
  async () => {
    await weir.says(['put', 'jobs', ...BOOTSTRAP], 'kept\n');
    const before = await uidsOf();
    const budget = await plane.get('pdb', 'quickstart');
    const labels = { test: 'sick', ...(at(budget, 'spec', 'selector', 'matchLabels') as object) };
    const { template } = SICK.spec;
    await plane.apply({ ...SICK, spec: { ...SICK.spec, template: { ...template, metadata: { labels } } } });
    await waitFor('the budget allows nothing', async () => {
      const { status } = await plane.get('pdb', 'quickstart');
      return at(status, 'expectedPods') === 4 && at(status, 'disruptionsAllowed') === 0;
    });
    const patch = JSON.stringify({ spec: { config: { 'queued.max.requests': 600 } } });
    await plane.kubectl('patch', 'wcl', 'quickstart', '--type=merge', '-p', patch);
    const evictions = async (code: number): Promise<number> => (await answers('create', 'eviction', code)).length;
    await waitFor('an eviction is refused, and asked for again', async () => (await evictions(429)) > 1);
    expect((await uidsOf()).filter((uid) => before.includes(uid))).toHaveLength(3);
    await kubelet.kill('quickstart-broker-1', AWAY_MS);
    await waitFor(
      'the one that does not serve is replaced',
      async () => (await answers('delete', undefined, 200)).length > 0,
    );
    expect(await evictions(201)).toBe(0);
    await plane.kubectl('delete', 'replicaset', 'sick');
    await plane.kubectl('wait', 'cluster.weir.dev/quickstart', ...READY);
    const after = await uidsOf();
    expect([after.length, after.filter((uid) => before.includes(uid))]).toEqual([3, []]);
    expect([await evictions(201), (await answers('delete', undefined, 200)).length]).toEqual([2, 1]);
    expect(await weir.says([...TAKE, '--max', '1', '--idle', '30'])).toEqual(['kept']);
  },
);

step('consumers come with the backlog of a group that nobody was ever in, and go with it, time and again', async () => {
  const spec = { clusterRef: { name: 'quickstart' }, partitions: 2, deletionPolicy: 'Delete' };
  await plane.apply({ apiVersion: API_VERSION, kind: 'Topic', metadata: { name: 'loads' }, spec });
  await plane.apply(consumers('Deployment', 'elastic', 0), elasticGroup('Deployment', 'elastic'));
  await plane.kubectl('wait', 'sharegroup.weir.dev/elastic', ...READY);
  const replicas = async (): Promise<unknown> => at(await plane.get('deployment', 'elastic'), 'spec', 'replicas');
  for (const round of [1, 2]) {
    await weir.says(
      ['put', 'loads', ...BOOTSTRAP],
      `${Array.from({ length: 195 }, (_, n) => `load ${n}`).join('\n')}\n`,
    );
    await waitFor('there are ten', async () => (await replicas()) === 10);
    await waitFor('each has a pod', async () => (await podsOf(plane, 'app=elastic')).length === 10);
    if (round === 1) expect(at(await plane.get('sharegroup.weir.dev', 'elastic'), 'status', 'members')).toBe(0);
    const took = await weir.says(['take', 'elastic', '--topic', 'loads', ...BOOTSTRAP, '--max', '195', '--idle', '30']);
    expect(new Set(took).size).toBe(195);
    await waitFor('there is none', async () => (await replicas()) === 0);
  }
  const events = await plane.kubectl('get', 'events', '-o', 'jsonpath={.items[*].reason}');
  expect(events.split(' ')).toEqual(expect.arrayContaining(['ScaledUp', 'ScaledDown']));
});

step('a target that something else scales is told, and left alone', async () => {
  const stands = async (name: string): Promise<string> => {
    const { status } = await plane.get('sharegroup.weir.dev', name);
    const conditions = at(status, 'conditions') as readonly { readonly type: string; readonly message: string }[];
    return conditions.find(({ type }) => type === 'Stalled')?.message ?? '';
  };
  for (const [kind, object] of Object.entries(rivals('elastic'))) {
    if (kind === 'ScaledObject') await plane.applyCrds([JSON.stringify(SCALED_OBJECTS)]);
    await plane.apply(object);
    const wanted = `${kind} rival scales Deployment elastic as well: take one of them away`;
    await waitFor(`${kind} is told`, async () => (await stands('elastic')) === wanted);
    await plane.kubectl('delete', kind, 'rival');
    await waitFor(`${kind} is forgotten`, async () => (await stands('elastic')) === '');
  }
  await plane.kubectl('delete', 'crd', SCALED_OBJECTS.metadata.name);
  // The least number is given at once.
  await plane.apply(consumers('StatefulSet', 'kept', 0), elasticGroup('StatefulSet', 'kept', { minReplicas: 2 }));
  await waitFor('there are two', async () => at(await plane.get('statefulset', 'kept'), 'spec', 'replicas') === 2);
  const groups = ['sharegroup.weir.dev/elastic', 'sharegroup.weir.dev/kept', 'topic.weir.dev/loads'];
  await plane.kubectl('delete', ...groups, 'deployment/elastic', 'statefulset/kept', '--timeout=60s');
});

step('everything goes with the Cluster', async () => {
  const members = ['topic.weir.dev/orders', 'sharegroup.weir.dev/readers'];
  await plane.kubectl('delete', ...members, '--timeout=60s');
  await plane.kubectl('delete', '-f', join(EXAMPLES, 'quickstart.yaml'), '--timeout=120s');
  await waitFor('its objects are gone', async () => (await objectsOf(plane, 'quickstart')).length === 0);
});

step('helm tests the operator, and a cluster of the other chart, in pods that end', async () => {
  const named = ['--timeout=120s', '--logs=false'];
  expect(await plane.helm('test', 'weir', ...SYSTEM, ...named)).toContain('Phase:          Succeeded');
  const cluster = { brokers: { replicas: 1 }, listeners: [{ name: 'plain', port: 9092 }] };
  await plane.helm('install', 'mini', CLUSTER_CHART, ...setJson({ cluster }));
  expect(await plane.helm('test', 'mini', ...named)).toContain('Phase:          Succeeded');
  await plane.helm('uninstall', 'mini');
});

step('a cluster with volumes grows by a broker, and shrinks by it and by its volume', async () => {
  const kept = { brokers: { replicas: 1, storage: { size: '1Gi' } }, storage: { onDelete: 'Delete' } };
  await plane.apply({ apiVersion: API_VERSION, kind: 'Cluster', metadata: { name: 'kept' }, spec: kept });
  const volumes = async (): Promise<readonly string[]> =>
    (await objectsOf(plane, 'kept')).filter((name) => name.startsWith('PersistentVolumeClaim '));
  const [first, second] = ['PersistentVolumeClaim data-kept-broker-0', 'PersistentVolumeClaim data-kept-broker-1'];
  await plane.kubectl('wait', 'cluster.weir.dev/kept', ...READY);
  expect(await volumes()).toEqual([first]);
  await plane.kubectl('scale', 'cluster.weir.dev/kept', '--replicas=2');
  await plane.kubectl('wait', 'cluster.weir.dev/kept', ...READY);
  expect(await volumes()).toEqual([first, second]);
  await plane.kubectl('scale', 'cluster.weir.dev/kept', '--replicas=1');
  await plane.kubectl('wait', 'cluster.weir.dev/kept', ...READY);
  expect(await volumes()).toEqual([first]);
  await plane.kubectl('delete', 'cluster.weir.dev/kept', '--timeout=120s');
  await waitFor('its objects are gone', async () => (await objectsOf(plane, 'kept')).length === 0);
});

test('it was denied nothing, and has no right that nothing needs', async () => {
  const entries = await asked();
  expect(entries.filter(({ responseStatus }) => responseStatus?.code === 403).map(describeEntry)).toEqual([]);
  const roles = await Promise.all([
    plane.get('clusterrole', 'weir-operator'),
    plane.get('role', 'weir-operator-lease', ...SYSTEM),
  ]);
  const used = usesOf(entries);
  const unused = [...grantsOf(roles)].filter((right) => !used.has(right));
  // Asked for by the API server itself, of whoever makes what belongs to a Cluster: without it all of that is refused here.
  expect(unused).toEqual(['update clusters/finalizers.weir.dev']);
});
