import { describe, expect, it } from '@jest/globals';
import type { Topic } from '../../../operator/api/kinds.ts';
import { Looked } from '../../support/kubernetes/looked.ts';
import { clusterOf } from '../../support/kubernetes/rendered.ts';
import { TYPES } from '../../support/kubernetes/types.ts';
import { topic } from '../../support/operator-manifests.ts';

const tenants = [{ namespace: 'shop', prefix: 'shop.' }];
const three = (name: string, namespace: string) =>
  clusterOf({ brokers: { replicas: 3, storage: { size: '1Gi' } }, tenants }, { name, namespace });

const topicOf = (name: string, home: string, namespace = 'ns', spec: Partial<Topic['spec']> = {}): Topic => ({
  ...topic(name, { clusterRef: { name: 'orders', namespace: home }, ...spec }),
  metadata: { name, namespace },
});

/** An operator that is told to watch these namespaces and may do nothing in some. */
function watching(namespaces: readonly string[], forbidden: readonly string[] = []): Looked {
  const looked = new Looked();
  looked.stage.namespaces = namespaces;
  for (const one of forbidden) looked.stage.forbidden.add(one);
  return looked;
}

const troubles = ({ stage }: Looked): readonly string[] => stage.told.filter((one) => one.includes('FORBIDDEN'));

