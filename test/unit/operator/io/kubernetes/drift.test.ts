import { describe, expect, it, test } from '@jest/globals';
import { obsoleteOf, type Verdict, verdictOn } from '../../../../../operator/io/kubernetes/drift.ts';
import type { Listed } from '../../../../../operator/io/kubernetes/read.ts';
import { render } from '../../../../../operator/io/kubernetes/render.ts';
import type { KubernetesObject } from '../../../../../operator/ports/kubernetes.ts';
import type { ServedType } from '../../../../support/kubernetes/store.ts';
import { onStage, type Stage } from '../../../../support/kubernetes/stage.ts';
import { TYPES } from '../../../../support/kubernetes/types.ts';
import { at, clusterOf, listedOf, READ, settledBlueprint } from '../../../../support/kubernetes/rendered.ts';

const SPEC = {
  brokers: {
    replicas: 3,
    storage: { size: '10Gi' },
    resources: { limits: { cpu: '0.5' } },
    pod: { priorityClassName: 'high' },
  },
  listeners: [
    { name: 'plain', port: 9092 },
    { name: 'outside', port: 9094, type: 'loadbalancer' },
  ],
};
const RENDERED = render(settledBlueprint(clusterOf(SPEC)));

const typeOf = ({ kind }: KubernetesObject): ServedType => {
  const found = Object.values(TYPES).find((type) => type.kind === kind);
  if (found === undefined) throw new Error(`no type ${kind}`);
  return found;
};
const named = (kind: string, name: string, among = RENDERED): KubernetesObject => {
  const found = among.find((one) => one.kind === kind && one.metadata.name === name);
  if (found === undefined) throw new Error(`no ${kind} ${name}`);
  return found;
};

/** A cluster on an API server, applied as it is rendered. */
class Applied {
  readonly #stage: Stage;

  constructor(stage: Stage) {
    this.#stage = stage;
  }

  live(object: KubernetesObject): KubernetesObject | null {
    return this.#stage.server.store.find(typeOf(object), object.metadata.namespace, object.metadata.name);
  }

  verdicts(rendered = RENDERED): ReadonlyMap<Verdict, readonly string[]> {
    return Map.groupBy(
      rendered.map(({ kind, metadata }) => `${kind} ${metadata.name}`),
      (_name, index) => {
        const one = rendered[index] as KubernetesObject;
        return verdictOn(one, this.live(one), READ);
      },
    );
  }

  async apply(rendered = RENDERED): Promise<void> {
    const client = this.#stage.client();
    for (const one of rendered)
      if (verdictOn(one, this.live(one), READ) === 'apply') await client.apply(typeOf(one), one, { force: true });
  }

  /** A person changes what is at a path of an object; undefined takes it away. */
  edit(object: KubernetesObject, path: Path, value: unknown): void {
    const writer = { manager: 'kubectl-edit', subresource: '' } as const;
    this.#stage.server.store.update(typeOf(object), object.metadata, writer, (draft) => {
      put(draft, path, value);
      return draft;
    });
  }
}

type Path = readonly (string | number)[];

function put(draft: unknown, path: Path, value: unknown): void {
  const parent = at(draft, ...path.slice(0, -1)) as Record<string | number, unknown>;
  const field = path.at(-1) ?? '';
  if (Array.isArray(parent) && value === undefined) parent.splice(Number(field), 1);
  else if (value === undefined) delete parent[field];
  else parent[field] = value;
}

const onApplied = (body: (applied: Applied) => Promise<void> | void): Promise<void> =>
  onStage(async (stage) => {
    const applied = new Applied(stage);
    await applied.apply();
    await body(applied);
  });
const ALL = RENDERED.map(({ kind, metadata }) => `${kind} ${metadata.name}`);
const NOTHING = new Map([['nothing', ALL]]);

