import { describe, expect, it, test } from '@jest/globals';
import { isDynamicSetting } from '../../../../../operator/api/settings.ts';
import type { NodeObservation } from '../../../../../operator/core/observed.ts';
import { blueprintOf } from '../../../../../operator/io/kubernetes/objects/blueprint.ts';
import { type HostView, type Listed, readCluster } from '../../../../../operator/io/kubernetes/read.ts';
import { render } from '../../../../../operator/io/kubernetes/render.ts';
import type { KubernetesObject } from '../../../../../operator/ports/kubernetes.ts';
import {
  CLUSTER_ID,
  clusterOf,
  diskOf,
  disksOf,
  listedOf,
  READ,
  settledBlueprint,
  SITE,
} from '../../../../support/kubernetes/rendered.ts';

const cluster = clusterOf({ brokers: { replicas: 3, storage: { size: '10Gi' } } });
const SETTLED = listedOf(render(settledBlueprint(cluster)));

type Change = (object: KubernetesObject) => unknown;

/** The settled cluster with one object changed, or gone where the change says null. */
function withChange(list: keyof Listed, name: string, change: Change, listed: Listed = SETTLED): Listed {
  const before = listed[list];
  const found = before.find(({ metadata }) => metadata.name === name);
  if (found === undefined) throw new Error(`no ${name}`);
  // What tests make of an object is as foreign as what a server sends.
  const after = change(structuredClone(found)) as KubernetesObject | null;
  return { ...listed, [list]: before.flatMap((one) => (one !== found ? [one] : after === null ? [] : [after])) };
}

const withMetadata =
  (metadata: object): Change =>
  (one) => ({ ...one, metadata: { ...one.metadata, ...metadata } });
const withStatus =
  (status: object): Change =>
  (one) => ({ ...one, status });
const gone: Change = () => null;

const read = (listed: Listed): HostView => readCluster(READ, listed, disksOf(SETTLED));
const nodeOf = (view: HostView, id: number): NodeObservation | undefined =>
  view.observation.nodes.find((node) => node.id === id);
const reasons = ({ problems }: HostView): readonly string[] => problems.map(({ reason }) => reason);

const FOREIGN = { ownerReferences: [{ apiVersion: 'v1', kind: 'Other', name: 'x', uid: 'other', controller: true }] };

describe('a settled cluster', () => {
  const view = read(SETTLED);

  it('is read as it was rendered', () => {
    expect(view).toMatchObject({ problems: [], unknownPods: [] });
    expect(view.observation.formation).toEqual(settledBlueprint(cluster).formation);
    expect(nodeOf(view, 2)).toEqual({
      id: 2,
      specHash: settledBlueprint(cluster).nodes[2]?.spec.specHash,
      declaredHash: settledBlueprint(cluster).nodes[2]?.spec.declaredHash,
      restart: '',
      phase: 'running',
      ready: true,
      address: 'orders-broker-2.prod.svc.cluster.local.:9092',
      directoryId: diskOf(2),
      controlAddress: 'orders-broker-2.prod.svc.cluster.local.:9190',
      mark: null,
      replacement: 'none',
      volumeBytes: 10 * 1024 ** 3,
      outside: new Map(),
    });
    expect(view.volumeSizes).toEqual(new Map([0, 1, 2].map((id) => [id, '10Gi'])));
    expect(view.templateSizes).toEqual(new Map([['broker', '10Gi']]));
  });
});

