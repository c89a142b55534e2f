import { describe, expect, it } from '@jest/globals';
import type { KubernetesObject } from '../../../operator/ports/kubernetes.ts';
import { OperatorError } from '../../../operator/ports/operator-error.ts';
import { OperatorStage } from '../../support/kubernetes/operator-stage.ts';
import { at, clusterOf } from '../../support/kubernetes/rendered.ts';
import type { ServedType } from '../../support/kubernetes/store.ts';
import { TYPES } from '../../support/kubernetes/types.ts';
import { topic } from '../../support/operator-manifests.ts';

const BROKERS = { replicas: 3, storage: { size: '1Gi' } };
const three = (more: object = {}) => clusterOf({ brokers: BROKERS, ...more }, { name: 'orders', namespace: 'ns' });
const KUBE = { manager: 'kubelet', subresource: '' } as const;

/** A stage where this Cluster is all that it should be, and looks at any other one fail. */
async function settled(): Promise<OperatorStage> {
  const stage = new OperatorStage(() => ({
    before: async ({ cluster }) => {
      if (cluster.name !== 'orders' && cluster.name !== 'another') throw new OperatorError('UNREACHABLE', 'not today');
    },
  }));
  stage.world.declare(three());
  stage.start();
  await stage.calm();
  return stage;
}

function statusOf({ world }: OperatorStage): unknown {
  return at(world.store.find(TYPES.clusters, 'ns', 'orders'), 'status');
}

function condition(stage: OperatorStage, type: string): unknown {
  const found = at(statusOf(stage), 'conditions') as readonly { readonly type: string }[];
  return found.find((one) => one.type === type);
}

/** Another version of the operator has been here. */
function visited(stage: OperatorStage, operatorVersion: string): void {
  const writer = { manager: 'somebody', subresource: 'status' } as const;
  stage.world.store.update(TYPES.clusters, { namespace: 'ns', name: 'orders' }, writer, (live) => ({
    ...live,
    status: { ...(live['status'] as object), operatorVersion },
  }));
}

function annotate(stage: OperatorStage, name: string, annotation: string, value: string): void {
  stage.world.store.update(TYPES.pods, { namespace: 'ns', name }, KUBE, (live) => ({
    ...live,
    metadata: { ...live.metadata, annotations: { ...live.metadata.annotations, [annotation]: value } },
  }));
}

/** Effects other than what is told: statuses and Events. */
const works = (stage: OperatorStage, from: number): readonly string[] =>
  stage.effects.slice(from).filter((one) => !one.startsWith('status ') && !one.startsWith('apply Event '));

describe('an operator that is older than one that was here', () => {
  it('says so and does nothing, whatever changes, and the version in the status stays', async () => {
    const stage = await settled();
    visited(stage, '1.3.0');
    await stage.calm();
    const from = stage.effects.length;
    stage.world.declare(three({ config: { 'socket.request.max.bytes': '100000000' } }));
    stage.world.declare({
      ...topic('t', { clusterRef: { name: 'orders' } }),
      metadata: { name: 't', namespace: 'ns' },
    });
    stage.world.store.delete(TYPES.services, { namespace: 'ns', name: 'orders-bootstrap' });
    await stage.calm();
    expect(works(stage, from)).toEqual([]);
    expect(condition(stage, 'Stalled')).toMatchObject({ reason: 'OperatorTooOld' });
    expect(statusOf(stage)).toMatchObject({ operatorVersion: '1.3.0', replicas: 3 });
    visited(stage, '1.2.0');
    await stage.calm();
    expect(statusOf(stage)).toMatchObject({ operatorVersion: '1.2.3' });
    expect(stage.world.store.find(TYPES.services, 'ns', 'orders-bootstrap')).not.toBeNull();
  });

  it('is here, too, where it sees nothing', async () => {
    const stage = await settled();
    visited(stage, '1.2.0');
    stage.world.brokers.voters = [{ id: 9, directoryId: 'nobody has it' }];
    await stage.calm();
    expect(condition(stage, 'Available')).toMatchObject({ status: 'Unknown' });
    expect(statusOf(stage)).toMatchObject({ operatorVersion: '1.2.3', replicas: 3 });
  });
});