describe('what was applied', () => {
  it('is missing first, and then left alone', async () => {
    await onStage(async (stage) => {
      const applied = new Applied(stage);
      expect(applied.verdicts()).toEqual(new Map([['apply', ALL]]));
      await applied.apply();
      expect(applied.verdicts()).toEqual(NOTHING);
    });
  });

  it('is left alone whatever others add, and keeps that when it is applied again', async () => {
    const service = named('Service', 'orders-bootstrap-outside');
    const annotations = { 'example.com/balancer': 'internal' };
    await onApplied(async (applied) => {
      applied.edit(service, ['metadata', 'annotations', 'example.com/balancer'], 'internal');
      applied.edit(service, ['spec', 'loadBalancerClass'], 'example.com/inner');
      applied.edit(service, ['spec', 'ports', 0, 'nodePort'], 31_000);
      expect(applied.verdicts()).toEqual(NOTHING);
      applied.edit(service, ['spec', 'type'], 'ClusterIP');
      await applied.apply();
      expect(applied.live(service)).toMatchObject({
        metadata: { annotations },
        spec: {
          type: 'LoadBalancer',
          loadBalancerClass: 'example.com/inner',
          ports: [{ nodePort: 31_000, port: 9094 }],
        },
      });
      expect(applied.verdicts()).toEqual(NOTHING);
    });
  });

  const set = named('StatefulSet', 'orders-broker');
  const podSpec = ['spec', 'template', 'spec'];
  test.each<[string, KubernetesObject, Path, unknown]>([
    ['a number', set, ['spec', 'replicas'], 1],
    ['a field that is gone', set, [...podSpec, 'priorityClassName'], undefined],
    ['a field of an item', set, [...podSpec, 'containers', 0, 'image'], 'other'],
    ['an item that is gone', set, [...podSpec, 'containers', 0, 'env', 4], undefined],
    ['a list that is one value', set, [...podSpec, 'containers', 0, 'args', 3], '--check'],
    ['a label', named('Service', 'orders-broker-0'), ['metadata', 'labels', 'weir.dev/node-id'], '1'],
    ['a port', named('Service', 'orders-broker-0'), ['spec', 'ports', 0, 'port'], 1],
    ['data', named('ConfigMap', 'orders-quorum'), ['data', 'formation.json'], ''],
    [
      'the owner',
      named('PodDisruptionBudget', 'orders'),
      ['metadata', 'ownerReferences', 0, 'blockOwnerDeletion'],
      false,
    ],
    ['the hash itself', set, ['metadata', 'annotations', 'weir.dev/rendered'], 'x'],
  ])('is corrected where somebody changed it: %s', async (_what, object, path, value) => {
    await onApplied(async (applied) => {
      applied.edit(object, path, value);
      expect(applied.verdicts().get('apply')).toEqual([`${object.kind} ${object.metadata.name}`]);
      await applied.apply();
      expect(applied.live(object)).toMatchObject(object);
      expect(applied.verdicts()).toEqual(NOTHING);
    });
  });

  it('is applied again where it is rendered otherwise, and loses what is not rendered any more', async () => {
    await onApplied(async (applied) => {
      const { pod: _pod, ...brokers } = SPEC.brokers;
      const rendered = render(settledBlueprint(clusterOf({ ...SPEC, brokers })));
      expect(applied.verdicts(rendered).get('apply')).toEqual(['StatefulSet orders-broker']);
      await applied.apply(rendered);
      expect(at(applied.live(set), 'spec', 'template', 'spec', 'priorityClassName')).toBeUndefined();
      expect(applied.verdicts(rendered)).toEqual(NOTHING);
    });
  });
});

describe('an object by itself', () => {
  const rendered: KubernetesObject = {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name: 's', namespace: 'prod', annotations: { 'weir.dev/rendered': 'h' }, finalizers: ['a/b'] },
    spec: { selector: { app: 'x' }, ports: [{ name: 'p', port: 1, protocol: 'TCP' }] },
  };
  const ownerReferences = [
    { apiVersion: 'weir.dev/v1alpha1', kind: 'Cluster', name: 'orders', uid: READ.uid, controller: true },
  ];
  // As a server of Kubernetes 1.33 writes it: maps and lists that are one value go no deeper.
  const port = { '.': {}, 'f:name': {}, 'f:port': {}, 'f:protocol': {} };
  const FIELDS = {
    'f:metadata': { 'f:annotations': { 'f:weir.dev/rendered': {} }, 'f:finalizers': { 'v:"a/b"': {} } },
    'f:spec': { 'f:selector': {}, 'f:ports': { 'k:{"port":1,"protocol":"TCP"}': port } },
  };
  const liveWith = (fieldsV1: unknown, more: object = {}, entry: object = {}): KubernetesObject => ({
    ...rendered,
    metadata: {
      ...rendered.metadata,
      ownerReferences,
      ...more,
      managedFields: [{ manager: 'weir-operator', operation: 'Apply', fieldsType: 'FieldsV1', fieldsV1, ...entry }],
    } as KubernetesObject['metadata'],
  });
  const spec = FIELDS['f:spec'];

  test.each<[string, unknown, Verdict]>([
    ['all of them', FIELDS, 'nothing'],
    ['none', undefined, 'apply'],
    ['what is no set of fields', 'f:spec', 'apply'],
    ['all but a map', { ...FIELDS, 'f:spec': { 'f:ports': spec['f:ports'] } }, 'apply'],
    [
      'all but the port of that number',
      { ...FIELDS, 'f:spec': { ...spec, 'f:ports': { 'k:{"port":2,"protocol":"TCP"}': port } } },
      'apply',
    ],
    [
      'all but a field of a port',
      { ...FIELDS, 'f:spec': { ...spec, 'f:ports': { 'k:{"port":1,"protocol":"TCP"}': { '.': {}, 'f:port': {} } } } },
      'apply',
    ],
    [
      'all but an item of a set',
      { ...FIELDS, 'f:metadata': { ...FIELDS['f:metadata'], 'f:finalizers': { 'v:"c"': {} } } },
      'apply',
    ],
    ['a key that can not be read', { ...FIELDS, 'f:spec': { ...spec, 'f:ports': { 'k:{': port } } }, 'apply'],
  ])('of whose fields we own %s', (_title, fields, verdict) => {
    expect(verdictOn(rendered, liveWith(fields), READ)).toBe(verdict);
  });

  it('is judged by what we applied ourselves, and not through a subresource', () => {
    for (const entry of [{ manager: 'other' }, { operation: 'Update' }, { subresource: 'status' }])
      expect(verdictOn(rendered, liveWith(FIELDS, {}, entry), READ)).toBe('apply');
  });

  it('is left alone while it goes, and where it is not ours', () => {
    expect(verdictOn(rendered, liveWith(undefined, { deletionTimestamp: '2026-01-01T00:00:00Z' }), READ)).toBe(
      'nothing',
    );
    expect(verdictOn(rendered, liveWith(FIELDS, { ownerReferences: [] }), READ)).toBe('taken');
    const others = ownerReferences.map((one) => ({ ...one, uid: 'earlier' }));
    expect(verdictOn(rendered, liveWith(FIELDS, { ownerReferences: others }), READ)).toBe('taken');
  });
});