describe('a node', () => {
  const pod = (change: Change): NodeObservation | undefined =>
    nodeOf(read(withChange('pods', 'orders-broker-1', change)), 1);
  const crashed = {
    containerStatuses: [{ state: { waiting: { reason: 'CrashLoopBackOff' } }, lastState: { terminated: {} } }],
  };

  test.each<[string, Change, Partial<NodeObservation>]>([
    [
      'without its pod starts, with what its StatefulSet says',
      gone,
      { phase: 'starting', ready: false, address: null, specHash: nodeOf(read(SETTLED), 1)?.specHash ?? '' },
    ],
    [
      'of a pod that is not ready starts',
      withStatus({ conditions: [{ type: 'Ready', status: 'False' }] }),
      { phase: 'starting', ready: false },
    ],
    ['of a pod that says nothing starts', withStatus({}), { phase: 'starting', ready: false }],
    [
      'of a pod that died waits',
      withStatus(crashed),
      { phase: 'waiting', ready: false, failure: 'Error (exit code ?)' },
    ],
    [
      'of a pod that is deleted stops, ready or not',
      withMetadata({ deletionTimestamp: '2026-01-01T00:00:00Z' }),
      { phase: 'stopping', ready: false, address: null },
    ],
    ['of another pod has another disk', withMetadata({ uid: 'new' }), { directoryId: null, phase: 'running' }],
    [
      'of a pod that is made otherwise is outdated',
      withMetadata({
        annotations: { 'weir.dev/spec-hash': nodeOf(read(SETTLED), 1)?.specHash, 'weir.dev/pod-hash': 'old' },
      }),
      { specHash: '' },
    ],
    [
      'that was started before somebody asked for a restart tells what it was started under',
      withMetadata({ annotations: { 'weir.dev/restart': 'a' } }),
      { restart: 'a' },
    ],
  ])('%s', (_title, change, expected) => {
    expect(pod(change)).toMatchObject(expected);
  });

  const container = (status: object) => pod(withStatus({ containerStatuses: [status] }))?.failure;
  const terminated = {
    exitCode: 137,
    reason: 'OOMKilled',
    message: '{"level":30}\nweir: it needs more\n{"level":30}\n',
  };

  it('tells why its pod does not come up by itself, with its last words', () => {
    const died = { lastState: { terminated } };
    expect(container({ state: { waiting: { reason: 'CrashLoopBackOff' } }, ...died })).toBe(
      'OOMKilled (exit code 137): weir: it needs more',
    );
    expect(container({ state: { terminated: { exitCode: 1, message: 'what it said' } } })).toBe(
      'Error (exit code 1): what it said',
    );
    const waiting = { reason: 'ImagePullBackOff', message: 'no such image' };
    expect(container({ state: { waiting } })).toBe('ImagePullBackOff: no such image');
    // One that died and runs again may still find what it waits for, unless it has died too often.
    expect(container({ state: { running: {} }, restartCount: 2, ...died })).toBeUndefined();
    expect(container({ state: { running: {} }, restartCount: 3, ...died })).toMatch(/^OOMKilled/);
    expect(container({ state: { waiting: { reason: 'ContainerCreating' } } })).toBeUndefined();
    expect(container({ state: { terminated: { message: 'x'.repeat(5_000) } } })).toHaveLength(500);
    const serving = {
      conditions: [{ type: 'Ready', status: 'True' }],
      containerStatuses: [{ restartCount: 9, ...died }],
    };
    expect(pod(withStatus(serving))?.failure).toBeUndefined();
  });

  it('tells since when its pod should have ended, or been heard of, and what to do', () => {
    const at = '2026-01-01T00:00:00Z';
    const spec = { nodeName: 'worker-2' };
    const leaving: Change = (one) => ({ ...one, spec, metadata: { ...one.metadata, deletionTimestamp: at } });
    expect(pod(leaving)?.lost).toEqual({
      sinceMs: Date.parse(at),
      remedy:
        'pod orders-broker-1 does not end, as if its machine worker-2 were gone; once that is surely off: kubectl delete pod orders-broker-1 --namespace prod --force --grace-period=0',
    });
    expect(pod(withStatus({ phase: 'Unknown' }))?.lost?.sinceMs).toBe(0);
    expect(pod(withStatus({ reason: 'NodeLost' }))?.lost?.sinceMs).toBe(0);
    expect(pod(withStatus({ phase: 'Running' }))?.lost).toBeUndefined();
    expect(pod(withMetadata({ deletionTimestamp: 'soon' }))?.lost).toBeUndefined();
  });

  it('that its StatefulSet has no place for stops, and is stopped once its pod is gone', () => {
    const smaller = withChange('statefulSets', 'orders-broker', (one) => ({
      ...one,
      spec: { ...(one['spec'] as object), replicas: 2 },
    }));
    expect(nodeOf(read(smaller), 2)).toMatchObject({ phase: 'stopping', ready: false });
    const stopped = read(withChange('pods', 'orders-broker-2', gone, smaller));
    expect(nodeOf(stopped, 2)).toMatchObject({ phase: 'stopped', volumeBytes: 10 * 1024 ** 3 });
    expect(nodeOf(stopped, 1)).toMatchObject({ phase: 'running' });
  });

  it('has the mark that its Service has, if it is one', () => {
    const marked = (mark: string): Listed =>
      withChange('services', 'orders-broker-1', withMetadata({ annotations: { 'weir.dev/mark': mark } }));
    expect(nodeOf(read(marked('leaving')), 1)?.mark).toBe('leaving');
    expect(nodeOf(read(marked('whatever')), 1)?.mark).toBeNull();
  });

  it('has a disk that is to be replaced as long as it is the one that its Service remembers', () => {
    const disk = 'PersistentVolumeClaim data-orders-broker-1';
    const remembering = (uid: string, listed = SETTLED): Listed =>
      withChange(
        'services',
        'orders-broker-1',
        withMetadata({ annotations: { 'weir.dev/replaced-disk': uid } }),
        listed,
      );
    const replacement = (listed: Listed) => nodeOf(read(listed), 1)?.replacement;
    expect(replacement(remembering(disk))).toBe('begun');
    expect(replacement(remembering('of an earlier claim'))).toBe('done');
    const without = withChange('claims', 'data-orders-broker-1', gone);
    expect(replacement(remembering(disk, without))).toBe('done');
    // Data that is gone with its pod.
    expect(replacement(remembering('uid-of-orders-broker-1', without))).toBe('begun');
    expect(replacement(remembering('none', withChange('pods', 'orders-broker-1', gone, without)))).toBe('done');
    expect(nodeOf(read(remembering(disk)), 0)?.replacement).toBe('none');
  });

  it('remembers nothing of it once nobody asks for it any more', () => {
    const listed = withChange(
      'services',
      'orders-broker-1',
      withMetadata({ annotations: { 'weir.dev/replaced-disk': 'x' } }),
    );
    const rendered = (id: string) => {
      const annotations = new Map([['weir.dev/replace-node', id]]);
      const asked = { ...cluster, metadata: { ...cluster.metadata, annotations } };
      const made = blueprintOf({ cluster: asked, uid: READ.uid, isDynamic: isDynamicSetting }, read(listed), SITE);
      return made?.nodes.map(({ replacedDisk }) => replacedDisk);
    };
    expect(rendered('1')).toEqual([null, 'x', null]);
    expect(rendered('2')).toEqual([null, null, null]);
  });

  it('has a volume as large as it is, or as is asked for', () => {
    const sized = (storage: string): Listed =>
      withChange('claims', 'data-orders-broker-1', withStatus({ capacity: { storage } }));
    expect(nodeOf(read(sized('12Gi')), 1)?.volumeBytes).toBe(12 * 1024 ** 3);
    expect(nodeOf(read(sized('much')), 1)?.volumeBytes).toBe(10 * 1024 ** 3);
  });

  it('is known as long as anything of it is there', () => {
    const bare: Listed = { ...SETTLED, statefulSets: [], pods: [], services: [], configMaps: [] };
    expect(
      read({ ...bare, claims: SETTLED.claims.slice(0, 1) }).observation.nodes.map(({ id, phase }) => [id, phase]),
    ).toEqual([[0, 'stopped']]);
    expect(read({ ...bare, claims: [], services: SETTLED.services }).observation.nodes.map(({ id }) => id)).toEqual([
      0, 1, 2,
    ]);
    expect(read({ ...bare, claims: [] })).toMatchObject({ observation: { formation: null, nodes: [] }, problems: [] });
  });
});

