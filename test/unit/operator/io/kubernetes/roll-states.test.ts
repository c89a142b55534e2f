import { expect, it } from '@jest/globals';
import { declaredOf } from '../../../../../operator/io/kubernetes/custom.ts';
import { rollStates } from '../../../../../operator/io/kubernetes/roll-states.ts';
import type { KubernetesObject } from '../../../../../operator/ports/kubernetes.ts';

const NOW = Date.parse('2026-11-29T12:00:00Z');
const AGO = (minutes: number): string => new Date(NOW - minutes * 60_000).toISOString();
const READY = { conditions: [{ type: 'Ready', status: 'True' }] };

const annotations = (making: string, said = 'said'): Record<string, string> => ({
  'weir.dev/spec-hash': 'new',
  'weir.dev/pod-hash': making,
  'weir.dev/declared-hash': said,
});

/** A StatefulSet of two pods, made as `making` says. */
const SET: KubernetesObject = {
  apiVersion: 'apps/v1',
  kind: 'StatefulSet',
  metadata: { name: 's', uid: 's', ownerReferences: [ownedBy('c')] },
  spec: { replicas: 2, template: { metadata: { annotations: annotations('new') } } },
};

function ownedBy(uid: string) {
  return { apiVersion: 'v1', kind: 'Any', name: 'any', uid, controller: true };
}

function pod(name: string, making: string, more: object = {}, status: object = READY): KubernetesObject {
  const metadata = { name, annotations: annotations(making), creationTimestamp: AGO(1), ...more };
  return { apiVersion: 'v1', kind: 'Pod', metadata: { ...metadata, ownerReferences: [ownedBy('s')] }, status };
}

/** How far a Cluster with these pods is, which an operator of this version has looked at last. */
function stageOf(
  pods: readonly KubernetesObject[],
  operatorVersion?: string,
  cluster: object = {},
): string | undefined {
  const declared = declaredOf('Cluster', {
    apiVersion: 'weir.dev/v1alpha1',
    kind: 'Cluster',
    metadata: { name: 'c', namespace: 'ns', uid: 'c', generation: 1, resourceVersion: '1' },
    spec: { brokers: { replicas: 2 } },
    ...(operatorVersion !== undefined && { status: { operatorVersion } }),
    ...cluster,
  });
  const view = {
    allDeclared: () => [declared],
    ownedOf: (kind: string) => new Map((kind === 'Pod' ? pods : [SET]).map((one) => [one.metadata.name, one])),
  };
  return rollStates(view, { own: '1.2.3', nowMs: NOW })[0]?.stage;
}

const two = (...makings: readonly [string, string]) => makings.map((making, at) => pod(`s-${at}`, making));

it('a Cluster is due, or has begun, while this operator makes pods of it otherwise', () => {
  expect(stageOf(two('new', 'new'), '1.2.3')).toBeUndefined();
  expect(stageOf(two('old', 'old'), '1.2.3')).toBe('due');
  expect(stageOf(two('new', 'old'), '1.2.3')).toBe('begun');
  const bySettings = two('new', 'old').map((one) => {
    const making = one.metadata.annotations?.['weir.dev/pod-hash'] ?? '';
    return {
      ...one,
      metadata: { ...one.metadata, annotations: { ...annotations('new'), 'weir.dev/spec-hash': making } },
    };
  });
  expect(stageOf(bySettings, '1.2.3')).toBe('begun');
  // What its manifest changed is not the operator's to put off.
  const changed = two('old', 'old').map((one) => ({
    ...one,
    metadata: { ...one.metadata, annotations: annotations('old', 'said otherwise') },
  }));
  expect(stageOf(changed, '1.2.3')).toBeUndefined();
});

it('one that this operator has not looked at may be due; one that it leaves alone is not', () => {
  expect(stageOf(two('new', 'new'), '1.2.2')).toBe('due');
  expect(stageOf(two('new', 'new'))).toBeUndefined();
  expect(stageOf(two('old', 'old'), '1.3.0')).toBeUndefined();
  const metadata = { name: 'c', namespace: 'ns', uid: 'c', generation: 1, resourceVersion: '1' };
  const paused = { metadata: { ...metadata, annotations: { 'weir.dev/pause': 'true' } } };
  expect(stageOf(two('old', 'old'), '1.2.3', paused)).toBeUndefined();
  expect(stageOf(two('old', 'old'), '1.2.3', { spec: { brokers: { replicas: 'two' } } })).toBeUndefined();
  const leaving = { metadata: { ...metadata, deletionTimestamp: AGO(0) } };
  expect(stageOf(two('old', 'old'), '1.2.3', leaving)).toBeUndefined();
});

it('one of which no node is touched until somebody acts keeps nobody waiting, one whose roll has failed does', () => {
  const stalled = (reason: string, status = 'True') => ({
    status: { operatorVersion: '1.2.3', conditions: [{ type: 'Stalled', status, reason }] },
  });
  expect(stageOf(two('old', 'old'), '1.2.3', stalled('ClaimsDisagree'))).toBeUndefined();
  expect(stageOf(two('new', 'old').slice(1), '1.2.3', stalled('NameTaken'))).toBeUndefined();
  expect(stageOf(two('new', 'old'), '1.2.3', stalled('RolloutBlocked'))).toBe('begun');
  expect(stageOf(two('old', 'old'), '1.2.3', stalled('NameTaken', 'False'))).toBe('due');
});

it('one settles while a pod is missing, ends, or has not been ready since it was made a moment ago', () => {
  const [first, second] = two('new', 'new');
  if (first === undefined || second === undefined) throw new Error('there are two');
  expect(stageOf([first], '1.2.3')).toBe('settling');
  expect(stageOf([first, pod('s-1', 'new', {}, {})], '1.2.3')).toBe('settling');
  expect(stageOf([first, pod('s-1', 'new', { creationTimestamp: AGO(10) }, {})], '1.2.3')).toBeUndefined();
  expect(stageOf([first, pod('s-1', 'new', { deletionTimestamp: AGO(1) })], '1.2.3')).toBe('settling');
  expect(stageOf([first, pod('s-1', 'new', { deletionTimestamp: AGO(10) })], '1.2.3')).toBeUndefined();
  const strange = { ...second, metadata: { ...second.metadata, ownerReferences: [ownedBy('another')] } };
  expect(stageOf([first, strange], '1.2.3')).toBe('settling');
});
