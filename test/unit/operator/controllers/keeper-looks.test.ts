// What a look at a Cluster costs the operator while hardly anything differs, counted.
import { expect, it } from '@jest/globals';
import { Keeper } from '../../../../operator/controllers/keeper.ts';
import type { Declared } from '../../../../operator/core/declared.ts';
import type { KubernetesObject } from '../../../../operator/ports/kubernetes.ts';
import { statusIn } from '../../../../operator/io/kubernetes/status.ts';
import { ManualClock } from '../../../support/kubernetes/manual-clock.ts';
import { cluster, group } from '../../../support/operator-manifests.ts';

const declaredOf = (manifest: NonNullable<Declared['manifest']>, version: string, status: unknown): Declared => ({
  kind: manifest.kind,
  namespace: 'default',
  name: manifest.metadata.name,
  uid: `${manifest.kind} ${manifest.metadata.name}`,
  generation: 1,
  resourceVersion: version,
  createdAt: '2026-11-29T12:00:00Z',
  isLeaving: false,
  finalizers: [],
  annotations: {},
  status,
  cluster: 'default/c',
  manifest,
  issues: [],
});

it.each([10, 1_000])('of %i ShareGroups a look reads the statuses of those alone that are new to it', async (count) => {
  const statuses = new Map<string, unknown>();
  let reads = 0;
  let writes = 0;
  const write = async ({ kind, name, uid }: Declared, _version: string, status: object): Promise<KubernetesObject> => {
    writes += 1;
    statuses.set(uid, status);
    return { apiVersion: 'weir.dev/v1alpha1', kind, metadata: { name, resourceVersion: '2' } };
  };
  const nobody = async (): Promise<never> => {
    throw new Error('nobody changes finalizers here');
  };
  const keeper = new Keeper({
    applyStatus: write,
    setFinalizer: nobody,
    dropFinalizer: nobody,
    statusIn: (object) => {
      reads += 1;
      return statusIn(object);
    },
    facts: () => ({ listeners: [], selector: '', version: null, operatorVersion: '1.0.0' }),
    tell: async () => undefined,
    membersOf: () => [],
    clock: new ManualClock(),
    now: () => '2026-11-29T12:00:00Z',
    wallMs: () => 0,
    isDynamic: () => false,
  });
  const refusal = { kind: 'stalled', reason: 'OperatorTooOld', message: 'a newer one was here' } as const;
  const names = Array.from({ length: count }, (_, n) => `g${n}`);
  const asHeard = (version: string): Declared[] =>
    names.map((name) => declaredOf(group(name, ['t']), version, statuses.get(`ShareGroup ${name}`)));
  const look = async (members: readonly Declared[]): Promise<readonly [reads: number, writes: number]> => {
    [reads, writes] = [0, 0];
    const own = declaredOf(cluster(), '1', statuses.get('Cluster c'));
    await keeper.report({ cluster: own, members, desired: null, turn: null, admin: null, refusal });
    return [reads, writes];
  };
  expect((await look(asHeard('1')))[1]).toBe(count + 1);
  const settled = asHeard('2');
  expect((await look(settled))[1]).toBe(0);
  // Of the Cluster it knows what it wrote.
  expect(await look(settled)).toEqual([0, 0]);
  const changed = declaredOf(group('g0', ['t']), '3', { ...statusIn(settled[0] ?? { status: null }), members: 7 });
  const [some] = await look([changed, ...settled.slice(1)]);
  expect(some).toBeGreaterThan(1);
  expect(some).toBeLessThanOrEqual(4);
});
