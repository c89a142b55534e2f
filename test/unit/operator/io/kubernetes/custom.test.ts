import { describe, expect, it } from '@jest/globals';
import { declaredOf } from '../../../../../operator/io/kubernetes/custom.ts';
import type { KubernetesObject } from '../../../../../operator/ports/kubernetes.ts';

const NUMBER = { 'f:spec': { 'f:brokers': { 'f:replicas': {} } } };
const OTHER = { 'f:spec': { 'f:listeners': {} } };

function omits(replicas: number, metadata: object = {}): boolean {
  const object = {
    apiVersion: 'weir.dev/v1alpha1',
    kind: 'Cluster',
    metadata: { name: 'c', namespace: 'ns', ...metadata },
    spec: { brokers: { replicas } },
  } as KubernetesObject;
  return declaredOf('Cluster', object).manifest?.omitsReplicas === true;
}
const owned = (operation: string, fieldsV1: object, subresource = ''): object => ({
  managedFields: [{ manager: 'somebody', operation, subresource, fieldsV1 }],
});

describe('the number of brokers of a Cluster of the API server', () => {
  it('is somebody’s when it is none that the API server fills in', () => {
    expect(omits(5)).toBe(false);
    expect(omits(3)).toBe(true);
  });

  it('is somebody’s who applied it, or scaled', () => {
    expect(omits(3, owned('Apply', NUMBER))).toBe(false);
    expect(omits(3, owned('Apply', OTHER))).toBe(true);
    expect(omits(3, owned('Update', NUMBER, 'scale'))).toBe(false);
  });

  it('is nobody’s when it came with an update that may have left it out', () => {
    expect(omits(3, owned('Update', NUMBER))).toBe(true);
  });

  it('is what the client says that applies by itself', () => {
    const applied = (text: string): object => ({
      annotations: { 'kubectl.kubernetes.io/last-applied-configuration': text },
      ...owned('Update', NUMBER),
    });
    expect(omits(3, applied('{"spec":{"brokers":{"replicas":3}}}'))).toBe(false);
    expect(omits(3, applied('{"spec":{"brokers":{}}}'))).toBe(true);
    expect(omits(3, applied('{'))).toBe(true);
  });
});