describe('an operator of several namespaces', () => {
  it('works in all others where it may not read one, says which and what to do, and not all the time', async () => {
    const looked = watching(['nope', 'ns'], ['nope']);
    looked.stage.world.declare(three('orders', 'ns'));
    looked.stage.start();
    await looked.stage.calm();
    expect(looked.says(TYPES.clusters, 'orders')).toContain('Ready=True AsDeclared');
    expect(looked.stage.operator.unready()).toEqual([]);
    expect(looked.stage.operator.places()).toEqual({ watched: 1, refused: 1, listing: 0 });
    expect(troubles(looked)).toHaveLength(1);
    expect(troubles(looked)[0]).toMatch(/^reading from the API server: FORBIDDEN: namespace nope is not read: .*/);
    expect(troubles(looked)[0]).toMatch(/it has to exist and to have the operator's Role \(watchNamespaces of charts/);
    await looked.stage.pass(240_000);
    expect(troubles(looked)).toHaveLength(1);
    await looked.stage.pass(120_000);
    expect(troubles(looked)).toHaveLength(2);
  });

  it('begins there as soon as it may', async () => {
    const looked = watching(['ns', 'late'], ['ns']);
    looked.stage.world.declare(three('orders', 'ns'));
    looked.stage.start();
    await looked.stage.pass(60_000);
    expect(looked.stage.effects).toEqual([]);
    looked.stage.forbidden.clear();
    await looked.stage.calm();
    expect(looked.says(TYPES.clusters, 'orders')).toContain('Ready=True AsDeclared');
    expect(looked.stage.operator.places()).toEqual({ watched: 2, refused: 0, listing: 0 });
  });

  it('does nothing by half of what there is in one', async () => {
    const looked = watching(['ns', 'other'], ['ns poddisruptionbudgets']);
    looked.stage.world.declare(three('orders', 'ns'));
    looked.stage.start();
    await looked.stage.calm();
    expect(looked.stage.effects.filter((one) => !one.startsWith('status') && !one.includes(' Event '))).toEqual([]);
    expect(looked.says(TYPES.clusters, 'orders')).toEqual([
      'Ready=Unknown NamespaceNotRead',
      'Reconciling=True NamespaceNotRead',
    ]);
    looked.stage.forbidden.clear();
    await looked.stage.calm();
    expect(looked.says(TYPES.clusters, 'orders')).toContain('Ready=True AsDeclared');
  });

  it('is not ready where it may read none', async () => {
    const looked = watching(['nope', 'none'], ['nope', 'none']);
    looked.stage.start();
    await looked.stage.pass(60_000);
    expect(looked.stage.operator.unready()).toEqual(['not everything has been listed yet']);
  });

  it('waits for none whose rights went: what it knows of it stays', async () => {
    const looked = watching(['ns', 'shop']);
    for (const one of [three('orders', 'ns'), topicOf('shop.jobs', 'ns', 'shop')]) looked.stage.world.declare(one);
    looked.stage.start();
    await looked.stage.calm();
    looked.stage.forbidden.add('shop');
    looked.stage.world.declare(topicOf('mail', 'ns'));
    await looked.stage.calm();
    expect(looked.says(TYPES.topics, 'mail')).toEqual(['Ready=True AsDeclared']);
    expect(looked.stage.world.brokers.topics.has('shop.jobs')).toBe(true);
  });

  it('says which right it lacks to let go what is deleted, and goes on within a minute once it has it again', async () => {
    const looked = watching(['ns', 'shop']);
    const jobs = topicOf('shop.jobs', 'ns', 'shop', { deletionPolicy: 'Delete' });
    for (const one of [three('orders', 'ns'), jobs]) looked.stage.world.declare(one);
    looked.stage.start();
    await looked.stage.calm();
    looked.stage.forbidden.add('shop');
    looked.delete(TYPES.topics, 'shop.jobs', 'shop');
    await looked.stage.pass(1_200_000);
    expect(looked.finalizers(TYPES.topics, 'shop.jobs', 'shop')).toEqual(['weir.dev/delete']);
    expect(troubles(looked).at(-1)).toMatch(
      /^ns\/orders: FORBIDDEN: patch topics.weir.dev\/status shop\/shop.jobs: .*; give the operator's ServiceAccount the verb patch of topics/,
    );
    looked.stage.forbidden.clear();
    await looked.stage.pass(60_000);
    expect(looked.find(TYPES.topics, 'shop.jobs', 'shop')).toBeNull();
    expect(looked.stage.world.brokers.topics.has('shop.jobs')).toBe(false);
  });
});

describe('a Topic whose Cluster is out of sight', () => {
  it('says that nobody watches its namespace, and is not taken for one whose Cluster is gone', async () => {
    const looked = watching(['ns', 'shop']);
    looked.stage.world.declare(three('orders', 'ns'));
    looked.stage.world.declare(topicOf('shop.jobs', 'ns', 'shop', { deletionPolicy: 'Delete' }));
    looked.stage.start();
    await looked.stage.calm();
    await looked.stage.stop();
    looked.stage.namespaces = ['shop'];
    looked.stage.start();
    await looked.stage.calm();
    expect(looked.says(TYPES.topics, 'shop.jobs', 'shop')).toEqual([
      'Ready=False ClusterNotWatched',
      'Stalled=True ClusterNotWatched',
    ]);
    expect(looked.message(TYPES.topics, 'shop.jobs', 'Ready', 'shop')).toBe(
      "Cluster ns/orders can't be seen: this operator does not watch namespace ns; add it to watchNamespaces, or name another Cluster",
    );
    expect(looked.finalizers(TYPES.topics, 'shop.jobs', 'shop')).toEqual(['weir.dev/delete']);
    expect(looked.events()).toContain('Topic shop.jobs: ClusterNotWatched');
  });

  it('says that its namespace can not be read, and keeps its finalizer until it can, but not for ever', async () => {
    const looked = watching(['ns', 'shop']);
    const jobs = topicOf('shop.jobs', 'ns', 'shop', { deletionPolicy: 'Delete' });
    for (const one of [three('orders', 'ns'), jobs, topicOf('shop.mail', 'ns', 'shop', { deletionPolicy: 'Delete' })])
      looked.stage.world.declare(one);
    looked.stage.start();
    await looked.stage.calm();
    await looked.stage.stop();
    looked.stage.forbidden.add('ns');
    looked.stage.start();
    looked.delete(TYPES.topics, 'shop.jobs', 'shop');
    await looked.stage.pass(120_000);
    expect(looked.says(TYPES.topics, 'shop.jobs', 'shop')).toEqual([
      'Ready=Unknown NamespaceNotRead',
      'Reconciling=True NamespaceNotRead',
    ]);
    expect(looked.message(TYPES.topics, 'shop.jobs', 'Ready', 'shop')).toMatch(
      /^Cluster ns\/orders can't be seen: namespace ns is not read: /,
    );
    expect(looked.finalizers(TYPES.topics, 'shop.jobs', 'shop')).toEqual(['weir.dev/delete']);
    looked.stage.forbidden.clear();
    await looked.stage.calm();
    expect(looked.find(TYPES.topics, 'shop.jobs', 'shop')).toBeNull();
    expect(looked.stage.world.brokers.topics.has('shop.jobs')).toBe(false);
    await looked.stage.stop();
    looked.stage.forbidden.add('ns');
    looked.stage.start();
    looked.delete(TYPES.topics, 'shop.mail', 'shop');
    await looked.stage.pass(660_000);
    expect(looked.find(TYPES.topics, 'shop.mail', 'shop')).toBeNull();
    expect(looked.events()).toContain('Topic shop.mail: NotDeleted');
    expect(looked.stage.world.brokers.topics.has('shop.mail')).toBe(true);
  });
});