describe('what is not ours', () => {
  test.each<[string, keyof Listed, string, Change]>([
    ['a StatefulSet without an owner', 'statefulSets', 'orders-broker', withMetadata({ ownerReferences: [] })],
    [
      'a StatefulSet of an earlier Cluster of the name',
      'statefulSets',
      'orders-broker',
      withMetadata({ ownerReferences: [{ uid: 'earlier', kind: 'Cluster', name: 'orders', controller: true }] }),
    ],
    [
      'a StatefulSet that we own beside another controller',
      'statefulSets',
      'orders-broker',
      withMetadata({ ownerReferences: [{ uid: READ.uid, controller: false }] }),
    ],
    ['a record', 'configMaps', 'orders-quorum', withMetadata({ ownerReferences: undefined })],
    ['a Service of a node', 'services', 'orders-broker-0', withMetadata(FOREIGN)],
    ['a claim without our labels', 'claims', 'data-orders-broker-0', withMetadata({ labels: {} })],
    [
      'a claim of another cluster',
      'claims',
      'data-orders-broker-0',
      withMetadata({ labels: { 'app.kubernetes.io/managed-by': 'weir-operator', 'weir.dev/cluster': 'other' } }),
    ],
    [
      'a claim that says that it is another node',
      'claims',
      'data-orders-broker-0',
      withMetadata({
        labels: {
          'app.kubernetes.io/managed-by': 'weir-operator',
          'weir.dev/cluster': 'orders',
          'weir.dev/node-id': '1',
        },
      }),
    ],
    ['a claim that somebody else owns', 'claims', 'data-orders-broker-0', withMetadata(FOREIGN)],
    ['a pod that somebody else owns', 'pods', 'orders-broker-0', withMetadata(FOREIGN)],
  ])('%s has a name of ours: nothing is done', (_title, list, name, change) => {
    const view = read(withChange(list, name, change));
    expect(reasons(view)).toContain('NameTaken');
    expect(view.problems[0]).toMatchObject({ resource: 'Cluster prod/orders', type: 'Stalled' });
    expect(view.problems[0]?.message).toContain(` ${name} `);
  });

  test.each<[string, NodeObservation['phase'], Change]>([
    ['without an owner', 'stopping', withMetadata({ ownerReferences: [] })],
    [
      'of an earlier StatefulSet',
      'stopping',
      withMetadata({
        ownerReferences: [{ kind: 'StatefulSet', name: 'orders-broker', uid: 'earlier', controller: true }],
      }),
    ],
    ['with two ordinals', 'stopping', withMetadata({ labels: { 'apps.kubernetes.io/pod-index': '2' } })],
    ['with an ordinal that is none', 'starting', withMetadata({ name: 'orders-broker-01' })],
    ['with an ordinal of the other role', 'starting', withMetadata({ name: 'orders-broker-1001' })],
  ])('a pod %s is nobody: whose name it has is %s, and no other node has it', (_title, phase, change) => {
    const view = read(withChange('pods', 'orders-broker-1', change));
    expect(view.problems).toEqual([]);
    expect(view.unknownPods).toHaveLength(1);
    expect(view.observation.nodes.map((node) => [node.id, node.phase, node.directoryId])).toEqual([
      [0, 'running', diskOf(0)],
      [1, phase, null],
      [2, 'running', diskOf(2)],
    ]);
  });

  it('is left alone under names of others', () => {
    const others = [
      'orders-proxy',
      'orders-broker',
      'orders-broker-x',
      'my-orders-broker-1',
      'orders2-broker-0',
      'orders-broker-0-outside',
    ];
    const strange = others.map(
      (name): KubernetesObject => ({ apiVersion: 'v1', kind: 'Any', metadata: { name, ...FOREIGN } }),
    );
    const [pods, services] = [
      [...SETTLED.pods, ...strange],
      [...SETTLED.services, ...strange],
    ];
    expect(read({ ...SETTLED, pods, services })).toEqual(read(SETTLED));
  });
});

