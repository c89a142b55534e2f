import { describe, expect, it } from '@jest/globals';
import { ANNOTATIONS } from '../../../operator/io/kubernetes/objects/names.ts';
import type { KubernetesObject } from '../../../operator/ports/kubernetes.ts';
import { Looked } from '../../support/kubernetes/looked.ts';
import { clusterOf } from '../../support/kubernetes/rendered.ts';
import type { ObjectStore, ServedType } from '../../support/kubernetes/store.ts';
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

/** What the operator makes itself. */
const MADE = TAKEN.flatMap(([type, name]) => (type === TYPES.pods ? [] : [{ type, kind: type.kind, name }]));

/** A Cluster to whose object something happens once, just before the operator writes it: it has looked, and does not hear of it. */
class Overtaken extends Looked {
  readonly #type: ServedType;
  readonly #name: string;
  /** What there was from then on. */
  theirs: KubernetesObject | null = null;

  constructor(type: ServedType, name: string) {
    super();
    this.#type = type;
    this.#name = name;
  }

  /** At the next write. */
  next(
    happens: (store: ObjectStore, named: { readonly namespace: string; readonly name: string }) => KubernetesObject,
  ): void {
    const [named, suffix] = [{ namespace: 'ns', name: this.#name }, ` ${this.#type.kind} ns/${this.#name}`];
    this.stage.before = (effect) => {
      if (!effect.endsWith(suffix) || this.theirs !== null) return;
      this.theirs = happens(this.stage.world.store, named);
    };
  }

  /** Until nothing happens any more. */
  async begin(): Promise<void> {
    const { stage } = this;
    stage.world.declare(one);
    stage.start();
    await stage.calm();
  }

  /** The object is not what was applied any more. */
  edit(): void {
    this.stage.world.store.update(this.#type, { namespace: 'ns', name: this.#name }, SOMEBODY, (live) => ({
      ...live,
      metadata: { ...live.metadata, annotations: { ...live.metadata.annotations, [ANNOTATIONS.rendered]: 'another' } },
    }));
  }

  /** What there was, and what there is, without what controllers of Kubernetes write. */
  seen(): readonly [unknown, unknown] {
    const own = (object: KubernetesObject | null): unknown => {
      const { uid, labels, annotations, ownerReferences } = object?.metadata ?? {};
      return { uid, labels, annotations, ownerReferences, spec: object?.['spec'], data: object?.['data'] };
    };
    expect(this.theirs).not.toBeNull();
    return [own(this.find(this.#type, this.#name)), own(this.theirs)];
  }
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

  it.each(MADE)('is left alone if it came after the operator looked: $kind $name', async ({ type, name }) => {
    const looked = new Overtaken(type, name);
    looked.next((store) => store.create(type, stranger(type, name, {}), SOMEBODY));
    await looked.begin();
    expect(looked.says(TYPES.clusters, 'orders')).toContain('Stalled=True NameTaken');
    const [is, was] = looked.seen();
    expect(is).toEqual(was);
    looked.delete(type, name);
    await looked.stage.calm();
    expect(looked.says(TYPES.clusters, 'orders')).toContain('Ready=True AsDeclared');
  });

  it.each(MADE)('is left alone if it took the place of ours: $kind $name', async ({ type, kind, name }) => {
    const looked = new Overtaken(type, name);
    await looked.begin();
    looked.next((store, named) => {
      store.update(type, named, SOMEBODY, (live) => ({ ...live, metadata: { ...live.metadata, finalizers: [] } }));
      store.delete(type, named);
      return store.create(type, stranger(type, name, {}), SOMEBODY);
    });
    looked.edit();
    await looked.stage.calm();
    expect(looked.message(TYPES.clusters, 'orders', 'Stalled')).toContain(`${kind} ${name} is there and does not`);
    const [is, was] = looked.seen();
    expect(is).toEqual(was);
  });

  it.each(MADE)('is left alone if it was let go by a Cluster that goes: $kind $name', async ({ type, name }) => {
    const looked = new Overtaken(type, name);
    await looked.begin();
    looked.next((store, named) =>
      store.update(type, named, SOMEBODY, (live) => ({
        ...live,
        metadata: { ...live.metadata, labels: {}, ownerReferences: [] },
      })),
    );
    looked.edit();
    await looked.stage.calm();
    const [is, was] = looked.seen();
    expect(is).toEqual(was);
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