describe('what nothing needs any more', () => {
  const names = (objects: readonly KubernetesObject[]) =>
    objects.map(({ kind, metadata }) => `${kind} ${metadata.name}`);
  const settled = (listed: Listed, observedGeneration = 1): Listed => ({
    ...listed,
    statefulSets: listed.statefulSets.map((one) => ({
      ...one,
      metadata: { ...one.metadata, generation: 1 },
      status: { observedGeneration },
    })),
  });
  const strange = (one: KubernetesObject): KubernetesObject => ({
    ...one,
    metadata: { ...one.metadata, ownerReferences: [] },
  });
  const before = listedOf(RENDERED);
  const after = render(settledBlueprint(clusterOf({ ...SPEC, listeners: SPEC.listeners.slice(0, 1) })));
  const now = listedOf(after);
  const both: Listed = settled({
    ...now,
    services: before.services,
    configMaps: [...before.configMaps, ...now.configMaps],
  });
  const outside = ['orders-bootstrap-outside', ...[0, 1, 2].map((id) => `orders-broker-${id}-outside`)].map(
    (name) => `Service ${name}`,
  );
  const old = names(RENDERED).filter((name) => name.startsWith('ConfigMap orders-broker-'));

  it('goes: Services of a listener that is gone, and settings that no pod has', () => {
    expect(names(obsoleteOf(after, both, READ))).toEqual([...outside, ...old]);
    expect(obsoleteOf(RENDERED, settled(before), READ)).toEqual([]);
  });

  test.each<[string, Listed]>([
    ['a pod has them', { ...both, pods: [...now.pods.slice(1), ...before.pods.slice(0, 1)] }],
    ['a pod is missing, which might come with them', { ...both, pods: now.pods.slice(1) }],
    ['a pod is not that of the StatefulSet, which might make another', { ...both, pods: now.pods.map(strange) }],
    ['the StatefulSet may not have been heard of the new ones', settled(both, 0)],
  ])('is not settings while %s', (_title, listed) => {
    expect(names(obsoleteOf(after, listed, READ))).toEqual(outside);
  });

  it('is nothing of others, no node, no claim, and no record', () => {
    const unrecorded = after.filter(({ metadata }) => metadata.name !== 'orders-quorum');
    expect(names(obsoleteOf(unrecorded, { ...both, pods: [], statefulSets: [] }, READ))).toEqual([...outside, ...old]);
    expect(
      obsoleteOf(
        after,
        { ...both, services: both.services.map(strange), configMaps: both.configMaps.map(strange) },
        READ,
      ),
    ).toEqual([]);
    const fewer = render(settledBlueprint(clusterOf({ ...SPEC, brokers: { replicas: 1 } })));
    const left = names(obsoleteOf(fewer, both, READ));
    expect(left.filter((name) => /claim|Service orders-broker-\d+$/i.test(name))).toEqual([]);
  });
});