describe('the blueprint of a cluster as it is', () => {
  const of = (spec: object, listed: Listed, site = SITE) =>
    blueprintOf({ cluster: clusterOf(spec), uid: READ.uid, isDynamic: isDynamicSetting }, read(listed), site);
  const SPEC = { brokers: { replicas: 3, storage: { size: '10Gi' } } };

  it('has the brokers that are there, whatever the manifest asks for', () => {
    for (const replicas of [1, 3, 7])
      expect(of({ brokers: { ...SPEC.brokers, replicas } }, SETTLED)?.nodes.map(({ spec }) => spec.id)).toEqual([
        0, 1, 2,
      ]);
  });

  it('is not made where there is nothing yet, or somebody has to decide', () => {
    expect(of(SPEC, SETTLED)).not.toBeNull();
    expect(of(SPEC, { statefulSets: [], pods: [], claims: [], configMaps: [], services: [] })).toBeNull();
    expect(of(SPEC, withChange('services', 'orders-broker-0', withMetadata(FOREIGN)))).toBeNull();
    const apart = (replicas: number) => ({ ...SPEC, controllers: { replicas } });
    const listed = listedOf(render(settledBlueprint(clusterOf(apart(3)))));
    const larger = of({ ...apart(5), brokers: { ...SPEC.brokers, replicas: 7 } }, listed);
    expect(larger?.nodes.map(({ spec }) => spec.id)).toEqual([0, 1, 2, 1000, 1001, 1002]);
    expect(of(apart(1), listed)).toBeNull();
    expect(of(SPEC, listed)).toBeNull();
  });

  describe('has every node that is wanted running', () => {
    const running = (listed: Listed, replicas = 3) =>
      of({ brokers: { ...SPEC.brokers, replicas } }, listed)?.nodes.map(({ spec, isRunning }) => [spec.id, isRunning]);
    const orphan = withMetadata({ ownerReferences: [] });
    const everybody = [0, 1, 2].map((id) => [id, true]);
    const scaled = (replicas: number): Listed =>
      withChange('statefulSets', 'orders-broker', (one) => ({
        ...one,
        spec: { ...(one['spec'] as object), replicas },
      }));
    const without = { ...SETTLED, statefulSets: [] };

    test('though somebody made its StatefulSet smaller', () => {
      expect(running(scaled(0))).toEqual(everybody);
    });
    test('though its StatefulSet was deleted', () => {
      expect(running({ ...without, pods: [] })).toEqual(everybody);
    });
    test('though nothing of it is left but those above it', () => {
      const listed = {
        ...without,
        services: SETTLED.services.filter(({ metadata }) => metadata.name !== 'orders-broker-1'),
      };
      const claims = SETTLED.claims.filter(({ metadata }) => metadata.name !== 'data-orders-broker-1');
      expect(running({ ...listed, claims, pods: [] })).toEqual(everybody);
    });
    test('and others that still are', () => {
      expect(running(SETTLED, 1)).toEqual(everybody);
      const orphans = { ...without, pods: SETTLED.pods.map((one) => orphan(one) as KubernetesObject) };
      expect(running(orphans, 1)).toEqual(everybody);
    });
    test('and none that was stopped', () => {
      expect(running({ ...scaled(2), pods: SETTLED.pods.slice(0, 2) }, 1)).toEqual([
        [0, true],
        [1, true],
        [2, false],
      ]);
      expect(running({ ...without, pods: [] }, 1)).toEqual([
        [0, true],
        [1, false],
        [2, false],
      ]);
    });
  });

  it('takes no number of replicas that can be none', () => {
    const asked = (replicas: unknown): HostView =>
      read(
        withChange('statefulSets', 'orders-broker', (one) => ({
          ...one,
          spec: { ...(one['spec'] as object), replicas },
        })),
      );
    for (const replicas of [0, -1, 2.5, 5_000, '3', null, undefined]) {
      expect(asked(replicas).observation.nodes.map(({ id, phase }) => [id, phase])).toEqual(
        [0, 1, 2].map((id) => [id, 'stopping']),
      );
    }
    expect(asked(4).observation.nodes.map(({ id }) => id)).toEqual([0, 1, 2, 3]);
  });
});