describe('what a new operator makes otherwise', () => {
  const MAKING = 'weir.dev/pod-hash';
  const POD = { containers: [{ name: 'weir', image: 'neighbour' }] };

  /** A Cluster with one pod; the name of its record is taken. */
  function neighbour(stage: OperatorStage, name: string, more: object = {}): void {
    const { store } = stage.world;
    const labels = { 'weir.dev/cluster': name, 'weir.dev/role': 'broker' };
    stage.world.declare(clusterOf({ brokers: { replicas: 1 }, ...more }, { name, namespace: 'ns' }));
    const owner = store.find(TYPES.clusters, 'ns', name)?.metadata.uid ?? '';
    const make = (type: ServedType, object: Omit<KubernetesObject, 'apiVersion'>): KubernetesObject =>
      store.create(type, { apiVersion: 'v1', ...object } as KubernetesObject, KUBE);
    make(TYPES.configMaps, { kind: 'ConfigMap', metadata: { name: `${name}-quorum`, namespace: 'ns' } });
    const ownerReferences = [{ apiVersion: 'weir.dev/v1alpha1', kind: 'Cluster', name, uid: owner, controller: true }];
    const template = { metadata: { labels, annotations: { [MAKING]: 'new' } }, spec: POD };
    make(TYPES.statefulSets, {
      kind: 'StatefulSet',
      metadata: { name: `${name}-broker`, namespace: 'ns', labels, ownerReferences },
      spec: { replicas: 1, template },
    });
  }

  async function withNeighbour(more: object = {}): Promise<OperatorStage> {
    const stage = await settled();
    neighbour(stage, 'aaa', more);
    await stage.calm();
    annotate(stage, 'aaa-broker-0', MAKING, 'old');
    for (const id of [0, 1, 2]) annotate(stage, `orders-broker-${id}`, MAKING, 'old');
    await stage.calm(120_000);
    return stage;
  }
  const evictions = ({ effects }: OperatorStage) => effects.filter((one) => one.startsWith('evict')).length;

  it('is made so in one Cluster after the other, whichever operator begins', async () => {
    const stage = await withNeighbour();
    expect(evictions(stage)).toBe(0);
    expect(condition(stage, 'RestartPending')).toMatchObject({
      reason: 'WaitingForCluster',
      message: expect.stringContaining('Cluster ns/aaa'),
    });
    expect(condition(stage, 'Ready')).toMatchObject({ status: 'True' });
    await stage.kill();
    stage.start();
    await stage.calm(60_000);
    expect(evictions(stage)).toBe(0);
    annotate(stage, 'aaa-broker-0', MAKING, 'new');
    await stage.calm();
    expect(evictions(stage)).toBe(3);
    expect(condition(stage, 'RestartPending')).toBeUndefined();
  });

  it('waits for no Cluster that is paused, has its window later, or is left alone until somebody acts', async () => {
    const pausing = await settled();
    neighbour(pausing, 'aaa');
    await pausing.calm();
    annotate(pausing, 'aaa-broker-0', MAKING, 'old');
    const paused = clusterOf(
      { brokers: { replicas: 1 } },
      { name: 'aaa', namespace: 'ns', annotations: { 'weir.dev/pause': 'true' } },
    );
    pausing.world.declare(paused);
    for (const id of [0, 1, 2]) annotate(pausing, `orders-broker-${id}`, MAKING, 'old');
    await pausing.calm(60_000);
    expect(evictions(pausing)).toBe(3);
    const stalled = await settled();
    neighbour(stalled, 'another');
    await stalled.calm();
    annotate(stalled, 'another-broker-0', MAKING, 'old');
    for (const id of [0, 1, 2]) annotate(stalled, `orders-broker-${id}`, MAKING, 'old');
    await stalled.calm(60_000);
    expect(evictions(stalled)).toBe(3);
    const windows = [{ start: '02:00', durationMinutes: 60, timeZone: 'UTC' }];
    expect(evictions(await withNeighbour({ maintenanceWindows: windows }))).toBe(3);
  });

  it('waits while a pod of another Cluster has just begun', async () => {
    const stage = await settled();
    stage.world.badImages.set('neighbour', 'it does not begin');
    neighbour(stage, 'zzz');
    await stage.calm();
    for (const id of [0, 1, 2]) annotate(stage, `orders-broker-${id}`, MAKING, 'old');
    await stage.calm(60_000);
    expect(evictions(stage)).toBe(0);
    await stage.pass(600_000);
    expect(evictions(stage)).toBe(3);
  });

  it('is told where it does not get on, with those that wait for it', async () => {
    const stage = await settled();
    neighbour(stage, 'zzz');
    await stage.calm();
    stage.world.brokers.blocked.add(1);
    annotate(stage, 'zzz-broker-0', MAKING, 'old');
    for (const id of [0, 1, 2]) annotate(stage, `orders-broker-${id}`, MAKING, 'old');
    await stage.pass(60_000);
    expect(condition(stage, 'RollAwaited')).toMatchObject({ message: expect.stringContaining('Cluster ns/zzz') });
    expect(condition(stage, 'Ready')).toMatchObject({
      status: 'False',
      reason: 'RestartWaits',
      message: 'no node is restarted now: node 1: not now',
    });
    stage.world.brokers.blocked.clear();
    await stage.calm();
    expect(evictions(stage)).toBe(3);
    expect(condition(stage, 'RollAwaited')).toBeUndefined();
  });
});
