import { describe, expect, it } from '@jest/globals';
import type { StatusCondition } from '../../../operator/core/conditions.ts';
import { TYPES } from '../../support/kubernetes/types.ts';
import { at, clusterOf } from '../../support/kubernetes/rendered.ts';
import { OperatorStage } from '../../support/kubernetes/operator-stage.ts';
import { StatusError } from '../../support/kubernetes/store.ts';
import { topic } from '../../support/operator-manifests.ts';
import { PLAIN_TOPIC } from '../../support/operator-model.ts';

const three = clusterOf({ brokers: { replicas: 3, storage: { size: '1Gi' } } }, { name: 'orders', namespace: 'ns' });

/** A stage where this Cluster is all that it should be. */
async function settled(): Promise<OperatorStage> {
  const stage = new OperatorStage();
  stage.world.declare(three);
  stage.start();
  await stage.calm();
  return stage;
}

describe('the operator', () => {
  it('forms a cluster before it has a pod, and brings it to what its manifest says', async () => {
    const { world, effects, told } = await settled();
    expect(effects[0]).toBe('create ConfigMap ns/orders-quorum');
    expect(world.store.all(TYPES.pods).map(({ metadata }) => metadata.name)).toEqual([
      'orders-broker-0',
      'orders-broker-1',
      'orders-broker-2',
    ]);
    expect(world.brokers.voters.map(({ id }) => id)).toEqual([0, 1, 2]);
    const [record] = world.store.all(TYPES.configMaps).filter(({ metadata }) => metadata.name === 'orders-quorum');
    expect(JSON.parse(String(at(record, 'data', 'formation.json')))).toMatchObject({ formed: true });
    expect(told).toEqual(['operator-1 leads']);
  });

  it('has a certificate for a node before there is a pod that asks for it', async () => {
    const stage = await settled();
    const secrets = (): readonly number[] =>
      [...stage.effects.entries()].flatMap(([at, name]) => (name.includes('Secret') ? [at] : []));
    expect(secrets()[0]).toBeLessThan(stage.effects.findIndex((name) => name.includes('StatefulSet')));
    const before = stage.effects.length;
    stage.world.declare(
      clusterOf({ ...three.spec, brokers: { replicas: 4, storage: { size: '1Gi' } } }, three.metadata),
    );
    await stage.calm();
    const set = stage.effects.findIndex((name, at) => at >= before && name.includes('StatefulSet'));
    expect(secrets().filter((at) => at >= before && at < set)).toHaveLength(1);
    expect(at(stage.world.store.find(TYPES.secrets, 'ns', 'orders-node-tls'), 'data', 'orders-broker-3.crt')).toBe('');
  });

  it('takes no disk that is to be replaced from a node that may not go yet', async () => {
    const stage = await settled();
    const { world } = stage;
    for (const id of [0, 1, 2]) world.brokers.fill(id, 3);
    world.disruptions = 0;
    world.settle();
    const claimOf = () => world.store.find(TYPES.claims, 'ns', 'data-orders-broker-1');
    const before = claimOf()?.metadata.uid;
    expect(before).toBeDefined();
    world.declare(clusterOf(three.spec, { ...three.metadata, annotations: { 'weir.dev/replace-node': '1' } }));
    await stage.pass(60_000);
    expect(claimOf()?.metadata).toMatchObject({ uid: before });
    expect(claimOf()?.metadata.deletionTimestamp).toBeUndefined();
    world.disruptions = 1;
    world.settle();
    await stage.calm();
    expect(claimOf()?.metadata.uid).not.toBe(before);
  });

  it('rolls to another port of its first listener: until then pods are called at the one that they have', async () => {
    const stage = await settled();
    const listeners = [{ name: 'plain', port: 9095 }];
    stage.world.declare(clusterOf({ brokers: { ...three.spec.brokers }, listeners }, three.metadata));
    await stage.calm();
    expect(stage.effects.filter((one) => one.startsWith('evict'))).toHaveLength(3);
    const ports = stage.world.store
      .all(TYPES.pods)
      .map((pod) => at(pod, 'spec', 'containers', 0, 'ports', 0, 'containerPort'));
    expect(ports).toEqual([9095, 9095, 9095]);
  });

  it('changes topics while a budget allows no restart', async () => {
    const stage = await settled();
    const { world } = stage;
    world.disruptions = 0;
    world.settle();
    world.declare(clusterOf({ ...three.spec, config: { 'socket.request.max.bytes': '100000000' } }, three.metadata));
    world.declare({
      ...topic('jobs', { clusterRef: { name: 'orders' } }),
      metadata: { name: 'jobs', namespace: 'ns' },
    });
    await stage.pass(60_000);
    expect(stage.effects.filter((one) => one.startsWith('evict'))).toEqual([]);
    expect(world.brokers.topics.has('jobs')).toBe(true);
    world.disruptions = 1;
    world.settle();
    await stage.calm();
    expect(stage.effects.filter((one) => one.startsWith('evict'))).toHaveLength(3);
  });

  it('says so where the API server refuses what a manifest makes of a pod, and goes on when it is mended', async () => {
    const stage = await settled();
    const { store } = stage.world;
    const apply = store.apply.bind(store);
    store.apply = (type, object, writer, force) => {
      if (at(object, 'spec', 'template', 'metadata', 'labels', 'team') === 'a b')
        throw new StatusError(422, 'Invalid', 'spec.template.labels: Invalid value: "a b"');
      return apply(type, object, writer, force);
    };
    const labelled = (team: string) =>
      clusterOf({ brokers: { ...three.spec.brokers, pod: { labels: { team } } } }, three.metadata);
    const standing = (): readonly string[] => {
      const conditions = at(store.find(TYPES.clusters, 'ns', 'orders'), 'status', 'conditions');
      return (conditions as readonly StatusCondition[]).map(
        ({ type, status, reason }) => `${type}=${status} ${reason}`,
      );
    };
    stage.world.declare(labelled('a b'));
    const jobs = { ...topic('jobs', { clusterRef: { name: 'orders' } }), metadata: { name: 'jobs', namespace: 'ns' } };
    stage.world.declare(jobs);
    await stage.calm();
    expect(standing()).toEqual(expect.arrayContaining(['Ready=False Refused', 'Stalled=True Refused']));
    // Topics go on; a pod that would be made as it was is left alone.
    expect(stage.world.brokers.topics.has('jobs')).toBe(true);
    expect(stage.effects.filter((one) => one.startsWith('evict'))).toEqual([]);
    stage.world.declare(labelled('ab'));
    await stage.calm();
    expect(standing()).toContain('Ready=True AsDeclared');
    expect(stage.effects.filter((one) => one.startsWith('evict'))).toHaveLength(3);
  });

  it('tries rarely what fails again and again, and at once when a manifest is changed', async () => {
    const stage = await settled();
    const { store, brokers } = stage.world;
    const apply = store.apply.bind(store);
    store.apply = (type, object, writer, force) => {
      if (object.metadata.name === 'jobs' && writer.subresource === 'status')
        throw new StatusError(422, 'Invalid', 'status.conditions: too long');
      return apply(type, object, writer, force);
    };
    const declare = (partitions: number): void => {
      const jobs = topic('jobs', { clusterRef: { name: 'orders' }, partitions });
      stage.world.declare({ ...jobs, metadata: { name: 'jobs', namespace: 'ns' } });
    };
    const tries = (): number => stage.told.filter((one) => one.startsWith('ns/orders: INVALID')).length;
    const lastTry = async (): Promise<number> => {
      const before = tries();
      for (let passed = 0; passed < 60 && tries() === before; passed += 2) await stage.pass(2000);
      return tries();
    };
    declare(1);
    await stage.pass(120_000);
    const before = await lastTry();
    expect(before).toBeGreaterThan(3);
    await stage.pass(20_000);
    expect(tries()).toBe(before);
    declare(2);
    await stage.pass(2000);
    expect([tries() > before, brokers.topics.get('jobs')?.partitions]).toEqual([true, 2]);
    await stage.stop();
  });

  it('is hurried by what users change of a manifest, and not by statuses', async () => {
    const stage = await settled();
    const { store } = stage.world;
    const writer = { manager: 'somebody', subresource: '' } as const;
    const declare = (name: string): void => {
      const jobs = topic(name, { clusterRef: { name: 'orders' } });
      stage.world.declare({ ...jobs, metadata: { name, namespace: 'ns' } });
    };
    declare('other');
    await stage.calm();
    const apply = store.apply.bind(store);
    store.apply = (type, object, by, force) => {
      if (object.metadata.name === 'jobs' && by.subresource === 'status')
        throw new StatusError(422, 'Invalid', 'status.conditions: too long');
      return apply(type, object, by, force);
    };
    declare('jobs');
    await stage.pass(120_000);
    const tries = (): number => stage.told.filter((one) => one.startsWith('ns/orders: INVALID')).length;
    const triesAfter = async (change: () => void): Promise<number> => {
      // What fails was just tried, and is put off for long.
      const waited = tries();
      while (tries() === waited) await stage.pass(1000);
      const before = tries();
      change();
      await stage.pass(2000);
      return tries() - before;
    };
    const other = { namespace: 'ns', name: 'other' };
    const status = { ...writer, subresource: 'status' } as const;
    const written = (metadata: object) => (): void => {
      store.update(TYPES.topics, other, writer, (live) => ({ ...live, metadata: { ...live.metadata, ...metadata } }));
    };
    const statusWritten = (): void => {
      store.update(TYPES.topics, other, status, (live) => ({ ...live, status: { partitions: 7 } }));
    };
    expect(await triesAfter(statusWritten)).toBe(0);
    expect(await triesAfter(written({ annotations: { a: 'b' } }))).toBe(1);
    expect(await triesAfter(written({ labels: { a: 'b' } }))).toBe(1);
    expect(await triesAfter(() => declare('another'))).toBeGreaterThan(0);
    expect(await triesAfter(() => store.delete(TYPES.topics, other))).toBe(1);
    await stage.stop();
  });

  it('writes nothing while nothing has to be done', async () => {
    const stage = await settled();
    const before = stage.effects.length;
    await stage.calm(60_000);
    expect(stage.effects.slice(before)).toEqual([]);
  });

  it('has one connection to the brokers, whichever pods there are, and none to those of a Cluster that is gone', async () => {
    const stage = await settled();
    expect(stage.world.connections).toBe(1);
    stage.world.declare(clusterOf(three.spec, { ...three.metadata, annotations: { 'weir.dev/restart': 'a' } }));
    await stage.calm();
    expect(stage.world.connections).toBe(1);
    stage.world.store.delete(TYPES.clusters, { namespace: 'ns', name: 'orders' });
    await stage.calm();
    expect(stage.world.connections).toBe(0);
  });

  it('has no effect any more once another one holds the Lease', async () => {
    const stage = await settled();
    const { topics } = stage.world.brokers;
    stage.world.declare({
      ...topic('jobs', { clusterRef: { name: 'orders' } }),
      metadata: { name: 'jobs', namespace: 'ns' },
    });
    await stage.calm();
    const lease = { namespace: 'weir-system', name: 'weir-operator' };
    const writer = { manager: 'somebody', subresource: '' } as const;
    stage.world.store.update(TYPES.leases, lease, writer, (live) => ({
      ...live,
      spec: { ...(live['spec'] as object), holderIdentity: 'another' },
    }));
    const before = stage.effects.length;
    await stage.calm(10_000);
    topics.set('jobs', { ...PLAIN_TOPIC, config: new Map([['retention.ms', '1']]) });
    await stage.pass(60_000);
    stage.world.store.delete(TYPES.services, { namespace: 'ns', name: 'orders-bootstrap' });
    await stage.calm(10_000);
    expect(stage.told).toContain('operator-1 lost: "another" holds the Lease');
    expect(stage.effects.slice(before)).toEqual([]);
  });

  it('leaves alone what has a name of its own and belongs to somebody else', async () => {
    const stage = new OperatorStage();
    const foreign = {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name: 'orders-bootstrap', namespace: 'ns' },
      spec: {},
    };
    stage.world.store.create(TYPES.services, foreign, { manager: 'somebody', subresource: '' });
    stage.world.declare(three);
    stage.start();
    await stage.calm();
    expect(at(stage.world.store.find(TYPES.services, 'ns', 'orders-bootstrap'), 'spec')).toEqual({});
    expect(stage.world.store.all(TYPES.pods)).toEqual([]);
    stage.world.store.delete(TYPES.services, { namespace: 'ns', name: 'orders-bootstrap' });
    await stage.calm();
    expect(stage.world.store.all(TYPES.pods)).toHaveLength(3);
  });

  it('says so where the name of a pod is taken, whatever that pod is, and goes on when it is gone', async () => {
    const stage = new OperatorStage();
    const foreign = { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'orders-broker-1', namespace: 'ns' }, spec: {} };
    stage.world.store.create(TYPES.pods, foreign, { manager: 'somebody', subresource: '' });
    stage.world.declare(three);
    stage.start();
    await stage.calm();
    const stalled = (): unknown => {
      const conditions = at(stage.world.store.find(TYPES.clusters, 'ns', 'orders'), 'status', 'conditions');
      return (conditions as readonly { readonly type: string }[]).find(({ type }) => type === 'Stalled');
    };
    expect(stalled()).toMatchObject({ reason: 'NameTaken', message: expect.stringContaining('Pod orders-broker-1') });
    stage.world.store.delete(TYPES.pods, { namespace: 'ns', name: 'orders-broker-1' });
    await stage.calm();
    expect(stalled()).toBeUndefined();
    expect(stage.world.brokers.voters.map(({ id }) => id)).toEqual([0, 1, 2]);
  });
});