describe('the identity of a cluster', () => {
  const claimOf = (clusterId: string): Change => withMetadata({ annotations: { 'weir.dev/cluster-id': clusterId } });
  const retained: Listed = { ...SETTLED, statefulSets: [], pods: [], services: [], configMaps: [] };

  it('is that of claims that an earlier Cluster retained, and formed', () => {
    const initialVoters = [0, 1, 2].map((id) => ({ id, directoryId: null }));
    expect(read(retained).observation.formation).toEqual({ clusterId: CLUSTER_ID, initialVoters, formed: true });
  });

  it('of controllers of their own is that of their claims', () => {
    const apart = clusterOf({ brokers: { replicas: 3 }, controllers: { replicas: 3, storage: { size: '1Gi' } } });
    const { claims } = listedOf(render(settledBlueprint(apart)));
    expect(read({ ...retained, claims }).observation.formation?.initialVoters.map(({ id }) => id)).toEqual([
      1000, 1001, 1002,
    ]);
  });

  it('of pods without volumes is not lost with the record', () => {
    const listed = listedOf(render(settledBlueprint(clusterOf({ brokers: { replicas: 1 } }))));
    expect(read({ ...listed, configMaps: [] }).observation.formation).toEqual({
      clusterId: CLUSTER_ID,
      initialVoters: [{ id: 0, directoryId: null }],
      formed: true,
    });
  });

  it.each([
    ['two of the claims', withChange('claims', 'data-orders-broker-1', claimOf('another'), retained)],
    ['a claim and the record', withChange('claims', 'data-orders-broker-1', claimOf('another'))],
  ])('is not guessed where %s disagree', (_title, listed) => {
    const view = read(listed);
    expect(reasons(view)).toEqual(['ClaimsDisagree']);
    expect(view.problems[0]?.message).toContain('another (PersistentVolumeClaim data-orders-broker-1)');
    expect(view.observation.formation).toBeNull();
  });

  it.each([
    ['FormationDamaged', '{"version":2,"clusterId":"x"}'],
    ['FormationDamaged', undefined],
  ])('is not made anew where the record is unreadable: %s', (reason, text) => {
    const view = read(
      withChange('configMaps', 'orders-quorum', (one) => ({ ...one, data: { 'formation.json': text } })),
    );
    expect(reasons(view)).toEqual([reason]);
    expect(view.observation.formation).toBeNull();
  });
});

