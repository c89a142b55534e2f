// What the host of a Cluster refuses to do, given objects as the caches have them.
import { describe, expect, it } from '@jest/globals';
import { PodDialer } from '../../../../../broker/cli/operator/pod-dialer.ts';
import { isDynamicSetting } from '../../../../../operator/api/settings.ts';
import { wantedNodes } from '../../../../../operator/core/plan-nodes.ts';
import { KubernetesHost } from '../../../../../operator/io/kubernetes/kubernetes-host.ts';
import { render } from '../../../../../operator/io/kubernetes/render.ts';
import { Snapshot } from '../../../../../operator/io/kubernetes/snapshot.ts';
import { ManualClock } from '../../../../support/kubernetes/manual-clock.ts';
import { MemoryApi } from '../../../../support/kubernetes/memory-api.ts';
import { certify } from '../../../../support/kubernetes/operator-stage.ts';
import { clusterOf, READ, readyPods, settledBlueprint, SITE } from '../../../../support/kubernetes/rendered.ts';
import { ObjectStore, type ServedType } from '../../../../support/kubernetes/store.ts';
import { TYPES } from '../../../../support/kubernetes/types.ts';

const CLUSTER = clusterOf({ brokers: { replicas: 3, storage: { size: '1Gi' } } });
const WRITER = { manager: 'test', subresource: '' } as const;
const STATUS = { manager: 'test', subresource: 'status' } as const;
const NAMED = { namespace: 'prod', name: 'orders-broker' };

const typeOf = (kind: string): ServedType => {
  const found = Object.values(TYPES).find((type) => type.kind === kind);
  if (found === undefined) throw new Error(`no type ${kind}`);
  return found;
};

/** A settled cluster on a store, without anybody who makes pods; `observed` is the generation that the StatefulSet's controller knows. */
async function settled(observed: number) {
  const store = new ObjectStore();
  for (const object of render(settledBlueprint(CLUSTER))) store.create(typeOf(object.kind), object, WRITER);
  const set = store.update(TYPES.statefulSets, NAMED, STATUS, (live) => ({
    ...live,
    status: { observedGeneration: observed },
  }));
  for (const { metadata, status, ...pod } of readyPods(set)) {
    const { uid: _uid, ...rest } = metadata;
    const made = store.create(TYPES.pods, { ...pod, metadata: rest } as never, WRITER);
    store.update(TYPES.pods, made.metadata, STATUS, (live) => ({ ...live, status }));
  }
  store.update(TYPES.budgets, { namespace: 'prod', name: 'orders' }, STATUS, (live) => ({
    ...live,
    status: { disruptionsAllowed: 1 },
  }));
  const writes: string[] = [];
  const api = new MemoryApi(store, (name, effect) => {
    writes.push(name);
    return effect();
  });
  const caches = await Snapshot.take(api, []);
  const dialer = new PodDialer();
  const tools = { dialer, certify, site: SITE, isDynamic: isDynamicSetting, clock: new ManualClock() };
  const host = new KubernetesHost({ api, caches, ...tools }, READ);
  return { host, writes, node: wantedNodes(CLUSTER, isDynamicSetting)[1] };
}

describe('the host of a Cluster', () => {
  it('ends no pod while the controller of its StatefulSet would make it anew as it was', async () => {
    const old = await settled(0);
    if (old.node === undefined) throw new Error('there is such a node');
    await expect(old.host.restart(old.node, 'test')).rejects.toMatchObject({ code: 'BLOCKED' });
    expect(old.writes).toEqual([]);
    const { host, writes } = await settled(1);
    await host.restart(old.node, 'test');
    expect(writes).toEqual(['evict Pod prod/orders-broker-1']);
  });

  it('deletes no volume while the pod of its node is there', async () => {
    const { host, writes } = await settled(1);
    await expect(host.discard(2)).rejects.toMatchObject({
      code: 'BLOCKED',
      message: 'pod orders-broker-2 is still there',
    });
    expect(writes).toEqual([]);
  });
});
