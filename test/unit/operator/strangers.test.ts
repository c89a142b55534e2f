import { describe, expect, it } from '@jest/globals';
import type { KubernetesObject } from '../../../operator/ports/kubernetes.ts';
import { Looked } from '../../support/kubernetes/looked.ts';
import { clusterOf } from '../../support/kubernetes/rendered.ts';
import type { ServedType } from '../../support/kubernetes/store.ts';
import { TYPES } from '../../support/kubernetes/types.ts';

const spec = { brokers: { replicas: 1, storage: { size: '1Gi' } } };
const one = clusterOf(spec, { name: 'orders', namespace: 'ns' });
const SOMEBODY = { manager: 'somebody', subresource: '' } as const;
const LABELS = { 'weir.dev/cluster': 'orders', 'app.kubernetes.io/managed-by': 'weir-operator' };
const OWNER = { apiVersion: 'apps/v1', kind: 'Deployment', name: 'theirs', uid: 'theirs', controller: true };

/** One of each kind that belongs to a Cluster. */
const TAKEN: readonly (readonly [ServedType, string])[] = [
  [TYPES.statefulSets, 'orders-broker'],
  [TYPES.services, 'orders-bootstrap'],
  [TYPES.services, 'orders-broker-0'],
  [TYPES.services, 'orders-nodes'],
  [TYPES.configMaps, 'orders-quorum'],
  [TYPES.serviceAccounts, 'orders-nodes'],
  [TYPES.claims, 'data-orders-broker-0'],
  [TYPES.budgets, 'orders'],
  [TYPES.networkPolicies, 'orders-nodes'],
  [TYPES.pods, 'orders-broker-0'],
];
/** What somebody else's object may have in common with ours. */
const MARKS: Readonly<Record<string, object>> = {
  'nothing but its name': {},
  'our labels, too': { labels: LABELS },
  'our labels and an owner of its own': { labels: LABELS, ownerReferences: [OWNER] },
};

const stranger = ({ group, version, kind }: ServedType, name: string, marks: object): KubernetesObject => ({
  apiVersion: group === '' ? version : `${group}/${version}`,
  kind,
  metadata: { name, namespace: 'ns', ...marks },
});

const cases = TAKEN.flatMap(([type, name]) =>
  Object.entries(MARKS).flatMap(([title, marks]) =>
    isTold(type, title) ? [{ type, kind: type.kind, name, title, marks }] : [],
  ),
);

/** A claim that was retained has no owner: it is told by its labels (O4). A pod without one is the StatefulSet's, which takes it over. */
function isTold(type: ServedType, title: string): boolean {
  return title !== 'our labels, too' || (type !== TYPES.claims && type !== TYPES.pods);
}

describe('what has a name of a Cluster and belongs to somebody else', () => {
  it('is of every kind that a Cluster has, under names that it has', async () => {
    const looked = new Looked();
    looked.stage.world.declare(one);
    looked.stage.start();
    await looked.stage.calm();
    for (const [type, name] of TAKEN)
      expect([type.kind, name, looked.find(type, name) === null]).toEqual([type.kind, name, false]);
    const users: readonly string[] = ['Cluster', 'Event', 'Lease', 'Secret'];
    const kinds = new Set(looked.stage.world.names().map((named) => named.split(' ')[0] ?? ''));
    expect([...kinds].filter((kind) => !users.includes(kind)).sort()).toEqual(
      [...new Set(TAKEN.map(([{ kind }]) => kind))].sort(),
    );
  });

  it.each(cases)('is left alone and told by its name: $kind $name with $title', async ({ type, name, marks }) => {
    const looked = new Looked();
    const { store } = looked.stage.world;
    const before = store.create(type, stranger(type, name, marks), SOMEBODY);
    looked.stage.world.declare(one);
    looked.stage.start();
    await looked.stage.calm();
    expect(looked.message(TYPES.clusters, 'orders', 'Stalled')).toBe(
      `${type.kind} ${name} is there and does not belong to this Cluster: delete or rename it, or make the Cluster under another name`,
    );
    expect(looked.says(TYPES.clusters, 'orders')).toContain('Stalled=True NameTaken');
    expect(looked.events()).toContain('Cluster orders: NameTaken');
    // Whatever other controllers make of it.
    expect(looked.find(type, name)?.metadata).toMatchObject({ uid: before.metadata.uid, ...marks });
    expect(looked.stage.effects.filter((effect) => effect.endsWith(`${type.kind} ns/${name}`))).toEqual([]);
    looked.delete(type, name);
    await looked.stage.calm();
    expect(looked.says(TYPES.clusters, 'orders')).toContain('Ready=True AsDeclared');
  });

  it('keeps only the node that would have it from coming, and certificates go on', async () => {
    const looked = new Looked();
    const { world } = looked.stage;
    const grown = (replicas: number) => clusterOf({ brokers: { ...spec.brokers, replicas } }, one.metadata);
    world.declare(grown(3));
    looked.stage.start();
    await looked.stage.calm();
    world.store.create(TYPES.services, stranger(TYPES.services, 'orders-broker-3', {}), SOMEBODY);
    world.declare(grown(4));
    await looked.stage.pass(60_000);
    looked.delete(TYPES.secrets, 'orders-node-tls');
    await looked.stage.calm();
    expect(looked.says(TYPES.clusters, 'orders')).toEqual(
      expect.arrayContaining(['Available=True Serving', 'Stalled=True NameTaken']),
    );
    expect(looked.find(TYPES.secrets, 'orders-node-tls')).not.toBeNull();
    looked.delete(TYPES.services, 'orders-broker-3');
    await looked.stage.calm();
    expect(looked.says(TYPES.clusters, 'orders')).toContain('Ready=True AsDeclared');
    expect(world.store.all(TYPES.pods)).toHaveLength(4);
  });
});