describe('where clients outside find a node', () => {
  const listeners = [
    { name: 'plain', port: 9092 },
    { name: 'lan', port: 9093, type: 'nodeport' },
    { name: 'wan', port: 9094, type: 'loadbalancer' },
  ];
  const listed = listedOf(render(settledBlueprint(clusterOf({ brokers: { replicas: 3 }, listeners }))));
  const ports =
    (nodePort: number): Change =>
    (one) => ({ ...one, spec: { ...(one['spec'] as object), ports: [{ name: 'kafka-lan', port: 9093, nodePort }] } });
  const balanced = (...ingress: readonly object[]): Change => withStatus({ loadBalancer: { ingress } });
  const outside = (changed: Listed) => Object.fromEntries(nodeOf(read(changed), 1)?.outside ?? []);
  const onMachine = withChange('pods', 'orders-broker-1', withStatus({ hostIP: '10.0.0.7' }), listed);

  it('is not known before there are a load balancer, a port and a machine', () => {
    expect(outside(listed)).toEqual({});
    expect(outside(onMachine)).toEqual({});
    expect(outside(withChange('services', 'orders-broker-1-lan', ports(30_001), listed))).toEqual({});
    for (const none of [balanced(), balanced({}), withStatus({})])
      expect(outside(withChange('services', 'orders-broker-1-wan', none, listed))).toEqual({});
  });

  it('is its load balancer, by name or address, and the machine of its pod', () => {
    const withPort = withChange('services', 'orders-broker-1-lan', ports(30_001), onMachine);
    expect(outside(withPort)).toEqual({ lan: { host: '10.0.0.7', port: 30_001 } });
    const of = (...ingress: readonly object[]) =>
      outside(withChange('services', 'orders-broker-1-wan', balanced(...ingress), listed));
    expect(of({ ip: '203.0.113.9' })).toEqual({ wan: { host: '203.0.113.9', port: 9094 } });
    expect(of({ ip: '203.0.113.9', hostname: 'lb.example.com' }, { ip: '203.0.113.10' })).toEqual({
      wan: { host: 'lb.example.com', port: 9094 },
    });
  });

  it('is not what another node has, or an object of others says', () => {
    const other = withChange('services', 'orders-broker-2-wan', balanced({ ip: '203.0.113.9' }), listed);
    expect(outside(other)).toEqual({});
    const taken = withChange('services', 'orders-broker-1-wan', balanced({ ip: '203.0.113.9' }), listed);
    expect(outside(withChange('services', 'orders-broker-1-wan', withMetadata(FOREIGN), taken))).toEqual({});
  });
});
